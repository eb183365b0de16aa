/* door_rig.h - what the tests of the door share: a record around some data, and reading
 * it. Header only: each test program is its own. */
#ifndef REDRESS_TESTS_DOOR_RIG_H
#define REDRESS_TESTS_DOOR_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "intake/door.h"

#define NOW_MS INT64_C(1767225600000) /* 2026-01-01, the records' timestamp */
#define ID_TEXT "0123abcd-4567-8abc-9def-0123456789ab"

static struct arena arena;
static const struct door_context WALL = {&arena, {"salt", 4}, {"CN", 2}, true};
static const struct door_context EVENT = {&arena, {"salt", 4}, {"CN", 2}, false};

static struct raw_message
message_of(struct str value)
{
    return (struct raw_message){.topic = STR("complaints.inbound"),
                                .partition = 3,
                                .offset = 17,
                                .timestamp_ms = NOW_MS,
                                .value = value};
}

static struct str
envelope(const char *source, const char *type, const char *time, const char *data)
{
    return arena_printf(&arena,
                        "{\"specversion\":\"1.0\",\"id\":\"e1\",\"source\":\"%s\","
                        "\"type\":\"%s\"%s%s%s,\"data\":%s}",
                        source, type, time ? ",\"time\":\"" : "", time ? time : "",
                        time ? "\"" : "", data);
}

static bool
read_data(const char *type, const char *data, struct door_result *ret, struct err *err)
{
    struct raw_message message = message_of(envelope("/crm", type, NULL, data));
    *err = (struct err){0};
    return door_read(&WALL, &message, ret, err);
}

/* Reads what must be read. */
static struct complaint_event
event_of(const char *type, const char *data)
{
    struct door_result result;
    struct err err;
    if (!read_data(type, data, &result, &err)) {
        print_message("%s %s: %s %s %s\n", type, data, dead_reason_name(err.reason),
                      err.path, err.text);
        assert_true(false);
    }
    assert_false(result.is_fact);
    return result.event;
}

static void
assert_str(struct str got, const char *expect)
{
    if (!str_eq(got, str_from(expect)) || (got.ptr == NULL) != (expect == NULL))
        print_message("got %.*s, expected %s\n", STR_ARG(got), expect ? expect : "null");
    assert_true(str_eq(got, str_from(expect)));
    assert_int_equal(got.ptr == NULL, expect == NULL);
}

#define REF "\"complaint_ref\":\"R1\""
#define WEB REF ",\"channel\":\"web\",\"text\":\"t\""

#endif
