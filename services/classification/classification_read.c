/* Reading a text by its phrases. */
#include "classification/classification_parts.h"

#include <math.h>

#include "classification/language.h"

static void
add_name(struct names *names, struct str name)
{
    if (names->n < CLASSIFICATION_REASONS)
        names->list[names->n++] = name;
}

static void
read_rule(const struct classification_rule *rule, uint16_t count, struct reading *ret)
{
    if (!str_is_null(rule->flag))
        (void)work_add_flag(ret->flags, &ret->n_flags, rule->flag);
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

void
reading_phrases(const struct classification_policy *p, struct str text,
                struct arena *arena, struct reading *ret)
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
    ret->double_found = ret->double_deviation >= p->double_deviation_threshold;
    /* Bad words make a question or a thank-you less of one. */
    ret->kinds[KIND_COMPLAINT] += 0.5 * (bad < 6 ? bad : 6);
    ret->product = best_label(p->product, p->n_products, counts + p->n_rules,
                              &ret->product_confidence);
    ret->issue = best_label(p->issue, p->n_issues, counts + p->n_rules + p->n_products,
                            &ret->issue_confidence);
}

enum kind
reading_kind(const struct reading *r, double *ret_all)
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

bool
reading_sure(const struct reading *r, enum task task)
{
    return r->said[task].entry && r->said[task].sure;
}

bool
reading_leans(const struct reading *r, enum task task, double confidence)
{
    return r->said[task].entry && r->said[task].confidence >= confidence;
}

bool
reading_unsure(const struct reading *r, enum task task)
{
    return r->said[task].entry && !r->said[task].sure;
}
