-- inherit: a complaint that a late reopening opened has no submission of its own; what the
-- first one said (channel, text, regulator ...) is true of it, too.  Runs after
-- complaints.sql: the previous case may be of the same batch.  A submission never changes,
-- so it does not matter when this runs, and 128 in sections says that it was done.  Reach
-- stays with the case it was told of.
UPDATE complaints c SET
    sections = c.sections | 128::smallint,
    channel = p.channel, brand = p.brand, text = p.text, subject = p.subject,
    order_ref = p.order_ref, public_url = p.public_url, regulator = p.regulator,
    regulator_case_ref = p.regulator_case_ref,
    regulator_received_at = p.regulator_received_at, on_behalf_of = p.on_behalf_of,
    consent_to_publish = p.consent_to_publish, extra = p.extra
FROM (SELECT unnest($1::uuid[]) AS complaint_id, unnest($2::uuid[]) AS previous) i
JOIN complaints p ON p.complaint_id = i.previous
WHERE c.complaint_id = i.complaint_id AND c.sections & 129 = 0 AND p.sections & 129 <> 0;
