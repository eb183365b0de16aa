/* sla_policy.h - deploy/policy/sla.json, sla/<preset>.json and calendars/<name>.json.
 *
 * What loads can be counted with: every number has a bound, every name is known, unknown
 * keys are refused.  schemas/policy/sla.schema.json and calendar.schema.json describe the
 * files for people and editors. */
#ifndef REDRESS_SLA_POLICY_H
#define REDRESS_SLA_POLICY_H

#include "sla/rules.h"

/* NULL with ERR_STOP if a file is bad. */
struct sla_policy *sla_policy_load(const char *dir, struct err *err);
void sla_policy_free(struct sla_policy *policy);

#endif
