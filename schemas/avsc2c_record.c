/* A record's struct, encoder, decoder and JSON printer. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "avsc2c.h"

#include <stdlib.h>
#include <string.h>

/* Per type: its C form and the end of the wire_get_, wire_put_ function's name. */
static const struct {
    const char *c;
    const char *io;
} TYPE_FACTS[] = {
    [TYPE_BOOLEAN] = {"bool", "bool"},    [TYPE_INT] = {"int32_t", "int"},
    [TYPE_LONG] = {"int64_t", "long"},    [TYPE_FLOAT] = {"float", "float"},
    [TYPE_DOUBLE] = {"double", "double"}, [TYPE_STRING] = {"struct str", "str"},
    [TYPE_BYTES] = {"struct str", "str"}, [TYPE_ENUM] = {NULL, "enum"},
    [TYPE_RECORD] = {NULL, NULL},         [TYPE_ARRAY] = {NULL, NULL},
};
_Static_assert(COUNT_OF(TYPE_FACTS) == TYPE_KIND_COUNT, "facts of each type");

const char *
type_c(const struct type *type)
{
    if (type->kind == TYPE_ENUM)
        return format("enum %s", type->named->c_name);
    if (type->kind == TYPE_RECORD)
        return format("struct %s", type->named->c_name);
    return TYPE_FACTS[type->kind].c;
}

static bool
is_text(const struct type *type)
{
    return type->kind == TYPE_STRING || type->kind == TYPE_BYTES;
}

/* ---- header ---- */

/* A doc on one line, safe inside a comment. */
static const char *
comment_of(const json_t *json)
{
    const char *doc = json_string_value(json_object_get(json, "doc"));
    if (!doc || !*doc)
        return "";
    char *text = strdup(doc);
    for (char *c = text; *c; c++)
        if (*c == '\n' || (c[0] == '*' && c[1] == '/') || (c[0] == '/' && c[1] == '*'))
            *c = ' ';
    return format(" /* %s */", text);
}

static void
emit_member(FILE *out, const struct field *f, const char *comment)
{
    const char *c = f->type.items ? type_c(f->type.items) : type_c(&f->type);
    if (f->type.kind == TYPE_ARRAY)
        fprintf(out, "    size_t n_%s;\n    const %s *%s;%s\n", f->name, c, f->c_name,
                comment);
    else if (is_text(&f->type) || !f->type.nullable)
        fprintf(out, "    %s %s;%s\n", c, f->c_name, comment);
    else if (f->type.kind == TYPE_RECORD)
        fprintf(out, "    const %s *%s;%s\n", c, f->c_name, comment);
    else
        fprintf(out, "    bool has_%s;\n    %s %s;%s\n", f->name, c, f->c_name, comment);
}

void
emit_record_header(FILE *out, const struct named *record)
{
    const char *name = record->c_name;
    const char *comment = comment_of(record->json);
    fprintf(out, "%s%sstruct %s {\n", comment[0] ? comment + 1 : "",
            comment[0] ? "\n" : "", name);
    const json_t *fields = json_object_get(record->json, "fields");
    for (size_t i = 0; i < record->n_fields; i++)
        emit_member(out, &record->fields[i], comment_of(json_array_get(fields, i)));
    fprintf(out, "};\n\n");
    fprintf(out,
            "extern const char %s_schema[];       /* JSON, complete */\n"
            "extern const uint64_t %s_fingerprint; /* CRC-64-AVRO */\n"
            "extern const struct wire_schema %s_wire;\n\n",
            name, name, name);
    fprintf(
        out,
        "/* Appends the bare Avro body; on failure out is as before. */\n"
        "MUST_CHECK bool %s_encode(const struct %s *v, struct buf *out, struct err "
        "*err);\n"
        "/* The whole body; *ret is written only on success and points into both. */\n"
        "MUST_CHECK bool %s_decode(struct str body, struct arena *arena, struct %s "
        "*ret,\n"
        "                          struct err *err);\n"
        "/* Compact JSON, nulls and empty arrays left out; false if out is full. */\n"
        "bool %s_print_json(const struct %s *v, struct buf *out);\n\n",
        name, name, name, name, name, name);
    fprintf(
        out,
        "/* For generated code: one record inside another; _get() takes it zeroed. */\n"
        "struct wire_in;\nstruct wire_out;\n"
        "bool %s_get(struct wire_in *in, struct %s *v);\n"
        "bool %s_put(struct wire_out *out, const struct %s *v);\n",
        name, name, name, name);
}

/* ---- decoder ---- */

/* A condition that reads one value (not null) into the place; "u" is for enums. */
static const char *
get_call(const struct type *type, size_t max_bytes, const char *place)
{
    if (type->kind == TYPE_RECORD)
        return format("%s_get(in, %s)", type->named->c_name, place);
    if (type->kind == TYPE_ENUM)
        return format("wire_get_enum(in, %s_COUNT, &u)", type->named->c_upper);
    if (is_text(type))
        return format("wire_get_str(in, %zu, %s)", max_bytes, place);
    return format("wire_get_%s(in, %s)", TYPE_FACTS[type->kind].io, place);
}

static void
emit_get_array(FILE *out, const struct named *record, const struct field *f)
{
    const struct type *items = f->type.items;
    const char *c = type_c(items);
    fprintf(out, "static bool\nget_%s(struct wire_in *in, struct %s *v)\n{\n", f->name,
            record->c_name);
    fprintf(out,
            "    struct wire_array a = {\n"
            "        .max_items = %zu, .item_bytes = sizeof(%s), .min_bytes = %zu};\n"
            "    while (wire_array_block(in, &a)) {\n"
            "        %s *items = a.items;\n"
            "        for (; a.n < a.n_known; a.n++) {\n",
            f->max_items, c, type_min_bytes(items), c);
    if (items->kind == TYPE_ENUM)
        fprintf(out, "            unsigned u;\n");
    fprintf(out,
            "            if (!%s)\n                return wire_at_item(in->err, a.n);\n",
            get_call(items, f->max_bytes, "&items[a.n]"));
    if (items->kind == TYPE_ENUM)
        fprintf(out, "            items[a.n] = (%s)u;\n", c);
    fprintf(out,
            "        }\n    }\n"
            "    v->n_%s = a.n;\n    v->%s = a.items;\n    return !a.bad;\n}\n\n",
            f->name, f->c_name);
}

static void
emit_get_nullable(FILE *out, const struct field *f)
{
    fprintf(
        out,
        "    if (!wire_get_some(in, &some))\n        return wire_at(in->err, \"%s\");\n"
        "    if (some) {\n",
        f->name);
    const char *c = type_c(&f->type);
    if (f->type.kind == TYPE_RECORD)
        fprintf(out,
                "        struct %s *sub = ARENA_NEW(in->arena, struct %s);\n"
                "        if (!%s)\n            return wire_at(in->err, \"%s\");\n"
                "        v->%s = sub;\n    }\n",
                f->type.named->c_name, f->type.named->c_name,
                get_call(&f->type, 0, "sub"), f->name, f->c_name);
    else {
        fprintf(out, "        if (!%s)\n            return wire_at(in->err, \"%s\");\n",
                get_call(&f->type, f->max_bytes, format("&v->%s", f->c_name)), f->name);
        if (f->type.kind == TYPE_ENUM)
            fprintf(out, "        v->%s = (%s)u;\n", f->c_name, c);
        if (!is_text(&f->type))
            fprintf(out, "        v->has_%s = true;\n", f->name);
        fprintf(out, "    }\n");
    }
}

static void
emit_get_field(FILE *out, const struct field *f)
{
    if (f->type.nullable) {
        emit_get_nullable(out, f);
        return;
    }
    const char *call = f->type.kind == TYPE_ARRAY ? format("get_%s(in, v)", f->name)
                                                  : get_call(&f->type, f->max_bytes,
                                                             format("&v->%s", f->c_name));
    fprintf(out, "    if (!%s)\n        return wire_at(in->err, \"%s\");\n", call,
            f->name);
    if (f->type.kind == TYPE_ENUM)
        fprintf(out, "    v->%s = (%s)u;\n", f->c_name, type_c(&f->type));
}

static void
emit_decoder(FILE *out, const struct named *record)
{
    const char *name = record->c_name;
    bool some = false;
    bool u = false;
    for (size_t i = 0; i < record->n_fields; i++) {
        const struct field *f = &record->fields[i];
        some |= f->type.nullable;
        u |= f->type.kind == TYPE_ENUM;
        if (f->type.kind == TYPE_ARRAY)
            emit_get_array(out, record, f);
    }
    fprintf(out, "bool\n%s_get(struct wire_in *in, struct %s *v)\n{\n", name, name);
    if (some)
        fprintf(out, "    bool some;\n");
    if (u)
        fprintf(out, "    unsigned u;\n");
    for (size_t i = 0; i < record->n_fields; i++)
        emit_get_field(out, &record->fields[i]);
    fprintf(out, "    return true;\n}\n\n");
    fprintf(out,
            "bool\n%s_decode(struct str body, struct arena *arena, struct %s *ret,"
            " struct err *err)\n{\n"
            "    struct wire_in in;\n    struct %s v;\n"
            "    memset(&v, 0, sizeof(v));\n"
            "    wire_in_init(&in, body, arena, err);\n"
            "    if (!%s_get(&in, &v) || !wire_in_end(&in))\n        return false;\n"
            "    *ret = v;\n    return true;\n}\n\n",
            name, name, name, name);
}

/* ---- encoder ---- */

/* &place; a place that is "*pointer" is the pointer. */
static const char *
address_of(const char *place)
{
    return place[0] == '*' ? place + 1 : format("&%s", place);
}

static const char *
put_call(const struct type *type, size_t max_bytes, const char *place)
{
    if (type->kind == TYPE_RECORD)
        return format("%s_put(out, %s)", type->named->c_name, address_of(place));
    if (type->kind == TYPE_ENUM)
        return format("wire_put_enum(out, %s_COUNT, (unsigned)%s)", type->named->c_upper,
                      place);
    if (is_text(type))
        return format("wire_put_str(out, %zu, %s)", max_bytes, place);
    return format("wire_put_%s(out, %s)",
                  type->kind == TYPE_INT ? "long" : TYPE_FACTS[type->kind].io, place);
}

static void
emit_put_array(FILE *out, const struct field *f)
{
    fprintf(out,
            "    if (!wire_put_count(out, %zu, v->%s, v->n_%s))\n"
            "        return wire_at(out->err, \"%s\");\n"
            "    for (size_t i = 0; i < v->n_%s; i++) {\n"
            "        if (!%s) {\n"
            "            wire_at_item(out->err, i);\n"
            "            return wire_at(out->err, \"%s\");\n        }\n    }\n"
            "    if (v->n_%s > 0 && !wire_put_long(out, 0))\n        return false;\n",
            f->max_items, f->c_name, f->name, f->name, f->name,
            put_call(f->type.items, f->max_bytes, format("v->%s[i]", f->c_name)), f->name,
            f->name);
}

/* What tells whether a nullable field is there. */
static const char *
some_of(const struct field *f)
{
    if (is_text(&f->type))
        return format("v->%s.ptr != NULL", f->c_name);
    if (f->type.kind == TYPE_RECORD)
        return format("v->%s != NULL", f->c_name);
    return format("v->has_%s", f->name);
}

static void
emit_put_field(FILE *out, const struct field *f)
{
    if (f->type.kind == TYPE_ARRAY) {
        emit_put_array(out, f);
        return;
    }
    bool behind = f->type.nullable && f->type.kind == TYPE_RECORD;
    const char *place = behind ? format("*v->%s", f->c_name) : format("v->%s", f->c_name);
    const char *call = put_call(&f->type, f->max_bytes, place);
    if (f->type.nullable)
        call = format("wire_put_some(out, %s) || (%s &&\n        !%s)", some_of(f),
                      some_of(f), call);
    fprintf(out, "    if (!%s)\n        return wire_at(out->err, \"%s\");\n", call,
            f->name);
}

static void
emit_encoder(FILE *out, const struct named *record)
{
    const char *name = record->c_name;
    fprintf(out, "bool\n%s_put(struct wire_out *out, const struct %s *v)\n{\n", name,
            name);
    for (size_t i = 0; i < record->n_fields; i++)
        emit_put_field(out, &record->fields[i]);
    fprintf(out, "    return true;\n}\n\n");
    fprintf(out,
            "bool\n%s_encode(const struct %s *v, struct buf *out, struct err *err)\n{\n"
            "    struct wire_out w;\n"
            "    wire_out_init(&w, out, err);\n"
            "    return wire_out_end(&w, %s_put(&w, v));\n}\n\n",
            name, name, name);
}

/* ---- printer ---- */

static const char *
print_call(const struct type *type, const char *place)
{
    switch (type->kind) {
    case TYPE_BOOLEAN:
        return format("buf_add_c(out, %s ? \"true\" : \"false\")", place);
    case TYPE_INT:
    case TYPE_LONG:
        return format("buf_printf(out, \"%%lld\", (long long)%s)", place);
    case TYPE_FLOAT:
    case TYPE_DOUBLE:
        return format("wire_json_%s(out, %s)", TYPE_FACTS[type->kind].io, place);
    case TYPE_STRING:
        return format("buf_add_json(out, %s)", place);
    case TYPE_BYTES:
        return format("wire_json_bytes(out, %s)", place);
    case TYPE_ENUM:
        return format("buf_add_json(out, str_from(%s_name(%s)))", type->named->c_name,
                      place);
    default:
        return format("%s_print_json(%s, out)", type->named->c_name, address_of(place));
    }
}

static void
emit_print_field(FILE *out, const struct field *f)
{
    const char *key = format("wire_json_key(out, &first, \"%s\")", f->name);
    if (f->type.kind == TYPE_ARRAY) {
        fprintf(out,
                "    if (v->n_%s > 0) {\n"
                "        ok = ok && %s && buf_add_char(out, '[');\n"
                "        for (size_t i = 0; ok && i < v->n_%s; i++)\n"
                "            ok = (i == 0 || buf_add_char(out, ',')) &&\n"
                "                 %s;\n"
                "        ok = ok && buf_add_char(out, ']');\n    }\n",
                f->name, key, f->name,
                print_call(f->type.items, format("v->%s[i]", f->c_name)));
        return;
    }
    bool behind = f->type.nullable && f->type.kind == TYPE_RECORD;
    const char *place = behind ? format("*v->%s", f->c_name) : format("v->%s", f->c_name);
    if (f->type.nullable)
        fprintf(out, "    if (%s)\n    ", some_of(f));
    fprintf(out, "    ok = ok && %s && %s;\n", key, print_call(&f->type, place));
}

static void
emit_printer(FILE *out, const struct named *record)
{
    fprintf(out,
            "bool\n%s_print_json(const struct %s *v, struct buf *out)\n{\n"
            "    bool first = true;\n    bool ok = buf_add_char(out, '{');\n",
            record->c_name, record->c_name);
    for (size_t i = 0; i < record->n_fields; i++)
        emit_print_field(out, &record->fields[i]);
    fprintf(out, "    return ok && buf_add_char(out, '}');\n}\n\n");
}

void
emit_record_source(FILE *out, const struct named *record)
{
    emit_decoder(out, record);
    emit_encoder(out, record);
    emit_printer(out, record);
}
