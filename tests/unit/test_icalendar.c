/* iCalendar files: what counts as a holiday or a make-up day, and what is refused how. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/buf.h"
#include "base/times.h"
#include "sla/icalendar.h"

#define HEAD "BEGIN:VCALENDAR\r\nVERSION:2.0\r\n"
#define TAIL "END:VCALENDAR\r\n"
#define EVENT(lines) "BEGIN:VEVENT\r\n" lines "END:VEVENT\r\n"
#define ON(date, lines) EVENT("UID:u\r\nDTSTART;VALUE=DATE:" date "\r\n" lines)

static bool
read_text(struct str text, struct arena *arena, struct icalendar *ret, struct err *err)
{
    return icalendar_read(text, "x.ics", days_from_civil(2024, 1, 1),
                          days_from_civil(2027, 12, 31), arena, ret, err);
}

/* "2024-01-01 2024-02-04+ ?2027-01-01": + is worked, ? is tentative. */
static struct str
said(const struct icalendar *days, struct arena *arena)
{
    struct str text = STR("");
    for (size_t i = 0; i < days->n_days; i++) {
        int64_t year = 0;
        int month = 0;
        int day = 0;
        civil_from_days(days->days[i].day, &year, &month, &day);
        text = arena_printf(arena, "%.*s%s%s%04d-%02d-%02d%s", STR_ARG(text),
                            i > 0 ? " " : "", days->days[i].is_tentative ? "?" : "",
                            (int)year, month, day, days->days[i].is_open ? "+" : "");
    }
    return text;
}

static void
what_counts(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        const char *events;
        const char *days;
    } table[] = {
        {"a day", ON("20240101", ""), "2024-01-01"},
        {"DTEND is exclusive", ON("20240210", "DTEND;VALUE=DATE:20240213\r\n"),
         "2024-02-10 2024-02-11 2024-02-12"},
        {"DTEND on the first day is one day",
         ON("20240210", "DTEND;VALUE=DATE:20240210\r\n"), "2024-02-10"},
        {"over a leap day", ON("20240228", "DTEND;VALUE=DATE:20240302\r\n"),
         "2024-02-28 2024-02-29 2024-03-01"},
        {"DURATION", ON("20240210", "DURATION:P2D\r\n"), "2024-02-10 2024-02-11"},
        {"DURATION in weeks, cut at the range", ON("20271228", "DURATION:P1W\r\n"),
         "2027-12-28 2027-12-29 2027-12-30 2027-12-31"},
        {"DURATION in hours", ON("20240210", "DURATION:PT48H\r\n"),
         "2024-02-10 2024-02-11"},
        {"midnight to midnight as written",
         EVENT("DTSTART:20240101T000000\r\nDTEND:20240102T000000\r\n"), "2024-01-01"},
        {"the same in a zone",
         EVENT("DTSTART;TZID=Europe/London:20240101T000000\r\n"
               "DTEND;TZID=Europe/London:20240103T000000\r\n"),
         "2024-01-01 2024-01-02"},
        {"before and after the range",
         ON("20231231", "") ON("20240101", "") ON("20271231", "") ON("20280101", ""),
         "2024-01-01 2027-12-31"},
        {"begun before the range", ON("20231230", "DTEND;VALUE=DATE:20240103\r\n"),
         "2024-01-01 2024-01-02"},
        {"yearly from long ago", ON("19950704", "RRULE:FREQ=YEARLY\r\n"),
         "2024-07-04 2025-07-04 2026-07-04 2027-07-04"},
        {"leap days come every four years", ON("20200229", "RRULE:FREQ=YEARLY\r\n"),
         "2024-02-29"},
        {"the last Monday of May",
         ON("20240527", "RRULE:FREQ=YEARLY;BYMONTH=5;BYDAY=-1MO\r\n"),
         "2024-05-27 2025-05-26 2026-05-25 2027-05-31"},
        {"COUNT", ON("20250101", "RRULE:FREQ=MONTHLY;COUNT=3\r\n"),
         "2025-01-01 2025-02-01 2025-03-01"},
        {"COUNT begins before the range", ON("20230101", "RRULE:FREQ=YEARLY;COUNT=2\r\n"),
         "2024-01-01"},
        {"UNTIL is included", ON("20240105", "RRULE:FREQ=WEEKLY;UNTIL=20240119\r\n"),
         "2024-01-05 2024-01-12 2024-01-19"},
        {"EXDATE, several in a line",
         ON("20240101", "RRULE:FREQ=YEARLY\r\nEXDATE;VALUE=DATE:20250101,20260101\r\n"),
         "2024-01-01 2027-01-01"},
        {"RDATE, several in lines and in a line",
         ON("20240329", "RDATE;VALUE=DATE:20250418,20260403\r\n"
                        "RDATE;VALUE=DATE:20270326\r\nEXDATE;VALUE=DATE:20260403\r\n"),
         "2024-03-29 2025-04-18 2027-03-26"},
        {"RDATE lasts as long as the event",
         ON("20240329", "DURATION:P2D\r\nRDATE;VALUE=DATE:20250418\r\n"),
         "2024-03-29 2024-03-30 2025-04-18 2025-04-19"},
        {"RECURRENCE-ID moves one",
         ON("20250704", "RRULE:FREQ=YEARLY;COUNT=2\r\n")
             ON("20260703", "RECURRENCE-ID;VALUE=DATE:"
                            "20260704\r\n"),
         "2025-07-04 2026-07-03"},
        {"RECURRENCE-ID cancels one",
         ON("20260704", "RECURRENCE-ID;VALUE=DATE:20260704\r\nSTATUS:CANCELLED\r\n")
             ON("20250704", "RRULE:FREQ=YEARLY;COUNT=2\r\n"),
         "2025-07-04"},
        {"RECURRENCE-ID of another event",
         ON("20250704", "RRULE:FREQ=YEARLY;COUNT=2\r\n")
             EVENT("UID:v\r\nDTSTART;VALUE=DATE:20260703\r\n"
                   "RECURRENCE-ID;VALUE=DATE:20260704\r\n"),
         "2025-07-04 2026-07-03 2026-07-04"},
        {"cancelled", ON("20240101", "STATUS:CANCELLED\r\n") ON("20240102", ""),
         "2024-01-02"},
        {"tentative", ON("20270101", "STATUS:TENTATIVE\r\n"), "?2027-01-01"},
        {"tentative and settled is settled",
         ON("20270101", "STATUS:TENTATIVE\r\n") ON("20270101", ""), "2027-01-01"},
        {"free or busy is no matter",
         ON("20240101", "TRANSP:TRANSPARENT\r\n") ON("20240102", "TRANSP:OPAQUE\r\n"),
         "2024-01-01 2024-01-02"},
        {"two holidays on one day",
         ON("20251006", "SUMMARY:A\r\n") ON("20251006", "SUMMARY:B\r\n"), "2025-10-06"},
        {"a make-up day by category", ON("20240204", "CATEGORIES:x,Working-Day\r\n"),
         "2024-02-04+"},
        {"another word", ON("20240204", "CATEGORIES:WORKDAY\r\n"), "2024-02-04+"},
        {"some category", ON("20240204", "CATEGORIES:Holiday\r\n"), "2024-02-04"},
        {"special days: the others do not count",
         ON("20240214", "SUMMARY:Valentine\r\n")
             ON("20240204", "X-APPLE-SPECIAL-DAY:ALTERNATE-WORKDAY\r\n")
                 ON("20240210", "X-APPLE-SPECIAL-DAY:WORK-HOLIDAY\r\n"),
         "2024-02-04+ 2024-02-10"},
        {"other components do not count",
         "BEGIN:VTODO\r\nDTSTART;VALUE=DATE:20240301\r\nEND:VTODO\r\n"
         "BEGIN:VEVENT\r\nDTSTART;VALUE=DATE:20240101\r\nBEGIN:VALARM\r\n"
         "ACTION:DISPLAY\r\nTRIGGER:-PT1H\r\nDESCRIPTION:x\r\nEND:VALARM\r\n"
         "END:VEVENT\r\n",
         "2024-01-01"},
        {"what feeds leave empty",
         ON("20240101", "LOCATION:\r\nDESCRIPTION:\r\nSUMMARY:\r\nX-A:\r\nSTATUS:\r\n"
                        "CATEGORIES:\r\nSEQUENCE:x\r\nDTSTAMP:now\r\n"),
         "2024-01-01"},
        {"a folded line", EVENT("DTSTART;VALUE=DA\r\n TE:2024\r\n 0101\r\n"),
         "2024-01-01"},
        {"small letters, bare line feeds",
         "begin:vevent\ndtstart;value=date:20240101\nend:vevent\n", "2024-01-01"},
    };
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        CLEANUP(arena_release) struct arena arena = {0};
        struct icalendar days = {0};
        struct err err = {0};
        print_message("row %zu: %s\n", i, table[i].what);
        struct str text = arena_printf(&arena, HEAD "%s" TAIL, table[i].events);
        if (!read_text(text, &arena, &days, &err))
            fail_msg("%s", err.text);
        assert_string_equal(said(&days, &arena).ptr, table[i].days);
    }
}

static void
what_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        const char *text;
        const char *error;
    } table[] = {
        {"nothing", "", "holds no BEGIN:VCALENDAR"},
        {"something else", "<html>", "line 1: not an iCalendar file"},
        {"no event", HEAD TAIL, "holds no event"},
        {"cut off", HEAD "BEGIN:VEVENT\r\n", "ends within a component"},
        {"wrong END", HEAD "BEGIN:VEVENT\r\n" TAIL, "line 4: this END closes nothing"},
        {"an event in an event", HEAD "BEGIN:VEVENT\r\nBEGIN:VEVENT\r\n",
         "line 4: an event within another component"},
        {"an event by itself", EVENT("DTSTART;VALUE=DATE:20240101\r\n"),
         "line 1: components must stand within"},
        {"hidden by a fold", HEAD "BEGIN:VEV\r\n ENT\r\nBEG\r\n IN:VEVENT\r\n",
         "line 5: an event within another component"},
        {"too deep",
         HEAD "BEGIN:A\r\nBEGIN:A\r\nBEGIN:A\r\nBEGIN:A\r\nBEGIN:A\r\nBEGIN:A\r\n",
         "line 8: components are nested too deep"},
        {"not UTF-8", HEAD "X-A:\xFF\r\n" TAIL, "line 3: not UTF-8"},
        {"a surrogate", HEAD "X-A:\xED\xA0\x80\r\n" TAIL, "line 3: not UTF-8"},
        {"control characters", HEAD "X-A:\x01\r\n" TAIL, "line 3: not UTF-8"},
        {"a bad line", HEAD ON("20240101", "HELLO\r\n") TAIL, "line 3: event u: "},
        {"no DTSTART", HEAD EVENT("UID:u\r\n") TAIL,
         "line 3: event u: DTSTART;VALUE=DATE:YYYYMMDD is missing or bad"},
        {"no such day", HEAD ON("20240230", "") TAIL, "event u: DTSTART"},
        {"no date", HEAD ON("tomorrow", "") TAIL, "event u: "},
        {"the year 1", HEAD ON("00010101", "") TAIL, "event u: DTSTART"},
        {"part of a day",
         HEAD EVENT("UID:u\r\nDTSTART:20241224T140000\r\nDTEND:20241225T000000\r\n") TAIL,
         "event u: DTSTART"},
        {"midnight in London is another day elsewhere",
         HEAD EVENT("DTSTART:20240101T000000Z\r\nDTEND:20240102T000000Z\r\n") TAIL,
         "line 3: event: DTSTART"},
        {"a moment", HEAD EVENT("UID:u\r\nDTSTART:20240101T000000\r\n") TAIL,
         "event u: has no end"},
        {"ends at noon",
         HEAD EVENT("UID:u\r\nDTSTART:20240101T000000\r\nDTEND:20240101T120000\r\n") TAIL,
         "event u: DTEND must be"},
        {"ends before it starts",
         HEAD ON("20240110", "DTEND;VALUE=DATE:20240109\r\n") TAIL,
         "event u: must last 1 to 62 days"},
        {"lasts too long", HEAD ON("20240101", "DTEND;VALUE=DATE:20250101\r\n") TAIL,
         "event u: must last 1 to 62 days"},
        {"half a day", HEAD ON("20240101", "DURATION:PT12H\r\n") TAIL,
         "event u: DURATION must be whole days"},
        {"backwards", HEAD ON("20240101", "DURATION:-P1D\r\n") TAIL,
         "event u: DURATION must be whole days"},
        {"hourly", HEAD ON("20240101", "RRULE:FREQ=HOURLY\r\n") TAIL,
         "event u: RRULE must be daily"},
        {"by the hour", HEAD ON("20240101", "RRULE:FREQ=DAILY;BYHOUR=1,2\r\n") TAIL,
         "event u: RRULE must be daily"},
        {"no rule", HEAD ON("20240101", "RRULE:FREQ=SOMETIMES\r\n") TAIL, "event u: "},
        {"DTSTART is not of its rule",
         HEAD ON("20240101", "RRULE:FREQ=YEARLY;BYMONTH=5;BYDAY=1MO\r\n") TAIL,
         "event u: DTSTART is not a day of its own RRULE"},
        {"a rule that never holds",
         HEAD ON("20240101", "RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30\r\n") TAIL,
         "event u: DTSTART is not a day of its own RRULE"},
        {"a lunar rule", HEAD ON("20240210", "RRULE:RSCALE=CHINESE;FREQ=YEARLY\r\n") TAIL,
         "event u: RSCALE must be GREGORIAN"},
        {"an empty end", HEAD ON("20240101", "DTEND:\r\n") TAIL,
         "event u: No value for DTEND property"},
        {"an empty rule", HEAD ON("20240101", "RRULE:\r\n") TAIL,
         "event u: No value for RRULE property"},
        {"a type that is none",
         HEAD EVENT("UID:u\r\nDTSTART;VALUE=DAT:20240101\r\n") TAIL, "event u: "},
        {"two rules",
         HEAD ON("20240101", "RRULE:FREQ=YEARLY\r\nRRULE:FREQ=MONTHLY\r\n") TAIL,
         "event u: has more than one RRULE"},
        {"EXRULE",
         HEAD ON("20240101", "RRULE:FREQ=YEARLY\r\nEXRULE:FREQ=YEARLY\r\n") TAIL,
         "event u: EXRULE is not supported"},
        {"RDATE with a period",
         HEAD ON("20240101", "RDATE;VALUE=PERIOD:20240201T000000Z/P1D\r\n") TAIL,
         "event u: RDATE must be a date"},
        {"EXDATE at an hour",
         HEAD ON("20240101", "RRULE:FREQ=YEARLY\r\nEXDATE:20250101T100000Z\r\n") TAIL,
         "event u: EXDATE must be a date"},
        {"this and all later ones",
         HEAD ON("20240101", "RECURRENCE-ID;RANGE=THISANDFUTURE;VALUE=DATE:20240101\r\n")
             TAIL,
         "event u: RECURRENCE-ID must be a date, without RANGE"},
        {"some special day", HEAD ON("20240101", "X-APPLE-SPECIAL-DAY:PARTY\r\n") TAIL,
         "event u: X-APPLE-SPECIAL-DAY must be"},
        {"worked and not worked",
         HEAD ON("20240204", "CATEGORIES:WORKDAY\r\n") ON("20240204", "") TAIL,
         "2024-02-04 is a holiday and a working day"},
        {"daily from 1900",
         HEAD ON("19000101", "RRULE:FREQ=DAILY\r\n")
             ON("19000101", "RRULE:FREQ=DAILY\r\n") ON("19000101", "RRULE:FREQ=DAILY\r\n")
                 TAIL,
         "recurs too often"},
        {"more than one calendar has days for",
         HEAD ON("20240101", "RRULE:FREQ=DAILY\r\nDURATION:P60D\r\n") TAIL,
         "more than 4096 days in all"},
    };
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        CLEANUP(arena_release) struct arena arena = {0};
        struct icalendar days = {0};
        struct err err = {0};
        print_message("row %zu: %s\n", i, table[i].what);
        assert_false(read_text(str_from(table[i].text), &arena, &days, &err));
        print_message("  %s\n", err.text);
        assert_int_equal(err.action, ERR_STOP);
        assert_non_null(strstr(err.text, table[i].error));
        assert_int_equal(strncmp(err.text, "x.ics: ", 7), 0);
        assert_null(days.days);
    }
}

static void
names_are_kept_short_and_clean(void **state)
{
    (void)state;
    CLEANUP(arena_release) struct arena arena = {0};
    struct icalendar days = {0};
    struct err err = {0};
    struct str long_name = arena_printf(&arena, "%0250d", 1);
    struct str text = arena_printf(
        &arena,
        "\xEF\xBB\xBF" HEAD ON("20240101", "SUMMARY:国庆节\\, 中\r\n 秋节\\n2\r\n")
            ON("20240102", "SUMMARY:%.*s\r\n") ON("20240103", "") TAIL,
        STR_ARG(long_name));
    assert_true(read_text(text, &arena, &days, &err));
    assert_int_equal(days.n_days, 3);
    assert_true(str_eq(days.days[0].name, STR("国庆节, 中秋节 2")));
    assert_int_equal(days.days[1].name.len, ICALENDAR_NAME_MAX);
    assert_true(str_eq(days.days[2].name, STR("")));
}

/* Whatever order the events stand in, the days are the same. */
static void
order_changes_nothing(void **state)
{
    (void)state;
    static const char *const events[] = {
        ON("20260703", "RECURRENCE-ID;VALUE=DATE:20260704\r\nSUMMARY:b\r\n"),
        ON("20240704", "RRULE:FREQ=YEARLY\r\nSUMMARY:a\r\n"),
        ON("20240204", "CATEGORIES:WORKDAY\r\nSUMMARY:c\r\n"),
        ON("20240704", "SUMMARY:d\r\n"),
    };
    CLEANUP(arena_release) struct arena arena = {0};
    struct str expect = STR_NULL;
    for (size_t i = 0; i < COUNT_OF(events) * COUNT_OF(events); i++) {
        struct icalendar days = {0};
        struct err err = {0};
        size_t a = i % COUNT_OF(events);
        size_t step = i < 8 ? 1 : 3; /* forward and backward */
        struct str text =
            arena_printf(&arena, HEAD "%s%s%s%s" TAIL, events[a], events[(a + step) % 4],
                         events[(a + 2 * step) % 4], events[(a + 3 * step) % 4]);
        assert_true(read_text(text, &arena, &days, &err));
        struct str got = said(&days, &arena);
        for (size_t d = 0; d < days.n_days; d++)
            got = arena_printf(&arena, "%.*s %.*s", STR_ARG(got),
                               STR_ARG(days.days[d].name));
        if (i == 0)
            expect = got;
        assert_string_equal(got.ptr, expect.ptr);
    }
    assert_string_equal(expect.ptr, "2024-02-04+ 2024-07-04 2025-07-04 2026-07-03 "
                                    "2027-07-04 c a a b a");
}

static void
large_files_are_refused(void **state)
{
    (void)state;
    CLEANUP(arena_release) struct arena arena = {0};
    CLEANUP(buf_release) struct buf text = {0};
    struct icalendar days = {0};
    struct err err = {0};
    buf_add_c(&text, HEAD);
    for (size_t i = 0; i <= ICALENDAR_EVENTS_MAX; i++)
        buf_add_c(&text, ON("20240101", ""));
    buf_add_c(&text, TAIL);
    assert_false(read_text(buf_str(&text), &arena, &days, &err));
    assert_non_null(strstr(err.text, "too many events"));

    buf_clear(&text);
    buf_add_c(&text, HEAD);
    for (size_t i = 0; i <= ICALENDAR_RULES_MAX; i++)
        buf_add_c(&text, ON("20240101", "RRULE:FREQ=YEARLY\r\n"));
    buf_add_c(&text, TAIL);
    assert_false(read_text(buf_str(&text), &arena, &days, &err));
    assert_non_null(strstr(err.text, "more than 256 RRULEs"));

    while (text.len <= ICALENDAR_BYTES_MAX)
        buf_add_c(&text, "X-PADDING:1\r\n");
    assert_false(read_text(buf_str(&text), &arena, &days, &err));
    assert_non_null(strstr(err.text, "larger than 1 MiB"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_counts),
        cmocka_unit_test(what_is_refused),
        cmocka_unit_test(names_are_kept_short_and_clean),
        cmocka_unit_test(order_changes_nothing),
        cmocka_unit_test(large_files_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
