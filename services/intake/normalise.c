#include "intake/normalise.h"

#include "intake/door_bytes.h"

#include <unicode/unorm2.h>
#include <unicode/ustring.h>

/* ---- what needs no ICU ------------------------------------------------------------- */

static bool
is_control(unsigned char c)
{
    return (c < 0x20 && c != '\t' && c != '\n') || c == 0x7f;
}

/* Length of a character that is in NFC beside any neighbour (a starter that composes with
 * nothing before it and does not decompose), 0 if that takes a closer look. Covers Latin
 * below U+0300, punctuation, kana, CJK ideographs, full-width forms and emoji. */
static size_t
settled_len(const unsigned char *u, size_t left)
{
    if (u[0] >= 0xc2 && u[0] <= 0xcb)
        return u[0] == 0xc2 && u[1] < 0xa0 ? 0 : 2; /* C1 controls go */
    if (left < 3)
        return 0;
    unsigned cp = (u[0] & 0x0fU) << 12 | (u[1] & 0x3fU) << 6 | (u[2] & 0x3fU);
    if (u[0] >= 0xe4 && u[0] <= 0xe9)
        return 3;
    if (u[0] == 0xe2)
        return cp >= 0x2010 && cp < 0x20d0 ? 3 : 0;
    if (u[0] == 0xe3)
        return (cp >= 0x3000 && cp < 0x302a) || (cp > 0x3040 && cp < 0x3099) ||
                       (cp > 0x30a0 && cp < 0x3100)
                   ? 3
                   : 0;
    if (u[0] == 0xef)
        return cp >= 0xff01 && cp < 0xfff0 ? 3 : 0;
    return u[0] == 0xf0 && u[1] == 0x9f ? 4 : 0; /* U+1F000-1FFFF */
}

static bool
all_ascii(struct str s)
{
    for (size_t i = 0; i < s.len; i++)
        if ((unsigned char)s.ptr[i] >= 0x80)
            return false;
    return true;
}

/* True if the text is what normalise_text() would return. */
static bool
text_is_settled(struct str s)
{
    const unsigned char *u = (const unsigned char *)s.ptr;
    size_t i = 0;
    while (i < s.len) {
        if (s.len - i >= 8 && bytes_printable(bytes_load(s.ptr + i))) {
            i += 8;
            continue;
        }
        if (u[i] < 0x80) {
            if (is_control(u[i]))
                return false;
            i++;
            continue;
        }
        size_t len = settled_len(u + i, s.len - i);
        if (len == 0)
            return false;
        i += len;
    }
    return true;
}

/* ---- ICU --------------------------------------------------------------------------- */

/* ICU fails only without its data or memory: our fault, not the sender's. */
static void
check(UErrorCode code)
{
    BUG_IF(U_FAILURE(code));
}

struct utf16 {
    UChar *ptr;
    int32_t len;
};

/* UTF-16 has at most as many units as UTF-8 has bytes. */
static struct utf16
to_utf16(struct arena *arena, struct str s)
{
    BUG_IF(s.len > INT32_MAX / 8);
    struct utf16 wide = {arena_array(arena, s.len + 1, sizeof(UChar)), 0};
    UErrorCode code = U_ZERO_ERROR;
    u_strFromUTF8(wide.ptr, (int32_t)s.len + 1, &wide.len, s.ptr, (int32_t)s.len, &code);
    check(code);
    return wide;
}

static struct str
to_utf8(struct arena *arena, struct utf16 wide)
{
    int32_t room = wide.len * 3 + 1;
    char *out = arena_alloc(arena, (size_t)room);
    int32_t len = 0;
    UErrorCode code = U_ZERO_ERROR;
    u_strToUTF8(out, room, &len, wide.ptr, wide.len, &code);
    check(code);
    return (struct str){out, (size_t)len};
}

static struct utf16
apply(struct arena *arena, const UNormalizer2 *form, struct utf16 wide)
{
    UErrorCode code = U_ZERO_ERROR;
    struct utf16 out = {arena_array(arena, (size_t)wide.len + 1, sizeof(UChar)), 0};
    out.len = unorm2_normalize(form, wide.ptr, wide.len, out.ptr, wide.len + 1, &code);
    if (code == U_BUFFER_OVERFLOW_ERROR) {
        int32_t room = out.len + 1; /* up to 18 units for one (U+FDFA in NFKC) */
        code = U_ZERO_ERROR;
        out.ptr = arena_array(arena, (size_t)room, sizeof(UChar));
        out.len = unorm2_normalize(form, wide.ptr, wide.len, out.ptr, room, &code);
    }
    check(code);
    return out;
}

static struct utf16
drop_controls(struct utf16 wide)
{
    int32_t n = 0;
    for (int32_t i = 0; i < wide.len; i++) {
        UChar c = wide.ptr[i];
        bool goes = c < 0x80 ? is_control((unsigned char)c) : c < 0xa0;
        if (!goes)
            wide.ptr[n++] = c;
    }
    return (struct utf16){wide.ptr, n};
}

static struct str
drop_ascii_controls(struct arena *arena, struct str s)
{
    char *out = arena_alloc(arena, s.len + 1);
    size_t n = 0;
    for (size_t i = 0; i < s.len; i++)
        if (!is_control((unsigned char)s.ptr[i]))
            out[n++] = s.ptr[i];
    return (struct str){out, n};
}

struct str
normalise_text(struct arena *arena, struct str text)
{
    if (str_is_null(text) || text_is_settled(text))
        return text;
    if (all_ascii(text))
        return drop_ascii_controls(arena, text);
    UErrorCode code = U_ZERO_ERROR;
    const UNormalizer2 *nfc = unorm2_getNFCInstance(&code);
    check(code);
    struct utf16 wide = drop_controls(to_utf16(arena, text));
    return to_utf8(arena, apply(arena, nfc, wide));
}

/* ---- identifiers ------------------------------------------------------------------- */

struct str
normalise_id(struct arena *arena, struct str id)
{
    struct str s = normalise_text(arena, id);
    if (str_is_null(s) || all_ascii(s))
        return str_trim(s);
    UErrorCode code = U_ZERO_ERROR;
    const UNormalizer2 *nfkc = unorm2_getNFKCInstance(&code);
    check(code);
    return str_trim(to_utf8(arena, apply(arena, nfkc, to_utf16(arena, s))));
}

struct str
normalise_fold(struct arena *arena, struct str text)
{
    struct str s = normalise_text(arena, text);
    if (str_is_null(s))
        return s;
    if (all_ascii(s))
        return str_trim(arena_lower(arena, s));
    UErrorCode code = U_ZERO_ERROR;
    const UNormalizer2 *fold = unorm2_getNFKCCasefoldInstance(&code);
    check(code);
    return str_trim(to_utf8(arena, apply(arena, fold, to_utf16(arena, s))));
}

struct str
normalise_handle(struct arena *arena, struct str handle)
{
    struct str s = normalise_fold(arena, handle);
    while (s.len > 0 && s.ptr[0] == '@')
        s = str_sub(s, 1, s.len);
    return str_trim(s);
}

bool
normalise_email(struct arena *arena, struct str email, struct str *ret)
{
    struct str s = normalise_fold(arena, email);
    if (str_starts(s, STR("mailto:")))
        s = str_trim(str_sub(s, 7, s.len));
    size_t n_at = 0;
    size_t at = 0;
    for (size_t i = 0; i < s.len; i++) {
        char c = s.ptr[i];
        if (c == ' ' || c == '\t' || c == '\n' || c == ',' || c == ';' || c == '<')
            return false;
        if (c == '@') {
            n_at++;
            at = i;
        }
    }
    if (n_at != 1 || at == 0 || at + 1 == s.len)
        return false;
    *ret = s;
    return true;
}
