/* register.h - the core of intake/register: what one event does to one case.
 *
 * A case (struct register_case) is the state record itself; applying an event changes it
 * in place, its lists move to the arena.  Each accepted or refused event takes the next
 * seq. Decisions compare event times; the clock of the machine has no part in them. Pure:
 * no clock, no I/O; memory only from the arena given. */
#ifndef REDRESS_INTAKE_REGISTER_H
#define REDRESS_INTAKE_REGISTER_H

#include "base/arena.h"
#include "base/base.h"
#include "gen/complaint_event.h"
#include "gen/register_case.h"
#include "gen/register_customer.h"
#include "intake/lifecycle.h"

#define REGISTER_RECOVERY_MS (28 * DAY_MS) /* design: the 28-day recovery window */
#define REGISTER_HISTORY_MS (28 * DAY_MS)  /* older submissions run no timers  */
#define REGISTER_IDENTITY_MS (30 * DAY_MS) /* deduplication, on the stage's clock */
#define REGISTER_STUB_MS                                                                 \
    LIFECYCLE_REOPEN_MS      /* a finished case shrinks after this        */
#define REGISTER_TEXTS 32    /* of a case, for submissions sent again     */
#define REGISTER_PROMISES 64 /* known on a case                           */
#define REGISTER_LINKS 16    /* cases in a customer's file                */

/* 64 bits over the bytes; never 0, which means "none". */
int64_t register_hash(struct str s);
/* Of what the customer wrote: text, else subject, else issue (submissions). */
int64_t register_submission_hash(const struct submission *submission);
/* The same as a message's text. */
struct str register_submission_text(const struct submission *submission);
/* The case holds this text: its submission's or a later one of the customer. */
bool register_has_text(const struct register_case *rc, int64_t hash);

/* A new case from its first event: the submission, or a reopening that came too late
 * (ref and previous are then the new ref and the old case's id).  seq 1 is taken. */
struct register_new {
    struct str customer_hash;
    struct str source;
    struct str complaint_ref;
    struct str previous_complaint_id; /* null without  */
    struct str root_id;               /* null for a submission */
    enum customer_key customer_key_kind;
    bool wall_clock;
};
void register_open(struct register_case *ret, const struct complaint_event *ev,
                   const struct register_new *how);

/* Applies an inbound event to a case that is neither new nor merged (a submission sent
 * again comes as complaint.message). target is looked up by the caller for
 * complaint.merged (into_id: the id at the end of its chain); else ignored. With
 * LIFECYCLE_NEW_CASE the case is untouched and no seq is taken. */
struct register_facts {
    enum lifecycle_target target;
    struct str into_id;
};
struct lifecycle_decision register_apply(struct register_case *rc, struct arena *arena,
                                         const struct complaint_event *ev,
                                         const struct register_facts *facts);
/* The event, which named the case by its id, speaks of another customer: it has an
 * identifier of the kind that the case's customer is known by, and another value. */
bool register_of_another(const struct register_case *rc,
                         const struct complaint_event *ev);
/* Until when a rejected case can be appealed (reopened in this case), else TIME_NONE. */
int64_t register_appeal_until(const struct register_case *rc);
/* A merge gives the target the promises that may still be kept. */
void register_absorb(struct register_case *target, struct arena *arena,
                     const struct register_case *source);
/* Drops what only an unfinished case needs. */
void register_shrink(struct register_case *rc);

/* The section of an event, strings as in the case. from: the state before it. */
struct register_section register_section_of(const struct register_case *rc,
                                            enum state from);

/* The customer's file. previous: the latest case with the same order, else with the same
 * product; null if there is none. */
struct str register_previous(const struct register_customer *file,
                             const struct submission *submission);
void register_file(struct register_customer *file, struct arena *arena,
                   struct str complaint_id, const struct submission *submission);

#endif
