/* register_io.h - what register's adapter files share: cases in the store, parked events.
 *
 * State keys: c:<complaint_id> case, d:<event> identity, o:<complaint_id>
 * identities older than 30 days, u:<customer_hash> file,
 * k:<customer_key> what is parked for a customer, p:<customer_key>:<number> one parked
 * event, "parked" the partition's totals.  Everything runs inside one turn. */
#ifndef REDRESS_INTAKE_REGISTER_IO_H
#define REDRESS_INTAKE_REGISTER_IO_H

#include "intake/register.h"
#include "stage/turn.h"

/* Cells of the parking place: an outsider could fill memory with events that name
 * nothing. */
#define PARK_PER_CUSTOMER ((size_t)100)
#define PARK_PARTITION_BYTES ((int64_t)64 * 1024 * 1024)
#define PARK_MS DAY_MS

/* --- cases (register_case_io.c) -------------------------------------------------------
 */

/* A case found by walking from a name to where its events go now. */
struct case_place {
    bool found;
    struct str id;
    struct register_case rc;
    bool text_known; /* a case on the way holds the text asked about */
};
/* by_ref: a ref means the newest case after a late reopening, an id the very case.
 * text: hash of a text to look for on the way, 0 for none. */
MUST_CHECK bool case_find(struct turn *turn, struct str id, bool by_ref, int64_t text,
                          struct case_place *ret, struct err *err);
MUST_CHECK bool case_save(struct turn *turn, struct str id,
                          const struct register_case *rc, struct err *err);
bool case_exists(struct turn *turn, struct str id);
/* Shrinks a finished case. */
MUST_CHECK bool case_timer(struct turn *turn, struct str key, struct err *err);

/* Seen before: the event is a duplicate. Events without a ce_id (collect's) never are. */
MUST_CHECK bool identity_known(struct turn *turn, const struct complaint_event *ev,
                               bool *ret_known, struct err *err);
MUST_CHECK bool identity_save(struct turn *turn, const struct complaint_event *ev,
                              struct err *err);
/* So that a dead letter may be sent in again under its own id. */
void identity_forget(struct turn *turn, const struct complaint_event *ev);
/* After 30 days an identity shrinks to 8 bytes in its complaint's list (RegisterSeen),
 * where it stays: the same event never makes a second row.  Those without a complaint go.
 */
MUST_CHECK bool identity_timer(struct turn *turn, struct str key, struct err *err);

/* --- parked events (register_park.c) --------------------------------------------------
 */

/* Keeps the event at hand; ERR_DEAD_LETTER unknown_complaint when the place is full. */
MUST_CHECK bool park_event(struct turn *turn, const struct complaint_event *ev,
                           struct str complaint_id, struct err *err);
/* Hands the events that waited for complaint_id to take(), in arrival order, and forgets
 * them. */
MUST_CHECK bool park_take(struct turn *turn, struct str customer_key,
                          struct str complaint_id,
                          bool (*take)(struct turn *turn,
                                       const struct complaint_event *ev, struct err *err),
                          struct err *err);
/* The wait is over: a dead letter unknown_complaint. */
MUST_CHECK bool park_timer(struct turn *turn, struct str key, struct err *err);

#endif
