//! Encryption and erasure against whoever has the disk, and against crashes.
#![allow(clippy::unwrap_used)]

mod erasing;
mod failing;
mod telling;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use gate::archive::{Archive as _, Cause, Fate, HoldOn, Retention, Which};
use gate::ports::{Journal as _, MasterKeys, PortError};
use ledger::Event;
use ledger::event::{ActionRecorded, Completed, SessionOpened};
use ledger::journal::{Folder, recording, sessions};
use ledger::keys::slot::{SLOT_BYTES, Slot};
use ledger::keys::wrapped::key_files;
use ledger::keys::{MasterKey, WrappedKeys};
use ledger::verify::{Finding, verify};
use model::{Limits, SessionId};

use crate::journal::{JournalOptions, JournalStore};

/// A master key for tests.
#[derive(Debug)]
pub(crate) struct OneMaster;

fn text(byte: u8) -> String {
    use base64::Engine as _;
    let digits = base64::engine::general_purpose::STANDARD.encode([byte; 32]);
    format!("portcullis-master-key-1:{digits}")
}

fn master(byte: u8) -> MasterKey {
    MasterKey::parse(&text(byte)).unwrap()
}

impl MasterKeys for OneMaster {
    fn fetch(&self) -> Result<Vec<MasterKey>, PortError> {
        Ok(vec![master(7)])
    }
}

/// Master keys by their bytes.
#[derive(Debug)]
struct Masters(&'static [u8]);

impl MasterKeys for Masters {
    fn fetch(&self) -> Result<Vec<MasterKey>, PortError> {
        Ok(self.0.iter().map(|byte| master(*byte)).collect())
    }
}

/// A journal's folder read with the test's master key.
pub(crate) fn folder(dir: &Path) -> Folder {
    Folder::new(
        dir,
        Arc::new(WrappedKeys::read(dir, vec![master(7)]).unwrap()),
    )
}

fn options() -> JournalOptions {
    JournalOptions {
        limits: Limits {
            journal_interval: Duration::from_millis(2),
            journal_reserve_bytes: 4096,
            ..Limits::standard()
        },
        strict: false,
        ledger: None,
        masters: Some(Arc::new(OneMaster)),
        encrypt: true,
    }
}

fn open(dir: &Path) -> Arc<JournalStore> {
    JournalStore::open(dir, options()).unwrap()
}

const CANARIES: [&str; 6] = [
    "canary-name",
    "canary-statement",
    "canary-parameter",
    "canary-row",
    "canary-status",
    "canary-reason",
];

/// A whole session with a canary in everything that somebody said.
fn session(store: &JournalStore, principal: &'static str, resource: &'static str) -> SessionId {
    let id = SessionId::generate();
    let mut recorder = store.begin(id).unwrap();
    let opened = SessionOpened {
        time: 1,
        session: *id.as_bytes(),
        principal: principal.into(),
        name: "canary-name".into(),
        resource: resource.into(),
        ..SessionOpened::default()
    };
    recorder.append(&Event::SessionOpened(opened)).unwrap();
    let action = ActionRecorded {
        time: 2,
        sequence: 1,
        text: "canary-statement".into(),
        parameters: vec![Some("canary-parameter".into())],
        outcome: "allow".into(),
        ..ActionRecorded::default()
    };
    recorder.append(&Event::Action(action)).unwrap();
    // One short response, stored as it is, and one that gets compressed.
    recorder.response(1, b"canary-row").unwrap();
    recorder.response(1, &b"canary-row".repeat(100)).unwrap();
    let completed = Completed {
        time: 3,
        sequence: 1,
        status: "canary-status".into(),
        ..Completed::default()
    };
    recorder.append(&Event::Completed(completed)).unwrap();
    let reason = "canary-reason".into();
    let closed = Event::SessionClosed { time: 4, reason };
    recorder.append(&closed).unwrap();
    id
}

/// A journal with some sessions of `i|ada` on `shop`, its gateway stopped.
fn journal(dir: &Path, sessions: usize) -> Vec<SessionId> {
    let store = open(dir);
    (0..sessions)
        .map(|_| session(&store, "i|ada", "shop"))
        .collect()
}

fn files(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let (dirs, mut files): (Vec<_>, Vec<_>) = entries.partition(|path| path.is_dir());
    files.extend(dirs.iter().flat_map(|dir| self::files(dir)));
    files
}

fn events(dir: &Path, id: SessionId) -> usize {
    let found = recording(&folder(dir), *id.as_bytes()).unwrap().unwrap();
    found.events.len()
}

fn cause() -> Cause {
    Cause {
        by: "i|root".to_owned(),
        reason: "asked for by the person".to_owned(),
    }
}

fn one(id: SessionId) -> Which {
    Which {
        sessions: vec![id],
        ..Which::default()
    }
}

fn until_written(store: &JournalStore, id: SessionId) {
    for _ in 0..1000 {
        if store.erase(&one(id), &cause()).unwrap() != [(id, Fate::Live)] {
            return;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    panic!("it stays live");
}

#[test]
fn the_disk_alone_says_nothing_of_what_was_said() {
    let dir = tempfile::tempdir().unwrap();
    let ids = journal(dir.path(), 3);
    let files = files(dir.path());
    assert!(files.len() > 2, "segments and keys");
    for path in files {
        let bytes = fs::read(&path).unwrap();
        for canary in CANARIES {
            let found = bytes.windows(canary.len()).any(|w| w == canary.as_bytes());
            assert!(!found, "{canary} in {}", path.display());
        }
        let key = [7; 32];
        assert!(!bytes.windows(32).any(|window| window == key), "master key");
    }
    // Whoever has the master key reads it all.
    for id in ids {
        let found = recording(&folder(dir.path()), *id.as_bytes()).unwrap();
        let told = format!("{:?}", found.unwrap().events);
        for canary in CANARIES
            .into_iter()
            .filter(|canary| *canary != "canary-row")
        {
            assert!(told.contains(canary), "{canary}");
        }
    }
    assert_eq!(verify(dir.path(), None).unwrap().findings, []);
    let other = WrappedKeys::read(dir.path(), vec![master(8)]).unwrap();
    assert_eq!(other.missing_masters().values().sum::<u64>(), 3);
    let other = Folder::new(dir.path(), Arc::new(other));
    assert_eq!(sessions(&other).unwrap(), []);
}

#[test]
fn an_erased_session_is_gone_and_everything_verifies() {
    let dir = tempfile::tempdir().unwrap();
    let ids = journal(dir.path(), 2);
    let store = open(dir.path());
    let before = fs::read(key_files(dir.path()).unwrap()[0].1.clone()).unwrap();
    let fates = store.erase(&one(ids[0]), &cause()).unwrap();
    assert_eq!(fates, [(ids[0], Fate::Erased)]);
    let again = store.erase(&one(ids[0]), &cause()).unwrap();
    assert_eq!(again, [(ids[0], Fate::Already)]);
    let stranger = SessionId::generate();
    let unknown = store.erase(&one(stranger), &cause()).unwrap();
    assert_eq!(unknown, [(stranger, Fate::NoKey)]);
    // The running gateway and the files alone say the same.
    for folder in [store.folder(), folder(dir.path())] {
        let gone = recording(&folder, *ids[0].as_bytes()).unwrap().unwrap();
        assert_eq!(gone.erased.unwrap().by, "i|root");
        assert!(gone.findings.iter().all(|finding| !finding.is_alarm()));
        assert!(!format!("{:?}", gone.events).contains("canary"));
        let all = sessions(&folder).unwrap();
        assert_eq!(all.len(), 2, "the erased one has its place");
        assert!(all[0].erased.is_some() && all[1].erased.is_none());
    }
    drop(store);
    // Nothing of the slot is left but the tombstone.
    let after = fs::read(key_files(dir.path()).unwrap()[0].1.clone()).unwrap();
    assert_eq!(before.len(), after.len());
    let (old, new) = (
        &before[SLOT_BYTES..2 * SLOT_BYTES],
        &after[SLOT_BYTES..2 * SLOT_BYTES],
    );
    assert!(matches!(Slot::parse(new), Some(Slot::Erased { .. })));
    assert!(!after.windows(48).any(|w| w == &old[60..108]));
    assert_eq!(events(dir.path(), ids[1]), 7, "the other one is whole");
    let report = verify(dir.path(), None).unwrap();
    assert!(report.is_sound(), "{:?}", report.findings);
    let remark = report.findings.iter().find(|finding| {
        matches!(finding, Finding::Erased { session, by, .. } if session == ids[0].as_bytes() && by == "i|root")
    });
    assert!(remark.is_some(), "{:?}", report.findings);
}

#[test]
fn a_live_session_is_not_erased() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let id = SessionId::generate();
    let mut recorder = store.begin(id).unwrap();
    let opened = SessionOpened::default();
    recorder.append(&Event::SessionOpened(opened)).unwrap();
    let fates = store.erase(&one(id), &cause()).unwrap();
    assert_eq!(fates, [(id, Fate::Live)]);
    drop(recorder);
    until_written(&store, id);
}

#[test]
fn keys_and_payloads_cannot_be_put_in_anothers_place() {
    let dir = tempfile::tempdir().unwrap();
    let ids = journal(dir.path(), 2);
    let path = key_files(dir.path()).unwrap()[0].1.clone();
    let whole = fs::read(&path).unwrap();
    let slot = |at: usize| (at + 1) * SLOT_BYTES..(at + 2) * SLOT_BYTES;
    let reads = |bytes: &[u8], id: SessionId| {
        fs::write(&path, bytes).unwrap();
        let found = recording(&folder(dir.path()), *id.as_bytes()).unwrap();
        found.unwrap().locked == 0
    };
    assert!(reads(&whole, ids[0]) && reads(&whole, ids[1]));
    // The other's wrapped key under this session's name, with a checksum that is right.
    let mut swapped = whole.clone();
    let other = whole[slot(1)][24..124].to_vec();
    swapped[slot(0)][24..124].copy_from_slice(&other);
    let sum = crc(&swapped[slot(0)]);
    swapped[slot(0)][4..8].copy_from_slice(&sum);
    assert!(Slot::parse(&swapped[slot(0)]).is_some());
    assert!(!reads(&swapped, ids[0]) && reads(&swapped, ids[1]));
    // Any bit of the wrapped key, likewise.
    for bit in (24 * 8..124 * 8).step_by(7) {
        let mut flipped = whole.clone();
        flipped[slot(0)][bit / 8] ^= 1 << (bit % 8);
        assert!(!reads(&flipped, ids[0]), "bit {bit} without its checksum");
        let sum = crc(&flipped[slot(0)]);
        flipped[slot(0)][4..8].copy_from_slice(&sum);
        assert!(!reads(&flipped, ids[0]), "bit {bit} with its checksum");
    }
}

fn crc(slot: &[u8]) -> [u8; 4] {
    ledger::crc::crc32c(&[&slot[..4], &slot[8..]]).to_le_bytes()
}

#[test]
fn an_old_key_file_put_back_is_an_alarm() {
    let dir = tempfile::tempdir().unwrap();
    let ids = journal(dir.path(), 1);
    let path = key_files(dir.path()).unwrap()[0].1.clone();
    let before = fs::read(&path).unwrap();
    let store = open(dir.path());
    store.erase(&one(ids[0]), &cause()).unwrap();
    drop(store);
    assert!(verify(dir.path(), None).unwrap().is_sound());
    fs::write(&path, &before).unwrap();
    let findings = verify(dir.path(), None).unwrap().findings;
    let session = *ids[0].as_bytes();
    let alarm = Finding::KeyIsBack { session };
    assert!(
        findings.contains(&alarm) && alarm.is_alarm(),
        "{findings:?}"
    );
    // Beside the tombstone, under another number, it is of no use.
    fs::write(&path, &before).unwrap();
    let store = open(dir.path());
    store.erase(&one(ids[0]), &cause()).unwrap();
    drop(store);
    fs::write(path.with_file_name("00000099.pck"), &before).unwrap();
    for folder in [folder(dir.path()), open(dir.path()).folder()] {
        let found = recording(&folder, session).unwrap().unwrap();
        assert!(found.erased.is_some());
    }
}

#[test]
fn another_master_key_is_named_at_start() {
    let dir = tempfile::tempdir().unwrap();
    journal(dir.path(), 2);
    let with = |masters: &'static [u8]| {
        let options = JournalOptions {
            masters: Some(Arc::new(Masters(masters))),
            ..options()
        };
        JournalStore::open(dir.path(), options)
    };
    let told = with(&[8]).err().unwrap().to_string();
    for part in [master(7).id(), master(8).id()] {
        assert!(told.contains(&part.to_string()), "{told}");
    }
    // The old one beside the new: old sessions are read, new ones take the new.
    let store = with(&[8, 7]).unwrap();
    session(&store, "i|ada", "shop");
    drop(store);
    assert!(with(&[7]).is_err());
    assert!(with(&[7, 8]).is_ok());
}

#[test]
fn holds_keep_what_they_are_on() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let mine = session(&store, "i|ada", "shop");
    let other = session(&store, "i|bob", "shop");
    drop(store);
    let store = open(dir.path());
    for on in [
        HoldOn::Session(mine),
        HoldOn::Principal("i|ada".to_owned()),
        HoldOn::Resource("shop".to_owned()),
    ] {
        let hold = store.hold(on.clone(), &cause()).unwrap().unwrap();
        let held = Fate::Held {
            hold: hold.id.clone(),
        };
        assert_eq!(store.erase(&one(mine), &cause()).unwrap(), [(mine, held)]);
        let rules = Retention {
            keep: Some(Duration::ZERO),
            ..Retention::default()
        };
        if let HoldOn::Resource(_) = on {
            assert_eq!(store.retain(&rules).unwrap(), (0, 2));
        }
        // It outlives the process that it was placed in.
        assert_eq!(
            super::holds::read_holds(&dir.path().join("keys")).unwrap(),
            store.holds()
        );
        assert_eq!(
            store.release(&hold.id, &cause()).unwrap(),
            Some(hold.clone())
        );
        assert_eq!(store.release(&hold.id, &cause()).unwrap(), None);
    }
    let by_principal = Which {
        principal: Some("i|ada".to_owned()),
        ..Which::default()
    };
    let fates = store.erase(&by_principal, &cause()).unwrap();
    assert_eq!(fates, [(mine, Fate::Erased)]);
    drop(store);
    assert_eq!(events(dir.path(), other), 7);
    let names = control_names(dir.path());
    for name in [
        "hold.placed",
        "hold.released",
        "recording.held",
        "recording.erased",
    ] {
        assert!(
            names.iter().any(|found| found == name),
            "{name} in {names:?}"
        );
    }
}

fn control_names(dir: &Path) -> Vec<String> {
    let mut names = Vec::new();
    ledger::journal::for_each_event(&folder(dir), |_, event| {
        if let Event::Control { name, .. } = event {
            names.push(name.into_owned());
        }
    })
    .unwrap();
    names
}

#[test]
fn rules_erase_what_is_older_by_resource() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let shop = session(&store, "i|ada", "shop");
    let bank = session(&store, "i|ada", "bank");
    drop(store);
    std::thread::sleep(Duration::from_millis(5));
    let store = open(dir.path());
    let day = Duration::from_secs(86_400);
    let rules = |keep, resource: Option<Option<Duration>>| Retention {
        keep,
        resources: resource
            .map(|keep| ("bank".to_owned(), keep))
            .into_iter()
            .collect(),
    };
    assert_eq!(store.retain(&rules(None, None)).unwrap(), (0, 0));
    assert_eq!(store.retain(&rules(Some(day), None)).unwrap(), (0, 0));
    let kept_bank = rules(Some(Duration::ZERO), Some(None));
    assert_eq!(store.retain(&kept_bank).unwrap(), (1, 0));
    let gone = |id: SessionId| {
        let found = recording(&store.folder(), *id.as_bytes()).unwrap();
        found.unwrap().erased.is_some()
    };
    assert!(gone(shop) && !gone(bank));
    let erases_bank = rules(None, Some(Some(Duration::ZERO)));
    assert_eq!(store.retain(&erases_bank).unwrap(), (1, 0));
    assert!(gone(bank));
}

#[test]
fn what_was_recorded_without_encryption_stays_readable() {
    let dir = tempfile::tempdir().unwrap();
    let plain = JournalOptions {
        masters: None,
        encrypt: false,
        ..options()
    };
    let store = JournalStore::open(dir.path(), plain).unwrap();
    let old = session(&store, "i|ada", "shop");
    drop(store);
    let store = open(dir.path());
    assert_eq!(
        store.erase(&one(old), &cause()).unwrap(),
        [(old, Fate::NoKey)]
    );
    let new = session(&store, "i|ada", "shop");
    drop(store);
    assert_eq!((events(dir.path(), old), events(dir.path(), new)), (7, 7));
    assert_eq!(verify(dir.path(), None).unwrap().findings, []);
}

#[test]
fn keys_are_wrapped_anew_and_a_crash_between_is_no_loss() {
    let dir = tempfile::tempdir().unwrap();
    let mut ids = journal(dir.path(), 3);
    ids.extend(journal(dir.path(), 2));
    let store = open(dir.path());
    store.erase(&one(ids[0]), &cause()).unwrap();
    let in_use = super::rekey(dir.path(), &[master(7)], &master(9));
    assert!(matches!(in_use, Err(crate::Error::JournalInUse { .. })));
    drop(store);
    let unknown = super::rekey(dir.path(), &[master(8)], &master(9));
    assert!(
        unknown
            .unwrap_err()
            .to_string()
            .contains(&master(7).id().to_string())
    );
    let files = key_files(dir.path()).unwrap();
    let before: Vec<Vec<u8>> = files
        .iter()
        .map(|(_, path)| fs::read(path).unwrap())
        .collect();
    assert_eq!(
        super::rekey(dir.path(), &[master(7)], &master(9)).unwrap(),
        4
    );
    let read_by = |byte| {
        let keys = WrappedKeys::read(dir.path(), vec![master(byte)]).unwrap();
        let folder = Folder::new(dir.path(), Arc::new(keys));
        let all = sessions(&folder).unwrap();
        all.iter()
            .filter(|session| session.erased.is_none())
            .count()
    };
    assert_eq!((read_by(7), read_by(9)), (0, 4));
    // The power failed after some sectors: the rest is as before, and going on brings it over.
    let path = &files[0].1;
    let mut torn = fs::read(path).unwrap();
    torn[512..].copy_from_slice(&before[0][512..]);
    fs::write(path, torn).unwrap();
    fs::write(&files[1].1, &before[1]).unwrap();
    assert_eq!(read_by(7) + read_by(9), 4);
    super::rekey(dir.path(), &[master(7)], &master(9)).unwrap();
    assert_eq!((read_by(7), read_by(9)), (0, 4));
    assert!(
        folder(dir.path()).access(ids[0].as_bytes()).is_erased(),
        "stays erased"
    );
}
