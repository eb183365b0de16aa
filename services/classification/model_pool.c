/* Scores of many models in one pass; nodes are made in model_pool_new.c. */
#include "classification/model_pool.h"

#include <math.h>

#include "classification/model_weights.h"

#define AHEAD 12 /* records whose memory is asked for before they are read */
#define SCORES ((size_t)MODEL_POOL * (MODEL_LABELS + 8))

static const uint32_t *
record_of(const struct model_pool *pool, uint32_t node)
{
    return pool->record + pool->at[node];
}

/* The row of a model in a record that has it. */
static const unsigned char *
row_in(const uint32_t *record, size_t model)
{
    uint16_t offset;
    memcpy(&offset, (const char *)(record + 2) + model * sizeof(offset), sizeof(offset));
    return (const unsigned char *)record + offset;
}

void
model_pool_text_new(struct model_pool_text *ret, uint32_t max_nodes, struct arena *arena)
{
    *ret = (struct model_pool_text){
        .root = ARENA_ARRAY(arena, uint32_t, max_nodes + (size_t)1),
        .score = ARENA_ARRAY(arena, float, FEATURES_BLOCKS *SCORES),
    };
}

void
model_pool_begin(const struct model_pool *pool, const struct features_scratch *text,
                 struct model_scratch *s, struct model_pool_text *state)
{
    BUG_IF(s->max_rows < pool->n_nodes || state->n_hit > 0);
    state->n_words = model_count(&pool->index, text, s, &state->n_hit);
    state->shares = false;
    state->known = 0;
    state->scored = 0;
    if (++state->round == 0) {
        memset(state->root, 0, ((size_t)s->max_rows + 1) * sizeof(state->root[0]));
        state->round = 1;
    }
    for (size_t i = 0; i < state->n_hit; i++) {
        if (i + AHEAD < state->n_hit)
            __builtin_prefetch(record_of(pool, s->hit[i + AHEAD].row));
        const uint32_t *record = record_of(pool, s->hit[i].row);
        uint32_t root = record[0];
        state->known |= record[1];
        if (root == 0)
            continue;
        state->shares = state->shares || state->root[root] == state->round;
        state->root[root] = state->round;
    }
}

static void
score_block(const struct model_pool *pool, uint32_t models, enum features_block block,
            size_t from, size_t to, const struct model_scratch *s,
            struct model_pool_text *state)
{
    float *score = state->score + block * SCORES;
    float *squares = state->squares[block];
    for (size_t i = from; i < to; i++) {
        if (i + AHEAD < to) {
            const uint32_t *ahead = record_of(pool, s->hit[i + AHEAD].row);
            __builtin_prefetch(ahead);
            __builtin_prefetch(ahead + 16);
            __builtin_prefetch(ahead + 32);
        }
        const uint32_t *record = record_of(pool, s->hit[i].row);
        for (uint32_t left = record[1] & models; left; left &= left - 1) {
            size_t k = (size_t)__builtin_ctz(left);
            const struct model *m = pool->model[k];
            const unsigned char *row = row_in(record, k);
            float share = model_count_tf(m, s->hit[i].count) * model_row_idf(row);
            squares[k] += share * share;
            model_add_weights(score + pool->score_at[k], share * model_row_scale(row),
                              (const int8_t *)(row + 4), m->width);
        }
    }
}

void
model_pool_score(const struct model_pool *pool, uint32_t models,
                 const struct model_scratch *s, struct model_pool_text *state)
{
    models &= ~state->scored;
    BUG_IF(state->shares);
    for (uint32_t left = models; left; left &= left - 1) {
        size_t k = (size_t)__builtin_ctz(left);
        for (size_t block = 0; block < FEATURES_BLOCKS; block++) {
            memset(state->score + block * SCORES + pool->score_at[k], 0,
                   (pool->model[k]->width + 8) * sizeof(float));
            state->squares[block][k] = 0;
        }
    }
    score_block(pool, models, FEATURES_WORDS, 0, state->n_words, s, state);
    score_block(pool, models, FEATURES_CHARS, state->n_words, state->n_hit, s, state);
    state->scored |= models;
}

uint32_t
model_pool_answer(const struct model_pool *pool, size_t i, struct model_scratch *s,
                  const struct model_pool_text *state, struct model_answer *ret)
{
    const struct model *m = pool->model[i];
    BUG_IF(!(state->scored & UINT32_C(1) << i));
    memset(s->score, 0, (m->width + 8) * sizeof(s->score[0]));
    for (size_t block = 0; block < FEATURES_BLOCKS; block++) {
        const float *score = state->score + block * SCORES + pool->score_at[i];
        if (state->squares[block][i] <= 0)
            continue;
        float length = 1 / sqrtf(state->squares[block][i]);
        for (uint32_t k = 0; k < m->width; k++)
            s->score[k] += length * score[k];
    }
    ret->known = state->known & UINT32_C(1) << i;
    ret->n_reasons = 0;
    return model_answer_labels(m, s, ret);
}

/* share and times of hits [from, to), as model_classify() makes them of model i; those
 * that it has not count nothing. */
static void
share_block(const struct model_pool *pool, size_t i, float squares, size_t from,
            size_t to, const struct model_answer *answer, uint32_t second,
            struct model_scratch *s)
{
    const struct model *m = pool->model[i];
    float length = squares > 0 ? 1 / sqrtf(squares) : 1;
    for (size_t k = from; k < to; k++) {
        struct model_hit *hit = &s->hit[k];
        const uint32_t *record = record_of(pool, hit->row);
        if (k + AHEAD < to)
            __builtin_prefetch(record_of(pool, s->hit[k + AHEAD].row));
        hit->share = 0;
        hit->times = 1;
        if (!(record[1] & UINT32_C(1) << i))
            continue;
        const unsigned char *row = row_in(record, i);
        hit->share = model_count_tf(m, hit->count) * model_row_idf(row) * length;
        model_share_out(m, row, answer->label, second, hit);
    }
}

void
model_pool_explain(const struct model_pool *pool, size_t i, uint32_t second,
                   const struct features_scratch *text, struct model_scratch *s,
                   const struct model_pool_text *state, struct model_answer *ret)
{
    share_block(pool, i, state->squares[FEATURES_WORDS][i], 0, state->n_words, ret,
                second, s);
    share_block(pool, i, state->squares[FEATURES_CHARS][i], state->n_words, state->n_hit,
                ret, second, s);
    model_tell(text, s, ret);
}

void
model_pool_end(struct model_scratch *s, struct model_pool_text *state)
{
    model_uncount(s, state->n_hit);
    state->n_hit = 0;
}
