/* Scores: as JSON, and for somebody who must decide whether to trust a model. */
#include "ctl/learn.h"

static void
add_labels(const struct score *score, const struct str *labels, struct buf *out)
{
    bool first = true;
    buf_add_c(out, ",\"labels\":[");
    for (uint32_t i = 0; i < score->n_labels; i++) {
        const struct score_label *l = &score->label[i];
        if (l->n + l->said == 0)
            continue;
        buf_add_c(out, first ? "{\"label\":" : ",{\"label\":");
        first = false;
        (void)buf_add_json(out, labels[i]);
        buf_printf(out, ",\"texts\":%u,\"precision\":%.4f,\"recall\":%.4f,\"f1\":%.4f}",
                   l->n, l->precision, l->recall, l->f1);
    }
    buf_add_char(out, ']');
}

static void
add_point(double threshold, double kept, double accuracy, struct buf *out)
{
    if (threshold > 1)
        buf_add_c(out, "null,");
    else
        buf_printf(out, "%.4f,", threshold);
    buf_printf(out, "\"kept\":%.4f,\"accuracy\":", kept);
    if (kept > 0)
        buf_printf(out, "%.4f", accuracy);
    else
        buf_add_c(out, "null");
}

void
learn_score_json(const struct score *score, const struct str *labels, struct buf *out)
{
    buf_printf(out, "\"texts\":%u,\"accuracy\":%.4f,\"macro_f1\":%.4f,\"ece\":%.4f",
               score->n, score->accuracy, score->macro_f1, score->ece);
    add_labels(score, labels, out);
    buf_add_c(out, ",\"curve\":[");
    for (int i = 0; i < SCORE_CURVE; i++)
        buf_printf(out, "%s{\"threshold\":%g,\"kept\":%.4f,\"accuracy\":%.4f}",
                   i ? "," : "", score->curve[i].threshold, score->curve[i].kept,
                   score->curve[i].accuracy);
    buf_add_c(out, "],\"coverage\":[");
    for (int i = 0; i < SCORE_COVER; i++) {
        const struct score_cover *c = &score->cover[i];
        buf_printf(out, "%s{\"wanted\":%g,\"threshold\":", i ? "," : "", c->wanted);
        add_point(c->at.threshold, c->at.kept, c->at.accuracy, out);
        buf_add_char(out, '}');
    }
    buf_add_c(out, "],\"reliability\":[");
    for (int i = 0; i < SCORE_BINS; i++) {
        const struct score_bin *b = &score->bin[i];
        buf_printf(out, "%s{\"from\":%g,\"to\":%g,\"texts\":%u", i ? "," : "",
                   (double)i / SCORE_BINS, (double)(i + 1) / SCORE_BINS, b->n);
        if (b->n > 0)
            buf_printf(out, ",\"confidence\":%.4f,\"accuracy\":%.4f", b->confidence,
                       b->accuracy);
        buf_add_char(out, '}');
    }
    buf_add_char(out, ']');
}

void
learn_threshold_json(double wanted, double at, double kept, double accuracy,
                     struct buf *out)
{
    buf_add_c(out, ",\"threshold\":{");
    if (wanted > 0)
        buf_printf(out, "\"wanted\":%g,", wanted);
    buf_add_c(out, "\"at\":");
    add_point(at, kept, accuracy, out);
    buf_add_char(out, '}');
}

/* --- for people --------------------------------------------------------------------- */

static double
number(const json_t *object, const char *name)
{
    return json_number_value(json_object_get(object, name));
}

static void
show_labels(const json_t *score, struct buf *out)
{
    size_t i;
    const json_t *label;
    buf_printf(out, "\n  %6s  %9s  %6s  %5s  label\n", "texts", "precision", "recall",
               "F1");
    json_array_foreach(json_object_get(score, "labels"), i, label)
    {
        const char *name = json_string_value(json_object_get(label, "label"));
        buf_printf(out, "  %6.0f  %9.3f  %6.3f  %5.3f  %s\n", number(label, "texts"),
                   number(label, "precision"), number(label, "recall"),
                   number(label, "f1"), name ? name : "");
    }
}

/* Accuracies to choose a threshold by. */
static void
show_coverage(const json_t *score, struct buf *out)
{
    size_t i;
    const json_t *point;
    if (json_array_size(json_object_get(score, "coverage")) == 0)
        return;
    buf_add_c(out, "\n  accuracy wanted  confidence from  texts kept\n");
    json_array_foreach(json_object_get(score, "coverage"), i, point)
    {
        buf_printf(out, "  %15.2f", number(point, "wanted"));
        if (json_is_null(json_object_get(point, "threshold")))
            buf_add_c(out, "  not to be had\n");
        else
            buf_printf(out, "  %15.3f  %9.1f%%\n", number(point, "threshold"),
                       100 * number(point, "kept"));
    }
    buf_add_c(out, "  (read off these answers; to rely on one, leave some room)\n");
}

/* Whether "0.9" means right nine times of ten. */
static void
show_reliability(const json_t *score, struct buf *out)
{
    size_t i;
    const json_t *bin;
    if (json_array_size(json_object_get(score, "reliability")) == 0)
        return;
    buf_add_c(out, "\n  confidence    texts  on average  right\n");
    json_array_foreach(json_object_get(score, "reliability"), i, bin)
    {
        if (number(bin, "texts") > 0)
            buf_printf(out, "  %.1f to %.1f  %7.0f  %10.3f  %5.3f%s\n",
                       number(bin, "from"), number(bin, "to"), number(bin, "texts"),
                       number(bin, "confidence"), number(bin, "accuracy"),
                       number(bin, "texts") < 20 ? "  (few)" : "");
    }
}

static void
show_curve(const json_t *score, struct buf *out)
{
    size_t i;
    const json_t *point;
    double before = 2;
    buf_add_c(out, "\n  confidence from  texts kept  accuracy\n");
    json_array_foreach(json_object_get(score, "curve"), i, point)
    {
        bool news = number(point, "kept") < before;
        before = number(point, "kept");
        if (news && before > 0)
            buf_printf(out, "  %15.2f  %9.1f%%  %8.3f\n", number(point, "threshold"),
                       100 * number(point, "kept"), number(point, "accuracy"));
    }
}

void
learn_tables_show(const json_t *score, struct buf *out)
{
    show_labels(score, out);
    show_curve(score, out);
    show_coverage(score, out);
    show_reliability(score, out);
}

void
learn_score_show(const struct score *score, const struct str *labels, struct buf *out)
{
    CLEANUP(buf_release) struct buf json = {0};
    buf_printf(out, "%u texts: accuracy %.3f, macro-F1 %.3f, calibration error %.3f\n",
               score->n, score->accuracy, score->macro_f1, score->ece);
    buf_add_char(&json, '{');
    learn_score_json(score, labels, &json);
    buf_add_char(&json, '}');
    json_t *root = json_loadb(json.ptr, json.len, 0, NULL);
    learn_tables_show(root, out);
    json_decref(root);
}

void
learn_threshold_show(const json_t *threshold, struct buf *out)
{
    const json_t *at = json_object_get(threshold, "at");
    double wanted = number(threshold, "wanted");
    double kept = 100 * number(threshold, "kept");
    bool never = json_is_null(at) || json_number_value(at) > 1;
    if (never && wanted > 0)
        buf_printf(out,
                   "none: no confidence promises an accuracy of %.2f, so every "
                   "answer needs a person\n",
                   wanted);
    else if (never)
        buf_add_c(out, "none: the model is never sure, so every answer needs a person\n");
    else if (json_number_value(at) <= 0)
        buf_printf(out,
                   "none is needed: all answers together are right often enough "
                   "(%.3f), none needs a person\n",
                   number(threshold, "accuracy"));
    else if (kept <= 0)
        buf_printf(out, "%.3f: no answer reaches it, every one needs a person\n",
                   json_number_value(at));
    else {
        buf_printf(out, "%.3f", json_number_value(at));
        if (wanted > 0)
            buf_printf(out, " for an accuracy of %.2f", wanted);
        buf_printf(out,
                   ": %.1f%% of the answers reach it, %.3f of them right; the others "
                   "need a person\n",
                   kept, number(threshold, "accuracy"));
    }
}
