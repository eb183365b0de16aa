#include "conf/settings_table.h"

#include <stdio.h>

static const char *const CLOCKS[] = {"wall", "event", NULL};
static const char *const LEVELS[] = {"debug", "info", "warn", "error", NULL};

#define TEXT(key, field, fallback, option, help)                                         \
    {                                                                                    \
        key, SETTING_TEXT, false, offsetof(struct settings, field), fallback, 0, 0, "",  \
            option, NULL, help                                                           \
    }
#define SECRET(key, field, help)                                                         \
    {                                                                                    \
        key, SETTING_TEXT, true, offsetof(struct settings, field), "", 0, 0, "", NULL,   \
            NULL, help                                                                   \
    }
#define NUMBER(key, field, fallback, min, max, unit, option, help)                       \
    {                                                                                    \
        key, SETTING_NUMBER, false, offsetof(struct settings, field), fallback, min,     \
            max, unit, option, NULL, help                                                \
    }
#define CHOICE(key, field, fallback, words, option, help)                                \
    {                                                                                    \
        key, SETTING_CHOICE, false, offsetof(struct settings, field), fallback, 0, 0,    \
            "", option, words, help                                                      \
    }

const struct setting settings_table[] = {
    SECRET(
        "pg.dsn", pg_dsn,
        "PostgreSQL connection string, as libpq takes it (projection and command line)"),
    TEXT("pg.dsn_file", pg_dsn_file, "", NULL,
         "file that holds pg.dsn; beats pg.dsn where both are given"),
    TEXT("topic_prefix", topic_prefix, "", NULL,
         "stands before every topic, group and transactional id"),
    NUMBER("partitions", partitions, "12", 1, 1024, "", NULL,
           "partitions of the topics that `redress topics create` makes"),
    NUMBER("inbound_partitions", inbound_partitions, "0", 0, 1024, "", NULL,
           "partitions of complaints.inbound; 0: as `partitions`"),
    NUMBER("replication", replication, "0", 0, 15, "", NULL,
           "copies of each topic; 0: the broker's default"),
    CHOICE(
        "clock", clock, "wall", CLOCKS, NULL,
        "what timers go by: the machine's time, or event time and ticks (replay, tests)"),
    SECRET("salt", salt,
           "key of the customer hashes, at least 8 bytes; must never change: ids follow "
           "from it"),
    TEXT("salt_file", salt_file, "", NULL,
         "file that holds salt; beats salt where both are given"),
    TEXT("default_region", default_region, "US", NULL,
         "country (ISO 3166 alpha-2) of phone numbers without a country code"),
    TEXT("policy_dir", policy_dir, "/etc/redress/policy", NULL,
         "folder of the policy files; SIGHUP reads them again"),
    NUMBER("threads", threads, "1", 1, 64, "", "--threads", "threads of each stage"),
    TEXT("instance", instance, "", "--instance",
         "name of this process, unique per service; default: host name and \"-0\""),
    NUMBER("batch.max_events", batch_max_events, "5000", 1, 100000, "events", NULL,
           "a transaction ends after so many events (or 32 MiB)"),
    NUMBER("commit.interval_ms", commit_interval_ms, "10", 1, 10000, "ms", NULL,
           "a transaction ends after this time"),
    NUMBER("commit.backlog_ms", commit_backlog_ms, "100", 1, 10000, "ms", NULL,
           "the same while there is a backlog"),
    NUMBER("guard_ms", guard_ms, "4", 0, 100, "ms", NULL,
           "pause between a commit and the next transaction; spares a 20 ms back-off"),
    NUMBER("start.timeout_ms", start_timeout_ms, "60000", 0, 3600000, "ms", NULL,
           "how long a start waits for Kafka and the topics, then exit 3"),
    NUMBER("restore.timeout_ms", restore_timeout_ms, "300000", 1000, 3600000, "ms", NULL,
           "how long reading the state of an assignment may take, then exit 1"),
    NUMBER("stall.timeout_ms", stall_timeout_ms, "120000", 5000, 3600000, "ms", NULL,
           "a thread that does not get on for so long ends the process"),
    TEXT("ops.address", ops_address, "127.0.0.1", NULL,
         "address of /healthz, /readyz and /metrics"),
    NUMBER("ops.port", ops_port, "0", 0, 65535, "", "--ops-port", "port of it; 0: none"),
    CHOICE("log.level", log_level, "info", LEVELS, "--log-level",
           "least level of a log line"),
};
const size_t settings_table_len = COUNT_OF(settings_table);

const char *const settings_kafka_owned[] = {
    "group.id",
    "group.instance.id",
    "transactional.id",
    "transaction.timeout.ms",
    "isolation.level",
    "enable.auto.commit",
    "enable.auto.offset.store",
    "enable.idempotence",
    "enable.partition.eof",
    "auto.offset.reset",
    "partition.assignment.strategy",
    "partitioner",
    "delivery.report.only.error",
    NULL,
};

void
setting_env(const char *key, char ret_name[SETTING_ENV_BYTES])
{
    int n = snprintf(ret_name, SETTING_ENV_BYTES, "REDRESS_%s", key);
    BUG_IF(n < 0 || n >= SETTING_ENV_BYTES);
    for (char *c = ret_name; *c; c++) {
        if (*c == '.')
            *c = '_';
        else if (*c >= 'a' && *c <= 'z')
            *c = (char)(*c - 'a' + 'A');
    }
}
