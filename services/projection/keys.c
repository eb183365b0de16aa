#include "projection/keys.h"

void
keys_init(struct keys *keys, struct arena *arena, size_t max_rows)
{
    size_t slots = 16;

    while (slots < max_rows * 2)
        slots *= 2;
    keys->mask = slots - 1;
    keys->slots = ARENA_ARRAY(arena, uint32_t, slots);
    keys->keys = ARENA_ARRAY(arena, struct str, max_rows + 1);
    keys->n = 0;
    keys->max = max_rows;
}

/* FNV-1a.  A stranger cannot choose keys: they are salted hashes, or derive from them. */
static uint64_t
hash_of(struct str key)
{
    uint64_t hash = UINT64_C(14695981039346656037);

    for (size_t i = 0; i < key.len; i++)
        hash = (hash ^ (unsigned char)key.ptr[i]) * UINT64_C(1099511628211);
    return hash ^ hash >> 32;
}

size_t
keys_row(struct keys *keys, struct str key, bool *ret_new)
{
    for (size_t at = hash_of(key) & keys->mask;; at = (at + 1) & keys->mask) {
        uint32_t slot = keys->slots[at];
        if (slot == 0) {
            BUG_IF(keys->n >= keys->max);
            keys->slots[at] = (uint32_t)keys->n + 1;
            keys->keys[keys->n] = key;
            *ret_new = true;
            return keys->n++;
        }
        if (str_eq(keys->keys[slot - 1], key)) {
            *ret_new = false;
            return slot - 1;
        }
    }
}
