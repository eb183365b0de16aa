#include "sla/calendar_policy.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/times.h"
#include "sla/icalendar.h"
#include "zone/zone.h"

#define KEYS(...) ((const char *const[]){__VA_ARGS__, NULL})

/* How many iCalendar files a calendar may name. */
#define ICALENDAR_FILES_MAX 16
#define YEAR_MIN 1970
#define YEAR_MAX 2099

/* A calendar file while it is read. */
struct reading {
    struct calendar_set *set;
    const char *dir;
    struct calendar *calendar;
    uint64_t hash; /* of the iCalendar files */
    size_t n_from_files;
    struct calendar_day *from_files;
};

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

/* --- years and days ----------------------------------------------------------------- */

/* Years bound what is taken from iCalendar files, and catch a mistyped date. */
static bool
read_years(const struct policy_node *root, struct calendar *calendar, struct err *err)
{
    struct policy_node list;
    if (!policy_has(root, "years"))
        return true;
    if (!policy_array(root, "years", true, 2, &list, err))
        return false;
    json_int_t first = json_integer_value(json_array_get(list.json, 0));
    json_int_t last = json_integer_value(json_array_get(list.json, 1));
    if (policy_len(&list) != 2 || first < YEAR_MIN || last > YEAR_MAX || first > last)
        return policy_error(&list, err, "must be [first, last] within %d to %d", YEAR_MIN,
                            YEAR_MAX);
    calendar->first_year = (int32_t)first;
    calendar->last_year = (int32_t)last;
    return true;
}

static int64_t
first_day_of(int32_t year)
{
    return days_from_civil(year, 1, 1);
}

static bool
is_within_years(const struct calendar *calendar, int64_t day)
{
    return calendar->last_year == 0 || (day >= first_day_of(calendar->first_year) &&
                                        day < first_day_of(calendar->last_year + 1));
}

/* "holidays" are closed unless they have windows; "working_days" are open. */
static bool
read_day(const struct policy_node *item, bool open, struct reading *reading,
         struct calendar_day *day, struct err *err)
{
    struct policy_node date = policy_get(item, "date");
    struct str name = STR_NULL;
    *day = open ? *usual_day(reading->calendar) : (struct calendar_day){0};
    if (!policy_known(item, KEYS("date", "name", "windows"), err) ||
        !policy_str(item, "name", true, &name, err) ||
        !calendar_date(&date, &day->day, err) ||
        (policy_has(item, "windows") && !read_windows(item, "windows", day, err)))
        return false;
    if (name.len > ICALENDAR_NAME_MAX)
        return policy_error(item, err, "name: at most %d bytes", ICALENDAR_NAME_MAX);
    if (!is_within_years(reading->calendar, day->day))
        return policy_error(&date, err, "lies outside years");
    if (open && day->n_windows == 0)
        return policy_error(item, err, "a working day needs windows; [] is a holiday");
    day->name = arena_str(&reading->set->arena, name);
    return true;
}

static bool
read_days(const struct policy_node *root, const char *key, bool open,
          struct reading *reading, struct calendar_day *days, size_t *n_days,
          struct err *err)
{
    struct policy_node list;
    if (!policy_has(root, key))
        return true;
    if (!policy_array(root, key, true, CALENDAR_DAYS_MAX - *n_days, &list, err))
        return false;
    for (size_t i = 0; i < policy_len(&list); i++) {
        struct policy_node item = policy_at(&list, i);
        if (!read_day(&item, open, reading, &days[*n_days], err))
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
twice(const struct policy_node *root, int64_t day, const char *what, struct err *err)
{
    int64_t year = 0;
    int month = 0;
    int in_month = 0;
    civil_from_days(day, &year, &month, &in_month);
    return policy_error(root, err, "%04d-%02d-%02d %s", (int)year, month, in_month, what);
}

/* --- iCalendar files ---------------------------------------------------------------- */

/* A name in the folder of the calendars, nothing beyond it. */
static bool
is_file_name(struct str name)
{
    if (name.len > 80 || !str_ends(name, STR(".ics")) || name.ptr[0] == '.')
        return false;
    for (size_t i = 0; i < name.len; i++) {
        char c = ascii_lower(name.ptr[i]);
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-' ||
              c == '_'))
            return false;
    }
    return true;
}

static bool
read_text(const char *path, struct buf *text, struct err *err)
{
    char bytes[16384];
    FILE *in = fopen(path, "rb");
    if (!in)
        return err_set(err, ERR_STOP, "%s: cannot open", path);
    buf_init(text, ICALENDAR_BYTES_MAX + sizeof(bytes));
    size_t n = 0;
    while (text->len <= ICALENDAR_BYTES_MAX &&
           (n = fread(bytes, 1, sizeof(bytes), in)) > 0)
        buf_add(text, bytes, n);
    bool failed = ferror(in) != 0;
    (void)fclose(in);
    return !failed || err_set(err, ERR_STOP, "%s: cannot read", path);
}

static void
take_day(struct reading *reading, const struct icalendar_day *from)
{
    struct calendar *calendar = reading->calendar;
    struct calendar_day *day = &reading->from_files[reading->n_from_files++];
    *day = from->is_open ? *usual_day(calendar) : (struct calendar_day){0};
    day->day = from->day;
    day->name = from->name;
    if (from->is_tentative &&
        (!calendar->has_tentative || from->day < calendar->tentative_day)) {
        calendar->has_tentative = true;
        calendar->tentative_day = from->day;
    }
}

static bool
read_file(struct reading *reading, const struct policy_node *node, struct str name,
          struct err *err)
{
    CLEANUP(buf_release) struct buf text = {0};
    struct calendar *calendar = reading->calendar;
    struct icalendar days = {0};
    char path[512];
    if (!is_file_name(name))
        return policy_error(node, err, "must name an .ics file in calendars/");
    int n =
        snprintf(path, sizeof(path), "%s/calendars/%.*s", reading->dir, STR_ARG(name));
    if (n < 0 || (size_t)n >= sizeof(path))
        return policy_error(node, err, "the path is too long");
    if (!read_text(path, &text, err) ||
        !icalendar_read(buf_str(&text), path, first_day_of(calendar->first_year),
                        first_day_of(calendar->last_year + 1) - 1, &reading->set->arena,
                        &days, err))
        return false;
    for (size_t i = 0; i < text.len; i++)
        reading->hash =
            (reading->hash ^ (unsigned char)text.ptr[i]) * UINT64_C(0x100000001b3);
    if (days.n_days > CALENDAR_DAYS_MAX - reading->n_from_files)
        return policy_error(node, err, "more than %d days in all files",
                            CALENDAR_DAYS_MAX);
    for (size_t i = 0; i < days.n_days; i++)
        take_day(reading, &days.days[i]);
    return true;
}

/* Days that several files have; they must agree. */
static bool
settle_files(const struct policy_node *root, struct reading *reading, struct err *err)
{
    struct calendar_day *days = reading->from_files;
    size_t n = 0;
    qsort(days, reading->n_from_files, sizeof(*days), by_day);
    for (size_t i = 0; i < reading->n_from_files; i++) {
        if (n == 0 || days[n - 1].day != days[i].day)
            days[n++] = days[i];
        else if ((days[n - 1].n_windows > 0) != (days[i].n_windows > 0))
            return twice(root, days[i].day,
                         "is a holiday in one .ics file and worked in another", err);
    }
    reading->n_from_files = n;
    return true;
}

/* "icalendar": ["GB.ics", ...], or "holidays": "GB.ics". */
static bool
read_files(const struct policy_node *root, struct reading *reading, struct err *err)
{
    struct policy_node list;
    struct policy_node holidays = policy_get(root, "holidays");
    struct str name = STR_NULL;
    if (!policy_has(root, "icalendar") && !json_is_string(holidays.json))
        return true;
    if (reading->calendar->last_year == 0)
        return policy_error(root, err,
                            "years must say which years the iCalendar files cover");
    reading->from_files =
        ARENA_ARRAY(&reading->set->arena, struct calendar_day, CALENDAR_DAYS_MAX);
    if (json_is_string(holidays.json) && (!policy_as_str(&holidays, &name, err) ||
                                          !read_file(reading, &holidays, name, err)))
        return false;
    if (!policy_has(root, "icalendar"))
        return true;
    if (!policy_array(root, "icalendar", true, ICALENDAR_FILES_MAX, &list, err))
        return false;
    for (size_t i = 0; i < policy_len(&list); i++) {
        struct policy_node item = policy_at(&list, i);
        if (!policy_as_str(&item, &name, err) || !read_file(reading, &item, name, err))
            return false;
    }
    return settle_files(root, reading, err);
}

/* Days of the JSON file stand over those of iCalendar files. */
static void
merge(struct reading *reading, const struct calendar_day *own, size_t n_own)
{
    struct calendar *calendar = reading->calendar;
    const struct calendar_day *files = reading->from_files;
    size_t n_files = reading->n_from_files;
    struct calendar_day *days =
        ARENA_ARRAY(&reading->set->arena, struct calendar_day, n_own + n_files + 1);
    size_t n = 0;
    for (size_t i = 0, j = 0; i < n_own || j < n_files;) {
        if (j == n_files || (i < n_own && own[i].day <= files[j].day)) {
            j += j < n_files && own[i].day == files[j].day;
            days[n++] = own[i++];
        } else {
            days[n++] = files[j++];
        }
    }
    calendar->n_days = n;
    calendar->days = days;
}

static bool
read_exceptions(const struct policy_node *root, struct reading *reading, struct err *err)
{
    struct policy_node holidays = policy_get(root, "holidays");
    size_t room = json_array_size(holidays.json) +
                  json_array_size(policy_get(root, "working_days").json) + 1;
    if (room > CALENDAR_DAYS_MAX)
        return policy_error(root, err, "at most %d holidays and working days",
                            CALENDAR_DAYS_MAX);
    struct calendar_day *days =
        ARENA_ARRAY(&reading->set->arena, struct calendar_day, room);
    size_t n = 0;
    if ((!json_is_string(holidays.json) &&
         !read_days(root, "holidays", false, reading, days, &n, err)) ||
        !read_days(root, "working_days", true, reading, days, &n, err) ||
        !read_files(root, reading, err))
        return false;
    qsort(days, n, sizeof(*days), by_day);
    for (size_t i = 1; i < n; i++) {
        if (days[i].day == days[i - 1].day)
            return twice(root, days[i].day, "stands twice", err);
    }
    merge(reading, days, n);
    return true;
}

/* --- the calendar ------------------------------------------------------------------- */

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
read_calendar(struct reading *reading, const struct policy_node *root, struct str name,
              struct err *err)
{
    struct calendar_set *set = reading->set;
    struct calendar *calendar = reading->calendar;
    struct str said = STR_NULL;
    struct str zone = STR_NULL;
    struct str note = STR_NULL;
    if (!policy_known(root,
                      KEYS("name", "version", "zone", "source", "unchecked", "years",
                           "week", "icalendar", "holidays", "working_days"),
                      err) ||
        !policy_str(root, "name", true, &said, err) ||
        !policy_str(root, "version", true, &note, err) ||
        !policy_str(root, "zone", true, &zone, err) ||
        !policy_str(root, "source", false, &note, err) ||
        !policy_str(root, "unchecked", false, &note, err))
        return false;
    if (!str_eq(said, name) || name.len > 60)
        return policy_error(root, err, "name must be that of the file, at most 60 bytes");
    calendar->name = arena_str(&set->arena, name);
    struct policy_node at = policy_get(root, "zone");
    calendar->zone = find_zone(set, zone, &at, err);
    return calendar->zone && read_week(root, calendar, err) &&
           read_years(root, calendar, err) && read_exceptions(root, reading, err) &&
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
    struct reading reading = {.set = set,
                              .dir = dir,
                              .calendar = ARENA_NEW(&set->arena, struct calendar),
                              .hash = UINT64_C(0xcbf29ce484222325)};
    bool ok = read_calendar(&reading, &root, name, err);
    /* A changed holiday file is another policy, as a changed JSON file is. */
    for (size_t i = 0; doc.hash[i]; i++)
        reading.hash =
            (reading.hash ^ (unsigned char)doc.hash[i]) * UINT64_C(0x100000001b3);
    (void)snprintf(ret_hash, 17, "%016llx", (unsigned long long)reading.hash);
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
