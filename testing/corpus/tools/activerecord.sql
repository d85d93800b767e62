-- ActiveRecord (Rails): schema reflection and dump, relations, migrations: what it sent, captured between it and PostgreSQL 15 on the shop of demo/shop.sql.
-- The texts are facts about the tools, whose authors made them; docs/compatibility.md says how they were taken.
-- Run by crates/gateway/tests/it/tools.rs, which says what the headings mean.

--= each agent

--> ActiveRecord 6.1.7.10 | simple
SET client_min_messages TO 'warning'

--> ActiveRecord 6.1.7.10 | simple
SET standard_conforming_strings = on

--> ActiveRecord 6.1.7.10 | simple
SET intervalstyle = iso_8601

--> ActiveRecord 6.1.7.10 | simple
SET SESSION timezone TO 'UTC'

--> ActiveRecord 6.1.7.10 | extended {"types": [], "values": []}
SELECT t.oid, t.typname
FROM pg_type as t
WHERE t.typname IN ('int2', 'int4', 'int8', 'oid', 'float4', 'float8', 'numeric', 'bool', 'timestamp', 'timestamptz')

--> ActiveRecord 6.1.7.10 | extended {"types": [], "values": []}
SELECT t.oid, t.typname, t.typelem, t.typdelim, t.typinput, r.rngsubtype, t.typtype, t.typbasetype
FROM pg_type as t
LEFT JOIN pg_range as r ON oid = rngtypid
WHERE
  t.typname IN ('int2', 'int4', 'int8', 'oid', 'float4', 'float8', 'text', 'varchar', 'char', 'name', 'bpchar', 'bool', 'bit', 'varbit', 'timestamptz', 'date', 'money', 'bytea', 'point', 'hstore', 'json', 'jsonb', 'cidr', 'inet', 'uuid', 'xml', 'tsvector', 'macaddr', 'citext', 'ltree', 'line', 'lseg', 'box', 'path', 'polygon', 'circle', 'time', 'timestamp', 'numeric', 'interval')
  OR t.typtype IN ('r', 'e', 'd')
  OR t.typinput = 'array_in(cstring,oid,integer)'::regprocedure
  OR t.typelem != 0

--> ActiveRecord 6.1.7.10 | simple
SHOW TIME ZONE

--> ActiveRecord 6.1.7.10 | simple
SELECT 1

--> ActiveRecord 6.1.7.10 | simple
SELECT c.relname FROM pg_class c LEFT JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = ANY (current_schemas(false)) AND c.relkind IN ('r','p')

--> ActiveRecord 6.1.7.10 | simple
SELECT c.relname FROM pg_class c LEFT JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = ANY (current_schemas(false)) AND c.relkind IN ('v','m')

--> ActiveRecord 6.1.7.10 | simple
SELECT c.relname FROM pg_class c LEFT JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = ANY (current_schemas(false)) AND c.relkind IN ('r','v','m','p','f')

--> ActiveRecord 6.1.7.10 | simple
SELECT distinct i.relname, d.indisunique, d.indkey, pg_get_indexdef(d.indexrelid), t.oid,
                pg_catalog.obj_description(i.oid, 'pg_class') AS comment
FROM pg_class t
INNER JOIN pg_index d ON t.oid = d.indrelid
INNER JOIN pg_class i ON d.indexrelid = i.oid
LEFT JOIN pg_namespace n ON n.oid = i.relnamespace
WHERE i.relkind IN ('i', 'I')
  AND d.indisprimary = 'f'
  AND t.relname = 'orders'
  AND n.nspname = ANY (current_schemas(false))
ORDER BY i.relname

--> ActiveRecord 6.1.7.10 | simple
SELECT a.attnum, a.attname
FROM pg_attribute a
WHERE a.attrelid = 16422
AND a.attnum IN (2)

--> ActiveRecord 6.1.7.10 | extended {"types": [], "values": []}
SELECT t2.oid::regclass::text AS to_table, a1.attname AS column, a2.attname AS primary_key, c.conname AS name, c.confupdtype AS on_update, c.confdeltype AS on_delete, c.convalidated AS valid
FROM pg_constraint c
JOIN pg_class t1 ON c.conrelid = t1.oid
JOIN pg_class t2 ON c.confrelid = t2.oid
JOIN pg_attribute a1 ON a1.attnum = c.conkey[1] AND a1.attrelid = t1.oid
JOIN pg_attribute a2 ON a2.attnum = c.confkey[1] AND a2.attrelid = t2.oid
JOIN pg_namespace t3 ON c.connamespace = t3.oid
WHERE c.contype = 'f'
  AND t1.relname = 'orders'
  AND t3.nspname = ANY (current_schemas(false))
ORDER BY c.conname

--> ActiveRecord 6.1.7.10 | simple
SELECT a.attname, format_type(a.atttypid, a.atttypmod),
       pg_get_expr(d.adbin, d.adrelid), a.attnotnull, a.atttypid, a.atttypmod,
       c.collname, col_description(a.attrelid, a.attnum) AS comment
  FROM pg_attribute a
  LEFT JOIN pg_attrdef d ON a.attrelid = d.adrelid AND a.attnum = d.adnum
  LEFT JOIN pg_type t ON a.atttypid = t.oid
  LEFT JOIN pg_collation c ON a.attcollation = c.oid AND a.attcollation <> t.typcollation
 WHERE a.attrelid = '"customers"'::regclass
   AND a.attnum > 0 AND NOT a.attisdropped
 ORDER BY a.attnum

--> ActiveRecord 6.1.7.10 | simple
SELECT a.attname
  FROM (
         SELECT indrelid, indkey, generate_subscripts(indkey, 1) idx
           FROM pg_index
          WHERE indrelid = '"order_items"'::regclass
            AND indisprimary
       ) i
  JOIN pg_attribute a
    ON a.attrelid = i.indrelid
   AND a.attnum = i.indkey[i.idx]
 ORDER BY i.idx

--> ActiveRecord 6.1.7.10 | extended {"types": [], "values": []}
            SELECT conname, pg_get_constraintdef(c.oid) AS constraintdef, c.convalidated AS valid
            FROM pg_constraint c
            JOIN pg_class t ON c.conrelid = t.oid
            WHERE c.contype = 'c'
              AND t.relname = 'products'

--> ActiveRecord 6.1.7.10 | simple
SELECT pg_catalog.obj_description(c.oid, 'pg_class')
FROM pg_catalog.pg_class c
  LEFT JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relname = 'customers'
  AND c.relkind IN ('r','p')
  AND n.nspname = ANY (current_schemas(false))

--> ActiveRecord 6.1.7.10 | extended {"types": [], "values": []}
SELECT extname FROM pg_extension

--> ActiveRecord 6.1.7.10 | simple
SELECT nspname
  FROM pg_namespace
 WHERE nspname !~ '^pg_.*'
   AND nspname NOT IN ('information_schema')
 ORDER by nspname;

--> ActiveRecord 6.1.7.10 | simple
SELECT c.relname FROM pg_class c LEFT JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = ANY (current_schemas(false)) AND c.relname = 'orders' AND c.relkind IN ('r','p')

--> ActiveRecord 6.1.7.10 | simple
SELECT c.relname FROM pg_class c LEFT JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = ANY (current_schemas(false)) AND c.relname = 'order_totals' AND c.relkind IN ('v','m')

--> ActiveRecord 6.1.7.10 | simple
SELECT current_database()

--> ActiveRecord 6.1.7.10 | simple
SELECT current_schema

--> ActiveRecord 6.1.7.10 | simple
SELECT pg_encoding_to_char(encoding) FROM pg_database WHERE datname = current_database()

--> ActiveRecord 6.1.7.10 | simple
SELECT datcollate FROM pg_database WHERE datname = current_database()

--> ActiveRecord 6.1.7.10 | simple
SELECT datctype FROM pg_database WHERE datname = current_database()

--> ActiveRecord 6.1.7.10 | simple
SELECT pg_get_serial_sequence('orders', 'id')

--> ActiveRecord 6.1.7.10 | simple
SELECT attr.attname, nsp.nspname, seq.relname
FROM pg_class      seq,
     pg_attribute  attr,
     pg_depend     dep,
     pg_constraint cons,
     pg_namespace  nsp
WHERE seq.oid           = dep.objid
  AND seq.relkind       = 'S'
  AND attr.attrelid     = dep.refobjid
  AND attr.attnum       = dep.refobjsubid
  AND attr.attrelid     = cons.conrelid
  AND attr.attnum       = cons.conkey[1]
  AND seq.relnamespace  = nsp.oid
  AND cons.contype      = 'p'
  AND dep.classid       = 'pg_class'::regclass
  AND dep.refobjid      = '"orders"'::regclass

--> ActiveRecord 6.1.7.10 | simple
SHOW search_path

--> ActiveRecord 6.1.7.10 | simple
SHOW client_min_messages

--> ActiveRecord 6.1.7.10 | simple
SELECT COUNT(*)
FROM pg_class t
INNER JOIN pg_index d ON t.oid = d.indrelid
INNER JOIN pg_class i ON d.indexrelid = i.oid
LEFT JOIN pg_namespace n ON n.oid = i.relnamespace
WHERE i.relkind IN ('i', 'I')
  AND i.relname = 'orders_of_customer'
  AND t.relname = 'orders'
  AND n.nspname = ANY (current_schemas(false))

--> ActiveRecord 6.1.7.10 | simple
SELECT true FROM pg_available_extensions WHERE name = 'pg_hint_plan'

--> ActiveRecord 6.1.7.10 | simple
SELECT a.attname
  FROM (
         SELECT indrelid, indkey, generate_subscripts(indkey, 1) idx
           FROM pg_index
          WHERE indrelid = '"products"'::regclass
            AND indisprimary
       ) i
  JOIN pg_attribute a
    ON a.attrelid = i.indrelid
   AND a.attnum = i.indkey[i.idx]
 ORDER BY i.idx

--> ActiveRecord 6.1.7.10 | extended {"types": [], "values": ["1"]}
SELECT "products".* FROM "products" ORDER BY "products"."id" ASC LIMIT $1

--> ActiveRecord 6.1.7.10 | simple
SELECT a.attname, format_type(a.atttypid, a.atttypmod),
       pg_get_expr(d.adbin, d.adrelid), a.attnotnull, a.atttypid, a.atttypmod,
       c.collname, col_description(a.attrelid, a.attnum) AS comment
  FROM pg_attribute a
  LEFT JOIN pg_attrdef d ON a.attrelid = d.adrelid AND a.attnum = d.adnum
  LEFT JOIN pg_type t ON a.atttypid = t.oid
  LEFT JOIN pg_collation c ON a.attcollation = c.oid AND a.attcollation <> t.typcollation
 WHERE a.attrelid = '"products"'::regclass
   AND a.attnum > 0 AND NOT a.attisdropped
 ORDER BY a.attnum

--> ActiveRecord 6.1.7.10 | extended {"types": [], "values": ["1"]}
SELECT "products".* FROM "products" ORDER BY "products"."id" DESC LIMIT $1

--> ActiveRecord 6.1.7.10 | extended {"types": [], "values": ["3", "1"]}
SELECT "products".* FROM "products" WHERE "products"."id" = $1 LIMIT $2

--> ActiveRecord 6.1.7.10 | extended {"types": [], "values": ["SKU-000127", "1"]}
SELECT "products".* FROM "products" WHERE "products"."sku" = $1 LIMIT $2

--> ActiveRecord 6.1.7.10 | extended {"types": [], "values": ["storage", "3", "1"]}
SELECT "products".* FROM "products" WHERE "products"."category" = $1 ORDER BY "products"."id" ASC LIMIT $2 OFFSET $3

--> ActiveRecord 6.1.7.10 | extended {"types": [], "values": []}
SELECT COUNT(*) FROM "products" WHERE (price > 5)

--> ActiveRecord 6.1.7.10 | extended {"types": [0, 0], "values": ["3", "1"]}
SELECT 1 AS one FROM "products" WHERE "products"."id" = $1 LIMIT $2

--> ActiveRecord 6.1.7.10 | extended {"types": [], "values": []}
SELECT "products"."category" FROM "products"

--> ActiveRecord 6.1.7.10 | extended {"types": [], "values": []}
SELECT DISTINCT "products"."category" FROM "products"

--> ActiveRecord 6.1.7.10 | extended {"types": [], "values": []}
SELECT SUM("products"."stock") FROM "products"

--> ActiveRecord 6.1.7.10 | extended {"types": [], "values": []}
SELECT AVG("products"."price") FROM "products"

--> ActiveRecord 6.1.7.10 | extended {"types": [], "values": []}
SELECT MAX("products"."price") FROM "products"

--> ActiveRecord 6.1.7.10 | simple
SELECT a.attname, format_type(a.atttypid, a.atttypmod),
       pg_get_expr(d.adbin, d.adrelid), a.attnotnull, a.atttypid, a.atttypmod,
       c.collname, col_description(a.attrelid, a.attnum) AS comment
  FROM pg_attribute a
  LEFT JOIN pg_attrdef d ON a.attrelid = d.adrelid AND a.attnum = d.adnum
  LEFT JOIN pg_type t ON a.atttypid = t.oid
  LEFT JOIN pg_collation c ON a.attcollation = c.oid AND a.attcollation <> t.typcollation
 WHERE a.attrelid = '"orders"'::regclass
   AND a.attnum > 0 AND NOT a.attisdropped
 ORDER BY a.attnum

--> ActiveRecord 6.1.7.10 | extended {"types": [], "values": ["3"]}
SELECT "orders".* FROM "orders" ORDER BY "orders"."id" ASC LIMIT $1

--> ActiveRecord 6.1.7.10 | simple
SELECT a.attname
  FROM (
         SELECT indrelid, indkey, generate_subscripts(indkey, 1) idx
           FROM pg_index
          WHERE indrelid = '"orders"'::regclass
            AND indisprimary
       ) i
  JOIN pg_attribute a
    ON a.attrelid = i.indrelid
   AND a.attnum = i.indkey[i.idx]
 ORDER BY i.idx

--> ActiveRecord 6.1.7.10 | simple
SELECT a.attname
  FROM (
         SELECT indrelid, indkey, generate_subscripts(indkey, 1) idx
           FROM pg_index
          WHERE indrelid = '"customers"'::regclass
            AND indisprimary
       ) i
  JOIN pg_attribute a
    ON a.attrelid = i.indrelid
   AND a.attnum = i.indkey[i.idx]
 ORDER BY i.idx

--> ActiveRecord 6.1.7.10 | masked | extended {"types": [0, 0, 0], "values": ["8", "15", "22"]}
SELECT "customers".* FROM "customers" WHERE "customers"."id" IN ($1, $2, $3)

--> ActiveRecord 6.1.7.10 | simple
SELECT a.attname, format_type(a.atttypid, a.atttypmod),
       pg_get_expr(d.adbin, d.adrelid), a.attnotnull, a.atttypid, a.atttypmod,
       c.collname, col_description(a.attrelid, a.attnum) AS comment
  FROM pg_attribute a
  LEFT JOIN pg_attrdef d ON a.attrelid = d.adrelid AND a.attnum = d.adnum
  LEFT JOIN pg_type t ON a.atttypid = t.oid
  LEFT JOIN pg_collation c ON a.attcollation = c.oid AND a.attcollation <> t.typcollation
 WHERE a.attrelid = '"order_items"'::regclass
   AND a.attnum > 0 AND NOT a.attisdropped
 ORDER BY a.attnum

--> ActiveRecord 6.1.7.10 | extended {"types": [0, 0, 0], "values": ["1", "2", "3"]}
SELECT "order_items".* FROM "order_items" WHERE "order_items"."order_id" IN ($1, $2, $3)

--> ActiveRecord 6.1.7.10 | extended {"types": [], "values": ["Bo"]}
SELECT "orders".* FROM "orders" INNER JOIN "customers" ON "customers"."id" = "orders"."customer_id" WHERE "customers"."name" = $1

--> ActiveRecord 6.1.7.10 | masked | extended {"types": [0], "values": ["2"]}
SELECT "orders"."id" AS t0_r0, "orders"."customer_id" AS t0_r1, "orders"."status" AS t0_r2, "orders"."ordered_at" AS t0_r3, "orders"."shipped_at" AS t0_r4, "customers"."id" AS t1_r0, "customers"."name" AS t1_r1, "customers"."email" AS t1_r2, "customers"."phone" AS t1_r3, "customers"."ssn" AS t1_r4, "customers"."card_number" AS t1_r5, "customers"."birth_date" AS t1_r6, "customers"."notes" AS t1_r7, "customers"."created_at" AS t1_r8 FROM "orders" LEFT OUTER JOIN "customers" ON "customers"."id" = "orders"."customer_id" ORDER BY "orders"."id" ASC LIMIT $1

--> ActiveRecord 6.1.7.10 | masked | extended {"types": [], "values": ["2"]}
SELECT "customers".* FROM "customers" ORDER BY "customers"."id" ASC LIMIT $1

--> ActiveRecord 6.1.7.10 | extended {"types": [0, 0], "values": ["1", "2"]}
SELECT "orders".* FROM "orders" WHERE "orders"."customer_id" IN ($1, $2)

--> ActiveRecord 6.1.7.10 | simple
SHOW max_identifier_length

--> ActiveRecord 6.1.7.10 | extended {"types": [], "values": []}
SELECT COUNT(*) AS count_all, "orders"."status" AS orders_status FROM "orders" GROUP BY "orders"."status"

--> ActiveRecord 6.1.7.10 | extended {"types": [], "values": []}
SELECT COUNT(*) AS count_all, "orders"."status" AS orders_status FROM "orders" GROUP BY "orders"."status" HAVING (count(*) > 5)

--> ActiveRecord 6.1.7.10 | extended {"types": [], "values": []}
SELECT COUNT(DISTINCT "orders"."id") FROM "orders" LEFT OUTER JOIN "order_items" ON "order_items"."order_id" = "orders"."id"

--> ActiveRecord 6.1.7.10 | extended {"types": [0, 0, 0], "values": ["paid", "new", "2"]}
SELECT "orders".* FROM "orders" WHERE "orders"."status" IN ($1, $2) ORDER BY "orders"."id" ASC LIMIT $3

--> ActiveRecord 6.1.7.10 | extended {"types": [0, 0], "values": ["2025-07-01 00:00:00", "2025-08-01 00:00:00"]}
SELECT COUNT(*) FROM "orders" WHERE "orders"."ordered_at" BETWEEN $1 AND $2

--> ActiveRecord 6.1.7.10 | extended {"types": [0], "values": ["2"]}
SELECT "products".* FROM "products" WHERE (details @> '{"colours":["natural"]}') ORDER BY "products"."id" ASC LIMIT $1

--> ActiveRecord 6.1.7.10 | extended {"types": [], "values": ["30", "30"]}
SELECT "products".* FROM "products" WHERE "products"."id" > $1 ORDER BY "products"."id" ASC LIMIT $2

--> ActiveRecord 6.1.7.10 | extended {"types": [], "values": ["2"]}
SELECT "orders".* FROM "orders" WHERE "orders"."shipped_at" IS NOT NULL ORDER BY "orders"."ordered_at" DESC LIMIT $1

--> ActiveRecord 6.1.7.10 | extended {"types": [], "values": ["1", "2"]}
SELECT "products".* FROM "products" WHERE ("products"."id" = $1 OR "products"."id" = $2)

--> ActiveRecord 6.1.7.10 | extended {"types": [], "values": ["ada@example.com", "1"]}
SELECT "customers".* FROM "customers" WHERE "customers"."email" = $1 LIMIT $2

--> ActiveRecord 6.1.7.10 | simple
SELECT a.attname, format_type(a.atttypid, a.atttypmod),
       pg_get_expr(d.adbin, d.adrelid), a.attnotnull, a.atttypid, a.atttypmod,
       c.collname, col_description(a.attrelid, a.attnum) AS comment
  FROM pg_attribute a
  LEFT JOIN pg_attrdef d ON a.attrelid = d.adrelid AND a.attnum = d.adnum
  LEFT JOIN pg_type t ON a.atttypid = t.oid
  LEFT JOIN pg_collation c ON a.attcollation = c.oid AND a.attcollation <> t.typcollation
 WHERE a.attrelid = '"staff"'::regclass
   AND a.attnum > 0 AND NOT a.attisdropped
 ORDER BY a.attnum

--> ActiveRecord 6.1.7.10 | masked | extended {"types": [], "values": ["1"]}
SELECT "staff".* FROM "staff" ORDER BY "staff"."id" ASC LIMIT $1

--> ActiveRecord 6.1.7.10 | simple
SELECT a.attname
  FROM (
         SELECT indrelid, indkey, generate_subscripts(indkey, 1) idx
           FROM pg_index
          WHERE indrelid = '"staff"'::regclass
            AND indisprimary
       ) i
  JOIN pg_attribute a
    ON a.attrelid = i.indrelid
   AND a.attnum = i.indkey[i.idx]
 ORDER BY i.idx

--> ActiveRecord 6.1.7.10 | extended {"types": [], "values": []}
SELECT "products".* FROM "products" ORDER BY "products"."id" ASC

--> ActiveRecord 6.1.7.10 | extended {"types": [], "values": []}
EXPLAIN SELECT "products".* FROM "products" ORDER BY "products"."id" ASC

--> ActiveRecord 6.1.7.10 | extended {"types": [], "values": ["1", "5"]}
SELECT "orders".* FROM (SELECT "orders".* FROM "orders" WHERE "orders"."id" BETWEEN $1 AND $2) orders ORDER BY "orders"."id" ASC

--> ActiveRecord 6.1.7.10 | simple
SELECT c.relname FROM pg_class c LEFT JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = ANY (current_schemas(false)) AND c.relname = 'schema_migrations' AND c.relkind IN ('r','v','m','p','f')

--> ActiveRecord 6.1.7.10 | simple
SELECT distinct i.relname, d.indisunique, d.indkey, pg_get_indexdef(d.indexrelid), t.oid,
                pg_catalog.obj_description(i.oid, 'pg_class') AS comment
FROM pg_class t
INNER JOIN pg_index d ON t.oid = d.indrelid
INNER JOIN pg_class i ON d.indexrelid = i.oid
LEFT JOIN pg_namespace n ON n.oid = i.relnamespace
WHERE i.relkind IN ('i', 'I')
  AND d.indisprimary = 'f'
  AND t.relname = 'customers'
  AND n.nspname = ANY (current_schemas(false))
ORDER BY i.relname

--> ActiveRecord 6.1.7.10 | extended {"types": [], "values": []}
            SELECT conname, pg_get_constraintdef(c.oid) AS constraintdef, c.convalidated AS valid
            FROM pg_constraint c
            JOIN pg_class t ON c.conrelid = t.oid
            WHERE c.contype = 'c'
              AND t.relname = 'customers'

--> ActiveRecord 6.1.7.10 | simple
SELECT pg_catalog.obj_description(c.oid, 'pg_class')
FROM pg_catalog.pg_class c
  LEFT JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relname = 'order_items'
  AND c.relkind IN ('r','p')
  AND n.nspname = ANY (current_schemas(false))

--> ActiveRecord 6.1.7.10 | simple
SELECT distinct i.relname, d.indisunique, d.indkey, pg_get_indexdef(d.indexrelid), t.oid,
                pg_catalog.obj_description(i.oid, 'pg_class') AS comment
FROM pg_class t
INNER JOIN pg_index d ON t.oid = d.indrelid
INNER JOIN pg_class i ON d.indexrelid = i.oid
LEFT JOIN pg_namespace n ON n.oid = i.relnamespace
WHERE i.relkind IN ('i', 'I')
  AND d.indisprimary = 'f'
  AND t.relname = 'order_items'
  AND n.nspname = ANY (current_schemas(false))
ORDER BY i.relname

--> ActiveRecord 6.1.7.10 | extended {"types": [], "values": []}
            SELECT conname, pg_get_constraintdef(c.oid) AS constraintdef, c.convalidated AS valid
            FROM pg_constraint c
            JOIN pg_class t ON c.conrelid = t.oid
            WHERE c.contype = 'c'
              AND t.relname = 'order_items'

--> ActiveRecord 6.1.7.10 | simple
SELECT pg_catalog.obj_description(c.oid, 'pg_class')
FROM pg_catalog.pg_class c
  LEFT JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relname = 'orders'
  AND c.relkind IN ('r','p')
  AND n.nspname = ANY (current_schemas(false))

--> ActiveRecord 6.1.7.10 | simple
SELECT pg_catalog.obj_description(c.oid, 'pg_class')
FROM pg_catalog.pg_class c
  LEFT JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relname = 'products'
  AND c.relkind IN ('r','p')
  AND n.nspname = ANY (current_schemas(false))

--> ActiveRecord 6.1.7.10 | simple
SELECT distinct i.relname, d.indisunique, d.indkey, pg_get_indexdef(d.indexrelid), t.oid,
                pg_catalog.obj_description(i.oid, 'pg_class') AS comment
FROM pg_class t
INNER JOIN pg_index d ON t.oid = d.indrelid
INNER JOIN pg_class i ON d.indexrelid = i.oid
LEFT JOIN pg_namespace n ON n.oid = i.relnamespace
WHERE i.relkind IN ('i', 'I')
  AND d.indisprimary = 'f'
  AND t.relname = 'products'
  AND n.nspname = ANY (current_schemas(false))
ORDER BY i.relname

--> ActiveRecord 6.1.7.10 | simple
SELECT pg_catalog.obj_description(c.oid, 'pg_class')
FROM pg_catalog.pg_class c
  LEFT JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relname = 'staff'
  AND c.relkind IN ('r','p')
  AND n.nspname = ANY (current_schemas(false))

--> ActiveRecord 6.1.7.10 | simple
SELECT distinct i.relname, d.indisunique, d.indkey, pg_get_indexdef(d.indexrelid), t.oid,
                pg_catalog.obj_description(i.oid, 'pg_class') AS comment
FROM pg_class t
INNER JOIN pg_index d ON t.oid = d.indrelid
INNER JOIN pg_class i ON d.indexrelid = i.oid
LEFT JOIN pg_namespace n ON n.oid = i.relnamespace
WHERE i.relkind IN ('i', 'I')
  AND d.indisprimary = 'f'
  AND t.relname = 'staff'
  AND n.nspname = ANY (current_schemas(false))
ORDER BY i.relname

--> ActiveRecord 6.1.7.10 | extended {"types": [], "values": []}
            SELECT conname, pg_get_constraintdef(c.oid) AS constraintdef, c.convalidated AS valid
            FROM pg_constraint c
            JOIN pg_class t ON c.conrelid = t.oid
            WHERE c.contype = 'c'
              AND t.relname = 'staff'

--> ActiveRecord 6.1.7.10 | extended {"types": [], "values": []}
SELECT t2.oid::regclass::text AS to_table, a1.attname AS column, a2.attname AS primary_key, c.conname AS name, c.confupdtype AS on_update, c.confdeltype AS on_delete, c.convalidated AS valid
FROM pg_constraint c
JOIN pg_class t1 ON c.conrelid = t1.oid
JOIN pg_class t2 ON c.confrelid = t2.oid
JOIN pg_attribute a1 ON a1.attnum = c.conkey[1] AND a1.attrelid = t1.oid
JOIN pg_attribute a2 ON a2.attnum = c.confkey[1] AND a2.attrelid = t2.oid
JOIN pg_namespace t3 ON c.connamespace = t3.oid
WHERE c.contype = 'f'
  AND t1.relname = 'customers'
  AND t3.nspname = ANY (current_schemas(false))
ORDER BY c.conname

--> ActiveRecord 6.1.7.10 | extended {"types": [], "values": []}
SELECT t2.oid::regclass::text AS to_table, a1.attname AS column, a2.attname AS primary_key, c.conname AS name, c.confupdtype AS on_update, c.confdeltype AS on_delete, c.convalidated AS valid
FROM pg_constraint c
JOIN pg_class t1 ON c.conrelid = t1.oid
JOIN pg_class t2 ON c.confrelid = t2.oid
JOIN pg_attribute a1 ON a1.attnum = c.conkey[1] AND a1.attrelid = t1.oid
JOIN pg_attribute a2 ON a2.attnum = c.confkey[1] AND a2.attrelid = t2.oid
JOIN pg_namespace t3 ON c.connamespace = t3.oid
WHERE c.contype = 'f'
  AND t1.relname = 'order_items'
  AND t3.nspname = ANY (current_schemas(false))
ORDER BY c.conname

--> ActiveRecord 6.1.7.10 | extended {"types": [], "values": []}
SELECT t2.oid::regclass::text AS to_table, a1.attname AS column, a2.attname AS primary_key, c.conname AS name, c.confupdtype AS on_update, c.confdeltype AS on_delete, c.convalidated AS valid
FROM pg_constraint c
JOIN pg_class t1 ON c.conrelid = t1.oid
JOIN pg_class t2 ON c.confrelid = t2.oid
JOIN pg_attribute a1 ON a1.attnum = c.conkey[1] AND a1.attrelid = t1.oid
JOIN pg_attribute a2 ON a2.attnum = c.confkey[1] AND a2.attrelid = t2.oid
JOIN pg_namespace t3 ON c.connamespace = t3.oid
WHERE c.contype = 'f'
  AND t1.relname = 'products'
  AND t3.nspname = ANY (current_schemas(false))
ORDER BY c.conname

--> ActiveRecord 6.1.7.10 | extended {"types": [], "values": []}
SELECT t2.oid::regclass::text AS to_table, a1.attname AS column, a2.attname AS primary_key, c.conname AS name, c.confupdtype AS on_update, c.confdeltype AS on_delete, c.convalidated AS valid
FROM pg_constraint c
JOIN pg_class t1 ON c.conrelid = t1.oid
JOIN pg_class t2 ON c.confrelid = t2.oid
JOIN pg_attribute a1 ON a1.attnum = c.conkey[1] AND a1.attrelid = t1.oid
JOIN pg_attribute a2 ON a2.attnum = c.confkey[1] AND a2.attrelid = t2.oid
JOIN pg_namespace t3 ON c.connamespace = t3.oid
WHERE c.contype = 'f'
  AND t1.relname = 'staff'
  AND t3.nspname = ANY (current_schemas(false))
ORDER BY c.conname

--> ActiveRecord 6.1.7.10 | simple
BEGIN

--> ActiveRecord 6.1.7.10 | simple
SET TRANSACTION ISOLATION LEVEL SERIALIZABLE

--> ActiveRecord 6.1.7.10 | simple
COMMIT

--= each alice

--> ActiveRecord 6.1.7.10 | extended {"types": [0], "values": ["5"]}
INSERT INTO "orders" ("customer_id") VALUES ($1) RETURNING "id"

--> ActiveRecord 6.1.7.10 | extended {"types": [0, 0], "values": ["paid", "6004"]}
UPDATE "orders" SET "status" = $1 WHERE "orders"."id" = $2

--> ActiveRecord 6.1.7.10 | extended {"types": [0], "values": ["3"]}
UPDATE "products" SET stock = stock - 1 WHERE "products"."id" = $1

--> ActiveRecord 6.1.7.10 | extended {"types": [], "values": []}
INSERT INTO "products" ("sku","title","category","price") VALUES ('r1', 't', 'c', 1.0) ON CONFLICT  DO NOTHING RETURNING "id"

--> ActiveRecord 6.1.7.10 | extended {"types": [], "values": []}
INSERT INTO "products" ("sku","title","category","price") VALUES ('r1', 't', 'c', 1.0) ON CONFLICT ("sku") DO UPDATE SET "title"=excluded."title","category"=excluded."category","price"=excluded."price" RETURNING "id"

--> ActiveRecord 6.1.7.10 | extended {"types": [0, 0], "values": ["3", "1"]}
SELECT "orders".* FROM "orders" WHERE "orders"."id" = $1 LIMIT $2 FOR UPDATE

--> ActiveRecord 6.1.7.10 | extended {"types": [0], "values": ["4"]}
SELECT "orders".* FROM "orders" WHERE "orders"."id" = $1 FOR UPDATE SKIP LOCKED

--> ActiveRecord 6.1.7.10 | extended {"types": [0, 0], "values": ["1", "3"]}
UPDATE "products" SET "stock" = COALESCE("stock", 0) + $1 WHERE "products"."id" = $2

--> ActiveRecord 6.1.7.10 | refused: PC001 | extended {"types": [0], "values": ["6004"]}
DELETE FROM "orders" WHERE "orders"."id" = $1

--> ActiveRecord 6.1.7.10 | extended {"types": [0, 0, 0, 0], "values": ["r2", "t", "c", "1.0"]}
INSERT INTO "products" ("sku", "title", "category", "price") VALUES ($1, $2, $3, $4) RETURNING "id"

--> ActiveRecord 6.1.7.10 | refused: PC001 | extended {"types": [0], "values": ["3"]}
DELETE FROM "order_items" WHERE "order_items"."order_id" = $1

--= session dora

--> ActiveRecord 6.1.7.10 | simple
SET client_min_messages TO 'warning'

--> ActiveRecord 6.1.7.10 | simple
SET standard_conforming_strings = on

--> ActiveRecord 6.1.7.10 | simple
SET intervalstyle = iso_8601

--> ActiveRecord 6.1.7.10 | simple
SET SESSION timezone TO 'UTC'

--> ActiveRecord 6.1.7.10 | extended {"types": [], "values": []}
SELECT t.oid, t.typname
FROM pg_type as t
WHERE t.typname IN ('int2', 'int4', 'int8', 'oid', 'float4', 'float8', 'numeric', 'bool', 'timestamp', 'timestamptz')

--> ActiveRecord 6.1.7.10 | extended {"types": [], "values": []}
SELECT t.oid, t.typname, t.typelem, t.typdelim, t.typinput, r.rngsubtype, t.typtype, t.typbasetype
FROM pg_type as t
LEFT JOIN pg_range as r ON oid = rngtypid
WHERE
  t.typname IN ('int2', 'int4', 'int8', 'oid', 'float4', 'float8', 'text', 'varchar', 'char', 'name', 'bpchar', 'bool', 'bit', 'varbit', 'timestamptz', 'date', 'money', 'bytea', 'point', 'hstore', 'json', 'jsonb', 'cidr', 'inet', 'uuid', 'xml', 'tsvector', 'macaddr', 'citext', 'ltree', 'line', 'lseg', 'box', 'path', 'polygon', 'circle', 'time', 'timestamp', 'numeric', 'interval')
  OR t.typtype IN ('r', 'e', 'd')
  OR t.typinput = 'array_in(cstring,oid,integer)'::regprocedure
  OR t.typelem != 0

--> ActiveRecord 6.1.7.10 | simple
SHOW TIME ZONE

--> ActiveRecord 6.1.7.10 | simple
SELECT 1

--> ActiveRecord 6.1.7.10 | simple
BEGIN

--> ActiveRecord 6.1.7.10 | simple
SELECT a.attname, format_type(a.atttypid, a.atttypmod),
       pg_get_expr(d.adbin, d.adrelid), a.attnotnull, a.atttypid, a.atttypmod,
       c.collname, col_description(a.attrelid, a.attnum) AS comment
  FROM pg_attribute a
  LEFT JOIN pg_attrdef d ON a.attrelid = d.adrelid AND a.attnum = d.adnum
  LEFT JOIN pg_type t ON a.atttypid = t.oid
  LEFT JOIN pg_collation c ON a.attcollation = c.oid AND a.attcollation <> t.typcollation
 WHERE a.attrelid = '"orders"'::regclass
   AND a.attnum > 0 AND NOT a.attisdropped
 ORDER BY a.attnum

--> ActiveRecord 6.1.7.10 | simple
SELECT c.relname FROM pg_class c LEFT JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = ANY (current_schemas(false)) AND c.relkind IN ('r','v','m','p','f')

--> ActiveRecord 6.1.7.10 | simple
SELECT a.attname
  FROM (
         SELECT indrelid, indkey, generate_subscripts(indkey, 1) idx
           FROM pg_index
          WHERE indrelid = '"orders"'::regclass
            AND indisprimary
       ) i
  JOIN pg_attribute a
    ON a.attrelid = i.indrelid
   AND a.attnum = i.indkey[i.idx]
 ORDER BY i.idx

--> ActiveRecord 6.1.7.10 | extended {"types": [0], "values": ["5"]}
INSERT INTO "orders" ("customer_id") VALUES ($1) RETURNING "id"

--> ActiveRecord 6.1.7.10 | extended {"types": [0, 0], "values": ["paid", "6004"]}
UPDATE "orders" SET "status" = $1 WHERE "orders"."id" = $2

--> ActiveRecord 6.1.7.10 | simple
SELECT a.attname, format_type(a.atttypid, a.atttypmod),
       pg_get_expr(d.adbin, d.adrelid), a.attnotnull, a.atttypid, a.atttypmod,
       c.collname, col_description(a.attrelid, a.attnum) AS comment
  FROM pg_attribute a
  LEFT JOIN pg_attrdef d ON a.attrelid = d.adrelid AND a.attnum = d.adnum
  LEFT JOIN pg_type t ON a.atttypid = t.oid
  LEFT JOIN pg_collation c ON a.attcollation = c.oid AND a.attcollation <> t.typcollation
 WHERE a.attrelid = '"products"'::regclass
   AND a.attnum > 0 AND NOT a.attisdropped
 ORDER BY a.attnum

--> ActiveRecord 6.1.7.10 | simple
SELECT a.attname
  FROM (
         SELECT indrelid, indkey, generate_subscripts(indkey, 1) idx
           FROM pg_index
          WHERE indrelid = '"products"'::regclass
            AND indisprimary
       ) i
  JOIN pg_attribute a
    ON a.attrelid = i.indrelid
   AND a.attnum = i.indkey[i.idx]
 ORDER BY i.idx

--> ActiveRecord 6.1.7.10 | extended {"types": [0], "values": ["3"]}
UPDATE "products" SET stock = stock - 1 WHERE "products"."id" = $1

--> ActiveRecord 6.1.7.10 | simple
SELECT distinct i.relname, d.indisunique, d.indkey, pg_get_indexdef(d.indexrelid), t.oid,
                pg_catalog.obj_description(i.oid, 'pg_class') AS comment
FROM pg_class t
INNER JOIN pg_index d ON t.oid = d.indrelid
INNER JOIN pg_class i ON d.indexrelid = i.oid
LEFT JOIN pg_namespace n ON n.oid = i.relnamespace
WHERE i.relkind IN ('i', 'I')
  AND d.indisprimary = 'f'
  AND t.relname = 'products'
  AND n.nspname = ANY (current_schemas(false))
ORDER BY i.relname

--> ActiveRecord 6.1.7.10 | simple
SELECT a.attnum, a.attname
FROM pg_attribute a
WHERE a.attrelid = 16409
AND a.attnum IN (2)

--> ActiveRecord 6.1.7.10 | extended {"types": [], "values": []}
INSERT INTO "products" ("sku","title","category","price") VALUES ('r1', 't', 'c', 1.0) ON CONFLICT  DO NOTHING RETURNING "id"

--> ActiveRecord 6.1.7.10 | extended {"types": [], "values": []}
INSERT INTO "products" ("sku","title","category","price") VALUES ('r1', 't', 'c', 1.0) ON CONFLICT ("sku") DO UPDATE SET "title"=excluded."title","category"=excluded."category","price"=excluded."price" RETURNING "id"

--> ActiveRecord 6.1.7.10 | extended {"types": [0, 0], "values": ["3", "1"]}
SELECT "orders".* FROM "orders" WHERE "orders"."id" = $1 LIMIT $2 FOR UPDATE

--> ActiveRecord 6.1.7.10 | extended {"types": [0], "values": ["4"]}
SELECT "orders".* FROM "orders" WHERE "orders"."id" = $1 FOR UPDATE SKIP LOCKED

--> ActiveRecord 6.1.7.10 | extended {"types": [0, 0], "values": ["1", "3"]}
UPDATE "products" SET "stock" = COALESCE("stock", 0) + $1 WHERE "products"."id" = $2

--> ActiveRecord 6.1.7.10 | extended {"types": [0], "values": ["6004"]}
DELETE FROM "orders" WHERE "orders"."id" = $1

--> ActiveRecord 6.1.7.10 | simple
SAVEPOINT active_record_1

--> ActiveRecord 6.1.7.10 | simple
SHOW search_path

--> ActiveRecord 6.1.7.10 | extended {"types": [], "values": ["r2", "t", "c", "1.0", "1"]}
SELECT "products".* FROM "products" WHERE "products"."sku" = $1 AND "products"."title" = $2 AND "products"."category" = $3 AND "products"."price" = $4 LIMIT $5

--> ActiveRecord 6.1.7.10 | extended {"types": [0, 0, 0, 0], "values": ["r2", "t", "c", "1.0"]}
INSERT INTO "products" ("sku", "title", "category", "price") VALUES ($1, $2, $3, $4) RETURNING "id"

--> ActiveRecord 6.1.7.10 | simple
RELEASE SAVEPOINT active_record_1

--> ActiveRecord 6.1.7.10 | simple
SELECT a.attname, format_type(a.atttypid, a.atttypmod),
       pg_get_expr(d.adbin, d.adrelid), a.attnotnull, a.atttypid, a.atttypmod,
       c.collname, col_description(a.attrelid, a.attnum) AS comment
  FROM pg_attribute a
  LEFT JOIN pg_attrdef d ON a.attrelid = d.adrelid AND a.attnum = d.adnum
  LEFT JOIN pg_type t ON a.atttypid = t.oid
  LEFT JOIN pg_collation c ON a.attcollation = c.oid AND a.attcollation <> t.typcollation
 WHERE a.attrelid = '"order_items"'::regclass
   AND a.attnum > 0 AND NOT a.attisdropped
 ORDER BY a.attnum

--> ActiveRecord 6.1.7.10 | extended {"types": [0], "values": ["3"]}
DELETE FROM "order_items" WHERE "order_items"."order_id" = $1

--> ActiveRecord 6.1.7.10 | simple
ROLLBACK

--> ActiveRecord 6.1.7.10 | simple
SELECT c.relname FROM pg_class c LEFT JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = ANY (current_schemas(false)) AND c.relname = 'schema_migrations' AND c.relkind IN ('r','p')

--> ActiveRecord 6.1.7.10 | simple
CREATE TABLE "schema_migrations" ("version" character varying NOT NULL PRIMARY KEY)

--> ActiveRecord 6.1.7.10 | simple
SELECT c.relname FROM pg_class c LEFT JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = ANY (current_schemas(false)) AND c.relname = 'ar_internal_metadata' AND c.relkind IN ('r','p')

--> ActiveRecord 6.1.7.10 | simple
CREATE TABLE "ar_internal_metadata" ("key" character varying NOT NULL PRIMARY KEY, "value" character varying, "created_at" timestamp(6) NOT NULL, "updated_at" timestamp(6) NOT NULL)

--> ActiveRecord 6.1.7.10 | simple
CREATE TABLE "ar_new" ("id" bigserial primary key, "name" character varying NOT NULL, "j" jsonb, "product_id" integer, "created_at" timestamp(6) NOT NULL, "updated_at" timestamp(6) NOT NULL, CONSTRAINT "fk_rails_efe9d2d25d"
FOREIGN KEY ("product_id")
  REFERENCES "products" ("id")
)

--> ActiveRecord 6.1.7.10 | simple
SHOW max_identifier_length

--> ActiveRecord 6.1.7.10 | simple
CREATE INDEX "index_ar_new_on_name" ON "ar_new" ("name")

--> ActiveRecord 6.1.7.10 | simple
CREATE INDEX "index_ar_new_on_product_id" ON "ar_new" ("product_id")

--> ActiveRecord 6.1.7.10 | simple
DEALLOCATE a1

--> ActiveRecord 6.1.7.10 | simple
COMMENT ON TABLE "ar_new" IS 'c'

--> ActiveRecord 6.1.7.10 | simple
ALTER TABLE "ar_new" ADD "more" text

--> ActiveRecord 6.1.7.10 | simple
SELECT a.attname, format_type(a.atttypid, a.atttypmod),
       pg_get_expr(d.adbin, d.adrelid), a.attnotnull, a.atttypid, a.atttypmod,
       c.collname, col_description(a.attrelid, a.attnum) AS comment
  FROM pg_attribute a
  LEFT JOIN pg_attrdef d ON a.attrelid = d.adrelid AND a.attnum = d.adnum
  LEFT JOIN pg_type t ON a.atttypid = t.oid
  LEFT JOIN pg_collation c ON a.attcollation = c.oid AND a.attcollation <> t.typcollation
 WHERE a.attrelid = '"ar_new"'::regclass
   AND a.attnum > 0 AND NOT a.attisdropped
 ORDER BY a.attnum

--> ActiveRecord 6.1.7.10 | simple
UPDATE "ar_new" SET "more"='x' WHERE "more" IS NULL

--> ActiveRecord 6.1.7.10 | simple
ALTER TABLE "ar_new" ALTER COLUMN "more" SET NOT NULL

--> ActiveRecord 6.1.7.10 | simple
ALTER TABLE "ar_new" RENAME COLUMN "more" TO "mo"

--> ActiveRecord 6.1.7.10 | simple
SELECT distinct i.relname, d.indisunique, d.indkey, pg_get_indexdef(d.indexrelid), t.oid,
                pg_catalog.obj_description(i.oid, 'pg_class') AS comment
FROM pg_class t
INNER JOIN pg_index d ON t.oid = d.indrelid
INNER JOIN pg_class i ON d.indexrelid = i.oid
LEFT JOIN pg_namespace n ON n.oid = i.relnamespace
WHERE i.relkind IN ('i', 'I')
  AND d.indisprimary = 'f'
  AND t.relname = 'ar_new'
  AND n.nspname = ANY (current_schemas(false))
ORDER BY i.relname

--> ActiveRecord 6.1.7.10 | simple
SELECT a.attnum, a.attname
FROM pg_attribute a
WHERE a.attrelid = 17218
AND a.attnum IN (2)

--> ActiveRecord 6.1.7.10 | simple
SELECT a.attnum, a.attname
FROM pg_attribute a
WHERE a.attrelid = 17218
AND a.attnum IN (4)

--> ActiveRecord 6.1.7.10 | simple
CREATE UNIQUE INDEX "index_ar_new_on_name_and_mo" ON "ar_new" ("name", "mo")

--> ActiveRecord 6.1.7.10 | simple
ALTER TABLE "ar_new" ADD CONSTRAINT ck CHECK (id > 0)

--> ActiveRecord 6.1.7.10 | simple
select pg_try_advisory_lock(123456)

--> ActiveRecord 6.1.7.10 | simple
SELECT pg_try_advisory_lock(5)

--> ActiveRecord 6.1.7.10 | simple
SELECT pg_advisory_unlock(5)

--> ActiveRecord 6.1.7.10 | simple
SELECT attr.attname, nsp.nspname, seq.relname
FROM pg_class      seq,
     pg_attribute  attr,
     pg_depend     dep,
     pg_constraint cons,
     pg_namespace  nsp
WHERE seq.oid           = dep.objid
  AND seq.relkind       = 'S'
  AND attr.attrelid     = dep.refobjid
  AND attr.attnum       = dep.refobjsubid
  AND attr.attrelid     = cons.conrelid
  AND attr.attnum       = cons.conkey[1]
  AND seq.relnamespace  = nsp.oid
  AND cons.contype      = 'p'
  AND dep.classid       = 'pg_class'::regclass
  AND dep.refobjid      = '"ar_new"'::regclass

--> ActiveRecord 6.1.7.10 | simple
SELECT MAX("id") FROM "ar_new"

--> ActiveRecord 6.1.7.10 | simple
SELECT seqmin FROM pg_sequence WHERE seqrelid = '"public"."ar_new_id_seq"'::regclass

--> ActiveRecord 6.1.7.10 | simple
SELECT setval('"public"."ar_new_id_seq"', 1, false)

--> ActiveRecord 6.1.7.10 | simple
BEGIN

--> ActiveRecord 6.1.7.10 | simple
SELECT c.relname FROM pg_class c LEFT JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = ANY (current_schemas(false)) AND c.relkind IN ('r','p')

--> ActiveRecord 6.1.7.10 | simple
ALTER TABLE "customers" DISABLE TRIGGER ALL;ALTER TABLE "orders" DISABLE TRIGGER ALL;ALTER TABLE "order_items" DISABLE TRIGGER ALL;ALTER TABLE "products" DISABLE TRIGGER ALL;ALTER TABLE "staff" DISABLE TRIGGER ALL;ALTER TABLE "django_migrations" DISABLE TRIGGER ALL;ALTER TABLE "django_content_type" DISABLE TRIGGER ALL;ALTER TABLE "django_session" DISABLE TRIGGER ALL;ALTER TABLE "schema_migrations" DISABLE TRIGGER ALL;ALTER TABLE "ar_internal_metadata" DISABLE TRIGGER ALL;ALTER TABLE "ar_new" DISABLE TRIGGER ALL

--> ActiveRecord 6.1.7.10 | simple
COMMIT

--> ActiveRecord 6.1.7.10 | simple
BEGIN

--> ActiveRecord 6.1.7.10 | simple
SELECT c.relname FROM pg_class c LEFT JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = ANY (current_schemas(false)) AND c.relkind IN ('r','p')

--> ActiveRecord 6.1.7.10 | simple
ALTER TABLE "customers" ENABLE TRIGGER ALL;ALTER TABLE "orders" ENABLE TRIGGER ALL;ALTER TABLE "order_items" ENABLE TRIGGER ALL;ALTER TABLE "products" ENABLE TRIGGER ALL;ALTER TABLE "staff" ENABLE TRIGGER ALL;ALTER TABLE "django_migrations" ENABLE TRIGGER ALL;ALTER TABLE "django_content_type" ENABLE TRIGGER ALL;ALTER TABLE "django_session" ENABLE TRIGGER ALL;ALTER TABLE "schema_migrations" ENABLE TRIGGER ALL;ALTER TABLE "ar_internal_metadata" ENABLE TRIGGER ALL;ALTER TABLE "ar_new" ENABLE TRIGGER ALL

--> ActiveRecord 6.1.7.10 | simple
COMMIT

--> ActiveRecord 6.1.7.10 | extended {"types": [], "values": []}
            SELECT conname, pg_get_constraintdef(c.oid) AS constraintdef, c.convalidated AS valid
            FROM pg_constraint c
            JOIN pg_class t ON c.conrelid = t.oid
            WHERE c.contype = 'c'
              AND t.relname = 'ar_new'

--> ActiveRecord 6.1.7.10 | simple
ALTER TABLE "ar_new" DROP CONSTRAINT "ck"

--> ActiveRecord 6.1.7.10 | simple
SELECT distinct i.relname, d.indisunique, d.indkey, pg_get_indexdef(d.indexrelid), t.oid,
                pg_catalog.obj_description(i.oid, 'pg_class') AS comment
FROM pg_class t
INNER JOIN pg_index d ON t.oid = d.indrelid
INNER JOIN pg_class i ON d.indexrelid = i.oid
LEFT JOIN pg_namespace n ON n.oid = i.relnamespace
WHERE i.relkind IN ('i', 'I')
  AND d.indisprimary = 'f'
  AND t.relname = 'ar_new'
  AND n.nspname = ANY (current_schemas(false))
ORDER BY i.relname

--> ActiveRecord 6.1.7.10 | simple
SELECT a.attnum, a.attname
FROM pg_attribute a
WHERE a.attrelid = 17218
AND a.attnum IN (2)

--> ActiveRecord 6.1.7.10 | simple
SELECT a.attnum, a.attname
FROM pg_attribute a
WHERE a.attrelid = 17218
AND a.attnum IN (2,7)

--> ActiveRecord 6.1.7.10 | simple
SELECT a.attnum, a.attname
FROM pg_attribute a
WHERE a.attrelid = 17218
AND a.attnum IN (4)

--> ActiveRecord 6.1.7.10 | simple
DROP INDEX  "index_ar_new_on_name_and_mo"

--> ActiveRecord 6.1.7.10 | simple
ALTER TABLE "ar_new" RENAME COLUMN "mo" TO "more"

--> ActiveRecord 6.1.7.10 | simple
SELECT distinct i.relname, d.indisunique, d.indkey, pg_get_indexdef(d.indexrelid), t.oid,
                pg_catalog.obj_description(i.oid, 'pg_class') AS comment
FROM pg_class t
INNER JOIN pg_index d ON t.oid = d.indrelid
INNER JOIN pg_class i ON d.indexrelid = i.oid
LEFT JOIN pg_namespace n ON n.oid = i.relnamespace
WHERE i.relkind IN ('i', 'I')
  AND d.indisprimary = 'f'
  AND t.relname = 'ar_new'
  AND n.nspname = ANY (current_schemas(false))
ORDER BY i.relname

--> ActiveRecord 6.1.7.10 | simple
SELECT a.attnum, a.attname
FROM pg_attribute a
WHERE a.attrelid = 17218
AND a.attnum IN (2)

--> ActiveRecord 6.1.7.10 | simple
SELECT a.attnum, a.attname
FROM pg_attribute a
WHERE a.attrelid = 17218
AND a.attnum IN (4)

--> ActiveRecord 6.1.7.10 | simple
ALTER TABLE "ar_new" ALTER COLUMN "more" DROP NOT NULL

--> ActiveRecord 6.1.7.10 | simple
ALTER TABLE "ar_new" DROP COLUMN "more"

--> ActiveRecord 6.1.7.10 | simple
DROP TABLE "ar_new"
