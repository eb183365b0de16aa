/* Reads the .avsc files into the model and refuses what the mapping has no form for. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "avsc2c.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static const char *const PRIMITIVES[] = {
    [TYPE_BOOLEAN] = "boolean", [TYPE_INT] = "int",       [TYPE_LONG] = "long",
    [TYPE_FLOAT] = "float",     [TYPE_DOUBLE] = "double", [TYPE_STRING] = "string",
    [TYPE_BYTES] = "bytes",
};

static const char *const KEYWORDS[] = {
    "auto",     "bool",     "break",  "case",    "char",   "const",    "continue",
    "default",  "do",       "double", "else",    "enum",   "extern",   "false",
    "float",    "for",      "goto",   "if",      "inline", "int",      "long",
    "register", "restrict", "return", "short",   "signed", "sizeof",   "static",
    "struct",   "switch",   "true",   "typedef", "union",  "unsigned", "void",
    "volatile", "while",
};

/* ComplaintEvent -> complaint_event, SLAClock -> sla_clock. */
static char *
snake_case(const char *name)
{
    char *out = calloc(2 * strlen(name) + 1, 1);
    size_t n = 0;
    for (size_t i = 0; name[i]; i++) {
        bool upper = isupper((unsigned char)name[i]);
        bool after_lower =
            i > 0 && !isupper((unsigned char)name[i - 1]) && name[i - 1] != '_';
        bool before_lower = i > 0 && isupper((unsigned char)name[i - 1]) &&
                            islower((unsigned char)name[i + 1]);
        if (upper && (after_lower || before_lower))
            out[n++] = '_';
        out[n++] = (char)tolower((unsigned char)name[i]);
    }
    return out;
}

static char *
upper_case(const char *name)
{
    char *out = strdup(name);
    for (char *c = out; *c; c++)
        *c = (char)toupper((unsigned char)*c);
    return out;
}

static const char *
text_of(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

static bool
is_name(const char *s)
{
    if (!s || !(isalpha((unsigned char)*s) || *s == '_'))
        return false;
    while (isalnum((unsigned char)*s) || *s == '_')
        s++;
    return *s == '\0';
}

struct named *
schemas_find(struct schemas *all, const char *full_name)
{
    for (size_t i = 0; i < all->n_types; i++)
        if (strcmp(all->types[i].full_name, full_name) == 0)
            return &all->types[i];
    return NULL;
}

/* A name without a dot belongs to the name space around it. */
static struct named *
find_in(struct schemas *all, const char *name, const char *name_space)
{
    if (strchr(name, '.') || name_space[0] == '\0')
        return schemas_find(all, name);
    struct named *found = schemas_find(all, format("%s.%s", name_space, name));
    return found ? found : schemas_find(all, name);
}

static void
check_enum(const struct named *named)
{
    size_t i;
    json_t *symbol;
    if (json_array_size(named->symbols) == 0)
        die(named->file, "%s: an enum needs symbols", named->name);
    if (json_array_size(named->names) != json_array_size(named->symbols))
        die(named->file, "%s: names must be parallel to symbols", named->name);
    json_array_foreach(named->symbols, i, symbol)
    {
        if (!is_name(json_string_value(symbol)))
            die(named->file, "%s: symbol %zu is not a name", named->name, i);
        if (!json_is_string(json_array_get(named->names, i)))
            die(named->file, "%s: name %zu is not a string", named->name, i);
    }
}

static void
add_named(struct schemas *all, json_t *json, const char *around, const char *file)
{
    if (all->n_types == COUNT_OF(all->types))
        die(file, "more than %zu types", COUNT_OF(all->types));
    struct named *named = &all->types[all->n_types];
    const char *type = text_of(json, "type");
    named->name = text_of(json, "name");
    if (!is_name(named->name))
        die(file, "no name, or one with dots");
    named->name_space = text_of(json, "namespace") ? text_of(json, "namespace") : around;
    named->full_name = named->name_space[0]
                           ? format("%s.%s", named->name_space, named->name)
                           : named->name;
    named->c_name = snake_case(named->name);
    named->c_upper = upper_case(named->c_name);
    named->file = file;
    named->json = json;
    for (size_t i = 0; i < all->n_types; i++)
        if (strcmp(all->types[i].c_name, named->c_name) == 0)
            die(file, "%s is defined in %s too", named->c_name, all->types[i].file);
    if (strcmp(type, "record") == 0) {
        named->kind = TYPE_RECORD;
    } else if (strcmp(type, "enum") == 0) {
        named->kind = TYPE_ENUM;
        named->symbols = json_object_get(json, "symbols");
        named->names = json_object_get(json, "names");
        if (!named->names)
            named->names = named->symbols;
        check_enum(named);
    } else {
        die(file, "type \"%s\": a file holds one record or one enum", type);
    }
    all->n_types++;
}

void
schemas_add_file(struct schemas *all, const char *path)
{
    json_error_t error;
    json_t *json = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
    if (!json)
        die(path, "line %d: %s", error.line, error.text);
    if (!text_of(json, "type"))
        die(path, "no \"type\"");
    add_named(all, json, "", path);

    const char *base = strrchr(path, '/');
    base = base ? base + 1 : path;
    const char *c_name = all->types[all->n_types - 1].c_name;
    if (strcmp(base, format("%s.avsc", c_name)) != 0)
        die(path, "the file must be called %s.avsc", c_name);
}

void
schemas_add_history(struct schemas *all, const char *path)
{
    json_error_t error;
    json_t *json = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
    if (!json)
        die(path, "line %d: %s", error.line, error.text);
    const char *name = text_of(json, "name");
    const char *base = strrchr(path, '/');
    base = base ? base + 1 : path;
    const char *dot = strchr(base, '.');
    struct named *named = NULL;
    for (size_t i = 0; i < all->n_types; i++)
        if (strncmp(all->types[i].c_name, base, (size_t)(dot - base)) == 0 &&
            all->types[i].c_name[dot - base] == '\0')
            named = &all->types[i];
    if (!named || named->kind != TYPE_RECORD || !name || strcmp(named->name, name) != 0)
        die(path, "not an older version of any record here");
    if (named->n_history == COUNT_OF(named->history))
        die(path, "more than %zu versions", COUNT_OF(named->history));
    named->history[named->n_history++] = (struct history){
        .number = (int)strtol(dot + 1, NULL, 10),
        .fingerprint = schema_fingerprint(json),
        .schema = json_dumps(json, JSON_COMPACT | JSON_PRESERVE_ORDER),
    };
}

static void resolve_named(struct schemas *all, struct named *named);

static struct type
read_type(struct schemas *all, const struct named *owner, const char *where,
          const json_t *json)
{
    if (json_is_string(json)) {
        const char *name = json_string_value(json);
        for (size_t i = 0; i < COUNT_OF(PRIMITIVES); i++)
            if (strcmp(PRIMITIVES[i], name) == 0)
                return (struct type){.kind = (enum type_kind)i};
        struct named *named = find_in(all, name, owner->name_space);
        if (!named)
            die(owner->file, "%s: no type \"%s\" in the files given", where, name);
        resolve_named(all, named);
        named->is_part = true;
        return (struct type){.kind = named->kind, .named = named};
    }
    const char *kind = text_of(json, "type");
    if (kind && strcmp(kind, "array") == 0) {
        struct type *items = calloc(1, sizeof(*items));
        *items = read_type(all, owner, where, json_object_get(json, "items"));
        if (items->nullable || items->kind == TYPE_ARRAY)
            die(owner->file, "%s: no arrays of arrays or of unions", where);
        return (struct type){.kind = TYPE_ARRAY, .items = items};
    }
    if (json_is_array(json)) {
        const char *first = json_string_value(json_array_get(json, 0));
        if (json_array_size(json) != 2 || !first || strcmp(first, "null") != 0)
            die(owner->file, "%s: the only unions are [\"null\", T]", where);
        struct type type = read_type(all, owner, where, json_array_get(json, 1));
        if (type.nullable || type.kind == TYPE_ARRAY)
            die(owner->file, "%s: no nullable arrays: an empty one means none", where);
        type.nullable = true;
        return type;
    }
    /* {"type": "long", "logicalType": …}: the annotation is for other readers. */
    if (kind && !json_object_get(json, "name"))
        return read_type(all, owner, where, json_object_get(json, "type"));
    die(owner->file, "%s: a record or enum has a file of its own", where);
}

static size_t
limit_of(const struct named *owner, const json_t *json, const char *key, size_t usual)
{
    json_t *limit = json_object_get(json, key);
    if (!limit)
        return usual;
    if (!json_is_integer(limit) || json_integer_value(limit) <= 0 ||
        json_integer_value(limit) > INT32_MAX)
        die(owner->file, "%s of %s: not a number above 0", key, text_of(json, "name"));
    return (size_t)json_integer_value(limit);
}

static const char *
c_field_name(const char *name)
{
    for (size_t i = 0; i < COUNT_OF(KEYWORDS); i++)
        if (strcmp(KEYWORDS[i], name) == 0)
            return format("%s_", name);
    return name;
}

static void
read_field(struct schemas *all, const struct named *record, const json_t *json,
           struct field *ret)
{
    const char *name = text_of(json, "name");
    if (!is_name(name))
        die(record->file, "a field has no name");
    const char *where = format("%s.%s", record->name, name);
    *ret = (struct field){
        .name = name,
        .c_name = c_field_name(name),
        .type = read_type(all, record, where, json_object_get(json, "type")),
        .max_bytes = limit_of(record, json, "max_bytes", MAX_BYTES_DEFAULT),
        .max_items = limit_of(record, json, "max_items", MAX_ITEMS_DEFAULT),
    };
    const json_t *value = json_object_get(json, "default");
    if (ret->type.nullable && value && !json_is_null(value))
        die(record->file, "%s: the default of [\"null\", T] is null", where);
}

size_t
type_min_bytes(const struct type *type)
{
    if (type->nullable)
        return 1;
    switch (type->kind) {
    case TYPE_FLOAT:
        return 4;
    case TYPE_DOUBLE:
        return 8;
    case TYPE_RECORD:
        return type->named->min_bytes;
    default:
        return 1;
    }
}

static void
resolve_named(struct schemas *all, struct named *named)
{
    if (named->visit == VISIT_DONE || named->kind != TYPE_RECORD)
        return;
    /* A record inside itself has no bounded depth. */
    if (named->visit == VISIT_OPEN)
        die(named->file, "%s contains itself", named->name);
    named->visit = VISIT_OPEN;
    const json_t *fields = json_object_get(named->json, "fields");
    named->n_fields = json_array_size(fields);
    if (named->n_fields == 0)
        die(named->file, "%s: a record needs fields", named->name);
    named->fields = calloc(named->n_fields, sizeof(*named->fields));
    for (size_t i = 0; i < named->n_fields; i++) {
        read_field(all, named, json_array_get(fields, i), &named->fields[i]);
        named->min_bytes += type_min_bytes(&named->fields[i].type);
    }
    named->visit = VISIT_DONE;
}

void
schemas_resolve(struct schemas *all)
{
    for (size_t i = 0; i < all->n_types; i++)
        resolve_named(all, &all->types[i]);
}
