#include "sla/calendar_policy.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/times.h"
#include "zone/zone.h"

#define KEYS(...) ((const char *const[]){__VA_ARGS__, NULL})

static const char *const weekdays[] = {"mon", "tue", "wed", "thu",
                                       "fri", "sat", "sun", NULL};

bool
calendar_date(const struct policy_node *node, int64_t *ret_day, struct err *err)
{
    struct str text = STR_NULL;
    int64_t at_ms = 0;
    if (!policy_as_str(node, &text, err))
        return false;
    if (text.len != 10 || !time_parse_loose(text, &at_ms))
        return policy_error(node, err, "must be a date, YYYY-MM-DD");
    *ret_day = at_ms / DAY_MS - (at_ms % DAY_MS < 0);
    return true;
}

/* "09:00" up to "24:00" */
static bool
read_minute(const struct policy_node *node, int32_t *ret_min, struct err *err)
{
    struct str text = STR_NULL;
    int64_t hour = 0;
    int64_t minute = 0;
    if (!policy_as_str(node, &text, err))
        return false;
    if (text.len != 5 || text.ptr[2] != ':' || !str_to_i64(str_sub(text, 0, 2), &hour) ||
        !str_to_i64(str_sub(text, 3, 2), &minute) || hour < 0 || minute < 0 ||
        minute > 59 || hour * 60 + minute > INT64_C(24) * 60)
        return policy_error(node, err, "must be a time of day, hh:mm");
    *ret_min = (int32_t)(hour * 60 + minute);
    return true;
}

static bool
read_windows(const struct policy_node *node, const char *key, struct calendar_day *day,
             struct err *err)
{
    struct policy_node list;
    if (!policy_array(node, key, true, CALENDAR_WINDOWS, &list, err))
        return false;
    day->n_windows = policy_len(&list);
    for (size_t i = 0; i < day->n_windows; i++) {
        struct policy_node pair = policy_at(&list, i);
        struct calendar_window *window = &day->windows[i];
        if (!json_is_array(pair.json) || policy_len(&pair) != 2)
            return policy_error(&pair, err, "must be [\"hh:mm\", \"hh:mm\"]");
        struct policy_node from = policy_at(&pair, 0);
        struct policy_node to = policy_at(&pair, 1);
        if (!read_minute(&from, &window->from_min, err) ||
            !read_minute(&to, &window->to_min, err))
            return false;
        if (window->from_min >= window->to_min ||
            (i > 0 && window->from_min < day->windows[i - 1].to_min))
            return policy_error(&pair, err, "windows must rise and not overlap");
    }
    return true;
}

static bool
read_week(const struct policy_node *root, struct calendar *calendar, struct err *err)
{
    struct policy_node week;
    if (!policy_object(root, "week", true, &week, err) ||
        !policy_known(&week, weekdays, err))
        return false;
    size_t open = 0;
    for (size_t i = 0; i < 7; i++) {
        if (policy_has(&week, weekdays[i]) &&
            !read_windows(&week, weekdays[i], &calendar->week[i], err))
            return false;
        open += calendar->week[i].n_windows;
    }
    return open > 0 || policy_error(&week, err, "no day of the week is open");
}

/* Windows of a make-up working day that names none: those of the first open weekday. */
static const struct calendar_day *
usual_day(const struct calendar *calendar)
{
    size_t i = 0;
    while (calendar->week[i].n_windows == 0)
        i++;
    return &calendar->week[i];
}

/* "holidays" are closed unless they have windows; "working_days" are open. */
static bool
read_days(const struct policy_node *root, const char *key, bool open,
          struct arena *arena, const struct calendar *calendar, struct calendar_day *days,
          size_t *n_days, struct err *err)
{
    struct policy_node list;
    if (!policy_has(root, key))
        return true;
    if (!policy_array(root, key, true, CALENDAR_DAYS_MAX - *n_days, &list, err))
        return false;
    size_t n = policy_len(&list);
    for (size_t i = 0; i < n; i++) {
        struct policy_node item = policy_at(&list, i);
        struct policy_node date = policy_get(&item, "date");
        struct calendar_day *day = &days[*n_days];
        struct str name = STR_NULL;
        *day = (struct calendar_day){0};
        if (!policy_known(&item, KEYS("date", "name", "windows"), err) ||
            !policy_str(&item, "name", true, &name, err))
            return false;
        if (open)
            *day = *usual_day(calendar);
        day->name = arena_str(arena, name);
        if (!calendar_date(&date, &day->day, err) ||
            (policy_has(&item, "windows") && !read_windows(&item, "windows", day, err)))
            return false;
        (*n_days)++;
    }
    return true;
}

static int
by_day(const void *left, const void *right)
{
    const struct calendar_day *a = left;
    const struct calendar_day *b = right;
    return a->day < b->day ? -1 : a->day > b->day;
}

static bool
read_exceptions(const struct policy_node *root, struct arena *arena,
                struct calendar *calendar, struct err *err)
{
    size_t room = json_array_size(policy_get(root, "holidays").json) +
                  json_array_size(policy_get(root, "working_days").json) + 1;
    if (room > CALENDAR_DAYS_MAX)
        return policy_error(root, err, "at most %d holidays and working days",
                            CALENDAR_DAYS_MAX);
    struct calendar_day *days = ARENA_ARRAY(arena, struct calendar_day, room);
    size_t n = 0;
    if (!read_days(root, "holidays", false, arena, calendar, days, &n, err) ||
        !read_days(root, "working_days", true, arena, calendar, days, &n, err))
        return false;
    qsort(days, n, sizeof(*days), by_day);
    for (size_t i = 1; i < n; i++) {
        int64_t year = 0;
        int month = 0;
        int day = 0;
        civil_from_days(days[i].day, &year, &month, &day);
        if (days[i].day == days[i - 1].day)
            return policy_error(root, err, "%04d-%02d-%02d stands twice", (int)year,
                                month, day);
    }
    calendar->n_days = n;
    calendar->days = days;
    return true;
}

static const struct zone *
find_zone(struct calendar_set *set, struct str name, const struct policy_node *node,
          struct err *err)
{
    for (size_t i = 0; i < set->n_zones; i++) {
        if (str_eq(set->zones[i].name, name))
            return &set->zones[i];
    }
    if (set->n_zones == CALENDAR_SET_MAX) {
        policy_error(node, err, "more than %d time zones", CALENDAR_SET_MAX);
        return NULL;
    }
    if (str_empty(name) || name.len > 60 ||
        !zone_load(name, &set->zones[set->n_zones], err)) {
        policy_error(node, err, "unknown time zone \"%.*s\"; use an IANA name",
                     STR_ARG(name));
        return NULL;
    }
    return &set->zones[set->n_zones++];
}

static bool
keep(struct calendar_set *set, const struct calendar *calendar,
     const struct policy_node *node, struct err *err)
{
    if (set->n_calendars == CALENDAR_SET_MAX)
        return policy_error(node, err, "more than %d calendars", CALENDAR_SET_MAX);
    set->calendars[set->n_calendars++] = calendar;
    return true;
}

static bool
read_calendar(struct calendar_set *set, const struct policy_node *root, struct str name,
              struct err *err)
{
    struct calendar *calendar = ARENA_NEW(&set->arena, struct calendar);
    struct str said = STR_NULL;
    struct str zone = STR_NULL;
    struct str note = STR_NULL;
    if (!policy_known(root,
                      KEYS("name", "version", "zone", "source", "unchecked", "years",
                           "week", "holidays", "working_days"),
                      err) ||
        !policy_str(root, "name", true, &said, err) ||
        !policy_str(root, "version", true, &note, err) ||
        !policy_str(root, "zone", true, &zone, err))
        return false;
    if (!str_eq(said, name) || name.len > 60)
        return policy_error(root, err, "name must be that of the file, at most 60 bytes");
    calendar->name = arena_str(&set->arena, name);
    struct policy_node at = policy_get(root, "zone");
    calendar->zone = find_zone(set, zone, &at, err);
    return calendar->zone && read_week(root, calendar, err) &&
           read_exceptions(root, &set->arena, calendar, err) &&
           keep(set, calendar, root, err);
}

bool
calendar_set_read(struct calendar_set *set, const char *dir, struct str name,
                  char ret_hash[17], struct err *err)
{
    char file[128];
    struct policy_doc doc;
    int n = snprintf(file, sizeof(file), "calendars/%.*s.json", STR_ARG(name));
    if (n < 0 || (size_t)n >= sizeof(file))
        return err_set(err, ERR_STOP, "calendar name too long: %.60s", file);
    if (!policy_read(&doc, dir, file, err))
        return false;
    struct policy_node root = policy_root(&doc);
    bool ok = read_calendar(set, &root, name, err);
    memcpy(ret_hash, doc.hash, sizeof(doc.hash));
    policy_release(&doc);
    return ok;
}

const struct calendar *
calendar_set_find(struct calendar_set *set, struct str name, struct str zone,
                  const struct policy_node *node, struct err *err)
{
    const struct calendar *named = NULL;
    for (size_t i = 0; i < set->n_calendars; i++) {
        const struct calendar *calendar = set->calendars[i];
        if (!str_eq(calendar->name, name))
            continue;
        if (str_is_null(zone) || str_eq(calendar->zone->name, zone))
            return calendar;
        named = calendar;
    }
    if (!named) {
        policy_error(node, err, "calendar \"%.*s\" is not among $.calendars of sla.json",
                     STR_ARG(name));
        return NULL;
    }
    struct calendar *copy = ARENA_NEW(&set->arena, struct calendar);
    *copy = *named;
    copy->zone = find_zone(set, zone, node, err);
    return copy->zone && keep(set, copy, node, err) ? copy : NULL;
}

void
calendar_set_release(struct calendar_set *set)
{
    for (size_t i = 0; i < set->n_zones; i++)
        zone_release(&set->zones[i]);
    arena_release(&set->arena);
    *set = (struct calendar_set){0};
}
