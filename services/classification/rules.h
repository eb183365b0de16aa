/* rules.h - finds many phrases in a stranger's text, in one pass.
 *
 * Aho-Corasick over folded UTF-8 [Aho & Corasick, CACM 18(6), 1975]: time linear in the
 * text whatever it holds; no regular expressions, no recursion on the text.
 * A phrase that begins (ends) with a letter or digit of a script that separates words
 * matches only at a word's begin (end); a Chinese phrase matches anywhere.  "explod*"
 * leaves the end open.  A match does not count when a phrase of a `not_near` group stands
 * within near_bytes of it in the same clause ("not injured", "fire insurance"); groups in
 * `before_only` count only in front of it: "it caught fire and nobody came" is a fire.
 * For a word that is not ASCII the distance is three quarters (four Chinese characters).
 * Phrases are folded like the text, so policy files may be written as people write.
 * Thread rule: built once, then const. */
#ifndef REDRESS_CLASSIFICATION_RULES_H
#define REDRESS_CLASSIFICATION_RULES_H

#include "base/arena.h"
#include "base/base.h"

#define RULES_PHRASE_BYTES 64 /* of a folded phrase                            */
#define RULES_GROUPS 2048     /* groups in all                                 */
#define RULES_NOT_NEAR 8      /* groups that a group must not stand near to    */
#define RULES_HITS_GROUP 4096 /* hits of one group that are looked at in a text */
#define RULES_DENSE 4096      /* nodes with a row of their own                  */
#define RULES_COUNT_MAX 1000  /* a count stops here                            */

struct rules_phrase {
    struct str text; /* as written; '*' at an end leaves it open */
    uint16_t group;
};
struct rules_group {
    uint16_t not_near[RULES_NOT_NEAR];
    bool before_only[RULES_NOT_NEAR];
    size_t n_not_near;
};

struct rules_node;
struct rules_ending;
/* All memory is the arena's that it was built in.  Nodes are numbered from the root
 * outwards; the first n_dense, where a text spends its time, have a whole row of
 * transitions each, the others their edges and a way back. */
struct rules {
    const struct rules_node *nodes;
    size_t n_nodes;
    const uint8_t *labels;   /* edges of a node: sorted, beside each other */
    const uint32_t *targets; /* parallel to labels                         */
    const uint32_t *rows;    /* n_dense rows of n_classes                  */
    uint32_t n_dense;
    uint32_t n_classes;
    uint8_t classes[256]; /* bytes that no phrase has are of class 0    */
    const struct rules_ending *endings;
    const struct rules_group *groups;
    size_t n_groups;
    size_t near_bytes;
};

/* NFKC, full case folding, ignorable characters (zero width, bidirectional marks) gone,
 * white space runs to one blank, typographic apostrophes to ', Traditional Chinese to
 * Simplified.  Bytes that are no UTF-8 become U+FFFD.  ASCII takes a short way.  Result
 * in the arena. */
struct str rules_fold(struct str text, struct arena *arena);

/* phrases and groups are copied. False + ERR_STOP when a phrase is empty after folding or
 * too long, a group is out of range. */
MUST_CHECK bool rules_build(const struct rules_phrase *phrases, size_t n_phrases,
                            const struct rules_group *groups, size_t n_groups,
                            size_t near_bytes, struct arena *arena, struct rules *ret,
                            struct err *err);

/* How often each group matches the folded text: n_groups counts, in the arena. */
const uint16_t *rules_match(const struct rules *rules, struct str folded,
                            struct arena *arena);

#endif
