/* A stage's own metrics: what is counted, what is shown, and that strangers' labels are
 * bounded. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "stage/series.h"
#include "stage/stage_metrics.h"
#include "stage_rig.h"

enum { M_SEEN, M_SIZE, M_MODEL };
static const double BOUNDS[] = {0.5, 1};
static const struct stage_metric METRICS[] = {
    {"redress_seen_total", "Seen.", METRIC_COUNTER, {"task", "label"}, 2, NULL, 0},
    {"redress_size", "Size.", METRIC_HISTOGRAM, {"task"}, 0, BOUNDS, COUNT_OF(BOUNDS)},
    {"redress_model_info", "Model.", METRIC_CURRENT, {"task", "model"}, 2, NULL, 0},
};

static void
add(struct stage_series *series, size_t metric, const char *task, const char *label,
    double value)
{
    const struct observation o = {
        .metric = metric, .labels = {str_from(task), str_from(label)}, .value = value};
    stage_series_add(series, &o);
}

/* Everything that is shown, each line with source="s". */
static const char *
shown(const struct stage_series *series, struct buf *out)
{
    buf_clear(out);
    (void)buf_add_c(out, "");
    for (size_t m = 0; m < COUNT_OF(METRICS); m++)
        stage_series_print(series, m, "s=\"1\"", out);
    return out->ptr;
}

static void
test_commit(void **state)
{
    (void)state;
    CLEANUP(buf_release) struct buf out = {0};
    struct stage_series *series = stage_series_new(METRICS, COUNT_OF(METRICS));

    add(series, M_SEEN, "kind", "praise", 1);
    assert_string_equal(shown(series, &out), ""); /* not committed */
    stage_series_undo(series);
    stage_series_keep(series);
    assert_string_equal(shown(series, &out), ""); /* an aborted batch counts nothing */

    add(series, M_SEEN, "kind", "praise", 1);
    add(series, M_SEEN, "kind", "praise", 2);
    add(series, M_SEEN, "kind", "a \"b\\\nc", 1);
    add(series, M_SIZE, "kind", NULL, 0.5); /* the bound is in its bucket */
    add(series, M_SIZE, "kind", NULL, 0.75);
    add(series, M_SIZE, "kind", NULL, 2);
    stage_series_keep(series);
    stage_series_keep(series); /* nothing is counted twice */
    assert_string_equal(shown(series, &out),
                        "redress_seen_total{s=\"1\",task=\"kind\",label=\"praise\"} 3\n"
                        "redress_seen_total{s=\"1\",task=\"kind\","
                        "label=\"a \\\"b\\\\\\nc\"} 1\n"
                        "redress_size_bucket{s=\"1\",task=\"kind\",le=\"0.5\"} 1\n"
                        "redress_size_bucket{s=\"1\",task=\"kind\",le=\"1\"} 2\n"
                        "redress_size_bucket{s=\"1\",task=\"kind\",le=\"+Inf\"} 3\n"
                        "redress_size_sum{s=\"1\",task=\"kind\"} 3.25\n"
                        "redress_size_count{s=\"1\",task=\"kind\"} 3\n");
    stage_series_drop(series);
}

/* The model that speaks now is shown, not the ones before it. */
static void
test_current(void **state)
{
    (void)state;
    CLEANUP(buf_release) struct buf out = {0};
    struct stage_series *series = stage_series_new(METRICS, COUNT_OF(METRICS));
    static const char *const models[] = {"m1", "m2", "m1"};

    for (size_t i = 0; i < COUNT_OF(models); i++) {
        char expect[200];
        add(series, M_MODEL, "kind", models[i], 1);
        add(series, M_MODEL, "issue", "i1", 1);
        stage_series_keep(series);
        (void)snprintf(expect, sizeof(expect),
                       "redress_model_info{s=\"1\",task=\"kind\",model=\"%s\"} 1\n",
                       models[i]);
        print_message("%zu: %s", i, expect);
        assert_non_null(strstr(shown(series, &out), expect));
        assert_non_null(strstr(out.ptr, "task=\"issue\",model=\"i1\"} 1\n"));
        assert_int_equal(out.len, strlen(expect) * 2 + 1); /* these two alone */
    }
    stage_series_drop(series);
}

/* A flood of labels in one task leaves the others room; nothing is lost from the sum. */
static void
test_bounded(void **state)
{
    (void)state;
    CLEANUP(buf_release) struct buf out = {0};
    struct stage_series *series = stage_series_new(METRICS, COUNT_OF(METRICS));
    char label[200];

    for (int i = 0; i < 10000; i++) {
        (void)snprintf(label, sizeof(label), "label %d", i);
        add(series, M_SEEN, "product", label, 1);
    }
    add(series, M_SEEN, "issue", "other", 1); /* before it is needed */
    add(series, M_SEEN, "issue", "late", 1);
    add(series, M_SEEN, "kind", "praise", 1);
    memset(label, 'x', 199);
    label[199] = 0;
    add(series, M_SEEN, "kind", label, 1);
    stage_series_keep(series);
    size_t lines = 0;
    for (const char *at = shown(series, &out); *at; at++)
        lines += *at == '\n';
    assert_int_equal(lines, SERIES_OPEN + 1 + 2 + 2);
    (void)snprintf(label, sizeof(label),
                   "redress_seen_total{s=\"1\",task=\"product\",label=\"other\"} %d\n",
                   10000 - SERIES_OPEN);
    assert_non_null(strstr(out.ptr, label));
    assert_non_null(strstr(out.ptr, "task=\"kind\",label=\"praise\"} 1\n"));
    assert_non_null(strstr(out.ptr, "task=\"issue\",label=\"other\"} 1\n"));
    /* Cut: 64 of 199. */
    assert_non_null(strstr(out.ptr, "\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
                                    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\"} 1\n"));
    assert_int_equal(stage_series_dropped(series), 0);
    /* Even of tasks, which we name ourselves, no more than there is room for. */
    for (int i = 0; i < SERIES_MAX; i++) {
        (void)snprintf(label, sizeof(label), "task %d", i);
        add(series, M_SIZE, label, NULL, 1);
    }
    assert_int_equal(stage_series_dropped(series), SERIES_OPEN + 1 + 3 + 2);
    stage_series_drop(series);
}

/* --- read while it is written (ThreadSanitizer looks on) ---------------------------- */

static void *
write_models(void *ctx)
{
    for (int i = 0; i < 2 * SERIES_OPEN; i++) {
        char label[32];
        (void)snprintf(label, sizeof(label), "m%d", i);
        add(ctx, M_MODEL, "kind", label, 1);
        add(ctx, M_SIZE, "kind", NULL, i);
        stage_series_keep(ctx);
    }
    return NULL;
}

static void
test_threads(void **state)
{
    (void)state;
    CLEANUP(buf_release) struct buf out = {0};
    struct stage_series *series = stage_series_new(METRICS, COUNT_OF(METRICS));
    pthread_t writer;
    assert_int_equal(pthread_create(&writer, NULL, write_models, series), 0);
    while (!strstr(shown(series, &out), "model=\"other\"} 1\n"))
        ;
    assert_int_equal(pthread_join(writer, NULL), 0);
    stage_series_drop(series);
}

/* --- in a turn ---------------------------------------------------------------------- */

static bool
on_event(struct turn *turn, const struct complaint_event *ev, struct err *err)
{
    const struct str labels[] = {STR("kind"), ev->event_id};
    turn_observe(turn, M_SEEN, labels, 1);
    if (str_eq(ev->event_id, STR("bad")))
        return err_dead(err, DEAD_BAD_FIELD, NULL, "refused");
    return turn_emit(turn, ev, err);
}

static const struct stage_output OUTPUTS[] = {{"out", true}};
static const struct stage_def DEF = {.service = "test",
                                     .name = "observing",
                                     .input = "in",
                                     .outputs = OUTPUTS,
                                     .n_outputs = 1,
                                     .on_event = on_event,
                                     .metrics = METRICS,
                                     .n_metrics = COUNT_OF(METRICS)};

static void
give(struct stage_rig *rig, const char *id, struct buf *bytes)
{
    struct err err = {0};
    const struct complaint_event ev = {.event_id = str_from(id),
                                       .type = EVENT_TYPE_COMPLAINT_MESSAGE,
                                       .customer_key = STR("k")};
    assert_true(wire_encode(&complaint_event_wire, &ev, bytes, &err));
    const struct raw_message message = {
        .topic = STR("in"), .key = STR("k"), .value = buf_str(bytes)};
    assert_true(turn_run(rig->turn, &rig->driver, &message, 0, &err));
}

/* A refused event is not counted, its neighbours are. */
static void
test_turn(void **state)
{
    (void)state;
    struct stage_rig *rig = calloc(1, sizeof(*rig));
    const struct observation *seen = NULL;
    assert_non_null(rig);
    stage_rig_open(rig, &DEF, NULL);
    static const char *const ids[] = {"a", "bad", "c"};
    struct buf bytes[COUNT_OF(ids)] = {{0}};
    for (size_t i = 0; i < COUNT_OF(ids); i++)
        give(rig, ids[i], &bytes[i]);
    assert_int_equal(turn_observations(rig->turn, &seen), 2);
    assert_true(str_eq(seen[0].labels[1], STR("a")));
    assert_true(str_eq(seen[1].labels[1], STR("c")));
    turn_clear(rig->turn);
    assert_int_equal(turn_observations(rig->turn, &seen), 0);
    for (size_t i = 0; i < COUNT_OF(ids); i++)
        buf_release(&bytes[i]);
    stage_rig_close(rig);
    free(rig);
}

/* One head a metric, a line a thread; stages without figures of their own say nothing. */
static void
test_page(void **state)
{
    (void)state;
    CLEANUP(buf_release) struct buf out = {0};
    struct stage_metrics metrics[3];
    const struct stage_metrics_source sources[] = {{"svc", "one", 0, &metrics[0]},
                                                   {"svc", "one", 1, &metrics[1]},
                                                   {"svc", "two", 0, &metrics[2]}};
    for (size_t i = 0; i < COUNT_OF(metrics); i++) {
        stage_metrics_init(&metrics[i]);
        if (i == 2)
            continue;
        stage_metrics_own(&metrics[i], METRICS, COUNT_OF(METRICS));
        add(metrics[i].own, M_SEEN, "kind", "praise", 1 + (double)i);
        stage_series_keep(metrics[i].own);
    }
    stage_metrics_print(sources, COUNT_OF(sources), 0, &out);
    assert_non_null(strstr(
        out.ptr, "# HELP redress_seen_total Seen.\n# TYPE redress_seen_total counter\n"
                 "redress_seen_total{service=\"svc\",stage=\"one\",thread=\"0\","
                 "task=\"kind\",label=\"praise\"} 1\n"
                 "redress_seen_total{service=\"svc\",stage=\"one\",thread=\"1\","
                 "task=\"kind\",label=\"praise\"} 2\n"
                 "# HELP redress_size Size.\n# TYPE redress_size histogram\n"
                 "# HELP redress_model_info Model.\n# TYPE redress_model_info gauge\n"));
    assert_non_null(strstr(out.ptr, "redress_observations_dropped_total{service=\"svc\","
                                    "stage=\"one\",thread=\"1\"} 0\n"));
    assert_null(strstr(out.ptr, "redress_observations_dropped_total{service=\"svc\","
                                "stage=\"two\""));
    for (size_t i = 0; i < COUNT_OF(metrics); i++)
        stage_metrics_release(&metrics[i]);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_commit),  cmocka_unit_test(test_current),
        cmocka_unit_test(test_bounded), cmocka_unit_test(test_turn),
        cmocka_unit_test(test_page),    cmocka_unit_test(test_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
