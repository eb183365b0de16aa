/* target.h - from a policy's target to the due time.  Pure.
 *
 * {"hours": n} is elapsed time.  {"days"|"weeks"|"months": n} is the calendar: the day of
 * receipt does not count, same local time, months clamped to their last day; "until":
 * "end_of_day" moves to the local midnight that ends that day.  {"business_days": n}: the
 * n-th business day after the day of receipt.  {"business_minutes": n}: open time.
 * An event at the due time exactly is in time. */
#ifndef REDRESS_SLA_TARGET_H
#define REDRESS_SLA_TARGET_H

#include "gen/target_unit.h"
#include "gen/target_until.h"
#include "sla/calendar.h"

struct target {
    enum target_unit unit;
    int32_t n;
    enum target_until until; /* of days, weeks, months, business_days */
};

/* Counted in business time (pauses, warnings), not in elapsed time. */
static inline bool
target_is_business(enum target_unit unit)
{
    return unit == TARGET_UNIT_BUSINESS_DAYS || unit == TARGET_UNIT_BUSINESS_MINUTES;
}

/* unit must not be given. */
int64_t target_due(const struct target *target, const struct calendar *calendar,
                   int64_t start_ms);

/* The due time after a pause from from_ms to to_ms: later by the business time in it, or
 * by its elapsed time, never earlier.  A business target that ends with the day still
 * does where that adds no business time. */
int64_t target_after_pause(enum target_unit unit, enum target_until until,
                           const struct calendar *calendar, int64_t due_ms,
                           int64_t from_ms, int64_t to_ms);

/* When percent of the time between start and due, pauses left out, has passed.
 * paused_ms is in the target's own measure. */
int64_t target_percent_at(enum target_unit unit, const struct calendar *calendar,
                          int64_t start_ms, int64_t due_ms, int64_t paused_ms,
                          int32_t percent);

#endif
