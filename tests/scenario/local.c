/* The whole pipeline in this process: every stage with a store of its own, one partition,
 * topics as one queue, the event clock moved by events and `advance`. */
#include "scenario.h"

#include "classification/stages.h"
#include "gen/register_section.h"
#include "gen/sla_section.h"
#include "intake/stages.h"
#include "routing/stages.h"
#include "sla/stages.h"
#include "state/store.h"
#include "triage/stages.h"

#include <jansson.h>
#include <stdlib.h>

#define STAGES_MAX 7
#define VIEWS_MAX 256
#define CLOCKS_MAX 128
#define ROWS_MAX 1024
#define OUTCOMES_MAX 1024
/* A loop of stages that feed each other must not hang the tests. */
#define STEPS_MAX 200000

/* The last full sections of a case, and its rows. */
struct view {
    struct str id;
    struct sections sections;
    struct sla_clock clocks[CLOCKS_MAX];
    size_t n_clocks;
    struct timeline_row rows[ROWS_MAX];
    size_t n_rows;
};

struct queued {
    struct queued *next;
    struct str topic;
    struct raw_message message;
};

struct local {
    struct arena arena;
    struct backend backend;
    struct turn *turn;
    struct turn_driver drivers[STAGES_MAX];
    size_t n_stages;
    const char *policy_dir;
    struct queued *first;
    struct queued **tail;
    int64_t offset;
    int64_t now_ms; /* wall clock, or the greatest time published */
    struct view *views[VIEWS_MAX];
    size_t n_views;
    struct outcome outcomes[OUTCOMES_MAX];
    size_t n_outcomes;
};

/* --- views -------------------------------------------------------------------------- */

static struct view *
view_find(struct local *local, struct str id, bool make)
{
    for (size_t i = 0; i < local->n_views; i++)
        if (str_eq(local->views[i]->id, id))
            return local->views[i];
    if (!make || local->n_views == VIEWS_MAX)
        return NULL;
    struct view *view = ARENA_NEW(&local->arena, struct view);
    view->id = id;
    return local->views[local->n_views++] = view;
}

static void
view_clock(struct view *view, const struct sla_clock *clock)
{
    size_t i = 0;
    while (i < view->n_clocks && !(view->clocks[i].clock == clock->clock &&
                                   view->clocks[i].start_no == clock->start_no &&
                                   str_eq(view->clocks[i].promise_id, clock->promise_id)))
        i++;
    if (i == CLOCKS_MAX)
        return;
    view->clocks[i] = *clock;
    if (i == view->n_clocks)
        view->n_clocks++;
}

static struct str
tell_row(struct local *local, const struct complaint_event *ev)
{
    const struct sla_fired *fired = ev->sla ? ev->sla->fired : NULL;
    return arena_printf(&local->arena, "%s %s %s",
                        ev->register_ ? state_name(ev->register_->state) : "",
                        ev->triage ? priority_name(ev->triage->priority) : "",
                        fired ? clock_name(fired->clock) : "");
}

static void
view_take(struct local *local, const struct complaint_event *ev)
{
    if (str_is_null(ev->complaint_id))
        return;
    struct view *view = view_find(local, ev->complaint_id, true);
    if (!view)
        return;
    const void *now[SECTION_COUNT] = {
        [SECTION_REGISTER] = ev->register_, [SECTION_CLASSIFICATION] = ev->classification,
        [SECTION_TRIAGE] = ev->triage,      [SECTION_SLA] = ev->sla,
        [SECTION_ROUTING] = ev->routing,    [SECTION_SUBMISSION] = ev->submission,
    };
    for (size_t i = 0; i < SECTION_COUNT; i++)
        if (now[i])
            view->sections.at[i] = now[i];
    for (size_t i = 0; ev->sla && i < ev->sla->n_clocks; i++)
        view_clock(view, &ev->sla->clocks[i]);
    if (view->n_rows == ROWS_MAX)
        return;
    bool refused = ev->register_ && ev->register_->has_refused_type;
    view->rows[view->n_rows++] = (struct timeline_row){
        .seq = ev->has_seq ? ev->seq : 0,
        .type = str_from(event_type_name(ev->type)),
        .refused_type =
            refused ? str_from(event_type_name(ev->register_->refused_type)) : STR_NULL,
        .occurred_at = ev->occurred_at,
        .told = tell_row(local, ev),
    };
}

/* --- topics ------------------------------------------------------------------------- */

static void
add_outcome(struct local *local, struct str topic, struct str value)
{
    if (local->n_outcomes < OUTCOMES_MAX)
        local->outcomes[local->n_outcomes++] = (struct outcome){topic, value};
}

/* A dead letter is known by its headers: reason, stage, detail ... without their prefix.
 */
static void
add_dead_letter(struct local *local, const struct output *output)
{
    static const struct str prefix = {"redress-error-", 14};
    json_t *object = json_object();
    for (size_t i = 0; i < output->n_headers; i++) {
        struct str name = output->headers[i].name;
        struct str value = output->headers[i].value;
        if (!str_starts(name, prefix))
            continue;
        struct str key = arena_str(&local->arena, str_sub(name, prefix.len, name.len));
        json_object_set_new(object, key.ptr, json_stringn(value.ptr, value.len));
    }
    char *text = json_dumps(object, JSON_COMPACT);
    json_decref(object);
    BUG_IF(!text);
    add_outcome(local, STR("complaints.deadletter"),
                arena_str(&local->arena, str_from(text)));
    free(text);
}

static void
enqueue(struct local *local, struct str topic, const struct raw_message *message)
{
    struct queued *queued = ARENA_NEW(&local->arena, struct queued);
    queued->topic = topic;
    queued->message = *message;
    queued->message.topic = topic;
    queued->message.offset = local->offset++;
    *local->tail = queued;
    local->tail = &queued->next;
}

static const struct header *
keep_headers(struct local *local, const struct output *output)
{
    struct header *headers = ARENA_ARRAY(&local->arena, struct header, output->n_headers);
    for (size_t i = 0; i < output->n_headers; i++)
        headers[i] = (struct header){arena_str(&local->arena, output->headers[i].name),
                                     arena_str(&local->arena, output->headers[i].value)};
    return headers;
}

/* Hands on what a stage wrote. */
static void
take_outputs(struct local *local, struct turn_driver *driver)
{
    const struct output *outputs;
    size_t n = turn_outputs(local->turn, &outputs);
    for (size_t i = 0; i < n; i++) {
        if (outputs[i].topic == OUTPUT_DEAD_LETTER) {
            add_dead_letter(local, &outputs[i]);
            continue;
        }
        struct raw_message message = {
            .timestamp_ms = local->now_ms,
            .key = arena_str(&local->arena, outputs[i].key),
            .value = arena_str(&local->arena, outputs[i].value),
            .n_headers = outputs[i].n_headers,
            .headers = keep_headers(local, &outputs[i]),
        };
        enqueue(local, str_from(driver->def->outputs[outputs[i].topic].topic), &message);
    }
    if (driver->store)
        store_commit(driver->store);
    turn_clear(local->turn);
}

/* One message: through its stage, into the views, or out of the stack. */
static bool
step(struct local *local, const struct queued *queued, struct err *err)
{
    bool read = false;
    if (str_eq(queued->topic, STR("complaints.routed"))) {
        struct complaint_event ev;
        if (!wire_decode(&complaint_event_wire, queued->message.value, &local->arena, &ev,
                         err))
            return false;
        view_take(local, &ev);
        return true;
    }
    for (size_t i = 0; i < local->n_stages; i++) {
        struct turn_driver *driver = &local->drivers[i];
        if (!str_eq(queued->topic, str_from(driver->def->input)))
            continue;
        read = true;
        do {
            if (!turn_run(local->turn, driver, &queued->message, local->now_ms, err))
                return err_prefix(err, "%s", driver->def->name);
            take_outputs(local, driver);
        } while (turn_unfinished(local->turn));
    }
    if (!read && str_starts(str_trim(queued->message.value), STR("{")))
        add_outcome(local, queued->topic, queued->message.value);
    return true;
}

static bool
settle(void *ctx, struct err *err)
{
    struct local *local = ctx;
    for (int steps = 0; local->first; steps++) {
        struct queued *queued = local->first;
        local->first = queued->next;
        if (!local->first)
            local->tail = &local->first;
        if (steps == STEPS_MAX)
            return err_set(err, ERR_STOP, "the stages feed each other without end");
        if (!step(local, queued, err))
            return false;
    }
    return true;
}

static bool
publish(void *ctx, const struct raw_message *message, struct err *err)
{
    struct local *local = ctx;
    struct raw_message copy = *message;
    if (!local->drivers[0].settings.wall_clock)
        local->now_ms = i64_max(local->now_ms, message->timestamp_ms);
    copy.timestamp_ms = local->now_ms;
    enqueue(local, STR("complaints.inbound"), &copy);
    return settle(ctx, err);
}

/* --- the clock ---------------------------------------------------------------------- */

static bool
send_tick(struct local *local, struct err *err)
{
    CLEANUP(buf_release) struct buf value = {0};
    struct complaint_event tick = {
        .event_id = arena_printf(&local->arena, "tick-%lld", (long long)local->offset),
        .type = EVENT_TYPE_TICK,
        .customer_key = STR(""),
        .occurred_at = local->now_ms,
        .recorded_at = local->now_ms,
    };
    if (!wire_encode(&complaint_event_wire, &tick, &value, err))
        return false;
    struct raw_message message = {.timestamp_ms = local->now_ms,
                                  .value = arena_str(&local->arena, buf_str(&value))};
    enqueue(local, STR("complaints.keyed"), &message);
    return settle(local, err);
}

/* Wall clock: each stage fires what is due, in due order over the stages' own times. */
static bool
fire_all(struct local *local, struct err *err)
{
    for (;;) {
        struct turn_driver *next = NULL;
        int64_t due_ms = INT64_MAX;
        for (size_t i = 0; i < local->n_stages; i++) {
            struct turn_driver *driver = &local->drivers[i];
            int64_t first = driver->store ? store_first_due(driver->store) : TIME_NONE;
            if (first != TIME_NONE && first <= local->now_ms && first < due_ms) {
                due_ms = first;
                next = driver;
            }
        }
        size_t fired = 0;
        if (!next)
            return true;
        if (!turn_run_timers(local->turn, next, local->now_ms, 1, &fired, err))
            return false;
        take_outputs(local, next);
        if (!settle(local, err))
            return false;
    }
}

static bool
advance(void *ctx, int64_t to_ms, struct err *err)
{
    struct local *local = ctx;
    if (!settle(ctx, err))
        return false;
    local->now_ms = i64_max(local->now_ms, to_ms);
    return local->drivers[0].settings.wall_clock ? fire_all(local, err)
                                                 : send_tick(local, err);
}

void
local_use_wall(struct local *local, int64_t now_ms)
{
    for (size_t i = 0; i < local->n_stages; i++)
        local->drivers[i].settings.wall_clock = true;
    local->now_ms = now_ms;
}

/* --- answers ------------------------------------------------------------------------ */

static bool
answer_complaint(void *ctx, struct str id, const struct field *field, struct str *ret)
{
    struct local *local = ctx;
    struct view *view = view_find(local, id, false);
    *ret = view ? field_text(&local->arena, field, &view->sections) : STR_NULL;
    return true;
}

/* clock: "resolution" or "promise/p1". */
static bool
answer_clock(void *ctx, struct str id, struct str name, int64_t start_no,
             const struct field *field, struct str *ret)
{
    struct local *local = ctx;
    struct view *view = view_find(local, id, false);
    const struct sla_clock *found = NULL;
    const char *slash = name.len ? memchr(name.ptr, '/', name.len) : NULL;
    struct str promise_id =
        slash ? str_sub(name, (size_t)(slash - name.ptr) + 1, name.len) : STR_NULL;
    name = slash ? str_sub(name, 0, (size_t)(slash - name.ptr)) : name;
    for (size_t i = 0; view && i < view->n_clocks; i++) {
        const struct sla_clock *clock = &view->clocks[i];
        if (str_eq(str_from(clock_name(clock->clock)), name) &&
            (!slash || str_eq(clock->promise_id, promise_id)) &&
            (start_no == 0 ? !found || clock->start_no >= found->start_no
                           : clock->start_no == start_no))
            found = clock;
    }
    struct sections sections = {.at = {[SECTION_CLOCK] = found}};
    *ret = field_text(&local->arena, field, &sections);
    return true;
}

static size_t
answer_timeline(void *ctx, struct str id, const struct timeline_row **ret_rows)
{
    struct view *view = view_find(ctx, id, false);
    *ret_rows = view ? view->rows : NULL;
    return view ? view->n_rows : 0;
}

static size_t
answer_outcomes(void *ctx, const struct outcome **ret_outcomes)
{
    struct local *local = ctx;
    *ret_outcomes = local->outcomes;
    return local->n_outcomes;
}

/* --- life --------------------------------------------------------------------------- */

static void
drop_policy(struct turn_driver *driver)
{
    if (driver->policy && driver->def->policy_free)
        driver->def->policy_free((void *)(uintptr_t)driver->policy);
}

/* As a SIGHUP does: each stage takes the new files between two events. */
static bool
take_policy(void *ctx, struct str name, struct err *err)
{
    struct local *local = ctx;
    char dir[64];
    bool ok = policy_dir_make(local->policy_dir, name, dir, sizeof(dir), err);
    if (!ok)
        return false;
    for (size_t i = 0; i < local->n_stages && ok; i++) {
        struct turn_driver *driver = &local->drivers[i];
        if (!driver->def->policy_load)
            continue;
        const void *policy = driver->def->policy_load(dir, err);
        ok = policy != NULL;
        if (ok) {
            drop_policy(driver);
            driver->policy = policy;
        }
    }
    policy_dir_remove(dir);
    return ok;
}

static bool
add_stage(struct local *local, const struct stage_def *def, const char *policy_dir,
          struct str salt, struct err *err)
{
    struct turn_driver *driver = &local->drivers[local->n_stages];
    *driver = (struct turn_driver){
        .def = def,
        .settings = {.salt = salt, .default_region = STR("US")},
        .clock_ms = TIME_NONE,
    };
    if (def->policy_load) {
        driver->policy = def->policy_load(policy_dir, err);
        if (!driver->policy)
            return err_prefix(err, "%s", def->name);
    }
    if (!def->stateless)
        driver->store = store_new();
    local->n_stages++;
    return true;
}

struct local *
local_new(const char *policy_dir, struct str salt, struct err *err)
{
    const struct stage_def *const all[STAGES_MAX] = {
        &door_stage, &register_stage, &classification_stage, &triage_stage,
        &sla_stage,  &assign_stage,   &collect_stage,
    };
    struct local *local = calloc(1, sizeof(*local));
    BUG_IF(!local);
    local->tail = &local->first;
    local->turn = turn_new();
    local->policy_dir = policy_dir;
    local->now_ms = INT64_MIN;
    local->backend = (struct backend){
        .ctx = local,
        .publish = publish,
        .advance = advance,
        .policy = take_policy,
        .settle = settle,
        .complaint = answer_complaint,
        .clock = answer_clock,
        .timeline = answer_timeline,
        .outcomes = answer_outcomes,
    };
    for (size_t i = 0; i < STAGES_MAX; i++)
        if (!add_stage(local, all[i], policy_dir, salt, err)) {
            local_drop(local);
            return NULL;
        }
    return local;
}

void
local_drop(struct local *local)
{
    if (!local)
        return;
    for (size_t i = 0; i < local->n_stages; i++) {
        struct turn_driver *driver = &local->drivers[i];
        store_drop(driver->store);
        drop_policy(driver);
    }
    turn_drop(local->turn);
    arena_release(&local->arena);
    free(local);
}

struct backend *
local_backend(struct local *local)
{
    return &local->backend;
}
