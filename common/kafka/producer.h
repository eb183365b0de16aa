/* producer.h - writing messages: transactional (stages) or idempotent (command line).
 *
 * Partition -1 means by key with murmur2_random, as Java clients do.  Calls of a
 * transaction return a fate (kafka.h): KAFKA_RETRY is for the caller to repeat until its
 * deadline, KAFKA_ABORT leads to kafka_txn_abort(), KAFKA_FATAL to the exit.
 * Thread rule: one producer, one thread. */
#ifndef REDRESS_KAFKA_PRODUCER_H
#define REDRESS_KAFKA_PRODUCER_H

#include "kafka/consumer.h"
#include "kafka/kafka.h"

struct kafka_producer;
struct kafka_target; /* a topic of one producer; lives as long as it */

/* transactional_id NULL: idempotent, without transactions. NULL + ERR_STOP. */
struct kafka_producer *kafka_producer_new(const char *const *properties,
                                          const char *transactional_id,
                                          int transaction_timeout_ms, struct err *err);
/* What is still queued is thrown away (flush or commit before). Takes NULL. */
void kafka_producer_drop(struct kafka_producer *producer);
/* The same name gives the same target. NULL + ERR_STOP for an impossible name. */
struct kafka_target *kafka_target(struct kafka_producer *producer, const char *topic,
                                  struct err *err);

/* Copies key, value and headers. Waits up to 30 s where the queue is full. KAFKA_DONE
 * means queued; what becomes of it shows in kafka_flush() or the commit. */
enum kafka_fate kafka_produce(struct kafka_producer *producer,
                              struct kafka_target *target, int32_t partition,
                              struct str key, struct str value,
                              const struct kafka_header *headers, size_t n_headers,
                              struct err *err);
/* Serves delivery reports; returns at once. */
void kafka_producer_poll(struct kafka_producer *producer);
/* Waits until all that was queued is delivered. False: ERR_RETRY at the timeout, ERR_STOP
 * if a message was refused (the first one's reason). */
MUST_CHECK bool kafka_flush(struct kafka_producer *producer, int timeout_ms,
                            struct err *err);
/* Messages that could not be delivered so far. */
int64_t kafka_undelivered(const struct kafka_producer *producer);

/* Ends an open transaction of a predecessor with this id and fences it. */
enum kafka_fate kafka_txn_init(struct kafka_producer *producer, int timeout_ms,
                               struct err *err);
enum kafka_fate kafka_txn_begin(struct kafka_producer *producer, struct err *err);
/* The member's next offsets become part of the transaction. */
enum kafka_fate kafka_txn_offsets(struct kafka_producer *producer,
                                  const struct kafka_consumer *member,
                                  const int32_t *partitions, const int64_t *offsets,
                                  size_t n, int timeout_ms, struct err *err);
enum kafka_fate kafka_txn_commit(struct kafka_producer *producer, int timeout_ms,
                                 struct err *err);
/* First lets what is in flight arrive: an abort beside the first AddPartitions may turn
 * fatal in 2.0.2 (librdkafka issue 4849). */
enum kafka_fate kafka_txn_abort(struct kafka_producer *producer, int timeout_ms,
                                struct err *err);

#endif
