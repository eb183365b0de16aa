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
step_say(struct sla_work *work, size_t i, enum event_type type, int64_t at_ms,
         struct str cause)
{
    const struct sla_timer *timer = &work->timers[i];
    work->changed[i] = true;
    if (work->c.history)
        return NULL;
    BUG_IF(work->n_own >= SLA_OWN_MAX);
    if (str_is_null(cause))
        cause = str_is_null(timer->started_by) ? work->c.submitted_by : timer->started_by;
    struct sla_own *own = &work->own[work->n_own++];
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

static struct sla_facts
facts_of(const struct sla_case *c)
{
    return (struct sla_facts){.brand = c->brand,
                              .product = c->product,
                              .regulator = c->regulator,
                              .language = c->language,
                              .tier = c->tier,
                              .channel = c->channel,
                              .priority = c->priority,
                              .kind = c->kind,
                              .statutory_at = c->statutory_at};
}

/* The rule for a clock of this case now; NULL if it has none. */
static const struct sla_clock_rule *
rule_of(struct sla_work *work, const struct sla_policy *policy, enum clock clock,
        const struct sla_rules **ret_rules)
{
    struct sla_facts facts = facts_of(&work->c);
    struct sla_choice choice = sla_choose(policy, &facts);
    work->c.policy = choice.preset ? choice.preset->name : choice.base->name;
    return sla_rule(&choice, work->c.kind, clock, ret_rules);
}

/* Room for one more; above the cap an ended clock makes room, else false. */
static bool
make_room(struct sla_work *work)
{
    if (work->n_timers < work->room)
        return true;
    if (work->room < SLA_TIMERS_MAX) {
        size_t room = (size_t)i64_min((int64_t)work->room + 8, SLA_TIMERS_MAX);
        struct sla_timer *timers = ARENA_ARRAY(work->arena, struct sla_timer, room);
        bool *changed = ARENA_ARRAY(work->arena, bool, room);
        if (work->n_timers > 0) {
            memcpy(timers, work->timers, work->n_timers * sizeof(*timers));
            memcpy(changed, work->changed, work->n_timers * sizeof(*changed));
        }
        work->timers = timers;
        work->changed = changed;
        work->room = room;
        return true;
    }
    for (size_t i = 0; i < work->n_timers; i++) {
        if (timer_is_open(&work->timers[i]) || work->changed[i])
            continue;
        size_t after = work->n_timers - i - 1;
        memmove(&work->timers[i], &work->timers[i + 1], after * sizeof(*work->timers));
        memmove(&work->changed[i], &work->changed[i + 1], after * sizeof(*work->changed));
        work->n_timers--;
        return true;
    }
    return false;
}

static struct sla_timer *
add(struct sla_work *work, const struct sla_timer *timer)
{
    work->timers[work->n_timers] = *timer;
    work->changed[work->n_timers] = true;
    return &work->timers[work->n_timers++];
}

/* Starts a clock if the policy has it for this case; cause: event_id, null for the
 * submission. NULL if it was not started. */
static struct sla_timer *
start(struct sla_work *work, const struct sla_policy *policy, enum clock clock,
      int64_t at_ms, int64_t due_ms, struct str cause)
{
    const struct sla_rules *rules = NULL;
    const struct sla_clock_rule *rule = rule_of(work, policy, clock, &rules);
    if (!rule || !make_room(work))
        return NULL;
    struct sla_timer timer =
        timer_start(work->arena, rules, rule, clock, ++work->starts[clock], at_ms, due_ms,
                    work->c.history);
    timer.started_by = cause;
    return add(work, &timer);
}

/* Open or breached: an answer is owed. */
static bool
is_owed(const struct sla_work *work, enum clock clock)
{
    for (size_t i = 0; i < work->n_timers; i++) {
        const struct sla_timer *timer = &work->timers[i];
        if (timer->row.clock == clock && !timer->after_closing &&
            (timer_is_open(timer) || timer->row.status == CLOCK_STATUS_BREACHED))
            return true;
    }
    return false;
}

/* Cancels what is open of a clock (of one promise) because a new start takes its place.
 */
static void
supersede(struct sla_work *work, const struct sla_policy *policy, enum clock clock,
          struct str promise_id, int64_t at_ms)
{
    for (size_t i = 0; i < work->n_timers; i++) {
        struct sla_timer *timer = &work->timers[i];
        if (timer->row.clock == clock && str_eq(timer->row.promise_id, promise_id) &&
            timer_cancel(work->arena, timer, step_calendar(policy, timer), at_ms,
                         work->c.state))
            work->changed[i] = true;
    }
}

/* --- one event ---------------------------------------------------------------------- */

/* Pauses and resumes as the state now says. before: the state that paused. */
static void
follow_state(struct sla_work *work, const struct sla_policy *policy, int64_t at_ms,
             enum state before, bool resume)
{
    for (size_t i = 0; i < work->n_timers; i++) {
        struct sla_timer *timer = &work->timers[i];
        bool pauses = (lines[timer->row.clock].paused_in & (1u << work->c.state)) != 0;
        if (resume && !pauses) {
            timer->held = false;
            if (timer->row.status != CLOCK_STATUS_PAUSED)
                continue;
            timer_resume(work->arena, timer, step_calendar(policy, timer), at_ms, before);
            work->changed[i] = true;
        } else if (!resume && pauses && !timer->held) {
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
        switch (timer_meet(work->arena, timer, step_calendar(policy, timer),
                           ev->occurred_at, work->c.state)) {
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
            timer_cancel(work->arena, timer, step_calendar(policy, timer), at_ms,
                         work->c.state))
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

/* Another kind has other clocks: what it does not have is cancelled, what it has and was
 * not fulfilled yet starts as if it had been of this kind from the beginning. */
static void
change_kind(struct sla_work *work, const struct sla_policy *policy,
            const struct complaint_event *ev)
{
    const struct sla_rules *rules = NULL;
    for (int clock = CLOCK_ACKNOWLEDGE; clock < CLOCK_COUNT; clock++) {
        if (rule_of(work, policy, (enum clock)clock, &rules) || clock == CLOCK_PROMISE)
            continue;
        supersede(work, policy, (enum clock)clock, STR_NULL, ev->occurred_at);
    }
    const struct sla_case *c = &work->c;
    bool working = step_is_work(c->state);
    const struct {
        enum clock clock;
        bool due;
        int64_t at_ms;
    } late[] = {
        {CLOCK_ACKNOWLEDGE, working && !c->acknowledged, c->received_at},
        {CLOCK_FIRST_RESPONSE, working && !c->answered, c->received_at},
        {CLOCK_UPDATE, working, ev->occurred_at},
        {CLOCK_RESOLUTION, working, c->received_at},
        {CLOCK_STATUTORY, working, c->statutory_at},
        {CLOCK_RECOVERY_WINDOW, working, c->received_at},
    };
    for (size_t i = 0; i < COUNT_OF(late); i++) {
        if (late[i].due && !is_owed(work, late[i].clock))
            (void)start(work, policy, late[i].clock, late[i].at_ms, 0, ev->event_id);
    }
}

static void
extend(struct sla_work *work, const struct sla_policy *policy,
       const struct complaint_event *ev)
{
    enum clock clock = CLOCK_NONE;
    if (!ev->action || !ev->action->has_until || !clock_parse(ev->action->clock, &clock))
        return;
    for (size_t i = work->n_timers; i-- > 0;) {
        struct sla_timer *timer = &work->timers[i];
        if (timer->row.clock != clock || !timer_is_open(timer))
            continue;
        timer_extend(work->arena, timer, step_calendar(policy, timer), ev->occurred_at,
                     ev->action->until, work->c.state);
        work->changed[i] = true;
        return;
    }
}

static void
start_promise(struct sla_work *work, const struct sla_policy *policy,
              const struct complaint_event *ev)
{
    if (!ev->action || !ev->action->has_due_at)
        return;
    supersede(work, policy, CLOCK_PROMISE, ev->action->promise_id, ev->occurred_at);
    struct sla_timer *timer = start(work, policy, CLOCK_PROMISE, ev->occurred_at,
                                    ev->action->due_at, ev->event_id);
    if (timer)
        timer->row.promise_id = ev->action->promise_id;
}

static void
start_after_closing(struct sla_work *work, const struct sla_policy *policy,
                    const struct complaint_event *ev)
{
    (void)start(work, policy, CLOCK_FOLLOW_UP, ev->occurred_at, 0, ev->event_id);
    supersede(work, policy, CLOCK_RECOVERY_WINDOW, STR_NULL, ev->occurred_at);
    struct sla_timer *timer =
        start(work, policy, CLOCK_RECOVERY_WINDOW, ev->occurred_at, 0, ev->event_id);
    if (timer)
        timer->after_closing = true;
}

/* The clocks that an event starts, after it has met and cancelled others. */
static void
start_by(struct sla_work *work, const struct sla_policy *policy,
         const struct complaint_event *ev)
{
    int64_t at_ms = ev->occurred_at;
    switch (ev->type) {
    case EVENT_TYPE_COMPLAINT_MESSAGE:
        if (work->c.state != STATE_WITHDRAWN && work->c.state != STATE_MERGED &&
            !is_owed(work, CLOCK_FIRST_RESPONSE) && !is_owed(work, CLOCK_NEXT_RESPONSE))
            (void)start(work, policy, CLOCK_NEXT_RESPONSE, at_ms, 0, ev->event_id);
        break;
    case EVENT_TYPE_COMPLAINT_RESPONDED:
        if (step_is_work(work->c.state) && !is_owed(work, CLOCK_UPDATE))
            (void)start(work, policy, CLOCK_UPDATE, at_ms, 0, ev->event_id);
        break;
    case EVENT_TYPE_COMPLAINT_ASSIGNED:
    case EVENT_TYPE_COMPLAINT_TRANSFERRED:
        if (!step_is_work(work->c.state))
            break;
        supersede(work, policy, CLOCK_OWNER, STR_NULL, at_ms);
        (void)start(work, policy, CLOCK_OWNER, at_ms, 0, ev->event_id);
        break;
    case EVENT_TYPE_COMPLAINT_PROMISED:
        start_promise(work, policy, ev);
        break;
    case EVENT_TYPE_COMPLAINT_CLOSED:
        start_after_closing(work, policy, ev);
        break;
    case EVENT_TYPE_COMPLAINT_REOPENED:
        if (!is_owed(work, CLOCK_RESOLUTION))
            (void)start(work, policy, CLOCK_RESOLUTION, at_ms, 0, ev->event_id);
        break;
    default:
        break;
    }
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
static void
take_facts(struct sla_case *c, const struct complaint_event *ev)
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
}

void
sla_apply(struct sla_work *work, const struct sla_policy *policy,
          const struct complaint_event *ev)
{
    struct sla_case *c = &work->c;
    enum state before = c->state;
    enum kind kind = c->kind;
    unsigned is = event_is(ev->type);
    take_facts(c, ev);

    follow_state(work, policy, ev->occurred_at, before, true);
    if (c->kind != kind)
        change_kind(work, policy, ev);
    cancel(work, policy, ev->occurred_at, is);
    meet(work, policy, ev, is);
    bool rated_low = ev->type == EVENT_TYPE_COMPLAINT_RATED && ev->action &&
                     ev->action->has_score && ev->action->score <= 2;
    if (rated_low || (is & BY_REOPENED))
        fail_recovery(work, policy, ev);
    if (ev->type == EVENT_TYPE_COMPLAINT_EXTENDED)
        extend(work, policy, ev);
    start_by(work, policy, ev);
    follow_state(work, policy, ev->occurred_at, before, false);
    if (step_is_work(before) && !step_is_work(c->state))
        end_ladders(work);

    bool automatic = ev->action && ev->action->has_automatic && ev->action->automatic;
    c->acknowledged |= (is & BY_RESPONDED) || ((is & BY_ACKNOWLEDGED) && !automatic);
    c->answered |= (is & ANSWERED) != 0;
}

void
sla_open(struct sla_work *work, const struct sla_policy *policy,
         const struct complaint_event *ev, const struct sla_case *previous)
{
    struct sla_case *c = &work->c;
    const struct submission *said = ev->submission;
    if (previous) {
        *c = (struct sla_case){.channel = previous->channel,
                               .brand = previous->brand,
                               .product = previous->product,
                               .regulator = previous->regulator,
                               .language = previous->language,
                               .tier = previous->tier,
                               .priority = previous->priority,
                               .kind = previous->kind};
    }
    c->customer_hash = ev->customer_hash;
    c->submitted_by = ev->event_id;
    c->history = ev->register_->history;
    c->received_at = ev->register_->received_at;
    c->statutory_at = c->received_at;
    if (said) {
        c->channel = said->channel;
        c->brand = said->brand;
        c->product = said->product;
        c->language = said->language;
    }
    if (said && said->regulator) {
        c->regulator = said->regulator->name;
        if (said->regulator->has_received_at)
            c->statutory_at = said->regulator->received_at;
    }
    take_facts(c, ev);
    const enum clock at_receipt[] = {CLOCK_ACKNOWLEDGE, CLOCK_FIRST_RESPONSE,
                                     CLOCK_UPDATE,      CLOCK_RESOLUTION,
                                     CLOCK_STATUTORY,   CLOCK_RECOVERY_WINDOW};
    for (size_t i = 0; i < COUNT_OF(at_receipt); i++) {
        int64_t at_ms =
            at_receipt[i] == CLOCK_STATUTORY ? c->statutory_at : c->received_at;
        (void)start(work, policy, at_receipt[i], at_ms, 0, STR_NULL);
    }
}
