-- dead_letters: one row for what a stage refused; the same again changes nothing.
INSERT INTO dead_letters (
    topic, "partition", "offset", stage, reason, detail, path, encoding, recorded_at,
    dead_partition, dead_offset)
SELECT unnest($1::text[]), unnest($2::integer[]), unnest($3::bigint[]),
    unnest($4::text[]), unnest($5::text[]), unnest($6::text[]), unnest($7::text[]),
    unnest($8::text[]), unnest($9::timestamptz[]), unnest($10::integer[]),
    unnest($11::bigint[])
ON CONFLICT (topic, "partition", "offset", stage) DO NOTHING;
