/* lifecycle.h - what each inbound event does to a complaint: one table that runs, logs
 * and draws.
 *
 * The table is design.md section 9, "Lifecycle", cell for cell.  A step that the table
 * refuses changes nothing and becomes complaint.step_refused with the reason given here.
 * A merged complaint has no row of its own: its events go to the target before they get
 * here.  Pure: no clock, no I/O, no allocation (printing writes to its FILE only). */
#ifndef REDRESS_INTAKE_LIFECYCLE_H
#define REDRESS_INTAKE_LIFECYCLE_H

#include <stdio.h>

#include "base/base.h"
#include "gen/event_type.h"
#include "gen/state.h"

/* `reopened` counts up to this long after the last end of work, later it opens a new
 * case. */
#define LIFECYCLE_REOPEN_MS (30 * DAY_MS)

enum lifecycle_verdict {
    LIFECYCLE_REFUSED,  /* nothing changes                                         */
    LIFECYCLE_STAYS,    /* accepted, the state stays                               */
    LIFECYCLE_MOVES,    /* accepted, the state changes                             */
    LIFECYCLE_NEW_CASE, /* reopened too late: a new case, the old one stays as is  */
};

/* Why a merge cannot be; the adapter looks the target up. */
enum lifecycle_target {
    LIFECYCLE_TARGET_GOOD,
    LIFECYCLE_TARGET_UNKNOWN,
    LIFECYCLE_TARGET_OTHER_CUSTOMER,
    LIFECYCLE_TARGET_ITSELF,
};

/* What a cell of the table may ask about besides the state. */
struct lifecycle_facts {
    bool waits_for_customer;      /* waiting: for = customer, else third_party         */
    bool promise_known;           /* promise_kept: the promise was made                */
    bool remedy_accepted;         /* remedy_accepted: the offer is accepted already    */
    bool reopen_late;             /* reopened: more than LIFECYCLE_REOPEN_MS after end */
    enum lifecycle_target target; /* merged                                            */
};

struct lifecycle_decision {
    enum lifecycle_verdict verdict;
    enum state to;   /* the state after it; with REFUSED and NEW_CASE the state before */
    const char *why; /* REFUSED: one sentence for a person, static; else NULL          */
};

/* from: any state but none and merged.  on: an inbound complaint.* type; a second
 * complaint.submitted counts as a message. */
struct lifecycle_decision lifecycle_decide(enum state from, enum event_type on,
                                           const struct lifecycle_facts *facts);

/* True for resolved, closed, rejected, withdrawn and merged: nothing is owed any more. */
bool lifecycle_over(enum state state);
/* A step to this state is an end of work (resolved, closed, rejected, withdrawn). */
bool lifecycle_ends_work(enum state state);
/* complaint.submitted ... complaint.extended: the types that name a complaint. */
bool lifecycle_handles(enum event_type type);

/* The table as a Mermaid state diagram, for `make docs`. */
void lifecycle_print_mermaid(FILE *out);
/* The table as Markdown, states across. */
void lifecycle_print_table(FILE *out);

#endif
