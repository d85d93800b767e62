//! Bytes that no driver sends, while and after something is held or refused.

use testkit::{Frame, eventually, extended, message, query};

use crate::stage::{PATIENCE, Stage};

fn states(stage: &Stage, text: &str) -> Vec<String> {
    let of = |row: &serde_json::Value| row["state"].as_str().unwrap_or_default().to_owned();
    let about =
        |row: &serde_json::Value| row["statement"].as_str().is_some_and(|s| s.contains(text));
    stage
        .approvals()
        .iter()
        .filter(|row| about(row))
        .map(of)
        .collect()
}

#[test]
fn a_client_that_leaves_behind_unread_input_withdraws_its_request() {
    let stage = Stage::shop();
    let mut client = stage.raw("agent");
    client.send_bytes(&query("DELETE FROM order_items WHERE order_id = 191"));
    let ticket = stage.ticket("order_id = 191", "pending");
    // More than the gateway reads ahead, so that the end of the stream lies behind unread bytes.
    client.set_write_patience(std::time::Duration::from_secs(1));
    let chatter = query(&format!("SELECT '{}'", "y".repeat(60_000)));
    client.send_bytes(&chatter.repeat(400));
    client.hang_up();
    let patience = std::time::Duration::from_secs(5);
    eventually("the request to be withdrawn", patience, || {
        (states(&stage, "order_id = 191") == ["withdrawn"]).then_some(())
    });
    let ran = stage.cli("dora", &["approvals", "approve", &ticket, "-y"]);
    assert_ne!(ran.code, 0, "{}", ran.all());
    let left = "SELECT count(*) FROM order_items WHERE order_id = 191";
    assert_ne!(stage.postgres.sql("shop", left), "0");
}

#[test]
fn an_approver_sees_the_values_that_a_statement_would_run_with() {
    let stage = Stage::shop();
    let mut client = stage.raw("agent");
    let text = "DELETE FROM order_items WHERE order_id = $1 AND line = 192";
    let parse = [&[0], text.as_bytes(), &[0, 0, 0]].concat();
    let bind = [&[0, 0, 0, 0, 0, 1, 0, 0, 0, 4], &b"4711"[..], &[0, 0]].concat();
    for (tag, body) in [
        (b'P', &parse[..]),
        (b'B', &bind),
        (b'E', &[0; 5]),
        (b'S', b""),
    ] {
        client.send_bytes(&message(tag, body));
    }
    let asked = eventually("the request for the execution", PATIENCE, || {
        let of_it = |row: &&serde_json::Value| {
            row["statement"]
                .as_str()
                .is_some_and(|s| s.contains("line = 192"))
        };
        stage.approvals().iter().find(of_it).cloned()
    });
    assert_eq!(asked["parameters"], serde_json::json!(["4711"]), "{asked}");
}

#[test]
fn an_odd_message_type_gets_a_well_formed_error() {
    let stage = Stage::shop();
    for tag in [0, 1, b'\'', 0x7f, 0xff] {
        let mut client = stage.raw("alice");
        client.send_bytes(&message(tag, b""));
        let frames = client.read_to_end();
        let [error] = frames.as_slice() else {
            panic!("type {tag}: {frames:?}");
        };
        assert_eq!(error.field(b'C').as_deref(), Some("08P01"), "type {tag}");
        let message = error.field(b'M').unwrap_or_default();
        assert!(
            message.ends_with("may not come here"),
            "type {tag}: {message}"
        );
        let fields = error
            .body
            .split(|byte| *byte == 0)
            .filter(|f| !f.is_empty());
        assert!(
            fields.map(|f| f[0]).all(|f| b"SVCMDH".contains(&f)),
            "type {tag}: {error:?}"
        );
    }
}

/// What came back, in short: tags, SQLSTATEs, rows and the transaction's state.
fn short(frames: &[Frame]) -> String {
    let one = |frame: &Frame| match frame.tag {
        b'E' => format!("E{}", frame.field(b'C').unwrap_or_default()),
        b'D' => format!("D{}", frame.texts().join(",")),
        b'Z' => format!("Z{}", char::from(frame.body[0])),
        tag => char::from(tag).to_string(),
    };
    let told = frames.iter().filter(|frame| !b"NST".contains(&frame.tag));
    told.map(one).collect::<Vec<_>>().join(" ")
}

#[test]
fn a_refusal_at_any_place_of_a_pipeline_leaves_both_sides_in_step() {
    let stage = Stage::shop();
    let check = |bytes: Vec<u8>, replies: usize, expect: &str| {
        let mut client = stage.raw("alice");
        client.send_bytes(&bytes);
        let said: Vec<_> = (0..replies)
            .map(|_| short(&client.read_until_ready()))
            .collect();
        assert_eq!(said.join(" / "), expect);
        let is_aborted = expect.ends_with("ZE");
        let after = short(&client.query("SELECT 'after', 42"));
        let right = if is_aborted {
            "E25P02 ZE"
        } else {
            "Dafter,42 C ZI"
        };
        assert_eq!(after, right, "after {expect}");
    };
    let (sync, flush) = (message(b'S', b""), message(b'H', b""));
    let (one, two, refused) = (
        extended("SELECT 1", &[]),
        extended("SELECT 2", &[]),
        extended("DROP TABLE orders", &[]),
    );
    check([&refused[..], &one, &two, &sync].concat(), 1, "E42501 ZI");
    check(
        [&one[..], &refused, &two, &sync].concat(),
        1,
        "1 2 D1 C E42501 ZI",
    );
    check(
        [&one[..], &two, &refused, &sync].concat(),
        1,
        "1 2 D1 C 1 2 D2 C E42501 ZI",
    );
    check(
        [&one[..], &flush, &refused, &flush, &two, &sync].concat(),
        1,
        "1 2 D1 C E42501 ZI",
    );
    check(
        [&one[..], &sync, &refused, &sync, &two, &sync].concat(),
        3,
        "1 2 D1 C ZI / E42501 ZI / 1 2 D2 C ZI",
    );
    check(
        [&extended("BEGIN", &[])[..], &one, &refused, &two, &sync].concat(),
        1,
        "1 2 C 1 2 D1 C E42501 ZE",
    );
    let (one, drop) = (query("SELECT 1"), query("DROP TABLE orders"));
    check(
        [&one[..], &drop, &one].concat(),
        3,
        "D1 C ZI / E42501 ZI / D1 C ZI",
    );
    check(
        [&query("BEGIN")[..], &drop, &one].concat(),
        3,
        "C ZT / E42501 ZE / E25P02 ZE",
    );
    check(
        query("SELECT 1; DROP TABLE orders; SELECT 2"),
        1,
        "E42501 ZI",
    );
    check(
        [
            &query("BEGIN")[..],
            &query("SAVEPOINT a"),
            &drop,
            &query("ROLLBACK TO a"),
            &one,
            &query("COMMIT"),
        ]
        .concat(),
        6,
        "C ZT / C ZT / E42501 ZE / C ZT / D1 C ZT / C ZI",
    );
}
