-- erase: what the tables know of a customer, after customer.erased.  The facts stay, the
-- person goes.  A batch ends at such an event, so nothing later is taken with it.
WITH erased AS (
    SELECT * FROM unnest($1::text[], $2::timestamptz[]) AS e (customer_hash, erased_at)
), person AS (
    UPDATE customers c SET id = NULL, name = NULL, email = NULL, phone = NULL, handle = NULL,
        erased_at = e.erased_at
    FROM erased e WHERE c.customer_hash = e.customer_hash
), words AS (
    UPDATE complaint_events v SET text = NULL, detail = v.detail - 'said'
    FROM complaints c JOIN erased e USING (customer_hash)
    WHERE v.complaint_id = c.complaint_id AND (v.text IS NOT NULL OR v.detail ? 'said')
), wishes AS (
    UPDATE findings f SET first = erase_wish(f.first)
    FROM complaints c JOIN erased e USING (customer_hash)
    WHERE f.complaint_id = c.complaint_id AND f.first <> erase_wish(f.first)
)
UPDATE complaints c SET text = NULL, subject = NULL, extra = NULL, on_behalf_of = NULL,
    public_url = NULL, desired_remedy = erase_wish(c.desired_remedy)
FROM erased e WHERE c.customer_hash = e.customer_hash;
