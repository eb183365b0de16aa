/* stage_loop.c - a worker's life: poll, turns, timers, commit. */
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/now.h"
#include "stage/stage_worker.h"

#define BATCH_MAX_BYTES ((size_t)32 * 1024 * 1024)
#define IDLE_WAIT_MS 100
#define TIMERS_AT_ONCE 500
#define END_COMMIT_US 30000 /* quiet time before offsets alone are committed */
#define FIGURES_US 250000
#define COMPLAIN_US 5000000

void
worker_doing(struct worker *worker, const char *what)
{
    atomic_store_explicit(&worker->doing, what, memory_order_relaxed);
    atomic_store_explicit(&worker->alive_us, now_mono_us(), memory_order_relaxed);
}

bool
worker_stopping(const struct worker *worker)
{
    return atomic_load_explicit(&worker->shared->stop, memory_order_relaxed);
}

static bool
failed(struct worker *worker, enum kafka_fate fate, const struct err *err)
{
    if (fate == KAFKA_ABORT || fate == KAFKA_RETRY)
        return worker_abort(worker, err);
    log_error("fatal", "%s", err->text);
    return false;
}

/* What a turn ended with: outputs go out, errors are sorted. */
static bool
finish_turn(struct worker *worker, struct slot *slot, bool ok, struct err *err)
{
    slot->touched = true;
    if (!ok)
        return failed(worker, err->action == ERR_RETRY ? KAFKA_ABORT : KAFKA_FATAL, err);
    enum kafka_fate fate = worker_send(worker, slot, err);
    return fate == KAFKA_DONE || failed(worker, fate, err);
}

/* While the input never runs dry the batch may grow: fewer commits, more throughput. */
static int64_t
batch_limit_us(const struct worker *worker)
{
    const struct settings *settings = worker->shared->settings;
    int64_t limit_ms = settings->commit_interval_ms;
    if (!worker->idle_seen)
        limit_ms = i64_max(limit_ms, settings->commit_backlog_ms);
    return limit_ms * 1000;
}

static bool
batch_is_full(const struct worker *worker)
{
    if (!worker->in_transaction)
        return false;
    return worker->batch_events >= (size_t)worker->shared->settings->batch_max_events ||
           worker->batch_bytes >= BATCH_MAX_BYTES ||
           now_mono_us() - worker->began_us >= batch_limit_us(worker);
}

/* --- one message -------------------------------------------------------------------- */

/* A message whose time lets very many timers fire is run several times, with commits in
 * between that do not count it as read yet. */
static bool
run_message(struct worker *worker, struct slot *slot, const struct raw_message *raw)
{
    for (;;) {
        struct err err = {0};
        bool ok = turn_run(worker->turn, &slot->driver, raw, now_wall_ms(), &err);
        bool more = ok && turn_unfinished(worker->turn);
        slot->position = raw->offset + !more;
        if (!ok)
            (void)err_prefix(&err, "%s[%d] offset %lld", worker->input,
                             (int)raw->partition, (long long)raw->offset);
        if (!finish_turn(worker, slot, ok, &err))
            return false;
        if (!more || !worker->in_transaction)
            return true; /* done; or aborted, and it comes again */
        worker->batch_events += TURN_TIMERS_AT_ONCE;
        metric_add(&worker->metrics.timers_fired, TURN_TIMERS_AT_ONCE);
        if (!batch_is_full(worker))
            continue;
        if (!worker_commit(worker))
            return false;
        if (worker->aborts_in_a_row > 0)
            return true;
        if (!worker_begin(worker))
            return false;
    }
}

static bool
handle_message(struct worker *worker, const struct kafka_message *msg)
{
    struct slot *slot = worker_slot(worker, msg->partition);
    if (!slot || msg->offset < slot->position) {
        metric_add(&worker->metrics.stale_messages, 1);
        log_warn("stale_message", "%s[%d] offset %lld was not expected, dropped",
                 worker->input, (int)msg->partition, (long long)msg->offset);
        return true;
    }
    if (!worker_begin(worker))
        return false;
    BUG_IF(msg->n_headers > STAGE_HEADERS_MAX);
    for (size_t h = 0; h < msg->n_headers; h++)
        worker->message_headers[h] =
            (struct header){msg->headers[h].name, msg->headers[h].value};
    const struct raw_message raw = {
        .topic = msg->topic,
        .partition = msg->partition,
        .offset = msg->offset,
        .timestamp_ms = msg->timestamp_ms,
        .key = msg->key,
        .value = msg->value,
        .n_headers = msg->n_headers,
        .headers = worker->message_headers,
    };
    worker->batch_events++;
    worker->batch_bytes += msg->key.len + msg->value.len;
    metric_add(&worker->metrics.events, 1);
    return run_message(worker, slot, &raw);
}

/* --- timers ------------------------------------------------------------------------- */

/* Wall clock only: with the event clock a turn fires what is due. */
static bool
fire_timers(struct worker *worker)
{
    const struct settings *settings = worker->shared->settings;
    if (worker->def->stateless || !settings_wall_clock(settings))
        return true;
    int64_t now_ms = now_wall_ms();
    for (size_t i = 0; i < worker->n_slots; i++) {
        struct slot *slot = &worker->slots[i];
        int64_t due_ms = store_first_due(slot->driver.store);
        if (due_ms == TIME_NONE || due_ms > now_ms)
            continue;
        if (!worker_begin(worker))
            return false;
        struct err err = {0};
        size_t fired = 0;
        bool ok = turn_run_timers(worker->turn, &slot->driver, now_ms, TIMERS_AT_ONCE,
                                  &fired, &err);
        worker->batch_events += fired;
        metric_add(&worker->metrics.timers_fired, fired);
        if (!finish_turn(worker, slot, ok, &err))
            return false;
        if (!worker->in_transaction)
            return true; /* aborted: the slots went back */
    }
    return true;
}

static int64_t
first_due_ms(const struct worker *worker)
{
    int64_t first_ms = INT64_MAX;
    if (worker->def->stateless || !settings_wall_clock(worker->shared->settings))
        return first_ms;
    for (size_t i = 0; i < worker->n_slots; i++) {
        int64_t due_ms = store_first_due(worker->slots[i].driver.store);
        if (due_ms != TIME_NONE)
            first_ms = i64_min(first_ms, due_ms);
    }
    return first_ms;
}

/* --- the batch ---------------------------------------------------------------------- */

/* How long the first poll of a turn of the loop may wait. */
static int
wait_ms(const struct worker *worker)
{
    int64_t wait = IDLE_WAIT_MS;
    if (worker->in_transaction) {
        int64_t left_us = worker->began_us +
                          worker->shared->settings->commit_interval_ms * 1000 -
                          now_mono_us();
        wait = i64_min(wait, (left_us + 999) / 1000);
    }
    for (size_t i = 0; i < worker->n_slots; i++) {
        if (worker->slots[i].position != worker->slots[i].committed)
            wait = i64_min(wait, END_COMMIT_US / 1000);
    }
    int64_t due_ms = first_due_ms(worker);
    if (due_ms != INT64_MAX)
        wait = i64_min(wait, due_ms - now_wall_ms());
    return (int)i64_max(wait, 0);
}

static bool
poll_failed(struct worker *worker, const struct err *err)
{
    if (err->action == ERR_STOP) {
        log_error("fatal", "%s", err->text);
        return false;
    }
    int64_t now_us = now_mono_us();
    if (now_us - worker->complained_us > COMPLAIN_US && !worker_stopping(worker)) {
        log_warn("kafka_away", "%s; going on", err->text);
        worker->complained_us = now_us;
    }
    return true;
}

/* Takes what is there until the batch is full. The first poll may wait. */
static bool
drain(struct worker *worker)
{
    int timeout_ms = wait_ms(worker);
    while (!batch_is_full(worker)) {
        struct kafka_message msg;
        struct err err = {0};
        struct slot *slot = NULL;
        enum kafka_polled polled = kafka_poll(worker->consumer, timeout_ms, &msg, &err);
        timeout_ms = 0;
        if (atomic_load(&worker->status) != 0)
            return false; /* a hook failed for good */
        switch (polled) {
        case KAFKA_NOTHING:
            worker->idle_seen = true;
            return true;
        case KAFKA_MESSAGE:
            if (!handle_message(worker, &msg))
                return false;
            break;
        case KAFKA_END:
            worker->idle_seen = true;
            slot = worker_slot(worker, msg.partition);
            if (slot)
                slot->position = i64_max(slot->position, msg.offset);
            break;
        case KAFKA_FAILED:
            return poll_failed(worker, &err);
        }
    }
    return true;
}

static void
reload_policy(struct worker *worker)
{
    unsigned generation = atomic_load(&worker->shared->policy_generation);
    if (generation == worker->policy_generation || worker->in_transaction)
        return;
    worker->policy_generation = generation;
    if (!worker->def->policy_load)
        return;
    struct err err = {0};
    void *policy = worker->def->policy_load(worker->shared->settings->policy_dir, &err);
    if (!policy) {
        metric_add(&worker->metrics.policy_failures, 1);
        log_error("policy_refused", "the old policy stays: %s", err.text);
        return;
    }
    void *old = worker->policy;
    worker->policy = policy;
    for (size_t i = 0; i < worker->n_slots; i++)
        worker->slots[i].driver.policy = policy;
    if (worker->def->policy_free)
        worker->def->policy_free(old);
    metric_add(&worker->metrics.policy_reloads, 1);
    log_info("policy_loaded", "policy of %s read again", worker->def->name);
}

static void
copy_figures(struct worker *worker, int64_t now_us)
{
    if (worker->figures_us != 0 && now_us - worker->figures_us < FIGURES_US)
        return;
    worker->figures_us = now_us;
    struct partition_figures *figures = calloc(worker->n_slots + 1, sizeof(*figures));
    BUG_IF(!figures);
    for (size_t i = 0; i < worker->n_slots; i++) {
        const struct slot *slot = &worker->slots[i];
        const struct store *store = slot->driver.store;
        int64_t end = kafka_cached_end(worker->consumer, slot->partition);
        figures[i] = (struct partition_figures){
            .partition = slot->partition,
            .lag = end == KAFKA_NO_OFFSET ? -1 : i64_max(end - slot->position, 0),
            .position = slot->position,
            .clock_ms =
                slot->driver.settings.wall_clock ? TIME_NONE : slot->driver.clock_ms,
            .next_due_ms = store ? store_first_due(store) : TIME_NONE,
            .records = store ? store_count(store) : 0,
            .bytes = store ? store_bytes(store) : 0,
            .timers = store ? store_timers(store) : 0,
        };
        memcpy(figures[i].counters, slot->driver.counters, sizeof(figures[i].counters));
    }
    stage_metrics_partitions(&worker->metrics, figures, worker->n_slots);
    free(figures);
}

/* One turn of the loop; false ends the thread with status 1. */
static bool
turn_once(struct worker *worker)
{
    worker_doing(worker, "poll");
    reload_policy(worker);
    if (!drain(worker) || !fire_timers(worker))
        return false;
    kafka_producer_poll(worker->producer);
    int64_t now_us = now_mono_us();
    if (batch_is_full(worker) && !worker_commit(worker))
        return false;
    if (!worker->in_transaction && now_us - worker->last_commit_us > END_COMMIT_US &&
        !worker_commit_offsets(worker))
        return false;
    copy_figures(worker, now_us);
    return true;
}

/* --- beginning and end -------------------------------------------------------------- */

static bool
make_targets(struct worker *worker, struct err *err)
{
    const struct settings *settings = worker->shared->settings;
    char name[512];
    BUG_IF(worker->def->n_outputs > STAGE_OUTPUTS_MAX);
    for (size_t i = 0; i < worker->def->n_outputs; i++) {
        (void)snprintf(name, sizeof(name), "%s%s", settings->topic_prefix,
                       worker->def->outputs[i].topic);
        worker->outputs[i] = kafka_target(worker->producer, name, err);
        if (!worker->outputs[i])
            return false;
    }
    (void)snprintf(name, sizeof(name), "%scomplaints.deadletter", settings->topic_prefix);
    worker->dead_letters = kafka_target(worker->producer, name, err);
    if (!worker->dead_letters)
        return false;
    if (worker->def->stateless)
        return true;
    worker->changelog_target = kafka_target(worker->producer, worker->changelog, err);
    return worker->changelog_target != NULL;
}

/* The producer first: init_transactions ends what a predecessor left open. */
static bool
begin_work(struct worker *worker, struct err *err)
{
    const struct settings *settings = worker->shared->settings;
    const struct kafka_hooks hooks = {worker, worker_on_assign, worker_on_revoke};
    worker->producer =
        kafka_producer_new(settings->kafka, worker->transactional_id, 20000, err);
    if (!worker->producer || !make_targets(worker, err))
        return false;
    int64_t deadline_us = now_mono_us() + settings->start_timeout_ms * 1000;
    enum kafka_fate fate = KAFKA_RETRY;
    while (fate == KAFKA_RETRY && !worker_stopping(worker)) {
        worker_doing(worker, "init_transactions");
        fate = kafka_txn_init(worker->producer, 5000, err);
        if (fate == KAFKA_RETRY && now_mono_us() > deadline_us)
            return false;
    }
    if (fate != KAFKA_DONE)
        return false;
    worker->consumer = kafka_member_new(settings->kafka, worker->group, worker->instance,
                                        worker->input, &hooks, err);
    return worker->consumer != NULL;
}

/* Finishes the batch, then closes. */
static bool
end_work(struct worker *worker)
{
    if (worker->in_transaction && !worker_commit(worker))
        return false;
    if (worker->consumer) {
        worker_doing(worker, "close");
        kafka_consumer_drop(worker->consumer);
        worker->consumer = NULL;
    }
    kafka_producer_drop(worker->producer);
    worker->producer = NULL;
    return true;
}

void *
worker_run(void *ctx)
{
    struct worker *worker = ctx;
    struct err err = {0};
    log_thread(worker->name);
    worker->turn = turn_new();
    worker->guard_us = worker->shared->settings->guard_ms * 1000;
    bool ok = begin_work(worker, &err);
    if (!ok && !worker_stopping(worker)) {
        log_error("start_failed", "%s", err.text);
        atomic_store(&worker->status, err.action == ERR_RETRY ? 3 : 1);
    }
    bool alive = ok;
    while (alive && !worker_stopping(worker))
        alive = turn_once(worker);
    /* After a fatal error nothing is touched: the process ends as it is. */
    bool fatal_end = ok && !alive;
    bool may_end = !fatal_end && (ok || worker_stopping(worker));
    if (fatal_end || (may_end && !end_work(worker)))
        atomic_store(&worker->status, 1);
    if (atomic_load(&worker->status) == 0) {
        turn_drop(worker->turn);
        worker->turn = NULL;
        buf_release(&worker->scratch);
    }
    atomic_store(&worker->ended, true);
    return NULL;
}
