#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "conf/settings.h"

/* Value of a librdkafka property, NULL if it is not there. */
static const char *
kafka_value(const struct settings *settings, const char *name)
{
    for (size_t i = 0; settings->kafka[i]; i += 2) {
        if (strcmp(settings->kafka[i], name) == 0)
            return settings->kafka[i + 1];
    }
    return NULL;
}

static void
test_accepts(void **state)
{
    (void)state;
    static const struct row {
        const char *json;
        int64_t partitions, inbound, interval_ms;
        bool wall;
        const char *prefix, *brokers;
    } table[] = {
        {"{}", 12, 12, 10, true, "", "127.0.0.1:9092"},
        {"{\"partitions\": 4}", 4, 4, 10, true, "", "127.0.0.1:9092"},
        {"{\"partitions\": 4, \"inbound_partitions\": 1, \"clock\": \"event\"}", 4, 1, 10,
         false, "", "127.0.0.1:9092"},
        {"{\"commit\": {\"interval_ms\": 50}, \"topic_prefix\": \"x.\"}", 12, 12, 50,
         true, "x.", "127.0.0.1:9092"},
        {"{\"commit.interval_ms\": 1, \"comment\": \"why\"}", 12, 12, 1, true, "",
         "127.0.0.1:9092"},
        {"{\"kafka\": {\"bootstrap.servers\": \"a:1\", \"linger.ms\": 3}}", 12, 12, 10,
         true, "", "a:1"},
        {"{\"kafka\": {\"bootstrap\": {\"servers\": \"b:2\"}}}", 12, 12, 10, true, "",
         "b:2"},
    };
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        const struct row *row = &table[i];
        print_message("row %zu: %s\n", i, row->json);
        struct settings settings;
        struct err err = {0};
        bool ok = settings_parse(&settings, "test", str_from(row->json), &err);
        print_message("  %s\n", err.text);
        assert_true(ok);
        assert_int_equal(settings.partitions, row->partitions);
        assert_int_equal(settings.inbound_partitions, row->inbound);
        assert_int_equal(settings.commit_interval_ms, row->interval_ms);
        assert_int_equal(settings_wall_clock(&settings), row->wall);
        assert_string_equal(settings.topic_prefix, row->prefix);
        assert_string_equal(kafka_value(&settings, "bootstrap.servers"), row->brokers);
        assert_true(strlen(settings.instance) > 0);
        settings_release(&settings);
    }
}

static void
test_refuses(void **state)
{
    (void)state;
    static const struct row {
        const char *json, *says;
    } table[] = {
        {"{\"partition\": 4}", "unknown key \"partition\""},
        {"{\"commit\": {\"interval\": 4}}", "unknown key \"commit.interval\""},
        {"{\"partitions\": 0}", "from 1 to 1024"},
        {"{\"partitions\": \"4\"}", "must be a whole number"},
        {"{\"partitions\": 4.5}", "must be a string, whole number or boolean"},
        {"{\"partitions\": null}", "must be a string, whole number or boolean"},
        {"{\"clock\": \"sun\"}", "is not one of its words"},
        {"{\"clock\": 1}", "must be a string"},
        {"{\"kafka\": {\"transactional.id\": \"x\"}}", "is set by the runtime"},
        {"{\"kafka\": {\"isolation\": {\"level\": \"read_uncommitted\"}}}",
         "is set by the runtime"},
        {"{\"salt\": \"short\"}", "at least 8 bytes"},
        {"{\"salt_file\": \"/nonexistent/salt\"}", "cannot read the file"},
        {"{\"pg\": {\"dsn_file\": \"/nonexistent/dsn\"}}", "cannot read the file"},
        {"{\"partitions\": 4, \"partitions\": 5}", "duplicate"},
        {"[]", "JSON object"},
        {"{", "line 1"},
    };
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        print_message("row %zu: %s\n", i, table[i].json);
        struct settings settings;
        struct err err = {0};
        assert_false(settings_parse(&settings, "test", str_from(table[i].json), &err));
        print_message("  %s\n", err.text);
        assert_int_equal(err.action, ERR_STOP);
        assert_non_null(strstr(err.text, table[i].says));
    }
}

static void
write_file(const char *name, const char *text)
{
    FILE *out = fopen(name, "w");
    assert_non_null(out);
    assert_true(fputs(text, out) >= 0);
    assert_int_equal(fclose(out), 0);
}

/* Default, file, environment, option: the later one wins. */
static void
test_order(void **state)
{
    (void)state;
    char dir[] = "/tmp/test_settings.XXXXXX";
    assert_non_null(mkdtemp(dir));
    char file[64], salt[64], option[80];
    (void)snprintf(file, sizeof(file), "%s/c.json", dir);
    (void)snprintf(salt, sizeof(salt), "%s/salt", dir);
    (void)snprintf(option, sizeof(option), "--config=%s", file);
    write_file(file,
               "{\"threads\": 2, \"instance\": \"file\", \"topic_prefix\": \"file.\","
               "\"salt\": \"from-the-file\"}");
    write_file(salt, "from-a-file-of-its-own\r\n");
    assert_int_equal(setenv("REDRESS_TOPIC_PREFIX", "env.", 1), 0);
    assert_int_equal(setenv("REDRESS_INSTANCE", "env", 1), 0);
    assert_int_equal(setenv("REDRESS_SALT_FILE", salt, 1), 0);
    assert_int_equal(setenv("REDRESS_KAFKA_BROKERS", "env:9", 1), 0);

    char program[] = "redress-x", name[] = "--instance", value[] = "option";
    char *argv[] = {program, option, name, value, NULL};
    struct settings settings;
    struct err err = {0};
    enum settings_command command = SETTINGS_HELP;
    bool ok = settings_load(&settings, 4, argv, &command, &err);
    print_message("%s\n", err.text);
    assert_true(ok);
    assert_int_equal(command, SETTINGS_RUN);
    assert_int_equal(settings.threads, 2);
    assert_string_equal(settings.topic_prefix, "env.");
    assert_string_equal(settings.instance, "option");
    assert_string_equal(settings.salt, "from-a-file-of-its-own");
    assert_string_equal(kafka_value(&settings, "bootstrap.servers"), "env:9");
    settings_release(&settings);

    char bad[] = "--salt";
    argv[2] = bad;
    assert_false(settings_load(&settings, 4, argv, &command, &err));
    assert_non_null(strstr(err.text, "unknown option"));
    assert_int_equal(unsetenv("REDRESS_TOPIC_PREFIX"), 0);
    assert_int_equal(unsetenv("REDRESS_INSTANCE"), 0);
    assert_int_equal(unsetenv("REDRESS_SALT_FILE"), 0);
    assert_int_equal(unsetenv("REDRESS_KAFKA_BROKERS"), 0);
    assert_int_equal(unlink(file), 0);
    assert_int_equal(unlink(salt), 0);
    assert_int_equal(rmdir(dir), 0);
}

/* deploy/CONFIGURATION.md is what the table says; `make docs` writes it anew. */
static void
test_page_is_fresh(void **state)
{
    (void)state;
    CLEANUP(buf_release) struct buf page = {0};
    settings_page(&page);
    FILE *in = fopen("deploy/CONFIGURATION.md", "rb");
    assert_non_null(in);
    char text[65536];
    size_t len = fread(text, 1, sizeof(text), in);
    assert_int_equal(fclose(in), 0);
    assert_true(str_eq((struct str){text, len}, buf_str(&page)));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_accepts),
        cmocka_unit_test(test_refuses),
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_page_is_fresh),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
