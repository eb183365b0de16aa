/* io.h - the steps that generated codecs are made of: bounded Avro reads and writes.
 *
 * Invariants: a reader never passes `end`; a length or count is checked against the
 * bytes that are left before anything is allocated; a writer never passes the buffer's
 * maximum.  Every function returns false with *err filled; the caller adds its field
 * with wire_at(), so err.path reads "triage.reasons[3].weight".
 * Numbers: zigzag varints of at most 10 bytes.  [Avro 1.11 specification, "Binary
 * encoding"]  Nobody but generated code and this room includes this header. */
#ifndef REDRESS_WIRE_IO_H
#define REDRESS_WIRE_IO_H

#include "base/arena.h"
#include "base/base.h"
#include "base/buf.h"

struct wire_in {
    const unsigned char *at;
    const unsigned char *end;
    struct arena *arena;
    struct err *err;
};

struct wire_out {
    struct buf *buf;
    unsigned char *at;  /* next byte; buf->len is stale until wire_out_end()   */
    unsigned char *end; /* of the memory that is reserved                      */
    size_t start;       /* buf->len at the beginning                           */
    struct err *err;
};

#define WIRE_VARINT_BYTES 10

/* ---- reading ---- */

bool wire_bad(struct err *err, const char *what); /* DEAD_BAD_SCHEMA; false */
/* Puts the field's name (or "[i]") before err->path; false. */
bool wire_at(struct err *err, const char *field);
bool wire_at_item(struct err *err, size_t i);

void wire_in_init(struct wire_in *in, struct str body, struct arena *arena,
                  struct err *err);
/* False with an error if bytes are left over. */
bool wire_in_end(const struct wire_in *in);

bool wire_get_long_slow(struct wire_in *in, int64_t *ret);

static inline int64_t
wire_zigzag_decode(uint64_t n)
{
    return (int64_t)(n >> 1) ^ -(int64_t)(n & 1);
}

static inline bool
wire_get_long(struct wire_in *in, int64_t *ret)
{
    if (in->at < in->end && *in->at < 0x80) { /* most lengths, enums and branches */
        *ret = wire_zigzag_decode(*in->at++);
        return true;
    }
    return wire_get_long_slow(in, ret);
}

bool wire_get_int(struct wire_in *in, int32_t *ret);
bool wire_get_bool(struct wire_in *in, bool *ret);
bool wire_get_float(struct wire_in *in, float *ret);
bool wire_get_double(struct wire_in *in, double *ret);
bool wire_get_str_slow(struct wire_in *in, size_t max_bytes, struct str *ret);

/* string and bytes: a view; ret->ptr is never NULL. */
static inline bool
wire_get_str(struct wire_in *in, size_t max_bytes, struct str *ret)
{
    /* A length below 64 is one byte, and even: an odd one would be negative. */
    if (in->at < in->end && (*in->at & 0x81) == 0) {
        size_t len = *in->at >> 1;
        if (len < (size_t)(in->end - in->at) && len <= max_bytes) {
            *ret = (struct str){(const char *)in->at + 1, len};
            in->at += 1 + len;
            return true;
        }
    }
    return wire_get_str_slow(in, max_bytes, ret);
}

bool wire_get_enum_slow(struct wire_in *in, size_t count, unsigned *ret);

/* 0 <= index < count. */
static inline bool
wire_get_enum(struct wire_in *in, size_t count, unsigned *ret)
{
    if (in->at < in->end && (*in->at & 0x81) == 0 && *in->at >> 1 < count) {
        *ret = *in->at++ >> 1;
        return true;
    }
    return wire_get_enum_slow(in, count, ret);
}

bool wire_get_some_slow(struct wire_in *in, bool *ret_some);

/* Which branch of ["null", T]: false in *ret_some for null. */
static inline bool
wire_get_some(struct wire_in *in, bool *ret_some)
{
    if (in->at < in->end && (*in->at & ~2) == 0) {
        *ret_some = *in->at++ != 0;
        return true;
    }
    return wire_get_some_slow(in, ret_some);
}

/* An array arrives in blocks; its items go to one array in the arena. */
struct wire_array {
    size_t max_items;  /* limit from the schema                                   */
    size_t item_bytes; /* sizeof one item                                         */
    size_t min_bytes;  /* least bytes of one item on the wire, >= 1               */
    void *items;       /* NULL until the first block                              */
    size_t n;          /* items read so far; the caller counts up to n_known      */
    size_t n_known;    /* items announced so far                                  */
    size_t room;       /* items allocated                                         */
    const unsigned char *block_end; /* of a block with a byte size, else NULL    */
    bool bad; /* wire_array_block() stopped with an error                */
};
/* Begins the next block: false at the end of the array and when a.bad. */
bool wire_array_block(struct wire_in *in, struct wire_array *a);

/* ---- writing ---- */

void wire_out_init(struct wire_out *out, struct buf *buf, struct err *err);
/* Takes over what was written into the buffer (ok), or nothing of it; returns ok. */
bool wire_out_end(struct wire_out *out, bool ok);
bool wire_out_grow(struct wire_out *out, size_t more_bytes);

static inline bool
wire_out_room(struct wire_out *out, size_t more_bytes)
{
    return (size_t)(out->end - out->at) >= more_bytes || wire_out_grow(out, more_bytes);
}

static inline bool
wire_put_long(struct wire_out *out, int64_t value)
{
    if (!wire_out_room(out, WIRE_VARINT_BYTES))
        return false;
    uint64_t n = ((uint64_t)value << 1) ^ (value < 0 ? UINT64_MAX : 0);
    while (n >= 0x80) {
        *out->at++ = (unsigned char)(n | 0x80);
        n >>= 7;
    }
    *out->at++ = (unsigned char)n;
    return true;
}

bool wire_put_bool(struct wire_out *out, bool value);
bool wire_put_float(struct wire_out *out, float value);
bool wire_put_double(struct wire_out *out, double value);
/* Null is written as empty. */
bool wire_put_str(struct wire_out *out, size_t max_bytes, struct str value);
bool wire_put_enum(struct wire_out *out, size_t count, unsigned value);

/* Branch of ["null", T]. */
static inline bool
wire_put_some(struct wire_out *out, bool some)
{
    if (!wire_out_room(out, 1))
        return false;
    *out->at++ = some ? 2 : 0;
    return true;
}

/* The header of an array; the caller writes n items, then wire_put_long(out, 0), unless
 * n is 0 (then this wrote the end already). */
bool wire_put_count(struct wire_out *out, size_t max_items, const void *items, size_t n);

/* ---- printing as JSON ---- */

/* "," before all but the first member, then "key": */
bool wire_json_key(struct buf *out, bool *first, const char *key);
/* Shortest form that reads back the same; null for what JSON has no number for. */
bool wire_json_double(struct buf *out, double value);
bool wire_json_float(struct buf *out, float value);
/* Bytes as Avro's JSON encoding has them: one code point U+00xx each. */
bool wire_json_bytes(struct buf *out, struct str value);

#endif
