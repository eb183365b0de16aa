-- assignments: a row where team or owner differ from what was before.  The fold already
-- compared events of one batch with each other; the first of each complaint (`first`) is
-- compared with the complaint's row, so this runs before complaints.sql.
INSERT INTO assignments (
    event_id, complaint_id, assigned_at, type, team, owner, escalation_level, rule)
SELECT a.event_id, a.complaint_id, a.assigned_at, a.type, a.team, a.owner,
    a.escalation_level, a.rule
FROM (SELECT unnest($1::uuid[]) AS event_id, unnest($2::uuid[]) AS complaint_id,
        unnest($3::timestamptz[]) AS assigned_at, unnest($4::text[]) AS type,
        unnest($5::text[]) AS team, unnest($6::text[]) AS owner,
        unnest($7::integer[]) AS escalation_level, unnest($8::text[]) AS rule,
        unnest($9::boolean[]) AS first, unnest($10::bigint[]) AS routed_offset) a
LEFT JOIN complaints c ON c.complaint_id = a.complaint_id
WHERE (NOT a.first OR c.complaint_id IS NULL OR c.sections & 32 = 0
        OR a.team IS DISTINCT FROM c.team OR a.owner IS DISTINCT FROM c.owner)
    AND (c.complaint_id IS NULL OR c.routed_offset < a.routed_offset)
ON CONFLICT (event_id) DO NOTHING;
