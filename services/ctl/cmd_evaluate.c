/* evaluate: a model against labelled lines that it has not seen. */
#include <stdio.h>
#include <stdlib.h>

#include "base/now.h"
#include "ctl/learn.h"

#define WORST 5

struct evaluation {
    struct model model;
    const struct features_table *table;
    struct features_scratch *text;
    struct model_scratch scratch;
    struct model_answer answer;
    struct arena arena;
    struct buf said; /* struct scored */
    struct str label[MODEL_LABELS + 1];
    uint32_t n_labels; /* of the model; one behind it is "not a label of the model" */
    int64_t took_us;   /* of CPU */
};

static uint32_t
find_label(const struct evaluation *e, struct str name)
{
    uint32_t i = 0;
    while (i < e->n_labels && !str_eq(e->label[i], name))
        i++;
    return i;
}

static bool
take(void *ctx, const struct learn_text *text, struct err *err)
{
    struct evaluation *e = ctx;
    int64_t start = now_cpu_us();
    features_read(e->table, text->subject, text->text, e->text);
    model_classify(&e->model, e->text, &e->scratch, &e->answer);
    e->took_us += now_cpu_us() - start;
    struct scored scored = {find_label(e, text->label), e->answer.label,
                            e->answer.confidence};
    if (!buf_add(&e->said, &scored, sizeof(scored)))
        return err_set(err, ERR_STOP, "too many lines");
    return true;
}

struct confusion {
    uint32_t truth, said, n;
};

/* The most frequent errors, most first. */
static size_t
worst(struct evaluation *e, const struct scored *docs, uint32_t n,
      struct confusion ret[WORST])
{
    uint32_t width = e->n_labels + 1;
    uint32_t *count = ARENA_ARRAY(&e->arena, uint32_t, (size_t)width * width);
    for (uint32_t i = 0; i < n; i++)
        if (docs[i].truth != docs[i].said)
            count[docs[i].truth * width + docs[i].said]++;
    size_t found = 0;
    while (found < WORST) {
        uint32_t best = 0;
        for (uint32_t i = 0; i < width * width; i++)
            if (count[i] > count[best])
                best = i;
        if (count[best] == 0)
            break;
        ret[found++] = (struct confusion){best / width, best % width, count[best]};
        count[best] = 0;
    }
    return found;
}

static void
print_json(const struct evaluation *e, const struct score *score, struct score_point kept,
           const struct confusion *wrong, size_t n_wrong, int64_t left_out,
           struct buf *out)
{
    buf_add_char(out, '{');
    (void)buf_add_member(out, "task", model_task(&e->model));
    buf_add_char(out, ',');
    learn_score_json(score, e->label, out);
    buf_printf(
        out,
        ",\"threshold\":{\"at\":%.4f,\"kept\":%.4f,\"accuracy\":%.4f},\"confused\":[",
        kept.threshold, kept.kept, kept.accuracy);
    for (size_t i = 0; i < n_wrong; i++) {
        buf_add_c(out, i ? ",{\"label\":" : "{\"label\":");
        (void)buf_add_json(out, e->label[wrong[i].truth]);
        buf_add_c(out, ",\"said\":");
        (void)buf_add_json(out, e->label[wrong[i].said]);
        buf_printf(out, ",\"texts\":%u}", wrong[i].n);
    }
    buf_printf(out, "],\"left_out\":%lld,\"seconds\":%.3f}\n", (long long)left_out,
               (double)e->took_us / 1e6);
}

static void
print_text(const struct evaluation *e, const struct score *score, struct score_point kept,
           const struct confusion *wrong, size_t n_wrong, struct buf *out)
{
    buf_printf(out, "%.*s, ", STR_ARG(model_task(&e->model)));
    learn_score_show(score, e->label, out);
    buf_printf(out, "\nat the model's threshold %.3f: %.1f%% kept, accuracy %.3f\n",
               kept.threshold, 100 * kept.kept, kept.accuracy);
    for (size_t i = 0; i < n_wrong; i++)
        buf_printf(out, "  %u of %.*s said to be %.*s\n", wrong[i].n,
                   STR_ARG(e->label[wrong[i].truth]), STR_ARG(e->label[wrong[i].said]));
    buf_printf(out, "%.0f texts a second\n",
               e->took_us ? score->n / ((double)e->took_us / 1e6) : 0.0);
}

static enum ctl_exit
report(const struct ctl *ctl, struct evaluation *e, int64_t left_out)
{
    CLEANUP(buf_release) struct buf out = {0};
    struct scored *docs = (struct scored *)(void *)e->said.ptr;
    uint32_t n = (uint32_t)(e->said.len / sizeof(*docs));
    struct score score;
    struct confusion wrong[WORST];
    if (n == 0)
        return ctl_usage("no labelled line to evaluate on");
    score_make(docs, n, e->n_labels + 1, &e->arena, &score);
    struct score_point kept = score_at(docs, n, (double)e->model.header->threshold);
    size_t n_wrong = worst(e, docs, n, wrong);
    if (ctl->json)
        print_json(e, &score, kept, wrong, n_wrong, left_out, &out);
    else
        print_text(e, &score, kept, wrong, n_wrong, &out);
    if (!ctl_print(&out))
        return CTL_WRONG;
    return left_out ? CTL_WRONG : CTL_OK;
}

static bool
prepare(struct evaluation *e, const char *path, struct err *err)
{
    e->table = features_table_new(&e->arena, err);
    if (!e->table || !model_open(&e->model, path, err))
        return false;
    e->n_labels = e->model.header->n_labels;
    for (uint32_t i = 0; i < e->n_labels; i++)
        e->label[i] = model_label_name(&e->model, i);
    e->label[e->n_labels] = STR("(not a label of the model)");
    e->text = ARENA_NEW(&e->arena, struct features_scratch);
    model_scratch_new(&e->scratch, e->model.header->n_rows, &e->arena);
    return true;
}

enum ctl_exit
cmd_evaluate(struct ctl *ctl)
{
    const char *files[LEARN_FILES + 1] = {0};
    const char *path = NULL;
    size_t n_files = 0;
    enum ctl_exit status = CTL_OK;
    const struct ctl_option known[] = {{"model", &path, NULL}};
    if (!learn_take(ctl, "--labels", NULL, files, LEARN_FILES, &n_files, &status) ||
        !ctl_options(ctl, known, COUNT_OF(known), 0, (int)(LEARN_FILES - n_files),
                     &status))
        return status;
    for (int i = 0; i < ctl->argc; i++)
        files[n_files++] = ctl->argv[i];
    if (!path || n_files == 0)
        return ctl_usage("evaluate needs --model MODEL and --labels FILE");
    struct evaluation *e = calloc(1, sizeof(*e));
    BUG_IF(!e);
    struct err err = {0};
    arena_init(&e->arena, LEARN_ARENA_BYTES);
    buf_init(&e->said, (size_t)4 << 30);
    int64_t left_out = 0;
    bool ok = prepare(e, path, &err);
    for (size_t i = 0; ok && i < n_files; i++)
        ok = learn_each(files[i], true, take, e, &left_out, &err);
    status = ok ? report(ctl, e, left_out) : ctl_fail(&err);
    model_close(&e->model);
    buf_release(&e->said);
    arena_release(&e->arena);
    free(e);
    return status;
}
