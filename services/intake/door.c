#include "intake/door.h"

#include "ident/ident.h"
#include "intake/cloudevent.h"
#include "intake/normalise.h"
#include "intake/redact.h"

#define OLDEST_MS INT64_C(946684800000) /* 2000-01-01 */
#define NEWEST_MS                                                                        \
    INT64_C(7258118400000) /* 2200-01-01: beyond it clocks make no sense                 \
                            */
#define AHEAD_MS DAY_MS

/* ---- time -------------------------------------------------------------------------- */

/* The publisher's time, else the record's. With the event clock there is no "now" that a
 * time could be ahead of: a history may be replayed at any date. */
static bool
read_time(const struct door_context *door, const struct raw_message *message,
          struct str time, int64_t *ret_ms, struct err *err)
{
    int64_t ms = message->timestamp_ms;
    if (!str_is_null(time) && !time_parse(time, &ms))
        return err_dead(err, DEAD_BAD_CLOUDEVENT, "$.time", "not an RFC 3339 time");
    if (ms == TIME_NONE || ms < OLDEST_MS || ms >= NEWEST_MS)
        return err_dead(err, DEAD_TIME_OUT_OF_RANGE, "$.time",
                        "before 2000 or after 2199");
    if (door->wall_clock && message->timestamp_ms != TIME_NONE &&
        ms - message->timestamp_ms > AHEAD_MS)
        return err_dead(err, DEAD_TIME_OUT_OF_RANGE, "$.time",
                        "more than 24 h after the record's timestamp");
    *ret_ms = ms;
    return true;
}

/* ---- what is stored ---------------------------------------------------------------- */

static const struct customer *
stored_customer(const struct door_context *door, const struct customer *said)
{
    struct customer *customer = ARENA_NEW(door->arena, struct customer);
    struct str number;
    *customer = *said;
    customer->id = redact_text(door->arena, said->id);
    customer->email = redact_text(door->arena, said->email);
    customer->handle = redact_text(door->arena, said->handle);
    /* Telephone numbers have the length of cards: one that can be dialled stays. */
    if (!str_is_null(said->phone) &&
        !normalise_phone(door->arena, said->phone, door->default_region, &number))
        customer->phone = redact_text(door->arena, said->phone);
    return customer;
}

static const struct submission *
stored_submission(struct arena *arena, const struct door_data *data)
{
    struct submission *submission = ARENA_NEW(arena, struct submission);
    *submission = data->submission;
    submission->channel = data->channel;
    if (data->has_reach)
        submission->reach = &data->reach;
    if (data->has_regulator)
        submission->regulator = &data->regulator;
    return submission;
}

static const struct action *
stored_action(struct arena *arena, const struct door_type *type,
              const struct door_data *data)
{
    struct action *action = ARENA_NEW(arena, struct action);
    *action = data->action;
    if (type->type == EVENT_TYPE_COMPLAINT_REACH)
        action->reach = &data->reach;
    return action;
}

/* Null for an empty object. */
static bool
print_object(struct arena *arena, const struct door_json *object, struct str *ret,
             const char *path, struct err *err)
{
    if (!object || object->count == 0)
        return true;
    CLEANUP(buf_release) struct buf text = {.max_bytes = 2 * CLOUDEVENT_MESSAGE_MAX};
    if (!door_json_print(arena, object, &text))
        return err_dead(err, DEAD_TOO_LARGE, path, "too long when printed");
    *ret = arena_str(arena, buf_str(&text));
    return true;
}

static const struct origin *
origin_of(struct arena *arena, const struct raw_message *message, int64_t recorded_at)
{
    struct origin *origin = ARENA_NEW(arena, struct origin);
    origin->topic = message->topic;
    origin->partition = message->partition;
    origin->offset = message->offset;
    origin->timestamp = recorded_at;
    return origin;
}

/* ---- events ------------------------------------------------------------------------ */

static void
fill_envelope(const struct door_context *door, const struct raw_message *message,
              const struct cloudevent *ce, const struct door_type *type,
              struct complaint_event *ev)
{
    ev->type = type->type;
    ev->stage = STAGE_DOOR;
    ev->source = ce->source;
    ev->ce_id = ce->id;
    ev->event_id = ident_event_id(door->arena, ce->source, ce->id);
    ev->recorded_at = message->timestamp_ms == TIME_NONE ? 0 : message->timestamp_ms;
    ev->origin = origin_of(door->arena, message, ev->recorded_at);
    ev->traceparent = ce->traceparent;
    ev->tracestate = ce->tracestate;
    ev->subject = redact_text(door->arena, normalise_text(door->arena, ce->subject));
    ev->customer_key = STR("");
}

/* An answer of a product team: its item's id carries the cluster's key. */
static bool
make_fact(const struct door_context *door, const struct door_data *data,
          const struct complaint_event *ev, const struct action *action,
          struct product_fact *ret, struct err *err)
{
    bool item = !str_is_null(data->action.feedback_id);
    struct str id = item ? data->action.feedback_id : data->action.collective_id;
    struct str key = ident_key_of(door->arena, id);
    if (str_is_null(key))
        return err_dead(err, DEAD_BAD_FIELD,
                        item ? "$.data.feedback_id" : "$.data.collective_id",
                        "not the id of an item");
    *ret = (struct product_fact){
        .event_id = ev->event_id,
        .type = ev->type,
        .cluster_key = key,
        .occurred_at = ev->occurred_at,
        .recorded_at = ev->recorded_at,
        .feedback_id = data->action.feedback_id,
        .collective_id = data->action.collective_id,
        .action = action,
        .origin = ev->origin,
    };
    return true;
}

static bool
fill_event(const struct door_context *door, const struct door_type *type,
           const struct cloudevent *ce, const struct door_data *data,
           struct complaint_event *ev, struct err *err)
{
    if (!door_identify(door, type, data, ev, err))
        return false;
    if (data->has_customer)
        ev->customer = stored_customer(door, &data->customer);
    if (type->type == EVENT_TYPE_COMPLAINT_SUBMITTED)
        ev->submission = stored_submission(door->arena, data);
    else if (type->own.n_fields > 0)
        ev->action = stored_action(door->arena, type, data);
    return print_object(door->arena, data->extra, &ev->extra, "$.data", err) &&
           print_object(door->arena, ce->extensions, &ev->extensions, "$", err);
}

bool
door_read(const struct door_context *door, const struct raw_message *message,
          struct door_result *ret, struct err *err)
{
    struct cloudevent ce;
    if (!cloudevent_read(door->arena, message, &ce, err))
        return false;
    const struct door_type *type = door_type_find(ce.type);
    if (!type)
        return err_dead(err, DEAD_UNKNOWN_TYPE, "$.type", "no inbound type");

    struct complaint_event ev = {.type = type->type};
    struct door_data *data = ARENA_NEW(door->arena, struct door_data);
    if (!read_time(door, message, ce.time, &ev.occurred_at, err) ||
        !door_fields_read(door->arena, type, ce.data, data, err))
        return false;
    fill_envelope(door, message, &ce, type, &ev);
    if (type->rule == RULE_FEEDBACK) {
        ret->is_fact = true;
        return make_fact(door, data, &ev, stored_action(door->arena, type, data),
                         &ret->fact, err);
    }
    if (!fill_event(door, type, &ce, data, &ev, err))
        return false;
    ret->is_fact = false;
    ret->event = ev;
    return true;
}
