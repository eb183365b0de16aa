/* The adapter: state in and out, the section on every event, timers.  All rules are in
 * triage.c (score), triage_facts.c (what happened) and triage_customer.c (whose). */
#include "triage/stages.h"

#include "base/times.h"
#include "gen/priority.h"
#include "ident/ident.h"
#include "triage/triage.h"
#include "triage/triage_customer.h"
#include "triage/triage_facts.h"
#include "triage/triage_lists.h"

/* What one turn works on. */
struct work {
    struct turn *turn;
    const struct triage_policy *policy;
    struct arena *arena;
    struct str complaint_id;
    struct triage_case c;
    struct triage_customer u;
    bool u_changed;
    struct triage_section section;
};

static struct str
case_key(struct arena *arena, struct str complaint_id)
{
    return arena_printf(arena, "c:%.*s", STR_ARG(complaint_id));
}

static bool
load_case(struct turn *turn, struct str complaint_id, struct triage_case *ret,
          bool *ret_found, struct err *err)
{
    return turn_load(turn, case_key(turn_arena(turn), complaint_id), &triage_case_wire,
                     ret, ret_found, err);
}

static bool
save_case(struct work *w, struct err *err)
{
    return turn_save(w->turn, case_key(w->arena, w->complaint_id), &triage_case_wire,
                     &w->c, triage_next_due(w->policy, &w->c), err);
}

/* A customer without a file has an empty one. */
static bool
load_customer(struct turn *turn, struct str hash, struct triage_customer *ret,
              struct err *err)
{
    bool found = false;
    *ret = (struct triage_customer){0};
    if (str_empty(hash))
        return true;
    return turn_load(turn, arena_printf(turn_arena(turn), "u:%.*s", STR_ARG(hash)),
                     &triage_customer_wire, ret, &found, err);
}

static bool
save_customer(struct turn *turn, struct str hash, const struct triage_customer *u,
              struct err *err)
{
    if (str_empty(hash))
        return true;
    return turn_save(turn, arena_printf(turn_arena(turn), "u:%.*s", STR_ARG(hash)),
                     &triage_customer_wire, u, TIME_NONE, err);
}

/* Scores at the case's time and says what changed. True if priority or class did. */
static bool
rescore(struct work *w, const char *what)
{
    enum priority priority = w->c.priority;
    enum triage_class triage_class = w->c.triage_class;
    struct triage_section *s = &w->section;
    triage_score(w->policy, &w->c, &w->u, w->c.last_at, w->arena, s);
    w->c.priority = s->priority;
    w->c.triage_class = s->triage_class;
    if (priority == PRIORITY_NONE ||
        (priority == s->priority && triage_class == s->triage_class))
        return false;
    s->has_before = true;
    s->before = priority;
    s->why = arena_printf(w->arena, "%.60s: %s %s to %s %s, score %.2f", what,
                          priority_name(priority), triage_class_name(triage_class),
                          priority_name(s->priority), triage_class_name(s->triage_class),
                          s->score);
    return true;
}

/* An event of our own on the complaint: section and envelope, nothing else. */
static bool
emit_own(struct work *w, enum event_type type, struct str cause, int64_t at,
         struct err *err)
{
    w->c.fired++;
    struct str key = case_key(w->arena, w->complaint_id);
    struct complaint_event ev = {
        .event_id = ident_child_id(w->arena, key, str_from(event_type_name(type)),
                                   w->c.fired, at),
        .type = type,
        .stage = STAGE_TRIAGE,
        .complaint_id = w->complaint_id,
        .customer_key = w->c.customer_key,
        .customer_hash = w->c.customer_hash,
        .occurred_at = at,
        .recorded_at = turn_is_wall(w->turn) ? turn_now_ms(w->turn) : at,
        .cause = cause,
        .triage = &w->section,
    };
    return turn_emit(w->turn, &ev, err);
}

/* --- events of a complaint ------------------------------------------------------------
 */

static bool
move_promises(struct work *w, const struct complaint_event *ev, struct err *err)
{
    struct work target = {.turn = w->turn, .policy = w->policy, .arena = w->arena};
    target.complaint_id = ev->register_ ? ev->register_->merged_into : STR_NULL;
    if (str_empty(target.complaint_id) && ev->action)
        target.complaint_id = ev->action->into;
    bool found = false;
    if (w->c.n_promises == 0 || str_empty(target.complaint_id))
        return true;
    if (!load_case(w->turn, target.complaint_id, &target.c, &found, err))
        return false;
    if (!found)
        return true;
    triage_move_promises(&w->c, &target.c, w->arena);
    return save_case(&target, err);
}

/* A case that begins: with its submission, or with a late reopening of another. */
static bool
begin(struct work *w, const struct complaint_event *ev, struct err *err)
{
    struct triage_case previous;
    bool found = false;
    if (ev->type == EVENT_TYPE_COMPLAINT_REOPENED &&
        !str_empty(ev->register_->previous_complaint_id) &&
        !load_case(w->turn, ev->register_->previous_complaint_id, &previous, &found, err))
        return false;
    triage_begin(ev, found ? &previous : NULL, &w->c);
    return true;
}

static bool
on_complaint(struct turn *turn, const struct complaint_event *ev, struct err *err)
{
    struct work w = {.turn = turn,
                     .policy = turn_policy(turn),
                     .arena = turn_arena(turn),
                     .complaint_id = ev->complaint_id};
    bool found = false;
    if (!load_case(turn, ev->complaint_id, &w.c, &found, err))
        return false;
    if (!found && !ev->register_)
        return turn_emit(turn, ev, err); /* nothing is known of it */
    struct str hash = found ? w.c.customer_hash : ev->customer_hash;
    if (!load_customer(turn, hash, &w.u, err) || (!found && !begin(&w, ev, err)))
        return false;
    int32_t failed = w.c.failed_recoveries;
    if (ev->customer && triage_customer_update(&w.u, ev->customer))
        w.u_changed = true;

    triage_apply(w.policy, ev, &w.u, w.arena, &w.c);
    if (!found) {
        triage_customer_begin(&w.u, ev->complaint_id, &w.c, w.arena);
        w.u_changed = true;
    }
    if (triage_customer_follow(&w.u, ev->complaint_id, &w.c, failed, w.arena))
        w.u_changed = true;
    if (w.c.state == STATE_MERGED && !move_promises(&w, ev, err))
        return false;
    (void)rescore(&w, event_type_name(ev->type));

    struct complaint_event out = *ev;
    out.triage = &w.section;
    return save_case(&w, err) &&
           (!w.u_changed || save_customer(turn, w.c.customer_hash, &w.u, err)) &&
           turn_emit(turn, &out, err);
}

/* --- customers ---------------------------------------------------------------------- */

/* The open cases under what is known now; a changed priority is an event. */
static bool
rescore_open(struct turn *turn, const struct complaint_event *ev,
             const struct triage_customer *u, struct err *err)
{
    for (size_t i = 0; i < u->n_open; i++) {
        struct work w = {.turn = turn,
                         .policy = turn_policy(turn),
                         .arena = turn_arena(turn),
                         .complaint_id = u->open[i],
                         .u = *u};
        bool found = false;
        if (!load_case(turn, w.complaint_id, &w.c, &found, err))
            return false;
        if (!found)
            continue;
        w.c.last_at = i64_max(w.c.last_at, ev->occurred_at);
        if (!rescore(&w, event_type_name(ev->type)))
            continue;
        if (!emit_own(&w, EVENT_TYPE_TRIAGE_CHANGED, ev->event_id, ev->occurred_at,
                      err) ||
            !save_case(&w, err))
            return false;
    }
    return true;
}

static bool
on_customer(struct turn *turn, const struct complaint_event *ev, struct err *err)
{
    struct triage_customer u;
    if (str_empty(ev->customer_hash))
        return turn_emit(turn, ev, err);
    if (!load_customer(turn, ev->customer_hash, &u, err))
        return false;
    if (ev->type == EVENT_TYPE_CUSTOMER_ERASED)
        triage_customer_erase(&u);
    else if (!ev->customer || !triage_customer_update(&u, ev->customer))
        return turn_emit(turn, ev, err);
    return save_customer(turn, ev->customer_hash, &u, err) && turn_emit(turn, ev, err) &&
           rescore_open(turn, ev, &u, err);
}

static bool
on_event(struct turn *turn, const struct complaint_event *ev, struct err *err)
{
    if (!str_empty(ev->complaint_id))
        return on_complaint(turn, ev, err);
    if (ev->type == EVENT_TYPE_CUSTOMER_UPDATED || ev->type == EVENT_TYPE_CUSTOMER_ERASED)
        return on_customer(turn, ev, err);
    return turn_emit(turn, ev, err);
}

/* --- timers ---------------------------------------------------------------------------
 */

static bool
tell(struct work *w, const struct triage_fired *fired, struct err *err)
{
    static const struct {
        enum event_type type;
        const char *what;
    } told[] = {
        [TRIAGE_TIMER_NONE] = {EVENT_TYPE_UNKNOWN, ""},
        [TRIAGE_TIMER_PROMISE] = {EVENT_TYPE_TRIAGE_PROMISE_BROKEN, "promise not kept"},
        [TRIAGE_TIMER_SILENCE] = {EVENT_TYPE_TRIAGE_SILENCE, "no answer"},
        [TRIAGE_TIMER_AGED] = {EVENT_TYPE_TRIAGE_AGED, "age"},
    };
    bool changed = rescore(w, told[fired->timer].what);
    /* A step of age that moves nothing is not worth an event. */
    if (fired->timer == TRIAGE_TIMER_AGED && !changed)
        return true;
    if (!changed)
        w->section.why = fired->timer == TRIAGE_TIMER_PROMISE
                             ? arena_printf(w->arena, "promise %.*s not kept",
                                            STR_ARG(str_cut_utf8(fired->promise_id, 100)))
                             : arena_printf(w->arena, "no answer for %lld hours",
                                            (long long)(w->policy->silence_ms / HOUR_MS));
    return emit_own(w, told[fired->timer].type, fired->cause, fired->at, err);
}

static bool
on_timer(struct turn *turn, struct str key, int64_t due_ms, struct err *err)
{
    struct work w = {.turn = turn,
                     .policy = turn_policy(turn),
                     .arena = turn_arena(turn),
                     .complaint_id = str_sub(key, 2, key.len)};
    bool found = false;
    if (!turn_load(turn, key, &triage_case_wire, &w.c, &found, err))
        return false;
    if (!found || !load_customer(turn, w.c.customer_hash, &w.u, err))
        return found ? false : true;
    int32_t failed = w.c.failed_recoveries;
    struct triage_fired fired = triage_fire(w.policy, due_ms, w.arena, &w.c);
    if (fired.timer ==
        TRIAGE_TIMER_NONE) /* another policy since: only the new due time */
        return save_case(&w, err);
    w.u_changed = triage_customer_follow(&w.u, w.complaint_id, &w.c, failed, w.arena);
    return tell(&w, &fired, err) && save_case(&w, err) &&
           (!w.u_changed || save_customer(turn, w.c.customer_hash, &w.u, err));
}

static void *
policy_load(const char *dir, struct err *err)
{
    return triage_policy_load(dir, err);
}

static void
policy_free(void *policy)
{
    triage_policy_free(policy);
}

static const struct stage_output outputs[] = {{"complaints.triaged", true}};

const struct stage_def triage_stage = {
    .service = "triage",
    .name = "triage",
    .input = "complaints.classified",
    .outputs = outputs,
    .n_outputs = COUNT_OF(outputs),
    .forward_ticks = true,
    .on_event = on_event,
    .on_timer = on_timer,
    .policy_load = policy_load,
    .policy_free = policy_free,
};
