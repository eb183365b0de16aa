#include "projection/rows.h"

#include "base/times.h"
#include "projection/detail.h"
#include "projection/keys.h"
#include "projection/rows_put.h"

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
    [ROWS_FINDINGS] = "ulbztkk",
    [ROWS_INHERIT] = "uu",
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
    memset(rows->findings_known, 0, sizeof rows->findings_known);
}

/* --- a fold ------------------------------------------------------------------------- */

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

/* Which tasks were found at all and what people said of them: the rest never changes. */
static uint64_t
mix_findings(const struct projection_finding *f)
{
    uint64_t hash =
        keys_hash((struct str){(const char *)f->complaint_id, PROJECTION_UUID});

    for (size_t i = 0; i < f->now->n_findings; i++) {
        const struct finding *finding = &f->now->findings[i];
        hash = keys_mix(hash, keys_hash(finding->task));
        if (finding->decided_by == DECIDED_BY_CORRECTION)
            hash = keys_mix(hash, keys_hash(finding->label));
    }
    return hash | 1;
}

static void
add_findings(struct rows *rows, const struct projection_finding *f)
{
    struct row row = row_begin(rows, ROWS_FINDINGS), *r = &row;
    uint64_t slot =
        keys_hash((struct str){(const char *)f->complaint_id, PROJECTION_UUID});
    uint64_t hash = mix_findings(f);

    slot &= ROWS_FINDINGS_KNOWN - 1;
    if (rows->findings_known[slot] == hash)
        return;
    rows->findings_known[slot] = hash;
    uuid(r, f->complaint_id);
    integer(r, f->offset);
    boolean(r, f->inherited);
    moment(r, f->decided_at);
    text(r, f->language);
    text(r, projection_findings(f->first, f->n_first, &rows->scratch));
    text(r, projection_corrected(f->now, &rows->scratch));
    row_end(rows, ROWS_FINDINGS, r);
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
        rows_add_complaint(rows, &fold->complaints[i], arena);
    for (size_t i = 0; i < fold->n_inheritances; i++) {
        struct row r = row_begin(rows, ROWS_INHERIT);
        uuid(&r, fold->inheritances[i].complaint_id);
        uuid(&r, fold->inheritances[i].from);
        row_end(rows, ROWS_INHERIT, &r);
    }
    for (size_t i = 0; i < fold->n_findings; i++)
        add_findings(rows, &fold->findings[i]);
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
