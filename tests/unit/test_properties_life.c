/* What must hold along every life, legal or not: made histories through all stages, then
 * each case and clock is followed through complaints.routed: due times, seq, refused
 * steps, changes of priority.  A failure prints the seed; SEED=n tries others: n, n+1,
 * n+2. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

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

static void
run(struct history *history, uint64_t seed, const char *policy_dir,
    const char *next_policy, size_t restart_each)
{
    struct history_plan plan = {seed, MESSAGES, policy_dir, next_policy, restart_each};
    history_run(history, STAGES, COUNT_OF(STAGES), &plan);
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

/* A row that says of itself what cannot be. */
static const char *
nonsense(const struct sla_clock *c)
{
    bool met = c->status == CLOCK_STATUS_MET || c->status == CLOCK_STATUS_MET_LATE;
    bool late = c->status == CLOCK_STATUS_BREACHED || c->status == CLOCK_STATUS_MET_LATE;
    bool pauses = c->clock == CLOCK_RESOLUTION || c->clock == CLOCK_UPDATE ||
                  c->clock == CLOCK_NEXT_RESPONSE || c->clock == CLOCK_OWNER;
    if (met != c->has_met_at)
        return "met_at";
    if (c->status == CLOCK_STATUS_MET && c->met_at > c->due_at)
        return "met after its due time";
    if (c->status == CLOCK_STATUS_MET_LATE && c->met_at <= c->due_at)
        return "met late in time";
    /* The window after a closing breaks when the customer comes back, not when it ends.
     */
    bool early = c->clock == CLOCK_RECOVERY_WINDOW && c->breached_at < c->due_at;
    if (late != c->has_breached_at || (late && !early && c->breached_at != c->due_at))
        return "breached_at";
    if ((c->status == CLOCK_STATUS_PAUSED) != c->has_paused_since)
        return "paused_since";
    if (!pauses && (c->paused_ms > 0 || c->has_paused_since))
        return "paused though it never is";
    return NULL;
}

static void
check_clock(struct known *known, const struct history_event *event,
            const struct sla_clock *clock, uint64_t seed, size_t i)
{
    const struct complaint_event *ev = &event->ev;
    bool is_new;
    if (nonsense(clock)) {
        history_tell(seed, i, ev);
        fail_msg("%s %d: %s", clock_name(clock->clock), clock->start_no, nonsense(clock));
    }
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
        history_tell(seed, i, ev);
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
    /* Each failed recovery is double deviation, and only a best customer is betrayed. */
    assert_true(now->double_deviation || now->failed_recoveries == 0);
    assert_true(!now->betrayal ||
                (now->double_deviation && str_eq(now->tier, STR("best"))));
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
        history_tell(seed, i, ev);
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
            history_tell(seed, i, ev);
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
        run(&history, seeds[i], SHIPPED, NULL, 0);
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
    run(&history, seeds[0], SHIPPED, dir, 0);
    check_life(&history, known, seeds[0]);
    for (size_t i = 0; i < known->n_clocks; i++)
        by_next += str_eq(known->clocks[i].clock.policy_version, STR("slower"));
    assert_true(by_next > 50 && by_next < known->n_clocks - 50);
    free(known);
    history_close(&history);
    history_policy_remove(dir);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_over_a_life),
        cmocka_unit_test(test_next_policy),
    };
    const char *seed = getenv("SEED");
    for (size_t i = 0; seed && i < COUNT_OF(seeds); i++)
        seeds[i] = strtoull(seed, NULL, 10) + i;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
