/* Models -> the nodes of a pool. */
#include "classification/model_pool.h"

#include <stdlib.h>

#define MOST_SLOTS (UINT64_C(1) << 22)
#define MOST_RECORDS (UINT32_C(1) << 24) /* 64 MiB */
#define TAGS_PAD 8                       /* tags are read in eights */
#define BUCKET 1024                      /* rows, as model_file.c has checked */

/* A row that stands in a bucket of the pool. */
struct standing {
    uint16_t tag;
    uint16_t model;
    uint32_t row;
};
struct builder {
    struct model_pool *pool;
    bool write; /* else it only counts */
    uint32_t bits;
    uint32_t first[MODEL_POOL]; /* of each model: number of its row 0 among all */
    uint32_t n_rows;
    uint32_t n_slots;
    uint32_t n_words; /* of records */
    uint32_t *node;   /* of a row that is a node's deepest: 1 + its number */
    uint32_t *nodes;  /* of a row that is a root: how many                 */
    uint32_t *root;   /* of a row that is a root of several: its number    */
    uint32_t n_roots;
    uint32_t *bucket;
    uint16_t *tag;
    uint32_t *alias;
    struct standing *list;
};

static uint32_t
bits_of(const struct builder *b, const struct standing *at)
{
    return b->pool->model[at->model]->header->bucket_bits;
}

static int
by_tag(const void *left, const void *right)
{
    const struct standing *l = left;
    const struct standing *r = right;
    if (l->tag != r->tag)
        return l->tag < r->tag ? -1 : 1;
    if (l->model != r->model)
        return l->model < r->model ? -1 : 1;
    return l->row < r->row ? -1 : l->row > r->row;
}

static size_t
rows_in(const struct builder *b, uint32_t bucket, struct standing *list)
{
    size_t n = 0;
    for (size_t i = 0; i < b->pool->n; i++) {
        const struct model *m = b->pool->model[i];
        const uint32_t *at = m->bucket + (bucket >> (b->bits - m->header->bucket_bits));
        for (uint32_t row = at[0]; row < at[1]; row++)
            list[n++] = (struct standing){m->tag[row], (uint16_t)i, row};
    }
    qsort(list, n, sizeof(*list), by_tag);
    return n;
}

/* Bytes before a record's rows. */
static size_t
head_bytes(const struct model_pool *pool)
{
    return (2 * sizeof(uint32_t) + pool->n * sizeof(uint16_t) + 3) / 4 * 4;
}

/* Returns the record's length in words. */
static uint32_t
put_record(struct builder *b, const struct standing *list, size_t n, uint32_t root)
{
    size_t len = head_bytes(b->pool);
    uint32_t *record = b->write ? b->pool->record + b->n_words : NULL;
    if (record)
        record[0] = root;
    for (size_t i = 0; i < n; i++) {
        const struct model *m = b->pool->model[list[i].model];
        if (record) {
            uint16_t offset = (uint16_t)len;
            record[1] |= UINT32_C(1) << list[i].model;
            memcpy((char *)(record + 2) + list[i].model * sizeof(offset), &offset,
                   sizeof(offset));
            memcpy((char *)record + len, model_row(m, list[i].row), m->row_bytes);
        }
        len += m->row_bytes;
    }
    return (uint32_t)((len + 3) / 4);
}
_Static_assert(8 + MODEL_POOL * (2 + 4 + MODEL_LABELS) < UINT16_MAX,
               "offsets within a record have 16 bits");

/* The node of rows of one tag that an n-gram finds together, one a model: the rows of the
 * largest directory that has one among them (the deepest) say which the others are. */
static uint32_t
node_of(struct builder *b, const struct standing *list, size_t n)
{
    const struct standing *deepest = list;
    const struct standing *root = list;
    for (size_t i = 1; i < n; i++) {
        if (bits_of(b, &list[i]) > bits_of(b, deepest))
            deepest = &list[i];
        if (bits_of(b, &list[i]) < bits_of(b, root))
            root = &list[i];
    }
    uint32_t *node = &b->node[b->first[deepest->model] + deepest->row];
    uint32_t at_root = b->first[root->model] + root->row;
    if (*node != 0)
        return *node - 1;
    *node = ++b->pool->n_nodes;
    uint32_t number = 0;
    if (!b->write)
        b->nodes[at_root]++;
    else if (b->nodes[at_root] > 1)
        number = b->root[at_root] ? b->root[at_root] : ++b->n_roots;
    b->root[at_root] = number;
    if (b->write)
        b->pool->at[*node - 1] = b->n_words;
    b->n_words += put_record(b, list, n, number);
    return *node - 1;
}

static void
put_bucket(struct builder *b, uint32_t bucket)
{
    struct standing *list = b->list;
    size_t n = rows_in(b, bucket, list);
    if (b->write)
        b->bucket[bucket] = b->n_slots;
    for (size_t from = 0; from < n;) {
        struct standing one[MODEL_POOL];
        size_t n_one = 1;
        uint16_t tag = list[from].tag;
        one[0] = list[from++];
        /* Of two rows of one bucket and tag a model finds the first. */
        for (; from < n && list[from].tag == tag; from++)
            if (one[n_one - 1].model != list[from].model)
                one[n_one++] = list[from];
        uint32_t node = node_of(b, one, n_one);
        if (b->write) {
            b->tag[b->n_slots] = tag;
            b->alias[b->n_slots] = node;
        }
        b->n_slots++;
    }
}

/* False: too large. */
static bool
pass(struct builder *b)
{
    b->pool->n_nodes = 0;
    b->n_slots = 0;
    b->n_words = 0;
    memset(b->node, 0, b->n_rows * sizeof(b->node[0]));
    for (uint32_t i = 0; i < UINT32_C(1) << b->bits; i++) {
        put_bucket(b, i);
        if (b->n_words > MOST_RECORDS)
            return false;
    }
    return true;
}

static const struct model_pool *
build(struct builder *b, struct arena *arena)
{
    struct model_pool *pool = b->pool;
    if (!pass(b))
        return NULL;
    pool->at = ARENA_ARRAY(arena, uint32_t, pool->n_nodes);
    pool->record = ARENA_ARRAY(arena, uint32_t, b->n_words + (size_t)TAGS_PAD);
    b->bucket = ARENA_ARRAY(arena, uint32_t, (UINT32_C(1) << b->bits) + (size_t)1);
    b->tag = ARENA_ARRAY(arena, uint16_t, b->n_slots + (size_t)TAGS_PAD);
    b->alias = ARENA_ARRAY(arena, uint32_t, b->n_slots);
    b->write = true;
    BUG_IF(!pass(b));
    b->bucket[UINT32_C(1) << b->bits] = b->n_slots;
    pool->header.bucket_bits = b->bits;
    pool->header.n_rows = pool->n_nodes;
    pool->index = (struct model){
        .header = &pool->header,
        .bucket = b->bucket,
        .tag = b->tag,
        .alias = b->alias,
    };
    return pool;
}

const struct model_pool *
model_pool_new(const struct model *const *model, size_t n, struct arena *arena)
{
    struct model_pool *pool = ARENA_NEW(arena, struct model_pool);
    struct builder b = {.pool = pool};
    uint64_t n_slots = 0;
    uint32_t score_at = 0;
    if (n < 2 || n > MODEL_POOL)
        return NULL;
    pool->n = n;
    for (size_t i = 0; i < n; i++)
        if (model[i]->header->bucket_bits > b.bits)
            b.bits = model[i]->header->bucket_bits;
    for (size_t i = 0; i < n; i++) {
        const struct model_header *h = model[i]->header;
        n_slots += (uint64_t)h->n_rows << (b.bits - h->bucket_bits);
        if (n_slots > MOST_SLOTS)
            return NULL;
        pool->model[i] = model[i];
        pool->header.checksum =
            (pool->header.checksum ^ h->checksum) * UINT64_C(0x9E3779B97F4A7C15);
        pool->score_at[i] = score_at;
        score_at += (model[i]->width + 8) / 8 * 8;
        b.first[i] = b.n_rows;
        b.n_rows += h->n_rows;
    }
    struct arena own;
    arena_init(&own, 0);
    b.node = ARENA_ARRAY(&own, uint32_t, b.n_rows);
    b.nodes = ARENA_ARRAY(&own, uint32_t, b.n_rows);
    b.root = ARENA_ARRAY(&own, uint32_t, b.n_rows);
    b.list = ARENA_ARRAY(&own, struct standing, BUCKET * n);
    const struct model_pool *ret = build(&b, arena);
    arena_release(&own);
    return ret;
}
