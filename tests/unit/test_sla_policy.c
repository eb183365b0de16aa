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
    "\"ladders\":{\"l\":[{\"after\":{\"hours\":0},\"to\":\"x\"}]},"                      \
    "\"policies\":[{\"name\":\"d\",\"calendar\":\"c\",\"clocks\":{%s}}%s]%s}"

struct files {
    const char *clocks;   /* of the only policy    */
    const char *policies; /* further ones          */
    const char *more;     /* further keys          */
    const char *in_force; /* of the preset         */
    const char *calendar; /* further keys          */
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
    put(at, "sla.json", SLA_JSON, or_none(files->clocks), or_none(files->policies),
        or_none(files->more));
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

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bad_policies_say_where),
        cmocka_unit_test(the_hash_covers_every_file),
    };
    return cmocka_run_group_tests(tests, make_dir, drop_dir);
}
