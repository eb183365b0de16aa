/* icalendar.h - an iCalendar file (RFC 5545) -> holidays and make-up working days.
 *
 * Read with libical; an event counts by its whole days:
 * - DTSTART;VALUE=DATE up to DTEND (exclusive) or for DURATION, else one day; times only
 *   from midnight to midnight as they are written.  A half day is refused, not guessed.
 * - RRULE (daily to yearly), RDATE, EXDATE, RECURRENCE-ID; STATUS:CANCELLED is left out,
 *   STATUS:TENTATIVE counts and is marked.  TRANSP is ignored: feeds of holidays use
 * both.
 * - A day is worked (调休) with X-APPLE-SPECIAL-DAY:ALTERNATE-WORKDAY or a category
 *   WORKDAY or WORKING-DAY, else it is a holiday.  In a file that has X-APPLE-SPECIAL-DAY
 *   only the events that have it count: such feeds also list days that nobody has off.
 * All errors are ERR_STOP with "file: line: UID: what is wrong and what to do".
 * Thread rule: any thread; libical keeps its error number and buffers per thread. */
#ifndef REDRESS_SLA_ICALENDAR_H
#define REDRESS_SLA_ICALENDAR_H

#include "base/arena.h"
#include "base/base.h"

#define ICALENDAR_BYTES_MAX ((size_t)1024 * 1024)
#define ICALENDAR_EVENTS_MAX 4096
#define ICALENDAR_DAYS_MAX 4096
/* Rules of recurrence in a file, and their occurrences before and within the range. */
#define ICALENDAR_RULES_MAX 256
#define ICALENDAR_STEPS_MAX 100000
/* One event. */
#define ICALENDAR_SPAN_DAYS_MAX 62
#define ICALENDAR_NAME_MAX 200

struct icalendar_day {
    int64_t day;     /* since 1970-01-01, local                       */
    struct str name; /* SUMMARY, cut to ICALENDAR_NAME_MAX; may be "" */
    bool is_open;    /* a make-up working day                         */
    bool is_tentative;
};
struct icalendar {
    size_t n_days;
    const struct icalendar_day *days; /* rising, each once */
};

/* The days of text from from_day to to_day, both included; others are left out.  file
 * names it in errors.  Days and names live in the arena. */
MUST_CHECK bool icalendar_read(struct str text, const char *file, int64_t from_day,
                               int64_t to_day, struct arena *arena, struct icalendar *ret,
                               struct err *err);

#endif
