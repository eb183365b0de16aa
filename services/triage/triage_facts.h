/* triage_facts.h - what happened to a case: events and timers in, facts of the case out.
 *
 * Double deviation is what stands in `evidence`; failed_recoveries counts exactly what
 * design.md section 9 names: refused remedies, reopenings by the customer, promises not
 * kept at their due time, ratings <= 2 after a resolution.
 * A case's lists are views: into its record, the event or the arena; it is saved before
 * they go.  Decisions compare event times, never the time of processing.
 * Pure: no clock, no I/O, no heap. */
#ifndef REDRESS_TRIAGE_FACTS_H
#define REDRESS_TRIAGE_FACTS_H

#include "gen/complaint_event.h"
#include "triage/triage.h"

/* A case with its first event (ev->register_ is there). previous: the case that a late
 * reopening goes on from, or NULL. */
void triage_begin(const struct complaint_event *ev, const struct triage_case *previous,
                  struct triage_case *ret);

/* Takes the event in. customer: for a repeated complaint; read only. */
void triage_apply(const struct triage_policy *policy, const struct complaint_event *ev,
                  const struct triage_customer *customer, struct arena *arena,
                  struct triage_case *c);

/* The complaints that the customer's file knows on the same order or product. */
void triage_take_repeat(const struct triage_policy *policy,
                        const struct complaint_event *ev,
                        const struct triage_customer *customer, struct arena *arena,
                        struct triage_case *c);
/* A complaint that register links to an earlier one: it repeats it, if that is not too
 * long ago. */
void triage_link(const struct triage_policy *policy, const struct triage_case *earlier,
                 struct arena *arena, struct triage_case *c);
/* The earlier complaint, named by its first event (null: whichever), was none: the
 * evidence falls. False if there was none. */
bool triage_unrepeat(struct triage_case *c, struct arena *arena, struct str submitted_by);
/* What a merged case knows goes on at its target: evidence, failed recoveries, promises,
 * who looks on, what was offered. c keeps all but its promises (triage_merge.c). */
void triage_absorb(struct triage_case *c, struct triage_case *target,
                   struct arena *arena);

/* Steps of the ageing table behind a case at this time. */
int32_t triage_age_steps(const struct triage_policy *policy, const struct triage_case *c,
                         int64_t at_ms);

enum triage_timer {
    TRIAGE_TIMER_NONE,
    TRIAGE_TIMER_PROMISE, /* not kept at its due time        */
    TRIAGE_TIMER_SILENCE, /* no answer for silence_ms        */
    TRIAGE_TIMER_AGED,    /* a step of the ageing table      */
};
struct triage_fired {
    enum triage_timer timer;
    int64_t at;       /* the due time itself: what the event is stamped with */
    struct str cause; /* event_id                                             */
    struct str promise_id;
};
/* When triage_fire() shall be called next; TIME_NONE: never. A promise and silence are
 * due one millisecond after their time: at it exactly is in time. */
int64_t triage_next_due(const struct triage_policy *policy, const struct triage_case *c);
/* Takes the earliest thing due at or before due_ms (ties: promise, silence, ageing). */
struct triage_fired triage_fire(const struct triage_policy *policy, int64_t due_ms,
                                struct arena *arena, struct triage_case *c);

/* FNV-1a of the text with ASCII letters in lower case; 0 for none. */
int64_t triage_hash(struct str text);

#endif
