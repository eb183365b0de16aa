/* The score: who comes before whom under the shipped policy, and what explains it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "gen/priority.h"
#include "gen/triage_class.h"
#include "triage/triage.h"
#include "triage/triage_customer.h"
#include "triage/triage_facts.h"
#include "shipped_triage.h"

/* An ordinary complaint by e-mail, just received. */
static struct triage_case
ordinary(void)
{
    return (struct triage_case){.state = STATE_OPEN,
                                .received_at = T0,
                                .recovery_ends_at = T0 + TRIAGE_WINDOW_MS,
                                .first_failure_at = T0,
                                .last_at = T0,
                                .channel = CHANNEL_EMAIL,
                                .kind = KIND_COMPLAINT,
                                .case_severity = 2,
                                .customer_at = T0};
}

static struct triage_section
score(const struct triage_case *c, const struct triage_customer *u, int64_t at)
{
    struct triage_section s = {0};
    triage_score(policy, c, u, at, &arena, &s);
    return s;
}

/* What one row changes about the ordinary case. */
struct given {
    enum kind kind;
    int severity;
    const char *tier;
    const char *flag;
    enum channel channel;
    bool public, regulator, collective, vulnerable, doubled;
    int failed;
    int age_steps;
    int days;
    int64_t views;
    double doubling_hours;
    enum state state;
};

static struct triage_section
score_of(const struct given *g)
{
    static const struct evidence evidence = {
        .kind = {"words", 5}, .event_id = {"e", 1}, .at = T0};
    struct str *flag = ARENA_NEW(&arena, struct str);
    struct triage_case c = ordinary();
    struct triage_customer u = {
        .tier = str_from(g->tier), .has_vulnerable = true, .vulnerable = g->vulnerable};
    c.kind = g->kind ? g->kind : KIND_COMPLAINT;
    c.case_severity = g->severity ? g->severity : 2;
    c.channel = g->channel ? g->channel : CHANNEL_EMAIL;
    c.public = g->public;
    c.regulator = g->regulator;
    c.collective = g->collective;
    c.failed_recoveries = g->failed;
    c.age_steps = g->age_steps;
    c.views = g->views;
    c.doubling_hours = g->doubling_hours;
    c.state = g->state ? g->state : STATE_OPEN;
    if (g->flag) {
        *flag = str_from(g->flag);
        c.flags = flag;
        c.n_flags = 1;
    }
    if (g->doubled) {
        c.evidence = &evidence;
        c.n_evidence = 1;
    }
    c.customer_at = T0 + g->days * DAY_MS;
    return score(&c, &u, T0 + g->days * DAY_MS);
}

static void
test_priorities(void **state)
{
    (void)state;
    static const struct {
        struct given given;
        enum priority priority;
        enum triage_class triage_class;
        const char *advice;
    } table[] = {
        {{0}, PRIORITY_P3, TRIAGE_CLASS_ROUTINE, "explain_and_repair"},
        {{.severity = 5, .flag = "safety"},
         PRIORITY_P1,
         TRIAGE_CLASS_IMMEDIATE,
         "stop_and_recall_check"},
        {{.severity = 1, .flag = "injury", .days = 27, .failed = 9},
         PRIORITY_P1,
         TRIAGE_CLASS_IMMEDIATE,
         "stop_and_recall_check"},
        {{.severity = 1, .vulnerable = true},
         PRIORITY_P2,
         TRIAGE_CLASS_URGENT,
         "explain_and_repair"},
        {{.severity = 4}, PRIORITY_P2, TRIAGE_CLASS_URGENT, "explain_and_repair"},
        {{.regulator = true}, PRIORITY_P2, TRIAGE_CLASS_URGENT, "explain_and_repair"},
        {{.doubled = true}, PRIORITY_P2, TRIAGE_CLASS_URGENT, "apology_and_repair"},
        {{.doubled = true, .tier = "Gold"},
         PRIORITY_P1,
         TRIAGE_CLASS_IMMEDIATE,
         "sincere_apology"},
        {{.doubled = true, .public = true, .channel = CHANNEL_SOCIAL, .views = 1000000},
         PRIORITY_P1,
         TRIAGE_CLASS_IMMEDIATE,
         "apology_and_repair"},
        {{.tier = "new"}, PRIORITY_P3, TRIAGE_CLASS_ROUTINE, "compensation"},
        {{.tier = "vip"}, PRIORITY_P3, TRIAGE_CLASS_ROUTINE, "sincere_apology"},
        {{.kind = KIND_INQUIRY, .severity = 1},
         PRIORITY_P4,
         TRIAGE_CLASS_ROUTINE,
         "answer"},
        {{.kind = KIND_SUGGESTION, .severity = 1},
         PRIORITY_P4,
         TRIAGE_CLASS_ROUTINE,
         "thank_and_consider"},
        {{.kind = KIND_PRAISE, .severity = 1},
         PRIORITY_P4,
         TRIAGE_CLASS_ROUTINE,
         "thank"},
        /* Given up: withdrawn at the end of the window. */
        {{.state = STATE_WITHDRAWN, .days = 28},
         PRIORITY_P4,
         TRIAGE_CLASS_MINIMAL,
         "explain_and_repair"},
        /* Unsalvageable: failed again and again, the window is over. */
        {{.failed = 5, .days = 28},
         PRIORITY_P4,
         TRIAGE_CLASS_MINIMAL,
         "explain_and_repair"},
        /* ... but nothing starves. */
        {{.failed = 5, .days = 90, .age_steps = 8},
         PRIORITY_P1,
         TRIAGE_CLASS_IMMEDIATE,
         "explain_and_repair"},
    };
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        struct triage_section s = score_of(&table[i].given);
        print_message("row %zu: %s %s, score %.2f, %.*s\n", i, priority_name(s.priority),
                      triage_class_name(s.triage_class), s.score,
                      STR_ARG(s.remedy_advice));
        assert_int_equal(s.priority, table[i].priority);
        assert_int_equal(s.triage_class, table[i].triage_class);
        assert_true(str_eq(s.remedy_advice, str_from(table[i].advice)));
    }
}

/* Each of these alone moves the score in one direction. */
static void
test_directions(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        struct given less, more;
    } table[] = {
        {"severity", {.severity = 2}, {.severity = 3}},
        {"double deviation", {0}, {.doubled = true}},
        {"days gone", {.days = 20}, {.days = 3}},
        {"tier", {.tier = "occasional"}, {.tier = "regular"}},
        {"best tier", {.tier = "regular"}, {.tier = "best"}},
        {"third failure", {.failed = 3}, {.failed = 2}},
        {"fourth failure", {.failed = 4}, {.failed = 3}},
        {"public", {0}, {.public = true}},
        {"reach", {.public = true, .views = 5000}, {.public = true, .views = 50000}},
        {"growth",
         {.public = true, .views = 5000, .doubling_hours = 200},
         {.public = true, .views = 5000, .doubling_hours = 30}},
        {"media", {.channel = CHANNEL_EMAIL}, {.channel = CHANNEL_MEDIA}},
        {"association", {0}, {.channel = CHANNEL_CONSUMER_ASSOCIATION}},
        {"collective", {0}, {.collective = true}},
        {"legal threat", {0}, {.flag = "legal_threat"}},
        {"regulator threat", {0}, {.flag = "regulator_threat"}},
        {"media threat", {0}, {.flag = "media_threat"}},
        {"age", {.age_steps = 1}, {.age_steps = 2}},
        {"withdrawn", {.state = STATE_WITHDRAWN}, {.state = STATE_OPEN}},
        {"kind", {.kind = KIND_INQUIRY}, {.kind = KIND_COMPLAINT}},
    };
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        double less = score_of(&table[i].less).score;
        double more = score_of(&table[i].more).score;
        print_message("%s: %.2f < %.2f\n", table[i].what, less, more);
        assert_true(less < more);
    }
    /* The first two failures cost nothing yet. */
    assert_true(score_of(&(struct given){.failed = 2}).score ==
                score_of(&(struct given){0}).score);
}

static double
reason(const struct triage_section *s, const char *name, double *ret_weight)
{
    for (size_t i = 0; i < s->n_reasons; i++)
        if (str_eq(s->reasons[i].name, str_from(name))) {
            *ret_weight = s->reasons[i].weight;
            return s->reasons[i].value;
        }
    fail_msg("no reason %s", name);
    return 0;
}

/* Product of the factors and sum of what came on top is the score. */
static void
test_reasons_explain_the_score(void **state)
{
    (void)state;
    struct triage_section s = score_of(&(struct given){.severity = 3,
                                                       .tier = "best",
                                                       .doubled = true,
                                                       .public = true,
                                                       .views = 100000,
                                                       .age_steps = 2,
                                                       .days = 7,
                                                       .failed = 3});
    double w = 0;
    assert_true(s.betrayal && s.double_deviation);
    assert_true(reason(&s, "severity", &w) == 3 && w == 24);
    assert_true(reason(&s, "days_left", &w) == 21);
    assert_true(s.recovery_days_left == 21);
    double severity = 24;
    (void)reason(&s, "double_deviation", &w);
    severity *= w;
    (void)reason(&s, "betrayal", &w);
    severity *= w;
    assert_true(s.severity == severity);
    double salvage = 1;
    const char *const salvages[] = {"days_left", "tier", "failed_recoveries"};
    for (size_t i = 0; i < COUNT_OF(salvages); i++) {
        (void)reason(&s, salvages[i], &w);
        salvage *= w;
    }
    double exposure = 1;
    const char *const exposures[] = {"public", "reach"};
    for (size_t i = 0; i < COUNT_OF(exposures); i++) {
        (void)reason(&s, exposures[i], &w);
        exposure += w;
    }
    (void)reason(&s, "ageing", &w);
    double expect = severity * salvage * exposure + w;
    print_message("%.3f and %.3f\n", s.score, expect);
    assert_true(s.score > expect * 0.99 && s.score < expect * 1.01); /* rounded weights */
    assert_true(s.n_checklist > 0);
}

static void
test_tiers(void **state)
{
    (void)state;
    static const struct {
        const char *tier;
        int64_t years;
        double value;
        const char *expect;
    } table[] = {
        {NULL, 0, 0, "regular"},  {"VIP", 0, 0, "best"},
        {"金卡", 0, 0, "best"},   {"weird", 0, 0, "regular"},
        {NULL, 8, 0, "best"},     {NULL, 7, 0, "regular"},
        {NULL, 0, 10000, "best"}, {"new", 20, 99999, "occasional"},
    };
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        struct triage_customer u = {.tier = str_from(table[i].tier),
                                    .has_since = table[i].years > 0,
                                    .since = T0 - table[i].years * 366 * DAY_MS,
                                    .has_lifetime_value = table[i].value > 0,
                                    .lifetime_value = table[i].value};
        const struct triage_tier *tier = triage_tier_of(policy, &u, T0);
        print_message("row %zu: %.*s\n", i, STR_ARG(tier->name));
        assert_true(str_eq(tier->name, str_from(table[i].expect)));
    }
}

static void
test_extremes_stay_finite(void **state)
{
    (void)state;
    struct triage_case c = ordinary();
    struct triage_customer u = {.has_followers = true,
                                .followers = INT64_MAX,
                                .has_since = true,
                                .since = INT64_MIN / 2,
                                .has_lifetime_value = true,
                                .lifetime_value = 1e300};
    c.views = c.shares = c.replies = INT64_MAX;
    c.doubling_hours = 1e-300;
    c.failed_recoveries = INT32_MAX;
    c.age_steps = INT32_MAX;
    c.case_severity = 99;
    c.channel = CHANNEL_MEDIA;
    c.regulator = c.public = c.collective = true;
    struct triage_section s = score(&c, &u, T0);
    print_message("score %g\n", s.score);
    assert_true(s.score >= 0 && s.score < 1e6);
    assert_true(s.exposure <= policy->max_exposure);
}

static void
test_bad_policies(void **state)
{
    (void)state;
    static const struct {
        const char *text, *says;
    } table[] = {
        {"{\"version\":\"1\",\"colour\":1}", "colour"},
        {"{\"version\":\"1\"}", "severity"},
        {"[]", "object"},
        {"{\"severity\":{}}", "version"},
    };
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        struct err err = {0};
        assert_null(triage_policy_parse("triage.json", str_from(table[i].text), &err));
        print_message("row %zu: %s\n", i, err.text);
        assert_int_equal(err.action, ERR_STOP);
        assert_non_null(strstr(err.text, table[i].says));
    }
}

static void
test_customer_lists_are_bounded(void **state)
{
    (void)state;
    struct triage_customer u = {0};
    struct triage_case c = ordinary();
    c.product_hash = 1;
    for (int i = 0; i < 100; i++) {
        struct str id = arena_printf(&arena, "c%d", i);
        c.received_at = T0 + i;
        triage_customer_begin(&u, id, &c, &arena);
        assert_true(triage_customer_follow(&u, id, &c, 0, &arena));
        assert_false(triage_customer_follow(&u, id, &c, 0, &arena)); /* nothing new */
    }
    assert_int_equal(u.n_open, TRIAGE_OPEN);
    assert_int_equal(u.n_seen, TRIAGE_SEEN);
    assert_int_equal(u.complaints, 100);
    assert_true(str_eq(u.open[TRIAGE_OPEN - 1], STR("c99")));
    assert_true(str_eq(u.open[0], STR("c68")));
    c.state = STATE_CLOSED;
    c.failed_recoveries = 2;
    assert_true(triage_customer_follow(&u, STR("c70"), &c, 0, &arena));
    assert_int_equal(u.n_open, TRIAGE_OPEN - 1);
    assert_int_equal(u.failed_recoveries, 2);
    assert_true(str_eq(u.open[1], STR("c69")) && str_eq(u.open[2], STR("c71")));
}

/* Whoever waits for our answer has not turned away; silence counts once we answered. */
static void
silence_that_is_ours(void **state)
{
    (void)state;
    const struct {
        bool owed;
        int days;
        double factor;
    } rows[] = {{false, 13, 1.0}, {false, 15, 0.8}, {true, 15, 1.0}, {true, 27, 1.0}};
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        print_message("row %zu: owed %d, %d days\n", i, rows[i].owed, rows[i].days);
        struct triage_case c = ordinary();
        c.has_silent_since = rows[i].owed;
        c.silent_since = T0;
        int64_t at = T0 + rows[i].days * DAY_MS;
        struct triage_section is = score(&c, &(struct triage_customer){0}, at);
        double factor = 1;
        for (size_t k = 0; k < is.n_reasons; k++)
            if (str_eq(is.reasons[k].name, STR("not_speaking")))
                factor = is.reasons[k].weight;
        assert_float_equal(factor, rows[i].factor, 0.001);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_priorities),
        cmocka_unit_test(test_directions),
        cmocka_unit_test(test_reasons_explain_the_score),
        cmocka_unit_test(test_tiers),
        cmocka_unit_test(test_extremes_stay_finite),
        cmocka_unit_test(test_bad_policies),
        cmocka_unit_test(silence_that_is_ours),
        cmocka_unit_test(test_customer_lists_are_bounded),
    };
    return cmocka_run_group_tests(tests, shipped_triage_load, shipped_triage_release);
}
