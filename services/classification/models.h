/* models.h - the trained models of a policy folder, and what they say of a text.
 *
 * models.json names a model a task (or a task and language) and what the labels mean
 * here.  Every label was checked against what the pipeline knows, so an answer needs no
 * further check.  Who copies a new file over one in use changes nothing before the next
 * reload.
 * Thread rule: const after loading; a room belongs to one thread. */
#ifndef REDRESS_CLASSIFICATION_MODELS_H
#define REDRESS_CLASSIFICATION_MODELS_H

#include "base/arena.h"
#include "base/base.h"
#include "classification/features.h"
#include "classification/model.h"
#include "classification/model_pool.h"

enum task {
    TASK_LANGUAGE,
    TASK_KIND,
    TASK_PRODUCT,
    TASK_ISSUE,
    TASK_SEVERITY,
    TASK_SENTIMENT,
    TASK_DOUBLE_DEVIATION,
    TASK_DESIRED_REMEDY,
    TASK_COUNT,
};
/* As in Finding.task. Static. */
struct str task_name(enum task task);
/* TASK_COUNT: it is none. */
enum task task_of(struct str name);

#define MODELS_MAX 32
#define MODELS_VERSION_BYTES 64

enum models_language { MODELS_ZH = 1, MODELS_EN = 2, MODELS_OTHER = 4 };
/* "zh", "en"; all else is other. */
unsigned models_language(struct str language);

/* What a label of a model is called here. */
struct models_label {
    struct str code;
    bool nothing; /* "none" of a product, an issue, a remedy: there is none to name */
    double value; /* severity 1-5; sentiment -1, 0, 1; double deviation 0, 1; enum kind */
};
struct models_entry {
    enum task task;
    struct model model;
    double threshold;   /* below it a person looks                      */
    unsigned languages; /* bits of MODELS_ZH ...; 0: whatever language */
    const struct models_label *label;
    struct str version; /* "kind-2026-11-22-1a2b3c4d": task, card's date, checksum */
};
struct models {
    struct models_entry entry[MODELS_MAX];
    size_t n;
    uint32_t max_rows;                  /* of a model, or nodes of the pool */
    const struct model_pool *pool;      /* of all entries; NULL: each is asked alone */
    const struct features_table *table; /* NULL without models */
    bool review[TASK_COUNT];            /* its doubt is the case's doubt */
    double complaint_from; /* an unsure model leaves it a complaint where that is at least
                            * this likely beside its best guess */
};

_Static_assert(MODELS_MAX <= MODEL_POOL, "all models have room in the pool");

/* What reading and asking need, one a thread: some 10 MB, taken at the first text and
 * when a reload brings a larger model.  All zero is an empty one. */
struct models_room {
    struct arena arena;
    struct features_scratch *text;
    struct model_scratch scratch;
    struct model_pool_text pooled;
    unsigned tasks; /* that the text is read for */
    struct model_answer answer;
    uint32_t max_rows; /* 0: nothing made yet */
};
void models_room_release(struct models_room *room);

#define MODELS_TASK(task) (1U << (task))
#define MODELS_ALL_TASKS (MODELS_TASK(TASK_COUNT) - 1)
/* The features of a text, for models_ask() about these tasks (bits); false: nothing to be
 * asked about. Without models, room may be NULL. */
bool models_read(const struct models *models, struct models_room *room, unsigned tasks,
                 struct str subject, struct str text);

/* Reasons cost as much as an answer: later, models_why() finds them where they are used.
 */
enum models_reasons { MODELS_NO_REASONS, MODELS_REASONS_LATER, MODELS_REASONS };
struct models_answer {
    const struct models_entry *entry; /* NULL: not asked, no model for it */
    struct str label;
    double value;
    double confidence; /* of label, calibrated, 4 decimals */
    double complaint;  /* kind: how likely complaint is, 4 decimals */
    double beside;     /* kind: that, as a share of how likely label is */
    bool sure;         /* confidence reaches the threshold */
    bool nothing;      /* as in models_label */
    size_t n_reasons;
    struct str reasons[MODEL_REASONS];
    struct models_room *later; /* NULL: models_why() has nothing to add */
    uint32_t text;             /* that it was asked about    */
    uint32_t best, second;     /* numbers of the best labels */
};
/* What the model of this task and language ("zh", "en", "other") says of what
 * models_read() read.  Reasons live in the arena, all else in the models. */
void models_ask(const struct models *models, struct models_room *room, enum task task,
                struct str language, enum models_reasons reasons, struct arena *arena,
                struct models_answer *ret);
/* The reasons that were left for later, as long as the room has the same text. */
void models_why(const struct models *models, struct arena *arena,
                struct models_answer *answer);

/* --- loading (classification_policy.c) ---------------------------------------------- */

struct policy_doc;
/* Labels that a model may have where they are data. */
struct models_codes {
    const struct str *product, *issue, *remedy;
    size_t n_products, n_issues, n_remedies;
};
/* models.json of dir, read into doc.  False + ERR_STOP: nothing is left open. */
MUST_CHECK bool models_load(struct models *ret, const struct policy_doc *doc,
                            const char *dir, const struct models_codes *codes,
                            struct arena *arena, struct err *err);
void models_close(struct models *models);
/* Of models.json and of every model's bytes: changes with each of them. */
uint64_t models_hash(const struct models *models, struct str of_file);

#endif
