/* A section under work: who may write what over whom. */
#include "classification/classification_parts.h"

#include <math.h>

bool
work_add_flag(struct str *flags, size_t *n_flags, struct str flag)
{
    for (size_t i = 0; i < *n_flags; i++)
        if (str_eq(flags[i], flag))
            return false;
    if (*n_flags == CLASSIFICATION_FLAGS)
        return false;
    flags[(*n_flags)++] = flag;
    return true;
}

void
work_begin(struct work *w, const struct classification_policy *policy,
           struct arena *arena, struct classification_section *section)
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

void
work_finish(struct work *w)
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

bool
work_decide(struct work *w, enum task task, struct str label, double confidence,
            enum decided_by by, const struct names *names)
{
    struct finding *f = &w->f[task];
    if (str_empty(label) || by < f->decided_by)
        return false;
    struct finding old = *f;
    *f = (struct finding){.task = task_name(task),
                          .label = label,
                          .confidence = confidence,
                          .decided_by = by,
                          .upstream = by == DECIDED_BY_UPSTREAM ? label : old.upstream,
                          .model_label = old.model_label,
                          .has_model_confidence = old.has_model_confidence,
                          .model_confidence = old.model_confidence,
                          .model_asked = old.model_asked};
    /* Phrases are no model whose word would be kept. */
    if (by == DECIDED_BY_MODEL)
        f->model = names && !str_is_null(names->model) ? names->model : STR("phrases");
    else if (!str_eq(old.model, STR("phrases")))
        f->model = old.model;
    if (names && names->n > 0) {
        struct str *reasons = ARENA_ARRAY(w->arena, struct str, names->n);
        memcpy(reasons, names->list, names->n * sizeof(*reasons));
        f->reasons = reasons;
        f->n_reasons = names->n;
    }
    return true;
}

void
work_kind(struct work *w, enum kind kind, double confidence, enum decided_by by,
          const struct names *names)
{
    if (work_decide(w, TASK_KIND, str_from(kind_name(kind)), confidence, by, names))
        w->s->kind = kind;
}

void
work_severity(struct work *w, int severity, double confidence, enum decided_by by,
              const struct names *names)
{
    static const char *const labels[] = {"", "1", "2", "3", "4", "5"};
    severity = severity < 1 ? 1 : severity > 5 ? 5 : severity;
    if (work_decide(w, TASK_SEVERITY, str_from(labels[severity]), confidence, by, names))
        w->s->severity = severity;
}

void
work_raise_severity(struct work *w, int severity, double confidence, enum decided_by by,
                    const struct names *names)
{
    enum decided_by now = w->f[TASK_SEVERITY].decided_by;
    /* What a rule knows, no model guesses. */
    bool same =
        severity == w->s->severity && by == DECIDED_BY_RULE && now == DECIDED_BY_MODEL;
    /* Upwards a lower source may go too, but never against a person. */
    if ((severity <= w->s->severity && !same) || now == DECIDED_BY_CORRECTION)
        return;
    work_severity(w, severity, confidence, by > now ? by : now, names);
}
