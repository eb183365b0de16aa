/* Agreement with the oracle in Python (tests/oracle/business_time.py) on every case of a
 * folder: the one kept in tests/oracle/kept, or ORACLE=DIR; and what must hold on any
 * calendar.  Calendars that the oracle made are in the folder, the others are those
 * shipped: their holidays the oracle has from elsewhere. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/times.h"
#include "sla/calendar_policy.h"
#include "sla/target.h"

#define PAUSES_MAX 8

struct reader {
    FILE *in;
    struct calendar_set calendars;
    const char *dir;
};

static const struct calendar *
calendar_named(struct reader *reader, const char *name)
{
    struct err err = {0};
    char hash[17];
    for (size_t i = 0; i < reader->calendars.n_calendars; i++) {
        if (str_eq(reader->calendars.calendars[i]->name, str_from(name)))
            return reader->calendars.calendars[i];
    }
    const char *dir = name[0] == 'r' ? reader->dir : "deploy/policy";
    if (!calendar_set_read(&reader->calendars, dir, str_from(name), hash, &err))
        fail_msg("%s", err.text);
    return reader->calendars.calendars[reader->calendars.n_calendars - 1];
}

static int64_t
number(struct reader *reader)
{
    long long n = 0;
    assert_int_equal(fscanf(reader->in, "%lld", &n), 1);
    return n;
}

static void
assert_same(const char *what, size_t line, int64_t ours, int64_t oracle)
{
    char ours_text[TIME_TEXT_BYTES];
    char oracle_text[TIME_TEXT_BYTES];
    if (ours != oracle)
        fail_msg("line %zu, %s: we say %s, the oracle %s", line, what,
                 time_print(ours, ours_text), time_print(oracle, oracle_text));
}

static void
check_line(struct reader *reader, size_t line, const char *name)
{
    char unit[32];
    char until[32];
    const struct calendar *calendar = calendar_named(reader, name);
    int64_t start_ms = number(reader);
    assert_int_equal(fscanf(reader->in, "%31s", unit), 1);
    struct target target = {.n = (int32_t)number(reader)};
    assert_int_equal(fscanf(reader->in, "%31s", until), 1);
    assert_true(target_unit_parse(str_from(unit), &target.unit));
    assert_true(target_until_parse(str_from(until), &target.until));

    int64_t first_ms = target_due(&target, calendar, start_ms);
    int64_t due_ms = first_ms;
    int64_t n_pauses = number(reader);
    assert_in_range(n_pauses, 0, PAUSES_MAX);
    for (int64_t i = 0; i < n_pauses; i++) {
        int64_t from_ms = number(reader);
        int64_t to_ms = number(reader);
        int64_t moved_ms = target_after_pause(target.unit, target.until, calendar, due_ms,
                                              from_ms, to_ms);
        assert_true(moved_ms >= due_ms);
        due_ms = moved_ms;
    }
    assert_same("due", line, first_ms, number(reader));
    assert_same("due after pauses", line, due_ms, number(reader));
}

static void
the_oracle_agrees(void **state)
{
    (void)state;
    const char *given = getenv("ORACLE");
    static struct reader reader;
    reader.dir = given ? given : "tests/oracle/kept";
    char path[512];
    char name[32];
    size_t line = 0;
    (void)snprintf(path, sizeof(path), "%s/cases.txt", reader.dir);
    reader.in = fopen(path, "r");
    assert_non_null(reader.in);
    while (fscanf(reader.in, "%31s", name) == 1)
        check_line(&reader, ++line, name);
    (void)fclose(reader.in);
    calendar_set_release(&reader.calendars);
    print_message("%zu cases agree\n", line);
    assert_true(line >= 100);
}

/* --- what must hold on any calendar ---------------------------------------------------
 */

#define DRAWS 20000

struct draw {
    uint64_t state;
};

/* splitmix64 */
static uint64_t
draw_bits(struct draw *draw)
{
    uint64_t z = draw->state += UINT64_C(0x9E3779B97F4A7C15);
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

static int64_t
draw_below(struct draw *draw, int64_t end)
{
    return (int64_t)(draw_bits(draw) % (uint64_t)end);
}

static void
read_calendars(struct reader *reader)
{
    static const char *const names[] = {
        "r0",     "r1",  "r2",  "r3",  "r4",  "r5",  "r6",  "r7",  "r8", "r9",
        "r10",    "r11", "r12", "r13", "r14", "r15", "r16", "r17", "GB", "GB-SCT",
        "GB-NIR", "US",  "EU",  "AU",  "CN",  "r20", "r21", "r22", "r24"};
    for (size_t i = 0; i < COUNT_OF(names); i++)
        assert_non_null(calendar_named(reader, names[i]));
}

/* A pair of instants from 2009 to 2036, ahead of each other by up to 40 days. */
static int64_t
draw_time(struct draw *draw)
{
    return INT64_C(1230768000000) + draw_below(draw, 9862 * DAY_MS);
}

static void
check_adding(const struct calendar *calendar, struct draw *draw)
{
    int64_t from_ms = draw_time(draw);
    int64_t a = draw_below(draw, 80 * HOUR_MS);
    int64_t b = draw_below(draw, 80 * HOUR_MS);
    int64_t to_ms = calendar_add_ms(calendar, from_ms, a);
    assert_true(to_ms >= from_ms);
    /* Taking back what was added. */
    assert_int_equal(calendar_between_ms(calendar, from_ms, to_ms), a);
    /* In two steps as in one, and the middle does not matter. */
    assert_int_equal(calendar_add_ms(calendar, to_ms, b),
                     calendar_add_ms(calendar, from_ms, a + b));
    int64_t middle_ms = from_ms + draw_below(draw, 20 * DAY_MS);
    int64_t end_ms = middle_ms + draw_below(draw, 20 * DAY_MS);
    assert_int_equal(calendar_between_ms(calendar, from_ms, end_ms),
                     calendar_between_ms(calendar, from_ms, middle_ms) +
                         calendar_between_ms(calendar, middle_ms, end_ms));
    /* The first instant: a millisecond before it something is missing. */
    if (a > 0)
        assert_int_equal(calendar_between_ms(calendar, from_ms, to_ms - 1), a - 1);
}

static struct target
draw_target(struct draw *draw)
{
    static const struct target units[] = {
        {TARGET_UNIT_HOURS, 400, TARGET_UNTIL_TIME},
        {TARGET_UNIT_DAYS, 60, TARGET_UNTIL_TIME},
        {TARGET_UNIT_DAYS, 60, TARGET_UNTIL_END_OF_DAY},
        {TARGET_UNIT_WEEKS, 9, TARGET_UNTIL_END_OF_DAY},
        {TARGET_UNIT_MONTHS, 14, TARGET_UNTIL_TIME},
        {TARGET_UNIT_BUSINESS_DAYS, 30, TARGET_UNTIL_TIME},
        {TARGET_UNIT_BUSINESS_DAYS, 30, TARGET_UNTIL_END_OF_DAY},
        {TARGET_UNIT_BUSINESS_DAYS, 30, TARGET_UNTIL_END_OF_BUSINESS},
        {TARGET_UNIT_BUSINESS_MINUTES, 9000, TARGET_UNTIL_TIME},
    };
    struct target target = units[draw_below(draw, COUNT_OF(units))];
    target.n = 1 + (int32_t)draw_below(draw, target.n);
    return target;
}

static void
check_pauses(const struct calendar *calendar, struct draw *draw)
{
    struct target target = draw_target(draw);
    int64_t start_ms = draw_time(draw);
    int64_t due_ms = target_due(&target, calendar, start_ms);
    assert_true(due_ms > start_ms);
    int64_t from_ms = start_ms + draw_below(draw, due_ms - start_ms);
    int64_t to_ms = from_ms + draw_below(draw, 10 * DAY_MS);
    int64_t again_ms = to_ms + draw_below(draw, 10 * DAY_MS);
    int64_t end_ms = again_ms + draw_below(draw, 10 * DAY_MS);
#define AFTER(due, from, to)                                                             \
    target_after_pause(target.unit, target.until, calendar, (due), (from), (to))
    int64_t moved_ms = AFTER(due_ms, from_ms, to_ms);
    /* Never earlier; a longer pause never earlier than a shorter one. */
    assert_true(moved_ms >= due_ms);
    assert_true(AFTER(due_ms, from_ms, to_ms + MINUTE_MS) >= moved_ms);
    /* None is none; two that touch are one; their order is no matter. */
    assert_int_equal(AFTER(due_ms, from_ms, from_ms), due_ms);
    assert_int_equal(AFTER(moved_ms, to_ms, again_ms), AFTER(due_ms, from_ms, again_ms));
    assert_int_equal(AFTER(moved_ms, again_ms, end_ms),
                     AFTER(AFTER(due_ms, again_ms, end_ms), from_ms, to_ms));
#undef AFTER
}

static void
properties_hold_on_any_calendar(void **state)
{
    (void)state;
    static struct reader reader = {.dir = "tests/oracle/kept"};
    read_calendars(&reader);
    for (uint64_t i = 0; i < DRAWS; i++) {
        struct draw draw = {.state = i};
        size_t n = (size_t)draw_below(&draw, (int64_t)reader.calendars.n_calendars);
        const struct calendar *calendar = reader.calendars.calendars[n];
        if (i % 1000 == 0)
            print_message("draws from %llu\n", (unsigned long long)i);
        check_adding(calendar, &draw);
        check_pauses(calendar, &draw);
    }
    calendar_set_release(&reader.calendars);
}

/* A day open until 24:00 before a closed one: the due time at that midnight is its end
 * already, and a pause does not carry it to the next. */
static void
midnight_ends_the_day_before(void **state)
{
    (void)state;
    struct zone zone = {0};
    struct err err = {0};
    assert_true(zone_load(STR("Europe/London"), &zone, &err));
    struct calendar calendar = {.name = STR("open"), .zone = &zone};
    for (size_t i = 0; i < 5; i++)
        calendar.week[i] = (struct calendar_day){.n_windows = 1, .windows = {{0, 1440}}};
    struct target target = {TARGET_UNIT_BUSINESS_DAYS, 1, TARGET_UNTIL_END_OF_DAY};
    int64_t wednesday = days_from_civil(2026, 1, 7) * DAY_MS;
    int64_t due_ms = target_due(&target, &calendar, wednesday + 10 * HOUR_MS);
    assert_same("due", 0, due_ms, wednesday + 2 * DAY_MS);
    assert_same("after a day's pause: end of Friday", 0,
                target_after_pause(target.unit, target.until, &calendar, due_ms,
                                   wednesday + 12 * HOUR_MS, wednesday + 36 * HOUR_MS),
                wednesday + 3 * DAY_MS);
    zone_release(&zone);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_oracle_agrees),
        cmocka_unit_test(properties_hold_on_any_calendar),
        cmocka_unit_test(midnight_ends_the_day_before),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
