/* Strings, buffers, arenas, errors: the edges that everything else leans on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/times.h"

/* --- strings ------------------------------------------------------------------------ */

static void
test_compare(void **state)
{
    (void)state;
    static const struct {
        const char *a, *b;
        int order;
        bool starts, ends, nocase;
    } rows[] = {
        {"", "", 0, true, true, true},
        {NULL, "", 0, true, true, true},
        {"a", "", 1, true, true, false},
        {"a", "b", -1, false, false, false},
        {"ab", "a", 1, true, false, false},
        {"ab", "b", -1, false, true, false},
        {"AB", "ab", -1, false, false, true},
        {"[", "{", -1, false, false, false}, /* 0x20 apart, but no letters */
        {"\xc3\x84", "\xc3\xa4", -1, false, false, false},
        {"\x7f", "\x80", -1, false, false, false}, /* bytes are unsigned */
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct str a = str_from(rows[i].a);
        struct str b = str_from(rows[i].b);
        print_message("row %zu: %.*s %.*s\n", i, STR_ARG(a), STR_ARG(b));
        int order = str_cmp(a, b);
        assert_int_equal((order > 0) - (order < 0), rows[i].order);
        order = str_cmp(b, a);
        assert_int_equal((order > 0) - (order < 0), -rows[i].order);
        assert_int_equal(str_eq(a, b), rows[i].order == 0);
        assert_int_equal(str_starts(a, b), rows[i].starts);
        assert_int_equal(str_ends(a, b), rows[i].ends);
        assert_int_equal(str_eq_nocase(a, b), rows[i].nocase);
    }
}

static void
assert_str(struct str got, const char *expect)
{
    assert_int_equal(got.len, strlen(expect));
    if (got.len)
        assert_memory_equal(got.ptr, expect, got.len);
}

static void
test_parts(void **state)
{
    (void)state;
    assert_str(str_sub(STR("abcdef"), 1, 3), "bcd");
    assert_str(str_sub(STR("abcdef"), 4, SIZE_MAX), "ef");
    assert_str(str_sub(STR("abcdef"), 9, 1), "");
    assert_true(str_is_null(str_sub(STR_NULL, 1, 1)));
    assert_str(str_trim(STR(" \t\r\n a b \v\f")), "a b");
    assert_str(str_trim(STR("  ")), "");
    assert_true(str_is_null(str_trim(STR_NULL)));

    static const struct {
        const char *text;
        size_t max;
        const char *expect;
    } cuts[] = {
        {"abc", 5, "abc"},
        {"abc", 2, "ab"},
        {"abc", 0, ""},
        {"a\xc3\xa9z", 2, "a"},
        {"a\xc3\xa9z", 3, "a\xc3\xa9"},
        {"\xe4\xb8\xad\xe6\x96\x87", 5, "\xe4\xb8\xad"},
        {"\xf0\x9f\x98\x80", 3, ""},
    };
    for (size_t i = 0; i < COUNT_OF(cuts); i++) {
        print_message("cut %zu\n", i);
        assert_str(str_cut_utf8(str_from(cuts[i].text), cuts[i].max), cuts[i].expect);
    }
}

static void
test_numbers(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool ok;
        int64_t expect;
    } rows[] = {
        {"0", true, 0},
        {"-1", true, -1},
        {"9223372036854775807", true, INT64_MAX},
        {"-9223372036854775808", true, INT64_MIN},
        {"9223372036854775808", false, 0},
        {"-9223372036854775809", false, 0},
        {"100000000000000000000000000", false, 0},
        {"", false, 0},
        {"-", false, 0},
        {" 1", false, 0},
        {"1 ", false, 0},
        {"1x", false, 0},
        {"0x10", false, 0},
        {"1.0", false, 0},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        int64_t value = 42;
        print_message("row %zu: \"%s\"\n", i, rows[i].text);
        assert_int_equal(str_to_i64(str_from(rows[i].text), &value), rows[i].ok);
        assert_int_equal(value, rows[i].ok ? rows[i].expect : 42);
    }
    int64_t value = 42;
    assert_true(str_to_i64((struct str){"123456", 3}, &value)); /* only the view */
    assert_int_equal(value, 123);
    assert_false(str_to_i64((struct str){"1\0"
                                         "2",
                                         3},
                            &value));

    double number = 0;
    assert_true(str_to_double(STR("-1.5e3"), &number));
    assert_true(number < -1499.9 && number > -1500.1);
    static const char *const BAD[] = {"", " 1", "1 ", "1,5", "x", "nan", "inf", "1e999"};
    for (size_t i = 0; i < COUNT_OF(BAD); i++) {
        print_message("no number: \"%s\"\n", BAD[i]);
        assert_false(str_to_double(str_from(BAD[i]), &number));
    }
}

/* --- errors ------------------------------------------------------------------------- */

static void
test_errors(void **state)
{
    (void)state;
    char longer[1000];
    memset(longer, 'x', sizeof(longer) - 1);
    longer[sizeof(longer) - 1] = '\0';
    struct err err = {0};

    assert_false(err_set(&err, ERR_RETRY, "%s away", "broker"));
    assert_int_equal(err.action, ERR_RETRY);
    assert_string_equal(err.text, "broker away");
    assert_false(err_prefix(&err, "topic %d", 7));
    assert_string_equal(err.text, "topic 7: broker away");
    assert_false(err_dead(&err, DEAD_BAD_FIELD, "$.data.score", "not %d", 9));
    assert_int_equal(err.action, ERR_DEAD_LETTER);
    assert_int_equal(err.reason, DEAD_BAD_FIELD);
    assert_string_equal(err.path, "$.data.score");
    assert_string_equal(err.text, "not 9");
    assert_false(err_dead(&err, DEAD_BAD_JSON, NULL, "%s", longer));
    assert_string_equal(err.path, "");
    assert_int_equal(strlen(err.text), sizeof(err.text) - 1);
    assert_false(err_prefix(&err, "%s", longer));
    assert_int_equal(strlen(err.text), sizeof(err.text) - 1);
    for (size_t i = 0; i < DEAD_REASON_COUNT; i++)
        for (size_t k = 0; k < i; k++)
            assert_string_not_equal(dead_reason_name((enum dead_reason)i),
                                    dead_reason_name((enum dead_reason)k));
}

/* --- buffers ------------------------------------------------------------------------ */

static void
test_buf_limit(void **state)
{
    (void)state;
    CLEANUP(buf_release) struct buf buf;
    buf_init(&buf, 10);
    assert_string_equal(buf_str(&buf).ptr, "");
    assert_true(buf_add(&buf, NULL, 0));
    assert_true(buf_add_c(&buf, "12345678"));

    /* Each would pass the maximum: nothing changes. */
    assert_false(buf_add_c(&buf, "abc"));
    assert_false(buf_printf(&buf, "%d", 123));
    assert_false(buf_add_json(&buf, STR("x")));
    assert_false(buf_add_member(&buf, "n", STR("x")));
    assert_false(buf_reserve(&buf, SIZE_MAX));
    assert_string_equal(buf.ptr, "12345678");
    assert_int_equal(buf.len, 8);

    assert_true(buf_add_char(&buf, '9'));
    assert_true(buf_printf(&buf, "%d", 0));
    assert_string_equal(buf.ptr, "1234567890");
    assert_false(buf_add_char(&buf, 'x'));
    buf_clear(&buf);
    assert_string_equal(buf.ptr, "");
    assert_true(buf_add_str(&buf, STR("a\0b")));
    assert_int_equal(buf.len, 3);
    buf_release(&buf);
    assert_int_equal(buf.max_bytes, 10);
    assert_true(buf_add_c(&buf, "again"));
}

static void
test_buf_grows(void **state)
{
    (void)state;
    CLEANUP(buf_release) struct buf buf = {0};
    for (int i = 0; i < 10000; i++)
        assert_true(buf_printf(&buf, "%04d", i));
    assert_int_equal(buf.len, 40000);
    assert_memory_equal(buf.ptr + 39996, "9999", 5);
}

static void
test_json(void **state)
{
    (void)state;
    static const struct {
        struct str given;
        const char *expect;
    } rows[] = {
        {{"", 0}, "\"\""},
        {{NULL, 0}, "\"\""},
        {{"a\"b\\c/", 6}, "\"a\\\"b\\\\c/\""},
        {{"\n\t\r", 3}, "\"\\n\\t\\u000d\""},
        {{"\0\x1f\x7f ", 4}, "\"\\u0000\\u001f\\u007f \""},
        {{"\xe4\xb8\xad", 3}, "\"\xe4\xb8\xad\""},
    };
    CLEANUP(buf_release) struct buf buf = {0};
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        print_message("row %zu: %s\n", i, rows[i].expect);
        buf_clear(&buf);
        assert_true(buf_add_json(&buf, rows[i].given));
        assert_string_equal(buf.ptr, rows[i].expect);
    }
    buf_clear(&buf);
    buf_add_char(&buf, '{');
    assert_true(buf_add_member(&buf, "absent", STR_NULL));
    assert_true(buf_add_member(&buf, "brace", STR("{")));
    assert_true(buf_add_member(&buf, "empty", STR("")));
    assert_true(buf_add_member_time(&buf, "never", TIME_NONE));
    assert_true(buf_add_member_time(&buf, "at", 0));
    assert_string_equal(
        buf.ptr, "{\"brace\":\"{\",\"empty\":\"\",\"at\":\"1970-01-01T00:00:00.000Z\"");
}

/* --- arenas ------------------------------------------------------------------------- */

static void
test_arena(void **state)
{
    (void)state;
    CLEANUP(arena_release) struct arena arena = {0};
    for (size_t round = 0; round < 3; round++) {
        for (size_t size = 0; size < 3000; size += 7) {
            unsigned char *at = arena_alloc(&arena, size);
            assert_int_equal((uintptr_t)at % 16, 0);
            for (size_t i = 0; i < size; i++)
                if (at[i] != 0)
                    fail_msg("size %zu: byte %zu is not zero", size, i);
            memset(at, 0xff, size); /* what a later round must not see */
        }
        arena_clear(&arena);
        assert_int_equal(arena.used_bytes, 0);
    }
    struct str copy = arena_str(&arena, (struct str){"abcdef", 3});
    assert_string_equal(copy.ptr, "abc");
    assert_true(str_is_null(arena_str(&arena, STR_NULL)));
    copy = arena_str(&arena, STR(""));
    assert_non_null(copy.ptr);
    assert_str(arena_lower(&arena, STR("A-Z[\xc3\x84")), "a-z[\xc3\x84");
    assert_true(str_is_null(arena_lower(&arena, STR_NULL)));
    copy = arena_printf(&arena, "%s-%d", "x", 12);
    assert_string_equal(copy.ptr, "x-12");
    assert_int_equal(copy.len, 4);
    assert_int_equal(ARENA_ARRAY(&arena, int, 2)[1], 0);

    /* A huge block does not stay for ever. */
    (void)arena_alloc(&arena, (size_t)8 * 1024 * 1024);
    arena_clear(&arena);
    assert_null(arena.block);
}

static void
above_cap(struct arena *arena)
{
    (void)arena_alloc(arena, 600);
    (void)arena_alloc(arena, 600);
}

static void
times_overflow(struct arena *arena)
{
    (void)arena_array(arena, SIZE_MAX / 2, 4);
}

static void
test_arena_stops(void **state)
{
    (void)state;
    void (*const calls[])(struct arena *) = {above_cap, times_overflow};
    for (size_t i = 0; i < COUNT_OF(calls); i++) {
        print_message("call %zu\n", i);
        (void)fflush(NULL);
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            (void)signal(SIGABRT, SIG_DFL); /* cmocka holds it */
            (void)close(STDERR_FILENO);
            struct arena arena;
            arena_init(&arena, 1000);
            calls[i](&arena);
            _exit(0);
        }
        int status = 0;
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_compare),     cmocka_unit_test(test_parts),
        cmocka_unit_test(test_numbers),     cmocka_unit_test(test_errors),
        cmocka_unit_test(test_buf_limit),   cmocka_unit_test(test_buf_grows),
        cmocka_unit_test(test_json),        cmocka_unit_test(test_arena),
        cmocka_unit_test(test_arena_stops),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
