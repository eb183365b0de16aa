/* cmd_tail.c - tail: messages of a topic, one JSON object a line. */
#include <stdio.h>
#include <stdlib.h>

#include "base/now.h"
#include "base/times.h"
#include "ctl/ctl.h"
#include "gen/complaint_event.h"
#include "gen/product_fact.h"
#include "stage/topics.h"

struct tail {
    struct ctl *ctl;
    int64_t max; /* messages to print, 0: no limit */
    int64_t printed;
    struct arena arena;
    struct buf out;
};

static void
add_time(struct buf *out, int64_t ms)
{
    char text[TIME_TEXT_BYTES];
    if (ms == TIME_NONE)
        buf_add_c(out, "null");
    else
        buf_printf(out, "\"%s\"", time_print(ms, text));
}

/* Avro of ours as JSON; JSON as it is; anything else as a string. */
static void
add_value(struct tail *tail, struct str value)
{
    static const struct wire_schema *const SCHEMAS[] = {&complaint_event_wire,
                                                        &product_fact_wire};
    struct buf *out = &tail->out;
    struct err err = {0};
    uint64_t fingerprint = 0;
    if (str_is_null(value)) {
        buf_add_c(out, "null");
        return;
    }
    if (wire_fingerprint(value, &fingerprint)) {
        for (size_t i = 0; i < COUNT_OF(SCHEMAS); i++) {
            void *record = arena_alloc(&tail->arena, SCHEMAS[i]->struct_bytes);
            if (wire_decode(SCHEMAS[i], value, &tail->arena, record, &err)) {
                wire_print_json(SCHEMAS[i], record, out);
                return;
            }
        }
        buf_printf(out, "{\"avro_fingerprint\":\"%016llx\",\"bytes\":%zu}",
                   (unsigned long long)fingerprint, value.len);
        return;
    }
    struct str text = str_trim(value);
    if (text.len > 1 && text.ptr[0] == '{' && text.ptr[text.len - 1] == '}' &&
        !memchr(text.ptr, '\n', text.len))
        buf_add_str(out, text);
    else
        buf_add_json(out, value);
}

static bool
print_message(void *ctx, const struct kafka_message *message)
{
    struct tail *tail = ctx;
    struct buf *out = &tail->out;
    buf_printf(out, "{\"partition\":%d,\"offset\":%lld,\"timestamp\":",
               (int)message->partition, (long long)message->offset);
    add_time(out, message->timestamp_ms);
    buf_add_c(out, ",\"key\":");
    if (str_is_null(message->key))
        buf_add_c(out, "null");
    else
        buf_add_json(out, message->key);
    if (message->n_headers) {
        buf_add_c(out, ",\"headers\":{");
        for (size_t i = 0; i < message->n_headers; i++) {
            if (i)
                buf_add_char(out, ',');
            buf_add_json(out, message->headers[i].name);
            buf_add_char(out, ':');
            buf_add_json(out, message->headers[i].value);
        }
        buf_add_char(out, '}');
    }
    buf_add_c(out, ",\"value\":");
    add_value(tail, message->value);
    buf_add_c(out, "}\n");
    arena_clear(&tail->arena);
    tail->printed++;
    return ctl_print(out) && (tail->max == 0 || tail->printed < tail->max);
}

/* From the end on, until --max or a closed pipe. */
static bool
follow(struct tail *tail, const char *topic, struct err *err)
{
    struct chain_lag *lag = calloc(1, sizeof(*lag));
    BUG_IF(!lag);
    int32_t partitions[CHAIN_MAX_PARTITIONS];
    struct kafka_consumer *consumer = NULL;
    struct kafka_client *client = kafka_client_new(tail->ctl->settings.kafka, err);
    bool ok = client && kafka_partitions(client, topic, 10000, &lag->partitions, err);
    if (ok && (lag->partitions < 1 || lag->partitions > CHAIN_MAX_PARTITIONS))
        ok = err_set(err, ERR_STOP, "topic %s does not exist", topic);
    for (int32_t p = 0; ok && p < lag->partitions; p++) {
        partitions[p] = p;
        ok = kafka_watermarks(client, topic, p, 10000, &lag->lows[p], &lag->ends[p], err);
    }
    kafka_client_drop(client);
    if (ok) {
        consumer = kafka_reader_new(tail->ctl->settings.kafka, topic, partitions,
                                    lag->ends, (size_t)lag->partitions, err);
        ok = consumer != NULL;
    }
    bool more = true;
    while (ok && more) {
        struct kafka_message message;
        enum kafka_polled polled = kafka_poll(consumer, 200, &message, err);
        if (polled == KAFKA_MESSAGE)
            more = print_message(tail, &message);
        else if (polled == KAFKA_FAILED && err->action == ERR_STOP)
            ok = false;
        (void)fflush(stdout);
    }
    kafka_consumer_drop(consumer);
    free(lag);
    return ok;
}

enum ctl_exit
cmd_tail(struct ctl *ctl)
{
    const char *from = NULL;
    const char *max = NULL;
    bool following = false;
    const struct ctl_option options[] = {
        {"from", &from, NULL}, {"max", &max, NULL}, {"follow", NULL, &following}};
    enum ctl_exit status = CTL_OK;
    struct tail tail = {.ctl = ctl};
    if (!ctl_options(ctl, options, COUNT_OF(options), 1, 1, &status) ||
        !ctl_number("--max", max, 1, INT64_MAX, &tail.max, &status))
        return status;
    if (from && strcmp(from, "beginning") != 0)
        return ctl_usage("--from takes \"beginning\" (the default without --follow)");
    struct err err = {0};
    bool ok = true;
    if (!following || from)
        ok = scan_topic(ctl, ctl->argv[0], print_message, &tail, &err);
    if (ok && following && (tail.max == 0 || tail.printed < tail.max)) {
        char topic[TOPIC_NAME_BYTES];
        topic_full_name(&ctl->settings, ctl->argv[0], topic);
        ok = follow(&tail, topic, &err);
    }
    buf_release(&tail.out);
    arena_release(&tail.arena);
    return ok ? CTL_OK : ctl_fail(&err);
}
