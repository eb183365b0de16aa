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
find_range(const struct ctl *ctl, const char *topic, struct scan *scan, struct err *err)
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
        ok = kafka_watermarks(client, topic, p, CALL_MS, &scan->lows[scan->n],
                              &scan->ends[scan->n], err);
        if (ok && scan->lows[scan->n] < scan->ends[scan->n])
            scan->partitions[scan->n++] = p;
    }
    kafka_client_drop(client);
    scan->open = scan->n;
    return ok;
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
    char topic[TOPIC_NAME_BYTES];
    topic_full_name(&ctl->settings, name, topic);
    struct scan *scan = calloc(1, sizeof(*scan));
    BUG_IF(!scan);
    struct kafka_consumer *consumer = NULL;
    bool ok = find_range(ctl, topic, scan, err);
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
