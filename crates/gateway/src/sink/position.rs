//! How far a sink came, on disk.
//!
//! Must never say more than was delivered: it is written after delivery, whole or not at all.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// How far a sink came.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Position {
    /// The events of all records up to this one are delivered.
    pub(crate) delivered: u64,
    /// The record that reading begins with, so that what comes next is understood.
    pub(crate) resume: u64,
}

/// What the file says: a position in another journal is none.
#[derive(Serialize, Deserialize)]
struct Kept {
    journal: String,
    #[serde(flatten)]
    position: Position,
}

/// The file that says so.
pub(crate) struct Place {
    dir: PathBuf,
    path: PathBuf,
    journal: String,
}

impl Place {
    /// Where a sink of this name keeps its position in this journal.
    pub(crate) fn new(dir: &Path, name: &str, journal: [u8; 16]) -> Self {
        Self {
            dir: dir.to_owned(),
            path: dir.join(format!("{name}.json")),
            journal: ledger::Hex(&journal).to_string(),
        }
    }

    /// What it says; `None` for a sink that is new. A sink that followed another journal begins this one at its beginning.
    pub(crate) fn read(&self) -> io::Result<Option<Position>> {
        let bytes = match fs::read(&self.path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let kept: Kept = serde_json::from_slice(&bytes)?;
        if kept.journal == self.journal {
            return Ok(Some(kept.position));
        }
        tracing::warn!(path = %self.path.display(), "a sink's position is in another journal: it begins anew");
        Ok(Some(Position {
            delivered: 0,
            resume: 1,
        }))
    }

    pub(crate) fn write(&self, position: Position) -> io::Result<()> {
        let aside = self.path.with_extension("new");
        let mut file = fs::File::create(&aside)?;
        let journal = self.journal.clone();
        file.write_all(&serde_json::to_vec(&Kept { journal, position })?)?;
        file.sync_all()?;
        fs::rename(&aside, &self.path)?;
        fs::File::open(&self.dir)?.sync_all()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_position_is_kept_and_counts_in_its_journal_alone() {
        let dir = std::env::temp_dir().join(format!("portcullis-position-{}", std::process::id()));
        fs::create_dir_all(&dir).unwrap();
        let position = Position {
            delivered: 70,
            resume: 3,
        };
        let place = Place::new(&dir, "s", [1; 16]);
        assert_eq!(place.read().unwrap(), None);
        place.write(position).unwrap();
        assert_eq!(place.read().unwrap(), Some(position));
        let other = Place::new(&dir, "s", [2; 16]).read().unwrap().unwrap();
        assert_eq!((other.delivered, other.resume), (0, 1));
        fs::write(dir.join("s.json"), b"{").unwrap();
        assert!(place.read().is_err(), "what cannot be read is no beginning");
        fs::remove_dir_all(dir).unwrap();
    }
}
