/* The lifecycle against design.md section 9, cell for cell, and its drawing. */
#include "intake/lifecycle.h"

#include "lifecycle_design.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

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

/* Each cell of the design's table, read from its text. */
static void
test_design_table(void **state)
{
    (void)state;
    const struct design_case *cases = NULL;
    size_t n = design_cases(&cases);
    bool asked[EVENT_TYPE_COUNT][STATE_COUNT] = {{0}};
    for (size_t i = 0; i < n; i++) {
        struct lifecycle_facts facts = {.waits_for_customer = cases[i].waits_for_customer,
                                        .promise_known = cases[i].promise_known,
                                        .remedy_accepted = cases[i].accepted_before};
        check(cases[i].from, cases[i].on, &facts,
              cases[i].refused               ? "x"
              : cases[i].to == cases[i].from ? "."
                                             : state_name(cases[i].to));
        asked[cases[i].on][cases[i].from] = true;
    }
    /* No type and no state was forgotten, neither there nor here. */
    for (int on = EVENT_TYPE_COMPLAINT_SUBMITTED; on <= EVENT_TYPE_COMPLAINT_EXTENDED;
         on++)
        for (int from = STATE_OPEN; from < STATE_COUNT; from++)
            assert_int_equal(asked[on][from], from != STATE_MERGED);
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
    /* The drawing itself: every state is reached and left, merged alone is the end. */
    for (int s = STATE_OPEN; s < STATE_COUNT; s++) {
        char reached[64];
        char left[64];
        const char *name = state_name((enum state)s);
        snprintf(reached, sizeof(reached), " --> %s : ", name);
        snprintf(left, sizeof(left), "\n    %s --> ", name);
        print_message("drawn: %s\n", name);
        assert_non_null(strstr(text, reached));
        const char *way = strstr(text, left);
        assert_non_null(way);
        assert_int_equal(strncmp(way + strlen(left), "[*]", 3) == 0, s == STATE_MERGED);
    }
    free(text);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_design_table),
        cmocka_unit_test(test_facts_refuse),
        cmocka_unit_test(test_late_reopening_is_a_new_case),
        cmocka_unit_test(test_reachable_and_leavable),
        cmocka_unit_test(test_handles_every_inbound_type),
        cmocka_unit_test(test_drawings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
