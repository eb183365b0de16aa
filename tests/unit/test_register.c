/* intake/register: one case, its rows and its section. */
#include "register_rig.h"

static void
test_thread_and_section(void **state)
{
    (void)state;
    struct bench *b = bench_new();
    assert_int_equal(submit(b, "c1", "R1", "broken", T0), 1);
    check_row(b, "complaint.submitted", 1, "open");
    assert_int_equal(last(b)->register_->from_state, STATE_NONE);
    act(b, EVENT_TYPE_COMPLAINT_MESSAGE, "R1", T0 + 1,
        (struct action){.text = STR("still")});
    check_row(b, "complaint.message", 2, "open");
    assert_int_equal(act(b, EVENT_TYPE_COMPLAINT_CLOSED, "R1", T0 + 2, NOTHING), 1);
    check_row(b, "complaint.step_refused", 3, "open");
    assert_int_equal(last(b)->register_->refused_type, EVENT_TYPE_COMPLAINT_CLOSED);
    assert_int_equal(last(b)->n_detail, 2);
    act(b, EVENT_TYPE_COMPLAINT_RESPONDED, "R1", T0 + 5, NOTHING);
    act(b, EVENT_TYPE_COMPLAINT_RESPONDED, "R1", T0 + 4, NOTHING);
    act(b, EVENT_TYPE_COMPLAINT_RESOLVED, "R1", T0 + 6, NOTHING);
    act(b, EVENT_TYPE_COMPLAINT_CLOSED, "R1", T0 + 7, NOTHING);
    check_row(b, "complaint.closed", 7, "closed");
    const struct register_section *section = last(b)->register_;
    assert_int_equal(section->first_response_at, T0 + 4);
    assert_int_equal(section->resolved_at, T0 + 6);
    assert_int_equal(section->closed_at, T0 + 7);
    assert_int_equal(section->ended_at, T0 + 7);
    assert_int_equal(section->recovery_ends_at, T0 + 7 + 28 * DAY_MS);
    assert_int_equal(section->responses, 3);
    assert_int_equal(section->messages, 1);
    assert_false(section->history);
    /* An event that names only the id gets the customer's hash from the case. */
    struct complaint_event ev =
        by_id(b, EVENT_TYPE_COMPLAINT_REOPENED, last(b)->complaint_id, T0 + 8);
    struct str hash = last(b)->customer_hash;
    give(b, &ev);
    check_row(b, "complaint.reopened", 8, "open");
    assert_true(str_eq(last(b)->customer_hash, hash));
    assert_int_equal(last(b)->register_->reopenings, 1);
    bench_drop(b);
}

static void
test_previous_complaint(void **state)
{
    (void)state;
    struct bench *b = bench_new();
    static const struct {
        const char *ref, *order, *product, *previous, *expect;
    } table[] = {
        {"R1", "o1", "guitar", NULL, NULL},   {"R2", NULL, "amp", NULL, NULL},
        {"R3", NULL, "guitar", NULL, "R1"},   {"R4", "o1", "amp", NULL, "R1"},
        {"R5", NULL, "amp", "R3", "R3"},      {"R6", NULL, "flute", "unknown", NULL},
        {"R7", NULL, "amp", "unknown", "R5"},
    };
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        print_message("row %zu: %s\n", i, table[i].ref);
        struct submission submission = {
            .channel = CHANNEL_WEB,
            .text = str_from(table[i].ref),
            .order_ref = str_from(table[i].order),
            .product = str_from(table[i].product),
            .previous_complaint_ref = str_from(table[i].previous),
        };
        struct complaint_event ev =
            event(b, EVENT_TYPE_COMPLAINT_SUBMITTED, "c1", table[i].ref, T0);
        ev.submission = &submission;
        give(b, &ev);
        struct str expect = table[i].expect ? id_of(b, "c1", table[i].expect) : STR_NULL;
        assert_true(str_eq(last(b)->register_->previous_complaint_id, expect));
    }
    bench_drop(b);
}

static void
test_events_that_only_pass(void **state)
{
    (void)state;
    struct bench *b = bench_new();
    submit(b, "c1", "R1", "broken", T0);
    struct str id = last(b)->complaint_id;
    struct complaint_event ev = event(b, EVENT_TYPE_CUSTOMER_UPDATED, "c1", "", T0);
    ev.complaint_id = STR_NULL;
    assert_int_equal(give(b, &ev), 1);
    assert_false(last(b)->has_seq);
    assert_null(last(b)->register_);
    assert_false(str_is_null(last(b)->customer_hash));
    assert_int_equal(give(b, &ev), 0);
    ev = by_id(b, EVENT_TYPE_COLLECT_LINKED, id, T0);
    ev.stage = STAGE_COLLECT;
    ev.ce_id = STR_NULL;
    assert_int_equal(give(b, &ev), 1);
    assert_false(last(b)->has_seq);
    assert_int_equal(last(b)->stage, STAGE_COLLECT);
    assert_int_equal(last(b)->register_->last_seq, 1);
    assert_int_equal(b->driver.counters[COUNT_PASSED], 2);
    bench_drop(b);
}

static void
test_history_is_for_the_wall_clock(void **state)
{
    (void)state;
    static const struct {
        bool wall;
        int64_t age_ms;
        bool history;
    } table[] = {{true, 28 * DAY_MS, false},
                 {true, 28 * DAY_MS + 1, true},
                 {false, 400 * DAY_MS, false}};
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        print_message("row %zu\n", i);
        struct bench *b = bench_new();
        b->driver.settings.wall_clock = table[i].wall;
        struct submission submission = {.channel = CHANNEL_WEB, .text = STR("old")};
        struct complaint_event ev =
            event(b, EVENT_TYPE_COMPLAINT_SUBMITTED, "c1", "R1", T0);
        ev.submission = &submission;
        ev.recorded_at = T0 + table[i].age_ms;
        give(b, &ev);
        assert_int_equal(last(b)->register_->history, table[i].history);
        bench_drop(b);
    }
}

static void
test_lists_have_a_cap(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct register_case rc = {.state = STATE_OPEN, .submission_hash = 1};
    struct register_facts facts = {LIFECYCLE_TARGET_UNKNOWN, STR_NULL};
    for (int i = 0; i < 200; i++) {
        struct action action = {.text = arena_printf(&arena, "t%d", i),
                                .promise_id = arena_printf(&arena, "p%d", i)};
        struct complaint_event ev = {.type = EVENT_TYPE_COMPLAINT_MESSAGE,
                                     .action = &action};
        register_apply(&rc, &arena, &ev, &facts);
        ev.type = EVENT_TYPE_COMPLAINT_PROMISED;
        register_apply(&rc, &arena, &ev, &facts);
    }
    assert_int_equal(rc.n_text_hashes, REGISTER_TEXTS);
    assert_int_equal(rc.n_promises, REGISTER_PROMISES);
    assert_true(register_has_text(&rc, register_hash(STR("t199"))));
    assert_false(register_has_text(&rc, register_hash(STR("t100"))));
    assert_int_equal(rc.last_seq, 400);
    struct register_customer file = {0};
    for (int i = 0; i < 40; i++)
        register_file(&file, &arena, arena_printf(&arena, "id%d", i), NULL);
    assert_int_equal(file.n_cases, REGISTER_LINKS);
    assert_true(str_eq(file.cases[REGISTER_LINKS - 1].complaint_id, STR("id39")));
    arena_release(&arena);
}

static struct str
detail_of(const struct complaint_event *ev, const char *name)
{
    for (size_t i = 0; i < ev->n_detail; i++)
        if (str_eq(ev->detail[i].name, str_from(name)))
            return ev->detail[i].value;
    return STR_NULL;
}

/* A rejection says until when it can be appealed; a reopening against it is an appeal. */
static void
test_right_to_appeal(void **state)
{
    (void)state;
    static const struct {
        enum event_type type;
        int64_t at_ms;
        const char *until; /* NULL: the row names no right to appeal */
        bool appeal;
        enum state after;
    } table[] = {
        {EVENT_TYPE_COMPLAINT_REJECTED, T0 + DAY_MS, "\"2026-04-02T09:00:00.000Z\"",
         false, STATE_REJECTED},
        {EVENT_TYPE_COMPLAINT_MESSAGE, T0 + 2 * DAY_MS, NULL, false, STATE_REJECTED},
        {EVENT_TYPE_COMPLAINT_REOPENED, T0 + 31 * DAY_MS, NULL, true, STATE_OPEN},
        {EVENT_TYPE_COMPLAINT_RESOLVED, T0 + 32 * DAY_MS, NULL, false, STATE_RESOLVED},
        {EVENT_TYPE_COMPLAINT_REOPENED, T0 + 33 * DAY_MS, NULL, false, STATE_OPEN},
        {EVENT_TYPE_COMPLAINT_REJECTED, T0 + 34 * DAY_MS, "\"2026-05-05T09:00:00.000Z\"",
         false, STATE_REJECTED},
        {EVENT_TYPE_COMPLAINT_CLOSED, T0 + 35 * DAY_MS, "\"2026-05-06T09:00:00.000Z\"",
         false, STATE_CLOSED},
        {EVENT_TYPE_COMPLAINT_CLOSED, T0 + 36 * DAY_MS, NULL, false, STATE_CLOSED},
        {EVENT_TYPE_COMPLAINT_REOPENED, T0 + 36 * DAY_MS, NULL, true, STATE_OPEN},
        {EVENT_TYPE_COMPLAINT_REJECTED, T0 + 40 * DAY_MS, "\"2026-05-11T09:00:00.000Z\"",
         false, STATE_REJECTED},
        {EVENT_TYPE_COMPLAINT_REOPENED, T0 + 71 * DAY_MS, NULL, true, STATE_OPEN},
    };
    struct bench *b = bench_new();
    submit(b, "c1", "R1", "broken", T0);
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        print_message("row %zu: %s\n", i, event_type_name(table[i].type));
        act(b, table[i].type, "R1", table[i].at_ms, NOTHING);
        struct str until = detail_of(last(b), "appeal_until");
        assert_true(str_eq(until, str_from(table[i].until)));
        assert_int_equal(str_eq(detail_of(last(b), "appeal"), STR("true")),
                         table[i].appeal);
        assert_int_equal(last(b)->register_->state, table[i].after);
    }
    /* The last one came too late: a case of its own, and still an appeal. */
    assert_int_equal(last(b)->seq, 1);
    bench_drop(b);
}

/* complaint_id beats customer: another one's data does not come along. */
static void
test_the_id_beats_the_customer(void **state)
{
    (void)state;
    static const struct {
        enum customer_key case_kind, said_kind;
        bool same, kept;
    } table[] = {
        {CUSTOMER_KEY_ID, CUSTOMER_KEY_ID, true, true},
        {CUSTOMER_KEY_ID, CUSTOMER_KEY_ID, false, false},
        {CUSTOMER_KEY_ID, CUSTOMER_KEY_EMAIL, false, true}, /* a new address of theirs */
        {CUSTOMER_KEY_EMAIL, CUSTOMER_KEY_EMAIL, false, false},
        {CUSTOMER_KEY_PHONE, CUSTOMER_KEY_PHONE, false, false},
        {CUSTOMER_KEY_HANDLE, CUSTOMER_KEY_HANDLE, false, true}, /* no channel to know */
        {CUSTOMER_KEY_REF, CUSTOMER_KEY_ID, false, true},  /* now we hear who it is */
        {CUSTOMER_KEY_NONE, CUSTOMER_KEY_ID, false, true}, /* of an older version */
    };
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        print_message("row %zu\n", i);
        struct bench *b = bench_new();
        struct submission submission = {.channel = CHANNEL_WEB, .text = STR("broken")};
        struct complaint_event ev =
            event(b, EVENT_TYPE_COMPLAINT_SUBMITTED, "c1", "R1", T0);
        struct str hash = ev.customer_hash;
        ev.submission = &submission;
        ev.customer_key_kind = table[i].case_kind;
        give(b, &ev);
        struct customer said = {.name = STR("Ann")};
        ev = by_id(b, EVENT_TYPE_COMPLAINT_MESSAGE, ev.complaint_id, T0 + 1);
        ev.customer = &said;
        ev.customer_key_kind = table[i].said_kind;
        ev.customer_hash =
            table[i].same ? hash : event(b, ev.type, "c2", "R1", T0).customer_hash;
        give(b, &ev);
        check_row(b, "complaint.message", 2, "open");
        assert_true(str_eq(last(b)->customer_hash, hash));
        assert_int_equal(last(b)->customer_key_kind, table[i].case_kind);
        assert_int_equal(last(b)->customer != NULL, table[i].kept);
        assert_int_equal(!str_is_null(detail_of(last(b), "other_customer_ignored")),
                         !table[i].kept);
        bench_drop(b);
    }
}

/* Times may come out of order: the last resolution and closing are the latest ones. */
static void
test_times_out_of_order(void **state)
{
    (void)state;
    struct bench *b = bench_new();
    submit(b, "c1", "R1", "broken", T0);
    act(b, EVENT_TYPE_COMPLAINT_RESPONDED, "R1", T0 - 5, NOTHING);
    assert_int_equal(last(b)->register_->first_response_at, T0 - 5);
    act(b, EVENT_TYPE_COMPLAINT_RESOLVED, "R1", T0 + 9, NOTHING);
    act(b, EVENT_TYPE_COMPLAINT_CLOSED, "R1", T0 + 20, NOTHING);
    act(b, EVENT_TYPE_COMPLAINT_REOPENED, "R1", T0 + 10, NOTHING);
    check_row(b, "complaint.reopened", 5, "open");
    act(b, EVENT_TYPE_COMPLAINT_RESOLVED, "R1", T0 + 8, NOTHING);
    assert_int_equal(last(b)->register_->resolved_at, T0 + 9);
    act(b, EVENT_TYPE_COMPLAINT_CLOSED, "R1", T0 + 11, NOTHING);
    assert_int_equal(last(b)->register_->closed_at, T0 + 20);
    assert_int_equal(last(b)->register_->recovery_ends_at, T0 + 20 + 28 * DAY_MS);
    assert_int_equal(last(b)->register_->ended_at, T0 + 20);
    /* 30 days count from the latest end, to the millisecond. */
    act(b, EVENT_TYPE_COMPLAINT_REOPENED, "R1", T0 + 20 + 30 * DAY_MS, NOTHING);
    check_row(b, "complaint.reopened", 8, "open");
    bench_drop(b);
}

/* What is not said again stays. */
static void
test_referred_again(void **state)
{
    (void)state;
    struct bench *b = bench_new();
    submit(b, "c1", "R1", "broken", T0);
    act(b, EVENT_TYPE_COMPLAINT_REFERRED, "R1", T0 + 1,
        (struct action){.referred_to = STR("ombudsman"), .case_ref = STR("O-1")});
    act(b, EVENT_TYPE_COMPLAINT_REFERRED, "R1", T0 + 2,
        (struct action){.referred_to = STR("ombudsman")});
    assert_true(str_eq(last(b)->register_->external_ref, STR("O-1")));
    act(b, EVENT_TYPE_COMPLAINT_REFERRED, "R1", T0 + 3,
        (struct action){.referred_to = STR("court"), .case_ref = STR("C-1")});
    assert_true(str_eq(last(b)->register_->external_ref, STR("C-1")));
    act(b, EVENT_TYPE_COMPLAINT_RESUMED, "R1", T0 + 4, NOTHING);
    act(b, EVENT_TYPE_COMPLAINT_REFERRED, "R1", T0 + 5,
        (struct action){.referred_to = STR("council")});
    assert_true(str_is_null(last(b)->register_->external_ref));
    bench_drop(b);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_thread_and_section),
        cmocka_unit_test(test_previous_complaint),
        cmocka_unit_test(test_events_that_only_pass),
        cmocka_unit_test(test_history_is_for_the_wall_clock),
        cmocka_unit_test(test_lists_have_a_cap),
        cmocka_unit_test(test_right_to_appeal),
        cmocka_unit_test(test_the_id_beats_the_customer),
        cmocka_unit_test(test_times_out_of_order),
        cmocka_unit_test(test_referred_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
