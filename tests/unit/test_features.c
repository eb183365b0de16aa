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
#include "features_rig.h"

static void
read_text(const struct features_rig *rig, const char *text,
          struct features_scratch *scratch)
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
    const struct features_rig *rig = *state;
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        char got[512];
        print_message("row %zu: %s\n", i, table[i].text);
        read_text(rig, table[i].text, rig->text);
        print_tokens(rig->text, got, sizeof(got));
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
        /* What cannot be seen does not part a word. */
        {"refund",
         "re\xE2\x80\x8B"
         "fund",
         true}, /* zero width space          */
        {"refund",
         "r\xE2\x80\x8D"
         "e\xE2\x80\x8D"
         "f\xE2\x80\x8D"
         "und",
         true}, /* joiners */
        {"refund",
         "re\xC2\xAD"
         "fund",
         true}, /* soft hyphen      */
        {"refund",
         "re\xCD\x8F"
         "fund",
         true}, /* grapheme joiner  */
        {"refund",
         "\xEF\xBB\xBFre\xE2\x81\xA0"
         "fund",
         true}, /* marks of bytes, no break */
        {"refund",
         "re\xEF\xB8\x8F"
         "fund",
         true}, /* variation        */
        {"refund",
         "re\xF3\xA0\x81\xA1"
         "fund",
         true}, /* a tag            */
        {"refund",
         "\xE2\x80\xAEre\xE2\x80\xAD"
         "fund\xE2\x80\xAC",
         true},                                             /* overrides */
        {"refund", "\xE2\x81\xA6refund\xE2\x81\xA9", true}, /* isolates         */
        /* Letters in other dress are the same letters. */
        {"refund",
         "\xEF\xBD\x92\xEF\xBD\x85\xEF\xBD\x86\xEF\xBD\x95\xEF\xBD\x8E\xEF\xBD\x84",
         true},
        {"refund",
         "\xF0\x9D\x90\xAB\xF0\x9D\x90\x9E\xF0\x9D\x90\x9F\xF0\x9D\x90\xAE\xF0\x9D\x90"
         "\xA7\xF0\x9D\x90\x9D",
         true},
        {"refund",
         "r\xCC\xB7"
         "e\xCC\xB8"
         "f\xCC\xB6\xCD\x95"
         "u\xCC\xB7n\xCC\xB7"
         "d\xCC\xB7",
         true}, /* struck through */
        {"退款", "退\xE2\x80\x8B款", true},
        {"resume", "r\xC3\xA9sum\xC3\xA9", false}, /* an accent is a letter's own */
        {"re fund",
         "re\x01"
         "fund",
         true},
    };
    const struct features_rig *rig = *state;
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        print_message("row %zu: %s / %s\n", i, table[i].left, table[i].right);
        read_text(rig, table[i].left, rig->text);
        read_text(rig, table[i].right, rig->other);
        bool same = rig->text->n_gram == rig->other->n_gram;
        for (size_t k = 0; same && k < rig->text->n_gram; k++)
            same = rig->text->gram[k].hash == rig->other->gram[k].hash;
        same = same && count_chars(rig->text) == count_chars(rig->other);
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
    const struct features_rig *rig = *state;
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        print_message("row %zu: %s\n", i, table[i].text);
        read_text(rig, table[i].text, rig->text);
        assert_int_equal(rig->text->n_word_gram, table[i].words);
        assert_int_equal(count_chars(rig->text), table[i].chars);
    }
    /* A word is not its own characters; a subject counts like text. */
    read_text(rig, "ab", rig->text);
    assert_false(has_gram(rig->text, rig->text->n_word_gram, rig->text->n_gram,
                          rig->text->gram[0].hash));
    features_read(rig->table, STR("Broken"), STR("chair"), rig->text);
    read_text(rig, "broken. chair", rig->other);
    assert_int_equal(rig->text->n_gram, rig->other->n_gram);
    assert_int_equal(rig->text->gram[0].hash, rig->other->gram[0].hash);
}

/* A megabyte of one thing stays within the scratch, each part of it looked at but a few
 * times, and is the same again. */
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
        "12 ",
        "@",
        "@a",
        "a@",
        "a@b-",
        "a@b-b-b-b-b-b-b-b-",
        "a.b@c.d.",
        "不",
        "不\xCC\x81",
        "\xFF",
        "\xC0\xAF",         /* a long form       */
        "\xED\xA0\x80",     /* half a surrogate  */
        "\xF4\x90\x80\x80", /* beyond Unicode    */
        "\xEF\xB7\xBA",     /* becomes 18 letters */
        "http://",
        "http:// ",
        "www.a ",
        "a@b.c ",
        "'",
        "a'",
        "n't ",
        "not ",
        "abcdefgh ",
        "\xCC\x81",
        "\xCC\x81\xCC\xB7",
        "a\xCC\xB7",
        "\xE0\xA4\xBE\xE0\xA4\xBF", /* vowels without a letter */
        "\xE2\x80\x8B",
        "a\xE2\x80\x8D",
        "\xE2\x80\xAE",
        "\xF0\x9F\x98\xA1",
        "\xF0\xA0\x80\x80",
        "\xF3\xA0\x81\xA1",
    };
    const struct features_rig *rig = *state;
    CLEANUP(buf_release) struct buf text = {0};
    for (size_t i = 0; i < COUNT_OF(UNITS); i++) {
        print_message("row %zu: %s\n", i, UNITS[i]);
        buf_clear(&text);
        while (text.len < (size_t)1024 * 1024)
            buf_add_c(&text, UNITS[i]);
        features_read(rig->table, buf_str(&text), buf_str(&text), rig->text);
        assert_true(rig->text->n_cp <= FEATURES_LOOK);
        assert_true(rig->text->n_token <= FEATURES_LOOK);
        assert_true(rig->text->n_word <= COUNT_OF(rig->text->word));
        assert_true(rig->text->n_gram <= COUNT_OF(rig->text->gram));
        assert_true(rig->text->n_word_gram <= rig->text->n_gram);
        assert_true(rig->text->steps <= 4 * rig->text->n_cp);
        features_read(rig->table, buf_str(&text), buf_str(&text), rig->other);
        assert_int_equal(rig->text->n_gram, rig->other->n_gram);
        for (size_t k = 0; k < rig->text->n_gram; k++)
            assert_true(rig->text->gram[k].hash == rig->other->gram[k].hash);
    }
}

/* NUL is a byte as others are: what is behind it counts. */
static void
test_nul(void **state)
{
    const struct features_rig *rig = *state;
    features_read(rig->table, STR_NULL, STR("a\0b"), rig->text);
    read_text(rig, "a b", rig->other);
    assert_int_equal(rig->text->n_token, 2);
    for (size_t i = 0; i < rig->other->n_gram; i++)
        assert_true(rig->text->gram[i].hash == rig->other->gram[i].hash);
}

/* Every word is counted, also when the table of words has no room near its place. */
static void
test_words(void **state)
{
    static const struct {
        const char *text;
        size_t words;
        uint32_t first; /* times */
    } table[] = {
        {"", 0, 0},           {"a", 1, 1},           {"a b a c a", 3, 3},
        {"@x 退款 !!", 0, 0}, {"don't Don't", 1, 2},
    };
    const struct features_rig *rig = *state;
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        print_message("row %zu: %s\n", i, table[i].text);
        read_text(rig, table[i].text, rig->text);
        assert_int_equal(rig->text->n_word, table[i].words);
        if (table[i].words > 0)
            assert_int_equal(rig->text->word[0].times, table[i].first);
    }
    CLEANUP(buf_release) struct buf text = {0};
    for (int again = 0; again < 2; again++)
        for (unsigned i = 0; i < 5000; i++)
            buf_printf(&text, "w%c%c%c ", 'a' + i % 26, 'a' + i / 26 % 26, 'a' + i / 676);
    features_read(rig->table, STR_NULL, buf_str(&text), rig->text);
    size_t times = 0;
    for (size_t i = 0; i < rig->text->n_word; i++)
        times += rig->text->word[i].times;
    assert_int_equal(times, rig->text->n_token);
    assert_true(rig->text->n_word >= 5000 && rig->text->n_word < 5100);
    for (size_t i = 0; i < rig->text->n_token; i++) {
        const struct features_token *token = &rig->text->token[i];
        const struct features_word *word = &rig->text->word[rig->text->word_of[i]];
        assert_true(token->hash == rig->text->token[word->token].hash);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tokens), cmocka_unit_test(test_same),
        cmocka_unit_test(test_blocks), cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_nul),    cmocka_unit_test(test_words),
    };
    return cmocka_run_group_tests(tests, features_rig_set_up, features_rig_tear_down);
}
