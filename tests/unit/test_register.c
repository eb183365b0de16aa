/* intake/register driven through turns as the runtime drives it, with the event clock. */
#include "intake/register_io.h"
#include "intake/stages.h"

#include "gen/register_totals.h"
#include "ident/ident.h"
#include "state/store.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#define SALT STR("salt")
#define T0 INT64_C(1772442000000) /* 2026-03-02T09:00:00Z */

/* One partition of the stage and everything that came out of it. */
struct bench {
    struct arena arena;
    struct turn *turn;
    struct turn_driver driver;
    struct complaint_event rows[600];
    size_t n_rows;
    size_t n_dead;
    char dead_reason[64];
    struct str dead_value;
    int64_t n_given;
};

static struct bench *
bench_new(void)
{
    struct bench *b = calloc(1, sizeof(*b));
    assert_non_null(b);
    b->turn = turn_new();
    b->driver = (struct turn_driver){
        .def = &register_stage,
        .store = store_new(),
        .settings = {.salt = SALT},
        .clock_ms = TIME_NONE,
    };
    return b;
}

static void
bench_drop(struct bench *b)
{
    store_drop(b->driver.store);
    turn_drop(b->turn);
    arena_release(&b->arena);
    free(b);
}

static void
collect_outputs(struct bench *b)
{
    const struct output *outputs;
    size_t n = turn_outputs(b->turn, &outputs);
    struct err err;
    for (size_t i = 0; i < n; i++) {
        struct str value = arena_str(&b->arena, outputs[i].value);
        if (outputs[i].topic == OUTPUT_DEAD_LETTER) {
            b->n_dead++;
            b->dead_value = value;
            for (size_t h = 0; h < outputs[i].n_headers; h++)
                if (str_eq(outputs[i].headers[h].name, STR("redress-error-reason")))
                    snprintf(b->dead_reason, sizeof(b->dead_reason), "%.*s",
                             STR_ARG(outputs[i].headers[h].value));
            continue;
        }
        assert_true(b->n_rows < COUNT_OF(b->rows));
        if (!wire_decode(&complaint_event_wire, value, &b->arena, &b->rows[b->n_rows],
                         &err))
            fail_msg("%s", err.text);
        b->n_rows++;
    }
    store_commit(b->driver.store);
    turn_clear(b->turn);
}

/* Hands one event to the stage; returns how many rows it made. */
static size_t
give(struct bench *b, const struct complaint_event *ev)
{
    struct buf value = {0};
    struct err err;
    size_t before = b->n_rows;
    assert_true(wire_encode(&complaint_event_wire, ev, &value, &err));
    struct raw_message message = {
        .topic = STR("complaints.keyed"),
        .offset = b->n_given++,
        .timestamp_ms = ev->occurred_at,
        .key = ev->customer_key,
        .value = buf_str(&value),
    };
    if (!turn_run(b->turn, &b->driver, &message, ev->occurred_at, &err))
        fail_msg("%s", err.text);
    collect_outputs(b);
    buf_release(&value);
    return b->n_rows - before;
}

static const struct complaint_event *
last(const struct bench *b)
{
    assert_true(b->n_rows > 0);
    return &b->rows[b->n_rows - 1];
}

/* --- events as the door makes them ----------------------------------------------------
 */

static const struct origin origin = {.topic = {"complaints.inbound", 18}, .offset = 7};

static struct complaint_event
event(struct bench *b, enum event_type type, const char *customer, const char *ref,
      int64_t at_ms)
{
    struct str name = str_from(customer);
    struct str source = STR("shop");
    struct str ce_id = arena_printf(&b->arena, "e%lld", (long long)b->n_given);
    struct str hash = ident_customer_hash(&b->arena, SALT, STR("id"), &name, 1);
    return (struct complaint_event){
        .event_id = ident_event_id(&b->arena, source, ce_id),
        .type = type,
        .stage = STAGE_DOOR,
        .source = source,
        .ce_id = ce_id,
        .complaint_id = ident_complaint_id(&b->arena, SALT, hash, source, str_from(ref)),
        .customer_hash = hash,
        .customer_key = ident_customer_key(hash),
        .customer_key_kind = CUSTOMER_KEY_ID,
        .named_by = NAMED_BY_REF,
        .complaint_ref = str_from(ref),
        .occurred_at = at_ms,
        .recorded_at = at_ms,
        .origin = &origin,
    };
}

static struct complaint_event
by_id(struct bench *b, enum event_type type, struct str complaint_id, int64_t at_ms)
{
    struct complaint_event ev = event(b, type, "", "", at_ms);
    ev.complaint_id = complaint_id;
    ev.customer_key = ident_key_of(&b->arena, complaint_id);
    ev.customer_hash = STR_NULL;
    ev.complaint_ref = STR_NULL;
    ev.named_by = NAMED_BY_ID;
    return ev;
}

static size_t
submit(struct bench *b, const char *customer, const char *ref, const char *text,
       int64_t at_ms)
{
    struct submission submission = {.channel = CHANNEL_WEB, .text = str_from(text)};
    struct complaint_event ev =
        event(b, EVENT_TYPE_COMPLAINT_SUBMITTED, customer, ref, at_ms);
    ev.submission = &submission;
    return give(b, &ev);
}

static size_t
act(struct bench *b, enum event_type type, const char *ref, int64_t at_ms,
    struct action action)
{
    struct complaint_event ev = event(b, type, "c1", ref, at_ms);
    ev.action = &action;
    return give(b, &ev);
}
#define NOTHING ((struct action){0})

static void
check_row(const struct bench *b, const char *type, int64_t seq, const char *state)
{
    const struct complaint_event *row = last(b);
    print_message("row %zu: %s seq %lld %s\n", b->n_rows, event_type_name(row->type),
                  (long long)row->seq, state_name(row->register_->state));
    assert_string_equal(event_type_name(row->type), type);
    assert_true(row->has_seq);
    assert_int_equal(row->seq, seq);
    assert_int_equal(row->register_->last_seq, seq);
    assert_string_equal(state_name(row->register_->state), state);
    assert_int_equal(row->stage, STAGE_REGISTER);
}

/* --- tests ----------------------------------------------------------------------------
 */

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

static void
tick(struct bench *b, int64_t at_ms)
{
    struct complaint_event ev = {.event_id = STR("tick"),
                                 .type = EVENT_TYPE_TICK,
                                 .customer_key = STR(""),
                                 .occurred_at = at_ms};
    give(b, &ev);
    b->n_rows--; /* passed on by the turn itself */
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

static struct str
id_of(struct bench *b, const char *customer, const char *ref)
{
    return event(b, EVENT_TYPE_UNKNOWN, customer, ref, 0).complaint_id;
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

/* --- any input: gap-free, counted, the same twice ----------------------------------- */

static uint64_t
next_random(uint64_t *seed)
{
    *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return *seed >> 33;
}

static void
give_random(struct bench *b, uint64_t *seed, int64_t at_ms)
{
    static const char *const refs[] = {"R1", "R2", "R3", "R1#2"};
    const char *ref = refs[next_random(seed) % COUNT_OF(refs)];
    struct submission submission = {
        .channel = CHANNEL_WEB,
        .text = arena_printf(&b->arena, "%d", (int)(next_random(seed) % 3))};
    struct action action = {.text = STR("m"),
                            .promise_id = STR("p"),
                            .waiting_for = STR("customer"),
                            .into =
                                id_of(b, "c1", refs[next_random(seed) % COUNT_OF(refs)])};
    enum event_type type =
        (enum event_type)(1 + next_random(seed) % EVENT_TYPE_COMPLAINT_EXTENDED);
    struct complaint_event ev = event(b, type, "c1", ref, at_ms);
    if (next_random(seed) % 4 == 0)
        ev = by_id(b, type, ev.complaint_id, at_ms);
    if (type == EVENT_TYPE_COMPLAINT_SUBMITTED) {
        ev = event(b, type, "c1", ref, at_ms);
        ev.submission = &submission;
    } else {
        ev.action = &action;
    }
    give(b, &ev);
}

static void
check_gap_free(const struct bench *b)
{
    for (size_t i = 0; i < b->n_rows; i++) {
        int64_t before = 0;
        for (size_t k = 0; k < i; k++)
            if (str_eq(b->rows[k].complaint_id, b->rows[i].complaint_id))
                before = b->rows[k].seq;
        assert_int_equal(b->rows[i].seq, before + 1);
    }
}

static void
hash_record(void *ctx, struct str key, struct str value, int64_t due_ms)
{
    uint64_t *sum = ctx;
    *sum = *sum * 31 + (uint64_t)register_hash(key) + 7 * (uint64_t)register_hash(value) +
           (uint64_t)due_ms;
}

static int64_t
random_life(uint64_t seed)
{
    struct bench *b = bench_new();
    int64_t sum = 0;
    int64_t at_ms = T0;
    for (int i = 0; i < 400; i++) {
        at_ms += (int64_t)(next_random(&seed) % 7) * DAY_MS / 2;
        give_random(b, &seed, at_ms);
    }
    check_gap_free(b);
    const int64_t *n = b->driver.counters;
    struct register_totals parked = {0};
    struct err err;
    struct str bytes = store_get(b->driver.store, STR("parked"));
    if (!str_is_null(bytes))
        assert_true(wire_decode(&register_totals_wire, bytes, &b->arena, &parked, &err));
    assert_int_equal(n[COUNT_ACCEPTED], b->n_rows);
    assert_int_equal(
        n[COUNT_ACCEPTED] + n[COUNT_DUPLICATE] + n[COUNT_DEAD] + parked.events, 400);
    store_each(b->driver.store, true, hash_record, &sum);
    bench_drop(b);
    return sum;
}

static void
test_random_lives(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 40; seed++) {
        print_message("seed %llu\n", (unsigned long long)seed);
        assert_int_equal(random_life(seed), random_life(seed));
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_thread_and_section),
        cmocka_unit_test(test_duplicates),
        cmocka_unit_test(test_identity_lifetime),
        cmocka_unit_test(test_parked_events_follow_their_submission),
        cmocka_unit_test(test_parking_is_bounded),
        cmocka_unit_test(test_late_reopening),
        cmocka_unit_test(test_merge),
        cmocka_unit_test(test_merge_into_the_reopened_case_ends),
        cmocka_unit_test(test_previous_complaint),
        cmocka_unit_test(test_events_that_only_pass),
        cmocka_unit_test(test_history_is_for_the_wall_clock),
        cmocka_unit_test(test_lists_have_a_cap),
        cmocka_unit_test(test_random_lives),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
