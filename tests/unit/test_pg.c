/* The pg room without a server: binary arrays, UUIDs, what an SQLSTATE asks for. */
#include "pg/pg.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <cmocka.h>

static void
test_action(void **state)
{
    static const struct {
        const char *sqlstate;
        enum err_action expect;
    } table[] = {
        {NULL, ERR_RETRY},          {"", ERR_RETRY},
        {"08006", ERR_RETRY},       {"40001", ERR_RETRY},
        {"40P01", ERR_RETRY},       {"53300", ERR_RETRY},
        {"55P03", ERR_RETRY},       {"57P01", ERR_RETRY},
        {"22021", ERR_DEAD_LETTER}, {"22P02", ERR_DEAD_LETTER},
        {"23505", ERR_DEAD_LETTER}, {"42P01", ERR_STOP},
        {"28P01", ERR_STOP},        {"25006", ERR_STOP},
        {"XX000", ERR_STOP},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        print_message("row %zu: %s\n", i, table[i].sqlstate ? table[i].sqlstate : "none");
        assert_int_equal(pg_action(table[i].sqlstate), table[i].expect);
    }
}

static void
test_uuid(void **state)
{
    static const struct {
        const char *text;
        bool expect;
    } table[] = {
        {"00112233-4455-6677-8899-aabbccddeeff", true},
        {"00112233-4455-6677-8899-AABBCCDDEEFF", true},
        {"", false},
        {"00112233-4455-6677-8899-aabbccddeef", false},
        {"00112233-4455-6677-8899-aabbccddeeffa", false},
        {"0011223344556677-8899-aabbccddeeff0-", false},
        {"g0112233-4455-6677-8899-aabbccddeeff", false},
        {"00112233 4455-6677-8899-aabbccddeeff", false},
        {"0011223-34455-6677-8899-aabbccddeeff", false},
    };
    static const unsigned char bytes[PG_UUID_BYTES] = {0x00, 0x11, 0x22, 0x33, 0x44, 0x55,
                                                       0x66, 0x77, 0x88, 0x99, 0xaa, 0xbb,
                                                       0xcc, 0xdd, 0xee, 0xff};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        unsigned char uuid[PG_UUID_BYTES] = {0};
        print_message("row %zu: %s\n", i, table[i].text);
        assert_int_equal(pg_uuid_parse(str_from(table[i].text), uuid), table[i].expect);
        if (table[i].expect)
            assert_memory_equal(uuid, bytes, sizeof bytes);
    }
}

/* As `SELECT array_send(...)` of PostgreSQL 15 prints them. */
static void
test_arrays(void **state)
{
    struct pg_array a = {0};
    struct str bytes;
    (void)state;

    pg_array_begin(&a, PG_TEXT);
    bytes = pg_array_end(&a);
    assert_int_equal(bytes.len, 12);
    assert_memory_equal(bytes.ptr, "\0\0\0\0\0\0\0\0\0\0\0\x19", 12);

    pg_array_str(&a, STR("ab"));
    pg_array_str(&a, STR_NULL);
    pg_array_str(&a, STR(""));
    bytes = pg_array_end(&a);
    assert_int_equal(bytes.len, 34);
    assert_memory_equal(bytes.ptr,
                        "\0\0\0\1\0\0\0\1\0\0\0\x19\0\0\0\3\0\0\0\1"
                        "\0\0\0\2ab\xff\xff\xff\xff\0\0\0\0",
                        34);

    /* The same item as a row of a binary COPY. */
    struct buf copy = {0};
    struct pg_array both[2] = {{0}, {0}};
    pg_array_begin(&both[0], PG_INT4);
    pg_array_begin(&both[1], PG_JSONB);
    pg_array_int(&both[0], 7);
    pg_array_str(&both[1], STR("{}"));
    pg_array_int(&both[0], 8);
    pg_array_str(&both[1], STR_NULL);
    assert_true(pg_array_copy(both, 2, &copy));
    assert_int_equal(copy.len, 19 + 2 + 8 + 7 + 2 + 8 + 4 + 2);
    assert_memory_equal(copy.ptr + 19,
                        "\0\2\0\0\0\4\0\0\0\7\0\0\0\3\1{}"
                        "\0\2\0\0\0\4\0\0\0\x8\xff\xff\xff\xff\xff\xff",
                        33);
    pg_array_release(&both[0]);
    pg_array_release(&both[1]);
    buf_release(&copy);

    pg_array_begin(&a, PG_INT2);
    pg_array_int(&a, 70000); /* cut to the type's range */
    pg_array_int(&a, -2);
    bytes = pg_array_end(&a);
    assert_memory_equal(bytes.ptr + 20, "\0\0\0\2\x7f\xff\0\0\0\2\xff\xfe", 12);

    pg_array_begin(&a, PG_TIMESTAMPTZ);
    pg_array_time(&a, INT64_C(946684800001)); /* 2000-01-01 00:00:00.001 UTC */
    bytes = pg_array_end(&a);
    assert_memory_equal(bytes.ptr + 20, "\0\0\0\x8\0\0\0\0\0\0\x03\xe8", 12);
    pg_array_time(&a, INT64_MAX);
    pg_array_time(&a, INT64_MIN);
    assert_int_equal(a.n_items, 3);

    pg_array_begin(&a, PG_FLOAT8);
    pg_array_opt_double(&a, true, -1.5);
    pg_array_opt_double(&a, false, 3);
    bytes = pg_array_end(&a);
    assert_memory_equal(bytes.ptr + 20, "\0\0\0\x8\xbf\xf8\0\0\0\0\0\0\xff\xff\xff\xff",
                        16);
    pg_array_release(&a);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_action),
        cmocka_unit_test(test_uuid),
        cmocka_unit_test(test_arrays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
