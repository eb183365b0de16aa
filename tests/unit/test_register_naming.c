/* intake/register: which case an event belongs to; duplicates, merges, late reopenings,
 * parked events. */
#include "register_rig.h"

static void
test_duplicates(void **state)
{
    (void)state;
    struct bench *b = bench_new();
    struct submission submission = {.channel = CHANNEL_WEB, .text = STR("broken")};
    struct complaint_event ev = event(b, EVENT_TYPE_COMPLAINT_SUBMITTED, "c1", "R1", T0);
    ev.submission = &submission;
    assert_int_equal(give(b, &ev), 1);
    assert_int_equal(give(b, &ev), 0); /* same (source, id)       */
    assert_int_equal(submit(b, "c1", "R1", "broken", T0 + 1), 0); /* new id, old text */
    assert_int_equal(submit(b, "c1", "R1", "and late", T0 + 2), 1);
    check_row(b, "complaint.message", 2, "open");
    assert_null(last(b)->submission);
    assert_true(str_eq(last(b)->action->text, STR("and late")));
    assert_int_equal(submit(b, "c1", "R1", "and late", T0 + 3), 0);
    assert_int_equal(submit(b, "c2", "R1", "broken", T0 + 4), 1); /* another customer */
    check_row(b, "complaint.submitted", 1, "open");
    assert_int_equal(b->driver.counters[COUNT_DUPLICATE], 3);
    assert_int_equal(b->driver.counters[COUNT_ACCEPTED], 3);
    bench_drop(b);
}

/* After 30 days an identity shrinks to a print in its complaint's list; it stays known.
 */
static void
test_identity_lifetime(void **state)
{
    (void)state;
    struct bench *b = bench_new();
    submit(b, "c1", "R1", "broken", T0);
    struct complaint_event ev = event(b, EVENT_TYPE_COMPLAINT_REACH, "c1", "R1", T0 + 1);
    assert_int_equal(give(b, &ev), 1);
    tick(b, T0 + 100 * DAY_MS);
    assert_int_equal(give(b, &ev), 0);
    act(b, EVENT_TYPE_COMPLAINT_WITHDRAWN, "R1", T0 + 100 * DAY_MS, NOTHING);
    tick(b, T0 + 129 * DAY_MS);
    tick(b, T0 + 131 * DAY_MS);
    size_t count = store_count(b->driver.store);
    print_message("records left: %zu\n", count);
    assert_int_equal(count, 3); /* the case, its prints, the customer's file */
    assert_int_equal(give(b, &ev), 0);
    assert_int_equal(store_timers(b->driver.store), 0);
    assert_int_equal(b->driver.counters[COUNT_DUPLICATE], 2);
    assert_int_equal(submit(b, "c1", "R1", "broken", T0 + 132 * DAY_MS), 0);
    bench_drop(b);
}

static void
test_parked_events_follow_their_submission(void **state)
{
    (void)state;
    struct bench *b = bench_new();
    assert_int_equal(act(b, EVENT_TYPE_COMPLAINT_RESOLVED, "R1", T0 + 9, NOTHING), 0);
    assert_int_equal(act(b, EVENT_TYPE_COMPLAINT_MESSAGE, "R2", T0 + 9, NOTHING), 0);
    struct complaint_event ev = event(b, EVENT_TYPE_COMPLAINT_CLOSED, "c1", "R1", T0 + 5);
    assert_int_equal(give(b, &ev), 0);
    assert_int_equal(give(b, &ev), 0); /* a duplicate also while it is parked */
    assert_int_equal(b->driver.counters[COUNT_DUPLICATE], 1);
    assert_int_equal(submit(b, "c1", "R1", "broken", T0), 3);
    check_row(b, "complaint.closed", 3, "closed");
    assert_int_equal(last(b)->occurred_at, T0 + 5);
    assert_int_equal(b->rows[1].type, EVENT_TYPE_COMPLAINT_RESOLVED);
    assert_int_equal(b->driver.counters[COUNT_PARKED], 3);
    assert_int_equal(b->driver.counters[COUNT_UNPARKED], 2);
    assert_int_equal(give(b, &ev), 0);
    tick(b, T0 + 9 + DAY_MS); /* R2 never came */
    assert_int_equal(b->n_dead, 1);
    assert_string_equal(b->dead_reason, "unknown_complaint");
    assert_string_equal(b->dead_origin, "complaints.inbound/0/7 avro");
    struct complaint_event dead;
    struct err err;
    assert_true(
        wire_decode(&complaint_event_wire, b->dead_value, &b->arena, &dead, &err));
    assert_int_equal(dead.type, EVENT_TYPE_COMPLAINT_MESSAGE);
    assert_false(turn_exists(b->turn, STR("parked")));
    /* Sent in again, with its complaint there, it is no duplicate. */
    submit(b, "c1", "R2", "late", T0 + 2 * DAY_MS);
    assert_int_equal(give(b, &dead), 1);
    check_row(b, "complaint.message", 2, "open");
    bench_drop(b);
}

static void
test_parking_is_bounded(void **state)
{
    (void)state;
    struct bench *b = bench_new();
    for (size_t i = 0; i < PARK_PER_CUSTOMER; i++)
        assert_int_equal(act(b, EVENT_TYPE_COMPLAINT_REACH, "R9", T0, NOTHING), 0);
    assert_int_equal(b->n_dead, 0);
    act(b, EVENT_TYPE_COMPLAINT_REACH, "R8", T0, NOTHING);
    assert_int_equal(b->n_dead, 1);
    assert_string_equal(b->dead_reason, "unknown_complaint");
    assert_string_equal(b->dead_origin, "complaints.inbound/0/7 avro");
    const size_t mib = (size_t)1024 * 1024;
    char *big = malloc(mib);
    assert_non_null(big);
    memset(big, 'x', mib);
    for (int i = 0; i < 70; i++) {
        char customer[16];
        snprintf(customer, sizeof(customer), "big%d", i);
        struct complaint_event ev =
            event(b, EVENT_TYPE_COMPLAINT_REACH, customer, "R1", T0);
        ev.extra = (struct str){big, mib};
        give(b, &ev);
    }
    free(big);
    print_message("dead %zu, bytes %zu\n", b->n_dead, store_bytes(b->driver.store));
    assert_int_equal(b->n_dead, 1 + 7);
    assert_true(store_bytes(b->driver.store) < 65 * mib);
    assert_int_equal(submit(b, "c1", "R9", "there", T0), 1 + PARK_PER_CUSTOMER);
    tick(b, T0 + 2 * DAY_MS);
    assert_int_equal(b->n_dead, 1 + 70);
    bench_drop(b);
}

static void
test_late_reopening(void **state)
{
    (void)state;
    struct bench *b = bench_new();
    submit(b, "c1", "R1", "broken", T0);
    struct str old_id = last(b)->complaint_id;
    submit(b, "c1", "R1#2", "the publisher's own", T0);
    act(b, EVENT_TYPE_COMPLAINT_REJECTED, "R1", T0 + 1, NOTHING);
    act(b, EVENT_TYPE_COMPLAINT_REOPENED, "R1", T0 + 1 + 30 * DAY_MS, NOTHING);
    check_row(b, "complaint.reopened", 3, "open"); /* at 30 days exactly */
    int64_t end = T0 + 40 * DAY_MS;
    act(b, EVENT_TYPE_COMPLAINT_RESOLVED, "R1", end, NOTHING);
    act(b, EVENT_TYPE_COMPLAINT_REOPENED, "R1", end + 30 * DAY_MS + 1, NOTHING);
    check_row(b, "complaint.reopened", 1, "open");
    struct str new_id = last(b)->complaint_id;
    assert_true(str_eq(last(b)->register_->complaint_ref, STR("R1#3"))); /* next free */
    assert_true(str_eq(last(b)->register_->previous_complaint_id, old_id));
    assert_int_equal(last(b)->register_->received_at, end + 30 * DAY_MS + 1);
    /* The ref means the new one, the old id the old one. */
    act(b, EVENT_TYPE_COMPLAINT_MESSAGE, "R1", end + 31 * DAY_MS, NOTHING);
    check_row(b, "complaint.message", 2, "open");
    assert_true(str_eq(last(b)->complaint_id, new_id));
    struct complaint_event ev =
        by_id(b, EVENT_TYPE_COMPLAINT_MESSAGE, old_id, end + 31 * DAY_MS);
    give(b, &ev);
    check_row(b, "complaint.message", 5, "resolved");
    /* Once more from the old one: the next number. */
    ev = by_id(b, EVENT_TYPE_COMPLAINT_REOPENED, old_id, end + 40 * DAY_MS);
    give(b, &ev);
    check_row(b, "complaint.reopened", 1, "open");
    assert_true(str_eq(last(b)->register_->complaint_ref, STR("R1#4")));
    /* The old submission again says nothing new. */
    assert_int_equal(submit(b, "c1", "R1", "broken", end + 41 * DAY_MS), 0);
    bench_drop(b);
}

static void
test_merge(void **state)
{
    (void)state;
    struct bench *b = bench_new();
    const char *refs[] = {"A", "B", "C"};
    for (size_t i = 0; i < COUNT_OF(refs); i++)
        submit(b, "c1", refs[i], refs[i], T0);
    submit(b, "other", "X", "x", T0);
    struct {
        struct str into;
        const char *why;
    } bad[] = {
        {id_of(b, "c1", "A"), "a complaint cannot be merged into itself"},
        {id_of(b, "other", "X"), "the complaint to merge into is another customer's"},
        {id_of(b, "c1", "none"), "the complaint to merge into is not known"},
        {STR("nonsense"), "the complaint to merge into is not known"},
    };
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        act(b, EVENT_TYPE_COMPLAINT_MERGED, "A", T0,
            (struct action){.into = bad[i].into});
        check_row(b, "complaint.step_refused", (int64_t)i + 2, "open");
        assert_true(str_eq(last(b)->register_->refused_reason, str_from(bad[i].why)));
    }
    act(b, EVENT_TYPE_COMPLAINT_PROMISED, "A", T0,
        (struct action){.promise_id = STR("p1")});
    act(b, EVENT_TYPE_COMPLAINT_MERGED, "A", T0,
        (struct action){.into = id_of(b, "c1", "B")});
    check_row(b, "complaint.merged", 7, "merged");
    assert_true(str_eq(last(b)->register_->merged_into, id_of(b, "c1", "B")));
    /* Everything after goes to the target and counts there. */
    act(b, EVENT_TYPE_COMPLAINT_PROMISE_KEPT, "A", T0 + 1,
        (struct action){.promise_id = STR("p1")});
    check_row(b, "complaint.promise_kept", 2, "open");
    assert_true(str_eq(last(b)->complaint_id, id_of(b, "c1", "B")));
    act(b, EVENT_TYPE_COMPLAINT_PROMISE_KEPT, "A", T0 + 1,
        (struct action){.promise_id = STR("p2")});
    check_row(b, "complaint.step_refused", 3, "open");
    /* B into A is B into itself by now; B into C makes a chain. */
    act(b, EVENT_TYPE_COMPLAINT_MERGED, "B", T0,
        (struct action){.into = id_of(b, "c1", "A")});
    check_row(b, "complaint.step_refused", 4, "open");
    act(b, EVENT_TYPE_COMPLAINT_MERGED, "B", T0,
        (struct action){.into = id_of(b, "c1", "C")});
    check_row(b, "complaint.merged", 5, "merged");
    for (int64_t i = 0; i < 2; i++) { /* the second time over the remembered end */
        act(b, EVENT_TYPE_COMPLAINT_MESSAGE, "A", T0 + 2, NOTHING);
        check_row(b, "complaint.message", 2 + i, "open");
        assert_true(str_eq(last(b)->complaint_id, id_of(b, "c1", "C")));
    }
    assert_int_equal(submit(b, "c1", "A", "A", T0 + 3), 0);
    assert_int_equal(submit(b, "c1", "A", "more", T0 + 3), 1);
    check_row(b, "complaint.message", 4, "open");
    bench_drop(b);
}

/* A late reopening merged back into its own old case must not send walkers in circles. */
static void
test_merge_into_the_reopened_case_ends(void **state)
{
    (void)state;
    struct bench *b = bench_new();
    submit(b, "c1", "R1", "broken", T0);
    struct str old_id = last(b)->complaint_id;
    act(b, EVENT_TYPE_COMPLAINT_WITHDRAWN, "R1", T0, NOTHING);
    act(b, EVENT_TYPE_COMPLAINT_REOPENED, "R1", T0 + 31 * DAY_MS, NOTHING);
    check_row(b, "complaint.reopened", 1, "open");
    act(b, EVENT_TYPE_COMPLAINT_MERGED, "R1", T0 + 32 * DAY_MS,
        (struct action){.into = old_id});
    check_row(b, "complaint.merged", 2, "merged");
    act(b, EVENT_TYPE_COMPLAINT_MESSAGE, "R1", T0 + 33 * DAY_MS, NOTHING);
    check_row(b, "complaint.message", 3, "withdrawn");
    assert_true(str_eq(last(b)->complaint_id, old_id));
    bench_drop(b);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_duplicates),
        cmocka_unit_test(test_identity_lifetime),
        cmocka_unit_test(test_parked_events_follow_their_submission),
        cmocka_unit_test(test_parking_is_bounded),
        cmocka_unit_test(test_late_reopening),
        cmocka_unit_test(test_merge),
        cmocka_unit_test(test_merge_into_the_reopened_case_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
