/* train_score.h - how good answers are: accuracy, macro-F1, calibration, coverage.
 * Pure; any thread. */
#ifndef REDRESS_CLASSIFICATION_TRAIN_SCORE_H
#define REDRESS_CLASSIFICATION_TRAIN_SCORE_H

#include "base/arena.h"
#include "base/base.h"

#define SCORE_CURVE 11 /* points of the threshold curve */

/* One document: what it is, what was said, how sure. */
struct scored {
    uint32_t truth;
    uint32_t said;
    float confidence;
};
struct score_label {
    uint32_t n;       /* documents that are of it       */
    uint32_t said;    /* that were said to be of it     */
    uint32_t correct; /* both                           */
    double precision, recall, f1;
};
struct score_point {
    double threshold;
    double kept;     /* share of documents at or above it */
    double accuracy; /* among them; 0 if there are none   */
};
struct score {
    uint32_t n;
    double accuracy;
    double macro_f1; /* mean over labels that stand in truth or answers */
    double ece;      /* expected calibration error, 10 bins of equal width [Guo 2017] */
    uint32_t n_labels;
    struct score_label *label;
    struct score_point curve[SCORE_CURVE];
};

void score_make(const struct scored *docs, uint32_t n, uint32_t n_labels,
                struct arena *arena, struct score *ret);
/* Share kept and accuracy at one threshold. */
struct score_point score_at(const struct scored *docs, uint32_t n, double threshold);
/* The lowest confidence from which on at least `wanted` of the answers are right, also
 * one standard error below what was measured; 0 when all are, above 1 when none is. */
double score_threshold(struct scored *docs, uint32_t n, double wanted);

#endif
