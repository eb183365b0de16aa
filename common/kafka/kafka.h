/* kafka.h - what the kafka room's parts share: messages, fates of calls, properties.
 *
 * The only room that sees rdkafka.h; its headers show none of it.  Properties are a flat
 * list name, value, ..., NULL (settings.kafka); what a part needs for its promises (read
 * committed, no auto commit, ...) is set after them and cannot be overruled.
 * Nothing here logs: librdkafka's own lines go to kafka_log_to().
 * Thread rule: a handle belongs to one thread unless its header says otherwise. */
#ifndef REDRESS_KAFKA_H
#define REDRESS_KAFKA_H

#include "base/base.h"

struct kafka_header {
    struct str name;
    struct str value;
};

/* Views into librdkafka's memory; the header of the call says how long they live. */
struct kafka_message {
    struct str topic;
    int32_t partition;
    int64_t offset;
    int64_t timestamp_ms; /* TIME_NONE if there is none */
    struct str key;       /* null if absent             */
    struct str value;     /* null if absent             */
    size_t n_headers;
    const struct kafka_header *headers;
};

/* The last header of that name, null if there is none.  Of a dead letter the original
 * message's headers come first: the last is ours, whatever a publisher sent. */
static inline struct str
kafka_header_last(const struct kafka_message *message, struct str name)
{
    for (size_t i = message->n_headers; i-- > 0;)
        if (str_eq(message->headers[i].name, name))
            return message->headers[i].value;
    return STR_NULL;
}

/* What the caller must do about a call that failed, as librdkafka sorts it. */
enum kafka_fate {
    KAFKA_DONE,
    KAFKA_RETRY, /* the same call again, until a deadline              */
    KAFKA_ABORT, /* abort the transaction and rewind                   */
    KAFKA_FATAL, /* fenced, out of range, our own fault: exit, touch nothing */
};

#define KAFKA_NO_OFFSET INT64_C(-1)

/* Where librdkafka's log lines go (level: syslog's 0-7); call before any handle is made.
 * The function is called from librdkafka's threads. */
void kafka_log_to(void (*fn)(int level, const char *facility, const char *text));
/* "2.0.2": the library that runs. */
const char *kafka_version(void);

#endif
