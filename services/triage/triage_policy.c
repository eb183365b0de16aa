/* triage.json -> struct triage_policy.  Every number has a bound, every name is checked:
 * a policy that loads can be scored with. */
#include "triage/triage.h"

#include <stdlib.h>

#include "conf/policy.h"
#include "gen/kind.h"

struct loaded {
    struct triage_policy policy; /* first: what callers hold */
    struct policy_doc doc;       /* owns the strings         */
};

#define KEYS(...) ((const char *const[]){__VA_ARGS__, NULL})

static bool
number(const struct policy_node *node, const char *key, double max, double *ret,
       struct err *err)
{
    return policy_double(node, key, true, 0, max, ret, err);
}

/* "<key>_hours" or "<key>_days" as milliseconds. */
static bool
span(const struct policy_node *node, const char *key, int64_t unit_ms, int64_t *ret_ms,
     struct err *err)
{
    int64_t n = 0;
    if (!policy_i64(node, key, true, 1, 100000, &n, err))
        return false;
    *ret_ms = n * unit_ms;
    return true;
}

static bool
strings(const struct policy_node *node, const char *key, size_t max, struct str *ret,
        size_t *ret_n, struct err *err)
{
    struct policy_node list;
    if (!policy_has(node, key))
        return true;
    if (!policy_array(node, key, true, max, &list, err))
        return false;
    size_t n = policy_len(&list);
    for (size_t i = 0; i < n; i++) {
        struct policy_node item = policy_at(&list, i);
        if (!policy_as_str(&item, &ret[i], err))
            return false;
        if (ret[i].len == 0 || ret[i].len > 256)
            return policy_error(&item, err, "must be 1 to 256 bytes long");
    }
    *ret_n = n;
    return true;
}

static bool
relationship(const struct policy_node *node, bool required, bool *ret_has,
             enum triage_relationship *ret, struct err *err)
{
    static const struct {
        struct str name;
        enum triage_relationship value;
    } names[] = {{{"regular", 7}, TRIAGE_REGULAR},
                 {{"best", 4}, TRIAGE_BEST},
                 {{"occasional", 10}, TRIAGE_OCCASIONAL}};
    struct str text = STR_NULL;
    if (!policy_str(node, "relationship", required, &text, err))
        return false;
    if (str_is_null(text))
        return true;
    for (size_t i = 0; i < COUNT_OF(names); i++)
        if (str_eq(names[i].name, text)) {
            *ret = names[i].value;
            *ret_has = true;
            return true;
        }
    return policy_error(node, err, "relationship: best, regular or occasional");
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
    return number(&kinds, "complaint", 10, &p->kind_factor[KIND_COMPLAINT], err) &&
           number(&kinds, "complaint", 10, &p->kind_factor[KIND_UNKNOWN], err) &&
           number(&kinds, "inquiry", 10, &p->kind_factor[KIND_INQUIRY], err) &&
           number(&kinds, "suggestion", 10, &p->kind_factor[KIND_SUGGESTION], err) &&
           number(&kinds, "praise", 10, &p->kind_factor[KIND_PRAISE], err) &&
           number(&node, "double_deviation", 100, &p->double_deviation_factor, err) &&
           number(&node, "betrayal", 100, &p->betrayal_factor, err);
}

static bool
read_salvageability(const struct policy_node *root, struct triage_policy *p,
                    struct err *err)
{
    struct policy_node node;
    return policy_object(root, "salvageability", true, &node, err) &&
           policy_known(&node,
                        KEYS("window_loss", "tenure_per_year", "tenure_max",
                             "failed_recoveries_free", "failed_recovery", "speaking_days",
                             "not_speaking", "withdrawn"),
                        err) &&
           number(&node, "window_loss", 1, &p->window_loss, err) &&
           number(&node, "tenure_per_year", 1, &p->tenure_per_year, err) &&
           number(&node, "tenure_max", 10, &p->tenure_max, err) &&
           policy_i64(&node, "failed_recoveries_free", true, 0, 100, &p->failed_free,
                      err) &&
           number(&node, "failed_recovery", 1, &p->failed_factor, err) &&
           span(&node, "speaking_days", DAY_MS, &p->speaking_ms, err) &&
           number(&node, "not_speaking", 10, &p->not_speaking_factor, err) &&
           number(&node, "withdrawn", 10, &p->withdrawn_factor, err);
}

static bool
read_tier(const struct policy_node *node, struct triage_tier *ret, bool *ret_default,
          struct err *err)
{
    bool has = false;
    return policy_known(node,
                        KEYS("name", "aliases", "relationship", "factor",
                             "min_lifetime_value", "min_years", "default"),
                        err) &&
           policy_str(node, "name", true, &ret->name, err) &&
           strings(node, "aliases", TRIAGE_ALIASES, ret->aliases, &ret->n_aliases, err) &&
           relationship(node, true, &has, &ret->relationship, err) &&
           number(node, "factor", 10, &ret->factor, err) &&
           policy_double(node, "min_lifetime_value", false, 0, 1e12,
                         &ret->min_lifetime_value, err) &&
           policy_double(node, "min_years", false, 0, 200, &ret->min_years, err) &&
           policy_bool(node, "default", false, ret_default, err);
}

static bool
read_tiers(const struct policy_node *root, struct triage_policy *p, struct err *err)
{
    struct policy_node list;
    size_t defaults = 0;
    if (!policy_array(root, "tiers", true, TRIAGE_TIERS, &list, err))
        return false;
    p->n_tiers = policy_len(&list);
    for (size_t i = 0; i < p->n_tiers; i++) {
        struct policy_node node = policy_at(&list, i);
        bool is_default = false;
        if (!read_tier(&node, &p->tiers[i], &is_default, err))
            return false;
        if (is_default) {
            p->default_tier = i;
            defaults++;
        }
    }
    return defaults == 1 ||
           policy_error(&list, err, "exactly one tier must be the default");
}

static bool
read_exposure(const struct policy_node *root, struct triage_policy *p, struct err *err)
{
    const struct {
        const char *key;
        double *ret;
        double max;
    } fields[] = {
        {"public", &p->public_, 10},
        {"regulator", &p->regulator, 10},
        {"media", &p->media, 10},
        {"consumer_association", &p->consumer_association, 10},
        {"collective", &p->collective, 10},
        {"regulator_threat", &p->regulator_threat, 10},
        {"media_threat", &p->media_threat, 10},
        {"legal_threat", &p->legal_threat, 10},
        {"reach", &p->reach, 10},
        {"reach_from", &p->reach_from, 1e12},
        {"share_points", &p->share_points, 1e6},
        {"reply_points", &p->reply_points, 1e6},
        {"growth", &p->growth, 10},
        {"growth_hours", &p->growth_hours, 1e6},
        {"followers", &p->followers, 10},
        {"followers_from", &p->followers_from, 1e12},
        {"max", &p->max_exposure, 100},
    };
    const char *keys[COUNT_OF(fields) + 1] = {0};
    for (size_t i = 0; i < COUNT_OF(fields); i++)
        keys[i] = fields[i].key;
    struct policy_node node;
    if (!policy_object(root, "exposure", true, &node, err) ||
        !policy_known(&node, keys, err))
        return false;
    for (size_t i = 0; i < COUNT_OF(fields); i++)
        if (!number(&node, fields[i].key, fields[i].max, fields[i].ret, err))
            return false;
    if (p->reach_from < 1 || p->followers_from < 1 || p->max_exposure < 1)
        return policy_error(&node, err, "reach_from, followers_from and max: at least 1");
    return true;
}

static bool
read_overrides(const struct policy_node *root, struct triage_policy *p, struct err *err)
{
    struct policy_node list;
    if (!policy_array(root, "overrides", true, TRIAGE_OVERRIDES, &list, err))
        return false;
    p->n_overrides = policy_len(&list);
    for (size_t i = 0; i < p->n_overrides; i++) {
        struct policy_node node = policy_at(&list, i);
        struct triage_override *o = &p->overrides[i];
        if (!policy_known(&node,
                          KEYS("name", "flags", "vulnerable_customer", "add", "at_least"),
                          err) ||
            !policy_str(&node, "name", true, &o->name, err) ||
            !strings(&node, "flags", TRIAGE_FLAGS, o->flags, &o->n_flags, err) ||
            !policy_bool(&node, "vulnerable_customer", false, &o->vulnerable_customer,
                         err) ||
            !number(&node, "add", 1000, &o->add, err) ||
            !number(&node, "at_least", 1000, &o->at_least, err))
            return false;
        if (o->name.len > 64)
            return policy_error(&node, err, "name: at most 64 bytes");
    }
    return true;
}

static bool
read_ageing(const struct policy_node *root, struct triage_policy *p, struct err *err)
{
    struct policy_node list;
    if (!policy_array(root, "ageing", true, TRIAGE_AGE_STEPS, &list, err))
        return false;
    p->n_ageing = policy_len(&list);
    for (size_t i = 0; i < p->n_ageing; i++) {
        struct policy_node node = policy_at(&list, i);
        struct triage_age_step *step = &p->ageing[i];
        if (!policy_known(&node, KEYS("after_hours", "add"), err) ||
            !span(&node, "after_hours", HOUR_MS, &step->after_ms, err) ||
            !number(&node, "add", 1000, &step->add, err))
            return false;
        if (i > 0 && (step->after_ms <= step[-1].after_ms || step->add < step[-1].add))
            return policy_error(&node, err, "after_hours must rise, add must not fall");
    }
    return true;
}

static bool
read_evidence(const struct policy_node *root, struct triage_policy *p, struct err *err)
{
    struct policy_node node;
    return policy_object(root, "double_deviation", true, &node, err) &&
           policy_known(&node,
                        KEYS("transfers", "low_rating", "repeat_days", "negative_below"),
                        err) &&
           policy_i64(&node, "transfers", true, 1, 100, &p->transfers, err) &&
           policy_i64(&node, "low_rating", true, 0, 5, &p->low_rating, err) &&
           span(&node, "repeat_days", DAY_MS, &p->repeat_ms, err) &&
           policy_double(&node, "negative_below", true, -1, 1, &p->negative_below, err);
}

static bool
read_thresholds(const struct policy_node *root, struct triage_policy *p, struct err *err)
{
    struct policy_node classes, priorities;
    if (!policy_object(root, "classes", true, &classes, err) ||
        !policy_known(&classes,
                      KEYS("immediate", "urgent", "minimal_below_salvageability"), err) ||
        !policy_object(root, "priorities", true, &priorities, err) ||
        !policy_known(&priorities, KEYS("P1", "P2", "P3"), err) ||
        !number(&classes, "immediate", 10000, &p->class_immediate, err) ||
        !number(&classes, "urgent", 10000, &p->class_urgent, err) ||
        !number(&classes, "minimal_below_salvageability", 10, &p->minimal_below, err) ||
        !number(&priorities, "P1", 10000, &p->priority_1, err) ||
        !number(&priorities, "P2", 10000, &p->priority_2, err) ||
        !number(&priorities, "P3", 10000, &p->priority_3, err))
        return false;
    if (p->class_immediate < p->class_urgent)
        return policy_error(&classes, err, "immediate must not be below urgent");
    if (p->priority_1 < p->priority_2 || p->priority_2 < p->priority_3)
        return policy_error(&priorities, err, "P1, P2, P3 must fall");
    return true;
}

static bool
read_maybe(const struct policy_node *node, const char *key, enum triage_maybe *ret,
           struct err *err)
{
    bool value = false;
    if (!policy_has(node, key))
        return true;
    if (!policy_bool(node, key, true, &value, err))
        return false;
    *ret = value ? TRIAGE_YES : TRIAGE_NO;
    return true;
}

static bool
read_remedy(const struct policy_node *node, struct triage_remedy *r, struct err *err)
{
    struct policy_node when;
    struct str kind = STR_NULL;
    if (!policy_known(node, KEYS("advice", "when", "checklist"), err) ||
        !policy_str(node, "advice", true, &r->advice, err) ||
        !policy_object(node, "when", true, &when, err) ||
        !policy_known(
            &when,
            KEYS("flag", "kind", "relationship", "double_deviation", "reopen_advised"),
            err) ||
        !policy_str(&when, "flag", false, &r->flag, err) ||
        !policy_str(&when, "kind", false, &kind, err) ||
        !relationship(&when, false, &r->has_relationship, &r->relationship, err) ||
        !read_maybe(&when, "double_deviation", &r->double_deviation, err) ||
        !read_maybe(&when, "reopen_advised", &r->reopen, err) ||
        !strings(node, "checklist", TRIAGE_CHECKLIST, r->checklist, &r->n_checklist, err))
        return false;
    if (r->advice.len == 0 || r->advice.len > 128)
        return policy_error(node, err, "advice: 1 to 128 bytes");
    if (str_is_null(kind))
        return true;
    r->has_kind = true;
    return kind_parse(kind, &r->kind) || policy_error(&when, err, "kind: unknown");
}

static bool
read_remedies(const struct policy_node *root, struct triage_policy *p, struct err *err)
{
    struct policy_node list;
    if (!policy_array(root, "remedies", true, TRIAGE_REMEDIES, &list, err))
        return false;
    p->n_remedies = policy_len(&list);
    for (size_t i = 0; i < p->n_remedies; i++) {
        struct policy_node node = policy_at(&list, i);
        if (!read_remedy(&node, &p->remedies[i], err))
            return false;
    }
    return true;
}

static bool
read_all(const struct policy_node *root, struct triage_policy *p, struct err *err)
{
    return policy_known(root,
                        KEYS("version", "severity", "salvageability", "tiers", "exposure",
                             "overrides", "ageing", "silence_hours", "silence_add",
                             "double_deviation", "classes", "priorities", "remedies"),
                        err) &&
           policy_str(root, "version", true, &p->version, err) &&
           read_severity(root, p, err) && read_salvageability(root, p, err) &&
           read_tiers(root, p, err) && read_exposure(root, p, err) &&
           read_overrides(root, p, err) && read_ageing(root, p, err) &&
           span(root, "silence_hours", HOUR_MS, &p->silence_ms, err) &&
           number(root, "silence_add", 1000, &p->silence_add, err) &&
           read_evidence(root, p, err) && read_thresholds(root, p, err) &&
           read_remedies(root, p, err);
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
