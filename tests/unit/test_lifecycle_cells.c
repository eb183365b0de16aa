/* Each cell of the design's lifecycle table through the real stages: what the publisher
 * sends, what becomes of the case, and that a refused step changes nothing anywhere. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/times.h"
#include "classification/stages.h"
#include "intake/stages.h"
#include "lifecycle_design.h"
#include "routing/stages.h"
#include "sla/stages.h"
#include "state/store.h"
#include "triage/stages.h"

#define T0 INT64_C(1772442000000) /* 2026-03-02T09:00:00Z */
#define STAGES 6
#define ROWS_MAX 256

/* The pipeline up to complaints.routed, event clock, one partition. */
struct pipe {
    struct arena arena;
    struct turn *turn;
    struct turn_driver stages[STAGES];
    struct complaint_event rows[ROWS_MAX]; /* complaints.routed */
    size_t n_rows;
    size_t n_dead;
    int64_t n_sent;
    int64_t now_ms;
};

static void
pipe_open(struct pipe *p)
{
    const struct stage_def *const all[STAGES] = {
        &door_stage,   &register_stage, &classification_stage,
        &triage_stage, &sla_stage,      &assign_stage,
    };
    struct err err = {0};
    memset(p, 0, sizeof(*p));
    p->turn = turn_new();
    for (size_t i = 0; i < STAGES; i++) {
        struct turn_driver *d = &p->stages[i];
        *d = (struct turn_driver){
            .def = all[i],
            .settings = {.salt = {"salt", 4}, .default_region = {"US", 2}},
            .clock_ms = TIME_NONE,
        };
        if (all[i]->policy_load &&
            !(d->policy = all[i]->policy_load("deploy/policy", &err)))
            fail_msg("%s", err.text);
        if (!all[i]->stateless)
            d->store = store_new();
    }
}

/* The stages' states go, their policies stay. */
static void
pipe_clear(struct pipe *p)
{
    for (size_t i = 0; i < STAGES; i++) {
        if (!p->stages[i].store)
            continue;
        store_drop(p->stages[i].store);
        p->stages[i].store = store_new();
        p->stages[i].clock_ms = TIME_NONE;
    }
    arena_clear(&p->arena);
    p->n_rows = 0;
    p->n_dead = 0;
    p->n_sent = 0;
    p->now_ms = T0;
}

static void
pipe_close(struct pipe *p)
{
    for (size_t i = 0; i < STAGES; i++) {
        struct turn_driver *d = &p->stages[i];
        store_drop(d->store);
        if (d->policy && d->def->policy_free)
            d->def->policy_free((void *)(uintptr_t)d->policy);
    }
    turn_drop(p->turn);
    arena_release(&p->arena);
}

/* One message into one stage; what it writes for the next one goes on at once. */
static void
pump(struct pipe *p, size_t stage, const struct raw_message *message)
{
    struct turn_driver *d = &p->stages[stage];
    struct raw_message next[32];
    struct err err = {0};
    const struct output *outputs = NULL;
    if (!turn_run(p->turn, d, message, p->now_ms, &err))
        fail_msg("%s: %s", d->def->name, err.text);
    size_t n = turn_outputs(p->turn, &outputs);
    size_t n_next = 0;
    for (size_t i = 0; i < n; i++) {
        p->n_dead += outputs[i].topic == OUTPUT_DEAD_LETTER;
        if (outputs[i].topic != 0)
            continue;
        assert_true(n_next < COUNT_OF(next));
        next[n_next++] = (struct raw_message){
            .topic = str_from(d->def->outputs[0].topic),
            .offset = p->n_sent,
            .timestamp_ms = p->now_ms,
            .key = arena_str(&p->arena, outputs[i].key),
            .value = arena_str(&p->arena, outputs[i].value),
        };
    }
    if (d->store)
        store_commit(d->store);
    turn_clear(p->turn);
    for (size_t i = 0; i < n_next; i++) {
        if (stage + 1 < STAGES) {
            pump(p, stage + 1, &next[i]);
            continue;
        }
        assert_true(p->n_rows < ROWS_MAX);
        assert_true(wire_decode(&complaint_event_wire, next[i].value, &p->arena,
                                &p->rows[p->n_rows++], &err));
    }
}

/* Publishes a type with its data, a minute after the last; data: members, or "". */
static void
send(struct pipe *p, enum event_type type, const char *ref, const char *data)
{
    char at[TIME_TEXT_BYTES];
    p->now_ms += p->n_sent > 0 ? MINUTE_MS : 0;
    struct str json = arena_printf(
        &p->arena,
        "{\"specversion\":\"1.0\",\"id\":\"e%lld\",\"source\":\"shop\",\"type\":\"%s\","
        "\"time\":\"%s\",\"data\":{\"complaint_ref\":\"%s\",\"customer\":{\"id\":\"c1\"}"
        "%s%s}}",
        (long long)++p->n_sent, event_type_name(type), time_print(p->now_ms, at), ref,
        *data ? "," : "", data);
    struct raw_message message = {.topic = STR("complaints.inbound"),
                                  .offset = p->n_sent,
                                  .timestamp_ms = p->now_ms,
                                  .value = json};
    pump(p, 0, &message);
    assert_int_equal(p->n_dead, 0);
}

/* The last row of register's with this ref's case. */
static const struct complaint_event *
last_row(const struct pipe *p, const char *ref)
{
    for (size_t i = p->n_rows; i-- > 0;)
        if (p->rows[i].has_seq &&
            str_eq(p->rows[i].register_->complaint_ref, str_from(ref)))
            return &p->rows[i];
    fail_msg("no row of %s", ref);
    return NULL;
}

/* --- what is sent ------------------------------------------------------------------- */

static const char *
data_for(struct pipe *p, const struct design_case *c)
{
    switch (c->on) {
    case EVENT_TYPE_COMPLAINT_SUBMITTED:
        return "\"channel\":\"web\",\"text\":\"Still broken, other words.\"";
    case EVENT_TYPE_COMPLAINT_MESSAGE:
        return "\"text\":\"Where is it?\"";
    case EVENT_TYPE_COMPLAINT_REACH:
        return "\"views\":5";
    case EVENT_TYPE_COMPLAINT_CORRECTED:
        return "\"severity\":3";
    case EVENT_TYPE_COMPLAINT_RATED:
        return "\"score\":3";
    case EVENT_TYPE_COMPLAINT_ASSIGNED:
    case EVENT_TYPE_COMPLAINT_TRANSFERRED:
        return "\"team\":\"banking\"";
    case EVENT_TYPE_COMPLAINT_WAITING:
        return c->waits_for_customer ? "\"for\":\"customer\"" : "\"for\":\"third_party\"";
    case EVENT_TYPE_COMPLAINT_PROMISED:
        return "\"promise_id\":\"p2\",\"due_at\":\"2026-06-01T00:00:00Z\"";
    case EVENT_TYPE_COMPLAINT_PROMISE_KEPT:
        return c->promise_known ? "\"promise_id\":\"p1\"" : "\"promise_id\":\"p9\"";
    case EVENT_TYPE_COMPLAINT_EXTENDED:
        return "\"clock\":\"resolution\",\"until\":\"2026-06-01T00:00:00Z\","
               "\"reason\":\"expert\",\"approver\":\"lee\"";
    case EVENT_TYPE_COMPLAINT_REMEDY_OFFERED:
        return "\"remedy\":\"refund\"";
    case EVENT_TYPE_COMPLAINT_REFERRED:
        return "\"to\":\"ombudsman\"";
    case EVENT_TYPE_COMPLAINT_MERGED:
        return arena_printf(&p->arena, "\"into\":\"%.*s\"",
                            STR_ARG(last_row(p, "T")->complaint_id))
            .ptr;
    default:
        return "";
    }
}

static void
go_to(struct pipe *p, enum state state)
{
    switch (state) {
    case STATE_WAITING_CUSTOMER:
        send(p, EVENT_TYPE_COMPLAINT_WAITING, "R", "\"for\":\"customer\"");
        break;
    case STATE_WAITING_THIRD_PARTY:
        send(p, EVENT_TYPE_COMPLAINT_WAITING, "R", "\"for\":\"third_party\"");
        break;
    case STATE_PROPOSED:
        send(p, EVENT_TYPE_COMPLAINT_REMEDY_OFFERED, "R", "\"remedy\":\"refund\"");
        break;
    case STATE_RESOLVED:
    case STATE_CLOSED:
        send(p, EVENT_TYPE_COMPLAINT_RESOLVED, "R", "");
        if (state == STATE_CLOSED)
            send(p, EVENT_TYPE_COMPLAINT_CLOSED, "R", "");
        break;
    case STATE_REJECTED:
        send(p, EVENT_TYPE_COMPLAINT_REJECTED, "R", "\"reason\":\"not ours\"");
        break;
    case STATE_WITHDRAWN:
        send(p, EVENT_TYPE_COMPLAINT_WITHDRAWN, "R", "");
        break;
    case STATE_MERGED:
        send(p, EVENT_TYPE_COMPLAINT_MERGED, "R",
             data_for(p, &(struct design_case){.on = EVENT_TYPE_COMPLAINT_MERGED}));
        break;
    case STATE_EXTERNAL:
        send(p, EVENT_TYPE_COMPLAINT_REFERRED, "R", "\"to\":\"ombudsman\"");
        break;
    default:
        break;
    }
    assert_int_equal(last_row(p, "R")->register_->state, state);
}

/* A case R with a promise, a target T beside it, both of customer c1. */
static void
begin(struct pipe *p, enum state state)
{
    pipe_clear(p);
    send(p, EVENT_TYPE_COMPLAINT_SUBMITTED, "T",
         "\"channel\":\"web\",\"text\":\"Also.\"");
    send(p, EVENT_TYPE_COMPLAINT_SUBMITTED, "R",
         "\"channel\":\"web\",\"text\":\"The kettle is broken.\",\"kind\":\"complaint\"");
    send(p, EVENT_TYPE_COMPLAINT_PROMISED, "R",
         "\"promise_id\":\"p1\",\"due_at\":\"2026-06-01T00:00:00Z\"");
    go_to(p, state);
}

/* --- what must be so ---------------------------------------------------------------- */

/* The open clocks of an event, one after the other. */
static struct str
open_clocks(struct pipe *p, const struct complaint_event *ev)
{
    struct str all = STR("");
    for (size_t i = 0; i < ev->sla->n_clocks; i++) {
        const struct sla_clock *c = &ev->sla->clocks[i];
        if (c->status == CLOCK_STATUS_RUNNING || c->status == CLOCK_STATUS_PAUSED)
            all = arena_printf(&p->arena, "%.*s %s#%d %s %lld", STR_ARG(all),
                               clock_name(c->clock), (int)c->start_no,
                               clock_status_name(c->status), (long long)c->due_at);
    }
    return all;
}

/* Nothing but the number and the refusal differs. */
static void
check_unchanged(struct pipe *p, const struct complaint_event *was,
                const struct complaint_event *now)
{
    const struct register_section *a = was->register_;
    const struct register_section *b = now->register_;
    struct {
        const char *what;
        int64_t was, now;
    } same[] = {
        {"state", a->state, b->state},
        {"first_response_at", a->first_response_at, b->first_response_at},
        {"resolved_at", a->resolved_at, b->resolved_at},
        {"closed_at", a->closed_at, b->closed_at},
        {"ended_at", a->ended_at, b->ended_at},
        {"recovery_ends_at", a->recovery_ends_at, b->recovery_ends_at},
        {"messages", a->messages, b->messages},
        {"responses", a->responses, b->responses},
        {"transfers", a->transfers, b->transfers},
        {"reopenings", a->reopenings, b->reopenings},
        {"remedy_accepted", a->remedy_accepted, b->remedy_accepted},
        {"severity", was->classification->severity, now->classification->severity},
        {"kind", was->classification->kind, now->classification->kind},
        {"priority", was->triage->priority, now->triage->priority},
        {"evidence", (int64_t)was->triage->n_evidence, (int64_t)now->triage->n_evidence},
        {"failed_recoveries", was->triage->failed_recoveries,
         now->triage->failed_recoveries},
        {"rating", was->triage->rating, now->triage->rating},
        {"level", was->sla->escalation_level, now->sla->escalation_level},
        {"routing transfers", was->routing->transfers, now->routing->transfers},
    };
    for (size_t i = 0; i < COUNT_OF(same); i++)
        if (same[i].was != same[i].now)
            fail_msg("%s: %lld became %lld", same[i].what, (long long)same[i].was,
                     (long long)same[i].now);
    assert_true(str_eq(a->external_ref, b->external_ref));
    assert_true(str_eq(a->merged_into, b->merged_into));
    assert_true(str_eq(was->routing->team, now->routing->team));
    assert_true(str_eq(was->routing->owner, now->routing->owner));
    struct str before = open_clocks(p, was);
    struct str after = open_clocks(p, now);
    if (!str_eq(before, after))
        fail_msg("clocks:%.*s became%.*s", STR_ARG(before), STR_ARG(after));
}

static void
check_refusal(const struct complaint_event *row, enum event_type on)
{
    struct str reason = STR_NULL;
    assert_int_equal(row->type, EVENT_TYPE_COMPLAINT_STEP_REFUSED);
    assert_true(row->register_->has_refused_type);
    assert_int_equal(row->register_->refused_type, on);
    for (size_t i = 0; i < row->n_detail; i++)
        if (str_eq(row->detail[i].name, STR("reason")))
            reason = row->detail[i].value;
    assert_true(reason.len > 10); /* a sentence in quotes */
    if (!str_eq(str_sub(reason, 1, reason.len - 2), row->register_->refused_reason))
        fail_msg("%.*s, but %.*s", STR_ARG(reason),
                 STR_ARG(row->register_->refused_reason));
}

static void
check_case(struct pipe *p, const struct design_case *c)
{
    begin(p, c->from);
    if (c->accepted_before)
        send(p, EVENT_TYPE_COMPLAINT_REMEDY_ACCEPTED, "R", "");
    const struct complaint_event was = *last_row(p, "R");
    const struct complaint_event target = *last_row(p, "T");
    size_t before = p->n_rows;
    send(p, c->on, "R", data_for(p, c));
    const struct complaint_event *now = last_row(p, "R");
    enum event_type said =
        c->on == EVENT_TYPE_COMPLAINT_SUBMITTED ? EVENT_TYPE_COMPLAINT_MESSAGE : c->on;
    print_message("%s on %s: %s%s\n", event_type_name(c->on), state_name(c->from),
                  c->refused ? "refused, " : "", state_name(now->register_->state));
    assert_int_equal(now->seq, was.seq + 1);
    assert_int_equal(now->stage, STAGE_REGISTER);
    assert_int_equal(now->register_->state, c->to);
    assert_int_equal(now->register_->from_state, c->from);
    assert_int_equal(last_row(p, "T")->seq, target.seq);
    if (c->refused) {
        check_refusal(now, said);
        check_unchanged(p, &was, now);
        assert_int_equal(p->n_rows, before + 1); /* and nobody made an event of it */
        return;
    }
    assert_int_equal(now->type, said);
    assert_false(now->register_->has_refused_type);
    if (c->on == EVENT_TYPE_COMPLAINT_REMEDY_ACCEPTED)
        assert_true(now->register_->remedy_accepted);
}

static void
test_cells(void **state)
{
    const struct design_case *cases = NULL;
    size_t n = design_cases(&cases);
    for (size_t i = 0; i < n; i++)
        check_case(*state, &cases[i]);
    print_message("%zu cells\n", n);
    assert_true(n > (size_t)24 * 9);
}

/* On merged everything goes to the target, which takes it as an open case does. */
static void
test_merged_goes_to_the_target(void **state)
{
    struct pipe *p = *state;
    const struct design_case *cases = NULL;
    size_t n = design_cases(&cases);
    for (size_t i = 0; i < n; i++) {
        const struct design_case *c = &cases[i];
        if (c->from != STATE_OPEN || c->on == EVENT_TYPE_COMPLAINT_MERGED)
            continue;
        begin(p, STATE_MERGED);
        const struct complaint_event was = *last_row(p, "R");
        const struct complaint_event target = *last_row(p, "T");
        send(p, c->on, "R", data_for(p, c));
        const struct complaint_event *now = last_row(p, "T");
        print_message("%s on merged: %s\n", event_type_name(c->on),
                      state_name(now->register_->state));
        assert_int_equal(last_row(p, "R")->seq, was.seq);
        assert_int_equal(now->seq, target.seq + 1);
        assert_int_equal(now->register_->state, c->to);
        assert_int_equal(now->type == EVENT_TYPE_COMPLAINT_STEP_REFUSED, c->refused);
    }
}

static int
open_pipe(void **state)
{
    struct pipe *p = calloc(1, sizeof(*p));
    if (!p)
        return -1;
    pipe_open(p);
    *state = p;
    return 0;
}

static int
close_pipe(void **state)
{
    pipe_close(*state);
    free(*state);
    return 0;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cells),
        cmocka_unit_test(test_merged_goes_to_the_target),
    };
    return cmocka_run_group_tests(tests, open_pipe, close_pipe);
}
