/* stage_worker.h - one thread of a stage: consumer, transactional producer, and the
 * stores of its assigned partitions. Private to this room.
 *
 * stage.c starts and watches workers; stage_loop.c is the loop, stage_commit.c ends its
 * transactions, stage_restore.c takes partitions over and gives them up.
 * Invariant: between two transactions a slot's store, driver and position are exactly
 * what the broker has committed. Thread rule: everything belongs to the worker's thread
 * but the atomics and metrics. */
#ifndef REDRESS_STAGE_WORKER_H
#define REDRESS_STAGE_WORKER_H

#include <stdatomic.h>

#include "conf/settings.h"
#include "kafka/client.h"
#include "kafka/consumer.h"
#include "kafka/producer.h"
#include "stage/changelog.h"
#include "stage/stage_metrics.h"
#include "stage/turn.h"
#include "state/store.h"

/* What the workers of a process share. */
struct stage_shared {
    const char *service;
    const struct settings *settings;
    struct kafka_client *client; /* safe from several threads */
    atomic_bool stop;
    atomic_uint policy_generation; /* counts SIGHUPs */
};

/* One assigned partition. */
struct slot {
    int32_t partition;
    bool touched;     /* in this transaction                                     */
    int64_t position; /* next offset to read                                     */
    int64_t
        rewind; /* where an abort goes back to: position of the last commit or restore */
    int64_t committed; /* what the group has; less than rewind only after a restore */
    struct turn_driver driver; /* with the store                                  */
    int64_t kept_clock_ms;     /* of the driver, as of the last commit            */
    int64_t kept_counters[COUNT_COUNTERS];
};

#define STAGE_OUTPUTS_MAX 8
#define STAGE_HEADERS_MAX 320

struct worker {
    struct stage_shared *shared;
    const struct stage_def *def;
    int thread;
    char name[48]; /* "register-0" */
    char group[256];
    char instance[160];
    char transactional_id[320];
    char input[256];
    char changelog[256];
    struct kafka_consumer *consumer;
    struct kafka_producer *producer;
    struct kafka_target *outputs[STAGE_OUTPUTS_MAX];
    struct kafka_target *dead_letters;
    struct kafka_target *changelog_target; /* NULL if stateless */
    struct turn *turn;
    void *policy;
    unsigned policy_generation;
    struct slot *slots;
    size_t n_slots;
    bool in_transaction;
    bool revoking;  /* inside the hook: the partitions go, nothing is rewound */
    bool idle_seen; /* in this transaction the input had nothing for a moment */
    size_t batch_events;
    size_t batch_bytes;
    int64_t began_us;       /* of the transaction                     */
    int64_t last_commit_us; /* end of it; 0 before the first          */
    int64_t guard_us;
    int64_t usual_commit_us; /* moving average                        */
    int64_t figures_us;      /* when metrics were copied last         */
    int64_t complained_us;   /* last log line about Kafka being away  */
    unsigned aborts_in_a_row;
    struct buf scratch;
    struct kafka_header headers[STAGE_HEADERS_MAX];
    struct header message_headers[STAGE_HEADERS_MAX];
    struct stage_metrics metrics;
    pthread_t handle;
    atomic_bool ready; /* joined, and all that is assigned is restored */
    atomic_bool ended;
    atomic_int status;           /* exit status, once ended                      */
    _Atomic int64_t alive_us;    /* last sign of life                            */
    _Atomic(const char *) doing; /* what it waits for, for the watchdog         */
};

/* stage_loop.c: the thread's function. */
void *worker_run(void *worker);
/* A sign of life, before a call that may take long. */
void worker_doing(struct worker *worker, const char *what);
bool worker_stopping(const struct worker *worker);

/* stage_commit.c.  All return false when the process must end without touching anything
 * (already logged). */
/* Begins a transaction unless one is open; keeps the guard. */
MUST_CHECK bool worker_begin(struct worker *worker);
/* Changelog, offsets, commit. Aborts and rewinds where that is asked for. */
MUST_CHECK bool worker_commit(struct worker *worker);
/* Undoes the batch; the consumer goes back to what is committed. */
MUST_CHECK bool worker_abort(struct worker *worker, const struct err *why);
/* Offsets alone, when the end of a partition moved past markers. */
MUST_CHECK bool worker_commit_offsets(struct worker *worker);
/* Hands what the turn wants written to the producer, and clears the turn. */
enum kafka_fate worker_send(struct worker *worker, const struct slot *slot,
                            struct err *err);

/* stage_restore.c: the hooks of the consumer (kafka_hooks). */
bool worker_on_assign(void *worker, const int32_t *partitions, size_t n,
                      int64_t *ret_offsets, struct err *err);
void worker_on_revoke(void *worker, const int32_t *partitions, size_t n, bool lost);
struct slot *worker_slot(const struct worker *worker, int32_t partition);

#endif
