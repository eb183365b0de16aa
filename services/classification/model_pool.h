/* model_pool.h - several models that are asked about the same text: its n-grams are
 * looked up and counted once for all of them.  Answers are those of model_classify() to
 * the bit.
 *
 * A node is what one n-gram finds: the rows of all models that have it, side by side in a
 * record.  The directory has as many buckets as the largest model's; a row of a smaller
 * directory stands in each bucket that its own was split into, so an n-gram finds in each
 * model the row that model_find() finds there, those 4 in 65,536 too.  Nodes of one root
 * share a row: a text with two of them (of our 3,243 examples none) is asked about model
 * by model.
 * Invariant: scores add the same numbers in the same order as model_classify().
 * Thread rule: const once made; a scratch and a text belong to one thread. */
#ifndef REDRESS_CLASSIFICATION_MODEL_POOL_H
#define REDRESS_CLASSIFICATION_MODEL_POOL_H

#include "classification/model.h"

#define MODEL_POOL 32

struct model_pool {
    struct model index; /* its rows are nodes; no weights */
    struct model_header header;
    const struct model *model[MODEL_POOL];
    uint32_t score_at[MODEL_POOL]; /* in the scores of a text */
    size_t n;
    uint32_t n_nodes;
    uint32_t *at; /* of a node: in record */
    /* root (0: shares no row), bits of the models that have it, 16-bit offsets of their
     * rows in it, the rows */
    uint32_t *record;
};

/* What the pool counted in a text. */
struct model_pool_text {
    size_t n_hit, n_words;
    bool shares;     /* two hits share a row: ask model_classify() */
    uint32_t known;  /* bits of the models that have something of it */
    uint32_t scored; /* bits of the models that have scores       */
    uint32_t round;  /* number of the text                        */
    uint32_t *root;  /* of a root: the latest text that has it    */
    float *score;    /* of both blocks, all models                */
    float squares[FEATURES_BLOCKS][MODEL_POOL];
};

/* Of models that stay open as long as the pool; lives in the arena.  NULL: too large, or
 * nothing to share. */
const struct model_pool *model_pool_new(const struct model *const *model, size_t n,
                                        struct arena *arena);
/* For pools of up to max_nodes. */
void model_pool_text_new(struct model_pool_text *ret, uint32_t max_nodes,
                         struct arena *arena);
/* Counts what features_read() left; the scratch is the pool's until model_pool_end(). */
void model_pool_begin(const struct model_pool *pool, const struct features_scratch *text,
                      struct model_scratch *scratch, struct model_pool_text *state);
/* Scores of these models, those that have none yet; not if state->shares. */
void model_pool_score(const struct model_pool *pool, uint32_t models,
                      const struct model_scratch *scratch, struct model_pool_text *state);
/* The answer of model i, scored before, without reasons. Gives the second label. */
uint32_t model_pool_answer(const struct model_pool *pool, size_t i,
                           struct model_scratch *scratch,
                           const struct model_pool_text *state, struct model_answer *ret);
/* Its reasons. */
void model_pool_explain(const struct model_pool *pool, size_t i, uint32_t second,
                        const struct features_scratch *text,
                        struct model_scratch *scratch,
                        const struct model_pool_text *state, struct model_answer *ret);
void model_pool_end(struct model_scratch *scratch, struct model_pool_text *state);

#endif
