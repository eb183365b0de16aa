-- findings: what each task of a complaint was first found to be, and what people said of it
-- since.  A task that is there already keeps its first finding (right wins in ||); a task that
-- a later message brought is added.  What changes nothing is not written; the guard on
-- routed_offset keeps an older delivery from taking a correction back.  Of a case that was
-- erased before its findings stood here, classification still knows what the customer asked
-- for: that does not come back (runs after complaints.sql).
INSERT INTO findings AS f (
    complaint_id, routed_offset, inherited, decided_at, language, first, corrected)
SELECT n.complaint_id, n.routed_offset, n.inherited, n.decided_at, n.language,
    CASE WHEN u.erased_at >= c.received_at THEN erase_wish(n.first) ELSE n.first END,
    n.corrected
FROM unnest($1::uuid[], $2::bigint[], $3::boolean[], $4::timestamptz[], $5::text[],
    $6::jsonb[], $7::jsonb[]) AS n (complaint_id, routed_offset, inherited, decided_at,
    language, first, corrected)
LEFT JOIN complaints c ON c.complaint_id = n.complaint_id
LEFT JOIN customers u ON u.customer_hash = c.customer_hash
ON CONFLICT (complaint_id) DO UPDATE SET
    routed_offset = EXCLUDED.routed_offset,
    first = EXCLUDED.first || f.first,
    corrected = EXCLUDED.corrected
WHERE f.routed_offset < EXCLUDED.routed_offset
    AND (EXCLUDED.corrected IS DISTINCT FROM f.corrected
        OR (EXCLUDED.first || f.first) <> f.first);
