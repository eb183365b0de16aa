/* triage.json: whatever is wrong in it is refused with its place and what to do. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <jansson.h>

#include "triage/triage.h"

#define FILE_NAME "deploy/policy/triage.json"

/* Puts a JSON value at a path like "tiers/0/factor"; null takes the key out. */
static void
put(json_t *root, const char *path, const char *value)
{
    char part[64];
    json_t *at = root;
    for (;;) {
        size_t len = strcspn(path, "/");
        assert_true(len < sizeof(part));
        memcpy(part, path, len);
        part[len] = '\0';
        bool last = path[len] == '\0';
        bool index = part[0] >= '0' && part[0] <= '9';
        if (last) {
            json_t *json = json_loads(value, JSON_DECODE_ANY, NULL);
            if (index)
                assert_int_equal(
                    json_array_set_new(at, (size_t)strtoul(part, NULL, 10), json), 0);
            else if (strcmp(value, "-") == 0)
                assert_int_equal(json_object_del(at, part), 0);
            else
                assert_int_equal(json_object_set_new(at, part, json), 0);
            return;
        }
        at = index ? json_array_get(at, (size_t)strtoul(part, NULL, 10))
                   : json_object_get(at, part);
        assert_non_null(at);
        path += len + 1;
    }
}

static void
test_refused(void **state)
{
    (void)state;
    static const struct {
        const char *path, *value;
        const char *place, *says;
    } table[] = {
        {"colour", "1", "$", "colour"},
        {"version", "-", "$", "version"},
        {"version", "\"\"", "$", "1 to 60 bytes"},
        {"severity/points", "[1,2,3]", "$.severity.points", "5 numbers"},
        {"severity/points/2", "1", "$.severity.points[2]", "not falling"},
        {"severity/double_deviation", "0.5", "$.severity.double_deviation", "from 1"},
        {"severity/kinds/rant", "1", "$.severity.kinds", "rant"},
        {"salvageability/window_loss", "2", "$.salvageability.window_loss",
         "from 0 to 1"},
        {"salvageability/value_from", "0", "$.salvageability.value_from", "from 1"},
        {"salvageability/not_speaking", "1.2", "$.salvageability.not_speaking", "to 1"},
        {"tiers/0/relationship", "\"friend\"", "$.tiers[0]",
         "best, regular or occasional"},
        {"tiers/0/default", "true", "$.tiers", "exactly one"},
        {"tiers/1/default", "-", "$.tiers", "exactly one"},
        {"tiers/2/aliases/0", "\"VIP\"", "$.tiers[2]", "take one out"},
        {"tiers/2/aliases/0", "\"Occasional\"", "$.tiers[2]", "take one out"},
        {"tiers/0/limit", "{\"amount\":5}", "$.tiers[0].limit", "currency"},
        {"tiers/0/limit", "{\"amount\":5,\"currency\":\"eur\"}", "$.tiers[0].limit",
         "ISO 4217"},
        {"tiers/0/limit", "{\"amount\":-1,\"currency\":\"EUR\"}",
         "$.tiers[0].limit.amount", "from 0"},
        {"exposure/reach_from", "0", "$.exposure.reach_from", "from 1"},
        {"exposure/growth_window_hours", "0", "$.exposure.growth_window_hours", "from 1"},
        {"exposure/growth_half_life_hours", "-", "$.exposure", "growth_half_life_hours"},
        {"overrides/0", "{\"name\":\"x\",\"add\":1,\"at_least\":1}", "$.overrides[0]",
         "never holds"},
        {"ageing/1/after_hours", "10", "$.ageing[1]", "must rise"},
        {"ageing/1/add", "1", "$.ageing[1]", "not fall"},
        {"ageing", "[{\"after_hours\":72,\"add\":3}]", "$.ageing", "starve"},
        {"ageing", "[]", "$.ageing", "starve"},
        {"silence_hours", "0", "$.silence_hours", "from 1"},
        {"double_deviation/transfers", "0", "$.double_deviation.transfers", "from 1"},
        {"double_deviation/low_rating", "6", "$.double_deviation.low_rating", "to 5"},
        {"classes/immediate", "30", "$.classes", "above urgent"},
        {"classes/minimal_score_at_most", "30", "$.classes", "below urgent"},
        {"priorities/P2", "70", "$.priorities", "P1 must be above P2"},
        {"priorities/P3", "50", "$.priorities", "P2 above P3"},
        {"compensations/0/words", "[]", "$.compensations[0]", "at least one"},
        {"move_on_after_refusals", "0", "$.move_on_after_refusals", "from 1"},
        {"remedies/0/advice", "\"\"", "$.remedies[0]", "1 to 128"},
        {"remedies/0/when/kind", "\"rant\"", "$.remedies[0].when", "kind"},
        {"remedies/0/when/mood", "\"bad\"", "$.remedies[0].when", "mood"},
        {"remedies", "[]", "$.remedies", "complaint"},
        {"remedies/1/checklist",
         "[\"1\",\"2\",\"3\",\"4\",\"5\",\"6\",\"7\",\"8\",\"9\","
         "\"10\"]",
         "$.remedies[1].checklist", "9"},
    };
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        struct err err = {0};
        json_t *file = json_load_file(FILE_NAME, 0, NULL);
        assert_non_null(file);
        put(file, table[i].path, table[i].value);
        char *text = json_dumps(file, 0);
        struct triage_policy *p =
            triage_policy_parse("triage.json", str_from(text), &err);
        print_message("row %zu: %s = %s: %s\n", i, table[i].path, table[i].value,
                      err.text);
        assert_null(p);
        assert_int_equal(err.action, ERR_STOP);
        assert_true(str_starts(str_from(err.text), STR("triage.json: ")));
        assert_non_null(strstr(err.text, table[i].place));
        assert_non_null(strstr(err.text, table[i].says));
        free(text);
        json_decref(file);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_refused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
