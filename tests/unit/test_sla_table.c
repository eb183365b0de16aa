/* The table of clocks in the design (section 9, Clocks), cell by cell: the cells stand
 * here as they stand there; each inbound type is tried on each clock, and the word of the
 * cell says what must come of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <cmocka.h>

#include "base/times.h"
#include "sla/clocks.h"

#define T0 INT64_C(1772442000000) /* Monday 2026-03-02 09:00 UTC */
#define AT(hours) (T0 + (int64_t)(hours)*HOUR_MS)
#define E(name) EVENT_TYPE_COMPLAINT_##name

static const struct row {
    enum clock clock;
    const char *starts, *met_by, *paused_in, *cancelled_by;
} table[] = {
    {CLOCK_ACKNOWLEDGE, "submission",
     "acknowledged, responded (an automatic notice counts only if the policy says so)",
     "–", "withdrawn, merged"},
    {CLOCK_FIRST_RESPONSE, "submission", "responded, resolved, rejected", "–",
     "withdrawn, merged"},
    {CLOCK_NEXT_RESPONSE, "a customer's message while none is owed",
     "responded, resolved, rejected", "waiting_third_party", "withdrawn, merged"},
    {CLOCK_UPDATE, "submission, and anew at each answer", "responded, resolved, rejected",
     "waiting_customer", "withdrawn, merged"},
    {CLOCK_RESOLUTION, "submission, anew at reopening", "resolved, rejected",
     "waiting_customer, waiting_third_party, external", "withdrawn, merged"},
    {CLOCK_STATUTORY, "`regulator.received_at`, else submission", "resolved, rejected",
     "never", "withdrawn; merged: goes on at the target"},
    {CLOCK_PROMISE, "promised", "promise_kept", "never", "withdrawn, merged"},
    {CLOCK_OWNER, "assigned, transferred", "the next transfer, resolved, rejected",
     "waiting_*, external", "withdrawn, merged"},
    {CLOCK_FOLLOW_UP, "closed", "responded or rated after it", "–", "reopened"},
    {CLOCK_RECOVERY_WINDOW, "submission; anew at closed",
     "resolved before it ends; after closing: no reopening and no rating ≤ 2 until it "
     "ends",
     "–", "withdrawn, merged"},
};
_Static_assert(sizeof(table) / sizeof(*table) == CLOCK_COUNT - 1,
               "every clock has a row");

/* What can happen to a case on which people work, or to a closed one; the state after it
 * (register's word) and the words by which the cells name it. */
static const struct trial {
    enum event_type type;
    enum state state; /* STATE_COUNT: as before */
    bool open, closed;
    const char *word, *start_word, *state_word;
} trials[] = {
    {E(MESSAGE), STATE_COUNT, true, true, "message", "message", NULL},
    {E(REACH), STATE_COUNT, true, true, NULL, NULL, NULL},
    {E(CORRECTED), STATE_COUNT, true, true, NULL, NULL, NULL},
    {E(RATED), STATE_COUNT, true, true, "rated", NULL, NULL},
    {E(ACKNOWLEDGED), STATE_COUNT, true, false, "acknowledged", NULL, NULL},
    {E(RESPONDED), STATE_COUNT, true, true, "responded", "answer", NULL},
    {E(ASSIGNED), STATE_COUNT, true, false, "assigned", "assigned", NULL},
    {E(TRANSFERRED), STATE_COUNT, true, false, "transfer", "transferred", NULL},
    {E(WAITING), STATE_WAITING_CUSTOMER, true, false, NULL, NULL, "waiting_customer"},
    {E(WAITING), STATE_WAITING_THIRD_PARTY, true, false, NULL, NULL,
     "waiting_third_party"},
    {E(REFERRED), STATE_EXTERNAL, true, true, NULL, NULL, "external"},
    {E(PROMISED), STATE_COUNT, true, false, NULL, "promised", NULL},
    {E(PROMISE_KEPT), STATE_COUNT, true, true, "promise_kept", NULL, NULL},
    {E(REMEDY_OFFERED), STATE_PROPOSED, true, false, NULL, NULL, NULL},
    {E(RESOLVED), STATE_RESOLVED, true, false, "resolved", NULL, NULL},
    {E(REJECTED), STATE_REJECTED, true, false, "rejected", NULL, NULL},
    {E(WITHDRAWN), STATE_WITHDRAWN, true, false, "withdrawn", NULL, NULL},
    {E(MERGED), STATE_MERGED, true, false, "merged", NULL, NULL},
    {E(REOPENED), STATE_OPEN, false, true, "reopened", "reopening", NULL},
    {E(EXTENDED), STATE_COUNT, true, false, NULL, NULL, NULL},
};

static const struct zone utc = {.name = {"Etc/UTC", 7}};
static struct calendar office = {.name = {"office", 6}, .zone = &utc};
static struct sla_rules rules;
static const struct calendar *const calendars[] = {&office};
static struct sla_policy policy;

static int
set_up(void **state)
{
    (void)state;
    for (size_t i = 0; i < 7; i++)
        office.week[i] = (struct calendar_day){.n_windows = 1, .windows = {{0, 1440}}};
    rules =
        (struct sla_rules){.name = STR("base"), .version = STR("1"), .calendar = &office};
    for (int i = CLOCK_ACKNOWLEDGE; i < CLOCK_COUNT; i++)
        rules.clocks[i] =
            (struct sla_clock_rule){.set = true,
                                    .target = {TARGET_UNIT_HOURS, 100, TARGET_UNTIL_TIME},
                                    .target_json = STR("{}"),
                                    .calendar = &office};
    rules.clocks[CLOCK_PROMISE].target = (struct target){0};
    policy = (struct sla_policy){.version = STR("1"),
                                 .hash = STR("h"),
                                 .n_policies = 1,
                                 .policies = &rules,
                                 .n_calendars = 1,
                                 .calendars = calendars};
    return 0;
}

struct rig {
    struct arena arena;
    struct sla_work *work;
    enum state state;
    int hour;
};

static void
apply(struct rig *rig, enum event_type type, enum state state)
{
    rig->state = state == STATE_COUNT ? rig->state : state;
    struct register_section reg = {.state = rig->state, .received_at = T0};
    struct submission said = {.channel = CHANNEL_WEB};
    struct action action = {.promise_id = STR("p"),
                            .has_due_at = true,
                            .due_at = AT(90),
                            .has_score = true,
                            .score = 5,
                            .has_until = true,
                            .until = AT(1000),
                            .clock = STR("owner"),
                            .team = STR("team"),
                            .owner = arena_printf(&rig->arena, "owner%d", rig->hour)};
    struct complaint_event ev = {
        .event_id = arena_printf(&rig->arena, "event-%d", rig->hour),
        .type = type,
        .occurred_at = AT(rig->hour),
        .customer_hash = STR("00112233445566778899aabbccddeeff"),
        .register_ = &reg,
        .submission = type == E(SUBMITTED) ? &said : NULL,
        .action = type == E(SUBMITTED) ? NULL : &action,
    };
    rig->hour++;
    if (type == E(SUBMITTED))
        sla_open(rig->work, &policy, &ev, NULL);
    else
        sla_apply(rig->work, &policy, &ev);
    if (type == E(MERGED))
        (void)sla_take_over(rig->work, NULL, &ev);
}

/* A case on which the clock runs, as the cell "starts" says. */
static void
begin(struct rig *rig, enum clock clock)
{
    static const struct sla_case none = {0};
    *rig = (struct rig){.state = STATE_OPEN};
    rig->work = sla_unpack(&rig->arena, &none, 2);
    apply(rig, E(SUBMITTED), STATE_OPEN);
    if (clock == CLOCK_NEXT_RESPONSE) {
        apply(rig, E(RESPONDED), STATE_OPEN);
        apply(rig, E(MESSAGE), STATE_OPEN);
    } else if (clock == CLOCK_PROMISE) {
        apply(rig, E(PROMISED), STATE_OPEN);
    } else if (clock == CLOCK_OWNER) {
        apply(rig, E(ASSIGNED), STATE_OPEN);
    } else if (clock == CLOCK_FOLLOW_UP) {
        apply(rig, E(RESOLVED), STATE_RESOLVED);
        apply(rig, E(CLOSED), STATE_CLOSED);
    }
}

static const struct sla_clock *
row_of(const struct rig *rig, enum clock clock, int32_t start_no)
{
    for (size_t i = 0; i < rig->work->n_timers; i++) {
        const struct sla_clock *row = &rig->work->timers[i].row;
        if (row->clock == clock && row->start_no == start_no)
            return row;
    }
    return NULL;
}

static bool
says(const char *cell, const char *word)
{
    if (!word)
        return false;
    if (strncmp(word, "waiting_", 8) == 0 && strstr(cell, "waiting_*"))
        return true;
    return strstr(cell, word) != NULL;
}

static void
cells(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        const struct row *row = &table[i];
        bool on_closed = row->clock == CLOCK_FOLLOW_UP;
        for (size_t k = 0; k < COUNT_OF(trials); k++) {
            const struct trial *trial = &trials[k];
            struct rig rig;
            if (!(on_closed ? trial->closed : trial->open))
                continue;
            print_message("row %zu.%zu: %s, %s %s\n", i, k, clock_name(row->clock),
                          event_type_name(trial->type),
                          trial->state_word ? trial->state_word : "");
            begin(&rig, row->clock);
            assert_int_equal(rig.work->starts[row->clock], 1);
            apply(&rig, trial->type, trial->state);

            bool anew = says(row->starts, trial->start_word) &&
                        row->clock != CLOCK_NEXT_RESPONSE; /* one is owed */
            enum clock_status expect = CLOCK_STATUS_RUNNING;
            if (says(row->met_by, trial->word))
                expect = CLOCK_STATUS_MET;
            else if (says(row->cancelled_by, trial->word) || anew)
                expect = CLOCK_STATUS_CANCELLED; /* a new start takes its place */
            else if (says(row->paused_in, trial->state_word))
                expect = CLOCK_STATUS_PAUSED;
            const struct sla_clock *first = row_of(&rig, row->clock, 1);
            assert_non_null(first);
            assert_string_equal(clock_status_name(first->status),
                                clock_status_name(expect));
            assert_int_equal(rig.work->starts[row->clock], anew ? 2 : 1);
            if (expect == CLOCK_STATUS_PAUSED) {
                apply(&rig, E(RESUMED), STATE_OPEN);
                assert_int_equal(first->status, CLOCK_STATUS_RUNNING);
                assert_int_equal(first->paused_ms, HOUR_MS);
                assert_true(first->due_at >= AT(101));
            }
            arena_release(&rig.arena);
        }
    }
}

/* What starts a clock where none runs, and nothing else does. */
static void
starts(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        const struct row *row = &table[i];
        struct rig rig;
        begin(&rig, CLOCK_NONE);
        print_message("row %zu: %s at the submission\n", i, clock_name(row->clock));
        assert_int_equal(rig.work->starts[row->clock],
                         strstr(row->starts, "submission") != NULL);
        arena_release(&rig.arena);

        for (size_t closed = 0; closed < 2; closed++) {
            for (size_t k = 0; k < COUNT_OF(trials); k++) {
                const struct trial *trial = &trials[k];
                if (!(closed ? trial->closed : trial->open))
                    continue;
                print_message("row %zu.%zu: %s, %s of %s case\n", i, k,
                              clock_name(row->clock), event_type_name(trial->type),
                              closed ? "a closed" : "an open");
                begin(&rig, closed ? CLOCK_FOLLOW_UP : CLOCK_NONE);
                if (!closed)
                    apply(&rig, E(RESPONDED), STATE_OPEN);
                int32_t before = rig.work->starts[row->clock];
                apply(&rig, trial->type, trial->state);
                bool anew = says(row->starts, trial->start_word);
                if (row->clock == CLOCK_UPDATE && closed)
                    anew = false; /* nobody works on it: there is nothing to report */
                assert_int_equal(rig.work->starts[row->clock] - before, anew);
                arena_release(&rig.arena);
            }
        }
        begin(&rig, CLOCK_NONE);
        apply(&rig, E(RESOLVED), STATE_RESOLVED);
        int32_t before = rig.work->starts[row->clock];
        apply(&rig, E(CLOSED), STATE_CLOSED);
        assert_int_equal(rig.work->starts[row->clock] - before,
                         says(row->starts, "closed"));
        arena_release(&rig.arena);
    }
}

/* "an automatic notice counts only if the policy says so" */
static void
automatic_notices(void **state)
{
    (void)state;
    for (size_t counts = 0; counts < 2; counts++) {
        struct rig rig;
        rules.clocks[CLOCK_ACKNOWLEDGE].automatic_counts = counts;
        begin(&rig, CLOCK_ACKNOWLEDGE);
        struct register_section reg = {.state = STATE_OPEN, .received_at = T0};
        struct action action = {.has_automatic = true, .automatic = true};
        struct complaint_event ev = {.event_id = STR("n"),
                                     .type = E(ACKNOWLEDGED),
                                     .occurred_at = AT(1),
                                     .register_ = &reg,
                                     .action = &action};
        sla_apply(rig.work, &policy, &ev);
        print_message("row %zu\n", counts);
        assert_int_equal(row_of(&rig, CLOCK_ACKNOWLEDGE, 1)->status,
                         counts ? CLOCK_STATUS_MET : CLOCK_STATUS_RUNNING);
        arena_release(&rig.arena);
    }
    rules.clocks[CLOCK_ACKNOWLEDGE].automatic_counts = false;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cells),
        cmocka_unit_test(starts),
        cmocka_unit_test(automatic_notices),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
