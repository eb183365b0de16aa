/* Every generated codec against Avro C, golden bytes, other schema versions.
 *
 * GOLDEN_WRITE=1 adds the golden files that are missing (tests/codec/golden.sh); none is
 * ever rewritten.  WIRE_DUMP=folder leaves values there for other readers to check. */
#include <dirent.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "gen/wire_all.h"
#include "wire_random.h"

#define VALUES_PER_RECORD 60

static const char *const GOLDEN = "tests/golden";

/* ---- files ---- */

static bool
read_file(const char *path, struct buf *out)
{
    FILE *in = fopen(path, "rb");
    if (!in)
        return false;
    char chunk[4096];
    for (size_t n; (n = fread(chunk, 1, sizeof(chunk), in)) > 0;)
        assert_true(buf_add(out, chunk, n));
    fclose(in);
    return true;
}

static void
write_new_file(const char *path, struct str bytes)
{
    FILE *out = fopen(path, "wbx"); /* never over an old one */
    assert_non_null(out);
    assert_int_equal(fwrite(bytes.ptr, 1, bytes.len, out), bytes.len);
    assert_int_equal(fclose(out), 0);
    if (!getenv("WIRE_DUMP"))
        print_message("new: %s\n", path);
}

/* <folder>/<name>/<fingerprint><end>, end as printf has it. */
static void
value_path(char *path, size_t size, const char *folder, const struct wire_schema *schema,
           uint64_t number, const char *end)
{
    if (strcmp(end, ".avsc") == 0)
        (void)snprintf(path, size, "%s/%s/%016" PRIx64 ".avsc", folder, schema->name,
                       schema->writer.fingerprint);
    else
        (void)snprintf(path, size, "%s/%s/%016" PRIx64 "-%d%s", folder, schema->name,
                       schema->writer.fingerprint, (int)number, end);
}

static void
write_schema(const char *folder, const struct wire_schema *schema)
{
    char path[300];
    value_path(path, sizeof(path), folder, schema, 0, ".avsc");
    write_new_file(path,
                   (struct str){schema->writer.schema, schema->writer.schema_bytes});
}

static void
write_value(const char *folder, const struct wire_schema *schema, uint64_t number,
            const void *record)
{
    char path[300];
    struct err err;
    CLEANUP(buf_release) struct buf framed = {0};
    CLEANUP(buf_release) struct buf json = {0};
    assert_true(wire_encode(schema, record, &framed, &err));
    assert_true(wire_print_json(schema, record, &json));
    assert_true(buf_add_char(&json, '\n'));
    value_path(path, sizeof(path), folder, schema, number, ".bin");
    write_new_file(path, buf_str(&framed));
    value_path(path, sizeof(path), folder, schema, number, ".json");
    write_new_file(path, buf_str(&json));
}

/* Our decoder on the body, then our encoder: the bytes must come back. */
static void *
check_round_trip(const struct wire_schema *schema, struct str body, struct arena *arena)
{
    struct err err = {0};
    CLEANUP(buf_release) struct buf again = {0};
    void *record = arena_alloc(arena, schema->struct_bytes);
    if (!schema->decode(body, arena, record, &err))
        fail_msg("decode: %s at %s", err.text, err.path);
    if (!schema->encode(record, &again, &err))
        fail_msg("encode: %s at %s", err.text, err.path);
    assert_int_equal(again.len, body.len);
    assert_memory_equal(again.ptr, body.ptr, body.len);
    return record;
}

/* Avro C on what we wrote: the value must be the one it wrote. */
static void
check_avro_reads(struct wire_random *r, avro_value_t *value, struct str ours)
{
    avro_value_t read;
    assert_int_equal(avro_generic_value_new(r->generic, &read), 0);
    avro_reader_t reader = avro_reader_memory(ours.ptr, (int64_t)ours.len);
    assert_int_equal(avro_value_read(reader, &read), 0);
    assert_true(avro_value_equal(&read, value));
    avro_reader_free(reader);
    avro_value_decref(&read);
}

static void
dump_folder(const char *dump, const struct wire_schema *schema)
{
    char path[300];
    (void)snprintf(path, sizeof(path), "%s/%s", dump, schema->name);
    assert_int_equal(mkdir(path, 0777), 0);
    write_schema(dump, schema);
}

static void
agrees_with_avro_c(void **state)
{
    (void)state;
    struct arena arena = {0};
    size_t n_bytes = 0;
    const char *dump = getenv("WIRE_DUMP");
    for (size_t i = 0; i < WIRE_ALL_COUNT; i++) {
        const struct wire_schema *schema = WIRE_ALL[i];
        print_message("record %zu: %s\n", i, schema->name);
        if (dump)
            dump_folder(dump, schema);
        struct wire_random r;
        wire_random_open(&r, schema->writer.schema, schema->writer.schema_bytes);
        for (uint64_t seed = 0; seed < VALUES_PER_RECORD; seed++) {
            CLEANUP(buf_release) struct buf body = {0};
            avro_value_t value = wire_random_value(&r, seed);
            wire_random_bytes(&value, &body);
            n_bytes += body.len;
            const void *record = check_round_trip(schema, buf_str(&body), &arena);
            if (dump)
                write_value(dump, schema, seed, record);
            check_avro_reads(&r, &value, buf_str(&body));
            avro_value_decref(&value);
            arena_clear(&arena);
        }
        wire_random_close(&r);
    }
    assert_true(n_bytes > (size_t)10 * VALUES_PER_RECORD * WIRE_ALL_COUNT);
    arena_release(&arena);
}

/* Any prefix is refused; a changed byte is refused or gives a value that survives. */
static void
check_damage(const struct wire_schema *schema, struct str body, struct arena *arena)
{
    struct err err = {0};
    for (size_t len = 0; len < body.len; len++) {
        void *record = arena_alloc(arena, schema->struct_bytes);
        /* A copy of its own size lets ASan see a read behind the end. */
        char *cut = malloc(len + 1);
        assert_non_null(cut);
        memcpy(cut, body.ptr, len);
        if (schema->decode((struct str){cut, len}, arena, record, &err))
            fail_msg("%zu of %zu bytes were accepted", len, body.len);
        assert_int_equal(err.action, ERR_DEAD_LETTER);
        assert_int_equal(err.reason, DEAD_BAD_SCHEMA);
        free(cut);
    }
    char *bytes = arena_alloc(arena, body.len + 1);
    for (size_t at = 0; at < body.len; at++) {
        static const unsigned char FLIPS[] = {0x01, 0x80, 0xff};
        for (size_t f = 0; f < COUNT_OF(FLIPS); f++) {
            memcpy(bytes, body.ptr, body.len);
            bytes[at] = (char)((unsigned char)bytes[at] ^ FLIPS[f]);
            void *record = arena_alloc(arena, schema->struct_bytes);
            CLEANUP(buf_release) struct buf again = {0};
            if (!schema->decode((struct str){bytes, body.len}, arena, record, &err))
                continue;
            assert_true(schema->encode(record, &again, &err));
            assert_true(schema->decode(buf_str(&again), arena, record, &err));
        }
        if (arena->used_bytes > (size_t)32 * 1024 * 1024)
            bytes = (arena_clear(arena), arena_alloc(arena, body.len + 1));
    }
}

static void
damaged_bytes_are_refused_or_harmless(void **state)
{
    (void)state;
    struct arena arena = {0};
    for (size_t i = 0; i < WIRE_ALL_COUNT; i++) {
        const struct wire_schema *schema = WIRE_ALL[i];
        print_message("record %zu: %s\n", i, schema->name);
        struct wire_random r;
        wire_random_open(&r, schema->writer.schema, schema->writer.schema_bytes);
        r.plain = true;
        for (uint64_t seed = 0; seed < 2; seed++) {
            CLEANUP(buf_release) struct buf body = {0};
            avro_value_t value = wire_random_value(&r, seed);
            wire_random_bytes(&value, &body);
            check_damage(schema, buf_str(&body), &arena);
            avro_value_decref(&value);
            arena_clear(&arena);
        }
        wire_random_close(&r);
    }
    arena_release(&arena);
}

/* ---- JSON ---- */

static void
printed_json_is_json(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct err err;
    for (size_t i = 0; i < WIRE_ALL_COUNT; i++) {
        const struct wire_schema *schema = WIRE_ALL[i];
        struct wire_random r;
        wire_random_open(&r, schema->writer.schema, schema->writer.schema_bytes);
        for (uint64_t seed = 0; seed < 10; seed++) {
            CLEANUP(buf_release) struct buf body = {0};
            CLEANUP(buf_release) struct buf text = {0};
            print_message("%s seed %d\n", schema->name, (int)seed);
            avro_value_t value = wire_random_value(&r, seed);
            wire_random_bytes(&value, &body);
            void *record = arena_alloc(&arena, schema->struct_bytes);
            assert_true(schema->decode(buf_str(&body), &arena, record, &err));
            assert_true(wire_print_json(schema, record, &text));
            json_error_t error;
            json_t *json = json_loadb(text.ptr, text.len, JSON_REJECT_DUPLICATES, &error);
            if (!json)
                fail_msg("%s: %s", error.text, text.ptr);
            assert_true(json_is_object(json));
            json_decref(json);
            avro_value_decref(&value);
            arena_clear(&arena);
        }
        wire_random_close(&r);
    }
    arena_release(&arena);
}

/* ---- golden files: tests/golden/<name>/<fingerprint>-<case>.{bin,json}, and
 * <fingerprint>.avsc, the schema they were written under ---- */

#define GOLDEN_CASES 3

/* Case 0 has every optional part absent as a zeroed struct has, the others are random. */
static void
golden_record(const struct wire_schema *schema, uint64_t number, struct arena *arena,
              void *record)
{
    struct err err;
    if (number == 0)
        return;
    struct wire_random r;
    wire_random_open(&r, schema->writer.schema, schema->writer.schema_bytes);
    r.plain = true;
    avro_value_t value = wire_random_value(&r, number);
    struct buf body = {0};
    wire_random_bytes(&value, &body);
    assert_true(schema->decode(arena_str(arena, buf_str(&body)), arena, record, &err));
    buf_release(&body);
    avro_value_decref(&value);
    wire_random_close(&r);
}

static void
golden_write(const struct wire_schema *schema)
{
    char path[300];
    struct stat there;
    struct arena arena = {0};
    value_path(path, sizeof(path), GOLDEN, schema, 0, ".avsc");
    if (stat(path, &there) == 0)
        return;
    write_schema(GOLDEN, schema);
    for (uint64_t number = 0; number < GOLDEN_CASES; number++) {
        void *record = arena_alloc(&arena, schema->struct_bytes);
        golden_record(schema, number, &arena, record);
        write_value(GOLDEN, schema, number, record);
    }
    arena_release(&arena);
}

/* Whatever the old reading holds, the new one holds too, if the field still exists; a
 * field may have been given a default. */
static void
check_contains(const char *where, const json_t *old, const json_t *now)
{
    const char *key;
    json_t *value;
    if (json_is_array(old) && json_array_size(old) == json_array_size(now)) {
        for (size_t i = 0; i < json_array_size(old); i++)
            check_contains(where, json_array_get(old, i), json_array_get(now, i));
        return;
    }
    if (!json_is_object(old)) {
        if (!json_equal(old, now))
            fail_msg("%s changed", where);
        return;
    }
    json_object_foreach((json_t *)(uintptr_t)old, key, value)
    {
        const json_t *other = json_object_get(now, key);
        if (other)
            check_contains(key, value, other);
        else if (strcmp(where, "") == 0)
            print_message("    %s is gone\n", key);
    }
}

static void
check_golden(const struct wire_schema *schema, const char *bin_path,
             const char *json_path, struct arena *arena)
{
    struct err err = {0};
    uint64_t fingerprint = 0;
    CLEANUP(buf_release) struct buf framed = {0};
    CLEANUP(buf_release) struct buf expect = {0};
    CLEANUP(buf_release) struct buf text = {0};
    assert_true(read_file(bin_path, &framed));
    assert_true(read_file(json_path, &expect));
    void *record = arena_alloc(arena, schema->struct_bytes);
    if (!wire_decode(schema, buf_str(&framed), arena, record, &err))
        fail_msg("%s: %s; after a schema change run tests/codec/golden.sh", bin_path,
                 err.text);
    assert_true(wire_print_json(schema, record, &text));
    assert_true(wire_fingerprint(buf_str(&framed), &fingerprint));
    if (fingerprint == schema->writer.fingerprint) {
        CLEANUP(buf_release) struct buf again = {0};
        assert_true(buf_add_char(&text, '\n'));
        assert_string_equal(text.ptr, expect.ptr);
        assert_true(wire_encode(schema, record, &again, &err));
        assert_int_equal(again.len, framed.len);
        assert_memory_equal(again.ptr, framed.ptr, framed.len);
        return;
    }
    json_t *old = json_loadb(expect.ptr, expect.len, 0, NULL);
    json_t *now = json_loadb(text.ptr, text.len, 0, NULL);
    assert_non_null(old);
    assert_non_null(now);
    check_contains("", old, now);
    json_decref(old);
    json_decref(now);
}

static size_t
check_golden_folder(const struct wire_schema *schema, struct arena *arena)
{
    char folder[200];
    (void)snprintf(folder, sizeof(folder), "%s/%s", GOLDEN, schema->name);
    DIR *dir = opendir(folder);
    if (!dir)
        return 0;
    if (getenv("GOLDEN_WRITE"))
        golden_write(schema);
    size_t n = 0;
    for (const struct dirent *entry; (entry = readdir(dir));) {
        struct str name = str_from(entry->d_name);
        if (!str_ends(name, STR(".bin")))
            continue;
        char bin_path[600];
        char json_path[600];
        (void)snprintf(bin_path, sizeof(bin_path), "%s/%s", folder, entry->d_name);
        (void)snprintf(json_path, sizeof(json_path), "%s/%.*s.json", folder,
                       (int)name.len - 4, name.ptr);
        print_message("%s\n", bin_path);
        check_golden(schema, bin_path, json_path, arena);
        arena_clear(arena);
        n++;
    }
    closedir(dir);
    return n;
}

static void
golden_bytes_are_still_read(void **state)
{
    (void)state;
    struct arena arena = {0};
    size_t n = 0;
    for (size_t i = 0; i < WIRE_ALL_COUNT; i++)
        n += check_golden_folder(WIRE_ALL[i], &arena);
    arena_release(&arena);
    assert_true(n >= (size_t)2 * GOLDEN_CASES);
}

/* ---- all versions ---- */

static void
every_older_version_is_read(void **state)
{
    (void)state;
    struct arena arena = {0};
    for (size_t i = 0; i < WIRE_ALL_COUNT; i++) {
        const struct wire_schema *schema = WIRE_ALL[i];
        for (size_t h = 0; h < schema->n_history; h++) {
            struct wire_random r;
            wire_random_open(&r, schema->history[h].schema,
                             schema->history[h].schema_bytes);
            for (uint64_t seed = 0; seed < 20; seed++) {
                struct err err = {0};
                CLEANUP(buf_release) struct buf framed = {0};
                print_message("%s version %zu seed %d\n", schema->name, h, (int)seed);
                uint64_t fingerprint = schema->history[h].fingerprint;
                assert_true(buf_add(&framed, "\xc3\x01", 2));
                for (int bit = 0; bit < 64; bit += 8)
                    assert_true(buf_add_char(&framed, (char)(fingerprint >> bit & 0xff)));
                avro_value_t value = wire_random_value(&r, seed);
                wire_random_bytes(&value, &framed);
                void *record = arena_alloc(&arena, schema->struct_bytes);
                if (!wire_decode(schema, buf_str(&framed), &arena, record, &err))
                    fail_msg("%s at %s", err.text, err.path);
                avro_value_decref(&value);
                arena_clear(&arena);
            }
            wire_random_close(&r);
        }
    }
    arena_release(&arena);
}

static void
names_and_fingerprints_find_their_record(void **state)
{
    (void)state;
    for (size_t i = 0; i < WIRE_ALL_COUNT; i++) {
        print_message("record %zu: %s\n", i, WIRE_ALL[i]->name);
        assert_ptr_equal(wire_find(WIRE_ALL[i]->writer.fingerprint), WIRE_ALL[i]);
        assert_ptr_equal(wire_find_name(str_from(WIRE_ALL[i]->name)), WIRE_ALL[i]);
    }
    assert_null(wire_find(1));
    assert_null(wire_find_name(STR("no_such_record")));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_with_avro_c),
        cmocka_unit_test(damaged_bytes_are_refused_or_harmless),
        cmocka_unit_test(printed_json_is_json),
        cmocka_unit_test(golden_bytes_are_still_read),
        cmocka_unit_test(every_older_version_is_read),
        cmocka_unit_test(names_and_fingerprints_find_their_record),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
