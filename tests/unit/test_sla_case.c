/* What is said of a whole case: merging, policies that change, caps, two ladders, the
 * first row of a clock.  Hours count from Monday 2026-03-02 09:00 UTC. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <cmocka.h>

#include "base/buf.h"
#include "base/times.h"
#include "sla/clocks.h"

#define T0 INT64_C(1772442000000)
#define AT(hours) (T0 + (int64_t)((hours)*HOUR_MS))
#define E(name) EVENT_TYPE_COMPLAINT_##name

static const struct zone utc = {.name = {"Etc/UTC", 7}};
static struct calendar office = {.name = {"office", 6}, .zone = &utc};
static struct sla_rules base_rules;
static struct sla_rules preset_rules;
static const struct calendar *const calendars[] = {&office};
static struct sla_policy policy;

static struct sla_clock_rule
rule(int32_t hours)
{
    return (struct sla_clock_rule){
        .set = true,
        .target = {TARGET_UNIT_HOURS, hours, TARGET_UNTIL_TIME},
        .target_json = STR("{}"),
        .calendar = &office};
}

static struct sla_rung
rung(int32_t hours, const char *to, int32_t level)
{
    return (struct sla_rung){TARGET_UNIT_HOURS, hours, TARGET_UNTIL_TIME, str_from(to),
                             level};
}

static int
set_up(void **state)
{
    (void)state;
    for (size_t i = 0; i < 7; i++)
        office.week[i] = (struct calendar_day){.n_windows = 1, .windows = {{0, 1440}}};
    base_rules =
        (struct sla_rules){.name = STR("base"), .version = STR("7"), .calendar = &office};
    struct sla_clock_rule *clocks = base_rules.clocks;
    clocks[CLOCK_ACKNOWLEDGE] = rule(24);
    clocks[CLOCK_FIRST_RESPONSE] = rule(48);
    clocks[CLOCK_UPDATE] = rule(100);
    clocks[CLOCK_RESOLUTION] = rule(200);
    clocks[CLOCK_RESOLUTION].n_warn = 2;
    clocks[CLOCK_RESOLUTION].warn[0] = 50;
    clocks[CLOCK_RESOLUTION].warn[1] = 80;
    clocks[CLOCK_RESOLUTION].max_pause_ms = 72 * HOUR_MS;
    clocks[CLOCK_RESOLUTION].n_rungs = 3;
    clocks[CLOCK_RESOLUTION].rungs[0] = rung(0, "lead", 1);
    clocks[CLOCK_RESOLUTION].rungs[1] = rung(300, "head", 2);
    clocks[CLOCK_RESOLUTION].rungs[2] = rung(400, "board", 3);
    clocks[CLOCK_PROMISE] = (struct sla_clock_rule){.set = true, .calendar = &office};
    clocks[CLOCK_RECOVERY_WINDOW] = rule(672);
    static const struct str names[] = {{"FCA", 3}};
    preset_rules = (struct sla_rules){.name = STR("fca"),
                                      .version = STR("1"),
                                      .regulator = {1, names},
                                      .calendar = &office};
    preset_rules.clocks[CLOCK_STATUTORY] = rule(400);
    preset_rules.clocks[CLOCK_STATUTORY].n_rungs = 2;
    preset_rules.clocks[CLOCK_STATUTORY].rungs[0] = rung(0, "head", 2);
    preset_rules.clocks[CLOCK_STATUTORY].rungs[1] = rung(24, "board", 3);
    policy = (struct sla_policy){.version = STR("7"),
                                 .hash = STR("h"),
                                 .n_policies = 1,
                                 .policies = &base_rules,
                                 .n_presets = 1,
                                 .presets = &preset_rules,
                                 .n_calendars = 1,
                                 .calendars = calendars};
    return 0;
}

/* As the stage does between two events: through the state record. */
static struct sla_work *
again(struct arena *arena, struct sla_work *work)
{
    struct err err = {0};
    struct buf bytes = {0};
    struct sla_case back = {0};
    sla_published(work);
    sla_pack(work);
    assert_true(wire_encode(&sla_case_wire, &work->c, &bytes, &err));
    struct str copy = arena_str(arena, buf_str(&bytes));
    buf_release(&bytes);
    assert_true(wire_decode(&sla_case_wire, copy, arena, &back, &err));
    return sla_unpack(arena, &back, 4);
}

static struct sla_work *
submitted(struct arena *arena, const char *regulator)
{
    static const struct sla_case none = {0};
    struct regulator by = {.name = str_from(regulator)};
    struct submission said = {.channel = CHANNEL_WEB,
                              .regulator = regulator ? &by : NULL};
    struct register_section reg = {.state = STATE_OPEN, .received_at = T0};
    struct complaint_event ev = {.event_id = STR("s"),
                                 .type = E(SUBMITTED),
                                 .occurred_at = T0,
                                 .register_ = &reg,
                                 .submission = &said};
    struct sla_work *work = sla_unpack(arena, &none, 2);
    sla_open(work, &policy, &ev, NULL);
    return again(arena, work);
}

static struct sla_work *
apply(struct arena *arena, struct sla_work *work, int64_t hours, enum event_type type,
      enum state state, const struct action *action)
{
    struct register_section reg = {.state = state, .received_at = T0};
    struct complaint_event ev = {.event_id = arena_printf(arena, "e%d", (int)hours),
                                 .type = type,
                                 .occurred_at = AT(hours),
                                 .register_ = &reg,
                                 .action = action};
    for (int64_t due = sla_next_due(work); due != TIME_NONE && due <= ev.occurred_at;
         due = sla_next_due(work)) {
        sla_fire(work, &policy, due);
        sla_published(work);
    }
    sla_apply(work, &policy, &ev);
    return work;
}

static struct sla_timer *
timer_of(struct sla_work *work, enum clock clock)
{
    for (size_t i = work->n_timers; i-- > 0;) {
        if (work->timers[i].row.clock == clock)
            return &work->timers[i];
    }
    return NULL;
}

static const struct complaint_event merged = {
    .event_id = {"m", 1}, .type = E(MERGED), .occurred_at = AT(500)};

static void
a_merge_moves_what_goes_on(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct action promise = {
        .promise_id = STR("p"), .has_due_at = true, .due_at = AT(90)};
    struct sla_work *source = submitted(&arena, "FCA");
    struct sla_work *target = submitted(&arena, NULL);
    source = apply(&arena, source, 1, E(PROMISED), STATE_OPEN, &promise);
    source = apply(&arena, source, 5, E(MERGED), STATE_MERGED, NULL);
    assert_int_equal(sla_take_over_count(source), 2);
    assert_true(sla_take_over(source, target, &merged));
    assert_false(sla_any_open(source));
    source = again(&arena, source);
    assert_int_equal(source->n_timers, 0);
    assert_int_equal(target->n_timers, 7);
    const struct sla_clock *legal = &timer_of(target, CLOCK_STATUTORY)->row;
    const struct sla_clock *moved = &timer_of(target, CLOCK_PROMISE)->row;
    assert_int_equal(legal->due_at, AT(400));
    assert_int_equal(legal->status, CLOCK_STATUS_RUNNING);
    assert_true(str_eq(legal->zone, STR("Etc/UTC"))); /* its first row at the target */
    assert_int_equal(moved->due_at, AT(90));
    assert_int_equal(moved->status, CLOCK_STATUS_RUNNING);
    assert_true(str_eq(moved->promise_id, STR("p")));
    arena_release(&arena);
}

/* A breached legal term is not merged away: its ladder goes on where people work. */
static void
a_merge_ends_no_legal_ladder(void **state)
{
    (void)state;
    for (size_t answered = 0; answered < 2; answered++) {
        struct arena arena = {0};
        struct sla_work *source = submitted(&arena, "FCA");
        struct sla_work *target = submitted(&arena, NULL);
        print_message("row %zu\n", answered);
        if (answered)
            target = apply(&arena, target, 450, E(RESOLVED), STATE_RESOLVED, NULL);
        source = apply(&arena, source, 410, E(MERGED), STATE_MERGED, NULL);
        assert_int_equal(timer_of(source, CLOCK_STATUTORY)->row.status,
                         CLOCK_STATUS_BREACHED);
        assert_true(sla_take_over(source, target, &merged));
        assert_int_equal(sla_next_due(source), TIME_NONE);
        const struct sla_timer *moved = timer_of(target, CLOCK_STATUTORY);
        assert_int_equal(moved->row.status,
                         answered ? CLOCK_STATUS_MET_LATE : CLOCK_STATUS_BREACHED);
        assert_int_equal(moved->row.breached_at, AT(400));
        assert_int_equal(moved->has_rung_at, !answered);
        if (!answered)
            assert_int_equal(moved->rung_at, AT(424));
        arena_release(&arena);
    }
}

/* A running clock keeps all that its policy said at its start, also what is still to
 * come: the end of an open pause, warnings, the ladder; the next start takes the new. */
static void
a_new_policy_leaves_running_clocks_alone(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct sla_work *work = submitted(&arena, NULL);
    work =
        again(&arena, apply(&arena, work, 3, E(WAITING), STATE_WAITING_CUSTOMER, NULL));

    base_rules.version = STR("8");
    base_rules.clocks[CLOCK_UPDATE] = rule(10);
    base_rules.clocks[CLOCK_RESOLUTION] = rule(20);
    const struct sla_timer *resolution = timer_of(work, CLOCK_RESOLUTION);
    assert_int_equal(resolution->row.status, CLOCK_STATUS_PAUSED);
    work = apply(&arena, work, 74, E(MESSAGE), STATE_WAITING_CUSTOMER, NULL);
    assert_int_equal(timer_of(work, CLOCK_RESOLUTION)->row.status, CLOCK_STATUS_PAUSED);
    work = apply(&arena, work, 76, E(RESPONDED), STATE_OPEN, NULL);
    resolution = timer_of(work, CLOCK_RESOLUTION);
    assert_int_equal(resolution->row.paused_ms, 72 * HOUR_MS); /* ended at 75 */
    assert_int_equal(resolution->row.due_at, AT(272));
    assert_int_equal(resolution->warn_at, AT(172));
    assert_int_equal(resolution->n_rungs, 3);
    assert_true(str_eq(resolution->row.policy_version, STR("7")));
    const struct sla_clock *update = &timer_of(work, CLOCK_UPDATE)->row;
    assert_int_equal(update->start_no, 2);
    assert_int_equal(update->due_at, AT(86));
    assert_true(str_eq(update->policy_version, STR("8")));
    (void)set_up(NULL);
    arena_release(&arena);
}

/* Two ladders share their roles: each level is climbed once in the case, and the legal
 * breach goes past the lead who has it already. */
static void
levels_are_shared(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct buf log = {0};
    struct sla_work *work = submitted(&arena, "FCA");
    for (int64_t due = sla_next_due(work); due != TIME_NONE; due = sla_next_due(work)) {
        sla_fire(work, &policy, due);
        for (size_t i = 0; i < work->n_own; i++) {
            const struct sla_own *own = &work->own[i];
            if (own->type == EVENT_TYPE_SLA_ESCALATED)
                (void)buf_printf(&log, "%d %s %d:%.*s; ",
                                 (int)((own->at_ms - T0) / HOUR_MS),
                                 clock_name(own->fired.clock), own->fired.level,
                                 STR_ARG(own->fired.to));
        }
        work = again(&arena, work);
    }
    assert_string_equal(buf_str(&log).ptr, "200 resolution 1:lead; 400 statutory 2:head; "
                                           "424 statutory 3:board; ");
    assert_int_equal(work->c.escalation_level, 3);
    buf_release(&log);
    arena_release(&arena);
}

/* However many promises a stranger sends: the case stays small, its own clocks have their
 * room, and what is not taken is said. */
static void
a_case_has_a_cap(void **state)
{
    (void)state;
    struct arena arena = {0};
    size_t refused = 0;
    struct sla_work *work = submitted(&arena, NULL);
    for (int i = 0; i < 300; i++) {
        struct action promise = {.promise_id = arena_printf(&arena, "p%d", i),
                                 .has_due_at = true,
                                 .due_at = AT(100 + i)};
        work = apply(&arena, work, 0, E(PROMISED), STATE_OPEN, &promise);
        for (size_t k = 0; k < work->n_own; k++) {
            refused += work->own[k].type == EVENT_TYPE_SLA_START_REFUSED;
            assert_true(str_eq(work->own[k].fired.promise_id, promise.promise_id));
            assert_non_null(work->own[k].why);
        }
        work = again(&arena, work);
        assert_true(work->n_timers <= SLA_TIMERS_MAX);
    }
    assert_int_equal(refused, 300 - SLA_PROMISES_MAX);
    assert_int_equal(work->n_timers, SLA_PROMISES_MAX + 5);
    work = again(&arena, apply(&arena, work, 1, E(RESPONDED), STATE_OPEN, NULL));
    assert_int_equal(timer_of(work, CLOCK_UPDATE)->row.start_no, 2);

    /* Broken promises make room for new ones, the legal term never. */
    work = apply(&arena, work, 190, E(MESSAGE), STATE_OPEN, NULL);
    for (int i = 0; i < 60; i++) {
        struct action promise = {.promise_id = arena_printf(&arena, "q%d", i),
                                 .has_due_at = true,
                                 .due_at = AT(400 + i)};
        work = apply(&arena, again(&arena, work), 191, E(PROMISED), STATE_OPEN, &promise);
        assert_int_equal(work->n_own, 0);
        assert_true(work->n_timers <= SLA_TIMERS_MAX);
        assert_non_null(timer_of(work, CLOCK_RESOLUTION));
    }
    arena_release(&arena);
}

/* Calendar and zone stand in the first row of a start and in no other. */
static void
the_first_row_tells_the_calendar(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct sla_work *work = submitted(&arena, NULL);
    struct sla_section *first = sla_section_now(work, &policy, NULL);
    struct sla_section *second = sla_section_now(work, &policy, NULL);
    assert_int_equal(first->n_clocks, 5);
    for (size_t i = 0; i < first->n_clocks; i++) {
        assert_true(str_eq(first->clocks[i].calendar, STR("office")));
        assert_true(str_eq(first->clocks[i].zone, STR("Etc/UTC")));
        assert_true(str_is_null(second->clocks[i].calendar));
        assert_true(str_is_null(second->clocks[i].zone));
    }
    work = apply(&arena, work, 1, E(RESPONDED), STATE_OPEN, NULL);
    const struct sla_section *third = sla_section_now(work, &policy, NULL);
    size_t told = 0;
    for (size_t i = 0; i < third->n_clocks; i++)
        told += !str_is_null(third->clocks[i].calendar);
    assert_int_equal(told, 1); /* update anew */
    arena_release(&arena);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_merge_moves_what_goes_on),
        cmocka_unit_test(a_merge_ends_no_legal_ladder),
        cmocka_unit_test(a_new_policy_leaves_running_clocks_alone),
        cmocka_unit_test(levels_are_shared),
        cmocka_unit_test(a_case_has_a_cap),
        cmocka_unit_test(the_first_row_tells_the_calendar),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
