/* policy_intervals.h - every interval counted and left out from the start of a clock to
 * its due time, each with its reason.
 *
 * Pure.  Intervals are contiguous, in order, from started_at to due_at.  For business
 * minutes the counted ones add up to the target, for business days there is one for each
 * counted day (as long as nothing paused).  What the calendar says is looked up in the
 * calendar as it is now: if counting with it gives another due time than the one that was
 * set, the account says so. */
#ifndef REDRESS_CTL_POLICY_INTERVALS_H
#define REDRESS_CTL_POLICY_INTERVALS_H

#include "ctl/policy_clocks.h"
#include "sla/target.h"

struct interval {
    int64_t from_ms;
    int64_t to_ms;
    bool counted;
    struct str why;
};
struct account {
    size_t n;
    const struct interval *intervals;
    int64_t counted_ms;
    size_t n_counted;  /* intervals */
    bool reproduced;   /* counting gives due_at */
    int64_t counts_to; /* what it gives */
    struct str note;   /* null, or what a reader must know */
};

/* The target as the policy wrote it; false if it is none that is known. due_ms: of
 * {"until": TIME}, a promise's (unit given). */
MUST_CHECK bool account_target(struct str json, struct target *ret, int64_t *ret_due_ms);

/* calendar NULL: neither calendar nor zone is known any more. */
struct account account_of(struct arena *arena, const struct told_clock *clock,
                          const struct calendar *calendar);

#endif
