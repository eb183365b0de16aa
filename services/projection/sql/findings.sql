-- findings: what each task of a complaint was first found to be, and what people said of it
-- since.  A task that is there already keeps its first finding (right wins in ||); a task that
-- a later message brought is added.  What changes nothing is not written; the guard on
-- routed_offset keeps an older delivery from taking a correction back.
INSERT INTO findings AS f (
    complaint_id, routed_offset, inherited, decided_at, language, first, corrected)
SELECT unnest($1::uuid[]), unnest($2::bigint[]), unnest($3::boolean[]),
    unnest($4::timestamptz[]), unnest($5::text[]), unnest($6::jsonb[]), unnest($7::jsonb[])
ON CONFLICT (complaint_id) DO UPDATE SET
    routed_offset = EXCLUDED.routed_offset,
    first = EXCLUDED.first || f.first,
    corrected = EXCLUDED.corrected
WHERE f.routed_offset < EXCLUDED.routed_offset
    AND (EXCLUDED.corrected IS DISTINCT FROM f.corrected
        OR (EXCLUDED.first || f.first) <> f.first);
