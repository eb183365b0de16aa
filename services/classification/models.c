/* What the models say of a text; loading is in models_load.c. */
#include "classification/models.h"

#include <math.h>

#include "gen/kind.h"

static const char *const task_names[TASK_COUNT] = {
    "language", "kind",      "product",          "issue",
    "severity", "sentiment", "double_deviation", "desired_remedy",
};

struct str
task_name(enum task task)
{
    BUG_IF(task >= TASK_COUNT);
    return str_from(task_names[task]);
}

enum task
task_of(struct str name)
{
    int task = 0;
    while (task < TASK_COUNT && !str_eq(str_from(task_names[task]), name))
        task++;
    return (enum task)task;
}

void
models_room_release(struct models_room *room)
{
    arena_release(&room->arena);
    room->max_rows = 0;
}

/* After a reload a model may have more rows than the room has places for. */
static void
make_room(struct models_room *room, uint32_t max_rows)
{
    if (room->max_rows >= max_rows && room->max_rows > 0)
        return;
    arena_release(&room->arena);
    room->max_rows = max_rows;
    room->text = ARENA_NEW(&room->arena, struct features_scratch);
    model_scratch_new(&room->scratch, max_rows, &room->arena);
}

bool
models_read(const struct models *models, struct models_room *room, struct str subject,
            struct str text)
{
    if (models->n == 0 || (str_empty(subject) && str_empty(text)))
        return false;
    BUG_IF(!room);
    make_room(room, models->max_rows);
    features_read(models->table, subject, text, room->text);
    return room->text->n_word_gram > 0;
}

unsigned
models_language(struct str language)
{
    if (str_eq(language, STR("zh")))
        return MODELS_ZH;
    return str_eq(language, STR("en")) ? MODELS_EN : MODELS_OTHER;
}

static const struct models_entry *
entry_of(const struct models *models, enum task task, struct str language)
{
    for (size_t i = 0; i < models->n; i++) {
        const struct models_entry *entry = &models->entry[i];
        if (entry->task == task &&
            (entry->languages == 0 || (entry->languages & models_language(language))))
            return entry;
    }
    return NULL;
}

/* The last bits of expf() are not everywhere the same; rows shall be. */
static double
rounded(double x)
{
    return floor(x * 10000.0 + 0.5) / 10000.0;
}

static double
share_of_complaint(const struct models_entry *entry, const struct model_answer *answer)
{
    double share = 0;
    for (uint32_t i = 0; i < entry->model.header->n_labels; i++)
        if (entry->label[i].value == KIND_COMPLAINT)
            share += (double)answer->probability[i];
    return rounded(share);
}

void
models_ask(const struct models *models, struct models_room *room, enum task task,
           struct str language, bool reasons, struct arena *arena,
           struct models_answer *ret)
{
    const struct models_entry *entry = entry_of(models, task, language);
    *ret = (struct models_answer){.entry = entry};
    if (!entry)
        return;
    const struct model_answer *answer = &room->answer;
    room->scratch.no_reasons = !reasons;
    model_classify(&entry->model, room->text, &room->scratch, &room->answer);
    ret->label = entry->label[answer->label].code;
    ret->value = entry->label[answer->label].value;
    ret->nothing = entry->label[answer->label].nothing;
    ret->confidence = rounded((double)answer->confidence);
    ret->sure = answer->known && ret->confidence >= rounded(entry->threshold);
    if (task == TASK_KIND) {
        ret->complaint = share_of_complaint(entry, answer);
        ret->beside =
            ret->complaint / rounded((double)answer->probability[answer->label]);
    }
    for (size_t i = 0; reasons && i < answer->n_reasons; i++)
        ret->reasons[ret->n_reasons++] = arena_str(arena, answer->reason[i].text);
}
