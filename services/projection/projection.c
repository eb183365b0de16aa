#include "projection/projection.h"

#include "pg/array.h"
#include "projection/keys.h"

_Static_assert(PROJECTION_UUID == PG_UUID_BYTES, "one size of UUID");

/* --- folding ------------------------------------------------------------------------ */

struct fold {
    struct arena *arena;
    struct projection_rows *rows;
    struct keys complaints, clocks, customers;
    /* Of a complaint as the batch knows it, by its row. */
    const struct routing_section **routing;
    struct projection_finding **findings;
};

bool
projection_check(const struct complaint_event *ev, struct err *err)
{
    unsigned char uuid[PROJECTION_UUID];

    if (!pg_uuid_parse(ev->event_id, uuid))
        return err_dead(err, DEAD_BAD_SCHEMA, "event_id", "event_id is no UUID");
    if (!str_is_null(ev->complaint_id) && !pg_uuid_parse(ev->complaint_id, uuid))
        return err_dead(err, DEAD_BAD_SCHEMA, "complaint_id", "complaint_id is no UUID");
    return true;
}

bool
projection_ends_batch(const struct complaint_event *ev)
{
    return ev->type == EVENT_TYPE_CUSTOMER_ERASED;
}

static void
later(struct str *field, struct str said)
{
    if (!str_is_null(said))
        *field = said;
}

static void
fold_reach(struct reach *all, const struct reach *said)
{
    if (!said)
        return;
    if (said->has_views) {
        all->has_views = true;
        all->views = said->views;
    }
    if (said->has_shares) {
        all->has_shares = true;
        all->shares = said->shares;
    }
    if (said->has_replies) {
        all->has_replies = true;
        all->replies = said->replies;
    }
}

static void
fold_said(struct customer *all, const struct customer *said)
{
    later(&all->id, said->id);
    later(&all->name, said->name);
    later(&all->email, said->email);
    later(&all->phone, said->phone);
    later(&all->handle, said->handle);
    later(&all->tier, said->tier);
    if (said->has_since) {
        all->has_since = true;
        all->since = said->since;
    }
    if (said->has_lifetime_value) {
        all->has_lifetime_value = true;
        all->lifetime_value = said->lifetime_value;
    }
    if (said->has_followers) {
        all->has_followers = true;
        all->followers = said->followers;
    }
    if (said->has_vulnerable) {
        all->has_vulnerable = true;
        all->vulnerable = said->vulnerable;
    }
}

static void
fold_customer(struct fold *fold, const struct projection_item *item)
{
    const struct complaint_event *ev = item->ev;
    bool is_new;

    if (str_empty(ev->customer_hash) ||
        (!ev->customer && ev->type != EVENT_TYPE_COMPLAINT_SUBMITTED))
        return;
    if (ev->type == EVENT_TYPE_CUSTOMER_ERASED) {
        struct projection_rows *rows = fold->rows;
        rows->erasures[rows->n_erasures++] =
            (struct projection_erasure){ev->customer_hash, ev->occurred_at};
        return; /* what the request names must not be written anew */
    }
    size_t row = keys_row(&fold->customers, ev->customer_hash, &is_new);
    struct projection_customer *c = &fold->rows->customers[row];
    if (is_new)
        *c = (struct projection_customer){
            .hash = ev->customer_hash,
            .first_at = ev->occurred_at,
            .last_at = ev->occurred_at,
        };
    c->key = ev->customer_key;
    if (ev->customer_key_kind != CUSTOMER_KEY_NONE)
        c->key_kind = ev->customer_key_kind;
    c->offset = item->offset;
    c->first_at = i64_min(c->first_at, ev->occurred_at);
    c->last_at = i64_max(c->last_at, ev->occurred_at);
    if (ev->customer)
        fold_said(&c->said, ev->customer);
}

/* A new start of a clock, or a further word on one that the batch already has. */
static void
fold_clocks(struct fold *fold, const struct projection_item *item,
            const unsigned char id[PROJECTION_UUID])
{
    const struct sla_section *sla = item->ev->sla;

    for (size_t i = 0; sla && i < sla->n_clocks; i++) {
        const struct sla_clock *clock = &sla->clocks[i];
        char *key = arena_alloc(fold->arena, PROJECTION_UUID + 8);
        int32_t which = (int32_t)clock->clock;
        bool is_new;

        memcpy(key, id, PROJECTION_UUID);
        memcpy(key + PROJECTION_UUID, &which, 4);
        memcpy(key + PROJECTION_UUID + 4, &clock->start_no, 4);
        size_t row =
            keys_row(&fold->clocks, (struct str){key, PROJECTION_UUID + 8}, &is_new);
        struct projection_clock *c = &fold->rows->clocks[row];
        memcpy(c->complaint_id, id, PROJECTION_UUID);
        c->clock = clock;
        c->offset = item->offset;
    }
}

/* Sections carry all findings, each in its place: most often nothing is new. */
static bool
has_finding(const struct projection_finding *f, size_t at, struct str task)
{
    if (at < f->n_first && str_eq(f->first[at]->task, task))
        return true;
    for (size_t i = 0; i < f->n_first; i++)
        if (str_eq(f->first[i]->task, task))
            return true;
    return false;
}

static bool
reopened_late(const struct complaint_event *ev)
{
    return ev->type == EVENT_TYPE_COMPLAINT_REOPENED && ev->has_seq && ev->seq == 1;
}

/* The customer's words and a person's correction: what else happens finds nothing.  So it
 * is not said of a case that is older than the table, either, that it was found just
 * then. */
static bool
is_classified(enum event_type type)
{
    return type == EVENT_TYPE_COMPLAINT_SUBMITTED ||
           type == EVENT_TYPE_COMPLAINT_MESSAGE ||
           type == EVENT_TYPE_COMPLAINT_REMEDY_REFUSED ||
           type == EVENT_TYPE_COMPLAINT_REOPENED || type == EVENT_TYPE_COMPLAINT_RATED ||
           type == EVENT_TYPE_COMPLAINT_CORRECTED;
}

static int64_t
found_at(const struct complaint_event *ev)
{
    return ev->type == EVENT_TYPE_COMPLAINT_SUBMITTED || reopened_late(ev) ||
                   !ev->register_
               ? ev->occurred_at
               : ev->register_->received_at;
}

static void
fold_findings(struct fold *fold, const struct projection_item *item, size_t row,
              const unsigned char id[PROJECTION_UUID])
{
    const struct classification_section *now = item->ev->classification;
    struct projection_finding *f = fold->findings[row];

    if (!now || now->n_findings == 0 || !is_classified(item->ev->type))
        return;
    if (!f) {
        f = fold->findings[row] = &fold->rows->findings[fold->rows->n_findings++];
        memcpy(f->complaint_id, id, PROJECTION_UUID);
        f->inherited = reopened_late(item->ev);
        f->decided_at = found_at(item->ev);
        f->language = now->language;
    }
    f->offset = item->offset;
    f->now = now;
    for (size_t i = 0; i < now->n_findings && f->n_first < PROJECTION_TASKS; i++)
        if (!has_finding(f, i, now->findings[i].task))
            f->first[f->n_first++] = &now->findings[i];
}

static void
fold_assignment(struct fold *fold, const struct projection_item *item, size_t row,
                const struct projection_event *event)
{
    const struct routing_section *now = item->ev->routing, *before = fold->routing[row];

    if (!now || (str_is_null(now->team) && str_is_null(now->owner) && !before))
        return;
    fold->routing[row] = now;
    if (before && str_eq(before->team, now->team) && str_eq(before->owner, now->owner))
        return;
    struct projection_rows *rows = fold->rows;
    struct projection_assignment *a = &rows->assignments[rows->n_assignments++];
    a->ev = item->ev;
    memcpy(a->event_id, event->event_id, PROJECTION_UUID);
    memcpy(a->complaint_id, event->complaint_id, PROJECTION_UUID);
    a->first = !before;
    a->offset = item->offset;
}

static void
fold_remedy(struct fold *fold, const struct complaint_event *ev,
            const struct projection_event *event)
{
    const char *step = NULL;

    if (ev->type == EVENT_TYPE_COMPLAINT_REMEDY_OFFERED)
        step = "offered";
    else if (ev->type == EVENT_TYPE_COMPLAINT_REMEDY_ACCEPTED)
        step = "accepted";
    else if (ev->type == EVENT_TYPE_COMPLAINT_REMEDY_REFUSED)
        step = "refused";
    else if (ev->type == EVENT_TYPE_COMPLAINT_RESOLVED && ev->action &&
             !str_is_null(ev->action->remedy))
        step = "given";
    if (!step)
        return;
    struct projection_rows *rows = fold->rows;
    struct projection_remedy *r = &rows->remedies[rows->n_remedies++];
    r->ev = ev;
    r->step = step;
    memcpy(r->event_id, event->event_id, PROJECTION_UUID);
    memcpy(r->complaint_id, event->complaint_id, PROJECTION_UUID);
}

/* Reopened too late to be the old case (design: Lifecycle): seq 1, and no submission.
 * Through a whole chain of such cases in one batch it is the first that has one. */
static void
fold_inheritance(struct fold *fold, const struct complaint_event *ev,
                 const struct projection_event *event)
{
    unsigned char from[PROJECTION_UUID];

    if (!reopened_late(ev) || !ev->register_ ||
        !pg_uuid_parse(ev->register_->previous_complaint_id, from))
        return;
    struct projection_rows *rows = fold->rows;
    for (size_t i = 0; i < rows->n_inheritances; i++)
        if (memcmp(rows->inheritances[i].complaint_id, from, PROJECTION_UUID) == 0) {
            memcpy(from, rows->inheritances[i].from, PROJECTION_UUID);
            break;
        }
    struct projection_inheritance *h = &rows->inheritances[rows->n_inheritances++];
    memcpy(h->complaint_id, event->complaint_id, PROJECTION_UUID);
    memcpy(h->from, from, PROJECTION_UUID);
}

static void
fold_sections(struct projection_complaint *c, const struct complaint_event *ev)
{
    if (ev->type == EVENT_TYPE_COMPLAINT_SUBMITTED && ev->submission) {
        c->submitted = ev;
        c->sections |= SECTION_SUBMISSION;
        fold_reach(&c->reach, ev->submission->reach);
    }
    if (ev->register_) {
        c->register_ = ev->register_;
        c->sections |= SECTION_REGISTER;
    }
    if (ev->classification) {
        c->classification = ev->classification;
        c->sections |= SECTION_CLASSIFICATION;
    }
    if (ev->triage) {
        c->triage = ev->triage;
        c->sections |= SECTION_TRIAGE;
    }
    if (ev->sla) {
        c->sla = ev->sla;
        c->sections |= SECTION_SLA;
    }
    if (ev->routing) {
        c->routing = ev->routing;
        c->sections |= SECTION_ROUTING;
    }
    if (ev->action && ev->type == EVENT_TYPE_COMPLAINT_RESOLVED) {
        c->resolution = ev->action;
        c->sections |= SECTION_RESOLUTION;
    }
    if (ev->action && ev->type == EVENT_TYPE_COMPLAINT_REACH)
        fold_reach(&c->reach, ev->action->reach);
}

static void
fold_complaint(struct fold *fold, const struct projection_item *item,
               const struct projection_event *event)
{
    const struct complaint_event *ev = item->ev;
    struct str key = {(const char *)event->complaint_id, PROJECTION_UUID};
    bool is_new;
    size_t row = keys_row(&fold->complaints, key, &is_new);
    struct projection_complaint *c = &fold->rows->complaints[row];

    if (is_new) {
        memcpy(c->id, event->complaint_id, PROJECTION_UUID);
        c->occurred_at = ev->occurred_at;
    }
    c->offset = item->offset;
    c->occurred_at = i64_max(c->occurred_at, ev->occurred_at);
    later(&c->customer_hash, ev->customer_hash);
    if (!str_empty(ev->customer_key))
        c->customer_key = ev->customer_key;
    fold_sections(c, ev);
    fold_findings(fold, item, row, event->complaint_id);
    fold_clocks(fold, item, event->complaint_id);
    fold_assignment(fold, item, row, event);
    fold_remedy(fold, ev, event);
    fold_inheritance(fold, ev, event);
}

static size_t
count_clocks(const struct projection_item *items, size_t n)
{
    size_t clocks = 0;

    for (size_t i = 0; i < n; i++)
        if (items[i].ev->sla)
            clocks += items[i].ev->sla->n_clocks;
    return clocks;
}

void
projection_fold(const struct projection_item *items, size_t n, struct arena *arena,
                struct projection_rows *ret_rows)
{
    size_t n_clocks = count_clocks(items, n);
    struct projection_rows rows = {
        .events = ARENA_ARRAY(arena, struct projection_event, n + 1),
        .complaints = ARENA_ARRAY(arena, struct projection_complaint, n + 1),
        .findings = ARENA_ARRAY(arena, struct projection_finding, n + 1),
        .clocks = ARENA_ARRAY(arena, struct projection_clock, n_clocks + 1),
        .customers = ARENA_ARRAY(arena, struct projection_customer, n + 1),
        .assignments = ARENA_ARRAY(arena, struct projection_assignment, n + 1),
        .remedies = ARENA_ARRAY(arena, struct projection_remedy, n + 1),
        .inheritances = ARENA_ARRAY(arena, struct projection_inheritance, n + 1),
        .erasures = ARENA_ARRAY(arena, struct projection_erasure, n + 1),
    };
    struct fold fold = {
        .arena = arena,
        .rows = &rows,
        .routing = ARENA_ARRAY(arena, const struct routing_section *, n + 1),
        .findings = ARENA_ARRAY(arena, struct projection_finding *, n + 1),
    };

    keys_init(&fold.complaints, arena, n);
    keys_init(&fold.clocks, arena, n_clocks);
    keys_init(&fold.customers, arena, n);
    for (size_t i = 0; i < n; i++) {
        const struct complaint_event *ev = items[i].ev;
        if (ev->type == EVENT_TYPE_TICK)
            continue; /* moves clocks, happens to nobody */
        struct projection_event *event = &rows.events[rows.n_events++];
        event->ev = ev;
        BUG_IF(!pg_uuid_parse(ev->event_id, event->event_id));
        event->has_complaint = !str_is_null(ev->complaint_id);
        if (event->has_complaint) {
            BUG_IF(!pg_uuid_parse(ev->complaint_id, event->complaint_id));
            fold_complaint(&fold, &items[i], event);
        }
        fold_customer(&fold, &items[i]);
    }
    rows.n_complaints = fold.complaints.n;
    rows.n_clocks = fold.clocks.n;
    rows.n_customers = fold.customers.n;
    *ret_rows = rows;
}
