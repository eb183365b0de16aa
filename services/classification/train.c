/* The whole of a training: choose, calibrate, fit on everything. */
#include "classification/train.h"

#include <math.h>

#include "classification/train_parts.h"

/* What is tried: one after the other, each a step away from the best so far; the first
 * of equals stays. A value of -1 keeps that of the best, c multiplies it. */
static const struct train_choice START = {0.5, 0.5, 0, 1, 0};
static const struct train_choice STEPS[] = {
    {1, -1, -1, -1, 1},  {1, -1, -1, -1, 0.5},  {1, 0, -1, -1, -1},
    {1, 1, -1, -1, -1},  {1, -1, -1, 0.5, -1},  {1, -1, -1, 0.25, -1},
    {2, -1, -1, -1, -1}, {0.4, -1, -1, -1, -1}, {1, -1, 0.5, -1, -1},
};
_Static_assert(COUNT_OF(STEPS) + 1 <= TRAIN_TRIED, "each is reported");

static struct train_choice
step_from(const struct train_choice *best, const struct train_choice *step)
{
    return (struct train_choice){
        .c = best->c * step->c,
        .balance = step->balance < 0 ? best->balance : step->balance,
        .ratio = step->ratio < 0 ? best->ratio : step->ratio,
        .chars = step->chars < 0 ? best->chars : step->chars,
        .tf = step->tf < 0 ? best->tf : step->tf,
    };
}

struct run {
    const struct train_options *options;
    struct arena *arena;
    struct train_matrix m;
    struct train_weights weights;
    /* Held-out texts of the folds that were fitted. */
    float *margin;
    uint32_t *truth;
    uint32_t n_held;
    struct scored *said;
    uint32_t done, of;
};

static void
progress(struct run *run, const char *what)
{
    run->done++;
    if (run->options->progress)
        run->options->progress(run->options->progress_ctx, what, run->done, run->of);
}

/* Margins of the texts in folds [0, n_folds) by models that did not see them. */
static void
hold_out(struct run *run, const struct train_choice *choice, uint32_t n_folds,
         const char *what)
{
    struct train_matrix *m = &run->m;
    run->n_held = 0;
    train_matrix_fill(m, choice);
    for (uint32_t fold = 0; fold < n_folds; fold++) {
        train_fit(m, choice, fold, &run->weights);
        for (uint32_t i = 0; i < m->n; i++) {
            if (m->fold[i] != fold)
                continue;
            train_score_text(m, &run->weights, i,
                             run->margin + (size_t)run->n_held * m->width);
            run->truth[run->n_held++] = m->label[i];
        }
        progress(run, what);
    }
}

static void
score_held(struct run *run, double slope, const double *offsets, struct score *ret)
{
    train_say(run->margin, run->n_held, run->m.n_labels, slope, offsets, run->truth,
              run->said);
    score_make(run->said, run->n_held, run->m.n_labels, run->arena, ret);
}

/* Folds that a choice is tried on: all of them where that is quick. */
static uint32_t
folds_to_try(const struct train_matrix *m)
{
    uint64_t work = m->n_cells * m->width;
    return m->by_time || work > 30000000 ? 1 : work > 8000000 ? 3 : m->n_folds;
}

static void
choose(struct run *run, struct train_result *ret)
{
    uint32_t n_folds = folds_to_try(&run->m);
    run->of = (uint32_t)(COUNT_OF(STEPS) + 1) * n_folds + run->m.n_folds + 1;
    double best = -1;
    for (size_t i = 0; i <= COUNT_OF(STEPS); i++) {
        struct train_choice choice = i ? step_from(&ret->choice, &STEPS[i - 1]) : START;
        struct score score;
        hold_out(run, &choice, n_folds, "choosing");
        score_held(run, 1, NULL, &score);
        ret->tried[ret->n_tried++] =
            (struct train_tried){choice, score.accuracy, score.macro_f1};
        if (score.accuracy + score.macro_f1 > best + 0.002) {
            best = score.accuracy + score.macro_f1;
            ret->choice = choice;
        }
    }
}

/* Offsets stay only where they do not harm what the choice was made by. */
static void
calibrate(struct run *run, struct train_result *ret, double *slope, double *offsets)
{
    struct score with;
    struct score without;
    double slope_alone = 1;
    train_calibrate(run->margin, run->truth, run->n_held, run->m.n_labels, slope,
                    offsets);
    score_held(run, *slope, offsets, &with);
    train_calibrate(run->margin, run->truth, run->n_held, run->m.n_labels, &slope_alone,
                    NULL);
    score_held(run, slope_alone, NULL, &without);
    if (without.accuracy + without.macro_f1 > with.accuracy + with.macro_f1) {
        *slope = slope_alone;
        memset(offsets, 0, run->m.n_labels * sizeof(*offsets));
        with = without;
    }
    train_say(run->margin, run->n_held, run->m.n_labels, *slope, offsets, run->truth,
              run->said);
    double sure_slope = 1;
    double sure_offset = 0;
    train_calibrate_sure(run->said, run->n_held, &sure_slope, &sure_offset);
    ret->parts.sure_slope = (float)sure_slope;
    ret->parts.sure_offset = (float)sure_offset;
    score_make(run->said, run->n_held, run->m.n_labels, run->arena, &ret->score);
}

static void
fill_parts(struct run *run, struct train_result *ret, double slope, const double *offsets,
           double threshold)
{
    const struct train_matrix *m = &run->m;
    float *offset = ARENA_ARRAY(run->arena, float, m->n_labels);
    for (uint32_t i = 0; i < m->n_rows; i++)
        for (uint32_t k = 0; m->block[i] == FEATURES_CHARS && k < m->width; k++)
            run->weights.w[(size_t)i * m->width + k] *= (float)ret->choice.chars;
    for (uint32_t k = 0; k < m->n_labels; k++) {
        float bias = m->width > 1 ? run->weights.bias[k]
                     : k == 1     ? run->weights.bias[0]
                                  : 0;
        offset[k] = (float)(slope * (double)bias + offsets[k]);
    }
    ret->parts = (struct model_parts){
        .label = m->label_name,
        .offset = offset,
        .n_labels = m->n_labels,
        .n_rows = m->n_rows,
        .hash = m->hash,
        .idf = m->idf,
        .weight = run->weights.w,
        .slope = (float)slope,
        .threshold = (float)threshold,
        .tf = (float)ret->choice.tf,
        .sure_slope = ret->parts.sure_slope,
        .sure_offset = ret->parts.sure_offset,
    };
}

static bool
prepare(struct run *run, struct train_set *set, struct err *err)
{
    uint32_t most = run->options->max_rows ? run->options->max_rows : MODEL_ROWS;
    if (set->n_docs < TRAIN_TEXTS_LEAST)
        return err_dead(err, DEAD_BAD_FIELD, "$", "%u texts are too few: %d at least",
                        set->n_docs, TRAIN_TEXTS_LEAST);
    if (set->n_labels < 2)
        return err_dead(err, DEAD_BAD_FIELD, "$.label",
                        "all texts have the same label: nothing to tell apart");
    if (!train_matrix_make(set, most, &run->m, err))
        return false;
    size_t n_weights = (size_t)run->m.n_rows * run->m.width;
    run->weights.w = ARENA_ARRAY(run->arena, float, n_weights);
    run->weights.bias = ARENA_ARRAY(run->arena, float, run->m.width);
    run->margin = ARENA_ARRAY(run->arena, float, (size_t)run->m.n * run->m.width);
    run->truth = ARENA_ARRAY(run->arena, uint32_t, run->m.n);
    run->said = ARENA_ARRAY(run->arena, struct scored, run->m.n);
    return true;
}

bool
train_run(struct train_set *set, const struct train_options *options,
          struct train_result *ret, struct err *err)
{
    struct run run = {.options = options, .arena = set->arena};
    double slope = 1;
    double offsets[MODEL_LABELS] = {0};
    *ret = (struct train_result){.n_texts = set->n_docs, .choice = options->choice};
    if (!prepare(&run, set, err))
        return false;
    ret->by_time = run.m.by_time;
    ret->n_folds = run.m.n_folds;
    run.of = run.m.n_folds + 1;
    if (!options->fixed)
        choose(&run, ret);
    hold_out(&run, &ret->choice, run.m.n_folds, "calibrating");
    calibrate(&run, ret, &slope, offsets);
    double threshold = score_threshold(run.said, run.n_held, options->wanted);
    ret->kept = score_at(run.said, run.n_held, threshold);
    train_matrix_fill(&run.m, &ret->choice);
    train_fit(&run.m, &ret->choice, UINT32_MAX, &run.weights);
    progress(&run, "fitting");
    fill_parts(&run, ret, slope, offsets, threshold);
    return true;
}
