/* What may be promised: calibration and threshold from held-out answers, and figures that
 * neither of them was fitted on. */
#include "classification/train_parts.h"

/* Answers of the fold by the calibration of the other folds. */
static void
say_apart(const struct train_held *held, const struct train_calibration *whole,
          struct train_guess *guess, struct scored *ret)
{
    for (uint32_t fold = 0; fold < held->n_folds; fold++) {
        struct train_calibration cal;
        train_calibrate_without(held, fold, whole, guess, &cal);
        train_say(held, &cal, guess, fold, ret);
    }
}

/* What a threshold set on the other folds keeps of this one; adds to kept and right. */
static void
keep_apart(const struct train_held *held, const struct scored *said, uint32_t fold,
           double wanted, struct arena *arena, uint32_t *n, uint32_t *kept,
           uint32_t *right)
{
    struct scored *others = ARENA_ARRAY(arena, struct scored, held->n);
    float *weight = ARENA_ARRAY(arena, float, held->n);
    uint32_t n_others = 0;
    for (uint32_t i = 0; i < held->n; i++)
        if (held->fold[i] != fold) {
            weight[n_others] = held->weight[i];
            others[n_others++] = said[i];
        }
    double threshold = score_threshold(others, weight, n_others, wanted, arena);
    for (uint32_t i = 0; i < held->n; i++) {
        bool keep = held->fold[i] == fold && (double)said[i].confidence >= threshold;
        *n += held->fold[i] == fold;
        *kept += keep;
        *right += keep && said[i].truth == said[i].said;
    }
}

void
train_check(const struct train_held *held, double wanted, struct arena *arena,
            struct train_calibration *ret_cal, struct train_checked *ret)
{
    struct train_guess *guess = ARENA_ARRAY(arena, struct train_guess, held->n);
    struct scored *said = ARENA_ARRAY(arena, struct scored, held->n);
    uint32_t n = 0;
    uint32_t kept = 0;
    uint32_t right = 0;
    train_calibrate(held, guess, ret_cal);
    say_apart(held, ret_cal, guess, said);
    ret->threshold = score_threshold(said, held->weight, held->n, wanted, arena);
    uint32_t folds = held->by_time ? 1 : held->n_folds;
    for (uint32_t fold = 0; ret->threshold <= 1 && fold < folds; fold++)
        keep_apart(held, said, fold, wanted, arena, &n, &kept, &right);
    ret->kept = (struct score_point){ret->threshold, n ? (double)kept / n : 0,
                                     kept ? (double)right / kept : 0};
    uint32_t n_judged = 0;
    for (uint32_t i = 0; i < held->n; i++)
        if (!held->by_time || held->fold[i] == 0)
            said[n_judged++] = said[i];
    score_make(said, n_judged, held->n_labels, arena, &ret->score);
}
