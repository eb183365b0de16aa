/* Text to folded code points: UTF-8 repaired, marks composed, runs of a letter cut. */
#include "classification/features.h"

#include <unicode/unorm2.h>

/* One code point of UTF-8; what is none counts as one byte of U+FFFD.  No surrogates, no
 * long forms [RFC 3629]. */
static uint32_t
next_code(const unsigned char *text, size_t len, size_t *at)
{
    uint32_t lead = text[(*at)++];
    if (lead < 0x80)
        return lead;
    size_t more = lead >= 0xF0 ? 3 : lead >= 0xE0 ? 2 : 1;
    if (lead < 0xC2 || lead > 0xF4 || len - *at < more)
        return 0xFFFD;
    uint32_t code = lead & (0x3FU >> more);
    for (size_t i = 0; i < more; i++) {
        if ((text[*at + i] & 0xC0) != 0x80)
            return 0xFFFD;
        code = code << 6 | (text[*at + i] & 0x3FU);
    }
    static const uint32_t LEAST[] = {0, 0x80, 0x800, 0x10000};
    if (code < LEAST[more] || code > 0x10FFFF || (code >= 0xD800 && code < 0xE000))
        return 0xFFFD;
    *at += more;
    return code;
}

/* Marks of no script: over and through any letter, which nobody reads as another one.
 * Vowels of Indic scripts, points of Hebrew and Arabic are letters. */
static bool
is_decoration(uint32_t cp)
{
    return (cp >= 0x300 && cp < 0x370) || (cp >= 0x1AB0 && cp < 0x1B00) ||
           (cp >= 0x1DC0 && cp < 0x1E00) || (cp >= 0x20D0 && cp < 0x2100) ||
           (cp >= 0xFE20 && cp < 0xFE30);
}

static void
add(struct features_scratch *scratch, uint32_t cp, enum features_class class)
{
    size_t n = scratch->n_cp;
    if (n == FEATURES_LOOK)
        return;
    if (class == FEATURES_COMBINING && n > 0) {
        /* Looked up only where a mark stands alone: text is NFC nearly always. */
        UErrorCode status = U_ZERO_ERROR;
        const UNormalizer2 *form = unorm2_getNFCInstance(&status);
        UChar32 both =
            U_FAILURE(status)
                ? U_SENTINEL
                : unorm2_composePair(form, (UChar32)scratch->cp[n - 1], (UChar32)cp);
        if (both >= 0) {
            scratch->cp[n - 1] = (uint32_t)both;
            return;
        }
    }
    if (class == FEATURES_COMBINING && is_decoration(cp))
        return;
    if (class == FEATURES_COMBINING)
        class = FEATURES_LETTER;
    /* "sooooo" is "soo": the third of one letter in a row adds nothing. */
    if (class == FEATURES_LETTER && n >= 2 && scratch->cp[n - 1] == cp &&
        scratch->cp[n - 2] == cp)
        return;
    /* One blank for a run of them. */
    if (class == FEATURES_BLANK && (n == 0 || scratch->cp_class[n - 1] == FEATURES_BLANK))
        return;
    scratch->cp[n] = class == FEATURES_BLANK ? ' ' : class == FEATURES_JOIN ? '\'' : cp;
    scratch->cp_class[n] = (uint8_t) class;
    scratch->n_cp = n + 1;
}

/* ASCII up to the first other byte; what add() does for it, without the marks. */
static size_t
fold_ascii(const struct features_table *table, struct str text, size_t at,
           struct features_scratch *scratch)
{
    size_t n = scratch->n_cp;
    uint32_t *cp = scratch->cp;
    for (; at < text.len && n < FEATURES_LOOK; at++) {
        unsigned char byte = (unsigned char)text.ptr[at];
        if (byte >= 0x80)
            break;
        uint32_t entry = table->entry[byte];
        uint32_t class = entry >> 24;
        uint32_t code = entry & 0xFFFFFF;
        if (class == FEATURES_LETTER) {
            if (n >= 2 && cp[n - 1] == code && cp[n - 2] == code)
                continue;
        } else if (class == FEATURES_BLANK) {
            if (n == 0 || scratch->cp_class[n - 1] == FEATURES_BLANK)
                continue;
            code = ' ';
        } else if (class == FEATURES_JOIN) {
            code = '\'';
        }
        cp[n] = code;
        scratch->cp_class[n++] = (uint8_t) class;
    }
    scratch->n_cp = n;
    return at;
}

void
features_fold(const struct features_table *table, struct str text,
              struct features_scratch *scratch)
{
    const unsigned char *bytes = (const unsigned char *)text.ptr;
    for (size_t at = 0; at < text.len && scratch->n_cp < FEATURES_LOOK;) {
        if (bytes[at] < 0x80) {
            at = fold_ascii(table, text, at, scratch);
            continue;
        }
        uint32_t cp = next_code(bytes, text.len, &at);
        if (cp >= FEATURES_CODES) {
            /* Beyond the table: rare ideographs, tags, private use. */
            if (cp < 0x40000)
                add(scratch, cp, FEATURES_IDEOGRAPH);
            continue;
        }
        uint32_t entry = table->entry[cp];
        enum features_class class = (enum features_class)(entry >> 24);
        if (class == FEATURES_DROP)
            continue;
        if (class != FEATURES_SEVERAL) {
            add(scratch, entry & 0xFFFFFF, class);
            continue;
        }
        const uint32_t *several = table->pool + (entry & 0xFFFFFF);
        for (uint32_t i = 1; i <= several[0]; i++)
            add(scratch, several[i] & 0xFFFFFF, (enum features_class)(several[i] >> 24));
    }
}
