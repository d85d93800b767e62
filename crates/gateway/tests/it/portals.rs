//! Portals that were refused, and transactions that were saved: nothing runs by a judgement of before.

use testkit::{Frame, RawClient, extended, message, query};

use crate::leaks::{Needles, stage, stage_with};
use crate::stage::{Stage, Wishes};

fn errors(frames: &[Frame]) -> Vec<String> {
    let failed = frames.iter().filter(|frame| frame.tag == b'E');
    failed
        .map(|frame| frame.field(b'M').unwrap_or_default())
        .collect()
}

fn texts(frames: &[Frame]) -> Vec<String> {
    let rows = frames.iter().filter(|frame| frame.tag == b'D');
    rows.flat_map(Frame::texts).collect()
}

fn received(frames: &[Frame]) -> Vec<u8> {
    frames.iter().flat_map(|frame| frame.body.clone()).collect()
}

/// Executes the portal `late` behind other messages, and synchronises.
fn execute(client: &mut RawClient, before: &[u8]) -> Vec<Frame> {
    let late = message(b'E', b"late\0\0\0\0\0");
    client.send_bytes(&[before, &late, &message(b'S', &[])].concat());
    client.read_until_ready()
}

fn succeeds(client: &mut RawClient, text: &str) {
    assert_eq!(errors(&client.query(text)), Vec::<String>::new(), "{text}");
}

/// A transaction with a portal whose name `foo` stood for a constant when it was bound, and a savepoint behind it.
fn bind_late(client: &mut RawClient) {
    succeeds(client, "BEGIN");
    succeeds(client, "PREPARE foo AS SELECT 'x'::text");
    client.send(b'P', b"\0EXECUTE foo\0\0\0");
    client.send(b'B', b"late\0\0\0\0\0\0\0\0");
    client.send(b'S', b"");
    assert_eq!(errors(&client.read_until_ready()), Vec::<String>::new());
}

fn exchange_foo(client: &mut RawClient) {
    succeeds(client, "DEALLOCATE foo");
    succeeds(client, "PREPARE foo AS SELECT ssn FROM customers");
}

/// Whatever the first try came to, those behind it are refused and nothing labelled was received.
fn is_refused_again(client: &mut RawClient, needles: &Needles) {
    for attempt in 0..3 {
        let frames = execute(client, &[]);
        assert_eq!(needles.find(&received(&frames)), None, "{attempt}");
        let told = errors(&frames).join("; ");
        assert!(
            told.contains("prepared statements changed"),
            "{attempt}: {told}"
        );
        succeeds(client, "ROLLBACK TO s");
    }
    succeeds(client, "ROLLBACK");
    succeeds(client, "DEALLOCATE ALL");
}

#[test]
fn a_refused_portal_does_not_run_at_its_second_try() {
    let stage = stage();
    let needles = Needles::new(&stage);
    for account in ["alice", "agent"] {
        let mut client = stage.raw(account);
        bind_late(&mut client);
        exchange_foo(&mut client);
        succeeds(&mut client, "SAVEPOINT s");
        is_refused_again(&mut client, &needles);
    }
}

#[test]
fn a_portal_whose_first_try_was_skipped_or_failed_has_not_begun() {
    let stage = stage();
    let needles = Needles::new(&stage);
    let mut client = stage.raw("alice");
    for in_failed in [false, true] {
        bind_late(&mut client);
        succeeds(&mut client, "SAVEPOINT s");
        let fails = extended("SELECT 1 / 0", &[]);
        let frames = match in_failed {
            true => {
                client.send_bytes(&[fails, message(b'S', &[])].concat());
                client.read_until_ready();
                execute(&mut client, &[])
            }
            false => execute(&mut client, &fails),
        };
        assert_eq!(errors(&frames).len(), 1);
        succeeds(&mut client, "ROLLBACK TO s");
        exchange_foo(&mut client);
        succeeds(&mut client, "SAVEPOINT s");
        is_refused_again(&mut client, &needles);
    }
}

#[test]
fn what_follows_a_saved_transaction_in_one_batch_is_judged_by_the_names_of_then() {
    let stage = stage();
    let needles = Needles::new(&stage);
    let asked = "SELECT upper(phone) FROM customers WHERE id = 1";
    let mut client = stage.raw("alice");
    for back in ["ROLLBACK TO s", "ROLLBACK", "COMMIT"] {
        for text in ["BEGIN", "SAVEPOINT s", "SET LOCAL search_path = alt"] {
            assert_eq!(errors(&client.query(text)), Vec::<String>::new(), "{text}");
        }
        assert_eq!(texts(&client.query(asked)), ["NOT LABELLED BY SCHEMA"]);
        assert_eq!(errors(&client.query("SELECT 1 / 0")).len(), 1);
        let batch = [
            extended(back, &[]),
            extended(asked, &[]),
            message(b'S', &[]),
        ];
        client.send_bytes(&batch.concat());
        let frames = client.read_until_ready();
        assert_eq!(errors(&frames), Vec::<String>::new(), "{back}");
        assert_eq!(needles.find(&received(&frames)), None, "{back}");
        assert_ne!(texts(&frames), ["NOT LABELLED BY SCHEMA"], "{back}");
        client.send_bytes(&query("ROLLBACK"));
        client.read_until_ready();
    }
}

const OPENS: &str =
    "CREATE FUNCTION open_named(c refcursor) RETURNS refcursor LANGUAGE plpgsql AS $$
         BEGIN OPEN c FOR SELECT ssn FROM public.customers; RETURN c; END $$;";

/// A shop where everybody may run what nobody looked at.
fn open_stage() -> Stage {
    let wishes = Wishes {
        open: true,
        ..Wishes::default()
    };
    Stage::with_own_shop(OPENS, &wishes)
}

/// A portal of the client's own, bound as `late` for a constant.
fn bind_constant(client: &mut RawClient) {
    client.send(b'P', b"\0SELECT 'x'::text\0\0\0");
    client.send(b'B', b"late\0\0\0\0\0\0\0\0");
    client.send(b'S', b"");
    assert_eq!(errors(&client.read_until_ready()), Vec::<String>::new());
}

#[test]
fn what_a_permitted_function_opens_under_a_freed_name_has_no_permit_of_before() {
    let stage = open_stage();
    let mut client = stage.raw("root");
    for back in [
        "ROLLBACK TO s",
        "ROLLBACK TO s; SAVEPOINT t",
        "COMMIT AND CHAIN",
        "COMMIT; BEGIN",
        "ROLLBACK AND CHAIN",
    ] {
        succeeds(&mut client, "BEGIN; SAVEPOINT s");
        bind_constant(&mut client);
        succeeds(&mut client, back);
        succeeds(&mut client, "SELECT open_named('late')");
        let frames = execute(&mut client, &[]);
        assert_eq!(errors(&frames), ["portal \"late\" does not exist"]);
        succeeds(&mut client, "ROLLBACK");
    }
    // In one batch.
    succeeds(&mut client, "BEGIN; SAVEPOINT s");
    bind_constant(&mut client);
    let batch = [
        extended("ROLLBACK TO s", &[]),
        extended("SELECT open_named('late')", &[]),
    ];
    let frames = execute(&mut client, &batch.concat());
    assert_eq!(errors(&frames), ["portal \"late\" does not exist"]);
    succeeds(&mut client, "ROLLBACK");
    // Declared while the answer before it is still to come.
    let declared = "BEGIN; DECLARE late CURSOR WITH HOLD FOR SELECT 'x'";
    client.send_bytes(&[query("SELECT 1"), query(declared)].concat());
    client.read_until_ready();
    client.read_until_ready();
    for text in ["ROLLBACK", "BEGIN", "SELECT open_named('late')"] {
        succeeds(&mut client, text);
    }
    let told = texts(&client.query("FETCH ALL FROM late"));
    assert!(
        !told.is_empty() && !told.contains(&"x".to_owned()),
        "{told:?}"
    );
    succeeds(&mut client, "ROLLBACK");
    // A cursor that would have outlived its transaction, taken back with it.
    for text in [
        "BEGIN; DECLARE late CURSOR WITH HOLD FOR SELECT 'x'; ROLLBACK",
        "BEGIN; SAVEPOINT s; DECLARE late CURSOR WITH HOLD FOR SELECT 'x'; ROLLBACK TO s; COMMIT",
    ] {
        succeeds(&mut client, text);
        succeeds(&mut client, "BEGIN");
        succeeds(&mut client, "SELECT open_named('late')");
        // Judged as what the session did not make.
        let frames = client.query("FETCH ALL FROM late");
        assert_eq!(errors(&frames), Vec::<String>::new());
        let told = texts(&frames);
        assert!(
            !told.is_empty() && !told.contains(&"x".to_owned()),
            "{told:?}"
        );
        succeeds(&mut client, "ROLLBACK");
    }
}

#[test]
fn portals_that_a_savepoint_kept_go_on() {
    let stage = open_stage();
    let mut client = stage.raw("root");
    succeeds(&mut client, "BEGIN");
    bind_constant(&mut client);
    succeeds(
        &mut client,
        "DECLARE kept CURSOR FOR SELECT 'y' FROM generate_series(1, 9)",
    );
    succeeds(&mut client, "SAVEPOINT s");
    assert_eq!(errors(&client.query("SELECT 1 / 0")).len(), 1);
    succeeds(&mut client, "ROLLBACK TO s");
    succeeds(&mut client, "UPDATE customers SET notes = 'z' WHERE id = 1");
    assert_eq!(texts(&client.query("FETCH 1 FROM kept")), ["y"]);
    assert_eq!(texts(&execute(&mut client, &[])), ["x"]);
    succeeds(&mut client, "COMMIT");
    succeeds(
        &mut client,
        "DECLARE held CURSOR WITH HOLD FOR SELECT 'y' FROM generate_series(1, 9)",
    );
    succeeds(&mut client, "BEGIN; SAVEPOINT s; ROLLBACK TO s; ROLLBACK");
    succeeds(&mut client, "SELECT open_named('other')");
    assert_eq!(texts(&client.query("FETCH 1 FROM held")), ["y"]);
}

#[test]
fn no_function_opens_a_cursor_under_a_name_that_a_savepoint_set_free() {
    let stage = stage_with(OPENS);
    let needles = Needles::new(&stage);
    let mut client = stage.raw("alice");
    succeeds(&mut client, "BEGIN");
    succeeds(&mut client, "SAVEPOINT s");
    client.send(b'P', b"\0SELECT 'x'::text\0\0\0");
    client.send(b'B', b"late\0\0\0\0\0\0\0\0");
    client.send(b'S', b"");
    assert_eq!(errors(&client.read_until_ready()), Vec::<String>::new());
    succeeds(&mut client, "ROLLBACK TO s");
    let opened = client.query("SELECT open_named('late')");
    let told = errors(&opened).join("; ");
    assert!(told.contains("unanalysed"), "{told}");
    let frames = execute(&mut client, &[]);
    assert_eq!(needles.find(&received(&frames)), None);
    assert_eq!(errors(&frames), ["portal \"late\" does not exist"]);
}
