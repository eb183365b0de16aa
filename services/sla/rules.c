#include "sla/rules.h"

static bool
listed(const struct sla_match_list *list, struct str value)
{
    if (list->n == 0)
        return true;
    value = str_trim(value);
    for (size_t i = 0; i < list->n; i++) {
        if (!str_is_null(value) && str_eq_nocase(list->values[i], value))
            return true;
    }
    return false;
}

static bool
matches(const struct sla_rules *rules, const struct sla_facts *facts)
{
    if (!(listed(&rules->brand, facts->brand) &&
          listed(&rules->product, facts->product) &&
          listed(&rules->regulator, facts->regulator) &&
          listed(&rules->channel, str_from(channel_name(facts->channel))) &&
          listed(&rules->language, facts->language) &&
          (listed(&rules->tier, facts->tier) || listed(&rules->tier, facts->tier_said)) &&
          listed(&rules->priority, str_from(priority_name(facts->priority))) &&
          listed(&rules->kind, str_from(kind_name(facts->kind)))))
        return false;
    int64_t day = calendar_local_day(rules->calendar, facts->statutory_at);
    return (!rules->has_from || day >= rules->from_day) &&
           (!rules->has_to || day <= rules->to_day);
}

static const struct sla_rules *
first_match(const struct sla_rules *rules, size_t n, const struct sla_facts *facts)
{
    for (size_t i = 0; i < n; i++) {
        if (matches(&rules[i], facts))
            return &rules[i];
    }
    return NULL;
}

struct sla_choice
sla_choose(const struct sla_policy *policy, const struct sla_facts *facts)
{
    struct sla_choice choice = {
        .preset = first_match(policy->presets, policy->n_presets, facts),
        .base = first_match(policy->policies, policy->n_policies, facts),
    };
    BUG_IF(!choice.base); /* the loader sees to it that the last one matches */
    return choice;
}

static bool
kind_has(enum kind kind, enum clock clock, bool is_preset)
{
    if (clock == CLOCK_PROMISE)
        return true;
    switch (kind) {
    case KIND_UNKNOWN:
    case KIND_COMPLAINT:
        return true;
    case KIND_INQUIRY:
        if (clock == CLOCK_RECOVERY_WINDOW || clock == CLOCK_FOLLOW_UP)
            return false;
        return is_preset || clock == CLOCK_ACKNOWLEDGE || clock == CLOCK_FIRST_RESPONSE;
    case KIND_SUGGESTION:
        return clock == CLOCK_ACKNOWLEDGE;
    case KIND_PRAISE:
    case KIND_COUNT:
        break;
    }
    return false;
}

const struct sla_clock_rule *
sla_rule(const struct sla_choice *choice, enum kind kind, enum clock clock,
         const struct sla_rules **ret_rules)
{
    bool is_preset = choice->preset && choice->preset->clocks[clock].set;
    const struct sla_rules *rules = is_preset ? choice->preset : choice->base;
    if (!rules->clocks[clock].set || !kind_has(kind, clock, is_preset))
        return NULL;
    *ret_rules = rules;
    return &rules->clocks[clock];
}

const struct calendar *
sla_calendar(const struct sla_policy *policy, struct str name, struct str zone)
{
    const struct calendar *found = policy->calendars[0];
    for (size_t i = policy->n_calendars; i-- > 0;) {
        const struct calendar *calendar = policy->calendars[i];
        if (!str_eq(calendar->name, name))
            continue;
        if (str_eq(calendar->zone->name, zone))
            return calendar;
        found = calendar;
    }
    return found;
}
