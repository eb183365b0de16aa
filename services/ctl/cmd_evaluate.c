/* evaluate: a model, or a training itself, against labelled lines it has not seen. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/now.h"
#include "ctl/learn.h"

#define WORST 10
#define UNKNOWN 32 /* labels that are named */

const char evaluate_help[] =
    "\n"
    "  Lines as for train: {\"id\", \"text\", \"subject\", \"label\"}.\n"
    "  --model M --labels F ...           the model's answers against the labels; "
    "labels\n"
    "                                     that the model does not know are counted "
    "apart\n"
    "  --folds K --task T --labels F ...  cross-validation, 2 to 20 folds: every text "
    "is\n"
    "                                     answered by a model made without it\n"
    "  --label-field, --text-field, --map as for train; --choice for --folds\n"
    "  Prints accuracy, macro-F1, expected calibration error, what the threshold keeps "
    "and\n"
    "  how right that is, each label's precision, recall and F1, and the usual "
    "mistakes.\n"
    "  Exit 1 if there is nothing to measure.\n";

struct unknown {
    struct str label;
    uint32_t n;
};
struct evaluation {
    const char *path, *task;
    struct learn_fields fields;
    struct train_options options;
    struct learn_folds folds; /* n_folds 0: of a model */
    struct model model;
    const struct features_table *table;
    struct features_scratch *text;
    struct model_scratch scratch;
    struct model_answer answer;
    struct arena arena;
    struct learn_said said;
    struct unknown unknown[UNKNOWN];
    size_t n_unknown;      /* labels */
    uint32_t unknown_docs; /* texts  */
    int64_t left_out;
};

static void
note_unknown(struct evaluation *e, struct str label)
{
    size_t i = 0;
    e->unknown_docs++;
    while (i < e->n_unknown && !str_eq(e->unknown[i].label, label))
        i++;
    if (i == UNKNOWN)
        return;
    if (i == e->n_unknown)
        e->unknown[e->n_unknown++].label = arena_str(&e->arena, label);
    e->unknown[i].n++;
}

static bool
take(void *ctx, const struct learn_text *text, struct err *err)
{
    struct evaluation *e = ctx;
    uint32_t truth = 0;
    while (truth < e->said.n_labels && !str_eq(e->said.label[truth], text->label))
        truth++;
    if (truth == e->said.n_labels) {
        note_unknown(e, text->label);
        return true;
    }
    int64_t start = now_cpu_us();
    features_read(e->table, text->subject, text->text, e->text);
    model_classify(&e->model, e->text, &e->scratch, &e->answer);
    e->said.took_us += now_cpu_us() - start;
    struct scored scored = {truth, e->answer.label, e->answer.confidence};
    e->said.sure += e->answer.sure;
    e->said.sure_right += e->answer.sure && truth == e->answer.label;
    if (!buf_add(&e->said.docs, &scored, sizeof(scored)))
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
    uint32_t width = e->said.n_labels;
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

/* --- printing ----------------------------------------------------------------------- */

struct figures {
    struct score score;
    double kept, kept_accuracy; /* what is not for review */
    struct confusion wrong[WORST];
    size_t n_wrong;
};

static double
threshold_of(const struct evaluation *e)
{
    return e->model.header ? (double)e->model.header->threshold : 0;
}

static void
print_unknown_json(const struct evaluation *e, struct buf *out)
{
    buf_printf(out, ",\"unknown\":{\"texts\":%u,\"labels\":[", e->unknown_docs);
    for (size_t i = 0; i < e->n_unknown; i++) {
        buf_add_c(out, i ? ",{\"label\":" : "{\"label\":");
        (void)buf_add_json(out, e->unknown[i].label);
        buf_printf(out, ",\"texts\":%u}", e->unknown[i].n);
    }
    buf_add_c(out, "]}");
}

static void
print_folds_json(const struct evaluation *e, struct buf *out)
{
    buf_add_c(out, ",\"folds\":[");
    for (uint32_t i = 0; i < e->folds.n_folds; i++)
        buf_printf(out, "%s{\"texts\":%u,\"accuracy\":%.4f}", i ? "," : "",
                   e->folds.texts[i],
                   e->folds.texts[i] ? (double)e->folds.right[i] / e->folds.texts[i] : 0);
    buf_add_char(out, ']');
}

static void
print_json(const struct evaluation *e, const struct figures *f, struct buf *out)
{
    buf_add_char(out, '{');
    (void)buf_add_member(out, "task", str_from(e->task));
    buf_add_char(out, ',');
    learn_score_json(&f->score, e->said.label, out);
    if (e->folds.n_folds)
        buf_printf(out, ",\"threshold\":{\"kept\":%.4f,\"accuracy\":%.4f}", f->kept,
                   f->kept_accuracy);
    else
        learn_threshold_json(0, threshold_of(e), f->kept, f->kept_accuracy, out);
    buf_add_c(out, ",\"confused\":[");
    for (size_t i = 0; i < f->n_wrong; i++) {
        buf_add_c(out, i ? ",{\"label\":" : "{\"label\":");
        (void)buf_add_json(out, e->said.label[f->wrong[i].truth]);
        buf_add_c(out, ",\"said\":");
        (void)buf_add_json(out, e->said.label[f->wrong[i].said]);
        buf_printf(out, ",\"texts\":%u}", f->wrong[i].n);
    }
    buf_add_char(out, ']');
    if (e->folds.n_folds)
        print_folds_json(e, out);
    else
        print_unknown_json(e, out);
    buf_printf(out, ",\"left_out\":%lld,\"seconds\":%.3f}\n", (long long)e->left_out,
               (double)e->said.took_us / 1e6);
}

static void
print_folds(const struct evaluation *e, struct buf *out)
{
    double sum = 0;
    double squares = 0;
    for (uint32_t i = 0; i < e->folds.n_folds; i++) {
        double a = e->folds.texts[i] ? (double)e->folds.right[i] / e->folds.texts[i] : 0;
        sum += a;
        squares += a * a;
    }
    double n = e->folds.n_folds;
    double spread = sqrt(fmax(0, (squares - sum * sum / n) / (n - 1)));
    buf_printf(out, "%u folds, each answered by a model made without it (%.3f +- %.3f)\n",
               e->folds.n_folds, sum / n, spread);
}

static void
show_threshold(const struct evaluation *e, const struct figures *f, struct buf *out)
{
    if (f->kept > 0)
        buf_printf(out, "\nnot for review: %.1f%%, accuracy %.3f", 100 * f->kept,
                   f->kept_accuracy);
    else
        buf_add_c(out, "\nnot for review: none; every answer needs a person");
    if (e->folds.n_folds)
        buf_add_c(out, " (each fold by its own threshold)\n");
    else if (threshold_of(e) > 1)
        buf_add_c(out, " (no confidence promised the accuracy that the model was made "
                       "for)\n");
    else
        buf_printf(out, " (threshold %.3f)\n", threshold_of(e));
}

static void
print_text(const struct evaluation *e, const struct figures *f, struct buf *out)
{
    if (e->folds.n_folds)
        print_folds(e, out);
    buf_printf(out, "%s, ", e->task);
    learn_score_show(&f->score, e->said.label, out);
    show_threshold(e, f, out);
    for (size_t i = 0; i < f->n_wrong; i++)
        buf_printf(out, "  %u of %.*s said to be %.*s\n", f->wrong[i].n,
                   STR_ARG(e->said.label[f->wrong[i].truth]),
                   STR_ARG(e->said.label[f->wrong[i].said]));
    if (e->unknown_docs) {
        uint32_t all = f->score.n + e->unknown_docs;
        buf_printf(out,
                   "\n%u more texts have labels that the model does not know and are not "
                   "in these figures\n(as errors they would make accuracy %.3f):",
                   e->unknown_docs, f->score.accuracy * f->score.n / all);
        for (size_t i = 0; i < e->n_unknown; i++)
            buf_printf(out, "%s %.*s (%u)", i ? "," : "", STR_ARG(e->unknown[i].label),
                       e->unknown[i].n);
        buf_add_char(out, '\n');
    }
    buf_printf(out, "%.0f texts a second\n",
               e->said.took_us ? f->score.n / ((double)e->said.took_us / 1e6) : 0.0);
}

static enum ctl_exit
nothing(const struct evaluation *e)
{
    CLEANUP(buf_release) struct buf out = {0};
    if (e->unknown_docs == 0) {
        fputs("redress: no labelled line to measure on; say with --label-field where the "
              "labels stand\n",
              stderr);
        return CTL_WRONG;
    }
    buf_printf(&out, "redress: none of %u texts has a label that the model knows; file:",
               e->unknown_docs);
    for (size_t i = 0; i < e->n_unknown && i < 8; i++)
        buf_printf(&out, "%s %.*s", i ? "," : "", STR_ARG(e->unknown[i].label));
    buf_add_c(&out, "; model:");
    for (uint32_t i = 0; i < e->said.n_labels && i < 8; i++)
        buf_printf(&out, "%s %.*s", i ? "," : "", STR_ARG(e->said.label[i]));
    fprintf(stderr, "%s; --map FILE.json makes labels into others\n", out.ptr);
    return CTL_WRONG;
}

static enum ctl_exit
report(const struct ctl *ctl, struct evaluation *e)
{
    CLEANUP(buf_release) struct buf out = {0};
    struct scored *docs = (struct scored *)(void *)e->said.docs.ptr;
    uint32_t n = (uint32_t)(e->said.docs.len / sizeof(*docs));
    struct figures f;
    if (n == 0)
        return nothing(e);
    score_make(docs, n, e->said.n_labels, &e->arena, &f.score);
    f.kept = (double)e->said.sure / n;
    f.kept_accuracy = e->said.sure ? (double)e->said.sure_right / e->said.sure : 0;
    f.n_wrong = worst(e, docs, n, f.wrong);
    if (ctl->json)
        print_json(e, &f, &out);
    else
        print_text(e, &f, &out);
    return ctl_print(&out) ? CTL_OK : CTL_WRONG;
}

/* --- of a model --------------------------------------------------------------------- */

static bool
prepare(struct evaluation *e, struct err *err)
{
    e->table = features_table_new(&e->arena, err);
    if (!e->table || !model_open(&e->model, e->path, err))
        return false;
    uint32_t n = e->model.header->n_labels;
    struct str *label = ARENA_ARRAY(&e->arena, struct str, n);
    for (uint32_t i = 0; i < n; i++)
        label[i] = model_label_name(&e->model, i);
    e->said.label = label;
    e->said.n_labels = n;
    e->task = arena_str(&e->arena, model_task(&e->model)).ptr;
    e->text = ARENA_NEW(&e->arena, struct features_scratch);
    model_scratch_new(&e->scratch, e->model.header->n_rows, &e->arena);
    return true;
}

static bool
run(struct evaluation *e, const char *const *files, size_t n_files, struct err *err)
{
    struct learn_reader reader = {.fn = take, .ctx = e};
    e->folds.options = &e->options;
    if (!learn_fields_load(&e->fields, err))
        return false;
    if (e->folds.n_folds) {
        bool ok = learn_folds_run(&e->folds, &e->fields, files, n_files, &e->arena,
                                  &e->said, err);
        e->left_out = e->folds.left_out;
        return ok;
    }
    if (!prepare(e, err))
        return false;
    for (size_t i = 0; i < n_files; i++) {
        struct learn_count count;
        if (!learn_each(files[i], &e->fields, &reader, &count, err))
            return false;
        learn_tell(files[i], &e->fields, &count);
        e->left_out += count.lines - count.rows;
    }
    return true;
}

static bool
read_options(struct ctl *ctl, struct evaluation *e, const char **files, size_t *n_files,
             enum ctl_exit *ret_exit)
{
    const char *folds = NULL;
    const char *choice = NULL;
    int64_t n_folds = 0;
    const struct ctl_option known[] = {
        {"model", &e->path, NULL},
        {"task", &e->task, NULL},
        {"folds", &folds, NULL},
        {"choice", &choice, NULL},
        {"label-field", &e->fields.label, NULL},
        {"text-field", &e->fields.text, NULL},
        {"map", &e->fields.map_file, NULL},
    };
    if (!learn_take(ctl, "--labels", NULL, files, LEARN_FILES, n_files, ret_exit) ||
        !ctl_options(ctl, known, COUNT_OF(known), 0, (int)(LEARN_FILES - *n_files),
                     ret_exit) ||
        !ctl_number("--folds", folds, 2, LEARN_FOLDS, &n_folds, ret_exit) ||
        !learn_is_text("--task", e->task, MODEL_NAME_BYTES, ret_exit) ||
        !learn_choice(choice, &e->options, ret_exit))
        return false;
    for (int i = 0; i < ctl->argc; i++)
        files[(*n_files)++] = ctl->argv[i];
    e->folds.n_folds = (uint32_t)n_folds;
    e->fields.need_text = n_folds > 0;
    *ret_exit = CTL_USAGE;
    if (*n_files == 0 || (e->path != NULL) == (n_folds > 0))
        (void)ctl_usage("evaluate needs --labels FILE and either --model MODEL or "
                        "--folds K --task NAME");
    else if (n_folds && (!e->task || !*e->task))
        (void)ctl_usage("--folds needs --task NAME");
    else if (choice && !n_folds)
        (void)ctl_usage("--choice goes with --folds; a model has chosen");
    else
        return true;
    return false;
}

enum ctl_exit
cmd_evaluate(struct ctl *ctl)
{
    const char *files[LEARN_FILES + 1] = {0};
    size_t n_files = 0;
    enum ctl_exit status = CTL_OK;
    struct evaluation *e = calloc(1, sizeof(*e));
    BUG_IF(!e);
    struct err err = {0};
    e->fields.labelled = true;
    e->options.wanted = 0.95;
    arena_init(&e->arena, LEARN_ARENA_BYTES);
    buf_init(&e->said.docs, (size_t)4 << 30);
    if (read_options(ctl, e, files, &n_files, &status))
        status = run(e, files, n_files, &err) ? report(ctl, e) : ctl_fail(&err);
    learn_fields_release(&e->fields);
    model_close(&e->model);
    buf_release(&e->said.docs);
    arena_release(&e->arena);
    free(e);
    return status;
}
