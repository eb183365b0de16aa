#include "conf/policy.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* FNV-1a, 64 bits: names a version of a file for people, it protects nothing. */
static uint64_t
fnv1a(const char *bytes, size_t len)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < len; i++)
        hash = (hash ^ (unsigned char)bytes[i]) * UINT64_C(0x100000001b3);
    return hash;
}

bool
policy_parse(struct policy_doc *ret_doc, const char *name, struct str text,
             struct err *err)
{
    struct policy_doc doc = {0};
    (void)snprintf(doc.file, sizeof(doc.file), "%s", name);
    json_error_t fault;
    /* Editors add it unseen; in UTF-16 it is all that JSON's own error could show. */
    if (str_starts(text, STR("\xEF\xBB\xBF")) || str_starts(text, STR("\xFF\xFE")) ||
        str_starts(text, STR("\xFE\xFF")))
        return err_set(err, ERR_STOP,
                       "%s: begins with a byte order mark; save it as UTF-8 without one",
                       name);
    doc.root =
        json_loadb(text.ptr ? text.ptr : "", text.len, JSON_REJECT_DUPLICATES, &fault);
    if (!doc.root)
        return err_set(err, ERR_STOP, "%s: line %d, column %d: %s", name, fault.line,
                       fault.column, fault.text);
    if (!json_is_object(doc.root)) {
        json_decref(doc.root);
        return err_set(err, ERR_STOP, "%s: the file must hold a JSON object", name);
    }
    char *canonical = json_dumps(doc.root, JSON_COMPACT | JSON_SORT_KEYS);
    BUG_IF(!canonical);
    (void)snprintf(doc.hash, sizeof(doc.hash), "%016llx",
                   (unsigned long long)fnv1a(canonical, strlen(canonical)));
    free(canonical);
    const char *version = json_string_value(json_object_get(doc.root, "version"));
    if (version)
        (void)snprintf(doc.version, sizeof(doc.version), "%.60s", version);
    *ret_doc = doc;
    return true;
}

bool
policy_read(struct policy_doc *ret_doc, const char *dir, const char *file,
            struct err *err)
{
    char path[512];
    int n = snprintf(path, sizeof(path), "%s/%s", dir, file);
    if (n < 0 || (size_t)n >= sizeof(path))
        return err_set(err, ERR_STOP, "policy path too long: %s/%s", dir, file);
    FILE *in = fopen(path, "rb");
    if (!in)
        return err_set(err, ERR_STOP,
                       "%s: cannot open: %s; put it there, or set policy_dir", path,
                       strerror(errno));
    size_t room = 65536;
    size_t len = 0;
    char *text = malloc(room);
    BUG_IF(!text);
    for (;;) {
        size_t got = fread(text + len, 1, room - len, in);
        len += got;
        if (got == 0 || len > POLICY_FILE_MAX_BYTES)
            break;
        if (len == room) {
            room *= 2;
            text = realloc(text, room);
            BUG_IF(!text);
        }
    }
    bool failed = ferror(in) != 0;
    (void)fclose(in);
    bool ok = false;
    if (failed)
        err_set(err, ERR_STOP, "%s: cannot read", path);
    else if (len > POLICY_FILE_MAX_BYTES)
        err_set(err, ERR_STOP, "%s: larger than 16 MiB", path);
    else
        ok = policy_parse(ret_doc, path, (struct str){text, len}, err);
    free(text);
    return ok;
}

void
policy_release(struct policy_doc *doc)
{
    json_decref(doc->root);
    doc->root = NULL;
}

struct policy_node
policy_root(const struct policy_doc *doc)
{
    return (struct policy_node){.doc = doc, .json = doc->root, .path = "$"};
}

bool
policy_error(const struct policy_node *node, struct err *err, const char *fmt, ...)
{
    char text[200];
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    return err_set(err, ERR_STOP, "%.120s: %.100s: %s", node->doc->file, node->path,
                   text);
}

bool
policy_known(const struct policy_node *node, const char *const *keys, struct err *err)
{
    const char *key = NULL;
    json_t *value = NULL;
    if (!json_is_object(node->json))
        return policy_error(node, err, "must be an object");
    json_object_foreach(node->json, key, value)
    {
        bool known = strcmp(key, "comment") == 0;
        for (size_t i = 0; !known && keys[i]; i++)
            known = strcmp(key, keys[i]) == 0;
        if (!known)
            return policy_error(node, err, "unknown key \"%.60s\"", key);
    }
    return true;
}

bool
policy_has(const struct policy_node *node, const char *key)
{
    return json_object_get(node->json, key) != NULL;
}

struct policy_node
policy_get(const struct policy_node *node, const char *key)
{
    struct policy_node child = {.doc = node->doc,
                                .json = json_object_get(node->json, key)};
    (void)snprintf(child.path, sizeof(child.path), "%.100s.%.50s", node->path, key);
    return child;
}

size_t
policy_len(const struct policy_node *array)
{
    return json_array_size(array->json);
}

struct policy_node
policy_at(const struct policy_node *array, size_t i)
{
    struct policy_node child = {.doc = array->doc,
                                .json = json_array_get(array->json, i)};
    (void)snprintf(child.path, sizeof(child.path), "%.130s[%zu]", array->path, i);
    return child;
}

/* Finds the child; *ret_absent when it may be absent and is. */
static bool
child_of(const struct policy_node *node, const char *key, bool required,
         struct policy_node *ret_child, bool *ret_absent, struct err *err)
{
    *ret_child = policy_get(node, key);
    *ret_absent = ret_child->json == NULL;
    if (*ret_absent && required)
        return policy_error(ret_child, err, "missing");
    return true;
}

bool
policy_object(const struct policy_node *node, const char *key, bool required,
              struct policy_node *ret_child, struct err *err)
{
    struct policy_node child;
    bool absent = false;
    if (!child_of(node, key, required, &child, &absent, err))
        return false;
    if (!absent && !json_is_object(child.json))
        return policy_error(&child, err, "must be an object");
    *ret_child = child;
    return true;
}

bool
policy_array(const struct policy_node *node, const char *key, bool required,
             size_t max_items, struct policy_node *ret_child, struct err *err)
{
    struct policy_node child;
    bool absent = false;
    if (!child_of(node, key, required, &child, &absent, err))
        return false;
    if (!absent && !json_is_array(child.json))
        return policy_error(&child, err, "must be an array");
    if (!absent && json_array_size(child.json) > max_items)
        return policy_error(&child, err, "at most %zu items", max_items);
    *ret_child = child;
    return true;
}

bool
policy_as_str(const struct policy_node *node, struct str *ret, struct err *err)
{
    if (!json_is_string(node->json))
        return policy_error(node, err, "must be a string");
    *ret = (struct str){json_string_value(node->json), json_string_length(node->json)};
    return true;
}

bool
policy_str(const struct policy_node *node, const char *key, bool required,
           struct str *ret, struct err *err)
{
    struct policy_node child;
    bool absent = false;
    if (!child_of(node, key, required, &child, &absent, err))
        return false;
    return absent || policy_as_str(&child, ret, err);
}

bool
policy_i64(const struct policy_node *node, const char *key, bool required, int64_t min,
           int64_t max, int64_t *ret, struct err *err)
{
    struct policy_node child;
    bool absent = false;
    if (!child_of(node, key, required, &child, &absent, err))
        return false;
    if (absent)
        return true;
    int64_t value = json_integer_value(child.json);
    if (!json_is_integer(child.json) || value < min || value > max)
        return policy_error(&child, err, "must be a whole number from %lld to %lld",
                            (long long)min, (long long)max);
    *ret = value;
    return true;
}

bool
policy_double(const struct policy_node *node, const char *key, bool required, double min,
              double max, double *ret, struct err *err)
{
    struct policy_node child;
    bool absent = false;
    if (!child_of(node, key, required, &child, &absent, err))
        return false;
    if (absent)
        return true;
    double value = json_number_value(child.json);
    if (!json_is_number(child.json) || !isfinite(value) || value < min || value > max)
        return policy_error(&child, err, "must be a number from %g to %g", min, max);
    *ret = value;
    return true;
}

bool
policy_bool(const struct policy_node *node, const char *key, bool required, bool *ret,
            struct err *err)
{
    struct policy_node child;
    bool absent = false;
    if (!child_of(node, key, required, &child, &absent, err))
        return false;
    if (absent)
        return true;
    if (!json_is_boolean(child.json))
        return policy_error(&child, err, "must be true or false");
    *ret = json_is_true(child.json);
    return true;
}
