#include "stage/stage_metrics.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static const int64_t BOUNDS_US[HISTOGRAM_BOUNDS] = {
    1000,   2000,   5000,   10000,   20000,   50000,
    100000, 200000, 500000, 1000000, 5000000, 10000000,
};

void
histogram_add(struct histogram *histogram, int64_t us)
{
    size_t i = 0;
    while (i < HISTOGRAM_BOUNDS && us > BOUNDS_US[i])
        i++;
    metric_add(&histogram->buckets[i], 1);
    metric_add(&histogram->sum_us, us > 0 ? (uint64_t)us : 0);
}

void
stage_metrics_init(struct stage_metrics *metrics)
{
    *metrics = (struct stage_metrics){.n_partitions = 0};
    BUG_IF(pthread_mutex_init(&metrics->lock, NULL) != 0);
}

void
stage_metrics_release(struct stage_metrics *metrics)
{
    free(metrics->partitions);
    metrics->partitions = NULL;
    stage_series_drop(metrics->own);
    metrics->own = NULL;
    (void)pthread_mutex_destroy(&metrics->lock);
}

void
stage_metrics_own(struct stage_metrics *metrics, const struct stage_metric *own,
                  size_t n_own)
{
    BUG_IF(metrics->own);
    metrics->own_metrics = own;
    metrics->n_own_metrics = n_own;
    metrics->own = stage_series_new(own, n_own);
}

void
stage_metrics_partitions(struct stage_metrics *metrics,
                         const struct partition_figures *figures, size_t n)
{
    (void)pthread_mutex_lock(&metrics->lock);
    if (n != metrics->n_partitions) {
        metrics->partitions = realloc(metrics->partitions, (n + 1) * sizeof(*figures));
        BUG_IF(!metrics->partitions);
        metrics->n_partitions = n;
    }
    if (n > 0)
        memcpy(metrics->partitions, figures, n * sizeof(*figures));
    (void)pthread_mutex_unlock(&metrics->lock);
}

/* --- printing ----------------------------------------------------------------------- */

static const struct counter {
    const char *name, *help;
    size_t field;
} counters[] = {
    {"redress_events_total", "Input messages handled.",
     offsetof(struct stage_metrics, events)},
    {"redress_outputs_total", "Messages written, changelog left out.",
     offsetof(struct stage_metrics, outputs)},
    {"redress_timers_fired_total", "Timers fired by the wall clock.",
     offsetof(struct stage_metrics, timers_fired)},
    {"redress_changelog_records_total", "Records written to the changelog.",
     offsetof(struct stage_metrics, changelog_records)},
    {"redress_commits_total", "Transactions committed.",
     offsetof(struct stage_metrics, commits)},
    {"redress_offset_commits_total", "Commits of offsets alone (behind markers).",
     offsetof(struct stage_metrics, offset_commits)},
    {"redress_aborts_total", "Transactions aborted.",
     offsetof(struct stage_metrics, aborts)},
    {"redress_stale_messages_total",
     "Messages thrown away, of an assignment that is gone.",
     offsetof(struct stage_metrics, stale_messages)},
    {"redress_restored_records_total", "Changelog records read at assignments.",
     offsetof(struct stage_metrics, restored_records)},
    {"redress_policy_reloads_total", "Policies taken after SIGHUP.",
     offsetof(struct stage_metrics, policy_reloads)},
    {"redress_policy_failures_total", "Bad policies refused after SIGHUP.",
     offsetof(struct stage_metrics, policy_failures)},
};

static void
head(struct buf *out, const char *name, const char *type, const char *help)
{
    (void)buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void
labels(struct buf *out, const char *name, const struct stage_metrics_source *source)
{
    (void)buf_printf(out, "%s{service=\"%s\",stage=\"%s\",thread=\"%d\"", name,
                     source->service, source->stage, source->thread);
}

static void
print_counters(const struct stage_metrics_source *sources, size_t n, struct buf *out)
{
    for (size_t c = 0; c < COUNT_OF(counters); c++) {
        head(out, counters[c].name, "counter", counters[c].help);
        for (size_t i = 0; i < n; i++) {
            _Atomic uint64_t *value =
                (_Atomic uint64_t *)((char *)sources[i].metrics + counters[c].field);
            labels(out, counters[c].name, &sources[i]);
            (void)buf_printf(out, "} %" PRIu64 "\n", metric_get(value));
        }
    }
    head(out, "redress_dead_letters_total", "counter", "Dead letters by reason.");
    for (size_t i = 0; i < n; i++) {
        for (int r = 0; r < DEAD_REASON_COUNT; r++) {
            uint64_t value = metric_get(&sources[i].metrics->dead[r]);
            if (value == 0)
                continue;
            labels(out, "redress_dead_letters_total", &sources[i]);
            (void)buf_printf(out, ",reason=\"%s\"} %" PRIu64 "\n",
                             dead_reason_name((enum dead_reason)r), value);
        }
    }
    head(out, "redress_restore_seconds", "gauge", "Duration of the last restore.");
    for (size_t i = 0; i < n; i++) {
        labels(out, "redress_restore_seconds", &sources[i]);
        (void)buf_printf(out, "} %.6f\n",
                         (double)metric_get(&sources[i].metrics->restore_us) / 1e6);
    }
}

static void
print_histogram(const struct stage_metrics_source *sources, size_t n, const char *name,
                const char *help, size_t field, struct buf *out)
{
    char bucket[64], sum[64], count[64];
    (void)snprintf(bucket, sizeof(bucket), "%s_bucket", name);
    (void)snprintf(sum, sizeof(sum), "%s_sum", name);
    (void)snprintf(count, sizeof(count), "%s_count", name);
    head(out, name, "histogram", help);
    for (size_t i = 0; i < n; i++) {
        struct histogram *histogram =
            (struct histogram *)(void *)((char *)sources[i].metrics + field);
        uint64_t total = 0;
        for (size_t b = 0; b <= HISTOGRAM_BOUNDS; b++) {
            total += metric_get(&histogram->buckets[b]);
            labels(out, bucket, &sources[i]);
            if (b < HISTOGRAM_BOUNDS)
                (void)buf_printf(out, ",le=\"%g\"} %" PRIu64 "\n",
                                 (double)BOUNDS_US[b] / 1e6, total);
            else
                (void)buf_printf(out, ",le=\"+Inf\"} %" PRIu64 "\n", total);
        }
        labels(out, sum, &sources[i]);
        (void)buf_printf(out, "} %.6f\n", (double)metric_get(&histogram->sum_us) / 1e6);
        labels(out, count, &sources[i]);
        (void)buf_printf(out, "} %" PRIu64 "\n", total);
    }
}

enum figure {
    FIG_LAG,
    FIG_POSITION,
    FIG_RECORDS,
    FIG_BYTES,
    FIG_TIMERS,
    FIG_DUE,
    FIG_CLOCK
};
static const struct {
    const char *name, *help;
} figures[] = {
    [FIG_LAG] = {"redress_lag", "Messages (and markers) not yet read of the input."},
    [FIG_POSITION] = {"redress_position", "Next input offset."},
    [FIG_RECORDS] = {"redress_state_records", "Records in memory."},
    [FIG_BYTES] = {"redress_state_bytes", "Bytes of keys and records in memory."},
    [FIG_TIMERS] = {"redress_timers", "Timers set."},
    [FIG_DUE] = {"redress_timer_late_seconds", "How long the earliest timer is overdue."},
    [FIG_CLOCK] = {"redress_event_clock_seconds", "Event clock, seconds since 1970."},
};

/* False: there is nothing to say. */
static bool
figure_value(const struct partition_figures *p, enum figure figure, int64_t now_ms,
             double *ret)
{
    int64_t clock_ms = p->clock_ms == TIME_NONE ? now_ms : p->clock_ms;
    switch (figure) {
    case FIG_LAG:
        *ret = (double)p->lag;
        return p->lag >= 0;
    case FIG_POSITION:
        *ret = (double)p->position;
        return true;
    case FIG_RECORDS:
        *ret = (double)p->records;
        return true;
    case FIG_BYTES:
        *ret = (double)p->bytes;
        return true;
    case FIG_TIMERS:
        *ret = (double)p->timers;
        return true;
    case FIG_DUE:
        *ret = p->next_due_ms == TIME_NONE || p->next_due_ms > clock_ms
                   ? 0
                   : (double)(clock_ms - p->next_due_ms) / 1e3;
        return true;
    case FIG_CLOCK:
        *ret = (double)p->clock_ms / 1e3;
        return p->clock_ms != TIME_NONE;
    }
    return false;
}

static void
print_partitions(const struct stage_metrics_source *sources, size_t n, int64_t now_ms,
                 struct buf *out)
{
    static const char *const NAMES[COUNT_COUNTERS] = {
        [COUNT_ACCEPTED] = "accepted", [COUNT_DUPLICATE] = "duplicate",
        [COUNT_PARKED] = "parked",     [COUNT_UNPARKED] = "unparked",
        [COUNT_DEAD] = "dead",         [COUNT_PASSED] = "passed",
    };
    for (size_t f = 0; f < COUNT_OF(figures) + 1; f++) {
        bool kept = f == COUNT_OF(figures); /* the counters of the position */
        const char *name = kept ? "redress_kept_total" : figures[f].name;
        head(out, name, kept ? "counter" : "gauge",
             kept ? "Counters kept with the state." : figures[f].help);
        for (size_t i = 0; i < n; i++) {
            struct stage_metrics *metrics = sources[i].metrics;
            (void)pthread_mutex_lock(&metrics->lock);
            for (size_t p = 0; p < metrics->n_partitions; p++) {
                const struct partition_figures *part = &metrics->partitions[p];
                double value = 0;
                for (size_t c = 0; kept && c < COUNT_COUNTERS; c++) {
                    labels(out, name, &sources[i]);
                    (void)buf_printf(out, ",partition=\"%d\",what=\"%s\"} %" PRId64 "\n",
                                     (int)part->partition, NAMES[c], part->counters[c]);
                }
                if (kept || !figure_value(part, (enum figure)f, now_ms, &value))
                    continue;
                labels(out, name, &sources[i]);
                (void)buf_printf(out, ",partition=\"%d\"} %.15g\n", (int)part->partition,
                                 value);
            }
            (void)pthread_mutex_unlock(&metrics->lock);
        }
    }
}

/* Threads of a stage share its metrics, and each metric has one head. */
static void
print_own_of(const struct stage_metrics_source *sources, size_t n, size_t first,
             struct buf *out)
{
    const struct stage_metric *own = sources[first].metrics->own_metrics;
    for (size_t m = 0; m < sources[first].metrics->n_own_metrics; m++) {
        head(out, own[m].name,
             own[m].type == METRIC_COUNTER     ? "counter"
             : own[m].type == METRIC_HISTOGRAM ? "histogram"
                                               : "gauge",
             own[m].help);
        for (size_t i = first; i < n; i++) {
            char text[160];
            if (sources[i].metrics->own_metrics != own)
                continue;
            (void)snprintf(text, sizeof(text),
                           "service=\"%s\",stage=\"%s\",thread=\"%d\"",
                           sources[i].service, sources[i].stage, sources[i].thread);
            stage_series_print(sources[i].metrics->own, m, text, out);
        }
    }
}

static void
print_own(const struct stage_metrics_source *sources, size_t n, struct buf *out)
{
    head(out, "redress_observations_dropped_total", "counter",
         "Observations of a stage's own metrics that found no room for a series.");
    for (size_t i = 0; i < n; i++) {
        if (!sources[i].metrics->own)
            continue;
        labels(out, "redress_observations_dropped_total", &sources[i]);
        (void)buf_printf(out, "} %" PRIu64 "\n",
                         stage_series_dropped(sources[i].metrics->own));
    }
    for (size_t i = 0; i < n; i++) {
        bool first = sources[i].metrics->own != NULL;
        for (size_t k = 0; k < i; k++)
            first = first &&
                    sources[k].metrics->own_metrics != sources[i].metrics->own_metrics;
        if (first)
            print_own_of(sources, n, i, out);
    }
}

void
stage_metrics_print(const struct stage_metrics_source *sources, size_t n,
                    int64_t now_wall_ms, struct buf *out)
{
    print_counters(sources, n, out);
    print_histogram(sources, n, "redress_commit_seconds", "Duration of commits.",
                    offsetof(struct stage_metrics, commit_us), out);
    print_histogram(sources, n, "redress_batch_seconds",
                    "From the first event of a transaction to its commit.",
                    offsetof(struct stage_metrics, batch_us), out);
    print_partitions(sources, n, now_wall_ms, out);
    print_own(sources, n, out);
}
