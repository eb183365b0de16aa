/* Every interval of a clock, written out by hand: "+60 business hours" is an hour that is
 * counted, "-120 ..." two that are left out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/times.h"
#include "ctl/ctl.h"
#include "ctl/policy_intervals.h"
#include "zone/zone.h"

#define OFFICE                                                                           \
    {                                                                                    \
        .n_windows = 2, .windows = { {540, 720}, {780, 1080} }                           \
    }

static int64_t
at(const char *text)
{
    int64_t ms = 0;
    if (!text)
        return TIME_NONE;
    assert_true(time_parse(str_from(text), &ms));
    return ms;
}

/* 09:00-12:00 and 13:00-18:00 in Shanghai; Spring Festival 2026 with the Saturday before
 * it as a make-up day. */
static const struct calendar *
calendar_cn(void)
{
    static struct zone zone;
    static struct calendar_day days[10];
    static struct calendar calendar = {
        .name = {"CN", 2},
        .zone = &zone,
        .week = {OFFICE, OFFICE, OFFICE, OFFICE, OFFICE},
        .n_days = 10,
        .days = days,
    };
    struct err err = {0};
    if (zone.n_changes || zone.name.len)
        return &calendar;
    assert_true(zone_load(STR("Asia/Shanghai"), &zone, &err));
    days[0] = (struct calendar_day)OFFICE;
    days[0].day = days_from_civil(2026, 2, 14);
    days[0].name = STR("make-up for Spring Festival");
    for (int i = 1; i < 10; i++)
        days[i] = (struct calendar_day){.day = days_from_civil(2026, 2, 14 + i),
                                        .name = STR("Spring Festival")};
    return &calendar;
}

struct row {
    const char *what;
    const char *target;
    const char *start;
    const char *due; /* as it was set */
    const char *pause_from, *pause_to;
    const char *extended_at, *extended_until;
    bool reproduced;
    const char *expect;
};

static struct told_clock
clock_of(const struct row *row)
{
    struct told_clock clock = {0};
    clock.row.clock = CLOCK_RESOLUTION;
    clock.row.start_no = 1;
    clock.row.target = str_from(row->target);
    clock.row.started_at = at(row->start);
    clock.row.due_at = at(row->due);
    if (row->pause_from)
        clock.pauses[clock.n_pauses++] =
            (struct told_pause){at(row->pause_from), at(row->pause_to), STR("paused: x")};
    if (row->extended_at)
        clock.extensions[clock.n_extensions++] =
            (struct told_extension){at(row->extended_at), at(row->extended_until),
                                    STR("Ann"), STR("expert report")};
    return clock;
}

static void
render(const struct account *account, struct buf *out)
{
    for (size_t i = 0; i < account->n; i++) {
        const struct interval *item = &account->intervals[i];
        buf_printf(out, "%s%c%lld %.*s", i ? "|" : "", item->counted ? '+' : '-',
                   (long long)((item->to_ms - item->from_ms) / MINUTE_MS),
                   STR_ARG(item->why));
    }
}

static const struct row table[] = {
    {"a weekend between", "{\"business_minutes\":240}", "2026-03-06T09:00:00Z",
     "2026-03-09T04:00:00Z", NULL, NULL, NULL, NULL, true,
     "+60 business hours|-360 outside business hours|-2880 weekend|"
     "-540 outside business hours|+180 business hours"},
    {"lunch and a night", "{\"business_minutes\":540}", "2026-03-09T03:00:00Z",
     "2026-03-10T04:00:00Z", NULL, NULL, NULL, NULL, true,
     "+60 business hours|-60 lunch break|+300 business hours|-900 night|"
     "+180 business hours"},
    {"started before the doors open", "{\"business_minutes\":30}", "2026-03-09T00:30:00Z",
     "2026-03-09T01:30:00Z", NULL, NULL, NULL, NULL, true,
     "-30 outside business hours|+30 business hours"},
    {"a pause of a night and an hour of business", "{\"business_minutes\":240}",
     "2026-03-09T06:00:00Z", "2026-03-10T03:00:00Z", "2026-03-09T08:00:00Z",
     "2026-03-10T01:00:00Z", NULL, NULL, true,
     "+120 business hours|-1020 paused: x|+120 business hours"},
    {"a pause that goes on", "{\"business_minutes\":240}", "2026-03-09T06:00:00Z",
     "2026-03-09T10:00:00Z", "2026-03-09T08:00:00Z", NULL, NULL, NULL, true,
     "+120 business hours|-120 paused: x, still"},
    {"a make-up day and a festival", "{\"business_days\":7,\"until\":\"end_of_day\"}",
     "2026-02-10T02:00:00Z", "2026-02-26T16:00:00Z", NULL, NULL, NULL, NULL, true,
     "-840 day of receipt does not count|+1440 business day, 1 of 7|"
     "+1440 business day, 2 of 7|+1440 business day, 3 of 7|"
     "+1440 make-up working day (make-up for Spring Festival), 4 of 7|"
     "-12960 holiday: Spring Festival|+1440 business day, 5 of 7|"
     "+1440 business day, 6 of 7|+1440 business day, 7 of 7"},
    {"to the end of business", "{\"business_days\":1,\"until\":\"end_of_business\"}",
     "2026-03-06T02:00:00Z", "2026-03-09T10:00:00Z", NULL, NULL, NULL, NULL, true,
     "-840 day of receipt does not count|-2880 weekend|+1080 business day, 1 of 1"},
    {"the festival in minutes", "{\"business_minutes\":540}", "2026-02-14T09:00:00Z",
     "2026-02-24T10:00:00Z", NULL, NULL, NULL, NULL, true,
     "+60 make-up working day (make-up for Spring Festival)|-360 outside business hours|"
     "-12960 holiday: Spring Festival|-540 outside business hours|+180 business hours|"
     "-60 lunch break|+300 business hours"},
    {"hours, a pause and an extension", "{\"hours\":24}", "2026-03-06T00:00:00Z",
     "2026-03-09T00:00:00Z", "2026-03-06T10:00:00Z", "2026-03-06T12:00:00Z",
     "2026-03-06T20:00:00Z", "2026-03-09T00:00:00Z", true,
     "+600 elapsed time|-120 paused: x|+840 elapsed time|-2760 extension until "
     "2026-03-09T00:00:00.000Z (approved by Ann; expert report)"},
    {"an extension to an earlier time changes nothing", "{\"hours\":24}",
     "2026-03-06T00:00:00Z", "2026-03-07T00:00:00Z", NULL, NULL, "2026-03-06T20:00:00Z",
     "2026-03-06T21:00:00Z", true, "+1440 elapsed time"},
    {"a pause after the extension", "{\"hours\":24}", "2026-03-06T00:00:00Z",
     "2026-03-08T02:00:00Z", "2026-03-06T10:00:00Z", "2026-03-06T12:00:00Z",
     "2026-03-06T05:00:00Z", "2026-03-08T00:00:00Z", true,
     "+600 elapsed time|-120 paused: x|+840 elapsed time|-1440 extension until "
     "2026-03-08T00:00:00.000Z (approved by Ann; expert report)"},
    {"eight weeks by the law", "{\"weeks\":8,\"until\":\"end_of_day\"}",
     "2026-03-02T04:00:00Z", "2026-04-27T16:00:00Z", NULL, NULL, NULL, NULL, true,
     "-720 day of receipt does not count|"
     "+80640 8 weeks, the last one to its end (end_of_day)"},
    {"one week", "{\"weeks\":1,\"until\":\"end_of_day\"}", "2026-03-02T04:00:00Z",
     "2026-03-09T16:00:00Z", NULL, NULL, NULL, NULL, true,
     "-720 day of receipt does not count|+10080 1 week, to its end (end_of_day)"},
    {"one day", "{\"days\":1}", "2026-03-02T04:00:00Z", "2026-03-03T04:00:00Z", NULL,
     NULL, NULL, NULL, true,
     "-720 day of receipt does not count|"
     "+720 1 calendar day, to the time of day of the start"},
    {"days to the time of day", "{\"days\":2}", "2026-03-02T04:00:00Z",
     "2026-03-04T04:00:00Z", NULL, NULL, NULL, NULL, true,
     "-720 day of receipt does not count|"
     "+2160 2 calendar days, the last one to the time of day of the start"},
    {"a promise", "{\"until\":\"2026-03-04T09:00:00.000Z\"}", "2026-03-04T06:00:00Z",
     "2026-03-04T09:00:00Z", NULL, NULL, NULL, NULL, true,
     "+180 until the time that was promised"},
    {"a holiday that was not known then", "{\"business_days\":1}", "2026-02-13T02:00:00Z",
     "2026-02-16T16:00:00Z", NULL, NULL, NULL, NULL, false,
     "-840 day of receipt does not count|"
     "+1440 make-up working day (make-up for Spring Festival), 1 of 1|"
     "-2880 holiday: Spring Festival"},
    {"not a target", "{\"moons\":2}", "2026-03-04T06:00:00Z", "2026-03-04T09:00:00Z",
     NULL, NULL, NULL, NULL, false, "-180 not explained: see note"},
};

static void
intervals(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        CLEANUP(arena_release) struct arena arena = {0};
        CLEANUP(buf_release) struct buf text = {0};
        print_message("row %zu: %s\n", i, table[i].what);
        struct told_clock clock = clock_of(&table[i]);
        struct account account = account_of(&arena, &clock, calendar_cn());
        render(&account, &text);
        assert_string_equal(text.ptr, table[i].expect);
        assert_int_equal(account.reproduced, table[i].reproduced);
        bool moved = clock.n_pauses && strstr(table[i].target, "business");
        assert_int_equal(str_is_null(account.note), table[i].reproduced && !moved);
        if (moved && clock.pauses[0].to_ms != TIME_NONE)
            assert_string_equal(
                account.note.ptr,
                "there were 2 h 00 min of business time in the pauses: by "
                "so much the due time moved");
        int64_t end_ms = clock.row.started_at;
        for (size_t k = 0; k < account.n; k++) {
            assert_int_equal(account.intervals[k].from_ms, end_ms);
            end_ms = account.intervals[k].to_ms;
        }
        assert_int_equal(end_ms, clock.row.due_at);
    }
}

/* After closing, a reopening or a bad rating breaches the recovery window at once. */
static void
breached_early(void **state)
{
    (void)state;
    for (int early = 0; early < 2; early++) {
        CLEANUP(arena_release) struct arena arena = {0};
        struct told_clock clock = {.row = {.clock = CLOCK_RECOVERY_WINDOW,
                                           .target = STR("{\"hours\":672}"),
                                           .due_at = 672 * HOUR_MS,
                                           .has_breached_at = true}};
        clock.row.breached_at = clock.row.due_at - early;
        struct account account = account_of(&arena, &clock, calendar_cn());
        print_message("row %d\n", early);
        assert_int_equal(!str_is_null(account.note), early);
        if (early)
            assert_true(str_starts(account.note, STR("breached before it was due: ")));
    }
}

/* As Java's Utils.murmur2 gives them (Kafka's own test vectors). */
static void
partitions(void **state)
{
    (void)state;
    static const struct {
        const char *key;
        uint32_t hash;
    } vectors[] = {
        {"21", (uint32_t)-973932308},
        {"foobar", (uint32_t)-790332482},
        {"a-little-bit-long-string", (uint32_t)-985981536},
        {"a-little-bit-longer-string", (uint32_t)-1486304829},
        {"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", (uint32_t)-58897971}};
    for (size_t i = 0; i < COUNT_OF(vectors); i++) {
        print_message("row %zu: %s\n", i, vectors[i].key);
        assert_int_equal(scan_partition_of(str_from(vectors[i].key), 1000),
                         (int32_t)((vectors[i].hash & UINT32_C(0x7fffffff)) % 1000));
    }
}

/* --- what events tell --------------------------------------------------------------- */

static struct sla_clock
row_of(int32_t start_no)
{
    return (struct sla_clock){.clock = CLOCK_RESOLUTION,
                              .start_no = start_no,
                              .policy = STR("default"),
                              .policy_version = STR("1"),
                              .target = STR("{\"hours\":24}"),
                              .started_at = 0,
                              .due_at = 24 * HOUR_MS,
                              .status = CLOCK_STATUS_RUNNING};
}

static void
tell(struct told_case *told, enum event_type type, enum state state, int64_t at_ms,
     const struct sla_clock *row, const struct action *action)
{
    struct register_section register_ = {.state = state};
    struct sla_section sla = {.n_clocks = 1, .clocks = row};
    struct complaint_event ev = {.complaint_id = told->complaint_id,
                                 .type = type,
                                 .occurred_at = at_ms,
                                 .register_ = &register_,
                                 .action = action,
                                 .sla = &sla};
    told_case_take(told, &ev);
}

static void
pauses_and_extensions(void **state)
{
    (void)state;
    CLEANUP(arena_release) struct arena arena = {0};
    struct told_case *told = ARENA_NEW(&arena, struct told_case);
    told->arena = &arena;
    told->complaint_id = STR("c");
    struct sla_clock row = row_of(1);
    row.calendar = STR("GB");
    row.zone = STR("Europe/London");
    tell(told, EVENT_TYPE_COMPLAINT_SUBMITTED, STATE_OPEN, 0, &row, NULL);
    row.calendar = row.zone = STR_NULL;
    row.status = CLOCK_STATUS_PAUSED;
    row.has_paused_since = true;
    row.paused_since = HOUR_MS;
    struct action waiting = {.reason = STR("needs the receipt")};
    tell(told, EVENT_TYPE_COMPLAINT_WAITING, STATE_WAITING_CUSTOMER, HOUR_MS, &row,
         &waiting);
    /* Extended while paused: the pause is cut in two. */
    row.paused_ms = HOUR_MS;
    row.paused_since = 2 * HOUR_MS;
    row.has_extended_until = true;
    row.extended_until = row.due_at = 48 * HOUR_MS;
    struct action extended = {.approver = STR("Ann"), .reason = STR("expert")};
    tell(told, EVENT_TYPE_COMPLAINT_EXTENDED, STATE_WAITING_CUSTOMER, 2 * HOUR_MS, &row,
         &extended);
    /* Met while paused: the pause ends there. */
    row.paused_ms = 4 * HOUR_MS;
    row.has_paused_since = false;
    row.status = CLOCK_STATUS_MET;
    row.due_at += 3 * HOUR_MS;
    tell(told, EVENT_TYPE_COMPLAINT_RESOLVED, STATE_RESOLVED, 5 * HOUR_MS, &row, NULL);

    assert_int_equal(told->n_clocks, 1);
    const struct told_clock *clock = told->clocks[0];
    assert_true(str_eq(clock->row.calendar, STR("GB")));
    assert_true(str_eq(clock->row.zone, STR("Europe/London")));
    assert_int_equal(clock->n_pauses, 2);
    assert_int_equal(clock->pauses[0].from_ms, HOUR_MS);
    assert_int_equal(clock->pauses[0].to_ms, 2 * HOUR_MS);
    assert_int_equal(clock->pauses[1].from_ms, 2 * HOUR_MS);
    assert_int_equal(clock->pauses[1].to_ms, 5 * HOUR_MS);
    assert_true(str_eq(clock->pauses[0].why,
                       STR("paused: waiting for the customer (needs the receipt)")));
    assert_int_equal(clock->n_extensions, 1);
    assert_true(str_eq(clock->extensions[0].approver, STR("Ann")));
    struct account account = account_of(&arena, clock, calendar_cn());
    assert_true(account.reproduced);
}

/* An event of another complaint, a second start, a pause whose begin was not seen. */
static void
starts_apart(void **state)
{
    (void)state;
    CLEANUP(arena_release) struct arena arena = {0};
    struct told_case *told = ARENA_NEW(&arena, struct told_case);
    told->arena = &arena;
    told->complaint_id = STR("c");
    struct sla_clock row = row_of(1);
    tell(told, EVENT_TYPE_COMPLAINT_SUBMITTED, STATE_OPEN, 0, &row, NULL);
    row = row_of(2);
    tell(told, EVENT_TYPE_COMPLAINT_REOPENED, STATE_OPEN, 0, &row, NULL);
    row.paused_ms = HOUR_MS;
    tell(told, EVENT_TYPE_COMPLAINT_RESUMED, STATE_OPEN, 9 * HOUR_MS, &row, NULL);
    struct complaint_event other = {.complaint_id = STR("d")};
    told_case_take(told, &other);
    assert_int_equal(told->n_events, 3);
    assert_int_equal(told->n_clocks, 2);
    assert_false(told->clocks[0]->pauses_lost);
    assert_true(told->clocks[1]->pauses_lost);
    struct account account = account_of(&arena, told->clocks[1], calendar_cn());
    assert_false(str_is_null(account.note));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(intervals),    cmocka_unit_test(breached_early),
        cmocka_unit_test(partitions),   cmocka_unit_test(pauses_and_extensions),
        cmocka_unit_test(starts_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
