/* door_fields.h - the `data` of every inbound type, as one table.
 *
 * A row of the table says what a field is called, what values it takes, how long it may
 * be and where it goes; door_fields_read() walks the table.  A new field is a new row
 * (and a line in schemas/inbound, which a test compares with these rows). Thread rule:
 * pure. */
#ifndef REDRESS_INTAKE_DOOR_FIELDS_H
#define REDRESS_INTAKE_DOOR_FIELDS_H

#include "gen/action.h"
#include "gen/channel.h"
#include "gen/customer.h"
#include "gen/event_type.h"
#include "gen/submission.h"
#include "intake/door_json.h"

/* Everything that any type's data may say. */
struct door_data {
    struct str complaint_id;
    struct str complaint_ref;
    struct str complaint_source;
    bool has_channel;
    enum channel channel;
    struct submission submission;
    struct action action;
    bool has_customer;
    struct customer customer; /* id, email, phone, handle: raw, not yet redacted */
    bool has_regulator;
    struct regulator regulator;
    bool has_reach;
    struct reach reach;
    struct door_json
        *extra; /* an object of what no row names; NULL if there is nothing */
};

enum field_kind {
    FIELD_TEXT,   /* free string: normalised, redacted; up to 256 KiB                 */
    FIELD_STRING, /* the same, up to max_bytes                                        */
    FIELD_URL,    /* redacted only if it is no http(s) address: ids in paths stay     */
    FIELD_RAW,    /* free string that identifies: redacted later, after hashing       */
    FIELD_ID,     /* machine's identifier: never redacted                             */
    FIELD_TIME,   /* RFC 3339, 2000 to 2200, to ms                                    */
    FIELD_SINCE,  /* date or RFC 3339, 1900 to 2200, to ms                            */
    FIELD_BOOL,
    FIELD_RANK,   /* integer 1-5                                                      */
    FIELD_COUNT,  /* integer >= 0                                                     */
    FIELD_MONEY,  /* number >= 0                                                      */
    FIELD_NUMBER, /* number                                                           */
    FIELD_CHANNEL,
    FIELD_KIND,
    FIELD_CLOCK, /* one of the clocks' names                                          */
    FIELD_WAIT,  /* customer or third_party                                           */
    FIELD_OBJECT,
    FIELD_LIST, /* of any JSON values, each kept as text                              */
};

struct field_set;

struct field {
    struct str name;
    enum field_kind kind;
    bool required;
    uint32_t max_bytes;
    size_t at;     /* in struct door_data                                        */
    size_t has_at; /* of its has_ flag; NO_FLAG for strings, whose null says it  */
    const struct field_set *inside; /* FIELD_OBJECT                              */
};
#define NO_FLAG SIZE_MAX

struct field_set {
    const struct field *fields;
    size_t n_fields;
};

/* Fields beyond each one's own `required`. */
enum door_rule {
    RULE_NONE,
    RULE_SUBMISSION, /* text, subject or issue       */
    RULE_ANY,        /* at least one of its own      */
    RULE_FEEDBACK,   /* feedback_id or collective_id */
};

struct door_type {
    enum event_type type;
    enum door_rule rule;
    struct field_set own;
    const struct field_set *naming; /* how the complaint and customer are named */
};

/* NULL if no publisher may send this type. */
const struct door_type *door_type_find(struct str name);
/* All of them; for tests. */
const struct door_type *door_types(size_t *ret_count);

/* Dead letters missing_field, bad_field, time_out_of_range, too_large. data may be NULL.
 */
MUST_CHECK bool door_fields_read(struct arena *arena, const struct door_type *type,
                                 struct door_json *data, struct door_data *ret,
                                 struct err *err);

#endif
