-- Statements that try to have an effect that the rules forbid, behind words that do not say so, and harmless ones that
-- look alike: one a line, ` ;; ` between those of one session. Run by crates/gateway/tests/it/leaks.rs over both
-- protocols, as the account that the heading names. What is refused must leave the database as it was.

-- refused agent
DELETE FROM order_items
DELETE FROM order_items *
DELETE FROM ONLY order_items USING orders
UPDATE products SET stock = 0
UPDATE ONLY products AS p SET stock = stock - 1
WITH gone AS (DELETE FROM order_items RETURNING *) SELECT count(*) FROM gone
WITH gone AS (DELETE FROM order_items) SELECT 1
WITH a AS (SELECT 1), gone AS (DELETE FROM order_items RETURNING 1) INSERT INTO orders (customer_id) SELECT 1 FROM a
WITH RECURSIVE r AS (SELECT 1 UNION ALL SELECT 1 FROM r WHERE false), d AS (DELETE FROM order_items RETURNING 1) SELECT * FROM r
SELECT * FROM (WITH gone AS (DELETE FROM order_items RETURNING 1) SELECT 1) x
EXPLAIN ANALYZE DELETE FROM order_items
EXPLAIN (ANALYZE, FORMAT json) UPDATE products SET stock = 0
EXPLAIN ANALYZE WITH d AS (DELETE FROM order_items RETURNING 1) SELECT * FROM d
EXPLAIN ANALYZE CREATE TABLE copied AS SELECT id FROM products
EXPLAIN DELETE FROM order_items
PREPARE p AS DELETE FROM order_items
PREPARE p AS DELETE FROM order_items ;; EXECUTE p
PREPARE p (int) AS UPDATE products SET stock = $1 ;; EXECUTE p(1)
PREPARE p AS SELECT 1 ;; DEALLOCATE p ;; PREPARE p AS DELETE FROM order_items ;; EXECUTE p
SELECT 1; DELETE FROM order_items
SELECT 1;DELETE FROM order_items;SELECT 2
SELECT 1; /* ; */ DELETE FROM order_items
SELECT ';'; DELETE FROM order_items
SELECT $$;$$; DELETE FROM order_items
SELECT $a$;$b$;$a$; DELETE FROM order_items
SELECT E'\''; DELETE FROM order_items; --'
SELECT '\'; DELETE FROM order_items; --'
SELECT U&'\0027'; DELETE FROM order_items
SELECT 'a' 'b'; DELETE FROM order_items
/* /* */ DELETE FROM products; */ DELETE FROM order_items
DELETE/**/FROM/**/order_items
dElEtE fRoM "order_items"
DELETE FROM U&"order\005fitems"
DELETE FROM U&"order!005fitems" UESCAPE '!'
DELETE FROM public.order_items
DELETE FROM shop.public.order_items
DELETE FROM "public"."order_items"
BEGIN ;; DECLARE c CURSOR FOR SELECT * FROM order_items FOR UPDATE
BEGIN; DELETE FROM order_items; COMMIT
BEGIN ;; SAVEPOINT s ;; DELETE FROM order_items ;; RELEASE s ;; COMMIT
BEGIN READ ONLY ;; SET TRANSACTION READ WRITE ;; DELETE FROM order_items
TRUNCATE order_items
TRUNCATE TABLE ONLY orders CASCADE
TRUNCATE orders, order_items RESTART IDENTITY
DROP TABLE order_items
DROP TABLE IF EXISTS order_items CASCADE
DROP SCHEMA public CASCADE
DROP DATABASE shop
DROP OWNED BY CURRENT_USER
DROP FUNCTION order_total(bigint)
DROP VIEW customer_contacts
ALTER TABLE products ADD COLUMN x int
ALTER TABLE products DROP COLUMN stock
ALTER TABLE products RENAME TO goods
ALTER TABLE products DISABLE TRIGGER ALL
ALTER TABLE products OWNER TO CURRENT_USER
ALTER TABLE products ENABLE ROW LEVEL SECURITY
ALTER VIEW customer_contacts RENAME TO contacts
ALTER FUNCTION order_total(bigint) SECURITY DEFINER
ALTER ROLE CURRENT_USER SUPERUSER
ALTER ROLE portcullis_gateway SET search_path = alt
ALTER DATABASE shop SET work_mem = '1MB'
ALTER SYSTEM SET work_mem = '1MB'
ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO PUBLIC
CREATE TABLE mine (a int)
CREATE TEMP TABLE mine (a int)
CREATE TEMP TABLE mine AS SELECT 1
CREATE UNLOGGED TABLE mine (a int)
CREATE TABLE mine (LIKE products)
CREATE VIEW mine AS SELECT 1
CREATE TEMP VIEW mine AS SELECT 1
CREATE RECURSIVE VIEW mine (n) AS VALUES (1)
CREATE MATERIALIZED VIEW mine AS SELECT 1
CREATE SEQUENCE mine
CREATE INDEX ON products (stock)
CREATE SCHEMA mine
CREATE SCHEMA mine CREATE TABLE t (a int)
CREATE TYPE mine AS (a int)
CREATE DOMAIN mine AS int
CREATE FUNCTION mine() RETURNS int LANGUAGE sql AS 'SELECT 1'
CREATE PROCEDURE mine() LANGUAGE sql AS 'SELECT 1'
CREATE OPERATOR !!! (RIGHTARG = int, FUNCTION = int4um)
CREATE CAST (int AS text) WITH INOUT AS IMPLICIT
CREATE AGGREGATE mine(int) (SFUNC = int4pl, STYPE = int)
CREATE TRIGGER mine AFTER INSERT ON orders EXECUTE FUNCTION announce_shipping()
CREATE EVENT TRIGGER mine ON ddl_command_start EXECUTE FUNCTION announce_shipping()
CREATE RULE mine AS ON SELECT TO products DO INSTEAD SELECT * FROM products
CREATE RULE mine AS ON INSERT TO orders DO ALSO DELETE FROM order_items
CREATE POLICY mine ON products USING (true)
CREATE ROLE mine
CREATE USER mine SUPERUSER
CREATE DATABASE mine
CREATE EXTENSION dblink
CREATE EXTENSION postgres_fdw
CREATE SERVER mine FOREIGN DATA WRAPPER postgres_fdw
CREATE FOREIGN DATA WRAPPER mine
CREATE USER MAPPING FOR CURRENT_USER SERVER mine
CREATE PUBLICATION mine FOR ALL TABLES
CREATE SUBSCRIPTION mine CONNECTION 'host=x' PUBLICATION y
CREATE LANGUAGE plpython3u
CREATE TABLESPACE mine LOCATION '/tmp'
CREATE STATISTICS mine ON id, stock FROM products
CREATE COLLATION mine FROM "C"
CREATE TEXT SEARCH CONFIGURATION mine (COPY = simple)
IMPORT FOREIGN SCHEMA public FROM SERVER x INTO public
SELECT * INTO mine FROM products
SELECT id INTO TEMP mine FROM products
SELECT 1 INTO mine
(SELECT id INTO mine FROM products UNION SELECT 1)
GRANT ALL ON products TO PUBLIC
GRANT SELECT (id) ON products TO PUBLIC
GRANT pg_read_all_data TO CURRENT_USER
REVOKE ALL ON products FROM PUBLIC
REASSIGN OWNED BY CURRENT_USER TO postgres
SECURITY LABEL ON TABLE products IS 'x'
COMMENT ON TABLE products IS 'x'
SET ROLE postgres
SET LOCAL ROLE postgres
SET SESSION AUTHORIZATION postgres
SET session_replication_role = replica
SET search_path = alt; DELETE FROM customers
SELECT set_config('role', 'postgres', false)
SELECT set_config('session_replication_role', 'replica', false)
SELECT pg_catalog.set_config('row' || '_security', 'off', false)
RESET ROLE; DELETE FROM order_items
UPDATE pg_settings SET setting = 'replica' WHERE name = 'session_replication_role'
UPDATE pg_catalog.pg_class SET relname = 'x' WHERE relname = 'products'
DELETE FROM pg_proc WHERE false
INSERT INTO products (sku, title, category, price) VALUES ('x', 'x', 'x', 1)
INSERT INTO staff (name, email, role, salary, hired) VALUES ('x', 'x', 'x', 1, now())
INSERT INTO customer_contacts (name, contact) VALUES ('x', 'x')
WITH x AS (INSERT INTO products (sku, title, category, price) VALUES ('x', 'x', 'x', 1) RETURNING id) SELECT * FROM x
MERGE INTO products p USING (VALUES (999)) v(i) ON p.id = i WHEN NOT MATCHED THEN INSERT (id, sku, title, category, price) VALUES (999, 'x', 'x', 'x', 1)
COPY products FROM STDIN
COPY customers (name, email) FROM STDIN
COPY products TO '/tmp/x'
COPY products FROM '/etc/passwd'
COPY (SELECT 1) TO PROGRAM 'touch /tmp/x'
COPY products FROM PROGRAM 'id'
COPY (DELETE FROM order_items RETURNING *) TO STDOUT
COPY (INSERT INTO products (sku, title, category, price) VALUES ('x', 'x', 'x', 1) RETURNING id) TO STDOUT
LOCK TABLE products
LOCK products IN ROW SHARE MODE
SELECT id FROM products FOR UPDATE
SELECT id FROM products FOR SHARE
SELECT id FROM (SELECT * FROM products FOR NO KEY UPDATE) x
SELECT pg_advisory_lock(1)
SELECT pg_try_advisory_xact_lock(1, 2)
NOTIFY shipping
NOTIFY shipping, 'x'
SELECT pg_notify('shipping', 'x')
DO $$ BEGIN DELETE FROM order_items; END $$
DO LANGUAGE plpgsql 'BEGIN NULL; END'
CALL mine()
SELECT remove('x')
SELECT remove(sku) FROM products
SELECT * FROM remove('x')
SELECT id FROM products WHERE remove(sku) = 1
SELECT id FROM products ORDER BY remove(sku)
SELECT id FROM products GROUP BY id HAVING remove('x') = 1
SELECT id FROM products LIMIT remove('x')
SELECT CASE WHEN false THEN remove('x') END
SELECT coalesce(1, remove('x'))
SELECT (SELECT remove('x'))
SELECT ARRAY[remove('x')]
SELECT row_number() OVER (ORDER BY remove(sku)) FROM products
SELECT count(*) FILTER (WHERE remove(sku) = 1) FROM products
SELECT 1 FROM products TABLESAMPLE bernoulli (remove('x'))
SELECT * FROM products p JOIN orders o ON remove(p.sku) = 1
SELECT * FROM products, LATERAL remove(sku)
SELECT * FROM ROWS FROM (remove('x'), generate_series(1, 2)) x
VALUES (remove('x'))
TABLE products ORDER BY remove(sku)
WITH x AS (SELECT remove('x')) SELECT 1
INSERT INTO orders (customer_id) VALUES (remove('x'))
INSERT INTO orders (customer_id) SELECT 1 WHERE remove('x') = 1
EXPLAIN SELECT remove('x')
EXPLAIN ANALYZE SELECT remove('x')
SELECT public.remove('x')
SELECT "remove"('x')
SELECT U&"\0072emove"('x')
PREPARE p AS SELECT remove('x')
PREPARE p (text) AS SELECT $1 ;; EXECUTE p(remove('x'))
PREPARE p (int) AS SELECT $1 ;; EXPLAIN EXECUTE p(remove('x'))
DECLARE c CURSOR WITH HOLD FOR SELECT remove(sku) FROM products
COPY (SELECT remove('x')) TO STDOUT
SELECT 'x'::trap
SELECT CAST('x' AS trap)
SELECT trap 'x'
SELECT '{x}'::trap[]
SELECT '(x,1)'::pair
SELECT ROW('x', 1)::pair
SELECT ARRAY['x']::trap[]
SELECT json_populate_record(null::pair, '{"x":"a"}')
SELECT * FROM json_to_recordset('[{"x":"a"}]') AS t(x trap)
SELECT * FROM json_to_record('{"x":"a"}') AS t(x trap)
SELECT * FROM jsonb_populate_recordset(null::pair, '[{"x":"a"}]')
SELECT * FROM xmltable('/r' PASSING '<r><a>x</a></r>' COLUMNS a trap)
EXPLAIN SELECT 'x'::trap
PREPARE p (trap) AS SELECT 1
SELECT id FROM products WHERE sku BETWEEN 1 AND 2
SELECT id FROM products WHERE sku <= 1
SELECT id FROM products WHERE sku OPERATOR(public.<=) 1
SELECT id FROM products WHERE sku <= ANY (ARRAY[1])
SELECT lower(1::bigint)
SELECT purge()
SELECT nested_purge()
SELECT * FROM nested_purge()
SELECT sly()
SELECT order_total(1)
SELECT id FROM served
SELECT nextval('orders_' || 'id_seq')
SELECT pg_read_file('/etc/passwd')
SELECT pg_read_binary_file('/etc/passwd')
SELECT pg_ls_dir('/')
SELECT * FROM pg_ls_logdir()
SELECT pg_stat_file('/etc/passwd')
SELECT lo_import('/etc/passwd')
SELECT lo_export(1, '/tmp/x')
SELECT lo_creat(-1)
SELECT lo_create(0)
SELECT lo_from_bytea(0, 'x')
SELECT lo_unlink(1)
SELECT lo_get(1)
SELECT pg_terminate_backend(1)
SELECT pg_cancel_backend(pg_backend_pid())
SELECT pg_reload_conf()
SELECT pg_rotate_logfile()
SELECT pg_switch_wal()
SELECT pg_create_restore_point('x')
SELECT pg_stat_reset()
SELECT pg_stat_reset_single_table_counters('products'::regclass)
SELECT pg_export_snapshot()
SELECT pg_create_logical_replication_slot('x', 'test_decoding')
SELECT pg_create_physical_replication_slot('x')
SELECT * FROM pg_logical_slot_get_changes('x', NULL, NULL)
SELECT pg_logical_emit_message(false, 'x', 'y')
SELECT pg_replication_origin_create('x')
SELECT query_to_xml('delete from order_items returning 1', true, true, '')
SELECT database_to_xml(true, true, '')
SELECT table_to_xml('products', true, true, '')
SELECT cursor_to_xml('c', 1, true, true, '')
SELECT * FROM ts_stat('select to_tsvector(sku) from products')
SELECT * FROM crosstab('delete from order_items')
SELECT dblink_exec('x', 'delete from order_items')
SELECT xpath_table('a', 'b', 'c', 'd', 'e')
SELECT binary_upgrade_set_next_pg_type_oid(1)
SELECT pg_import_system_collations('public')
SELECT rolpassword FROM pg_authid
SELECT * FROM pg_shadow
SELECT * FROM pg_hba_file_rules
SELECT * FROM pg_stat_activity
SELECT * FROM pg_stats
SELECT * FROM pg_user_mappings
SELECT * FROM pg_largeobject
SELECT * FROM nowhere
SELECT * FROM no_such_function()
VACUUM
VACUUM FULL products
ANALYZE products
REINDEX TABLE products
REINDEX DATABASE shop
CLUSTER products USING products_pkey
REFRESH MATERIALIZED VIEW kept
CHECKPOINT
LOAD 'auto_explain'
DISCARD ALL; DELETE FROM order_items
PREPARE TRANSACTION 'x'
COMMIT PREPARED 'x'
ROLLBACK PREPARED 'x'

-- runs agent
SELECT count(*) FROM order_items
SELECT 'DELETE FROM order_items'
SELECT $$DROP TABLE order_items$$
SELECT $a$;DELETE FROM order_items;$a$
SELECT 1 AS "DELETE FROM order_items"
SELECT 1 /* ; DELETE FROM order_items; */
SELECT 1 -- ; DELETE FROM order_items
SELECT U&'\0064elete'
SELECT E'a\'b'
SELECT 'a' || 'b' AS "drop", 1 AS "update"
SELECT id AS delete FROM orders LIMIT 1
SELECT o.id AS "truncate" FROM orders o LIMIT 1
WITH deleted AS (SELECT id FROM orders LIMIT 1) SELECT * FROM deleted
WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 5) SELECT sum(i) FROM n
EXPLAIN SELECT id FROM products
EXPLAIN ANALYZE SELECT id FROM products
EXPLAIN (VERBOSE, COSTS off, FORMAT json) SELECT id FROM products WHERE price > 10
PREPARE p AS SELECT id FROM products ;; EXECUTE p ;; DEALLOCATE p
PREPARE p (int) AS SELECT id FROM products WHERE id = $1 ;; EXECUTE p(1) ;; EXECUTE p(2) ;; DEALLOCATE ALL
SELECT 1; SELECT 2
SELECT ';'; SELECT 2
BEGIN ;; SELECT id FROM orders LIMIT 1 ;; COMMIT
BEGIN READ ONLY ;; SELECT 1 ;; ROLLBACK
BEGIN ISOLATION LEVEL SERIALIZABLE ;; SAVEPOINT s ;; SELECT 1 ;; ROLLBACK TO s ;; RELEASE s ;; COMMIT
BEGIN ;; DECLARE c CURSOR FOR SELECT id FROM products ;; FETCH 2 FROM c ;; MOVE 1 FROM c ;; CLOSE c ;; COMMIT
BEGIN ;; DECLARE c SCROLL CURSOR FOR SELECT id FROM products ;; FETCH LAST FROM c ;; FETCH PRIOR FROM c ;; COMMIT
SET statement_timeout = '5s' ;; SHOW statement_timeout ;; RESET statement_timeout
SET application_name = 'drop table' ;; SHOW application_name
SET TIME ZONE 'UTC' ;; SELECT current_setting('TimeZone')
SET datestyle = 'ISO, DMY' ;; SHOW datestyle
SET LOCAL work_mem = '8MB'
SELECT set_config('work_mem', '8MB', true)
SHOW search_path
SHOW ALL
SELECT current_user, session_user, current_database(), current_schema, version()
SELECT now(), clock_timestamp() > now(), random() < 2
SELECT pg_backend_pid() > 0
SELECT id FROM products WHERE sku = 'SKU-000127'
SELECT id FROM products WHERE price BETWEEN 10 AND 20 ORDER BY price LIMIT 3
SELECT upper(sku), initcap(title), length(category) FROM products LIMIT 1
SELECT category, count(*), avg(price) FROM products GROUP BY category ORDER BY 2 DESC
SELECT p.title, sum(i.quantity) FROM order_items i JOIN products p ON p.id = i.product_id GROUP BY p.title ORDER BY 2 DESC LIMIT 3
SELECT status, count(*) FILTER (WHERE shipped_at IS NULL) FROM orders GROUP BY status
SELECT id, rank() OVER (PARTITION BY category ORDER BY price) FROM products LIMIT 3
SELECT * FROM products TABLESAMPLE bernoulli (10) LIMIT 1
SELECT * FROM generate_series(1, 3) WITH ORDINALITY AS g(a, b)
SELECT * FROM ROWS FROM (generate_series(1, 2), unnest(ARRAY[1, 2])) AS x(a, b)
SELECT * FROM unnest(ARRAY['a', 'b']) AS u
SELECT x.* FROM products p, LATERAL (SELECT p.stock * 2 AS twice) x LIMIT 1
SELECT * FROM json_to_recordset('[{"x":"a"}]') AS t(x text)
SELECT json_populate_record(null::products, '{"sku":"a"}')
SELECT '(1,2)'::point, '{1,2}'::int[], '[1,3)'::int4range
SELECT CAST('1' AS int), 1::text, int '2'
SELECT details->'colours'->>0 FROM products LIMIT 1
SELECT lower(sku) FROM products LIMIT 2
SELECT to_jsonb(p) FROM products p LIMIT 1
SELECT jsonb_agg(p.sku) FROM products p
SELECT string_agg(sku, ',' ORDER BY sku) FROM products
SELECT xmlelement(name a, 'b')
SELECT * FROM order_totals LIMIT 1
SELECT * FROM order_totals WHERE total > 100 ORDER BY total DESC LIMIT 1
TABLE products LIMIT 1
VALUES (1, 'a'), (2, 'b') ORDER BY 1 DESC
SELECT ARRAY(SELECT id FROM products LIMIT 3)
SELECT EXISTS (SELECT FROM products WHERE stock = 0)
SELECT id FROM orders WHERE customer_id IN (SELECT customer_id FROM orders WHERE status = 'new') LIMIT 2
SELECT id FROM products WHERE (id, stock) IN ((1, 13), (2, 26))
SELECT id FROM products EXCEPT SELECT product_id FROM order_items
SELECT id FROM products INTERSECT SELECT product_id FROM order_items LIMIT 2
SELECT DISTINCT ON (category) category, sku FROM products ORDER BY category, price
SELECT category, stock, count(*) FROM products GROUP BY GROUPING SETS ((category), (stock), ()) LIMIT 3
SELECT coalesce(shipped_at, ordered_at) FROM orders LIMIT 1
SELECT CASE WHEN stock = 0 THEN 'none' ELSE 'some' END FROM products LIMIT 1
SELECT nullif(stock, 0), greatest(stock, 5) FROM products LIMIT 1
SELECT date_trunc('month', ordered_at), count(*) FROM orders GROUP BY 1 ORDER BY 1 LIMIT 2
SELECT extract(year FROM ordered_at), ordered_at::date FROM orders LIMIT 1
SELECT to_char(ordered_at, 'YYYY-MM'), age(ordered_at) > '1 day' FROM orders LIMIT 1
SELECT sku LIKE 'SKU%', sku ~ '^S', regexp_replace(sku, 'S', 's') FROM products LIMIT 1
SELECT pg_size_pretty(pg_total_relation_size('orders'))
SELECT relname FROM pg_class WHERE relname = 'orders'
SELECT nspname FROM pg_namespace ORDER BY 1 LIMIT 2
SELECT attname FROM pg_attribute WHERE attrelid = 'products'::regclass AND attnum > 0
SELECT column_name FROM information_schema.columns WHERE table_name = 'products'
SELECT format_type(atttypid, atttypmod) FROM pg_attribute LIMIT 1
SELECT pg_get_viewdef('order_totals'::regclass)
SELECT indexdef FROM pg_indexes WHERE tablename = 'products'
SELECT oid::regtype FROM pg_type WHERE typname = 'int4'
SELECT has_table_privilege('products', 'SELECT')
SELECT datname FROM pg_database LIMIT 1
SELECT rolname FROM pg_roles LIMIT 1
SELECT md5('x'), encode('x'::bytea, 'hex'), sha256('x')
SELECT gen_random_uuid() IS NOT NULL
COPY (SELECT id, sku FROM products LIMIT 2) TO STDOUT
COPY products (id, sku) TO STDOUT (FORMAT csv)
COPY (SELECT id FROM products LIMIT 1) TO STDOUT (FORMAT binary)
UNLISTEN *
DISCARD PLANS
CLOSE ALL
INSERT INTO orders (customer_id) VALUES (1) RETURNING customer_id, status
INSERT INTO orders (customer_id) SELECT 1 RETURNING customer_id
SET row_security = off
BEGIN ;; LOCK products IN ACCESS SHARE MODE ;; ROLLBACK
SELECT count(*) FROM pg_stat_activity WHERE state = 'active'
SELECT srvname FROM pg_foreign_server
SELECT subname, subenabled FROM pg_subscription
SELECT srvname, usename FROM pg_user_mappings
SELECT count(*) FROM pg_replication_slots
SELECT i, n FROM unnest(ARRAY[1, 2], ARRAY['a', 'b']) AS u (i, n)
SELECT i, o FROM pg_index, unnest(indkey, indoption) WITH ORDINALITY AS u (i, n, o) LIMIT 3
