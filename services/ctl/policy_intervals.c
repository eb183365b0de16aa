#include "ctl/policy_intervals.h"

#include <jansson.h>
#include <stdlib.h>

#include "base/times.h"

struct walk {
    struct arena *arena;
    const struct told_clock *clock;
    const struct calendar *calendar;
    struct target target;
    int64_t received_day; /* local */
    int64_t days_counted;
    size_t n;
    size_t room;
    struct interval *items;
};

/* --- targets ------------------------------------------------------------------------ */

static bool
read_unit(const json_t *json, struct target *target)
{
    static const struct {
        const char *key;
        enum target_unit unit;
    } units[] = {{"hours", TARGET_UNIT_HOURS},
                 {"days", TARGET_UNIT_DAYS},
                 {"weeks", TARGET_UNIT_WEEKS},
                 {"months", TARGET_UNIT_MONTHS},
                 {"business_days", TARGET_UNIT_BUSINESS_DAYS},
                 {"business_minutes", TARGET_UNIT_BUSINESS_MINUTES}};
    for (size_t i = 0; i < COUNT_OF(units); i++) {
        json_int_t n = json_integer_value(json_object_get(json, units[i].key));
        if (n < 1 || n > INT32_MAX)
            continue;
        target->unit = units[i].unit;
        target->n = (int32_t)n;
        return true;
    }
    return false;
}

bool
account_target(struct str text, struct target *ret, int64_t *ret_due_ms)
{
    json_error_t fault;
    json_t *json = json_loadb(text.ptr ? text.ptr : "", text.len, 0, &fault);
    struct target target = {.unit = TARGET_UNIT_GIVEN};
    struct str until = str_from(json_string_value(json_object_get(json, "until")));
    bool ok = read_unit(json, &target);
    if (ok && str_is_null(until))
        target.until = target.unit == TARGET_UNIT_BUSINESS_DAYS ? TARGET_UNTIL_END_OF_DAY
                                                                : TARGET_UNTIL_TIME;
    else if (ok)
        ok = target_until_parse(until, &target.until);
    else
        ok = time_parse(until, ret_due_ms);
    json_decref(json);
    if (ok)
        *ret = target;
    return ok;
}

/* --- the list ----------------------------------------------------------------------- */

/* merge: an equal neighbour grows instead. */
static void
add(struct walk *walk, int64_t from_ms, int64_t to_ms, bool counted, struct str why,
    bool merge)
{
    struct interval *last = walk->n ? &walk->items[walk->n - 1] : NULL;
    if (to_ms <= from_ms)
        return;
    if (merge && last && last->counted == counted && str_eq(last->why, why)) {
        last->to_ms = to_ms;
        return;
    }
    if (walk->n == walk->room) {
        size_t room = walk->room ? walk->room * 2 : 32;
        struct interval *items = ARENA_ARRAY(walk->arena, struct interval, room);
        if (walk->n)
            memcpy(items, walk->items, walk->n * sizeof(*items));
        walk->items = items;
        walk->room = room;
    }
    walk->items[walk->n++] = (struct interval){from_ms, to_ms, counted, why};
}

/* --- why a day is open or closed ---------------------------------------------------- */

static const struct calendar_day *
plain_day(const struct calendar *calendar, int64_t day)
{
    int64_t weekday = (day + 3) % 7; /* 1970-01-01 was a Thursday */
    return &calendar->week[weekday < 0 ? weekday + 7 : weekday];
}

static struct str
closed_why(const struct walk *walk, int64_t day)
{
    const struct calendar_day *on = calendar_on(walk->calendar, day);
    bool saturday_or_sunday = (((day + 3) % 7 + 7) % 7) >= 5;
    if (!str_empty(on->name))
        return arena_printf(walk->arena, "holiday: %.*s", STR_ARG(on->name));
    if (on != plain_day(walk->calendar, day))
        return STR("holiday");
    return saturday_or_sunday ? STR("weekend") : STR("closed on this day of the week");
}

/* Open though the week says closed: 调休. */
static bool
is_make_up(const struct walk *walk, int64_t day)
{
    return plain_day(walk->calendar, day)->n_windows == 0 &&
           calendar_on(walk->calendar, day)->n_windows > 0;
}

static struct str
open_why(const struct walk *walk, int64_t day, const char *what)
{
    const struct calendar_day *on = calendar_on(walk->calendar, day);
    if (is_make_up(walk, day))
        return str_empty(on->name)
                   ? STR("make-up working day")
                   : arena_printf(walk->arena, "make-up working day (%.*s)",
                                  STR_ARG(on->name));
    if (!str_empty(on->name))
        return arena_printf(walk->arena, "%s (%.*s)", what, STR_ARG(on->name));
    return str_from(what);
}

/* --- stretches by unit -------------------------------------------------------------- */

static const struct str OUTSIDE = {"outside business hours", 22};

static struct str
gap_why(const struct calendar_window *before, const struct calendar_window *after)
{
    bool midday = before->to_min >= 10 * 60 + 30 && after->from_min <= 15 * 60 + 30 &&
                  after->from_min - before->to_min <= 180;
    return midday ? STR("lunch break") : STR("break between business hours");
}

/* One local day of business minutes, cut to [from_ms, to_ms). */
static void
add_windows(struct walk *walk, int64_t day, int64_t from_ms, int64_t to_ms)
{
    const struct zone *zone = walk->calendar->zone;
    const struct calendar_day *on = calendar_on(walk->calendar, day);
    if (on->n_windows == 0) {
        add(walk, from_ms, to_ms, false, closed_why(walk, day), true);
        return;
    }
    struct str why = open_why(walk, day, "business hours");
    int64_t at_ms = from_ms;
    for (size_t i = 0; i < on->n_windows; i++) {
        const struct calendar_window *window = &on->windows[i];
        int64_t open = zone_to_utc(zone, day * DAY_MS + window->from_min * MINUTE_MS);
        int64_t close = zone_to_utc(zone, day * DAY_MS + window->to_min * MINUTE_MS);
        int64_t open_ms = i64_min(i64_max(open, at_ms), to_ms);
        int64_t close_ms = i64_min(i64_max(close, open_ms), to_ms);
        add(walk, at_ms, open_ms, false, i ? gap_why(window - 1, window) : OUTSIDE, true);
        add(walk, open_ms, close_ms, true, why, true);
        at_ms = i64_max(at_ms, close_ms);
    }
    add(walk, at_ms, to_ms, false, OUTSIDE, true);
}

static void
add_business_day(struct walk *walk, int64_t day, int64_t from_ms, int64_t to_ms)
{
    if (day <= walk->received_day) {
        add(walk, from_ms, to_ms, false, STR("day of receipt does not count"), true);
        return;
    }
    if (!calendar_is_open_day(walk->calendar, day)) {
        add(walk, from_ms, to_ms, false, closed_why(walk, day), true);
        return;
    }
    struct str why = open_why(walk, day, "business day");
    walk->days_counted++;
    if (walk->clock->n_pauses == 0)
        why = arena_printf(walk->arena, "%.*s, %lld of %d", STR_ARG(why),
                           (long long)walk->days_counted, (int)walk->target.n);
    add(walk, from_ms, to_ms, true, why, false);
}

static void
add_by_day(struct walk *walk, int64_t from_ms, int64_t to_ms,
           void (*fn)(struct walk *walk, int64_t day, int64_t from_ms, int64_t to_ms))
{
    int64_t day = calendar_local_day(walk->calendar, from_ms);
    while (from_ms < to_ms) {
        /* A day that the zone leaves out has no length. */
        int64_t end = i64_min(calendar_day_start(walk->calendar, day + 1), to_ms);
        if (end > from_ms)
            fn(walk, day, from_ms, end);
        from_ms = i64_max(from_ms, end);
        day++;
    }
}

static struct str
days_why(const struct walk *walk)
{
    static const char *const NAMES[TARGET_UNIT_COUNT] = {
        [TARGET_UNIT_DAYS] = "calendar day",
        [TARGET_UNIT_WEEKS] = "week",
        [TARGET_UNIT_MONTHS] = "month",
    };
    bool one = walk->target.n == 1;
    const char *until = walk->target.until == TARGET_UNTIL_END_OF_DAY
                            ? "to its end (end_of_day)"
                            : "to the time of day of the start";
    return arena_printf(walk->arena, "%d %s%s, %s%s", (int)walk->target.n,
                        NAMES[walk->target.unit], one ? "" : "s",
                        one ? "" : "the last one ", until);
}

static void
add_days(struct walk *walk, int64_t from_ms, int64_t to_ms)
{
    int64_t first = calendar_day_start(walk->calendar, walk->received_day + 1);
    add(walk, from_ms, i64_min(to_ms, first), false, STR("day of receipt does not count"),
        true);
    add(walk, i64_max(from_ms, first), to_ms, true, days_why(walk), true);
}

static void
add_stretch(struct walk *walk, int64_t from_ms, int64_t to_ms)
{
    if (to_ms <= from_ms)
        return;
    switch (walk->target.unit) {
    case TARGET_UNIT_HOURS:
        add(walk, from_ms, to_ms, true, STR("elapsed time"), true);
        break;
    case TARGET_UNIT_GIVEN:
        add(walk, from_ms, to_ms, true, STR("until the time that was promised"), true);
        break;
    case TARGET_UNIT_DAYS:
    case TARGET_UNIT_WEEKS:
    case TARGET_UNIT_MONTHS:
        add_days(walk, from_ms, to_ms);
        break;
    case TARGET_UNIT_BUSINESS_DAYS:
        add_by_day(walk, from_ms, to_ms, add_business_day);
        break;
    case TARGET_UNIT_BUSINESS_MINUTES:
        add_by_day(walk, from_ms, to_ms, add_windows);
        break;
    case TARGET_UNIT_COUNT:
        break;
    }
}

/* --- pauses and extensions ---------------------------------------------------------- */

/* From from_ms to to_ms: pauses cut out of what else there is. rest: null, or what all
 * the rest is (an extension, not counted). */
static void
add_range(struct walk *walk, int64_t from_ms, int64_t to_ms, struct str rest)
{
    const struct told_clock *clock = walk->clock;
    int64_t at_ms = from_ms;
    for (size_t i = 0; i <= clock->n_pauses; i++) {
        bool end = i == clock->n_pauses;
        const struct told_pause *pause = &clock->pauses[i];
        int64_t pause_from = end ? to_ms : i64_min(i64_max(pause->from_ms, at_ms), to_ms);
        if (str_is_null(rest))
            add_stretch(walk, at_ms, pause_from);
        else
            add(walk, at_ms, pause_from, false, rest, true);
        if (end)
            return;
        bool open = pause->to_ms == TIME_NONE;
        int64_t pause_to =
            open ? to_ms : i64_min(i64_max(pause->to_ms, pause_from), to_ms);
        struct str why =
            open ? arena_printf(walk->arena, "%.*s, still", STR_ARG(pause->why))
                 : pause->why;
        add(walk, pause_from, pause_to, false, why, true);
        at_ms = pause_to;
    }
}

/* The due time as pauses and (if asked for) extensions move it, in their order. */
static int64_t
moved_due(const struct walk *walk, int64_t due_ms, bool with_extensions)
{
    const struct told_clock *clock = walk->clock;
    size_t e = 0;
    for (size_t i = 0; i <= clock->n_pauses; i++) {
        bool end = i == clock->n_pauses;
        const struct told_pause *pause = &clock->pauses[i];
        for (; with_extensions && e < clock->n_extensions &&
               (end || pause->to_ms == TIME_NONE ||
                clock->extensions[e].at_ms < pause->to_ms);
             e++)
            due_ms = i64_max(due_ms, clock->extensions[e].until_ms);
        if (!end && pause->to_ms != TIME_NONE)
            due_ms =
                target_after_pause(walk->target.unit, walk->target.until, walk->calendar,
                                   due_ms, pause->from_ms, pause->to_ms);
    }
    return due_ms;
}

static struct str
extension_why(const struct walk *walk)
{
    const struct told_clock *clock = walk->clock;
    const struct told_extension *best = &clock->extensions[0];
    char text[TIME_TEXT_BYTES];
    for (size_t i = 1; i < clock->n_extensions; i++)
        if (clock->extensions[i].until_ms >= best->until_ms)
            best = &clock->extensions[i];
    struct str why =
        arena_printf(walk->arena, "extension until %s", time_print(best->until_ms, text));
    if (!str_empty(best->approver))
        why = arena_printf(walk->arena, "%.*s (approved by %.*s%s%.*s)", STR_ARG(why),
                           STR_ARG(str_cut_utf8(best->approver, 200)),
                           str_empty(best->reason) ? "" : "; ",
                           STR_ARG(str_cut_utf8(best->reason, 300)));
    return why;
}

/* --- the account -------------------------------------------------------------------- */

/* A stretch of time outside business hours that has a midnight in it is a night. */
static void
name_nights(struct walk *walk)
{
    for (size_t i = 0; i < walk->n; i++) {
        struct interval *item = &walk->items[i];
        if (str_eq(item->why, OUTSIDE) &&
            calendar_local_day(walk->calendar, item->from_ms) !=
                calendar_local_day(walk->calendar, item->to_ms - 1))
            item->why = STR("night");
    }
}

/* By how much pauses moved a target that is counted in business time. */
static struct str
pauses_note(const struct walk *walk)
{
    int64_t business_ms = 0;
    if (!target_is_business(walk->target.unit) || walk->clock->n_pauses == 0)
        return STR_NULL;
    for (size_t i = 0; i < walk->clock->n_pauses; i++)
        business_ms += calendar_between_ms(walk->calendar, walk->clock->pauses[i].from_ms,
                                           walk->clock->pauses[i].to_ms);
    return arena_printf(
        walk->arena,
        "there were %lld h %02d min of business time in the pauses: by so "
        "much the due time moved",
        (long long)(business_ms / HOUR_MS), (int)(business_ms / MINUTE_MS % 60));
}

static struct str
note_of(const struct walk *walk, const struct account *account)
{
    const struct told_clock *clock = walk->clock;
    char text[TIME_TEXT_BYTES];
    if (clock->pauses_lost)
        return STR("some pauses are not in the events that are left: the intervals "
                   "around them are not exact");
    if (!account->reproduced)
        return arena_printf(
            walk->arena,
            "counting with calendar %.*s as it is now gives %s: the calendar was changed "
            "since; the due time that was set stands",
            STR_ARG(walk->calendar->name), time_print(account->counts_to, text));
    /* Only the recovery window can: until it ends nothing may go wrong. */
    if (clock->row.has_breached_at && clock->row.breached_at < clock->row.due_at)
        return STR("breached before it was due: the customer came back, or was not "
                   "content, within it");
    for (size_t i = 0; i < clock->n_pauses; i++)
        if (clock->pauses[i].to_ms == TIME_NONE)
            return STR("paused: the due time moves later by the pause when it ends");
    return pauses_note(walk);
}

static struct account
unknown(struct arena *arena, const struct told_clock *clock)
{
    struct interval *all = ARENA_NEW(arena, struct interval);
    *all = (struct interval){clock->row.started_at, clock->row.due_at, false,
                             STR("not explained: see note")};
    return (struct account){
        .n = clock->row.due_at > clock->row.started_at,
        .intervals = all,
        .counts_to = clock->row.due_at,
        .note = STR("the calendar or the target that it was counted with is not known "
                    "any more"),
    };
}

struct account
account_of(struct arena *arena, const struct told_clock *clock,
           const struct calendar *calendar)
{
    const struct sla_clock *row = &clock->row;
    struct walk walk = {.arena = arena, .clock = clock, .calendar = calendar};
    int64_t base_ms = row->due_at;
    if (!calendar || !account_target(row->target, &walk.target, &base_ms))
        return unknown(arena, clock);
    walk.received_day = calendar_local_day(calendar, row->started_at);
    if (walk.target.unit != TARGET_UNIT_GIVEN)
        base_ms = target_due(&walk.target, calendar, row->started_at);

    struct account account = {.counts_to = moved_due(&walk, base_ms, true)};
    account.reproduced = account.counts_to == row->due_at;
    int64_t plain_ms = row->due_at;
    if (clock->n_extensions > 0)
        plain_ms = i64_max(row->started_at,
                           i64_min(moved_due(&walk, base_ms, false), row->due_at));
    add_range(&walk, row->started_at, plain_ms, STR_NULL);
    if (plain_ms < row->due_at)
        add_range(&walk, plain_ms, row->due_at, extension_why(&walk));
    name_nights(&walk);
    account.note = note_of(&walk, &account);
    account.n = walk.n;
    account.intervals = walk.items;
    for (size_t i = 0; i < walk.n; i++) {
        if (!walk.items[i].counted)
            continue;
        account.counted_ms += walk.items[i].to_ms - walk.items[i].from_ms;
        account.n_counted++;
    }
    return account;
}
