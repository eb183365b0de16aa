/* The whole of a training: choose, calibrate, fit on everything. */
#include "classification/train.h"

#include <math.h>

#include "classification/train_parts.h"

/* What is tried: two starts, then steps away from the best so far. A value of -1 keeps
 * that of the best; c multiplies it, 0: on the way that the last step went. */
static const struct train_choice STARTS[] = {
    {0.2, 0.5, 0.5, 0.5, 0}, /* firm: few rows                   */
    {1, 0.5, 0, 0.5, 1},     /* loose: texts that repeat others  */
};
static const struct train_choice STEPS[] = {
    {3, -1, -1, -1, -1}, {0, -1, -1, -1, -1},   {1, -1, -1, -1, 1},    {1, -1, -1, 1, -1},
    {1, -1, 0, -1, -1},  {1, 0.25, -1, -1, -1}, {1, 0.75, -1, -1, -1},
};
_Static_assert(COUNT_OF(STEPS) + COUNT_OF(STARTS) <= TRAIN_TRIED, "each is reported");

/* A step is taken when it is better by more than what chance makes of so few texts, and
 * not at the cost of accuracy. */
#define BETTER 0.001
#define BETTER_ERRORS 0.5 /* standard errors of the difference */
/* Cells times labels from which on fewer folds and fewer members are fitted. */
#define WORK_MUCH 30000000
#define WORK_SOME 8000000
#define KEPT_BYTES_MAX ((size_t)1 << 30)

struct run {
    const struct train_options *options;
    struct arena *arena;
    struct train_matrix m;
    struct train_weights weights;
    /* Texts by fold, and what models that did not see them make of them. */
    uint32_t *text, *truth, *fold;
    uint32_t first[TRAIN_FOLDS + 1]; /* of each fold */
    uint32_t n_held;
    float *margin; /* mean of the members */
    float *tried[TRAIN_TRIED];
    uint32_t n_tried_folds;
    struct train_choice member[TRAIN_MEMBERS];
    uint32_t n_members;
    float *weight;
    struct train_guess *guess;
    struct scored *said;
    uint32_t done, of;
};

/* A step to where the best is already goes to where the first start was. */
static double
step_to(double to, double best, double start)
{
    return to < 0 ? best : to == best ? start : to;
}

static struct train_choice
step_from(const struct train_choice *best, const struct train_choice *step, bool onward)
{
    double c = step->c > 0 ? step->c : onward ? 3 : 0.3;
    return (struct train_choice){
        .c = best->c * c,
        .balance = step_to(step->balance, best->balance, STARTS[0].balance),
        .ratio = step_to(step->ratio, best->ratio, STARTS[0].ratio),
        .chars = step_to(step->chars, best->chars, STARTS[0].chars),
        .tf = step_to(step->tf, best->tf, STARTS[0].tf),
    };
}

static void
progress(struct run *run, const char *what)
{
    run->done++;
    if (run->options->progress)
        run->options->progress(run->options->progress_ctx, what, run->done, run->of);
}

/* Adds the margins of the texts in folds [from, to) by models that did not see them. */
static void
hold_out(struct run *run, const struct train_choice *choice, uint32_t from, uint32_t to,
         const char *what, float *margin)
{
    struct train_matrix *m = &run->m;
    float one[MODEL_LABELS];
    train_matrix_fill(m, choice);
    for (uint32_t fold = from; fold < to; fold++) {
        train_fit(m, choice, fold, &run->weights);
        for (uint32_t i = run->first[fold]; i < run->first[fold + 1]; i++) {
            train_score_text(m, &run->weights, run->text[i], one);
            for (uint32_t k = 0; k < m->width; k++)
                margin[(size_t)i * m->width + k] += one[k];
        }
        progress(run, what);
    }
}

static struct train_held
held_of(const struct run *run, const float *margin, uint32_t n_folds)
{
    return (struct train_held){.margin = margin,
                               .truth = run->truth,
                               .fold = run->fold,
                               .weight = run->weight,
                               .n = run->first[n_folds],
                               .n_labels = run->m.n_labels,
                               .n_folds = n_folds,
                               .by_time = run->m.by_time};
}

/* How good the answers are, whatever their confidence; they are left in `said`. */
static double
score_tried(struct run *run, const float *margin, struct scored *said,
            struct train_tried *ret)
{
    static const struct train_calibration NONE = {.slope = 1};
    struct score score;
    const struct train_held held = held_of(run, margin, run->n_tried_folds);
    train_guess(&held, &NONE, TRAIN_EVERY, run->guess);
    for (uint32_t i = 0; i < held.n; i++)
        said[i] = (struct scored){run->truth[i], run->guess[i].label, run->guess[i].best};
    score_make(said, held.n, run->m.n_labels, run->arena, &score);
    ret->accuracy = score.accuracy;
    ret->macro_f1 = score.macro_f1;
    return (score.accuracy + score.macro_f1) / 2;
}

/* What two choices may differ by and be the same: from the texts that one of them has
 * right and the other has not. */
static double
noise(const struct scored *a, const struct scored *b, uint32_t n)
{
    uint32_t differ = 0;
    for (uint32_t i = 0; i < n; i++)
        differ += (a[i].said == a[i].truth) != (b[i].said == b[i].truth);
    return fmax(BETTER, BETTER_ERRORS * sqrt(differ) / n);
}

static double
worth(const struct train_tried *tried)
{
    return (tried->accuracy + tried->macro_f1) / 2;
}

/* The best of those that were not looked at and count n-grams as the first member. */
static size_t
next_member(const struct train_result *result, const bool *seen)
{
    size_t next = result->n_tried;
    for (size_t i = 0; i < result->n_tried; i++)
        if (!seen[i] && result->tried[i].choice.tf == result->choice.tf &&
            (next == result->n_tried ||
             worth(&result->tried[i]) > worth(&result->tried[next])))
            next = i;
    return next;
}

/* The mean of several linear models is one: choices that are about as good are averaged
 * where that is no worse, so that chance in the choice weighs less. */
static void
choose_members(struct run *run, struct train_result *ret, size_t first, uint32_t most)
{
    size_t n = (size_t)run->first[run->n_tried_folds] * run->m.width;
    bool seen[TRAIN_TRIED] = {false};
    float *with = ARENA_ARRAY(run->arena, float, n);
    double best = worth(&ret->tried[first]);
    memcpy(run->margin, run->tried[first], n * sizeof(float));
    for (size_t i = first; i < ret->n_tried && run->n_members < most;
         i = next_member(ret, seen)) {
        struct train_tried mean;
        seen[i] = true;
        if (i == first)
            continue;
        for (size_t k = 0; k < n; k++)
            with[k] = run->margin[k] + run->tried[i][k];
        double now = score_tried(run, with, run->said, &mean);
        if (now < best)
            continue;
        best = now;
        memcpy(run->margin, with, n * sizeof(float));
        ret->also[ret->n_also++] = ret->tried[i].choice;
        run->member[run->n_members++] = ret->tried[i].choice;
    }
}

static void
choose(struct run *run, struct train_result *ret)
{
    uint64_t work = run->m.n_cells * run->m.width;
    run->n_tried_folds = work > WORK_MUCH ? 1 : work > WORK_SOME ? 3 : TRAIN_FOLDS;
    uint32_t n = run->first[run->n_tried_folds];
    size_t bytes = (size_t)n * run->m.width * sizeof(float);
    bool keep = bytes <= KEPT_BYTES_MAX / TRAIN_TRIED;
    uint32_t most = !keep ? 1 : work > WORK_MUCH ? 2 : TRAIN_MEMBERS;
    run->of = (uint32_t)(COUNT_OF(STEPS) + COUNT_OF(STARTS)) * run->n_tried_folds +
              most * (run->m.n_folds - run->n_tried_folds + 1);
    struct scored *best = ARENA_ARRAY(run->arena, struct scored, n);
    size_t first = 0;
    bool onward = false;
    for (size_t i = 0; i < COUNT_OF(STARTS) + COUNT_OF(STEPS); i++) {
        bool start = i < COUNT_OF(STARTS);
        struct train_choice choice =
            start ? STARTS[i]
                  : step_from(&ret->choice, &STEPS[i - COUNT_OF(STARTS)], onward);
        struct train_tried *tried = &ret->tried[ret->n_tried++];
        *tried = (struct train_tried){.choice = choice};
        run->tried[i] = i && !keep
                            ? run->tried[0]
                            : ARENA_ARRAY(run->arena, float, bytes / sizeof(float));
        memset(run->tried[i], 0, bytes);
        hold_out(run, &choice, 0, run->n_tried_folds, "choosing", run->tried[i]);
        double now = score_tried(run, run->tried[i], run->said, tried);
        double gain = i ? now - worth(&ret->tried[first]) : 1;
        onward = start ? gain > 0
                       : gain > noise(best, run->said, n) &&
                             tried->accuracy >= ret->tried[first].accuracy;
        if (!onward)
            continue;
        memcpy(best, run->said, n * sizeof(*best));
        ret->choice = choice;
        first = i;
    }
    run->member[0] = ret->choice;
    run->n_members = 1;
    if (keep)
        choose_members(run, ret, first, most);
    else
        run->n_tried_folds = 0;
    /* Fewer members than there might be are less to do. */
    run->of = run->done + run->n_members * (run->m.n_folds - run->n_tried_folds + 1);
}

/* The members' margins of the folds that the choice was not made by. */
static void
hold_out_rest(struct run *run)
{
    for (uint32_t i = 0; i < run->n_members && run->n_tried_folds < run->m.n_folds; i++)
        hold_out(run, &run->member[i], run->n_tried_folds, run->m.n_folds, "calibrating",
                 run->margin);
    for (size_t i = 0; i < (size_t)run->n_held * run->m.width; i++)
        run->margin[i] /= (float)run->n_members;
}

/* A model of all texts is surer of unseen ones than those of the folds, which saw four
 * fifths: its margins are larger by 2 to 16 % (22 sets of complaints, tweets, reviews and
 * tickets), and about half of that is earned.  Without this it is 0.5 points too sure. */
#define FINAL_SLOPE 0.97

/* Later fifths say more about the texts to come; earlier ones still say something. */
#define OLDER 0.5

static void
calibrate(struct run *run, struct train_result *ret, struct train_calibration *cal)
{
    struct train_checked checked;
    for (uint32_t i = 0; i < run->n_held; i++)
        run->weight[i] = run->m.by_time ? powf((float)OLDER, (float)run->fold[i]) : 1;
    const struct train_held held = held_of(run, run->margin, run->m.n_folds);
    train_check(&held, run->options->wanted, run->arena, cal, &checked);
    ret->score = checked.score;
    ret->kept = checked.kept;
    ret->parts.threshold = (float)checked.threshold;
    cal->slope *= FINAL_SLOPE;
}

/* The members' mean, of all texts; a block's weight becomes part of its rows'. */
static void
fit_members(struct run *run)
{
    struct train_matrix *m = &run->m;
    size_t n_weights = (size_t)m->n_rows * m->width;
    float *sum = ARENA_ARRAY(run->arena, float, n_weights);
    float bias[MODEL_LABELS] = {0};
    memset(sum, 0, n_weights * sizeof(float));
    for (uint32_t i = 0; i < run->n_members; i++) {
        const struct train_choice *choice = &run->member[i];
        train_matrix_fill(m, choice);
        train_fit(m, choice, TRAIN_EVERY, &run->weights);
        for (size_t at = 0; at < n_weights; at++)
            sum[at] +=
                run->weights.w[at] *
                (m->block[at / m->width] == FEATURES_CHARS ? (float)choice->chars : 1) /
                (float)run->n_members;
        for (uint32_t k = 0; k < m->width; k++)
            bias[k] += run->weights.bias[k] / (float)run->n_members;
        progress(run, "fitting");
    }
    memcpy(run->weights.w, sum, n_weights * sizeof(float));
    memcpy(run->weights.bias, bias, m->width * sizeof(float));
}

static void
fill_parts(struct run *run, struct train_result *ret, const struct train_calibration *cal)
{
    const struct train_matrix *m = &run->m;
    float *offset = ARENA_ARRAY(run->arena, float, m->n_labels);
    float *sure = ARENA_ARRAY(run->arena, float, m->n_labels);
    for (uint32_t k = 0; k < m->n_labels; k++) {
        float bias = m->width > 1 ? run->weights.bias[k]
                     : k == 1     ? run->weights.bias[0]
                                  : 0;
        offset[k] = (float)(cal->slope * (double)bias + cal->offset[k]);
        sure[k] = (float)cal->sure[k];
    }
    ret->parts = (struct model_parts){
        .label = m->label_name,
        .offset = offset,
        .n_labels = m->n_labels,
        .n_rows = m->n_rows,
        .hash = m->hash,
        .idf = m->idf,
        .weight = run->weights.w,
        .slope = (float)cal->slope,
        .threshold = ret->parts.threshold,
        .tf = (float)ret->choice.tf,
        .sure_slope = (float)cal->sure_slope,
        .sure_offset = (float)cal->sure_offset,
        .sure_spread = (float)cal->sure_spread,
        .sure = sure,
    };
}

/* All folds; of much work three are enough to calibrate by: the latest by time. */
static void
order_by_fold(struct run *run)
{
    struct train_matrix *m = &run->m;
    if (m->n_cells * m->width > WORK_MUCH)
        m->n_folds = 3;
    run->text = ARENA_ARRAY(run->arena, uint32_t, m->n);
    run->truth = ARENA_ARRAY(run->arena, uint32_t, m->n);
    run->fold = ARENA_ARRAY(run->arena, uint32_t, m->n);
    for (uint32_t fold = 0; fold < m->n_folds; fold++) {
        run->first[fold] = run->n_held;
        for (uint32_t i = 0; i < m->n; i++) {
            if (m->fold[i] != fold)
                continue;
            run->text[run->n_held] = i;
            run->fold[run->n_held] = fold;
            run->truth[run->n_held++] = m->label[i];
        }
    }
    run->first[m->n_folds] = run->n_held;
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
    memset(run->margin, 0, (size_t)run->m.n * run->m.width * sizeof(float));
    run->weight = ARENA_ARRAY(run->arena, float, run->m.n);
    run->guess = ARENA_ARRAY(run->arena, struct train_guess, run->m.n);
    run->said = ARENA_ARRAY(run->arena, struct scored, run->m.n);
    order_by_fold(run);
    return true;
}

bool
train_run(struct train_set *set, const struct train_options *options,
          struct train_result *ret, struct err *err)
{
    struct run run = {.options = options, .arena = set->arena};
    struct train_calibration cal;
    *ret = (struct train_result){.n_texts = set->n_docs, .choice = options->choice};
    if (!prepare(&run, set, err))
        return false;
    ret->by_time = run.m.by_time;
    ret->n_folds = run.m.n_folds;
    run.of = run.m.n_folds + 1;
    run.member[0] = options->choice;
    run.n_members = 1;
    if (!options->fixed)
        choose(&run, ret);
    hold_out_rest(&run);
    calibrate(&run, ret, &cal);
    fit_members(&run);
    fill_parts(&run, ret, &cal);
    return true;
}
