/* What helps: first match of the policy's remedies.  Nothing that was offered or refused
 * is advised again without saying so; when compensation was refused often enough, the
 * rules can move on. */
#include "triage/triage.h"

/* The case's flags; "vulnerable" also if the customer's file says so, as in overrides. */
static bool
has_flag(const struct triage_case *c, const struct triage_customer *u, struct str flag)
{
    if (u->has_vulnerable && u->vulnerable && str_eq(flag, STR("vulnerable")))
        return true;
    for (size_t i = 0; i < c->n_flags; i++)
        if (str_eq(c->flags[i], flag))
            return true;
    return false;
}

/* ASCII letters without case, other bytes as they are. */
static bool
contains(struct str text, struct str word)
{
    for (size_t i = 0; i + word.len <= text.len; i++)
        if (str_eq_nocase((struct str){text.ptr + i, word.len}, word))
            return true;
    return false;
}

/* Which compensation the text speaks of; n_compensations: none. */
static size_t
compensation_in(const struct triage_policy *policy, struct str text)
{
    size_t i = 0;
    for (; i < policy->n_compensations; i++) {
        const struct triage_compensation *way = &policy->compensations[i];
        for (size_t k = 0; k < way->n_words; k++)
            if (contains(text, way->words[k]))
                return i;
    }
    return i;
}

/* Refused so often, or in every way that there is, that offering more of it insults. */
static bool
compensation_refused(const struct triage_policy *policy, const struct triage_case *c)
{
    bool ways[TRIAGE_COMPENSATIONS] = {false};
    size_t n_ways = 0;
    int64_t times = 0;
    for (size_t i = 0; i < c->n_refused; i++) {
        size_t way = compensation_in(policy, c->refused[i]);
        if (way == policy->n_compensations)
            continue;
        times++;
        n_ways += !ways[way];
        ways[way] = true;
    }
    return times > 0 &&
           (times >= policy->move_on_after || n_ways == policy->n_compensations);
}

static bool
maybe(enum triage_maybe want, bool is)
{
    return want == TRIAGE_ANY || (want == TRIAGE_YES) == is;
}

static const struct triage_remedy *
remedy_of(const struct triage_policy *policy, const struct triage_case *c,
          const struct triage_customer *u, enum triage_relationship relationship,
          bool doubled, bool wants)
{
    bool refused = c->n_refused > 0 && compensation_refused(policy, c);
    for (size_t i = 0; i < policy->n_remedies; i++) {
        const struct triage_remedy *r = &policy->remedies[i];
        if ((str_is_null(r->flag) || has_flag(c, u, r->flag)) &&
            (!r->has_kind || r->kind == c->kind) &&
            (!r->has_relationship || r->relationship == relationship) &&
            maybe(r->double_deviation, doubled) && maybe(r->reopen, c->reopen_advised) &&
            maybe(r->refused, refused) && maybe(r->wants, wants))
            return r;
    }
    return NULL;
}

static bool
was_refused(const struct triage_case *c, struct str offer)
{
    for (size_t i = 0; i < c->n_refused; i++)
        if (str_eq(c->refused[i], offer))
            return true;
    return false;
}

struct lines {
    struct str *all;
    size_t n;
};

static void
add_line(struct lines *lines, struct str line)
{
    if (lines->n < TRIAGE_CHECKLIST)
        lines->all[lines->n++] = line;
}

/* On every event: no printf. */
static struct str
joined(struct arena *arena, struct str before, struct str text)
{
    char *all = arena_alloc(arena, before.len + text.len + 1);
    memcpy(all, before.ptr, before.len);
    if (text.len > 0)
        memcpy(all + before.len, text.ptr, text.len);
    return (struct str){all, before.len + text.len};
}

/* The policy's lines, and after them what is particular to the case. */
static void
checklist(const struct triage_remedy *remedy, const struct triage_case *c,
          const struct triage_tier *tier, bool wants, struct arena *arena,
          struct triage_section *ret)
{
    bool asks = !str_empty(c->desired_remedy);
    bool limit = remedy && (remedy->within_limits || wants) && ret->has_limit_amount;
    ret->checklist = remedy ? remedy->checklist : NULL;
    ret->n_checklist = remedy ? remedy->n_checklist : 0;
    if (!asks && !limit && c->n_offered == 0)
        return;
    struct lines lines = {ARENA_ARRAY(arena, struct str, TRIAGE_CHECKLIST), 0};
    for (size_t i = 0; i < ret->n_checklist; i++)
        add_line(&lines, ret->checklist[i]);
    if (limit)
        add_line(&lines, str_from(tier->limit_text));
    if (asks)
        add_line(&lines,
                 joined(arena, STR("The customer asks for: "), c->desired_remedy));
    /* The newest, if there is not room for all. */
    size_t room = TRIAGE_CHECKLIST - lines.n;
    for (size_t i = c->n_offered > room ? c->n_offered - room : 0; i < c->n_offered; i++)
        add_line(&lines, joined(arena,
                                was_refused(c, c->offered[i])
                                    ? STR("Already offered and refused: ")
                                    : STR("Already offered: "),
                                c->offered[i]));
    ret->checklist = lines.all;
    ret->n_checklist = lines.n;
}

void
triage_advise(const struct triage_policy *policy, const struct triage_case *c,
              const struct triage_customer *u, const struct triage_tier *tier,
              struct arena *arena, struct triage_section *ret)
{
    bool wants = !str_empty(c->desired_remedy) &&
                 compensation_in(policy, c->desired_remedy) < policy->n_compensations;
    const struct triage_remedy *remedy =
        remedy_of(policy, c, u, tier->relationship, ret->double_deviation, wants);
    ret->remedy_advice = remedy ? remedy->advice : STR_NULL;
    ret->offered = c->offered;
    ret->n_offered = c->n_offered;
    if (c->kind == KIND_COMPLAINT && !str_empty(tier->limit_currency)) {
        ret->has_limit_amount = true;
        ret->limit_amount = tier->limit_amount;
        ret->limit_currency = tier->limit_currency;
    }
    checklist(remedy, c, tier, wants, arena, ret);
}
