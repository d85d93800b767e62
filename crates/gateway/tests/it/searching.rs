//! Searching recordings: found at once, found by what is known of them, found again after a kill, and never raw.

use std::fs;

use serde_json::Value;
use testkit::{eventually, http_get, wait_until};

use crate::stage::{PATIENCE, Stage, Wishes, listed};

fn hits(stage: &Stage, arguments: &[&str]) -> Vec<Value> {
    let answer = stage.json("dora", &[&["search"], arguments].concat());
    assert_eq!(answer["complete"], true, "{answer}");
    listed(&answer, "hits")
}

fn texts(hits: &[Value]) -> Vec<&str> {
    hits.iter()
        .map(|hit| hit["text"].as_str().unwrap())
        .collect()
}

/// What the page of metrics says under a name.
fn metric(stage: &Stage, name: &str) -> Option<i64> {
    let page = http_get(&format!("{}/metrics", stage.gateway.http())).body;
    let line = page.lines().find(|line| line.starts_with(name))?;
    line.rsplit(' ').next()?.parse().ok()
}

fn indexed(stage: &Stage) {
    wait_until("all is indexed", PATIENCE, || {
        metric(stage, "portcullis_index_behind_records") == Some(0)
    });
}

#[test]
fn what_just_happened_is_found_at_once_by_its_words_and_by_what_is_known_of_it() {
    let stage = Stage::shop();
    let secret = stage
        .postgres
        .sql("shop", "SELECT ssn FROM customers WHERE id = 2");
    let select = "SELECT id, ssn FROM customers WHERE id = 2";
    let refused = "DROP TABLE customers";
    stage.psql("alice", select).ok();
    drop(stage.psql("alice", refused));
    for round in ["from the journal", "from the index"] {
        let check = |arguments: &[&str], expect: &[&str]| {
            let found = hits(&stage, arguments);
            assert_eq!(texts(&found), expect, "{round}: {arguments:?}");
        };
        let ssn = secret.trim();
        check(
            &["--table", "customers", "--verb", "select", "--label", "pii"],
            &[select],
        );
        check(&["select ssn", "--column", "customers.ssn"], &[select]);
        check(&["\"from customers where\""], &[select]);
        check(&["customers", "--decision", "deny"], &[refused]);
        check(&["--masked", "ssn", "--min-rows", "1"], &[select]);
        check(
            &[
                "--principal",
                "alice",
                "--resource",
                "orders-prod",
                "--database",
                "elsewhere",
            ],
            &[],
        );
        check(
            &["--client", "psql", "customers", "--limit", "1"],
            &[refused],
        );
        check(&[ssn], &[]);
        let both = hits(&stage, &["customers"]);
        assert_eq!(both.len(), 2, "{round}: {both:?}");
        assert!(both.iter().all(|hit| hit["name"] == "alice"), "{both:?}");
        let journal = stage.journal();
        let offline = stage.gateway.cli(
            &["search", "customers", "--journal", &journal, "--json"],
            &[],
        );
        let offline: Value = serde_json::from_str(offline.ok()).unwrap();
        assert_eq!(
            listed(&offline, "hits"),
            both,
            "{round}: the same from files alone"
        );
        indexed(&stage);
    }
}

#[test]
fn who_may_not_view_recordings_finds_nothing_and_searches_are_recorded() {
    let stage = Stage::shop();
    stage.psql("alice", "SELECT 4711").ok();
    let ran = stage.cli("alice", &["search", "4711", "--json"]);
    assert_ne!(ran.code, 0, "{}", ran.out);
    assert!(!ran.out.contains("SELECT"), "{}", ran.out);
    assert_eq!(hits(&stage, &["4711", "--decision", "allow"]).len(), 1);
    for wrong in [
        &["\"open"][..],
        &["a*"],
        &["x", "--before", "here"],
        &["x", "--min-duration", "5"],
    ] {
        let ran = stage.cli("dora", &[&["search"], wrong].concat());
        assert_ne!(ran.code, 0, "{wrong:?}");
    }
    let journal = stage.journal();
    let files = fs::read_dir(&journal).unwrap();
    let all: Vec<u8> = files
        .flat_map(|f| fs::read(f.unwrap().path()).unwrap_or_default())
        .collect();
    let has = |text: &str| {
        all.windows(text.len())
            .any(|window| window == text.as_bytes())
    };
    assert!(
        has("recordings.searched") && has("decision"),
        "the search is on record"
    );
}

#[test]
fn after_kill_9_nothing_is_missing_or_double() {
    let mut stage = Stage::shop();
    for number in 0..40 {
        stage
            .psql("alice", &format!("SELECT 'crashmark', {number}"))
            .ok();
        if number == 20 {
            stage.gateway.kill();
            stage.gateway.resume();
        }
    }
    let found = hits(&stage, &["crashmark"]);
    assert_eq!(found.len(), 40);
    indexed(&stage);
    assert_eq!(hits(&stage, &["crashmark"]), found);
    stage.gateway.kill();
    // A lost index is made anew.
    fs::remove_dir_all(stage.gateway.data().join("index")).unwrap();
    stage.gateway.resume();
    assert_eq!(hits(&stage, &["crashmark"]), found);
    eventually("an index", PATIENCE, || {
        stage
            .gateway
            .data()
            .join("index/index.sqlite")
            .exists()
            .then_some(())
    });
    indexed(&stage);
    assert_eq!(hits(&stage, &["crashmark"]), found);
}

#[test]
fn without_an_index_searches_read_the_journal_and_none_is_left() {
    let mut stage = Stage::shop();
    stage.psql("alice", "SELECT 'unindexed'").ok();
    let index = stage.gateway.data().join("index");
    assert!(index.exists());
    stage.gateway.stop();
    let config = stage.gateway.folder().join("portcullis.toml");
    let written = fs::read_to_string(&config).unwrap();
    let without = written.replace("[search]\n", "[search]\nindex = false\n");
    assert_ne!(written, without);
    fs::write(&config, without).unwrap();
    stage.gateway.resume();
    assert_eq!(hits(&stage, &["unindexed"]).len(), 1);
    assert_eq!(fs::read_dir(index).unwrap().count(), 0);
}

#[test]
fn the_index_is_seen_and_made_anew_by_whoever_may() {
    let stage = Stage::shop();
    stage.psql("alice", "SELECT 'reindexed'").ok();
    wait_until("it is in the index", PATIENCE, || {
        metric(&stage, "portcullis_index_entries") >= Some(1)
    });
    let state = stage.json("dora", &["recordings", "index"]);
    assert_eq!(state["indexed"], true, "{state}");
    assert!(state["entries"].as_u64().unwrap() >= 1, "{state}");
    assert!(state["failing_seconds"].is_null(), "{state}");
    assert!(metric(&stage, "portcullis_index_bytes").unwrap() > 4_096);
    wait_until("nothing is behind", PATIENCE, || {
        metric(&stage, "portcullis_index_behind_bytes") == Some(0)
    });
    let refused = stage.cli("alice", &["recordings", "reindex"]);
    assert_ne!(refused.code, 0, "{}", refused.out);
    let made = stage.json("dora", &["recordings", "reindex"]);
    assert_eq!(made["indexed"], true, "{made}");
    assert_eq!(hits(&stage, &["reindexed"]).len(), 1);
    indexed(&stage);
    assert_eq!(hits(&stage, &["reindexed"]).len(), 1);
    let shown = stage.cli("dora", &["recordings", "index"]);
    assert!(shown.ok().contains("indexed to"), "{}", shown.out);
}

#[test]
fn the_index_takes_no_more_words_of_one_statement_than_it_may() {
    let stage = Stage::with(&Wishes {
        limits: "indexed_bytes_max = 256",
        ..Wishes::default()
    });
    let ran = "SELECT 'row' || n FROM generate_series(1, 1000) n";
    stage.psql("alice", ran).ok();
    let found = hits(&stage, &["row1"]);
    assert_eq!(texts(&found), [ran]);
    assert_eq!(found.first().unwrap()["partly_indexed"], true);
    assert_eq!(hits(&stage, &["row999"]), Vec::<Value>::new());
}

#[test]
fn what_is_erased_leaves_the_index() {
    let stage = Stage::shop();
    stage
        .psql("alice", "SELECT 'zqerasedx77' /* zqerasedx77 */")
        .ok();
    stage.psql("alice", "SELECT 'zqkeptx77'").ok();
    let doomed = eventually("the session's end", PATIENCE, || {
        let sessions = listed(&stage.json("dora", &["sessions", "list"]), "sessions");
        let ended = sessions
            .iter()
            .filter(|session| !session["ended"].is_null());
        let oldest = ended.min_by_key(|session| session["started"].to_string())?;
        oldest["id"].as_str().map(str::to_owned)
    });
    indexed(&stage);
    assert_eq!(hits(&stage, &["zqerasedx77"]).len(), 1);
    assert!(is_in_index(&stage, b"qerasedx77"));
    let words = ["recordings", "erase", "--yes", "--reason", "asked for"];
    let erased = stage.cli("dora", &[&words[..], &[&doomed]].concat());
    assert!(erased.ok().contains("erased"), "{}", erased.out);
    assert_eq!(hits(&stage, &["zqerasedx77"]), Vec::<Value>::new());
    wait_until("the index has forgotten it", PATIENCE, || {
        !is_in_index(&stage, b"qerasedx77")
    });
    assert_eq!(hits(&stage, &["zqkeptx77"]).len(), 1);
}

fn is_in_index(stage: &Stage, bytes: &[u8]) -> bool {
    let files = fs::read_dir(stage.gateway.data().join("index")).unwrap();
    files.flatten().any(|file| {
        let content = fs::read(file.path()).unwrap_or_default();
        content.windows(bytes.len()).any(|window| window == bytes)
    })
}
