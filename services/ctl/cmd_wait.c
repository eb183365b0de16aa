/* cmd_wait.c - wait, clock advance: asking until the pipeline has come so far. */
#include <stdio.h>

#include "base/now.h"
#include "base/times.h"
#include "ctl/ctl.h"
#include "gen/complaint_event.h"
#include "ident/ident.h"
#include "stage/topics.h"

static enum ctl_exit
ended(const struct ctl *ctl, bool done, const char *what, const char *waiting_for)
{
    if (ctl->json)
        printf("{\"done\":%s}\n", done ? "true" : "false");
    if (done)
        return CTL_OK;
    fprintf(stderr, "redress: %s: time is up: %s; see `redress status`\n", what,
            waiting_for);
    return CTL_WRONG;
}

enum ctl_exit
cmd_wait(struct ctl *ctl)
{
    const char *timeout = NULL;
    const struct ctl_option options[] = {{"timeout", &timeout, NULL}};
    enum ctl_exit status = CTL_OK;
    int64_t seconds = 600;
    if (!ctl_options(ctl, options, COUNT_OF(options), 0, 0, &status) ||
        !ctl_number("--timeout", timeout, 0, 1000000, &seconds, &status))
        return status;
    struct err err = {0};
    struct chain_reader *reader = chain_open(ctl, &err);
    if (!reader)
        return ctl_fail(&err);
    bool done = false;
    char waiting_for[160] = "";
    bool ok = chain_wait(reader, seconds * 1000, &done, waiting_for, &err);
    chain_close(reader);
    if (!ok)
        return ctl_fail(&err);
    return ended(ctl, done, "wait", waiting_for);
}

/* A tick into every partition of complaints.keyed. */
static bool
send_ticks(struct ctl *ctl, struct chain_reader *reader, int64_t to_ms, struct err *err)
{
    struct chain_lag keyed;
    char topic[TOPIC_NAME_BYTES];
    if (!chain_ends(reader, 1, &keyed, err))
        return false;
    struct kafka_producer *producer =
        kafka_producer_new(ctl->settings.kafka, NULL, 0, err);
    if (!producer)
        return false;
    topic_full_name(&ctl->settings, "complaints.keyed", topic);
    struct kafka_target *target = kafka_target(producer, topic, err);
    bool ok = target != NULL;
    CLEANUP(arena_release) struct arena arena = {0};
    CLEANUP(buf_release) struct buf body = {0};
    for (int32_t p = 0; ok && p < keyed.partitions; p++) {
        struct complaint_event tick = {
            .event_id = ident_child_id(&arena, STR("tick"), STR("clock"), p, to_ms),
            .type = EVENT_TYPE_TICK,
            .stage = STAGE_DOOR,
            .customer_key = STR(""),
            .occurred_at = to_ms,
            .recorded_at = now_wall_ms(),
        };
        buf_clear(&body);
        ok = wire_encode(&complaint_event_wire, &tick, &body, err) &&
             kafka_produce(producer, target, p, STR("tick"), buf_str(&body), NULL, 0,
                           err) == KAFKA_DONE;
    }
    ok = ok && kafka_flush(producer, 30000, err);
    kafka_producer_drop(producer);
    return ok;
}

enum ctl_exit
cmd_clock_advance(struct ctl *ctl)
{
    const char *to = NULL;
    const char *timeout = NULL;
    const struct ctl_option options[] = {{"to", &to, NULL}, {"timeout", &timeout, NULL}};
    enum ctl_exit status = CTL_OK;
    int64_t seconds = 600;
    int64_t to_ms = 0;
    if (!ctl_options(ctl, options, COUNT_OF(options), 0, 0, &status) ||
        !ctl_number("--timeout", timeout, 0, 1000000, &seconds, &status))
        return status;
    if (!to || !time_parse_loose(str_from(to), &to_ms))
        return ctl_usage("--to needs a time such as 2026-03-20T00:00:00Z");
    if (settings_wall_clock(&ctl->settings))
        return ctl_usage(
            "this installation runs by the wall clock; the clock can only be "
            "advanced with clock \"event\"");
    struct err err = {0};
    struct chain_reader *reader = chain_open(ctl, &err);
    if (!reader)
        return ctl_fail(&err);
    /* All that was published before must be keyed before the tick, or it would come late.
     */
    bool done = false;
    char waiting_for[160] = "";
    bool ok = chain_wait_until(reader, 0, 0, now_mono_us() + seconds * 1000000, &done,
                               waiting_for, &err) &&
              (!done || send_ticks(ctl, reader, to_ms, &err));
    chain_close(reader);
    if (!ok)
        return ctl_fail(&err);
    return ended(ctl, done, "clock advance", waiting_for);
}
