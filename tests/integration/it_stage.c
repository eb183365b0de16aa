/* it_stage.c - the stage runtime against a real broker, with two small stages of its own.
 *
 *   it_stage run [OPTION...]   the service: door (messages "<key> <ms>" become events),
 * then register (counts per key, timers, deletes, dead letters) it_stage topics makes the
 * topics under the configured prefix it_stage feed N SEED [AT]  N messages, from number
 * AT on (default 0) it_stage caught-up MS      waits until both groups have read their
 * inputs to the end it_stage dump              state, positions and outputs as sorted
 * lines on stdout
 *
 * Configuration as for every program: REDRESS_CONFIG, REDRESS_TOPIC_PREFIX, ... The
 * script stage.sh kills it at random and compares the dump with that of an undisturbed
 * run. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/now.h"
#include "conf/settings.h"
#include "gen/stage_position.h"
#include "kafka/client.h"
#include "kafka/consumer.h"
#include "kafka/producer.h"
#include "stage/changelog.h"
#include "stage/stage.h"
#include "stage/topics.h"

#define TIMEOUT_MS 10000
#define KEYS 400
#define EVENT_STEP_MS 1000
#define TIMER_MS INT64_C(40000) /* after the last event of a key */

/* --- the stages --------------------------------------------------------------------- */

/* Message: "<key> <ms since 1970>"; anything else is refused. */
static bool
door_on_raw(struct turn *turn, const struct raw_message *message, struct err *err)
{
    struct str text = message->value;
    const char *space = text.ptr ? memchr(text.ptr, ' ', text.len) : NULL;
    int64_t at_ms = 0;
    if (!space)
        return err_dead(err, DEAD_BAD_JSON, "$", "no key and time");
    struct str key = {text.ptr, (size_t)(space - text.ptr)};
    if (!str_to_i64(str_sub(text, key.len + 1, text.len), &at_ms))
        return err_dead(err, DEAD_BAD_FIELD, "$.time", "no time");
    struct arena *arena = turn_arena(turn);
    const struct complaint_event ev = {
        .event_id = arena_printf(arena, "%.*s@%" PRId64, STR_ARG(key), at_ms),
        .type = EVENT_TYPE_COMPLAINT_SUBMITTED,
        .customer_key = key,
        .occurred_at = at_ms,
        .recorded_at = at_ms,
    };
    return turn_emit(turn, &ev, err);
}

static bool
emit_count(struct turn *turn, struct str key, const struct stage_position *count,
           const char *what, int64_t at_ms, struct err *err)
{
    const struct complaint_event ev = {
        .event_id = arena_printf(turn_arena(turn), "%.*s:%" PRId64 ":%s", STR_ARG(key),
                                 count->next_offset, what),
        .type = EVENT_TYPE_COMPLAINT_MESSAGE,
        .customer_key = key,
        .occurred_at = at_ms,
        .recorded_at = at_ms,
    };
    return turn_emit(turn, &ev, err);
}

/* Counts in next_offset; counters: sum of times, timers fired. Every 50th event of a key
 * deletes its record, a time that 97 divides is refused after the state was changed. */
static bool
register_on_event(struct turn *turn, const struct complaint_event *ev, struct err *err)
{
    struct stage_position count = {0};
    bool found = false;
    int64_t counters[2] = {0, 0};
    if (!turn_load(turn, ev->customer_key, &stage_position_wire, &count, &found, err))
        return false;
    for (size_t i = 0; found && i < count.n_counters && i < 2; i++)
        counters[i] = count.counters[i];
    counters[0] += ev->occurred_at % 1000003;
    count = (struct stage_position){
        .next_offset = count.next_offset + 1, .n_counters = 2, .counters = counters};
    turn_count(turn, COUNT_ACCEPTED, 1);
    if (!emit_count(turn, ev->customer_key, &count, "event", ev->occurred_at, err))
        return false;
    if (count.next_offset % 50 == 0)
        turn_delete(turn, ev->customer_key);
    else if (!turn_save(turn, ev->customer_key, &stage_position_wire, &count,
                        ev->occurred_at + TIMER_MS, err))
        return false;
    if (ev->occurred_at / EVENT_STEP_MS % 97 == 0)
        return err_dead(err, DEAD_UNROUTABLE, "$", "refused on purpose");
    return true;
}

static bool
register_on_timer(struct turn *turn, struct str key, int64_t due_ms, struct err *err)
{
    struct stage_position count;
    bool found = false;
    int64_t counters[2] = {0, 0};
    if (!turn_load(turn, key, &stage_position_wire, &count, &found, err))
        return false;
    BUG_IF(!found);
    for (size_t i = 0; i < count.n_counters && i < 2; i++)
        counters[i] = count.counters[i];
    counters[1]++;
    count.n_counters = 2;
    count.counters = counters;
    turn_count(turn, COUNT_UNPARKED, 1);
    return emit_count(turn, key, &count, "timer", due_ms, err) &&
           turn_save(turn, key, &stage_position_wire, &count, TIME_NONE, err);
}

static const struct stage_output door_outputs[] = {{"complaints.keyed", false}};
static const struct stage_def door = {
    .service = "it",
    .name = "door",
    .input = "complaints.inbound",
    .outputs = door_outputs,
    .n_outputs = 1,
    .stateless = true,
    .on_raw = door_on_raw,
};
static const struct stage_output register_outputs[] = {{"complaints.received", true}};
static const struct stage_def counting = {
    .service = "it",
    .name = "register",
    .input = "complaints.keyed",
    .outputs = register_outputs,
    .n_outputs = 1,
    .on_event = register_on_event,
    .on_timer = register_on_timer,
};

/* --- feeding ------------------------------------------------------------------------ */

static int
complain(const struct err *err)
{
    (void)fprintf(stderr, "it_stage: %s\n", err->text);
    return 1;
}

static uint64_t
next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static int
feed(const struct settings *settings, int64_t n, uint64_t seed, int64_t from,
     int64_t at_ms)
{
    struct err err = {0};
    char topic[TOPIC_NAME_BYTES];
    struct kafka_producer *producer =
        kafka_producer_new(settings->kafka, NULL, TIMEOUT_MS, &err);
    struct kafka_target *target =
        producer
            ? kafka_target(producer,
                           topic_full_name(settings, "complaints.inbound", topic), &err)
            : NULL;
    if (!target)
        return complain(&err);
    uint64_t random = seed * UINT64_C(2654435761) + 88172645463325252u;
    for (int64_t i = 0; i < from + n; i++) {
        char text[64];
        char key[16];
        uint64_t r = next_random(&random);
        if (i < from)
            continue; /* the same stream in several calls */
        (void)snprintf(key, sizeof(key), "k%d", (int)(r % KEYS));
        int len = r % 53 == 0 ? snprintf(text, sizeof(text), "broken%" PRId64, i)
                              : snprintf(text, sizeof(text), "%s %" PRId64, key,
                                         at_ms + i * EVENT_STEP_MS);
        if (kafka_produce(producer, target, -1, str_from(key),
                          (struct str){text, (size_t)len}, NULL, 0, &err) != KAFKA_DONE)
            return complain(&err);
    }
    if (!kafka_flush(producer, 60000, &err))
        return complain(&err);
    kafka_producer_drop(producer);
    return 0;
}

/* --- waiting ------------------------------------------------------------------------ */

static bool
group_at_end(struct kafka_client *client, const struct settings *settings,
             const struct stage_def *def, bool *ret_at_end, struct err *err)
{
    char topic[TOPIC_NAME_BYTES];
    char group[TOPIC_NAME_BYTES];
    int64_t offsets[64];
    int32_t count = 0;
    (void)topic_full_name(settings, def->input, topic);
    (void)topic_group(settings, def->name, group);
    if (!kafka_partitions(client, topic, TIMEOUT_MS, &count, err))
        return false;
    BUG_IF(count > 64);
    if (!kafka_group_offsets(client, group, topic, count, TIMEOUT_MS, offsets, err))
        return false;
    *ret_at_end = count > 0;
    for (int32_t p = 0; p < count; p++) {
        int64_t low = 0;
        int64_t high = 0;
        if (!kafka_watermarks(client, topic, p, TIMEOUT_MS, &low, &high, err))
            return false;
        *ret_at_end = *ret_at_end && offsets[p] == high;
    }
    return true;
}

/* Door first: when it is done, register's input does not grow any more. */
static int
caught_up(const struct settings *settings, int64_t timeout_ms)
{
    struct err err = {.text = "timeout"};
    struct kafka_client *client = kafka_client_new(settings->kafka, &err);
    if (!client)
        return complain(&err);
    const struct stage_def *const stages[] = {&door, &counting};
    int64_t deadline_us = now_mono_us() + timeout_ms * 1000;
    size_t i = 0;
    while (i < COUNT_OF(stages) && now_mono_us() < deadline_us) {
        bool at_end = false;
        if (group_at_end(client, settings, stages[i], &at_end, &err) && at_end) {
            i++;
            continue;
        }
        const struct timespec pause = {.tv_nsec = 20000000};
        (void)nanosleep(&pause, NULL);
    }
    kafka_client_drop(client);
    return i == COUNT_OF(stages) ? 0 : complain(&err);
}

/* --- dumping ------------------------------------------------------------------------ */

static void
print_record(void *ctx, struct str key, struct str value, int64_t due_ms)
{
    const int32_t *partition = ctx;
    struct arena arena = {0};
    struct stage_position count;
    struct err err = {0};
    if (!wire_decode(&stage_position_wire, value, &arena, &count, &err)) {
        (void)printf("state %.*s unreadable: %s\n", STR_ARG(key), err.text);
    } else {
        (void)printf("state %d %.*s count=%" PRId64 " due=%" PRId64, (int)*partition,
                     STR_ARG(key), count.next_offset, due_ms);
        for (size_t i = 0; i < count.n_counters; i++)
            (void)printf(" %" PRId64, count.counters[i]);
        (void)printf("\n");
    }
    arena_release(&arena);
}

static bool
dump_state(const struct settings *settings, struct err *err)
{
    for (int32_t p = 0; p < settings->partitions; p++) {
        struct store *store = store_new();
        struct changelog_position position;
        bool ok = changelog_read(settings, "register", p, store, &position, err);
        if (ok) {
            store_each(store, true, print_record, &p);
            (void)printf("position %d clock=%" PRId64, (int)p, position.clock_ms);
            for (size_t c = 0; c < COUNT_COUNTERS; c++)
                (void)printf(" %" PRId64, position.counters[c]);
            (void)printf("\n");
        }
        store_drop(store);
        if (!ok)
            return false;
    }
    return true;
}

/* One line a message, in order, without its offset: aborted attempts leave gaps. */
static void
print_message(const char *name, const struct kafka_message *msg)
{
    struct arena arena = {0};
    struct complaint_event ev;
    struct err err = {0};
    if (wire_decode(&complaint_event_wire, msg->value, &arena, &ev, &err))
        (void)printf("%s %d %.*s %.*s %" PRId64 "\n", name, (int)msg->partition,
                     STR_ARG(msg->key), STR_ARG(ev.event_id), ev.occurred_at);
    else
        (void)printf("%s %.*s %.*s\n", name, STR_ARG(msg->key), STR_ARG(msg->value));
    arena_release(&arena);
}

static bool
dump_topic(struct kafka_client *client, const struct settings *settings, const char *name,
           struct err *err)
{
    char topic[TOPIC_NAME_BYTES];
    (void)topic_full_name(settings, name, topic);
    for (int32_t p = 0; p < settings->partitions; p++) {
        int64_t low = 0;
        int64_t high = 0;
        if (!kafka_watermarks(client, topic, p, TIMEOUT_MS, &low, &high, err))
            return false;
        struct kafka_consumer *reader =
            kafka_reader_new(settings->kafka, topic, &p, &low, 1, err);
        if (!reader)
            return false;
        int64_t deadline_us = now_mono_us() + 60 * SECOND_MS * 1000;
        int64_t next = low;
        while (next < high) {
            struct kafka_message msg;
            enum kafka_polled polled = kafka_poll(reader, 100, &msg, err);
            if (polled == KAFKA_FAILED || now_mono_us() > deadline_us)
                break;
            if (polled == KAFKA_MESSAGE)
                print_message(name, &msg);
            if (polled != KAFKA_NOTHING)
                next = msg.offset + (polled == KAFKA_MESSAGE);
        }
        kafka_consumer_drop(reader);
        if (next < high)
            return err_prefix(err, "%s[%d] not read to its end", topic, (int)p);
    }
    return true;
}

static int
dump(const struct settings *settings)
{
    struct err err = {0};
    struct kafka_client *client = kafka_client_new(settings->kafka, &err);
    bool ok = client && dump_state(settings, &err) &&
              dump_topic(client, settings, "complaints.keyed", &err) &&
              dump_topic(client, settings, "complaints.received", &err) &&
              dump_topic(client, settings, "complaints.deadletter", &err);
    kafka_client_drop(client);
    return ok ? 0 : complain(&err);
}

/* --- main --------------------------------------------------------------------------- */

static int64_t
number(int argc, char **argv, int i, int64_t fallback)
{
    int64_t value = fallback;
    if (i < argc && !str_to_i64(str_from(argv[i]), &value))
        exit(2);
    return value;
}

int
main(int argc, char **argv)
{
    static const struct stage_def *const stages[] = {&door, &counting};
    if (argc < 2)
        return 2;
    if (strcmp(argv[1], "run") == 0)
        return stage_main("it", stages, COUNT_OF(stages), argc - 1, argv + 1);
    struct settings settings;
    struct err err = {0};
    if (!settings_read(&settings, NULL, &err))
        return complain(&err);
    int status = 2;
    if (strcmp(argv[1], "topics") == 0) {
        CLEANUP(buf_release) struct buf report = {0};
        status = topics_create(&settings, &report, &err) ? 0 : complain(&err);
    } else if (strcmp(argv[1], "feed") == 0) {
        status = feed(&settings, number(argc, argv, 2, 1000),
                      (uint64_t)number(argc, argv, 3, 1), number(argc, argv, 4, 0),
                      number(argc, argv, 5, INT64_C(1700000000000)));
    } else if (strcmp(argv[1], "caught-up") == 0) {
        status = caught_up(&settings, number(argc, argv, 2, 60000));
    } else if (strcmp(argv[1], "dump") == 0) {
        status = dump(&settings);
    }
    settings_release(&settings);
    return status;
}
