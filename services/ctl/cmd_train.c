/* train: from labelled lines to a model and its card. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "ctl/learn.h"

struct training {
    struct train_set *set;
    struct learn_data data[LEARN_FILES];
    size_t n_data;
    struct arena arena;
    bool terminal;
};

static void
show(void *ctx, const char *what, uint32_t done, uint32_t of)
{
    const struct training *training = ctx;
    if (training->terminal)
        fprintf(stderr, "\r%-12s %3u of %u%s", what, done, of, done == of ? "\n" : "");
}

static bool
take(void *ctx, const struct learn_text *text, struct err *err)
{
    struct training *training = ctx;
    training->data[training->n_data].rows++;
    return train_add(training->set, text->subject, text->text, text->label, text->time_ms,
                     err);
}

static bool
read_all(struct training *training, const char *const *files, size_t n, struct err *err)
{
    for (size_t i = 0; i < n; i++) {
        struct learn_data *data = &training->data[i];
        *data = (struct learn_data){.file = files[i]};
        if (strcmp(files[i], "-") != 0 && !learn_hash(files[i], data->sha256, err))
            return false;
        if (!learn_each(files[i], true, take, training, &data->left_out, err))
            return false;
        training->n_data++;
    }
    return true;
}

/* Beside its place and then moved: a service never maps half a model. */
static bool
write_file(const char *path, const char *suffix, struct str bytes, struct err *err)
{
    CLEANUP(buf_release) struct buf name = {0};
    CLEANUP(buf_release) struct buf fresh = {0};
    buf_printf(&name, "%s%s", path, suffix);
    buf_printf(&fresh, "%s.new", name.ptr);
    FILE *out = fopen(fresh.ptr, "wb");
    bool ok = out && fwrite(bytes.ptr, 1, bytes.len, out) == bytes.len;
    ok = out && fclose(out) == 0 && ok;
    if (ok && rename(fresh.ptr, name.ptr) == 0)
        return true;
    (void)err_set(err, ERR_STOP, "%.200s cannot be written: %s", name.ptr,
                  strerror(errno));
    (void)remove(fresh.ptr);
    return false;
}

static bool
write_model(const struct learn_origin *origin, struct train_result *result,
            const char *path, size_t *ret_bytes, struct err *err)
{
    CLEANUP(buf_release) struct buf card = {0};
    CLEANUP(buf_release) struct buf bytes = {.max_bytes = (size_t)4 << 30};
    learn_card(origin, result, &card);
    result->parts.task = str_from(origin->task);
    result->parts.card = buf_str(&card);
    if (!model_write(&result->parts, &bytes))
        return err_set(err, ERR_STOP, "the model would be larger than 4 GiB");
    *ret_bytes = bytes.len;
    bool ok = write_file(path, "", buf_str(&bytes), err);
    buf_add_char(&card, '\n');
    return ok && write_file(path, ".card.json", buf_str(&card), err);
}

static enum ctl_exit
report(const struct ctl *ctl, const struct learn_origin *origin,
       const struct train_result *result, const char *path, size_t bytes)
{
    CLEANUP(buf_release) struct buf out = {0};
    CLEANUP(buf_release) struct buf card = {0};
    int64_t left_out = 0;
    for (size_t i = 0; i < origin->n_data; i++)
        left_out += origin->data[i].left_out;
    learn_card(origin, result, &card);
    if (ctl->json)
        buf_printf(&out, "%s\n", card.ptr);
    else if (learn_card_show(buf_str(&card), &out))
        buf_printf(&out, "\n%s: %.1f MiB\n", path, (double)bytes / 1048576);
    if (!ctl_print(&out))
        return CTL_WRONG;
    return left_out ? CTL_WRONG : CTL_OK;
}

/* "C,BALANCE,RATIO,CHARS,TF" */
static bool
parse_choice(const char *text, struct train_options *options, enum ctl_exit *status)
{
    if (!text)
        return true;
    char rest = 0;
    struct train_choice *c = &options->choice;
    options->fixed = sscanf(text, "%lf,%lf,%lf,%lf,%lf%c", &c->c, &c->balance, &c->ratio,
                            &c->chars, &c->tf, &rest) == 5 &&
                     c->c > 0 && c->c <= 1000 && c->balance >= 0 && c->balance <= 2 &&
                     c->ratio >= 0 && c->ratio <= 2 && c->chars > 0 && c->chars <= 10 &&
                     c->tf >= 0 && c->tf <= 2;
    if (!options->fixed)
        *status = ctl_usage("--choice is C,BALANCE,RATIO,CHARS,TF as a card shows it");
    return options->fixed;
}

static enum ctl_exit
train_files(struct ctl *ctl, struct learn_origin *origin, struct train_options *options,
            const char *const *files, size_t n_files, const char *path)
{
    struct err err = {0};
    struct training training = {.terminal = isatty(STDERR_FILENO) != 0};
    struct train_result *result = NULL;
    size_t bytes = 0;
    enum ctl_exit status = CTL_OK;
    arena_init(&training.arena, LEARN_ARENA_BYTES);
    const struct features_table *table = features_table_new(&training.arena, &err);
    bool ok = table != NULL;
    if (ok) {
        training.set = train_set_new(table, &training.arena);
        result = ARENA_NEW(&training.arena, struct train_result);
        options->progress = show;
        options->progress_ctx = &training;
        origin->data = training.data;
        ok = read_all(&training, files, n_files, &err);
        origin->n_data = training.n_data;
        ok = ok && train_run(training.set, options, result, &err) &&
             write_model(origin, result, path, &bytes, &err);
        status = ok ? report(ctl, origin, result, path, bytes) : CTL_OK;
        train_set_drop(training.set);
        options->progress_ctx = NULL; /* both end with this function */
        origin->data = NULL;
        origin->n_data = 0;
    }
    if (!ok)
        status = ctl_fail(&err);
    arena_release(&training.arena);
    return status;
}

enum ctl_exit
cmd_train(struct ctl *ctl)
{
    struct learn_origin origin = {.wanted = 0.95};
    struct train_options options = {.wanted = 0.95};
    const char *files[LEARN_FILES + 1] = {0};
    const char *path = NULL;
    const char *choice = NULL;
    const char *max_features = NULL;
    size_t n_files = 0;
    size_t n_paths = 0;
    int64_t max_rows = 0;
    enum ctl_exit status = CTL_OK;
    const struct ctl_option known[] = {
        {"task", &origin.task, NULL},     {"licence", &origin.licence, NULL},
        {"source", &origin.source, NULL}, {"date", &origin.date, NULL},
        {"choice", &choice, NULL},        {"max-features", &max_features, NULL},
    };
    if (!learn_take(ctl, "--output", "-o", &path, 1, &n_paths, &status) ||
        !learn_take(ctl, "--labels", NULL, files, LEARN_FILES, &n_files, &status) ||
        !ctl_options(ctl, known, COUNT_OF(known), 0, (int)(LEARN_FILES - n_files),
                     &status) ||
        !ctl_number("--max-features", max_features, 100, MODEL_ROWS, &max_rows,
                    &status) ||
        !parse_choice(choice, &options, &status))
        return status;
    for (int i = 0; i < ctl->argc; i++)
        files[n_files++] = ctl->argv[i];
    if (!origin.task || !path || n_files == 0)
        return ctl_usage("train needs --task NAME, --labels FILE and -o MODEL");
    options.max_rows = (uint32_t)max_rows;
    return train_files(ctl, &origin, &options, files, n_files, path);
}
