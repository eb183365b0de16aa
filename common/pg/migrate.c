#include "pg/migrate.h"

/* Any number will do as long as nobody else takes it: "redress" in letters. */
#define LOCK "SELECT pg_advisory_lock(7233733737)"
#define UNLOCK "SELECT pg_advisory_unlock(7233733737)"

/* Whether it was applied; an error if under the same name something else was. */
static bool
applied(struct pg *pg, const struct pg_migration *migration, bool *ret_applied,
        struct err *err)
{
    CLEANUP(pg_result_drop) struct pg_result *rows = NULL;
    struct str params[] = {str_from(migration->name), str_from(migration->sql)};

    if (!pg_query(pg, "SELECT md5 = md5($2) FROM redress.migrations WHERE name = $1",
                  params, COUNT_OF(params), &rows, err))
        return false;
    if (pg_rows(rows) > 0 && !str_eq(pg_value(rows, 0, 0), STR("t")))
        return err_set(
            err, ERR_STOP,
            "migration %s was changed after it was applied: add a new one instead",
            migration->name);
    *ret_applied = pg_rows(rows) > 0;
    return true;
}

static bool
apply(struct pg *pg, const struct pg_migration *migration, struct err *err)
{
    struct str params[] = {str_from(migration->name), str_from(migration->sql)};

    /* Tables are named without a schema in the files, so that a rebuild can put them
     * beside the live ones. */
    if (pg_exec(pg, "BEGIN; SET LOCAL search_path = redress, pg_catalog", err) &&
        pg_exec(pg, migration->sql, err) &&
        pg_query(pg, "INSERT INTO redress.migrations (name, md5) VALUES ($1, md5($2))",
                 params, COUNT_OF(params), NULL, err) &&
        pg_exec(pg, "COMMIT", err))
        return true;
    pg_rollback(pg);
    err_prefix(err, "migration %s", migration->name);
    return false;
}

static bool
apply_missing(struct pg *pg, const struct pg_migration *migrations, size_t n,
              size_t *ret_applied, struct err *err)
{
    size_t done = 0;

    if (!pg_exec(pg,
                 "CREATE SCHEMA IF NOT EXISTS redress;"
                 "CREATE TABLE IF NOT EXISTS redress.migrations ("
                 " name text PRIMARY KEY, md5 text NOT NULL,"
                 " applied_at timestamptz NOT NULL DEFAULT now())",
                 err))
        return false;
    for (size_t i = 0; i < n; i++) {
        bool is_applied = false;
        if (!applied(pg, &migrations[i], &is_applied, err))
            return false;
        if (is_applied)
            continue;
        if (!apply(pg, &migrations[i], err))
            return false;
        done++;
    }
    if (ret_applied)
        *ret_applied = done;
    return true;
}

bool
pg_migrate(struct pg *pg, const struct pg_migration *migrations, size_t n,
           size_t *ret_applied, struct err *err)
{
    struct err unlock_err;

    if (!pg_exec(pg, LOCK, err))
        return false;
    bool ok = apply_missing(pg, migrations, n, ret_applied, err);
    /* When this fails the connection is gone, and the lock with it. */
    bool unlocked = pg_exec(pg, UNLOCK, &unlock_err);
    (void)unlocked;
    return ok;
}

bool
pg_migrations_pending(struct pg *pg, const struct pg_migration *migrations, size_t n,
                      size_t *ret_pending, struct err *err)
{
    CLEANUP(pg_result_drop) struct pg_result *rows = NULL;
    size_t pending = 0;

    if (!pg_query(pg, "SELECT to_regclass('redress.migrations') IS NOT NULL", NULL, 0,
                  &rows, err))
        return false;
    if (!str_eq(pg_value(rows, 0, 0), STR("t"))) {
        *ret_pending = n;
        return true;
    }
    for (size_t i = 0; i < n; i++) {
        bool is_applied = false;
        if (!applied(pg, &migrations[i], &is_applied, err))
            return false;
        pending += !is_applied;
    }
    *ret_pending = pending;
    return true;
}
