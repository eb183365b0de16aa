#include "scenario.h"

#include "ident/ident.h"

#include <jansson.h>
#include <stdlib.h>

/* --- who a ref belongs to ----------------------------------------------------------- */

static struct str
customer_of(const struct scenario *s, struct str ref, bool *ret_known)
{
    const char *mark = ref.len ? memchr(ref.ptr, '#', ref.len) : NULL;
    struct str first = mark ? str_sub(ref, 0, (size_t)(mark - ref.ptr)) : ref;
    *ret_known = false;
    for (int pass = 0; pass < 2; pass++)
        for (size_t i = 0; i < s->n_refs; i++)
            if (str_eq(s->refs[i].ref, pass == 0 ? ref : first)) {
                *ret_known = true;
                return s->refs[i].customer;
            }
    return STR_NULL;
}

static void
remember(struct scenario *s, struct str ref, struct str customer)
{
    for (size_t i = 0; i < s->n_refs; i++)
        if (str_eq(s->refs[i].ref, ref)) {
            s->refs[i].customer = customer;
            return;
        }
    if (s->n_refs == REFS_MAX) {
        scenario_fail(s, "more than %d refs", REFS_MAX);
        return;
    }
    s->refs[s->n_refs].ref = ref;
    s->refs[s->n_refs].customer = customer;
    s->n_refs++;
}

struct str
event_complaint_id(struct scenario *s, struct str ref)
{
    bool known = false;
    struct str customer = customer_of(s, ref, &known);
    struct str pair[] = {s->source, ref};
    struct str hash =
        str_is_null(customer)
            ? ident_customer_hash(&s->arena, s->salt, STR("ref"), pair, COUNT_OF(pair))
            : ident_customer_hash(&s->arena, s->salt, STR("id"), &customer, 1);
    return ident_complaint_id(&s->arena, s->salt, hash, s->source, ref);
}

/* --- data --------------------------------------------------------------------------- */

static json_t *
text_json(struct str s)
{
    return json_stringn(s.ptr ? s.ptr : "", s.len);
}

/* A bare word: @REF an id, +2d a time, else a JSON number or word, else a string. */
static json_t *
value_json(struct scenario *s, const struct word *word)
{
    char text[TIME_TEXT_BYTES];
    int64_t at_ms = 0;
    if (word->op[0] == ':') {
        json_t *json =
            json_loadb(word->value.ptr, word->value.len, JSON_DECODE_ANY, NULL);
        if (!json)
            scenario_fail(s, "%.*s: not JSON", STR_ARG(word->key));
        return json ? json : json_null();
    }
    if (word->quoted)
        return text_json(word->value);
    if (str_starts(word->value, STR("@")))
        return text_json(event_complaint_id(s, str_sub(word->value, 1, word->value.len)));
    if (str_starts(word->value, STR("+")) && words_time(word->value, s->now_ms, &at_ms))
        return json_string(time_print(at_ms, text));
    json_t *json = json_loadb(word->value.ptr, word->value.len, JSON_DECODE_ANY, NULL);
    return json && !json_is_string(json) ? json : text_json(word->value);
}

/* Sets "a.b.c" to value, with objects on the way. */
static void
set_path(json_t *object, struct str path, json_t *value)
{
    for (;;) {
        const char *dot = memchr(path.ptr, '.', path.len);
        size_t len = dot ? (size_t)(dot - path.ptr) : path.len;
        char name[256];
        BUG_IF(len >= sizeof(name));
        memcpy(name, path.ptr, len);
        name[len] = '\0';
        if (!dot) {
            json_object_set_new(object, name, value);
            return;
        }
        json_t *inner = json_object_get(object, name);
        if (!json_is_object(inner)) {
            inner = json_object();
            json_object_set_new(object, name, inner);
        }
        object = inner;
        path = str_sub(path, len + 1, path.len);
    }
}

/* customer=c1 is {"id": "c1"}, customer=- is none; later events of a ref repeat it. */
static void
set_customer(struct scenario *s, json_t *data, struct str ref, const struct word *given)
{
    bool known = false;
    struct str customer = customer_of(s, ref, &known);
    if (given) {
        customer = str_eq(given->value, STR("-")) ? STR_NULL : given->value;
        if (!str_empty(ref))
            remember(s, ref, customer);
    }
    if (str_is_null(customer))
        return;
    json_t *object = json_object();
    json_object_set_new(object, "id", text_json(customer));
    json_object_set_new(data, "customer", object);
}

static const struct word *
find_word(const struct word *words, size_t n_words, const char *key)
{
    for (size_t i = 0; i < n_words; i++)
        if (str_eq(words[i].key, str_from(key)))
            return &words[i];
    return NULL;
}

static struct str
full_type(struct scenario *s, struct str type)
{
    if (type.len && memchr(type.ptr, '.', type.len))
        return type;
    return arena_printf(&s->arena, "complaint.%.*s", STR_ARG(type));
}

static const struct raw_message *
as_message(struct scenario *s, struct str value, const struct header *headers,
           size_t n_headers)
{
    struct raw_message *message = ARENA_NEW(&s->arena, struct raw_message);
    *message = (struct raw_message){
        .topic = STR("complaints.inbound"),
        .offset = s->n_messages,
        .timestamp_ms = s->now_ms,
        .value = value,
        .n_headers = n_headers,
        .headers = headers,
    };
    return message;
}

/* The rest of the words: fields of data, but id, source and ext.* belong to the envelope.
 */
static void
set_fields(struct scenario *s, json_t *envelope, json_t *data, const struct word *words,
           size_t n_words)
{
    for (size_t i = 0; i < n_words; i++) {
        const struct word *word = &words[i];
        if (str_empty(word->key))
            scenario_fail(s, "\"%.*s\": key=value expected", STR_ARG(word->value));
        else if (str_eq(word->key, STR("customer")) && word->op[0] == '=')
            continue;
        else if (str_eq(word->key, STR("id")) || str_eq(word->key, STR("source")))
            set_path(envelope, word->key, text_json(word->value));
        else if (str_starts(word->key, STR("ext.")))
            set_path(envelope, str_sub(word->key, 4, word->key.len), value_json(s, word));
        else
            set_path(data, word->key, value_json(s, word));
    }
}

const struct raw_message *
event_message(struct scenario *s, struct str type, const struct word *words,
              size_t n_words)
{
    char at[TIME_TEXT_BYTES];
    json_t *envelope = json_object();
    json_t *data = json_object();
    struct str ref = STR_NULL;
    if (n_words > 0 && str_empty(words[0].key) && words[0].op[0] == '\0') {
        ref = words[0].value;
        words++;
        n_words--;
    }
    struct str name = arena_printf(&s->arena, "e%d", ++s->n_messages);
    json_object_set_new(envelope, "specversion", json_string("1.0"));
    json_object_set_new(envelope, "type", text_json(full_type(s, type)));
    json_object_set_new(envelope, "source", text_json(s->source));
    json_object_set_new(envelope, "id", text_json(name));
    json_object_set_new(envelope, "time", json_string(time_print(s->now_ms, at)));
    json_object_set_new(envelope, "data", data);
    bool by_id = str_starts(ref, STR("@"));
    if (by_id) {
        struct str id = event_complaint_id(s, str_sub(ref, 1, ref.len));
        json_object_set_new(data, "complaint_id", text_json(id));
    } else if (!str_empty(ref)) {
        json_object_set_new(data, "complaint_ref", text_json(ref));
    }
    const struct word *customer = find_word(words, n_words, "customer");
    if (!by_id || customer)
        set_customer(s, data, by_id ? STR_NULL : ref, customer);
    set_fields(s, envelope, data, words, n_words);
    char *text = json_dumps(envelope, JSON_COMPACT);
    json_decref(envelope);
    BUG_IF(!text);
    struct str value = arena_str(&s->arena, str_from(text));
    free(text);
    return as_message(s, value, NULL, 0);
}

const struct raw_message *
event_raw(struct scenario *s, const struct word *words, size_t n_words, struct str body)
{
    struct header *headers = ARENA_ARRAY(&s->arena, struct header, n_words);
    size_t n_headers = 0;
    for (size_t i = 0; i < n_words; i++)
        if (!str_empty(words[i].key))
            headers[n_headers++] = (struct header){words[i].key, words[i].value};
    s->n_messages++;
    return as_message(s, body, headers, n_headers);
}
