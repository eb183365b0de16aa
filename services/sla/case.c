/* The case around the clocks: unpacking, packing, the section, merging. */
#include "base/times.h"
#include "sla/steps.h"

struct sla_work *
sla_unpack(struct arena *arena, const struct sla_case *stored, size_t more)
{
    struct sla_work *work = ARENA_NEW(arena, struct sla_work);
    work->arena = arena;
    work->c = *stored;
    work->n_timers = stored->n_timers;
    size_t cap = stored->n_timers < SLA_TIMERS_MAX ? SLA_TIMERS_MAX : stored->n_timers;
    work->room = stored->n_timers + more < cap ? stored->n_timers + more : cap;
    work->timers = ARENA_ARRAY(arena, struct sla_timer, work->room + 1);
    work->changed = ARENA_ARRAY(arena, bool, work->room + 1);
    if (stored->n_timers > 0)
        memcpy(work->timers, stored->timers, stored->n_timers * sizeof(*work->timers));
    for (size_t i = 0; i < stored->n_starts && i < CLOCK_COUNT; i++)
        work->starts[i] = stored->starts[i];
    return work;
}

/* Nothing can happen to it any more, or nothing that would matter. */
static bool
is_over(const struct sla_work *work, const struct sla_timer *timer)
{
    if (timer_is_open(timer))
        return false;
    if (work->c.state == STATE_WITHDRAWN || work->c.state == STATE_MERGED)
        return true;
    switch (timer->row.status) {
    case CLOCK_STATUS_MET: /* late news of a failed recovery may still come */
        return !timer->after_closing;
    case CLOCK_STATUS_BREACHED: /* an answer is still owed */
        return timer->after_closing && !timer->has_rung_at;
    case CLOCK_STATUS_MET_LATE: /* an earlier answer may still come */
        return false;
    case CLOCK_STATUS_RUNNING:
    case CLOCK_STATUS_PAUSED:
    case CLOCK_STATUS_CANCELLED:
    case CLOCK_STATUS_COUNT:
        break;
    }
    return true;
}

void
sla_pack(struct sla_work *work)
{
    size_t n = 0;
    for (size_t i = 0; i < work->n_timers; i++) {
        if (is_over(work, &work->timers[i]))
            continue;
        work->timers[n] = work->timers[i];
        work->changed[n] = work->changed[i];
        n++;
    }
    work->n_timers = n;
    work->c.n_timers = n;
    work->c.timers = work->timers;
    work->c.n_starts = CLOCK_COUNT;
    work->c.starts = work->starts;
}

bool
sla_any_open(const struct sla_work *work)
{
    for (size_t i = 0; i < work->n_timers; i++) {
        if (timer_is_open(&work->timers[i]))
            return true;
    }
    return false;
}

struct sla_section *
sla_section_now(struct sla_work *work, const struct sla_policy *policy,
                const struct sla_fired *fired)
{
    struct sla_section *section = ARENA_NEW(work->arena, struct sla_section);
    struct sla_clock *rows =
        ARENA_ARRAY(work->arena, struct sla_clock, work->n_timers + 1);
    for (size_t i = 0; i < work->n_timers; i++) {
        struct sla_clock *row = &work->timers[i].row;
        if (!timer_is_open(&work->timers[i]) && !work->changed[i])
            continue;
        rows[section->n_clocks++] = *row;
        row->calendar = STR_NULL;
        row->zone = STR_NULL;
    }
    section->policy = work->c.policy;
    section->escalation_level = work->c.escalation_level;
    section->clocks = rows;
    section->fired = fired;
    section->policy_hash = policy->hash;
    return section;
}

void
sla_published(struct sla_work *work)
{
    memset(work->changed, 0, work->room * sizeof(*work->changed));
    work->n_own = 0;
}

/* What is running; and a legal term that was breached and not answered: to merge a case
 * away is no answer. A broken promise is broken. */
static bool
goes_on(const struct sla_timer *timer)
{
    if (timer->row.clock == CLOCK_STATUTORY)
        return timer_is_open(timer) || timer->row.status == CLOCK_STATUS_BREACHED;
    return timer->row.clock == CLOCK_PROMISE && timer_is_open(timer);
}

size_t
sla_take_over_count(const struct sla_work *source)
{
    size_t n = 0;
    for (size_t i = 0; i < source->n_timers; i++)
        n += goes_on(&source->timers[i]);
    return n;
}

/* The joint case was answered already: so is the legal term. */
static void
answered_before(struct sla_timer *timer, int64_t at_ms)
{
    bool late = timer->row.status == CLOCK_STATUS_BREACHED;
    timer->row.status = late ? CLOCK_STATUS_MET_LATE : CLOCK_STATUS_MET;
    timer->row.has_met_at = true;
    timer->row.met_at = i64_max(at_ms, timer->row.started_at);
    timer_end_ladder(timer);
}

static void
move_over(const struct sla_timer *timer, struct sla_work *target,
          const struct complaint_event *ev)
{
    if (!step_make_room(target, timer->row.clock)) {
        step_refuse(target, EVENT_TYPE_SLA_START_REFUSED,
                    &(struct sla_fired){.clock = timer->row.clock,
                                        .promise_id = timer->row.promise_id,
                                        .due_at = timer->row.due_at},
                    ev, "the case has as many clocks as there can be");
        return;
    }
    struct sla_timer copy = *timer;
    copy.started_by = ev->event_id;
    copy.row.start_no = ++target->starts[copy.row.clock];
    copy.row.calendar = copy.calendar;
    copy.row.zone = copy.zone;
    enum state state = target->c.state;
    if (copy.row.clock == CLOCK_STATUTORY &&
        (state == STATE_RESOLVED || state == STATE_CLOSED || state == STATE_REJECTED))
        answered_before(&copy, ev->occurred_at);
    (void)step_add(target, &copy);
}

bool
sla_take_over(struct sla_work *source, struct sla_work *target,
              const struct complaint_event *ev)
{
    bool moved = false;
    for (size_t i = 0; i < source->n_timers; i++) {
        struct sla_timer *timer = &source->timers[i];
        if (!goes_on(timer))
            continue;
        if (target) {
            move_over(timer, target, ev);
            moved = true;
        }
        timer_end_ladder(timer);
        if (timer->row.status == CLOCK_STATUS_BREACHED)
            continue; /* stays one in the record */
        timer->row.status = CLOCK_STATUS_CANCELLED;
        source->changed[i] = true;
    }
    return moved;
}
