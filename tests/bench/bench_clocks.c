/* bench_clocks - what tests/bench/clocks.py needs around a stage full of clocks:
 *
 * load FROM N SAME AT_MS: N copies of the first submission in topic FROM into
 *   complaints.triaged, each with ids and a customer of its own; SAME of them were
 *   received at AT_MS, the others from LATER_MS on, STEP_MS apart.
 * survey: clocks that run in complaints.timed, and when most of them are due.
 * fire FROM TICK_MS RATE SECONDS: a tick (0: none) into every partition of
 *   complaints.triaged, RATE fresh submissions a second beside it for SECONDS; reads
 *   complaints.timed until all is out and quiet.  A fresh event's latency runs from when
 *   it was to be published until this reader has it, read committed.
 * count DUE_MS: sla.breached of clocks due then, and distinct ids.
 *
 * Configuration as the services (REDRESS_CONFIG). */
#include <inttypes.h>
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
#include "stage/topics.h"
#include "wire/wire.h"

#define TIMEOUT_MS 10000
#define PARTITIONS_MAX 64
#define LATER_MS HOUR_MS
#define STEP_MS 100
#define QUIET_US 1500000
#define GIVE_UP_US (INT64_C(120) * 1000 * 1000)
#define LIVE_MAX 100000
#define INSTANTS_ROOM ((size_t)1 << 21)

struct bench {
    struct settings settings;
    struct kafka_client *client;
    int32_t partitions;
    struct arena arena;
};

/* --- reading ------------------------------------------------------------------------ */

/* A reader of all partitions, from the first message or from the end. */
static struct kafka_consumer *
open_reader(struct bench *bench, const char *topic, bool from_end, struct err *err)
{
    int32_t numbers[PARTITIONS_MAX];
    int64_t offsets[PARTITIONS_MAX];
    int64_t other = 0;
    if (!kafka_partitions(bench->client, topic, TIMEOUT_MS, &bench->partitions, err))
        return NULL;
    if (bench->partitions < 1 || bench->partitions > PARTITIONS_MAX) {
        err_set(err, ERR_STOP, "%s: %d partitions", topic, (int)bench->partitions);
        return NULL;
    }
    for (int32_t p = 0; p < bench->partitions; p++) {
        numbers[p] = p;
        if (!kafka_watermarks(bench->client, topic, p, TIMEOUT_MS,
                              from_end ? &other : &offsets[p],
                              from_end ? &offsets[p] : &other, err))
            return NULL;
    }
    return kafka_reader_new(bench->settings.kafka, topic, numbers, offsets,
                            (size_t)bench->partitions, err);
}

/* Every event from the beginning to the present end. */
static bool
each_event(struct bench *bench, const char *name,
           bool (*fn)(void *ctx, const struct complaint_event *ev), void *ctx,
           struct err *err)
{
    char topic[TOPIC_NAME_BYTES];
    topic_full_name(&bench->settings, name, topic);
    struct kafka_consumer *reader = open_reader(bench, topic, false, err);
    bool ok = reader != NULL;
    for (int32_t ended = 0; ok && ended < bench->partitions;) {
        struct kafka_message msg;
        struct complaint_event ev;
        enum kafka_polled polled = kafka_poll(reader, TIMEOUT_MS, &msg, err);
        if (polled == KAFKA_END) {
            ended++;
        } else if (polled != KAFKA_MESSAGE) {
            ok = polled == KAFKA_NOTHING &&
                 err_set(err, ERR_STOP, "%s: nothing came", topic);
        } else {
            arena_clear(&bench->arena);
            ok = wire_decode(&complaint_event_wire, msg.value, &bench->arena, &ev, err);
            if (ok && !fn(ctx, &ev))
                break;
        }
    }
    kafka_consumer_drop(reader);
    return ok;
}

/* --- copies of one submission ---------------------------------------------------------
 */

struct pattern {
    struct arena arena; /* of the event: its strings are views into bytes */
    struct str bytes;
    struct complaint_event ev;
    struct buf body;
};

static bool
read_pattern(struct bench *bench, const char *topic, struct pattern *ret, struct err *err)
{
    struct kafka_consumer *reader = open_reader(bench, topic, false, err);
    bool found = false;
    bool ok = reader != NULL;
    int64_t until_us = now_mono_us() + (int64_t)TIMEOUT_MS * 1000;
    while (ok && !found && now_mono_us() < until_us) {
        struct kafka_message msg;
        if (kafka_poll(reader, 100, &msg, err) != KAFKA_MESSAGE)
            continue;
        ret->bytes = arena_str(&ret->arena, msg.value);
        ok = wire_decode(&complaint_event_wire, ret->bytes, &ret->arena, &ret->ev, err);
        found = ok && ret->ev.type == EVENT_TYPE_COMPLAINT_SUBMITTED && ret->ev.register_;
    }
    kafka_consumer_drop(reader);
    if (ok && !found)
        (void)err_set(err, ERR_STOP, "%s: no submission", topic);
    return ok && found;
}

/* Numbers that look like hashes, so that keys spread as real ones do. */
static uint64_t
mixed(uint64_t n)
{
    n += UINT64_C(0x9e3779b97f4a7c15);
    n = (n ^ (n >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    n = (n ^ (n >> 27)) * UINT64_C(0x94d049bb133111eb);
    return n ^ (n >> 31);
}

static uint64_t
id_hash(struct str id)
{
    uint64_t hash = UINT64_C(14695981039346656037);
    for (size_t i = 0; i < id.len; i++)
        hash = (hash ^ (unsigned char)id.ptr[i]) * UINT64_C(1099511628211);
    return hash ? hash : 1;
}

struct publisher {
    struct kafka_producer *producer;
    struct kafka_target *target;
};

static bool
open_publisher(struct bench *bench, struct publisher *ret, struct err *err)
{
    char topic[TOPIC_NAME_BYTES];
    topic_full_name(&bench->settings, "complaints.triaged", topic);
    ret->producer = kafka_producer_new(bench->settings.kafka, NULL, 0, err);
    ret->target = ret->producer ? kafka_target(ret->producer, topic, err) : NULL;
    return ret->target != NULL;
}

/* Number n of a series; received at at_ms, recorded now. */
static bool
publish_copy(struct publisher *to, struct pattern *pattern, const char *series,
             uint64_t n, int64_t at_ms, struct err *err)
{
    char id[64];
    char hash[40];
    char event_id[64];
    uint64_t a = mixed(id_hash(str_from(series)) + n);
    uint64_t b = mixed(a);
    (void)snprintf(hash, sizeof(hash), "%016" PRIx64 "%016" PRIx64, a, b);
    (void)snprintf(id, sizeof(id), "%08x-%04x-8%03x-8%03x-%012" PRIx64,
                   (unsigned)(a >> 32), (unsigned)(a >> 16) & 0xffff, (unsigned)a & 0xfff,
                   (unsigned)(b >> 48) & 0xfff, b & UINT64_C(0xffffffffffff));
    (void)snprintf(event_id, sizeof(event_id), "%s-%" PRIu64, series, n);
    struct complaint_event ev = pattern->ev;
    struct register_section section = *pattern->ev.register_;
    section.recovery_ends_at += at_ms - section.received_at;
    section.received_at = at_ms;
    section.history = false;
    ev.register_ = &section;
    ev.event_id = str_from(event_id);
    ev.complaint_id = str_from(id);
    ev.customer_hash = str_from(hash);
    ev.customer_key = str_sub(ev.customer_hash, 0, 12);
    ev.occurred_at = at_ms;
    ev.recorded_at = now_wall_ms();
    buf_clear(&pattern->body);
    return wire_encode(&complaint_event_wire, &ev, &pattern->body, err) &&
           kafka_produce(to->producer, to->target, -1, ev.customer_key,
                         buf_str(&pattern->body), NULL, 0, err) == KAFKA_DONE;
}

static bool
cmd_load(struct bench *bench, char **args, struct err *err)
{
    int64_t count = atoll(args[1]);
    int64_t same = atoll(args[2]);
    int64_t at_ms = atoll(args[3]);
    struct pattern pattern = {0};
    struct publisher to = {0};
    int64_t from_us = now_mono_us();
    bool ok =
        read_pattern(bench, args[0], &pattern, err) && open_publisher(bench, &to, err);
    for (int64_t i = 0; ok && i < count; i++) {
        int64_t later_ms = i < same ? 0 : LATER_MS + (i - same) * STEP_MS;
        ok = publish_copy(&to, &pattern, "load", (uint64_t)i, at_ms + later_ms, err);
    }
    ok = ok && kafka_flush(to.producer, 60000, err);
    if (ok)
        printf("%" PRId64 " %.3f %zu\n", count, (double)(now_mono_us() - from_us) / 1e6,
               pattern.body.len);
    kafka_producer_drop(to.producer);
    buf_release(&pattern.body);
    arena_release(&pattern.arena);
    return ok;
}

/* --- which clocks run -----------------------------------------------------------------
 */

struct instant {
    int64_t due_ms;
    enum clock clock;
    int64_t clocks;
};

struct survey {
    int64_t cases;
    int64_t clocks;
    struct instant *instants; /* a hash table; clocks == 0: free */
    size_t used;
};

static bool
survey_one(void *ctx, const struct complaint_event *ev)
{
    struct survey *survey = ctx;
    if (ev->type != EVENT_TYPE_COMPLAINT_SUBMITTED || !ev->sla)
        return true;
    survey->cases++;
    for (size_t i = 0; i < ev->sla->n_clocks; i++) {
        const struct sla_clock *row = &ev->sla->clocks[i];
        size_t at = (size_t)mixed((uint64_t)row->due_at + row->clock) % INSTANTS_ROOM;
        const struct instant *found = &survey->instants[at];
        if (row->status != CLOCK_STATUS_RUNNING)
            continue;
        while (found->clocks > 0 &&
               (found->due_ms != row->due_at || found->clock != row->clock)) {
            at = (at + 1) % INSTANTS_ROOM;
            found = &survey->instants[at];
        }
        survey->used += found->clocks == 0;
        BUG_IF(survey->used > INSTANTS_ROOM / 2);
        survey->instants[at] =
            (struct instant){row->due_at, row->clock, found->clocks + 1};
        survey->clocks++;
    }
    return true;
}

static int
more_clocks(const void *a, const void *b)
{
    const struct instant *left = a;
    const struct instant *right = b;
    if (left->clocks != right->clocks)
        return left->clocks > right->clocks ? -1 : 1;
    return left->due_ms < right->due_ms ? -1 : left->due_ms > right->due_ms;
}

static bool
cmd_survey(struct bench *bench, char **args, struct err *err)
{
    (void)args;
    struct survey survey = {.instants = calloc(INSTANTS_ROOM, sizeof(struct instant))};
    BUG_IF(!survey.instants);
    bool ok = each_event(bench, "complaints.timed", survey_one, &survey, err);
    qsort(survey.instants, INSTANTS_ROOM, sizeof(survey.instants[0]), more_clocks);
    if (ok)
        printf("%" PRId64 " %" PRId64 "\n", survey.cases, survey.clocks);
    for (size_t i = 0; ok && i < 12 && survey.instants[i].clocks > 0; i++)
        printf("%" PRId64 " %s %" PRId64 "\n", survey.instants[i].due_ms,
               clock_name(survey.instants[i].clock), survey.instants[i].clocks);
    free(survey.instants);
    return ok;
}

/* --- firing ---------------------------------------------------------------------------
 */

struct firing {
    int64_t fired; /* events of the stage's own */
    int64_t by_partition[PARTITIONS_MAX];
    int64_t first_ms[PARTITIONS_MAX]; /* the broker's clock */
    int64_t last_ms[PARTITIONS_MAX];
    int64_t gap_ms[PARTITIONS_MAX]; /* longest silence between the two */
    int64_t *due_us;                /* of the fresh events */
    int64_t *took_us;
    int64_t published;
    int64_t seen;
    int64_t last_us;
};

static bool
send_ticks(struct bench *bench, struct publisher *to, struct pattern *pattern,
           int64_t to_ms, struct err *err)
{
    bool ok = true;
    for (int32_t p = 0; ok && p < bench->partitions; p++) {
        struct complaint_event tick = {.event_id = STR("tick"),
                                       .type = EVENT_TYPE_TICK,
                                       .stage = STAGE_DOOR,
                                       .customer_key = STR(""),
                                       .occurred_at = to_ms,
                                       .recorded_at = now_wall_ms()};
        buf_clear(&pattern->body);
        ok = wire_encode(&complaint_event_wire, &tick, &pattern->body, err) &&
             kafka_produce(to->producer, to->target, p, STR("tick"),
                           buf_str(&pattern->body), NULL, 0, err) == KAFKA_DONE;
    }
    return ok && kafka_flush(to->producer, TIMEOUT_MS, err);
}

static bool
take_event(struct bench *bench, struct firing *firing, const struct kafka_message *msg,
           const char *series, struct err *err)
{
    struct complaint_event ev;
    arena_clear(&bench->arena);
    if (!wire_decode(&complaint_event_wire, msg->value, &bench->arena, &ev, err))
        return false;
    int32_t p = msg->partition;
    size_t prefix = strlen(series);
    if (ev.type == EVENT_TYPE_COMPLAINT_SUBMITTED &&
        str_starts(ev.event_id, str_from(series))) {
        int64_t n = atoll(ev.event_id.ptr + prefix + 1);
        if (n >= 0 && n < firing->published && firing->took_us[n] == 0) {
            firing->took_us[n] = i64_max(now_mono_us() - firing->due_us[n], 1);
            firing->seen++;
        }
    } else if (ev.stage == STAGE_SLA) {
        firing->fired++;
        if (firing->by_partition[p]++ == 0)
            firing->first_ms[p] = firing->last_ms[p] = msg->timestamp_ms;
        firing->gap_ms[p] =
            i64_max(firing->gap_ms[p], msg->timestamp_ms - firing->last_ms[p]);
        firing->last_ms[p] = msg->timestamp_ms;
    } else {
        return true;
    }
    firing->last_us = now_mono_us();
    return true;
}

static int
smaller(const void *a, const void *b)
{
    const int64_t *left = a;
    const int64_t *right = b;
    return (*left > *right) - (*left < *right);
}

static void
print_firing(const struct bench *bench, struct firing *firing)
{
    int64_t first_ms = INT64_MAX;
    int64_t last_ms = 0;
    for (int32_t p = 0; p < bench->partitions; p++) {
        if (firing->by_partition[p] == 0)
            continue;
        first_ms = i64_min(first_ms, firing->first_ms[p]);
        last_ms = i64_max(last_ms, firing->last_ms[p]);
    }
    printf("fired %" PRId64 " %.3f\n", firing->fired,
           firing->fired ? (double)(last_ms - first_ms) / 1e3 : 0.0);
    for (int32_t p = 0; p < bench->partitions && firing->fired; p++)
        printf("partition %d %" PRId64 " %.3f %.3f %.3f\n", (int)p,
               firing->by_partition[p], (double)(firing->first_ms[p] - first_ms) / 1e3,
               (double)(firing->last_ms[p] - first_ms) / 1e3,
               (double)firing->gap_ms[p] / 1e3);
    qsort(firing->took_us, (size_t)firing->published, sizeof(int64_t), smaller);
    size_t lost = (size_t)(firing->published - firing->seen);
    const int64_t *took = firing->took_us + lost;
    size_t n = (size_t)firing->seen;
    size_t half = n / 2;
    size_t late = n * 99 / 100;
    if (n > 0)
        printf("live %zu %.1f %.1f %.1f lost %zu\n", n, (double)took[half] / 1e3,
               (double)took[late] / 1e3, (double)took[n - 1] / 1e3, lost);
}

static bool
fire(struct bench *bench, struct firing *firing, struct kafka_consumer *reader,
     struct publisher *to, struct pattern *pattern, int64_t tick_ms, int64_t rate,
     int64_t seconds, struct err *err)
{
    char series[24];
    int64_t from_us = now_mono_us();
    int64_t total = rate * seconds;
    (void)snprintf(series, sizeof(series), "fresh%" PRId64, now_wall_ms());
    firing->last_us = from_us;
    bool ok = tick_ms == 0 || send_ticks(bench, to, pattern, tick_ms, err);
    while (ok) {
        struct kafka_message msg;
        int64_t now_us = now_mono_us();
        while (ok && firing->published < total &&
               from_us + firing->published * 1000000 / rate <= now_us) {
            int64_t n = firing->published++;
            firing->due_us[n] = from_us + n * 1000000 / rate;
            ok = publish_copy(to, pattern, series, (uint64_t)n,
                              tick_ms ? tick_ms : now_wall_ms(), err);
        }
        bool over = firing->seen == firing->published && firing->published == total &&
                    now_us - from_us > seconds * 1000000;
        if (over && now_us - firing->last_us > QUIET_US)
            break;
        if (now_us - from_us > GIVE_UP_US)
            return err_set(err, ERR_STOP,
                           "%" PRId64 " of %" PRId64 " fresh events out after %d s",
                           firing->seen, firing->published, (int)(GIVE_UP_US / 1000000));
        enum kafka_polled polled = kafka_poll(reader, 2, &msg, err);
        if (ok && polled == KAFKA_MESSAGE)
            ok = take_event(bench, firing, &msg, series, err);
    }
    return ok;
}

static bool
cmd_fire(struct bench *bench, char **args, struct err *err)
{
    int64_t rate = atoll(args[2]);
    int64_t seconds = atoll(args[3]);
    char topic[TOPIC_NAME_BYTES];
    struct pattern pattern = {0};
    struct publisher to = {0};
    struct firing *firing = calloc(1, sizeof(*firing));
    BUG_IF(!firing);
    firing->due_us = calloc(LIVE_MAX, sizeof(int64_t));
    firing->took_us = calloc(LIVE_MAX, sizeof(int64_t));
    BUG_IF(!firing->due_us || !firing->took_us || rate * seconds > LIVE_MAX);
    topic_full_name(&bench->settings, "complaints.timed", topic);
    struct kafka_consumer *reader = open_reader(bench, topic, true, err);
    bool ok =
        reader && read_pattern(bench, args[0], &pattern, err) &&
        open_publisher(bench, &to, err) &&
        fire(bench, firing, reader, &to, &pattern, atoll(args[1]), rate, seconds, err);
    if (ok)
        print_firing(bench, firing);
    kafka_consumer_drop(reader);
    kafka_producer_drop(to.producer);
    buf_release(&pattern.body);
    arena_release(&pattern.arena);
    free(firing->due_us);
    free(firing->took_us);
    free(firing);
    return ok;
}

/* --- each once ------------------------------------------------------------------------
 */

#define IDS_ROOM ((size_t)1 << 23)

struct tally {
    int64_t due_ms;
    int64_t events;
    int64_t distinct;
    int64_t all; /* own events of any kind */
    int64_t all_distinct;
    uint64_t *ids;
};

static bool
count_one(void *ctx, const struct complaint_event *ev)
{
    struct tally *tally = ctx;
    if (ev->stage != STAGE_SLA)
        return true;
    uint64_t hash = id_hash(ev->event_id);
    size_t at = (size_t)mixed(hash) & (IDS_ROOM - 1);
    while (tally->ids[at] != 0 && tally->ids[at] != hash)
        at = (at + 1) & (IDS_ROOM - 1);
    bool is_new = tally->ids[at] == 0;
    BUG_IF(tally->all_distinct > (int64_t)IDS_ROOM / 2);
    tally->ids[at] = hash;
    tally->all++;
    tally->all_distinct += is_new;
    if (ev->type != EVENT_TYPE_SLA_BREACHED || !ev->sla || !ev->sla->fired ||
        ev->sla->fired->due_at != tally->due_ms)
        return true;
    tally->events++;
    tally->distinct += is_new;
    return true;
}

static bool
cmd_count(struct bench *bench, char **args, struct err *err)
{
    struct tally tally = {.due_ms = atoll(args[0]),
                          .ids = calloc(IDS_ROOM, sizeof(uint64_t))};
    BUG_IF(!tally.ids);
    bool ok = each_event(bench, "complaints.timed", count_one, &tally, err);
    if (ok)
        printf("%" PRId64 " %" PRId64 " %" PRId64 " %" PRId64 "\n", tally.events,
               tally.distinct, tally.all, tally.all_distinct);
    free(tally.ids);
    return ok;
}

int
main(int argc, char **argv)
{
    static const struct {
        const char *name;
        int args;
        bool (*run)(struct bench *bench, char **args, struct err *err);
    } COMMANDS[] = {
        {"load", 4, cmd_load},
        {"survey", 0, cmd_survey},
        {"fire", 4, cmd_fire},
        {"count", 1, cmd_count},
    };
    static struct bench bench;
    struct err err = {0};
    for (size_t i = 0; argc > 1 && i < COUNT_OF(COMMANDS); i++) {
        if (strcmp(argv[1], COMMANDS[i].name) != 0 || argc - 2 != COMMANDS[i].args)
            continue;
        if (!settings_read(&bench.settings, NULL, &err))
            break;
        bench.client = kafka_client_new(bench.settings.kafka, &err);
        bool ok = bench.client && COMMANDS[i].run(&bench, argv + 2, &err);
        kafka_client_drop(bench.client);
        arena_release(&bench.arena);
        settings_release(&bench.settings);
        if (ok)
            return 0;
        break;
    }
    fprintf(stderr, "bench_clocks: %s\n",
            *err.text ? err.text : "see the top of the file");
    return 1;
}
