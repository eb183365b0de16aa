/* The same scenario on a running stack under CLOCK=event: events go in through the
 * command line tool, answers come out of the bi views and of the topics.  What bi does
 * not show is not checked.  The environment is that of build/run/env;
 * tests/scenario/real.sh gives each scenario a stack of its own, because a stack's event
 * clock never goes back. */
#include "scenario.h"

#include "pg/pg.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct row_cache {
    struct str key;
    json_t *rows; /* an array of objects */
    struct row_cache *next;
};

struct real {
    struct arena arena;
    struct backend backend;
    struct pg *pg;
    struct buf batch; /* CloudEvents that were not published yet, one a line */
    bool dirty;       /* something happened since the last settle() */
    struct row_cache *cache;
    struct outcome *outcomes;
    size_t n_outcomes;
    bool outcomes_read;
};

/* --- the command line tool ---------------------------------------------------------- */

/* Runs a command; its standard output into *ret_out, which may be NULL. */
static bool
run(const char *command, struct buf *ret_out, struct err *err)
{
    char chunk[4096];
    size_t n = 0;
    (void)fflush(NULL);
    FILE *pipe = popen(command, "r"); /* NOLINT(cert-env33-c): our own words only */
    if (!pipe)
        return err_set(err, ERR_STOP, "%s: cannot be started", command);
    while ((n = fread(chunk, 1, sizeof(chunk), pipe)) > 0)
        if (ret_out)
            buf_add(ret_out, chunk, n);
    int status = pclose(pipe);
    if (status != 0)
        return err_set(err, ERR_STOP, "%s: exit %d", command, status >> 8);
    return true;
}

static bool
flush(struct real *real, struct err *err)
{
    char path[] = "/tmp/scenario.XXXXXX";
    char command[128];
    if (real->batch.len == 0)
        return true;
    int fd = mkstemp(path);
    if (fd < 0)
        return err_set(err, ERR_STOP, "%s: cannot be made", path);
    bool written =
        write(fd, real->batch.ptr, real->batch.len) == (ssize_t)real->batch.len;
    close(fd);
    snprintf(command, sizeof(command), "redress publish %s >/dev/null", path);
    bool ok =
        written ? run(command, NULL, err) : err_set(err, ERR_STOP, "%s: disk", path);
    unlink(path);
    buf_clear(&real->batch);
    return ok;
}

static bool
publish(void *ctx, const struct raw_message *message, struct err *err)
{
    struct real *real = ctx;
    real->dirty = true;
    if (message->n_headers > 0 || memchr(message->value.ptr, '\n', message->value.len))
        return err_set(err, ERR_STOP,
                       "only one line of JSON can be published: mark it `only local`");
    buf_add_str(&real->batch, message->value);
    buf_add_char(&real->batch, '\n');
    return true;
}

static bool
advance(void *ctx, int64_t to_ms, struct err *err)
{
    struct real *real = ctx;
    char text[TIME_TEXT_BYTES];
    char command[128];
    real->dirty = true;
    snprintf(command, sizeof(command), "redress clock advance --to %s >/dev/null",
             time_print(to_ms, text));
    return flush(real, err) && run(command, NULL, err);
}

static bool
settle(void *ctx, struct err *err)
{
    struct real *real = ctx;
    if (!real->dirty)
        return true;
    if (!flush(real, err) || !run("redress wait --timeout 60 >/dev/null", NULL, err))
        return false;
    for (struct row_cache *cache = real->cache; cache; cache = cache->next)
        json_decref(cache->rows);
    real->cache = NULL;
    real->outcomes_read = false;
    real->dirty = false;
    return true;
}

/* real.sh knows the services' policy folder and process ids. */
static bool
take_policy(void *ctx, struct str name, struct err *err)
{
    char command[128];
    snprintf(command, sizeof(command), "tests/scenario/policy.sh %.*s", STR_ARG(name));
    return settle(ctx, err) && run(command, NULL, err);
}

/* --- rows of the views -------------------------------------------------------------- */

/* The rows of a query with the id as its parameter, each as JSON; remembered until the
 * next settle(). An array, empty after a failure, which is told. */
static json_t *
query(struct real *real, const char *sql, struct str id)
{
    struct err err = {0};
    struct str key = arena_printf(&real->arena, "%s/%.*s", sql, STR_ARG(id));
    for (struct row_cache *cache = real->cache; cache; cache = cache->next)
        if (str_eq(cache->key, key))
            return cache->rows;
    struct row_cache *cache = ARENA_NEW(&real->arena, struct row_cache);
    *cache = (struct row_cache){key, json_array(), real->cache};
    real->cache = cache;
    CLEANUP(pg_result_drop) struct pg_result *result = NULL;
    if (!pg_query(real->pg, sql, &id, str_is_null(id) ? 0 : 1, &result, &err)) {
        fprintf(stderr, "%s\n", err.text);
        return cache->rows;
    }
    for (size_t i = 0; i < pg_rows(result); i++) {
        struct str row = pg_value(result, i, 0);
        json_array_append_new(cache->rows, json_loadb(row.ptr, row.len, 0, NULL));
    }
    return cache->rows;
}

static struct str
json_text(struct arena *arena, const json_t *json)
{
    if (!json || json_is_null(json))
        return STR_NULL;
    if (json_is_string(json))
        return arena_str(arena, str_from(json_string_value(json)));
    char *text = json_dumps(json, JSON_ENCODE_ANY | JSON_COMPACT);
    struct str result = arena_str(arena, str_from(text));
    free(text);
    return result;
}

/* Lists as the local backend prints them: words, or the kinds of evidence. */
static struct str
list_text(struct arena *arena, const json_t *list)
{
    struct str text = STR_NULL; /* an empty list is none */
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *item = json_array_get(list, i);
        if (json_is_object(item))
            item = json_object_get(item, "kind");
        struct str word = json_text(arena, item);
        text =
            arena_printf(arena, "%.*s%s%.*s", STR_ARG(text), i ? "," : "", STR_ARG(word));
    }
    return text;
}

/* false: the view has no such column, so it cannot be checked here. */
static bool
column(struct real *real, const json_t *row, const struct field *field, struct str *ret)
{
    *ret = STR_NULL;
    if (!row)
        return true;
    const json_t *json = json_object_get(row, field->sql ? field->sql : field->name);
    if (!json)
        return false;
    *ret = json_is_array(json) ? list_text(&real->arena, json)
                               : json_text(&real->arena, json);
    return true;
}

static bool
answer_complaint(void *ctx, struct str id, const struct field *field, struct str *ret)
{
    struct real *real = ctx;
    json_t *rows = query(
        real, "SELECT row_to_json(c) FROM bi.complaints c WHERE complaint_id = $1::uuid",
        id);
    return column(real, json_array_get(rows, 0), field, ret);
}

static bool
answer_clock(void *ctx, struct str id, struct str name, int64_t start_no,
             const struct field *field, struct str *ret)
{
    struct real *real = ctx;
    json_t *rows =
        query(real,
              "SELECT row_to_json(c) FROM bi.sla_clocks c "
              "WHERE complaint_id = $1::uuid ORDER BY clock, promise_id, start_no",
              id);
    const json_t *found = NULL;
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i);
        struct str clock = json_text(&real->arena, json_object_get(row, "clock"));
        struct str promise = json_text(&real->arena, json_object_get(row, "promise_id"));
        struct str both =
            arena_printf(&real->arena, "%.*s/%.*s", STR_ARG(clock), STR_ARG(promise));
        int64_t number = json_integer_value(json_object_get(row, "start_no"));
        if ((str_eq(name, clock) || str_eq(name, both)) &&
            (start_no == 0 || start_no == number))
            found = row;
    }
    return column(real, found, field, ret);
}

static size_t
answer_timeline(void *ctx, struct str id, const struct timeline_row **ret_rows)
{
    struct real *real = ctx;
    json_t *rows =
        query(real,
              "SELECT json_build_object('seq', seq, 'type', type, 'refused', "
              "detail->>'refused_type') FROM bi.timeline "
              "WHERE complaint_id = $1::uuid ORDER BY seq NULLS LAST, occurred_at",
              id);
    size_t n = json_array_size(rows);
    struct timeline_row *all = ARENA_ARRAY(&real->arena, struct timeline_row, n);
    for (size_t i = 0; i < n; i++) {
        const json_t *row = json_array_get(rows, i);
        all[i] = (struct timeline_row){
            .seq = json_integer_value(json_object_get(row, "seq")),
            .type = json_text(&real->arena, json_object_get(row, "type")),
            .refused_type = json_text(&real->arena, json_object_get(row, "refused")),
        };
    }
    *ret_rows = all;
    return n;
}

/* --- what left the stack ------------------------------------------------------------ */

static void
add_outcome(struct real *real, const char *topic, const json_t *value)
{
    struct outcome *more =
        realloc(real->outcomes, (real->n_outcomes + 1) * sizeof(*real->outcomes));
    BUG_IF(!more);
    real->outcomes = more;
    real->outcomes[real->n_outcomes++] =
        (struct outcome){str_from(topic), json_text(&real->arena, value)};
}

static void
read_topic(struct real *real, const char *topic)
{
    CLEANUP(buf_release) struct buf out = {0};
    struct err err = {0};
    char command[128];
    snprintf(command, sizeof(command), "redress tail %s --from beginning", topic);
    if (!run(command, &out, &err)) {
        fprintf(stderr, "%s\n", err.text);
        return;
    }
    struct str text = buf_str(&out);
    while (text.len > 0) {
        const char *end = memchr(text.ptr, '\n', text.len);
        size_t len = end ? (size_t)(end - text.ptr) : text.len;
        json_t *line = json_loadb(text.ptr, len, 0, NULL);
        add_outcome(real, topic, json_object_get(line, "value"));
        json_decref(line);
        text = str_sub(text, len + (end ? 1 : 0), text.len);
    }
}

static size_t
answer_outcomes(void *ctx, const struct outcome **ret_outcomes)
{
    struct real *real = ctx;
    if (!real->outcomes_read) {
        real->n_outcomes = 0;
        json_t *dead =
            query(real, "SELECT row_to_json(d) FROM bi.dead_letters d", STR_NULL);
        for (size_t i = 0; i < json_array_size(dead); i++)
            add_outcome(real, "complaints.deadletter", json_array_get(dead, i));
        read_topic(real, "complaints.notifications");
        read_topic(real, "products.feedback");
        read_topic(real, "products.alerts");
        real->outcomes_read = true;
    }
    *ret_outcomes = real->outcomes;
    return real->n_outcomes;
}

/* --- life
 * ----------------------------------------------------------------------------------------
 */

struct real *
real_new(struct err *err)
{
    const char *dsn = getenv("REDRESS_BI_DSN");
    struct real *real = calloc(1, sizeof(*real));
    BUG_IF(!real);
    real->backend = (struct backend){
        .ctx = real,
        .publish = publish,
        .advance = advance,
        .policy = take_policy,
        .settle = settle,
        .complaint = answer_complaint,
        .clock = answer_clock,
        .timeline = answer_timeline,
        .outcomes = answer_outcomes,
    };
    bool ok =
        dsn ? pg_connect(&real->pg, dsn, "scenario", err)
            : err_set(err, ERR_STOP, "REDRESS_BI_DSN is not set; source build/run/env");
    if (ok && pg_exec(real->pg, "SET timezone = 'UTC'", err))
        return real;
    real_drop(real);
    return NULL;
}

void
real_drop(struct real *real)
{
    if (!real)
        return;
    for (struct row_cache *cache = real->cache; cache; cache = cache->next)
        json_decref(cache->rows);
    pg_close(real->pg);
    buf_release(&real->batch);
    arena_release(&real->arena);
    free(real->outcomes);
    free(real);
}

struct backend *
real_backend(struct real *real)
{
    return &real->backend;
}
