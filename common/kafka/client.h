/* client.h - questions to the cluster: topics, watermarks, group offsets; making topics.
 *
 * One handle that reads uncommitted, so a watermark is the high watermark and not the
 * last stable offset.  All calls block for at most timeout_ms and may be repeated.
 * ERR_RETRY: Kafka is away or electing; ERR_STOP: asked for something impossible.
 * Thread rule: the calls are safe from several threads. */
#ifndef REDRESS_KAFKA_CLIENT_H
#define REDRESS_KAFKA_CLIENT_H

#include "kafka/kafka.h"

struct kafka_client;

/* NULL + ERR_STOP for a bad property. Does not connect yet. properties must outlive it.
 */
struct kafka_client *kafka_client_new(const char *const *properties, struct err *err);
void kafka_client_drop(struct kafka_client *client);

/* Partitions of a topic, 0 if it does not exist. */
MUST_CHECK bool kafka_partitions(struct kafka_client *client, const char *topic,
                                 int timeout_ms, int32_t *ret_count, struct err *err);
/* First offset kept, and the one after the last written (open transactions included). */
MUST_CHECK bool kafka_watermarks(struct kafka_client *client, const char *topic,
                                 int32_t partition, int timeout_ms, int64_t *ret_low,
                                 int64_t *ret_high, struct err *err);
/* ret_offsets[p] for p < count: what the group has committed, KAFKA_NO_OFFSET if nothing.
 */
MUST_CHECK bool kafka_group_offsets(struct kafka_client *client, const char *group,
                                    const char *topic, int32_t count, int timeout_ms,
                                    int64_t *ret_offsets, struct err *err);

struct kafka_new_topic {
    const char *name;
    int32_t partitions;
    int replication;            /* 0: the broker's default        */
    const char *const *configs; /* name, value, ..., NULL; or NULL */
};
enum kafka_created { KAFKA_CREATED, KAFKA_EXISTS };
/* Each topic on its own; stops at the first that fails. */
MUST_CHECK bool kafka_topic_create(struct kafka_client *client,
                                   const struct kafka_new_topic *topic, int timeout_ms,
                                   enum kafka_created *ret_created, struct err *err);
/* Calls fn for each configuration entry of the topic. */
MUST_CHECK bool
kafka_topic_configs(struct kafka_client *client, const char *topic, int timeout_ms,
                    void (*fn)(void *ctx, const char *name, const char *value), void *ctx,
                    struct err *err);

#endif
