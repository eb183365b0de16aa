/* Replaying what was recorded: under the same policies the same events come out, own
 * events included, under both clocks; under others the tally tells them apart. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/times.h"
#include "ctl/policy_replay.h"
#include "ctl/policy_report.h"
#include "ctl/policy_tally.h"

#define SHIPPED "deploy/policy"
#define EVENTS_MAX 200

struct history {
    struct arena arena;
    size_t n;
    struct str events[EVENTS_MAX]; /* encoded */
    struct tally *tally;
    enum tally_run run;
};

static int64_t
at(const char *text)
{
    int64_t ms = 0;
    assert_true(time_parse(str_from(text), &ms));
    return ms;
}

static void
keep(void *ctx, const struct complaint_event *ev)
{
    struct history *history = ctx;
    CLEANUP(buf_release) struct buf bytes = {0};
    struct err err = {0};
    assert_true(history->n < EVENTS_MAX);
    assert_true(wire_encode(&complaint_event_wire, ev, &bytes, &err));
    history->events[history->n++] = arena_str(&history->arena, buf_str(&bytes));
    if (history->tally)
        tally_take(history->tally, history->run, ev);
}

/* As register and classification leave them. */
static void
feed(struct replay *replay, int n, const char *time, enum event_type type,
     enum state state, enum state from, const struct action *action)
{
    struct err err = {0};
    char id[40];
    int64_t at_ms = at(time);
    struct submission said = {.channel = CHANNEL_WEB, .text = STR("It is broken.")};
    struct register_section register_ = {.state = state,
                                         .from_state = from,
                                         .received_at = at("2026-03-02T09:00:00Z"),
                                         .last_seq = n};
    struct classification_section classification = {.language = STR("en"),
                                                    .kind = KIND_COMPLAINT,
                                                    .product = STR("order"),
                                                    .severity = 3};
    (void)snprintf(id, sizeof(id), "00000000-0000-8000-8000-%012d", n);
    struct complaint_event ev = {
        .event_id = str_from(id),
        .type = type,
        .stage = STAGE_REGISTER,
        .complaint_id = STR("01234567-89ab-8000-8000-000000000000"),
        .customer_key = STR("0123456789ab"),
        .customer_hash = STR("0123456789abcdef0123456789abcdef"),
        .occurred_at = at_ms,
        .recorded_at = at_ms,
        .has_seq = true,
        .seq = n,
        .submission = type == EVENT_TYPE_COMPLAINT_SUBMITTED ? &said : NULL,
        .action = action,
        .register_ = &register_,
        .classification = &classification,
    };
    if (!replay_event(replay, &ev, &err))
        fail_msg("%s", err.text);
}

static struct replay *
open_replay(const struct replay_policies *policies, bool wall, struct history *history)
{
    return replay_new(policies, STR("salt-of-tests"), wall, 0, keep, history);
}

static void
live(struct replay *replay)
{
    struct err err = {0};
    const struct action waiting = {.waiting_for = STR("customer")};
    feed(replay, 1, "2026-03-02T09:00:00Z", EVENT_TYPE_COMPLAINT_SUBMITTED, STATE_OPEN,
         STATE_OPEN, NULL);
    feed(replay, 2, "2026-03-05T09:00:00Z", EVENT_TYPE_COMPLAINT_WAITING,
         STATE_WAITING_CUSTOMER, STATE_OPEN, &waiting);
    feed(replay, 3, "2026-03-10T09:00:00Z", EVENT_TYPE_COMPLAINT_RESUMED, STATE_OPEN,
         STATE_WAITING_CUSTOMER, NULL);
    feed(replay, 4, "2026-03-12T09:00:00Z", EVENT_TYPE_COMPLAINT_RESOLVED, STATE_RESOLVED,
         STATE_OPEN, NULL);
    assert_true(replay_advance(replay, at("2026-05-01T00:00:00Z"), &err));
    assert_int_equal(replay_dead(replay), 0);
}

static void
again(const struct history *history, struct replay *replay, struct tally *tally)
{
    struct err err = {0};
    for (size_t i = 0; i < history->n; i++) {
        CLEANUP(arena_release) struct arena arena = {0};
        struct complaint_event ev;
        assert_true(
            wire_decode(&complaint_event_wire, history->events[i], &arena, &ev, &err));
        if (tally)
            tally_take(tally, TALLY_RECORDED, &ev);
        if (!replay_event(replay, &ev, &err))
            fail_msg("%s", err.text);
    }
    assert_true(replay_advance(replay, at("2026-05-01T00:00:00Z"), &err));
}

static void
load(struct policy_dir *dir, struct replay_policies *policies)
{
    struct err err = {0};
    if (!replay_policies_load(policies, dir, &err))
        fail_msg("%s", err.text);
}

static void
same_again(void **state)
{
    (void)state;
    for (int wall = 0; wall < 2; wall++) {
        struct policy_dir *dir = calloc(1, sizeof(*dir));
        struct replay_policies policies;
        struct err err = {0};
        struct history *first = calloc(1, sizeof(*first));
        struct history *second = calloc(1, sizeof(*second));
        assert_non_null(dir);
        assert_non_null(first);
        assert_non_null(second);
        print_message("row %d: %s clock\n", wall, wall ? "wall" : "event");
        assert_true(policy_dir_open(dir, SHIPPED, &err));
        load(dir, &policies);
        struct replay *replay = open_replay(&policies, wall, first);
        live(replay);
        replay_drop(replay);
        assert_true(first->n > 8); /* four fed, and what time brought */
        replay = open_replay(&policies, wall, second);
        again(first, replay, NULL);
        replay_drop(replay);
        size_t k = 0;
        for (size_t i = 0; i < first->n; i++, k++) {
            print_message("  event %zu\n", i);
            assert_true(k < second->n);
            assert_true(str_eq(first->events[i], second->events[k]));
        }
        replay_policies_release(&policies);
        policy_dir_close(dir);
        arena_release(&first->arena);
        arena_release(&second->arena);
        free(first);
        free(second);
        free(dir);
    }
}

/* A resolution in one business day instead of fifteen: breached before the pause. */
static void
tighten(struct policy_dir *dir)
{
    static const char policy[] =
        "{\"version\":\"tight\",\"calendars\":[\"default\"],\"policies\":[{\"name\":"
        "\"default\",\"clocks\":{\"resolution\":{\"target\":{\"business_days\":1}}}}]}";
    struct err err = {0};
    assert_true(policy_dir_write(dir, STR("sla.json"), str_from(policy), &err));
}

static void
another_policy(void **state)
{
    (void)state;
    struct policy_dir *dir = calloc(1, sizeof(*dir));
    struct policy_dir *tight = calloc(1, sizeof(*tight));
    struct history *history = calloc(1, sizeof(*history));
    struct history *same = calloc(1, sizeof(*same));
    struct history *other = calloc(1, sizeof(*other));
    struct tally tally;
    struct replay_policies policies;
    struct replay_policies tighter;
    struct err err = {0};
    assert_true(dir && tight && history && same && other);
    assert_true(policy_dir_open(dir, SHIPPED, &err));
    assert_true(policy_dir_open(tight, SHIPPED, &err));
    tighten(tight);
    load(dir, &policies);
    load(tight, &tighter);
    tally_init(&tally, INT64_MIN);
    struct replay *replay = open_replay(&policies, false, history);
    live(replay);
    replay_drop(replay);

    same->tally = other->tally = &tally;
    same->run = TALLY_BEFORE;
    other->run = TALLY_AFTER;
    struct replay *before = open_replay(&policies, false, same);
    struct replay *after = open_replay(&tighter, false, other);
    again(history, before, &tally);
    again(history, after, NULL);
    tally_parity(&tally);
    tally_settle(&tally);
    tally_sort(&tally);
    assert_int_equal(tally.n_cases, 1);
    assert_int_equal(tally.n_parity, 1);
    assert_int_equal(tally.n_differ, 1);
    assert_int_equal(tally.totals[TALLY_BEFORE].breaches[CLOCK_RESOLUTION], 0);
    assert_int_equal(tally.totals[TALLY_AFTER].breaches[CLOCK_RESOLUTION], 1);
    assert_int_equal(tally.n_groups, 1);
    assert_true(str_eq(tally.groups[0].product, STR("order")));
    assert_string_equal(tally.most[0].complaint_id,
                        "01234567-89ab-8000-8000-000000000000");

    CLEANUP(buf_release) struct buf text = {0};
    struct policy_run run = {
        .current = SHIPPED, .first_ms = TIME_NONE, .until_ms = TIME_NONE};
    policy_report_text(&text, &run, &tally);
    assert_non_null(strstr(text.ptr, "resolution breaches 0 -> 1"));
    replay_drop(before);
    replay_drop(after);
    tally_release(&tally);
    replay_policies_release(&policies);
    replay_policies_release(&tighter);
    policy_dir_close(dir);
    policy_dir_close(tight);
    arena_release(&history->arena);
    arena_release(&same->arena);
    arena_release(&other->arena);
    free(history);
    free(same);
    free(other);
    free(dir);
    free(tight);
}

/* Cases received before from_ms do not count; the heaviest come first. */
static void
tallies(void **state)
{
    (void)state;
    struct tally tally;
    tally_init(&tally, 100);
    for (int i = 0; i < 40; i++) {
        char id[40];
        (void)snprintf(id, sizeof(id), "case-%02d", i);
        struct register_section register_ = {.received_at = i < 5 ? 99 : 100};
        for (int run = 0; run < TALLY_RUNS; run++) {
            struct triage_section triage = {.priority = PRIORITY_P2};
            struct sla_clock clock = {.clock = CLOCK_UPDATE, .start_no = 1};
            struct sla_fired fired = {.clock = CLOCK_UPDATE};
            struct sla_section sla = {.n_clocks = 1, .clocks = &clock, .fired = &fired};
            clock.has_breached_at = run == TALLY_AFTER && i % 2;
            clock.due_at =
                10 + (run == TALLY_AFTER ? (i == 12) - 3 * (i == 14 || i == 15) : 0);
            struct complaint_event ev = {.complaint_id = str_from(id),
                                         .type = EVENT_TYPE_SLA_WARNED,
                                         .register_ = &register_,
                                         .triage = &triage,
                                         .sla = &sla};
            tally_take(&tally, (enum tally_run)run, &ev);
            if (run == TALLY_AFTER && i == 37)
                tally_take(&tally, (enum tally_run)run, &ev);
        }
    }
    tally_parity(&tally);
    tally_settle(&tally);
    assert_int_equal(tally.n_cases, 35);
    assert_int_equal(tally.n_parity, 35);
    assert_int_equal(tally.n_differ, 18);
    assert_int_equal(tally.n_due_earlier, 2);
    assert_int_equal(tally.n_due_later, 1);
    assert_int_equal(tally.totals[TALLY_AFTER].breaches[CLOCK_UPDATE], 18);
    assert_int_equal(tally.totals[TALLY_AFTER].warnings[CLOCK_UPDATE], 36);
    assert_string_equal(tally.most[0].complaint_id, "case-37");
    assert_string_equal(tally.most[1].complaint_id, "case-05");
    assert_int_equal(tally.n_most, 18);
    tally_release(&tally);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_again),
        cmocka_unit_test(another_policy),
        cmocka_unit_test(tallies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
