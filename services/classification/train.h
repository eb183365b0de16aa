/* train.h - from labelled texts to a model: choice by validation, calibration, threshold.
 *
 * One linear model a task: L2-regularised L2-loss SVMs, one label against the rest
 * (liblinear), over tf-idf of words and characters.  What is chosen (strength, balance of
 * the labels, weight of the characters, naive-Bayes ratio) is chosen by the same rule for
 * every task: the mean of accuracy and macro-F1 on held-out texts, of folds or of fifths
 * of time; the models of choices that are as good are averaged, which is one linear model
 * again.  Much text is tried on fewer of the folds, the latest first.  Equal texts are
 * never on both sides of a fold that is drawn.
 * Calibration and threshold come from answers of five such folds, or of fifths of time,
 * the later ones weighing more.
 * Deterministic: the same texts, in any order, make the same model.
 * Thread rule: liblinear draws from the C library's lots; one training at a time. */
#ifndef REDRESS_CLASSIFICATION_TRAIN_H
#define REDRESS_CLASSIFICATION_TRAIN_H

#include "base/arena.h"
#include "base/base.h"
#include "classification/features.h"
#include "classification/model.h"
#include "classification/train_score.h"

#define TRAIN_LABEL_BYTES MODEL_NAME_BYTES
#define TRAIN_TEXTS_LEAST 20 /* fewer teach nothing that could be checked */

struct train_choice {
    double c;       /* strength of the fit                                         */
    double balance; /* 0: labels count as often as they come; 1: all the same      */
    double ratio;   /* power of the naive-Bayes ratio on each feature, 0: none     */
    double chars;   /* weight of the block of characters                           */
    double tf;      /* power of an n-gram's count in a text, 0: 1 + ln count       */
};
struct train_options {
    bool fixed; /* use `choice`; else choose */
    struct train_choice choice;
    double wanted;     /* accuracy at the threshold, 0.95 */
    uint32_t max_rows; /* features of the model at most; 0: MODEL_ROWS */
    /* May be NULL.  Called often. */
    void (*progress)(void *ctx, const char *what, uint32_t done, uint32_t of);
    void *progress_ctx;
};

struct train_set;
/* Everything lives in the arena (a large one) and in buffers that train_set_drop frees.
 */
struct train_set *train_set_new(const struct features_table *table, struct arena *arena);
void train_set_drop(struct train_set *set);
/* time_ms: TIME_NONE where the text has none.  ERR_DEAD_LETTER for a label that cannot
 * be; ERR_STOP for too much. */
MUST_CHECK bool train_add(struct train_set *set, struct str subject, struct str text,
                          struct str label, int64_t time_ms, struct err *err);
uint32_t train_n(const struct train_set *set);

struct train_tried {
    struct train_choice choice;
    double accuracy, macro_f1;
};
#define TRAIN_TRIED 32
#define TRAIN_MEMBERS 3 /* choices whose models are averaged */
struct train_result {
    struct model_parts parts; /* without task and card */
    uint32_t n_texts;
    bool by_time; /* validated on the latest texts, not by folds */
    uint32_t n_folds;
    struct train_choice choice;
    struct train_choice also[TRAIN_MEMBERS - 1]; /* whose models are averaged with it */
    size_t n_also;
    struct train_tried tried[TRAIN_TRIED];
    size_t n_tried;
    /* Of held-out answers, calibrated on the others; by time: of the latest fifth. */
    struct score score;
    struct score_point kept; /* at a threshold set without them */
};
/* ERR_DEAD_LETTER when the texts are too few or all of one label. */
MUST_CHECK bool train_run(struct train_set *set, const struct train_options *options,
                          struct train_result *ret, struct err *err);

#endif
