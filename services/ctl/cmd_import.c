/* cmd_import.c - import, publish: a file becomes messages on complaints.inbound. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <jansson.h>

#include "base/now.h"
#include "base/times.h"
#include "ctl/ctl.h"
#include "ctl/mapping.h"
#include "stage/topics.h"

/* A sorted import holds its events in memory: this bounds it. */
#define HELD_MAX_BYTES ((size_t)4 * 1024 * 1024 * 1024)

struct held {
    int64_t time_ms;
    size_t place; /* in the file: ties stay in order */
    struct str key;
    struct str value;
};

struct import {
    const struct ctl *ctl;
    struct kafka_producer *producer; /* NULL with --dry-run */
    struct kafka_target *target;
    struct rows *rows;
    struct mapping *mapping;
    struct arena arena; /* of a row */
    struct arena kept;  /* of held events */
    struct held *held;
    size_t n_held;
    size_t room_held;
    int64_t rate; /* events a second, 0: as fast as it goes */
    int64_t started_us;
    int64_t shown_us;
    int64_t n_rows;
    int64_t n_events;
    int64_t n_refused; /* rows that could not be mapped */
    bool terminal;
};

static void
show_progress(struct import *import, bool last)
{
    int64_t now_us = now_mono_us();
    if (!import->terminal || (!last && now_us - import->shown_us < 100000))
        return;
    import->shown_us = now_us;
    double share = last ? 1 : rows_progress(import->rows);
    double seconds = (double)(now_us - import->started_us) / 1e6;
    char bar[31];
    int filled = share < 0 ? 0 : (int)(share * 30);
    for (int i = 0; i < 30; i++)
        bar[i] = i < filled ? '#' : '.';
    bar[30] = '\0';
    fprintf(stderr, "\r[%s] %3d%%  %lld events  %.0f/s ", bar,
            share < 0 ? 0 : (int)(share * 100), (long long)import->n_events,
            seconds > 0 ? (double)import->n_events / seconds : 0.0);
    if (last)
        fputc('\n', stderr);
}

/* Keeps to --rate: waits until the next event is due. */
static void
pace(struct import *import)
{
    if (import->rate == 0)
        return;
    int64_t due_us = import->started_us + import->n_events * 1000000 / import->rate;
    int64_t wait_us = due_us - now_mono_us();
    if (wait_us > 1000)
        ctl_pause(wait_us / 1000);
}

static bool
send(struct import *import, struct str key, struct str value, struct err *err)
{
    static const struct kafka_header HEADERS[] = {
        {{"content-type", 12}, {"application/cloudevents+json", 28}}};
    pace(import);
    import->n_events++;
    if (!import->producer) {
        printf("%.*s\n", STR_ARG(value));
        return true;
    }
    kafka_producer_poll(import->producer);
    return kafka_produce(import->producer, import->target, -1, key, value, HEADERS,
                         COUNT_OF(HEADERS), err) == KAFKA_DONE;
}

static bool
hold(struct import *import, const struct mapped *event, struct err *err)
{
    if (import->kept.used_bytes > HELD_MAX_BYTES)
        return err_set(err, ERR_STOP,
                       "the file is too large to be sorted in memory; sort it "
                       "by time and set \"order\": \"file\"");
    if (import->n_held == import->room_held) {
        import->room_held = import->room_held ? import->room_held * 2 : 1024;
        import->held = realloc(import->held, import->room_held * sizeof(*import->held));
        BUG_IF(!import->held);
    }
    import->held[import->n_held] = (struct held){
        .time_ms = event->time_ms,
        .place = import->n_held,
        .key = arena_str(&import->kept, event->key),
        .value = arena_str(&import->kept, event->value),
    };
    import->n_held++;
    return true;
}

static int
by_time(const void *a, const void *b)
{
    const struct held *left = a;
    const struct held *right = b;
    if (left->time_ms != right->time_ms)
        return left->time_ms < right->time_ms ? -1 : 1;
    return left->place < right->place ? -1 : 1;
}

static bool
send_held(struct import *import, struct err *err)
{
    if (import->n_held > 0)
        qsort(import->held, import->n_held, sizeof(*import->held), by_time);
    for (size_t i = 0; i < import->n_held; i++) {
        if (!send(import, import->held[i].key, import->held[i].value, err))
            return false;
        show_progress(import, false);
    }
    return true;
}

static bool
import_row(struct import *import, json_t *row, struct str bad, struct err *err)
{
    struct mapped events[MAPPED_MAX];
    size_t n = 0;
    import->n_rows++;
    /* No JSON object: sent as it is, so that the door names the fault and keeps the
     * bytes. */
    if (!row)
        return send(import, STR_NULL, bad, err);
    if (!mapping_apply(import->mapping, row, import->n_rows, &import->arena, events, &n,
                       err)) {
        if (err->action != ERR_DEAD_LETTER)
            return false;
        import->n_refused++;
        fprintf(stderr, "redress: row %lld left out: %s\n", (long long)import->n_rows,
                err->text);
        return true;
    }
    for (size_t i = 0; i < n; i++) {
        bool ok = mapping_sorts(import->mapping)
                      ? hold(import, &events[i], err)
                      : send(import, events[i].key, events[i].value, err);
        if (!ok)
            return false;
    }
    return true;
}

static bool
import_rows(struct import *import, struct err *err)
{
    for (;;) {
        json_t *row = NULL;
        struct str bad = STR_NULL;
        bool end = false;
        if (!rows_next(import->rows, &row, &bad, &end, err))
            return false;
        if (end)
            return send_held(import, err);
        bool ok = import_row(import, row, bad, err);
        json_decref(row);
        arena_clear(&import->arena);
        if (!ok)
            return false;
        show_progress(import, false);
    }
}

static bool
open_producer(struct import *import, struct err *err)
{
    char topic[TOPIC_NAME_BYTES];
    topic_full_name(&import->ctl->settings, "complaints.inbound", topic);
    import->producer = kafka_producer_new(import->ctl->settings.kafka, NULL, 0, err);
    if (!import->producer)
        return false;
    import->target = kafka_target(import->producer, topic, err);
    return import->target != NULL;
}

static enum ctl_exit
report(struct import *import)
{
    double seconds = (double)(now_mono_us() - import->started_us) / 1e6;
    CLEANUP(buf_release) struct buf out = {0};
    if (import->ctl->json)
        buf_printf(&out,
                   "{\"rows\":%lld,\"events\":%lld,\"left_out\":%lld,\"seconds\":%.3f}\n",
                   (long long)import->n_rows, (long long)import->n_events,
                   (long long)import->n_refused, seconds);
    else if (import->producer)
        buf_printf(&out, "%lld rows, %lld events published in %.1f s%s\n",
                   (long long)import->n_rows, (long long)import->n_events, seconds,
                   import->n_refused ? "; some rows were left out (see above)" : "");
    if (!ctl_print(&out))
        return CTL_WRONG;
    return import->n_refused ? CTL_WRONG : CTL_OK;
}

static void
import_close(struct import *import)
{
    kafka_producer_drop(import->producer);
    rows_drop(import->rows);
    mapping_drop(import->mapping);
    arena_release(&import->arena);
    arena_release(&import->kept);
    free(import->held);
}

enum ctl_exit
cmd_import(struct ctl *ctl)
{
    const char *map = NULL;
    const char *source = NULL;
    const char *rate = NULL;
    bool dry_run = false;
    const struct ctl_option options[] = {{"map", &map, NULL},
                                         {"source", &source, NULL},
                                         {"rate", &rate, NULL},
                                         {"dry-run", NULL, &dry_run}};
    enum ctl_exit status = CTL_OK;
    struct import import = {.ctl = ctl, .terminal = isatty(STDERR_FILENO) != 0};
    arena_init(&import.kept, 2 * HELD_MAX_BYTES);
    if (!ctl_options(ctl, options, COUNT_OF(options), 1, 1, &status) ||
        !ctl_number("--rate", rate, 1, 10000000, &import.rate, &status))
        return status;
    struct err err = {0};
    import.mapping = mapping_load(map, source, &err);
    bool ok = import.mapping != NULL;
    if (ok) {
        import.rows = rows_open(ctl->argv[0], mapping_format(import.mapping), &err);
        ok = import.rows != NULL;
    }
    ok = ok && (dry_run || open_producer(&import, &err));
    import.started_us = now_mono_us();
    ok = ok && import_rows(&import, &err);
    ok = ok && (dry_run || kafka_flush(import.producer, 120000, &err));
    if (ok) {
        show_progress(&import, true);
        status = report(&import);
    } else {
        status = ctl_fail(&err);
    }
    import_close(&import);
    return status;
}

/* The record key of a line: what it says itself, else its source. Events of one publisher
 * so keep the order of the file, however many partitions there are: a resumed that came
 * before its waiting would be refused. Null for what is no CloudEvent. */
static struct str
key_of(struct str line, struct arena *arena)
{
    json_t *json = json_loadb(line.ptr, line.len, 0, NULL);
    const char *key = json_string_value(json_object_get(json, "partitionkey"));
    if (!key)
        key = json_string_value(json_object_get(json, "source"));
    struct str copy = arena_str(arena, str_from(key));
    json_decref(json);
    return copy;
}

/* publish: lines as they stand, one a message; the door judges them. */
enum ctl_exit
cmd_publish(struct ctl *ctl)
{
    const char *key = NULL;
    const struct ctl_option options[] = {{"key", &key, NULL}};
    enum ctl_exit status = CTL_OK;
    struct import import = {.ctl = ctl};
    if (!ctl_options(ctl, options, COUNT_OF(options), 0, 1, &status))
        return status;
    const char *path = ctl->argc ? ctl->argv[0] : "-";
    struct err err = {0};
    FILE *in = strcmp(path, "-") == 0 ? stdin : fopen(path, "rb");
    if (!in)
        return ctl_usage("%s cannot be opened", path);
    import.started_us = now_mono_us();
    bool ok = open_producer(&import, &err);
    struct arena keys = {0};
    char *line = NULL;
    size_t room = 0;
    ssize_t len = 0;
    while (ok && (len = getline(&line, &room, in)) > 0) {
        struct str value = str_trim((struct str){line, (size_t)len});
        if (value.len == 0)
            continue;
        import.n_rows++;
        ok = send(&import, key ? str_from(key) : key_of(value, &keys), value, &err);
        arena_clear(&keys);
    }
    arena_release(&keys);
    free(line);
    if (in != stdin)
        (void)fclose(in);
    ok = ok && kafka_flush(import.producer, 120000, &err);
    status = ok ? report(&import) : ctl_fail(&err);
    import_close(&import);
    return status;
}
