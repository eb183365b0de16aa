/* assign_policy.c - reads routing.json and the notice templates; const afterwards. */
#include <stdlib.h>

#include "routing/assign.h"

static const char *const FIELD_KEYS[] = {
    [ASSIGN_PRODUCT] = "product",   [ASSIGN_ISSUE] = "issue",
    [ASSIGN_CHANNEL] = "channel",   [ASSIGN_LANGUAGE] = "language",
    [ASSIGN_TIER] = "tier",         [ASSIGN_REGULATOR] = "regulator",
    [ASSIGN_BRAND] = "brand",       [ASSIGN_KIND] = "kind",
    [ASSIGN_PRIORITY] = "priority", [ASSIGN_FLAGS] = "flags",
};
_Static_assert(COUNT_OF(FIELD_KEYS) == ASSIGN_FIELDS, "a key for each field");

static bool
read_strings(const struct policy_node *node, const char *key, bool required, size_t max,
             struct arena *arena, size_t *ret_n, struct str **ret_values, struct err *err)
{
    struct policy_node array;
    if (!policy_array(node, key, required, max, &array, err))
        return false;
    *ret_n = array.json ? policy_len(&array) : 0;
    *ret_values = ARENA_ARRAY(arena, struct str, *ret_n + 1);
    for (size_t i = 0; i < *ret_n; i++) {
        struct policy_node item = policy_at(&array, i);
        if (!policy_as_str(&item, &(*ret_values)[i], err))
            return false;
    }
    return true;
}

static bool
read_member(const struct policy_node *node, struct arena *arena,
            struct assign_member *member, struct err *err)
{
    static const char *const KEYS[] = {"name", "languages", "capacity", NULL};
    member->capacity = 50;
    return policy_known(node, KEYS, err) &&
           policy_str(node, "name", true, &member->name, err) &&
           policy_i64(node, "capacity", false, 1, 1000000, &member->capacity, err) &&
           read_strings(node, "languages", false, 32, arena, &member->n_languages,
                        &member->languages, err);
}

static bool
read_team(const struct policy_node *node, struct arena *arena, struct assign_team *team,
          struct err *err)
{
    static const char *const KEYS[] = {"name", "lead", "members", NULL};
    struct policy_node members;
    if (!policy_known(node, KEYS, err) ||
        !policy_str(node, "name", true, &team->name, err) ||
        !policy_str(node, "lead", true, &team->lead, err) ||
        !policy_array(node, "members", false, ASSIGN_MAX_MEMBERS, &members, err))
        return false;
    team->n_members = members.json ? policy_len(&members) : 0;
    team->members = ARENA_ARRAY(arena, struct assign_member, team->n_members + 1);
    for (size_t i = 0; i < team->n_members; i++) {
        struct policy_node item = policy_at(&members, i);
        if (!read_member(&item, arena, &team->members[i], err))
            return false;
    }
    return true;
}

static bool
read_rule(const struct policy_node *node, struct assign_policy *policy,
          struct assign_rule *rule, struct err *err)
{
    const char *keys[ASSIGN_FIELDS + 3] = {"name", "team"};
    for (size_t i = 0; i < ASSIGN_FIELDS; i++)
        keys[i + 2] = FIELD_KEYS[i];
    if (!policy_known(node, keys, err) ||
        !policy_str(node, "name", true, &rule->name, err) ||
        !policy_str(node, "team", true, &rule->team, err))
        return false;
    for (size_t i = 0; i < ASSIGN_FIELDS; i++)
        if (!read_strings(node, FIELD_KEYS[i], false, ASSIGN_MAX_VALUES, &policy->arena,
                          &rule->lists[i].n, &rule->lists[i].values, err))
            return false;
    if (!assign_team_find(policy, rule->team))
        return policy_error(node, err, "team \"%.*s\" is not in $.teams",
                            STR_ARG(rule->team));
    return true;
}

static bool
read_teams(const struct policy_node *root, struct assign_policy *policy, struct err *err)
{
    struct policy_node teams;
    if (!policy_array(root, "teams", true, ASSIGN_MAX_TEAMS, &teams, err))
        return false;
    policy->n_teams = policy_len(&teams);
    policy->teams = ARENA_ARRAY(&policy->arena, struct assign_team, policy->n_teams + 1);
    for (size_t i = 0; i < policy->n_teams; i++) {
        struct policy_node item = policy_at(&teams, i);
        if (!read_team(&item, &policy->arena, &policy->teams[i], err))
            return false;
    }
    if (!assign_team_find(policy, policy->default_team))
        return policy_error(root, err, "default_team \"%.*s\" is not in $.teams",
                            STR_ARG(policy->default_team));
    return true;
}

static bool
read_rules(const struct policy_node *root, struct assign_policy *policy, struct err *err)
{
    struct policy_node rules;
    if (!policy_array(root, "rules", true, ASSIGN_MAX_RULES, &rules, err))
        return false;
    policy->n_rules = policy_len(&rules);
    policy->rules = ARENA_ARRAY(&policy->arena, struct assign_rule, policy->n_rules + 1);
    for (size_t i = 0; i < policy->n_rules; i++) {
        struct policy_node item = policy_at(&rules, i);
        if (!read_rule(&item, policy, &policy->rules[i], err))
            return false;
    }
    return true;
}

static bool
read_routing(struct assign_policy *policy, struct err *err)
{
    static const char *const KEYS[] = {
        "version",    "default_team", "transfer_limit", "senior",
        "escalation", "teams",        "rules",          NULL};
    static const char *const SENIOR_KEYS[] = {"team", "owner", NULL};
    struct policy_node root = policy_root(&policy->doc);
    struct policy_node senior;
    policy->transfer_limit = 3;
    return policy_known(&root, KEYS, err) &&
           policy_str(&root, "default_team", true, &policy->default_team, err) &&
           policy_i64(&root, "transfer_limit", false, 0, 100, &policy->transfer_limit,
                      err) &&
           policy_object(&root, "senior", true, &senior, err) &&
           policy_known(&senior, SENIOR_KEYS, err) &&
           policy_str(&senior, "team", true, &policy->senior_team, err) &&
           policy_str(&senior, "owner", true, &policy->senior_owner, err) &&
           read_strings(&root, "escalation", true, ASSIGN_MAX_RUNGS, &policy->arena,
                        &policy->n_rungs, &policy->rungs, err) &&
           read_teams(&root, policy, err) && read_rules(&root, policy, err);
}

static bool
read_notices(struct assign_policy *policy, size_t language, struct err *err)
{
    static const char *const KEYS[] = {"version", "notices", NULL};
    static const char *const NOTICE_KEYS[] = {"title", "lines", NULL};
    struct policy_node root = policy_root(&policy->notices_doc[language]);
    struct policy_node all;
    if (!policy_known(&root, KEYS, err) ||
        !policy_object(&root, "notices", true, &all, err))
        return false;
    for (size_t i = 0; i < NOTICE_COUNT; i++) {
        struct notice_template *t = &policy->notices[language][i];
        struct policy_node node;
        if (!policy_object(&all, notice_name((enum notice)i), true, &node, err) ||
            !policy_known(&node, NOTICE_KEYS, err) ||
            !policy_str(&node, "title", true, &t->title, err) ||
            !read_strings(&node, "lines", true, 64, &policy->arena, &t->n_lines,
                          &t->lines, err))
            return false;
    }
    return true;
}

void *
assign_policy_load(const char *dir, struct err *err)
{
    static const char *const NOTICE_FILES[] = {"notices/en.json", "notices/zh.json"};
    struct assign_policy *policy = calloc(1, sizeof(*policy));
    BUG_IF(!policy);
    bool ok =
        policy_read(&policy->doc, dir, "routing.json", err) && read_routing(policy, err);
    for (size_t i = 0; ok && i < COUNT_OF(NOTICE_FILES); i++)
        ok = policy_read(&policy->notices_doc[i], dir, NOTICE_FILES[i], err) &&
             read_notices(policy, i, err);
    if (ok)
        return policy;
    assign_policy_free(policy);
    return NULL;
}

void
assign_policy_free(void *loaded)
{
    struct assign_policy *policy = loaded;
    if (!policy)
        return;
    policy_release(&policy->doc);
    for (size_t i = 0; i < COUNT_OF(policy->notices_doc); i++)
        policy_release(&policy->notices_doc[i]);
    arena_release(&policy->arena);
    free(policy);
}
