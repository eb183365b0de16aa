/* A complaint that comes back as another one. */
#include "triage/triage_facts.h"

#include "triage/triage_lists.h"

/* A second complaint on the same order or product: the first one was not put right, and
 * the 28 days count from it. */
static void
repeats(const struct triage_seen *earlier, struct arena *arena, struct triage_case *c)
{
    c->first_failure_at = i64_min(c->first_failure_at, earlier->first_failure_at);
    if (!triage_has_evidence(c, "repeat"))
        triage_add_evidence(c, arena, "repeat", c->submitted_by, c->received_at,
                            earlier->event_id);
}

void
triage_take_repeat(const struct triage_policy *policy, const struct complaint_event *ev,
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
        if (same && age >= 0 && age <= policy->repeat_ms &&
            !str_eq(seen->complaint_id, ev->complaint_id))
            repeats(seen, arena, c);
    }
}

void
triage_link(const struct triage_policy *policy, const struct triage_case *earlier,
            struct arena *arena, struct triage_case *c)
{
    int64_t age = c->received_at - earlier->received_at;
    if (c->kind == KIND_COMPLAINT && earlier->kind == KIND_COMPLAINT && age >= 0 &&
        age <= policy->repeat_ms)
        repeats(&(struct triage_seen){.first_failure_at = earlier->first_failure_at,
                                      .event_id = earlier->submitted_by},
                arena, c);
}

bool
triage_unrepeat(struct triage_case *c, struct arena *arena, struct str submitted_by)
{
    for (size_t i = 0; i < c->n_evidence; i++) {
        const struct evidence *e = &c->evidence[i];
        if (str_eq(e->kind, STR("repeat")) && str_eq(e->event_id, c->submitted_by) &&
            (str_empty(submitted_by) ||
             (e->n_also > 0 && str_eq(e->also[0], submitted_by)))) {
            c->first_failure_at = c->received_at;
            return triage_drop_evidence(c, arena, "repeat", e->event_id);
        }
    }
    return false;
}
