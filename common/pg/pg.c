#include "pg/pg.h"

#include <libpq-fe.h>
#include <stdlib.h>
#include <time.h>

#include "base/now.h"

#define PARAMS_MAX 96
#define COPY_CHUNK_BYTES ((size_t)256 * 1024)

struct pg {
    PGconn *conn;
};

static PGresult *
native(const struct pg_result *result)
{
    /* struct pg_result is only the name under which a PGresult leaves this room. */
    return (PGresult *)(uintptr_t)result;
}

enum err_action
pg_action(const char *sqlstate)
{
    static const struct {
        char class[3];
        enum err_action action;
    } classes[] = {
        {"08", ERR_RETRY},       /* connection                                      */
        {"40", ERR_RETRY},       /* rolled back: serialisation, deadlock            */
        {"53", ERR_RETRY},       /* out of connections, memory, disk: may come back */
        {"55", ERR_RETRY},       /* not available now: lock                         */
        {"57", ERR_RETRY},       /* shutdown, cannot connect now, cancelled         */
        {"22", ERR_DEAD_LETTER}, /* a value that no column takes                    */
        {"23", ERR_DEAD_LETTER}, /* a constraint                                    */
    };

    if (!sqlstate || strlen(sqlstate) < 2)
        return ERR_RETRY;
    for (size_t i = 0; i < COUNT_OF(classes); i++)
        if (memcmp(sqlstate, classes[i].class, 2) == 0)
            return classes[i].action;
    return ERR_STOP;
}

/* The first line of the server's message, which is about the schema, not about values. */
static struct str
first_line(const char *text)
{
    struct str s = str_from(text ? text : "");
    const char *end = s.len > 0 ? memchr(s.ptr, '\n', s.len) : NULL;

    if (end)
        s.len = (size_t)(end - s.ptr);
    return str_trim(s);
}

static bool
fail(struct pg *pg, const PGresult *res, const char *what, struct err *err)
{
    const char *state = res ? PQresultErrorField(res, PG_DIAG_SQLSTATE) : NULL;
    const char *primary = res ? PQresultErrorField(res, PG_DIAG_MESSAGE_PRIMARY) : NULL;
    enum err_action action = pg_action(state);

    if (PQstatus(pg->conn) != CONNECTION_OK)
        action = ERR_RETRY;
    /* Class 22 puts the offending value into its message ("invalid input syntax ..."). */
    if (action == ERR_DEAD_LETTER) {
        const char *constraint = PQresultErrorField(res, PG_DIAG_CONSTRAINT_NAME);
        return err_dead(err, DEAD_BAD_SCHEMA, NULL,
                        "%s: PostgreSQL refuses a value: %s%s%s", what, state,
                        constraint ? " " : "", constraint ? constraint : "");
    }
    struct str line = first_line(primary ? primary : PQerrorMessage(pg->conn));
    return err_set(err, action, "%s: PostgreSQL: %s%s%.*s", what, state ? state : "",
                   state ? " " : "", STR_ARG(line));
}

static void
drop_notice(void *arg, const PGresult *res)
{
    (void)arg;
    (void)res;
}

bool
pg_connect(struct pg **ret_pg, const char *dsn, const char *application, struct err *err)
{
    /* Later words win over dbname's, so the DSN can say everything else. */
    const char *words[] = {"dbname",          "fallback_application_name",
                           "connect_timeout", "client_encoding",
                           "keepalives_idle", NULL};
    const char *values[] = {dsn, application, "10", "UTF8", "30", NULL};
    PGconn *conn = PQconnectdbParams(words, values, 1);

    if (!conn)
        return err_set(err, ERR_RETRY, "PostgreSQL: out of memory");
    if (PQstatus(conn) != CONNECTION_OK) {
        struct str line = first_line(PQerrorMessage(conn));
        err_set(err, ERR_RETRY, "PostgreSQL is not reachable: %.*s", STR_ARG(line));
        PQfinish(conn);
        return false;
    }
    PQsetNoticeReceiver(conn, drop_notice, NULL);
    struct pg *pg = calloc(1, sizeof *pg);
    BUG_IF(!pg);
    pg->conn = conn;
    *ret_pg = pg;
    return true;
}

bool
pg_connect_wait(struct pg **ret_pg, const char *dsn, const char *application,
                int64_t deadline_ms, const volatile int *stop, struct err *err)
{
    int64_t end_us = now_mono_us() + deadline_ms * 1000;
    int64_t pause_ms = 50;

    while (!pg_connect(ret_pg, dsn, application, err)) {
        if ((stop && *stop) || err->action != ERR_RETRY ||
            now_mono_us() + pause_ms * 1000 > end_us)
            return false;
        struct timespec pause = {pause_ms / 1000, (long)(pause_ms % 1000) * 1000000};
        nanosleep(&pause, NULL);
        pause_ms = i64_min(pause_ms * 2, 1000);
    }
    return true;
}

void
pg_close(struct pg *pg)
{
    if (!pg)
        return;
    PQfinish(pg->conn);
    free(pg);
}

void
pg_drop(struct pg **pg)
{
    pg_close(*pg);
    *pg = NULL;
}

bool
pg_alive(const struct pg *pg)
{
    return pg && PQstatus(pg->conn) == CONNECTION_OK;
}

/* Takes res over: hands it on or frees it. */
static bool
finish(struct pg *pg, PGresult *res, const char *what, struct pg_result **ret_result,
       struct err *err)
{
    ExecStatusType status = PQresultStatus(res);

    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK &&
        status != PGRES_EMPTY_QUERY) {
        fail(pg, res, what, err);
        PQclear(res);
        return false;
    }
    if (ret_result)
        *ret_result = (struct pg_result *)res;
    else
        PQclear(res);
    return true;
}

/* The beginning of a statement, for errors. */
static const char *
heading(const char *sql, char text[48])
{
    size_t n = 0;

    while (sql[n] && sql[n] != '\n' && n < 47) {
        text[n] = sql[n];
        n++;
    }
    text[n] = '\0';
    return text;
}

bool
pg_exec(struct pg *pg, const char *sql, struct err *err)
{
    char text[48];
    return finish(pg, PQexec(pg->conn, sql), heading(sql, text), NULL, err);
}

void
pg_rollback(struct pg *pg)
{
    if (pg_alive(pg) && PQtransactionStatus(pg->conn) != PQTRANS_IDLE)
        PQclear(PQexec(pg->conn, "ROLLBACK"));
}

bool
pg_query(struct pg *pg, const char *sql, const struct str *params, size_t n_params,
         struct pg_result **ret_result, struct err *err)
{
    const char *values[PARAMS_MAX] = {NULL};
    char *copies[PARAMS_MAX];
    char text[48];

    BUG_IF(n_params > PARAMS_MAX);
    for (size_t i = 0; i < n_params; i++) {
        /* Text parameters are C strings: a view must be copied. */
        copies[i] = params[i].ptr ? strndup(params[i].ptr, params[i].len) : NULL;
        BUG_IF(params[i].ptr && !copies[i]);
        values[i] = copies[i];
    }
    PGresult *res =
        PQexecParams(pg->conn, sql, (int)n_params, NULL, values, NULL, NULL, 0);
    for (size_t i = 0; i < n_params; i++)
        free(copies[i]);
    return finish(pg, res, heading(sql, text), ret_result, err);
}

bool
pg_prepare(struct pg *pg, const char *name, const char *sql, struct err *err)
{
    return finish(pg, PQprepare(pg->conn, name, sql, 0, NULL), name, NULL, err);
}

bool
pg_run(struct pg *pg, const char *name, struct pg_array *params, size_t n_params,
       struct pg_result **ret_result, struct err *err)
{
    const char *values[PARAMS_MAX];
    int lengths[PARAMS_MAX], formats[PARAMS_MAX];

    BUG_IF(n_params > PARAMS_MAX);
    for (size_t i = 0; i < n_params; i++) {
        struct str bytes = pg_array_end(&params[i]);
        BUG_IF(params[i].n_items != params[0].n_items || bytes.len > INT32_MAX);
        values[i] = bytes.ptr;
        lengths[i] = (int)bytes.len;
        formats[i] = 1;
    }
    PGresult *res =
        PQexecPrepared(pg->conn, name, (int)n_params, values, lengths, formats, 0);
    return finish(pg, res, name, ret_result, err);
}

bool
pg_copy_in(struct pg *pg, const char *sql, struct str data, int64_t *ret_rows,
           struct err *err)
{
    char text[48];
    PGresult *res = PQexec(pg->conn, sql);

    if (PQresultStatus(res) != PGRES_COPY_IN) {
        fail(pg, res, heading(sql, text), err);
        PQclear(res);
        return false;
    }
    PQclear(res);
    for (size_t at = 0; at < data.len;) {
        size_t n = data.len - at < COPY_CHUNK_BYTES ? data.len - at : COPY_CHUNK_BYTES;
        if (PQputCopyData(pg->conn, data.ptr + at, (int)n) != 1)
            return fail(pg, NULL, heading(sql, text), err);
        at += n;
    }
    if (PQputCopyEnd(pg->conn, NULL) != 1)
        return fail(pg, NULL, heading(sql, text), err);
    struct pg_result *result;
    bool ok = finish(pg, PQgetResult(pg->conn), heading(sql, text), &result, err);
    if (ok) {
        if (ret_rows)
            *ret_rows = pg_affected(result);
        pg_result_free(result);
    }
    /* The connection is free again only after the final NULL. */
    while ((res = PQgetResult(pg->conn)))
        PQclear(res);
    return ok;
}

size_t
pg_rows(const struct pg_result *result)
{
    return (size_t)PQntuples(native(result));
}

size_t
pg_columns(const struct pg_result *result)
{
    return (size_t)PQnfields(native(result));
}

const char *
pg_column_name(const struct pg_result *result, size_t column)
{
    return PQfname(native(result), (int)column);
}

struct str
pg_value(const struct pg_result *result, size_t row, size_t column)
{
    const PGresult *res = native(result);

    if (PQgetisnull(res, (int)row, (int)column))
        return STR_NULL;
    return (struct str){PQgetvalue(res, (int)row, (int)column),
                        (size_t)PQgetlength(res, (int)row, (int)column)};
}

int64_t
pg_i64(const struct pg_result *result, size_t row, size_t column)
{
    int64_t value;
    return str_to_i64(pg_value(result, row, column), &value) ? value : 0;
}

int64_t
pg_affected(const struct pg_result *result)
{
    int64_t value;
    return str_to_i64(str_from(PQcmdTuples(native(result))), &value) ? value : 0;
}

void
pg_result_free(struct pg_result *result)
{
    if (result)
        PQclear(native(result));
}

void
pg_result_drop(struct pg_result **result)
{
    pg_result_free(*result);
    *result = NULL;
}
