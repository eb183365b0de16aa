/* What the classification service shows of its own results: each finding once, the model
 * beside upstream and beside people. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "classification/classification_metrics.h"
#include "classification/stages.h"
#include "policy_copy.h"
#include "stage_rig.h"

#define POLICY_DIR "deploy/policy"

/* All lines of all metrics. */
static const char *
shown(const struct stage_rig *rig, struct buf *out)
{
    buf_clear(out);
    (void)buf_add_c(out, "");
    for (size_t m = 0; m < CLASSIFICATION_METRICS; m++)
        stage_series_print(rig->series, m, "s=\"1\"", out);
    return out->ptr;
}

static size_t
count_lines(const char *text)
{
    size_t n = 0;
    for (; *text; text++)
        n += *text == '\n';
    return n;
}

static void
assert_line(const char *page, const char *line)
{
    char whole[240];
    (void)snprintf(whole, sizeof(whole), "redress_classification_%s\n", line);
    print_message("  %s", whole);
    if (!strstr(page, whole))
        fail_msg("not in:\n%s", page);
}

/* --- what is counted of a section ----------------------------------------------------
 */

static const struct classification_section *given_before;

static bool
measure(struct turn *turn, const struct complaint_event *ev, struct err *err)
{
    (void)err;
    classification_measure(turn, ev, given_before, ev->classification);
    return true;
}

static void *
load(const char *dir, struct err *err)
{
    return classification_policy_load(dir, err);
}

static void
unload(void *policy)
{
    classification_policy_free(policy);
}

static const struct stage_def MEASURING = {.service = "test",
                                           .name = "measuring",
                                           .input = "in",
                                           .on_event = measure,
                                           .policy_load = load,
                                           .policy_free = unload,
                                           .metrics = classification_metrics,
                                           .n_metrics = CLASSIFICATION_METRICS};

/* Findings of one task; decided_by nothing in `before`: the case is new. */
static const struct row {
    const char *what;
    struct finding before, now;
    const char *correction; /* a product; NULL: submitted */
    size_t n_lines;         /* in all, confidence left out */
    const char *lines[4];
} rows[] = {
    {"a trained model decided, in doubt",
     {.n_reasons = 0},
     {.decided_by = DECIDED_BY_MODEL,
      .label = {"loan", 4},
      .confidence = 0.7,
      .model = {"product-1", 9},
      .model_label = {"loan", 4},
      .has_model_confidence = true,
      .model_confidence = 0.7,
      .needs_review = true},
     NULL,
     2,
     {"findings_total{s=\"1\",task=\"product\",label=\"loan\",decided_by=\"model\","
      "needs_review=\"true\"} 1",
      "confidence_bucket{s=\"1\",task=\"product\",le=\"0.6\"} 0",
      "confidence_bucket{s=\"1\",task=\"product\",le=\"0.7\"} 1",
      "model_info{s=\"1\",task=\"product\",language=\"en\",model=\"product-1\"} 1"}},
    {"upstream decided, the model says another",
     {.n_reasons = 0},
     {.decided_by = DECIDED_BY_UPSTREAM,
      .label = {"credit_card", 11},
      .confidence = 1,
      .upstream = {"credit_card", 11},
      .model = {"product-1", 9},
      .model_label = {"loan", 4},
      .has_model_confidence = true,
      .model_confidence = 0.97},
     NULL,
     3,
     {"findings_total{s=\"1\",task=\"product\",label=\"credit_card\","
      "decided_by=\"upstream\",needs_review=\"false\"} 1",
      "upstream_total{s=\"1\",task=\"product\",agrees=\"false\"} 1",
      "confidence_bucket{s=\"1\",task=\"product\",le=\"0.99\"} 1",
      "model_info{s=\"1\",task=\"product\",language=\"en\",model=\"product-1\"} 1"}},
    {"upstream's word is no label that anybody knows, no model was asked",
     {.n_reasons = 0},
     {.decided_by = DECIDED_BY_UPSTREAM,
      .label = {"Gadget 4711", 11},
      .confidence = 1,
      .upstream = {"Gadget 4711", 11}},
     NULL,
     1,
     {"findings_total{s=\"1\",task=\"product\",label=\"other\",decided_by=\"upstream\","
      "needs_review=\"false\"} 1"}},
    {"a rule decided, upstream and the model had agreed",
     {.n_reasons = 0},
     {.decided_by = DECIDED_BY_RULE,
      .label = {"credit_card", 11},
      .confidence = 1,
      .upstream = {"loan", 4},
      .model = {"product-1", 9},
      .model_label = {"loan", 4},
      .has_model_confidence = true,
      .model_confidence = 1},
     NULL,
     3,
     {"upstream_total{s=\"1\",task=\"product\",agrees=\"true\"} 1",
      "confidence_bucket{s=\"1\",task=\"product\",le=\"0.99\"} 0",
      "confidence_bucket{s=\"1\",task=\"product\",le=\"1\"} 1"}},
    {"phrases decided beside an unsure model: the model's own word",
     {.n_reasons = 0},
     {.decided_by = DECIDED_BY_MODEL,
      .label = {"credit_card", 11},
      .confidence = 0.66,
      .model = {"phrases", 7},
      .upstream = {"credit_card", 11},
      .model_label = {"loan", 4},
      .has_model_confidence = true,
      .model_confidence = 0.3,
      .model_asked = {"product-1", 9}},
     NULL,
     3,
     {"upstream_total{s=\"1\",task=\"product\",agrees=\"false\"} 1",
      "confidence_sum{s=\"1\",task=\"product\"} 0.3",
      "model_info{s=\"1\",task=\"product\",language=\"en\",model=\"product-1\"} 1"}},
    {"phrases decided, no model was asked: their word",
     {.n_reasons = 0},
     {.decided_by = DECIDED_BY_MODEL,
      .label = {"credit_card", 11},
      .confidence = 0.66,
      .model = {"phrases", 7},
      .upstream = {"credit_card", 11}},
     NULL,
     2,
     {"upstream_total{s=\"1\",task=\"product\",agrees=\"true\"} 1",
      "confidence_sum{s=\"1\",task=\"product\"} 0.66"}},
    {"a person confirms an unsure model that phrases had spoken over",
     {.decided_by = DECIDED_BY_MODEL,
      .label = {"credit_card", 11},
      .model = {"phrases", 7},
      .model_label = {"loan", 4},
      .model_asked = {"product-1", 9}},
     {.decided_by = DECIDED_BY_CORRECTION, .label = {"loan", 4}},
     "loan",
     1,
     {"corrections_total{s=\"1\",task=\"product\",agrees=\"true\"} 1"}},
    {"a person confirms the model, which was not followed",
     {.decided_by = DECIDED_BY_UPSTREAM,
      .label = {"credit_card", 11},
      .model = {"product-1", 9},
      .model_label = {"loan", 4}},
     {.decided_by = DECIDED_BY_CORRECTION, .label = {"loan", 4}},
     "loan",
     1,
     {"corrections_total{s=\"1\",task=\"product\",agrees=\"true\"} 1"}},
    {"a person says the same as before, and not the model",
     {.decided_by = DECIDED_BY_UPSTREAM,
      .label = {"credit_card", 11},
      .model = {"product-1", 9},
      .model_label = {"loan", 4}},
     {.decided_by = DECIDED_BY_CORRECTION, .label = {"credit_card", 11}},
     "credit_card",
     1,
     {"corrections_total{s=\"1\",task=\"product\",agrees=\"false\"} 1"}},
    {"the model had said nothing",
     {.decided_by = DECIDED_BY_UPSTREAM, .label = {"credit_card", 11}},
     {.decided_by = DECIDED_BY_CORRECTION, .label = {"loan", 4}},
     "loan",
     1,
     {"corrections_total{s=\"1\",task=\"product\",agrees=\"none\"} 1"}},
    {"the correction names another task",
     {.decided_by = DECIDED_BY_CORRECTION, .label = {"loan", 4}},
     {.decided_by = DECIDED_BY_CORRECTION, .label = {"loan", 4}},
     "",
     0,
     {NULL}},
};

static void
test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        CLEANUP(buf_release) struct buf out = {0};
        struct stage_rig *rig = calloc(1, sizeof(*rig));
        struct finding before = rows[i].before, now = rows[i].now;
        before.task = now.task = STR("product");
        const struct classification_section was = {.n_findings = 1, .findings = &before};
        const struct classification_section is = {
            .language = STR("en"), .n_findings = 1, .findings = &now};
        const struct action action = {
            .product = str_from(rows[i].correction), .has_severity = true, .severity = 3};
        const struct complaint_event ev = {.event_id = STR("e"),
                                           .type = rows[i].correction
                                                       ? EVENT_TYPE_COMPLAINT_CORRECTED
                                                       : EVENT_TYPE_COMPLAINT_SUBMITTED,
                                           .action = rows[i].correction ? &action : NULL,
                                           .classification = &is};
        print_message("row %zu: %s\n", i, rows[i].what);
        assert_non_null(rig);
        given_before = before.decided_by == DECIDED_BY_NOTHING ? NULL : &was;
        stage_rig_open(rig, &MEASURING, POLICY_DIR);
        stage_rig_send(rig, &ev);
        const char *page = shown(rig, &out);
        for (size_t k = 0; k < COUNT_OF(rows[i].lines) && rows[i].lines[k]; k++)
            assert_line(page, rows[i].lines[k]);
        /* A histogram is 8 buckets, infinity, sum and count. */
        size_t histogram = strstr(page, "confidence_sum") ? 11 : 0;
        assert_int_equal(count_lines(page), rows[i].n_lines + histogram);
        stage_rig_close(rig);
        free(rig);
    }
}

/* --- in the service ------------------------------------------------------------------
 */

/* A case's life counts each of its findings once. */
static void
test_service(void **state)
{
    (void)state;
    CLEANUP(buf_release) struct buf out = {0};
    struct stage_rig *rig = calloc(1, sizeof(*rig));
    const struct register_section open = {.state = STATE_OPEN};
    const struct register_section again = {.state = STATE_OPEN,
                                           .previous_complaint_id = STR("c1")};
    const struct submission sub = {.channel = CHANNEL_WEB,
                                   .text = STR("I have a complaint, it is unacceptable"),
                                   .has_kind = true,
                                   .kind = KIND_INQUIRY};
    const struct action words = {.text = STR("My credit card was charged twice")};
    const struct action fix = {.has_kind = true,
                               .kind = KIND_COMPLAINT,
                               .product = STR("credit_card"),
                               .issue = STR("late")};
    const struct action why = {.reason = STR("nothing happened")};
    assert_non_null(rig);
    struct policy_copy phrases; /* the counts below are of phrases, without models */
    policy_copy_open(&phrases);
    stage_rig_open(rig, &classification_stage, phrases.dir);

    struct complaint_event ev =
        stage_rig_event("e1", EVENT_TYPE_COMPLAINT_SUBMITTED, 1000, "c1", &open);
    ev.submission = &sub;
    stage_rig_send(rig, &ev);
    const char *page = shown(rig, &out);
    assert_line(page, "findings_total{s=\"1\",task=\"kind\",label=\"inquiry\","
                      "decided_by=\"upstream\",needs_review=\"false\"} 1");
    assert_null(strstr(page, "task=\"product\""));

    /* A message brings the product; the kind is not counted again. */
    ev = stage_rig_event("e2", EVENT_TYPE_COMPLAINT_MESSAGE, 2000, "c1", &open);
    ev.action = &words;
    stage_rig_send(rig, &ev);
    page = shown(rig, &out);
    assert_line(page, "findings_total{s=\"1\",task=\"kind\",label=\"inquiry\","
                      "decided_by=\"upstream\",needs_review=\"false\"} 1");
    assert_line(page, "findings_total{s=\"1\",task=\"product\",label=\"credit_card\","
                      "decided_by=\"model\",needs_review=\"false\"} 1");
    size_t lines = count_lines(page);

    ev = stage_rig_event("e3", EVENT_TYPE_COMPLAINT_CORRECTED, 3000, "c1", &open);
    ev.action = &fix;
    stage_rig_send(rig, &ev);
    page = shown(rig, &out);
    assert_line(page, "corrections_total{s=\"1\",task=\"product\",agrees=\"true\"} 1");
    assert_int_equal(count_lines(page), lines + 3); /* kind, product, issue */
    char *before = strdup(page);

    /* What a late reopening takes over was counted. */
    ev = stage_rig_event("e4", EVENT_TYPE_COMPLAINT_REOPENED, 4000, "c2", &again);
    ev.action = &why;
    stage_rig_send(rig, &ev);
    assert_string_equal(shown(rig, &out), before);
    free(before);
    stage_rig_close(rig);
    policy_copy_close(&phrases);
    free(rig);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_service),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
