//! Code that nobody read moves what decides how names resolve: the next statement is judged by what the server says then,
//! however it is sent.

use testkit::{Frame, RawClient, extended, message, query};

use crate::leaks::Needles;
use crate::stage::{Stage, Wishes};

/// Places from which code sets something of the session.
const SETUP: &str = "
CREATE SCHEMA alt;
CREATE TABLE alt.customers (id bigint, phone text);
INSERT INTO alt.customers VALUES (1, 'not labelled');
CREATE ROLE other;
GRANT other TO portcullis_gateway;
CREATE FUNCTION public.move_to(path text) RETURNS boolean LANGUAGE plpgsql AS $$
    BEGIN PERFORM set_config('search_path', path, false); RETURN true; END $$;
CREATE FUNCTION public.sets(name text, value text) RETURNS boolean LANGUAGE plpgsql AS $$
    BEGIN PERFORM set_config(name, value, false); RETURN true; END $$;
CREATE FUNCTION public.fires() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN PERFORM set_config('search_path', 'public', false); RETURN NEW; END $$;
CREATE FUNCTION public.allowed(text) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RETURN true; END $$;
CREATE TABLE public.hooked (id int CHECK (sets('search_path', 'public')));
CREATE TABLE public.becoming (id int CHECK (sets('role', 'other')));
CREATE TABLE public.equating (id int CHECK (sets('transform_null_equals', 'on')));
CREATE TABLE public.encoding (id int CHECK (sets('client_encoding', 'LATIN1')));
CREATE TABLE public.fired (id int);
CREATE TRIGGER t AFTER INSERT ON fired FOR EACH ROW EXECUTE FUNCTION fires();
CREATE TABLE public.late (id int);
CREATE CONSTRAINT TRIGGER t AFTER INSERT ON late DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION fires();
CREATE TABLE public.checked (v text CHECK (move_to(v)));
CREATE TABLE public.defaulted (id int, v boolean DEFAULT move_to('public'));
CREATE DOMAIN public.shifty AS text CHECK (move_to(VALUE));
CREATE TABLE public.guarded (id int);
INSERT INTO guarded SELECT generate_series(1, 9);
ALTER TABLE guarded ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON guarded USING (allowed('x'));
GRANT USAGE ON SCHEMA alt TO portcullis_gateway;
GRANT ALL ON ALL TABLES IN SCHEMA public, alt TO portcullis_gateway;
";

/// What alt's customers and public's customers are asked alike.
const ASKED: &str = "SELECT upper(phone) FROM customers WHERE id = 1";

/// Statements after which `customers` is public's and no longer alt's.
const MOVES: &[&[&str]] = &[
    &["INSERT INTO public.hooked VALUES (1)"],
    &["INSERT INTO public.checked VALUES ('public')"],
    &["INSERT INTO public.defaulted (id) VALUES (1)"],
    &["SELECT 'public'::public.shifty"],
    &["COPY (SELECT 'public'::public.shifty) TO STDOUT"],
    &[
        "PREPARE p AS SELECT set_config('search_path', 'public', false)",
        "EXECUTE p",
    ],
    &[
        "PREPARE p (text) AS INSERT INTO public.checked VALUES ($1)",
        "SELECT 1",
        "EXECUTE p('public')",
    ],
    &[
        "BEGIN",
        "DECLARE c CURSOR FOR SELECT set_config('search_path', 'public', false)",
        "SELECT upper(phone) FROM customers",
        "FETCH c",
    ],
    &[
        "BEGIN",
        "DECLARE c CURSOR FOR SELECT set_config('search_path', 'public', false)",
        "MOVE c",
    ],
    &[
        "BEGIN",
        "DECLARE c CURSOR WITH HOLD FOR SELECT set_config('search_path', 'public', false)",
        "COMMIT",
    ],
    &["EXPLAIN ANALYZE INSERT INTO public.hooked VALUES (1)"],
    &["WITH w AS (INSERT INTO public.hooked VALUES (1) RETURNING id) SELECT id FROM w"],
];

fn stage() -> Stage {
    Stage::with_own_shop(SETUP, &Wishes::default())
}

/// What the last row said.
fn last_row(frames: &[Frame]) -> Option<String> {
    let mut rows = frames.iter().filter(|frame| frame.tag == b'D');
    rows.next_back().map(|row| row.texts().join(","))
}

fn errors(frames: &[Frame]) -> String {
    let failed = frames.iter().filter(|frame| frame.tag == b'E');
    let told = failed.map(|frame| {
        let field = |code| frame.field(code).unwrap_or_default();
        format!("{} {}", field(b'C'), field(b'M'))
    });
    told.collect::<Vec<_>>().join("; ")
}

/// Sends statements one way; what came back in all.
type Mode = fn(&mut RawClient, &[&str]) -> Vec<Frame>;

fn one_by_one(client: &mut RawClient, steps: &[&str]) -> Vec<Frame> {
    steps.iter().flat_map(|step| client.query(step)).collect()
}

fn queries_at_once(client: &mut RawClient, steps: &[&str]) -> Vec<Frame> {
    let bytes: Vec<u8> = steps.iter().flat_map(|step| query(step)).collect();
    client.send_bytes(&bytes);
    steps
        .iter()
        .flat_map(|_| client.read_until_ready())
        .collect()
}

fn with_a_sync_each(client: &mut RawClient, steps: &[&str]) -> Vec<Frame> {
    let one = |step: &&str| [extended(step, &[]), message(b'S', b"")].concat();
    client.send_bytes(&steps.iter().flat_map(one).collect::<Vec<u8>>());
    steps
        .iter()
        .flat_map(|_| client.read_until_ready())
        .collect()
}

fn in_one_batch(client: &mut RawClient, steps: &[&str]) -> Vec<Frame> {
    let mut bytes: Vec<u8> = steps.iter().flat_map(|step| extended(step, &[])).collect();
    bytes.extend(message(b'S', b""));
    client.send_bytes(&bytes);
    client.read_until_ready()
}

fn run(mode: Mode) {
    let stage = stage();
    let needles = Needles::new(&stage);
    for steps in MOVES {
        let mut client = stage.raw("alice");
        let before = [&["SET search_path = alt", ASKED][..], steps].concat();
        let frames = mode(&mut client, &[&before[..], &[ASKED]].concat());
        assert_eq!(errors(&frames), "", "{steps:?}");
        // Judged as what it is now: computed from a masked column.
        assert_eq!(last_row(&frames).as_deref(), Some("***"), "{steps:?}");
        let first = frames.iter().find(|frame| frame.tag == b'D').unwrap();
        assert_eq!(first.texts(), ["NOT LABELLED"], "{steps:?}");
        for frame in &frames {
            assert_eq!(needles.find(&frame.body), None, "{steps:?}");
        }
    }
}

#[test]
fn by_simple_queries() {
    run(one_by_one);
}

#[test]
fn by_simple_queries_sent_at_once() {
    run(queries_at_once);
}

#[test]
fn by_the_extended_protocol() {
    run(with_a_sync_each);
}

#[test]
fn by_one_batch_of_the_extended_protocol() {
    run(in_one_batch);
}

#[test]
fn by_a_value_that_is_only_bound() {
    let stage = stage();
    let mut client = stage.raw("alice");
    client.query("SET search_path = alt");
    let parse = b"\0SELECT $1::public.shifty\0\0\0";
    let bind = b"\0\0\0\0\0\x01\0\0\0\x06public\0\0";
    for flushed in [false, true] {
        client.send(b'P', parse);
        client.send(b'B', bind);
        if !flushed {
            client.send(b'S', b"");
            client.read_until_ready();
        }
        client.send_bytes(&extended(ASKED, &[]));
        client.send(b'S', b"");
        let frames = client.read_until_ready();
        assert_eq!(last_row(&frames).as_deref(), Some("***"), "{frames:?}");
    }
}

#[test]
fn behind_it_in_one_text() {
    let stage = stage();
    let mut client = stage.raw("alice");
    for text in [
        "INSERT INTO public.hooked VALUES (1); SELECT upper(phone) FROM customers",
        "PREPARE a AS SELECT set_config('search_path', 'public', false); EXECUTE a; SELECT upper(phone) FROM customers",
        "PREPARE b AS SELECT upper(phone) FROM customers; SET search_path = public; EXECUTE b",
    ] {
        client.query("SET search_path = alt");
        let frames = client.query(text);
        let told = errors(&frames);
        assert!(told.contains("denied"), "{text}: {told}");
        assert_eq!(last_row(&frames), None, "{text}");
        client.query("DEALLOCATE ALL");
    }
    client.query("SET search_path = alt");
    let frames = client.query("INSERT INTO public.hooked VALUES (1); SELECT 1");
    assert_eq!(errors(&frames), "", "what names nothing still runs");
}

#[test]
fn triggers_that_are_not_read_do_not_run() {
    let stage = stage();
    let mut client = stage.raw("alice");
    for table in ["fired", "late"] {
        let frames = client.query(&format!("INSERT INTO public.{table} VALUES (1)"));
        let told = errors(&frames);
        assert!(told.contains("denied"), "{table}: {told}");
        let count = stage
            .postgres
            .sql("shop", &format!("SELECT count(*) FROM {table}"));
        assert_eq!(count, "0");
    }
}

#[test]
fn what_no_session_may_set_ends_it() {
    let stage = stage();
    for (table, expect) in [
        ("becoming", "set role"),
        ("equating", "set transform_null_equals"),
        ("encoding", "client_encoding"),
    ] {
        let insert = format!("INSERT INTO {table} VALUES (1)");
        let mut client = stage.raw("alice");
        client.send_bytes(&[query(&insert), query("SELECT id FROM orders LIMIT 1")].concat());
        let frames = client.read_to_end();
        let told = errors(&frames);
        assert!(
            told.contains("42501") && told.contains(expect),
            "{table}: {told}"
        );
        assert_eq!(last_row(&frames), None, "{table}");
    }
}

#[test]
fn roles_that_were_permitted_may_be_taken_and_left() {
    let stage = stage();
    stage.postgres.sql(
        "shop",
        "GRANT SELECT ON orders, hooked TO other; GRANT INSERT ON hooked TO other",
    );
    let mut client = stage.raw("root");
    for step in [
        "SET ROLE other",
        "SELECT id FROM orders WHERE id = 1",
        "INSERT INTO hooked VALUES (1)",
        "SELECT id FROM orders WHERE id = 1",
        "RESET ROLE",
        "SELECT id FROM orders WHERE id = 1",
        "BEGIN",
        "SET LOCAL ROLE other",
        "SELECT id FROM orders WHERE id = 1",
        "ROLLBACK",
        "SELECT id FROM orders WHERE id = 1",
    ] {
        assert_eq!(errors(&client.query(step)), "", "{step}");
    }
}

#[test]
fn rows_behind_a_policy_that_calls_come_in_parts() {
    let stage = stage();
    let mut client = stage.raw("alice");
    client.query("BEGIN");
    client.send(b'P', b"\0SELECT id FROM guarded\0\0\0");
    client.send(b'B', &[0; 8]);
    for _ in 0..3 {
        client.send(b'E', b"\0\0\0\0\x03");
    }
    client.send(b'S', b"");
    let frames = client.read_until_ready();
    assert_eq!(errors(&frames), "");
    let rows = frames.iter().filter(|frame| frame.tag == b'D').count();
    assert_eq!(rows, 9);
}
