#include "stage/changelog.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/now.h"
#include "gen/stage_position.h"
#include "kafka/consumer.h"
#include "stage/topics.h"

#define DUE_BYTES 8
#define CALL_TIMEOUT_MS 10000
#define READ_TIMEOUT_US (INT64_C(300) * 1000 * 1000)

void
changelog_value(struct str record, int64_t due_ms, struct buf *out)
{
    char due[DUE_BYTES];
    uint64_t bits = (uint64_t)due_ms;
    for (size_t i = 0; i < DUE_BYTES; i++)
        due[i] = (char)(unsigned char)(bits >> (8 * i));
    buf_clear(out);
    bool fits = buf_add(out, due, DUE_BYTES) && buf_add_str(out, record);
    BUG_IF(!fits);
}

bool
changelog_meta(const struct changelog_position *position, struct buf *out,
               struct err *err)
{
    const struct stage_position record = {
        .next_offset = position->next_offset,
        .has_clock_ms = position->clock_ms != TIME_NONE,
        .clock_ms = position->clock_ms != TIME_NONE ? position->clock_ms : 0,
        .n_counters = COUNT_COUNTERS,
        .counters = position->counters,
    };
    CLEANUP(buf_release) struct buf framed = {0};
    if (!wire_encode(&stage_position_wire, &record, &framed, err))
        return false;
    changelog_value(buf_str(&framed), TIME_NONE, out);
    return true;
}

static bool
read_meta(struct str framed, struct changelog_position *ret, struct err *err)
{
    struct arena arena = {0};
    struct stage_position record;
    bool ok = wire_decode(&stage_position_wire, framed, &arena, &record, err);
    if (ok) {
        *ret = (struct changelog_position){
            .next_offset = record.next_offset,
            .clock_ms = record.has_clock_ms ? record.clock_ms : TIME_NONE,
        };
        for (size_t i = 0; i < record.n_counters && i < COUNT_COUNTERS; i++)
            ret->counters[i] = record.counters[i];
    }
    arena_release(&arena);
    return ok;
}

static bool
apply(struct changelog_part *part, const struct kafka_message *msg, struct err *err)
{
    part->records++;
    if (str_is_null(msg->value)) {
        if (!str_empty(msg->key) && msg->key.len <= 1024)
            store_restore(part->store, msg->key, STR_NULL, TIME_NONE);
        return true;
    }
    if (str_empty(msg->key) || msg->key.len > 1024 || msg->value.len < DUE_BYTES)
        return err_set(err, ERR_STOP, "%.*s[%d] offset %lld is no changelog record",
                       STR_ARG(msg->topic), (int)msg->partition, (long long)msg->offset);
    uint64_t due = 0;
    for (size_t i = 0; i < DUE_BYTES; i++)
        due |= (uint64_t)(unsigned char)msg->value.ptr[i] << (8 * i);
    struct str record = {msg->value.ptr + DUE_BYTES, msg->value.len - DUE_BYTES};
    if (str_eq(msg->key, CHANGELOG_META)) {
        if (read_meta(record, &part->position, err))
            return true;
        err->action = ERR_STOP;
        return err_prefix(err, "position in %.*s[%d]", STR_ARG(msg->topic),
                          (int)msg->partition);
    }
    store_restore(part->store, msg->key, record, (int64_t)due);
    return true;
}

static struct changelog_part *
find_part(struct changelog_part *parts, size_t n, int32_t partition)
{
    for (size_t i = 0; i < n; i++) {
        if (parts[i].partition == partition)
            return &parts[i];
    }
    return NULL;
}

struct replay {
    int64_t deadline_us;
    bool (*keep_on)(void *ctx);
    void *ctx;
};

static bool
may_go_on(const struct replay *replay, const char *topic, struct err *err)
{
    if (replay->keep_on && !replay->keep_on(replay->ctx))
        return err_set(err, ERR_RETRY, "%s: asked to stop", topic);
    if (now_mono_us() > replay->deadline_us)
        return err_set(err, ERR_RETRY, "%s: not read to its end in time", topic);
    return true;
}

/* The high watermark through a handle that reads uncommitted: what a transaction that is
 * still open has written counts, so its outcome is waited for. */
static bool
take_watermarks(struct kafka_client *client, const char *topic,
                struct changelog_part *part, const struct replay *replay, struct err *err)
{
    while (!kafka_watermarks(client, topic, part->partition, CALL_TIMEOUT_MS, &part->low,
                             &part->high, err)) {
        struct err why = *err;
        if (err->action != ERR_RETRY || !may_go_on(replay, topic, &why))
            return false;
    }
    part->done = part->high <= part->low;
    return true;
}

/* One poll. *left counts the partitions that have not passed their watermark. */
static bool
step(struct kafka_consumer *reader, struct changelog_part *parts, size_t n, size_t *left,
     const struct replay *replay, struct err *err)
{
    struct kafka_message msg;
    enum kafka_polled polled = kafka_poll(reader, 100, &msg, err);
    if (polled == KAFKA_FAILED && err->action == ERR_STOP)
        return false;
    if (polled != KAFKA_MESSAGE && !may_go_on(replay, "changelog", err))
        return false;
    if (polled != KAFKA_MESSAGE && polled != KAFKA_END)
        return true;
    struct changelog_part *part = find_part(parts, n, msg.partition);
    BUG_IF(!part);
    if (polled == KAFKA_MESSAGE) {
        /* What came after the watermark is newer and as good: state only grows newer. */
        if (!apply(part, &msg, err))
            return false;
        if (part->records % 1000 == 0 && !may_go_on(replay, "changelog", err))
            return false;
    }
    int64_t next = polled == KAFKA_MESSAGE ? msg.offset + 1 : msg.offset;
    if (!part->done && next >= part->high) {
        part->done = true;
        (*left)--;
    }
    return true;
}

bool
changelog_replay(struct kafka_client *client, const char *const *kafka, const char *topic,
                 struct changelog_part *parts, size_t n, int64_t deadline_us,
                 bool (*keep_on)(void *ctx), void *ctx, struct err *err)
{
    const struct replay replay = {deadline_us, keep_on, ctx};
    size_t left = 0;
    int32_t *partitions = calloc(n + 1, sizeof(*partitions));
    int64_t *offsets = calloc(n + 1, sizeof(*offsets));
    BUG_IF(!partitions || !offsets);
    bool ok = true;
    for (size_t i = 0; ok && i < n; i++) {
        struct changelog_part *part = &parts[i];
        part->position = (struct changelog_position){KAFKA_NO_OFFSET, TIME_NONE, {0}};
        part->records = 0;
        ok = take_watermarks(client, topic, part, &replay, err);
        if (ok && !part->done) {
            partitions[left] = part->partition;
            offsets[left++] = part->low;
        }
    }
    struct kafka_consumer *reader = NULL;
    if (ok && left > 0) {
        reader = kafka_reader_new(kafka, topic, partitions, offsets, left, err);
        ok = reader != NULL;
    }
    while (ok && left > 0)
        ok = step(reader, parts, n, &left, &replay, err);
    kafka_consumer_drop(reader);
    for (size_t i = 0; i < n; i++)
        store_restored(parts[i].store);
    free(partitions);
    free(offsets);
    return ok;
}

bool
changelog_read(const struct settings *settings, const char *stage, int32_t partition,
               struct store *store, struct changelog_position *ret_position,
               struct err *err)
{
    char topic[TOPIC_NAME_BYTES];
    (void)topic_changelog(settings, stage, topic);
    struct kafka_client *client = kafka_client_new(settings->kafka, err);
    if (!client)
        return false;
    int32_t count = 0;
    struct changelog_part part = {.partition = partition, .store = store};
    bool ok = kafka_partitions(client, topic, CALL_TIMEOUT_MS, &count, err);
    if (ok && (partition < 0 || partition >= count))
        ok = err_set(err, ERR_STOP, "%s: no partition %d", topic, (int)partition);
    ok = ok && changelog_replay(client, settings->kafka, topic, &part, 1,
                                now_mono_us() + READ_TIMEOUT_US, NULL, NULL, err);
    kafka_client_drop(client);
    if (ok)
        *ret_position = part.position;
    return ok;
}
