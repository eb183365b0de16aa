/* Models asked together beside model_classify(), one after the other: the same answers to
 * the bit, for all shipped models and for some whose rows are made to be mistaken. */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "classification/classification.h"

#define EXAMPLES "services/classification/examples"

struct rig {
    struct arena arena;
    struct classification_policy *policy;
    struct models_room room;
    struct features_scratch *text;
    struct model_scratch scratch;
    struct model_answer *alone;
    size_t n_shared; /* texts that were asked about model by model */
    size_t n_reasons;
};

static int
set_up(void **state)
{
    struct err err = {0};
    struct rig *rig = calloc(1, sizeof(*rig));
    if (!rig)
        return -1;
    *state = rig;
    rig->policy = classification_policy_load("deploy/policy", &err);
    rig->text = ARENA_NEW(&rig->arena, struct features_scratch);
    rig->alone = ARENA_NEW(&rig->arena, struct model_answer);
    model_scratch_new(&rig->scratch, UINT32_C(1) << 20, &rig->arena);
    return rig->policy ? 0 : -1;
}

static int
tear_down(void **state)
{
    struct rig *rig = *state;
    classification_policy_free(rig->policy);
    models_room_release(&rig->room);
    arena_release(&rig->arena);
    free(rig);
    return 0;
}

/* To the bit. */
static bool
same(const float *a, const float *b, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        uint32_t bits[2];
        memcpy(&bits[0], &a[i], sizeof(bits[0]));
        memcpy(&bits[1], &b[i], sizeof(bits[1]));
        if (bits[0] != bits[1])
            return false;
    }
    return true;
}

static void
check_entry(struct rig *rig, const struct models *models, size_t i, struct str text)
{
    struct models_answer said;
    struct arena own = {0};
    const struct models_entry *entry = &models->entry[i];
    const struct model_answer *answer = &rig->room.answer;
    model_classify(&entry->model, rig->text, &rig->scratch, rig->alone);
    models_ask(models, &rig->room, entry->task, STR("en"), MODELS_REASONS, &own, &said);
    size_t n_labels = entry->model.header->n_labels;
    if (answer->label != rig->alone->label || answer->known != rig->alone->known ||
        answer->sure != rig->alone->sure ||
        !same(&answer->confidence, &rig->alone->confidence, 1) ||
        !same(answer->probability, rig->alone->probability, n_labels) ||
        said.n_reasons != rig->alone->n_reasons)
        fail_msg("model %zu answers otherwise: %.*s", i, STR_ARG(text));
    for (size_t k = 0; k < said.n_reasons; k++) {
        const struct model_reason *reason = &rig->alone->reason[k];
        if (!str_eq(said.reasons[k], reason->text) ||
            !same(&answer->reason[k].weight, &reason->weight, 1))
            fail_msg("model %zu, reason %zu differs: %.*s", i, k, STR_ARG(text));
    }
    rig->n_reasons += said.n_reasons;
    arena_release(&own);
}

static void
check_text(struct rig *rig, const struct models *models, struct str text)
{
    features_read(models->table, STR_NULL, text, rig->text);
    if (!models_read(models, &rig->room, MODELS_ALL_TASKS, STR_NULL, text))
        return;
    rig->n_shared += rig->room.pooled.shares;
    for (size_t i = 0; i < models->n; i++)
        check_entry(rig, models, i, text);
}

static size_t
check_file(struct rig *rig, const char *name)
{
    char path[512];
    char line[65536];
    size_t n = 0;
    (void)snprintf(path, sizeof(path), "%s/%s", EXAMPLES, name);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    for (; fgets(line, sizeof(line), file); n++) {
        json_t *row = json_loads(line, 0, NULL);
        const char *text = json_string_value(json_object_get(row, "text"));
        assert_non_null(text);
        check_text(rig, &rig->policy->models, str_from(text));
        json_decref(row);
    }
    (void)fclose(file);
    return n;
}

static void
test_examples(void **state)
{
    struct rig *rig = *state;
    size_t n = 0;
    assert_int_equal(rig->policy->models.n, TASK_COUNT);
    assert_non_null(rig->policy->models.pool);
    DIR *dir = opendir(EXAMPLES);
    assert_non_null(dir);
    for (const struct dirent *at = readdir(dir); at; at = readdir(dir))
        if (str_ends(str_from(at->d_name), STR(".jsonl")))
            n += check_file(rig, at->d_name);
    (void)closedir(dir);
    print_message("%zu texts, %zu model by model, %zu reasons\n", n, rig->n_shared,
                  rig->n_reasons);
    assert_true(n > 1500 && rig->n_reasons > n && rig->n_shared < n / 20);
}

/* --- lookup ------------------------------------------------------------------------- */

/* What the pool finds of a hash in each model is what that model finds. */
static void
check_hash(const struct model_pool *pool, uint64_t hash)
{
    uint32_t node;
    uint32_t mask = 0;
    model_find(&pool->index, &hash, 1, &node);
    const uint32_t *record = node == MODEL_NO_ROW ? NULL : pool->record + pool->at[node];
    for (size_t i = 0; i < pool->n; i++) {
        uint32_t row;
        uint16_t offset;
        const struct model *m = pool->model[i];
        model_find(m, &hash, 1, &row);
        if (row == MODEL_NO_ROW)
            continue;
        mask |= UINT32_C(1) << i;
        if (!record) {
            fail_msg("%016llx is not found", (unsigned long long)hash);
            return;
        }
        memcpy(&offset, (const char *)(record + 2) + i * 2, sizeof(offset));
        if (memcmp((const char *)record + offset, model_row(m, row), m->row_bytes) != 0)
            fail_msg("%016llx: another row of model %zu", (unsigned long long)hash, i);
    }
    if ((record ? record[1] : 0) != mask)
        fail_msg("%016llx is in other models", (unsigned long long)hash);
}

/* Hashes that each row answers to: its bucket, its tag and anything between. */
static void
check_rows(const struct model_pool *pool)
{
    uint64_t any = 1;
    for (size_t i = 0; i < pool->n; i++) {
        const struct model *m = pool->model[i];
        uint32_t bits = m->header->bucket_bits;
        for (uint32_t b = 0; b < UINT32_C(1) << bits; b++)
            for (uint32_t row = m->bucket[b]; row < m->bucket[b + 1]; row++) {
                any = any * UINT64_C(6364136223846793005) + 1442695040888963407;
                uint64_t hash = (uint64_t)b << (64 - bits) | any >> bits;
                check_hash(pool, hash);
                check_hash(pool, (hash & ~UINT64_C(0xFFFF)) | m->tag[row]);
            }
    }
}

static void
test_lookup(void **state)
{
    struct rig *rig = *state;
    check_rows(rig->policy->models.pool);
}

/* --- made to be mistaken ------------------------------------------------------------ */

#define WORDS 3000
#define GRAMS (2 * WORDS + 8)

static struct str
text_of_many(struct arena *arena)
{
    char *text = arena_alloc(arena, (size_t)WORDS * 8);
    size_t len = 0;
    for (unsigned i = 0; i < WORDS; i++)
        len += (size_t)snprintf(text + len, 8, "%c%c%c%c. ", 'a' + i % 26,
                                'a' + i / 26 % 26, 'a' + i / 676 % 26, 'a' + i % 7);
    return (struct str){text, len};
}

static int
by_hash(const void *a, const void *b)
{
    const uint64_t *left = a;
    const uint64_t *right = b;
    return *left < *right ? -1 : *left > *right;
}

static struct str
make_model(uint64_t *hash, uint32_t n, uint32_t n_labels, struct buf *out)
{
    static const struct str label[] = {{"a", 1}, {"b", 1}, {"c", 1}, {"d", 1}, {"e", 1}};
    static const float offset[5] = {0, 0.1F, 0, 0.2F, 0};
    static float idf[GRAMS];
    static float weight[GRAMS * 5];
    uint32_t width = n_labels == 2 ? 1 : n_labels;
    qsort(hash, n, sizeof(*hash), by_hash);
    for (uint32_t i = 0; i < n; i++) {
        idf[i] = 1 + (float)(hash[i] % 50) / 10;
        for (uint32_t k = 0; k < width; k++)
            weight[i * width + k] = (float)((hash[i] >> (k + 20)) % 41) / 10 - 2;
    }
    const struct model_parts parts = {
        .task = STR("own"),
        .card = STR("{}"),
        .label = label,
        .offset = offset,
        .n_labels = n_labels,
        .n_rows = n,
        .hash = hash,
        .idf = idf,
        .weight = weight,
        .slope = 1,
        .sure_slope = 1,
        .tf = n_labels == 2 ? 0.5F : 0,
    };
    assert_true(model_write(&parts, out));
    return buf_str(out);
}

/* Two n-grams of the text that a directory of two buckets cannot tell apart. */
static bool
find_twins(const struct features_scratch *text, uint64_t ret[2])
{
    static uint64_t seen[1 << 17];
    memset(seen, 0, sizeof(seen));
    for (size_t i = 0; i < text->n_gram; i++) {
        uint64_t hash = text->gram[i].hash;
        uint64_t *at = &seen[(hash >> 63) << 16 | (hash & 0xFFFF)];
        if (*at && *at != hash) {
            ret[0] = *at;
            ret[1] = hash;
            return true;
        }
        *at = hash;
    }
    return false;
}

/* Models of 2 buckets, and of 2,048: of hashes of the text with bits between bucket and
 * tag changed, so that only the small ones take them for it. */
static void
test_mistaken(void **state)
{
    struct rig *rig = *state;
    static uint64_t hash[GRAMS];
    static struct models models;
    static const struct models_label labels[5] = {{.code = {"x", 1}, .value = 0}};
    struct str text = text_of_many(&rig->arena);
    struct model model[4];
    struct buf bytes[4] = {{0}};
    struct err err = {0};
    uint64_t twin[2] = {0};
    features_read(rig->policy->models.table, STR_NULL, text, rig->text);
    assert_true(rig->text->n_gram < GRAMS && find_twins(rig->text, twin));
    for (size_t i = 0; i < COUNT_OF(model); i++) {
        uint32_t n = 0;
        for (size_t k = i; k < rig->text->n_gram && n < (i < 2 ? 6U : GRAMS); k += i + 1)
            hash[n++] = rig->text->gram[k].hash ^ (i == 3 ? 0 : UINT64_C(1) << (i + 50));
        if (i != 2)
            hash[0] = twin[0];
        if (i == 3)
            hash[1] = twin[1];
        assert_true(
            model_from(&model[i], make_model(hash, n, (uint32_t)i + 2, &bytes[i]), &err));
        models.entry[i] = (struct models_entry){
            .task = (enum task)(TASK_SEVERITY + i), .model = model[i], .label = labels};
    }
    const struct model *list[4];
    for (size_t i = 0; i < COUNT_OF(list); i++)
        list[i] = &models.entry[i].model;
    models.n = COUNT_OF(list);
    models.table = rig->policy->models.table;
    models.pool = model_pool_new(list, models.n, &rig->arena);
    models.max_rows = 65536;
    assert_non_null(models.pool);
    assert_true(model[0].header->bucket_bits < model[3].header->bucket_bits);
    check_rows(models.pool);
    for (size_t i = 0; i < rig->text->n_gram; i++)
        check_hash(models.pool, rig->text->gram[i].hash);
    rig->n_shared = 0;
    check_text(rig, &models, text);
    assert_int_equal(rig->n_shared, 1);
    for (size_t at = 0; at + 200 < text.len; at += 56)
        check_text(rig, &models, (struct str){text.ptr + at, 200});
    print_message("%zu of %zu parts model by model\n", rig->n_shared - 1, text.len / 56);
    assert_true(rig->n_shared < text.len / 56);
    for (size_t i = 0; i < COUNT_OF(bytes); i++)
        buf_release(&bytes[i]);
}

/* What cannot be shared is no fault. */
static void
test_refused(void **state)
{
    struct rig *rig = *state;
    const struct model *one = &rig->policy->models.entry[0].model;
    struct arena own = {0};
    assert_null(model_pool_new(&one, 0, &own));
    assert_null(model_pool_new(&one, 1, &own));
    /* A directory so much larger than another that its rows would stand everywhere. */
    struct model_header header = *one->header;
    struct model wide = {.header = &header, .width = 1};
    const struct model *pair[] = {one, &wide};
    header.bucket_bits = 22;
    assert_null(model_pool_new(pair, 2, &own));
    arena_release(&own);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_examples),
        cmocka_unit_test(test_lookup),
        cmocka_unit_test(test_mistaken),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
