/* Ids never change: golden values, the HMAC against OpenSSL's own, and what must differ.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>

#include "ident/ident.h"

static struct arena arena;

/* What ident.h says, put together byte by byte. */
static void
hmac_by_openssl(struct str salt, const struct str *parts, size_t n_parts,
                unsigned char ret[32])
{
    unsigned char joined[8192];
    size_t used = 0;
    for (size_t i = 0; i < n_parts; i++) {
        for (int shift = 56; shift >= 0; shift -= 8)
            joined[used++] = (unsigned char)((uint64_t)parts[i].len >> shift & 0xff);
        if (parts[i].len > 1024) {
            unsigned len = 0;
            assert_int_equal(EVP_Digest(parts[i].ptr, parts[i].len, joined + used, &len,
                                        EVP_sha256(), NULL),
                             1);
            used += len;
        } else {
            if (parts[i].len)
                memcpy(joined + used, parts[i].ptr, parts[i].len);
            used += parts[i].len;
        }
    }
    unsigned len = 0;
    assert_non_null(HMAC(EVP_sha256(), salt.ptr, (int)salt.len, joined, used, ret, &len));
}

static void
test_hmac_is_hmac(void **state)
{
    (void)state;
    char bytes[3000];
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (char)(i * 7);
    static const size_t LENGTHS[] = {0,  1,   55,  56,   63,   64,
                                     65, 128, 512, 1024, 1025, 2999};
    for (size_t s = 0; s < 8; s++)
        for (size_t i = 0; i < COUNT_OF(LENGTHS); i++) {
            struct str salt = {bytes, LENGTHS[s]};
            struct str parts[] = {{bytes, LENGTHS[i]}, STR(""), {bytes + 1, i}};
            unsigned char ours[32];
            unsigned char theirs[32];
            print_message("salt %zu, part %zu\n", LENGTHS[s], LENGTHS[i]);
            ident_hmac(salt, parts, COUNT_OF(parts), ours);
            hmac_by_openssl(salt, parts, COUNT_OF(parts), theirs);
            assert_memory_equal(ours, theirs, 32);
        }
}

static void
assert_str(struct str got, const char *expect)
{
    print_message("%.*s\n", STR_ARG(got));
    assert_int_equal(got.len, strlen(expect));
    assert_memory_equal(got.ptr, expect, got.len);
}

/* Ids are in other people's systems: a changed line here is a broken promise. */
static void
test_golden(void **state)
{
    (void)state;
    struct str value = STR("C-42");
    struct str hash = ident_customer_hash(&arena, STR("salt"), STR("id"), &value, 1);
    assert_str(hash, "e31212320a70d7fb7497ab9312796a1e");
    struct str id =
        ident_complaint_id(&arena, STR("salt"), hash, STR("/crm"), STR("R-1"));
    assert_str(id, "e3121232-0a70-800f-b73a-1726ad8a7e03");
    assert_true(str_eq(ident_key_of(&arena, id), ident_customer_key(hash)));
    assert_str(ident_event_id(&arena, STR("/crm"), STR("e1")),
               "ebdc17ad-57b3-8db7-aa8d-5ff219657ca5");
    assert_str(ident_child_id(&arena, STR("cause"), STR("what"), 1, 1000),
               "48eccb83-9b59-8f63-a76d-658fad806d04");
    assert_str(ident_cluster_key(&arena, STR("salt"), STR("kettle"), STR_NULL),
               "d921a477f9b7");
    arena_release(&arena);
}

static void
test_parts_do_not_run_together(void **state)
{
    (void)state;
    struct str a[] = {STR("ab"), STR("c")};
    struct str b[] = {STR("a"), STR("bc")};
    assert_false(str_eq(ident_customer_hash(&arena, STR("s"), STR("handle"), a, 2),
                        ident_customer_hash(&arena, STR("s"), STR("handle"), b, 2)));
    arena_release(&arena);
}

static void
test_key_of_refuses(void **state)
{
    (void)state;
    static const char *const ROWS[] = {
        "",
        "0123abcd-4567-4abc-9def-0123456789ab", /* version 4     */
        "0123abcd-4567-8abc-cdef-0123456789ab", /* variant       */
        "0123ABCD-4567-8abc-9def-0123456789ab", /* capitals      */
        "0123abcd-4567-8abc-9def-0123456789a",  /* short         */
        "0123abcd04567-8abc-9def-0123456789ab", /* a dash too few */
        "0123abcg-4567-8abc-9def-0123456789ab",
    };
    for (size_t i = 0; i < COUNT_OF(ROWS); i++) {
        print_message("row %zu: %s\n", i, ROWS[i]);
        assert_true(str_is_null(ident_key_of(&arena, str_from(ROWS[i]))));
    }
    arena_release(&arena);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hmac_is_hmac),
        cmocka_unit_test(test_golden),
        cmocka_unit_test(test_parts_do_not_run_together),
        cmocka_unit_test(test_key_of_refuses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
