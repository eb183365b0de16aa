/* heap.c - timers in (due, key) order. */
#include <stdlib.h>

#include "state/entry.h"

/* Shorter keys are filled with zeros: equal starts are told apart by the whole key. */
static uint64_t
start_of(struct str key)
{
    uint64_t start = 0;
    for (size_t i = 0; i < 8; i++)
        start = start << 8 | (i < key.len ? (unsigned char)key.ptr[i] : 0);
    return start;
}

/* Ties by key: the order of firing must not depend on how the heap was built. */
static bool
earlier(const struct node *a, const struct node *b)
{
    if (a->due_ms != b->due_ms)
        return a->due_ms < b->due_ms;
    if (a->key_start != b->key_start)
        return a->key_start < b->key_start;
    return str_cmp(entry_key(a->entry), entry_key(b->entry)) < 0;
}

static void
set(struct heap *heap, size_t at, struct node node)
{
    heap->nodes[at] = node;
    node.entry->heap_at = (uint32_t)at + 1;
}

static void
up(struct heap *heap, size_t at)
{
    struct node node = heap->nodes[at];
    while (at > 0 && earlier(&node, &heap->nodes[(at - 1) / 2])) {
        set(heap, at, heap->nodes[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
    set(heap, at, node);
}

static void
down(struct heap *heap, size_t at)
{
    struct node node = heap->nodes[at];
    for (;;) {
        size_t child = 2 * at + 1;
        if (child >= heap->len)
            break;
        if (child + 1 < heap->len &&
            earlier(&heap->nodes[child + 1], &heap->nodes[child]))
            child++;
        if (!earlier(&heap->nodes[child], &node))
            break;
        set(heap, at, heap->nodes[child]);
        at = child;
    }
    set(heap, at, node);
}

void
heap_release(struct heap *heap)
{
    free(heap->nodes);
    *heap = (struct heap){0};
}

void
heap_fill(struct heap *heap, struct entry *entry)
{
    if (heap->len == heap->room) {
        heap->room = heap->room ? heap->room * 2 : 64;
        heap->nodes = realloc(heap->nodes, heap->room * sizeof(*heap->nodes));
        BUG_IF(!heap->nodes || heap->room > UINT32_MAX);
    }
    heap->nodes[heap->len++] =
        (struct node){entry->due_ms, start_of(entry_key(entry)), entry};
    entry->heap_at = (uint32_t)heap->len;
}

void
heap_order(struct heap *heap)
{
    for (size_t at = heap->len / 2; at > 0; at--)
        down(heap, at - 1);
}

void
heap_add(struct heap *heap, struct entry *entry)
{
    heap_fill(heap, entry);
    up(heap, heap->len - 1);
}

void
heap_remove(struct heap *heap, struct entry *entry)
{
    if (entry->heap_at == 0)
        return;
    size_t at = entry->heap_at - 1;
    entry->heap_at = 0;
    struct node last = heap->nodes[--heap->len];
    if (last.entry == entry)
        return;
    set(heap, at, last);
    up(heap, at);
    down(heap, last.entry->heap_at - 1);
}
