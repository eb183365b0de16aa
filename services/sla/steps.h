/* steps.h - what clocks.c (one event), starts.c (what starts), due.c (what is due) and
 * case.c share; nobody else's. */
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

/* Room for one more timer of this clock: above the cap an ended one makes room. False:
 * there is none. */
bool step_make_room(struct sla_work *work, enum clock clock);
/* After step_make_room(). */
struct sla_timer *step_add(struct sla_work *work, const struct sla_timer *timer);
/* A message of the customer's, and what answers it: kept by event time. */
void step_note_message(struct sla_work *work, int64_t at_ms);
void step_note_answer(struct sla_work *work, int64_t at_ms);
/* The clocks that an event starts, after it has met and cancelled others; answers: it is
 * an answer to the complainant. */
void step_start_by(struct sla_work *work, const struct sla_policy *policy,
                   const struct complaint_event *ev, bool answers);
/* Another kind has other clocks. */
void step_change_kind(struct sla_work *work, const struct sla_policy *policy,
                      const struct complaint_event *ev);
/* What earlier stages know now. */
void step_take_facts(struct sla_case *c, const struct complaint_event *ev);
/* Room for one more own event; n_own counts it. */
struct sla_own *step_own(struct sla_work *work);
/* Leaves an own event about something that ev asked for and did not get; why: static
 * text. A history says nothing. */
void step_refuse(struct sla_work *work, enum event_type type,
                 const struct sla_fired *fired, const struct complaint_event *ev,
                 const char *why);

#endif
