/* wire.h - how a record travels: Avro single-object encoding, one framing function.
 *
 * Framed bytes are C3 01, the CRC-64-AVRO fingerprint of the writer's schema (8 bytes,
 * little endian), then the bare Avro body.  [Avro 1.11 specification, "Single-object
 * encoding"]  The typed codecs in build/gen/ are generated from schemas/ by avsc2c.
 * Decoded strings are views into the payload; arrays and optional records live in the
 * arena: both must outlive the record.
 * Thread rule: any thread; an arena and a buffer belong to one. */
#ifndef REDRESS_WIRE_H
#define REDRESS_WIRE_H

#include "base/arena.h"
#include "base/base.h"
#include "base/buf.h"

#define WIRE_HEADER_BYTES ((size_t)10)

/* A schema under which a record was, or will be, written by another version. */
struct wire_version {
    uint64_t fingerprint; /* CRC-64-AVRO of its parsing canonical form      */
    const char *schema;   /* JSON, complete: every named type is inside     */
    size_t schema_bytes;
};

/* One record type; `extern const struct wire_schema <name>_wire` in gen/<name>.h. */
struct wire_schema {
    const char *name;           /* C name: "complaint_event"                       */
    struct wire_version writer; /* the version this program writes                 */
    size_t struct_bytes;        /* sizeof(struct <name>)                           */
    bool (*encode)(const void *record, struct buf *out, struct err *err);
    bool (*decode)(struct str body, struct arena *arena, void *ret_record,
                   struct err *err);
    bool (*print_json)(const void *record, struct buf *out);
    const struct wire_version *history; /* schemas/history/<name>.<n>.avsc           */
    size_t n_history;
};

/* Appends the framed record to out.  On failure out is as before: ERR_DEAD_LETTER /
 * DEAD_TOO_LARGE when a string, an array or the buffer passes its limit. */
MUST_CHECK bool wire_encode(const struct wire_schema *schema, const void *record,
                            struct buf *out, struct err *err);

/* Takes the whole of framed.  ret_record is written only on success.  A known other
 * version is resolved to the current one (evolve.h); anything else that is wrong, an
 * unknown fingerprint included, is ERR_DEAD_LETTER / DEAD_BAD_SCHEMA. */
MUST_CHECK bool wire_decode(const struct wire_schema *schema, struct str framed,
                            struct arena *arena, void *ret_record, struct err *err);

/* The fingerprint in the header of framed; false if it has no such header. */
MUST_CHECK bool wire_fingerprint(struct str framed, uint64_t *ret_fingerprint);

/* Compact JSON with Avro field names; nulls and empty arrays are left out, enums by
 * name.  False if out is full (what was printed so far stays). */
bool wire_print_json(const struct wire_schema *schema, const void *record,
                     struct buf *out);

#endif
