/* train: from labelled lines, or from what people corrected, to a model and its card. */
#include <stdio.h>
#include <stdlib.h>

#include "base/times.h"
#include "ctl/learn.h"

const char train_help[] =
    "\n"
    "  Lines are JSON: {\"id\", \"text\", \"subject\", \"label\"}, plain or gzip, or CSV "
    "with\n"
    "  such a header.  With a date on every line (occurred_at, received_at, date or "
    "time)\n"
    "  the choice is made on fifths of time, else by folds.  The same lines make the "
    "same\n"
    "  model, in any order and any number of files.\n"
    "  --task T            what the labels are of; the service looks for its tasks\n"
    "  --labels F          several times; - is standard input\n"
    "  --label-field NAME  where the label stands; true and false become yes and no\n"
    "  --text-field NAME   where the text stands\n"
    "  --map FILE          a JSON object, label to label; null leaves lines out\n"
    "  --from-corrections  also every complaint that a complaint.corrected in Kafka "
    "spoke\n"
    "                      of: its text with the last kind, product, issue or severity;\n"
    "                      erased customers and merged complaints are left out\n"
    "  --since TIME        only corrections from then on\n"
    "  --licence, --source, --date   what the card says; the date is today, or that of\n"
    "                      SOURCE_DATE_EPOCH, and stands in the model only if given\n"
    "  --max-features N    a smaller model\n"
    "  --choice C,B,R,H,T  as a card shows it: nothing is tried or averaged\n"
    "  Writes MODEL and MODEL.card.json.  Exit 1 if there is too little to learn from.\n";

struct training {
    struct learn_fields fields;
    struct learn_origin origin;
    struct train_options options;
    struct learn_corrections corrections;
    bool from_corrections;
    const char *files[LEARN_FILES + 1];
    size_t n_files;
    const char *path;
    struct learn_data data[LEARN_FILES + 1];
    struct train_set *set;
    struct train_result *result;
    struct arena arena;
    struct buf card; /* beside the model */
    size_t bytes;
};

static bool
take_correction(void *ctx, const struct learn_text *text, struct err *err)
{
    struct training *t = ctx;
    return learn_train_add(t->set, text, &t->origin, err);
}

static bool
read_corrections(struct training *t, const struct ctl *ctl, struct err *err)
{
    struct learn_corrections *c = &t->corrections;
    c->task = t->origin.task;
    if (!learn_corrections_each(ctl, c, take_correction, t, err))
        return false;
    struct learn_data *data = &t->data[t->n_files];
    data->file = "complaints.routed";
    data->count.lines = c->corrected;
    data->count.rows = c->rows;
    t->origin.n_data = t->n_files + 1;
    fprintf(stderr,
            "redress: %lld complaints with a corrected %s: %lld to learn from, left out: "
            "%lld of erased customers, %lld merged, %lld without text\n",
            (long long)c->corrected, c->task, (long long)c->rows, (long long)c->erased,
            (long long)c->merged, (long long)c->no_text);
    return true;
}

static bool
read_all(struct training *t, const struct ctl *ctl, struct err *err)
{
    t->origin.data = t->data;
    t->origin.n_data = t->n_files;
    return learn_train_files(t->set, &t->fields, t->files, t->n_files, t->data,
                             &t->origin, err) &&
           (!t->from_corrections || read_corrections(t, ctl, err));
}

static bool
write_model(struct training *t, struct err *err)
{
    CLEANUP(buf_release) struct buf card = {0};
    CLEANUP(buf_release) struct buf bytes = {.max_bytes = (size_t)4 << 30};
    struct model_header header;
    learn_card(&t->origin, t->result, 0, &card);
    t->result->parts.task = str_from(t->origin.task);
    t->result->parts.card = buf_str(&card);
    if (!model_write(&t->result->parts, &bytes) || bytes.len < sizeof(header))
        return err_set(err, ERR_STOP, "the model would be larger than 4 GiB");
    memcpy(&header, bytes.ptr, sizeof(header));
    learn_card(&t->origin, t->result, header.checksum, &t->card);
    buf_add_char(&t->card, '\n');
    t->bytes = bytes.len;
    return learn_out_write(t->path, buf_str(&bytes), buf_str(&t->card), err);
}

static enum ctl_exit
report(const struct ctl *ctl, struct training *t)
{
    CLEANUP(buf_release) struct buf out = {0};
    if (ctl->json)
        (void)buf_add_str(&out, buf_str(&t->card));
    else if (learn_card_show(buf_str(&t->card), &out))
        buf_printf(&out, "\n%s: %.1f MiB\n", t->path, (double)t->bytes / 1048576);
    return ctl_print(&out) ? CTL_OK : CTL_WRONG;
}

static bool
train_and_write(struct training *t, const struct ctl *ctl, struct err *err)
{
    const struct features_table *table = features_table_new(&t->arena, err);
    if (!table)
        return false;
    t->set = train_set_new(table, &t->arena);
    t->result = ARENA_NEW(&t->arena, struct train_result);
    t->options.progress = learn_progress;
    bool ok = read_all(t, ctl, err);
    if (ok && !train_run(t->set, &t->options, t->result, err))
        ok = learn_say_more(err, t->from_corrections);
    ok = ok && write_model(t, err);
    train_set_drop(t->set);
    return ok;
}

static bool
read_time(const char *option, const char *text, int64_t *ret_ms, enum ctl_exit *ret_exit)
{
    if (!text || time_parse_any(str_from(text), ret_ms))
        return true;
    *ret_exit = ctl_usage("%s takes a date or a time, as 2026-11-22", option);
    return false;
}

static bool
read_options(struct ctl *ctl, struct training *t, enum ctl_exit *ret_exit)
{
    const char *choice = NULL;
    const char *max_features = NULL;
    const char *since = NULL;
    int64_t max_rows = 0;
    int64_t date_ms = 0;
    size_t n_paths = 0;
    const struct ctl_option known[] = {
        {"task", &t->origin.task, NULL},
        {"licence", &t->origin.licence, NULL},
        {"source", &t->origin.source, NULL},
        {"date", &t->origin.date, NULL},
        {"label-field", &t->fields.label, NULL},
        {"text-field", &t->fields.text, NULL},
        {"map", &t->fields.map_file, NULL},
        {"choice", &choice, NULL},
        {"max-features", &max_features, NULL},
        {"from-corrections", NULL, &t->from_corrections},
        {"since", &since, NULL},
    };
    if (!learn_take(ctl, "--output", "-o", &t->path, 1, &n_paths, ret_exit) ||
        !learn_take(ctl, "--labels", NULL, t->files, LEARN_FILES, &t->n_files,
                    ret_exit) ||
        !ctl_options(ctl, known, COUNT_OF(known), 0, (int)(LEARN_FILES - t->n_files),
                     ret_exit) ||
        !ctl_number("--max-features", max_features, 100, MODEL_ROWS, &max_rows,
                    ret_exit) ||
        !learn_choice(choice, &t->options, ret_exit) ||
        !read_time("--since", since, &t->corrections.since_ms, ret_exit) ||
        !learn_is_text("--task", t->origin.task, MODEL_NAME_BYTES, ret_exit) ||
        !learn_is_text("--licence", t->origin.licence, LEARN_SAID_BYTES, ret_exit) ||
        !learn_is_text("--source", t->origin.source, LEARN_SAID_BYTES, ret_exit) ||
        !read_time("--date", t->origin.date, &date_ms, ret_exit))
        return false;
    for (int i = 0; i < ctl->argc; i++)
        t->files[t->n_files++] = ctl->argv[i];
    t->options.max_rows = (uint32_t)max_rows;
    *ret_exit = CTL_USAGE;
    if (!t->origin.task || !*t->origin.task || !t->path ||
        (t->n_files == 0 && !t->from_corrections))
        (void)ctl_usage("train needs --task NAME, -o MODEL, and --labels FILE or "
                        "--from-corrections");
    else if (t->from_corrections && !learn_corrections_know(t->origin.task))
        (void)ctl_usage("corrections speak of kind, product, issue and severity, not of "
                        "\"%.40s\"",
                        t->origin.task);
    else if (since && !t->from_corrections)
        (void)ctl_usage("--since goes with --from-corrections");
    else
        return true;
    return false;
}

enum ctl_exit
cmd_train(struct ctl *ctl)
{
    struct err err = {0};
    enum ctl_exit status = CTL_OK;
    struct training *t = calloc(1, sizeof(*t));
    BUG_IF(!t);
    t->fields.labelled = true;
    t->fields.need_text = true;
    t->options.wanted = 0.95;
    t->origin.wanted = t->options.wanted;
    t->origin.first_ms = TIME_NONE;
    t->origin.last_ms = TIME_NONE;
    t->corrections.since_ms = INT64_MIN;
    arena_init(&t->arena, LEARN_ARENA_BYTES);
    if (read_options(ctl, t, &status)) {
        bool ok = learn_fields_load(&t->fields, &err) && learn_out_check(t->path, &err) &&
                  train_and_write(t, ctl, &err);
        status = ok ? report(ctl, t) : ctl_fail(&err);
    }
    learn_fields_release(&t->fields);
    buf_release(&t->card);
    arena_release(&t->arena);
    free(t);
    return status;
}
