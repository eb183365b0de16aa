/* classify: lines in, one line a model out; --card: what a model is. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "ctl/learn.h"

#define MODELS_MAX 16

struct classifier {
    struct model model[MODELS_MAX];
    size_t n_models;
    const struct features_table *table;
    struct features_scratch *text;
    struct model_scratch scratch;
    struct model_answer *answer;
    struct arena arena;
    struct buf out;
};

static void
add_answer(struct buf *out, const struct model *model, struct str id,
           const struct model_answer *answer)
{
    buf_add_c(out, "{\"id\":");
    (void)buf_add_json(out, id);
    buf_add_c(out, ",\"task\":");
    (void)buf_add_json(out, model_task(model));
    buf_add_c(out, ",\"label\":");
    (void)buf_add_json(out, model_label_name(model, answer->label));
    buf_printf(out, ",\"confidence\":%.4f,\"needs_review\":%s,\"reasons\":[",
               (double)answer->confidence, answer->sure ? "false" : "true");
    for (size_t i = 0; i < answer->n_reasons; i++) {
        buf_add_c(out, i ? ",{\"text\":" : "{\"text\":");
        (void)buf_add_json(out, answer->reason[i].text);
        buf_printf(out, ",\"weight\":%.3f}", (double)answer->reason[i].weight);
    }
    buf_add_c(out, "]}\n");
}

static bool
take(void *ctx, const struct learn_text *text, struct err *err)
{
    struct classifier *c = ctx;
    features_read(c->table, text->subject, text->text, c->text);
    for (size_t i = 0; i < c->n_models; i++) {
        model_classify(&c->model[i], c->text, &c->scratch, c->answer);
        add_answer(&c->out, &c->model[i], text->id, c->answer);
    }
    if (c->out.len > 60000 && !ctl_print(&c->out))
        return err_set(err, ERR_DEAD_LETTER, "standard output is closed");
    return true;
}

static bool
open_models(struct classifier *c, const char *const *paths, size_t n, struct err *err)
{
    uint32_t most = 1;
    for (size_t i = 0; i < n; i++) {
        if (!model_open(&c->model[i], paths[i], err))
            return false;
        c->n_models++;
        if (c->model[i].header->n_rows > most)
            most = c->model[i].header->n_rows;
    }
    model_scratch_new(&c->scratch, most, &c->arena);
    return true;
}

static enum ctl_exit
show_cards(const struct ctl *ctl, struct classifier *c)
{
    bool ok = true;
    for (size_t i = 0; i < c->n_models; i++) {
        struct str card = model_card(&c->model[i]);
        if (i > 0 && !ctl->json)
            buf_add_char(&c->out, '\n');
        if (ctl->json)
            buf_printf(&c->out, "%.*s\n", STR_ARG(card));
        else
            ok = learn_card_show(card, &c->out) && ok;
    }
    if (!ctl_print(&c->out))
        return CTL_WRONG;
    return ok ? CTL_OK : ctl_usage("a model has no card");
}

static enum ctl_exit
classify_files(struct ctl *ctl, struct classifier *c, struct err *err)
{
    static char dash[] = "-";
    static char *stdin_only[] = {dash};
    char **files = ctl->argc ? ctl->argv : stdin_only;
    int n_files = ctl->argc ? ctl->argc : 1;
    int64_t left_out = 0;
    bool ok = true;
    for (int i = 0; ok && i < n_files; i++)
        ok = learn_each(files[i], false, take, c, &left_out, err);
    bool written = ctl_print(&c->out);
    if (!ok)
        return ctl_fail(err);
    return left_out || !written ? CTL_WRONG : CTL_OK;
}

enum ctl_exit
cmd_classify(struct ctl *ctl)
{
    const char *paths[MODELS_MAX] = {0};
    size_t n_paths = 0;
    bool card = false;
    enum ctl_exit status = CTL_OK;
    const struct ctl_option known[] = {{"card", NULL, &card}};
    if (!learn_take(ctl, "--model", NULL, paths, MODELS_MAX, &n_paths, &status) ||
        !ctl_options(ctl, known, COUNT_OF(known), 0, LEARN_FILES, &status))
        return status;
    if (n_paths == 0)
        return ctl_usage("classify needs --model MODEL");
    struct err err = {0};
    struct classifier *c = calloc(1, sizeof(*c));
    BUG_IF(!c);
    arena_init(&c->arena, LEARN_ARENA_BYTES);
    c->text = ARENA_NEW(&c->arena, struct features_scratch);
    c->answer = ARENA_NEW(&c->arena, struct model_answer);
    bool ok = open_models(c, paths, n_paths, &err);
    if (ok && !card) {
        c->table = features_table_new(&c->arena, &err);
        ok = c->table != NULL;
    }
    if (!ok)
        status = ctl_fail(&err);
    else
        status = card ? show_cards(ctl, c) : classify_files(ctl, c, &err);
    for (size_t i = 0; i < c->n_models; i++)
        model_close(&c->model[i]);
    buf_release(&c->out);
    arena_release(&c->arena);
    free(c);
    return status;
}
