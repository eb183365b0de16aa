#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/times.h"

void
buf_init(struct buf *buf, size_t max_bytes)
{
    *buf = (struct buf){.max_bytes = max_bytes};
}

bool
buf_reserve(struct buf *buf, size_t more_bytes)
{
    size_t max = buf->max_bytes ? buf->max_bytes : BUF_MAX_DEFAULT;
    if (more_bytes > max || buf->len > max - more_bytes)
        return false;
    size_t need = buf->len + more_bytes;
    if (buf->ptr && need <= buf->room)
        return true;
    size_t room = buf->room ? buf->room : 256;
    while (room < need)
        room *= 2;
    char *ptr = realloc(buf->ptr, room + 1);
    BUG_IF(!ptr);
    ptr[buf->len] = '\0';
    buf->ptr = ptr;
    buf->room = room;
    return true;
}

bool
buf_add(struct buf *buf, const void *bytes, size_t len)
{
    if (!buf_reserve(buf, len))
        return false;
    if (len)
        memcpy(buf->ptr + buf->len, bytes, len);
    buf->len += len;
    buf->ptr[buf->len] = '\0';
    return true;
}

bool
buf_add_str(struct buf *buf, struct str s)
{
    return buf_add(buf, s.ptr, s.len);
}

bool
buf_add_c(struct buf *buf, const char *c_string)
{
    return buf_add(buf, c_string, strlen(c_string));
}

bool
buf_add_char(struct buf *buf, char c)
{
    return buf_add(buf, &c, 1);
}

bool
buf_printf(struct buf *buf, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    va_list again;
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    BUG_IF(n < 0);
    bool ok = buf_reserve(buf, (size_t)n);
    if (ok) {
        (void)vsnprintf(buf->ptr + buf->len, (size_t)n + 1, fmt, again);
        buf->len += (size_t)n;
    }
    va_end(again);
    return ok;
}

static bool
is_plain(unsigned char c)
{
    return c >= 0x20 && c != '"' && c != '\\' && c != 0x7f;
}

bool
buf_add_json(struct buf *buf, struct str s)
{
    static const char HEX[] = "0123456789abcdef";
    size_t start = buf->len;
    bool ok = buf_add_char(buf, '"');
    for (size_t i = 0; ok && i < s.len; i++) {
        size_t plain = i;
        while (i < s.len && is_plain((unsigned char)s.ptr[i]))
            i++;
        if (i > plain)
            ok = buf_add(buf, s.ptr + plain, i - plain);
        if (!ok || i == s.len)
            break;
        unsigned char c = (unsigned char)s.ptr[i];
        if (c == '"' || c == '\\') {
            char two[2] = {'\\', (char)c};
            ok = buf_add(buf, two, 2);
        } else if (c == '\n') {
            ok = buf_add(buf, "\\n", 2);
        } else if (c == '\t') {
            ok = buf_add(buf, "\\t", 2);
        } else {
            char six[6] = {'\\', 'u', '0', '0', HEX[c >> 4], HEX[c & 15]};
            ok = buf_add(buf, six, 6);
        }
    }
    ok = ok && buf_add_char(buf, '"');
    if (!ok && buf->ptr) {
        buf->len = start;
        buf->ptr[start] = '\0';
    }
    return ok;
}

bool
buf_add_member(struct buf *buf, const char *name, struct str value)
{
    if (str_is_null(value))
        return true;
    size_t start = buf->len;
    bool first = start == 0 || buf->ptr[start - 1] == '{';
    if (buf_printf(buf, "%s\"%s\":", first ? "" : ",", name) && buf_add_json(buf, value))
        return true;
    if (buf->ptr) {
        buf->len = start;
        buf->ptr[start] = '\0';
    }
    return false;
}

bool
buf_add_member_time(struct buf *buf, const char *name, int64_t ms)
{
    char text[TIME_TEXT_BYTES];
    if (ms == TIME_NONE)
        return true;
    return buf_add_member(buf, name, str_from(time_print(ms, text)));
}

void
buf_clear(struct buf *buf)
{
    buf->len = 0;
    if (buf->ptr)
        buf->ptr[0] = '\0';
}

void
buf_release(struct buf *buf)
{
    free(buf->ptr);
    *buf = (struct buf){.max_bytes = buf->max_bytes};
}
