-- complaint_events: one row an event.  The same event again changes nothing; another event
-- under a (complaint_id, seq) that is taken is an error.
INSERT INTO complaint_events (
    event_id, complaint_id, seq, type, stage, occurred_at, recorded_at, cause, source, ce_id,
    customer_hash, detail, text)
SELECT event_id, complaint_id, seq, type, stage, occurred_at, recorded_at, cause, source, ce_id,
    customer_hash, detail::jsonb, text
FROM unnest(
    $1::uuid[], $2::uuid[], $3::bigint[], $4::text[], $5::text[], $6::timestamptz[],
    $7::timestamptz[], $8::text[], $9::text[], $10::text[], $11::text[], $12::text[],
    $13::text[])
    AS v (event_id, complaint_id, seq, type, stage, occurred_at, recorded_at, cause, source,
        ce_id, customer_hash, detail, text)
ON CONFLICT (event_id) DO NOTHING;
