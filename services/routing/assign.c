#include "routing/assign.h"

const struct assign_team *
assign_team_find(const struct assign_policy *policy, struct str name)
{
    for (size_t i = 0; i < policy->n_teams; i++)
        if (str_eq_nocase(policy->teams[i].name, name))
            return &policy->teams[i];
    return NULL;
}

/* People write "Credit card or prepaid card": the word anywhere in it is enough. */
static bool
contains_nocase(struct str text, struct str word)
{
    for (size_t i = 0; word.len > 0 && i + word.len <= text.len; i++)
        if (str_eq_nocase(str_sub(text, i, word.len), word))
            return true;
    return false;
}

static bool
value_matches(enum assign_field field, struct str wanted, struct str value)
{
    if (str_empty(value))
        return false;
    if (str_eq(wanted, STR("*")))
        return true;
    if (field == ASSIGN_PRODUCT || field == ASSIGN_ISSUE)
        return contains_nocase(value, wanted);
    return str_eq_nocase(wanted, value);
}

static bool
list_matches(enum assign_field field, const struct assign_list *list,
             const struct assign_facts *facts)
{
    for (size_t i = 0; i < list->n; i++) {
        if (field != ASSIGN_FLAGS &&
            value_matches(field, list->values[i], facts->field[field]))
            return true;
        for (size_t k = 0; field == ASSIGN_FLAGS && k < facts->n_flags; k++)
            if (value_matches(field, list->values[i], facts->flags[k]))
                return true;
    }
    return list->n == 0;
}

const struct assign_rule *
assign_match(const struct assign_policy *policy, const struct assign_facts *facts)
{
    for (size_t i = 0; i < policy->n_rules; i++) {
        const struct assign_rule *rule = &policy->rules[i];
        bool all = true;
        for (size_t field = 0; all && field < ASSIGN_FIELDS; field++)
            all = list_matches((enum assign_field)field, &rule->lists[field], facts);
        if (all)
            return rule;
    }
    return NULL;
}

static bool
speaks(const struct assign_member *member, struct str language)
{
    for (size_t i = 0; i < member->n_languages; i++)
        if (str_eq_nocase(member->languages[i], language))
            return true;
    return false;
}

struct str
assign_owner(const struct assign_policy *policy, const struct assign_team *team,
             struct str language, assign_load_fn *load, void *ctx)
{
    (void)policy;
    const struct assign_member *best = NULL;
    int64_t best_load = 0;
    for (int need_language = 1; need_language >= 0 && !best; need_language--) {
        for (size_t i = 0; i < team->n_members; i++) {
            const struct assign_member *member = &team->members[i];
            if (need_language && !speaks(member, language))
                continue;
            int64_t open = load(ctx, team->name, member->name);
            /* open / capacity without dividing: exact, so the same everywhere. */
            if (!best || open * best->capacity < best_load * member->capacity) {
                best = member;
                best_load = open;
            }
        }
    }
    return best ? best->name : team->lead;
}

struct str
assign_rung(const struct assign_policy *policy, struct str team, int64_t level)
{
    if (policy->n_rungs == 0 || level < 1)
        return policy->senior_owner;
    size_t at = (size_t)level > policy->n_rungs ? policy->n_rungs - 1 : (size_t)level - 1;
    if (!str_eq(policy->rungs[at], STR("team_lead")))
        return policy->rungs[at];
    const struct assign_team *found = assign_team_find(policy, team);
    return found && !str_empty(found->lead) ? found->lead : policy->senior_owner;
}
