/* Any bytes as a text give n-grams within their bounds; any bytes as a model are refused
 * with what is wrong, or answer.
 *
 * The first byte chooses: 0 the rest is a text; 1 a model file as it stands; else a good
 * model whose bytes the input changes, its checksum set right again. */
#include <stdlib.h>

#include "classification/model.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct arena arena;
static const struct features_table *table;
static struct features_scratch *text;
static struct model_answer *answer;
static struct buf good;

static void
prepare(void)
{
    static uint64_t hash[300];
    static float idf[300];
    static float weight[900];
    static const struct str labels[] = {{"a", 1}, {"b", 1}, {"c", 1}};
    static const float offset[3] = {0, 0.5F, -0.5F};
    struct err err = {0};
    table = features_table_new(&arena, &err);
    BUG_IF(!table);
    text = ARENA_NEW(&arena, struct features_scratch);
    answer = ARENA_NEW(&arena, struct model_answer);
    features_read(table, STR_NULL, STR("a refund was refused, 退款 not good"), text);
    for (size_t i = 0; i < COUNT_OF(hash); i++) {
        hash[i] = (uint64_t)i << 55 | (text->gram[i % text->n_gram].hash & 0xFFFF);
        idf[i] = 1 + (float)(i % 7);
        for (size_t k = 0; k < 3; k++)
            weight[3 * i + k] = (float)((i * 31 + k * 17) % 13) - 6;
    }
    const struct model_parts parts = {
        .task = STR("t"),
        .card = STR("{}"),
        .label = labels,
        .offset = offset,
        .n_labels = 3,
        .n_rows = COUNT_OF(hash),
        .hash = hash,
        .idf = idf,
        .weight = weight,
        .slope = 2,
        .sure_slope = 1,
        .threshold = 0.5F,
    };
    BUG_IF(!model_write(&parts, &good));
}

static void
check_text(struct str input)
{
    features_read(table, input, input, text);
    BUG_IF(text->n_cp > FEATURES_LOOK || text->n_token > FEATURES_LOOK);
    BUG_IF(text->n_gram > COUNT_OF(text->gram) || text->n_word_gram > text->n_gram);
    for (size_t i = 0; i < text->n_gram; i++)
        BUG_IF(text->gram[i].token + (size_t)text->gram[i].tokens > text->n_token);
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
    BUG_IF(times != 0 || text->n_word >= COUNT_OF(text->word));
}

static void
check_model(struct str bytes)
{
    struct model model;
    struct err err = {0};
    if (!model_from(&model, bytes, &err)) {
        BUG_IF(err.action != ERR_STOP || err.text[0] == '\0');
        return;
    }
    struct arena own = {0};
    struct model_scratch scratch;
    model_scratch_new(&scratch, model.header->n_rows, &own);
    features_read(table, STR_NULL, STR("a refund was refused, 退款 not good"), text);
    model_classify(&model, text, &scratch, answer);
    BUG_IF(answer->label >= model.header->n_labels || answer->n_reasons > MODEL_REASONS);
    BUG_IF(!(answer->confidence >= 0 && answer->confidence <= 1));
    for (uint32_t i = 0; i < model.header->n_rows; i++)
        BUG_IF(scratch.place[i] != 0);
    (void)model_label_name(&model, answer->label);
    arena_release(&own);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!table)
        prepare();
    if (size == 0)
        return 0;
    if (data[0] == 0) {
        check_text((struct str){(const char *)data + 1, size - 1});
        return 0;
    }
    /* Memory of its own: 8-byte aligned, and ASan sees a read behind the end. */
    size_t len = data[0] == 1 ? size - 1 : good.len;
    char *bytes = malloc(len ? len : 1);
    BUG_IF(!bytes);
    BUG_IF(data[0] > 1 && len == 0); /* the good model has bytes to change */
    if (data[0] == 1)
        memcpy(bytes, data + 1, len);
    else
        memcpy(bytes, good.ptr, len);
    for (size_t i = 1; data[0] > 1 && i + 2 < size; i += 3)
        bytes[(size_t)(data[i] | data[i + 1] << 8) % len] = (char)data[i + 2];
    if (data[0] > 1)
        model_seal(bytes, len);
    check_model((struct str){bytes, len});
    free(bytes);
    return 0;
}
