//! The ledger over a real journal: what is sealed, each kind of wrong done to it, and what makes a start refuse.
#![allow(clippy::unwrap_used)]

mod faults;
mod harm;
mod power;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use ::ledger::Event;
use ::ledger::event::{ActionRecorded, Completed, SessionOpened};
use ::ledger::tlog::check::{Report, Wish, check};
use ::ledger::tlog::entry::Entry;
use ::ledger::tlog::folder::Folder;
use ::ledger::tlog::note::{Algorithm, Checkpoint, Note, Signer, WitnessPolicy};
use gate::ports::{Journal as _, Recorder};
use model::{Limits, SessionId};

use crate::{Error, JournalOptions, JournalStore, LedgerOptions};

/// A gateway's state folder.
struct State(tempfile::TempDir);

impl State {
    fn new() -> Self {
        // In memory where there is such a place: nothing here asks what a real disk does.
        let memory = tempfile::tempdir_in("/dev/shm");
        Self(memory.or_else(|_| tempfile::tempdir()).unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn journal(&self) -> PathBuf {
        self.path("journal")
    }

    fn log(&self) -> PathBuf {
        self.path("ledger")
    }

    fn open(&self) -> Arc<JournalStore> {
        open_as(&self.journal(), options(self.0.path())).unwrap()
    }

    /// A run of the gateway with some sessions.
    fn run(&self, sessions: usize) -> Vec<SessionId> {
        let store = self.open();
        (0..sessions)
            .map(|n| session(&store, 3 + n as u64))
            .collect()
    }

    fn checkpoint(&self) -> Note {
        Folder::new(&self.log())
            .note("checkpoint")
            .unwrap()
            .unwrap()
    }

    fn size(&self) -> u64 {
        Checkpoint::parse(self.checkpoint().text())
            .unwrap()
            .head
            .size
    }

    fn check(&self, wish: &Wish) -> Report {
        check(&self.journal(), &self.log(), wish).unwrap()
    }

    /// A wish with the key that was had from the gateway itself.
    fn wish(&self) -> Wish {
        let vkey = fs::read_to_string(self.log().join("vkey")).unwrap();
        Wish {
            key: Some(vkey.parse().unwrap()),
            ..Wish::default()
        }
    }

    /// The same files elsewhere.
    fn copy(&self) -> Self {
        let copy = Self::new();
        copy_all(self.0.path(), copy.0.path());
        copy
    }
}

/// Opens a journal. Another test that starts a process holds all locks of this one for a moment, so it is tried again.
fn open_as(dir: &Path, options: JournalOptions) -> Result<Arc<JournalStore>, Error> {
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        match JournalStore::open(dir, options.clone()) {
            Err(Error::JournalInUse { .. }) if Instant::now() < deadline => {
                std::thread::park_timeout(Duration::from_millis(5));
            }
            other => return other,
        }
    }
}

fn copy_all(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => copy_all(&entry.path(), &target),
            false => drop(fs::copy(entry.path(), target).unwrap()),
        }
    }
}

fn options(state: &Path) -> JournalOptions {
    JournalOptions {
        limits: Limits {
            journal_interval: Duration::from_millis(2),
            journal_reserve_bytes: 4096,
            ..Limits::standard()
        },
        strict: false,
        ledger: Some(LedgerOptions {
            dir: state.join("ledger"),
            key_file: state.join("ledger.key"),
            origin: None,
            host: "gate.example".into(),
            interval: Duration::from_secs(10),
            witnesses: WitnessPolicy::default(),
        }),
        masters: Some(Arc::new(crate::vault::tests::OneMaster)),
        encrypt: true,
    }
}

fn action(time: u64, sequence: u64) -> Event<'static> {
    Event::Action(ActionRecorded {
        time,
        sequence,
        kind: "query".into(),
        text: format!("select {sequence}").into(),
        outcome: "allow".into(),
        ..ActionRecorded::default()
    })
}

fn begin(store: &JournalStore) -> (SessionId, Box<dyn Recorder>) {
    let id = SessionId::generate();
    let mut recorder = store.begin(id).unwrap();
    let opened = SessionOpened {
        time: 1,
        session: *id.as_bytes(),
        ..SessionOpened::default()
    };
    recorder.append(&Event::SessionOpened(opened)).unwrap();
    (id, recorder)
}

/// A whole session of some actions.
fn session(store: &JournalStore, actions: u64) -> SessionId {
    let (id, mut recorder) = begin(store);
    for sequence in 1..=actions {
        recorder.append(&action(1 + sequence, sequence)).unwrap();
        recorder.response(sequence, b"some rows").unwrap();
        let completed = Completed {
            time: 2 + sequence,
            sequence,
            ..Completed::default()
        };
        recorder.append(&Event::Completed(completed)).unwrap();
    }
    recorder
        .append(&Event::SessionClosed {
            time: 1_000,
            reason: "left".into(),
        })
        .unwrap();
    id
}

/// Waits for a condition, at most ten seconds.
fn until(what: &str, condition: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(10);
    while !condition() {
        assert!(Instant::now() < deadline, "never: {what}");
        std::thread::park_timeout(Duration::from_millis(2));
    }
}

#[test]
fn what_is_recorded_is_sealed_when_the_gateway_stops() {
    let state = State::new();
    for sessions in [2, 0, 1] {
        state.run(sessions);
        let report = state.check(&state.wish());
        assert_eq!(report.findings, []);
        assert!(report.is_sound(), "{:?}", report.journal.findings);
        assert_eq!(
            Some(report.sealed),
            report.journal.head.map(|head| head.sequence)
        );
    }
    let folder = Folder::new(&state.log());
    let kinds: Vec<_> = folder
        .entries(0, state.size())
        .map(|entry| match entry.unwrap().1 {
            Entry::Control { name, .. } => name.into_owned(),
            Entry::Log { .. } => "log".into(),
            Entry::Chain { .. } => "chain".into(),
            Entry::Seal { .. } => "seal".into(),
            other => panic!("{other}"),
        })
        .collect();
    for expect in ["log", "gateway.started", "gateway.stopped", "chain", "seal"] {
        assert!(
            kinds.iter().any(|kind| kind == expect),
            "{expect} in {kinds:?}"
        );
    }
    // Nobody but the owner reads the key, and the first line of a new log names it.
    use std::os::unix::fs::PermissionsExt as _;
    let mode = fs::metadata(state.path("ledger.key"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    assert!(
        state
            .checkpoint()
            .text()
            .starts_with("gate.example/portcullis/")
    );
}

#[test]
fn it_is_sealed_while_the_gateway_runs_and_within_the_interval() {
    let state = State::new();
    let mut options = options(state.0.path());
    let interval = Duration::from_millis(500);
    options.ledger.as_mut().unwrap().interval = interval;
    let store = open_as(&state.journal(), options).unwrap();
    let ledger = Arc::clone(store.ledger().unwrap());
    for round in 0..4 {
        let (_, mut recorder) = begin(&store);
        recorder.append(&action(2, 1)).unwrap();
        drop(recorder);
        until("it is on disk", || {
            store.durable_sequence() == store.head().sequence
        });
        let (last, asked) = (store.durable_sequence(), Instant::now());
        until("it is sealed", || ledger.sealed() >= last);
        // What slow disks take comes on top.
        assert!(
            asked.elapsed() < interval + Duration::from_secs(2),
            "round {round}"
        );
        assert!(ledger.health(store.durable_sequence()).failing.is_none());
    }
    assert_eq!(ledger.checkpoint(), ledger.newest());
    let during = state.check(&state.wish());
    assert!(
        during.is_sound(),
        "{:?} {:?}",
        during.findings,
        during.journal.findings
    );
    drop(store);
    assert_eq!(state.check(&state.wish()).findings, []);
}

#[test]
fn after_a_death_the_rest_is_sealed() {
    let state = State::new();
    state.run(2);
    // As after kill -9: the journal went on, the log did not.
    let log = state.copy();
    state.run(3);
    fs::remove_dir_all(state.log()).unwrap();
    copy_all(&log.log(), &state.log());
    let report = state.check(&state.wish());
    assert!(
        report
            .findings
            .iter()
            .any(|f| f.to_string().contains("are not sealed")),
        "{:?}",
        report.findings
    );
    assert!(report.is_sound());
    state.run(0);
    assert_eq!(state.check(&state.wish()).findings, []);
}

#[test]
fn a_long_backlog_is_sealed_in_batches() {
    let state = State::new();
    let unsealed = JournalOptions {
        ledger: None,
        ..options(state.0.path())
    };
    let store = open_as(&state.journal(), unsealed).unwrap();
    let (_, mut recorder) = begin(&store);
    for sequence in 1..=70_000 {
        recorder.append(&action(2, sequence)).unwrap();
    }
    drop((recorder, store));
    state.run(300);
    let report = state.check(&state.wish());
    assert!(
        report.is_sound(),
        "{:?} {:?}",
        report.findings,
        report.journal.findings
    );
    assert!(report.seals >= 2);
    assert!(state.size() > 256 * 2, "more than two tiles");
    // Of a finished tile only the finished form is left.
    assert!(state.log().join("tile/0/000").exists() && !state.log().join("tile/0/000.p").exists());
}

#[test]
fn checkpoints_wait_for_witnesses() {
    let state = State::new();
    let witnesses: Vec<_> = (1..=3)
        .map(|n| {
            Signer::from_seed(&format!("w{n}.example"), Algorithm::Cosignature, &[n; 32])
                .unwrap()
                .0
        })
        .collect();
    let policy = WitnessPolicy {
        keys: witnesses.iter().map(|w| w.verifier().clone()).collect(),
        quorum: 2,
    };
    let open = || {
        let mut options = options(state.0.path());
        let ledger = options.ledger.as_mut().unwrap();
        (ledger.witnesses, ledger.interval) = (policy.clone(), Duration::from_millis(20));
        open_as(&state.journal(), options).unwrap()
    };
    let store = open();
    let ledger = Arc::clone(store.ledger().unwrap());
    session(&store, 3);
    until("a checkpoint", || ledger.newest().is_some());
    assert!(ledger.checkpoint().is_none());
    let mut note = ledger.newest().unwrap();
    let text = note.text().to_owned();
    for (n, witness) in witnesses.iter().enumerate() {
        assert_eq!(ledger.publish(&note).unwrap(), n == 2, "{n} cosigned");
        note.add(&witness.sign(&text, 1_700_000_000)).unwrap();
    }
    assert_eq!(ledger.checkpoint().unwrap().text(), text);
    drop((ledger, store));
    let wish = Wish {
        witnesses: policy.clone(),
        ..state.wish()
    };
    let report = state.check(&wish);
    assert_eq!(report.cosigned, 2);
    assert!(report.is_sound(), "{:?}", report.findings);
    let strict = Wish {
        witnesses: WitnessPolicy {
            quorum: 3,
            ..policy.clone()
        },
        ..state.wish()
    };
    let report = state.check(&strict);
    let told = report
        .findings
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join("\n");
    assert!(told.contains("2 of 3 witnesses cosigned"), "{told}");
    // A restart goes on from what was signed, not from what was published.
    let before = Folder::new(&state.log())
        .note("checkpoint.pending")
        .unwrap()
        .unwrap();
    let store = open();
    let ledger = store.ledger().unwrap();
    let size = |note: &Note| Checkpoint::parse(note.text()).unwrap().head.size;
    until("a newer one", || {
        size(&ledger.newest().unwrap()) > size(&before)
    });
    assert_eq!(ledger.checkpoint().unwrap().text(), text);
    assert!(ledger.health(0).unwitnessed.is_some());
}

#[test]
fn a_disk_that_fails_is_tried_again() {
    let state = State::new();
    let mut options = options(state.0.path());
    options.ledger.as_mut().unwrap().interval = Duration::from_millis(20);
    let store = open_as(&state.journal(), options).unwrap();
    let ledger = Arc::clone(store.ledger().unwrap());
    until("the first seal", || ledger.sealed() > 0);
    // A folder in the way of a file stands in for a disk that takes nothing.
    let size = Checkpoint::parse(ledger.checkpoint().unwrap().text())
        .unwrap()
        .head
        .size;
    for width in size + 1..size + 20 {
        fs::create_dir_all(state.log().join(format!("tile/0/000.p/{width}.new"))).unwrap();
    }
    session(&store, 2);
    until("the failure", || {
        ledger.health(store.durable_sequence()).failing.is_some()
    });
    assert!(ledger.health(store.durable_sequence()).unsealed > 0);
    for width in size + 1..size + 20 {
        fs::remove_dir(state.log().join(format!("tile/0/000.p/{width}.new"))).unwrap();
    }
    until("it goes on", || ledger.health(0).failing.is_none());
    drop(store);
    assert_eq!(state.check(&state.wish()).findings, []);
}

#[test]
fn a_start_refuses_what_contradicts_the_checkpoint() {
    let good = State::new();
    good.run(2);
    let edit = |name: &'static str| {
        move |state: &State| {
            let path = state.path(name);
            let mut bytes = fs::read(&path).unwrap();
            let at = bytes.len() / 2;
            bytes[at] ^= 1;
            fs::write(path, bytes).unwrap();
        }
    };
    let (hashes, entries) = (
        format!("ledger/tile/0/000.p/{}", good.size()),
        format!("ledger/tile/entries/000.p/{}", good.size()),
    );
    let (hashes, entries): (&'static str, &'static str) = (hashes.leak(), entries.leak());
    let other = State::new();
    other.run(1);
    type Wrong<'a> = (&'a str, Box<dyn Fn(&State) + 'a>, &'a str);
    let wrongs: Vec<Wrong<'_>> = vec![
        (
            "a tile edited",
            Box::new(edit(hashes)),
            "do not hash to the root",
        ),
        (
            "a tile removed",
            Box::new(move |s| fs::remove_file(s.path(hashes)).unwrap()),
            "tile/0/000.p",
        ),
        (
            "the entries removed",
            Box::new(move |s| fs::remove_file(s.path(entries)).unwrap()),
            "tile/entries/000.p",
        ),
        (
            "a tile cut",
            Box::new(move |s| fs::write(s.path(hashes), b"").unwrap()),
            "0 bytes instead of",
        ),
        (
            "the checkpoint edited",
            Box::new(edit("ledger/checkpoint")),
            "checkpoint: ",
        ),
        (
            "the checkpoint of another log",
            Box::new(|s| {
                fs::copy(other.path("ledger/checkpoint"), s.path("ledger/checkpoint"))
                    .map(drop)
                    .unwrap();
            }),
            "is of the log",
        ),
        (
            "the key removed",
            Box::new(|s| fs::remove_file(s.path("ledger.key")).unwrap()),
            "is missing",
        ),
        (
            "another key",
            Box::new(|s| {
                fs::copy(other.path("ledger.key"), s.path("ledger.key"))
                    .map(drop)
                    .unwrap()
            }),
            "is of the log",
        ),
        (
            "a key for all",
            Box::new(|s| {
                use std::os::unix::fs::PermissionsExt as _;
                fs::set_permissions(s.path("ledger.key"), fs::Permissions::from_mode(0o644))
                    .unwrap();
            }),
            "may be read by others",
        ),
        (
            "the journal removed",
            Box::new(|s| fs::remove_dir_all(s.journal()).unwrap()),
            "the journal ends with record 0",
        ),
        (
            "the journal cut",
            Box::new(|s| {
                let path = s.path("journal/00000001.pcj");
                let bytes = fs::read(&path).unwrap();
                fs::write(&path, &bytes[..bytes.len() * 2 / 3]).unwrap();
            }),
            "was cut or rolled back",
        ),
        (
            "another journal",
            Box::new(|s| {
                other.run(3);
                fs::remove_dir_all(s.journal()).unwrap();
                copy_all(&other.journal(), &s.journal());
            }),
            "is not the one that was sealed",
        ),
    ];
    for (name, wrong, expect) in wrongs {
        let state = good.copy();
        wrong(&state);
        let refused = open_as(&state.journal(), options(state.0.path())).err();
        let error = refused.unwrap_or_else(|| panic!("{name}: it started"));
        let told = format!("{error}");
        assert!(told.contains(expect), "{name}: {told}");
        assert!(!matches!(error, Error::Sqlite(_)));
    }
    let state = good.copy();
    let mut renamed = options(state.0.path());
    renamed.ledger.as_mut().unwrap().origin = Some("elsewhere.example".into());
    let told = open_as(&state.journal(), renamed)
        .err()
        .unwrap()
        .to_string();
    assert!(told.contains("a log keeps its name"), "{told}");
    drop(good.open());
}

#[test]
fn what_looks_like_a_record_in_a_payload_is_none() {
    use ::ledger::record::{Chain, Payload, Stream, write};
    let state = State::new();
    let store = state.open();
    let (_, mut recorder) = begin(&store);
    // A whole record of a session that never was, as a client may be sent one: just where a read of the sealer ends.
    let mut forged = Vec::new();
    let payload = Payload::plain(b"forged").unwrap();
    write(
        &mut forged,
        &mut Chain::default(),
        Stream::Intents,
        [9; 16],
        150,
        &payload,
    );
    let mut noise: u32 = 7;
    for _ in 0..90 {
        let mut bytes = Vec::with_capacity(60_000);
        while bytes.len() < 60_000 {
            bytes.extend_from_slice(&forged);
            for _ in 0..40 {
                noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                bytes.push(noise.to_be_bytes()[0]);
            }
        }
        recorder.append(&action(2, 1)).unwrap();
        recorder
            .append(&Event::Response {
                sequence: 1,
                bytes: bytes.into(),
            })
            .unwrap();
    }
    drop((recorder, store));
    assert!(
        fs::metadata(state.path("journal/00000001.pcj"))
            .unwrap()
            .len()
            > 4 << 20
    );
    let report = state.check(&state.wish());
    assert!(
        report.is_sound(),
        "{:?} {:?}",
        report.findings,
        report.journal.findings
    );
    let folder = Folder::new(&state.log());
    let mut sessions = folder
        .entries(0, state.size())
        .filter_map(|entry| entry.unwrap().1.session());
    assert!(sessions.all(|session| session != [9; 16]));
    assert!(
        report.journal.sessions == 2,
        "the client's and the gateway's own"
    );
}
