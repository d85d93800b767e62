//! Encrypted recordings as an owner, a stranger with the disk and somebody without the right meet them.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use testkit::{Ran, eventually, wait_until};

use crate::stage::{PATIENCE, Stage, Wishes, listed};

/// In a comment, which recordings keep, in a value, and in a name that a client gives itself.
const CANARY: &str = "canary9d41";

fn files(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let (dirs, mut files): (Vec<_>, Vec<_>) = entries.partition(|path| path.is_dir());
    files.extend(dirs.iter().flat_map(|dir| self::files(dir)));
    files
}

/// The files below the state's folder that hold some bytes.
fn holding(stage: &Stage, bytes: &[u8]) -> Vec<PathBuf> {
    let holds = |path: &PathBuf| {
        // A log of SQLite may have gone meanwhile.
        let content = fs::read(path).unwrap_or_default();
        content.windows(bytes.len()).any(|window| window == bytes)
    };
    files(&stage.gateway.data())
        .into_iter()
        .filter(holds)
        .collect()
}

fn sessions(stage: &Stage) -> Vec<Value> {
    listed(&stage.json("dora", &["sessions", "list"]), "sessions")
}

/// A session that said the canary, once its end is written.
fn said(stage: &Stage) -> String {
    let before = sessions(stage).len();
    let sql = format!("SELECT '{CANARY}', name FROM customers WHERE id = 1 /* {CANARY} */");
    stage.psql("alice", &sql).ok();
    eventually("the session's end", PATIENCE, || {
        let all = sessions(stage);
        let newest = all.first().filter(|_| all.len() > before)?;
        newest["ended"].as_str()?;
        newest["id"].as_str().map(str::to_owned)
    })
}

fn erase(stage: &Stage, who: &str, more: &[&str]) -> Ran {
    let words = ["recordings", "erase", "--yes", "--reason", "asked for"];
    stage.cli(who, &[&words, more].concat())
}

fn events(stage: &Stage, name: &str) -> usize {
    let bytes: Vec<Vec<u8>> = files(&stage.gateway.data().join("journal"))
        .iter()
        .map(|path| fs::read(path).unwrap())
        .collect();
    let count = |bytes: &Vec<u8>| {
        bytes
            .windows(name.len())
            .filter(|w| *w == name.as_bytes())
            .count()
    };
    bytes.iter().map(count).sum()
}

/// A session whose statement waits for an answer that does not come in time; says the session and the ticket.
fn asked(stage: &Stage) -> (String, String) {
    let held = format!("DELETE FROM orders WHERE id = -1 /* {CANARY} */");
    drop(stage.psql("alice", &held));
    let ticket = stage.ticket(CANARY, "pending");
    let newest = eventually("the session's end", PATIENCE, || {
        let newest = sessions(stage).into_iter().next()?;
        newest["ended"].as_str()?;
        newest["id"].as_str().map(str::to_owned)
    });
    (newest, ticket)
}

/// Nobody waits long for an approval.
const SHORTLY: &str = "hold_wait = \"1s\"";

#[test]
fn the_text_of_a_request_for_approval_goes_with_its_session() {
    let stage = Stage::with(&Wishes {
        limits: SHORTLY,
        ..Wishes::default()
    });
    let (id, ticket) = asked(&stage);
    assert!(erase(&stage, "dora", &[&id]).ok().contains("erased"));
    let requests = stage.approvals();
    let request = requests
        .iter()
        .find(|row| row["ticket"] == ticket.as_str())
        .unwrap();
    assert!(
        request["statement"]
            .as_str()
            .unwrap()
            .contains("was erased"),
        "{request}"
    );
    assert!(!request.to_string().contains(CANARY), "{request}");
    let answered = stage.cli("dora", &["approvals", "approve", &ticket, "--yes"]);
    assert_ne!(answered.code, 0, "nobody says yes to what nobody can read");
    stage
        .cli("dora", &["approvals", "deny", &ticket, "--yes"])
        .ok();
}

#[test]
fn who_has_the_disk_without_the_key_reads_nothing_that_was_said() {
    let mut stage = Stage::with(&Wishes {
        limits: SHORTLY,
        // As it is by itself where the master key is kept elsewhere.
        search: "index = false",
        ..Wishes::default()
    });
    let id = said(&stage);
    let name = stage
        .postgres
        .sql("shop", "SELECT name FROM customers WHERE id = 1");
    asked(&stage);
    let journal = stage.journal();
    let replayed = stage
        .gateway
        .cli(&["replay", &id, "--speed", "0", "--journal", &journal], &[]);
    assert!(replayed.ok().contains(CANARY) && replayed.out.contains(name.trim()));
    // SQLite's log beside its file is there while the gateway runs.
    assert_eq!(holding(&stage, CANARY.as_bytes()), [] as [PathBuf; 0]);
    stage.gateway.stop();
    assert_eq!(holding(&stage, CANARY.as_bytes()), [] as [PathBuf; 0]);
    assert_eq!(holding(&stage, name.trim().as_bytes()), [] as [PathBuf; 0]);
    // A python of a hundred lines, which shares no code with the gateway, reads it too.
    let key = stage.gateway.data().join("master.key");
    let key = key.to_string_lossy().into_owned();
    let mut python = std::process::Command::new("python3");
    python.arg(testkit::repository("testing/ledger/decrypt.py"));
    python.args([&journal, &key, &id]);
    let read = testkit::run(&mut python, "", PATIENCE);
    assert!(read.ok().contains(CANARY), "{}", read.all());
    // Away from the master key, the journal verifies and says nothing.
    let copy = stage.gateway.folder().join("copy");
    let from = stage.gateway.data().join("journal");
    for path in files(&from) {
        let to = copy.join("journal").join(path.strip_prefix(&from).unwrap());
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::copy(path, to).unwrap();
    }
    let copied = copy.join("journal").to_string_lossy().into_owned();
    let alone = |words: &[&str]| {
        stage
            .gateway
            .cli(&[words, &["--journal", &copied]].concat(), &[])
    };
    alone(&["audit", "verify"]).ok();
    let locked = alone(&["replay", &id, "--speed", "0"]);
    assert!(
        locked.code != 0 && locked.err.contains("encrypted"),
        "{}",
        locked.all()
    );
    assert!(!alone(&["search", CANARY]).out.contains(CANARY));
    let opened = alone(&["replay", &id, "--speed", "0", "--master-key-file", &key]);
    assert!(opened.ok().contains(CANARY));
    let text = fs::read_to_string(&key).unwrap();
    let words = ["replay", &id, "--speed", "0", "--journal", &copied];
    let opened = stage
        .gateway
        .cli(&words, &[("PORTCULLIS_MASTER_KEY", &text)]);
    assert!(opened.ok().contains(CANARY));
}

#[test]
fn an_erased_session_is_gone_and_the_ledger_says_by_whom() {
    let mut stage = Stage::with(&Wishes {
        ledger: "seal_interval = \"100ms\"",
        ..Wishes::default()
    });
    let (gone, kept) = (said(&stage), said(&stage));
    let refused = erase(&stage, "alice", &[&gone]);
    assert_eq!(refused.code, 4, "{}", refused.all());
    assert_eq!(events(&stage, "recording.erase_refused"), 1);
    assert!(erase(&stage, "dora", &[&gone]).ok().contains("erased"));
    for (account, words) in [
        ("dora", vec!["replay", &gone, "--speed", "0"]),
        (
            "dora",
            vec![
                "replay",
                &gone,
                "--speed",
                "0",
                "--journal",
                &stage.journal(),
            ],
        ),
    ] {
        let told = stage.cli(account, &words);
        assert_eq!(told.code, 5, "{}", told.all());
        assert!(told.err.contains("was erased on 20"), "{}", told.err);
        assert!(told.err.contains(" by "), "{}", told.err);
    }
    let all = sessions(&stage);
    let of = |id: &str| all.iter().find(|s| s["id"] == id).unwrap().clone();
    assert!(of(&gone)["erased"]["by"].as_str().unwrap().contains('|'));
    assert_eq!(of(&gone)["name"], "");
    assert!(of(&kept)["erased"].is_null());
    let found = stage.json("dora", &["search", CANARY]);
    let hits = listed(&found, "hits");
    assert!(hits.iter().all(|hit| hit["session"] != gone.as_str()) && !hits.is_empty());
    let again = erase(&stage, "dora", &[&gone]);
    assert!(again.ok().contains("was erased before"), "{}", again.out);
    wait_until("the erasure is sealed", PATIENCE, || {
        let tiles = stage.gateway.data().join("ledger");
        files(&tiles).iter().any(|path| {
            let bytes = fs::read(path).unwrap_or_default();
            bytes
                .windows(16)
                .any(|window| window == b"recording.erased")
        })
    });
    stage.gateway.stop();
    let journal = stage.journal();
    let checked = stage
        .gateway
        .cli(&["audit", "verify", "--journal", &journal], &[]);
    assert!(
        checked
            .ok()
            .contains(&format!("remark: session {gone} was erased on"))
    );
    stage.gateway.resume();
    let replayed = stage.cli("dora", &["replay", &kept, "--speed", "0"]);
    assert!(
        replayed.ok().contains(CANARY),
        "another run reads what the one before wrote"
    );
}

#[test]
fn a_hold_stands_in_the_way_until_it_is_released() {
    let stage = Stage::shop();
    let id = said(&stage);
    let words = [
        "recordings",
        "hold",
        "add",
        "--resource",
        "orders-prod",
        "--reason",
        "a court",
    ];
    assert_eq!(stage.cli("alice", &words).code, 4);
    stage.cli("dora", &words).ok();
    let holds = listed(
        &stage.json("dora", &["recordings", "hold", "list"]),
        "holds",
    );
    assert_eq!(holds.len(), 1);
    let hold = holds[0]["id"].as_str().unwrap().to_owned();
    let kept = erase(&stage, "dora", &[&id]);
    assert!(kept.code == 1 && kept.out.contains(&hold), "{}", kept.all());
    let kept = erase(&stage, "dora", &["--before", "2099-01-01T00:00:00Z"]);
    assert_eq!(kept.code, 1, "{}", kept.all());
    assert!(
        stage
            .cli("dora", &["replay", &id, "--speed", "0"])
            .ok()
            .contains(CANARY)
    );
    let words = [
        "recordings",
        "hold",
        "release",
        &hold,
        "--reason",
        "it is over",
    ];
    stage.cli("dora", &words).ok();
    erase(&stage, "dora", &["--before", "2099-01-01T00:00:00Z"]).ok();
    for name in [
        "hold.placed",
        "hold.refused",
        "hold.released",
        "recording.held",
    ] {
        assert!(events(&stage, name) > 0, "{name}");
    }
}

#[test]
fn what_is_older_than_its_rule_is_erased_and_a_live_session_is_not() {
    let mut stage = Stage::shop();
    let old = said(&stage);
    let mut live = stage.raw("alice");
    live.send(b'Q', b"SELECT 1\0");
    live.read_to_ready_or_end();
    let running = sessions(&stage)
        .iter()
        .find(|s| s["live"] == true)
        .map(|s| s["id"].as_str().unwrap().to_owned());
    let refused = erase(&stage, "dora", &[&running.unwrap()]);
    assert!(
        refused.out.contains("still being written"),
        "{}",
        refused.all()
    );
    drop(live);
    stage.gateway.stop();
    let config = stage.gateway.folder().join("portcullis.toml");
    let text = fs::read_to_string(&config).unwrap();
    let rule = "[recording]\nkeep = \"1ms\"\n";
    fs::write(&config, text.replace("[recording]\n", rule)).unwrap();
    stage.gateway.resume();
    wait_until("the rule's turn", PATIENCE, || {
        sessions(&stage)
            .iter()
            .any(|s| s["id"] == old.as_str() && s["erased"]["by"] == "portcullis")
    });
    assert!(events(&stage, "retention.applied") > 0);
}

#[test]
fn a_gateway_without_the_right_master_key_does_not_start() {
    let mut stage = Stage::shop();
    said(&stage);
    stage.gateway.stop();
    let key = stage.gateway.data().join("master.key");
    let aside = key.with_extension("aside");
    fs::rename(&key, &aside).unwrap();
    let binary = Path::new(env!("CARGO_BIN_EXE_portcullis"));
    let config = stage.gateway.folder().join("portcullis.toml");
    let start = || {
        let mut command = std::process::Command::new(binary);
        command.arg("serve").arg("--config").arg(&config);
        testkit::run(&mut command, "", PATIENCE)
    };
    let told = start();
    assert!(
        told.code != 0 && told.err.contains("master.key is missing"),
        "{}",
        told.all()
    );
    assert!(!key.exists(), "no second one is made");
    fs::write(
        &key,
        "portcullis-master-key-1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n",
    )
    .unwrap();
    let told = start();
    assert!(
        told.code != 0 && told.err.contains("may be read by others"),
        "{}",
        told.all()
    );
    fs::remove_file(&key).unwrap();
    fs::copy(&aside, &key).unwrap();
    stage.gateway.resume();
    assert!(stage.psql("alice", "SELECT 1").ok().contains('1'));
}

#[test]
fn a_new_master_key_takes_the_place_of_the_old_one() {
    let mut stage = Stage::shop();
    let id = said(&stage);
    let config = stage.gateway.folder().join("portcullis.toml");
    let config_name = config.to_string_lossy().into_owned();
    let new = stage.gateway.folder().join("new.key");
    let new_name = new.to_string_lossy().into_owned();
    let words = ["rekey", "--config", &config_name, "--to", &new_name];
    let refused = stage.gateway.cli(&words, &[]);
    assert!(
        refused.code != 0 && refused.err.contains("another process"),
        "{}",
        refused.all()
    );
    stage.gateway.stop();
    assert!(
        stage
            .gateway
            .cli(&words, &[])
            .ok()
            .contains("now: 1 more keys")
    );
    fs::remove_file(stage.gateway.data().join("master.key")).unwrap();
    let text = fs::read_to_string(&config).unwrap();
    let named = "[recording]\nmaster_key_file = \"new.key\"\n";
    fs::write(&config, text.replace("[recording]\n", named)).unwrap();
    stage.gateway.resume();
    let replayed = stage.cli("dora", &["replay", &id, "--speed", "0"]);
    assert!(replayed.ok().contains(CANARY), "{}", replayed.all());
}
