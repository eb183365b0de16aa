/* From margins to probabilities: softmax(slope * margin + offset), fitted by likelihood.
 * For two labels this is Platt's sigmoid, for more temperature and vector scaling [Guo et
 * al., ICML 2017]. */
#include "classification/train_parts.h"

#include <math.h>

#define STEPS 400
#define RIDGE 0.002 /* on the offsets: a label of few texts gets none */

/* z of each label. */
static void
logits(const float *margin, uint32_t n_labels, double slope, const double *offsets,
       double *z)
{
    for (uint32_t k = 0; k < n_labels; k++) {
        double m = n_labels > 2 ? (double)margin[k] : k == 1 ? (double)margin[0] : 0;
        z[k] = slope * m + (offsets ? offsets[k] : 0);
    }
}

/* Turns z into probabilities; gives the best label. */
static uint32_t
softmax(double *z, uint32_t n_labels)
{
    uint32_t best = 0;
    for (uint32_t k = 1; k < n_labels; k++)
        if (z[k] > z[best])
            best = k;
    double most = z[best];
    double sum = 0;
    for (uint32_t k = 0; k < n_labels; k++) {
        z[k] = exp(z[k] - most);
        sum += z[k];
    }
    for (uint32_t k = 0; k < n_labels; k++)
        z[k] /= sum;
    return best;
}

/* A step of Adam [Kingma & Ba 2015]; [0] is ln slope. */
struct descent {
    double value[MODEL_LABELS + 1];
    double gradient[MODEL_LABELS + 1];
    double first[MODEL_LABELS + 1];
    double second[MODEL_LABELS + 1];
};

static void
descend(struct descent *d, uint32_t n, int step)
{
    double rate = 0.05 * (1 - (double)step / STEPS) + 0.0005;
    double fix1 = 1 - pow(0.9, step + 1);
    double fix2 = 1 - pow(0.999, step + 1);
    for (uint32_t k = 0; k < n; k++) {
        d->first[k] = 0.9 * d->first[k] + 0.1 * d->gradient[k];
        d->second[k] = 0.999 * d->second[k] + 0.001 * d->gradient[k] * d->gradient[k];
        d->value[k] -= rate * (d->first[k] / fix1) / (sqrt(d->second[k] / fix2) + 1e-9);
    }
}

void
train_calibrate(const float *margin, const uint32_t *truth, uint32_t n, uint32_t n_labels,
                double *ret_slope, double *offsets)
{
    uint32_t width = n_labels == 2 ? 1 : n_labels;
    struct descent d = {.value = {log(3)}};
    double z[MODEL_LABELS] = {0};
    for (int step = 0; n > 0 && step < STEPS; step++) {
        double slope = exp(d.value[0]);
        memset(d.gradient, 0, sizeof(d.gradient));
        for (uint32_t i = 0; i < n; i++) {
            const float *m = margin + (size_t)i * width;
            logits(m, n_labels, slope, d.value + 1, z);
            (void)softmax(z, n_labels);
            for (uint32_t k = 0; k < n_labels; k++) {
                double miss = z[k] - (truth[i] == k);
                double by = n_labels > 2 ? (double)m[k] : k == 1 ? (double)m[0] : 0;
                d.gradient[0] += miss * by * slope / n;
                d.gradient[k + 1] += miss / n;
            }
        }
        for (uint32_t k = 1; k <= n_labels; k++)
            d.gradient[k] = offsets ? d.gradient[k] + RIDGE * d.value[k] : 0;
        descend(&d, offsets ? n_labels + 1 : 1, step);
    }
    *ret_slope = exp(d.value[0]);
    if (offsets)
        memcpy(offsets, d.value + 1, n_labels * sizeof(*offsets));
}

void
train_say(const float *margin, uint32_t n, uint32_t n_labels, double slope,
          const double *offsets, const uint32_t *truth, struct scored *ret)
{
    uint32_t width = n_labels == 2 ? 1 : n_labels;
    double z[MODEL_LABELS] = {0};
    for (uint32_t i = 0; i < n; i++) {
        logits(margin + (size_t)i * width, n_labels, slope, offsets, z);
        uint32_t best = softmax(z, n_labels);
        ret[i] = (struct scored){truth[i], best, (float)z[best]};
    }
}

#define SURE_RIDGE 2.0 /* texts that hold the step at none */

/* Newton's method on two numbers. */
void
train_calibrate_sure(struct scored *docs, uint32_t n, double *ret_slope,
                     double *ret_offset)
{
    double a = 1;
    double b = 0;
    for (int step = 0; step < 30; step++) {
        double ga = SURE_RIDGE * (a - 1);
        double gb = SURE_RIDGE * b;
        double haa = SURE_RIDGE;
        double hab = 0;
        double hbb = SURE_RIDGE;
        for (uint32_t i = 0; i < n; i++) {
            double p = fmin(fmax((double)docs[i].confidence, 1e-6), 1 - 1e-6);
            double x = log(p / (1 - p));
            double q = 1 / (1 + exp(-(a * x + b)));
            double miss = q - (docs[i].truth == docs[i].said);
            ga += miss * x;
            gb += miss;
            haa += q * (1 - q) * x * x;
            hab += q * (1 - q) * x;
            hbb += q * (1 - q);
        }
        double det = haa * hbb - hab * hab;
        double da = (hbb * ga - hab * gb) / det;
        double db = (haa * gb - hab * ga) / det;
        double most = fmax(fabs(da), fabs(db));
        double part = most > 1 ? 1 / most : 1;
        a -= part * da;
        b -= part * db;
    }
    *ret_slope = fmax(a, 0.05); /* more probable is never less sure */
    *ret_offset = b;
    for (uint32_t i = 0; i < n; i++)
        docs[i].confidence =
            model_confidence(docs[i].confidence, (float)*ret_slope, (float)b);
}
