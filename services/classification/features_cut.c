/* Folded text to tokens: words, ideographs, signs, and classes of what is no word. */
#include "classification/features.h"

#define NEGATED_WORDS 4 /* as far as a negation reaches within its clause */

enum token_class { CLASS_HANDLE = 1, CLASS_URL, CLASS_MAIL, CLASS_NUMBER };

struct cutter {
    struct features_scratch *scratch;
    size_t at;
    int negated; /* tokens that are still in reach of a negation */
};

static uint64_t
mix(uint64_t h, uint64_t value)
{
    h = (h ^ value) * UINT64_C(0x9E3779B97F4A7C15);
    return h ^ h >> 29;
}

#define HASH_START UINT64_C(0x51ED270B)

static uint64_t
hash_of(const uint32_t *cp, size_t n)
{
    uint64_t h = HASH_START;
    for (size_t i = 0; i < n; i++)
        h = mix(h, cp[i]);
    return h;
}

static bool
is_word_at(const struct features_scratch *s, size_t i)
{
    return i < s->n_cp &&
           (s->cp_class[i] == FEATURES_LETTER || s->cp_class[i] == FEATURES_DIGIT);
}

static bool
stands(const struct features_scratch *s, size_t at, struct str ascii)
{
    if (s->n_cp - at < ascii.len)
        return false;
    for (size_t i = 0; i < ascii.len; i++)
        if (s->cp[at + i] != (unsigned char)ascii.ptr[i])
            return false;
    return true;
}

static bool
is_at(const struct features_scratch *s, size_t at, char ascii)
{
    return at < s->n_cp && s->cp[at] == (unsigned char)ascii;
}

static bool
begins_negation(uint32_t cp)
{
    return cp == 'n' || cp == 'w' || cp == 'h' || cp == 'c' || cp == 'd' || cp == 'i';
}

static bool
negates(const struct features_scratch *s, const struct features_token *token)
{
    static const struct str WORDS[] = {
        {"not", 3},     {"no", 2},    {"never", 5},   {"nobody", 6}, {"nothing", 7},
        {"neither", 7}, {"nor", 3},   {"without", 7}, {"hardly", 6}, {"cannot", 6},
        {"cant", 4},    {"dont", 4},  {"didnt", 5},   {"doesnt", 6}, {"wont", 4},
        {"isnt", 4},    {"wasnt", 5}, {"havent", 6},  {"hasnt", 5},  {"couldnt", 7},
        {"wouldnt", 7},
    };
    static const uint32_t IDEOGRAPHS[] = {0x4E0D, 0x6CA1, 0x65E0, 0x672A}; /* 不没无未 */
    if (token->kind == FEATURES_IS_IDEOGRAPH) {
        for (size_t i = 0; i < COUNT_OF(IDEOGRAPHS); i++)
            if (s->cp[token->start] == IDEOGRAPHS[i])
                return true;
        return false;
    }
    if (token->kind != FEATURES_IS_WORD)
        return false;
    if (token->len > 3 && s->cp[token->start + token->len - 1U] == 't' &&
        stands(s, token->start + token->len - 3U, STR("n't")))
        return true;
    /* Nearly every word ends here: it begins with another letter. */
    if (token->len > 7 || !begins_negation(s->cp[token->start]))
        return false;
    for (size_t i = 0; i < COUNT_OF(WORDS); i++)
        if (token->len == WORDS[i].len && stands(s, token->start, WORDS[i]))
            return true;
    return false;
}

static void
put(struct cutter *c, size_t start, size_t end, enum features_kind kind, uint64_t hash)
{
    struct features_scratch *s = c->scratch;
    struct features_token *token = &s->token[s->n_token++];
    *token = (struct features_token){
        .hash = hash,
        .start = (uint32_t)start,
        .len = (uint16_t)(end - start),
        .kind = (uint8_t)kind,
    };
    c->at = end;
    if (kind != FEATURES_IS_WORD && kind != FEATURES_IS_IDEOGRAPH)
        return;
    if (negates(s, token)) {
        c->negated = NEGATED_WORDS;
    } else if (c->negated > 0) {
        token->negated = true;
        c->negated--;
    }
}

static void
put_class(struct cutter *c, size_t end, enum token_class class)
{
    put(c, c->at, end, FEATURES_IS_CLASS, mix(UINT64_C(0xC1A55), (uint64_t) class));
}

static size_t
blank_after(const struct features_scratch *s, size_t at)
{
    while (at < s->n_cp && s->cp_class[at] != FEATURES_BLANK &&
           s->cp_class[at] != FEATURES_IDEOGRAPH)
        at++;
    return at;
}

static bool
take_address(struct cutter *c)
{
    const struct features_scratch *s = c->scratch;
    if (s->cp[c->at] != 'h' && s->cp[c->at] != 'w')
        return false;
    bool url = stands(s, c->at, STR("http://")) || stands(s, c->at, STR("https://")) ||
               stands(s, c->at, STR("ww.")); /* www., its run of w cut */
    if (url) {
        size_t end = blank_after(s, c->at);
        c->scratch->steps += end - c->at;
        put_class(c, end, CLASS_URL);
    }
    return url;
}

/* a.b@c.d that begins at a word; false: it is none. */
static bool
take_mail(struct cutter *c, size_t at_sign)
{
    const struct features_scratch *s = c->scratch;
    size_t end = at_sign + 1;
    bool dot = false;
    while (is_word_at(s, end) ||
           ((is_at(s, end, '.') || is_at(s, end, '-')) && is_word_at(s, end + 1))) {
        dot = dot || s->cp[end] == '.';
        end++;
    }
    c->scratch->steps += end - at_sign;
    if (dot)
        put_class(c, end, CLASS_MAIL);
    return dot;
}

static void
take_word(struct cutter *c)
{
    const struct features_scratch *s = c->scratch;
    size_t end = c->at;
    size_t digits = 0;
    uint64_t hash = HASH_START;
    for (; end < s->n_cp; end++) {
        if (s->cp_class[end] == FEATURES_DIGIT)
            digits++;
        else if (s->cp_class[end] != FEATURES_LETTER &&
                 !(s->cp_class[end] == FEATURES_JOIN && end > c->at &&
                   is_word_at(s, end + 1)))
            break;
        hash = mix(hash, s->cp[end]);
    }
    c->scratch->steps += end - c->at;
    if (is_at(s, end, '@') && take_mail(c, end))
        return;
    if (digits == end - c->at && digits > 4)
        put_class(c, end, CLASS_NUMBER);
    else
        put(c, c->at, end, FEATURES_IS_WORD, hash);
}

static void
take_handle(struct cutter *c)
{
    const struct features_scratch *s = c->scratch;
    size_t end = c->at + 1;
    while (is_word_at(s, end) || is_at(s, end, '_'))
        end++;
    c->scratch->steps += end - c->at;
    if (end - c->at > 1)
        put_class(c, end, CLASS_HANDLE);
    else
        c->at = end;
}

/* "!!!" is a sign of its own beside "!". */
static void
take_sign(struct cutter *c)
{
    const struct features_scratch *s = c->scratch;
    size_t end = c->at;
    while (end < s->n_cp && s->cp[end] == s->cp[c->at])
        end++;
    c->scratch->steps += end - c->at;
    size_t n = end - c->at > 1 ? 2 : 1;
    put(c, c->at, end, FEATURES_IS_SIGN, mix(hash_of(s->cp + c->at, n), n));
}

void
features_cut(struct features_scratch *scratch)
{
    struct cutter c = {.scratch = scratch};
    scratch->n_token = 0;
    scratch->steps = 0;
    while (c.at < scratch->n_cp) {
        scratch->steps++;
        switch ((enum features_class)scratch->cp_class[c.at]) {
        case FEATURES_LETTER:
            if (!take_address(&c))
                take_word(&c);
            break;
        case FEATURES_DIGIT:
            take_word(&c);
            break;
        case FEATURES_IDEOGRAPH:
            put(&c, c.at, c.at + 1, FEATURES_IS_IDEOGRAPH,
                hash_of(scratch->cp + c.at, 1));
            break;
        case FEATURES_MARK:
            c.negated = 0;
            take_sign(&c);
            break;
        case FEATURES_PICTURE:
            take_sign(&c);
            break;
        case FEATURES_STOP:
            c.negated = 0;
            c.at++;
            break;
        default:
            if (scratch->cp[c.at] == '@')
                take_handle(&c);
            else
                c.at++;
            break;
        }
    }
}
