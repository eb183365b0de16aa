#include "intake/door_fields.h"

#include <stdio.h>

#include "base/times.h"
#include "gen/clock.h"
#include "intake/normalise.h"
#include "intake/redact.h"

#define ATTACHMENTS_MAX 64
#define FIELDS_MAX 64 /* of a type: one bit each */

/* 1900, 2000 and 2200 as ms. */
#define YEAR_1900_MS INT64_C(-2208988800000)
#define YEAR_2000_MS INT64_C(946684800000)
#define YEAR_2200_MS INT64_C(7258118400000)

struct reader {
    struct arena *arena;
    struct door_data *data;
    struct err *err;
    const char *path; /* of the object at hand: "$.data", "$.data.customer" */
};

static bool
refuse(struct reader *r, enum dead_reason reason, struct str name, const char *what)
{
    char path[sizeof(r->err->path)];
    (void)snprintf(path, sizeof(path), "%s.%.*s", r->path, STR_ARG(name));
    return err_dead(r->err, reason, path, "%.*s: %s", STR_ARG(name), what);
}

static bool
bad(struct reader *r, const struct field *field, const char *what)
{
    return refuse(r, DEAD_BAD_FIELD, field->name, what);
}

static void *
target(struct reader *r, const struct field *field)
{
    return (char *)r->data + field->at;
}

static void
set_flag(struct reader *r, const struct field *field)
{
    if (field->has_at != NO_FLAG)
        *(bool *)((char *)r->data + field->has_at) = true;
}

/* ---- values ------------------------------------------------------------------------ */

static bool
is_address(struct str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.ptr[i] == ' ' || s.ptr[i] == '\n' || s.ptr[i] == '\t')
            return false;
    return str_starts(s, STR("https://")) || str_starts(s, STR("http://"));
}

static struct str
clean(struct reader *r, const struct field *field, struct str text)
{
    if (field->kind == FIELD_ID)
        return normalise_id(r->arena, text);
    struct str s = normalise_text(r->arena, text);
    if (field->kind == FIELD_RAW || (field->kind == FIELD_URL && is_address(s)))
        return s;
    return redact_text(r->arena, s);
}

/* A word of a closed list stays as it was sent, if it is one. */
static bool
is_word(const struct field *field, struct str text)
{
    enum clock which = CLOCK_NONE;
    if (field->kind == FIELD_CLOCK)
        return clock_parse(text, &which) && which != CLOCK_NONE;
    return str_eq(text, STR("customer")) || str_eq(text, STR("third_party"));
}

/* *ret_set = false: as good as absent. */
static bool
read_string(struct reader *r, const struct field *field, struct str text, bool *ret_set)
{
    if (text.len > field->max_bytes)
        return refuse(r, DEAD_TOO_LARGE, field->name, "too long");
    bool word = field->kind == FIELD_CLOCK || field->kind == FIELD_WAIT;
    struct str s = word ? text : clean(r, field, text);
    *ret_set = !str_empty(str_trim(s));
    if (!*ret_set)
        return true;
    if (word && !is_word(field, s))
        return bad(r, field, "not one of its values");
    *(struct str *)target(r, field) = s;
    return true;
}

static bool
read_enum(struct reader *r, const struct field *field, struct str text)
{
    if (field->kind == FIELD_CHANNEL) {
        enum channel channel = CHANNEL_UNKNOWN;
        if (!channel_parse(text, &channel) || channel == CHANNEL_UNKNOWN)
            return bad(r, field, "not a channel");
        *(enum channel *)target(r, field) = channel;
        return true;
    }
    enum kind kind = KIND_UNKNOWN;
    if (!kind_parse(text, &kind) || kind == KIND_UNKNOWN)
        return bad(r, field, "not a kind");
    *(enum kind *)target(r, field) = kind;
    return true;
}

static bool
read_time(struct reader *r, const struct field *field, struct str text)
{
    bool since = field->kind == FIELD_SINCE;
    int64_t ms = 0;
    if (!(since ? time_parse_loose(text, &ms) : time_parse(text, &ms)))
        return bad(r, field, since ? "not a date" : "not an RFC 3339 time");
    if (ms < (since ? YEAR_1900_MS : YEAR_2000_MS) || ms >= YEAR_2200_MS)
        return refuse(r, DEAD_TIME_OUT_OF_RANGE, field->name, "year out of range");
    *(int64_t *)target(r, field) = ms;
    return true;
}

/* 3, 3.0 and 3e0 are the same integer (JSON Schema, "integer"). */
static bool
to_integer(struct str text, int64_t *ret)
{
    double real = 0;
    if (str_to_i64(text, ret))
        return true;
    if (!str_to_double(text, &real) || real < -9007199254740992.0 ||
        real > 9007199254740992.0)
        return false;
    *ret = (int64_t)real;
    return (double)*ret == real;
}

static bool
read_number(struct reader *r, const struct field *field, struct str text)
{
    int64_t whole = 0;
    double real = 0;
    switch (field->kind) {
    case FIELD_RANK:
        if (!to_integer(text, &whole) || whole < 1 || whole > 5)
            return bad(r, field, "must be an integer from 1 to 5");
        *(int32_t *)target(r, field) = (int32_t)whole;
        return true;
    case FIELD_COUNT:
        if (!to_integer(text, &whole) || whole < 0)
            return bad(r, field, "must be an integer >= 0");
        *(int64_t *)target(r, field) = whole;
        return true;
    default:
        if (!str_to_double(text, &real))
            return bad(r, field, "not a number that can be kept");
        if (field->kind == FIELD_MONEY && real < 0)
            return bad(r, field, "must be >= 0");
        *(double *)target(r, field) = real;
        return true;
    }
}

static bool
read_list(struct reader *r, const struct field *field, const struct door_json *value)
{
    struct submission *submission = &r->data->submission;
    if (value->count > ATTACHMENTS_MAX)
        return refuse(r, DEAD_TOO_LARGE, field->name, "too many items");
    struct str *items = ARENA_ARRAY(r->arena, struct str, value->count);
    size_t n = 0;
    CLEANUP(buf_release) struct buf text = {.max_bytes = 0};
    for (const struct door_json *item = value->first; item; item = item->next) {
        buf_clear(&text);
        if (!door_json_print(r->arena, item, &text) || text.len > field->max_bytes)
            return refuse(r, DEAD_TOO_LARGE, field->name, "an item is too long");
        items[n++] = arena_str(r->arena, buf_str(&text));
    }
    submission->attachments = items;
    submission->n_attachments = n;
    return true;
}

static bool read_object(struct reader *r, const struct field_set *const *sets,
                        size_t n_sets, struct door_json *object,
                        struct door_json **extra);

/* What no row of the inner table names comes out as an object under the field's name. */
static bool
read_inside(struct reader *r, const struct field *field, struct door_json *value,
            struct door_json **extra)
{
    char path[64];
    (void)snprintf(path, sizeof(path), "%s.%.*s", r->path, STR_ARG(field->name));
    struct reader inner = *r;
    inner.path = path;
    struct door_json *rest = NULL;
    if (!read_object(&inner, &field->inside, 1, value, &rest))
        return false;
    if (rest) {
        rest->key = field->name;
        *extra = rest;
    }
    return true;
}

/* The JSON type that a kind of field takes. */
static bool
type_fits(enum field_kind kind, enum door_json_type type)
{
    switch (kind) {
    case FIELD_BOOL:
        return type == DOOR_JSON_TRUE || type == DOOR_JSON_FALSE;
    case FIELD_RANK:
    case FIELD_COUNT:
    case FIELD_MONEY:
    case FIELD_NUMBER:
        return type == DOOR_JSON_NUMBER;
    case FIELD_OBJECT:
        return type == DOOR_JSON_OBJECT;
    case FIELD_LIST:
        return type == DOOR_JSON_ARRAY;
    default:
        return type == DOOR_JSON_STRING;
    }
}

/* *ret_set: it is there, neither null nor empty. *extra: unknown fields inside it. */
static bool
read_field(struct reader *r, const struct field *field, struct door_json *value,
           bool *ret_set, struct door_json **extra)
{
    *ret_set = false;
    if (value->type == DOOR_JSON_NULL)
        return true;
    if (!type_fits(field->kind, value->type))
        return bad(r, field, "of the wrong type");
    if (value->type == DOOR_JSON_STRING && str_empty(value->text))
        return true;
    *ret_set = true;
    bool ok = true;
    switch (field->kind) {
    case FIELD_BOOL:
        *(bool *)target(r, field) = value->type == DOOR_JSON_TRUE;
        break;
    case FIELD_RANK:
    case FIELD_COUNT:
    case FIELD_MONEY:
    case FIELD_NUMBER:
        ok = read_number(r, field, value->text);
        break;
    case FIELD_CHANNEL:
    case FIELD_KIND:
        ok = read_enum(r, field, value->text);
        break;
    case FIELD_TIME:
    case FIELD_SINCE:
        ok = read_time(r, field, value->text);
        break;
    case FIELD_OBJECT:
        ok = read_inside(r, field, value, extra);
        break;
    case FIELD_LIST:
        ok = read_list(r, field, value);
        break;
    default:
        ok = read_string(r, field, value->text, ret_set);
        break;
    }
    if (ok && *ret_set)
        set_flag(r, field);
    return ok;
}

/* ---- objects ----------------------------------------------------------------------- */

static const struct field *
find_field(const struct field_set *const *sets, size_t n_sets, struct str name,
           size_t *ret_bit)
{
    size_t bit = 0;
    for (size_t s = 0; s < n_sets; s++)
        for (size_t i = 0; i < sets[s]->n_fields; i++, bit++)
            if (sets[s]->fields[i].name.len == name.len &&
                str_eq(sets[s]->fields[i].name, name)) {
                *ret_bit = bit;
                return &sets[s]->fields[i];
            }
    return NULL;
}

static bool
check_required(struct reader *r, const struct field_set *const *sets, size_t n_sets,
               uint64_t seen)
{
    size_t bit = 0;
    for (size_t s = 0; s < n_sets; s++)
        for (size_t i = 0; i < sets[s]->n_fields; i++, bit++)
            if (sets[s]->fields[i].required && !(seen >> bit & 1))
                return refuse(r, DEAD_MISSING_FIELD, sets[s]->fields[i].name,
                              "absent, null or empty");
    return true;
}

/* Moves a member into the object of unknown ones. */
static void
keep_extra(struct reader *r, struct door_json **extra, struct door_json *member)
{
    if (!*extra) {
        *extra = ARENA_NEW(r->arena, struct door_json);
        (*extra)->type = DOOR_JSON_OBJECT;
    }
    member->next = (*extra)->first;
    (*extra)->first = member;
    (*extra)->count++;
}

static void
reverse(struct door_json *object)
{
    struct door_json *list = NULL;
    for (struct door_json *member = object->first; member;) {
        struct door_json *next = member->next;
        member->next = list;
        list = member;
        member = next;
    }
    object->first = list;
}

static bool /* NOLINTNEXTLINE(misc-no-recursion) */
read_object(struct reader *r, const struct field_set *const *sets, size_t n_sets,
            struct door_json *object, struct door_json **extra)
{
    uint64_t seen = 0;
    for (struct door_json *member = object->first; member;) {
        struct door_json *next = member->next;
        size_t bit = 0;
        const struct field *field = find_field(sets, n_sets, member->key, &bit);
        struct door_json *inside = field ? NULL : member;
        bool set = false;
        if (field && !read_field(r, field, member, &set, &inside))
            return false;
        BUG_IF(bit >= FIELDS_MAX);
        if (set)
            seen |= UINT64_C(1) << bit;
        if (inside)
            keep_extra(r, extra, inside);
        member = next;
    }
    if (*extra)
        reverse(*extra);
    return check_required(r, sets, n_sets, seen);
}

static bool
any_of_own(const struct door_type *type, const struct door_data *data)
{
    for (size_t i = 0; i < type->own.n_fields; i++) {
        const struct field *field = &type->own.fields[i];
        const char *base = (const char *)data;
        if (field->has_at == NO_FLAG
                ? !str_is_null(*(const struct str *)(const void *)(base + field->at))
                : *(const bool *)(base + field->has_at))
            return true;
    }
    return false;
}

static bool
check_rule(const struct door_type *type, const struct door_data *data, struct err *err)
{
    switch (type->rule) {
    case RULE_SUBMISSION:
        if (str_is_null(data->submission.text) && str_is_null(data->submission.subject) &&
            str_is_null(data->submission.issue))
            return err_dead(err, DEAD_MISSING_FIELD, "$.data.text",
                            "none of text, subject and issue");
        return true;
    case RULE_ANY:
        return any_of_own(type, data) ||
               err_dead(err, DEAD_MISSING_FIELD, "$.data", "none of its fields");
    case RULE_FEEDBACK:
        if (str_is_null(data->action.feedback_id) &&
            str_is_null(data->action.collective_id))
            return err_dead(err, DEAD_MISSING_FIELD, "$.data.feedback_id",
                            "neither feedback_id nor collective_id");
        return true;
    default:
        return true;
    }
}

bool
door_fields_read(struct arena *arena, const struct door_type *type,
                 struct door_json *data, struct door_data *ret, struct err *err)
{
    if (!data || data->type == DOOR_JSON_NULL)
        return err_dead(err, DEAD_MISSING_FIELD, "$.data", "no data");
    if (data->type != DOOR_JSON_OBJECT)
        return err_dead(err, DEAD_BAD_FIELD, "$.data", "data must be an object");
    *ret = (struct door_data){.complaint_id = STR_NULL};
    const struct field_set *sets[] = {&type->own, type->naming};
    struct reader r = {.arena = arena, .data = ret, .err = err, .path = "$.data"};
    return read_object(&r, sets, type->naming ? 2 : 1, data, &ret->extra) &&
           check_rule(type, ret, err);
}
