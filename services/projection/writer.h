/* writer.h - hands batches to PostgreSQL and does not give up.
 *
 * PostgreSQL away or a transaction that lost a race: the same batch again, after looking
 * whether the last try was committed after all.  A value that PostgreSQL refuses: the
 * batch is halved until the one message is found; that one becomes a dead letter. Another
 * process in charge, or a schema that does not fit: ERR_STOP.
 * Thread rule: one thread; the counters may be read from others. */
#ifndef REDRESS_PROJECTION_WRITER_H
#define REDRESS_PROJECTION_WRITER_H

#include <stdatomic.h>

#include "projection/apply.h"
#include "projection/inputs.h"

struct writer {
    const char *dsn;
    const volatile int *stop; /* non-zero: give up waiting                     */
    struct pg *pg;            /* NULL or broken: connected anew when it is needed */
    struct rows rows;
    struct arena arena; /* of one transaction */
    _Atomic bool connected;
    _Atomic int64_t alive_us; /* last sign of life, now_mono_us() */
    _Atomic uint64_t commits, retries, careful, refused, rows_written, busy_us;
};

/* One partition of a topic as this process holds it. */
struct writer_place {
    int32_t partition;
    int64_t epoch;
    int64_t next_offset; /* as PostgreSQL has it                             */
    int64_t end_offset;  /* read up to here, markers included; -1: not known */
};

/* Waits for PostgreSQL and its schema until deadline_ms from now.  ERR_RETRY: away. */
MUST_CHECK bool writer_start(struct writer *writer, int64_t deadline_ms, struct err *err);
void writer_stop(struct writer *writer);
/* Nothing has come for a while: gives memory back. */
void writer_rest(struct writer *writer);

/* Takes the partitions over; fills in epoch and next_offset.  *ret_new[i]: never read
 * before.  Waits for PostgreSQL; ERR_RETRY only when it is told to stop. */
MUST_CHECK bool writer_claim(struct writer *writer, struct str topic,
                             struct writer_place *places, size_t n, struct err *err);
/* Writes inputs, in order, and where the places are then (end_offset included); sets
 * their next_offset.  inputs may be refused on the way; keep is their arena. */
MUST_CHECK bool writer_write(struct writer *writer, struct str topic,
                             struct writer_place *places, size_t n_places,
                             struct input *inputs, size_t n, struct arena *keep,
                             struct err *err);

#endif
