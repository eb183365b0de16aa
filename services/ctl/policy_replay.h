/* policy_replay.h - the real triage, sla and assign stages in this process, fed with what
 * complaints.routed recorded.
 *
 * Of each recorded event the sections of these stages are taken off and made anew under
 * the replay's policies; the stages' own events (timers, changes) are dropped and happen
 * again by themselves.  Time goes on as in the runtime: by event time under the event
 * clock, by recorded_at under the wall clock.  Nothing is produced anywhere.
 * One replay is one partition.  Thread rule: one thread. */
#ifndef REDRESS_CTL_POLICY_REPLAY_H
#define REDRESS_CTL_POLICY_REPLAY_H

#include "ctl/policy_dir.h"

#define REPLAY_STAGES 3 /* triage, sla, assign */

struct replay_policies {
    void *of[REPLAY_STAGES];
};
/* What the services would load from the folder. */
MUST_CHECK bool replay_policies_load(struct replay_policies *policies,
                                     const struct policy_dir *dir, struct err *err);
void replay_policies_release(struct replay_policies *policies);

struct replay;
/* Every event that the last stage writes goes to fn; it lives until fn returns. */
struct replay *replay_new(const struct replay_policies *policies, struct str salt,
                          bool wall_clock, int32_t partition,
                          void (*fn)(void *ctx, const struct complaint_event *ev),
                          void *ctx);
void replay_drop(struct replay *replay);

/* Made by a stage that is replayed: it is made again, not fed. */
bool replay_makes(const struct complaint_event *ev);
/* The next recorded event. */
MUST_CHECK bool replay_event(struct replay *replay, const struct complaint_event *ev,
                             struct err *err);
/* Time goes on to to_ms: what is due fires. */
MUST_CHECK bool replay_advance(struct replay *replay, int64_t to_ms, struct err *err);
/* The partition's clock: the greatest time it has seen, TIME_NONE before the first. */
int64_t replay_now_ms(const struct replay *replay);
/* Events that a stage refused. */
int64_t replay_dead(const struct replay *replay);

#endif
