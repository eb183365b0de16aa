-- offsets_claim: this process becomes the one that writes these partitions.  A new row begins
-- at 0 with epoch 1 (the reader then starts at the earliest record).
INSERT INTO offsets AS o (topic, "partition", next_offset, epoch)
SELECT topic, "partition", 0, 1
FROM unnest($1::text[], $2::integer[]) AS t (topic, "partition")
ORDER BY topic, "partition"
ON CONFLICT (topic, "partition") DO UPDATE
    SET epoch = o.epoch + 1, updated_wall_at = now()
RETURNING topic, "partition", next_offset, epoch;
