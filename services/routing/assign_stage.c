/* assign_stage.c - complaints.timed -> complaints.routed, notifications, observations.
 *
 * State: "c:<complaint_id>" AssignCase, "l:<team>/<member>" MemberLoad (this partition's
 * open cases).  The last stage of the customer's stream: it knows every section. */
#include "base/buf.h"
#include "gen/member_load.h"
#include "ident/ident.h"
#include "routing/assign.h"
#include "routing/stages.h"

enum { OUT_ROUTED, OUT_NOTIFICATIONS, OUT_OBSERVED };

static struct str
case_key(struct turn *turn, struct str complaint_id)
{
    return arena_printf(turn_arena(turn), "c:%.*s", STR_ARG(complaint_id));
}

/* --- load of members ---------------------------------------------------------------- */

static struct str
load_key(struct turn *turn, struct str team, struct str member)
{
    /* Names come from people (complaint.assigned): bounded for the key. */
    return arena_printf(turn_arena(turn), "l:%.*s/%.*s",
                        (int)(team.len < 400 ? team.len : 400), team.ptr ? team.ptr : "",
                        (int)(member.len < 400 ? member.len : 400),
                        member.ptr ? member.ptr : "");
}

struct load_ctx {
    struct turn *turn;
    struct err *err;
    bool failed;
};

static int64_t
load_of(void *ctx, struct str team, struct str member)
{
    struct load_ctx *load = ctx;
    struct member_load record = {0};
    bool found = false;
    if (!turn_load(load->turn, load_key(load->turn, team, member), &member_load_wire,
                   &record, &found, load->err))
        load->failed = true;
    return record.open;
}

static bool
load_add(struct turn *turn, struct str team, struct str member, int32_t add,
         struct err *err)
{
    struct str key = load_key(turn, team, member);
    struct member_load record = {0};
    bool found = false;
    if (!turn_load(turn, key, &member_load_wire, &record, &found, err))
        return false;
    record.open += add;
    if (record.open <= 0) {
        turn_delete(turn, key);
        return true;
    }
    return turn_save(turn, key, &member_load_wire, &record, TIME_NONE, err);
}

static bool
is_ended(enum state state)
{
    return state == STATE_RESOLVED || state == STATE_CLOSED || state == STATE_REJECTED ||
           state == STATE_WITHDRAWN || state == STATE_MERGED;
}

/* Moves the case's weight to whoever owns it now; an ended case weighs on nobody. */
static bool
settle_load(struct turn *turn, struct assign_case *c, struct err *err)
{
    bool holds = !is_ended(c->state) && !str_empty(c->routing.owner);
    struct str owner = holds ? c->routing.owner : STR_NULL;
    struct str team = holds ? c->routing.team : STR_NULL;
    if (str_eq(owner, c->held_by) && str_eq(team, c->held_team))
        return true;
    if (!str_empty(c->held_by) && !load_add(turn, c->held_team, c->held_by, -1, err))
        return false;
    if (holds && !load_add(turn, team, owner, 1, err))
        return false;
    c->held_by = owner;
    c->held_team = team;
    return true;
}

/* --- the case ----------------------------------------------------------------------- */

static void
take_sections(struct assign_case *c, const struct complaint_event *ev, struct turn *turn)
{
    if (!str_empty(ev->customer_hash))
        c->customer_hash = ev->customer_hash;
    if (ev->type == EVENT_TYPE_COMPLAINT_SUBMITTED && ev->submission) {
        c->channel = ev->submission->channel;
        c->brand = ev->submission->brand;
        if (ev->submission->regulator)
            c->regulator = ev->submission->regulator->name;
        c->recipient = ev->customer;
    }
    if (ev->register_) {
        c->state = ev->register_->state;
        c->history = ev->register_->history;
        c->source = ev->register_->source;
        c->complaint_ref = ev->register_->complaint_ref;
    }
    if (ev->classification) {
        c->language = ev->classification->language;
        c->kind = ev->classification->kind;
        c->product = ev->classification->product;
        c->issue = ev->classification->issue;
        c->severity = ev->classification->severity;
    }
    if (ev->triage) {
        c->priority = ev->triage->priority;
        c->tier = ev->triage->tier;
        c->double_deviation = ev->triage->double_deviation;
    }
    const struct assign_policy *policy = turn_policy(turn);
    c->routing.policy_version = str_from(policy->doc.version);
    c->routing.policy_hash = str_from(policy->doc.hash);
}

static void
facts_of(const struct assign_case *c, const struct complaint_event *ev,
         struct assign_facts *facts)
{
    *facts = (struct assign_facts){0};
    facts->field[ASSIGN_PRODUCT] = c->product;
    facts->field[ASSIGN_ISSUE] = c->issue;
    facts->field[ASSIGN_CHANNEL] = str_from(channel_name(c->channel));
    facts->field[ASSIGN_LANGUAGE] = c->language;
    facts->field[ASSIGN_TIER] = c->tier;
    facts->field[ASSIGN_REGULATOR] = c->regulator;
    facts->field[ASSIGN_BRAND] = c->brand;
    facts->field[ASSIGN_KIND] = str_from(kind_name(c->kind));
    facts->field[ASSIGN_PRIORITY] = str_from(priority_name(c->priority));
    if (ev->classification) {
        facts->n_flags = ev->classification->n_flags;
        facts->flags = ev->classification->flags;
    }
}

/* Puts the case into a team; the owner by language and load unless somebody named one. */
static bool
give_to(struct turn *turn, struct assign_case *c, struct str team, struct str owner,
        struct err *err)
{
    const struct assign_policy *policy = turn_policy(turn);
    const struct assign_team *known = assign_team_find(policy, team);
    c->routing.team = team;
    if (!str_empty(owner)) {
        c->routing.owner = owner;
        return true;
    }
    if (!known) {
        /* A team that the policy does not know: somebody must answer for it. */
        c->routing.owner = policy->senior_owner;
        return true;
    }
    struct load_ctx load = {.turn = turn, .err = err};
    c->routing.owner = assign_owner(policy, known, c->language, load_of, &load);
    return !load.failed;
}

static bool
first_assignment(struct turn *turn, struct assign_case *c,
                 const struct complaint_event *ev, struct err *err)
{
    const struct assign_policy *policy = turn_policy(turn);
    struct assign_facts facts;
    facts_of(c, ev, &facts);
    const struct assign_rule *rule = assign_match(policy, &facts);
    c->routing.rule = rule ? rule->name : STR("default");
    return give_to(turn, c, rule ? rule->team : policy->default_team, STR_NULL, err);
}

static bool
act(struct turn *turn, struct assign_case *c, const struct complaint_event *ev,
    struct err *err)
{
    const struct assign_policy *policy = turn_policy(turn);
    if (ev->type == EVENT_TYPE_COMPLAINT_ASSIGNED && ev->action && !c->routing.frozen) {
        c->routing.rule = STR("assigned");
        return give_to(turn, c, ev->action->team, ev->action->owner, err);
    }
    if (ev->type == EVENT_TYPE_COMPLAINT_TRANSFERRED && ev->action) {
        c->routing.transfers++;
        if (c->routing.frozen)
            return true;
        if (c->routing.transfers > policy->transfer_limit) {
            /* Bouncing ends here: a named senior owner keeps it. */
            c->routing.frozen = true;
            c->routing.rule = STR("transfer-limit");
            return give_to(turn, c, policy->senior_team, policy->senior_owner, err);
        }
        c->routing.rule = STR("transferred");
        return give_to(turn, c, ev->action->team, STR_NULL, err);
    }
    if (ev->sla && ev->sla->escalation_level > c->routing.escalation_level) {
        c->routing.escalation_level = ev->sla->escalation_level;
        c->routing.escalated_to =
            assign_rung(policy, c->routing.team, c->routing.escalation_level);
    }
    if (str_empty(c->routing.team))
        return first_assignment(turn, c, ev, err);
    return true;
}

/* --- what goes out ------------------------------------------------------------------ */

static bool
notify(struct turn *turn, struct assign_case *c, const struct complaint_event *ev,
       struct err *err)
{
    enum notice notice = NOTICE_COUNT;
    if (ev->type == EVENT_TYPE_COMPLAINT_SUBMITTED && !c->acknowledged &&
        c->kind != KIND_PRAISE)
        notice = NOTICE_ACKNOWLEDGEMENT;
    else if (ev->type == EVENT_TYPE_COMPLAINT_RESOLVED)
        notice = NOTICE_RESOLUTION;
    else if (ev->type == EVENT_TYPE_COMPLAINT_REJECTED)
        notice = NOTICE_REJECTION;
    if (notice == NOTICE_COUNT || c->history)
        return true;
    if (notice == NOTICE_ACKNOWLEDGEMENT)
        c->acknowledged = true;
    struct notice_facts facts = {
        .event_id = ident_child_id(turn_arena(turn), ev->event_id,
                                   str_from(notice_name(notice)), 0, 0),
        .at_ms = ev->occurred_at,
        .c = c,
        .sla = ev->sla,
        .remedy = ev->action ? ev->action->remedy : STR_NULL,
        .reason = ev->action ? ev->action->reason : STR_NULL,
    };
    CLEANUP(buf_release) struct buf out = {.max_bytes = (size_t)1024 * 1024};
    if (!notice_print(turn_policy(turn), notice, &facts, &out))
        return err_set(err, ERR_STOP, "%.*s: notice larger than 1 MiB",
                       STR_ARG(c->complaint_id));
    static const struct header HEADERS[] = {
        {{"content-type", 12}, {"application/cloudevents+json", 28}}};
    return turn_emit_bytes(turn, OUT_NOTIFICATIONS, ev->customer_key, buf_str(&out),
                           HEADERS, COUNT_OF(HEADERS), err);
}

static bool
is_fact(enum event_type type)
{
    switch (type) {
    case EVENT_TYPE_COMPLAINT_SUBMITTED:
    case EVENT_TYPE_COMPLAINT_CORRECTED:
    case EVENT_TYPE_COMPLAINT_REOPENED:
    case EVENT_TYPE_COMPLAINT_REMEDY_OFFERED:
    case EVENT_TYPE_COMPLAINT_REMEDY_ACCEPTED:
    case EVENT_TYPE_COMPLAINT_REMEDY_REFUSED:
    case EVENT_TYPE_COMPLAINT_RESOLVED:
    case EVENT_TYPE_COMPLAINT_RATED:
    case EVENT_TYPE_COMPLAINT_MERGED:
        return true;
    default:
        return false;
    }
}

static bool
emit_fact(struct turn *turn, const struct assign_case *c,
          const struct complaint_event *ev, struct str cluster_key, bool left,
          struct err *err)
{
    struct product_fact fact = {
        .event_id = ev->event_id,
        .type = ev->type,
        .cluster_key = cluster_key,
        .product = left ? STR_NULL : c->product,
        .issue = left ? STR_NULL : c->issue,
        .complaint_id = c->complaint_id,
        .customer_key = c->customer_key,
        .customer_hash = c->customer_hash,
        .occurred_at = ev->occurred_at,
        .recorded_at = ev->recorded_at,
        .severity = c->severity,
        .priority = c->priority,
        .kind = c->kind,
        .left = left,
        .double_deviation = c->double_deviation,
        .tier = c->tier,
        .brand = c->brand,
        .has_channel = true,
        .channel = c->channel,
    };
    if (ev->action) {
        fact.remedy = ev->action->remedy;
        fact.cause = ev->action->cause;
        fact.score = ev->action->score;
    }
    return turn_emit_record(turn, OUT_OBSERVED, cluster_key, &product_fact_wire, &fact,
                            err);
}

/* A complaint counts in the cluster of its product and issue; a correction moves it. */
static bool
observe(struct turn *turn, struct assign_case *c, const struct complaint_event *ev,
        struct err *err)
{
    if (ev->stage == STAGE_COLLECT || !is_fact(ev->type))
        return true;
    bool counts = c->kind == KIND_COMPLAINT && ev->type != EVENT_TYPE_COMPLAINT_MERGED &&
                  (!str_empty(c->product) || !str_empty(c->issue));
    struct str cluster =
        counts ? ident_cluster_key(turn_arena(turn), turn_settings(turn)->salt,
                                   c->product, c->issue)
               : STR_NULL;
    if (c->observed && !str_eq(cluster, c->routing.cluster_key) &&
        !emit_fact(turn, c, ev, c->routing.cluster_key, true, err))
        return false;
    if (counts && !emit_fact(turn, c, ev, cluster, false, err))
        return false;
    c->observed = counts;
    c->routing.cluster_key = cluster;
    return true;
}

/* --- events ------------------------------------------------------------------------- */

/* A late reopening starts a new complaint: who knew the old one takes the new one. */
static bool
inherit(struct turn *turn, struct assign_case *c, const struct complaint_event *ev,
        struct err *err)
{
    if (ev->type == EVENT_TYPE_COMPLAINT_SUBMITTED || !ev->register_ ||
        str_empty(ev->register_->previous_complaint_id))
        return true;
    struct assign_case old = {0};
    bool found = false;
    if (!turn_load(turn, case_key(turn, ev->register_->previous_complaint_id),
                   &assign_case_wire, &old, &found, err))
        return false;
    if (!found)
        return true;
    *c = old;
    c->complaint_id = ev->complaint_id;
    c->held_by = STR_NULL;
    c->held_team = STR_NULL;
    c->observed = false;
    c->routing.escalation_level = 0;
    c->routing.escalated_to = STR_NULL;
    c->routing.transfers = 0;
    c->routing.frozen = false;
    c->routing.rule = STR("same-owner");
    c->routing.cluster_key = STR_NULL;
    return true;
}

static bool
on_event(struct turn *turn, const struct complaint_event *ev, struct err *err)
{
    if (str_empty(ev->complaint_id))
        return turn_emit(turn, ev, err);

    struct str key = case_key(turn, ev->complaint_id);
    struct assign_case c = {0};
    bool found = false;
    if (!turn_load(turn, key, &assign_case_wire, &c, &found, err))
        return false;
    if (!found) {
        c.complaint_id = ev->complaint_id;
        c.customer_key = ev->customer_key;
        if (!inherit(turn, &c, ev, err))
            return false;
    }
    take_sections(&c, ev, turn);
    if (!act(turn, &c, ev, err) || !settle_load(turn, &c, err) ||
        !notify(turn, &c, ev, err) || !observe(turn, &c, ev, err) ||
        !turn_save(turn, key, &assign_case_wire, &c, TIME_NONE, err))
        return false;
    struct complaint_event out = *ev;
    out.routing = &c.routing;
    return turn_emit(turn, &out, err);
}

static const struct stage_output OUTPUTS[] = {
    [OUT_ROUTED] = {"complaints.routed", true},
    [OUT_NOTIFICATIONS] = {"complaints.notifications", true},
    [OUT_OBSERVED] = {"products.observed", false},
};

const struct stage_def assign_stage = {
    .service = "routing",
    .name = "assign",
    .input = "complaints.timed",
    .outputs = OUTPUTS,
    .n_outputs = COUNT_OF(OUTPUTS),
    .forward_ticks = true,
    .on_event = on_event,
    .policy_load = assign_policy_load,
    .policy_free = assign_policy_free,
};
