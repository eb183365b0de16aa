#include "intake/normalise.h"

/* ITU-T E.164 country codes with the national (trunk) and international prefixes of
 * E.164's annex "dialling procedures" (2011), for the regions that an installation may
 * have as its default. len: the most digits of a national number without its prefix. */
struct region {
    char name[3];
    char code[4];
    char trunk[3];
    char abroad[5];
    unsigned char len;
};

static const struct region REGIONS[] = {
    {"AE", "971", "0", "00", 9},  {"AR", "54", "0", "00", 10},
    {"AT", "43", "0", "00", 13},  {"AU", "61", "0", "0011", 9},
    {"BE", "32", "0", "00", 9},   {"BR", "55", "0", "00", 11},
    {"CA", "1", "1", "011", 10},  {"CH", "41", "0", "00", 9},
    {"CL", "56", "", "00", 9},    {"CN", "86", "0", "00", 11},
    {"CZ", "420", "", "00", 9},   {"DE", "49", "0", "00", 11},
    {"DK", "45", "", "00", 8},    {"EE", "372", "", "00", 8},
    {"ES", "34", "", "00", 9},    {"FI", "358", "0", "00", 10},
    {"FR", "33", "0", "00", 9},   {"GB", "44", "0", "00", 10},
    {"GR", "30", "", "00", 10},   {"HK", "852", "", "001", 8},
    {"HU", "36", "06", "00", 9},  {"ID", "62", "0", "00", 12},
    {"IE", "353", "0", "00", 9},  {"IL", "972", "0", "00", 9},
    {"IN", "91", "0", "00", 10},  {"IT", "39", "", "00", 11},
    {"JP", "81", "0", "010", 10}, {"KR", "82", "0", "00", 10},
    {"LT", "370", "0", "00", 8},  {"LU", "352", "", "00", 11},
    {"LV", "371", "", "00", 8},   {"MO", "853", "", "00", 8},
    {"MX", "52", "", "00", 10},   {"MY", "60", "0", "00", 10},
    {"NL", "31", "0", "00", 9},   {"NO", "47", "", "00", 8},
    {"NZ", "64", "0", "00", 10},  {"PH", "63", "0", "00", 10},
    {"PL", "48", "", "00", 9},    {"PT", "351", "", "00", 9},
    {"RO", "40", "0", "00", 9},   {"RU", "7", "8", "810", 10},
    {"SA", "966", "0", "00", 9},  {"SE", "46", "0", "00", 9},
    {"SG", "65", "", "001", 8},   {"SK", "421", "0", "00", 9},
    {"TH", "66", "0", "00", 9},   {"TR", "90", "0", "00", 10},
    {"TW", "886", "0", "002", 9}, {"UA", "380", "0", "00", 9},
    {"US", "1", "1", "011", 10},  {"VN", "84", "0", "00", 9},
    {"ZA", "27", "0", "00", 9},
};

#define DIGITS_MAX 24
#define E164_MIN 7
#define E164_MAX 15

struct dialled {
    char digits[DIGITS_MAX];
    size_t n;
    bool plus;
};

static const struct region *
region_find(struct str name)
{
    for (size_t i = 0; i < COUNT_OF(REGIONS); i++)
        if (str_eq_nocase(str_from(REGIONS[i].name), name))
            return &REGIONS[i];
    return NULL;
}

/* The trunk prefix in brackets, "+44 (0)20": it is not dialled after the country code. */
static bool
bracketed_zero(struct str s, size_t i)
{
    return str_eq(str_sub(s, i, 3), STR("(0)"));
}

/* Digits and a leading plus; false at what no number holds. Letters behind enough digits
 * begin an extension ("ext. 12", "x12", "转12"). */
static bool
read_digits(struct str s, struct dialled *d)
{
    for (size_t i = 0; i < s.len; i++) {
        char c = s.ptr[i];
        if (c >= '0' && c <= '9') {
            if (d->n == DIGITS_MAX)
                return false;
            d->digits[d->n++] = c;
        } else if (c == '+' && d->n == 0) {
            d->plus = true;
        } else if (c == '(' && d->plus && bracketed_zero(s, i)) {
            i += 2;
        } else if (!strchr(" -./()\t", c) || c == '\0') {
            return d->n >= E164_MIN;
        }
    }
    return true;
}

static bool
drop_prefix(struct dialled *d, const char *prefix)
{
    size_t len = strlen(prefix);
    if (len == 0 || d->n <= len || memcmp(d->digits, prefix, len) != 0)
        return false;
    d->n -= len;
    memmove(d->digits, d->digits + len, d->n);
    return true;
}

/* To digits with country code in front. A number too long for the region that begins with
 * its code was written without the plus. */
static void
internationalise(struct dialled *d, const struct region *region)
{
    if (d->plus || drop_prefix(d, region->abroad) || drop_prefix(d, "00"))
        return;
    size_t code_len = strlen(region->code);
    /* No national number begins with 0 itself; 1 (US) and 8 (RU) are dialled in front of
     * full numbers only. */
    if (region->trunk[0] == '0' || d->n > region->len)
        (void)drop_prefix(d, region->trunk);
    if (d->n > region->len && memcmp(d->digits, region->code, code_len) == 0)
        return;
    if (d->n + code_len > DIGITS_MAX)
        return;
    memmove(d->digits + code_len, d->digits, d->n);
    memcpy(d->digits, region->code, code_len);
    d->n += code_len;
}

static bool
all_same(const struct dialled *d)
{
    for (size_t i = 1; i < d->n; i++)
        if (d->digits[i] != d->digits[0])
            return false;
    return true;
}

bool
normalise_phone(struct arena *arena, struct str phone, struct str region, struct str *ret)
{
    struct str s = normalise_fold(arena, phone);
    if (str_starts(s, STR("tel:")))
        s = str_sub(s, 4, s.len);
    struct dialled d = {.n = 0};
    if (!read_digits(s, &d) || d.n == 0 || all_same(&d))
        return false;
    const struct region *home = region_find(region);
    if (home)
        internationalise(&d, home);
    if (d.n < E164_MIN || d.n > E164_MAX)
        return false;
    *ret = arena_printf(arena, "+%.*s", (int)d.n, d.digits);
    return true;
}
