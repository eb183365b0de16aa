/* Complete schemas, the parsing canonical form and its fingerprint. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "avsc2c.h"

#include <stdlib.h>
#include <string.h>

/* ---- complete: every named type inlined at its first use ---- */

struct completing {
    struct schemas *all;
    const struct named *seen[256];
    size_t n_seen;
};

static json_t *complete_type(struct completing *c, const json_t *json,
                             const char *around);

static bool
first_use(struct completing *c, const struct named *named)
{
    for (size_t i = 0; i < c->n_seen; i++)
        if (c->seen[i] == named)
            return false;
    c->seen[c->n_seen++] = named;
    return true;
}

static json_t *
complete_named(struct completing *c, const struct named *named, const char *around)
{
    json_t *out = json_object();
    const char *key;
    json_t *value;
    json_object_foreach(named->json, key, value)
    {
        if (strcmp(key, "doc") == 0 || strcmp(key, "fields") == 0)
            continue;
        if (strcmp(key, "namespace") == 0 && strcmp(named->name_space, around) == 0)
            continue;
        json_object_set(out, key, value);
    }
    json_t *fields = json_object_get(named->json, "fields");
    if (!fields)
        return out;
    json_t *list = json_array();
    size_t i;
    json_t *field;
    json_array_foreach(fields, i, field)
    {
        json_t *copy = json_copy(field);
        json_object_del(copy, "doc");
        json_object_set_new(
            copy, "type",
            complete_type(c, json_object_get(field, "type"), named->name_space));
        json_array_append_new(list, copy);
    }
    json_object_set_new(out, "fields", list);
    return out;
}

static json_t *
complete_type(struct completing *c, const json_t *json, const char *around)
{
    if (json_is_string(json)) {
        const char *name = json_string_value(json);
        struct named *named = strchr(name, '.') || !around[0]
                                  ? schemas_find(c->all, name)
                                  : schemas_find(c->all, format("%s.%s", around, name));
        if (!named)
            named = schemas_find(c->all, name);
        if (!named)
            return json_string(name); /* a primitive */
        if (first_use(c, named))
            return complete_named(c, named, around);
        bool near = strcmp(named->name_space, around) == 0;
        return json_string(near ? named->name : named->full_name);
    }
    if (json_is_array(json)) {
        json_t *out = json_array();
        size_t i;
        json_t *branch;
        json_array_foreach(json, i, branch)
            json_array_append_new(out, complete_type(c, branch, around));
        return out;
    }
    json_t *out = json_copy((json_t *)(uintptr_t)json);
    json_t *items = json_object_get(json, "items");
    if (items)
        json_object_set_new(out, "items", complete_type(c, items, around));
    return out;
}

char *
schema_complete(struct schemas *all, const struct named *named)
{
    struct completing c = {.all = all};
    first_use(&c, named);
    return json_dumps(complete_named(&c, named, ""), JSON_COMPACT | JSON_PRESERVE_ORDER);
}

/* ---- parsing canonical form [Avro 1.11 specification, "Transforming into Parsing
 * Canonical Form"]: full names, only name, type, fields, symbols, items, in that order */

static void canonical_type(FILE *out, const json_t *json, const char *around);

static bool
is_primitive(const char *name)
{
    static const char *const NAMES[] = {"null",  "boolean", "int",    "long",
                                        "float", "double",  "string", "bytes"};
    for (size_t i = 0; i < COUNT_OF(NAMES); i++)
        if (strcmp(NAMES[i], name) == 0)
            return true;
    return false;
}

static void
canonical_name(FILE *out, const char *name, const char *around)
{
    if (is_primitive(name) || strchr(name, '.') || !around[0])
        fprintf(out, "\"%s\"", name);
    else
        fprintf(out, "\"%s.%s\"", around, name);
}

static void
canonical_named(FILE *out, const json_t *json, const char *type, const char *around)
{
    const char *inner = json_string_value(json_object_get(json, "namespace"));
    const char *name_space = inner ? inner : around;
    fputs("{\"name\":", out);
    canonical_name(out, json_string_value(json_object_get(json, "name")), name_space);
    fprintf(out, ",\"type\":\"%s\"", type);
    size_t i;
    json_t *item;
    const json_t *fields = json_object_get(json, "fields");
    if (fields) {
        fputs(",\"fields\":[", out);
        json_array_foreach(fields, i, item)
        {
            fprintf(out, "%s{\"name\":\"%s\",\"type\":", i ? "," : "",
                    json_string_value(json_object_get(item, "name")));
            canonical_type(out, json_object_get(item, "type"), name_space);
            fputc('}', out);
        }
        fputc(']', out);
    }
    const json_t *symbols = json_object_get(json, "symbols");
    if (symbols) {
        fputs(",\"symbols\":[", out);
        json_array_foreach(symbols, i, item)
            fprintf(out, "%s\"%s\"", i ? "," : "", json_string_value(item));
        fputc(']', out);
    }
    fputc('}', out);
}

static void
canonical_type(FILE *out, const json_t *json, const char *around)
{
    size_t i;
    json_t *branch;
    if (json_is_string(json)) {
        canonical_name(out, json_string_value(json), around);
    } else if (json_is_array(json)) {
        fputc('[', out);
        json_array_foreach(json, i, branch)
        {
            fputs(i ? "," : "", out);
            canonical_type(out, branch, around);
        }
        fputc(']', out);
    } else {
        const char *type = json_string_value(json_object_get(json, "type"));
        if (!type)
            die("-", "a type without \"type\"");
        if (json_object_get(json, "name")) {
            canonical_named(out, json, type, around);
        } else if (strcmp(type, "array") == 0) {
            fputs("{\"type\":\"array\",\"items\":", out);
            canonical_type(out, json_object_get(json, "items"), around);
            fputc('}', out);
        } else {
            canonical_name(out, type, around);
        }
    }
}

char *
schema_canonical(const json_t *complete)
{
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    canonical_type(out, complete, "");
    fclose(out);
    return text;
}

/* CRC-64-AVRO. [Avro 1.11 specification, "Schema Fingerprints"] */
uint64_t
schema_fingerprint(const json_t *complete)
{
    static const uint64_t EMPTY = UINT64_C(0xc15d213aa4d7a795);
    uint64_t crc = EMPTY;
    for (const char *at = schema_canonical(complete); *at; at++) {
        uint64_t index = (crc ^ (unsigned char)*at) & 0xff;
        uint64_t entry = index;
        for (int bit = 0; bit < 8; bit++)
            entry = (entry >> 1) ^ (EMPTY & -(entry & 1));
        crc = (crc >> 8) ^ entry;
    }
    return crc;
}
