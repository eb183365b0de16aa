/* changelog.h - a partition's state as the changelog topic holds it, and reading it back.
 *
 * Key: the state key.  Value: 8 bytes little-endian due time (TIME_NONE: no timer), then
 * the record's bytes; a null value deletes.  One record under CHANGELOG_META holds the
 * position (schemas/stage_position.avsc).  Invariant of a replay: it ends when the high
 * watermark taken before it is passed, never because nothing came for a while.
 * Thread rule: as the stores it fills. */
#ifndef REDRESS_CHANGELOG_H
#define REDRESS_CHANGELOG_H

#include "base/buf.h"
#include "conf/settings.h"
#include "kafka/client.h"
#include "stage/turn.h"
#include "state/store.h"

#define CHANGELOG_META ((struct str){"\0meta", 5})

struct changelog_position {
    int64_t next_offset; /* KAFKA_NO_OFFSET: nothing was ever written */
    int64_t clock_ms;    /* TIME_NONE before the first event          */
    int64_t counters[COUNT_COUNTERS];
};

/* Values as they are produced; the buffer is cleared first. */
void changelog_value(struct str record, int64_t due_ms, struct buf *out);
MUST_CHECK bool changelog_meta(const struct changelog_position *position, struct buf *out,
                               struct err *err);

/* One partition of a replay. */
struct changelog_part {
    int32_t partition;   /* of input and changelog                      */
    struct store *store; /* the caller's, empty                         */
    struct changelog_position position;
    int64_t low;
    int64_t high; /* taken by changelog_replay()                        */
    bool done;
    int64_t records; /* read, tombstones included                       */
};

/* Fills stores and positions. keep_on is asked now and then (NULL: always); false ends
 * with ERR_RETRY, as the deadline does. ERR_STOP: the changelog cannot be read. */
MUST_CHECK bool changelog_replay(struct kafka_client *client, const char *const *kafka,
                                 const char *topic, struct changelog_part *parts,
                                 size_t n, int64_t deadline_us,
                                 bool (*keep_on)(void *ctx), void *ctx, struct err *err);

/* For programs: the state of one partition of a stage ("register") as it is now; store
 * must be empty. ERR_RETRY: Kafka is away; ERR_STOP: there is no such changelog. */
MUST_CHECK bool changelog_read(const struct settings *settings, const char *stage,
                               int32_t partition, struct store *store,
                               struct changelog_position *ret_position, struct err *err);

#endif
