#include "intake/redact.h"

#include "intake/door_bytes.h"

/* ---- characters -------------------------------------------------------------------- */

enum glyph_class { GLYPH_OTHER, GLYPH_DIGIT, GLYPH_LETTER, GLYPH_GAP };

struct glyph {
    enum glyph_class class;
    int value; /* digit: 0-9; letter: 'A'-'Z'; gap: tells one kind from another */
    size_t len;
};

#define CARD_DIGITS_MIN 13
#define CARD_DIGITS_MAX 19
#define RESIDENT_DIGITS 18
#define IBAN_MAX 34
#define GAP_MAX 3 /* characters between two groups: "4111 - 1111" */

static struct glyph
ascii_glyph(unsigned char c)
{
    if (c >= '0' && c <= '9')
        return (struct glyph){GLYPH_DIGIT, c - '0', 1};
    if ((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'))
        return (struct glyph){GLYPH_LETTER, c & ~0x20, 1};
    if (c == ' ' || c == '-' || c == '.')
        return (struct glyph){GLYPH_GAP, c, 1};
    return (struct glyph){GLYPH_OTHER, 0, 1};
}

/* Full-width forms (U+FF01-FF5E) count as their ASCII twins; blanks and dashes of other
 * widths, and characters of no width, as gaps. The text is valid UTF-8. */
static struct glyph
wide_glyph(const unsigned char *u, size_t left)
{
    size_t len = u[0] < 0xe0 ? 2 : u[0] < 0xf0 ? 3 : 4;
    if (len > left)
        len = left;
    struct glyph other = {GLYPH_OTHER, 0, len};
    if (u[0] == 0xc2 && len == 2 && u[1] == 0xa0)
        return (struct glyph){GLYPH_GAP, ' ', len};
    if (len != 3)
        return other;
    unsigned cp = (u[0] & 0x0fU) << 12 | (u[1] & 0x3fU) << 6 | (u[2] & 0x3fU);
    if (cp >= 0xff01 && cp <= 0xff5e) {
        struct glyph twin = ascii_glyph((unsigned char)(cp - 0xff01 + '!'));
        twin.len = len;
        return twin;
    }
    if (cp == 0x3000 || (cp >= 0x2000 && cp <= 0x200a) || cp == 0x202f)
        return (struct glyph){GLYPH_GAP, ' ', len};
    if (cp >= 0x2010 && cp <= 0x2015)
        return (struct glyph){GLYPH_GAP, '-', len};
    if ((cp >= 0x200b && cp <= 0x200d) || cp == 0x2060 || cp == 0xfeff)
        return (struct glyph){GLYPH_GAP, 0, len};
    return other;
}

static struct glyph
glyph_at(struct str text, size_t at)
{
    const unsigned char *u = (const unsigned char *)text.ptr + at;
    if (at >= text.len)
        return (struct glyph){GLYPH_OTHER, 0, 0};
    return u[0] < 0x80 ? ascii_glyph(u[0]) : wide_glyph(u, text.len - at);
}

/* ---- a number in groups ------------------------------------------------------------ */

/* Up to 19 digits from a group's first digit on, with the group lengths so far. */
struct number {
    int digits[CARD_DIGITS_MAX];
    int n;
    int groups[CARD_DIGITS_MAX];
    int n_groups; /* the last may still grow */
    size_t end;   /* behind the last digit   */
};

static int
luhn_value(int digit)
{
    return digit < 5 ? 2 * digit : 2 * digit - 9;
}

/* ISO/IEC 7812-1, annex B: from the right every second digit is doubled. */
static bool
luhn_holds(const struct number *number)
{
    int sum = 0;
    for (int i = 0; i < number->n; i++) {
        int digit = number->digits[i];
        sum += (number->n - 1 - i) % 2 ? luhn_value(digit) : digit;
    }
    return sum % 10 == 0;
}

/* 0, 1 and 7 are no payment cards; of 2 only Mir and Mastercard, which leaves out dates
 * and times written as digits. */
static bool
card_prefix(const int *digits)
{
    int four = ((digits[0] * 10 + digits[1]) * 10 + digits[2]) * 10 + digits[3];
    if (digits[0] == 2)
        return (four >= 2200 && four <= 2204) || (four >= 2221 && four <= 2720);
    return digits[0] >= 3 && digits[0] != 7;
}

/* In one piece, in fours, or as American Express, Diners and some UnionPay cards print
 * it: any other grouping is a list of numbers. */
static bool
card_groups(const struct number *number)
{
    const int *g = number->groups;
    int n = number->n_groups;
    if (n == 1)
        return true;
    if (n == 2)
        return g[0] == 6 && g[1] >= 10;
    if (n == 3 && g[0] == 4 && g[1] == 6)
        return g[2] == 4 || g[2] == 5;
    for (int i = 0; i < n - 1; i++)
        if (g[i] != 4)
            return false;
    return g[n - 1] <= 4;
}

static bool
is_card(const struct number *number)
{
    return number->n >= CARD_DIGITS_MIN && card_prefix(number->digits) &&
           card_groups(number) && luhn_holds(number);
}

/* ISO 7064 MOD 11-2 over 17 digits and a check character (10 stands for X); places 7-14
 * are the date of birth. */
static bool
is_resident(const int *digits, int check)
{
    int rest = 0;
    for (int i = 0; i < RESIDENT_DIGITS - 1; i++)
        rest = (rest + digits[i]) * 2 % 11;
    int century = digits[6] * 10 + digits[7];
    int month = digits[10] * 10 + digits[11];
    int day = digits[12] * 10 + digits[13];
    return (rest + check) % 11 == 1 && digits[0] != 0 && century >= 18 && century <= 21 &&
           month >= 1 && month <= 12 && day >= 1 && day <= 31;
}

/* Passes what may stand between two groups; the gaps of one number are all of one kind
 * (characters of no width count as none). False: no digit or letter group follows. */
static bool
pass_gap(struct str text, size_t *at, int *gap_kind)
{
    size_t i = *at;
    int n = 0;
    struct glyph glyph = glyph_at(text, i);
    int kind = 0;
    for (; glyph.class == GLYPH_GAP && n < GAP_MAX; n++) {
        if (glyph.value != 0 && (kind == 0 || kind == ' '))
            kind = glyph.value;
        i += glyph.len;
        glyph = glyph_at(text, i);
    }
    if (n == 0 || (*gap_kind >= 0 && kind != *gap_kind))
        return false;
    *gap_kind = kind;
    *at = i;
    return glyph.class == GLYPH_DIGIT || glyph.class == GLYPH_LETTER;
}

struct finding {
    const char *mask; /* NULL: nothing */
    size_t end;
};

/* At the end of a group: is what was read so far a number to hide? */
static void
judge(const struct number *number, struct finding *best)
{
    if (number->n == RESIDENT_DIGITS &&
        is_resident(number->digits, number->digits[RESIDENT_DIGITS - 1]))
        *best = (struct finding){REDACT_RESIDENT, number->end};
    else if (is_card(number))
        *best = (struct finding){REDACT_CARD, number->end};
}

/* A card or resident id whose first digit is at `at`, the start of a group; the longest.
 */
static struct finding
find_number(struct str text, size_t at)
{
    struct finding best = {NULL, 0};
    struct number number = {.end = at};
    int gap_kind = -1;
    for (;;) {
        int group = 0;
        struct glyph glyph = glyph_at(text, at);
        number.n_groups++;
        for (; glyph.class == GLYPH_DIGIT; glyph = glyph_at(text, at)) {
            if (number.n == CARD_DIGITS_MAX)
                return best; /* longer than anything that we look for */
            number.digits[number.n++] = glyph.value;
            number.groups[number.n_groups - 1] = ++group;
            at += glyph.len;
            number.end = at;
        }
        if (number.n == RESIDENT_DIGITS - 1 && glyph.class == GLYPH_LETTER &&
            glyph.value == 'X' && is_resident(number.digits, 10))
            return (struct finding){REDACT_RESIDENT, at + glyph.len};
        judge(&number, &best);
        if (number.n == CARD_DIGITS_MAX || !pass_gap(text, &at, &gap_kind) ||
            glyph_at(text, at).class != GLYPH_DIGIT)
            return best;
    }
}

/* ---- IBAN -------------------------------------------------------------------------- */

/* SWIFT, IBAN Registry, release 99 (2024): country and length. */
static const struct {
    char country[3];
    unsigned char len;
} IBANS[] = {
    {"AD", 24}, {"AE", 23}, {"AL", 28}, {"AT", 20}, {"AZ", 28}, {"BA", 20}, {"BE", 16},
    {"BG", 22}, {"BH", 22}, {"BI", 27}, {"BR", 29}, {"BY", 28}, {"CH", 21}, {"CR", 22},
    {"CY", 28}, {"CZ", 24}, {"DE", 22}, {"DJ", 27}, {"DK", 18}, {"DO", 28}, {"EE", 20},
    {"EG", 29}, {"ES", 24}, {"FI", 18}, {"FK", 18}, {"FO", 18}, {"FR", 27}, {"GB", 22},
    {"GE", 22}, {"GI", 23}, {"GL", 18}, {"GR", 27}, {"GT", 28}, {"HN", 28}, {"HR", 21},
    {"HU", 28}, {"IE", 22}, {"IL", 23}, {"IQ", 23}, {"IS", 26}, {"IT", 27}, {"JO", 30},
    {"KW", 30}, {"KZ", 20}, {"LB", 28}, {"LC", 32}, {"LI", 21}, {"LT", 20}, {"LU", 20},
    {"LV", 21}, {"LY", 25}, {"MC", 27}, {"MD", 24}, {"ME", 22}, {"MK", 19}, {"MN", 20},
    {"MR", 27}, {"MT", 31}, {"MU", 30}, {"NI", 28}, {"NL", 18}, {"NO", 15}, {"OM", 23},
    {"PK", 24}, {"PL", 28}, {"PS", 29}, {"PT", 25}, {"QA", 29}, {"RO", 24}, {"RS", 22},
    {"RU", 33}, {"SA", 24}, {"SC", 31}, {"SD", 18}, {"SE", 24}, {"SI", 19}, {"SK", 24},
    {"SM", 27}, {"SO", 23}, {"ST", 25}, {"SV", 28}, {"TL", 23}, {"TN", 24}, {"TR", 26},
    {"UA", 29}, {"VA", 22}, {"VG", 24}, {"XK", 20}, {"YE", 30},
};

static int
iban_len(int first, int second)
{
    for (size_t i = 0; i < COUNT_OF(IBANS); i++)
        if (IBANS[i].country[0] == first && IBANS[i].country[1] == second)
            return IBANS[i].len;
    return 0;
}

/* ISO 7064 MOD 97-10 with the first four characters moved to the end; a letter counts as
 * two digits, A = 10. */
static bool
iban_holds(const int *chars, int n)
{
    int rest = 0;
    for (int i = 0; i < n; i++) {
        int c = chars[(i + 4) % n];
        rest = c < 10 ? (rest * 10 + c) % 97 : (rest * 100 + (c - 'A' + 10)) % 97;
    }
    return rest == 1;
}

/* An IBAN whose country letters are at `at`. */
static struct finding
find_iban(struct str text, size_t at)
{
    int chars[IBAN_MAX];
    int n = 0;
    int want = 0;
    int gap_kind = -1;
    while (n < 2 || n < want) {
        struct glyph glyph = glyph_at(text, at);
        if (glyph.class != GLYPH_DIGIT && glyph.class != GLYPH_LETTER) {
            if (n < 2 || !pass_gap(text, &at, &gap_kind))
                return (struct finding){NULL, 0};
            glyph = glyph_at(text, at);
        }
        chars[n++] = glyph.value;
        at += glyph.len;
        if (n == 2)
            want = iban_len(chars[0], chars[1]);
        if (n == 2 && want == 0)
            return (struct finding){NULL, 0};
    }
    return iban_holds(chars, n) ? (struct finding){REDACT_IBAN, at}
                                : (struct finding){NULL, 0};
}

/* ---- the pass ---------------------------------------------------------------------- */

struct pass {
    struct str text;
    char *out; /* NULL until something is found */
    size_t used;
    size_t copied; /* of text, so far */
};

static void
hide(struct arena *arena, struct pass *pass, size_t from, struct finding found)
{
    if (!pass->out)
        pass->out =
            arena_alloc(arena, pass->text.len); /* a mask is shorter than its number */
    size_t mask_len = strlen(found.mask);
    BUG_IF(mask_len > found.end - from);
    memcpy(pass->out + pass->used, pass->text.ptr + pass->copied, from - pass->copied);
    pass->used += from - pass->copied;
    memcpy(pass->out + pass->used, found.mask, mask_len);
    pass->used += mask_len;
    pass->copied = found.end;
}

static bool
may_start(unsigned char c)
{
    return (c >= '0' && c <= '9') || c == 0xef; /* U+FF10-FF19: EF BC 90-99 */
}

/* Where the country letters before a group of digits stand, if there are two of them. */
static bool
letters_before(struct str text, size_t floor, size_t at, size_t *ret_at)
{
    for (int n = 0; n < 2; n++) {
        if (at == floor)
            return false;
        do
            at--;
        while (at > floor && ((unsigned char)text.ptr[at] & 0xc0) == 0x80);
        if (glyph_at(text, at).class != GLYPH_LETTER)
            return false;
    }
    *ret_at = at;
    return true;
}

static size_t
skip_digits(struct str text, size_t at)
{
    for (;;) {
        struct glyph glyph = glyph_at(text, at);
        if (glyph.class != GLYPH_DIGIT)
            return at;
        at += glyph.len;
    }
}

struct str
redact_text(struct arena *arena, struct str text)
{
    struct pass pass = {.text = text};
    for (size_t i = 0; i < text.len;) {
        if (text.len - i >= 8 && bytes_no_digit(bytes_load(text.ptr + i))) {
            i += 8;
            continue;
        }
        if (!may_start((unsigned char)text.ptr[i])) {
            i++;
            continue;
        }
        struct glyph glyph = glyph_at(text, i);
        if (glyph.class != GLYPH_DIGIT) {
            i += glyph.len;
            continue;
        }
        size_t from = i;
        struct finding found = {NULL, 0};
        if (letters_before(text, pass.copied, i, &from))
            found = find_iban(text, from);
        if (!found.mask) {
            from = i;
            found = find_number(text, i);
        }
        if (found.mask)
            hide(arena, &pass, from, found);
        /* What is left of the group starts no number. */
        i = found.mask ? found.end : skip_digits(text, i);
    }
    if (!pass.out)
        return text;
    memcpy(pass.out + pass.used, text.ptr + pass.copied, text.len - pass.copied);
    return (struct str){pass.out, pass.used + text.len - pass.copied};
}
