#include "sla/icalendar.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/times.h"
#include "sla/icalendar_event.h"
#include "sla/icalendar_text.h"

struct reading {
    struct icalendar_source source;
    int64_t from_day;
    int64_t to_day;
    size_t n_events;
    struct icalendar_event *events;
    size_t n_rules;
    size_t n_steps;
    size_t n_days;
    struct icalendar_day *days;
};

/* --- days --------------------------------------------------------------------------- */

static bool
add_days(struct reading *reading, const struct icalendar_event *event, int64_t day,
         struct err *err)
{
    int64_t last = i64_min(day + event->span_days - 1, reading->to_day);
    for (day = i64_max(day, reading->from_day); day <= last; day++) {
        if (reading->n_days == ICALENDAR_DAYS_MAX)
            return icalendar_fault(&reading->source, event, err,
                                   "more than %d days in all; cut the file",
                                   ICALENDAR_DAYS_MAX);
        reading->days[reading->n_days++] =
            (struct icalendar_day){day, event->name, event->is_open, event->is_tentative};
    }
    return true;
}

static bool
is_excluded(const struct reading *reading, const struct icalendar_event *event,
            int64_t day)
{
    for (size_t i = 0; i < event->n_excluded; i++) {
        if (event->excluded[i] == day)
            return true;
    }
    for (size_t i = 0; i < reading->n_events; i++) {
        const struct icalendar_event *other = &reading->events[i];
        if (other->replaces && other->replaced_day == day &&
            str_eq(other->uid, event->uid))
            return true;
    }
    return false;
}

static bool
add_occurrence(struct reading *reading, const struct icalendar_event *event, int64_t day,
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
expand_rule(struct reading *reading, const struct icalendar_event *event,
            icalproperty *property, struct err *err)
{
    if (!icalendar_is_kind(property, ICAL_RECUR_VALUE, ICAL_RECUR_VALUE))
        return icalendar_fault(&reading->source, event, err, "RRULE is no rule");
    struct icalrecurrencetype rule = icalproperty_get_rrule(property);
    if (rule.freq < ICAL_DAILY_RECURRENCE || rule.freq > ICAL_YEARLY_RECURRENCE ||
        rule.by_hour[0] != ICAL_RECURRENCE_ARRAY_MAX ||
        rule.by_minute[0] != ICAL_RECURRENCE_ARRAY_MAX ||
        rule.by_second[0] != ICAL_RECURRENCE_ARRAY_MAX)
        return icalendar_fault(&reading->source, event, err,
                               "RRULE must be daily, weekly, monthly, yearly");
    /* ICU's lunar calendar has the new year of 2027 a day late (7 February). */
    if (rule.rscale && !str_eq_nocase(str_from(rule.rscale), STR("GREGORIAN")))
        return icalendar_fault(&reading->source, event, err,
                               "RSCALE must be GREGORIAN; list days as RDATE");
    if (++reading->n_rules > ICALENDAR_RULES_MAX)
        return icalendar_fault(&reading->source, event, err,
                               "more than %d RRULEs; cut the file", ICALENDAR_RULES_MAX);
    struct icaltimetype start =
        icalproperty_get_dtstart(icalendar_first(event, ICAL_DTSTART_PROPERTY));
    CLEANUP(recurrence_free)
    icalrecur_iterator *iterator = icalrecur_iterator_new(rule, start);
    bool is_first = true;
    for (;;) {
        struct icaltimetype time =
            iterator ? icalrecur_iterator_next(iterator) : icaltime_null_time();
        int64_t day = 0;
        bool more = !icaltime_is_null_time(time) && icalendar_whole_day(time, &day);
        /* RFC 5545 3.8.5.3 leaves the set undefined otherwise. */
        if (is_first && (!more || day != event->day))
            return icalendar_fault(&reading->source, event, err,
                                   "DTSTART is not a day of its own RRULE");
        if (!more || day > reading->to_day)
            return true;
        is_first = false;
        if (++reading->n_steps > ICALENDAR_STEPS_MAX)
            return icalendar_fault(&reading->source, event, err,
                                   "recurs too often; let it start later");
        if (!add_occurrence(reading, event, day, err))
            return false;
    }
}

static bool
expand(struct reading *reading, const struct icalendar_event *event, struct err *err)
{
    icalproperty *rule = icalendar_first(event, ICAL_RRULE_PROPERTY);
    if (event->replaces)
        return rule ? icalendar_fault(&reading->source, event, err,
                                      "RECURRENCE-ID and RRULE do not go "
                                      "together")
                    : add_days(reading, event, event->day, err);
    if (rule && icalendar_next(event, ICAL_RRULE_PROPERTY))
        return icalendar_fault(&reading->source, event, err,
                               "has more than one RRULE; make two events");
    if (rule ? !expand_rule(reading, event, rule, err)
             : !add_occurrence(reading, event, event->day, err))
        return false;
    for (icalproperty *p = icalendar_first(event, ICAL_RDATE_PROPERTY); p;
         p = icalendar_next(event, ICAL_RDATE_PROPERTY)) {
        int64_t day = 0;
        if (!icalendar_is_date(p) ||
            !icalendar_whole_day(icalproperty_get_rdate(p).time, &day))
            return icalendar_fault(&reading->source, event, err, "RDATE must be a date");
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
                reading->source.file, (int)year, month, day);
        days[n - 1].is_tentative = days[n - 1].is_tentative && days[i].is_tentative;
    }
    struct icalendar_day *own =
        ARENA_ARRAY(reading->source.arena, struct icalendar_day, n + 1);
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
        struct icalendar_event *event = &reading->events[reading->n_events++];
        *event = (struct icalendar_event){.component = c};
        icalproperty *uid = icalendar_first(event, ICAL_UID_PROPERTY);
        event->uid = icalendar_text(reading->source.scratch,
                                    uid ? icalproperty_get_uid(uid) : "", 512);
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
                   reading->source.file);
}

static bool
read_all(struct reading *reading, const struct icalendar_lines *lines, struct err *err)
{
    struct icalendar_source *source = &reading->source;
    for (size_t i = 0; i < reading->n_events; i++) {
        if (lines->n_events == reading->n_events)
            reading->events[i].line = lines->line[i];
        source->only_special = source->only_special ||
                               !str_is_null(icalendar_special_day(&reading->events[i]));
    }
    for (size_t i = 0; i < reading->n_events; i++) {
        if (!icalendar_event_read(source, &reading->events[i], err))
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
    CLEANUP(arena_release) struct arena scratch;
    arena_init(&scratch, 0);
    struct reading reading = {
        .source = {.file = file, .arena = arena, .scratch = &scratch},
        .from_day = from_day,
        .to_day = to_day,
    };
    struct icalendar_lines *lines = ARENA_NEW(&scratch, struct icalendar_lines);
    if (!icalendar_unfold(text, file, &plain, lines, err))
        return false;
    /* libical's own default is to abort on errors of its input. */
    icalerror_set_errors_are_fatal(0);
    CLEANUP(component_free)
    icalcomponent *root = icalparser_parse_string(plain.ptr);
    if (!root)
        return err_set(err, ERR_STOP, "%.120s: libical cannot read it", file);
    reading.events = ARENA_ARRAY(&scratch, struct icalendar_event, ICALENDAR_EVENTS_MAX);
    reading.days = ARENA_ARRAY(&scratch, struct icalendar_day, ICALENDAR_DAYS_MAX);
    return collect_all(&reading, root, err) && read_all(&reading, lines, err) &&
           settle(&reading, ret, err);
}
