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

/* Eight bytes at a time.  A stranger cannot choose keys: they are salted hashes, or
 * derive from them. */
uint64_t
keys_hash(struct str bytes)
{
    uint64_t hash = bytes.len + 1;
    uint64_t word;
    size_t i = 0;

    for (; i + 8 <= bytes.len; i += 8) {
        memcpy(&word, bytes.ptr + i, 8);
        hash = keys_mix(hash, word);
    }
    word = 0;
    if (i < bytes.len)
        memcpy(&word, bytes.ptr + i, bytes.len - i);
    hash = keys_mix(hash, word);
    return hash ^ hash >> 32;
}

size_t
keys_row(struct keys *keys, struct str key, bool *ret_new)
{
    for (size_t at = keys_hash(key) & keys->mask;; at = (at + 1) & keys->mask) {
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
