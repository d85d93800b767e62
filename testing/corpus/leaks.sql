-- Statements that try to lead around a mask, and harmless ones that look alike: one a line, ` ;; ` between those of one
-- session. Run by crates/gateway/tests/it/leaks.rs over both protocols, in text and binary, as the account that the
-- heading names. By the extended one the statements of one text go one after another, where they are told apart by plain
-- semicolons; those under `together` are refused in one text alone.

-- refused alice
SELECT id FROM folded WHERE whole ->> 'ssn' = '666-54-7920'
SELECT id FROM folded WHERE card::text LIKE '%666-5%'
SELECT id FROM folded ORDER BY told
SELECT id FROM folded GROUP BY id, whole
SELECT DISTINCT whole FROM folded
SELECT count(DISTINCT told) FROM folded
SELECT max(told) FROM folded
SELECT card ->> 'ssn' FROM folded
SELECT json_each_text(card) FROM folded
SELECT key, value FROM folded, jsonb_each_text(whole)
SELECT x.ssn FROM folded, jsonb_to_record(whole) AS x(ssn text)
SELECT jsonb_path_query(whole, '$.ssn ? (@ like_regex "^6")') FROM folded
SELECT whole - 'ssn' FROM folded
SELECT jsonb_set(whole, '{name}', whole -> 'ssn') FROM folded
SELECT whole || '{"a": 1}' FROM folded
SELECT json_array_elements(list) FROM folded_lists
SELECT json_array_length(list) FROM folded_lists
SELECT (j ->> 'ssn')::text FROM folded_again
SELECT (told::json) ->> 'ssn' FROM folded
SELECT told LIKE '%666%' FROM folded
SELECT whole ? 'ssn', whole @> '{"ssn": "666-54-7920"}' FROM folded
SELECT to_jsonb(f) ->> 'card' FROM folded f WHERE to_jsonb(f) ->> 'whole' LIKE '%666%'
SELECT ssn(f) FROM folded f
SELECT jsonb_populate_record(NULL::customers, whole) FROM folded
SELECT card FROM folded UNION SELECT card FROM folded_swapped
SELECT card FROM folded INTERSECT ALL SELECT card FROM folded_swapped
SELECT id FROM folded JOIN folded_again ON told = j::text
UPDATE products SET details = f.whole FROM folded f WHERE f.id = products.id
INSERT INTO customers (id, name, email, notes) SELECT -id, 'a', 'b', told FROM folded
CREATE TEMP TABLE tt AS SELECT whole FROM folded
CREATE TEMP VIEW folded AS SELECT card FROM public.folded
CREATE VIEW another AS SELECT whole FROM folded
CREATE OR REPLACE VIEW folded_parts AS SELECT id AS a, notes AS b FROM customers
CREATE OR REPLACE VIEW folded_plain AS SELECT id, json_build_object('sku', ssn) AS item FROM customers
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
INSERT INTO archive (mail) SELECT email FROM customers WHERE id = 1
INSERT INTO archive (email) SELECT ssn FROM customers WHERE id = 1
INSERT INTO archive (ssn) SELECT email FROM customers WHERE id = 1
INSERT INTO archive (email, ssn) SELECT ssn, email FROM customers WHERE id = 1
INSERT INTO archive (email, mail) SELECT email, email FROM customers WHERE id = 1
INSERT INTO archive (card_number) SELECT card_number FROM customers WHERE id = 1
INSERT INTO archive (email) SELECT lower(email) FROM customers WHERE id = 1
INSERT INTO archive (email) SELECT coalesce(phone, email) FROM customers WHERE id = 1
INSERT INTO archive (email) SELECT email FROM customers WHERE id = 1 UNION ALL SELECT ssn FROM customers WHERE id = 2
INSERT INTO archive (email) VALUES ((SELECT ssn FROM customers WHERE id = 1))
INSERT INTO archive SELECT * FROM customers WHERE id = 1
INSERT INTO archive_checked SELECT email FROM customers WHERE id = 1
INSERT INTO archive_short SELECT email FROM customers WHERE id = 1
INSERT INTO archive_watched (id, email) SELECT id, email FROM customers WHERE id = 1
INSERT INTO archive_parts SELECT id, email FROM customers WHERE id = 1
INSERT INTO archive_part SELECT id, email FROM customers WHERE id = 1
INSERT INTO archive_view (e) SELECT email FROM customers WHERE id = 1
INSERT INTO archive_loud (email) SELECT email FROM customers WHERE id = 1
INSERT INTO archive_key SELECT email FROM customers WHERE id = 1
UPDATE archive SET mail = email
UPDATE archive SET ssn = c.ssn, mail = c.email FROM customers c
UPDATE archive SET (ssn, mail) = (SELECT ssn, email FROM customers WHERE id = 1)
WITH w AS (INSERT INTO archive (mail) SELECT email FROM customers WHERE id = 1 RETURNING 1) SELECT 1
MERGE INTO archive a USING customers c ON a.id = c.id WHEN MATCHED THEN UPDATE SET mail = c.email
MERGE INTO archive a USING customers c ON a.id = c.id WHEN NOT MATCHED AND c.id = 1 THEN INSERT (ssn, email) VALUES (c.email, c.ssn)
INSERT INTO customers (id, name, email) SELECT 1, 'a', email FROM customers WHERE id = 1 ON CONFLICT (id) DO UPDATE SET notes = excluded.email
PREPARE p AS INSERT INTO archive (mail) SELECT email FROM customers WHERE id = 1 ;; EXECUTE p
BEGIN ;; DECLARE c CURSOR FOR SELECT ssn_of(1) ;; FETCH c
BEGIN ;; SET LOCAL search_path = alt ;; DECLARE c CURSOR FOR SELECT public.ssn_of(1) ;; SET LOCAL search_path = public ;; FETCH c
BEGIN ;; DECLARE c CURSOR FOR SELECT * FROM served ;; FETCH c
SELECT guess_ssn('666%')
SELECT to_jsonb(c) FROM (customers JOIN orders ON orders.customer_id = customers.id) AS c LIMIT 3
SELECT to_jsonb(c) FROM (customers JOIN orders USING (id)) AS c (a, b) LIMIT 3
SELECT id, guess_ssn('6%') FROM orders LIMIT 1
SELECT * FROM guess_ssn('6%')
SELECT probe(11)
SELECT * FROM probe(11)
SELECT copy_out(2)
SELECT note(ssn) FROM customers WHERE id = 2
SELECT echo(ssn) FROM customers LIMIT 1
SELECT * FROM customers c, echo(c.ssn) e LIMIT 1
SELECT sly()
SELECT moving()
SELECT ssn_of(1)::int
SELECT id FROM customers WHERE ssn_of(id) LIKE '6%'
SELECT id FROM customers WHERE ssn_of(id) = ssn_of(1)
SELECT 1 / (length(ssn_of(1)) - 11)
SELECT id FROM orders ORDER BY ssn_of(customer_id) LIMIT 1
SELECT ssn_of(length(ssn)) FROM customers WHERE id = 1
UPDATE customers SET notes = ssn_of(2) WHERE id = 1
INSERT INTO orders (customer_id) SELECT length(mail) FROM contacts()
SELECT id FROM contacts() ORDER BY number
SELECT id FROM contacts() WHERE mail LIKE 'a%'
SELECT (contacts()).mail
SELECT id FROM contacts() c WHERE c::text LIKE '%a%'
SELECT id FROM served WHERE s LIKE '6%'
SET search_path = alt ;; SELECT public.ssn_of(1)
SELECT set_config('search_path', 'alt', false), public.ssn_of(1)
SELECT public.moving(), public.ssn_of(1)
SELECT c.lower FROM customers c LIMIT 1
SELECT c.first_ssn FROM customers c LIMIT 1
SELECT first_ssn(c) FROM customers c LIMIT 1
SELECT id FROM products WHERE sku BETWEEN 1 AND 2
SELECT id FROM products WHERE sku <= 1
SELECT DISTINCT ON (ssn) id FROM customers LIMIT 1
SELECT DISTINCT s, id FROM (SELECT ssn s, id FROM customers WHERE id = 1 UNION ALL SELECT '666-5', 0) u
SELECT ssn FROM customers WHERE id = 1 UNION SELECT '666-5'
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
SELECT a FROM pg_stat_activity a
SELECT to_jsonb(a) FROM pg_stat_activity a
SELECT (a).query FROM pg_stat_activity a
SELECT q FROM pg_stat_activity AS a (b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, r, s, t, u, v, q)
TABLE pg_stat_activity
COPY pg_stat_activity TO STDOUT
COPY (SELECT query FROM pg_stat_activity) TO STDOUT
SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%ssn%'
SELECT count(*) FROM pg_stat_activity a WHERE a::text LIKE '%ssn%'
SELECT count(*) FROM pg_stat_activity a WHERE to_jsonb(a) ->> 'query' LIKE '%ssn%'
SELECT count(query) FROM pg_stat_activity
SELECT count(DISTINCT query) FROM pg_stat_activity
SELECT pid FROM pg_stat_activity ORDER BY query
SELECT DISTINCT ON (query) pid FROM pg_stat_activity
SELECT count(*) FROM pg_stat_activity GROUP BY query
SELECT count(*) FROM pg_stat_activity HAVING max(query) > 'SELECT'
SELECT rank() OVER (ORDER BY query) FROM pg_stat_activity
SELECT id FROM products WHERE EXISTS (SELECT 1 FROM pg_stat_activity WHERE query LIKE '%ssn%')
SELECT id FROM products WHERE title IN (SELECT query FROM pg_stat_activity)
SELECT p.id FROM products p JOIN (SELECT query AS title FROM pg_stat_activity) q USING (title)
SELECT p.id FROM products p NATURAL JOIN (SELECT query AS title FROM pg_stat_activity) q
SELECT 'x' EXCEPT SELECT query FROM pg_stat_activity
WITH RECURSIVE r (q) AS (SELECT query FROM pg_stat_activity UNION ALL SELECT q FROM r WHERE false) SELECT q FROM r
SELECT length(query), md5(query) FROM pg_stat_activity
SELECT u FROM pg_stat_activity, unnest(ARRAY[query], ARRAY[1]) AS x (u, v)
SELECT v FROM pg_stat_activity, unnest(ARRAY[query], ARRAY[1]) AS x (u, v)
EXPLAIN ANALYZE SELECT 1 FROM pg_stat_activity WHERE query LIKE '%ssn%'
BEGIN ;; DECLARE c CURSOR FOR SELECT query FROM pg_stat_activity ;; FETCH ALL FROM c
PREPARE ask AS SELECT query FROM pg_stat_activity ;; EXECUTE ask
UPDATE products SET stock = 1 FROM pg_stat_activity WHERE query LIKE '%ssn%' AND id = 1
SELECT application_name, client_addr FROM pg_stat_activity
SELECT srvoptions FROM pg_foreign_server
SELECT umoptions FROM pg_user_mappings
SELECT subconninfo FROM pg_subscription
SELECT passwd FROM pg_shadow
SELECT x, y FROM customers, unnest(ARRAY[ssn], ARRAY[id]) AS u (x, y) WHERE id = 1
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
SELECT (array_agg(c))[1].email FROM customers c
SELECT x.email FROM customers c, jsonb_to_record(to_jsonb(c)) AS x(email text) LIMIT 1
SELECT email FROM customers c WHERE c = c LIMIT 1
SELECT email::int FROM customers
SELECT 1 WHERE (SELECT email FROM customers LIMIT 1)::int = 1
SELECT birth_date + 0 FROM customers LIMIT 1
SELECT nullif(ssn LIKE '666-5%', false) FROM customers LIMIT 2
SELECT c.count FROM customers c
SELECT * FROM generate_series(1, (SELECT length(ssn) FROM customers WHERE id = 1))
SELECT 1 FROM customers c WHERE id = 1 AND EXISTS (SELECT 1 FROM regexp_matches(c.ssn, '666'))
SELECT count(*) FROM customers GROUP BY substring(ssn, 1, 1)
SELECT count(*) FROM customers GROUP BY card_number
SELECT rank('x') WITHIN GROUP (ORDER BY ssn) FROM customers
SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY salary) FROM staff
SELECT (ARRAY[ssn])[1] FROM customers LIMIT 1
SELECT max(birth_date) FROM customers
SELECT unnest(ARRAY(SELECT ssn FROM customers LIMIT 2))
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
SELECT upper(ssn)::int FROM customers
SELECT 1 / (length(ssn) - 11) FROM customers WHERE id = 1
SELECT id FROM customers WHERE upper(email) = 'X'
SELECT id FROM customers WHERE left(ssn, 3) = '666' LIMIT 1
SELECT id FROM customers ORDER BY upper(ssn) LIMIT 1
SELECT id FROM customers GROUP BY id, lower(ssn) LIMIT 1
SELECT DISTINCT right(ssn, 1) FROM customers
SELECT count(DISTINCT left(ssn, 1)) FROM customers
SELECT left(ssn, 1) FROM customers UNION SELECT '6'
SELECT id, row_number() OVER (ORDER BY ssn) FROM customers LIMIT 1
SELECT first_value(id) OVER (ORDER BY birth_date) FROM customers LIMIT 1
SELECT id, count(*) OVER (PARTITION BY left(ssn, 1)) FROM customers LIMIT 1
SELECT min(ssn) FROM customers
SELECT max(email) FROM customers
SELECT id FROM customers WHERE ssn = (SELECT min(ssn) FROM customers)
SELECT nth_value(name, length(ssn)) OVER () FROM customers LIMIT 1
SELECT lag(name, length(ssn)) OVER () FROM customers LIMIT 1
SELECT ssn LIKE '666\' FROM customers LIMIT 1
SELECT ssn LIKE '6%' FROM customers LIMIT 1
SELECT ssn ILIKE '6%' FROM customers LIMIT 1
SELECT ssn SIMILAR TO '6%' FROM customers LIMIT 1
SELECT ssn ~ '^6' FROM customers LIMIT 1
SELECT ssn BETWEEN '6' AND '7' FROM customers LIMIT 1
SELECT ssn < '7' AND 1 / 0 = 1 FROM customers LIMIT 1
SELECT ssn < '7' OR (SELECT true) FROM customers LIMIT 1
SELECT NOT (ssn < '7') FROM customers LIMIT 1
SELECT coalesce(card_number, (1 / (id - id))::text) FROM customers LIMIT 1
SELECT coalesce(nullif(left(ssn, 3), '666'), (1 / 0)::text) FROM customers LIMIT 1
SELECT nullif(left(ssn, 3), '666') FROM customers LIMIT 1
SELECT nullif(card_number, '4242') FROM customers LIMIT 1
SELECT CASE WHEN left(ssn, 3) = '666' THEN 1 / 0 END FROM customers LIMIT 1
SELECT CASE WHEN ssn > '6' THEN pg_sleep(0) END FROM customers LIMIT 1
SELECT CASE left(ssn, 1) WHEN '6' THEN 1 END FROM customers LIMIT 1
SELECT CASE WHEN card_number = 'x' THEN 1 END FROM customers LIMIT 1
SELECT repeat('x', length(ssn)) FROM customers LIMIT 1
SELECT repeat(ssn, 100000000) FROM customers LIMIT 1
SELECT ssn || repeat('x', 1073741800) FROM customers LIMIT 1
SELECT repeat('x', 1073741800) || ssn FROM customers LIMIT 1
SELECT r || ssn FROM (SELECT repeat('x', 1000) AS r) x, customers LIMIT 1
SELECT b || b FROM (SELECT a || a AS b FROM (SELECT ssn AS a FROM customers) x) y LIMIT 1
WITH RECURSIVE r(x, n) AS (SELECT ssn, 1 FROM customers WHERE id = 1 UNION ALL SELECT x || x, n + 1 FROM r WHERE n < 30) SELECT n FROM r
SELECT concat(ssn, repeat('x', 10)) FROM customers LIMIT 1
SELECT replace(ssn, '6', repeat('x', 1000)) FROM customers LIMIT 1
SELECT format('%s', ssn) FROM customers LIMIT 1
SELECT regexp_replace(ssn, '^6', '') FROM customers LIMIT 1
SELECT regexp_match(ssn, '^6') FROM customers LIMIT 1
SELECT (regexp_match(ssn, '^6'))[1] FROM customers LIMIT 1
SELECT regexp_split_to_table(ssn, '-') FROM customers LIMIT 1
SELECT regexp_split_to_array(ssn, '-') FROM customers LIMIT 1
SELECT string_to_array(ssn, '-') FROM customers LIMIT 1
SELECT string_to_table(ssn, '-') FROM customers LIMIT 1
SELECT substring(ssn, '^6') FROM customers LIMIT 1
SELECT substring(ssn FROM '^6') FROM customers LIMIT 1
SELECT substring(ssn, 1, length(ssn) - 20) FROM customers LIMIT 1
SELECT substring('abc', 1, length(ssn)) FROM customers LIMIT 1
SELECT left(name, length(ssn) / 0) FROM customers LIMIT 1
SELECT split_part(name, ' ', length(ssn) - 11) FROM customers LIMIT 1
SELECT chr(ascii(ssn)) FROM customers LIMIT 1
SELECT to_number(ssn, '999') FROM customers LIMIT 1
SELECT to_date(ssn, 'YYYY') FROM customers LIMIT 1
SELECT to_timestamp(length(ssn)) FROM customers LIMIT 1
SELECT decode(ssn, 'hex') FROM customers LIMIT 1
SELECT convert_to(ssn, 'LATIN1') FROM customers LIMIT 1
SELECT ssn::uuid FROM customers LIMIT 1
SELECT ssn::date FROM customers LIMIT 1
SELECT ssn::json FROM customers LIMIT 1
SELECT ssn::xml FROM customers LIMIT 1
SELECT ssn::inet FROM customers LIMIT 1
SELECT ssn::regclass FROM customers LIMIT 1
SELECT ssn::boolean FROM customers LIMIT 1
SELECT int4(ssn) FROM customers LIMIT 1
SELECT ('{' || ssn || '}')::int[] FROM customers LIMIT 1
SELECT (ssn || '')::int FROM customers LIMIT 1
SELECT to_json(ssn)::text::int FROM customers LIMIT 1
SELECT jsonb_build_object(ssn, 1) FROM customers LIMIT 1
SELECT json_object_agg(ssn, 1) FROM customers WHERE id < 3
SELECT jsonb_path_query(to_jsonb(c), '$.ssn ? (@ like_regex "^6")') FROM customers c LIMIT 1
SELECT jsonb_path_exists(to_jsonb(c), '$.ssn ? (@ starts with "6")') FROM customers c LIMIT 1
SELECT jsonb_each_text(to_jsonb(c)) FROM customers c LIMIT 1
SELECT jsonb_object_keys(jsonb_build_object('a', ssn)) FROM customers LIMIT 1
SELECT * FROM customers c, jsonb_each_text(to_jsonb(c)) LIMIT 1
SELECT jsonb_set('{}', ARRAY[ssn], '1') FROM customers LIMIT 1
SELECT to_jsonb(c) @> '{"id": 1}' FROM customers c LIMIT 1
SELECT id FROM customers c WHERE to_jsonb(c) ? 'x'
SELECT id FROM customers c WHERE to_jsonb(c)->>'ssn' = '666'
SELECT id FROM customers c WHERE row_to_json(c)::text LIKE '%666%'
SELECT id FROM customers c ORDER BY to_jsonb(c) LIMIT 1
SELECT id FROM customers c ORDER BY c LIMIT 1
SELECT id FROM customers c WHERE c::text LIKE '%666%'
SELECT c::text FROM customers c LIMIT 1
SELECT c::text::int FROM customers c LIMIT 1
SELECT hash_record(c) FROM customers c LIMIT 1
SELECT ROW(ssn) < ROW('7') FROM customers LIMIT 1
SELECT (ssn, 1) < ('7', 1) FROM customers LIMIT 1
SELECT ARRAY[ssn] < ARRAY['7'] FROM customers LIMIT 1
SELECT array_position(ARRAY['666'], ssn) FROM customers LIMIT 1
SELECT array_length(ARRAY(SELECT 1 FROM customers WHERE ssn < '7'), 1)
SELECT array_fill(0, ARRAY[length(ssn)]) FROM customers LIMIT 1
SELECT (ARRAY[1, 2, 3])[length(ssn)] FROM customers LIMIT 1
SELECT generate_series(1, length(ssn)) FROM customers LIMIT 1
SELECT count(*) FROM (SELECT generate_series(1, length(ssn)) FROM customers WHERE id = 1) x
SELECT count(*) FROM customers c, generate_series(1, length(c.ssn)) WHERE c.id = 1
SELECT id FROM customers OFFSET (SELECT length(ssn) FROM customers WHERE id = 1)
SELECT extract(day FROM birth_date) / 0 FROM customers LIMIT 1
SELECT birth_date + 2000000000 FROM customers LIMIT 1
SELECT birth_date - '1970-01-01' FROM customers LIMIT 1
SELECT age(birth_date) FROM customers LIMIT 1
SELECT date_part('year', birth_date) FROM customers LIMIT 1
SELECT date_trunc('year', birth_date) FROM customers LIMIT 1
SELECT make_date(length(ssn), 1, 1) FROM customers LIMIT 1
SELECT to_char(birth_date, 'YYYY') FROM customers LIMIT 1
SELECT make_interval(days => length(ssn)) FROM customers LIMIT 1
SELECT salary + 1 FROM staff LIMIT 1
SELECT salary * 0 FROM staff LIMIT 1
SELECT -salary FROM staff LIMIT 1
SELECT 1 / (salary - 43733) FROM staff LIMIT 1
SELECT round(salary, -3) FROM staff LIMIT 1
SELECT sqrt(salary - 50000) FROM staff LIMIT 1
SELECT sum(salary) FROM staff
SELECT avg(salary) FROM staff
SELECT stddev(salary) FROM staff
SELECT salary::int2 FROM staff LIMIT 1
SELECT salary::numeric(4) FROM staff LIMIT 1
SELECT width_bucket(salary, 0, 100000, 10) FROM staff LIMIT 1
SELECT salary = 1.0::float8 FROM staff LIMIT 1
SELECT salary FROM staff UNION ALL SELECT 1e300::float8
SELECT coalesce(salary, 1e300::float8) FROM staff LIMIT 1
SELECT corr(salary, id) FROM staff
SELECT mode() WITHIN GROUP (ORDER BY salary) FROM staff
SELECT id FROM staff WHERE salary IS NULL
SELECT id FROM staff WHERE salary IN (SELECT salary FROM staff)
SELECT id, salary FROM staff ORDER BY salary
SELECT id, salary FROM staff ORDER BY 2
SELECT id, salary AS s FROM staff ORDER BY s
SELECT id FROM staff ORDER BY staff LIMIT 1
SELECT s.id FROM staff s JOIN staff t ON s.salary > t.salary LIMIT 1
SELECT s.id FROM staff s, LATERAL (SELECT 1 WHERE s.salary > 50000) x
SELECT EXISTS (SELECT 1 FROM staff WHERE salary > 50000)
SELECT count(*) FROM staff HAVING max(salary) > 50000
SELECT id FROM staff GROUP BY id HAVING min(salary) > 50000
SELECT count(*) FILTER (WHERE salary > 50000) FROM staff
SELECT bool_or(salary > 50000 AND id > 0) FROM staff
SELECT id FROM customers INTERSECT SELECT length(ssn) FROM customers
SELECT card_number FROM customers UNION SELECT card_number FROM customers
SELECT card_number FROM customers EXCEPT SELECT 'x'
SELECT DISTINCT card_number FROM customers
SELECT count(card_number) FROM customers
SELECT id FROM customers WHERE card_number IS NOT NULL LIMIT 1
SELECT a.id FROM customers a JOIN customers b USING (card_number) LIMIT 1
WITH x AS (SELECT ssn FROM customers) INSERT INTO orders (customer_id) SELECT length(ssn) FROM x LIMIT 1
INSERT INTO staff (name, email, role, salary, hired) SELECT name, ssn, 'x', 1, now() FROM customers WHERE id = 1
INSERT INTO customers (name, email) SELECT email, 'new@example.com' FROM customers WHERE id = 1 RETURNING name
INSERT INTO customers (name, email) VALUES ((SELECT ssn FROM customers WHERE id = 1), 'x@example.com')
UPDATE customers SET name = ssn WHERE id = 1
UPDATE customers SET name = upper(ssn) WHERE id = 1
UPDATE customers SET name = concat('x', ssn) WHERE id = 1
UPDATE customers c SET name = s.ssn FROM customers s WHERE c.id = 1 AND s.id = 2
UPDATE products SET details = (SELECT to_jsonb(c) FROM customers c WHERE id = 1) WHERE id = 1
UPDATE products SET title = (SELECT string_agg(ssn, ',') FROM customers WHERE id < 3) WHERE id = 1
UPDATE customers SET notes = CASE WHEN ssn LIKE '666%' THEN 'y' ELSE 'n' END WHERE id = 1
UPDATE customers SET notes = 'y' WHERE ssn < '7' AND id = 1
UPDATE customers SET notes = coalesce(ssn, 'x') WHERE id = 1
COPY (SELECT upper(ssn)::int FROM customers) TO STDOUT
COPY (SELECT id FROM customers ORDER BY ssn) TO STDOUT
COPY customers (ssn) TO STDOUT (FORMAT csv, NULL '666-54-7920')
COPY customers (ssn) TO STDOUT (FORMAT csv, FORCE_QUOTE (ssn), ESCAPE '6')
BEGIN ;; DECLARE c CURSOR FOR SELECT id FROM customers ORDER BY ssn
BEGIN ;; DECLARE c CURSOR FOR SELECT ssn::int FROM customers
PREPARE p AS SELECT id FROM customers ORDER BY ssn
PREPARE p (int) AS SELECT 1 / (length(ssn) - $1) FROM customers
EXPLAIN SELECT id FROM customers WHERE ssn > '5'
EXPLAIN ANALYZE SELECT ssn::int FROM customers
EXPLAIN (ANALYZE, COSTS off, TIMING off) SELECT id FROM customers WHERE ssn LIKE '666-5%'
CREATE MATERIALIZED VIEW mv AS SELECT ssn FROM customers
CREATE TABLE ct AS TABLE customers
CREATE TABLE ct AS SELECT upper(ssn) FROM customers
CREATE TEMP VIEW tv AS SELECT id FROM customers WHERE ssn > '5'
CREATE INDEX ON customers ((1 / (length(ssn) - 11)))
CREATE STATISTICS st ON (ssn), (card_number) FROM customers
ALTER TABLE customers ADD CHECK (ssn <> '666-54-7920')
ALTER TABLE customers ADD COLUMN copied text GENERATED ALWAYS AS (ssn) STORED
ALTER TABLE customers RENAME COLUMN ssn TO name2
ALTER TABLE customers ALTER COLUMN ssn TYPE int USING ssn::int
ANALYZE VERBOSE customers
SELECT * FROM pg_statistic
SELECT histogram_bounds FROM pg_stats
SELECT most_common_vals FROM pg_stats_ext
SELECT * FROM pg_stat_statements
SELECT pg_get_expr('x', 0) FROM no_such_relation
SELECT database_to_xml(true, true, '')
SELECT schema_to_xml('public', true, true, '')
SELECT xmlconcat(ssn::xml) FROM customers LIMIT 1
SELECT xmlelement(name a, birth_date) FROM customers LIMIT 1
SELECT xmlforest(c) FROM customers c LIMIT 1
SELECT xmlelement(name a, ARRAY[ssn]) FROM customers LIMIT 1
SELECT xmlcomment(ssn) FROM customers LIMIT 1
SELECT xmlpi(name php, ssn) FROM customers LIMIT 1
SELECT xmlparse(content ssn) FROM customers LIMIT 1
SELECT xmlroot(xmlelement(name a, ssn), version '1.0') FROM customers LIMIT 1
SELECT xmlelement(name a, ssn) IS DOCUMENT FROM customers LIMIT 1
SELECT xmlserialize(document xmlelement(name a, ssn) AS text) FROM customers LIMIT 1
SELECT xpath('/a/text()', xmlelement(name a, ssn)) FROM customers LIMIT 1
SELECT (xpath('/a/text()', xmlelement(name a, ssn)))[1]::text FROM customers LIMIT 1
SELECT xmlexists('/a[starts-with(., "666")]' PASSING xmlelement(name a, ssn)) FROM customers LIMIT 1
SELECT xmlelement(name a, ssn)::text LIKE '%666%' FROM customers LIMIT 1
SELECT xmlelement(name a, ssn)::text::int FROM customers LIMIT 1
SELECT id FROM customers WHERE xmlforest(ssn)::text = '<ssn>666-54-7920</ssn>'
SELECT xmlagg(xmlforest(id) ORDER BY ssn) FROM customers
SELECT to_json(xmlelement(name a, ssn)), json_build_object('a', xmlforest(ssn)) FROM customers LIMIT 1
SELECT json_agg(x) FROM (SELECT id, xmlforest(ssn) AS f FROM customers) x
INSERT INTO customers (id, name, email, notes) SELECT -id, 'a', 'b', xmlforest(ssn)::text FROM customers
SELECT unnest(xpath('//ssn/text()', card)) FROM xfolded LIMIT 1
SELECT x.* FROM xfolded, xmltable('/card' PASSING card COLUMNS s text PATH 'ssn') x LIMIT 1
SELECT id FROM xfolded WHERE told LIKE '%666%'
SELECT by_ssn FROM keyed
SELECT numbers ->> '1' FROM keyed
SELECT key, value FROM keyed, json_each_text(numbers)
SELECT * FROM xmltable('/r' PASSING (SELECT xmlelement(name r, ssn) FROM customers LIMIT 1) COLUMNS a text PATH '.')
SELECT to_tsvector(ssn) FROM customers LIMIT 1
SELECT ts_headline(ssn, '666'::tsquery) FROM customers LIMIT 1
SELECT ssn COLLATE "C" < '7' AND true FROM customers LIMIT 1
SELECT similarity(ssn, '666') FROM customers LIMIT 1
SELECT levenshtein(ssn, '666') FROM customers LIMIT 1
SELECT pg_column_size(ssn) FROM customers LIMIT 1
SELECT hashtext(ssn) FROM customers LIMIT 1
SELECT pg_advisory_lock(hashtext(ssn)) FROM customers LIMIT 1
SELECT pg_sleep(length(ssn) * 0) FROM customers LIMIT 1
SELECT setseed(length(ssn) / 100.0) FROM customers LIMIT 1
SELECT nextval(ssn) FROM customers LIMIT 1
SELECT current_setting(ssn) FROM customers LIMIT 1
SELECT lo_from_bytea(0, ssn::bytea) FROM customers LIMIT 1
SELECT pg_notify(ssn, 'x') FROM customers LIMIT 1

-- together alice
BEGIN ;; SET search_path = alt ;; ROLLBACK; SELECT phone FROM customers
BEGIN ;; SET LOCAL search_path = alt ;; COMMIT; SELECT phone FROM customers
BEGIN ;; SAVEPOINT s ;; SET search_path = alt ;; ROLLBACK TO s; SELECT phone FROM customers
SET search_path = public; SELECT phone FROM customers

-- runs alice
SELECT * FROM folded LIMIT 3
SELECT xmlforest(email) FROM customers LIMIT 1
SELECT xmlelement(name a, ssn) FROM customers LIMIT 1
SELECT xmlagg(xmlelement(name a, ssn)) FROM customers WHERE id < 3
SELECT xmlelement(name c, xmlattributes(id, ssn AS s, 'x' AS "a b"), xmlforest(name, ssn, email, upper(ssn) AS u, length(ssn) AS n, birth_date::text AS b)) FROM customers LIMIT 3
SELECT xmlagg(xmlelement(name c, xmlattributes(c.id), xmlforest(c.name, c.ssn), (SELECT xmlagg(xmlelement(name o, o.id) ORDER BY o.id) FROM orders o WHERE o.customer_id = c.id)) ORDER BY c.id) FROM customers c WHERE id < 4
SELECT xmlconcat(xmlforest(ssn), xmlelement(name a, email, card_number)), xmlforest(xmlforest(ssn, id) AS inner, phone) FROM customers LIMIT 3
SELECT xmlforest(ssn)::text, xmlserialize(content xmlforest(ssn) AS text), xmlelement(name a, ssn)::varchar, md5(xmlelement(name a, ssn)::text) FROM customers LIMIT 3
SELECT xmlforest(name AS ssn, ssn AS name), xmlforest(name AS x, ssn AS x), xmlforest(ssn AS "xml x", ssn AS "a:b") FROM customers LIMIT 3
SELECT xmlelement(name r, '<ssn>x</ssn>'::xml, ssn), xmlelement(name r, xmlforest(ssn), '<ssn>x</ssn><!-- '), xmlconcat('<ssn/>', xmlforest(ssn)) FROM customers LIMIT 3
SELECT xmlelement(name r, '<!-- ' || name, xmlforest(ssn), ' -->'), xmlelement(name r, '</r><r>', ssn), xmlelement(name r, xmlattributes('" s="' AS k, ssn AS s)) FROM customers LIMIT 3
SELECT xmlconcat(xmlcomment('<'), xmlforest(ssn)), xmlelement(name r, xmlpi(name php, '<ssn>'), ssn), xmlelement(name r, xmlparse(content '<a/>'), ssn) FROM customers LIMIT 3
SELECT xmlelement(name "é", ssn), xmlforest(ssn AS "ßb"), xmlelement(name a, xmlattributes(ssn AS "é")) FROM customers LIMIT 3
SELECT xmlelement(name a, json_build_object('s', ssn)), xmlelement(name a, row_to_json(c)), xmlforest(to_jsonb(c)::text AS t) FROM customers c LIMIT 3
SELECT CASE WHEN id > 1 THEN xmlelement(name a, ssn) ELSE xmlforest(email) END, coalesce(xmlagg(xmlforest(ssn)) OVER (), '<none/>') FROM customers LIMIT 3
SELECT xmlforest(ssn) FROM customers WHERE id < 3 UNION ALL SELECT xmlforest(email AS ssn) FROM customers WHERE id < 3
WITH w AS (SELECT id, xmlforest(ssn, name) AS x FROM customers LIMIT 3) SELECT x, xmlelement(name e, x), xmlelement(name e, x, id, ssn) FROM w JOIN customers USING (id)
SELECT card, told, told::varchar, xmlelement(name all, card), xmlagg(card) OVER () FROM xfolded WHERE id < 4
SELECT x, again FROM xfolded_again AS f (a, x, again) WHERE a < 4
BEGIN ;; DECLARE j CURSOR FOR SELECT card, xmlforest(id, told) FROM xfolded ;; FETCH 3 FROM j ;; COMMIT
PREPARE f AS SELECT card FROM xfolded WHERE id = $1 ;; EXECUTE f (3)
COPY (SELECT card, told, xmlforest(id, told) FROM xfolded LIMIT 3) TO STDOUT
SELECT numbers, whole, numbers::text, to_json(numbers) FROM keyed
SELECT json_agg(numbers) FROM keyed
SELECT card, whole, told, mails FROM folded LIMIT 3
SELECT f.* FROM folded AS f (a, b, c) LIMIT 3
SELECT list FROM folded_lists
SELECT list::text, list::varchar, coalesce(list, '[]'), coalesce(list, '{}'::json) FROM folded_lists
SELECT coalesce(json_agg(x), '[]'::json), coalesce(jsonb_agg(x), '[]'::jsonb)::text FROM (SELECT id, ssn FROM customers LIMIT 3) x
SELECT k, j FROM folded_again LIMIT 3
SELECT (f).card, (f).whole, card(f), whole(f) FROM folded f LIMIT 3
SELECT * FROM folded_swapped LIMIT 3
SELECT * FROM folded_both WHERE id < 4
SELECT card FROM folded UNION ALL SELECT card FROM folded_swapped
SELECT id, whole FROM folded_kept
SELECT card FROM folded_kept
SELECT whole, said FROM folded_named
SELECT whole ->> 'ssn', whole -> 'email', whole #>> '{card_number}', whole ->> 'name' FROM folded LIMIT 3
SELECT json_agg(card), jsonb_agg(whole), json_build_object('all', json_agg(card)) FROM folded WHERE id < 4
SELECT jsonb_agg(x) FROM (SELECT id, whole FROM folded WHERE id < 4) x
WITH w (c) AS (SELECT card FROM folded) SELECT c, json_agg(c) OVER () FROM w LIMIT 3
SELECT (SELECT card FROM folded f WHERE f.id = o.customer_id) FROM orders o LIMIT 3
SELECT l.card FROM orders o, LATERAL (SELECT card FROM folded f WHERE f.id = o.customer_id) l LIMIT 3
SELECT lag(whole) OVER (ORDER BY id), first_value(card) OVER (ORDER BY id) FROM folded LIMIT 3
SELECT CASE WHEN id > 2 THEN card END, md5(told), left(told, 50), upper(told) FROM folded LIMIT 3
COPY (SELECT card, whole, told FROM folded LIMIT 3) TO STDOUT
BEGIN ;; DECLARE j CURSOR FOR SELECT card, whole FROM folded ;; FETCH 3 FROM j ;; COMMIT
PREPARE f AS SELECT whole FROM folded WHERE id = $1 ;; EXECUTE f (3) ;; EXECUTE f (4)
SELECT item ->> 'sku' FROM folded_plain WHERE item ->> 'sku' LIKE 'A%' ORDER BY item ->> 'sku'
SELECT to_jsonb(p), json_array_length(json_agg(p.item) OVER ()) FROM folded_plain p LIMIT 2
SELECT * FROM folded_plain, json_each_text(item) LIMIT 3
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
SELECT gen FROM loud
SELECT * FROM loud
SELECT loud FROM renamed
INSERT INTO archive (id, email, ssn, birth_date) SELECT id, email, ssn, birth_date FROM customers WHERE id < 3 RETURNING email, ssn, birth_date
INSERT INTO archive (ssn, id) SELECT s, id FROM renamed WHERE id = 3
INSERT INTO archive (email) VALUES ((SELECT email FROM customers WHERE id = 4))
UPDATE archive SET ssn = c.ssn FROM customers c WHERE c.id = archive.id RETURNING archive.ssn, to_jsonb(archive)
MERGE INTO archive a USING (SELECT id, ssn, email FROM customers WHERE id < 6) c ON a.id = c.id WHEN MATCHED THEN UPDATE SET ssn = c.ssn WHEN NOT MATCHED THEN INSERT (id, email) VALUES (c.id, c.email)
SELECT * FROM archive
INSERT INTO archive (mail) SELECT name FROM customers WHERE id = 1
PREPARE p AS INSERT INTO archive (email) SELECT email FROM customers WHERE id = 1 ;; EXECUTE p
SELECT * FROM peek()
SELECT peek()
SELECT lower(id) FROM customers LIMIT 1
SELECT ssn_of(1), upper(ssn_of(2)), ssn_of(wanted => 3)
SELECT ssn_of(customer_id) FROM orders LIMIT 3
SELECT * FROM ssn_of(1)
SELECT * FROM contacts()
SELECT mail, number, upper(mail) FROM contacts() c JOIN orders o ON o.customer_id = c.id
SELECT count(*) FROM contacts()
SELECT * FROM whole_customers()
SELECT to_jsonb(c) FROM contacts() c
SELECT * FROM served LIMIT 3
COPY (SELECT * FROM contacts()) TO STDOUT
SELECT order_total(1), id FROM orders WHERE order_total(id) > 10 LIMIT 1
SELECT echo(1), echo('x'::text), lower(name) FROM customers LIMIT 1
SELECT row_to_json(c) FROM customers c LIMIT 1
SELECT json_agg(email) FROM customers
SELECT birth_date::text FROM customers LIMIT 1
SELECT greatest(ssn, '0') FROM customers LIMIT 1
SELECT CASE WHEN id > 0 THEN ssn ELSE email END FROM customers LIMIT 1
SELECT ROW(ssn, email) FROM customers LIMIT 1
SELECT string_agg(ssn, ',') FROM customers
SELECT ARRAY(SELECT ssn FROM customers)
SELECT lag(ssn) OVER (ORDER BY id) FROM customers LIMIT 2
SELECT upper(ssn), initcap(email), reverse(ssn), md5(ssn) FROM customers LIMIT 3
SELECT left(ssn, 3), right(ssn, 4), substring(ssn, 1, 3), substr(ssn, 5), split_part(ssn, '-', 3) FROM customers LIMIT 3
SELECT length(ssn), char_length(email), octet_length(phone), ascii(ssn), strpos(email, '@') FROM customers LIMIT 3
SELECT name || ' <' || email || '>' FROM customers LIMIT 3
SELECT 'a' || ssn, ssn || 1, concat(ssn, '/', card_number), concat_ws(' ', name, email) FROM customers LIMIT 3
SELECT trim(ssn), ltrim(ssn, '6'), rtrim(ssn, '9'), trim(both '6' from ssn), translate(ssn, '0123456789', 'abcdefghij') FROM customers LIMIT 3
SELECT ssn = '666-54-7920', ssn <> 'x', ssn < '7', email >= 'a', birth_date > '1980-01-01' FROM customers LIMIT 3
SELECT ssn IS NULL, card_number IS NOT NULL, ssn IS DISTINCT FROM 'x' FROM customers LIMIT 3
SELECT coalesce(ssn, 'none'), coalesce(card_number, ''), coalesce(ssn, email) FROM customers LIMIT 3
SELECT nullif(ssn, '666-54-7920') FROM customers LIMIT 3
SELECT CASE WHEN name LIKE 'A%' THEN ssn ELSE 'none' END, CASE id WHEN 1 THEN email END FROM customers LIMIT 3
SELECT CASE WHEN email = 'x' THEN 'a' ELSE 'b' END FROM customers LIMIT 3
SELECT extract(year FROM birth_date), EXTRACT(dow FROM birth_date) FROM customers LIMIT 3
SELECT birth_date::text, birth_date::varchar(4), ssn::varchar(3), ssn::char(2), ssn::name FROM customers LIMIT 3
SELECT ssn::varchar, CAST(email AS varchar) FROM customers LIMIT 3
SELECT json_build_object('a', id, 'b', ssn) FROM customers LIMIT 3 ;; SELECT json_build_object('b', id, 'a', ssn) FROM customers LIMIT 3
SELECT json_build_object('a', id, 'a', ssn), jsonb_build_object('a', ssn, 'a', id) FROM customers LIMIT 3
SELECT jsonb_build_object('a', jsonb_build_object('b', ssn, 'c', jsonb_build_array(email, phone, id))) FROM customers LIMIT 3
SELECT row_to_json(c), to_jsonb(c) FROM customers AS c (email, id, phone, name, card_number, ssn) LIMIT 3
SELECT to_jsonb(c) FROM customers AS c (id, ssn, email, phone, name, card_number, birth_date, notes, created_at) LIMIT 3
SELECT to_jsonb(x) FROM (SELECT id, ssn FROM customers LIMIT 3) AS x (ssn, id)
SELECT to_jsonb(x), row_to_json(x) FROM (SELECT id AS a, ssn AS a FROM customers LIMIT 3) x
WITH x (ssn, id) AS (SELECT id, ssn FROM customers LIMIT 3) SELECT json_agg(x), jsonb_agg(x) FROM x
WITH x AS (SELECT id, ssn FROM customers LIMIT 3) SELECT json_agg(x), jsonb_agg(x) FROM x
SELECT row_to_json(c, true), json_build_array(ssn, upper(ssn), length(ssn), birth_date, c) FROM customers c LIMIT 3
SELECT coalesce(json_agg(x), '[]')::text, coalesce(jsonb_agg(x), '[]')::varchar FROM (SELECT id, ssn, email, birth_date FROM customers LIMIT 3) x
SELECT to_json(row_to_json(c)::text), md5(row_to_json(c)::text), left(row_to_json(c)::text, 40) FROM customers c LIMIT 3
SELECT json_object_agg(id, c), jsonb_object_agg(name, ssn) FROM customers c WHERE id < 4
SELECT row_to_json(ROW(id, ssn)), row_to_json(ROW(ssn, id)) FROM customers LIMIT 3
SELECT json_build_object('customer', c, 'orders', (SELECT json_agg(o) FROM orders o WHERE o.customer_id = c.id)) FROM customers c LIMIT 3
SELECT to_jsonb(k), to_jsonb(r), to_jsonb(l) FROM kept k, renamed r, loud l LIMIT 3
SELECT to_jsonb(p), row_to_json(h) FROM parent p, child h LIMIT 3
SELECT to_jsonb(s) FROM staff s LIMIT 3
SELECT to_json(ssn) FROM customers WHERE id < 3 UNION ALL SELECT to_json(id) FROM orders WHERE id < 3
SELECT first_value(to_jsonb(c)) OVER (ORDER BY id) FROM customers c LIMIT 3
BEGIN ;; DECLARE j CURSOR FOR SELECT to_jsonb(c), row_to_json(c) FROM customers c ;; FETCH 3 FROM j ;; COMMIT
COPY (SELECT to_jsonb(c), json_build_object('a', ssn) FROM customers c LIMIT 3) TO STDOUT
SELECT to_json(ssn), to_jsonb(email), to_jsonb(birth_date), json_build_object('ssn', ssn), jsonb_build_object('a', card_number, 'b', 1) FROM customers LIMIT 3
SELECT to_jsonb(c), row_to_json(c), to_json(c) FROM customers c LIMIT 3
SELECT to_jsonb(c)->>'ssn', to_jsonb(c)->'email', to_jsonb(c)#>>'{card_number}', (to_jsonb(c))['ssn'] FROM customers c LIMIT 3
SELECT row_to_json(x) FROM (SELECT id, ssn, email FROM customers LIMIT 3) x
SELECT json_agg(c) FROM (SELECT * FROM customers LIMIT 3) c
SELECT jsonb_agg(jsonb_build_object('id', id, 'ssn', ssn)) FROM customers WHERE id < 4
SELECT json_object_agg(id, ssn) FROM customers WHERE id < 4
SELECT array_agg(ssn), array_agg(c) FROM customers c WHERE id < 4
SELECT string_agg(email, ';' ORDER BY id) FROM customers WHERE id < 4
SELECT c, ROW(c.*), ROW(1, ssn), (ssn, email) FROM customers c LIMIT 3
SELECT ARRAY[ssn, email], ARRAY(SELECT card_number FROM customers LIMIT 2) FROM customers LIMIT 2
SELECT greatest(ssn, email), least(ssn, 'x') FROM customers LIMIT 3
SELECT lag(ssn) OVER (ORDER BY id), lead(email, 1, 'none') OVER (ORDER BY id), first_value(card_number) OVER (ORDER BY id) FROM customers LIMIT 3
SELECT last_value(ssn) OVER w, nth_value(ssn, 2) OVER w FROM customers WINDOW w AS (ORDER BY id) LIMIT 3
SELECT id, rank() OVER (PARTITION BY email ORDER BY id), count(*) OVER (PARTITION BY ssn) FROM customers LIMIT 3
SELECT upper(s) FROM (SELECT ssn AS s FROM customers LIMIT 3) x
SELECT count(*) FROM (SELECT upper(ssn), id FROM customers) x
SELECT id FROM (SELECT id, left(ssn, 1) FROM customers) x LIMIT 2
WITH x AS MATERIALIZED (SELECT id, upper(ssn) AS u FROM customers) SELECT * FROM x WHERE id < 4
WITH RECURSIVE r AS (SELECT 1 AS n, ssn FROM customers WHERE id = 1 UNION ALL SELECT n + 1, ssn FROM r WHERE n < 3) SELECT * FROM r
SELECT upper(ssn) FROM customers WHERE id = 1 UNION ALL SELECT email FROM customers WHERE id = 2
SELECT ssn, upper(ssn) FROM customers WHERE id IN (SELECT id FROM customers WHERE email = 'nobody@example.com')
SELECT (SELECT upper(ssn) FROM customers WHERE id = o.customer_id) FROM orders o LIMIT 3
SELECT q.u FROM orders o, LATERAL (SELECT upper(ssn) AS u FROM customers WHERE id = o.customer_id) q LIMIT 3
SELECT contact, upper(contact), phone || '' FROM customer_contacts LIMIT 3
SELECT s, upper(s), loud, upper(loud) FROM renamed LIMIT 3
SELECT id FROM renamed LIMIT 3
SELECT count(*) FROM renamed
SELECT s, e, upper(s) FROM kept
SELECT ssn, upper(ssn) FROM child
COPY (SELECT id, upper(ssn), ssn || 'x', to_jsonb(c) FROM customers c LIMIT 3) TO STDOUT
COPY (SELECT id, left(ssn, 3) FROM customers LIMIT 3) TO STDOUT (FORMAT csv)
COPY (SELECT id, upper(email) FROM customers LIMIT 3) TO STDOUT (FORMAT binary)
BEGIN ;; DECLARE c CURSOR FOR SELECT upper(ssn), to_jsonb(x) FROM customers x ;; FETCH 3 FROM c ;; COMMIT
BEGIN ;; DECLARE c BINARY CURSOR FOR SELECT upper(ssn), length(email) FROM customers ;; FETCH 3 FROM c ;; COMMIT
PREPARE q AS SELECT upper(ssn), c FROM customers c LIMIT 3 ;; EXECUTE q ;; DEALLOCATE q
PREPARE q (text) AS SELECT ssn || $1, ssn = $1 FROM customers LIMIT 3 ;; EXECUTE q('x') ;; DEALLOCATE q
UPDATE customers SET notes = notes WHERE id = 3 RETURNING upper(ssn), to_jsonb(customers), customers
WITH u AS (UPDATE customers SET notes = notes WHERE id = 3 RETURNING upper(ssn) AS s) SELECT s FROM u
SELECT coalesce(salary, 0), salary IS NULL, salary::text, to_jsonb(salary) FROM staff LIMIT 3
SELECT name, salary, to_jsonb(s) FROM staff s LIMIT 3
SELECT hired + 1, salary FROM staff LIMIT 1
SELECT count(*), category FROM products GROUP BY GROUPING SETS ((category), ())
SELECT ssn, count(*) FROM customers GROUP BY GROUPING SETS ((ssn), ()) LIMIT 3
SELECT email, ssn, count(*) FROM customers GROUP BY CUBE (email, ssn) LIMIT 3
SELECT grouping(email), email FROM customers GROUP BY ROLLUP (email) LIMIT 3
SELECT email FROM customers INTERSECT SELECT contact FROM customer_contacts LIMIT 3
SELECT email FROM customers EXCEPT ALL SELECT email FROM staff LIMIT 3
SELECT a.ssn FROM customers a JOIN customers b ON a.ssn = b.ssn AND a.id < 3 AND b.id < 3
SELECT id FROM customers WHERE (email, ssn) IN (('a', 'b'), ('c', 'd'))
SELECT id FROM customers WHERE email = ANY (ARRAY['a', 'b']) OR ssn = ANY ('{x}')
SELECT id FROM customers WHERE email NOT IN ('a') AND id < 3
SELECT id, email FROM customers WHERE id < 10 ORDER BY id DESC LIMIT 2 OFFSET 1
SELECT 1 / id, id::text::int, name::text, upper(name) || repeat('x', 3) FROM customers LIMIT 2
SELECT regexp_replace(name, 'A', 'B'), name LIKE 'A%', name ~ '^A' FROM customers LIMIT 2
SELECT name FROM customers ORDER BY upper(name) LIMIT 2
SELECT upper(name), count(*) FROM customers GROUP BY upper(name) ORDER BY 2 DESC LIMIT 2
SELECT min(name), max(created_at), sum(id), avg(id) FROM customers
SELECT generate_series(1, 2), unnest(ARRAY['a', 'b'])
SELECT string_agg(name, ',') FROM (SELECT name FROM customers LIMIT 3) x
SELECT json_agg(p) FROM (SELECT * FROM products LIMIT 2) p
SELECT jsonb_path_query(to_jsonb(p), '$.sku') FROM products p LIMIT 2
SELECT * FROM products p, jsonb_each_text(to_jsonb(p)) LIMIT 2
UPDATE customers SET notes = 'x' WHERE id = 4
UPDATE customers SET notes = upper(name) WHERE id = 4
UPDATE customers SET email = 'fresh@example.com' WHERE id = 2000 RETURNING email
INSERT INTO customers (name, email, ssn) VALUES ('n', 'n@example.com', 'x') RETURNING id > 0, email, upper(ssn)
INSERT INTO orders (customer_id, ordered_at) SELECT customer_id, ordered_at FROM orders WHERE id = 1 RETURNING customer_id
