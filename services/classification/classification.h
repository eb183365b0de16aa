/* classification.h - what a complaint is about, by rules, upstream's word and models.
 *
 * Precedence per task: correction > rule > upstream > model > default, which is the order
 * of enum decided_by; `findings` says who decided.  Where the model is not sure the
 * finding needs a review: its guess of product and issue stands; else phrase lists stand
 * in its place (decided_by model, model "phrases"), and where they are silent its guess,
 * but not that a text is no complaint though it may well be one, that the handling failed
 * or that something is asked for.
 * Rules marked "strong" (safety, injury, legal ...) win over upstream. A later message
 * only raises: severity, flags, double deviation; never silently lowers. A correction
 * holds until the next one.
 * Pure: no clock, no I/O, no heap but the room's; results live in the arena or in the
 * policy.  Thread rule: a policy is const; a room belongs to one thread. */
#ifndef REDRESS_CLASSIFICATION_H
#define REDRESS_CLASSIFICATION_H

#include "base/arena.h"
#include "base/base.h"
#include "classification/models.h"
#include "classification/rules.h"
#include "gen/action.h"
#include "gen/classification_section.h"
#include "gen/submission.h"

#define CLASSIFICATION_FLAGS 16
#define CLASSIFICATION_REASONS 8

/* What a rule of rules.json says when one of its phrases is there. */
struct classification_rule {
    struct str name;
    struct str flag;         /* null: none */
    struct str remedy;       /* null: none */
    int severity;            /* 0: none    */
    double double_deviation; /* 0-1; several rules add up as 1 - (1-a)(1-b) */
    double sentiment;        /* per match; below 0 is negative              */
    bool strong;             /* wins over upstream                          */
    bool has_kind;
    enum kind kind;
    double weight; /* of kind, per match */
};

/* A product or issue of taxonomy.json; parents first, their children behind them. */
struct classification_label {
    struct str id;
    int depth;
};
/* b is a, or lies below it: who says a does not contradict who says b. */
bool classification_covers(const struct classification_label *labels, size_t n,
                           struct str a, struct str b);

struct classification_policy {
    struct rules rules;
    /* Groups of the matcher: first all rules, then products, then issues, then lists. */
    const struct classification_rule *rule;
    size_t n_rules;
    const struct classification_label *product;
    size_t n_products;
    const struct classification_label *issue;
    size_t n_issues;
    int kind_severity[KIND_COUNT];
    double kind_threshold; /* weight from which phrases beat the default kind */
    double double_deviation_threshold, review_from;
    double sentiment_half; /* words of one sign that make a sentiment of 0.5 */
    struct models models;
    struct str version;
    struct str hash; /* of rules.json and taxonomy.json, and of the models */
};

/* The section of a new complaint.  The room may be NULL where there are no models. */
void classification_submit(const struct classification_policy *policy,
                           struct models_room *room, const struct submission *submission,
                           struct arena *arena, struct classification_section *ret);
/* A new text of the customer: raises what the section says. */
void classification_message(const struct classification_policy *policy,
                            struct models_room *room, struct str text,
                            struct arena *arena, struct classification_section *section);
/* A person said otherwise; fields that the correction leaves out stay. */
void classification_correct(const struct classification_policy *policy,
                            const struct action *action, struct arena *arena,
                            struct classification_section *section);
/* What goes over to the target of a merge: flags, severity, double deviation. */
void classification_merge(const struct classification_policy *policy,
                          const struct classification_section *from, struct arena *arena,
                          struct classification_section *into);

/* rules.json, taxonomy.json and, if there is one, models.json with its models below dir;
 * NULL + ERR_STOP if one is bad. */
struct classification_policy *classification_policy_load(const char *dir,
                                                         struct err *err);
/* The same from memory, without models. */
struct classification_policy *
classification_policy_parse(struct str rules, struct str taxonomy, struct err *err);
void classification_policy_free(struct classification_policy *policy);

#endif
