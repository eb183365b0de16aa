#include "kafka/producer.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/now.h"
#include "kafka/handle.h"

#define TARGETS_MAX 32
#define QUEUE_FULL_MS INT64_C(30000)

struct kafka_target {
    char name[250];
    rd_kafka_topic_t *rkt;
};

struct kafka_producer {
    rd_kafka_t *rk;
    struct kafka_target targets[TARGETS_MAX];
    size_t n_targets;
    int64_t undelivered;
    char first_failure[160]; /* why the first of them was refused */
};

static void
on_delivery(rd_kafka_t *rk, const rd_kafka_message_t *msg, void *opaque)
{
    struct kafka_producer *producer = opaque;
    (void)rk;
    /* A purge follows an abort; it says nothing about the message. */
    if (msg->err == RD_KAFKA_RESP_ERR_NO_ERROR ||
        msg->err == RD_KAFKA_RESP_ERR__PURGE_QUEUE ||
        msg->err == RD_KAFKA_RESP_ERR__PURGE_INFLIGHT)
        return;
    if (producer->undelivered++ == 0)
        (void)snprintf(producer->first_failure, sizeof(producer->first_failure),
                       "%.80s: %s", rd_kafka_topic_name(msg->rkt),
                       rd_kafka_err2str(msg->err));
}

struct kafka_producer *
kafka_producer_new(const char *const *properties, const char *transactional_id,
                   int transaction_timeout_ms, struct err *err)
{
    static const char *const FIRST[] = {
        "linger.ms",
        "1", /* a commit waits for it */
        "compression.type",
        "lz4",
        "queue.buffering.max.messages",
        "200000",
        "queue.buffering.max.kbytes",
        "131072",
        "message.max.bytes",
        "3145728", /* as the topics take it */
        "reconnect.backoff.max.ms",
        "2000",
        NULL,
    };
    char timeout[16];
    (void)snprintf(timeout, sizeof(timeout), "%d", transaction_timeout_ms);
    /* Only failures are reported: success shows in the commit or the flush. */
    const char *last[] = {
        "enable.idempotence",
        "true",
        "partitioner",
        "murmur2_random",
        "delivery.report.only.error",
        "true",
        "transactional.id",
        transactional_id,
        "transaction.timeout.ms",
        timeout,
        NULL,
    };
    if (!transactional_id)
        last[6] = NULL;
    rd_kafka_conf_t *conf = handle_conf(FIRST, properties, last, err);
    if (!conf)
        return NULL;
    struct kafka_producer *producer = calloc(1, sizeof(*producer));
    BUG_IF(!producer);
    rd_kafka_conf_set_dr_msg_cb(conf, on_delivery);
    rd_kafka_conf_set_opaque(conf, producer);
    producer->rk = handle_new(RD_KAFKA_PRODUCER, conf, err);
    if (!producer->rk) {
        free(producer);
        return NULL;
    }
    return producer;
}

void
kafka_producer_drop(struct kafka_producer *producer)
{
    if (!producer)
        return;
    (void)rd_kafka_purge(producer->rk,
                         RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
    for (size_t i = 0; i < producer->n_targets; i++)
        rd_kafka_topic_destroy(producer->targets[i].rkt);
    rd_kafka_destroy(producer->rk);
    free(producer);
}

struct kafka_target *
kafka_target(struct kafka_producer *producer, const char *topic, struct err *err)
{
    for (size_t i = 0; i < producer->n_targets; i++) {
        if (strcmp(producer->targets[i].name, topic) == 0)
            return &producer->targets[i];
    }
    BUG_IF(producer->n_targets == TARGETS_MAX);
    struct kafka_target *target = &producer->targets[producer->n_targets];
    int n = snprintf(target->name, sizeof(target->name), "%s", topic);
    target->rkt = n > 0 && (size_t)n < sizeof(target->name)
                      ? rd_kafka_topic_new(producer->rk, topic, NULL)
                      : NULL;
    if (!target->rkt) {
        err_set(err, ERR_STOP, "no topic name: %.80s", topic);
        return NULL;
    }
    producer->n_targets++;
    return target;
}

static rd_kafka_headers_t *
make_headers(const struct kafka_header *headers, size_t n)
{
    if (n == 0)
        return NULL;
    rd_kafka_headers_t *made = rd_kafka_headers_new(n);
    for (size_t i = 0; i < n; i++)
        (void)rd_kafka_header_add(made, headers[i].name.ptr, (ssize_t)headers[i].name.len,
                                  headers[i].value.ptr, (ssize_t)headers[i].value.len);
    return made;
}

static rd_kafka_resp_err_t
produce_once(struct kafka_producer *producer, const struct kafka_target *target,
             int32_t partition, struct str key, struct str value,
             const struct kafka_header *headers, size_t n_headers)
{
    /* A value of no length is not a null value (a tombstone): its pointer says which. */
    void *key_ptr = (void *)(uintptr_t)key.ptr;
    void *value_ptr = (void *)(uintptr_t)value.ptr;
    if (n_headers == 0) {
        if (rd_kafka_produce(target->rkt, partition, RD_KAFKA_MSG_F_COPY, value_ptr,
                             value.len, key_ptr, key.len, NULL) == 0)
            return RD_KAFKA_RESP_ERR_NO_ERROR;
        return rd_kafka_last_error();
    }
    rd_kafka_headers_t *made = make_headers(headers, n_headers);
    const rd_kafka_vu_t parts[] = {
        {.vtype = RD_KAFKA_VTYPE_RKT, .u.rkt = target->rkt},
        {.vtype = RD_KAFKA_VTYPE_PARTITION, .u.i32 = partition},
        {.vtype = RD_KAFKA_VTYPE_MSGFLAGS, .u.i = RD_KAFKA_MSG_F_COPY},
        {.vtype = RD_KAFKA_VTYPE_VALUE, .u.mem = {value_ptr, value.len}},
        {.vtype = RD_KAFKA_VTYPE_KEY, .u.mem = {key_ptr, key.len}},
        {.vtype = RD_KAFKA_VTYPE_HEADERS, .u.headers = made},
    };
    rd_kafka_error_t *error = rd_kafka_produceva(producer->rk, parts, COUNT_OF(parts));
    if (!error)
        return RD_KAFKA_RESP_ERR_NO_ERROR;
    rd_kafka_resp_err_t code = rd_kafka_error_code(error);
    rd_kafka_error_destroy(error);
    rd_kafka_headers_destroy(made);
    return code;
}

/* In a transaction most failures are mended by an abort; a fatal one is not. */
static enum kafka_fate
produce_fate(struct kafka_producer *producer, const struct kafka_target *target,
             rd_kafka_resp_err_t code, size_t bytes, struct err *err)
{
    char text[200] = "";
    bool fatal = rd_kafka_fatal_error(producer->rk, text, sizeof(text)) !=
                 RD_KAFKA_RESP_ERR_NO_ERROR;
    if (fatal || code == RD_KAFKA_RESP_ERR__FATAL || code == RD_KAFKA_RESP_ERR__FENCED) {
        err_set(err, ERR_STOP, "produce to %.80s: fatal: %s", target->name,
                *text ? text : rd_kafka_err2str(code));
        return KAFKA_FATAL;
    }
    if (code == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE) {
        /* An abort would only meet it again. */
        err_set(err, ERR_STOP, "produce to %.80s: a message of %zu bytes is too large",
                target->name, bytes);
        return KAFKA_FATAL;
    }
    err_set(err, ERR_RETRY, "produce to %.80s: %s", target->name, rd_kafka_err2str(code));
    return KAFKA_ABORT;
}

enum kafka_fate
kafka_produce(struct kafka_producer *producer, struct kafka_target *target,
              int32_t partition, struct str key, struct str value,
              const struct kafka_header *headers, size_t n_headers, struct err *err)
{
    int64_t deadline_us = 0;
    for (;;) {
        rd_kafka_resp_err_t code =
            produce_once(producer, target, partition, key, value, headers, n_headers);
        if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
            return KAFKA_DONE;
        if (deadline_us == 0)
            deadline_us = now_mono_us() + QUEUE_FULL_MS * 1000;
        if (code != RD_KAFKA_RESP_ERR__QUEUE_FULL || now_mono_us() > deadline_us)
            return produce_fate(producer, target, code, key.len + value.len, err);
        (void)rd_kafka_poll(producer->rk, 20);
    }
}

void
kafka_producer_poll(struct kafka_producer *producer)
{
    (void)rd_kafka_poll(producer->rk, 0);
}

bool
kafka_flush(struct kafka_producer *producer, int timeout_ms, struct err *err)
{
    rd_kafka_resp_err_t code = rd_kafka_flush(producer->rk, timeout_ms);
    if (producer->undelivered > 0)
        return err_set(err, ERR_STOP, "%lld messages were refused; the first: %s",
                       (long long)producer->undelivered, producer->first_failure);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
        return handle_error(err, code, "flush (%d messages wait)",
                            rd_kafka_outq_len(producer->rk));
    return true;
}

int64_t
kafka_undelivered(const struct kafka_producer *producer)
{
    return producer->undelivered;
}

enum kafka_fate
kafka_txn_init(struct kafka_producer *producer, int timeout_ms, struct err *err)
{
    return handle_fate(rd_kafka_init_transactions(producer->rk, timeout_ms),
                       "init_transactions", err);
}

enum kafka_fate
kafka_txn_begin(struct kafka_producer *producer, struct err *err)
{
    return handle_fate(rd_kafka_begin_transaction(producer->rk), "begin_transaction",
                       err);
}

enum kafka_fate
kafka_txn_offsets(struct kafka_producer *producer, const struct kafka_consumer *member,
                  const int32_t *partitions, const int64_t *offsets, size_t n,
                  int timeout_ms, struct err *err)
{
    rd_kafka_topic_partition_list_t *list = handle_list(member, partitions, offsets, n);
    rd_kafka_consumer_group_metadata_t *metadata =
        rd_kafka_consumer_group_metadata(handle_of_consumer(member));
    enum kafka_fate fate = handle_fate(
        rd_kafka_send_offsets_to_transaction(producer->rk, list, metadata, timeout_ms),
        "send_offsets_to_transaction", err);
    rd_kafka_consumer_group_metadata_destroy(metadata);
    rd_kafka_topic_partition_list_destroy(list);
    return fate;
}

enum kafka_fate
kafka_txn_commit(struct kafka_producer *producer, int timeout_ms, struct err *err)
{
    return handle_fate(rd_kafka_commit_transaction(producer->rk, timeout_ms),
                       "commit_transaction", err);
}

enum kafka_fate
kafka_txn_abort(struct kafka_producer *producer, int timeout_ms, struct err *err)
{
    (void)rd_kafka_flush(producer->rk, timeout_ms / 2);
    return handle_fate(rd_kafka_abort_transaction(producer->rk, timeout_ms),
                       "abort_transaction", err);
}
