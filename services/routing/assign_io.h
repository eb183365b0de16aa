/* assign_io.h - the parts of assign's adapter.  State, all in the customer's partition:
 * "c:<complaint_id>" AssignCase, "l:<team>/<member>" MemberLoad, "u:<customer_hash>"
 * AssignCustomer. */
#ifndef REDRESS_ASSIGN_IO_H
#define REDRESS_ASSIGN_IO_H

#include "routing/assign.h"
#include "stage/turn.h"

enum { OUT_ROUTED, OUT_NOTIFICATIONS, OUT_OBSERVED };

/* What one turn works on. */
struct assign_job {
    struct turn *turn;
    struct arena *arena;
    const struct assign_policy *policy;
    const struct complaint_event *ev;
    struct notice_before before;
    struct assign_case c;
    struct str why;  /* of the team and owner that were chosen just now; null: none  */
    struct str role; /* with an escalation of just now: the role that was called ... */
    bool escalated;
};

struct str assign_case_key(struct arena *arena, struct str complaint_id);
MUST_CHECK bool assign_case_load(struct turn *turn, struct str complaint_id,
                                 struct assign_case *ret, bool *ret_found,
                                 struct err *err);
MUST_CHECK bool assign_case_save(struct turn *turn, const struct assign_case *c,
                                 struct err *err);

/* --- assign_load.c: who has how much to do ---------------------------------------------
 */
struct assign_load_ctx {
    struct turn *turn;
    struct err *err;
    bool failed;
};
int64_t assign_load_of(void *ctx, struct str team, struct str member);
/* Moves the case's weight to whoever owns it now; an ended case weighs on nobody. */
MUST_CHECK bool assign_load_settle(struct turn *turn, struct assign_case *c,
                                   struct err *err);

/* --- assign_customer.c: where to reach them -------------------------------------------
 */
/* A new case of the customer, with what was said of him on it; his other cases' notices
 * do not change. */
MUST_CHECK bool assign_customer_begin(struct assign_job *job, struct err *err);
/* customer.updated and customer.erased. */
MUST_CHECK bool assign_customer_event(struct turn *turn, const struct complaint_event *ev,
                                      struct err *err);
/* Where a notice of the case goes: as said on it, over that what was updated since then,
 * what is still missing from what else is known.  *ret_erased: to nobody any more. */
MUST_CHECK bool assign_customer_reach(struct assign_job *job, struct customer *ret,
                                      bool *ret_erased, struct err *err);

/* --- assign_tell.c: what goes out
 * -------------------------------------------------------
 */
/* The event, events of ours, at most one notice. opens: the event opened the case. */
MUST_CHECK bool assign_tell(struct assign_job *job, bool opens, struct err *err);
/* What passed before due_ms of the dates that assign itself watches over. */
MUST_CHECK bool assign_tell_due(struct turn *turn, struct assign_case *c, int64_t due_ms,
                                struct err *err);

/* --- assign_observe.c: what the product team hears -------------------------------------
 */
MUST_CHECK bool assign_observe(struct assign_job *job, struct err *err);

#endif
