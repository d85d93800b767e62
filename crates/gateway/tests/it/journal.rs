//! Journal before forward: what the server has seen is in the journal, whatever happened to the gateway.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::thread;
use std::time::Instant;

use testkit::{
    Gateway, Postgres, PostgresOptions, RawClient, Server, extended, message, query, wait_until,
};

use crate::stage::{PATIENCE, Stage, Wishes, listed, new_shop, oidc};

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

/// Where the statements of the kill test write.
const CRASH: &str = "CREATE TABLE crash (mark text); CREATE TABLE crash_held (mark text);
     GRANT ALL ON crash, crash_held TO portcullis_gateway;";
/// Kills of one run, half of them with each durability.
const KILLS: usize = 10;
const WORKERS: u64 = 4;

/// A shop of the test's own, whose server writes down every statement that reaches it.
fn listening_shop() -> &'static Postgres {
    let options = PostgresOptions {
        settings: vec!["log_statement = 'all'".to_owned()],
        ..PostgresOptions::default()
    };
    let shop = new_shop(&Server::standard(), options);
    shop.sql("shop", CRASH);
    Box::leak(Box::new(shop))
}

/// One batch of a kind of traffic, with its marked numbers: reads and writes, one and several, with and without
/// parameters.
fn batch(worker: u64, first: u64, mark: &str) -> Vec<u8> {
    let insert = |n: u64| format!("INSERT INTO crash VALUES ('{mark}{n};') /* {mark}{n}; */");
    let bound = |n: u64| {
        let text = format!("INSERT INTO crash VALUES ($1) /* {mark}{n}; */");
        extended(&text, &[&format!("{mark}{n};")])
    };
    match worker {
        0 => query(&format!("SELECT 1 /* {mark}{first}; */")),
        1 => query(&insert(first)),
        2 => query(&format!("{}; {}", insert(first), insert(first + WORKERS))),
        _ => {
            let several = (0..5).map(|n| bound(first + n * WORKERS));
            let mut batch: Vec<u8> = several.flatten().collect();
            batch.extend(message(b'S', &[]));
            batch
        }
    }
}

/// Sends batches until the gateway is gone.
fn work(client: &mut RawClient, worker: u64, mark: &str) {
    let late = Instant::now() + 2 * PATIENCE;
    for round in 0_u64.. {
        assert!(Instant::now() < late, "nobody killed the gateway");
        let first = round * 5 * WORKERS + worker;
        client.send_bytes(&batch(worker, first, mark));
        if client.read_to_ready_or_end().iter().all(|f| f.tag != b'Z') {
            break;
        }
    }
}

#[test]
fn after_kill_9_nothing_reached_the_server_that_the_journal_lacks() {
    let postgres = listening_shop();
    for recording in ["durability = \"group\"", "durability = \"strict\""] {
        let wishes = Wishes {
            recording,
            ..Wishes::default()
        };
        let mut stage = Stage::on(postgres, oidc(), &wishes);
        for kill in 0..KILLS / 2 {
            let mark = format!("crash{}k{kill}n", recording.len());
            kill_under_load(&mut stage, &mark);
        }
        stage.psql("alice", "SELECT 1").ok();
        stage.gateway.stop();
        let journal = stage.journal();
        let verify = ["audit", "verify", "--journal", &journal];
        stage.gateway.cli(&verify, &[]).ok();
    }
}

fn of_worker(marks: &BTreeSet<u64>, worker: u64) -> usize {
    marks.iter().filter(|n| **n % WORKERS == worker).count()
}

/// Kills the gateway amid traffic, holds what the server saw against the journal, and starts it again.
fn kill_under_load(stage: &mut Stage, mark: &str) {
    let postgres = stage.postgres;
    let mut clients: Vec<_> = (0..WORKERS).map(|_| stage.raw("alice")).collect();
    let mut held = stage.raw("agent");
    thread::scope(|scope| {
        for (worker, client) in (0..WORKERS).zip(&mut clients) {
            scope.spawn(move || work(client, worker, mark));
        }
        held.send_bytes(&query(&format!(
            "DELETE FROM crash_held WHERE mark = '{mark}' /* {mark}held */"
        )));
        let ticket = stage.ticket(&format!("{mark}held"), "pending");
        assert!(!ticket.is_empty());
        wait_until("enough traffic", PATIENCE, || {
            let reached = marks(&postgres.log(), mark);
            (0..WORKERS).all(|worker| of_worker(&reached, worker) > 10)
        });
        stage.gateway.kill();
    });
    let log = postgres.log();
    let reached = marks(&log, mark);
    let written = marks(
        &postgres.sql("shop", "SELECT string_agg(mark, ' ') FROM crash"),
        mark,
    );
    assert!(written.len() > 20, "{written:?}");
    let found = found(stage, mark);
    let recorded = marks(&found, mark);
    let missing: Vec<_> = reached
        .union(&written)
        .filter(|n| !recorded.contains(n))
        .collect();
    assert!(
        missing.is_empty(),
        "of {} statements the journal lacks {missing:?}",
        reached.len()
    );
    // What people were still to answer has not run, and that it was asked is on record.
    assert!(!log.contains(&format!("{mark}held")), "it ran unasked");
    assert!(found.contains(&format!("{mark}held")));
    stage.gateway.resume();
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
    // A word and a number that stand in no statement's text.
    let mut client = stage.raw("alice");
    let asked = "SELECT id FROM products WHERE sku = $1 AND id <> $2::int";
    client.send_bytes(
        &[
            extended(asked, &["boundword", "47110815"]),
            message(b'S', &[]),
        ]
        .concat(),
    );
    let frames = client.read_until_ready();
    assert!(frames.iter().all(|f| f.tag != b'E'), "{frames:?}");
    drop(stage.psql("alice", "DROP TABLE orders"));
    let hits = |arguments: &[&str]| listed(&stage.json("dora", arguments), "hits");
    for bound in ["boundword", "47110815"] {
        let found = hits(&["search", bound]);
        assert!(
            found.iter().any(|h| h["text"] == asked),
            "{bound}: {found:?}"
        );
    }
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
    idle.send(b'Q', b"SELECT 'onemore'\0");
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
    // That the refusal itself is on record, out of the reserve, is store::journal::tests' to show: a bound on a file's
    // size leaves no room for it that a full disk has.
    assert!(
        !found(&stage, "onemore").contains("\"allow\""),
        "what was refused was not allowed"
    );
}

#[test]
fn a_journal_that_cannot_be_written_lets_nothing_through() {
    let stage = Stage::shop();
    let mut client = stage.raw("alice");
    drop(client.query("SELECT 1"));
    limit_files(&stage, "1024:unlimited");
    // Not one is let through: an intent comes before what it intends.
    for number in 0..20 {
        client.send(b'Q', format!("SELECT 'unwritten{number}'\0").as_bytes());
        let frames = client.read_to_ready_or_end();
        assert!(frames.iter().all(|f| f.tag != b'D'), "{number}: {frames:?}");
        let codes: Vec<_> = frames.iter().filter_map(|f| f.field(b'C')).collect();
        let as_said = codes.iter().all(|code| code == "53100" || code == "58030");
        assert!(as_said, "{number}: {codes:?}");
        assert!(
            number > 0 || codes.len() == 1,
            "the first is told why: {frames:?}"
        );
    }
    assert!(
        !stage.postgres.log().contains("unwritten"),
        "it ran unrecorded"
    );
    assert!(stage.gateway.is_running(), "it refuses, it does not die");
    let late = stage.psql("alice", "SELECT 1");
    assert_ne!(late.code, 0, "{}", late.out);
    limit_files(&stage, "unlimited:unlimited");
    wait_until("sessions to be taken again", PATIENCE, || {
        stage.psql("alice", "SELECT 'written again'").code == 0
    });
    assert!(
        stage.postgres.log().contains("written again"),
        "what runs would be seen there"
    );
}
