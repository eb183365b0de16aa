/* show_load.c - the rows of one case, as JSON, masked as the bi views mask them. */
#include <stdlib.h>
#include <string.h>

#include "base/now.h"
#include "base/times.h"
#include "ctl/show.h"
#include "gen/complaint_event.h"
#include "ident/ident.h"

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

/* What each task was found to be.  $2: reasons by task, which the database does not keep;
 * what they hold of the text is masked like the text. */
static const char SQL_FINDINGS[] =
    "SELECT coalesce(jsonb_agg(to_jsonb(f) || jsonb_build_object('reasons',"
    " (SELECT coalesce(jsonb_agg(mask_name(mask_text(r), u.name)), '[]')"
    "  FROM jsonb_array_elements_text(coalesce($2::jsonb -> f.task, '[]')) r))"
    " ORDER BY array_position(ARRAY['kind', 'product', 'issue', 'severity', 'sentiment',"
    " 'double_deviation', 'desired_remedy', 'language'], f.task)), '[]')::text"
    " FROM bi.findings f JOIN complaints c USING (complaint_id)"
    " LEFT JOIN customers u USING (customer_hash) WHERE complaint_id = $1::uuid";

/* Where complaints.routed told them last. */
static const char SQL_FINDINGS_AT[] =
    "SELECT routed_offset::text FROM findings WHERE complaint_id = $1::uuid";

/* The event clock stands at the last thing that happened anywhere. */
static const char SQL_EVENT_NOW[] =
    "SELECT to_json(max(occurred_at))::text FROM complaint_events";

static bool
load_json(struct pg *pg, const char *sql, const struct str *params, size_t n,
          json_t **ret, struct err *err)
{
    CLEANUP(pg_result_drop) struct pg_result *rows = NULL;
    json_error_t fault;
    *ret = NULL;
    if (!pg_query(pg, sql, params, n, &rows, err))
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

/* --- reasons ------------------------------------------------------------------------ */

struct reasons {
    struct str complaint_id;
    json_t *by_task;
};

static bool
take_reasons(void *ctx, const struct kafka_message *message)
{
    struct reasons *reasons = ctx;
    struct err err = {0};
    struct complaint_event ev;
    CLEANUP(arena_release) struct arena arena = {0};
    if (!wire_decode(&complaint_event_wire, message->value, &arena, &ev, &err) ||
        !ev.classification || !str_eq(ev.complaint_id, reasons->complaint_id))
        return true;
    for (size_t i = 0; i < ev.classification->n_findings; i++) {
        const struct finding *f = &ev.classification->findings[i];
        json_t *list = json_array();
        for (size_t k = 0; k < f->n_reasons; k++)
            json_array_append_new(list,
                                  json_stringn(f->reasons[k].ptr, f->reasons[k].len));
        json_object_setn_new(reasons->by_task, f->task.ptr, f->task.len, list);
    }
    return true;
}

/* One record of complaints.routed.  Where Kafka is away or has it no more, a story is
 * told without reasons. */
static void
read_reasons(struct pg *pg, const struct ctl *ctl, struct reasons *reasons)
{
    CLEANUP(pg_result_drop) struct pg_result *rows = NULL;
    CLEANUP(arena_release) struct arena arena = {0};
    struct err err = {0};
    int32_t n = 0;
    int64_t offset = 0;
    if (!pg_query(pg, SQL_FINDINGS_AT, &reasons->complaint_id, 1, &rows, &err) ||
        pg_rows(rows) == 0 || !str_to_i64(pg_value(rows, 0, 0), &offset))
        return;
    struct str key = ident_key_of(&arena, reasons->complaint_id);
    if (!scan_partitions(ctl, "complaints.routed", &n, &err))
        return;
    struct scan_part part = {scan_partition_of(key, n), 1, offset + 1};
    if (!scan_part(ctl, "complaints.routed", part, take_reasons, reasons, &err))
        json_object_clear(reasons->by_task);
}

static bool
load_findings(struct pg *pg, const struct ctl *ctl, struct str complaint_id, json_t **ret,
              struct err *err)
{
    struct reasons reasons = {complaint_id, json_object()};
    read_reasons(pg, ctl, &reasons);
    char *text = json_dumps(reasons.by_task, JSON_COMPACT);
    struct str params[] = {complaint_id, str_from(text ? text : "{}")};
    bool ok = load_json(pg, SQL_FINDINGS, params, 2, ret, err);
    json_decref(reasons.by_task);
    free(text);
    return ok;
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
        if (!load_json(pg, queries[i].sql, &complaint_id, 1, queries[i].into, err))
            return false;
        if (i == 0 && !ret->complaint)
            break;
    }
    if (ret->complaint && !load_findings(pg, ctl, complaint_id, &ret->findings, err))
        return false;
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
    json_decref(rows->findings);
    *rows = (struct show_rows){0};
}
