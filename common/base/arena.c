#include "base/arena.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

struct arena_block {
    struct arena_block *older;
    size_t size_bytes; /* of data[] */
    size_t used_bytes;
    alignas(16) char data[];
};

#define BLOCK_BYTES ((size_t)64 * 1024)

void
arena_init(struct arena *arena, size_t cap_bytes)
{
    *arena = (struct arena){.cap_bytes = cap_bytes};
}

static struct arena_block *
block_new(size_t size_bytes, struct arena_block *older)
{
    struct arena_block *block = malloc(sizeof(*block) + size_bytes);
    BUG_IF(!block);
    block->older = older;
    block->size_bytes = size_bytes;
    block->used_bytes = 0;
    return block;
}

void *
arena_alloc(struct arena *arena, size_t size_bytes)
{
    size_t cap = arena->cap_bytes ? arena->cap_bytes : ARENA_CAP_DEFAULT;
    BUG_IF(size_bytes > cap);
    size_t need = (size_bytes + 15) & ~(size_t)15;
    BUG_IF(arena->used_bytes + need > cap);

    struct arena_block *block = arena->block;
    if (!block || block->size_bytes - block->used_bytes < need) {
        /* Blocks double with use, so a large batch costs few mallocs. */
        size_t size = arena->used_bytes > BLOCK_BYTES ? arena->used_bytes : BLOCK_BYTES;
        block = block_new(need > size ? need : size, block);
        arena->block = block;
    }
    char *at = block->data + block->used_bytes;
    block->used_bytes += need;
    arena->used_bytes += need;
    memset(at, 0, size_bytes);
    return at;
}

void *
arena_array(struct arena *arena, size_t count, size_t item_bytes)
{
    BUG_IF(item_bytes != 0 && count > SIZE_MAX / item_bytes);
    return arena_alloc(arena, count * item_bytes);
}

struct str
arena_str(struct arena *arena, struct str s)
{
    if (str_is_null(s))
        return s;
    char *copy = arena_alloc(arena, s.len + 1);
    if (s.len)
        memcpy(copy, s.ptr, s.len);
    return (struct str){copy, s.len};
}

struct str
arena_lower(struct arena *arena, struct str s)
{
    if (str_is_null(s))
        return s;
    char *copy = arena_alloc(arena, s.len + 1);
    for (size_t i = 0; i < s.len; i++)
        copy[i] = ascii_lower(s.ptr[i]);
    return (struct str){copy, s.len};
}

struct str
arena_printf(struct arena *arena, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    va_list again;
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    BUG_IF(n < 0);
    char *at = arena_alloc(arena, (size_t)n + 1);
    (void)vsnprintf(at, (size_t)n + 1, fmt, again);
    va_end(again);
    return (struct str){at, (size_t)n};
}

void
arena_clear(struct arena *arena)
{
    struct arena_block *block = arena->block;
    if (!block)
        return;
    /* The newest block is the largest: keep that one, unless one huge event made it. */
    struct arena_block *older = block->older;
    while (older) {
        struct arena_block *next = older->older;
        free(older);
        older = next;
    }
    block->older = NULL;
    block->used_bytes = 0;
    arena->used_bytes = 0;
    size_t keep = arena->keep_bytes ? arena->keep_bytes : 64 * BLOCK_BYTES;
    if (block->size_bytes > keep) {
        free(block);
        arena->block = NULL;
    }
}

void
arena_release(struct arena *arena)
{
    for (struct arena_block *block = arena->block; block;) {
        struct arena_block *older = block->older;
        free(block);
        block = older;
    }
    *arena =
        (struct arena){.cap_bytes = arena->cap_bytes, .keep_bytes = arena->keep_bytes};
}
