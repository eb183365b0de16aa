/* Properties of the score under the shipped policy, over seeded random cases: each part
 * moves it in one direction only, triage is as in a disaster, nothing starves. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <jansson.h>

#include "gen/priority.h"
#include "gen/triage_class.h"
#include "triage/triage.h"
#include "triage/triage_facts.h"
#include "shipped_triage.h"

#define CASES 3000

/* A case, its customer and a time. */
struct given {
    struct triage_case c;
    struct triage_customer u;
    int64_t at;
};

static uint64_t seed;

/* splitmix64: the same on every machine. */
static uint64_t
draw(uint64_t below)
{
    uint64_t z = (seed += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (z ^ (z >> 31)) % below;
}

static const char *const tiers[] = {"occasional", "regular", "best"};
static const struct evidence doubled = {
    .kind = {"refused_remedy", 14}, .event_id = {"e", 1}, .at = T0};
static const struct str flags[] = {
    {"regulator_threat", 16}, {"media_threat", 12}, {"legal_threat", 12}};

static struct given
random_case(void)
{
    static const enum channel channels[] = {CHANNEL_EMAIL, CHANNEL_PHONE, CHANNEL_SOCIAL,
                                            CHANNEL_MEDIA, CHANNEL_CONSUMER_ASSOCIATION};
    struct given g = {0};
    int64_t age = (int64_t)draw(28) * DAY_MS;
    g.at = T0 + age;
    g.c = (struct triage_case){
        .state = STATE_OPEN,
        .received_at = T0,
        .recovery_ends_at = T0 + TRIAGE_WINDOW_MS,
        .first_failure_at = T0 - (int64_t)draw(10) * DAY_MS,
        .last_at = g.at,
        .channel = channels[draw(COUNT_OF(channels))],
        .public = draw(2),
        .regulator = draw(4) == 0,
        .collective = draw(4) == 0,
        .kind = KIND_COMPLAINT,
        .case_severity = (int32_t)draw(5) + 1,
        .customer_at = g.at - (int64_t)draw(30) * DAY_MS,
        .views = (int64_t)draw(1000000),
        .has_reach_at = true,
        .reach_at = g.at,
        .doubling_hours = draw(3) ? (double)draw(200) : 0,
        .failed_recoveries = (int32_t)draw(7),
        .flags = flags,
        .n_flags = draw(COUNT_OF(flags) + 1),
    };
    if (draw(2)) {
        g.c.evidence = &doubled;
        g.c.n_evidence = 1;
    }
    g.c.age_steps = draw(2) ? triage_age_steps(policy, &g.c, g.at) : 0;
    g.u = (struct triage_customer){
        .tier = str_from(tiers[draw(COUNT_OF(tiers))]),
        .has_since = true,
        .since = g.at - (int64_t)draw(4000) * DAY_MS,
        .has_lifetime_value = true,
        .lifetime_value = (double)draw(20000),
        .has_followers = true,
        .followers = (int64_t)draw(50000),
    };
    return g;
}

static struct triage_section
score(const struct given *g)
{
    struct triage_section s = {0};
    triage_score(policy, &g->c, &g->u, g->at, &arena, &s);
    return s;
}

/* --- one direction -------------------------------------------------------------------
 */

static void
severity(struct given *g)
{
    g->c.case_severity++;
}
static void
fewer_days_gone(struct given *g)
{
    g->c.first_failure_at += DAY_MS + (int64_t)draw(5) * DAY_MS;
}
static void
better_tier(struct given *g)
{
    g->u.tier = str_eq(g->u.tier, STR("occasional")) ? STR("regular") : STR("best");
}
static void
longer_tenure(struct given *g)
{
    g->u.since -= (int64_t)draw(2000) * DAY_MS;
}
static void
more_value(struct given *g)
{
    g->u.lifetime_value = g->u.lifetime_value * 3 + 1;
}
static void
one_failure_less(struct given *g)
{
    if (g->c.failed_recoveries > 0)
        g->c.failed_recoveries--;
}
static void
spoke_later(struct given *g)
{
    g->c.customer_at = g->at;
}
static void
made_public(struct given *g)
{
    g->c.public = true;
}
static void
regulator(struct given *g)
{
    g->c.regulator = true;
}
static void
collective(struct given *g)
{
    g->c.collective = true;
}
static void
press(struct given *g)
{
    if (g->c.channel != CHANNEL_CONSUMER_ASSOCIATION)
        g->c.channel = CHANNEL_MEDIA;
}
static void
more_views(struct given *g)
{
    g->c.views = g->c.views * 2 + 100;
}
static void
faster_growth(struct given *g)
{
    g->c.doubling_hours = g->c.doubling_hours > 0 ? g->c.doubling_hours / 2 : 30;
}
static void
fresher_telling(struct given *g)
{
    g->c.reach_at += (int64_t)draw(3) * DAY_MS;
}
static void
more_followers(struct given *g)
{
    g->u.followers = g->u.followers * 2 + 10;
}
static void
one_threat_more(struct given *g)
{
    if (g->c.n_flags < COUNT_OF(flags))
        g->c.n_flags++;
}
static void
failed_twice(struct given *g)
{
    g->c.evidence = &doubled;
    g->c.n_evidence = 1;
}
static void
older(struct given *g)
{
    g->c.age_steps++;
}

static void
test_each_part_has_one_direction(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        void (*up)(struct given *g);
    } table[] = {
        {"severity", severity},
        {"days of the 28 left, since the first failure", fewer_days_gone},
        {"tier", better_tier},
        {"tenure", longer_tenure},
        {"lifetime value", more_value},
        {"failed recoveries", one_failure_less},
        {"still speaking to us", spoke_later},
        {"public", made_public},
        {"regulator", regulator},
        {"collective", collective},
        {"media", press},
        {"reach", more_views},
        {"growth", faster_growth},
        {"a fresher telling", fresher_telling},
        {"followers", more_followers},
        {"threats", one_threat_more},
        {"double deviation", failed_twice},
        {"age", older},
    };
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        int rises = 0;
        seed = 4711 + i;
        for (int n = 0; n < CASES; n++) {
            struct given less = random_case();
            less.c.reach_at = less.at - 3 * DAY_MS / 2; /* room for fresher news */
            struct given more = less;
            table[i].up(&more);
            struct triage_section a = score(&less), b = score(&more);
            if (b.score < a.score || b.priority > a.priority)
                fail_msg("%s, case %d: %.2f %s, then %.2f %s", table[i].what, n, a.score,
                         priority_name(a.priority), b.score, priority_name(b.priority));
            rises += b.score > a.score;
            arena_clear(&arena);
        }
        print_message("%s: rises in %d of %d\n", table[i].what, rises, CASES);
        assert_true(rises > CASES / 20); /* a part that does nothing would pass, too */
    }
}

/* The value of a relationship counts within a tier, too. */
static void
test_value_within_a_tier(void **state)
{
    (void)state;
    double last = 0;
    double value = 100;
    for (int power = 2; power <= 5; power++, value *= 10) {
        struct given g = {.at = T0};
        g.c = (struct triage_case){.state = STATE_OPEN,
                                   .received_at = T0,
                                   .recovery_ends_at = T0 + TRIAGE_WINDOW_MS,
                                   .first_failure_at = T0,
                                   .customer_at = T0,
                                   .kind = KIND_COMPLAINT,
                                   .case_severity = 3};
        g.u = (struct triage_customer){
            .tier = STR("regular"), .has_lifetime_value = true, .lifetime_value = value};
        double salvage = score(&g).salvageability;
        print_message("value %.0f: %.2f\n", value, salvage);
        assert_true(salvage > last);
        last = salvage;
    }
}

/* --- as in a disaster ----------------------------------------------------------------
 */

struct band {
    struct triage_section first, last; /* by place in bi.triage_backlog */
    size_t n;
};

/* Does a stand before b in the backlog? Priority, then score. */
static bool
before(const struct triage_section *a, const struct triage_section *b)
{
    return a->priority != b->priority ? a->priority < b->priority : a->score > b->score;
}

static void
put(struct band *band, const struct triage_section *s)
{
    if (band->n == 0 || before(s, &band->first))
        band->first = *s;
    if (band->n == 0 || before(&band->last, s))
        band->last = *s;
    band->n++;
}

/* A morning's new cases over every tier: severity, history and days gone differ. */
static void
test_as_in_a_disaster(void **state)
{
    (void)state;
    struct band grave = {.n = 0}, light = {.n = 0}, hopeless = {.n = 0};
    for (int32_t level = 1; level <= 5; level++)
        for (int days = 0; days <= 28; days++)
            for (int32_t failed = 0; failed <= 8; failed++)
                for (size_t tier = 0; tier < COUNT_OF(tiers); tier++)
                    for (int twice = failed > 0; twice <= 1; twice++) {
                        struct given g = {.at = T0};
                        g.c = (struct triage_case){.state = STATE_OPEN,
                                                   .received_at = T0,
                                                   .recovery_ends_at =
                                                       T0 + TRIAGE_WINDOW_MS,
                                                   .first_failure_at = T0 - days * DAY_MS,
                                                   .customer_at = T0,
                                                   .kind = KIND_COMPLAINT,
                                                   .case_severity = level,
                                                   .failed_recoveries = failed,
                                                   .evidence = twice ? &doubled : NULL,
                                                   .n_evidence = twice ? 1 : 0};
                        g.u.tier = str_from(tiers[tier]);
                        struct triage_section s = score(&g);
                        if (s.salvageability < policy->minimal_below)
                            put(&hopeless, &s);
                        else if (level >= 4 && twice)
                            put(&grave, &s);
                        else if (level <= 2 && !twice)
                            put(&light, &s);
                        arena_clear(&arena);
                    }
    print_message("grave %zu, light %zu, hopeless %zu\n", grave.n, light.n, hopeless.n);
    print_message("grave down to %s %.2f, light %s %.2f to %s %.2f, hopeless from %s "
                  "%.2f\n",
                  priority_name(grave.last.priority), grave.last.score,
                  priority_name(light.first.priority), light.first.score,
                  priority_name(light.last.priority), light.last.score,
                  priority_name(hopeless.first.priority), hopeless.first.score);
    assert_true(grave.n > 100 && light.n > 100 && hopeless.n > 100);
    assert_true(before(&grave.last, &light.first));
    assert_true(before(&light.last, &hopeless.first));
    assert_true(grave.last.priority <= PRIORITY_P2);
    assert_int_equal(hopeless.first.triage_class, TRIAGE_CLASS_MINIMAL);
    assert_int_equal(hopeless.first.priority, PRIORITY_P4);
}

/* Beyond recovery, but others look on or somebody is in danger: not last. */
static void
test_unsalvageable_but_watched(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        int64_t views;
        const char *flag;
        enum priority expect;
        bool public, regulator;
    } table[] = {
        {"nobody watches", 0, NULL, PRIORITY_P4, false, false},
        {"an authority", 0, NULL, PRIORITY_P2, false, true},
        {"viral", 2000000, NULL, PRIORITY_P1, true, false},
        {"danger", 0, "safety", PRIORITY_P1, false, false},
    };
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        struct str flag = str_from(table[i].flag);
        struct given g = {.at = T0};
        g.c = (struct triage_case){.state = STATE_OPEN,
                                   .received_at = T0,
                                   .recovery_ends_at = T0 + TRIAGE_WINDOW_MS,
                                   .first_failure_at = T0 - 60 * DAY_MS,
                                   .customer_at = T0,
                                   .kind = KIND_COMPLAINT,
                                   .case_severity = 4,
                                   .failed_recoveries = 4,
                                   .evidence = &doubled,
                                   .n_evidence = 1,
                                   .public = table[i].public,
                                   .regulator = table[i].regulator,
                                   .views = table[i].views,
                                   .flags = &flag,
                                   .n_flags = table[i].flag ? 1 : 0};
        struct triage_section s = score(&g);
        print_message("row %zu: %s: %s %.2f\n", i, table[i].what,
                      priority_name(s.priority), s.score);
        assert_int_equal(s.priority, table[i].expect);
    }
}

/* --- nothing starves ------------------------------------------------------------------
 */

/* Whatever a complaint begins with: left alone it reaches P2 within 12 weeks, and from
 * then on stands before every fresh ordinary case. */
static void
test_nothing_starves(void **state)
{
    (void)state;
    struct given fresh = {.at = T0};
    fresh.c = (struct triage_case){.state = STATE_OPEN,
                                   .received_at = T0,
                                   .recovery_ends_at = T0 + TRIAGE_WINDOW_MS,
                                   .first_failure_at = T0,
                                   .customer_at = T0,
                                   .kind = KIND_COMPLAINT,
                                   .case_severity = 2};
    fresh.u.tier = STR("best");
    struct triage_section ordinary = score(&fresh);
    seed = 99;
    int64_t longest = 0;
    for (int n = 0; n < CASES; n++) {
        struct given g = random_case();
        int64_t day = 0;
        struct triage_section s;
        g.c.customer_at = T0;
        do {
            g.at = T0 + day * DAY_MS;
            g.c.age_steps = triage_age_steps(policy, &g.c, g.at);
            s = score(&g);
        } while (s.priority > PRIORITY_P2 && ++day < 200);
        longest = i64_max(longest, day);
        assert_true(day <= 84);
        assert_true(before(&s, &ordinary));
        arena_clear(&arena);
    }
    print_message("at most %lld days until P2\n", (long long)longest);
    assert_true(longest > 7); /* ageing, not the score, brought it there */
}

/* --- the file --------------------------------------------------------------------------
 */

/* The same file with its keys in another order scores the same. */
static json_t *
turned(json_t *json)
{
    if (json_is_array(json)) {
        json_t *all = json_array();
        size_t i;
        json_t *item;
        json_array_foreach(json, i, item)
            assert_int_equal(json_array_append_new(all, turned(item)), 0);
        return all;
    }
    if (!json_is_object(json))
        return json_incref(json);
    const char *keys[256];
    size_t n = 0;
    for (void *at = json_object_iter(json); at; at = json_object_iter_next(json, at))
        keys[n++] = json_object_iter_key(at);
    json_t *all = json_object();
    while (n-- > 0)
        assert_int_equal(
            json_object_set_new(all, keys[n], turned(json_object_get(json, keys[n]))), 0);
    return all;
}

static void
test_order_of_keys_changes_nothing(void **state)
{
    (void)state;
    struct err err = {0};
    json_t *file = json_load_file(POLICY_DIR "/triage.json", 0, NULL);
    assert_non_null(file);
    json_t *other = turned(file);
    char *text = json_dumps(other, 0), *plain = json_dumps(file, 0);
    assert_string_not_equal(text, plain);
    struct triage_policy *p = triage_policy_parse("turned", str_from(text), &err);
    if (!p)
        fail_msg("%s", err.text);
    seed = 7;
    for (int n = 0; n < CASES; n++) {
        struct given g = random_case();
        struct triage_section a = score(&g), b = {0};
        triage_score(p, &g.c, &g.u, g.at, &arena, &b);
        assert_true(a.score == b.score && a.priority == b.priority &&
                    a.triage_class == b.triage_class && a.n_reasons == b.n_reasons &&
                    str_eq(a.remedy_advice, b.remedy_advice) &&
                    a.n_checklist == b.n_checklist);
        arena_clear(&arena);
    }
    triage_policy_free(p);
    free(text);
    free(plain);
    json_decref(other);
    json_decref(file);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_part_has_one_direction),
        cmocka_unit_test(test_value_within_a_tier),
        cmocka_unit_test(test_as_in_a_disaster),
        cmocka_unit_test(test_unsalvageable_but_watched),
        cmocka_unit_test(test_nothing_starves),
        cmocka_unit_test(test_order_of_keys_changes_nothing),
    };
    return cmocka_run_group_tests(tests, shipped_triage_load, shipped_triage_release);
}
