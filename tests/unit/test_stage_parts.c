#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "stage/changelog.h"
#include "stage/stage_metrics.h"
#include "stage/topics.h"

/* The form is on disk in every installation: these bytes must not change. */
static void
test_changelog_value(void **state)
{
    (void)state;
    static const struct row {
        int64_t due_ms;
        const char *record, *hex;
    } table[] = {
        {0, "", "0000000000000000"},
        {1, "ab", "01000000000000006162"},
        {1700000000000, "x", "0068e5cf8b01000078"},
        {TIME_NONE, "x", "000000000000008078"},
        {-1, "", "ffffffffffffffff"},
    };
    CLEANUP(buf_release) struct buf out = {0};
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        print_message("row %zu: due %lld\n", i, (long long)table[i].due_ms);
        changelog_value(str_from(table[i].record), table[i].due_ms, &out);
        char hex[64] = "";
        for (size_t b = 0; b < out.len; b++)
            (void)snprintf(hex + 2 * b, sizeof(hex) - 2 * b, "%02x",
                           (unsigned)(unsigned char)out.ptr[b]);
        assert_string_equal(hex, table[i].hex);
    }
}

static void
test_names(void **state)
{
    (void)state;
    struct settings settings;
    struct err err = {0};
    char name[TOPIC_NAME_BYTES];
    assert_true(settings_parse(&settings, "test",
                               STR("{\"topic_prefix\": \"p.\", \"partitions\": 4,"
                                   "\"inbound_partitions\": 1}"),
                               &err));
    assert_string_equal(topic_full_name(&settings, "complaints.keyed", name),
                        "p.complaints.keyed");
    assert_string_equal(topic_changelog(&settings, "sla", name),
                        "p.redress.sla.changelog");
    assert_string_equal(topic_group(&settings, "sla", name), "p.redress.sla");
    for (size_t i = 0; i < topics_len; i++) {
        print_message("%s\n", topics[i].name);
        bool inbound = strcmp(topics[i].name, "complaints.inbound") == 0;
        assert_int_equal(topic_partitions(&settings, &topics[i]), inbound ? 1 : 4);
        /* Only the publisher's topic keeps the publisher's time. */
        assert_int_equal(topics[i].append_time, !inbound);
        assert_int_equal(topics[i].compacted,
                         strstr(topics[i].name, ".changelog") != NULL);
    }
    settings_release(&settings);
}

static void
test_metrics(void **state)
{
    (void)state;
    struct stage_metrics metrics;
    stage_metrics_init(&metrics);
    metric_add(&metrics.events, 3);
    metric_add(&metrics.dead[DEAD_BAD_JSON], 2);
    histogram_add(&metrics.commit_us, 900);
    histogram_add(&metrics.commit_us, 1000);
    histogram_add(&metrics.commit_us, 1001);
    histogram_add(&metrics.commit_us, 60 * SECOND_MS * 1000);
    const struct partition_figures figures[] = {
        {.partition = 2,
         .lag = 7,
         .clock_ms = TIME_NONE,
         .next_due_ms = 4000,
         .timers = 1},
        {.partition = 5, .lag = -1, .clock_ms = 9000, .next_due_ms = TIME_NONE},
    };
    stage_metrics_partitions(&metrics, figures, COUNT_OF(figures));
    const struct stage_metrics_source source = {"intake", "door", 0, &metrics};
    CLEANUP(buf_release) struct buf out = {0};
    stage_metrics_print(&source, 1, 6500, &out);
    static const char *const lines[] = {
        "\nredress_events_total{service=\"intake\",stage=\"door\",thread=\"0\"} 3\n",
        "thread=\"0\",reason=\"bad_json\"} 2\n",
        "redress_commit_seconds_bucket{service=\"intake\",stage=\"door\",thread=\"0\",le="
        "\"0."
        "001\"} 2\n",
        "thread=\"0\",le=\"0.002\"} 3\n",
        "thread=\"0\",le=\"10\"} 3\n",
        "thread=\"0\",le=\"+Inf\"} 4\n",
        "redress_commit_seconds_count{service=\"intake\",stage=\"door\",thread=\"0\"} "
        "4\n",
        "redress_lag{service=\"intake\",stage=\"door\",thread=\"0\",partition=\"2\"} 7\n",
        "redress_timer_late_seconds{service=\"intake\",stage=\"door\",thread=\"0\","
        "partition=\"2\"} 2.5\n",
        "redress_event_clock_seconds{service=\"intake\",stage=\"door\",thread=\"0\","
        "partition=\"5\"} 9\n",
    };
    for (size_t i = 0; i < COUNT_OF(lines); i++) {
        print_message("line %zu: %s", i, lines[i]);
        assert_non_null(strstr(out.ptr, lines[i]));
    }
    /* An unknown lag is not 0: it is not said. */
    assert_null(strstr(out.ptr,
                       "redress_lag{service=\"intake\",stage=\"door\",thread=\"0\","
                       "partition=\"5\"}"));
    stage_metrics_release(&metrics);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_changelog_value),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_metrics),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
