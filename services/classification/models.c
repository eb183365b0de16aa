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
    model_pool_text_new(&room->pooled, max_rows, &room->arena);
}

bool
models_read(const struct models *models, struct models_room *room, unsigned tasks,
            struct str subject, struct str text)
{
    if (models->n == 0 || (str_empty(subject) && str_empty(text)))
        return false;
    BUG_IF(!room);
    if (room->max_rows > 0)
        model_pool_end(&room->scratch, &room->pooled);
    make_room(room, models->max_rows);
    features_read(models->table, subject, text, room->text);
    room->tasks = tasks;
    if (room->text->n_word_gram == 0)
        return false;
    if (models->pool)
        model_pool_begin(models->pool, room->text, &room->scratch, &room->pooled);
    return true;
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

/* The models that will be asked in this language, as far as that is known: null, while
 * the language itself is asked for. */
static uint32_t
asked_with(const struct models *models, const struct models_entry *entry, unsigned tasks,
           struct str language)
{
    uint32_t asked = 0;
    for (size_t i = 0; i < models->n; i++) {
        const struct models_entry *other = &models->entry[i];
        bool speaks =
            other->languages == 0 ||
            (!str_is_null(language) && (other->languages & models_language(language)));
        if (other == entry || (speaks && (tasks & MODELS_TASK(other->task))))
            asked |= UINT32_C(1) << i;
    }
    return asked;
}

/* The answer without reasons, from the pool. Gives the second label. */
static uint32_t
answer_pooled(const struct models *models, struct models_room *room,
              const struct models_entry *entry, struct str language)
{
    size_t i = (size_t)(entry - models->entry);
    if (!(room->pooled.scored & UINT32_C(1) << i))
        model_pool_score(models->pool, asked_with(models, entry, room->tasks, language),
                         &room->scratch, &room->pooled);
    return model_pool_answer(models->pool, i, &room->scratch, &room->pooled,
                             &room->answer);
}

static void
answer_alone(const struct models *models, struct models_room *room,
             const struct models_entry *entry, bool reasons)
{
    if (models->pool)
        model_pool_end(&room->scratch, &room->pooled);
    room->scratch.no_reasons = !reasons;
    model_classify(&entry->model, room->text, &room->scratch, &room->answer);
}

static void
take_reasons(const struct model_answer *answer, struct arena *arena,
             struct models_answer *ret)
{
    for (size_t i = 0; i < answer->n_reasons; i++)
        ret->reasons[ret->n_reasons++] = arena_str(arena, answer->reason[i].text);
}

void
models_why(const struct models *models, struct arena *arena, struct models_answer *answer)
{
    struct models_room *room = answer->later;
    if (!room)
        return;
    BUG_IF(room->pooled.round != answer->text || room->pooled.n_hit == 0);
    answer->later = NULL;
    room->answer.label = answer->best;
    room->answer.n_reasons = 0;
    model_pool_explain(models->pool, (size_t)(answer->entry - models->entry),
                       answer->second, room->text, &room->scratch, &room->pooled,
                       &room->answer);
    take_reasons(&room->answer, arena, answer);
}

void
models_ask(const struct models *models, struct models_room *room, enum task task,
           struct str language, enum models_reasons reasons, struct arena *arena,
           struct models_answer *ret)
{
    const struct models_entry *entry = entry_of(models, task, language);
    *ret = (struct models_answer){.entry = entry};
    if (!entry)
        return;
    const struct model_answer *answer = &room->answer;
    if (models->pool && !room->pooled.shares) {
        ret->second = answer_pooled(models, room, entry, language);
        ret->best = answer->label;
        ret->text = room->pooled.round;
        if (reasons != MODELS_NO_REASONS && room->pooled.n_hit > 0)
            ret->later = room;
    } else {
        answer_alone(models, room, entry, reasons != MODELS_NO_REASONS);
        take_reasons(answer, arena, ret);
    }
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
    if (reasons == MODELS_REASONS)
        models_why(models, arena, ret);
}
