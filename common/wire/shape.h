/* shape.h - an Avro schema as a tree that can be walked; private to this room.
 *
 * Everything lives in the arena given, except the JSON of defaults, which must outlive
 * the shape.  Maps and fixed are refused: no schema here uses them. */
#ifndef REDRESS_WIRE_SHAPE_H
#define REDRESS_WIRE_SHAPE_H

#include <jansson.h>

#include "base/arena.h"
#include "base/base.h"
#include "wire/io.h"

enum shape_kind {
    SHAPE_NULL,
    SHAPE_BOOLEAN,
    SHAPE_INT,
    SHAPE_LONG,
    SHAPE_FLOAT,
    SHAPE_DOUBLE,
    SHAPE_STRING,
    SHAPE_BYTES,
    SHAPE_ENUM,
    SHAPE_ARRAY,
    SHAPE_UNION,
    SHAPE_RECORD,
};

struct shape {
    enum shape_kind kind;
    const char *name;           /* record, enum: without its name space            */
    const struct shape **parts; /* record: fields; union: branches; array: items   */
    const char **names;         /* record: fields; enum: symbols                   */
    const json_t **defaults;    /* record: of the fields, NULL for none            */
    size_t n;                   /* of parts or symbols                             */
    size_t fallback;            /* enum: the default symbol; n for none            */
};

#define SHAPE_MAX_DEPTH 32

/* NULL with *err (ERR_STOP) if the JSON is no schema that is understood here. */
const struct shape *shape_build(const json_t *schema, struct arena *arena,
                                struct err *err);

/* Reads one value and forgets it: true if every length, count, branch and symbol is in
 * bounds.  Nothing is allocated.  Steps are bounded by the bytes left. */
bool shape_walk(const struct shape *shape, struct wire_in *in, int depth);

/* Index of a field or symbol; shape->n if there is none. */
size_t shape_find(const struct shape *shape, const char *name);

/* Whether a value of the writer's (no union) can be read as the reader's (no union) as
 * far as kind and name go. [Avro 1.11 specification, "Schema Resolution"] */
bool shape_fits(const struct shape *reader, const struct shape *writer);

/* The reader's branch for a value of the writer's (no union); reader->n for none. */
size_t shape_branch(const struct shape *reader, const struct shape *writer);

/* Whether every value of the writer's, but for union branches that may never come, can
 * be read; *err (DEAD_BAD_SCHEMA) tells which field cannot. */
bool shape_check(const struct shape *reader, const struct shape *writer, int depth,
                 struct err *err);

#endif
