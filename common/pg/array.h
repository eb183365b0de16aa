/* array.h - columns of rows as PostgreSQL array parameters in binary form.
 *
 * One array is one column of a batch; `INSERT ... SELECT * FROM unnest($1, $2, ...)`
 * turns the columns into rows.  Every array of a batch must get one item a row.  An array
 * is kept from batch to batch: pg_array_begin() empties it and keeps the memory. Pure: no
 * libpq here, so rows can be built and tested without a server. Thread rule: one array,
 * one thread. */
#ifndef REDRESS_PG_ARRAY_H
#define REDRESS_PG_ARRAY_H

#include "base/base.h"
#include "base/buf.h"

/* The element type; the parameter's declared type is the array of it. */
enum pg_type {
    PG_TEXT,
    PG_JSON,  /* sent as text, checked by the server */
    PG_JSONB, /* the same; the server also takes it apart */
    PG_UUID,
    PG_BOOL,
    PG_INT2,
    PG_INT4,
    PG_INT8,
    PG_FLOAT8,
    PG_TIMESTAMPTZ,
    PG_TYPE_COUNT,
};

struct pg_array {
    enum pg_type type;
    int32_t n_items;
    bool has_null;
    struct buf bytes; /* header and items, as the wire wants them */
};

#define PG_UUID_BYTES 16

/* Empties it and sets its element type.  Takes a zeroed struct. */
void pg_array_begin(struct pg_array *array, enum pg_type type);
/* One item each; the caller's type must be the array's (else BUG). */
void pg_array_null(struct pg_array *array);
void pg_array_str(struct pg_array *array, struct str s); /* PG_TEXT, PG_JSON(B) */
void pg_array_uuid(struct pg_array *array, const unsigned char uuid[PG_UUID_BYTES]);
void pg_array_bool(struct pg_array *array, bool value);
void pg_array_int(struct pg_array *array, int64_t value); /* PG_INT2, PG_INT4, PG_INT8:
                                                             cut to the type's range */
void pg_array_double(struct pg_array *array, double value);
/* Milliseconds since 1970; beyond PostgreSQL's range the nearest time in it. */
void pg_array_time(struct pg_array *array, int64_t ms);
/* null if !has. */
void pg_array_opt_int(struct pg_array *array, bool has, int64_t value);
void pg_array_opt_double(struct pg_array *array, bool has, double value);
void pg_array_opt_bool(struct pg_array *array, bool has, bool value);
void pg_array_opt_time(struct pg_array *array, bool has, int64_t ms);
/* Writes the header; valid until the array changes. */
struct str pg_array_end(struct pg_array *array);
void pg_array_release(struct pg_array *array);
/* The same columns as the data of `COPY ... FROM STDIN (FORMAT binary)`, appended to out:
 * every item is as the copy wants it, only row by row.  False: out is full. */
MUST_CHECK bool pg_array_copy(const struct pg_array *columns, size_t n_columns,
                              struct buf *out);

/* A UUID in its 36-character text form (either case); false if s is none. */
MUST_CHECK bool pg_uuid_parse(struct str s, unsigned char ret_uuid[PG_UUID_BYTES]);
/* The type's OID in pg_type.h of the server (fixed since PostgreSQL 8.3). */
uint32_t pg_type_oid(enum pg_type type);
uint32_t pg_type_array_oid(enum pg_type type);

#endif
