/* The stage through turns: sections, own events, timers, ticks, merges, history, policy.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <cmocka.h>

#include "base/buf.h"
#include "gen/sla_case.h"
#include "sla/stages.h"
#include "state/store.h"

#define T0 INT64_C(1772442000000) /* Monday 2026-03-02 09:00 UTC */
#define A "0f0f0f0f-0f0f-8f0f-8f0f-0f0f0f0f0f0a"
#define B "0f0f0f0f-0f0f-8f0f-8f0f-0f0f0f0f0f0b"
#define HASH "0f0f0f0f0f0f445566778899aabbccdd"

struct bench {
    struct turn *turn;
    struct turn_driver driver;
    struct store *store;
    void *policy;
    struct arena arena;
    struct buf log; /* what came out: "hours type; ", own events with their clock */
    int64_t wall_ms;
    int64_t offset;
};

static void
open_bench(struct bench *bench, bool wall)
{
    struct err err = {0};
    *bench = (struct bench){.turn = turn_new(), .store = store_new()};
    bench->policy = sla_stage.policy_load("deploy/policy", &err);
    assert_non_null(bench->policy);
    bench->wall_ms = T0;
    bench->driver = (struct turn_driver){
        .def = &sla_stage,
        .store = bench->store,
        .policy = bench->policy,
        .settings = {.salt = STR("salt"),
                     .default_region = STR("GB"),
                     .wall_clock = wall},
        .partition = 3,
        .clock_ms = TIME_NONE,
    };
}

static void
close_bench(struct bench *bench)
{
    turn_drop(bench->turn);
    store_drop(bench->store);
    sla_stage.policy_free(bench->policy);
    arena_release(&bench->arena);
    buf_release(&bench->log);
}

/* Logs and forgets what came out; the last complaint event stays in *ret_last. */
static void
drain(struct bench *bench, struct complaint_event *ret_last)
{
    const struct output *outputs = NULL;
    size_t n = turn_outputs(bench->turn, &outputs);
    for (size_t i = 0; i < n; i++) {
        struct err err = {0};
        assert_int_equal(outputs[i].topic, 0);
        assert_int_equal(outputs[i].partition, 3);
        struct str value = arena_str(&bench->arena, outputs[i].value);
        assert_true(
            wire_decode(&complaint_event_wire, value, &bench->arena, ret_last, &err));
        assert_true(str_eq(outputs[i].key, ret_last->customer_key));
        (void)buf_printf(&bench->log, "%g %s",
                         (double)(ret_last->occurred_at - T0) / HOUR_MS,
                         event_type_name(ret_last->type));
        if (ret_last->sla && ret_last->sla->fired)
            (void)buf_printf(&bench->log, "(%s %d)",
                             clock_name(ret_last->sla->fired->clock),
                             ret_last->sla->fired->percent);
        (void)buf_add_c(&bench->log, "; ");
    }
    turn_clear(bench->turn);
}

static struct complaint_event
give(struct bench *bench, const struct complaint_event *ev)
{
    struct err err = {0};
    struct buf bytes = {0};
    struct complaint_event last = {0};
    assert_true(wire_encode(&complaint_event_wire, ev, &bytes, &err));
    struct raw_message message = {.topic = STR("complaints.triaged"),
                                  .partition = 3,
                                  .offset = bench->offset++,
                                  .timestamp_ms = bench->wall_ms,
                                  .key = ev->customer_key,
                                  .value = buf_str(&bytes)};
    assert_true(turn_run(bench->turn, &bench->driver, &message, bench->wall_ms, &err));
    drain(bench, &last);
    buf_release(&bytes);
    return last;
}

static void
wall_to(struct bench *bench, int64_t hours)
{
    struct err err = {0};
    size_t fired = 0;
    struct complaint_event last = {0};
    bench->wall_ms = T0 + hours * HOUR_MS;
    assert_true(
        turn_run_timers(bench->turn, &bench->driver, bench->wall_ms, 1000, &fired, &err));
    drain(bench, &last);
}

static const struct register_section open_at_t0 = {.state = STATE_OPEN,
                                                   .received_at = T0};
static const struct submission web = {.channel = CHANNEL_WEB};

static struct complaint_event
event(double hours, enum event_type type, const struct register_section *reg)
{
    return (struct complaint_event){
        .event_id = {"11111111-1111-8111-8111-111111111111", 36},
        .type = type,
        .stage = STAGE_REGISTER,
        .complaint_id = STR(A),
        .customer_key = STR("0f0f0f0f0f0f"),
        .customer_hash = STR(HASH),
        .occurred_at = T0 + (int64_t)(hours * HOUR_MS),
        .recorded_at = T0,
        .register_ = reg,
        .submission = type == EVENT_TYPE_COMPLAINT_SUBMITTED ? &web : NULL,
    };
}

static void
tick(struct bench *bench, double hours)
{
    struct complaint_event ev = {.event_id = STR("t"),
                                 .type = EVENT_TYPE_TICK,
                                 .customer_key = STR(""),
                                 .occurred_at = T0 + (int64_t)(hours * HOUR_MS)};
    give(bench, &ev);
}

static const struct sla_clock *
row_of(const struct complaint_event *ev, enum clock clock)
{
    assert_non_null(ev->sla);
    for (size_t i = 0; ev->sla && i < ev->sla->n_clocks; i++) {
        if (ev->sla->clocks[i].clock == clock)
            return &ev->sla->clocks[i];
    }
    return NULL;
}

static void
a_life_on_the_event_clock(void **state)
{
    (void)state;
    struct bench bench;
    open_bench(&bench, false);
    struct complaint_event ev = event(0, EVENT_TYPE_COMPLAINT_SUBMITTED, &open_at_t0);
    struct complaint_event out = give(&bench, &ev);
    assert_int_equal(out.sla->n_clocks, 5);
    assert_string_equal(out.sla->policy.ptr ? "default" : "", "default");
    assert_int_equal(row_of(&out, CLOCK_FIRST_RESPONSE)->due_at, T0 + 32 * HOUR_MS);
    assert_int_equal(row_of(&out, CLOCK_RECOVERY_WINDOW)->due_at, T0 + 28 * DAY_MS);
    assert_non_null(out.submission);
    assert_int_equal(store_first_due(bench.store), T0 + 8 * HOUR_MS);

    ev = event(2, EVENT_TYPE_COMPLAINT_ACKNOWLEDGED, &open_at_t0);
    out = give(&bench, &ev);
    assert_int_equal(row_of(&out, CLOCK_ACKNOWLEDGE)->status, CLOCK_STATUS_MET);
    assert_int_equal(out.sla->n_clocks, 5);
    tick(&bench, 31);
    tick(&bench, 33);
    ev = event(34, EVENT_TYPE_COMPLAINT_RESPONDED, &open_at_t0);
    out = give(&bench, &ev);
    assert_int_equal(row_of(&out, CLOCK_FIRST_RESPONSE)->status, CLOCK_STATUS_MET_LATE);
    assert_int_equal(row_of(&out, CLOCK_FIRST_RESPONSE)->breached_at, T0 + 32 * HOUR_MS);
    assert_null(row_of(&out, CLOCK_ACKNOWLEDGE));
    /* Half of 16 open hours: Monday's close; 80 %: Tuesday 13:48; due Tuesday 17:00. */
    assert_string_equal(
        bench.log.ptr,
        "0 complaint.submitted; 2 complaint.acknowledged; "
        "8 sla.warned(first_response 50); 28.8 sla.warned(first_response 80); "
        "31 tick; 32 sla.breached(first_response 0); "
        "32 sla.escalated(first_response 0); 33 tick; "
        "34 complaint.responded; ");
    close_bench(&bench);
}

/* The same input gives the same bytes, own events and their ids included. */
static void
the_same_input_gives_the_same_bytes(void **state)
{
    (void)state;
    struct str seen[2];
    struct arena arena = {0};
    for (size_t run = 0; run < 2; run++) {
        struct bench bench;
        struct buf all = {0};
        struct err err = {0};
        open_bench(&bench, false);
        for (int i = 0; i < 40; i++) {
            struct register_section reg = open_at_t0;
            reg.state = i % 7 == 3 ? STATE_WAITING_CUSTOMER : STATE_OPEN;
            struct complaint_event ev =
                event(i * 20,
                      i == 0 ? EVENT_TYPE_COMPLAINT_SUBMITTED
                             : (i % 3 ? EVENT_TYPE_COMPLAINT_MESSAGE
                                      : EVENT_TYPE_COMPLAINT_RESPONDED),
                      &reg);
            struct buf bytes = {0};
            assert_true(wire_encode(&complaint_event_wire, &ev, &bytes, &err));
            struct raw_message message = {.topic = STR("t"),
                                          .partition = 3,
                                          .key = ev.customer_key,
                                          .value = buf_str(&bytes)};
            assert_true(turn_run(bench.turn, &bench.driver, &message, 0, &err));
            const struct output *outputs = NULL;
            size_t n = turn_outputs(bench.turn, &outputs);
            for (size_t k = 0; k < n; k++)
                assert_true(buf_add_str(&all, outputs[k].value));
            turn_clear(bench.turn);
            buf_release(&bytes);
        }
        assert_true(all.len > 10000);
        seen[run] = arena_str(&arena, buf_str(&all));
        buf_release(&all);
        close_bench(&bench);
    }
    assert_true(str_eq(seen[0], seen[1]));
    arena_release(&arena);
}

static void
wall_clock_fires_what_a_late_start_left(void **state)
{
    (void)state;
    struct bench bench;
    open_bench(&bench, true);
    struct complaint_event ev = event(0, EVENT_TYPE_COMPLAINT_SUBMITTED, &open_at_t0);
    give(&bench, &ev);
    /* The service was away: an answer of hour 40 is read at hour 50, before any timer. */
    bench.wall_ms = T0 + 50 * HOUR_MS;
    ev = event(40, EVENT_TYPE_COMPLAINT_RESPONDED, &open_at_t0);
    struct complaint_event out = give(&bench, &ev);
    assert_int_equal(row_of(&out, CLOCK_FIRST_RESPONSE)->status, CLOCK_STATUS_MET_LATE);
    assert_string_equal(
        bench.log.ptr,
        "0 complaint.submitted; 8 sla.warned(first_response 50); "
        "18 sla.warned(acknowledge 75); 24 sla.breached(acknowledge 0); "
        "28.8 sla.warned(first_response 80); 32 sla.breached(first_response 0); "
        "32 sla.escalated(first_response 0); 40 complaint.responded; ");
    /* An answer in time that comes later still corrects it. */
    ev = event(20, EVENT_TYPE_COMPLAINT_RESPONDED, &open_at_t0);
    out = give(&bench, &ev);
    assert_int_equal(out.type, EVENT_TYPE_SLA_BREACH_CORRECTED);
    assert_int_equal(row_of(&out, CLOCK_FIRST_RESPONSE)->status, CLOCK_STATUS_MET);
    assert_int_equal(row_of(&out, CLOCK_FIRST_RESPONSE)->met_at, T0 + 20 * HOUR_MS);
    close_bench(&bench);
}

/* Neither when an event is read nor a publisher's fast clock decides over other clocks.
 */
static void
only_event_time_decides(void **state)
{
    (void)state;
    struct bench bench;
    open_bench(&bench, true);
    struct complaint_event ev = event(0, EVENT_TYPE_COMPLAINT_SUBMITTED, &open_at_t0);
    give(&bench, &ev);
    bench.wall_ms = T0 + 50 * HOUR_MS; /* read late, answered in time */
    ev = event(7, EVENT_TYPE_COMPLAINT_RESPONDED, &open_at_t0);
    struct complaint_event out = give(&bench, &ev);
    assert_int_equal(row_of(&out, CLOCK_FIRST_RESPONSE)->status, CLOCK_STATUS_MET);
    assert_string_equal(bench.log.ptr, "0 complaint.submitted; 7 complaint.responded; ");
    close_bench(&bench);

    open_bench(&bench, true);
    ev = event(0, EVENT_TYPE_COMPLAINT_SUBMITTED, &open_at_t0);
    give(&bench, &ev);
    bench.wall_ms = T0 + 7 * HOUR_MS; /* a message that claims to be of tomorrow */
    ev = event(30, EVENT_TYPE_COMPLAINT_MESSAGE, &open_at_t0);
    out = give(&bench, &ev);
    assert_int_equal(row_of(&out, CLOCK_ACKNOWLEDGE)->status, CLOCK_STATUS_RUNNING);
    assert_string_equal(bench.log.ptr, "0 complaint.submitted; 30 complaint.message; ");
    close_bench(&bench);
}

static void
a_merge_goes_on_at_the_target(void **state)
{
    (void)state;
    struct bench bench;
    open_bench(&bench, false);
    struct complaint_event ev = event(0, EVENT_TYPE_COMPLAINT_SUBMITTED, &open_at_t0);
    give(&bench, &ev);
    ev.complaint_id = STR(B);
    give(&bench, &ev);
    struct action promise = {
        .promise_id = STR("p"), .has_due_at = true, .due_at = T0 + 5 * HOUR_MS};
    ev = event(1, EVENT_TYPE_COMPLAINT_PROMISED, &open_at_t0);
    ev.action = &promise;
    give(&bench, &ev);
    struct register_section merged = open_at_t0;
    merged.state = STATE_MERGED;
    merged.merged_into = STR(B);
    ev = event(2, EVENT_TYPE_COMPLAINT_MERGED, &merged);
    struct complaint_event out = give(&bench, &ev);
    assert_int_equal(out.type, EVENT_TYPE_SLA_TAKEN_OVER);
    assert_true(str_eq(out.complaint_id, STR(B)));
    assert_int_equal(row_of(&out, CLOCK_PROMISE)->status, CLOCK_STATUS_RUNNING);
    tick(&bench, 6);
    assert_non_null(strstr(bench.log.ptr, "5 sla.breached(promise 0); "));
    assert_int_equal(store_due(bench.store, STR("c:" A)), TIME_NONE);
    close_bench(&bench);
}

static void
a_history_is_closed_by_one_silent_row(void **state)
{
    (void)state;
    struct bench bench;
    open_bench(&bench, true);
    bench.wall_ms = T0 + 1000 * HOUR_MS;
    struct register_section reg = open_at_t0;
    reg.history = true;
    struct complaint_event ev = event(0, EVENT_TYPE_COMPLAINT_SUBMITTED, &reg);
    give(&bench, &ev);
    assert_int_equal(store_first_due(bench.store), T0 + 1001 * HOUR_MS);
    ev = event(40, EVENT_TYPE_COMPLAINT_RESPONDED, &reg);
    struct complaint_event out = give(&bench, &ev);
    assert_int_equal(row_of(&out, CLOCK_FIRST_RESPONSE)->status, CLOCK_STATUS_MET_LATE);
    wall_to(&bench, 1001);
    wall_to(&bench, 5000);
    assert_string_equal(bench.log.ptr, "0 complaint.submitted; 40 complaint.responded; "
                                       "1001 sla.closed_silently(none 0); ");
    assert_int_equal(store_timers(bench.store), 0);
    close_bench(&bench);
}

static void
what_has_no_complaint_passes(void **state)
{
    (void)state;
    struct bench bench;
    open_bench(&bench, false);
    struct complaint_event ev = event(1, EVENT_TYPE_CUSTOMER_UPDATED, NULL);
    ev.complaint_id = STR_NULL;
    struct complaint_event out = give(&bench, &ev);
    assert_null(out.sla);
    ev = event(2, EVENT_TYPE_COMPLAINT_MESSAGE, &open_at_t0); /* never submitted here */
    out = give(&bench, &ev);
    assert_null(out.sla);
    assert_int_equal(store_count(bench.store), 0);
    close_bench(&bench);
}

static void
a_late_reopening_opens_a_case(void **state)
{
    (void)state;
    struct bench bench;
    open_bench(&bench, false);
    struct regulator fca = {.name = STR("FCA")};
    struct submission said = {.channel = CHANNEL_REGULATOR, .regulator = &fca};
    struct complaint_event ev = event(0, EVENT_TYPE_COMPLAINT_SUBMITTED, &open_at_t0);
    ev.submission = &said;
    give(&bench, &ev);
    struct register_section reg = {.state = STATE_OPEN,
                                   .received_at = T0 + 2000 * HOUR_MS,
                                   .previous_complaint_id = STR(A)};
    ev = event(2000, EVENT_TYPE_COMPLAINT_REOPENED, &reg);
    ev.complaint_id = STR(B);
    struct complaint_event out = give(&bench, &ev);
    assert_int_equal(row_of(&out, CLOCK_STATUTORY)->started_at, T0 + 2000 * HOUR_MS);
    assert_true(str_eq(row_of(&out, CLOCK_STATUTORY)->policy, STR("uk_fca")));
    assert_int_equal(row_of(&out, CLOCK_ACKNOWLEDGE)->start_no, 1);
    close_bench(&bench);
}

/* A regulator that had the case for longer than its term: breached at once, stamped with
 * the due time, after the submission; the ladder begins now. */
static void
what_is_due_already_is_breached_at_once(void **state)
{
    (void)state;
    for (size_t history = 0; history < 2; history++) {
        struct bench bench;
        open_bench(&bench, history > 0);
        struct regulator cfpb = {.name = STR("CFPB"),
                                 .has_received_at = true,
                                 .received_at = T0 - 70 * DAY_MS};
        struct submission said = {.channel = CHANNEL_REGULATOR, .regulator = &cfpb};
        struct register_section reg = open_at_t0;
        reg.history = history > 0;
        struct complaint_event ev = event(0, EVENT_TYPE_COMPLAINT_SUBMITTED, &reg);
        ev.submission = &said;
        struct complaint_event out = give(&bench, &ev);
        print_message("row %zu\n", history);
        if (history) {
            assert_string_equal(bench.log.ptr, "0 complaint.submitted; ");
            assert_int_equal(row_of(&out, CLOCK_STATUTORY)->status, CLOCK_STATUS_RUNNING);
            wall_to(&bench, 2);
            assert_non_null(strstr(bench.log.ptr, "1 sla.closed_silently(none 0); "));
            close_bench(&bench);
            continue;
        }
        /* 2025-12-22, New York: the sixtieth day ends at 2026-02-21T05:00Z. */
        assert_string_equal(bench.log.ptr,
                            "0 complaint.submitted; -220 sla.breached(statutory 0); "
                            "0 sla.escalated(statutory 0); ");
        assert_int_equal(out.sla->fired->level, 2);
        assert_int_equal(out.sla->escalation_level, 2);
        assert_int_equal(store_first_due(bench.store), T0 + 18 * HOUR_MS);
        tick(&bench, 24);
        assert_non_null(strstr(bench.log.ptr, "24 sla.escalated(statutory 0); "));
        close_bench(&bench);
    }
}

static void
a_promise_for_yesterday_is_broken_at_once(void **state)
{
    (void)state;
    struct bench bench;
    open_bench(&bench, false);
    struct complaint_event ev = event(0, EVENT_TYPE_COMPLAINT_SUBMITTED, &open_at_t0);
    give(&bench, &ev);
    struct action promise = {
        .promise_id = STR("p"), .has_due_at = true, .due_at = T0 - DAY_MS};
    ev = event(1, EVENT_TYPE_COMPLAINT_PROMISED, &open_at_t0);
    ev.action = &promise;
    give(&bench, &ev);
    assert_string_equal(bench.log.ptr, "0 complaint.submitted; 1 complaint.promised; "
                                       "-24 sla.breached(promise 0); "
                                       "1 sla.escalated(promise 0); ");
    close_bench(&bench);
}

/* The rows from which `redress policy explain` tells the story: each change of a clock in
 * a row of the event at which it changed. */
static void
each_change_has_its_row(void **state)
{
    (void)state;
    struct bench bench;
    open_bench(&bench, false);
    struct register_section reg = open_at_t0;
    struct complaint_event ev = event(0, EVENT_TYPE_COMPLAINT_SUBMITTED, &reg);
    struct complaint_event out = give(&bench, &ev);
    const struct sla_clock *row = row_of(&out, CLOCK_RESOLUTION);
    assert_true(str_eq(row->calendar, STR("default")));
    assert_true(str_eq(row->zone, STR("Etc/UTC")));
    assert_int_equal(row->started_at, T0);
    assert_int_equal(row->due_at, T0 + 21 * DAY_MS + 15 * HOUR_MS);

    reg.state = STATE_WAITING_CUSTOMER;
    ev = event(1, EVENT_TYPE_COMPLAINT_WAITING, &reg);
    out = give(&bench, &ev);
    row = row_of(&out, CLOCK_RESOLUTION);
    assert_true(str_is_null(row->calendar));
    assert_int_equal(row->status, CLOCK_STATUS_PAUSED);
    assert_int_equal(row->paused_since, T0 + HOUR_MS);

    tick(&bench, 1 + 14 * 24); /* update has had its fourteen days */
    assert_non_null(strstr(bench.log.ptr, "337 sla.resumed(update 0); "));
    tick(&bench, 1 + 30 * 24);
    assert_non_null(strstr(bench.log.ptr, "721 sla.resumed(resolution 0); "));
    reg.state = STATE_OPEN;
    ev = event(722, EVENT_TYPE_COMPLAINT_RESUMED, &reg);
    out = give(&bench, &ev);
    row = row_of(&out, CLOCK_RESOLUTION);
    assert_int_equal(row->status, CLOCK_STATUS_RUNNING);
    assert_int_equal(row->paused_ms, 30 * DAY_MS);
    assert_false(row->has_paused_since);
    int64_t due = row->due_at;
    assert_true(due > T0 + 51 * DAY_MS);

    struct action extension = {.clock = STR("resolution"),
                               .has_until = true,
                               .until = due + DAY_MS,
                               .reason = STR("r"),
                               .approver = STR("a")};
    ev = event(723, EVENT_TYPE_COMPLAINT_EXTENDED, &reg);
    ev.action = &extension;
    out = give(&bench, &ev);
    assert_int_equal(out.type, EVENT_TYPE_COMPLAINT_EXTENDED);
    assert_int_equal(row_of(&out, CLOCK_RESOLUTION)->due_at, due + DAY_MS);
    assert_int_equal(row_of(&out, CLOCK_RESOLUTION)->extended_until, due + DAY_MS);

    ev = event(724, EVENT_TYPE_COMPLAINT_EXTENDED, &reg); /* the same is not later */
    ev.action = &extension;
    out = give(&bench, &ev);
    assert_int_equal(out.type, EVENT_TYPE_SLA_EXTENSION_REFUSED);
    assert_true(out.sla && out.sla->fired && out.sla->fired->clock == CLOCK_RESOLUTION);
    assert_int_equal(out.n_detail, 1);
    assert_true(out.detail && str_eq(out.detail[0].name, STR("reason")));
    assert_true(out.detail &&
                str_eq(out.detail[0].value, STR("\"the clock is not due before then\"")));
    close_bench(&bench);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_life_on_the_event_clock),
        cmocka_unit_test(the_same_input_gives_the_same_bytes),
        cmocka_unit_test(wall_clock_fires_what_a_late_start_left),
        cmocka_unit_test(only_event_time_decides),
        cmocka_unit_test(a_merge_goes_on_at_the_target),
        cmocka_unit_test(a_history_is_closed_by_one_silent_row),
        cmocka_unit_test(what_has_no_complaint_passes),
        cmocka_unit_test(a_late_reopening_opens_a_case),
        cmocka_unit_test(what_is_due_already_is_breached_at_once),
        cmocka_unit_test(a_promise_for_yesterday_is_broken_at_once),
        cmocka_unit_test(each_change_has_its_row),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
