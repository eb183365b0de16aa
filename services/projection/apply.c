#include "projection/apply.h"

#include "gen/sql_assignments.h"
#include "gen/sql_complaint_events.h"
#include "gen/sql_complaints.h"
#include "gen/sql_customers.h"
#include "gen/sql_dead_letters.h"
#include "gen/sql_erase.h"
#include "gen/sql_feedback_items.h"
#include "gen/sql_findings.h"
#include "gen/sql_inherit.h"
#include "gen/sql_offsets_advance.h"
#include "gen/sql_offsets_claim.h"
#include "gen/sql_offsets_read.h"
#include "gen/sql_remedies.h"
#include "gen/sql_sla_clocks.h"

#define COPY_FROM_ROWS 200

static const struct {
    const char *name;
    const char *sql;
} statements[ROWS_TABLES] = {
    [ROWS_OFFSETS] = {"offsets_advance", sql_offsets_advance},
    [ROWS_EVENTS] = {"complaint_events", sql_complaint_events},
    [ROWS_ASSIGNMENTS] = {"assignments", sql_assignments},
    [ROWS_COMPLAINTS] = {"complaints", sql_complaints},
    [ROWS_FINDINGS] = {"findings", sql_findings},
    [ROWS_INHERIT] = {"inherit", sql_inherit},
    [ROWS_CLOCKS] = {"sla_clocks", sql_sla_clocks},
    [ROWS_CUSTOMERS] = {"customers", sql_customers},
    [ROWS_REMEDIES] = {"remedies", sql_remedies},
    [ROWS_FEEDBACK] = {"feedback_items", sql_feedback_items},
    [ROWS_DEAD] = {"dead_letters", sql_dead_letters},
    [ROWS_ERASE] = {"erase", sql_erase},
};

/* Every statement looks rows up by their keys: a plan made while the tables were empty
 * must not turn into a scan when they are not. */
static const char session[] =
    "SET search_path = redress, pg_catalog;"
    "SET synchronous_commit = off;"
    "SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off;"
    "SET jit = off; SET timezone = 'UTC';"
    "SET plan_cache_mode = force_generic_plan;"
    "SET idle_in_transaction_session_timeout = 10000";
_Static_assert(APPLY_IDLE_LIMIT_MS == 10000, "as in the session's settings");

bool
apply_prepare(struct pg *pg, struct err *err)
{
    if (!pg_exec(pg, session, err) ||
        !pg_prepare(pg, "offsets_claim", sql_offsets_claim, err) ||
        !pg_prepare(pg, "offsets_read", sql_offsets_read, err))
        return false;
    for (size_t i = 0; i < ROWS_TABLES; i++)
        if (!pg_prepare(pg, statements[i].name, statements[i].sql, err))
            return false;
    return true;
}

/* Runs a statement over (topic, partition) that answers (topic, partition, next_offset,
 * epoch), and fills positions in. */
static bool
ask(struct pg *pg, const char *statement, struct str topic,
    struct apply_position *positions, size_t n, struct err *err)
{
    CLEANUP(pg_result_drop) struct pg_result *rows = NULL;
    struct pg_array params[2] = {0};

    pg_array_begin(&params[0], PG_TEXT);
    pg_array_begin(&params[1], PG_INT4);
    for (size_t i = 0; i < n; i++) {
        pg_array_str(&params[0], topic);
        pg_array_int(&params[1], positions[i].partition);
    }
    bool ok = pg_run(pg, statement, params, COUNT_OF(params), &rows, err);
    pg_array_release(&params[0]);
    pg_array_release(&params[1]);
    if (!ok)
        return false;
    if (pg_rows(rows) != n)
        return err_set(err, ERR_STOP, "%s of %.*s: %zu rows instead of %zu", statement,
                       STR_ARG(topic), pg_rows(rows), n);
    for (size_t row = 0; row < n; row++)
        for (size_t i = 0; i < n; i++)
            if (positions[i].partition == pg_i64(rows, row, 1)) {
                positions[i].next_offset = pg_i64(rows, row, 2);
                positions[i].epoch = pg_i64(rows, row, 3);
            }
    return true;
}

bool
apply_claim(struct pg *pg, struct str topic, struct apply_position *positions, size_t n,
            struct err *err)
{
    /* A fence that a crash could take back would be none. */
    if (pg_exec(pg, "BEGIN; SET LOCAL synchronous_commit = on", err) &&
        ask(pg, "offsets_claim", topic, positions, n, err) && pg_exec(pg, "COMMIT", err))
        return true;
    pg_rollback(pg);
    return false;
}

bool
apply_positions(struct pg *pg, struct str topic, struct apply_position *positions,
                size_t n, struct err *err)
{
    return ask(pg, "offsets_read", topic, positions, n, err);
}

static bool
run_statement(struct pg *pg, struct rows *rows, enum rows_table table, struct err *err)
{
    CLEANUP(pg_result_drop) struct pg_result *result = NULL;
    size_t n = rows_count(rows, table);

    if (n == 0)
        return true;
    if (!pg_run(pg, statements[table].name, rows->columns[table], rows_columns(table),
                &result, err))
        return false;
    if (table == ROWS_OFFSETS && pg_affected(result) != (int64_t)n)
        return err_set(
            err, ERR_STOP,
            "fenced: %lld of %zu positions are still ours; another process has "
            "taken partitions over",
            (long long)pg_affected(result), n);
    return true;
}

/* Measured: half the cost of the statement, from some hundred rows on. */
static bool
copy_events(struct pg *pg, struct rows *rows, struct err *err)
{
    buf_clear(&rows->copy);
    if (!pg_array_copy(rows->columns[ROWS_EVENTS], rows_columns(ROWS_EVENTS),
                       &rows->copy))
        return run_statement(pg, rows, ROWS_EVENTS, err);
    return pg_copy_in(
        pg,
        "COPY complaint_events (event_id, complaint_id, seq, type, stage,"
        " occurred_at, recorded_at, cause, source, ce_id, customer_hash, detail,"
        " text) FROM STDIN (FORMAT binary)",
        buf_str(&rows->copy), NULL, err);
}

bool
apply_batch(struct pg *pg, struct rows *rows, bool careful, struct err *err)
{
    bool copy = !careful && rows_count(rows, ROWS_EVENTS) >= COPY_FROM_ROWS;
    bool ok = pg_exec(pg, "BEGIN", err);

    for (size_t i = 0; ok && i < ROWS_TABLES; i++)
        ok = i == ROWS_EVENTS && copy ? copy_events(pg, rows, err)
                                      : run_statement(pg, rows, (enum rows_table)i, err);
    if (ok && pg_exec(pg, "COMMIT", err))
        return true;
    pg_rollback(pg);
    return false;
}
