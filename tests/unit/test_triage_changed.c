/* Each change of priority or class is a triage.changed right after its cause, with
 * before, after and why; merges, customers, policies and late reopenings included. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <jansson.h>

#include "gen/event_type.h"
#include "gen/priority.h"
#include "projection/detail.h"
#include "state/store.h"
#include "triage/triage.h"
#include "triage_rig.h"

/* The triage.changed of the last send, which must stand right after its cause. */
static const struct complaint_event *
changed_after(struct tale *t, enum event_type cause)
{
    for (size_t i = 1; i < t->rig.n_out; i++) {
        const struct complaint_event *ev = &t->rig.out[i];
        if (ev->type != EVENT_TYPE_TRIAGE_CHANGED)
            continue;
        assert_int_equal(ev[-1].type, cause);
        assert_true(str_eq(ev->cause, ev[-1].event_id));
        assert_int_equal(ev->occurred_at, ev[-1].occurred_at);
        assert_int_equal(ev->stage, STAGE_TRIAGE);
        assert_false(ev->has_seq);
        assert_null(ev->register_);
        return ev;
    }
    return NULL;
}

static bool
says(const struct triage_section *s, const char *what)
{
    char why[300];
    (void)snprintf(why, sizeof(why), "%.*s", STR_ARG(s->why));
    print_message("    why: %s\n", why);
    return strstr(why, what) != NULL;
}

/* One row an inbound event that moves the priority. */
static void
test_inbound_events(void **state)
{
    (void)state;
    static const struct reach viral = {.has_views = true, .views = 3000000};
    static const struct {
        const char *what;
        int64_t after; /* the submission */
        const char *flag;
        const char *why;
        struct action action;
        enum event_type type;
        int prior_transfers;
        int severity; /* from then on, 0: as it was */
        enum priority expect;
    } table[] = {
        {.what = "refused",
         .type = EVENT_TYPE_COMPLAINT_REMEDY_REFUSED,
         .after = HOUR_MS,
         .expect = PRIORITY_P2,
         .why = "double_deviation: refused remedy; score 14.00 to 42.00"},
        {.what = "second message",
         .type = EVENT_TYPE_COMPLAINT_MESSAGE,
         .after = 80 * HOUR_MS,
         .expect = PRIORITY_P2,
         .why = "double_deviation: second message"},
        {.what = "second transfer",
         .type = EVENT_TYPE_COMPLAINT_TRANSFERRED,
         .prior_transfers = 1,
         .after = HOUR_MS,
         .expect = PRIORITY_P2,
         .why = "double_deviation: transfers"},
        {.what = "viral",
         .type = EVENT_TYPE_COMPLAINT_REACH,
         .action = {.reach = &viral},
         .after = HOUR_MS,
         .expect = PRIORITY_P2,
         .why = "reach: 3000000 (views, shares and replies, as points)"},
        {.what = "corrected",
         .type = EVENT_TYPE_COMPLAINT_CORRECTED,
         .action = {.has_severity = true, .severity = 4},
         .after = HOUR_MS,
         .severity = 4,
         .expect = PRIORITY_P2,
         .why = "severity: 2 to 4"},
        {.what = "injured, as it turns out",
         .type = EVENT_TYPE_COMPLAINT_MESSAGE,
         .after = HOUR_MS,
         .flag = "injury",
         .expect = PRIORITY_P1,
         .why = "safety: override"},
        {.what = "acknowledged: nothing moves",
         .type = EVENT_TYPE_COMPLAINT_ACKNOWLEDGED,
         .after = HOUR_MS,
         .expect = PRIORITY_P3},
    };
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        struct tale t;
        struct str flag = str_from(table[i].flag);
        tale_open(&t);
        print_message("row %zu: %s\n", i, table[i].what);
        (void)tale_happens(&t, EVENT_TYPE_COMPLAINT_SUBMITTED, T0, NULL);
        assert_int_equal(t.rig.n_out, 1); /* nothing changed: it began */
        for (int k = 0; k < table[i].prior_transfers; k++)
            (void)tale_happens(&t, EVENT_TYPE_COMPLAINT_TRANSFERRED, T0 + k, NULL);
        t.k.severity = table[i].severity ? table[i].severity : t.k.severity;
        t.k.flags = &flag;
        t.k.n_flags = table[i].flag ? 1 : 0;
        const struct triage_section *s =
            tale_happens(&t, table[i].type, T0 + table[i].after, &table[i].action);
        assert_int_equal(s->priority, table[i].expect);
        assert_false(s->has_before);
        const struct complaint_event *ev = changed_after(&t, table[i].type);
        assert_int_equal(ev != NULL, table[i].why != NULL);
        if (ev) {
            assert_true(ev->triage->has_before && ev->triage->has_class_before);
            assert_int_equal(ev->triage->before, PRIORITY_P3);
            assert_int_equal(ev->triage->class_before, TRIAGE_CLASS_ROUTINE);
            assert_int_equal(ev->triage->priority, table[i].expect);
            assert_true(says(ev->triage, table[i].why));
        }
        /* The same again: no second change. */
        (void)tale_happens(&t, EVENT_TYPE_COMPLAINT_ACKNOWLEDGED, T0 + table[i].after,
                           NULL);
        assert_int_equal(t.rig.n_out, 1);
        tale_close(&t);
    }
}

/* A timer that changes the priority says so itself, and is followed by a triage.changed:
 * who reads only these misses none. */
static void
test_timers(void **state)
{
    (void)state;
    static const struct action promise = {
        .promise_id = {"p1", 2}, .has_due_at = true, .due_at = T0 + DAY_MS};
    struct tale t;
    tale_open(&t);
    (void)tale_happens(&t, EVENT_TYPE_COMPLAINT_SUBMITTED, T0, NULL);
    (void)tale_happens(&t, EVENT_TYPE_COMPLAINT_PROMISED, T0 + 1, &promise);
    stage_rig_tick(&t.rig, T0 + 2 * DAY_MS);
    const struct triage_section *broken = tale_told(&t, EVENT_TYPE_TRIAGE_PROMISE_BROKEN);
    const struct complaint_event *ev =
        changed_after(&t, EVENT_TYPE_TRIAGE_PROMISE_BROKEN);
    assert_true(broken && broken->has_before && ev && ev->triage->has_before);
    assert_int_equal(broken->before, PRIORITY_P3);
    assert_int_equal(ev->triage->before, PRIORITY_P3);
    assert_int_equal(ev->triage->priority, PRIORITY_P2);
    assert_true(says(broken, "promise p1 not kept"));
    assert_true(says(ev->triage, "double_deviation: broken promise"));
    /* Every priority of the life has its triage.changed. */
    enum priority last = PRIORITY_P2;
    int changes = 0, aged = 0;
    for (int day = 3; day < 120; day++) {
        stage_rig_tick(&t.rig, T0 + day * DAY_MS);
        for (size_t i = 0; i < t.rig.n_out; i++) {
            const struct complaint_event *out = &t.rig.out[i];
            if (out->type == EVENT_TYPE_TRIAGE_CHANGED && out->triage->has_before) {
                assert_int_equal(out->triage->before, last);
                last = out->triage->priority;
                changes++;
            }
            aged += out->type == EVENT_TYPE_TRIAGE_AGED;
            if (out->type == EVENT_TYPE_TRIAGE_CHANGED)
                assert_true(out->triage->has_before);
            /* A priority that nobody announced would show here. */
            if (out->triage && !out->triage->has_before)
                assert_int_equal(out->triage->priority, last);
        }
    }
    print_message("%d changes, %d aged\n", changes, aged);
    assert_true(changes > 0 && changes == aged);
    tale_close(&t);
}

/* Ids follow from the case alone: a second run gives the same. */
static void
test_ids_repeat(void **state)
{
    (void)state;
    char ids[2][80] = {{0}};
    for (int run = 0; run < 2; run++) {
        struct tale t;
        tale_open(&t);
        (void)tale_happens(&t, EVENT_TYPE_COMPLAINT_SUBMITTED, T0, NULL);
        (void)tale_happens(&t, EVENT_TYPE_COMPLAINT_REMEDY_REFUSED, T0 + 1, NULL);
        const struct complaint_event *ev =
            changed_after(&t, EVENT_TYPE_COMPLAINT_REMEDY_REFUSED);
        assert_non_null(ev);
        (void)snprintf(ids[run], sizeof(ids[run]), "%.*s", STR_ARG(ev->event_id));
        tale_close(&t);
    }
    assert_int_equal(strlen(ids[0]), 36);
    assert_string_equal(ids[0], ids[1]);
}

static void
test_detail(void **state)
{
    (void)state;
    CLEANUP(buf_release) struct buf scratch = {0};
    struct tale t;
    tale_open(&t);
    (void)tale_happens(&t, EVENT_TYPE_COMPLAINT_SUBMITTED, T0, NULL);
    (void)tale_happens(&t, EVENT_TYPE_COMPLAINT_REMEDY_REFUSED, T0, NULL);
    const struct complaint_event *ev =
        changed_after(&t, EVENT_TYPE_COMPLAINT_REMEDY_REFUSED);
    assert_non_null(ev);
    struct str detail = projection_detail(ev, &scratch);
    print_message("%.*s\n", STR_ARG(detail));
    assert_true(str_eq(
        detail,
        STR("{\"before\":\"P3\",\"after\":\"P2\",\"class_before\":\"routine\","
            "\"priority\":\"P2\",\"triage_class\":\"urgent\",\"triage_score\":42,"
            "\"double_deviation\":true,"
            "\"why\":\"double_deviation: refused remedy; score 14.00 to 42.00\"}")));
    tale_close(&t);
}

/* --- merges ---------------------------------------------------------------------------
 */

static void
test_a_merge_raises_the_target(void **state)
{
    (void)state;
    static const struct action promise = {
        .promise_id = {"p1", 2}, .has_due_at = true, .due_at = T0 + DAY_MS};
    struct str flag = STR("safety");
    struct tale t;
    tale_open(&t);
    (void)tale_happens(&t, EVENT_TYPE_COMPLAINT_SUBMITTED, T0 + 5, NULL);
    t.complaint_id = "c2";
    t.k.product = STR("lamp");
    t.k.flags = &flag;
    t.k.n_flags = 1;
    (void)tale_happens(&t, EVENT_TYPE_COMPLAINT_SUBMITTED, T0, NULL);
    (void)tale_happens(&t, EVENT_TYPE_COMPLAINT_REMEDY_OFFERED, T0 + 6,
                       &(struct action){.remedy = STR("voucher"),
                                        .has_amount = true,
                                        .amount = 20,
                                        .currency = STR("EUR")});
    (void)tale_happens(&t, EVENT_TYPE_COMPLAINT_REMEDY_REFUSED, T0 + 7, NULL);
    (void)tale_happens(&t, EVENT_TYPE_COMPLAINT_PROMISED, T0 + 8, &promise);
    stage_rig_tick(&t.rig, T0 + 2 * DAY_MS); /* broken: two failed recoveries */
    struct action into = {.into = STR("c1")};
    t.r.merged_into = STR("c1");
    const struct triage_section *own =
        tale_moves(&t, EVENT_TYPE_COMPLAINT_MERGED, STATE_MERGED, T0 + 3 * DAY_MS, &into);
    assert_int_equal(own->failed_recoveries, 2);
    const struct complaint_event *ev = changed_after(&t, EVENT_TYPE_COMPLAINT_MERGED);
    assert_non_null(ev);
    assert_true(str_eq(ev->complaint_id, STR("c1")));
    const struct triage_section *s = ev->triage;
    assert_int_equal(s->before, PRIORITY_P3);
    assert_int_equal(s->priority, PRIORITY_P1); /* the danger is still there */
    assert_int_equal(s->failed_recoveries, 2);
    assert_true(tale_has(s, "refused_remedy") && tale_has(s, "broken_promise"));
    assert_true(str_eq(s->offered[0], STR("voucher 20 EUR")));
    assert_true(says(s, "merged with another complaint"));
    /* The news that the promise was kept in time finds it at the target. */
    t.complaint_id = "c1";
    t.r.merged_into = STR_NULL;
    s = tale_moves(&t, EVENT_TYPE_COMPLAINT_PROMISE_KEPT, STATE_OPEN, T0 + DAY_MS,
                   &promise);
    assert_int_equal(s->failed_recoveries, 1);
    assert_false(tale_has(s, "broken_promise"));
    tale_close(&t);
}

/* --- customers -------------------------------------------------------------------------
 */

static void
customer_says(struct tale *t, const char *tier, int64_t at)
{
    struct customer said = {.tier = str_from(tier)};
    struct complaint_event ev = {.event_id = STR("u1"),
                                 .type = EVENT_TYPE_CUSTOMER_UPDATED,
                                 .stage = STAGE_REGISTER,
                                 .customer_key = STR("abc"),
                                 .customer_hash = STR("abcdef"),
                                 .occurred_at = at,
                                 .recorded_at = at,
                                 .customer = &said};
    stage_rig_send(&t->rig, &ev);
}

/* Another tier is other advice, also where the priority stays. */
static void
test_a_customer_changes_the_advice(void **state)
{
    (void)state;
    struct tale t;
    tale_open(&t);
    (void)tale_happens(&t, EVENT_TYPE_COMPLAINT_SUBMITTED, T0, NULL);
    customer_says(&t, "gold", T0 + 1);
    const struct triage_section *s = tale_told(&t, EVENT_TYPE_TRIAGE_CHANGED);
    assert_non_null(s);
    assert_true(s->has_before && s->before == s->priority); /* P3 it was and is */
    assert_true(str_eq(s->remedy_advice, STR("sincere_apology")));
    assert_true(str_eq(s->tier, STR("best")));
    assert_true(says(s, "tier: regular to best; score 14.00 to 19.60"));
    customer_says(&t, "gold", T0 + 2);
    assert_null(tale_told(&t, EVENT_TYPE_TRIAGE_CHANGED));
    tale_close(&t);
}

/* What a submission says of the customer reaches the other open cases, too. */
static void
test_a_submission_changes_other_cases(void **state)
{
    (void)state;
    struct tale t;
    tale_open(&t);
    (void)tale_happens(&t, EVENT_TYPE_COMPLAINT_SUBMITTED, T0, NULL);
    t.complaint_id = "c2";
    t.k.product = STR("lamp");
    t.customer.has_vulnerable = true;
    t.customer.vulnerable = true;
    (void)tale_happens(&t, EVENT_TYPE_COMPLAINT_SUBMITTED, T0 + 1, NULL);
    const struct complaint_event *ev = stage_rig_find(&t.rig, EVENT_TYPE_TRIAGE_CHANGED);
    assert_non_null(ev);
    assert_true(str_eq(ev->complaint_id, STR("c1")));
    assert_int_equal(ev->triage->before, PRIORITY_P3);
    assert_int_equal(ev->triage->priority, PRIORITY_P2);
    assert_true(says(ev->triage, "vulnerable: override"));
    (void)tale_happens(&t, EVENT_TYPE_COMPLAINT_ACKNOWLEDGED, T0 + 2, NULL);
    assert_int_equal(t.rig.n_out, 1);
    tale_close(&t);
}

/* --- policies
 * --------------------------------------------------------------------------- */

/* Another policy counts at the next event of a case, and says so. */
static void
test_another_policy(void **state)
{
    (void)state;
    static const struct {
        const char *version, *why;
    } table[] = {{"2099-01", " to 2099-01; "}, {NULL, " changed ("}};
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        struct err err = {0};
        struct tale t;
        json_t *file = json_load_file(TALE_POLICY_DIR "/triage.json", 0, NULL);
        json_t *points = json_loads("[6,40,41,42,60]", 0, NULL);
        assert_true(file && points);
        assert_int_equal(
            json_object_set_new(json_object_get(file, "severity"), "points", points), 0);
        if (table[i].version)
            assert_int_equal(
                json_object_set_new(file, "version", json_string(table[i].version)), 0);
        char *text = json_dumps(file, 0);
        struct triage_policy *other = triage_policy_parse("new", str_from(text), &err);
        assert_non_null(other);
        tale_open(&t);
        (void)tale_happens(&t, EVENT_TYPE_COMPLAINT_SUBMITTED, T0, NULL);
        const void *shipped = t.rig.driver.policy;
        t.rig.driver.policy = other;
        (void)tale_happens(&t, EVENT_TYPE_COMPLAINT_ACKNOWLEDGED, T0, NULL);
        const struct complaint_event *ev =
            changed_after(&t, EVENT_TYPE_COMPLAINT_ACKNOWLEDGED);
        assert_non_null(ev);
        assert_int_equal(ev->triage->priority, PRIORITY_P2);
        assert_true(says(ev->triage, "policy "));
        assert_true(says(ev->triage, table[i].why));
        assert_true(says(ev->triage, "score 14.00 to 40.00"));
        t.rig.driver.policy = shipped;
        tale_close(&t);
        triage_policy_free(other);
        free(text);
        json_decref(file);
    }
}

/* --- late reopening
 * --------------------------------------------------------------------- */

static void
test_a_late_reopening_inherits(void **state)
{
    (void)state;
    struct tale t;
    tale_open(&t);
    t.sub.channel = CHANNEL_SOCIAL;
    (void)tale_happens(&t, EVENT_TYPE_COMPLAINT_SUBMITTED, T0, NULL);
    (void)tale_moves(&t, EVENT_TYPE_COMPLAINT_REMEDY_OFFERED, STATE_PROPOSED, T0 + 1,
                     &(struct action){.remedy = STR("voucher")});
    (void)tale_moves(&t, EVENT_TYPE_COMPLAINT_REMEDY_REFUSED, STATE_OPEN, T0 + 2, NULL);
    (void)tale_moves(&t, EVENT_TYPE_COMPLAINT_RESOLVED, STATE_RESOLVED, T0 + 3, NULL);
    t.complaint_id = "c9";
    t.r = (struct register_section){.state = STATE_OPEN,
                                    .received_at = T0 + 60 * DAY_MS,
                                    .recovery_ends_at = T0 + 88 * DAY_MS,
                                    .previous_complaint_id = STR("c1")};
    const struct triage_section *s =
        tale_happens(&t, EVENT_TYPE_COMPLAINT_REOPENED, T0 + 60 * DAY_MS, NULL);
    assert_int_equal(t.rig.n_out, 1); /* it begins: no change */
    assert_true(tale_has(s, "refused_remedy") && tale_has(s, "reopened"));
    assert_int_equal(s->failed_recoveries, 2);
    assert_true(s->has_first_failure_at && s->first_failure_at == T0);
    assert_true(s->recovery_days_left == 0);
    assert_int_equal(s->n_offered, 1);
    assert_true(str_eq(s->checklist[s->n_checklist - 1],
                       STR("Already offered and refused: voucher")));
    tale_close(&t);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_inbound_events),
        cmocka_unit_test(test_timers),
        cmocka_unit_test(test_ids_repeat),
        cmocka_unit_test(test_detail),
        cmocka_unit_test(test_a_merge_raises_the_target),
        cmocka_unit_test(test_a_customer_changes_the_advice),
        cmocka_unit_test(test_a_submission_changes_other_cases),
        cmocka_unit_test(test_another_policy),
        cmocka_unit_test(test_a_late_reopening_inherits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
