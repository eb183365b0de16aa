/* lifecycle_design.h - the table of design.md section 9, "Lifecycle", as its text says
 * it, taken apart into single cases.  Knows nothing of services/intake/lifecycle.c. */
#ifndef REDRESS_TEST_LIFECYCLE_DESIGN_H
#define REDRESS_TEST_LIFECYCLE_DESIGN_H

#include "base/base.h"
#include "gen/event_type.h"
#include "gen/state.h"

/* One cell, with what it asks about besides the state. */
struct design_case {
    enum state from;
    enum event_type on;
    bool waits_for_customer; /* waiting: for customer, else for third_party   */
    bool promise_known;      /* promise_kept                                  */
    bool accepted_before;    /* remedy_accepted, on proposed: the second time */
    bool refused;
    enum state to; /* the state after it; = from where it stays or is refused */
};

/* All of them, until the program ends; exits if the text cannot be read. */
size_t design_cases(const struct design_case **ret);

#endif
