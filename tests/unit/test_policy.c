/* Policy files: a mistake names its file and its path, and nothing is read half. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "conf/policy.h"

/* What a stage would read: every getter once. */
struct rule {
    struct str name;
    struct str unit;
    int64_t days;
    double share;
    bool on;
    size_t n_tags;
    int64_t depth;
};

static bool
read_rule(const struct policy_doc *doc, struct rule *rule, struct err *err)
{
    static const char *const KEYS[] = {"version", "name", "unit", "days", "share",
                                       "on",      "tags", "sub",  NULL};
    struct policy_node root = policy_root(doc);
    struct policy_node tags;
    struct policy_node sub;
    if (!policy_known(&root, KEYS, err) ||
        !policy_str(&root, "name", true, &rule->name, err) ||
        !policy_str(&root, "unit", false, &rule->unit, err) ||
        !policy_i64(&root, "days", false, 1, 10, &rule->days, err) ||
        !policy_double(&root, "share", false, 0, 1, &rule->share, err) ||
        !policy_bool(&root, "on", false, &rule->on, err) ||
        !policy_array(&root, "tags", false, 2, &tags, err) ||
        !policy_object(&root, "sub", false, &sub, err))
        return false;
    rule->n_tags = policy_len(&tags);
    for (size_t i = 0; i < rule->n_tags; i++) {
        struct policy_node tag = policy_at(&tags, i);
        struct str text;
        if (!policy_as_str(&tag, &text, err))
            return false;
    }
    return !sub.json || policy_i64(&sub, "depth", true, 0, 9, &rule->depth, err);
}

static bool
read_text(const char *text, struct rule *ret_rule, struct err *err)
{
    struct policy_doc doc = {0};
    *ret_rule = (struct rule){.unit = STR("default"), .days = 5, .share = 0.5};
    if (!policy_parse(&doc, "rules.json", str_from(text), err))
        return false;
    bool ok = read_rule(&doc, ret_rule, err);
    ret_rule->name = STR_NULL; /* views into the document */
    policy_release(&doc);
    return ok;
}

static void
test_mistakes_say_where(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *expect; /* NULL: accepted; else what the error starts with */
    } rows[] = {
        {"{\"name\":\"x\"}", NULL},
        {"{\"name\":\"x\",\"comment\":[\"why\"],\"tags\":[],\"sub\":{\"depth\":0}}",
         NULL},
        {"{\"name\":\"x\",\"days\":10,\"share\":1,\"on\":false}", NULL},
        {"", "rules.json: line 1"},
        {"{\n\"name\":\"x\",\n}", "rules.json: line 3"},
        {"{\"name\":\"x\",\"name\":\"y\"}", "rules.json: line 1"},
        {"{\"name\":\"x\"} x", "rules.json: line 1"},
        {"[]", "rules.json: the file must hold a JSON object"},
        {"{}", "rules.json: $.name: missing"},
        {"{\"name\":1}", "rules.json: $.name: must be a string"},
        {"{\"name\":null}", "rules.json: $.name: must be a string"},
        {"{\"nmae\":\"x\"}", "rules.json: $: unknown key \"nmae\""},
        {"{\"name\":\"x\",\"days\":0}", "rules.json: $.days: must be a whole number"},
        {"{\"name\":\"x\",\"days\":11}", "rules.json: $.days: must be a whole number"},
        {"{\"name\":\"x\",\"days\":5.0}", "rules.json: $.days: must be a whole number"},
        {"{\"name\":\"x\",\"days\":\"5\"}", "rules.json: $.days: must be a whole number"},
        {"{\"name\":\"x\",\"share\":1.01}", "rules.json: $.share: must be a number"},
        {"{\"name\":\"x\",\"on\":\"true\"}", "rules.json: $.on: must be true or false"},
        {"{\"name\":\"x\",\"tags\":{}}", "rules.json: $.tags: must be an array"},
        {"{\"name\":\"x\",\"tags\":[\"\",\"\",\"\"]}", "rules.json: $.tags: at most 2"},
        {"{\"name\":\"x\",\"tags\":[\"a\",7]}",
         "rules.json: $.tags[1]: must be a string"},
        {"{\"name\":\"x\",\"sub\":[]}", "rules.json: $.sub: must be an object"},
        {"{\"name\":\"x\",\"sub\":{}}", "rules.json: $.sub.depth: missing"},
        {"{\"name\":\"x\",\"sub\":{\"depth\":-1}}", "rules.json: $.sub.depth: must be"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct rule rule;
        struct err err = {0};
        bool ok = read_text(rows[i].text, &rule, &err);
        print_message("row %zu: %s -> %s\n", i, rows[i].text, err.text);
        assert_int_equal(ok, rows[i].expect == NULL);
        if (!ok) {
            assert_int_equal(err.action, ERR_STOP);
            assert_true(str_starts(str_from(err.text), str_from(rows[i].expect)));
        }
    }
}

static void
test_absent_keeps_the_default(void **state)
{
    (void)state;
    struct rule rule;
    struct err err = {0};
    assert_true(read_text("{\"name\":\"x\"}", &rule, &err));
    assert_true(str_eq(rule.unit, STR("default")));
    assert_int_equal(rule.days, 5);
    assert_true(rule.share > 0.4 && rule.share < 0.6);
    assert_true(read_text("{\"name\":\"x\",\"days\":1,\"on\":true,\"tags\":[\"a\"]}",
                          &rule, &err));
    assert_int_equal(rule.days, 1);
    assert_true(rule.on);
    assert_int_equal(rule.n_tags, 1);
}

/* The hash names what the file says, not how it is written. */
static void
test_hash(void **state)
{
    (void)state;
    static const char *const SAME[] = {
        "{\"version\":\"7\",\"a\":1,\"b\":[1,2]}",
        "{ \"b\" : [1, 2],\n\"a\":1, \"version\":\"7\" }",
    };
    struct policy_doc docs[3] = {0};
    struct err err = {0};
    assert_true(policy_parse(&docs[0], "a", str_from(SAME[0]), &err));
    assert_true(policy_parse(&docs[1], "b", str_from(SAME[1]), &err));
    assert_true(policy_parse(&docs[2], "c",
                             STR("{\"version\":\"7\",\"a\":1,\"b\":[2,1]}"), &err));
    assert_string_equal(docs[0].hash, docs[1].hash);
    assert_string_not_equal(docs[0].hash, docs[2].hash);
    assert_int_equal(strlen(docs[0].hash), 16);
    assert_string_equal(docs[0].version, "7");
    for (size_t i = 0; i < COUNT_OF(docs); i++)
        policy_release(&docs[i]);
}

/* However deep: the path is cut, never overrun. */
static void
test_deep_path(void **state)
{
    (void)state;
    struct policy_doc doc = {0};
    struct err err = {0};
    assert_true(policy_parse(&doc, "deep.json", STR("{}"), &err));
    struct policy_node node = policy_root(&doc);
    for (size_t i = 0; i < 100; i++) {
        struct policy_node child =
            policy_get(&node, "a_rather_long_key_of_a_policy_file");
        node = policy_at(&child, SIZE_MAX);
        assert_true(strlen(node.path) < sizeof(node.path));
    }
    assert_null(node.json);
    assert_false(policy_error(&node, &err, "%s", "here"));
    assert_true(str_ends(str_from(err.text), STR(": here")));
    policy_release(&doc);
}

static void
test_files(void **state)
{
    (void)state;
    char dir[] = "/tmp/redress-policy-XXXXXX";
    assert_non_null(mkdtemp(dir));
    char path[64];
    (void)snprintf(path, sizeof(path), "%s/big.json", dir);
    struct policy_doc doc = {0};
    struct err err = {0};
    assert_false(policy_read(&doc, dir, "big.json", &err));
    assert_int_equal(err.action, ERR_STOP);
    assert_true(str_starts(str_from(err.text), str_from(path)));
    assert_non_null(strstr(err.text, "No such file or directory"));
    static const char *const marked[] = {"\xEF\xBB\xBF{}", "\xFF\xFE{\0}",
                                         "\xFE\xFF\0{\0}"};
    for (size_t i = 0; i < COUNT_OF(marked); i++) {
        print_message("mark %zu\n", i);
        assert_false(policy_parse(&doc, "x.json", str_from(marked[i]), &err));
        assert_non_null(strstr(err.text, "x.json: begins with a byte order mark"));
    }

    /* Longer than the first block that is read. */
    FILE *out = fopen(path, "wb");
    assert_non_null(out);
    (void)fputs("{\"version\":\"long\",\"list\":[0", out);
    for (size_t i = 0; i < 100000; i++)
        (void)fputs(",1", out);
    (void)fputs("]}", out);
    assert_int_equal(fclose(out), 0);
    assert_true(policy_read(&doc, dir, "big.json", &err));
    assert_string_equal(doc.version, "long");
    assert_string_equal(doc.file, path);
    struct policy_node root = policy_root(&doc);
    struct policy_node list = policy_get(&root, "list");
    assert_int_equal(policy_len(&list), 100001);
    policy_release(&doc);

    /* A hole of 17 MiB. */
    assert_int_equal(truncate(path, (off_t)17 * 1024 * 1024), 0);
    assert_false(policy_read(&doc, dir, "big.json", &err));
    assert_non_null(strstr(err.text, "larger than 16 MiB"));
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(dir), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mistakes_say_where),
        cmocka_unit_test(test_absent_keeps_the_default),
        cmocka_unit_test(test_hash),
        cmocka_unit_test(test_deep_path),
        cmocka_unit_test(test_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
