/* Classification with the shipped phrases, without models: precedence, raising,
 * corrections, the stage. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "classification/classification.h"
#include "classification/stages.h"
#include "gen/kind.h"
#include "policy_copy.h"
#include "stage_rig.h"

static struct policy_copy copy;
static struct classification_policy *policy;

static int
load(void **state)
{
    (void)state;
    struct err err = {0};
    policy_copy_open(&copy);
    policy = classification_policy_load(copy.dir, &err);
    if (!policy)
        print_error("%s\n", err.text);
    return policy ? 0 : -1;
}

static int
unload(void **state)
{
    (void)state;
    classification_policy_free(policy);
    policy_copy_close(&copy);
    return 0;
}

static bool
has_flag(const struct classification_section *s, const char *flag)
{
    for (size_t i = 0; i < s->n_flags; i++)
        if (str_eq(s->flags[i], str_from(flag)))
            return true;
    return false;
}

static const struct finding *
finding(const struct classification_section *s, const char *task)
{
    for (size_t i = 0; i < s->n_findings; i++)
        if (str_eq(s->findings[i].task, str_from(task)))
            return &s->findings[i];
    return NULL;
}

static void
test_texts(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *language;
        enum kind kind;
        int severity;
        const char *flag; /* "" for none at all */
        bool double_deviation;
        const char *product; /* NULL: not looked at */
    } table[] = {
        {"My kettle caught fire and burned my hand.", "en", KIND_COMPLAINT, 5, "safety",
         false, "appliances"},
        {"The kettle arrived without a lid.", "en", KIND_COMPLAINT, 2, "", false,
         "appliances"},
        {"Nobody was injured, but the delivery was late.", "en", KIND_COMPLAINT, 2, "",
         false, "delivery"},
        {"热水器漏电，我被电击了", "zh", KIND_COMPLAINT, 5, "safety", false,
         "appliances"},
        {"幸好没有人受伤，只是快递送错了", "zh", KIND_COMPLAINT, 2, "", false,
         "delivery"},
        {"Fix it or my lawyer will sue you.", "en", KIND_COMPLAINT, 4, "legal_threat",
         false, NULL},
        {"再不解决我就打12315举报", "zh", KIND_COMPLAINT, 3, "regulator_threat", false,
         NULL},
        {"I will go to the press with this.", "en", KIND_COMPLAINT, 3, "media_threat",
         false, NULL},
        {"I am in a wheelchair and the taxi drove away.", "en", KIND_COMPLAINT, 3,
         "vulnerable", false, "ride_hailing"},
        {"How can I change the address on my credit card?", "en", KIND_INQUIRY, 1, "",
         false, "credit_card"},
        {"请问信用卡年费是多少钱", "zh", KIND_INQUIRY, 1, "", false, "credit_card"},
        {"It would be nice if the app had a dark mode.", "en", KIND_SUGGESTION, 1, "",
         false, "software"},
        {"建议在小区门口增设路灯", "zh", KIND_SUGGESTION, 1, "", false, NULL},
        {"Thank you so much, excellent service at the hotel!", "en", KIND_PRAISE, 1, "",
         false, "hotel"},
        {"服务很好，点赞", "zh", KIND_PRAISE, 1, "", false, NULL},
        {"My flight was cancelled and they never called me back.", "en", KIND_COMPLAINT,
         2, "", true, "flight"},
        {"宽带断网一周，多次投诉至今未解决，客服互相推诿", "zh", KIND_COMPLAINT, 2, "",
         true, "broadband"},
        /* both ways of writing Chinese */
        {"熱水器底座冒煙，插頭都燒黑了", "zh", KIND_COMPLAINT, 5, "safety", false,
         "appliances"},
        {"我要找律師起訴你們", "zh", KIND_COMPLAINT, 4, "legal_threat", false, NULL},
        {"請問信用卡年費是多少錢", "zh", KIND_INQUIRY, 1, "", false, "credit_card"},
        /* harm in everyday words */
        {"The step gave way and my wife has a broken wrist.", "en", KIND_COMPLAINT, 5,
         "injury", false, NULL},
        {"He swallowed a magnet and was taken to A&E.", "en", KIND_COMPLAINT, 5, "injury",
         false, NULL},
        {"There was a screw in my soup.", "en", KIND_COMPLAINT, 4, "safety", false, NULL},
        {"一家人吃完上吐下泻", "zh", KIND_COMPLAINT, 4, "safety", false, NULL},
        {"孩子从滑梯上摔断了胳膊", "zh", KIND_COMPLAINT, 5, "injury", false, NULL},
        {"手机充电时鼓起来了，还能用吗？", "zh", KIND_COMPLAINT, 5, "safety", false,
         "electronics"},
        {"I don't see the point of living anymore.", "en", KIND_COMPLAINT, 5, "self_harm",
         false, NULL},
        /* a hospital is not yet a harm */
        {"The bus to the hospital should run on Sundays, I suggest.", "en",
         KIND_SUGGESTION, 1, "", false, NULL},
        {"请问住院报销需要什么材料", "zh", KIND_INQUIRY, 1, "", false, NULL},
        {"She was taken to the hospital by an ambulance.", "en", KIND_COMPLAINT, 5,
         "injury", false, NULL},
        {"孩子吃完全身起疹子，送到医院抢救", "zh", KIND_COMPLAINT, 5, "injury", false,
         NULL},
        {"My card was cloned.", "en", KIND_COMPLAINT, 4, "fraud", false, NULL},
        /* questions that are none */
        {"Is this how you treat people?", "en", KIND_COMPLAINT, 2, "", false, NULL},
        {"你们凭什么扣我的押金？", "zh", KIND_COMPLAINT, 2, "", false, NULL},
        {"楼下油烟扰民，反映过两次，没有人来处理", "zh", KIND_COMPLAINT, 2, "", true,
         "environment"},
        {"My order has not arrived.", "en", KIND_COMPLAINT, 2, "", false, NULL},
        {"Bonjour, je voudrais un remboursement pour mon billet", "other", KIND_COMPLAINT,
         2, "", false, NULL},
    };
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        struct arena arena = {0};
        struct classification_section s;
        struct submission sub = {.channel = CHANNEL_WEB, .text = str_from(table[i].text)};
        print_message("row %zu: %s\n", i, table[i].text);
        classification_submit(policy, NULL, &sub, &arena, &s);
        assert_true(str_eq(s.language, str_from(table[i].language)));
        assert_string_equal(kind_name(s.kind), kind_name(table[i].kind));
        if (table[i].flag[0])
            assert_true(has_flag(&s, table[i].flag));
        else
            assert_int_equal(s.n_flags, 0);
        assert_int_equal(s.severity, table[i].severity);
        assert_int_equal(s.double_deviation, table[i].double_deviation);
        if (table[i].product) {
            print_message("  product %.*s\n", STR_ARG(s.product));
            assert_true(str_eq(s.product, str_from(table[i].product)));
        }
        arena_release(&arena);
    }
}

static void
test_precedence(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct classification_section s;
    struct submission sub = {.channel = CHANNEL_WEB,
                             .text = STR("How can I get my money back for this hotel?"),
                             .product = STR("Room 12"),
                             .issue = STR("Booking"),
                             .language = STR("zh-CN"),
                             .has_kind = true,
                             .kind = KIND_SUGGESTION,
                             .desired_remedy = STR("upgrade")};
    /* Upstream over phrases. */
    classification_submit(policy, NULL, &sub, &arena, &s);
    assert_int_equal(s.kind, KIND_SUGGESTION);
    assert_true(str_eq(s.product, STR("Room 12")));
    assert_true(str_eq(s.issue, STR("Booking")));
    assert_true(str_eq(s.language, STR("zh")));
    assert_true(str_eq(s.desired_remedy, STR("upgrade")));
    assert_int_equal(finding(&s, "product")->decided_by, DECIDED_BY_UPSTREAM);
    assert_false(s.needs_review);

    /* Rules over upstream; what upstream said is kept, and a person looks. */
    sub.text = STR("My child was injured in your hotel.");
    classification_submit(policy, NULL, &sub, &arena, &s);
    const struct finding *kind = finding(&s, "kind");
    assert_int_equal(s.kind, KIND_COMPLAINT);
    assert_int_equal(kind->decided_by, DECIDED_BY_RULE);
    assert_true(str_eq(kind->upstream, STR("suggestion")));
    assert_true(kind->n_reasons > 0);
    assert_true(str_eq(kind->reasons[0], STR("injury")));
    assert_true(s.needs_review);
    assert_int_equal(s.severity, 5);

    /* A correction over all, until the next one. */
    struct action fix = {.has_kind = true,
                         .kind = KIND_COMPLAINT,
                         .product = STR("hotel"),
                         .has_severity = true,
                         .severity = 2};
    classification_correct(policy, &fix, &arena, &s);
    assert_int_equal(s.severity, 2);
    assert_true(str_eq(s.product, STR("hotel")));
    assert_true(str_eq(s.issue, STR("Booking"))); /* left out: stays */
    assert_false(s.needs_review);
    classification_message(policy, NULL, STR("The lift caught fire, people were injured"),
                           &arena, &s);
    assert_int_equal(s.severity, 2);
    assert_true(has_flag(&s, "safety"));
    assert_int_equal(finding(&s, "severity")->decided_by, DECIDED_BY_CORRECTION);
    fix.severity = 4;
    fix.product = STR("lift");
    classification_correct(policy, &fix, &arena, &s);
    assert_int_equal(s.severity, 4);
    assert_true(str_eq(s.product, STR("lift")));
    assert_true(str_eq(finding(&s, "product")->upstream, STR("Room 12")));

    /* A complaint that turns into a question is watched. */
    fix = (struct action){.has_kind = true, .kind = KIND_INQUIRY};
    classification_correct(policy, &fix, &arena, &s);
    assert_int_equal(s.kind, KIND_INQUIRY);
    assert_true(has_flag(&s, "kind_drift"));
    assert_true(s.needs_review);
    arena_release(&arena);
}

static void
test_about_nothing_known(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct classification_section s;
    struct submission sub = {.text = STR("I waited and waited and then I left."),
                             .has_kind = true};
    /* Of a complaint somebody has to find out what it is about; of thanks nobody. */
    static const struct {
        enum kind kind;
        bool review;
    } rows[] = {{KIND_COMPLAINT, true}, {KIND_PRAISE, false}, {KIND_INQUIRY, false}};
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        print_message("row %zu\n", i);
        sub.kind = rows[i].kind;
        classification_submit(policy, NULL, &sub, &arena, &s);
        assert_null(s.product.ptr);
        assert_int_equal(s.needs_review, rows[i].review);
    }
    arena_release(&arena);
}

static void
test_messages_only_raise(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct classification_section s;
    struct submission sub = {.channel = CHANNEL_WEB,
                             .text = STR("The kettle caught fire, my lawyer knows.")};
    classification_submit(policy, NULL, &sub, &arena, &s);
    assert_int_equal(s.severity, 5);
    assert_false(s.double_deviation);
    classification_message(
        policy, NULL, STR("Thank you so much, great service, all is well!"), &arena, &s);
    assert_int_equal(s.severity, 5);
    assert_int_equal(s.kind, KIND_COMPLAINT);
    assert_true(has_flag(&s, "safety"));
    assert_true(s.message_sentiment > 0.3);
    classification_message(
        policy, NULL, STR("You never called me back and passed me around."), &arena, &s);
    assert_true(s.double_deviation);
    double sure = s.double_deviation_confidence;
    classification_message(policy, NULL, STR("Fine."), &arena, &s);
    assert_true(s.double_deviation);
    assert_true(s.double_deviation_confidence >= sure);
    assert_true(s.message_sentiment == 0);
    arena_release(&arena);
}

static void
test_without_text(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct classification_section s;
    struct submission sub = {.channel = CHANNEL_PHONE,
                             .issue = STR("Incorrect information on your report"),
                             .product = STR("Credit reporting")};
    classification_submit(policy, NULL, &sub, &arena, &s);
    assert_int_equal(s.kind, KIND_COMPLAINT);
    assert_int_equal(s.severity, 2);
    assert_true(str_eq(s.language, STR("en")));
    assert_false(s.needs_review);
    assert_true(s.policy_hash.len > 0);
    arena_release(&arena);
}

static void
test_bad_policies(void **state)
{
    (void)state;
    static const char *const taxonomy =
        "{\"version\":\"1\",\"products\":[],\"issues\":[]}";
    static const struct {
        const char *rules; /* what stands in "rules" */
        const char *taxonomy;
        const char *says;
    } table[] = {
        {"[{\"name\":\"a\",\"phrases\":[\"x\"],\"colour\":1}]", NULL, "colour"},
        {"[{\"name\":\"a\",\"phrases\":[\"\"]}]", NULL, "$.rules[0].phrases[0]"},
        {"[{\"phrases\":[\"x\"]}]", NULL, "name"},
        {"[{\"name\":\"a\",\"phrases\":[\"x\"],\"not_near\":[\"@nolist\"]}]", NULL,
         "no list"},
        {"[{\"name\":\"a\",\"phrases\":[\"x\"],\"kind\":\"rant\"}]", NULL, "kind"},
        {"[{\"name\":\"a\",\"phrases\":[\"x\"],\"severity\":6}]", NULL, "severity"},
        {"[]",
         "{\"version\":\"1\",\"issues\":[],\"products\":[{\"id\":\"a\",\"en\":\"A\","
         "\"zh\":"
         "\"A\"},{\"id\":\"a\",\"en\":\"A\",\"zh\":\"A\"}]}",
         "twice"},
        {"[]",
         "{\"version\":\"1\",\"issues\":[],\"products\":[{\"id\":\"a\",\"en\":\"A\","
         "\"zh\":\"\"}]}",
         "$.products[0]: needs a name in each language"},
    };
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        char rules[1024];
        struct err err = {0};
        (void)snprintf(
            rules, sizeof(rules),
            "{\"version\":\"1\",\"severity\":{\"complaint\":2,\"inquiry\":1,"
            "\"suggestion\":1,\"praise\":1},\"double_deviation\":{\"threshold\":"
            "0.5,\"review_from\":0.3},\"kind_threshold\":1,\"sentiment_half\":3,"
            "\"rules\":%s}",
            table[i].rules);
        const char *labels = table[i].taxonomy ? table[i].taxonomy : taxonomy;
        print_message("row %zu: %s\n", i, table[i].says);
        assert_null(classification_policy_parse(str_from(rules), str_from(labels), &err));
        assert_int_equal(err.action, ERR_STOP);
        print_message("  %s\n", err.text);
        assert_non_null(strstr(err.text, table[i].says));
    }
}

/* --- the stage --- */

static struct complaint_event
event(const char *id, enum event_type type, int64_t at, const char *complaint_id,
      const struct register_section *r)
{
    struct complaint_event ev = stage_rig_event(id, type, at, complaint_id, r);
    ev.stage = STAGE_REGISTER;
    return ev;
}

static void
test_stage_carries_the_section(void **state)
{
    (void)state;
    struct stage_rig rig;
    struct register_section r = {.state = STATE_OPEN, .received_at = 1000};
    struct submission sub = {.channel = CHANNEL_WEB,
                             .text = STR("My parcel never arrived, I want a refund")};
    stage_rig_open(&rig, &classification_stage, copy.dir);

    struct complaint_event ev =
        event("e1", EVENT_TYPE_COMPLAINT_SUBMITTED, 1000, "c1", &r);
    ev.submission = &sub;
    stage_rig_send(&rig, &ev);
    assert_int_equal(rig.n_out, 1);
    assert_true(str_eq(rig.out[0].submission->text, sub.text)); /* travels on */
    struct classification_section first = *rig.out[0].classification;
    assert_true(str_eq(first.product, STR("delivery")));
    assert_true(str_eq(first.desired_remedy, STR("refund")));
    assert_true(first.message_sentiment <= 0);

    /* Our own answer is not the customer's text, but carries the section. */
    struct action answer = {.text = STR("Our lawyer says it caught fire")};
    ev = event("e2", EVENT_TYPE_COMPLAINT_RESPONDED, 2000, "c1", &r);
    ev.action = &answer;
    stage_rig_send(&rig, &ev);
    assert_non_null(rig.out[0].classification);
    assert_true(str_eq(rig.out[0].classification->product, STR("delivery")));
    assert_int_equal(rig.out[0].classification->n_flags, 0);
    assert_true(rig.out[0].classification->message_sentiment == 0);

    /* A merge takes flags to the target. */
    struct submission hot = {.channel = CHANNEL_WEB,
                             .text = STR("The parcel caught fire")};
    ev = event("e3", EVENT_TYPE_COMPLAINT_SUBMITTED, 3000, "c2", &r);
    ev.submission = &hot;
    stage_rig_send(&rig, &ev);
    assert_true(has_flag(rig.out[0].classification, "safety"));
    struct register_section merged = {.state = STATE_MERGED, .merged_into = STR("c1")};
    ev = event("e4", EVENT_TYPE_COMPLAINT_MERGED, 4000, "c2", &merged);
    stage_rig_send(&rig, &ev);
    ev = event("e5", EVENT_TYPE_COMPLAINT_ACKNOWLEDGED, 5000, "c1", &r);
    stage_rig_send(&rig, &ev);
    assert_true(has_flag(rig.out[0].classification, "safety"));
    assert_int_equal(rig.out[0].classification->severity, 5);

    /* A late reopening begins with what its predecessor knew. */
    struct register_section again = {.state = STATE_OPEN,
                                     .previous_complaint_id = STR("c1")};
    struct action why = {.reason = STR("still not resolved")};
    ev = event("e6", EVENT_TYPE_COMPLAINT_REOPENED, 6000, "c3", &again);
    ev.action = &why;
    stage_rig_send(&rig, &ev);
    assert_true(str_eq(rig.out[0].classification->product, STR("delivery")));
    assert_true(rig.out[0].classification->double_deviation);

    /* Without a complaint: passed on as it is. A tick too. */
    ev = event("e7", EVENT_TYPE_CUSTOMER_UPDATED, 7000, NULL, NULL);
    stage_rig_send(&rig, &ev);
    assert_int_equal(rig.n_out, 1);
    assert_null(rig.out[0].classification);
    stage_rig_tick(&rig, 8000);
    assert_int_equal(rig.n_out, 1);
    stage_rig_close(&rig);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_texts),
        cmocka_unit_test(test_precedence),
        cmocka_unit_test(test_about_nothing_known),
        cmocka_unit_test(test_messages_only_raise),
        cmocka_unit_test(test_without_text),
        cmocka_unit_test(test_bad_policies),
        cmocka_unit_test(test_stage_carries_the_section),
    };
    return cmocka_run_group_tests(tests, load, unload);
}
