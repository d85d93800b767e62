//! How far a sink came, on disk.
//!
//! Must never say more than was delivered: it is written after delivery, whole or not at all.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// How far a sink came.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Position {
    /// The events of all records up to this one are delivered.
    pub(crate) delivered: u64,
    /// The record that reading begins with, so that what comes next is understood.
    pub(crate) resume: u64,
}

/// The file that says so.
pub(crate) struct Place {
    dir: PathBuf,
    path: PathBuf,
}

impl Place {
    pub(crate) fn new(dir: &Path, name: &str) -> Self {
        Self {
            dir: dir.to_owned(),
            path: dir.join(format!("{name}.json")),
        }
    }

    /// What it says; `None` for a sink that is new.
    pub(crate) fn read(&self) -> io::Result<Option<Position>> {
        match fs::read(&self.path) {
            Ok(bytes) => Ok(Some(serde_json::from_slice(&bytes)?)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    pub(crate) fn write(&self, position: Position) -> io::Result<()> {
        let aside = self.path.with_extension("new");
        let mut file = fs::File::create(&aside)?;
        file.write_all(&serde_json::to_vec(&position)?)?;
        file.sync_all()?;
        fs::rename(&aside, &self.path)?;
        fs::File::open(&self.dir)?.sync_all()
    }
}
