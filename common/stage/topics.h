/* topics.h - the one list of topics, and the names that follow from it.
 *
 * Everything about a topic (partitions, retention, compaction, sizes, time stamps) is a
 * row in topics.c; `redress topics create|check` and every start of a stage go by it.
 * Thread rule: const data; the functions talk to Kafka and block. */
#ifndef REDRESS_TOPICS_H
#define REDRESS_TOPICS_H

#include "base/buf.h"
#include "conf/settings.h"

struct topic_def {
    const char *name; /* without prefix                                            */
    bool inbound;     /* settings.inbound_partitions instead of settings.partitions */
    bool compacted;   /* else deleted after retention_ms                           */
    bool append_time; /* record timestamps are the broker's wall time              */
    int32_t max_message_bytes;
    int64_t retention_ms; /* -1: unlimited                                             */
};

#define TOPIC_INTERNAL_MAX_BYTES (3 * 1024 * 1024)
#define TOPIC_NAME_BYTES 250 /* Kafka's limit of 249, and the NUL */

extern const struct topic_def topics[];
extern const size_t topics_len;

/* prefix + name, where Kafka knows it under this. Returns ret_name. */
const char *topic_full_name(const struct settings *settings, const char *name,
                            char ret_name[TOPIC_NAME_BYTES]);
/* "<prefix>redress.<stage>.changelog" and the consumer group "<prefix>redress.<stage>".
 */
const char *topic_changelog(const struct settings *settings, const char *stage,
                            char ret_name[TOPIC_NAME_BYTES]);
const char *topic_group(const struct settings *settings, const char *stage,
                        char ret_name[TOPIC_NAME_BYTES]);
int32_t topic_partitions(const struct settings *settings, const struct topic_def *topic);

/* Makes the topics that are not there; one line a topic into report ("created NAME, 4
 * partitions" or "exists NAME").  ERR_RETRY: Kafka is away. */
MUST_CHECK bool topics_create(const struct settings *settings, struct buf *report,
                              struct err *err);
/* Compares what is there with the list: a line for each difference ("NAME: 3 partitions,
 * must be 4").  *ret_ok: none.  False only when Kafka cannot be asked. */
MUST_CHECK bool topics_check(const struct settings *settings, struct buf *report,
                             bool *ret_ok, struct err *err);

#endif
