#include "conf/settings.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "conf/settings_table.h"

#define KAFKA_PROPERTIES_MAX 200
#define SECRET_FILE_MAX_BYTES 4096

/* While loading: the properties grow, then become settings.kafka. */
struct loading {
    struct settings *settings;
    const char *source; /* for errors: file name, environment variable, option */
    const char *pairs[2 * KAFKA_PROPERTIES_MAX + 1];
    size_t n_pairs; /* names and values */
};

static char *
field_of(struct settings *settings, const struct setting *row)
{
    return (char *)settings + row->field;
}

static void
set_text(struct settings *settings, const struct setting *row, const char *text)
{
    const char *copy = arena_str(&settings->arena, str_from(text)).ptr;
    memcpy(field_of(settings, row), &copy, sizeof(copy));
}

static void
set_number(struct settings *settings, const struct setting *row, int64_t number)
{
    memcpy(field_of(settings, row), &number, sizeof(number));
}

/* From text: environment, options and defaults. */
static bool
set_value(struct loading *load, const struct setting *row, const char *text,
          struct err *err)
{
    int64_t number = 0;
    switch (row->type) {
    case SETTING_TEXT:
        set_text(load->settings, row, text);
        return true;
    case SETTING_NUMBER:
        if (!str_to_i64(str_from(text), &number) || number < row->min ||
            number > row->max)
            return err_set(
                err, ERR_STOP, "%s: %s must be a whole number from %lld to %lld",
                load->source, row->key, (long long)row->min, (long long)row->max);
        set_number(load->settings, row, number);
        return true;
    case SETTING_CHOICE:
        while (row->words[number] && strcmp(row->words[number], text) != 0)
            number++;
        if (!row->words[number])
            return err_set(err, ERR_STOP,
                           "%s: %s: \"%.40s\" is not one of its words; see --help",
                           load->source, row->key, text);
        set_number(load->settings, row, number);
        return true;
    }
    return true;
}

static bool
set_kafka(struct loading *load, const char *name, const char *value, struct err *err)
{
    for (size_t i = 0; settings_kafka_owned[i]; i++) {
        if (strcmp(settings_kafka_owned[i], name) == 0)
            return err_set(err, ERR_STOP,
                           "%s: kafka.%s is set by the runtime; take it out",
                           load->source, name);
    }
    struct arena *arena = &load->settings->arena;
    size_t at = 0;
    while (at < load->n_pairs && strcmp(load->pairs[at], name) != 0)
        at += 2;
    if (at == load->n_pairs) {
        if (at / 2 == KAFKA_PROPERTIES_MAX)
            return err_set(err, ERR_STOP, "%s: more than %d kafka properties",
                           load->source, KAFKA_PROPERTIES_MAX);
        load->pairs[at] = arena_str(arena, str_from(name)).ptr;
        load->n_pairs += 2;
    }
    load->pairs[at + 1] = arena_str(arena, str_from(value)).ptr;
    return true;
}

static const struct setting *
row_of(const char *key)
{
    for (size_t i = 0; i < settings_table_len; i++) {
        if (strcmp(settings_table[i].key, key) == 0)
            return &settings_table[i];
    }
    return NULL;
}

/* A JSON scalar as the text that set_value() takes. */
static bool
set_json(struct loading *load, const char *key, const json_t *json, struct err *err)
{
    char number[32];
    const char *text = number;
    if (json_is_string(json))
        text = json_string_value(json);
    else if (json_is_integer(json))
        (void)snprintf(number, sizeof(number), "%lld",
                       (long long)json_integer_value(json));
    else if (json_is_boolean(json))
        text = json_is_true(json) ? "true" : "false";
    else
        return err_set(err, ERR_STOP, "%s: %s must be a string, whole number or boolean",
                       load->source, key);

    if (strncmp(key, "kafka.", 6) == 0)
        return set_kafka(load, key + 6, text, err);
    const struct setting *row = row_of(key);
    if (!row)
        return err_set(err, ERR_STOP, "%s: unknown key \"%.80s\"; see --help",
                       load->source, key);
    if (row->type == SETTING_NUMBER ? !json_is_integer(json) : !json_is_string(json))
        return err_set(err, ERR_STOP, "%s: %s must be a %s", load->source, key,
                       row->type == SETTING_NUMBER ? "whole number" : "string");
    return set_value(load, row, text, err);
}

static bool
set_object(struct loading *load, const char *prefix, json_t *object, int depth,
           struct err *err)
{
    const char *name = NULL;
    json_t *value = NULL;
    json_object_foreach(object, name, value)
    {
        char key[256];
        int n = snprintf(key, sizeof(key), "%s%s%s", prefix, *prefix ? "." : "", name);
        if (n < 0 || (size_t)n >= sizeof(key))
            return err_set(err, ERR_STOP, "%s: key too long: %.80s", load->source, name);
        bool ok = strcmp(key, "comment") == 0 ||
                  (json_is_object(value) && depth < 4
                       ? set_object(load, key, value, depth + 1, err)
                       : set_json(load, key, value, err));
        if (!ok)
            return false;
    }
    return true;
}

static bool
set_defaults(struct loading *load, struct err *err)
{
    *load->settings = (struct settings){0};
    load->source = "defaults";
    load->n_pairs = 0;
    for (size_t i = 0; i < settings_table_len; i++) {
        if (!set_value(load, &settings_table[i], settings_table[i].fallback, err))
            return false;
    }
    return set_kafka(load, "bootstrap.servers", "127.0.0.1:9092", err);
}

static bool
set_document(struct loading *load, json_t *root, const json_error_t *fault,
             struct err *err)
{
    if (!root)
        return err_set(err, ERR_STOP, "%s: line %d, column %d: %s", load->source,
                       fault->line, fault->column, fault->text);
    bool ok = json_is_object(root)
                  ? set_object(load, "", root, 0, err)
                  : err_set(err, ERR_STOP, "%s: must hold a JSON object", load->source);
    json_decref(root);
    return ok;
}

static bool
set_file(struct loading *load, const char *file, bool required, struct err *err)
{
    load->source = file;
    if (access(file, R_OK) != 0) {
        if (!required)
            return true;
        return err_set(err, ERR_STOP, "%s: cannot read the configuration file", file);
    }
    json_error_t fault;
    json_t *root = json_load_file(file, JSON_REJECT_DUPLICATES, &fault);
    return set_document(load, root, &fault, err);
}

static bool
set_environment(struct loading *load, struct err *err)
{
    for (size_t i = 0; i < settings_table_len; i++) {
        char name[SETTING_ENV_BYTES];
        setting_env(settings_table[i].key, name);
        const char *value = getenv(name);
        load->source = name;
        if (value && !set_value(load, &settings_table[i], value, err))
            return false;
    }
    const char *brokers = getenv("REDRESS_KAFKA_BROKERS");
    load->source = "REDRESS_KAFKA_BROKERS";
    return !brokers || set_kafka(load, "bootstrap.servers", brokers, err);
}

/* The file's bytes without the newline at the end. */
static bool
read_secret(struct settings *settings, const char *file, const char **ret_text,
            struct err *err)
{
    if (!*file)
        return true;
    char text[SECRET_FILE_MAX_BYTES];
    FILE *in = fopen(file, "rb");
    if (!in)
        return err_set(err, ERR_STOP, "%s: cannot read the file", file);
    size_t len = fread(text, 1, sizeof(text), in);
    (void)fclose(in);
    if (len == sizeof(text) || memchr(text, '\0', len))
        return err_set(err, ERR_STOP, "%s: not a line of text below 4 KiB", file);
    while (len > 0 && (text[len - 1] == '\n' || text[len - 1] == '\r'))
        len--;
    *ret_text = arena_str(&settings->arena, (struct str){text, len}).ptr;
    return true;
}

/* What follows from other settings. */
static bool
complete(struct loading *load, struct err *err)
{
    struct settings *settings = load->settings;
    if (!read_secret(settings, settings->pg_dsn_file, &settings->pg_dsn, err) ||
        !read_secret(settings, settings->salt_file, &settings->salt, err))
        return false;
    if (*settings->salt && strlen(settings->salt) < 8)
        return err_set(err, ERR_STOP, "salt: must have at least 8 bytes");
    if (strlen(settings->topic_prefix) > 100 || strlen(settings->instance) > 100)
        return err_set(err, ERR_STOP, "topic_prefix, instance: at most 100 bytes");
    if (settings->inbound_partitions == 0)
        settings->inbound_partitions = settings->partitions;
    if (!*settings->instance) {
        char host[128] = "";
        if (gethostname(host, sizeof(host) - 1) != 0)
            return err_set(err, ERR_STOP, "no host name; set instance");
        settings->instance = arena_printf(&settings->arena, "%s-0", host).ptr;
    }
    const char **pairs = ARENA_ARRAY(&settings->arena, const char *, load->n_pairs + 1);
    memcpy(pairs, load->pairs, load->n_pairs * sizeof(*pairs));
    settings->kafka = pairs;
    return true;
}

static bool
read_file_and_environment(struct loading *load, const char *file, struct err *err)
{
    if (!file)
        file = getenv("REDRESS_CONFIG");
    return set_defaults(load, err) &&
           set_file(load, file ? file : SETTINGS_FILE_DEFAULT, file != NULL, err) &&
           set_environment(load, err);
}

bool
settings_read(struct settings *ret, const char *file, struct err *err)
{
    struct loading load = {.settings = ret};
    if (read_file_and_environment(&load, file, err) && complete(&load, err))
        return true;
    settings_release(ret);
    return false;
}

bool
settings_parse(struct settings *ret, const char *name, struct str json, struct err *err)
{
    struct loading load = {.settings = ret};
    bool ok = set_defaults(&load, err);
    if (ok) {
        json_error_t fault;
        load.source = name;
        json_t *root = json_loadb(json.ptr, json.len, JSON_REJECT_DUPLICATES, &fault);
        ok = set_document(&load, root, &fault, err) && complete(&load, err);
    }
    if (!ok)
        settings_release(ret);
    return ok;
}

/* "--name value" and "--name=value"; *i moves on. */
static const char *
option_value(const char *option, int argc, char **argv, int *i)
{
    size_t len = strlen(option);
    if (strncmp(argv[*i], option, len) != 0)
        return NULL;
    if (argv[*i][len] == '=')
        return argv[*i] + len + 1;
    if (argv[*i][len] == '\0' && *i + 1 < argc)
        return argv[++*i];
    return NULL;
}

static bool
set_options(struct loading *load, int argc, char **argv, struct err *err)
{
    for (int i = 1; i < argc; i++) {
        const char *name = argv[i];
        bool found = option_value("--config", argc, argv, &i) != NULL;
        for (size_t r = 0; !found && r < settings_table_len; r++) {
            const struct setting *row = &settings_table[r];
            const char *value =
                row->option ? option_value(row->option, argc, argv, &i) : NULL;
            if (!value)
                continue;
            load->source = row->option;
            if (!set_value(load, row, value, err))
                return false;
            found = true;
        }
        if (!found)
            return err_set(err, ERR_STOP, "%.60s: unknown option or no value; see --help",
                           name);
    }
    return true;
}

bool
settings_load(struct settings *ret, int argc, char **argv,
              enum settings_command *ret_command, struct err *err)
{
    struct loading load = {.settings = ret};
    const char *file = NULL;
    *ret_command = SETTINGS_RUN;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0)
            *ret_command = SETTINGS_HELP;
        else if (strcmp(argv[i], "--version") == 0)
            *ret_command = SETTINGS_VERSION;
        else if (strcmp(argv[i], "--settings-page") == 0)
            *ret_command = SETTINGS_PAGE;
        const char *value = option_value("--config", argc, argv, &i);
        file = value ? value : file;
    }
    bool ok = *ret_command != SETTINGS_RUN
                  ? set_defaults(&load, err)
                  : read_file_and_environment(&load, file, err) &&
                        set_options(&load, argc, argv, err);
    if (ok && complete(&load, err))
        return true;
    settings_release(ret);
    return false;
}

void
settings_release(struct settings *settings)
{
    arena_release(&settings->arena);
    *settings = (struct settings){0};
}
