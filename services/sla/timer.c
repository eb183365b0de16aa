#include "sla/timer.h"

#include "base/times.h"

static int64_t
percent_at(const struct sla_timer *timer, const struct calendar *calendar, size_t i)
{
    int64_t paused_ms = target_is_business(timer->unit) ? timer->paused_business_ms
                                                        : timer->row.paused_ms;
    return target_percent_at(timer->unit, calendar, timer->row.started_at,
                             timer->row.due_at, paused_ms, timer->warn[i]);
}

/* The next warning, seen from now_ms: of those that should have been given before, the
 * highest, and that now. */
static void
set_warn(struct sla_timer *timer, const struct calendar *calendar, int64_t now_ms)
{
    timer->has_warn_at = timer->n_warn > 0;
    timer->warn_at = 0;
    if (!timer->has_warn_at)
        return;
    int64_t at_ms = percent_at(timer, calendar, 0);
    while (at_ms < now_ms && timer->n_warn > 1) {
        int64_t next_ms = percent_at(timer, calendar, 1);
        if (next_ms > now_ms)
            break;
        timer->warn++;
        timer->n_warn--;
        at_ms = next_ms;
    }
    timer->warn_at = i64_max(at_ms, now_ms);
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
    int64_t from_ms = timer->row.breached_at;
    if (timer->has_known_at) /* nobody could climb before */
        from_ms = i64_max(from_ms, timer->known_at);
    timer->rung_at = target_due(&after, calendar, from_ms);
}

void
timer_end_ladder(struct sla_timer *timer)
{
    timer->has_rung_at = false;
    timer->rung_at = 0;
}

struct sla_timer
timer_start(struct arena *arena, const struct sla_rules *rules,
            const struct sla_clock_rule *rule, const struct timer_begin *begin)
{
    struct sla_timer timer = {
        .row = {.clock = begin->clock,
                .start_no = begin->start_no,
                .policy = rules->name,
                .policy_version = rules->version,
                .target = rule->target_json,
                .started_at = begin->at_ms,
                .due_at = begin->due_ms,
                .status = CLOCK_STATUS_RUNNING,
                .calendar = rule->calendar->name,
                .zone = rule->calendar->zone->name},
        .calendar = rule->calendar->name,
        .zone = rule->calendar->zone->name,
        .unit = rule->target.unit,
        .until = rule->target.until,
        .n_warn = begin->quiet ? 0 : rule->n_warn,
        .warn = rule->warn,
        .max_pause_ms = rule->max_pause_ms,
        .n_rungs = begin->quiet ? 0 : rule->n_rungs,
        .rungs = rule->rungs,
        .automatic_counts = rule->automatic_counts,
        .started_by = begin->cause,
        .extension = rule->has_extension ? &rule->extension : NULL,
    };
    if (rule->target.unit != TARGET_UNIT_GIVEN) {
        timer.row.due_at = target_due(&rule->target, rule->calendar, begin->at_ms);
    } else {
        char text[TIME_TEXT_BYTES];
        timer.row.target =
            arena_printf(arena, "{\"until\":\"%s\"}", time_print(begin->due_ms, text));
    }
    timer.has_known_at = timer.row.due_at < begin->known_ms;
    timer.known_at = timer.has_known_at ? begin->known_ms : 0;
    set_warn(&timer, rule->calendar, i64_max(begin->at_ms, begin->known_ms));
    return timer;
}

bool
timer_pause(struct sla_timer *timer, int64_t at_ms)
{
    int64_t from_ms = i64_max(at_ms, timer->row.started_at);
    /* A wait that is told late adds what it lasts beyond the last one, no hour twice. */
    if (timer->has_resumed_at)
        from_ms = i64_max(from_ms, timer->resumed_at);
    if (timer->row.status != CLOCK_STATUS_RUNNING || from_ms > timer->row.due_at)
        return false;
    /* The maximum is for all pauses together: nobody is parked for ever by turns. */
    if (timer->max_pause_ms > 0 && timer->row.paused_ms >= timer->max_pause_ms)
        return false;
    timer->row.status = CLOCK_STATUS_PAUSED;
    timer->row.has_paused_since = true;
    timer->row.paused_since = from_ms;
    return true;
}

/* When the open pause ends at the latest; TIME_NONE: never. */
static int64_t
pause_end(const struct sla_timer *timer)
{
    return timer->max_pause_ms == 0
               ? TIME_NONE
               : timer->row.paused_since +
                     i64_max(0, timer->max_pause_ms - timer->row.paused_ms);
}

static int64_t
moved(const struct sla_timer *timer, const struct calendar *calendar, int64_t due_ms,
      int64_t to_ms)
{
    return target_after_pause(timer->unit, timer->until, calendar, due_ms,
                              timer->row.paused_since, to_ms);
}

void
timer_resume(struct sla_timer *timer, const struct calendar *calendar, int64_t at_ms)
{
    BUG_IF(timer->row.status != CLOCK_STATUS_PAUSED);
    int64_t from_ms = timer->row.paused_since;
    int64_t to_ms = i64_max(at_ms, from_ms);
    if (pause_end(timer) != TIME_NONE)
        to_ms = i64_min(to_ms, pause_end(timer));
    timer->row.due_at = moved(timer, calendar, timer->row.due_at, to_ms);
    if (timer->has_own_due_at)
        timer->own_due_at = moved(timer, calendar, timer->own_due_at, to_ms);
    if (target_is_business(timer->unit))
        timer->paused_business_ms += calendar_between_ms(calendar, from_ms, to_ms);
    timer->row.paused_ms += to_ms - from_ms;
    timer->row.status = CLOCK_STATUS_RUNNING;
    timer->row.has_paused_since = false;
    timer->row.paused_since = 0;
    timer->has_resumed_at = true;
    timer->resumed_at = to_ms;
    set_warn(timer, calendar, to_ms);
}

enum timer_verdict
timer_meet(struct sla_timer *timer, const struct calendar *calendar, int64_t at_ms)
{
    struct sla_clock *row = &timer->row;
    at_ms = i64_max(at_ms, row->started_at);
    if (row->status == CLOCK_STATUS_PAUSED)
        timer_resume(timer, calendar, at_ms);
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
timer_cancel(struct sla_timer *timer, const struct calendar *calendar, int64_t at_ms)
{
    timer_end_ladder(timer);
    if (!timer_is_open(timer))
        return false; /* a breach stays one */
    if (timer->row.status == CLOCK_STATUS_PAUSED)
        timer_resume(timer, calendar, at_ms);
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

static void
forget_breach(struct sla_timer *timer, enum clock_status status)
{
    timer_end_ladder(timer);
    timer->row.status = status;
    timer->row.has_breached_at = false;
    timer->row.breached_at = 0;
}

bool
timer_unbreach(struct sla_timer *timer, int64_t at_ms)
{
    if (timer->row.status != CLOCK_STATUS_BREACHED || at_ms > timer->row.due_at)
        return false;
    forget_breach(timer, CLOCK_STATUS_CANCELLED);
    return true;
}

/* --- extensions --------------------------------------------------------------------- */

/* The latest time to which a clock due at own_due_ms may be extended. */
static int64_t
furthest(const struct sla_extension *extension, const struct calendar *calendar,
         int64_t own_due_ms)
{
    if (extension->unit == TARGET_UNIT_GIVEN)
        return INT64_MAX;
    struct target by = {extension->unit, extension->n, extension->until};
    /* The midnight that ends a day is the next one's first instant: whole days are
     * counted from the day that the due time ends. */
    bool whole_days = extension->until != TARGET_UNTIL_TIME;
    return target_due(&by, calendar, whole_days ? own_due_ms - 1 : own_due_ms);
}

static enum timer_extension
judge_extension(const struct sla_timer *timer, const struct calendar *calendar,
                int64_t at_ms, int64_t until_ms, int64_t due_ms, int64_t own_due_ms)
{
    const struct sla_extension *extension = timer->extension;
    if (extension && timer->extensions >= extension->times)
        return TIMER_TOO_OFTEN;
    if (timer->row.status != CLOCK_STATUS_PAUSED && at_ms > due_ms)
        return TIMER_WAS_DUE;
    if (until_ms <= due_ms)
        return TIMER_NOT_LATER;
    if (extension && until_ms > furthest(extension, calendar, own_due_ms))
        return TIMER_TOO_FAR;
    return timer_is_open(timer) ? TIMER_EXTENDED : TIMER_EXTENDED_CORRECTED;
}

/* The breach was one of the old due time: the new one has still to come, or the late
 * answer was in time, or it is breached again when its time comes. */
static enum timer_extension
correct_by_extension(struct sla_timer *timer)
{
    struct sla_clock *row = &timer->row;
    if (row->status == CLOCK_STATUS_BREACHED) {
        forget_breach(timer, CLOCK_STATUS_RUNNING);
        return TIMER_EXTENDED_CORRECTED;
    }
    if (row->met_at <= row->due_at) {
        forget_breach(timer, CLOCK_STATUS_MET);
        return TIMER_EXTENDED_CORRECTED;
    }
    row->breached_at = row->due_at;
    return TIMER_EXTENDED;
}

enum timer_extension
timer_extend(struct sla_timer *timer, const struct calendar *calendar, int64_t at_ms,
             int64_t until_ms)
{
    BUG_IF(timer->row.status == CLOCK_STATUS_MET ||
           timer->row.status == CLOCK_STATUS_CANCELLED);
    /* What of a pause is over counts by the old due time, the rest by the new one. */
    struct sla_timer now = *timer;
    bool paused = now.row.status == CLOCK_STATUS_PAUSED;
    int64_t since_ms = i64_max(at_ms, now.row.paused_since);
    if (paused)
        timer_resume(&now, calendar, since_ms);
    int64_t own_ms = now.has_own_due_at ? now.own_due_at : now.row.due_at;
    enum timer_extension result =
        judge_extension(timer, calendar, at_ms, until_ms, now.row.due_at, own_ms);
    if (result != TIMER_EXTENDED && result != TIMER_EXTENDED_CORRECTED)
        return result;
    now.extensions++;
    now.has_own_due_at = true;
    now.own_due_at = own_ms;
    now.row.has_extended_until = true;
    now.row.extended_until = until_ms;
    now.row.due_at = until_ms;
    if (result == TIMER_EXTENDED_CORRECTED)
        result = correct_by_extension(&now);
    set_warn(&now, calendar, since_ms);
    if (paused)
        (void)timer_pause(&now, since_ms);
    *timer = now;
    return result;
}

const char *
timer_extension_why(enum timer_extension extension)
{
    switch (extension) {
    case TIMER_NOT_LATER:
        return "the clock is not due before then";
    case TIMER_WAS_DUE:
        return "the clock was due before the extension was approved";
    case TIMER_TOO_OFTEN:
        return "the policy allows no further extension of this clock";
    case TIMER_TOO_FAR:
        return "the policy does not allow to extend this clock so far";
    case TIMER_EXTENDED:
    case TIMER_EXTENDED_CORRECTED:
        break;
    }
    return "";
}

/* --- what comes next ---------------------------------------------------------------- */

enum timer_action
timer_next(const struct sla_timer *timer, int64_t *ret_at_ms)
{
    const struct sla_clock *row = &timer->row;
    if (row->status == CLOCK_STATUS_PAUSED && timer->max_pause_ms > 0) {
        *ret_at_ms = pause_end(timer);
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
    set_warn(timer, calendar, timer->warn_at);
}

void
timer_climbed(struct sla_timer *timer, const struct calendar *calendar)
{
    timer->next_rung++;
    set_rung(timer, calendar);
}
