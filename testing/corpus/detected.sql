-- Routes by which a value that no label names may reach a client, one statement a line, ` ;; ` between those of one session.
-- Run by crates/gateway/tests/it/detecting.rs over both protocols, in text and binary. In `hidden` nothing that
-- the notes hold comes out; `same` is what the server itself says; `shown` is what is documented as not found.

-- hidden
SELECT * FROM notes ORDER BY id
SELECT body FROM notes
SELECT short, padded, loose, kind, lived FROM notes
SELECT doc, docb, page FROM notes
SELECT tags, docs, kinds FROM notes
SELECT upper(body), initcap(body) FROM notes
SELECT 'note: ' || body FROM notes
SELECT body || doc::text FROM notes
SELECT left(body, 60) FROM notes
SELECT to_json(n) FROM notes n
SELECT to_jsonb(n) || '{"a": 1}' FROM notes n
SELECT row_to_json(n)::text FROM notes n
SELECT json_build_object('b', body, 'd', docb) FROM notes
SELECT json_agg(body), array_agg(body), string_agg(body, E'\n') FROM notes
SELECT n FROM notes n
SELECT ROW(id, body) FROM notes
SELECT ARRAY[id::text, body] FROM notes
SELECT (SELECT body FROM notes WHERE id = 1)
SELECT max(body), min(body) FROM notes
SELECT body AS id FROM notes UNION ALL SELECT body FROM notes
WITH n AS MATERIALIZED (SELECT body AS b FROM notes) SELECT b FROM n
SELECT body FROM noted
SELECT told(id) FROM notes
SELECT * FROM all_told()
SELECT coalesce(nullif(body, 'x'), 'y'), CASE WHEN id > 0 THEN body END FROM notes
SELECT lag(body) OVER (ORDER BY id), first_value(body) OVER (ORDER BY id) FROM notes
SELECT regexp_replace(body, '^', 'x: ') FROM notes
SELECT replace(body, 'zzz', '') FROM notes
SELECT format('%s', body) FROM notes
SELECT regexp_split_to_table(body, ';') FROM notes
SELECT jsonb_pretty(docb), docb ->> 'mail', docb -> 'card', doc #>> '{}' FROM notes
SELECT key, value FROM notes, jsonb_each_text(docb)
SELECT xmlelement(name a, body), xmlforest(body) FROM notes
SELECT unnest(tags) FROM notes
SELECT array_to_string(tags, ', ') FROM notes
SELECT body::varchar(200), body::char(200), body::name FROM notes
SELECT to_tsvector('simple', body) FROM notes
SELECT 'ada.lovelace@example.org', '4111111111111111'
VALUES ('4111 1111 1111 1111')
UPDATE notes SET loose = loose RETURNING body, padded
INSERT INTO notes (id, body) VALUES (99, 'ada.lovelace@example.org') RETURNING *
COPY notes TO STDOUT
COPY notes (body, docb) TO STDOUT
COPY (SELECT body, upper(body) FROM notes) TO STDOUT
COPY notes TO STDOUT (FORMAT csv)
COPY notes TO STDOUT (FORMAT csv, HEADER)
COPY (SELECT id, body, tags FROM notes) TO STDOUT (FORMAT binary)
COPY notes TO STDOUT (FORMAT binary)
BEGIN ;; DECLARE c CURSOR FOR SELECT body, doc FROM notes ;; FETCH 1 FROM c ;; FETCH ALL FROM c ;; ROLLBACK
PREPARE p AS SELECT body FROM notes ;; EXECUTE p ;; DEALLOCATE p
EXPLAIN SELECT id FROM notes WHERE body = 'ada.lovelace@example.org'
INSERT INTO notes (id, body) VALUES (1, 'ada.lovelace@example.org')
INSERT INTO notes (id, body, checked) VALUES (98, '4111 1111 1111 1111', -1)
SELECT body::int FROM notes
SELECT body::json FROM notes
SELECT cast(body AS date) FROM notes

-- same
SELECT * FROM plain ORDER BY id
SELECT row_to_json(p) FROM plain p
SELECT ref || '', upper(note), doc::text FROM plain
SELECT array_agg(ref), json_agg(doc) FROM plain
SELECT id, number FROM notes ORDER BY id
COPY plain TO STDOUT
COPY plain TO STDOUT (FORMAT csv, HEADER)
COPY plain TO STDOUT (FORMAT binary)
COPY (SELECT id, number FROM notes) TO STDOUT (DELIMITER '|')
SELECT count(*), min(id), now() IS NULL FROM notes
SELECT version(), current_user = 'x', gen_random_uuid() IS NULL
SELECT relname, relkind FROM pg_class WHERE relname = 'notes'
SHOW server_encoding
EXPLAIN (COSTS OFF) SELECT id FROM notes WHERE id = 1
SELECT order_id FROM order_items ORDER BY 1 LIMIT 3

-- shown
SELECT replace(body, ' ', '_') FROM notes WHERE id = 1
SELECT encode(convert_to(body, 'UTF8'), 'hex') FROM notes WHERE id = 1
SELECT encode(convert_to(body, 'UTF8'), 'base64') FROM notes WHERE id = 1
SELECT reverse(body) FROM notes WHERE id = 1
SELECT convert_to(body, 'UTF8') FROM notes WHERE id = 1
SELECT regexp_split_to_table(body, '') FROM notes WHERE id = 1
SELECT number FROM notes WHERE id = 1
SELECT number::numeric, number::float8 FROM notes WHERE id = 1
SELECT translate(body, '0123456789@', '٠١٢٣٤٥٦٧٨٩@') FROM notes WHERE id = 3
