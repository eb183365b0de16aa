/* The adapter: cases in and out of the store, the section on every event, own events, one
 * timer a case.  All rules are in clocks.c and starts.c (events), due.c (time) and
 * rules.c (policies). */
#include "sla/stages.h"

#include "base/times.h"
#include "ident/ident.h"
#include "sla/clocks.h"
#include "sla/sla_policy.h"

/* A history is closed silently this long after the last event that was handled. */
#define SILENT_AFTER_MS HOUR_MS
/* Timers that most events start at most; more make room for themselves. */
#define MORE_TIMERS 2

/* What one turn works on. */
struct job {
    struct turn *turn;
    const struct sla_policy *policy;
    struct arena *arena;
    struct str complaint_id;
    struct sla_work *work;
};

static struct job
job_of(struct turn *turn, struct str complaint_id)
{
    return (struct job){.turn = turn,
                        .policy = turn_policy(turn),
                        .arena = turn_arena(turn),
                        .complaint_id = complaint_id};
}

static struct str
case_key(const struct job *job)
{
    return arena_printf(job->arena, "c:%.*s", STR_ARG(job->complaint_id));
}

static bool
load(struct job *job, size_t more, bool *ret_found, struct err *err)
{
    struct sla_case stored = {0};
    if (!turn_load(job->turn, case_key(job), &sla_case_wire, &stored, ret_found, err))
        return false;
    job->work = sla_unpack(job->arena, &stored, more);
    return true;
}

static bool
save(struct job *job, struct err *err)
{
    struct sla_work *work = job->work;
    sla_pack(work);
    int64_t due_ms = sla_next_due(work);
    if (work->c.history)
        due_ms = work->c.has_silent_at ? work->c.silent_at : TIME_NONE;
    return turn_save(job->turn, case_key(job), &sla_case_wire, &work->c, due_ms, err);
}

/* An event of our own: the envelope, the section, what fired. */
static bool
emit_own(const struct job *job, enum event_type type, int64_t at_ms, struct str cause,
         const struct sla_fired *fired, const char *why, struct err *err)
{
    struct str what = arena_printf(job->arena, "%s:%s:%.*s", event_type_name(type),
                                   clock_name(fired->clock), STR_ARG(fired->promise_id));
    int64_t n =
        (int64_t)fired->start_no * 10000 + (int64_t)fired->level * 100 + fired->percent;
    /* Of one cause a corrected breach may come again: the cause tells them apart. */
    struct str from =
        arena_printf(job->arena, "%.*s:%.*s", STR_ARG(job->complaint_id), STR_ARG(cause));
    struct str hash = job->work->c.customer_hash;
    struct detail reason = {.name = STR("reason")};
    if (why)
        reason.value = arena_printf(job->arena, "\"%s\"", why);
    struct complaint_event ev = {
        .event_id = ident_child_id(job->arena, from, what, n, at_ms),
        .type = type,
        .stage = STAGE_SLA,
        .complaint_id = job->complaint_id,
        .customer_key = str_empty(hash) ? STR_NULL : ident_customer_key(hash),
        .customer_hash = hash,
        .occurred_at = at_ms,
        .recorded_at = turn_is_wall(job->turn) ? turn_now_ms(job->turn) : at_ms,
        .cause = cause,
        .sla = sla_section_now(job->work, job->policy, fired),
        .n_detail = why ? 1 : 0,
        .detail = &reason,
    };
    return turn_emit(job->turn, &ev, err);
}

/* What the last step left to say. */
static bool
publish(struct job *job, struct err *err)
{
    const struct sla_work *work = job->work;
    for (size_t i = 0; i < work->n_own; i++) {
        const struct sla_own *own = &work->own[i];
        if (!emit_own(job, own->type, own->at_ms, own->cause, &own->fired, own->why, err))
            return false;
    }
    /* What a history changes in silence is published with the event that follows. */
    if (!work->c.history)
        sla_published(job->work);
    return true;
}

/* Brings the case to at_ms: what was due before the event has happened before it. */
static bool
advance(struct job *job, int64_t at_ms, struct err *err)
{
    for (;;) {
        int64_t due_ms = sla_next_due(job->work);
        if (due_ms == TIME_NONE || due_ms > at_ms)
            return true;
        sla_fire(job->work, job->policy, due_ms);
        if (!publish(job, err))
            return false;
    }
}

/* --- events ------------------------------------------------------------------------- */

static bool
open_case(struct job *job, const struct complaint_event *ev, struct err *err)
{
    struct job previous = job_of(job->turn, ev->register_->previous_complaint_id);
    bool found = false;
    if (ev->type == EVENT_TYPE_COMPLAINT_REOPENED && !str_empty(previous.complaint_id) &&
        !load(&previous, 0, &found, err))
        return false;
    sla_open(job->work, job->policy, ev, found ? &previous.work->c : NULL);
    return true;
}

/* After a merge: what goes on does so at the target, which gets a row of its own. */
static bool
hand_over(struct job *job, const struct complaint_event *ev, struct job *target,
          bool *ret_moved, struct err *err)
{
    *target = job_of(job->turn, ev->register_->merged_into);
    bool found = false;
    size_t n = sla_take_over_count(job->work);
    if (n == 0)
        return true;
    if (!str_empty(target->complaint_id) &&
        !str_eq(target->complaint_id, job->complaint_id) && !load(target, n, &found, err))
        return false;
    *ret_moved = sla_take_over(job->work, found ? target->work : NULL, ev);
    return true;
}

/* A history has one timer: when to close it silently. */
static void
arm_silence(struct job *job)
{
    struct sla_case *c = &job->work->c;
    c->has_silent_at = c->history && sla_any_open(job->work);
    c->silent_at = c->has_silent_at ? turn_now_ms(job->turn) + SILENT_AFTER_MS : 0;
}

/* Each clock that goes on is told; those that found no room are told by publish(). */
static bool
emit_taken_over(struct job *target, const struct complaint_event *ev, struct err *err)
{
    BUG_IF(!target->work);
    const struct sla_work *work = target->work;
    arm_silence(target);
    for (size_t i = 0; i < work->n_timers; i++) {
        const struct sla_clock *row = &work->timers[i].row;
        if (!work->changed[i])
            continue;
        struct sla_fired fired = {.clock = row->clock,
                                  .start_no = row->start_no,
                                  .promise_id = row->promise_id,
                                  .due_at = row->due_at};
        if (!emit_own(target, EVENT_TYPE_SLA_TAKEN_OVER, ev->occurred_at, ev->event_id,
                      &fired, NULL, err))
            return false;
    }
    return publish(target, err) && save(target, err);
}

/* What a start in retrospect finds due already (a regulator that had the case for weeks,
 * a promise for yesterday) happens at once, after the event that started it. A history
 * is judged later, in one row. */
static bool
catch_up(struct job *job, int64_t at_ms, struct err *err)
{
    return job->work->c.history || advance(job, at_ms, err);
}

static bool
on_complaint(struct turn *turn, const struct complaint_event *ev, struct err *err)
{
    struct job job = job_of(turn, ev->complaint_id);
    struct job target = {0};
    bool moved = false;
    bool found = false;
    /* A publisher's fast clock must not breach what is not due yet. */
    int64_t at_ms = i64_min(ev->occurred_at, turn_now_ms(turn));
    if (!load(&job, MORE_TIMERS, &found, err))
        return false;
    bool opens = ev->register_ && (ev->type == EVENT_TYPE_COMPLAINT_SUBMITTED ||
                                   ev->type == EVENT_TYPE_COMPLAINT_REOPENED);
    if (!found && !opens)
        return turn_emit(turn, ev, err); /* nothing is known of it */

    if (!found) {
        if (!open_case(&job, ev, err))
            return false;
    } else {
        if (!advance(&job, at_ms, err))
            return false;
        sla_apply(job.work, job.policy, ev);
        if (ev->type == EVENT_TYPE_COMPLAINT_MERGED && ev->register_ &&
            !hand_over(&job, ev, &target, &moved, err))
            return false;
    }
    struct complaint_event out = *ev;
    out.sla = sla_section_now(job.work, job.policy, NULL);
    arm_silence(&job);
    return turn_emit(turn, &out, err) && publish(&job, err) &&
           catch_up(&job, at_ms, err) && save(&job, err) &&
           (!moved || emit_taken_over(&target, ev, err));
}

static bool
on_event(struct turn *turn, const struct complaint_event *ev, struct err *err)
{
    return str_empty(ev->complaint_id) ? turn_emit(turn, ev, err)
                                       : on_complaint(turn, ev, err);
}

/* --- timers ---------------------------------------------------------------------------
 */

/* A history an hour after its last event: what is due is judged in one silent row; what
 * is not due yet waits, as silently. */
static bool
close_silently(struct job *job, int64_t due_ms, struct err *err)
{
    struct sla_work *work = job->work;
    if (!work->c.has_silent_at || work->c.silent_at > due_ms)
        return save(job, err); /* an event came in between */
    for (int64_t at_ms = sla_next_due(work); at_ms != TIME_NONE && at_ms <= due_ms;
         at_ms = sla_next_due(work))
        sla_fire(work, job->policy, at_ms);
    int64_t next_ms = sla_next_due(work);
    work->c.has_silent_at = next_ms != TIME_NONE;
    work->c.silent_at = work->c.has_silent_at ? next_ms : 0;

    const struct sla_fired none = {.clock = CLOCK_NONE, .due_at = due_ms};
    bool changed = false;
    for (size_t i = 0; i < work->n_timers; i++)
        changed |= work->changed[i];
    return (!changed || emit_own(job, EVENT_TYPE_SLA_CLOSED_SILENTLY, due_ms,
                                 work->c.submitted_by, &none, NULL, err)) &&
           save(job, err);
}

static bool
on_timer(struct turn *turn, struct str key, int64_t due_ms, struct err *err)
{
    struct job job = job_of(turn, str_sub(key, 2, key.len));
    bool found = false;
    if (!load(&job, 0, &found, err))
        return false;
    if (!found)
        return true;
    if (job.work->c.history)
        return close_silently(&job, due_ms, err);
    sla_fire(job.work, job.policy, due_ms);
    return publish(&job, err) && save(&job, err);
}

static void *
policy_load(const char *dir, struct err *err)
{
    return sla_policy_load(dir, err);
}

static void
policy_free(void *policy)
{
    sla_policy_free(policy);
}

static const struct stage_output outputs[] = {{"complaints.timed", true}};

const struct stage_def sla_stage = {
    .service = "sla",
    .name = "sla",
    .input = "complaints.triaged",
    .outputs = outputs,
    .n_outputs = COUNT_OF(outputs),
    .forward_ticks = true,
    .on_event = on_event,
    .on_timer = on_timer,
    .policy_load = policy_load,
    .policy_free = policy_free,
};
