-- feedback_items: the last word of the batch on each item.  A status leaves the time at
-- which it was first reached.
INSERT INTO feedback_items AS f (
    feedback_id, cluster_key, product, issue, status, complaints, customers, severity_max,
    cause, version, reason, due_at, first_at, last_at, acknowledged_at, cause_found_at,
    planned_at, fixed_at, declined_at, reopened_at, feedback_partition, feedback_offset)
SELECT * FROM unnest(
    $1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::bigint[],
    $8::smallint[], $9::text[], $10::text[], $11::text[], $12::timestamptz[],
    $13::timestamptz[], $14::timestamptz[], $15::timestamptz[], $16::timestamptz[],
    $17::timestamptz[], $18::timestamptz[], $19::timestamptz[], $20::timestamptz[],
    $21::integer[], $22::bigint[])
ON CONFLICT (feedback_id) DO UPDATE SET
    product = EXCLUDED.product,
    issue = EXCLUDED.issue,
    status = EXCLUDED.status,
    complaints = EXCLUDED.complaints,
    customers = EXCLUDED.customers,
    severity_max = EXCLUDED.severity_max,
    cause = COALESCE(EXCLUDED.cause, f.cause),
    version = COALESCE(EXCLUDED.version, f.version),
    reason = COALESCE(EXCLUDED.reason, f.reason),
    due_at = COALESCE(EXCLUDED.due_at, f.due_at),
    first_at = COALESCE(EXCLUDED.first_at, f.first_at),
    last_at = COALESCE(EXCLUDED.last_at, f.last_at),
    acknowledged_at = COALESCE(f.acknowledged_at, EXCLUDED.acknowledged_at),
    cause_found_at = COALESCE(f.cause_found_at, EXCLUDED.cause_found_at),
    planned_at = COALESCE(f.planned_at, EXCLUDED.planned_at),
    fixed_at = COALESCE(f.fixed_at, EXCLUDED.fixed_at),
    declined_at = COALESCE(f.declined_at, EXCLUDED.declined_at),
    reopened_at = COALESCE(f.reopened_at, EXCLUDED.reopened_at),
    feedback_partition = EXCLUDED.feedback_partition,
    feedback_offset = EXCLUDED.feedback_offset
WHERE f.feedback_offset < EXCLUDED.feedback_offset;
