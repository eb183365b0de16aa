/* Tokens to n-grams; folding and cutting are in features_fold.c and features_cut.c. */
#include "classification/features.h"

/* What tells the kinds of n-grams apart. */
#define SALT_PAIR UINT64_C(0xA0761D6478BD642F)
#define SALT_TRIPLE UINT64_C(0xE7037ED1A0B428DB)
#define SALT_NEGATED UINT64_C(0x8EBC6AF09C88C6E3)
#define SALT_CHARS UINT64_C(0x589965CC75374CC3)
#define SALT_START UINT64_C(0x1D8E4E27C47D124F)

/* Every bit of the result depends on every bit of h [MurmurHash3, fmix64]. */
static uint64_t
finish(uint64_t h)
{
    h = (h ^ h >> 33) * UINT64_C(0xFF51AFD7ED558CCD);
    h = (h ^ h >> 33) * UINT64_C(0xC4CEB9FE1A85EC53);
    return h ^ h >> 33;
}

static void
add(struct features_scratch *s, uint64_t hash, size_t token, uint8_t tokens, bool negated)
{
    s->gram[s->n_gram++] = (struct features_gram){
        .hash = finish(hash),
        .token = (uint32_t)token,
        .tokens = tokens,
        .negated = negated,
    };
}

/* FEATURES_GRAMS bounds what one token adds here and in add_triple(). */
static void
add_words(struct features_scratch *s)
{
    uint64_t before = SALT_START;
    for (size_t i = 0; i < s->n_token; i++) {
        const struct features_token *token = &s->token[i];
        add(s, token->hash, i, 1, false);
        if (token->kind == FEATURES_IS_WORD) {
            struct features_gram *gram = &s->gram[s->n_gram - 1];
            gram->word = true;
            s->word[s->word_of[i]].hash = gram->hash;
        }
        if (token->negated)
            add(s, token->hash ^ SALT_NEGATED, i, 1, true);
        uint64_t pair = before * 3 + token->hash;
        if (i > 0)
            add(s, pair ^ SALT_PAIR, i - 1, 2, false);
        else
            add(s, pair ^ SALT_PAIR, i, 1, false);
        before = token->hash;
    }
}

/* Three characters in a row of a script without blanks. */
static void
add_triple(struct features_scratch *s, size_t i)
{
    const struct features_token *token = &s->token[i];
    if (i + 2 >= s->n_token || token[1].kind != FEATURES_IS_IDEOGRAPH ||
        token[2].kind != FEATURES_IS_IDEOGRAPH)
        return;
    add(s, (token[0].hash * 9 + token[1].hash * 3 + token[2].hash) ^ SALT_TRIPLE, i, 3,
        false);
}

/* 2 to 5 characters of " word ". */
size_t
features_chars(const struct features_scratch *scratch, size_t token,
               uint64_t hash[FEATURES_CHARS_MOST])
{
    const struct features_token *t = &scratch->token[token];
    uint32_t word[FEATURES_WORD + 2];
    size_t n = t->len < FEATURES_WORD ? t->len : FEATURES_WORD;
    size_t n_hash = 0;
    if (t->kind != FEATURES_IS_WORD)
        return 0;
    word[0] = ' ';
    memcpy(word + 1, scratch->cp + t->start, n * sizeof(word[0]));
    word[n + 1] = ' ';
    n += 2;
    for (size_t i = 0; i + 1 < n; i++) {
        uint64_t h = SALT_CHARS ^ word[i];
        size_t most = n - i < 5 ? n - i : 5;
        for (size_t k = 1; k < most; k++) {
            h = (h ^ word[i + k]) * UINT64_C(0x9E3779B97F4A7C15);
            h ^= h >> 32;
            hash[n_hash++] = finish(h);
        }
    }
    return n_hash;
}
_Static_assert(FEATURES_CHARS_MOST >= 4 * (FEATURES_WORD + 2) - 10,
               "all n-grams of the longest word have room");

void
features_read(const struct features_table *table, struct str subject, struct str text,
              struct features_scratch *scratch)
{
    scratch->n_cp = 0;
    scratch->n_gram = 0;
    features_fold(table, subject, scratch);
    if (!str_empty(subject))
        features_fold(table, STR(" . "), scratch);
    features_fold(table, text, scratch);
    features_cut(scratch);
    features_words(scratch);
    add_words(scratch);
    scratch->n_word_gram = scratch->n_gram;
    for (size_t i = 0; i < scratch->n_token; i++)
        if (scratch->token[i].kind == FEATURES_IS_IDEOGRAPH)
            add_triple(scratch, i);
}

static size_t
put_code(uint32_t cp, char out[4])
{
    if (cp < 0x80) {
        out[0] = (char)cp;
        return 1;
    }
    size_t n = cp < 0x800 ? 2 : cp < 0x10000 ? 3 : 4;
    static const unsigned char LEAD[] = {0, 0, 0xC0, 0xE0, 0xF0};
    for (size_t i = n - 1; i > 0; i--, cp >>= 6)
        out[i] = (char)(0x80 | (cp & 0x3F));
    out[0] = (char)(LEAD[n] | cp);
    return n;
}

struct str
features_text(const struct features_scratch *scratch, size_t first, size_t n, char *out,
              size_t room)
{
    size_t len = 0;
    if (first >= scratch->n_token || n == 0)
        return (struct str){out, 0};
    size_t last = first + n < scratch->n_token ? first + n - 1 : scratch->n_token - 1;
    size_t end = scratch->token[last].start + scratch->token[last].len;
    for (size_t i = scratch->token[first].start; i < end; i++) {
        char bytes[4];
        size_t k = put_code(scratch->cp[i], bytes);
        if (len + k > room)
            break;
        memcpy(out + len, bytes, k);
        len += k;
    }
    return (struct str){out, len};
}

/* What stands for a token of no words in what people read; NULL: the token itself. A
 * number, an address or a handle may be somebody's own. */
static const char *
name_of_class(const struct features_scratch *s, const struct features_token *token)
{
    if (token->kind != FEATURES_IS_CLASS)
        return NULL;
    if (s->cp[token->start] == '@')
        return "<handle>";
    bool digits = true;
    for (size_t i = 0; i < token->len; i++) {
        if (s->cp[token->start + i] == '@')
            return "<mail>";
        digits = digits && s->cp_class[token->start + i] == FEATURES_DIGIT;
    }
    return digits ? "<number>" : "<address>";
}

struct str
features_masked(const struct features_scratch *scratch, size_t first, size_t n, char *out,
                size_t room)
{
    size_t len = 0;
    if (first >= scratch->n_token || n == 0)
        return (struct str){out, 0};
    size_t last = first + n < scratch->n_token ? first + n - 1 : scratch->n_token - 1;
    size_t at = scratch->token[first].start;
    for (size_t t = first; t <= last; t++) {
        const struct features_token *token = &scratch->token[t];
        const char *name = name_of_class(scratch, token);
        size_t end = token->start + (name ? 0U : token->len);
        for (; at < end; at++) {
            char bytes[4];
            size_t k = put_code(scratch->cp[at], bytes);
            if (len + k > room)
                return (struct str){out, len};
            memcpy(out + len, bytes, k);
            len += k;
        }
        struct str stands = str_from(name ? name : "");
        if (len + stands.len > room)
            return (struct str){out, len};
        if (name)
            memcpy(out + len, stands.ptr, stands.len);
        len += stands.len;
        at = token->start + token->len;
    }
    return (struct str){out, len};
}
