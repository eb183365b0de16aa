/* Scores and thresholds as JSON and in words: what is not to be had is said, never shown
 * as a number. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ctl/learn.h"

static void
test_threshold(void **state)
{
    (void)state;
    static const struct {
        double wanted, at, kept, accuracy;
        const char *json, *words;
    } table[] = {
        {0.95, 0.873, 0.502, 0.961,
         ",\"threshold\":{\"wanted\":0.95,\"at\":0.8730,\"kept\":0.5020,"
         "\"accuracy\":0.9610}",
         "0.873 for an accuracy of 0.95: 50.2% of the answers reach it, 0.961 of them "
         "right; the others need a person\n"},
        {0, 0.873, 0.502, 0.961,
         ",\"threshold\":{\"at\":0.8730,\"kept\":0.5020,\"accuracy\":0.9610}",
         "0.873: 50.2% of the answers reach it, 0.961 of them right; the others need a "
         "person\n"},
        {0.95, SCORE_NEVER, 0, 0,
         ",\"threshold\":{\"wanted\":0.95,\"at\":null,\"kept\":0.0000,"
         "\"accuracy\":null}",
         "none: no confidence promises an accuracy of 0.95, so every answer needs a "
         "person\n"},
        {0, SCORE_NEVER, 0, 0,
         ",\"threshold\":{\"at\":null,\"kept\":0.0000,\"accuracy\":null}",
         "none: the model is never sure, so every answer needs a person\n"},
        {0.95, 0, 1, 0.99,
         ",\"threshold\":{\"wanted\":0.95,\"at\":0.0000,\"kept\":1.0000,"
         "\"accuracy\":0.9900}",
         "none is needed: all answers together are right often enough (0.990), none "
         "needs a person\n"},
        {0.95, 0.99, 0, 0,
         ",\"threshold\":{\"wanted\":0.95,\"at\":0.9900,\"kept\":0.0000,"
         "\"accuracy\":null}",
         "0.990: no answer reaches it, every one needs a person\n"},
    };
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        CLEANUP(buf_release) struct buf json = {0};
        CLEANUP(buf_release) struct buf words = {0};
        print_message("row %zu: %s", i, table[i].words);
        learn_threshold_json(table[i].wanted, table[i].at, table[i].kept,
                             table[i].accuracy, &json);
        assert_string_equal(json.ptr, table[i].json);
        json_t *root = json_loads(strchr(json.ptr, '{'), 0, NULL);
        assert_non_null(root);
        learn_threshold_show(root, &words);
        assert_string_equal(words.ptr, table[i].words);
        json_decref(root);
    }
}

/* Cards written before null was: a number that no confidence reaches is "none", too. */
static void
test_old_card(void **state)
{
    (void)state;
    CLEANUP(buf_release) struct buf words = {0};
    json_t *root = json_loads("{\"wanted\":0.95,\"at\":2.0,\"kept\":0}", 0, NULL);
    learn_threshold_show(root, &words);
    json_decref(root);
    assert_string_equal(words.ptr, "none: no confidence promises an accuracy of 0.95, so "
                                   "every answer needs a person\n");
}

static void
test_tables(void **state)
{
    (void)state;
    const struct str labels[] = {STR("complaint"), STR("praise")};
    static const char *const LINES[] = {
        "40 texts: accuracy 0.750, macro-F1 0.750, calibration error 0.225\n",
        "complaint\n",
        "  confidence from  texts kept  accuracy\n",
        "             0.00      100.0%     0.750\n",
        "             0.70       75.0%     1.000\n",
        "            0.95            0.900       75.0%\n",
        "  0.6 to 0.7       10       0.600  0.000  (few)\n",
        "  0.9 to 1.0       30       0.900  1.000\n",
    };
    struct arena arena = {0};
    CLEANUP(buf_release) struct buf text = {0};
    CLEANUP(buf_release) struct buf json = {0};
    struct scored docs[40];
    struct score score;
    for (uint32_t i = 0; i < COUNT_OF(docs); i++)
        docs[i] =
            (struct scored){i % 2, i < 30 ? i % 2 : 1 - i % 2, i < 30 ? 0.9F : 0.6F};
    score_make(docs, COUNT_OF(docs), 2, &arena, &score);
    learn_score_show(&score, labels, &text);
    for (size_t i = 0; i < COUNT_OF(LINES); i++) {
        print_message("row %zu: %s", i, LINES[i]);
        if (!strstr(text.ptr, LINES[i]))
            fail_msg("not in\n%s", text.ptr);
    }
    /* 10 wrong of 40: 0.99 is to be had of the 30, of nothing were they half wrong. */
    for (uint32_t i = 0; i < 15; i++)
        docs[i].said = 1 - docs[i].truth;
    score_make(docs, COUNT_OF(docs), 2, &arena, &score);
    buf_clear(&text);
    learn_score_show(&score, labels, &text);
    assert_non_null(strstr(text.ptr, "             0.99  not to be had\n"));
    buf_add_char(&json, '{');
    learn_score_json(&score, labels, &json);
    buf_add_char(&json, '}');
    json_t *root = json_loadb(json.ptr, json.len, 0, NULL);
    const json_t *last =
        json_array_get(json_object_get(root, "coverage"), SCORE_COVER - 1);
    assert_true(json_is_null(json_object_get(last, "threshold")));
    assert_true(json_is_null(json_object_get(last, "accuracy")));
    assert_int_equal(json_array_size(json_object_get(root, "reliability")), SCORE_BINS);
    json_decref(root);
    arena_release(&arena);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_threshold),
        cmocka_unit_test(test_old_card),
        cmocka_unit_test(test_tables),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
