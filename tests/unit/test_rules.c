/* Phrases: word bounds, Chinese substrings, negation, folding, and linear time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "classification/language.h"
#include "classification/rules.h"

enum { FIRE, CHINESE, OPEN_END, REFUND, NEGATION, GROUPS };

static const struct rules_phrase phrases[] = {
    {{"on fire", 7}, FIRE},     {{"fire", 4}, FIRE},     {{"起火", 6}, CHINESE},
    {{"explod*", 7}, OPEN_END}, {{"Refund", 6}, REFUND}, {{"退款", 6}, REFUND},
    {{"no refund", 9}, REFUND}, {{"no", 2}, NEGATION},   {{"not", 3}, NEGATION},
    {{"don't", 5}, NEGATION},   {{"没有", 6}, NEGATION},
};

static void
build(struct arena *arena, struct rules *ret)
{
    struct rules_group groups[GROUPS] = {0};
    struct err err = {0};
    groups[FIRE] = (struct rules_group){{NEGATION}, {false}, 1};
    groups[CHINESE] = (struct rules_group){{NEGATION}, {true}, 1};
    groups[REFUND] = (struct rules_group){{NEGATION}, {true}, 1};
    if (!rules_build(phrases, COUNT_OF(phrases), groups, GROUPS, 16, arena, ret, &err))
        fail_msg("%s", err.text);
}

static void
test_matches(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int fire, chinese, open_end, refund;
    } table[] = {
        {"", 0, 0, 0, 0},
        {"it is on fire", 2, 0, 0, 0}, /* "fire" and "on fire" */
        {"FIRE!", 1, 0, 0, 0},
        {"firefox is not fireproof", 0, 0, 0, 0},
        {"campfire", 0, 0, 0, 0},
        {"fire_extinguisher", 1, 0, 0, 0},
        {"caught\n\t fire", 1, 0, 0, 0},
        {"there was no fire", 0, 0, 0, 0},
        {"No. Fire!", 1, 0, 0, 0}, /* another clause */
        {"no, fire", 1, 0, 0, 0},
        {"it did not, as far as anybody here could see, catch fire", 1, 0, 0, 0},
        {"fire? not at all", 1, 0, 0, 0},
        {"fire was not seen", 0, 0, 0, 0},           /* near on the other side */
        {"I don\xE2\x80\x99t see fire", 0, 0, 0, 0}, /* typographic apostrophe */
        {"热水器起火了", 0, 1, 0, 0},
        {"热水器没有起火", 0, 0, 0, 0},
        {"熱水器沒有起火", 0, 0, 0, 0}, /* Traditional: of the negation, too */
        {"我要退款，請儘快", 0, 0, 0, 1},
        {"没有任何征兆突然起火", 0, 1, 0, 0}, /* more than four characters away */
        {"起火没有人管", 0, 1, 0, 0},         /* behind it */
        {"refund not given", 0, 0, 0, 1},     /* behind it */
        {"我用fire手机", 1, 0, 0, 0},         /* Han characters end a word */
        {"it exploded, will explode, explosion", 0, 0, 2, 0},
        {"reexplode", 0, 0, 0, 0},
        {"I want a ReFuND", 0, 0, 0, 1},
        {"ｒｅｆｕｎｄ", 0, 0, 0, 1}, /* full width */
        {"no refund", 0, 0, 0, 1}, /* "refund" is spoiled, "no refund" says it itself */
        {"re\xE2\x80\x8B"
         "fund now",
         0, 0, 0, 1}, /* zero width space */
        {"退 款", 0, 0, 0, 0},
        {"退款", 0, 0, 0, 1},
        {"refund\xFF\xFE", 0, 0, 0, 1}, /* no UTF-8: no harm */
        {"\xE8\xB5", 0, 0, 0, 0},
    };
    struct arena arena = {0};
    struct rules rules;
    build(&arena, &rules);
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        print_message("row %zu: %s\n", i, table[i].text);
        struct str folded = rules_fold(str_from(table[i].text), &arena);
        const uint16_t *counts = rules_match(&rules, folded, &arena);
        assert_int_equal(counts[FIRE], table[i].fire);
        assert_int_equal(counts[CHINESE], table[i].chinese);
        assert_int_equal(counts[OPEN_END], table[i].open_end);
        assert_int_equal(counts[REFUND], table[i].refund);
    }
    arena_release(&arena);
}

/* The naive way, without negation: what the automaton must agree with. */
static int
naive(struct str text, struct str phrase)
{
    int n = 0;
    for (size_t i = 0; i + phrase.len <= text.len; i++)
        n += memcmp(text.ptr + i, phrase.ptr, phrase.len) == 0;
    return n;
}

static void
test_agrees_with_naive_search(void **state)
{
    (void)state;
    /* Over a tiny alphabet everything overlaps with everything. */
    uint64_t seed = 12345;
    for (int round = 0; round < 300; round++) {
        struct arena arena = {0};
        char words[12][8];
        struct rules_phrase list[12];
        struct rules_group groups[12] = {0};
        char text[200];
        struct rules rules;
        struct err err = {0};
        for (size_t i = 0; i < 12; i++) {
            size_t len = 0;
            do {
                seed = seed * 6364136223846793005u + 1442695040888963407u;
                words[i][len++] = "ab-"[(seed >> 33) % 3];
            } while (len < 7 && (seed >> 40) % 4 != 0);
            /* '*' on both sides: anywhere. */
            struct str starred = arena_printf(&arena, "*%.*s*", (int)len, words[i]);
            list[i] = (struct rules_phrase){starred, (uint16_t)i};
        }
        for (size_t i = 0; i < sizeof(text); i++) {
            seed = seed * 6364136223846793005u + 1442695040888963407u;
            text[i] = "ab-"[(seed >> 33) % 3];
        }
        struct str all = {text, sizeof(text)};
        assert_true(rules_build(list, 12, groups, 12, 24, &arena, &rules, &err));
        const uint16_t *counts = rules_match(&rules, all, &arena);
        for (size_t i = 0; i < 12; i++) {
            struct str word = str_sub(list[i].text, 1, list[i].text.len - 2);
            print_message("round %d: %.*s\n", round, STR_ARG(word));
            assert_int_equal(counts[i], naive(all, word));
        }
        arena_release(&arena);
    }
}

static void
test_huge_texts_end(void **state)
{
    (void)state;
    static const char *const units[] = {"fire ", "no ",          "退",
                                        "f",     "\xEF\xB7\xBA", "\xFF"};
    for (size_t i = 0; i < COUNT_OF(units); i++) {
        struct arena arena = {0};
        struct rules rules;
        build(&arena, &rules);
        size_t unit = strlen(units[i]);
        size_t len = (size_t)1024 * 1024 / unit * unit;
        char *text = arena_alloc(&arena, len);
        for (size_t k = 0; k < len; k++)
            text[k] = units[i][k % unit];
        print_message("unit %zu\n", i);
        struct str folded = rules_fold((struct str){text, len}, &arena);
        const uint16_t *counts = rules_match(&rules, folded, &arena);
        assert_int_equal(counts[FIRE], i == 0 ? RULES_COUNT_MAX : 0);
        /* What follows a flood of one word is still seen. */
        static const char TAIL[] = {'.', ' ', 'r', 'e', 'f', 'u', 'n', 'd'};
        memcpy(text + len - sizeof(TAIL), TAIL, sizeof(TAIL));
        folded = rules_fold((struct str){text, len}, &arena);
        assert_int_equal(rules_match(&rules, folded, &arena)[REFUND], 1);
        arena_release(&arena);
    }
}

static void
test_bad_phrases_are_refused(void **state)
{
    (void)state;
    char long_phrase[RULES_PHRASE_BYTES + 2];
    memset(long_phrase, 'x', sizeof(long_phrase));
    const struct rules_phrase table[] = {
        {{"", 0}, 0},
        {{"  ", 2}, 0},
        {{"*", 1}, 0},
        {{"**", 2}, 0},
        {{"\xE2\x80\x8B", 3}, 0}, /* nothing is left after folding */
        {{long_phrase, sizeof(long_phrase)}, 0},
        {{"fine", 4}, 1}, /* no such group */
    };
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        struct arena arena = {0};
        struct rules rules;
        struct rules_group group = {.n_not_near = 0};
        struct err err = {0};
        print_message("row %zu\n", i);
        assert_false(rules_build(&table[i], 1, &group, 1, 24, &arena, &rules, &err));
        assert_int_equal(err.action, ERR_STOP);
        arena_release(&arena);
    }
}

static void
test_language(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *expect; /* NULL: no letters */
    } table[] = {
        {"", NULL},
        {"12345 !!! 67", NULL},
        {"My card was charged twice and nobody helps", "en"},
        {"Broken kettle", "en"},
        {"我的订单还没有收到", "zh"},
        {"我的iPhone坏了 please help", "zh"},
        {"Der Kühlschrank ist nach zwei Wochen kaputt und niemand hilft mir", "other"},
        {"el pedido no ha llegado y nadie me responde", "other"},
        {"Mon colis est perdu et le service ne répond pas", "other"},
        {"注文した商品がまだ届きません", "other"},
        {"Мой заказ не пришёл", "other"},
        {"The hotel in München was dirty and the staff were rude to us", "en"},
    };
    struct arena arena = {0};
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        print_message("row %zu: %s\n", i, table[i].text);
        struct str is = language_of(rules_fold(str_from(table[i].text), &arena));
        assert_true(str_is_null(is) == (table[i].expect == NULL));
        assert_true(str_eq(is, str_from(table[i].expect)));
    }
    static const char *const said[][2] = {
        {"en-GB", "en"}, {"zh_CN", "zh"},   {"ZH", "zh"},
        {"中文", "zh"},  {"English", "en"}, {"fr", "other"},
    };
    for (size_t i = 0; i < COUNT_OF(said); i++) {
        print_message("said %s\n", said[i][0]);
        assert_true(str_eq(language_said(str_from(said[i][0])), str_from(said[i][1])));
    }
    assert_true(str_is_null(language_said(STR_NULL)));
    arena_release(&arena);
}

/* Also where Traditional characters become Simplified ones. */
static void
test_folded_stays(void **state)
{
    (void)state;
    struct arena arena = {0};
    size_t changed = 0;
    for (unsigned code = 0x2E80; code < 0xFB00; code++) {
        if (code >= 0xD800 && code < 0xE000)
            continue;
        const char raw[] = {(char)(0xE0 | code >> 12), (char)(0x80 | (code >> 6 & 0x3F)),
                            (char)(0x80 | (code & 0x3F))};
        struct str text = {raw, sizeof(raw)};
        struct str folded = rules_fold(text, &arena);
        changed += !str_eq(folded, text);
        if (!str_eq(rules_fold(folded, &arena), folded))
            fail_msg("U+%04X", code);
        arena_clear(&arena);
    }
    assert_true(changed > 2000);
    assert_true(str_eq(rules_fold(STR("退款與賠償"), &arena), STR("退款与赔偿")));
    arena_release(&arena);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_matches),
        cmocka_unit_test(test_agrees_with_naive_search),
        cmocka_unit_test(test_huge_texts_end),
        cmocka_unit_test(test_bad_phrases_are_refused),
        cmocka_unit_test(test_language),
        cmocka_unit_test(test_folded_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
