/* history_rig.h - the whole pipeline in process, for tests over made histories.
 *
 * CloudEvents in, every event of complaints.routed and every notice out, in order.  One
 * partition, event clock; the stages are handed in, so that the rig links without them.
 * What it gives back lives until history_close(). */
#ifndef REDRESS_TEST_HISTORY_RIG_H
#define REDRESS_TEST_HISTORY_RIG_H

#include "stage/turn.h"

#define HISTORY_STAGES 8
#define HISTORY_MAX 40000

struct history_event {
    struct complaint_event ev;
    struct str bytes; /* as written */
};

struct history_queued;
struct history {
    struct arena arena;
    struct turn *turn;
    struct turn_driver drivers[HISTORY_STAGES];
    size_t n_stages;
    struct history_queued *first, **tail;
    int64_t offset;
    int64_t now_ms;
    struct history_event *events; /* of complaints.routed */
    size_t n_events;
    struct str *notices; /* of complaints.notifications */
    size_t n_notices;
    size_t n_dead;
};

void history_open(struct history *history, const struct stage_def *const *stages,
                  size_t n_stages, const char *policy_dir);
void history_close(struct history *history);
/* A structured CloudEvent; the clock goes to at_ms if that is later. */
void history_publish(struct history *history, struct str cloudevent, int64_t at_ms);
void history_tick(struct history *history, int64_t at_ms);
/* Every stage forgets all but what its changelog holds. */
void history_restart(struct history *history);
/* As a SIGHUP does. */
void history_policy(struct history *history, const char *policy_dir);

/* --- policy files (history_policy.c) ------------------------------------------------ */

/* Copies a policy file, or a folder with all in it, each JSON object's keys shuffled. */
void history_policy_copy(const char *from, const char *to, uint64_t *random);
void history_policy_remove(const char *folder);

/* --- made histories (history_made.c) ------------------------------------------------ */

/* One message of a made history. */
struct made {
    int64_t at_ms;         /* when it arrives; its own time may be earlier */
    struct str cloudevent; /* null: a tick */
};
/* n messages of legal and illegal steps on about n / 20 complaints of few customers;
 * the same seed gives the same bytes. */
struct made *history_make(struct arena *arena, uint64_t seed, size_t n);

/* Opens the history and runs a made one through it, and all timers to their end. */
struct history_plan {
    uint64_t seed;
    size_t messages;
    const char *policy_dir;
    const char *next_policy; /* from the middle on; NULL: none  */
    size_t restart_each;     /* so many messages; 0: no restart */
};
void history_run(struct history *history, const struct stage_def *const *stages,
                 size_t n_stages, const struct history_plan *plan);
/* Prints which event of which seed a failure is about. */
void history_tell(uint64_t seed, size_t i, const struct complaint_event *ev);

/* xorshift64*; a state is never 0. */
uint64_t history_random(uint64_t *state);

#endif
