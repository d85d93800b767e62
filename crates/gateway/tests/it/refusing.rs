//! A denied statement behaves as a failed one, and client and server stay in step in every mode.

use testkit::{Frame, RawClient};

use crate::stage::Stage;

/// The messages' types in order, with the SQLSTATE of errors and the state of ReadyForQuery.
fn shape(frames: &[Frame]) -> String {
    let one = |frame: &Frame| match frame.tag {
        b'E' => format!("E{}", frame.field(b'C').unwrap_or_default()),
        b'Z' => format!(
            "Z{}",
            char::from(frame.body.first().copied().unwrap_or(b'?'))
        ),
        b'C' => format!(
            "C({})",
            String::from_utf8_lossy(&frame.body).trim_end_matches('\0')
        ),
        tag => char::from(tag).to_string(),
    };
    let quiet = |frame: &&Frame| !matches!(frame.tag, b'N' | b'S');
    frames
        .iter()
        .filter(quiet)
        .map(one)
        .collect::<Vec<_>>()
        .join(" ")
}

fn parse(name: &str, sql: &str) -> Vec<u8> {
    [name.as_bytes(), &[0], sql.as_bytes(), &[0, 0, 0]].concat()
}

fn bind(statement: &str) -> Vec<u8> {
    [&[0], statement.as_bytes(), &[0, 0, 0, 0, 0, 0, 0]].concat()
}

const EXECUTE: &[u8] = &[0, 0, 0, 0, 0];

fn run_extended(client: &mut RawClient, statements: &[(&str, &str)]) {
    for (name, sql) in statements {
        client.send(b'P', &parse(name, sql));
        client.send(b'B', &bind(name));
        client.send(b'E', EXECUTE);
    }
    client.send(b'S', &[]);
}

#[test]
fn in_autocommit() {
    let stage = Stage::shop();
    let mut client = stage.raw("alice");
    let denied = client.query("DROP TABLE orders");
    assert_eq!(shape(&denied), "E42501 ZI");
    let error = denied.iter().find(|f| f.tag == b'E').unwrap();
    assert_eq!(error.field(b'S').as_deref(), Some("ERROR"));
    assert!(
        error.field(b'M').is_some_and(|m| !m.is_empty()),
        "a message: {error:?}"
    );
    assert_eq!(shape(&client.query("SELECT 1")), "T D C(SELECT 1) ZI");
}

#[test]
fn a_relation_that_is_not_there_is_refused_in_the_servers_words() {
    let stage = Stage::shop();
    stage.postgres.sql(
        "shop",
        "CREATE OR REPLACE FUNCTION looks_within() RETURNS bigint LANGUAGE plpgsql AS
         'BEGIN RETURN (SELECT count(*) FROM kept_from_clients); END'",
    );
    for account in ["agent", "alice", "dora"] {
        let mut client = stage.raw(account);
        let denied = client.query("SELECT id FROM public.\"_Migrations\"");
        assert_eq!(shape(&denied), "E42P01 ZI", "{account}");
        let error = denied.iter().find(|frame| frame.tag == b'E').unwrap();
        assert_eq!(
            error.field(b'M').as_deref(),
            Some("relation \"public._Migrations\" does not exist")
        );
        assert!(error.field(b'D').is_some_and(|d| d.contains("denied by")));
        client.query("BEGIN");
        assert_eq!(shape(&client.query("TABLE NOT_HERE")), "E42P01 ZE");
        client.query("ROLLBACK");
        // An earlier statement may make what a later one names.
        let batch = client.query("SELECT 1; SELECT * FROM not_here");
        assert_eq!(shape(&batch), "E42501 ZI", "{account}");
        // What a function's body names, its caller does not learn.
        let inner = client.query("SELECT looks_within()");
        assert_eq!(shape(&inner), "E42501 ZI", "{account}");
        let said: Vec<u8> = inner.iter().flat_map(|frame| frame.body.clone()).collect();
        assert!(!String::from_utf8_lossy(&said).contains("kept_from_clients"));
    }
}

#[test]
fn in_a_transaction_which_the_server_aborts_too() {
    let stage = Stage::shop();
    let mut client = stage.raw("alice");
    assert_eq!(shape(&client.query("BEGIN")), "C(BEGIN) ZT");
    let insert = "INSERT INTO orders (id, customer_id) VALUES (900001, 1)";
    assert_eq!(shape(&client.query(insert)), "C(INSERT 0 1) ZT");
    assert_eq!(shape(&client.query("DROP TABLE orders")), "E42501 ZE");
    assert_eq!(shape(&client.query("SELECT 1")), "E25P02 ZE");
    assert_eq!(shape(&client.query("COMMIT")), "C(ROLLBACK) ZI");
    assert_eq!(
        stage
            .postgres
            .sql("shop", "SELECT count(*) FROM orders WHERE id = 900001"),
        "0"
    );
}

#[test]
fn in_a_savepoint_that_is_rolled_back_to() {
    let stage = Stage::shop();
    let mut client = stage.raw("alice");
    assert_eq!(shape(&client.query("BEGIN")), "C(BEGIN) ZT");
    assert_eq!(shape(&client.query("SAVEPOINT s")), "C(SAVEPOINT) ZT");
    assert_eq!(shape(&client.query("DROP TABLE orders")), "E42501 ZE");
    assert_eq!(shape(&client.query("ROLLBACK TO s")), "C(ROLLBACK) ZT");
    assert_eq!(shape(&client.query("SELECT 1")), "T D C(SELECT 1) ZT");
    assert_eq!(shape(&client.query("COMMIT")), "C(COMMIT) ZI");
}

#[test]
fn among_statements_of_one_string_nothing_runs() {
    let stage = Stage::shop();
    let mut client = stage.raw("alice");
    let several =
        "INSERT INTO orders (id, customer_id) VALUES (900002, 1); DROP TABLE orders; SELECT 1";
    assert_eq!(shape(&client.query(several)), "E42501 ZI");
    assert_eq!(
        stage
            .postgres
            .sql("shop", "SELECT count(*) FROM orders WHERE id = 900002"),
        "0"
    );
    assert_eq!(
        shape(&client.query("SELECT 1; SELECT 2")),
        "T D C(SELECT 1) T D C(SELECT 1) ZI"
    );
}

#[test]
fn in_a_pipeline_what_follows_is_skipped_until_sync() {
    let stage = Stage::shop();
    let mut client = stage.raw("alice");
    run_extended(
        &mut client,
        &[
            ("", "SELECT 1"),
            ("", "DROP TABLE orders"),
            ("", "SELECT 3"),
        ],
    );
    run_extended(&mut client, &[("", "SELECT 4")]);
    let first = shape(&client.read_until_ready());
    assert!(first.starts_with("1 2 D C(SELECT 1) "), "{first}");
    assert!(first.ends_with("E42501 ZI"), "{first}");
    assert_eq!(first.matches("C(").count(), 1, "{first}");
    assert_eq!(shape(&client.read_until_ready()), "1 2 D C(SELECT 1) ZI");
}

#[test]
fn in_a_pipeline_inside_a_transaction() {
    let stage = Stage::shop();
    let mut client = stage.raw("alice");
    assert_eq!(shape(&client.query("BEGIN")), "C(BEGIN) ZT");
    run_extended(&mut client, &[("", "SELECT 1"), ("", "DROP TABLE orders")]);
    let seen = shape(&client.read_until_ready());
    assert!(seen.ends_with("E42501 ZE"), "{seen}");
    run_extended(&mut client, &[("", "SELECT 1")]);
    let seen = shape(&client.read_until_ready());
    assert!(seen.ends_with("E25P02 ZE"), "{seen}");
    assert_eq!(shape(&client.query("ROLLBACK")), "C(ROLLBACK) ZI");
}

#[test]
fn as_a_prepared_statement() {
    let stage = Stage::shop();
    let mut client = stage.raw("alice");
    run_extended(&mut client, &[("good", "SELECT 1")]);
    assert_eq!(shape(&client.read_until_ready()), "1 2 D C(SELECT 1) ZI");
    for _ in 0..2 {
        run_extended(&mut client, &[("bad", "DROP TABLE orders")]);
        let seen = shape(&client.read_until_ready());
        assert!(seen.contains('E') && seen.ends_with(" ZI"), "{seen}");
        assert!(!seen.contains("C("), "{seen}");
        client.send(b'C', b"Sbad\0");
        client.send(b'S', &[]);
        assert_eq!(shape(&client.read_until_ready()), "3 ZI");
    }
    client.send(b'B', &bind("good"));
    client.send(b'E', EXECUTE);
    client.send(b'S', &[]);
    assert_eq!(shape(&client.read_until_ready()), "2 D C(SELECT 1) ZI");
}

#[test]
fn copy_in_that_is_denied_ignores_the_data_sent_after_it() {
    let stage = Stage::shop();
    let mut client = stage.raw("agent");
    client.send(b'Q', b"COPY staff FROM STDIN\0");
    client.send(b'd', b"99\tx\ty\tz\t1\t2026-01-01\n");
    client.send(b'c', &[]);
    assert_eq!(shape(&client.read_until_ready()), "E42501 ZI");
    assert_eq!(shape(&client.query("SELECT 1")), "T D C(SELECT 1) ZI");
}

#[test]
fn what_cannot_be_parsed_is_refused_and_the_session_goes_on() {
    let stage = Stage::shop();
    let mut client = stage.raw("alice");
    let check = |client: &mut RawClient, sql: &str| {
        let seen = shape(&client.query(sql));
        assert!(
            seen.starts_with('E') && seen.ends_with(" ZI"),
            "{sql}: {seen}"
        );
    };
    check(&mut client, "SELEKT 1");
    check(&mut client, "SELECT 'unterminated");
    check(&mut client, "SELECT E'\\xff'");
    client.send(b'Q', b"SELECT '\xc3\x28'\0");
    let seen = shape(&client.read_until_ready());
    assert!(seen.starts_with('E') && seen.ends_with(" ZI"), "{seen}");
    assert_eq!(shape(&client.query("")), "I ZI");
    assert_eq!(shape(&client.query("/* only a comment */")), "I ZI");
    assert_eq!(shape(&client.query("SELECT 1")), "T D C(SELECT 1) ZI");
}

#[test]
fn a_change_of_policy_reaches_running_sessions() {
    let stage = Stage::shop();
    let mut client = stage.raw("alice");
    run_extended(&mut client, &[("kept", "SELECT count(*) FROM products")]);
    assert_eq!(shape(&client.read_until_ready()), "1 2 D C(SELECT 1) ZI");
    let file = stage.gateway.folder().join("policy/zz-freeze.cedar");
    let freeze = "@id(\"freeze\") forbid (principal, action == Action::\"select\", resource);";
    std::fs::write(file, freeze).unwrap();
    testkit::wait_until(
        "the new policy to hold for a prepared statement",
        crate::stage::PATIENCE,
        || {
            client.send(b'B', &bind("kept"));
            client.send(b'E', EXECUTE);
            client.send(b'S', &[]);
            shape(&client.read_until_ready()).contains("E42501")
        },
    );
}

#[test]
fn an_invalid_policy_set_is_refused_and_the_running_one_stays() {
    let stage = Stage::shop();
    let file = stage.gateway.folder().join("policy/zz-broken.cedar");
    std::fs::write(
        file,
        "permit (principal, action == Action::\"no-such-action\", resource);",
    )
    .unwrap();
    testkit::wait_until("the refusal to be logged", crate::stage::PATIENCE, || {
        stage.gateway.log().contains("zz-broken.cedar")
    });
    assert_eq!(
        shape(&stage.raw("alice").query("SELECT 1")),
        "T D C(SELECT 1) ZI"
    );
    assert_eq!(
        shape(&stage.raw("alice").query("DROP TABLE orders")),
        "E42501 ZI"
    );
}
