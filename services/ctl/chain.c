/* chain.c - where every part of the pipeline stands, and waiting until all is through. */
#include <stdio.h>
#include <stdlib.h>

#include "base/now.h"
#include "ctl/ctl.h"
#include "stage/topics.h"

#define CALL_MS 10000

/* In the order of the flow: waiting step by step follows an event on its way. */
const struct chain_step chain[] = {
    {"complaints.inbound", "door"},
    {"complaints.keyed", "register"},
    {"complaints.received", "classification"},
    {"complaints.classified", "triage"},
    {"complaints.triaged", "sla"},
    {"complaints.timed", "assign"},
    {"products.observed", "collect"},
    {"complaints.routed", "projection"},
    {"products.feedback", "projection"},
    {"products.alerts", "projection"},
    {"complaints.deadletter", "projection"},
};
const size_t chain_len = COUNT_OF(chain);
#define STEP_KEYED 1

struct chain_reader {
    const struct ctl *ctl;
    struct kafka_client *client;
    struct pg *pg; /* opened when the projection is first asked */
    int32_t partitions[COUNT_OF(chain)];
};

struct chain_reader *
chain_open(const struct ctl *ctl, struct err *err)
{
    struct chain_reader *reader = calloc(1, sizeof(*reader));
    BUG_IF(!reader);
    reader->ctl = ctl;
    reader->client = kafka_client_new(ctl->settings.kafka, err);
    if (reader->client)
        return reader;
    free(reader);
    return NULL;
}

void
chain_close(struct chain_reader *reader)
{
    if (!reader)
        return;
    kafka_client_drop(reader->client);
    pg_close(reader->pg);
    free(reader);
}

bool
chain_ends(struct chain_reader *reader, size_t step, struct chain_lag *ret,
           struct err *err)
{
    char topic[TOPIC_NAME_BYTES];
    topic_full_name(&reader->ctl->settings, chain[step].topic, topic);
    int32_t *count = &reader->partitions[step];
    if (*count == 0 && !kafka_partitions(reader->client, topic, CALL_MS, count, err))
        return false;
    if (*count == 0)
        return err_set(err, ERR_STOP,
                       "topic %s does not exist; run `redress topics create`", topic);
    if (*count > CHAIN_MAX_PARTITIONS)
        return err_set(err, ERR_STOP, "topic %s has more than %d partitions", topic,
                       CHAIN_MAX_PARTITIONS);
    ret->partitions = *count;
    for (int32_t p = 0; p < *count; p++)
        if (!kafka_watermarks(reader->client, topic, p, CALL_MS, &ret->lows[p],
                              &ret->ends[p], err))
            return false;
    return true;
}

static bool
projection_positions(struct chain_reader *reader, const char *topic,
                     struct chain_lag *lag, struct err *err)
{
    if (!reader->pg && !ctl_pg(reader->ctl, &reader->pg, err))
        return false;
    CLEANUP(pg_result_drop) struct pg_result *rows = NULL;
    struct str params[] = {str_from(topic)};
    if (!pg_query(reader->pg,
                  "SELECT \"partition\", next_offset FROM offsets WHERE topic = $1",
                  params, 1, &rows, err))
        return false;
    for (int32_t p = 0; p < lag->partitions; p++)
        lag->positions[p] = KAFKA_NO_OFFSET;
    for (size_t i = 0; i < pg_rows(rows); i++) {
        int64_t partition = pg_i64(rows, i, 0);
        if (partition >= 0 && partition < lag->partitions)
            lag->positions[partition] = pg_i64(rows, i, 1);
    }
    return true;
}

static bool
ask_positions(struct chain_reader *reader, size_t step, struct chain_lag *lag,
              struct err *err)
{
    char topic[TOPIC_NAME_BYTES];
    char group[TOPIC_NAME_BYTES];
    topic_full_name(&reader->ctl->settings, chain[step].topic, topic);
    topic_group(&reader->ctl->settings, chain[step].stage, group);
    return strcmp(chain[step].stage, "projection") == 0
               ? projection_positions(reader, topic, lag, err)
               : kafka_group_offsets(reader->client, group, topic, lag->partitions,
                                     CALL_MS, lag->positions, err);
}

bool
chain_positions(struct chain_reader *reader, size_t step, struct chain_lag *lag,
                struct err *err)
{
    /* A coordinator that is moving or loading answers soon: not worth an error yet. */
    int64_t deadline_us = now_mono_us() + INT64_C(1000) * CALL_MS;
    while (!ask_positions(reader, step, lag, err)) {
        if (err->action != ERR_RETRY || now_mono_us() > deadline_us)
            return false;
        pg_close(reader->pg);
        reader->pg = NULL;
        ctl_pause(100);
    }
    lag->lag = 0;
    for (int32_t p = 0; p < lag->partitions; p++) {
        if (lag->positions[p] < lag->lows[p])
            lag->positions[p] = lag->lows[p];
        lag->lag += i64_max(0, lag->ends[p] - lag->positions[p]);
    }
    return true;
}

static bool
wait_step(struct chain_reader *reader, size_t step, int64_t deadline_us, bool *ret_done,
          char waiting_for[160], struct err *err)
{
    struct chain_lag lag = {0};
    if (!chain_ends(reader, step, &lag, err))
        return false;
    for (;;) {
        if (!chain_positions(reader, step, &lag, err))
            return false;
        *ret_done = lag.lag == 0;
        if (*ret_done || now_mono_us() >= deadline_us)
            break;
        ctl_pause(20);
    }
    if (!*ret_done)
        (void)snprintf(waiting_for, 160, "%s still has %lld of %s to read",
                       chain[step].stage, (long long)lag.lag, chain[step].topic);
    return true;
}

bool
chain_wait_until(struct chain_reader *reader, size_t first, size_t last,
                 int64_t deadline_us, bool *ret_done, char waiting_for[160],
                 struct err *err)
{
    *ret_done = true;
    for (size_t step = first; step <= last && *ret_done; step++)
        if (!wait_step(reader, step, deadline_us, ret_done, waiting_for, err))
            return false;
    return true;
}

bool
chain_wait(struct chain_reader *reader, int64_t timeout_ms, bool *ret_done,
           char waiting_for[160], struct err *err)
{
    int64_t deadline_us = now_mono_us() + timeout_ms * 1000;
    if (!chain_wait_until(reader, 0, chain_len - 1, deadline_us, ret_done, waiting_for,
                          err))
        return false;
    /* The one loop: what collect wrote into complaints.keyed goes round once more. */
    return !*ret_done || chain_wait_until(reader, STEP_KEYED, chain_len - 1, deadline_us,
                                          ret_done, waiting_for, err);
}
