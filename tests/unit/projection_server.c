#include "projection_server.h"

#include "gen/migrations.h"

#include <string.h>
#include <unistd.h>

static char server_dir[64];
static char server_dsn[256];

static bool
run_script(const char *verb, char *ret_line, size_t max)
{
    char command[256];
    (void)snprintf(command, sizeof command, "exec tests/unit/postgres.sh %s %s", verb,
                   server_dir);
    FILE *out = popen(command, "r");
    assert_non_null(out);
    if (ret_line && !fgets(ret_line, (int)max, out))
        ret_line[0] = '\0';
    if (ret_line)
        ret_line[strcspn(ret_line, "\n")] = '\0';
    return pclose(out) == 0;
}

struct pg *
server_open(void)
{
    struct pg *pg;
    struct err err;
    if (!pg_connect_wait(&pg, server_dsn, "test", 5000, NULL, &err))
        fail_msg("%s", err.text);
    return pg;
}

void
must(bool ok, const struct err *err)
{
    if (!ok)
        fail_msg("%s", err->text);
}

char *
ask(const char *sql)
{
    CLEANUP(pg_drop) struct pg *pg = server_open();
    CLEANUP(pg_result_drop) struct pg_result *rows = NULL;
    struct err err;
    must(pg_query(pg, sql, NULL, 0, &rows, &err), &err);
    struct str value = pg_rows(rows) > 0 ? pg_value(rows, 0, 0) : STR_NULL;
    char *copy = strndup(value.ptr ? value.ptr : "", value.len);
    assert_non_null(copy);
    return copy;
}

void
server_fresh(void)
{
    CLEANUP(pg_drop) struct pg *pg = server_open();
    struct err err;
    size_t n;
    must(
        pg_exec(pg,
                "DROP SCHEMA IF EXISTS redress CASCADE; DROP SCHEMA IF EXISTS bi CASCADE",
                &err),
        &err);
    must(pg_migrate(pg, migrations, COUNT_OF(migrations), &n, &err), &err);
    assert_int_equal(n, COUNT_OF(migrations));
}

char *
server_dump(void)
{
    char command[512];
    size_t room = 1 << 20;
    char *text = calloc(1, room);
    (void)snprintf(command, sizeof command,
                   "psql -X -q -At -f tests/integration/dump_tables.sql '%s'",
                   server_dsn);
    FILE *out = popen(command, "r");
    assert_non_null(out);
    assert_non_null(text);
    size_t n = fread(text, 1, room - 1, out);
    assert_int_equal(pclose(out), 0);
    assert_true(n > 100);
    return text;
}

static int no_stop;

struct writer *
writer_open(void)
{
    struct writer *writer = calloc(1, sizeof *writer);
    struct err err;
    assert_non_null(writer);
    writer->dsn = server_dsn;
    writer->stop = &no_stop;
    must(writer_start(writer, 5000, &err), &err);
    return writer;
}

void
writer_close(struct writer *writer)
{
    writer_stop(writer);
    free(writer);
}

bool
server_start(void)
{
    (void)snprintf(server_dir, sizeof server_dir, "/tmp/redress-pg-%d", (int)getpid());
    if (run_script("start", server_dsn, sizeof server_dsn))
        return true;
    print_message("no PostgreSQL server here: nothing of it is tested\n");
    return false;
}

int
server_ran(int failed)
{
    (void)run_script("stop", NULL, 0);
    return failed;
}
