#include "stage/series.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdlib.h>

#define SLOTS ((size_t)SERIES_MAX * 2) /* of the hash table; a power of two */
#define NOBODY UINT32_MAX
/* Metric, then each label with its length in front. */
#define KEY_BYTES (1 + METRIC_LABELS * (1 + SERIES_LABEL_BYTES))

struct one {
    uint32_t metric;
    uint32_t head;            /* the series of "other" beside the same labels */
    uint32_t members;         /* of a head                                    */
    _Atomic uint32_t current; /* of a head: who came last, itself included    */
    uint8_t *key;
    size_t key_len;
    char *labels; /* as printed */
    _Atomic uint64_t count;
    _Atomic double sum;
    _Atomic uint64_t *buckets; /* n_bounds + 1; NULL if no histogram */
    /* Of this transaction; the writer's alone. */
    bool touched;
    uint64_t waiting;
    double waiting_sum;
    uint64_t *waiting_buckets;
};

struct stage_series {
    const struct stage_metric *metrics;
    size_t n_metrics;
    struct one *all;
    _Atomic uint32_t n; /* what stands below is whole */
    uint32_t slots[SLOTS];
    uint32_t touched[SERIES_MAX]; /* in order of their first observation */
    size_t n_touched;
    _Atomic uint64_t dropped;
};

struct stage_series *
stage_series_new(const struct stage_metric *metrics, size_t n)
{
    if (n == 0)
        return NULL;
    BUG_IF(n > UINT8_MAX);
    struct stage_series *series = calloc(1, sizeof(*series));
    BUG_IF(!series);
    series->metrics = metrics;
    series->n_metrics = n;
    series->all = calloc(SERIES_MAX, sizeof(*series->all));
    BUG_IF(!series->all);
    for (size_t i = 0; i < SLOTS; i++)
        series->slots[i] = NOBODY;
    return series;
}

void
stage_series_drop(struct stage_series *series)
{
    if (!series)
        return;
    for (uint32_t i = 0; i < atomic_load(&series->n); i++) {
        free(series->all[i].key);
        free(series->all[i].labels);
        free((void *)series->all[i].buckets);
        free(series->all[i].waiting_buckets);
    }
    free(series->all);
    free(series);
}

/* --- finding a series --------------------------------------------------------------- */

static size_t
make_key(const struct observation *o, size_t open, uint8_t key[KEY_BYTES])
{
    size_t n = 0;
    key[n++] = (uint8_t)o->metric;
    for (size_t i = 0; i < METRIC_LABELS; i++) {
        struct str value = i == open ? STR("other") : o->labels[i];
        value = str_cut_utf8(value, SERIES_LABEL_BYTES);
        key[n++] = (uint8_t)value.len;
        if (value.len > 0)
            memcpy(key + n, value.ptr, value.len);
        n += value.len;
    }
    return n;
}

/* Eight bytes at a time.  Who finds collisions slows his own labels down, of which there
 * are few. */
static uint64_t
hash_of(const uint8_t *key, size_t len)
{
    uint64_t hash = len;
    for (size_t i = 0; i < len; i += 8) {
        uint64_t word = 0;
        memcpy(&word, key + i, len - i < 8 ? len - i : 8);
        hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
        hash ^= hash >> 29;
    }
    return hash ^ hash >> 32;
}

/* ,name="value" of each label, escaped as the text format asks for. */
static char *
print_labels(const struct stage_metric *metric, const uint8_t *key)
{
    struct buf out = {0};
    (void)buf_add_c(&out, "");
    key++;
    for (size_t i = 0; i < METRIC_LABELS; key += 1 + key[0], i++) {
        if (!metric->labels[i])
            continue;
        (void)buf_printf(&out, ",%s=\"", metric->labels[i]);
        for (size_t k = 1; k <= key[0]; k++) {
            if (key[k] == '"' || key[k] == '\\')
                (void)buf_add_char(&out, '\\');
            if (key[k] == '\n')
                (void)buf_add_c(&out, "\\n");
            else
                (void)buf_add_char(&out, (char)key[k]);
        }
        (void)buf_add_char(&out, '"');
    }
    return out.ptr;
}

/* A new series behind all others; the ops thread sees it when it is whole. */
static uint32_t
begin_series(struct stage_series *series, size_t metric, uint32_t head,
             const uint8_t *key, size_t len)
{
    uint32_t n = atomic_load_explicit(&series->n, memory_order_relaxed);
    const struct stage_metric *def = &series->metrics[metric];
    if (n == SERIES_MAX)
        return NOBODY;
    struct one *one = &series->all[n];
    one->metric = (uint32_t)metric;
    one->head = head;
    one->current = NOBODY;
    one->key_len = len;
    one->key = malloc(len);
    BUG_IF(!one->key);
    memcpy(one->key, key, len);
    one->labels = print_labels(def, key);
    BUG_IF(!one->labels);
    if (def->type == METRIC_HISTOGRAM) {
        one->buckets = calloc(def->n_bounds + 1, sizeof(*one->buckets));
        one->waiting_buckets = calloc(def->n_bounds + 1, sizeof(*one->waiting_buckets));
        BUG_IF(!one->buckets || !one->waiting_buckets);
    }
    atomic_store_explicit(&series->n, n + 1, memory_order_release);
    return n;
}

/* Where the key is, or the free slot where it would be. */
static size_t
slot_of(const struct stage_series *series, const uint8_t *key, size_t len)
{
    size_t at = hash_of(key, len) & (SLOTS - 1);
    for (; series->slots[at] != NOBODY; at = (at + 1) & (SLOTS - 1)) {
        const struct one *one = &series->all[series->slots[at]];
        if (one->key_len == len && memcmp(one->key, key, len) == 0)
            break;
    }
    return at;
}

/* The "other" beside these labels, made where there is none; NOBODY: no room. */
static uint32_t
find_head(struct stage_series *series, const struct observation *o, size_t open)
{
    uint8_t key[KEY_BYTES];
    size_t len = make_key(o, open, key);
    size_t at = slot_of(series, key, len);
    if (series->slots[at] == NOBODY)
        series->slots[at] = begin_series(series, o->metric, NOBODY, key, len);
    return series->slots[at];
}

/* NOBODY: no room.  A label that is "other" itself is the head. */
static uint32_t
find(struct stage_series *series, const struct observation *o)
{
    uint8_t key[KEY_BYTES];
    size_t open = series->metrics[o->metric].open_label;
    size_t len = make_key(o, METRIC_LABELS, key);
    size_t at = slot_of(series, key, len);
    uint32_t head = NOBODY;
    if (series->slots[at] != NOBODY)
        return series->slots[at];
    if (open > 0) {
        head = find_head(series, o, open - 1);
        if (head == NOBODY || series->all[head].members == SERIES_OPEN)
            return head;
        at = slot_of(series, key, len); /* the head may have taken it */
        if (series->slots[at] != NOBODY)
            return series->slots[at];
    }
    uint32_t found = begin_series(series, o->metric, head, key, len);
    if (found == NOBODY)
        return head;
    series->slots[at] = found;
    if (head != NOBODY)
        series->all[head].members++;
    return found;
}

static uint32_t
head_of(const struct stage_series *series, uint32_t i)
{
    return series->all[i].head == NOBODY ? i : series->all[i].head;
}

/* --- counting ----------------------------------------------------------------------- */

void
stage_series_add(struct stage_series *series, const struct observation *o)
{
    BUG_IF(!series || o->metric >= series->n_metrics);
    const struct stage_metric *metric = &series->metrics[o->metric];
    uint32_t found = find(series, o);
    if (found == NOBODY) {
        atomic_fetch_add_explicit(&series->dropped, 1, memory_order_relaxed);
        return;
    }
    struct one *one = &series->all[found];
    if (!one->touched) {
        one->touched = true;
        series->touched[series->n_touched++] = found;
    }
    one->waiting++;
    one->waiting_sum += o->value;
    if (metric->type != METRIC_HISTOGRAM)
        return;
    size_t bucket = 0;
    while (bucket < metric->n_bounds && o->value > metric->bounds[bucket])
        bucket++;
    one->waiting_buckets[bucket]++;
}

static void
forget(const struct stage_series *series, struct one *one)
{
    one->touched = false;
    one->waiting = 0;
    one->waiting_sum = 0;
    if (one->waiting_buckets)
        memset(one->waiting_buckets, 0,
               (series->metrics[one->metric].n_bounds + 1) *
                   sizeof(*one->waiting_buckets));
}

void
stage_series_keep(struct stage_series *series)
{
    for (size_t i = 0; series && i < series->n_touched; i++) {
        struct one *one = &series->all[series->touched[i]];
        size_t n_buckets = one->buckets ? series->metrics[one->metric].n_bounds + 1 : 0;
        for (size_t b = 0; b < n_buckets; b++)
            atomic_fetch_add_explicit(&one->buckets[b], one->waiting_buckets[b],
                                      memory_order_relaxed);
        double sum = atomic_load_explicit(&one->sum, memory_order_relaxed);
        atomic_store_explicit(&one->sum, sum + one->waiting_sum, memory_order_relaxed);
        atomic_fetch_add_explicit(&one->count, one->waiting, memory_order_relaxed);
        atomic_store_explicit(&series->all[head_of(series, series->touched[i])].current,
                              series->touched[i], memory_order_relaxed);
        forget(series, one);
    }
    if (series)
        series->n_touched = 0;
}

void
stage_series_undo(struct stage_series *series)
{
    for (size_t i = 0; series && i < series->n_touched; i++)
        forget(series, &series->all[series->touched[i]]);
    if (series)
        series->n_touched = 0;
}

/* --- printing ----------------------------------------------------------------------- */

static void
print_histogram(const struct stage_metric *metric, struct one *one, const char *labels,
                struct buf *out)
{
    uint64_t total = 0;
    for (size_t b = 0; b <= metric->n_bounds; b++) {
        total += atomic_load_explicit(&one->buckets[b], memory_order_relaxed);
        (void)buf_printf(out, "%s_bucket{%s%s,le=\"", metric->name, labels, one->labels);
        if (b < metric->n_bounds)
            (void)buf_printf(out, "%g", metric->bounds[b]);
        else
            (void)buf_add_c(out, "+Inf");
        (void)buf_printf(out, "\"} %" PRIu64 "\n", total);
    }
    (void)buf_printf(out, "%s_sum{%s%s} %.15g\n", metric->name, labels, one->labels,
                     atomic_load_explicit(&one->sum, memory_order_relaxed));
    (void)buf_printf(out, "%s_count{%s%s} %" PRIu64 "\n", metric->name, labels,
                     one->labels, total);
}

void
stage_series_print(const struct stage_series *series, size_t metric, const char *labels,
                   struct buf *out)
{
    const struct stage_metric *def = &series->metrics[metric];
    uint32_t n = atomic_load_explicit(&series->n, memory_order_acquire);
    for (uint32_t i = 0; i < n; i++) {
        struct one *one = &series->all[i];
        if (one->metric != metric ||
            atomic_load_explicit(&one->count, memory_order_relaxed) == 0)
            continue;
        if (def->type == METRIC_HISTOGRAM) {
            print_histogram(def, one, labels, out);
            continue;
        }
        if (def->type == METRIC_CURRENT &&
            atomic_load_explicit(&series->all[head_of(series, i)].current,
                                 memory_order_relaxed) != i)
            continue;
        double value = def->type == METRIC_CURRENT
                           ? 1
                           : atomic_load_explicit(&one->sum, memory_order_relaxed);
        (void)buf_printf(out, "%s{%s%s} %.15g\n", def->name, labels, one->labels, value);
    }
}

uint64_t
stage_series_dropped(const struct stage_series *series)
{
    return series ? atomic_load_explicit(&series->dropped, memory_order_relaxed) : 0;
}
