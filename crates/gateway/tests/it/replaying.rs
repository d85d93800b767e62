//! Replaying by hand, and against a scratch database: what is the same, what differs, and what is never run.

use std::path::Path;
use std::process::Command;

use serde_json::Value;
use testkit::{Postgres, Ran, SUPERUSER, eventually, extended, message, run};

use crate::stage::{PATIENCE, Stage, listed};

/// What both databases begin with.
const SHELF: &str = "CREATE TABLE shelf (id int PRIMARY KEY, what text);
INSERT INTO shelf SELECT i, 'thing ' || i FROM generate_series(1, 5) i;";

/// A database of the shop's server that has `shelf`; answers how to reach it.
fn shelf(postgres: &Postgres, database: &str) -> String {
    postgres.sql("postgres", &format!("CREATE DATABASE {database}"));
    postgres.sql(database, SHELF);
    let (user, port) = (SUPERUSER.0, postgres.port);
    format!("host=127.0.0.1 port={port} user={user} dbname={database} sslmode=disable")
}

/// The one session that was recorded, once its end is: whatever came of it is on record before.
fn session(stage: &Stage) -> String {
    eventually("a session that ended", PATIENCE, || {
        let sessions = listed(&stage.json("dora", &["sessions", "list"]), "sessions");
        let [session] = sessions.as_slice() else {
            panic!("{sessions:?}");
        };
        session["ended"].as_str()?;
        session["id"].as_str().map(str::to_owned)
    })
}

fn against(stage: &Stage, target: &str, more: &[&str]) -> Ran {
    let (id, journal) = (session(stage), stage.journal());
    let arguments = ["replay", &id, "--journal", &journal, "--against", target];
    let arguments = [&arguments[..], more].concat();
    stage
        .gateway
        .cli(&arguments, &[("PGPASSWORD", SUPERUSER.1)])
}

fn verdicts(ran: &Ran) -> Vec<(u64, String)> {
    let report: Value = serde_json::from_str(&ran.out).unwrap_or_else(|e| panic!("{e}: {ran:?}"));
    let lines = report["statements"].as_array().unwrap();
    lines
        .iter()
        .map(|line| {
            let word = line["verdict"].as_str().unwrap().to_owned();
            (line["sequence"].as_u64().unwrap(), word)
        })
        .collect()
}

#[test]
fn a_session_runs_again_and_differences_are_told() {
    let stage = Stage::open_alone();
    shelf_in_shop(&stage);
    let mut client = stage.raw("alice");
    for sql in [
        "SELECT id, what FROM shelf ORDER BY id",
        "UPDATE shelf SET what = 'moved' WHERE id = 3",
        "SELECT nothing FROM shelf",
        "COPY shelf TO STDOUT",
        "BEGIN",
        "INSERT INTO shelf VALUES (6, 'x'), (7, NULL); SELECT count(*) FROM shelf",
        "SELECT 1/0",
        "SELECT 1",
        "ROLLBACK",
    ] {
        client.query(sql);
    }
    let hostile = r"it's \ 'quoted'";
    for (sql, parameters) in [
        ("UPDATE shelf SET what = $1 WHERE id = $2", &[hostile, "4"]),
        (
            "SELECT * FROM shelf WHERE what = $1 AND id = $2",
            &[hostile, "4"],
        ),
    ] {
        client.send_bytes(&[extended(sql, parameters), message(b'S', b"")].concat());
        client.read_until_ready();
    }
    client.hang_up();
    let target = shelf(stage.postgres, "scratch");
    let again = against(&stage, &target, &["--yes", "--json"]);
    let same = |verdicts: &[(u64, String)]| verdicts.iter().filter(|(_, v)| v == "same").count();
    let first = verdicts(&again);
    assert_eq!((again.code, same(&first)), (0, 11), "{again:?}");
    assert_eq!(
        stage
            .postgres
            .sql("scratch", "SELECT what FROM shelf WHERE id = 4"),
        hostile,
        "it did run there"
    );
    // Now that its writes are there, some answers are others.
    let twice = against(&stage, &target, &["--yes", "--json"]);
    let second = verdicts(&twice);
    assert_eq!((twice.code, same(&second)), (8, 9), "{twice:?}");
    let told = against(&stage, &target, &["--yes"]).all();
    assert!(
        told.contains("row (3, moved), recorded: (3, thing 3)"),
        "{told}"
    );
    assert!(
        told.contains("9 the same, 2 different, 0 not run"),
        "{told}"
    );
}

fn shelf_in_shop(stage: &Stage) {
    stage.postgres.sql("shop", SHELF);
}

#[test]
fn a_refused_statement_aborts_its_transaction_again_and_masked_values_are_no_difference() {
    let stage = Stage::shop();
    let mut client = stage.raw("alice");
    for sql in [
        "SELECT name, ssn FROM customers WHERE id < 3 ORDER BY id",
        "BEGIN",
        "DROP TABLE orders",
        "SELECT 1",
        "ROLLBACK",
        "SELECT id FROM orders WHERE id = 1",
    ] {
        client.query(sql);
    }
    client.hang_up();
    let target = format!(
        "host=127.0.0.1 port={} user={} dbname=shop sslmode=disable",
        stage.postgres.port, SUPERUSER.0
    );
    let again = against(&stage, &target, &["--yes", "--json"]);
    let words: Vec<String> = verdicts(&again).into_iter().map(|(_, word)| word).collect();
    assert_eq!(
        (again.code, words.as_slice()),
        (
            0,
            &["same", "same", "not run", "same", "same", "same"].map(str::to_owned)[..]
        ),
        "{again:?}"
    );
}

#[test]
fn nothing_runs_without_a_yes_and_no_password_is_taken_from_the_command_line() {
    let stage = Stage::open_alone();
    shelf_in_shop(&stage);
    let mut client = stage.raw("alice");
    client.query("DELETE FROM shelf");
    client.hang_up();
    let target = shelf(stage.postgres, "kept");
    let no_yes = against(&stage, &target, &[]);
    assert_eq!(no_yes.code, 2, "{no_yes:?}");
    let secret = format!("{target} password={}", SUPERUSER.1);
    let refused = against(&stage, &secret, &["--yes"]);
    assert_eq!(refused.code, 2, "{refused:?}");
    assert!(!refused.all().contains(SUPERUSER.1), "{refused:?}");
    let count = stage.postgres.sql("kept", "SELECT count(*) FROM shelf");
    assert_eq!(count, "5");
    let nobody = against(
        &stage,
        "host=127.0.0.1 port=1 user=me sslmode=disable",
        &["-y"],
    );
    assert_eq!(nobody.code, 6, "{nobody:?}");
}

#[test]
fn a_replay_jumps_to_what_was_refused() {
    let stage = Stage::shop();
    let mut client = stage.raw("alice");
    for sql in [
        "SELECT 'first'",
        "SELECT name, ssn FROM customers WHERE id = 1",
        "DROP TABLE orders",
        "SELECT 'last'",
    ] {
        client.query(sql);
    }
    client.hang_up();
    let (id, journal) = (session(&stage), stage.journal());
    let replay = |more: &[&str]| {
        let arguments = ["replay", &id, "--journal", &journal, "--speed", "0"];
        let ran = stage.gateway.cli(&[&arguments[..], more].concat(), &[]);
        ran.ok().to_owned()
    };
    let from = replay(&["--from", "denied"]);
    assert!(!from.contains("first") && from.contains("last"), "{from}");
    let only = replay(&["--only", "denied,masked"]);
    assert!(
        only.contains("DROP TABLE orders") && only.contains("ssn"),
        "{only}"
    );
    assert!(!only.contains("first") && !only.contains("last"), "{only}");
    let stepped = stepped(stage.gateway.folder(), &id, &journal, "d\nq\n");
    assert!(stepped.contains("DROP TABLE orders"), "{stepped}");
    assert!(!stepped.contains("last"), "{stepped}");
}

/// What `--step` shows to somebody who types `input`.
fn stepped(folder: &Path, id: &str, journal: &str, input: &str) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_portcullis"));
    command
        .args(["replay", id, "--journal", journal, "--step"])
        .current_dir(folder);
    run(&mut command, input, PATIENCE).ok().to_owned()
}
