-- The events of each evidence are looked up one by one, by their key: as a plain join (007)
-- the planner reads the whole timeline for each complaint.
CREATE OR REPLACE VIEW bi.double_deviation AS
SELECT c.complaint_id, c.complaint_ref, c.priority, c.state, c.channel, c.product, c.issue,
    c.team, c.received_at, c.failed_recoveries, c.reopenings, c.transfers, c.betrayal,
    c.evidence,
    (SELECT array_agg(DISTINCT e ->> 'kind' ORDER BY e ->> 'kind')
       FROM json_array_elements(c.evidence) e) AS kinds,
    (SELECT json_agg(json_build_object('kind', s.kind, 'event_id', s.event_id,
            'type', t.type, 'occurred_at', t.occurred_at, 'complaint_id', t.complaint_id,
            'seq', t.seq) ORDER BY s.place, s.also)
       FROM (
        SELECT e.place, 0 AS also, e.value ->> 'kind' AS kind,
            e.value ->> 'event_id' AS event_id
        FROM json_array_elements(c.evidence) WITH ORDINALITY e (value, place)
        UNION ALL
        SELECT e.place, a.place, e.value ->> 'kind', a.value
        FROM json_array_elements(c.evidence) WITH ORDINALITY e (value, place),
            json_array_elements_text(e.value -> 'also') WITH ORDINALITY a (value, place)) s
       LEFT JOIN LATERAL (
        SELECT v.type, v.occurred_at, v.complaint_id, v.seq FROM complaint_events v
        WHERE v.event_id =
            CASE WHEN s.event_id ~ '^[0-9a-f-]{36}$' THEN s.event_id::uuid END
        LIMIT 1) t ON true
      WHERE s.event_id IS NOT NULL) AS events
FROM complaints c
WHERE c.double_deviation;
