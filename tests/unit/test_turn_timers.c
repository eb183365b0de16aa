/* One step of the event clock may let very many timers fire: a bounded number at a time,
 * in due order, each once, and the message that brought the time after all of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "stage/turn.h"
#include "state/store.h"

#define T0 INT64_C(1767225600000)
#define TIMERS ((TURN_TIMERS_AT_ONCE * 5) / 2)

static int64_t last_due;
static size_t fired_early; /* before the events of this run */
static size_t events;

static bool
on_event(struct turn *turn, const struct complaint_event *ev, struct err *err)
{
    (void)turn;
    events++;
    if (ev->type == EVENT_TYPE_COMPLAINT_REACH)
        return err_dead(err, DEAD_BAD_FIELD, NULL, "refused after its time has come");
    return true;
}

static bool
on_timer(struct turn *turn, struct str key, int64_t due_ms, struct err *err)
{
    (void)key;
    (void)err;
    assert_true(due_ms >= last_due);
    assert_int_equal(turn_now_ms(turn), due_ms);
    last_due = due_ms;
    fired_early += events == 0;
    return true;
}

static const struct stage_output OUTPUTS[] = {{"out", true}};
static const struct stage_def DEF = {.service = "t",
                                     .name = "t",
                                     .input = "in",
                                     .outputs = OUTPUTS,
                                     .n_outputs = 1,
                                     .on_event = on_event,
                                     .on_timer = on_timer};

static void
run_of_type(enum event_type type, size_t expect_dead)
{
    struct store *store = store_new();
    struct turn *turn = turn_new();
    struct turn_driver driver = {.def = &DEF, .store = store, .clock_ms = T0};
    CLEANUP(buf_release) struct buf bytes = {0};
    struct err err = {0};
    for (int i = 0; i < TIMERS; i++) {
        char key[16];
        (void)snprintf(key, sizeof(key), "k%d", i);
        store_put(store, str_from(key), STR("v"), T0 + 1 + (i * 7919) % TIMERS);
    }
    store_commit(store);
    const struct complaint_event ev = {.event_id = STR("e"),
                                       .type = type,
                                       .customer_key = STR(""),
                                       .occurred_at = T0 + DAY_MS};
    assert_true(wire_encode(&complaint_event_wire, &ev, &bytes, &err));
    const struct raw_message message = {
        .topic = STR("in"), .offset = 7, .timestamp_ms = T0, .value = buf_str(&bytes)};
    const struct output *outputs = NULL;
    size_t dead = 0;
    int runs = 0;
    last_due = 0;
    fired_early = events = 0;
    do {
        size_t before = fired_early;
        assert_true(turn_run(turn, &driver, &message, 0, &err));
        dead += turn_outputs(turn, &outputs);
        turn_clear(turn);
        store_commit(store);
        runs++;
        assert_true(fired_early - before <= TURN_TIMERS_AT_ONCE);
        assert_int_equal(driver.clock_ms, turn_unfinished(turn) ? last_due : T0 + DAY_MS);
    } while (turn_unfinished(turn));
    assert_int_equal(runs, 3);
    assert_int_equal(fired_early, TIMERS);
    assert_int_equal(events, 1);
    assert_int_equal(dead, expect_dead);
    /* Time has passed, also for an event that was refused: nothing fires again. */
    assert_int_equal(store_timers(store), 0);
    turn_drop(turn);
    store_drop(store);
}

static void
test_many_timers(void **state)
{
    (void)state;
    run_of_type(EVENT_TYPE_COMPLAINT_MESSAGE, 0);
}

static void
test_refused_event_keeps_its_time(void **state)
{
    (void)state;
    run_of_type(EVENT_TYPE_COMPLAINT_REACH, 1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_many_timers),
        cmocka_unit_test(test_refused_event_keeps_its_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
