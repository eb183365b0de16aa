/* migrate.h - brings a database to the schema that this program knows.
 *
 * Migrations are the files of services/projection/sql/migrations, embedded at build as
 * `migrations[]` in "gen/migrations.h".  Each is applied once, in order, in a
 * transaction of its own, under a lock, and noted in redress.migrations; one that was
 * changed after it was applied is an error, never applied again. */
#ifndef REDRESS_PG_MIGRATE_H
#define REDRESS_PG_MIGRATE_H

#include "pg/pg.h"

struct pg_migration {
    const char *name; /* "001_redress" */
    const char *sql;
};

/* *ret_applied: how many were new (may be NULL).  Safe to call from several places at
 * once.  ERR_RETRY when PostgreSQL is away. */
MUST_CHECK bool pg_migrate(struct pg *pg, const struct pg_migration *migrations, size_t n,
                           size_t *ret_applied, struct err *err);
/* How many of them are not applied yet; changes nothing. */
MUST_CHECK bool pg_migrations_pending(struct pg *pg,
                                      const struct pg_migration *migrations, size_t n,
                                      size_t *ret_pending, struct err *err);

#endif
