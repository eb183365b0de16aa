/* The models of a policy folder: what is refused, what a finding says of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "classification/classification.h"
#include "gen/kind.h"
#include "policy_copy.h"

#define BYTES 65536
static char bytes[BYTES];

static int
set_up(void **state)
{
    struct policy_copy *copy = calloc(1, sizeof(*copy));
    if (!copy)
        return -1;
    policy_copy_open(copy);
    policy_copy_trained(copy);
    *state = copy;
    return 0;
}

static int
tear_down(void **state)
{
    policy_copy_close(*state);
    free(*state);
    return 0;
}

static struct classification_policy *
load(const struct policy_copy *copy)
{
    struct err err = {0};
    struct classification_policy *policy = classification_policy_load(copy->dir, &err);
    if (!policy)
        fail_msg("%s", err.text);
    return policy;
}

static const struct finding *
finding(const struct classification_section *s, const char *task)
{
    for (size_t i = 0; i < s->n_findings; i++)
        if (str_eq(s->findings[i].task, str_from(task)))
            return &s->findings[i];
    fail_msg("no finding of %s", task);
    return NULL;
}

/* --- loading ------------------------------------------------------------------------ */

#define KIND "{\"task\":\"kind\",\"file\":\"models/kind.model\"}"
#define ONE(entry) "{\"version\":\"1\",\"models\":[" entry "]}"

static void
test_refused(void **state)
{
    static const struct {
        const char *models; /* models.json */
        const char *says;
    } table[] = {
        {"{\"models\":[]}", "$.version: missing"},
        {"{\"version\":\"1\"}", "$.models: missing"},
        {"{\"version\":\"1\",\"models\":[],\"modles\":[]}", "unknown key \"modles\""},
        {ONE("{\"task\":\"kind\"}"), "$.models[0].file: missing"},
        {ONE("{\"task\":\"kind\",\"file\":\"models/kind.model\",\"treshold\":1}"),
         "unknown key \"treshold\""},
        {ONE("{\"task\":\"colour\",\"file\":\"models/kind.model\"}"),
         "$.models[0].task: is no task"},
        {ONE("{\"task\":\"kind\",\"file\":\"models/none.model\"}"),
         "$.models[0].file: model models/none.model cannot be opened"},
        {ONE("{\"task\":\"kind\",\"file\":\"../kind.model\"}"), "models/NAME.model"},
        {ONE("{\"task\":\"kind\",\"file\":\"models/../models/kind.model\"}"),
         "models/NAME.model"},
        {ONE("{\"task\":\"severity\",\"file\":\"models/kind.model\"}"),
         "was trained for the task \"kind\", not for \"severity\""},
        {ONE("{\"task\":\"product\",\"file\":\"models/product.model\"}"),
         "label \"kettles\" is not known (an id of taxonomy.json's products"},
        {ONE("{\"task\":\"product\",\"file\":\"models/product.model\",\"labels\":"
             "{\"kettles\":\"teapots\",\"parcels\":\"delivery\"}}"),
         "label \"teapots\" is not known"},
        {ONE("{\"task\":\"kind\",\"file\":\"models/kind.model\",\"labels\":"
             "{\"rant\":\"complaint\"}}"),
         "$.models[0].labels: the model has no label \"rant\""},
        {ONE("{\"task\":\"kind\",\"file\":\"models/kind.model\",\"threshold\":2}"),
         "threshold"},
        {ONE("{\"task\":\"kind\",\"file\":\"models/kind.model\",\"languages\":[\"fr\"]}"),
         "must be zh, en or other"},
        {ONE("{\"task\":\"kind\",\"file\":\"models/kind.model\",\"languages\":[]}"),
         "never be asked"},
        {ONE("{\"task\":\"language\",\"file\":\"models/kind.model\",\"languages\":"
             "[\"zh\"]}"),
         "is what this model is asked for"},
        {ONE(KIND "," KIND), "$.models[1]: never asked"},
        {"{\"version\":\"1\",\"models\":[],\"review\":[\"mood\"]}", "is no task"},
        {"{\"version\":\"1\",\"models\":[],\"complaint_from\":-1}", "complaint_from"},
        {"{\"version\":", "models.json: line 1"},
    };
    const struct policy_copy *copy = *state;
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        struct err err = {0};
        print_message("row %zu: %s\n", i, table[i].models);
        policy_copy_put(copy, "models.json", str_from(table[i].models));
        assert_null(classification_policy_load(copy->dir, &err));
        print_message("  %s\n", err.text);
        assert_int_equal(err.action, ERR_STOP);
        assert_non_null(strstr(err.text, "models.json"));
        assert_non_null(strstr(err.text, table[i].says));
        assert_null(strchr(err.text, '\n'));
    }
}

/* A file that is not what train wrote. */
static void
test_broken_files(void **state)
{
    const struct policy_copy *copy = *state;
    size_t n = policy_copy_read("models/kind.model", bytes, BYTES);
    for (int row = 0; row < 6; row++) {
        static const char *const what[] = {"cut",          "empty", "a byte differs",
                                           "one too many", "text",  "as it was"};
        struct err err = {0};
        size_t len = n;
        print_message("row %d: %s\n", row, what[row]);
        if (row == 0)
            len = n / 2;
        if (row == 1)
            len = 0;
        if (row == 2)
            bytes[n - 100] = (char)(bytes[n - 100] ^ 1);
        if (row == 3)
            len = n + 1;
        if (row == 4)
            memset(bytes, '{', 10);
        if (row == 5)
            (void)policy_copy_read("models/kind.model", bytes, BYTES);
        policy_copy_put(copy, "models/kind.model", (struct str){bytes, len});
        struct classification_policy *policy =
            classification_policy_load(copy->dir, &err);
        print_message("  %s\n", err.text);
        assert_int_equal(policy != NULL, row == 5);
        classification_policy_free(policy);
        if (row < 5) {
            assert_int_equal(err.action, ERR_STOP);
            assert_non_null(strstr(err.text, "models/kind.model"));
        }
        (void)policy_copy_read("models/kind.model", bytes, BYTES);
    }
}

/* Who copies over a file that is in use changes nothing before the next reload. */
static void
test_file_in_use(void **state)
{
    const struct policy_copy *copy = *state;
    struct classification_policy *policy = load(copy);
    struct models_room room = {.max_rows = 0};
    struct arena arena = {0};
    struct classification_section s;
    struct submission sub = {.channel = CHANNEL_WEB,
                             .text = STR("Applause for the lobby")};
    policy_copy_put(copy, "models/kind.model", STR("short"));
    classification_submit(policy, &room, &sub, &arena, &s);
    assert_int_equal(s.kind, KIND_PRAISE);
    models_room_release(&room);
    arena_release(&arena);
    classification_policy_free(policy);
}

static void
test_versions(void **state)
{
    const struct policy_copy *copy = *state;
    struct classification_policy *policy = load(copy);
    struct str version = policy->models.entry[0].version;
    char hash[64];
    print_message("%.*s, %.*s\n", STR_ARG(version), STR_ARG(policy->hash));
    assert_true(str_starts(version, STR("kind-2026-11-22-")));
    assert_int_equal(version.len, strlen("kind-2026-11-22-01234567"));
    assert_int_equal(policy->hash.len, 16 * 3 + 2);
    (void)snprintf(hash, sizeof(hash), "%.*s", STR_ARG(policy->hash));
    classification_policy_free(policy);

    /* Another model under the same names: another hash. */
    policy_copy_put(copy, "models.json", STR(ONE(KIND)));
    policy = load(copy);
    assert_false(str_eq(policy->hash, str_from(hash)));
    assert_true(policy->models.review[TASK_KIND]); /* where nothing is said */
    assert_false(policy->models.review[TASK_PRODUCT]);
    classification_policy_free(policy);
    policy_copy_trained(copy);
    policy = load(copy);
    assert_true(str_eq(policy->hash, str_from(hash)));
    assert_true(policy->models.review[TASK_PRODUCT]);
    classification_policy_free(policy);
}

/* --- findings ----------------------------------------------------------------------- */

static bool
has_reason(const struct finding *f, const char *reason)
{
    for (size_t i = 0; i < f->n_reasons; i++)
        if (str_eq(f->reasons[i], str_from(reason)))
            return true;
    return false;
}

static void
test_findings(void **state)
{
    struct classification_policy *policy = load(*state);
    struct models_room room = {.max_rows = 0};
    struct arena arena = {0};
    struct classification_section s;
    struct submission sub = {.channel = CHANNEL_WEB,
                             .subject = STR("Disappointed"),
                             .text =
                                 STR("by the kettle, ignored for the umpteenth time")};
    classification_submit(policy, &room, &sub, &arena, &s);
    for (size_t i = 0; i < s.n_findings; i++) {
        const struct finding *f = &s.findings[i];
        print_message("%.*s: %.*s %.4f, model %.*s\n", STR_ARG(f->task),
                      STR_ARG(f->label), f->confidence, STR_ARG(f->model));
        double steps = f->confidence * 10000;
        assert_true(fabs(steps - round(steps)) < 1e-6);
        assert_true(f->n_reasons <= 5);
        for (size_t k = 0; k < f->n_reasons; k++)
            assert_true(f->reasons[k].len > 0 && f->reasons[k].len <= 64);
    }
    const struct finding *f = finding(&s, "product");
    assert_int_equal(f->decided_by, DECIDED_BY_MODEL);
    assert_true(str_eq(f->label, STR("appliances")));
    assert_true(str_eq(f->model_label, STR("appliances"))); /* ours, not "kettles" */
    assert_true(f->has_model_confidence && f->model_confidence == f->confidence);
    assert_true(str_starts(f->model, STR("product-2026-11-22-")));
    assert_true(str_eq(f->model_asked, f->model));
    assert_true(has_reason(f, "kettle"));
    assert_false(f->needs_review);
    assert_true(has_reason(finding(&s, "double_deviation"), "umpteenth"));
    assert_true(s.double_deviation && s.double_deviation_confidence > 0.8);

    /* A person's word keeps what the model said, and which. */
    struct action fix = {.product = STR("hotel")};
    classification_correct(policy, &fix, &arena, &s);
    f = finding(&s, "product");
    assert_int_equal(f->decided_by, DECIDED_BY_CORRECTION);
    assert_true(str_eq(f->model_label, STR("appliances")));
    assert_true(str_starts(f->model, STR("product-")));
    assert_true(str_starts(f->model_asked, STR("product-")));
    assert_int_equal(f->n_reasons, 0);
    models_room_release(&room);
    arena_release(&arena);
    classification_policy_free(policy);
}

/* Where phrases speak over an unsure model: which one that was stays known. */
static void
test_asked(void **state)
{
    struct classification_policy *policy = load(*state);
    struct models_room room = {.max_rows = 0};
    struct arena arena = {0};
    struct classification_section s;
    struct submission sub = {.channel = CHANNEL_WEB, .text = STR("I suggest a lobby.")};
    struct action fix = {.has_kind = true, .kind = KIND_INQUIRY};
    classification_submit(policy, &room, &sub, &arena, &s);
    assert_true(str_eq(finding(&s, "kind")->model, STR("phrases")));
    for (int corrected = 0; corrected <= 1; corrected++) {
        const struct finding *f = finding(&s, "kind");
        assert_true(str_eq(f->label, corrected ? STR("inquiry") : STR("suggestion")));
        assert_false(str_is_null(f->model_label) || str_eq(f->model_label, f->label));
        assert_true(str_starts(f->model_asked, STR("kind-")));
        classification_correct(policy, &fix, &arena, &s);
    }
    models_room_release(&room);
    arena_release(&arena);
    classification_policy_free(policy);
}

/* What upstream calls another kind although the model is sure of a complaint. */
static void
test_drift(void **state)
{
    static const struct {
        const char *text;
        enum kind said;
        bool drift;
    } table[] = {
        {"Disappointed by the kettle", KIND_INQUIRY, true},
        {"Disappointed by the kettle", KIND_COMPLAINT, false},
        {"Applause for the lobby", KIND_INQUIRY, false},
        {"Hmm", KIND_INQUIRY, false},
        {"My mortgage: I suggest a calculator.", KIND_SUGGESTION, true}, /* it leans so */
    };
    struct classification_policy *policy = load(*state);
    struct models_room room = {.max_rows = 0};
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        struct arena arena = {0};
        struct classification_section s;
        struct submission sub = {.channel = CHANNEL_WEB,
                                 .text = str_from(table[i].text),
                                 .product = STR("kettles"),
                                 .has_kind = true,
                                 .kind = table[i].said};
        print_message("row %zu: %s\n", i, table[i].text);
        classification_submit(policy, &room, &sub, &arena, &s);
        assert_int_equal(s.kind, table[i].said);
        assert_int_equal(s.needs_review, table[i].drift);
        bool sure = finding(&s, "kind")->model_confidence > 0.95;
        assert_int_equal(s.n_flags, table[i].drift && sure); /* a flag needs more */
        arena_release(&arena);
    }
    models_room_release(&room);
    classification_policy_free(policy);
}

static void
test_covers(void **state)
{
    (void)state;
    static const struct classification_label labels[] = {
        {{"bank", 4}, 0}, {{"card", 4}, 1}, {{"visa", 4}, 2},
        {{"loan", 4}, 1}, {{"home", 4}, 0}, {{"lamp", 4}, 1}};
    static const struct {
        const char *a, *b;
        bool covers;
    } table[] = {
        {"bank", "bank", true},  {"bank", "card", true},  {"bank", "visa", true},
        {"bank", "loan", true},  {"card", "visa", true},  {"card", "loan", false},
        {"card", "bank", false}, {"bank", "lamp", false}, {"home", "lamp", true},
        {"none", "lamp", false}, {"bank", "none", false}, {"none", "none", true},
    };
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        print_message("row %zu: %s over %s\n", i, table[i].a, table[i].b);
        assert_int_equal(classification_covers(labels, COUNT_OF(labels),
                                               str_from(table[i].a),
                                               str_from(table[i].b)),
                         table[i].covers);
    }
}

/* Numbers, handles and addresses never show. */
static void
test_masked(void **state)
{
    struct classification_policy *policy = load(*state);
    struct arena arena = {0};
    struct features_scratch *scratch = ARENA_NEW(&arena, struct features_scratch);
    features_read(policy->models.table, STR_NULL,
                  STR("call 123456789 or @jane_doe or jane@doe.example now, "
                      "https://doe.example/jane"),
                  scratch);
    char text[200];
    struct str all = features_masked(scratch, 0, scratch->n_token, text, sizeof(text));
    print_message("%.*s\n", STR_ARG(all));
    assert_true(str_eq(all, STR("call <number> or <handle> or <mail> now, <address>")));
    all = features_masked(scratch, 1, 2, text, 9);
    assert_true(str_eq(all, STR("<number> ")));
    arena_release(&arena);
    classification_policy_free(policy);
}

/* --- rooms -------------------------------------------------------------------------- */

struct reader {
    const struct classification_policy *policy;
    pthread_t thread;
    int64_t sum;
};

static void *
read_many(void *ctx)
{
    struct reader *reader = ctx;
    struct models_room room = {.max_rows = 0};
    struct arena arena = {0};
    for (int i = 0; i < 200; i++) {
        struct classification_section s;
        struct submission sub = {.channel = CHANNEL_WEB,
                                 .text = arena_printf(&arena, "%s the %s",
                                                      i % 3 ? "Disappointed by" : "Hmm",
                                                      i % 2 ? "kettle" : "suite")};
        classification_submit(reader->policy, &room, &sub, &arena, &s);
        reader->sum += (int64_t)s.kind * 10 + s.severity + (int64_t)(s.sentiment * 100);
        arena_clear(&arena);
    }
    arena_release(&arena);
    models_room_release(&room);
    return NULL;
}

/* One policy, a room a thread. */
static void
test_threads(void **state)
{
    struct classification_policy *policy = load(*state);
    struct reader readers[3] = {
        {.policy = policy}, {.policy = policy}, {.policy = policy}};
    for (size_t i = 1; i < COUNT_OF(readers); i++)
        assert_int_equal(pthread_create(&readers[i].thread, NULL, read_many, &readers[i]),
                         0);
    read_many(&readers[0]);
    for (size_t i = 1; i < COUNT_OF(readers); i++) {
        assert_int_equal(pthread_join(readers[i].thread, NULL), 0);
        assert_int_equal(readers[i].sum, readers[0].sum);
    }
    classification_policy_free(policy);
}

/* After a reload the models are larger than what the room was made for. */
static void
test_room_grows(void **state)
{
    const struct policy_copy *copy = *state;
    policy_copy_put(copy, "models.json", STR(ONE(KIND)));
    struct classification_policy *small = load(copy);
    policy_copy_trained(copy);
    struct classification_policy *large = load(copy);
    struct models_room room = {.max_rows = 0};
    struct models_answer answer;
    struct arena arena = {0};
    small->models.max_rows = small->models.entry[0].model.header->n_rows;
    large->models.max_rows += 5 * small->models.max_rows;
    for (int i = 0; i < 3; i++) {
        const struct classification_policy *policy = i == 1 ? large : small;
        assert_true(models_read(&policy->models, &room, MODELS_ALL_TASKS, STR_NULL,
                                STR("Applause for the lobby")));
        models_ask(&policy->models, &room, TASK_KIND, STR("en"), MODELS_REASONS, &arena,
                   &answer);
        assert_true(str_eq(answer.label, STR("praise")));
    }
    assert_false(models_read(&small->models, &room, MODELS_ALL_TASKS, STR_NULL, STR("")));
    assert_false(
        models_read(&small->models, &room, MODELS_ALL_TASKS, STR_NULL, STR(" , ")));
    models_room_release(&room);
    arena_release(&arena);
    classification_policy_free(small);
    classification_policy_free(large);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_broken_files, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_file_in_use, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_versions, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_findings, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_asked, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_drift, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_masked, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_threads, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_room_grows, set_up, tear_down),
        cmocka_unit_test(test_covers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
