#include "classification/language.h"

#include <unicode/uchar.h>
#include <unicode/uscript.h>
#include <unicode/utf8.h>

#define WORD_BYTES 12

static const struct str ZH = {"zh", 2};
static const struct str EN = {"en", 2};
static const struct str OTHER = {"other", 5};

/* Sorted. Words that are frequent in one and rare in the others. */
static const char *const english[] = {
    "about",  "after", "again", "all",   "also",  "am",      "an",     "and",   "any",
    "are",    "as",    "at",    "back",  "be",    "because", "been",   "but",   "by",
    "can",    "could", "did",   "do",    "for",   "from",    "get",    "had",   "has",
    "have",   "he",    "help",  "her",   "his",   "how",     "i",      "if",    "in",
    "is",     "it",    "just",  "like",  "me",    "more",    "my",     "never", "not",
    "now",    "of",    "on",    "or",    "our",   "out",     "please", "she",   "still",
    "thanks", "that",  "the",   "their", "them",  "then",    "there",  "they",  "this",
    "to",     "up",    "very",  "was",   "we",    "were",    "what",   "when",  "which",
    "who",    "why",   "will",  "with",  "would", "you",     "your",
};
static const char *const foreign[] = {
    "aber", "alle", "als",  "ao",  "auch", "auf",  "aux",  "avec",  "bei", "bin",
    "che",  "como", "con",  "da",  "das",  "dass", "de",   "dei",   "del", "dem",
    "den",  "der",  "des",  "di",  "die",  "dos",  "du",   "e",     "ein", "eine",
    "el",   "em",   "en",   "es",  "est",  "et",   "este", "foi",   "fue", "habe",
    "het",  "ich",  "il",   "ist", "je",   "la",   "las",  "le",    "les", "lo",
    "los",  "mais", "mit",  "mon", "muy",  "na",   "ne",   "nicht", "no",  "non",
    "nous", "nur",  "o",    "os",  "para", "pas",  "per",  "pero",  "por", "pour",
    "que",  "qui",  "sehr", "se",  "sie",  "sind", "son",  "su",    "sur", "um",
    "una",  "und",  "une",  "uno", "van",  "vous", "war",  "wir",   "y",   "zu",
};

static bool
in_list(const char *const *words, size_t n_words, struct str word)
{
    for (size_t i = 0; i < n_words; i++)
        if (words[i][0] == word.ptr[0] && str_eq(str_from(words[i]), word))
            return true;
    return false;
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
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static void
count_word(struct census *census, struct str word)
{
    census->words++;
    if (word.len > WORD_BYTES)
        return;
    if (in_list(english, COUNT_OF(english), word))
        census->english++;
    else if (in_list(foreign, COUNT_OF(foreign), word))
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
