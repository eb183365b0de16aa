/* What must hold over any history, legal or not: made lives through all stages in
 * process, then the properties are read off complaints.routed and the notices.  A failure
 * prints the seed; the same seed gives the same history.  SEED=n tries others: n, n+1,
 * n+2. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

#include "classification/stages.h"
#include "gen/register_section.h"
#include "gen/routing_section.h"
#include "gen/sla_section.h"
#include "gen/triage_section.h"
#include "history_rig.h"
#include "intake/stages.h"
#include "routing/stages.h"
#include "sla/stages.h"
#include "triage/stages.h"

#define SHIPPED "deploy/policy"
#define MESSAGES 1200

static const struct stage_def *const STAGES[] = {
    &door_stage, &register_stage, &classification_stage, &triage_stage,
    &sla_stage,  &assign_stage,   &collect_stage,
};
static uint64_t seeds[] = {1, 7, 2026};

/* --- running ------------------------------------------------------------------------ */

/* next_policy: from the middle on, NULL for none. restart_each: after each so many
 * messages, 0 never. */
static void
run_history(struct history *history, uint64_t seed, const char *policy_dir,
            const char *next_policy, size_t restart_each)
{
    struct arena made_in = {0};
    struct made *made = history_make(&made_in, seed, MESSAGES);
    history_open(history, STAGES, COUNT_OF(STAGES), policy_dir);
    for (size_t i = 0; i < MESSAGES; i++) {
        if (next_policy && i == MESSAGES / 2)
            history_policy(history, next_policy);
        if (str_is_null(made[i].cloudevent))
            history_tick(history, made[i].at_ms);
        else
            history_publish(history, made[i].cloudevent, made[i].at_ms);
        if (restart_each > 0 && i % restart_each == 0)
            history_restart(history);
    }
    /* Whatever can still come due does. */
    history_tick(history, made[MESSAGES - 1].at_ms + 400 * DAY_MS);
    arena_release(&made_in);
}

static void
tell_event(uint64_t seed, size_t i, const struct complaint_event *ev)
{
    char at[TIME_TEXT_BYTES];
    print_error("seed %llu, event %zu: %s at %s of %.*s, seq %lld\n",
                (unsigned long long)seed, i, event_type_name(ev->type),
                time_print(ev->occurred_at, at), STR_ARG(ev->complaint_id),
                (long long)ev->seq);
}

static void
assert_same(const struct history *a, const struct history *b, uint64_t seed)
{
    for (size_t i = 0; i < a->n_events && i < b->n_events; i++)
        if (!str_eq(a->events[i].bytes, b->events[i].bytes)) {
            tell_event(seed, i, &a->events[i].ev);
            tell_event(seed, i, &b->events[i].ev);
            fail_msg("the decisions differ");
        }
    assert_int_equal(a->n_events, b->n_events);
    assert_int_equal(a->n_dead, b->n_dead);
    assert_int_equal(a->n_notices, b->n_notices);
    for (size_t i = 0; i < a->n_notices; i++)
        assert_true(str_eq(a->notices[i], b->notices[i]));
}

/* --- a file's order of keys --------------------------------------------------------- */

static void
test_order_of_keys(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(seeds); i++) {
        struct history plain, other;
        uint64_t random = seeds[i] + 99;
        char dir[] = "/tmp/redress-policy.XXXXXX";
        assert_non_null(mkdtemp(dir));
        history_policy_copy(SHIPPED, dir, &random);
        run_history(&plain, seeds[i], SHIPPED, NULL, 0);
        run_history(&other, seeds[i], dir, NULL, 0);
        assert_same(&plain, &other, seeds[i]);
        history_close(&plain);
        history_close(&other);
        history_policy_remove(dir);
    }
}

/* --- the same history, the same decisions ------------------------------------------- */

static void
test_same_again(void **state)
{
    static const size_t RESTARTS[] = {0, 1, 7, 100};
    (void)state;
    struct history first;
    run_history(&first, seeds[0], SHIPPED, NULL, 0);
    assert_true(first.n_events > MESSAGES);
    for (size_t i = 0; i < COUNT_OF(RESTARTS); i++) {
        struct history again;
        print_message("a restart after each %zu messages\n", RESTARTS[i]);
        run_history(&again, seeds[0], SHIPPED, NULL, RESTARTS[i]);
        assert_same(&first, &again, seeds[0]);
        history_close(&again);
    }
    history_close(&first);
}

/* --- read off the events ------------------------------------------------------------ */

/* The last that was said of each clock, and of each case. */
struct known_clock {
    struct str complaint_id;
    struct sla_clock clock;
};
struct known_case {
    struct str id;
    int64_t last_seq;
    const struct register_section *reg;
    const struct triage_section *triage;
    const struct routing_section *routing;
    enum priority told_priority; /* by triage.changed */
    enum triage_class told_class;
};
struct known {
    struct known_clock clocks[HISTORY_MAX];
    size_t n_clocks;
    struct known_case cases[1024];
    size_t n_cases;
};

static struct known_case *
known_case(struct known *known, struct str id)
{
    for (size_t i = 0; i < known->n_cases; i++)
        if (str_eq(known->cases[i].id, id))
            return &known->cases[i];
    assert_true(known->n_cases < COUNT_OF(known->cases));
    known->cases[known->n_cases] = (struct known_case){.id = id};
    return &known->cases[known->n_cases++];
}

static struct sla_clock *
known_clock(struct known *known, struct str id, const struct sla_clock *clock,
            bool *ret_new)
{
    *ret_new = false;
    for (size_t i = known->n_clocks; i-- > 0;) {
        struct known_clock *k = &known->clocks[i];
        if (k->clock.clock == clock->clock && k->clock.start_no == clock->start_no &&
            str_eq(k->complaint_id, id) && str_eq(k->clock.promise_id, clock->promise_id))
            return &k->clock;
    }
    *ret_new = true;
    known->clocks[known->n_clocks] = (struct known_clock){id, *clock};
    return &known->clocks[known->n_clocks++].clock;
}

static void
check_clock(struct known *known, const struct history_event *event,
            const struct sla_clock *clock, uint64_t seed, size_t i)
{
    const struct complaint_event *ev = &event->ev;
    bool is_new;
    struct sla_clock *before = known_clock(known, ev->complaint_id, clock, &is_new);
    if (is_new)
        return;
    bool corrected = ev->type == EVENT_TYPE_SLA_BREACH_CORRECTED;
    bool earlier = clock->due_at < before->due_at && !corrected;
    bool less_paused = clock->paused_ms < before->paused_ms && !corrected;
    bool repinned = !str_eq(clock->policy_version, before->policy_version) ||
                    !str_eq(clock->target, before->target);
    /* Only an answer given in time whose news came late takes a breach back. */
    bool washed = before->status == CLOCK_STATUS_BREACHED &&
                  clock->status == CLOCK_STATUS_MET && clock->met_at > clock->due_at;
    bool touched = ev->type == EVENT_TYPE_COMPLAINT_STEP_REFUSED &&
                   (clock->status != before->status || clock->due_at != before->due_at ||
                    clock->paused_ms != before->paused_ms);
    if (earlier || less_paused || repinned || washed || touched) {
        char was[TIME_TEXT_BYTES];
        char is[TIME_TEXT_BYTES];
        tell_event(seed, i, ev);
        fail_msg("%s %d:%s%s%s%s%s due %s, was %s", clock_name(clock->clock),
                 clock->start_no, earlier ? " earlier" : "",
                 less_paused ? " less paused" : "", repinned ? " another target" : "",
                 washed ? " breach washed away" : "",
                 touched ? " changed by a refused step" : "",
                 time_print(clock->due_at, is), time_print(before->due_at, was));
    }
    *before = *clock;
}

/* What a refused step leaves as it was: all but seq, and what age does to a score. */
static void
check_refused(const struct known_case *c, const struct complaint_event *ev)
{
    const struct register_section *now = ev->register_;
    const struct register_section *was = c->reg;
    if (ev->type != EVENT_TYPE_COMPLAINT_STEP_REFUSED)
        return;
    if (!now || !was || !ev->triage || !ev->routing || !c->triage || !c->routing) {
        fail_msg("a section is missing");
        return;
    }
    assert_true(now->has_refused_type);
    assert_false(str_empty(now->refused_reason));
    struct register_section expected = *was;
    expected.from_state = was->state;
    expected.has_refused_type = true;
    expected.refused_type = now->refused_type;
    expected.refused_reason = now->refused_reason;
    expected.last_seq = now->last_seq;
    CLEANUP(buf_release) struct buf a = {0};
    CLEANUP(buf_release) struct buf b = {0};
    struct err err = {0};
    assert_true(register_section_encode(&expected, &a, &err));
    assert_true(register_section_encode(now, &b, &err));
    assert_true(str_eq(buf_str(&a), buf_str(&b)));
    assert_int_equal(ev->triage->double_deviation, c->triage->double_deviation);
    assert_int_equal(ev->triage->failed_recoveries, c->triage->failed_recoveries);
    assert_int_equal(ev->triage->n_evidence, c->triage->n_evidence);
    assert_int_equal(ev->triage->rating, c->triage->rating);
    assert_true(str_eq(ev->routing->owner, c->routing->owner));
    assert_true(str_eq(ev->routing->team, c->routing->team));
    assert_int_equal(ev->routing->transfers, c->routing->transfers);
    assert_int_equal(ev->routing->escalation_level, c->routing->escalation_level);
}

/* Who reads only triage.changed knows each change of priority and class, and why. */
static void
check_changed(struct known_case *c, const struct complaint_event *ev, uint64_t seed,
              size_t i)
{
    const struct triage_section *now = ev->triage;
    if (!now)
        return;
    if (!c->triage) {
        c->told_priority = now->priority;
        c->told_class = now->triage_class;
    }
    if (ev->type != EVENT_TYPE_TRIAGE_CHANGED)
        return;
    /* Without a before it tells of a score alone. */
    enum priority before = now->has_before ? now->before : now->priority;
    enum triage_class class_before =
        now->has_class_before ? now->class_before : now->triage_class;
    if (before != c->told_priority || class_before != c->told_class)
        tell_event(seed, i, ev);
    assert_false(str_empty(now->why));
    assert_int_equal(before, c->told_priority);
    assert_int_equal(class_before, c->told_class);
    c->told_priority = now->priority;
    c->told_class = now->triage_class;
}

static void
take_event(struct known *known, const struct history_event *event, uint64_t seed,
           size_t i)
{
    const struct complaint_event *ev = &event->ev;
    if (str_is_null(ev->complaint_id))
        return;
    struct known_case *c = known_case(known, ev->complaint_id);
    if (ev->has_seq) {
        if (ev->seq != c->last_seq + 1)
            tell_event(seed, i, ev);
        assert_int_equal(ev->seq, c->last_seq + 1);
        c->last_seq = ev->seq;
        assert_int_equal(ev->register_->last_seq, ev->seq);
    } else {
        assert_int_not_equal(ev->type, EVENT_TYPE_COMPLAINT_STEP_REFUSED);
    }
    check_refused(c, ev);
    check_changed(c, ev, seed, i);
    for (size_t k = 0; ev->sla && k < ev->sla->n_clocks; k++)
        check_clock(known, event, &ev->sla->clocks[k], seed, i);
    c->reg = ev->register_ ? ev->register_ : c->reg;
    c->triage = ev->triage ? ev->triage : c->triage;
    c->routing = ev->routing ? ev->routing : c->routing;
}

static void
check_life(const struct history *history, struct known *known, uint64_t seed)
{
    size_t refused = 0;
    size_t paused = 0;
    for (size_t i = 0; i < history->n_events; i++) {
        take_event(known, &history->events[i], seed, i);
        refused += history->events[i].ev.type == EVENT_TYPE_COMPLAINT_STEP_REFUSED;
    }
    for (size_t i = 0; i < known->n_clocks; i++)
        paused += known->clocks[i].clock.paused_ms > 0;
    for (size_t i = 0; i < known->n_cases; i++) {
        const struct known_case *c = &known->cases[i];
        assert_true(!c->triage || (c->told_priority == c->triage->priority &&
                                   c->told_class == c->triage->triage_class));
    }
    print_message("seed %llu: %zu events, %zu cases, %zu clocks, %zu of them paused, "
                  "%zu refused, %zu dead, %zu notices\n",
                  (unsigned long long)seed, history->n_events, known->n_cases,
                  known->n_clocks, paused, refused, history->n_dead, history->n_notices);
    /* The history is worth it. */
    assert_true(refused > 50 && paused > 10 && known->n_clocks > 200);
    assert_int_equal(history->n_dead, 0);
}

/* (a) due times, (e) seq, (g) refused steps. */
static void
test_over_a_life(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(seeds); i++) {
        struct history history;
        struct known *known = calloc(1, sizeof(*known));
        run_history(&history, seeds[i], SHIPPED, NULL, 0);
        check_life(&history, known, seeds[i]);
        free(known);
        history_close(&history);
    }
}

/* The next policy touches no clock that was started under this one. */
static void
test_next_policy(void **state)
{
    (void)state;
    char dir[] = "/tmp/redress-policy.XXXXXX";
    char file[64];
    struct history history;
    struct known *known = calloc(1, sizeof(*known));
    size_t by_next = 0;
    uint64_t random = 5;
    assert_non_null(mkdtemp(dir));
    history_policy_copy(SHIPPED, dir, &random);
    snprintf(file, sizeof(file), "%s/sla.json", dir);
    history_policy_copy("tests/scenario/policies/slower/sla.json", file, &random);
    run_history(&history, seeds[0], SHIPPED, dir, 0);
    check_life(&history, known, seeds[0]);
    for (size_t i = 0; i < known->n_clocks; i++)
        by_next += str_eq(known->clocks[i].clock.policy_version, STR("slower"));
    assert_true(by_next > 50 && by_next < known->n_clocks - 50);
    free(known);
    history_close(&history);
    history_policy_remove(dir);
}

/* --- once --------------------------------------------------------------------------- */

static int
compare_strs(const void *a, const void *b)
{
    return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

static void
assert_each_once(struct str *names, size_t n, const char *what, uint64_t seed)
{
    qsort(names, n, sizeof(*names), compare_strs);
    for (size_t i = 1; i < n; i++)
        if (str_eq(names[i], names[i - 1]))
            fail_msg("seed %llu: %s twice: %.*s", (unsigned long long)seed, what,
                     STR_ARG(names[i]));
}

/* Who fired: complaint, type, clock, start, promise, percent; a rung once a case. */
static struct str
fired_name(struct arena *arena, const struct complaint_event *ev)
{
    static const struct sla_fired none;
    const struct sla_fired *fired = ev->sla && ev->sla->fired ? ev->sla->fired : &none;
    switch (ev->type) {
    case EVENT_TYPE_SLA_WARNED:
    case EVENT_TYPE_SLA_BREACHED:
    case EVENT_TYPE_SLA_MET:
        return arena_printf(arena, "%.*s %s %s %d %.*s %d", STR_ARG(ev->complaint_id),
                            event_type_name(ev->type), clock_name(fired->clock),
                            fired->start_no, STR_ARG(fired->promise_id), fired->percent);
    case EVENT_TYPE_SLA_ESCALATED:
        return arena_printf(arena, "%.*s escalated %s %d %.*s %d",
                            STR_ARG(ev->complaint_id), clock_name(fired->clock),
                            fired->start_no, STR_ARG(fired->promise_id), fired->level);
    case EVENT_TYPE_SLA_RESUMED:
        return arena_printf(arena, "%.*s resumed %s %d %lld", STR_ARG(ev->complaint_id),
                            clock_name(fired->clock), fired->start_no,
                            (long long)ev->occurred_at);
    case EVENT_TYPE_TRIAGE_PROMISE_BROKEN:
        return arena_printf(arena, "%.*s broken %.*s", STR_ARG(ev->complaint_id),
                            STR_ARG(ev->cause));
    case EVENT_TYPE_TRIAGE_SILENCE:
    case EVENT_TYPE_TRIAGE_AGED:
        return arena_printf(arena, "%.*s %s %lld", STR_ARG(ev->complaint_id),
                            event_type_name(ev->type), (long long)ev->occurred_at);
    default:
        return STR_NULL;
    }
}

/* (d) timers, (f) notices; and no event_id twice. */
static void
test_each_once(void **state)
{
    (void)state;
    for (size_t s = 0; s < COUNT_OF(seeds); s++) {
        struct history history;
        struct arena arena = {0};
        run_history(&history, seeds[s], SHIPPED, NULL, 3);
        struct str *fired = ARENA_ARRAY(&arena, struct str, history.n_events);
        struct str *ids = ARENA_ARRAY(&arena, struct str, history.n_events);
        struct str *notices = ARENA_ARRAY(&arena, struct str, history.n_notices);
        size_t n_fired = 0;
        for (size_t i = 0; i < history.n_events; i++) {
            const struct complaint_event *ev = &history.events[i].ev;
            ids[i] = ev->event_id;
            fired[n_fired] = fired_name(&arena, ev);
            n_fired += !str_is_null(fired[n_fired]);
        }
        for (size_t i = 0; i < history.n_notices; i++) {
            json_t *json =
                json_loadb(history.notices[i].ptr, history.notices[i].len, 0, NULL);
            const char *id = json_string_value(json_object_get(json, "id"));
            assert_non_null(id);
            notices[i] = arena_str(&arena, str_from(id));
            json_decref(json);
        }
        assert_true(n_fired > 200 && history.n_notices > 20);
        assert_each_once(fired, n_fired, "fired", seeds[s]);
        assert_each_once(ids, history.n_events, "event_id", seeds[s]);
        assert_each_once(notices, history.n_notices, "notice", seeds[s]);
        arena_release(&arena);
        history_close(&history);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_over_a_life),   cmocka_unit_test(test_next_policy),
        cmocka_unit_test(test_each_once),     cmocka_unit_test(test_same_again),
        cmocka_unit_test(test_order_of_keys),
    };
    const char *seed = getenv("SEED");
    for (size_t i = 0; seed && i < COUNT_OF(seeds); i++)
        seeds[i] = strtoull(seed, NULL, 10) + i;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
