#include "intake/door.h"
#include "intake/stages.h"

enum { OUTPUT_KEYED, OUTPUT_OBSERVED };

static bool
on_raw(struct turn *turn, const struct raw_message *message, struct err *err)
{
    const struct turn_settings *settings = turn_settings(turn);
    struct door_context door = {
        .arena = turn_arena(turn),
        .salt = settings->salt,
        .default_region = settings->default_region,
        .wall_clock = turn_is_wall(turn),
    };
    struct door_result result;
    if (!door_read(&door, message, &result, err))
        return false;
    if (result.is_fact)
        return turn_emit_record(turn, OUTPUT_OBSERVED, result.fact.cluster_key,
                                &product_fact_wire, &result.fact, err);
    return turn_emit(turn, &result.event, err);
}

/* The customer's key decides the partition, not the one that the publisher chose. */
static const struct stage_output OUTPUTS[] = {
    [OUTPUT_KEYED] = {.topic = "complaints.keyed", .keep_partition = false},
    [OUTPUT_OBSERVED] = {.topic = "products.observed", .keep_partition = false},
};

const struct stage_def door_stage = {
    .service = "intake",
    .name = "door",
    .input = "complaints.inbound",
    .outputs = OUTPUTS,
    .n_outputs = COUNT_OF(OUTPUTS),
    .stateless = true,
    .on_raw = on_raw,
};
