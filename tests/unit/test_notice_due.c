/* Dates that people name after a breach: no clock of sla's says that they pass, assign
 * does, once, and not for an ended case. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <cmocka.h>

#include "routing/notice.h"

#define NOBODY                                                                           \
    {                                                                                    \
        NULL, 0                                                                          \
    }
#define PEOPLE                                                                           \
    {                                                                                    \
        "e", 1                                                                           \
    }
#define TOLD(clock_, due_, ...)                                                          \
    {                                                                                    \
        .clock = CLOCK_##clock_, .due_at = (due_), .named_by = __VA_ARGS__               \
    }

static void
test_who_is_watched(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        enum state state;
        bool history;
        bool erased;
        struct assign_told told;
        int64_t expect;
    } table[] = {
        {"sla's own", STATE_OPEN, false, false, TOLD(RESOLUTION, 5, NOBODY), TIME_NONE},
        {"named", STATE_OPEN, false, false, TOLD(RESOLUTION, 5, PEOPLE), 6},
        {"waits", STATE_EXTERNAL, false, false, TOLD(STATUTORY, 5, PEOPLE), 6},
        {"history", STATE_OPEN, true, false, TOLD(RESOLUTION, 5, PEOPLE), TIME_NONE},
        {"erased", STATE_OPEN, false, true, TOLD(RESOLUTION, 5, PEOPLE), TIME_NONE},
        {"over", STATE_RESOLVED, false, false, TOLD(RESOLUTION, 5, PEOPLE), TIME_NONE},
        {"merged", STATE_MERGED, false, false, TOLD(STATUTORY, 5, PEOPLE), TIME_NONE},
        {"a promise", STATE_CLOSED, false, false, TOLD(PROMISE, 5, PEOPLE), 6},
        {"given up", STATE_WITHDRAWN, false, false, TOLD(PROMISE, 5, PEOPLE), TIME_NONE},
    };
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        print_message("row %zu: %s\n", i, table[i].name);
        struct arena arena = {0};
        struct notice_facts facts;
        struct assign_case c = {.state = table[i].state,
                                .history = table[i].history,
                                .erased = table[i].erased,
                                .n_told = 1,
                                .told = &table[i].told};
        bool watched = table[i].expect != TIME_NONE;
        assert_int_equal(notice_next_due(&c), table[i].expect);
        assert_false(notice_due(&c, 5, &arena, &facts)); /* at it is in time */
        assert_int_equal(notice_due(&c, 6, &arena, &facts), watched);
        assert_false(notice_due(&c, 6, &arena, &facts));
        assert_int_equal(notice_next_due(&c), TIME_NONE);
        if (watched) {
            assert_int_equal(facts.at_ms, 5);
            assert_int_equal(facts.previous, 5);
            assert_true(str_eq(facts.cause, STR("e")));
        }
        arena_release(&arena);
    }
}

/* Each step changes what the complainant knows; next: when assign looks again. */
static void
test_named_kept_and_settled(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int64_t at;
        int64_t until;
        int64_t next;
        enum event_type type;
        enum clock_status row; /* of resolution, due at 5 */
        enum state state;
        bool expect;
    } table[] = {
        {"in time", 3, 5, TIME_NONE, EVENT_TYPE_COMPLAINT_EXTENDED, CLOCK_STATUS_RUNNING,
         STATE_OPEN, true},
        {"breached", 5, 0, TIME_NONE, EVENT_TYPE_SLA_BREACHED, CLOCK_STATUS_BREACHED,
         STATE_OPEN, true},
        {"for what has passed", 8, 7, TIME_NONE, EVENT_TYPE_COMPLAINT_EXTENDED,
         CLOCK_STATUS_CANCELLED, STATE_OPEN, false},
        {"named", 8, 20, 21, EVENT_TYPE_COMPLAINT_EXTENDED, CLOCK_STATUS_CANCELLED,
         STATE_OPEN, true},
        {"named for earlier", 9, 15, 21, EVENT_TYPE_COMPLAINT_EXTENDED,
         CLOCK_STATUS_CANCELLED, STATE_OPEN, false},
        {"named for later", 9, 30, 31, EVENT_TYPE_COMPLAINT_EXTENDED,
         CLOCK_STATUS_CANCELLED, STATE_OPEN, true},
        {"a message changes nothing", 10, 0, 31, EVENT_TYPE_COMPLAINT_MESSAGE,
         CLOCK_STATUS_CANCELLED, STATE_OPEN, false},
        {"answered", 11, 0, TIME_NONE, EVENT_TYPE_COMPLAINT_RESPONDED,
         CLOCK_STATUS_MET_LATE, STATE_OPEN, false},
        {"named again", 12, 40, TIME_NONE, EVENT_TYPE_COMPLAINT_EXTENDED,
         CLOCK_STATUS_RUNNING, STATE_OPEN, false}, /* it runs until 5: sla refused */
    };
    struct arena arena = {0};
    struct assign_told first = TOLD(RESOLUTION, 4, NOBODY);
    struct assign_case c = {.complaint_id = STR("id"),
                            .kind = KIND_COMPLAINT,
                            .acknowledged = true,
                            .n_told = 1,
                            .told = &first};
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        print_message("row %zu: %s\n", i, table[i].name);
        struct sla_fired fired = {.clock = CLOCK_RESOLUTION, .due_at = 5};
        struct sla_clock row = {
            .clock = CLOCK_RESOLUTION, .due_at = 5, .status = table[i].row};
        struct sla_section sla = {.n_clocks = 1, .clocks = &row, .fired = &fired};
        struct action action = {
            .clock = STR("resolution"), .has_until = true, .until = table[i].until};
        struct complaint_event ev = {.event_id = STR("e"),
                                     .type = table[i].type,
                                     .occurred_at = table[i].at,
                                     .action = &action,
                                     .sla = &sla};
        struct notice_before before = {.state = STATE_OPEN};
        struct notice_facts facts;
        c.state = table[i].state;
        assert_int_equal(notice_choose(&c, &before, &ev, &arena, &facts),
                         table[i].expect);
        assert_int_equal(notice_next_due(&c), table[i].next);
    }
    arena_release(&arena);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_who_is_watched),
        cmocka_unit_test(test_named_kept_and_settled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
