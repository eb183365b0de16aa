/* wire_random.h - random values of a schema, made with Avro C's generic values: the
 * other codec, so that the two can be held against each other.
 *
 * The same seed gives the same value.  Limits (max_bytes, max_items) are kept. */
#ifndef REDRESS_TEST_WIRE_RANDOM_H
#define REDRESS_TEST_WIRE_RANDOM_H

#include <avro.h>
#include <jansson.h>

#include "wire/wire.h"

struct wire_random {
    json_t *json;
    avro_schema_t avro;
    avro_value_iface_t *generic;
    json_t *types; /* name -> definition */
    uint64_t state;
    bool plain; /* small printable values: for golden files */
};

void wire_random_open(struct wire_random *r, const char *schema, size_t schema_bytes);
void wire_random_close(struct wire_random *r);
/* Drop with avro_value_decref(). */
avro_value_t wire_random_value(struct wire_random *r, uint64_t seed);
/* The value as Avro C writes it, appended. */
void wire_random_bytes(const avro_value_t *value, struct buf *out);
/* xorshift64*, below n; n > 0. */
uint64_t wire_random_below(uint64_t *state, uint64_t n);

#endif
