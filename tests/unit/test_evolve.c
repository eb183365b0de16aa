/* Records written under other versions of their schema, by hand and by fastavro.
 *
 * WIRE_FOREIGN=folder: also reads what tests/codec/write_with_fastavro.py left there. */
#include <dirent.h>
#include <inttypes.h>
#include <jansson.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "gen/classification_section.h"
#include "gen/finding.h"
#include "gen/wire_all.h"

/* The record as this program knows it, but with one other version beside. */
struct other_version {
    struct wire_version version;
    struct wire_schema schema;
};

static const struct wire_schema *
with_version(struct other_version *other, const struct wire_schema *schema,
             struct str json, uint64_t fingerprint)
{
    other->version = (struct wire_version){fingerprint, json.ptr, json.len};
    other->schema = *schema;
    other->schema.history = &other->version;
    other->schema.n_history = 1;
    return &other->schema;
}

static void
add_header(struct buf *out, uint64_t fingerprint)
{
    assert_true(buf_add(out, "\xc3\x01", 2));
    for (int bit = 0; bit < 64; bit += 8)
        assert_true(buf_add_char(out, (char)(fingerprint >> bit & 0xff)));
}

#define RECORD(name, fields)                                                             \
    "{\"type\":\"record\",\"name\":\"" name                                              \
    "\",\"namespace\":\"org.redress\",\"fields\":[" fields "]}"
#define FIELD(name, type) "{\"name\":\"" name "\",\"type\":" type "}"
#define TASK FIELD("task", "\"string\"") ","
#define LABEL FIELD("label", "\"string\"") ","
#define CONFIDENCE FIELD("confidence", "\"double\"") ","
#define DECIDED(symbols)                                                                 \
    FIELD("decided_by",                                                                  \
          "{\"type\":\"enum\",\"name\":\"DecidedBy\",\"symbols\":[" symbols "]}")
#define HALF "\0\0\0\0\0\0\xe0?"

struct row {
    const char *what;
    const char *schema;
    struct str body;
    const char *expect; /* JSON, or with "!" the error */
};

#define B(literal)                                                                       \
    {                                                                                    \
        literal, sizeof(literal) - 1                                                     \
    }

#define SURE ",\"needs_review\":false}"
static const struct row FINDINGS[] = {
    {"older: three fields were not there",
     RECORD("Finding",
            TASK LABEL CONFIDENCE DECIDED("\"nothing\",\"default\",\"model\"")),
     B("\x02t\x02l" HALF "\x04"),
     "{\"task\":\"t\",\"label\":\"l\",\"confidence\":0.5,\"decided_by\":\"model\"" SURE},
    {"symbols have moved: by name, not by number",
     RECORD("Finding", TASK LABEL CONFIDENCE DECIDED("\"rule\",\"model\",\"nothing\"")),
     B("\x02t\x02l" HALF "\x00"),
     "{\"task\":\"t\",\"label\":\"l\",\"confidence\":0.5,\"decided_by\":\"rule\"" SURE},
    {"newer: an unknown symbol becomes the default",
     RECORD("Finding",
            TASK LABEL CONFIDENCE DECIDED("\"nothing\",\"default\",\"oracle\"")),
     B("\x02t\x02l" HALF "\x04"),
     "{\"task\":\"t\",\"label\":\"l\",\"confidence\":0.5,\"decided_by\":"
     "\"nothing\"" SURE},
    {"fields in another order, numbers promoted",
     RECORD("Finding", FIELD("confidence", "\"int\"") "," DECIDED(
                           "\"nothing\"") "," LABEL FIELD("task", "\"bytes\"")),
     B("\x02\x00\x02l\x02t"),
     "{\"task\":\"t\",\"label\":\"l\",\"confidence\":1,\"decided_by\":\"nothing\"" SURE},
    {"newer: fields that are not known are passed over",
     RECORD("Finding",
            TASK FIELD("trace",
                       "{\"type\":\"array\",\"items\":{\"type\":\"record\",\"name\":"
                       "\"Step\",\"fields\":[{\"name\":\"words\",\"type\":{\"type\":"
                       "\"array\",\"items\":\"string\"}},{\"name\":\"n\",\"type\":"
                       "[\"null\",\"long\",\"double\"]}]}}") "," LABEL CONFIDENCE
                DECIDED("\"nothing\",\"default\"") "," FIELD("model",
                                                             "[\"null\",\"string\"]")),
     B("\x02t\x02\x04\x02w\x02x\0\x02\x7f\x02\0\0\0\x02l" HALF "\x02\x02\x02m"),
     "{\"task\":\"t\",\"label\":\"l\",\"confidence\":0.5,\"decided_by\":\"default\","
     "\"model\":\"m\"" SURE},
    {"a field that may be absent now was always there",
     RECORD("Finding", TASK LABEL CONFIDENCE DECIDED("\"nothing\"") "," FIELD(
                           "model", "\"string\"")),
     B("\x02t\x02l" HALF "\0\x02m"),
     "{\"task\":\"t\",\"label\":\"l\",\"confidence\":0.5,\"decided_by\":\"nothing\","
     "\"model\":\"m\"" SURE},
    {"a field that must be there may have been absent: this one is",
     RECORD("Finding",
            TASK FIELD("label",
                       "[\"null\",\"string\"]") "," CONFIDENCE DECIDED("\"nothing\"")),
     B("\x02t\0" HALF "\0"), "!another type"},
    {"the same, and it is there",
     RECORD("Finding",
            TASK FIELD("label",
                       "[\"null\",\"string\"]") "," CONFIDENCE DECIDED("\"nothing\"")),
     B("\x02t\x02\x02l" HALF "\0"),
     "{\"task\":\"t\",\"label\":\"l\",\"confidence\":0.5,\"decided_by\":"
     "\"nothing\"" SURE},
    {"no default for what is missing",
     RECORD("Finding", TASK LABEL DECIDED("\"nothing\"")), B("\x02t\x02l\0"),
     "!no default"},
    {"another type than now",
     RECORD("Finding",
            TASK FIELD("label", "\"long\"") "," CONFIDENCE DECIDED("\"nothing\"")),
     B("\x02t\x02" HALF "\0"), "!another type"},
    {"the limits of now hold",
     RECORD("Finding", TASK LABEL CONFIDENCE DECIDED("\"nothing\"")),
     B("\x82\x01"
       "01234567890123456789012345678901234567890123456789012345678901234"
       "\x02l" HALF "\0"),
     "!max_bytes"},
    {"hostile: 1e9 bytes",
     RECORD("Finding", TASK LABEL CONFIDENCE DECIDED("\"nothing\"")),
     B("\x80\xa8\xd6\xb9\x07"), "!beyond the end"},
    {"hostile: 2.5e7 items of a field that is not known",
     RECORD("Finding",
            FIELD("more", "{\"type\":\"array\",\"items\":\"long\"}") "," TASK LABEL
                CONFIDENCE DECIDED("\"nothing\"")),
     B("\x80\xe1\xeb\x17\0\0"), "!count beyond the end"},
    {"hostile: items of no bytes",
     RECORD("Finding",
            FIELD("more", "{\"type\":\"array\",\"items\":\"null\"}") "," TASK LABEL
                CONFIDENCE DECIDED("\"nothing\"")),
     B("\x02\x02\x02\x02\x02\x02"), "!items of no bytes"},
    {"hostile: branch, symbol, cut, left over",
     RECORD("Finding", TASK LABEL CONFIDENCE DECIDED("\"nothing\"")),
     B("\x02t\x02l" HALF "\x02"), "!no such enum symbol"},
    {"cut", RECORD("Finding", TASK LABEL CONFIDENCE DECIDED("\"nothing\"")),
     B("\x02t\x02l" HALF), "!cut inside"},
    {"left over", RECORD("Finding", TASK LABEL CONFIDENCE DECIDED("\"nothing\"")),
     B("\x02t\x02l" HALF "\0\0"), "!bytes are left"},
};

static void
check_row(const struct wire_schema *schema, struct str framed, const char *expect)
{
    struct arena arena = {0};
    struct err err = {0};
    CLEANUP(buf_release) struct buf json = {0};
    void *record = arena_alloc(&arena, schema->struct_bytes);
    size_t used = arena.used_bytes;
    bool ok = wire_decode(schema, framed, &arena, record, &err);
    if (expect[0] != '!' && !ok)
        fail_msg("%s at %s", err.text, err.path);
    if (ok) {
        assert_true(wire_print_json(schema, record, &json));
        assert_string_equal(json.ptr, expect);
    } else {
        if (!strstr(err.text, expect + 1))
            fail_msg("said: %s", err.text);
        assert_int_equal(err.action, ERR_DEAD_LETTER);
        assert_int_equal(err.reason, DEAD_BAD_SCHEMA);
        if (!strstr(expect, "max_bytes")) /* that one is seen by the last decoder */
            assert_int_equal(arena.used_bytes, used);
    }
    arena_release(&arena);
}

static void
other_versions_are_resolved(void **state)
{
    (void)state;
    static struct other_version other[COUNT_OF(FINDINGS)];
    for (size_t i = 0; i < COUNT_OF(FINDINGS); i++) {
        const struct row *row = &FINDINGS[i];
        print_message("row %zu: %s\n", i, row->what);
        uint64_t fingerprint = 1000 + i;
        const struct wire_schema *schema =
            with_version(&other[i], &finding_wire, str_from(row->schema), fingerprint);
        for (int twice = 0; twice < 2; twice++) {
            CLEANUP(buf_release) struct buf framed = {0};
            add_header(&framed, fingerprint);
            assert_true(buf_add_str(&framed, row->body));
            check_row(schema, buf_str(&framed), row->expect);
        }
    }
}

/* Avro C's own resolvers break on an array inside the records of an array. */
static void
arrays_in_arrays_are_resolved(void **state)
{
    (void)state;
    static struct other_version other;
    static const char JSON[] = RECORD(
        "ClassificationSection",
        FIELD("findings", "{\"type\":\"array\",\"items\":" RECORD("Finding", TASK LABEL CONFIDENCE DECIDED("\"nothing\"") "," FIELD("reasons", "{\"type\":\"array\",\"items\":\"string\"}")) "}") "," FIELD(
            "language",
            "\"string\"") "," FIELD("kind",
                                    "{\"type\":\"enum\",\"name\":\"Kind\",\"symbols\":["
                                    "\"complaint\"]}") "," FIELD("severity",
                                                                 "\"int\"") "," FIELD("do"
                                                                                      "ub"
                                                                                      "le"
                                                                                      "_d"
                                                                                      "ev"
                                                                                      "ia"
                                                                                      "ti"
                                                                                      "o"
                                                                                      "n",
                                                                                      "\""
                                                                                      "bo"
                                                                                      "ol"
                                                                                      "ea"
                                                                                      "n"
                                                                                      "\""));
    static const char BODY[] = "\x04"
                               "\x02t\x02l" HALF "\0\x04\x02"
                               "a\x02"
                               "b\0"
                               "\x02u\x02m" HALF "\0\x02\x02"
                               "c\0"
                               "\0"
                               "\x04zh\0\x06\x01";
    const struct wire_schema *schema = with_version(
        &other, &classification_section_wire, (struct str){JSON, sizeof(JSON) - 1}, 77);
    struct arena arena = {0};
    struct err err = {0};
    CLEANUP(buf_release) struct buf framed = {0};
    add_header(&framed, 77);
    assert_true(buf_add(&framed, BODY, sizeof(BODY) - 1));
    struct classification_section section;
    if (!wire_decode(schema, buf_str(&framed), &arena, &section, &err))
        fail_msg("%s at %s", err.text, err.path);
    assert_true(str_eq(section.language, STR("zh")));
    assert_int_equal(section.severity, 3);
    assert_true(section.double_deviation);
    assert_int_equal(section.n_findings, 2);
    assert_int_equal(section.findings[0].n_reasons, 2);
    assert_true(str_eq(section.findings[0].reasons[1], STR("b")));
    assert_true(str_eq(section.findings[1].task, STR("u")));
    assert_true(str_eq(section.findings[1].reasons[0], STR("c")));
    /* The record must not point into the message. */
    memset(framed.ptr, 'x', framed.len);
    assert_true(str_eq(section.language, STR("zh")));
    arena_release(&arena);
}

/* ---- many threads, one version ---- */

static struct other_version shared;

static void *
decode_often(void *failed)
{
    struct arena arena = {0};
    for (int i = 0; i < 2000; i++) {
        struct err err;
        struct finding finding;
        char framed[] = "\xc3\x01\xff\xff\0\0\0\0\0\0"
                        "\x02t\x02l" HALF "\x04";
        framed[11] = (char)('a' + i % 26);
        if (!wire_decode(&shared.schema, (struct str){framed, sizeof(framed) - 1}, &arena,
                         &finding, &err) ||
            finding.task.ptr[0] != framed[11])
            *(bool *)failed = true;
        arena_clear(&arena);
    }
    arena_release(&arena);
    return NULL;
}

static void
threads_share_a_version(void **state)
{
    (void)state;
    pthread_t threads[4];
    bool failed[4] = {false};
    (void)with_version(&shared, &finding_wire, str_from(FINDINGS[0].schema), 0xffff);
    for (size_t i = 0; i < COUNT_OF(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, decode_often, &failed[i]), 0);
    for (size_t i = 0; i < COUNT_OF(threads); i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_false(failed[i]);
    }
}

/* ---- what fastavro wrote under changed schemas:
 * <record>-<n>.avsc (the writer's), .bin (framed), .json (as fastavro resolved it) ----
 */

static struct str
read_file(const char *folder, const char *stem, size_t stem_len, const char *end)
{
    char path[600];
    (void)snprintf(path, sizeof(path), "%s/%.*s%s", folder, (int)stem_len, stem, end);
    FILE *in = fopen(path, "rb");
    assert_non_null(in);
    char *bytes = malloc(1 << 20);
    assert_non_null(bytes);
    size_t len = fread(bytes, 1, 1 << 20, in);
    fclose(in);
    return (struct str){bytes, len};
}

static void
check_foreign(const char *folder, const char *stem, size_t stem_len)
{
    const char *dash = memchr(stem, '-', stem_len);
    assert_non_null(dash);
    const struct wire_schema *record =
        wire_find_name((struct str){stem, (size_t)(dash - stem)});
    assert_non_null(record);
    struct str writer = read_file(folder, stem, stem_len, ".avsc");
    struct str framed = read_file(folder, stem, stem_len, ".bin");
    struct str expect = read_file(folder, stem, stem_len, ".json");
    uint64_t fingerprint = 0;
    struct other_version other;
    struct arena arena = {0};
    struct err err = {0};
    CLEANUP(buf_release) struct buf text = {0};
    assert_true(wire_fingerprint(framed, &fingerprint));
    const struct wire_schema *schema = with_version(&other, record, writer, fingerprint);
    void *value = arena_alloc(&arena, schema->struct_bytes);
    if (!wire_decode(schema, framed, &arena, value, &err))
        fail_msg("%s at %s", err.text, err.path);
    assert_true(wire_print_json(schema, value, &text));
    json_t *now = json_loadb(text.ptr, text.len, JSON_DECODE_INT_AS_REAL, NULL);
    json_t *then = json_loadb(expect.ptr, expect.len, JSON_DECODE_INT_AS_REAL, NULL);
    assert_non_null(now);
    assert_non_null(then);
    if (!json_equal(now, then))
        fail_msg("%.*s\n%s\n%.*s", (int)stem_len, stem, text.ptr, STR_ARG(expect));
    json_decref(now);
    json_decref(then);
    arena_release(&arena);
    free((void *)(uintptr_t)writer.ptr);
    free((void *)(uintptr_t)framed.ptr);
    free((void *)(uintptr_t)expect.ptr);
}

static void
fastavro_resolves_the_same(void **state)
{
    (void)state;
    const char *folder = getenv("WIRE_FOREIGN");
    if (!folder) {
        print_message("skipped: WIRE_FOREIGN is not set (make codec sets it)\n");
        skip();
        return;
    }
    DIR *dir = opendir(folder);
    size_t n = 0;
    if (!dir)
        fail_msg("%s: cannot open", folder);
    for (const struct dirent *entry; dir && (entry = readdir(dir));) {
        struct str name = str_from(entry->d_name);
        if (!str_ends(name, STR(".avsc")))
            continue;
        print_message("%s\n", entry->d_name);
        check_foreign(folder, name.ptr, name.len - strlen(".avsc"));
        n++;
    }
    if (dir)
        closedir(dir);
    print_message("%zu values\n", n);
    assert_true(n > 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(other_versions_are_resolved),
        cmocka_unit_test(arrays_in_arrays_are_resolved),
        cmocka_unit_test(threads_share_a_version),
        cmocka_unit_test(fastavro_resolves_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
