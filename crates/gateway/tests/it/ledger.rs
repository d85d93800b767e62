//! The ledger as a stranger sees it: checked offline by our own verifier, and by a reader that shares no code with it.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use ledger::tlog::note::{Algorithm, Checkpoint, Note, Signer};
use ledger::tlog::tile::Edge;
use testkit::{Ran, eventually, http_get, target, wait_until};

use crate::stage::{PATIENCE, Stage, Wishes, listed, token};

/// Seals often, so that nobody has to wait.
const OFTEN: &str = "seal_interval = \"100ms\"";

/// The reader that is built from `testing/ledger/oracle.go`.
fn oracle(arguments: &[&str]) -> Ran {
    let binary = target().join("oracle/ledger");
    assert!(
        binary.exists(),
        "scripts/setup.sh test builds {}",
        binary.display()
    );
    testkit::run(Command::new(binary).args(arguments), "", PATIENCE)
}

fn stage(ledger: &str) -> Stage {
    Stage::with(&Wishes {
        ledger,
        ..Wishes::default()
    })
}

fn folder(stage: &Stage) -> PathBuf {
    stage.gateway.data().join("ledger")
}

fn published(stage: &Stage) -> Option<(u64, String)> {
    let text = fs::read_to_string(folder(stage).join("checkpoint")).ok()?;
    let checkpoint = Checkpoint::parse(Note::parse(text.as_bytes()).ok()?.text()).ok()?;
    Some((checkpoint.head.size, text))
}

/// Waits until what is on record now is sealed.
fn sealed(stage: &Stage) -> String {
    let before = published(stage).map_or(0, |(size, _)| size);
    stage.psql("alice", "SELECT 'sealed'").ok();
    eventually("a newer checkpoint", PATIENCE, || {
        published(stage)
            .filter(|(size, _)| *size > before)
            .map(|(_, text)| text)
    })
}

fn key(stage: &Stage) -> String {
    let asked = stage.cli("dora", &["audit", "key"]);
    asked.ok().trim().to_owned()
}

fn verify(stage: &Stage, more: &[&str]) -> Ran {
    let journal = stage.journal();
    let arguments = [&["audit", "verify", "--journal", &journal], more].concat();
    stage.gateway.cli(&arguments, &[])
}

#[test]
fn a_stranger_checks_it_over_http_and_in_files() {
    let mut stage = stage(OFTEN);
    for number in 0..30 {
        stage.psql("alice", &format!("SELECT {number}")).ok();
    }
    let early = sealed(&stage);
    let vkey = key(&stage);
    let url = format!("{}/ledger", stage.gateway.http());
    // Hashes are for everybody, entries are not, and nothing else of the state folder is there at all.
    assert_eq!(http_get(&format!("{url}/checkpoint")).status, 200);
    assert_eq!(http_get(&format!("{url}/tile/entries/000")).status, 401);
    assert_eq!(http_get(&format!("{url}/ledger.key")).status, 404);
    let refused = oracle(&["audit", &url, &vkey]);
    assert!(
        refused.code != 0 && refused.err.contains("401"),
        "{}",
        refused.all()
    );
    let read = oracle(&["audit", &url, &vkey, &token("dora")]);
    assert!(read.ok().contains("entries"), "{}", read.out);
    let saved = stage.gateway.folder().join("saved-checkpoint");
    fs::write(&saved, &early).unwrap();
    let saved = saved.to_string_lossy().into_owned();
    sealed(&stage);
    let proved = oracle(&["prove", &saved, &url, &vkey]);
    assert!(
        proved.ok().contains("is the beginning of"),
        "{}",
        proved.out
    );
    stage.gateway.stop();
    let files = format!("file:{}", folder(&stage).display());
    oracle(&["audit", &files, &vkey]).ok();
    let checked = verify(&stage, &["--key", &vkey, "--since-checkpoint", &saved]);
    assert!(checked.ok().ends_with("sound\n"), "{}", checked.out);
    assert!(!checked.out.contains("remark: no key"), "{}", checked.out);
    // Another key of the same name is another key.
    let origin = vkey.split('+').next().unwrap();
    let stranger = Signer::from_seed(origin, Algorithm::Ed25519, &[1; 32])
        .unwrap()
        .0;
    let wrong = verify(&stage, &["--key", &stranger.verifier().to_string()]);
    assert_eq!(wrong.code, 7, "{}", wrong.all());
    assert!(
        wrong
            .out
            .contains("ALARM: checkpoint: the checkpoint is not signed by"),
        "{}",
        wrong.out
    );
    let foreign = oracle(&["audit", &files, &stranger.verifier().to_string()]);
    assert_ne!(foreign.code, 0);
}

#[test]
fn a_session_comes_with_its_proof_and_its_removal_is_seen() {
    let mut stage = stage(OFTEN);
    stage.psql("alice", "SELECT 'proved'").ok();
    sealed(&stage);
    let session = listed(&stage.json("dora", &["sessions", "list"]), "sessions");
    let id = session.last().unwrap()["id"].as_str().unwrap().to_owned();
    let vkey = key(&stage);
    stage.gateway.stop();
    let ledger = folder(&stage).to_string_lossy().into_owned();
    let proof = stage.gateway.cli(
        &["audit", "proof", "--ledger", &ledger, "--session", &id],
        &[],
    );
    let proof: serde_json::Value = serde_json::from_str(proof.ok()).unwrap();
    assert_eq!(proof["session"], id.replace('-', ""));
    assert!(proof["entries"].as_array().unwrap().len() >= 2, "{proof}");
    let one = verify(&stage, &["--key", &vkey, "--session", &id]);
    assert!(one.ok().ends_with("sound\n"), "{}", one.out);
    // A python of thirty lines says the same.
    let script = testkit::repository("testing/ledger/check.py");
    let journal = stage.journal();
    let mut python = Command::new("python3");
    python.arg(script).args([&journal, &ledger]);
    let checked = testkit::run(&mut python, "", PATIENCE);
    assert!(
        checked.ok().contains("records are as they were sealed"),
        "{}",
        checked.all()
    );
    // Without its segment the session is gone, and missed.
    for entry in fs::read_dir(&journal).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|e| e == "pcj") {
            fs::remove_file(path).unwrap();
        }
    }
    let gone = verify(&stage, &["--key", &vkey, "--session", &id]);
    assert_eq!(gone.code, 7);
    assert!(
        gone.out.contains("is missing from the journal"),
        "{}",
        gone.out
    );
    let none = verify(&stage, &["--key", &vkey]);
    assert!(
        none.out.contains("the journal's tail was cut"),
        "{}",
        none.out
    );
    assert_ne!(testkit::run(&mut python, "", PATIENCE).code, 0);
    // And the gateway does not go on as if nothing had been.
    fs::remove_dir_all(folder(&stage)).unwrap();
    let bare = verify(&stage, &["--key", &vkey]);
    assert!(
        bare.code == 7 && bare.err.contains("holds no ledger"),
        "{}",
        bare.all()
    );
}

/// The control-plane entries, each once: bundles that were not full yet stay beside the later ones.
fn controls(stage: &Stage) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut folders = vec![folder(stage).join("tile/entries")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let bundle = fs::read(path).unwrap();
            let text = String::from_utf8_lossy(&bundle);
            let entries = text.split("pcl1 control ").skip(1);
            let is_of_entry = |c: char| c.is_ascii_alphanumeric() || " ._-".contains(c);
            found.extend(entries.filter_map(|entry| {
                let line = entry.split(|c| !is_of_entry(c)).next()?;
                Some(line.to_owned())
            }));
        }
    }
    found
}

fn count(stage: &Stage, name: &str) -> usize {
    let controls = controls(stage);
    let of_name = controls
        .iter()
        .filter(|line| line.split(' ').nth(5) == Some(name));
    of_name.count()
}

/// Does everything that is sealed as an entry of its own, and is no session's: keys, approvals, recordings, rules.
fn administrate(stage: &Stage) {
    let dora = |arguments: &[&str]| stage.cli("dora", arguments).ok().to_owned();
    let issued = stage.json("root", &["keys", "issue", "nightly", "--kind", "workload"]);
    dora(&["keys", "revoke", issued["key"]["id"].as_str().unwrap()]);
    dora(&["revoke", "https://nowhere.example|nobody"]);
    let sql = "DELETE FROM order_items WHERE order_id = 187";
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| stage.psql("agent", sql));
        let ticket = stage.ticket("order_id = 187", "pending");
        dora(&["approvals", "approve", &ticket, "-y"]);
        waiting.join().unwrap().ok();
    });
    let shown = listed(&stage.json("dora", &["sessions", "list"]), "sessions");
    let id = shown.first().unwrap()["id"].as_str().unwrap();
    dora(&["replay", id, "--speed", "0"]);
    dora(&["search", "order_items"]);
    dora(&["export"]);
    let policy = stage.gateway.folder().join("policy");
    let rule = "@id(\"more\") permit (principal in Group::\"dba\", action, resource);";
    fs::write(policy.join("zz-more.cedar"), rule).unwrap();
    wait_until("the rule to be loaded", PATIENCE, || {
        count(stage, "policy.loaded") == 2
    });
    let data = policy.join("data.toml");
    let label =
        "\n[[label]]\nschema = \"public\"\ncolumn = \"notes\"\nlabel = \"pii\"\nmask = \"null\"\n";
    fs::write(&data, fs::read_to_string(&data).unwrap() + label).unwrap();
    wait_until("the label to be loaded", PATIENCE, || {
        count(stage, "policy.loaded") == 3
    });
}

#[test]
fn what_changes_the_gateway_is_in_it() {
    let mut stage = stage(OFTEN);
    sealed(&stage);
    administrate(&stage);
    sealed(&stage);
    stage.gateway.stop();
    // What it says last is sealed when it starts again.
    stage.gateway.resume();
    sealed(&stage);
    let entries = controls(&stage);
    for (name, times) in [
        ("gateway.started", 2),
        ("gateway.stopped", 1),
        ("config.loaded", 2),
        ("policy.loaded", 4),
        ("key.issued", 1),
        ("key.revoked", 1),
        ("principal.barred", 1),
        ("approval.answered", 1),
        ("recording.viewed", 1),
        ("recordings.searched", 1),
        ("recordings.exported", 1),
    ] {
        assert_eq!(count(&stage, name), times, "{name} in {entries:#?}");
    }
    // Ids, numbers, hashes: no words of anybody.
    for word in [
        "alice",
        "dora",
        "SELECT",
        "orders-prod",
        "nightly",
        "zz-more",
    ] {
        let told = entries.iter().any(|line| line.contains(word));
        assert!(!told, "{word} is in the entries");
    }
    // What they seal says who it was and what of.
    let told = stage.cli("dora", &["export"]);
    let acts: Vec<&str> = told.ok().lines().collect();
    for (name, words) in [
        ("key.issued", &["nightly"][..]),
        ("key.revoked", &["dora"]),
        ("approval.answered", &["dora"]),
        ("recording.viewed", &["dora"]),
        ("recordings.exported", &["dora"]),
    ] {
        let has = |line: &&&str| line.contains(name) && words.iter().all(|w| line.contains(w));
        assert!(acts.iter().any(|line| has(&line)), "{name} {words:?}");
    }
}

/// A witness that is not ours, for as long as it is held.
struct Witness {
    process: Child,
    key: String,
    url: String,
}

impl Witness {
    fn start(log: &str, name: &str) -> Self {
        let binary = target().join("oracle/ledger");
        let mut command = Command::new(binary);
        command
            .args(["witness", "127.0.0.1:0", log, name])
            .stdout(Stdio::piped());
        let mut process = command.spawn().unwrap();
        let mut said = BufReader::new(process.stdout.take().unwrap()).lines();
        let mut line = || said.next().unwrap().unwrap();
        Self {
            key: line(),
            url: line(),
            process,
        }
    }
}

impl Drop for Witness {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

#[test]
fn witnesses_of_another_make_cosign_it() {
    let (log, skey) = Signer::from_seed("gate.example/log", Algorithm::Ed25519, &[5; 32]).unwrap();
    let vkey = log.verifier().to_string();
    let witnesses = [Witness::start(&vkey, "a"), Witness::start(&vkey, "b")];
    let mut wish = format!("{OFTEN}\nquorum = 2\n");
    for witness in &witnesses {
        wish += &format!(
            "[[ledger.witness]]\nkey = \"{}\"\nurl = \"{}\"\n",
            witness.key, witness.url
        );
    }
    let mut stage = Stage::with(&Wishes {
        ledger: &wish,
        ledger_key: &skey,
        ..Wishes::default()
    });
    let first = sealed(&stage);
    assert_eq!(
        first.matches("\n— ").count(),
        3,
        "the log's and two more: {first}"
    );
    // A consistency proof from there to a later one satisfies them, too.
    sealed(&stage);
    let saved = stage.gateway.folder().join("first");
    fs::write(&saved, &first).unwrap();
    // With one of them gone nothing more is published, and the gateway goes on.
    let [a, b] = witnesses;
    let keys = [a.key.clone(), b.key.clone()];
    drop(b);
    stage.psql("alice", "SELECT 1").ok();
    let pending = folder(&stage).join("checkpoint.pending");
    let waiting = || fs::read_to_string(&pending).unwrap_or_default();
    let size = |text: &str| -> u64 {
        text.lines()
            .nth(1)
            .and_then(|n| n.parse().ok())
            .unwrap_or(0)
    };
    let (at, _) = published(&stage).unwrap();
    wait_until("a checkpoint that waits", PATIENCE, || {
        size(&waiting()) > at
    });
    wait_until("a word about it", PATIENCE, || {
        stage.gateway.log().contains("too few witnesses")
    });
    assert!(
        !fs::read_to_string(folder(&stage).join("checkpoint"))
            .unwrap()
            .contains(&waiting())
    );
    stage.psql("alice", "SELECT 1").ok();
    stage.gateway.stop();
    let saved = saved.to_string_lossy().into_owned();
    let with = |quorum: &str| {
        let asked = [
            "--key",
            &vkey,
            "--witness",
            &keys[0],
            "--witness",
            &keys[1],
            "--quorum",
            quorum,
        ];
        verify(
            &stage,
            &[&asked[..], &["--since-checkpoint", &saved]].concat(),
        )
    };
    let checked = with("2");
    assert!(
        checked.ok().contains("2 of 2 witnesses cosigned"),
        "{}",
        checked.out
    );
    assert!(
        checked.out.contains("wait for witnesses"),
        "{}",
        checked.out
    );
    // Whoever asks for a witness that has not seen it is told.
    let other = Signer::from_seed("c.example", Algorithm::Cosignature, &[6; 32])
        .unwrap()
        .0;
    let other = other.verifier().to_string();
    let missed = verify(&stage, &["--key", &vkey, "--witness", &other]);
    assert!(
        missed.code == 7 && missed.out.contains("0 of 1 witnesses cosigned"),
        "{}",
        missed.all()
    );
}

#[test]
fn a_tree_of_three_levels_is_read_by_others() {
    let scratch = testkit::Scratch::new();
    let signer = Signer::from_seed("big.example/log", Algorithm::Ed25519, &[2; 32])
        .unwrap()
        .0;
    let vkey = signer.verifier().to_string();
    let place = format!("file:{}", scratch.path().display());
    let mut edge = Edge::default();
    let saved = scratch.path().join("saved");
    for size in [1, 255, 256, 257, 300, 65_535, 65_536, 65_537, 70_000] {
        while edge.size() < size {
            edge.push(format!("entry {}", edge.size()).as_bytes());
        }
        for file in edge.take_full().into_iter().chain(edge.partial()) {
            let path = scratch.path().join(file.tile.to_string());
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, file.bytes).unwrap();
        }
        let head = ledger::tlog::merkle::Head {
            size,
            root: edge.root(),
        };
        let text = Checkpoint {
            origin: "big.example/log".into(),
            head,
        }
        .text();
        let mut note = Note::unsigned(text.clone());
        note.add(&signer.sign(&text, 0)).unwrap();
        fs::write(scratch.path().join("checkpoint"), note.to_string()).unwrap();
        let read = oracle(&["audit", &place, &vkey]);
        assert!(
            read.ok().contains(&format!("{size} entries")),
            "{}",
            read.out
        );
        if saved.exists() {
            let proved = oracle(&["prove", &saved.to_string_lossy(), &place, &vkey]);
            assert!(
                proved.ok().contains(&format!("beginning of {size}")),
                "{}",
                proved.out
            );
        }
        fs::write(&saved, note.to_string()).unwrap();
    }
    // It reads what is there: one bit anywhere, and it does not.
    let tile = scratch.path().join("tile/1/000");
    let mut bytes = fs::read(&tile).unwrap();
    bytes[5_000] ^= 1;
    fs::write(&tile, bytes).unwrap();
    assert_ne!(oracle(&["audit", &place, &vkey]).code, 0);
}
