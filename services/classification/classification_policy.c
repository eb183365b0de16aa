/* rules.json, taxonomy.json and models.json -> struct classification_policy. */
#include "classification/classification.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "conf/policy.h"
#include "gen/kind.h"

#define MAX_RULES 1000
#define MAX_LABELS 900
#define MAX_LISTS 100
#define MAX_PHRASES 4000 /* of one rule or label */
#define MAX_DEPTH 4

struct loaded {
    struct classification_policy policy; /* first: what callers hold */
    struct policy_doc rules_doc;
    struct policy_doc taxonomy_doc;
    struct policy_doc models_doc; /* root NULL: there is no models.json */
    struct arena arena;
    char version[64];
    char hash[56];
};

/* While the two files are read. */
struct reader {
    struct loaded *loaded;
    struct rules_phrase *phrases;
    size_t n_phrases, phrases_room;
    struct rules_group groups[RULES_GROUPS];
    size_t n_groups;
    struct str list_names[MAX_LISTS];
    uint16_t list_groups[MAX_LISTS];
    size_t n_lists;
};

#define KEYS(...) ((const char *const[]){__VA_ARGS__, NULL})

static bool
new_group(struct reader *in, const struct policy_node *node, uint16_t *ret,
          struct err *err)
{
    if (in->n_groups == RULES_GROUPS)
        return policy_error(node, err, "too many rules, labels and lists (%d)",
                            RULES_GROUPS);
    *ret = (uint16_t)in->n_groups++;
    return true;
}

static bool
add_phrase(struct reader *in, const struct policy_node *item, uint16_t group,
           struct err *err)
{
    struct str text = STR_NULL;
    struct err why = {0};
    struct rules probe;
    if (!policy_as_str(item, &text, err))
        return false;
    struct rules_phrase phrase = {text, 0};
    /* Alone first, so that a bad phrase is named with its place in the file. */
    CLEANUP(arena_release) struct arena arena;
    arena_init(&arena, 0);
    struct rules_group none = {.n_not_near = 0};
    if (!rules_build(&phrase, 1, &none, 1, 0, &arena, &probe, &why))
        return policy_error(item, err, "%s", why.text);
    if (in->n_phrases == in->phrases_room) {
        in->phrases_room = in->phrases_room ? 2 * in->phrases_room : 1024;
        in->phrases = realloc(in->phrases, in->phrases_room * sizeof(*in->phrases));
        BUG_IF(!in->phrases);
    }
    in->phrases[in->n_phrases++] = (struct rules_phrase){text, group};
    return true;
}

static bool
add_phrases(struct reader *in, const struct policy_node *list, uint16_t group,
            struct err *err)
{
    for (size_t i = 0; i < policy_len(list); i++) {
        struct policy_node item = policy_at(list, i);
        if (!add_phrase(in, &item, group, err))
            return false;
    }
    return true;
}

/* --- taxonomy.json ------------------------------------------------------------------ */

struct labels {
    struct classification_label *list;
    size_t n;
};

static bool
read_labels(struct reader *in, const struct policy_node *list, int depth,
            struct labels *labels, struct err *err)
{
    for (size_t i = 0; i < policy_len(list); i++) {
        struct policy_node node = policy_at(list, i);
        struct policy_node phrases = {.json = NULL};
        struct policy_node children = {.json = NULL};
        struct str id = STR_NULL;
        struct str en = STR_NULL;
        struct str zh = STR_NULL;
        uint16_t group = 0;
        if (!policy_known(&node, KEYS("id", "en", "zh", "phrases", "children"), err) ||
            !policy_str(&node, "id", true, &id, err) ||
            !policy_str(&node, "en", true, &en, err) ||
            !policy_str(&node, "zh", true, &zh, err) ||
            !policy_array(&node, "phrases", false, MAX_PHRASES, &phrases, err) ||
            !policy_array(&node, "children", false, MAX_LABELS, &children, err))
            return false;
        if (labels->n == MAX_LABELS || depth >= MAX_DEPTH)
            return policy_error(&node, err, "at most %d labels, %d deep", MAX_LABELS,
                                MAX_DEPTH);
        if (id.len == 0 || id.len > 128)
            return policy_error(&node, err, "id: 1 to 128 bytes");
        if (en.len == 0 || zh.len == 0)
            return policy_error(&node, err, "needs a name in each language: en, zh");
        for (size_t k = 0; k < labels->n; k++)
            if (str_eq(labels->list[k].id, id))
                return policy_error(&node, err, "id \"%.*s\" is there twice",
                                    STR_ARG(id));
        if (!new_group(in, &node, &group, err))
            return false;
        labels->list[labels->n++] = (struct classification_label){id, depth};
        if ((phrases.json && !add_phrases(in, &phrases, group, err)) ||
            (children.json && !read_labels(in, &children, depth + 1, labels, err)))
            return false;
    }
    return true;
}

static bool
read_taxonomy(struct reader *in, struct err *err)
{
    struct loaded *l = in->loaded;
    struct policy_node root = policy_root(&l->taxonomy_doc);
    struct policy_node products, issues;
    struct str version = STR_NULL;
    struct labels product = {
        .list = ARENA_ARRAY(&l->arena, struct classification_label, MAX_LABELS)};
    struct labels issue = {
        .list = ARENA_ARRAY(&l->arena, struct classification_label, MAX_LABELS)};
    if (!policy_known(&root, KEYS("version", "products", "issues"), err) ||
        !policy_str(&root, "version", true, &version, err) ||
        !policy_array(&root, "products", true, MAX_LABELS, &products, err) ||
        !policy_array(&root, "issues", true, MAX_LABELS, &issues, err) ||
        !read_labels(in, &products, 0, &product, err) ||
        !read_labels(in, &issues, 0, &issue, err))
        return false;
    l->policy.product = product.list;
    l->policy.n_products = product.n;
    l->policy.issue = issue.list;
    l->policy.n_issues = issue.n;
    return true;
}

/* --- rules.json --------------------------------------------------------------------- */

static bool
read_lists(struct reader *in, const struct policy_node *root, struct err *err)
{
    struct policy_node lists;
    if (!policy_has(root, "lists"))
        return true;
    if (!policy_object(root, "lists", true, &lists, err))
        return false;
    for (void *at = json_object_iter(lists.json); at;
         at = json_object_iter_next(lists.json, at)) {
        const char *name = json_object_iter_key(at);
        struct policy_node phrases;
        uint16_t group = 0;
        if (in->n_lists == MAX_LISTS)
            return policy_error(&lists, err, "at most %d lists", MAX_LISTS);
        if (!policy_array(&lists, name, true, MAX_PHRASES, &phrases, err) ||
            !new_group(in, &lists, &group, err) || !add_phrases(in, &phrases, group, err))
            return false;
        in->list_names[in->n_lists] = str_from(name);
        in->list_groups[in->n_lists++] = group;
    }
    return true;
}

static bool
add_not_near(struct rules_group *group, const struct policy_node *list, uint16_t other,
             bool before_only, struct err *err)
{
    if (group->n_not_near == RULES_NOT_NEAR)
        return policy_error(list, err, "at most %d lists", RULES_NOT_NEAR);
    group->before_only[group->n_not_near] = before_only;
    group->not_near[group->n_not_near++] = other;
    return true;
}

/* "not_near" or "not_after": "@name" names a list, other words make a list of the rule's
 * own. */
static bool
read_not_near(struct reader *in, const struct policy_node *rule, const char *key,
              bool before_only, uint16_t owner, struct err *err)
{
    struct policy_node list;
    if (!policy_has(rule, key))
        return true;
    if (!policy_array(rule, key, true, MAX_PHRASES, &list, err))
        return false;
    struct rules_group *group = &in->groups[owner];
    uint16_t own = 0;
    bool has_own = false;
    for (size_t i = 0; i < policy_len(&list); i++) {
        struct policy_node item = policy_at(&list, i);
        struct str word = STR_NULL;
        if (!policy_as_str(&item, &word, err))
            return false;
        if (!str_starts(word, STR("@"))) {
            if (!has_own && !new_group(in, &item, &own, err))
                return false;
            has_own = true;
            if (!add_phrase(in, &item, own, err))
                return false;
            continue;
        }
        size_t k = 0;
        while (k < in->n_lists && !str_eq(in->list_names[k], str_sub(word, 1, word.len)))
            k++;
        if (k == in->n_lists)
            return policy_error(&item, err, "no list of this name in $.lists");
        if (!add_not_near(group, &list, in->list_groups[k], before_only, err))
            return false;
    }
    return !has_own || add_not_near(group, &list, own, before_only, err);
}

static bool
read_rule_values(const struct policy_node *node, struct classification_rule *rule,
                 struct err *err)
{
    struct str kind = STR_NULL;
    int64_t severity = 0;
    rule->weight = 1;
    if (!policy_known(node,
                      KEYS("name", "phrases", "not_near", "not_after", "flag", "severity",
                           "strong", "kind", "weight", "double_deviation", "sentiment",
                           "remedy"),
                      err) ||
        !policy_str(node, "name", true, &rule->name, err) ||
        !policy_str(node, "flag", false, &rule->flag, err) ||
        !policy_i64(node, "severity", false, 1, 5, &severity, err) ||
        !policy_bool(node, "strong", false, &rule->strong, err) ||
        !policy_str(node, "kind", false, &kind, err) ||
        !policy_double(node, "weight", false, 0, 100, &rule->weight, err) ||
        !policy_double(node, "double_deviation", false, 0, 1, &rule->double_deviation,
                       err) ||
        !policy_double(node, "sentiment", false, -10, 10, &rule->sentiment, err) ||
        !policy_str(node, "remedy", false, &rule->remedy, err))
        return false;
    rule->severity = (int)severity;
    if (rule->name.len == 0 || rule->name.len > 64 || rule->flag.len > 64 ||
        rule->remedy.len > 128)
        return policy_error(node, err, "name, flag: at most 64 bytes; remedy: 128");
    if (str_is_null(kind))
        return true;
    rule->has_kind = true;
    return (kind_parse(kind, &rule->kind) && rule->kind != KIND_UNKNOWN) ||
           policy_error(node, err, "kind: inquiry, complaint, suggestion or praise");
}

static bool
read_rules(struct reader *in, const struct policy_node *root, struct err *err)
{
    struct loaded *l = in->loaded;
    struct policy_node list;
    if (!policy_array(root, "rules", true, MAX_RULES, &list, err))
        return false;
    size_t n = policy_len(&list);
    struct classification_rule *rules =
        ARENA_ARRAY(&l->arena, struct classification_rule, n + 1);
    for (size_t i = 0; i < n; i++) {
        struct policy_node node = policy_at(&list, i);
        struct policy_node phrases;
        uint16_t group = 0;
        if (!read_rule_values(&node, &rules[i], err) ||
            !policy_array(&node, "phrases", true, MAX_PHRASES, &phrases, err) ||
            !new_group(in, &node, &group, err) || !add_phrases(in, &phrases, group, err))
            return false;
        BUG_IF(group != i);
    }
    l->policy.rule = rules;
    l->policy.n_rules = n;
    return true;
}

static bool
read_all_not_near(struct reader *in, const struct policy_node *root, struct err *err)
{
    struct policy_node list = policy_get(root, "rules");
    for (size_t i = 0; i < policy_len(&list); i++) {
        struct policy_node node = policy_at(&list, i);
        if (!read_not_near(in, &node, "not_near", false, (uint16_t)i, err) ||
            !read_not_near(in, &node, "not_after", true, (uint16_t)i, err))
            return false;
    }
    return true;
}

static bool
read_numbers(const struct policy_node *root, struct classification_policy *p,
             struct err *err)
{
    struct policy_node severity, doubled;
    if (!policy_object(root, "severity", true, &severity, err) ||
        !policy_known(&severity, KEYS("complaint", "inquiry", "suggestion", "praise"),
                      err) ||
        !policy_object(root, "double_deviation", true, &doubled, err) ||
        !policy_known(&doubled, KEYS("threshold", "review_from"), err) ||
        !policy_double(&doubled, "threshold", true, 0.01, 1,
                       &p->double_deviation_threshold, err) ||
        !policy_double(&doubled, "review_from", true, 0, 1, &p->review_from, err) ||
        !policy_double(root, "kind_threshold", true, 0.01, 100, &p->kind_threshold,
                       err) ||
        !policy_double(root, "sentiment_half", true, 0.01, 100, &p->sentiment_half, err))
        return false;
    for (int kind = KIND_INQUIRY; kind < KIND_COUNT; kind++) {
        int64_t value = 0;
        if (!policy_i64(&severity, kind_name((enum kind)kind), true, 1, 5, &value, err))
            return false;
        p->kind_severity[kind] = (int)value;
    }
    p->kind_severity[KIND_UNKNOWN] = p->kind_severity[KIND_COMPLAINT];
    return true;
}

/* --- models.json -------------------------------------------------------------------- */

/* What a customer can ask for whatever rules.json looks for. */
static const char *const usual_remedies[] = {
    "refund",     "replacement",  "repair",  "fix",        "compensation",
    "correction", "cancellation", "apology", "explanation"};

static struct str *
ids_of(const struct classification_label *labels, size_t n, struct arena *arena)
{
    struct str *ids = ARENA_ARRAY(arena, struct str, n + 1);
    for (size_t i = 0; i < n; i++)
        ids[i] = labels[i].id;
    return ids;
}

static bool
read_models(struct loaded *l, const char *dir, struct err *err)
{
    struct classification_policy *p = &l->policy;
    struct str *remedies =
        ARENA_ARRAY(&l->arena, struct str, p->n_rules + COUNT_OF(usual_remedies));
    struct models_codes codes = {
        .product = ids_of(p->product, p->n_products, &l->arena),
        .issue = ids_of(p->issue, p->n_issues, &l->arena),
        .remedy = remedies,
        .n_products = p->n_products,
        .n_issues = p->n_issues,
    };
    for (size_t i = 0; i < COUNT_OF(usual_remedies); i++)
        remedies[codes.n_remedies++] = str_from(usual_remedies[i]);
    for (size_t i = 0; i < p->n_rules; i++)
        if (!str_is_null(p->rule[i].remedy))
            remedies[codes.n_remedies++] = p->rule[i].remedy;
    return models_load(&p->models, &l->models_doc, dir, &codes, &l->arena, err);
}

/* Order of groups: rules, products, issues, lists, lists of rules' own. */
static bool
read_both(struct reader *in, struct err *err)
{
    struct loaded *l = in->loaded;
    struct policy_node root = policy_root(&l->rules_doc);
    struct str version = STR_NULL;
    int64_t near_bytes = 16;
    if (!policy_known(&root,
                      KEYS("version", "near_bytes", "severity", "double_deviation",
                           "kind_threshold", "sentiment_half", "lists", "rules"),
                      err) ||
        !policy_str(&root, "version", true, &version, err) ||
        !policy_i64(&root, "near_bytes", false, 0, 200, &near_bytes, err) ||
        !read_numbers(&root, &l->policy, err) || !read_rules(in, &root, err) ||
        !read_taxonomy(in, err) || !read_lists(in, &root, err) ||
        !read_all_not_near(in, &root, err))
        return false;
    return rules_build(in->phrases, in->n_phrases, in->groups, in->n_groups,
                       (size_t)near_bytes, &l->arena, &l->policy.rules, err);
}

/* Takes the documents, also on failure. models.root may be NULL. */
static struct classification_policy *
from_docs(struct policy_doc docs[3], const char *dir, struct err *err)
{
    struct loaded *l = calloc(1, sizeof(*l));
    struct reader *in = calloc(1, sizeof(*in));
    BUG_IF(!l || !in);
    arena_init(&l->arena, 0);
    l->rules_doc = docs[0];
    l->taxonomy_doc = docs[1];
    l->models_doc = docs[2];
    in->loaded = l;
    bool ok = read_both(in, err) && (!l->models_doc.root || read_models(l, dir, err));
    free(in->phrases);
    free(in);
    if (!ok) {
        classification_policy_free(&l->policy);
        return NULL;
    }
    (void)snprintf(l->version, sizeof(l->version), "%s", l->rules_doc.version);
    int n = snprintf(l->hash, sizeof(l->hash), "%s+%s", l->rules_doc.hash,
                     l->taxonomy_doc.hash);
    if (l->models_doc.root)
        (void)snprintf(l->hash + n, sizeof(l->hash) - (size_t)n, "+%016llx",
                       (unsigned long long)models_hash(&l->policy.models,
                                                       str_from(l->models_doc.hash)));
    l->policy.version = str_from(l->version);
    l->policy.hash = str_from(l->hash);
    return &l->policy;
}

static bool
has_models(const char *dir)
{
    char path[512];
    int n = snprintf(path, sizeof(path), "%s/models.json", dir);
    return n > 0 && (size_t)n < sizeof(path) && access(path, F_OK) == 0;
}

struct classification_policy *
classification_policy_load(const char *dir, struct err *err)
{
    struct policy_doc docs[3] = {{0}};
    if (policy_read(&docs[0], dir, "rules.json", err) &&
        policy_read(&docs[1], dir, "taxonomy.json", err) &&
        (!has_models(dir) || policy_read(&docs[2], dir, "models.json", err)))
        return from_docs(docs, dir, err);
    for (size_t i = 0; i < COUNT_OF(docs); i++)
        policy_release(&docs[i]);
    return NULL;
}

struct classification_policy *
classification_policy_parse(struct str rules, struct str taxonomy, struct err *err)
{
    struct policy_doc docs[3] = {{0}};
    if (policy_parse(&docs[0], "rules.json", rules, err) &&
        policy_parse(&docs[1], "taxonomy.json", taxonomy, err))
        return from_docs(docs, "", err);
    for (size_t i = 0; i < COUNT_OF(docs); i++)
        policy_release(&docs[i]);
    return NULL;
}

void
classification_policy_free(struct classification_policy *policy)
{
    if (!policy)
        return;
    struct loaded *l = (struct loaded *)policy;
    models_close(&policy->models);
    policy_release(&l->rules_doc);
    policy_release(&l->taxonomy_doc);
    policy_release(&l->models_doc);
    arena_release(&l->arena);
    free(l);
}
