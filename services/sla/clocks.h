/* clocks.h - the clocks of a case: what starts, meets, pauses, cancels and ends them.
 *
 * Pure: no clock, no I/O; lists that grow live in the arena.  Two steps change a case:
 *   sla_apply()  one event of the complaint, judged by its own time
 *   sla_fire()   the first thing that is due: a pause that ends by itself, a warning, a
 *                breach, a recovery window that ended well, a rung of a ladder
 * What they have to say besides the event itself is left in own[], in order.
 *
 * Invariants: met or breached is decided by event time against due time, at the due time
 * is in time; a breach stays unless an answer, an extension or a new promise of an event
 * time in time turns up (sla.breach_corrected); neither a pause nor an extension moves a
 * due time earlier; a running clock keeps what its policy said when it started. */
#ifndef REDRESS_SLA_CLOCKS_H
#define REDRESS_SLA_CLOCKS_H

#include "base/arena.h"
#include "gen/complaint_event.h"
#include "gen/sla_case.h"
#include "sla/rules.h"

/* Starts in a case (the section holds 96); of them open promises: what is above is
 * refused, visibly; own events of one step. */
#define SLA_TIMERS_MAX 80
#define SLA_PROMISES_MAX 64
#define SLA_OWN_MAX 96
#define SLA_UNANSWERED_MAX 16 /* times of messages kept */

/* An event that the stage makes: type, time, what happened, which event caused it. */
struct sla_own {
    enum event_type type;
    int64_t at_ms;
    struct sla_fired fired;
    struct str cause; /* event_id */
    const char *why;  /* of a refusal: static text, plain ASCII; else NULL */
};

/* A case being worked on. */
struct sla_work {
    struct sla_case c; /* timers and starts are set by sla_pack()         */
    struct arena *arena;
    struct sla_timer *timers;
    bool *changed; /* by the steps since sla_unpack() or sla_published()  */
    size_t n_timers;
    size_t room;
    int32_t starts[CLOCK_COUNT];
    size_t n_own;
    size_t room_own; /* grows: most events have nothing to say */
    struct sla_own *own;
};

/* A work of a stored case (or of an all-zero one) with room for more timers. */
struct sla_work *sla_unpack(struct arena *arena, const struct sla_case *stored,
                            size_t more);
/* Forgets what is over and fills c.timers and c.starts. */
void sla_pack(struct sla_work *work);

/* A new case from the event that opens it (complaint.submitted, or a late
 * complaint.reopened; for that, previous is the case it follows, else NULL), and starts
 * its clocks. ev->register_ is set. */
void sla_open(struct sla_work *work, const struct sla_policy *policy,
              const struct complaint_event *ev, const struct sla_case *previous);
/* Any later event of the complaint. */
void sla_apply(struct sla_work *work, const struct sla_policy *policy,
               const struct complaint_event *ev);
/* When the next thing is due; TIME_NONE if nothing is. */
int64_t sla_next_due(const struct sla_work *work);
/* Handles all that is due at that instant, in the order: pauses that end, warnings, ends,
 * rungs; then by clock and start. Call with at_ms = sla_next_due(). */
void sla_fire(struct sla_work *work, const struct sla_policy *policy, int64_t at_ms);

/* Moves what a merge leaves (promises and statutory clocks that run, and a breached
 * statutory clock that is not answered) over to target; call after sla_apply() of
 * complaint.merged, ev. A breach stays in the source's record, the ladder goes on at the
 * target. False if there was nothing to move. */
bool sla_take_over(struct sla_work *source, struct sla_work *target,
                   const struct complaint_event *ev);
/* How many timers would move. */
size_t sla_take_over_count(const struct sla_work *source);

/* A clock that still runs or is paused. */
bool sla_any_open(const struct sla_work *work);
/* The section now, in the arena: clocks that run, are paused, or changed; fired: of own
 * events, else NULL. Only the first row of a start tells calendar and zone. */
struct sla_section *sla_section_now(struct sla_work *work,
                                    const struct sla_policy *policy,
                                    const struct sla_fired *fired);
/* Forgets what changed. */
void sla_published(struct sla_work *work);

#endif
