-- sla_clocks: the last word of the batch on each start of a clock.
INSERT INTO sla_clocks AS s (
    complaint_id, clock, start_no, routed_offset, promise_id, policy, policy_version, target,
    started_at, due_at, status, met_at, breached_at, paused_ms, paused_since, warned_percent,
    extended_until)
SELECT unnest($1::uuid[]), unnest($2::text[]), unnest($3::integer[]),
    unnest($4::bigint[]), unnest($5::text[]), unnest($6::text[]), unnest($7::text[]),
    unnest($8::text[]), unnest($9::timestamptz[]), unnest($10::timestamptz[]),
    unnest($11::text[]), unnest($12::timestamptz[]), unnest($13::timestamptz[]),
    unnest($14::bigint[]), unnest($15::timestamptz[]), unnest($16::integer[]),
    unnest($17::timestamptz[])
ON CONFLICT (complaint_id, clock, start_no) DO UPDATE SET
    routed_offset = EXCLUDED.routed_offset,
    promise_id = EXCLUDED.promise_id,
    policy = EXCLUDED.policy,
    policy_version = EXCLUDED.policy_version,
    target = EXCLUDED.target,
    started_at = EXCLUDED.started_at,
    due_at = EXCLUDED.due_at,
    status = EXCLUDED.status,
    met_at = EXCLUDED.met_at,
    breached_at = EXCLUDED.breached_at,
    paused_ms = EXCLUDED.paused_ms,
    paused_since = EXCLUDED.paused_since,
    warned_percent = EXCLUDED.warned_percent,
    extended_until = EXCLUDED.extended_until
WHERE s.routed_offset < EXCLUDED.routed_offset;
