/* Agreement with the oracle in Python (tests/oracle/business_time.py) on every case of a
 * folder: the one kept in tests/oracle/kept, or ORACLE=DIR. */
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
    if (!calendar_set_read(&reader->calendars, reader->dir, str_from(name), hash, &err))
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
    struct reader reader = {.dir = given ? given : "tests/oracle/kept"};
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

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_oracle_agrees)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
