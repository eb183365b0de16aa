-- customers: what publishers said of a customer; a field that was not said stays.
INSERT INTO customers AS c (
    customer_hash, customer_key, key_kind, routed_offset, id, name, email, phone, handle, tier,
    since, lifetime_value, followers, vulnerable, first_at, last_at)
SELECT * FROM unnest(
    $1::text[], $2::text[], $3::text[], $4::bigint[], $5::text[], $6::text[], $7::text[],
    $8::text[], $9::text[], $10::text[], $11::timestamptz[], $12::double precision[],
    $13::bigint[], $14::boolean[], $15::timestamptz[], $16::timestamptz[])
ON CONFLICT (customer_hash) DO UPDATE SET
    routed_offset = EXCLUDED.routed_offset,
    id = COALESCE(EXCLUDED.id, c.id),
    name = COALESCE(EXCLUDED.name, c.name),
    email = COALESCE(EXCLUDED.email, c.email),
    phone = COALESCE(EXCLUDED.phone, c.phone),
    handle = COALESCE(EXCLUDED.handle, c.handle),
    tier = COALESCE(EXCLUDED.tier, c.tier),
    since = COALESCE(EXCLUDED.since, c.since),
    lifetime_value = COALESCE(EXCLUDED.lifetime_value, c.lifetime_value),
    followers = COALESCE(EXCLUDED.followers, c.followers),
    vulnerable = COALESCE(EXCLUDED.vulnerable, c.vulnerable),
    first_at = LEAST(EXCLUDED.first_at, c.first_at),
    last_at = GREATEST(EXCLUDED.last_at, c.last_at)
WHERE c.routed_offset < EXCLUDED.routed_offset;
