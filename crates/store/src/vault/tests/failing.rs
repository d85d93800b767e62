//! Keys on disks that fail beneath them.

use std::sync::atomic::Ordering;

use super::*;
use crate::JournalHealth;
use crate::journal::tests::{faulty, until};

#[test]
fn a_session_whose_keys_never_reached_the_disk_gets_a_slot_again() {
    let dir = tempfile::tempdir().unwrap();
    let (store, faults) = faulty(dir.path());
    faults.keys_unsyncable.store(true, Ordering::SeqCst);
    let hang = faults.hang.lock().unwrap();
    faults.syncs.store(false, Ordering::SeqCst);
    let id = SessionId::generate();
    let mut recorder = store.begin(id).unwrap();
    let opened = SessionOpened::default();
    recorder.append(&Event::SessionOpened(opened)).unwrap();
    // The keeper waits for the disk now; these results are written once it has come back.
    until("syncing", || faults.syncs.load(Ordering::SeqCst));
    recorder.response(1, b"late").unwrap();
    drop(hang);
    until("failed", || store.health() == JournalHealth::Failed);
    faults.keys_unsyncable.store(false, Ordering::SeqCst);
    let lost = key_files(dir.path()).unwrap();
    until("good again", || store.health() == JournalHealth::Good);
    drop(recorder);
    drop(store);
    // What was written to the file that failed is gone, as after a power cut.
    let kept = key_files(dir.path()).unwrap();
    for (_, path) in &lost {
        fs::remove_file(path).unwrap();
    }
    let found = recording(&folder(dir.path()), *id.as_bytes()).unwrap();
    let found = found.unwrap();
    assert_eq!(found.locked, 0, "{lost:?}, then {kept:?}");
    let late = |event: &Event<'_>| matches!(event, Event::Response { .. });
    assert!(found.events.iter().any(late), "{:?}", found.events);
    let report = verify(dir.path(), None).unwrap();
    let missing = Finding::KeyMissing {
        session: *id.as_bytes(),
    };
    assert!(!report.findings.contains(&missing), "{:?}", report.findings);
}

#[test]
fn a_disk_full_under_the_keys_stops_sessions_and_leaves_no_litter() {
    let dir = tempfile::tempdir().unwrap();
    let (store, faults) = faulty(dir.path());
    session(&store, "i|ada", "shop");
    faults.keys_full.store(true, Ordering::SeqCst);
    let before = key_files(dir.path()).unwrap().len();
    let mut recorder = store.begin(SessionId::generate()).unwrap();
    let opened = Event::SessionOpened(SessionOpened::default());
    assert!(recorder.append(&opened).is_err());
    assert_ne!(store.health(), JournalHealth::Good);
    for _ in 0..20 {
        if let Ok(mut recorder) = store.begin(SessionId::generate()) {
            assert!(recorder.append(&opened).is_err());
        }
    }
    let after = key_files(dir.path()).unwrap().len();
    assert!(after <= before + 1, "{after} files");
    faults.keys_full.store(false, Ordering::SeqCst);
    until("good again", || store.health() == JournalHealth::Good);
    let id = session(&store, "i|ada", "shop");
    drop(recorder);
    drop(store);
    assert_eq!(events(dir.path(), id), 7);
}

#[test]
fn a_start_names_the_master_key_and_has_a_file_of_keys_ready() {
    let dir = tempfile::tempdir().unwrap();
    drop(open(dir.path()));
    assert_eq!(
        key_files(dir.path()).unwrap().len(),
        1,
        "before any session"
    );
    let mut told = Vec::new();
    ledger::journal::for_each_event(&folder(dir.path()), |_, event| {
        if let Event::Control { name, fields, .. } = event
            && name == "gateway.started"
        {
            let key = fields.into_iter().find(|(name, _)| name == "master_key");
            told.extend(key.map(|(_, id)| id.into_owned()));
        }
    })
    .unwrap();
    assert_eq!(told, [master(7).id().to_string()]);
}
