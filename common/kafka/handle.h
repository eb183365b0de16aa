/* handle.h - inside the kafka room: configuration and errors of librdkafka handles. */
#ifndef REDRESS_KAFKA_HANDLE_H
#define REDRESS_KAFKA_HANDLE_H

#include <librdkafka/rdkafka.h>

#include "kafka/kafka.h"

/* A configuration from first (defaults of ours), the user's properties, then last (ours
 * again, beats them); each a flat list, NULL if none.  NULL + ERR_STOP if one is bad. */
rd_kafka_conf_t *handle_conf(const char *const *first, const char *const *properties,
                             const char *const *last, struct err *err);
/* Takes conf over. NULL + ERR_STOP. */
rd_kafka_t *handle_new(rd_kafka_type_t type, rd_kafka_conf_t *conf, struct err *err);

/* false + ERR_RETRY or ERR_STOP, by what kind of error it is. */
bool handle_error(struct err *err, rd_kafka_resp_err_t code, const char *fmt, ...)
    PRINTF(3, 4);
/* The fate of a transactional call; takes error over (NULL: KAFKA_DONE). */
enum kafka_fate handle_fate(rd_kafka_error_t *error, const char *what, struct err *err);

/* Fills *ret from msg; headers go into room (at most max, the rest is left out). */
void handle_message(const rd_kafka_message_t *msg, struct kafka_header *room, size_t max,
                    struct kafka_message *ret);
#define HANDLE_HEADERS_MAX 256

struct kafka_consumer;
/* For send_offsets: the member's handle and topic. */
rd_kafka_t *handle_of_consumer(const struct kafka_consumer *consumer);
rd_kafka_topic_partition_list_t *handle_list(const struct kafka_consumer *consumer,
                                             const int32_t *partitions,
                                             const int64_t *offsets, size_t n);

#endif
