#include "sla/icalendar_event.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/times.h"

#define SPECIAL_DAY "X-APPLE-SPECIAL-DAY"

bool
icalendar_fault(const struct icalendar_source *source,
                const struct icalendar_event *event, struct err *err, const char *fmt,
                ...)
{
    char what[160];
    char where[24] = "";
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(what, sizeof(what), fmt, args);
    va_end(args);
    if (event->line > 0)
        (void)snprintf(where, sizeof(where), "line %u: ", event->line);
    struct str uid = str_cut_utf8(event->uid, 48);
    return err_set(err, ERR_STOP, "%.100s: %sevent%s%.*s: %s", source->file, where,
                   uid.len > 0 ? " " : "", STR_ARG(uid), what);
}

/* --- values ------------------------------------------------------------------------- */

bool
icalendar_is_kind(const icalproperty *property, icalvalue_kind a, icalvalue_kind b)
{
    const icalvalue *value = icalproperty_get_value(property);
    icalvalue_kind kind = value ? icalvalue_isa(value) : ICAL_NO_VALUE;
    return kind == a || kind == b;
}

bool
icalendar_is_date(const icalproperty *property)
{
    return icalendar_is_kind(property, ICAL_DATE_VALUE, ICAL_DATETIME_VALUE);
}

bool
icalendar_whole_day(struct icaltimetype time, int64_t *ret_day)
{
    if (icaltime_is_null_time(time) || time.year < 1900 || time.year > 2199 ||
        time.month < 1 || time.month > 12 || time.day < 1 || time.day > 31)
        return false;
    if (!time.is_date &&
        (time.hour != 0 || time.minute != 0 || time.second != 0 || icaltime_is_utc(time)))
        return false;
    int64_t day = days_from_civil(time.year, time.month, time.day);
    int64_t year = 0;
    int month = 0;
    int in_month = 0;
    civil_from_days(day, &year, &month, &in_month);
    *ret_day = day;
    return month == time.month && in_month == time.day;
}

struct str
icalendar_text(struct arena *arena, const char *text, size_t max_bytes)
{
    struct str copy =
        arena_str(arena, str_cut_utf8(str_trim(str_from(text ? text : "")), max_bytes));
    char *bytes = (char *)(uintptr_t)copy.ptr;
    for (size_t i = 0; i < copy.len; i++) {
        if ((unsigned char)bytes[i] < 0x20) /* "\n" in the file */
            bytes[i] = ' ';
    }
    return copy;
}

/* --- events ------------------------------------------------------------------------- */

struct str
icalendar_special_day(const struct icalendar_event *event)
{
    for (icalproperty *x = icalendar_first(event, ICAL_X_PROPERTY); x;
         x = icalendar_next(event, ICAL_X_PROPERTY)) {
        if (str_eq_nocase(str_from(icalproperty_get_x_name(x)), STR(SPECIAL_DAY)))
            return str_trim(str_from(icalproperty_get_x(x)));
    }
    return STR_NULL;
}

static bool
has_workday_category(const struct icalendar_event *event)
{
    static const char *const names[] = {"WORKDAY", "WORKING-DAY", "WORKING DAY"};
    for (icalproperty *p = icalendar_first(event, ICAL_CATEGORIES_PROPERTY); p;
         p = icalendar_next(event, ICAL_CATEGORIES_PROPERTY)) {
        struct str category = str_trim(str_from(icalproperty_get_categories(p)));
        for (size_t i = 0; i < COUNT_OF(names); i++) {
            if (str_eq_nocase(category, str_from(names[i])))
                return true;
        }
    }
    return false;
}

static bool
read_end(const struct icalendar_source *source, struct icalendar_event *event,
         struct err *err)
{
    icalproperty *end = icalendar_first(event, ICAL_DTEND_PROPERTY);
    icalproperty *duration = icalendar_first(event, ICAL_DURATION_PROPERTY);
    int64_t end_day = event->day + 1;
    if (end) {
        if (!icalendar_is_date(end) ||
            !icalendar_whole_day(icalproperty_get_dtend(end), &end_day))
            return icalendar_fault(source, event, err,
                                   "DTEND must be the day after its last day");
        if (end_day == event->day) /* many feeds mean one day by that */
            end_day++;
    } else if (duration) {
        struct icaldurationtype span = {0};
        if (icalendar_is_kind(duration, ICAL_DURATION_VALUE, ICAL_DURATION_VALUE))
            span = icalproperty_get_duration(duration);
        int64_t seconds = (int64_t)span.hours * 3600 + (int64_t)span.minutes * 60 +
                          (int64_t)span.seconds;
        int64_t days = (int64_t)span.weeks * 7 + (int64_t)span.days + seconds / 86400;
        if (span.is_neg || days == 0 || seconds % 86400 != 0)
            return icalendar_fault(source, event, err,
                                   "DURATION must be whole days, such as P1D");
        end_day = event->day + days;
    } else if (!icalproperty_get_dtstart(icalendar_first(event, ICAL_DTSTART_PROPERTY))
                    .is_date) {
        return icalendar_fault(source, event, err,
                               "has no end; write DTSTART;VALUE=DATE for a day");
    }
    event->span_days = end_day - event->day;
    if (event->span_days < 1 || event->span_days > ICALENDAR_SPAN_DAYS_MAX)
        return icalendar_fault(source, event, err, "must last 1 to %d days",
                               ICALENDAR_SPAN_DAYS_MAX);
    return true;
}

static bool
read_exdates(const struct icalendar_source *source, struct icalendar_event *event,
             struct err *err)
{
    size_t n = 0;
    for (icalproperty *p = icalendar_first(event, ICAL_EXDATE_PROPERTY); p;
         p = icalendar_next(event, ICAL_EXDATE_PROPERTY))
        n++;
    event->excluded = ARENA_ARRAY(source->scratch, int64_t, n + 1);
    for (icalproperty *p = icalendar_first(event, ICAL_EXDATE_PROPERTY); p;
         p = icalendar_next(event, ICAL_EXDATE_PROPERTY)) {
        int64_t *day = &event->excluded[event->n_excluded++];
        if (!icalendar_is_date(p) ||
            !icalendar_whole_day(icalproperty_get_exdate(p), day))
            return icalendar_fault(source, event, err, "EXDATE must be a date");
    }
    return true;
}

static bool
read_times(const struct icalendar_source *source, struct icalendar_event *event,
           struct err *err)
{
    icalproperty *start = icalendar_first(event, ICAL_DTSTART_PROPERTY);
    if (!start || !icalendar_is_date(start) ||
        !icalendar_whole_day(icalproperty_get_dtstart(start), &event->day))
        return icalendar_fault(
            source, event, err,
            "DTSTART;VALUE=DATE:YYYYMMDD is missing or bad; parts of days go "
            "into the JSON's holidays, with windows");
    if (!read_end(source, event, err))
        return false;
    if (!read_exdates(source, event, err))
        return false;
    icalproperty *replaced = icalendar_first(event, ICAL_RECURRENCEID_PROPERTY);
    event->replaces = replaced != NULL;
    if (replaced && (!icalendar_is_date(replaced) ||
                     icalproperty_get_first_parameter(replaced, ICAL_RANGE_PARAMETER) ||
                     !icalendar_whole_day(icalproperty_get_recurrenceid(replaced),
                                          &event->replaced_day)))
        return icalendar_fault(source, event, err,
                               "RECURRENCE-ID must be a date, without RANGE");
    return true;
}

/* libical drops what it cannot read and leaves a note: "No value for LOCATION property.
 * ...", "Can't parse as DATE value in DTEND property. ...".  Feeds are full of the first
 * kind; only what decides about days matters. */
static bool
is_harmless(struct str note)
{
    static const char *const deciding[] = {"DTSTART",       "DTEND", "DURATION",
                                           "RRULE",         "RDATE", "EXDATE",
                                           "RECURRENCE-ID", "EXRULE"};
    static const char *const marks[] = {"No value for ", " value in "};
    for (size_t i = 0; i < COUNT_OF(marks); i++) {
        const char *found = strstr(note.ptr, marks[i]);
        if (!found)
            continue;
        const char *name = found + strlen(marks[i]);
        struct str property = {name, strcspn(name, " ")};
        for (size_t d = 0; d < COUNT_OF(deciding); d++) {
            if (str_eq_nocase(property, str_from(deciding[d])))
                return false;
        }
        return true;
    }
    return false;
}

static bool
check_notes(const struct icalendar_source *source, const struct icalendar_event *event,
            struct err *err)
{
    for (icalproperty *p = icalendar_first(event, ICAL_XLICERROR_PROPERTY); p;
         p = icalendar_next(event, ICAL_XLICERROR_PROPERTY)) {
        struct str note =
            icalendar_text(source->scratch, icalproperty_get_xlicerror(p), 120);
        if (!is_harmless(note))
            return icalendar_fault(source, event, err, "%.*s", STR_ARG(note));
    }
    return true;
}

bool
icalendar_event_read(const struct icalendar_source *source, struct icalendar_event *event,
                     struct err *err)
{
    icalproperty *summary = icalendar_first(event, ICAL_SUMMARY_PROPERTY);
    icalproperty *status = icalendar_first(event, ICAL_STATUS_PROPERTY);
    if (!check_notes(source, event, err))
        return false;
    if (icalendar_first(event, ICAL_EXRULE_PROPERTY))
        return icalendar_fault(source, event, err, "EXRULE is not supported; use EXDATE");
    enum icalproperty_status said =
        status ? icalproperty_get_status(status) : ICAL_STATUS_NONE;
    struct str special = icalendar_special_day(event);
    event->name =
        icalendar_text(source->arena, summary ? icalproperty_get_summary(summary) : "",
                       ICALENDAR_NAME_MAX);
    event->is_open =
        str_eq_nocase(special, STR("ALTERNATE-WORKDAY")) || has_workday_category(event);
    event->is_tentative = said == ICAL_STATUS_TENTATIVE;
    event->counts =
        said != ICAL_STATUS_CANCELLED && (!source->only_special || !str_is_null(special));
    if (!str_is_null(special) && !event->is_open &&
        !str_eq_nocase(special, STR("WORK-HOLIDAY")))
        return icalendar_fault(source, event, err,
                               SPECIAL_DAY " must be WORK-HOLIDAY or ALTERNATE-WORKDAY");
    return read_times(source, event, err);
}
