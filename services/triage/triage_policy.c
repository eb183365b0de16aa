/* triage.json -> struct triage_policy.  Every number has a bound, every name is checked:
 * a policy that loads can be scored with. */
#include "triage/triage.h"

#include <stdlib.h>

#include "gen/kind.h"
#include "triage/triage_policy_read.h"

struct loaded {
    struct triage_policy policy; /* first: what callers hold */
    struct policy_doc doc;       /* owns the strings         */
};

bool
triage_read_number(const struct policy_node *node, const char *key, double min,
                   double max, double *ret, struct err *err)
{
    return policy_double(node, key, true, min, max, ret, err);
}

bool
triage_read_span(const struct policy_node *node, const char *key, int64_t unit_ms,
                 int64_t *ret_ms, struct err *err)
{
    int64_t n = 0;
    if (!policy_i64(node, key, true, 1, 100000, &n, err))
        return false;
    *ret_ms = n * unit_ms;
    return true;
}

static bool
read_severity(const struct policy_node *root, struct triage_policy *p, struct err *err)
{
    struct policy_node node, points, kinds;
    if (!policy_object(root, "severity", true, &node, err) ||
        !policy_known(&node, KEYS("points", "kinds", "double_deviation", "betrayal"),
                      err) ||
        !policy_array(&node, "points", true, 5, &points, err) ||
        !policy_object(&node, "kinds", true, &kinds, err) ||
        !policy_known(&kinds, KEYS("complaint", "inquiry", "suggestion", "praise"), err))
        return false;
    if (policy_len(&points) != 5)
        return policy_error(&points, err, "must have 5 numbers, for severity 1 to 5");
    for (size_t i = 0; i < 5; i++) {
        struct policy_node item = policy_at(&points, i);
        double value = json_is_number(item.json) ? json_number_value(item.json) : -1;
        if (value < 0 || value > 1000 || (i > 0 && value < p->points[i]))
            return policy_error(&item, err,
                                "must be a number from 0 to 1000, not falling");
        p->points[i + 1] = value;
    }
    return triage_read_number(&kinds, "complaint", 0, 10, &p->kind_factor[KIND_COMPLAINT],
                              err) &&
           triage_read_number(&kinds, "complaint", 0, 10, &p->kind_factor[KIND_UNKNOWN],
                              err) &&
           triage_read_number(&kinds, "inquiry", 0, 10, &p->kind_factor[KIND_INQUIRY],
                              err) &&
           triage_read_number(&kinds, "suggestion", 0, 10,
                              &p->kind_factor[KIND_SUGGESTION], err) &&
           triage_read_number(&kinds, "praise", 0, 10, &p->kind_factor[KIND_PRAISE],
                              err) &&
           triage_read_number(&node, "double_deviation", 1, 100,
                              &p->double_deviation_factor, err) &&
           triage_read_number(&node, "betrayal", 1, 100, &p->betrayal_factor, err);
}

static bool
read_salvageability(const struct policy_node *root, struct triage_policy *p,
                    struct err *err)
{
    struct policy_node node;
    return policy_object(root, "salvageability", true, &node, err) &&
           policy_known(&node,
                        KEYS("window_loss", "tenure_per_year", "tenure_max",
                             "value_per_tenfold", "value_from", "value_max",
                             "failed_recoveries_free", "failed_recovery", "speaking_days",
                             "not_speaking", "withdrawn"),
                        err) &&
           triage_read_number(&node, "window_loss", 0, 1, &p->window_loss, err) &&
           triage_read_number(&node, "tenure_per_year", 0, 1, &p->tenure_per_year, err) &&
           triage_read_number(&node, "tenure_max", 0, 10, &p->tenure_max, err) &&
           triage_read_number(&node, "value_per_tenfold", 0, 10, &p->value_per_tenfold,
                              err) &&
           triage_read_number(&node, "value_from", 1, 1e12, &p->value_from, err) &&
           triage_read_number(&node, "value_max", 0, 10, &p->value_max, err) &&
           policy_i64(&node, "failed_recoveries_free", true, 0, 100, &p->failed_free,
                      err) &&
           triage_read_number(&node, "failed_recovery", 0, 1, &p->failed_factor, err) &&
           triage_read_span(&node, "speaking_days", DAY_MS, &p->speaking_ms, err) &&
           triage_read_number(&node, "not_speaking", 0, 1, &p->not_speaking_factor,
                              err) &&
           triage_read_number(&node, "withdrawn", 0, 1, &p->withdrawn_factor, err);
}

static bool
read_exposure(const struct policy_node *root, struct triage_policy *p, struct err *err)
{
    const struct {
        const char *key;
        double *ret;
        double min, max;
    } fields[] = {
        {"public", &p->public_, 0, 10},
        {"regulator", &p->regulator, 0, 10},
        {"media", &p->media, 0, 10},
        {"consumer_association", &p->consumer_association, 0, 10},
        {"collective", &p->collective, 0, 10},
        {"regulator_threat", &p->regulator_threat, 0, 10},
        {"media_threat", &p->media_threat, 0, 10},
        {"legal_threat", &p->legal_threat, 0, 10},
        {"reach", &p->reach, 0, 10},
        {"reach_from", &p->reach_from, 1, 1e12},
        {"share_points", &p->share_points, 0, 1e6},
        {"reply_points", &p->reply_points, 0, 1e6},
        {"growth", &p->growth, 0, 10},
        {"growth_hours", &p->growth_hours, 1, 1e6},
        {"followers", &p->followers, 0, 10},
        {"followers_from", &p->followers_from, 1, 1e12},
        {"max", &p->max_exposure, 1, 100},
    };
    const char *keys[COUNT_OF(fields) + 3] = {0};
    for (size_t i = 0; i < COUNT_OF(fields); i++)
        keys[i] = fields[i].key;
    keys[COUNT_OF(fields)] = "growth_window_hours";
    keys[COUNT_OF(fields) + 1] = "growth_half_life_hours";
    struct policy_node node;
    if (!policy_object(root, "exposure", true, &node, err) ||
        !policy_known(&node, keys, err))
        return false;
    for (size_t i = 0; i < COUNT_OF(fields); i++)
        if (!triage_read_number(&node, fields[i].key, fields[i].min, fields[i].max,
                                fields[i].ret, err))
            return false;
    return triage_read_span(&node, "growth_window_hours", HOUR_MS, &p->growth_window_ms,
                            err) &&
           triage_read_span(&node, "growth_half_life_hours", HOUR_MS, &p->growth_half_ms,
                            err);
}

static bool
read_evidence(const struct policy_node *root, struct triage_policy *p, struct err *err)
{
    struct policy_node node;
    return policy_object(root, "double_deviation", true, &node, err) &&
           policy_known(&node,
                        KEYS("transfers", "low_rating", "repeat_days", "negative_below"),
                        err) &&
           policy_i64(&node, "transfers", true, 1, 8, &p->transfers, err) &&
           policy_i64(&node, "low_rating", true, 1, 5, &p->low_rating, err) &&
           triage_read_span(&node, "repeat_days", DAY_MS, &p->repeat_ms, err) &&
           policy_double(&node, "negative_below", true, -1, 1, &p->negative_below, err);
}

static bool
read_thresholds(const struct policy_node *root, struct triage_policy *p, struct err *err)
{
    struct policy_node classes, priorities;
    if (!policy_object(root, "classes", true, &classes, err) ||
        !policy_known(&classes,
                      KEYS("immediate", "urgent", "minimal_below_salvageability",
                           "minimal_below_exposure", "minimal_score_at_most"),
                      err) ||
        !policy_object(root, "priorities", true, &priorities, err) ||
        !policy_known(&priorities, KEYS("P1", "P2", "P3"), err) ||
        !triage_read_number(&classes, "immediate", 0, 10000, &p->class_immediate, err) ||
        !triage_read_number(&classes, "urgent", 0, 10000, &p->class_urgent, err) ||
        !triage_read_number(&classes, "minimal_below_salvageability", 0, 10,
                            &p->minimal_below, err) ||
        !triage_read_number(&classes, "minimal_below_exposure", 1, 100,
                            &p->minimal_exposure_below, err) ||
        !triage_read_number(&classes, "minimal_score_at_most", 0, 10000,
                            &p->minimal_score, err) ||
        !triage_read_number(&priorities, "P1", 0, 10000, &p->priority_1, err) ||
        !triage_read_number(&priorities, "P2", 0, 10000, &p->priority_2, err) ||
        !triage_read_number(&priorities, "P3", 0, 10000, &p->priority_3, err))
        return false;
    if (p->class_immediate <= p->class_urgent)
        return policy_error(&classes, err, "immediate must be above urgent");
    if (p->minimal_score >= p->class_urgent)
        return policy_error(&classes, err,
                            "minimal_score_at_most must be below urgent: these cases "
                            "come last");
    if (p->priority_1 <= p->priority_2 || p->priority_2 <= p->priority_3)
        return policy_error(&priorities, err, "P1 must be above P2, and P2 above P3");
    return true;
}

/* Whatever a complaint begins with, age alone must bring it to P2. */
static bool
nothing_starves(const struct policy_node *root, const struct triage_policy *p,
                struct err *err)
{
    struct policy_node ageing = policy_get(root, "ageing");
    double reached = p->kind_factor[KIND_COMPLAINT] *
                     (p->n_ageing > 0 ? p->ageing[p->n_ageing - 1].add : 0);
    return reached >= p->priority_2 ||
           policy_error(&ageing, err,
                        "the last step adds %g to a complaint, P2 begins at %g: add a "
                        "step that reaches it, or cases starve",
                        reached, p->priority_2);
}

static bool
read_version(const struct policy_node *root, struct triage_policy *p, struct err *err)
{
    if (!policy_str(root, "version", true, &p->version, err))
        return false;
    return (p->version.len > 0 && p->version.len <= 60) ||
           policy_error(root, err, "version: 1 to 60 bytes, another one for each change");
}

static bool
read_all(const struct policy_node *root, struct triage_policy *p, struct err *err)
{
    return policy_known(root,
                        KEYS("version", "severity", "salvageability", "tiers", "exposure",
                             "overrides", "ageing", "silence_hours", "silence_add",
                             "double_deviation", "classes", "priorities", "compensations",
                             "move_on_after_refusals", "remedies"),
                        err) &&
           read_version(root, p, err) && read_severity(root, p, err) &&
           read_salvageability(root, p, err) && triage_read_tiers(root, p, err) &&
           read_exposure(root, p, err) && triage_read_overrides(root, p, err) &&
           triage_read_ageing(root, p, err) &&
           triage_read_span(root, "silence_hours", HOUR_MS, &p->silence_ms, err) &&
           triage_read_number(root, "silence_add", 0, 1000, &p->silence_add, err) &&
           read_evidence(root, p, err) && read_thresholds(root, p, err) &&
           nothing_starves(root, p, err) && triage_read_compensations(root, p, err) &&
           policy_i64(root, "move_on_after_refusals", true, 1, 8, &p->move_on_after,
                      err) &&
           triage_read_remedies(root, p, err);
}

/* Takes the document, also on failure. */
static struct triage_policy *
from_doc(struct policy_doc *doc, struct err *err)
{
    struct loaded *loaded = calloc(1, sizeof(*loaded));
    BUG_IF(!loaded);
    loaded->doc = *doc;
    struct policy_node root = policy_root(&loaded->doc);
    if (!read_all(&root, &loaded->policy, err)) {
        triage_policy_free(&loaded->policy);
        return NULL;
    }
    /* At most 60 bytes: what sections may hold. */
    loaded->policy.version = str_from(loaded->doc.version);
    loaded->policy.hash = str_from(loaded->doc.hash);
    return &loaded->policy;
}

struct triage_policy *
triage_policy_load(const char *dir, struct err *err)
{
    struct policy_doc doc;
    return policy_read(&doc, dir, "triage.json", err) ? from_doc(&doc, err) : NULL;
}

struct triage_policy *
triage_policy_parse(const char *name, struct str text, struct err *err)
{
    struct policy_doc doc;
    return policy_parse(&doc, name, text, err) ? from_doc(&doc, err) : NULL;
}

void
triage_policy_free(struct triage_policy *policy)
{
    if (!policy)
        return;
    struct loaded *loaded = (struct loaded *)policy;
    policy_release(&loaded->doc);
    free(loaded);
}
