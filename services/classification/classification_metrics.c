#include "classification/classification_metrics.h"

static const double confidences[] = {0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1};

const struct stage_metric classification_metrics[CLASSIFICATION_METRICS] = {
    [CLASSIFICATION_FINDINGS] =
        {.name = "redress_classification_findings_total",
         .help = "First findings of complaints, by task, label and who decided.",
         .type = METRIC_COUNTER,
         .labels = {"task", "label", "decided_by", "needs_review"},
         .open_label = 2},
    [CLASSIFICATION_CONFIDENCE] =
        {.name = "redress_classification_confidence",
         .help = "How sure the model is of its label, also where something else decided.",
         .type = METRIC_HISTOGRAM,
         .labels = {"task"},
         .bounds = confidences,
         .n_bounds = COUNT_OF(confidences)},
    [CLASSIFICATION_UPSTREAM] =
        {.name = "redress_classification_upstream_total",
         .help = "Complaints of which both the publisher and the model named a label.",
         .type = METRIC_COUNTER,
         .labels = {"task", "agrees"}},
    [CLASSIFICATION_CORRECTIONS] =
        {.name = "redress_classification_corrections_total",
         .help = "Labels that people named, by whether the model had said the same.",
         .type = METRIC_COUNTER,
         .labels = {"task", "agrees"}},
    [CLASSIFICATION_MODEL] =
        {.name = "redress_classification_model_info",
         .help = "Version of the model that spoke last, by task and language.",
         .type = METRIC_CURRENT,
         .labels = {"task", "language", "model"},
         .open_label = 3},
};

static const struct finding *
finding_of(const struct classification_section *section, struct str task)
{
    for (size_t i = 0; section && i < section->n_findings; i++)
        if (str_eq(section->findings[i].task, task))
            return &section->findings[i];
    return NULL;
}

struct said {
    struct str label; /* null: nobody said anything */
    double confidence;
    struct str model; /* null: phrases */
};

/* What the model made of it, whoever decided; where none was asked, the phrases in its
 * place. */
static struct said
model_said(const struct finding *f)
{
    bool phrases = str_eq(f->model, STR("phrases"));
    struct str model = phrases ? STR_NULL : f->model;
    bool asked =
        !str_is_null(f->model_label) && !(phrases && str_is_null(f->model_asked));
    if (f->decided_by == DECIDED_BY_MODEL && !asked)
        return (struct said){f->label, f->confidence, model};
    return (struct said){f->model_label, f->model_confidence,
                         str_is_null(f->model_asked) ? model : f->model_asked};
}

static bool
is_label(const struct classification_label *labels, size_t n, struct str label)
{
    for (size_t i = 0; i < n; i++)
        if (str_eq(labels[i].id, label))
            return true;
    return false;
}

/* A stranger's word is a label only where the taxonomy knows it. */
static struct str
label_of(const struct classification_policy *policy, const struct finding *f)
{
    bool known = f->decided_by != DECIDED_BY_UPSTREAM;
    if (known)
        return f->label;
    if (str_eq(f->task, STR("product")))
        known = is_label(policy->product, policy->n_products, f->label);
    else if (str_eq(f->task, STR("issue")))
        known = is_label(policy->issue, policy->n_issues, f->label);
    else if (str_eq(f->task, STR("desired_remedy")))
        for (size_t i = 0; i < policy->n_rules && !known; i++)
            known = str_eq(policy->rule[i].remedy, f->label);
    else
        known = true; /* a language or a kind: the door knows them all */
    return known ? f->label : STR("other");
}

static struct str
yes_no(bool yes)
{
    return yes ? STR("true") : STR("false");
}

static void
measure_finding(struct turn *turn, const struct classification_section *section,
                const struct finding *f)
{
    const struct said said = model_said(f);
    const struct str labels[] = {f->task, label_of(turn_policy(turn), f),
                                 str_from(decided_by_name(f->decided_by)),
                                 yes_no(f->needs_review)};
    turn_observe(turn, CLASSIFICATION_FINDINGS, labels, 1);
    if (str_is_null(said.label))
        return;
    turn_observe(turn, CLASSIFICATION_CONFIDENCE, labels, said.confidence);
    /* Upstream's word as we read it, where it decided: "ENGLISH" is en. */
    struct str upstream = f->decided_by == DECIDED_BY_UPSTREAM ? f->label : f->upstream;
    if (!str_empty(upstream)) {
        const struct str agrees[] = {f->task, yes_no(str_eq(upstream, said.label))};
        turn_observe(turn, CLASSIFICATION_UPSTREAM, agrees, 1);
    }
    if (!str_empty(said.model)) {
        const struct str model[] = {f->task, section->language, said.model};
        turn_observe(turn, CLASSIFICATION_MODEL, model, 1);
    }
}

/* Once for each task that the correction names: also one that changes nothing speaks. */
static void
measure_correction(struct turn *turn, const struct action *action,
                   const struct classification_section *before,
                   const struct classification_section *now)
{
    const struct {
        struct str task;
        bool named;
    } tasks[] = {
        {STR("kind"), action->has_kind && action->kind != KIND_UNKNOWN},
        {STR("product"), !str_empty(action->product)},
        {STR("issue"), !str_empty(action->issue)},
        {STR("severity"), action->has_severity},
    };
    for (size_t i = 0; i < COUNT_OF(tasks); i++) {
        const struct finding *was = finding_of(before, tasks[i].task);
        const struct finding *is = finding_of(now, tasks[i].task);
        if (!tasks[i].named || !is)
            continue;
        struct str said = was ? model_said(was).label : STR_NULL;
        const struct str labels[] = {tasks[i].task,
                                     str_is_null(said) ? STR("none")
                                                       : yes_no(str_eq(said, is->label))};
        turn_observe(turn, CLASSIFICATION_CORRECTIONS, labels, 1);
    }
}

void
classification_measure(struct turn *turn, const struct complaint_event *ev,
                       const struct classification_section *before,
                       const struct classification_section *now)
{
    if (!before && ev->type != EVENT_TYPE_COMPLAINT_SUBMITTED)
        return;
    if (ev->type == EVENT_TYPE_COMPLAINT_CORRECTED && ev->action)
        measure_correction(turn, ev->action, before, now);
    for (size_t i = 0; i < now->n_findings; i++) {
        const struct finding *f = &now->findings[i];
        if (f->decided_by != DECIDED_BY_CORRECTION && !finding_of(before, f->task))
            measure_finding(turn, now, f);
    }
}
