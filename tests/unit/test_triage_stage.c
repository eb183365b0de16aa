/* The triage stage in process: evidence and failed recoveries as design section 9 counts
 * them, promises, silence and ageing by timers, merges, customers, history. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "gen/event_type.h"
#include "gen/priority.h"
#include "state/store.h"
#include "triage_rig.h"

static const struct action LOW = {.has_score = true, .score = 2};
static const struct action MIDDLE = {.has_score = true, .score = 3};

/* Each story: one thing that fails the customer a second time, or does not. */
static void
test_failed_recoveries(void **state)
{
    (void)state;
    const struct action refund = {.remedy = STR("refund")};
    static const struct {
        const char *what;
        const char *evidence; /* "" for none */
        int failed;
    } table[] = {
        {"refused", "refused_remedy", 1},
        {"reopened", "reopened", 1},
        {"low rating after", "low_rating", 1},
        {"low rating before", "", 0},
        {"middle rating after", "", 0},
        {"two low ratings", "low_rating", 2},
        {"refused step", "", 0},
    };
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        struct tale t;
        const struct triage_section *s = NULL;
        tale_open(&t);
        print_message("row %zu: %s\n", i, table[i].what);
        s = tale_happens(&t, EVENT_TYPE_COMPLAINT_SUBMITTED, T0, NULL);
        assert_false(s->double_deviation);
        switch (i) {
        case 0:
            s = tale_moves(&t, EVENT_TYPE_COMPLAINT_REMEDY_OFFERED, STATE_PROPOSED,
                           T0 + 10, &refund);
            assert_true(
                str_eq(s->checklist[s->n_checklist - 1], STR("Already offered: refund")));
            s = tale_moves(&t, EVENT_TYPE_COMPLAINT_REMEDY_REFUSED, STATE_OPEN, T0 + 20,
                           NULL);
            break;
        case 1:
            (void)tale_moves(&t, EVENT_TYPE_COMPLAINT_RESOLVED, STATE_RESOLVED, T0 + 10,
                             &refund);
            s = tale_moves(&t, EVENT_TYPE_COMPLAINT_REOPENED, STATE_OPEN, T0 + 20, NULL);
            break;
        case 2:
        case 4:
        case 5:
            (void)tale_moves(&t, EVENT_TYPE_COMPLAINT_RESOLVED, STATE_RESOLVED, T0 + 10,
                             NULL);
            s = tale_happens(&t, EVENT_TYPE_COMPLAINT_RATED, T0 + 20,
                             i == 4 ? &MIDDLE : &LOW);
            if (i == 5)
                s = tale_happens(&t, EVENT_TYPE_COMPLAINT_RATED, T0 + 30, &LOW);
            break;
        case 3:
            s = tale_happens(&t, EVENT_TYPE_COMPLAINT_RATED, T0 + 20, &LOW);
            assert_int_equal(s->rating, 2);
            break;
        default:
            t.r.has_refused_type = true;
            t.r.refused_type = EVENT_TYPE_COMPLAINT_REMEDY_REFUSED;
            s = tale_happens(&t, EVENT_TYPE_COMPLAINT_STEP_REFUSED, T0 + 20, NULL);
            break;
        }
        assert_int_equal(s->failed_recoveries, table[i].failed);
        assert_int_equal(s->double_deviation, table[i].evidence[0] != '\0');
        if (table[i].evidence[0]) {
            assert_true(tale_has(s, table[i].evidence));
            assert_true(s->n_evidence > 0 && s->evidence[0].event_id.len > 0);
            /* The event after it says from what, to what and why. */
            const struct triage_section *changed =
                tale_told(&t, EVENT_TYPE_TRIAGE_CHANGED);
            assert_false(s->has_before);
            assert_int_equal(changed != NULL, table[i].failed == 1);
            if (changed) {
                assert_int_equal(changed->before, PRIORITY_P3);
                assert_int_equal(changed->priority, PRIORITY_P2);
                assert_true(changed->why.len > 0);
            }
        }
        tale_close(&t);
    }
}

static void
test_transfers_without_an_answer(void **state)
{
    (void)state;
    struct tale t;
    tale_open(&t);
    (void)tale_happens(&t, EVENT_TYPE_COMPLAINT_SUBMITTED, T0, NULL);
    assert_false(tale_happens(&t, EVENT_TYPE_COMPLAINT_TRANSFERRED, T0 + 1, NULL)
                     ->double_deviation);
    (void)tale_happens(&t, EVENT_TYPE_COMPLAINT_RESPONDED, T0 + 2, NULL);
    assert_false(tale_happens(&t, EVENT_TYPE_COMPLAINT_TRANSFERRED, T0 + 3, NULL)
                     ->double_deviation);
    const struct triage_section *s =
        tale_happens(&t, EVENT_TYPE_COMPLAINT_TRANSFERRED, T0 + 4, NULL);
    assert_true(tale_has(s, "transfers"));
    assert_int_equal(s->failed_recoveries, 0); /* double deviation, no failed recovery */
    tale_close(&t);
}

static void
test_second_message(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        int64_t answered_at, offered_at, message_at; /* 0: not */
        bool expect;
    } table[] = {
        {"within", 0, 0, 72 * HOUR_MS, false}, /* at it exactly is in time */
        {"after", 0, 0, 72 * HOUR_MS + 1, true},
        {"answered before", HOUR_MS, 0, 80 * HOUR_MS, false},
        {"offered before", 0, HOUR_MS, 80 * HOUR_MS, false},
    };
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        struct tale t;
        tale_open(&t);
        print_message("row %zu: %s\n", i, table[i].what);
        (void)tale_happens(&t, EVENT_TYPE_COMPLAINT_SUBMITTED, T0, NULL);
        if (table[i].answered_at)
            (void)tale_happens(&t, EVENT_TYPE_COMPLAINT_RESPONDED,
                               T0 + table[i].answered_at, NULL);
        if (table[i].offered_at)
            (void)tale_moves(&t, EVENT_TYPE_COMPLAINT_REMEDY_OFFERED, STATE_PROPOSED,
                             T0 + table[i].offered_at, NULL);
        const struct triage_section *s = tale_happens(&t, EVENT_TYPE_COMPLAINT_MESSAGE,
                                                      T0 + table[i].message_at, NULL);
        assert_int_equal(tale_has(s, "second_message"), table[i].expect);
        tale_close(&t);
    }
}

static void
test_silence_is_told_once(void **state)
{
    (void)state;
    struct tale t;
    tale_open(&t);
    (void)tale_happens(&t, EVENT_TYPE_COMPLAINT_SUBMITTED, T0, NULL);
    stage_rig_tick(&t.rig, T0 + 72 * HOUR_MS);
    assert_null(tale_told(&t, EVENT_TYPE_TRIAGE_SILENCE));
    stage_rig_tick(&t.rig, T0 + 72 * HOUR_MS + 1);
    const struct complaint_event *ev = stage_rig_find(&t.rig, EVENT_TYPE_TRIAGE_SILENCE);
    assert_non_null(ev);
    assert_int_equal(ev->occurred_at, T0 + 72 * HOUR_MS);
    assert_true(str_eq(ev->cause, STR("e1")));
    assert_int_equal(ev->stage, STAGE_TRIAGE);
    assert_false(ev->has_seq);
    assert_true(str_eq(ev->customer_key, STR("abc")));
    assert_true(ev->triage->has_silent_since);
    stage_rig_tick(&t.rig, T0 + 80 * HOUR_MS);
    assert_null(tale_told(&t, EVENT_TYPE_TRIAGE_SILENCE));
    /* Answered, asked again: silence may come again. */
    (void)tale_happens(&t, EVENT_TYPE_COMPLAINT_RESPONDED, T0 + 81 * HOUR_MS, NULL);
    (void)tale_happens(&t, EVENT_TYPE_COMPLAINT_MESSAGE, T0 + 82 * HOUR_MS, NULL);
    stage_rig_tick(&t.rig, T0 + (82 + 73) * HOUR_MS);
    assert_non_null(tale_told(&t, EVENT_TYPE_TRIAGE_SILENCE));
    tale_close(&t);
}

static const struct action PROMISE = {
    .promise_id = {"p1", 2}, .has_due_at = true, .due_at = T0 + DAY_MS};

static void
test_promises(void **state)
{
    (void)state;
    struct tale t;
    /* Kept at the due time exactly: in time. */
    tale_open(&t);
    (void)tale_happens(&t, EVENT_TYPE_COMPLAINT_SUBMITTED, T0, NULL);
    (void)tale_happens(&t, EVENT_TYPE_COMPLAINT_PROMISED, T0 + 1, &PROMISE);
    const struct triage_section *s =
        tale_happens(&t, EVENT_TYPE_COMPLAINT_PROMISE_KEPT, T0 + DAY_MS, &PROMISE);
    assert_int_equal(s->failed_recoveries, 0);
    stage_rig_tick(&t.rig, T0 + 2 * DAY_MS);
    assert_null(tale_told(&t, EVENT_TYPE_TRIAGE_PROMISE_BROKEN));
    tale_close(&t);

    /* Broken by the clock; kept too late stays broken, and counts once. */
    tale_open(&t);
    (void)tale_happens(&t, EVENT_TYPE_COMPLAINT_SUBMITTED, T0, NULL);
    (void)tale_happens(&t, EVENT_TYPE_COMPLAINT_PROMISED, T0 + 1, &PROMISE);
    stage_rig_tick(&t.rig, T0 + DAY_MS);
    assert_null(tale_told(&t, EVENT_TYPE_TRIAGE_PROMISE_BROKEN));
    stage_rig_tick(&t.rig, T0 + DAY_MS + 1);
    const struct complaint_event *ev =
        stage_rig_find(&t.rig, EVENT_TYPE_TRIAGE_PROMISE_BROKEN);
    assert_non_null(ev);
    assert_int_equal(ev->occurred_at, T0 + DAY_MS);
    assert_true(str_eq(ev->cause, STR("e2")));
    assert_int_equal(ev->triage->failed_recoveries, 1);
    assert_true(tale_has(ev->triage, "broken_promise"));
    assert_true(ev->triage->has_before && ev->triage->before == PRIORITY_P3);
    assert_int_equal(ev->triage->priority, PRIORITY_P2);
    s = tale_happens(&t, EVENT_TYPE_COMPLAINT_PROMISE_KEPT, T0 + DAY_MS + 2, &PROMISE);
    assert_int_equal(s->failed_recoveries, 1);
    assert_false(s->has_before);
    tale_close(&t);

    /* The news that it was kept in time comes after the breach: it was kept. */
    tale_open(&t);
    (void)tale_happens(&t, EVENT_TYPE_COMPLAINT_SUBMITTED, T0, NULL);
    (void)tale_happens(&t, EVENT_TYPE_COMPLAINT_PROMISED, T0 + 1, &PROMISE);
    stage_rig_tick(&t.rig, T0 + 2 * DAY_MS);
    assert_non_null(tale_told(&t, EVENT_TYPE_TRIAGE_PROMISE_BROKEN));
    s = tale_happens(&t, EVENT_TYPE_COMPLAINT_PROMISE_KEPT, T0 + DAY_MS - 1, &PROMISE);
    assert_int_equal(s->failed_recoveries, 0);
    assert_false(s->double_deviation);
    tale_close(&t);

    /* A promise outlives the closing, not a withdrawal. */
    tale_open(&t);
    (void)tale_happens(&t, EVENT_TYPE_COMPLAINT_SUBMITTED, T0, NULL);
    (void)tale_happens(&t, EVENT_TYPE_COMPLAINT_PROMISED, T0 + 1, &PROMISE);
    (void)tale_moves(&t, EVENT_TYPE_COMPLAINT_RESOLVED, STATE_RESOLVED, T0 + 2, NULL);
    (void)tale_moves(&t, EVENT_TYPE_COMPLAINT_CLOSED, STATE_CLOSED, T0 + 3, NULL);
    stage_rig_tick(&t.rig, T0 + 90 * DAY_MS);
    assert_non_null(tale_told(&t, EVENT_TYPE_TRIAGE_PROMISE_BROKEN));
    assert_int_equal(t.rig.n_out, 3); /* its change, the tick: no silence, no ageing */
    tale_close(&t);
    tale_open(&t);
    (void)tale_happens(&t, EVENT_TYPE_COMPLAINT_SUBMITTED, T0, NULL);
    (void)tale_happens(&t, EVENT_TYPE_COMPLAINT_PROMISED, T0 + 1, &PROMISE);
    (void)tale_moves(&t, EVENT_TYPE_COMPLAINT_WITHDRAWN, STATE_WITHDRAWN, T0 + 2, NULL);
    assert_int_equal(store_timers(t.rig.store), 0);
    tale_close(&t);
}

static void
test_merge_moves_promises(void **state)
{
    (void)state;
    struct tale t;
    tale_open(&t);
    (void)tale_happens(&t, EVENT_TYPE_COMPLAINT_SUBMITTED, T0, NULL);
    t.complaint_id = "c2";
    t.k.product = STR("lamp");
    (void)tale_happens(&t, EVENT_TYPE_COMPLAINT_SUBMITTED, T0 + 1, NULL);
    (void)tale_happens(&t, EVENT_TYPE_COMPLAINT_PROMISED, T0 + 2, &PROMISE);
    struct action into = {.into = STR("c1")};
    t.r.merged_into = STR("c1");
    (void)tale_moves(&t, EVENT_TYPE_COMPLAINT_MERGED, STATE_MERGED, T0 + 3, &into);
    stage_rig_tick(&t.rig, T0 + DAY_MS + 1);
    const struct complaint_event *ev =
        stage_rig_find(&t.rig, EVENT_TYPE_TRIAGE_PROMISE_BROKEN);
    assert_non_null(ev);
    assert_true(str_eq(ev->complaint_id, STR("c1")));
    assert_int_equal(ev->triage->failed_recoveries, 1);
    tale_close(&t);
}

static void
test_ageing_changes_priority_by_timer_only(void **state)
{
    (void)state;
    struct tale t;
    int changes = 0;
    enum priority last = PRIORITY_P3;
    tale_open(&t);
    (void)tale_happens(&t, EVENT_TYPE_COMPLAINT_SUBMITTED, T0, NULL);
    for (int day = 1; day <= 100; day++) {
        stage_rig_tick(&t.rig, T0 + day * DAY_MS);
        for (size_t i = 0; i < t.rig.n_out; i++) {
            const struct complaint_event *ev = &t.rig.out[i];
            if (ev->type != EVENT_TYPE_TRIAGE_AGED)
                continue;
            print_message("day %d: %s to %s, %.*s\n", day,
                          priority_name(ev->triage->before),
                          priority_name(ev->triage->priority), STR_ARG(ev->triage->why));
            assert_false(str_empty(ev->cause));
            assert_true(ev->triage->has_before);
            assert_int_equal(ev->triage->before, last);
            last = ev->triage->priority;
            changes++;
        }
    }
    assert_true(changes >= 2);
    assert_int_equal(last, PRIORITY_P1); /* nothing starves */
    assert_int_equal(store_timers(t.rig.store), 0);
    tale_close(&t);
}

static void
test_repeat_and_words(void **state)
{
    (void)state;
    struct tale t;
    tale_open(&t);
    (void)tale_happens(&t, EVENT_TYPE_COMPLAINT_SUBMITTED, T0, NULL);
    /* Another product: no repeat. */
    t.complaint_id = "c2";
    t.k.product = STR("lamp");
    t.r.received_at = T0 + 5 * DAY_MS;
    t.r.recovery_ends_at = T0 + 33 * DAY_MS;
    assert_false(tale_happens(&t, EVENT_TYPE_COMPLAINT_SUBMITTED, T0 + 5 * DAY_MS, NULL)
                     ->double_deviation);
    /* The same product: the 28 days count from the first complaint. */
    t.complaint_id = "c3";
    t.k.product = STR("Kettle");
    const struct triage_section *s =
        tale_happens(&t, EVENT_TYPE_COMPLAINT_SUBMITTED, T0 + 5 * DAY_MS, NULL);
    assert_true(tale_has(s, "repeat"));
    assert_true(s->recovery_days_left == 23);
    /* Words, once. */
    t.complaint_id = "c4";
    t.k.product = STR("sofa");
    t.k.double_deviation = true;
    s = tale_happens(&t, EVENT_TYPE_COMPLAINT_SUBMITTED, T0 + 6 * DAY_MS, NULL);
    assert_true(tale_has(s, "words"));
    s = tale_happens(&t, EVENT_TYPE_COMPLAINT_ACKNOWLEDGED, T0 + 7 * DAY_MS, NULL);
    assert_int_equal(s->n_evidence, 1);
    tale_close(&t);
}

static void
test_reach_growth_and_collective(void **state)
{
    (void)state;
    struct tale t;
    struct reach reach = {.has_views = true, .views = 2000};
    struct action action = {.reach = &reach};
    tale_open(&t);
    t.sub.channel = CHANNEL_SOCIAL;
    double before = tale_happens(&t, EVENT_TYPE_COMPLAINT_SUBMITTED, T0, NULL)->score;
    (void)tale_happens(&t, EVENT_TYPE_COMPLAINT_REACH, T0 + HOUR_MS, &action);
    reach.views = 64000;
    double after =
        tale_happens(&t, EVENT_TYPE_COMPLAINT_REACH, T0 + 6 * HOUR_MS, &action)->score;
    print_message("%.2f, %.2f\n", before, after);
    assert_true(after > 1.8 * before);
    /* An old number that comes late takes nothing away. */
    reach.views = 10;
    assert_true(tale_happens(&t, EVENT_TYPE_COMPLAINT_REACH, T0 + 6 * HOUR_MS, &action)
                    ->exposure > 2);
    struct action link = {.collective_id = STR("k1")};
    double linked =
        tale_happens(&t, EVENT_TYPE_COLLECT_LINKED, T0 + 6 * HOUR_MS, &link)->score;
    assert_true(linked > after);
    tale_close(&t);
}

static void
test_customer_changes_open_cases(void **state)
{
    (void)state;
    struct tale t;
    tale_open(&t);
    (void)tale_happens(&t, EVENT_TYPE_COMPLAINT_SUBMITTED, T0, NULL);
    t.complaint_id = "c2";
    t.k.product = STR("lamp");
    (void)tale_happens(&t, EVENT_TYPE_COMPLAINT_SUBMITTED, T0 + 1, NULL);
    (void)tale_moves(&t, EVENT_TYPE_COMPLAINT_WITHDRAWN, STATE_WITHDRAWN, T0 + 2, NULL);
    struct customer said = {.has_vulnerable = true, .vulnerable = true};
    struct complaint_event ev = {.event_id = STR("u1"),
                                 .type = EVENT_TYPE_CUSTOMER_UPDATED,
                                 .stage = STAGE_REGISTER,
                                 .customer_key = STR("abc"),
                                 .customer_hash = STR("abcdef"),
                                 .occurred_at = T0 + 3,
                                 .recorded_at = T0 + 3,
                                 .customer = &said};
    stage_rig_send(&t.rig, &ev);
    assert_int_equal(t.rig.n_out, 2);
    assert_int_equal(t.rig.out[0].type, EVENT_TYPE_CUSTOMER_UPDATED);
    assert_null(t.rig.out[0].triage);
    const struct complaint_event *changed = &t.rig.out[1];
    assert_int_equal(changed->type, EVENT_TYPE_TRIAGE_CHANGED);
    assert_true(str_eq(changed->complaint_id, STR("c1")));
    assert_true(str_eq(changed->cause, STR("u1")));
    assert_int_equal(changed->triage->before, PRIORITY_P3);
    assert_int_equal(changed->triage->priority, PRIORITY_P2);
    /* Said again: nothing changes. */
    stage_rig_send(&t.rig, &ev);
    assert_int_equal(t.rig.n_out, 1);
    tale_close(&t);
}

static void
test_reopen_advised(void **state)
{
    (void)state;
    struct tale t;
    tale_open(&t);
    (void)tale_happens(&t, EVENT_TYPE_COMPLAINT_SUBMITTED, T0, NULL);
    (void)tale_moves(&t, EVENT_TYPE_COMPLAINT_RESOLVED, STATE_RESOLVED, T0 + 1, NULL);
    t.k.message_sentiment = 0.5;
    assert_false(
        tale_happens(&t, EVENT_TYPE_COMPLAINT_MESSAGE, T0 + 2, NULL)->reopen_advised);
    t.k.message_sentiment = -0.5;
    const struct triage_section *s =
        tale_happens(&t, EVENT_TYPE_COMPLAINT_MESSAGE, T0 + 3, NULL);
    assert_true(s->reopen_advised);
    assert_true(str_eq(s->remedy_advice, STR("reopen")));
    assert_false(tale_moves(&t, EVENT_TYPE_COMPLAINT_REOPENED, STATE_OPEN, T0 + 4, NULL)
                     ->reopen_advised);
    tale_close(&t);
}

static void
test_history_runs_no_timers(void **state)
{
    (void)state;
    struct tale t;
    tale_open(&t);
    t.r.history = true;
    (void)tale_happens(&t, EVENT_TYPE_COMPLAINT_SUBMITTED, T0, NULL);
    (void)tale_happens(&t, EVENT_TYPE_COMPLAINT_PROMISED, T0 + 1, &PROMISE);
    assert_int_equal(store_timers(t.rig.store), 0);
    stage_rig_tick(&t.rig, T0 + 60 * DAY_MS);
    assert_int_equal(t.rig.n_out, 1);
    /* Later events judge the promise. */
    const struct triage_section *s =
        tale_happens(&t, EVENT_TYPE_COMPLAINT_RESPONDED, T0 + 2 * DAY_MS, NULL);
    assert_int_equal(s->failed_recoveries, 1);
    tale_close(&t);
}

static void
test_late_reopening_begins_with_its_predecessor(void **state)
{
    (void)state;
    struct tale t;
    tale_open(&t);
    t.sub.channel = CHANNEL_SOCIAL;
    (void)tale_happens(&t, EVENT_TYPE_COMPLAINT_SUBMITTED, T0, NULL);
    (void)tale_moves(&t, EVENT_TYPE_COMPLAINT_RESOLVED, STATE_RESOLVED, T0 + 1, NULL);
    t.complaint_id = "c9";
    t.r = (struct register_section){.state = STATE_OPEN,
                                    .received_at = T0 + 60 * DAY_MS,
                                    .recovery_ends_at = T0 + 88 * DAY_MS,
                                    .previous_complaint_id = STR("c1")};
    const struct triage_section *s =
        tale_happens(&t, EVENT_TYPE_COMPLAINT_REOPENED, T0 + 60 * DAY_MS, NULL);
    assert_int_equal(s->failed_recoveries, 1);
    assert_true(s->exposure == 1.5); /* still in public */
    tale_close(&t);
}

static void
test_a_flood_stays_bounded(void **state)
{
    (void)state;
    struct tale t;
    const struct triage_section *s = NULL;
    tale_open(&t);
    (void)tale_happens(&t, EVENT_TYPE_COMPLAINT_SUBMITTED, T0, NULL);
    t.r.has_resolved_at = true;
    for (int i = 0; i < 200; i++) {
        struct action a = {.promise_id = arena_printf(&t.rig.arena, "p%d", i),
                           .has_due_at = true,
                           .due_at = T0 + DAY_MS + i,
                           .remedy = arena_printf(&t.rig.arena, "r%d", i),
                           .has_score = true,
                           .score = 1};
        (void)tale_happens(&t, EVENT_TYPE_COMPLAINT_PROMISED, T0 + i, &a);
        (void)tale_happens(&t, EVENT_TYPE_COMPLAINT_REMEDY_OFFERED, T0 + i, &a);
        s = tale_happens(&t, EVENT_TYPE_COMPLAINT_RATED, T0 + i, &a);
        assert_int_equal(t.rig.n_dead, 0);
    }
    assert_int_equal(s->failed_recoveries, 200);
    assert_true(s->n_evidence <= 32 && s->n_checklist <= 16);
    tale_close(&t);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_failed_recoveries),
        cmocka_unit_test(test_transfers_without_an_answer),
        cmocka_unit_test(test_second_message),
        cmocka_unit_test(test_silence_is_told_once),
        cmocka_unit_test(test_promises),
        cmocka_unit_test(test_merge_moves_promises),
        cmocka_unit_test(test_ageing_changes_priority_by_timer_only),
        cmocka_unit_test(test_repeat_and_words),
        cmocka_unit_test(test_reach_growth_and_collective),
        cmocka_unit_test(test_customer_changes_open_cases),
        cmocka_unit_test(test_reopen_advised),
        cmocka_unit_test(test_history_runs_no_timers),
        cmocka_unit_test(test_late_reopening_begins_with_its_predecessor),
        cmocka_unit_test(test_a_flood_stays_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
