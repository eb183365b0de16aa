/* Redaction: what has valid check digits goes, everything else stays as it was. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "base/now.h"
#include "intake/redact.h"

static const struct row {
    const char *given;
    const char *expect; /* NULL: unchanged */
} ROWS[] = {
    /* cards */
    {"4111111111111111", "[card]"},
    {"my card 4111 1111 1111 1111, please", "my card [card], please"},
    {"4111-1111-1111-1111", "[card]"},
    {"4111.1111.1111.1111.", "[card]."},
    {"4111 - 1111 - 1111 - 1111", "[card]"},
    {"5500000000000004;378282246310005", "[card];[card]"},
    {"3782 822463 10005", "[card]"},
    {"3056 930902 5904", "[card]"},
    {"6011000990139424 30569309025904", "[card] [card]"},
    {"4222222222222", "[card]"},
    {"6222021234567890128", "[card]"},
    {"2221000000000009", "[card]"},
    {"\xe5\x8d\xa1\xe5\x8f\xb7"
     "4111111111111111\xe8\xa2\xab\xe7\x9b\x97",
     "\xe5\x8d\xa1\xe5\x8f\xb7[card]\xe8\xa2\xab\xe7\x9b\x97"},
    {"\xef\xbc\x94\xef\xbc\x91\xef\xbc\x91\xef\xbc\x91 "
     "\xef\xbc\x91\xef\xbc\x91\xef\xbc\x91"
     "\xef\xbc\x91 \xef\xbc\x91\xef\xbc\x91\xef\xbc\x91\xef\xbc\x91 "
     "\xef\xbc\x91\xef\xbc\x91\xef\xbc\x91\xef\xbc\x91",
     "[card]"}, /* full width */
    {"\xef\xbc\x8c"
     "4111111111111111\xef\xbc\x8c",
     "\xef\xbc\x8c[card]\xef\xbc\x8c"}, /* full-width comma before */
    {"4111\xe3\x80\x80"
     "1111\xe3\x80\x80"
     "1111\xe3\x80\x80"
     "1111",
     "[card]"}, /* ideographic space */
    {"4111\xe2\x80\x8b"
     "1111\xe2\x80\x8b"
     "1111\xe2\x80\x8b"
     "1111",
     "[card]"}, /* zero-width space */
    {"order 12 4111 1111 1111 1111", "order 12 [card]"},
    {"card4111111111111111x", "card[card]x"},
    {"4111111111111112", NULL},                  /* Luhn fails */
    {"41111111111111111111111111", NULL},        /* too long */
    {"1700000000000", NULL},                     /* a time in ms */
    {"20230506123008", NULL},                    /* a time in digits, Luhn holds or not */
    {"2019 2020 2021 2022", NULL},               /* years */
    {"13800138000 and +86 138 0013 8000", NULL}, /* telephone */
    {"2023-05-06 12:30, 10.50 and 3.1415", NULL}, /* dates, amounts */
    {"5 5 0 0 0 0 0 0 0 0 0 0 0 0 0 4", NULL},    /* a list, no card's grouping */
    {"call 4111 or 1111, 1111 1111", NULL},       /* not one number */
    {"", NULL},
    {"no digits at all", NULL},
    /* resident ids */
    {"11010519491231002X", "[resident-id]"},
    {"11010519491231002x", "[resident-id]"},
    {"\xe8\xba\xab\xe4\xbb\xbd\xe8\xaf\x81"
     "440524188001010014\xe3\x80\x82",
     "\xe8\xba\xab\xe4\xbb\xbd\xe8\xaf\x81[resident-id]\xe3\x80\x82"},
    {"110105 19491231 002X", "[resident-id]"},
    {"110105-19491231-002X", "[resident-id]"},
    {"110105194912310021", NULL}, /* wrong check digit */
    {"110105194913310028", NULL}, /* month 13 */
    {"11010519491231002Y", NULL},
    /* IBANs */
    {"GB82 WEST 1234 5698 7654 32", "[iban]"},
    {"GB82WEST12345698765432", "[iban]"},
    {"IBAN: DE89 3704 0044 0532 0130 00 and more", "IBAN: [iban] and more"},
    {"de89370400440532013000", "[iban]"},
    {"NO9386011117947.", "[iban]."},
    {"MT84MALT011000012345MTLCAST001S", "[iban]"},
    {"FR1420041010050500013M02606", "[iban]"},
    {"DE89-3704-0044-0532-0130-00", "[iban]"},
    {"DE88370400440532013000", NULL}, /* mod 97 fails */
    {"ZZ89370400440532013000", NULL}, /* no such country */
    {"DE89 3704 0044 0532", NULL},    /* too short */
    /* several */
    {"a 4111111111111111 b DE89370400440532013000 c 11010519491231002X d",
     "a [card] b [iban] c [resident-id] d"},
};

static void
test_rows(void **state)
{
    (void)state;
    struct arena arena = {0};
    for (size_t i = 0; i < COUNT_OF(ROWS); i++) {
        const char *expect = ROWS[i].expect ? ROWS[i].expect : ROWS[i].given;
        print_message("row %zu: %s\n", i, ROWS[i].given);
        /* On the heap without a NUL behind it, so that ASan sees a byte read too many. */
        size_t len = strlen(ROWS[i].given);
        char *given = malloc(len ? len : 1);
        memcpy(given, ROWS[i].given, len);
        struct str got = redact_text(&arena, (struct str){given, len});
        assert_int_equal(got.len, strlen(expect));
        assert_memory_equal(got.ptr, expect, got.len);
        if (!ROWS[i].expect)
            assert_ptr_equal(got.ptr, given);
        free(given);
    }
    arena_release(&arena);
}

/* Every digit of a valid card changed by itself breaks Luhn: nothing is hidden. */
static void
test_single_digit_errors_stay(void **state)
{
    (void)state;
    struct arena arena = {0};
    char card[] = "4111111111111111";
    for (size_t i = 0; i < 16; i++) {
        char was = card[i];
        for (int c = '0'; c <= '9'; c++) {
            card[i] = (char)c;
            struct str got = redact_text(&arena, str_from(card));
            assert_int_equal(got.len == 6, c == was);
        }
        card[i] = was;
    }
    arena_release(&arena);
}

/* Wherever the number stands in the eight bytes that are looked at together. */
static void
test_every_offset(void **state)
{
    (void)state;
    struct arena arena = {0};
    for (size_t before = 0; before < 20; before++)
        for (size_t after = 0; after < 10; after++) {
            struct str given =
                arena_printf(&arena, "%.*s4111111111111111%.*s", (int)before,
                             "aaaaaaaaaaaaaaaaaaaaaaaa", (int)after, "/:/:/:/:/:");
            struct str got = redact_text(&arena, given);
            assert_int_equal(got.len, before + 6 + after);
            assert_memory_equal(got.ptr + before, "[card]", 6);
            assert_memory_equal(got.ptr + before + 6, "/:/:/:/:/:", after);
        }
    arena_release(&arena);
}

/* Texts made to hurt: 256 KiB each must cost the same as plain text, up to a factor. */
static void
test_hostile_texts_are_linear(void **state)
{
    (void)state;
    static const char *const PATTERNS[] = {"4",      "1 ",    "4111 ",        "DE89 ",
                                           "4-4-4 ", "4111-", "\xef\xbc\x94", "6 1",
                                           "DE8",    "0 - "};
    struct arena arena = {0};
    size_t len = (size_t)256 * 1024;
    char *text = malloc(len);
    for (size_t i = 0; i < COUNT_OF(PATTERNS); i++) {
        size_t n = strlen(PATTERNS[i]);
        size_t used = len / n * n;
        for (size_t at = 0; at < used; at++)
            text[at] = PATTERNS[i][at % n];
        int64_t start_us = now_cpu_us();
        (void)redact_text(&arena, (struct str){text, used});
        int64_t took_us = now_cpu_us() - start_us;
        print_message("pattern \"%s\": %lld us\n", PATTERNS[i], (long long)took_us);
        assert_true(took_us < 1000000);
        arena_clear(&arena);
    }
    free(text);
    arena_release(&arena);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_single_digit_errors_stay),
        cmocka_unit_test(test_every_offset),
        cmocka_unit_test(test_hostile_texts_are_linear),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
