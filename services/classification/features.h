/* features.h - a stranger's text as hashed n-grams, in time linear in what is looked at.
 *
 * Text is repaired UTF-8, NFKC, case folding, Traditional to Simplified Chinese, all from
 * a table of code points that is made once: no call of ICU and no memory for a text.
 * Handles, addresses and long numbers become classes.  Two blocks: words (one and two,
 * and once more where a negation reaches them; in scripts without blanks a character is a
 * word) and characters (2 to 5 within a word and its bounds, as in scikit-learn's
 * char_wb; in scripts without blanks three in a row).  The first FEATURES_LOOK code
 * points are looked at. Thread rule: the table is const; a scratch belongs to one thread.
 */
#ifndef REDRESS_CLASSIFICATION_FEATURES_H
#define REDRESS_CLASSIFICATION_FEATURES_H

#include "base/arena.h"
#include "base/base.h"

#define FEATURES_LOOK 32768          /* code points after folding                     */
#define FEATURES_WORD 40             /* of a longer word, the characters looked at    */
#define FEATURES_GRAMS 5             /* n-grams of several tokens a token, at most    */
#define FEATURES_CHARS_MOST 164      /* character n-grams of one word                 */
#define FEATURES_SLOTS 15            /* bits                                          */
#define FEATURES_VERSION UINT32_C(1) /* another number: other hashes, new training */

enum features_block { FEATURES_WORDS, FEATURES_CHARS, FEATURES_BLOCKS };

/* What a code point becomes, for all below FEATURES_CODES. */
#define FEATURES_CODES 0x20000
struct features_table {
    uint32_t entry[FEATURES_CODES]; /* class << 24 | code point, or place in pool */
    uint32_t pool[8192];            /* of those that become several: n, then they */
    size_t n_pool;
};

struct features_token {
    uint64_t hash;
    uint32_t start; /* in cp */
    uint16_t len;
    uint8_t kind; /* enum features_kind */
    bool negated;
};
enum features_kind {
    FEATURES_IS_WORD,
    FEATURES_IS_IDEOGRAPH, /* a character of a script without blanks  */
    FEATURES_IS_SIGN,      /* ! ? and pictures                        */
    FEATURES_IS_CLASS,     /* handle, address, long number            */
};

/* A word of the text, however often it stands in it. */
struct features_word {
    uint64_t hash;  /* of the n-gram that is the word alone */
    uint32_t token; /* the first of them                    */
    uint32_t times;
};

/* One n-gram that stands in the text; the same one may come again. */
struct features_gram {
    uint64_t hash;
    uint32_t token; /* its first token                          */
    uint8_t tokens; /* how many                                 */
    bool negated;   /* the mark of a negated word               */
    bool word;      /* a word alone: word_of its token          */
};

struct features_scratch {
    uint32_t cp[FEATURES_LOOK];
    uint8_t cp_class[FEATURES_LOOK];
    size_t n_cp;
    size_t steps; /* code points that cutting looked at, those seen twice twice */
    struct features_token token[FEATURES_LOOK + 1];
    size_t n_token;
    struct features_word word[FEATURES_LOOK / 2 + 1]; /* in the order of the text */
    size_t n_word;
    uint32_t word_of[FEATURES_LOOK + 1]; /* of a token that is a word: in word */
    uint32_t slot[1 << FEATURES_SLOTS];  /* a table of words while they are found */
    /* Words first, then what characters there are besides those of features_chars(). */
    struct features_gram gram[FEATURES_LOOK * FEATURES_GRAMS];
    size_t n_gram;
    size_t n_word_gram;
};

/* Made once at the start, in the arena; a few ten milliseconds.  Fails when ICU lacks its
 * data (ERR_STOP). */
const struct features_table *features_table_new(struct arena *arena, struct err *err);
/* Tokens of a subject (may be null) and a text, and their n-grams but for those of the
 * characters within a word. */
void features_read(const struct features_table *table, struct str subject,
                   struct str text, struct features_scratch *scratch);
/* The hashes of the characters within one token, a word; 0 for others.  They depend on
 * the token's first FEATURES_WORD code points alone, so that who reads many texts may
 * remember them. */
size_t features_chars(const struct features_scratch *scratch, size_t token,
                      uint64_t hash[FEATURES_CHARS_MOST]);
/* The part of the folded text that n tokens from `first` cover, as UTF-8; cut at room. */
struct str features_text(const struct features_scratch *scratch, size_t first, size_t n,
                         char *out, size_t room);
/* The same for people to read: handles, addresses and long numbers, which may be
 * somebody's own, stand as "<handle>", "<mail>", "<address>", "<number>". */
struct str features_masked(const struct features_scratch *scratch, size_t first, size_t n,
                           char *out, size_t room);

/* --- between features*.c ------------------------------------------------------------ */

enum features_class {
    FEATURES_BLANK,
    FEATURES_LETTER,
    FEATURES_DIGIT,
    FEATURES_IDEOGRAPH,
    FEATURES_PICTURE,
    FEATURES_STOP,  /* ends a clause: a negation reaches no further */
    FEATURES_MARK,  /* ! and ?                                      */
    FEATURES_JOIN,  /* an apostrophe                                */
    FEATURES_OTHER, /* other punctuation, kept for addresses        */
    FEATURES_COMBINING,
    FEATURES_DROP,
    FEATURES_SEVERAL,
};
/* Folds into scratch->cp. */
void features_fold(const struct features_table *table, struct str text,
                   struct features_scratch *scratch);
/* Cuts scratch->cp into tokens. */
void features_cut(struct features_scratch *scratch);
/* Finds the words that are the same. */
void features_words(struct features_scratch *scratch);

#endif
