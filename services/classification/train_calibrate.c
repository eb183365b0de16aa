/* From margins to probabilities: softmax(slope * margin + offset), fitted by likelihood.
 * For two labels this is Platt's sigmoid, for more temperature and vector scaling [Guo et
 * al., ICML 2017]. */
#include "classification/train_parts.h"

#include <math.h>

#define STEPS 400
#define STEPS_AGAIN 80 /* from a solution that is near */
#define RIDGE 0.002    /* on the offsets: a label of few texts gets none */
#define SLOPE_LEAST 0.01
#define SLOPE_MOST 1000.0

static double
margin_of(const float *margin, uint32_t n_labels, uint32_t k)
{
    return n_labels > 2 ? (double)margin[k] : k == 1 ? (double)margin[0] : 0;
}

/* Probabilities of one text's labels; gives the best. */
static uint32_t
softmax(const float *margin, uint32_t n_labels, double slope, const double *offset,
        double *p)
{
    uint32_t best = 0;
    for (uint32_t k = 0; k < n_labels; k++) {
        p[k] = slope * margin_of(margin, n_labels, k) + offset[k];
        if (p[k] > p[best])
            best = k;
    }
    double most = p[best];
    double sum = 0;
    for (uint32_t k = 0; k < n_labels; k++) {
        p[k] = exp(p[k] - most);
        sum += p[k];
    }
    for (uint32_t k = 0; k < n_labels; k++)
        p[k] /= sum;
    return best;
}

static const float *
margins_of(const struct train_held *held, uint32_t i)
{
    return held->margin + (size_t)i * (held->n_labels == 2 ? 1 : held->n_labels);
}

/* Newton's method on one number; the likelihood is concave in it. */
static double
fit_slope(const struct train_held *held, uint32_t left_out)
{
    static const double NONE[MODEL_LABELS];
    double p[MODEL_LABELS] = {0};
    double slope = 3;
    for (int step = 0; step < 30; step++) {
        double gradient = 0;
        double curve = 1e-9;
        for (uint32_t i = 0; i < held->n; i++) {
            if (held->fold[i] == left_out)
                continue;
            const float *m = margins_of(held, i);
            (void)softmax(m, held->n_labels, slope, NONE, p);
            double mean = 0;
            double square = 0;
            for (uint32_t k = 0; k < held->n_labels; k++) {
                double by = margin_of(m, held->n_labels, k);
                mean += p[k] * by;
                square += p[k] * by * by;
            }
            double weight = (double)held->weight[i];
            gradient += weight * (mean - margin_of(m, held->n_labels, held->truth[i]));
            curve += weight * fmax(0, square - mean * mean);
        }
        double next = slope - gradient / curve;
        next = fmin(fmax(next, slope / 4), slope * 4);
        next = fmin(fmax(next, SLOPE_LEAST), SLOPE_MOST);
        bool near = fabs(next - slope) < 1e-6 * slope;
        slope = next;
        if (near)
            break;
    }
    return slope;
}

/* Adam [Kingma & Ba 2015]; [0] is ln slope. */
struct descent {
    double value[MODEL_LABELS + 1];
    double gradient[MODEL_LABELS + 1];
    double first[MODEL_LABELS + 1];
    double second[MODEL_LABELS + 1];
};

static void
descend(struct descent *d, uint32_t n, int step, int steps)
{
    double most = steps == STEPS ? 0.05 : 0.01;
    double rate = most * (1 - (double)step / steps) + most / 100;
    double fix1 = 1 - pow(0.9, step + 1);
    double fix2 = 1 - pow(0.999, step + 1);
    for (uint32_t k = 0; k < n; k++) {
        d->first[k] = 0.9 * d->first[k] + 0.1 * d->gradient[k];
        d->second[k] = 0.999 * d->second[k] + 0.001 * d->gradient[k] * d->gradient[k];
        d->value[k] -= rate * (d->first[k] / fix1) / (sqrt(d->second[k] / fix2) + 1e-9);
    }
}

static void
add_gradient(struct descent *d, const struct train_held *held, uint32_t i, double weight)
{
    double p[MODEL_LABELS] = {0};
    const float *m = margins_of(held, i);
    double slope = exp(d->value[0]);
    (void)softmax(m, held->n_labels, slope, d->value + 1, p);
    for (uint32_t k = 0; k < held->n_labels; k++) {
        double miss = weight * (p[k] - (held->truth[i] == k));
        d->gradient[0] += miss * margin_of(m, held->n_labels, k) * slope;
        d->gradient[k + 1] += miss;
    }
}

static void
fit_offsets(const struct train_held *held, uint32_t left_out, int steps,
            struct train_calibration *cal)
{
    struct descent d = {.value = {log(cal->slope)}};
    double sum = 0;
    memcpy(d.value + 1, cal->offset, held->n_labels * sizeof(*cal->offset));
    for (uint32_t i = 0; i < held->n; i++)
        sum += held->fold[i] == left_out ? 0 : (double)held->weight[i];
    for (int step = 0; sum > 0 && step < steps; step++) {
        memset(d.gradient, 0, sizeof(d.gradient));
        for (uint32_t i = 0; i < held->n; i++)
            if (held->fold[i] != left_out)
                add_gradient(&d, held, i, (double)held->weight[i] / sum);
        for (uint32_t k = 1; k <= held->n_labels; k++)
            d.gradient[k] += RIDGE * d.value[k];
        descend(&d, held->n_labels + 1, step, steps);
    }
    cal->slope = fmin(fmax(exp(d.value[0]), SLOPE_LEAST), SLOPE_MOST);
    memcpy(cal->offset, d.value + 1, held->n_labels * sizeof(*cal->offset));
}

void
train_guess(const struct train_held *held, const struct train_calibration *cal,
            uint32_t fold, struct train_guess *ret)
{
    double p[MODEL_LABELS] = {0};
    for (uint32_t i = 0; i < held->n; i++) {
        if (fold != TRAIN_EVERY && held->fold[i] != fold)
            continue;
        uint32_t best =
            softmax(margins_of(held, i), held->n_labels, cal->slope, cal->offset, p);
        double second = 0;
        for (uint32_t k = 0; k < held->n_labels; k++)
            second = k != best && p[k] > second ? p[k] : second;
        ret[i] = (struct train_guess){best, (float)p[best], (float)second};
    }
}

/* Mean of accuracy and macro-F1: what the choice is made by. */
static double
worth(const struct train_held *held, const struct train_calibration *cal,
      struct train_guess *guess)
{
    uint32_t n_of[MODEL_LABELS] = {0};
    uint32_t said[MODEL_LABELS] = {0};
    uint32_t right[MODEL_LABELS] = {0};
    uint32_t all_right = 0;
    train_guess(held, cal, TRAIN_EVERY, guess);
    for (uint32_t i = 0; i < held->n; i++) {
        n_of[held->truth[i]]++;
        said[guess[i].label]++;
        right[guess[i].label] += guess[i].label == held->truth[i];
        all_right += guess[i].label == held->truth[i];
    }
    double sum = 0;
    uint32_t n = 0;
    for (uint32_t k = 0; k < held->n_labels; k++) {
        sum += n_of[k] + said[k] ? 2.0 * right[k] / (n_of[k] + said[k]) : 0;
        n += n_of[k] + said[k] > 0;
    }
    return (double)all_right / held->n + sum / n;
}

void
train_calibrate(const struct train_held *held, struct train_guess *guess,
                struct train_calibration *ret)
{
    struct train_calibration plain = {.slope = fit_slope(held, TRAIN_EVERY)};
    *ret = plain;
    fit_offsets(held, TRAIN_EVERY, STEPS, ret);
    ret->has_offsets = true;
    /* Offsets stay only where they do no harm. */
    if (worth(held, &plain, guess) > worth(held, ret, guess))
        *ret = plain;
    train_guess(held, ret, TRAIN_EVERY, guess);
    train_fit_sure(held, guess, TRAIN_EVERY, ret);
}

void
train_calibrate_without(const struct train_held *held, uint32_t fold,
                        const struct train_calibration *near, struct train_guess *guess,
                        struct train_calibration *ret)
{
    *ret = *near;
    if (near->has_offsets)
        fit_offsets(held, fold, STEPS_AGAIN, ret);
    else
        ret->slope = fit_slope(held, fold);
    train_guess(held, ret, TRAIN_EVERY, guess);
    train_fit_sure(held, guess, fold, ret);
}
