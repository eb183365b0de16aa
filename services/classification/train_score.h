/* train_score.h - how good answers are: accuracy, macro-F1, calibration, coverage.
 * Pure; any thread. */
#ifndef REDRESS_CLASSIFICATION_TRAIN_SCORE_H
#define REDRESS_CLASSIFICATION_TRAIN_SCORE_H

#include "base/arena.h"
#include "base/base.h"

#define SCORE_CURVE 11  /* points of the threshold curve */
#define SCORE_COVER 6   /* accuracies to choose from     */
#define SCORE_BINS 10   /* of the reliability table      */
#define SCORE_NEVER 2.0 /* a threshold that no confidence reaches */

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
/* The most that can be kept at an accuracy, as it was measured. */
struct score_cover {
    double wanted;
    struct score_point at; /* threshold SCORE_NEVER: not to be had */
};
/* Answers of about the same confidence: how often they are right. */
struct score_bin {
    uint32_t n;
    double confidence, accuracy;
};
struct score {
    uint32_t n;
    double accuracy;
    double macro_f1; /* mean over labels that stand in truth or answers */
    double ece;      /* expected calibration error, 10 bins of equal width [Guo 2017] */
    uint32_t n_labels;
    struct score_label *label;
    struct score_point curve[SCORE_CURVE];
    struct score_cover cover[SCORE_COVER];
    struct score_bin bin[SCORE_BINS];
};

void score_make(const struct scored *docs, uint32_t n, uint32_t n_labels,
                struct arena *arena, struct score *ret);
/* Share kept and accuracy at one threshold. */
struct score_point score_at(const struct scored *docs, uint32_t n, double threshold);
/* The lowest confidence from which on `wanted` of the answers will be right: the errors
 * (measured, and 100 texts' worth as the confidences expect them) are at most 85 % of
 * those allowed, also at the upper end of a one-sided 70 % interval.  Texts to come
 * differ from those at hand: thresholds set at the accuracy itself missed it on every
 * second of 38 unseen parts of 22 sets, these on one of five, and by less than a point.
 * 0 when that holds for all answers, SCORE_NEVER when for none.  weight: of each answer;
 * NULL: 1. */
double score_threshold(const struct scored *docs, const float *weight, uint32_t n,
                       double wanted, struct arena *arena);

#endif
