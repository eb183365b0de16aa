#include "intake/door_fields.h"

/* The rows: design, "Events" (names) and "Dead letters" (what is required, limits). The
 * event's schema leaves room for what normalisation adds (NFC: up to three times). */

#define KB 1024U
#define TEXT_MAX (256 * KB)
#define STRING_MAX (8 * KB)
#define REF_MAX 512U

#define NAME(name)                                                                       \
    {                                                                                    \
        name, sizeof(name) - 1                                                           \
    }
#define AT(member) offsetof(struct door_data, member)
#define PLAIN(name, kind, member, max)                                                   \
    {                                                                                    \
        NAME(name), kind, false, max, AT(member), NO_FLAG, NULL                          \
    }
#define MUST(name, kind, member, max)                                                    \
    {                                                                                    \
        NAME(name), kind, true, max, AT(member), NO_FLAG, NULL                           \
    }
#define FLAGGED(name, kind, part, member)                                                \
    {                                                                                    \
        NAME(name), kind, false, STRING_MAX, AT(part member), AT(part has_##member),     \
            NULL                                                                         \
    }
#define MUST_FLAGGED(name, kind, part, member)                                           \
    {                                                                                    \
        NAME(name), kind, true, STRING_MAX, AT(part member), AT(part has_##member), NULL \
    }
#define INSIDE(name, flag, set)                                                          \
    {                                                                                    \
        NAME(name), FIELD_OBJECT, false, 0, 0, AT(flag), &(set)                          \
    }
#define SET(rows)                                                                        \
    {                                                                                    \
        rows, COUNT_OF(rows)                                                             \
    }

static const struct field CUSTOMER_ROWS[] = {
    PLAIN("id", FIELD_RAW, customer.id, REF_MAX),
    PLAIN("name", FIELD_STRING, customer.name, STRING_MAX),
    PLAIN("email", FIELD_RAW, customer.email, STRING_MAX),
    PLAIN("phone", FIELD_RAW, customer.phone, STRING_MAX),
    PLAIN("handle", FIELD_RAW, customer.handle, STRING_MAX),
    PLAIN("tier", FIELD_STRING, customer.tier, STRING_MAX),
    FLAGGED("since", FIELD_SINCE, customer., since),
    FLAGGED("lifetime_value", FIELD_NUMBER, customer., lifetime_value),
    FLAGGED("followers", FIELD_COUNT, customer., followers),
    FLAGGED("vulnerable", FIELD_BOOL, customer., vulnerable),
};
static const struct field_set CUSTOMER = SET(CUSTOMER_ROWS);

static const struct field REACH_ROWS[] = {
    FLAGGED("views", FIELD_COUNT, reach., views),
    FLAGGED("shares", FIELD_COUNT, reach., shares),
    FLAGGED("replies", FIELD_COUNT, reach., replies),
};
static const struct field_set REACH = SET(REACH_ROWS);

static const struct field REGULATOR_ROWS[] = {
    PLAIN("name", FIELD_STRING, regulator.name, STRING_MAX),
    PLAIN("case_ref", FIELD_STRING, regulator.case_ref, REF_MAX),
    FLAGGED("received_at", FIELD_TIME, regulator., received_at),
};
static const struct field_set REGULATOR = SET(REGULATOR_ROWS);

static const struct field SUBMITTED_ROWS[] = {
    MUST("complaint_ref", FIELD_ID, complaint_ref, REF_MAX),
    PLAIN("complaint_source", FIELD_ID, complaint_source, REF_MAX),
    MUST_FLAGGED("channel", FIELD_CHANNEL, , channel),
    INSIDE("customer", has_customer, CUSTOMER),
    PLAIN("text", FIELD_TEXT, submission.text, TEXT_MAX),
    PLAIN("subject", FIELD_STRING, submission.subject, STRING_MAX),
    PLAIN("issue", FIELD_STRING, submission.issue, STRING_MAX),
    PLAIN("language", FIELD_STRING, submission.language, STRING_MAX),
    PLAIN("brand", FIELD_STRING, submission.brand, STRING_MAX),
    PLAIN("product", FIELD_STRING, submission.product, STRING_MAX),
    PLAIN("order_ref", FIELD_STRING, submission.order_ref, REF_MAX),
    PLAIN("desired_remedy", FIELD_STRING, submission.desired_remedy, STRING_MAX),
    FLAGGED("kind", FIELD_KIND, submission., kind),
    PLAIN("public_url", FIELD_URL, submission.public_url, STRING_MAX),
    INSIDE("reach", has_reach, REACH),
    INSIDE("regulator", has_regulator, REGULATOR),
    PLAIN("previous_complaint_ref", FIELD_ID, submission.previous_complaint_ref, REF_MAX),
    PLAIN("on_behalf_of", FIELD_STRING, submission.on_behalf_of, STRING_MAX),
    FLAGGED("consent_to_publish", FIELD_BOOL, submission., consent_to_publish),
    PLAIN("attachments", FIELD_LIST, submission, STRING_MAX),
};

/* How every later event of a complaint names it. */
static const struct field NAMING_ROWS[] = {
    PLAIN("complaint_id", FIELD_ID, complaint_id, REF_MAX),
    PLAIN("complaint_ref", FIELD_ID, complaint_ref, REF_MAX),
    PLAIN("complaint_source", FIELD_ID, complaint_source, REF_MAX),
    INSIDE("customer", has_customer, CUSTOMER),
    FLAGGED("channel", FIELD_CHANNEL, , channel),
};
static const struct field_set NAMING = SET(NAMING_ROWS);

static const struct field PERSON_ROWS[] = {
    INSIDE("customer", has_customer, CUSTOMER),
    FLAGGED("channel", FIELD_CHANNEL, , channel),
};
static const struct field_set PERSON = SET(PERSON_ROWS);

static const struct field ANSWER_ROWS[] = {
    PLAIN("feedback_id", FIELD_ID, action.feedback_id, REF_MAX),
    PLAIN("collective_id", FIELD_ID, action.collective_id, REF_MAX),
};
static const struct field_set ANSWER = SET(ANSWER_ROWS);

#define REASON PLAIN("reason", FIELD_STRING, action.reason, STRING_MAX)
#define CAUSE PLAIN("cause", FIELD_STRING, action.cause, STRING_MAX)
#define AMOUNT FLAGGED("amount", FIELD_MONEY, action., amount)
#define CURRENCY PLAIN("currency", FIELD_STRING, action.currency, STRING_MAX)
#define AUTOMATIC FLAGGED("automatic", FIELD_BOOL, action., automatic)

static const struct field MESSAGE_ROWS[] = {
    MUST("text", FIELD_TEXT, action.text, TEXT_MAX)};
static const struct field REASON_ROWS[] = {REASON};
static const struct field RATED_ROWS[] = {
    MUST_FLAGGED("score", FIELD_RANK, action., score),
    PLAIN("comment", FIELD_STRING, action.comment, STRING_MAX),
};
static const struct field ACKNOWLEDGED_ROWS[] = {AUTOMATIC};
static const struct field RESPONDED_ROWS[] = {
    PLAIN("text", FIELD_TEXT, action.text, TEXT_MAX), AUTOMATIC};
static const struct field ASSIGNED_ROWS[] = {
    MUST("team", FIELD_STRING, action.team, STRING_MAX),
    PLAIN("owner", FIELD_STRING, action.owner, STRING_MAX),
};
static const struct field TRANSFERRED_ROWS[] = {
    MUST("team", FIELD_STRING, action.team, STRING_MAX),
    REASON,
};
static const struct field WAITING_ROWS[] = {
    MUST("for", FIELD_WAIT, action.waiting_for, STRING_MAX),
    REASON,
};
static const struct field PROMISED_ROWS[] = {
    MUST("promise_id", FIELD_ID, action.promise_id, REF_MAX),
    PLAIN("promise", FIELD_STRING, action.promise, STRING_MAX),
    MUST_FLAGGED("due_at", FIELD_TIME, action., due_at),
    REASON,
};
static const struct field PROMISE_KEPT_ROWS[] = {
    MUST("promise_id", FIELD_ID, action.promise_id, REF_MAX)};
static const struct field REMEDY_OFFERED_ROWS[] = {
    MUST("remedy", FIELD_STRING, action.remedy, STRING_MAX),
    AMOUNT,
    CURRENCY,
};
static const struct field RESOLVED_ROWS[] = {
    CAUSE,
    PLAIN("remedy", FIELD_STRING, action.remedy, STRING_MAX),
    AMOUNT,
    CURRENCY,
};
static const struct field MERGED_ROWS[] = {MUST("into", FIELD_ID, action.into, REF_MAX)};
static const struct field REFERRED_ROWS[] = {
    MUST("to", FIELD_STRING, action.referred_to, STRING_MAX),
    PLAIN("case_ref", FIELD_STRING, action.case_ref, REF_MAX),
};
static const struct field CORRECTED_ROWS[] = {
    FLAGGED("kind", FIELD_KIND, action., kind),
    PLAIN("product", FIELD_STRING, action.product, STRING_MAX),
    PLAIN("issue", FIELD_STRING, action.issue, STRING_MAX),
    FLAGGED("severity", FIELD_RANK, action., severity),
};
static const struct field EXTENDED_ROWS[] = {
    MUST("clock", FIELD_CLOCK, action.clock, STRING_MAX),
    MUST_FLAGGED("until", FIELD_TIME, action., until),
    MUST("reason", FIELD_STRING, action.reason, STRING_MAX),
    MUST("approver", FIELD_STRING, action.approver, STRING_MAX),
};
static const struct field CAUSE_ROWS[] = {CAUSE};
static const struct field PLANNED_ROWS[] = {
    FLAGGED("due_at", FIELD_TIME, action., due_at)};
static const struct field FIXED_ROWS[] = {
    PLAIN("version", FIELD_STRING, action.version, STRING_MAX)};

#define BARE                                                                             \
    {                                                                                    \
        NULL, 0                                                                          \
    }
#define COMPLAINT(name, rule, rows)                                                      \
    {                                                                                    \
        EVENT_TYPE_COMPLAINT_##name, rule, rows, &NAMING                                 \
    }
#define FEEDBACK(name, rows)                                                             \
    {                                                                                    \
        EVENT_TYPE_FEEDBACK_##name, RULE_FEEDBACK, rows, &ANSWER                         \
    }

static const struct door_type TYPES[] = {
    {EVENT_TYPE_COMPLAINT_SUBMITTED, RULE_SUBMISSION, SET(SUBMITTED_ROWS), NULL},
    COMPLAINT(MESSAGE, RULE_NONE, SET(MESSAGE_ROWS)),
    COMPLAINT(REACH, RULE_ANY, SET(REACH_ROWS)),
    COMPLAINT(REMEDY_ACCEPTED, RULE_NONE, BARE),
    COMPLAINT(REMEDY_REFUSED, RULE_NONE, SET(REASON_ROWS)),
    COMPLAINT(RATED, RULE_NONE, SET(RATED_ROWS)),
    COMPLAINT(REOPENED, RULE_NONE, SET(REASON_ROWS)),
    COMPLAINT(WITHDRAWN, RULE_NONE, BARE),
    COMPLAINT(ACKNOWLEDGED, RULE_NONE, SET(ACKNOWLEDGED_ROWS)),
    COMPLAINT(RESPONDED, RULE_NONE, SET(RESPONDED_ROWS)),
    COMPLAINT(ASSIGNED, RULE_NONE, SET(ASSIGNED_ROWS)),
    COMPLAINT(TRANSFERRED, RULE_NONE, SET(TRANSFERRED_ROWS)),
    COMPLAINT(WAITING, RULE_NONE, SET(WAITING_ROWS)),
    COMPLAINT(RESUMED, RULE_NONE, BARE),
    COMPLAINT(PROMISED, RULE_NONE, SET(PROMISED_ROWS)),
    COMPLAINT(PROMISE_KEPT, RULE_NONE, SET(PROMISE_KEPT_ROWS)),
    COMPLAINT(REMEDY_OFFERED, RULE_NONE, SET(REMEDY_OFFERED_ROWS)),
    COMPLAINT(RESOLVED, RULE_NONE, SET(RESOLVED_ROWS)),
    COMPLAINT(CLOSED, RULE_NONE, BARE),
    COMPLAINT(REJECTED, RULE_NONE, SET(REASON_ROWS)),
    COMPLAINT(MERGED, RULE_NONE, SET(MERGED_ROWS)),
    COMPLAINT(REFERRED, RULE_NONE, SET(REFERRED_ROWS)),
    COMPLAINT(CORRECTED, RULE_ANY, SET(CORRECTED_ROWS)),
    COMPLAINT(EXTENDED, RULE_NONE, SET(EXTENDED_ROWS)),
    {EVENT_TYPE_CUSTOMER_UPDATED, RULE_NONE, BARE, &PERSON},
    {EVENT_TYPE_CUSTOMER_ERASED, RULE_NONE, BARE, &PERSON},
    FEEDBACK(ACKNOWLEDGED, BARE),
    FEEDBACK(CAUSE_FOUND, SET(CAUSE_ROWS)),
    FEEDBACK(PLANNED, SET(PLANNED_ROWS)),
    FEEDBACK(FIXED, SET(FIXED_ROWS)),
    FEEDBACK(DECLINED, SET(REASON_ROWS)),
};

const struct door_type *
door_type_find(struct str name)
{
    enum event_type type = EVENT_TYPE_UNKNOWN;
    if (!event_type_parse(name, &type))
        return NULL;
    for (size_t i = 0; i < COUNT_OF(TYPES); i++)
        if (TYPES[i].type == type)
            return &TYPES[i];
    return NULL;
}

const struct door_type *
door_types(size_t *ret_count)
{
    *ret_count = COUNT_OF(TYPES);
    return TYPES;
}
