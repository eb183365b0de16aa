/* stage_restore.c - taking partitions over and giving them up. */
#include <stdlib.h>
#include <time.h>

#include "base/log.h"
#include "base/now.h"
#include "stage/stage_worker.h"

#define CALL_TIMEOUT_MS 10000

struct slot *
worker_slot(const struct worker *worker, int32_t partition)
{
    for (size_t i = 0; i < worker->n_slots; i++) {
        if (worker->slots[i].partition == partition)
            return &worker->slots[i];
    }
    return NULL;
}

static void
drop_slots(struct worker *worker)
{
    for (size_t i = 0; i < worker->n_slots; i++)
        store_drop(worker->slots[i].driver.store);
    free(worker->slots);
    worker->slots = NULL;
    worker->n_slots = 0;
    stage_metrics_partitions(&worker->metrics, NULL, 0);
}

static bool
keep_on(void *ctx)
{
    struct worker *worker = ctx;
    worker_doing(worker, "restore");
    return !worker_stopping(worker);
}

static void
make_slots(struct worker *worker, const int32_t *partitions, size_t n)
{
    const struct settings *settings = worker->shared->settings;
    drop_slots(worker);
    worker->slots = calloc(n + 1, sizeof(*worker->slots));
    BUG_IF(!worker->slots);
    worker->n_slots = n;
    for (size_t i = 0; i < n; i++) {
        worker->slots[i] = (struct slot){
            .partition = partitions[i],
            .kept_clock_ms = TIME_NONE,
            .driver =
                {
                    .def = worker->def,
                    .store = worker->def->stateless ? NULL : store_new(),
                    .policy = worker->policy,
                    .settings = {.salt = str_from(settings->salt),
                                 .default_region = str_from(settings->default_region),
                                 .wall_clock = settings_wall_clock(settings)},
                    .partition = partitions[i],
                    .clock_ms = TIME_NONE,
                },
        };
    }
}

/* Whether a failed question may be asked again. */
static bool
again(struct worker *worker, int64_t deadline_us, struct err *err)
{
    if (err->action != ERR_RETRY || !keep_on(worker) || now_mono_us() > deadline_us)
        return false;
    const struct timespec pause = {.tv_nsec = 50000000};
    (void)nanosleep(&pause, NULL);
    return true;
}

/* State and position from the changelog. */
static bool
replay(struct worker *worker, int64_t deadline_us, struct err *err)
{
    struct changelog_part *parts = calloc(worker->n_slots + 1, sizeof(*parts));
    BUG_IF(!parts);
    for (size_t i = 0; i < worker->n_slots; i++) {
        parts[i].partition = worker->slots[i].partition;
        parts[i].store = worker->slots[i].driver.store;
    }
    bool ok = changelog_replay(worker->shared->client, worker->shared->settings->kafka,
                               worker->changelog, parts, worker->n_slots, deadline_us,
                               keep_on, worker, err);
    for (size_t i = 0; ok && i < worker->n_slots; i++) {
        struct slot *slot = &worker->slots[i];
        const struct changelog_position *position = &parts[i].position;
        slot->position = i64_max(slot->position, position->next_offset);
        slot->driver.clock_ms = slot->kept_clock_ms = position->clock_ms;
        memcpy(slot->driver.counters, position->counters, sizeof(position->counters));
        memcpy(slot->kept_counters, position->counters, sizeof(position->counters));
        metric_add(&worker->metrics.restored_records, (uint64_t)parts[i].records);
    }
    free(parts);
    return ok;
}

/* Where nothing was ever committed, reading begins with the first message there is. */
static bool
begin_at_first(struct worker *worker, struct slot *slot, int64_t deadline_us,
               struct err *err)
{
    int64_t low = 0;
    int64_t high = 0;
    while (!kafka_watermarks(worker->shared->client, worker->input, slot->partition,
                             CALL_TIMEOUT_MS, &low, &high, err)) {
        if (!again(worker, deadline_us, err))
            return false;
    }
    slot->position = low;
    return true;
}

/* The order matters.  Committed offsets are asked for first: the answer comes only when
 * no transaction of a predecessor has offsets pending.  Only then is the changelog's
 * watermark taken, so it covers all that such a transaction wrote; one that sends its
 * offsets later is refused, for the group has moved on. */
static bool
restore(struct worker *worker, const int32_t *partitions, int64_t *offsets,
        struct err *err)
{
    size_t n = worker->n_slots;
    int64_t deadline_us =
        now_mono_us() + worker->shared->settings->restore_timeout_ms * 1000;
    while (!kafka_committed(worker->consumer, partitions, n, CALL_TIMEOUT_MS, offsets,
                            err)) {
        if (!again(worker, deadline_us, err))
            return false;
    }
    for (size_t i = 0; i < n; i++)
        worker->slots[i].position = worker->slots[i].committed = offsets[i];
    if (!worker->def->stateless && !replay(worker, deadline_us, err))
        return false;
    for (size_t i = 0; i < n; i++) {
        struct slot *slot = &worker->slots[i];
        if (slot->position == KAFKA_NO_OFFSET &&
            !begin_at_first(worker, slot, deadline_us, err))
            return false;
        slot->rewind = slot->position;
        offsets[i] = slot->position;
    }
    return true;
}

bool
worker_on_assign(void *ctx, const int32_t *partitions, size_t n, int64_t *ret_offsets,
                 struct err *err)
{
    struct worker *worker = ctx;
    BUG_IF(worker->in_transaction);
    int64_t from_us = now_mono_us();
    make_slots(worker, partitions, n);
    if (n > 0 && !restore(worker, partitions, ret_offsets, err)) {
        drop_slots(worker);
        if (!worker_stopping(worker) && err->action == ERR_RETRY)
            err->action = ERR_STOP; /* past the deadline */
        return err_prefix(err, "restore");
    }
    int64_t took_us = now_mono_us() - from_us;
    size_t records = 0;
    for (size_t i = 0; i < n && !worker->def->stateless; i++)
        records += store_count(worker->slots[i].driver.store);
    atomic_store(&worker->metrics.restore_us, (uint64_t)took_us);
    worker->figures_us = 0;
    atomic_store(&worker->ready, true);
    log_info("assigned", "%zu partitions of %s, %zu records restored in %lld ms", n,
             worker->input, records, (long long)(took_us / 1000));
    return true;
}

void
worker_on_revoke(void *ctx, const int32_t *partitions, size_t n, bool lost)
{
    struct worker *worker = ctx;
    (void)partitions;
    atomic_store(&worker->ready, false);
    worker->revoking = true;
    if (worker->in_transaction) {
        bool ok = true;
        if (lost) {
            const struct err why = {.text = "the assignment was lost"};
            ok = worker_abort(worker, &why);
        } else {
            ok = worker_commit(worker);
        }
        if (!ok)
            atomic_store(&worker->status, 1); /* the loop sees it and ends */
    }
    log_info("revoked", "%zu partitions of %s%s", n, worker->input,
             lost ? " (lost)" : "");
    drop_slots(worker);
    worker->revoking = false;
}
