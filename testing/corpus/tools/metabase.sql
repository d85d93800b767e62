-- Metabase: what its PostgreSQL driver asks of the catalog when it syncs a database, and what its questions look like. NOT captured: its program
-- could not be had, so these texts are ours, written after the catalogs, functions and joins that the driver's public source says it uses.
-- Run by crates/gateway/tests/it/tools.rs, which says what the headings mean.

--= each agent

--> Metabase's sync, by its description | simple
SHOW timezone

--> Metabase's sync, by its description | simple
SELECT n.nspname, t.typname FROM pg_type AS t INNER JOIN pg_namespace AS n ON t.typnamespace = n.oid
WHERE t.oid IN (SELECT DISTINCT e.enumtypid FROM pg_enum AS e) ORDER BY 1, 2

--> Metabase's sync, by its description | extended {"types": [], "values": ["public"]}
SELECT n.nspname AS schema, c.relname AS name,
  CASE c.relkind WHEN 'r' THEN 'TABLE' WHEN 'p' THEN 'PARTITIONED TABLE' WHEN 'v' THEN 'VIEW'
    WHEN 'f' THEN 'FOREIGN TABLE' WHEN 'm' THEN 'MATERIALIZED VIEW' ELSE NULL END AS type,
  d.description, s.n_live_tup >= 0 AS counted
FROM pg_catalog.pg_class AS c
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
LEFT JOIN pg_catalog.pg_description AS d ON d.objoid = c.oid AND d.objsubid = 0 AND d.classoid = 'pg_class'::regclass
LEFT JOIN pg_stat_user_tables AS s ON s.schemaname = n.nspname AND s.relname = c.relname
WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND c.relkind IN ('r', 'p', 'v', 'f', 'm') AND n.nspname IN ($1)
ORDER BY type, schema, name

--> Metabase's sync, by its description | extended {"types": [], "values": ["public"]}
SELECT c.column_name AS name,
  CASE WHEN c.udt_schema IN ('public', 'pg_catalog') THEN format('%s', c.udt_name) ELSE format('"%s"."%s"', c.udt_schema, c.udt_name) END AS database_type,
  c.ordinal_position - 1 AS database_position, c.table_schema, c.table_name, k.column_name IS NOT NULL AS is_pk,
  col_description(CAST(CAST(format('%I.%I', CAST(c.table_schema AS text), CAST(c.table_name AS text)) AS regclass) AS oid), c.ordinal_position) AS comment,
  (column_default IS NULL OR lower(column_default) = 'null') AND is_nullable = 'NO'
    AND NOT ((column_default IS NOT NULL AND column_default LIKE '%nextval(%') OR is_identity <> 'NO') AS is_required
FROM information_schema.columns AS c
LEFT JOIN (
  SELECT t.table_schema, t.table_name, u.column_name FROM information_schema.table_constraints AS t
  JOIN information_schema.key_column_usage AS u
    ON u.constraint_name = t.constraint_name AND u.table_schema = t.table_schema AND u.table_name = t.table_name
  WHERE t.constraint_type = 'PRIMARY KEY') AS k
  ON k.table_schema = c.table_schema AND k.table_name = c.table_name AND k.column_name = c.column_name
WHERE c.table_schema !~ '^information_schema|catalog_history|pg_' AND c.table_schema IN ($1)
UNION ALL
SELECT a.attname, CASE WHEN tn.nspname IN ('public', 'pg_catalog') THEN format('%s', t.typname) ELSE format('"%s"."%s"', tn.nspname, t.typname) END,
  a.attnum - 1, n.nspname, r.relname, false, NULL, false
FROM pg_catalog.pg_class AS r
JOIN pg_catalog.pg_namespace AS n ON n.oid = r.relnamespace
JOIN pg_catalog.pg_attribute AS a ON a.attrelid = r.oid
JOIN pg_catalog.pg_type AS t ON t.oid = a.atttypid
JOIN pg_catalog.pg_namespace AS tn ON tn.oid = t.typnamespace
WHERE r.relkind = 'm' AND a.attnum >= 1 AND NOT a.attisdropped
ORDER BY table_schema, table_name, database_position

--> Metabase's sync, by its description | simple
SELECT fn.nspname AS fk_table_schema, f.relname AS fk_table_name, fa.attname AS fk_column_name,
  pn.nspname AS pk_table_schema, p.relname AS pk_table_name, pa.attname AS pk_column_name
FROM pg_constraint AS c
JOIN pg_class AS f ON f.oid = c.conrelid JOIN pg_namespace AS fn ON fn.oid = f.relnamespace
JOIN pg_attribute AS fa ON fa.attrelid = c.conrelid AND fa.attnum = ANY (c.conkey)
JOIN pg_class AS p ON p.oid = c.confrelid JOIN pg_namespace AS pn ON pn.oid = p.relnamespace
JOIN pg_attribute AS pa ON pa.attrelid = c.confrelid AND pa.attnum = ANY (c.confkey)
WHERE fn.nspname !~ '^information_schema|catalog_history|pg_' AND c.contype = 'f' ORDER BY 1, 2, 3

--> Metabase's sync, by its description | simple
WITH held AS (
  SELECT NULL AS role, t.schemaname AS schema, t.objectname AS "table",
    pg_catalog.has_any_column_privilege(current_user, format('%I.%I', t.schemaname, t.objectname), 'SELECT') AS may_read,
    pg_catalog.has_table_privilege(current_user, format('%I.%I', t.schemaname, t.objectname), 'UPDATE') AS may_update,
    pg_catalog.has_table_privilege(current_user, format('%I.%I', t.schemaname, t.objectname), 'INSERT') AS may_insert,
    pg_catalog.has_table_privilege(current_user, format('%I.%I', t.schemaname, t.objectname), 'DELETE') AS may_delete
  FROM (
    SELECT schemaname, tablename AS objectname FROM pg_catalog.pg_tables
    UNION SELECT schemaname, viewname FROM pg_views
    UNION SELECT schemaname, matviewname FROM pg_matviews) AS t
  WHERE t.schemaname !~ '^pg_' AND t.schemaname <> 'information_schema'
    AND pg_catalog.has_schema_privilege(current_user, t.schemaname, 'USAGE'))
SELECT held.* FROM held WHERE may_read OR may_update OR may_insert OR may_delete ORDER BY "schema", "table"

--> Metabase's sync, by its description | simple
SELECT TRUE AS "_" FROM "public"."customers" WHERE 1 <> 1 LIMIT 0

--> Metabase's sync, by its description | masked | simple
-- Metabase
SELECT SUBSTRING("public"."customers"."name", 1, 1234) AS "substring1", "public"."customers"."email" AS "email" FROM "public"."customers" ORDER BY "public"."customers"."id" LIMIT 10

--> a question of Metabase's, by its description | simple
-- Metabase:: userID: 1 queryType: MBQL queryHash: 93cb64b0
SELECT "public"."products"."category" AS "category", COUNT(*) AS "count", SUM("public"."products"."price") AS "sum"
FROM "public"."products" GROUP BY "public"."products"."category" ORDER BY "public"."products"."category" ASC
