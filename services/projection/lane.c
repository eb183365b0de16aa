#include "projection/lane.h"

#include <stdlib.h>

#include "base/log.h"
#include "base/now.h"

#define KAFKA_TIMEOUT_MS 10000
/* How long an end offset past the last message (a transaction's marker) waits for company
 * before it is written alone. */
#define IDLE_US INT64_C(30000)
#define MEASURE_US INT64_C(200000)

static struct writer_place *
place_of(struct lane *lane, int32_t partition)
{
    for (size_t i = 0; i < lane->n_places; i++)
        if (lane->places[i].partition == partition)
            return &lane->places[i];
    return NULL;
}

static void
forget(struct lane *lane)
{
    arena_clear(&lane->arena);
    lane->n_inputs = 0;
    lane->n_bytes = 0;
    lane->ends = false;
}

/* --- the group's hooks -------------------------------------------------------------- */

/* Where a partition that was never read begins: at the first record that is kept. */
static bool
find_begin(struct lane *lane, int32_t partition, int64_t *ret_offset, struct err *err)
{
    int64_t low, high;

    while (!kafka_watermarks(lane->client, lane->topic, partition, KAFKA_TIMEOUT_MS, &low,
                             &high, err)) {
        if (err->action != ERR_RETRY || *lane->writer->stop)
            return false;
        log_warn("waiting", "%s", err->text);
    }
    *ret_offset = low;
    return true;
}

static bool
on_assign(void *ctx, const int32_t *partitions, size_t n, int64_t *ret_offsets,
          struct err *err)
{
    struct lane *lane = ctx;

    forget(lane);
    lane->n_places = 0;
    if (n > LANE_PARTITIONS_MAX)
        return err_set(err, ERR_STOP, "%s: %zu partitions, at most %d", lane->topic, n,
                       LANE_PARTITIONS_MAX);
    for (size_t i = 0; i < n; i++)
        lane->places[i] = (struct writer_place){.partition = partitions[i]};
    if (n > 0 && !writer_claim(lane->writer, str_from(lane->topic), lane->places, n, err))
        return false;
    for (size_t i = 0; i < n; i++) {
        ret_offsets[i] = lane->places[i].next_offset;
        if (ret_offsets[i] == 0 && !find_begin(lane, partitions[i], &ret_offsets[i], err))
            return false;
    }
    lane->n_places = n;
    atomic_store(&lane->joined, true);
    log_info("assigned", "%s: %zu partitions", lane->topic, n);
    return true;
}

static void
on_revoke(void *ctx, const int32_t *partitions, size_t n, bool lost)
{
    struct lane *lane = ctx;

    (void)partitions;
    if (lane->n_inputs > 0)
        log_info("batch_dropped", "%s: %zu messages are left to the next reader",
                 lane->topic, lane->n_inputs);
    forget(lane);
    lane->n_places = 0;
    lane->idle_since_us = 0;
    atomic_store(&lane->joined, false);
    log_info("revoked", "%s: %zu partitions%s", lane->topic, n, lost ? ", lost" : "");
}

bool
lane_start(struct lane *lane, const struct settings *settings, enum input_kind kind,
           const char *name, const char *topic, const char *group, struct writer *writer,
           struct kafka_client *client, struct err *err)
{
    char group_name[TOPIC_NAME_BYTES];
    const struct kafka_hooks hooks = {lane, on_assign, on_revoke};

    lane->kind = kind;
    lane->name = name;
    lane->writer = writer;
    lane->client = client;
    lane->max_inputs = (size_t)settings->batch_max_events;
    lane->max_age_us = settings->commit_interval_ms * 1000;
    lane->inputs = calloc(lane->max_inputs, sizeof *lane->inputs);
    BUG_IF(!lane->inputs);
    lane->arena.keep_bytes = 2 * LANE_BATCH_BYTES;
    atomic_store(&lane->lag, -1);
    (void)topic_full_name(settings, topic, lane->topic);
    (void)topic_group(settings, group, group_name);
    lane->consumer = kafka_member_new(settings->kafka, group_name, settings->instance,
                                      lane->topic, &hooks, err);
    return lane->consumer != NULL;
}

void
lane_stop(struct lane *lane)
{
    kafka_consumer_drop(lane->consumer);
    lane->consumer = NULL;
    arena_release(&lane->arena);
    free(lane->inputs);
    lane->inputs = NULL;
}

void
lane_rest(struct lane *lane)
{
    if (lane->n_inputs == 0)
        arena_release(&lane->arena);
}

/* --- filling ------------------------------------------------------------------------ */

static void
take(struct lane *lane, const struct kafka_message *message)
{
    struct input *input = &lane->inputs[lane->n_inputs];
    struct writer_place *place = place_of(lane, message->partition);

    /* Of an assignment that is gone: its next reader gets it. */
    if (!place || message->offset < place->next_offset)
        return;
    if (lane->n_inputs == 0)
        lane->begun_us = now_mono_us();
    struct kafka_message copy = input_copy(message, &lane->arena);
    input_read(lane->kind, &copy, &lane->arena, input);
    if (input->refused)
        log_warn("refused", "%s[%d]@%lld: %s", lane->topic, (int)message->partition,
                 (long long)message->offset, input->why->text);
    lane->n_inputs++;
    lane->n_bytes += message->key.len + message->value.len;
    lane->ends = input_ends_batch(input);
}

static void
note_end(struct lane *lane, const struct kafka_message *end)
{
    struct writer_place *place = place_of(lane, end->partition);

    if (!place || end->offset <= place->next_offset)
        return;
    place->end_offset = end->offset;
    if (lane->idle_since_us == 0)
        lane->idle_since_us = now_mono_us();
}

static bool
is_full(const struct lane *lane)
{
    return lane->n_inputs == lane->max_inputs || lane->n_bytes >= LANE_BATCH_BYTES ||
           lane->ends;
}

/* How long the next poll may wait. */
static int
patience_ms(const struct lane *lane, int wait_ms)
{
    if (lane->n_inputs == 0)
        return wait_ms;
    int64_t left_us = lane->begun_us + lane->max_age_us - now_mono_us();
    return left_us > 0 ? (int)((left_us + 999) / 1000) : 0;
}

bool
lane_fill(struct lane *lane, int wait_ms, struct err *err)
{
    struct kafka_message message;

    while (!is_full(lane) && !*lane->writer->stop) {
        switch (kafka_poll(lane->consumer, patience_ms(lane, wait_ms), &message, err)) {
        case KAFKA_MESSAGE:
            take(lane, &message);
            break;
        case KAFKA_END:
            note_end(lane, &message);
            wait_ms = 0;
            break;
        case KAFKA_FAILED:
            if (err->action != ERR_RETRY)
                return false;
            log_warn("kafka", "%s", err->text);
            return true;
        case KAFKA_NOTHING:
            return true;
        }
    }
    return true;
}

/* --- writing ------------------------------------------------------------------------ */

static void
measure(struct lane *lane)
{
    int64_t lag = 0, now_us = now_mono_us();

    if (now_us - lane->measured_us < MEASURE_US)
        return;
    lane->measured_us = now_us;
    for (size_t i = 0; i < lane->n_places; i++) {
        int64_t end = kafka_cached_end(lane->consumer, lane->places[i].partition);
        if (end != KAFKA_NO_OFFSET)
            lag += i64_max(0, end - lane->places[i].next_offset);
    }
    atomic_store(&lane->lag, lane->n_places > 0 ? lag : -1);
}

bool
lane_flush(struct lane *lane, bool *ret_worked, struct err *err)
{
    bool idle = lane->idle_since_us != 0 && now_mono_us() - lane->idle_since_us > IDLE_US;

    *ret_worked = lane->n_inputs > 0;
    if (lane->n_inputs == 0 && !idle) {
        measure(lane);
        return true;
    }
    if (!writer_write(lane->writer, str_from(lane->topic), lane->places, lane->n_places,
                      lane->inputs, lane->n_inputs, &lane->arena, err))
        return false;
    atomic_fetch_add(&lane->events, lane->n_inputs);
    lane->idle_since_us = 0;
    forget(lane);
    measure(lane);
    return true;
}
