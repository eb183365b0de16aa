#include "triage/triage_facts.h"

#include "base/times.h"
#include "triage/triage_lists.h"
#include "triage/triage_reach.h"

#define DESIRED_BYTES 120

int64_t
triage_hash(struct str text)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    if (str_empty(text))
        return 0;
    for (size_t i = 0; i < text.len; i++) {
        unsigned char b = (unsigned char)text.ptr[i];
        if (b >= 'A' && b <= 'Z')
            b = (unsigned char)(b + ('a' - 'A'));
        hash = (hash ^ b) * UINT64_C(0x100000001b3);
    }
    return (int64_t)(hash == 0 ? 1 : hash);
}

/* --- the answer that the customer waits for ------------------------------------------
 */

/* The customer waits no longer, unless something was asked after the answer: one that
 * arrives late leaves later questions open. */
static void
silence_ends(struct triage_case *c, int64_t at)
{
    if (!c->has_silent_since || at < c->silent_since)
        return;
    bool asked_since = c->has_asked_at && c->asked_at > at;
    c->has_silent_since = asked_since;
    c->silent_since = asked_since ? c->asked_at : 0;
    c->silent_event = asked_since ? c->asked_event : STR_NULL;
    c->silence_told = false;
}

/* There was an answer where we thought there was none: what rested on that is wrong. */
static void
take_back_unanswered(const struct triage_policy *policy, int64_t at, struct arena *arena,
                     struct triage_case *c)
{
    for (size_t i = c->n_evidence; i-- > 0;) {
        const struct evidence *e = &c->evidence[i];
        if (e->at <= at || e->n_also == 0)
            continue;
        if (str_eq(e->kind, STR("second_message")) && c->has_silent_since &&
            c->silent_since <= at && str_eq(e->also[0], c->silent_event))
            (void)triage_drop_evidence(c, arena, "second_message", e->event_id);
    }
    const struct triage_transfer *t = c->transfer_events;
    size_t n = c->n_transfer_events, left = 0;
    for (size_t i = 0; i < n; i++)
        left += t[i].at > at;
    if ((int64_t)left < policy->transfers && left < n)
        for (size_t i = 0; i < n; i++)
            if (t[i].at > at)
                (void)triage_drop_evidence(c, arena, "transfers", t[i].event_id);
}

static void
answered(const struct triage_policy *policy, const struct complaint_event *ev,
         struct arena *arena, struct triage_case *c)
{
    if (ev->occurred_at < c->last_at)
        take_back_unanswered(policy, ev->occurred_at, arena, c);
    triage_answer_transfers(c, arena, ev->occurred_at);
    silence_ends(c, ev->occurred_at);
}

/* The customer said something and waits from now on, unless already waiting. */
static void
asked(struct triage_case *c, const struct complaint_event *ev)
{
    if (!c->has_asked_at || ev->occurred_at >= c->asked_at) {
        c->has_asked_at = true;
        c->asked_at = ev->occurred_at;
        c->asked_event = ev->event_id;
    }
    if (c->has_silent_since)
        return;
    c->has_silent_since = true;
    c->silent_since = ev->occurred_at;
    c->silent_event = ev->event_id;
    c->silence_told = false;
}

/* --- what the sections say ------------------------------------------------------------
 */

static void
take_submission(const struct triage_policy *policy, const struct complaint_event *ev,
                struct arena *arena, struct triage_case *c)
{
    const struct submission *s = ev->submission;
    c->channel = s->channel;
    c->public = !str_empty(s->public_url) || s->channel == CHANNEL_SOCIAL ||
                s->channel == CHANNEL_REVIEW_SITE || s->channel == CHANNEL_MEDIA;
    c->regulator = s->channel == CHANNEL_REGULATOR ||
                   (s->regulator && !str_empty(s->regulator->name));
    c->order_hash = triage_hash(s->order_ref);
    if (s->reach)
        triage_take_reach(policy, s->reach, ev->occurred_at, arena, c);
}

static void
take_classification(const struct complaint_event *ev, struct arena *arena,
                    struct triage_case *c)
{
    const struct classification_section *s = ev->classification;
    c->kind = s->kind < KIND_COUNT && s->kind != KIND_UNKNOWN ? s->kind : KIND_COMPLAINT;
    c->case_severity = s->severity;
    c->sentiment = s->sentiment;
    c->flags = s->flags;
    c->n_flags = s->n_flags;
    c->product_hash = triage_hash(s->product);
    if (!str_empty(s->desired_remedy))
        c->desired_remedy = str_cut_utf8(s->desired_remedy, DESIRED_BYTES);
    /* The finding falls when classification takes it back, or a person says that it is no
     * complaint at all. */
    bool words = s->double_deviation && !(c->kind_by_person && c->kind != KIND_COMPLAINT);
    bool had = triage_has_evidence(c, "words");
    if (words && !had)
        triage_add_evidence(c, arena, "words", ev->event_id, ev->occurred_at, STR_NULL);
    else if (!words && had)
        (void)triage_drop_kind(c, arena, "words");
}

/* Another kind or product: what it repeats is asked anew. */
static void
on_corrected(const struct triage_policy *policy, const struct complaint_event *ev,
             const struct triage_customer *customer, struct arena *arena,
             struct triage_case *c)
{
    if (!ev->action || (!ev->action->has_kind && str_empty(ev->action->product)))
        return;
    (void)triage_unrepeat(c, arena, STR_NULL);
    triage_take_repeat(policy, ev, customer, arena, c);
}

/* --- one step a type ------------------------------------------------------------------
 */

static void
on_message(const struct triage_policy *policy, const struct complaint_event *ev,
           struct arena *arena, struct triage_case *c)
{
    if (c->has_silent_since && ev->occurred_at - c->silent_since > policy->silence_ms)
        triage_add_evidence(c, arena, "second_message", ev->event_id, ev->occurred_at,
                            c->silent_event);
    asked(c, ev);
    bool over = c->state == STATE_RESOLVED || c->state == STATE_CLOSED ||
                c->state == STATE_REJECTED;
    if (over && ev->classification &&
        ev->classification->message_sentiment < policy->negative_below)
        c->reopen_advised = true;
}

static void
on_rated(const struct triage_policy *policy, const struct complaint_event *ev,
         struct arena *arena, struct triage_case *c)
{
    if (!ev->action || !ev->action->has_score)
        return;
    c->rating = ev->action->score;
    bool after =
        c->resolved && (!c->has_resolved_at || ev->occurred_at >= c->resolved_at);
    if (c->rating <= policy->low_rating && after)
        triage_failed_again(c, arena, "low_rating", ev->event_id, ev->occurred_at,
                            STR_NULL);
}

static void
on_transferred(const struct triage_policy *policy, const struct complaint_event *ev,
               struct arena *arena, struct triage_case *c)
{
    triage_add_transfer(c, arena, ev->event_id, ev->occurred_at);
    if (c->transfers_unanswered != policy->transfers)
        return;
    size_t n = c->n_transfer_events - 1; /* the others: what it rests on, too */
    struct str *ids = ARENA_ARRAY(arena, struct str, TRIAGE_TRANSFERS);
    for (size_t i = 0; i < n; i++)
        ids[i] = c->transfer_events[i].event_id;
    triage_put_evidence(c, arena,
                        &(struct evidence){.kind = STR("transfers"),
                                           .event_id = ev->event_id,
                                           .at = ev->occurred_at,
                                           .also = ids,
                                           .n_also = n});
}

/* Promised anew before it was due, also where that is known only later: not broken.  By
 * event time: news of an older date that come late find the newer one in its place. */
static void
on_promised(const struct complaint_event *ev, struct arena *arena, struct triage_case *c)
{
    const struct action *a = ev->action;
    if (!a || str_empty(a->promise_id) || !a->has_due_at)
        return;
    bool newer = false, stood = true;
    for (size_t i = 0; i < c->n_promises; i++) {
        const struct triage_promise *old = &c->promises[i];
        if (!str_eq(old->promise_id, a->promise_id))
            continue;
        if (old->has_made_at && old->made_at > ev->occurred_at) {
            newer = true;
            stood = stood && old->made_at > a->due_at;
        } else if (old->broken && ev->occurred_at <= old->due_at) {
            triage_mend_promise(c, arena, i);
        }
    }
    if (newer && stood)
        triage_failed_again(c, arena, "broken_promise", ev->event_id, a->due_at,
                            STR_NULL);
    if (!newer)
        triage_add_promise(c, arena,
                           &(struct triage_promise){.promise_id = a->promise_id,
                                                    .due_at = a->due_at,
                                                    .event_id = ev->event_id,
                                                    .has_made_at = true,
                                                    .made_at = ev->occurred_at});
}

/* Decided by event time: a promise kept in time whose news came late was kept. A merge
 * may have left two of that id. */
static void
on_promise_kept(const struct complaint_event *ev, struct arena *arena,
                struct triage_case *c)
{
    if (!ev->action)
        return;
    for (size_t i = triage_find_promise(c, ev->action->promise_id); i < c->n_promises;
         i = triage_find_promise(c, ev->action->promise_id)) {
        struct triage_promise promise = c->promises[i];
        bool in_time = ev->occurred_at <= promise.due_at;
        if (promise.broken && in_time)
            triage_mend_promise(c, arena, i);
        else if (!promise.broken && !in_time)
            triage_failed_again(c, arena, "broken_promise", promise.event_id,
                                promise.due_at, ev->event_id);
        triage_drop_promise(c, arena, i);
    }
}

/* "voucher 20 EUR". */
static void
on_offered(const struct complaint_event *ev, struct arena *arena, struct triage_case *c)
{
    const struct action *a = ev->action;
    if (!a || str_empty(a->remedy))
        return;
    struct str offer = str_cut_utf8(a->remedy, 90);
    if (a->has_amount)
        offer = arena_printf(arena, "%.*s %.10g%s%.*s", STR_ARG(offer), a->amount,
                             str_empty(a->currency) ? "" : " ",
                             STR_ARG(str_cut_utf8(a->currency, 8)));
    triage_add_offered(c, arena, offer);
}

static void
on_linked(const struct complaint_event *ev, struct triage_case *c)
{
    c->collective = true;
    if (ev->action && !str_empty(ev->action->collective_id))
        c->collective_id = ev->action->collective_id;
    else if (ev->routing && !str_empty(ev->routing->collective_id))
        c->collective_id = ev->routing->collective_id;
}

/* History runs no timers: promises are judged by the events that follow. */
static void
judge_history(const struct complaint_event *ev, struct arena *arena,
              struct triage_case *c)
{
    if (!c->history)
        return;
    for (size_t i = 0; i < c->n_promises; i++) {
        bool kept_now = ev->type == EVENT_TYPE_COMPLAINT_PROMISE_KEPT && ev->action &&
                        str_eq(c->promises[i].promise_id, ev->action->promise_id);
        if (!kept_now && !c->promises[i].broken &&
            c->promises[i].due_at < ev->occurred_at)
            triage_break_promise(c, arena, i);
    }
}

static void
take_register(const struct complaint_event *ev, struct triage_case *c)
{
    const struct register_section *r = ev->register_;
    c->state = r->state;
    c->history = r->history;
    c->received_at = r->received_at;
    c->recovery_ends_at = r->recovery_ends_at;
    if (!r->has_resolved_at)
        return;
    if (!c->resolved) {
        c->has_resolved_at = true;
        c->resolved_at = r->resolved_at;
    }
    c->resolved = true;
}

/* What a late reopening goes on from: the facts, what failed and what was offered; not
 * what ended with the old case - its promises, transfers and silence. */
static void
inherit(const struct triage_case *previous, struct triage_case *c)
{
    c->channel = previous->channel;
    c->public = previous->public;
    c->regulator = previous->regulator;
    c->order_hash = previous->order_hash;
    c->views = previous->views;
    c->shares = previous->shares;
    c->replies = previous->replies;
    c->has_reach_at = previous->has_reach_at;
    c->reach_at = previous->reach_at;
    c->doubling_hours = previous->doubling_hours;
    c->tellings = previous->tellings;
    c->n_tellings = previous->n_tellings;
    c->collective = previous->collective;
    c->collective_id = previous->collective_id;
    c->evidence = previous->evidence;
    c->n_evidence = previous->n_evidence;
    c->failed_recoveries = previous->failed_recoveries;
    c->offered = previous->offered;
    c->n_offered = previous->n_offered;
    c->refused = previous->refused;
    c->n_refused = previous->n_refused;
    c->desired_remedy = previous->desired_remedy;
    c->kind_by_person = previous->kind_by_person;
}

void
triage_begin(const struct complaint_event *ev, const struct triage_case *previous,
             struct triage_case *ret)
{
    struct triage_case c = {0};
    BUG_IF(!ev->register_);
    if (previous)
        inherit(previous, &c);
    c.customer_key = ev->customer_key;
    c.customer_hash = ev->customer_hash;
    c.submitted_by = ev->event_id;
    c.kind = KIND_COMPLAINT;
    c.case_severity = 2;
    take_register(ev, &c);
    c.first_failure_at =
        previous ? i64_min(previous->first_failure_at, c.received_at) : c.received_at;
    c.customer_at = c.received_at;
    c.last_at = c.received_at;
    *ret = c;
}

/* Types that the customer sends: still speaking to us. */
static bool
is_from_customer(enum event_type type)
{
    switch (type) {
    case EVENT_TYPE_COMPLAINT_SUBMITTED:
    case EVENT_TYPE_COMPLAINT_MESSAGE:
    case EVENT_TYPE_COMPLAINT_REMEDY_ACCEPTED:
    case EVENT_TYPE_COMPLAINT_REMEDY_REFUSED:
    case EVENT_TYPE_COMPLAINT_RATED:
    case EVENT_TYPE_COMPLAINT_REOPENED:
        return true;
    default:
        return false;
    }
}

/* One step a type; what is not named changes nothing but the state above. */
static void
take_type(const struct triage_policy *policy, const struct complaint_event *ev,
          const struct triage_customer *customer, struct arena *arena,
          struct triage_case *c)
{
    switch (ev->type) {
    case EVENT_TYPE_COMPLAINT_SUBMITTED:
        triage_take_repeat(policy, ev, customer, arena, c);
        asked(c, ev);
        break;
    case EVENT_TYPE_COMPLAINT_MESSAGE:
        on_message(policy, ev, arena, c);
        break;
    case EVENT_TYPE_COMPLAINT_REACH:
        if (ev->action && ev->action->reach)
            triage_take_reach(policy, ev->action->reach, ev->occurred_at, arena, c);
        break;
    case EVENT_TYPE_COMPLAINT_REMEDY_REFUSED:
        triage_failed_again(c, arena, "refused_remedy", ev->event_id, ev->occurred_at,
                            STR_NULL);
        triage_refuse_offer(c, arena);
        asked(c, ev);
        break;
    case EVENT_TYPE_COMPLAINT_REOPENED:
        triage_failed_again(c, arena, "reopened", ev->event_id, ev->occurred_at,
                            STR_NULL);
        c->reopen_advised = false;
        asked(c, ev);
        break;
    case EVENT_TYPE_COMPLAINT_RATED:
        on_rated(policy, ev, arena, c);
        break;
    case EVENT_TYPE_COMPLAINT_REMEDY_OFFERED:
    case EVENT_TYPE_COMPLAINT_RESOLVED:
        on_offered(ev, arena, c);
        answered(policy, ev, arena, c);
        break;
    case EVENT_TYPE_COMPLAINT_RESPONDED:
    case EVENT_TYPE_COMPLAINT_REJECTED:
        answered(policy, ev, arena, c);
        break;
    case EVENT_TYPE_COMPLAINT_TRANSFERRED:
        on_transferred(policy, ev, arena, c);
        break;
    case EVENT_TYPE_COMPLAINT_PROMISED:
        on_promised(ev, arena, c);
        break;
    case EVENT_TYPE_COMPLAINT_PROMISE_KEPT:
        on_promise_kept(ev, arena, c);
        break;
    case EVENT_TYPE_COMPLAINT_CORRECTED:
        on_corrected(policy, ev, customer, arena, c);
        break;
    case EVENT_TYPE_COLLECT_LINKED:
        on_linked(ev, c);
        break;
    default:
        break;
    }
}

void
triage_apply(const struct triage_policy *policy, const struct complaint_event *ev,
             const struct triage_customer *customer, struct arena *arena,
             struct triage_case *c)
{
    judge_history(ev, arena, c);
    if (!str_empty(ev->customer_hash))
        c->customer_hash = ev->customer_hash;
    if (!str_empty(ev->customer_key))
        c->customer_key = ev->customer_key;
    if (ev->register_)
        take_register(ev, c);
    if (ev->submission && ev->type == EVENT_TYPE_COMPLAINT_SUBMITTED)
        take_submission(policy, ev, arena, c);
    if (ev->type == EVENT_TYPE_COMPLAINT_CORRECTED && ev->action && ev->action->has_kind)
        c->kind_by_person = true;
    if (ev->classification)
        take_classification(ev, arena, c);
    take_type(policy, ev, customer, arena, c);

    c->last_at = i64_max(c->last_at, ev->occurred_at);
    if (is_from_customer(ev->type))
        c->customer_at = i64_max(c->customer_at, ev->occurred_at);
    /* The ball is with the customer, or with a body that answers in our place. */
    if (c->state == STATE_WAITING_CUSTOMER || c->state == STATE_PROPOSED ||
        c->state == STATE_EXTERNAL)
        silence_ends(c, ev->occurred_at);
    if (triage_is_active(c->state))
        c->age_steps = triage_age_steps(policy, c, c->last_at);
    if (c->state == STATE_WITHDRAWN) {
        c->promises = NULL;
        c->n_promises = 0;
    }
}
