-- feedback_items: the last word of the batch on each item.  A step keeps the time at which it
-- was reached first.
INSERT INTO feedback_items AS f (
    feedback_id, cluster_key, product, issue, status, revision, complaints, customers,
    double_deviations, severity_max, cause, version, reason, due_at, first_at, last_at,
    acknowledged_at, cause_found_at, planned_at, fixed_at, declined_at, reopened_at,
    feedback_partition, feedback_offset)
SELECT unnest($1::uuid[]), unnest($2::text[]), unnest($3::text[]), unnest($4::text[]),
    unnest($5::text[]), unnest($6::bigint[]), unnest($7::bigint[]), unnest($8::bigint[]),
    unnest($9::bigint[]), unnest($10::smallint[]), unnest($11::text[]),
    unnest($12::text[]), unnest($13::text[]), unnest($14::timestamptz[]),
    unnest($15::timestamptz[]), unnest($16::timestamptz[]), unnest($17::timestamptz[]),
    unnest($18::timestamptz[]), unnest($19::timestamptz[]), unnest($20::timestamptz[]),
    unnest($21::timestamptz[]), unnest($22::timestamptz[]), unnest($23::integer[]),
    unnest($24::bigint[])
ON CONFLICT (feedback_id) DO UPDATE SET
    cluster_key = EXCLUDED.cluster_key,
    product = EXCLUDED.product,
    issue = EXCLUDED.issue,
    status = EXCLUDED.status,
    revision = EXCLUDED.revision,
    complaints = EXCLUDED.complaints,
    customers = EXCLUDED.customers,
    double_deviations = EXCLUDED.double_deviations,
    severity_max = EXCLUDED.severity_max,
    cause = EXCLUDED.cause,
    version = EXCLUDED.version,
    reason = EXCLUDED.reason,
    due_at = EXCLUDED.due_at,
    first_at = EXCLUDED.first_at,
    last_at = EXCLUDED.last_at,
    acknowledged_at = COALESCE(f.acknowledged_at, EXCLUDED.acknowledged_at),
    cause_found_at = COALESCE(f.cause_found_at, EXCLUDED.cause_found_at),
    planned_at = COALESCE(f.planned_at, EXCLUDED.planned_at),
    fixed_at = COALESCE(f.fixed_at, EXCLUDED.fixed_at),
    declined_at = COALESCE(f.declined_at, EXCLUDED.declined_at),
    reopened_at = COALESCE(EXCLUDED.reopened_at, f.reopened_at),
    feedback_partition = EXCLUDED.feedback_partition,
    feedback_offset = EXCLUDED.feedback_offset
WHERE f.feedback_offset < EXCLUDED.feedback_offset;
