//! What stands between an order to erase and its end: holds, failures, other slots of the same session.

use std::sync::atomic::Ordering;

use super::super::Place;
use super::super::holds::{Condemned, Erasing, read_erasing, write_erasing};
use super::*;
use crate::JournalHealth;
use crate::journal::tests::{faulty, until};

/// Slots of a session in all key files that still hold its key.
fn keys_of(dir: &Path, id: SessionId) -> usize {
    let files = key_files(dir).unwrap();
    let files = files.iter().map(|(_, path)| fs::read(path).unwrap());
    let slots = files.flat_map(|bytes| {
        let found = ledger::keys::slot::slots(&bytes, None).map(|(_, slot)| slot);
        found.collect::<Vec<_>>()
    });
    slots
        .filter(|slot| matches!(slot, Slot::Key(key) if key.session == *id.as_bytes()))
        .count()
}

fn is_erased(dir: &Path, id: SessionId) -> bool {
    folder(dir).access(id.as_bytes()).is_erased() && keys_of(dir, id) == 0
}

#[test]
fn an_erasure_that_failed_midway_comes_before_any_other_act() {
    let dir = tempfile::tempdir().unwrap();
    let ids = journal(dir.path(), 3);
    let (store, faults) = faulty(dir.path());
    faults.broken.store(true, Ordering::SeqCst);
    let failed = store.erase(&one(ids[0]), &cause());
    assert!(failed.is_err());
    // While it cannot be finished nothing else is done, and its note is not written over.
    let on = HoldOn::Session(ids[0]);
    assert!(store.hold(on.clone(), &cause()).is_err());
    assert!(store.erase(&one(ids[1]), &cause()).is_err());
    assert_eq!(store.holds(), []);
    assert!(keys_of(dir.path(), ids[0]) == 1 && keys_of(dir.path(), ids[1]) == 1);
    faults.broken.store(false, Ordering::SeqCst);
    until("good again", || store.health() == JournalHealth::Good);
    // What was ordered before the hold is done before it, not after it at some restart.
    store.hold(on, &cause()).unwrap().unwrap();
    assert!(is_erased(dir.path(), ids[0]));
    assert_eq!(
        store.erase(&one(ids[0]), &cause()).unwrap(),
        [(ids[0], Fate::Already)]
    );
    drop(store);
    drop(open(dir.path()));
    assert_eq!(keys_of(dir.path(), ids[2]), 1, "nobody asked for this one");
    assert!(verify(dir.path(), None).unwrap().is_sound());
}

#[test]
fn every_slot_of_an_erased_session_is_overwritten() {
    let dir = tempfile::tempdir().unwrap();
    let ids = journal(dir.path(), 2);
    let path = key_files(dir.path()).unwrap()[0].1.clone();
    let before = fs::read(&path).unwrap();
    // Somebody copied a backup in under other numbers.
    for name in ["00000050.pck", "00000099.pck"] {
        fs::write(path.with_file_name(name), &before).unwrap();
    }
    assert_eq!(keys_of(dir.path(), ids[0]), 3);
    let store = open(dir.path());
    store.erase(&one(ids[0]), &cause()).unwrap();
    assert!(is_erased(dir.path(), ids[0]));
    assert_eq!(keys_of(dir.path(), ids[1]), 3);
    drop(store);
    assert_eq!(events(dir.path(), ids[1]), 7);
    assert!(verify(dir.path(), None).unwrap().is_sound());
    // Copied in again, it does not outlive the next start, nor wrapping anew.
    fs::write(path.with_file_name("00000070.pck"), &before).unwrap();
    drop(open(dir.path()));
    assert!(is_erased(dir.path(), ids[0]), "at a start");
    fs::write(path.with_file_name("00000098.pck"), &before).unwrap();
    super::super::rekey(dir.path(), &[master(7)], &master(9)).unwrap();
    assert_eq!(keys_of(dir.path(), ids[0]), 0, "wrapping anew");
}

#[test]
fn who_tries_to_erase_a_live_session_is_recorded() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let id = SessionId::generate();
    let mut recorder = store.begin(id).unwrap();
    let opened = SessionOpened::default();
    recorder.append(&Event::SessionOpened(opened)).unwrap();
    assert_eq!(store.erase(&one(id), &cause()).unwrap(), [(id, Fate::Live)]);
    let names = control_names(dir.path());
    let told = names.iter().filter(|name| *name == "recording.live");
    assert_eq!(told.count(), 1, "{names:?}");
}

#[test]
fn a_journal_whose_holds_are_gone_does_not_open() {
    let dir = tempfile::tempdir().unwrap();
    journal(dir.path(), 1);
    let holds = dir.path().join("keys/holds.json");
    fs::remove_file(&holds).unwrap();
    let told = JournalStore::open(dir.path(), options()).err().unwrap();
    let told = super::super::told(&told);
    assert!(told.contains("holds.json") && told.contains("[]"), "{told}");
    fs::write(&holds, "[]").unwrap();
    drop(open(dir.path()));
}

/// What a crash may leave of a slot that was to be overwritten.
#[derive(Clone, Copy, Debug)]
enum Left {
    Key,
    HalfOfEach,
    Tombstone,
    Nothing,
    NoFile,
    AnotherSession,
}

#[test]
fn an_erasure_that_a_crash_came_between_is_finished() {
    for left in [
        Left::Key,
        Left::HalfOfEach,
        Left::Tombstone,
        Left::Nothing,
        Left::NoFile,
        Left::AnotherSession,
    ] {
        finish_what_is(left);
    }
}

fn finish_what_is(left: Left) {
    let dir = tempfile::tempdir().unwrap();
    let ids = journal(dir.path(), 1);
    let other = journal(dir.path(), 1)[0];
    let keys = dir.path().join("keys");
    let files = key_files(dir.path()).unwrap();
    let (number, path) = files.first().unwrap();
    let key = fs::read(path).unwrap();
    let erasing = Erasing {
        slots: vec![Condemned {
            session: *ids[0].as_bytes(),
            place: Place {
                file: *number,
                slot: 0,
            },
            opened: true,
        }],
        by: "i|root".to_owned(),
        reason: "asked for".to_owned(),
        time: 5,
    };
    let expected = erasing.tombstones()[0].1.to_bytes();
    // As another run wrote it: what is in memory is not what the disk has, so that it must be written again.
    let stone = Slot::tombstone(*ids[0].as_bytes(), true, 4, "i|root").to_bytes();
    let mut state = key.clone();
    match left {
        Left::Key => {}
        Left::HalfOfEach => state[SLOT_BYTES..SLOT_BYTES + 40].copy_from_slice(&stone[..40]),
        Left::Tombstone => state[SLOT_BYTES..2 * SLOT_BYTES].copy_from_slice(&stone),
        Left::Nothing | Left::NoFile => state.truncate(SLOT_BYTES),
        Left::AnotherSession => {
            let foreign = Slot::tombstone([9; 16], true, 4, "i|eve").to_bytes();
            state[SLOT_BYTES..2 * SLOT_BYTES].copy_from_slice(&foreign);
        }
    }
    fs::write(path, &state).unwrap();
    if let Left::NoFile = left {
        fs::remove_file(path).unwrap();
    }
    write_erasing(&keys, &erasing).unwrap();
    // Twice: the crash may come between finishing and the note's end, too.
    for _ in 0..2 {
        drop(open(dir.path()));
        assert!(read_erasing(&keys).unwrap().is_none(), "{left:?}");
        write_erasing(&keys, &erasing).unwrap();
    }
    drop(open(dir.path()));
    let now = fs::read(path).unwrap_or_default();
    match left {
        Left::Key | Left::HalfOfEach | Left::Tombstone => {
            assert_eq!(now[SLOT_BYTES..2 * SLOT_BYTES], expected, "{left:?}");
        }
        Left::Nothing | Left::AnotherSession => assert_eq!(now, state, "{left:?}"),
        Left::NoFile => assert!(!path.exists()),
    }
    assert_eq!(keys_of(dir.path(), ids[0]), 0, "{left:?}");
    assert_eq!(events(dir.path(), other), 7, "{left:?}");
    let findings = verify(dir.path(), None).unwrap().findings;
    let said = |finding: &&Finding| {
        let is_erased = matches!(left, Left::Tombstone);
        match finding {
            Finding::Erased { .. } => true,
            Finding::ErasedUnsaid { .. } => is_erased,
            _ => false,
        }
    };
    assert_eq!(
        findings.iter().filter(said).count(),
        1,
        "{left:?}: {findings:?}"
    );
}

#[test]
fn a_leap_of_the_clock_erases_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let ids = journal(dir.path(), 2);
    let seen = dir.path().join("keys/clock.json");
    // As if the last turn had been a month ago, by a clock that nobody has looked at since.
    let then = crate::journal::now() - 30 * 86_400_000_000;
    fs::write(&seen, format!("{{\"seen\":{then}}}")).unwrap();
    let rules = Retention {
        keep: Some(Duration::ZERO),
        ..Retention::default()
    };
    let store = open(dir.path());
    assert_eq!(store.retain(&rules).unwrap(), (0, 0));
    assert!(ids.iter().all(|id| keys_of(dir.path(), *id) == 1));
    fs::remove_file(&seen).unwrap();
    assert_eq!(store.retain(&rules).unwrap(), (2, 0));
    assert!(ids.iter().all(|id| is_erased(dir.path(), *id)));
}

#[test]
fn logins_that_were_turned_away_are_found_by_whose_they_were() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let refused = |principal: &'static str, resource: &'static str| {
        let id = SessionId::generate();
        let mut recorder = store.begin(id).unwrap();
        let event = Event::Control {
            time: 1,
            actor: principal.into(),
            name: "session.refused".into(),
            fields: vec![("resource".into(), resource.into())],
        };
        recorder.append(&event).unwrap();
        let reason = "no".into();
        let closed = Event::SessionClosed { time: 2, reason };
        recorder.append(&closed).unwrap();
        id
    };
    let (ada, bob) = (refused("i|ada", "shop"), refused("i|bob", "bank"));
    drop(store);
    let store = open(dir.path());
    let hold = HoldOn::Resource("bank".to_owned());
    let hold = store.hold(hold, &cause()).unwrap().unwrap().id;
    let by = |principal: &str| Which {
        principal: Some(principal.to_owned()),
        ..Which::default()
    };
    let fates = [by("i|ada"), by("i|bob")].map(|which| store.erase(&which, &cause()).unwrap());
    let held = Fate::Held { hold };
    assert_eq!(fates, [vec![(ada, Fate::Erased)], vec![(bob, held)]]);
    let access = folder(dir.path()).access(ada.as_bytes());
    let ledger::keys::Access::Erased(erasure) = access else {
        panic!("not erased");
    };
    assert!(!erasure.opened, "it was no session");
}

#[test]
fn rules_are_applied_in_thousands() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let begin = || {
        let id = SessionId::generate();
        let opened = SessionOpened {
            resource: "shop".into(),
            ..SessionOpened::default()
        };
        let mut recorder = store.begin(id).unwrap();
        recorder.append(&Event::SessionOpened(opened)).unwrap();
        id
    };
    let ids: Vec<_> = (0..1_005).map(|_| begin()).collect();
    drop(store);
    let store = open(dir.path());
    let kept = HoldOn::Session(ids[1_003]);
    store.hold(kept, &cause()).unwrap().unwrap();
    let rules = |keep| Retention {
        keep: Some(keep),
        ..Retention::default()
    };
    let hour = Duration::from_secs(3_600);
    assert_eq!(store.retain(&rules(hour)).unwrap(), (0, 0), "all are young");
    assert_eq!(store.retain(&rules(Duration::ZERO)).unwrap(), (1_004, 1));
    assert_eq!(store.retain(&rules(Duration::ZERO)).unwrap(), (0, 1));
    let names = control_names(dir.path());
    let applied = names.iter().filter(|name| *name == "retention.applied");
    assert_eq!(applied.count(), 2);
}
