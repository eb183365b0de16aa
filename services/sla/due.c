/* What is due by itself: pauses that end, warnings, ends, rungs. */
#include "base/times.h"
#include "sla/steps.h"

int64_t
sla_next_due(const struct sla_work *work)
{
    int64_t first_ms = TIME_NONE;
    for (size_t i = 0; i < work->n_timers; i++) {
        int64_t at_ms = TIME_NONE;
        if (timer_next(&work->timers[i], &at_ms) != TIMER_RESTS &&
            (first_ms == TIME_NONE || at_ms < first_ms))
            first_ms = at_ms;
    }
    return first_ms;
}

/* The first of what is due by at_ms, in (time, action, clock, start) order. */
static bool
first_due(const struct sla_work *work, int64_t at_ms, size_t *ret_i,
          enum timer_action *ret_action, int64_t *ret_at_ms)
{
    bool found = false;
    for (size_t i = 0; i < work->n_timers; i++) {
        int64_t due_ms = TIME_NONE;
        enum timer_action action = timer_next(&work->timers[i], &due_ms);
        if (action == TIMER_RESTS || due_ms > at_ms)
            continue;
        const struct sla_clock *row = &work->timers[i].row;
        const struct sla_clock *best = &work->timers[*ret_i].row;
        bool before = !found || due_ms < *ret_at_ms;
        if (found && due_ms == *ret_at_ms)
            before = action != *ret_action       ? action < *ret_action
                     : row->clock != best->clock ? row->clock < best->clock
                                                 : row->start_no < best->start_no;
        if (!before)
            continue;
        found = true;
        *ret_i = i;
        *ret_action = action;
        *ret_at_ms = due_ms;
    }
    return found;
}

static void
fire_warning(struct sla_work *work, const struct sla_policy *policy, size_t i,
             int64_t at_ms)
{
    struct sla_timer *timer = &work->timers[i];
    timer_warned(timer, step_calendar(policy, timer));
    struct sla_own *own = step_say(work, i, EVENT_TYPE_SLA_WARNED, at_ms, STR_NULL);
    if (own)
        own->fired.percent = timer->row.warned_percent;
}

static void
fire_end(struct sla_work *work, const struct sla_policy *policy, size_t i)
{
    struct sla_timer *timer = &work->timers[i];
    int64_t due_ms = timer->row.due_at;
    if (timer->after_closing) { /* nobody came back: recovered */
        timer->row.status = CLOCK_STATUS_MET;
        timer->row.has_met_at = true;
        timer->row.met_at = due_ms;
        (void)step_say(work, i, EVENT_TYPE_SLA_MET, due_ms, STR_NULL);
        return;
    }
    timer_breach(timer, step_calendar(policy, timer), due_ms);
    if (!step_may_escalate(work, timer->row.clock))
        timer_end_ladder(timer);
    (void)step_say(work, i, EVENT_TYPE_SLA_BREACHED, due_ms, STR_NULL);
}

/* A level that another clock has reached already is passed over: each once in a case,
 * and once more after each reopening. */
static void
fire_rung(struct sla_work *work, const struct sla_policy *policy, size_t i, int64_t at_ms)
{
    struct sla_timer *timer = &work->timers[i];
    const struct sla_rung *rung = &timer->rungs[timer->next_rung];
    struct str to = rung->to;
    int32_t level = rung->level > 0 ? rung->level : timer->next_rung + 1;
    timer_climbed(timer, step_calendar(policy, timer));
    /* A history, into which a live case with its ladder was merged, calls nobody. */
    if (level <= work->c.escalation_level || work->c.history)
        return;
    work->c.escalation_level = level;
    struct sla_own *own = step_say(work, i, EVENT_TYPE_SLA_ESCALATED, at_ms, STR_NULL);
    if (own) {
        own->fired.level = level;
        own->fired.to = to;
    }
}

void
sla_fire(struct sla_work *work, const struct sla_policy *policy, int64_t at_ms)
{
    size_t i = 0;
    enum timer_action action = TIMER_RESTS;
    int64_t due_ms = 0;
    /* One place is kept: a step says one thing at most. */
    while (work->n_own < SLA_OWN_MAX - 1 &&
           first_due(work, at_ms, &i, &action, &due_ms)) {
        struct sla_timer *timer = &work->timers[i];
        switch (action) {
        case TIMER_RESUMES:
            timer_resume(timer, step_calendar(policy, timer), due_ms);
            (void)step_say(work, i, EVENT_TYPE_SLA_RESUMED, due_ms, STR_NULL);
            break;
        case TIMER_WARNS:
            fire_warning(work, policy, i, due_ms);
            break;
        case TIMER_ENDS:
            fire_end(work, policy, i);
            break;
        case TIMER_CLIMBS:
            fire_rung(work, policy, i, due_ms);
            break;
        case TIMER_RESTS:
            break;
        }
    }
}
