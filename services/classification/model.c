/* Scores and confidence of one document; its reasons are in model_explain.c, rows are
 * found in model_words.c, the file is in model_file.c. */
#include "classification/model.h"

#include <math.h>
#include "classification/model_weights.h"

float
model_tf(uint32_t n, float power)
{
    if (power > 0)
        return power == 1 || n == 1 ? (float)n : powf((float)n, power);
    static const float FIRST[] = {0,          1,          1.6931472F, 2.0986123F,
                                  2.3862944F, 2.6094379F, 2.7917595F, 2.9459101F};
    return n < COUNT_OF(FIRST) ? FIRST[n] : 1 + logf((float)n);
}

#define LEAST 1e-6F /* of a probability: what is nearer to 0 or 1 says nothing more */

float
model_spread(float best, float second)
{
    return fmaxf(0, logf(fmaxf(1 - best, LEAST) / fmaxf(second, LEAST)));
}

float
model_confidence(float best, float second, float slope, float spread, float offset)
{
    float p = fminf(fmaxf(best, LEAST), 1 - LEAST);
    float odds = slope * logf(p / (1 - p)) + spread * model_spread(best, second);
    return 1 / (1 + expf(-(odds + offset)));
}

/* N-grams of a text, at most: a word of n characters has fewer than 4 n of them. */
#define HITS ((size_t)FEATURES_LOOK * (FEATURES_GRAMS + 4))
/* Of words, with their marks and pairs. */
#define GRAMS ((size_t)FEATURES_LOOK * FEATURES_GRAMS)
#define WORDS ((size_t)FEATURES_LOOK / 2 + 1)
#define AHEAD 24 /* rows whose memory is asked for before they are read */

void
model_scratch_new(struct model_scratch *ret, uint32_t max_rows, struct arena *arena)
{
    *ret = (struct model_scratch){
        .max_rows = max_rows,
        .place = ARENA_ARRAY(arena, uint32_t, max_rows),
        .hit = ARENA_ARRAY(arena, struct model_hit, max_rows < HITS ? max_rows : HITS),
        .gram = ARENA_ARRAY(arena, uint32_t, GRAMS),
        .seen = ARENA_ARRAY(arena, uint32_t, (size_t)FEATURES_LOOK * 4),
        .end = ARENA_ARRAY(arena, uint32_t, WORDS),
        .own = ARENA_ARRAY(arena, uint32_t, WORDS),
        .word = ARENA_ARRAY(arena, float, FEATURES_LOOK + 1),
        .chars = ARENA_ARRAY(arena, float, WORDS),
        .weight = ARENA_ARRAY(arena, float, GRAMS),
        .maybe = ARENA_ARRAY(arena, uint32_t, GRAMS),
        .words = model_words_new(arena),
    };
}

/* Gives the row's number among the hits, from 1.  No branch: whether a row is new cannot
 * be foretold. */
static inline uint32_t
count_row(struct model_scratch *s, uint32_t row, uint32_t times, size_t *n_hit)
{
    uint32_t *place = &s->place[row];
    bool is_new = *place == 0;
    *n_hit += is_new;
    uint32_t at = is_new ? (uint32_t)*n_hit : *place;
    *place = at;
    s->hit[at - 1].row = row;
    s->hit[at - 1].count += times;
    return at;
}

static inline uint32_t
count_found(struct model_scratch *s, uint32_t row, uint32_t times, size_t *n_hit)
{
    return row == MODEL_NO_ROW ? 0 : count_row(s, row, times, n_hit);
}

struct batch {
    size_t n;
    uint32_t gram[MODEL_FIND];
    uint64_t hash[MODEL_FIND];
};

/* Looks n-grams up and counts their rows. */
static void
count_batch(const struct model *m, struct batch *batch, struct model_scratch *s,
            size_t *n_hit)
{
    uint32_t row[MODEL_FIND];
    model_find(m, batch->hash, batch->n, row);
    for (size_t i = 0; i < batch->n; i++)
        __builtin_prefetch(s->place + (row[i] == MODEL_NO_ROW ? 0 : row[i]));
    for (size_t i = 0; i < batch->n; i++)
        s->gram[batch->gram[i]] = count_found(s, row[i], 1, n_hit);
    batch->n = 0;
}

/* Counts the rows of grams [from, to); those of words alone are known. */
static void
count_grams(const struct model *m, const struct features_scratch *text, size_t from,
            size_t to, struct model_scratch *s, size_t *n_hit)
{
    struct batch batch;
    batch.n = 0;
    for (size_t i = from; i < to; i++) {
        const struct features_gram *gram = &text->gram[i];
        if (gram->word) {
            s->gram[i] = s->own[text->word_of[gram->token]];
            continue;
        }
        batch.gram[batch.n] = (uint32_t)i;
        batch.hash[batch.n++] = gram->hash;
        if (batch.n == MODEL_FIND)
            count_batch(m, &batch, s, n_hit);
    }
    count_batch(m, &batch, s, n_hit);
}

static void
count_chars(const struct features_scratch *text, uint32_t n_seen, struct model_scratch *s,
            size_t *n_hit)
{
    uint32_t at = 0;
    for (size_t i = 0; i < text->n_word; i++)
        for (; at < s->end[i]; at++) {
            if (at + AHEAD < n_seen)
                __builtin_prefetch(s->place + s->seen[at + AHEAD]);
            s->seen[at] = count_row(s, s->seen[at], text->word[i].times, n_hit);
        }
}

size_t
model_count(const struct model *m, const struct features_scratch *text,
            struct model_scratch *s, size_t *n_hit)
{
    *n_hit = 0;
    uint32_t n_seen = model_words_rows(s->words, m, text, s);
    for (size_t i = 0; i < text->n_word; i++)
        s->own[i] = count_found(s, s->own[i], text->word[i].times, n_hit);
    count_grams(m, text, 0, text->n_word_gram, s, n_hit);
    size_t n_words = *n_hit;
    count_grams(m, text, text->n_word_gram, text->n_gram, s, n_hit);
    count_chars(text, n_seen, s, n_hit);
    return n_words;
}

void
model_uncount(struct model_scratch *s, size_t n_hit)
{
    for (size_t i = 0; i < n_hit; i++)
        s->place[s->hit[i].row] = 0;
    memset(s->hit, 0, n_hit * sizeof(s->hit[0]));
}

/* Adds hits [from, to) to the scores as a vector of length 1, of which share becomes the
 * hit's part. */
static void
score_block(const struct model *m, struct model_scratch *s, size_t from, size_t to)
{
    _Alignas(16) float score[COUNT_OF(s->score)];
    float squares = 0;
    memset(score, 0, (m->width + 8) * sizeof(score[0]));
    for (size_t i = from; i < to; i++) {
        struct model_hit *hit = &s->hit[i];
        if (i + AHEAD < to)
            __builtin_prefetch(model_row(m, s->hit[i + AHEAD].row));
        const unsigned char *row = model_row(m, hit->row);
        const int8_t *weight = (const int8_t *)(row + 4);
        hit->share = model_count_tf(m, hit->count) * model_row_idf(row);
        squares += hit->share * hit->share;
        float value = hit->share * model_row_scale(row);
        model_add_weights(score, value, weight, m->width);
    }
    if (squares <= 0)
        return;
    float length = 1 / sqrtf(squares);
    for (uint32_t k = 0; k < m->width; k++)
        s->score[k] += length * score[k];
    for (size_t i = from; i < to; i++)
        s->hit[i].share *= length;
}

uint32_t
model_answer_labels(const struct model *m, struct model_scratch *s,
                    struct model_answer *ret)
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
    ret->confidence = model_confidence(ret->probability[best], ret->probability[second],
                                       m->header->sure_slope, m->header->sure_spread,
                                       m->header->sure_offset + m->labels[best].sure);
    ret->sure = ret->known && ret->confidence >= m->header->threshold;
    return second;
}

void
model_classify(const struct model *model, const struct features_scratch *text,
               struct model_scratch *scratch, struct model_answer *ret)
{
    BUG_IF(scratch->max_rows < model->header->n_rows);
    memset(scratch->score, 0, sizeof(scratch->score));
    size_t n;
    size_t words = model_count(model, text, scratch, &n);
    score_block(model, scratch, 0, words);
    score_block(model, scratch, words, n);
    ret->known = n > 0;
    uint32_t second = model_answer_labels(model, scratch, ret);
    ret->n_reasons = 0;
    if (!scratch->no_reasons)
        model_explain(model, text, scratch, n, ret->label, second, ret);
    model_uncount(scratch, n);
}
