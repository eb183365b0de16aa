#include "projection/detail.h"

#include <math.h>

#include "base/times.h"
#include "wire/io.h"

/* An object being written; everything that is absent is left out. */
struct object {
    struct buf *out;
    bool first;
};

static void
put(struct object *o, const char *key, struct str value)
{
    if (str_is_null(value))
        return;
    (void)wire_json_key(o->out, &o->first, key);
    (void)buf_add_json(o->out, value);
}

static void
put_c(struct object *o, const char *key, const char *value)
{
    put(o, key, str_from(value));
}

static void
put_int(struct object *o, const char *key, bool has, int64_t value)
{
    if (!has)
        return;
    (void)wire_json_key(o->out, &o->first, key);
    (void)buf_printf(o->out, "%lld", (long long)value);
}

/* Most numbers here have few decimals, and the general way is slow: the same text, from
 * ten-thousandths where the value is exactly what they say. */
static void
add_double(struct buf *out, double value)
{
    char text[32];
    bool small = value > -1e9 && value < 1e9;
    int64_t parts = small ? (int64_t)(value * 10000 + (value < 0 ? -0.5 : 0.5)) : 0;

    if (!small || (double)parts / 10000.0 != value || (value == 0 && signbit(value))) {
        (void)wire_json_double(out, value);
        return;
    }
    uint64_t left = (uint64_t)(parts < 0 ? -parts : parts);
    char *at = text + sizeof text;
    for (int digit = 0; digit < 4; digit++, left /= 10)
        if (at != text + sizeof text || left % 10 != 0)
            *--at = (char)('0' + left % 10);
    if (at != text + sizeof text)
        *--at = '.';
    do
        *--at = (char)('0' + left % 10);
    while (left /= 10);
    if (parts < 0)
        *--at = '-';
    (void)buf_add(out, at, (size_t)(text + sizeof text - at));
}

static void
put_double(struct object *o, const char *key, bool has, double value)
{
    if (!has)
        return;
    (void)wire_json_key(o->out, &o->first, key);
    add_double(o->out, value);
}

static void
put_bool(struct object *o, const char *key, bool has, bool value)
{
    if (!has)
        return;
    (void)wire_json_key(o->out, &o->first, key);
    (void)buf_add_c(o->out, value ? "true" : "false");
}

static void
put_time(struct object *o, const char *key, bool has, int64_t ms)
{
    char text[TIME_TEXT_BYTES];

    if (has)
        put_c(o, key, time_print(ms, text));
}

static void
put_reach(struct object *o, const struct reach *reach)
{
    if (!reach)
        return;
    put_int(o, "views", reach->has_views, reach->views);
    put_int(o, "shares", reach->has_shares, reach->shares);
    put_int(o, "replies", reach->has_replies, reach->replies);
}

/* What people wrote: an object of its own. */
static void
put_said(struct object *o, const struct action *action)
{
    if (str_is_null(action->reason) && str_is_null(action->comment) &&
        str_is_null(action->promise) && str_is_null(action->cause))
        return;
    (void)wire_json_key(o->out, &o->first, "said");
    (void)buf_add_char(o->out, '{');
    struct object said = {o->out, true};
    put(&said, "reason", action->reason);
    put(&said, "comment", action->comment);
    put(&said, "promise", action->promise);
    put(&said, "cause", action->cause);
    (void)buf_add_char(o->out, '}');
}

static void
put_action(struct object *o, const struct action *action)
{
    put(o, "team", action->team);
    put(o, "owner", action->owner);
    put(o, "for", action->waiting_for);
    put(o, "promise_id", action->promise_id);
    put_time(o, "due_at", action->has_due_at, action->due_at);
    put(o, "remedy", action->remedy);
    put_double(o, "amount", action->has_amount, action->amount);
    put(o, "currency", action->currency);
    put(o, "into", action->into);
    put(o, "to", action->referred_to);
    put(o, "case_ref", action->case_ref);
    put_int(o, "score", action->has_score, action->score);
    if (action->has_kind)
        put_c(o, "kind", kind_name(action->kind));
    put(o, "product", action->product);
    put(o, "issue", action->issue);
    put_int(o, "severity", action->has_severity, action->severity);
    put(o, "clock", action->clock);
    put_time(o, "until", action->has_until, action->until);
    put(o, "approver", action->approver);
    put(o, "version", action->version);
    put_reach(o, action->reach);
    put_bool(o, "automatic", action->has_automatic, action->automatic);
    put(o, "feedback_id", action->feedback_id);
    put(o, "collective_id", action->collective_id);
    put_said(o, action);
}

static void
put_submission(struct object *o, const struct complaint_event *ev)
{
    const struct submission *s = ev->submission;

    put_c(o, "channel", channel_name(s->channel));
    put(o, "brand", s->brand);
    if (s->regulator)
        put(o, "regulator", s->regulator->name);
    put_reach(o, s->reach);
    put_int(o, "attachments", s->n_attachments > 0, (int64_t)s->n_attachments);
    if (ev->classification) {
        put_c(o, "kind", kind_name(ev->classification->kind));
        put(o, "product", ev->classification->product);
        put(o, "issue", ev->classification->issue);
        put_int(o, "severity", true, ev->classification->severity);
    }
}

static void
put_priority(struct object *o, const struct triage_section *triage)
{
    put_c(o, "priority", priority_name(triage->priority));
    put_c(o, "triage_class", triage_class_name(triage->triage_class));
    put_double(o, "triage_score", true, triage->score);
}

static void
put_triage(struct object *o, const struct triage_section *triage)
{
    if (triage->has_before) {
        put_c(o, "before", priority_name(triage->before));
        put_c(o, "after", priority_name(triage->priority));
    }
    if (triage->has_class_before)
        put_c(o, "class_before", triage_class_name(triage->class_before));
    put_priority(o, triage);
    put_bool(o, "double_deviation", true, triage->double_deviation);
    put(o, "why", triage->why);
}

static void
put_fired(struct object *o, const struct sla_fired *fired)
{
    put_c(o, "clock", clock_name(fired->clock));
    put_int(o, "start_no", true, fired->start_no);
    put(o, "promise_id", fired->promise_id);
    put_time(o, "due_at", true, fired->due_at);
    put_int(o, "percent", fired->percent != 0, fired->percent);
    put_int(o, "level", fired->level != 0, fired->level);
    put(o, "to", fired->to);
}

static void
put_routing(struct object *o, const struct complaint_event *ev)
{
    const struct routing_section *r = ev->routing;

    put(o, "team", r->team);
    put(o, "owner", r->owner);
    put_int(o, "escalation_level", r->escalation_level != 0, r->escalation_level);
    put(o, "escalated_to", r->escalated_to);
    if (ev->type == EVENT_TYPE_COLLECT_LINKED)
        put(o, "collective_id", r->collective_id);
}

static void
put_register(struct object *o, const struct register_section *r)
{
    put_c(o, "state", state_name(r->state));
    if (r->from_state != r->state && r->from_state != STATE_NONE)
        put_c(o, "from", state_name(r->from_state));
    if (r->has_refused_type)
        put_c(o, "refused_type", event_type_name(r->refused_type));
    put(o, "reason", r->refused_reason);
}

struct str
projection_detail(const struct complaint_event *ev, struct buf *scratch)
{
    struct object o = {scratch, true};
    bool of_routing = ev->stage == STAGE_ASSIGN || ev->stage == STAGE_COLLECT;

    buf_clear(scratch);
    (void)buf_add_char(scratch, '{');
    if (ev->action)
        put_action(&o, ev->action);
    if (ev->submission)
        put_submission(&o, ev);
    if (ev->register_)
        put_register(&o, ev->register_);
    if (ev->triage && ev->stage == STAGE_TRIAGE)
        put_triage(&o, ev->triage);
    else if (ev->triage && ev->submission)
        put_priority(&o, ev->triage);
    if (ev->sla && ev->sla->fired)
        put_fired(&o, ev->sla->fired);
    if (ev->routing && (of_routing || (ev->submission && !ev->action)))
        put_routing(&o, ev);
    /* Last: in jsonb the last of two equal keys wins, and a stage knows best. */
    for (size_t i = 0; i < ev->n_detail; i++) {
        if (!o.first)
            (void)buf_add_char(scratch, ',');
        o.first = false;
        (void)buf_add_json(scratch, ev->detail[i].name);
        (void)buf_add_char(scratch, ':');
        (void)buf_add_str(scratch, ev->detail[i].value);
    }
    (void)buf_add_char(scratch, '}');
    return buf_str(scratch);
}

struct str
projection_text(const struct complaint_event *ev)
{
    if (ev->type == EVENT_TYPE_COMPLAINT_SUBMITTED)
        return STR_NULL;
    if (ev->action && !str_is_null(ev->action->text))
        return ev->action->text;
    return ev->submission ? ev->submission->text
                          : STR_NULL; /* submitted again: a message */
}

static struct str
array_end(struct buf *out, size_t n)
{
    (void)buf_add_char(out, ']');
    return n > 0 ? buf_str(out) : STR_NULL;
}

struct str
projection_evidence(const struct triage_section *triage, struct buf *scratch)
{
    buf_clear(scratch);
    for (size_t i = 0; i < triage->n_evidence; i++) {
        const struct evidence *e = &triage->evidence[i];
        struct object o = {scratch, true};
        (void)buf_add_c(scratch, i ? ",{" : "[{");
        put(&o, "kind", e->kind);
        put(&o, "event_id", e->event_id);
        put_time(&o, "at", true, e->at);
        if (e->n_also > 0)
            (void)wire_json_key(scratch, &o.first, "also");
        for (size_t k = 0; k < e->n_also; k++) {
            (void)buf_add_char(scratch, k ? ',' : '[');
            (void)buf_add_json(scratch, e->also[k]);
        }
        (void)buf_add_c(scratch, e->n_also > 0 ? "]}" : "}");
    }
    return array_end(scratch, triage->n_evidence);
}

struct str
projection_reasons(const struct triage_section *triage, struct buf *scratch)
{
    buf_clear(scratch);
    for (size_t i = 0; i < triage->n_reasons; i++) {
        const struct reason *r = &triage->reasons[i];
        struct object o = {scratch, true};
        (void)buf_add_c(scratch, i ? ",{" : "[{");
        put(&o, "name", r->name);
        put_double(&o, "value", true, r->value);
        put_double(&o, "weight", true, r->weight);
        put(&o, "text", r->text);
        (void)buf_add_char(scratch, '}');
    }
    return array_end(scratch, triage->n_reasons);
}

static struct str
strings(const struct str *items, size_t n, struct buf *scratch)
{
    buf_clear(scratch);
    for (size_t i = 0; i < n; i++) {
        (void)buf_add_char(scratch, i ? ',' : '[');
        (void)buf_add_json(scratch, items[i]);
    }
    return array_end(scratch, n);
}

struct str
projection_checklist(const struct triage_section *triage, struct buf *scratch)
{
    return strings(triage->checklist, triage->n_checklist, scratch);
}

struct str
projection_offered(const struct triage_section *triage, struct buf *scratch)
{
    return strings(triage->offered, triage->n_offered, scratch);
}

/* The finding is the model's word as it stands: what that one says is not said twice. */
static bool
is_followed(const struct finding *f)
{
    return f->decided_by == DECIDED_BY_MODEL && f->has_model_confidence &&
           f->model_confidence == f->confidence && str_eq(f->model_label, f->label) &&
           (str_is_null(f->model_asked) || str_eq(f->model_asked, f->model)) &&
           !str_eq(f->model, STR("phrases"));
}

static void
put_finding(struct object *tasks, const struct finding *f)
{
    (void)buf_add_c(tasks->out, tasks->first ? "" : ",");
    tasks->first = false;
    (void)buf_add_json(tasks->out, f->task); /* a task's name, but still a string */
    (void)buf_add_c(tasks->out, ":{");
    struct object o = {tasks->out, true};
    put(&o, "label", f->label);
    put_c(&o, "decided_by", decided_by_name(f->decided_by));
    put_double(&o, "confidence", true, f->confidence);
    put_bool(&o, "needs_review", f->needs_review, true);
    put(&o, "upstream", f->upstream);
    put(&o, "model", f->model);
    if (!is_followed(f)) {
        if (!str_eq(f->model_asked, f->model))
            put(&o, "model_asked", f->model_asked);
        put(&o, "model_label", f->model_label);
        put_double(&o, "model_confidence", f->has_model_confidence, f->model_confidence);
    }
    (void)buf_add_char(tasks->out, '}');
}

struct str
projection_findings(const struct finding *const *findings, size_t n, struct buf *scratch)
{
    struct object o = {scratch, true};

    buf_clear(scratch);
    (void)buf_add_char(scratch, '{');
    for (size_t i = 0; i < n; i++)
        put_finding(&o, findings[i]);
    (void)buf_add_char(scratch, '}');
    return buf_str(scratch);
}

struct str
projection_corrected(const struct classification_section *section, struct buf *scratch)
{
    size_t n = 0;

    buf_clear(scratch);
    for (size_t i = 0; i < section->n_findings; i++) {
        const struct finding *f = &section->findings[i];
        if (f->decided_by != DECIDED_BY_CORRECTION)
            continue;
        (void)buf_add_char(scratch, n++ ? ',' : '{');
        (void)buf_add_json(scratch, f->task);
        (void)buf_add_char(scratch, ':');
        (void)buf_add_json(scratch, f->label);
    }
    if (n == 0)
        return STR_NULL;
    (void)buf_add_char(scratch, '}');
    return buf_str(scratch);
}
