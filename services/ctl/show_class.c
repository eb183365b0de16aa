/* show_class.c - the story's part on classification: who decided what, why, what is in
 * doubt, and what changed since. */
#include "ctl/show.h"

#include <math.h>
#include <string.h>

static void
set(json_t *object, const char *key, json_t *value)
{
    json_object_set_new(object, key, value ? value : json_null());
}

static json_t *
copy(const json_t *from, const char *key)
{
    json_t *value = json_object_get(from, key);
    return value ? json_incref(value) : json_null();
}

static bool
has_number(const json_t *object, const char *key)
{
    return json_is_number(json_object_get(object, key));
}

static void
add_plain(struct buf *out, const char *label)
{
    json_t *text = json_string(label);
    show_value(out, text, true);
    json_decref(text);
}

/* "83 %": rounded down, so that 99.6 is no certainty. */
static void
add_percent(struct buf *out, double share)
{
    buf_printf(out, "%.0f %%", floor(fmax(0, fmin(share, 1)) * 100 + 1e-9));
}

/* --- one finding -------------------------------------------------------------------- */

/* What the case says today of a task that has a column of its own; "" for the others. */
static void
add_now(struct buf *out, const json_t *complaint, const char *task)
{
    static const char *const columns[] = {"kind", "product", "issue", "severity",
                                          "desired_remedy"};
    for (size_t i = 0; i < COUNT_OF(columns); i++) {
        json_t *value = json_object_get(complaint, task);
        if (strcmp(task, columns[i]) == 0 && value && !json_is_null(value))
            show_value(out, value, false);
    }
}

static bool
is_corrected(const json_t *finding)
{
    return *show_get(finding, "corrected_label");
}

/* Nobody has said anything since. */
static bool
is_doubtful(const json_t *finding)
{
    return show_true(finding, "needs_review") && !is_corrected(finding) &&
           !*show_get(finding, "now");
}

static void
add_reasons(struct buf *out, const json_t *finding, const char *before, const char *quote)
{
    size_t i = 0;
    json_t *reason = NULL;
    json_array_foreach(json_object_get(finding, "reasons"), i, reason)
    {
        if (json_is_string(reason))
            buf_printf(out, "%s%s%.80s%s", i == 0 ? before : ", ", quote,
                       json_string_value(reason), quote);
    }
}

static void
add_by(struct buf *out, const json_t *f)
{
    const char *by = show_get(f, "decided_by");
    if (strcmp(by, "rule") == 0) {
        buf_add_c(out, "rule");
        add_reasons(out, f, " ", "");
    } else if (strcmp(by, "upstream") == 0)
        buf_add_c(out, "upstream said so");
    else if (strcmp(by, "correction") == 0)
        buf_add_c(out, "a person said so");
    else if (strcmp(by, "default") == 0)
        buf_add_c(out, "the default, nobody said so");
    else if (show_true(f, "by_phrases") || !*show_get(f, "model")) {
        buf_add_c(out, "phrases");
        add_reasons(out, f, " ", "");
    } else {
        buf_printf(out, "model %s, ", show_get(f, "model"));
        add_percent(out, show_number(f, "confidence"));
        buf_add_c(out, " sure");
        add_reasons(out, f, ", by ", "\"");
    }
}

/* "; upstream said X; the model would say Y, 83 %" */
static void
add_others(struct buf *out, const json_t *f)
{
    const char *label = show_get(f, "label");
    const char *upstream = show_get(f, "upstream_label");
    const char *model = show_get(f, "model_label");
    bool by_model = show_is(f, "decided_by", "model") && !show_true(f, "by_phrases");
    if (*upstream && strcmp(upstream, label) != 0)
        buf_printf(out, "; upstream said %s", upstream);
    if (!*model || !has_number(f, "model_confidence") ||
        (by_model && strcmp(model, label) == 0))
        return;
    if (strcmp(model, label) == 0)
        buf_add_c(out, "; the model says so, too");
    else {
        buf_add_c(out, "; the model would say ");
        add_plain(out, model);
    }
    buf_add_c(out, ", ");
    add_percent(out, show_number(f, "model_confidence"));
}

static json_t *
words_of(const json_t *f)
{
    CLEANUP(buf_release) struct buf out = {0};
    add_plain(&out, show_get(f, "label"));
    buf_add_c(&out, ": ");
    add_by(&out, f);
    add_others(&out, f);
    if (is_corrected(f)) {
        bool same = show_is(f, "label", show_get(f, "corrected_label"));
        buf_add_c(&out, same ? "; confirmed by a person" : "; corrected by a person to ");
        if (!same)
            add_plain(&out, show_get(f, "corrected_label"));
    } else if (*show_get(f, "now")) {
        buf_add_c(&out, "; now ");
        add_plain(&out, show_get(f, "now"));
        buf_add_c(&out, " through what came later");
    }
    if (is_doubtful(f))
        buf_add_c(&out, " - IN DOUBT");
    return json_stringn(out.ptr ? out.ptr : "", out.len);
}

static json_t *
finding_of(const json_t *complaint, const json_t *row)
{
    static const char *const keys[] = {
        "task",           "label",           "decided_by",
        "by_phrases",     "confidence",      "needs_review",
        "model",          "model_label",     "model_confidence",
        "upstream_label", "corrected_label", "inherited",
        "decided_at",
    };
    CLEANUP(buf_release) struct buf now = {0};
    json_t *f = json_object();
    for (size_t i = 0; i < COUNT_OF(keys); i++)
        set(f, keys[i], copy(row, keys[i]));
    json_t *reasons = json_object_get(row, "reasons");
    set(f, "reasons", json_is_array(reasons) ? json_incref(reasons) : json_array());
    add_now(&now, complaint, show_get(row, "task"));
    bool same = now.len == 0 || str_eq(buf_str(&now), str_from(show_get(row, "label"))) ||
                is_corrected(row);
    set(f, "now", same ? NULL : json_stringn(now.ptr, now.len));
    set(f, "text", words_of(f));
    return f;
}

/* --- why a person should look ------------------------------------------------------- */

static const json_t *
finding_named(const json_t *findings, const char *task)
{
    size_t i = 0;
    json_t *f = NULL;
    json_array_foreach(findings, i, f) if (show_is(f, "task", task)) return f;
    return NULL;
}

static void
add_why(json_t *why, const char *text)
{
    json_array_append_new(why, json_string(text));
}

static json_t *
why_of(const json_t *complaint, const json_t *findings)
{
    json_t *why = json_array();
    const json_t *kind = finding_named(findings, "kind");
    const json_t *severity = finding_named(findings, "severity");
    const char *upstream = show_get(kind, "upstream_label");
    if (!show_true(complaint, "needs_review"))
        return why;
    if (strstr(show_get(complaint, "flags"), "kind_drift"))
        add_why(why, "it is called no complaint although it was or reads like one");
    else if (show_is(kind, "decided_by", "upstream") &&
             !show_is(kind, "label", "complaint") &&
             show_is(kind, "model_label", "complaint"))
        add_why(why, "upstream calls it no complaint, the model rather would");
    if (show_is(kind, "decided_by", "rule") && *upstream &&
        strcmp(upstream, "complaint") != 0)
        add_why(why, "a rule makes it a complaint, upstream does not");
    if (is_doubtful(kind))
        add_why(why, "its kind is in doubt");
    if (is_doubtful(severity) && show_is(severity, "label", "5"))
        add_why(why, "a danger that only an unsure model sees");
    if (is_doubtful(finding_named(findings, "product")) &&
        is_doubtful(finding_named(findings, "issue")))
        add_why(why, "neither product nor issue is sure");
    if (json_array_size(why) == 0)
        add_why(why, "something in it is half said");
    return why;
}

json_t *
show_classification(const struct show_rows *rows)
{
    json_t *all = json_object();
    json_t *findings = json_array();
    size_t i = 0;
    json_t *row = NULL;
    json_array_foreach(rows->findings, i, row)
        json_array_append_new(findings, finding_of(rows->complaint, row));
    set(all, "needs_review", copy(rows->complaint, "needs_review"));
    set(all, "why", why_of(rows->complaint, findings));
    set(all, "findings", findings);
    return all;
}

/* --- for a person ------------------------------------------------------------------- */

/* The kind always; else what somebody said, and what matters to the case. Slight, no,
 * none do not. */
static bool
is_told(const json_t *f)
{
    if (show_is(f, "task", "kind") || is_corrected(f) || *show_get(f, "now"))
        return true;
    if (show_is(f, "task", "sentiment") || show_is(f, "decided_by", "default"))
        return false;
    if (show_is(f, "task", "language"))
        return *show_get(f, "model_label") &&
               !show_is(f, "model_label", show_get(f, "label"));
    if (show_is(f, "task", "desired_remedy") && show_is(f, "decided_by", "upstream"))
        return false; /* stands above in the customer's words */
    return !(show_is(f, "label", "no") || show_is(f, "label", "1") ||
             show_is(f, "label", "none"));
}

static const char *
task_words(const char *task)
{
    if (strcmp(task, "double_deviation") == 0)
        return "handling failed";
    if (strcmp(task, "desired_remedy") == 0)
        return "they ask for";
    return strlen(task) < 16 ? task : "";
}

void
show_findings(struct buf *out, const json_t *story)
{
    CLEANUP(buf_release) struct buf text = {0};
    const json_t *all = json_object_get(story, "classification");
    size_t i = 0;
    json_t *item = NULL;
    if (json_array_size(json_object_get(all, "findings")) == 0)
        return;
    buf_add_c(out, "\nClassified as\n");
    json_array_foreach(json_object_get(all, "findings"), i, item)
    {
        if (is_told(item))
            show_line(out, task_words(show_get(item, "task")),
                      str_from(show_get(item, "text")));
    }
    json_array_foreach(json_object_get(all, "why"), i, item)
        buf_printf(&text, "%s%s", i ? "; " : "", json_string_value(item));
    show_line(out, "please check", buf_str(&text));
}
