/* pg.h - PostgreSQL: the only room that includes libpq-fe.h.
 *
 * Every failure is sorted by what to do (pg_action): a dependency that is away is
 * ERR_RETRY, a value that the server will never take is ERR_DEAD_LETTER, the rest is
 * ERR_STOP.  A failure inside a transaction leaves it broken: call pg_rollback().
 * Error texts name the statement and SQLSTATE; the server's DETAIL, which may hold
 * values of rows, is never copied.
 * Thread rule: one connection, one thread. */
#ifndef REDRESS_PG_H
#define REDRESS_PG_H

#include "base/base.h"
#include "pg/array.h"

struct pg;        /* a connection                */
struct pg_result; /* rows; owned by the caller   */

/* SQLSTATE (NULL or "" when the connection broke) to what to do:
 * none, 08, 40, 53, 55, 57 retry; 22, 23 dead letter; else stop. */
enum err_action pg_action(const char *sqlstate);

/* One attempt, at most 10 s; application names it in pg_stat_activity. */
MUST_CHECK bool pg_connect(struct pg **ret_pg, const char *dsn, const char *application,
                           struct err *err);
/* Tries again with back-off (50 ms to 1 s) until deadline_ms from now, or *stop turns
 * non-zero (stop may be NULL). */
MUST_CHECK bool pg_connect_wait(struct pg **ret_pg, const char *dsn,
                                const char *application, int64_t deadline_ms,
                                const volatile int *stop, struct err *err);
void pg_close(struct pg *pg);
/* For CLEANUP(pg_drop). */
void pg_drop(struct pg **pg);
/* false once the connection has broken; then only pg_close() helps. */
bool pg_alive(const struct pg *pg);

/* One or more statements without parameters; rows are thrown away. */
MUST_CHECK bool pg_exec(struct pg *pg, const char *sql, struct err *err);
/* Ends a broken transaction; errors do not matter. */
void pg_rollback(struct pg *pg);

/* One statement, parameters and rows as text; a null str is NULL.  ret_result may be NULL
 * when rows do not matter. */
MUST_CHECK bool pg_query(struct pg *pg, const char *sql, const struct str *params,
                         size_t n_params, struct pg_result **ret_result, struct err *err);

/* Once a connection; the parameters' types are what the SQL says. */
MUST_CHECK bool pg_prepare(struct pg *pg, const char *name, const char *sql,
                           struct err *err);
/* Runs it with one binary array a parameter; see array.h. */
MUST_CHECK bool pg_run(struct pg *pg, const char *name, struct pg_array *params,
                       size_t n_params, struct pg_result **ret_result, struct err *err);

/* `COPY ... FROM STDIN`: sends all of data, ends the copy.  *ret_rows may be NULL. */
MUST_CHECK bool pg_copy_in(struct pg *pg, const char *sql, struct str data,
                           int64_t *ret_rows, struct err *err);

size_t pg_rows(const struct pg_result *result);
size_t pg_columns(const struct pg_result *result);
const char *pg_column_name(const struct pg_result *result, size_t column);
/* As text; null for NULL.  Valid until the result is dropped. */
struct str pg_value(const struct pg_result *result, size_t row, size_t column);
/* The value as a number; 0 for NULL or what is no number. */
int64_t pg_i64(const struct pg_result *result, size_t row, size_t column);
/* Rows that an INSERT, UPDATE or DELETE touched. */
int64_t pg_affected(const struct pg_result *result);
void pg_result_free(struct pg_result *result);
/* For CLEANUP(pg_result_drop). */
void pg_result_drop(struct pg_result **result);

#endif
