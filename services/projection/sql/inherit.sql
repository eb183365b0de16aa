-- inherit: a complaint that a late reopening opened has no submission of its own; what the
-- first one said (channel, text, regulator ...) is true of it, too.  Runs after
-- complaints.sql: the previous case may be of the same batch.  A submission never changes,
-- so it does not matter when this runs, and 128 in sections says that it was done.  Reach
-- stays with the case it was told of.  What the customer had erased before is not brought
-- back by classification, which took it over, too (so this runs after findings.sql).
WITH i AS (
    SELECT unnest($1::uuid[]) AS complaint_id, unnest($2::uuid[]) AS previous
), erased AS (
    SELECT i.complaint_id
    FROM i JOIN complaints p ON p.complaint_id = i.previous
    JOIN customers u ON u.customer_hash = p.customer_hash AND u.erased_at >= p.received_at
), wishes AS (
    UPDATE findings f SET first = erase_wish(f.first)
    FROM erased e
    WHERE f.complaint_id = e.complaint_id AND f.first <> erase_wish(f.first)
)
UPDATE complaints c SET
    sections = c.sections | 128::smallint,
    channel = p.channel, brand = p.brand, text = p.text, subject = p.subject,
    order_ref = p.order_ref, public_url = p.public_url, regulator = p.regulator,
    regulator_case_ref = p.regulator_case_ref,
    regulator_received_at = p.regulator_received_at, on_behalf_of = p.on_behalf_of,
    consent_to_publish = p.consent_to_publish, extra = p.extra,
    desired_remedy = CASE WHEN c.complaint_id IN (SELECT complaint_id FROM erased)
        THEN erase_wish(c.desired_remedy) ELSE c.desired_remedy END
FROM i JOIN complaints p ON p.complaint_id = i.previous
WHERE c.complaint_id = i.complaint_id AND c.sections & 129 = 0 AND p.sections & 129 <> 0;
