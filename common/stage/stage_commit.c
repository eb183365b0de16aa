/* stage_commit.c - how a transaction begins and ends. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/log.h"
#include "base/now.h"
#include "stage/stage_worker.h"

#define CALL_TIMEOUT_MS 10000
#define END_TIMEOUT_US (INT64_C(60) * 1000 * 1000)
#define SEEK_TIMEOUT_MS 10000
#define CUT_KEY_BYTES 1024
#define CUT_VALUE_BYTES ((size_t)1024 * 1024)
#define GUARD_MAX_US 12000

static bool
fatal(const struct err *err)
{
    log_error("fatal", "%s", err->text);
    return false;
}

static void
sleep_us(int64_t us)
{
    const struct timespec pause = {us / 1000000, (us % 1000000) * 1000};
    if (us > 0)
        (void)nanosleep(&pause, NULL);
}

/* librdkafka 2.0.2 waits 20 ms when the broker still works on the last commit; a short
 * pause here is cheaper.  The guard grows when a commit took that much longer than usual,
 * and slowly goes back. */
static void
adapt_guard(struct worker *worker, int64_t took_us)
{
    int64_t least_us = worker->shared->settings->guard_ms * 1000;
    if (worker->usual_commit_us > 0 && took_us > worker->usual_commit_us + 15000)
        worker->guard_us = i64_min(worker->guard_us + 1000, GUARD_MAX_US);
    else
        worker->guard_us -= (worker->guard_us - least_us) / 64;
    if (worker->guard_us < least_us)
        worker->guard_us = least_us;
    /* Outliers do not count as usual. */
    if (worker->usual_commit_us == 0 || took_us < worker->usual_commit_us * 3)
        worker->usual_commit_us += (took_us - worker->usual_commit_us) / 8;
    atomic_store(&worker->metrics.guard_us, (uint64_t)worker->guard_us);
}

bool
worker_begin(struct worker *worker)
{
    if (worker->in_transaction)
        return true;
    sleep_us(worker->last_commit_us + worker->guard_us - now_mono_us());
    struct err err = {0};
    if (kafka_txn_begin(worker->producer, &err) != KAFKA_DONE)
        return fatal(&err);
    worker->in_transaction = true;
    worker->idle_seen = false;
    worker->batch_events = 0;
    worker->batch_bytes = 0;
    worker->began_us = now_mono_us();
    return true;
}

/* --- what a transaction writes ------------------------------------------------------ */

static void
count_dead_letter(struct worker *worker, const struct output *output)
{
    for (size_t h = 0; h < output->n_headers; h++) {
        if (!str_eq(output->headers[h].name, STR("redress-error-reason")))
            continue;
        for (int r = 0; r < DEAD_REASON_COUNT; r++) {
            if (str_eq(output->headers[h].value,
                       str_from(dead_reason_name((enum dead_reason)r))))
                metric_add(&worker->metrics.dead[r], 1);
        }
    }
}

/* Copies headers as the producer takes them; returns the bytes of key, value and headers.
 */
static size_t
take_headers(struct worker *worker, const struct output *output)
{
    size_t bytes = output->key.len + output->value.len;
    BUG_IF(output->n_headers > STAGE_HEADERS_MAX);
    for (size_t h = 0; h < output->n_headers; h++) {
        worker->headers[h] =
            (struct kafka_header){output->headers[h].name, output->headers[h].value};
        bytes += output->headers[h].name.len + output->headers[h].value.len + 16;
    }
    return bytes;
}

/* A compressed batch may hold a message far above the limits of topics.  As a dead letter
 * it keeps our own headers and the beginning of its bytes; one more header tells its
 * size. */
static enum kafka_fate
send_cut(struct worker *worker, const struct output *output, size_t bytes,
         struct err *err)
{
    char size[24];
    size_t n = 0;
    for (size_t h = 0; h < output->n_headers; h++) {
        if (str_starts(output->headers[h].name, STR("redress-error-")))
            worker->headers[n++] =
                (struct kafka_header){output->headers[h].name, output->headers[h].value};
    }
    (void)snprintf(size, sizeof(size), "%zu", bytes);
    BUG_IF(n == STAGE_HEADERS_MAX);
    worker->headers[n++] =
        (struct kafka_header){STR("redress-error-cut-from-bytes"), str_from(size)};
    return kafka_produce(worker->producer, worker->dead_letters, output->partition,
                         str_sub(output->key, 0, CUT_KEY_BYTES),
                         str_sub(output->value, 0, CUT_VALUE_BYTES), worker->headers, n,
                         err);
}

enum kafka_fate
worker_send(struct worker *worker, const struct slot *slot, struct err *err)
{
    const struct output *outputs = NULL;
    size_t n = turn_outputs(worker->turn, &outputs);
    enum kafka_fate fate = KAFKA_DONE;
    (void)slot;
    for (size_t i = 0; fate == KAFKA_DONE && i < n; i++) {
        const struct output *output = &outputs[i];
        struct kafka_target *target = worker->dead_letters;
        size_t bytes = take_headers(worker, output);
        worker->batch_bytes += bytes;
        if (output->topic != OUTPUT_DEAD_LETTER)
            target = worker->outputs[output->topic];
        else
            count_dead_letter(worker, output);
        if (output->topic == OUTPUT_DEAD_LETTER && bytes > OUTPUT_MAX_BYTES) {
            fate = send_cut(worker, output, bytes, err);
            continue;
        }
        fate = kafka_produce(worker->producer, target, output->partition, output->key,
                             output->value, worker->headers, output->n_headers, err);
    }
    metric_add(&worker->metrics.outputs, n);
    const struct observation *observations = NULL;
    n = turn_observations(worker->turn, &observations);
    for (size_t i = 0; i < n; i++)
        stage_series_add(worker->metrics.own, &observations[i]);
    turn_clear(worker->turn);
    return fate;
}

struct change_sink {
    struct worker *worker;
    int32_t partition;
    uint64_t records;
    enum kafka_fate fate;
    struct err *err;
};

static void
write_change(void *ctx, struct str key, struct str value, int64_t due_ms)
{
    struct change_sink *sink = ctx;
    struct worker *worker = sink->worker;
    if (sink->fate != KAFKA_DONE)
        return;
    struct str bytes = STR_NULL;
    if (!str_is_null(value)) {
        changelog_value(value, due_ms, &worker->scratch);
        bytes = buf_str(&worker->scratch);
    }
    sink->records++;
    sink->fate = kafka_produce(worker->producer, worker->changelog_target,
                               sink->partition, key, bytes, NULL, 0, sink->err);
}

/* The changed records of each touched partition, and its position. */
static enum kafka_fate
write_changelog(struct worker *worker, struct err *err)
{
    for (size_t i = 0; i < worker->n_slots && !worker->def->stateless; i++) {
        struct slot *slot = &worker->slots[i];
        if (!slot->touched)
            continue;
        struct change_sink sink = {worker, slot->partition, 0, KAFKA_DONE, err};
        store_each_change(slot->driver.store, write_change, &sink);
        if (sink.fate != KAFKA_DONE)
            return sink.fate;
        struct changelog_position position = {.next_offset = slot->position,
                                              .clock_ms = slot->driver.clock_ms};
        memcpy(position.counters, slot->driver.counters, sizeof(position.counters));
        if (!changelog_meta(&position, &worker->scratch, err))
            return KAFKA_FATAL;
        enum kafka_fate fate =
            kafka_produce(worker->producer, worker->changelog_target, slot->partition,
                          CHANGELOG_META, buf_str(&worker->scratch), NULL, 0, err);
        if (fate != KAFKA_DONE)
            return fate;
        metric_add(&worker->metrics.changelog_records, sink.records + 1);
    }
    return KAFKA_DONE;
}

/* The offsets of partitions that moved or were touched: also a transaction of timers
 * alone shows the group its generation, or a process that slept through a rebalance could
 * still commit. */
static enum kafka_fate
send_offsets(struct worker *worker, int64_t deadline_us, struct err *err)
{
    int32_t *partitions = calloc(worker->n_slots + 1, sizeof(*partitions));
    int64_t *offsets = calloc(worker->n_slots + 1, sizeof(*offsets));
    BUG_IF(!partitions || !offsets);
    size_t n = 0;
    for (size_t i = 0; i < worker->n_slots; i++) {
        const struct slot *slot = &worker->slots[i];
        if (slot->position == slot->committed && !slot->touched)
            continue;
        partitions[n] = slot->partition;
        offsets[n++] = slot->position;
    }
    enum kafka_fate fate = n == 0 ? KAFKA_DONE : KAFKA_RETRY;
    while (fate == KAFKA_RETRY) {
        worker_doing(worker, "send_offsets_to_transaction");
        fate = kafka_txn_offsets(worker->producer, worker->consumer, partitions, offsets,
                                 n, CALL_TIMEOUT_MS, err);
        if (fate == KAFKA_RETRY && now_mono_us() > deadline_us)
            fate = KAFKA_ABORT;
    }
    free(partitions);
    free(offsets);
    return fate;
}

/* --- ending a transaction ----------------------------------------------------------- */

/* From here on nothing is undone any more. */
static void
keep(struct worker *worker)
{
    stage_series_keep(worker->metrics.own);
    for (size_t i = 0; i < worker->n_slots; i++) {
        struct slot *slot = &worker->slots[i];
        slot->committed = slot->rewind = slot->position;
        if (!slot->touched)
            continue;
        slot->touched = false;
        if (slot->driver.store)
            store_commit(slot->driver.store);
        slot->kept_clock_ms = slot->driver.clock_ms;
        memcpy(slot->kept_counters, slot->driver.counters, sizeof(slot->kept_counters));
    }
}

/* Offsets and commit, with the same calls again while they may be repeated. */
static enum kafka_fate
finish(struct worker *worker, struct err *err)
{
    int64_t deadline_us = now_mono_us() + END_TIMEOUT_US;
    enum kafka_fate fate = send_offsets(worker, deadline_us, err);
    if (fate != KAFKA_DONE)
        return fate;
    do {
        worker_doing(worker, "commit_transaction");
        fate = kafka_txn_commit(worker->producer, CALL_TIMEOUT_MS, err);
    } while (fate == KAFKA_RETRY && now_mono_us() < deadline_us);
    if (fate == KAFKA_RETRY) {
        /* Committed or not: only the broker knows, and a restart asks it. */
        (void)err_prefix(err, "commit of unknown outcome");
        return KAFKA_FATAL;
    }
    return fate;
}

bool
worker_commit(struct worker *worker)
{
    struct err err = {0};
    int64_t from_us = now_mono_us();
    enum kafka_fate fate = write_changelog(worker, &err);
    if (fate == KAFKA_DONE)
        fate = finish(worker, &err);
    if (fate == KAFKA_FATAL)
        return fatal(&err);
    if (fate != KAFKA_DONE)
        return worker_abort(worker, &err);
    int64_t now_us = now_mono_us();
    keep(worker);
    worker->in_transaction = false;
    worker->last_commit_us = now_us;
    worker->aborts_in_a_row = 0;
    adapt_guard(worker, now_us - from_us);
    metric_add(worker->batch_events > 0 ? &worker->metrics.commits
                                        : &worker->metrics.offset_commits,
               1);
    if (worker->batch_events > 0) {
        histogram_add(&worker->metrics.commit_us, now_us - from_us);
        histogram_add(&worker->metrics.batch_us, now_us - worker->began_us);
    }
    worker_doing(worker, "poll");
    return true;
}

bool
worker_commit_offsets(struct worker *worker)
{
    bool moved = false;
    for (size_t i = 0; i < worker->n_slots; i++)
        moved = moved || worker->slots[i].position != worker->slots[i].committed;
    return !moved || (worker_begin(worker) && worker_commit(worker));
}

/* Consumer, stores and drivers as they were after the last commit. */
static bool
go_back(struct worker *worker)
{
    size_t n = worker->n_slots;
    int32_t *partitions = calloc(n + 1, sizeof(*partitions));
    int64_t *offsets = calloc(n + 1, sizeof(*offsets));
    BUG_IF(!partitions || !offsets);
    stage_series_undo(worker->metrics.own);
    for (size_t i = 0; i < n; i++) {
        struct slot *slot = &worker->slots[i];
        if (slot->driver.store)
            store_rollback_to(slot->driver.store, 0);
        slot->touched = false;
        slot->position = slot->rewind;
        slot->driver.clock_ms = slot->kept_clock_ms;
        memcpy(slot->driver.counters, slot->kept_counters, sizeof(slot->kept_counters));
        partitions[i] = slot->partition;
        offsets[i] = slot->position;
    }
    turn_clear(worker->turn);
    struct err err = {0};
    bool ok = true;
    if (!worker->revoking && n > 0) {
        worker_doing(worker, "seek");
        ok = kafka_seek(worker->consumer, partitions, offsets, n, SEEK_TIMEOUT_MS, &err);
    }
    free(partitions);
    free(offsets);
    return ok || fatal(&err);
}

bool
worker_abort(struct worker *worker, const struct err *why)
{
    log_warn("batch_aborted", "%zu events undone: %s", worker->batch_events, why->text);
    struct err err = {0};
    int64_t deadline_us = now_mono_us() + END_TIMEOUT_US;
    enum kafka_fate fate = KAFKA_RETRY;
    while (fate == KAFKA_RETRY && now_mono_us() < deadline_us) {
        worker_doing(worker, "abort_transaction");
        fate = kafka_txn_abort(worker->producer, CALL_TIMEOUT_MS, &err);
    }
    if (fate != KAFKA_DONE)
        return fatal(&err);
    metric_add(&worker->metrics.aborts, 1);
    worker->in_transaction = false;
    worker->last_commit_us = now_mono_us();
    /* 50 ms, 100, ... 1.6 s: what made it fail may need a moment. */
    unsigned steps = worker->aborts_in_a_row < 5 ? worker->aborts_in_a_row : 5;
    worker->aborts_in_a_row++;
    if (!worker->revoking && !worker_stopping(worker))
        sleep_us(INT64_C(50000) << steps);
    return go_back(worker);
}
