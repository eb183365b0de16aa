-- customers: what publishers said of a customer; a field that was not said stays.
INSERT INTO customers AS c (
    customer_hash, customer_key, key_kind, routed_offset, id, name, email, phone, handle, tier,
    since, lifetime_value, followers, vulnerable, first_at, last_at)
SELECT unnest($1::text[]), unnest($2::text[]), unnest($3::text[]), unnest($4::bigint[]),
    unnest($5::text[]), unnest($6::text[]), unnest($7::text[]), unnest($8::text[]),
    unnest($9::text[]), unnest($10::text[]), unnest($11::timestamptz[]),
    unnest($12::double precision[]), unnest($13::bigint[]), unnest($14::boolean[]),
    unnest($15::timestamptz[]), unnest($16::timestamptz[])
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
