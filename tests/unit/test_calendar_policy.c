/* Calendar files: those shipped, holidays out of iCalendar files, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/times.h"
#include "sla/calendar_policy.h"

static char folder[] = "/tmp/redress-calendars-XXXXXX";

static void
put(const char *name, const char *text)
{
    char path[256];
    (void)snprintf(path, sizeof(path), "%s/calendars/%s", folder, name);
    FILE *out = fopen(path, "w");
    assert_non_null(out);
    assert_true(fputs(text, out) >= 0);
    assert_int_equal(fclose(out), 0);
}

static int
make_folder(void **state)
{
    (void)state;
    char path[256];
    assert_non_null(mkdtemp(folder));
    (void)snprintf(path, sizeof(path), "%s/calendars", folder);
    return mkdir(path, 0700);
}

static int
drop_folder(void **state)
{
    (void)state;
    static const char *const files[] = {"c.json", "a.ics", "b.ics", ""};
    char path[256];
    for (size_t i = 0; i < COUNT_OF(files); i++) {
        (void)snprintf(path, sizeof(path), "%s/calendars/%s", folder, files[i]);
        (void)remove(path);
    }
    return rmdir(folder);
}

static int64_t
day_of(const char *text)
{
    int64_t ms = 0;
    assert_true(time_parse_loose(str_from(text), &ms));
    return ms / DAY_MS;
}

/* --- shipped ------------------------------------------------------------------------ */

/* Business days of 2024 to 2027; the oracle (tests/oracle) checks each day. */
static void
shipped_years_have_their_business_days(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int business_days[4];
        const char *zone;
    } table[] = {
        {"GB", {254, 253, 253, 253}, "Europe/London"},
        {"GB-SCT", {253, 252, 251, 252}, "Europe/London"},
        {"GB-NIR", {252, 251, 251, 251}, "Europe/London"},
        {"US", {251, 250, 250, 249}, "America/New_York"},
        {"EU", {256, 255, 256, 258}, "Europe/Brussels"},
        {"AU", {255, 254, 255, 255}, "Australia/Sydney"},
        {"CN", {251, 248, 248, 254}, "Asia/Shanghai"},
    };
    static struct calendar_set set;
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        struct err err = {0};
        char hash[17];
        print_message("row %zu: %s\n", i, table[i].name);
        if (!calendar_set_read(&set, "deploy/policy", str_from(table[i].name), hash,
                               &err))
            fail_msg("%s", err.text);
        const struct calendar *calendar = set.calendars[i];
        assert_string_equal(calendar->zone->name.ptr, table[i].zone);
        for (int year = 2024; year <= 2027; year++) {
            int n = 0;
            for (int64_t day = days_from_civil(year, 1, 1);
                 day < days_from_civil(year + 1, 1, 1); day++)
                n += calendar_is_open_day(calendar, day);
            print_message("  %d: %d\n", year, n);
            assert_int_equal(n, table[i].business_days[year - 2024]);
        }
        assert_int_equal(calendar->first_year, 2024);
        assert_int_equal(calendar->last_year, 2027);
        assert_false(calendar_knows(calendar, days_from_civil(2023, 12, 31)));
        assert_true(calendar_knows(calendar, days_from_civil(2026, 12, 31)));
        assert_false(calendar_knows(calendar, days_from_civil(2028, 1, 1)));
        /* The year of China's next notice is not settled. */
        bool is_cn = strcmp(table[i].name, "CN") == 0;
        assert_int_equal(calendar->has_tentative, is_cn);
        assert_int_equal(calendar_knows(calendar, days_from_civil(2027, 6, 1)), !is_cn);
    }
    calendar_set_release(&set);
}

static void
shipped_days(void **state)
{
    (void)state;
    static const struct {
        const char *calendar;
        const char *day;
        bool is_open;
        const char *name;
    } table[] = {
        {"GB", "2026-12-25", false, "Christmas Day"},
        {"GB", "2026-12-28", false, "Boxing Day (substitute)"},
        {"GB", "2026-04-06", false, "Easter Monday"},
        {"GB-SCT", "2026-04-06", true, ""},
        {"GB-SCT", "2026-06-15", false, "World Cup bank holiday"},
        {"GB-NIR", "2026-07-13", false,
         "Battle of the Boyne (Orangemen's Day) (substitute)"},
        {"US", "2026-07-03", false, "Independence Day (observed)"},
        {"US", "2026-07-04", false, ""},
        {"US", "2027-06-18", false, "Juneteenth (observed)"},
        {"US", "2025-11-27", false, "Thanksgiving Day"},
        {"US", "2027-12-31", false, "New Year's Day 2028 (observed)"},
        {"EU", "2027-03-26", false, "Good Friday"},
        {"AU", "2025-01-27", false, "Australia Day (substitute)"},
        {"CN", "2026-02-14", true, "春节调休上班"},
        {"CN", "2026-02-15", false, "春节"},
        {"CN", "2026-02-23", false, "春节"},
        {"CN", "2026-02-24", true, ""},
        {"CN", "2026-10-10", true, "国庆节调休上班"},
        {"CN", "2027-02-08", false, "春节"},
    };
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        static struct calendar_set set;
        struct err err = {0};
        char hash[17];
        print_message("row %zu: %s %s\n", i, table[i].calendar, table[i].day);
        assert_true(calendar_set_read(&set, "deploy/policy", str_from(table[i].calendar),
                                      hash, &err));
        int64_t day = day_of(table[i].day);
        assert_int_equal(calendar_is_open_day(set.calendars[0], day), table[i].is_open);
        assert_true(
            str_eq(calendar_on(set.calendars[0], day)->name, str_from(table[i].name)));
        calendar_set_release(&set);
    }
}

/* --- files of one's own ---------------------------------------------------------------
 */

#define EVENT(date, lines)                                                               \
    "BEGIN:VEVENT\nUID:u\nDTSTART;VALUE=DATE:" date "\n" lines "END:VEVENT\n"
#define ICS(events) "BEGIN:VCALENDAR\nVERSION:2.0\n" events "END:VCALENDAR\n"
#define HEAD "\"name\":\"c\",\"version\":\"1\",\"zone\":\"Etc/UTC\","
#define WEEK "\"week\":{\"tue\":[[\"08:00\",\"12:00\"],[\"13:00\",\"17:00\"]]}"
#define YEARS ",\"years\":[2025,2026]"

static bool
read_one(struct calendar_set *set, const char *json, const char *a, const char *b,
         char hash[17], struct err *err)
{
    put("c.json", json);
    put("a.ics", a);
    put("b.ics", b);
    return calendar_set_read(set, folder, STR("c"), hash, err);
}

static void
days_come_from_files(void **state)
{
    (void)state;
    /* 2025-12-23 and 30, 2026-01-06 and 13 are Tuesdays. */
    static const char a[] = ICS(EVENT("20251223", "SUMMARY:A\nRRULE:FREQ=YEARLY\n")
                                    EVENT("20260106", "SUMMARY:A\n"));
    static const char b[] =
        ICS(EVENT("20260104", "SUMMARY:B\nCATEGORIES:WORKDAY\n")
                EVENT("20260106", "SUMMARY:B\n") EVENT("20270105", "SUMMARY:B\n"));
    static const struct {
        const char *what;
        const char *more;
        const char *day;
        int64_t open_min;
        const char *name;
    } table[] = {
        {"no file", "", "2025-12-23", 480, ""},
        {"a file", YEARS ",\"icalendar\":[\"a.ics\"]", "2025-12-23", 0, "A"},
        {"as holidays", YEARS ",\"holidays\":\"a.ics\"", "2025-12-23", 0, "A"},
        {"both ways", YEARS ",\"holidays\":\"a.ics\",\"icalendar\":[\"b.ics\"]",
         "2026-01-04", 480, "B"},
        {"a holiday of both files", YEARS ",\"icalendar\":[\"a.ics\",\"b.ics\"]",
         "2026-01-06", 0, "A"},
        {"a make-up day has the first open day's windows",
         YEARS ",\"icalendar\":[\"b.ics\"]", "2026-01-04", 480, "B"},
        {"a year outside", YEARS ",\"icalendar\":[\"b.ics\"]", "2027-01-05", 480, ""},
        {"JSON closes a make-up day",
         YEARS ",\"icalendar\":[\"b.ics\"],"
               "\"holidays\":[{\"date\":\"2026-01-04\",\"name\":\"J\"}]",
         "2026-01-04", 0, "J"},
        {"JSON opens a holiday",
         YEARS ",\"icalendar\":[\"a.ics\"],"
               "\"working_days\":[{\"date\":\"2025-12-23\",\"name\":\"J\"}]",
         "2025-12-23", 480, "J"},
        {"JSON makes it a half day",
         YEARS ",\"icalendar\":[\"a.ics\"],\"holidays\":[{\"date\":\"2025-12-23\","
               "\"name\":\"J\",\"windows\":[[\"08:00\",\"09:30\"]]}]",
         "2025-12-23", 90, "J"},
    };
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        static struct calendar_set set;
        struct err err = {0};
        char hash[17];
        char json[1024];
        print_message("row %zu: %s\n", i, table[i].what);
        (void)snprintf(json, sizeof(json), "{" HEAD WEEK "%s}", table[i].more);
        if (!read_one(&set, json, a, b, hash, &err))
            fail_msg("%s", err.text);
        const struct calendar *calendar = set.calendars[0];
        int64_t from = day_of(table[i].day) * DAY_MS;
        assert_int_equal(calendar_between_ms(calendar, from, from + DAY_MS),
                         table[i].open_min * MINUTE_MS);
        assert_true(str_eq(calendar_on(calendar, day_of(table[i].day))->name,
                           str_from(table[i].name)));
        calendar_set_release(&set);
    }
}

static void
what_is_refused(void **state)
{
    (void)state;
    static const char a[] = ICS(EVENT("20260106", ""));
    static const char b[] = ICS(EVENT("20260106", "CATEGORIES:WORKDAY\n"));
    static const struct {
        const char *more;
        const char *error;
    } table[] = {
        {",\"icalendar\":[\"a.ics\"]", "years must say which years"},
        {",\"holidays\":\"a.ics\"", "years must say which years"},
        {YEARS ",\"icalendar\":\"a.ics\"", "$.icalendar: must be an array"},
        {YEARS ",\"icalendar\":[7]", "$.icalendar[0]: "},
        {YEARS ",\"icalendar\":[\"no.ics\"]", "no.ics: cannot open"},
        {YEARS ",\"icalendar\":[\"../c.ics\"]", "must name an .ics file in calendars/"},
        {YEARS ",\"icalendar\":[\"/etc/x.ics\"]", "must name an .ics file in calendars/"},
        {YEARS ",\"icalendar\":[\"c.json\"]", "must name an .ics file in calendars/"},
        {YEARS ",\"icalendar\":[\".ics\"]", "must name an .ics file in calendars/"},
        {YEARS ",\"icalendar\":[\"\"]", "must name an .ics file in calendars/"},
        {YEARS ",\"icalendar\":[\"a.ics\",\"b.ics\"]",
         "2026-01-06 is a holiday in one .ics file and worked in another"},
        {",\"years\":[2026]", "$.years: must be [first, last]"},
        {",\"years\":[2026,2025]", "$.years: must be [first, last]"},
        {",\"years\":[1969,2025]", "$.years: must be [first, last]"},
        {",\"years\":[\"2025\",2026]", "$.years: must be [first, last]"},
        {",\"years\":2026", "$.years: must be an array"},
        {YEARS ",\"holidays\":[{\"date\":\"2062-01-01\",\"name\":\"x\"}]",
         "$.holidays[0].date: lies outside years"},
        {",\"holidays\":[{\"date\":\"2026-02-30\",\"name\":\"x\"}]",
         "$.holidays[0].date: must be a date"},
        {",\"holidays\":[{\"date\":\"2026-01-01\"}]", "$.holidays[0]"},
        {",\"holidays\":[{\"date\":\"2026-01-01\",\"name\":\"x\"},"
         "{\"date\":\"2026-01-01\",\"name\":\"y\"}]",
         "2026-01-01 stands twice"},
        {",\"working_days\":[{\"date\":\"2026-01-01\",\"name\":\"x\",\"windows\":[]}]",
         "a working day needs windows"},
        {",\"holidays\":[{\"date\":\"2026-01-01\",\"name\":\"x\","
         "\"windows\":[[\"09:00\",\"24:01\"]]}]",
         "must be a time of day"},
        {",\"holidays\":[{\"date\":\"2026-01-01\",\"name\":\"x\","
         "\"windows\":[[\"09:00\",\"12:00\"],[\"11:00\",\"13:00\"]]}]",
         "windows must rise and not overlap"},
        {",\"ics\":[]", "unknown key \"ics\""},
    };
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        static struct calendar_set set;
        struct err err = {0};
        char hash[17];
        char json[1024];
        print_message("row %zu: %s\n", i, table[i].more);
        (void)snprintf(json, sizeof(json), "{" HEAD WEEK "%s}", table[i].more);
        assert_false(read_one(&set, json, a, b, hash, &err));
        print_message("  %s\n", err.text);
        assert_int_equal(err.action, ERR_STOP);
        assert_non_null(strstr(err.text, table[i].error));
        calendar_set_release(&set);
    }
}

/* Order of keys and of entries, of events in the file: nothing; a changed file: another
 * policy. */
static void
the_hash_is_of_all_files(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        const char *json;
        const char *ics;
        bool is_same;
    } table[] = {
        {"itself", "{" HEAD WEEK YEARS ",\"icalendar\":[\"a.ics\"]}",
         ICS(EVENT("20260106", "")), true},
        {"keys in another order",
         "{\"icalendar\":[\"a.ics\"]" YEARS "," WEEK "," HEAD "\"comment\":\"\"}",
         ICS(EVENT("20260106", "")), false},
        {"keys in another order",
         "{\"icalendar\":[\"a.ics\"]" YEARS "," WEEK ",\"zone\":\"Etc/UTC\","
         "\"version\":\"1\",\"name\":\"c\"}",
         ICS(EVENT("20260106", "")), true},
        {"another day in the file", "{" HEAD WEEK YEARS ",\"icalendar\":[\"a.ics\"]}",
         ICS(EVENT("20260113", "")), false},
        {"no file", "{" HEAD WEEK YEARS "}", ICS(EVENT("20260106", "")), false},
    };
    char first[17] = "";
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        static struct calendar_set set;
        struct err err = {0};
        char hash[17];
        print_message("row %zu: %s\n", i, table[i].what);
        if (!read_one(&set, table[i].json, table[i].ics, "", hash, &err))
            fail_msg("%s", err.text);
        if (i == 0)
            (void)snprintf(first, sizeof(first), "%s", hash);
        assert_int_equal(strcmp(first, hash) == 0, table[i].is_same);
        calendar_set_release(&set);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shipped_years_have_their_business_days),
        cmocka_unit_test(shipped_days),
        cmocka_unit_test(days_come_from_files),
        cmocka_unit_test(what_is_refused),
        cmocka_unit_test(the_hash_is_of_all_files),
    };
    return cmocka_run_group_tests(tests, make_folder, drop_folder);
}
