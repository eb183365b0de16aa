/* Files for the import: CSV and JSON lines as people really have them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <zlib.h>

#include "base/buf.h"
#include "ctl/rows.h"

static char file[64];

static int
open_dir(void **state)
{
    (void)state;
    static char dir[] = "/tmp/redress-rows-XXXXXX";
    assert_non_null(mkdtemp(dir));
    (void)snprintf(file, sizeof(file), "%s/x", dir);
    return 0;
}

static int
close_dir(void **state)
{
    (void)state;
    (void)unlink(file);
    file[strlen(file) - 2] = '\0';
    return rmdir(file);
}

static void
put(struct str bytes, bool gz)
{
    FILE *out = gz ? NULL : fopen(file, "wb");
    if (gz) {
        gzFile packed = gzopen(file, "wb");
        assert_non_null(packed);
        assert_int_equal(gzwrite(packed, bytes.ptr, (unsigned)bytes.len), bytes.len);
        assert_int_equal(gzclose(packed), Z_OK);
        return;
    }
    assert_non_null(out);
    assert_int_equal(fwrite(bytes.ptr, 1, bytes.len, out), bytes.len);
    assert_int_equal(fclose(out), 0);
}

/* All rows: an object as JSON, a bad line in <>, an error as !; each followed by '|'. */
static void
read_all(enum rows_format format, struct buf *out, struct err *err)
{
    struct rows *rows = rows_open(file, format, err);
    assert_non_null(rows);
    buf_clear(out);
    bool end = false;
    for (int64_t n = 1; !end; n++) {
        json_t *row = NULL;
        struct str bad = STR_NULL;
        if (!rows_next(rows, &row, &bad, &end, err)) {
            buf_add_c(out, "!");
            break;
        }
        if (end)
            break;
        if (row) {
            char *text = json_dumps(row, JSON_COMPACT | JSON_ENSURE_ASCII);
            assert_non_null(text);
            buf_add_c(out, text);
            free(text);
            json_decref(row);
        } else {
            buf_printf(out, "<");
            buf_add_str(out, bad);
            buf_printf(out, ">");
        }
        buf_add_char(out, '|');
        if (format != ROWS_JSONL)
            assert_int_equal(rows_line(rows), n);
    }
    rows_drop(rows);
}

#define BYTES(literal)                                                                   \
    {                                                                                    \
        literal, sizeof(literal) - 1                                                     \
    }

static const struct {
    enum rows_format format;
    struct str given;
    const char *expect;
} table[] = {
    {ROWS_CSV, BYTES(""), ""},
    {ROWS_CSV, BYTES("a,b\n"), ""},
    {ROWS_CSV, BYTES("a,b\n1,2\n3,4"),
     "{\"a\":\"1\",\"b\":\"2\"}|{\"a\":\"3\",\"b\":\"4\"}|"},
    {ROWS_CSV, BYTES("a,b\r\n1,2\r\n"), "{\"a\":\"1\",\"b\":\"2\"}|"},
    {ROWS_CSV, BYTES("a\n\"x, \"\"y\"\"\r\nz\"\n"), "{\"a\":\"x, \\\"y\\\"\\r\\nz\"}|"},
    {ROWS_CSV, BYTES("a,b\n\n1,\n\n"), "{\"a\":\"1\",\"b\":\"\"}|"},
    {ROWS_CSV, BYTES("a,b\n1\n"), "{\"a\":\"1\"}|"},
    {ROWS_CSV, BYTES("a\n1,2,3\n"), "{\"a\":\"1\"}|"},
    {ROWS_CSV, BYTES("\xef\xbb\xbf\"a\",b\n1,2\n"), "{\"a\":\"1\",\"b\":\"2\"}|"},
    {ROWS_CSV, BYTES("a\n\xef\xbb\xbf\n"), "{\"a\":\"\\uFEFF\"}|"},
    {ROWS_CSV, BYTES("a\n\xc3\xa9\n\xe9\x80\n"),
     "{\"a\":\"\\u00E9\"}|{\"a\":\"\\u00E9\\u0080\"}|"},
    {ROWS_CSV, BYTES("a\n\"x\0y\"\n"), "{\"a\":\"x\\u0000y\"}|"},
    {ROWS_CSV, BYTES("a\n\"open"), "{\"a\":\"open\"}|"},
    {ROWS_TSV, BYTES("a\tb\n1,0\t2\n"), "{\"a\":\"1,0\",\"b\":\"2\"}|"},
    {ROWS_JSONL, BYTES(""), ""},
    {ROWS_JSONL, BYTES("{\"a\":1}\n\n  \r\n{\"a\":2}"), "{\"a\":1}|{\"a\":2}|"},
    {ROWS_JSONL, BYTES("\xef\xbb\xbf{\"a\":1}\n"), "{\"a\":1}|"},
    {ROWS_JSONL, BYTES("[1]\n7\nnull\n{\n{}\n"), "<[1]>|<7>|<null>|<{>|{}|"},
    {ROWS_JSONL, BYTES("{\"a\":1,\"a\":2}\n{}\n"), "<{\"a\":1,\"a\":2}>|{}|"},
    {ROWS_JSONL, BYTES("{} x\n\xff\n{}\n"), "<{} x>|<\xff>|{}|"},
};

static void
test_table(void **state)
{
    (void)state;
    CLEANUP(buf_release) struct buf out = {0};
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        for (int gz = 0; gz < 2; gz++) {
            print_message("row %zu, gz %d: %s\n", i, gz, table[i].expect);
            struct err err = {0};
            put(table[i].given, gz);
            read_all(table[i].format, &out, &err);
            assert_string_equal(buf_str(&out).ptr, table[i].expect);
        }
    }
}

/* A NUL does not hide the end of its line. */
static void
test_nul_in_a_line(void **state)
{
    (void)state;
    CLEANUP(buf_release) struct buf out = {0};
    struct err err = {0};
    put(STR("{\"a\":\"x\0y\"}\n\0\n{}\n"), false);
    read_all(ROWS_JSONL, &out, &err);
    struct str expect = STR("<{\"a\":\"x\0y\"}>|<\0>|{}|");
    assert_int_equal(out.len, expect.len);
    assert_memory_equal(out.ptr, expect.ptr, expect.len);
}

/* Rows longer than any chunk, up to the limit; beyond it the import stops. */
static void
test_large(void **state)
{
    (void)state;
    static const struct {
        enum rows_format format;
        bool ok;
        const char *before, *after;
        size_t bytes;
    } rows[] = {
        {ROWS_CSV, true, "a\n\"", "\"\n", ROWS_MAX_BYTES},
        {ROWS_CSV, false, "a\n\"", "\"\n", ROWS_MAX_BYTES + 1},
        {ROWS_CSV, false, "a,b\n\"12\",\"", "\"\n", ROWS_MAX_BYTES - 1},
        {ROWS_JSONL, true, "{\"a\":\"", "\"}\n", ROWS_MAX_BYTES - 9},
        {ROWS_JSONL, false, "{\"a\":\"", "\"}\n", ROWS_MAX_BYTES},
    };
    CLEANUP(buf_release) struct buf given = {0};
    CLEANUP(buf_release) struct buf out = {0};
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        print_message("row %zu: %zu bytes\n", i, rows[i].bytes);
        buf_clear(&given);
        buf_add_c(&given, rows[i].before);
        assert_true(buf_reserve(&given, rows[i].bytes));
        memset(given.ptr + given.len, 'x', rows[i].bytes);
        given.len += rows[i].bytes;
        buf_add_c(&given, rows[i].after);
        struct err err = {0};
        put(buf_str(&given), false);
        read_all(rows[i].format, &out, &err);
        if (rows[i].ok) {
            assert_int_equal(out.len, strlen("{\"a\":\"\"}|") + rows[i].bytes);
        } else {
            assert_string_equal(out.ptr, "!");
            assert_int_equal(err.action, ERR_STOP);
            assert_true(str_starts(str_from(err.text), str_from(file)));
            assert_non_null(strstr(err.text, "4 MiB"));
        }
    }
}

static void
test_broken_files(void **state)
{
    (void)state;
    CLEANUP(buf_release) struct buf out = {0};
    struct err err = {0};
    assert_null(rows_open("/nowhere/x.csv", ROWS_GUESS, &err));
    assert_int_equal(err.action, ERR_STOP);
    assert_non_null(strstr(err.text, "/nowhere/x.csv"));

    /* A gzip file that ends too early is not a shorter file. */
    for (int i = 0; i < 2; i++) {
        enum rows_format format = i ? ROWS_JSONL : ROWS_CSV;
        print_message("format %d\n", (int)format);
        put(STR("{}\n{}\n{}\n"), true);
        assert_int_equal(truncate(file, 24), 0);
        err = (struct err){0};
        read_all(format, &out, &err);
        assert_true(str_ends(buf_str(&out), STR("!")));
        assert_int_equal(err.action, ERR_STOP);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_nul_in_a_line),
        cmocka_unit_test(test_large),
        cmocka_unit_test(test_broken_files),
    };
    return cmocka_run_group_tests(tests, open_dir, close_dir);
}
