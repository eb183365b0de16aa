/* triage_customer.h - the customer's file: relationship, open cases, earlier failures.
 *
 * One bounded record a customer, kept under the whole hash.  Every list has a cap; the
 * oldest entries go first.  Holds no name, address or text.
 * Pure: no clock, no I/O, no heap; changed lists live in the arena. */
#ifndef REDRESS_TRIAGE_CUSTOMER_H
#define REDRESS_TRIAGE_CUSTOMER_H

#include "gen/customer.h"
#include "triage/triage.h"

#define TRIAGE_OPEN 32
#define TRIAGE_SEEN 16

/* What the publisher said of the customer; unknown fields stay. True if something
 * changed. */
bool triage_customer_update(struct triage_customer *u, const struct customer *said);

/* A new case, after its first event was applied. */
void triage_customer_begin(struct triage_customer *u, struct str complaint_id,
                           const struct triage_case *c, struct arena *arena);

/* The case is of another kind or product now: the list of earlier complaints follows. */
void triage_customer_correct(struct triage_customer *u, struct str complaint_id,
                             const struct triage_case *c, enum kind kind_before,
                             struct arena *arena);

/* Keeps the list of open cases and the sum of failures in step with a case that changed.
 * failed_before: the case's failed_recoveries before. True if the file changed. */
bool triage_customer_follow(struct triage_customer *u, struct str complaint_id,
                            const struct triage_case *c, int32_t failed_before,
                            struct arena *arena);

/* Forgets what was said of the person; cases stay. */
void triage_customer_erase(struct triage_customer *u);

#endif
