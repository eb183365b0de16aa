#include "triage/triage.h"

#include <math.h>

#include "triage/triage_reach.h"

#define MAX_REASONS 32

/* Collects the components as they are used. */
struct tally {
    struct reason *reasons;
    size_t n;
};

/* Two decimals: more would only show rounding. */
static double
round2(double x)
{
    return floor(x * 100.0 + 0.5) / 100.0;
}

static void
note_str(struct tally *tally, struct str name, double value, double weight,
         const char *text)
{
    if (tally->n == MAX_REASONS)
        return;
    tally->reasons[tally->n++] = (struct reason){
        .name = name,
        .value = round2(value),
        .weight = round2(weight),
        .text = str_from(text),
    };
}

static void
note(struct tally *tally, const char *name, double value, double weight, const char *text)
{
    note_str(tally, str_from(name), value, weight, text);
}

static bool
has_flag(const struct triage_case *c, struct str flag)
{
    for (size_t i = 0; i < c->n_flags; i++)
        if (str_eq(c->flags[i], flag))
            return true;
    return false;
}

bool
triage_is_active(enum state state)
{
    return state == STATE_OPEN || state == STATE_WAITING_CUSTOMER ||
           state == STATE_WAITING_THIRD_PARTY || state == STATE_PROPOSED;
}

/* --- relationship ------------------------------------------------------------------- */

static double
years_with_us(const struct triage_customer *u, int64_t at_ms)
{
    if (!u->has_since || u->since >= at_ms)
        return 0;
    /* In double: what a publisher calls "since" may lie anywhere. */
    return ((double)at_ms - (double)u->since) / (365.25 * (double)DAY_MS);
}

static bool
is_called(const struct triage_tier *tier, struct str name)
{
    if (str_eq_nocase(tier->name, name))
        return true;
    for (size_t i = 0; i < tier->n_aliases; i++)
        if (str_eq_nocase(tier->aliases[i], name))
            return true;
    return false;
}

const struct triage_tier *
triage_tier_of(const struct triage_policy *policy, const struct triage_customer *u,
               int64_t at_ms)
{
    const struct triage_tier *tiers = policy->tiers;
    if (!str_empty(u->tier))
        for (size_t i = 0; i < policy->n_tiers; i++)
            if (is_called(&tiers[i], u->tier))
                return &tiers[i];
    double years = years_with_us(u, at_ms);
    for (size_t i = 0; i < policy->n_tiers; i++) {
        if (tiers[i].min_lifetime_value > 0 && u->has_lifetime_value &&
            u->lifetime_value >= tiers[i].min_lifetime_value)
            return &tiers[i];
        if (tiers[i].min_years > 0 && years >= tiers[i].min_years)
            return &tiers[i];
    }
    return &tiers[policy->default_tier];
}

/* --- the three factors -------------------------------------------------------------- */

static double
severity_of(const struct triage_policy *policy, const struct triage_case *c, bool doubled,
            bool betrayal, struct tally *tally)
{
    int level = c->case_severity < 1 ? 1 : c->case_severity > 5 ? 5 : c->case_severity;
    double severity = policy->points[level];
    note(tally, "severity", level, severity, "severity 1-5, as points");
    double kind = policy->kind_factor[c->kind];
    if (kind != 1) {
        severity *= kind;
        note(tally, "kind", c->kind, kind,
             "inquiry, suggestion or praise: not a complaint");
    }
    if (doubled) {
        severity *= policy->double_deviation_factor;
        note(tally, "double_deviation", (double)c->n_evidence,
             policy->double_deviation_factor, "the handling failed too");
    }
    if (betrayal) {
        severity *= policy->betrayal_factor;
        note(tally, "betrayal", 1, policy->betrayal_factor,
             "a best customer, failed twice");
    }
    return severity;
}

/* Of the 28 days that a recovery has; a repeated complaint counts from the first one. */
static double
days_left(const struct triage_case *c, int64_t at_ms)
{
    int64_t ends = c->recovery_ends_at;
    if (ends == c->received_at + TRIAGE_WINDOW_MS)
        ends = i64_min(ends, c->first_failure_at + TRIAGE_WINDOW_MS);
    int64_t left = i64_max(0, i64_min(ends - at_ms, TRIAGE_WINDOW_MS));
    return (double)left / (double)DAY_MS;
}

static double
salvageability_of(const struct triage_policy *policy, const struct triage_case *c,
                  const struct triage_customer *u, const struct triage_tier *tier,
                  int64_t at_ms, struct tally *tally)
{
    double left = days_left(c, at_ms);
    double window = 1 - policy->window_loss * (1 - left / 28.0);
    note(tally, "days_left", left, window, "of the 28 in which a recovery works");
    double salvage = window * tier->factor;
    note(tally, "tier", 1, tier->factor, "relationship");

    double years = years_with_us(u, at_ms);
    double tenure = 1 + fmin(policy->tenure_max, policy->tenure_per_year * floor(years));
    if (tenure != 1) {
        salvage *= tenure;
        note(tally, "tenure", floor(years), tenure, "years with us");
    }
    if (u->has_lifetime_value && u->lifetime_value > policy->value_from) {
        double value = 1 + fmin(policy->value_max,
                                policy->value_per_tenfold *
                                    log10(u->lifetime_value / policy->value_from));
        salvage *= value;
        note(tally, "lifetime_value", u->lifetime_value, value,
             "what the relationship is worth");
    }
    if (c->failed_recoveries > policy->failed_free) {
        double factor = 1;
        int32_t counted = c->failed_recoveries < 100 ? c->failed_recoveries : 100;
        for (int64_t i = policy->failed_free; i < counted; i++)
            factor *= policy->failed_factor;
        salvage *= factor;
        note(tally, "failed_recoveries", c->failed_recoveries, factor,
             "each further failed recovery makes it harder");
    }
    if (c->state == STATE_WITHDRAWN) {
        salvage *= policy->withdrawn_factor;
        note(tally, "withdrawn", 1, policy->withdrawn_factor, "gave up on us");
    } else if (!c->has_silent_since && at_ms - c->customer_at > policy->speaking_ms) {
        /* While we owe the answer, the silence is ours. */
        salvage *= policy->not_speaking_factor;
        note(tally, "not_speaking",
             floor((double)(at_ms - c->customer_at) / (double)DAY_MS),
             policy->not_speaking_factor, "days since the customer last spoke to us");
    }
    return salvage;
}

/* Powers of ten above `from`, times weight. */
static double
magnitude(double amount, double from, double weight)
{
    return amount > from ? weight * log10(amount / from) : 0;
}

static double
exposure_of(const struct triage_policy *policy, const struct triage_case *c,
            const struct triage_customer *u, int64_t at_ms, struct tally *tally)
{
    double reach = triage_reach_points(policy, c->views, c->shares, c->replies);
    double growth = c->doubling_hours > 0
                        ? policy->growth *
                              fmin(1, policy->growth_hours / c->doubling_hours) *
                              triage_growth_left(policy, c, at_ms)
                        : 0;
    double followers = u->has_followers ? (double)u->followers : 0;
    bool media = c->channel == CHANNEL_MEDIA;
    bool association = c->channel == CHANNEL_CONSUMER_ASSOCIATION;
    const struct {
        const char *name;
        double value;
        double add;
        const char *text;
    } parts[] = {
        {"public", c->public, c->public ? policy->public_ : 0, "others read it"},
        {"regulator", c->regulator, c->regulator ? policy->regulator : 0,
         "an authority is involved"},
        {"media", media, media ? policy->media : 0, "the press is involved"},
        {"consumer_association", association,
         association ? policy->consumer_association : 0,
         "an association speaks for the customer"},
        {"regulator_threat", 1,
         has_flag(c, STR("regulator_threat")) ? policy->regulator_threat : 0,
         "speaks of an authority"},
        {"media_threat", 1, has_flag(c, STR("media_threat")) ? policy->media_threat : 0,
         "speaks of the public"},
        {"legal_threat", 1, has_flag(c, STR("legal_threat")) ? policy->legal_threat : 0,
         "speaks of the courts"},
        {"reach", reach, magnitude(reach, policy->reach_from, policy->reach),
         "views, shares and replies, as points"},
        {"reach_growth", c->doubling_hours, growth, "hours in which the reach doubles"},
        {"followers", followers,
         magnitude(followers, policy->followers_from, policy->followers),
         "followers of the customer"},
        {"collective", 1, c->collective ? policy->collective : 0,
         "member of a collective complaint"},
    };
    double exposure = 1;
    for (size_t i = 0; i < COUNT_OF(parts); i++) {
        if (parts[i].add == 0)
            continue;
        exposure += parts[i].add;
        note(tally, parts[i].name, parts[i].value, parts[i].add, parts[i].text);
    }
    return fmin(exposure, policy->max_exposure);
}

/* --- on top ------------------------------------------------------------------------- */

static bool
override_holds(const struct triage_override *o, const struct triage_case *c,
               const struct triage_customer *u)
{
    if (o->vulnerable_customer && u->has_vulnerable && u->vulnerable)
        return true;
    for (size_t i = 0; i < o->n_flags; i++)
        if (has_flag(c, o->flags[i]))
            return true;
    return false;
}

static double
on_top(const struct triage_policy *policy, const struct triage_case *c,
       const struct triage_customer *u, double score, struct tally *tally)
{
    double kind = policy->kind_factor[c->kind];
    if (c->age_steps > 0 && policy->n_ageing > 0) {
        size_t step = (size_t)c->age_steps - 1;
        step = step < policy->n_ageing ? step : policy->n_ageing - 1;
        score += kind * policy->ageing[step].add;
        note(tally, "ageing", c->age_steps, kind * policy->ageing[step].add,
             "nothing starves: added with age");
    }
    if (c->has_silent_since && c->silence_told) {
        score += kind * policy->silence_add;
        note(tally, "silence", 1, kind * policy->silence_add, "waits for our answer");
    }
    for (size_t i = 0; i < policy->n_overrides; i++) {
        const struct triage_override *o = &policy->overrides[i];
        if (!override_holds(o, c, u))
            continue;
        double lifted = fmax(score + o->add, o->at_least);
        note_str(tally, o->name, 1, lifted - score, "override");
        score = lifted;
    }
    return score;
}

static enum triage_class
class_of(const struct triage_policy *policy, enum kind kind, double score, double salvage)
{
    if (score >= policy->class_immediate)
        return TRIAGE_CLASS_IMMEDIATE;
    if (score >= policy->class_urgent)
        return TRIAGE_CLASS_URGENT;
    if (kind == KIND_COMPLAINT && salvage < policy->minimal_below)
        return TRIAGE_CLASS_MINIMAL;
    return TRIAGE_CLASS_ROUTINE;
}

static enum priority
priority_of(const struct triage_policy *policy, enum triage_class triage_class,
            double score)
{
    if (score >= policy->priority_1)
        return PRIORITY_P1;
    if (score >= policy->priority_2)
        return PRIORITY_P2;
    if (score >= policy->priority_3 && triage_class != TRIAGE_CLASS_MINIMAL)
        return PRIORITY_P3;
    return PRIORITY_P4;
}

/* Unsalvageable and nobody watches: after the light cases, however grave. Where others
 * look on - an authority, the press, the public - it is not only this customer who is at
 * stake, and the product stands. */
static double
unsalvageable(const struct triage_policy *policy, const struct triage_case *c,
              double salvage, double exposure, double score, struct tally *tally)
{
    if (c->kind != KIND_COMPLAINT || salvage >= policy->minimal_below ||
        exposure >= policy->minimal_exposure_below || score <= policy->minimal_score)
        return score;
    note(tally, "unsalvageable", salvage, policy->minimal_score / score,
         "too late for a recovery, and nobody watches: after the light cases");
    return policy->minimal_score;
}

void
triage_score(const struct triage_policy *policy, const struct triage_case *c,
             const struct triage_customer *u, int64_t at_ms, struct arena *arena,
             struct triage_section *ret)
{
    BUG_IF(c->kind >= KIND_COUNT);
    struct tally tally = {.reasons = ARENA_ARRAY(arena, struct reason, MAX_REASONS)};
    const struct triage_tier *tier = triage_tier_of(policy, u, at_ms);
    bool doubled = c->n_evidence > 0;
    bool betrayal = doubled && tier->relationship == TRIAGE_BEST;

    double severity = severity_of(policy, c, doubled, betrayal, &tally);
    /* What is compared is what is shown. */
    double salvage = round2(salvageability_of(policy, c, u, tier, at_ms, &tally));
    double exposure = exposure_of(policy, c, u, at_ms, &tally);
    double score = unsalvageable(policy, c, salvage, exposure,
                                 severity * salvage * exposure, &tally);
    score = on_top(policy, c, u, score, &tally);
    score = round2(score);
    enum triage_class triage_class = class_of(policy, c->kind, score, salvage);

    *ret = (struct triage_section){
        .priority = priority_of(policy, triage_class, score),
        .triage_class = triage_class,
        .score = score,
        .severity = round2(severity),
        .salvageability = salvage,
        .exposure = round2(exposure),
        .double_deviation = doubled,
        .n_evidence = c->n_evidence,
        .evidence = c->evidence,
        .failed_recoveries = c->failed_recoveries,
        .n_reasons = tally.n,
        .reasons = tally.reasons,
        .tier = tier->name,
        .betrayal = betrayal,
        .reopen_advised = c->reopen_advised,
        .recovery_days_left = round2(days_left(c, at_ms)),
        .has_silent_since = c->has_silent_since,
        .silent_since = c->silent_since,
        .rating = c->rating,
        .has_first_failure_at = true,
        .first_failure_at = c->first_failure_at,
        .doubling_hours =
            triage_growth_left(policy, c, at_ms) > 0 ? round2(c->doubling_hours) : 0,
        .policy_version = policy->version,
        .policy_hash = policy->hash,
    };
    triage_advise(policy, c, u, tier, arena, ret);
}
