/* The words of a text, each once with how often it stands there. */
#include "classification/features.h"

/* A hash is no secret: whoever makes many words for one place of the table has them
 * counted one by one, which is slower and says the same. */
#define PROBES 8

static bool
is_same(const struct features_scratch *s, const struct features_token *left,
        const struct features_token *right)
{
    return left->hash == right->hash && left->len == right->len &&
           memcmp(s->cp + left->start, s->cp + right->start,
                  left->len * sizeof(s->cp[0])) == 0;
}

static uint32_t
word_of(struct features_scratch *s, uint32_t t, uint32_t bits)
{
    const struct features_token *token = &s->token[t];
    size_t slot = (token->hash * UINT64_C(0x9E3779B97F4A7C15)) >> (64 - bits);
    size_t mask = ((size_t)1 << bits) - 1;
    for (size_t i = 0; i < PROBES; i++) {
        uint32_t *at = &s->slot[(slot + i) & mask];
        if (*at == 0) {
            *at = (uint32_t)s->n_word + 1;
            break;
        }
        struct features_word *word = &s->word[*at - 1];
        if (is_same(s, token, &s->token[word->token])) {
            word->times++;
            return *at - 1;
        }
    }
    s->word[s->n_word] = (struct features_word){.token = t, .times = 1};
    return (uint32_t)s->n_word++;
}

void
features_words(struct features_scratch *s)
{
    uint32_t bits = 6; /* a small table stays near */
    while (bits < FEATURES_SLOTS && (size_t)1 << bits < 2 * s->n_token)
        bits++;
    memset(s->slot, 0, sizeof(s->slot[0]) << bits);
    s->n_word = 0;
    for (uint32_t i = 0; i < s->n_token; i++)
        if (s->token[i].kind == FEATURES_IS_WORD)
            s->word_of[i] = word_of(s, i, bits);
}
