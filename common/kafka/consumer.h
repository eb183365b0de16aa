/* consumer.h - reading messages: as a member of a group, or plain partitions from
 * offsets.
 *
 * Always read committed, no automatic commits, range assignment, EOF reported.  Offsets
 * are given by the caller, always: out of range is an error, never a silent jump. A
 * member's rebalance hooks run inside kafka_poll(), between two messages, so a message in
 * hand never belongs to an assignment that is gone.
 * Thread rule: one consumer, one thread. */
#ifndef REDRESS_KAFKA_CONSUMER_H
#define REDRESS_KAFKA_CONSUMER_H

#include "kafka/kafka.h"

struct kafka_consumer;

/* Run inside kafka_poll() and kafka_consumer_close(). */
struct kafka_hooks {
    void *ctx;
    /* Must fill ret_offsets[i], where partitions[i] begins; false: nothing is consumed
     * and kafka_poll() hands the hook's err on. */
    bool (*on_assign)(void *ctx, const int32_t *partitions, size_t n,
                      int64_t *ret_offsets, struct err *err);
    /* lost: others may own the partitions already, nothing must be committed. */
    void (*on_revoke)(void *ctx, const int32_t *partitions, size_t n, bool lost);
};

/* A static member of group that reads one topic; joins with the first poll. instance must
 * be unique in the group. NULL + err. */
struct kafka_consumer *kafka_member_new(const char *const *properties, const char *group,
                                        const char *instance, const char *topic,
                                        const struct kafka_hooks *hooks, struct err *err);
/* Reads the given partitions of a topic, without a group. */
struct kafka_consumer *kafka_reader_new(const char *const *properties, const char *topic,
                                        const int32_t *partitions, const int64_t *offsets,
                                        size_t n, struct err *err);
/* Frees; a member is closed first (see below). Takes NULL. */
void kafka_consumer_drop(struct kafka_consumer *consumer);
/* Ends the membership on this side (a static member keeps its partitions until it is back
 * or its session times out); on_revoke runs. */
void kafka_consumer_close(struct kafka_consumer *consumer);

enum kafka_polled {
    KAFKA_NOTHING, /* timeout, or only hooks ran                                   */
    KAFKA_MESSAGE, /* *ret is valid until the next call on the consumer            */
    KAFKA_END,     /* ret->partition, ret->offset: all before it has been handed over */
    KAFKA_FAILED,  /* err: ERR_RETRY goes by itself, ERR_STOP does not             */
};
enum kafka_polled kafka_poll(struct kafka_consumer *consumer, int timeout_ms,
                             struct kafka_message *ret, struct err *err);

/* Member: jumps back. What was fetched beyond is forgotten. */
MUST_CHECK bool kafka_seek(struct kafka_consumer *consumer, const int32_t *partitions,
                           const int64_t *offsets, size_t n, int timeout_ms,
                           struct err *err);
/* Member: what the group has committed, stable; KAFKA_NO_OFFSET without. ERR_RETRY while
 * a transaction of a predecessor is pending. */
MUST_CHECK bool kafka_committed(struct kafka_consumer *consumer,
                                const int32_t *partitions, size_t n, int timeout_ms,
                                int64_t *ret_offsets, struct err *err);
/* The end of a partition as the last fetch said (no request); KAFKA_NO_OFFSET if unknown.
 */
int64_t kafka_cached_end(struct kafka_consumer *consumer, int32_t partition);
/* Member: the group handed out an assignment that still stands (it may be empty). */
bool kafka_joined(const struct kafka_consumer *consumer);

#endif
