#include "kafka/client.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/now.h"
#include "kafka/handle.h"

#define GROUPS_MAX 32

struct group {
    char *name;
    rd_kafka_t *rk;
};

struct kafka_client {
    rd_kafka_t *rk;
    const char *const *properties; /* the caller's */
    pthread_mutex_t lock;          /* over the groups */
    struct group groups[GROUPS_MAX];
    size_t n_groups;
};

struct kafka_client *
kafka_client_new(const char *const *properties, struct err *err)
{
    static const char *const LAST[] = {
        "isolation.level",
        "read_uncommitted",
        "enable.auto.commit",
        "false",
        "allow.auto.create.topics",
        "false",
        NULL,
    };
    rd_kafka_conf_t *conf = handle_conf(NULL, properties, LAST, err);
    rd_kafka_t *rk = conf ? handle_new(RD_KAFKA_CONSUMER, conf, err) : NULL;
    if (!rk)
        return NULL;
    struct kafka_client *client = calloc(1, sizeof(*client));
    BUG_IF(!client);
    client->rk = rk;
    client->properties = properties;
    BUG_IF(pthread_mutex_init(&client->lock, NULL) != 0);
    return client;
}

void
kafka_client_drop(struct kafka_client *client)
{
    if (!client)
        return;
    for (size_t i = 0; i < client->n_groups; i++) {
        rd_kafka_destroy(client->groups[i].rk);
        free(client->groups[i].name);
    }
    rd_kafka_destroy(client->rk);
    (void)pthread_mutex_destroy(&client->lock);
    free(client);
}

bool
kafka_partitions(struct kafka_client *client, const char *topic, int timeout_ms,
                 int32_t *ret_count, struct err *err)
{
    const struct rd_kafka_metadata *metadata = NULL;
    rd_kafka_topic_t *rkt = rd_kafka_topic_new(client->rk, topic, NULL);
    if (!rkt)
        return err_set(err, ERR_STOP, "%s: no topic name", topic);
    rd_kafka_resp_err_t code =
        rd_kafka_metadata(client->rk, 0, rkt, &metadata, timeout_ms);
    rd_kafka_topic_destroy(rkt);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
        return handle_error(err, code, "metadata of %s", topic);
    BUG_IF(metadata->topic_cnt != 1);
    code = metadata->topics[0].err;
    int32_t count = metadata->topics[0].partition_cnt;
    rd_kafka_metadata_destroy(metadata);
    if (code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART)
        count = 0;
    else if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
        return handle_error(err, code, "metadata of %s", topic);
    *ret_count = count;
    return true;
}

bool
kafka_watermarks(struct kafka_client *client, const char *topic, int32_t partition,
                 int timeout_ms, int64_t *ret_low, int64_t *ret_high, struct err *err)
{
    rd_kafka_resp_err_t code = rd_kafka_query_watermark_offsets(
        client->rk, topic, partition, ret_low, ret_high, timeout_ms);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
        return handle_error(err, code, "watermarks of %s[%d]", topic, (int)partition);
    return true;
}

/* Sends one admin request and waits; NULL + err, else an event to destroy. */
static rd_kafka_event_t *
wait_event(rd_kafka_queue_t *queue, int timeout_ms, const char *what, struct err *err)
{
    rd_kafka_event_t *event = rd_kafka_queue_poll(queue, timeout_ms + 1000);
    if (!event) {
        handle_error(err, RD_KAFKA_RESP_ERR__TIMED_OUT, "%s", what);
        return NULL;
    }
    rd_kafka_resp_err_t code = rd_kafka_event_error(event);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
        return event;
    handle_error(err, code, "%s", what);
    rd_kafka_event_destroy(event);
    return NULL;
}

static rd_kafka_AdminOptions_t *
admin_options(struct kafka_client *client, rd_kafka_admin_op_t op, int timeout_ms)
{
    char text[64];
    rd_kafka_AdminOptions_t *options = rd_kafka_AdminOptions_new(client->rk, op);
    (void)rd_kafka_AdminOptions_set_request_timeout(options, timeout_ms, text,
                                                    sizeof(text));
    return options;
}

/* A handle in the name of the group, made once; it never joins.  Not the admin call
 * ListConsumerGroupOffsets: librdkafka 2.0.2 crashes in it while a new cluster has no
 * coordinator yet. Call with the lock held. */
static rd_kafka_t *
group_handle(struct kafka_client *client, const char *group, struct err *err)
{
    for (size_t i = 0; i < client->n_groups; i++) {
        if (strcmp(client->groups[i].name, group) == 0)
            return client->groups[i].rk;
    }
    if (client->n_groups == GROUPS_MAX) {
        err_set(err, ERR_STOP, "offsets of more than %d groups", GROUPS_MAX);
        return NULL;
    }
    const char *const last[] = {
        "group.id",
        group,
        "isolation.level",
        "read_uncommitted",
        "enable.auto.commit",
        "false",
        "allow.auto.create.topics",
        "false",
        NULL,
    };
    rd_kafka_conf_t *conf = handle_conf(NULL, client->properties, last, err);
    rd_kafka_t *rk = conf ? handle_new(RD_KAFKA_CONSUMER, conf, err) : NULL;
    if (!rk)
        return NULL;
    struct group *made = &client->groups[client->n_groups++];
    made->name = strdup(group);
    BUG_IF(!made->name);
    made->rk = rk;
    return rk;
}

bool
kafka_group_offsets(struct kafka_client *client, const char *group, const char *topic,
                    int32_t count, int timeout_ms, int64_t *ret_offsets, struct err *err)
{
    (void)pthread_mutex_lock(&client->lock);
    rd_kafka_t *rk = group_handle(client, group, err);
    (void)pthread_mutex_unlock(&client->lock);
    if (!rk)
        return false;
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(count);
    for (int32_t p = 0; p < count; p++)
        (void)rd_kafka_topic_partition_list_add(list, topic, p);
    rd_kafka_resp_err_t code = rd_kafka_committed(rk, list, timeout_ms);
    bool ok = code == RD_KAFKA_RESP_ERR_NO_ERROR;
    if (!ok)
        handle_error(err, code, "offsets of group %s", group);
    for (int32_t p = 0; ok && p < count; p++)
        ret_offsets[p] = KAFKA_NO_OFFSET;
    for (int i = 0; ok && i < list->cnt; i++) {
        const rd_kafka_topic_partition_t *item = &list->elems[i];
        if (item->err != RD_KAFKA_RESP_ERR_NO_ERROR)
            ok = handle_error(err, item->err, "offset of group %s in %s[%d]", group,
                              topic, (int)item->partition);
        else if (item->partition >= 0 && item->partition < count && item->offset >= 0)
            ret_offsets[item->partition] = item->offset;
    }
    rd_kafka_topic_partition_list_destroy(list);
    return ok;
}

/* Asks for one topic; *ret_code is the broker's word about it. */
static bool
create_one(struct kafka_client *client, rd_kafka_NewTopic_t *topic, int timeout_ms,
           rd_kafka_resp_err_t *ret_code, char text[200], struct err *err)
{
    rd_kafka_AdminOptions_t *options =
        admin_options(client, RD_KAFKA_ADMIN_OP_CREATETOPICS, timeout_ms);
    (void)rd_kafka_AdminOptions_set_operation_timeout(options, timeout_ms, text, 200);
    rd_kafka_queue_t *queue = rd_kafka_queue_new(client->rk);
    rd_kafka_CreateTopics(client->rk, &topic, 1, options, queue);
    rd_kafka_event_t *event = wait_event(queue, timeout_ms, "create topic", err);
    bool ok = event != NULL;
    if (ok) {
        size_t n = 0;
        const rd_kafka_topic_result_t **results = rd_kafka_CreateTopics_result_topics(
            rd_kafka_event_CreateTopics_result(event), &n);
        BUG_IF(n != 1);
        *ret_code = rd_kafka_topic_result_error(results[0]);
        const char *said = rd_kafka_topic_result_error_string(results[0]);
        (void)snprintf(text, 200, "%s", said ? said : rd_kafka_err2str(*ret_code));
        rd_kafka_event_destroy(event);
    }
    rd_kafka_queue_destroy(queue);
    rd_kafka_AdminOptions_destroy(options);
    return ok;
}

bool
kafka_topic_create(struct kafka_client *client, const struct kafka_new_topic *topic,
                   int timeout_ms, enum kafka_created *ret_created, struct err *err)
{
    char text[200] = "";
    rd_kafka_NewTopic_t *request = rd_kafka_NewTopic_new(
        topic->name, topic->partitions, topic->replication ? topic->replication : -1,
        text, sizeof(text));
    if (!request)
        return err_set(err, ERR_STOP, "create %s: %s", topic->name, text);
    for (size_t i = 0; topic->configs && topic->configs[i]; i += 2)
        (void)rd_kafka_NewTopic_set_config(request, topic->configs[i],
                                           topic->configs[i + 1]);
    rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR_NO_ERROR;
    bool ok = create_one(client, request, timeout_ms, &code, text, err);
    rd_kafka_NewTopic_destroy(request);
    if (!ok)
        return err_prefix(err, "create %s", topic->name);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR &&
        code != RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS)
        return handle_error(err, code, "create %s: %.100s", topic->name, text);
    *ret_created = code == RD_KAFKA_RESP_ERR_NO_ERROR ? KAFKA_CREATED : KAFKA_EXISTS;
    return true;
}

bool
kafka_topic_configs(struct kafka_client *client, const char *topic, int timeout_ms,
                    void (*fn)(void *ctx, const char *name, const char *value), void *ctx,
                    struct err *err)
{
    rd_kafka_ConfigResource_t *resource =
        rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic);
    rd_kafka_AdminOptions_t *options =
        admin_options(client, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS, timeout_ms);
    rd_kafka_queue_t *queue = rd_kafka_queue_new(client->rk);
    rd_kafka_DescribeConfigs(client->rk, &resource, 1, options, queue);
    rd_kafka_event_t *event = wait_event(queue, timeout_ms, topic, err);
    bool ok = event != NULL;
    if (ok) {
        size_t n = 0;
        const rd_kafka_ConfigResource_t **got = rd_kafka_DescribeConfigs_result_resources(
            rd_kafka_event_DescribeConfigs_result(event), &n);
        BUG_IF(n != 1);
        rd_kafka_resp_err_t code = rd_kafka_ConfigResource_error(got[0]);
        if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
            ok = handle_error(err, code, "configuration of %s", topic);
        } else {
            size_t n_entries = 0;
            const rd_kafka_ConfigEntry_t **entries =
                rd_kafka_ConfigResource_configs(got[0], &n_entries);
            for (size_t i = 0; i < n_entries; i++) {
                const char *value = rd_kafka_ConfigEntry_value(entries[i]);
                fn(ctx, rd_kafka_ConfigEntry_name(entries[i]), value ? value : "");
            }
        }
        rd_kafka_event_destroy(event);
    }
    rd_kafka_queue_destroy(queue);
    rd_kafka_AdminOptions_destroy(options);
    rd_kafka_ConfigResource_destroy(resource);
    return ok;
}
