-- Complaints that late reopenings opened before their rows took over what the first one said
-- (inherit.sql): the same for those that are here already, chains of them included.
WITH RECURSIVE chain AS (
    SELECT complaint_id, previous_complaint_id AS previous
    FROM complaints WHERE sections & 129 = 0 AND previous_complaint_id IS NOT NULL
    UNION
    SELECT chain.complaint_id, p.previous_complaint_id
    FROM chain JOIN complaints p ON p.complaint_id = chain.previous
    WHERE p.sections & 129 = 0 AND p.previous_complaint_id IS NOT NULL
)
UPDATE complaints c SET
    sections = c.sections | 128::smallint,
    channel = p.channel, brand = p.brand, text = p.text, subject = p.subject,
    order_ref = p.order_ref, public_url = p.public_url, regulator = p.regulator,
    regulator_case_ref = p.regulator_case_ref,
    regulator_received_at = p.regulator_received_at, on_behalf_of = p.on_behalf_of,
    consent_to_publish = p.consent_to_publish, extra = p.extra
FROM chain JOIN complaints p ON p.complaint_id = chain.previous
WHERE c.complaint_id = chain.complaint_id AND p.sections & 129 <> 0;
