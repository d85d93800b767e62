-- Bodies in PL/pgSQL that do what the rules forbid by one construct or another, and harmless ones: one a line, ` ;; ` between
-- those of one session. Run by crates/gateway/tests/it/procedures.rs over both protocols, as the account that the heading
-- names; what is held or refused must leave the database as it was. Every line of `does` is also run on the database
-- itself, to see that it would change it.

-- does alice
SELECT h_plain()
SELECT h_default()
SELECT h_record()
SELECT h_row()
SELECT h_subscript()
SELECT h_cursor()
SELECT h_open()
SELECT h_fetch()
SELECT h_step()
SELECT h_raise()
SELECT h_using()
SELECT h_assert()
SELECT h_exit()
SELECT h_case()
SELECT h_tested()
SELECT h_while()
SELECT h_handler()
SELECT h_foreach()
SELECT h_with()
SELECT h_rows()
SELECT h_comment()
SELECT h_keyword()
SELECT h_quoted()
SELECT h_call()
SELECT h_sql()
SELECT * FROM h_query()
SELECT h_any('x'::text)
SELECT h_domain()
SELECT h_composite()
SELECT h_like()
SELECT h_rowtype()
SELECT h_parameter('x')
SELECT h_returns()
SELECT * FROM h_out()
SELECT 'x'::trap
CALL p_gone(9)
EXPLAIN ANALYZE SELECT h_plain()
SELECT h_conflict()
SELECT h_dynamic()
SELECT h_dynamic_for()
SELECT h_dynamic_return()
SELECT h_path()
SELECT h_definer()
SELECT h_untyped()
SELECT h_uncast()
SELECT h_cast()
SELECT h_operator()
UPDATE fired_row SET note = 'x' WHERE id = 1
UPDATE fired_statement SET note = 'x' WHERE id = 1
UPDATE fired_when SET note = 'x' WHERE id = 1
UPDATE fired_view SET note = 'x' WHERE id = 1
UPDATE fired_dynamic SET note = 'x' WHERE id = 1
UPDATE fired_parts SET id = 15 WHERE id = 1
MERGE INTO fired_row USING orders o ON fired_row.id = o.id WHEN MATCHED THEN UPDATE SET note = 'x'
WITH w AS (UPDATE fired_row SET note = 'y' WHERE id = 2 RETURNING 1) SELECT count(*) FROM w
DO $$ BEGIN DELETE FROM order_items WHERE order_id = 9; END $$

-- refused alice
SELECT h_xml()
SELECT l_into(1)
SELECT l_record(1)
SELECT l_next()
SELECT l_notice(1)
SELECT l_guess(1,'5')
SELECT l_fails(3)
SELECT l_error()
SELECT l_detail()
SELECT l_alias()
SELECT l_array()
SELECT l_cursor()
SELECT l_copy()
SELECT l_notify()
BEGIN ;; SELECT l_opened() ;; FETCH ALL FROM "<unnamed portal 1>"
BEGIN ;; DECLARE mine CURSOR FOR SELECT ssn FROM customers WHERE id < 9 ;; SELECT l_of_client('mine')
BEGIN ;; DECLARE mine CURSOR FOR SELECT ssn FROM customers WHERE id < 9 ;; SELECT l_mine()
BEGIN ;; DECLARE mine CURSOR FOR SELECT ssn FROM customers WHERE id < 9 ;; SELECT l_mine_late()
BEGIN ;; DECLARE mine CURSOR FOR SELECT ssn FROM customers WHERE id < 9 ;; SELECT l_mine_named()
UPDATE told SET note = 'x' WHERE id = 1
UPDATE guessed SET note = '5' WHERE id = 1
UPDATE guessed_when SET note = '5' WHERE id = 1
UPDATE moved SET note = 'x' WHERE id = 1 RETURNING note
UPDATE moved SET note = 'x' WHERE id = 1
UPDATE logged SET note = 'x' WHERE id = 1

-- refused dora
DO $$ BEGIN RAISE NOTICE '%', (SELECT card_number FROM customers WHERE id = 1); END $$
DO $$ DECLARE x text; BEGIN SELECT card_number INTO x FROM customers WHERE id = 1; RAISE NOTICE '%', x; END $$
DO $$ DECLARE r record; BEGIN FOR r IN SELECT * FROM customers WHERE id < 9 LOOP RAISE NOTICE '%', r; END LOOP; END $$
DO $$ BEGIN IF EXISTS (SELECT 1 FROM customers WHERE card_number = '1') THEN RAISE NOTICE 'x'; END IF; END $$
DO $$ BEGIN UPDATE customers SET name = NULL WHERE id = 1; EXCEPTION WHEN OTHERS THEN RAISE NOTICE '%', SQLERRM; END $$
DO $$ BEGIN UPDATE customers SET name = NULL WHERE id = 1; EXCEPTION WHEN OTHERS THEN DECLARE e ALIAS FOR sqlerrm; BEGIN RAISE NOTICE '%', e; END; END $$
DO $$ DECLARE d text; BEGIN UPDATE customers SET name = NULL WHERE id = 1; EXCEPTION WHEN OTHERS THEN GET STACKED DIAGNOSTICS d = PG_EXCEPTION_DETAIL; RAISE NOTICE '%', d; END $$
BEGIN ;; DECLARE mine CURSOR FOR SELECT card_number FROM customers WHERE id < 9 ;; DO $$ DECLARE c refcursor := 'mine'; x text; BEGIN FETCH c INTO x; RAISE NOTICE '%', x; END $$
BEGIN ;; DECLARE mine CURSOR FOR SELECT card_number FROM customers WHERE id < 9 ;; DO $$ DECLARE mine CURSOR FOR SELECT 1; x text; BEGIN FETCH mine INTO x; RAISE NOTICE '%', x; END $$
DO $$ BEGIN EXECUTE 'SELECT 1'; END $$
DO $$ BEGIN UPDATE customers SET notes = card_number WHERE id = 1; END $$

-- runs alice
SELECT b_total(1)
SELECT b_known('x@example.com')
SELECT b_retry(3)
SELECT b_loop()
SELECT b_cursor()
CALL b_note(3)
SELECT * FROM l_query()
SELECT * FROM l_two()
SELECT l_one(1)
SELECT s FROM l_query() WHERE i = 1
UPDATE touched SET note = 'x' WHERE id = 1
INSERT INTO touched (id, ssn) VALUES (77, 'x')
UPDATE changed SET note = 'x' WHERE id = 1
UPDATE trimmed SET note = 'x' WHERE id = 1
UPDATE logged_alike SET note = 'x' WHERE id = 1
UPDATE orders SET status = 'shipped' WHERE id = 1
SELECT ssn FROM log

-- runs dora
DO $$ BEGIN NULL; END $$
DO $$ DECLARE n bigint; BEGIN SELECT count(*) INTO n FROM customers; RAISE NOTICE '% customers', n; END $$
DO $$ DECLARE r record; BEGIN FOR r IN SELECT id, name FROM customers WHERE id < 4 LOOP UPDATE customers SET notes = r.name WHERE id = r.id; END LOOP; END $$
DO $$ BEGIN IF NOT EXISTS (SELECT 1 FROM products WHERE sku = 'none') THEN UPDATE products SET stock = stock WHERE id = 1; END IF; EXCEPTION WHEN OTHERS THEN RAISE NOTICE 'no'; END $$
UPDATE touched SET note = 'z' WHERE id = 2
