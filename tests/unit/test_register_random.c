/* intake/register on any input: gap-free, counted, the same twice. */
#include "register_rig.h"

#include "gen/register_totals.h"

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
        cmocka_unit_test(test_random_lives),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
