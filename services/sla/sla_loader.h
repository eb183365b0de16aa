/* sla_loader.h - what sla_policy.c (files, policies, presets) and sla_policy_clocks.c
 * (clocks, targets, ladders) share; nobody else's. */
#ifndef REDRESS_SLA_LOADER_H
#define REDRESS_SLA_LOADER_H

#include "conf/policy.h"
#include "sla/calendar_policy.h"
#include "sla/sla_policy.h"

#define KEYS(...) ((const char *const[]){__VA_ARGS__, NULL})
#define RULES_MAX 64

struct ladder {
    struct str name;
    size_t n;
    struct sla_rung rungs[SLA_RUNGS_MAX];
};

struct loader {
    struct sla_policy policy; /* first: what callers hold */
    struct calendar_set calendars;
    const char *dir;
    size_t n_ladders;
    struct ladder ladders[RULES_MAX];
    uint64_t hash;
};

/* Lives as long as the policy. */
static inline struct arena *
loader_arena(struct loader *loader)
{
    return &loader->calendars.arena;
}

/* A string of 1 to max_bytes, copied. */
MUST_CHECK bool loader_str(struct loader *loader, const struct policy_node *node,
                           const char *key, bool required, size_t max_bytes,
                           struct str *ret, struct err *err);
/* $.ladders of sla.json. */
MUST_CHECK bool loader_ladders(struct loader *loader, const struct policy_node *root,
                               struct err *err);
/* The clocks of a policy or preset whose calendar is known. */
MUST_CHECK bool loader_clocks(struct loader *loader, const struct policy_node *node,
                              struct sla_rules *rules, struct err *err);

#endif
