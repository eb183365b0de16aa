/* The vocabulary of expectations; the column names are design.md section 6. */
#include "scenario.h"

#include "gen/classification_section.h"
#include "gen/decided_by.h"
#include "gen/register_section.h"
#include "gen/routing_section.h"
#include "gen/sla_section.h"
#include "gen/submission.h"
#include "gen/triage_section.h"

/* NOLINTBEGIN(bugprone-macro-parentheses): a type cannot stand in parentheses. */
#define NAMES(enumeration)                                                               \
    static const char *enumeration##_text(int value)                                     \
    {                                                                                    \
        return enumeration##_name((enum enumeration)value);                              \
    }
/* NOLINTEND(bugprone-macro-parentheses) */
NAMES(state)
NAMES(kind)
NAMES(priority)
NAMES(triage_class)
NAMES(channel)
NAMES(clock)
NAMES(clock_status)

#define AT(section, record, member, kind, sql)                                           \
    {                                                                                    \
#member, section, kind, offsetof(struct record, member), SIZE_MAX, NULL, sql     \
    }
#define MAYBE(section, record, member, kind, sql)                                        \
    {                                                                                    \
#member, section, kind, offsetof(struct record, member),                         \
            offsetof(struct record, has_##member), NULL, sql                             \
    }
#define ENUM(section, record, member, enumeration, sql)                                  \
    {                                                                                    \
#member, section, FIELD_ENUM, offsetof(struct record, member), SIZE_MAX,         \
            enumeration##_text, sql                                                      \
    }

#define REG(member, kind, sql) AT(SECTION_REGISTER, register_section, member, kind, sql)
#define REG_MAYBE(member, sql)                                                           \
    MAYBE(SECTION_REGISTER, register_section, member, FIELD_TIME, sql)
#define CLS(member, kind, sql)                                                           \
    AT(SECTION_CLASSIFICATION, classification_section, member, kind, sql)
#define TRI(member, kind, sql) AT(SECTION_TRIAGE, triage_section, member, kind, sql)
#define SLA(member, kind, sql) AT(SECTION_SLA, sla_section, member, kind, sql)
#define ROU(member, kind, sql) AT(SECTION_ROUTING, routing_section, member, kind, sql)
#define SUB(member, kind, sql) AT(SECTION_SUBMISSION, submission, member, kind, sql)
#define CLK(member, kind, sql) AT(SECTION_CLOCK, sla_clock, member, kind, sql)
#define CLK_MAYBE(member, sql) MAYBE(SECTION_CLOCK, sla_clock, member, FIELD_TIME, sql)

/* clang-format off */
static const struct field fields[] = {
    ENUM(SECTION_REGISTER, register_section, state, state, "state"),
    REG(complaint_ref, FIELD_STR, "complaint_ref"),
    REG(source, FIELD_STR, "source"),
    REG(received_at, FIELD_TIME, "received_at"),
    REG_MAYBE(first_response_at, "first_response_at"),
    REG_MAYBE(resolved_at, "resolved_at"),
    REG_MAYBE(closed_at, "closed_at"),
    REG_MAYBE(ended_at, NULL),
    REG(recovery_ends_at, FIELD_TIME, "recovery_ends_at"),
    REG(reopenings, FIELD_INT, "reopenings"),
    REG(transfers, FIELD_INT, "transfers"),
    REG(last_seq, FIELD_LONG, "last_seq"),
    REG(messages, FIELD_INT, NULL),
    REG(responses, FIELD_INT, NULL),
    REG(previous_complaint_id, FIELD_STR, NULL),
    REG(merged_into, FIELD_STR, NULL),
    REG(external_ref, FIELD_STR, NULL),
    MAYBE(SECTION_REGISTER, register_section, remedy_accepted, FIELD_BOOL, NULL),
    REG(refused_reason, FIELD_STR, NULL),
    REG(history, FIELD_BOOL, NULL),
    CLS(language, FIELD_STR, "language"),
    ENUM(SECTION_CLASSIFICATION, classification_section, kind, kind, "kind"),
    CLS(product, FIELD_STR, "product"),
    CLS(issue, FIELD_STR, "issue"),
    CLS(severity, FIELD_INT, "severity"),
    CLS(sentiment, FIELD_DOUBLE, "sentiment"),
    CLS(needs_review, FIELD_BOOL, "needs_review"),
    CLS(flags, FIELD_STRINGS, NULL),
    CLS(findings, FIELD_FINDINGS, NULL),
    ENUM(SECTION_TRIAGE, triage_section, priority, priority, "priority"),
    ENUM(SECTION_TRIAGE, triage_section, triage_class, triage_class, "triage_class"),
    TRI(score, FIELD_DOUBLE, "score"),
    TRI(salvageability, FIELD_DOUBLE, NULL),
    TRI(exposure, FIELD_DOUBLE, NULL),
    TRI(double_deviation, FIELD_BOOL, "double_deviation"),
    TRI(evidence, FIELD_EVIDENCE, NULL),
    TRI(failed_recoveries, FIELD_INT, "failed_recoveries"),
    TRI(remedy_advice, FIELD_STR, "remedy_advice"),
    TRI(checklist, FIELD_STRINGS, NULL),
    TRI(tier, FIELD_STR, NULL),
    TRI(betrayal, FIELD_BOOL, NULL),
    TRI(reopen_advised, FIELD_BOOL, NULL),
    TRI(rating, FIELD_INT, NULL),
    TRI(offered, FIELD_STRINGS, NULL),
    MAYBE(SECTION_TRIAGE, triage_section, limit_amount, FIELD_DOUBLE, NULL),
    TRI(limit_currency, FIELD_STR, NULL),
    MAYBE(SECTION_TRIAGE, triage_section, first_failure_at, FIELD_TIME, NULL),
    TRI(doubling_hours, FIELD_DOUBLE, NULL),
    TRI(recovery_days_left, FIELD_DOUBLE, NULL),
    MAYBE(SECTION_TRIAGE, triage_section, silent_since, FIELD_TIME, NULL),
    ROU(team, FIELD_STR, "team"),
    ROU(owner, FIELD_STR, "owner"),
    ROU(escalation_level, FIELD_INT, "escalation_level"),
    ROU(escalated_to, FIELD_STR, NULL),
    ROU(frozen, FIELD_BOOL, NULL),
    ROU(rule, FIELD_STR, "routing_rule"),
    ROU(collective_id, FIELD_STR, "collective_id"),
    ENUM(SECTION_SUBMISSION, submission, channel, channel, "channel"),
    SUB(brand, FIELD_STR, "brand"),
    SUB(text, FIELD_STR, "text"),
    SUB(subject, FIELD_STR, NULL),
    SUB(order_ref, FIELD_STR, NULL),
    {"sla_policy", SECTION_SLA, FIELD_STR, offsetof(struct sla_section, policy), SIZE_MAX,
     NULL, NULL},
    ENUM(SECTION_CLOCK, sla_clock, clock, clock, "clock"),
    ENUM(SECTION_CLOCK, sla_clock, status, clock_status, "status"),
    CLK(policy, FIELD_STR, "policy"),
    CLK(policy_version, FIELD_STR, "policy_version"),
    CLK(started_at, FIELD_TIME, "started_at"),
    CLK(due_at, FIELD_TIME, "due_at"),
    CLK_MAYBE(met_at, "met_at"),
    CLK_MAYBE(breached_at, "breached_at"),
    CLK_MAYBE(paused_since, NULL),
    CLK_MAYBE(extended_until, NULL),
    CLK(warned_percent, FIELD_INT, NULL),
    CLK(target, FIELD_STR, NULL),
    CLK(start_no, FIELD_INT, NULL),
    {"paused_seconds", SECTION_CLOCK, FIELD_SECONDS, offsetof(struct sla_clock, paused_ms),
     SIZE_MAX, NULL, "paused_seconds"},
};
/* clang-format on */

const struct field *
field_find(struct str name, bool of_clock)
{
    for (size_t i = 0; i < COUNT_OF(fields); i++)
        if (str_eq(name, str_from(fields[i].name)) &&
            (fields[i].section == SECTION_CLOCK) == of_clock)
            return &fields[i];
    return NULL;
}

const struct field *
field_next(const struct field *field)
{
    size_t i = field ? (size_t)(field - fields) + 1 : 0;
    while (i < COUNT_OF(fields) && fields[i].section == SECTION_CLOCK)
        i++;
    return i < COUNT_OF(fields) ? &fields[i] : NULL;
}

/* Generated array members are a count and a pointer: the pointer lies at offset. */
static struct str
join_strings(struct arena *arena, const struct str *items, size_t n)
{
    struct str text = STR_NULL; /* an empty list is none */
    for (size_t i = 0; i < n; i++)
        text = arena_printf(arena, "%.*s%s%.*s", STR_ARG(text), i ? "," : "",
                            STR_ARG(items[i]));
    return text;
}

/* "kind:complaint:rule(inquiry)": task, label, who decided, what the model says; "?"
 * behind it where it is in doubt. */
static struct str
findings_text(struct arena *arena, const struct classification_section *cls)
{
    struct str *lines = ARENA_ARRAY(arena, struct str, cls->n_findings);
    for (size_t i = 0; i < cls->n_findings; i++) {
        const struct finding *f = &cls->findings[i];
        bool phrases = str_eq(f->model, STR("phrases"));
        bool model = !str_is_null(f->model_label);
        lines[i] = arena_printf(
            arena, "%.*s:%.*s:%s%s%.*s%s%s", STR_ARG(f->task), STR_ARG(f->label),
            phrases ? "phrases" : decided_by_name(f->decided_by), model ? "(" : "",
            STR_ARG(f->model_label), model ? ")" : "", f->needs_review ? "?" : "");
    }
    return join_strings(arena, lines, cls->n_findings);
}

static struct str
list_text(struct arena *arena, const struct field *field, const void *record)
{
    const struct triage_section *tri = record;
    const struct classification_section *cls = record;
    if (field->kind == FIELD_FINDINGS)
        return findings_text(arena, cls);
    if (field->section == SECTION_CLASSIFICATION)
        return join_strings(arena, cls->flags, cls->n_flags);
    if (field->offset == offsetof(struct triage_section, offered))
        return join_strings(arena, tri->offered, tri->n_offered);
    if (field->kind == FIELD_STRINGS)
        return join_strings(arena, tri->checklist, tri->n_checklist);
    struct str *kinds = ARENA_ARRAY(arena, struct str, tri->n_evidence);
    for (size_t i = 0; i < tri->n_evidence; i++)
        kinds[i] = tri->evidence[i].kind;
    return join_strings(arena, kinds, tri->n_evidence);
}

static struct str
time_text(struct arena *arena, int64_t ms)
{
    char text[TIME_TEXT_BYTES];
    return arena_str(arena, str_from(time_print(ms, text)));
}

struct str
field_text(struct arena *arena, const struct field *field,
           const struct sections *sections)
{
    const char *record = sections->at[field->section];
    if (!record)
        return STR_NULL;
    const void *at = record + field->offset;
    if (field->has_offset != SIZE_MAX && !*(const bool *)(record + field->has_offset))
        return STR_NULL;
    switch (field->kind) {
    case FIELD_STR:
        return *(const struct str *)at;
    case FIELD_INT:
        return arena_printf(arena, "%d", (int)*(const int32_t *)at);
    case FIELD_LONG:
        return arena_printf(arena, "%lld", (long long)*(const int64_t *)at);
    case FIELD_TIME:
        return time_text(arena, *(const int64_t *)at);
    case FIELD_SECONDS:
        return arena_printf(arena, "%lld", (long long)(*(const int64_t *)at / SECOND_MS));
    case FIELD_BOOL:
        return *(const bool *)at ? STR("true") : STR("false");
    case FIELD_DOUBLE:
        return arena_printf(arena, "%.6g", *(const double *)at);
    case FIELD_ENUM:
        return str_from(field->enum_name(*(const int *)at));
    case FIELD_STRINGS:
    case FIELD_EVIDENCE:
    case FIELD_FINDINGS:
        return list_text(arena, field, record);
    }
    return STR_NULL;
}
