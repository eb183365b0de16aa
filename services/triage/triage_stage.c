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
    struct triage_case c_before; /* as they came: lists are views, so a copy is enough */
    struct triage_customer u_before;
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

/* Scores at the case's time. True if priority or class is another one. */
static bool
rescore(struct work *w)
{
    struct triage_case *c = &w->c;
    struct triage_section *s = &w->section;
    triage_score(w->policy, c, &w->u, c->last_at, w->arena, s);
    c->priority = s->priority;
    c->triage_class = s->triage_class;
    c->score = s->score;
    c->policy_version = s->policy_version;
    c->policy_hash = s->policy_hash;
    return w->c_before.priority != PRIORITY_NONE &&
           (w->c_before.priority != s->priority ||
            w->c_before.triage_class != s->triage_class);
}

/* Before, after and why into the section of an event of our own. */
static void
explain(struct work *w, struct str what)
{
    struct triage_section *s = &w->section;
    s->has_before = true;
    s->before = w->c_before.priority;
    s->has_class_before = true;
    s->class_before = w->c_before.triage_class;
    s->why = triage_why(w->policy, &w->c_before, &w->u_before, s, what, w->arena);
}

/* An event of our own on the complaint: section and envelope, nothing else. */
static bool
emit_own(struct work *w, enum event_type type, struct str cause, int64_t at,
         struct str *ret_id, struct err *err)
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
    if (ret_id)
        *ret_id = ev.event_id;
    return turn_emit(w->turn, &ev, err);
}

/* Who reads only triage.changed sees every change of priority or class. */
static bool
emit_changed(struct work *w, struct str what, struct str cause, int64_t at,
             struct err *err)
{
    explain(w, what);
    return emit_own(w, EVENT_TYPE_TRIAGE_CHANGED, cause, at, NULL, err);
}

/* --- other cases of the same customer -------------------------------------------------
 */

/* Loads another case of the customer; what the turn knows of him is the same. */
static bool
begin_other(const struct work *w, struct str complaint_id, struct work *ret,
            bool *ret_found, struct err *err)
{
    *ret = (struct work){.turn = w->turn,
                         .policy = w->policy,
                         .arena = w->arena,
                         .complaint_id = complaint_id,
                         .u = w->u,
                         .u_before = w->u_before};
    if (!load_case(w->turn, complaint_id, &ret->c, ret_found, err))
        return false;
    ret->c_before = ret->c;
    return true;
}

/* Did more change than the time? Then people must see it, also where the priority stays:
 * another tier is other advice. */
static bool
is_material(const struct work *w)
{
    struct triage_section before;
    triage_score(w->policy, &w->c_before, &w->u_before, w->c.last_at, w->arena, &before);
    const struct triage_section *now = &w->section;
    return before.score != now->score || !str_eq(before.tier, now->tier) ||
           !str_eq(before.remedy_advice, now->remedy_advice) ||
           before.n_evidence != now->n_evidence ||
           before.failed_recoveries != now->failed_recoveries;
}

/* Scores and saves a case that an event of elsewhere reached. */
static bool
end_other(struct work *w, struct str what, const struct complaint_event *ev,
          struct err *err)
{
    w->c.last_at = i64_max(w->c.last_at, ev->occurred_at);
    if (!rescore(w) && !is_material(w))
        return true;
    return emit_changed(w, what, ev->event_id, ev->occurred_at, err) && save_case(w, err);
}

/* The other open cases under what is known of the customer now. not_after: a complaint
 * that was none, after all (its first event), null otherwise. */
static bool
rescore_open(const struct work *w, struct str not_after, const struct complaint_event *ev,
             struct err *err)
{
    for (size_t i = 0; i < w->u.n_open; i++) {
        struct work other;
        bool found = false;
        if (str_eq(w->u.open[i], w->complaint_id))
            continue;
        if (!begin_other(w, w->u.open[i], &other, &found, err))
            return false;
        if (!found)
            continue;
        if (!str_empty(not_after))
            (void)triage_unrepeat(&other.c, w->arena, not_after);
        if (!end_other(&other, STR_NULL, ev, err))
            return false;
    }
    return true;
}

/* --- events of a complaint ------------------------------------------------------------
 */

/* What the merged case knows goes over to its target; what that changes shows at once. */
static bool
merge(struct work *w, const struct complaint_event *ev, struct work *ret_target,
      bool *ret_found, struct err *err)
{
    struct str into = ev->register_ ? ev->register_->merged_into : STR_NULL;
    if (str_empty(into) && ev->action)
        into = ev->action->into;
    if (ev->type != EVENT_TYPE_COMPLAINT_MERGED || w->c.state != STATE_MERGED ||
        str_empty(into) || str_eq(into, w->complaint_id))
        return true;
    if (!begin_other(w, into, ret_target, ret_found, err))
        return false;
    if (*ret_found)
        triage_absorb(&w->c, &ret_target->c, w->arena);
    return true;
}

/* A case that begins: with its submission, or with a late reopening of another. earlier:
 * the case that register links it to. */
static bool
begin(struct work *w, const struct complaint_event *ev, struct triage_case *earlier,
      bool *ret_linked, struct err *err)
{
    bool found = false;
    struct str previous = ev->register_->previous_complaint_id;
    if (!str_empty(previous) && !load_case(w->turn, previous, earlier, &found, err))
        return false;
    bool goes_on = found && ev->type == EVENT_TYPE_COMPLAINT_REOPENED;
    triage_begin(ev, goes_on ? earlier : NULL, &w->c);
    *ret_linked = found && ev->type == EVENT_TYPE_COMPLAINT_SUBMITTED;
    return true;
}

/* State, customer's file and the case itself, after its first or a later event. */
static bool
take_in(struct work *w, const struct complaint_event *ev, bool found, struct err *err)
{
    struct triage_case earlier;
    bool linked = false;
    if (!found && !begin(w, ev, &earlier, &linked, err))
        return false;
    int32_t failed = w->c.failed_recoveries;
    if (ev->customer && triage_customer_update(&w->u, ev->customer))
        w->u_changed = true;
    triage_apply(w->policy, ev, &w->u, w->arena, &w->c);
    if (linked)
        triage_link(w->policy, &earlier, w->arena, &w->c);
    if (!found) {
        triage_customer_begin(&w->u, ev->complaint_id, &w->c, w->arena);
        w->u_changed = true;
    } else if (ev->type == EVENT_TYPE_COMPLAINT_CORRECTED) {
        triage_customer_correct(&w->u, ev->complaint_id, &w->c, w->c_before.kind,
                                w->arena);
        w->u_changed = true;
    }
    if (triage_customer_follow(&w->u, ev->complaint_id, &w->c, failed, w->arena))
        w->u_changed = true;
    return true;
}

/* Other cases follow where this event says something of the customer, or takes a
 * complaint back that they repeated. */
static bool
others_follow(const struct work *w, const struct complaint_event *ev, struct err *err)
{
    bool was_none = w->c_before.priority != PRIORITY_NONE &&
                    w->c_before.kind == KIND_COMPLAINT && w->c.kind != KIND_COMPLAINT;
    struct triage_customer u = w->u_before;
    if (!was_none && (!ev->customer || !triage_customer_update(&u, ev->customer)))
        return true;
    return rescore_open(w, was_none ? w->c.submitted_by : STR_NULL, ev, err);
}

static bool
on_complaint(struct turn *turn, const struct complaint_event *ev, struct err *err)
{
    struct work w = {.turn = turn,
                     .policy = turn_policy(turn),
                     .arena = turn_arena(turn),
                     .complaint_id = ev->complaint_id};
    struct work target;
    bool found = false, merged = false;
    if (!load_case(turn, ev->complaint_id, &w.c, &found, err))
        return false;
    if (!found && !ev->register_)
        return turn_emit(turn, ev, err); /* nothing is known of it */
    if (!load_customer(turn, found ? w.c.customer_hash : ev->customer_hash, &w.u, err))
        return false;
    w.u_before = w.u;
    if (found)
        w.c_before = w.c;
    if (!take_in(&w, ev, found, err) || !merge(&w, ev, &target, &merged, err))
        return false;
    bool changed = rescore(&w);

    struct triage_section section = w.section;
    struct complaint_event out = *ev;
    out.triage = &section;
    return turn_emit(turn, &out, err) &&
           (!changed || w.c.history ||
            emit_changed(&w, STR_NULL, ev->event_id, ev->occurred_at, err)) &&
           save_case(&w, err) &&
           (!w.u_changed || save_customer(turn, w.c.customer_hash, &w.u, err)) &&
           (!merged ||
            (end_other(&target, STR("merged with another complaint"), ev, err) &&
             save_case(&target, err))) &&
           others_follow(&w, ev, err);
}

/* --- customers ---------------------------------------------------------------------- */

static bool
on_customer(struct turn *turn, const struct complaint_event *ev, struct err *err)
{
    struct work w = {
        .turn = turn, .policy = turn_policy(turn), .arena = turn_arena(turn)};
    if (str_empty(ev->customer_hash))
        return turn_emit(turn, ev, err);
    if (!load_customer(turn, ev->customer_hash, &w.u, err))
        return false;
    w.u_before = w.u;
    if (ev->type == EVENT_TYPE_CUSTOMER_ERASED)
        triage_customer_erase(&w.u);
    else if (!ev->customer || !triage_customer_update(&w.u, ev->customer))
        return turn_emit(turn, ev, err);
    return save_customer(turn, ev->customer_hash, &w.u, err) &&
           turn_emit(turn, ev, err) && rescore_open(&w, STR_NULL, ev, err);
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

static struct str
what_fired(const struct work *w, const struct triage_fired *fired)
{
    switch (fired->timer) {
    case TRIAGE_TIMER_PROMISE:
        return arena_printf(w->arena, "promise %.*s not kept",
                            STR_ARG(str_cut_utf8(fired->promise_id, 80)));
    case TRIAGE_TIMER_SILENCE:
        return arena_printf(w->arena, "no answer for %lld hours",
                            (long long)(w->policy->silence_ms / HOUR_MS));
    case TRIAGE_TIMER_AGED:
        return arena_printf(w->arena, "%lld days old",
                            (long long)((fired->at - w->c.received_at) / DAY_MS));
    case TRIAGE_TIMER_NONE:
        break;
    }
    return STR_NULL;
}

static bool
tell(struct work *w, const struct triage_fired *fired, struct err *err)
{
    static const enum event_type types[] = {
        [TRIAGE_TIMER_NONE] = EVENT_TYPE_UNKNOWN,
        [TRIAGE_TIMER_PROMISE] = EVENT_TYPE_TRIAGE_PROMISE_BROKEN,
        [TRIAGE_TIMER_SILENCE] = EVENT_TYPE_TRIAGE_SILENCE,
        [TRIAGE_TIMER_AGED] = EVENT_TYPE_TRIAGE_AGED,
    };
    struct str what = what_fired(w, fired);
    struct str id = STR_NULL;
    bool changed = rescore(w);
    /* A step of age that moves nothing is not worth an event. */
    if (fired->timer == TRIAGE_TIMER_AGED && !changed)
        return true;
    explain(w, what);
    if (!changed) /* before and after are for changes; why is said always */
        w->section.has_before = w->section.has_class_before = false;
    return emit_own(w, types[fired->timer], fired->cause, fired->at, &id, err) &&
           (!changed || emit_changed(w, what, id, fired->at, err));
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
    if (!found)
        return true;
    if (!load_customer(turn, w.c.customer_hash, &w.u, err))
        return false;
    w.c_before = w.c;
    w.u_before = w.u;
    struct triage_fired fired = triage_fire(w.policy, due_ms, w.arena, &w.c);
    if (fired.timer ==
        TRIAGE_TIMER_NONE) /* another policy since: only the new due time */
        return save_case(&w, err);
    w.u_changed = triage_customer_follow(&w.u, w.complaint_id, &w.c,
                                         w.c_before.failed_recoveries, w.arena);
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
