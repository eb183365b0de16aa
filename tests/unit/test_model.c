/* Models: the file is checked whole; scores, confidence and reasons by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "classification/model.h"
#include "features_rig.h"

static int
set_up(void **state)
{
    if (features_rig_set_up(state) != 0)
        return -1;
    struct features_rig *rig = *state;
    model_scratch_new(&rig->scratch, 1000, &rig->arena);
    return 0;
}

static uint64_t
hash_of_word(const struct features_rig *rig, const char *word)
{
    features_read(rig->table, STR_NULL, str_from(word), rig->text);
    return rig->text->gram[0].hash;
}

struct row {
    const char *word;
    float idf;
    float weight[3];
};
static const struct row ROWS[] = {
    {"refund", 2, {3, -1, -1}},
    {"thanks", 1, {-2, 4, -1}},
    {"when", 1, {-1, -1, 2}},
    {"the", 1, {0, 0, 0}},
};

/* A model whose rows are single words, in the order of their hashes. */
static void
make_model(const struct features_rig *rig, uint32_t n_labels, float threshold,
           struct buf *out)
{
    static const struct str labels[] = {{"complaint", 9}, {"praise", 6}, {"inquiry", 7}};
    static const float offset[3] = {0, 0, 0};
    uint64_t hash[COUNT_OF(ROWS)];
    float idf[COUNT_OF(ROWS)];
    float weight[3 * COUNT_OF(ROWS)];
    uint32_t width = n_labels == 2 ? 1 : n_labels;
    uint64_t before = 0;
    for (size_t n = 0; n < COUNT_OF(ROWS); n++) {
        const struct row *next = NULL;
        hash[n] = UINT64_MAX;
        for (size_t i = 0; i < COUNT_OF(ROWS); i++) {
            uint64_t h = hash_of_word(rig, ROWS[i].word);
            if (h > before && h < hash[n]) {
                hash[n] = h;
                next = &ROWS[i];
            }
        }
        assert_non_null(next);
        before = hash[n];
        idf[n] = next->idf;
        for (uint32_t k = 0; k < width; k++) /* two labels: the second one's weight */
            weight[n * width + k] = next->weight[width == 1 ? 1 : k];
    }
    const struct model_parts parts = {
        .task = STR("kind"),
        .card = STR("{\"task\":\"kind\"}"),
        .label = labels,
        .offset = offset,
        .n_labels = n_labels,
        .n_rows = COUNT_OF(ROWS),
        .hash = hash,
        .idf = idf,
        .weight = weight,
        .slope = 1,
        .sure_slope = 1,
        .threshold = threshold,
    };
    assert_true(model_write(&parts, out));
}

static struct model
make_and_open(const struct features_rig *rig, uint32_t n_labels, float threshold,
              struct buf *bytes)
{
    struct err err = {0};
    struct model model;
    make_model(rig, n_labels, threshold, bytes);
    assert_true(model_from(&model, buf_str(bytes), &err));
    return model;
}

static void
test_answers(void **state)
{
    static const struct {
        const char *text;
        uint32_t n_labels;
        const char *label;
        double confidence; /* softmax by hand */
        const char *reason;
    } table[] = {
        {"Refund", 3, "complaint", 0.9647, "refund"},
        {"REFUND refund refund", 3, "complaint", 0.9647, "refund"}, /* length 1 */
        {"thanks", 3, "praise", 0.9909, "thanks"},
        {"when", 3, "inquiry", 0.9094, "when"},
        {"unknown words", 3, "complaint", 0.3333, NULL},
        {"", 3, "complaint", 0.3333, NULL},
        {"the", 3, "complaint", 0.3333, NULL},
        {"thanks", 2, "praise", 0.9820, "thanks"},
        {"refund", 2, "complaint", 0.7311, "refund"},
    };
    const struct features_rig *rig = *state;
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        CLEANUP(buf_release) struct buf bytes = {0};
        struct model_scratch scratch = rig->scratch;
        print_message("row %zu: %s, %u labels\n", i, table[i].text, table[i].n_labels);
        struct model model = make_and_open(rig, table[i].n_labels, 0.95F, &bytes);
        features_read(rig->table, STR_NULL, str_from(table[i].text), rig->text);
        for (int again = 0; again < 2; again++) { /* nothing is left over */
            model_classify(&model, rig->text, &scratch, rig->answer);
            struct str label = model_label_name(&model, rig->answer->label);
            assert_true(str_eq(label, str_from(table[i].label)));
            double miss = (double)rig->answer->confidence - table[i].confidence;
            assert_true(miss < 0.004 && miss > -0.004); /* weights have 8 bits */
            assert_int_equal(rig->answer->sure, table[i].confidence > 0.95);
            assert_int_equal(rig->answer->n_reasons, table[i].reason != NULL);
            if (table[i].reason)
                assert_true(
                    str_eq(rig->answer->reason[0].text, str_from(table[i].reason)));
        }
    }
}

/* Where every answer is right often enough the threshold is 0: a text that says nothing
 * to the model is no answer of that sort. */
static void
test_nothing_known(void **state)
{
    static const struct {
        const char *text;
        bool sure;
    } table[] = {{"refund", true}, {"the", true}, {"unknown words", false}, {"", false}};
    const struct features_rig *rig = *state;
    CLEANUP(buf_release) struct buf bytes = {0};
    struct model_scratch scratch = rig->scratch;
    struct model model = make_and_open(rig, 3, 0, &bytes);
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        print_message("row %zu: %s\n", i, table[i].text);
        features_read(rig->table, STR_NULL, str_from(table[i].text), rig->text);
        model_classify(&model, rig->text, &scratch, rig->answer);
        assert_int_equal(rig->answer->sure, table[i].sure);
        assert_int_equal(rig->answer->known, table[i].sure);
    }
}

static void
test_text_of_model(void **state)
{
    const struct features_rig *rig = *state;
    CLEANUP(buf_release) struct buf bytes = {0};
    CLEANUP(buf_release) struct buf again = {0};
    struct model model;
    struct err err = {0};
    make_model(rig, 3, MODEL_SURE_NEVER, &bytes);
    make_model(rig, 3, MODEL_SURE_NEVER, &again);
    assert_true(str_eq(buf_str(&bytes), buf_str(&again)));
    assert_true(model_from(&model, buf_str(&bytes), &err));
    assert_true(str_eq(model_task(&model), STR("kind")));
    assert_true(str_eq(model_card(&model), STR("{\"task\":\"kind\"}")));
    assert_true(str_eq(model_label_name(&model, 2), STR("inquiry")));
}

/* Changed bytes are refused with what is wrong, also under a right checksum. */
static void
test_refused(void **state)
{
#define AT(member) offsetof(struct model_header, member)
#define TEXT 192 /* behind 4 rows of 7 bytes and 16 of 0 */
    static const struct {
        size_t at;
        uint32_t value;
        bool seal;
        const char *wrong;
    } table[] = {
        {AT(magic), 0, true, "first bytes"},
        {AT(format), 7, true, "another version"},
        {AT(features), 99, true, "another version"},
        {AT(file_bytes), 10, true, "cut"},
        {AT(n_labels), 1, true, "counts"},
        {AT(n_labels), 100000, true, "counts"},
        {AT(n_labels), 4, true, "do not fill"},
        {AT(n_rows), 0, true, "counts"},
        {AT(n_rows), 5, true, "do not fill"},
        {AT(n_rows), UINT32_MAX, true, "counts"},
        {AT(bucket_bits), 0, true, "counts"},
        {AT(bucket_bits), 60, true, "counts"},
        {AT(task_bytes), 10000, true, "text out of range"},
        {AT(card_bytes), UINT32_MAX, true, "text out of range"},
        {AT(text_bytes), UINT32_MAX, true, "do not fill"},
        {AT(slope), 0x7FC00000, true, "no number"},
        {AT(slope), 0x7E000000, true, "too large"},
        {AT(sure_slope), 0x7F800000, true, "too large"},
        {AT(sure_offset), 0xFF000000, true, "too large"},
        {AT(threshold), 0x7F800000, true, "no number"},
        {AT(tf), 0xBF800000, true, "no number"},
        {80, 1000000, true, "name out of range"},
        {84, UINT32_MAX, true, "name out of range"},
        {84, 0, true, "no name"},
        {TEXT, 0x616161FF, true, "is no text"},     /* the task         */
        {TEXT + 4, 0x61616100, true, "is no text"}, /* the first label  */
        {TEXT + 4, 0x6180E261, true, "is no text"},
        {88, 0x7FC00000, true, "offset is no number"},
        {88, 0x7E000000, true, "too large"},
        {128, 3, true, "cover the rows"},
        {132, 100, true, "does not ascend"},
        {136, 3, true, "cover the rows"},
        {148, 0x7FC00000, true, "scale is no number"},
        {148, 0x7F000000, true, "too large"},
        {148, 0xBF800000, true, "too large"}, /* below 0 */
        {164, 0x01010101, false, "checksum"},
        {AT(checksum), 1, false, "checksum"},
    };
    const struct features_rig *rig = *state;
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        CLEANUP(buf_release) struct buf bytes = {0};
        struct model model;
        struct err err = {0};
        print_message("row %zu: at %zu %u\n", i, table[i].at, table[i].value);
        make_model(rig, 3, 0.5F, &bytes);
        memcpy(bytes.ptr + table[i].at, &table[i].value, sizeof(table[i].value));
        if (table[i].seal)
            model_seal(bytes.ptr, bytes.len);
        assert_false(model_from(&model, buf_str(&bytes), &err));
        assert_int_equal(err.action, ERR_STOP);
        if (!strstr(err.text, table[i].wrong))
            fail_msg("%s", err.text);
    }
}

/* What is printed as JSON is no longer than a label that training takes. */
static void
test_long_names(void **state)
{
    (void)state;
    static char name[MODEL_NAME_BYTES + 1];
    CLEANUP(buf_release) struct buf bytes = {0};
    struct model model;
    memset(name, 'x', sizeof(name));
    const struct str labels[] = {{name, MODEL_NAME_BYTES}, {"b", 1}};
    static const float zero[2];
    for (int longer = 0; longer < 3; longer++) {
        struct err err = {0};
        struct str label[2] = {labels[0], labels[1]};
        label[0].len += longer == 1;
        const struct model_parts parts = {
            .task = {name, MODEL_NAME_BYTES + (longer == 2)},
            .label = label,
            .offset = zero,
            .n_labels = 2,
            .n_rows = 1,
            .hash = &(uint64_t){1},
            .idf = &(float){1},
            .weight = &(float){1},
        };
        print_message("row %d\n", longer);
        assert_true(model_write(&parts, &bytes));
        assert_int_equal(model_from(&model, buf_str(&bytes), &err), !longer);
        if (longer && !strstr(err.text, "longer than"))
            fail_msg("%s", err.text);
    }
}

/* The largest numbers that a file may hold: a weight is still one that can be printed. */
static void
test_large(void **state)
{
    const struct features_rig *rig = *state;
    CLEANUP(buf_release) struct buf bytes = {0};
    CLEANUP(buf_release) struct buf text = {0};
    struct model model;
    struct model_scratch scratch = rig->scratch;
    struct err err = {0};
    const float slope = 1e6F;
    const uint16_t scale = 0x4974; /* 999,424 */
    make_model(rig, 3, 0.5F, &bytes);
    memcpy(bytes.ptr + offsetof(struct model_header, slope), &slope, sizeof(slope));
    for (size_t i = 0; i < COUNT_OF(ROWS); i++)
        memcpy(bytes.ptr + 150 + 7 * i, &scale, sizeof(scale));
    model_seal(bytes.ptr, bytes.len);
    assert_true(model_from(&model, buf_str(&bytes), &err));
    for (int i = 0; i < 5000; i++)
        buf_add_c(&text, "refund ");
    features_read(rig->table, STR_NULL, buf_str(&text), rig->text);
    model_classify(&model, rig->text, &scratch, rig->answer);
    assert_int_equal(rig->answer->n_reasons, 1);
    assert_true(rig->answer->reason[0].weight == MODEL_WEIGHT_MOST);
}

/* Cut anywhere. */
static void
test_cut(void **state)
{
    const struct features_rig *rig = *state;
    CLEANUP(buf_release) struct buf bytes = {0};
    struct model model;
    struct err err = {0};
    make_model(rig, 2, 0.5F, &bytes);
    for (size_t len = 0; len < bytes.len; len++)
        assert_false(model_from(&model, (struct str){bytes.ptr, len}, &err));
    assert_true(model_from(&model, buf_str(&bytes), &err));
    assert_false(model_open(&model, "/nowhere/model", &err));
    assert_non_null(strstr(err.text, "/nowhere/model"));
    assert_false(model_open(&model, "/", &err));
    assert_non_null(strstr(err.text, "not a file"));
}

static void
classify(const struct features_rig *rig, const struct model *model,
         struct model_scratch *scratch, const char *text)
{
    features_read(rig->table, STR_NULL, str_from(text), rig->text);
    model_classify(model, rig->text, scratch, rig->answer);
}

/* What is remembered of words changes no answer: other models, more words than there is
 * room for, in between. */
static void
test_memory(void **state)
{
    static const char *const texts[] = {"refund thanks when", "thanks thanks refund",
                                        "the when", "nothing known"};
    const struct features_rig *rig = *state;
    CLEANUP(buf_release) struct buf two = {0};
    CLEANUP(buf_release) struct buf three = {0};
    CLEANUP(buf_release) struct buf filler = {0};
    struct model model[2];
    struct err err = {0};
    make_model(rig, 2, 0.5F, &two);
    make_model(rig, 3, 0.5F, &three);
    assert_true(model_from(&model[0], buf_str(&two), &err));
    assert_true(model_from(&model[1], buf_str(&three), &err));
    for (unsigned round = 0; round < 40; round++) {
        for (size_t i = 0; round % 8 == 7 && i < COUNT_OF(texts) * COUNT_OF(model); i++) {
            struct arena arena = {0};
            struct model_scratch fresh;
            const struct model *m = &model[i % 2];
            model_scratch_new(&fresh, 4, &arena);
            classify(rig, m, &fresh, texts[i / 2]);
            struct model_answer expect = *rig->answer;
            arena_release(&arena);
            struct model_scratch used = rig->scratch;
            classify(rig, m, &used, texts[i / 2]);
            print_message("row %zu, round %u: %s\n", i, round, texts[i / 2]);
            assert_int_equal(rig->answer->label, expect.label);
            assert_true(rig->answer->confidence == expect.confidence);
            assert_int_equal(rig->answer->n_reasons, expect.n_reasons);
            for (size_t k = 0; k < expect.n_reasons; k++)
                assert_true(rig->answer->reason[k].weight == expect.reason[k].weight);
        }
        /* 700 long words that were never seen: 40 rounds fill the memory once and more.
         */
        buf_clear(&filler);
        for (unsigned i = 0; i < 700; i++)
            buf_printf(&filler, "wordoftheround%uwithmanylettersnumber%uend ", round, i);
        struct model_scratch used = rig->scratch;
        features_read(rig->table, STR_NULL, buf_str(&filler), rig->text);
        model_classify(&model[round % 2], rig->text, &used, rig->answer);
    }
}

/* A row is found in its own bucket alone, however many stand there. */
static void
test_find(void **state)
{
    enum { IN_FIRST = 20, ROWS_HERE = 22 }; /* buckets are the upper 3 bits */
    static const struct {
        uint64_t hash;
        uint32_t row;
    } table[] = {
        {1, 0},
        {8, 7},
        {9, 8},
        {16, 15},
        {20, 19},
        {21, MODEL_NO_ROW},
        {0xFFFF, MODEL_NO_ROW},
        {UINT64_C(1) << 61 | 7, 20},
        {7, 6},
        {UINT64_C(1) << 61 | 300, MODEL_NO_ROW},
        {300, MODEL_NO_ROW}, /* the tag of the bucket behind */
        {UINT64_C(7) << 61 | 300, 21},
        {UINT64_C(3) << 61 | 300, MODEL_NO_ROW}, /* an empty bucket */
        {UINT64_C(6) << 61 | 300, MODEL_NO_ROW},
    };
    static const struct str labels[] = {{"a", 1}, {"b", 1}};
    static const float offset[2] = {0, 0};
    static const float idf[ROWS_HERE] = {1};
    static const float weight[ROWS_HERE] = {1};
    uint64_t hash[ROWS_HERE];
    (void)state;
    for (uint64_t i = 0; i < IN_FIRST; i++)
        hash[i] = i + 1;
    hash[IN_FIRST] = UINT64_C(1) << 61 | 7;
    hash[IN_FIRST + 1] = UINT64_C(7) << 61 | 300;
    const struct model_parts parts = {
        .task = STR("t"),
        .card = STR("{}"),
        .label = labels,
        .offset = offset,
        .n_labels = 2,
        .n_rows = ROWS_HERE,
        .hash = hash,
        .idf = idf,
        .weight = weight,
    };
    CLEANUP(buf_release) struct buf bytes = {0};
    struct model model;
    struct err err = {0};
    assert_true(model_write(&parts, &bytes));
    assert_true(model_from(&model, buf_str(&bytes), &err));
    assert_int_equal(model.header->bucket_bits, 3);
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        uint32_t row;
        print_message("row %zu: %llx\n", i, (unsigned long long)table[i].hash);
        model_find(&model, &table[i].hash, 1, &row);
        assert_int_equal(row, table[i].row);
    }
}

static void
test_no_reasons(void **state)
{
    const struct features_rig *rig = *state;
    CLEANUP(buf_release) struct buf bytes = {0};
    struct model_scratch scratch = rig->scratch;
    struct model model = make_and_open(rig, 3, 0.5F, &bytes);
    classify(rig, &model, &scratch, "refund");
    float confidence = rig->answer->confidence;
    assert_int_equal(rig->answer->n_reasons, 1);
    scratch.no_reasons = true;
    classify(rig, &model, &scratch, "refund");
    assert_int_equal(rig->answer->n_reasons, 0);
    assert_int_equal(rig->answer->label, 0);
    assert_true(rig->answer->confidence == confidence);
}

/* A megabyte of anything has one answer, a confidence, and few reasons. */
static void
test_hostile(void **state)
{
    static const char *const units[] = {
        "a",
        "refund ",
        "refund",
        "not refund ",
        "r\xE2\x80\x8Drefund ",
        "\xCC\x81",
        "\xFF",
        "\xE2\x80\xAErefund ",
        "@",
        "http://",
        "7",
        "退",
        "退 refund! ",
        "\xF0\x9F\x98\xA1",
    };
    const struct features_rig *rig = *state;
    CLEANUP(buf_release) struct buf bytes = {0};
    CLEANUP(buf_release) struct buf text = {0};
    struct model_scratch scratch = rig->scratch;
    struct model model = make_and_open(rig, 3, 0.5F, &bytes);
    for (size_t i = 0; i < COUNT_OF(units); i++) {
        print_message("row %zu: %s\n", i, units[i]);
        buf_clear(&text);
        while (text.len < (size_t)1024 * 1024)
            buf_add_c(&text, units[i]);
        float confidence = -1;
        for (int again = 0; again < 2; again++) {
            features_read(rig->table, STR_NULL, buf_str(&text), rig->text);
            model_classify(&model, rig->text, &scratch, rig->answer);
            assert_true(rig->answer->confidence >= 0 && rig->answer->confidence <= 1);
            assert_true(again == 0 || rig->answer->confidence == confidence);
            confidence = rig->answer->confidence;
            assert_true(rig->answer->n_reasons <= 2);
            for (size_t k = 0; k < rig->answer->n_reasons; k++)
                assert_true(rig->answer->reason[k].text.len <= MODEL_REASON_BYTES);
        }
    }
}

/* Whoever copies over the file, or cuts it, while a service runs changes nothing. */
static void
test_file_changes(void **state)
{
    const struct features_rig *rig = *state;
    CLEANUP(buf_release) struct buf bytes = {0};
    struct model model;
    struct model_scratch scratch = rig->scratch;
    struct err err = {0};
    char path[] = "/tmp/test_model.XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    make_model(rig, 3, 0.5F, &bytes);
    assert_int_equal(write(fd, bytes.ptr, bytes.len), bytes.len);
    assert_true(model_open(&model, path, &err));
    assert_int_equal(pwrite(fd, "garbage garbage garbage", 23, 100), 23);
    assert_int_equal(ftruncate(fd, 200), 0);
    classify(rig, &model, &scratch, "thanks");
    assert_true(str_eq(model_label_name(&model, rig->answer->label), STR("praise")));
    model_close(&model);
    assert_null(model.header);
    assert_false(model_open(&model, path, &err));
    assert_non_null(strstr(err.text, "cut"));
    assert_int_equal(ftruncate(fd, 0), 0);
    assert_false(model_open(&model, path, &err));
    assert_non_null(strstr(err.text, "empty"));
    assert_int_equal(close(fd), 0);
    assert_int_equal(unlink(path), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answers),       cmocka_unit_test(test_nothing_known),
        cmocka_unit_test(test_text_of_model), cmocka_unit_test(test_refused),
        cmocka_unit_test(test_cut),           cmocka_unit_test(test_long_names),
        cmocka_unit_test(test_large),         cmocka_unit_test(test_memory),
        cmocka_unit_test(test_find),          cmocka_unit_test(test_no_reasons),
        cmocka_unit_test(test_hostile),       cmocka_unit_test(test_file_changes),
    };
    return cmocka_run_group_tests(tests, set_up, features_rig_tear_down);
}
