#include "stage_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "state/store.h"

void
stage_rig_open(struct stage_rig *rig, const struct stage_def *def, const char *policy_dir)
{
    struct err err = {0};
    memset(rig, 0, sizeof(*rig));
    rig->store = store_new();
    rig->turn = turn_new();
    rig->series = stage_series_new(def->metrics, def->n_metrics);
    rig->driver = (struct turn_driver){.def = def,
                                       .store = rig->store,
                                       .settings = {.salt = {"salt", 4}},
                                       .clock_ms = TIME_NONE};
    if (def->policy_load) {
        rig->driver.policy = def->policy_load(policy_dir, &err);
        if (!rig->driver.policy)
            fail_msg("%s", err.text);
    }
}

void
stage_rig_close(struct stage_rig *rig)
{
    if (rig->driver.def->policy_free)
        rig->driver.def->policy_free((void *)(uintptr_t)rig->driver.policy);
    turn_drop(rig->turn);
    stage_series_drop(rig->series);
    store_drop(rig->store);
    arena_release(&rig->arena);
}

void
stage_rig_send(struct stage_rig *rig, const struct complaint_event *ev)
{
    CLEANUP(buf_release) struct buf bytes = {0};
    struct err err = {0};
    const struct output *outputs = NULL;
    assert_true(wire_encode(&complaint_event_wire, ev, &bytes, &err));
    struct raw_message message = {.topic = STR("t"),
                                  .offset = rig->offset++,
                                  .timestamp_ms = ev->occurred_at,
                                  .key = ev->customer_key,
                                  .value = buf_str(&bytes)};
    if (!turn_run(rig->turn, &rig->driver, &message, ev->occurred_at, &err))
        fail_msg("%s", err.text);
    size_t n = turn_outputs(rig->turn, &outputs);
    rig->n_out = 0;
    rig->n_dead = 0;
    for (size_t i = 0; i < n; i++) {
        if (outputs[i].topic == OUTPUT_DEAD_LETTER) {
            rig->n_dead++;
            continue;
        }
        assert_true(rig->n_out < RIG_EVENTS);
        struct str copy = arena_str(&rig->arena, outputs[i].value);
        assert_true(wire_decode(&complaint_event_wire, copy, &rig->arena,
                                &rig->out[rig->n_out++], &err));
    }
    const struct observation *seen = NULL;
    n = turn_observations(rig->turn, &seen);
    for (size_t i = 0; i < n; i++)
        stage_series_add(rig->series, &seen[i]);
    stage_series_keep(rig->series);
    turn_clear(rig->turn);
    store_commit(rig->store);
}

void
stage_rig_tick(struct stage_rig *rig, int64_t at_ms)
{
    stage_rig_send(rig, &(struct complaint_event){.event_id = STR("tick"),
                                                  .type = EVENT_TYPE_TICK,
                                                  .occurred_at = at_ms,
                                                  .recorded_at = at_ms});
}

const struct complaint_event *
stage_rig_find(const struct stage_rig *rig, enum event_type type)
{
    for (size_t i = rig->n_out; i-- > 0;)
        if (rig->out[i].type == type)
            return &rig->out[i];
    return NULL;
}

struct complaint_event
stage_rig_event(const char *id, enum event_type type, int64_t at_ms,
                const char *complaint_id, const struct register_section *r)
{
    return (struct complaint_event){.event_id = str_from(id),
                                    .type = type,
                                    .complaint_id = str_from(complaint_id),
                                    .customer_key = STR("abc"),
                                    .customer_hash = STR("abcdef"),
                                    .occurred_at = at_ms,
                                    .recorded_at = at_ms,
                                    .register_ = r};
}
