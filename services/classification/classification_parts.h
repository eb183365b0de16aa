/* classification_parts.h - between the parts of the core: a text read, a section under
 * work. */
#ifndef REDRESS_CLASSIFICATION_PARTS_H
#define REDRESS_CLASSIFICATION_PARTS_H

#include "classification/classification.h"

/* Names of what spoke, capped, and whose they are. */
struct names {
    struct str list[CLASSIFICATION_REASONS];
    size_t n;
    struct str model; /* version; null: phrases */
};

/* What one text says: its phrases, and the models. */
struct reading {
    struct str language; /* null: no letters */
    struct str flags[CLASSIFICATION_FLAGS];
    size_t n_flags;
    int severity;
    struct names severity_names;
    double kinds[KIND_COUNT];
    struct names kind_names[KIND_COUNT];
    bool strong_complaint;
    struct names strong_names;
    double double_deviation;
    bool double_found;
    struct names double_names;
    double sentiment;
    bool has_sentiment;
    struct str remedy;
    struct names remedy_names;
    struct str product;
    double product_confidence;
    struct str issue;
    double issue_confidence;
    struct models_answer said[TASK_COUNT]; /* entry NULL: was not asked */
};
void reading_phrases(const struct classification_policy *policy, struct str text,
                     struct arena *arena, struct reading *ret);
/* The model sure of it, at its threshold. */
bool reading_sure(const struct reading *r, enum task task);
/* It was asked, and is not. */
bool reading_unsure(const struct reading *r, enum task task);
/* It was asked, and is at least so sure. */
bool reading_leans(const struct reading *r, enum task task, double confidence);
/* The kind that the phrases speak for, more than for any other; *ret_all is what they
 * weigh together. */
enum kind reading_kind(const struct reading *r, double *ret_all);

/* A section under work: findings by task, room for flags. */
struct work {
    const struct classification_policy *policy;
    struct arena *arena;
    struct classification_section *s;
    struct finding *f; /* TASK_COUNT; decided_by nothing: no finding */
    struct str *flags; /* CLASSIFICATION_FLAGS */
};
void work_begin(struct work *w, const struct classification_policy *policy,
                struct arena *arena, struct classification_section *section);
void work_finish(struct work *w);
bool work_add_flag(struct str *flags, size_t *n_flags, struct str flag);

/* Writes a task's finding unless a higher source has it. What upstream said is kept, and
 * what the model says. */
bool work_decide(struct work *w, enum task task, struct str label, double confidence,
                 enum decided_by by, const struct names *names);
void work_kind(struct work *w, enum kind kind, double confidence, enum decided_by by,
               const struct names *names);
void work_severity(struct work *w, int severity, double confidence, enum decided_by by,
                   const struct names *names);
void work_raise_severity(struct work *w, int severity, double confidence,
                         enum decided_by by, const struct names *names);

/* --- what models say (classification_opinion.c) ------------------------------------- */

/* What is asked about the first text: all tasks, so that what they say stands beside
 * what upstream, a rule or a person says. */
void reading_of_submission(const struct classification_policy *policy,
                           struct models_room *room, const struct submission *submission,
                           struct arena *arena, struct reading *r);
/* About a later text: what it can raise, and what is still open. */
void reading_of_message(const struct work *w, struct models_room *room, struct str text,
                        struct reading *r);
/* What they are sure of, and of a first text their guesses of product and issue. */
void work_take_sure(struct work *w, const struct reading *r, bool later);
/* What is left open when the phrases have spoken. */
void work_take_guesses(struct work *w, const struct reading *r);
/* Severity, in the place of the default; of a later text only upwards, and of a first
 * one whose kind the model misreads.  A danger (5) that is likelier than not counts, and
 * a person looks. */
void work_model_severity(struct work *w, const struct reading *r, bool later);
/* Double deviation; a later text never takes it back. */
void work_model_double(struct work *w, const struct reading *r, bool later);
/* Sentiment of the text: of a sure model, else of phrases, else as guessed if that is
 * wanted.  False: nobody says. */
bool work_sentiment(struct work *w, const struct reading *r, bool guess, double *ret);
/* Writes beside the findings what the models say, and what is in doubt. */
void work_note_models(struct work *w, const struct reading *r);

#endif
