-- Apache Superset: what it sent, captured between it and PostgreSQL 15 on the shop of demo/shop.sql.
-- The texts are facts about the tools, whose authors made them; docs/compatibility.md says how they were taken.
-- Run by crates/gateway/tests/it/tools.rs, which says what the headings mean.

--= each agent

--> Superset 6.1.0 | simple
BEGIN

--> Superset 6.1.0 | simple
SELECT t.oid, typarray
FROM pg_type t JOIN pg_namespace ns
    ON typnamespace = ns.oid
WHERE typname = 'hstore';

--> Superset 6.1.0 | simple
ROLLBACK

--> Superset 6.1.0 | simple
select pg_catalog.version()

--> Superset 6.1.0 | simple
select current_schema()

--> Superset 6.1.0 | simple
show transaction isolation level

--> Superset 6.1.0 | simple
show standard_conforming_strings

--> Superset 6.1.0 | simple
SELECT nspname FROM pg_namespace WHERE nspname NOT LIKE 'pg_%' ORDER BY nspname

--> Superset 6.1.0 | simple
SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'public' AND c.relkind in ('r', 'p')

--> Superset 6.1.0 | simple
SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'public' AND c.relkind = 'f'

--> Superset 6.1.0 | simple
SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'public' AND c.relkind IN ('v', 'm')

--> Superset 6.1.0 | simple
            SELECT c.oid
            FROM pg_catalog.pg_class c
            LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            WHERE (n.nspname = 'public')
            AND c.relname = 'orders' AND c.relkind in
            ('r', 'v', 'm', 'f', 'p')
        

--> Superset 6.1.0 | simple
            SELECT a.attname,
              pg_catalog.format_type(a.atttypid, a.atttypmod),
              (
                SELECT pg_catalog.pg_get_expr(d.adbin, d.adrelid)
                FROM pg_catalog.pg_attrdef d
                WHERE d.adrelid = a.attrelid AND d.adnum = a.attnum
                AND a.atthasdef
              ) AS DEFAULT,
              a.attnotnull,
              a.attrelid as table_oid,
              pgd.description as comment,
              a.attgenerated as generated,
                              (SELECT json_build_object(
                    'always', a.attidentity = 'a',
                    'start', s.seqstart,
                    'increment', s.seqincrement,
                    'minvalue', s.seqmin,
                    'maxvalue', s.seqmax,
                    'cache', s.seqcache,
                    'cycle', s.seqcycle)
                FROM pg_catalog.pg_sequence s
                JOIN pg_catalog.pg_class c on s.seqrelid = c."oid"
                WHERE c.relkind = 'S'
                AND a.attidentity != ''
                AND s.seqrelid = pg_catalog.pg_get_serial_sequence(
                    a.attrelid::regclass::text, a.attname
                )::regclass::oid
                ) as identity_options                
            FROM pg_catalog.pg_attribute a
            LEFT JOIN pg_catalog.pg_description pgd ON (
                pgd.objoid = a.attrelid AND pgd.objsubid = a.attnum)
            WHERE a.attrelid = 16422
            AND a.attnum > 0 AND NOT a.attisdropped
            ORDER BY a.attnum
        

--> Superset 6.1.0 | simple
            SELECT t.typname as "name",
               pg_catalog.format_type(t.typbasetype, t.typtypmod) as "attype",
               not t.typnotnull as "nullable",
               t.typdefault as "default",
               pg_catalog.pg_type_is_visible(t.oid) as "visible",
               n.nspname as "schema"
            FROM pg_catalog.pg_type t
               LEFT JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
            WHERE t.typtype = 'd'
        

--> Superset 6.1.0 | simple
            SELECT t.typname as "name",
               -- no enum defaults in 8.4 at least
               -- t.typdefault as "default",
               pg_catalog.pg_type_is_visible(t.oid) as "visible",
               n.nspname as "schema",
               e.enumlabel as "label"
            FROM pg_catalog.pg_type t
                 LEFT JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
                 LEFT JOIN pg_catalog.pg_enum e ON t.oid = e.enumtypid
            WHERE t.typtype = 'e'
        ORDER BY "schema", "name", e.oid

--> Superset 6.1.0 | simple
              SELECT
                  i.relname as relname,
                  ix.indisunique, ix.indexprs,
                  a.attname, a.attnum, c.conrelid, ix.indkey::varchar,
                  ix.indoption::varchar, i.reloptions, am.amname,
                  pg_get_expr(ix.indpred, ix.indrelid),
                  ix.indnkeyatts as indnkeyatts
              FROM
                  pg_class t
                        join pg_index ix on t.oid = ix.indrelid
                        join pg_class i on i.oid = ix.indexrelid
                        left outer join
                            pg_attribute a
                            on t.oid = a.attrelid and a.attnum = ANY(ix.indkey)
                        left outer join
                            pg_constraint c
                            on (ix.indrelid = c.conrelid and
                                ix.indexrelid = c.conindid and
                                c.contype in ('p', 'u', 'x'))
                        left outer join
                            pg_am am
                            on i.relam = am.oid
              WHERE
                  t.relkind IN ('r', 'v', 'f', 'm', 'p')
                  and t.oid = 16422
                  and ix.indisprimary = 'f'
              ORDER BY
                  t.relname,
                  i.relname
            

--> Superset 6.1.0 | simple
                SELECT a.attname
                FROM pg_attribute a JOIN (
                    SELECT unnest(ix.indkey) attnum,
                           generate_subscripts(ix.indkey, 1) ord
                    FROM pg_index ix
                    WHERE ix.indrelid = 16422 AND ix.indisprimary
                    ) k ON a.attnum=k.attnum
                WHERE a.attrelid = 16422
                ORDER BY k.ord
            

--> Superset 6.1.0 | simple
        SELECT conname
           FROM  pg_catalog.pg_constraint r
           WHERE r.conrelid = 16422 AND r.contype = 'p'
           ORDER BY 1
        

--> Superset 6.1.0 | simple
          SELECT r.conname,
                pg_catalog.pg_get_constraintdef(r.oid, true) as condef,
                n.nspname as conschema
          FROM  pg_catalog.pg_constraint r,
                pg_namespace n,
                pg_class c

          WHERE r.conrelid = 16422 AND
                r.contype = 'f' AND
                c.oid = confrelid AND
                n.oid = c.relnamespace
          ORDER BY 1
        

--> Superset 6.1.0 | simple
            SELECT
                pgd.description as table_comment
            FROM
                pg_catalog.pg_description pgd
            WHERE
                pgd.objsubid = 0 AND
                pgd.objoid = 16422
        

--> Superset 6.1.0 | simple
select relname from pg_class c join pg_namespace n on n.oid=c.relnamespace where n.nspname='public' and relname='orders'

--> Superset 6.1.0 | simple
set search_path = "public"

--> Superset 6.1.0 | simple
SELECT
  id,
  customer_id,
  status,
  ordered_at,
  shipped_at
FROM public.orders
LIMIT 100

--> Superset 6.1.0 | simple
            SELECT c.oid
            FROM pg_catalog.pg_class c
            LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            WHERE (n.nspname = 'public')
            AND c.relname = 'products' AND c.relkind in
            ('r', 'v', 'm', 'f', 'p')
        

--> Superset 6.1.0 | simple
select relname from pg_class c join pg_namespace n on n.oid=c.relnamespace where n.nspname='public' and relname='products'

--> Superset 6.1.0 | simple
SELECT
  id,
  sku,
  title,
  category,
  price,
  stock,
  details
FROM public.products
LIMIT 100

--> Superset 6.1.0 | simple
            SELECT c.oid
            FROM pg_catalog.pg_class c
            LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            WHERE (n.nspname = 'public')
            AND c.relname = 'order_totals' AND c.relkind in
            ('r', 'v', 'm', 'f', 'p')
        

--> Superset 6.1.0 | simple
select relname from pg_class c join pg_namespace n on n.oid=c.relnamespace where n.nspname='public' and relname='order_totals'

--> Superset 6.1.0 | simple
SELECT
  order_id,
  customer_id,
  status,
  ordered_at,
  total
FROM public.order_totals
LIMIT 100

--> Superset 6.1.0 | simple
SELECT
  status AS status,
  COUNT(*) AS count
FROM public.orders
WHERE
  ordered_at >= TO_TIMESTAMP('2025-06-01 00:00:00.000000', 'YYYY-MM-DD HH24:MI:SS.US')
  AND ordered_at < TO_TIMESTAMP('2026-06-01 00:00:00.000000', 'YYYY-MM-DD HH24:MI:SS.US')
  AND customer_id > 5
  AND status IN ('paid', 'new')
GROUP BY
  status
ORDER BY
  count DESC
LIMIT 100

--> Superset 6.1.0 | simple
SELECT
  DATE_TRUNC('MONTH', ordered_at) AS __timestamp,
  status AS status,
  COUNT(*) AS count
FROM public.orders
WHERE
  ordered_at >= TO_TIMESTAMP('2025-06-01 00:00:00.000000', 'YYYY-MM-DD HH24:MI:SS.US')
  AND ordered_at < TO_TIMESTAMP('2026-06-01 00:00:00.000000', 'YYYY-MM-DD HH24:MI:SS.US')
  AND customer_id > 5
  AND status IN ('paid', 'new')
GROUP BY
  status,
  DATE_TRUNC('MONTH', ordered_at)
ORDER BY
  count DESC
LIMIT 100

--> Superset 6.1.0 | simple
SELECT
  id AS id,
  status AS status,
  ordered_at AS ordered_at
FROM public.orders
WHERE
  ordered_at >= TO_TIMESTAMP('2025-06-01 00:00:00.000000', 'YYYY-MM-DD HH24:MI:SS.US')
  AND ordered_at < TO_TIMESTAMP('2026-06-01 00:00:00.000000', 'YYYY-MM-DD HH24:MI:SS.US')
  AND customer_id > 5
  AND status IN ('paid', 'new')
LIMIT 100

--> Superset 6.1.0 | simple
SELECT
  DATE_TRUNC('WEEK', ordered_at) AS __timestamp,
  status AS status,
  COUNT(*) AS count
FROM public.orders
JOIN (
  SELECT
    status AS status__,
    COUNT(*) AS mme_inner__
  FROM public.orders
  WHERE
    customer_id > 5
    AND status IN ('paid', 'new')
    AND ordered_at >= TO_TIMESTAMP('2025-06-01 00:00:00.000000', 'YYYY-MM-DD HH24:MI:SS.US')
    AND ordered_at < TO_TIMESTAMP('2026-06-01 00:00:00.000000', 'YYYY-MM-DD HH24:MI:SS.US')
  GROUP BY
    status
  ORDER BY
    mme_inner__ DESC
  LIMIT 3
) AS series_limit
  ON status = status__
WHERE
  ordered_at >= TO_TIMESTAMP('2025-06-01 00:00:00.000000', 'YYYY-MM-DD HH24:MI:SS.US')
  AND ordered_at < TO_TIMESTAMP('2026-06-01 00:00:00.000000', 'YYYY-MM-DD HH24:MI:SS.US')
  AND customer_id > 5
  AND status IN ('paid', 'new')
GROUP BY
  status,
  DATE_TRUNC('WEEK', ordered_at)
ORDER BY
  count DESC
LIMIT 100

--> Superset 6.1.0 | simple
SELECT DISTINCT status AS column_values 
FROM public.orders 
 LIMIT 10000

--> Superset 6.1.0 | simple
SELECT
  o.status,
  o.ordered_at,
  t.total
FROM orders AS o
JOIN order_totals AS t
  ON t.order_id = o.id
LIMIT 1

--> Superset 6.1.0 | simple
SELECT
  status AS status,
  SUM(total) AS s
FROM (
  SELECT
    o.status,
    o.ordered_at,
    t.total
  FROM orders AS o
  JOIN order_totals AS t
    ON t.order_id = o.id
) AS virtual_table
WHERE
  ordered_at >= TO_TIMESTAMP('2025-06-01 00:00:00.000000', 'YYYY-MM-DD HH24:MI:SS.US')
  AND ordered_at < TO_TIMESTAMP('2026-06-01 00:00:00.000000', 'YYYY-MM-DD HH24:MI:SS.US')
GROUP BY
  status
LIMIT 100

--> Superset 6.1.0 | simple
SELECT pg_backend_pid()

--> Superset 6.1.0 | simple
EXPLAIN select * from orders
