#include "classification/language.h"

#include <unicode/uchar.h>
#include <unicode/uscript.h>
#include <unicode/utf8.h>

#define WORD_BYTES 8

static const struct str ZH = {"zh", 2};
static const struct str EN = {"en", 2};
static const struct str OTHER = {"other", 5};

/* By first letter: words that are frequent in one and rare in the others. */
static const char *const english[26] = {
    [0] = " about after again all also am an and any are as at ",
    [1] = " back be because been but by ",
    [2] = " can could ",
    [3] = " did do ",
    [4] = "",
    [5] = " for from ",
    [6] = " get ",
    [7] = " had has have he help her his how ",
    [8] = " i if in is it ",
    [9] = " just ",
    [10] = "",
    [11] = " like ",
    [12] = " me more my ",
    [13] = " never not now ",
    [14] = " of on or our out ",
    [15] = " please ",
    [16] = "",
    [17] = "",
    [18] = " she still ",
    [19] = " thanks that the their them then there they this to ",
    [20] = " up ",
    [21] = " very ",
    [22] = " was we were what when which who why will with would ",
    [23] = "",
    [24] = " you your ",
    [25] = "",
};
static const char *const foreign[26] = {
    [0] = " aber alle als ao auch auf aux avec ",
    [1] = " bei bin ",
    [2] = " che como con ",
    [3] = " da das dass de dei del dem den der des di die dos du ",
    [4] = " e ein eine el em en es est este et ",
    [5] = " foi fue ",
    [6] = "",
    [7] = " habe het ",
    [8] = " ich il ist ",
    [9] = " je ",
    [10] = "",
    [11] = " la las le les lo los ",
    [12] = " mais mit mon muy ",
    [13] = " na ne nicht no non nous nur ",
    [14] = " o os ",
    [15] = " para pas per pero por pour ",
    [16] = " que qui ",
    [17] = "",
    [18] = " se sehr sie sind son su sur ",
    [19] = "",
    [20] = " um una und une uno ",
    [21] = " van vous ",
    [22] = " war wir ",
    [23] = "",
    [24] = " y ",
    [25] = " zu ",
};

static bool
in_list(const char *const lists[26], const char *padded, size_t len)
{
    const char *list = lists[padded[1] - 'a'];
    return memmem(list, strlen(list), padded, len) != NULL;
}

struct census {
    size_t han, kana, latin, latin_marked, others;
    size_t words, english, foreign;
};

static void
count_char(struct census *census, UChar32 c)
{
    UErrorCode status = U_ZERO_ERROR;
    if (!u_isalpha(c))
        return;
    switch (uscript_getScript(c, &status)) {
    case USCRIPT_HAN:
        census->han++;
        break;
    case USCRIPT_HIRAGANA:
    case USCRIPT_KATAKANA:
        census->kana++;
        break;
    case USCRIPT_LATIN:
        census->latin++;
        census->latin_marked++;
        break;
    default:
        census->others++;
        break;
    }
}

static bool
is_ascii_letter(char c)
{
    return c >= 'a' && c <= 'z'; /* folded */
}

static void
count_word(struct census *census, struct str word)
{
    char padded[WORD_BYTES + 2] = {' '};
    census->words++;
    if (word.len > WORD_BYTES)
        return;
    memcpy(padded + 1, word.ptr, word.len);
    padded[word.len + 1] = ' ';
    if (in_list(english, padded, word.len + 2))
        census->english++;
    else if (in_list(foreign, padded, word.len + 2))
        census->foreign++;
}

static struct census
take_census(struct str text)
{
    struct census census = {0};
    size_t i = 0;
    while (i < text.len) {
        if (is_ascii_letter(text.ptr[i])) {
            size_t from = i;
            while (i < text.len && is_ascii_letter(text.ptr[i]))
                i++;
            census.latin += i - from;
            count_word(&census, str_sub(text, from, i - from));
            continue;
        }
        UChar32 c = 0;
        U8_NEXT((const uint8_t *)text.ptr, i, text.len, c);
        if (c >= 0x80)
            count_char(&census, c);
    }
    return census;
}

struct str
language_of(struct str folded)
{
    struct census c = take_census(str_cut_utf8(folded, LANGUAGE_LOOK_BYTES));
    if (c.han + c.kana + c.latin + c.others == 0)
        return STR_NULL;
    /* A Han character says as much as some four Latin letters. */
    size_t han_weight = 4 * c.han;
    if (c.kana * 4 > c.han && c.kana * 4 > c.latin)
        return OTHER;
    if (c.others > c.latin && c.others > han_weight)
        return OTHER;
    if (han_weight >= c.latin)
        return ZH;
    if (c.foreign > c.english || c.latin_marked * 20 > c.latin)
        return OTHER;
    if (c.english * 15 >= c.words)
        return EN;
    /* A few words without any common one: names and catchwords. */
    return c.foreign == 0 && c.words <= 12 ? EN : OTHER;
}

struct str
language_said(struct str said)
{
    static const struct {
        const char *name;
        bool zh;
    } names[] = {
        {"zh", true},       {"chinese", true}, {"mandarin", true}, {"cn", true},
        {"zho", true},      {"chi", true},     {"cmn", true},      {"yue", true},
        {"中文", true},     {"汉语", true},    {"简体中文", true}, {"普通话", true},
        {"繁體中文", true}, {"en", false},     {"english", false}, {"eng", false},
        {"英语", false},    {"英文", false},
    };
    said = str_trim(said);
    if (str_empty(said))
        return STR_NULL;
    /* Of a language tag the first part names the language (RFC 5646). */
    size_t len = 0;
    while (len < said.len && said.ptr[len] != '-' && said.ptr[len] != '_')
        len++;
    struct str first = str_sub(said, 0, len);
    for (size_t i = 0; i < COUNT_OF(names); i++)
        if (str_eq_nocase(first, str_from(names[i].name)))
            return names[i].zh ? ZH : EN;
    return OTHER;
}
