/* bench_consume TOPIC - how fast librdkafka hands over a topic that nothing is done with:
 * read committed, from the first message to the last.
 * Prints: messages bytes wall_seconds cpu_seconds.  Configuration as the services
 * (REDRESS_CONFIG). */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "base/now.h"
#include "conf/settings.h"
#include "kafka/client.h"
#include "kafka/consumer.h"

#define TIMEOUT_MS 10000
#define PARTITIONS_MAX 1024

struct tally {
    int64_t messages;
    int64_t bytes;
};

static double
cpu_seconds(void)
{
    struct rusage usage;
    (void)getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static bool
starts(const struct settings *settings, const char *topic, int32_t *partitions,
       int64_t *offsets, int32_t *ret_count, struct err *err)
{
    int64_t high;
    struct kafka_client *client = kafka_client_new(settings->kafka, err);
    if (!client)
        return false;
    bool ok = kafka_partitions(client, topic, TIMEOUT_MS, ret_count, err);
    if (ok && (*ret_count == 0 || *ret_count > PARTITIONS_MAX))
        ok = err_set(err, ERR_STOP, "%s: no such topic", topic);
    for (int32_t p = 0; ok && p < *ret_count; p++) {
        partitions[p] = p;
        ok = kafka_watermarks(client, topic, p, TIMEOUT_MS, &offsets[p], &high, err);
    }
    kafka_client_drop(client);
    return ok;
}

/* Until the end of each partition was reported once. */
static bool
consume(struct kafka_consumer *reader, int32_t partitions, struct tally *tally,
        struct err *err)
{
    for (int32_t ended = 0; ended < partitions;) {
        struct kafka_message msg;
        switch (kafka_poll(reader, TIMEOUT_MS, &msg, err)) {
        case KAFKA_MESSAGE:
            tally->messages++;
            tally->bytes += (int64_t)(msg.key.len + msg.value.len);
            break;
        case KAFKA_END:
            ended++;
            break;
        case KAFKA_NOTHING:
            return err_set(err, ERR_RETRY, "nothing came for %d ms", TIMEOUT_MS);
        case KAFKA_FAILED:
            return false;
        }
    }
    return true;
}

static bool
run(const char *topic, struct err *err)
{
    struct settings settings;
    int32_t partitions[PARTITIONS_MAX];
    int64_t offsets[PARTITIONS_MAX];
    int32_t count = 0;
    struct tally tally = {0, 0};

    if (!settings_read(&settings, NULL, err))
        return false;
    bool ok = starts(&settings, topic, partitions, offsets, &count, err);
    int64_t from_us = now_mono_us();
    double from_cpu = cpu_seconds();
    struct kafka_consumer *reader =
        ok ? kafka_reader_new(settings.kafka, topic, partitions, offsets, (size_t)count,
                              err)
           : NULL;
    ok = reader && consume(reader, count, &tally, err);
    if (ok)
        printf("%" PRId64 " %" PRId64 " %.3f %.3f\n", tally.messages, tally.bytes,
               (double)(now_mono_us() - from_us) / 1e6, cpu_seconds() - from_cpu);
    kafka_consumer_drop(reader);
    settings_release(&settings);
    return ok;
}

int
main(int argc, char **argv)
{
    struct err err = {0};
    if (argc != 2) {
        fprintf(stderr, "usage: bench_consume TOPIC\n");
        return 2;
    }
    if (run(argv[1], &err))
        return 0;
    fprintf(stderr, "bench_consume: %s\n", err.text);
    return 1;
}
