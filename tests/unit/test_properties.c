/* What must hold over any history, legal or not: the same decisions again, after restarts
 * and under files with other orders of keys; every timer and notice once, no decision
 * untold.  A failure prints the seed; SEED=n tries others: n, n+1, n+2. */
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
#include "gen/sla_section.h"
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

static void
assert_same(const struct history *a, const struct history *b, uint64_t seed)
{
    for (size_t i = 0; i < a->n_events && i < b->n_events; i++)
        if (!str_eq(a->events[i].bytes, b->events[i].bytes)) {
            history_tell(seed, i, &a->events[i].ev);
            history_tell(seed, i, &b->events[i].ev);
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
        run(&plain, seeds[i], SHIPPED, NULL, 0);
        run(&other, seeds[i], dir, NULL, 0);
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
    run(&first, seeds[0], SHIPPED, NULL, 0);
    assert_true(first.n_events > MESSAGES);
    for (size_t i = 0; i < COUNT_OF(RESTARTS); i++) {
        struct history again;
        print_message("a restart after each %zu messages\n", RESTARTS[i]);
        run(&again, seeds[0], SHIPPED, NULL, RESTARTS[i]);
        assert_same(&first, &again, seeds[0]);
        history_close(&again);
    }
    history_close(&first);
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
        run(&history, seeds[s], SHIPPED, NULL, 3);
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

/* Which notice an event must bring; null for those that may stay silent. */
static const char *
must_tell(const struct complaint_event *ev)
{
    if (!ev->has_seq)
        return NULL;
    if (ev->seq == 1)
        return "notification.acknowledgement";
    if (ev->type == EVENT_TYPE_COMPLAINT_RESOLVED)
        return "notification.resolution";
    if (ev->type == EVENT_TYPE_COMPLAINT_REJECTED)
        return "notification.rejection";
    return NULL;
}

/* (f) the other way round: no receipt and no decision is swallowed. */
static void
test_each_told(void **state)
{
    (void)state;
    for (size_t s = 0; s < COUNT_OF(seeds); s++) {
        struct history history;
        struct arena arena = {0};
        size_t decisions = 0;
        run(&history, seeds[s], SHIPPED, NULL, 0);
        struct str *told = ARENA_ARRAY(&arena, struct str, history.n_notices);
        for (size_t i = 0; i < history.n_notices; i++) {
            json_t *json =
                json_loadb(history.notices[i].ptr, history.notices[i].len, 0, NULL);
            json_t *data = json_object_get(json, "data");
            /* The same cause may name a new date and, when that passes, own up to it. */
            const char *about = json_string_value(json_object_get(data, "about"));
            told[i] = arena_printf(&arena, "%s %s%s%s",
                                   json_string_value(json_object_get(json, "type")),
                                   json_string_value(json_object_get(data, "cause")),
                                   about ? " " : "", about ? about : "");
            json_decref(json);
        }
        assert_each_once(told, history.n_notices, "told", seeds[s]);
        for (size_t i = 0; i < history.n_events; i++) {
            const struct complaint_event *ev = &history.events[i].ev;
            if (!must_tell(ev))
                continue;
            struct str name =
                arena_printf(&arena, "%s %.*s", must_tell(ev), STR_ARG(ev->event_id));
            decisions++;
            if (bsearch(&name, told, history.n_notices, sizeof(*told), compare_strs))
                continue;
            history_tell(seeds[s], i, ev);
            fail_msg("no %s", must_tell(ev));
        }
        assert_true(decisions > 60);
        arena_release(&arena);
        history_close(&history);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_once),
        cmocka_unit_test(test_each_told),
        cmocka_unit_test(test_same_again),
        cmocka_unit_test(test_order_of_keys),
    };
    const char *seed = getenv("SEED");
    for (size_t i = 0; seed && i < COUNT_OF(seeds); i++)
        seeds[i] = strtoull(seed, NULL, 10) + i;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
