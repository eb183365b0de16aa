-- complaint_events: one row an event.  The same event again changes nothing; another event
-- under a (complaint_id, seq) that is taken is an error.  This is the careful way, for batches
-- of which something was there before; else they are copied (apply.c), at half the cost.
INSERT INTO complaint_events (
    event_id, complaint_id, seq, type, stage, occurred_at, recorded_at, cause, source, ce_id,
    customer_hash, detail, text)
SELECT unnest($1::uuid[]), unnest($2::uuid[]), unnest($3::bigint[]), unnest($4::text[]),
    unnest($5::text[]), unnest($6::timestamptz[]), unnest($7::timestamptz[]),
    unnest($8::text[]), unnest($9::text[]), unnest($10::text[]), unnest($11::text[]),
    unnest($12::jsonb[]), unnest($13::text[])
ON CONFLICT (event_id) DO NOTHING;
