/* Evidence of double deviation: the events and the time that it rests on, and how it is
 * taken back when a later event shows that it was wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "gen/event_type.h"
#include "gen/priority.h"
#include "triage_rig.h"

static const struct evidence *
evidence(const struct triage_section *s, const char *kind)
{
    for (size_t i = 0; i < s->n_evidence; i++)
        if (str_eq(s->evidence[i].kind, str_from(kind)))
            return &s->evidence[i];
    return NULL;
}

static void
rests_on(const struct triage_section *s, const char *kind, int64_t at, const char *event,
         const char *also)
{
    const struct evidence *e = evidence(s, kind);
    print_message("%s rests on %s and %s\n", kind, event, also ? also : "nothing else");
    assert_non_null(e);
    assert_true(str_eq(e->event_id, str_from(event)));
    assert_int_equal(e->at, at);
    assert_int_equal(e->n_also, also != NULL);
    if (also)
        assert_true(str_eq(e->also[0], str_from(also)));
}

/* e1 is the submission, e2 what comes next ... */
static void
test_events_and_times(void **state)
{
    (void)state;
    static const struct action promise = {
        .promise_id = {"p1", 2}, .has_due_at = true, .due_at = T0 + HOUR_MS};
    static const struct action low = {.has_score = true, .score = 1};
    struct tale t;
    tale_open(&t);
    (void)tale_happens(&t, EVENT_TYPE_COMPLAINT_SUBMITTED, T0, NULL);
    (void)tale_happens(&t, EVENT_TYPE_COMPLAINT_TRANSFERRED, T0 + 1, NULL);
    const struct triage_section *s =
        tale_happens(&t, EVENT_TYPE_COMPLAINT_TRANSFERRED, T0 + 2, NULL);
    rests_on(s, "transfers", T0 + 2, "e3", "e2");
    (void)tale_happens(&t, EVENT_TYPE_COMPLAINT_PROMISED, T0 + 3, &promise);
    s = tale_happens(&t, EVENT_TYPE_COMPLAINT_PROMISE_KEPT, T0 + 2 * HOUR_MS, &promise);
    rests_on(s, "broken_promise", T0 + HOUR_MS, "e4", NULL); /* by its timer */
    s = tale_happens(&t, EVENT_TYPE_COMPLAINT_MESSAGE, T0 + 90 * HOUR_MS, NULL);
    rests_on(s, "second_message", T0 + 90 * HOUR_MS, "e6", "e1");
    t.k.double_deviation = true;
    s = tale_happens(&t, EVENT_TYPE_COMPLAINT_MESSAGE, T0 + 91 * HOUR_MS, NULL);
    rests_on(s, "words", T0 + 91 * HOUR_MS, "e7", NULL);
    s = tale_happens(&t, EVENT_TYPE_COMPLAINT_REMEDY_REFUSED, T0 + 92 * HOUR_MS, NULL);
    rests_on(s, "refused_remedy", T0 + 92 * HOUR_MS, "e8", NULL);
    (void)tale_moves(&t, EVENT_TYPE_COMPLAINT_RESOLVED, STATE_RESOLVED, T0 + 93 * HOUR_MS,
                     NULL);
    s = tale_happens(&t, EVENT_TYPE_COMPLAINT_RATED, T0 + 94 * HOUR_MS, &low);
    rests_on(s, "low_rating", T0 + 94 * HOUR_MS, "e10", NULL);
    s = tale_moves(&t, EVENT_TYPE_COMPLAINT_REOPENED, STATE_OPEN, T0 + 95 * HOUR_MS,
                   NULL);
    rests_on(s, "reopened", T0 + 95 * HOUR_MS, "e11", NULL);
    assert_int_equal(s->failed_recoveries, 4);
    t.complaint_id = "c2";
    t.r.received_at = T0 + 96 * HOUR_MS;
    t.r.recovery_ends_at = t.r.received_at + 28 * DAY_MS;
    t.k.double_deviation = false;
    s = tale_happens(&t, EVENT_TYPE_COMPLAINT_SUBMITTED, T0 + 96 * HOUR_MS, NULL);
    rests_on(s, "repeat", T0 + 96 * HOUR_MS, "e12", "e1");
    assert_true(s->first_failure_at == T0);
    tale_close(&t);
}

/* Silence alone is told and raises the score, but is no double deviation: that takes a
 * second message (design section 9). */
static void
test_silence_alone(void **state)
{
    (void)state;
    struct tale t;
    tale_open(&t);
    (void)tale_happens(&t, EVENT_TYPE_COMPLAINT_SUBMITTED, T0, NULL);
    stage_rig_tick(&t.rig, T0 + 100 * HOUR_MS);
    const struct triage_section *s = tale_told(&t, EVENT_TYPE_TRIAGE_SILENCE);
    assert_non_null(s);
    assert_false(s->double_deviation);
    s = tale_happens(&t, EVENT_TYPE_COMPLAINT_MESSAGE, T0 + 101 * HOUR_MS, NULL);
    assert_true(s->double_deviation);
    tale_close(&t);
}

/* An answer or a rating that arrives late counts at its own time. */
static void
test_late_arrivals(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        enum event_type first, then;
        int64_t first_at, then_at; /* hours */
        int64_t answer_at;         /* arrives last */
        const char *kind;
        bool stays;
    } table[] = {
        {"answered before the second message", EVENT_TYPE_COMPLAINT_ACKNOWLEDGED,
         EVENT_TYPE_COMPLAINT_MESSAGE, 1, 80, 10, "second_message", false},
        {"answered after it", EVENT_TYPE_COMPLAINT_ACKNOWLEDGED,
         EVENT_TYPE_COMPLAINT_MESSAGE, 1, 80, 81, "second_message", true},
        {"answered between the transfers", EVENT_TYPE_COMPLAINT_TRANSFERRED,
         EVENT_TYPE_COMPLAINT_TRANSFERRED, 1, 5, 3, "transfers", false},
        {"answered before both", EVENT_TYPE_COMPLAINT_TRANSFERRED,
         EVENT_TYPE_COMPLAINT_TRANSFERRED, 2, 5, 1, "transfers", true},
        {"answered after both", EVENT_TYPE_COMPLAINT_TRANSFERRED,
         EVENT_TYPE_COMPLAINT_TRANSFERRED, 1, 5, 6, "transfers", true},
    };
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        struct tale t;
        print_message("row %zu: %s\n", i, table[i].what);
        tale_open(&t);
        (void)tale_happens(&t, EVENT_TYPE_COMPLAINT_SUBMITTED, T0, NULL);
        (void)tale_happens(&t, table[i].first, T0 + table[i].first_at * HOUR_MS, NULL);
        const struct triage_section *s =
            tale_happens(&t, table[i].then, T0 + table[i].then_at * HOUR_MS, NULL);
        assert_true(tale_has(s, table[i].kind));
        s = tale_happens(&t, EVENT_TYPE_COMPLAINT_RESPONDED,
                         T0 + table[i].answer_at * HOUR_MS, NULL);
        assert_int_equal(tale_has(s, table[i].kind), table[i].stays);
        /* Who was raised by it comes down again, and that is a change like any other. */
        assert_int_equal(tale_told(&t, EVENT_TYPE_TRIAGE_CHANGED) != NULL,
                         !table[i].stays);
        tale_close(&t);
    }
}

/* The answer leaves what was asked after it open. */
static void
test_a_late_answer_leaves_later_questions_open(void **state)
{
    (void)state;
    struct tale t;
    tale_open(&t);
    (void)tale_happens(&t, EVENT_TYPE_COMPLAINT_SUBMITTED, T0, NULL);
    (void)tale_happens(&t, EVENT_TYPE_COMPLAINT_MESSAGE, T0 + 50 * HOUR_MS, NULL);
    const struct triage_section *s =
        tale_happens(&t, EVENT_TYPE_COMPLAINT_RESPONDED, T0 + 10 * HOUR_MS, NULL);
    assert_true(s->has_silent_since && s->silent_since == T0 + 50 * HOUR_MS);
    s = tale_happens(&t, EVENT_TYPE_COMPLAINT_RESPONDED, T0 + 51 * HOUR_MS, NULL);
    assert_false(s->has_silent_since);
    /* Nothing is owed: an old event does not ask again. */
    s = tale_moves(&t, EVENT_TYPE_COMPLAINT_WAITING, STATE_WAITING_CUSTOMER,
                   T0 + 40 * HOUR_MS, NULL);
    assert_false(s->has_silent_since);
    tale_close(&t);
}

static void
test_a_rating_from_before_the_resolution(void **state)
{
    (void)state;
    static const struct action low = {.has_score = true, .score = 2};
    struct tale t;
    tale_open(&t);
    (void)tale_happens(&t, EVENT_TYPE_COMPLAINT_SUBMITTED, T0, NULL);
    (void)tale_moves(&t, EVENT_TYPE_COMPLAINT_RESOLVED, STATE_RESOLVED, T0 + 100, NULL);
    assert_int_equal(
        tale_happens(&t, EVENT_TYPE_COMPLAINT_RATED, T0 + 99, &low)->failed_recoveries,
        0);
    assert_int_equal(
        tale_happens(&t, EVENT_TYPE_COMPLAINT_RATED, T0 + 100, &low)->failed_recoveries,
        1);
    tale_close(&t);
}

/* Waiting for the customer is no answer to being sent from desk to desk. */
static void
test_transfers_while_waiting(void **state)
{
    (void)state;
    struct tale t;
    tale_open(&t);
    (void)tale_happens(&t, EVENT_TYPE_COMPLAINT_SUBMITTED, T0, NULL);
    (void)tale_happens(&t, EVENT_TYPE_COMPLAINT_TRANSFERRED, T0 + 1, NULL);
    (void)tale_moves(&t, EVENT_TYPE_COMPLAINT_WAITING, STATE_WAITING_CUSTOMER, T0 + 2,
                     NULL);
    assert_true(tale_has(tale_happens(&t, EVENT_TYPE_COMPLAINT_TRANSFERRED, T0 + 3, NULL),
                         "transfers"));
    tale_close(&t);
}

static const struct action TO_INQUIRY = {.has_kind = true, .kind = KIND_INQUIRY};
static const struct action TO_COMPLAINT = {.has_kind = true, .kind = KIND_COMPLAINT};
static const struct action TO_LAMP = {.product = {"lamp", 4}};

static void
test_corrections(void **state)
{
    (void)state;
    struct tale t;
    /* The words of what a person calls an inquiry are no evidence; and again they are. */
    tale_open(&t);
    t.k.double_deviation = true;
    assert_true(
        tale_has(tale_happens(&t, EVENT_TYPE_COMPLAINT_SUBMITTED, T0, NULL), "words"));
    t.k.kind = KIND_INQUIRY;
    assert_false(tale_has(
        tale_happens(&t, EVENT_TYPE_COMPLAINT_CORRECTED, T0 + 1, &TO_INQUIRY), "words"));
    assert_false(tale_has(
        tale_happens(&t, EVENT_TYPE_COMPLAINT_ACKNOWLEDGED, T0 + 2, NULL), "words"));
    t.k.kind = KIND_COMPLAINT;
    assert_true(
        tale_has(tale_happens(&t, EVENT_TYPE_COMPLAINT_CORRECTED, T0 + 3, &TO_COMPLAINT),
                 "words"));
    /* Classification takes its finding back. */
    t.k.double_deviation = false;
    assert_false(tale_has(
        tale_happens(&t, EVENT_TYPE_COMPLAINT_ACKNOWLEDGED, T0 + 4, NULL), "words"));
    tale_close(&t);

    /* Another product: nothing is repeated, and the days count from this complaint. */
    tale_open(&t);
    (void)tale_happens(&t, EVENT_TYPE_COMPLAINT_SUBMITTED, T0, NULL);
    t.complaint_id = "c2";
    t.r.received_at = T0 + DAY_MS;
    t.r.recovery_ends_at = T0 + 29 * DAY_MS;
    const struct triage_section *s =
        tale_happens(&t, EVENT_TYPE_COMPLAINT_SUBMITTED, T0 + DAY_MS, NULL);
    assert_true(tale_has(s, "repeat") && s->first_failure_at == T0);
    t.k.product = STR("lamp");
    s = tale_happens(&t, EVENT_TYPE_COMPLAINT_CORRECTED, T0 + DAY_MS + 1, &TO_LAMP);
    assert_false(tale_has(s, "repeat"));
    assert_true(s->first_failure_at == T0 + DAY_MS);
    /* The next one about the lamp repeats it. */
    t.complaint_id = "c3";
    assert_true(
        tale_has(tale_happens(&t, EVENT_TYPE_COMPLAINT_SUBMITTED, T0 + 2 * DAY_MS, NULL),
                 "repeat"));
    tale_close(&t);

    /* The first one was no complaint: the second repeats nothing, which shows at once. */
    tale_open(&t);
    (void)tale_happens(&t, EVENT_TYPE_COMPLAINT_SUBMITTED, T0, NULL);
    t.complaint_id = "c2";
    assert_true(tale_has(tale_happens(&t, EVENT_TYPE_COMPLAINT_SUBMITTED, T0 + 1, NULL),
                         "repeat"));
    t.complaint_id = "c1";
    t.k.kind = KIND_INQUIRY;
    (void)tale_happens(&t, EVENT_TYPE_COMPLAINT_CORRECTED, T0 + 2, &TO_INQUIRY);
    const struct complaint_event *ev = stage_rig_find(&t.rig, EVENT_TYPE_TRIAGE_CHANGED);
    assert_true(ev && str_eq(ev->complaint_id, STR("c2")));
    assert_false(tale_has(ev->triage, "repeat"));
    assert_int_equal(ev->triage->before, PRIORITY_P2);
    assert_int_equal(ev->triage->priority, PRIORITY_P3);
    tale_close(&t);
}

/* The publisher's own link makes a repetition, too. */
static void
test_linked_by_the_publisher(void **state)
{
    (void)state;
    struct tale t;
    tale_open(&t);
    (void)tale_happens(&t, EVENT_TYPE_COMPLAINT_SUBMITTED, T0, NULL);
    t.complaint_id = "c2";
    t.k.product = STR("lamp");
    t.r.previous_complaint_id = STR("c1");
    t.r.received_at = T0 + 9 * DAY_MS;
    t.r.recovery_ends_at = T0 + 37 * DAY_MS;
    const struct triage_section *s =
        tale_happens(&t, EVENT_TYPE_COMPLAINT_SUBMITTED, T0 + 9 * DAY_MS, NULL);
    rests_on(s, "repeat", T0 + 9 * DAY_MS, "e2", "e1");
    assert_true(s->first_failure_at == T0 && s->recovery_days_left == 19);
    tale_close(&t);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_events_and_times),
        cmocka_unit_test(test_silence_alone),
        cmocka_unit_test(test_late_arrivals),
        cmocka_unit_test(test_a_late_answer_leaves_later_questions_open),
        cmocka_unit_test(test_a_rating_from_before_the_resolution),
        cmocka_unit_test(test_transfers_while_waiting),
        cmocka_unit_test(test_corrections),
        cmocka_unit_test(test_linked_by_the_publisher),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
