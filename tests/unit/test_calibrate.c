/* Calibration and thresholds: as sure as it is right, and no surer where labels differ;
 * figures that were not fitted on what they are about. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <math.h>

#include "classification/model.h"
#include "classification/train_parts.h"

#define N 6000

/* Answers made by lot from a law that is known: the truth is what the law says with its
 * own probability. */
struct law {
    uint32_t n_labels;
    double slope;        /* of the true log-odds in the margins    */
    double offset;       /* of the last label                      */
    double blur_of_last; /* how often an answer "last" is by lot   */
    bool by_time;        /* the latest fifth is by lot more often  */
    double blur_of_latest;
};
struct made {
    float margin[N * 4];
    uint32_t truth[N];
    uint32_t fold[N];
    float weight[N];
    struct train_guess guess[N];
    struct scored said[N];
    struct train_held held;
};

static void
assert_near(double got, double expected, double within)
{
    if (!(fabs(got - expected) <= within))
        fail_msg("%.6f, expected %.6f", got, expected);
}

static uint32_t seed;

static double
lot(void)
{
    seed = seed * 1664525U + 1013904223U;
    return (double)(seed >> 8) / (1 << 24);
}

static uint32_t
draw_truth(const struct law *law, const float *margin)
{
    double p[4];
    double sum = 0;
    uint32_t best = 0;
    for (uint32_t k = 0; k < law->n_labels; k++) {
        double m = law->n_labels > 2 ? (double)margin[k] : k == 1 ? (double)margin[0] : 0;
        double z = law->slope * m + (k + 1 == law->n_labels ? law->offset : 0);
        p[k] = exp(z);
        sum += p[k];
        best = p[k] > p[best] ? k : best;
    }
    if (best + 1 == law->n_labels && lot() < law->blur_of_last)
        return (uint32_t)(lot() * law->n_labels);
    double at = lot() * sum;
    uint32_t k = 0;
    while (k + 1 < law->n_labels && at >= p[k])
        at -= p[k++];
    return k;
}

static void
make(const struct law *law, uint32_t n, uint32_t from, struct made *ret)
{
    uint32_t width = law->n_labels == 2 ? 1 : law->n_labels;
    seed = from;
    for (uint32_t i = 0; i < n; i++) {
        float *m = ret->margin + (size_t)i * width;
        for (uint32_t k = 0; k < width; k++)
            m[k] = (float)(2 * (lot() + lot() - 1));
        ret->fold[i] = i % TRAIN_FOLDS;
        ret->truth[i] = draw_truth(law, m);
        if (law->by_time && ret->fold[i] == 0 && lot() < law->blur_of_latest)
            ret->truth[i] = (uint32_t)(lot() * law->n_labels);
        ret->weight[i] = 1;
    }
    ret->held = (struct train_held){.margin = ret->margin,
                                    .truth = ret->truth,
                                    .fold = ret->fold,
                                    .weight = ret->weight,
                                    .n = n,
                                    .n_labels = law->n_labels,
                                    .n_folds = TRAIN_FOLDS,
                                    .by_time = law->by_time};
}

static int
set_up(void **state)
{
    *state = calloc(1, sizeof(struct made));
    return *state ? 0 : -1;
}

static int
tear_down(void **state)
{
    free(*state);
    return 0;
}

/* Also the answers of one label are as sure as they are right. */
static void
check_each_label(const struct made *made, uint32_t n, uint32_t n_labels)
{
    for (uint32_t k = 0; k < n_labels; k++) {
        double sure = 0;
        double right = 0;
        double said = 0;
        for (uint32_t i = 0; i < n; i++)
            if (made->said[i].said == k) {
                said++;
                sure += (double)made->said[i].confidence;
                right += made->said[i].truth == k;
            }
        print_message("label %u: %.3f, right %.3f\n", k, sure / said, right / said);
        assert_near(sure / said, right / said, 0.03);
    }
}

/* What is fitted on one draw holds on another; without a term of the step it would not.
 */
static void
test_holds_on_unseen(void **state)
{
    static const struct {
        const char *what;
        struct law law;
        double slope; /* expected, 0: any */
        double ece_at_most;
    } table[] = {
        {"two labels", {2, 3, 0, 0, false, 0}, 3, 0.025},
        {"two labels, steep", {2, 40, 0, 0, false, 0}, 40, 0.025},
        {"two labels, flat", {2, 0.3, 0, 0, false, 0}, 0, 0.03},
        {"two labels, one likelier", {2, 3, 2, 0, false, 0}, 0, 0.025},
        {"four labels", {4, 4, 0, 0, false, 0}, 4, 0.025},
        /* A ceiling on one label is outside of what the step can draw. */
        {"four labels, one worth less", {4, 8, 0, 0.6, false, 0}, 0, 0.07},
    };
    struct made *made = *state;
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        struct arena arena = {0};
        struct train_calibration cal;
        struct score score;
        print_message("row %zu: %s\n", i, table[i].what);
        make(&table[i].law, N, 1, made);
        train_calibrate(&made->held, made->guess, &cal);
        make(&table[i].law, N, 77, made);
        train_guess(&made->held, &cal, TRAIN_EVERY, made->guess);
        train_say(&made->held, &cal, made->guess, TRAIN_EVERY, made->said);
        score_make(made->said, N, table[i].law.n_labels, &arena, &score);
        print_message("slope %.2f accuracy %.3f ece %.4f\n", cal.slope, score.accuracy,
                      score.ece);
        assert_true(score.ece <= table[i].ece_at_most);
        check_each_label(made, N, table[i].law.n_labels);
        if (table[i].slope > 0)
            assert_near(cal.slope, table[i].slope, 0.15 * table[i].slope);
        arena_release(&arena);
    }
}

/* The label that is worth less gets less confidence at the same probability. */
static void
test_label_of_its_own(void **state)
{
    static const struct law LAW = {4, 8, 0, 0.6, false, 0};
    struct made *made = *state;
    struct train_calibration cal;
    make(&LAW, N, 1, made);
    train_calibrate(&made->held, made->guess, &cal);
    print_message("%.2f %.2f %.2f %.2f\n", cal.sure[0], cal.sure[1], cal.sure[2],
                  cal.sure[3]);
    for (int k = 0; k < 3; k++)
        assert_true(cal.sure[3] < cal.sure[k] - 0.5);
}

/* A fold's calibration does not see the fold: turning its truths changes the calibration
 * of all texts and leaves the one without it as it was. */
static void
test_fold_is_apart(void **state)
{
    static const struct law LAW = {2, 3, 0, 0, false, 0};
    struct made *made = *state;
    struct train_calibration whole;
    struct train_calibration before;
    struct train_calibration after;
    make(&LAW, N, 1, made);
    train_calibrate(&made->held, made->guess, &whole);
    train_calibrate_without(&made->held, 2, &whole, made->guess, &before);
    for (uint32_t i = 0; i < N; i++)
        made->truth[i] = made->fold[i] == 2 ? 1 - made->truth[i] : made->truth[i];
    train_calibrate_without(&made->held, 2, &whole, made->guess, &after);
    assert_near(before.slope, after.slope, 1e-12);
    assert_near(before.sure_slope, after.sure_slope, 1e-12);
    assert_near(before.sure[1], after.sure[1], 1e-12);
    train_calibrate(&made->held, made->guess, &after);
    assert_true(after.slope < before.slope * 0.8);
}

/* Texts that weigh nothing teach nothing. */
static void
test_weights(void **state)
{
    static const struct law LAWS[] = {{2, 3, 0, 0, false, 0}, {4, 4, 1, 0, false, 0}};
    struct made *made = *state;
    for (size_t k = 0; k < COUNT_OF(LAWS); k++) {
        struct train_calibration cal;
        print_message("row %zu: %u labels\n", k, LAWS[k].n_labels);
        make(&LAWS[k], N, 1, made);
        for (uint32_t i = 0; i < N; i += 2) {
            made->truth[i] = (made->truth[i] + 1) % LAWS[k].n_labels;
            made->weight[i] = 0;
        }
        train_calibrate(&made->held, made->guess, &cal);
        print_message("slope %.3f, step %.3f\n", cal.slope, cal.sure_slope);
        assert_near(cal.slope, LAWS[k].slope, 0.15 * LAWS[k].slope);
        assert_near(cal.sure_slope, 1, 0.25);
    }
}

static double
mean_confidence(const struct score *score)
{
    double sum = 0;
    for (int i = 0; i < SCORE_BINS; i++)
        sum += score->bin[i].n * score->bin[i].confidence;
    return sum / score->n;
}

/* How sure the reported answers are does not come from their own truths: were all of the
 * latest wrong, the report would say so and be as sure of them as before. */
static void
test_report_is_apart(void **state)
{
    static const struct law LAW = {2, 3, 0, 0, true, 0};
    struct made *made = *state;
    struct arena arena = {0};
    struct train_calibration cal;
    struct train_checked checked[2];
    make(&LAW, N, 1, made);
    for (int turned = 0; turned < 2; turned++) {
        for (uint32_t i = 0; turned && i < N; i++)
            made->truth[i] = made->fold[i] == 0 ? 1 - made->truth[i] : made->truth[i];
        train_check(&made->held, 0.95, &arena, &cal, &checked[turned]);
        print_message("accuracy %.3f, sure %.3f\n", checked[turned].score.accuracy,
                      mean_confidence(&checked[turned].score));
    }
    assert_true(checked[0].score.accuracy > 0.75);
    assert_true(checked[1].score.accuracy < 0.25);
    assert_near(mean_confidence(&checked[1].score), mean_confidence(&checked[0].score),
                0.02);
    arena_release(&arena);
}

/* Where nothing is to be learned nothing is kept; the reported figures tell what the
 * latest texts are like. */
static void
test_check(void **state)
{
    static const struct {
        const char *what;
        struct law law;
        double accuracy[2]; /* reported, from .. to */
        double kept[2];
    } table[] = {
        {"sharp", {4, 8, 0, 0, false, 0}, {0.85, 1}, {0.6, 1}},
        {"all right", {2, 1000, 0, 0, false, 0}, {0.99, 1}, {1, 1}},
        {"by lot", {2, 0, 0, 0, false, 0}, {0.4, 0.6}, {0, 0}},
        {"by time, all alike", {4, 8, 0, 0, true, 0}, {0.85, 1}, {0.6, 1}},
        {"by time, sharper", {4, 12, 0, 0, true, 0}, {0.9, 1}, {0.8, 1}},
        {"by time, two labels", {2, 9, 0, 0, true, 0}, {0.85, 1}, {0.6, 1}},
        {"the latest fifth by lot", {4, 8, 0, 0, true, 1}, {0.15, 0.4}, {0, 0}},
    };
    struct made *made = *state;
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        struct arena arena = {0};
        struct train_calibration cal;
        struct train_checked checked;
        print_message("row %zu: %s\n", i, table[i].what);
        make(&table[i].law, N, 5, made);
        for (uint32_t k = 0; k < N && table[i].law.by_time; k++)
            made->weight[k] = powf(0.5F, (float)made->fold[k]);
        train_check(&made->held, 0.95, &arena, &cal, &checked);
        print_message("accuracy %.3f threshold %.3f kept %.3f at %.3f\n",
                      checked.score.accuracy, checked.threshold, checked.kept.kept,
                      checked.kept.accuracy);
        assert_in_range(checked.score.n, made->held.by_time ? N / 5 : N,
                        made->held.by_time ? N / 5 : N);
        assert_true(checked.score.accuracy >= table[i].accuracy[0]);
        assert_true(checked.score.accuracy <= table[i].accuracy[1]);
        double n_kept = checked.kept.kept * checked.score.n; /* of the same texts */
        assert_near(n_kept, round(n_kept), 1e-6);
        assert_true(checked.kept.kept >= table[i].kept[0]);
        assert_true(checked.kept.kept <= table[i].kept[1]);
        assert_int_equal(checked.threshold > 1, table[i].kept[1] <= 0);
        if (checked.kept.kept > 0)
            assert_true(checked.kept.accuracy >= 0.945);
        arena_release(&arena);
    }
}

/* n answers of confidence c, of which `right` are right. */
struct pile {
    uint32_t n, right;
    float confidence;
};

static void
test_threshold(void **state)
{
    static const struct {
        const char *what;
        struct pile pile[3];
        double wanted;
        double threshold;
    } table[] = {
        {"the sure ones", {{1000, 990, 0.99F}, {1000, 600, 0.6F}, {0}}, 0.95, 0.99},
        {"all", {{1000, 990, 0.99F}, {1000, 980, 0.98F}, {0}}, 0.95, 0},
        {"at the very accuracy", {{1000, 950, 0.95F}, {1000, 0, 0.1F}, {0}}, 0.95, 2},
        {"with room", {{1000, 966, 0.96F}, {1000, 0, 0.1F}, {0}}, 0.95, 0.96},
        {"the same of few", {{60, 58, 0.96F}, {1000, 0, 0.1F}, {0}}, 0.95, 2},
        {"too few", {{19, 19, 0.999F}, {1000, 0, 0.1F}, {0}}, 0.95, 2},
        {"right by luck", {{40, 40, 0.8F}, {1000, 0, 0.1F}, {0}}, 0.95, 2},
        {"a dip between",
         {{500, 500, 0.999F}, {20, 12, 0.9F}, {500, 500, 0.89F}},
         0.95,
         0},
        {"less is wanted", {{1000, 900, 0.9F}, {1000, 500, 0.5F}, {0}}, 0.8, 0.9},
        {"none right", {{1000, 0, 0.9F}, {0}, {0}}, 0.5, 2},
        {"nothing", {{0}, {0}, {0}}, 0.95, (double)MODEL_SURE_NEVER},
    };
    struct made *made = *state;
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        struct arena arena = {0};
        uint32_t n = 0;
        print_message("row %zu: %s\n", i, table[i].what);
        /* Wrong ones first and last: the order must not matter. */
        for (int k = 0; k < 3; k++)
            for (uint32_t j = 0; j < table[i].pile[k].n; j++)
                made->said[n++] = (struct scored){0, j < table[i].pile[k].right ? 0 : 1,
                                                  table[i].pile[k].confidence};
        double forth = score_threshold(made->said, NULL, n, table[i].wanted, &arena);
        for (uint32_t k = 0; k < n / 2; k++) {
            struct scored held = made->said[k];
            made->said[k] = made->said[n - 1 - k];
            made->said[n - 1 - k] = held;
        }
        double back = score_threshold(made->said, NULL, n, table[i].wanted, &arena);
        print_message("threshold %.3f\n", forth);
        assert_near(forth, table[i].threshold, 1e-6);
        assert_near(back, forth, 0);
        arena_release(&arena);
    }
}

/* Answers that weigh nothing decide nothing. */
static void
test_threshold_weighs(void **state)
{
    struct made *made = *state;
    struct arena arena = {0};
    for (uint32_t i = 0; i < 2000; i++) {
        made->said[i] = (struct scored){0, i % 2 ? 0 : 1, 0.99F};
        made->weight[i] = i % 2 ? 1 : 0.01F;
    }
    assert_true(score_threshold(made->said, NULL, 2000, 0.95, &arena) > 1);
    assert_near(score_threshold(made->said, made->weight, 2000, 0.95, &arena), 0, 0);
    arena_release(&arena);
}

/* The tables of a card: what may be chosen, and how often it is right where it says so.
 */
static void
test_tables(void **state)
{
    static const struct {
        double threshold, kept, accuracy;
    } table[SCORE_COVER] = {
        {0.75, 0.75, 2000.0 / 2250}, /* 0.80 */
        {0.75, 0.75, 2000.0 / 2250}, /* 0.85 */
        {0.85, 0.5, 1400.0 / 1500},  /* 0.90 */
        {0.95, 0.25, 740.0 / 750},   /* 0.95 */
        {0.95, 0.25, 740.0 / 750},   /* 0.97 */
        {SCORE_NEVER, 0, 0},         /* 0.99 */
    };
    static const struct pile PILES[] = {
        {750, 740, 0.95F}, {750, 660, 0.85F}, {750, 600, 0.75F}, {750, 0, 0.35F}};
    struct made *made = *state;
    struct arena arena = {0};
    struct score score;
    uint32_t n = 0;
    for (size_t k = 0; k < COUNT_OF(PILES); k++)
        for (uint32_t j = 0; j < PILES[k].n; j++)
            made->said[n++] =
                (struct scored){0, j < PILES[k].right ? 0 : 1, PILES[k].confidence};
    score_make(made->said, n, 2, &arena, &score);
    for (int k = 0; k < SCORE_COVER; k++) {
        const struct score_cover *cover = &score.cover[k];
        print_message("row %d: %.2f: %.3f kept %.3f at %.3f\n", k, cover->wanted,
                      cover->at.threshold, cover->at.kept, cover->at.accuracy);
        assert_near(cover->at.threshold, table[k].threshold, 1e-6);
        assert_near(cover->at.kept, table[k].kept, 1e-9);
        assert_near(cover->at.accuracy, table[k].accuracy, 1e-9);
    }
    assert_int_equal(score.bin[9].n, 750);
    assert_near(score.bin[9].confidence, 0.95, 1e-6);
    assert_near(score.bin[9].accuracy, 740.0 / 750, 1e-9);
    assert_int_equal(score.bin[3].n, 750);
    assert_near(score.bin[3].accuracy, 0, 1e-9);
    assert_int_equal(score.bin[0].n, 0);
    double sum = 0;
    for (int k = 0; k < SCORE_BINS; k++)
        sum += score.bin[k].n * fabs(score.bin[k].confidence - score.bin[k].accuracy);
    assert_near(score.ece, sum / n, 1e-9);
    arena_release(&arena);
}

/* The step of the file and of the training are one. */
static void
test_confidence(void **state)
{
    (void)state;
    static const struct {
        float best, second, slope, spread, offset;
        double confidence;
    } table[] = {
        {0.8F, 0.2F, 1, 0, 0, 0.8},
        {0.8F, 0.2F, 1, 5, 0, 0.8},    /* all of the rest is the second's */
        {0.8F, 0.1F, 1, 1, 0, 0.8889}, /* ln 2 more */
        {0.8F, 0.2F, 0, 0, 0, 0.5},
        {0.8F, 0.2F, 1, 0, 1, 0.9158},
        {1, 0, 1, 0, 0, 0.999999},
        {1, 0, 1, 1, 0, 0.999999},
        {0.5F, 0.5F, 1, 1, 0, 0.5},
    };
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        print_message("row %zu\n", i);
        assert_near(model_confidence(table[i].best, table[i].second, table[i].slope,
                                     table[i].spread, table[i].offset),
                    table[i].confidence, 1e-4);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_holds_on_unseen), cmocka_unit_test(test_label_of_its_own),
        cmocka_unit_test(test_fold_is_apart),   cmocka_unit_test(test_weights),
        cmocka_unit_test(test_report_is_apart), cmocka_unit_test(test_check),
        cmocka_unit_test(test_threshold),       cmocka_unit_test(test_threshold_weighs),
        cmocka_unit_test(test_tables),          cmocka_unit_test(test_confidence),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
