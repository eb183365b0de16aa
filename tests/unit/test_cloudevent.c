/* The envelope: both modes, every way to be malformed; and the JSON reader beneath it,
 * held against jansson. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>
#include <stdlib.h>

#include "intake/cloudevent.h"

#define MIN "\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"/s\",\"type\":\"t\""
#define SIXTY_FOUR "0123456789012345678901234567890123456789012345678901234567890123"
#define FIVE_TWELVE                                                                      \
    SIXTY_FOUR SIXTY_FOUR SIXTY_FOUR SIXTY_FOUR SIXTY_FOUR SIXTY_FOUR SIXTY_FOUR         \
        SIXTY_FOUR

static struct raw_message
message_of(struct str value, const struct header *headers, size_t n_headers)
{
    return (struct raw_message){.topic = STR("complaints.inbound"),
                                .timestamp_ms = 1750000000000,
                                .value = value,
                                .headers = headers,
                                .n_headers = n_headers};
}

static const struct structured {
    const char *value;
    const char *content_type;
    enum dead_reason expect;
    const char *path;
} STRUCTURED[] = {
    {"{" MIN ",\"data\":{}}", NULL, DEAD_NONE, ""},
    {"{" MIN ",\"data\":{}}", "application/cloudevents+json", DEAD_NONE, ""},
    {"{" MIN ",\"data\":{}}", "Application/CloudEvents+JSON; charset=UTF-8", DEAD_NONE,
     ""},
    {"{" MIN ",\"data\":{}}", "application/json", DEAD_NONE, ""},
    {"\xef\xbb\xbf{" MIN ",\"data\":{}}", NULL, DEAD_NONE, ""},
    {" \n{" MIN ",\"data\":null,\"time\":null,\"subject\":null} ", NULL, DEAD_NONE, ""},
    {"{" MIN ",\"data_base64\":\"eyJhIjoxfQ==\"}", NULL, DEAD_NONE, ""},
    {"{" MIN ",\"data_base64\":\"eyJhIjoxfQ\"}", NULL, DEAD_NONE, ""},
    {"{" MIN ",\"datacontenttype\":\"application/vnd.x+json\",\"data\":{}}", NULL,
     DEAD_NONE, ""},
    {"{" MIN ",\"datacontenttype\":\"text/json\",\"data\":{}}", NULL, DEAD_NONE, ""},
    {"{" MIN ",\"sequence\":5,\"flag\":true,\"data\":{}}", NULL, DEAD_NONE, ""},
    {"{\"specversion\":\"1.0\",\"id\":\"" FIVE_TWELVE
     "\",\"source\":\"/s\",\"type\":\"t\"}",
     NULL, DEAD_NONE, ""},
    /* content types */
    {"{" MIN ",\"data\":{}}", "text/plain", DEAD_BAD_CLOUDEVENT, "$"},
    {"{" MIN ",\"data\":{}}", "text/json", DEAD_BAD_CLOUDEVENT, "$"},
    {"[{" MIN "}]", "application/cloudevents-batch+json", DEAD_BAD_CLOUDEVENT, "$"},
    {"[{" MIN "}]", NULL, DEAD_BAD_CLOUDEVENT, "$"},
    {"{" MIN ",\"datacontenttype\":\"text/xml\",\"data\":\"<a/>\"}", NULL,
     DEAD_BAD_CLOUDEVENT, "$.datacontenttype"},
    /* attributes */
    {"{}", NULL, DEAD_BAD_CLOUDEVENT, "$.specversion"},
    {"\"text\"", NULL, DEAD_BAD_CLOUDEVENT, "$"},
    {"null", NULL, DEAD_BAD_CLOUDEVENT, "$"},
    {"{\"specversion\":\"0.3\",\"id\":\"1\",\"source\":\"/s\",\"type\":\"t\"}", NULL,
     DEAD_BAD_CLOUDEVENT, "$.specversion"},
    {"{\"specversion\":1.0,\"id\":\"1\",\"source\":\"/s\",\"type\":\"t\"}", NULL,
     DEAD_BAD_CLOUDEVENT, "$.specversion"},
    {"{\"specversion\":\"1.0\",\"source\":\"/s\",\"type\":\"t\"}", NULL,
     DEAD_BAD_CLOUDEVENT, "$.id"},
    {"{\"specversion\":\"1.0\",\"id\":\"\",\"source\":\"/s\",\"type\":\"t\"}", NULL,
     DEAD_BAD_CLOUDEVENT, "$.id"},
    {"{\"specversion\":\"1.0\",\"id\":null,\"source\":\"/s\",\"type\":\"t\"}", NULL,
     DEAD_BAD_CLOUDEVENT, "$.id"},
    {"{\"specversion\":\"1.0\",\"id\":7,\"source\":\"/s\",\"type\":\"t\"}", NULL,
     DEAD_BAD_CLOUDEVENT, "$.id"},
    {"{\"specversion\":\"1.0\",\"id\":\"a\\nb\",\"source\":\"/s\",\"type\":\"t\"}", NULL,
     DEAD_BAD_CLOUDEVENT, "$.id"},
    {"{\"specversion\":\"1.0\",\"id\":\"1\",\"type\":\"t\"}", NULL, DEAD_BAD_CLOUDEVENT,
     "$.source"},
    {"{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"/s\"}", NULL,
     DEAD_BAD_CLOUDEVENT, "$.type"},
    {"{" MIN ",\"time\":5}", NULL, DEAD_BAD_CLOUDEVENT, "$.time"},
    {"{" MIN ",\"subject\":{}}", NULL, DEAD_BAD_CLOUDEVENT, "$.subject"},
    {"{" MIN ",\"data\":{},\"data_base64\":\"e30=\"}", NULL, DEAD_BAD_CLOUDEVENT,
     "$.data_base64"},
    {"{" MIN ",\"data_base64\":\"e30=!\"}", NULL, DEAD_BAD_CLOUDEVENT, "$.data_base64"},
    {"{" MIN ",\"data_base64\":\"e\"}", NULL, DEAD_BAD_CLOUDEVENT, "$.data_base64"},
    {"{" MIN ",\"data_base64\":5}", NULL, DEAD_BAD_CLOUDEVENT, "$.data_base64"},
    {"{" MIN ",\"data_base64\":\"e30x\"}", NULL, DEAD_BAD_JSON, "$.data"},
    {"{" MIN ",\"data_base64\":\"Iv8i\"}", NULL, DEAD_BAD_ENCODING, "$.data"},
    /* sizes */
    {"{\"specversion\":\"1.0\",\"id\":\"" FIVE_TWELVE
     "x\",\"source\":\"/s\",\"type\":\"t\"}",
     NULL, DEAD_TOO_LARGE, "$.id"},
    {"{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"" FIVE_TWELVE
     "x\",\"type\":\"t\"}",
     NULL, DEAD_TOO_LARGE, "$.source"},
    /* JSON */
    {"not json", NULL, DEAD_BAD_JSON, "$"},
    {"{" MIN, NULL, DEAD_BAD_JSON, "$"},
    {"{" MIN "} x", NULL, DEAD_BAD_JSON, "$"},
    {"{" MIN ",\"id\":\"2\"}", NULL, DEAD_BAD_JSON, "$"},
    {"{" MIN ",\"data\":{\"a\":1,\"\\u0061\":2}}", NULL, DEAD_BAD_JSON, "$"},
    {"{" MIN ",\"data\":{\"a\":01}}", NULL, DEAD_BAD_JSON, "$"},
    {"{" MIN ",\"data\":{\"a\":NaN}}", NULL, DEAD_BAD_JSON, "$"},
    {"{" MIN ",\"data\":{\"a\":\"\t\"}}", NULL, DEAD_BAD_JSON, "$"},
    {"{" MIN ",\"data\":{\"a\":\"\\x41\"}}", NULL, DEAD_BAD_JSON, "$"},
    {"{" MIN ",\"data\":{\"a\":1,}}", NULL, DEAD_BAD_JSON, "$"},
    {"{'a':1}", NULL, DEAD_BAD_JSON, "$"},
    /* encoding */
    {"{" MIN ",\"data\":{\"a\":\"caf\xe9\"}}", NULL, DEAD_BAD_ENCODING, "$"},
    {"{" MIN ",\"data\":{\"a\":\"\xc0\xaf\"}}", NULL, DEAD_BAD_ENCODING, "$"},
    {"{" MIN ",\"data\":{\"a\":\"\xed\xa0\x80\"}}", NULL, DEAD_BAD_ENCODING, "$"},
    {"{" MIN ",\"data\":{\"a\":\"\xf4\x90\x80\x80\"}}", NULL, DEAD_BAD_ENCODING, "$"},
    {"{" MIN ",\"data\":{\"a\":\"\\ud800\"}}", NULL, DEAD_BAD_ENCODING, "$"},
    {"{" MIN ",\"data\":{\"a\":\"\\udc00\\ud800\"}}", NULL, DEAD_BAD_ENCODING, "$"},
    {"{" MIN ",\"data\":{\"a\":\"\\ud83d\\u0041\"}}", NULL, DEAD_BAD_ENCODING, "$"},
    {"\xff\xfe{", NULL, DEAD_BAD_ENCODING, "$"},
    {"\xe9t\xe9", NULL, DEAD_BAD_ENCODING, "$"},
};

static void
assert_refused(bool ok, const struct err *err, enum dead_reason expect, const char *path)
{
    print_message("   %s %s: %s\n", dead_reason_name(err->reason), err->path, err->text);
    assert_int_equal(ok, expect == DEAD_NONE);
    if (ok)
        return;
    assert_int_equal(err->action, ERR_DEAD_LETTER);
    assert_string_equal(dead_reason_name(err->reason), dead_reason_name(expect));
    assert_string_equal(err->path, path);
    assert_true(err->text[0] != '\0');
}

static void
test_structured(void **state)
{
    (void)state;
    struct arena arena = {0};
    for (size_t i = 0; i < COUNT_OF(STRUCTURED); i++) {
        const struct structured *row = &STRUCTURED[i];
        print_message("row %zu: %.100s\n", i, row->value);
        struct header header = {STR("Content-Type"), str_from(row->content_type)};
        size_t len = strlen(row->value);
        char *value = malloc(len); /* no NUL behind it: ASan sees a byte read too many */
        memcpy(value, row->value, len);
        struct raw_message message =
            message_of((struct str){value, len}, &header, row->content_type ? 1 : 0);
        struct cloudevent ce;
        struct err err = {0};
        bool ok = cloudevent_read(&arena, &message, &ce, &err);
        assert_refused(ok, &err, row->expect, row->path);
        free(value);
        arena_clear(&arena);
    }
    arena_release(&arena);
}

#define H(name, value)                                                                   \
    {                                                                                    \
        {name, sizeof(name) - 1},                                                        \
        {                                                                                \
            value, sizeof(value) - 1                                                     \
        }                                                                                \
    }
#define BASE                                                                             \
    H("ce_specversion", "1.0"), H("ce_id", "1"), H("ce_source", "/s"), H("ce_type", "t")

static const struct binary {
    struct header headers[8];
    const char *value;
    enum dead_reason expect;
    const char *path;
} BINARY[] = {
    {{BASE}, "{}", DEAD_NONE, ""},
    {{BASE, H("content-type", "application/json")}, "{}", DEAD_NONE, ""},
    {{BASE, H("content-type", "text/json; charset=utf-8")}, "{}", DEAD_NONE, ""},
    {{BASE, H("content-type", "application/problem+json")}, "{}", DEAD_NONE, ""},
    {{BASE, H("ce_time", "2026-01-01T00:00:00Z"), H("other", "\xff")},
     "{}",
     DEAD_NONE,
     ""},
    {{BASE, H("content-type", "text/plain")},
     "{}",
     DEAD_BAD_CLOUDEVENT,
     "$.datacontenttype"},
    {{BASE, H("content-type", "application/avro")},
     "{}",
     DEAD_BAD_CLOUDEVENT,
     "$.datacontenttype"},
    {{BASE, H("content-type", "application/cloudevents-batch+json")},
     "[]",
     DEAD_BAD_CLOUDEVENT,
     "$.datacontenttype"},
    {{H("ce_specversion", "1.0"), H("ce_id", "1"), H("ce_type", "t")},
     "{}",
     DEAD_BAD_CLOUDEVENT,
     "$.source"},
    {{H("ce_id", "1")}, "{" MIN "}", DEAD_BAD_CLOUDEVENT, "$.specversion"},
    {{BASE, H("ce_id", "2")}, "{}", DEAD_BAD_CLOUDEVENT, "$.id"},
    {{BASE, H("ce_x", "2"), H("ce_x", "3")}, "{}", DEAD_BAD_CLOUDEVENT, "$"},
    {{BASE, H("ce_x", "caf\xe9")}, "{}", DEAD_BAD_ENCODING, "$"},
    {{BASE}, "", DEAD_BAD_CLOUDEVENT, "$"},
    {{BASE}, "{", DEAD_BAD_JSON, "$.data"},
    {{BASE}, "\"\xff\"", DEAD_BAD_ENCODING, "$.data"},
};

static void
test_binary(void **state)
{
    (void)state;
    struct arena arena = {0};
    for (size_t i = 0; i < COUNT_OF(BINARY); i++) {
        const struct binary *row = &BINARY[i];
        size_t n = 0;
        while (n < COUNT_OF(row->headers) && row->headers[n].name.ptr)
            n++;
        print_message("row %zu: %zu headers, %s\n", i, n, row->value);
        struct raw_message message = message_of(str_from(row->value), row->headers, n);
        struct cloudevent ce;
        struct err err = {0};
        assert_refused(cloudevent_read(&arena, &message, &ce, &err), &err, row->expect,
                       row->path);
        arena_clear(&arena);
    }
    arena_release(&arena);
}

static void
assert_str(struct str got, const char *expect)
{
    assert_int_equal(got.len, strlen(expect));
    assert_memory_equal(got.ptr, expect, got.len);
}

static void
test_attributes_come_out(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct err err = {0};
    struct cloudevent ce;
    struct raw_message message =
        message_of(STR("{" MIN ",\"time\":\"2026-01-01T00:00:00Z\",\"subject\":\"s\","
                       "\"traceparent\":\"00-aa-bb-01\",\"tracestate\":\"k=v\","
                       "\"partitionkey\":\"p\","
                       "\"seq\":12345678901234567890123,\"data\":{\"n\":"
                       "\"a\\u0000\\ud83d\\ude21\"}}"),
                   NULL, 0);
    assert_true(cloudevent_read(&arena, &message, &ce, &err));
    assert_str(ce.id, "1");
    assert_str(ce.source, "/s");
    assert_str(ce.type, "t");
    assert_str(ce.time, "2026-01-01T00:00:00Z");
    assert_str(ce.subject, "s");
    assert_str(ce.traceparent, "00-aa-bb-01");
    assert_str(ce.tracestate, "k=v");
    assert_str(ce.data->first->text, "a\xef\xbf\xbd\xf0\x9f\x98\xa1");
    struct buf out = {0};
    assert_true(door_json_print(&arena, ce.extensions, &out));
    assert_string_equal(out.ptr,
                        "{\"partitionkey\":\"p\",\"seq\":12345678901234567890123}");

    const struct header headers[] = {BASE, H("ce_subject", "b"),
                                     H("ce_partitionkey", "q"),
                                     H("ce_dataschema", "urn:x")};
    message = message_of(STR("{\"x\":1}"), headers, COUNT_OF(headers));
    assert_true(cloudevent_read(&arena, &message, &ce, &err));
    assert_str(ce.subject, "b");
    buf_clear(&out);
    assert_true(door_json_print(&arena, ce.extensions, &out));
    assert_string_equal(out.ptr, "{\"partitionkey\":\"q\",\"dataschema\":\"urn:x\"}");
    buf_release(&out);
    arena_release(&arena);
}

/* ---- limits ------------------------------------------------------------------------ */

static enum dead_reason
parse_reason(struct arena *arena, struct str text)
{
    struct door_json *value = NULL;
    struct err err = {0};
    return door_json_parse(arena, text, "$", &value, &err) ? DEAD_NONE : err.reason;
}

static void
test_limits(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct buf text = {0};
    for (int depth = DOOR_JSON_DEPTH_MAX; depth <= DOOR_JSON_DEPTH_MAX + 1; depth++) {
        buf_clear(&text);
        for (int i = 0; i < depth; i++)
            buf_add_char(&text, '[');
        for (int i = 0; i < depth; i++)
            buf_add_char(&text, ']');
        print_message("depth %d\n", depth);
        assert_int_equal(parse_reason(&arena, buf_str(&text)),
                         depth > DOOR_JSON_DEPTH_MAX ? DEAD_TOO_LARGE : DEAD_NONE);
    }
    buf_clear(&text);
    for (int i = 0; i < 100000; i++)
        buf_add_char(&text, '[');
    assert_int_equal(parse_reason(&arena, buf_str(&text)), DEAD_TOO_LARGE);

    buf_clear(&text);
    buf_add_char(&text, '[');
    for (int i = 0; i < DOOR_JSON_VALUES_MAX; i++)
        buf_add_c(&text, i ? ",1" : "1");
    buf_add_char(&text, ']');
    assert_int_equal(parse_reason(&arena, buf_str(&text)), DEAD_TOO_LARGE);

    /* Many keys: found in any order, in time. */
    buf_clear(&text);
    buf_add_char(&text, '{');
    for (int i = 0; i < 60000; i++)
        buf_printf(&text, "\"k%d\":1,", i * 7919 % 60000);
    size_t len = text.len;
    buf_add_c(&text, "\"last\":1}");
    assert_int_equal(parse_reason(&arena, buf_str(&text)), DEAD_NONE);
    text.len = len;
    buf_add_c(&text, "\"k59\":1}");
    assert_int_equal(parse_reason(&arena, buf_str(&text)), DEAD_BAD_JSON);

    /* A message of a byte too many. */
    struct cloudevent ce;
    struct err err = {0};
    char *big = calloc(1, CLOUDEVENT_MESSAGE_MAX + 1);
    struct raw_message message =
        message_of((struct str){big, CLOUDEVENT_MESSAGE_MAX + 1}, NULL, 0);
    assert_false(cloudevent_read(&arena, &message, &ce, &err));
    assert_int_equal(err.reason, DEAD_TOO_LARGE);
    message = message_of(STR_NULL, NULL, 0);
    assert_false(cloudevent_read(&arena, &message, &ce, &err));
    assert_int_equal(err.reason, DEAD_BAD_CLOUDEVENT);
    message = message_of((struct str){"{\0\"\0", 4}, NULL, 0); /* UTF-16LE, no mark */
    assert_false(cloudevent_read(&arena, &message, &ce, &err));
    assert_int_equal(err.reason, DEAD_BAD_ENCODING);
    free(big);
    buf_release(&text);
    arena_release(&arena);
}

/* ---- against jansson --------------------------------------------------------------- */

static uint32_t
next_random(uint32_t *state)
{
    *state = *state * 1664525 + 1013904223;
    return *state >> 8;
}

/* Random damage to JSON texts: we accept what jansson accepts, and read the same from it.
 * Where we differ on purpose: depth, numbers out of range, a byte order mark. */
static void
test_agrees_with_jansson(void **state)
{
    (void)state;
    static const char *const SEEDS[] = {
        ("{\"a\":[1,-2.5e3,true,false,null],\"b\":{\"c\":\"x\\n\\u00e9\\\"\"},\"d\":"
         "\"\xe6\x8a\x95\"}"),
        "[\"\\ud83d\\ude21\",\"\\\\\",{},[],0,-0,1.0,{\"k\":{\"k\":[{}]}}]",
        "{\"text\":\"caf\xc3\xa9 \xf0\x9f\x98\xa1\",\"n\":123456789,\"e\":\"\"}",
    };
    static const char ALPHABET[] = "{}[]\",:\\u0123dDeE.+-tfn \n\xc3\xa9\xe6\xf0\x9f/b";
    struct arena arena = {0};
    struct buf printed = {0};
    uint32_t random = 7;
    int accepted = 0;
    for (int round = 0; round < 60000; round++) {
        char text[128];
        const char *seed = SEEDS[next_random(&random) % COUNT_OF(SEEDS)];
        size_t len = strlen(seed);
        memcpy(text, seed, len + 1);
        for (uint32_t edits = next_random(&random) % 4; edits > 0; edits--)
            text[next_random(&random) % len] =
                ALPHABET[next_random(&random) % (sizeof(ALPHABET) - 1)];
        len -= next_random(&random) % 8 == 0 ? next_random(&random) % 4 : 0;

        json_error_t error;
        json_t *theirs = json_loadb(
            text, len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);
        struct door_json *ours = NULL;
        struct err err = {0};
        bool ok = door_json_parse(&arena, (struct str){text, len}, "$", &ours, &err);
        bool range = !theirs && json_error_code(&error) == json_error_numeric_overflow;
        if (ok != (theirs != NULL) && !(ok && range)) {
            print_message("differ: %.*s (%s / %s)\n", (int)len, text, err.text,
                          error.text);
            assert_true(false);
        }
        if (ok && theirs) {
            accepted++;
            buf_clear(&printed);
            assert_true(door_json_print(&arena, ours, &printed));
            json_t *again = json_loadb(printed.ptr, printed.len, JSON_DECODE_ANY, &error);
            assert_non_null(again);
            json_decref(again);
        }
        json_decref(theirs);
        arena_clear(&arena);
    }
    print_message("%d of 60000 accepted by both\n", accepted);
    assert_true(accepted > 5000);
    buf_release(&printed);
    arena_release(&arena);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_structured),          cmocka_unit_test(test_binary),
        cmocka_unit_test(test_attributes_come_out), cmocka_unit_test(test_limits),
        cmocka_unit_test(test_agrees_with_jansson),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
