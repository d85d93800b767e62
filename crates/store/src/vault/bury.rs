//! Tombstones over keys, in place.
//!
//! Must never overwrite another session's slot, and never say that it is done before the disk has it.

use std::collections::{BTreeMap, HashMap};
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt as _;

use ledger::keys::slot::{SLOT_BYTES, Slot};

use super::{Place, Vault};

impl Vault {
    /// What stands in a slot; `None` where nothing whole does.
    pub(super) fn slot_at(&self, place: Place) -> io::Result<Option<Slot>> {
        let mut bytes = [0; SLOT_BYTES];
        let file = File::open(self.path(place));
        match file.and_then(|file| file.read_exact_at(&mut bytes, place.offset())) {
            Ok(()) => Ok(Slot::parse(&bytes)),
            Err(error) => match error.kind() {
                io::ErrorKind::NotFound | io::ErrorKind::UnexpectedEof => Ok(None),
                _ => Err(error),
            },
        }
    }

    /// Writes tombstones over slots and brings them onto the disk, file by file: also over one that is torn, and over
    /// a tombstone, of which nobody knows whether the disk has it.
    pub(super) fn bury(&self, tombstones: &[(Place, Slot)]) -> io::Result<()> {
        let mut by_file = BTreeMap::<u64, Vec<&(Place, Slot)>>::new();
        for tombstone in tombstones {
            by_file.entry(tombstone.0.file).or_default().push(tombstone);
        }
        for tombstones in by_file.into_values() {
            let Some((first, _)) = tombstones.first() else {
                continue;
            };
            let path = self.path(*first);
            let file = match OpenOptions::new().read(true).write(true).open(&path) {
                // Somebody removed it: nothing is left to be destroyed.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    tracing::error!(file = %path.display(), "a file of keys to be destroyed is gone");
                    continue;
                }
                other => other?,
            };
            for (place, slot) in tombstones {
                overwrite(&file, *place, slot)?;
            }
            file.sync_all()?;
        }
        Ok(())
    }

    /// Destroys the keys that stand beside a tombstone of the same session: somebody put an old file back.
    pub(super) fn bury_beside(&self, erased: &HashMap<[u8; 16], Place>) -> io::Result<()> {
        let mut tombstones = Vec::new();
        for (session, place) in erased {
            let others = self.places_of(session);
            let others = others.iter().filter(|other| *other != place);
            for other in others {
                if let Some(Slot::Key(_)) = self.slot_at(*other)?
                    && let Some(tombstone) = self.slot_at(*place)?
                {
                    tombstones.push((*other, tombstone));
                }
            }
        }
        if tombstones.is_empty() {
            return Ok(());
        }
        let slots = tombstones.len();
        tracing::error!(
            slots,
            "keys of erased sessions were put back: they are destroyed again"
        );
        self.bury(&tombstones)
    }
}

fn overwrite(file: &File, place: Place, tombstone: &Slot) -> io::Result<()> {
    if place.offset() >= file.metadata()?.len() {
        // The file is another, shorter one: there is nothing to destroy in it.
        return Ok(());
    }
    let mut bytes = [0; SLOT_BYTES];
    let there = file.read_exact_at(&mut bytes, place.offset());
    let there = there.ok().and_then(|()| Slot::parse(&bytes));
    if there.is_some_and(|there| there.session() != tombstone.session()) {
        tracing::error!(?place, "a slot to be destroyed is another session's by now");
        return Ok(());
    }
    file.write_all_at(&tombstone.to_bytes(), place.offset())
}
