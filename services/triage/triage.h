/* triage.h - who is helped first: severity x salvageability x exposure.
 *
 * As in a disaster: gravely hurt but salvageable first, then the light cases, the
 * unsalvageable last.  triage_score() computes the whole section from a case, its
 * customer and a time; the numbers are the policy's, every one that took part stands in
 * `reasons`.  Facts come in through triage_facts.h.
 * Pure: no clock, no I/O, no heap; results live in the arena or in policy and case.
 * Thread rule: a policy is const after loading. */
#ifndef REDRESS_TRIAGE_H
#define REDRESS_TRIAGE_H

#include "base/arena.h"
#include "base/base.h"
#include "gen/triage_case.h"
#include "gen/triage_customer.h"
#include "gen/triage_section.h"

#define TRIAGE_WINDOW_MS (28 * DAY_MS) /* recovery works within about 4 weeks */
#define TRIAGE_TIERS 12
#define TRIAGE_ALIASES 12
#define TRIAGE_OVERRIDES 8
#define TRIAGE_FLAGS 8
#define TRIAGE_AGE_STEPS 16
#define TRIAGE_REMEDIES 24
#define TRIAGE_CHECKLIST 16      /* lines in all                      */
#define TRIAGE_CHECKLIST_FIXED 9 /* of the policy: the rest is said of the case */
#define TRIAGE_COMPENSATIONS 8
#define TRIAGE_WORDS 24

/* How the relationship decides what helps: best customers want an apology that takes
 * the blame, occasional ones compensation. */
enum triage_relationship {
    TRIAGE_REGULAR,
    TRIAGE_BEST,
    TRIAGE_OCCASIONAL,
};

struct triage_tier {
    struct str name;
    struct str aliases[TRIAGE_ALIASES];
    size_t n_aliases;
    enum triage_relationship relationship;
    double factor; /* of salvageability */
    /* Without a tier from upstream: the first tier of which one of these holds. */
    double min_lifetime_value; /* 0: never */
    double min_years;          /* 0: never */
    /* What a handler may give without asking; no currency: no limit is named. */
    double limit_amount;
    struct str limit_currency;
    char limit_text[80]; /* as the checklist says it */
};

/* One way to compensate, and the words by which it is known in what was offered, refused
 * or asked for. */
struct triage_compensation {
    struct str name;
    struct str words[TRIAGE_WORDS];
    size_t n_words;
};

/* Safety and the like: points on top, and a floor under the score. */
struct triage_override {
    struct str name;
    struct str flags[TRIAGE_FLAGS];
    size_t n_flags;
    bool vulnerable_customer; /* also if the customer's file says so */
    double add;
    double at_least;
};

struct triage_age_step {
    int64_t after_ms; /* since received_at */
    double add;       /* in all, not on top of the step before */
};

enum triage_maybe {
    TRIAGE_ANY,
    TRIAGE_YES,
    TRIAGE_NO,
};

/* First match wins. */
struct triage_remedy {
    struct str advice;
    struct str flag; /* null: any                    */
    bool has_kind;
    enum kind kind;
    bool has_relationship;
    enum triage_relationship relationship;
    enum triage_maybe double_deviation;
    enum triage_maybe reopen;
    enum triage_maybe refused; /* compensation was refused often enough         */
    enum triage_maybe wants;   /* the customer asks for compensation            */
    bool within_limits;        /* the checklist names the limit of the tier     */
    struct str checklist[TRIAGE_CHECKLIST];
    size_t n_checklist;
};

struct triage_policy {
    struct str version;
    struct str hash;
    /* severity */
    double points[6]; /* by severity 1-5 */
    double kind_factor[KIND_COUNT];
    double double_deviation_factor;
    double betrayal_factor;
    /* salvageability */
    double window_loss; /* share of it that is gone when the 28 days are over */
    double tenure_per_year, tenure_max;
    double value_per_tenfold, value_from, value_max; /* of the lifetime value */
    int64_t failed_free;  /* failed recoveries that cost nothing yet */
    double failed_factor; /* for each after those */
    int64_t speaking_ms;
    double not_speaking_factor, withdrawn_factor;
    struct triage_tier tiers[TRIAGE_TIERS];
    size_t n_tiers;
    size_t default_tier;
    /* exposure: added to 1, together at most max_exposure */
    double public_, regulator, media, consumer_association, collective;
    double regulator_threat, media_threat, legal_threat;
    double reach, reach_from, share_points,
        reply_points;            /* per power of ten above from */
    double growth, growth_hours; /* at this doubling time or less */
    int64_t growth_window_ms, growth_half_ms;
    double followers, followers_from;
    double max_exposure;
    /* on top */
    struct triage_override overrides[TRIAGE_OVERRIDES];
    size_t n_overrides;
    struct triage_age_step ageing[TRIAGE_AGE_STEPS]; /* rising */
    size_t n_ageing;
    int64_t silence_ms;
    double silence_add;
    /* evidence of double deviation */
    int64_t transfers, low_rating;
    int64_t repeat_ms;
    double negative_below;
    /* thresholds: from this score on */
    double class_immediate, class_urgent, minimal_below;
    double minimal_exposure_below, minimal_score; /* at most, if nobody watches */
    double priority_1, priority_2, priority_3;
    struct triage_remedy remedies[TRIAGE_REMEDIES];
    size_t n_remedies;
    struct triage_compensation compensations[TRIAGE_COMPENSATIONS];
    size_t n_compensations;
    int64_t move_on_after; /* refused compensations */
};

/* The section at at_ms (not before any fact of the case). Written: all of *ret but
 * before, class_before and why. Priority and class are also what the case should
 * remember. */
void triage_score(const struct triage_policy *policy, const struct triage_case *c,
                  const struct triage_customer *u, int64_t at_ms, struct arena *arena,
                  struct triage_section *ret);

/* What moved the score, for a person: the components that changed most, each from -> to,
 * then the score. The case and its customer as they were are scored again at before_ms,
 * under the same policy; if the policy is another one since, that is said first.
 * what: what happened beyond the components ("promise p1 not kept"), null for nothing. At
 * most 250 bytes. */
struct str triage_why(const struct triage_policy *policy,
                      const struct triage_case *before_case,
                      const struct triage_customer *before_customer,
                      const struct triage_section *now, struct str what,
                      struct arena *arena);

/* Remedy advice, checklist, what was offered and the limit into the section, whose tier,
 * double_deviation and evidence are there (triage_advice.c). */
void triage_advise(const struct triage_policy *policy, const struct triage_case *c,
                   const struct triage_customer *u, const struct triage_tier *tier,
                   struct arena *arena, struct triage_section *ret);

/* The tier in force: upstream's by name or alias, else by value or years, else default.
 */
const struct triage_tier *triage_tier_of(const struct triage_policy *policy,
                                         const struct triage_customer *u, int64_t at_ms);

/* States of work: the ageing and silence timers run in them. */
bool triage_is_active(enum state state);

/* triage.json below dir; NULL + ERR_STOP if it is bad. Free with triage_policy_free(). */
struct triage_policy *triage_policy_load(const char *dir, struct err *err);
/* The same from memory, for tests and `policy check`. */
struct triage_policy *triage_policy_parse(const char *name, struct str text,
                                          struct err *err);
void triage_policy_free(struct triage_policy *policy);

#endif
