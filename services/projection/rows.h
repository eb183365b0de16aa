/* rows.h - rows as columns: one array parameter a column, in the order of
 * sql/<table>.sql.
 *
 * A table_rows is kept from batch to batch; rows_begin() empties it.  What a column's
 * type is stands in one string a table (rows.c): a wrong order stops at once, as a BUG or
 * in PostgreSQL.  Pure: no server is needed. */
#ifndef REDRESS_PROJECTION_ROWS_H
#define REDRESS_PROJECTION_ROWS_H

#include "base/arena.h"
#include "base/buf.h"
#include "pg/array.h"
#include "projection/projection.h"

/* The statements that take rows, in the order in which a batch runs them. */
enum rows_table {
    ROWS_OFFSETS, /* first: the fence                                         */
    ROWS_EVENTS,
    ROWS_ASSIGNMENTS, /* before complaints: compares with what is there        */
    ROWS_COMPLAINTS,
    ROWS_FINDINGS,
    ROWS_INHERIT, /* after complaints and findings: reads the previous case's  */
    ROWS_CLOCKS,
    ROWS_CUSTOMERS,
    ROWS_REMEDIES,
    ROWS_FEEDBACK,
    ROWS_DEAD,
    ROWS_ERASE, /* last: takes away what the batch itself brought           */
    ROWS_TABLES,
};

#define ROWS_COLUMNS_MAX 86

/* Most events change one clock of five: the others need not be written again.  What the
 * table has of a clock is known by a 64-bit hash of all its columns; another content with
 * the same hash, in the same slot, one time in 10^19, would be written with the next
 * change. */
#define ROWS_CLOCKS_KNOWN ((size_t)1 << 20)
/* The same of findings, a slot a complaint: most events change none. */
#define ROWS_FINDINGS_KNOWN ((size_t)1 << 18)

struct rows {
    struct pg_array columns[ROWS_TABLES][ROWS_COLUMNS_MAX];
    struct buf scratch;                       /* for JSON                       */
    struct buf copy;                          /* the same columns row by row    */
    uint64_t clocks_known[ROWS_CLOCKS_KNOWN]; /* 0: nothing */
    uint64_t findings_known[ROWS_FINDINGS_KNOWN];
};

/* Some MB, most of it untouched: make it once, from calloc().  Takes a zeroed struct. */
void rows_begin(struct rows *rows);
/* What was handed over did not get into the tables, or others may have written them
 * since. */
void rows_forget(struct rows *rows);
void rows_release(struct rows *rows);
/* Columns of a statement, and how many rows it has now. */
size_t rows_columns(enum rows_table table);
size_t rows_count(const struct rows *rows, enum rows_table table);

/* Everything that a fold says; JSON goes into the arena for a moment. */
void rows_add_fold(struct rows *rows, const struct projection_rows *fold,
                   struct arena *arena);

/* A step of a topic's position. */
struct rows_offset {
    struct str topic;
    int32_t partition;
    int64_t next_offset;
    int64_t epoch;
    int64_t old_offset;
};
void rows_add_offset(struct rows *rows, const struct rows_offset *offset);

/* What a stage refused: topic, partition and offset of the original message. */
struct rows_dead {
    struct str topic;
    int32_t partition;
    int64_t offset;
    struct str stage;
    struct str reason;
    struct str detail;
    struct str path;     /* null if there is none */
    struct str encoding; /* null: as it came      */
    int64_t recorded_at; /* ms, wall              */
    bool has_dead;       /* it lies in complaints.deadletter */
    int32_t dead_partition;
    int64_t dead_offset;
};
void rows_add_dead(struct rows *rows, const struct rows_dead *dead);

/* An item of products.feedback; a step's time is that of the event that had its status.
 */
enum feedback_step {
    FEEDBACK_ACKNOWLEDGED,
    FEEDBACK_CAUSE_FOUND,
    FEEDBACK_PLANNED,
    FEEDBACK_FIXED,
    FEEDBACK_DECLINED,
    FEEDBACK_REOPENED,
    FEEDBACK_STEPS,
};
struct rows_feedback {
    unsigned char feedback_id[PG_UUID_BYTES];
    struct str cluster_key;
    struct str product, issue, status, cause, version, reason;
    int64_t revision, complaints, customers, double_deviations, severity_max;
    int64_t due_at, first_at, last_at; /* ms, TIME_NONE if absent */
    int64_t step_at[FEEDBACK_STEPS];   /* when it got there: ms, TIME_NONE if not here */
    int32_t partition;
    int64_t offset;
};
/* At most one row a feedback_id and batch: the caller folds (inputs.c). */
void rows_add_feedback(struct rows *rows, const struct rows_feedback *item);

#endif
