/* turn.h - what a stage may do while it handles one event or one timer.
 *
 * A stage's on_event()/on_timer() sees only a turn: keyed state of its partition, its
 * clock, its policy, and outputs.  The Kafka runtime (stage.h) and the in-process
 * scenario runner both drive stages through it, so a stage cannot tell them apart.
 *
 * Atomic: when on_event() returns false, everything it saved or emitted in this turn is
 * undone; with ERR_DEAD_LETTER the original message becomes a dead letter in the same
 * transaction, and the next event follows.
 * Determinism: a stage asks for time only through turn_now_ms(). With the event clock
 * that is the partition's greatest event time so far (timers due up to it have fired);
 * with the wall clock it is the machine's.
 * Thread rule: a turn belongs to one thread. */
#ifndef REDRESS_TURN_H
#define REDRESS_TURN_H

#include "base/arena.h"
#include "base/base.h"
#include "base/times.h"
#include "gen/complaint_event.h"
#include "gen/product_fact.h"
#include "wire/wire.h"

struct turn;

struct header {
    struct str name;
    struct str value;
};

/* A message as Kafka gave it. */
struct raw_message {
    struct str topic; /* with prefix */
    int32_t partition;
    int64_t offset;
    int64_t timestamp_ms; /* of the record; TIME_NONE if it has none */
    struct str key;       /* null if absent */
    struct str value;     /* null if absent */
    size_t n_headers;
    const struct header *headers;
};

/* One message that a turn wants written.  All in the turn's arena. */
struct output {
    size_t topic;      /* index into stage_def.outputs, or OUTPUT_DEAD_LETTER */
    int32_t partition; /* -1: by key (murmur2), else this one                */
    struct str key;
    struct str value;
    size_t n_headers;
    const struct header *headers;
};
#define OUTPUT_DEAD_LETTER SIZE_MAX
/* Key and value of an output or a state record; what exceeds it is refused as too_large
 * (the topics take 3 MiB, headers and framing included). Dead letters are cut instead. */
#define OUTPUT_MAX_BYTES ((size_t)(3 * 1024 - 256) * 1024)

/* --- clock and surroundings ------------------------------------------------------- */
int64_t turn_now_ms(const struct turn *turn);
bool turn_is_wall(const struct turn *turn);
int32_t turn_partition(const struct turn *turn);
/* What policy_load() of the stage returned; NULL if it has none. */
const void *turn_policy(const struct turn *turn);
/* Installation settings that stages share. */
struct turn_settings {
    struct str salt;           /* of customer hashes                            */
    struct str default_region; /* ISO 3166 alpha-2, for phone numbers           */
    bool wall_clock;
};
const struct turn_settings *turn_settings(const struct turn *turn);
/* Cleared when the turn's outputs have been handed on; decoded records live in it. */
struct arena *turn_arena(struct turn *turn);
/* room_bytes of the stage, zero at the first call, kept until the turn is dropped. Memory
 * to work in, never what a decision rests on. */
void *turn_room(struct turn *turn);
/* The message being handled; NULL in a timer. */
const struct raw_message *turn_message(const struct turn *turn);

/* --- state ------------------------------------------------------------------------ */
/* Decodes the record under key into *ret_record (views into a copy in the turn's arena).
 * *ret_found = false and true returned when there is none. */
MUST_CHECK bool turn_load(struct turn *turn, struct str key,
                          const struct wire_schema *schema, void *ret_record,
                          bool *ret_found, struct err *err);
/* Writes it; due_ms is when on_timer() shall be called with this key, or TIME_NONE. */
MUST_CHECK bool turn_save(struct turn *turn, struct str key,
                          const struct wire_schema *schema, const void *record,
                          int64_t due_ms, struct err *err);
void turn_delete(struct turn *turn, struct str key);
bool turn_exists(struct turn *turn, struct str key);

/* --- outputs ---------------------------------------------------------------------- */
/* Output 0 is the stage's main output: key customer_key, same partition as the input. */
MUST_CHECK bool turn_emit(struct turn *turn, const struct complaint_event *ev,
                          struct err *err);
/* Another output by its index in stage_def.outputs, partition by key. */
MUST_CHECK bool turn_emit_record(struct turn *turn, size_t output, struct str key,
                                 const struct wire_schema *schema, const void *record,
                                 struct err *err);
/* Bytes and headers are copied. */
MUST_CHECK bool turn_emit_bytes(struct turn *turn, size_t output, struct str key,
                                struct str value, const struct header *headers,
                                size_t n_headers, struct err *err);
/* A dead letter for something other than the message at hand (register's parked events):
 * value and reason as given, origin headers from `origin`. */
MUST_CHECK bool turn_dead_letter(struct turn *turn, struct str key, struct str value,
                                 const struct origin *origin, const struct err *why,
                                 bool value_is_avro, struct err *err);
/* Counters per partition, kept in the changelog with the position (verify reads them). */
enum turn_counter {
    COUNT_ACCEPTED,  /* events that got a seq                      */
    COUNT_DUPLICATE, /* dropped: same (source, id) or same content */
    COUNT_PARKED,    /* parked so far                              */
    COUNT_UNPARKED,  /* taken up after parking                     */
    COUNT_DEAD,      /* dead letters                               */
    COUNT_PASSED,    /* without a complaint: customer.*, ticks     */
    COUNT_COUNTERS,
};
void turn_count(struct turn *turn, enum turn_counter counter, int64_t add);

/* --- figures of the stage's own, for Prometheus ------------------------------------- */
enum metric_type {
    METRIC_COUNTER,   /* adds the values                                          */
    METRIC_HISTOGRAM, /* of the values, below bounds[]                            */
    METRIC_CURRENT,   /* 1 for the last value of the open label, the others gone  */
};
#define METRIC_LABELS 4
struct stage_metric {
    const char *name; /* redress_..., by Prometheus' conventions                 */
    const char *help;
    enum metric_type type;
    const char *labels[METRIC_LABELS]; /* names, in order; NULL: none             */
    /* 1 + index of the label whose values nobody bounds: above the limit they are counted
     * as "other"; 0: none */
    size_t open_label;
    const double *bounds; /* of a histogram: upper ones, ascending, in their buckets */
    size_t n_bounds;
};
struct observation {
    size_t metric; /* index into stage_def.metrics */
    struct str labels[METRIC_LABELS];
    double value;
};
/* Counts when the batch is committed, once; what a refused event or an aborted batch
 * observed does not count. Figures are of the process, from 0 at its start. labels: as
 * many as the metric has, not copied: of the message, the turn's arena, the policy. */
void turn_observe(struct turn *turn, size_t metric, const struct str *labels,
                  double value);

/* --- a stage ---------------------------------------------------------------------- */
struct stage_output {
    const char *topic;   /* without prefix */
    bool keep_partition; /* of the input   */
};

struct stage_def {
    const char *service; /* "intake"                                         */
    const char *name;    /* "register": in topic, group and metric names     */
    const char *input;   /* topic without prefix                             */
    const struct stage_output *outputs; /* [0] is the main one               */
    size_t n_outputs;
    bool stateless;     /* no changelog                                      */
    bool forward_ticks; /* a tick goes to the same partition of outputs[0]   */
    /* Exactly one of these three; how the input is decoded follows from it. */
    bool (*on_event)(struct turn *turn, const struct complaint_event *ev,
                     struct err *err);
    bool (*on_raw)(struct turn *turn, const struct raw_message *message, struct err *err);
    bool (*on_fact)(struct turn *turn, const struct product_fact *fact, struct err *err);
    /* NULL if the stage has no timers. The timer is already taken away: save the record
     * with a new due time to be called again. turn_now_ms() >= due_ms. Events that it
     * emits are stamped with the due time. */
    bool (*on_timer)(struct turn *turn, struct str key, int64_t due_ms, struct err *err);
    size_t room_bytes; /* see turn_room()                                    */
    void (*room_release)(void *room); /* what it holds; not itself           */
    /* NULL without policy. Reads files below dir; false with ERR_STOP if one is bad. */
    void *(*policy_load)(const char *dir, struct err *err);
    void (*policy_free)(void *policy);
    const struct stage_metric *metrics; /* what turn_observe() may name */
    size_t n_metrics;
};

/* --- for those who drive a stage: the runtime and the scenario runner --------------- */
struct store;
struct turn_driver {
    const struct stage_def *def;
    struct store *store; /* NULL if stateless */
    const void *policy;
    struct turn_settings settings;
    int32_t partition;
    int64_t clock_ms; /* event clock of the partition, TIME_NONE before the first event */
    int64_t counters[COUNT_COUNTERS];
};
struct turn *turn_new(void);
void turn_drop(struct turn *turn);
/* Handles one message: with the event clock first fires the timers due up to its time
 * (each its own atomic step), then decodes and calls the stage.  Never fails because of
 * the event: a refused one becomes an output OUTPUT_DEAD_LETTER with the original bytes.
 * false only for ERR_RETRY and ERR_STOP.  wall_now_ms is the machine's time (used with
 * the wall clock). */
MUST_CHECK bool turn_run(struct turn *turn, struct turn_driver *driver,
                         const struct raw_message *message, int64_t wall_now_ms,
                         struct err *err);
/* After turn_run(): more timers were due up to the message's time than one run fires, and
 * the message itself has not been handled yet.  Hand the outputs on (and commit, if the
 * batch is full: without the message's offset), then run the same message again. */
bool turn_unfinished(const struct turn *turn);
#define TURN_TIMERS_AT_ONCE 1000
/* Fires at most max timers due up to now_ms (wall clock loop); *ret_fired how many. */
MUST_CHECK bool turn_run_timers(struct turn *turn, struct turn_driver *driver,
                                int64_t now_ms, size_t max, size_t *ret_fired,
                                struct err *err);
/* What the runs since the last clear want written, in order. */
size_t turn_outputs(const struct turn *turn, const struct output **ret_outputs);
/* What they observed, in order; labels may be views into the last message. */
size_t turn_observations(const struct turn *turn, const struct observation **ret);
/* Forgets outputs, observations and the arena. Call when they have been handed on. */
void turn_clear(struct turn *turn);

#endif
