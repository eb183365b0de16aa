#include "state/store.h"

#include <stdlib.h>

#include <uthash.h>

#include "base/times.h"

/* uthash lets chains grow to 10 before it makes more buckets; each step of a chain is a
 * cache miss.  Shorter chains: a quarter less per look-up for 30 bytes more a record. */
#undef HASH_BKT_CAPACITY_THRESH
#define HASH_BKT_CAPACITY_THRESH 6U

#define KEY_MAX_BYTES 1024

struct entry {
    UT_hash_handle hh;
    char *value;
    int64_t due_ms;
    size_t heap_at; /* index in the heap + 1; 0: no timer */
    uint32_t value_len;
    uint32_t key_len;
    uint64_t listed; /* store_each_change() run that has listed it */
    char key[];
};

enum undo_kind { UNDO_NEW, UNDO_CHANGED, UNDO_DELETED };

/* The entry before the change. An old value moves here and back; nothing is copied. */
struct undo {
    enum undo_kind kind;
    struct entry *entry;
    char *value;
    uint32_t value_len;
    int64_t due_ms;
};

struct store {
    struct entry *table;
    struct entry **heap; /* binary heap by (due, key) */
    size_t heap_len;
    size_t heap_room;
    struct undo *undo;
    size_t undo_len;
    size_t undo_room;
    size_t bytes;
    uint64_t runs; /* of store_each_change() */
};

struct store *
store_new(void)
{
    struct store *store = calloc(1, sizeof(*store));
    BUG_IF(!store);
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
    struct entry *entry = store->table;
    HASH_CLEAR(hh, store->table); /* the buckets; the entries stay chained */
    while (entry) {
        struct entry *next = entry->hh.next;
        entry_free(entry);
        entry = next;
    }
    free(store->heap);
    free(store->undo);
    free(store);
}

/* --- the timer heap ----------------------------------------------------------------- */

static struct str
entry_key(const struct entry *entry)
{
    return (struct str){entry->key, entry->key_len};
}

/* Ties by key: the order of firing must not depend on how the heap was built. */
static bool
earlier(const struct entry *a, const struct entry *b)
{
    if (a->due_ms != b->due_ms)
        return a->due_ms < b->due_ms;
    return str_cmp(entry_key(a), entry_key(b)) < 0;
}

static void
heap_set(struct store *store, size_t at, struct entry *entry)
{
    store->heap[at] = entry;
    entry->heap_at = at + 1;
}

static void
heap_up(struct store *store, size_t at)
{
    struct entry *entry = store->heap[at];
    while (at > 0 && earlier(entry, store->heap[(at - 1) / 2])) {
        heap_set(store, at, store->heap[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
    heap_set(store, at, entry);
}

static void
heap_down(struct store *store, size_t at)
{
    struct entry *entry = store->heap[at];
    for (;;) {
        size_t child = 2 * at + 1;
        if (child >= store->heap_len)
            break;
        if (child + 1 < store->heap_len &&
            earlier(store->heap[child + 1], store->heap[child]))
            child++;
        if (!earlier(store->heap[child], entry))
            break;
        heap_set(store, at, store->heap[child]);
        at = child;
    }
    heap_set(store, at, entry);
}

static void
heap_remove(struct store *store, struct entry *entry)
{
    if (entry->heap_at == 0)
        return;
    size_t at = entry->heap_at - 1;
    entry->heap_at = 0;
    struct entry *last = store->heap[--store->heap_len];
    if (last == entry)
        return;
    heap_set(store, at, last);
    heap_up(store, at);
    heap_down(store, last->heap_at - 1);
}

static void
set_due(struct store *store, struct entry *entry, int64_t due_ms)
{
    if (entry->due_ms == due_ms)
        return;
    heap_remove(store, entry);
    entry->due_ms = due_ms;
    if (due_ms == TIME_NONE)
        return;
    if (store->heap_len == store->heap_room) {
        store->heap_room = store->heap_room ? store->heap_room * 2 : 64;
        store->heap = realloc(store->heap, store->heap_room * sizeof(struct entry *));
        BUG_IF(!store->heap);
    }
    store->heap[store->heap_len++] = entry;
    heap_up(store, store->heap_len - 1);
}

/* --- records ------------------------------------------------------------------------ */

static struct entry *
find(const struct store *store, struct str key)
{
    struct entry *entry = NULL;
    HASH_FIND(hh, store->table, key.ptr, key.len, entry);
    return entry;
}

struct str
store_get(const struct store *store, struct str key)
{
    const struct entry *entry = find(store, key);
    return entry ? (struct str){entry->value, entry->value_len} : STR_NULL;
}

int64_t
store_due(const struct store *store, struct str key)
{
    const struct entry *entry = find(store, key);
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
    HASH_ADD(hh, store->table, key, entry->key_len, entry);
    store->bytes += entry->key_len + entry->value_len;
}

static void
unlink_entry(struct store *store, struct entry *entry)
{
    HASH_DEL(store->table, entry);
    store->bytes -= entry->key_len + entry->value_len;
}

void
store_put(struct store *store, struct str key, struct str value, int64_t due_ms)
{
    BUG_IF(key.len == 0 || key.len > KEY_MAX_BYTES || value.len > INT32_MAX);
    char *copy = copy_bytes(value);
    struct entry *entry = find(store, key);
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
    entry = calloc(1, sizeof(*entry) + key.len);
    BUG_IF(!entry);
    memcpy(entry->key, key.ptr, key.len);
    entry->key_len = (uint32_t)key.len;
    entry->value = copy;
    entry->value_len = (uint32_t)value.len;
    entry->due_ms = TIME_NONE;
    link_entry(store, entry);
    set_due(store, entry, due_ms);
    remember(store, (struct undo){.kind = UNDO_NEW, .entry = entry});
}

void
store_clear_due(struct store *store, struct str key)
{
    struct entry *entry = find(store, key);
    if (entry && entry->due_ms != TIME_NONE)
        store_put(store, key, (struct str){entry->value, entry->value_len}, TIME_NONE);
}

void
store_delete(struct store *store, struct str key)
{
    struct entry *entry = find(store, key);
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
    if (store->heap_len == 0 || store->heap[0]->due_ms > now_ms)
        return false;
    *ret_key = entry_key(store->heap[0]);
    *ret_due_ms = store->heap[0]->due_ms;
    return true;
}

int64_t
store_first_due(const struct store *store)
{
    return store->heap_len ? store->heap[0]->due_ms : TIME_NONE;
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
    uint64_t run = ++store->runs;
    for (size_t i = 0; i < store->undo_len; i++) {
        const struct undo *undo = &store->undo[i];
        struct str key = entry_key(undo->entry);
        struct entry *now = find(store, key);
        if (now && now->listed != run) {
            now->listed = run;
            fn(ctx, key, (struct str){now->value, now->value_len}, now->due_ms);
        } else if (!now && undo->kind == UNDO_DELETED && undo->entry->listed != run) {
            undo->entry->listed = run;
            fn(ctx, key, STR_NULL, TIME_NONE);
        }
    }
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
    for (const struct entry *entry = store->table; entry; entry = entry->hh.next)
        list[n++] = entry;
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
    return HASH_COUNT(store->table);
}

size_t
store_timers(const struct store *store)
{
    return store->heap_len;
}

size_t
store_bytes(const struct store *store)
{
    return store->bytes;
}
