/* stage_metrics.h - what a stage thread counts, readable from the ops thread. Private to
 * this room.
 *
 * Counters are atomics that only their thread writes; figures per partition are copied
 * under a lock a few times a second.  Thread rule: one writer, any readers. */
#ifndef REDRESS_STAGE_METRICS_H
#define REDRESS_STAGE_METRICS_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/buf.h"
#include "stage/series.h"
#include "stage/turn.h"

/* Upper bounds in microseconds; the last bucket has none. */
#define HISTOGRAM_BOUNDS 12
struct histogram {
    _Atomic uint64_t buckets[HISTOGRAM_BOUNDS + 1];
    _Atomic uint64_t sum_us;
};
void histogram_add(struct histogram *histogram, int64_t us);

struct partition_figures {
    int32_t partition;
    int64_t lag; /* end offset less position; -1 unknown */
    int64_t position;
    int64_t clock_ms;    /* TIME_NONE without event clock        */
    int64_t next_due_ms; /* TIME_NONE without timers          */
    size_t records, bytes, timers;
    int64_t counters[COUNT_COUNTERS];
};

struct stage_metrics {
    _Atomic uint64_t events, timers_fired, outputs, commits, offset_commits, aborts,
        changelog_records, stale_messages, policy_reloads, policy_failures;
    _Atomic uint64_t dead[DEAD_REASON_COUNT];
    _Atomic uint64_t restore_us; /* the last one */
    _Atomic uint64_t restored_records;
    _Atomic uint64_t guard_us;
    struct histogram commit_us, batch_us;
    /* The stage's own, from stage_series_new(stage_def.metrics); NULL without. */
    const struct stage_metric *own_metrics;
    size_t n_own_metrics;
    struct stage_series *own;
    pthread_mutex_t lock; /* over the two below */
    struct partition_figures *partitions;
    size_t n_partitions;
};

void stage_metrics_init(struct stage_metrics *metrics);
void stage_metrics_release(struct stage_metrics *metrics);
/* What the stage says about itself, too. */
void stage_metrics_own(struct stage_metrics *metrics, const struct stage_metric *own,
                       size_t n_own);
/* Copies figures. */
void stage_metrics_partitions(struct stage_metrics *metrics,
                              const struct partition_figures *figures, size_t n);

/* One line set per (stage, thread); call for all threads, the heads come first once. */
struct stage_metrics_source {
    const char *service, *stage;
    int thread;
    struct stage_metrics *metrics;
};
void stage_metrics_print(const struct stage_metrics_source *sources, size_t n,
                         int64_t now_wall_ms, struct buf *out);

static inline void
metric_add(_Atomic uint64_t *metric, uint64_t n)
{
    atomic_fetch_add_explicit(metric, n, memory_order_relaxed);
}
static inline uint64_t
metric_get(_Atomic uint64_t *metric)
{
    return atomic_load_explicit(metric, memory_order_relaxed);
}

#endif
