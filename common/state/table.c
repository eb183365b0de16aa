/* table.c - records by key: linear probing, deletion without gravestones. */
#include <stdlib.h>

#include "state/entry.h"

#define ROOM_FIRST 64

/* Keys hold hashes and ids already; this only has to spread them.  Eight bytes a step. */
static uint32_t
hash_of(struct str key)
{
    uint64_t hash = UINT64_C(0x9e3779b97f4a7c15) ^ key.len;
    for (size_t at = 0; at < key.len; at += 8) {
        uint64_t part = 0;
        memcpy(&part, key.ptr + at, key.len - at < 8 ? key.len - at : 8);
        hash = (hash ^ part) * UINT64_C(0xff51afd7ed558ccd);
        hash ^= hash >> 32;
    }
    return (uint32_t)(hash ^ (hash >> 29));
}

void
table_release(struct table *table)
{
    free(table->cells);
    *table = (struct table){0};
}

static void
place(struct table *table, struct cell cell)
{
    size_t at = cell.hash & (table->room - 1);
    while (table->cells[at].entry)
        at = (at + 1) & (table->room - 1);
    table->cells[at] = cell;
}

static void
grow(struct table *table)
{
    struct cell *old = table->cells;
    size_t old_room = table->room;
    table->room = old_room ? old_room * 2 : ROOM_FIRST;
    table->cells = calloc(table->room, sizeof(*table->cells));
    BUG_IF(!table->cells);
    for (size_t i = 0; i < old_room; i++) {
        if (old[i].entry)
            place(table, old[i]);
    }
    free(old);
}

struct entry *
table_find(struct table *table, struct str key)
{
    if (table->last && str_eq(entry_key(table->last), key))
        return table->last;
    if (table->count == 0)
        return NULL;
    uint32_t hash = hash_of(key);
    for (size_t at = hash & (table->room - 1); table->cells[at].entry;
         at = (at + 1) & (table->room - 1)) {
        const struct cell *cell = &table->cells[at];
        if (cell->hash == hash && str_eq(entry_key(cell->entry), key)) {
            table->last = cell->entry;
            return cell->entry;
        }
    }
    return NULL;
}

void
table_add(struct table *table, struct entry *entry)
{
    if (table->count + 1 > table->room / 3 * 2)
        grow(table);
    place(table, (struct cell){entry, hash_of(entry_key(entry))});
    table->count++;
    table->last = entry;
    entry->linked = true;
}

/* What stands behind the hole moves up, as far as its own place lets it. */
void
table_remove(struct table *table, struct entry *entry)
{
    size_t mask = table->room - 1;
    size_t hole = hash_of(entry_key(entry)) & mask;
    while (table->cells[hole].entry != entry) {
        BUG_IF(!table->cells[hole].entry);
        hole = (hole + 1) & mask;
    }
    for (size_t at = (hole + 1) & mask; table->cells[at].entry; at = (at + 1) & mask) {
        size_t home = table->cells[at].hash & mask;
        if (((at - home) & mask) < ((at - hole) & mask))
            continue; /* its place lies behind the hole */
        table->cells[hole] = table->cells[at];
        hole = at;
    }
    table->cells[hole].entry = NULL;
    table->count--;
    if (table->last == entry)
        table->last = NULL;
    entry->linked = false;
}
