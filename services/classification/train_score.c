#include "classification/train_score.h"

#include <math.h>
#include <stdlib.h>

#define BINS 10
#define LEAST_KEPT 20 /* answers that a threshold may be set on */
#define NEVER 2.0

static void
score_labels(struct score *score)
{
    double sum = 0;
    uint32_t n = 0;
    for (uint32_t i = 0; i < score->n_labels; i++) {
        struct score_label *l = &score->label[i];
        l->precision = l->said ? (double)l->correct / l->said : 0;
        l->recall = l->n ? (double)l->correct / l->n : 0;
        l->f1 = l->n + l->said ? 2.0 * l->correct / (l->n + l->said) : 0;
        sum += l->f1;
        n += l->n + l->said > 0;
    }
    score->macro_f1 = n ? sum / n : 0;
}

static double
calibration_error(const struct scored *docs, uint32_t n)
{
    double confidence[BINS] = {0};
    double right[BINS] = {0};
    double sum = 0;
    for (uint32_t i = 0; i < n; i++) {
        int bin = (int)(docs[i].confidence * BINS);
        bin = bin < 0 ? 0 : bin >= BINS ? BINS - 1 : bin;
        confidence[bin] += (double)docs[i].confidence;
        right[bin] += docs[i].truth == docs[i].said;
    }
    for (int i = 0; i < BINS; i++)
        sum += fabs(confidence[i] - right[i]);
    return n ? sum / n : 0;
}

struct score_point
score_at(const struct scored *docs, uint32_t n, double threshold)
{
    uint32_t kept = 0;
    uint32_t right = 0;
    for (uint32_t i = 0; i < n; i++) {
        if ((double)docs[i].confidence < threshold)
            continue;
        kept++;
        right += docs[i].truth == docs[i].said;
    }
    return (struct score_point){threshold, n ? (double)kept / n : 0,
                                kept ? (double)right / kept : 0};
}

void
score_make(const struct scored *docs, uint32_t n, uint32_t n_labels, struct arena *arena,
           struct score *ret)
{
    struct score score = {.n = n, .n_labels = n_labels};
    score.label = ARENA_ARRAY(arena, struct score_label, n_labels);
    uint32_t right = 0;
    for (uint32_t i = 0; i < n; i++) {
        bool correct = docs[i].truth == docs[i].said;
        score.label[docs[i].truth].n++;
        score.label[docs[i].said].said++;
        score.label[docs[i].truth].correct += correct;
        right += correct;
    }
    score.accuracy = n ? (double)right / n : 0;
    score_labels(&score);
    score.ece = calibration_error(docs, n);
    for (int i = 0; i < SCORE_CURVE; i++)
        score.curve[i] = score_at(docs, n, i < 10 ? i / 10.0 : 0.95);
    *ret = score;
}

static int
surest_first(const void *a, const void *b)
{
    const struct scored *left = a;
    const struct scored *right = b;
    if (left->confidence != right->confidence)
        return left->confidence > right->confidence ? -1 : 1;
    bool left_right = left->truth == left->said;
    bool right_right = right->truth == right->said;
    return (int)left_right - (int)right_right;
}

double
score_threshold(struct scored *docs, uint32_t n, double wanted)
{
    double found = NEVER;
    uint32_t right = 0;
    if (n > 0)
        qsort(docs, n, sizeof(*docs), surest_first);
    for (uint32_t i = 0; i < n; i++) {
        right += docs[i].truth == docs[i].said;
        /* Between equal confidences no threshold can be set. */
        if (i + 1 < n && docs[i + 1].confidence == docs[i].confidence)
            continue;
        double share = (double)right / (i + 1);
        double error = sqrt(wanted * (1 - wanted) / (i + 1));
        if (i + 1 >= LEAST_KEPT && share - error >= wanted)
            found = (double)docs[i].confidence;
        if (i + 1 == n && share >= wanted)
            found = 0;
    }
    return found;
}
