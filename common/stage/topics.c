#include "stage/topics.h"

#include <inttypes.h>
#include <stdio.h>

#include "kafka/client.h"

#define WEEK_MS (7 * DAY_MS)
#define FOR_EVER INT64_C(-1)
#define BIG TOPIC_INTERNAL_MAX_BYTES
#define CALL_TIMEOUT_MS 15000
#define CREATE_TRIES 3

/* Inbound keeps the publisher's record time and takes 2 MiB, so that what exceeds 1 MiB
 * becomes a dead letter instead of a publisher's error.  Everywhere else wall time of the
 * broker: retention never eats a history that was just imported. */
const struct topic_def topics[] = {
    /* name, inbound, compacted, append_time, max message, retention */
    {"complaints.inbound", true, false, false, 2 * 1024 * 1024, WEEK_MS},
    {"complaints.keyed", false, false, true, BIG, WEEK_MS},
    {"complaints.received", false, false, true, BIG, WEEK_MS},
    {"complaints.classified", false, false, true, BIG, WEEK_MS},
    {"complaints.triaged", false, false, true, BIG, WEEK_MS},
    {"complaints.timed", false, false, true, BIG, WEEK_MS},
    {"complaints.routed", false, false, true, BIG, FOR_EVER},
    {"complaints.notifications", false, false, true, BIG, WEEK_MS},
    {"products.observed", false, false, true, BIG, WEEK_MS},
    {"products.feedback", false, false, true, BIG, FOR_EVER},
    {"products.alerts", false, false, true, BIG, FOR_EVER},
    {"complaints.deadletter", false, false, true, BIG, 30 * DAY_MS},
    {"redress.register.changelog", false, true, true, BIG, FOR_EVER},
    {"redress.classification.changelog", false, true, true, BIG, FOR_EVER},
    {"redress.triage.changelog", false, true, true, BIG, FOR_EVER},
    {"redress.sla.changelog", false, true, true, BIG, FOR_EVER},
    {"redress.assign.changelog", false, true, true, BIG, FOR_EVER},
    {"redress.collect.changelog", false, true, true, BIG, FOR_EVER},
};
const size_t topics_len = COUNT_OF(topics);

static const char *
join(char ret_name[TOPIC_NAME_BYTES], const char *a, const char *b, const char *c,
     const char *d)
{
    int n = snprintf(ret_name, TOPIC_NAME_BYTES, "%s%s%s%s", a, b, c, d);
    BUG_IF(n < 0 || n >= TOPIC_NAME_BYTES); /* settings bound the prefix */
    return ret_name;
}

const char *
topic_full_name(const struct settings *settings, const char *name,
                char ret_name[TOPIC_NAME_BYTES])
{
    return join(ret_name, settings->topic_prefix, name, "", "");
}

const char *
topic_changelog(const struct settings *settings, const char *stage,
                char ret_name[TOPIC_NAME_BYTES])
{
    return join(ret_name, settings->topic_prefix, "redress.", stage, ".changelog");
}

const char *
topic_group(const struct settings *settings, const char *stage,
            char ret_name[TOPIC_NAME_BYTES])
{
    return join(ret_name, settings->topic_prefix, "redress.", stage, "");
}

int32_t
topic_partitions(const struct settings *settings, const struct topic_def *topic)
{
    return (int32_t)(topic->inbound ? settings->inbound_partitions
                                    : settings->partitions);
}

#define CONFIGS_MAX 6
struct topic_configs {
    char text[CONFIGS_MAX][24];
    const char *list[2 * CONFIGS_MAX + 1]; /* name, value, ..., NULL */
    size_t n;
};

static void
add_config(struct topic_configs *configs, const char *name, const char *value)
{
    BUG_IF(configs->n == CONFIGS_MAX);
    (void)snprintf(configs->text[configs->n], sizeof(configs->text[0]), "%s", value);
    configs->list[2 * configs->n] = name;
    configs->list[2 * configs->n + 1] = configs->text[configs->n];
    configs->n++;
}

static void
make_configs(const struct topic_def *topic, struct topic_configs *ret)
{
    char number[24];
    *ret = (struct topic_configs){.n = 0};
    add_config(ret, "cleanup.policy", topic->compacted ? "compact" : "delete");
    add_config(ret, "message.timestamp.type",
               topic->append_time ? "LogAppendTime" : "CreateTime");
    (void)snprintf(number, sizeof(number), "%" PRId32, topic->max_message_bytes);
    add_config(ret, "max.message.bytes", number);
    if (topic->compacted) {
        /* Small segments: only closed ones are compacted, and a restore reads them all.
         */
        add_config(ret, "segment.bytes", "67108864");
        add_config(ret, "min.cleanable.dirty.ratio", "0.3");
    } else {
        (void)snprintf(number, sizeof(number), "%" PRId64, topic->retention_ms);
        add_config(ret, "retention.ms", number);
    }
}

bool
topics_create(const struct settings *settings, struct buf *report, struct err *err)
{
    struct kafka_client *client = kafka_client_new(settings->kafka, err);
    if (!client)
        return false;
    bool ok = true;
    for (size_t i = 0; ok && i < topics_len; i++) {
        char name[TOPIC_NAME_BYTES];
        struct topic_configs configs;
        make_configs(&topics[i], &configs);
        struct kafka_new_topic wanted = {
            .name = topic_full_name(settings, topics[i].name, name),
            .partitions = topic_partitions(settings, &topics[i]),
            .replication = (int)settings->replication,
            .configs = configs.list,
        };
        enum kafka_created created = KAFKA_EXISTS;
        int tries = 0; /* a broker that has just come up may let one time out */
        do
            ok = kafka_topic_create(client, &wanted, CALL_TIMEOUT_MS, &created, err);
        while (!ok && err->action == ERR_RETRY && ++tries < CREATE_TRIES);
        if (ok)
            (void)buf_printf(report, "%s %s, %d partitions\n",
                             created == KAFKA_CREATED ? "created" : "exists", name,
                             (int)wanted.partitions);
    }
    kafka_client_drop(client);
    return ok;
}

struct compare {
    const struct topic_configs *wanted;
    const char *topic;
    struct buf *report;
    bool ok;
};

static void
compare_config(void *ctx, const char *name, const char *value)
{
    struct compare *compare = ctx;
    for (size_t i = 0; compare->wanted->list[i]; i += 2) {
        if (strcmp(compare->wanted->list[i], name) != 0 ||
            strcmp(compare->wanted->list[i + 1], value) == 0)
            continue;
        (void)buf_printf(compare->report, "%s: %s is %s, must be %s\n", compare->topic,
                         name, value, compare->wanted->list[i + 1]);
        compare->ok = false;
    }
}

static bool
check_topic(struct kafka_client *client, const struct settings *settings,
            const struct topic_def *topic, struct buf *report, bool *ret_ok,
            struct err *err)
{
    char name[TOPIC_NAME_BYTES];
    int32_t count = 0;
    (void)topic_full_name(settings, topic->name, name);
    if (!kafka_partitions(client, name, CALL_TIMEOUT_MS, &count, err))
        return false;
    if (count != topic_partitions(settings, topic)) {
        if (count == 0)
            (void)buf_printf(report, "%s: not there; run `redress topics create`\n",
                             name);
        else
            (void)buf_printf(report, "%s: %d partitions, must be %d\n", name, (int)count,
                             (int)topic_partitions(settings, topic));
        *ret_ok = false;
    }
    if (count == 0)
        return true;
    struct topic_configs configs;
    make_configs(topic, &configs);
    struct compare compare = {&configs, name, report, true};
    if (!kafka_topic_configs(client, name, CALL_TIMEOUT_MS, compare_config, &compare,
                             err))
        return false;
    if (!compare.ok)
        *ret_ok = false;
    return true;
}

bool
topics_check(const struct settings *settings, struct buf *report, bool *ret_ok,
             struct err *err)
{
    struct kafka_client *client = kafka_client_new(settings->kafka, err);
    if (!client)
        return false;
    bool done = true;
    *ret_ok = true;
    for (size_t i = 0; done && i < topics_len; i++)
        done = check_topic(client, settings, &topics[i], report, ret_ok, err);
    kafka_client_drop(client);
    return done;
}
