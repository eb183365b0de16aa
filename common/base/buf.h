/* buf.h - a growable byte buffer with a maximum (curl's dynbuf habit).
 *
 * Invariant: ptr[len] == '\0' whenever ptr is not NULL, so it prints as a C string.
 * Append functions return false when the maximum would be passed, and then change
 * nothing; memory that runs out is a BUG. */
#ifndef REDRESS_BUF_H
#define REDRESS_BUF_H

#include "base/base.h"

struct buf {
    char *ptr;
    size_t len;
    size_t room;      /* allocated, without the NUL       */
    size_t max_bytes; /* 0: BUF_MAX_DEFAULT               */
};

#define BUF_MAX_DEFAULT ((size_t)64 * 1024 * 1024)

void buf_init(struct buf *buf, size_t max_bytes);
/* Makes room for more_bytes behind len; false above the maximum. */
MUST_CHECK bool buf_reserve(struct buf *buf, size_t more_bytes);
bool buf_add(struct buf *buf, const void *bytes, size_t len);
bool buf_add_str(struct buf *buf, struct str s);
bool buf_add_c(struct buf *buf, const char *c_string);
bool buf_add_char(struct buf *buf, char c);
bool buf_printf(struct buf *buf, const char *fmt, ...) PRINTF(2, 3);
/* As a quoted JSON string: escapes control characters, quotes and backslash. */
bool buf_add_json(struct buf *buf, struct str s);
/* A member of the JSON object being written, with a comma where it needs one; a null
 * value leaves it out.  name needs no escapes. */
bool buf_add_member(struct buf *buf, const char *name, struct str value);
/* The same for a point in time (times.h); TIME_NONE leaves it out. */
bool buf_add_member_time(struct buf *buf, const char *name, int64_t ms);
static inline struct str
buf_str(const struct buf *buf)
{
    return (struct str){buf->ptr ? buf->ptr : "", buf->len};
}
/* len = 0, memory kept. */
void buf_clear(struct buf *buf);
/* Frees; usable again.  Takes a zeroed buffer. */
void buf_release(struct buf *buf);

#endif
