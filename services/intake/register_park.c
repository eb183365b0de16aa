#include "intake/register_io.h"

#include "gen/register_parking.h"
#include "gen/register_totals.h"

#define TOTALS_KEY STR("parked")

static struct str
parking_key(struct turn *turn, struct str customer_key)
{
    return arena_printf(turn_arena(turn), "k:%.*s", STR_ARG(customer_key));
}

static struct str
event_key(struct turn *turn, struct str customer_key, int64_t number)
{
    return arena_printf(turn_arena(turn), "p:%.*s:%lld", STR_ARG(customer_key),
                        (long long)number);
}

static bool
load_parking(struct turn *turn, struct str customer_key, struct register_parking *ret,
             struct err *err)
{
    bool found = false;
    *ret = (struct register_parking){0};
    return turn_load(turn, parking_key(turn, customer_key), &register_parking_wire, ret,
                     &found, err);
}

/* Numbers start anew when nothing is parked: they only tell the parked ones apart. */
static bool
save_parking(struct turn *turn, struct str customer_key,
             const struct register_parking *parking, struct err *err)
{
    struct str key = parking_key(turn, customer_key);
    if (parking->n_events == 0) {
        turn_delete(turn, key);
        return true;
    }
    return turn_save(turn, key, &register_parking_wire, parking, TIME_NONE, err);
}

static bool
add_totals(struct turn *turn, int64_t events, int64_t bytes, struct err *err)
{
    struct register_totals totals = {0};
    bool found = false;
    if (!turn_load(turn, TOTALS_KEY, &register_totals_wire, &totals, &found, err))
        return false;
    totals.events += events;
    totals.bytes += bytes;
    if (totals.events == 0) {
        turn_delete(turn, TOTALS_KEY);
        return true;
    }
    return turn_save(turn, TOTALS_KEY, &register_totals_wire, &totals, TIME_NONE, err);
}

static bool
unknown_complaint(struct err *err, const struct complaint_event *ev, const char *what)
{
    bool by_ref = ev->named_by == NAMED_BY_REF;
    return err_dead(err, DEAD_UNKNOWN_COMPLAINT,
                    by_ref ? "$.complaint_ref" : "$.complaint_id",
                    "complaint %.*s is not known%s", STR_ARG(ev->complaint_id), what);
}

bool
park_event(struct turn *turn, const struct complaint_event *ev, struct str complaint_id,
           struct err *err)
{
    struct register_parking parking;
    struct register_totals totals = {0};
    bool found = false;
    if (!load_parking(turn, ev->customer_key, &parking, err) ||
        !turn_load(turn, TOTALS_KEY, &register_totals_wire, &totals, &found, err))
        return false;
    int64_t bytes = (int64_t)turn_message(turn)->value.len;
    if (parking.n_events >= PARK_PER_CUSTOMER)
        return unknown_complaint(err, ev, "; 100 events of its customer wait already");
    if (totals.bytes + bytes > PARK_PARTITION_BYTES)
        return unknown_complaint(err, ev, "; 64 MiB of events wait already");

    struct register_parked *events =
        ARENA_ARRAY(turn_arena(turn), struct register_parked, parking.n_events + 1);
    if (parking.n_events)
        memcpy(events, parking.events, parking.n_events * sizeof(*events));
    events[parking.n_events] = (struct register_parked){
        .number = ++parking.last_number, .complaint_id = complaint_id, .bytes = bytes};
    parking.events = events;
    parking.n_events++;
    turn_count(turn, COUNT_PARKED, 1);
    return turn_save(turn, event_key(turn, ev->customer_key, parking.last_number),
                     &complaint_event_wire, ev, turn_now_ms(turn) + PARK_MS, err) &&
           save_parking(turn, ev->customer_key, &parking, err) &&
           add_totals(turn, 1, bytes, err);
}

bool
park_take(struct turn *turn, struct str customer_key, struct str complaint_id,
          bool (*take)(struct turn *turn, const struct complaint_event *ev,
                       struct err *err),
          struct err *err)
{
    struct register_parking parking;
    if (!load_parking(turn, customer_key, &parking, err))
        return false;
    struct register_parked *left =
        ARENA_ARRAY(turn_arena(turn), struct register_parked, parking.n_events);
    struct complaint_event *taken =
        ARENA_ARRAY(turn_arena(turn), struct complaint_event, parking.n_events);
    size_t n_left = 0;
    size_t n_taken = 0;
    int64_t bytes = 0;
    for (size_t i = 0; i < parking.n_events; i++) {
        const struct register_parked *parked = &parking.events[i];
        struct str key = event_key(turn, customer_key, parked->number);
        bool found = false;
        if (!str_eq(parked->complaint_id, complaint_id)) {
            left[n_left++] = *parked;
            continue;
        }
        if (!turn_load(turn, key, &complaint_event_wire, &taken[n_taken], &found, err))
            return false;
        BUG_IF(!found);
        n_taken++;
        bytes += parked->bytes;
        turn_delete(turn, key);
    }
    if (n_taken == 0)
        return true;
    parking.events = left;
    parking.n_events = n_left;
    if (!save_parking(turn, customer_key, &parking, err) ||
        !add_totals(turn, -(int64_t)n_taken, -bytes, err))
        return false;
    turn_count(turn, COUNT_UNPARKED, (int64_t)n_taken);
    for (size_t i = 0; i < n_taken; i++)
        if (!take(turn, &taken[i], err))
            return false;
    return true;
}

/* Takes the number out of the customer's list; returns its size. */
static int64_t
remove_number(struct turn *turn, struct register_parking *parking, int64_t number)
{
    struct register_parked *left =
        ARENA_ARRAY(turn_arena(turn), struct register_parked, parking->n_events);
    size_t n_left = 0;
    int64_t bytes = 0;
    for (size_t i = 0; i < parking->n_events; i++) {
        if (parking->events[i].number == number)
            bytes = parking->events[i].bytes;
        else
            left[n_left++] = parking->events[i];
    }
    parking->events = left;
    parking->n_events = n_left;
    return bytes;
}

static bool
bury(struct turn *turn, const struct complaint_event *ev, struct err *err)
{
    CLEANUP(buf_release) struct buf value = {0};
    struct err why = {0};
    (void)unknown_complaint(&why, ev, " and did not come within 24 hours");
    identity_forget(turn, ev);
    return wire_encode(&complaint_event_wire, ev, &value, err) &&
           turn_dead_letter(turn, ev->customer_key, buf_str(&value), ev->origin, &why,
                            true, err);
}

bool
park_timer(struct turn *turn, struct str key, struct err *err)
{
    struct complaint_event ev;
    struct register_parking parking;
    bool found = false;
    int64_t number = 0;
    if (!turn_load(turn, key, &complaint_event_wire, &ev, &found, err))
        return false;
    if (!found)
        return true;
    size_t digits = 2 + ev.customer_key.len + 1; /* p:<customer_key>: */
    BUG_IF(!str_to_i64(str_sub(key, digits, key.len), &number));
    if (!load_parking(turn, ev.customer_key, &parking, err))
        return false;
    int64_t bytes = remove_number(turn, &parking, number);
    turn_delete(turn, key);
    return save_parking(turn, ev.customer_key, &parking, err) &&
           add_totals(turn, -1, -bytes, err) && bury(turn, &ev, err);
}
