#include "sla/sla_policy.h"

#include <stdio.h>
#include <stdlib.h>

#include "sla/sla_loader.h"

/* FNV-1a over the files' hashes, in their order. */
static void
add_hash(struct loader *loader, const char *hash)
{
    for (; *hash; hash++)
        loader->hash = (loader->hash ^ (unsigned char)*hash) * UINT64_C(0x100000001b3);
}

bool
loader_str(struct loader *loader, const struct policy_node *node, const char *key,
           bool required, size_t max_bytes, struct str *ret, struct err *err)
{
    struct str text = STR_NULL;
    if (!policy_str(node, key, required, &text, err))
        return false;
    if (text.len > max_bytes || (!str_is_null(text) && text.len == 0)) {
        struct policy_node child = policy_get(node, key);
        return policy_error(&child, err, "must have 1 to %zu bytes", max_bytes);
    }
    *ret = arena_str(loader_arena(loader), text);
    return true;
}

/* --- policies and presets ----------------------------------------------------------- */

/* A string or an array of strings. */
static bool
read_list(struct loader *loader, const struct policy_node *node, const char *key,
          struct sla_match_list *ret, struct err *err)
{
    if (!policy_has(node, key))
        return true;
    struct policy_node child = policy_get(node, key);
    bool one = json_is_string(child.json);
    if (!one && !policy_array(node, key, true, SLA_MATCH_MAX, &child, err))
        return false;
    size_t n = one ? 1 : policy_len(&child);
    if (n == 0)
        return policy_error(&child, err, "must name at least one value");
    struct str *values = ARENA_ARRAY(loader_arena(loader), struct str, n);
    for (size_t i = 0; i < n; i++) {
        struct policy_node item = one ? child : policy_at(&child, i);
        struct str text = STR_NULL;
        if (!policy_as_str(&item, &text, err))
            return false;
        values[i] = arena_str(loader_arena(loader), str_trim(text));
        if (values[i].len == 0)
            return policy_error(&item, err, "must not be empty");
    }
    ret->n = n;
    ret->values = values;
    return true;
}

/* A list whose values are an enumeration's: a typing error would match nothing. */
static bool
read_names(struct loader *loader, const struct policy_node *node, const char *key,
           const char *(*name)(int), int n_names, struct sla_match_list *ret,
           struct err *err)
{
    if (!read_list(loader, node, key, ret, err))
        return false;
    for (size_t i = 0; i < ret->n; i++) {
        bool known = false;
        for (int k = 0; k < n_names && !known; k++)
            known = str_eq_nocase(ret->values[i], str_from(name(k)));
        if (!known) {
            struct policy_node child = policy_get(node, key);
            return policy_error(&child, err, "there is no %s \"%.*s\"", key,
                                STR_ARG(ret->values[i]));
        }
    }
    return true;
}

static const char *
name_of_channel(int i)
{
    return channel_name((enum channel)i);
}

static const char *
name_of_priority(int i)
{
    return priority_name((enum priority)i);
}

static const char *
name_of_kind(int i)
{
    return kind_name((enum kind)i);
}

static bool
read_match(struct loader *loader, const struct policy_node *node, struct sla_rules *rules,
           struct err *err)
{
    struct policy_node match;
    if (!policy_has(node, "match"))
        return true;
    return policy_object(node, "match", true, &match, err) &&
           policy_known(&match,
                        KEYS("brand", "product", "regulator", "channel", "language",
                             "priority", "kind", "tier"),
                        err) &&
           read_list(loader, &match, "brand", &rules->brand, err) &&
           read_list(loader, &match, "product", &rules->product, err) &&
           read_list(loader, &match, "regulator", &rules->regulator, err) &&
           read_names(loader, &match, "channel", name_of_channel, CHANNEL_COUNT,
                      &rules->channel, err) &&
           read_list(loader, &match, "language", &rules->language, err) &&
           read_names(loader, &match, "priority", name_of_priority, PRIORITY_COUNT,
                      &rules->priority, err) &&
           read_names(loader, &match, "kind", name_of_kind, KIND_COUNT, &rules->kind,
                      err) &&
           read_list(loader, &match, "tier", &rules->tier, err);
}

/* Name, version, calendar, zone and clocks: what policies and presets share. */
static bool
read_rules(struct loader *loader, const struct policy_node *node, struct sla_rules *rules,
           struct err *err)
{
    struct str calendar = STR("default");
    struct str zone = STR_NULL;
    if (!loader_str(loader, node, "name", true, 120, &rules->name, err) ||
        !loader_str(loader, node, "version", false, 60, &rules->version, err) ||
        !policy_str(node, "calendar", false, &calendar, err) ||
        !policy_str(node, "zone", false, &zone, err))
        return false;
    rules->calendar = calendar_set_find(&loader->calendars, calendar, zone, node, err);
    return rules->calendar && loader_clocks(loader, node, rules, err);
}

static bool
read_policies(struct loader *loader, const struct policy_node *root, struct err *err)
{
    struct policy_node list;
    if (!policy_array(root, "policies", true, RULES_MAX, &list, err))
        return false;
    size_t n = policy_len(&list);
    struct sla_rules *all = ARENA_ARRAY(loader_arena(loader), struct sla_rules, n + 1);
    for (size_t i = 0; i < n; i++) {
        struct policy_node node = policy_at(&list, i);
        if (!policy_known(&node,
                          KEYS("name", "version", "match", "calendar", "zone", "clocks"),
                          err) ||
            !read_rules(loader, &node, &all[i], err) ||
            !read_match(loader, &node, &all[i], err))
            return false;
        if (str_is_null(all[i].version))
            all[i].version = loader->policy.version;
    }
    struct policy_node last = policy_at(&list, n > 0 ? n - 1 : 0);
    if (n == 0 || json_object_size(policy_get(&last, "match").json) > 0)
        return policy_error(&list, err, "the last policy must match everything");
    loader->policy.policies = all;
    loader->policy.n_policies = n;
    return true;
}

static bool
read_in_force(const struct policy_node *root, struct sla_rules *rules, struct err *err)
{
    struct policy_node span;
    if (!policy_object(root, "in_force", true, &span, err) ||
        !policy_known(&span, KEYS("from", "to"), err))
        return false;
    struct policy_node from = policy_get(&span, "from");
    struct policy_node to = policy_get(&span, "to");
    rules->has_from = from.json != NULL;
    rules->has_to = to.json != NULL;
    if ((rules->has_from && !calendar_date(&from, &rules->from_day, err)) ||
        (rules->has_to && !calendar_date(&to, &rules->to_day, err)))
        return false;
    return true;
}

static bool
read_preset(struct loader *loader, struct str name, struct sla_rules *rules,
            struct err *err)
{
    char file[128];
    struct policy_doc doc;
    int n = snprintf(file, sizeof(file), "sla/%.*s.json", STR_ARG(name));
    if (n < 0 || (size_t)n >= sizeof(file))
        return err_set(err, ERR_STOP, "preset name too long: %.60s", file);
    if (!policy_read(&doc, loader->dir, file, err))
        return false;
    struct policy_node root = policy_root(&doc);
    bool ok = policy_known(&root,
                           KEYS("name", "version", "title", "regulators", "in_force",
                                "calendar", "zone", "clocks", "source", "unchecked"),
                           err) &&
              read_rules(loader, &root, rules, err) &&
              read_list(loader, &root, "regulators", &rules->regulator, err) &&
              read_in_force(&root, rules, err);
    if (ok && (!str_eq(rules->name, name) || str_is_null(rules->version) ||
               rules->regulator.n == 0))
        ok = policy_error(&root, err,
                          "needs a version, regulators, and the name of its file");
    add_hash(loader, doc.hash);
    policy_release(&doc);
    return ok;
}

static bool
read_presets(struct loader *loader, const struct policy_node *root, struct err *err)
{
    struct policy_node list;
    if (!policy_has(root, "presets"))
        return true;
    if (!policy_array(root, "presets", true, RULES_MAX, &list, err))
        return false;
    size_t n = policy_len(&list);
    struct sla_rules *all = ARENA_ARRAY(loader_arena(loader), struct sla_rules, n + 1);
    for (size_t i = 0; i < n; i++) {
        struct policy_node item = policy_at(&list, i);
        struct str name = STR_NULL;
        if (!policy_as_str(&item, &name, err) || !read_preset(loader, name, &all[i], err))
            return false;
    }
    loader->policy.presets = all;
    loader->policy.n_presets = n;
    return true;
}

static bool
read_calendars(struct loader *loader, const struct policy_node *root, struct err *err)
{
    struct policy_node list;
    if (!policy_array(root, "calendars", true, RULES_MAX, &list, err))
        return false;
    size_t n = policy_len(&list);
    if (n == 0)
        return policy_error(&list, err, "must name at least one calendar");
    for (size_t i = 0; i < n; i++) {
        struct policy_node item = policy_at(&list, i);
        struct str name = STR_NULL;
        char hash[17];
        if (!policy_as_str(&item, &name, err) ||
            !calendar_set_read(&loader->calendars, loader->dir, name, hash, err))
            return false;
        add_hash(loader, hash);
    }
    return true;
}

static bool
read_all(struct loader *loader, const struct policy_node *root, struct err *err)
{
    if (!policy_known(
            root, KEYS("version", "calendars", "presets", "ladders", "policies"), err) ||
        !loader_str(loader, root, "version", true, 60, &loader->policy.version, err) ||
        !read_calendars(loader, root, err) || !loader_ladders(loader, root, err) ||
        !read_policies(loader, root, err) || !read_presets(loader, root, err))
        return false;
    struct sla_policy *policy = &loader->policy;
    policy->calendars = loader->calendars.calendars;
    policy->n_calendars = loader->calendars.n_calendars;
    policy->hash =
        arena_printf(loader_arena(loader), "%016llx", (unsigned long long)loader->hash);
    return true;
}

struct sla_policy *
sla_policy_load(const char *dir, struct err *err)
{
    struct policy_doc doc;
    if (!policy_read(&doc, dir, "sla.json", err))
        return NULL;
    struct loader *loader = calloc(1, sizeof(*loader));
    BUG_IF(!loader);
    loader->dir = dir;
    loader->hash = UINT64_C(0xcbf29ce484222325);
    add_hash(loader, doc.hash);
    struct policy_node root = policy_root(&doc);
    bool ok = read_all(loader, &root, err);
    policy_release(&doc);
    loader->dir = NULL;
    if (!ok) {
        sla_policy_free(&loader->policy);
        return NULL;
    }
    return &loader->policy;
}

void
sla_policy_free(struct sla_policy *policy)
{
    if (!policy)
        return;
    struct loader *loader = (struct loader *)(void *)policy;
    calendar_set_release(&loader->calendars);
    free(loader);
}
