/* Zones out of ICU and business time on hand-made calendars; expected values by eye. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <cmocka.h>

#include "base/times.h"
#include "sla/calendar.h"
#include "zone/zone.h"

static int64_t
at(const char *text)
{
    int64_t ms = 0;
    assert_true(time_parse(str_from(text), &ms));
    return ms;
}

static int64_t
local(const char *text)
{
    int64_t ms = 0;
    assert_true(time_parse_loose(str_from(text), &ms));
    return ms;
}

static void
assert_time(int64_t ms, const char *expect)
{
    char text[TIME_TEXT_BYTES];
    char wanted[TIME_TEXT_BYTES];
    assert_string_equal(time_print(ms, text), time_print(at(expect), wanted));
}

static struct zone
zone_of(const char *name)
{
    struct zone zone = {0};
    struct err err = {0};
    assert_true(zone_load(str_from(name), &zone, &err));
    return zone;
}

static void
local_times(void **state)
{
    (void)state;
    static const struct {
        const char *zone;
        const char *local;
        const char *utc;
        const char *what;
    } table[] = {
        {"Europe/London", "2026-01-05T09:00:00", "2026-01-05T09:00:00Z", "winter"},
        {"Europe/London", "2026-07-06T09:00:00", "2026-07-06T08:00:00Z", "summer"},
        {"Europe/London", "2026-03-29T01:30:00", "2026-03-29T01:00:00Z",
         "skipped: the jump"},
        {"Europe/London", "2026-03-29T02:00:00", "2026-03-29T01:00:00Z",
         "after the jump"},
        {"Europe/London", "2026-10-25T01:30:00", "2026-10-25T00:30:00Z",
         "twice: the first"},
        {"Europe/London", "2026-10-25T02:00:00", "2026-10-25T02:00:00Z", "after both"},
        {"America/New_York", "2026-03-08T02:30:00", "2026-03-08T07:00:00Z", "skipped"},
        {"America/New_York", "2026-11-01T01:30:00", "2026-11-01T05:30:00Z", "twice"},
        {"Asia/Shanghai", "2026-02-14T09:00:00", "2026-02-14T01:00:00Z",
         "no summer time"},
        {"Australia/Lord_Howe", "2026-10-04T02:10:00", "2026-10-03T15:30:00Z",
         "half an hour"},
        {"Asia/Kathmandu", "2026-01-01T00:00:00", "2025-12-31T18:15:00Z", "5:45"},
        {"Etc/UTC", "2026-01-01T00:00:00", "2026-01-01T00:00:00Z", "UTC"},
        {"Etc/UTC", "1960-01-01T00:00:00", "1960-01-01T00:00:00Z", "before the epoch"},
    };
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        print_message("row %zu: %s %s\n", i, table[i].zone, table[i].what);
        struct zone zone = zone_of(table[i].zone);
        assert_time(zone_to_utc(&zone, local(table[i].local)), table[i].utc);
        zone_release(&zone);
    }
}

static void
unknown_zones_are_refused(void **state)
{
    (void)state;
    static const char *const names[] = {"Europe/Lodnon", "", "Mars/Olympus", "GMT+25:00"};
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        struct zone zone = {0};
        struct err err = {0};
        print_message("row %zu: %s\n", i, names[i]);
        assert_false(zone_load(str_from(names[i]), &zone, &err));
        assert_int_equal(err.action, ERR_STOP);
    }
}

/* Local time never runs backwards from local to UTC, and every UTC comes back. */
static void
conversions_agree(void **state)
{
    (void)state;
    static const char *const names[] = {"Europe/London", "America/New_York",
                                        "America/Santiago", "Australia/Lord_Howe",
                                        "America/St_Johns"};
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        struct zone zone = zone_of(names[i]);
        int64_t before = INT64_MIN;
        print_message("row %zu: %s, %zu changes\n", i, names[i], zone.n_changes);
        assert_true(zone.n_changes > 100);
        for (int64_t ms = at("2026-01-01T00:00:00Z"); ms < at("2027-01-01T00:00:00Z");
             ms += 10 * MINUTE_MS) {
            int64_t utc = zone_to_utc(&zone, ms);
            assert_true(utc >= before);
            before = utc;
            /* Back by local time: the same instant, or the first of two. */
            int64_t again = zone_to_utc(&zone, zone_to_local(&zone, ms));
            assert_true(again == ms || again == ms - HOUR_MS ||
                        again == ms - 30 * MINUTE_MS);
        }
        zone_release(&zone);
    }
}

/* Shanghai: 9-12 and 13-18, a holiday on Friday 13, a make-up Saturday 14 February 2026,
 * a half day on Monday 16. */
static const struct calendar_day days[] = {
    {.day = 20497, .n_windows = 0},
    {.day = 20498, .n_windows = 2, .windows = {{540, 720}, {780, 1080}}},
    {.day = 20500, .n_windows = 1, .windows = {{540, 720}}},
};

static struct calendar
shanghai(const struct zone *zone)
{
    struct calendar calendar = {
        .name = STR("t"), .zone = zone, .n_days = COUNT_OF(days), .days = days};
    for (size_t i = 0; i < 5; i++)
        calendar.week[i] =
            (struct calendar_day){.n_windows = 2, .windows = {{540, 720}, {780, 1080}}};
    return calendar;
}

static void
business_minutes(void **state)
{
    (void)state;
    struct zone zone = zone_of("Asia/Shanghai");
    struct calendar calendar = shanghai(&zone);
    assert_int_equal(days_from_civil(2026, 2, 13), 20497);
    static const struct {
        const char *from;
        int64_t minutes;
        const char *to;
        const char *what;
    } table[] = {
        {"2026-02-12T01:00:00Z", 60, "2026-02-12T02:00:00Z", "within a window"},
        {"2026-02-12T01:00:00Z", 180, "2026-02-12T04:00:00Z", "up to its end"},
        {"2026-02-12T01:00:00Z", 181, "2026-02-12T05:01:00Z", "over lunch"},
        {"2026-02-11T20:00:00Z", 1, "2026-02-12T01:01:00Z", "from the night before"},
        {"2026-02-12T09:59:00Z", 2, "2026-02-14T01:01:00Z",
         "holiday, then a make-up Saturday"},
        {"2026-02-14T09:00:00Z", 60 + 180, "2026-02-16T04:00:00Z", "into the half day"},
        {"2026-02-14T09:00:00Z", 60 + 181, "2026-02-17T01:01:00Z", "past the half day"},
        {"2026-02-12T01:00:00Z", 0, "2026-02-12T01:00:00Z", "nothing"},
    };
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        int64_t from = at(table[i].from);
        print_message("row %zu: %s\n", i, table[i].what);
        int64_t to = calendar_add_ms(&calendar, from, table[i].minutes * MINUTE_MS);
        assert_time(to, table[i].to);
        assert_int_equal(calendar_between_ms(&calendar, from, to),
                         table[i].minutes * MINUTE_MS);
    }
    assert_int_equal(calendar_business_day_after(&calendar, 20496, 1), 20498);
    assert_int_equal(calendar_business_day_after(&calendar, 20496, 2), 20500);
    assert_time(calendar_business_end(&calendar, 20500), "2026-02-16T04:00:00Z");
    assert_time(calendar_business_end(&calendar, 20497), "2026-02-13T16:00:00Z");
    zone_release(&zone);
}

/* A calendar that is always open measures real hours, whatever the clock on the wall
 * does. */
static void
always_open_days_have_23_and_25_hours(void **state)
{
    (void)state;
    struct zone zone = zone_of("Europe/London");
    struct calendar calendar = {.name = STR("open"), .zone = &zone};
    for (size_t i = 0; i < 7; i++)
        calendar.week[i] = (struct calendar_day){.n_windows = 1, .windows = {{0, 1440}}};
    static const struct {
        int64_t day;
        int64_t hours;
    } table[] = {{20541, 23}, {20542, 24}, {20751, 25}};
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        print_message("row %zu: %lld hours\n", i, (long long)table[i].hours);
        int64_t from = calendar_day_start(&calendar, table[i].day);
        int64_t to = calendar_day_start(&calendar, table[i].day + 1);
        assert_int_equal(to - from, table[i].hours * HOUR_MS);
        assert_int_equal(calendar_between_ms(&calendar, from, to),
                         table[i].hours * HOUR_MS);
        assert_int_equal(calendar_add_ms(&calendar, from, table[i].hours * HOUR_MS), to);
    }
    zone_release(&zone);
}

/* Days of a local clock that was moved over midnight. */
static void
days_that_were_skipped_or_begun_twice(void **state)
{
    (void)state;
    struct zone apia = zone_of("Pacific/Apia");
    struct zone st_johns = zone_of("America/St_Johns");
    struct calendar calendar = {.name = STR("t"), .zone = &apia};
    for (size_t i = 0; i < 7; i++)
        calendar.week[i] = (struct calendar_day){.n_windows = 1, .windows = {{0, 1440}}};
    /* Thursday 29 December 2011 was followed by Saturday 31. */
    int64_t thursday = days_from_civil(2011, 12, 29);
    assert_false(calendar_is_open_day(&calendar, thursday + 1));
    assert_int_equal(calendar_business_day_after(&calendar, thursday, 1), thursday + 2);
    assert_int_equal(calendar_day_start(&calendar, thursday + 1),
                     calendar_day_start(&calendar, thursday + 2));
    /* On 7 November 2010 00:01 became 23:01 of the day before: that hour is open time of
     * the 7th, which had begun. */
    calendar.zone = &st_johns;
    calendar.week[5].n_windows = 0; /* Saturday the 6th */
    int64_t first_midnight = at("2010-11-07T02:30:00Z");
    int64_t within = at("2010-11-07T03:00:00Z"); /* 23:30 again */
    assert_int_equal(calendar_local_day(&calendar, within), days_from_civil(2010, 11, 6));
    assert_int_equal(calendar_between_ms(&calendar, first_midnight, within),
                     30 * MINUTE_MS);
    assert_int_equal(calendar_add_ms(&calendar, first_midnight, 30 * MINUTE_MS), within);
    zone_release(&apia);
    zone_release(&st_johns);
}

static void
years_that_are_known(void **state)
{
    (void)state;
    int64_t day = days_from_civil(2026, 6, 1);
    struct calendar calendar = {.name = STR("t")};
    assert_true(calendar_knows(&calendar, day)); /* says nothing of years */
    calendar.first_year = 2025;
    calendar.last_year = 2026;
    assert_true(calendar_knows(&calendar, days_from_civil(2025, 1, 1)));
    assert_true(calendar_knows(&calendar, days_from_civil(2026, 12, 31)));
    assert_false(calendar_knows(&calendar, days_from_civil(2024, 12, 31)));
    assert_false(calendar_knows(&calendar, days_from_civil(2027, 1, 1)));
    calendar.has_tentative = true;
    calendar.tentative_day = day;
    assert_true(calendar_knows(&calendar, day - 1));
    assert_false(calendar_knows(&calendar, day));
}

/* A far end must not cost more than the reach. */
static void
far_times_are_bounded(void **state)
{
    (void)state;
    struct zone zone = zone_of("Europe/London");
    struct calendar calendar = shanghai(&zone);
    calendar.n_days = 0;
    int64_t sum = calendar_between_ms(&calendar, 0, at("9999-01-01T00:00:00Z"));
    assert_true(sum > 0 && sum < CALENDAR_REACH_DAYS * DAY_MS);
    assert_true(calendar_add_ms(&calendar, 0, INT64_C(1) << 60) > 0);
    zone_release(&zone);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(local_times),
        cmocka_unit_test(unknown_zones_are_refused),
        cmocka_unit_test(conversions_agree),
        cmocka_unit_test(business_minutes),
        cmocka_unit_test(always_open_days_have_23_and_25_hours),
        cmocka_unit_test(days_that_were_skipped_or_begun_twice),
        cmocka_unit_test(years_that_are_known),
        cmocka_unit_test(far_times_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
