/* bench_latency FILE SOURCE RATE - from publish to the row in PostgreSQL.
 *
 * Publishes FILE's CloudEvents (one a line, id "SOURCE-<line>") at RATE a second.  An
 * event's time begins when the schedule wants it published, so a publisher that falls
 * behind does not hide a delay.  It ends when a poll of redress.offsets (each POLL_US, a
 * few rows by primary key) first shows a position behind the event's place in
 * complaints.routed: rows and position are one transaction.  Resolution: POLL_US plus the
 * query, about 2 ms. Which place an event got is read from complaints.routed afterwards;
 * the record times of the topics before it (the broker's clock, ms) say where the time
 * went. Prints: visible N p50 p99 max (ms), then a line a topic: name N p50 p99 max. */
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/arena.h"
#include "base/now.h"
#include "base/times.h"
#include "conf/settings.h"
#include "gen/complaint_event.h"
#include "kafka/client.h"
#include "kafka/consumer.h"
#include "kafka/producer.h"
#include "pg/pg.h"
#include "stage/topics.h"
#include "wire/wire.h"

#define TIMEOUT_MS 10000
#define POLL_US 1000
#define PARTITIONS_MAX 64
#define SEEN_MAX 400000
#define GIVE_UP_US (INT64_C(60) * 1000 * 1000)

struct seen {
    int64_t at_ms; /* wall */
    int64_t next[PARTITIONS_MAX];
};

struct bench {
    struct settings settings;
    int32_t partitions;
    char **lines;
    size_t n;
    struct str source;
    int64_t *due_ms; /* when each line was to be published (wall) */
    int64_t
        *place_ms; /* when it became visible, or its record time; TIME_NONE: not yet */
    struct seen *seen; /* changes of the positions, in order */
    size_t n_seen;
    atomic_bool stop;
    struct err poll_err;
    bool poll_failed;
};

/* --- what is published -------------------------------------------------------------- */

static bool
read_lines(struct bench *bench, const char *path, struct err *err)
{
    size_t room = 0;
    char *line = NULL;
    size_t line_room = 0;
    FILE *file = fopen(path, "r");

    if (!file)
        return err_set(err, ERR_STOP, "%s: %s", path, strerror(errno));
    for (ssize_t len; (len = getline(&line, &line_room, file)) > 0;) {
        if (bench->n == room) {
            room = room ? room * 2 : 1024;
            bench->lines = realloc(bench->lines, room * sizeof(*bench->lines));
            BUG_IF(!bench->lines);
        }
        line[len - 1] = '\0';
        bench->lines[bench->n] = strdup(line);
        BUG_IF(!bench->lines[bench->n]);
        bench->n++;
    }
    free(line);
    (void)fclose(file);
    bench->due_ms = calloc(bench->n + 1, sizeof(*bench->due_ms));
    bench->place_ms = calloc(bench->n + 1, sizeof(*bench->place_ms));
    bench->seen = calloc(SEEN_MAX, sizeof(*bench->seen));
    BUG_IF(!bench->due_ms || !bench->place_ms || !bench->seen);
    return bench->n > 0 || err_set(err, ERR_STOP, "%s: empty", path);
}

static bool
publish(struct bench *bench, int64_t rate, struct err *err)
{
    struct kafka_producer *producer =
        kafka_producer_new(bench->settings.kafka, NULL, 10000, err);
    char name[TOPIC_NAME_BYTES];
    struct kafka_target *target =
        producer
            ? kafka_target(producer,
                           topic_full_name(&bench->settings, "complaints.inbound", name),
                           err)
            : NULL;
    bool ok = target != NULL;
    int64_t from_us = now_mono_us();
    int64_t from_ms = now_wall_ms();

    for (size_t i = 0; ok && i < bench->n; i++) {
        int64_t due_us = (int64_t)i * 1000000 / rate;
        int64_t left_us = from_us + due_us - now_mono_us();
        if (left_us > 0) {
            const struct timespec pause = {left_us / 1000000, left_us % 1000000 * 1000};
            (void)nanosleep(&pause, NULL);
        }
        bench->due_ms[i] = from_ms + due_us / 1000;
        ok = kafka_produce(producer, target, -1, STR_NULL, str_from(bench->lines[i]),
                           NULL, 0, err) == KAFKA_DONE;
        kafka_producer_poll(producer);
    }
    ok = ok && kafka_flush(producer, TIMEOUT_MS, err);
    kafka_producer_drop(producer);
    return ok;
}

/* --- positions in PostgreSQL -------------------------------------------------------- */

static bool
poll_once(struct bench *bench, struct pg *pg, struct str topic, struct err *err)
{
    CLEANUP(pg_result_drop) struct pg_result *rows = NULL;
    struct seen now = {0};
    static const char SQL[] =
        "SELECT \"partition\", next_offset FROM redress.offsets WHERE topic = $1";

    if (!pg_query(pg, SQL, &topic, 1, &rows, err))
        return false;
    now.at_ms = now_wall_ms();
    for (size_t i = 0; i < pg_rows(rows); i++) {
        int64_t p = pg_i64(rows, i, 0);
        if (p >= 0 && p < PARTITIONS_MAX)
            now.next[p] = pg_i64(rows, i, 1);
    }
    if (bench->n_seen > 0 &&
        memcmp(now.next, bench->seen[bench->n_seen - 1].next, sizeof(now.next)) == 0)
        return true;
    if (bench->n_seen == SEEN_MAX)
        return err_set(err, ERR_STOP, "more than %d changes of position", SEEN_MAX);
    bench->seen[bench->n_seen++] = now;
    return true;
}

static void *
poll_positions(void *ctx)
{
    struct bench *bench = ctx;
    struct pg *pg = NULL;
    const struct timespec pause = {.tv_nsec = POLL_US * INT64_C(1000)};
    char name[TOPIC_NAME_BYTES];
    struct str topic =
        str_from(topic_full_name(&bench->settings, "complaints.routed", name));
    bool ok = pg_connect(&pg, bench->settings.pg_dsn, "bench_latency", &bench->poll_err);

    while (ok && !atomic_load(&bench->stop)) {
        ok = poll_once(bench, pg, topic, &bench->poll_err);
        (void)nanosleep(&pause, NULL);
    }
    bench->poll_failed = !ok;
    pg_close(pg);
    return NULL;
}

/* When the position was first behind this place; TIME_NONE: never. */
static int64_t
visible_ms(const struct bench *bench, int32_t partition, int64_t offset)
{
    size_t low = 0;
    size_t high = bench->n_seen;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (bench->seen[middle].next[partition] > offset)
            high = middle;
        else
            low = middle + 1;
    }
    return low < bench->n_seen ? bench->seen[low].at_ms : TIME_NONE;
}

/* --- places in a topic -------------------------------------------------------------- */

static bool
ends(struct bench *bench, const char *topic, int64_t *ret_offsets, struct err *err)
{
    int64_t low;
    struct kafka_client *client = kafka_client_new(bench->settings.kafka, err);
    if (!client)
        return false;
    bool ok = kafka_partitions(client, topic, TIMEOUT_MS, &bench->partitions, err);
    if (ok && (bench->partitions == 0 || bench->partitions > PARTITIONS_MAX))
        ok =
            err_set(err, ERR_STOP, "%s has %d partitions", topic, (int)bench->partitions);
    for (int32_t p = 0; ok && p < bench->partitions; p++)
        ok = kafka_watermarks(client, topic, p, TIMEOUT_MS, &low, &ret_offsets[p], err);
    kafka_client_drop(client);
    return ok;
}

/* Which of our lines this event is; bench->n if none. */
static size_t
line_of(const struct bench *bench, const struct complaint_event *ev)
{
    if (ev->type != EVENT_TYPE_COMPLAINT_SUBMITTED || str_is_null(ev->ce_id) ||
        !str_eq(ev->source, bench->source) || ev->ce_id.len <= bench->source.len + 1)
        return bench->n;
    size_t number = 0;
    for (size_t i = bench->source.len + 1; i < ev->ce_id.len; i++)
        number = number * 10 + (size_t)(ev->ce_id.ptr[i] - '0');
    return number < bench->n ? number : bench->n;
}

/* Fills place_ms from the topic: record times, or when the row was visible. */
static bool
read_places(struct bench *bench, const char *topic, const int64_t *from, bool rows,
            struct err *err)
{
    int32_t partitions[PARTITIONS_MAX];
    struct arena arena;
    size_t found = 0;
    bool ok = true;

    arena_init(&arena, (size_t)64 * 1024 * 1024);
    for (int32_t p = 0; p < bench->partitions; p++)
        partitions[p] = p;
    for (size_t i = 0; i < bench->n; i++)
        bench->place_ms[i] = TIME_NONE;
    struct kafka_consumer *reader = kafka_reader_new(
        bench->settings.kafka, topic, partitions, from, (size_t)bench->partitions, err);
    int64_t deadline_us = now_mono_us() + GIVE_UP_US;
    ok = reader != NULL;
    while (ok && found < bench->n) {
        struct kafka_message msg;
        struct complaint_event ev;
        enum kafka_polled polled = kafka_poll(reader, 100, &msg, err);
        if (now_mono_us() > deadline_us)
            ok = err_set(err, ERR_RETRY, "%s: %zu of %zu events after 60 s", topic, found,
                         bench->n);
        if (polled == KAFKA_FAILED)
            ok = false;
        if (polled != KAFKA_MESSAGE)
            continue;
        arena_clear(&arena);
        ok = ok && wire_decode(&complaint_event_wire, msg.value, &arena, &ev, err);
        size_t line = ok ? line_of(bench, &ev) : bench->n;
        if (line == bench->n || bench->place_ms[line] != TIME_NONE)
            continue;
        found++;
        /* For rows the place is kept until the positions are all there. */
        bench->place_ms[line] =
            rows ? (msg.offset << 8 | msg.partition) : msg.timestamp_ms;
    }
    kafka_consumer_drop(reader);
    arena_release(&arena);
    return ok;
}

/* --- figures ------------------------------------------------------------------------ */

static int
ascending(const void *a, const void *b)
{
    const int64_t *x = a;
    const int64_t *y = b;
    return (*x > *y) - (*x < *y);
}

static void
print_figures(struct bench *bench, const char *name)
{
    size_t n = 0;
    int64_t *took_ms = calloc(bench->n + 1, sizeof(*took_ms));
    BUG_IF(!took_ms);
    for (size_t i = 0; i < bench->n; i++) {
        if (bench->place_ms[i] != TIME_NONE)
            took_ms[n++] = bench->place_ms[i] - bench->due_ms[i];
    }
    qsort(took_ms, n, sizeof(*took_ms), ascending);
    if (n > 0)
        printf("%s %zu %" PRId64 " %" PRId64 " %" PRId64 "\n", name, n, took_ms[n / 2],
               took_ms[n * 99 / 100], took_ms[n - 1]);
    free(took_ms);
}

/* Waits until the positions cover all places, then turns places into times. */
static bool
places_to_times(struct bench *bench, pthread_t poller, struct err *err)
{
    const struct timespec pause = {.tv_nsec = 20000000};
    int64_t deadline_us = now_mono_us() + GIVE_UP_US;
    struct bench last = *bench;

    /* The projection is at most seconds behind what could be read of the topic. */
    struct pg *pg = NULL;
    char name[TOPIC_NAME_BYTES];
    struct str topic =
        str_from(topic_full_name(&bench->settings, "complaints.routed", name));
    bool there = false;
    bool ok = pg_connect(&pg, bench->settings.pg_dsn, "bench_latency", err);
    last.seen = calloc(SEEN_MAX, sizeof(*last.seen));
    BUG_IF(!last.seen);
    while (ok && !there) {
        last.n_seen = 0;
        ok = poll_once(&last, pg, topic, err);
        there = true;
        for (size_t i = 0; ok && i < bench->n; i++)
            there = there && last.seen[0].next[bench->place_ms[i] & 0xff] >
                                 bench->place_ms[i] >> 8;
        if (ok && !there && now_mono_us() > deadline_us)
            ok = err_set(err, ERR_RETRY, "rows were not there after 60 s");
        (void)nanosleep(&pause, NULL);
    }
    free(last.seen);
    pg_close(pg);
    atomic_store(&bench->stop, true);
    (void)pthread_join(poller, NULL);
    if (ok && bench->poll_failed) {
        *err = bench->poll_err;
        ok = false;
    }
    for (size_t i = 0; ok && i < bench->n; i++)
        bench->place_ms[i] = visible_ms(bench, (int32_t)(bench->place_ms[i] & 0xff),
                                        bench->place_ms[i] >> 8);
    return ok;
}

static bool
run(struct bench *bench, int64_t rate, struct err *err)
{
    static const char *const TOPICS[] = {"complaints.keyed",      "complaints.received",
                                         "complaints.classified", "complaints.triaged",
                                         "complaints.timed",      "complaints.routed"};
    char names[COUNT_OF(TOPICS)][TOPIC_NAME_BYTES];
    int64_t from[COUNT_OF(TOPICS)][PARTITIONS_MAX];
    pthread_t poller;

    for (size_t t = 0; t < COUNT_OF(TOPICS); t++) {
        (void)topic_full_name(&bench->settings, TOPICS[t], names[t]);
        if (!ends(bench, names[t], from[t], err))
            return false;
    }
    if (pthread_create(&poller, NULL, poll_positions, bench) != 0)
        return err_set(err, ERR_STOP, "no thread");
    size_t last = COUNT_OF(TOPICS) - 1;
    if (!publish(bench, rate, err) ||
        !read_places(bench, names[last], from[last], true, err) ||
        !places_to_times(bench, poller, err))
        return false;
    print_figures(bench, "visible");
    for (size_t t = 0; t < COUNT_OF(TOPICS); t++) {
        if (!read_places(bench, names[t], from[t], false, err))
            return false;
        print_figures(bench, TOPICS[t]);
    }
    return true;
}

int
main(int argc, char **argv)
{
    struct err err = {0};
    static struct bench bench;
    long long rate = argc == 4 ? strtoll(argv[3], NULL, 10) : 0;

    if (rate <= 0) {
        fprintf(stderr, "usage: bench_latency FILE SOURCE RATE\n");
        return 2;
    }
    bench.source = str_from(argv[2]);
    if (settings_read(&bench.settings, NULL, &err) && read_lines(&bench, argv[1], &err) &&
        run(&bench, rate, &err))
        return 0;
    fprintf(stderr, "bench_latency: %s\n", err.text);
    return 1;
}
