/* The framing, the bounded reads and writes, hostile bytes, other schema versions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "gen/complaint_event.h"
#include "gen/detail.h"
#include "gen/finding.h"
#include "gen/wire_all.h"
#include "wire/io.h"

#define BYTES(literal)                                                                   \
    {                                                                                    \
        literal, sizeof(literal) - 1                                                     \
    }

/* ---- numbers ---- */

static void
numbers_have_their_avro_bytes(void **state)
{
    (void)state;
    static const struct {
        int64_t value;
        struct str bytes;
    } table[] = {
        {0, {"\x00", 1}},
        {-1, {"\x01", 1}},
        {1, {"\x02", 1}},
        {-64, {"\x7f", 1}},
        {64, {"\x80\x01", 2}},
        {8192, {"\x80\x80\x01", 3}},
        {INT64_MAX, {"\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01", 10}},
        {INT64_MIN, {"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 10}},
    };
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        print_message("row %zu: %lld\n", i, (long long)table[i].value);
        struct err err = {0};
        CLEANUP(buf_release) struct buf buf = {0};
        struct wire_out out;
        wire_out_init(&out, &buf, &err);
        assert_true(wire_out_end(&out, wire_put_long(&out, table[i].value)));
        assert_int_equal(buf.len, table[i].bytes.len);
        assert_memory_equal(buf.ptr, table[i].bytes.ptr, buf.len);

        struct wire_in in;
        int64_t value = 99;
        wire_in_init(&in, buf_str(&buf), NULL, &err);
        assert_true(wire_get_long(&in, &value));
        assert_true(wire_in_end(&in));
        assert_true(value == table[i].value);
    }
}

static void
bad_numbers_are_refused(void **state)
{
    (void)state;
    static const struct {
        struct str bytes;
        const char *expect;
    } table[] = {
        {{"", 0}, "cut inside"},
        {{"\x80", 1}, "cut inside"},
        {{"\xff\xff\xff\xff\xff\xff\xff\xff\xff", 9}, "cut inside"},
        {{"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 10}, "above 64 bits"},
        {{"\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01", 11}, "above 64 bits"},
    };
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        print_message("row %zu: %s\n", i, table[i].expect);
        struct err err = {0};
        struct wire_in in;
        int64_t value = 99;
        wire_in_init(&in, table[i].bytes, NULL, &err);
        assert_false(wire_get_long(&in, &value));
        assert_true(value == 99);
        assert_non_null(strstr(err.text, table[i].expect));
        assert_int_equal(err.reason, DEAD_BAD_SCHEMA);
    }
}

/* ---- framing ---- */

static const struct detail DETAIL = {.name = {"n", 1}, .value = {"v", 1}};

static void
a_frame_is_magic_fingerprint_body(void **state)
{
    (void)state;
    struct err err = {0};
    struct arena arena = {0};
    CLEANUP(buf_release) struct buf framed = {0};
    CLEANUP(buf_release) struct buf body = {0};
    assert_true(buf_add_c(&framed, "before"));
    assert_true(wire_encode(&detail_wire, &DETAIL, &framed, &err));
    assert_true(detail_encode(&DETAIL, &body, &err));
    struct str frame = str_sub(buf_str(&framed), 6, framed.len);
    assert_int_equal(frame.len, WIRE_HEADER_BYTES + body.len);
    assert_memory_equal(frame.ptr, "\xc3\x01", 2);
    for (unsigned i = 0; i < 8; i++)
        assert_int_equal((unsigned char)frame.ptr[2 + i],
                         detail_fingerprint >> (8 * i) & 0xff);
    assert_memory_equal(frame.ptr + WIRE_HEADER_BYTES, body.ptr, body.len);

    struct detail twin = {0};
    assert_true(wire_decode(&detail_wire, frame, &arena, &twin, &err));
    assert_true(str_eq(twin.name, DETAIL.name));
    assert_true(str_eq(twin.value, DETAIL.value));
    assert_ptr_equal(twin.name.ptr, frame.ptr + WIRE_HEADER_BYTES + 1); /* a view */
    arena_release(&arena);
}

static void
bad_frames_are_dead_letters(void **state)
{
    (void)state;
    CLEANUP(buf_release) struct buf good = {0};
    struct err err = {0};
    struct arena arena = {0};
    assert_true(wire_encode(&detail_wire, &DETAIL, &good, &err));
    char other[64];
    assert_true(good.len < sizeof(other));
    memcpy(other, good.ptr, good.len);
    other[5] = (char)(other[5] ^ 1);
    const struct {
        struct str bytes;
        const char *expect;
    } table[] = {
        {{"", 0}, "header"},
        {STR_NULL, "header"},
        {{good.ptr, 9}, "header"},
        {{"\xc3\x02xxxxxxxx....", 14}, "header"},
        {{"{\"json\": \"value\"}", 17}, "header"},
        {{other, good.len}, "unknown schema fingerprint"},
        {{good.ptr, good.len - 1}, "length beyond the end"},
        {{good.ptr, good.len + 1}, "bytes are left"},
    };
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        print_message("row %zu: %s\n", i, table[i].expect);
        struct detail twin = {.name = {"untouched", 9}};
        assert_false(wire_decode(&detail_wire, table[i].bytes, &arena, &twin, &err));
        assert_int_equal(err.action, ERR_DEAD_LETTER);
        assert_int_equal(err.reason, DEAD_BAD_SCHEMA);
        assert_non_null(strstr(err.text, table[i].expect));
        assert_true(str_eq(twin.name, STR("untouched")));
    }
    arena_release(&arena);
}

/* ---- hostile lengths: refused before anything is allocated ---- */

static void
hostile_bytes_allocate_nothing(void **state)
{
    (void)state;
    /* finding: task, label, confidence, decided_by, upstream, model, reasons[] (8). */
#define HEAD "\x02t\x02l\0\0\0\0\0\0\0\0"
    static const struct {
        struct str bytes;
        const char *path;
        const char *expect;
    } table[] = {
        {BYTES("\x80\xa8\xd6\xb9\x07"), "task", "beyond the end"}, /* 1e9 bytes */
        {BYTES("\x01"), "task", "negative length"},
        {BYTES("\x82\x01"
               "0123456789012345678901234567890123456789012345678901234567890123456"),
         "task", "max_bytes"},
        {BYTES("\x02t\x02l\0\0\0\0\0\0\0"), "confidence", "cut inside"},
        {BYTES(HEAD "\x7e"), "decided_by", "no such enum symbol"},
        {BYTES(HEAD "\x01"), "decided_by", "no such enum symbol"},
        {BYTES(HEAD "\0\x04"), "upstream", "no such union branch"},
        {BYTES(HEAD "\0\x01"), "upstream", "no such union branch"},
        {BYTES(HEAD "\0\0\0\x80\xe1\xeb\x17"), "reasons",
         "more than max_items"}, /* 2.5e7 */
        {BYTES(HEAD "\0\0\0\x12"
                    "abcdefghi"),
         "reasons", "more than max_items"},
        {BYTES(HEAD "\0\0\0\x10"
                    "abcdefg"),
         "reasons", "count beyond the end"},
        {BYTES(HEAD "\0\0\0\x0f\x80\x01"
                    "abcdefgh"),
         "reasons", "block beyond the end"},
        {BYTES(HEAD "\0\0\0\x01\x01"), "reasons", "block beyond the end"},
        {BYTES(HEAD "\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"), "reasons",
         "impossible count"},
        {BYTES(HEAD "\0\0\0"), "reasons", "cut inside"},
    };
#undef HEAD
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        print_message("row %zu: %s: %s\n", i, table[i].path, table[i].expect);
        struct err err = {0};
        struct arena arena = {0};
        struct finding finding;
        assert_false(finding_decode(table[i].bytes, &arena, &finding, &err));
        assert_int_equal(err.action, ERR_DEAD_LETTER);
        assert_int_equal(err.reason, DEAD_BAD_SCHEMA);
        assert_string_equal(err.path, table[i].path);
        assert_non_null(strstr(err.text, table[i].expect));
        assert_int_equal(arena.used_bytes, 0);
        arena_release(&arena);
    }
}

static void
arrays_may_come_in_blocks(void **state)
{
    (void)state;
#define HEAD "\x02t\x02l\0\0\0\0\0\0\0\0\0\0\0"
#define TAIL "\0\0\0\0" /* what comes behind the reasons */
    static const struct {
        struct str bytes;
        size_t n; /* 0: refused */
    } table[] = {
        {BYTES(HEAD "\x04\x02"
                    "a\x02"
                    "b\0" TAIL),
         2},
        {BYTES(HEAD "\x02\x02"
                    "a\x02\x02"
                    "b\0" TAIL),
         2},
        {BYTES(HEAD "\x03\x08\x02"
                    "a\x02"
                    "b\0" TAIL),
         2}, /* -2 items in 4 bytes */
        {BYTES(HEAD "\x01\x04\x02"
                    "a\x02\x02"
                    "b\0" TAIL),
         2},
        {BYTES(HEAD "\x03\x06\x02"
                    "a\x02"
                    "b\0" TAIL),
         0}, /* says 3 bytes */
        {BYTES(HEAD "\x02\x02"
                    "a\x02\x02"
                    "b\x02\x02"
                    "c\x02\x02"
                    "d\x02\x02"
                    "e\0" TAIL),
         5},
        {BYTES(HEAD "\x02\0\x02\0\x02\0\x02\0\x02\0\x02\0\x02\0\x02\0\0" TAIL), 8},
        {BYTES(HEAD "\x02\0\x02\0\x02\0\x02\0\x02\0\x02\0\x02\0\x02\0\x02\0\0" TAIL), 0},
    };
#undef HEAD
#undef TAIL
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        print_message("row %zu: %zu items\n", i, table[i].n);
        struct err err = {0};
        struct arena arena = {0};
        struct finding finding;
        bool ok = finding_decode(table[i].bytes, &arena, &finding, &err);
        assert_int_equal(ok, table[i].n > 0);
        if (ok) {
            assert_int_equal(finding.n_reasons, table[i].n);
            if (table[i].n < 8)
                assert_true(str_eq(finding.reasons[1], STR("b")));
        }
        arena_release(&arena);
    }
}

/* ---- limits when writing ---- */

static void
too_much_is_not_written(void **state)
{
    (void)state;
    static char text[70];
    memset(text, 'x', sizeof(text));
    struct str many[9] = {{"", 0}};
    const struct {
        struct finding given;
        const char *path;
    } table[] = {
        {{.task = {text, 64}}, NULL},
        {{.task = {text, 65}}, "task"},
        {{.n_reasons = 8, .reasons = many}, NULL},
        {{.n_reasons = 9, .reasons = many}, "reasons"},
    };
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        print_message("row %zu: %s\n", i, table[i].path ? table[i].path : "written");
        struct err err = {0};
        CLEANUP(buf_release) struct buf out = {0};
        assert_true(buf_add_c(&out, "before"));
        bool ok = wire_encode(&finding_wire, &table[i].given, &out, &err);
        assert_int_equal(ok, table[i].path == NULL);
        if (!ok) {
            assert_int_equal(err.action, ERR_DEAD_LETTER);
            assert_int_equal(err.reason, DEAD_TOO_LARGE);
            assert_string_equal(err.path, table[i].path);
            assert_string_equal(out.ptr, "before");
        }
    }
}

static void
a_full_buffer_is_left_as_it_was(void **state)
{
    (void)state;
    struct err err = {0};
    for (size_t max = 0; max < 60; max++) {
        print_message("at most %zu bytes\n", max + 3);
        CLEANUP(buf_release) struct buf out;
        buf_init(&out, max + 3);
        assert_true(buf_add(&out, "abc", 3));
        if (!wire_encode(&detail_wire, &DETAIL, &out, &err)) {
            assert_int_equal(err.reason, DEAD_TOO_LARGE);
            assert_int_equal(out.len, 3);
            assert_string_equal(out.ptr, "abc");
        } else {
            assert_true(out.len <= max + 3);
        }
    }
}

/* ---- a zeroed struct ---- */

static void
zero_means_absent(void **state)
{
    (void)state;
    struct err err = {0};
    struct arena arena = {0};
    CLEANUP(buf_release) struct buf out = {0};
    CLEANUP(buf_release) struct buf json = {0};
    const struct finding zero = {0};
    struct finding twin;
    assert_true(wire_encode(&finding_wire, &zero, &out, &err));
    assert_true(wire_decode(&finding_wire, buf_str(&out), &arena, &twin, &err));
    assert_false(str_is_null(twin.task)); /* empty, not absent */
    assert_true(str_is_null(twin.upstream));
    assert_null(twin.reasons);
    assert_true(finding_print_json(&twin, &json));
    assert_non_null(strstr(json.ptr, "{\"task\":\"\",\"label\":\"\",\"confidence\":0,"));
    assert_null(strstr(json.ptr, "upstream"));
    assert_null(strstr(json.ptr, "reasons"));

    const struct finding empty = {.upstream = {"", 0}};
    buf_clear(&out);
    assert_true(wire_encode(&finding_wire, &empty, &out, &err));
    assert_true(wire_decode(&finding_wire, buf_str(&out), &arena, &twin, &err));
    assert_false(str_is_null(twin.upstream));
    arena_release(&arena);
}

static void
errors_name_the_field(void **state)
{
    (void)state;
    static char text[33000];
    memset(text, 'x', sizeof(text));
    struct str reasons[3] = {{"a", 1}, {"b", 1}, {text, sizeof(text)}};
    struct finding findings[2] = {{.n_reasons = 0}, {.n_reasons = 3, .reasons = reasons}};
    const struct classification_section section = {.n_findings = 2, .findings = findings};
    const struct complaint_event ev = {.classification = &section};
    struct err err = {0};
    CLEANUP(buf_release) struct buf out = {0};
    assert_false(wire_encode(&complaint_event_wire, &ev, &out, &err));
    assert_string_equal(err.path, "classification.findings[1].reasons[2]");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_have_their_avro_bytes),
        cmocka_unit_test(bad_numbers_are_refused),
        cmocka_unit_test(a_frame_is_magic_fingerprint_body),
        cmocka_unit_test(bad_frames_are_dead_letters),
        cmocka_unit_test(hostile_bytes_allocate_nothing),
        cmocka_unit_test(arrays_may_come_in_blocks),
        cmocka_unit_test(too_much_is_not_written),
        cmocka_unit_test(a_full_buffer_is_left_as_it_was),
        cmocka_unit_test(zero_means_absent),
        cmocka_unit_test(errors_name_the_field),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
