/* Mapping files: rows of strangers into CloudEvents, the same ids each time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "ctl/mapping.h"

/* Policies are read from files: each row gets one of its own. */
static struct mapping *
load_text(const char *text, struct err *err)
{
    char path[] = "/tmp/redress-mapping-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
    struct mapping *mapping = mapping_load(path, NULL, err);
    unlink(path);
    return mapping;
}

#define EVENT(data) "{\"events\":[{\"type\":\"t\",\"data\":" data "}]}"

static void
test_bad_mappings_name_the_place(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *expect; /* in the error */
    } table[] = {
        {"{\"events\":[{\"type\":\"t\",\"data\":{\"a\":\"x\"}}]}", "$.events[0].data.a"},
        {EVENT("{\"a\":{\"field\":\"x\",\"table\":\"none\"}}"), "no table \"none\""},
        {EVENT("{\"a\":{\"field\":\"x\",\"tabel\":\"none\"}}"), "unknown key \"tabel\""},
        {"{\"evnets\":[]}", "unknown key \"evnets\""},
        {"{\"events\":[],\"format\":\"xml\"}", "unknown value \"xml\""},
        {"{\"events\":[],\"zone\":\"CET\"}", "zone must be"},
        {"[]", "must hold a JSON object"},
        {"{\"a\":1,\"a\":2}", "duplicate"},
    };
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        print_message("row %zu: %s\n", i, table[i].expect);
        struct err err = {0};
        assert_null(load_text(table[i].text, &err));
        assert_int_equal(err.action, ERR_STOP);
        assert_non_null(strstr(err.text, table[i].expect));
    }
}

/* One mapping that uses everything, many rows. */
static const char MAPPING[] =
    "{\"source\":\"s\",\"time_form\":\"MM/DD/YYYY\",\"zone\":\"+08:00\","
    "\"tables\":{\"ch\":{\"Postal mail\":\"post\",\"*\":\"web\"},\"na\":{\"N/A\":null}},"
    "\"events\":["
    "{\"type\":\"complaint.submitted\",\"id\":{\"field\":\"id\"},"
    "\"time\":{\"field\":\"when\",\"type\":\"time\"},"
    "\"data\":{\"complaint_ref\":{\"field\":\"id\",\"type\":\"string\"},"
    "\"channel\":{\"field\":\"via\",\"table\":\"ch\"},"
    "\"text\":{\"field\":\"text\",\"table\":\"na\"},"
    "\"customer\":{\"email\":{\"field\":\"who.mail\"}},"
    "\"subject\":{\"template\":\"{a}/{b}\"},"
    "\"n\":{\"field\":\"n\",\"type\":\"number\"}}},"
    "{\"type\":\"complaint.responded\",\"id\":{\"template\":\"r{#}\"},"
    "\"when\":[{\"field\":\"reply\"},{\"field\":\"ok\",\"in\":[\"yes\",true]}],"
    "\"time\":{\"field\":\"when\",\"type\":\"time\",\"plus_days\":2},"
    "\"data\":{\"complaint_ref\":{\"field\":\"id\"},\"text\":{\"field\":\"reply\"}}}]}";

static void
test_rows(void **state)
{
    (void)state;
    static const struct {
        const char *row;
        size_t n;           /* events; SIZE_MAX: refused  */
        const char *key;    /* of the first               */
        const char *expect; /* in the first event's JSON  */
    } table[] = {
        {"{\"id\":\"7\",\"via\":\"Postal mail\",\"when\":\"03/02/2026\",\"text\":\"x\"}",
         1, "7", "\"time\":\"2026-03-01T16:00:00.000Z\""},
        {"{\"id\":\"7\",\"via\":\"Postal mail\",\"text\":\"x\"}", 1, "7",
         "\"channel\":\"post\""},
        {"{\"id\":\"7\",\"via\":\"Pigeon\",\"text\":\"x\"}", 1, "7",
         "\"channel\":\"web\""},
        {"{\"id\":\"7\",\"via\":\"\",\"text\":\"x\"}", 1, "7",
         "\"data\":{\"complaint_ref\":\"7\",\"text\":\"x\"}"},
        {"{\"id\":7,\"text\":\"N/A\"}", 1, "7", "\"data\":{\"complaint_ref\":\"7\"}"},
        {"{\"id\":\"7\",\"who\":{\"mail\":\"a@b\"}}", 1, "a@b", "\"email\":\"a@b\""},
        {"{\"id\":\"7\",\"a\":\"p\",\"b\":\"q\"}", 1, "7", "\"subject\":\"p/q\""},
        {"{\"id\":\"7\",\"n\":\" 12 \"}", 1, "7", "\"n\":12"},
        {"{\"id\":\"7\",\"n\":\"many\"}", SIZE_MAX, NULL, "no number"},
        {"{\"id\":\"7\",\"when\":\"soon\"}", SIZE_MAX, NULL, "no time"},
        {"{\"id\":\"7\",\"reply\":\"r\",\"ok\":\"yes\"}", 2, "7", "complaint.submitted"},
        {"{\"id\":\"7\",\"reply\":\"r\",\"ok\":true}", 2, "7", "complaint.submitted"},
        {"{\"id\":\"7\",\"reply\":\"r\",\"ok\":\"no\"}", 1, "7", "complaint.submitted"},
        {"{\"id\":\"7\",\"reply\":\"\",\"ok\":\"yes\"}", 1, "7", "complaint.submitted"},
    };
    struct err err = {0};
    struct mapping *mapping = load_text(MAPPING, &err);
    assert_non_null(mapping);
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        print_message("row %zu: %s\n", i, table[i].row);
        CLEANUP(arena_release) struct arena arena = {0};
        struct mapped events[MAPPED_MAX];
        size_t n = 0;
        json_t *row = json_loads(table[i].row, 0, NULL);
        assert_non_null(row);
        bool ok = mapping_apply(mapping, row, 41, &arena, events, &n, &err);
        json_decref(row);
        if (table[i].n == SIZE_MAX) {
            assert_false(ok);
            assert_non_null(strstr(err.text, table[i].expect));
            continue;
        }
        assert_true(ok);
        assert_int_equal(n, table[i].n);
        print_message("  %.*s\n", STR_ARG(events[0].value));
        assert_true(str_eq(events[0].key, str_from(table[i].key)));
        assert_non_null(strstr(events[0].value.ptr, table[i].expect));
        if (n == 2)
            assert_non_null(strstr(events[1].value.ptr, "\"id\":\"r41\""));
    }
    mapping_drop(mapping);
}

/* Without an id in the row it is a hash of source and row: stable, and the source counts.
 */
static void
test_default_ids(void **state)
{
    (void)state;
    static const char *const SOURCES[] = {"a", "a", "b"};
    char ids[3][64];
    for (size_t i = 0; i < COUNT_OF(SOURCES); i++) {
        CLEANUP(arena_release) struct arena arena = {0};
        struct err err = {0};
        struct mapping *mapping = mapping_load(NULL, SOURCES[i], &err);
        assert_non_null(mapping);
        /* The order of members is not the row's. */
        json_t *row = json_loads(i == 0 ? "{\"text\":\"t\",\"channel\":\"web\"}"
                                        : "{\"channel\":\"web\",\"text\":\"t\"}",
                                 0, NULL);
        struct mapped events[MAPPED_MAX];
        size_t n = 0;
        assert_true(mapping_apply(mapping, row, 1, &arena, events, &n, &err));
        const char *id = strstr(events[0].value.ptr, "\"id\":\"");
        assert_non_null(id);
        (void)snprintf(ids[i], sizeof(ids[i]), "%.40s", id);
        json_decref(row);
        mapping_drop(mapping);
    }
    assert_string_equal(ids[0], ids[1]);
    assert_string_not_equal(ids[0], ids[2]);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bad_mappings_name_the_place),
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_default_ids),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
