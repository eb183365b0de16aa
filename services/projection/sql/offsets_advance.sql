-- offsets_advance: first statement of each batch.  It must hit one row a partition: fewer
-- means that another process took the partition over, or that this one lost its place.
UPDATE offsets o SET next_offset = t.next_offset, updated_wall_at = now()
FROM unnest($1::text[], $2::integer[], $3::bigint[], $4::bigint[], $5::bigint[])
    AS t (topic, "partition", next_offset, epoch, old_offset)
WHERE o.topic = t.topic AND o."partition" = t."partition" AND o.epoch = t.epoch
    AND o.next_offset = t.old_offset;
