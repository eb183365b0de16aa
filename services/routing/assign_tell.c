/* assign_tell.c - what assign says: the event with its section, what it decided itself,
 * and the notice to the complainant.
 *
 * All of it is in the timeline: why a new case lies where it lies in the detail of the
 * event that opened it, later decisions as assign.assigned and assign.escalated, each
 * notice as assign.notified with the id of the CloudEvent. */
#include "ident/ident.h"
#include "routing/assign_io.h"

#define DETAILS_MAX 32 /* of an event */

static struct detail
detail_of(const struct assign_job *job, struct str name, struct str value)
{
    CLEANUP(buf_release) struct buf json = {.max_bytes = 32768};
    /* What does not fit is no fact for the timeline. */
    if (!buf_add_json(&json, str_cut_utf8(value, 4096)))
        return (struct detail){name, STR("null")};
    return (struct detail){name, arena_str(job->arena, buf_str(&json))};
}

/* An event of ours: it changes nothing but tells what was decided. */
static bool
emit_own(const struct assign_job *job, enum event_type type, struct str event_id,
         const struct detail *details, size_t n_details, struct err *err)
{
    const struct complaint_event *ev = job->ev;
    struct complaint_event own = {
        .event_id = event_id,
        .type = type,
        .stage = STAGE_ASSIGN,
        .complaint_id = job->c.complaint_id,
        .customer_key = job->c.customer_key,
        .customer_hash = job->c.customer_hash,
        .occurred_at = ev->occurred_at,
        .recorded_at = turn_is_wall(job->turn) ? turn_now_ms(job->turn) : ev->occurred_at,
        .cause = ev->event_id,
        .routing = &job->c.routing,
        .n_detail = n_details,
        .detail = details,
    };
    return turn_emit(job->turn, &own, err);
}

static struct str
own_id(const struct assign_job *job, struct str what)
{
    return ident_child_id(job->arena, job->ev->event_id, what, 0, 0);
}

/* The event itself; the one that opens the case says why it lies where it lies. */
static bool
emit_event(const struct assign_job *job, bool opens, struct err *err)
{
    struct complaint_event out = *job->ev;
    out.routing = &job->c.routing;
    if (opens && !str_empty(job->why) && out.n_detail + 1 <= DETAILS_MAX) {
        struct detail *all = ARENA_ARRAY(job->arena, struct detail, out.n_detail + 1);
        if (out.n_detail > 0)
            memcpy(all, out.detail, out.n_detail * sizeof(*all));
        all[out.n_detail++] = detail_of(job, STR("assigned_because"), job->why);
        out.detail = all;
    }
    return turn_emit(job->turn, &out, err);
}

static bool
emit_assigned(const struct assign_job *job, struct err *err)
{
    bool moved =
        !str_empty(job->before.owner) && !str_eq(job->before.owner, job->c.routing.owner);
    const struct detail details[] = {
        detail_of(job, STR("rule"), job->c.routing.rule),
        detail_of(job, STR("why"), job->why),
        detail_of(job, STR("from_owner"), job->before.owner),
    };
    return emit_own(job, EVENT_TYPE_ASSIGN_ASSIGNED, own_id(job, STR("assign.assigned")),
                    details, COUNT_OF(details) - !moved, err);
}

static bool
emit_escalated(const struct assign_job *job, struct err *err)
{
    const struct detail details[] = {
        detail_of(job, STR("to"), job->c.routing.escalated_to),
        detail_of(job, STR("role"), job->role),
    };
    return emit_own(job, EVENT_TYPE_ASSIGN_ESCALATED,
                    own_id(job, STR("assign.escalated")), details,
                    COUNT_OF(details) - str_empty(job->role), err);
}

/* A date of the notice, for the timeline. */
static void
add_date(const struct assign_job *job, struct detail *details, size_t *n,
         const char *name, int64_t ms)
{
    char text[TIME_TEXT_BYTES];
    if (ms != TIME_NONE)
        details[(*n)++] = detail_of(job, str_from(name), str_from(time_print(ms, text)));
}

static bool
emit_notified(const struct assign_job *job, const struct notice_facts *facts,
              struct err *err)
{
    struct detail details[8];
    size_t n = 0;
    CLEANUP(buf_release) struct buf title = {.max_bytes = 16384};
    details[n++] = detail_of(job, STR("notice"), occasion_notice(facts->occasion));
    if (!str_is_null(occasion_about(facts->occasion)))
        details[n++] = detail_of(job, STR("about"), occasion_about(facts->occasion));
    details[n++] = detail_of(job, STR("notification_id"), facts->event_id);
    if (notice_print_title(&job->policy->notices, facts, &title))
        details[n++] = detail_of(job, STR("title"), buf_str(&title));
    add_date(job, details, &n, "due_at", facts->due_at);
    add_date(job, details, &n, "until", facts->until);
    add_date(job, details, &n, "previous", facts->previous);
    return emit_own(job, EVENT_TYPE_ASSIGN_NOTIFIED, facts->event_id, details, n, err);
}

/* The numbers of other cases that a notice names. */
static bool
take_refs(const struct assign_job *job, struct notice_facts *facts, struct err *err)
{
    struct assign_case other = {0};
    bool found = false;
    if (!str_empty(facts->into_id) &&
        !assign_case_load(job->turn, facts->into_id, &other, &found, err))
        return false;
    if (found)
        facts->into_ref = other.complaint_ref;
    found = false;
    if (!str_empty(facts->previous_id) &&
        !assign_case_load(job->turn, facts->previous_id, &other, &found, err))
        return false;
    if (found)
        facts->previous_ref = other.complaint_ref;
    return true;
}

/* The CloudEvent, and that it was sent; all but recipient and other numbers is set. */
static bool
send_notice(struct assign_job *job, struct notice_facts *facts, struct err *err)
{
    struct assign_case *c = &job->c;
    struct customer *recipient = ARENA_NEW(job->arena, struct customer);
    bool erased = false;
    if (!assign_customer_reach(job, recipient, &erased, err))
        return false;
    if (erased)
        return true;
    if (!take_refs(job, facts, err))
        return false;
    facts->recipient = recipient;
    CLEANUP(buf_release) struct buf out = {.max_bytes = (size_t)2 * 1024 * 1024};
    if (!notice_print(&job->policy->notices, facts, &out))
        return err_dead(err, DEAD_TOO_LARGE, NULL, "%.*s: notice larger than 2 MiB",
                        STR_ARG(c->complaint_id));
    static const struct header HEADERS[] = {
        {{"content-type", 12}, {"application/cloudevents+json", 28}}};
    return turn_emit_bytes(job->turn, OUT_NOTIFICATIONS, c->customer_key, buf_str(&out),
                           HEADERS, COUNT_OF(HEADERS), err) &&
           emit_notified(job, facts, err);
}

/* At most one notice an event; under an id computed from it. */
static bool
notify(struct assign_job *job, struct err *err)
{
    struct assign_case *c = &job->c;
    struct notice_facts facts;
    if (c->history || c->erased ||
        !notice_choose(c, &job->before, job->ev, job->arena, &facts))
        return true;
    facts.event_id = own_id(job, occasion_notice(facts.occasion));
    return send_notice(job, &facts, err);
}

/* Of one cause and date there is one notice, whenever the timer fires. */
bool
assign_tell_due(struct turn *turn, struct assign_case *c, int64_t due_ms, struct err *err)
{
    struct assign_job job = {
        .turn = turn, .arena = turn_arena(turn), .policy = turn_policy(turn), .c = *c};
    struct notice_facts facts;
    while (notice_due(&job.c, due_ms, job.arena, &facts)) {
        struct complaint_event cause = {.event_id = facts.cause,
                                        .occurred_at = facts.at_ms};
        struct str from = arena_printf(job.arena, "%.*s:%.*s", STR_ARG(c->complaint_id),
                                       STR_ARG(facts.cause));
        struct str what =
            arena_printf(job.arena, "%s:%s:%.*s", occasion_key(facts.occasion),
                         clock_name(facts.clock), STR_ARG(facts.promise_id));
        job.ev = &cause;
        facts.event_id = ident_child_id(job.arena, from, what, 0, facts.at_ms);
        if (!send_notice(&job, &facts, err))
            return false;
    }
    *c = job.c;
    return true;
}

bool
assign_tell(struct assign_job *job, bool opens, struct err *err)
{
    return emit_event(job, opens, err) &&
           (opens || str_empty(job->why) || emit_assigned(job, err)) &&
           (!job->escalated || emit_escalated(job, err)) && notify(job, err);
}
