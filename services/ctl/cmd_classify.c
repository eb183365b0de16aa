/* classify: lines in, one line a model out; --card: what a model is. */
#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "ctl/learn.h"

#define MODELS_MAX 32
#define OUT_BYTES ((size_t)65536)

const char classify_help[] =
    "\n"
    "  In: JSON lines {\"id\", \"text\", \"subject\"}, plain or gzip; out, in their "
    "order and\n"
    "  at once: {\"id\", \"task\", \"label\", \"confidence\", \"needs_review\", "
    "\"reasons\"}, one\n"
    "  line a task.  A line that is damaged is answered on what can be read of it.\n"
    "  --model M     several times: each answers\n"
    "  --models DIR  every model in a folder; with neither, those of the service\n"
    "                (models.json in the policy folder) at its thresholds, labels as\n"
    "                the models name them\n"
    "  --text-field NAME   where the text stands\n"
    "  --card        what the models are: data, licence, date, scores; --json as it "
    "stands\n"
    "  Exit 1 if lines without an id were left out.\n";

struct classifier {
    struct model model[MODELS_MAX];
    struct str path[MODELS_MAX];
    double threshold[MODELS_MAX]; /* of models.json; below 0: the model's own */
    size_t n_models;
    const struct features_table *table;
    struct features_scratch *text;
    struct model_scratch scratch;
    struct model_answer *answer;
    struct arena arena;
    struct buf out;
    bool closed; /* nobody reads standard output */
};

/* As it was given: a string as a string, a number as a number. */
static void
add_id(struct buf *out, const struct learn_value *id)
{
    if (id->type == LEARN_NUMBER || id->type == LEARN_BOOL)
        (void)buf_add_str(out, id->text);
    else
        (void)buf_add_json(out, id->text);
}

/* As %.*f does, in a fifth of the time: it is a tenth of all that is done for a tweet. */
static void
add_fixed(struct buf *out, float value, int places)
{
    char text[32];
    size_t at = sizeof(text);
    int scale = places == 3 ? 1000 : 10000;
    int64_t left = llround(fabs((double)value) * scale);
    bool minus = value < 0 && left > 0;
    for (int i = 0; i <= places || left > 0; i++, left /= 10) {
        if (i == places)
            text[--at] = '.';
        text[--at] = (char)('0' + left % 10);
    }
    if (minus)
        text[--at] = '-';
    (void)buf_add(out, text + at, sizeof(text) - at);
}

static void
add_answer(struct buf *out, const struct model *model, const struct learn_value *id,
           const struct model_answer *answer)
{
    (void)buf_add_str(out, STR("{\"id\":"));
    add_id(out, id);
    (void)buf_add_str(out, STR(",\"task\":"));
    (void)buf_add_json(out, model_task(model));
    (void)buf_add_str(out, STR(",\"label\":"));
    (void)buf_add_json(out, model_label_name(model, answer->label));
    (void)buf_add_str(out, STR(",\"confidence\":"));
    add_fixed(out, answer->confidence, 4);
    (void)buf_add_str(out, answer->sure ? STR(",\"needs_review\":false,\"reasons\":[")
                                        : STR(",\"needs_review\":true,\"reasons\":["));
    for (size_t i = 0; i < answer->n_reasons; i++) {
        (void)buf_add_str(out, i ? STR(",{\"text\":") : STR("{\"text\":"));
        (void)buf_add_json(out, answer->reason[i].text);
        (void)buf_add_str(out, STR(",\"weight\":"));
        add_fixed(out, answer->reason[i].weight, 3);
        (void)buf_add_char(out, '}');
    }
    (void)buf_add_str(out, STR("]}\n"));
}

static bool
flush(void *ctx)
{
    struct classifier *c = ctx;
    c->closed = c->closed || !ctl_print(&c->out) || fflush(stdout) != 0;
    return !c->closed;
}

/* At models.json's threshold as the service compares it, with four decimals. */
static bool
is_sure(const struct model_answer *answer, double threshold)
{
    if (threshold < 0)
        return answer->sure;
    return answer->known && floor((double)answer->confidence * 10000.0 + 0.5) >=
                                floor(threshold * 10000.0 + 0.5);
}

static bool
take(void *ctx, const struct learn_text *text, struct err *err)
{
    struct classifier *c = ctx;
    features_read(c->table, text->subject, text->text, c->text);
    for (size_t i = 0; i < c->n_models; i++) {
        model_classify(&c->model[i], c->text, &c->scratch, c->answer);
        c->answer->sure = is_sure(c->answer, c->threshold[i]);
        add_answer(&c->out, &c->model[i], &text->id, c->answer);
    }
    if (c->out.len > OUT_BYTES && !flush(c))
        return err_set(err, ERR_DEAD_LETTER, "standard output is closed");
    return true;
}

/* --- models ------------------------------------------------------------------------- */

static bool
open_model(struct classifier *c, struct str path, struct err *err)
{
    if (c->n_models == MODELS_MAX)
        return err_set(err, ERR_STOP, "at most %d models at once", MODELS_MAX);
    c->path[c->n_models] = path;
    c->threshold[c->n_models] = -1;
    if (!model_open(&c->model[c->n_models], path.ptr, err))
        return false;
    c->n_models++;
    return true;
}

static bool
is_model(const char *path)
{
    char magic[8] = {0};
    FILE *in = fopen(path, "rb");
    bool is = in && fread(magic, 1, sizeof(magic), in) == sizeof(magic) &&
              memcmp(magic, "REDRESSM", sizeof(magic)) == 0;
    if (in)
        (void)fclose(in);
    return is;
}

/* By name, so that the answers' order does not depend on the disk. */
static bool
open_folder(struct classifier *c, const char *dir, struct err *err)
{
    struct dirent **names = NULL;
    size_t before = c->n_models;
    int n = scandir(dir, &names, NULL, alphasort);
    if (n < 0)
        return err_set(err, ERR_STOP, "%.200s: %s", dir, strerror(errno));
    bool ok = true;
    for (int i = 0; i < n; i++) {
        struct str path = arena_printf(&c->arena, "%s/%s", dir, names[i]->d_name);
        if (ok && is_model(path.ptr))
            ok = open_model(c, path, err);
        free(names[i]);
    }
    free(names);
    if (ok && c->n_models == before)
        return err_set(err, ERR_STOP, "no model lies in %.200s", dir);
    return ok;
}

/* Those that the service uses: named in models.json of the policy folder. */
static bool
open_service(struct classifier *c, const char *policy_dir, struct err *err)
{
    size_t i;
    const json_t *entry;
    json_error_t fault;
    struct str path = arena_printf(&c->arena, "%s/models.json", policy_dir);
    json_t *root = json_load_file(path.ptr, 0, &fault);
    bool ok = true;
    json_array_foreach(json_object_get(root, "models"), i, entry)
    {
        const char *file = json_string_value(json_object_get(entry, "file"));
        const json_t *threshold = json_object_get(entry, "threshold");
        if (!ok || !file)
            continue;
        ok = open_model(c, arena_printf(&c->arena, "%s/%s", policy_dir, file), err);
        if (ok && json_is_number(threshold))
            c->threshold[c->n_models - 1] = json_number_value(threshold);
    }
    json_decref(root);
    if (ok && c->n_models == 0)
        return err_set(err, ERR_STOP,
                       "classify needs --model MODEL or --models DIR; %.200s names none",
                       path.ptr);
    return ok;
}

static bool
open_models(struct classifier *c, const char *const *paths, size_t n, const char *dir,
            const char *policy_dir, struct err *err)
{
    for (size_t i = 0; i < n; i++)
        if (!open_model(c, arena_str(&c->arena, str_from(paths[i])), err))
            return false;
    if (dir && !open_folder(c, dir, err))
        return false;
    if (n == 0 && !dir && !open_service(c, policy_dir, err))
        return false;
    uint32_t most = 1;
    for (size_t i = 0; i < c->n_models; i++)
        if (c->model[i].header->n_rows > most)
            most = c->model[i].header->n_rows;
    model_scratch_new(&c->scratch, most, &c->arena);
    return true;
}

static enum ctl_exit
show_cards(const struct ctl *ctl, struct classifier *c)
{
    CLEANUP(buf_release) struct buf card = {0};
    bool ok = true;
    for (size_t i = 0; i < c->n_models; i++) {
        ok = learn_card_find(c->path[i].ptr, &c->model[i], &card) && ok;
        if (i > 0 && !ctl->json)
            buf_add_char(&c->out, '\n');
        if (ctl->json)
            buf_printf(&c->out, "%s\n", buf_str(&card).ptr);
        else
            ok = learn_card_show(buf_str(&card), &c->out) && ok;
    }
    if (!ctl_print(&c->out))
        return CTL_WRONG;
    return ok ? CTL_OK : ctl_usage("a model has no card");
}

static enum ctl_exit
classify_files(struct ctl *ctl, struct classifier *c, const struct learn_fields *fields,
               struct err *err)
{
    static char dash[] = "-";
    static char *stdin_only[] = {dash};
    char **files = ctl->argc ? ctl->argv : stdin_only;
    int n_files = ctl->argc ? ctl->argc : 1;
    int64_t left_out = 0;
    struct learn_reader reader = {.fn = take, .idle = flush, .ctx = c};
    bool ok = true;
    for (int i = 0; ok && !c->closed && i < n_files; i++) {
        struct learn_count count;
        ok = learn_each(files[i], fields, &reader, &count, err);
        left_out += learn_left_out(&count);
        (void)flush(c);
        learn_tell(files[i], fields, &count);
    }
    if (!ok && !c->closed)
        return ctl_fail(err);
    return left_out || c->closed ? CTL_WRONG : CTL_OK;
}

enum ctl_exit
cmd_classify(struct ctl *ctl)
{
    const char *paths[MODELS_MAX] = {0};
    const char *dir = NULL;
    size_t n_paths = 0;
    bool card = false;
    enum ctl_exit status = CTL_OK;
    struct learn_fields fields = {0};
    const struct ctl_option known[] = {{"card", NULL, &card},
                                       {"models", &dir, NULL},
                                       {"text-field", &fields.text, NULL}};
    if (!learn_take(ctl, "--model", NULL, paths, MODELS_MAX, &n_paths, &status) ||
        !ctl_options(ctl, known, COUNT_OF(known), 0, LEARN_FILES, &status))
        return status;
    struct err err = {0};
    struct classifier *c = calloc(1, sizeof(*c));
    BUG_IF(!c);
    arena_init(&c->arena, LEARN_ARENA_BYTES);
    c->text = ARENA_NEW(&c->arena, struct features_scratch);
    c->answer = ARENA_NEW(&c->arena, struct model_answer);
    bool ok = open_models(c, paths, n_paths, dir, ctl->settings.policy_dir, &err);
    if (ok && !card) {
        c->table = features_table_new(&c->arena, &err);
        ok = c->table != NULL;
    }
    if (!ok)
        status = ctl_fail(&err);
    else
        status = card ? show_cards(ctl, c) : classify_files(ctl, c, &fields, &err);
    for (size_t i = 0; i < c->n_models; i++)
        model_close(&c->model[i]);
    buf_release(&c->out);
    arena_release(&c->arena);
    free(c);
    return status;
}
