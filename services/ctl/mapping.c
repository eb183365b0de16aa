#include "ctl/mapping_file.h"

#include <stdlib.h>

#include "base/times.h"

enum rows_format
mapping_format(const struct mapping *mapping)
{
    return mapping->format;
}

bool
mapping_sorts(const struct mapping *mapping)
{
    return mapping->sorts;
}

void
mapping_drop(struct mapping *mapping)
{
    if (!mapping)
        return;
    policy_release(&mapping->doc);
    free(mapping);
}

/* --- reading the mapping file ------------------------------------------------------- */

static bool
choose(const struct policy_node *node, const char *key, const char *const *names,
       int *ret, struct err *err)
{
    struct str value = STR_NULL;
    if (!policy_str(node, key, false, &value, err))
        return false;
    if (str_is_null(value))
        return true;
    for (int i = 0; names[i]; i++) {
        if (str_eq(value, str_from(names[i]))) {
            *ret = i;
            return true;
        }
    }
    struct policy_node child = policy_get(node, key);
    return policy_error(&child, err, "unknown value \"%.*s\"", STR_ARG(value));
}

/* A value: {"field" | "const" | "template", "table", "default", "type", "max"} or an
 * object of values. */
static bool
check_value(const struct mapping *mapping, const struct policy_node *node, int depth,
            struct err *err)
{
    static const char *const KEYS[] = {"field",     "fields",  "const",
                                       "template",  "table",   "type",
                                       "plus_days", "default", NULL};
    if (!json_is_object(node->json))
        return policy_error(node, err,
                            "must be an object: {\"field\": ...}, {\"const\": ...}, "
                            "{\"template\": ...} or an object of these");
    bool leaf = policy_has(node, "field") || policy_has(node, "const") ||
                policy_has(node, "template") || policy_has(node, "fields");
    if (leaf) {
        struct str table = STR_NULL;
        struct str field = STR_NULL;
        if (!policy_known(node, KEYS, err) ||
            !policy_str(node, "table", false, &table, err) ||
            !policy_str(node, "field", false, &field, err))
            return false;
        if (!str_is_null(table) && !policy_has(&mapping->tables, table.ptr))
            return policy_error(node, err, "no table \"%.*s\" in $.tables",
                                STR_ARG(table));
        return true;
    }
    if (depth > 4)
        return policy_error(node, err, "nested too deep");
    const char *key = NULL;
    json_t *value = NULL;
    json_object_foreach(node->json, key, value)
    {
        struct policy_node child = policy_get(node, key);
        if (!check_value(mapping, &child, depth + 1, err))
            return false;
    }
    return true;
}

static bool
check_event(const struct mapping *mapping, const struct policy_node *event,
            struct err *err)
{
    static const char *const KEYS[] = {"type", "when", "id", "time", "key", "data", NULL};
    struct str type = STR_NULL;
    struct policy_node data;
    if (!policy_known(event, KEYS, err) || !policy_str(event, "type", true, &type, err) ||
        !policy_object(event, "data", true, &data, err))
        return false;
    static const char *const VALUES[] = {"id", "time", "key", "data"};
    for (size_t i = 0; i < COUNT_OF(VALUES); i++) {
        struct policy_node value = policy_get(event, VALUES[i]);
        if (value.json && !check_value(mapping, &value, 0, err))
            return false;
    }
    return true;
}

static bool
read_mapping(struct mapping *mapping, struct err *err)
{
    static const char *const KEYS[] = {"version", "format", "order",  "time_form", "zone",
                                       "source",  "tables", "events", NULL};
    static const char *const FORMATS[] = {"", "csv", "tsv", "jsonl", NULL};
    static const char *const ORDERS[] = {"file", "time", NULL};
    static const char *const FORMS[] = {"iso", "MM/DD/YYYY", "DD/MM/YYYY", "unix", NULL};
    struct policy_node root = policy_root(&mapping->doc);
    int format = ROWS_GUESS;
    int order = 0;
    int form = TIME_ISO;
    struct str zone = STR_NULL;
    if (!policy_known(&root, KEYS, err) ||
        !choose(&root, "format", FORMATS, &format, err) ||
        !choose(&root, "order", ORDERS, &order, err) ||
        !choose(&root, "time_form", FORMS, &form, err) ||
        !policy_str(&root, "zone", false, &zone, err) ||
        !policy_object(&root, "tables", false, &mapping->tables, err) ||
        !policy_array(&root, "events", true, MAPPED_MAX, &mapping->events, err))
        return false;
    mapping->format = (enum rows_format)format;
    mapping->sorts = order == 1;
    mapping->time_form = (enum time_form)form;
    if (!str_is_null(zone)) {
        /* "+08:00": read by giving a date this zone. */
        CLEANUP(arena_release) struct arena arena = {0};
        int64_t ms = 0;
        if (!time_parse(arena_printf(&arena, "1970-01-02T00:00:00%.*s", STR_ARG(zone)),
                        &ms))
            return policy_error(&root, err, "zone must be of the form +08:00");
        mapping->zone_ms = DAY_MS - ms;
    }
    struct policy_node source = policy_get(&root, "source");
    mapping->source_spec = source.json;
    if (source.json && !json_is_string(source.json) &&
        !check_value(mapping, &source, 0, err))
        return false;
    for (size_t i = 0; i < policy_len(&mapping->events); i++) {
        struct policy_node event = policy_at(&mapping->events, i);
        if (!check_event(mapping, &event, err))
            return false;
    }
    return true;
}

struct mapping *
mapping_load(const char *path, const char *source, struct err *err)
{
    struct mapping *mapping = calloc(1, sizeof(*mapping));
    BUG_IF(!mapping);
    if (source) {
        size_t len = strlen(source);
        if (len == 0 || len >= sizeof(mapping->source)) {
            err_set(err, ERR_STOP, "--source must have 1 to 255 bytes");
            mapping_drop(mapping);
            return NULL;
        }
        memcpy(mapping->source, source, len + 1);
    }
    if (path) {
        const char *slash = strrchr(path, '/');
        char dir[400];
        int n = snprintf(dir, sizeof(dir), "%.*s", slash ? (int)(slash - path) : 1,
                         slash ? path : ".");
        if (n < 0 || (size_t)n >= sizeof(dir) ||
            !policy_read(&mapping->doc, slash == path ? "/" : dir,
                         slash ? slash + 1 : path, err) ||
            !read_mapping(mapping, err)) {
            mapping_drop(mapping);
            return NULL;
        }
    }
    return mapping;
}
