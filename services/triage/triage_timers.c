/* What a case waits for: promises, silence, age.  A promise and silence are due one
 * millisecond after their time: at it exactly is in time. */
#include "triage/triage_facts.h"

#include "base/times.h"
#include "triage/triage_lists.h"

int32_t
triage_age_steps(const struct triage_policy *policy, const struct triage_case *c,
                 int64_t at_ms)
{
    int32_t steps = 0;
    while ((size_t)steps < policy->n_ageing &&
           c->received_at + policy->ageing[steps].after_ms <= at_ms)
        steps++;
    return steps;
}

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
