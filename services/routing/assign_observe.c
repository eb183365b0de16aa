/* assign_observe.c - facts about products, redacted, for collect. */
#include "ident/ident.h"
#include "routing/assign_io.h"

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
bool
assign_observe(struct assign_job *job, struct err *err)
{
    struct turn *turn = job->turn;
    struct assign_case *c = &job->c;
    const struct complaint_event *ev = job->ev;
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
