#include "projection/inputs.h"

#include <jansson.h>

#include "base/times.h"
#include "projection/keys.h"
#include "wire/wire.h"

struct kafka_message
input_copy(const struct kafka_message *message, struct arena *arena)
{
    struct kafka_message copy = *message;

    copy.key = arena_str(arena, message->key);
    copy.value = arena_str(arena, message->value);
    struct kafka_header *headers =
        ARENA_ARRAY(arena, struct kafka_header, message->n_headers + 1);
    for (size_t i = 0; i < message->n_headers; i++) {
        headers[i].name = arena_str(arena, message->headers[i].name);
        headers[i].value = arena_str(arena, message->headers[i].value);
    }
    copy.headers = headers;
    return copy;
}

/* --- complaints.routed -------------------------------------------------------------- */

static bool
read_routed(const struct kafka_message *message, struct arena *arena, struct input *ret,
            struct err *err)
{
    struct complaint_event *ev = ARENA_NEW(arena, struct complaint_event);

    if (str_is_null(message->value))
        return err_dead(err, DEAD_BAD_SCHEMA, NULL, "no value");
    if (!wire_decode(&complaint_event_wire, message->value, arena, ev, err) ||
        !projection_check(ev, err))
        return false;
    ret->ev = ev;
    return true;
}

/* --- products.feedback -------------------------------------------------------------- */

/* Texts live in the arena: the JSON tree is dropped after the message. */
static struct str
text_of(const json_t *data, const char *key, struct arena *arena)
{
    const json_t *value = json_object_get(data, key);

    if (!json_is_string(value))
        return STR_NULL;
    return arena_str(arena,
                     (struct str){json_string_value(value), json_string_length(value)});
}

static int64_t
time_of(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    int64_t ms;

    if (!json_is_string(value) || !time_parse(str_from(json_string_value(value)), &ms))
        return TIME_NONE;
    return ms;
}

static int64_t
number_of(const json_t *data, const char *key)
{
    return json_integer_value(json_object_get(data, key)); /* 0 if it is none */
}

static void
note_step(struct rows_feedback *item, int64_t at)
{
    static const char *const STATUS[FEEDBACK_STEPS] = {
        [FEEDBACK_ACKNOWLEDGED] = "acknowledged", [FEEDBACK_CAUSE_FOUND] = "cause_found",
        [FEEDBACK_PLANNED] = "planned",           [FEEDBACK_FIXED] = "fixed",
        [FEEDBACK_DECLINED] = "declined",         [FEEDBACK_REOPENED] = "reopened",
    };

    for (size_t i = 0; i < FEEDBACK_STEPS; i++)
        item->step_at[i] = str_eq(item->status, str_from(STATUS[i])) ? at : TIME_NONE;
}

static bool
read_item(const json_t *root, const struct kafka_message *message, struct arena *arena,
          struct rows_feedback **ret_item, struct err *err)
{
    const json_t *data = json_object_get(root, "data");
    const char *type = json_string_value(json_object_get(root, "type"));
    struct rows_feedback *item = ARENA_NEW(arena, struct rows_feedback);

    if (!type || !json_is_object(data))
        return err_dead(err, DEAD_BAD_CLOUDEVENT, "$", "no type or no data");
    if (strcmp(type, "feedback.item") != 0) {
        *ret_item = NULL; /* for product teams, not for these tables */
        return true;
    }
    if (!pg_uuid_parse(text_of(data, "feedback_id", arena), item->feedback_id))
        return err_dead(err, DEAD_BAD_FIELD, "$.data.feedback_id", "is no UUID");
    item->cluster_key = text_of(data, "cluster_key", arena);
    item->status = text_of(data, "status", arena);
    if (str_is_null(item->cluster_key) || str_is_null(item->status))
        return err_dead(err, DEAD_MISSING_FIELD, "$.data", "no cluster_key or no status");
    item->product = text_of(data, "product", arena);
    item->issue = text_of(data, "issue", arena);
    item->cause = text_of(data, "cause", arena);
    item->version = text_of(data, "version", arena);
    item->reason = text_of(data, "reason", arena);
    item->revision = number_of(data, "revision");
    item->complaints = number_of(data, "complaints");
    item->customers = number_of(data, "customers");
    item->double_deviations = number_of(data, "double_deviations");
    item->severity_max = number_of(data, "severity_max");
    item->due_at = time_of(data, "due_at");
    item->first_at = time_of(data, "first_at");
    item->last_at = time_of(data, "last_at");
    item->partition = message->partition;
    item->offset = message->offset;
    note_step(item, time_of(root, "time"));
    *ret_item = item;
    return true;
}

static bool
read_feedback(const struct kafka_message *message, struct arena *arena, struct input *ret,
              struct err *err)
{
    json_error_t where;
    json_t *root = str_is_null(message->value)
                       ? NULL
                       : json_loadb(message->value.ptr, message->value.len, 0, &where);

    if (!root)
        return err_dead(err, DEAD_BAD_JSON, NULL, "no JSON object");
    bool ok = read_item(root, message, arena, &ret->feedback, err);
    json_decref(root);
    return ok;
}

/* ---- complaints.deadletter -------------------------------------------------------- */

static bool
read_dead(const struct kafka_message *message, struct arena *arena, struct input *ret,
          struct err *err)
{
    struct rows_dead *dead = ARENA_NEW(arena, struct rows_dead);
    int64_t partition;

    dead->topic = kafka_header_last(message, STR("redress-error-topic"));
    dead->stage = kafka_header_last(message, STR("redress-error-stage"));
    dead->reason = kafka_header_last(message, STR("redress-error-reason"));
    if (str_is_null(dead->topic) || str_is_null(dead->stage) ||
        str_is_null(dead->reason) ||
        !str_to_i64(kafka_header_last(message, STR("redress-error-partition")),
                    &partition) ||
        partition < 0 || partition > INT32_MAX ||
        !str_to_i64(kafka_header_last(message, STR("redress-error-offset")),
                    &dead->offset))
        return err_dead(err, DEAD_BAD_SCHEMA, NULL, "no redress-error headers");
    dead->partition = (int32_t)partition;
    dead->detail = kafka_header_last(message, STR("redress-error-detail"));
    dead->path = kafka_header_last(message, STR("redress-error-path"));
    dead->encoding = kafka_header_last(message, STR("redress-error-encoding"));
    dead->recorded_at = message->timestamp_ms == TIME_NONE ? 0 : message->timestamp_ms;
    dead->has_dead = true;
    dead->dead_partition = message->partition;
    dead->dead_offset = message->offset;
    ret->dead = dead;
    return true;
}

/* ---- all -------------------------------------------------------------------------- */

void
input_refuse(struct input *input, const struct err *why, struct arena *arena)
{
    struct err *copy = ARENA_NEW(arena, struct err);

    *copy = *why;
    input->refused = true;
    input->why = copy;
    input->ev = NULL;
    input->feedback = NULL;
    input->dead = NULL;
}

void
input_read(enum input_kind kind, const struct kafka_message *message, struct arena *arena,
           struct input *ret)
{
    struct err err;
    bool ok = true;

    *ret = (struct input){
        .partition = message->partition,
        .offset = message->offset,
        .timestamp_ms = message->timestamp_ms == TIME_NONE ? 0 : message->timestamp_ms,
    };
    switch (kind) {
    case INPUT_ROUTED:
        ok = read_routed(message, arena, ret, &err);
        break;
    case INPUT_FEEDBACK:
        ok = read_feedback(message, arena, ret, &err);
        break;
    case INPUT_DEAD:
        ok = read_dead(message, arena, ret, &err);
        break;
    case INPUT_ALERTS:
        break; /* read so that positions move on; nothing of it is in a table yet */
    }
    if (!ok)
        input_refuse(ret, &err, arena);
}

bool
input_ends_batch(const struct input *input)
{
    return input->ev && projection_ends_batch(input->ev);
}

static void
add_refused(struct str topic, const struct input *input, struct rows *rows)
{
    const struct err *why = input->why;
    struct rows_dead dead = {
        .topic = topic,
        .partition = input->partition,
        .offset = input->offset,
        .stage = STR("projection"),
        .reason = str_from(dead_reason_name(why->reason)),
        .detail = str_from(why->text),
        .path = why->path[0] ? str_from(why->path) : STR_NULL,
        .recorded_at = input->timestamp_ms,
    };
    rows_add_dead(rows, &dead);
}

/* The last word on each item; a step keeps its first time, a reopening its last. */
static void
add_feedback(const struct input *inputs, size_t n, struct rows *rows, struct arena *arena)
{
    struct rows_feedback *items = ARENA_ARRAY(arena, struct rows_feedback, n + 1);
    struct keys keys;

    keys_init(&keys, arena, n);
    for (size_t i = 0; i < n; i++) {
        const struct rows_feedback *said = inputs[i].feedback;
        bool is_new;
        if (!said)
            continue;
        struct str key = {(const char *)said->feedback_id, PG_UUID_BYTES};
        struct rows_feedback *item = &items[keys_row(&keys, key, &is_new)];
        struct rows_feedback before = *item;
        *item = *said;
        for (size_t step = 0; !is_new && step < FEEDBACK_STEPS; step++)
            if (before.step_at[step] != TIME_NONE &&
                (step != FEEDBACK_REOPENED || item->step_at[step] == TIME_NONE))
                item->step_at[step] = before.step_at[step];
    }
    for (size_t i = 0; i < keys.n; i++)
        rows_add_feedback(rows, &items[i]);
}

void
inputs_to_rows(struct str topic, const struct input *inputs, size_t n, struct rows *rows,
               struct arena *arena)
{
    struct projection_item *items = ARENA_ARRAY(arena, struct projection_item, n + 1);
    size_t n_items = 0;
    bool any_feedback = false;

    for (size_t i = 0; i < n; i++) {
        const struct input *input = &inputs[i];
        if (input->refused)
            add_refused(topic, input, rows);
        if (input->ev)
            items[n_items++] = (struct projection_item){input->ev, input->offset};
        if (input->dead)
            rows_add_dead(rows, input->dead);
        any_feedback = any_feedback || input->feedback;
    }
    if (any_feedback)
        add_feedback(inputs, n, rows, arena);
    if (n_items > 0) {
        struct projection_rows fold;
        projection_fold(items, n_items, arena, &fold);
        rows_add_fold(rows, &fold, arena);
    }
}
