/* One timer: what holds for every target, calendar and course of pauses and extensions;
 * then extensions, retrospect and warnings case by case.  Calendars are those shipped. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <cmocka.h>

#include "base/times.h"
#include "sla/sla_policy.h"
#include "sla/timer.h"

static struct sla_policy *shipped;
static struct arena arena;

static int64_t
at(const char *text)
{
    int64_t ms = 0;
    assert_true(time_parse(str_from(text), &ms));
    return ms;
}

static void
assert_time(int64_t ms, const char *expect)
{
    char text[TIME_TEXT_BYTES];
    char wanted[TIME_TEXT_BYTES];
    assert_string_equal(time_print(ms, text), time_print(at(expect), wanted));
}

static const struct calendar *
named(const char *name)
{
    for (size_t i = 0; i < shipped->n_calendars; i++) {
        if (str_eq(shipped->calendars[i]->name, str_from(name)))
            return shipped->calendars[i];
    }
    fail_msg("no calendar %s", name);
    return NULL;
}

static struct sla_clock_rule
rule(const char *calendar, enum target_unit unit, int32_t n, enum target_until until)
{
    return (struct sla_clock_rule){.set = true,
                                   .target = {unit, n, until},
                                   .target_json = STR("{}"),
                                   .calendar = named(calendar)};
}

static struct sla_timer
started(const struct sla_clock_rule *of, int64_t at_ms, int64_t known_ms)
{
    static const struct sla_rules rules = {.name = {"p", 1}, .version = {"1", 1}};
    struct timer_begin begin = {
        .clock = CLOCK_RESOLUTION, .start_no = 1, .at_ms = at_ms, .known_ms = known_ms};
    return timer_start(&arena, &rules, of, &begin);
}

/* xorshift: the same cases everywhere. */
static uint64_t seed;
static int64_t
pick(int64_t n)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (int64_t)(seed % (uint64_t)n);
}

static struct sla_clock_rule
any_rule(void)
{
    static const char *const calendars[] = {"default", "GB", "US", "CN", "EU"};
    static const struct {
        int64_t most;
        enum target_unit unit;
        bool until;
    } units[] = {{900, TARGET_UNIT_HOURS, false},
                 {60, TARGET_UNIT_DAYS, true},
                 {8, TARGET_UNIT_WEEKS, true},
                 {3, TARGET_UNIT_MONTHS, true},
                 {45, TARGET_UNIT_BUSINESS_DAYS, true},
                 {9000, TARGET_UNIT_BUSINESS_MINUTES, false}};
    size_t u = (size_t)pick((int64_t)COUNT_OF(units));
    enum target_until until = TARGET_UNTIL_TIME;
    if (units[u].until)
        until = (enum target_until)pick(
            units[u].unit == TARGET_UNIT_BUSINESS_DAYS ? TARGET_UNTIL_COUNT : 2);
    struct sla_clock_rule of =
        rule(calendars[pick((int64_t)COUNT_OF(calendars))], units[u].unit,
             (int32_t)pick(units[u].most) + 1, until);
    of.n_warn = 3;
    of.warn[0] = 25;
    of.warn[1] = 50;
    of.warn[2] = 80;
    of.max_pause_ms = pick(3) ? (pick(20) + 1) * DAY_MS : 0;
    return of;
}

/* One random course; whatever happens: the due time never moves earlier, all pauses
 * together keep to their maximum, each percent is warned of once, rising, and none after
 * the end. */
static void
live(size_t i)
{
    struct sla_clock_rule of = any_rule();
    int64_t now =
        at("2024-01-01T00:00:00Z") + pick((int64_t)3 * 365) * DAY_MS + pick(DAY_MS);
    struct sla_timer timer = started(&of, now - (pick(4) ? 0 : pick(20 * DAY_MS)), now);
    int32_t warned = 0;
    for (int step = 0; step < 40; step++) {
        int64_t before = timer.row.due_at;
        int64_t next_ms = TIME_NONE;
        int64_t then = now + pick(3) * pick(2 * DAY_MS);
        enum timer_action action = timer_next(&timer, &next_ms);
        if (action != TIMER_RESTS && next_ms <= then) {
            now = i64_max(now, next_ms);
            if (action == TIMER_ENDS)
                break;
            if (action == TIMER_RESUMES) {
                timer_resume(&timer, of.calendar, now);
                assert_false(timer_pause(&timer, now));
            } else {
                assert_int_equal(action, TIMER_WARNS);
                assert_true(now <= timer.row.due_at);
                timer_warned(&timer, of.calendar);
                assert_true(timer.row.warned_percent > warned);
                warned = timer.row.warned_percent;
            }
        } else {
            now = then;
            int64_t what = pick(5);
            if (timer.row.status == CLOCK_STATUS_PAUSED && what < 3)
                timer_resume(&timer, of.calendar, now);
            else if (what < 3)
                (void)timer_pause(&timer, now);
            else if (what == 4)
                (void)timer_extend(&timer, of.calendar, now,
                                   timer.row.due_at + (pick(20) - 5) * DAY_MS);
        }
        if (timer.row.due_at < before)
            fail_msg("case %zu, step %d: due %lld ms earlier", i, step,
                     (long long)(before - timer.row.due_at));
        assert_true(of.max_pause_ms == 0 || timer.row.paused_ms <= of.max_pause_ms);
        assert_true(timer.row.paused_ms >= 0);
    }
}

static void
due_times_never_move_earlier(void **state)
{
    (void)state;
    seed = UINT64_C(20260302);
    for (size_t i = 0; i < 4000; i++)
        live(i);
    arena_release(&arena);
}

/* The maximum is for all pauses of a start together. */
static void
pauses_together_keep_to_the_maximum(void **state)
{
    (void)state;
    struct sla_clock_rule of =
        rule("default", TARGET_UNIT_HOURS, 1000, TARGET_UNTIL_TIME);
    of.max_pause_ms = 10 * DAY_MS;
    int64_t t0 = at("2026-03-02T09:00:00Z");
    int64_t due = t0 + 1000 * HOUR_MS;
    struct sla_timer timer = started(&of, t0, t0);
    assert_true(timer_pause(&timer, t0 + DAY_MS));
    timer_resume(&timer, of.calendar, t0 + 7 * DAY_MS);
    assert_true(timer_pause(&timer, t0 + 8 * DAY_MS));
    int64_t end = 0;
    assert_int_equal(timer_next(&timer, &end), TIMER_RESUMES);
    assert_int_equal(end, t0 + 12 * DAY_MS); /* six days are gone, four are left */
    /* A publisher's fast clock does not lengthen it. */
    timer_resume(&timer, of.calendar, t0 + 20 * DAY_MS);
    assert_int_equal(timer.row.paused_ms, 10 * DAY_MS);
    assert_int_equal(timer.row.due_at, due + 10 * DAY_MS);
    assert_false(timer_pause(&timer, t0 + 21 * DAY_MS));
    assert_int_equal(timer.row.status, CLOCK_STATUS_RUNNING);
}

#define GIVEN TARGET_UNIT_GIVEN
#define DAYS TARGET_UNIT_DAYS
#define BDAYS TARGET_UNIT_BUSINESS_DAYS
#define EOD TARGET_UNTIL_END_OF_DAY

/* FCA's eight weeks from 2 March: due at the end of 27 April in London. */
static void
extensions(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        bool limited;
        struct sla_extension extension;
        const char *until[2]; /* the second a day after the first */
        enum timer_extension expect[2];
        const char *due;
    } rows[] = {
        {"no rule: as far and as often as is approved",
         false,
         {0},
         {"2026-06-01T00:00:00Z", "2027-06-01T00:00:00Z"},
         {TIMER_EXTENDED, TIMER_EXTENDED},
         "2027-06-01T00:00:00Z"},
        {"never",
         true,
         {0, GIVEN, 0, 0},
         {"2026-06-01T00:00:00Z", NULL},
         {TIMER_TOO_OFTEN, 0},
         "2026-04-27T23:00:00Z"},
        {"once",
         true,
         {1, GIVEN, 0, 0},
         {"2026-06-01T00:00:00Z", "2026-06-02T00:00:00Z"},
         {TIMER_EXTENDED, TIMER_TOO_OFTEN},
         "2026-06-01T00:00:00Z"},
        {"to the end of the last day that is allowed",
         true,
         {1, DAYS, 30, EOD},
         {"2026-05-27T23:00:00Z", NULL},
         {TIMER_EXTENDED, 0},
         "2026-05-27T23:00:00Z"},
        {"a second too far; that does not count as the one",
         true,
         {1, DAYS, 30, EOD},
         {"2026-05-27T23:00:01Z", "2026-05-20T00:00:00Z"},
         {TIMER_TOO_FAR, TIMER_EXTENDED},
         "2026-05-20T00:00:00Z"},
        {"all extensions together",
         true,
         {5, DAYS, 30, EOD},
         {"2026-05-20T00:00:00Z", "2026-05-28T00:00:00Z"},
         {TIMER_EXTENDED, TIMER_TOO_FAR},
         "2026-05-20T00:00:00Z"},
        {"three business days: over the bank holiday of 4 May",
         true,
         {1, BDAYS, 5, EOD},
         {"2026-05-05T23:00:01Z", "2026-05-05T23:00:00Z"},
         {TIMER_TOO_FAR, TIMER_EXTENDED},
         "2026-05-05T23:00:00Z"},
        {"never earlier, and the same is not later",
         false,
         {0},
         {"2026-04-01T00:00:00Z", "2026-04-27T23:00:00Z"},
         {TIMER_NOT_LATER, TIMER_NOT_LATER},
         "2026-04-27T23:00:00Z"},
    };
    int64_t t0 = at("2026-03-02T10:00:00Z");
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct sla_clock_rule of = rule("GB", TARGET_UNIT_WEEKS, 8, EOD);
        of.has_extension = rows[i].limited;
        of.extension = rows[i].extension;
        struct sla_timer timer = started(&of, t0, t0);
        print_message("row %zu: %s\n", i, rows[i].what);
        for (size_t k = 0; k < 2 && rows[i].until[k]; k++)
            assert_int_equal(timer_extend(&timer, of.calendar,
                                          t0 + (int64_t)(k + 1) * DAY_MS,
                                          at(rows[i].until[k])),
                             rows[i].expect[k]);
        assert_time(timer.row.due_at, rows[i].due);
    }
}

static void
extensions_and_breaches(void **state)
{
    (void)state;
    int64_t t0 = at("2026-03-02T09:00:00Z");
    struct sla_clock_rule of = rule("default", TARGET_UNIT_HOURS, 100, TARGET_UNTIL_TIME);
    int64_t due = t0 + 100 * HOUR_MS;
    struct sla_timer breached = started(&of, t0, t0);
    timer_breach(&breached, of.calendar, due);

    struct sla_timer timer = breached; /* approved too late: the breach stays */
    assert_int_equal(timer_extend(&timer, of.calendar, due + 1, due + DAY_MS),
                     TIMER_WAS_DUE);
    assert_int_equal(timer.row.status, CLOCK_STATUS_BREACHED);
    assert_int_equal(timer.row.due_at, due);

    timer = breached; /* approved in time, known late: it was none */
    assert_int_equal(timer_extend(&timer, of.calendar, due, due + DAY_MS),
                     TIMER_EXTENDED_CORRECTED);
    assert_int_equal(timer.row.status, CLOCK_STATUS_RUNNING);
    assert_false(timer.row.has_breached_at);
    assert_int_equal(timer.row.due_at, due + DAY_MS);

    timer = breached; /* the same with a late answer in between */
    assert_int_equal(timer_meet(&timer, of.calendar, due + HOUR_MS), TIMER_MET_LATE);
    struct sla_timer later = timer;
    assert_int_equal(timer_extend(&timer, of.calendar, due - 1, due + DAY_MS),
                     TIMER_EXTENDED_CORRECTED);
    assert_int_equal(timer.row.status, CLOCK_STATUS_MET);
    assert_int_equal(timer_extend(&later, of.calendar, due - 1, due + 1), TIMER_EXTENDED);
    assert_int_equal(later.row.status, CLOCK_STATUS_MET_LATE);
    assert_int_equal(later.row.breached_at, due + 1);
}

/* A paused clock: the pause so far by the old due time, the rest by the new one; the
 * limit moves with the pauses. */
static void
extension_of_a_paused_clock(void **state)
{
    (void)state;
    int64_t t0 = at("2026-03-02T09:00:00Z");
    struct sla_clock_rule of = rule("default", TARGET_UNIT_HOURS, 100, TARGET_UNTIL_TIME);
    of.has_extension = true;
    of.extension = (struct sla_extension){2, DAYS, 10, TARGET_UNTIL_TIME};
    int64_t due = t0 + 100 * HOUR_MS;
    struct sla_timer timer = started(&of, t0, t0);
    assert_true(timer_pause(&timer, t0));
    assert_int_equal(timer_extend(&timer, of.calendar, t0 + 5 * DAY_MS, due + 5 * DAY_MS),
                     TIMER_NOT_LATER); /* so far the pause has moved it */
    assert_int_equal(timer.row.paused_since, t0);
    assert_int_equal(
        timer_extend(&timer, of.calendar, t0 + 5 * DAY_MS, due + 15 * DAY_MS),
        TIMER_EXTENDED);
    assert_int_equal(timer.row.status, CLOCK_STATUS_PAUSED);
    assert_int_equal(timer.row.paused_since, t0 + 5 * DAY_MS);
    timer_resume(&timer, of.calendar, t0 + 6 * DAY_MS);
    assert_int_equal(timer.row.due_at, due + 16 * DAY_MS);
    assert_int_equal(timer.row.paused_ms, 6 * DAY_MS);
    assert_int_equal(
        timer_extend(&timer, of.calendar, t0 + 7 * DAY_MS, due + 17 * DAY_MS),
        TIMER_TOO_FAR);
}

/* Warnings: percents of what is left of the time after pauses and extensions; in
 * retrospect only the highest that has passed. */
static void
warnings(void **state)
{
    (void)state;
    int64_t t0 = at("2026-03-02T09:00:00Z");
    struct sla_clock_rule of = rule("default", TARGET_UNIT_HOURS, 100, TARGET_UNTIL_TIME);
    of.n_warn = 3;
    of.warn[0] = 25;
    of.warn[1] = 50;
    of.warn[2] = 80;
    static const struct {
        int64_t known; /* hours after the start */
        int64_t at[4]; /* hours; percents       */
        int32_t percent[4];
        size_t n;
    } rows[] = {
        {0, {25, 50, 80, 0}, {25, 50, 80, 0}, 3},
        {25, {25, 50, 80, 0}, {25, 50, 80, 0}, 3},
        {60, {60, 80, 0, 0}, {50, 80, 0, 0}, 2},
        {90, {90, 0, 0, 0}, {80, 0, 0, 0}, 1},
        {101, {0, 0, 0, 0}, {0, 0, 0, 0}, 0}, /* due: there is nothing to warn of */
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct sla_timer timer = started(&of, t0, t0 + rows[i].known * HOUR_MS);
        int64_t at_ms = 0;
        size_t n = 0;
        print_message("row %zu\n", i);
        while (timer_next(&timer, &at_ms) == TIMER_WARNS) {
            timer_warned(&timer, of.calendar);
            assert_true(n < rows[i].n);
            assert_int_equal(at_ms, t0 + rows[i].at[n] * HOUR_MS);
            assert_int_equal(timer.row.warned_percent, rows[i].percent[n]);
            n++;
        }
        assert_int_equal(n, rows[i].n);
        assert_int_equal(at_ms, t0 + 100 * HOUR_MS + 1);
    }

    struct sla_timer timer = started(&of, t0, t0);
    timer_warned(&timer, of.calendar);
    assert_true(timer_pause(&timer, t0 + 30 * HOUR_MS));
    timer_resume(&timer, of.calendar, t0 + 50 * HOUR_MS); /* due 120 */
    assert_int_equal(timer.warn_at, t0 + 70 * HOUR_MS);
    assert_int_equal(
        timer_extend(&timer, of.calendar, t0 + 60 * HOUR_MS, t0 + 220 * HOUR_MS),
        TIMER_EXTENDED);
    assert_int_equal(timer.warn_at, t0 + 120 * HOUR_MS); /* half of 200, and 20 */
    timer_warned(&timer, of.calendar);
    assert_int_equal(timer.row.warned_percent, 50);
    assert_int_equal(timer.warn_at, t0 + 180 * HOUR_MS);
}

/* What is due already when it starts: breached at its due time; the ladder counts from
 * when somebody could climb it. */
static void
a_ladder_in_retrospect(void **state)
{
    (void)state;
    int64_t t0 = at("2026-03-02T09:00:00Z");
    struct sla_clock_rule of = rule("default", TARGET_UNIT_HOURS, 100, TARGET_UNTIL_TIME);
    of.n_rungs = 2;
    of.rungs[0] =
        (struct sla_rung){TARGET_UNIT_HOURS, 0, TARGET_UNTIL_TIME, STR("lead"), 1};
    of.rungs[1] =
        (struct sla_rung){TARGET_UNIT_HOURS, 24, TARGET_UNTIL_TIME, STR("head"), 2};
    int64_t known = t0 + 1000 * HOUR_MS;
    struct sla_timer timer = started(&of, t0, known);
    int64_t at_ms = 0;
    assert_int_equal(timer_next(&timer, &at_ms), TIMER_ENDS);
    timer_breach(&timer, of.calendar, timer.row.due_at);
    assert_int_equal(timer.row.breached_at, t0 + 100 * HOUR_MS);
    assert_int_equal(timer_next(&timer, &at_ms), TIMER_CLIMBS);
    assert_int_equal(at_ms, known);
    timer_climbed(&timer, of.calendar);
    assert_int_equal(timer_next(&timer, &at_ms), TIMER_CLIMBS);
    assert_int_equal(at_ms, known + DAY_MS);
}

/* A due time is pinned at the start: other holidays do not move it.  A pause counts by
 * the calendar as it is when the pause ends. */
static void
another_calendar(void **state)
{
    (void)state;
    struct sla_clock_rule of = rule("default", BDAYS, 5, EOD);
    struct sla_timer timer =
        started(&of, at("2026-03-02T09:00:00Z"), at("2026-03-02T09:00:00Z"));
    assert_time(timer.row.due_at, "2026-03-10T00:00:00Z");
    static const struct calendar_day closed[] = {{.day = 20521}, {.day = 20523}};
    if (!of.calendar)
        return;                             /* named() has failed the test */
    struct calendar changed = *of.calendar; /* Monday 9 and Wednesday 11 March closed */
    assert_time(closed[0].day * DAY_MS, "2026-03-09T00:00:00Z");
    changed.n_days = 2;
    changed.days = closed;
    assert_true(timer_pause(&timer, at("2026-03-05T09:00:00Z")));
    assert_time(timer.row.due_at, "2026-03-10T00:00:00Z");
    timer_resume(&timer, &changed, at("2026-03-06T09:00:00Z"));
    assert_time(timer.row.due_at, "2026-03-11T00:00:00Z"); /* a day: Tuesday */
    assert_true(timer_pause(&timer, at("2026-03-06T09:00:00Z")));
    timer_resume(&timer, &changed, at("2026-03-10T09:00:00Z")); /* Friday, not Monday */
    assert_time(timer.row.due_at, "2026-03-13T00:00:00Z");      /* Thursday */
}

static int
set_up(void **state)
{
    (void)state;
    struct err err = {0};
    shipped = sla_policy_load("deploy/policy", &err);
    if (!shipped)
        print_error("%s\n", err.text);
    return shipped ? 0 : -1;
}

static int
tear_down(void **state)
{
    (void)state;
    sla_policy_free(shipped);
    arena_release(&arena);
    return 0;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(due_times_never_move_earlier),
        cmocka_unit_test(pauses_together_keep_to_the_maximum),
        cmocka_unit_test(extensions),
        cmocka_unit_test(extensions_and_breaches),
        cmocka_unit_test(extension_of_a_paused_clock),
        cmocka_unit_test(warnings),
        cmocka_unit_test(a_ladder_in_retrospect),
        cmocka_unit_test(another_calendar),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
