-- dump_tables.sql - every row of schema redress that must be the same in two runs over the
-- same input: psql -X -q -At -f tests/integration/dump_tables.sql DSN >rows
-- Wall times, positions and the offsets of internal topics are left out; the rest is printed
-- table by table, ordered by primary key, each line with its table's name.
SET timezone = 'UTC';
SET extra_float_digits = 1;
SELECT format('COPY (SELECT %L, %s FROM redress.%I ORDER BY %s) TO STDOUT',
        c.relname,
        (SELECT string_agg(
                CASE WHEN c.relname = 'dead_letters' AND a.attname IN ('partition', 'offset')
                    THEN format('CASE WHEN topic LIKE ''%%complaints.inbound'' THEN %I END',
                        a.attname)
                    ELSE quote_ident(a.attname) END,
                ', ' ORDER BY a.attname)
            FROM pg_attribute a
            WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
                AND a.attname NOT IN ('recorded_at', 'updated_wall_at', 'routed_offset',
                    'dead_partition', 'dead_offset', 'feedback_partition',
                    'feedback_offset')),
        c.relname,
        (SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY k.ord)
            FROM pg_index i, unnest(i.indkey) WITH ORDINALITY AS k (attnum, ord)
            JOIN pg_attribute a ON a.attnum = k.attnum
            WHERE i.indrelid = c.oid AND i.indisprimary AND a.attrelid = c.oid))
FROM pg_class c
WHERE c.relnamespace = 'redress'::regnamespace AND c.relkind = 'r'
    AND c.relname NOT IN ('offsets', 'migrations')
ORDER BY c.relname
\gexec
