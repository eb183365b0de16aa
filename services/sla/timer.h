/* timer.h - one start of one clock: pause, resume, meet, breach, extend.  Pure.
 *
 * The steps of clocks.h are made of these.  Each changes one struct sla_timer and says in
 * its result what there is to publish; none looks at the rest of the case. */
#ifndef REDRESS_SLA_TIMER_H
#define REDRESS_SLA_TIMER_H

#include "base/arena.h"
#include "gen/sla_timer.h"
#include "sla/rules.h"

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

/* What became of an extension; the words for people are in timer_extension_why(). */
enum timer_extension {
    TIMER_EXTENDED,
    TIMER_EXTENDED_CORRECTED, /* approved in time, known after the breach     */
    TIMER_NOT_LATER,          /* the rest: refused, nothing has changed       */
    TIMER_WAS_DUE,
    TIMER_TOO_OFTEN,
    TIMER_TOO_FAR,
};

/* When and why a timer starts. */
struct timer_begin {
    enum clock clock;
    int32_t start_no;
    int64_t at_ms;    /* from which the target counts                            */
    int64_t known_ms; /* time of the event that started it: later, where the clock
                         starts in retrospect                                    */
    int64_t due_ms;   /* with a rule whose target is given                       */
    bool quiet;       /* without warnings and ladder                             */
    struct str cause; /* event_id; null: the submission                          */
};

/* A running timer by its rule.  Of the percents that have passed before it was known only
 * the highest is warned of; a ladder counts from then as well. */
struct sla_timer timer_start(struct arena *arena, const struct sla_rules *rules,
                             const struct sla_clock_rule *rule,
                             const struct timer_begin *begin);

/* Running -> paused; false if it does not run, was due before, or has had all the pause
 * that its policy allows. */
bool timer_pause(struct sla_timer *timer, int64_t at_ms);
/* Paused -> running, the due time later by the pause; a pause is cut at its maximum. */
void timer_resume(struct sla_timer *timer, const struct calendar *calendar,
                  int64_t at_ms);
/* An answer at at_ms. */
enum timer_verdict timer_meet(struct sla_timer *timer, const struct calendar *calendar,
                              int64_t at_ms);
/* Running or paused -> cancelled; true if it changed. Ladders end in any case. */
bool timer_cancel(struct sla_timer *timer, const struct calendar *calendar,
                  int64_t at_ms);
/* Breached at breached_ms (its due time, or when a recovery window failed). */
void timer_breach(struct sla_timer *timer, const struct calendar *calendar,
                  int64_t breached_ms);
/* What was promised anew before it was due was no breach: breached -> cancelled. False if
 * at_ms is too late for that. */
bool timer_unbreach(struct sla_timer *timer, int64_t at_ms);
/* An extension approved at at_ms. An extension after the due time does not undo the
 * breach; one that the policy does not allow changes nothing. */
enum timer_extension timer_extend(struct sla_timer *timer,
                                  const struct calendar *calendar, int64_t at_ms,
                                  int64_t until_ms);
/* Static text. */
const char *timer_extension_why(enum timer_extension extension);

/* No rung is climbed any more. */
void timer_end_ladder(struct sla_timer *timer);

/* What comes next and when; TIMER_RESTS with TIME_NONE. */
enum timer_action timer_next(const struct sla_timer *timer, int64_t *ret_at_ms);
/* The warning at warn_at was given. */
void timer_warned(struct sla_timer *timer, const struct calendar *calendar);
/* The rung at rung_at was climbed. */
void timer_climbed(struct sla_timer *timer, const struct calendar *calendar);

#endif
