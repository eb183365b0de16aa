/* The growth of reach: fitted over tellings in whatever order they come, fading after. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "triage/triage_reach.h"
#include "shipped_triage.h"

static void
tell(struct triage_case *c, double hours, int64_t views)
{
    struct reach reach = {.has_views = true, .views = views};
    triage_take_reach(policy, &reach, T0 + (int64_t)(hours * (double)HOUR_MS), &arena, c);
}

static void
test_growth(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        struct {
            double hours;
            int64_t views;
        } told[8];
        double from, to; /* doubling hours; 0 and 0: not growing */
    } table[] = {
        {"one telling", {{0, 5000}}, 0, 0},
        {"doubles each 6 hours", {{0, 1000}, {6, 2000}, {12, 4000}}, 5.9, 6.1},
        {"told out of order", {{12, 4000}, {0, 1000}, {6, 2000}}, 5.9, 6.1},
        {"a telling twice", {{0, 1000}, {6, 2000}, {6, 2000}, {12, 4000}}, 5.9, 6.1},
        /* The old way, two points, would say 6 hours here. */
        {"one odd telling does not decide",
         {{0, 1000}, {6, 2000}, {12, 4000}, {18, 7800}, {24, 15600}},
         5.9,
         6.3},
        {"an old low number that comes late",
         {{0, 1000}, {6, 2000}, {12, 4000}, {9, 10}},
         5.5,
         9},
        {"stands still", {{0, 5000}, {6, 5000}, {12, 5000}}, 0, 0},
        {"stopped growing",
         {{0, 1000}, {6, 2000}, {12, 4000}, {36, 4000}, {48, 4000}, {60, 4000}},
         40,
         400},
        {"grew before the window only",
         {{0, 1000}, {6, 4000}, {100, 4000}, {110, 4000}},
         0,
         0},
        {"nobody's attention", {{0, 1}, {1, 40}}, 0, 0},
        /* In a second: counted as an hour. */
        {"a second apart", {{0, 1000}, {1.0 / 3600, 2000}}, 0.9, 1.1},
    };
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        struct triage_case c = {0};
        for (size_t k = 0; k < COUNT_OF(table[i].told) && table[i].told[k].views; k++)
            tell(&c, table[i].told[k].hours, table[i].told[k].views);
        print_message("row %zu: %s: %.2f\n", i, table[i].what, c.doubling_hours);
        assert_true(c.doubling_hours >= table[i].from && c.doubling_hours <= table[i].to);
        assert_true(c.public);
    }
}

/* Any order of the same tellings gives the same. */
static void
test_order_does_not_matter(void **state)
{
    (void)state;
    static const int orders[][4] = {
        {0, 1, 2, 3}, {3, 2, 1, 0}, {1, 3, 0, 2}, {2, 0, 3, 1}};
    double first = 0;
    for (size_t i = 0; i < COUNT_OF(orders); i++) {
        struct triage_case c = {0};
        for (size_t k = 0; k < 4; k++)
            tell(&c, 5.0 * orders[i][k], 1000 + 3000 * orders[i][k] * orders[i][k]);
        print_message("order %zu: %.4f, views %lld\n", i, c.doubling_hours,
                      (long long)c.views);
        assert_int_equal(c.views, 28000);
        if (i == 0)
            first = c.doubling_hours;
        assert_true(first > 0 && c.doubling_hours == first);
    }
}

/* It halves each half life while nothing is told, and ends with the window. */
static void
test_growth_fades(void **state)
{
    (void)state;
    static const struct {
        int64_t hours;
        double expect;
    } table[] = {{0, 1}, {24, 0.5}, {48, 0.25}, {72, 0.125}, {73, 0}};
    struct triage_case c = {0};
    tell(&c, 0, 1000);
    tell(&c, 6, 4000);
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        double left = triage_growth_left(policy, &c, T0 + (6 + table[i].hours) * HOUR_MS);
        print_message("after %lld hours: %.3f\n", (long long)table[i].hours, left);
        assert_true(left == table[i].expect);
    }
}

static void
test_bounded(void **state)
{
    (void)state;
    struct triage_case c = {0};
    for (int i = 0; i < 100; i++)
        tell(&c, i, 1000 + i);
    assert_int_equal(c.n_tellings, TRIAGE_TELLINGS);
    assert_int_equal(c.tellings[TRIAGE_TELLINGS - 1].views, 1099);
    tell(&c, 0.5, 7); /* older than all that is kept */
    assert_int_equal(c.n_tellings, TRIAGE_TELLINGS);
    assert_int_equal(c.views, 1099);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_growth),
        cmocka_unit_test(test_order_does_not_matter),
        cmocka_unit_test(test_growth_fades),
        cmocka_unit_test(test_bounded),
    };
    return cmocka_run_group_tests(tests, shipped_triage_load, shipped_triage_release);
}
