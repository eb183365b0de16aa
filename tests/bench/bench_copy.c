/* bench_copy ROWS [BYTES] - what PostgreSQL takes of rows like redress.complaint_events
 * with a text of BYTES (default 1000), in transactions of 5,000 rows:
 *   plain   binary COPY, the table has no keys
 *   keys    binary COPY, the table has the keys of the real one
 *   upsert  binary COPY into a temporary table, then INSERT ... ON CONFLICT DO UPDATE
 * Prints a line each: name rows wall_seconds client_cpu_seconds server_cpu_seconds.
 * The server's share is its backend's (/proc), without writers in the background. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/now.h"
#include "conf/settings.h"
#include "pg/array.h"
#include "pg/pg.h"

#define BATCH_ROWS 5000
#define COLUMNS 13

static const char COLUMN_LIST[] =
    "(event_id, complaint_id, seq, type, stage, occurred_at, recorded_at, cause, source,"
    " ce_id, customer_hash, detail, text)";
static const enum pg_type TYPES[COLUMNS] = {
    PG_UUID, PG_UUID, PG_INT8, PG_TEXT, PG_TEXT,  PG_TIMESTAMPTZ, PG_TIMESTAMPTZ,
    PG_TEXT, PG_TEXT, PG_TEXT, PG_TEXT, PG_JSONB, PG_TEXT,
};

static double
cpu_seconds(void)
{
    struct rusage usage;
    (void)getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

/* CPU time of the connection's backend; 0 where it is on another machine. */
static double
backend_seconds(struct pg *pg)
{
    CLEANUP(pg_result_drop) struct pg_result *rows = NULL;
    struct err err;
    char path[64];
    unsigned long user = 0;
    unsigned long system = 0;

    if (!pg_query(pg, "SELECT pg_backend_pid()", NULL, 0, &rows, &err))
        return 0;
    (void)snprintf(path, sizeof(path), "/proc/%" PRId64 "/stat", pg_i64(rows, 0, 0));
    FILE *file = fopen(path, "r");
    if (!file)
        return 0;
    /* pid (comm) state and ten more; a backend's comm has no space ("postgres"). */
    if (fscanf(file, "%*d %*s %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user,
               &system) != 2)
        user = system = 0;
    (void)fclose(file);
    return (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
}

/* Ids are spread as real ones are: a mixed counter (splitmix64). */
static void
mixed_uuid(uint64_t number, unsigned char ret_uuid[PG_UUID_BYTES])
{
    for (size_t half = 0; half < 2; half++) {
        uint64_t x = (number * 2 + half + 1) * UINT64_C(0x9e3779b97f4a7c15);
        x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
        x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
        x ^= x >> 31;
        memcpy(ret_uuid + 8 * half, &x, 8);
    }
}

static void
add_row(struct pg_array columns[COLUMNS], uint64_t number, struct str text)
{
    unsigned char uuid[PG_UUID_BYTES];
    char id[32];
    int n = snprintf(id, sizeof(id), "bench-%" PRIu64, number);
    int64_t at_ms = INT64_C(1780000000000) + (int64_t)number;

    mixed_uuid(number, uuid);
    pg_array_uuid(&columns[0], uuid);
    mixed_uuid(number + (UINT64_C(1) << 40), uuid);
    pg_array_uuid(&columns[1], uuid);
    pg_array_int(&columns[2], 1);
    pg_array_str(&columns[3], STR("complaint.submitted"));
    pg_array_str(&columns[4], STR("register"));
    pg_array_time(&columns[5], at_ms);
    pg_array_time(&columns[6], at_ms + 5);
    pg_array_null(&columns[7]);
    pg_array_str(&columns[8], STR("bench"));
    pg_array_str(&columns[9], (struct str){id, (size_t)n});
    pg_array_null(&columns[10]);
    pg_array_str(&columns[11], STR("{\"channel\": \"web\", \"product\": \"mortgage\"}"));
    pg_array_str(&columns[12], text);
}

/* The rows of one batch as the data of a binary COPY. */
static void
make_batch(uint64_t first, size_t n, struct str text, struct pg_array columns[COLUMNS],
           struct buf *out)
{
    for (size_t i = 0; i < COLUMNS; i++)
        pg_array_begin(&columns[i], TYPES[i]);
    for (size_t i = 0; i < n; i++)
        add_row(columns, first + i, text);
    buf_clear(out);
    BUG_IF(!pg_array_copy(columns, COLUMNS, out));
}

struct way {
    const char *name;
    const char *create;
    const char *into;
    const char *after; /* in the same transaction */
};

static const struct way WAYS[] = {
    {"plain", "CREATE TABLE bench_plain (LIKE complaint_events)", "bench_plain", NULL},
    {"keys", "CREATE TABLE bench_keys (LIKE complaint_events INCLUDING INDEXES)",
     "bench_keys", NULL},
    {"upsert",
     "CREATE TABLE bench_upsert (LIKE complaint_events INCLUDING INDEXES);"
     "CREATE TEMPORARY TABLE bench_staging (LIKE complaint_events) ON COMMIT DELETE ROWS",
     "bench_staging",
     "INSERT INTO bench_upsert SELECT * FROM bench_staging ON CONFLICT (event_id) DO "
     "UPDATE"
     " SET seq = excluded.seq, type = excluded.type, stage = excluded.stage,"
     " occurred_at = excluded.occurred_at, detail = excluded.detail, text = "
     "excluded.text"},
};

static bool
run_way(struct pg *pg, const struct way *way, int64_t rows, struct str text,
        struct err *err)
{
    struct pg_array columns[COLUMNS] = {0};
    struct buf data;
    char copy[400];
    bool ok = pg_exec(pg, way->create, err);

    buf_init(&data, (size_t)512 * 1024 * 1024);
    (void)snprintf(copy, sizeof(copy), "COPY %s %s FROM STDIN (FORMAT binary)", way->into,
                   COLUMN_LIST);
    double server = backend_seconds(pg);
    double client = cpu_seconds();
    int64_t from_us = now_mono_us();
    for (int64_t done = 0; ok && done < rows; done += BATCH_ROWS) {
        make_batch((uint64_t)done, (size_t)i64_min(BATCH_ROWS, rows - done), text,
                   columns, &data);
        ok = pg_exec(pg, "BEGIN", err) &&
             pg_copy_in(pg, copy, buf_str(&data), NULL, err) &&
             (!way->after || pg_exec(pg, way->after, err)) && pg_exec(pg, "COMMIT", err);
    }
    double wall = (double)(now_mono_us() - from_us) / 1e6;
    if (ok)
        printf("%s %" PRId64 " %.3f %.3f %.3f\n", way->name, rows, wall,
               cpu_seconds() - client, backend_seconds(pg) - server);
    for (size_t i = 0; i < COLUMNS; i++)
        pg_array_release(&columns[i]);
    buf_release(&data);
    return ok;
}

static bool
run(int64_t rows, size_t bytes, struct err *err)
{
    CLEANUP(pg_drop) struct pg *pg = NULL;
    struct settings settings;
    if (!settings_read(&settings, NULL, err))
        return false;
    char *text = malloc(bytes + 1);
    BUG_IF(!text);
    for (size_t i = 0; i < bytes; i++)
        text[i] = (char)(i % 7 == 6 ? ' ' : 'a' + (i * i + i / 7) % 26);
    bool ok =
        pg_connect(&pg, settings.pg_dsn, "bench_copy", err) &&
        pg_exec(pg, "SET search_path = redress", err) &&
        pg_exec(pg, "SET client_min_messages = warning", err) &&
        pg_exec(pg, "DROP TABLE IF EXISTS bench_plain, bench_keys, bench_upsert", err);
    for (size_t i = 0; ok && i < COUNT_OF(WAYS); i++)
        ok = run_way(pg, &WAYS[i], rows, (struct str){text, bytes}, err);
    ok = ok && pg_exec(pg, "DROP TABLE bench_plain, bench_keys, bench_upsert", err);
    free(text);
    settings_release(&settings);
    return ok;
}

int
main(int argc, char **argv)
{
    struct err err = {0};
    long long rows = argc > 1 ? strtoll(argv[1], NULL, 10) : 0;
    long long bytes = argc > 2 ? strtoll(argv[2], NULL, 10) : 1000;
    if (rows <= 0 || bytes <= 0) {
        fprintf(stderr, "usage: bench_copy ROWS [BYTES]\n");
        return 2;
    }
    if (run(rows, (size_t)bytes, &err))
        return 0;
    fprintf(stderr, "bench_copy: %s\n", err.text);
    return 1;
}
