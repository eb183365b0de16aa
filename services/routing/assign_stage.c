/* assign_stage.c - complaints.timed -> complaints.routed, notifications, observations.
 *
 * The last stage of the customer's stream: it knows every section. */
#include "routing/assign_io.h"
#include "routing/stages.h"

struct str
assign_case_key(struct arena *arena, struct str complaint_id)
{
    return arena_printf(arena, "c:%.*s", STR_ARG(complaint_id));
}

bool
assign_case_load(struct turn *turn, struct str complaint_id, struct assign_case *ret,
                 bool *ret_found, struct err *err)
{
    return turn_load(turn, assign_case_key(turn_arena(turn), complaint_id),
                     &assign_case_wire, ret, ret_found, err);
}

bool
assign_case_save(struct turn *turn, const struct assign_case *c, struct err *err)
{
    return turn_save(turn, assign_case_key(turn_arena(turn), c->complaint_id),
                     &assign_case_wire, c, notice_next_due(c), err);
}

/* --- the case ----------------------------------------------------------------------- */

/* Dates are told in the zone of the clock that they wait for most. */
static void
take_zone(struct assign_case *c, const struct sla_section *sla)
{
    static const enum clock FIRST[] = {CLOCK_STATUTORY, CLOCK_RESOLUTION,
                                       CLOCK_FIRST_RESPONSE, CLOCK_ACKNOWLEDGE};
    for (size_t k = 0; sla && k < COUNT_OF(FIRST); k++)
        for (size_t i = 0; i < sla->n_clocks; i++)
            if (sla->clocks[i].clock == FIRST[k] && !str_empty(sla->clocks[i].zone)) {
                c->zone = sla->clocks[i].zone;
                return;
            }
}

static void
take_submission(struct assign_case *c, const struct complaint_event *ev)
{
    c->channel = ev->submission->channel;
    c->brand = ev->submission->brand;
    c->said_language = str_cut_utf8(ev->submission->language, 64);
    if (ev->submission->regulator)
        c->regulator = ev->submission->regulator->name;
    c->recipient = ev->customer;
}

static void
take_sections(struct assign_job *job)
{
    struct assign_case *c = &job->c;
    const struct complaint_event *ev = job->ev;
    if (!str_empty(ev->customer_hash))
        c->customer_hash = ev->customer_hash;
    if (ev->type == EVENT_TYPE_COMPLAINT_SUBMITTED && ev->submission)
        take_submission(c, ev);
    if (ev->register_) {
        c->state = ev->register_->state;
        c->history = ev->register_->history;
        c->source = ev->register_->source;
        c->complaint_ref = ev->register_->complaint_ref;
        c->received_at = ev->register_->received_at;
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
    take_zone(c, ev->sla);
    c->routing.policy_version = str_from(job->policy->doc.version);
    c->routing.policy_hash = str_from(job->policy->doc.hash);
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
    facts->tier_said = c->recipient ? c->recipient->tier : STR_NULL;
    facts->field[ASSIGN_REGULATOR] = c->regulator;
    facts->field[ASSIGN_BRAND] = c->brand;
    facts->field[ASSIGN_KIND] = str_from(kind_name(c->kind));
    facts->field[ASSIGN_PRIORITY] = str_from(priority_name(c->priority));
    if (ev->classification) {
        facts->n_flags = ev->classification->n_flags;
        facts->flags = ev->classification->flags;
    }
}

/* --- team and owner -------------------------------------------------------------------
 */

/* "dev has 3 of 50 cases open", and what was asked for and not found. */
static struct str
say_choice(const struct assign_job *job, const struct assign_team *team,
           const struct assign_choice *choice)
{
    struct str language = job->c.language;
    if (!choice->member)
        return arena_printf(job->arena, "%.*s has no members: its lead",
                            STR_ARG(team->name));
    return arena_printf(job->arena,
                        "%.*s%s%.*s%s, had %lld of %lld cases open, the least",
                        STR_ARG(choice->owner),
                        choice->speaks ? " speaks " : " (nobody of the team speaks ",
                        STR_ARG(language), choice->speaks ? "" : ")",
                        (long long)choice->open, (long long)choice->member->capacity);
}

/* Puts the case into a team; the owner by language and load unless somebody named one.
 * rule: what led there; into the section, and with the choice into the timeline. */
static bool
give_to(struct assign_job *job, struct str team, struct str owner, const char *rule,
        struct err *err)
{
    struct routing_section *r = &job->c.routing;
    const struct assign_team *known = assign_team_find(job->policy, team);
    bool stays = known && str_eq(known->name, r->team) && !str_empty(r->owner);
    r->rule = str_from(rule);
    r->team = known ? known->name : team;
    if (!str_empty(owner)) {
        const struct assign_member *member =
            known ? assign_member_find(known, owner) : NULL;
        r->owner = member ? member->name : owner;
        return true; /* people decided; their event says so */
    }
    if (stays) {
        job->why = arena_printf(job->arena, "%s: %.*s has it already and keeps it", rule,
                                STR_ARG(r->owner));
        return true;
    }
    if (!known) {
        /* A team that the policy does not know: somebody must answer for it. */
        r->owner = job->policy->senior_owner;
        job->why = arena_printf(
            job->arena, "%s: the policy knows no such team: the senior owner", rule);
        return true;
    }
    struct assign_load_ctx load = {.turn = job->turn, .err = err};
    struct assign_choice choice =
        assign_owner(known, job->c.language, assign_load_of, &load);
    struct str said = say_choice(job, known, &choice);
    r->owner = choice.owner;
    job->why = arena_printf(job->arena, "%s: %.*s", rule, STR_ARG(said));
    return !load.failed;
}

static bool
first_assignment(struct assign_job *job, struct err *err)
{
    struct assign_facts facts;
    facts_of(&job->c, job->ev, &facts);
    const struct assign_rule *rule = assign_match(job->policy, &facts);
    struct str name = rule ? rule->name : STR("default");
    return give_to(job, rule ? rule->team : job->policy->default_team, STR_NULL,
                   arena_str(job->arena, str_cut_utf8(name, 128)).ptr, err);
}

static bool
assigned(struct assign_job *job, struct err *err)
{
    struct routing_section *r = &job->c.routing;
    const struct action *said = job->ev->action;
    if (!r->frozen)
        return give_to(job, said->team, said->owner, "assigned", err);
    job->why = arena_printf(job->arena, "above the limit of %lld transfers it stays",
                            (long long)job->policy->transfer_limit);
    return true;
}

static bool
transferred(struct assign_job *job, struct err *err)
{
    struct routing_section *r = &job->c.routing;
    const struct assign_policy *policy = job->policy;
    r->transfers++;
    if (r->frozen || r->transfers <= policy->transfer_limit) {
        if (!r->frozen)
            return give_to(job, job->ev->action->team, STR_NULL, "transferred", err);
        job->why =
            arena_printf(job->arena, "transfer %d, above the limit of %lld: it stays",
                         (int)r->transfers, (long long)policy->transfer_limit);
        return true;
    }
    /* Bouncing ends here: a named senior owner keeps it. */
    r->frozen = true;
    if (!give_to(job, policy->senior_team, policy->senior_owner, "transfer-limit", err))
        return false;
    job->why =
        arena_printf(job->arena,
                     "transfer %d, above the limit of %lld: the senior owner keeps "
                     "it",
                     (int)r->transfers, (long long)policy->transfer_limit);
    return true;
}

/* sla says that a rung was climbed; who that is, is ours.  What else the clocks said in
 * that instant shows the new level already, but not which rung it was. */
static void
escalate(struct assign_job *job)
{
    struct routing_section *r = &job->c.routing;
    const struct sla_section *sla = job->ev->sla;
    bool rung = job->ev->type == EVENT_TYPE_SLA_ESCALATED && sla && sla->fired;
    if (job->ev->type == EVENT_TYPE_COMPLAINT_REOPENED && sla) { /* a new round */
        r->escalation_level = 0;
        r->escalated_to = STR_NULL;
    }
    if (!sla || sla->escalation_level <= r->escalation_level ||
        (job->ev->stage == STAGE_SLA && !rung))
        return;
    job->role = rung ? sla->fired->to : STR_NULL;
    r->escalation_level = sla->escalation_level;
    r->escalated_to =
        assign_escalate(job->policy, r->team, r->owner, job->role, sla->escalation_level);
    job->escalated = true;
}

static bool
act(struct assign_job *job, struct err *err)
{
    const struct complaint_event *ev = job->ev;
    if (ev->type == EVENT_TYPE_COMPLAINT_ASSIGNED && ev->action)
        return assigned(job, err);
    if (ev->type == EVENT_TYPE_COMPLAINT_TRANSFERRED && ev->action)
        return transferred(job, err);
    if (str_empty(job->c.routing.team) && !first_assignment(job, err))
        return false;
    escalate(job);
    return true;
}

/* --- merges and late reopenings --------------------------------------------------------
 */

/* Promises and statutory dates go on at the target; he must hear there if they break. */
static bool
hand_over(const struct assign_job *job, struct err *err)
{
    const struct complaint_event *ev = job->ev;
    struct assign_case target = {0};
    bool found = false;
    if (ev->type != EVENT_TYPE_COMPLAINT_MERGED || !ev->register_ || job->c.n_told == 0 ||
        str_empty(ev->register_->merged_into) ||
        str_eq(ev->register_->merged_into, job->c.complaint_id))
        return true;
    if (!assign_case_load(job->turn, ev->register_->merged_into, &target, &found, err))
        return false;
    if (!found)
        return true;
    notice_take_over(&target, &job->c, job->arena);
    return assign_case_save(job->turn, &target, err);
}

/* A late reopening starts a new complaint: who knew the old one takes the new one. */
static bool
inherit(struct assign_job *job, struct err *err)
{
    const struct complaint_event *ev = job->ev;
    struct assign_case *c = &job->c;
    if (ev->type == EVENT_TYPE_COMPLAINT_SUBMITTED || !ev->register_ ||
        str_empty(ev->register_->previous_complaint_id))
        return true;
    struct assign_case old = {0};
    bool found = false;
    bool erased = false;
    if (!assign_case_load(job->turn, ev->register_->previous_complaint_id, &old, &found,
                          err))
        return false;
    if (!found)
        return true;
    struct assign_case fresh = *c;
    struct customer *recipient = ARENA_NEW(job->arena, struct customer);
    *c = old;
    if (!assign_customer_reach(job, recipient, &erased, err))
        return false;
    *c = fresh;
    c->customer_hash = old.customer_hash;
    c->channel = old.channel;
    c->brand = old.brand;
    c->language = old.language;
    c->said_language = old.said_language;
    c->kind = old.kind;
    c->product = old.product;
    c->issue = old.issue;
    c->severity = old.severity;
    c->tier = old.tier;
    c->priority = old.priority;
    c->double_deviation = old.double_deviation;
    c->regulator = old.regulator;
    c->zone = old.zone;
    c->erased = erased;
    c->recipient = erased ? NULL : recipient;
    c->routing.team = old.routing.team;
    c->routing.owner = old.routing.owner;
    c->routing.collective_id = old.routing.collective_id;
    c->routing.rule = STR("same-owner");
    job->why = arena_printf(job->arena, "same-owner: %.*s knows the case",
                            STR_ARG(old.routing.owner));
    return true;
}

/* --- events ------------------------------------------------------------------------- */

static bool
open_case(struct assign_job *job, struct err *err)
{
    job->c = (struct assign_case){.complaint_id = job->ev->complaint_id,
                                  .customer_key = job->ev->customer_key};
    return inherit(job, err);
}

static void
remember(struct assign_job *job, bool found)
{
    const struct assign_case *c = &job->c;
    job->before = (struct notice_before){
        .state = found ? c->state : STATE_NONE,
        .team = c->routing.team,
        .owner = c->routing.owner,
    };
}

static bool
on_complaint(struct turn *turn, const struct complaint_event *ev, struct err *err)
{
    struct assign_job job = {
        .turn = turn, .arena = turn_arena(turn), .policy = turn_policy(turn), .ev = ev};
    bool found = false;
    if (!assign_case_load(turn, ev->complaint_id, &job.c, &found, err) ||
        (!found && !open_case(&job, err)))
        return false;
    remember(&job, found);
    take_sections(&job);
    if ((!found && !assign_customer_begin(&job, err)) || !act(&job, err) ||
        !assign_load_settle(turn, &job.c, err) || !assign_tell(&job, !found, err) ||
        !assign_observe(&job, err))
        return false;
    return hand_over(&job, err) && assign_case_save(turn, &job.c, err);
}

static bool
on_event(struct turn *turn, const struct complaint_event *ev, struct err *err)
{
    if (!str_empty(ev->complaint_id))
        return on_complaint(turn, ev, err);
    if ((ev->type == EVENT_TYPE_CUSTOMER_UPDATED ||
         ev->type == EVENT_TYPE_CUSTOMER_ERASED) &&
        !assign_customer_event(turn, ev, err))
        return false;
    return turn_emit(turn, ev, err);
}

/* A date passes that was told after its clock had broken: sla is silent, we are not. */
static bool
on_timer(struct turn *turn, struct str key, int64_t due_ms, struct err *err)
{
    struct assign_case c = {0};
    bool found = false;
    if (!assign_case_load(turn, str_sub(key, 2, key.len), &c, &found, err))
        return false;
    return !found ||
           (assign_tell_due(turn, &c, due_ms, err) && assign_case_save(turn, &c, err));
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
    .on_timer = on_timer,
    .policy_load = assign_policy_load,
    .policy_free = assign_policy_free,
};
