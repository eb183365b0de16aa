#include "classification/classification.h"

#include <math.h>

#include "classification/language.h"

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
static const char *const task_names[TASK_COUNT] = {
    "language", "kind",      "product",          "issue",
    "severity", "sentiment", "double_deviation", "desired_remedy",
};

/* Names of rules that spoke, capped. */
struct names {
    struct str list[CLASSIFICATION_REASONS];
    size_t n;
};

/* A section under work: findings by task, room for flags. */
struct work {
    const struct classification_policy *policy;
    struct arena *arena;
    struct classification_section *s;
    struct finding *f; /* TASK_COUNT; decided_by nothing: no finding */
    struct str *flags; /* CLASSIFICATION_FLAGS */
};

/* What the phrases of one text say. */
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
    struct names double_names;
    double sentiment;
    bool has_sentiment;
    struct str remedy;
    struct names remedy_names;
    struct str product;
    double product_confidence;
    struct str issue;
    double issue_confidence;
};

static void
add_name(struct names *names, struct str name)
{
    if (names->n < CLASSIFICATION_REASONS)
        names->list[names->n++] = name;
}

static bool
add_flag(struct str *flags, size_t *n_flags, struct str flag)
{
    for (size_t i = 0; i < *n_flags; i++)
        if (str_eq(flags[i], flag))
            return false;
    if (*n_flags == CLASSIFICATION_FLAGS)
        return false;
    flags[(*n_flags)++] = flag;
    return true;
}

/* --- reading a text ----------------------------------------------------------------- */

static void
read_rule(const struct classification_rule *rule, uint16_t count, struct reading *ret)
{
    if (!str_is_null(rule->flag))
        (void)add_flag(ret->flags, &ret->n_flags, rule->flag);
    if (rule->severity > 0) {
        ret->severity = rule->severity > ret->severity ? rule->severity : ret->severity;
        add_name(&ret->severity_names, rule->name);
    }
    if (rule->has_kind) {
        ret->kinds[rule->kind] += rule->weight * (count < 3 ? count : 3);
        add_name(&ret->kind_names[rule->kind], rule->name);
    }
    if (rule->strong) {
        ret->strong_complaint = true;
        add_name(&ret->strong_names, rule->name);
    }
    if (rule->double_deviation > 0) {
        ret->double_deviation =
            1 - (1 - ret->double_deviation) * (1 - rule->double_deviation);
        add_name(&ret->double_names, rule->name);
    }
    if (!str_is_null(rule->remedy) && str_is_null(ret->remedy)) {
        ret->remedy = rule->remedy;
        add_name(&ret->remedy_names, rule->name);
    }
}

/* The label with most matches; on a tie the deeper one, then the first. */
static struct str
best_label(const struct classification_label *labels, size_t n_labels,
           const uint16_t *counts, double *ret_confidence)
{
    size_t best = n_labels;
    unsigned all = 0;
    for (size_t i = 0; i < n_labels; i++) {
        all += counts[i];
        if (counts[i] > 0 &&
            (best == n_labels || counts[i] > counts[best] ||
             (counts[i] == counts[best] && labels[i].depth > labels[best].depth)))
            best = i;
    }
    if (best == n_labels)
        return STR_NULL;
    *ret_confidence = floor(100.0 * counts[best] / (all + 0.5)) / 100.0;
    return labels[best].id;
}

static void
read_text(const struct classification_policy *p, struct str text, struct arena *arena,
          struct reading *ret)
{
    *ret = (struct reading){.language = STR_NULL};
    struct str folded = rules_fold(text, arena);
    const uint16_t *counts = rules_match(&p->rules, folded, arena);
    ret->language = language_of(folded);
    double good = 0;
    double bad = 0;
    for (size_t i = 0; i < p->n_rules; i++) {
        if (counts[i] == 0)
            continue;
        read_rule(&p->rule[i], counts[i], ret);
        if (p->rule[i].sentiment < 0)
            bad -= p->rule[i].sentiment * counts[i];
        else
            good += p->rule[i].sentiment * counts[i];
    }
    ret->has_sentiment = good + bad > 0;
    if (ret->has_sentiment) {
        /* Bounded, and 0.5 at sentiment_half words of one sign. */
        double sum = good - bad;
        double x = sum / (fabs(sum) + p->sentiment_half);
        ret->sentiment = floor(x * 100.0 + 0.5) / 100.0;
    }
    /* Bad words make a question or a thank-you less of one. */
    ret->kinds[KIND_COMPLAINT] += 0.5 * (bad < 6 ? bad : 6);
    ret->product = best_label(p->product, p->n_products, counts + p->n_rules,
                              &ret->product_confidence);
    ret->issue = best_label(p->issue, p->n_issues, counts + p->n_rules + p->n_products,
                            &ret->issue_confidence);
}

/* --- sections ----------------------------------------------------------------------- */

static enum task
task_of(struct str name)
{
    int task = 0;
    while (task < TASK_COUNT && !str_eq(str_from(task_names[task]), name))
        task++;
    return (enum task)task;
}

static void
begin(struct work *w, const struct classification_policy *policy, struct arena *arena,
      struct classification_section *section)
{
    *w = (struct work){policy, arena, section,
                       ARENA_ARRAY(arena, struct finding, TASK_COUNT),
                       ARENA_ARRAY(arena, struct str, CLASSIFICATION_FLAGS)};
    for (size_t i = 0; i < section->n_findings; i++) {
        enum task task = task_of(section->findings[i].task);
        if (task < TASK_COUNT)
            w->f[task] = section->findings[i];
    }
    for (size_t i = 0; i < section->n_flags && i < CLASSIFICATION_FLAGS; i++)
        w->flags[i] = section->flags[i];
    section->flags = w->flags;
}

static void
finish(struct work *w)
{
    size_t n = 0;
    for (size_t task = 0; task < TASK_COUNT; task++)
        if (w->f[task].decided_by != DECIDED_BY_NOTHING)
            w->f[n++] = w->f[task];
    w->s->findings = w->f;
    w->s->n_findings = n;
    w->s->policy_version = w->policy->version;
    w->s->policy_hash = w->policy->hash;
}

/* Writes a task's finding unless a higher source has it. What upstream said is kept. */
static bool
decide(struct work *w, enum task task, struct str label, double confidence,
       enum decided_by by, const struct names *names)
{
    struct finding *f = &w->f[task];
    if (str_empty(label) || by < f->decided_by)
        return false;
    struct str upstream = by == DECIDED_BY_UPSTREAM ? label : f->upstream;
    *f = (struct finding){.task = str_from(task_names[task]),
                          .label = label,
                          .confidence = confidence,
                          .decided_by = by,
                          .upstream = upstream,
                          .model = by == DECIDED_BY_MODEL ? STR("phrases") : STR_NULL};
    if (names && names->n > 0) {
        struct str *reasons = ARENA_ARRAY(w->arena, struct str, names->n);
        memcpy(reasons, names->list, names->n * sizeof(*reasons));
        f->reasons = reasons;
        f->n_reasons = names->n;
    }
    return true;
}

static void
decide_kind(struct work *w, enum kind kind, double confidence, enum decided_by by,
            const struct names *names)
{
    if (decide(w, TASK_KIND, str_from(kind_name(kind)), confidence, by, names))
        w->s->kind = kind;
}

static void
decide_severity(struct work *w, int severity, enum decided_by by,
                const struct names *names)
{
    static const char *const labels[] = {"", "1", "2", "3", "4", "5"};
    severity = severity < 1 ? 1 : severity > 5 ? 5 : severity;
    if (decide(w, TASK_SEVERITY, str_from(labels[severity]), 1, by, names))
        w->s->severity = severity;
}

static void
raise_severity(struct work *w, int severity, enum decided_by by,
               const struct names *names)
{
    enum decided_by now = w->f[TASK_SEVERITY].decided_by;
    /* Upwards a lower source may go too, but never against a person. */
    if (severity <= w->s->severity || now == DECIDED_BY_CORRECTION)
        return;
    decide_severity(w, severity, by > now ? by : now, names);
}

/* Flags, severity and double deviation of a text: upwards only. */
static void
raise(struct work *w, const struct reading *r)
{
    const struct classification_policy *p = w->policy;
    struct classification_section *s = w->s;
    for (size_t i = 0; i < r->n_flags; i++)
        (void)add_flag(w->flags, &s->n_flags, r->flags[i]);
    if (r->severity > 0)
        raise_severity(w, r->severity, DECIDED_BY_RULE, &r->severity_names);
    bool found = r->double_deviation >= p->double_deviation_threshold;
    if (r->double_deviation > s->double_deviation_confidence ||
        found > s->double_deviation) {
        s->double_deviation_confidence = floor(r->double_deviation * 100.0 + 0.5) / 100.0;
        s->double_deviation = s->double_deviation || found;
        (void)decide(w, TASK_DOUBLE_DEVIATION, found ? STR("yes") : STR("no"),
                     s->double_deviation_confidence, DECIDED_BY_RULE, &r->double_names);
        if (!found && r->double_deviation >= p->review_from)
            s->needs_review = true;
    }
}

static void
take_sentiment(struct work *w, const struct reading *r)
{
    static const struct names none = {.n = 0};
    if (!r->has_sentiment)
        return;
    w->s->sentiment = r->sentiment;
    struct str label = r->sentiment < -0.1  ? STR("negative")
                       : r->sentiment > 0.1 ? STR("positive")
                                            : STR("neutral");
    (void)decide(w, TASK_SENTIMENT, label, 1, DECIDED_BY_MODEL, &none);
}

/* What the phrases of a text make of tasks that nobody decided yet. */
static void
take_phrases(struct work *w, const struct reading *r)
{
    struct classification_section *s = w->s;
    if (w->f[TASK_LANGUAGE].decided_by <= DECIDED_BY_DEFAULT &&
        !str_is_null(r->language) &&
        decide(w, TASK_LANGUAGE, r->language, 1, DECIDED_BY_MODEL, NULL))
        s->language = r->language;
    if (w->f[TASK_PRODUCT].decided_by == DECIDED_BY_NOTHING &&
        decide(w, TASK_PRODUCT, r->product, r->product_confidence, DECIDED_BY_MODEL,
               NULL))
        s->product = r->product;
    if (w->f[TASK_ISSUE].decided_by == DECIDED_BY_NOTHING &&
        decide(w, TASK_ISSUE, r->issue, r->issue_confidence, DECIDED_BY_MODEL, NULL))
        s->issue = r->issue;
    if (w->f[TASK_DESIRED_REMEDY].decided_by == DECIDED_BY_NOTHING &&
        decide(w, TASK_DESIRED_REMEDY, r->remedy, 1, DECIDED_BY_MODEL, &r->remedy_names))
        s->desired_remedy = r->remedy;
}

/* The kind that the phrases speak for, more than for any other; *ret_all is what they
 * weigh together. */
static enum kind
kind_of_phrases(const struct reading *r, double *ret_all)
{
    enum kind best = KIND_COMPLAINT;
    double all = 0;
    for (int kind = KIND_INQUIRY; kind < KIND_COUNT; kind++) {
        all += r->kinds[kind];
        if (r->kinds[kind] > r->kinds[best])
            best = (enum kind)kind;
    }
    *ret_all = all;
    return best;
}

/* Phrases that beat the default kind: enough of them. */
static void
take_kind(struct work *w, const struct reading *r)
{
    double all = 0;
    enum kind best = kind_of_phrases(r, &all);
    if (r->kinds[best] < w->policy->kind_threshold)
        return;
    decide_kind(w, best, floor(100.0 * r->kinds[best] / (all + 0.5)) / 100.0,
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
    if (decide(w, TASK_LANGUAGE, language, 1, DECIDED_BY_UPSTREAM, NULL)) {
        s->language = language;
        w->f[TASK_LANGUAGE].upstream = sub->language;
    }
    if (sub->has_kind && sub->kind != KIND_UNKNOWN)
        decide_kind(w, sub->kind, 1, DECIDED_BY_UPSTREAM, NULL);
    if (decide(w, TASK_PRODUCT, sub->product, 1, DECIDED_BY_UPSTREAM, NULL))
        s->product = sub->product;
    if (decide(w, TASK_ISSUE, sub->issue, 1, DECIDED_BY_UPSTREAM, NULL))
        s->issue = sub->issue;
    if (decide(w, TASK_DESIRED_REMEDY, sub->desired_remedy, 1, DECIDED_BY_UPSTREAM, NULL))
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
    decide_kind(w, KIND_COMPLAINT, 1, DECIDED_BY_RULE, &r->strong_names);
}

/* --- the guard against kind drift --------------------------------------------------- */

/* A complaint under another name has fewer clocks and spares the statistics: what is
 * called something else although it was, or reads as, a complaint is flagged and shown to
 * a person. */
#define KIND_DRIFT STR("kind_drift")

static void
flag_drift(struct work *w)
{
    (void)add_flag(w->flags, &w->s->n_flags, KIND_DRIFT);
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
        r->strong_complaint || (kind_of_phrases(r, &all) == KIND_COMPLAINT &&
                                r->kinds[KIND_COMPLAINT] > r->kinds[called] &&
                                r->kinds[KIND_COMPLAINT] >= w->policy->kind_threshold);
    if (by_people && called != KIND_COMPLAINT && reads_so)
        flag_drift(w);
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

void
classification_submit(const struct classification_policy *policy,
                      const struct submission *submission, struct arena *arena,
                      struct classification_section *ret)
{
    struct work w;
    struct reading r;
    struct str text = text_of(submission, arena);
    *ret =
        (struct classification_section){.language = STR("other"), .kind = KIND_COMPLAINT};
    begin(&w, policy, arena, ret);
    read_text(policy, text, arena, &r);
    /* Without a text, the words that name product and issue tell the language. */
    if (str_is_null(r.language))
        r.language = language_of(rules_fold(submission->issue, arena));
    if (str_is_null(r.language))
        r.language = language_of(rules_fold(submission->product, arena));

    (void)decide(&w, TASK_LANGUAGE, ret->language, 0, DECIDED_BY_DEFAULT, NULL);
    decide_kind(&w, KIND_COMPLAINT, 1, DECIDED_BY_DEFAULT, NULL);
    (void)decide(&w, TASK_DOUBLE_DEVIATION, STR("no"), 0, DECIDED_BY_DEFAULT, NULL);
    take_kind(&w, &r);
    take_phrases(&w, &r);
    take_upstream(&w, submission);
    watch_text(&w, &r);
    take_strong(&w, &r);
    take_sentiment(&w, &r);
    decide_severity(&w, policy->kind_severity[ret->kind], DECIDED_BY_DEFAULT, NULL);
    if (ret->kind == KIND_COMPLAINT && r.sentiment <= -0.75)
        raise_severity(&w, ret->severity + 1, DECIDED_BY_MODEL, NULL);
    raise(&w, &r);
    ret->message_sentiment = r.sentiment;
    /* A text about nothing that we know. */
    if (str_empty(ret->product) && str_empty(ret->issue) && !str_empty(text))
        ret->needs_review = true;
    finish(&w);
}

void
classification_message(const struct classification_policy *policy, struct str text,
                       struct arena *arena, struct classification_section *section)
{
    struct work w;
    struct reading r;
    begin(&w, policy, arena, section);
    read_text(policy, text, arena, &r);
    take_phrases(&w, &r);
    watch_text(&w, &r);
    take_strong(&w, &r);
    take_sentiment(&w, &r);
    raise(&w, &r);
    section->message_sentiment = r.sentiment;
    finish(&w);
}

void
classification_correct(const struct classification_policy *policy,
                       const struct action *action, struct arena *arena,
                       struct classification_section *section)
{
    struct work w;
    begin(&w, policy, arena, section);
    /* A person has looked; at a drift of the kind only who speaks of the kind. */
    bool of_kind = action->has_kind && action->kind != KIND_UNKNOWN;
    section->needs_review = section->needs_review && has_drift(&w) && !of_kind;
    if (of_kind) {
        watch_correction(&w, action->kind);
        decide_kind(&w, action->kind, 1, DECIDED_BY_CORRECTION, NULL);
    }
    if (decide(&w, TASK_PRODUCT, action->product, 1, DECIDED_BY_CORRECTION, NULL))
        section->product = action->product;
    if (decide(&w, TASK_ISSUE, action->issue, 1, DECIDED_BY_CORRECTION, NULL))
        section->issue = action->issue;
    if (action->has_severity)
        decide_severity(&w, action->severity, DECIDED_BY_CORRECTION, NULL);
    finish(&w);
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
                        .severity_names = merged,
                        .double_names = merged};
    begin(&w, policy, arena, into);
    for (size_t i = 0; i < from->n_flags; i++) {
        if (!str_eq(from->flags[i], KIND_DRIFT)) /* of that case's own label */
            (void)add_flag(r.flags, &r.n_flags, from->flags[i]);
    }
    raise(&w, &r);
    finish(&w);
}
