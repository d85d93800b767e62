//! The less used ways in: types declared by number, calls by number, names longer than the server keeps, and schemas
//! that go by the login role's name. What a rule forbids is refused by each, and without effect.

use testkit::{Frame, RawClient, wait_until};

use crate::leaks::{Needles, errors, is_refusal, stage, stage_with};
use crate::stage::{PATIENCE, Stage, Wishes};

/// Bytes of a name that the server keeps.
const KEPT: usize = 63;
const TEXT: u32 = 25;

fn texts(frames: &[Frame]) -> Vec<String> {
    let rows = frames.iter().filter(|frame| frame.tag == b'D');
    rows.flat_map(Frame::texts).collect()
}

fn succeeds(client: &mut RawClient, sql: &str) -> Vec<Frame> {
    let frames = client.query(sql);
    assert_eq!(errors(&frames), Vec::<String>::new(), "{sql}");
    frames
}

fn is_in_step(client: &mut RawClient) {
    assert_eq!(
        texts(&succeeds(client, "SELECT 'in step'::text")),
        ["in step"]
    );
}

/// Refused by a rule, or held for people.
fn is_kept(frames: &[Frame]) -> bool {
    let told = errors(frames);
    let held = |error: &String| error.starts_with("PC001 ");
    told.iter().any(|error| is_refusal(error) || held(error))
}

fn number(stage: &Stage, what: &str) -> u32 {
    let found = stage.postgres.sql("shop", &format!("SELECT {what}::oid"));
    found.parse().unwrap()
}

fn items(stage: &Stage) -> String {
    let count = "SELECT count(*) FROM order_items WHERE order_id = 9";
    stage.postgres.sql("shop", count)
}

/// Parse of a statement whose one parameter is declared as a type.
fn declare(client: &mut RawClient, name: &str, oid: u32) -> Vec<Frame> {
    let head = [name.as_bytes(), b"\0SELECT 1\0\0\x01"].concat();
    client.send(b'P', &[head, oid.to_be_bytes().to_vec()].concat());
    client.send(b'S', &[]);
    client.read_until_ready()
}

/// Bind of that statement with one value in text.
fn bind(client: &mut RawClient, name: &str, value: &str) -> Vec<Frame> {
    let length = u32::try_from(value.len()).unwrap().to_be_bytes();
    let values = [&[0, 0, 0, 1], &length[..], value.as_bytes(), &[0, 0]].concat();
    client.send(b'B', &[b"\0", name.as_bytes(), b"\0", &values].concat());
    client.send(b'S', &[]);
    client.read_until_ready()
}

/// Types whose values, as texts, run `remove`: the domain, an array and a composite type of it.
const TRAPS: [(&str, &str); 3] = [("trap", "x"), ("trap[]", "{x}"), ("pair", "(x,1)")];

fn trap(stage: &Stage, name: &str) -> u32 {
    number(stage, &format!("'{name}'::regtype"))
}

#[test]
fn a_declared_type_that_runs_code_is_refused_before_a_value_is_bound() {
    let stage = stage();
    let before = items(&stage);
    assert_ne!(before, "0");
    for account in ["agent", "alice"] {
        let mut client = stage.raw(account);
        for (name, value) in TRAPS {
            let frames = declare(&mut client, name, trap(&stage, name));
            assert!(is_kept(&frames), "{account} {name}: {frames:?}");
            assert!(frames.iter().all(|frame| frame.tag != b'1'), "{name}");
            let bound = bind(&mut client, name, value);
            assert!(bound.iter().all(|frame| frame.tag != b'2'), "{name}");
        }
        // What comes with the server runs nothing.
        let frames = declare(&mut client, "plain", TEXT);
        assert_eq!(errors(&frames), Vec::<String>::new());
        let bound = bind(&mut client, "plain", "x");
        assert!(bound.iter().any(|frame| frame.tag == b'2'), "{bound:?}");
        is_in_step(&mut client);
    }
    assert_eq!(items(&stage), before);
}

#[test]
fn a_declared_type_is_judged_again_when_a_value_is_bound() {
    let stage = open_stage();
    let before = items(&stage);
    let mut client = stage.raw("root");
    let oid = trap(&stage, "trap");
    assert_eq!(
        errors(&declare(&mut client, "kept", oid)),
        Vec::<String>::new()
    );
    let rule = "@id(\"frozen\") forbid (principal, action == Action::\"unanalysed\", resource);";
    let file = stage.gateway.folder().join("policy/zz-frozen.cedar");
    std::fs::write(file, rule).unwrap();
    let mut tries = 0;
    wait_until("the rule to hold", PATIENCE, || {
        tries += 1;
        is_kept(&declare(&mut client, &format!("other{tries}"), oid))
    });
    let frames = bind(&mut client, "kept", "x");
    assert!(is_kept(&frames), "{frames:?}");
    assert_eq!(items(&stage), before);
}

/// The same shop where everything is allowed.
fn open_stage() -> Stage {
    let setup = std::fs::read_to_string(testkit::repository("testing/corpus/setup.sql"));
    let wishes = Wishes {
        open: true,
        ..Wishes::default()
    };
    Stage::with_own_shop(&setup.unwrap(), &wishes)
}

/// The attack is one: under a policy that allows everything, the same messages remove the rows.
#[test]
fn a_value_of_such_a_type_does_run_code() {
    let stage = open_stage();
    let mut client = stage.raw("root");
    let left = "SELECT count(*) FROM order_items WHERE order_id = 9";
    for (name, value) in TRAPS {
        succeeds(&mut client, "BEGIN");
        assert_ne!(texts(&succeeds(&mut client, left)), ["0"]);
        declare(&mut client, name, trap(&stage, name));
        let frames = bind(&mut client, name, value);
        assert_eq!(errors(&frames), Vec::<String>::new(), "{name}");
        assert!(frames.iter().any(|frame| frame.tag == b'2'), "{frames:?}");
        assert_eq!(texts(&succeeds(&mut client, left)), ["0"], "{name}");
        succeeds(&mut client, "ROLLBACK");
    }
}

const TAKES_TRAP: &str =
    "CREATE FUNCTION takes_trap(trap) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 1';";

/// A FunctionCall with arguments in text, its result in text.
fn call(client: &mut RawClient, function: u32, arguments: &[&str]) -> Vec<Frame> {
    let mut body = function.to_be_bytes().to_vec();
    body.extend([0; 2]);
    body.extend(u16::try_from(arguments.len()).unwrap().to_be_bytes());
    for argument in arguments {
        body.extend(u32::try_from(argument.len()).unwrap().to_be_bytes());
        body.extend(argument.as_bytes());
    }
    body.extend([0; 2]);
    client.send(b'F', &body);
    client.read_until_ready()
}

#[test]
fn a_call_by_number_is_judged_as_one_by_name() {
    let stage = stage_with(TAKES_TRAP);
    let needles = Needles::new(&stage);
    let before = items(&stage);
    let function = |what: &str| number(&stage, &format!("'{what}'::regprocedure"));
    let harmless = function("reverse(text)");
    let forbidden = [
        ("remove(text)", &["x"][..]),
        ("purge()", &[]),
        ("nested_purge()", &[]),
        ("copy_out(bigint)", &["2"]),
        ("ssn_of(bigint)", &["1"]),
        ("guess_ssn(text)", &["666%"]),
        ("pg_read_file(text)", &["PG_VERSION"]),
        ("lo_creat(integer)", &["-1"]),
        ("set_config(text,text,boolean)", &["role", "postgres", "f"]),
        ("pg_stat_get_activity(integer)", &["1"]),
        // Its argument's type alone runs code.
        ("takes_trap(trap)", &["x"]),
    ];
    for account in ["agent", "alice"] {
        let mut client = stage.raw(account);
        let frames = call(&mut client, harmless, &["abc"]);
        let tags: Vec<u8> = frames.iter().map(|frame| frame.tag).collect();
        assert_eq!(tags, b"VZ", "{account}: {frames:?}");
        assert!(frames.iter().any(|frame| frame.body.ends_with(b"cba")));
        for (name, arguments) in forbidden {
            let frames = call(&mut client, function(name), arguments);
            let told = errors(&frames);
            assert!(is_kept(&frames), "{account} {name}: {told:?}");
            assert!(frames.iter().all(|frame| frame.tag != b'V'), "{name}");
            let bytes: Vec<u8> = frames.iter().flat_map(|frame| frame.body.clone()).collect();
            assert_eq!(needles.find(&bytes), None, "{account} {name}");
            is_in_step(&mut client);
        }
        // A number that nothing bears is not let through to see.
        let frames = call(&mut client, 4_000_000_000, &[]);
        assert!(is_kept(&frames), "{frames:?}");
        is_in_step(&mut client);
    }
    assert_eq!(items(&stage), before);
}

/// Two names that are one to the server.
fn twins() -> (String, String) {
    let kept = "n".repeat(KEPT);
    (format!("{kept}_first"), format!("{kept}_second"))
}

/// What makes a name stand for a text, frees it, and runs it: by statements, or by messages.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Way {
    Statements,
    Messages,
}

const WAYS: [Way; 2] = [Way::Statements, Way::Messages];

impl Way {
    fn prepare(self, client: &mut RawClient, name: &str, sql: &str) {
        let frames = match self {
            Self::Statements => client.query(&format!("PREPARE \"{name}\" AS {sql}")),
            Self::Messages => {
                let body = [name.as_bytes(), b"\0", sql.as_bytes(), &[0, 0, 0]].concat();
                client.send(b'P', &body);
                client.send(b'S', &[]);
                client.read_until_ready()
            }
        };
        assert_eq!(errors(&frames), Vec::<String>::new(), "{self:?} {sql}");
    }

    fn forget(self, client: &mut RawClient, kind: u8, name: &str) {
        let frames = match (self, kind) {
            (Self::Statements, b'S') => client.query(&format!("DEALLOCATE \"{name}\"")),
            (Self::Statements, _) => client.query(&format!("CLOSE \"{name}\"")),
            (Self::Messages, _) => {
                client.send(b'C', &[&[kind], name.as_bytes(), &[0]].concat());
                client.send(b'S', &[]);
                client.read_until_ready()
            }
        };
        assert_eq!(errors(&frames), Vec::<String>::new(), "{self:?}");
    }

    fn run(self, client: &mut RawClient, name: &str) -> Vec<Frame> {
        match self {
            Self::Statements => client.query(&format!("EXECUTE \"{name}\"")),
            Self::Messages => {
                let body = [b"\0", name.as_bytes(), &[0; 7]].concat();
                client.send(b'B', &body);
                client.send(b'E', &[0; 5]);
                client.send(b'S', &[]);
                client.read_until_ready()
            }
        }
    }

    /// Opens a cursor, or a portal, of that name.
    fn open(self, client: &mut RawClient, name: &str, sql: &str) {
        let frames = match self {
            Self::Statements => client.query(&format!("DECLARE \"{name}\" CURSOR FOR {sql}")),
            Self::Messages => {
                client.send(b'P', &[b"\0", sql.as_bytes(), &[0, 0, 0]].concat());
                client.send(b'B', &[name.as_bytes(), &[0; 8]].concat());
                client.send(b'S', &[]);
                client.read_until_ready()
            }
        };
        assert_eq!(errors(&frames), Vec::<String>::new(), "{self:?} {sql}");
    }

    fn fetch(self, client: &mut RawClient, name: &str) -> Vec<Frame> {
        match self {
            Self::Statements => client.query(&format!("FETCH ALL FROM \"{name}\"")),
            Self::Messages => {
                client.send(b'E', &[name.as_bytes(), &[0; 5]].concat());
                client.send(b'S', &[]);
                client.read_until_ready()
            }
        }
    }
}

const PLAIN: &str = "SELECT 'x'::text FROM customers WHERE id < 5";
const LABELLED: &str = "SELECT ssn FROM customers WHERE id < 5";

/// What came is masked: four rows, none raw, none of the other text.
fn is_masked(frames: &[Frame], needles: &Needles, how: &str) {
    let bytes: Vec<u8> = frames.iter().flat_map(|frame| frame.body.clone()).collect();
    assert_eq!(needles.find(&bytes), None, "{how}");
    assert_eq!(errors(frames), Vec::<String>::new(), "{how}");
    let rows = texts(frames);
    assert_eq!(rows.len(), 4, "{how}: {rows:?}");
    assert!(
        rows.iter().all(|row| row.contains("***")),
        "{how}: {rows:?}"
    );
}

#[test]
fn statements_whose_names_are_cut_to_one_are_one() {
    let stage = stage();
    let needles = Needles::new(&stage);
    let (first, second) = twins();
    for made in WAYS {
        for freed in WAYS {
            for ran in WAYS {
                let how = format!("made {made:?}, freed {freed:?}, run {ran:?}");
                let mut client = stage.raw("alice");
                made.prepare(&mut client, &first, PLAIN);
                freed.forget(&mut client, b'S', &second);
                made.prepare(&mut client, &second, LABELLED);
                is_masked(&ran.run(&mut client, &first), &needles, &how);
            }
        }
    }
}

#[test]
fn cursors_and_portals_whose_names_are_cut_to_one_are_one() {
    let stage = stage();
    let needles = Needles::new(&stage);
    let (first, second) = twins();
    for made in WAYS {
        for freed in WAYS {
            for read in WAYS {
                let how = format!("made {made:?}, freed {freed:?}, read {read:?}");
                let mut client = stage.raw("alice");
                succeeds(&mut client, "BEGIN");
                made.open(&mut client, &first, PLAIN);
                freed.forget(&mut client, b'P', &second);
                made.open(&mut client, &second, LABELLED);
                let frames = read.fetch(&mut client, &first);
                match (made, read) {
                    // Known for a cursor under either name.
                    (Way::Statements, Way::Messages) => {
                        let told = "0A000 a cursor is read with FETCH, not with Execute ";
                        assert_eq!(errors(&frames), [told], "{how}");
                    }
                    _ => is_masked(&frames, &needles, &how),
                }
                succeeds(&mut client, "ROLLBACK");
            }
        }
    }
}

#[test]
fn a_labelled_column_and_its_table_are_known_by_names_that_the_server_cuts() {
    let (table, column) = ("t".repeat(KEPT), "c".repeat(KEPT));
    let labels = format!(
        "[[label]]\nschema = \"public\"\ntable = \"{table}\"\ncolumn = \"{column}\"\nlabel = \"pii\"\n\
         mask = \"partial\"\nlast = 2\n"
    );
    let definitions = format!(
        "CREATE TABLE {table} (id int, {column} text); INSERT INTO {table} VALUES (1, 'a raw value'); \
         GRANT SELECT ON {table} TO portcullis_gateway;"
    );
    let wishes = Wishes {
        labels: &labels,
        ..Wishes::default()
    };
    let stage = Stage::with_own_shop(&definitions, &wishes);
    let mut client = stage.raw("alice");
    for sql in [
        format!("SELECT {column} FROM {table}"),
        format!("SELECT {column}_more FROM {table}_more"),
        format!("SELECT {table}_a.{column}_b FROM public.{table}_c"),
        format!("TABLE {table}_more"),
    ] {
        for frames in [
            succeeds(&mut client, &sql),
            crate::leaks::extended(&mut client, &sql),
        ] {
            let rows = texts(&frames).join(" ");
            assert!(rows.contains("***"), "{sql}: {frames:?}");
            assert!(!rows.contains("raw"), "{sql}: {rows}");
        }
    }
    let computed = format!("SELECT id FROM {table}_more WHERE {column}_more LIKE 'a%'");
    assert!(is_kept(&client.query(&computed)), "{computed}");
}

/// A schema that goes by the login role's name stands before `public` in a search path that nobody set.
const SHADOWS: &str = "CREATE SCHEMA portcullis_gateway;
     CREATE TABLE portcullis_gateway.products (id int, title text);
     INSERT INTO portcullis_gateway.products VALUES (1, 'of the shadow');
     CREATE FUNCTION harmless() RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 1';
     CREATE FUNCTION portcullis_gateway.harmless() RETURNS int LANGUAGE sql AS
         'DELETE FROM public.order_items WHERE order_id = 9 RETURNING 1';
     CREATE VIEW portcullis_gateway.orders AS SELECT id, ssn AS status FROM public.customers;
     GRANT USAGE ON SCHEMA portcullis_gateway TO portcullis_gateway;
     GRANT ALL ON ALL TABLES IN SCHEMA portcullis_gateway TO portcullis_gateway;";

#[test]
fn a_schema_of_the_login_roles_name_shadows_as_it_does_for_the_server() {
    let stage = stage_with(SHADOWS);
    let needles = Needles::new(&stage);
    let before = items(&stage);
    let modes: [crate::leaks::Mode; 2] = [|client, sql| client.query(sql), crate::leaks::extended];
    for mode in modes {
        // An agent may read and call in `public` alone.
        let mut agent = stage.raw("agent");
        for (kept, free) in [
            (
                "SELECT title FROM products",
                "SELECT title FROM public.products LIMIT 1",
            ),
            (
                "SELECT status FROM orders",
                "SELECT status FROM public.orders LIMIT 1",
            ),
        ] {
            let frames = mode(&mut agent, kept);
            assert!(is_kept(&frames), "{kept}: {frames:?}");
            assert_eq!(errors(&mode(&mut agent, free)), Vec::<String>::new());
        }
        // Who may read there, reads there what the server finds there, masked as it is labelled.
        let mut alice = stage.raw("alice");
        let frames = mode(&mut alice, "SELECT title FROM products");
        assert_eq!(texts(&frames), ["of the shadow"]);
        let frames = mode(&mut alice, "SELECT status FROM orders WHERE id < 5");
        is_masked(&frames, &needles, "a view in the shadow");
        let frames = mode(&mut alice, "SELECT public.harmless()");
        assert_eq!(errors(&frames), Vec::<String>::new());
        let frames = mode(&mut alice, "SELECT harmless()");
        assert!(is_kept(&frames), "{frames:?}");
    }
    assert_eq!(items(&stage), before);
}
