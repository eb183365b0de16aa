-- sla_clocks: the last word of the batch on each start of a clock.
INSERT INTO sla_clocks AS s (
    complaint_id, clock, start_no, routed_offset, promise_id, policy, policy_version, target,
    started_at, due_at, status, met_at, breached_at, paused_ms, paused_since, warned_percent,
    extended_until)
SELECT * FROM unnest(
    $1::uuid[], $2::text[], $3::integer[], $4::bigint[], $5::text[], $6::text[], $7::text[],
    $8::text[], $9::timestamptz[], $10::timestamptz[], $11::text[], $12::timestamptz[],
    $13::timestamptz[], $14::bigint[], $15::timestamptz[], $16::integer[],
    $17::timestamptz[])
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
