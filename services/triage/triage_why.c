/* What moved a score, in a sentence: the components before and after, the largest change
 * first. */
#include "triage/triage.h"

#include <math.h>

#define WHY_BYTES 250
#define PARTS 3
#define MAX_CHANGES 64
#define LEAST_EFFECT 0.03 /* a change of 3 % moves nobody */

/* How a component takes part in the score. */
enum role {
    ROLE_FACTOR,   /* multiplies            */
    ROLE_EXPOSURE, /* is added to exposure  */
    ROLE_ON_TOP,   /* is added to the score */
};

struct change {
    const struct reason *before; /* NULL: new  */
    const struct reason *now;    /* NULL: gone */
    double effect;               /* on the logarithm of the score, in size */
};

static bool
is_one_of(struct str name, const char *const *names, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (str_eq(name, str_from(names[i])))
            return true;
    return false;
}

static enum role
role_of(const struct reason *r)
{
    static const char *const factors[] = {
        "severity",          "kind",      "double_deviation", "betrayal",
        "days_left",         "tier",      "tenure",           "lifetime_value",
        "failed_recoveries", "withdrawn", "not_speaking",     "unsalvageable"};
    static const char *const on_top[] = {"ageing", "silence"};
    if (is_one_of(r->name, factors, COUNT_OF(factors)))
        return ROLE_FACTOR;
    if (is_one_of(r->name, on_top, COUNT_OF(on_top)) || str_eq(r->text, STR("override")))
        return ROLE_ON_TOP;
    return ROLE_EXPOSURE;
}

/* Of what the score was when the component was not there. */
static double
effect_of(const struct change *change, const struct triage_section *before)
{
    const struct reason *any = change->now ? change->now : change->before;
    enum role role = role_of(any);
    double none = role == ROLE_FACTOR ? 1 : 0;
    double from = change->before ? change->before->weight : none;
    double to = change->now ? change->now->weight : none;
    if (role == ROLE_FACTOR)
        return fabs(log(fmax(to, 0.01) / fmax(from, 0.01)));
    double base = role == ROLE_EXPOSURE ? before->exposure : fmax(before->score, 1);
    return fabs(log(fmax(base + to - from, 0.01) / fmax(base, 0.01)));
}

static const struct reason *
find(const struct triage_section *s, struct str name)
{
    for (size_t i = 0; i < s->n_reasons; i++)
        if (str_eq(s->reasons[i].name, name))
            return &s->reasons[i];
    return NULL;
}

static void
add_change(struct change *changes, size_t *n, struct change change,
           const struct triage_section *before)
{
    change.effect = effect_of(&change, before);
    if (*n < MAX_CHANGES && change.effect > LEAST_EFFECT)
        changes[(*n)++] = change;
}

static size_t
changes_of(const struct triage_section *before, const struct triage_section *now,
           struct change *changes)
{
    size_t n = 0;
    for (size_t i = 0; i < now->n_reasons; i++)
        add_change(changes, &n,
                   (struct change){.before = find(before, now->reasons[i].name),
                                   .now = &now->reasons[i]},
                   before);
    for (size_t i = 0; i < before->n_reasons; i++)
        if (!find(now, before->reasons[i].name))
            add_change(changes, &n, (struct change){.before = &before->reasons[i]},
                       before);
    return n;
}

/* "refused_remedy" as people write it. */
static struct str
with_blanks(struct arena *arena, struct str name)
{
    struct str copy = arena_printf(arena, "%.*s", STR_ARG(name));
    char *at = (char *)copy.ptr;
    for (size_t i = 0; i < copy.len; i++)
        if (at[i] == '_')
            at[i] = ' ';
    return copy;
}

static struct str
describe(const struct change *change, const struct triage_section *before,
         const struct triage_section *now, struct arena *arena)
{
    const struct reason *from = change->before, *to = change->now;
    struct str name = to ? to->name : from->name;
    if (str_eq(name, STR("double_deviation"))) {
        if (!to)
            return STR("double_deviation: no longer");
        struct str kind = now->n_evidence > 0 ? now->evidence[now->n_evidence - 1].kind
                                              : STR("the handling failed too");
        return arena_printf(arena, "double_deviation: %.*s",
                            STR_ARG(with_blanks(arena, kind)));
    }
    if (str_eq(name, STR("tier")))
        return arena_printf(arena, "tier: %.*s to %.*s",
                            STR_ARG(str_cut_utf8(before->tier, 40)),
                            STR_ARG(str_cut_utf8(now->tier, 40)));
    if (!from && to->value != 0 && to->value != 1)
        return arena_printf(arena, "%.*s: %.10g (%.*s)", STR_ARG(name), to->value,
                            STR_ARG(str_cut_utf8(to->text, 70)));
    if (!from)
        return arena_printf(arena, "%.*s: %.*s", STR_ARG(name),
                            STR_ARG(str_cut_utf8(to->text, 70)));
    if (!to)
        return arena_printf(arena, "%.*s: no longer", STR_ARG(name));
    if (from->value != to->value)
        return arena_printf(arena, "%.*s: %.10g to %.10g", STR_ARG(name), from->value,
                            to->value);
    return arena_printf(arena, "%.*s: weight %.10g to %.10g", STR_ARG(name), from->weight,
                        to->weight);
}

/* The largest first; equal ones as the score names them. */
static struct change
take_largest(struct change *changes, size_t n)
{
    size_t best = 0;
    for (size_t i = 1; i < n; i++)
        if (changes[i].effect > changes[best].effect)
            best = i;
    struct change taken = changes[best];
    changes[best].effect = -1;
    return taken;
}

/* Joined by "; ", as long as there is room for the score behind it. */
static void
join(struct arena *arena, struct str *text, struct str part)
{
    if (str_empty(part) || text->len + part.len + 2 > WHY_BYTES - 40)
        return;
    *text = str_empty(*text)
                ? part
                : arena_printf(arena, "%.*s; %.*s", STR_ARG(*text), STR_ARG(part));
}

static struct str
policy_change(const struct triage_case *c, const struct triage_policy *policy,
              struct arena *arena)
{
    if (str_empty(c->policy_hash) || str_eq(c->policy_hash, policy->hash))
        return STR_NULL;
    if (str_eq(c->policy_version, policy->version))
        return arena_printf(arena, "policy %.*s changed (%.*s to %.*s)",
                            STR_ARG(policy->version), STR_ARG(c->policy_hash),
                            STR_ARG(policy->hash));
    return arena_printf(arena, "policy %.*s to %.*s", STR_ARG(c->policy_version),
                        STR_ARG(policy->version));
}

struct str
triage_why(const struct triage_policy *policy, const struct triage_case *before_case,
           const struct triage_customer *before_customer,
           const struct triage_section *now, struct str what, struct arena *arena)
{
    struct triage_section before;
    struct change changes[MAX_CHANGES];
    triage_score(policy, before_case, before_customer, before_case->last_at, arena,
                 &before);
    size_t n = changes_of(&before, now, changes);
    struct str other = policy_change(before_case, policy, arena);
    struct str text = str_cut_utf8(what, 120);
    join(arena, &text, other);
    for (size_t i = 0; i < n && i < PARTS; i++) {
        struct change largest = take_largest(changes, n);
        join(arena, &text, describe(&largest, &before, now, arena));
    }
    /* What was shown before, also if another policy computed it. */
    double from = str_empty(other) ? before.score : before_case->score;
    return arena_printf(arena, "%.*s%sscore %.2f to %.2f", STR_ARG(text),
                        str_empty(text) ? "" : "; ", from, now->score);
}
