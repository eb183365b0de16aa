/* Features: folding, classes, negation, both blocks; bounded on hostile text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "classification/features.h"

struct rig {
    struct arena arena;
    const struct features_table *table;
    struct features_scratch *one, *two;
};

static int
set_up(void **state)
{
    struct rig *rig = calloc(1, sizeof(*rig));
    struct err err = {0};
    if (!rig)
        return -1;
    rig->table = features_table_new(&rig->arena, &err);
    rig->one = ARENA_NEW(&rig->arena, struct features_scratch);
    rig->two = ARENA_NEW(&rig->arena, struct features_scratch);
    *state = rig;
    return rig->table ? 0 : -1;
}

static int
tear_down(void **state)
{
    struct rig *rig = *state;
    arena_release(&rig->arena);
    free(rig);
    return 0;
}

static void
read_text(const struct rig *rig, const char *text, struct features_scratch *scratch)
{
    features_read(rig->table, STR_NULL, str_from(text), scratch);
}

/* Tokens as "word|word|", what became a class in <>, a negated one with "~". */
static void
print_tokens(const struct features_scratch *s, char *out, size_t room)
{
    size_t len = 0;
    out[0] = '\0';
    for (size_t i = 0; i < s->n_token && len + 80 < room; i++) {
        char text[64];
        struct str t = features_text(s, i, 1, text, sizeof(text));
        bool class = s->token[i].kind == FEATURES_IS_CLASS;
        len += (size_t)snprintf(out + len, room - len, "%s%s%.*s%s|",
                                s->token[i].negated ? "~" : "", class ? "<" : "",
                                STR_ARG(t), class ? ">" : "");
    }
}

static void
test_tokens(void **state)
{
    static const struct {
        const char *text, *tokens;
    } table[] = {
        {"", ""},
        {" \t\n ", ""},
        {"Hello, World", "hello|world|"},
        {"\xEF\xBC\xA8\xEF\xBD\x89", "hi|"}, /* full width */
        {"\xEF\xAC\x81ne", "fine|"},         /* one letter for fi  */
        {"Stra\xC3\x9F"
         "e",
         "strasse|"},                        /* folds to two */
        {"caf\x65\xCC\x81", "caf\xC3\xA9|"}, /* e and its accent apart */
        {"ca\xE2\x80\x8B"
         "fe",
         "cafe|"}, /* zero width inside */
        {"\xE2\x80\xAE"
         "cafe\xE2\x80\xAC",
         "cafe|"}, /* right to left */
        {"soooooo good", "soo|good|"},
        {"a\xFF\xFE"
         "b",
         "a|b|"}, /* no UTF-8 */
        {"a\xED\xA0\x80"
         "b",
         "a|b|"}, /* a lone surrogate */
        {"a\xC0\xAF"
         "b",
         "a|b|"},         /* a long form */
        {"\xE9\x80", ""}, /* cut */
        {"@airline hi", "<@airline>|hi|"},
        {"see https://x.test/a?b=c now", "see|<https://x.test/a?b=c>|now|"},
        {"www.x.test", "<ww.x.test>|"}, /* a run of one letter is cut */
        {"mail a.b@c.test!", "mail|a|<b@c.test>|!|"},
        {"a@b", "a|<@b>|"},
        {"12345678 in 2024", "<12345678>|in|2024|"},
        {"why??? yes!", "why|???|yes|!|"},
        {"not good at all. fine", "not|~good|~at|~all|fine|"},
        {"I don\xE2\x80\x99t like it", "i|don't|~like|~it|"},
        {"never a b c d e", "never|~a|~b|~c|~d|e|"},
        {"退款 ok", "退|款|ok|"},
        {"退貨", "退|货|"}, /* traditional */
        {"不好吃，很", "不|~好|~吃|很|"},
        {"\xF0\x9F\x98\xA1\xF0\x9F\x98\xA1", "\xF0\x9F\x98\xA1\xF0\x9F\x98\xA1|"},
    };
    const struct rig *rig = *state;
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        char got[512];
        print_message("row %zu: %s\n", i, table[i].text);
        read_text(rig, table[i].text, rig->one);
        print_tokens(rig->one, got, sizeof(got));
        assert_string_equal(got, table[i].tokens);
    }
}

/* N-grams of characters: those within words and the others. */
static size_t
count_chars(const struct features_scratch *s)
{
    uint64_t hash[FEATURES_CHARS_MOST];
    size_t n = s->n_gram - s->n_word_gram;
    for (size_t i = 0; i < s->n_token; i++)
        n += features_chars(s, i, hash);
    return n;
}

static bool
has_gram(const struct features_scratch *s, size_t from, size_t to, uint64_t hash)
{
    for (size_t i = from; i < to; i++)
        if (s->gram[i].hash == hash)
            return true;
    return false;
}

/* Texts that must give the same n-grams, and texts that must not. */
static void
test_same(void **state)
{
    static const struct {
        const char *left, *right;
        bool same;
    } table[] = {
        {"Refund", "REFUND", true},
        {"refund me", "refund\n\nme", true},
        {"@anna please", "@bob please", true},
        {"card 12345678", "card 87654321", true},
        {"http://a.test/x", "https://b.test/y?z", true},
        {"退貨", "退货", true},
        {"good", "not good", false},
        {"good", "good!", false},
        {"good!", "good!!", false},
        {"good!!", "good!!!!!", true},
        {"a b", "b a", false},
        {"退款", "款退", false},
        {"in 2023", "in 2024", false},
    };
    const struct rig *rig = *state;
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        print_message("row %zu: %s / %s\n", i, table[i].left, table[i].right);
        read_text(rig, table[i].left, rig->one);
        read_text(rig, table[i].right, rig->two);
        bool same = rig->one->n_gram == rig->two->n_gram;
        for (size_t k = 0; same && k < rig->one->n_gram; k++)
            same = rig->one->gram[k].hash == rig->two->gram[k].hash;
        same = same && count_chars(rig->one) == count_chars(rig->two);
        assert_int_equal(same, table[i].same);
    }
}

static void
test_blocks(void **state)
{
    static const struct {
        const char *text;
        size_t words, chars;
    } table[] = {
        {"cat", 2, 10}, /* word, start; 4 + 3 + 2 + 1 of " cat " */
        {"a", 2, 3},        {"cat dog", 4, 20},
        {"not cat", 5, 20}, /* the negated cat once more */
        {"@anna", 2, 0},    {"退款了", 6, 1},
        {"退款", 4, 0},
    };
    const struct rig *rig = *state;
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        print_message("row %zu: %s\n", i, table[i].text);
        read_text(rig, table[i].text, rig->one);
        assert_int_equal(rig->one->n_word_gram, table[i].words);
        assert_int_equal(count_chars(rig->one), table[i].chars);
    }
    /* A word is not its own characters; a subject counts like text. */
    read_text(rig, "ab", rig->one);
    assert_false(has_gram(rig->one, rig->one->n_word_gram, rig->one->n_gram,
                          rig->one->gram[0].hash));
    features_read(rig->table, STR("Broken"), STR("chair"), rig->one);
    read_text(rig, "broken. chair", rig->two);
    assert_int_equal(rig->one->n_gram, rig->two->n_gram);
    assert_int_equal(rig->one->gram[0].hash, rig->two->gram[0].hash);
}

/* A megabyte of one thing stays within the scratch. */
static void
test_bounds(void **state)
{
    static const char *const UNITS[] = {
        "a",
        "ab",
        "a ",
        "!",
        "? ",
        "1",
        "@",
        "@a",
        "不",
        "不\xCC\x81",
        "\xFF",
        "\xEF\xB7\xBA",
        "http://",
        "a@b.c ",
        "'",
        "n't ",
        "abcdefgh ",
        "\xCC\x81",
        "\xE2\x80\x8B",
        "\xF0\x9F\x98\xA1",
        "\xF0\xA0\x80\x80",
    };
    const struct rig *rig = *state;
    CLEANUP(buf_release) struct buf text = {0};
    for (size_t i = 0; i < COUNT_OF(UNITS); i++) {
        print_message("row %zu: %s\n", i, UNITS[i]);
        buf_clear(&text);
        while (text.len < (size_t)1024 * 1024)
            buf_add_c(&text, UNITS[i]);
        features_read(rig->table, buf_str(&text), buf_str(&text), rig->one);
        assert_true(rig->one->n_cp <= FEATURES_LOOK);
        assert_true(rig->one->n_token <= FEATURES_LOOK);
        assert_true(rig->one->n_gram <= COUNT_OF(rig->one->gram));
        assert_true(rig->one->n_word_gram <= rig->one->n_gram);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tokens),
        cmocka_unit_test(test_same),
        cmocka_unit_test(test_blocks),
        cmocka_unit_test(test_bounds),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
