/* mapping_apply.c - rows as CloudEvents, the way a mapping file says or the built-in one.
 */
#include "ctl/mapping_file.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/times.h"
#include "ident/ident.h"

/* --- values ------------------------------------------------------------------------- */

struct apply {
    const struct mapping *mapping;
    json_t *row; /* borrowed */
    int64_t row_no;
    struct arena *arena;
    struct err *err;
};

static bool
is_blank(const json_t *value)
{
    return !value || json_is_null(value) ||
           (json_is_string(value) && json_string_length(value) == 0);
}

/* A scalar as text: what tables, templates and times look at. Null for others. */
static struct str
text_of(struct arena *arena, const json_t *value)
{
    if (json_is_string(value))
        return (struct str){json_string_value(value), json_string_length(value)};
    if (json_is_integer(value))
        return arena_printf(arena, "%lld", (long long)json_integer_value(value));
    if (json_is_real(value))
        return arena_printf(arena, "%.15g", json_real_value(value));
    if (json_is_boolean(value))
        return json_is_true(value) ? STR("true") : STR("false");
    return STR_NULL;
}

/* "a.b" goes into nested objects; a name with a dot that stands there as it is wins. */
static json_t *
field_of(json_t *row, const char *name)
{
    json_t *value = json_object_get(row, name);
    const char *dot = value ? NULL : strchr(name, '.');
    if (!dot)
        return value;
    char head[128];
    int n = snprintf(head, sizeof(head), "%.*s", (int)(dot - name), name);
    if (n < 0 || (size_t)n >= sizeof(head))
        return NULL;
    json_t *child = json_object_get(row, head);
    return json_is_object(child) ? field_of(child, dot + 1) : NULL;
}

/* "{a} - {b}"; empty if every named field is. */
static struct str
fill_template(struct apply *apply, const char *format)
{
    CLEANUP(buf_release) struct buf out = {.max_bytes = ROWS_MAX_BYTES};
    bool any = false;
    for (const char *at = format; *at;) {
        const char *close = *at == '{' ? strchr(at, '}') : NULL;
        if (!close) {
            (void)buf_add_char(&out, *at++);
            continue;
        }
        char name[128];
        (void)snprintf(name, sizeof(name), "%.*s", (int)(close - at - 1), at + 1);
        /* {#} is the row's number: for files without an id of their own. */
        struct str value =
            strcmp(name, "#") == 0
                ? arena_printf(apply->arena, "%lld", (long long)apply->row_no)
                : text_of(apply->arena, field_of(apply->row, name));
        any = any || !str_empty(value);
        (void)buf_add_str(&out, value);
        at = close + 1;
    }
    return any ? arena_str(apply->arena, buf_str(&out)) : STR("");
}

/* Day and month in front: rewritten as ISO before it is parsed. */
static bool
parse_time(const struct apply *apply, struct str text, int64_t *ret_ms)
{
    const struct mapping *mapping = apply->mapping;
    text = str_trim(text);
    if (mapping->time_form == TIME_UNIX) {
        double seconds = 0;
        if (!str_to_double(text, &seconds))
            return false;
        *ret_ms = (int64_t)(seconds * 1000);
        return true;
    }
    struct str iso = text;
    if (mapping->time_form != TIME_ISO && text.len >= 10 && text.ptr[2] == '/' &&
        text.ptr[5] == '/') {
        bool mdy = mapping->time_form == TIME_MDY;
        iso = arena_printf(apply->arena, "%.4s-%.2s-%.2s%.*s", text.ptr + 6,
                           text.ptr + (mdy ? 0 : 3), text.ptr + (mdy ? 3 : 0),
                           (int)(text.len - 10), text.ptr + 10);
    }
    if (time_parse(iso, ret_ms))
        return true;
    if (!time_parse_loose(iso, ret_ms))
        return false;
    *ret_ms -= mapping->zone_ms;
    return true;
}

static json_t *evaluate(struct apply *apply, const char *name, json_t *spec);

static json_t *
convert(struct apply *apply, const char *name, const json_t *spec, json_t *value)
{
    const char *type = json_string_value(json_object_get(spec, "type"));
    if (!type)
        return json_incref(value);
    struct str text = text_of(apply->arena, value);
    if (strcmp(type, "time") == 0) {
        int64_t ms = 0;
        char out[TIME_TEXT_BYTES];
        if (parse_time(apply, text, &ms)) {
            ms += json_integer_value(json_object_get(spec, "plus_days")) * DAY_MS;
            return json_string(time_print(ms, out));
        }
    } else if (strcmp(type, "number") == 0) {
        int64_t whole = 0;
        double real = 0;
        if (str_to_i64(str_trim(text), &whole))
            return json_integer(whole);
        if (str_to_double(str_trim(text), &real))
            return json_real(real);
    } else if (strcmp(type, "string") == 0) {
        if (!str_is_null(text))
            return json_stringn(text.ptr, text.len);
    } else if (strcmp(type, "bool") == 0) {
        if (str_eq_nocase(text, STR("true")) || str_eq_nocase(text, STR("yes")) ||
            str_eq(text, STR("1")))
            return json_true();
        if (str_eq_nocase(text, STR("false")) || str_eq_nocase(text, STR("no")) ||
            str_eq(text, STR("0")))
            return json_false();
    }
    err_dead(apply->err, DEAD_BAD_FIELD, name,
             "the row's value for \"%.60s\" is no %.20s", name, type);
    return NULL;
}

static json_t *
look_up(struct apply *apply, const json_t *spec, json_t *value)
{
    const char *table = json_string_value(json_object_get(spec, "table"));
    struct str text = table ? text_of(apply->arena, value) : STR_NULL;
    if (str_is_null(text))
        return value;
    json_t *rows = json_object_get(apply->mapping->tables.json, table);
    text = arena_str(apply->arena, text);
    json_t *found = json_object_get(rows, text.ptr);
    /* "*" stands for every other value; without it they pass unchanged. */
    if (!found)
        found = json_object_get(rows, "*");
    return found ? found : value;
}

/* A new reference; NULL: absent, or failed when err has an action. */
static json_t *
evaluate_leaf(struct apply *apply, const char *name, json_t *spec)
{
    json_t *value = json_incref(json_object_get(spec, "const"));
    const char *field = json_string_value(json_object_get(spec, "field"));
    json_t *fields = json_object_get(spec, "fields");
    const char *format = json_string_value(json_object_get(spec, "template"));
    if (field)
        value = json_incref(field_of(apply->row, field));
    /* The first of several that is not blank. */
    for (size_t i = 0; is_blank(value) && i < json_array_size(fields); i++) {
        const char *each = json_string_value(json_array_get(fields, i));
        json_decref(value);
        value = each ? json_incref(field_of(apply->row, each)) : NULL;
    }
    if (format) {
        struct str text = fill_template(apply, format);
        value = json_stringn(text.ptr, text.len);
    }
    json_t *looked_up =
        is_blank(value) ? json_object_get(spec, "default") : look_up(apply, spec, value);
    json_t *result = is_blank(looked_up) ? NULL : convert(apply, name, spec, looked_up);
    json_decref(value);
    return result;
}

static json_t *
evaluate(struct apply *apply, const char *name, json_t *spec)
{
    if (json_object_get(spec, "field") || json_object_get(spec, "const") ||
        json_object_get(spec, "template") || json_object_get(spec, "fields"))
        return evaluate_leaf(apply, name, spec);
    json_t *object = json_object();
    const char *key = NULL;
    json_t *child = NULL;
    json_object_foreach(spec, key, child)
    {
        if (strcmp(key, "comment") == 0)
            continue;
        json_t *value = evaluate(apply, key, child);
        if (apply->err->action != ERR_NONE) {
            json_decref(value);
            json_decref(object);
            return NULL;
        }
        if (value)
            json_object_set_new(object, key, value);
    }
    if (json_object_size(object) > 0)
        return object;
    json_decref(object);
    return NULL;
}

/* {"field": F}: not blank. {"field": F, "in": [...]}: one of these, as text. An array:
 * all. */
static bool
holds(struct apply *apply, json_t *when)
{
    if (!when)
        return true;
    if (json_is_array(when)) {
        for (size_t i = 0; i < json_array_size(when); i++)
            if (!holds(apply, json_array_get(when, i)))
                return false;
        return true;
    }
    const char *field = json_string_value(json_object_get(when, "field"));
    json_t *value = field ? field_of(apply->row, field) : NULL;
    json_t *in = json_object_get(when, "in");
    if (!in)
        return !is_blank(value);
    struct str text = text_of(apply->arena, value);
    for (size_t i = 0; i < json_array_size(in); i++)
        if (str_eq(text, text_of(apply->arena, json_array_get(in, i))))
            return true;
    return false;
}

/* --- events ------------------------------------------------------------------------- */

/* Customer, else ref: what keeps one customer's events together on their way in. */
static struct str
default_key(struct arena *arena, json_t *data)
{
    static const char *const IDS[] = {"id", "email", "phone", "handle"};
    json_t *customer = json_object_get(data, "customer");
    for (size_t i = 0; i < COUNT_OF(IDS); i++) {
        struct str value = text_of(arena, json_object_get(customer, IDS[i]));
        if (!str_empty(value))
            return arena_str(arena, value);
    }
    return arena_str(arena, text_of(arena, json_object_get(data, "complaint_ref")));
}

static struct str
row_id(struct arena *arena, struct str source, json_t *row, size_t place)
{
    char *text = json_dumps(row, JSON_COMPACT | JSON_SORT_KEYS);
    BUG_IF(!text);
    struct str parts[] = {source, str_from(text), arena_printf(arena, "%zu", place)};
    unsigned char digest[32];
    ident_hmac(STR("import"), parts, COUNT_OF(parts), digest);
    free(text);
    return ident_hex(arena, digest, 16);
}

static bool
finish(struct apply *apply, json_t *event, struct str key, struct mapped *ret)
{
    char *text = json_dumps(event, JSON_COMPACT);
    BUG_IF(!text);
    ret->value = arena_str(apply->arena, str_from(text));
    free(text);
    ret->key = key;
    ret->time_ms = TIME_NONE;
    struct str time = text_of(apply->arena, json_object_get(event, "time"));
    if (!str_is_null(time) && !time_parse(time, &ret->time_ms))
        ret->time_ms = TIME_NONE;
    return true;
}

static struct str
source_of(struct apply *apply)
{
    const struct mapping *mapping = apply->mapping;
    if (mapping->source[0])
        return str_from(mapping->source);
    json_t *spec = mapping->source_spec;
    if (json_is_string(spec))
        return text_of(apply->arena, spec);
    json_t *value = spec ? evaluate(apply, "source", spec) : NULL;
    struct str source = arena_str(apply->arena, text_of(apply->arena, value));
    json_decref(value);
    return str_empty(source) ? STR("import") : source;
}

static bool
apply_event(struct apply *apply, const struct policy_node *spec, size_t place,
            struct mapped *ret)
{
    struct str source = source_of(apply);
    json_t *data = evaluate(apply, "data", policy_get(spec, "data").json);
    json_t *id_spec = policy_get(spec, "id").json;
    json_t *time_spec = policy_get(spec, "time").json;
    json_t *key_spec = policy_get(spec, "key").json;
    json_t *id = id_spec ? evaluate(apply, "id", id_spec) : NULL;
    json_t *time = time_spec ? evaluate(apply, "time", time_spec) : NULL;
    json_t *key = key_spec ? evaluate(apply, "key", key_spec) : NULL;
    bool ok = apply->err->action == ERR_NONE;
    if (ok) {
        json_t *event = json_object();
        struct str id_text = text_of(apply->arena, id);
        if (str_empty(id_text))
            id_text = row_id(apply->arena, source, apply->row, place);
        json_object_set_new(event, "specversion", json_string("1.0"));
        json_object_set_new(event, "id", json_stringn(id_text.ptr, id_text.len));
        json_object_set_new(event, "source", json_stringn(source.ptr, source.len));
        json_object_set(event, "type", policy_get(spec, "type").json);
        if (time)
            json_object_set(event, "time", time);
        json_object_set_new(event, "datacontenttype", json_string("application/json"));
        json_object_set(event, "data", data ? data : json_object());
        struct str key_text = key ? arena_str(apply->arena, text_of(apply->arena, key))
                                  : default_key(apply->arena, data);
        ok = finish(apply, event, key_text, ret);
        json_decref(event);
    }
    json_decref(data);
    json_decref(id);
    json_decref(time);
    json_decref(key);
    return ok;
}

/* Without a mapping: a CloudEvent as it is, any other row as a submission's data. */
static bool
apply_plain(struct apply *apply, struct mapped *ret)
{
    if (json_object_get(apply->row, "specversion"))
        return finish(apply, apply->row,
                      default_key(apply->arena, json_object_get(apply->row, "data")),
                      ret);
    json_t *data = json_copy(apply->row);
    json_t *event = json_object();
    struct str source = apply->mapping->source[0]
                            ? str_from(apply->mapping->source)
                            : text_of(apply->arena, json_object_get(data, "source"));
    if (str_empty(source))
        source = STR("import");
    struct str id = row_id(apply->arena, source, apply->row, 0);
    json_object_set_new(event, "specversion", json_string("1.0"));
    json_object_set_new(event, "id", json_stringn(id.ptr, id.len));
    json_object_set_new(event, "source", json_stringn(source.ptr, source.len));
    json_object_set_new(event, "type", json_string("complaint.submitted"));
    json_t *time = json_object_get(data, "occurred_at");
    if (!time)
        time = json_object_get(data, "time");
    if (!is_blank(time))
        json_object_set(event, "time", time);
    static const char *const ENVELOPE[] = {"occurred_at", "time", "source"};
    for (size_t i = 0; i < COUNT_OF(ENVELOPE); i++)
        (void)json_object_del(data, ENVELOPE[i]);
    const char *key = NULL;
    json_t *value = NULL;
    void *next = NULL;
    json_object_foreach_safe(data, next, key, value)
    {
        if (is_blank(value))
            (void)json_object_del(data, key);
    }
    json_object_set_new(event, "data", data);
    bool ok = finish(apply, event, default_key(apply->arena, data), ret);
    json_decref(event);
    return ok;
}

bool
mapping_apply(const struct mapping *mapping, json_t *row, int64_t row_no,
              struct arena *arena, struct mapped *ret_events, size_t *ret_n,
              struct err *err)
{
    *err = (struct err){0};
    struct apply apply = {mapping, row, row_no, arena, err};
    *ret_n = 0;
    if (!mapping->events.json) {
        *ret_n = 1;
        return apply_plain(&apply, &ret_events[0]);
    }
    for (size_t i = 0; i < policy_len(&mapping->events); i++) {
        struct policy_node event = policy_at(&mapping->events, i);
        if (!holds(&apply, policy_get(&event, "when").json))
            continue;
        if (!apply_event(&apply, &event, i, &ret_events[*ret_n]))
            return false;
        (*ret_n)++;
    }
    return true;
}
