#include "wire/shape.h"

#define MAX_NAMED 256

static const char *const KIND_NAMES[] = {
    [SHAPE_NULL] = "null",     [SHAPE_BOOLEAN] = "boolean", [SHAPE_INT] = "int",
    [SHAPE_LONG] = "long",     [SHAPE_FLOAT] = "float",     [SHAPE_DOUBLE] = "double",
    [SHAPE_STRING] = "string", [SHAPE_BYTES] = "bytes",     [SHAPE_ENUM] = "enum",
    [SHAPE_ARRAY] = "array",   [SHAPE_UNION] = "union",     [SHAPE_RECORD] = "record",
};

struct builder {
    struct arena *arena;
    struct err *err;
    struct shape *named[MAX_NAMED];
    size_t n_named;
    int depth;
};

static const struct shape *build(struct builder *b, const json_t *json);

static const struct shape *
refuse(struct builder *b, const char *what)
{
    err_set(b->err, ERR_STOP, "schema: %s", what);
    return NULL;
}

static struct shape *
shape_new(struct builder *b, enum shape_kind kind, size_t n)
{
    struct shape *shape = ARENA_NEW(b->arena, struct shape);
    shape->kind = kind;
    shape->n = n;
    shape->parts = ARENA_ARRAY(b->arena, const struct shape *, n);
    shape->names = ARENA_ARRAY(b->arena, const char *, n);
    shape->defaults = ARENA_ARRAY(b->arena, const json_t *, n);
    return shape;
}

/* Schemas here have one name space, so the last part of a name is enough. */
static const char *
simple_name(const char *name)
{
    const char *dot = strrchr(name, '.');
    return dot ? dot + 1 : name;
}

static bool
remember(struct builder *b, struct shape *shape, const char *name)
{
    if (!name || b->n_named == MAX_NAMED) {
        refuse(b, "a type without a name, or too many types");
        return false;
    }
    shape->name = arena_str(b->arena, str_from(simple_name(name))).ptr;
    b->named[b->n_named++] = shape;
    return true;
}

static const struct shape *
build_name(struct builder *b, const char *name)
{
    for (size_t kind = SHAPE_NULL; kind <= SHAPE_BYTES; kind++)
        if (strcmp(KIND_NAMES[kind], name) == 0)
            return shape_new(b, (enum shape_kind)kind, 0);
    for (size_t i = 0; i < b->n_named; i++)
        if (strcmp(b->named[i]->name, simple_name(name)) == 0)
            return b->named[i];
    return refuse(b, "a type is used before it is defined");
}

static const struct shape *
build_union(struct builder *b, const json_t *json)
{
    size_t n = json_array_size(json);
    if (n == 0)
        return refuse(b, "an empty union");
    struct shape *shape = shape_new(b, SHAPE_UNION, n);
    for (size_t i = 0; i < n; i++) {
        shape->parts[i] = build(b, json_array_get(json, i));
        if (!shape->parts[i])
            return NULL;
        if (shape->parts[i]->kind == SHAPE_UNION)
            return refuse(b, "a union in a union");
    }
    return shape;
}

static const struct shape *
build_enum(struct builder *b, const json_t *json)
{
    const json_t *symbols = json_object_get(json, "symbols");
    size_t n = json_array_size(symbols);
    if (n == 0)
        return refuse(b, "an enum without symbols");
    struct shape *shape = shape_new(b, SHAPE_ENUM, n);
    if (!remember(b, shape, json_string_value(json_object_get(json, "name"))))
        return NULL;
    for (size_t i = 0; i < n; i++) {
        const char *symbol = json_string_value(json_array_get(symbols, i));
        if (!symbol)
            return refuse(b, "an enum symbol that is no string");
        shape->names[i] = symbol;
    }
    const char *fallback = json_string_value(json_object_get(json, "default"));
    shape->fallback = fallback ? shape_find(shape, fallback) : n;
    return shape;
}

static const struct shape *
build_record(struct builder *b, const json_t *json)
{
    const json_t *fields = json_object_get(json, "fields");
    size_t n = json_array_size(fields);
    if (n == 0)
        return refuse(b, "a record without fields");
    struct shape *shape = shape_new(b, SHAPE_RECORD, n);
    if (!remember(b, shape, json_string_value(json_object_get(json, "name"))))
        return NULL;
    for (size_t i = 0; i < n; i++) {
        const json_t *field = json_array_get(fields, i);
        shape->names[i] = json_string_value(json_object_get(field, "name"));
        shape->defaults[i] = json_object_get(field, "default");
        shape->parts[i] = build(b, json_object_get(field, "type"));
        if (!shape->parts[i])
            return NULL;
        if (!shape->names[i])
            return refuse(b, "a field without a name");
    }
    return shape;
}

static const struct shape *
build_object(struct builder *b, const json_t *json)
{
    const json_t *type = json_object_get(json, "type");
    const char *kind = json_string_value(type);
    if (!kind)
        return type ? build(b, type) : refuse(b, "an object without \"type\"");
    if (strcmp(kind, "record") == 0)
        return build_record(b, json);
    if (strcmp(kind, "enum") == 0)
        return build_enum(b, json);
    if (strcmp(kind, "array") == 0) {
        struct shape *shape = shape_new(b, SHAPE_ARRAY, 1);
        shape->parts[0] = build(b, json_object_get(json, "items"));
        return shape->parts[0] ? shape : NULL;
    }
    return build_name(b, kind); /* {"type": "long", "logicalType": ...} */
}

static const struct shape *
build(struct builder *b, const json_t *json)
{
    if (b->depth == SHAPE_MAX_DEPTH)
        return refuse(b, "nested too deeply");
    b->depth++;
    const struct shape *shape;
    if (json_is_string(json))
        shape = build_name(b, json_string_value(json));
    else if (json_is_array(json))
        shape = build_union(b, json);
    else
        shape = build_object(b, json);
    b->depth--;
    return shape;
}

const struct shape *
shape_build(const json_t *schema, struct arena *arena, struct err *err)
{
    struct builder b = {.arena = arena, .err = err};
    return build(&b, schema);
}

size_t
shape_find(const struct shape *shape, const char *name)
{
    size_t i = 0;
    while (i < shape->n && strcmp(shape->names[i], name) != 0)
        i++;
    return i;
}

/* ---- walking bytes ---- */

static bool
walk_items(const struct shape *items, int64_t count, struct wire_in *in, int depth)
{
    /* No item is free: this bounds both the steps here and what a reader may allocate
     * for the items. */
    if (count > in->end - in->at)
        return wire_bad(in->err, "count beyond the end");
    for (int64_t i = 0; i < count; i++) {
        const unsigned char *before = in->at;
        if (!shape_walk(items, in, depth))
            return wire_at_item(in->err, (size_t)i);
        if (in->at == before)
            return wire_bad(in->err, "items of no bytes");
    }
    return true;
}

/* A block with a negative count states its size in bytes. */
static bool
walk_sized_block(const struct shape *items, int64_t count, struct wire_in *in, int depth)
{
    int64_t size = 0;
    if (count == INT64_MIN)
        return wire_bad(in->err, "impossible count");
    if (!wire_get_long(in, &size))
        return false;
    if (size < 0 || size > in->end - in->at)
        return wire_bad(in->err, "block beyond the end");
    const unsigned char *start = in->at;
    if (!walk_items(items, -count, in, depth))
        return false;
    return in->at - start == size || wire_bad(in->err, "block is not as long as it says");
}

static bool
walk_array(const struct shape *items, struct wire_in *in, int depth)
{
    for (;;) {
        int64_t count = 0;
        if (!wire_get_long(in, &count))
            return false;
        if (count == 0)
            return true;
        bool ok = count > 0 ? walk_items(items, count, in, depth)
                            : walk_sized_block(items, count, in, depth);
        if (!ok)
            return false;
    }
}

static bool
walk_record(const struct shape *shape, struct wire_in *in, int depth)
{
    for (size_t i = 0; i < shape->n; i++)
        if (!shape_walk(shape->parts[i], in, depth))
            return wire_at(in->err, shape->names[i]);
    return true;
}

static bool
walk_union(const struct shape *shape, struct wire_in *in, int depth)
{
    int64_t branch = 0;
    if (!wire_get_long(in, &branch))
        return false;
    if (branch < 0 || (uint64_t)branch >= shape->n)
        return wire_bad(in->err, "no such union branch");
    return shape_walk(shape->parts[branch], in, depth);
}

bool
shape_walk(const struct shape *shape, struct wire_in *in, int depth)
{
    union {
        bool boolean;
        int32_t integer;
        int64_t number;
        float real;
        double wide;
        unsigned index;
        struct str text;
    } value;

    if (depth == SHAPE_MAX_DEPTH)
        return wire_bad(in->err, "nested too deeply");
    switch (shape->kind) {
    case SHAPE_NULL:
        return true;
    case SHAPE_BOOLEAN:
        return wire_get_bool(in, &value.boolean);
    case SHAPE_INT:
        return wire_get_int(in, &value.integer);
    case SHAPE_LONG:
        return wire_get_long(in, &value.number);
    case SHAPE_FLOAT:
        return wire_get_float(in, &value.real);
    case SHAPE_DOUBLE:
        return wire_get_double(in, &value.wide);
    case SHAPE_STRING:
    case SHAPE_BYTES:
        return wire_get_str(in, SIZE_MAX, &value.text);
    case SHAPE_ENUM:
        return wire_get_enum(in, shape->n, &value.index);
    case SHAPE_ARRAY:
        return walk_array(shape->parts[0], in, depth + 1);
    case SHAPE_UNION:
        return walk_union(shape, in, depth + 1);
    case SHAPE_RECORD:
        return walk_record(shape, in, depth + 1);
    }
    BUG_IF(true);
    return false;
}

/* ---- writer against reader ---- */

bool
shape_fits(const struct shape *reader, const struct shape *writer)
{
    enum shape_kind r = reader->kind;
    enum shape_kind w = writer->kind;
    if (r == SHAPE_RECORD || r == SHAPE_ENUM)
        return r == w && strcmp(reader->name, writer->name) == 0;
    if (r == SHAPE_STRING || r == SHAPE_BYTES)
        return w == SHAPE_STRING || w == SHAPE_BYTES;
    /* int -> long -> float -> double, in this order of the kinds. */
    if (r >= SHAPE_INT && r <= SHAPE_DOUBLE)
        return w >= SHAPE_INT && w <= r;
    return r == w;
}

size_t
shape_branch(const struct shape *reader, const struct shape *writer)
{
    size_t fits = reader->n;
    for (size_t i = 0; i < reader->n; i++) {
        if (!shape_fits(reader->parts[i], writer))
            continue;
        if (reader->parts[i]->kind == writer->kind)
            return i;
        if (fits == reader->n)
            fits = i;
    }
    return fits;
}

static bool
check_record(const struct shape *reader, const struct shape *writer, int depth,
             struct err *err)
{
    for (size_t i = 0; i < reader->n; i++) {
        size_t at = shape_find(writer, reader->names[i]);
        if (at == writer->n && !reader->defaults[i]) {
            wire_bad(err, "the writer has no such field and there is no default");
            return wire_at(err, reader->names[i]);
        }
        if (at < writer->n &&
            !shape_check(reader->parts[i], writer->parts[at], depth + 1, err))
            return wire_at(err, reader->names[i]);
    }
    return true;
}

bool
shape_check(const struct shape *reader, const struct shape *writer, int depth,
            struct err *err)
{
    if (depth == SHAPE_MAX_DEPTH) /* a type that contains itself: seen long ago */
        return true;
    if (writer->kind == SHAPE_UNION) {
        bool any = false;
        for (size_t i = 0; i < writer->n && !any; i++)
            any = writer->parts[i]->kind != SHAPE_NULL &&
                  shape_check(reader, writer->parts[i], depth + 1, err);
        return any || wire_bad(err, "no branch of the writer fits");
    }
    if (reader->kind == SHAPE_UNION) {
        size_t branch = shape_branch(reader, writer);
        if (branch == reader->n)
            return wire_bad(err, "no branch fits the writer's type");
        return shape_check(reader->parts[branch], writer, depth + 1, err);
    }
    if (!shape_fits(reader, writer))
        return wire_bad(err, "another type than the writer's");
    if (reader->kind == SHAPE_ARRAY)
        return shape_check(reader->parts[0], writer->parts[0], depth + 1, err);
    return reader->kind != SHAPE_RECORD || check_record(reader, writer, depth, err);
}
