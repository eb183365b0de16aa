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
        if (field == ASSIGN_TIER &&
            value_matches(field, list->values[i], facts->tier_said))
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

/* open / capacity without dividing: exact, so the same everywhere. */
static bool
lighter(const struct assign_member *a, int64_t open_a, const struct assign_member *b,
        int64_t open_b)
{
    return open_a * b->capacity < open_b * a->capacity;
}

struct assign_choice
assign_owner(const struct assign_team *team, struct str language, assign_load_fn *load,
             void *ctx)
{
    struct assign_choice best = {.owner = team->lead};
    for (int need_language = 1; need_language >= 0 && !best.member; need_language--) {
        for (size_t i = 0; i < team->n_members; i++) {
            const struct assign_member *member = &team->members[i];
            bool good = speaks(member, language);
            if (need_language && !good)
                continue;
            int64_t open = load(ctx, team->name, member->name);
            if (!best.member || lighter(member, open, best.member, best.open))
                best = (struct assign_choice){member->name, member, good, open};
        }
    }
    return best;
}

const struct assign_member *
assign_member_find(const struct assign_team *team, struct str name)
{
    for (size_t i = 0; i < team->n_members; i++)
        if (str_eq_nocase(team->members[i].name, name))
            return &team->members[i];
    return NULL;
}

/* --- escalation --------------------------------------------------------------------- */

static struct str
role_in(const struct assign_roles *roles, struct str role)
{
    for (size_t i = 0; i < roles->n; i++)
        if (str_eq_nocase(roles->items[i].role, role))
            return roles->items[i].person;
    return STR_NULL;
}

static struct str
person_of(const struct assign_policy *policy, const struct assign_team *team,
          struct str role)
{
    struct str person = role_in(&team->roles, role);
    if (str_empty(person) && str_eq_nocase(role, STR("team_lead")))
        person = team->lead;
    return str_empty(person) ? role_in(&policy->roles, role) : person;
}

struct str
assign_escalate(const struct assign_policy *policy, struct str team, struct str owner,
                struct str role, int64_t level)
{
    const struct assign_team *found = assign_team_find(policy, team);
    if (!found)
        found = assign_team_find(policy, policy->default_team);
    BUG_IF(!found); /* the loader saw to it */

    /* Where the ladder goes on from: the rung itself, else by its number. */
    size_t next = level < 1 ? 0 : (size_t)i64_min(level - 1, (int64_t)policy->n_rungs);
    for (size_t i = 0; i < policy->n_rungs; i++)
        if (str_eq_nocase(policy->rungs[i], role))
            next = i;
    struct str last = str_empty(role) ? STR_NULL : person_of(policy, found, role);
    while ((str_empty(last) || str_eq(last, owner)) && next < policy->n_rungs) {
        struct str person = person_of(policy, found, policy->rungs[next++]);
        if (!str_empty(person))
            last = person;
    }
    return str_empty(last) ? policy->senior_owner : last;
}
