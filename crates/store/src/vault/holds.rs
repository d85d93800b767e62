//! The file of legal holds, and the note of an erasure that was begun.
//!
//! Must never leave half a file: each is written aside and renamed.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use gate::archive::{Cause, Hold, HoldOn};
use ledger::keys::slot::Slot;
use serde::{Deserialize, Serialize};

use super::Place;
use crate::journal::disk::sync_folder;

const HOLDS: &str = "holds.json";
const ERASING: &str = "erasing.json";

#[derive(Serialize, Deserialize)]
struct Row {
    id: String,
    kind: String,
    value: String,
    by: String,
    reason: String,
    placed: u64,
}

/// A slot of a session that is to be erased.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct Condemned {
    pub(super) session: [u8; 16],
    pub(super) place: Place,
    /// Whether it was a session, not only a login that was turned away.
    pub(super) opened: bool,
}

/// An erasure that was begun. It names every slot: whoever finishes it needs to believe nothing that the slots say.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct Erasing {
    pub(super) slots: Vec<Condemned>,
    pub(super) by: String,
    pub(super) reason: String,
    /// When, in microseconds since the Unix epoch.
    pub(super) time: u64,
}

impl Erasing {
    pub(super) fn cause(&self) -> Cause {
        Cause {
            by: self.by.clone(),
            reason: self.reason.clone(),
        }
    }

    /// What is to stand in each slot.
    pub(super) fn tombstones(&self) -> Vec<(Place, Slot)> {
        let tombstone = |one: &Condemned| {
            let slot = Slot::tombstone(one.session, one.opened, self.time, &self.by);
            (one.place, slot)
        };
        self.slots.iter().map(tombstone).collect()
    }
}

/// Makes the file of holds where no key was ever written.
///
/// # Errors
/// [`io::Error`]: it cannot be written, or keys are there and it is not: then nobody knows what is held.
pub(super) fn begin_holds(keys: &Path, has_keys: bool) -> io::Result<()> {
    let path = keys.join(HOLDS);
    if path.try_exists()? {
        return Ok(());
    }
    if has_keys {
        return Err(damaged(&format!(
            "{} is gone: bring it back from a backup, or, if there are no legal holds, make it with the content []",
            path.display()
        )));
    }
    write_holds(keys, &[])
}

/// Reads the holds.
pub(super) fn read_holds(keys: &Path) -> io::Result<Vec<Hold>> {
    let rows: Option<Vec<Row>> = read(&keys.join(HOLDS))?;
    let rows = rows.ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))?;
    let hold = |row: Row| {
        let on = HoldOn::parse(&row.kind, &row.value);
        let on = on.ok_or_else(|| damaged("a hold is on nothing that is known"))?;
        Ok(Hold {
            id: row.id,
            on,
            cause: Cause {
                by: row.by,
                reason: row.reason,
            },
            placed: row.placed,
        })
    };
    rows.into_iter().map(hold).collect()
}

pub(super) fn write_holds(keys: &Path, holds: &[Hold]) -> io::Result<()> {
    let row = |hold: &Hold| {
        let (kind, value) = hold.on.words();
        Row {
            id: hold.id.clone(),
            kind: kind.to_owned(),
            value,
            by: hold.cause.by.clone(),
            reason: hold.cause.reason.clone(),
            placed: hold.placed,
        }
    };
    let rows: Vec<Row> = holds.iter().map(row).collect();
    write(keys, HOLDS, &rows)
}

/// Which erasure was begun, if any.
pub(super) fn read_erasing(keys: &Path) -> io::Result<Option<Erasing>> {
    read(&keys.join(ERASING))
}

pub(super) fn write_erasing(keys: &Path, erasing: &Erasing) -> io::Result<()> {
    write(keys, ERASING, erasing)
}

pub(super) fn end_erasing(keys: &Path) -> io::Result<()> {
    fs::remove_file(keys.join(ERASING))?;
    sync_folder(keys)
}

pub(super) fn read<T: serde::de::DeserializeOwned>(path: &Path) -> io::Result<Option<T>> {
    match fs::read(path) {
        Ok(bytes) => serde_json::from_slice(&bytes)
            .map(Some)
            .map_err(|error| damaged(&format!("{}: {error}", path.display()))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn damaged(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

pub(super) fn write<T: Serialize>(keys: &Path, name: &str, what: &T) -> io::Result<()> {
    let bytes = serde_json::to_vec(what).map_err(io::Error::other)?;
    let aside = keys.join(format!("{name}.new"));
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&aside)?;
    file.write_all(&bytes)?;
    file.sync_all()?;
    fs::rename(&aside, keys.join(name))?;
    sync_folder(keys)
}
