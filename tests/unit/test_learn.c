/* Input of train, evaluate and classify: lines as strangers write them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <zlib.h>

#include "base/now.h"
#include "base/times.h"
#include "ctl/learn.h"

#define BYTES(literal)                                                                   \
    {                                                                                    \
        literal, sizeof(literal) - 1                                                     \
    }
#define FFFD "\xef\xbf\xbd"

/* --- one line ----------------------------------------------------------------------- */

static const struct {
    struct str line;
    bool object, repaired, broken;
    enum learn_type id_type;
    struct str id;
    enum learn_type text_type;
    struct str text;
} lines[] = {
    {BYTES("{\"id\":\"a\",\"text\":\"b\"}"), true, false, false, LEARN_STRING, BYTES("a"),
     LEARN_STRING, BYTES("b")},
    {BYTES(" { \"text\" : \"b\" , \"id\" : 7 } \r"), true, false, false, LEARN_NUMBER,
     BYTES("7"), LEARN_STRING, BYTES("b")},
    {BYTES("\xef\xbb\xbf{\"id\":-1.50e+3}"), true, false, false, LEARN_NUMBER,
     BYTES("-1.50e+3"), LEARN_ABSENT, BYTES("")},
    {BYTES("{}"), true, false, false, LEARN_ABSENT, BYTES(""), LEARN_ABSENT, BYTES("")},
    {BYTES("{\"id\":null,\"text\":null}"), true, false, false, LEARN_NULL, BYTES("null"),
     LEARN_NULL, BYTES("null")},
    {BYTES("{\"id\":true,\"text\":false}"), true, false, false, LEARN_BOOL, BYTES("true"),
     LEARN_BOOL, BYTES("false")},
    /* Escapes. */
    {BYTES("{\"id\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\",\"text\":\"\\u4e2d\\uD83D\\uDE00\"}"),
     true, false, false, LEARN_STRING, BYTES("\"\\/\b\f\n\r\t"), LEARN_STRING,
     BYTES("\xe4\xb8\xad\xf0\x9f\x98\x80")},
    {BYTES("{\"\\u0069d\":\"a\",\"t\\u0065xt\":\"b\"}"), true, false, false, LEARN_STRING,
     BYTES("a"), LEARN_STRING, BYTES("b")},
    /* What is repaired: half surrogates, NUL, bytes that are no UTF-8. */
    {BYTES("{\"id\":\"a\",\"text\":\"\\ud800x\\udc00\\ud800\\ud83d\\ude00\"}"), true,
     true, false, LEARN_STRING, BYTES("a"), LEARN_STRING,
     BYTES(FFFD "x" FFFD FFFD "\xf0\x9f\x98\x80")},
    {BYTES("{\"id\":\"a\\u0000b\",\"text\":\"a\\u0000b\"}"), true, true, false,
     LEARN_STRING, BYTES("a\0b"), LEARN_STRING, BYTES("a" FFFD "b")},
    {BYTES("{\"id\":\"a\0b\",\"text\":\"a\0b\"}"), true, true, false, LEARN_STRING,
     BYTES("a\0b"), LEARN_STRING, BYTES("a" FFFD "b")},
    {BYTES("{\"id\":\"\xff\",\"text\":\"caf\xe9 \xc0\xaf \xed\xa0\x80 \xf5\x80 "
           "\xe4\xb8\"}"),
     true, true, false, LEARN_STRING, BYTES(FFFD), LEARN_STRING,
     BYTES("caf" FFFD " " FFFD " " FFFD " " FFFD " " FFFD)},
    {BYTES(
         "{\"id\":\"0123456789abcdef\\u0041\",\"text\":\"0123456\xe4\xb8\xad 0123456\"}"),
     true, false, false, LEARN_STRING, BYTES("0123456789abcdefA"), LEARN_STRING,
     BYTES("0123456\xe4\xb8\xad 0123456")},
    /* The last of a name that comes twice. */
    {BYTES("{\"id\":\"a\",\"text\":\"x\",\"id\":2,\"text\":\"y\"}"), true, true, false,
     LEARN_NUMBER, BYTES("2"), LEARN_STRING, BYTES("y")},
    /* Not JSON from somewhere on. */
    {BYTES("{\"id\":\"a\",\"text\":\"no end"), true, false, true, LEARN_STRING,
     BYTES("a"), LEARN_STRING, BYTES("no end")},
    {BYTES("{\"id\":\"a\",\"text\":\"end\\"), true, false, true, LEARN_STRING, BYTES("a"),
     LEARN_STRING, BYTES("end")},
    {BYTES("{\"id\":\"a\""), true, false, true, LEARN_STRING, BYTES("a"), LEARN_ABSENT,
     BYTES("")},
    {BYTES("{\"text\":\"say \"hi\" now\",\"id\":\"a\"}"), true, false, true, LEARN_STRING,
     BYTES("a"), LEARN_STRING, BYTES("say ")},
    {BYTES("{\"text\":\"ends in \\\",\"id\":\"a\"}"), true, false, true, LEARN_STRING,
     BYTES("a"), LEARN_STRING, BYTES("ends in \",")},
    {BYTES("{\"m\":{\"id\":\"no\"},\"text\":\"b\" \"id\":3}"), true, false, true,
     LEARN_NUMBER, BYTES("3"), LEARN_STRING, BYTES("b")},
    {BYTES("{\"m\":{\"id\":\"no\""), true, false, true, LEARN_ABSENT, BYTES(""),
     LEARN_ABSENT, BYTES("")},
    {BYTES("{\"id\":\"a\\q\",\"text\":\"\\u12g4\"}"), true, false, true, LEARN_STRING,
     BYTES("aq"), LEARN_STRING, BYTES(FFFD "12g4")},
    {BYTES("{\"id\":\"a\",\"text\":NaN}"), true, false, true, LEARN_STRING, BYTES("a"),
     LEARN_OTHER, BYTES("NaN")},
    {BYTES("{\"id\":\"a\",\"text\":\"b\"} x"), true, false, true, LEARN_STRING,
     BYTES("a"), LEARN_STRING, BYTES("b")},
    {BYTES("{\"id\":,\"text\":\"b\"}"), true, false, true, LEARN_OTHER, BYTES(""),
     LEARN_STRING, BYTES("b")},
    /* Nested: names within do not count. */
    {BYTES("{\"m\":{\"id\":\"no\",\"x\":[1,\"}\\\"]\"]},\"id\":\"a\",\"text\":[\"b\"]}"),
     true, false, false, LEARN_STRING, BYTES("a"), LEARN_OTHER, BYTES("[\"b\"]")},
    {BYTES("{\"id\":\"a\",\"m\":[[["), true, false, true, LEARN_STRING, BYTES("a"),
     LEARN_ABSENT, BYTES("")},
    /* No object. */
    {BYTES("[1]"), false, false, false, LEARN_ABSENT, BYTES(""), LEARN_ABSENT, BYTES("")},
    {BYTES("\"id\""), false, false, false, LEARN_ABSENT, BYTES(""), LEARN_ABSENT,
     BYTES("")},
    {BYTES("hello"), false, false, false, LEARN_ABSENT, BYTES(""), LEARN_ABSENT,
     BYTES("")},
};

static void
check_value(const struct learn_value *got, enum learn_type type, struct str text)
{
    assert_int_equal(got->type, type);
    assert_int_equal(got->text.len, text.len);
    assert_memory_equal(got->text.ptr ? got->text.ptr : "", text.ptr, text.len);
}

static void
test_lines(void **state)
{
    (void)state;
    struct learn_json json = {
        .names = {STR("id"), STR("text")}, .n_names = 2, .keep_nul = {true, false}};
    for (size_t i = 0; i < COUNT_OF(lines); i++) {
        print_message("row %zu: %.*s\n", i, STR_ARG(lines[i].line));
        /* A copy of its length: a byte beyond is seen by the sanitizer. */
        char *exact = malloc(lines[i].line.len);
        assert_non_null(exact);
        memcpy(exact, lines[i].line.ptr, lines[i].line.len);
        assert_int_equal(learn_json_read(&json, (struct str){exact, lines[i].line.len}),
                         lines[i].object);
        assert_int_equal(json.repaired, lines[i].repaired);
        assert_int_equal(json.broken, lines[i].broken);
        check_value(&json.values[0], lines[i].id_type, lines[i].id);
        check_value(&json.values[1], lines[i].text_type, lines[i].text);
        free(exact);
    }
    learn_json_release(&json);
}

/* Nothing that a line is made of takes more than a moment: each of these took hours where
 * a scan began anew at each quote. */
static void
test_linear(void **state)
{
    (void)state;
    static const struct {
        const char *before, *again, *after;
    } rows[] = {
        {"{\"x\" \"", "\\\"", "\",\"id\":\"a\"}"},
        {"{\"x\" ", "\"", ",\"id\":\"a\"}"},
        {"{\"x\" ", "\"id\" ", "\"id\":\"a\"}"},
        {"{\"id\":\"a\",\"x\":", "{\"", "}"},
        {"{\"id\":\"a\",\"text\":\"", "\\\\", "\\\""},
    };
    struct learn_json json = {.names = {STR("id"), STR("text")}, .n_names = 2};
    CLEANUP(buf_release) struct buf line = {0};
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        print_message("row %zu: %s\n", i, rows[i].again);
        buf_clear(&line);
        buf_add_c(&line, rows[i].before);
        for (size_t k = 0; k < 2000000; k++)
            buf_add_c(&line, rows[i].again);
        buf_add_c(&line, rows[i].after);
        int64_t start = now_cpu_us();
        assert_true(learn_json_read(&json, buf_str(&line)));
        assert_true(now_cpu_us() - start < 2000000);
        assert_true(json.broken);
        assert_int_equal(json.values[0].type, LEARN_STRING);
        assert_true(str_eq(json.values[0].text, STR("a")));
    }
    learn_json_release(&json);
}

static void
test_numbers(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool is;
    } rows[] = {
        {"0", true},       {"-0", true},   {"10", true},   {"1.5", true},  {"1e9", true},
        {"-1.5E-3", true}, {"", false},    {"-", false},   {"01", false},  {"+1", false},
        {"1.", false},     {".5", false},  {"1e", false},  {"1e+", false}, {"0x1", false},
        {"1 ", false},     {"NaN", false}, {"--1", false},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        print_message("row %zu: \"%s\"\n", i, rows[i].text);
        assert_int_equal(learn_json_number(str_from(rows[i].text)), rows[i].is);
    }
}

/* --- files -------------------------------------------------------------------------- */

static char dir[] = "/tmp/redress-learn-XXXXXX";
static char file[64];

static int
open_dir(void **state)
{
    (void)state;
    assert_non_null(mkdtemp(dir));
    (void)snprintf(file, sizeof(file), "%s/x", dir);
    return 0;
}

static int
close_dir(void **state)
{
    (void)state;
    (void)unlink(file);
    return rmdir(dir);
}

static void
put(struct str bytes, bool gz, const char *mode)
{
    if (gz) {
        gzFile packed = gzopen(file, mode);
        assert_non_null(packed);
        assert_int_equal(gzwrite(packed, bytes.ptr, (unsigned)bytes.len), bytes.len);
        assert_int_equal(gzclose(packed), Z_OK);
        return;
    }
    FILE *out = fopen(file, mode);
    assert_non_null(out);
    assert_int_equal(fwrite(bytes.ptr, 1, bytes.len, out), bytes.len);
    assert_int_equal(fclose(out), 0);
}

/* All lines, each followed by '|'; an error is "!". */
static void
read_lines(struct buf *out, struct err *err)
{
    struct learn_lines *in = learn_lines_open(file, err);
    assert_non_null(in);
    buf_clear(out);
    buf_add_c(out, "");
    for (int64_t n = 1;; n++) {
        struct str line = STR_NULL;
        bool end = false;
        if (!learn_lines_next(in, &line, &end, err)) {
            buf_add_c(out, "!");
            break;
        }
        if (end)
            break;
        assert_int_equal(learn_lines_number(in), n);
        buf_add_str(out, line);
        buf_add_char(out, '|');
    }
    learn_lines_drop(in);
}

static void
test_files(void **state)
{
    (void)state;
    static const struct {
        struct str given, expect;
    } rows[] = {
        {BYTES(""), BYTES("")},          {BYTES("a"), BYTES("a|")},
        {BYTES("a\n"), BYTES("a|")},     {BYTES("a\nb"), BYTES("a|b|")},
        {BYTES("\n\na"), BYTES("||a|")}, {BYTES("a\r\nb\0c\n"), BYTES("a\r|b\0c|")},
    };
    CLEANUP(buf_release) struct buf out = {0};
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        for (int gz = 0; gz < 2; gz++) {
            print_message("row %zu, gz %d\n", i, gz);
            struct err err = {0};
            put(rows[i].given, gz, "wb");
            read_lines(&out, &err);
            assert_int_equal(out.len, rows[i].expect.len);
            assert_memory_equal(out.ptr, rows[i].expect.ptr, out.len);
        }
    }
}

static void
test_gzip_members(void **state)
{
    (void)state;
    CLEANUP(buf_release) struct buf out = {0};
    struct err err = {0};
    put(STR("a\nb"), true, "wb");
    put(STR("c\nd\n"), true, "ab");
    read_lines(&out, &err);
    assert_string_equal(out.ptr, "a|bc|d|");
    put(STR("\0\0\0"), false, "ab"); /* padding of tapes */
    read_lines(&out, &err);
    assert_string_equal(out.ptr, "a|bc|d|");
    put(STR("junk"), false, "ab");
    read_lines(&out, &err);
    assert_true(str_ends(buf_str(&out), STR("!")));
    assert_int_equal(err.action, ERR_STOP);
    assert_non_null(strstr(err.text, "damaged"));

    put(STR("a\nb\nc\n"), true, "wb");
    assert_int_equal(truncate(file, 22), 0);
    read_lines(&out, &err);
    assert_true(str_ends(buf_str(&out), STR("!")));
    assert_non_null(strstr(err.text, "breaks off"));
}

/* Longer than any chunk; beyond the maximum a line keeps its end, and the next is whole.
 */
static void
test_long_lines(void **state)
{
    (void)state;
    static const size_t most = LEARN_LINE_BYTES + LEARN_LINE_END_BYTES;
    static const struct {
        size_t bytes;
        bool cut;
    } rows[] = {{131072, false},
                {131073, false},
                {LEARN_LINE_BYTES + LEARN_LINE_END_BYTES, false},
                {LEARN_LINE_BYTES + LEARN_LINE_END_BYTES + 1, true},
                {LEARN_LINE_BYTES + 131072 + 77, true},
                {LEARN_LINE_BYTES + (size_t)5 * 131072 - 3, true}};
    CLEANUP(buf_release) struct buf given = {.max_bytes = 2 * LEARN_LINE_BYTES};
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        print_message("row %zu: %zu bytes\n", i, rows[i].bytes);
        struct err err = {0};
        struct str line = STR_NULL;
        bool end = false;
        buf_clear(&given);
        assert_true(buf_reserve(&given, rows[i].bytes + 8));
        for (size_t k = 0; k < rows[i].bytes; k++)
            given.ptr[k] = (char)('a' + (k * 7 + k / 1000) % 26);
        given.len = rows[i].bytes;
        buf_add_c(&given, "\nnext");
        put(buf_str(&given), false, "wb");
        struct learn_lines *in = learn_lines_open(file, &err);
        assert_non_null(in);
        assert_true(learn_lines_next(in, &line, &end, &err));
        assert_int_equal(line.len, rows[i].cut ? most : rows[i].bytes);
        assert_int_equal(learn_lines_was_cut(in), rows[i].cut);
        size_t first = rows[i].cut ? LEARN_LINE_BYTES : line.len;
        assert_memory_equal(line.ptr, given.ptr, first);
        assert_memory_equal(line.ptr + first,
                            given.ptr + rows[i].bytes - (line.len - first),
                            line.len - first);
        assert_true(learn_lines_next(in, &line, &end, &err));
        assert_false(end);
        assert_true(str_eq(line, STR("next")));
        assert_false(learn_lines_was_cut(in));
        learn_lines_drop(in);
    }
}

static void
test_no_file(void **state)
{
    (void)state;
    struct err err = {0};
    assert_null(learn_lines_open("/nowhere/x", &err));
    assert_int_equal(err.action, ERR_STOP);
    assert_non_null(strstr(err.text, "/nowhere/x"));
    assert_null(learn_lines_open(dir, &err));
    assert_non_null(strstr(err.text, "folder"));
}

/* A pipe: what is there is handed over before more is waited for. */
struct talk {
    int to;
    int said;
    int answered;
};

static bool
speak(void *ctx)
{
    struct talk *talk = ctx;
    if (talk->said == 3)
        return false; /* nobody listens any more */
    assert_int_equal(talk->answered, talk->said);
    talk->said++;
    assert_int_equal(write(talk->to, "line\n", 5), 5);
    return true;
}

static void
test_pipe(void **state)
{
    (void)state;
    int ends[2];
    struct err err = {0};
    struct talk talk = {0};
    int before = dup(STDIN_FILENO);
    assert_true(before >= 0);
    assert_int_equal(pipe(ends), 0);
    assert_true(dup2(ends[0], STDIN_FILENO) >= 0);
    talk.to = ends[1];
    struct learn_lines *in = learn_lines_open("-", &err);
    assert_non_null(in);
    learn_lines_idle(in, speak, &talk);
    for (bool end = false; !end;) {
        struct str line = STR_NULL;
        assert_true(learn_lines_next(in, &line, &end, &err));
        talk.answered += !end;
    }
    assert_int_equal(talk.answered, 3);
    learn_lines_drop(in);
    assert_true(dup2(before, STDIN_FILENO) >= 0);
    (void)close(before);
    (void)close(ends[0]);
    (void)close(ends[1]);
}

struct drip {
    FILE *from;
    int to;
};

/* A byte before each wait. */
static bool
drip(void *ctx)
{
    struct drip *d = ctx;
    int c = d->to >= 0 ? fgetc(d->from) : EOF;
    char byte = (char)c;
    if (c != EOF)
        return write(d->to, &byte, 1) == 1;
    if (d->to >= 0)
        (void)close(d->to);
    d->to = -1;
    return true;
}

/* A slow pipe hands gzip over byte by byte. */
static void
test_drip(void **state)
{
    (void)state;
    int ends[2];
    struct err err = {0};
    CLEANUP(buf_release) struct buf out = {0};
    int before = dup(STDIN_FILENO);
    assert_true(before >= 0);
    put(STR("a\nb"), true, "wb");
    struct drip d = {.from = fopen(file, "rb")};
    assert_non_null(d.from);
    assert_int_equal(pipe(ends), 0);
    d.to = ends[1];
    assert_true(dup2(ends[0], STDIN_FILENO) >= 0);
    struct learn_lines *in = learn_lines_open("-", &err);
    assert_non_null(in);
    learn_lines_idle(in, drip, &d);
    for (bool end = false; !end;) {
        struct str line = STR_NULL;
        assert_true(learn_lines_next(in, &line, &end, &err));
        (void)buf_add_str(&out, line);
        (void)buf_add_char(&out, '|');
    }
    assert_string_equal(out.ptr, "a|b||");
    learn_lines_drop(in);
    assert_true(dup2(before, STDIN_FILENO) >= 0);
    (void)close(before);
    (void)close(ends[0]);
    (void)fclose(d.from);
}

/* --- rows --------------------------------------------------------------------------- */

static bool
print_row(void *ctx, const struct learn_text *text, struct err *err)
{
    (void)err;
    struct buf *out = ctx;
    buf_printf(out, "%.*s/%.*s/%.*s/%.*s", STR_ARG(text->id.text), STR_ARG(text->subject),
               STR_ARG(text->text), STR_ARG(text->label));
    if (text->time_ms != TIME_NONE)
        buf_printf(out, "@%lld", (long long)(text->time_ms / DAY_MS));
    return buf_add_char(out, '|');
}

static const struct {
    struct learn_fields fields;
    const char *given, *expect;
    struct learn_count count;
} row_table[] = {
    {{0},
     "{\"id\":1,\"text\":\"t\",\"subject\":\"s\"}\n\n \n{\"id\":\"b\",\"text\":null}\n"
     "{\"text\":\"t\"}\n{\"id\":null}\n[]\n{\"id\":\"c\",\"text\":5,\"subject\":[]}\n",
     "1/s/t/|b///|c//5/|",
     {.lines = 6, .rows = 3, .no_object = 1, .no_id = 2, .no_text = 1, .first_bad = 5}},
    {{.labelled = true, .need_text = true},
     "{\"text\":\"t\",\"label\":\"x\"}\n{\"text\":\"t\",\"label\":3}\n"
     "{\"text\":\"t\",\"label\":true}\n{\"text\":\"t\",\"label\":false}\n"
     "{\"text\":\"\",\"label\":\"x\"}\n{\"text\":\"t\",\"label\":\"\"}\n"
     "{\"text\":\"t\",\"label\":null}\n{\"text\":\"t\"}\n{\"text\":\"t\",\"label\":[1]}"
     "\n",
     "//t/x|//t/3|//t/yes|//t/no|",
     {.lines = 9, .rows = 4, .no_label = 4, .no_text = 1, .first_bad = 6}},
    {{.labelled = true},
     "{\"text\":\"\",\"label\":\"x\"}\n",
     "///x|",
     {.lines = 1, .rows = 1, .no_text = 1}},
    {{.labelled = true, .label = "kind", .text = "body"},
     "{\"body\":\"t\",\"text\":\"no\",\"kind\":\"x\",\"label\":\"no\"}\n{\"label\":"
     "\"no\"}\n",
     "//t/x|",
     {.lines = 2, .rows = 1, .no_label = 1, .first_bad = 2}},
    {{.labelled = true},
     "{\"text\":\"t\",\"label\":\"x\",\"date\":\"1970-01-02\"}\n"
     "{\"text\":\"t\",\"label\":\"x\",\"time\":\"1970/1/3 9:05\"}\n"
     "{\"text\":\"t\",\"label\":\"x\",\"date\":\"soon\",\"occurred_at\":"
     "\"1970-01-04T23:00:00Z\",\"received_at\":\"1970-01-09\"}\n",
     "//t/x@1|//t/x@2|//t/x@3|",
     {.lines = 3, .rows = 3}},
};

static void
check_count(const struct learn_count *got, const struct learn_count *expect)
{
    assert_int_equal(got->lines, expect->lines);
    assert_int_equal(got->rows, expect->rows);
    assert_int_equal(got->no_object, expect->no_object);
    assert_int_equal(got->no_id, expect->no_id);
    assert_int_equal(got->no_label, expect->no_label);
    assert_int_equal(got->no_text, expect->no_text);
    assert_int_equal(got->mapped_out, expect->mapped_out);
    assert_int_equal(got->unmapped, expect->unmapped);
    assert_int_equal(got->repaired, expect->repaired);
    assert_int_equal(got->first_bad, expect->first_bad);
}

static void
test_rows(void **state)
{
    (void)state;
    CLEANUP(buf_release) struct buf out = {0};
    struct learn_reader reader = {.fn = print_row, .ctx = &out};
    for (size_t i = 0; i < COUNT_OF(row_table); i++) {
        print_message("row %zu: %s\n", i, row_table[i].expect);
        struct learn_count count;
        struct err err = {0};
        put(str_from(row_table[i].given), false, "wb");
        buf_clear(&out);
        assert_true(learn_each(file, &row_table[i].fields, &reader, &count, &err));
        assert_string_equal(out.ptr, row_table[i].expect);
        check_count(&count, &row_table[i].count);
        assert_int_equal(strlen(count.sha256), 64);
    }
}

static void
test_map(void **state)
{
    (void)state;
    static const struct {
        const char *map;
        bool ok;
    } maps[] = {
        {"{\"a\":\"b\",\"c\":null}", true},
        {"[]", false},
        {"{\"a\":1}", false},
        {"{\"a\":\"\"}", false},
        {"{\"a\":\"b\",\"a\":\"c\"}", false},
        {"{", false},
    };
    CLEANUP(buf_release) struct buf out = {0};
    struct learn_reader reader = {.fn = print_row, .ctx = &out};
    for (size_t i = 0; i < COUNT_OF(maps); i++) {
        print_message("row %zu: %s\n", i, maps[i].map);
        struct err err = {0};
        struct learn_fields fields = {.labelled = true, .map_file = file};
        put(str_from(maps[i].map), false, "wb");
        assert_int_equal(learn_fields_load(&fields, &err), maps[i].ok);
        assert_int_equal(err.action, maps[i].ok ? ERR_NONE : ERR_STOP);
        if (maps[i].ok) {
            struct learn_count count;
            put(STR("{\"label\":\"a\"}\n{\"label\":\"c\"}\n{\"label\":\"d\"}\n"), false,
                "wb");
            assert_true(learn_each(file, &fields, &reader, &count, &err));
            assert_string_equal(out.ptr, "///b|///d|");
            assert_int_equal(count.mapped_out, 1);
            assert_int_equal(count.unmapped, 1);
        }
        learn_fields_release(&fields);
    }
}

/* The digest of the rows does not know their order, and knows each part. */
static void
test_digest(void **state)
{
    (void)state;
    static const struct learn_text texts[] = {
        {.label = {"a", 1}, .text = {"xy", 2}},
        {.label = {"a", 1}, .subject = {"x", 1}, .text = {"y", 1}},
        {.label = {"b", 1}, .text = {"xy", 2}},
        {.label = {"a", 1}, .text = {"xy", 2}, .time_ms = 1},
    };
    struct learn_digest forth = {0};
    struct learn_digest back = {0};
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        learn_digest_add(&forth, &texts[i]);
        learn_digest_add(&back, &texts[COUNT_OF(texts) - 1 - i]);
        for (size_t k = 0; k < i; k++) {
            struct learn_digest one = {0};
            struct learn_digest other = {0};
            learn_digest_add(&one, &texts[i]);
            learn_digest_add(&other, &texts[k]);
            assert_memory_not_equal(&one, &other, sizeof(one));
        }
    }
    assert_memory_equal(&forth, &back, sizeof(forth));
    learn_digest_add(&forth, &texts[0]);
    assert_memory_not_equal(&forth, &back, sizeof(forth));
}

/* --- where a model is written ------------------------------------------------------- */

static void
test_out(void **state)
{
    (void)state;
    char card[80];
    char fresh[80];
    struct stat st;
    struct err err = {0};
    (void)snprintf(card, sizeof(card), "%s.card.json", file);
    (void)snprintf(fresh, sizeof(fresh), "%s.new", file);
    (void)unlink(file);

    static const char *const bad[] = {"", "-", "/nowhere/model", "/dev/null", dir};
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        print_message("row %zu: \"%s\"\n", i, bad[i]);
        err = (struct err){0};
        assert_false(learn_out_check(bad[i], &err));
        assert_int_equal(err.action, ERR_STOP);
    }
    assert_true(learn_out_check(file, &err));
    assert_int_not_equal(stat(file, &st), 0);
    assert_int_not_equal(stat(fresh, &st), 0);
    assert_true(learn_out_write(file, STR("model"), STR("card"), &err));
    assert_int_equal(stat(file, &st), 0);
    assert_int_equal(st.st_size, 5);
    assert_int_equal(stat(card, &st), 0);
    assert_int_equal(st.st_size, 4);
    assert_int_not_equal(stat(fresh, &st), 0);

    /* The card has no place: the old model stays. */
    assert_int_equal(unlink(card), 0);
    (void)snprintf(fresh, sizeof(fresh), "%s.card.json.new", file);
    assert_int_equal(mkdir(fresh, 0700), 0);
    assert_false(learn_out_write(file, STR("another model"), STR("card"), &err));
    assert_int_equal(stat(file, &st), 0);
    assert_int_equal(st.st_size, 5);
    assert_int_equal(rmdir(fresh), 0);
    assert_int_equal(mkdir(card, 0700), 0);
    assert_false(learn_out_check(file, &err));
    assert_false(learn_out_write(file, STR("another model"), STR("card"), &err));
    assert_int_equal(stat(file, &st), 0);
    assert_int_equal(st.st_size, 5);
    assert_int_equal(rmdir(card), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_linear),       cmocka_unit_test(test_lines),
        cmocka_unit_test(test_numbers),      cmocka_unit_test(test_files),
        cmocka_unit_test(test_gzip_members), cmocka_unit_test(test_long_lines),
        cmocka_unit_test(test_no_file),      cmocka_unit_test(test_pipe),
        cmocka_unit_test(test_drip),         cmocka_unit_test(test_rows),
        cmocka_unit_test(test_map),          cmocka_unit_test(test_digest),
        cmocka_unit_test(test_out),
    };
    return cmocka_run_group_tests(tests, open_dir, close_dir);
}
