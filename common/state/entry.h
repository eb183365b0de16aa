/* entry.h - one record of a store, and the two orders it stands in: by key (table.c) and
 * by due time (heap.c). Private to this room.
 *
 * A million records: every byte here is a megabyte, and every entry that need not be
 * touched is a cache miss saved; so cells and heap nodes carry what decides most
 * comparisons. Thread rule: as the store. */
#ifndef REDRESS_STATE_ENTRY_H
#define REDRESS_STATE_ENTRY_H

#include "base/base.h"

struct entry {
    char *value;
    int64_t due_ms;
    uint32_t heap_at; /* index in the heap + 1; 0: no timer                 */
    uint32_t value_len;
    uint16_t key_len;
    bool linked; /* in the table; not so once deleted                       */
    bool listed; /* inside store_each_change(): has been listed             */
    char key[];
};

static inline struct str
entry_key(const struct entry *entry)
{
    return (struct str){entry->key, entry->key_len};
}

/* --- by key: open addressing, the hash beside the pointer --- */

struct cell {
    struct entry *entry; /* NULL: free */
    uint32_t hash;
};

struct table {
    struct cell *cells;
    size_t room; /* a power of two, or 0 */
    size_t count;
    struct entry *last; /* found or added last: a record is loaded, then saved */
};

void table_release(struct table *table); /* the entries stay */
struct entry *table_find(struct table *table, struct str key);
/* The key must not be in it. */
void table_add(struct table *table, struct entry *entry);
void table_remove(struct table *table, struct entry *entry);

/* --- by (due, key): a binary heap --- */

struct node {
    int64_t due_ms;
    uint64_t
        key_start; /* first 8 bytes of the key, in an order that compares as they do */
    struct entry *entry;
};

struct heap {
    struct node *nodes;
    size_t len;
    size_t room;
};

void heap_release(struct heap *heap);
/* With the entry's due time, which must not change while it stands in the heap. */
void heap_add(struct heap *heap, struct entry *entry);
/* Many at once: fill in any order, then order. */
void heap_fill(struct heap *heap, struct entry *entry);
void heap_order(struct heap *heap);
void heap_remove(struct heap *heap, struct entry *entry);

#endif
