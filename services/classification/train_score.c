#include "classification/train_score.h"

#include <math.h>
#include <stdlib.h>

#define LEAST_KEPT 20 /* answers that a threshold may be set on */
#define OF_ERRORS 0.85
#define ONE_SIDED 0.5244 /* the normal's 70 % */
#define BELIEVED 100     /* texts that the confidences themselves count as */

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

static void
score_bins(const struct scored *docs, uint32_t n, struct score *score)
{
    double sum = 0;
    for (uint32_t i = 0; i < n; i++) {
        int at = (int)(docs[i].confidence * SCORE_BINS);
        struct score_bin *bin = &score->bin[at < 0             ? 0
                                            : at >= SCORE_BINS ? SCORE_BINS - 1
                                                               : at];
        bin->n++;
        bin->confidence += (double)docs[i].confidence;
        bin->accuracy += docs[i].truth == docs[i].said;
    }
    for (int i = 0; i < SCORE_BINS; i++) {
        struct score_bin *bin = &score->bin[i];
        sum += fabs(bin->confidence - bin->accuracy);
        bin->confidence /= bin->n ? bin->n : 1;
        bin->accuracy /= bin->n ? bin->n : 1;
    }
    score->ece = n ? sum / n : 0;
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

struct ranked {
    float confidence, weight;
    bool right;
};

/* Of equally sure ones the wrong ones first: the order of the input does not matter. */
static int
surest_first(const void *a, const void *b)
{
    const struct ranked *left = a;
    const struct ranked *right = b;
    if (left->confidence != right->confidence)
        return left->confidence > right->confidence ? -1 : 1;
    if (left->right != right->right)
        return (int)left->right - (int)right->right;
    return left->weight > right->weight ? -1 : left->weight < right->weight;
}

static struct ranked *
rank(const struct scored *docs, const float *weight, uint32_t n, struct arena *arena)
{
    struct ranked *ranked = ARENA_ARRAY(arena, struct ranked, n);
    for (uint32_t i = 0; i < n; i++)
        ranked[i] = (struct ranked){docs[i].confidence, weight ? weight[i] : 1,
                                    docs[i].truth == docs[i].said};
    if (n > 0)
        qsort(ranked, n, sizeof(*ranked), surest_first);
    return ranked;
}

static void
score_cover(const struct ranked *ranked, uint32_t n, struct score *score)
{
    static const double WANTED[SCORE_COVER] = {0.80, 0.85, 0.90, 0.95, 0.97, 0.99};
    uint32_t right = 0;
    for (int k = 0; k < SCORE_COVER; k++)
        score->cover[k] = (struct score_cover){WANTED[k], {SCORE_NEVER, 0, 0}};
    for (uint32_t i = 0; i < n; i++) {
        right += ranked[i].right;
        if (i + 1 < LEAST_KEPT ||
            (i + 1 < n && ranked[i + 1].confidence == ranked[i].confidence))
            continue;
        double accuracy = (double)right / (i + 1);
        for (int k = 0; k < SCORE_COVER && accuracy >= WANTED[k]; k++)
            score->cover[k].at =
                (struct score_point){i + 1 == n ? 0 : (double)ranked[i].confidence,
                                     (double)(i + 1) / n, accuracy};
    }
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
    score_bins(docs, n, &score);
    score_cover(rank(docs, NULL, n, arena), n, &score);
    for (int i = 0; i < SCORE_CURVE; i++)
        score.curve[i] = score_at(docs, n, i < 10 ? i / 10.0 : 0.95);
    *ret = score;
}

double
score_threshold(const struct scored *docs, const float *weight, uint32_t n, double wanted,
                struct arena *arena)
{
    const struct ranked *ranked = rank(docs, weight, n, arena);
    double found = SCORE_NEVER;
    double sum = 0;
    double squares = 0;
    double wrong = 0;
    double expected = 0;
    for (uint32_t i = 0; i < n; i++) {
        double by = (double)ranked[i].weight;
        sum += by;
        squares += by * by;
        wrong += ranked[i].right ? 0 : by;
        expected += by * (1 - (double)ranked[i].confidence);
        /* Between equal confidences no threshold can be set. */
        if (i + 1 < n && ranked[i + 1].confidence == ranked[i].confidence)
            continue;
        double texts = squares > 0 ? sum * sum / squares : 0; /* as if all weighed 1 */
        double errors =
            (wrong * texts + expected * BELIEVED) / (sum * (texts + BELIEVED));
        double error = sqrt(wanted * (1 - wanted) / (texts + BELIEVED));
        if (texts >= LEAST_KEPT && errors + ONE_SIDED * error <= OF_ERRORS * (1 - wanted))
            found = i + 1 == n ? 0 : (double)ranked[i].confidence;
    }
    return found;
}
