/* Targets, pauses and percents; and the presets and calendars as they are shipped. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <cmocka.h>

#include "base/times.h"
#include "sla/sla_policy.h"

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

static struct sla_policy *
shipped(void)
{
    struct err err = {0};
    struct sla_policy *policy = sla_policy_load("deploy/policy", &err);
    if (!policy)
        print_error("%s\n", err.text);
    assert_non_null(policy);
    return policy;
}

static const struct calendar *
named(const struct sla_policy *policy, const char *name)
{
    for (size_t i = 0; i < policy->n_calendars; i++) {
        if (str_eq(policy->calendars[i]->name, str_from(name)))
            return policy->calendars[i];
    }
    fail_msg("no calendar %s", name);
    return NULL;
}

#define HOURS TARGET_UNIT_HOURS
#define DAYS TARGET_UNIT_DAYS
#define WEEKS TARGET_UNIT_WEEKS
#define MONTHS TARGET_UNIT_MONTHS
#define BDAYS TARGET_UNIT_BUSINESS_DAYS
#define BMIN TARGET_UNIT_BUSINESS_MINUTES
#define TIME TARGET_UNTIL_TIME
#define EOD TARGET_UNTIL_END_OF_DAY
#define EOB TARGET_UNTIL_END_OF_BUSINESS

static void
due_times(void **state)
{
    (void)state;
    struct sla_policy *policy = shipped();
    static const struct {
        const char *calendar;
        const char *start;
        struct target target;
        const char *due;
        const char *what;
    } table[] = {
        {"GB",
         "2026-03-28T10:00:00Z",
         {HOURS, 24, TIME},
         "2026-03-29T10:00:00Z",
         "hours"},
        {"GB",
         "2026-03-28T10:00:00Z",
         {DAYS, 1, TIME},
         "2026-03-29T09:00:00Z",
         "a day over the jump: same local time"},
        {"GB",
         "2026-03-28T10:00:00Z",
         {DAYS, 1, EOD},
         "2026-03-29T23:00:00Z",
         "to the midnight that ends it"},
        {"GB",
         "2026-01-31T10:00:00Z",
         {MONTHS, 1, TIME},
         "2026-02-28T10:00:00Z",
         "clamped"},
        {"GB", "2024-01-31T10:00:00Z", {MONTHS, 1, TIME}, "2024-02-29T10:00:00Z", "leap"},
        {"GB",
         "2025-12-31T10:00:00Z",
         {MONTHS, 2, EOD},
         "2026-03-01T00:00:00Z",
         "over a year"},
        {"GB",
         "2026-03-02T10:00:00Z",
         {WEEKS, 8, EOD},
         "2026-04-27T23:00:00Z",
         "FCA, 8 weeks"},
        {"GB",
         "2026-04-01T15:00:00Z",
         {BDAYS, 3, EOD},
         "2026-04-08T23:00:00Z",
         "Thursday, then Easter, Tuesday, Wednesday"},
        {"GB",
         "2026-04-01T15:00:00Z",
         {BDAYS, 3, EOB},
         "2026-04-08T16:00:00Z",
         "17 o'clock"},
        {"GB",
         "2026-04-01T15:00:00Z",
         {BDAYS, 3, TIME},
         "2026-04-08T15:00:00Z",
         "16 o'clock"},
        {"GB",
         "2026-04-04T15:00:00Z",
         {BDAYS, 1, EOD},
         "2026-04-07T23:00:00Z",
         "received on a Saturday"},
        {"GB",
         "2026-12-24T16:00:00Z",
         {BMIN, 120, TIME},
         "2026-12-29T10:00:00Z",
         "over Christmas and its substitute day"},
        {"US",
         "2026-07-02T20:30:00Z",
         {BMIN, 60, TIME},
         "2026-07-06T13:30:00Z",
         "over the observed Fourth"},
        {"US",
         "2026-02-01T03:00:00Z",
         {DAYS, 15, EOD},
         "2026-02-16T05:00:00Z",
         "received late on 31 January in New York"},
        {"CN",
         "2026-02-13T02:00:00Z",
         {BDAYS, 1, EOD},
         "2026-02-14T16:00:00Z",
         "a make-up Saturday counts"},
        {"CN",
         "2026-02-13T02:00:00Z",
         {BDAYS, 2, EOD},
         "2026-02-24T16:00:00Z",
         "then nine days off"},
        {"CN",
         "2026-09-30T09:30:00Z",
         {BMIN, 60, TIME},
         "2026-10-08T01:30:00Z",
         "over the golden week"},
        {"EU", "2026-12-24T12:00:00Z", {BDAYS, 1, EOB}, "2026-12-28T16:00:00Z", "TARGET"},
        {"GB",
         "2026-03-28T01:30:00Z",
         {DAYS, 1, TIME},
         "2026-03-29T01:00:00Z",
         "into the skipped hour: the jump"},
        {"GB",
         "2026-03-28T01:30:00Z",
         {DAYS, 1, EOD},
         "2026-03-29T23:00:00Z",
         "a day of 23 hours"},
        {"GB",
         "2026-10-24T00:30:00Z",
         {DAYS, 1, TIME},
         "2026-10-25T00:30:00Z",
         "into the doubled hour: the first"},
        {"GB",
         "2026-10-24T00:30:00Z",
         {DAYS, 1, EOD},
         "2026-10-26T00:00:00Z",
         "a day of 25 hours"},
        {"GB",
         "2026-10-25T00:30:00Z",
         {DAYS, 1, EOD},
         "2026-10-27T00:00:00Z",
         "received in the doubled hour"},
        {"GB",
         "2026-10-25T01:30:00Z",
         {DAYS, 1, EOD},
         "2026-10-27T00:00:00Z",
         "and an hour later"},
        {"GB",
         "2026-03-29T01:00:00Z",
         {HOURS, 24, TIME},
         "2026-03-30T01:00:00Z",
         "hours know no jump"},
        {"GB",
         "2026-03-01T23:59:59.999Z",
         {BDAYS, 1, EOD},
         "2026-03-03T00:00:00Z",
         "the last moment of Sunday"},
        {"GB",
         "2026-03-02T00:00:00Z",
         {BDAYS, 1, EOD},
         "2026-03-04T00:00:00Z",
         "midnight begins Monday, the day of receipt"},
        {"GB",
         "2026-06-30T23:00:00Z",
         {DAYS, 1, EOD},
         "2026-07-02T23:00:00Z",
         "local midnight begins 1 July"},
        {"GB",
         "2026-06-30T22:59:59.999Z",
         {DAYS, 1, EOD},
         "2026-07-01T23:00:00Z",
         "the moment before is 30 June"},
        {"GB",
         "2026-04-03T10:00:00Z",
         {BDAYS, 1, EOB},
         "2026-04-07T16:00:00Z",
         "received on Good Friday"},
        {"GB",
         "2026-04-03T10:00:00Z",
         {BMIN, 60, TIME},
         "2026-04-07T09:00:00Z",
         "the first hour after Easter"},
        {"GB",
         "2026-03-06T17:00:00Z",
         {BMIN, 60, TIME},
         "2026-03-09T10:00:00Z",
         "received as the office closes"},
        {"GB",
         "2026-03-06T09:00:00Z",
         {BMIN, 480, TIME},
         "2026-03-06T17:00:00Z",
         "to the close, not to Monday's opening"},
        {"GB",
         "2026-12-31T23:00:00Z",
         {BDAYS, 1, EOD},
         "2027-01-05T00:00:00Z",
         "over New Year's Day and a weekend"},
        {"GB",
         "2024-02-29T10:00:00Z",
         {MONTHS, 12, TIME},
         "2025-02-28T10:00:00Z",
         "a year from a leap day"},
        {"GB",
         "2024-02-22T10:00:00Z",
         {WEEKS, 1, EOD},
         "2024-03-01T00:00:00Z",
         "to the end of a leap day"},
        {"US",
         "2026-10-31T16:00:00Z",
         {WEEKS, 1, TIME},
         "2026-11-07T17:00:00Z",
         "noon is noon"},
        {"US",
         "2026-03-06T21:30:00Z",
         {BMIN, 60, TIME},
         "2026-03-09T13:30:00Z",
         "over the jump, in open time"},
        {"US",
         "2026-03-08T06:59:59Z",
         {BDAYS, 1, TIME},
         "2026-03-09T05:59:59Z",
         "the same local time on the business day"},
        {"CN",
         "2026-02-14T15:59:59Z",
         {BDAYS, 1, EOD},
         "2026-02-24T16:00:00Z",
         "received on a make-up Saturday"},
        {"CN",
         "2026-02-16T02:00:00Z",
         {BDAYS, 1, EOB},
         "2026-02-24T10:00:00Z",
         "received in the Spring Festival"},
        {"CN",
         "2026-02-13T10:30:00Z",
         {BMIN, 30, TIME},
         "2026-02-14T01:30:00Z",
         "the make-up Saturday is open"},
        {"default",
         "2026-03-06T16:00:00Z",
         {BMIN, 960, TIME},
         "2026-03-10T16:00:00Z",
         "16 open hours from Friday"},
    };
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        print_message("row %zu: %s %s\n", i, table[i].calendar, table[i].what);
        assert_time(target_due(&table[i].target, named(policy, table[i].calendar),
                               at(table[i].start)),
                    table[i].due);
    }
    sla_policy_free(policy);
}

static void
pauses(void **state)
{
    (void)state;
    struct sla_policy *policy = shipped();
    static const struct {
        struct target target;
        const char *due, *from, *to, *moved, *what;
    } table[] = {
        {{HOURS, 1, TIME},
         "2026-03-03T09:00:00Z",
         "2026-03-02T10:00:00Z",
         "2026-03-02T22:30:00Z",
         "2026-03-03T21:30:00Z",
         "elapsed"},
        {{BMIN, 1, TIME},
         "2026-03-03T09:30:00Z",
         "2026-03-02T17:00:00Z",
         "2026-03-03T09:00:00Z",
         "2026-03-03T09:30:00Z",
         "a night is no business time"},
        {{BMIN, 1, TIME},
         "2026-03-03T16:30:00Z",
         "2026-03-02T16:00:00Z",
         "2026-03-03T10:00:00Z",
         "2026-03-04T10:30:00Z",
         "two open hours"},
        {{BDAYS, 3, EOD},
         "2026-03-06T00:00:00Z",
         "2026-03-03T12:00:00Z",
         "2026-03-04T12:00:00Z",
         "2026-03-07T00:00:00Z",
         "one business day: the next day's end"},
        {{BDAYS, 3, EOD},
         "2026-03-06T00:00:00Z",
         "2026-03-03T10:00:00Z",
         "2026-03-03T12:00:00Z",
         "2026-03-06T11:00:00Z",
         "two open hours"},
        {{BDAYS, 3, EOB},
         "2026-03-05T17:00:00Z",
         "2026-03-03T12:00:00Z",
         "2026-03-04T12:00:00Z",
         "2026-03-06T17:00:00Z",
         "one business day"},
        {{BMIN, 1, TIME},
         "2026-03-03T16:30:00Z",
         "2026-03-02T16:00:00Z",
         "2026-03-02T15:00:00Z",
         "2026-03-03T16:30:00Z",
         "never earlier"},
    };
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        print_message("row %zu: %s\n", i, table[i].what);
        assert_time(target_after_pause(table[i].target.unit, table[i].target.until,
                                       named(policy, "default"), at(table[i].due),
                                       at(table[i].from), at(table[i].to)),
                    table[i].moved);
    }
    sla_policy_free(policy);
}

static void
percents(void **state)
{
    (void)state;
    struct sla_policy *policy = shipped();
    const struct calendar *office = named(policy, "default");
    /* Friday 16:00 to Tuesday 16:00: 16 open hours. */
    int64_t start = at("2026-03-06T16:00:00Z");
    int64_t due = at("2026-03-10T16:00:00Z");
    assert_time(target_percent_at(BMIN, office, start, due, 0, 50),
                "2026-03-09T16:00:00Z");
    assert_time(target_percent_at(BMIN, office, start, due, 0, 5),
                "2026-03-06T16:48:00Z");
    assert_time(target_percent_at(HOURS, office, start, due, 0, 50),
                "2026-03-08T16:00:00Z");
    /* 24 of the 96 hours were a pause: 36 of the other 72 after it. */
    assert_time(target_percent_at(HOURS, office, start, due, 24 * HOUR_MS, 50),
                "2026-03-09T04:00:00Z");
    sla_policy_free(policy);
}

/* Contract (design, Clocks): which preset, which clock, which due time. */
static void
presets(void **state)
{
    (void)state;
    struct sla_policy *policy = shipped();
    static const struct {
        const char *regulator;
        const char *statutory_at;
        enum clock clock;
        const char *preset;
        const char *due; /* counted from statutory_at */
    } table[] = {
        {"CFPB", "2026-03-02T15:00:00Z", CLOCK_FIRST_RESPONSE, "us_cfpb",
         "2026-03-18T04:00:00Z"},
        {"cfpb", "2026-03-02T15:00:00Z", CLOCK_STATUTORY, "us_cfpb",
         "2026-05-02T04:00:00Z"},
        {"FCA", "2026-03-02T15:00:00Z", CLOCK_RESOLUTION, "uk_fca",
         "2026-03-06T00:00:00Z"},
        {"FCA", "2026-03-02T15:00:00Z", CLOCK_STATUTORY, "uk_fca",
         "2026-04-27T23:00:00Z"},
        {"FCA", "2026-03-02T15:00:00Z", CLOCK_FIRST_RESPONSE, "default", NULL},
        {"ADR", "2026-03-02T15:00:00Z", CLOCK_STATUTORY, "eu_adr",
         "2026-05-31T22:00:00Z"},
        {"SAMR", "2026-04-14T15:59:59Z", CLOCK_STATUTORY, "cn_samr_20", NULL},
        {"SAMR", "2026-04-14T16:00:00Z", CLOCK_STATUTORY, "cn_samr_121",
         "2026-06-14T16:00:00Z"},
        {"12315", "2026-04-15T01:00:00Z", CLOCK_FIRST_RESPONSE, "cn_samr_121",
         "2026-04-24T16:00:00Z"},
        {"DOT", "2026-03-02T15:00:00Z", CLOCK_ACKNOWLEDGE, "us_dot_air",
         "2026-04-02T04:00:00Z"},
        {"DOT", "2026-03-02T15:00:00Z", CLOCK_STATUTORY, "us_dot_air",
         "2026-05-02T04:00:00Z"},
        {"NHS", "2026-03-02T15:00:00Z", CLOCK_ACKNOWLEDGE, "nhs_england",
         "2026-03-06T00:00:00Z"},
        {"ASIC", "2026-03-02T15:00:00Z", CLOCK_ACKNOWLEDGE, "au_rg271",
         "2026-03-03T15:00:00Z"},
        {"ASIC", "2026-03-02T12:00:00Z", CLOCK_STATUTORY, "au_rg271",
         "2026-04-01T13:00:00Z"},
        {"ISO", "2026-03-02T15:00:00Z", CLOCK_UPDATE, "iso_10002",
         "2026-03-10T00:00:00Z"},
        {"nobody", "2026-03-02T15:00:00Z", CLOCK_ACKNOWLEDGE, "default", NULL},
        {NULL, "2026-03-02T15:00:00Z", CLOCK_RECOVERY_WINDOW, "default",
         "2026-03-30T15:00:00Z"},
    };
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        struct sla_facts facts = {.regulator = str_from(table[i].regulator),
                                  .channel = CHANNEL_WEB,
                                  .kind = KIND_COMPLAINT,
                                  .statutory_at = at(table[i].statutory_at)};
        const struct sla_rules *rules = NULL;
        print_message("row %zu: %s %s\n", i,
                      table[i].regulator ? table[i].regulator : "-",
                      clock_name(table[i].clock));
        struct sla_choice choice = sla_choose(policy, &facts);
        const struct sla_clock_rule *rule =
            sla_rule(&choice, KIND_COMPLAINT, table[i].clock, &rules);
        assert_non_null(rule);
        assert_string_equal(rules->name.ptr, table[i].preset);
        if (table[i].due)
            assert_time(target_due(&rule->target, rule->calendar, facts.statutory_at),
                        table[i].due);
    }
    sla_policy_free(policy);
}

/* A running clock names its calendar and zone; what is gone has the nearest instead. */
static void
pinned_calendars(void **state)
{
    (void)state;
    struct sla_policy *policy = shipped();
    static const struct {
        const char *name, *zone, *expect_name, *expect_zone;
    } table[] = {
        {"GB", "Europe/London", "GB", "Europe/London"},
        {"EU", "Europe/Brussels", "EU", "Europe/Brussels"},
        {"default", "Etc/UTC", "default", "Etc/UTC"},
        {"GB", "Asia/Tokyo", "GB", "Europe/London"},
        {"gone", "Asia/Tokyo", "default", "Etc/UTC"},
    };
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        print_message("row %zu\n", i);
        const struct calendar *found =
            sla_calendar(policy, str_from(table[i].name), str_from(table[i].zone));
        assert_true(str_eq(found->name, str_from(table[i].expect_name)));
        assert_true(str_eq(found->zone->name, str_from(table[i].expect_zone)));
    }
    sla_policy_free(policy);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(due_times),        cmocka_unit_test(pauses),
        cmocka_unit_test(percents),         cmocka_unit_test(presets),
        cmocka_unit_test(pinned_calendars),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
