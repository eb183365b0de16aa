/* cmd_show.c - show: a case's story, so that a person understands each decision. */
#include <stdio.h>

#include <jansson.h>

#include "base/times.h"
#include "ctl/ctl.h"
#include "ident/ident.h"

static const char SQL_CASE[] =
    "SELECT complaint_id, complaint_ref, source, channel, state, kind, product, issue, "
    "severity,"
    " language, priority, triage_class, round(score::numeric, 1) AS score, team, owner,"
    " GREATEST(escalation_level, sla_level) AS escalation_level, escalated_to, tier,"
    " double_deviation, betrayal, failed_recoveries, remedy_advice, transfers, "
    "reopenings,"
    " received_at, recovery_ends_at, rating, brand, regulator, desired_remedy, "
    "needs_review,"
    " flags, left(text, 600) AS text, reasons, evidence, checklist, "
    "previous_complaint_id,"
    " merged_into, last_seq FROM complaints WHERE complaint_id = $1::uuid";
static const char SQL_CLOCKS[] =
    "SELECT clock, start_no, COALESCE(promise_id, '') AS promise, status,"
    " to_char(started_at, 'YYYY-MM-DD HH24:MI') AS started,"
    " to_char(due_at, 'YYYY-MM-DD HH24:MI') AS due,"
    " COALESCE(to_char(met_at, 'YYYY-MM-DD HH24:MI'), '') AS met,"
    " policy, policy_version, paused_ms / 1000 AS paused_seconds"
    " FROM sla_clocks WHERE complaint_id = $1::uuid ORDER BY started_at, clock, start_no";
static const char SQL_TIMELINE[] =
    "SELECT seq, to_char(occurred_at, 'YYYY-MM-DD HH24:MI:SS') AS at, stage, type,"
    " detail::text AS detail, left(text, 300) AS text FROM complaint_events"
    " WHERE complaint_id = $1::uuid"
    " ORDER BY occurred_at, seq NULLS LAST, recorded_at, event_id";

static struct str
value(const struct pg_result *rows, size_t row, const char *name)
{
    for (size_t i = 0; i < pg_columns(rows); i++)
        if (strcmp(pg_column_name(rows, i), name) == 0)
            return pg_value(rows, row, i);
    return STR_NULL;
}

static bool
is_true(struct str boolean)
{
    return str_eq(boolean, STR("t"));
}

/* "<label>: <value>" where there is one. */
static void
add(struct buf *out, const char *label, struct str text)
{
    if (!str_empty(text))
        buf_printf(out, "%s%.*s", label, STR_ARG(text));
}

/* Behind each item of add_flat(): where a line may be broken. */
#define ITEM_END '\x1f'
#define LINE_WIDTH 100

/* "2026-03-03T17:00:00.000Z" as people write it. */
static bool
add_time(struct buf *out, const char *text)
{
    int64_t ms = 0;
    if (strlen(text) != 24 || !time_parse(str_from(text), &ms))
        return false;
    buf_printf(out, "%.10s %.5s", text, text + 11);
    return true;
}

/* JSON on one line, for people: {"a":1,"b":"x"} -> a=1 b=x; arrays one after the other.
 */
static void
add_flat(struct buf *out, const char *prefix, const json_t *json)
{
    const char *key = NULL;
    json_t *child = NULL;
    size_t i = 0;
    if (json_is_object(json)) {
        json_object_foreach((json_t *)(uintptr_t)json, key, child)
        {
            char name[128];
            (void)snprintf(name, sizeof(name), "%s%s%.60s", prefix, *prefix ? "." : "",
                           key);
            add_flat(out, name, child);
        }
        return;
    }
    if (json_is_array(json)) {
        json_array_foreach(json, i, child) add_flat(out, prefix, child);
        return;
    }
    buf_printf(out, " %s=", prefix);
    if (json_is_string(json) && !add_time(out, json_string_value(json)))
        buf_add_c(out, json_string_value(json));
    else if (json_is_integer(json))
        buf_printf(out, "%lld", (long long)json_integer_value(json));
    else if (json_is_real(json))
        buf_printf(out, "%.4g", json_real_value(json));
    else if (json_is_boolean(json))
        buf_add_c(out, json_is_true(json) ? "yes" : "no");
    buf_add_char(out, ITEM_END);
}

/* The items of add_flat() from a column on, broken between two of them. */
static void
add_wrapped(struct buf *out, struct str items, size_t column, size_t indent)
{
    size_t at = column;
    while (items.len > 0) {
        const char *end = memchr(items.ptr, ITEM_END, items.len);
        struct str item = {items.ptr, end ? (size_t)(end - items.ptr) : items.len};
        items = str_sub(items, item.len + 1, items.len);
        if (at > indent && at + item.len > LINE_WIDTH) {
            buf_printf(out, "\n%*s", (int)indent, "");
            at = indent;
        }
        buf_add_str(out, item);
        at += item.len;
    }
}

/* Each item of a JSON array on a line of its own. */
static void
add_lines(struct buf *out, const char *title, struct str text)
{
    json_error_t fault;
    json_t *json = str_empty(text) ? NULL : json_loadb(text.ptr, text.len, 0, &fault);
    size_t i = 0;
    json_t *item = NULL;
    if (json_array_size(json) > 0)
        buf_printf(out, "  %s\n", title);
    json_array_foreach(json, i, item)
    {
        buf_add_c(out, "   ");
        CLEANUP(buf_release) struct buf flat = {0};
        if (json_is_string(item))
            buf_printf(out, " %s", json_string_value(item));
        else
            add_flat(&flat, "", item);
        add_wrapped(out, buf_str(&flat), 3, 6);
        buf_add_char(out, '\n');
    }
    json_decref(json);
}

static void
print_case(struct buf *out, const struct pg_result *c)
{
    buf_printf(out, "Complaint %.*s\n", STR_ARG(value(c, 0, "complaint_id")));
    add(out, "  number ", value(c, 0, "complaint_ref"));
    add(out, " of ", value(c, 0, "source"));
    add(out, ", by ", value(c, 0, "channel"));
    add(out, ", received ", value(c, 0, "received_at"));
    buf_add_c(out, "\n");
    add(out, "  ", value(c, 0, "kind"));
    add(out, ", state ", value(c, 0, "state"));
    add(out, ", ", value(c, 0, "language"));
    add(out, ", product ", value(c, 0, "product"));
    add(out, ", issue ", value(c, 0, "issue"));
    add(out, ", severity ", value(c, 0, "severity"));
    buf_add_c(out, "\n");
    add(out, "  priority ", value(c, 0, "priority"));
    add(out, " (", value(c, 0, "triage_class"));
    add(out, "), score ", value(c, 0, "score"));
    add(out, "; owner ", value(c, 0, "owner"));
    add(out, " of ", value(c, 0, "team"));
    add(out, ", escalation level ", value(c, 0, "escalation_level"));
    add(out, " to ", value(c, 0, "escalated_to"));
    buf_add_c(out, "\n");
    add(out, "  to win back until ", value(c, 0, "recovery_ends_at"));
    add(out, "; relationship ", value(c, 0, "tier"));
    add(out, "; failed recoveries ", value(c, 0, "failed_recoveries"));
    if (is_true(value(c, 0, "double_deviation")))
        buf_add_c(out, "; DOUBLE DEVIATION");
    if (is_true(value(c, 0, "betrayal")))
        buf_add_c(out, "; a best customer betrayed");
    buf_add_c(out, "\n");
    if (!str_empty(value(c, 0, "remedy_advice")))
        buf_printf(out, "  advice: %.*s\n", STR_ARG(value(c, 0, "remedy_advice")));
    if (!str_empty(value(c, 0, "previous_complaint_id")))
        buf_printf(out, "  follows %.*s\n",
                   STR_ARG(value(c, 0, "previous_complaint_id")));
    if (!str_empty(value(c, 0, "merged_into")))
        buf_printf(out, "  merged into %.*s\n", STR_ARG(value(c, 0, "merged_into")));
    add_lines(out, "evidence that the handling failed too", value(c, 0, "evidence"));
    add_lines(out, "why this priority", value(c, 0, "reasons"));
    add_lines(out, "apology checklist", value(c, 0, "checklist"));
    if (!str_empty(value(c, 0, "text")))
        buf_printf(out, "\n  \"%.*s\"\n", STR_ARG(value(c, 0, "text")));
}

static void
print_clocks(struct buf *out, const struct pg_result *rows)
{
    if (pg_rows(rows) == 0)
        return;
    buf_printf(out, "\nClocks\n  %-16s %-10s %-17s %-17s %-17s %s\n", "clock", "status",
               "started", "due", "met", "policy");
    for (size_t i = 0; i < pg_rows(rows); i++)
        buf_printf(out, "  %-16.*s %-10.*s %-17.*s %-17.*s %-17.*s %.*s %.*s %.*s\n",
                   STR_ARG(value(rows, i, "clock")), STR_ARG(value(rows, i, "status")),
                   STR_ARG(value(rows, i, "started")), STR_ARG(value(rows, i, "due")),
                   STR_ARG(value(rows, i, "met")), STR_ARG(value(rows, i, "policy")),
                   STR_ARG(value(rows, i, "policy_version")),
                   STR_ARG(value(rows, i, "promise")));
}

static void
print_timeline(struct buf *out, const struct pg_result *rows)
{
    buf_add_c(out, "\nTimeline\n");
    for (size_t i = 0; i < pg_rows(rows); i++) {
        struct str seq = value(rows, i, "seq");
        buf_printf(out, "  %s%-3.*s %.*s  %-28.*s", str_empty(seq) ? " " : "#",
                   STR_ARG(seq), STR_ARG(value(rows, i, "at")),
                   STR_ARG(value(rows, i, "type")));
        struct str detail = value(rows, i, "detail");
        json_error_t fault;
        json_t *json = json_loadb(detail.ptr ? detail.ptr : "", detail.len, 0, &fault);
        CLEANUP(buf_release) struct buf flat = {0};
        add_flat(&flat, "", json);
        add_wrapped(out, buf_str(&flat), 56, 28);
        json_decref(json);
        buf_add_c(out, "\n");
        if (!str_empty(value(rows, i, "text")))
            buf_printf(out, "       \"%.*s\"\n", STR_ARG(value(rows, i, "text")));
    }
}

static bool
add_json_rows(struct pg *pg, const char *name, const char *sql, const struct str *params,
              struct buf *out, struct err *err)
{
    CLEANUP(pg_result_drop) struct pg_result *rows = NULL;
    CLEANUP(buf_release) struct buf query = {0};
    buf_printf(&query, "SELECT row_to_json(q)::text FROM (%s) AS q", sql);
    if (!pg_query(pg, query.ptr, params, 1, &rows, err))
        return false;
    buf_printf(out, ",\"%s\":[", name);
    for (size_t i = 0; i < pg_rows(rows); i++)
        buf_printf(out, "%s%.*s", i ? "," : "", STR_ARG(pg_value(rows, i, 0)));
    buf_add_c(out, "]");
    return true;
}

static bool
show_json(struct pg *pg, const struct str *params, struct buf *out, bool *ret_found,
          struct err *err)
{
    CLEANUP(pg_result_drop) struct pg_result *rows = NULL;
    CLEANUP(buf_release) struct buf query = {0};
    buf_printf(&query, "SELECT row_to_json(q)::text FROM (%s) AS q", SQL_CASE);
    if (!pg_query(pg, query.ptr, params, 1, &rows, err))
        return false;
    *ret_found = pg_rows(rows) > 0;
    if (!*ret_found)
        return true;
    buf_printf(out, "{\"complaint\":%.*s", STR_ARG(pg_value(rows, 0, 0)));
    bool ok = add_json_rows(pg, "clocks", SQL_CLOCKS, params, out, err) &&
              add_json_rows(pg, "timeline", SQL_TIMELINE, params, out, err);
    buf_add_c(out, "}\n");
    return ok;
}

static bool
show_text(struct pg *pg, const struct str *params, struct buf *out, bool *ret_found,
          struct err *err)
{
    CLEANUP(pg_result_drop) struct pg_result *c = NULL;
    CLEANUP(pg_result_drop) struct pg_result *clocks = NULL;
    CLEANUP(pg_result_drop) struct pg_result *timeline = NULL;
    if (!pg_query(pg, SQL_CASE, params, 1, &c, err) ||
        !pg_query(pg, SQL_CLOCKS, params, 1, &clocks, err) ||
        !pg_query(pg, SQL_TIMELINE, params, 1, &timeline, err))
        return false;
    *ret_found = pg_rows(c) > 0;
    if (!*ret_found)
        return true;
    print_case(out, c);
    print_clocks(out, clocks);
    print_timeline(out, timeline);
    return true;
}

enum ctl_exit
cmd_show(struct ctl *ctl)
{
    enum ctl_exit status = CTL_OK;
    if (!ctl_options(ctl, NULL, 0, 1, 1, &status))
        return status;
    CLEANUP(arena_release) struct arena arena = {0};
    struct str params[] = {str_from(ctl->argv[0])};
    if (str_is_null(ident_key_of(&arena, params[0])))
        return ctl_usage("\"%.60s\" is no complaint_id", ctl->argv[0]);
    struct err err = {0};
    bool found = false;
    CLEANUP(pg_drop) struct pg *pg = NULL;
    CLEANUP(buf_release) struct buf out = {0};
    if (!ctl_pg(ctl, &pg, &err) ||
        !(ctl->json ? show_json : show_text)(pg, params, &out, &found, &err))
        return ctl_fail(&err);
    if (!found) {
        fprintf(stderr,
                "redress: no complaint %s in the projection; is it still on its way? "
                "`redress wait`\n",
                ctl->argv[0]);
        return CTL_WRONG;
    }
    return ctl_print(&out) ? CTL_OK : CTL_WRONG;
}
