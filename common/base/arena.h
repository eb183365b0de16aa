/* arena.h - batch memory: bump allocation, freed all at once.
 *
 * Lives as long as a batch (or an event); arena_clear() keeps the first block for the
 * next.  An allocation never fails half-way: above the cap it is a BUG for the caller
 * to have asked, so callers check sizes of what strangers send before they allocate.
 * Thread rule: one arena, one thread. */
#ifndef REDRESS_ARENA_H
#define REDRESS_ARENA_H

#include "base/base.h"

struct arena_block;

struct arena {
    struct arena_block *block; /* newest first; NULL before the first allocation */
    size_t used_bytes;         /* in all blocks since the last clear             */
    size_t cap_bytes;          /* 0: ARENA_CAP_DEFAULT                           */
    size_t keep_bytes;         /* arena_clear() frees a larger block; 0: 4 MiB   */
};

#define ARENA_CAP_DEFAULT ((size_t)512 * 1024 * 1024)

/* All zero is a valid empty arena. */
void arena_init(struct arena *arena, size_t cap_bytes);
/* 16-byte aligned, zeroed; valid until arena_clear(). Never NULL, aborts above the cap.
 */
void *arena_alloc(struct arena *arena, size_t size_bytes);
#define ARENA_NEW(arena, type) ((type *)arena_alloc((arena), sizeof(type)))
#define ARENA_ARRAY(arena, type, count)                                                  \
    ((type *)arena_array((arena), (count), sizeof(type)))
void *arena_array(struct arena *arena, size_t count, size_t item_bytes);
/* A copy that is also NUL-terminated (the NUL is not counted). Null stays null. */
struct str arena_str(struct arena *arena, struct str s);
/* A copy with its ASCII letters in lower case; other bytes as they are. */
struct str arena_lower(struct arena *arena, struct str s);
/* Formats into the arena; NUL-terminated. */
struct str arena_printf(struct arena *arena, const char *fmt, ...) PRINTF(2, 3);
/* Forgets everything; keeps one block to use again. */
void arena_clear(struct arena *arena);
/* Frees everything; the arena is as new. */
void arena_release(struct arena *arena);

#endif
