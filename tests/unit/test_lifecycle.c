/* The lifecycle against design.md section 9, cell for cell, and its drawing. */
#include "intake/lifecycle.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdlib.h>
#include <cmocka.h>

/* The design's own table: "." stays, "x" refused, else the state it goes to.  Columns:
 * open, proposed, resolved, closed, rejected, withdrawn, external. */
static const struct {
    enum event_type on;
    const char *cell[7];
} design[] = {
    {EVENT_TYPE_COMPLAINT_MESSAGE, {".", ".", ".", ".", ".", ".", "."}},
    {EVENT_TYPE_COMPLAINT_SUBMITTED, {".", ".", ".", ".", ".", ".", "."}},
    {EVENT_TYPE_COMPLAINT_REACH, {".", ".", ".", ".", ".", ".", "."}},
    {EVENT_TYPE_COMPLAINT_CORRECTED, {".", ".", ".", ".", ".", ".", "."}},
    {EVENT_TYPE_COMPLAINT_RATED, {".", ".", ".", ".", ".", ".", "."}},
    {EVENT_TYPE_COMPLAINT_ACKNOWLEDGED, {".", ".", "x", "x", "x", "x", "."}},
    {EVENT_TYPE_COMPLAINT_RESPONDED, {".", ".", ".", ".", ".", "x", "."}},
    {EVENT_TYPE_COMPLAINT_ASSIGNED, {".", ".", ".", "x", "x", "x", "."}},
    {EVENT_TYPE_COMPLAINT_TRANSFERRED, {".", ".", ".", "x", "x", "x", "."}},
    {EVENT_TYPE_COMPLAINT_WAITING,
     {"waiting_third_party", "waiting_third_party", "x", "x", "x", "x", "x"}},
    {EVENT_TYPE_COMPLAINT_RESUMED, {"x", "x", "x", "x", "x", "x", "open"}},
    {EVENT_TYPE_COMPLAINT_PROMISED, {".", ".", ".", "x", "x", "x", "."}},
    {EVENT_TYPE_COMPLAINT_EXTENDED, {".", ".", ".", "x", "x", "x", "."}},
    {EVENT_TYPE_COMPLAINT_PROMISE_KEPT, {".", ".", ".", ".", ".", ".", "."}},
    {EVENT_TYPE_COMPLAINT_REMEDY_OFFERED, {"proposed", ".", "x", "x", "x", "x", "x"}},
    {EVENT_TYPE_COMPLAINT_REMEDY_ACCEPTED, {"x", ".", "x", "x", "x", "x", "x"}},
    {EVENT_TYPE_COMPLAINT_REMEDY_REFUSED, {"x", "open", "x", "x", "x", "x", "x"}},
    {EVENT_TYPE_COMPLAINT_RESOLVED,
     {"resolved", "resolved", "x", "x", "x", "x", "resolved"}},
    {EVENT_TYPE_COMPLAINT_REJECTED,
     {"rejected", "rejected", "x", "x", "x", "x", "rejected"}},
    {EVENT_TYPE_COMPLAINT_CLOSED, {"x", "x", "closed", "x", "closed", "x", "x"}},
    {EVENT_TYPE_COMPLAINT_WITHDRAWN,
     {"withdrawn", "withdrawn", "withdrawn", "x", "x", "x", "withdrawn"}},
    {EVENT_TYPE_COMPLAINT_MERGED, {"merged", "merged", "x", "x", "x", "x", "merged"}},
    {EVENT_TYPE_COMPLAINT_REFERRED,
     {"external", "external", "external", "external", "external", "x", "."}},
    {EVENT_TYPE_COMPLAINT_REOPENED, {"x", "x", "open", "open", "open", "open", "x"}},
};

static const enum state columns[7] = {STATE_OPEN,    STATE_PROPOSED, STATE_RESOLVED,
                                      STATE_CLOSED,  STATE_REJECTED, STATE_WITHDRAWN,
                                      STATE_EXTERNAL};

static const struct lifecycle_facts plain = {.promise_known = true};

static void
check(enum state from, enum event_type on, const struct lifecycle_facts *facts,
      const char *expect)
{
    print_message("%s on %s: %s\n", event_type_name(on), state_name(from), expect);
    struct lifecycle_decision got = lifecycle_decide(from, on, facts);
    bool refused = strcmp(expect, "x") == 0;
    bool stays = strcmp(expect, ".") == 0;
    assert_int_equal(got.verdict == LIFECYCLE_REFUSED, refused);
    assert_int_equal(got.why != NULL, refused);
    assert_string_equal(state_name(got.to), refused || stays ? state_name(from) : expect);
    if (!refused)
        assert_int_equal(got.verdict, got.to == from ? LIFECYCLE_STAYS : LIFECYCLE_MOVES);
}

static void
test_design_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(design); i++)
        for (size_t k = 0; k < COUNT_OF(columns); k++)
            check(columns[k], design[i].on, &plain, design[i].cell[k]);
}

/* "open" includes the waiting states unless said; these are said. */
static void
test_waiting_states(void **state)
{
    (void)state;
    enum state both[] = {STATE_WAITING_CUSTOMER, STATE_WAITING_THIRD_PARTY};
    for (size_t w = 0; w < COUNT_OF(both); w++) {
        bool customer = both[w] == STATE_WAITING_CUSTOMER;
        for (size_t i = 0; i < COUNT_OF(design); i++) {
            const char *expect = design[i].cell[0];
            if (design[i].on == EVENT_TYPE_COMPLAINT_RESUMED)
                expect = "open";
            if (customer && (design[i].on == EVENT_TYPE_COMPLAINT_MESSAGE ||
                             design[i].on == EVENT_TYPE_COMPLAINT_SUBMITTED))
                expect = "open";
            check(both[w], design[i].on, &plain, expect);
        }
    }
    struct lifecycle_facts customer = {.waits_for_customer = true};
    check(STATE_OPEN, EVENT_TYPE_COMPLAINT_WAITING, &customer, "waiting_customer");
    check(STATE_PROPOSED, EVENT_TYPE_COMPLAINT_WAITING, &customer, "waiting_customer");
    check(STATE_WAITING_CUSTOMER, EVENT_TYPE_COMPLAINT_WAITING, &plain,
          "waiting_third_party");
    check(STATE_WAITING_CUSTOMER, EVENT_TYPE_COMPLAINT_WAITING, &customer, ".");
}

static void
test_facts_refuse(void **state)
{
    (void)state;
    struct lifecycle_facts no_promise = {0};
    check(STATE_OPEN, EVENT_TYPE_COMPLAINT_PROMISE_KEPT, &no_promise, "x");
    check(STATE_CLOSED, EVENT_TYPE_COMPLAINT_PROMISE_KEPT, &no_promise, "x");
    struct lifecycle_facts accepted = {.remedy_accepted = true};
    check(STATE_PROPOSED, EVENT_TYPE_COMPLAINT_REMEDY_ACCEPTED, &accepted, "x");
    check(STATE_PROPOSED, EVENT_TYPE_COMPLAINT_REMEDY_REFUSED, &accepted, "open");
    enum lifecycle_target bad[] = {LIFECYCLE_TARGET_UNKNOWN, LIFECYCLE_TARGET_ITSELF,
                                   LIFECYCLE_TARGET_OTHER_CUSTOMER};
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct lifecycle_facts facts = {.target = bad[i]};
        check(STATE_OPEN, EVENT_TYPE_COMPLAINT_MERGED, &facts, "x");
    }
}

static void
test_late_reopening_is_a_new_case(void **state)
{
    (void)state;
    struct lifecycle_facts late = {.reopen_late = true};
    enum state ended[] = {STATE_RESOLVED, STATE_CLOSED, STATE_REJECTED, STATE_WITHDRAWN};
    for (size_t i = 0; i < COUNT_OF(ended); i++) {
        print_message("row %zu: %s\n", i, state_name(ended[i]));
        struct lifecycle_decision got =
            lifecycle_decide(ended[i], EVENT_TYPE_COMPLAINT_REOPENED, &late);
        assert_int_equal(got.verdict, LIFECYCLE_NEW_CASE);
        assert_int_equal(got.to, ended[i]);
    }
    check(STATE_OPEN, EVENT_TYPE_COMPLAINT_REOPENED, &late, "x");
    check(STATE_EXTERNAL, EVENT_TYPE_COMPLAINT_REOPENED, &late, "x");
}

/* Every state can be reached from open, and all but merged can be left. */
static void
test_reachable_and_leavable(void **state)
{
    (void)state;
    bool reached[STATE_COUNT] = {[STATE_OPEN] = true};
    bool left[STATE_COUNT] = {0};
    struct lifecycle_facts facts[] = {{.waits_for_customer = true}, {0}};
    for (int round = 0; round < STATE_COUNT; round++)
        for (int from = STATE_OPEN; from < STATE_COUNT; from++)
            for (int on = 0; on < EVENT_TYPE_COUNT; on++)
                for (size_t f = 0; f < COUNT_OF(facts); f++) {
                    if (!reached[from] || from == STATE_MERGED ||
                        !lifecycle_handles((enum event_type)on))
                        continue;
                    struct lifecycle_decision got = lifecycle_decide(
                        (enum state)from, (enum event_type)on, &facts[f]);
                    if (got.verdict == LIFECYCLE_MOVES) {
                        reached[got.to] = true;
                        left[from] = true;
                    }
                }
    for (int s = STATE_OPEN; s < STATE_COUNT; s++) {
        print_message("state %s\n", state_name((enum state)s));
        assert_true(reached[s]);
        assert_true(left[s] || s == STATE_MERGED);
    }
}

static void
test_handles_every_inbound_type(void **state)
{
    (void)state;
    for (int on = 0; on < EVENT_TYPE_COUNT; on++) {
        bool inbound =
            on >= EVENT_TYPE_COMPLAINT_SUBMITTED && on <= EVENT_TYPE_COMPLAINT_EXTENDED;
        print_message("type %s\n", event_type_name((enum event_type)on));
        assert_int_equal(lifecycle_handles((enum event_type)on), inbound);
    }
}

static void
test_drawings(void **state)
{
    (void)state;
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    assert_non_null(out);
    lifecycle_print_mermaid(out);
    lifecycle_print_table(out);
    fclose(out);
    const char *lines[] = {
        "stateDiagram-v2\n",
        "    open --> waiting_customer : waiting\n",
        "    waiting_customer --> open : message, resumed\n",
        "    proposed --> open : remedy_refused\n",
        "    rejected --> closed : closed\n",
        "    external --> merged : merged\n",
        "| submitted again | stays | → open | stays |",
        "| waiting | → waiting_… |",
    };
    for (size_t i = 0; i < COUNT_OF(lines); i++) {
        print_message("line %s\n", lines[i]);
        assert_non_null(strstr(text, lines[i]));
    }
    assert_null(strstr(text, "merged --> open"));
    free(text);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_design_table),
        cmocka_unit_test(test_waiting_states),
        cmocka_unit_test(test_facts_refuse),
        cmocka_unit_test(test_late_reopening_is_a_new_case),
        cmocka_unit_test(test_reachable_and_leavable),
        cmocka_unit_test(test_handles_every_inbound_type),
        cmocka_unit_test(test_drawings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
