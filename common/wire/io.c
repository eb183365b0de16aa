#include "wire/io.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- errors ---- */

bool
wire_bad(struct err *err, const char *what)
{
    return err_dead(err, DEAD_BAD_SCHEMA, NULL, "%s", what);
}

bool
wire_at(struct err *err, const char *field)
{
    char path[sizeof(err->path)];
    const char *dot = err->path[0] == '\0' || err->path[0] == '[' ? "" : ".";
    int n = snprintf(path, sizeof(path), "%s%s%.100s", field, dot, err->path);
    if (n > 0)
        memcpy(err->path, path, sizeof(path));
    return false;
}

bool
wire_at_item(struct err *err, size_t i)
{
    char item[32];
    (void)snprintf(item, sizeof(item), "[%zu]", i);
    return wire_at(err, item);
}

/* ---- reading ---- */

void
wire_in_init(struct wire_in *in, struct str body, struct arena *arena, struct err *err)
{
    static const unsigned char NOTHING[1];
    in->at = body.ptr ? (const unsigned char *)body.ptr : NOTHING;
    in->end = in->at + (body.ptr ? body.len : 0);
    in->arena = arena;
    in->err = err;
}

bool
wire_in_end(const struct wire_in *in)
{
    return in->at == in->end || wire_bad(in->err, "bytes are left after the record");
}

static size_t
left(const struct wire_in *in)
{
    return (size_t)(in->end - in->at);
}

bool
wire_get_long_slow(struct wire_in *in, int64_t *ret)
{
    uint64_t n = 0;
    const unsigned char *at = in->at;
    for (unsigned shift = 0; shift < 7 * WIRE_VARINT_BYTES; shift += 7) {
        if (at == in->end)
            return wire_bad(in->err, "cut inside a number");
        unsigned char byte = *at++;
        /* The tenth byte has room for the top bit only. */
        if (shift == 63 && byte > 1)
            return wire_bad(in->err, "number above 64 bits");
        n |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) {
            in->at = at;
            *ret = wire_zigzag_decode(n);
            return true;
        }
    }
    return wire_bad(in->err, "number longer than 10 bytes");
}

bool
wire_get_int(struct wire_in *in, int32_t *ret)
{
    int64_t value;
    if (!wire_get_long(in, &value))
        return false;
    if (value < INT32_MIN || value > INT32_MAX)
        return wire_bad(in->err, "int above 32 bits");
    *ret = (int32_t)value;
    return true;
}

bool
wire_get_bool(struct wire_in *in, bool *ret)
{
    if (in->at == in->end)
        return wire_bad(in->err, "cut before a boolean");
    if (*in->at > 1)
        return wire_bad(in->err, "boolean is neither 0 nor 1");
    *ret = *in->at++ == 1;
    return true;
}

/* IEEE 754, little endian on the wire; built from bytes, so any host order will do. */
static uint64_t
get_le(struct wire_in *in, size_t n_bytes)
{
    uint64_t bits = 0;
    for (size_t i = 0; i < n_bytes; i++)
        bits |= (uint64_t)in->at[i] << (8 * i);
    in->at += n_bytes;
    return bits;
}

bool
wire_get_float(struct wire_in *in, float *ret)
{
    if (left(in) < sizeof(*ret))
        return wire_bad(in->err, "cut inside a float");
    uint32_t bits = (uint32_t)get_le(in, sizeof(*ret));
    memcpy(ret, &bits, sizeof(*ret));
    return true;
}

bool
wire_get_double(struct wire_in *in, double *ret)
{
    if (left(in) < sizeof(*ret))
        return wire_bad(in->err, "cut inside a double");
    uint64_t bits = get_le(in, sizeof(*ret));
    memcpy(ret, &bits, sizeof(*ret));
    return true;
}

bool
wire_get_str_slow(struct wire_in *in, size_t max_bytes, struct str *ret)
{
    int64_t len;
    if (!wire_get_long(in, &len))
        return false;
    if (len < 0)
        return wire_bad(in->err, "negative length");
    if ((uint64_t)len > left(in))
        return wire_bad(in->err, "length beyond the end");
    if ((uint64_t)len > max_bytes)
        return wire_bad(in->err, "longer than max_bytes");
    *ret = (struct str){(const char *)in->at, (size_t)len};
    in->at += len;
    return true;
}

bool
wire_get_enum_slow(struct wire_in *in, size_t count, unsigned *ret)
{
    int64_t index;
    if (!wire_get_long(in, &index))
        return false;
    if (index < 0 || (uint64_t)index >= count)
        return wire_bad(in->err, "no such enum symbol");
    *ret = (unsigned)index;
    return true;
}

bool
wire_get_some_slow(struct wire_in *in, bool *ret_some)
{
    int64_t branch;
    if (!wire_get_long(in, &branch))
        return false;
    if (branch != 0 && branch != 1)
        return wire_bad(in->err, "no such union branch");
    *ret_some = branch == 1;
    return true;
}

/* Room for n_known items.  Doubling keeps many small blocks from costing the square;
 * the room never passes max_items, nor twice what the bytes announced. */
static void
array_grow(struct wire_in *in, struct wire_array *a)
{
    size_t room = a->room <= a->max_items / 2 ? a->room * 2 : a->max_items;
    if (room < a->n_known)
        room = a->n_known;
    void *items = arena_array(in->arena, room, a->item_bytes);
    if (a->n)
        memcpy(items, a->items, a->n * a->item_bytes);
    a->items = items;
    a->room = room;
}

static bool
array_bad(struct wire_in *in, struct wire_array *a, const char *what)
{
    a->bad = true;
    return what ? wire_bad(in->err, what) : false;
}

bool
wire_array_block(struct wire_in *in, struct wire_array *a)
{
    if (a->block_end && in->at != a->block_end)
        return array_bad(in, a, "block is not as long as it says");
    a->block_end = NULL;

    int64_t count = 0;
    if (!wire_get_long(in, &count))
        return array_bad(in, a, NULL);
    if (count == 0)
        return false;
    if (count < 0) {
        /* A negative count is followed by the block's size in bytes. */
        int64_t size = 0;
        if (count == INT64_MIN)
            return array_bad(in, a, "impossible count");
        count = -count;
        if (!wire_get_long(in, &size))
            return array_bad(in, a, NULL);
        if (size < 0 || (uint64_t)size > left(in))
            return array_bad(in, a, "block beyond the end");
        a->block_end = in->at + size;
    }
    if ((uint64_t)count > a->max_items - a->n)
        return array_bad(in, a, "more than max_items");
    if ((uint64_t)count > left(in) / a->min_bytes)
        return array_bad(in, a, "count beyond the end");
    a->n_known = a->n + (size_t)count;
    if (a->n_known > a->room)
        array_grow(in, a);
    return true;
}

/* ---- writing ---- */

/* What may be written to: a buffer's room can be larger than its maximum. */
static void
out_window(struct wire_out *out)
{
    static unsigned char nothing[1];
    const struct buf *buf = out->buf;
    size_t max = buf->max_bytes ? buf->max_bytes : BUF_MAX_DEFAULT;
    unsigned char *base = buf->ptr ? (unsigned char *)buf->ptr : nothing;
    size_t room = buf->ptr ? buf->room : 0;
    out->at = base + buf->len;
    out->end = base + (room < max ? room : max);
}

void
wire_out_init(struct wire_out *out, struct buf *buf, struct err *err)
{
    *out = (struct wire_out){.buf = buf, .start = buf->len, .err = err};
    out_window(out);
}

bool
wire_out_end(struct wire_out *out, bool ok)
{
    struct buf *buf = out->buf;
    if (!buf->ptr)
        return ok; /* nothing was written: a record of failure only */
    buf->len = ok ? (size_t)(out->at - (unsigned char *)buf->ptr) : out->start;
    buf->ptr[buf->len] = '\0';
    return ok;
}

bool
wire_out_grow(struct wire_out *out, size_t more_bytes)
{
    struct buf *buf = out->buf;
    if (buf->ptr)
        buf->len = (size_t)(out->at - (unsigned char *)buf->ptr);
    if (!buf_reserve(buf, more_bytes))
        return err_dead(out->err, DEAD_TOO_LARGE, NULL, "output buffer is full");
    out_window(out);
    return true;
}

bool
wire_put_bool(struct wire_out *out, bool value)
{
    if (!wire_out_room(out, 1))
        return false;
    *out->at++ = value ? 1 : 0;
    return true;
}

static bool
put_le(struct wire_out *out, uint64_t bits, size_t n_bytes)
{
    if (!wire_out_room(out, n_bytes))
        return false;
    for (size_t i = 0; i < n_bytes; i++)
        *out->at++ = (unsigned char)(bits >> (8 * i));
    return true;
}

bool
wire_put_float(struct wire_out *out, float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof(bits));
    return put_le(out, bits, sizeof(bits));
}

bool
wire_put_double(struct wire_out *out, double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof(bits));
    return put_le(out, bits, sizeof(bits));
}

bool
wire_put_str(struct wire_out *out, size_t max_bytes, struct str value)
{
    size_t len = value.ptr ? value.len : 0;
    if (len > max_bytes)
        return err_dead(out->err, DEAD_TOO_LARGE, NULL, "%zu bytes, at most %zu", len,
                        max_bytes);
    if (!wire_put_long(out, (int64_t)len) || !wire_out_room(out, len))
        return false;
    if (len)
        memcpy(out->at, value.ptr, len);
    out->at += len;
    return true;
}

bool
wire_put_enum(struct wire_out *out, size_t count, unsigned value)
{
    if (value >= count)
        return err_set(out->err, ERR_STOP, "enum value %u, only %zu are known", value,
                       count);
    return wire_put_long(out, (int64_t)value);
}

bool
wire_put_count(struct wire_out *out, size_t max_items, const void *items, size_t n)
{
    BUG_IF(n > 0 && !items);
    if (n > max_items)
        return err_dead(out->err, DEAD_TOO_LARGE, NULL, "%zu items, at most %zu", n,
                        max_items);
    return wire_put_long(out, (int64_t)n);
}

/* ---- printing as JSON ---- */

bool
wire_json_key(struct buf *out, bool *first, const char *key)
{
    bool ok = *first || buf_add_char(out, ',');
    *first = false;
    return ok && buf_add_char(out, '"') && buf_add_c(out, key) && buf_add_c(out, "\":");
}

bool
wire_json_double(struct buf *out, double value)
{
    if (!isfinite(value))
        return buf_add_c(out, "null");
    char text[40];
    for (int digits = 15; digits <= 17; digits++) {
        (void)snprintf(text, sizeof(text), "%.*g", digits, value);
        if (strtod(text, NULL) == value)
            break;
    }
    return buf_add_c(out, text);
}

bool
wire_json_float(struct buf *out, float value)
{
    return isfinite(value) ? buf_printf(out, "%.9g", (double)value)
                           : buf_add_c(out, "null");
}

bool
wire_json_bytes(struct buf *out, struct str value)
{
    static const char HEX[] = "0123456789abcdef";
    bool ok = buf_add_char(out, '"');
    for (size_t i = 0; ok && i < value.len; i++) {
        unsigned char c = (unsigned char)value.ptr[i];
        char six[6] = {'\\', 'u', '0', '0', HEX[c >> 4], HEX[c & 15]};
        ok = c >= 0x20 && c < 0x7f && c != '"' && c != '\\'
                 ? buf_add_char(out, (char)c)
                 : buf_add(out, six, sizeof(six));
    }
    return ok && buf_add_char(out, '"');
}
