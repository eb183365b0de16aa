/* evolve.h - reads a record that was written under another version of its schema.
 *
 * The only room that sees avro.h.  The bytes are walked along the writer's schema first,
 * every length and count checked against what is left, because Avro C 1.11 allocates a
 * declared length before it checks it.  Then Avro C reads the value; its fields are
 * matched to the current schema by the rules of the specification and go through the
 * generated decoder, limits and all.
 * Thread rule: any thread; versions that were met stay parsed, under one mutex, until the
 * process ends. */
#ifndef REDRESS_EVOLVE_H
#define REDRESS_EVOLVE_H

#include "wire/wire.h"

/* body is without the header.  ERR_DEAD_LETTER / DEAD_BAD_SCHEMA if the fingerprint is
 * not known for this schema, if the versions are not compatible or the bytes are bad;
 * ERR_STOP if the stored schema itself cannot be parsed.  ret_record points into the
 * arena only. */
MUST_CHECK bool evolve_decode(const struct wire_schema *schema, uint64_t fingerprint,
                              struct str body, struct arena *arena, void *ret_record,
                              struct err *err);

#endif
