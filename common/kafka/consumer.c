#include "kafka/consumer.h"

#include <stdlib.h>

#include "kafka/handle.h"

struct kafka_consumer {
    rd_kafka_t *rk;
    char *topic;
    bool joined;  /* an assignment stands                                */
    bool closing; /* no new assignment is taken                          */
    bool closed;
    bool hook_failed; /* the next poll hands hook_err on                 */
    struct err hook_err;
    struct kafka_hooks hooks;
    rd_kafka_message_t *message; /* handed out by the last poll          */
    struct kafka_header headers[HANDLE_HEADERS_MAX];
};

rd_kafka_t *
handle_of_consumer(const struct kafka_consumer *consumer)
{
    return consumer->rk;
}

rd_kafka_topic_partition_list_t *
handle_list(const struct kafka_consumer *consumer, const int32_t *partitions,
            const int64_t *offsets, size_t n)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)n);
    for (size_t i = 0; i < n; i++) {
        rd_kafka_topic_partition_t *item =
            rd_kafka_topic_partition_list_add(list, consumer->topic, partitions[i]);
        item->offset = offsets ? offsets[i] : RD_KAFKA_OFFSET_INVALID;
    }
    return list;
}

static int32_t *
partitions_of(const rd_kafka_topic_partition_list_t *list)
{
    int32_t *partitions = calloc((size_t)list->cnt + 1, sizeof(*partitions));
    BUG_IF(!partitions);
    for (int i = 0; i < list->cnt; i++)
        partitions[i] = list->elems[i].partition;
    return partitions;
}

/* The hook says where each partition begins; then consuming starts. */
static void
assign(struct kafka_consumer *consumer, rd_kafka_topic_partition_list_t *list)
{
    size_t n = (size_t)list->cnt;
    int32_t *partitions = partitions_of(list);
    int64_t *offsets = calloc(n + 1, sizeof(*offsets));
    BUG_IF(!offsets);
    bool ok = consumer->hooks.on_assign(consumer->hooks.ctx, partitions, n, offsets,
                                        &consumer->hook_err);
    for (size_t i = 0; ok && i < n; i++)
        list->elems[i].offset = offsets[i];
    free(partitions);
    free(offsets);
    if (ok) {
        rd_kafka_resp_err_t code = rd_kafka_assign(consumer->rk, list);
        ok = code == RD_KAFKA_RESP_ERR_NO_ERROR;
        if (!ok)
            err_set(&consumer->hook_err, ERR_STOP, "assign: %s", rd_kafka_err2str(code));
    }
    consumer->hook_failed = !ok;
    consumer->joined = ok;
}

static void
revoke(struct kafka_consumer *consumer, rd_kafka_topic_partition_list_t *list)
{
    int32_t *partitions = partitions_of(list);
    consumer->joined = false;
    consumer->hooks.on_revoke(consumer->hooks.ctx, partitions, (size_t)list->cnt,
                              rd_kafka_assignment_lost(consumer->rk) != 0);
    free(partitions);
    (void)rd_kafka_assign(consumer->rk, NULL);
}

static void
on_rebalance(rd_kafka_t *rk, rd_kafka_resp_err_t code,
             rd_kafka_topic_partition_list_t *list, void *opaque)
{
    struct kafka_consumer *consumer = opaque;
    (void)rk;
    if (code == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS && !consumer->closing)
        assign(consumer, list);
    else
        revoke(consumer, list);
}

/* Takes conf over (NULL: err is set already). */
static struct kafka_consumer *
consumer_new(rd_kafka_conf_t *conf, const char *topic, struct err *err)
{
    if (!conf)
        return NULL;
    struct kafka_consumer *consumer = calloc(1, sizeof(*consumer));
    BUG_IF(!consumer);
    rd_kafka_conf_set_opaque(conf, consumer);
    consumer->rk = handle_new(RD_KAFKA_CONSUMER, conf, err);
    if (!consumer->rk) {
        free(consumer);
        return NULL;
    }
    consumer->topic = strdup(topic);
    BUG_IF(!consumer->topic);
    (void)rd_kafka_poll_set_consumer(consumer->rk);
    return consumer;
}

struct kafka_consumer *
kafka_member_new(const char *const *properties, const char *group, const char *instance,
                 const char *topic, const struct kafka_hooks *hooks, struct err *err)
{
    /* 2.0.2 pauses a fetch for a second when its queue is full: the queue holds more than
     * a stage can take in that time. */
    static const char *const FIRST[] = {
        "session.timeout.ms",
        "10000",
        "heartbeat.interval.ms",
        "1000",
        "max.poll.interval.ms",
        "600000", /* a restore runs inside a poll */
        "fetch.wait.max.ms",
        "100",
        "fetch.error.backoff.ms",
        "50",
        "queued.min.messages",
        "200000",
        "queued.max.messages.kbytes",
        "131072",
        "reconnect.backoff.max.ms",
        "2000",
        NULL,
    };
    const char *const last[] = {
        "group.id",
        group,
        "group.instance.id",
        instance,
        "isolation.level",
        "read_committed",
        "enable.auto.commit",
        "false",
        "enable.auto.offset.store",
        "false",
        "enable.partition.eof",
        "true",
        "auto.offset.reset",
        "error",
        "partition.assignment.strategy",
        "range",
        "allow.auto.create.topics",
        "false",
        NULL,
    };
    rd_kafka_conf_t *conf = handle_conf(FIRST, properties, last, err);
    if (conf)
        rd_kafka_conf_set_rebalance_cb(conf, on_rebalance);
    struct kafka_consumer *consumer = consumer_new(conf, topic, err);
    if (!consumer)
        return NULL;
    consumer->hooks = *hooks;
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    (void)rd_kafka_topic_partition_list_add(list, topic, RD_KAFKA_PARTITION_UA);
    rd_kafka_resp_err_t code = rd_kafka_subscribe(consumer->rk, list);
    rd_kafka_topic_partition_list_destroy(list);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
        return consumer;
    err_set(err, ERR_STOP, "subscribe to %s: %s", topic, rd_kafka_err2str(code));
    kafka_consumer_drop(consumer);
    return NULL;
}

struct kafka_consumer *
kafka_reader_new(const char *const *properties, const char *topic,
                 const int32_t *partitions, const int64_t *offsets, size_t n,
                 struct err *err)
{
    static const char *const FIRST[] = {
        "fetch.wait.max.ms",
        "50",
        "fetch.error.backoff.ms",
        "50",
        "max.partition.fetch.bytes",
        "4194304",
        "reconnect.backoff.max.ms",
        "2000",
        NULL,
    };
    static const char *const LAST[] = {
        "group.id",
        "redress-reader", /* only a name: never joined, nothing committed */
        "isolation.level",
        "read_committed",
        "enable.auto.commit",
        "false",
        "enable.auto.offset.store",
        "false",
        "enable.partition.eof",
        "true",
        "auto.offset.reset",
        "error",
        "allow.auto.create.topics",
        "false",
        NULL,
    };
    struct kafka_consumer *consumer =
        consumer_new(handle_conf(FIRST, properties, LAST, err), topic, err);
    if (!consumer)
        return NULL;
    rd_kafka_topic_partition_list_t *list = handle_list(consumer, partitions, offsets, n);
    rd_kafka_resp_err_t code = rd_kafka_assign(consumer->rk, list);
    rd_kafka_topic_partition_list_destroy(list);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
        return consumer;
    handle_error(err, code, "read %s", topic);
    kafka_consumer_drop(consumer);
    return NULL;
}

static void
release_message(struct kafka_consumer *consumer)
{
    if (consumer->message)
        rd_kafka_message_destroy(consumer->message);
    consumer->message = NULL;
}

void
kafka_consumer_close(struct kafka_consumer *consumer)
{
    if (consumer->closed)
        return;
    release_message(consumer);
    consumer->closing = true;
    consumer->closed = true;
    (void)rd_kafka_consumer_close(consumer->rk);
}

void
kafka_consumer_drop(struct kafka_consumer *consumer)
{
    if (!consumer)
        return;
    kafka_consumer_close(consumer);
    rd_kafka_destroy(consumer->rk);
    free(consumer->topic);
    free(consumer);
}

static enum kafka_polled
poll_error(struct kafka_consumer *consumer, const rd_kafka_message_t *msg,
           struct err *err)
{
    char text[200];
    if (rd_kafka_fatal_error(consumer->rk, text, sizeof(text)) !=
        RD_KAFKA_RESP_ERR_NO_ERROR) {
        err_set(err, ERR_STOP, "%s: fatal: %s", consumer->topic, text);
    } else if (msg->err == RD_KAFKA_RESP_ERR__MAX_POLL_EXCEEDED) {
        /* We were too slow and are out; the next poll joins again. */
        err_set(err, ERR_RETRY, "%s: left the group: no poll for too long",
                consumer->topic);
    } else {
        const char *more = rd_kafka_message_errstr(msg);
        handle_error(err, msg->err, "%s[%d]: %.120s", consumer->topic,
                     (int)msg->partition, more ? more : "");
    }
    return KAFKA_FAILED;
}

enum kafka_polled
kafka_poll(struct kafka_consumer *consumer, int timeout_ms, struct kafka_message *ret,
           struct err *err)
{
    release_message(consumer);
    rd_kafka_message_t *msg = rd_kafka_consumer_poll(consumer->rk, timeout_ms);
    if (consumer->hook_failed) {
        if (msg)
            rd_kafka_message_destroy(msg);
        consumer->hook_failed = false;
        *err = consumer->hook_err;
        return KAFKA_FAILED;
    }
    if (!msg)
        return KAFKA_NOTHING;
    enum kafka_polled polled = KAFKA_MESSAGE;
    if (msg->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
        *ret = (struct kafka_message){.partition = msg->partition, .offset = msg->offset};
        polled = KAFKA_END;
    } else if (msg->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
        polled = poll_error(consumer, msg, err);
    }
    if (polled != KAFKA_MESSAGE) {
        rd_kafka_message_destroy(msg);
        return polled;
    }
    consumer->message = msg;
    handle_message(msg, consumer->headers, HANDLE_HEADERS_MAX, ret);
    return KAFKA_MESSAGE;
}

bool
kafka_seek(struct kafka_consumer *consumer, const int32_t *partitions,
           const int64_t *offsets, size_t n, int timeout_ms, struct err *err)
{
    release_message(consumer);
    rd_kafka_topic_partition_list_t *list = handle_list(consumer, partitions, offsets, n);
    rd_kafka_error_t *error = rd_kafka_seek_partitions(consumer->rk, list, timeout_ms);
    bool ok = true;
    if (error) {
        ok = handle_error(err, rd_kafka_error_code(error), "seek %s", consumer->topic);
        rd_kafka_error_destroy(error);
    }
    for (int i = 0; ok && i < list->cnt; i++) {
        if (list->elems[i].err != RD_KAFKA_RESP_ERR_NO_ERROR)
            ok = handle_error(err, list->elems[i].err, "seek %s[%d]", consumer->topic,
                              (int)list->elems[i].partition);
    }
    rd_kafka_topic_partition_list_destroy(list);
    return ok;
}

bool
kafka_committed(struct kafka_consumer *consumer, const int32_t *partitions, size_t n,
                int timeout_ms, int64_t *ret_offsets, struct err *err)
{
    rd_kafka_topic_partition_list_t *list = handle_list(consumer, partitions, NULL, n);
    rd_kafka_resp_err_t code = rd_kafka_committed(consumer->rk, list, timeout_ms);
    bool ok = code == RD_KAFKA_RESP_ERR_NO_ERROR;
    if (!ok)
        handle_error(err, code, "committed offsets of %s", consumer->topic);
    for (int i = 0; ok && i < list->cnt; i++) {
        if (list->elems[i].err != RD_KAFKA_RESP_ERR_NO_ERROR)
            ok = handle_error(err, list->elems[i].err, "committed offset of %s[%d]",
                              consumer->topic, (int)list->elems[i].partition);
        else
            ret_offsets[i] =
                list->elems[i].offset >= 0 ? list->elems[i].offset : KAFKA_NO_OFFSET;
    }
    rd_kafka_topic_partition_list_destroy(list);
    return ok;
}

int64_t
kafka_cached_end(struct kafka_consumer *consumer, int32_t partition)
{
    int64_t low = 0;
    int64_t high = 0;
    if (rd_kafka_get_watermark_offsets(consumer->rk, consumer->topic, partition, &low,
                                       &high) != RD_KAFKA_RESP_ERR_NO_ERROR)
        return KAFKA_NO_OFFSET;
    return high >= 0 ? high : KAFKA_NO_OFFSET;
}

bool
kafka_joined(const struct kafka_consumer *consumer)
{
    return consumer->joined;
}
