#include "kafka/handle.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/times.h"

static void (*log_fn)(int level, const char *facility, const char *text);

void
kafka_log_to(void (*fn)(int level, const char *facility, const char *text))
{
    log_fn = fn;
}

const char *
kafka_version(void)
{
    return rd_kafka_version_str();
}

static void
on_log(const rd_kafka_t *rk, int level, const char *facility, const char *text)
{
    (void)rk;
    if (log_fn)
        log_fn(level, facility, text);
}

static bool
set_list(rd_kafka_conf_t *conf, const char *const *list, struct err *err)
{
    for (size_t i = 0; list && list[i]; i += 2) {
        char text[256];
        if (rd_kafka_conf_set(conf, list[i], list[i + 1], text, sizeof(text)) !=
            RD_KAFKA_CONF_OK)
            return err_set(err, ERR_STOP, "kafka.%s: %s", list[i], text);
    }
    return true;
}

rd_kafka_conf_t *
handle_conf(const char *const *first, const char *const *properties,
            const char *const *last, struct err *err)
{
    static const char *const ALWAYS[] = {
        "client.id",
        "redress", /* in the broker's logs and quotas     */
        "log.connection.close",
        "false", /* idle connections close: no news     */
        "socket.nagle.disable",
        "true", /* small requests must not wait        */
        NULL,
    };
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_set_log_cb(conf, on_log);
    if (set_list(conf, ALWAYS, err) && set_list(conf, first, err) &&
        set_list(conf, properties, err) && set_list(conf, last, err))
        return conf;
    rd_kafka_conf_destroy(conf);
    return NULL;
}

rd_kafka_t *
handle_new(rd_kafka_type_t type, rd_kafka_conf_t *conf, struct err *err)
{
    char text[256];
    rd_kafka_t *rk = rd_kafka_new(type, conf, text, sizeof(text));
    if (!rk) {
        rd_kafka_conf_destroy(conf);
        err_set(err, ERR_STOP, "kafka: %s", text);
    }
    return rk;
}

/* What goes by itself: brokers away, elections, coordinators moving. */
static bool
is_passing(rd_kafka_resp_err_t code)
{
    switch (code) {
    case RD_KAFKA_RESP_ERR__TRANSPORT:
    case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN:
    case RD_KAFKA_RESP_ERR__RESOLVE:
    case RD_KAFKA_RESP_ERR__TIMED_OUT:
    case RD_KAFKA_RESP_ERR__TIMED_OUT_QUEUE:
    case RD_KAFKA_RESP_ERR__WAIT_COORD:
    case RD_KAFKA_RESP_ERR__WAIT_CACHE:
    case RD_KAFKA_RESP_ERR__RETRY:
    case RD_KAFKA_RESP_ERR__QUEUE_FULL:
    case RD_KAFKA_RESP_ERR__NODE_UPDATE:
    case RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT:
    case RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION:
    case RD_KAFKA_RESP_ERR_BROKER_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_REPLICA_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_NETWORK_EXCEPTION:
    case RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS:
    case RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_NOT_COORDINATOR:
    case RD_KAFKA_RESP_ERR_NOT_CONTROLLER:
    case RD_KAFKA_RESP_ERR_KAFKA_STORAGE_ERROR:
    case RD_KAFKA_RESP_ERR_FENCED_LEADER_EPOCH:
    case RD_KAFKA_RESP_ERR_UNKNOWN_LEADER_EPOCH:
    case RD_KAFKA_RESP_ERR_OFFSET_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_UNSTABLE_OFFSET_COMMIT:
    case RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS:
    case RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS_AFTER_APPEND:
    case RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS:
        return true;
    default:
        return false;
    }
}

bool
handle_error(struct err *err, rd_kafka_resp_err_t code, const char *fmt, ...)
{
    char what[200];
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(what, sizeof(what), fmt, args);
    va_end(args);
    return err_set(err, is_passing(code) ? ERR_RETRY : ERR_STOP, "%s: %s", what,
                   rd_kafka_err2str(code));
}

enum kafka_fate
handle_fate(rd_kafka_error_t *error, const char *what, struct err *err)
{
    if (!error)
        return KAFKA_DONE;
    enum kafka_fate fate = rd_kafka_error_is_fatal(error)             ? KAFKA_FATAL
                           : rd_kafka_error_txn_requires_abort(error) ? KAFKA_ABORT
                           : rd_kafka_error_is_retriable(error)       ? KAFKA_RETRY
                                                                      : KAFKA_FATAL;
    err_set(err, fate == KAFKA_FATAL ? ERR_STOP : ERR_RETRY, "%s: %s: %s", what,
            rd_kafka_error_name(error), rd_kafka_error_string(error));
    rd_kafka_error_destroy(error);
    return fate;
}

static size_t
read_headers(const rd_kafka_message_t *msg, struct kafka_header *room, size_t max)
{
    rd_kafka_headers_t *headers = NULL;
    if (max == 0 || rd_kafka_message_headers(msg, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR)
        return 0;
    size_t n = 0;
    const char *name = NULL;
    const void *value = NULL;
    size_t len = 0;
    while (n < max && rd_kafka_header_get_all(headers, n, &name, &value, &len) ==
                          RD_KAFKA_RESP_ERR_NO_ERROR) {
        room[n].name = str_from(name);
        room[n].value = (struct str){value, value ? len : 0};
        n++;
    }
    return n;
}

void
handle_message(const rd_kafka_message_t *msg, struct kafka_header *room, size_t max,
               struct kafka_message *ret)
{
    rd_kafka_timestamp_type_t type = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
    int64_t timestamp_ms = rd_kafka_message_timestamp(msg, &type);
    size_t n_headers = read_headers(msg, room, max);
    *ret = (struct kafka_message){
        .topic = str_from(rd_kafka_topic_name(msg->rkt)),
        .partition = msg->partition,
        .offset = msg->offset,
        .timestamp_ms =
            type == RD_KAFKA_TIMESTAMP_NOT_AVAILABLE ? TIME_NONE : timestamp_ms,
        .key = {msg->key, msg->key ? msg->key_len : 0},
        .value = {msg->payload, msg->payload ? msg->len : 0},
        .n_headers = n_headers,
        .headers = room,
    };
}
