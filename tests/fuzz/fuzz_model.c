/* Any bytes as a model are refused with what is wrong, or answer any text without leaving
 * their bytes.
 *
 * The first byte chooses: 1 the rest is a model file as it stands; else a good model of
 * two (even) or three labels whose bytes the input changes, its checksum set right again:
 * the second byte says how many changes of three bytes follow (place, place, value), and
 * what is behind them is the text. */
#include <stdlib.h>

#include "classification/model.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct str KNOWN = {"a refund was refused, 退款 not good", 37};
static struct arena arena;
static const struct features_table *table;
static struct features_scratch *text;
static struct model_answer *answer;
static struct model_scratch scratch; /* for all models: what it remembers is kept apart */
static struct buf good[2];

#define ROWS 300

/* A model of n labels whose rows are those of a text. */
static void
make_good(uint32_t n_labels, struct buf *ret)
{
    static uint64_t hash[ROWS];
    static float idf[ROWS];
    static float weight[3 * ROWS];
    static const struct str labels[] = {{"a", 1}, {"b", 1}, {"c", 1}};
    static const float offset[3] = {0, 0.5F, -0.5F};
    features_read(table, STR_NULL, KNOWN, text);
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
        .n_labels = n_labels,
        .n_rows = COUNT_OF(hash),
        .hash = hash,
        .idf = idf,
        .weight = weight,
        .slope = 2,
        .sure_slope = 1,
        .threshold = 0.5F,
    };
    BUG_IF(!model_write(&parts, ret));
}

static void
prepare(void)
{
    struct err err = {0};
    table = features_table_new(&arena, &err);
    BUG_IF(!table);
    text = ARENA_NEW(&arena, struct features_scratch);
    answer = ARENA_NEW(&arena, struct model_answer);
    model_scratch_new(&scratch, ROWS, &arena);
    make_good(2, &good[0]);
    make_good(3, &good[1]);
}

static void
check_answer(const struct model *model, struct model_scratch *room)
{
    model_classify(model, text, room, answer);
    BUG_IF(answer->label >= model->header->n_labels || answer->n_reasons > MODEL_REASONS);
    BUG_IF(!(answer->confidence >= 0 && answer->confidence <= 1));
    for (size_t i = 0; i < answer->n_reasons; i++)
        BUG_IF(!(answer->reason[i].weight > 0 &&
                 answer->reason[i].weight <= MODEL_WEIGHT_MOST));
    float sum = 0;
    for (uint32_t i = 0; i < model->header->n_labels; i++)
        sum += answer->probability[i];
    BUG_IF(!(sum > 0.99F && sum < 1.01F));
    for (uint32_t i = 0; i < model->header->n_rows; i++)
        BUG_IF(room->place[i] != 0);
    (void)model_label_name(model, answer->label);
}

static void
check_model(struct str bytes, struct str input)
{
    struct model model;
    struct err err = {0};
    if (!model_from(&model, bytes, &err)) {
        BUG_IF(err.action != ERR_STOP || err.text[0] == '\0');
        return;
    }
    features_read(table, STR_NULL, str_empty(input) ? KNOWN : input, text);
    if (model.header->n_rows <= ROWS) {
        check_answer(&model, &scratch);
        float confidence = answer->confidence;
        uint32_t label = answer->label;
        check_answer(&model, &scratch);
        BUG_IF(answer->label != label || answer->confidence != confidence);
        return;
    }
    struct arena own = {0};
    struct model_scratch large;
    model_scratch_new(&large, model.header->n_rows, &own);
    check_answer(&model, &large);
    arena_release(&own);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!table)
        prepare();
    if (size == 0)
        return 0;
    const struct buf *from = &good[data[0] % 2];
    bool as_it_is = data[0] == 1;
    /* Memory of its own: 8-byte aligned, and ASan sees a read behind the end. */
    size_t len = as_it_is ? size - 1 : from->len;
    char *bytes = malloc(len ? len : 1);
    BUG_IF(!bytes);
    memcpy(bytes, as_it_is ? (const char *)data + 1 : from->ptr, len);
    BUG_IF(!as_it_is && len == 0); /* a good model has bytes to change */
    size_t at = 2;
    for (size_t n = size > 1 ? data[1] : 0; !as_it_is && n > 0 && at + 2 < size; n--) {
        bytes[(size_t)(data[at] | data[at + 1] << 8) % len] = (char)data[at + 2];
        at += 3;
    }
    if (!as_it_is)
        model_seal(bytes, len);
    struct str input = STR_NULL;
    if (!as_it_is && at < size)
        input = (struct str){(const char *)data + at, size - at};
    check_model((struct str){bytes, len}, input);
    free(bytes);
    return 0;
}
