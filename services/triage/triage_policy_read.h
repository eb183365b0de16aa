/* triage_policy_read.h - the parts of the policy reader; for triage_policy*.c only.
 *
 * All refuse with ERR_STOP, "file: $.path: what to do", and fill their part of the
 * policy. Pure but for the document they read. */
#ifndef REDRESS_TRIAGE_POLICY_READ_H
#define REDRESS_TRIAGE_POLICY_READ_H

#include "conf/policy.h"
#include "triage/triage.h"

#define KEYS(...) ((const char *const[]){__VA_ARGS__, NULL})

/* A number from min to max. */
MUST_CHECK bool triage_read_number(const struct policy_node *node, const char *key,
                                   double min, double max, double *ret, struct err *err);
/* "<key>_hours" or "<key>_days" as milliseconds; at least 1. */
MUST_CHECK bool triage_read_span(const struct policy_node *node, const char *key,
                                 int64_t unit_ms, int64_t *ret_ms, struct err *err);

MUST_CHECK bool triage_read_tiers(const struct policy_node *root, struct triage_policy *p,
                                  struct err *err);
MUST_CHECK bool triage_read_overrides(const struct policy_node *root,
                                      struct triage_policy *p, struct err *err);
MUST_CHECK bool triage_read_ageing(const struct policy_node *root,
                                   struct triage_policy *p, struct err *err);
MUST_CHECK bool triage_read_compensations(const struct policy_node *root,
                                          struct triage_policy *p, struct err *err);
MUST_CHECK bool triage_read_remedies(const struct policy_node *root,
                                     struct triage_policy *p, struct err *err);

#endif
