/* Remedy advice by relationship: what is advised, within which limit, and that nothing is
 * advised again as if it had not been offered. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "triage/triage.h"
#include "shipped_triage.h"

static bool
lists(const struct triage_section *s, const char *line)
{
    for (size_t i = 0; i < s->n_checklist; i++) {
        char text[300];
        (void)snprintf(text, sizeof(text), "%.*s", STR_ARG(s->checklist[i]));
        if (strstr(text, line))
            return true;
    }
    return false;
}

/* "a,b" as a list. */
static size_t
split(const char *text, struct str *ret)
{
    size_t n = 0;
    for (struct str left = str_from(text); !str_empty(left);) {
        const char *comma = memchr(left.ptr, ',', left.len);
        size_t len = comma ? (size_t)(comma - left.ptr) : left.len;
        ret[n++] = str_sub(left, 0, len);
        left = str_sub(left, comma ? len + 1 : len, left.len);
    }
    return n;
}

static void
test_advice(void **state)
{
    (void)state;
    static const struct {
        const char *tier;
        const char *flag, *offered, *refused, *desired;
        bool twice;
        const char *advice, *lists, *not_lists;
        double limit;
    } table[] = {
        {"best", NULL, NULL, NULL, NULL, false, "sincere_apology",
         "In writing, by a person with authority", "Without asking", 500},
        {"best", NULL, NULL, NULL, NULL, true, "sincere_apology", "both failures", NULL,
         500},
        {"best", NULL, "voucher", "voucher", NULL, true, "sincere_apology",
         "Already offered and refused: voucher", NULL, 500},
        {"best", NULL, NULL, NULL, "refund", true, "sincere_apology",
         "The customer asks for: refund", NULL, 500},
        {"occasional", NULL, NULL, NULL, NULL, false, "compensation",
         "Without asking anybody: up to 50 EUR", "Already", 50},
        {"occasional", NULL, "voucher 20 EUR", NULL, NULL, false, "compensation",
         "Already offered: voucher 20 EUR", "refused", 50},
        {"occasional", NULL, "voucher 20 EUR", "voucher 20 EUR", NULL, true,
         "compensation", "Already offered and refused: voucher 20 EUR", NULL, 50},
        /* Refused twice: the advice moves on, whoever it is. */
        {"occasional", NULL, "voucher,Refund 30", "voucher,Refund 30", NULL, true,
         "escalate_to_authority", "A person with authority", "Offer a refund", 50},
        {"regular", NULL, "voucher,退款", "voucher,退款", NULL, true,
         "escalate_to_authority", "No further offer of the same", NULL, 150},
        /* An apology refused is no compensation refused. */
        {"occasional", NULL, "an apology,repair", "an apology,repair", NULL, true,
         "compensation", "refused: repair", NULL, 50},
        {"regular", NULL, NULL, NULL, NULL, false, "explain_and_repair", "Explain",
         "Without asking", 150},
        {"regular", NULL, NULL, NULL, "Refund please", false, "compensation",
         "up to 150 EUR", NULL, 150},
        {"regular", NULL, NULL, NULL, "explanation", false, "explain_and_repair",
         "The customer asks for: explanation", "Without asking", 150},
        {"regular", NULL, NULL, NULL, "refund", true, "apology_and_repair",
         "up to 150 EUR", NULL, 150},
        {"occasional", "safety", "voucher", "voucher", "refund", true,
         "stop_and_recall_check", "recall check", "voucher, please", 50},
        {"best", "injury", NULL, NULL, NULL, false, "stop_and_recall_check",
         "Ask how the person is", NULL, 500},
        /* An insult to the person is not bought off, whoever it is. */
        {"occasional", "discrimination", NULL, NULL, NULL, false, "sincere_apology",
         "by a person with authority", "Offer a refund", 50},
        {"occasional", "vulnerable", NULL, NULL, NULL, false, "compensation",
         "what help the person needs", NULL, 50},
        {"regular", "vulnerable", NULL, NULL, NULL, false, "explain_and_repair",
         "emergency services", "Without asking", 150},
        {"regular", "fraud", NULL, NULL, NULL, false, "explain_and_repair",
         "Stop the loss now", "Without asking", 150},
        {"occasional", "fraud", NULL, NULL, NULL, false, "compensation",
         "Stop the loss now", NULL, 50},
    };
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        static const struct evidence evidence = {
            .kind = {"words", 5}, .event_id = {"e", 1}, .at = T0};
        struct str flag = str_from(table[i].flag), offered[8], refused[8];
        struct triage_case c = {.state = STATE_OPEN,
                                .received_at = T0,
                                .recovery_ends_at = T0 + TRIAGE_WINDOW_MS,
                                .first_failure_at = T0,
                                .customer_at = T0,
                                .kind = KIND_COMPLAINT,
                                .case_severity = 2,
                                .desired_remedy = str_from(table[i].desired),
                                .flags = &flag,
                                .n_flags = table[i].flag ? 1 : 0,
                                .offered = offered,
                                .n_offered = split(table[i].offered, offered),
                                .refused = refused,
                                .n_refused = split(table[i].refused, refused),
                                .evidence = &evidence,
                                .n_evidence = table[i].twice ? 1 : 0};
        struct triage_customer u = {.tier = str_from(table[i].tier)};
        struct triage_section s = {0};
        triage_score(policy, &c, &u, T0, &arena, &s);
        print_message("row %zu: %s: %.*s\n", i, table[i].tier, STR_ARG(s.remedy_advice));
        assert_true(str_eq(s.remedy_advice, str_from(table[i].advice)));
        assert_true(lists(&s, table[i].lists));
        assert_false(table[i].not_lists && lists(&s, table[i].not_lists));
        assert_true(s.has_limit_amount && s.limit_amount == table[i].limit);
        assert_true(str_eq(s.limit_currency, STR("EUR")));
        assert_int_equal(s.n_offered, c.n_offered);
        assert_int_equal(s.betrayal, table[i].twice && table[i].tier[0] == 'b');
    }
}

/* What the customer's file says counts as what he wrote himself. */
static void
test_vulnerable_by_the_file(void **state)
{
    (void)state;
    static const struct {
        bool has, is, listed;
    } table[] = {{false, false, false}, {true, false, false}, {true, true, true}};
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        struct triage_case c = {.state = STATE_OPEN,
                                .received_at = T0,
                                .recovery_ends_at = T0 + TRIAGE_WINDOW_MS,
                                .kind = KIND_COMPLAINT,
                                .case_severity = 2};
        struct triage_customer u = {.has_vulnerable = table[i].has,
                                    .vulnerable = table[i].is};
        struct triage_section s = {0};
        print_message("row %zu\n", i);
        triage_score(policy, &c, &u, T0, &arena, &s);
        assert_true(str_eq(s.remedy_advice, STR("explain_and_repair")));
        assert_int_equal(lists(&s, "what help the person needs"), table[i].listed);
    }
}

/* No limit is named where nothing is given. */
static void
test_no_limit_without_a_complaint(void **state)
{
    (void)state;
    struct triage_case c = {
        .state = STATE_OPEN, .received_at = T0, .kind = KIND_INQUIRY, .case_severity = 1};
    struct triage_section s = {0};
    triage_score(policy, &c, &(struct triage_customer){0}, T0, &arena, &s);
    assert_true(str_eq(s.remedy_advice, STR("answer")));
    assert_false(s.has_limit_amount);
    assert_true(str_is_null(s.limit_currency));
}

/* A full list: the newest offers are told, and the policy's own lines stay. */
static void
test_many_offers(void **state)
{
    (void)state;
    struct str offered[8];
    for (int i = 0; i < 8; i++)
        offered[i] = arena_printf(&arena, "offer %d", i);
    struct triage_case c = {.state = STATE_OPEN,
                            .received_at = T0,
                            .recovery_ends_at = T0 + TRIAGE_WINDOW_MS,
                            .kind = KIND_COMPLAINT,
                            .case_severity = 2,
                            .offered = offered,
                            .n_offered = 8};
    struct triage_section s = {0};
    triage_score(policy, &c, &(struct triage_customer){.tier = STR("best")}, T0, &arena,
                 &s);
    assert_true(s.n_checklist <= TRIAGE_CHECKLIST);
    assert_true(lists(&s, "Name the specific cause"));
    assert_true(lists(&s, "Already offered: offer 7"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_advice),
        cmocka_unit_test(test_vulnerable_by_the_file),
        cmocka_unit_test(test_no_limit_without_a_complaint),
        cmocka_unit_test(test_many_offers),
    };
    return cmocka_run_group_tests(tests, shipped_triage_load, shipped_triage_release);
}
