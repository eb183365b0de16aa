#include "sla/calendar.h"

#include "base/times.h"

static int64_t
floor_day(int64_t ms)
{
    return ms >= 0 ? ms / DAY_MS : -((-ms + DAY_MS - 1) / DAY_MS);
}

/* --- days -------------------------------------------------------------------------- */

int64_t
calendar_local_day(const struct calendar *calendar, int64_t utc_ms)
{
    return floor_day(zone_to_local(calendar->zone, utc_ms));
}

int64_t
calendar_day_start(const struct calendar *calendar, int64_t day)
{
    return zone_to_utc(calendar->zone, day * DAY_MS);
}

const struct calendar_day *
calendar_on(const struct calendar *calendar, int64_t day)
{
    size_t low = 0;
    size_t high = calendar->n_days;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (calendar->days[middle].day < day)
            low = middle + 1;
        else
            high = middle;
    }
    if (low < calendar->n_days && calendar->days[low].day == day)
        return &calendar->days[low];
    int64_t weekday = (day + 3) % 7; /* 1970-01-01 was a Thursday */
    return &calendar->week[weekday < 0 ? weekday + 7 : weekday];
}

bool
calendar_is_open_day(const struct calendar *calendar, int64_t day)
{
    return calendar_on(calendar, day)->n_windows > 0 &&
           calendar_day_start(calendar, day) < calendar_day_start(calendar, day + 1);
}

bool
calendar_knows(const struct calendar *calendar, int64_t day)
{
    int64_t year = 0;
    int month = 0;
    int in_month = 0;
    if (calendar->last_year == 0)
        return true;
    civil_from_days(day, &year, &month, &in_month);
    return year >= calendar->first_year && year <= calendar->last_year &&
           (!calendar->has_tentative || day < calendar->tentative_day);
}

int64_t
calendar_business_day_after(const struct calendar *calendar, int64_t day, int64_t n)
{
    int64_t end = day + CALENDAR_REACH_DAYS;
    while (n > 0 && day < end) {
        day++;
        if (calendar_is_open_day(calendar, day))
            n--;
    }
    return day;
}

int64_t
calendar_business_end(const struct calendar *calendar, int64_t day)
{
    const struct calendar_day *on = calendar_on(calendar, day);
    if (on->n_windows == 0)
        return calendar_day_start(calendar, day + 1);
    return zone_to_utc(calendar->zone,
                       day * DAY_MS + on->windows[on->n_windows - 1].to_min * MINUTE_MS);
}

/* --- business time ------------------------------------------------------------------ */

/* The window as instants, cut to what lies after from_ms; false if nothing does. */
static bool
window_after(const struct calendar *calendar, int64_t day,
             const struct calendar_window *window, int64_t from_ms, int64_t *ret_open,
             int64_t *ret_close)
{
    int64_t close =
        zone_to_utc(calendar->zone, day * DAY_MS + window->to_min * MINUTE_MS);
    if (close <= from_ms)
        return false;
    int64_t open =
        zone_to_utc(calendar->zone, day * DAY_MS + window->from_min * MINUTE_MS);
    *ret_open = i64_max(open, from_ms);
    *ret_close = close;
    return *ret_close > *ret_open;
}

int64_t
calendar_add_ms(const struct calendar *calendar, int64_t from_ms, int64_t business_ms)
{
    if (business_ms <= 0)
        return from_ms;
    /* A zone behind a jump of a whole day (Samoa) has no day that is passed over here:
     * its windows are empty. */
    int64_t first = calendar_local_day(calendar, from_ms);
    for (int64_t day = first; day < first + CALENDAR_REACH_DAYS; day++) {
        const struct calendar_day *on = calendar_on(calendar, day);
        for (size_t i = 0; i < on->n_windows; i++) {
            int64_t open = 0;
            int64_t close = 0;
            if (!window_after(calendar, day, &on->windows[i], from_ms, &open, &close))
                continue;
            if (business_ms <= close - open)
                return open + business_ms;
            business_ms -= close - open;
        }
    }
    return from_ms + CALENDAR_REACH_DAYS * DAY_MS;
}

int64_t
calendar_between_ms(const struct calendar *calendar, int64_t from_ms, int64_t to_ms)
{
    int64_t sum_ms = 0;
    if (to_ms <= from_ms)
        return 0;
    int64_t first = calendar_local_day(calendar, from_ms);
    /* A clock set back over midnight (St John's, 00:01 to 23:01, up to 2011) shows the
     * day before again when the next one has begun: hence the day after. */
    int64_t last =
        i64_min(calendar_local_day(calendar, to_ms) + 1, first + CALENDAR_REACH_DAYS - 1);
    for (int64_t day = first; day <= last; day++) {
        const struct calendar_day *on = calendar_on(calendar, day);
        for (size_t i = 0; i < on->n_windows; i++) {
            int64_t open = 0;
            int64_t close = 0;
            if (window_after(calendar, day, &on->windows[i], from_ms, &open, &close))
                sum_ms += i64_max(0, i64_min(close, to_ms) - open);
        }
    }
    return sum_ms;
}
