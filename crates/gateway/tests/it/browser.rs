//! The page in headless Chromium: people look at held statements and answer them.

use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};
use testkit::{repository, run};

use crate::stage::Stage;

const CHROMIUM: &str = "/usr/bin/chromium";

/// The browser.
///
/// # Panics
/// When it is not there: a test without its browser proves nothing.
fn chromium() -> &'static str {
    let found = Path::new(CHROMIUM).exists();
    assert!(
        found,
        "there is no {CHROMIUM}: run scripts/setup.sh test, which installs it"
    );
    CHROMIUM
}

/// Does something to a request as one of the provider's accounts, and answers what the browser saw.
fn browse(stage: &Stage, account: &str, act: &str, ticket: &str) -> Value {
    let mut node = Command::new("node");
    node.arg(repository("testing/browser/approvals.mjs"))
        .args([stage.gateway.http(), account, act, ticket])
        .env("CHROMIUM", chromium());
    let ran = run(&mut node, "", Duration::from_secs(120));
    let said: Value = serde_json::from_str(ran.ok()).unwrap();
    assert_eq!(said["signed_in"], account, "{said}");
    assert_eq!(said["scripts"], 0, "the page has no script: {said}");
    assert_eq!(said["wider_than_screen"], json!([]), "{said}");
    assert_eq!(said["after_sign_out"]["shows"], false, "{said}");
    for cookie in said["cookies"].as_array().unwrap() {
        assert_eq!(
            (&cookie["httpOnly"], &cookie["sameSite"]),
            (&json!(true), &json!("Lax"))
        );
    }
    said
}

/// Sends a held DELETE, has the browser do `act` on it as `account`, and answers what it saw and psql's end.
fn answered(order: u32, account: &str, act: &str) -> (Value, testkit::Ran) {
    let stage = Stage::shop();
    // Text that runs the other way: what is shown must be what would run.
    let sql = format!("DELETE FROM order_items WHERE order_id = {order} /* \u{202e}x */");
    thread::scope(|scope| {
        let waiting = scope.spawn(|| stage.psql("agent", &sql));
        let ticket = stage.ticket(&format!("order_id = {order}"), "pending");
        let said = browse(&stage, account, act, &ticket);
        if act == "look" || act == "lured" {
            stage
                .cli("dora", &["approvals", "deny", &ticket, "-y"])
                .ok();
        }
        (said, waiting.join().unwrap())
    })
}

#[test]
fn a_dba_approves_on_the_page_and_the_statement_goes_on() {
    let (said, ran) = answered(181, "dora", "approve");
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert_eq!(said["complaints"], json!([]), "{said}");
    let shown = said["statement"].as_str().unwrap();
    assert!(shown.contains("U+202E"), "{shown}");
    assert!(
        ["approved", "used"].contains(&said["state"].as_str().unwrap()),
        "{said}"
    );
}

#[test]
fn a_dba_denies_on_the_page_and_the_statement_fails() {
    let (said, ran) = answered(182, "dora", "deny");
    assert_ne!(ran.code, 0);
    assert!(ran.err.contains("PC002"), "{}", ran.err);
    assert_eq!(said["state"], "denied", "{said}");
}

#[test]
fn who_is_not_asked_is_shown_no_answer() {
    let (said, ran) = answered(183, "sam", "look");
    assert_ne!(ran.code, 0);
    assert_eq!(said["status"], 404, "to others it does not exist: {said}");
}

#[test]
fn a_page_of_somebody_else_approves_nothing() {
    let (said, ran) = answered(184, "dora", "lured");
    assert_ne!(ran.code, 0);
    assert_eq!(said["state"], "pending", "{said}");
    let lured = said["lured"].as_array().unwrap();
    assert_eq!(lured.len(), 8, "{said}");
    // Without its cookie the browser is nobody, and is sent to sign in (0: its answer is kept from that page).
    for told in lured {
        let status = told["status"].as_u64().unwrap();
        let nobody = told["cookie"] == false && [0, 303].contains(&status);
        assert!(nobody || status >= 400, "{told}");
    }
    // The same site's cookie comes along, and then the page itself refuses.
    let came = lured.iter().filter(|told| told["cookie"] == true).count();
    assert!(came >= 2, "{said}");
}
