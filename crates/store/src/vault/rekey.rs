//! Wrapping all keys of a journal anew, under another master key, while nobody writes it.
//!
//! Must never leave a key that neither master key unwraps: each slot is rewritten in place, and none straddles a sector,
//! so that a crash leaves each as it was or as it shall be.

use std::collections::HashMap;
use std::fs::OpenOptions;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use ledger::journal::ReadError;
use ledger::keys::MasterKey;
use ledger::keys::slot::{SLOT_BYTES, Slot, WrappedKey, slots};
use ledger::keys::wrapped::key_files;

use super::Place;
use crate::error::Error;
use crate::journal::recover::lock;

/// Wraps the keys of a journal's sessions by `to`; says how many were wrapped by another before. Done again after a
/// crash, it goes on.
///
/// # Errors
/// [`Error`]: somebody writes the journal, a file cannot be read or written, or a key is wrapped by a master key that is
/// not among `known`; then that file and those behind it are as they were.
pub fn rekey(journal: &Path, known: &[MasterKey], to: &MasterKey) -> Result<u64, Error> {
    let failed = |doing: &'static str| {
        let path = journal.display().to_string();
        move |source| Error::Journal {
            doing,
            path,
            source,
        }
    };
    let _lock = lock(journal)?;
    let files = key_files(journal);
    let files = files.map_err(|ReadError::Io { source, .. }| failed("list the keys")(source))?;
    let mut erased = HashMap::new();
    for (_, path) in &files {
        let bytes = std::fs::read(path).map_err(failed("read the keys"))?;
        let stones = slots(&bytes, None).filter(|(_, slot)| matches!(slot, Slot::Erased { .. }));
        erased.extend(stones.map(|(_, slot)| (*slot.session(), slot)));
    }
    let mut count = 0;
    for (number, path) in files {
        let before = std::fs::read(&path).map_err(failed("read the keys"))?;
        let mut after = before.clone();
        for (at, slot) in slots(&before, None) {
            let Slot::Key(key) = slot else {
                continue;
            };
            let tombstone = erased.get(&key.session);
            if key.master == to.id() && tombstone.is_none() {
                continue;
            }
            let place = Place {
                file: number,
                slot: at,
            };
            let start = usize::try_from(place.offset()).unwrap_or(usize::MAX);
            if let Some(bytes) = after.get_mut(start..start.saturating_add(SLOT_BYTES)) {
                // Beside a tombstone a key is none that somebody keeps.
                let slot = match tombstone {
                    Some(tombstone) => tombstone.clone(),
                    None => Slot::Key(rewrap(&key, known, to)?),
                };
                bytes.copy_from_slice(&slot.to_bytes());
                count += u64::from(tombstone.is_none());
            }
        }
        if after != before {
            let file = OpenOptions::new().write(true).open(&path);
            let file = file.map_err(failed("open the keys"))?;
            let written = file.write_all_at(&after, 0).and_then(|()| file.sync_all());
            written.map_err(failed("write the keys"))?;
        }
    }
    Ok(count)
}

fn rewrap(key: &WrappedKey, known: &[MasterKey], to: &MasterKey) -> Result<WrappedKey, Error> {
    let master = known.iter().find(|master| master.id() == key.master);
    let opened = master.and_then(|master| key.unwrap(master));
    let (secret, tags) = opened.ok_or_else(|| Error::MasterKey {
        what: format!(
            "a session's key is wrapped by {}, which is not given, or was altered",
            key.master
        ),
    })?;
    let wrapped = WrappedKey::new(to, key.session, &secret, &tags);
    wrapped.map_err(|_| Error::Random)
}
