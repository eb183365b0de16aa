/* collect_stage.c - products.observed -> products.feedback: one item a product and issue.
 *
 * State: "k:<cluster_key>" CollectCluster, "m:<cluster_key>:<complaint_id>" a counted
 * complaint, "u:<cluster_key>:<customer_hash>" complaints of a customer in the cluster.
 * Every change of an item is written whole, with a rising revision, so the newest message
 * of a key is the item. */
#include "base/buf.h"
#include "gen/collect_cluster.h"
#include "gen/collect_member.h"
#include "ident/ident.h"
#include "routing/stages.h"

enum { OUT_FEEDBACK };

static bool
emit_item(struct turn *turn, const struct collect_cluster *k,
          const struct product_fact *fact, struct err *err)
{
    struct arena *arena = turn_arena(turn);
    CLEANUP(buf_release) struct buf out = {.max_bytes = (size_t)512 * 1024};
    struct str id =
        ident_child_id(arena, k->feedback_id, STR("feedback.item"), k->revision, 0);
    char when[TIME_TEXT_BYTES];
    (void)buf_printf(
        &out,
        "{\"specversion\":\"1.0\",\"id\":\"%.*s\",\"source\":\"redress/routing\","
        "\"type\":\"feedback.item\",\"subject\":\"%.*s\",\"time\":\"%s\","
        "\"datacontenttype\":\"application/json\","
        "\"data\":{\"feedback_id\":\"%.*s\",\"cluster_key\":\"%.*s\"",
        STR_ARG(id), STR_ARG(k->feedback_id), time_print(fact->occurred_at, when),
        STR_ARG(k->feedback_id), STR_ARG(k->cluster_key));
    (void)buf_add_member(&out, "product", k->product);
    (void)buf_add_member(&out, "issue", k->issue);
    (void)buf_add_member(&out, "status", k->status);
    (void)buf_printf(&out,
                     ",\"revision\":%lld,\"complaints\":%lld,\"customers\":%lld,"
                     "\"double_deviations\":%lld,\"severity_max\":%d",
                     (long long)k->revision, (long long)k->complaints,
                     (long long)k->customers, (long long)k->double_deviations,
                     (int)k->severity_max);
    (void)buf_add_member_time(&out, "first_at", k->first_at);
    (void)buf_add_member_time(&out, "last_at", k->last_at);
    (void)buf_add_member(&out, "cause", k->cause);
    if (k->has_due_at)
        (void)buf_add_member_time(&out, "due_at", k->due_at);
    (void)buf_add_member(&out, "version", k->version);
    (void)buf_add_member(&out, "reason", k->reason);
    if (!buf_add_c(&out, "}}"))
        return err_set(err, ERR_STOP, "feedback item %.*s is larger than 512 KiB",
                       STR_ARG(k->feedback_id));
    static const struct header HEADERS[] = {
        {{"content-type", 12}, {"application/cloudevents+json", 28}}};
    return turn_emit_bytes(turn, OUT_FEEDBACK, k->cluster_key, buf_str(&out), HEADERS,
                           COUNT_OF(HEADERS), err);
}

/* Adds to a member's count and tells the new count; a count of 0 leaves no record. */
static bool
count_member(struct turn *turn, struct str key, int32_t add, int32_t severity,
             int32_t *ret_count, struct err *err)
{
    struct collect_member member = {0};
    bool found = false;
    if (!turn_load(turn, key, &collect_member_wire, &member, &found, err))
        return false;
    member.complaints += add;
    member.severity = severity;
    *ret_count = member.complaints;
    if (member.complaints > 0)
        return turn_save(turn, key, &collect_member_wire, &member, TIME_NONE, err);
    turn_delete(turn, key);
    return true;
}

static bool
join_or_leave(struct turn *turn, struct collect_cluster *k,
              const struct product_fact *fact, bool *ret_changed, struct err *err)
{
    struct arena *arena = turn_arena(turn);
    struct str member = arena_printf(arena, "m:%.*s:%.*s", STR_ARG(fact->cluster_key),
                                     STR_ARG(fact->complaint_id));
    bool counted = turn_exists(turn, member);
    *ret_changed = counted == fact->left;
    if (!*ret_changed)
        return true;
    int32_t add = fact->left ? -1 : 1;
    int32_t count = 0;
    if (!count_member(turn, member, add, fact->severity, &count, err))
        return false;
    k->complaints += add;
    if (fact->double_deviation && !fact->left)
        k->double_deviations++;
    if (!fact->left) {
        k->last_at = i64_max(k->last_at, fact->occurred_at);
        k->first_at = i64_min(k->first_at, fact->occurred_at);
        if (fact->severity > k->severity_max)
            k->severity_max = fact->severity;
    }
    if (str_empty(fact->customer_hash))
        return true;
    struct str customer = arena_printf(arena, "u:%.*s:%.*s", STR_ARG(fact->cluster_key),
                                       STR_ARG(fact->customer_hash));
    if (!count_member(turn, customer, add, fact->severity, &count, err))
        return false;
    if (add > 0 ? count == 1 : count == 0)
        k->customers += add;
    return true;
}

/* What a team's answer makes of the item; NULL: it is no answer. */
static const char *
status_of(enum event_type type)
{
    switch (type) {
    case EVENT_TYPE_FEEDBACK_ACKNOWLEDGED:
        return "acknowledged";
    case EVENT_TYPE_FEEDBACK_CAUSE_FOUND:
        return "cause_found";
    case EVENT_TYPE_FEEDBACK_PLANNED:
        return "planned";
    case EVENT_TYPE_FEEDBACK_FIXED:
        return "fixed";
    case EVENT_TYPE_FEEDBACK_DECLINED:
        return "declined";
    default:
        return NULL;
    }
}

static bool
take_answer(struct collect_cluster *k, const struct product_fact *fact, struct err *err)
{
    if (!str_empty(fact->feedback_id) && !str_eq(fact->feedback_id, k->feedback_id))
        return err_dead(err, DEAD_UNROUTABLE, "$.data.feedback_id",
                        "no feedback item %.*s; see products.feedback for the ids",
                        (int)(fact->feedback_id.len < 64 ? fact->feedback_id.len : 64),
                        fact->feedback_id.ptr);
    k->status = str_from(status_of(fact->type));
    const struct action *action = fact->action;
    if (!action)
        return true;
    if (!str_is_null(action->cause))
        k->cause = action->cause;
    if (!str_is_null(action->version))
        k->version = action->version;
    if (!str_is_null(action->reason))
        k->reason = action->reason;
    if (action->has_due_at) {
        k->has_due_at = true;
        k->due_at = action->due_at;
    }
    return true;
}

static bool
on_fact(struct turn *turn, const struct product_fact *fact, struct err *err)
{
    struct arena *arena = turn_arena(turn);
    struct str key = arena_printf(arena, "k:%.*s", STR_ARG(fact->cluster_key));
    bool is_answer = status_of(fact->type) != NULL;
    struct collect_cluster k = {0};
    bool found = false;
    if (!turn_load(turn, key, &collect_cluster_wire, &k, &found, err))
        return false;
    if (!found) {
        if (is_answer)
            return err_dead(
                err, DEAD_UNROUTABLE, "$.data.feedback_id",
                "no feedback item for this id; see products.feedback for the ids");
        k = (struct collect_cluster){
            .cluster_key = fact->cluster_key,
            .feedback_id = ident_cluster_id(arena, fact->cluster_key, STR("feedback"), 1),
            .status = STR("open"),
            .product = fact->product,
            .issue = fact->issue,
            .first_at = fact->occurred_at,
            .last_at = fact->occurred_at,
        };
    }
    bool changed = true;
    if (is_answer ? !take_answer(&k, fact, err)
                  : !join_or_leave(turn, &k, fact, &changed, err))
        return false;
    if (!changed)
        return true;
    k.revision++;
    return turn_save(turn, key, &collect_cluster_wire, &k, TIME_NONE, err) &&
           emit_item(turn, &k, fact, err);
}

static const struct stage_output OUTPUTS[] = {
    [OUT_FEEDBACK] = {"products.feedback", true},
};

const struct stage_def collect_stage = {
    .service = "routing",
    .name = "collect",
    .input = "products.observed",
    .outputs = OUTPUTS,
    .n_outputs = COUNT_OF(OUTPUTS),
    .on_fact = on_fact,
};
