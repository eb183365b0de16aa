/* assign_policy.c - reads routing.json; const afterwards. */
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

/* {"role": "person", ...} */
static bool
read_roles(const struct policy_node *node, struct arena *arena,
           struct assign_roles *ret_roles, struct err *err)
{
    struct policy_node roles;
    const char *role = NULL;
    json_t *person = NULL;
    if (!policy_object(node, "roles", false, &roles, err))
        return false;
    size_t n = roles.json ? json_object_size(roles.json) : 0;
    if (n > ASSIGN_MAX_ROLES)
        return policy_error(&roles, err, "more than %d roles", ASSIGN_MAX_ROLES);
    ret_roles->items = ARENA_ARRAY(arena, struct assign_role, n + 1);
    if (n == 0)
        return true;
    json_object_foreach(roles.json, role, person)
    {
        struct assign_role *item = &ret_roles->items[ret_roles->n];
        if (strcmp(role, "comment") == 0)
            continue;
        item->role = str_from(role);
        if (!policy_str(&roles, role, true, &item->person, err))
            return false;
        if (str_empty(item->person))
            return policy_error(&roles, err, "role \"%s\" has no person", role);
        ret_roles->n++;
    }
    return true;
}

static bool
read_team(const struct policy_node *node, struct arena *arena, struct assign_team *team,
          struct err *err)
{
    static const char *const KEYS[] = {"name", "lead", "members", "roles", NULL};
    struct policy_node members;
    if (!policy_known(node, KEYS, err) ||
        !policy_str(node, "name", true, &team->name, err) ||
        !policy_str(node, "lead", true, &team->lead, err) ||
        !read_roles(node, arena, &team->roles, err) ||
        !policy_array(node, "members", false, ASSIGN_MAX_MEMBERS, &members, err))
        return false;
    if (str_empty(team->name) || str_empty(team->lead))
        return policy_error(node, err, "a team needs a name and a lead");
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

/* A rung that nobody can climb to would be noticed only when it is needed. */
static bool
check_rungs(const struct policy_node *root, const struct assign_policy *policy,
            struct err *err)
{
    for (size_t i = 0; i < policy->n_rungs; i++) {
        struct str rung = policy->rungs[i];
        bool known = str_eq(rung, STR("team_lead"));
        for (size_t k = 0; k < policy->roles.n; k++)
            known |= str_eq_nocase(policy->roles.items[k].role, rung);
        if (!known)
            return policy_error(root, err,
                                "escalation \"%.*s\": nobody has this role in $.roles",
                                STR_ARG(rung));
    }
    return true;
}

static bool
read_routing(struct assign_policy *policy, struct err *err)
{
    static const char *const KEYS[] = {"version", "default_team", "transfer_limit",
                                       "senior",  "roles",        "escalation",
                                       "teams",   "rules",        NULL};
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
           (!str_empty(policy->senior_owner) ||
            policy_error(&senior, err, "the senior owner needs a name")) &&
           read_roles(&root, &policy->arena, &policy->roles, err) &&
           read_strings(&root, "escalation", true, ASSIGN_MAX_RUNGS, &policy->arena,
                        &policy->n_rungs, &policy->rungs, err) &&
           check_rungs(&root, policy, err) && read_teams(&root, policy, err) &&
           read_rules(&root, policy, err);
}

void *
assign_policy_load(const char *dir, struct err *err)
{
    struct assign_policy *policy = calloc(1, sizeof(*policy));
    BUG_IF(!policy);
    if (policy_read(&policy->doc, dir, "routing.json", err) &&
        read_routing(policy, err) && notice_policy_load(&policy->notices, dir, err))
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
    notice_policy_release(&policy->notices);
    arena_release(&policy->arena);
    free(policy);
}
