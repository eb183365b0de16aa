/* Points in time: what counts as RFC 3339, what an import may also say, and printing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/times.h"

#define BAD TIME_NONE
#define Y2026 INT64_C(1767225600000) /* 2026-01-01T00:00:00Z */

static const struct {
    const char *text;
    int64_t strict_ms; /* BAD: refused */
    int64_t loose_ms;
} table[] = {
    {"1970-01-01T00:00:00Z", 0, 0},
    {"2026-01-01T00:00:00Z", Y2026, Y2026},
    {"2026-01-01t00:00:00z", Y2026, Y2026},
    {"2026-01-01 00:00:00Z", Y2026, Y2026},
    {"2026-01-01T00:00:00.1Z", Y2026 + 100, Y2026 + 100},
    {"2026-01-01T00:00:00.1239999999999999999Z", Y2026 + 123, Y2026 + 123},
    {"1969-12-31T23:59:59.999Z", -1, -1},
    {"2026-01-01T08:00:00+08:00", Y2026, Y2026},
    {"2025-12-31T18:30:00-05:30", Y2026, Y2026},
    {"2026-01-01T00:00:00-00:00", Y2026, Y2026},
    {"2026-01-01T23:59:00+23:59", Y2026, Y2026},
    /* Leap second: the next second. */
    {"2016-12-31T23:59:60Z", INT64_C(1483228800000), INT64_C(1483228800000)},
    /* Leap years: by 4, not by 100, by 400. */
    {"2024-02-29T00:00:00Z", INT64_C(1709164800000), INT64_C(1709164800000)},
    {"2000-02-29T00:00:00Z", INT64_C(951782400000), INT64_C(951782400000)},
    {"2023-02-29T00:00:00Z", BAD, BAD},
    {"1900-02-29T00:00:00Z", BAD, BAD},
    /* First and last year. */
    {"0000-01-01T00:00:00Z", INT64_C(-62167219200000), INT64_C(-62167219200000)},
    {"9999-12-31T23:59:59.999Z", INT64_C(253402300799999), INT64_C(253402300799999)},
    {"10000-01-01T00:00:00Z", BAD, BAD},
    {"-001-01-01T00:00:00Z", BAD, BAD},
    /* For imports only. */
    {"2026-01-01", BAD, Y2026},
    {"2026-01-01T00:00:00", BAD, Y2026},
    {"2026-01-01 00:00", BAD, Y2026},
    {"2026-01-01T00:00Z", BAD, Y2026},
    {"2026-01-01T00:00:00.5", BAD, Y2026 + 500},
    /* Neither. */
    {"", BAD, BAD},
    {"yesterday", BAD, BAD},
    {"2026-01", BAD, BAD},
    {"2026-1-1", BAD, BAD},
    {"2026-00-01T00:00:00Z", BAD, BAD},
    {"2026-13-01T00:00:00Z", BAD, BAD},
    {"2026-01-00T00:00:00Z", BAD, BAD},
    {"2026-04-31T00:00:00Z", BAD, BAD},
    {"2026-01-01T24:00:00Z", BAD, BAD},
    {"2026-01-01T00:60:00Z", BAD, BAD},
    {"2026-01-01T00:00:61Z", BAD, BAD},
    {"2026-01-01T00:00:00.Z", BAD, BAD},
    {"2026-01-01T00:00:00,5Z", BAD, BAD},
    {"2026-01-01T", BAD, BAD},
    {"2026-01-01T00", BAD, BAD},
    {"2026-01-01X00:00:00Z", BAD, BAD},
    {"2026-01-01T00:00:00+0800", BAD, BAD},
    {"2026-01-01T00:00:00+08", BAD, BAD},
    {"2026-01-01T00:00:00+24:00", BAD, BAD},
    {"2026-01-01T00:00:00+08:60", BAD, BAD},
    {"2026-01-01T00:00:00Zulu", BAD, BAD},
    {"2026-01-01T00:00:00Z ", BAD, BAD},
    {" 2026-01-01T00:00:00Z", BAD, BAD},
    {"2026-01-01T+1:00:00Z", BAD, BAD},
    {"\xef\xbc\x92"
     "026-01-01T00:00:00Z",
     BAD, BAD},
};

static void
check(bool ok, int64_t got_ms, int64_t expect_ms)
{
    assert_int_equal(ok, expect_ms != BAD);
    /* Written only on success. */
    assert_int_equal(got_ms, ok ? expect_ms : 42);
}

static void
test_parse(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        print_message("row %zu: \"%s\"\n", i, table[i].text);
        int64_t ms = 42;
        bool ok = time_parse(str_from(table[i].text), &ms);
        check(ok, ms, table[i].strict_ms);
        ms = 42;
        ok = time_parse_loose(str_from(table[i].text), &ms);
        check(ok, ms, table[i].loose_ms);
    }
    int64_t ms = 42;
    assert_false(time_parse(STR_NULL, &ms));
    /* A view ends where it ends, whatever stands behind it. */
    assert_false(time_parse((struct str){"2026-01-01T00:00:00Z", 19}, &ms));
}

/* What only exports write; all that is loose is among it. */
static void
test_any(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t ms;
    } rows[] = {
        {"2026/1/1", Y2026},
        {"2026/01/01", Y2026},
        {"2026/01/01 0:00", Y2026},
        {"2026/1/1 00:00:00", Y2026},
        {"2019/11/29 15:06:49", INT64_C(1575040009000)},
        {"2019/2/3 9:05", INT64_C(1549184700000)},
        {"2026/1/001", BAD},
        {"2026/1", BAD},
        {"2026/1/", BAD},
        {"2026/13/1", BAD},
        {"2026/0/1", BAD},
        {"2026/2/29", BAD},
        {"2026/1/1 ", BAD},
        {"2026/1/1T0:00", BAD},
        {"2026/1/1 24:00", BAD},
        {"2026/1/1 0:0", BAD},
        {"2026/1/1 0:60", BAD},
        {"2026/1/1 0:00:61", BAD},
        {"2026/1/1 0:00:00Z", BAD},
        {"2026/1-1", BAD},
        {"26/1/1", BAD},
        {"1/2/2026", BAD},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        print_message("row %zu: \"%s\"\n", i, rows[i].text);
        int64_t ms = 42;
        bool ok = time_parse_any(str_from(rows[i].text), &ms);
        check(ok, ms, rows[i].ms);
        ms = 42;
        assert_false(time_parse_loose(str_from(rows[i].text), &ms));
    }
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        print_message("row %zu: \"%s\"\n", i, table[i].text);
        int64_t ms = 42;
        bool ok = time_parse_any(str_from(table[i].text), &ms);
        check(ok, ms, table[i].loose_ms);
    }
    int64_t ms = 42;
    assert_false(time_parse_any(STR_NULL, &ms));
}

static void
test_print(void **state)
{
    (void)state;
    static const struct {
        int64_t ms;
        const char *text;
    } rows[] = {
        {0, "1970-01-01T00:00:00.000Z"},
        {-1, "1969-12-31T23:59:59.999Z"},
        {INT64_C(951782400000), "2000-02-29T00:00:00.000Z"},
        {Y2026 + 123, "2026-01-01T00:00:00.123Z"},
        {INT64_C(-62167219200000), "0000-01-01T00:00:00.000Z"},
        {INT64_C(253402300799999), "9999-12-31T23:59:59.999Z"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        char text[TIME_TEXT_BYTES];
        print_message("row %zu: %s\n", i, rows[i].text);
        assert_string_equal(time_print(rows[i].ms, text), rows[i].text);
        int64_t back = 42;
        assert_true(time_parse(str_from(text), &back));
        assert_int_equal(back, rows[i].ms);
    }
    /* The ends of int64_t fit the text, whatever it says. */
    char text[TIME_TEXT_BYTES];
    assert_true(strlen(time_print(INT64_MAX, text)) < TIME_TEXT_BYTES);
    assert_true(strlen(time_print(INT64_MIN, text)) < TIME_TEXT_BYTES);
}

/* Every day of the years 0000-9999 against counting on by hand. */
static void
test_days(void **state)
{
    (void)state;
    int64_t day = days_from_civil(0, 1, 1);
    assert_int_equal(day, -719528);
    for (int year = 0; year < 10000; year++) {
        bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
        for (int month = 1; month <= 12; month++) {
            int days = month == 2                                              ? 28 + leap
                       : month == 4 || month == 6 || month == 9 || month == 11 ? 30
                                                                               : 31;
            for (int k = 1; k <= days; k++, day++) {
                int64_t y = -1;
                int m = 0;
                int d = 0;
                civil_from_days(day, &y, &m, &d);
                if (days_from_civil(year, month, k) != day || y != year || m != month ||
                    d != k)
                    fail_msg("%04d-%02d-%02d", year, month, k);
            }
        }
    }
    assert_int_equal(day, days_from_civil(10000, 1, 1));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse),
        cmocka_unit_test(test_any),
        cmocka_unit_test(test_print),
        cmocka_unit_test(test_days),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
