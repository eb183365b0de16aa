#include "triage/triage_facts.h"

#include <math.h>

#include "base/times.h"
#include "triage/triage_lists.h"

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

/* --- events ---------------------------------------------------------------------------
 */

static void
answered(struct triage_case *c, const struct complaint_event *ev)
{
    c->transfers_unanswered = 0;
    /* An answer that is older than the question leaves the question open. */
    if (c->has_silent_since && ev->occurred_at < c->silent_since)
        return;
    c->has_silent_since = false;
    c->silent_since = 0;
    c->silent_event = STR_NULL;
    c->silence_told = false;
}

/* The customer said something and waits from now on, unless already waiting. */
static void
asked(struct triage_case *c, const struct complaint_event *ev)
{
    if (c->has_silent_since)
        return;
    c->has_silent_since = true;
    c->silent_since = ev->occurred_at;
    c->silent_event = ev->event_id;
    c->silence_told = false;
}

static double
reach_points(const struct triage_policy *policy, const struct triage_case *c)
{
    return (double)c->views + policy->share_points * (double)c->shares +
           policy->reply_points * (double)c->replies;
}

static void
take_reach(const struct triage_policy *policy, const struct reach *reach, int64_t at,
           struct triage_case *c)
{
    double before = reach_points(policy, c);
    /* Totals so far: a lower number is an old telling that came late. */
    if (reach->has_views)
        c->views = i64_max(c->views, reach->views);
    if (reach->has_shares)
        c->shares = i64_max(c->shares, reach->shares);
    if (reach->has_replies)
        c->replies = i64_max(c->replies, reach->replies);
    double after = reach_points(policy, c);
    if (c->has_reach_at && at > c->reach_at && before > 0) {
        double hours = (double)(at - c->reach_at) / (double)HOUR_MS;
        c->doubling_hours = after > before ? hours / log2(after / before) : 0;
    }
    if (!c->has_reach_at || at > c->reach_at) {
        c->has_reach_at = true;
        c->reach_at = at;
    }
}

static void
take_submission(const struct triage_policy *policy, const struct complaint_event *ev,
                struct triage_case *c)
{
    const struct submission *s = ev->submission;
    c->channel = s->channel;
    c->public = !str_empty(s->public_url) || s->channel == CHANNEL_SOCIAL ||
                s->channel == CHANNEL_REVIEW_SITE || s->channel == CHANNEL_MEDIA;
    c->regulator = s->channel == CHANNEL_REGULATOR ||
                   (s->regulator && !str_empty(s->regulator->name));
    c->order_hash = triage_hash(s->order_ref);
    if (s->reach)
        take_reach(policy, s->reach, ev->occurred_at, c);
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
    if (s->double_deviation && !triage_has_evidence(c, "words"))
        triage_add_evidence(c, arena, "words", ev->event_id, ev->occurred_at);
}

/* A second complaint on the same order or product: the first one was not put right. */
static void
take_repeat(const struct triage_policy *policy, const struct complaint_event *ev,
            const struct triage_customer *customer, struct arena *arena,
            struct triage_case *c)
{
    if (c->kind != KIND_COMPLAINT)
        return;
    for (size_t i = 0; i < customer->n_seen; i++) {
        const struct triage_seen *seen = &customer->seen[i];
        bool same = (c->order_hash != 0 && c->order_hash == seen->order_hash) ||
                    (c->product_hash != 0 && c->product_hash == seen->product_hash);
        int64_t age = c->received_at - seen->at;
        if (!same || age < 0 || age > policy->repeat_ms ||
            str_eq(seen->complaint_id, ev->complaint_id))
            continue;
        c->first_failure_at = i64_min(c->first_failure_at, seen->first_failure_at);
        if (!triage_has_evidence(c, "repeat"))
            triage_add_evidence(c, arena, "repeat", ev->event_id, ev->occurred_at);
    }
}

static void
on_message(const struct triage_policy *policy, const struct complaint_event *ev,
           struct arena *arena, struct triage_case *c)
{
    if (c->has_silent_since && ev->occurred_at - c->silent_since > policy->silence_ms)
        triage_add_evidence(c, arena, "second_message", ev->event_id, ev->occurred_at);
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
    if (c->rating <= policy->low_rating && c->resolved)
        triage_failed_again(c, arena, "low_rating", ev->event_id, ev->occurred_at);
}

static void
on_transferred(const struct triage_policy *policy, const struct complaint_event *ev,
               struct arena *arena, struct triage_case *c)
{
    if (c->transfers_unanswered < INT32_MAX)
        c->transfers_unanswered++;
    if (c->transfers_unanswered == policy->transfers)
        triage_add_evidence(c, arena, "transfers", ev->event_id, ev->occurred_at);
}

static void
on_promised(const struct complaint_event *ev, struct arena *arena, struct triage_case *c)
{
    const struct action *a = ev->action;
    if (!a || str_empty(a->promise_id) || !a->has_due_at)
        return;
    triage_add_promise(
        c, arena,
        &(struct triage_promise){a->promise_id, a->due_at, ev->event_id, false});
}

/* Decided by event time: a promise kept in time whose news came late was kept. */
static void
on_promise_kept(const struct complaint_event *ev, struct arena *arena,
                struct triage_case *c)
{
    if (!ev->action)
        return;
    size_t i = triage_find_promise(c, ev->action->promise_id);
    if (i == c->n_promises)
        return;
    struct triage_promise promise = c->promises[i];
    bool in_time = ev->occurred_at <= promise.due_at;
    if (promise.broken && in_time) {
        if (triage_drop_evidence(c, arena, "broken_promise", promise.event_id) &&
            c->failed_recoveries > 0)
            c->failed_recoveries--;
    } else if (!promise.broken && !in_time) {
        triage_failed_again(c, arena, "broken_promise", promise.event_id, promise.due_at);
    }
    triage_drop_promise(c, arena, i);
}

static void
on_offered(const struct complaint_event *ev, struct arena *arena, struct triage_case *c)
{
    if (ev->action && !str_empty(ev->action->remedy))
        triage_add_offered(c, arena, ev->action->remedy);
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
    if (r->has_resolved_at)
        c->resolved = true;
}

void
triage_begin(const struct complaint_event *ev, const struct triage_case *previous,
             struct triage_case *ret)
{
    struct triage_case c = {0};
    BUG_IF(!ev->register_);
    if (previous) {
        c.channel = previous->channel;
        c.public = previous->public;
        c.regulator = previous->regulator;
        c.order_hash = previous->order_hash;
        c.views = previous->views;
        c.shares = previous->shares;
        c.replies = previous->replies;
        c.has_reach_at = previous->has_reach_at;
        c.reach_at = previous->reach_at;
        c.collective = previous->collective;
        c.collective_id = previous->collective_id;
        c.offered = previous->offered;
        c.n_offered = previous->n_offered;
    }
    c.customer_key = ev->customer_key;
    c.customer_hash = ev->customer_hash;
    c.submitted_by = ev->event_id;
    c.kind = KIND_COMPLAINT;
    c.case_severity = 2;
    take_register(ev, &c);
    c.first_failure_at = c.received_at;
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
        take_repeat(policy, ev, customer, arena, c);
        asked(c, ev);
        break;
    case EVENT_TYPE_COMPLAINT_MESSAGE:
        on_message(policy, ev, arena, c);
        break;
    case EVENT_TYPE_COMPLAINT_REACH:
        if (ev->action && ev->action->reach)
            take_reach(policy, ev->action->reach, ev->occurred_at, c);
        break;
    case EVENT_TYPE_COMPLAINT_REMEDY_REFUSED:
        triage_failed_again(c, arena, "refused_remedy", ev->event_id, ev->occurred_at);
        asked(c, ev);
        break;
    case EVENT_TYPE_COMPLAINT_REOPENED:
        triage_failed_again(c, arena, "reopened", ev->event_id, ev->occurred_at);
        c->reopen_advised = false;
        asked(c, ev);
        break;
    case EVENT_TYPE_COMPLAINT_RATED:
        on_rated(policy, ev, arena, c);
        break;
    case EVENT_TYPE_COMPLAINT_REMEDY_OFFERED:
    case EVENT_TYPE_COMPLAINT_RESOLVED:
        on_offered(ev, arena, c);
        answered(c, ev);
        break;
    case EVENT_TYPE_COMPLAINT_RESPONDED:
    case EVENT_TYPE_COMPLAINT_REJECTED:
        answered(c, ev);
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
    case EVENT_TYPE_COLLECT_LINKED:
        on_linked(ev, c);
        break;
    default:
        break;
    }
}

static int32_t
age_steps(const struct triage_policy *policy, const struct triage_case *c, int64_t at_ms)
{
    int32_t steps = 0;
    while ((size_t)steps < policy->n_ageing &&
           c->received_at + policy->ageing[steps].after_ms <= at_ms)
        steps++;
    return steps;
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
        take_submission(policy, ev, c);
    if (ev->classification)
        take_classification(ev, arena, c);
    take_type(policy, ev, customer, arena, c);

    c->last_at = i64_max(c->last_at, ev->occurred_at);
    if (is_from_customer(ev->type))
        c->customer_at = i64_max(c->customer_at, ev->occurred_at);
    /* The ball is with the customer, or with a body that answers in our place. */
    if (c->state == STATE_WAITING_CUSTOMER || c->state == STATE_PROPOSED ||
        c->state == STATE_EXTERNAL)
        answered(c, ev);
    if (triage_is_active(c->state))
        c->age_steps = age_steps(policy, c, c->last_at);
    if (c->state == STATE_WITHDRAWN) {
        c->promises = NULL;
        c->n_promises = 0;
    }
}

/* --- timers ------------------------------------------------------------------------- */

struct pending {
    enum triage_timer timer;
    int64_t due; /* when it fires */
    int64_t at;  /* what it is    */
    size_t i;
};

static void
earlier(struct pending *best, enum triage_timer timer, int64_t due, int64_t at, size_t i)
{
    if (best->timer == TRIAGE_TIMER_NONE || due < best->due)
        *best = (struct pending){timer, due, at, i};
}

static struct pending
first_pending(const struct triage_policy *policy, const struct triage_case *c)
{
    struct pending best = {.timer = TRIAGE_TIMER_NONE, .due = TIME_NONE};
    if (c->history || c->state == STATE_WITHDRAWN || c->state == STATE_MERGED)
        return best;
    for (size_t i = 0; i < c->n_promises; i++)
        if (!c->promises[i].broken)
            earlier(&best, TRIAGE_TIMER_PROMISE, c->promises[i].due_at + 1,
                    c->promises[i].due_at, i);
    if (!triage_is_active(c->state))
        return best;
    if (c->has_silent_since && !c->silence_told) {
        int64_t at = c->silent_since + policy->silence_ms;
        earlier(&best, TRIAGE_TIMER_SILENCE, at + 1, at, 0);
    }
    if ((size_t)c->age_steps < policy->n_ageing) {
        int64_t at = c->received_at + policy->ageing[c->age_steps].after_ms;
        earlier(&best, TRIAGE_TIMER_AGED, at, at, 0);
    }
    return best;
}

int64_t
triage_next_due(const struct triage_policy *policy, const struct triage_case *c)
{
    return first_pending(policy, c).due;
}

struct triage_fired
triage_fire(const struct triage_policy *policy, int64_t due_ms, struct arena *arena,
            struct triage_case *c)
{
    struct pending p = first_pending(policy, c);
    if (p.timer == TRIAGE_TIMER_NONE || p.due > due_ms)
        return (struct triage_fired){.timer = TRIAGE_TIMER_NONE};
    struct triage_fired fired = {.timer = p.timer, .at = p.at};
    switch (p.timer) {
    case TRIAGE_TIMER_PROMISE:
        fired.cause = c->promises[p.i].event_id;
        fired.promise_id = c->promises[p.i].promise_id;
        triage_break_promise(c, arena, p.i);
        break;
    case TRIAGE_TIMER_SILENCE:
        fired.cause = c->silent_event;
        c->silence_told = true;
        break;
    case TRIAGE_TIMER_AGED:
        fired.cause = c->submitted_by;
        c->age_steps++;
        break;
    case TRIAGE_TIMER_NONE:
        break;
    }
    c->last_at = i64_max(c->last_at, fired.at);
    return fired;
}
