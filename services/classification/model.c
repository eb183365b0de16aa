/* Scores, confidence and reasons of one document; the file is in model_file.c. */
#include "classification/model.h"

#include <math.h>

#define NO_ROW UINT32_MAX

float
model_tf(uint32_t n, float power)
{
    if (power > 0)
        return power == 1 || n == 1 ? (float)n : powf((float)n, power);
    static const float FIRST[] = {0,          1,          1.6931472F, 2.0986123F,
                                  2.3862944F, 2.6094379F, 2.7917595F, 2.9459101F};
    return n < COUNT_OF(FIRST) ? FIRST[n] : 1 + logf((float)n);
}

float
model_confidence(float probability, float slope, float offset)
{
    float p = fminf(fmaxf(probability, 1e-6F), 1 - 1e-6F);
    return 1 / (1 + expf(-(slope * logf(p / (1 - p)) + offset)));
}

void
model_scratch_new(struct model_scratch *ret, uint32_t max_rows, struct arena *arena)
{
    *ret = (struct model_scratch){
        .max_rows = max_rows,
        .count = ARENA_ARRAY(arena, uint16_t, max_rows),
        .share = ARENA_ARRAY(arena, float, max_rows),
        .touched = ARENA_ARRAY(arena, uint32_t, max_rows),
        .row =
            ARENA_ARRAY(arena, uint32_t, COUNT_OF(((struct features_scratch *)0)->gram)),
        .word = ARENA_ARRAY(arena, float, FEATURES_LOOK + 1),
    };
}

static inline uint32_t
find_row(const struct model *m, uint64_t hash)
{
    const uint32_t *bucket = m->bucket + (hash >> (64 - m->header->bucket_bits));
    uint16_t tag = (uint16_t)hash;
    for (uint32_t row = bucket[0]; row < bucket[1]; row++)
        if (m->tag[row] == tag)
            return row;
    return NO_ROW;
}

static inline float
scale_of(const struct model *m, uint32_t row)
{
    uint32_t bits = (uint32_t)m->scale[row] << 16;
    float value;
    memcpy(&value, &bits, sizeof(value));
    return value;
}

/* Counts the rows of grams [from, to); gives how many rows are touched behind `n`. */
static size_t
count_rows(const struct model *m, const struct features_scratch *text, size_t from,
           size_t to, struct model_scratch *s, size_t n)
{
    for (size_t i = from; i < to; i++) {
        uint32_t row = find_row(m, text->gram[i].hash);
        s->row[i] = row;
        if (row == NO_ROW)
            continue;
        if (s->count[row] == 0)
            s->touched[n++] = row;
        s->count[row] = (uint16_t)(s->count[row] + (s->count[row] < UINT16_MAX));
    }
    return n;
}

/* Adds a block to the scores; share[row] becomes the row's part of the length-1 vector.
 */
static void
score_block(const struct model *m, struct model_scratch *s, size_t from, size_t to)
{
    float squares = 0;
    float power = m->header->tf;
    for (size_t i = from; i < to; i++) {
        uint32_t row = s->touched[i];
        float value = model_tf(s->count[row], power) * (float)m->idf[row] * (1.0F / 2048);
        s->share[row] = value;
        squares += value * value;
    }
    if (squares <= 0)
        return;
    float length = 1 / sqrtf(squares);
    uint32_t width = m->width;
    for (size_t i = from; i < to; i++) {
        uint32_t row = s->touched[i];
        float value = s->share[row] * length;
        s->share[row] = value;
        value *= scale_of(m, row);
        const int8_t *weight = m->weight + (size_t)row * width;
        for (uint32_t k = 0; k < width; k++)
            s->score[k] += value * (float)weight[k];
    }
}

/* Confidence of each label; the best and the second. */
static uint32_t
answer_labels(const struct model *m, struct model_scratch *s, struct model_answer *ret)
{
    uint32_t n = m->header->n_labels;
    if (n == 2) {
        s->score[1] = s->score[0];
        s->score[0] = 0;
    }
    uint32_t best = 0;
    uint32_t second = 1;
    for (uint32_t i = 0; i < n; i++) {
        s->score[i] = m->header->slope * s->score[i] + m->labels[i].offset;
        if (i == 0 || s->score[i] > s->score[best]) {
            second = i == 0 ? 1 : best;
            best = i;
        } else if (i == 1 || s->score[i] > s->score[second]) {
            second = i;
        }
    }
    float sum = 0;
    for (uint32_t i = 0; i < n; i++) {
        ret->probability[i] = expf(s->score[i] - s->score[best]);
        sum += ret->probability[i];
    }
    for (uint32_t i = 0; i < n; i++)
        ret->probability[i] /= sum;
    ret->label = best;
    ret->confidence = model_confidence(ret->probability[best], m->header->sure_slope,
                                       m->header->sure_offset);
    ret->sure = ret->confidence >= m->header->threshold;
    return second;
}

/* share[row]: what one occurrence adds to the best label over the second, as log-odds. */
static void
share_out(const struct model *m, struct model_scratch *s, size_t n, uint32_t best,
          uint32_t second)
{
    for (size_t i = 0; i < n; i++) {
        uint32_t row = s->touched[i];
        const int8_t *weight = m->weight + (size_t)row * m->width;
        int steps = m->width == 1 ? (best == 1 ? weight[0] : -weight[0])
                                  : weight[best] - weight[second];
        s->share[row] *=
            m->header->slope * scale_of(m, row) * (float)steps / (float)s->count[row];
    }
}

static bool
taken(const struct features_scratch *text, const struct features_gram *const *chosen,
      size_t n, const struct features_gram *gram)
{
    for (size_t i = 0; i < n; i++) {
        if (chosen[i]->hash == gram->hash)
            return true;
        /* Words within a chosen phrase say nothing more. */
        if (gram->token >= chosen[i]->token &&
            gram->token + gram->tokens <= chosen[i]->token + chosen[i]->tokens)
            return true;
    }
    return text->token[gram->token].kind == FEATURES_IS_IDEOGRAPH && gram->tokens == 1 &&
           text->n_token > 1;
}

static float
weight_of(const struct features_scratch *text, const struct model_scratch *s, size_t i)
{
    const struct features_gram *gram = &text->gram[i];
    uint32_t row = s->row[i];
    float times = row == NO_ROW ? 1 : (float)s->count[row];
    if (gram->tokens == 1)
        return times * s->word[gram->token];
    return row == NO_ROW ? 0 : times * s->share[row];
}

static void
give_reasons(const struct features_scratch *text, struct model_scratch *s,
             struct model_answer *ret)
{
    memset(s->word, 0, text->n_token * sizeof(s->word[0]));
    for (size_t i = 0; i < text->n_gram; i++)
        if (s->row[i] != NO_ROW && text->gram[i].tokens == 1)
            s->word[text->gram[i].token] += s->share[s->row[i]];

    const struct features_gram *chosen[MODEL_REASONS];
    ret->n_reasons = 0;
    while (ret->n_reasons < MODEL_REASONS) {
        size_t best = text->n_word_gram;
        float most = 0.005F; /* of a log-odds: below it is nothing to tell */
        for (size_t i = 0; i < text->n_word_gram; i++) {
            float weight = text->gram[i].negated ? 0 : weight_of(text, s, i);
            if (weight > most && !taken(text, chosen, ret->n_reasons, &text->gram[i])) {
                most = weight;
                best = i;
            }
        }
        if (best == text->n_word_gram)
            return;
        const struct features_gram *gram = &text->gram[best];
        chosen[ret->n_reasons] = gram;
        ret->reason[ret->n_reasons] = (struct model_reason){
            features_masked(text, gram->token, gram->tokens,
                            ret->reason_text[ret->n_reasons], MODEL_REASON_BYTES),
            most};
        ret->n_reasons++;
    }
}

void
model_classify(const struct model *model, const struct features_scratch *text,
               struct model_scratch *scratch, struct model_answer *ret)
{
    BUG_IF(scratch->max_rows < model->header->n_rows);
    memset(scratch->score, 0, model->width * sizeof(scratch->score[0]));
    size_t words = count_rows(model, text, 0, text->n_word_gram, scratch, 0);
    size_t n = count_rows(model, text, text->n_word_gram, text->n_gram, scratch, words);
    score_block(model, scratch, 0, words);
    score_block(model, scratch, words, n);
    uint32_t second = answer_labels(model, scratch, ret);
    share_out(model, scratch, n, ret->label, second);
    give_reasons(text, scratch, ret);
    for (size_t i = 0; i < n; i++)
        scratch->count[scratch->touched[i]] = 0;
}
