/* settings_page.c - the table of settings as pages for people. */
#include "conf/settings.h"
#include "conf/settings_table.h"

static void
add_range(struct buf *out, const struct setting *row)
{
    switch (row->type) {
    case SETTING_TEXT:
        (void)buf_add_c(out, "text");
        break;
    case SETTING_NUMBER:
        (void)buf_printf(out, "%lld–%lld", (long long)row->min, (long long)row->max);
        break;
    case SETTING_CHOICE:
        for (size_t i = 0; row->words[i]; i++)
            (void)buf_printf(out, "%s%s", i ? ", " : "", row->words[i]);
        break;
    }
    if (*row->unit)
        (void)buf_printf(out, " %s", row->unit);
}

void
settings_help(const char *program, struct buf *out)
{
    (void)buf_printf(
        out,
        "usage: %s [OPTION...]\n\n"
        "  --config FILE      configuration, JSON (REDRESS_CONFIG; else %s)\n",
        program, SETTINGS_FILE_DEFAULT);
    for (size_t i = 0; i < settings_table_len; i++) {
        const struct setting *row = &settings_table[i];
        if (row->option)
            (void)buf_printf(out, "  %-11s VALUE  %s\n", row->option, row->help);
    }
    (void)buf_add_c(out, "  --help, --version\n\n"
                         "Keys of the file; each also as an environment variable "
                         "(pg.dsn: REDRESS_PG_DSN):\n");
    for (size_t i = 0; i < settings_table_len; i++) {
        const struct setting *row = &settings_table[i];
        (void)buf_printf(out, "  %-20s %s", row->key, row->help);
        if (*row->fallback)
            (void)buf_printf(out, " [%s%s%s]", row->fallback, *row->unit ? " " : "",
                             row->unit);
        (void)buf_add_char(out, '\n');
    }
    (void)buf_add_c(out,
                    "  kafka.*              any librdkafka property; brokers: "
                    "kafka.bootstrap.servers, REDRESS_KAFKA_BROKERS\n\n"
                    "Signals: SIGTERM finishes the batch and stops, SIGHUP reads the "
                    "policy files again.\n"
                    "Exit: 0 stopped, 1 fatal or fenced, 2 usage or configuration, "
                    "3 a dependency is away.\n");
}

void
settings_page(struct buf *out)
{
    (void)buf_add_c(
        out,
        "# Configuration\n\n"
        "Made by `make docs` from the table in `common/conf/settings_table.c`: do not "
        "edit.\n\n"
        "One JSON file for the whole installation: `--config FILE`, else "
        "`REDRESS_CONFIG`, "
        "else `" SETTINGS_FILE_DEFAULT
        "`. The environment beats the file, options beat the "
        "environment. Keys may be nested or written with dots. An unknown key stops the "
        "start. Secrets are never options.\n\n"
        "| key | values | default | environment | option | meaning |\n"
        "|---|---|---|---|---|---|\n");
    for (size_t i = 0; i < settings_table_len; i++) {
        const struct setting *row = &settings_table[i];
        char name[SETTING_ENV_BYTES];
        setting_env(row->key, name);
        (void)buf_printf(out, "| `%s` | ", row->key);
        add_range(out, row);
        (void)buf_printf(out, " | %s%s%s | `%s` | %s%s%s | %s%s |\n",
                         *row->fallback ? "`" : "", row->fallback,
                         *row->fallback ? "`" : "", name, row->option ? "`" : "",
                         row->option ? row->option : "", row->option ? "`" : "",
                         row->help, row->secret ? " (secret)" : "");
    }
    (void)buf_add_c(out,
                    "| `kafka.*` | text | | `REDRESS_KAFKA_BROKERS` sets "
                    "`kafka.bootstrap.servers` | | any librdkafka property |\n\n"
                    "The runtime decides about these librdkafka properties, so they stop "
                    "the start: ");
    for (size_t i = 0; settings_kafka_owned[i]; i++)
        (void)buf_printf(out, "%s`%s`", i ? ", " : "", settings_kafka_owned[i]);
    (void)buf_add_c(out, ".\n");
}
