/* Any text under any phrases: no crash, sane counts, and a text that is folded already
 * stays as it is.
 *
 * Up to the first byte 0xFE the input is phrases, one a line, groups in turn; the rest is
 * the text. */
#include "classification/language.h"
#include "classification/rules.h"

#define GROUPS 4
#define PHRASES 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t
read_phrases(struct str all, struct arena *arena, struct rules_phrase *ret)
{
    size_t n = 0;
    size_t from = 0;
    for (size_t i = 0; i <= all.len && n < PHRASES; i++) {
        if (i < all.len && all.ptr[i] != '\n')
            continue;
        struct rules_phrase phrase = {str_sub(all, from, i - from),
                                      (uint16_t)(n % GROUPS)};
        struct rules_group none[GROUPS] = {0};
        struct rules alone;
        struct err err = {0};
        /* A bad one is refused with a reason; the others go on. */
        if (rules_build(&phrase, 1, none, GROUPS, 16, arena, &alone, &err))
            ret[n++] = phrase;
        else
            BUG_IF(err.action != ERR_STOP || err.text[0] == '\0');
        from = i + 1;
    }
    return n;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str text = {(const char *)data, size};
    size_t cut = 0;
    while (cut < size && data[cut] != 0xFE)
        cut++;
    CLEANUP(arena_release) struct arena arena;
    arena_init(&arena, 0);
    struct rules_phrase phrases[PHRASES];
    size_t n = read_phrases(str_sub(text, 0, cut), &arena, phrases);
    text = str_sub(text, cut + 1, size);

    struct rules_group groups[GROUPS] = {{{1, 2}, {true, false}, 2}, {{3}, {false}, 1}};
    struct rules rules;
    struct err err = {0};
    BUG_IF(!rules_build(phrases, n, groups, GROUPS, 16, &arena, &rules, &err));
    struct str folded = rules_fold(text, &arena);
    const uint16_t *counts = rules_match(&rules, folded, &arena);
    for (size_t i = 0; i < GROUPS; i++)
        BUG_IF(counts[i] > RULES_COUNT_MAX || (counts[i] > 0 && n <= i));
    BUG_IF(!str_eq(rules_fold(folded, &arena), folded));
    (void)language_of(folded);
    (void)language_said(text);
    return 0;
}
