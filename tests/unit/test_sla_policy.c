/* What a bad policy says: file, path, what to do.  The good one is what is shipped,
 * changed in one place and written to a folder of its own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include <jansson.h>

#include "base/buf.h"
#include "sla/sla_policy.h"

#define CALENDAR_JSON                                                                    \
    "{\"name\":\"c\",\"version\":\"1\",\"zone\":\"Etc/UTC\","                            \
    "\"week\":{\"mon\":[[\"09:00\",\"17:00\"]]}%s}"
#define PRESET_JSON                                                                      \
    "{\"name\":\"p\",\"version\":\"1\",\"regulators\":[\"R\"],\"in_force\":{%s},"        \
    "\"calendar\":\"c\",\"source\":\"s\",\"clocks\":{\"statutory\":"                     \
    "{\"target\":{\"days\":1}}}}"
#define SLA_JSON                                                                         \
    "{\"version\":\"1\",\"calendars\":[\"c\"],\"presets\":[\"p\"],"                      \
    "\"ladders\":{\"l\":[{\"after\":{\"hours\":0},\"level\":2,\"to\":\"x\"}%s]},"        \
    "\"policies\":[{\"name\":\"d\",\"calendar\":\"c\",\"clocks\":{%s}}%s]%s}"

struct files {
    const char *clocks;   /* of the only policy    */
    const char *policies; /* further ones          */
    const char *more;     /* further keys          */
    const char *in_force; /* of the preset         */
    const char *calendar; /* further keys          */
    const char *rungs;    /* further ones of "l"   */
};

static void put(const char *at, const char *name, const char *fmt, ...) PRINTF(3, 4);
static void
put(const char *at, const char *name, const char *fmt, ...)
{
    char path[256];
    va_list args;
    (void)snprintf(path, sizeof(path), "%s/%s", at, name);
    FILE *out = fopen(path, "w");
    assert_non_null(out);
    va_start(args, fmt);
    assert_true(vfprintf(out, fmt, args) > 0);
    va_end(args);
    assert_int_equal(fclose(out), 0);
}

static const char *
or_none(const char *text)
{
    return text ? text : "";
}

static struct sla_policy *
load(const char *at, const struct files *files, struct err *err)
{
    put(at, "sla.json", SLA_JSON, or_none(files->rungs), or_none(files->clocks),
        or_none(files->policies), or_none(files->more));
    put(at, "sla/p.json", PRESET_JSON, or_none(files->in_force));
    put(at, "calendars/c.json", CALENDAR_JSON, or_none(files->calendar));
    return sla_policy_load(at, err);
}

#define OWNER(inside) "\"owner\":{" inside "}"

static const struct {
    const char *name;
    struct files files;
    const char *says; /* NULL: loads */
} table[] = {
    {"nothing but the frame", {0}, NULL},
    {"all keys",
     {.clocks = OWNER("\"target\":{\"business_days\":2,\"until\":\"end_of_business\"},"
                      "\"warn\":[1,99],\"max_pause\":{\"days\":3},\"ladder\":\"l\""),
      .in_force = "\"from\":\"2026-04-15\",\"to\":\"2026-05-01\"",
      .calendar = ",\"holidays\":[{\"date\":\"2026-01-01\",\"name\":\"n\"}],"
                  "\"working_days\":[{\"date\":\"2026-01-04\",\"name\":\"m\"}]"},
     NULL},
    {"unknown key", {.more = ",\"policy\":1"}, "$: unknown key \"policy\""},
    {"unknown clock", {.clocks = "\"answer\":{}"}, "unknown key \"answer\""},
    {"no target", {.clocks = OWNER("")}, "owner.target: missing"},
    {"two units",
     {.clocks = OWNER("\"target\":{\"days\":1,\"hours\":1}")},
     "exactly one unit"},
    {"zero", {.clocks = OWNER("\"target\":{\"days\":0}")}, "from 1 to"},
    {"hours until",
     {.clocks = OWNER("\"target\":{\"hours\":1,\"until\":\"time\"}")},
     "until"},
    {"days until business",
     {.clocks = OWNER("\"target\":{\"days\":1,\"until\":\"end_of_business\"}")},
     "goes with business_days"},
    {"falling percents",
     {.clocks = OWNER("\"target\":{\"days\":1},\"warn\":[50,50]")},
     "rising"},
    {"a whole", {.clocks = OWNER("\"target\":{\"days\":1},\"warn\":[100]")}, "1 to 99"},
    {"no such ladder",
     {.clocks = OWNER("\"target\":{\"days\":1},\"ladder\":\"x\"")},
     "not among $.ladders"},
    {"a long pause",
     {.clocks = OWNER("\"target\":{\"days\":1},\"max_pause\":{\"days\":367}")},
     "from 1 to 366"},
    {"a promise with a target",
     {.clocks = "\"promise\":{\"target\":{\"days\":1}}"},
     "promise"},
    {"automatic owner",
     {.clocks = OWNER("\"target\":{\"days\":1},\"automatic_counts\":true")},
     "goes with acknowledge"},
    {"a pause of what never pauses",
     {.clocks = "\"statutory\":{\"target\":{\"days\":1},\"max_pause\":{\"days\":3}}"},
     "statutory.max_pause: statutory never pauses"},
    {"a pause of a promise",
     {.clocks = "\"promise\":{\"max_pause\":{\"days\":3}}"},
     "promise.max_pause: promise never pauses"},
    {"an extension in every form",
     {.clocks = OWNER("\"target\":{\"days\":1},\"extension\":{\"times\":2,\"by\":"
                      "{\"business_days\":5}}") ",\"statutory\":{\"target\":{\"days\":1},"
                                                "\"extension\":{\"times\":0}},\"update\":"
                                                "{\"target\":{\"days\":1},"
                                                "\"extension\":{\"by\":{\"months\":1,"
                                                "\"until\":\"end_of_day\"}}}"},
     NULL},
    {"an extension that says nothing",
     {.clocks = OWNER("\"target\":{\"days\":1},\"extension\":{}")},
     "owner.extension: must say how often"},
    {"an extension that shortens",
     {.clocks = OWNER("\"target\":{\"days\":1},\"extension\":{\"by\":{\"days\":-1}}")},
     "owner.extension.by.days"},
    {"an extension of a promise",
     {.clocks = "\"promise\":{\"extension\":{\"times\":1}}"},
     "promised anew"},
    {"an extension of the window",
     {.clocks = "\"recovery_window\":{\"target\":{\"days\":1},\"extension\":"
                "{\"times\":1}}"},
     "recovery_window is never extended"},
    {"a ladder that goes down",
     {.rungs = ",{\"after\":{\"hours\":1},\"level\":2,\"to\":\"y\"}"},
     "$.ladders.l[1]"},
    {"no such channel",
     {.policies = ",{\"name\":\"e\",\"calendar\":\"c\",\"clocks\":{},"
                  "\"match\":{\"channel\":[\"WEB\",\"webb\"]}}"},
     "there is no channel \"webb\""},
    {"no such kind",
     {.policies = ",{\"name\":\"e\",\"calendar\":\"c\",\"clocks\":{},"
                  "\"match\":{\"kind\":\"rant\"}}"},
     "there is no kind \"rant\""},
    {"the last policy matches some",
     {.policies = ",{\"name\":\"e\",\"calendar\":\"c\",\"clocks\":{},"
                  "\"match\":{\"brand\":\"b\"}}"},
     "last policy must match everything"},
    {"no such calendar",
     {.policies = ",{\"name\":\"e\",\"calendar\":\"d\",\"clocks\":{}}"},
     "not among $.calendars"},
    {"no such zone",
     {.policies = ",{\"name\":\"e\",\"calendar\":\"c\",\"zone\":\"Europe/Lodnon\","
                  "\"clocks\":{}}"},
     "unknown time zone"},
    {"a date of no calendar", {.in_force = "\"from\":\"2026-02-30\""}, "must be a date"},
    {"a day twice",
     {.calendar = ",\"holidays\":[{\"date\":\"2026-01-01\",\"name\":\"n\"},"
                  "{\"date\":\"2026-01-01\",\"name\":\"m\"}]"},
     "2026-01-01 stands twice"},
    {"windows that overlap",
     {.calendar = ",\"holidays\":[{\"date\":\"2026-01-01\",\"name\":\"n\",\"windows\":"
                  "[[\"09:00\",\"12:00\"],[\"11:00\",\"13:00\"]]}]"},
     "rise and not overlap"},
    {"a window past the day",
     {.calendar = ",\"holidays\":[{\"date\":\"2026-01-01\",\"name\":\"n\",\"windows\":"
                  "[[\"09:00\",\"24:01\"]]}]"},
     "time of day"},
};

static char dir[] = "/tmp/redress-sla-XXXXXX";

static void
path_of(char path[64], const char *name)
{
    (void)snprintf(path, 64, "%s/%s", dir, name);
}

static int
make_dir(void **state)
{
    (void)state;
    char path[64];
    if (!mkdtemp(dir))
        return -1;
    path_of(path, "sla");
    if (mkdir(path, 0700) != 0)
        return -1;
    path_of(path, "calendars");
    return mkdir(path, 0700);
}

static int
drop_dir(void **state)
{
    (void)state;
    static const char *const files[] = {"sla.json", "sla/p.json", "calendars/c.json"};
    char path[64];
    for (size_t i = 0; i < COUNT_OF(files); i++) {
        path_of(path, files[i]);
        (void)unlink(path);
    }
    path_of(path, "sla");
    (void)rmdir(path);
    path_of(path, "calendars");
    (void)rmdir(path);
    return rmdir(dir);
}

static void
bad_policies_say_where(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        struct err err = {0};
        print_message("row %zu: %s\n", i, table[i].name);
        struct sla_policy *policy = load(dir, &table[i].files, &err);
        if (!table[i].says) {
            if (!policy)
                print_error("%s\n", err.text);
            assert_non_null(policy);
            sla_policy_free(policy);
            continue;
        }
        assert_null(policy);
        assert_int_equal(err.action, ERR_STOP);
        if (!strstr(err.text, table[i].says))
            fail_msg("\"%s\" does not say \"%s\"", err.text, table[i].says);
    }
}

/* The hash names the whole policy: one more holiday, or another date in force, is another
 * policy; the same files are the same. */
static void
the_hash_covers_every_file(void **state)
{
    (void)state;
    static const struct files versions[] = {
        {0},
        {.calendar = ",\"holidays\":[{\"date\":\"2026-01-01\",\"name\":\"n\"}]"},
        {.in_force = "\"from\":\"2026-04-15\""},
        {.clocks = OWNER("\"target\":{\"days\":1}")},
    };
    char hashes[COUNT_OF(versions)][17];
    for (size_t i = 0; i < COUNT_OF(versions); i++) {
        struct err err = {0};
        for (size_t twice = 0; twice < 2; twice++) {
            struct sla_policy *policy = load(dir, &versions[i], &err);
            assert_non_null(policy);
            assert_int_equal(policy->hash.len, 16);
            if (twice)
                assert_memory_equal(hashes[i], policy->hash.ptr, 16);
            memcpy(hashes[i], policy->hash.ptr, 16);
            sla_policy_free(policy);
        }
        for (size_t k = 0; k < i; k++)
            assert_memory_not_equal(hashes[i], hashes[k], 16);
    }
}

/* --- the order of keys ----------------------------------------------------------------
 */

static json_t *
turned_round(const json_t *from)
{
    if (json_is_array(from)) {
        json_t *list = json_array();
        for (size_t i = 0; i < json_array_size(from); i++)
            (void)json_array_append_new(list, turned_round(json_array_get(from, i)));
        return list;
    }
    if (!json_is_object(from))
        return json_deep_copy(from);
    const char *keys[256];
    const char *key = NULL;
    json_t *value = NULL;
    size_t n = 0;
    json_object_foreach((json_t *)(uintptr_t)from, key, value)
    {
        assert_true(n < COUNT_OF(keys));
        keys[n++] = key;
    }
    json_t *object = json_object();
    while (n-- > 0)
        (void)json_object_set_new(object, keys[n],
                                  turned_round(json_object_get(from, keys[n])));
    return object;
}

static void
turn_file(const char *to, const char *name)
{
    char path[512];
    (void)snprintf(path, sizeof(path), "deploy/policy/%s", name);
    json_t *from = json_load_file(path, 0, NULL);
    assert_non_null(from);
    json_t *turned = turned_round(from);
    (void)snprintf(path, sizeof(path), "%s/%s", to, name);
    assert_int_equal(json_dump_file(turned, path, JSON_INDENT(1)), 0);
    json_decref(turned);
    json_decref(from);
}

/* Everything that decides, as text. */
static void
print_rules(struct buf *out, const struct sla_rules *rules)
{
    (void)buf_printf(out, "%.*s %.*s %.*s %lld %lld %zu\n", STR_ARG(rules->name),
                     STR_ARG(rules->version), STR_ARG(rules->calendar->zone->name),
                     (long long)rules->from_day, (long long)rules->to_day,
                     rules->regulator.n);
    for (int i = CLOCK_ACKNOWLEDGE; i < CLOCK_COUNT; i++) {
        const struct sla_clock_rule *rule = &rules->clocks[i];
        (void)buf_printf(out, " %s %d %d %d %d %.*s pause %lld extend %d %d %d %d warn",
                         clock_name((enum clock)i), rule->set, (int)rule->target.unit,
                         rule->target.n, (int)rule->target.until,
                         STR_ARG(rule->target_json), (long long)rule->max_pause_ms,
                         rule->has_extension, rule->extension.times,
                         (int)rule->extension.unit, rule->extension.n);
        for (size_t k = 0; k < rule->n_warn; k++)
            (void)buf_printf(out, " %d", rule->warn[k]);
        for (size_t k = 0; k < rule->n_rungs; k++)
            (void)buf_printf(out, " %d:%.*s %d", rule->rungs[k].level,
                             STR_ARG(rule->rungs[k].to), rule->rungs[k].n);
        (void)buf_add_c(out, "\n");
    }
}

static void
print_policy(struct buf *out, const char *at)
{
    struct err err = {0};
    struct sla_policy *policy = sla_policy_load(at, &err);
    if (!policy) {
        fail_msg("%s", err.text);
        return;
    }
    (void)buf_printf(out, "%.*s %.*s\n", STR_ARG(policy->version), STR_ARG(policy->hash));
    for (size_t i = 0; i < policy->n_policies; i++)
        print_rules(out, &policy->policies[i]);
    for (size_t i = 0; i < policy->n_presets; i++)
        print_rules(out, &policy->presets[i]);
    sla_policy_free(policy);
}

static void
the_order_of_keys_changes_nothing(void **state)
{
    (void)state;
    static const char *const names[] = {"sla.json",
                                        "sla/us_cfpb.json",
                                        "sla/uk_fca.json",
                                        "sla/eu_adr.json",
                                        "sla/cn_samr_121.json",
                                        "sla/cn_samr_20.json",
                                        "sla/us_dot_air.json",
                                        "sla/nhs_england.json",
                                        "sla/au_rg271.json",
                                        "sla/iso_10002.json"};
    char turned[] = "/tmp/redress-sla-XXXXXX";
    char path[512];
    char here[256];
    char calendars[384];
    assert_non_null(mkdtemp(turned));
    (void)snprintf(path, sizeof(path), "%s/sla", turned);
    assert_int_equal(mkdir(path, 0700), 0);
    assert_non_null(getcwd(here, sizeof(here)));
    (void)snprintf(calendars, sizeof(calendars), "%s/deploy/policy/calendars", here);
    (void)snprintf(path, sizeof(path), "%s/calendars", turned);
    assert_int_equal(symlink(calendars, path), 0);
    for (size_t i = 0; i < COUNT_OF(names); i++)
        turn_file(turned, names[i]);

    struct buf ours = {0};
    struct buf theirs = {0};
    print_policy(&ours, "deploy/policy");
    print_policy(&theirs, turned);
    assert_true(ours.len > 4000);
    assert_string_equal(buf_str(&ours).ptr, buf_str(&theirs).ptr);
    buf_release(&ours);
    buf_release(&theirs);
    (void)unlink(path);
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        (void)snprintf(path, sizeof(path), "%s/%s", turned, names[i]);
        (void)unlink(path);
    }
    (void)snprintf(path, sizeof(path), "%s/sla", turned);
    (void)rmdir(path);
    assert_int_equal(rmdir(turned), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bad_policies_say_where),
        cmocka_unit_test(the_hash_covers_every_file),
        cmocka_unit_test(the_order_of_keys_changes_nothing),
    };
    return cmocka_run_group_tests(tests, make_dir, drop_dir);
}
