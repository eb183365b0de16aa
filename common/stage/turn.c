#include "stage/turn.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "state/store.h"

#define ROOMS_MAX 16 /* stages that one turn may serve (the scenario runner's all) */

struct room {
    const struct stage_def *def;
    void *memory;
};

struct turn {
    struct arena arena;
    struct buf scratch;     /* one encoding at a time                         */
    struct output *outputs; /* since the last turn_clear()                    */
    size_t n_outputs;
    size_t outputs_room;
    struct observation *observations; /* the same                              */
    size_t n_observations;
    size_t observations_room;
    struct turn_driver *driver; /* during a run                                */
    const struct raw_message *message;
    const struct origin *origin; /* of the inbound message, when decoded       */
    int64_t now_ms;
    bool unfinished; /* of the last run: see turn_unfinished()                 */
    struct room rooms[ROOMS_MAX];
    size_t n_rooms;
};

/* What a failed step goes back to. */
struct savepoint {
    size_t mark;
    size_t n_outputs;
    size_t n_observations;
    int64_t counters[COUNT_COUNTERS];
};

struct turn *
turn_new(void)
{
    struct turn *turn = calloc(1, sizeof(*turn));
    BUG_IF(!turn);
    buf_init(&turn->scratch, (size_t)8 * 1024 * 1024);
    return turn;
}

void
turn_drop(struct turn *turn)
{
    if (!turn)
        return;
    for (size_t i = 0; i < turn->n_rooms; i++) {
        turn->rooms[i].def->room_release(turn->rooms[i].memory);
        free(turn->rooms[i].memory);
    }
    arena_release(&turn->arena);
    buf_release(&turn->scratch);
    free(turn->outputs);
    free(turn->observations);
    free(turn);
}

void
turn_clear(struct turn *turn)
{
    turn->n_outputs = 0;
    turn->n_observations = 0;
    arena_clear(&turn->arena);
}

size_t
turn_outputs(const struct turn *turn, const struct output **ret_outputs)
{
    *ret_outputs = turn->outputs;
    return turn->n_outputs;
}

/* --- what a stage asks -------------------------------------------------------------- */

int64_t
turn_now_ms(const struct turn *turn)
{
    return turn->now_ms;
}

bool
turn_is_wall(const struct turn *turn)
{
    return turn->driver->settings.wall_clock;
}

int32_t
turn_partition(const struct turn *turn)
{
    return turn->driver->partition;
}

const void *
turn_policy(const struct turn *turn)
{
    return turn->driver->policy;
}

const struct turn_settings *
turn_settings(const struct turn *turn)
{
    return &turn->driver->settings;
}

struct arena *
turn_arena(struct turn *turn)
{
    return &turn->arena;
}

void *
turn_room(struct turn *turn)
{
    const struct stage_def *def = turn->driver->def;
    for (size_t i = 0; i < turn->n_rooms; i++)
        if (turn->rooms[i].def == def)
            return turn->rooms[i].memory;
    BUG_IF(def->room_bytes == 0 || turn->n_rooms == ROOMS_MAX);
    void *memory = calloc(1, def->room_bytes);
    BUG_IF(!memory);
    turn->rooms[turn->n_rooms++] = (struct room){def, memory};
    return memory;
}

const struct raw_message *
turn_message(const struct turn *turn)
{
    return turn->message;
}

void
turn_count(struct turn *turn, enum turn_counter counter, int64_t add)
{
    BUG_IF(counter >= COUNT_COUNTERS);
    turn->driver->counters[counter] += add;
}

void
turn_observe(struct turn *turn, size_t metric, const struct str *labels, double value)
{
    const struct stage_def *def = turn->driver->def;
    BUG_IF(metric >= def->n_metrics);
    if (turn->n_observations == turn->observations_room) {
        turn->observations_room = turn->observations_room * 2 + 64;
        turn->observations = realloc(turn->observations, turn->observations_room *
                                                             sizeof(*turn->observations));
        BUG_IF(!turn->observations);
    }
    struct observation *o = &turn->observations[turn->n_observations++];
    *o = (struct observation){.metric = metric, .value = value};
    for (size_t i = 0; i < METRIC_LABELS && def->metrics[metric].labels[i]; i++)
        o->labels[i] = labels[i];
}

size_t
turn_observations(const struct turn *turn, const struct observation **ret)
{
    *ret = turn->observations;
    return turn->n_observations;
}

/* --- state -------------------------------------------------------------------------- */

bool
turn_load(struct turn *turn, struct str key, const struct wire_schema *schema,
          void *ret_record, bool *ret_found, struct err *err)
{
    struct str bytes = store_get(turn->driver->store, key);
    if (str_is_null(bytes)) {
        *ret_found = false;
        return true;
    }
    /* A copy: the store's bytes go when the record is saved again. */
    bytes = arena_str(&turn->arena, bytes);
    if (!wire_decode(schema, bytes, &turn->arena, ret_record, err)) {
        /* Our own state cannot be read: going on would lose it. */
        err->action = ERR_STOP;
        return err_prefix(err, "state record %.*s", (int)(key.len < 60 ? key.len : 60),
                          key.ptr);
    }
    *ret_found = true;
    return true;
}

bool
turn_save(struct turn *turn, struct str key, const struct wire_schema *schema,
          const void *record, int64_t due_ms, struct err *err)
{
    buf_clear(&turn->scratch);
    if (!wire_encode(schema, record, &turn->scratch, err))
        return false;
    if (key.len + turn->scratch.len > OUTPUT_MAX_BYTES)
        return err_dead(err, DEAD_TOO_LARGE, NULL, "a state record of %zu bytes",
                        turn->scratch.len);
    store_put(turn->driver->store, key, buf_str(&turn->scratch), due_ms);
    return true;
}

void
turn_delete(struct turn *turn, struct str key)
{
    store_delete(turn->driver->store, key);
}

bool
turn_exists(struct turn *turn, struct str key)
{
    return !str_is_null(store_get(turn->driver->store, key));
}

/* --- outputs ------------------------------------------------------------------------ */

static void
add_output(struct turn *turn, struct output output)
{
    if (turn->n_outputs == turn->outputs_room) {
        turn->outputs_room = turn->outputs_room ? turn->outputs_room * 2 : 64;
        turn->outputs =
            realloc(turn->outputs, turn->outputs_room * sizeof(*turn->outputs));
        BUG_IF(!turn->outputs);
    }
    turn->outputs[turn->n_outputs++] = output;
}

static const struct header *
copy_headers(struct arena *arena, const struct header *headers, size_t n_headers,
             size_t more)
{
    struct header *copy = ARENA_ARRAY(arena, struct header, n_headers + more);
    for (size_t i = 0; i < n_headers; i++) {
        copy[i].name = arena_str(arena, headers[i].name);
        copy[i].value = arena_str(arena, headers[i].value);
    }
    return copy;
}

bool
turn_emit_bytes(struct turn *turn, size_t output, struct str key, struct str value,
                const struct header *headers, size_t n_headers, struct err *err)
{
    const struct stage_def *def = turn->driver->def;
    BUG_IF(output >= def->n_outputs);
    if (key.len + value.len > OUTPUT_MAX_BYTES)
        return err_dead(err, DEAD_TOO_LARGE, NULL, "an output of %zu bytes", value.len);
    add_output(turn,
               (struct output){
                   .topic = output,
                   .partition =
                       def->outputs[output].keep_partition ? turn->driver->partition : -1,
                   .key = arena_str(&turn->arena, key),
                   .value = arena_str(&turn->arena, value),
                   .n_headers = n_headers,
                   .headers = copy_headers(&turn->arena, headers, n_headers, 0),
               });
    return true;
}

bool
turn_emit_record(struct turn *turn, size_t output, struct str key,
                 const struct wire_schema *schema, const void *record, struct err *err)
{
    buf_clear(&turn->scratch);
    if (!wire_encode(schema, record, &turn->scratch, err))
        return false;
    return turn_emit_bytes(turn, output, key, buf_str(&turn->scratch), NULL, 0, err);
}

bool
turn_emit(struct turn *turn, const struct complaint_event *ev, struct err *err)
{
    return turn_emit_record(turn, 0, ev->customer_key, &complaint_event_wire, ev, err);
}

/* --- dead letters ------------------------------------------------------------------- */

struct place {
    struct str topic;
    int32_t partition;
    int64_t offset;
};

#define DEAD_HEADERS 8

static void
add_dead_letter(struct turn *turn, struct str key, struct str value,
                const struct header *headers, size_t n_headers, struct place place,
                const struct err *why, const char *encoding)
{
    struct arena *arena = &turn->arena;
    struct header *all =
        (struct header *)(uintptr_t)copy_headers(arena, headers, n_headers, DEAD_HEADERS);
    size_t n = n_headers;
    all[n++] = (struct header){STR("redress-error-reason"),
                               str_from(dead_reason_name(why->reason))};
    all[n++] = (struct header){STR("redress-error-detail"),
                               arena_str(arena, str_from(why->text))};
    all[n++] =
        (struct header){STR("redress-error-stage"), str_from(turn->driver->def->name)};
    all[n++] = (struct header){STR("redress-error-topic"), arena_str(arena, place.topic)};
    all[n++] = (struct header){STR("redress-error-partition"),
                               arena_printf(arena, "%d", (int)place.partition)};
    all[n++] = (struct header){STR("redress-error-offset"),
                               arena_printf(arena, "%lld", (long long)place.offset)};
    if (why->path[0])
        all[n++] = (struct header){STR("redress-error-path"),
                                   arena_str(arena, str_from(why->path))};
    if (encoding)
        all[n++] = (struct header){STR("redress-error-encoding"), str_from(encoding)};
    add_output(turn, (struct output){
                         .topic = OUTPUT_DEAD_LETTER,
                         .partition = -1,
                         .key = arena_str(arena, key),
                         .value = arena_str(arena, value),
                         .n_headers = n,
                         .headers = all,
                     });
    turn->driver->counters[COUNT_DEAD]++;
}

static struct place
origin_place(const struct origin *origin)
{
    return (struct place){origin->topic, origin->partition, origin->offset};
}

bool
turn_dead_letter(struct turn *turn, struct str key, struct str value,
                 const struct origin *origin, const struct err *why, bool value_is_avro,
                 struct err *err)
{
    (void)err;
    struct place place = {STR(""), -1, -1};
    if (origin)
        place = origin_place(origin);
    add_dead_letter(turn, key, value, NULL, 0, place, why, value_is_avro ? "avro" : NULL);
    return true;
}

/* The message at hand as a dead letter: original bytes, key and headers. */
static void
refuse_message(struct turn *turn, const struct err *why)
{
    const struct raw_message *message = turn->message;
    struct place place = {message->topic, message->partition, message->offset};
    bool avro = turn->driver->def->on_raw == NULL;
    if (turn->origin)
        place = origin_place(turn->origin);
    add_dead_letter(turn, message->key, message->value, message->headers,
                    message->n_headers, place, why, avro ? "avro" : NULL);
}

/* --- driving ------------------------------------------------------------------------ */

static struct savepoint
save_point(const struct turn *turn)
{
    struct savepoint point = {.n_outputs = turn->n_outputs,
                              .n_observations = turn->n_observations};
    if (turn->driver->store)
        point.mark = store_mark(turn->driver->store);
    memcpy(point.counters, turn->driver->counters, sizeof(point.counters));
    return point;
}

static void
go_back(struct turn *turn, const struct savepoint *point)
{
    if (turn->driver->store)
        store_rollback_to(turn->driver->store, point->mark);
    turn->n_outputs = point->n_outputs;
    turn->n_observations = point->n_observations;
    memcpy(turn->driver->counters, point->counters, sizeof(point->counters));
}

static bool
fire_one(struct turn *turn, struct str key, int64_t due_ms, struct err *err)
{
    struct store *store = turn->driver->store;
    /* A view into the store would go with the first save. */
    key = arena_str(&turn->arena, key);
    store_clear_due(store, key);
    if (!turn->driver->def->on_timer)
        return true;
    struct savepoint point = save_point(turn);
    struct err why = {0};
    turn->message = NULL;
    turn->origin = NULL;
    if (turn->driver->def->on_timer(turn, key, due_ms, &why))
        return true;
    go_back(turn, &point);
    if (why.action != ERR_DEAD_LETTER) {
        *err = why;
        return false;
    }
    /* The timer is lost but not unseen: its record goes to the dead letters. */
    add_dead_letter(turn, key, store_get(store, key), NULL, 0,
                    (struct place){STR(""), -1, -1}, &why, "state");
    return true;
}

/* Timers due up to now_ms, each with the clock at its own due time (never backwards). */
static bool
fire_due(struct turn *turn, int64_t now_ms, bool event_clock, size_t max,
         size_t *ret_fired, struct err *err)
{
    struct turn_driver *driver = turn->driver;
    size_t fired = 0;
    struct str key;
    int64_t due_ms = 0;
    *ret_fired = 0;
    while (fired < max && store_next_due(driver->store, now_ms, &key, &due_ms)) {
        turn->now_ms = event_clock ? i64_max(due_ms, driver->clock_ms) : now_ms;
        if (!fire_one(turn, key, due_ms, err))
            return false;
        *ret_fired = ++fired;
    }
    return true;
}

bool
turn_run_timers(struct turn *turn, struct turn_driver *driver, int64_t now_ms, size_t max,
                size_t *ret_fired, struct err *err)
{
    turn->driver = driver;
    *ret_fired = 0;
    if (!driver->store)
        return true;
    return fire_due(turn, now_ms, false, max, ret_fired, err);
}

/* Event clock: brings the partition to at_ms; what was due until then fires first, a
 * bounded number at a time.  What has fired stays, also when the event is then refused:
 * time has passed. */
static bool
advance(struct turn *turn, int64_t at_ms, struct err *err)
{
    struct turn_driver *driver = turn->driver;
    if (driver->settings.wall_clock)
        return true;
    if (driver->store && (driver->clock_ms == TIME_NONE || at_ms >= driver->clock_ms)) {
        size_t fired = 0;
        struct str key;
        int64_t due_ms = 0;
        if (!fire_due(turn, at_ms, true, TURN_TIMERS_AT_ONCE, &fired, err))
            return false;
        if (fired > 0)
            driver->clock_ms = turn->now_ms;
        turn->unfinished = store_next_due(driver->store, at_ms, &key, &due_ms);
        if (turn->unfinished)
            return true;
    }
    driver->clock_ms = i64_max(driver->clock_ms, at_ms);
    turn->now_ms = driver->clock_ms;
    return true;
}

static bool
run_event(struct turn *turn, const struct raw_message *message, struct savepoint *point,
          struct err *err)
{
    const struct stage_def *def = turn->driver->def;
    struct complaint_event ev;
    if (!wire_decode(&complaint_event_wire, message->value, &turn->arena, &ev, err))
        return false;
    /* A tick of another clock setting has no power over the wall clock. */
    if (!advance(turn, ev.occurred_at, err))
        return false;
    if (turn->unfinished)
        return true;
    *point = save_point(turn);
    turn->message = message;
    turn->origin = ev.origin;
    if (ev.type != EVENT_TYPE_TICK)
        return def->on_event(turn, &ev, err);
    turn_count(turn, COUNT_PASSED, 1);
    if (!def->forward_ticks)
        return true;
    return turn_emit_bytes(turn, 0, message->key, message->value, NULL, 0, err);
}

static bool
run_fact(struct turn *turn, const struct raw_message *message, struct savepoint *point,
         struct err *err)
{
    struct product_fact fact;
    if (!wire_decode(&product_fact_wire, message->value, &turn->arena, &fact, err))
        return false;
    if (!advance(turn, fact.occurred_at, err))
        return false;
    if (turn->unfinished)
        return true;
    *point = save_point(turn);
    turn->message = message;
    turn->origin = fact.origin;
    return turn->driver->def->on_fact(turn, &fact, err);
}

bool
turn_unfinished(const struct turn *turn)
{
    return turn->unfinished;
}

bool
turn_run(struct turn *turn, struct turn_driver *driver, const struct raw_message *message,
         int64_t wall_now_ms, struct err *err)
{
    const struct stage_def *def = driver->def;
    turn->driver = driver;
    turn->message = message;
    turn->origin = NULL;
    turn->now_ms = driver->settings.wall_clock     ? wall_now_ms
                   : driver->clock_ms != TIME_NONE ? driver->clock_ms
                                                   : message->timestamp_ms;
    turn->unfinished = false;
    struct savepoint point = save_point(turn);
    struct err why = {0};
    bool ok = def->on_event  ? run_event(turn, message, &point, &why)
              : def->on_fact ? run_fact(turn, message, &point, &why)
                             : def->on_raw(turn, message, &why);
    if (ok)
        return true;
    turn->message = message;
    go_back(turn, &point);
    if (why.action != ERR_DEAD_LETTER) {
        *err = why;
        return false;
    }
    refuse_message(turn, &why);
    return true;
}
