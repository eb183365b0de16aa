/* What each code point becomes, asked of ICU once. */
#include "classification/features.h"

#include <unicode/uchar.h>
#include <unicode/unorm2.h>
#include <unicode/uscript.h>
#include <unicode/ustring.h>
#include <unicode/utrans.h>

#define ENTRY(class, value) ((uint32_t)(class) << 24 | (uint32_t)(value))

static enum features_class
ascii_class(uint32_t cp)
{
    switch (cp) {
    case '.':
    case ',':
    case ';':
    case ':':
        return FEATURES_STOP;
    case '!':
    case '?':
        return FEATURES_MARK;
    case '\'':
    case '`':
        return FEATURES_JOIN;
    default:
        break;
    }
    if (cp >= '0' && cp <= '9')
        return FEATURES_DIGIT;
    if ((cp | 0x20) >= 'a' && (cp | 0x20) <= 'z')
        return FEATURES_LETTER;
    return cp <= ' ' || cp == 0x7F ? FEATURES_BLANK : FEATURES_OTHER;
}

/* Scripts that are written without blanks: each character is a word. */
static bool
is_ideograph(uint32_t cp)
{
    UChar32 c = (UChar32)cp;
    if (u_hasBinaryProperty(c, UCHAR_IDEOGRAPHIC))
        return true;
    int32_t script = u_getIntPropertyValue(c, UCHAR_SCRIPT);
    return script == USCRIPT_HIRAGANA || script == USCRIPT_KATAKANA ||
           u_getIntPropertyValue(c, UCHAR_LINE_BREAK) == U_LB_COMPLEX_CONTEXT;
}

static enum features_class
class_of(uint32_t cp)
{
    if (cp < 0x80)
        return ascii_class(cp);
    if (cp == 0xFFFD)
        return FEATURES_BLANK; /* what was no UTF-8 */
    if (cp == 0x3002 || cp == 0x3001 || cp == 0x2026)
        return FEATURES_STOP;
    if (cp == 0x2018 || cp == 0x2019 || cp == 0x02BC)
        return FEATURES_JOIN;
    int8_t type = u_charType((UChar32)cp);
    if (type == U_NON_SPACING_MARK || type == U_ENCLOSING_MARK ||
        type == U_COMBINING_SPACING_MARK)
        return FEATURES_COMBINING;
    if (is_ideograph(cp))
        return FEATURES_IDEOGRAPH;
    if (u_isdigit((UChar32)cp))
        return FEATURES_DIGIT;
    if (u_isalnum((UChar32)cp) || type == U_MODIFIER_LETTER)
        return FEATURES_LETTER;
    if (cp >= 0x1F3FB && cp <= 0x1F3FF)
        return FEATURES_DROP; /* shades of pictures */
    if (type == U_OTHER_SYMBOL)
        return FEATURES_PICTURE;
    if (type == U_CONTROL_CHAR || type == U_UNASSIGNED || type == U_PRIVATE_USE_CHAR ||
        type == U_SPACE_SEPARATOR || type == U_LINE_SEPARATOR ||
        type == U_PARAGRAPH_SEPARATOR)
        return FEATURES_BLANK;
    return FEATURES_OTHER;
}

/* Everything that NFKC_Casefold leaves of one code point, as code points. */
static size_t
fold_one(const UNormalizer2 *form, uint32_t cp, uint32_t out[64], UErrorCode *status)
{
    UChar raw[2];
    UChar folded[64];
    int32_t n = 0;
    size_t n_out = 0;
    U16_APPEND_UNSAFE(raw, n, cp);
    int32_t len =
        unorm2_normalize(form, raw, n, folded, (int32_t)COUNT_OF(folded), status);
    for (int32_t i = 0; U_SUCCESS(*status) && i < len; i++) {
        uint32_t unit = folded[i];
        if (U16_IS_LEAD(unit) && i + 1 < len)
            unit = (uint32_t)U16_GET_SUPPLEMENTARY(unit, folded[++i]);
        out[n_out++] = unit;
    }
    return n_out;
}

/* All ideographs of the table through the transliterator at once, each on a line. */
static bool
simplify(struct features_table *table, struct arena *arena)
{
    UErrorCode status = U_ZERO_ERROR;
    static const UChar ID[] = u"Traditional-Simplified";
    UTransliterator *trans = utrans_openU(ID, -1, UTRANS_FORWARD, NULL, 0, NULL, &status);
    if (U_FAILURE(status))
        return false;
    int32_t room = 4 * FEATURES_CODES;
    UChar *text = ARENA_ARRAY(arena, UChar, (size_t)room);
    int32_t n = 0;
    for (uint32_t cp = 0x2E80; cp < 0xFB00; cp++)
        if (table->entry[cp] == ENTRY(FEATURES_IDEOGRAPH, cp)) {
            text[n++] = (UChar)cp;
            text[n++] = '\n';
        }
    int32_t limit = n;
    utrans_transUChars(trans, text, &n, room, 0, &limit, &status);
    utrans_close(trans);
    int32_t at = 0;
    for (uint32_t cp = 0x2E80; U_SUCCESS(status) && cp < 0xFB00; cp++) {
        if (table->entry[cp] != ENTRY(FEATURES_IDEOGRAPH, cp))
            continue;
        int32_t from = at;
        while (at < n && text[at] != '\n')
            at++;
        UChar32 to = (UChar32)cp;
        if (at - from == 1 && !U16_IS_SURROGATE(text[from]))
            to = text[from];
        at++;
        table->entry[cp] = ENTRY(FEATURES_IDEOGRAPH, to);
    }
    return U_SUCCESS(status);
}

static void
set_several(struct features_table *table, uint32_t cp, const uint32_t *folded, size_t n)
{
    if (table->n_pool + n + 1 > COUNT_OF(table->pool)) {
        table->entry[cp] = ENTRY(class_of(folded[0]), folded[0]);
        return;
    }
    table->entry[cp] = ENTRY(FEATURES_SEVERAL, table->n_pool);
    table->pool[table->n_pool++] = (uint32_t)n;
    for (size_t i = 0; i < n; i++)
        table->pool[table->n_pool++] = ENTRY(class_of(folded[i]), folded[i]);
}

const struct features_table *
features_table_new(struct arena *arena, struct err *err)
{
    UErrorCode status = U_ZERO_ERROR;
    const UNormalizer2 *form = unorm2_getNFKCCasefoldInstance(&status);
    struct features_table *table = ARENA_NEW(arena, struct features_table);
    for (uint32_t cp = 0; U_SUCCESS(status) && cp < FEATURES_CODES; cp++) {
        uint32_t folded[64];
        if (cp >= 0xD800 && cp < 0xE000) {
            table->entry[cp] = ENTRY(FEATURES_BLANK, ' ');
            continue;
        }
        size_t n = fold_one(form, cp, folded, &status);
        if (n == 0)
            table->entry[cp] = ENTRY(FEATURES_DROP, 0);
        else if (n == 1)
            table->entry[cp] = ENTRY(class_of(folded[0]), folded[0]);
        else
            set_several(table, cp, folded, n);
    }
    if (U_FAILURE(status) || !simplify(table, arena)) {
        (void)err_set(err, ERR_STOP,
                      "ICU has no data for normalisation or for "
                      "Traditional-Simplified; install libicu's data");
        return NULL;
    }
    /* Compatibility forms became ideographs that are simplified, too. */
    for (uint32_t cp = 0; cp < FEATURES_CODES; cp++) {
        uint32_t to = table->entry[cp] & 0xFFFFFF;
        if (table->entry[cp] >> 24 == FEATURES_IDEOGRAPH && to < FEATURES_CODES &&
            table->entry[to] >> 24 == FEATURES_IDEOGRAPH)
            table->entry[cp] = table->entry[to];
    }
    return table;
}
