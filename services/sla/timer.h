/* timer.h - one start of one clock: pause, resume, meet, breach, extend.  Pure.
 *
 * The steps of clocks.h are made of these.  Each changes one struct sla_timer and says in
 * its result what there is to publish; none looks at the rest of the case. */
#ifndef REDRESS_SLA_TIMER_H
#define REDRESS_SLA_TIMER_H

#include "base/arena.h"
#include "gen/sla_timer.h"
#include "sla/rules.h"

#define SLA_PAUSES_MAX 16

/* What a timer does next by itself; the order is the order within one instant. */
enum timer_action {
    TIMER_RESUMES,
    TIMER_WARNS,
    TIMER_ENDS, /* breached, or a recovery window after closing met */
    TIMER_CLIMBS,
    TIMER_RESTS, /* nothing */
};

enum timer_verdict {
    TIMER_SAME,      /* nothing new                                  */
    TIMER_MET,       /* in time                                      */
    TIMER_MET_LATE,  /* breached before, answered now                */
    TIMER_LATE_NEW,  /* answered late and the breach was not yet said */
    TIMER_CORRECTED, /* the breach was wrong: answered in time        */
};

static inline bool
timer_is_open(const struct sla_timer *timer)
{
    return timer->row.status == CLOCK_STATUS_RUNNING ||
           timer->row.status == CLOCK_STATUS_PAUSED;
}

/* A running timer by its rule. due_ms: with a rule whose target is given. quiet: without
 * warnings and ladder. */
struct sla_timer timer_start(struct arena *arena, const struct sla_rules *rules,
                             const struct sla_clock_rule *rule, enum clock clock,
                             int32_t start_no, int64_t at_ms, int64_t due_ms, bool quiet);

/* Running -> paused; false if it does not run or was due before. */
bool timer_pause(struct sla_timer *timer, int64_t at_ms);
/* Paused -> running, the due time later by the pause. why: the state that paused it. */
void timer_resume(struct arena *arena, struct sla_timer *timer,
                  const struct calendar *calendar, int64_t at_ms, enum state why);
/* An answer at at_ms. */
enum timer_verdict timer_meet(struct arena *arena, struct sla_timer *timer,
                              const struct calendar *calendar, int64_t at_ms,
                              enum state why);
/* Running or paused -> cancelled; true if it changed. Ladders end in any case. */
bool timer_cancel(struct arena *arena, struct sla_timer *timer,
                  const struct calendar *calendar, int64_t at_ms, enum state why);
/* Breached at breached_ms (its due time, or when a recovery window failed). */
void timer_breach(struct sla_timer *timer, const struct calendar *calendar,
                  int64_t breached_ms);
/* A lawful extension; never earlier. */
void timer_extend(struct arena *arena, struct sla_timer *timer,
                  const struct calendar *calendar, int64_t at_ms, int64_t until_ms,
                  enum state why);

/* No rung is climbed any more. */
void timer_end_ladder(struct sla_timer *timer);

/* What comes next and when; TIMER_RESTS with TIME_NONE. */
enum timer_action timer_next(const struct sla_timer *timer, int64_t *ret_at_ms);
/* The warning at warn_at was given. */
void timer_warned(struct sla_timer *timer, const struct calendar *calendar);
/* The rung at rung_at was climbed. */
void timer_climbed(struct sla_timer *timer, const struct calendar *calendar);

#endif
