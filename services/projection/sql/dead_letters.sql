-- dead_letters: one row for what a stage refused; the same again changes nothing.
INSERT INTO dead_letters (
    topic, "partition", "offset", stage, reason, detail, path, encoding, recorded_at,
    dead_partition, dead_offset)
SELECT * FROM unnest(
    $1::text[], $2::integer[], $3::bigint[], $4::text[], $5::text[], $6::text[], $7::text[],
    $8::text[], $9::timestamptz[], $10::integer[], $11::bigint[])
ON CONFLICT (topic, "partition", "offset", stage) DO NOTHING;
