#include "wire/evolve.h"

#include <avro.h>
#include <inttypes.h>
#include <jansson.h>
#include <pthread.h>
#include <stdlib.h>

#include "wire/shape.h"

/* Why Avro C reads the value but does not resolve it: the resolvers of 1.11 have no
 * default values ("NIY: Default values"), pass an enum's number on though the symbols may
 * have moved, and leave the children of an array uninitialised, so that an array inside
 * an array's record breaks.  [apache/avro: lang/c/src/resolved-reader.c,
 * resolved-writer.c]  Any of the three would misread an event. */

/* One (writer, reader) pair of versions, made when it is first met. */
struct plan {
    struct plan *next;
    uint64_t writer_fingerprint;
    uint64_t reader_fingerprint;
    const struct shape *writer;
    const struct shape *reader;
    avro_value_iface_t *generic; /* makes values of the writer's schema */
    avro_reader_t bytes;
    avro_schema_t avro;
    struct arena arena;  /* holds the shapes                      */
    json_t *writer_json; /* the shapes point to names in these    */
    json_t *reader_json;
    bool ok;
    struct err err; /* why not ok */
};

static pthread_mutex_t plans_mutex = PTHREAD_MUTEX_INITIALIZER;
static struct plan *plans; /* guarded by plans_mutex, never freed: a handful */

/* ---- a version that is met for the first time ---- */

static bool
plan_parse(struct plan *plan, const struct wire_version *writer,
           const struct wire_schema *schema)
{
    struct err *err = &plan->err;
    plan->writer_json = json_loadb(writer->schema, writer->schema_bytes, 0, NULL);
    plan->reader_json =
        json_loadb(schema->writer.schema, schema->writer.schema_bytes, 0, NULL);
    if (!plan->writer_json || !plan->reader_json)
        return err_set(err, ERR_STOP, "stored schema is not JSON");
    plan->writer = shape_build(plan->writer_json, &plan->arena, err);
    plan->reader = shape_build(plan->reader_json, &plan->arena, err);
    if (!plan->writer || !plan->reader ||
        !shape_check(plan->reader, plan->writer, 0, err))
        return err_prefix(err, "version %016" PRIx64, writer->fingerprint);

    plan->bytes = avro_reader_memory("", 0);
    if (!plan->bytes ||
        avro_schema_from_json_length(writer->schema, writer->schema_bytes, &plan->avro) !=
            0 ||
        !(plan->generic = avro_generic_class_from_schema(plan->avro)))
        return err_set(err, ERR_STOP, "version %016" PRIx64 ": %s", writer->fingerprint,
                       avro_strerror());
    return true;
}

static struct plan *
plan_find(const struct wire_schema *schema, uint64_t fingerprint)
{
    for (struct plan *plan = plans; plan; plan = plan->next)
        if (plan->writer_fingerprint == fingerprint &&
            plan->reader_fingerprint == schema->writer.fingerprint)
            return plan;

    for (size_t i = 0; i < schema->n_history; i++) {
        if (schema->history[i].fingerprint != fingerprint)
            continue;
        struct plan *plan = calloc(1, sizeof(*plan));
        BUG_IF(!plan);
        plan->writer_fingerprint = fingerprint;
        plan->reader_fingerprint = schema->writer.fingerprint;
        plan->ok = plan_parse(plan, &schema->history[i], schema);
        plan->next = plans;
        plans = plan;
        return plan;
    }
    return NULL;
}

/* ---- from the writer's value to the reader's bytes ---- */

static bool put_value(struct wire_out *out, const struct shape *reader,
                      const struct shape *writer, const avro_value_t *value);

static bool
avro_failed(struct err *err)
{
    return err_dead(err, DEAD_BAD_SCHEMA, NULL, "%s", avro_strerror());
}

static bool
put_number(struct wire_out *out, const struct shape *reader, const struct shape *writer,
           const avro_value_t *value)
{
    int32_t integer = 0;
    int64_t number = 0;
    float real = 0;
    double wide = 0;
    int bad;
    switch (writer->kind) {
    case SHAPE_INT:
        bad = avro_value_get_int(value, &integer);
        number = integer;
        wide = integer;
        break;
    case SHAPE_LONG:
        bad = avro_value_get_long(value, &number);
        wide = (double)number;
        break;
    case SHAPE_FLOAT:
        bad = avro_value_get_float(value, &real);
        wide = (double)real;
        break;
    default:
        bad = avro_value_get_double(value, &wide);
        break;
    }
    if (bad)
        return avro_failed(out->err);
    if (reader->kind == SHAPE_DOUBLE)
        return wire_put_double(out, wide);
    if (reader->kind == SHAPE_FLOAT)
        return wire_put_float(out, writer->kind == SHAPE_FLOAT ? real : (float)wide);
    return wire_put_long(out, number);
}

static bool
put_text(struct wire_out *out, const struct shape *writer, const avro_value_t *value)
{
    const char *text = NULL;
    const void *bytes = NULL;
    size_t size = 0;
    if (writer->kind == SHAPE_BYTES) {
        if (avro_value_get_bytes(value, &bytes, &size) != 0)
            return avro_failed(out->err);
        return wire_put_str(out, SIZE_MAX, (struct str){bytes, size});
    }
    /* The size of a string counts its NUL. */
    if (avro_value_get_string(value, &text, &size) != 0 || size == 0)
        return avro_failed(out->err);
    return wire_put_str(out, SIZE_MAX, (struct str){text, size - 1});
}

/* By symbol, never by number: symbols may have moved. */
static bool
put_enum(struct wire_out *out, const struct shape *reader, const struct shape *writer,
         const avro_value_t *value)
{
    int index = 0;
    if (avro_value_get_enum(value, &index) != 0)
        return avro_failed(out->err);
    if (index < 0 || (size_t)index >= writer->n)
        return wire_bad(out->err, "no such enum symbol");
    size_t at = shape_find(reader, writer->names[index]);
    if (at == reader->n)
        at = reader->fallback;
    if (at == reader->n)
        return wire_bad(out->err, "enum symbol is not known and there is no default");
    return wire_put_long(out, (int64_t)at);
}

static bool
put_array(struct wire_out *out, const struct shape *reader, const struct shape *writer,
          const avro_value_t *value)
{
    size_t n = 0;
    if (avro_value_get_size(value, &n) != 0)
        return avro_failed(out->err);
    if (n > 0 && !wire_put_long(out, (int64_t)n))
        return false;
    for (size_t i = 0; i < n; i++) {
        avro_value_t item;
        if (avro_value_get_by_index(value, i, &item, NULL) != 0)
            return avro_failed(out->err);
        if (!put_value(out, reader->parts[0], writer->parts[0], &item))
            return wire_at_item(out->err, i);
    }
    return wire_put_long(out, 0);
}

static bool put_default(struct wire_out *out, const struct shape *shape,
                        const json_t *value);

static bool
put_record(struct wire_out *out, const struct shape *reader, const struct shape *writer,
           const avro_value_t *value)
{
    for (size_t i = 0; i < reader->n; i++) {
        size_t at = shape_find(writer, reader->names[i]);
        avro_value_t field;
        bool ok;
        if (at == writer->n)
            ok = put_default(out, reader->parts[i], reader->defaults[i]);
        else if (avro_value_get_by_index(value, at, &field, NULL) != 0)
            ok = avro_failed(out->err);
        else
            ok = put_value(out, reader->parts[i], writer->parts[at], &field);
        if (!ok)
            return wire_at(out->err, reader->names[i]);
    }
    return true;
}

static bool
put_value(struct wire_out *out, const struct shape *reader, const struct shape *writer,
          const avro_value_t *value)
{
    if (writer->kind == SHAPE_UNION) {
        int branch = 0;
        avro_value_t inner;
        if (avro_value_get_discriminant(value, &branch) != 0 || branch < 0 ||
            (size_t)branch >= writer->n ||
            avro_value_get_current_branch(value, &inner) != 0)
            return avro_failed(out->err);
        return put_value(out, reader, writer->parts[branch], &inner);
    }
    if (reader->kind == SHAPE_UNION) {
        size_t branch = shape_branch(reader, writer);
        if (branch == reader->n)
            return wire_bad(out->err, "no branch fits the writer's type");
        return wire_put_long(out, (int64_t)branch) &&
               put_value(out, reader->parts[branch], writer, value);
    }
    if (!shape_fits(reader, writer))
        return wire_bad(out->err, "another type than the writer's");
    int boolean = 0;
    switch (reader->kind) {
    case SHAPE_NULL:
        return true;
    case SHAPE_BOOLEAN:
        if (avro_value_get_boolean(value, &boolean) != 0)
            return avro_failed(out->err);
        return wire_put_bool(out, boolean != 0);
    case SHAPE_STRING:
    case SHAPE_BYTES:
        return put_text(out, writer, value);
    case SHAPE_ENUM:
        return put_enum(out, reader, writer, value);
    case SHAPE_ARRAY:
        return put_array(out, reader, writer, value);
    case SHAPE_RECORD:
        return put_record(out, reader, writer, value);
    default:
        return put_number(out, reader, writer, value);
    }
}

/* ---- defaults ---- */

static bool
put_default_array(struct wire_out *out, const struct shape *shape, const json_t *value)
{
    size_t n = json_array_size(value);
    if (n > 0 && !wire_put_long(out, (int64_t)n))
        return false;
    for (size_t i = 0; i < n; i++)
        if (!put_default(out, shape->parts[0], json_array_get(value, i)))
            return wire_at_item(out->err, i);
    return wire_put_long(out, 0);
}

static bool
put_default_record(struct wire_out *out, const struct shape *shape, const json_t *value)
{
    for (size_t i = 0; i < shape->n; i++) {
        const json_t *given = json_object_get(value, shape->names[i]);
        if (!put_default(out, shape->parts[i], given ? given : shape->defaults[i]))
            return wire_at(out->err, shape->names[i]);
    }
    return true;
}

/* value may be NULL: then there is no default, which is an error. */
static bool
put_default(struct wire_out *out, const struct shape *shape, const json_t *value)
{
    bool number = json_is_number(value);
    if (shape->kind == SHAPE_NULL && json_is_null(value))
        return true;
    if (shape->kind == SHAPE_BOOLEAN && json_is_boolean(value))
        return wire_put_bool(out, json_is_true(value));
    if ((shape->kind == SHAPE_INT || shape->kind == SHAPE_LONG) && json_is_integer(value))
        return wire_put_long(out, json_integer_value(value));
    if (shape->kind == SHAPE_FLOAT && number)
        return wire_put_float(out, (float)json_number_value(value));
    if (shape->kind == SHAPE_DOUBLE && number)
        return wire_put_double(out, json_number_value(value));
    /* Bytes would need the code points as bytes: only their empty default is the same. */
    if (json_is_string(value) &&
        (shape->kind == SHAPE_STRING ||
         (shape->kind == SHAPE_BYTES && json_string_length(value) == 0)))
        return wire_put_str(
            out, SIZE_MAX,
            (struct str){json_string_value(value), json_string_length(value)});
    if (shape->kind == SHAPE_ENUM && json_is_string(value))
        return wire_put_enum(out, shape->n,
                             (unsigned)shape_find(shape, json_string_value(value)));
    if (shape->kind == SHAPE_ARRAY && json_is_array(value))
        return put_default_array(out, shape, value);
    if (shape->kind == SHAPE_RECORD && json_is_object(value))
        return put_default_record(out, shape, value);
    /* The default of a union belongs to its first branch. */
    if (shape->kind == SHAPE_UNION && value)
        return wire_put_long(out, 0) && put_default(out, shape->parts[0], value);
    return wire_bad(out->err, "the default does not fit the type");
}

/* ---- one value ---- */

static bool
plan_run(struct plan *plan, struct str body, struct buf *out, struct err *err)
{
    /* A new value each time: one that is reset keeps what its arrays once held. */
    avro_value_t value;
    if (avro_generic_value_new(plan->generic, &value) != 0)
        return avro_failed(err);
    avro_reader_memory_set_source(plan->bytes, body.len ? body.ptr : "",
                                  (int64_t)body.len);
    bool ok = avro_value_read(plan->bytes, &value) == 0 || avro_failed(err);
    if (ok) {
        struct wire_out w;
        wire_out_init(&w, out, err);
        ok = wire_out_end(&w, put_value(&w, plan->reader, plan->writer, &value));
    }
    avro_value_decref(&value);
    return ok;
}

bool
evolve_decode(const struct wire_schema *schema, uint64_t fingerprint, struct str body,
              struct arena *arena, void *ret_record, struct err *err)
{
    CLEANUP(buf_release) struct buf now = {0};
    bool ok = true;

    pthread_mutex_lock(&plans_mutex);
    struct plan *plan = plan_find(schema, fingerprint);
    if (!plan) {
        ok = err_dead(err, DEAD_BAD_SCHEMA, NULL,
                      "unknown schema fingerprint %016" PRIx64, fingerprint);
    } else if (!plan->ok) {
        *err = plan->err;
        ok = false;
    } else {
        struct wire_in in;
        wire_in_init(&in, body, NULL, err);
        ok = shape_walk(plan->writer, &in, 0) && wire_in_end(&in) &&
             plan_run(plan, body, &now, err);
    }
    pthread_mutex_unlock(&plans_mutex);
    if (!ok)
        return false;

    /* The record is a view: its bytes must live as long as the arena. */
    return schema->decode(arena_str(arena, buf_str(&now)), arena, ret_record, err);
}
