CREATE SCHEMA work;
CREATE TABLE work.jobs (id int PRIMARY KEY, name text, state text, updated_at timestamptz, code shop.code);
CREATE TABLE work.log (at timestamptz DEFAULT now(), what text, who text, body jsonb);
CREATE TABLE work.people (id int, email text, ssn text, name text, tags text[], born date);
CREATE TABLE work.kept (id int, email text, ssn text);
CREATE FUNCTION work.erase() RETURNS int LANGUAGE plpgsql AS $$ BEGIN DELETE FROM shop.items; RETURN 1; END $$;
CREATE FUNCTION work.branches(n int) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  IF n > 1 THEN
    RETURN 'many';
  ELSIF work.erase() = 1 THEN
    RETURN 'one';
  ELSE
    UPDATE shop.orders SET note = 'x';
  END IF;
  RETURN NULL;
END $$;
CREATE FUNCTION work.mail_of(wanted int) RETURNS text LANGUAGE plpgsql STABLE AS $$ BEGIN RETURN (SELECT email FROM shop.customers WHERE id = wanted); END $$;
CREATE FUNCTION work.mail_into(wanted int) RETURNS text LANGUAGE plpgsql STABLE AS $$ DECLARE m text; BEGIN SELECT email INTO m FROM shop.customers WHERE id = wanted; RETURN m; END $$;
CREATE FUNCTION work.contacts(lowest int) RETURNS TABLE (cid int, mail text) LANGUAGE plpgsql AS $$ BEGIN RETURN QUERY SELECT c.id, c.email FROM shop.customers c WHERE c.id > lowest; END $$;
CREATE FUNCTION work.contacts_mixed() RETURNS TABLE (cid int, mail text) LANGUAGE plpgsql AS $$ BEGIN RETURN QUERY SELECT c.id, c.email FROM shop.customers c; cid := 1; mail := 'x'; RETURN NEXT; END $$;
CREATE FUNCTION work.contacts_two() RETURNS TABLE (cid int, mail text) LANGUAGE plpgsql AS $$ BEGIN RETURN QUERY SELECT c.id, c.email FROM shop.customers c; RETURN QUERY SELECT c.id, c.ssn FROM shop.customers c; END $$;
CREATE FUNCTION work.all_of() RETURNS SETOF shop.customers LANGUAGE plpgsql AS $$ DECLARE r shop.customers%ROWTYPE; BEGIN FOR r IN SELECT * FROM shop.customers LOOP RETURN NEXT r; END LOOP; RETURN; END $$;
CREATE FUNCTION work.ambiguous(email text) RETURNS bigint LANGUAGE plpgsql AS $$ BEGIN RETURN (SELECT count(*) FROM shop.customers WHERE email = ambiguous.email); END $$;
CREATE FUNCTION work.either(email text) RETURNS bigint LANGUAGE plpgsql AS $$
#variable_conflict use_variable
BEGIN RETURN (SELECT count(*) FROM shop.customers WHERE email LIKE '1%'); END $$;
CREATE FUNCTION work.qualified(email text) RETURNS bigint LANGUAGE plpgsql AS $$ BEGIN RETURN (SELECT count(*) FROM shop.customers c WHERE c.email = qualified.email); END $$;
CREATE FUNCTION work.dynamic(t text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE 'DELETE FROM ' || t;
END $$;
CREATE FUNCTION work.through(t text) RETURNS void LANGUAGE plpgsql AS $$ BEGIN PERFORM work.dynamic(t); END $$;
CREATE FUNCTION work.by_path() RETURNS bigint LANGUAGE plpgsql AS $$ BEGIN RETURN (SELECT count(*) FROM items); END $$;
CREATE FUNCTION work.own_path() RETURNS bigint LANGUAGE plpgsql SET search_path = shop, pg_temp AS $$ BEGIN RETURN (SELECT count(*) FROM items); END $$;
CREATE FUNCTION work.definer() RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN RETURN (SELECT count(*) FROM items); END $$;
CREATE FUNCTION work.definer_fixed() RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = shop AS $$ BEGIN RETURN (SELECT count(*) FROM items); END $$;
CREATE FUNCTION work.conflicting() RETURNS bigint LANGUAGE plpgsql AS $$ BEGIN RETURN 1; END $$;
ALTER FUNCTION work.conflicting() SET role = 'postgres';
CREATE FUNCTION work.countdown(n int) RETURNS int LANGUAGE plpgsql AS $$ BEGIN IF n = 0 THEN RETURN 0; END IF; RETURN work.countdown(n - 1); END $$;
CREATE FUNCTION work.default_runs(a int DEFAULT work.erase()) RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN a; END $$;
CREATE PROCEDURE work.tidy(days int) LANGUAGE plpgsql AS $$ BEGIN DELETE FROM work.log WHERE at < now() - days * interval '1 day'; COMMIT; END $$;
CREATE FUNCTION work.out_of(INOUT a int, OUT b text) LANGUAGE plpgsql AS $$ BEGIN a := a + 1; SELECT o.note INTO b FROM shop.orders o WHERE o.id = a; END $$;
CREATE FUNCTION work.opened() RETURNS refcursor LANGUAGE plpgsql AS $$ DECLARE c CURSOR FOR SELECT ssn FROM shop.customers; BEGIN OPEN c; RETURN c; END $$;
CREATE FUNCTION work.polymorphic(x anyelement) RETURNS anyelement LANGUAGE plpgsql AS $$ DECLARE y x%TYPE; BEGIN y := x; RETURN y; END $$;
CREATE FUNCTION work.many(VARIADIC x int[]) RETURNS int LANGUAGE plpgsql AS $$ DECLARE t int := 0; i int; BEGIN FOREACH i IN ARRAY x LOOP t := t + i; END LOOP; RETURN t; END $$;
CREATE FUNCTION work.touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.updated_at := now(); RETURN NEW; END $$;
CREATE TRIGGER touch BEFORE INSERT OR UPDATE ON work.jobs FOR EACH ROW EXECUTE FUNCTION work.touch();

CREATE TABLE work.p_lower (LIKE work.people);
CREATE FUNCTION work.t_lower() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.email := lower(trim(NEW.email)); RETURN NEW; END $$;
CREATE TRIGGER t BEFORE INSERT OR UPDATE ON work.p_lower FOR EACH ROW EXECUTE FUNCTION work.t_lower();

CREATE TABLE work.p_other (LIKE work.people);
CREATE FUNCTION work.t_other() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.name := NEW.ssn; RETURN NEW; END $$;
CREATE TRIGGER t BEFORE INSERT OR UPDATE ON work.p_other FOR EACH ROW EXECUTE FUNCTION work.t_other();

CREATE TABLE work.p_audit (LIKE work.people);
CREATE FUNCTION work.t_audit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' THEN
    INSERT INTO work.log (what, who, body) VALUES (TG_OP, current_user, to_jsonb(OLD));
    RETURN OLD;
  END IF;
  INSERT INTO work.log (what, who, body) VALUES (TG_OP, current_user, to_jsonb(NEW));
  RETURN NEW;
END $$;
CREATE TRIGGER t AFTER INSERT OR UPDATE OR DELETE ON work.p_audit FOR EACH ROW EXECUTE FUNCTION work.t_audit();

CREATE TABLE work.p_kept (LIKE work.people);
CREATE FUNCTION work.t_kept() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO work.kept VALUES (OLD.id, OLD.email, OLD.ssn); RETURN NULL; END $$;
CREATE TRIGGER t AFTER UPDATE OR DELETE ON work.p_kept FOR EACH ROW EXECUTE FUNCTION work.t_kept();

CREATE TABLE work.p_star (id int, email text, ssn text);
CREATE FUNCTION work.t_star() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO work.kept SELECT OLD.*; INSERT INTO work.kept VALUES (NEW.*); RETURN NULL; END $$;
CREATE TRIGGER t AFTER UPDATE ON work.p_star FOR EACH ROW EXECUTE FUNCTION work.t_star();

CREATE TABLE work.p_guess (LIKE work.people);
CREATE FUNCTION work.t_guess() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.name < OLD.ssn THEN RAISE EXCEPTION 'less'; END IF; RETURN NEW; END $$;
CREATE TRIGGER t BEFORE UPDATE ON work.p_guess FOR EACH ROW EXECUTE FUNCTION work.t_guess();

CREATE TABLE work.p_told (LIKE work.people);
CREATE FUNCTION work.t_told() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE NOTICE 'was %', OLD.ssn; RETURN NEW; END $$;
CREATE TRIGGER t BEFORE UPDATE ON work.p_told FOR EACH ROW EXECUTE FUNCTION work.t_told();

CREATE TABLE work.p_changed (LIKE work.people, updated_at timestamptz);
CREATE FUNCTION work.t_changed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.* IS DISTINCT FROM OLD.* THEN NEW.updated_at = now(); END IF; RETURN NEW; END $$;
CREATE TRIGGER t BEFORE UPDATE ON work.p_changed FOR EACH ROW WHEN (OLD.name IS DISTINCT FROM NEW.name) EXECUTE FUNCTION work.t_changed();

CREATE TABLE work.p_when (LIKE work.people, updated_at timestamptz);
CREATE TRIGGER t BEFORE UPDATE ON work.p_when FOR EACH ROW WHEN (NEW.name < OLD.ssn AND tools.check_it(NEW.name)) EXECUTE FUNCTION work.touch();

CREATE TABLE work.p_dynamic (LIKE work.people);
CREATE FUNCTION work.t_dynamic() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN EXECUTE format('INSERT INTO %I VALUES ($1.*)', TG_ARGV[0]) USING NEW; RETURN NEW; END $$;
CREATE TRIGGER t AFTER INSERT ON work.p_dynamic FOR EACH ROW EXECUTE FUNCTION work.t_dynamic('kept');

CREATE TABLE work.p_itself (id int, parent int);
CREATE FUNCTION work.t_itself() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN UPDATE work.p_itself SET parent = NULL WHERE parent = OLD.id; DELETE FROM work.log WHERE what = 'x'; RETURN OLD; END $$;
CREATE TRIGGER t AFTER UPDATE OR DELETE ON work.p_itself FOR EACH ROW EXECUTE FUNCTION work.t_itself();

CREATE TABLE work.p_ping (id int);
CREATE TABLE work.p_pong (id int);
CREATE FUNCTION work.t_ping() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN UPDATE work.p_pong SET id = NEW.id; DELETE FROM shop.items WHERE sku = 'ping'; RETURN NEW; END $$;
CREATE FUNCTION work.t_pong() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN UPDATE work.p_ping SET id = NEW.id; DELETE FROM shop.orders WHERE note = 'pong'; RETURN NEW; END $$;
CREATE TRIGGER t AFTER UPDATE ON work.p_ping FOR EACH ROW EXECUTE FUNCTION work.t_ping();
CREATE TRIGGER t AFTER UPDATE ON work.p_pong FOR EACH ROW EXECUTE FUNCTION work.t_pong();

CREATE TABLE work.parts (id int, email text) PARTITION BY RANGE (id);
CREATE TABLE work.part1 PARTITION OF work.parts FOR VALUES FROM (0) TO (10);
CREATE TABLE work.part2 PARTITION OF work.parts FOR VALUES FROM (10) TO (20);
CREATE FUNCTION work.t_moved() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO work.log (what) VALUES (NEW.email); RETURN NEW; END $$;
CREATE TRIGGER t AFTER INSERT ON work.part2 FOR EACH ROW EXECUTE FUNCTION work.t_moved();

CREATE VIEW work.v_instead AS SELECT id, email AS e FROM work.people;
CREATE FUNCTION work.t_instead() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN UPDATE work.people SET name = OLD.e WHERE id = OLD.id; RETURN NEW; END $$;
CREATE TRIGGER t INSTEAD OF UPDATE ON work.v_instead FOR EACH ROW EXECUTE FUNCTION work.t_instead();

CREATE TABLE work.p_domain (id int, code shop.code);
CREATE FUNCTION work.t_domain() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.code := 'x'; RETURN NEW; END $$;
CREATE TRIGGER t BEFORE INSERT ON work.p_domain FOR EACH ROW EXECUTE FUNCTION work.t_domain();

CREATE TABLE work.p_transition (id int);
CREATE FUNCTION work.t_transition() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO work.log (what) SELECT id::text FROM newtab; RETURN NULL; END $$;
CREATE TRIGGER t AFTER INSERT ON work.p_transition REFERENCING NEW TABLE AS newtab FOR EACH STATEMENT EXECUTE FUNCTION work.t_transition();

CREATE TABLE work.p_read (LIKE work.people);
CREATE FUNCTION work.t_read() RETURNS trigger LANGUAGE plpgsql AS $$ DECLARE r shop.customers; BEGIN SELECT * INTO r FROM shop.customers WHERE id = NEW.id; NEW.name := r.ssn; RETURN NEW; END $$;
CREATE TRIGGER t BEFORE INSERT ON work.p_read FOR EACH ROW EXECUTE FUNCTION work.t_read();

CREATE TABLE work.p_errors (LIKE work.people);
CREATE FUNCTION work.t_errors() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO work.kept VALUES (1); RETURN NEW; EXCEPTION WHEN OTHERS THEN INSERT INTO work.log (what) VALUES (SQLERRM); RETURN NEW; END $$;
CREATE TRIGGER t BEFORE UPDATE ON work.p_errors FOR EACH ROW EXECUTE FUNCTION work.t_errors();

CREATE FUNCTION work.compared(x anyelement) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RETURN x === 1; END $$;
CREATE FUNCTION work.compared_sql(x anyelement) RETURNS boolean LANGUAGE sql AS 'SELECT x === 1';
CREATE TYPE shop.shade AS ENUM ('a');
CREATE FUNCTION tools.shaded(shop.shade, int) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN DELETE FROM shop.items; RETURN true; END $$;
CREATE OPERATOR public.=== (LEFTARG = shop.shade, RIGHTARG = int, FUNCTION = tools.shaded);
CREATE FUNCTION tools.of_money(shop.money2) RETURNS numeric LANGUAGE plpgsql AS $$ BEGIN DELETE FROM shop.items; RETURN 1; END $$;
CREATE CAST (shop.money2 AS numeric) WITH FUNCTION tools.of_money(shop.money2) AS ASSIGNMENT;

CREATE TABLE work.p_late (id int);
CREATE FUNCTION work.t_late() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN DELETE FROM items WHERE sku = 'x'; RETURN NULL; END $$;
CREATE CONSTRAINT TRIGGER t AFTER INSERT ON work.p_late DEFERRABLE FOR EACH ROW EXECUTE FUNCTION work.t_late();
CREATE TABLE work.p_late_fixed (id int);
CREATE FUNCTION work.t_late_fixed() RETURNS trigger LANGUAGE plpgsql SET search_path = shop AS $$ BEGIN DELETE FROM items WHERE sku = 'x'; RETURN NULL; END $$;
CREATE CONSTRAINT TRIGGER t AFTER INSERT ON work.p_late_fixed DEFERRABLE FOR EACH ROW EXECUTE FUNCTION work.t_late_fixed();

CREATE FUNCTION work.checks(text) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN DELETE FROM shop.items; RETURN EXISTS (SELECT 1 FROM shop.customers WHERE name = $1); END $$;
CREATE DOMAIN work.checked AS text CHECK (work.checks(VALUE));
CREATE TABLE work.p_checked (id int, v work.checked, w text CHECK (work.checks(w)), d int DEFAULT work.erase());
CREATE FUNCTION work.domain_in_body() RETURNS void LANGUAGE plpgsql AS $$ DECLARE x work.checked; BEGIN x := 'a'; END $$;
