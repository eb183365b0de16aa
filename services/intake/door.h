/* door.h - the only way in: a stranger's message becomes a ComplaintEvent or a reason.
 *
 * Reads the CloudEvent, checks and normalises its data, works out who it is about from
 * the values as they were sent, and only then redacts them (design: Identity, Dead
 * letters). Pure: no clock, no state; the same message gives the same event, always.
 * Thread rule: one context, one thread. */
#ifndef REDRESS_INTAKE_DOOR_H
#define REDRESS_INTAKE_DOOR_H

#include "gen/complaint_event.h"
#include "gen/product_fact.h"
#include "intake/door_fields.h"
#include "stage/turn.h"

struct door_context {
    struct arena *arena;       /* results live in it, and in the message */
    struct str salt;           /* of customer hashes                     */
    struct str default_region; /* for phone numbers                      */
    bool wall_clock;           /* then the future is out of range        */
};

struct door_result {
    bool is_fact;                 /* feedback.*: an answer of a product team */
    struct complaint_event event; /* unless is_fact                          */
    struct product_fact fact;     /* if is_fact                              */
};

/* False with ERR_DEAD_LETTER, the reason and the JSON path; never for another cause. */
MUST_CHECK bool door_read(const struct door_context *door,
                          const struct raw_message *message, struct door_result *ret,
                          struct err *err);

/* Who the event is about: sets the identity fields of the event. Where the customer is
 * known by a handle, a later event must name the channel again, or it counts as unknown.
 * Dead letters unroutable, bad_field. */
MUST_CHECK bool door_identify(const struct door_context *door,
                              const struct door_type *type, const struct door_data *data,
                              struct complaint_event *ev, struct err *err);

#endif
