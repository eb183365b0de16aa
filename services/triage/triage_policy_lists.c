/* The lists of triage.json: tiers, overrides, ageing, compensations, remedies. */
#include "triage/triage_policy_read.h"

#include <stdio.h>

#include "gen/kind.h"

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
check_length(const struct policy_node *node, const char *key, struct str text, size_t max,
             struct err *err)
{
    return (text.len > 0 && text.len <= max) ||
           policy_error(node, err, "%s: 1 to %zu bytes", key, max);
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
    return policy_error(node, err, "relationship: must be best, regular or occasional");
}

/* A currency without an amount, or the other way round, is no limit. */
static bool
read_limit(const struct policy_node *node, struct triage_tier *ret, struct err *err)
{
    struct policy_node limit;
    if (!policy_has(node, "limit"))
        return true;
    if (!policy_object(node, "limit", true, &limit, err) ||
        !policy_known(&limit, KEYS("amount", "currency"), err) ||
        !triage_read_number(&limit, "amount", 0, 1e9, &ret->limit_amount, err) ||
        !policy_str(&limit, "currency", true, &ret->limit_currency, err))
        return false;
    for (size_t i = 0; i < ret->limit_currency.len; i++)
        if (ret->limit_currency.ptr[i] < 'A' || ret->limit_currency.ptr[i] > 'Z')
            return policy_error(&limit, err, "currency: three capitals, as in ISO 4217");
    if (ret->limit_currency.len != 3)
        return policy_error(&limit, err, "currency: three capitals, as in ISO 4217");
    (void)snprintf(ret->limit_text, sizeof(ret->limit_text),
                   "Without asking anybody: up to %.10g %.*s", ret->limit_amount,
                   STR_ARG(ret->limit_currency));
    return true;
}

static bool
read_tier(const struct policy_node *node, struct triage_tier *ret, bool *ret_default,
          struct err *err)
{
    bool has = false;
    return policy_known(node,
                        KEYS("name", "aliases", "relationship", "factor",
                             "min_lifetime_value", "min_years", "default", "limit"),
                        err) &&
           policy_str(node, "name", true, &ret->name, err) &&
           strings(node, "aliases", TRIAGE_ALIASES, ret->aliases, &ret->n_aliases, err) &&
           relationship(node, true, &has, &ret->relationship, err) &&
           triage_read_number(node, "factor", 0.01, 10, &ret->factor, err) &&
           policy_double(node, "min_lifetime_value", false, 0, 1e12,
                         &ret->min_lifetime_value, err) &&
           policy_double(node, "min_years", false, 0, 200, &ret->min_years, err) &&
           policy_bool(node, "default", false, ret_default, err) &&
           read_limit(node, ret, err) && check_length(node, "name", ret->name, 40, err);
}

/* No name may mean two tiers. */
static bool
names_differ(const struct policy_node *list, const struct triage_policy *p, size_t n,
             struct err *err)
{
    const struct triage_tier *last = &p->tiers[n];
    struct policy_node node = policy_at(list, n);
    for (size_t i = 0; i <= n; i++) {
        const struct triage_tier *t = &p->tiers[i];
        for (size_t k = 0; k <= last->n_aliases; k++) {
            struct str name = k == last->n_aliases ? last->name : last->aliases[k];
            size_t stop = i == n ? k : t->n_aliases + 1; /* in itself: the ones before */
            for (size_t m = 0; m < stop && m <= t->n_aliases; m++)
                if (str_eq_nocase(name, m == t->n_aliases ? t->name : t->aliases[m]))
                    return policy_error(&node, err,
                                        "\"%.*s\" names a tier already: take one out",
                                        STR_ARG(name));
        }
    }
    return true;
}

bool
triage_read_tiers(const struct policy_node *root, struct triage_policy *p,
                  struct err *err)
{
    struct policy_node list;
    size_t defaults = 0;
    if (!policy_array(root, "tiers", true, TRIAGE_TIERS, &list, err))
        return false;
    p->n_tiers = policy_len(&list);
    for (size_t i = 0; i < p->n_tiers; i++) {
        struct policy_node node = policy_at(&list, i);
        bool is_default = false;
        if (!read_tier(&node, &p->tiers[i], &is_default, err) ||
            !names_differ(&list, p, i, err))
            return false;
        if (is_default) {
            p->default_tier = i;
            defaults++;
        }
    }
    return defaults == 1 ||
           policy_error(&list, err, "exactly one tier must have \"default\": true");
}

bool
triage_read_overrides(const struct policy_node *root, struct triage_policy *p,
                      struct err *err)
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
            !triage_read_number(&node, "add", 0, 1000, &o->add, err) ||
            !triage_read_number(&node, "at_least", 0, 1000, &o->at_least, err))
            return false;
        if (!check_length(&node, "name", o->name, 64, err))
            return false;
        if (o->n_flags == 0 && !o->vulnerable_customer)
            return policy_error(&node, err,
                                "give flags, or \"vulnerable_customer\": true, else it "
                                "never holds");
    }
    return true;
}

bool
triage_read_ageing(const struct policy_node *root, struct triage_policy *p,
                   struct err *err)
{
    struct policy_node list;
    if (!policy_array(root, "ageing", true, TRIAGE_AGE_STEPS, &list, err))
        return false;
    p->n_ageing = policy_len(&list);
    for (size_t i = 0; i < p->n_ageing; i++) {
        struct policy_node node = policy_at(&list, i);
        struct triage_age_step *step = &p->ageing[i];
        if (!policy_known(&node, KEYS("after_hours", "add"), err) ||
            !triage_read_span(&node, "after_hours", HOUR_MS, &step->after_ms, err) ||
            !triage_read_number(&node, "add", 0, 1000, &step->add, err))
            return false;
        if (i > 0 && (step->after_ms <= step[-1].after_ms || step->add < step[-1].add))
            return policy_error(&node, err, "after_hours must rise, add must not fall");
    }
    return true;
}

/* Nothing but the kind is asked for. */
static bool
always_holds(const struct triage_remedy *r, enum kind kind)
{
    return str_is_null(r->flag) && (!r->has_kind || r->kind == kind) &&
           !r->has_relationship && r->double_deviation == TRIAGE_ANY &&
           r->reopen == TRIAGE_ANY && r->refused == TRIAGE_ANY && r->wants == TRIAGE_ANY;
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
    if (!policy_known(node, KEYS("advice", "when", "checklist", "within_limits"), err) ||
        !policy_str(node, "advice", true, &r->advice, err) ||
        !policy_object(node, "when", true, &when, err) ||
        !policy_known(&when,
                      KEYS("flag", "kind", "relationship", "double_deviation",
                           "reopen_advised", "compensation_refused",
                           "wants_compensation"),
                      err) ||
        !policy_str(&when, "flag", false, &r->flag, err) ||
        !policy_str(&when, "kind", false, &kind, err) ||
        !relationship(&when, false, &r->has_relationship, &r->relationship, err) ||
        !read_maybe(&when, "double_deviation", &r->double_deviation, err) ||
        !read_maybe(&when, "reopen_advised", &r->reopen, err) ||
        !read_maybe(&when, "compensation_refused", &r->refused, err) ||
        !read_maybe(&when, "wants_compensation", &r->wants, err) ||
        !policy_bool(node, "within_limits", false, &r->within_limits, err) ||
        !strings(node, "checklist", TRIAGE_CHECKLIST_FIXED, r->checklist, &r->n_checklist,
                 err) ||
        !check_length(node, "advice", r->advice, 128, err))
        return false;
    if (str_is_null(kind))
        return true;
    r->has_kind = true;
    return kind_parse(kind, &r->kind) ||
           policy_error(&when, err, "kind: complaint, inquiry, suggestion or praise");
}

/* Whoever reads a case finds an advice: each kind needs a rule without further
 * conditions. */
static bool
every_kind_is_advised(const struct policy_node *list, const struct triage_policy *p,
                      struct err *err)
{
    static const enum kind kinds[] = {KIND_COMPLAINT, KIND_INQUIRY, KIND_SUGGESTION,
                                      KIND_PRAISE};
    for (size_t k = 0; k < COUNT_OF(kinds); k++) {
        size_t i = 0;
        while (i < p->n_remedies && !always_holds(&p->remedies[i], kinds[k]))
            i++;
        if (i == p->n_remedies)
            return policy_error(
                list, err,
                "add a rule with \"when\": {\"kind\": \"%s\"} at the end: "
                "there is a case that none of these fits",
                kind_name(kinds[k]));
    }
    return true;
}

bool
triage_read_compensations(const struct policy_node *root, struct triage_policy *p,
                          struct err *err)
{
    struct policy_node list;
    if (!policy_array(root, "compensations", true, TRIAGE_COMPENSATIONS, &list, err))
        return false;
    p->n_compensations = policy_len(&list);
    for (size_t i = 0; i < p->n_compensations; i++) {
        struct policy_node node = policy_at(&list, i);
        struct triage_compensation *way = &p->compensations[i];
        if (!policy_known(&node, KEYS("name", "words"), err) ||
            !policy_str(&node, "name", true, &way->name, err) ||
            !check_length(&node, "name", way->name, 64, err) ||
            !strings(&node, "words", TRIAGE_WORDS, way->words, &way->n_words, err))
            return false;
        if (way->n_words == 0)
            return policy_error(&node, err, "words: give at least one");
    }
    return true;
}

bool
triage_read_remedies(const struct policy_node *root, struct triage_policy *p,
                     struct err *err)
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
    return every_kind_is_advised(&list, p, err);
}
