#include "sla/target.h"

#include "base/times.h"

static int
days_in_month(int64_t year, int month)
{
    return (int)(days_from_civil(month == 12 ? year + 1 : year,
                                 month == 12 ? 1 : month + 1, 1) -
                 days_from_civil(year, month, 1));
}

static int64_t
add_months(int64_t day, int32_t n)
{
    int64_t year = 0;
    int month = 0;
    int in_month = 0;
    civil_from_days(day, &year, &month, &in_month);
    int64_t months = year * 12 + month - 1 + n;
    int64_t to_year = months / 12;
    int to_month = (int)(months % 12) + 1;
    int last = days_in_month(to_year, to_month);
    return days_from_civil(to_year, to_month, in_month < last ? in_month : last);
}

/* The date of the due time, from the date of receipt. */
static int64_t
due_day(const struct target *target, const struct calendar *calendar, int64_t day)
{
    switch (target->unit) {
    case TARGET_UNIT_DAYS:
        return day + target->n;
    case TARGET_UNIT_WEEKS:
        return day + (int64_t)7 * target->n;
    case TARGET_UNIT_MONTHS:
        return add_months(day, target->n);
    case TARGET_UNIT_BUSINESS_DAYS:
        return calendar_business_day_after(calendar, day, target->n);
    case TARGET_UNIT_GIVEN:
    case TARGET_UNIT_HOURS:
    case TARGET_UNIT_BUSINESS_MINUTES:
    case TARGET_UNIT_COUNT:
        break;
    }
    BUG_IF(true);
}

int64_t
target_due(const struct target *target, const struct calendar *calendar, int64_t start_ms)
{
    if (target->unit == TARGET_UNIT_HOURS)
        return start_ms + target->n * HOUR_MS;
    if (target->unit == TARGET_UNIT_BUSINESS_MINUTES)
        return calendar_add_ms(calendar, start_ms, target->n * MINUTE_MS);

    int64_t local_ms = zone_to_local(calendar->zone, start_ms);
    int64_t received = calendar_local_day(calendar, start_ms);
    int64_t day = due_day(target, calendar, received);
    if (target->until == TARGET_UNTIL_END_OF_DAY)
        return calendar_day_start(calendar, day + 1);
    if (target->until == TARGET_UNTIL_END_OF_BUSINESS)
        return calendar_business_end(calendar, day);
    return zone_to_utc(calendar->zone, local_ms + (day - received) * DAY_MS);
}

int64_t
target_after_pause(enum target_unit unit, enum target_until until,
                   const struct calendar *calendar, int64_t due_ms, int64_t from_ms,
                   int64_t to_ms)
{
    if (to_ms <= from_ms)
        return due_ms;
    if (!target_is_business(unit))
        return due_ms + (to_ms - from_ms);
    int64_t business_ms = calendar_between_ms(calendar, from_ms, to_ms);
    if (business_ms == 0)
        return due_ms;
    int64_t moved_ms = calendar_add_ms(calendar, due_ms, business_ms);
    if (unit == TARGET_UNIT_BUSINESS_DAYS && until == TARGET_UNTIL_END_OF_DAY) {
        /* 24:00 belongs to the day that it ends: hence the day of the moment before. */
        int64_t end =
            calendar_day_start(calendar, calendar_local_day(calendar, moved_ms - 1) + 1);
        if (calendar_between_ms(calendar, moved_ms, end) == 0)
            return end;
    }
    return moved_ms;
}

int64_t
target_percent_at(enum target_unit unit, const struct calendar *calendar,
                  int64_t start_ms, int64_t due_ms, int64_t paused_ms, int32_t percent)
{
    if (!target_is_business(unit)) {
        int64_t total_ms = i64_max(0, due_ms - start_ms - paused_ms);
        return start_ms + paused_ms + total_ms / 100 * percent +
               total_ms % 100 * percent / 100;
    }
    int64_t total_ms =
        i64_max(0, calendar_between_ms(calendar, start_ms, due_ms) - paused_ms);
    return calendar_add_ms(calendar, start_ms,
                           paused_ms + total_ms / 100 * percent +
                               total_ms % 100 * percent / 100);
}
