#include "ctl/policy_replay.h"

#include <stdlib.h>

#include "base/buf.h"
#include "routing/stages.h"
#include "sla/stages.h"
#include "state/store.h"
#include "triage/stages.h"

static const struct stage_def *const STAGES[REPLAY_STAGES] = {&triage_stage, &sla_stage,
                                                              &assign_stage};

struct replay {
    struct turn *turns[REPLAY_STAGES]; /* one each: outputs live while the next runs */
    struct turn_driver drivers[REPLAY_STAGES];
    struct arena arena; /* of one decoded result */
    struct buf bytes;
    int64_t now_ms;
    int64_t offset;
    int64_t dead;
    void (*fn)(void *ctx, const struct complaint_event *ev);
    void *ctx;
};

bool
replay_policies_load(struct replay_policies *policies, const struct policy_dir *dir,
                     struct err *err)
{
    *policies = (struct replay_policies){0};
    for (size_t i = 0; i < REPLAY_STAGES; i++)
        if (!policy_dir_load(dir, STAGES[i], &policies->of[i], err)) {
            replay_policies_release(policies);
            return false;
        }
    return true;
}

void
replay_policies_release(struct replay_policies *policies)
{
    for (size_t i = 0; i < REPLAY_STAGES; i++)
        if (policies->of[i] && STAGES[i]->policy_free)
            STAGES[i]->policy_free(policies->of[i]);
    *policies = (struct replay_policies){0};
}

struct replay *
replay_new(const struct replay_policies *policies, struct str salt, bool wall_clock,
           int32_t partition, void (*fn)(void *ctx, const struct complaint_event *ev),
           void *ctx)
{
    struct replay *replay = calloc(1, sizeof(*replay));
    BUG_IF(!replay);
    for (size_t i = 0; i < REPLAY_STAGES; i++) {
        replay->turns[i] = turn_new();
        replay->drivers[i] = (struct turn_driver){
            .def = STAGES[i],
            .store = store_new(),
            .policy = policies->of[i],
            .settings = {.salt = salt,
                         .default_region = STR("US"),
                         .wall_clock = wall_clock},
            .partition = partition,
            .clock_ms = TIME_NONE,
        };
    }
    replay->now_ms = TIME_NONE;
    replay->fn = fn;
    replay->ctx = ctx;
    return replay;
}

void
replay_drop(struct replay *replay)
{
    if (!replay)
        return;
    for (size_t i = 0; i < REPLAY_STAGES; i++) {
        turn_drop(replay->turns[i]);
        store_drop(replay->drivers[i].store);
    }
    arena_release(&replay->arena);
    buf_release(&replay->bytes);
    free(replay);
}

int64_t
replay_now_ms(const struct replay *replay)
{
    return replay->now_ms;
}

int64_t
replay_dead(const struct replay *replay)
{
    return replay->dead;
}

bool
replay_makes(const struct complaint_event *ev)
{
    return ev->type != EVENT_TYPE_TICK &&
           (ev->stage == STAGE_TRIAGE || ev->stage == STAGE_SLA ||
            ev->stage == STAGE_ASSIGN);
}

static bool run_stage(struct replay *replay, size_t stage,
                      const struct raw_message *message, struct err *err);

/* Hands on what a stage wrote to its main output, in order. */
static bool
hand_on(struct replay *replay, size_t stage, struct err *err)
{
    const struct output *outputs = NULL;
    size_t n = turn_outputs(replay->turns[stage], &outputs);
    bool ok = true;
    for (size_t i = 0; ok && i < n; i++) {
        struct raw_message message = {.topic = STR("replay"),
                                      .partition = replay->drivers[stage].partition,
                                      .offset = replay->offset++,
                                      .timestamp_ms = replay->now_ms,
                                      .key = outputs[i].key,
                                      .value = outputs[i].value};
        struct complaint_event ev;
        if (outputs[i].topic == OUTPUT_DEAD_LETTER) {
            replay->dead++;
        } else if (outputs[i].topic != 0) {
            continue; /* notices, facts: for nobody */
        } else if (stage + 1 < REPLAY_STAGES) {
            ok = run_stage(replay, stage + 1, &message, err);
        } else {
            ok = wire_decode(&complaint_event_wire, message.value, &replay->arena, &ev,
                             err);
            if (ok)
                replay->fn(replay->ctx, &ev);
            arena_clear(&replay->arena);
        }
    }
    store_commit(replay->drivers[stage].store);
    turn_clear(replay->turns[stage]);
    return ok;
}

static bool
run_stage(struct replay *replay, size_t stage, const struct raw_message *message,
          struct err *err)
{
    do {
        if (!turn_run(replay->turns[stage], &replay->drivers[stage], message,
                      replay->now_ms, err))
            return err_prefix(err, "replay of %s", STAGES[stage]->name);
        if (!hand_on(replay, stage, err))
            return false;
    } while (turn_unfinished(replay->turns[stage]));
    return true;
}

/* Wall clock: what is due in any of the stages, in due order, each at its time. */
static bool
fire_all(struct replay *replay, int64_t now_ms, struct err *err)
{
    for (;;) {
        size_t next = REPLAY_STAGES;
        int64_t due_ms = now_ms;
        for (size_t i = 0; i < REPLAY_STAGES; i++) {
            int64_t first = store_first_due(replay->drivers[i].store);
            if (first != TIME_NONE &&
                (next == REPLAY_STAGES ? first <= due_ms : first < due_ms)) {
                due_ms = first;
                next = i;
            }
        }
        size_t fired = 0;
        if (next == REPLAY_STAGES)
            return true;
        replay->now_ms = i64_max(replay->now_ms, due_ms);
        if (!turn_run_timers(replay->turns[next], &replay->drivers[next], replay->now_ms,
                             1, &fired, err) ||
            !hand_on(replay, next, err))
            return false;
    }
}

static bool
feed(struct replay *replay, const struct complaint_event *ev, struct err *err)
{
    buf_clear(&replay->bytes);
    if (!wire_encode(&complaint_event_wire, ev, &replay->bytes, err)) {
        err->action = ERR_STOP;
        return false;
    }
    struct raw_message message = {.topic = STR("replay"),
                                  .partition = replay->drivers[0].partition,
                                  .offset = replay->offset++,
                                  .timestamp_ms = ev->recorded_at,
                                  .key = ev->customer_key,
                                  .value = buf_str(&replay->bytes)};
    return run_stage(replay, 0, &message, err);
}

bool
replay_event(struct replay *replay, const struct complaint_event *ev, struct err *err)
{
    bool wall = replay->drivers[0].settings.wall_clock;
    if (replay_makes(ev))
        return true;
    if (wall && ev->type == EVENT_TYPE_TICK)
        return true;
    if (wall && !fire_all(replay, ev->recorded_at, err))
        return false;
    replay->now_ms = i64_max(replay->now_ms, wall ? ev->recorded_at : ev->occurred_at);
    struct complaint_event bare = *ev;
    bare.triage = NULL;
    bare.sla = NULL;
    bare.routing = NULL;
    bare.n_detail = 0; /* for people: no stage decides by it, assign adds its own again */
    bare.detail = NULL;
    return feed(replay, &bare, err);
}

bool
replay_advance(struct replay *replay, int64_t to_ms, struct err *err)
{
    if (replay->drivers[0].settings.wall_clock) {
        if (!fire_all(replay, to_ms, err))
            return false;
        replay->now_ms = i64_max(replay->now_ms, to_ms);
        return true;
    }
    replay->now_ms = i64_max(replay->now_ms, to_ms);
    struct complaint_event tick = {.event_id = STR("tick"),
                                   .type = EVENT_TYPE_TICK,
                                   .customer_key = STR(""),
                                   .occurred_at = to_ms,
                                   .recorded_at = to_ms};
    return feed(replay, &tick, err);
}
