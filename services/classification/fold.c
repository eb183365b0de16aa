/* Folding of text for rules and features; matching is in rules.c. */
#include "classification/rules.h"

#include <unicode/unorm2.h>
#include <unicode/ustring.h>

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
        out[n++] = c == '`' ? '\'' : ascii_lower(c);
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
    /* A unit of UTF-16 is at most 3 bytes. */
    int32_t out_room = 3 * len + 1;
    int32_t out_len = 0;
    char *out = arena_alloc(arena, (size_t)out_room);
    u_strToUTF8WithSub(out, out_room, &out_len, folded, len, 0xFFFD, NULL, &status);
    BUG_IF(U_FAILURE(status));
    return fold_ascii(out, (size_t)out_len, out);
}
