/* calendar.h - business time: local time of a zone, weekly windows, holidays, make-up
 * days.
 *
 * Pure: a calendar is plain data, and nothing here allocates or knows today.
 * Thread rule: const data, any thread. */
#ifndef REDRESS_SLA_CALENDAR_H
#define REDRESS_SLA_CALENDAR_H

#include "base/base.h"
#include "zone/zone.h"

#define CALENDAR_WINDOWS 6
/* Calculations look no further than this many days; the rest counts as closed. */
#define CALENDAR_REACH_DAYS 40000
/* Holidays and make-up days of one calendar. */
#define CALENDAR_DAYS_MAX 4096

/* Open from from_min up to to_min minutes after local midnight; 0 <= from < to <= 1440.
 */
struct calendar_window {
    int32_t from_min;
    int32_t to_min;
};
/* n_windows == 0: closed. Windows rise and do not overlap. */
struct calendar_day {
    int64_t day;     /* since 1970-01-01, local; unused in week[]       */
    struct str name; /* of an exception: "春节"; null in week[]         */
    size_t n_windows;
    struct calendar_window windows[CALENDAR_WINDOWS];
};
struct calendar {
    struct str name;
    const struct zone *zone;
    struct calendar_day week[7]; /* [0] is Monday; at least one day is open     */
    size_t n_days;
    const struct calendar_day *days; /* exceptions, rising by day, each once    */
    /* Years whose holidays are known, 0: not said.  Outside them the plain week counts.
     */
    int32_t first_year;
    int32_t last_year;
    /* The first holiday that is not settled yet (STATUS:TENTATIVE), as a day. */
    bool has_tentative;
    int64_t tentative_day;
};

/* Local date of an instant, days since 1970-01-01. */
int64_t calendar_local_day(const struct calendar *calendar, int64_t utc_ms);
/* The instant of the local midnight that begins the day. */
int64_t calendar_day_start(const struct calendar *calendar, int64_t day);
/* Windows of a local date. */
const struct calendar_day *calendar_on(const struct calendar *calendar, int64_t day);
/* Has windows, and the local clock shows it: Samoa had no 30 December 2011. */
bool calendar_is_open_day(const struct calendar *calendar, int64_t day);
/* Whether the holidays of the day's year are known for good; true for a calendar that
 * says no years (it has no more holidays than it lists). */
bool calendar_knows(const struct calendar *calendar, int64_t day);
/* The n-th business day after the given one (n >= 1). */
int64_t calendar_business_day_after(const struct calendar *calendar, int64_t day,
                                    int64_t n);
/* End of the last window of an open day; of a closed one its local midnight. */
int64_t calendar_business_end(const struct calendar *calendar, int64_t day);

/* The first instant at which business_ms of open time have passed since from_ms;
 * from_ms itself for business_ms <= 0. */
int64_t calendar_add_ms(const struct calendar *calendar, int64_t from_ms,
                        int64_t business_ms);
/* Open time in [from_ms, to_ms); 0 if to_ms <= from_ms. */
int64_t calendar_between_ms(const struct calendar *calendar, int64_t from_ms,
                            int64_t to_ms);

#endif
