#include "sla/timer.h"

#include "base/times.h"

static void
set_warn(struct sla_timer *timer, const struct calendar *calendar)
{
    timer->has_warn_at = timer->n_warn > 0;
    timer->warn_at = 0;
    if (!timer->has_warn_at)
        return;
    int64_t paused_ms = target_is_business(timer->unit) ? timer->paused_business_ms
                                                        : timer->row.paused_ms;
    timer->warn_at = target_percent_at(timer->unit, calendar, timer->row.started_at,
                                       timer->row.due_at, paused_ms, timer->warn[0]);
}

static void
set_rung(struct sla_timer *timer, const struct calendar *calendar)
{
    timer->has_rung_at = (size_t)timer->next_rung < timer->n_rungs;
    timer->rung_at = 0;
    if (!timer->has_rung_at)
        return;
    const struct sla_rung *rung = &timer->rungs[timer->next_rung];
    struct target after = {rung->unit, rung->n, rung->until};
    timer->rung_at = target_due(&after, calendar, timer->row.breached_at);
}

void
timer_end_ladder(struct sla_timer *timer)
{
    timer->has_rung_at = false;
    timer->rung_at = 0;
}

struct sla_timer
timer_start(struct arena *arena, const struct sla_rules *rules,
            const struct sla_clock_rule *rule, enum clock clock, int32_t start_no,
            int64_t at_ms, int64_t due_ms, bool quiet)
{
    struct sla_timer timer = {
        .row = {.clock = clock,
                .start_no = start_no,
                .policy = rules->name,
                .policy_version = rules->version,
                .target = rule->target_json,
                .started_at = at_ms,
                .due_at = due_ms,
                .status = CLOCK_STATUS_RUNNING},
        .calendar = rule->calendar->name,
        .zone = rule->calendar->zone->name,
        .unit = rule->target.unit,
        .until = rule->target.until,
        .n_warn = quiet ? 0 : rule->n_warn,
        .warn = rule->warn,
        .max_pause_ms = rule->max_pause_ms,
        .n_rungs = quiet ? 0 : rule->n_rungs,
        .rungs = rule->rungs,
        .automatic_counts = rule->automatic_counts,
    };
    if (rule->target.unit != TARGET_UNIT_GIVEN) {
        timer.row.due_at = target_due(&rule->target, rule->calendar, at_ms);
    } else {
        char text[TIME_TEXT_BYTES];
        timer.row.target =
            arena_printf(arena, "{\"until\":\"%s\"}", time_print(due_ms, text));
    }
    set_warn(&timer, rule->calendar);
    return timer;
}

bool
timer_pause(struct sla_timer *timer, int64_t at_ms)
{
    int64_t from_ms = i64_max(at_ms, timer->row.started_at);
    if (timer->row.status != CLOCK_STATUS_RUNNING || from_ms > timer->row.due_at)
        return false;
    timer->row.status = CLOCK_STATUS_PAUSED;
    timer->row.has_paused_since = true;
    timer->row.paused_since = from_ms;
    return true;
}

void
timer_resume(struct arena *arena, struct sla_timer *timer,
             const struct calendar *calendar, int64_t at_ms, enum state why)
{
    BUG_IF(timer->row.status != CLOCK_STATUS_PAUSED);
    int64_t from_ms = timer->row.paused_since;
    int64_t to_ms = i64_max(at_ms, from_ms);
    timer->row.status = CLOCK_STATUS_RUNNING;
    timer->row.has_paused_since = false;
    timer->row.paused_since = 0;
    timer->row.paused_ms += to_ms - from_ms;
    if (target_is_business(timer->unit))
        timer->paused_business_ms += calendar_between_ms(calendar, from_ms, to_ms);
    timer->row.due_at = target_after_pause(timer->unit, timer->until, calendar,
                                           timer->row.due_at, from_ms, to_ms);
    set_warn(timer, calendar);
    if (to_ms > from_ms && timer->n_pauses < SLA_PAUSES_MAX) {
        struct sla_pause *pauses =
            ARENA_ARRAY(arena, struct sla_pause, timer->n_pauses + 1);
        if (timer->n_pauses > 0)
            memcpy(pauses, timer->pauses, timer->n_pauses * sizeof(*pauses));
        pauses[timer->n_pauses++] = (struct sla_pause){from_ms, to_ms, why};
        timer->pauses = pauses;
    }
}

enum timer_verdict
timer_meet(struct arena *arena, struct sla_timer *timer, const struct calendar *calendar,
           int64_t at_ms, enum state why)
{
    struct sla_clock *row = &timer->row;
    at_ms = i64_max(at_ms, row->started_at);
    if (row->status == CLOCK_STATUS_PAUSED)
        timer_resume(arena, timer, calendar, at_ms, why);
    bool in_time = at_ms <= row->due_at;
    enum timer_verdict verdict = TIMER_SAME;
    switch (row->status) {
    case CLOCK_STATUS_RUNNING:
        verdict = in_time ? TIMER_MET : TIMER_LATE_NEW;
        break;
    case CLOCK_STATUS_BREACHED:
        verdict = in_time ? TIMER_CORRECTED : TIMER_MET_LATE;
        break;
    case CLOCK_STATUS_MET_LATE:
        verdict = in_time ? TIMER_CORRECTED : TIMER_SAME;
        break;
    case CLOCK_STATUS_PAUSED:
    case CLOCK_STATUS_MET:
    case CLOCK_STATUS_CANCELLED:
    case CLOCK_STATUS_COUNT:
        break;
    }
    if (verdict == TIMER_SAME)
        return verdict;
    timer_end_ladder(timer);
    row->status = in_time ? CLOCK_STATUS_MET : CLOCK_STATUS_MET_LATE;
    row->has_met_at = true;
    row->met_at = at_ms;
    row->has_breached_at = !in_time;
    row->breached_at = in_time ? 0 : row->due_at;
    return verdict;
}

bool
timer_cancel(struct arena *arena, struct sla_timer *timer,
             const struct calendar *calendar, int64_t at_ms, enum state why)
{
    timer_end_ladder(timer);
    if (!timer_is_open(timer))
        return false; /* a breach stays one */
    if (timer->row.status == CLOCK_STATUS_PAUSED)
        timer_resume(arena, timer, calendar, at_ms, why);
    timer->row.status = CLOCK_STATUS_CANCELLED;
    return true;
}

void
timer_breach(struct sla_timer *timer, const struct calendar *calendar,
             int64_t breached_ms)
{
    timer->row.status = CLOCK_STATUS_BREACHED;
    timer->row.has_met_at = false;
    timer->row.met_at = 0;
    timer->row.has_breached_at = true;
    timer->row.breached_at = breached_ms;
    timer->next_rung = 0;
    set_rung(timer, calendar);
}

void
timer_extend(struct arena *arena, struct sla_timer *timer,
             const struct calendar *calendar, int64_t at_ms, int64_t until_ms,
             enum state why)
{
    BUG_IF(!timer_is_open(timer));
    /* What of a pause is over counts by the old due time, the rest by the new one. */
    bool paused = timer->row.status == CLOCK_STATUS_PAUSED;
    int64_t since_ms = i64_max(at_ms, timer->row.paused_since);
    if (paused)
        timer_resume(arena, timer, calendar, since_ms, why);
    timer->row.has_extended_until = true;
    timer->row.extended_until = until_ms;
    timer->row.due_at = i64_max(timer->row.due_at, until_ms);
    set_warn(timer, calendar);
    if (paused)
        (void)timer_pause(timer, since_ms);
}

enum timer_action
timer_next(const struct sla_timer *timer, int64_t *ret_at_ms)
{
    const struct sla_clock *row = &timer->row;
    if (row->status == CLOCK_STATUS_PAUSED && timer->max_pause_ms > 0) {
        *ret_at_ms = row->paused_since + timer->max_pause_ms;
        return TIMER_RESUMES;
    }
    if (row->status == CLOCK_STATUS_RUNNING) {
        bool warns = timer->has_warn_at && timer->warn_at <= row->due_at;
        /* At the due time exactly is in time: it has ended a millisecond later. */
        *ret_at_ms = warns ? timer->warn_at : row->due_at + 1;
        return warns ? TIMER_WARNS : TIMER_ENDS;
    }
    if (row->status == CLOCK_STATUS_BREACHED && timer->has_rung_at) {
        *ret_at_ms = i64_max(timer->rung_at, row->breached_at + 1);
        return TIMER_CLIMBS;
    }
    *ret_at_ms = TIME_NONE;
    return TIMER_RESTS;
}

void
timer_warned(struct sla_timer *timer, const struct calendar *calendar)
{
    BUG_IF(timer->n_warn == 0);
    timer->row.warned_percent = timer->warn[0];
    timer->warn++;
    timer->n_warn--;
    set_warn(timer, calendar);
}

void
timer_climbed(struct sla_timer *timer, const struct calendar *calendar)
{
    timer->next_rung++;
    set_rung(timer, calendar);
}
