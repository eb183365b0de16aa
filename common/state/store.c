#include "state/store.h"

#include <stdlib.h>

#include "base/times.h"
#include "state/entry.h"

#define KEY_MAX_BYTES 1024

enum undo_kind { UNDO_NEW, UNDO_CHANGED, UNDO_DUE, UNDO_DELETED };

/* The entry before the change. An old value moves here and back; nothing is copied. */
struct undo {
    enum undo_kind kind;
    struct entry *entry;
    char *value;
    uint32_t value_len;
    int64_t due_ms;
};

struct store {
    struct table *table; /* apart: looking up remembers what it found */
    struct heap heap;
    struct undo *undo;
    size_t undo_len;
    size_t undo_room;
    size_t bytes;
};

struct store *
store_new(void)
{
    struct store *store = calloc(1, sizeof(*store));
    BUG_IF(!store);
    store->table = calloc(1, sizeof(*store->table));
    BUG_IF(!store->table);
    return store;
}

static void
entry_free(struct entry *entry)
{
    free(entry->value);
    free(entry);
}

void
store_drop(struct store *store)
{
    if (!store)
        return;
    store_commit(store);
    for (size_t i = 0; i < store->table->room; i++) {
        if (store->table->cells[i].entry)
            entry_free(store->table->cells[i].entry);
    }
    table_release(store->table);
    free(store->table);
    heap_release(&store->heap);
    free(store->undo);
    free(store);
}

static void
set_due(struct store *store, struct entry *entry, int64_t due_ms)
{
    if (entry->due_ms == due_ms)
        return;
    heap_remove(&store->heap, entry);
    entry->due_ms = due_ms;
    if (due_ms != TIME_NONE)
        heap_add(&store->heap, entry);
}

/* --- records ------------------------------------------------------------------------ */

struct str
store_get(const struct store *store, struct str key)
{
    const struct entry *entry = table_find(store->table, key);
    return entry ? (struct str){entry->value, entry->value_len} : STR_NULL;
}

int64_t
store_due(const struct store *store, struct str key)
{
    const struct entry *entry = table_find(store->table, key);
    return entry ? entry->due_ms : TIME_NONE;
}

static void
remember(struct store *store, struct undo undo)
{
    if (store->undo_len == store->undo_room) {
        store->undo_room = store->undo_room ? store->undo_room * 2 : 256;
        store->undo = realloc(store->undo, store->undo_room * sizeof(*store->undo));
        BUG_IF(!store->undo);
    }
    store->undo[store->undo_len++] = undo;
}

static char *
copy_bytes(struct str value)
{
    char *copy = malloc(value.len ? value.len : 1);
    BUG_IF(!copy);
    if (value.len)
        memcpy(copy, value.ptr, value.len);
    return copy;
}

static void
link_entry(struct store *store, struct entry *entry)
{
    table_add(store->table, entry);
    store->bytes += entry->key_len + entry->value_len;
}

static void
unlink_entry(struct store *store, struct entry *entry)
{
    table_remove(store->table, entry);
    store->bytes -= entry->key_len + entry->value_len;
}

/* Takes the copy of the value over; without a timer, linked nowhere. */
static struct entry *
entry_new(struct str key, char *value, size_t value_len)
{
    struct entry *entry = calloc(1, sizeof(*entry) + key.len);
    BUG_IF(!entry);
    memcpy(entry->key, key.ptr, key.len);
    entry->key_len = (uint16_t)key.len;
    entry->value = value;
    entry->value_len = (uint32_t)value_len;
    entry->due_ms = TIME_NONE;
    return entry;
}

void
store_put(struct store *store, struct str key, struct str value, int64_t due_ms)
{
    BUG_IF(key.len == 0 || key.len > KEY_MAX_BYTES || value.len > INT32_MAX);
    char *copy = copy_bytes(value);
    struct entry *entry = table_find(store->table, key);
    if (entry) {
        remember(store, (struct undo){UNDO_CHANGED, entry, entry->value, entry->value_len,
                                      entry->due_ms});
        store->bytes += value.len;
        store->bytes -= entry->value_len;
        entry->value = copy;
        entry->value_len = (uint32_t)value.len;
        set_due(store, entry, due_ms);
        return;
    }
    entry = entry_new(key, copy, value.len);
    link_entry(store, entry);
    set_due(store, entry, due_ms);
    remember(store, (struct undo){.kind = UNDO_NEW, .entry = entry});
}

void
store_clear_due(struct store *store, struct str key)
{
    struct entry *entry = table_find(store->table, key);
    if (!entry || entry->due_ms == TIME_NONE)
        return;
    remember(store,
             (struct undo){.kind = UNDO_DUE, .entry = entry, .due_ms = entry->due_ms});
    set_due(store, entry, TIME_NONE);
}

void
store_delete(struct store *store, struct str key)
{
    struct entry *entry = table_find(store->table, key);
    if (!entry)
        return;
    remember(store, (struct undo){
                        .kind = UNDO_DELETED, .entry = entry, .due_ms = entry->due_ms});
    set_due(store, entry, TIME_NONE);
    unlink_entry(store, entry);
}

bool
store_next_due(const struct store *store, int64_t now_ms, struct str *ret_key,
               int64_t *ret_due_ms)
{
    const struct heap *heap = &store->heap;
    if (heap->len == 0 || heap->nodes[0].due_ms > now_ms)
        return false;
    *ret_key = entry_key(heap->nodes[0].entry);
    *ret_due_ms = heap->nodes[0].due_ms;
    return true;
}

int64_t
store_first_due(const struct store *store)
{
    return store->heap.len ? store->heap.nodes[0].due_ms : TIME_NONE;
}

/* --- restoring ---------------------------------------------------------------------- */

void
store_restore(struct store *store, struct str key, struct str value, int64_t due_ms)
{
    BUG_IF(key.len == 0 || key.len > KEY_MAX_BYTES || value.len > INT32_MAX);
    BUG_IF(store->undo_len > 0 || store->heap.len > 0);
    struct entry *entry = table_find(store->table, key);
    if (entry && str_is_null(value)) {
        unlink_entry(store, entry);
        entry_free(entry);
    }
    if (str_is_null(value))
        return;
    if (!entry) {
        entry = entry_new(key, copy_bytes(value), value.len);
        link_entry(store, entry);
    } else if (entry->value_len == value.len) {
        memcpy(entry->value, value.ptr, value.len);
    } else {
        store->bytes += value.len;
        store->bytes -= entry->value_len;
        free(entry->value);
        entry->value = copy_bytes(value);
        entry->value_len = (uint32_t)value.len;
    }
    entry->due_ms = due_ms;
}

void
store_restored(struct store *store)
{
    if (store->heap.len > 0)
        return;
    for (size_t i = 0; i < store->table->room; i++) {
        struct entry *entry = store->table->cells[i].entry;
        if (entry && entry->due_ms != TIME_NONE)
            heap_fill(&store->heap, entry);
    }
    heap_order(&store->heap);
}

/* --- undo --------------------------------------------------------------------------- */

size_t
store_mark(const struct store *store)
{
    return store->undo_len;
}

void
store_rollback_to(struct store *store, size_t mark)
{
    BUG_IF(mark > store->undo_len);
    while (store->undo_len > mark) {
        struct undo *undo = &store->undo[--store->undo_len];
        struct entry *entry = undo->entry;
        switch (undo->kind) {
        case UNDO_NEW:
            set_due(store, entry, TIME_NONE);
            unlink_entry(store, entry);
            entry_free(entry);
            break;
        case UNDO_CHANGED:
            store->bytes += undo->value_len;
            store->bytes -= entry->value_len;
            free(entry->value);
            entry->value = undo->value;
            entry->value_len = undo->value_len;
            set_due(store, entry, undo->due_ms);
            break;
        case UNDO_DUE:
            set_due(store, entry, undo->due_ms);
            break;
        case UNDO_DELETED:
            link_entry(store, entry);
            set_due(store, entry, undo->due_ms);
            break;
        }
    }
}

void
store_commit(struct store *store)
{
    for (size_t i = 0; i < store->undo_len; i++) {
        struct undo *undo = &store->undo[i];
        if (undo->kind == UNDO_CHANGED)
            free(undo->value);
    }
    /* A deleted entry may stand in earlier undo records: freed after all were seen. */
    for (size_t i = 0; i < store->undo_len; i++)
        if (store->undo[i].kind == UNDO_DELETED)
            entry_free(store->undo[i].entry);
    store->undo_len = 0;
}

/* --- listings ----------------------------------------------------------------------- */

void
store_each_change(struct store *store,
                  void (*fn)(void *ctx, struct str key, struct str value, int64_t due_ms),
                  void *ctx)
{
    for (size_t i = 0; i < store->undo_len; i++) {
        struct entry *entry = store->undo[i].entry;
        /* A key that was deleted and put again is another entry now. */
        struct entry *now =
            entry->linked ? entry : table_find(store->table, entry_key(entry));
        if (now && !now->listed) {
            now->listed = true;
            fn(ctx, entry_key(now), (struct str){now->value, now->value_len},
               now->due_ms);
        } else if (!now && store->undo[i].kind == UNDO_DELETED && !entry->listed) {
            entry->listed = true;
            fn(ctx, entry_key(entry), STR_NULL, TIME_NONE);
        }
    }
    for (size_t i = 0; i < store->undo_len; i++)
        store->undo[i].entry->listed = false;
}

static int
by_key(const void *a, const void *b)
{
    const struct entry *const *left = a;
    const struct entry *const *right = b;
    return str_cmp(entry_key(*left), entry_key(*right));
}

void
store_each(const struct store *store, bool sorted,
           void (*fn)(void *ctx, struct str key, struct str value, int64_t due_ms),
           void *ctx)
{
    size_t count = store_count(store);
    if (count == 0)
        return;
    const struct entry **list = malloc(count * sizeof(const struct entry *));
    BUG_IF(!list);
    size_t n = 0;
    for (size_t i = 0; i < store->table->room; i++) {
        if (store->table->cells[i].entry)
            list[n++] = store->table->cells[i].entry;
    }
    if (sorted)
        qsort(list, n, sizeof(const struct entry *), by_key);
    for (size_t i = 0; i < n; i++)
        fn(ctx, entry_key(list[i]), (struct str){list[i]->value, list[i]->value_len},
           list[i]->due_ms);
    free(list);
}

size_t
store_count(const struct store *store)
{
    return store->table->count;
}

size_t
store_timers(const struct store *store)
{
    return store->heap.len;
}

size_t
store_bytes(const struct store *store)
{
    return store->bytes;
}
