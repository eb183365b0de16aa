/* From what the softmax says to how often it is right: a logistic step on the log-odds of
 * the best label, on how the rest is spread and on which label it is.  One margin may be
 * worth less in one label than in another; the softmax cannot say so without changing the
 * answers. */
#include "classification/train_parts.h"

#include <math.h>

#define RIDGE 2.0       /* texts that hold slope, spread and offset at none */
#define RIDGE_LABEL 5.0 /* the same for a label's own offset                */
#define SLOPE_LEAST 0.05
#define TERMS 3 /* log-odds, spread, constant */

struct newton {
    double value[TERMS], label[MODEL_LABELS];
    double gradient[TERMS], label_gradient[MODEL_LABELS];
    /* Second derivatives: an arrow, since a text is of one label. */
    double curve[TERMS][TERMS], label_curve[MODEL_LABELS], border[MODEL_LABELS][TERMS];
};

static void
add_text(struct newton *s, const struct train_guess *guess, bool right, double weight)
{
    double p = fmin(fmax((double)guess->best, 1e-6), 1 - 1e-6);
    double x[TERMS] = {log(p / (1 - p)), (double)model_spread(guess->best, guess->second),
                       1};
    double odds = s->label[guess->label];
    for (int a = 0; a < TERMS; a++)
        odds += s->value[a] * x[a];
    double q = 1 / (1 + exp(-odds));
    double miss = weight * (q - right);
    double bend = weight * q * (1 - q);
    for (int a = 0; a < TERMS; a++) {
        s->gradient[a] += miss * x[a];
        s->border[guess->label][a] += bend * x[a];
        for (int b = 0; b < TERMS; b++)
            s->curve[a][b] += bend * x[a] * x[b];
    }
    s->label_gradient[guess->label] += miss;
    s->label_curve[guess->label] += bend;
}

/* The labels are eliminated, what is left is solved as it stands (positive definite). */
static void
solve(double a[TERMS][TERMS], double v[TERMS])
{
    for (int i = 0; i < TERMS; i++)
        for (int k = i + 1; k < TERMS; k++) {
            double by = a[k][i] / a[i][i];
            for (int c = i; c < TERMS; c++)
                a[k][c] -= by * a[i][c];
            v[k] -= by * v[i];
        }
    for (int i = TERMS - 1; i >= 0; i--) {
        for (int c = i + 1; c < TERMS; c++)
            v[i] -= a[i][c] * v[c];
        v[i] /= a[i][i];
    }
}

/* One step; gives its length. */
static double
step(struct newton *s, uint32_t n_labels)
{
    for (uint32_t k = 0; k < n_labels; k++)
        for (int a = 0; a < TERMS; a++) {
            double by = s->border[k][a] / s->label_curve[k];
            for (int b = 0; b < TERMS; b++)
                s->curve[a][b] -= by * s->border[k][b];
            s->gradient[a] -= by * s->label_gradient[k];
        }
    solve(s->curve, s->gradient);
    double most = 0;
    for (int a = 0; a < TERMS; a++)
        most = fmax(most, fabs(s->gradient[a]));
    for (uint32_t k = 0; k < n_labels; k++) {
        for (int a = 0; a < TERMS; a++)
            s->label_gradient[k] -= s->border[k][a] * s->gradient[a];
        s->label_gradient[k] /= s->label_curve[k];
        most = fmax(most, fabs(s->label_gradient[k]));
    }
    double part = most > 1 ? 1 / most : 1;
    for (int a = 0; a < TERMS; a++)
        s->value[a] -= part * s->gradient[a];
    for (uint32_t k = 0; k < n_labels; k++)
        s->label[k] -= part * s->label_gradient[k];
    return most;
}

static void
start_step(struct newton *s, uint32_t n_labels)
{
    static const double FROM[TERMS] = {1, 0, 0};
    memset(s->curve, 0, sizeof(s->curve));
    memset(s->border, 0, sizeof(s->border));
    for (int a = 0; a < TERMS; a++) {
        s->gradient[a] = RIDGE * (s->value[a] - FROM[a]);
        s->curve[a][a] = RIDGE;
    }
    for (uint32_t k = 0; k < n_labels; k++) {
        s->label_gradient[k] = RIDGE_LABEL * s->label[k];
        s->label_curve[k] = RIDGE_LABEL;
    }
}

void
train_fit_sure(const struct train_held *held, const struct train_guess *guess,
               uint32_t left_out, struct train_calibration *cal)
{
    struct newton s = {.value = {1, 0, 0}};
    double moved = 1;
    for (int i = 0; i < 60 && moved > 1e-7; i++) {
        start_step(&s, held->n_labels);
        for (uint32_t k = 0; k < held->n; k++)
            if (held->fold[k] != left_out)
                add_text(&s, &guess[k], guess[k].label == held->truth[k],
                         (double)held->weight[k]);
        moved = step(&s, held->n_labels);
    }
    cal->sure_slope = fmax(s.value[0], SLOPE_LEAST); /* more probable: not less sure */
    cal->sure_spread = s.value[1];
    cal->sure_offset = s.value[2];
    memcpy(cal->sure, s.label, held->n_labels * sizeof(*cal->sure));
}

void
train_say(const struct train_held *held, const struct train_calibration *cal,
          const struct train_guess *guess, uint32_t fold, struct scored *ret)
{
    for (uint32_t i = 0; i < held->n; i++) {
        if (fold != TRAIN_EVERY && held->fold[i] != fold)
            continue;
        const struct train_guess *g = &guess[i];
        float sure = model_confidence(
            g->best, g->second, (float)cal->sure_slope, (float)cal->sure_spread,
            (float)cal->sure_offset + (float)cal->sure[g->label]);
        ret[i] = (struct scored){held->truth[i], g->label, sure};
    }
}
