//! The server's own log against the journal: they agree when everything went through the gateway, and every way around
//! it shows.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;
use testkit::{Postgres, PostgresOptions, Ran, Server, extended, message, run, wait_until};

use crate::stage::{PATIENCE, Stage, UPSTREAM_PASSWORD, Wishes, listed, new_shop, oidc};

/// A stage on a server of its own that writes its log in a form that can be read.
fn stage(version: u16, form: &str) -> Stage {
    let settings = [
        "logging_collector = on".to_owned(),
        format!("log_destination = '{form}'"),
        "log_statement = 'all'".to_owned(),
        "log_connections = on".to_owned(),
    ];
    let options = PostgresOptions {
        settings: settings.to_vec(),
        ..PostgresOptions::default()
    };
    let postgres = Box::leak(Box::new(new_shop(&Server::of(version), options)));
    Stage::on(postgres, oidc(), &Wishes::default())
}

/// The server's log files.
fn logs(postgres: &Postgres) -> Vec<PathBuf> {
    let entries = fs::read_dir(postgres.data().join("log")).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    let is_read = |path: &PathBuf| path.extension().is_some_and(|e| e == "csv" || e == "json");
    paths.filter(is_read).collect()
}

/// Everything that clients do, through both protocols.
fn work(stage: &Stage) {
    let mut client = stage.raw("alice");
    for sql in [
        "SELECT name, ssn FROM customers WHERE id < 3",
        "SELECT name FROM customers WHERE ssn = '666-98-7654' -- by number",
        "SELECT id FROM orders WHERE id = 1; SELECT id FROM orders WHERE id = 2",
        "BEGIN",
        "DROP TABLE orders",
        "SELECT 1",
        "ROLLBACK",
        "SELECT nothing",
        "SELEC",
        "",
        "-- only a comment",
        "COPY (SELECT id FROM orders LIMIT 3) TO STDOUT",
        "PREPARE p AS SELECT id FROM orders WHERE id = $1",
        "EXECUTE p(7)",
        "SET statement_timeout = '1min'",
    ] {
        client.query(sql);
    }
    for (sql, parameters) in [
        ("SELECT id FROM orders WHERE id = $1", &["4"][..]),
        ("SELECT id FROM orders WHERE id = $1", &["5"]),
        ("-- nothing", &[]),
        ("SELECT name FROM customers WHERE email = $1", &["a@b.c"]),
    ] {
        client.send_bytes(&[extended(sql, parameters), message(b'S', b"")].concat());
        client.read_until_ready();
    }
    // What stands behind a failure is recorded, and skipped by the server.
    let pipeline = [
        extended("SELECT 1/0", &[]),
        extended("SELECT id FROM products", &[]),
        message(b'S', b""),
    ];
    client.send_bytes(&pipeline.concat());
    client.read_until_ready();
    // A portal in parts is one statement.
    let parts = [
        message(b'P', b"\0SELECT id FROM orders LIMIT 5\0\0\0"),
        message(b'B', &[0; 8]),
        message(b'E', &[0, 0, 0, 0, 2]),
        message(b'E', &[0, 0, 0, 0, 2]),
        message(b'S', b""),
    ];
    client.send_bytes(&parts.concat());
    client.read_until_ready();
    client.hang_up();
    wait_until("the session's end", PATIENCE, || {
        let sessions = listed(&stage.json("dora", &["sessions", "list"]), "sessions");
        sessions.iter().all(|session| session["ended"].is_string())
    });
}

fn reconcile(stage: &Stage, logs: &[PathBuf], more: &[&str]) -> Ran {
    let journal = stage.journal();
    let mut arguments = vec!["audit", "reconcile", "--journal", &journal];
    arguments.extend(["--role", "portcullis_gateway"]);
    for log in logs {
        arguments.extend(["--log", log.to_str().unwrap()]);
    }
    arguments.extend(more);
    stage.gateway.cli(&arguments, &[])
}

#[test]
fn what_went_through_the_gateway_agrees_and_a_way_around_it_shows() {
    for (version, form) in [(15, "csvlog"), (17, "jsonlog")] {
        let mut stage = stage(version, form);
        work(&stage);
        let postgres = stage.postgres;
        // Its own questions end, and its last lines are written.
        stage.gateway.stop();
        let agreed = reconcile(&stage, &logs(postgres), &["--slack", "0s"]);
        assert_eq!(agreed.code, 0, "{version}: {agreed:?}");
        let report: Value = serde_json::from_str(
            reconcile(&stage, &logs(postgres), &["--slack", "0s", "--json"]).ok(),
        )
        .unwrap();
        let count = |side: &str, what: &str| report[side][what].as_u64().unwrap();
        assert!(count("server", "statements") >= 14, "{report}");
        assert!(count("journal", "certain") >= 11, "{report}");
        assert!(count("server", "own") > 0, "{report}");
        let elsewhere = reconcile(&stage, &logs(postgres), &["--gateway-address", "127.0.0.9"]);
        assert_eq!(elsewhere.code, 8, "{elsewhere:?}");
        assert!(
            elsewhere.all().contains("which is not the gateway"),
            "{elsewhere:?}"
        );
        around(&stage, postgres);
    }
}

/// Somebody has the credential, and calls itself what the gateway would.
fn around(stage: &Stage, postgres: &Postgres) {
    let dsn = postgres.dsn("portcullis_gateway", UPSTREAM_PASSWORD, "shop");
    for sql in [
        "SET application_name = 'portcullis/alice: psql'",
        "SELECT 'around' FROM orders",
    ] {
        let mut psql = Command::new("psql");
        run(psql.args(["-X", "-d", &dsn]), sql, PATIENCE).ok();
    }
    wait_until("the server's lines", PATIENCE, || {
        let has = |path: &PathBuf| fs::read_to_string(path).unwrap().contains("'around'");
        logs(postgres).iter().any(has)
    });
    let told = reconcile(stage, &logs(postgres), &["--slack", "1h"]);
    assert_eq!(told.code, 8, "{told:?}");
    let alarm = "the server ran 1 × SELECT <redacted> FROM orders in shop that no recording has";
    assert!(told.all().contains(alarm), "{told:?}");
    assert!(!told.all().contains("'around'"), "{told:?}");
}

#[test]
fn a_log_with_lines_cut_out_does_not_agree() {
    let mut stage = stage(15, "csvlog");
    work(&stage);
    stage.gateway.stop();
    let [log] = logs(stage.postgres).try_into().unwrap();
    let whole = fs::read_to_string(&log).unwrap();
    let cut: String = whole
        .lines()
        .filter(|line| !line.contains("COPY (SELECT"))
        .map(|line| format!("{line}\n"))
        .collect();
    let copy = stage.gateway.folder().join("cut.csv");
    fs::write(&copy, cut).unwrap();
    let told = reconcile(&stage, &[copy], &["--slack", "0s"]);
    assert_eq!(told.code, 8, "{told:?}");
    for expect in [
        "1 lines of the server's sessions as this role are missing",
        "1 × COPY (SELECT id FROM orders LIMIT <redacted>) TO STDOUT in shop are recorded as done and not in the server's log",
    ] {
        assert!(told.all().contains(expect), "{expect}: {told:?}");
    }
    let nothing = stage.gateway.folder().join("nothing.csv");
    fs::write(&nothing, "").unwrap();
    let told = reconcile(&stage, &[nothing], &[]);
    assert!(
        told.code == 1 && told.all().contains("log_statement"),
        "{told:?}"
    );
}
