/* stage_rig.h - one stage in process, for tests: events in, decoded outputs out.
 *
 * Event clock; the store is committed after each message.  What stage_rig_send() gives
 * back lives until stage_rig_close(). */
#ifndef REDRESS_TEST_STAGE_RIG_H
#define REDRESS_TEST_STAGE_RIG_H

#include "stage/series.h"
#include "stage/turn.h"

#define RIG_EVENTS 64

struct stage_rig {
    struct store *store;
    struct turn *turn;
    struct turn_driver driver;
    struct arena arena;
    int64_t offset;
    struct complaint_event out[RIG_EVENTS]; /* of the last send, timers first */
    size_t n_out;
    size_t n_dead;
    struct stage_series *series; /* what it observed, all sends; NULL without metrics */
};

void stage_rig_open(struct stage_rig *rig, const struct stage_def *def,
                    const char *policy_dir);
void stage_rig_close(struct stage_rig *rig);
/* Aborts the test if the stage says retry or stop. */
void stage_rig_send(struct stage_rig *rig, const struct complaint_event *ev);
/* A tick at the time: fires what is due. */
void stage_rig_tick(struct stage_rig *rig, int64_t at_ms);
/* The last output of this type of the last send; NULL if there is none. */
const struct complaint_event *stage_rig_find(const struct stage_rig *rig,
                                             enum event_type type);
/* An event of a case of customer "abc"; its stage is left to the caller. */
struct complaint_event stage_rig_event(const char *id, enum event_type type,
                                       int64_t at_ms, const char *complaint_id,
                                       const struct register_section *r);

#endif
