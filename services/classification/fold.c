/* Folding of text for rules and features; matching is in rules.c. */
#include "classification/rules.h"

#include <pthread.h>

#include <unicode/unorm2.h>
#include <unicode/ustring.h>
#include <unicode/utrans.h>

static bool
is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* Lower case, one blank for a run of white space, ` as an apostrophe; never longer than
 * the text. */
static struct str
fold_ascii(const char *text, size_t len, char *out)
{
    size_t n = 0;
    for (size_t i = 0; i < len; i++) {
        char c = text[i];
        if (is_blank(c)) {
            if (n > 0 && out[n - 1] == ' ')
                continue;
            c = ' ';
        }
        out[n] = ascii_lower(c);
        if (c == '`')
            out[n] = '\'';
        n++;
    }
    return (struct str){out, n};
}

static bool
is_ascii(struct str text)
{
    unsigned char any = 0;
    for (size_t i = 0; i < text.len; i++)
        any |= (unsigned char)text.ptr[i];
    return any < 0x80;
}

/* U+2018, U+2019 and U+02BC are all typed for an apostrophe, as ` is. */
static void
plain_apostrophes(UChar *units, int32_t n)
{
    for (int32_t i = 0; i < n; i++)
        if (units[i] == 0x2018 || units[i] == 0x2019 || units[i] == 0x02BC)
            units[i] = '\'';
}

/* --- Traditional to Simplified, one character for one ------------------------------- */

enum { HAN_FROM = 0x2E80, HAN_TO = 0xFB00 };
static UChar simple[HAN_TO - HAN_FROM]; /* written once */
static pthread_once_t simple_once = PTHREAD_ONCE_INIT;

/* All of them through the transliterator at once, each on a line. */
static void
make_simple(void)
{
    static const UChar ID[] = u"Traditional-Simplified";
    static UChar lines[4 * (HAN_TO - HAN_FROM)];
    UErrorCode status = U_ZERO_ERROR;
    UTransliterator *trans = utrans_openU(ID, -1, UTRANS_FORWARD, NULL, 0, NULL, &status);
    BUG_IF(U_FAILURE(status));
    int32_t n = 0;
    for (int32_t i = 0; i < HAN_TO - HAN_FROM; i++) {
        UChar unit = (UChar)(HAN_FROM + i);
        lines[n++] = U16_IS_SURROGATE(unit) ? '\t' : unit;
        lines[n++] = '\n';
    }
    int32_t limit = n;
    utrans_transUChars(trans, lines, &n, (int32_t)COUNT_OF(lines), 0, &limit, &status);
    utrans_close(trans);
    BUG_IF(U_FAILURE(status));
    int32_t at = 0;
    for (int32_t i = 0; i < HAN_TO - HAN_FROM; i++) {
        int32_t from = at;
        while (at < n && lines[at] != '\n')
            at++;
        bool one = at - from == 1 && lines[from] >= HAN_FROM && lines[from] < HAN_TO;
        simple[i] = one ? lines[from] : (UChar)(HAN_FROM + i);
        at++;
    }
    /* Folding what is folded changes nothing. */
    for (int32_t i = 0; i < HAN_TO - HAN_FROM; i++)
        simple[i] = simple[simple[i] - HAN_FROM];
}

/* One list of Chinese phrases serves both ways of writing. */
static void
simplify(UChar *units, int32_t n)
{
    (void)pthread_once(&simple_once, make_simple);
    for (int32_t i = 0; i < n; i++)
        if (units[i] >= HAN_FROM && units[i] < HAN_TO && !U16_IS_SURROGATE(units[i]))
            units[i] = simple[units[i] - HAN_FROM];
}

struct str
rules_fold(struct str text, struct arena *arena)
{
    if (text.len > (size_t)64 * 1024 * 1024)
        text.len = (size_t)64 * 1024 * 1024; /* int32_t below; messages are 1 MiB */
    if (is_ascii(text))
        return fold_ascii(text.ptr, text.len, arena_alloc(arena, text.len + 1));

    UErrorCode status = U_ZERO_ERROR;
    const UNormalizer2 *form = unorm2_getNFKCCasefoldInstance(&status);
    BUG_IF(U_FAILURE(status));
    /* UTF-16 never has more units than UTF-8 has bytes. */
    int32_t room = (int32_t)text.len + 1;
    int32_t n = 0;
    UChar *raw = ARENA_ARRAY(arena, UChar, (size_t)room);
    u_strFromUTF8WithSub(raw, room, &n, text.ptr, (int32_t)text.len, 0xFFFD, NULL,
                         &status);
    BUG_IF(U_FAILURE(status));

    int32_t folded_room = n + n / 2 + 16;
    UChar *folded = ARENA_ARRAY(arena, UChar, (size_t)folded_room);
    int32_t len = unorm2_normalize(form, raw, n, folded, folded_room, &status);
    if (status == U_BUFFER_OVERFLOW_ERROR) {
        status = U_ZERO_ERROR;
        folded_room = len + 1;
        folded = ARENA_ARRAY(arena, UChar, (size_t)folded_room);
        len = unorm2_normalize(form, raw, n, folded, folded_room, &status);
    }
    BUG_IF(U_FAILURE(status));
    /* After the normalisation: it makes some of them. */
    plain_apostrophes(folded, len);
    simplify(folded, len);
    /* A unit of UTF-16 is at most 3 bytes. */
    int32_t out_room = 3 * len + 1;
    int32_t out_len = 0;
    char *out = arena_alloc(arena, (size_t)out_room);
    u_strToUTF8WithSub(out, out_room, &out_len, folded, len, 0xFFFD, NULL, &status);
    BUG_IF(U_FAILURE(status));
    return fold_ascii(out, (size_t)out_len, out);
}
