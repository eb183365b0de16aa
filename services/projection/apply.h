/* apply.h - the projection's statements: one batch, one transaction, behind a fence.
 *
 * Who is given a partition counts its epoch up (apply_claim); each batch first moves the
 * positions of its partitions, which must hit exactly the rows with the own epoch and the
 * known position.  A predecessor that comes back finds its epoch gone: ERR_STOP.
 * Rows and positions are committed together, asynchronously: what a crash of PostgreSQL
 * takes, it takes together, and Kafka still has it.  The claim is committed
 * synchronously. */
#ifndef REDRESS_PROJECTION_APPLY_H
#define REDRESS_PROJECTION_APPLY_H

#include "pg/pg.h"
#include "projection/rows.h"

/* How long a stopped process (SIGSTOP, a dead link) may hold locks inside a transaction.
 */
#define APPLY_IDLE_LIMIT_MS 10000

/* Once a connection: session settings, prepared statements. */
MUST_CHECK bool apply_prepare(struct pg *pg, struct err *err);

struct apply_position {
    int32_t partition;
    int64_t next_offset;
    int64_t epoch;
};
/* positions[i].partition is given, the rest is filled in.  A partition that was never
 * read begins at next_offset 0 with epoch 1. */
MUST_CHECK bool apply_claim(struct pg *pg, struct str topic,
                            struct apply_position *positions, size_t n, struct err *err);
/* What is really there, after a commit whose outcome is unknown. */
MUST_CHECK bool apply_positions(struct pg *pg, struct str topic,
                                struct apply_position *positions, size_t n,
                                struct err *err);
/* Runs the statements that have rows, in order, and commits.  On failure the transaction
 * is rolled back; with ERR_RETRY it may nevertheless have been committed.  Not careful:
 * many events are copied, which fails (ERR_DEAD_LETTER) when one of them was there
 * before. */
MUST_CHECK bool apply_batch(struct pg *pg, struct rows *rows, bool careful,
                            struct err *err);

#endif
