/* keys.h - which row has this key: a hash table that lives as long as a batch's arena.
 *
 * Rows are numbered in the order in which their keys first came; nothing ever depends on
 * the order of hashes.  Pure. */
#ifndef REDRESS_PROJECTION_KEYS_H
#define REDRESS_PROJECTION_KEYS_H

#include "base/arena.h"
#include "base/base.h"

struct keys {
    size_t mask;      /* slots - 1           */
    uint32_t *slots;  /* row + 1; 0 is free  */
    struct str *keys; /* of the rows, by row */
    size_t n, max;
};

/* 64 bits of anything; not for what strangers can choose. */
uint64_t keys_hash(struct str bytes);
/* Order matters. */
static inline uint64_t
keys_mix(uint64_t hash, uint64_t more)
{
    hash = (hash ^ more) * UINT64_C(0x9e3779b97f4a7c15);
    return hash ^ hash >> 29;
}

void keys_init(struct keys *keys, struct arena *arena, size_t max_rows);
/* The row of key, whose bytes must live as long as the table; *ret_new: it was added. */
size_t keys_row(struct keys *keys, struct str key, bool *ret_new);

#endif
