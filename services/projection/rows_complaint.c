/* A complaint's row, section by section, in the order of sql/complaints.sql. */
#include "projection/detail.h"
#include "projection/rows_put.h"

static void
add_submission(struct row *r, const struct projection_complaint *c)
{
    const struct complaint_event *ev = c->submitted;
    const struct submission *s = ev ? ev->submission : NULL;
    const struct reach *reach = &c->reach;

    if (s) {
        word(r, channel_name(s->channel));
        text(r, s->brand);
        text(r, s->text);
        text(r, s->subject);
        text(r, s->order_ref);
        text(r, s->public_url);
    } else {
        nulls(r, 6);
    }
    opt_integer(r, reach->has_views, reach->views);
    opt_integer(r, reach->has_shares, reach->shares);
    opt_integer(r, reach->has_replies, reach->replies);
    if (s && s->regulator) {
        text(r, s->regulator->name);
        text(r, s->regulator->case_ref);
        opt_moment(r, s->regulator->has_received_at, s->regulator->received_at);
    } else {
        nulls(r, 3);
    }
    if (s) {
        text(r, s->on_behalf_of);
        pg_array_opt_bool(r->at++, s->has_consent_to_publish, s->consent_to_publish);
        text(r, ev->extra);
    } else {
        nulls(r, 3);
    }
}

static void
add_register(struct row *r, const struct register_section *s)
{
    if (!s) {
        nulls(r, 19);
        return;
    }
    word(r, s->state == STATE_NONE ? NULL : state_name(s->state));
    text(r, s->source);
    text(r, s->complaint_ref);
    moment(r, s->received_at);
    opt_moment(r, s->has_first_response_at, s->first_response_at);
    opt_moment(r, s->has_resolved_at, s->resolved_at);
    opt_moment(r, s->has_closed_at, s->closed_at);
    opt_moment(r, s->has_ended_at, s->ended_at);
    moment(r, s->recovery_ends_at);
    integer(r, s->messages);
    integer(r, s->responses);
    integer(r, s->transfers);
    integer(r, s->reopenings);
    opt_uuid(r, s->previous_complaint_id);
    opt_uuid(r, s->merged_into);
    text(r, s->external_ref);
    pg_array_opt_bool(r->at++, s->has_remedy_accepted, s->remedy_accepted);
    boolean(r, s->history);
    integer(r, s->last_seq);
}

static void
add_classification(struct row *r, const struct classification_section *s,
                   struct buf *scratch)
{
    if (!s) {
        nulls(r, 9);
        return;
    }
    text(r, s->language);
    word(r, kind_name(s->kind));
    text(r, s->product);
    text(r, s->issue);
    opt_integer(r, s->severity != 0, s->severity);
    real(r, s->sentiment);
    text(r, s->desired_remedy);
    boolean(r, s->needs_review);
    buf_clear(scratch);
    for (size_t i = 0; i < s->n_flags; i++)
        (void)buf_printf(scratch, "%s%.*s", i ? "," : "", STR_ARG(s->flags[i]));
    text(r, s->n_flags > 0 ? buf_str(scratch) : STR_NULL);
}

/* "version hash", so that every decision names its policy. */
static struct str
policy(struct arena *arena, struct str version, struct str hash)
{
    if (str_empty(version) && str_empty(hash))
        return STR_NULL;
    return arena_printf(arena, "%.*s %.*s", STR_ARG(version), STR_ARG(hash));
}

static void
add_triage(struct row *r, const struct triage_section *s, struct buf *scratch,
           struct arena *arena)
{
    if (!s) {
        nulls(r, 18);
        return;
    }
    word(r, s->priority == PRIORITY_NONE ? NULL : priority_name(s->priority));
    word(r, s->triage_class == TRIAGE_CLASS_NONE ? NULL
                                                 : triage_class_name(s->triage_class));
    real(r, s->score);
    real(r, s->severity);
    real(r, s->salvageability);
    real(r, s->exposure);
    boolean(r, s->double_deviation);
    text(r, projection_evidence(s, scratch));
    integer(r, s->failed_recoveries);
    text(r, s->remedy_advice);
    text(r, projection_checklist(s, scratch));
    text(r, projection_reasons(s, scratch));
    text(r, s->tier);
    boolean(r, s->betrayal);
    boolean(r, s->reopen_advised);
    opt_moment(r, s->has_silent_since, s->silent_since);
    integer(r, s->rating);
    text(r, policy(arena, s->policy_version, s->policy_hash));
}

/* The columns that came later stand at the end. */
static void
add_more_triage(struct row *r, const struct triage_section *s, struct buf *scratch)
{
    if (!s) {
        nulls(r, 5);
        return;
    }
    text(r, projection_offered(s, scratch));
    pg_array_opt_double(r->at++, s->has_limit_amount, s->limit_amount);
    text(r, s->limit_currency);
    opt_moment(r, s->has_first_failure_at, s->first_failure_at);
    pg_array_opt_double(r->at++, s->doubling_hours > 0, s->doubling_hours);
}

static void
add_routing(struct row *r, const struct routing_section *s)
{
    if (!s) {
        nulls(r, 8);
        return;
    }
    text(r, s->team);
    text(r, s->owner);
    integer(r, s->escalation_level);
    text(r, s->escalated_to);
    boolean(r, s->frozen);
    text(r, s->rule);
    opt_uuid(r, s->collective_id);
    text(r, s->cluster_key);
}

void
rows_add_complaint(struct rows *rows, const struct projection_complaint *c,
                   struct arena *arena)
{
    struct row row = row_begin(rows, ROWS_COMPLAINTS), *r = &row;

    uuid(r, c->id);
    integer(r, c->sections);
    integer(r, c->offset);
    text(r, c->customer_hash);
    text(r, c->customer_key);
    moment(r, c->occurred_at);
    add_submission(r, c);
    add_register(r, c->register_);
    add_classification(r, c->classification, &rows->scratch);
    add_triage(r, c->triage, &rows->scratch, arena);
    text(r, c->sla ? c->sla->policy : STR_NULL);
    opt_integer(r, c->sla, c->sla ? c->sla->escalation_level : 0);
    add_routing(r, c->routing);
    if (c->resolution) {
        text(r, c->resolution->cause);
        text(r, c->resolution->remedy);
        pg_array_opt_double(r->at++, c->resolution->has_amount, c->resolution->amount);
        text(r, c->resolution->currency);
    } else {
        nulls(r, 4);
    }
    add_more_triage(r, c->triage, &rows->scratch);
    row_end(rows, ROWS_COMPLAINTS, r);
}
