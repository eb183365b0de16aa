#include "wire/wire.h"

#include "wire/evolve.h"

static const unsigned char MAGIC[2] = {0xc3, 0x01};

bool
wire_encode(const struct wire_schema *schema, const void *record, struct buf *out,
            struct err *err)
{
    char header[WIRE_HEADER_BYTES];
    memcpy(header, MAGIC, sizeof(MAGIC));
    for (size_t i = 0; i < 8; i++)
        header[sizeof(MAGIC) + i] = (char)(schema->writer.fingerprint >> (8 * i) & 0xff);

    size_t start = out->len;
    if (!buf_add(out, header, sizeof(header)))
        return err_dead(err, DEAD_TOO_LARGE, NULL, "%s: output buffer full",
                        schema->name);
    if (!schema->encode(record, out, err)) {
        out->len = start;
        out->ptr[start] = '\0';
        return err_prefix(err, "%s", schema->name);
    }
    return true;
}

bool
wire_fingerprint(struct str framed, uint64_t *ret_fingerprint)
{
    if (framed.len < WIRE_HEADER_BYTES || memcmp(framed.ptr, MAGIC, sizeof(MAGIC)) != 0)
        return false;
    uint64_t fingerprint = 0;
    for (size_t i = 0; i < 8; i++)
        fingerprint |= (uint64_t)(unsigned char)framed.ptr[sizeof(MAGIC) + i] << (8 * i);
    *ret_fingerprint = fingerprint;
    return true;
}

bool
wire_decode(const struct wire_schema *schema, struct str framed, struct arena *arena,
            void *ret_record, struct err *err)
{
    uint64_t fingerprint;
    if (!wire_fingerprint(framed, &fingerprint))
        return err_dead(err, DEAD_BAD_SCHEMA, NULL,
                        "%s: no single-object header in %zu bytes", schema->name,
                        framed.len);
    struct str body = {framed.ptr + WIRE_HEADER_BYTES, framed.len - WIRE_HEADER_BYTES};
    bool ok = fingerprint == schema->writer.fingerprint
                  ? schema->decode(body, arena, ret_record, err)
                  : evolve_decode(schema, fingerprint, body, arena, ret_record, err);
    return ok || err_prefix(err, "%s", schema->name);
}

bool
wire_print_json(const struct wire_schema *schema, const void *record, struct buf *out)
{
    return schema->print_json(record, out);
}
