/* scan.c - reading whole topics, from what is kept to the end as it is now. */
#include <stdlib.h>

#include "base/now.h"
#include "ctl/ctl.h"
#include "stage/topics.h"

#define CALL_MS 10000
#define STALL_US INT64_C(30000000)

struct scan {
    int32_t partitions[CHAIN_MAX_PARTITIONS];
    int64_t lows[CHAIN_MAX_PARTITIONS];
    int64_t ends[CHAIN_MAX_PARTITIONS];
    size_t n;
    size_t open; /* partitions whose end has not been reached */
};

static bool
find_range(const struct ctl *ctl, const char *topic, const struct scan_part *part,
           struct scan *scan, struct err *err)
{
    struct kafka_client *client = kafka_client_new(ctl->settings.kafka, err);
    if (!client)
        return false;
    int32_t count = 0;
    bool ok = kafka_partitions(client, topic, CALL_MS, &count, err);
    if (ok && (count == 0 || count > CHAIN_MAX_PARTITIONS))
        ok = err_set(err, ERR_STOP,
                     "topic %s does not exist; run `redress topics create`", topic);
    for (int32_t p = 0; ok && p < count; p++) {
        if (part->partition >= 0 && part->partition != p)
            continue;
        int64_t *low = &scan->lows[scan->n];
        ok = kafka_watermarks(client, topic, p, CALL_MS, low, &scan->ends[scan->n], err);
        if (part->until > 0)
            scan->ends[scan->n] = i64_min(scan->ends[scan->n], part->until);
        if (part->last > 0)
            *low = i64_max(*low, scan->ends[scan->n] - part->last);
        if (ok && scan->lows[scan->n] < scan->ends[scan->n])
            scan->partitions[scan->n++] = p;
    }
    kafka_client_drop(client);
    scan->open = scan->n;
    return ok;
}

int32_t
scan_partition_of(struct str key, int32_t n)
{
    const uint32_t m = 0x5bd1e995;
    const unsigned char *at = (const unsigned char *)key.ptr;
    size_t len = key.len;
    uint32_t hash = UINT32_C(0x9747b28c) ^ (uint32_t)len;
    for (; len >= 4; len -= 4, at += 4) {
        uint32_t word = (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 |
                        (uint32_t)at[3] << 24;
        word *= m;
        word ^= word >> 24;
        hash = hash * m ^ word * m;
    }
    if (len >= 3)
        hash ^= (uint32_t)at[2] << 16;
    if (len >= 2)
        hash ^= (uint32_t)at[1] << 8;
    if (len >= 1)
        hash = (hash ^ at[0]) * m;
    hash = (hash ^ hash >> 13) * m;
    hash ^= hash >> 15;
    return (int32_t)((hash & UINT32_C(0x7fffffff)) % (uint32_t)n);
}

/* Everything of the partition up to `next` has been seen: is that the end? */
static void
reached(struct scan *scan, int32_t partition, int64_t next)
{
    for (size_t i = 0; i < scan->n; i++) {
        if (scan->partitions[i] == partition && scan->ends[i] >= 0 &&
            next >= scan->ends[i]) {
            scan->ends[i] = -1;
            scan->open--;
        }
    }
}

static bool
still_open(const struct scan *scan, const struct kafka_message *message)
{
    for (size_t i = 0; i < scan->n; i++)
        if (scan->partitions[i] == message->partition)
            return scan->ends[i] > message->offset;
    return false;
}

bool
scan_topic(const struct ctl *ctl, const char *name,
           bool (*fn)(void *ctx, const struct kafka_message *message), void *ctx,
           struct err *err)
{
    return scan_part(ctl, name, (struct scan_part){.partition = -1}, fn, ctx, err);
}

bool
scan_partitions(const struct ctl *ctl, const char *name, int32_t *ret_count,
                struct err *err)
{
    char topic[TOPIC_NAME_BYTES];
    topic_full_name(&ctl->settings, name, topic);
    struct kafka_client *client = kafka_client_new(ctl->settings.kafka, err);
    int32_t count = 0;
    bool ok = client && kafka_partitions(client, topic, CALL_MS, &count, err);
    kafka_client_drop(client);
    if (ok && (count < 1 || count > CHAIN_MAX_PARTITIONS))
        ok = err_set(err, ERR_STOP,
                     "topic %s does not exist; run `redress topics create`", topic);
    if (ok)
        *ret_count = count;
    return ok;
}

bool
scan_part(const struct ctl *ctl, const char *name, struct scan_part part,
          bool (*fn)(void *ctx, const struct kafka_message *message), void *ctx,
          struct err *err)
{
    char topic[TOPIC_NAME_BYTES];
    topic_full_name(&ctl->settings, name, topic);
    struct scan *scan = calloc(1, sizeof(*scan));
    BUG_IF(!scan);
    struct kafka_consumer *consumer = NULL;
    bool ok = find_range(ctl, topic, &part, scan, err);
    if (ok && scan->n > 0) {
        consumer = kafka_reader_new(ctl->settings.kafka, topic, scan->partitions,
                                    scan->lows, scan->n, err);
        ok = consumer != NULL;
    }
    int64_t heard_us = now_mono_us();
    while (ok && scan->open > 0) {
        struct kafka_message message;
        enum kafka_polled polled = kafka_poll(consumer, 100, &message, err);
        if (polled == KAFKA_MESSAGE || polled == KAFKA_END)
            heard_us = now_mono_us();
        if (polled == KAFKA_MESSAGE && still_open(scan, &message) && !fn(ctx, &message))
            break;
        if (polled == KAFKA_MESSAGE)
            reached(scan, message.partition, message.offset + 1);
        else if (polled == KAFKA_END)
            reached(scan, message.partition, message.offset);
        else if (polled == KAFKA_FAILED && err->action == ERR_STOP)
            ok = false;
        if (ok && now_mono_us() - heard_us > STALL_US)
            ok = err_set(err, ERR_RETRY,
                         "nothing of %s came for 30 s; is a transaction left open?",
                         topic);
    }
    kafka_consumer_drop(consumer);
    free(scan);
    return ok;
}
