/* cmd_policy_explain.c - policy explain: why each clock of a case is due when it is.
 *
 * Read from complaints.routed, the system of record: one partition, from its beginning.
 * PostgreSQL is not asked. */
#include <jansson.h>
#include <stdio.h>

#include "base/times.h"
#include "ctl/ctl.h"
#include "ctl/policy_intervals.h"
#include "ctl/show.h"
#include "ident/ident.h"
#include "sla/sla_policy.h"

const char policy_explain_help[] =
    "  For each start of each clock: the policy pinned to it, its target, and every\n"
    "  interval from its start to its due time, counted (+) or left out (-), with the\n"
    "  reason. Text is in the clock's zone, JSON in UTC. Reads complaints.routed;\n"
    "  PostgreSQL may be away. Unknown complaint: exit 1.\n"
    "  --json  one object: complaint_id, clocks[clock, start_no, promise_id, policy,\n"
    "          policy_version, zone, calendar, target, started_at, due_at, status, "
    "met_at,\n"
    "          breached_at, extended_until, paused_seconds, counted_seconds, "
    "reproduced,\n"
    "          note, intervals[from, to, counted, why]]\n";

struct explain {
    struct arena arena; /* of the answer  */
    struct arena event; /* of one message */
    struct told_case told;
    const struct sla_policy *policy;
    struct zone zones[64]; /* in clocks, but in no policy file any more */
    size_t n_zones;
    struct err err;
};

/* --- reading ------------------------------------------------------------------------ */

static bool
take_message(void *ctx, const struct kafka_message *message)
{
    struct explain *explain = ctx;
    struct str id = explain->told.complaint_id;
    struct complaint_event ev;
    /* A case is a few messages among millions: most need no decoding. */
    if (message->value.len < id.len ||
        !memmem(message->value.ptr, message->value.len, id.ptr, id.len))
        return true;
    if (!wire_decode(&complaint_event_wire, message->value, &explain->event, &ev,
                     &explain->err)) {
        explain->err.action = ERR_STOP;
        return false;
    }
    told_case_take(&explain->told, &ev);
    arena_clear(&explain->event);
    return true;
}

static bool
read_case(const struct ctl *ctl, struct explain *explain, struct str key, struct err *err)
{
    int32_t partitions = 0;
    if (!scan_partitions(ctl, "complaints.routed", &partitions, err))
        return false;
    struct scan_part part = {.partition = scan_partition_of(key, partitions)};
    if (!scan_part(ctl, "complaints.routed", part, take_message, explain, err))
        return false;
    *err = explain->err;
    return explain->err.action == ERR_NONE;
}

/* --- calendars ---------------------------------------------------------------------- */

/* What a clock was started with, where its first event did not say: what the policy of
 * that name says now. */
static const struct calendar *
calendar_by_policy(const struct sla_policy *policy, struct str name)
{
    for (size_t i = 0; i < policy->n_presets; i++)
        if (str_eq(policy->presets[i].name, name))
            return policy->presets[i].calendar;
    for (size_t i = 0; i < policy->n_policies; i++)
        if (str_eq(policy->policies[i].name, name))
            return policy->policies[i].calendar;
    return NULL;
}

static const struct zone *
zone_of(struct explain *explain, struct str name)
{
    struct err ignored;
    for (size_t i = 0; i < explain->policy->n_calendars; i++)
        if (str_eq(explain->policy->calendars[i]->zone->name, name))
            return explain->policy->calendars[i]->zone;
    for (size_t i = 0; i < explain->n_zones; i++)
        if (str_eq(explain->zones[i].name, name))
            return &explain->zones[i];
    if (explain->n_zones == COUNT_OF(explain->zones) || str_empty(name) ||
        !zone_load(name, &explain->zones[explain->n_zones], &ignored))
        return NULL;
    return &explain->zones[explain->n_zones++];
}

/* The calendar of that name in that zone; a target of elapsed or calendar time needs no
 * more than the zone. */
static const struct calendar *
calendar_of(struct explain *explain, const struct told_clock *clock)
{
    const struct sla_policy *policy = explain->policy;
    if (str_empty(clock->row.calendar))
        return calendar_by_policy(policy, clock->row.policy);
    const struct calendar *named = NULL;
    for (size_t i = 0; i < policy->n_calendars; i++) {
        const struct calendar *calendar = policy->calendars[i];
        if (!str_eq(calendar->name, clock->row.calendar))
            continue;
        if (str_eq(calendar->zone->name, clock->row.zone))
            return calendar;
        named = calendar;
    }
    struct target target;
    int64_t due_ms = 0;
    const struct zone *zone = zone_of(explain, clock->row.zone);
    if (!zone || !account_target(clock->row.target, &target, &due_ms) ||
        (!named && target_is_business(target.unit)))
        return NULL;
    struct calendar *copy = ARENA_NEW(&explain->arena, struct calendar);
    if (named)
        *copy = *named;
    copy->name = clock->row.calendar;
    copy->zone = zone;
    return copy;
}

/* --- text --------------------------------------------------------------------------- */

static void
add_local(struct buf *out, const struct zone *zone, int64_t ms, bool fill)
{
    static const char *const DAYS[] = {"Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"};
    int64_t local = zone ? zone_to_local(zone, ms) : ms;
    int64_t day = local / DAY_MS - (local % DAY_MS < 0);
    int64_t second = (local - day * DAY_MS) / SECOND_MS;
    int64_t year = 0;
    int month = 0;
    int date = 0;
    civil_from_days(day, &year, &month, &date);
    buf_printf(out, "%s %04d-%02d-%02d %02d:%02d", DAYS[(day % 7 + 7) % 7], (int)year,
               month, date, (int)(second / 3600), (int)(second / 60 % 60));
    if (second % 60)
        buf_printf(out, ":%02d", (int)(second % 60));
    else if (fill)
        buf_add_c(out, "   ");
}

static void
add_span(struct buf *out, int64_t ms)
{
    char text[48];
    int64_t minutes = ms / MINUTE_MS;
    if (ms >= 2 * DAY_MS)
        (void)snprintf(text, sizeof(text), "%lld d %02d h %02d min",
                       (long long)(minutes / 1440), (int)(minutes / 60 % 24),
                       (int)(minutes % 60));
    else
        (void)snprintf(text, sizeof(text), "%lld h %02d min", (long long)(minutes / 60),
                       (int)(minutes % 60));
    buf_printf(out, "%16s", text);
}

static void
print_moment(struct buf *out, const char *what, const struct zone *zone, int64_t ms)
{
    buf_printf(out, "  %-9s", what);
    add_local(out, zone, ms, false);
    buf_add_char(out, '\n');
}

/* Where an interval's reason (3 further on for each time with seconds) and a note begin:
 * what handlers wrote may be long, and goes through show_wrap(). */
enum { WHY_COLUMN = 68, NOTE_COLUMN = 11 };

static bool
has_seconds(const struct account *account)
{
    bool any = false;
    for (size_t i = 0; i < account->n; i++)
        any |= account->intervals[i].from_ms % MINUTE_MS >= SECOND_MS ||
               account->intervals[i].to_ms % MINUTE_MS >= SECOND_MS;
    return any;
}

static void
print_clock(struct buf *out, const struct told_clock *clock,
            const struct calendar *calendar, const struct account *account)
{
    const struct sla_clock *row = &clock->row;
    const struct zone *zone = calendar ? calendar->zone : NULL;
    CLEANUP(buf_release) struct buf text = {0};
    buf_printf(&text, "%s%s%.*s #%d: %s", clock_name(row->clock),
               str_empty(row->promise_id) ? "" : " ", STR_ARG(row->promise_id),
               (int)row->start_no, clock_status_name(row->status));
    buf_add_char(out, '\n');
    show_wrap(out, 0, 4, buf_str(&text));
    buf_clear(&text);
    buf_printf(&text, "%.*s %.*s, target %.*s", STR_ARG(row->policy),
               STR_ARG(row->policy_version), STR_ARG(row->target));
    buf_add_c(out, "  policy   ");
    show_wrap(out, NOTE_COLUMN, NOTE_COLUMN, buf_str(&text));
    buf_printf(out, "  counted  in %.*s, calendar %.*s\n",
               STR_ARG(zone ? zone->name : STR("UTC")),
               STR_ARG(calendar ? calendar->name : STR("unknown")));
    print_moment(out, "started", zone, row->started_at);
    bool seconds = has_seconds(account);
    size_t column = WHY_COLUMN + (seconds ? 6 : 0);
    for (size_t i = 0; i < account->n; i++) {
        const struct interval *item = &account->intervals[i];
        buf_add_c(out, item->counted ? "    + " : "    - ");
        add_local(out, zone, item->from_ms, seconds);
        buf_add_c(out, " to ");
        add_local(out, zone, item->to_ms, seconds);
        add_span(out, item->to_ms - item->from_ms);
        buf_add_c(out, "  ");
        show_wrap(out, column, column, item->why);
    }
    print_moment(out, "due", zone, row->due_at);
    if (row->has_met_at)
        print_moment(out, "met", zone, row->met_at);
    if (row->has_breached_at)
        print_moment(out, "breached", zone, row->breached_at);
    buf_add_c(out, "  counted ");
    add_span(out, account->counted_ms);
    buf_printf(out, " in %zu interval%s\n", account->n_counted,
               account->n_counted == 1 ? "" : "s");
    if (str_is_null(account->note))
        return;
    buf_add_c(out, "  note     ");
    show_wrap(out, NOTE_COLUMN, NOTE_COLUMN, account->note);
}

/* --- JSON --------------------------------------------------------------------------- */

static void
add_time(struct buf *out, const char *name, int64_t ms)
{
    char text[TIME_TEXT_BYTES];
    buf_printf(out, "\"%s\":\"%s\"", name, time_print(ms, text));
}

static void
add_text(struct buf *out, const char *name, struct str value)
{
    buf_printf(out, "\"%s\":", name);
    if (str_is_null(value))
        buf_add_c(out, "null");
    else
        buf_add_json(out, value);
}

static void
add_intervals(struct buf *out, const struct account *account)
{
    buf_add_c(out, "\"intervals\":[");
    for (size_t i = 0; i < account->n; i++) {
        const struct interval *item = &account->intervals[i];
        buf_add_c(out, i ? ",{" : "{");
        add_time(out, "from", item->from_ms);
        buf_add_char(out, ',');
        add_time(out, "to", item->to_ms);
        buf_printf(out, ",\"counted\":%s,", item->counted ? "true" : "false");
        add_text(out, "why", item->why);
        buf_add_char(out, '}');
    }
    buf_add_char(out, ']');
}

static bool
is_json(struct str text)
{
    json_error_t fault;
    json_t *json = json_loadb(text.ptr ? text.ptr : "", text.len, 0, &fault);
    bool ok = json_is_object(json);
    json_decref(json);
    return ok;
}

static void
add_clock(struct buf *out, const struct told_clock *clock,
          const struct calendar *calendar, const struct account *account)
{
    const struct sla_clock *row = &clock->row;
    char text[TIME_TEXT_BYTES];
    buf_printf(out, "{\"clock\":\"%s\",\"start_no\":%d,", clock_name(row->clock),
               (int)row->start_no);
    add_text(out, "promise_id", row->promise_id);
    buf_add_char(out, ',');
    add_text(out, "policy", row->policy);
    buf_add_char(out, ',');
    add_text(out, "policy_version", row->policy_version);
    buf_add_char(out, ',');
    add_text(out, "zone", calendar ? calendar->zone->name : row->zone);
    buf_add_char(out, ',');
    add_text(out, "calendar", calendar ? calendar->name : row->calendar);
    buf_add_c(out, ",\"target\":");
    if (is_json(row->target))
        buf_add_str(out, row->target);
    else
        buf_add_json(out, row->target);
    buf_add_char(out, ',');
    add_time(out, "started_at", row->started_at);
    buf_add_char(out, ',');
    add_time(out, "due_at", row->due_at);
    buf_printf(out, ",\"status\":\"%s\"", clock_status_name(row->status));
    if (row->has_met_at)
        buf_printf(out, ",\"met_at\":\"%s\"", time_print(row->met_at, text));
    if (row->has_breached_at)
        buf_printf(out, ",\"breached_at\":\"%s\"", time_print(row->breached_at, text));
    if (row->has_extended_until)
        buf_printf(out, ",\"extended_until\":\"%s\"",
                   time_print(row->extended_until, text));
    buf_printf(out, ",\"paused_seconds\":%lld,\"counted_seconds\":%lld,",
               (long long)(row->paused_ms / SECOND_MS),
               (long long)(account->counted_ms / SECOND_MS));
    buf_printf(out, "\"reproduced\":%s,", account->reproduced ? "true" : "false");
    add_text(out, "note", account->note);
    buf_add_char(out, ',');
    add_intervals(out, account);
    buf_add_char(out, '}');
}

static void
print_answer(const struct ctl *ctl, struct explain *explain, struct buf *out)
{
    const struct told_case *told = &explain->told;
    buf_printf(out,
               ctl->json ? "{\"complaint_id\":\"%.*s\",\"clocks\":["
                         : "Complaint %.*s: its clocks; + is counted, - is left out\n",
               STR_ARG(told->complaint_id));
    for (size_t i = 0; i < told->n_clocks; i++) {
        const struct told_clock *clock = told->clocks[i];
        const struct calendar *calendar = calendar_of(explain, clock);
        struct account account = account_of(&explain->arena, clock, calendar);
        if (ctl->json && i)
            buf_add_char(out, ',');
        (ctl->json ? add_clock : print_clock)(out, clock, calendar, &account);
    }
    if (!ctl->json && told->n_clocks == 0)
        buf_add_c(out, "  none: its kind has no clocks\n");
    buf_add_c(out, ctl->json ? "]}\n" : "");
}

static enum ctl_exit
explain_run(struct ctl *ctl, struct explain *explain, struct str key)
{
    struct err err = {0};
    CLEANUP(buf_release) struct buf out = {0};
    if (!read_case(ctl, explain, key, &err))
        return ctl_fail(&err);
    if (explain->told.n_events == 0) {
        fprintf(stderr,
                "redress: no complaint %s in complaints.routed; is it still on its way? "
                "`redress wait`\n",
                ctl->argv[0]);
        return CTL_WRONG;
    }
    print_answer(ctl, explain, &out);
    return ctl_print(&out) ? CTL_OK : CTL_WRONG;
}

enum ctl_exit
cmd_policy_explain(struct ctl *ctl)
{
    enum ctl_exit status = CTL_OK;
    struct err err = {0};
    if (!ctl_options(ctl, NULL, 0, 1, 1, &status))
        return status;
    struct explain explain = {0};
    struct str id = arena_lower(&explain.arena, str_from(ctl->argv[0]));
    struct str key = ident_key_of(&explain.arena, id);
    struct sla_policy *policy = NULL;
    if (str_is_null(key)) {
        status = ctl_usage("\"%.60s\" is no complaint_id", ctl->argv[0]);
    } else if (!(policy = sla_policy_load(ctl->settings.policy_dir, &err))) {
        status = ctl_fail(&err);
    } else {
        explain.policy = policy;
        explain.told.arena = &explain.arena;
        explain.told.complaint_id = id;
        status = explain_run(ctl, &explain, key);
    }
    for (size_t i = 0; i < explain.n_zones; i++)
        zone_release(&explain.zones[i]);
    sla_policy_free(policy);
    arena_release(&explain.event);
    arena_release(&explain.arena);
    return status;
}
