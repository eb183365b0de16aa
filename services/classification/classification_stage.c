/* The adapter: a record a complaint, its section on every event. */
#include "classification/stages.h"

#include "base/times.h"
#include "classification/classification.h"
#include "classification/classification_metrics.h"
#include "gen/classification_case.h"

static struct str
case_key(struct arena *arena, struct str complaint_id)
{
    return arena_printf(arena, "c:%.*s", STR_ARG(complaint_id));
}

static bool
load_case(struct turn *turn, struct str complaint_id, struct classification_case *ret,
          bool *ret_found, struct err *err)
{
    return turn_load(turn, case_key(turn_arena(turn), complaint_id),
                     &classification_case_wire, ret, ret_found, err);
}

static bool
save_case(struct turn *turn, struct str complaint_id, const struct classification_case *c,
          struct err *err)
{
    return turn_save(turn, case_key(turn_arena(turn), complaint_id),
                     &classification_case_wire, c, TIME_NONE, err);
}

/* The customer's own words on a later event; ours (responded) are none of them. */
static struct str
words_of(const struct complaint_event *ev)
{
    const struct action *a = ev->action;
    switch (ev->type) {
    case EVENT_TYPE_COMPLAINT_MESSAGE:
        if (a && !str_is_null(a->text))
            return a->text;
        return ev->submission ? ev->submission->text : STR_NULL;
    case EVENT_TYPE_COMPLAINT_REMEDY_REFUSED:
    case EVENT_TYPE_COMPLAINT_REOPENED:
        return a ? a->reason : STR_NULL;
    case EVENT_TYPE_COMPLAINT_RATED:
        return a ? a->comment : STR_NULL;
    default:
        return STR_NULL;
    }
}

/* A case that begins: with its submission, or as the late reopening of another, which
 * lends it what is known. */
static bool
begin(struct turn *turn, const struct complaint_event *ev,
      struct classification_case *ret, struct err *err)
{
    const struct classification_policy *policy = turn_policy(turn);
    static const struct submission nothing = {.channel = CHANNEL_UNKNOWN};
    bool found = false;
    if (!ev->submission && ev->register_ &&
        !str_empty(ev->register_->previous_complaint_id) &&
        !load_case(turn, ev->register_->previous_complaint_id, ret, &found, err))
        return false;
    if (!found)
        classification_submit(policy, turn_room(turn),
                              ev->submission ? ev->submission : &nothing,
                              turn_arena(turn), &ret->section);
    return true;
}

/* What the merged case raised goes on at the target. */
static bool
merge(struct turn *turn, const struct complaint_event *ev,
      const struct classification_case *from, struct err *err)
{
    struct classification_case into;
    bool found = false;
    struct str target = ev->register_ ? ev->register_->merged_into : STR_NULL;
    if (ev->type != EVENT_TYPE_COMPLAINT_MERGED || str_empty(target) ||
        str_eq(target, ev->complaint_id))
        return true;
    if (!load_case(turn, target, &into, &found, err))
        return false;
    if (!found)
        return true;
    classification_merge(turn_policy(turn), &from->section, turn_arena(turn),
                         &into.section);
    return save_case(turn, target, &into, err);
}

static bool
on_event(struct turn *turn, const struct complaint_event *ev, struct err *err)
{
    const struct classification_policy *policy = turn_policy(turn);
    struct arena *arena = turn_arena(turn);
    struct classification_case c;
    bool found = false;
    if (str_empty(ev->complaint_id))
        return turn_emit(turn, ev, err);
    if (!load_case(turn, ev->complaint_id, &c, &found, err))
        return false;
    if (!found && !ev->register_)
        return turn_emit(turn, ev, err); /* nothing is known of it */

    struct classification_section before =
        found ? c.section : (struct classification_section){.n_findings = 0};
    struct str words = words_of(ev);
    bool save = !found || !str_empty(words);
    if (!found && !begin(turn, ev, &c, err))
        return false;
    if (found)
        c.section.message_sentiment = 0;
    if (!str_empty(words))
        classification_message(policy, turn_room(turn), words, arena, &c.section);
    if (ev->type == EVENT_TYPE_COMPLAINT_CORRECTED && ev->action) {
        classification_correct(policy, ev->action, arena, &c.section);
        save = true;
    }
    if (save)
        classification_measure(turn, ev, found ? &before : NULL, &c.section);
    struct complaint_event out = *ev;
    out.classification = &c.section;
    return (!save || save_case(turn, ev->complaint_id, &c, err)) &&
           merge(turn, ev, &c, err) && turn_emit(turn, &out, err);
}

static void *
policy_load(const char *dir, struct err *err)
{
    return classification_policy_load(dir, err);
}

static void
policy_free(void *policy)
{
    classification_policy_free(policy);
}

static void
room_release(void *room)
{
    models_room_release(room);
}

static const struct stage_output outputs[] = {{"complaints.classified", true}};

const struct stage_def classification_stage = {
    .service = "classification",
    .name = "classification",
    .input = "complaints.received",
    .outputs = outputs,
    .n_outputs = COUNT_OF(outputs),
    .forward_ticks = true,
    .on_event = on_event,
    .room_bytes = sizeof(struct models_room),
    .room_release = room_release,
    .policy_load = policy_load,
    .policy_free = policy_free,
    .metrics = classification_metrics,
    .n_metrics = CLASSIFICATION_METRICS,
};
