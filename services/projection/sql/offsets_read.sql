-- offsets_read: after a commit whose outcome is unknown: what is really there?
SELECT o.topic, o."partition", o.next_offset, o.epoch
FROM offsets o JOIN unnest($1::text[], $2::integer[]) AS t (topic, "partition")
    USING (topic, "partition");
