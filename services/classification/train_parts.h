/* train_parts.h - between train*.c: texts as rows, the solver, the calibration. */
#ifndef REDRESS_CLASSIFICATION_TRAIN_PARTS_H
#define REDRESS_CLASSIFICATION_TRAIN_PARTS_H

/* Its `struct model` is not ours. */
#define model linear_model
#include <linear.h>
#undef model

#include "base/buf.h"
#include "classification/train.h"

#define TRAIN_FOLDS 5

struct train_cell {
    uint32_t row; /* of the vocabulary; later of the model */
    uint16_t n;   /* how often                             */
    uint16_t block;
};
struct train_doc {
    uint64_t hash; /* of the features: equal texts have it */
    int64_t time_ms;
    uint64_t first_cell;
    uint32_t n_cells;
    uint32_t label;
    uint32_t fold;
};
struct train_word {
    uint64_t hash;
    uint32_t docs;  /* texts that have it    */
    uint16_t count; /* in the text being read */
    uint16_t block;
    uint32_t row;
};

struct train_set {
    struct arena *arena;
    const struct features_table *table;
    struct features_scratch *scratch;
    struct buf docs;  /* struct train_doc  */
    struct buf cells; /* struct train_cell */
    struct buf words; /* struct train_word */
    uint32_t *slots;  /* hash table of words, 0: empty, else number + 1 */
    uint32_t slot_bits;
    struct buf slot_memory;
    struct buf touched;
    uint32_t n_docs, n_words;
    struct str label[MODEL_LABELS];
    uint32_t n_labels;
    uint32_t n_times;
};

/* Texts as the solver wants them. */
struct train_matrix {
    struct feature_node **x; /* of each text, in the order of their hashes */
    uint16_t **count;        /* how often each of x stands in the text     */
    uint64_t n_cells;
    uint32_t *label;
    uint32_t *fold; /* by time: fifths of it, 0 the latest */
    uint32_t n;
    uint32_t n_labels;
    uint32_t n_rows;
    uint32_t width;
    uint8_t *block; /* of each row */
    uint64_t *hash; /* of each row, ascending */
    float *idf;
    struct str *label_name; /* sorted */
    uint32_t n_folds;
    bool by_time;
};
/* Sorts texts and rows, drops rare rows, makes tf-idf. */
MUST_CHECK bool train_matrix_make(struct train_set *set, uint32_t max_rows,
                                  struct train_matrix *ret, struct err *err);

/* Values of x for a choice: tf-idf, each block of length 1. */
void train_matrix_fill(struct train_matrix *m, const struct train_choice *choice);

/* Weights: n_rows x width, then bias[width].  Uses texts whose fold is not `left_out`
 * (UINT32_MAX: all); x is filled for the choice before and after. */
struct train_weights {
    float *w;
    float *bias;
};
void train_fit(struct train_matrix *m, const struct train_choice *choice,
               uint32_t left_out, struct train_weights *ret);
/* Scores of one text, width of them. */
void train_score_text(const struct train_matrix *m, const struct train_weights *weights,
                      uint32_t text, float *ret);

/* --- calibration -------------------------------------------------------------------- */

#define TRAIN_EVERY UINT32_MAX /* fold: of all texts; left out: none */

/* Answers about texts that the model of their fold did not see. */
struct train_held {
    const float *margin; /* n x width */
    const uint32_t *truth;
    const uint32_t *fold;
    const float *weight; /* later texts count more where texts have times */
    uint32_t n, n_labels, n_folds;
    bool by_time; /* folds are of consecutive texts, 0 the latest */
};
/* probabilities = softmax(slope * margin + offset), then model_confidence(). */
struct train_calibration {
    double slope, offset[MODEL_LABELS];
    double sure_slope, sure_spread, sure_offset, sure[MODEL_LABELS];
    bool has_offsets;
};
struct train_guess {
    uint32_t label;
    float best, second; /* probabilities */
};
/* Fits all of it; `guess` (n) is working space. */
void train_calibrate(const struct train_held *held, struct train_guess *guess,
                     struct train_calibration *ret);
/* The same without the texts of a fold, from what was fitted with them; leaves in `guess`
 * what it makes of every text. */
void train_calibrate_without(const struct train_held *held, uint32_t fold,
                             const struct train_calibration *near,
                             struct train_guess *guess, struct train_calibration *ret);
void train_guess(const struct train_held *held, const struct train_calibration *cal,
                 uint32_t fold, struct train_guess *ret);
void train_fit_sure(const struct train_held *held, const struct train_guess *guess,
                    uint32_t left_out, struct train_calibration *cal);
void train_say(const struct train_held *held, const struct train_calibration *cal,
               const struct train_guess *guess, uint32_t fold, struct scored *ret);

/* Calibration and threshold, fitted on all held-out answers; score and kept are of
 * answers whose calibration and threshold were fitted on the other folds (of the latest
 * fold only where texts have times). */
struct train_checked {
    double threshold;
    struct score score;
    struct score_point kept;
};
void train_check(const struct train_held *held, double wanted, struct arena *arena,
                 struct train_calibration *ret_cal, struct train_checked *ret);

#endif
