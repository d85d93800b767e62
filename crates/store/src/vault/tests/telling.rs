//! Keys destroyed, removed or brought back behind the gateway's back: what the check of the whole and of one session says.

use ledger::tlog::check::{Report, Wish, check};
use ledger::tlog::note::WitnessPolicy;

use super::*;
use crate::LedgerOptions;

/// A sealed journal with two sessions, the first of them erased by the gateway if so wished.
fn sealed(dir: &Path, erase: bool) -> Vec<SessionId> {
    let with_ledger = || JournalOptions {
        ledger: Some(LedgerOptions {
            dir: dir.join("ledger"),
            key_file: dir.join("ledger.key"),
            origin: None,
            host: "gate.example".into(),
            interval: Duration::from_secs(10),
            witnesses: WitnessPolicy::default(),
        }),
        ..options()
    };
    let journal = dir.join("journal");
    let store = JournalStore::open(&journal, with_ledger()).unwrap();
    let ids = [(); 2].map(|()| session(&store, "i|ada", "shop")).to_vec();
    drop(store);
    let store = JournalStore::open(&journal, with_ledger()).unwrap();
    if erase {
        store.erase(&one(ids[0]), &cause()).unwrap();
    }
    drop(store);
    ids
}

/// What the check finds in the journal, of all and of one session alone.
fn findings(dir: &Path, id: SessionId) -> [Vec<Finding>; 2] {
    let check = |session| -> Report {
        let wish = Wish {
            session,
            ..Wish::default()
        };
        check(&dir.join("journal"), &dir.join("ledger"), &wish).unwrap()
    };
    [None, Some(*id.as_bytes())].map(|session| check(session).journal.findings)
}

/// Overwrites the first session's slot.
fn overwrite(dir: &Path, slot: [u8; SLOT_BYTES]) -> Vec<u8> {
    let path = key_files(&dir.join("journal")).unwrap()[0].1.clone();
    let before = fs::read(&path).unwrap();
    let mut after = before.clone();
    after[SLOT_BYTES..2 * SLOT_BYTES].copy_from_slice(&slot);
    fs::write(&path, after).unwrap();
    before
}

#[test]
fn a_key_destroyed_by_another_hand_is_an_alarm() {
    let dir = tempfile::tempdir().unwrap();
    let ids = sealed(dir.path(), false);
    let session = *ids[0].as_bytes();
    for found in findings(dir.path(), ids[0]) {
        assert!(found.iter().all(|one| !one.is_alarm()), "{found:?}");
    }
    let forged = Slot::tombstone(session, true, 9, "i|root").to_bytes();
    overwrite(dir.path(), forged);
    let alarm = Finding::ErasedUnsaid { session };
    for found in findings(dir.path(), ids[0]) {
        assert!(found.contains(&alarm) && alarm.is_alarm(), "{found:?}");
    }
    let [_, other] = findings(dir.path(), ids[1]);
    assert!(other.iter().all(|one| !one.is_alarm()), "{other:?}");
}

#[test]
fn a_sealed_sessions_key_that_was_removed_is_an_alarm() {
    let dir = tempfile::tempdir().unwrap();
    let ids = sealed(dir.path(), false);
    overwrite(dir.path(), [0; SLOT_BYTES]);
    let session = *ids[0].as_bytes();
    let alarm = Finding::KeyRemoved { session };
    for found in findings(dir.path(), ids[0]) {
        assert!(found.contains(&alarm) && alarm.is_alarm(), "{found:?}");
    }
    // The header no longer fits: no key of the file is there.
    let path = key_files(&dir.path().join("journal")).unwrap()[0].1.clone();
    let mut bytes = fs::read(&path).unwrap();
    bytes[9] ^= 1;
    fs::write(&path, bytes).unwrap();
    let session = *ids[1].as_bytes();
    let [all, _] = findings(dir.path(), ids[1]);
    assert!(all.contains(&Finding::KeyRemoved { session }), "{all:?}");
}

#[test]
fn one_session_alone_hears_of_its_own_erasure() {
    let dir = tempfile::tempdir().unwrap();
    let ids = sealed(dir.path(), true);
    let session = *ids[0].as_bytes();
    for found in findings(dir.path(), ids[0]) {
        let said = |one: &&Finding| matches!(one, Finding::Erased { session: id, by, .. } if *id == session && by == "i|root");
        assert_eq!(found.iter().filter(said).count(), 1, "{found:?}");
        assert!(found.iter().all(|one| !one.is_alarm()), "{found:?}");
    }
    let [_, other] = findings(dir.path(), ids[1]);
    assert!(
        !other
            .iter()
            .any(|one| matches!(one, Finding::Erased { .. })),
        "{other:?}"
    );
    let key = master(7);
    let secret = ledger::keys::SessionKey::generate().unwrap();
    let tags = ledger::keys::slot::Tags::default();
    let wrapped = ledger::keys::slot::WrappedKey::new(&key, session, &secret, &tags).unwrap();
    overwrite(dir.path(), Slot::Key(wrapped).to_bytes());
    let alarm = Finding::KeyIsBack { session };
    for found in findings(dir.path(), ids[0]) {
        assert!(found.contains(&alarm) && alarm.is_alarm(), "{found:?}");
    }
}
