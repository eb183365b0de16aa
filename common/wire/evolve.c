#include "wire/evolve.h"

#include <inttypes.h>

bool
evolve_decode(const struct wire_schema *schema, uint64_t fingerprint, struct str body,
              struct arena *arena, void *ret_record, struct err *err)
{
    (void)schema;
    (void)body;
    (void)arena;
    (void)ret_record;
    return err_dead(err, DEAD_BAD_SCHEMA, NULL, "unknown fingerprint %016" PRIx64,
                    fingerprint);
}
