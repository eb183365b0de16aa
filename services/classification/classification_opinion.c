/* What trained models make of a text, and how far each of them is followed. */
#include "classification/classification_parts.h"

#include <math.h>

#include "classification/language.h"

/* --- asking ------------------------------------------------------------------------- */

/* Upstream names it: what the model says stands beside it, why is not asked. */
static bool
is_named(const struct submission *submission, enum task task)
{
    switch (task) {
    case TASK_KIND:
        return submission->has_kind && submission->kind != KIND_UNKNOWN;
    case TASK_PRODUCT:
        return !str_empty(submission->product);
    case TASK_ISSUE:
        return !str_empty(submission->issue);
    case TASK_DESIRED_REMEDY:
        return !str_empty(submission->desired_remedy);
    default:
        return false;
    }
}

void
reading_of_submission(const struct classification_policy *policy,
                      struct models_room *room, const struct submission *submission,
                      struct arena *arena, struct reading *r)
{
    const struct models *models = &policy->models;
    if (!models_read(models, room, MODELS_ALL_TASKS, submission->subject,
                     submission->text))
        return;
    struct models_answer *said = r->said;
    struct str language = language_said(submission->language);
    models_ask(models, room, TASK_LANGUAGE, STR_NULL,
               str_is_null(language) ? MODELS_REASONS_LATER : MODELS_NO_REASONS, arena,
               &said[TASK_LANGUAGE]);
    if (str_is_null(language))
        language =
            reading_sure(r, TASK_LANGUAGE) ? said[TASK_LANGUAGE].label : r->language;
    for (int task = TASK_LANGUAGE + 1; task < TASK_COUNT; task++)
        models_ask(models, room, (enum task)task, language,
                   is_named(submission, (enum task)task) ? MODELS_NO_REASONS
                                                         : MODELS_REASONS_LATER,
                   arena, &said[task]);
}

void
reading_of_message(const struct work *w, struct models_room *room, struct str text,
                   struct reading *r)
{
    static const enum task open[] = {TASK_PRODUCT, TASK_ISSUE, TASK_DESIRED_REMEDY};
    static const enum task raising[] = {TASK_SEVERITY, TASK_SENTIMENT,
                                        TASK_DOUBLE_DEVIATION};
    const struct models *models = &w->policy->models;
    unsigned tasks = 0;
    for (size_t i = 0; i < COUNT_OF(raising); i++)
        tasks |= MODELS_TASK(raising[i]);
    for (size_t i = 0; i < COUNT_OF(open); i++)
        if (w->f[open[i]].decided_by <= DECIDED_BY_DEFAULT)
            tasks |= MODELS_TASK(open[i]);
    if (!models_read(models, room, tasks, STR_NULL, text))
        return;
    for (int task = 0; task < TASK_COUNT; task++)
        if (tasks & MODELS_TASK(task))
            models_ask(models, room, (enum task)task, w->s->language,
                       MODELS_REASONS_LATER, w->arena, &r->said[task]);
}

/* --- following ---------------------------------------------------------------------- */

static struct names
names_of(const struct work *w, const struct models_answer *said)
{
    struct names names = {.model = said->entry->version};
    struct models_answer why = *said;
    models_why(&w->policy->models, w->arena, &why);
    for (size_t i = 0; i < why.n_reasons && i < CLASSIFICATION_REASONS; i++)
        names.list[names.n++] = why.reasons[i];
    return names;
}

static bool
is_open(const struct work *w, enum task task)
{
    return w->f[task].decided_by <= DECIDED_BY_DEFAULT;
}

static bool
follow(struct work *w, enum task task, const struct models_answer *said)
{
    struct names names = names_of(w, said);
    return work_decide(w, task, said->label, said->confidence, DECIDED_BY_MODEL, &names);
}

/* Phrases that name a part of what the model names say the same, closer. */
static struct str
follow_label(struct work *w, enum task task, const struct models_answer *said,
             const struct classification_label *labels, size_t n, struct str phrase,
             struct str now)
{
    if (!is_open(w, task) || said->nothing)
        return now;
    if (!str_empty(phrase) && !str_eq(phrase, said->label) &&
        classification_covers(labels, n, said->label, phrase)) {
        struct names names = names_of(w, said);
        names.model = STR_NULL;
        (void)work_decide(w, task, phrase, said->confidence, DECIDED_BY_MODEL, &names);
        return phrase;
    }
    return follow(w, task, said) ? said->label : now;
}

/* Below it phrases are better, and where they are silent no name is better than one that
 * is wrong three times in four: causes are counted and cases routed by it. */
#define GUESS_FROM 0.3

/* Product and issue.  An unsure model is still right two to five times as often as
 * phrases that say otherwise (measured; services/classification/README.md), so its guess
 * stands. */
static bool
is_told(const struct models_answer *said, bool guess)
{
    return said->entry && (said->sure || (guess && said->confidence >= GUESS_FROM));
}

static void
take_labels(struct work *w, const struct reading *r, bool guess)
{
    const struct classification_policy *p = w->policy;
    struct classification_section *s = w->s;
    const struct models_answer *product = &r->said[TASK_PRODUCT];
    const struct models_answer *issue = &r->said[TASK_ISSUE];
    if (is_told(product, guess))
        s->product = follow_label(w, TASK_PRODUCT, product, p->product, p->n_products,
                                  r->product, s->product);
    if (is_told(issue, guess))
        s->issue =
            follow_label(w, TASK_ISSUE, issue, p->issue, p->n_issues, r->issue, s->issue);
}

void
work_take_sure(struct work *w, const struct reading *r, bool later)
{
    struct classification_section *s = w->s;
    const struct models_answer *said = r->said;
    if (reading_sure(r, TASK_LANGUAGE) && is_open(w, TASK_LANGUAGE) &&
        follow(w, TASK_LANGUAGE, &said[TASK_LANGUAGE]))
        s->language = said[TASK_LANGUAGE].label;
    if (reading_sure(r, TASK_KIND) && is_open(w, TASK_KIND)) {
        struct names names = names_of(w, &said[TASK_KIND]);
        work_kind(w, (enum kind)said[TASK_KIND].value, said[TASK_KIND].confidence,
                  DECIDED_BY_MODEL, &names);
    }
    take_labels(w, r, !later);
    if (reading_sure(r, TASK_DESIRED_REMEDY) && is_open(w, TASK_DESIRED_REMEDY) &&
        follow(w, TASK_DESIRED_REMEDY, &said[TASK_DESIRED_REMEDY]) &&
        !said[TASK_DESIRED_REMEDY].nothing)
        s->desired_remedy = said[TASK_DESIRED_REMEDY].label;
}

/* In doubt it is a complaint: that costs a second look, the other mistake costs the
 * complainant their rights [FCA DISP 1.2; ISO 10002, 3.2: whoever expects an answer]. */
static void
guess_kind(struct work *w, const struct models_answer *said)
{
    struct names names = names_of(w, said);
    enum kind kind = (enum kind)said->value;
    double confidence = said->confidence;
    if (kind != KIND_COMPLAINT && said->beside >= w->policy->models.complaint_from) {
        kind = KIND_COMPLAINT;
        confidence = said->complaint;
        names.n = 0; /* they spoke for the other */
    }
    work_kind(w, kind, confidence, DECIDED_BY_MODEL, &names);
}

void
work_take_guesses(struct work *w, const struct reading *r)
{
    struct classification_section *s = w->s;
    const struct models_answer *said = r->said;
    if (reading_unsure(r, TASK_LANGUAGE) && is_open(w, TASK_LANGUAGE) &&
        follow(w, TASK_LANGUAGE, &said[TASK_LANGUAGE]))
        s->language = said[TASK_LANGUAGE].label;
    if (reading_unsure(r, TASK_KIND) && is_open(w, TASK_KIND))
        guess_kind(w, &said[TASK_KIND]);
    /* That somebody asks for something is not guessed. */
    if (reading_unsure(r, TASK_DESIRED_REMEDY) && is_open(w, TASK_DESIRED_REMEDY))
        (void)work_decide(w, TASK_DESIRED_REMEDY, STR("none"), 0, DECIDED_BY_DEFAULT,
                          NULL);
}

/* A model that takes a complaint for a question calls it slight: how grave it is, it
 * says of something else. */
static bool
misread(const struct work *w, const struct reading *r)
{
    const struct models_answer *kind = &r->said[TASK_KIND];
    return kind->entry && (enum kind)kind->value != w->s->kind;
}

void
work_model_severity(struct work *w, const struct reading *r, bool later)
{
    const struct models_answer *said = &r->said[TASK_SEVERITY];
    int severity = said->entry ? (int)said->value : 0;
    bool danger = severity == 5 && reading_leans(r, TASK_SEVERITY, 0.5);
    if (!reading_sure(r, TASK_SEVERITY) && !danger)
        return;
    struct names names = names_of(w, said);
    if (danger && !reading_sure(r, TASK_SEVERITY)) {
        if (w->s->kind != KIND_COMPLAINT || severity <= w->s->severity)
            return;
        w->s->needs_review = w->s->needs_review || later;
    }
    if (!later && severity < w->s->severity && misread(w, r))
        return;
    if (!later)
        work_severity(w, severity, said->confidence, DECIDED_BY_MODEL, &names);
    else if (w->s->kind == KIND_COMPLAINT)
        work_raise_severity(w, severity, said->confidence, DECIDED_BY_MODEL, &names);
    if (!said->sure)
        w->f[TASK_SEVERITY].needs_review = true;
}

void
work_model_double(struct work *w, const struct reading *r, bool later)
{
    const struct models_answer *said = &r->said[TASK_DOUBLE_DEVIATION];
    struct classification_section *s = w->s;
    if (!reading_sure(r, TASK_DOUBLE_DEVIATION))
        return;
    bool yes = said->value > 0;
    if (!yes && !later)
        (void)follow(w, TASK_DOUBLE_DEVIATION, said);
    if (!yes ||
        (s->double_deviation && said->confidence <= s->double_deviation_confidence))
        return;
    s->double_deviation = true;
    s->double_deviation_confidence =
        fmax(s->double_deviation_confidence, said->confidence);
    (void)follow(w, TASK_DOUBLE_DEVIATION, said);
}

static double
signed_share(const struct models_answer *said)
{
    return floor(said->value * said->confidence * 100.0 + 0.5) / 100.0;
}

bool
work_sentiment(struct work *w, const struct reading *r, bool guess, double *ret)
{
    const struct models_answer *said = &r->said[TASK_SENTIMENT];
    bool by_model = reading_sure(r, TASK_SENTIMENT) ||
                    (guess && !r->has_sentiment && reading_unsure(r, TASK_SENTIMENT));
    if (by_model) {
        *ret = signed_share(said);
        (void)follow(w, TASK_SENTIMENT, said);
        return true;
    }
    if (!r->has_sentiment)
        return false;
    *ret = r->sentiment;
    struct str label = r->sentiment < -0.1  ? STR("negative")
                       : r->sentiment > 0.1 ? STR("positive")
                                            : STR("neutral");
    (void)work_decide(w, TASK_SENTIMENT, label, 1, DECIDED_BY_MODEL, NULL);
    return true;
}

/* --- doubt -------------------------------------------------------------------------- */

/* The customer calls it a complaint, a model that is sure of itself does not. */
static bool
contradicts(const struct work *w, const struct reading *r)
{
    double all = 0;
    return (enum kind)r->said[TASK_KIND].value != KIND_COMPLAINT &&
           reading_kind(r, &all) == KIND_COMPLAINT &&
           r->kinds[KIND_COMPLAINT] >= w->policy->kind_threshold &&
           r->kind_names[KIND_COMPLAINT].n > 0;
}

/* What is wrong, the model learnt from complaints.  Of a suggestion, a question or praise
 * that names no issue it guesses one all the same ("add a bus stop": safety_defect), and
 * reports would count it: such a guess leaves the place to the phrases, or to nothing. */
static void
leave_guessed_issue(struct work *w, const struct reading *r)
{
    struct finding *f = &w->f[TASK_ISSUE];
    if (w->s->kind == KIND_COMPLAINT || f->decided_by != DECIDED_BY_MODEL ||
        !reading_unsure(r, TASK_ISSUE) || str_eq(f->label, r->issue))
        return;
    *f = (struct finding){0};
    w->s->issue = r->issue;
    if (!work_decide(w, TASK_ISSUE, r->issue, r->issue_confidence, DECIDED_BY_MODEL,
                     NULL))
        (void)work_decide(w, TASK_ISSUE, STR("none"), 0, DECIDED_BY_DEFAULT, NULL);
}

void
work_note_models(struct work *w, const struct reading *r)
{
    leave_guessed_issue(w, r);
    for (size_t task = 0; task < TASK_COUNT; task++) {
        const struct models_answer *said = &r->said[task];
        struct finding *f = &w->f[task];
        if (!said->entry || f->decided_by == DECIDED_BY_NOTHING)
            continue;
        f->model_label = said->label;
        f->model_asked = said->entry->version;
        f->has_model_confidence = true;
        f->model_confidence = said->confidence;
        if (f->decided_by != DECIDED_BY_MODEL)
            f->model = said->entry->version;
        bool doubt = !said->sure || (task == TASK_KIND && contradicts(w, r)) ||
                     (task == TASK_SEVERITY && misread(w, r));
        f->needs_review = doubt && f->decided_by <= DECIDED_BY_MODEL;
        bool danger = task == TASK_SEVERITY && str_eq(f->label, STR("5"));
        if (f->needs_review && (danger || w->policy->models.review[task]))
            w->s->needs_review = true;
    }
}
