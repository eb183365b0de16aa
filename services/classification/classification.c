#include "classification/classification.h"

#include <math.h>

#include "classification/classification_parts.h"
#include "classification/language.h"

bool
classification_covers(const struct classification_label *labels, size_t n, struct str a,
                      struct str b)
{
    if (str_eq(a, b))
        return !str_empty(a);
    size_t i = 0;
    while (i < n && !str_eq(labels[i].id, a))
        i++;
    for (size_t k = i + 1; k < n && labels[k].depth > labels[i].depth; k++)
        if (str_eq(labels[k].id, b))
            return true;
    return false;
}

/* Flags, severity and double deviation of a text: upwards only. */
static void
raise(struct work *w, const struct reading *r)
{
    const struct classification_policy *p = w->policy;
    struct classification_section *s = w->s;
    const struct finding *f = &w->f[TASK_DOUBLE_DEVIATION];
    for (size_t i = 0; i < r->n_flags; i++)
        (void)work_add_flag(w->flags, &s->n_flags, r->flags[i]);
    if (r->severity > 0)
        work_raise_severity(w, r->severity, 1, DECIDED_BY_RULE, &r->severity_names);
    bool found = r->double_found;
    bool more = r->double_deviation > s->double_deviation_confidence;
    if (!more && !(found && (!s->double_deviation || f->decided_by < DECIDED_BY_RULE)))
        return;
    if (more)
        s->double_deviation_confidence = floor(r->double_deviation * 100.0 + 0.5) / 100.0;
    s->double_deviation = s->double_deviation || found;
    /* A few words do not shake a model that is sure. */
    if (!found && f->decided_by == DECIDED_BY_MODEL)
        return;
    (void)work_decide(w, TASK_DOUBLE_DEVIATION,
                      s->double_deviation ? STR("yes") : STR("no"),
                      s->double_deviation_confidence, DECIDED_BY_RULE, &r->double_names);
    if (!found && r->double_deviation >= p->review_from)
        s->needs_review = true;
}

/* What the phrases of a text make of tasks that nobody decided yet. */
static void
take_phrases(struct work *w, const struct reading *r)
{
    struct classification_section *s = w->s;
    if (w->f[TASK_LANGUAGE].decided_by <= DECIDED_BY_DEFAULT &&
        !str_is_null(r->language) &&
        work_decide(w, TASK_LANGUAGE, r->language, 1, DECIDED_BY_MODEL, NULL))
        s->language = r->language;
    if (w->f[TASK_PRODUCT].decided_by == DECIDED_BY_NOTHING &&
        work_decide(w, TASK_PRODUCT, r->product, r->product_confidence, DECIDED_BY_MODEL,
                    NULL))
        s->product = r->product;
    if (w->f[TASK_ISSUE].decided_by == DECIDED_BY_NOTHING &&
        work_decide(w, TASK_ISSUE, r->issue, r->issue_confidence, DECIDED_BY_MODEL, NULL))
        s->issue = r->issue;
    if (w->f[TASK_DESIRED_REMEDY].decided_by <= DECIDED_BY_DEFAULT &&
        work_decide(w, TASK_DESIRED_REMEDY, r->remedy, 1, DECIDED_BY_MODEL,
                    &r->remedy_names))
        s->desired_remedy = r->remedy;
}

/* Phrases that beat the default kind: enough of them. */
static void
take_kind(struct work *w, const struct reading *r)
{
    double all = 0;
    enum kind best = reading_kind(r, &all);
    if (r->kinds[best] < w->policy->kind_threshold ||
        w->f[TASK_KIND].decided_by >= DECIDED_BY_MODEL)
        return;
    /* "I suggest you fire them": where the model hears a complaint, it stays one. */
    if (best != KIND_COMPLAINT && reading_leans(r, TASK_KIND, 0.75) &&
        (enum kind)r->said[TASK_KIND].value == KIND_COMPLAINT)
        return;
    work_kind(w, best, floor(100.0 * r->kinds[best] / (all + 0.5)) / 100.0,
              DECIDED_BY_MODEL, &r->kind_names[best]);
}

static struct str
text_of(const struct submission *submission, struct arena *arena)
{
    if (str_empty(submission->subject))
        return submission->text;
    if (str_empty(submission->text))
        return submission->subject;
    struct str subject = submission->subject;
    struct str text = submission->text;
    /* A full stop keeps the clauses apart. */
    struct str parts[] = {subject, STR(". "), text};
    char *both = arena_alloc(arena, subject.len + text.len + 2);
    size_t n = 0;
    for (size_t i = 0; i < COUNT_OF(parts); i++)
        for (size_t k = 0; k < parts[i].len; k++)
            both[n++] = parts[i].ptr[k];
    return (struct str){both, n};
}

static void
take_upstream(struct work *w, const struct submission *sub)
{
    struct classification_section *s = w->s;
    struct str language = language_said(sub->language);
    if (work_decide(w, TASK_LANGUAGE, language, 1, DECIDED_BY_UPSTREAM, NULL)) {
        s->language = language;
        w->f[TASK_LANGUAGE].upstream = sub->language;
    }
    if (sub->has_kind && sub->kind != KIND_UNKNOWN)
        work_kind(w, sub->kind, 1, DECIDED_BY_UPSTREAM, NULL);
    if (work_decide(w, TASK_PRODUCT, sub->product, 1, DECIDED_BY_UPSTREAM, NULL))
        s->product = sub->product;
    if (work_decide(w, TASK_ISSUE, sub->issue, 1, DECIDED_BY_UPSTREAM, NULL))
        s->issue = sub->issue;
    if (work_decide(w, TASK_DESIRED_REMEDY, sub->desired_remedy, 1, DECIDED_BY_UPSTREAM,
                    NULL))
        s->desired_remedy = sub->desired_remedy;
}

/* Safety, injury, law: a complaint whatever upstream called it; then a person looks. */
static void
take_strong(struct work *w, const struct reading *r)
{
    if (!r->strong_complaint)
        return;
    if (w->s->kind != KIND_COMPLAINT &&
        w->f[TASK_KIND].decided_by >= DECIDED_BY_UPSTREAM &&
        w->f[TASK_KIND].decided_by < DECIDED_BY_RULE)
        w->s->needs_review = true;
    work_kind(w, KIND_COMPLAINT, 1, DECIDED_BY_RULE, &r->strong_names);
}

/* --- the guard against kind drift --------------------------------------------------- */

/* A complaint under another name has fewer clocks and spares the statistics: what is
 * called something else although it was, or reads as, a complaint is flagged and shown to
 * a person. */
#define KIND_DRIFT STR("kind_drift")

static void
flag_drift(struct work *w)
{
    (void)work_add_flag(w->flags, &w->s->n_flags, KIND_DRIFT);
    w->s->needs_review = true;
}

static bool
has_drift(const struct work *w)
{
    for (size_t i = 0; i < w->s->n_flags; i++)
        if (str_eq(w->flags[i], KIND_DRIFT))
            return true;
    return false;
}

static void
drop_drift(struct work *w)
{
    size_t n = 0;
    for (size_t i = 0; i < w->s->n_flags; i++)
        if (!str_eq(w->flags[i], KIND_DRIFT))
            w->flags[n++] = w->flags[i];
    w->s->n_flags = n;
}

/* What the customer writes is a complaint, what upstream or a person called it is not.
 * Where phrases alone decided the kind nobody relabelled anything. */
static void
watch_text(struct work *w, const struct reading *r)
{
    double all = 0;
    const struct finding *kind = &w->f[TASK_KIND];
    enum kind called = w->s->kind;
    bool by_people = kind->decided_by == DECIDED_BY_UPSTREAM ||
                     kind->decided_by == DECIDED_BY_CORRECTION;
    bool reads_so =
        r->strong_complaint || (reading_kind(r, &all) == KIND_COMPLAINT &&
                                r->kinds[KIND_COMPLAINT] > r->kinds[called] &&
                                r->kinds[KIND_COMPLAINT] >= w->policy->kind_threshold);
    if (reading_sure(r, TASK_KIND) &&
        (enum kind)r->said[TASK_KIND].value == KIND_COMPLAINT)
        reads_so = true;
    if (!by_people || called == KIND_COMPLAINT)
        return;
    if (reads_so)
        flag_drift(w);
    else if (reading_leans(r, TASK_KIND, 0.5) &&
             (enum kind)r->said[TASK_KIND].value == KIND_COMPLAINT)
        w->s->needs_review = true; /* too little for the flag, too much to pass over */
}

/* A person says what kind it is. Said of a flagged case again, it is the second look that
 * the flag asked for: the flag stays, the review is done. */
static void
watch_correction(struct work *w, enum kind kind)
{
    if (kind == KIND_COMPLAINT)
        drop_drift(w);
    else if (w->s->kind == KIND_COMPLAINT)
        flag_drift(w);
}

/* Nobody says it, or only a model that is not sure. */
static bool
is_unknown(const struct work *w, enum task task, struct str phrase)
{
    const struct finding *f = &w->f[task];
    return f->decided_by <= DECIDED_BY_DEFAULT || (f->needs_review && str_empty(phrase));
}

/* Models, phrases, upstream and rules on a first text, the last word first. */
static void
take_all(struct work *w, const struct submission *submission, const struct reading *r)
{
    struct classification_section *s = w->s;
    (void)work_decide(w, TASK_LANGUAGE, s->language, 0, DECIDED_BY_DEFAULT, NULL);
    work_kind(w, KIND_COMPLAINT, 1, DECIDED_BY_DEFAULT, NULL);
    (void)work_decide(w, TASK_DOUBLE_DEVIATION, STR("no"), 0, DECIDED_BY_DEFAULT, NULL);
    work_take_sure(w, r, false);
    take_kind(w, r);
    take_phrases(w, r);
    work_take_guesses(w, r);
    take_upstream(w, submission);
    watch_text(w, r);
    take_strong(w, r);
    (void)work_sentiment(w, r, true, &s->sentiment);
    work_severity(w, w->policy->kind_severity[s->kind], 1, DECIDED_BY_DEFAULT, NULL);
    work_model_severity(w, r, false);
    if (s->kind == KIND_COMPLAINT && r->sentiment <= -0.75 && s->severity < 5 &&
        !reading_sure(r, TASK_SEVERITY))
        work_raise_severity(w, s->severity + 1, 1, DECIDED_BY_MODEL, NULL);
    work_model_double(w, r, false);
    raise(w, r);
}

void
classification_submit(const struct classification_policy *policy,
                      struct models_room *room, const struct submission *submission,
                      struct arena *arena, struct classification_section *ret)
{
    struct work w;
    struct reading r;
    struct str text = text_of(submission, arena);
    *ret =
        (struct classification_section){.language = STR("other"), .kind = KIND_COMPLAINT};
    work_begin(&w, policy, arena, ret);
    reading_phrases(policy, text, arena, &r);
    /* Without a text, the words that name product and issue tell the language. */
    if (str_is_null(r.language))
        r.language = language_of(rules_fold(submission->issue, arena));
    if (str_is_null(r.language))
        r.language = language_of(rules_fold(submission->product, arena));
    reading_of_submission(policy, room, submission, arena, &r);
    take_all(&w, submission, &r);
    work_note_models(&w, &r);
    ret->message_sentiment = ret->sentiment;
    /* A complaint about nothing that we know.  Sure thanks or a sure question may be. */
    if (ret->kind == KIND_COMPLAINT && is_unknown(&w, TASK_PRODUCT, r.product) &&
        is_unknown(&w, TASK_ISSUE, r.issue) && !str_empty(text))
        ret->needs_review = true;
    work_finish(&w);
}

void
classification_message(const struct classification_policy *policy,
                       struct models_room *room, struct str text, struct arena *arena,
                       struct classification_section *section)
{
    struct work w;
    struct reading r;
    double sentiment = 0;
    work_begin(&w, policy, arena, section);
    reading_phrases(policy, text, arena, &r);
    reading_of_message(&w, room, text, &r);
    work_take_sure(&w, &r, true);
    take_phrases(&w, &r);
    watch_text(&w, &r);
    take_strong(&w, &r);
    if (work_sentiment(&w, &r, false, &sentiment))
        section->sentiment = sentiment;
    work_model_severity(&w, &r, true);
    work_model_double(&w, &r, true);
    raise(&w, &r);
    section->message_sentiment = sentiment;
    work_finish(&w);
}

void
classification_correct(const struct classification_policy *policy,
                       const struct action *action, struct arena *arena,
                       struct classification_section *section)
{
    struct work w;
    work_begin(&w, policy, arena, section);
    /* A person has looked; at a drift of the kind only who speaks of the kind. */
    bool of_kind = action->has_kind && action->kind != KIND_UNKNOWN;
    section->needs_review = section->needs_review && has_drift(&w) && !of_kind;
    if (of_kind) {
        watch_correction(&w, action->kind);
        work_kind(&w, action->kind, 1, DECIDED_BY_CORRECTION, NULL);
    }
    if (work_decide(&w, TASK_PRODUCT, action->product, 1, DECIDED_BY_CORRECTION, NULL))
        section->product = action->product;
    if (work_decide(&w, TASK_ISSUE, action->issue, 1, DECIDED_BY_CORRECTION, NULL))
        section->issue = action->issue;
    if (action->has_severity)
        work_severity(&w, action->severity, 1, DECIDED_BY_CORRECTION, NULL);
    work_finish(&w);
}

void
classification_merge(const struct classification_policy *policy,
                     const struct classification_section *from, struct arena *arena,
                     struct classification_section *into)
{
    static const struct names merged = {.list = {{"merged", 6}}, .n = 1};
    struct work w;
    struct reading r = {.double_deviation = from->double_deviation_confidence,
                        .severity = from->severity,
                        .double_found = from->double_deviation,
                        .severity_names = merged,
                        .double_names = merged};
    work_begin(&w, policy, arena, into);
    for (size_t i = 0; i < from->n_flags; i++) {
        if (!str_eq(from->flags[i], KIND_DRIFT)) /* of that case's own label */
            (void)work_add_flag(r.flags, &r.n_flags, from->flags[i]);
    }
    raise(&w, &r);
    work_finish(&w);
}
