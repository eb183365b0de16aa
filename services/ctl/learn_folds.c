/* Cross-validation over labelled lines, without a file being written. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/now.h"
#include "ctl/learn.h"

struct row {
    uint64_t hash; /* of the features: equal texts have it */
    struct str subject, text;
    int64_t time_ms;
    uint32_t label, fold;
};

struct rows_read {
    struct arena *arena;
    const struct features_table *table;
    struct features_scratch *scratch;
    struct model_scratch model_scratch;
    struct model_answer *answer;
    struct buf rows; /* struct row */
    struct str label[MODEL_LABELS];
    uint32_t n_labels;
};

static struct row *
row_at(const struct rows_read *r, size_t i)
{
    return (struct row *)(void *)r->rows.ptr + i;
}

static uint32_t
n_rows(const struct rows_read *r)
{
    return (uint32_t)(r->rows.len / sizeof(struct row));
}

static bool
take(void *ctx, const struct learn_text *text, struct err *err)
{
    struct rows_read *r = ctx;
    struct row row = {.time_ms = text->time_ms};
    while (row.label < r->n_labels && !str_eq(r->label[row.label], text->label))
        row.label++;
    if (row.label == MODEL_LABELS)
        return err_set(err, ERR_STOP, "more than %d labels: is it a label at all?",
                       MODEL_LABELS);
    if (row.label == r->n_labels)
        r->label[r->n_labels++] = arena_str(r->arena, text->label);
    features_read(r->table, text->subject, text->text, r->scratch);
    for (size_t i = 0; i < r->scratch->n_gram; i++) {
        uint64_t h = r->scratch->gram[i].hash * UINT64_C(0x9E3779B97F4A7C15);
        row.hash += h ^ (h >> 29);
    }
    row.subject = arena_str(r->arena, text->subject);
    row.text = arena_str(r->arena, text->text);
    if (!buf_add(&r->rows, &row, sizeof(row)))
        return err_set(err, ERR_STOP, "too many lines; take a sample");
    return true;
}

static int
by_name(const void *a, const void *b)
{
    return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

/* Labels by name, so that the order of the lines does not matter. */
static void
sort_labels(struct rows_read *r)
{
    struct str was[MODEL_LABELS];
    uint32_t place[MODEL_LABELS] = {0};
    memcpy(was, r->label, sizeof(was));
    qsort(r->label, r->n_labels, sizeof(r->label[0]), by_name);
    for (uint32_t i = 0; i < r->n_labels; i++)
        for (uint32_t k = 0; k < r->n_labels; k++)
            if (str_eq(was[i], r->label[k]))
                place[i] = k;
    for (uint32_t i = 0; i < n_rows(r); i++)
        row_at(r, i)->label = place[row_at(r, i)->label];
}

static int
by_label(const void *a, const void *b)
{
    const struct row *left = a;
    const struct row *right = b;
    if (left->hash == right->hash && left->label == right->label)
        return left->time_ms < right->time_ms ? -1 : left->time_ms > right->time_ms;
    if (left->label != right->label)
        return left->label < right->label ? -1 : 1;
    return left->hash < right->hash ? -1 : 1;
}

static int
by_hash(const void *a, const void *b)
{
    const struct row *left = a;
    const struct row *right = b;
    if (left->hash != right->hash)
        return left->hash < right->hash ? -1 : 1;
    return by_label(a, b);
}

/* Each label goes round the folds; equal texts follow the first of them. */
static void
set_folds(struct rows_read *r, uint32_t n_folds)
{
    uint32_t n = n_rows(r);
    uint32_t next = 0;
    if (n == 0)
        return;
    qsort(r->rows.ptr, n, sizeof(struct row), by_label);
    for (uint32_t i = 0; i < n; i++) {
        bool same = i > 0 && row_at(r, i)->hash == row_at(r, i - 1)->hash;
        next += i > 0 && !same;
        row_at(r, i)->fold = next % n_folds;
    }
    qsort(r->rows.ptr, n, sizeof(struct row), by_hash);
    for (uint32_t i = 1; i < n; i++)
        if (row_at(r, i)->hash == row_at(r, i - 1)->hash)
            row_at(r, i)->fold = row_at(r, i - 1)->fold;
}

/* --- a fold ------------------------------------------------------------------------- */

static bool
train_without(const struct rows_read *r, const struct learn_folds *folds, uint32_t fold,
              struct arena *arena, struct buf *model, struct err *err)
{
    struct train_set *set = train_set_new(r->table, arena);
    struct train_result *result = ARENA_NEW(arena, struct train_result);
    bool ok = true;
    for (uint32_t i = 0; ok && i < n_rows(r); i++) {
        const struct row *row = row_at(r, i);
        if (row->fold != fold)
            ok = train_add(set, row->subject, row->text, r->label[row->label],
                           row->time_ms, err);
    }
    if (ok && !train_run(set, folds->options, result, err))
        ok = learn_say_more(err, false);
    if (ok) {
        result->parts.task = STR("folds");
        result->parts.card = STR("{}");
        ok = model_write(&result->parts, model) ||
             err_set(err, ERR_STOP, "the model would be larger than 4 GiB");
    }
    train_set_drop(set);
    return ok;
}

static bool
answer_fold(struct rows_read *r, struct learn_folds *folds, uint32_t fold,
            const struct model *model, struct learn_said *said, struct err *err)
{
    uint32_t place[MODEL_LABELS] = {0};
    for (uint32_t i = 0; i < model->header->n_labels; i++)
        while (!str_eq(r->label[place[i]], model_label_name(model, i)))
            place[i]++;
    for (uint32_t i = 0; i < n_rows(r); i++) {
        const struct row *row = row_at(r, i);
        if (row->fold != fold)
            continue;
        int64_t start = now_cpu_us();
        features_read(r->table, row->subject, row->text, r->scratch);
        model_classify(model, r->scratch, &r->model_scratch, r->answer);
        said->took_us += now_cpu_us() - start;
        struct scored scored = {row->label, place[r->answer->label],
                                r->answer->confidence};
        bool right = scored.truth == scored.said;
        said->sure += r->answer->sure;
        said->sure_right += r->answer->sure && right;
        folds->texts[fold]++;
        folds->right[fold] += right;
        if (!buf_add(&said->docs, &scored, sizeof(scored)))
            return err_set(err, ERR_STOP, "too many lines; take a sample");
    }
    return true;
}

static bool
run_fold(struct rows_read *r, struct learn_folds *folds, uint32_t fold,
         struct learn_said *said, struct err *err)
{
    CLEANUP(buf_release) struct buf bytes = {.max_bytes = (size_t)4 << 30};
    struct arena arena;
    struct model model;
    arena_init(&arena, LEARN_ARENA_BYTES);
    bool ok = train_without(r, folds, fold, &arena, &bytes, err) &&
              model_from(&model, buf_str(&bytes), err);
    if (ok) {
        model_scratch_new(&r->model_scratch, model.header->n_rows, &arena);
        ok = answer_fold(r, folds, fold, &model, said, err);
    }
    arena_release(&arena);
    return ok;
}

bool
learn_folds_run(struct learn_folds *folds, const struct learn_fields *fields,
                const char *const *files, size_t n_files, struct arena *arena,
                struct learn_said *said, struct err *err)
{
    struct rows_read *r = ARENA_NEW(arena, struct rows_read);
    struct learn_reader reader = {.fn = take, .ctx = r};
    r->arena = arena;
    r->table = features_table_new(arena, err);
    r->scratch = ARENA_NEW(arena, struct features_scratch);
    r->answer = ARENA_NEW(arena, struct model_answer);
    buf_init(&r->rows, (size_t)8 << 30);
    bool ok = r->table != NULL;
    for (size_t i = 0; ok && i < n_files; i++) {
        struct learn_count count;
        ok = learn_each(files[i], fields, &reader, &count, err);
        if (!ok)
            break;
        learn_tell(files[i], fields, &count);
        folds->left_out += count.lines - count.rows;
    }
    sort_labels(r);
    set_folds(r, folds->n_folds);
    for (uint32_t fold = 0; ok && fold < folds->n_folds; fold++) {
        if (isatty(STDERR_FILENO))
            fprintf(stderr, "fold %u of %u\n", fold + 1, folds->n_folds);
        ok = run_fold(r, folds, fold, said, err);
    }
    said->label = r->label;
    said->n_labels = r->n_labels;
    buf_release(&r->rows);
    return ok;
}
