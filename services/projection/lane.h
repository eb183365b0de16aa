/* lane.h - one input topic: a member of its own consumer group, and its batch.
 *
 * Kafka only says who reads which partition; where to begin stands in PostgreSQL.  A
 * batch ends when it is large, when it is old enough, or at an event that must be the
 * last. Messages in hand when partitions are taken away are forgotten: whoever has them
 * next reads them again. Thread rule: one thread; lag may be read from others. */
#ifndef REDRESS_PROJECTION_LANE_H
#define REDRESS_PROJECTION_LANE_H

#include <stdatomic.h>

#include "conf/settings.h"
#include "kafka/client.h"
#include "kafka/consumer.h"
#include "projection/inputs.h"
#include "projection/writer.h"
#include "stage/topics.h"

#define LANE_BATCH_BYTES ((size_t)8 * 1024 * 1024)
#define LANE_PARTITIONS_MAX 1024

struct lane {
    enum input_kind kind;
    const char *name;             /* in metrics and logs: "routed"            */
    char topic[TOPIC_NAME_BYTES]; /* with prefix                              */
    struct writer *writer;
    struct kafka_client *client;
    struct kafka_consumer *consumer;
    size_t max_inputs;
    int64_t max_age_us;
    /* the batch */
    struct arena arena;
    struct input *inputs;
    size_t n_inputs, n_bytes;
    int64_t begun_us; /* when the first came */
    bool ends;        /* the last one must be the last */
    /* what is ours */
    struct writer_place places[LANE_PARTITIONS_MAX];
    size_t n_places;
    int64_t measured_us;   /* when lag was last looked at */
    int64_t idle_since_us; /* end offsets that PostgreSQL does not have yet; 0: none */
    _Atomic uint64_t events;
    _Atomic int64_t lag; /* messages and markers still to come; -1: not known */
    _Atomic bool joined;
};

/* topic: without prefix; group: what stands behind "redress." in the group's name. */
MUST_CHECK bool lane_start(struct lane *lane, const struct settings *settings,
                           enum input_kind kind, const char *name, const char *topic,
                           const char *group, struct writer *writer,
                           struct kafka_client *client, struct err *err);
/* Reads until the batch is complete or nothing more comes; waits wait_ms for the first.
 */
MUST_CHECK bool lane_fill(struct lane *lane, int wait_ms, struct err *err);
/* Writes what there is; *ret_worked: there was something. */
MUST_CHECK bool lane_flush(struct lane *lane, bool *ret_worked, struct err *err);
/* Nothing has come for a while: gives memory back. */
void lane_rest(struct lane *lane);
/* Leaves the group's topic; what is in hand is forgotten. */
void lane_stop(struct lane *lane);

#endif
