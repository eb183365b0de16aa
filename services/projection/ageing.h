/* ageing.h - what triage adds to a score with age, kept in PostgreSQL for the view that
 * ages scores between two events (bi.triage_backlog).
 *
 * A copy of what triage.json says of `ageing` and `severity.kinds`; everything else there
 * is triage's alone, which also checks it.  One thread. */
#ifndef REDRESS_PROJECTION_AGEING_H
#define REDRESS_PROJECTION_AGEING_H

#include "base/buf.h"
#include "pg/pg.h"

/* Statements that replace table ageing by what triage.json below dir says, appended to
 * sql.  ERR_STOP: the file is bad. */
MUST_CHECK bool ageing_sql(const char *dir, struct buf *sql, struct err *err);

#endif
