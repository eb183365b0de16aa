/* The store: what an aborted batch must not leave behind, and the order of timers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/times.h"
#include "state/store.h"

/* Every record as "key=value@due;" in key order: two equal texts are two equal states. */
static void
print_record(void *ctx, struct str key, struct str value, int64_t due_ms)
{
    struct buf *out = ctx;
    buf_printf(out, "%.*s=%.*s", STR_ARG(key), STR_ARG(value));
    if (due_ms != TIME_NONE)
        buf_printf(out, "@%lld", (long long)due_ms);
    buf_add_c(out, ";");
}

static void
assert_state(struct store *store, const char *expect)
{
    CLEANUP(buf_release) struct buf out = {0};
    store_each(store, true, print_record, &out);
    assert_string_equal(out.ptr ? out.ptr : "", expect);
}

/* Fires everything due up to now: "key@due;" each. */
static void
assert_fires(struct store *store, int64_t now_ms, const char *expect)
{
    CLEANUP(buf_release) struct buf out = {0};
    struct str key;
    int64_t due_ms = 0;
    while (store_next_due(store, now_ms, &key, &due_ms)) {
        buf_printf(&out, "%.*s@%lld;", STR_ARG(key), (long long)due_ms);
        store_clear_due(store, key);
    }
    assert_string_equal(out.ptr ? out.ptr : "", expect);
}

static void
test_rollback_leaves_no_trace(void **state)
{
    (void)state;
    struct store *store = store_new();
    store_put(store, STR("a"), STR("1"), 10);
    store_put(store, STR("b"), STR("2"), TIME_NONE);
    store_commit(store);
    assert_state(store, "a=1@10;b=2;");
    size_t bytes = store_bytes(store);

    store_put(store, STR("a"), STR("changed"), TIME_NONE);
    store_put(store, STR("c"), STR("new"), 5);
    store_delete(store, STR("b"));
    store_put(store, STR("b"), STR("again"), 7);
    store_delete(store, STR("b"));
    store_delete(store, STR("c"));
    assert_state(store, "a=changed;");
    store_rollback_to(store, 0);
    assert_state(store, "a=1@10;b=2;");
    assert_int_equal(store_bytes(store), bytes);
    assert_int_equal(store_timers(store), 1);
    assert_fires(store, 100, "a@10;");
    store_drop(store);
}

static void
test_mark_undoes_one_event(void **state)
{
    (void)state;
    struct store *store = store_new();
    store_put(store, STR("a"), STR("1"), TIME_NONE);
    size_t mark = store_mark(store);
    store_put(store, STR("a"), STR("2"), 9);
    store_put(store, STR("b"), STR("3"), 9);
    store_rollback_to(store, mark);
    assert_state(store, "a=1;");
    store_commit(store);
    assert_state(store, "a=1;");
    store_drop(store);
}

static void
test_timers_in_due_then_key_order(void **state)
{
    (void)state;
    struct store *store = store_new();
    static const struct {
        const char *key;
        int64_t due_ms;
    } puts[] = {{"m", 30}, {"z", 10}, {"b", 20}, {"a", 20},
                {"k", 40}, {"c", 20}, {"y", 10}};
    for (size_t i = 0; i < COUNT_OF(puts); i++)
        store_put(store, str_from(puts[i].key), STR("v"), puts[i].due_ms);
    store_put(store, STR("z"), STR("v"), 50); /* later */
    store_put(store, STR("k"), STR("v"), 5);  /* earlier */
    store_delete(store, STR("b"));
    assert_int_equal(store_first_due(store), 5);
    assert_fires(store, 4, "");
    assert_fires(store, 30, "k@5;y@10;a@20;c@20;m@30;");
    assert_fires(store, 1000, "z@50;");
    store_drop(store);
}

static void
test_changes_are_listed_once(void **state)
{
    (void)state;
    struct store *store = store_new();
    store_put(store, STR("old"), STR("1"), TIME_NONE);
    store_put(store, STR("gone"), STR("1"), TIME_NONE);
    store_commit(store);
    store_put(store, STR("b"), STR("1"), TIME_NONE);
    store_put(store, STR("a"), STR("2"), 3);
    store_put(store, STR("b"), STR("3"), TIME_NONE);
    store_delete(store, STR("gone"));
    CLEANUP(buf_release) struct buf out = {0};
    store_each_change(store, print_record, &out);
    assert_string_equal(out.ptr, "b=3;a=2@3;gone=;");
    store_commit(store);
    buf_clear(&out);
    store_each_change(store, print_record, &out);
    assert_int_equal(out.len, 0);
    store_drop(store);
}

/* Random changes and rollbacks against the state before them. */
static void
test_random_rollbacks(void **state)
{
    (void)state;
    struct store *store = store_new();
    uint64_t seed = 42;
    for (int round = 0; round < 200; round++) {
        CLEANUP(buf_release) struct buf before = {0};
        store_each(store, true, print_record, &before);
        size_t mark = store_mark(store);
        for (int i = 0; i < 50; i++) {
            seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
            char key[2] = {(char)('a' + (seed >> 33) % 20), '\0'};
            char value[2] = {(char)('0' + (seed >> 40) % 10), '\0'};
            int64_t due = (seed >> 50) % 3 ? (int64_t)((seed >> 20) % 100) : TIME_NONE;
            if ((seed >> 60) % 4 == 0)
                store_delete(store, str_from(key));
            else
                store_put(store, str_from(key), str_from(value), due);
        }
        if (round % 3 != 0) {
            store_rollback_to(store, mark);
            assert_state(store, before.ptr ? before.ptr : "");
        } else {
            store_commit(store);
        }
    }
    assert_true(store_count(store) > 0);
    store_drop(store);
}

/* The timer goes and comes back with the bytes untouched; the change is in the log. */
static void
test_cleared_timer_comes_back(void **state)
{
    (void)state;
    struct store *store = store_new();
    store_put(store, STR("a"), STR("1"), 10);
    store_commit(store);
    size_t mark = store_mark(store);
    store_clear_due(store, STR("a"));
    assert_state(store, "a=1;");
    store_rollback_to(store, mark);
    assert_state(store, "a=1@10;");
    store_clear_due(store, STR("a"));
    store_put(store, STR("a"), STR("2"), 30);
    store_rollback_to(store, mark);
    assert_state(store, "a=1@10;");
    assert_fires(store, 100, "a@10;");
    store_drop(store);
}

/* A changelog's records give the state and the timers that the puts had given. */
static void
test_restored(void **state)
{
    (void)state;
    struct store *store = store_new();
    store_restore(store, STR("a"), STR("1"), 10);
    store_restore(store, STR("b"), STR("2"), 5);
    store_restore(store, STR("c"), STR("3"), TIME_NONE);
    store_restore(store, STR("b"), STR("4"), 20); /* as long, later */
    store_restore(store, STR("a"), STR("longer"), 30);
    store_restore(store, STR("c"), STR_NULL, TIME_NONE);
    store_restore(store, STR("d"), STR("5"), 20);
    store_restore(store, STR("gone"), STR_NULL, TIME_NONE);
    store_restore(store, STR("e"), STR(""), TIME_NONE);
    store_restored(store);
    assert_state(store, "a=longer@30;b=4@20;d=5@20;e=;");
    assert_int_equal(store_bytes(store), 12);
    assert_int_equal(store_mark(store), 0);
    assert_fires(store, 100, "b@20;d@20;a@30;");
    store_drop(store);
}

#define MODEL_KEYS 5000

/* What a store must hold, the simplest way: key number -> value and due time. */
struct model {
    int64_t due_ms[MODEL_KEYS];
    int value[MODEL_KEYS]; /* 0: absent */
};

static struct str
model_key(int n, char room[32])
{
    /* Equal starts, different lengths: ties in the heap need the whole key. */
    (void)snprintf(room, 32, n % 2 ? "c:%d" : "c:000000000000%d", n);
    return str_from(room);
}

static void
assert_model(struct store *store, const struct model *model, const char *when)
{
    char room[32];
    size_t count = 0;
    size_t timers = 0;
    for (int n = 0; n < MODEL_KEYS; n++) {
        struct str key = model_key(n, room);
        struct str value = store_get(store, key);
        bool there = model->value[n] != 0;
        count += there;
        timers += there && model->due_ms[n] != TIME_NONE;
        if (there == str_is_null(value) ||
            (there && (value.len != 1 || value.ptr[0] != (char)model->value[n] ||
                       store_due(store, key) != model->due_ms[n])))
            fail_msg("%s: key %.*s", when, STR_ARG(key));
    }
    assert_int_equal(store_count(store), count);
    assert_int_equal(store_timers(store), timers);
}

/* Thousands of keys come and go: the table grows, its holes close, and nothing is lost;
 * then all timers fire in (due, key) order. */
static void
test_against_a_model(void **state)
{
    (void)state;
    static struct model model;
    static struct model kept;
    struct store *store = store_new();
    uint64_t seed = 12345;
    char room[32];
    for (int round = 0; round < 60; round++) {
        for (int step = 0; step < 2000; step++) {
            seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
            int n = (int)((seed >> 33) % MODEL_KEYS);
            struct str key = model_key(n, room);
            char value = (char)('a' + (seed >> 20) % 26);
            if ((seed >> 60) < 6) {
                store_delete(store, key);
                model.value[n] = 0;
                continue;
            }
            model.due_ms[n] = (seed >> 57) % 3 ? (int64_t)((seed >> 45) % 50) : TIME_NONE;
            model.value[n] = (unsigned char)value;
            store_put(store, key, (struct str){&value, 1}, model.due_ms[n]);
        }
        if (round % 3 == 1) {
            store_rollback_to(store, 0);
            model = kept;
            assert_model(store, &model, "rolled back");
        } else {
            store_commit(store);
            kept = model;
            assert_model(store, &model, "committed");
        }
    }
    struct str key;
    struct str before = STR_NULL;
    int64_t due_ms = 0;
    int64_t before_ms = INT64_MIN;
    char before_room[32];
    while (store_next_due(store, 1000, &key, &due_ms)) {
        assert_true(due_ms > before_ms ||
                    (due_ms == before_ms && str_cmp(before, key) < 0));
        assert_true(key.len < sizeof(before_room));
        memcpy(before_room, key.ptr, key.len);
        before = (struct str){before_room, key.len};
        before_ms = due_ms;
        store_clear_due(store, before);
    }
    assert_int_equal(store_timers(store), 0);
    store_drop(store);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rollback_leaves_no_trace),
        cmocka_unit_test(test_mark_undoes_one_event),
        cmocka_unit_test(test_timers_in_due_then_key_order),
        cmocka_unit_test(test_changes_are_listed_once),
        cmocka_unit_test(test_random_rollbacks),
        cmocka_unit_test(test_cleared_timer_comes_back),
        cmocka_unit_test(test_restored),
        cmocka_unit_test(test_against_a_model),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
