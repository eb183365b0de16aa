-- remedies: one row a step with a remedy.
INSERT INTO remedies (
    event_id, complaint_id, seq, step, remedy, amount, currency, cause, reason, occurred_at)
SELECT unnest($1::uuid[]), unnest($2::uuid[]), unnest($3::bigint[]), unnest($4::text[]),
    unnest($5::text[]), unnest($6::double precision[]), unnest($7::text[]),
    unnest($8::text[]), unnest($9::text[]), unnest($10::timestamptz[])
ON CONFLICT (event_id) DO NOTHING;
