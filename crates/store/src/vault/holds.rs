//! The file of legal holds, and the note of an erasure that was begun.
//!
//! Must never leave half a file: each is written aside and renamed.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use gate::archive::{Cause, Hold, HoldOn};
use model::SessionId;
use serde::{Deserialize, Serialize};

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

/// An erasure that was begun: it is recorded and finished at the next start if it was not finished before.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct Erasing {
    pub(super) sessions: Vec<[u8; 16]>,
    pub(super) by: String,
    pub(super) reason: String,
}

/// Reads the holds; none where there is no file.
pub(super) fn read_holds(keys: &Path) -> io::Result<Vec<Hold>> {
    let rows: Vec<Row> = read(&keys.join(HOLDS))?.unwrap_or_default();
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

pub(super) fn write_erasing(keys: &Path, sessions: &[SessionId], cause: &Cause) -> io::Result<()> {
    let erasing = Erasing {
        sessions: sessions.iter().map(|id| *id.as_bytes()).collect(),
        by: cause.by.clone(),
        reason: cause.reason.clone(),
    };
    write(keys, ERASING, &erasing)
}

pub(super) fn end_erasing(keys: &Path) -> io::Result<()> {
    fs::remove_file(keys.join(ERASING))?;
    sync_folder(keys)
}

fn read<T: serde::de::DeserializeOwned>(path: &Path) -> io::Result<Option<T>> {
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

fn write<T: Serialize>(keys: &Path, name: &str, what: &T) -> io::Result<()> {
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
