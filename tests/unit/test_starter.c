/* The starter models as shipped: complete, small, licensed, and right about plain texts
 * that they were not made from. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "classification/classification.h"
#include "classification/models.h"
#include "features_rig.h"

#define POLICY "deploy/policy"
#define MOST_BYTES (INT64_C(16) * 1024 * 1024)

static void
path_of(enum task task, const char *suffix, char ret[128])
{
    (void)snprintf(ret, 128, "%s/models/%.*s.model%s", POLICY, STR_ARG(task_name(task)),
                   suffix);
}

static struct model
open_model(enum task task)
{
    struct err err = {0};
    struct model model = {0};
    char path[128];
    path_of(task, "", path);
    if (!model_open(&model, path, &err))
        fail_msg("%s: %s", path, err.text);
    return model;
}

/* --- what is there ------------------------------------------------------------------ */

static void
test_complete(void **state)
{
    (void)state;
    struct err err = {0};
    struct classification_policy *policy = classification_policy_load(POLICY, &err);
    if (!policy) { /* also where a label is none of the taxonomy */
        fail_msg("%s", err.text);
        return;
    }
    off_t bytes = 0;
    for (int task = 0; task < TASK_COUNT; task++) {
        struct str name = task_name((enum task)task);
        bool asked = false;
        print_message("%.*s\n", STR_ARG(name));
        for (size_t i = 0; i < policy->models.n; i++)
            asked = asked || policy->models.entry[i].task == (enum task)task;
        assert_true(asked);
        struct model model = open_model((enum task)task);
        assert_true(str_eq(model_task(&model), name));
        model_close(&model);
        struct stat info;
        char path[128];
        path_of((enum task)task, "", path);
        assert_int_equal(stat(path, &info), 0);
        bytes += info.st_size;
    }
    assert_true(bytes <= MOST_BYTES);
    classification_policy_free(policy);
}

static void
test_licensed(void **state)
{
    (void)state;
    static const struct {
        enum task task;
        const char *licence, *source;
    } table[] = {
        {TASK_LANGUAGE, "Apache-2.0", "written examples"},
        {TASK_KIND, "CC BY 4.0", "banking77"},
        {TASK_KIND, "public domain", "CFPB"},
        {TASK_PRODUCT, "public domain", "CFPB"},
        {TASK_ISSUE, "public domain", "CFPB"},
        {TASK_SEVERITY, "Apache-2.0", "written examples"},
        {TASK_SENTIMENT, "Apache-2.0", "written examples"},
        {TASK_DOUBLE_DEVIATION, "Apache-2.0", "written examples"},
        {TASK_DESIRED_REMEDY, "Apache-2.0", "written examples"},
    };
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        print_message("%.*s: %s\n", STR_ARG(task_name(table[i].task)), table[i].licence);
        struct model model = open_model(table[i].task);
        char path[128];
        path_of(table[i].task, ".card.json", path);
        struct str inside = model_card(&model);
        json_t *cards[] = {json_loadb(inside.ptr, inside.len, 0, NULL),
                           json_load_file(path, 0, NULL)};
        for (size_t k = 0; k < COUNT_OF(cards); k++) {
            const char *licence = json_string_value(json_object_get(cards[k], "licence"));
            const char *source = json_string_value(json_object_get(cards[k], "source"));
            assert_true(licence && strstr(licence, table[i].licence));
            assert_true(source && strstr(source, table[i].source));
            json_decref(cards[k]);
        }
        model_close(&model);
    }
}

/* --- what they say ------------------------------------------------------------------ */

static const struct plain {
    enum task task;
    const char *text, *label;
} plain[] = {
    {TASK_LANGUAGE, "My parcel has not come.", "en"},
    {TASK_LANGUAGE, "包裹一直没到。", "zh"},
    {TASK_LANGUAGE, "我要退 iPhone 的款，order number 在邮件里", "zh"},
    {TASK_LANGUAGE, "Mein Paket ist immer noch nicht da.", "other"},
    {TASK_LANGUAGE, "Mon colis n'est toujours pas arrivé.", "other"},
    {TASK_LANGUAGE, "Mi paquete no ha llegado todavía.", "other"},
    {TASK_KIND, "The toaster broke after two days and nobody wants to refund me.",
     "complaint"},
    {TASK_KIND, "Your driver was rude and threw my box over the gate.", "complaint"},
    {TASK_KIND, "烤面包机用了两天就坏了，还不给退款。", "complaint"},
    {TASK_KIND, "骑手态度很差，汤全洒了。", "complaint"},
    {TASK_KIND, "What time does the swimming pool open on Sundays?", "inquiry"},
    {TASK_KIND, "How can I change the name on my account?", "inquiry"},
    {TASK_KIND, "请问游泳馆周日几点开门？", "inquiry"},
    {TASK_KIND, "请问怎么修改账户上的名字？", "inquiry"},
    {TASK_KIND, "Please add an option to print the ticket in large letters.",
     "suggestion"},
    {TASK_KIND, "It would be great if the library opened on Sundays.", "suggestion"},
    {TASK_KIND, "建议图书馆周日也开放。", "suggestion"},
    {TASK_KIND, "希望能增加打印大字车票的功能。", "suggestion"},
    {TASK_KIND, "Thank you so much, the nurse was wonderful.", "praise"},
    {TASK_KIND, "Great camera, very happy with it, fast delivery too!", "praise"},
    {TASK_KIND, "护士非常耐心，衷心感谢！", "praise"},
    {TASK_KIND, "相机很好用，物流也快，非常满意。", "praise"},
    {TASK_SENTIMENT, "Terrible, the worst hotel I have ever been to.", "negative"},
    {TASK_SENTIMENT, "太差了，又脏又吵，很失望。", "negative"},
    {TASK_SENTIMENT, "Excellent service, I am very happy.", "positive"},
    {TASK_SENTIMENT, "服务周到，味道也好，非常喜欢。", "positive"},
    {TASK_SENTIMENT, "Which documents do I need to open an account?", "neutral"},
    {TASK_SENTIMENT, "请问开户需要哪些材料？", "neutral"},
    {TASK_DOUBLE_DEVIATION,
     "I have written to you three times and still have not received any reply.", "yes"},
    {TASK_DOUBLE_DEVIATION,
     "You promised to call me back within two days. Nobody called.", "yes"},
    {TASK_DOUBLE_DEVIATION, "投诉了三次，至今没有任何人回复。", "yes"},
    {TASK_DOUBLE_DEVIATION, "上次答应给我退款，拖到现在还没有退。", "yes"},
    {TASK_DOUBLE_DEVIATION, "The soup was cold.", "no"},
    {TASK_DOUBLE_DEVIATION, "When does the shop open?", "no"},
    {TASK_DOUBLE_DEVIATION, "汤是凉的。", "no"},
    {TASK_DOUBLE_DEVIATION, "商场几点开门？", "no"},
    {TASK_PRODUCT, "My flight to Rome was cancelled at the gate.", "flight"},
    {TASK_PRODUCT, "There is an error on my credit report at the bureau.",
     "credit_reporting"},
    {TASK_PRODUCT, "The hotel room was small and the reception closed.", "hotel"},
    {TASK_PRODUCT, "宽带网速太慢，路由器也老断线。", "broadband"},
    {TASK_PRODUCT, "外卖送到的时候饭菜都凉了。", "food_delivery"},
    {TASK_PRODUCT, "洗衣机脱水的时候声音很大。", "appliances"},
    {TASK_ISSUE, "I was charged twice for one ticket.", "double_charge"},
    {TASK_ISSUE, "同一张票重复扣费两次。", "double_charge"},
    {TASK_ISSUE, "The staff were rude and unfriendly.", "service_quality"},
    {TASK_DESIRED_REMEDY, "I want a full refund, please return my money.", "refund"},
    {TASK_DESIRED_REMEDY, "要求全额退款。", "refund"},
    {TASK_DESIRED_REMEDY, "What time do you close?", "explanation"},
    {TASK_SEVERITY, "Could you tell me your opening hours?", "1"},
    {TASK_SEVERITY, "请问你们几点关门？", "1"},
};

static void
test_plain_texts(void **state)
{
    struct features_rig *rig = *state;
    size_t wrong = 0;
    for (int task = 0; task < TASK_COUNT; task++) {
        struct model model = open_model((enum task)task);
        struct model_scratch scratch;
        model_scratch_new(&scratch, model.header->n_rows, &rig->arena);
        for (size_t i = 0; i < COUNT_OF(plain); i++) {
            if (plain[i].task != (enum task)task)
                continue;
            features_read(rig->table, STR_NULL, str_from(plain[i].text), rig->text);
            model_classify(&model, rig->text, &scratch, rig->answer);
            struct str said = model_label_name(&model, rig->answer->label);
            bool right = str_eq(said, str_from(plain[i].label));
            wrong += !right;
            for (size_t k = 0; k < rig->answer->n_reasons; k++) {
                struct str reason = rig->answer->reason[k].text;
                assert_false(str_eq(reason, STR("the")) || str_eq(reason, STR("i")) ||
                             str_eq(reason, STR("in the")));
            }
            print_message("%s%.*s %.2f: %s\n", right ? "" : "WRONG, not ",
                          STR_ARG(right ? said : str_from(plain[i].label)),
                          (double)rig->answer->confidence, plain[i].text);
        }
        model_close(&model);
    }
    assert_int_equal(wrong, 0);
}

/* With rules and phrases beside them: no phrase names these dangers, the model is not
 * sure of them; and a complaint that is called a question is looked at. */
static void
test_nothing_grave_is_passed_over(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum kind said; /* by upstream; KIND_UNKNOWN: nothing */
        int severity;
    } table[] = {
        {"The ladder snapped and he fell three metres.", KIND_UNKNOWN, 5},
        {"The cot's side rail came down on the baby.", KIND_UNKNOWN, 5},
        {"The charger got so hot that it left a hole in the bedside table.", KIND_UNKNOWN,
         5},
        {"The washing machine flooded my kitchen and the repair man never turned up.",
         KIND_INQUIRY, 1},
        {"I suggest you fire whoever designed this returns process. Six weeks and my "
         "money is still with you.",
         KIND_UNKNOWN, 2},
        {"等了两个半小时送来一份凉透的面，建议改名叫饿死了么。", KIND_UNKNOWN, 2},
    };
    struct err err = {0};
    struct classification_policy *policy = classification_policy_load(POLICY, &err);
    struct models_room room = {.max_rows = 0};
    if (!policy)
        fail_msg("%s", err.text);
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        struct arena arena = {0};
        struct classification_section s;
        struct submission sub = {.channel = CHANNEL_WEB,
                                 .text = str_from(table[i].text),
                                 .product = STR("goods"),
                                 .issue = STR("other"),
                                 .has_kind = table[i].said != KIND_UNKNOWN,
                                 .kind = table[i].said};
        print_message("row %zu: %s\n", i, table[i].text);
        classification_submit(policy, &room, &sub, &arena, &s);
        assert_string_equal(kind_name(s.kind),
                            kind_name(sub.has_kind ? sub.kind : KIND_COMPLAINT));
        assert_int_equal(s.severity, table[i].severity);
        assert_true(s.needs_review);
        arena_release(&arena);
    }
    /* Where a rule says the same, nothing is guessed. */
    struct arena arena = {0};
    struct classification_section s;
    struct submission sub = {
        .channel = CHANNEL_WEB,
        .text = STR(
            "The charger got so hot that it left a scorched hole in the bedside table.")};
    classification_submit(policy, &room, &sub, &arena, &s);
    for (size_t i = 0; i < s.n_findings; i++)
        if (str_eq(s.findings[i].task, STR("severity"))) {
            assert_true(str_eq(s.findings[i].model_label, STR("5")));
            assert_int_equal(s.findings[i].decided_by, DECIDED_BY_RULE);
            assert_false(s.findings[i].needs_review);
        }
    arena_release(&arena);
    models_room_release(&room);
    classification_policy_free(policy);
}

/* Whose product nobody can tell gets none, and a person looks; a guess that is likelier
 * than most stands. */
static void
test_no_wild_guess(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool named;
    } table[] = {
        {"Terrible, just terrible.", false},
        {"我很失望。", false},
        {"The colour is not what the picture shows.", true},
    };
    struct err err = {0};
    struct arena arena = {0};
    struct models_room room = {.max_rows = 0};
    struct classification_policy *policy = classification_policy_load(POLICY, &err);
    if (!policy) {
        fail_msg("%s", err.text);
        return;
    }
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        struct classification_section s;
        struct submission sub = {.channel = CHANNEL_WEB, .text = str_from(table[i].text)};
        print_message("row %zu: %s\n", i, table[i].text);
        classification_submit(policy, &room, &sub, &arena, &s);
        assert_int_equal(!str_empty(s.product), table[i].named);
        assert_true(s.needs_review);
    }
    models_room_release(&room);
    classification_policy_free(policy);
    arena_release(&arena);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_complete),
        cmocka_unit_test(test_licensed),
        cmocka_unit_test_setup_teardown(test_plain_texts, features_rig_set_up,
                                        features_rig_tear_down),
        cmocka_unit_test(test_nothing_grave_is_passed_over),
        cmocka_unit_test(test_no_wild_guess),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
