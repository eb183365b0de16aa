#include "projection/rows.h"

#include "base/times.h"
#include "projection/detail.h"
#include "projection/keys.h"

/* Types of the columns, one letter each, in the order of the SQL's parameters:
 * u uuid, t text, j json, k jsonb, b boolean, h smallint, i integer, l bigint, d double,
 * z time. */
static const char *const table_types[ROWS_TABLES] = {
    [ROWS_OFFSETS] = "tilll",
    [ROWS_EVENTS] = "uulttzzttttkt",
    [ROWS_ASSIGNMENTS] = "uuztttitbl",
    [ROWS_COMPLAINTS] = "uhlttz"              /* envelope       */
                        "ttttttlllttztbj"     /* submission     */
                        "tttzzzzzziiiiuutbbl" /* register       */
                        "tttthdtbt"           /* classification */
                        "ttddddbjitjjtbbzht"  /* triage         */
                        "ti"                  /* sla            */
                        "ttitbtut"            /* routing        */
                        "ttdt"                /* resolution     */
                        "jdtzd",              /* more of triage */
    [ROWS_CLOCKS] = "utiltttt"
                    "zztzzlziz",
    [ROWS_CUSTOMERS] = "tttlttttttzdlbzz",
    [ROWS_REMEDIES] = "uulttdtttz",
    [ROWS_FEEDBACK] = "uttttllllhtttzzzzzzzzzil",
    [ROWS_DEAD] = "tilttttt"
                  "zil",
    [ROWS_ERASE] = "tz",
};

static enum pg_type
type_of(char letter)
{
    switch (letter) {
    case 'u':
        return PG_UUID;
    case 't':
        return PG_TEXT;
    case 'j':
        return PG_JSON;
    case 'k':
        return PG_JSONB;
    case 'b':
        return PG_BOOL;
    case 'h':
        return PG_INT2;
    case 'i':
        return PG_INT4;
    case 'l':
        return PG_INT8;
    case 'd':
        return PG_FLOAT8;
    default:
        return PG_TIMESTAMPTZ;
    }
}

size_t
rows_columns(enum rows_table table)
{
    return strlen(table_types[table]);
}

size_t
rows_count(const struct rows *rows, enum rows_table table)
{
    return (size_t)rows->columns[table][0].n_items;
}

void
rows_begin(struct rows *rows)
{
    for (size_t t = 0; t < ROWS_TABLES; t++)
        for (size_t i = 0; table_types[t][i]; i++)
            pg_array_begin(&rows->columns[t][i], type_of(table_types[t][i]));
}

void
rows_release(struct rows *rows)
{
    for (size_t t = 0; t < ROWS_TABLES; t++)
        for (size_t i = 0; i < ROWS_COLUMNS_MAX; i++)
            pg_array_release(&rows->columns[t][i]);
    buf_release(&rows->scratch);
    buf_release(&rows->copy);
}

void
rows_forget(struct rows *rows)
{
    memset(rows->clocks_known, 0, sizeof rows->clocks_known);
}

/* --- a cursor over the columns of one row ------------------------------------------- */

struct row {
    struct pg_array *at;
};

static void
text(struct row *r, struct str s)
{
    pg_array_str(r->at++, s);
}

static void
word(struct row *r, const char *c_string)
{
    pg_array_str(r->at++, str_from(c_string));
}

static void
uuid(struct row *r, const unsigned char id[PG_UUID_BYTES])
{
    pg_array_uuid(r->at++, id);
}

/* null where it is none: an optional reference to elsewhere. */
static void
opt_uuid(struct row *r, struct str s)
{
    unsigned char id[PG_UUID_BYTES];

    if (pg_uuid_parse(s, id))
        uuid(r, id);
    else
        pg_array_null(r->at++);
}

static void
integer(struct row *r, int64_t value)
{
    pg_array_int(r->at++, value);
}

static void
opt_integer(struct row *r, bool has, int64_t value)
{
    pg_array_opt_int(r->at++, has, value);
}

static void
real(struct row *r, double value)
{
    pg_array_double(r->at++, value);
}

static void
boolean(struct row *r, bool value)
{
    pg_array_bool(r->at++, value);
}

static void
moment(struct row *r, int64_t ms)
{
    pg_array_time(r->at++, ms);
}

static void
opt_moment(struct row *r, bool has, int64_t ms)
{
    pg_array_opt_time(r->at++, has, ms);
}

static void
nulls(struct row *r, size_t n)
{
    while (n-- > 0)
        pg_array_null(r->at++);
}

static struct row
row_begin(struct rows *rows, enum rows_table table)
{
    return (struct row){rows->columns[table]};
}

static void
row_end(const struct rows *rows, enum rows_table table, const struct row *r)
{
    BUG_IF(r->at != rows->columns[table] + rows_columns(table));
}

/* --- complaints --------------------------------------------------------------------- */

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

static void
add_complaint(struct rows *rows, const struct projection_complaint *c,
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

/* --- the other tables of a fold ----------------------------------------------------- */

static void
add_event(struct rows *rows, const struct projection_event *e)
{
    struct row row = row_begin(rows, ROWS_EVENTS), *r = &row;
    const struct complaint_event *ev = e->ev;

    uuid(r, e->event_id);
    if (e->has_complaint)
        uuid(r, e->complaint_id);
    else
        nulls(r, 1);
    opt_integer(r, ev->has_seq, ev->seq);
    word(r, event_type_name(ev->type));
    word(r, stage_name(ev->stage));
    moment(r, ev->occurred_at);
    moment(r, ev->recorded_at);
    text(r, ev->cause);
    text(r, ev->source);
    text(r, ev->ce_id);
    text(r, e->has_complaint ? STR_NULL : ev->customer_hash);
    text(r, projection_detail(ev, &rows->scratch));
    text(r, projection_text(ev));
    row_end(rows, ROWS_EVENTS, r);
}

static uint64_t
mix_clock(const struct projection_clock *c)
{
    const struct sla_clock *s = c->clock;
    const int64_t numbers[] = {
        s->clock,          s->start_no,           s->started_at,       s->due_at,
        s->status,         s->has_met_at,         s->met_at,           s->has_breached_at,
        s->breached_at,    s->paused_ms,          s->has_paused_since, s->paused_since,
        s->warned_percent, s->has_extended_until, s->extended_until,
    };
    uint64_t hash =
        keys_hash((struct str){(const char *)c->complaint_id, PROJECTION_UUID});

    hash = keys_mix(hash, keys_hash((struct str){(const char *)numbers, sizeof numbers}));
    hash = keys_mix(hash, keys_hash(s->promise_id));
    hash = keys_mix(hash, keys_hash(s->policy));
    hash = keys_mix(hash, keys_hash(s->policy_version));
    return keys_mix(hash, keys_hash(s->target)) | 1;
}

/* Whether the table has exactly this already; from now on it has. */
static bool
clock_known(struct rows *rows, const struct projection_clock *c)
{
    uint64_t slot =
        keys_hash((struct str){(const char *)c->complaint_id, PROJECTION_UUID});
    uint64_t hash = mix_clock(c);

    slot = keys_mix(slot, (uint64_t)c->clock->clock << 32 | (uint32_t)c->clock->start_no);
    slot &= ROWS_CLOCKS_KNOWN - 1;
    if (rows->clocks_known[slot] == hash)
        return true;
    rows->clocks_known[slot] = hash;
    return false;
}

static void
add_clock(struct rows *rows, const struct projection_clock *c)
{
    struct row row = row_begin(rows, ROWS_CLOCKS), *r = &row;
    const struct sla_clock *s = c->clock;

    uuid(r, c->complaint_id);
    word(r, clock_name(s->clock));
    integer(r, s->start_no);
    integer(r, c->offset);
    text(r, s->promise_id);
    text(r, s->policy);
    text(r, s->policy_version);
    text(r, s->target);
    moment(r, s->started_at);
    moment(r, s->due_at);
    word(r, clock_status_name(s->status));
    opt_moment(r, s->has_met_at, s->met_at);
    opt_moment(r, s->has_breached_at, s->breached_at);
    integer(r, s->paused_ms);
    opt_moment(r, s->has_paused_since, s->paused_since);
    integer(r, s->warned_percent);
    opt_moment(r, s->has_extended_until, s->extended_until);
    row_end(rows, ROWS_CLOCKS, r);
}

static void
add_customer(struct rows *rows, const struct projection_customer *c)
{
    struct row row = row_begin(rows, ROWS_CUSTOMERS), *r = &row;
    const struct customer *s = &c->said;

    text(r, c->hash);
    text(r, c->key);
    word(r, customer_key_name(c->key_kind));
    integer(r, c->offset);
    text(r, s->id);
    text(r, s->name);
    text(r, s->email);
    text(r, s->phone);
    text(r, s->handle);
    text(r, s->tier);
    opt_moment(r, s->has_since, s->since);
    pg_array_opt_double(r->at++, s->has_lifetime_value, s->lifetime_value);
    opt_integer(r, s->has_followers, s->followers);
    pg_array_opt_bool(r->at++, s->has_vulnerable, s->vulnerable);
    moment(r, c->first_at);
    moment(r, c->last_at);
    row_end(rows, ROWS_CUSTOMERS, r);
}

static void
add_assignment(struct rows *rows, const struct projection_assignment *a)
{
    struct row row = row_begin(rows, ROWS_ASSIGNMENTS), *r = &row;
    const struct routing_section *s = a->ev->routing;

    uuid(r, a->event_id);
    uuid(r, a->complaint_id);
    moment(r, a->ev->occurred_at);
    word(r, event_type_name(a->ev->type));
    text(r, s->team);
    text(r, s->owner);
    integer(r, s->escalation_level);
    text(r, s->rule);
    boolean(r, a->first);
    integer(r, a->offset);
    row_end(rows, ROWS_ASSIGNMENTS, r);
}

static void
add_remedy(struct rows *rows, const struct projection_remedy *m)
{
    struct row row = row_begin(rows, ROWS_REMEDIES), *r = &row;
    static const struct action NOTHING;
    const struct action *a = m->ev->action ? m->ev->action : &NOTHING;

    uuid(r, m->event_id);
    uuid(r, m->complaint_id);
    opt_integer(r, m->ev->has_seq, m->ev->seq);
    word(r, m->step);
    text(r, a->remedy);
    pg_array_opt_double(r->at++, a->has_amount, a->amount);
    text(r, a->currency);
    text(r, a->cause);
    text(r, a->reason);
    moment(r, m->ev->occurred_at);
    row_end(rows, ROWS_REMEDIES, r);
}

void
rows_add_fold(struct rows *rows, const struct projection_rows *fold, struct arena *arena)
{
    for (size_t i = 0; i < fold->n_events; i++)
        add_event(rows, &fold->events[i]);
    for (size_t i = 0; i < fold->n_assignments; i++)
        add_assignment(rows, &fold->assignments[i]);
    for (size_t i = 0; i < fold->n_complaints; i++)
        add_complaint(rows, &fold->complaints[i], arena);
    for (size_t i = 0; i < fold->n_clocks; i++)
        if (!clock_known(rows, &fold->clocks[i]))
            add_clock(rows, &fold->clocks[i]);
    for (size_t i = 0; i < fold->n_customers; i++)
        add_customer(rows, &fold->customers[i]);
    for (size_t i = 0; i < fold->n_remedies; i++)
        add_remedy(rows, &fold->remedies[i]);
    for (size_t i = 0; i < fold->n_erasures; i++) {
        struct row r = row_begin(rows, ROWS_ERASE);
        text(&r, fold->erasures[i].customer_hash);
        moment(&r, fold->erasures[i].at);
        row_end(rows, ROWS_ERASE, &r);
    }
}

/* --- what does not come from a fold ------------------------------------------------- */

void
rows_add_offset(struct rows *rows, const struct rows_offset *offset)
{
    struct row r = row_begin(rows, ROWS_OFFSETS);

    text(&r, offset->topic);
    integer(&r, offset->partition);
    integer(&r, offset->next_offset);
    integer(&r, offset->epoch);
    integer(&r, offset->old_offset);
    row_end(rows, ROWS_OFFSETS, &r);
}

void
rows_add_dead(struct rows *rows, const struct rows_dead *dead)
{
    struct row r = row_begin(rows, ROWS_DEAD);

    text(&r, dead->topic);
    integer(&r, dead->partition);
    integer(&r, dead->offset);
    text(&r, dead->stage);
    text(&r, dead->reason);
    text(&r, dead->detail);
    text(&r, dead->path);
    text(&r, dead->encoding);
    moment(&r, dead->recorded_at);
    opt_integer(&r, dead->has_dead, dead->dead_partition);
    opt_integer(&r, dead->has_dead, dead->dead_offset);
    row_end(rows, ROWS_DEAD, &r);
}

void
rows_add_feedback(struct rows *rows, const struct rows_feedback *item)
{
    struct row row = row_begin(rows, ROWS_FEEDBACK), *r = &row;

    uuid(r, item->feedback_id);
    text(r, item->cluster_key);
    text(r, item->product);
    text(r, item->issue);
    text(r, item->status);
    integer(r, item->revision);
    integer(r, item->complaints);
    integer(r, item->customers);
    integer(r, item->double_deviations);
    integer(r, item->severity_max);
    text(r, item->cause);
    text(r, item->version);
    text(r, item->reason);
    opt_moment(r, item->due_at != TIME_NONE, item->due_at);
    opt_moment(r, item->first_at != TIME_NONE, item->first_at);
    opt_moment(r, item->last_at != TIME_NONE, item->last_at);
    for (size_t i = 0; i < FEEDBACK_STEPS; i++)
        opt_moment(r, item->step_at[i] != TIME_NONE, item->step_at[i]);
    integer(r, item->partition);
    integer(r, item->offset);
    row_end(rows, ROWS_FEEDBACK, r);
}
