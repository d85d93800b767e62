-- Statements that try to lead around a mask or a rule, and harmless ones that look alike: one a line, ` ;; ` between
-- those of one session. Run by crates/gateway/tests/it/leaks.rs over every protocol, as the account
-- that the heading names.

-- refused agent
SELECT 'x'::trap
SELECT '{x}'::trap[]
SELECT '(x,1)'::pair
SELECT ROW('x', 1)::pair
SELECT json_populate_record(null::pair, '{"x":"a"}')
SELECT * FROM json_to_recordset('[{"x":"a"}]') AS t(x trap)
EXPLAIN SELECT 'x'::trap
PREPARE p (trap) AS SELECT 1
SELECT id FROM products WHERE sku BETWEEN 1 AND 2
SELECT id FROM products WHERE sku <= 1

-- refused alice
SELECT EXISTS (SELECT regexp_matches(ssn, '^666-5') FROM customers WHERE id = 1)
SELECT count(*) FROM (SELECT regexp_matches(ssn, '^666-5') FROM customers WHERE id = 1) x
SELECT id FROM (SELECT id, regexp_matches(card_number, '99$') FROM customers) x
SELECT count(*) FROM orders WHERE id = 1 AND (1, '666-6') < (SELECT id, ssn FROM customers WHERE id = 1)
SELECT (1, '424') < (SELECT id, card_number FROM customers WHERE id = 1)
SELECT count(*) FROM orders WHERE (1, 'x') = (SELECT id, card_number FROM customers WHERE id = 1)
WITH x AS MATERIALIZED (SELECT 1 / strpos(ssn, '666-99') FROM customers WHERE id = 1) SELECT count(*) FROM x
WITH x AS MATERIALIZED (SELECT ssn::int FROM customers WHERE id = 1) SELECT count(*) FROM x
UPDATE customers SET (name, notes) = (SELECT name, ssn FROM customers WHERE id = 2) WHERE id = 1 RETURNING name, notes
UPDATE customers SET (name, notes) = ROW(name, ssn) WHERE id = 1
INSERT INTO customers (id, name, email) VALUES (1, 'a', 'b') ON CONFLICT (id) DO UPDATE SET (name, notes) = (SELECT 'a', customers.ssn) RETURNING notes
INSERT INTO customers (id, name, email) VALUES (1, 'a', 'b') ON CONFLICT (id) DO UPDATE SET notes = customers.ssn RETURNING notes
UPDATE customers SET notes = email WHERE id = 1
UPDATE customers SET email = 'x@' || ssn WHERE id = 1
UPDATE customers SET ssn = reverse(ssn) WHERE id = 1
UPDATE customers SET birth_date = birth_date + 1 WHERE id = 1
MERGE INTO customers c USING (SELECT id, ssn FROM customers) s ON c.id = s.id AND c.id = 1 WHEN MATCHED THEN UPDATE SET notes = s.ssn
INSERT INTO orders (customer_id, ordered_at) SELECT id, birth_date FROM customers LIMIT 1
INSERT INTO orders (customer_id) SELECT length(ssn) FROM customers LIMIT 1 RETURNING customer_id
INSERT INTO orders (customer_id) SELECT id FROM customers ORDER BY card_number LIMIT 1 RETURNING customer_id
CREATE TEMP TABLE tt AS SELECT ssn FROM customers
SELECT ssn INTO TEMP tt FROM customers
CREATE VIEW v AS SELECT ssn FROM customers
SELECT gen FROM loud
SELECT * FROM loud
COPY loud (gen) TO STDOUT
SELECT loud FROM renamed
SELECT * FROM peek()
SELECT lower(id) FROM customers LIMIT 1
SELECT c.lower FROM customers c LIMIT 1
SELECT c.first_ssn FROM customers c LIMIT 1
SELECT first_ssn(c) FROM customers c LIMIT 1
SELECT id FROM products WHERE sku BETWEEN 1 AND 2
SELECT id FROM products WHERE sku <= 1
SELECT DISTINCT ON (ssn) id FROM customers LIMIT 1
SELECT DISTINCT s, id FROM (SELECT ssn s, id FROM customers WHERE id = 1 UNION ALL SELECT '666-5', 0) u
SELECT ssn FROM customers WHERE id = 1 UNION SELECT '666-5'
BEGIN ;; SET search_path = alt ;; ROLLBACK; SELECT phone FROM customers
BEGIN ;; SET LOCAL search_path = alt ;; COMMIT; SELECT phone FROM customers
BEGIN ;; SAVEPOINT s ;; SET search_path = alt ;; ROLLBACK TO s; SELECT phone FROM customers
SET search_path = public; SELECT phone FROM customers
SELECT (SELECT 1 FROM (SELECT 'standard_conforming_strings' AS name) x, LATERAL set_config(name, 'off', false)) FROM pg_settings WHERE name = 'work_mem'
SELECT set_config(s, 'a', false) FROM (VALUES ('role')) v(s)
SELECT set_config('application_name', ssn, false) FROM customers LIMIT 1
SELECT pg_notify('x', ssn) FROM customers LIMIT 1
SET standard_conforming_strings = off
SET client_encoding = 'SJIS'
SET NAMES 'LATIN1'
SET ROLE postgres
SET SESSION AUTHORIZATION postgres
SELECT most_common_vals FROM pg_stats WHERE tablename = 'customers'
SELECT query FROM pg_stat_activity
SELECT pg_stat_get_activity(1)
SELECT rolpassword FROM pg_authid
SELECT pg_read_file('/etc/passwd')
SELECT lo_import('/etc/passwd')
SELECT query_to_xml('select ssn from customers', true, true, '')
SELECT table_to_xml('customers', true, true, '')
SELECT * FROM ts_stat('select to_tsvector(ssn) from customers')
SELECT ts_rewrite('a'::tsquery, 'select ssn::tsquery, ssn::tsquery from customers')
DO $$ BEGIN RAISE NOTICE 'x'; END $$
COPY customers TO PROGRAM 'id'
COPY (SELECT ssn FROM customers) TO '/tmp/x'
COPY (SELECT id, email FROM customers LIMIT 2) TO STDOUT (FORMAT csv, QUOTE '@')
COPY (SELECT id, email FROM customers LIMIT 2) TO STDOUT (ENCODING 'SJIS')
COPY customers (ssn, id) TO STDOUT (DELIMITER '6')
PREPARE p (text) AS SELECT $1 ;; EXECUTE p((SELECT ssn FROM customers WHERE id = 1))
PREPARE p (text) AS SELECT id FROM customers WHERE ssn = $1 ;; EXPLAIN EXECUTE p((SELECT ssn FROM customers WHERE id = 1))
SELECT row_to_json(c) FROM customers c LIMIT 1
SELECT json_agg(email) FROM customers
SELECT (array_agg(c))[1].email FROM customers c
SELECT x.email FROM customers c, jsonb_to_record(to_jsonb(c)) AS x(email text) LIMIT 1
SELECT email FROM customers c WHERE c = c LIMIT 1
SELECT email::int FROM customers
SELECT 1 WHERE (SELECT email FROM customers LIMIT 1)::int = 1
SELECT birth_date + 0 FROM customers LIMIT 1
SELECT birth_date::text FROM customers LIMIT 1
SELECT nullif(ssn LIKE '666-5%', false) FROM customers LIMIT 2
SELECT c.count FROM customers c
SELECT * FROM generate_series(1, (SELECT length(ssn) FROM customers WHERE id = 1))
SELECT 1 FROM customers c WHERE id = 1 AND EXISTS (SELECT 1 FROM regexp_matches(c.ssn, '666'))
SELECT count(*) FROM customers GROUP BY substring(ssn, 1, 1)
SELECT count(*) FROM customers GROUP BY card_number
SELECT rank('x') WITHIN GROUP (ORDER BY ssn) FROM customers
SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY salary) FROM staff
SELECT xmlforest(email) FROM customers LIMIT 1
SELECT greatest(ssn, '0') FROM customers LIMIT 1
SELECT CASE WHEN id > 0 THEN ssn ELSE email END FROM customers LIMIT 1
SELECT (ARRAY[ssn])[1] FROM customers LIMIT 1
SELECT max(birth_date) FROM customers
SELECT ROW(ssn, email) FROM customers LIMIT 1
SELECT string_agg(ssn, ',') FROM customers
SELECT ARRAY(SELECT ssn FROM customers)
SELECT unnest(ARRAY(SELECT ssn FROM customers LIMIT 2))
SELECT lag(ssn) OVER (ORDER BY id) FROM customers LIMIT 2
SELECT count(salary) FROM staff
SELECT id FROM staff WHERE (id, salary) = (1, 1)
SELECT id FROM products WHERE (id, 43733) IN (SELECT id, salary FROM staff)
SELECT DISTINCT salary FROM staff
SELECT sum(1) FILTER (WHERE salary > 1) FROM staff
SELECT count(*) FROM staff a NATURAL JOIN staff b
SELECT id FROM customers WHERE ssn ~ '^6' LIMIT 1
SELECT id FROM customers ORDER BY ssn LIMIT 1
SELECT id FROM customers WHERE ssn > 'a' LIMIT 1
SELECT id FROM customers WHERE CASE WHEN ssn LIKE '6%' THEN true END LIMIT 1
SELECT id FROM customers LIMIT (SELECT length(ssn) FROM customers WHERE id = 1)
SELECT 1 FROM customers TABLESAMPLE bernoulli((SELECT length(ssn) FROM customers WHERE id = 1))
WITH RECURSIVE r(a, b) AS (SELECT 'x'::text, ssn FROM customers WHERE id = 1 UNION ALL SELECT b, a FROM r WHERE length(a) < 2) SELECT a FROM r

-- runs alice
SELECT EXISTS (SELECT 1 FROM customers WHERE id = 1)
SELECT count(*) FROM (SELECT regexp_matches(name, '^A') FROM customers) x
SELECT count(*) FROM orders WHERE (1, 1) < (SELECT id, customer_id FROM orders WHERE id = 2)
WITH x AS MATERIALIZED (SELECT id, ssn FROM customers WHERE id = 1) SELECT * FROM x
UPDATE customers SET (name, notes) = (SELECT name, 'x') WHERE id = 3 RETURNING name, notes, ssn
WITH x AS (UPDATE customers SET notes = notes WHERE id = 1 RETURNING ssn, id) SELECT * FROM x
UPDATE customers c SET notes = 'x' FROM staff s WHERE c.id = 1 AND s.id = 1 RETURNING s.salary, c.ssn, s.*, c.*
SELECT id, ssn FROM loud
COPY loud TO STDOUT
SELECT * FROM kept
TABLE kept
SELECT id, s FROM renamed LIMIT 2
TABLE child
SELECT * FROM parent
SELECT ssn FROM customers WHERE id = 1 UNION ALL SELECT '666-5'
SELECT email FROM customers WHERE id = 1 UNION SELECT email FROM staff WHERE id = 1
SELECT name FROM customers WHERE false UNION ALL SELECT ssn FROM customers WHERE id < 3
BEGIN ;; SET search_path = alt ;; ROLLBACK ;; SELECT phone FROM customers WHERE id < 3
SET search_path = alt ;; SET search_path = public ;; SELECT phone FROM customers WHERE id < 3
SET search_path = alt ;; PREPARE q AS SELECT phone FROM customers ORDER BY id LIMIT 1 ;; SET search_path = public ;; EXECUTE q
PREPARE q AS SELECT id, ssn FROM customers LIMIT 2 ;; EXECUTE q ;; DEALLOCATE q
BEGIN ;; DECLARE c CURSOR FOR SELECT id, ssn FROM customers ;; FETCH 2 FROM c ;; CLOSE c
BEGIN ;; DECLARE c BINARY CURSOR FOR SELECT birth_date, email FROM customers ;; FETCH 2 FROM c ;; COMMIT
BEGIN ;; DECLARE c CURSOR WITH HOLD FOR SELECT ssn FROM customers ;; COMMIT ;; FETCH 2 FROM c ;; CLOSE c
BEGIN ;; DECLARE c CURSOR FOR SELECT ssn FROM customers ;; SAVEPOINT s ;; CLOSE c ;; ROLLBACK TO s ;; DECLARE c CURSOR FOR SELECT sku FROM products ;; FETCH c
PREPARE q AS SELECT ssn FROM customers LIMIT 1 ;; BEGIN ;; DEALLOCATE q ;; PREPARE q AS SELECT sku FROM products LIMIT 1 ;; ROLLBACK ;; EXECUTE q ;; DEALLOCATE q
COPY (SELECT id, email FROM customers LIMIT 2) TO STDOUT
COPY (SELECT id, email FROM customers LIMIT 2) TO STDOUT (FORMAT binary)
COPY (SELECT id, email FROM customers LIMIT 2) TO STDOUT (FORMAT csv)
COPY customers (ssn, id) TO STDOUT
SELECT * FROM customers NATURAL JOIN staff
SELECT * FROM orders o JOIN customers c ON c.id = o.customer_id JOIN order_items i ON i.order_id = o.id LIMIT 3
SELECT * FROM customers c FULL JOIN staff s USING (id, email) LIMIT 3
SELECT * FROM staff RIGHT JOIN customers USING (email) LIMIT 3
SELECT x.* FROM customers JOIN staff USING (email) AS x
SELECT * FROM customer_contacts NATURAL LEFT JOIN customers LIMIT 3
SELECT j.* FROM (customers c JOIN orders o ON o.customer_id = c.id) AS j(a, b, c, d, e, f, g, h) LIMIT 2
SELECT * FROM customers AS c(a, b, d, e, f, g) LIMIT 2
SELECT q.* FROM customers a LEFT JOIN LATERAL (SELECT a.ssn AS z, * FROM orders o WHERE o.customer_id = a.id) q ON true WHERE a.id = 7
SELECT * FROM customers a, LATERAL (SELECT a.ssn, a.email) q(id, name), LATERAL unnest(ARRAY[1, 2]) WITH ORDINALITY u(x, y) WHERE a.id = 1
TABLE customers LIMIT 3
TABLE customer_contacts LIMIT 3
SELECT "shop".public.customers.ssn FROM shop.public.customers LIMIT 1
SELECT (customers).ssn FROM customers LIMIT 1
SELECT U&"s\0073n" FROM U&"customer\0073" LIMIT 1
SELECT E'\'', ssn FROM customers LIMIT 1 --'
SELECT ssn AS id, id AS ssn FROM customers LIMIT 1
SELECT ssn::text, CAST(ssn AS text), ssn COLLATE "C" FROM customers LIMIT 1
VALUES ((SELECT ssn FROM customers WHERE id = 1)), ('x')
SELECT * FROM (VALUES (1, 'x'), (2, (SELECT ssn FROM customers WHERE id = 1))) v(a, b)
WITH RECURSIVE r AS (SELECT id, ssn FROM customers WHERE id = 1 UNION ALL SELECT r.id + 1, c.ssn FROM r JOIN customers c ON c.id = r.id + 1 WHERE r.id < 3) SELECT * FROM r
SELECT ssn, count(*) FROM customers GROUP BY ssn LIMIT 2
SELECT count(DISTINCT email), count(email) FROM customers WHERE email IS NOT NULL
SELECT id FROM customers WHERE email = 'nobody@example.com' OR ssn IN ('x', 'y')
SELECT a.email FROM customers a JOIN staff b ON a.email = b.email
EXPLAIN (ANALYZE, VERBOSE) SELECT * FROM customers WHERE ssn = 'x'
SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY price) FROM products
SELECT category, avg(price)::numeric(10,2), count(*) FILTER (WHERE stock = 0) FROM products GROUP BY ROLLUP (category) HAVING count(*) > 1
SELECT date_trunc('month', ordered_at) AS m, status, count(*) FROM orders GROUP BY 1, 2 ORDER BY 1 DESC LIMIT 3
SELECT o.customer_id, sum(i.quantity * i.unit_price), rank() OVER (ORDER BY sum(i.quantity * i.unit_price) DESC) FROM orders o JOIN order_items i ON i.order_id = o.id GROUP BY 1 LIMIT 3
SELECT details->>'weight_kg', jsonb_array_length(details->'colours') FROM products LIMIT 1
SELECT row_to_json(p) FROM products p LIMIT 1
SELECT c.id, c.email, count(o.*) FROM customers c LEFT JOIN orders o ON o.customer_id = c.id GROUP BY c.id, c.email ORDER BY count(o.*) DESC LIMIT 2
SELECT DISTINCT ON (customer_id) customer_id, id FROM orders ORDER BY customer_id, ordered_at DESC LIMIT 2
SELECT coalesce(notes, ''), upper(name), substring(name from 1 for 3) FROM customers LIMIT 1
SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public' LIMIT 3
SELECT a.attname, format_type(a.atttypid, a.atttypmod) FROM pg_attribute a WHERE a.attrelid = 'customers'::regclass AND a.attnum > 0
SELECT pg_size_pretty(pg_total_relation_size('orders')), obj_description('customers'::regclass)
SELECT indexdef FROM pg_indexes WHERE tablename = 'orders'
SELECT 1; SELECT 2
SET statement_timeout = '5s' ;; SHOW statement_timeout
