//! Held statements: answered by distinct people, bound to what was asked, used once.

use std::thread;

use testkit::{Ran, eventually, wait_until};

use crate::stage::{PATIENCE, Stage, Wishes};

/// Statements of different tests touch different orders, for they share the shop.
fn delete(order: u32) -> String {
    format!("DELETE FROM order_items WHERE order_id = {order}")
}

fn left(stage: &Stage, order: u32) -> String {
    stage.postgres.sql(
        "shop",
        &format!("SELECT count(*) FROM order_items WHERE order_id = {order}"),
    )
}

/// A gateway that gives tickets soon.
fn quick() -> Stage {
    Stage::with(&Wishes {
        limits: "hold_wait = \"1s\"\nhold_wait_in_transaction = \"1s\"",
        ..Wishes::default()
    })
}

/// Asks, and is told to come back with the ticket.
fn ask(stage: &Stage, account: &str, sql: &str) -> Ran {
    let ran = stage.psql(account, sql);
    assert_ne!(ran.code, 0, "{sql} must wait: {}", ran.out);
    assert!(ran.err.contains("PC001"), "{}", ran.err);
    assert!(ran.err.contains("T-"), "the ticket is named: {}", ran.err);
    ran
}

#[test]
fn an_approved_statement_runs_once_on_the_waiting_connection() {
    let stage = Stage::shop();
    let sql = delete(101);
    thread::scope(|scope| {
        let waiting = scope.spawn(|| stage.psql("agent", &sql));
        let ticket = stage.ticket("order_id = 101", "pending");
        assert_ne!(left(&stage, 101), "0", "nothing has run yet");
        stage
            .cli(
                "dora",
                &["approvals", "approve", &ticket, "-y", "--comment", "fine"],
            )
            .ok();
        let ran = waiting.join().unwrap();
        assert_eq!(ran.code, 0, "{}", ran.err);
        assert!(
            ran.err.contains("NOTICE") && ran.err.contains(&ticket),
            "it was told to wait: {}",
            ran.err
        );
    });
    assert_eq!(left(&stage, 101), "0");
}

#[test]
fn a_denied_one_fails_and_does_not_run() {
    let stage = Stage::shop();
    let sql = delete(102);
    thread::scope(|scope| {
        let waiting = scope.spawn(|| stage.psql("agent", &sql));
        let ticket = stage.ticket("order_id = 102", "pending");
        stage
            .cli(
                "dora",
                &["approvals", "deny", &ticket, "-y", "--comment", "not today"],
            )
            .ok();
        let ran = waiting.join().unwrap();
        assert_ne!(ran.code, 0);
        assert!(ran.err.contains("ERROR"), "{}", ran.err);
    });
    assert_ne!(left(&stage, 102), "0");
}

#[test]
fn a_ticket_lets_the_same_statement_through_once() {
    let stage = quick();
    let sql = delete(103);
    ask(&stage, "agent", &sql);
    let ticket = stage.ticket("order_id = 103", "pending");
    stage
        .cli("dora", &["approvals", "approve", &ticket, "-y"])
        .ok();
    assert_ne!(left(&stage, 103), "0", "approval alone runs nothing");
    stage.psql("agent", &sql).ok();
    assert_eq!(left(&stage, 103), "0");
    ask(&stage, "agent", &sql);
}

#[test]
fn an_approval_is_for_this_statement_and_this_principal() {
    let stage = quick();
    ask(&stage, "agent", &delete(104));
    let ticket = stage.ticket("order_id = 104", "pending");
    stage
        .cli("dora", &["approvals", "approve", &ticket, "-y"])
        .ok();
    ask(&stage, "agent", &delete(105));
    ask(
        &stage,
        "agent",
        &format!("{} OR order_id = 105", delete(104)),
    );
    ask(&stage, "alice", &delete(104));
    assert_ne!(left(&stage, 104), "0");
    assert_ne!(left(&stage, 105), "0");
}

#[test]
fn only_people_who_are_entitled_answer() {
    let stage = quick();
    ask(&stage, "alice", &delete(106));
    let ticket = stage.ticket("order_id = 106", "pending");
    for account in ["alice", "agent", "sam"] {
        let ran = stage.cli(account, &["approvals", "approve", &ticket, "-y"]);
        assert_ne!(ran.code, 0, "{account} must not approve: {}", ran.all());
    }
    stage.ticket("order_id = 106", "pending");
    stage
        .cli("dan", &["approvals", "approve", &ticket, "-y"])
        .ok();
    stage.psql("alice", &delete(106)).ok();
}

#[test]
fn a_restart_loses_no_pending_request() {
    let mut stage = quick();
    ask(&stage, "agent", &delete(107));
    let ticket = stage.ticket("order_id = 107", "pending");
    stage.gateway.kill();
    stage.gateway.resume();
    assert_eq!(stage.ticket("order_id = 107", "pending"), ticket);
    stage
        .cli("dora", &["approvals", "approve", &ticket, "-y"])
        .ok();
    stage.gateway.kill();
    stage.gateway.resume();
    stage.psql("agent", &delete(107)).ok();
    assert_eq!(left(&stage, 107), "0");
}

#[test]
fn a_client_that_leaves_withdraws_its_request() {
    let stage = Stage::shop();
    let mut client = stage.raw("agent");
    client.send(b'Q', format!("{}\0", delete(108)).as_bytes());
    let ticket = stage.ticket("order_id = 108", "pending");
    client.hang_up();
    wait_until("the request to be withdrawn", PATIENCE, || {
        stage
            .approvals()
            .iter()
            .any(|a| a["ticket"] == ticket.as_str() && a["state"] == "withdrawn")
    });
    assert_ne!(
        stage
            .cli("dora", &["approvals", "approve", &ticket, "-y"])
            .code,
        0
    );
    assert_ne!(left(&stage, 108), "0");
}

#[test]
fn a_goodbye_withdraws_it_though_the_socket_stays_open() {
    let stage = Stage::shop();
    let mut client = stage.raw("agent");
    let sql = delete(112);
    client.send(b'Q', format!("{sql}\0").as_bytes());
    let ticket = stage.ticket("order_id = 112", "pending");
    // Behind a Sync that stays unread while the statement is held.
    client.send(b'S', b"");
    client.send(b'X', b"");
    wait_until("the request to be withdrawn", PATIENCE, || {
        stage
            .approvals()
            .iter()
            .any(|a| a["ticket"] == ticket.as_str() && a["state"] == "withdrawn")
    });
    drop(client.read_to_end());
    assert_ne!(left(&stage, 112), "0", "nothing has run");
}

#[test]
fn ctrl_c_withdraws_it_too_and_the_session_goes_on() {
    let stage = Stage::shop();
    let mut client = stage.raw("agent");
    let key = client.cancel_key();
    client.send(b'Q', format!("{}\0", delete(109)).as_bytes());
    let ticket = stage.ticket("order_id = 109", "pending");
    testkit::cancel(stage.gateway.address(), &key);
    let frames = client.read_until_ready();
    let code = frames
        .iter()
        .find(|f| f.tag == b'E')
        .and_then(|f| f.field(b'C'));
    assert_eq!(code.as_deref(), Some("57014"));
    wait_until("the request to be withdrawn", PATIENCE, || {
        stage
            .approvals()
            .iter()
            .any(|a| a["ticket"] == ticket.as_str() && a["state"] == "withdrawn")
    });
    assert!(client.query("SELECT 1").iter().any(|f| f.tag == b'D'));
}

#[test]
fn a_request_expires() {
    let limits = "hold_wait = \"200ms\"\napproval_life = \"1s\"";
    let stage = Stage::with(&Wishes {
        limits,
        ..Wishes::default()
    });
    ask(&stage, "agent", &delete(110));
    let ticket = stage.ticket("order_id = 110", "expired");
    assert_ne!(
        stage
            .cli("dora", &["approvals", "approve", &ticket, "-y"])
            .code,
        0
    );
    assert_ne!(left(&stage, 110), "0");
}

#[test]
fn the_approver_sees_the_statement_and_its_parameters() {
    let stage = Stage::shop();
    let sql = "DELETE FROM order_items WHERE order_id = 111 AND quantity > 3";
    thread::scope(|scope| {
        let waiting = scope.spawn(|| stage.psql("agent", sql));
        let ticket = stage.ticket("order_id = 111", "pending");
        let shown = stage.cli("dora", &["approvals", "show", &ticket]);
        for part in [
            "agent",
            "orders-prod",
            "order_id = 111 AND quantity > 3",
            "dba",
        ] {
            assert!(shown.ok().contains(part), "{part} is shown: {}", shown.out);
        }
        stage
            .cli("dora", &["approvals", "deny", &ticket, "-y"])
            .ok();
        waiting.join().unwrap();
    });
    let state = eventually("the answer to be kept", PATIENCE, || {
        stage
            .approvals()
            .iter()
            .find(|a| a["statement"] == sql)
            .map(|a| a["state"].clone())
    });
    assert_eq!(state, "denied");
}
