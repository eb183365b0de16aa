/* model_classify() beside the same sums done plainly, in double, over every n-gram: for
 * each width of the weights that its eights can end in, texts of many kinds, one memory.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "classification/model.h"
#include "features_rig.h"

#define GRAMS 4000 /* of the longest text below, with room */
#define ROWS 3000

static const char *const TEXTS[] = {
    "I want a refund, a refund and nothing but a refund!!",
    "They did not answer. I did not get the money back; it isn't fair",
    "card card card charged twice charged twice on 2024-05-01, number 12345678",
    "@shop see https://x.test/a?b=c or mail a.b@c.test why???",
    "退款退款 我要退款，不要换货",
    "mixed 退款 text, 不好 words, extraordinarilylongwordofmorethanfortyletters",
    "zzzz qqqq xxxx",
    "!",
    "退退退",
    "the the and it",
    "",
};

struct rig {
    struct features_rig in;
    uint64_t hash[ROWS];
    uint32_t n_rows;
};

/* All n-grams: those of words first. */
static size_t
all_grams(const struct features_scratch *text, uint64_t hash[GRAMS],
          uint32_t token[GRAMS], size_t *ret_words)
{
    size_t n = 0;
    for (size_t i = 0; i < text->n_gram; i++) {
        hash[n] = text->gram[i].hash;
        token[n++] = text->gram[i].tokens == 1 ? text->gram[i].token : UINT32_MAX;
    }
    *ret_words = text->n_word_gram;
    for (uint32_t i = 0; i < text->n_token; i++) {
        uint64_t chars[FEATURES_CHARS_MOST];
        size_t n_chars = features_chars(text, i, chars);
        for (size_t k = 0; k < n_chars; k++) {
            assert_true(n < GRAMS);
            hash[n] = chars[k];
            token[n++] = i;
        }
    }
    return n;
}

static int
by_hash(const void *a, const void *b)
{
    const uint64_t *left = a;
    const uint64_t *right = b;
    return *left < *right ? -1 : *left > *right;
}

/* Rows of two thirds of what stands in the texts. */
static int
set_up(void **state)
{
    struct rig *rig = calloc(1, sizeof(*rig));
    static uint64_t hash[GRAMS];
    static uint32_t token[GRAMS];
    if (!rig)
        return -1;
    *state = rig;
    if (!features_rig_open(&rig->in))
        return -1;
    model_scratch_new(&rig->in.scratch, ROWS, &rig->in.arena);
    for (size_t i = 0; i + 3 < COUNT_OF(TEXTS); i++) {
        size_t words;
        features_read(rig->in.table, STR_NULL, str_from(TEXTS[i]), rig->in.text);
        size_t n = all_grams(rig->in.text, hash, token, &words);
        for (size_t k = 0; k < n && rig->n_rows < ROWS; k++)
            if (hash[k] % 3 != 0)
                rig->hash[rig->n_rows++] = hash[k];
    }
    qsort(rig->hash, rig->n_rows, sizeof(rig->hash[0]), by_hash);
    uint32_t kept = 0;
    for (uint32_t i = 0; i < rig->n_rows; i++)
        if (i == 0 || rig->hash[i] != rig->hash[i - 1])
            rig->hash[kept++] = rig->hash[i];
    rig->n_rows = kept;
    return kept > 300 ? 0 : -1;
}

static void
make_model(const struct rig *rig, uint32_t n_labels, float tf, struct buf *out)
{
    static float idf[ROWS];
    static float weight[ROWS * 40];
    static struct str label[40];
    static float offset[40];
    uint32_t width = n_labels == 2 ? 1 : n_labels;
    for (uint32_t i = 0; i < n_labels; i++) {
        label[i] = (struct str){&"abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqr"[i], 2};
        offset[i] = (float)(i % 3) * 0.1F;
    }
    for (uint32_t i = 0; i < rig->n_rows; i++) {
        idf[i] = 1 + (float)(rig->hash[i] % 50) / 10;
        for (uint32_t k = 0; k < width; k++)
            weight[i * width + k] =
                (float)((rig->hash[i] >> (k % 50)) % 41) / 10 - 2 + (float)k / 100;
    }
    const struct model_parts parts = {
        .task = STR("t"),
        .card = STR("{}"),
        .label = label,
        .offset = offset,
        .n_labels = n_labels,
        .n_rows = rig->n_rows,
        .hash = rig->hash,
        .idf = idf,
        .weight = weight,
        .slope = 2,
        .sure_slope = 1,
        .threshold = 0.5F,
        .tf = tf,
    };
    assert_true(model_write(&parts, out));
}

struct plain {
    double probability[40];
    uint32_t best, second;
    double token[GRAMS]; /* what one occurrence of all that is this token alone adds */
    double share[ROWS];
    uint32_t count[ROWS];
};

static const unsigned char *
row_of(const struct rig *rig, const struct model *m, uint64_t hash, uint32_t *ret)
{
    const uint64_t *at =
        bsearch(&hash, rig->hash, rig->n_rows, sizeof(rig->hash[0]), by_hash);
    if (!at)
        return NULL;
    *ret = (uint32_t)(at - rig->hash);
    return model_row(m, *ret);
}

/* What one occurrence of a row adds to the best label over the second. */
static double
adds(const struct model *m, const struct plain *plain, const unsigned char *bytes,
     uint32_t row)
{
    const int8_t *w = (const int8_t *)bytes + 4;
    int steps = m->width == 1 ? (plain->best == 1 ? w[0] : -w[0])
                              : w[plain->best] - w[plain->second];
    return plain->share[row] * (double)m->header->slope * (double)model_row_scale(bytes) *
           steps;
}

static void
plainly(const struct rig *rig, const struct model *m, struct plain *ret)
{
    static uint64_t hash[GRAMS];
    static uint32_t token[GRAMS];
    size_t words;
    size_t n = all_grams(rig->in.text, hash, token, &words);
    double score[40] = {0};
    memset(ret, 0, sizeof(*ret));
    for (int block = 0; block < 2; block++) {
        size_t from = block ? words : 0;
        size_t to = block ? n : words;
        double squares = 0;
        uint32_t row = 0;
        for (size_t i = from; i < to; i++)
            if (row_of(rig, m, hash[i], &row))
                ret->count[row]++;
        for (int pass = 0; pass < 2; pass++)
            for (size_t i = from; i < to; i++) {
                const unsigned char *bytes = row_of(rig, m, hash[i], &row);
                if (!bytes)
                    continue;
                /* Each occurrence has its part of the row's value. */
                double value = (double)model_tf(ret->count[row], m->header->tf) *
                               (double)model_row_idf(bytes);
                if (pass == 0) {
                    squares += value * value / ret->count[row];
                    continue;
                }
                value /= sqrt(squares);
                ret->share[row] = value / ret->count[row];
                for (uint32_t k = 0; k < m->width; k++)
                    score[k] += ret->share[row] * (double)model_row_scale(bytes) *
                                ((const int8_t *)bytes)[4 + k];
            }
    }
    uint32_t n_labels = m->header->n_labels;
    if (n_labels == 2) {
        score[1] = score[0];
        score[0] = 0;
    }
    double sum = 0;
    for (uint32_t k = 0; k < n_labels; k++) {
        score[k] = exp((double)m->header->slope * score[k] + (double)m->labels[k].offset);
        sum += score[k];
        ret->best = score[k] > score[ret->best] ? k : ret->best;
    }
    ret->second = ret->best == 0 ? 1 : 0;
    for (uint32_t k = 0; k < n_labels; k++) {
        ret->probability[k] = score[k] / sum;
        if (k != ret->best && score[k] > score[ret->second])
            ret->second = k;
    }
    for (size_t i = 0; i < n; i++) {
        uint32_t row = 0;
        const unsigned char *bytes = row_of(rig, m, hash[i], &row);
        if (!bytes || token[i] == UINT32_MAX)
            continue;
        ret->token[token[i]] += adds(m, ret, bytes, row);
    }
}

/* The weight of the strongest reason: of all that may be told, which is no mark of
 * negation, and, unless nothing else is left, no single ideograph and not only words that
 * every text has. */
static double
strongest(const struct rig *rig, const struct model *m, const struct plain *plain,
          bool all)
{
    const struct features_scratch *text = rig->in.text;
    double most = 0;
    for (size_t i = 0; i < text->n_word_gram; i++) {
        const struct features_gram *gram = &text->gram[i];
        uint32_t row = 0;
        const unsigned char *bytes = row_of(rig, m, gram->hash, &row);
        if (gram->negated || (!all && gram->tokens == 1 && text->n_token > 1 &&
                              text->token[gram->token].kind == FEATURES_IS_IDEOGRAPH))
            continue;
        char masked[MODEL_REASON_BYTES];
        if (!all && model_common_words(features_masked(text, gram->token, gram->tokens,
                                                       masked, sizeof(masked))))
            continue;
        double one = 0;
        if (gram->tokens == 1)
            one = plain->token[gram->token];
        else if (bytes)
            one = adds(m, plain, bytes, row);
        double weight = one * (bytes ? plain->count[row] : 1);
        most = weight > most ? weight : most;
    }
    return most;
}

static void
check_reasons(const struct rig *rig, const struct model *m, const struct plain *plain)
{
    const struct model_answer *answer = rig->in.answer;
    double most = strongest(rig, m, plain, false);
    if (answer->n_reasons == 0 || most <= 0.005)
        most = strongest(rig, m, plain, true);
    if (fabs(most - 0.005) > 1e-4)
        assert_int_equal(answer->n_reasons > 0, most > 0.005);
    if (answer->n_reasons > 0)
        assert_true(fabs((double)answer->reason[0].weight - most) < 1e-4 * (1 + most));
    for (size_t i = 1; i < answer->n_reasons; i++)
        assert_true(answer->reason[i].weight <= answer->reason[i - 1].weight);
}

static void
test_sums(void **state)
{
    static const uint32_t labels[] = {2, 3, 4, 5, 7, 8, 9, 11, 12, 13, 16, 17, 28, 40};
    static const float powers[] = {0, 0.5F, 1};
    static struct plain plain;
    const struct rig *rig = *state;
    CLEANUP(buf_release) struct buf bytes = {0};
    for (size_t i = 0; i < COUNT_OF(labels) * COUNT_OF(powers); i++) {
        struct model model;
        struct model_scratch scratch = rig->in.scratch;
        struct err err = {0};
        make_model(rig, labels[i / 3], powers[i % 3], &bytes);
        assert_true(model_from(&model, buf_str(&bytes), &err));
        for (size_t k = 0; k < COUNT_OF(TEXTS); k++) {
            print_message("row %zu: %u labels, power %.1f: %s\n", i, labels[i / 3],
                          (double)powers[i % 3], TEXTS[k]);
            features_read(rig->in.table, STR_NULL, str_from(TEXTS[k]), rig->in.text);
            model_classify(&model, rig->in.text, &scratch, rig->in.answer);
            plainly(rig, &model, &plain);
            for (uint32_t l = 0; l < labels[i / 3]; l++) {
                double miss =
                    (double)rig->in.answer->probability[l] - plain.probability[l];
                assert_true(fabs(miss) < 1e-5);
            }
            assert_true(plain.probability[plain.best] -
                            plain.probability[rig->in.answer->label] <
                        1e-5);
            if (plain.best == rig->in.answer->label)
                check_reasons(rig, &model, &plain);
        }
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sums),
    };
    return cmocka_run_group_tests(tests, set_up, features_rig_tear_down);
}
