#include "intake/cloudevent.h"

#include <stdio.h>

/* While reading: what only decides how the rest is read. */
struct reading {
    struct arena *arena;
    struct cloudevent *ce;
    struct err *err;
    struct str specversion;
    struct str content_type; /* datacontenttype */
    struct str base64;
    struct door_json **link; /* end of the extensions' list */
    size_t extension_bytes;
};

/* ---- content types ----------------------------------------------------------------- */

/* "application/json; charset=utf-8" -> "application/json". The bytes are checked whatever
 * the charset says. */
static struct str
media_type(struct str s)
{
    const char *semicolon = s.len ? memchr(s.ptr, ';', s.len) : NULL;
    return str_trim(semicolon ? str_sub(s, 0, (size_t)(semicolon - s.ptr)) : s);
}

static bool
ends_nocase(struct str s, struct str end)
{
    return s.len > end.len && str_eq_nocase(str_sub(s, s.len - end.len, end.len), end);
}

static bool
is_batch(struct str type)
{
    return str_eq_nocase(type, STR("application/cloudevents-batch+json"));
}

static bool
is_data_type(struct str s)
{
    struct str type = media_type(s);
    if (str_empty(type))
        return true;
    return str_eq_nocase(type, STR("application/json")) ||
           str_eq_nocase(type, STR("text/json")) ||
           (ends_nocase(type, STR("+json")) && !is_batch(type));
}

static bool
is_event_type(struct str s)
{
    struct str type = media_type(s);
    return str_empty(type) || str_eq_nocase(type, STR("application/cloudevents+json")) ||
           str_eq_nocase(type, STR("application/json"));
}

/* ---- attributes -------------------------------------------------------------------- */

/* The specification's String type: no control characters. An attribute of no length is as
 * good as absent. */
static bool
has_control(struct str s)
{
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.ptr[i];
        if (c < 0x20 || c == 0x7f)
            return true;
        if (c == 0xc2 && i + 1 < s.len && (unsigned char)s.ptr[i + 1] < 0xa0)
            return true;
    }
    return false;
}

struct attribute {
    struct str name;
    size_t offset; /* of a struct str */
    size_t max_bytes;
    bool in_reading; /* else in the cloudevent */
    bool required;
};

#define IN_CE(name, max, required)                                                       \
    {                                                                                    \
        {#name, sizeof(#name) - 1}, offsetof(struct cloudevent, name), max, false,       \
            required                                                                     \
    }
#define IN_READING(name, member, required)                                               \
    {                                                                                    \
        {name, sizeof(name) - 1}, offsetof(struct reading, member),                      \
            CLOUDEVENT_ATTRIBUTE_MAX, true, required                                     \
    }

static const struct attribute ATTRIBUTES[] = {
    IN_READING("specversion", specversion, true),
    IN_CE(id, CLOUDEVENT_ID_MAX, true),
    IN_CE(source, CLOUDEVENT_ID_MAX, true),
    IN_CE(type, CLOUDEVENT_ATTRIBUTE_MAX, true),
    IN_CE(time, CLOUDEVENT_ATTRIBUTE_MAX, false),
    IN_CE(subject, CLOUDEVENT_ATTRIBUTE_MAX, false),
    IN_CE(traceparent, CLOUDEVENT_ATTRIBUTE_MAX, false),
    IN_CE(tracestate, CLOUDEVENT_ATTRIBUTE_MAX, false),
    IN_READING("datacontenttype", content_type, false),
};

static struct str *
slot(struct reading *r, const struct attribute *attribute)
{
    char *base = attribute->in_reading ? (char *)r : (char *)r->ce;
    return (struct str *)(void *)(base + attribute->offset);
}

static bool
known_attribute(struct reading *r, const struct attribute *attribute, struct str value)
{
    char path[40];
    (void)snprintf(path, sizeof(path), "$.%.*s", STR_ARG(attribute->name));
    struct str *at = slot(r, attribute);
    if (!str_is_null(*at))
        return err_dead(r->err, DEAD_BAD_CLOUDEVENT, path, "given twice");
    if (value.len > attribute->max_bytes)
        return err_dead(r->err, DEAD_TOO_LARGE, path, "more than %zu bytes",
                        attribute->max_bytes);
    if (has_control(value))
        return err_dead(r->err, DEAD_BAD_CLOUDEVENT, path, "holds control characters");
    if (value.len > 0 || at == &r->ce->time) /* an empty time is a malformed one */
        *at = value;
    return true;
}

static bool
extension(struct reading *r, struct str name, struct door_json *value)
{
    r->extension_bytes += name.len + value->text.len;
    if (r->ce->extensions->count == CLOUDEVENT_EXTENSIONS_COUNT)
        return err_dead(r->err, DEAD_TOO_LARGE, "$", "more than %d extension attributes",
                        CLOUDEVENT_EXTENSIONS_COUNT);
    if (value->text.len > CLOUDEVENT_ATTRIBUTE_MAX ||
        r->extension_bytes > CLOUDEVENT_EXTENSIONS_MAX)
        return err_dead(r->err, DEAD_TOO_LARGE, "$",
                        "an extension attribute is too long");
    value->key = name;
    value->next = NULL;
    *r->link = value;
    r->link = &value->next;
    r->ce->extensions->count++;
    return true;
}

static const struct attribute *
attribute_find(struct str name)
{
    for (size_t i = 0; i < COUNT_OF(ATTRIBUTES); i++)
        if (str_eq(ATTRIBUTES[i].name, name))
            return &ATTRIBUTES[i];
    return NULL;
}

/* ---- the two modes ----------------------------------------------------------------- */

static bool
structured_member(struct reading *r, struct door_json *member)
{
    char path[64];
    if (str_eq(member->key, STR("data"))) {
        if (member->type != DOOR_JSON_NULL)
            r->ce->data = member;
        return true;
    }
    if (member->type == DOOR_JSON_NULL) /* JSON format, 2.3: the same as absent */
        return true;
    const struct attribute *attribute = attribute_find(member->key);
    bool base64 = str_eq(member->key, STR("data_base64"));
    if (!attribute && !base64)
        return extension(r, member->key, member);
    if (member->type != DOOR_JSON_STRING) {
        (void)snprintf(path, sizeof(path), "$.%.*s",
                       STR_ARG(str_sub(member->key, 0, 40)));
        return err_dead(r->err, DEAD_BAD_CLOUDEVENT, path, "must be a string");
    }
    if (base64) {
        r->base64 = member->text;
        return true;
    }
    return known_attribute(r, attribute, member->text);
}

static bool
read_structured(struct reading *r, struct str value)
{
    struct door_json *event = NULL;
    if (!door_json_parse(r->arena, value, "$", &event, r->err))
        return false;
    if (event->type != DOOR_JSON_OBJECT)
        return err_dead(r->err, DEAD_BAD_CLOUDEVENT, "$", "not an object: no CloudEvent");
    for (struct door_json *member = event->first; member;) {
        struct door_json *next = member->next; /* an extension is linked elsewhere */
        if (!structured_member(r, member))
            return false;
        member = next;
    }
    return true;
}

static bool
binary_header(struct reading *r, const struct header *header)
{
    struct str name = str_sub(header->name, 3, header->name.len);
    if (str_is_null(header->value))
        return true;
    if (!door_utf8_valid(name) || !door_utf8_valid(header->value))
        return err_dead(r->err, DEAD_BAD_ENCODING, "$", "a ce_ header is not UTF-8");
    const struct attribute *attribute = attribute_find(name);
    if (attribute)
        return known_attribute(r, attribute, header->value);
    if (door_json_get(r->ce->extensions, name))
        return err_dead(r->err, DEAD_BAD_CLOUDEVENT, "$", "a ce_ header is given twice");
    struct door_json *value = ARENA_NEW(r->arena, struct door_json);
    value->type = DOOR_JSON_STRING;
    value->text = header->value;
    return extension(r, name, value);
}

static bool
read_binary(struct reading *r, const struct raw_message *message, struct str content_type)
{
    if (!is_data_type(content_type))
        return err_dead(r->err, DEAD_BAD_CLOUDEVENT, "$.datacontenttype",
                        "the data is not JSON");
    for (size_t i = 0; i < message->n_headers; i++)
        if (str_starts(message->headers[i].name, STR("ce_")) &&
            !binary_header(r, &message->headers[i]))
            return false;
    return true;
}

/* ---- base64 ------------------------------------------------------------------------ */

static int
base64_value(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* RFC 4648, 4; padding may be left out. */
static bool
base64_decode(struct arena *arena, struct str text, struct str *ret)
{
    struct str s = text;
    for (int i = 0; i < 2 && s.len > 0 && s.ptr[s.len - 1] == '='; i++)
        s.len--;
    if (s.len % 4 == 1 || (s.len != text.len && text.len % 4 != 0))
        return false;
    char *out = arena_alloc(arena, s.len / 4 * 3 + 4);
    size_t n = 0;
    uint32_t bits = 0;
    for (size_t i = 0; i < s.len; i++) {
        int value = base64_value(s.ptr[i]);
        if (value < 0)
            return false;
        bits = bits << 6 | (uint32_t)value;
        if (i % 4 != 0)
            out[n++] = (char)(bits >> (6 - i % 4 * 2) & 0xff);
    }
    *ret = (struct str){out, n};
    return true;
}

static bool
read_base64(struct reading *r)
{
    struct str bytes;
    if (r->ce->data)
        return err_dead(r->err, DEAD_BAD_CLOUDEVENT, "$.data_base64", "beside data");
    if (!base64_decode(r->arena, r->base64, &bytes))
        return err_dead(r->err, DEAD_BAD_CLOUDEVENT, "$.data_base64", "not base64");
    return door_json_parse(r->arena, bytes, "$.data", &r->ce->data, r->err);
}

/* ---- both -------------------------------------------------------------------------- */

static bool
check_attributes(struct reading *r)
{
    for (size_t i = 0; i < COUNT_OF(ATTRIBUTES); i++) {
        char path[40];
        if (!ATTRIBUTES[i].required || !str_is_null(*slot(r, &ATTRIBUTES[i])))
            continue;
        (void)snprintf(path, sizeof(path), "$.%.*s", STR_ARG(ATTRIBUTES[i].name));
        return err_dead(r->err, DEAD_BAD_CLOUDEVENT, path, "absent or empty");
    }
    if (!str_eq(r->specversion, STR("1.0")))
        return err_dead(r->err, DEAD_BAD_CLOUDEVENT, "$.specversion", "must be 1.0");
    if (!is_data_type(r->content_type))
        return err_dead(r->err, DEAD_BAD_CLOUDEVENT, "$.datacontenttype",
                        "the data is not JSON");
    return true;
}

static bool
read_either(struct reading *r, const struct raw_message *message)
{
    bool binary = false;
    struct str content_type = STR_NULL;
    for (size_t i = 0; i < message->n_headers; i++) {
        binary = binary || str_starts(message->headers[i].name, STR("ce_"));
        if (str_eq_nocase(message->headers[i].name, STR("content-type")))
            content_type = message->headers[i].value;
    }
    if (!binary && !is_event_type(content_type))
        return err_dead(r->err, DEAD_BAD_CLOUDEVENT, "$",
                        "content type is no CloudEvent");
    if (binary ? !read_binary(r, message, content_type)
               : !read_structured(r, message->value))
        return false;
    if (!check_attributes(r))
        return false;
    if (binary)
        return door_json_parse(r->arena, message->value, "$.data", &r->ce->data, r->err);
    return str_is_null(r->base64) || read_base64(r);
}

bool
cloudevent_read(struct arena *arena, const struct raw_message *message,
                struct cloudevent *ret, struct err *err)
{
    if (str_empty(message->value))
        return err_dead(err, DEAD_BAD_CLOUDEVENT, "$", "no value");
    if (message->value.len > CLOUDEVENT_MESSAGE_MAX)
        return err_dead(err, DEAD_TOO_LARGE, "$", "more than %zu bytes",
                        CLOUDEVENT_MESSAGE_MAX);
    struct cloudevent ce = {.extensions = ARENA_NEW(arena, struct door_json)};
    ce.extensions->type = DOOR_JSON_OBJECT;
    struct reading r = {
        .arena = arena, .ce = &ce, .err = err, .link = &ce.extensions->first};
    if (!read_either(&r, message))
        return false;
    *ret = ce;
    return true;
}
