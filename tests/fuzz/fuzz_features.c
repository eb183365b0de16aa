/* Any bytes as a subject and a text give n-grams within their bounds, each part looked at
 * a few times, and the same again. */
#include "classification/features.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct arena arena;
static const struct features_table *table;
static struct features_scratch *text;

static void
check_text(struct str input)
{
    features_read(table, input, input, text);
    BUG_IF(text->steps > 4 * text->n_cp);
    BUG_IF(text->n_cp > FEATURES_LOOK || text->n_token > FEATURES_LOOK);
    BUG_IF(text->n_gram > COUNT_OF(text->gram) || text->n_word_gram > text->n_gram);
    for (size_t i = 0; i < text->n_gram; i++)
        BUG_IF(text->gram[i].token + (size_t)text->gram[i].tokens > text->n_token);
    uint64_t all = 0;
    size_t times = 0;
    for (size_t i = 0; i < text->n_word; i++)
        times += text->word[i].times;
    for (size_t i = 0; i < text->n_token; i++) {
        uint64_t hash[FEATURES_CHARS_MOST];
        bool is_word = text->token[i].kind == FEATURES_IS_WORD;
        BUG_IF((features_chars(text, i, hash) != 0) != is_word);
        BUG_IF(is_word && text->word_of[i] >= text->n_word);
        times -= is_word;
    }
    for (size_t i = 0; i < text->n_gram; i++) {
        char shown[16];
        const struct features_gram *gram = &text->gram[i];
        BUG_IF(
            features_masked(text, gram->token, gram->tokens, shown, sizeof(shown)).len >
            sizeof(shown));
        all += gram->hash * (i + 1);
    }
    features_read(table, input, input, text);
    for (size_t i = 0; i < text->n_gram; i++)
        all -= text->gram[i].hash * (i + 1);
    BUG_IF(all != 0);
    BUG_IF(times != 0 || text->n_word >= COUNT_OF(text->word));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct err err = {0};
    if (!table) {
        table = features_table_new(&arena, &err);
        BUG_IF(!table);
        text = ARENA_NEW(&arena, struct features_scratch);
    }
    check_text((struct str){(const char *)data, size});
    return 0;
}
