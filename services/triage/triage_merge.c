/* What goes over to the target of a merge: the customer tells it once, and what failed
 * once has failed. */
#include "triage/triage_facts.h"

#include "triage/triage_lists.h"

#define FLAGS 16 /* of TriageCase.flags */

static bool
is_listed(const struct triage_case *c, const struct evidence *e)
{
    for (size_t i = 0; i < c->n_evidence; i++)
        if (str_eq(c->evidence[i].kind, e->kind) &&
            str_eq(c->evidence[i].event_id, e->event_id))
            return true;
    return false;
}

static void
absorb_evidence(const struct triage_case *c, struct triage_case *target,
                struct arena *arena)
{
    for (size_t i = 0; i < c->n_evidence; i++)
        if (!is_listed(target, &c->evidence[i]))
            triage_put_evidence(target, arena, &c->evidence[i]);
    int64_t failed = (int64_t)target->failed_recoveries + c->failed_recoveries;
    target->failed_recoveries = (int32_t)i64_min(failed, INT32_MAX);
}

/* classification raises flags and severity of the target at its next event; here they
 * count at once. */
static void
absorb_flags(const struct triage_case *c, struct triage_case *target, struct arena *arena)
{
    struct str *all = ARENA_ARRAY(arena, struct str, FLAGS);
    size_t n = 0;
    for (size_t i = 0; i < target->n_flags && n < FLAGS; i++)
        all[n++] = target->flags[i];
    for (size_t i = 0; i < c->n_flags && n < FLAGS; i++) {
        size_t k = 0;
        while (k < n && !str_eq(all[k], c->flags[i]))
            k++;
        if (k == n)
            all[n++] = c->flags[i];
    }
    target->flags = all;
    target->n_flags = n;
    if (c->kind == KIND_COMPLAINT && c->case_severity > target->case_severity)
        target->case_severity = c->case_severity;
}

static bool
is_louder(enum channel channel, enum channel than)
{
    return channel != than && than != CHANNEL_MEDIA &&
           (channel == CHANNEL_MEDIA || channel == CHANNEL_CONSUMER_ASSOCIATION);
}

static void
absorb_exposure(const struct triage_case *c, struct triage_case *target)
{
    if (is_louder(c->channel, target->channel))
        target->channel = c->channel;
    target->public = target->public || c->public;
    target->regulator = target->regulator || c->regulator;
    target->views = i64_max(target->views, c->views);
    target->shares = i64_max(target->shares, c->shares);
    target->replies = i64_max(target->replies, c->replies);
    /* Two public places are two curves: the target keeps its own if it has one. */
    if (target->n_tellings == 0) {
        target->tellings = c->tellings;
        target->n_tellings = c->n_tellings;
        target->has_reach_at = c->has_reach_at;
        target->reach_at = c->reach_at;
        target->doubling_hours = c->doubling_hours;
    }
    if (!target->collective) {
        target->collective = c->collective;
        target->collective_id = c->collective_id;
    }
}

static void
absorb_offers(const struct triage_case *c, struct triage_case *target,
              struct arena *arena)
{
    for (size_t i = 0; i < c->n_offered; i++) {
        triage_add_offered(target, arena, c->offered[i]);
        for (size_t k = 0; k < c->n_refused; k++)
            if (str_eq(c->refused[k], c->offered[i])) {
                triage_refuse_offer(target, arena);
                break;
            }
    }
    if (str_empty(target->desired_remedy))
        target->desired_remedy = c->desired_remedy;
}

/* Whoever waited for an answer there waits for it here. */
static void
absorb_silence(const struct triage_case *c, struct triage_case *target)
{
    bool ours = target->state == STATE_OPEN || target->state == STATE_WAITING_THIRD_PARTY;
    target->customer_at = i64_max(target->customer_at, c->customer_at);
    if (!ours || !c->has_silent_since ||
        (target->has_silent_since && target->silent_since <= c->silent_since))
        return;
    target->has_silent_since = true;
    target->silent_since = c->silent_since;
    target->silent_event = c->silent_event;
    target->silence_told = c->silence_told;
}

void
triage_absorb(struct triage_case *c, struct triage_case *target, struct arena *arena)
{
    absorb_evidence(c, target, arena);
    absorb_flags(c, target, arena);
    absorb_exposure(c, target);
    absorb_offers(c, target, arena);
    absorb_silence(c, target);
    target->first_failure_at = i64_min(target->first_failure_at, c->first_failure_at);
    triage_move_promises(c, target, arena);
}
