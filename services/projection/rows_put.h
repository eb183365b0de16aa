/* rows_put.h - a cursor over the columns of one row, for rows.c and rows_complaint.c.
 *
 * Values go in from left to right; row_end() stops if a column is missing or one too
 * many. What a column's type is stands in rows.c. */
#ifndef REDRESS_PROJECTION_ROWS_PUT_H
#define REDRESS_PROJECTION_ROWS_PUT_H

#include "pg/array.h"
#include "projection/rows.h"

struct row {
    struct pg_array *at;
};

static inline void
text(struct row *r, struct str s)
{
    pg_array_str(r->at++, s);
}

static inline void
word(struct row *r, const char *c_string)
{
    pg_array_str(r->at++, str_from(c_string));
}

static inline void
uuid(struct row *r, const unsigned char id[PG_UUID_BYTES])
{
    pg_array_uuid(r->at++, id);
}

/* null where it is none: an optional reference to elsewhere. */
static inline void
opt_uuid(struct row *r, struct str s)
{
    unsigned char id[PG_UUID_BYTES];

    if (pg_uuid_parse(s, id))
        uuid(r, id);
    else
        pg_array_null(r->at++);
}

static inline void
integer(struct row *r, int64_t value)
{
    pg_array_int(r->at++, value);
}

static inline void
opt_integer(struct row *r, bool has, int64_t value)
{
    pg_array_opt_int(r->at++, has, value);
}

static inline void
real(struct row *r, double value)
{
    pg_array_double(r->at++, value);
}

static inline void
boolean(struct row *r, bool value)
{
    pg_array_bool(r->at++, value);
}

static inline void
moment(struct row *r, int64_t ms)
{
    pg_array_time(r->at++, ms);
}

static inline void
opt_moment(struct row *r, bool has, int64_t ms)
{
    pg_array_opt_time(r->at++, has, ms);
}

static inline void
nulls(struct row *r, size_t n)
{
    while (n-- > 0)
        pg_array_null(r->at++);
}

static inline struct row
row_begin(struct rows *rows, enum rows_table table)
{
    return (struct row){rows->columns[table]};
}

static inline void
row_end(const struct rows *rows, enum rows_table table, const struct row *r)
{
    BUG_IF(r->at != rows->columns[table] + rows_columns(table));
}

/* rows_complaint.c: one row a complaint. */
void rows_add_complaint(struct rows *rows, const struct projection_complaint *c,
                        struct arena *arena);

#endif
