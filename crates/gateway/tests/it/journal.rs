//! Journal before forward: what the server has seen is in the journal, whatever happened to the gateway.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::thread;

use testkit::{Gateway, wait_until};

use crate::stage::{PATIENCE, Stage, Wishes, listed};

/// The numbered statements in a text, by the mark that the test put into them.
fn marks(text: &str, mark: &str) -> BTreeSet<u64> {
    let number = |rest: &str| {
        rest.split(|c: char| !c.is_ascii_digit())
            .next()?
            .parse()
            .ok()
    };
    text.split(mark).skip(1).filter_map(number).collect()
}

fn found(stage: &Stage, text: &str) -> String {
    let journal = stage.journal();
    stage
        .gateway
        .cli(
            &[
                "search",
                &format!("{text}*"),
                "--journal",
                &journal,
                "--limit",
                "1000000",
                "--json",
            ],
            &[],
        )
        .ok()
        .to_owned()
}

#[test]
fn after_kill_9_nothing_reached_the_server_that_the_journal_lacks() {
    for (round, recording) in ["durability = \"group\"", "durability = \"strict\""]
        .into_iter()
        .enumerate()
    {
        let mut stage = Stage::with(&Wishes {
            recording,
            ..Wishes::default()
        });
        let mark = format!("crash{round}x{}n", std::process::id());
        let mut clients: Vec<_> = (0..4).map(|_| stage.raw("alice")).collect();
        let postgres = stage.postgres;
        thread::scope(|scope| {
            for (worker, client) in clients.iter_mut().enumerate() {
                let mark = &mark;
                scope.spawn(move || {
                    for number in 0_u64.. {
                        let number = number * 4 + worker as u64;
                        client.send(b'Q', format!("SELECT 1 /* {mark}{number} */\0").as_bytes());
                        if client.read_to_ready_or_end().iter().all(|f| f.tag != b'Z') {
                            break;
                        }
                    }
                });
            }
            wait_until("enough traffic", PATIENCE, || {
                marks(&postgres.log(), &mark).len() > 200
            });
            stage.gateway.kill();
        });
        let reached = marks(&postgres.log(), &mark);
        let recorded = marks(&found(&stage, &mark), &mark);
        let missing: Vec<_> = reached.difference(&recorded).collect();
        assert!(
            missing.is_empty(),
            "{recording}: of {} statements the journal lacks {missing:?}",
            reached.len()
        );
        stage.gateway.resume();
        stage.psql("alice", "SELECT 1").ok();
        stage.gateway.stop();
        let journal = stage.journal();
        stage
            .gateway
            .cli(&["audit", "verify", "--journal", &journal], &[])
            .ok();
    }
}

fn journal_files(gateway: &Gateway) -> Vec<PathBuf> {
    let entries = fs::read_dir(gateway.data().join("journal")).unwrap();
    let mut files: Vec<PathBuf> = entries
        .map(|e| e.unwrap().path())
        .filter(|p| p.extension().is_some_and(|x| x == "pcj"))
        .collect();
    files.sort();
    files
}

#[test]
fn a_changed_a_cut_and_a_lost_journal_are_found_out() {
    let mut stage = Stage::shop();
    for number in 0..30 {
        stage
            .psql("alice", &format!("SELECT {number}, repeat('x', 200)"))
            .ok();
    }
    stage.gateway.stop();
    let journal = stage.journal();
    let verify = || {
        stage
            .gateway
            .cli(&["audit", "verify", "--journal", &journal], &[])
            .code
    };
    assert_eq!(verify(), 0, "untouched");
    let files = journal_files(&stage.gateway);
    let file = files.last().unwrap();
    let good = fs::read(file).unwrap();
    for place in [good.len() / 4, good.len() / 2, good.len() * 3 / 4] {
        let mut bad = good.clone();
        bad[place] ^= 1;
        fs::write(file, &bad).unwrap();
        assert_ne!(verify(), 0, "a bit changed at {place} of {}", good.len());
    }
    fs::write(file, &good[..good.len() / 2]).unwrap();
    assert_ne!(verify(), 0, "cut in half");
    fs::write(file, &good).unwrap();
    assert_eq!(verify(), 0, "as it was");
}

#[test]
fn a_session_replays_as_it_was_delivered_and_shows_no_raw_value() {
    let stage = Stage::shop();
    let secret = stage
        .postgres
        .sql("shop", "SELECT ssn FROM customers WHERE id = 2");
    let literal = "666-98-7654";
    stage
        .psql("alice", "SELECT name, ssn FROM customers WHERE id = 2")
        .ok();
    drop(stage.psql(
        "alice",
        &format!("SELECT name FROM customers WHERE ssn = '{literal}'"),
    ));
    drop(stage.psql(
        "alice",
        &format!("UPDATE customers SET ssn = '{literal}' WHERE id = 2 AND false"),
    ));
    stage
        .psql(
            "alice",
            "COPY (SELECT id, sku FROM products ORDER BY id LIMIT 3) TO STDOUT",
        )
        .ok();
    let sessions = listed(&stage.json("dora", &["sessions", "list"]), "sessions");
    assert!(sessions.len() >= 4, "{sessions:?}");
    let mut replayed = String::new();
    for session in &sessions {
        let id = session["id"].as_str().unwrap();
        replayed += stage.cli("dora", &["replay", id, "--speed", "0"]).ok();
    }
    assert!(
        replayed.contains("SELECT name, ssn FROM customers WHERE id = 2"),
        "{replayed}"
    );
    assert!(
        replayed.contains("SKU-000127"),
        "COPY is replayed: {replayed}"
    );
    let searched = stage.cli("dora", &["search", "customers", "--json"]);
    for raw in [secret.as_str(), literal] {
        assert!(!replayed.contains(raw), "the replay shows {raw}");
        assert!(!searched.ok().contains(raw), "the search shows {raw}");
        assert!(!stage.gateway.log().contains(raw), "the log shows {raw}");
    }
}

#[test]
fn bound_parameters_and_refusals_are_recorded() {
    let stage = Stage::shop();
    let script = "SELECT id FROM orders WHERE id = $1 \\bind 4711 \\g\n";
    // \bind came with psql 16; elsewhere PREPARE and EXECUTE carry the value.
    let ran = stage.psql("alice", script);
    if ran.code != 0 {
        stage
            .psql(
                "alice",
                "PREPARE p AS SELECT id FROM orders WHERE id = $1; EXECUTE p(4711)",
            )
            .ok();
    }
    drop(stage.psql("alice", "DROP TABLE orders"));
    let hits = |arguments: &[&str]| listed(&stage.json("dora", arguments), "hits");
    assert!(!hits(&["search", "4711"]).is_empty());
    let denied = hits(&["search", "DROP TABLE orders", "--decision", "deny"]);
    assert!(
        denied.iter().any(|h| h["text"] == "DROP TABLE orders"),
        "{denied:?}"
    );
}

#[test]
fn without_the_reserve_it_does_not_start() {
    // A reserve that no disk has is a full disk.
    let limits = "journal_reserve_bytes = \"4000000GiB\"";
    let wishes = Wishes {
        limits,
        ..Wishes::default()
    };
    let said = Stage::fails_to_start(&wishes);
    assert!(said.contains("journal"), "{said}");
}

/// Lets the gateway's files grow no further than `bytes`, or as far as they like: what a full disk is to it, and
/// needs no disk to be full.
fn limit_files(stage: &Stage, bytes: &str) {
    let pid = stage.gateway.pid().to_string();
    let fsize = format!("--fsize={bytes}");
    let mut command = std::process::Command::new("prlimit");
    testkit::run(command.args(["--pid", &pid, &fsize]), "", PATIENCE).ok();
}

#[test]
fn a_full_disk_refuses_at_once_stops_results_and_goes_on_when_there_is_space() {
    let mut stage = Stage::shop();
    let (mut idle, mut busy) = (stage.raw("alice"), stage.raw("alice"));
    drop(idle.query("SELECT 1"));
    // Values that do not compress, for as long as anybody records them.
    let endless =
        "SELECT md5(n::text) || md5((-n)::text) FROM (SELECT generate_series(1, 100000000) n) s";
    busy.send(b'Q', format!("{endless}\0").as_bytes());
    while busy.read().tag != b'D' {}
    // The journal outgrows the gateway's other files, which may go on growing.
    let bytes = || {
        let files = journal_files(&stage.gateway);
        fs::metadata(files.last().unwrap()).unwrap().len()
    };
    while bytes() < 512 * 1024 {
        busy.read();
    }
    limit_files(&stage, &format!("{}:unlimited", 512 * 1024));
    idle.send(b'Q', b"SELECT 'one more'\0");
    let frames = idle.read_to_ready_or_end();
    let codes: Vec<_> = frames.iter().filter_map(|f| f.field(b'C')).collect();
    assert_eq!(
        codes,
        ["53100"],
        "the very next statement is refused: {frames:?}\n{}",
        stage.gateway.log()
    );
    assert!(
        frames.iter().all(|f| f.tag != b'D'),
        "and nothing of it is delivered"
    );
    assert!(stage.gateway.log().contains("disk is full"));
    let rest = busy.read_to_end();
    let last = rest.last().and_then(|f| f.field(b'C'));
    assert_eq!(last.as_deref(), Some("53100"), "the running result stops");
    let late = stage.psql("alice", "SELECT 1");
    assert!(
        late.code != 0 && late.err.contains("no space left"),
        "{}",
        late.err
    );
    limit_files(&stage, "unlimited:unlimited");
    wait_until("sessions to be taken again", PATIENCE, || {
        stage.psql("alice", "SELECT 1").code == 0
    });
    stage.gateway.stop();
    let journal = stage.journal();
    let verified = ["audit", "verify", "--journal", &journal];
    stage.gateway.cli(&verified, &[]).ok();
    assert!(
        !found(&stage, "one more").contains("\"allow\""),
        "what was refused was not allowed"
    );
}

#[test]
fn a_journal_that_cannot_be_written_lets_nothing_through() {
    let stage = Stage::shop();
    let mut client = stage.raw("alice");
    drop(client.query("SELECT 1"));
    // The soft limit on a file's size stands in for a disk that takes no more.
    let pid = stage.gateway.pid().to_string();
    let limit = testkit::run(
        std::process::Command::new("prlimit").args(["--pid", &pid, "--fsize=1024"]),
        "",
        PATIENCE,
    );
    limit.ok();
    let mut served = 0;
    for number in 0..200 {
        client.send(b'Q', format!("SELECT 'unwritten{number}'\0").as_bytes());
        let frames = client.read_to_ready_or_end();
        if frames.iter().any(|f| f.tag == b'D') {
            served += 1;
        } else {
            break;
        }
    }
    assert!(served < 200, "statements went through that no journal took");
    assert!(stage.gateway.is_running(), "it refuses, it does not die");
    assert!(
        stage
            .gateway
            .psql(
                "alice",
                &crate::stage::token("alice"),
                "orders-prod",
                "SELECT 1"
            )
            .code
            != 0
    );
}
