/* steps.h - what clocks.c (one event) and due.c (what is due) share; nobody else's. */
#ifndef REDRESS_SLA_STEPS_H
#define REDRESS_SLA_STEPS_H

#include "sla/clocks.h"
#include "sla/timer.h"

static inline const struct calendar *
step_calendar(const struct sla_policy *policy, const struct sla_timer *timer)
{
    return sla_calendar(policy, timer->calendar, timer->zone);
}

/* Leaves an own event about timer i and marks it changed; cause null: what started the
 * clock. A history says nothing: NULL. */
struct sla_own *step_say(struct sla_work *work, size_t i, enum event_type type,
                         int64_t at_ms, struct str cause);
/* Somebody is still to work on a case in this state. */
bool step_is_work(enum state state);
/* A case whose work has ended escalates no further, but for what is owed all the same: a
 * promise, a legal term, an answer to a new message. */
bool step_may_escalate(const struct sla_work *work, enum clock clock);

#endif
