-- psycopg, psycopg2, asyncpg, pg8000: what it sent, captured between it and PostgreSQL 15 on the shop of demo/shop.sql.
-- The texts are facts about the tools, whose authors made them; docs/compatibility.md says how they were taken.
-- Run by crates/gateway/tests/it/tools.rs, which says what the headings mean.

--= each agent

--> psycopg 3.3.9; psycopg2 2.9.13 | simple
BEGIN

--> psycopg 3.3.9 | extended {"types": [0], "values": ["order_status"]}
SELECT
    typname AS name, oid, typarray AS array_oid,
    oid::regtype::text AS regtype, typdelim AS delimiter
FROM pg_type t
WHERE t.oid = to_regtype($1)
ORDER BY t.oid

--> psycopg 3.3.9 | simple
COMMIT

--> psycopg 3.3.9 | extended {"types": [0], "values": ["order_status"]}
SELECT name, oid, array_oid, regtype, array_agg(label) AS labels
FROM (
    SELECT
        t.typname AS name, t.oid AS oid, t.typarray AS array_oid,
        t.oid::regtype::text AS regtype, e.enumlabel AS label
    FROM pg_type t
    LEFT JOIN  pg_enum e
    ON e.enumtypid = t.oid
    WHERE t.oid = to_regtype($1)
    ORDER BY e.enumsortorder
) x
GROUP BY name, oid, array_oid, regtype

--> psycopg 3.3.9 | extended {"types": [0], "values": ["orders"]}
SELECT
    t.typname AS name, t.oid AS oid, t.typarray AS array_oid,
    t.oid::regtype::text AS regtype,
    coalesce(a.fnames, '{}') AS field_names,
    coalesce(a.ftypes, '{}') AS field_types
FROM pg_type t
LEFT JOIN (
    SELECT
        attrelid,
        array_agg(attname) AS fnames,
        array_agg(atttypid) AS ftypes
    FROM (
        SELECT a.attrelid, a.attname, a.atttypid
        FROM pg_attribute a
        JOIN pg_type t ON t.typrelid = a.attrelid
        WHERE t.oid = to_regtype($1)
        AND a.attnum > 0
        AND NOT a.attisdropped
        ORDER BY a.attnum
    ) x
    GROUP BY attrelid
) a ON a.attrelid = t.typrelid
WHERE t.oid = to_regtype($1)

--> psycopg 3.3.9 | extended {"types": [0], "values": ["int4range"]}
SELECT t.typname AS name, t.oid AS oid, t.typarray AS array_oid,
    t.oid::regtype::text AS regtype,
    r.rngsubtype AS subtype_oid
FROM pg_type t
JOIN pg_range r ON t.oid = r.rngtypid
WHERE t.oid = to_regtype($1)

--> psycopg 3.3.9 | extended {"types": [0], "values": ["int4multirange"]}
SELECT t.typname AS name, t.oid AS oid, t.typarray AS array_oid,
    t.oid::regtype::text AS regtype,
    r.rngtypid AS range_oid, r.rngsubtype AS subtype_oid
FROM pg_type t
JOIN pg_range r ON t.oid = r.rngmultitypid
WHERE t.oid = to_regtype($1)

--> psycopg 3.3.9; pg8000 1.31.6 | extended {"types": [21], "values": [{"hex": "0003"}]}
select id, sku from products where id=$1

--> psycopg 3.3.9 | extended {"types": [1005], "values": ["{3,4}"]}
select id, sku from products where id=any($1) order by id

--> psycopg 3.3.9 | extended {"types": [], "values": []}
DECLARE "cur" CURSOR FOR select id from products order by id

--> psycopg 3.3.9 | simple
FETCH FORWARD 5 FROM "cur"

--> psycopg 3.3.9 | simple
MOVE 3 FROM "cur"

--> psycopg 3.3.9 | simple
CLOSE "cur"

--> psycopg 3.3.9 | simple
copy (select id, sku from products order by id) to stdout

--> psycopg 3.3.9; asyncpg 0.32.0 | extended {"types": [], "values": []}
select 1

--> psycopg 3.3.9 | simple
BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY

--> psycopg 3.3.9; psycopg2 2.9.13 | simple
select 1

--> psycopg2 2.9.13 | simple
select id, sku from products where id in (3, 4) order by id

--> psycopg2 2.9.13 | simple
SELECT t.oid, typarray
FROM pg_type t JOIN pg_namespace ns
    ON typnamespace = ns.oid
WHERE typname = 'hstore';

--> psycopg2 2.9.13 | simple
ROLLBACK

--> psycopg2 2.9.13 | simple
SELECT t.oid, typarray, attname, atttypid
FROM pg_type t
JOIN pg_namespace ns ON typnamespace = ns.oid
JOIN pg_attribute a ON attrelid = typrelid
WHERE typname = 'orders' AND nspname = 'public'
    AND attnum > 0 AND NOT attisdropped
ORDER BY attnum;

--> psycopg2 2.9.13 | simple
DECLARE "srv" CURSOR WITHOUT HOLD FOR select id from products order by id

--> psycopg2 2.9.13 | simple
FETCH FORWARD 3 FROM "srv"

--> psycopg2 2.9.13 | simple
CLOSE "srv"

--> psycopg2 2.9.13 | simple
copy (select id from products order by id) to stdout

--> psycopg2 2.9.13 | simple
BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY

--> asyncpg 0.32.0 | extended {"types": [], "values": []}
                    SELECT
                        current_setting('jit') AS cur,
                        set_config('jit', 'off', false) AS new
                    

--> asyncpg 0.32.0 | extended {"types": [], "values": [{"hex": "00000001000000000000001a00000001000000010000000400004002"}]}
WITH RECURSIVE typeinfo_tree(
    oid, ns, name, kind, basetype, elemtype, elemdelim,
    range_subtype, attrtypoids, attrnames, depth)
AS (
    SELECT
        ti.oid, ti.ns, ti.name, ti.kind, ti.basetype,
        ti.elemtype, ti.elemdelim, ti.range_subtype,
        ti.attrtypoids, ti.attrnames, 0
    FROM
            (
        SELECT
            t.oid                           AS oid,
            ns.nspname                      AS ns,
            t.typname                       AS name,
            t.typtype                       AS kind,
            (CASE WHEN t.typtype = 'd' THEN
                (WITH RECURSIVE typebases(oid, depth) AS (
                    SELECT
                        t2.typbasetype      AS oid,
                        0                   AS depth
                    FROM
                        pg_type t2
                    WHERE
                        t2.oid = t.oid

                    UNION ALL

                    SELECT
                        t2.typbasetype      AS oid,
                        tb.depth + 1        AS depth
                    FROM
                        pg_type t2,
                        typebases tb
                    WHERE
                       tb.oid = t2.oid
                       AND t2.typbasetype != 0
               ) SELECT oid FROM typebases ORDER BY depth DESC LIMIT 1)

               ELSE NULL
            END)                            AS basetype,
            t.typelem                       AS elemtype,
            elem_t.typdelim                 AS elemdelim,
            COALESCE(
                range_t.rngsubtype,
                multirange_t.rngsubtype)    AS range_subtype,
            (CASE WHEN t.typtype = 'c' THEN
                (SELECT
                    array_agg(ia.atttypid ORDER BY ia.attnum)
                FROM
                    pg_attribute ia
                    INNER JOIN pg_class c
                        ON (ia.attrelid = c.oid)
                WHERE
                    ia.attnum > 0 AND NOT ia.attisdropped
                    AND c.reltype = t.oid)

                ELSE NULL
            END)                            AS attrtypoids,
            (CASE WHEN t.typtype = 'c' THEN
                (SELECT
                    array_agg(ia.attname::text ORDER BY ia.attnum)
                FROM
                    pg_attribute ia
                    INNER JOIN pg_class c
                        ON (ia.attrelid = c.oid)
                WHERE
                    ia.attnum > 0 AND NOT ia.attisdropped
                    AND c.reltype = t.oid)

                ELSE NULL
            END)                            AS attrnames
        FROM
            pg_catalog.pg_type AS t
            INNER JOIN pg_catalog.pg_namespace ns ON (
                ns.oid = t.typnamespace)
            LEFT JOIN pg_type elem_t ON (
                t.typlen = -1 AND
                t.typelem != 0 AND
                t.typelem = elem_t.oid
            )
            LEFT JOIN pg_range range_t ON (
                t.oid = range_t.rngtypid
            )
            LEFT JOIN pg_range multirange_t ON (
                t.oid = multirange_t.rngmultitypid
            )
    )
 AS ti
    WHERE
        ti.oid = any($1::oid[])

    UNION ALL

    SELECT
        ti.oid, ti.ns, ti.name, ti.kind, ti.basetype,
        ti.elemtype, ti.elemdelim, ti.range_subtype,
        ti.attrtypoids, ti.attrnames, tt.depth + 1
    FROM
            (
        SELECT
            t.oid                           AS oid,
            ns.nspname                      AS ns,
            t.typname                       AS name,
            t.typtype                       AS kind,
            (CASE WHEN t.typtype = 'd' THEN
                (WITH RECURSIVE typebases(oid, depth) AS (
                    SELECT
                        t2.typbasetype      AS oid,
                        0                   AS depth
                    FROM
                        pg_type t2
                    WHERE
                        t2.oid = t.oid

                    UNION ALL

                    SELECT
                        t2.typbasetype      AS oid,
                        tb.depth + 1        AS depth
                    FROM
                        pg_type t2,
                        typebases tb
                    WHERE
                       tb.oid = t2.oid
                       AND t2.typbasetype != 0
               ) SELECT oid FROM typebases ORDER BY depth DESC LIMIT 1)

               ELSE NULL
            END)                            AS basetype,
            t.typelem                       AS elemtype,
            elem_t.typdelim                 AS elemdelim,
            COALESCE(
                range_t.rngsubtype,
                multirange_t.rngsubtype)    AS range_subtype,
            (CASE WHEN t.typtype = 'c' THEN
                (SELECT
                    array_agg(ia.atttypid ORDER BY ia.attnum)
                FROM
                    pg_attribute ia
                    INNER JOIN pg_class c
                        ON (ia.attrelid = c.oid)
                WHERE
                    ia.attnum > 0 AND NOT ia.attisdropped
                    AND c.reltype = t.oid)

                ELSE NULL
            END)                            AS attrtypoids,
            (CASE WHEN t.typtype = 'c' THEN
                (SELECT
                    array_agg(ia.attname::text ORDER BY ia.attnum)
                FROM
                    pg_attribute ia
                    INNER JOIN pg_class c
                        ON (ia.attrelid = c.oid)
                WHERE
                    ia.attnum > 0 AND NOT ia.attisdropped
                    AND c.reltype = t.oid)

                ELSE NULL
            END)                            AS attrnames
        FROM
            pg_catalog.pg_type AS t
            INNER JOIN pg_catalog.pg_namespace ns ON (
                ns.oid = t.typnamespace)
            LEFT JOIN pg_type elem_t ON (
                t.typlen = -1 AND
                t.typelem != 0 AND
                t.typelem = elem_t.oid
            )
            LEFT JOIN pg_range range_t ON (
                t.oid = range_t.rngtypid
            )
            LEFT JOIN pg_range multirange_t ON (
                t.oid = multirange_t.rngmultitypid
            )
    )
 ti,
        typeinfo_tree tt
    WHERE
        (tt.elemtype IS NOT NULL AND ti.oid = tt.elemtype)
        OR (tt.attrtypoids IS NOT NULL AND ti.oid = any(tt.attrtypoids))
        OR (tt.range_subtype IS NOT NULL AND ti.oid = tt.range_subtype)
        OR (tt.basetype IS NOT NULL AND ti.oid = tt.basetype)
)

SELECT DISTINCT
    *,
    basetype::regtype::text AS basetype_name,
    elemtype::regtype::text AS elemtype_name,
    range_subtype::regtype::text AS range_subtype_name
FROM
    typeinfo_tree
ORDER BY
    depth DESC

--> asyncpg 0.32.0 | extended {"types": [], "values": [{"hex": "6f6e"}]}
                SELECT
                    set_config('jit', $1, false)
                

--> asyncpg 0.32.0 | extended {"types": [], "values": [{"hex": "70616964"}]}
select * from orders where status=$1 order by id limit 3

--> asyncpg 0.32.0 | extended {"types": [], "values": [{"hex": "000000010000000000000017000000020000000100000004000000010000000400000002"}]}
select id, details from products where id=any($1::int[]) order by id

--> asyncpg 0.32.0 | extended {"types": [], "values": []}
select o from orders o where id=1

--> asyncpg 0.32.0 | extended {"types": [], "values": [{"hex": "00000001000000000000400200000001000000010000000470616964"}]}
select $1::order_status[]

--> asyncpg 0.32.0 | simple
BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY DEFERRABLE;

--> asyncpg 0.32.0 | extended {"types": [], "values": []}
select id from products order by id

--> asyncpg 0.32.0 | simple
SAVEPOINT __asyncpg_savepoint_a__;

--> asyncpg 0.32.0 | simple
RELEASE SAVEPOINT __asyncpg_savepoint_a__;

--> asyncpg 0.32.0 | simple
COMMIT;

--> asyncpg 0.32.0 | simple
COPY (select id from products order by id) TO STDOUT 

--> asyncpg 0.32.0 | simple
COPY "products"("id", "sku") TO STDOUT 

--> asyncpg 0.32.0 | simple
select 1; select 2

--> asyncpg 0.32.0 | simple
SELECT pg_advisory_unlock_all();
CLOSE ALL;
UNLISTEN *;
RESET ALL;

--> asyncpg 0.32.0 | extended {"types": [], "values": [{"hex": "0002dbd1981b6000"}]}
select count(*) from orders where ordered_at > $1
