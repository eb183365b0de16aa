/* show_story.c - a case's rows put together as one document. */
#include "ctl/show.h"

#include <string.h>

#include "base/times.h"

/* Facts that may leave the program; the customer's own data is not among them. */
/* clang-format off */
static const char *const complaint_keys[] = {
    "complaint_id", "complaint_ref", "source", "channel", "brand", "customer_key",
    "state", "kind", "product", "issue", "severity", "sentiment", "language",
    "needs_review", "flags", "desired_remedy", "regulator", "priority", "triage_class",
    "score", "team", "owner", "escalation_level", "escalated_to", "frozen",
    "routing_rule", "transfers", "reopenings", "messages", "responses", "rating",
    "failed_recoveries", "tier", "betrayal", "double_deviation", "received_at",
    "first_response_at", "resolved_at", "closed_at", "ended_at", "recovery_ends_at",
    "first_failure_at", "silent_since", "reopen_advised", "views", "shares", "replies",
    "doubling_hours", "history", "last_seq", "subject", "text", "cause", "remedy",
    "amount", "currency", "collective_id", "previous_complaint_id", "merged_into",
    "external_ref", "triage_policy", "sla_policy",
};
/* clang-format on */

/* A member; times in one form ("2026-03-02T09:00:00.000Z"). */
static json_t *
member(const json_t *from, const char *key)
{
    char text[TIME_TEXT_BYTES];
    json_t *value = json_object_get(from, key);
    const char *said = json_string_value(value);
    size_t len = strlen(key);
    int64_t ms = 0;
    if (said && len >= 2 && strcmp(key + len - 2, "at") == 0 &&
        time_parse(str_from(said), &ms))
        return json_string(time_print(ms, text));
    return value ? json_incref(value) : json_null();
}

/* Takes the members over, null where there is none: keys are stable. */
static json_t *
pick(const json_t *from, const char *const *keys, size_t n)
{
    json_t *to = json_object();
    for (size_t i = 0; i < n; i++)
        json_object_set_new(to, keys[i], member(from, keys[i]));
    return to;
}
#define PICK(from, ...)                                                                  \
    pick(from, (const char *const[]){__VA_ARGS__},                                       \
         sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *))

static void
set(json_t *object, const char *key, json_t *value)
{
    json_object_set_new(object, key, value ? value : json_null());
}

static json_t *
shared_list(const json_t *object, const char *key)
{
    json_t *value = json_object_get(object, key);
    return json_is_array(value) ? json_incref(value) : json_array();
}

static json_t *
words(struct buf *out)
{
    json_t *text = json_stringn(out->ptr ? out->ptr : "", out->len);
    buf_clear(out);
    return text ? text : json_string("");
}

static json_t *
time_json(int64_t ms)
{
    char text[TIME_TEXT_BYTES];
    return ms == TIME_NONE ? json_null() : json_string(time_print(ms, text));
}

static json_t *
seconds(int64_t ms)
{
    return json_integer(ms / 1000);
}

static bool
type_is(const json_t *event, const char *type)
{
    return show_is(event, "type", type);
}

/* --- priority ----------------------------------------------------------------------- */

/* Each row that tells another priority than the one before, or another class: the row of
 * the change itself often only repeats its cause's. */
static json_t *
priority_changes(const json_t *events)
{
    json_t *changes = json_array();
    const char *before = "";
    const char *class_before = "";
    size_t i = 0;
    json_t *event = NULL;
    json_array_foreach(events, i, event)
    {
        const json_t *detail = json_object_get(event, "detail");
        const char *after = show_get(detail, "priority");
        bool other_class = type_is(event, "triage.changed") &&
                           strcmp(show_get(detail, "triage_class"), class_before) != 0;
        if (!*after || (strcmp(after, before) == 0 && !other_class))
            continue;
        json_t *change = json_object();
        set(change, "at", member(event, "occurred_at"));
        set(change, "before", *before ? json_string(before) : member(detail, "before"));
        set(change, "after", json_string(after));
        set(change, "triage_class", member(detail, "triage_class"));
        set(change, "score", member(detail, "triage_score"));
        if (*show_get(detail, "why"))
            set(change, "why", member(detail, "why"));
        else
            set(change, "why",
                json_string(type_is(event, "complaint.submitted") ? "as submitted" : ""));
        json_array_append_new(changes, change);
        before = after;
        class_before = show_get(detail, "triage_class");
    }
    return changes;
}

static json_t *
priority_of(const struct show_rows *rows)
{
    static const char *const parts[] = {"severity", "salvageability", "exposure",
                                        "on_top", "instead"};
    const json_t *c = rows->complaint;
    json_t *all = PICK(c, "priority", "triage_class", "score");
    double on_top = 0;
    set(all, "severity", member(c, "severity_part"));
    set(all, "salvageability", member(c, "salvageability"));
    set(all, "exposure", member(c, "exposure"));
    set(all, "policy", member(c, "triage_policy"));
    json_t *reasons = json_array();
    size_t i = 0;
    json_t *reason = NULL;
    json_array_foreach(json_object_get(c, "reasons"), i, reason)
    {
        CLEANUP(buf_release) struct buf out = {0};
        json_t *one = PICK(reason, "name", "value", "weight");
        set(one, "part", json_string(parts[show_part_of(show_get(reason, "name"))]));
        show_reason(&out, reason);
        if (show_is(reason, "name", "tier") && *show_get(c, "tier"))
            buf_printf(&out, ": %s", show_get(c, "tier"));
        set(one, "text", words(&out));
        json_array_append_new(reasons, one);
        if (show_part_of(show_get(reason, "name")) == SHOW_TOP)
            on_top += show_number(reason, "weight");
    }
    set(all, "on_top", json_real(on_top));
    set(all, "reasons", reasons);
    set(all, "changes", priority_changes(rows->events));
    return all;
}

/* --- double deviation --------------------------------------------------------------- */

/* The row of an event_id, of this case or of another; NULL if it is not there. */
static const json_t *
event_by_id(const struct show_rows *rows, const char *id)
{
    const json_t *lists[] = {rows->events, rows->elsewhere};
    for (size_t l = 0; *id && l < COUNT_OF(lists); l++) {
        size_t i = 0;
        json_t *event = NULL;
        json_array_foreach(lists[l], i,
                           event) if (show_is(event, "event_id", id)) return event;
    }
    return NULL;
}

static json_t *
evidence_of(const struct show_rows *rows, const json_t *evidence)
{
    CLEANUP(buf_release) struct buf out = {0};
    json_t *one = PICK(evidence, "kind", "at", "event_id");
    const json_t *event = event_by_id(rows, show_get(evidence, "event_id"));
    show_evidence(&out, evidence);
    set(one, "text", words(&out));
    set(one, "event", member(event, "type"));
    set(one, "complaint_ref", member(event, "complaint_ref"));
    json_t *also = json_array();
    size_t i = 0;
    json_t *id = NULL;
    json_array_foreach(json_object_get(evidence, "also"), i, id)
    {
        const char *text = json_string_value(id);
        const json_t *further = event_by_id(rows, text ? text : "");
        json_t *row = PICK(further, "type", "occurred_at", "complaint_ref");
        set(row, "event_id", json_incref(id));
        json_array_append_new(also, row);
    }
    set(one, "also", also);
    return one;
}

static json_t *
deviation_of(const struct show_rows *rows)
{
    json_t *all = json_object();
    json_t *list = json_array();
    size_t i = 0;
    json_t *evidence = NULL;
    set(all, "found", member(rows->complaint, "double_deviation"));
    set(all, "betrayal", member(rows->complaint, "betrayal"));
    json_array_foreach(json_object_get(rows->complaint, "evidence"), i, evidence)
        json_array_append_new(list, evidence_of(rows, evidence));
    set(all, "evidence", list);
    return all;
}

static json_t *
remedy_of(const struct show_rows *rows)
{
    json_t *all = json_object();
    set(all, "advice", member(rows->complaint, "remedy_advice"));
    set(all, "checklist", shared_list(rows->complaint, "checklist"));
    set(all, "offered", shared_list(rows->complaint, "offered"));
    set(all, "limit_amount", member(rows->complaint, "limit_amount"));
    set(all, "limit_currency", member(rows->complaint, "limit_currency"));
    set(all, "steps",
        json_is_array(rows->remedies) ? json_incref(rows->remedies) : json_array());
    return all;
}

/* --- clocks, promises --------------------------------------------------------------- */

static json_t *
clocks_of(const struct show_rows *rows)
{
    json_t *list = json_array();
    size_t i = 0;
    json_t *clock = NULL;
    json_array_foreach(rows->clocks, i, clock)
    {
        json_t *one = PICK(clock, "clock", "start_no", "promise_id", "status", "policy",
                           "policy_version", "started_at", "due_at", "met_at",
                           "breached_at", "extended_until", "warned_percent");
        int64_t due_ms = show_ms(clock, "due_at");
        int64_t met_ms = show_ms(clock, "met_at");
        bool open =
            show_is(clock, "status", "running") || show_is(clock, "status", "paused");
        bool late = met_ms != TIME_NONE && due_ms != TIME_NONE && met_ms > due_ms;
        set(one, "paused_seconds", seconds(show_integer(clock, "paused_ms")));
        set(one, "left_seconds",
            open && due_ms != TIME_NONE ? seconds(due_ms - rows->now_ms) : NULL);
        set(one, "late_seconds", late ? seconds(met_ms - due_ms) : NULL);
        json_array_append_new(list, one);
    }
    return list;
}

/* What was promised, as the row of complaint.promised says. */
static json_t *
promise_words(const struct show_rows *rows, const char *promise_id)
{
    const json_t *found = NULL;
    size_t i = 0;
    json_t *event = NULL;
    json_array_foreach(rows->events, i, event)
    {
        const json_t *detail = json_object_get(event, "detail");
        if (type_is(event, "complaint.promised") &&
            show_is(detail, "promise_id", promise_id))
            found = detail;
    }
    return member(found, "promise");
}

static json_t *
promises_of(const struct show_rows *rows, const json_t *clocks)
{
    json_t *list = json_array();
    size_t i = 0;
    json_t *clock = NULL;
    json_array_foreach(clocks, i, clock)
    {
        if (!show_is(clock, "clock", "promise"))
            continue;
        json_t *one = PICK(clock, "promise_id", "status", "started_at", "due_at",
                           "met_at", "left_seconds", "late_seconds");
        set(one, "promise", promise_words(rows, show_get(clock, "promise_id")));
        json_array_append_new(list, one);
    }
    return list;
}

/* --- who has it, who was told ------------------------------------------------------- */

static json_t *
rows_of_type(const json_t *events, const char *type, const char *other)
{
    json_t *list = json_array();
    size_t i = 0;
    json_t *event = NULL;
    json_array_foreach(events, i, event)
    {
        if (!type_is(event, type) && !type_is(event, other))
            continue;
        CLEANUP(buf_release) struct buf out = {0};
        const json_t *detail = json_object_get(event, "detail");
        json_t *one = PICK(event, "occurred_at", "type", "cause");
        show_event(&out, event);
        set(one, "what", words(&out));
        set(one, "detail", detail ? json_incref((json_t *)(uintptr_t)detail) : NULL);
        json_array_append_new(list, one);
    }
    return list;
}

static json_t *
owners_of(const struct show_rows *rows)
{
    json_t *list = json_array();
    json_t *last = NULL;
    size_t i = 0;
    json_t *row = NULL;
    json_array_foreach(rows->owners, i, row)
    {
        if (last && show_is(last, "team", show_get(row, "team")) &&
            show_is(last, "owner", show_get(row, "owner")))
            continue; /* only the level changed */
        if (last)
            set(last, "until", member(row, "assigned_at"));
        json_t *one = PICK(row, "team", "owner", "rule", "type");
        set(one, "from", member(row, "assigned_at"));
        set(one, "until", NULL);
        json_array_append_new(list, one);
        last = one;
    }
    return list;
}

/* --- appeal, recovery --------------------------------------------------------------- */

/* The rejection in force; null when there is none, or it was appealed. */
static json_t *
appeal_of(const struct show_rows *rows)
{
    json_t *appeal = NULL;
    size_t i = 0;
    json_t *event = NULL;
    json_array_foreach(rows->events, i, event)
    {
        const json_t *detail = json_object_get(event, "detail");
        if (type_is(event, "complaint.reopened") ||
            type_is(event, "complaint.resolved")) {
            json_decref(appeal);
            appeal = NULL;
        } else if (type_is(event, "complaint.rejected")) {
            json_decref(appeal);
            appeal = json_object();
            set(appeal, "rejected_at", member(event, "occurred_at"));
            set(appeal, "reason", member(detail, "reason"));
        }
        int64_t until_ms = show_ms(detail, "appeal_until");
        if (!appeal || until_ms == TIME_NONE)
            continue;
        set(appeal, "until", time_json(until_ms));
        set(appeal, "left_seconds", seconds(until_ms - rows->now_ms));
        set(appeal, "open", json_boolean(rows->now_ms <= until_ms));
    }
    return appeal;
}

static json_t *
recovery_of(const struct show_rows *rows)
{
    json_t *all = json_object();
    int64_t ends_ms = show_ms(rows->complaint, "recovery_ends_at");
    set(all, "first_failure_at", member(rows->complaint, "first_failure_at"));
    set(all, "ends_at", member(rows->complaint, "recovery_ends_at"));
    set(all, "left_seconds",
        ends_ms != TIME_NONE ? seconds(ends_ms - rows->now_ms) : NULL);
    set(all, "open", json_boolean(ends_ms != TIME_NONE && rows->now_ms <= ends_ms));
    return all;
}

/* --- timeline, headline ------------------------------------------------------------- */

static json_t *
timeline_of(const struct show_rows *rows)
{
    json_t *list = json_array();
    char team[128] = "";
    size_t i = 0;
    json_t *event = NULL;
    json_array_foreach(rows->events, i, event)
    {
        CLEANUP(buf_release) struct buf out = {0};
        json_t *one = PICK(event, "seq", "occurred_at", "recorded_at", "stage", "type",
                           "event_id", "cause", "detail");
        set(one, "who", json_string(show_who(event, team)));
        show_event(&out, event);
        set(one, "what", words(&out));
        json_array_append_new(list, one);
        const char *next = show_get(json_object_get(event, "detail"), "team");
        if (*next && !type_is(event, "complaint.step_refused"))
            (void)snprintf(team, sizeof(team), "%.120s", next);
    }
    return list;
}

static void
add(struct buf *out, const char *before, const char *text, const char *after)
{
    if (*text)
        buf_printf(out, "%s%s%s", before, text, after);
}

static void
add_plain(struct buf *out, const char *before, const json_t *c, const char *key)
{
    const json_t *value = json_object_get(c, key);
    if (!value || json_is_null(value))
        return;
    buf_add_c(out, before);
    show_value(out, value, true);
}

static json_t *
headline_of(const struct show_rows *rows)
{
    CLEANUP(buf_release) struct buf out = {0};
    const json_t *c = rows->complaint;
    json_t *lines = json_array();
    add(&out, "", show_get(c, "complaint_ref"), "");
    add(&out, " of ", show_get(c, "source"), "");
    buf_add_c(&out, ": ");
    buf_add_c(&out, *show_get(c, "kind") ? show_get(c, "kind") : "complaint");
    add_plain(&out, " about ", c, "product");
    add_plain(&out, ", ", c, "issue");
    add_plain(&out, ", severity ", c, "severity");
    add_plain(&out, ", by ", c, "channel");
    add_plain(&out, " through ", c, "regulator");
    add(&out, "; customer ", show_get(c, "customer_key"), "");
    add_plain(&out, ", ", c, "tier");
    json_array_append_new(lines, words(&out));

    add_plain(&out, "", c, "state");
    add(&out, "; ", show_get(c, "priority"), "");
    add(&out, " (", show_get(c, "triage_class"), ")");
    add(&out, "; owner ", *show_get(c, "owner") ? show_get(c, "owner") : "nobody", "");
    add(&out, " of team ", show_get(c, "team"), "");
    if (show_number(c, "escalation_level") > 0) {
        add_plain(&out, "; escalated to level ", c, "escalation_level");
        add_plain(&out, ", ", c, "escalated_to");
    }
    if (show_true(c, "double_deviation"))
        buf_add_c(&out, "; DOUBLE DEVIATION");
    if (show_true(c, "betrayal"))
        buf_add_c(&out, ", a best customer");
    json_array_append_new(lines, words(&out));
    return lines;
}

json_t *
show_story(const struct show_rows *rows)
{
    json_t *story = json_object();
    json_t *clocks = clocks_of(rows);
    set(story, "as_of", time_json(rows->now_ms));
    set(story, "event_clock", json_boolean(rows->event_clock));
    set(story, "headline", headline_of(rows));
    set(story, "complaint",
        pick(rows->complaint, complaint_keys, COUNT_OF(complaint_keys)));
    set(story, "classification", show_classification(rows));
    set(story, "priority", priority_of(rows));
    set(story, "double_deviation", deviation_of(rows));
    set(story, "remedy", remedy_of(rows));
    set(story, "promises", promises_of(rows, clocks));
    set(story, "clocks", clocks);
    set(story, "escalations",
        rows_of_type(rows->events, "sla.escalated", "assign.escalated"));
    set(story, "owners", owners_of(rows));
    set(story, "notices",
        rows_of_type(rows->events, "assign.notified", "assign.notified"));
    set(story, "appeal", appeal_of(rows));
    set(story, "recovery", recovery_of(rows));
    set(story, "links", rows->links ? json_incref(rows->links) : json_array());
    set(story, "timeline", timeline_of(rows));
    return story;
}
