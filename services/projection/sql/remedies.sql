-- remedies: one row a step with a remedy.
INSERT INTO remedies (
    event_id, complaint_id, seq, step, remedy, amount, currency, cause, reason, occurred_at)
SELECT * FROM unnest(
    $1::uuid[], $2::uuid[], $3::bigint[], $4::text[], $5::text[], $6::double precision[],
    $7::text[], $8::text[], $9::text[], $10::timestamptz[])
ON CONFLICT (event_id) DO NOTHING;
