#include "sla/clocks.h"

#include "base/times.h"
#include "sla/steps.h"

/* --- the table (design: Clocks) ------------------------------------------------------
 */

enum {
    BY_ACKNOWLEDGED = 1 << 0,
    BY_RESPONDED = 1 << 1,
    BY_RESOLVED = 1 << 2,
    BY_REJECTED = 1 << 3,
    BY_KEPT = 1 << 4,
    BY_TRANSFERRED = 1 << 5,
    BY_RATED = 1 << 6,
    BY_WITHDRAWN = 1 << 7,
    BY_MERGED = 1 << 8,
    BY_REOPENED = 1 << 9,
};
#define ANSWERED (BY_RESPONDED | BY_RESOLVED | BY_REJECTED)
#define IN(state) (1u << STATE_##state)
#define WAITING (IN(WAITING_CUSTOMER) | IN(WAITING_THIRD_PARTY))

/* Statutory clocks and promises are not in merged's list: they go on at the target.  A
 * recovery window after closing is met by time alone (see fire_end). */
static const struct line {
    unsigned met_by;
    unsigned paused_in;
    unsigned cancelled_by;
    bool later_only; /* an answer older than the start answers something else */
} lines[CLOCK_COUNT] = {
    [CLOCK_ACKNOWLEDGE] = {BY_ACKNOWLEDGED | BY_RESPONDED, 0, BY_WITHDRAWN | BY_MERGED,
                           false},
    [CLOCK_FIRST_RESPONSE] = {ANSWERED, 0, BY_WITHDRAWN | BY_MERGED, false},
    [CLOCK_NEXT_RESPONSE] = {ANSWERED, IN(WAITING_THIRD_PARTY), BY_WITHDRAWN | BY_MERGED,
                             true},
    [CLOCK_UPDATE] = {ANSWERED, IN(WAITING_CUSTOMER), BY_WITHDRAWN | BY_MERGED, true},
    [CLOCK_RESOLUTION] = {BY_RESOLVED | BY_REJECTED, WAITING | IN(EXTERNAL),
                          BY_WITHDRAWN | BY_MERGED, false},
    [CLOCK_STATUTORY] = {BY_RESOLVED | BY_REJECTED, 0, BY_WITHDRAWN, false},
    [CLOCK_PROMISE] = {BY_KEPT, 0, BY_WITHDRAWN, false},
    [CLOCK_OWNER] = {BY_TRANSFERRED | BY_RESOLVED | BY_REJECTED, WAITING | IN(EXTERNAL),
                     BY_WITHDRAWN | BY_MERGED, true},
    [CLOCK_FOLLOW_UP] = {BY_RESPONDED | BY_RATED, 0, BY_REOPENED, true},
    [CLOCK_RECOVERY_WINDOW] = {BY_RESOLVED, 0, BY_WITHDRAWN | BY_MERGED, false},
};

/* What an event is to the clocks, as bits of the table. */
static unsigned
event_is(enum event_type type)
{
    switch (type) {
    case EVENT_TYPE_COMPLAINT_ACKNOWLEDGED:
        return BY_ACKNOWLEDGED;
    case EVENT_TYPE_COMPLAINT_RESPONDED:
        return BY_RESPONDED;
    case EVENT_TYPE_COMPLAINT_RESOLVED:
        return BY_RESOLVED;
    case EVENT_TYPE_COMPLAINT_REJECTED:
        return BY_REJECTED;
    case EVENT_TYPE_COMPLAINT_PROMISE_KEPT:
        return BY_KEPT;
    case EVENT_TYPE_COMPLAINT_TRANSFERRED:
        return BY_TRANSFERRED;
    case EVENT_TYPE_COMPLAINT_RATED:
        return BY_RATED;
    case EVENT_TYPE_COMPLAINT_WITHDRAWN:
        return BY_WITHDRAWN;
    case EVENT_TYPE_COMPLAINT_MERGED:
        return BY_MERGED;
    case EVENT_TYPE_COMPLAINT_REOPENED:
        return BY_REOPENED;
    default:
        return 0; /* the other types meet and cancel nothing */
    }
}

bool
sla_clock_pauses(enum clock clock)
{
    return lines[clock].paused_in != 0;
}

bool
step_is_work(enum state state)
{
    return ((IN(OPEN) | IN(PROPOSED) | IN(EXTERNAL) | WAITING) & (1u << state)) != 0;
}

bool
step_may_escalate(const struct sla_work *work, enum clock clock)
{
    return step_is_work(work->c.state) || clock == CLOCK_PROMISE ||
           clock == CLOCK_STATUTORY || clock == CLOCK_NEXT_RESPONSE;
}

/* --- helpers ---------------------------------------------------------------------------
 */

struct sla_own *
step_own(struct sla_work *work)
{
    BUG_IF(work->n_own >= SLA_OWN_MAX);
    if (work->n_own == work->room_own) {
        size_t room = work->room_own == 0 ? 4 : SLA_OWN_MAX;
        struct sla_own *own = ARENA_ARRAY(work->arena, struct sla_own, room);
        if (work->n_own > 0)
            memcpy(own, work->own, work->n_own * sizeof(*own));
        work->own = own;
        work->room_own = room;
    }
    return &work->own[work->n_own++];
}

struct sla_own *
step_say(struct sla_work *work, size_t i, enum event_type type, int64_t at_ms,
         struct str cause)
{
    const struct sla_timer *timer = &work->timers[i];
    work->changed[i] = true;
    if (work->c.history)
        return NULL;
    if (str_is_null(cause))
        cause = str_is_null(timer->started_by) ? work->c.submitted_by : timer->started_by;
    struct sla_own *own = step_own(work);
    *own = (struct sla_own){
        .type = type,
        .at_ms = at_ms,
        .fired = {.clock = timer->row.clock,
                  .start_no = timer->row.start_no,
                  .promise_id = timer->row.promise_id,
                  .due_at = timer->row.due_at},
        .cause = cause,
    };
    return own;
}

void
step_refuse(struct sla_work *work, enum event_type type, const struct sla_fired *fired,
            const struct complaint_event *ev, const char *why)
{
    if (work->c.history)
        return;
    *step_own(work) = (struct sla_own){.type = type,
                                       .at_ms = ev->occurred_at,
                                       .fired = *fired,
                                       .cause = ev->event_id,
                                       .why = why};
}

/* --- one event ---------------------------------------------------------------------- */

/* Pauses or resumes as the state now says. */
static void
follow_state(struct sla_work *work, const struct sla_policy *policy, int64_t at_ms,
             bool resume)
{
    for (size_t i = 0; i < work->n_timers; i++) {
        struct sla_timer *timer = &work->timers[i];
        bool pauses = (lines[timer->row.clock].paused_in & (1u << work->c.state)) != 0;
        if (resume && !pauses) {
            if (timer->row.status != CLOCK_STATUS_PAUSED)
                continue;
            timer_resume(timer, step_calendar(policy, timer), at_ms);
            work->changed[i] = true;
        } else if (!resume && pauses) {
            work->changed[i] |= timer_pause(timer, at_ms);
        }
    }
}

static void
meet(struct sla_work *work, const struct sla_policy *policy,
     const struct complaint_event *ev, unsigned is)
{
    for (size_t i = 0; i < work->n_timers; i++) {
        struct sla_timer *timer = &work->timers[i];
        const struct line *line = &lines[timer->row.clock];
        if (!(line->met_by & is) || timer->after_closing ||
            (line->later_only && ev->occurred_at < timer->row.started_at))
            continue;
        if (timer->row.clock == CLOCK_ACKNOWLEDGE && is == BY_ACKNOWLEDGED &&
            ev->action && ev->action->automatic && !timer->automatic_counts)
            continue;
        if (timer->row.clock == CLOCK_PROMISE &&
            !(ev->action && str_eq(ev->action->promise_id, timer->row.promise_id)))
            continue;
        if (timer->row.clock == CLOCK_ACKNOWLEDGE)
            work->c.acknowledged = true;
        switch (timer_meet(timer, step_calendar(policy, timer), ev->occurred_at)) {
        case TIMER_SAME:
            break;
        case TIMER_LATE_NEW: /* its timer has not fired yet: a late start, a fast clock */
            (void)step_say(work, i, EVENT_TYPE_SLA_BREACHED, timer->row.due_at, STR_NULL);
            break;
        case TIMER_CORRECTED:
            (void)step_say(work, i, EVENT_TYPE_SLA_BREACH_CORRECTED, ev->occurred_at,
                           ev->event_id);
            break;
        case TIMER_MET:
        case TIMER_MET_LATE:
            work->changed[i] = true;
            break;
        }
    }
}

static void
cancel(struct sla_work *work, const struct sla_policy *policy, int64_t at_ms, unsigned is)
{
    for (size_t i = 0; i < work->n_timers; i++) {
        struct sla_timer *timer = &work->timers[i];
        if ((lines[timer->row.clock].cancelled_by & is) &&
            timer_cancel(timer, step_calendar(policy, timer), at_ms))
            work->changed[i] = true;
    }
}

/* A reopening or a low rating in the window after closing: the recovery has failed, also
 * where the window was taken for met before the news arrived. */
static void
fail_recovery(struct sla_work *work, const struct sla_policy *policy,
              const struct complaint_event *ev)
{
    for (size_t i = 0; i < work->n_timers; i++) {
        struct sla_timer *timer = &work->timers[i];
        if (!timer->after_closing || ev->occurred_at < timer->row.started_at ||
            ev->occurred_at > timer->row.due_at ||
            (timer->row.status != CLOCK_STATUS_RUNNING &&
             timer->row.status != CLOCK_STATUS_MET))
            continue;
        timer_breach(timer, step_calendar(policy, timer), ev->occurred_at);
        (void)step_say(work, i, EVENT_TYPE_SLA_BREACHED, ev->occurred_at, ev->event_id);
    }
}

/* The start that an extension at at_ms is about: the newest that had begun and is not
 * answered in time; else one that begins later. */
static struct sla_timer *
extended(struct sla_work *work, enum clock clock, int64_t at_ms, size_t *ret_i)
{
    struct sla_timer *found = NULL;
    for (size_t i = work->n_timers; i-- > 0;) {
        struct sla_timer *timer = &work->timers[i];
        enum clock_status status = timer->row.status;
        if (timer->row.clock != clock || status == CLOCK_STATUS_MET ||
            status == CLOCK_STATUS_CANCELLED || (found && timer->row.started_at > at_ms))
            continue;
        found = timer;
        *ret_i = i;
        if (timer->row.started_at <= at_ms)
            break;
    }
    return found;
}

static void
extend(struct sla_work *work, const struct sla_policy *policy,
       const struct complaint_event *ev)
{
    enum clock clock = CLOCK_NONE;
    if (!ev->action || !ev->action->has_until || !clock_parse(ev->action->clock, &clock))
        return;
    size_t i = 0;
    struct sla_timer *timer = extended(work, clock, ev->occurred_at, &i);
    struct sla_fired fired = {.clock = clock, .due_at = ev->action->until};
    const char *why = NULL;
    if (!sla_clock_extends(clock)) {
        why = clock == CLOCK_PROMISE ? "a promise is not extended but promised anew"
                                     : "this clock cannot be extended";
    } else if (!timer) {
        why = "no such clock runs";
    } else {
        enum timer_extension result = timer_extend(timer, step_calendar(policy, timer),
                                                   ev->occurred_at, ev->action->until);
        if (result == TIMER_EXTENDED) {
            work->changed[i] = true;
            return;
        }
        if (result == TIMER_EXTENDED_CORRECTED) {
            (void)step_say(work, i, EVENT_TYPE_SLA_BREACH_CORRECTED, ev->occurred_at,
                           ev->event_id);
            return;
        }
        why = timer_extension_why(result);
        fired.start_no = timer->row.start_no;
        fired.due_at = timer->row.due_at;
    }
    step_refuse(work, EVENT_TYPE_SLA_EXTENSION_REFUSED, &fired, ev, why);
}

static void
end_ladders(struct sla_work *work)
{
    for (size_t i = 0; i < work->n_timers; i++) {
        if (!step_may_escalate(work, work->timers[i].row.clock))
            timer_end_ladder(&work->timers[i]);
    }
}

/* What earlier stages know now. Strings are views: sla_pack's encoding copies them. */
void
step_take_facts(struct sla_case *c, const struct complaint_event *ev)
{
    if (ev->register_)
        c->state = ev->register_->state;
    if (ev->classification) {
        c->kind = ev->classification->kind;
        c->language = ev->classification->language;
        c->product = ev->classification->product;
    }
    if (ev->triage) {
        c->priority = ev->triage->priority;
        c->tier = ev->triage->tier;
    }
    if (ev->customer && !str_empty(ev->customer->tier))
        c->tier_said = ev->customer->tier;
}

void
sla_apply(struct sla_work *work, const struct sla_policy *policy,
          const struct complaint_event *ev)
{
    struct sla_case *c = &work->c;
    enum state before = c->state;
    enum kind kind = c->kind;
    unsigned is = event_is(ev->type);
    step_take_facts(c, ev);

    follow_state(work, policy, ev->occurred_at, true);
    if (c->kind != kind)
        step_change_kind(work, policy, ev);
    cancel(work, policy, ev->occurred_at, is);
    meet(work, policy, ev, is);
    bool rated_low = ev->type == EVENT_TYPE_COMPLAINT_RATED && ev->action &&
                     ev->action->has_score && ev->action->score <= 2;
    if (rated_low || (is & BY_REOPENED))
        fail_recovery(work, policy, ev);
    if (ev->type == EVENT_TYPE_COMPLAINT_EXTENDED)
        extend(work, policy, ev);
    if (ev->type == EVENT_TYPE_COMPLAINT_MESSAGE)
        step_note_message(work, ev->occurred_at);
    if (is & ANSWERED)
        step_note_answer(work, ev->occurred_at);
    step_start_by(work, policy, ev, (is & ANSWERED) != 0);
    follow_state(work, policy, ev->occurred_at, false);
    if (step_is_work(before) && !step_is_work(c->state))
        end_ladders(work);

    bool automatic = ev->action && ev->action->has_automatic && ev->action->automatic;
    c->acknowledged |= (is & BY_RESPONDED) || ((is & BY_ACKNOWLEDGED) && !automatic);
    c->answered |= (is & ANSWERED) != 0;
}
