/* show_load.c - the rows of one case, as JSON, masked as the bi views mask them. */
#include <string.h>

#include "base/now.h"
#include "base/times.h"
#include "ctl/show.h"

/* Whole rows: a column that comes with a later migration is there without a change here;
 * what may leave this program is chosen in show_story.c. */
static const char SQL_CASE[] =
    "SELECT (to_jsonb(c) || jsonb_build_object("
    " 'text', mask_name(mask_text(c.text), u.name),"
    " 'subject', mask_name(mask_text(c.subject), u.name),"
    " 'cause', mask_text(c.cause), 'remedy', mask_text(c.remedy),"
    " 'escalation_level', GREATEST(c.escalation_level, c.sla_level)))::text"
    " FROM complaints c LEFT JOIN customers u USING (customer_hash)"
    " WHERE complaint_id = $1::uuid";

static const char SQL_CLOCKS[] =
    "SELECT coalesce(jsonb_agg(to_jsonb(s) ORDER BY started_at, clock, start_no),"
    " '[]')::text FROM sla_clocks s WHERE complaint_id = $1::uuid";

/* The stages' own rows of one moment stand in the order of the stages. What people wrote
 * in messages stays out, as it does in bi.timeline. */
static const char SQL_EVENTS[] =
    "SELECT coalesce(jsonb_agg(jsonb_build_object('seq', seq, 'type', type, 'stage', "
    "stage, 'occurred_at', occurred_at, 'recorded_at', recorded_at, 'event_id', event_id,"
    " 'cause', cause, 'detail', mask_detail(detail))"
    " ORDER BY occurred_at, seq NULLS LAST, array_position(ARRAY['register',"
    " 'classification', 'triage', 'sla', 'assign', 'collect'], stage), recorded_at,"
    " event_id), '[]')::text FROM complaint_events WHERE complaint_id = $1::uuid";

static const char SQL_OWNERS[] =
    "SELECT coalesce(jsonb_agg(to_jsonb(a) ORDER BY assigned_at, event_id), '[]')::text"
    " FROM assignments a WHERE complaint_id = $1::uuid";

static const char SQL_REMEDIES[] =
    "SELECT coalesce(jsonb_agg(jsonb_build_object('step', step, 'remedy',"
    " mask_text(remedy), 'amount', amount, 'currency', currency, 'reason',"
    " mask_text(reason), 'occurred_at', occurred_at) ORDER BY occurred_at, seq),"
    " '[]')::text FROM remedies WHERE complaint_id = $1::uuid";

static const char SQL_LINKS[] =
    "SELECT coalesce(jsonb_agg(jsonb_build_object('link', link, 'complaint_id',"
    " complaint_id, 'complaint_ref', complaint_ref, 'state', state, 'received_at',"
    " received_at) ORDER BY received_at, complaint_id), '[]')::text FROM ("
    " SELECT 'previous' AS link, p.* FROM complaints c JOIN complaints p"
    "  ON p.complaint_id = c.previous_complaint_id WHERE c.complaint_id = $1::uuid"
    " UNION ALL SELECT 'followed_by', n.* FROM complaints n"
    "  JOIN complaints c ON c.customer_hash = n.customer_hash"
    "  WHERE c.complaint_id = $1::uuid AND n.previous_complaint_id = $1::uuid"
    " UNION ALL SELECT 'merged_into', t.* FROM complaints c JOIN complaints t"
    "  ON t.complaint_id = c.merged_into WHERE c.complaint_id = $1::uuid"
    " UNION ALL SELECT 'merged_here', m.* FROM complaints m"
    "  JOIN complaints c ON c.customer_hash = m.customer_hash"
    "  WHERE c.complaint_id = $1::uuid AND m.merged_into = $1::uuid) AS linked";

/* Evidence may lie in another complaint of the same customer. */
static const char SQL_ELSEWHERE[] =
    "SELECT coalesce(jsonb_agg(jsonb_build_object('event_id', e.event_id, 'type', e.type,"
    " 'occurred_at', e.occurred_at, 'complaint_ref', o.complaint_ref)), '[]')::text"
    " FROM complaint_events e LEFT JOIN complaints o USING (complaint_id)"
    " WHERE e.complaint_id IS DISTINCT FROM $1::uuid AND e.event_id IN ("
    "  SELECT CASE WHEN id ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'"
    "   THEN id::uuid END FROM complaints c,"
    "   jsonb_path_query(coalesce(c.evidence, '[]')::jsonb,"
    "    '$[*].**  ? (@.type() == \"string\")') AS v, LATERAL (SELECT v #>> '{}' AS id) s"
    "  WHERE c.complaint_id = $1::uuid)";

/* The event clock stands at the last thing that happened anywhere. */
static const char SQL_EVENT_NOW[] =
    "SELECT to_json(max(occurred_at))::text FROM complaint_events";

static bool
load_json(struct pg *pg, const char *sql, struct str id, json_t **ret, struct err *err)
{
    CLEANUP(pg_result_drop) struct pg_result *rows = NULL;
    json_error_t fault;
    *ret = NULL;
    if (!pg_query(pg, sql, &id, 1, &rows, err))
        return false;
    if (pg_rows(rows) == 0)
        return true;
    struct str text = pg_value(rows, 0, 0);
    if (str_is_null(text))
        return true;
    *ret = json_loadb(text.ptr, text.len, JSON_DECODE_ANY | JSON_ALLOW_NUL, &fault);
    if (!*ret)
        return err_set(err, ERR_STOP, "show: the database's JSON: %.100s", fault.text);
    return true;
}

static bool
load_now(struct pg *pg, const struct ctl *ctl, struct show_rows *rows, struct err *err)
{
    CLEANUP(pg_result_drop) struct pg_result *result = NULL;
    rows->now_ms = now_wall_ms();
    rows->event_clock = !settings_wall_clock(&ctl->settings);
    if (!rows->event_clock)
        return true;
    if (!pg_query(pg, SQL_EVENT_NOW, NULL, 0, &result, err))
        return false;
    struct str text = pg_rows(result) > 0 ? pg_value(result, 0, 0) : STR_NULL;
    int64_t ms = 0;
    if (text.len > 2 && time_parse(str_sub(text, 1, text.len - 2), &ms))
        rows->now_ms = ms;
    return true;
}

bool
show_load(struct pg *pg, const struct ctl *ctl, struct str complaint_id,
          struct show_rows *ret, struct err *err)
{
    const struct {
        const char *sql;
        json_t **into;
    } queries[] = {
        {SQL_CASE, &ret->complaint},      {SQL_CLOCKS, &ret->clocks},
        {SQL_EVENTS, &ret->events},       {SQL_OWNERS, &ret->owners},
        {SQL_REMEDIES, &ret->remedies},   {SQL_LINKS, &ret->links},
        {SQL_ELSEWHERE, &ret->elsewhere},
    };
    *ret = (struct show_rows){0};
    /* One snapshot: the parts of a story must fit together. */
    if (!pg_exec(pg, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", err))
        return false;
    for (size_t i = 0; i < COUNT_OF(queries); i++) {
        if (!load_json(pg, queries[i].sql, complaint_id, queries[i].into, err))
            return false;
        if (i == 0 && !ret->complaint)
            break;
    }
    return load_now(pg, ctl, ret, err) && pg_exec(pg, "COMMIT", err);
}

void
show_rows_release(struct show_rows *rows)
{
    json_decref(rows->complaint);
    json_decref(rows->clocks);
    json_decref(rows->events);
    json_decref(rows->owners);
    json_decref(rows->remedies);
    json_decref(rows->links);
    json_decref(rows->elsewhere);
    *rows = (struct show_rows){0};
}
