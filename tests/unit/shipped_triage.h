/* shipped_triage.h - the shipped triage policy and an arena, for tests of triage's cores.
 */
#ifndef REDRESS_TEST_SHIPPED_TRIAGE_H
#define REDRESS_TEST_SHIPPED_TRIAGE_H

#include "triage/triage.h"

#define POLICY_DIR "deploy/policy"
#define T0 (INT64_C(1790000000000))

extern struct triage_policy *policy;
extern struct arena arena;

/* Group setup and teardown; setup fails, and says why, where the policy is bad. */
int shipped_triage_load(void **state);
int shipped_triage_release(void **state);

#endif
