#include "history_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "state/store.h"

struct history_queued {
    struct history_queued *next;
    struct str topic;
    struct raw_message message;
};

/* --- life --------------------------------------------------------------------------- */

static void
load_policy(struct turn_driver *driver, const char *dir)
{
    struct err err = {0};
    const void *old = driver->policy;
    if (!driver->def->policy_load)
        return;
    driver->policy = driver->def->policy_load(dir, &err);
    if (!driver->policy)
        fail_msg("%s: %s", driver->def->name, err.text);
    if (old && driver->def->policy_free)
        driver->def->policy_free((void *)(uintptr_t)old);
}

void
history_policy(struct history *history, const char *policy_dir)
{
    for (size_t i = 0; i < history->n_stages; i++)
        load_policy(&history->drivers[i], policy_dir);
}

void
history_open(struct history *history, const struct stage_def *const *stages,
             size_t n_stages, const char *policy_dir)
{
    assert_true(n_stages <= HISTORY_STAGES);
    memset(history, 0, sizeof(*history));
    history->turn = turn_new();
    history->tail = &history->first;
    history->now_ms = INT64_MIN;
    history->n_stages = n_stages;
    history->events = ARENA_ARRAY(&history->arena, struct history_event, HISTORY_MAX);
    history->notices = ARENA_ARRAY(&history->arena, struct str, HISTORY_MAX);
    for (size_t i = 0; i < n_stages; i++)
        history->drivers[i] = (struct turn_driver){
            .def = stages[i],
            .store = stages[i]->stateless ? NULL : store_new(),
            .settings = {.salt = STR("salt"), .default_region = STR("US")},
            .clock_ms = TIME_NONE,
        };
    history_policy(history, policy_dir);
}

void
history_close(struct history *history)
{
    for (size_t i = 0; i < history->n_stages; i++) {
        struct turn_driver *driver = &history->drivers[i];
        if (driver->policy && driver->def->policy_free)
            driver->def->policy_free((void *)(uintptr_t)driver->policy);
        store_drop(driver->store);
    }
    turn_drop(history->turn);
    arena_release(&history->arena);
}

static void
copy_record(void *ctx, struct str key, struct str value, int64_t due_ms)
{
    store_put(ctx, key, value, due_ms);
}

void
history_restart(struct history *history)
{
    for (size_t i = 0; i < history->n_stages; i++) {
        struct turn_driver *driver = &history->drivers[i];
        struct store *fresh = store_new();
        if (driver->store) {
            store_each(driver->store, false, copy_record, fresh);
            store_commit(fresh);
            store_drop(driver->store);
            driver->store = fresh;
        } else {
            store_drop(fresh);
        }
    }
    turn_drop(history->turn);
    history->turn = turn_new();
}

/* --- what comes out ----------------------------------------------------------------- */

static void
take_routed(struct history *history, const struct raw_message *message)
{
    struct err err = {0};
    assert_true(history->n_events < HISTORY_MAX);
    struct history_event *event = &history->events[history->n_events++];
    if (!wire_decode(&complaint_event_wire, message->value, &history->arena, &event->ev,
                     &err))
        fail_msg("%s", err.text);
    event->bytes = message->value;
}

static void
enqueue(struct history *history, struct str topic, const struct raw_message *message)
{
    struct history_queued *queued = ARENA_NEW(&history->arena, struct history_queued);
    queued->topic = topic;
    queued->message = *message;
    queued->message.topic = topic;
    queued->message.offset = history->offset++;
    *history->tail = queued;
    history->tail = &queued->next;
}

static void
take_outputs(struct history *history, struct turn_driver *driver)
{
    const struct output *outputs;
    size_t n = turn_outputs(history->turn, &outputs);
    for (size_t i = 0; i < n; i++) {
        if (outputs[i].topic == OUTPUT_DEAD_LETTER) {
            history->n_dead++;
            continue;
        }
        struct raw_message message = {
            .timestamp_ms = history->now_ms,
            .key = arena_str(&history->arena, outputs[i].key),
            .value = arena_str(&history->arena, outputs[i].value),
        };
        enqueue(history, str_from(driver->def->outputs[outputs[i].topic].topic),
                &message);
    }
    if (driver->store)
        store_commit(driver->store);
    turn_clear(history->turn);
}

static void
step(struct history *history, const struct history_queued *queued)
{
    struct err err = {0};
    if (str_eq(queued->topic, STR("complaints.routed")))
        take_routed(history, &queued->message);
    if (str_eq(queued->topic, STR("complaints.notifications"))) {
        assert_true(history->n_notices < HISTORY_MAX);
        history->notices[history->n_notices++] = queued->message.value;
    }
    for (size_t i = 0; i < history->n_stages; i++) {
        struct turn_driver *driver = &history->drivers[i];
        if (!str_eq(queued->topic, str_from(driver->def->input)))
            continue;
        do {
            if (!turn_run(history->turn, driver, &queued->message, history->now_ms, &err))
                fail_msg("%s: %s", driver->def->name, err.text);
            take_outputs(history, driver);
        } while (turn_unfinished(history->turn));
    }
}

static void
settle(struct history *history)
{
    while (history->first) {
        struct history_queued *queued = history->first;
        history->first = queued->next;
        if (!history->first)
            history->tail = &history->first;
        step(history, queued);
    }
}

void
history_publish(struct history *history, struct str cloudevent, int64_t at_ms)
{
    history->now_ms = i64_max(history->now_ms, at_ms);
    enqueue(history, STR("complaints.inbound"),
            &(struct raw_message){.timestamp_ms = history->now_ms, .value = cloudevent});
    settle(history);
}

void
history_tick(struct history *history, int64_t at_ms)
{
    CLEANUP(buf_release) struct buf value = {0};
    struct err err = {0};
    history->now_ms = i64_max(history->now_ms, at_ms);
    struct complaint_event tick = {
        .event_id =
            arena_printf(&history->arena, "tick-%lld", (long long)history->offset),
        .type = EVENT_TYPE_TICK,
        .customer_key = STR(""),
        .occurred_at = history->now_ms,
        .recorded_at = history->now_ms,
    };
    assert_true(wire_encode(&complaint_event_wire, &tick, &value, &err));
    struct str copy = arena_str(&history->arena, buf_str(&value));
    enqueue(history, STR("complaints.keyed"),
            &(struct raw_message){.timestamp_ms = history->now_ms, .value = copy});
    settle(history);
}

void
history_run(struct history *history, const struct stage_def *const *stages,
            size_t n_stages, const struct history_plan *plan)
{
    struct arena made_in = {0};
    struct made *made = history_make(&made_in, plan->seed, plan->messages);
    history_open(history, stages, n_stages, plan->policy_dir);
    for (size_t i = 0; i < plan->messages; i++) {
        if (plan->next_policy && i == plan->messages / 2)
            history_policy(history, plan->next_policy);
        if (str_is_null(made[i].cloudevent))
            history_tick(history, made[i].at_ms);
        else
            history_publish(history, made[i].cloudevent, made[i].at_ms);
        if (plan->restart_each > 0 && i % plan->restart_each == 0)
            history_restart(history);
    }
    /* Whatever can still come due does. */
    history_tick(history, made[plan->messages - 1].at_ms + 400 * DAY_MS);
    arena_release(&made_in);
}

void
history_tell(uint64_t seed, size_t i, const struct complaint_event *ev)
{
    char at[TIME_TEXT_BYTES];
    print_error("seed %llu, event %zu: %s at %s of %.*s, seq %lld\n",
                (unsigned long long)seed, i, event_type_name(ev->type),
                time_print(ev->occurred_at, at), STR_ARG(ev->complaint_id),
                (long long)ev->seq);
}
