#include "wire_random.h"

#include <stdlib.h>

uint64_t
wire_random_below(uint64_t *state, uint64_t n)
{
    uint64_t x = *state;
    x ^= x >> 12;
    x ^= x << 25;
    x ^= x >> 27;
    *state = x;
    return (x * UINT64_C(0x2545f4914f6cdd1d) >> 16) % n;
}

static void
collect_types(json_t *types, json_t *json)
{
    size_t i;
    json_t *part;
    if (json_is_array(json)) {
        json_array_foreach(json, i, part) collect_types(types, part);
        return;
    }
    if (!json_is_object(json))
        return;
    const char *name = json_string_value(json_object_get(json, "name"));
    if (name && json_object_get(json, "type") &&
        (json_object_get(json, "fields") || json_object_get(json, "symbols")))
        json_object_set(types, name, json);
    json_array_foreach(json_object_get(json, "fields"), i, part)
        collect_types(types, json_object_get(part, "type"));
    collect_types(types, json_object_get(json, "items"));
}

void
wire_random_open(struct wire_random *r, const char *schema, size_t schema_bytes)
{
    *r = (struct wire_random){0};
    r->json = json_loadb(schema, schema_bytes, 0, NULL);
    BUG_IF(!r->json);
    BUG_IF(avro_schema_from_json_length(schema, schema_bytes, &r->avro) != 0);
    r->generic = avro_generic_class_from_schema(r->avro);
    BUG_IF(!r->generic);
    r->types = json_object();
    collect_types(r->types, r->json);
}

void
wire_random_close(struct wire_random *r)
{
    avro_value_iface_decref(r->generic);
    avro_schema_decref(r->avro);
    json_decref(r->types);
    json_decref(r->json);
}

static size_t
limit(const json_t *field, const char *key, size_t usual)
{
    const json_t *value = json_object_get(field, key);
    return value ? (size_t)json_integer_value(value) : usual;
}

/* Mostly short, now and then the longest that is allowed (up to 300). */
static size_t
random_len(struct wire_random *r, size_t max)
{
    size_t top = max < 300 ? max : 300;
    switch (wire_random_below(&r->state, 8)) {
    case 0:
        return r->plain ? 1 : top;
    case 1:
        return r->plain ? 2 : 0;
    default:
        return wire_random_below(&r->state, (top < 24 ? top : 24) + 1);
    }
}

static void
set_text(struct wire_random *r, const json_t *field, bool is_string, avro_value_t *value)
{
    static const char *const PIECES[] = {"a",  "Z", "9",  " ",  "投",
                                         "诉", "é", "\"", "\\", "\n"};
    char text[600];
    size_t max = limit(field, "max_bytes", 32768);
    size_t n = 0;
    for (size_t want = random_len(r, max); want > 0; want--) {
        const char *piece = PIECES[wire_random_below(&r->state, COUNT_OF(PIECES))];
        if (n + strlen(piece) > max || n + strlen(piece) >= sizeof(text))
            break;
        memcpy(text + n, piece, strlen(piece));
        n += strlen(piece);
    }
    text[n] = '\0';
    if (is_string)
        BUG_IF(avro_value_set_string_len(value, text, n + 1) != 0);
    else
        BUG_IF(avro_value_set_bytes(value, text, n) != 0);
}

static int64_t
random_number(struct wire_random *r, int bits)
{
    static const int64_t EDGES[] = {0, -1, 1, 63, -64, 64, -65, INT32_MAX, INT32_MIN};
    if (wire_random_below(&r->state, 3) == 0)
        return EDGES[wire_random_below(&r->state, COUNT_OF(EDGES))];
    uint64_t n = wire_random_below(&r->state, UINT64_C(1) << 47) << 17;
    n ^= wire_random_below(&r->state, UINT64_C(1) << 47);
    n >>= wire_random_below(&r->state, 64);
    return bits == 32 ? (int32_t)(n & UINT32_MAX) : (int64_t)n;
}

static void fill(struct wire_random *r, const json_t *type, const json_t *field,
                 avro_value_t *value);

static void
fill_array(struct wire_random *r, const json_t *type, const json_t *field,
           avro_value_t *value)
{
    size_t max = limit(field, "max_items", 64);
    size_t n = wire_random_below(&r->state, (max < 4 ? max : 4) + 1);
    if (!r->plain && wire_random_below(&r->state, 40) == 0)
        n = max < 200 ? max : 200;
    for (size_t i = 0; i < n; i++) {
        avro_value_t item;
        BUG_IF(avro_value_append(value, &item, NULL) != 0);
        fill(r, json_object_get(type, "items"), field, &item);
    }
}

static void
fill_record(struct wire_random *r, const json_t *type, avro_value_t *value)
{
    size_t i;
    json_t *field;
    json_array_foreach(json_object_get(type, "fields"), i, field)
    {
        avro_value_t child;
        BUG_IF(avro_value_get_by_index(value, i, &child, NULL) != 0);
        fill(r, json_object_get(field, "type"), field, &child);
    }
}

static void
fill_name(struct wire_random *r, const char *name, const json_t *field,
          avro_value_t *value)
{
    uint64_t n = wire_random_below(&r->state, 1000);
    if (strcmp(name, "null") == 0)
        BUG_IF(avro_value_set_null(value) != 0);
    else if (strcmp(name, "boolean") == 0)
        BUG_IF(avro_value_set_boolean(value, n & 1) != 0);
    else if (strcmp(name, "int") == 0)
        BUG_IF(avro_value_set_int(value, (int32_t)random_number(r, 32)) != 0);
    else if (strcmp(name, "long") == 0)
        BUG_IF(avro_value_set_long(value, random_number(r, 64)) != 0);
    else if (strcmp(name, "float") == 0)
        BUG_IF(avro_value_set_float(value, (float)n / 7) != 0);
    else if (strcmp(name, "double") == 0)
        BUG_IF(avro_value_set_double(value, (double)n / 7 - 50) != 0);
    else if (strcmp(name, "string") == 0 || strcmp(name, "bytes") == 0)
        set_text(r, field, name[0] == 's', value);
    else {
        const char *dot = strrchr(name, '.');
        const json_t *type = json_object_get(r->types, dot ? dot + 1 : name);
        BUG_IF(!type);
        fill(r, type, field, value);
    }
}

static void
fill(struct wire_random *r, const json_t *type, const json_t *field, avro_value_t *value)
{
    if (json_is_string(type)) {
        fill_name(r, json_string_value(type), field, value);
        return;
    }
    if (json_is_array(type)) {
        int branch = (int)wire_random_below(&r->state, json_array_size(type));
        avro_value_t inner;
        BUG_IF(avro_value_set_branch(value, branch, &inner) != 0);
        fill(r, json_array_get(type, (size_t)branch), field, &inner);
        return;
    }
    const char *kind = json_string_value(json_object_get(type, "type"));
    BUG_IF(!kind);
    if (strcmp(kind, "record") == 0) {
        fill_record(r, type, value);
    } else if (strcmp(kind, "enum") == 0) {
        size_t n = json_array_size(json_object_get(type, "symbols"));
        BUG_IF(avro_value_set_enum(value, (int)wire_random_below(&r->state, n)) != 0);
    } else if (strcmp(kind, "array") == 0) {
        fill_array(r, type, field, value);
    } else {
        fill_name(r, kind, field, value);
    }
}

avro_value_t
wire_random_value(struct wire_random *r, uint64_t seed)
{
    avro_value_t value;
    r->state = (seed + 1) * UINT64_C(0x9e3779b97f4a7c15);
    BUG_IF(avro_generic_value_new(r->generic, &value) != 0);
    fill(r, r->json, NULL, &value);
    return value;
}

void
wire_random_bytes(const avro_value_t *value, struct buf *out)
{
    avro_value_t copy = *value; /* the API is not const */
    size_t size = 0;
    BUG_IF(avro_value_sizeof(&copy, &size) != 0);
    BUG_IF(!buf_reserve(out, size + 1));
    avro_writer_t writer = avro_writer_memory(out->ptr + out->len, (int64_t)size + 1);
    BUG_IF(avro_value_write(writer, &copy) != 0);
    out->len += (size_t)avro_writer_tell(writer);
    out->ptr[out->len] = '\0';
    avro_writer_free(writer);
}
