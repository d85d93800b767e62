-- DBeaver: the catalogs that its PostgreSQL navigator reads when a connection is opened and a schema is unfolded. NOT captured: its program could not
-- be had, so these texts are ours, written after what it is known to read; most of it takes whole rows (`x.*`) of catalogs with their oids.
-- Run by crates/gateway/tests/it/tools.rs, which says what the headings mean.

--= each agent

--> DBeaver's navigator, by its description | simple
SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL READ COMMITTED

--> DBeaver's navigator, by its description | simple
SHOW search_path

--> DBeaver's navigator, by its description | differs | simple
SELECT current_schema(), session_user, current_database()

--> DBeaver's navigator, by its description | extended {"types": [], "values": ["orders-prod"]}
SELECT d.oid, d.* FROM pg_catalog.pg_database AS d WHERE d.datname = $1

--> DBeaver's navigator, by its description | simple
SELECT name, setting FROM pg_catalog.pg_settings WHERE name = 'standard_conforming_strings'

--> DBeaver's navigator, by its description | simple
SELECT string_agg(word, ',') FROM pg_catalog.pg_get_keywords() WHERE word <> ALL (ARRAY['a', 'abs', 'action'])

--> DBeaver's navigator, by its description | simple
SELECT n.oid, n.*, d.description FROM pg_catalog.pg_namespace AS n
LEFT OUTER JOIN pg_catalog.pg_description AS d ON d.objoid = n.oid AND d.objsubid = 0 AND d.classoid = 'pg_namespace'::regclass
WHERE n.nspname = 'public' ORDER BY nspname

--> DBeaver's navigator, by its description | simple
SELECT t.oid, t.*, c.relkind, format_type(nullif(t.typbasetype, 0), t.typtypmod) AS base_type_name, d.description
FROM pg_catalog.pg_type AS t
LEFT OUTER JOIN pg_catalog.pg_class AS c ON c.oid = t.typrelid
LEFT OUTER JOIN pg_catalog.pg_description AS d ON t.oid = d.objoid
WHERE t.typname IS NOT NULL AND (c.relkind IS NULL OR c.relkind = 'c') AND t.typnamespace = 'pg_catalog'::regnamespace ORDER BY t.oid, d.classoid

--> DBeaver's navigator, by its description | simple
SELECT c.oid, c.relname, c.relkind, c.relowner, c.relacl, d.description, pg_catalog.pg_get_expr(c.relpartbound, c.oid) AS part_bound,
  pg_catalog.pg_get_partkeydef(c.oid) AS part_key
FROM pg_catalog.pg_class AS c
LEFT OUTER JOIN pg_catalog.pg_description AS d ON d.objoid = c.oid AND d.objsubid = 0 AND d.classoid = 'pg_class'::regclass
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind NOT IN ('i', 'I', 'c') ORDER BY c.oid

--> DBeaver's navigator, by its description | simple
SELECT c.oid, pg_catalog.pg_total_relation_size(c.oid) >= 0 AS has_total, pg_catalog.pg_relation_size(c.oid) >= 0 AS has_size
FROM pg_catalog.pg_class AS c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' ORDER BY c.oid

--> DBeaver's navigator, by its description | simple
SELECT c.relname, a.*, pg_catalog.pg_get_expr(f.adbin, f.adrelid, true) AS def_value, d.description, p.objid
FROM pg_catalog.pg_attribute AS a
INNER JOIN pg_catalog.pg_class AS c ON a.attrelid = c.oid
LEFT OUTER JOIN pg_catalog.pg_attrdef AS f ON a.attrelid = f.adrelid AND a.attnum = f.adnum
LEFT OUTER JOIN pg_catalog.pg_description AS d ON c.oid = d.objoid AND a.attnum = d.objsubid
LEFT OUTER JOIN pg_depend AS p ON p.refobjid = a.attrelid AND p.deptype = 'i' AND p.refobjsubid = a.attnum AND p.classid = p.refclassid
WHERE NOT a.attisdropped AND c.relnamespace = 'public'::regnamespace AND c.relkind NOT IN ('i', 'I', 'c') ORDER BY c.oid, a.attnum

--> DBeaver's navigator, by its description | simple
SELECT c.oid, c.*, t.relname AS table_name, r.relnamespace AS other_schema, d.description, pg_catalog.pg_get_constraintdef(c.oid) AS definition
FROM pg_catalog.pg_constraint AS c
INNER JOIN pg_catalog.pg_class AS t ON t.oid = c.conrelid
LEFT OUTER JOIN pg_catalog.pg_class AS r ON r.oid = c.confrelid
LEFT OUTER JOIN pg_catalog.pg_description AS d ON d.objoid = c.oid AND d.objsubid = 0 AND d.classoid = 'pg_constraint'::regclass
WHERE c.conrelid = 'public.orders'::regclass ORDER BY c.oid

--> DBeaver's navigator, by its description | simple
SELECT i.*, i.indkey AS keys, c.relname, c.relnamespace, c.relam, c.reltablespace, t.relname AS table_name, d.description,
  pg_catalog.pg_get_expr(i.indpred, i.indrelid) AS predicate, pg_catalog.pg_get_expr(i.indexprs, i.indrelid, true) AS expressions
FROM pg_catalog.pg_index AS i
INNER JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid
INNER JOIN pg_catalog.pg_class AS t ON t.oid = i.indrelid
LEFT OUTER JOIN pg_catalog.pg_description AS d ON i.indexrelid = d.objoid
WHERE i.indrelid = 'public.orders'::regclass ORDER BY c.relname

--> DBeaver's navigator, by its description | simple
SELECT p.oid, p.proname, p.prorettype, pg_catalog.pg_get_function_identity_arguments(p.oid) AS arguments, l.lanname, d.description
FROM pg_catalog.pg_proc AS p
LEFT OUTER JOIN pg_catalog.pg_language AS l ON p.prolang = l.oid
LEFT OUTER JOIN pg_catalog.pg_description AS d ON p.oid = d.objoid
WHERE p.pronamespace = 'public'::regnamespace ORDER BY p.proname

--> DBeaver's navigator, by its description | simple
SELECT x.oid, x.*, p.pronamespace AS function_schema, d.description FROM pg_catalog.pg_trigger AS x
LEFT OUTER JOIN pg_catalog.pg_proc AS p ON p.oid = x.tgfoid
LEFT OUTER JOIN pg_catalog.pg_description AS d ON d.objoid = x.oid AND d.objsubid = 0
WHERE x.tgrelid = 'public.orders'::regclass AND NOT x.tgisinternal ORDER BY x.oid

--> DBeaver's navigator, by its description | masked | simple
SELECT x.* FROM public.customers AS x ORDER BY x.id LIMIT 200
