#include "ident/ident.h"
#include "intake/door.h"
#include "intake/normalise.h"

struct identity {
    struct str hash;
    enum customer_key kind;
};

static struct str
hash(const struct door_context *door, const char *kind, struct str first,
     struct str second)
{
    struct str values[] = {first, second};
    return ident_customer_hash(door->arena, door->salt, str_from(kind), values,
                               str_is_null(second) ? 1 : 2);
}

/* The first identifier that names somebody; false if there is none ("n/a" is none). */
static bool
of_customer(const struct door_context *door, const struct door_data *data,
            struct identity *ret)
{
    const struct customer *customer = &data->customer;
    struct str value = normalise_id(door->arena, customer->id);
    if (!str_empty(value)) {
        *ret = (struct identity){hash(door, "id", value, STR_NULL), CUSTOMER_KEY_ID};
        return true;
    }
    if (!str_empty(customer->email) &&
        normalise_email(door->arena, customer->email, &value)) {
        *ret =
            (struct identity){hash(door, "email", value, STR_NULL), CUSTOMER_KEY_EMAIL};
        return true;
    }
    if (!str_empty(customer->phone) &&
        normalise_phone(door->arena, customer->phone, door->default_region, &value)) {
        *ret =
            (struct identity){hash(door, "phone", value, STR_NULL), CUSTOMER_KEY_PHONE};
        return true;
    }
    value = normalise_handle(door->arena, customer->handle);
    if (!str_empty(value)) {
        struct str channel = str_from(channel_name(data->channel));
        *ret =
            (struct identity){hash(door, "handle", channel, value), CUSTOMER_KEY_HANDLE};
        return true;
    }
    return false;
}

static void
set_customer(struct complaint_event *ev, const struct identity *who)
{
    ev->customer_hash = who->hash;
    ev->customer_key = ident_customer_key(who->hash);
    ev->customer_key_kind = who->kind;
}

/* A complaint_id carries its customer's key: no hash is needed to route it. */
static bool
by_id(const struct door_context *door, const struct door_data *data,
      struct complaint_event *ev, struct err *err)
{
    struct str id = arena_lower(door->arena, data->complaint_id);
    ev->customer_key = ident_key_of(door->arena, id);
    if (str_is_null(ev->customer_key))
        return err_dead(err, DEAD_BAD_FIELD, "$.data.complaint_id",
                        "complaint_id: not a complaint's id");
    ev->complaint_id = id;
    ev->named_by = NAMED_BY_ID;
    /* Whom the publisher meant, for register to compare: the id decides. */
    struct identity who;
    if (of_customer(door, data, &who)) {
        ev->customer_hash = who.hash;
        ev->customer_key_kind = who.kind;
    }
    return true;
}

static void
by_ref(const struct door_context *door, const struct door_data *data,
       struct complaint_event *ev)
{
    struct str source =
        str_is_null(data->complaint_source) ? ev->source : data->complaint_source;
    struct identity who = {STR_NULL, CUSTOMER_KEY_REF};
    if (!of_customer(door, data, &who))
        who.hash = hash(door, "ref", source, data->complaint_ref);
    set_customer(ev, &who);
    ev->complaint_id = ident_complaint_id(door->arena, door->salt, who.hash, source,
                                          data->complaint_ref);
    ev->named_by = NAMED_BY_REF;
}

bool
door_identify(const struct door_context *door, const struct door_type *type,
              const struct door_data *data, struct complaint_event *ev, struct err *err)
{
    bool person = type->type == EVENT_TYPE_CUSTOMER_UPDATED ||
                  type->type == EVENT_TYPE_CUSTOMER_ERASED;
    ev->complaint_ref = data->complaint_ref;
    ev->complaint_source = data->complaint_source;
    if (person) {
        struct identity who;
        if (!of_customer(door, data, &who))
            return err_dead(err, DEAD_UNROUTABLE, "$.data.customer",
                            "no identifier of a customer");
        set_customer(ev, &who);
        return true;
    }
    if (!str_is_null(data->complaint_id))
        return by_id(door, data, ev, err);
    if (str_is_null(data->complaint_ref))
        return err_dead(err, DEAD_UNROUTABLE, "$.data",
                        "neither complaint_id nor complaint_ref");
    by_ref(door, data, ev);
    return true;
}
