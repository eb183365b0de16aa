/* Reasons of an answer: the words that speak most for the best label over the second.
 * Words that every text has ("the", "and the") weigh, too, but tell a reader nothing:
 * they are told only where nothing else speaks. */
#include "classification/model.h"
#include "classification/model_weights.h"

#include <math.h>

#define LEAST 0.005F /* of a log-odds: below it is nothing to tell */

/* What each token adds, its characters with it. */
static void
add_up(const struct features_scratch *text, struct model_scratch *s)
{
    memset(s->word, 0, text->n_token * sizeof(s->word[0]));
    for (size_t i = 0; i < text->n_gram; i++)
        if (s->gram[i] != 0 && text->gram[i].tokens == 1)
            s->word[text->gram[i].token] += s->hit[s->gram[i] - 1].share;
    uint32_t at = 0;
    for (size_t i = 0; i < text->n_word; i++) {
        float sum = 0;
        for (; at < s->end[i]; at++)
            sum += s->hit[s->seen[at] - 1].share;
        s->chars[i] = sum;
    }
    for (size_t i = 0; i < text->n_token; i++)
        if (text->token[i].kind == FEATURES_IS_WORD)
            s->word[i] += s->chars[text->word_of[i]];
}

static float
weight_of(const struct features_scratch *text, const struct model_scratch *s, size_t i)
{
    const struct features_gram *gram = &text->gram[i];
    const struct model_hit *hit = s->gram[i] ? &s->hit[s->gram[i] - 1] : NULL;
    if (gram->tokens == 1)
        return (hit ? hit->times : 1) * s->word[gram->token];
    return hit ? hit->times * hit->share : 0;
}

/* The n-grams of words that may be told, in the order of the text.  A single ideograph
 * is rarely a word. */
static size_t
collect(const struct features_scratch *text, struct model_scratch *s, bool single)
{
    size_t n = 0;
    for (size_t i = 0; i < text->n_word_gram; i++) {
        const struct features_gram *gram = &text->gram[i];
        if (gram->negated || (!single && gram->tokens == 1 && text->n_token > 1 &&
                              text->token[gram->token].kind == FEATURES_IS_IDEOGRAPH))
            continue;
        float weight = weight_of(text, s, i);
        if (weight > LEAST) {
            s->maybe[n] = (uint32_t)i;
            s->weight[n++] = weight;
        }
    }
    return n;
}

/* Leaves out the same n-gram and what lies within the chosen one: they say nothing more.
 * Gives the place of the strongest of the rest. */
static size_t
drop_within(const struct features_scratch *text, struct model_scratch *s,
            const struct features_gram *chosen, size_t *n)
{
    size_t kept = 0;
    size_t best = 0;
    for (size_t i = 0; i < *n; i++) {
        const struct features_gram *gram = &text->gram[s->maybe[i]];
        if (chosen && (gram->hash == chosen->hash ||
                       (gram->token >= chosen->token &&
                        gram->token + gram->tokens <= chosen->token + chosen->tokens)))
            continue;
        s->maybe[kept] = s->maybe[i];
        s->weight[kept] = s->weight[i];
        if (s->weight[kept] > s->weight[best])
            best = kept;
        kept++;
    }
    *n = kept;
    return best;
}

/* Sorted. Not here: words that tell kinds apart ("how", "can", "not", "but", "still"). */
static const char *const common[] = {
    "a",    "about", "also",  "am",    "an",   "and",  "are",   "as",   "at",
    "be",   "been",  "by",    "did",   "do",   "does", "for",   "from", "had",
    "has",  "have",  "he",    "her",   "him",  "his",  "i",     "i'm",  "in",
    "into", "is",    "it",    "it's",  "its",  "just", "me",    "my",   "of",
    "on",   "or",    "our",   "she",   "so",   "than", "that",  "the",  "their",
    "them", "then",  "there", "these", "they", "this", "those", "to",   "us",
    "was",  "we",    "were",  "which", "who",  "will", "with",  "you",  "your",
};

static bool
is_common(struct str word)
{
    size_t from = 0;
    size_t to = COUNT_OF(common);
    while (from < to) {
        size_t mid = (from + to) / 2;
        int order = str_cmp(word, str_from(common[mid]));
        if (order == 0)
            return true;
        if (order < 0)
            to = mid;
        else
            from = mid + 1;
    }
    return false;
}

bool
model_common_words(struct str text)
{
    size_t from = 0;
    for (size_t i = 0; i <= text.len; i++) {
        if (i < text.len && text.ptr[i] != ' ')
            continue;
        if (!is_common(str_sub(text, from, i)))
            return false;
        from = i + 1;
    }
    return true;
}

/* all: also what says little, where nothing else speaks. */
static void
tell(const struct features_scratch *text, struct model_scratch *s, bool all,
     struct model_answer *ret)
{
    size_t n = collect(text, s, all);
    const struct features_gram *chosen = NULL;
    while (ret->n_reasons < MODEL_REASONS) {
        size_t at = drop_within(text, s, chosen, &n);
        if (n == 0)
            return;
        chosen = &text->gram[s->maybe[at]];
        struct model_reason *reason = &ret->reason[ret->n_reasons];
        reason->text =
            features_masked(text, chosen->token, chosen->tokens,
                            ret->reason_text[ret->n_reasons], MODEL_REASON_BYTES);
        if (!all && model_common_words(reason->text))
            continue;
        reason->weight = fminf(s->weight[at], MODEL_WEIGHT_MOST);
        ret->n_reasons++;
    }
}

void
model_tell(const struct features_scratch *text, struct model_scratch *s,
           struct model_answer *ret)
{
    add_up(text, s);
    tell(text, s, false, ret);
    if (ret->n_reasons == 0)
        tell(text, s, true, ret);
}

void
model_explain(const struct model *m, const struct features_scratch *text,
              struct model_scratch *s, size_t n_hit, uint32_t best, uint32_t second,
              struct model_answer *ret)
{
    for (size_t i = 0; i < n_hit; i++)
        model_share_out(m, model_row(m, s->hit[i].row), best, second, &s->hit[i]);
    model_tell(text, s, ret);
}
