/* icalendar_event.h - one VEVENT of an iCalendar file: what it says, checked.
 *
 * Only for icalendar.c, which expands events into days. */
#ifndef REDRESS_SLA_ICALENDAR_EVENT_H
#define REDRESS_SLA_ICALENDAR_EVENT_H

#include <libical/ical.h>

#include "base/arena.h"
#include "sla/icalendar.h"

/* A VEVENT, read. */
struct icalendar_event {
    icalcomponent *component;
    struct str uid;
    struct str name;
    uint32_t line; /* of its BEGIN, 0: not known */
    bool counts;   /* not cancelled, not a mere note */
    bool is_open;
    bool is_tentative;
    bool replaces; /* an occurrence: RECURRENCE-ID */
    int64_t replaced_day;
    int64_t day;
    int64_t span_days;
    size_t n_excluded;
    int64_t *excluded; /* EXDATE: read once, since libical has one cursor a component */
};

/* Where its events are read. */
struct icalendar_source {
    const char *file;
    struct arena *arena;   /* results                */
    struct arena *scratch; /* freed when all is read */
    bool only_special;     /* some event has X-APPLE-SPECIAL-DAY */
};

/* "file: line: event UID: what"; returns false. */
bool icalendar_fault(const struct icalendar_source *source,
                     const struct icalendar_event *event, struct err *err,
                     const char *fmt, ...) PRINTF(4, 5);
/* All but component, uid and line, which the caller has set. */
MUST_CHECK bool icalendar_event_read(const struct icalendar_source *source,
                                     struct icalendar_event *event, struct err *err);
/* Its X-APPLE-SPECIAL-DAY; null if it has none. */
struct str icalendar_special_day(const struct icalendar_event *event);
/* Trimmed, cut, control characters made spaces. */
struct str icalendar_text(struct arena *arena, const char *text, size_t max_bytes);

/* libical answers a value of another type with rubbish, so types are asked for first. */
bool icalendar_is_kind(const icalproperty *property, icalvalue_kind a, icalvalue_kind b);
bool icalendar_is_date(const icalproperty *property);
/* The day of a date, or of a local midnight; false for any other time and for dates that
 * do not exist or lie outside 1900 to 2199. */
MUST_CHECK bool icalendar_whole_day(struct icaltimetype time, int64_t *ret_day);

/* One cursor a component: loops over its properties must not be nested. */
static inline icalproperty *
icalendar_first(const struct icalendar_event *event, icalproperty_kind kind)
{
    return icalcomponent_get_first_property(event->component, kind);
}
static inline icalproperty *
icalendar_next(const struct icalendar_event *event, icalproperty_kind kind)
{
    return icalcomponent_get_next_property(event->component, kind);
}

#endif
