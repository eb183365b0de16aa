#include "shipped_triage.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

struct triage_policy *policy;
struct arena arena;

int
shipped_triage_load(void **state)
{
    (void)state;
    struct err err = {0};
    policy = triage_policy_load(POLICY_DIR, &err);
    if (!policy)
        print_error("%s\n", err.text);
    return policy ? 0 : -1;
}

int
shipped_triage_release(void **state)
{
    (void)state;
    triage_policy_free(policy);
    arena_release(&arena);
    return 0;
}
