#include "sla/icalendar.h"

#include <stdio.h>
#include <stdlib.h>

#include <libical/ical.h>

#include "base/buf.h"
#include "base/times.h"
#include "sla/icalendar_text.h"

#define SPECIAL_DAY "X-APPLE-SPECIAL-DAY"

/* A VEVENT, read. */
struct event {
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

struct reading {
    const char *file;
    struct arena *arena;   /* results                  */
    struct arena *scratch; /* freed when all is read   */
    int64_t from_day;
    int64_t to_day;
    size_t n_events;
    struct event *events;
    size_t n_rules;
    size_t n_steps;
    size_t n_days;
    struct icalendar_day *days;
};

static bool fault(const struct reading *reading, const struct event *event,
                  struct err *err, const char *fmt, ...) PRINTF(4, 5);
static bool
fault(const struct reading *reading, const struct event *event, struct err *err,
      const char *fmt, ...)
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
    return err_set(err, ERR_STOP, "%.100s: %sevent%s%.*s: %s", reading->file, where,
                   uid.len > 0 ? " " : "", STR_ARG(uid), what);
}

/* --- values ------------------------------------------------------------------------- */

/* libical answers a value of another type with rubbish, so types are asked for first. */
static bool
is_kind(const icalproperty *property, icalvalue_kind a, icalvalue_kind b)
{
    const icalvalue *value = icalproperty_get_value(property);
    icalvalue_kind kind = value ? icalvalue_isa(value) : ICAL_NO_VALUE;
    return kind == a || kind == b;
}

static bool
is_date(const icalproperty *property)
{
    return is_kind(property, ICAL_DATE_VALUE, ICAL_DATETIME_VALUE);
}

/* The day of a date, or of a local midnight; false for any other time and for dates that
 * do not exist or lie outside 1900 to 2199. */
static bool
whole_day(struct icaltimetype time, int64_t *ret_day)
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

static struct str
text_of(struct arena *arena, const char *text, size_t max_bytes)
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

static icalproperty *
first(const struct event *event, icalproperty_kind kind)
{
    return icalcomponent_get_first_property(event->component, kind);
}

static icalproperty *
next(const struct event *event, icalproperty_kind kind)
{
    return icalcomponent_get_next_property(event->component, kind);
}

/* --- events ------------------------------------------------------------------------- */

/* ret_value: of the event's X-APPLE-SPECIAL-DAY, null if it has none. */
static struct str
special_day(const struct event *event)
{
    for (icalproperty *x = first(event, ICAL_X_PROPERTY); x;
         x = next(event, ICAL_X_PROPERTY)) {
        if (str_eq_nocase(str_from(icalproperty_get_x_name(x)), STR(SPECIAL_DAY)))
            return str_trim(str_from(icalproperty_get_x(x)));
    }
    return STR_NULL;
}

static bool
has_workday_category(const struct event *event)
{
    static const char *const names[] = {"WORKDAY", "WORKING-DAY", "WORKING DAY"};
    for (icalproperty *p = first(event, ICAL_CATEGORIES_PROPERTY); p;
         p = next(event, ICAL_CATEGORIES_PROPERTY)) {
        struct str category = str_trim(str_from(icalproperty_get_categories(p)));
        for (size_t i = 0; i < COUNT_OF(names); i++) {
            if (str_eq_nocase(category, str_from(names[i])))
                return true;
        }
    }
    return false;
}

static bool
read_end(const struct reading *reading, struct event *event, struct err *err)
{
    icalproperty *end = first(event, ICAL_DTEND_PROPERTY);
    icalproperty *duration = first(event, ICAL_DURATION_PROPERTY);
    int64_t end_day = event->day + 1;
    if (end) {
        if (!is_date(end) || !whole_day(icalproperty_get_dtend(end), &end_day))
            return fault(reading, event, err, "DTEND must be the day after its last day");
        if (end_day == event->day) /* many feeds mean one day by that */
            end_day++;
    } else if (duration) {
        struct icaldurationtype span = {0};
        if (is_kind(duration, ICAL_DURATION_VALUE, ICAL_DURATION_VALUE))
            span = icalproperty_get_duration(duration);
        int64_t seconds = (int64_t)span.hours * 3600 + (int64_t)span.minutes * 60 +
                          (int64_t)span.seconds;
        int64_t days = (int64_t)span.weeks * 7 + (int64_t)span.days + seconds / 86400;
        if (span.is_neg || days == 0 || seconds % 86400 != 0)
            return fault(reading, event, err, "DURATION must be whole days, such as P1D");
        end_day = event->day + days;
    } else if (!icalproperty_get_dtstart(first(event, ICAL_DTSTART_PROPERTY)).is_date) {
        return fault(reading, event, err,
                     "has no end; write DTSTART;VALUE=DATE for a day");
    }
    event->span_days = end_day - event->day;
    if (event->span_days < 1 || event->span_days > ICALENDAR_SPAN_DAYS_MAX)
        return fault(reading, event, err, "must last 1 to %d days",
                     ICALENDAR_SPAN_DAYS_MAX);
    return true;
}

static bool
read_exdates(const struct reading *reading, struct event *event, struct err *err)
{
    size_t n = 0;
    for (icalproperty *p = first(event, ICAL_EXDATE_PROPERTY); p;
         p = next(event, ICAL_EXDATE_PROPERTY))
        n++;
    event->excluded = ARENA_ARRAY(reading->scratch, int64_t, n + 1);
    for (icalproperty *p = first(event, ICAL_EXDATE_PROPERTY); p;
         p = next(event, ICAL_EXDATE_PROPERTY)) {
        int64_t *day = &event->excluded[event->n_excluded++];
        if (!is_date(p) || !whole_day(icalproperty_get_exdate(p), day))
            return fault(reading, event, err, "EXDATE must be a date");
    }
    return true;
}

static bool
read_times(const struct reading *reading, struct event *event, struct err *err)
{
    icalproperty *start = first(event, ICAL_DTSTART_PROPERTY);
    if (!start || !is_date(start) ||
        !whole_day(icalproperty_get_dtstart(start), &event->day))
        return fault(reading, event, err,
                     "DTSTART;VALUE=DATE:YYYYMMDD is missing or bad; parts of days go "
                     "into the JSON's holidays, with windows");
    if (!read_end(reading, event, err))
        return false;
    if (!read_exdates(reading, event, err))
        return false;
    icalproperty *replaced = first(event, ICAL_RECURRENCEID_PROPERTY);
    event->replaces = replaced != NULL;
    if (replaced &&
        (!is_date(replaced) ||
         icalproperty_get_first_parameter(replaced, ICAL_RANGE_PARAMETER) ||
         !whole_day(icalproperty_get_recurrenceid(replaced), &event->replaced_day)))
        return fault(reading, event, err, "RECURRENCE-ID must be a date, without RANGE");
    return true;
}

static bool
read_event(const struct reading *reading, bool only_special, struct event *event,
           struct err *err)
{
    icalproperty *summary = first(event, ICAL_SUMMARY_PROPERTY);
    icalproperty *status = first(event, ICAL_STATUS_PROPERTY);
    icalproperty *bad = first(event, ICAL_XLICERROR_PROPERTY);
    if (bad) {
        struct str why = text_of(reading->arena, icalproperty_get_xlicerror(bad), 120);
        return fault(reading, event, err, "%.*s", STR_ARG(why));
    }
    if (first(event, ICAL_EXRULE_PROPERTY))
        return fault(reading, event, err, "EXRULE is not supported; use EXDATE");
    enum icalproperty_status said =
        status ? icalproperty_get_status(status) : ICAL_STATUS_NONE;
    struct str special = special_day(event);
    event->name =
        text_of(reading->arena, summary ? icalproperty_get_summary(summary) : "",
                ICALENDAR_NAME_MAX);
    event->is_open =
        str_eq_nocase(special, STR("ALTERNATE-WORKDAY")) || has_workday_category(event);
    event->is_tentative = said == ICAL_STATUS_TENTATIVE;
    event->counts =
        said != ICAL_STATUS_CANCELLED && (!only_special || !str_is_null(special));
    if (!str_is_null(special) && !event->is_open &&
        !str_eq_nocase(special, STR("WORK-HOLIDAY")))
        return fault(reading, event, err,
                     SPECIAL_DAY " must be WORK-HOLIDAY or ALTERNATE-WORKDAY");
    return read_times(reading, event, err);
}

/* --- days --------------------------------------------------------------------------- */

static bool
add_days(struct reading *reading, const struct event *event, int64_t day, struct err *err)
{
    int64_t last = i64_min(day + event->span_days - 1, reading->to_day);
    for (day = i64_max(day, reading->from_day); day <= last; day++) {
        if (reading->n_days == ICALENDAR_DAYS_MAX)
            return fault(reading, event, err, "more than %d days in all; cut the file",
                         ICALENDAR_DAYS_MAX);
        reading->days[reading->n_days++] =
            (struct icalendar_day){day, event->name, event->is_open, event->is_tentative};
    }
    return true;
}

static bool
is_excluded(const struct reading *reading, const struct event *event, int64_t day)
{
    for (size_t i = 0; i < event->n_excluded; i++) {
        if (event->excluded[i] == day)
            return true;
    }
    for (size_t i = 0; i < reading->n_events; i++) {
        const struct event *other = &reading->events[i];
        if (other->replaces && other->replaced_day == day &&
            str_eq(other->uid, event->uid))
            return true;
    }
    return false;
}

static bool
add_occurrence(struct reading *reading, const struct event *event, int64_t day,
               struct err *err)
{
    if (day > reading->to_day || day + event->span_days <= reading->from_day)
        return true;
    return is_excluded(reading, event, day) || add_days(reading, event, day, err);
}

static void
recurrence_free(icalrecur_iterator **iterator)
{
    if (*iterator)
        icalrecur_iterator_free(*iterator);
}

static bool
expand_rule(struct reading *reading, const struct event *event, icalproperty *property,
            struct err *err)
{
    if (!is_kind(property, ICAL_RECUR_VALUE, ICAL_RECUR_VALUE))
        return fault(reading, event, err, "RRULE is no rule");
    struct icalrecurrencetype rule = icalproperty_get_rrule(property);
    if (rule.freq < ICAL_DAILY_RECURRENCE || rule.freq > ICAL_YEARLY_RECURRENCE ||
        rule.by_hour[0] != ICAL_RECURRENCE_ARRAY_MAX ||
        rule.by_minute[0] != ICAL_RECURRENCE_ARRAY_MAX ||
        rule.by_second[0] != ICAL_RECURRENCE_ARRAY_MAX)
        return fault(reading, event, err, "RRULE must be daily, weekly, monthly, yearly");
    /* ICU's lunar calendar has the new year of 2027 a day late (7 February). */
    if (rule.rscale && !str_eq_nocase(str_from(rule.rscale), STR("GREGORIAN")))
        return fault(reading, event, err, "RSCALE must be GREGORIAN; list days as RDATE");
    if (++reading->n_rules > ICALENDAR_RULES_MAX)
        return fault(reading, event, err, "more than %d RRULEs; cut the file",
                     ICALENDAR_RULES_MAX);
    struct icaltimetype start =
        icalproperty_get_dtstart(first(event, ICAL_DTSTART_PROPERTY));
    CLEANUP(recurrence_free)
    icalrecur_iterator *iterator = icalrecur_iterator_new(rule, start);
    bool is_first = true;
    for (;;) {
        struct icaltimetype time =
            iterator ? icalrecur_iterator_next(iterator) : icaltime_null_time();
        int64_t day = 0;
        bool more = !icaltime_is_null_time(time) && whole_day(time, &day);
        /* RFC 5545 3.8.5.3 leaves the set undefined otherwise. */
        if (is_first && (!more || day != event->day))
            return fault(reading, event, err, "DTSTART is not a day of its own RRULE");
        if (!more || day > reading->to_day)
            return true;
        is_first = false;
        if (++reading->n_steps > ICALENDAR_STEPS_MAX)
            return fault(reading, event, err, "recurs too often; let it start later");
        if (!add_occurrence(reading, event, day, err))
            return false;
    }
}

static bool
expand(struct reading *reading, const struct event *event, struct err *err)
{
    icalproperty *rule = first(event, ICAL_RRULE_PROPERTY);
    if (event->replaces)
        return rule ? fault(reading, event, err,
                            "RECURRENCE-ID and RRULE do not go "
                            "together")
                    : add_days(reading, event, event->day, err);
    if (rule && next(event, ICAL_RRULE_PROPERTY))
        return fault(reading, event, err, "has more than one RRULE; make two events");
    if (rule ? !expand_rule(reading, event, rule, err)
             : !add_occurrence(reading, event, event->day, err))
        return false;
    for (icalproperty *p = first(event, ICAL_RDATE_PROPERTY); p;
         p = next(event, ICAL_RDATE_PROPERTY)) {
        int64_t day = 0;
        if (!is_date(p) || !whole_day(icalproperty_get_rdate(p).time, &day))
            return fault(reading, event, err, "RDATE must be a date");
        if (!add_occurrence(reading, event, day, err))
            return false;
    }
    return true;
}

/* --- the file ----------------------------------------------------------------------- */

static int
by_day(const void *left, const void *right)
{
    const struct icalendar_day *a = left;
    const struct icalendar_day *b = right;
    if (a->day != b->day)
        return a->day < b->day ? -1 : 1;
    return str_cmp(a->name, b->name);
}

/* Two holidays on one day are one; a holiday that is worked is a contradiction. */
static bool
settle(struct reading *reading, struct icalendar *ret, struct err *err)
{
    struct icalendar_day *days = reading->days;
    size_t n = 0;
    if (reading->n_days > 0)
        qsort(days, reading->n_days, sizeof(*days), by_day);
    for (size_t i = 0; i < reading->n_days; i++) {
        if (n == 0 || days[n - 1].day != days[i].day) {
            days[n++] = days[i];
            continue;
        }
        int64_t year = 0;
        int month = 0;
        int day = 0;
        civil_from_days(days[i].day, &year, &month, &day);
        if (days[n - 1].is_open != days[i].is_open)
            return err_set(
                err, ERR_STOP,
                "%.120s: %04d-%02d-%02d is a holiday and a working day; say in "
                "the JSON which, and take one out here",
                reading->file, (int)year, month, day);
        days[n - 1].is_tentative = days[n - 1].is_tentative && days[i].is_tentative;
    }
    struct icalendar_day *own = ARENA_ARRAY(reading->arena, struct icalendar_day, n + 1);
    memcpy(own, days, n * sizeof(*own));
    *ret = (struct icalendar){n, own};
    return true;
}

static void
collect(struct reading *reading, icalcomponent *calendar)
{
    for (icalcomponent *c =
             icalcomponent_get_first_component(calendar, ICAL_VEVENT_COMPONENT);
         c && reading->n_events < ICALENDAR_EVENTS_MAX;
         c = icalcomponent_get_next_component(calendar, ICAL_VEVENT_COMPONENT)) {
        struct event *event = &reading->events[reading->n_events++];
        *event = (struct event){.component = c};
        icalproperty *uid = first(event, ICAL_UID_PROPERTY);
        event->uid = text_of(reading->scratch, uid ? icalproperty_get_uid(uid) : "", 512);
    }
}

/* All events of the file, in its order. */
static bool
collect_all(struct reading *reading, icalcomponent *root, struct err *err)
{
    if (icalcomponent_isa(root) == ICAL_VCALENDAR_COMPONENT)
        collect(reading, root);
    for (icalcomponent *c =
             icalcomponent_get_first_component(root, ICAL_VCALENDAR_COMPONENT);
         c; c = icalcomponent_get_next_component(root, ICAL_VCALENDAR_COMPONENT))
        collect(reading, c);
    return reading->n_events > 0 ||
           err_set(err, ERR_STOP, "%.120s: holds no event; is it the right file?",
                   reading->file);
}

static bool
read_all(struct reading *reading, const struct icalendar_lines *lines, struct err *err)
{
    bool only_special = false;
    for (size_t i = 0; i < reading->n_events; i++) {
        if (lines->n_events == reading->n_events)
            reading->events[i].line = lines->line[i];
        only_special = only_special || !str_is_null(special_day(&reading->events[i]));
    }
    for (size_t i = 0; i < reading->n_events; i++) {
        if (!read_event(reading, only_special, &reading->events[i], err))
            return false;
    }
    for (size_t i = 0; i < reading->n_events; i++) {
        if (reading->events[i].counts && !expand(reading, &reading->events[i], err))
            return false;
    }
    return true;
}

static void
component_free(icalcomponent **component)
{
    if (*component)
        icalcomponent_free(*component);
    icalmemory_free_ring();
}

bool
icalendar_read(struct str text, const char *file, int64_t from_day, int64_t to_day,
               struct arena *arena, struct icalendar *ret, struct err *err)
{
    CLEANUP(buf_release) struct buf plain = {0};
    struct reading reading = {
        .file = file, .arena = arena, .from_day = from_day, .to_day = to_day};
    CLEANUP(arena_release) struct arena scratch;
    arena_init(&scratch, 0);
    struct icalendar_lines *lines = ARENA_NEW(&scratch, struct icalendar_lines);
    if (!icalendar_unfold(text, file, &plain, lines, err))
        return false;
    /* libical's own default is to abort on errors of its input. */
    icalerror_set_errors_are_fatal(0);
    CLEANUP(component_free)
    icalcomponent *root = icalparser_parse_string(plain.ptr);
    if (!root)
        return err_set(err, ERR_STOP, "%.120s: libical cannot read it", file);
    reading.events = ARENA_ARRAY(&scratch, struct event, ICALENDAR_EVENTS_MAX);
    reading.days = ARENA_ARRAY(&scratch, struct icalendar_day, ICALENDAR_DAYS_MAX);
    reading.scratch = &scratch;
    return collect_all(&reading, root, err) && read_all(&reading, lines, err) &&
           settle(&reading, ret, err);
}
