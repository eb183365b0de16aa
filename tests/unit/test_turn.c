/* The turn: what a refused event must not leave behind, dead letters, timers, ticks,
 * clocks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "gen/collect_member.h"
#include "stage/turn.h"
#include "state/store.h"

#define T0 INT64_C(1767225600000)
#define PARTITION 3

enum { OUT_MAIN, OUT_OTHER };

/* --- a stage that does what the event's id says ------------------------------------- */

static size_t events_seen;
static int64_t now_seen; /* by the last event */

static bool
save(struct turn *turn, const char *key, int32_t n, int64_t due_ms, struct err *err)
{
    const struct collect_member record = {.complaints = n};
    return turn_save(turn, str_from(key), &collect_member_wire, &record, due_ms, err);
}

/* Touches all that a turn can touch. */
static bool
touch_everything(struct turn *turn, const struct complaint_event *ev, struct err *err)
{
    turn_delete(turn, STR("old"));
    turn_count(turn, COUNT_ACCEPTED, 1);
    return save(turn, "new", 1, T0 + 1, err) && save(turn, "timed", 2, TIME_NONE, err) &&
           turn_emit(turn, ev, err) &&
           turn_emit_bytes(turn, OUT_OTHER, STR("k"), STR("v"), NULL, 0, err);
}

static bool
on_event(struct turn *turn, const struct complaint_event *ev, struct err *err)
{
    events_seen++;
    now_seen = turn_now_ms(turn);
    assert_int_equal(turn_partition(turn), PARTITION);
    if (str_eq(ev->event_id, STR("quiet")))
        return true;
    if (!touch_everything(turn, ev, err))
        return false;
    if (str_eq(ev->event_id, STR("refuse")))
        return err_dead(err, DEAD_BAD_FIELD, "$.data.score", "not 1 to 5");
    if (str_eq(ev->event_id, STR("retry")))
        return err_set(err, ERR_RETRY, "away");
    if (str_eq(ev->event_id, STR("stop")))
        return err_set(err, ERR_STOP, "our fault");
    if (str_eq(ev->event_id, STR("large"))) {
        struct str big = {arena_alloc(turn_arena(turn), OUTPUT_MAX_BYTES + 1),
                          OUTPUT_MAX_BYTES + 1};
        return turn_emit_bytes(turn, OUT_OTHER, STR(""), big, NULL, 0, err);
    }
    return true;
}

/* Emits "<key>@<ms since T0>" with the clock as value; "bad..." is refused after that,
 * and "again..." comes again 10 ms later, twice. */
static bool
on_timer(struct turn *turn, struct str key, int64_t due_ms, struct err *err)
{
    assert_null(turn_message(turn));
    struct arena *arena = turn_arena(turn);
    struct str name =
        arena_printf(arena, "%.*s@%lld", STR_ARG(key), (long long)(due_ms - T0));
    struct str now = arena_printf(arena, "%lld", (long long)(turn_now_ms(turn) - T0));
    if (!turn_emit_bytes(turn, OUT_OTHER, name, now, NULL, 0, err))
        return false;
    if (str_starts(key, STR("bad")))
        return err_dead(err, DEAD_BAD_FIELD, NULL, "no such timer");
    if (!str_starts(key, STR("again")))
        return true;
    struct collect_member record;
    bool found = false;
    if (!turn_load(turn, key, &collect_member_wire, &record, &found, err))
        return false;
    assert_true(found);
    record.complaints++;
    return turn_save(turn, key, &collect_member_wire, &record,
                     record.complaints < 3 ? due_ms + 10 : TIME_NONE, err);
}

static const struct stage_output OUTPUTS[] = {{"main", true}, {"other", false}};
static const struct stage_def DEF = {
    .service = "t",
    .name = "tested",
    .input = "in",
    .outputs = OUTPUTS,
    .n_outputs = COUNT_OF(OUTPUTS),
    .forward_ticks = true,
    .on_event = on_event,
    .on_timer = on_timer,
};

/* --- the bench ---------------------------------------------------------------------- */

struct bench {
    struct store *store;
    struct turn *turn;
    struct turn_driver driver;
    struct buf bytes; /* of the message at hand */
    struct buf text;
    const struct output *outputs;
    size_t n_outputs;
};

static const struct header HEADERS[] = {{{"redress-error-reason", 20}, {"forged", 6}},
                                        {{"trace", 5}, {"1", 1}}};

static void
put(struct bench *bench, const char *key, int64_t due_ms)
{
    CLEANUP(buf_release) struct buf bytes = {0};
    struct err err = {0};
    const struct collect_member record = {.complaints = 0};
    assert_true(wire_encode(&collect_member_wire, &record, &bytes, &err));
    store_put(bench->store, str_from(key), buf_str(&bytes), due_ms);
    store_commit(bench->store);
}

static void
bench_open(struct bench *bench)
{
    *bench = (struct bench){.store = store_new(), .turn = turn_new()};
    bench->driver = (struct turn_driver){.def = &DEF,
                                         .store = bench->store,
                                         .partition = PARTITION,
                                         .clock_ms = TIME_NONE};
    events_seen = 0;
    now_seen = TIME_NONE;
}

static void
bench_close(struct bench *bench)
{
    turn_drop(bench->turn);
    store_drop(bench->store);
    buf_release(&bench->bytes);
    buf_release(&bench->text);
}

static bool
give_bytes(struct bench *bench, struct str value, struct err *err)
{
    const struct raw_message message = {.topic = STR("in"),
                                        .partition = PARTITION,
                                        .offset = 41,
                                        .timestamp_ms = T0,
                                        .key = STR("key"),
                                        .value = value,
                                        .n_headers = COUNT_OF(HEADERS),
                                        .headers = HEADERS};
    turn_clear(bench->turn);
    bool ok = turn_run(bench->turn, &bench->driver, &message, T0 + DAY_MS, err);
    bench->n_outputs = turn_outputs(bench->turn, &bench->outputs);
    return ok;
}

static bool
give(struct bench *bench, const char *id, enum event_type type, int64_t at_ms,
     const struct origin *origin, struct err *err)
{
    const struct complaint_event ev = {.event_id = str_from(id),
                                       .type = type,
                                       .customer_key = STR("0123456789ab"),
                                       .occurred_at = at_ms,
                                       .origin = origin};
    buf_clear(&bench->bytes);
    assert_true(wire_encode(&complaint_event_wire, &ev, &bench->bytes, err));
    return give_bytes(bench, buf_str(&bench->bytes), err);
}

static void
give_ok(struct bench *bench, const char *id, int64_t at_ms)
{
    struct err err = {0};
    if (!give(bench, id, EVENT_TYPE_COMPLAINT_MESSAGE, at_ms, NULL, &err))
        fail_msg("%s", err.text);
}

static void
print_record(void *ctx, struct str key, struct str value, int64_t due_ms)
{
    struct buf *out = ctx;
    buf_printf(out, "%.*s:%zu", STR_ARG(key), value.len);
    for (size_t i = 0; i < value.len; i++)
        buf_printf(out, "%02x", (unsigned char)value.ptr[i]);
    buf_printf(out, "@%lld;", (long long)due_ms);
}

/* Store and counters but for dead letters, as text. */
static char *
state_of(struct bench *bench)
{
    buf_clear(&bench->text);
    store_each(bench->store, true, print_record, &bench->text);
    for (size_t i = 0; i < COUNT_COUNTERS; i++)
        if (i != COUNT_DEAD)
            buf_printf(&bench->text, "%lld ", (long long)bench->driver.counters[i]);
    char *copy = strdup(bench->text.ptr);
    assert_non_null(copy);
    return copy;
}

/* What the timers emitted: "name=clock;" each, dead letters as "!key;". */
static const char *
fired(struct bench *bench)
{
    buf_clear(&bench->text);
    buf_add_c(&bench->text, "");
    for (size_t i = 0; i < bench->n_outputs; i++) {
        const struct output *output = &bench->outputs[i];
        if (output->topic == OUTPUT_DEAD_LETTER)
            buf_printf(&bench->text, "!%.*s;", STR_ARG(output->key));
        else if (output->topic == OUT_OTHER)
            buf_printf(&bench->text, "%.*s=%.*s;", STR_ARG(output->key),
                       STR_ARG(output->value));
    }
    return bench->text.ptr;
}

static void
assert_headers(const struct output *output, const char *expect)
{
    CLEANUP(buf_release) struct buf text = {0};
    for (size_t i = 0; i < output->n_headers; i++)
        buf_printf(&text, "%.*s=%.*s;", STR_ARG(output->headers[i].name),
                   STR_ARG(output->headers[i].value));
    assert_string_equal(text.ptr, expect);
}

/* --- one event ---------------------------------------------------------------------- */

static void
test_accepted(void **state)
{
    (void)state;
    struct bench bench;
    bench_open(&bench);
    put(&bench, "old", TIME_NONE);
    give_ok(&bench, "fine", T0);
    assert_int_equal(bench.n_outputs, 2);
    assert_int_equal(bench.outputs[0].topic, OUT_MAIN);
    assert_int_equal(bench.outputs[0].partition, PARTITION);
    assert_true(str_eq(bench.outputs[0].key, STR("0123456789ab")));
    assert_int_equal(bench.outputs[1].topic, OUT_OTHER);
    assert_int_equal(bench.outputs[1].partition, -1);
    assert_int_equal(store_count(bench.store), 2);
    assert_int_equal(store_due(bench.store, STR("new")), T0 + 1);
    assert_int_equal(bench.driver.counters[COUNT_ACCEPTED], 1);
    assert_int_equal(bench.driver.counters[COUNT_DEAD], 0);
    bench_close(&bench);
}

static void
test_refused_leaves_no_trace(void **state)
{
    (void)state;
    static const struct {
        const char *id;
        const char *reason; /* of the dead letter; NULL: the run fails */
        enum err_action action;
    } rows[] = {
        {"refuse", "bad_field", ERR_NONE},
        {"large", "too_large", ERR_NONE},
        {"retry", NULL, ERR_RETRY},
        {"stop", NULL, ERR_STOP},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        print_message("row %zu: %s\n", i, rows[i].id);
        struct bench bench;
        struct err err = {0};
        bench_open(&bench);
        put(&bench, "old", T0 + DAY_MS);
        put(&bench, "timed", T0 + HOUR_MS);
        char *before = state_of(&bench);
        bool ok = give(&bench, rows[i].id, EVENT_TYPE_COMPLAINT_MESSAGE, T0, NULL, &err);
        char *after = state_of(&bench);
        assert_string_equal(after, before);
        assert_int_equal(events_seen, 1);
        assert_int_equal(ok, rows[i].reason != NULL);
        assert_int_equal(bench.n_outputs, ok);
        assert_int_equal(bench.driver.counters[COUNT_DEAD], ok);
        assert_int_equal(err.action, rows[i].action);
        if (ok) {
            const struct output *letter = &bench.outputs[0];
            assert_int_equal(letter->topic, OUTPUT_DEAD_LETTER);
            assert_true(str_eq(letter->headers[2].value, str_from(rows[i].reason)));
        }
        free(before);
        free(after);
        bench_close(&bench);
    }
}

static void
test_dead_letters(void **state)
{
    (void)state;
    struct bench bench;
    struct err err = {0};
    bench_open(&bench);
    assert_true(give(&bench, "refuse", EVENT_TYPE_COMPLAINT_MESSAGE, T0, NULL, &err));
    const struct output *letter = &bench.outputs[0];
    assert_int_equal(letter->partition, -1);
    assert_true(str_eq(letter->key, STR("key")));
    assert_true(str_eq(letter->value, buf_str(&bench.bytes)));
    /* The original's headers first: ours are the last of a name. */
    assert_headers(letter, "redress-error-reason=forged;trace=1;"
                           "redress-error-reason=bad_field;"
                           "redress-error-detail=not 1 to 5;redress-error-stage=tested;"
                           "redress-error-topic=in;redress-error-partition=3;"
                           "redress-error-offset=41;redress-error-path=$.data.score;"
                           "redress-error-encoding=avro;");

    /* Where the publisher's own message lies, when the event says so. */
    const struct origin origin = {.topic = STR("inbound"), .partition = 9, .offset = 7};
    assert_true(give(&bench, "refuse", EVENT_TYPE_COMPLAINT_MESSAGE, T0, &origin, &err));
    assert_headers(&bench.outputs[0],
                   "redress-error-reason=forged;trace=1;"
                   "redress-error-reason=bad_field;"
                   "redress-error-detail=not 1 to 5;redress-error-stage=tested;"
                   "redress-error-topic=inbound;redress-error-partition=9;"
                   "redress-error-offset=7;redress-error-path=$.data.score;"
                   "redress-error-encoding=avro;");
    bench_close(&bench);
}

static void
test_unreadable(void **state)
{
    (void)state;
    static const struct str GIVEN[] = {
        {NULL, 0}, {"", 0}, {"{}", 2}, {"\xc3\x01", 2}, {"\xc3\x01 12345678", 11},
    };
    for (size_t i = 0; i < COUNT_OF(GIVEN); i++) {
        print_message("row %zu\n", i);
        struct bench bench;
        struct err err = {0};
        bench_open(&bench);
        assert_true(give_bytes(&bench, GIVEN[i], &err));
        assert_int_equal(events_seen, 0);
        assert_int_equal(bench.n_outputs, 1);
        assert_true(str_eq(bench.outputs[0].headers[2].value, STR("bad_schema")));
        assert_true(str_eq(bench.outputs[0].value, GIVEN[i]));
        assert_int_equal(bench.driver.clock_ms, TIME_NONE);
        bench_close(&bench);
    }
}

/* --- timers and clocks -------------------------------------------------------------- */

static void
test_timers_fire_in_order(void **state)
{
    (void)state;
    struct bench bench;
    bench_open(&bench);
    put(&bench, "c", T0 + 20);
    put(&bench, "a", T0 + 20);
    put(&bench, "z", T0 + 10);
    put(&bench, "again", T0 + 5);
    put(&bench, "later", T0 + 31);
    put(&bench, "bad", T0 + 12);
    put(&bench, "b", T0 + 30);
    give_ok(&bench, "quiet", T0);
    assert_string_equal(fired(&bench), "");

    /* Each with the clock at its due time; the one that is refused stops none. */
    give_ok(&bench, "quiet", T0 + 30);
    assert_string_equal(fired(&bench), "again@5=5;z@10=10;!bad;again@15=15;a@20=20;"
                                       "c@20=20;again@25=25;b@30=30;");
    assert_int_equal(now_seen, T0 + 30);
    assert_int_equal(store_timers(bench.store), 1);
    assert_int_equal(store_count(bench.store), 7);
    for (size_t i = 0; i < bench.n_outputs; i++)
        if (bench.outputs[i].topic == OUTPUT_DEAD_LETTER)
            assert_headers(&bench.outputs[i],
                           "redress-error-reason=bad_field;"
                           "redress-error-detail=no such timer;"
                           "redress-error-stage=tested;redress-error-topic=;"
                           "redress-error-partition=-1;redress-error-offset=-1;"
                           "redress-error-encoding=state;");
    bench_close(&bench);
}

static void
test_event_clock(void **state)
{
    (void)state;
    static const struct {
        int64_t at_ms, expect_ms;
    } rows[] = {{100, 100}, {50, 100}, {100, 100}, {101, 101}, {-7, 101}};
    struct bench bench;
    bench_open(&bench);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        print_message("row %zu\n", i);
        give_ok(&bench, "quiet", T0 + rows[i].at_ms);
        assert_int_equal(now_seen, T0 + rows[i].expect_ms);
        assert_int_equal(bench.driver.clock_ms, T0 + rows[i].expect_ms);
    }
    /* A timer that was set into the past fires with the next event that is not late; time
     * does not go back for it. */
    put(&bench, "past", T0 + 60);
    give_ok(&bench, "quiet", T0 + 200);
    assert_string_equal(fired(&bench), "past@60=101;");
    bench_close(&bench);
}

static void
test_wall_clock(void **state)
{
    (void)state;
    struct bench bench;
    struct err err = {0};
    bench_open(&bench);
    bench.driver.settings.wall_clock = true;
    put(&bench, "a", T0 + 1);
    put(&bench, "b", T0 + 2);
    put(&bench, "c", T0 + 3);
    give_ok(&bench, "quiet", T0 + 2 * DAY_MS);
    assert_int_equal(now_seen, T0 + DAY_MS); /* the machine's */
    assert_true(give(&bench, "t", EVENT_TYPE_TICK, T0 + 2 * DAY_MS, NULL, &err));
    assert_string_equal(fired(&bench), "");

    size_t n = 0;
    turn_clear(bench.turn);
    assert_true(turn_run_timers(bench.turn, &bench.driver, T0 + 2, 1, &n, &err));
    assert_int_equal(n, 1);
    assert_true(turn_run_timers(bench.turn, &bench.driver, T0 + 2, 9, &n, &err));
    assert_int_equal(n, 1);
    bench.n_outputs = turn_outputs(bench.turn, &bench.outputs);
    assert_string_equal(fired(&bench), "a@1=2;b@2=2;");
    bench_close(&bench);
}

static void
test_ticks(void **state)
{
    (void)state;
    for (int forward = 0; forward < 2; forward++) {
        print_message("forward %d\n", forward);
        struct stage_def def = DEF;
        struct bench bench;
        struct err err = {0};
        bench_open(&bench);
        def.forward_ticks = forward;
        bench.driver.def = &def;
        put(&bench, "a", T0 + 1);
        assert_true(give(&bench, "t", EVENT_TYPE_TICK, T0 + 1, NULL, &err));
        assert_int_equal(events_seen, 0);
        assert_int_equal(bench.driver.counters[COUNT_PASSED], 1);
        assert_string_equal(fired(&bench), "a@1=1;");
        assert_int_equal(bench.n_outputs, 1 + forward);
        if (forward) { /* after what it made fire, byte for byte, to its partition */
            assert_int_equal(bench.outputs[1].topic, OUT_MAIN);
            assert_int_equal(bench.outputs[1].partition, PARTITION);
            assert_true(str_eq(bench.outputs[1].value, buf_str(&bench.bytes)));
        }
        bench_close(&bench);
    }
}

/* State of ours that cannot be read is no event's fault: the stage stops. */
static void
test_broken_state_stops(void **state)
{
    (void)state;
    struct bench bench;
    struct err err = {0};
    bench_open(&bench);
    store_put(bench.store, STR("again"), STR("garbage"), T0 + 1);
    store_commit(bench.store);
    assert_false(give(&bench, "quiet", EVENT_TYPE_COMPLAINT_MESSAGE, T0 + 1, NULL, &err));
    assert_int_equal(err.action, ERR_STOP);
    assert_true(str_starts(str_from(err.text), STR("state record again: ")));
    assert_int_equal(bench.n_outputs, 0);
    assert_int_equal(events_seen, 0);
    bench_close(&bench);
}

/* --- a stage's room ----------------------------------------------------------------- */

static int released[2];
static size_t calls_seen[2];

static bool
count_call(struct turn *turn, size_t which)
{
    size_t *room = turn_room(turn);
    calls_seen[which] = ++*room;
    return true;
}

static bool
on_first(struct turn *turn, const struct complaint_event *ev, struct err *err)
{
    (void)ev;
    (void)err;
    return count_call(turn, 0);
}

static bool
on_second(struct turn *turn, const struct complaint_event *ev, struct err *err)
{
    if (!count_call(turn, 1))
        return false;
    return !str_eq(ev->event_id, STR("refuse")) ||
           err_dead(err, DEAD_BAD_FIELD, NULL, "no");
}

static void
release_first(void *room)
{
    released[0] += *(size_t *)room == 2 ? 1 : 100;
}

static void
release_second(void *room)
{
    released[1] += *(size_t *)room == 3 ? 1 : 100;
}

/* Zero at first, one a stage and turn, kept over refused events, released once. */
static void
test_room(void **state)
{
    (void)state;
    static const struct stage_def defs[2] = {
        {.service = "t",
         .name = "first",
         .outputs = OUTPUTS,
         .n_outputs = COUNT_OF(OUTPUTS),
         .on_event = on_first,
         .room_bytes = sizeof(size_t),
         .room_release = release_first},
        {.service = "t",
         .name = "second",
         .outputs = OUTPUTS,
         .n_outputs = COUNT_OF(OUTPUTS),
         .on_event = on_second,
         .room_bytes = sizeof(size_t),
         .room_release = release_second},
    };
    static const struct {
        size_t def;
        const char *id;
        size_t calls;
    } rows[] = {{0, "a", 1}, {1, "a", 1}, {1, "refuse", 2}, {0, "b", 2}, {1, "b", 3}};
    struct bench bench;
    bench_open(&bench);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        print_message("row %zu: stage %zu, %s\n", i, rows[i].def, rows[i].id);
        bench.driver.def = &defs[rows[i].def];
        give_ok(&bench, rows[i].id, T0);
        assert_int_equal(calls_seen[rows[i].def], rows[i].calls);
    }
    assert_int_equal(released[0] + released[1], 0);
    bench_close(&bench);
    assert_int_equal(released[0], 1);
    assert_int_equal(released[1], 1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_room),
        cmocka_unit_test(test_accepted),
        cmocka_unit_test(test_refused_leaves_no_trace),
        cmocka_unit_test(test_dead_letters),
        cmocka_unit_test(test_unreadable),
        cmocka_unit_test(test_timers_fire_in_order),
        cmocka_unit_test(test_event_clock),
        cmocka_unit_test(test_wall_clock),
        cmocka_unit_test(test_ticks),
        cmocka_unit_test(test_broken_state_stops),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
