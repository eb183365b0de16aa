/* Training: learns what is there, says how sure, the same bytes whatever the order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/times.h"
#include "classification/model.h"
#include "classification/train.h"
#include "features_rig.h"

#define ARENA_BYTES ((size_t)1 << 30)

static const struct {
    const char *label;
    const char *words[6];
} TOPICS[] = {
    {"delivery", {"parcel", "late", "courier", "快递", "delivered", "tracking"}},
    {"payment", {"charged", "refund", "card", "退款", "invoice", "twice"}},
    {"login", {"password", "account", "locked", "登录", "code", "reset"}},
};
static const char *const FILLER[] = {"the", "my",    "please", "it",
                                     "was", "again", "我",     "had"};

/* Text i: words of its topic among filler, always the same. */
static size_t
make_text(uint32_t i, uint32_t n_topics, struct buf *out)
{
    uint32_t seed = i * 2654435761U + 12345;
    size_t topic = i % n_topics;
    buf_clear(out);
    for (int k = 0; k < 8; k++) {
        seed = seed * 1664525U + 1013904223U;
        uint32_t lot = seed >> 16;
        buf_printf(out, "%s ",
                   k % 3 == 0 ? TOPICS[topic].words[lot % 6]
                              : FILLER[lot % COUNT_OF(FILLER)]);
    }
    return topic;
}

struct given {
    uint32_t n, n_topics;
    bool backwards, times, random_labels;
    const struct train_choice *choice; /* NULL: to be made */
    bool one_day;
};

struct seen {
    uint32_t done, of;
};

static void
see_progress(void *ctx, const char *what, uint32_t done, uint32_t of)
{
    assert_non_null(what);
    *(struct seen *)ctx = (struct seen){done, of};
}

/* Trains; the model's bytes in out. */
static bool
train_texts(const struct features_rig *rig, const struct given *given,
            struct train_result *ret, struct buf *out, struct err *err)
{
    struct arena arena;
    CLEANUP(buf_release) struct buf text = {0};
    arena_init(&arena, ARENA_BYTES);
    struct train_set *set = train_set_new(rig->table, &arena);
    for (uint32_t k = 0; k < given->n; k++) {
        uint32_t i = given->backwards ? given->n - 1 - k : k;
        size_t topic = make_text(i, given->n_topics, &text);
        if (given->random_labels)
            topic = (i * 2246822519U >> 13) % given->n_topics;
        int64_t time_ms = given->one_day ? DAY_MS
                          : given->times ? (int64_t)i * DAY_MS
                                         : TIME_NONE;
        assert_true(train_add(set, STR_NULL, buf_str(&text),
                              str_from(TOPICS[topic].label), time_ms, err));
    }
    struct seen seen = {0, 0};
    struct train_options options = {.wanted = 0.95,
                                    .fixed = given->choice != NULL,
                                    .progress = see_progress,
                                    .progress_ctx = &seen};
    if (given->choice)
        options.choice = *given->choice;
    bool ok = train_run(set, &options, ret, err);
    assert_int_equal(seen.done, seen.of); /* what is shown comes to its end */
    if (ok) {
        ret->parts.task = STR("topic");
        ret->parts.card = STR("{}");
        ok = model_write(&ret->parts, out);
        ret->score.label = NULL;
    }
    train_set_drop(set);
    arena_release(&arena);
    return ok;
}

static void
test_learns(void **state)
{
    static const struct {
        double least, most; /* accuracy on held-out texts */
        struct given given;
        bool sure; /* the threshold keeps some */
    } table[] = {
        {0.95, 1, {240, 3, false, false, false, NULL, false}, true},
        {0.95, 1, {240, 2, false, false, false, NULL, false}, true},
        {0.95, 1, {240, 3, false, true, false, NULL, false}, true},
        /* one day for all is no order */
        {0.95, 1, {240, 3, false, false, false, NULL, true}, true},
        {0.15,
         0.55,
         {300, 3, false, false, true, NULL, false},
         false}, /* nothing to learn */
    };
    const struct features_rig *rig = *state;
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        CLEANUP(buf_release) struct buf bytes = {0};
        struct train_result result;
        struct model model;
        struct err err = {0};
        print_message("row %zu: %u texts\n", i, table[i].given.n);
        if (!train_texts(rig, &table[i].given, &result, &bytes, &err))
            fail_msg("%s", err.text);
        print_message("accuracy %.3f kept %.3f\n", result.score.accuracy,
                      result.kept.kept);
        assert_true(result.score.accuracy >= table[i].least);
        assert_true(result.score.accuracy <= table[i].most);
        assert_int_equal(result.kept.kept > 0.5, table[i].sure);
        assert_true(result.kept.kept == 0 || result.kept.accuracy >= 0.95);
        assert_int_equal(result.by_time, table[i].given.times);
        assert_true(model_from(&model, buf_str(&bytes), &err));
    }
}

/* What was trained answers texts that it has not seen, in both languages. */
static void
test_answers(void **state)
{
    static const struct {
        const char *text, *label, *reason;
    } table[] = {
        {"where is my PARCEL", "delivery", "parcel"},
        {"I want a refund!", "payment", "refund"},
        {"我要退款", "payment", "退款"},
        {"password reset", "login", NULL},
        {"无法登錄", "login", "登录"}, /* traditional */
    };
    const struct features_rig *rig = *state;
    CLEANUP(buf_release) struct buf bytes = {0};
    struct arena arena = {0};
    struct train_result result;
    struct model model;
    struct model_scratch scratch;
    struct err err = {0};
    assert_true(train_texts(rig,
                            &(struct given){300, 3, false, false, false, NULL, false},
                            &result, &bytes, &err));
    assert_true(model_from(&model, buf_str(&bytes), &err));
    struct features_scratch *text = ARENA_NEW(&arena, struct features_scratch);
    struct model_answer *answer = ARENA_NEW(&arena, struct model_answer);
    model_scratch_new(&scratch, model.header->n_rows, &arena);
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        print_message("row %zu: %s\n", i, table[i].text);
        features_read(rig->table, STR_NULL, str_from(table[i].text), text);
        model_classify(&model, text, &scratch, answer);
        struct str label = model_label_name(&model, answer->label);
        print_message("%.*s %.3f\n", STR_ARG(label), (double)answer->confidence);
        assert_true(str_eq(label, str_from(table[i].label)));
        assert_true(answer->n_reasons > 0);
        if (table[i].reason)
            assert_true(str_eq(answer->reason[0].text, str_from(table[i].reason)));
    }
    arena_release(&arena);
}

static void
test_same_bytes(void **state)
{
    static const struct given FIRST = {120, 3, false, false, false, NULL, false};
    static const struct given OTHERS[] = {
        {120, 3, false, false, false, NULL, false},
        {120, 3, true, false, false, NULL, false}, /* the other way round */
        {121, 3, false, false, false, NULL, false},
    };
    static const bool SAME[] = {true, true, false};
    const struct features_rig *rig = *state;
    CLEANUP(buf_release) struct buf one = {0};
    struct train_result result;
    struct err err = {0};
    assert_true(train_texts(rig, &FIRST, &result, &one, &err));
    for (size_t i = 0; i < COUNT_OF(OTHERS); i++) {
        CLEANUP(buf_release) struct buf two = {0};
        print_message("row %zu\n", i);
        assert_true(train_texts(rig, &OTHERS[i], &result, &two, &err));
        assert_int_equal(str_eq(buf_str(&one), buf_str(&two)), SAME[i]);
    }
}

/* Whether training again with the choice that was made makes the same model. */
static bool
same_as_fixed(const struct features_rig *rig, const struct given *given,
              struct train_result *ret)
{
    CLEANUP(buf_release) struct buf chosen = {0};
    CLEANUP(buf_release) struct buf fixed = {0};
    struct given again = *given;
    struct train_result result;
    struct err err = {0};
    assert_true(train_texts(rig, given, ret, &chosen, &err));
    again.choice = &ret->choice;
    assert_true(train_texts(rig, &again, &result, &fixed, &err));
    assert_int_equal(result.n_tried, 0);
    assert_int_equal(result.n_also, 0);
    return str_eq(buf_str(&chosen), buf_str(&fixed));
}

/* Choices that are as good are averaged with the best: they count n-grams as it does, and
 * the model is then not that of the best alone. */
static void
test_averages(void **state)
{
    static const struct given table[] = {
        {120, 3, false, false, false, NULL, false},
        {240, 2, false, true, false, NULL, false},
        {300, 3, false, false, true, NULL, false},
    };
    const struct features_rig *rig = *state;
    size_t n_averaged = 0;
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        struct train_result result;
        print_message("row %zu: %u texts\n", i, table[i].n);
        bool same = same_as_fixed(rig, &table[i], &result);
        print_message("%zu averaged with the best of %zu\n", result.n_also,
                      result.n_tried);
        assert_int_equal(same, result.n_also == 0);
        n_averaged += result.n_also;
        for (size_t k = 0; k < result.n_also; k++) {
            assert_true(result.also[k].tf == result.choice.tf);
            assert_memory_not_equal(&result.also[k], &result.choice,
                                    sizeof(result.choice));
        }
    }
    assert_true(n_averaged > 0);
}

static void
test_refused(void **state)
{
    static const struct {
        struct given given;
        const char *wrong;
    } table[] = {
        {{0, 2, false, false, false, NULL, false}, "too few"},
        {{19, 2, false, false, false, NULL, false}, "too few"},
        {{100, 1, false, false, false, NULL, false}, "same label"},
    };
    const struct features_rig *rig = *state;
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        CLEANUP(buf_release) struct buf bytes = {0};
        struct train_result result;
        struct err err = {0};
        print_message("row %zu: %s\n", i, table[i].wrong);
        assert_false(train_texts(rig, &table[i].given, &result, &bytes, &err));
        assert_non_null(strstr(err.text, table[i].wrong));
    }
}

/* 400 answers: the 300 sure ones right, the others wrong. */
static void
test_score(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct scored docs[400];
    struct score score;
    for (uint32_t i = 0; i < 400; i++)
        docs[i] =
            (struct scored){i % 2, i < 300 ? i % 2 : 1 - i % 2, i < 300 ? 0.9F : 0.6F};
    score_make(docs, 400, 2, &arena, &score);
    assert_float_equal(score.accuracy, 0.75, 1e-9);
    assert_float_equal(score.macro_f1, 0.75, 1e-9);
    /* 300 at 0.9 that are right, 100 at 0.6 that are wrong */
    assert_float_equal(score.ece, (30 * 0.1 + 10 * 0.6) / 40, 1e-6);
    assert_float_equal(score.curve[7].kept, 0.75, 1e-9);
    assert_float_equal(score.curve[7].accuracy, 1, 1e-9);
    arena_release(&arena);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_learns),     cmocka_unit_test(test_answers),
        cmocka_unit_test(test_same_bytes), cmocka_unit_test(test_refused),
        cmocka_unit_test(test_score),      cmocka_unit_test(test_averages),
    };
    return cmocka_run_group_tests(tests, features_rig_set_up, features_rig_tear_down);
}
