/* What starts a clock: the submission, an event, another kind; and the room for it. */
#include "base/times.h"
#include "sla/steps.h"

/* --- one start ---------------------------------------------------------------------- */

static struct sla_facts
facts_of(const struct sla_case *c)
{
    return (struct sla_facts){.brand = c->brand,
                              .product = c->product,
                              .regulator = c->regulator,
                              .language = c->language,
                              .tier = c->tier,
                              .tier_said = c->tier_said,
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

/* The first ended clock that this event has not changed; where there is none, a breach:
 * it has been published and stays one in the record.  n_timers: none. */
static size_t
dispensable(const struct sla_work *work)
{
    size_t found = work->n_timers;
    for (size_t i = 0; i < work->n_timers; i++) {
        const struct sla_timer *timer = &work->timers[i];
        if (timer_is_open(timer) || work->changed[i])
            continue;
        if (timer->row.status != CLOCK_STATUS_BREACHED)
            return i;
        if (found == work->n_timers && timer->row.clock != CLOCK_STATUTORY)
            found = i;
    }
    return found;
}

static void
grow(struct sla_work *work)
{
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
}

/* Promises are a stranger's to make: they leave the clocks of the case their room. */
static bool
too_many_promises(const struct sla_work *work)
{
    size_t n = 0;
    for (size_t i = 0; i < work->n_timers; i++)
        n +=
            work->timers[i].row.clock == CLOCK_PROMISE && timer_is_open(&work->timers[i]);
    return n >= SLA_PROMISES_MAX;
}

bool
step_make_room(struct sla_work *work, enum clock clock)
{
    if (clock == CLOCK_PROMISE && too_many_promises(work))
        return false;
    if (work->n_timers < work->room)
        return true;
    if (work->room < SLA_TIMERS_MAX) {
        grow(work);
        return true;
    }
    size_t i = dispensable(work);
    if (i == work->n_timers)
        return false;
    size_t after = work->n_timers - i - 1;
    memmove(&work->timers[i], &work->timers[i + 1], after * sizeof(*work->timers));
    memmove(&work->changed[i], &work->changed[i + 1], after * sizeof(*work->changed));
    work->n_timers--;
    return true;
}

struct sla_timer *
step_add(struct sla_work *work, const struct sla_timer *timer)
{
    BUG_IF(work->n_timers >= work->room);
    work->timers[work->n_timers] = *timer;
    work->changed[work->n_timers] = true;
    return &work->timers[work->n_timers++];
}

/* From when a clock counts, and for promises until when. */
struct span {
    int64_t at_ms;
    int64_t due_ms;
    struct str promise_id;
};

/* Starts a clock if the policy has it for this case, because of ev. NULL if it was not
 * started. */
static struct sla_timer *
start_span(struct sla_work *work, const struct sla_policy *policy, enum clock clock,
           const struct span *span, const struct complaint_event *ev)
{
    const struct sla_rules *rules = NULL;
    const struct sla_clock_rule *rule = rule_of(work, policy, clock, &rules);
    if (!rule)
        return NULL;
    if (!step_make_room(work, clock)) {
        step_refuse(work, EVENT_TYPE_SLA_START_REFUSED,
                    &(struct sla_fired){.clock = clock,
                                        .promise_id = span->promise_id,
                                        .due_at = span->due_ms},
                    ev, "the case has as many clocks as there can be");
        return NULL;
    }
    bool opens = str_eq(ev->event_id, work->c.submitted_by);
    struct sla_timer timer =
        timer_start(work->arena, rules, rule,
                    &(struct timer_begin){.clock = clock,
                                          .start_no = ++work->starts[clock],
                                          .at_ms = span->at_ms,
                                          .known_ms = ev->occurred_at,
                                          .due_ms = span->due_ms,
                                          .quiet = work->c.history,
                                          .cause = opens ? STR_NULL : ev->event_id});
    timer.row.promise_id = span->promise_id;
    return step_add(work, &timer);
}

static struct sla_timer *
start(struct sla_work *work, const struct sla_policy *policy, enum clock clock,
      int64_t at_ms, const struct complaint_event *ev)
{
    return start_span(work, policy, clock, &(struct span){.at_ms = at_ms}, ev);
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
            timer_cancel(timer, step_calendar(policy, timer), at_ms))
            work->changed[i] = true;
    }
}

/* --- what starts clocks ------------------------------------------------------------- */

/* What a regulator's preset started cannot be relabelled away. */
static bool
is_preset(const struct sla_work *work, const struct sla_policy *policy, enum clock clock)
{
    for (size_t i = 0; i < work->n_timers; i++) {
        const struct sla_timer *timer = &work->timers[i];
        if (timer->row.clock != clock || !timer_is_open(timer))
            continue;
        for (size_t k = 0; k < policy->n_presets; k++)
            if (str_eq(timer->row.policy, policy->presets[k].name))
                return true;
    }
    return false;
}

/* Another kind has other clocks: what it does not have is cancelled, what it has and was
 * not fulfilled yet starts as if it had been of this kind from the beginning. */
void
step_change_kind(struct sla_work *work, const struct sla_policy *policy,
                 const struct complaint_event *ev)
{
    const struct sla_rules *rules = NULL;
    for (int clock = CLOCK_ACKNOWLEDGE; clock < CLOCK_COUNT; clock++) {
        if (clock == CLOCK_PROMISE || is_preset(work, policy, (enum clock)clock) ||
            rule_of(work, policy, (enum clock)clock, &rules))
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
        {CLOCK_OWNER, working && !str_empty(c->team), ev->occurred_at},
        {CLOCK_RECOVERY_WINDOW, working, c->received_at},
    };
    for (size_t i = 0; i < COUNT_OF(late); i++) {
        if (late[i].due && !is_owed(work, late[i].clock))
            (void)start(work, policy, late[i].clock, late[i].at_ms, ev);
    }
}

/* Promised anew before it was due, also where that is known only after the breach, the
 * new date takes the place of the old; after the due time the breach stays. By event
 * time: news of an older date that come late find the newer one in its place. */
static void
start_promise(struct sla_work *work, const struct sla_policy *policy,
              const struct complaint_event *ev)
{
    if (!ev->action || !ev->action->has_due_at)
        return;
    struct str id = ev->action->promise_id;
    int64_t made_ms = ev->occurred_at;
    bool stands = true;
    for (size_t i = 0; i < work->n_timers; i++) {
        struct sla_timer *timer = &work->timers[i];
        if (timer->row.clock != CLOCK_PROMISE || !str_eq(timer->row.promise_id, id))
            continue;
        if (timer->row.started_at > made_ms) /* given later, known before */
            stands = stands && timer->row.started_at > ev->action->due_at;
        else if (timer_unbreach(timer, made_ms))
            (void)step_say(work, i, EVENT_TYPE_SLA_BREACH_CORRECTED, made_ms,
                           ev->event_id);
        else if (timer_cancel(timer, step_calendar(policy, timer), made_ms))
            work->changed[i] = true;
    }
    struct span span = {made_ms, ev->action->due_at, id};
    struct sla_timer *timer = start_span(work, policy, CLOCK_PROMISE, &span, ev);
    if (timer && !stands)
        (void)timer_cancel(timer, step_calendar(policy, timer), made_ms);
}

/* An owner's clock is about one owner: the same once more does not wind it up again. */
static void
start_owner(struct sla_work *work, const struct sla_policy *policy,
            const struct complaint_event *ev)
{
    struct sla_case *c = &work->c;
    struct str team = ev->action ? ev->action->team : STR_NULL;
    struct str owner = ev->action ? ev->action->owner : STR_NULL;
    bool again = ev->type == EVENT_TYPE_COMPLAINT_ASSIGNED && str_eq(c->team, team) &&
                 str_eq(c->owner, owner) && is_owed(work, CLOCK_OWNER);
    c->team = team;
    c->owner = owner;
    if (again || !step_is_work(c->state))
        return;
    supersede(work, policy, CLOCK_OWNER, STR_NULL, ev->occurred_at);
    (void)start(work, policy, CLOCK_OWNER, ev->occurred_at, ev);
}

static void
start_after_closing(struct sla_work *work, const struct sla_policy *policy,
                    const struct complaint_event *ev)
{
    (void)start(work, policy, CLOCK_FOLLOW_UP, ev->occurred_at, ev);
    supersede(work, policy, CLOCK_RECOVERY_WINDOW, STR_NULL, ev->occurred_at);
    struct sla_timer *timer =
        start(work, policy, CLOCK_RECOVERY_WINDOW, ev->occurred_at, ev);
    if (timer)
        timer->after_closing = true;
}

/* --- messages that wait for an answer ----------------------------------------------- */

/* Times of messages, earliest first; one that finds no room takes the place of the last.
 */
void
step_note_message(struct sla_work *work, int64_t at_ms)
{
    struct sla_case *c = &work->c;
    int64_t *all = ARENA_ARRAY(work->arena, int64_t, c->n_unanswered + 1);
    size_t n =
        c->n_unanswered < SLA_UNANSWERED_MAX ? c->n_unanswered : SLA_UNANSWERED_MAX - 1;
    size_t at = 0;
    while (at < n && c->unanswered[at] <= at_ms)
        at++;
    for (size_t i = 0; i < n; i++)
        all[i + (i >= at)] = c->unanswered[i];
    all[at] = at_ms;
    c->unanswered = all;
    c->n_unanswered = n + 1;
}

/* An answer is one to what was written before it, whenever it arrives. */
void
step_note_answer(struct sla_work *work, int64_t at_ms)
{
    struct sla_case *c = &work->c;
    while (c->n_unanswered > 0 && c->unanswered[0] <= at_ms) {
        c->unanswered++;
        c->n_unanswered--;
    }
}

/* A message while none is owed; judged by event time: an answer that arrives late may
 * leave a message that was written after it. */
static void
start_next_response(struct sla_work *work, const struct sla_policy *policy,
                    const struct complaint_event *ev, int64_t at_ms)
{
    if (work->c.state != STATE_WITHDRAWN && work->c.state != STATE_MERGED &&
        !is_owed(work, CLOCK_FIRST_RESPONSE) && !is_owed(work, CLOCK_NEXT_RESPONSE))
        (void)start(work, policy, CLOCK_NEXT_RESPONSE, at_ms, ev);
}

/* The clocks that an event starts, after it has met and cancelled others. */
void
step_start_by(struct sla_work *work, const struct sla_policy *policy,
              const struct complaint_event *ev, bool answers)
{
    int64_t at_ms = ev->occurred_at;
    switch (ev->type) {
    case EVENT_TYPE_COMPLAINT_MESSAGE:
        start_next_response(work, policy, ev, at_ms);
        break;
    case EVENT_TYPE_COMPLAINT_RESPONDED:
        if (step_is_work(work->c.state) && !is_owed(work, CLOCK_UPDATE))
            (void)start(work, policy, CLOCK_UPDATE, at_ms, ev);
        break;
    case EVENT_TYPE_COMPLAINT_ASSIGNED:
    case EVENT_TYPE_COMPLAINT_TRANSFERRED:
        start_owner(work, policy, ev);
        break;
    case EVENT_TYPE_COMPLAINT_PROMISED:
        start_promise(work, policy, ev);
        break;
    case EVENT_TYPE_COMPLAINT_CLOSED:
        start_after_closing(work, policy, ev);
        break;
    case EVENT_TYPE_COMPLAINT_REOPENED:
        /* A new round: whoever was called in the last one must hear of this one, too. */
        work->c.escalation_level = 0;
        if (!is_owed(work, CLOCK_RESOLUTION))
            (void)start(work, policy, CLOCK_RESOLUTION, at_ms, ev);
        break;
    default:
        break;
    }
    if (answers && work->c.n_unanswered > 0)
        start_next_response(work, policy, ev, work->c.unanswered[0]);
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
                               .tier_said = previous->tier_said,
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
    step_take_facts(c, ev);
    const enum clock at_receipt[] = {CLOCK_ACKNOWLEDGE, CLOCK_FIRST_RESPONSE,
                                     CLOCK_UPDATE,      CLOCK_RESOLUTION,
                                     CLOCK_STATUTORY,   CLOCK_RECOVERY_WINDOW};
    for (size_t i = 0; i < COUNT_OF(at_receipt); i++) {
        int64_t at_ms =
            at_receipt[i] == CLOCK_STATUTORY ? c->statutory_at : c->received_at;
        (void)start(work, policy, at_receipt[i], at_ms, ev);
    }
}
