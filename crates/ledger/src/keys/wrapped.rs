//! The wrapped keys beside a journal, read from their files with whatever master keys there are.
//!
//! Must never write: the gateway's store does.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::master::{MasterKey, MasterKeyId};
use super::slot::{Slot, slots};
use super::{Access, Keys};
use crate::journal::ReadError;

/// The folder of key files, in the journal's.
pub const KEYS_FOLDER: &str = "keys";

/// The ending of a key file's name.
pub const KEY_FILE_SUFFIX: &str = ".pck";

/// The name of a key file.
pub fn key_file_name(number: u64) -> String {
    format!("{number:08}{KEY_FILE_SUFFIX}")
}

/// The key files in a journal's folder with their numbers, in order; none where there is no folder of keys. A name that
/// is not written as [`key_file_name`] does is none: no two files have one number.
///
/// # Errors
/// [`ReadError`].
pub fn key_files(journal: &Path) -> Result<Vec<(u64, PathBuf)>, ReadError> {
    let path = journal.join(KEYS_FOLDER);
    let failed = |source| ReadError::Io {
        path: path.clone(),
        source,
    };
    let entries = match fs::read_dir(&path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        other => other.map_err(failed)?,
    };
    let mut found = Vec::new();
    for entry in entries {
        let path = entry.map_err(failed)?.path();
        let name = path.file_name().and_then(|name| name.to_str());
        let digits = name.and_then(|name| name.strip_suffix(KEY_FILE_SUFFIX));
        let number = digits.and_then(|digits| digits.parse().ok());
        if let Some(number) = number.filter(|number| name == Some(&key_file_name(*number))) {
            found.push((number, path));
        }
    }
    found.sort();
    Ok(found)
}

/// The keys of a journal's sessions as its files have them at one moment.
#[derive(Debug, Default)]
pub struct WrappedKeys {
    masters: HashMap<MasterKeyId, MasterKey>,
    slots: HashMap<[u8; 16], Slot>,
}

impl WrappedKeys {
    /// Reads the key files of a journal's folder. Without its master key a session's key is absent.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn read(journal: &Path, masters: Vec<MasterKey>) -> Result<Self, ReadError> {
        let mut keys = Self {
            masters: masters.into_iter().map(|key| (key.id(), key)).collect(),
            slots: HashMap::new(),
        };
        for (_, path) in key_files(journal)? {
            let bytes = fs::read(&path).map_err(|source| ReadError::Io {
                path: path.clone(),
                source,
            })?;
            for (_, slot) in slots(&bytes, None) {
                keys.take(slot);
            }
        }
        Ok(keys)
    }

    fn take(&mut self, slot: Slot) {
        // Where a session has two slots, a tombstone stands: somebody put an old file back beside it.
        let erased = matches!(self.slots.get(slot.session()), Some(Slot::Erased { .. }));
        if !erased {
            self.slots.insert(*slot.session(), slot);
        }
    }

    /// Whether there is any master key.
    pub fn has_masters(&self) -> bool {
        !self.masters.is_empty()
    }

    /// Master keys that are needed and not there, each with the number of sessions under it.
    pub fn missing_masters(&self) -> HashMap<MasterKeyId, u64> {
        let mut missing = HashMap::new();
        for slot in self.slots.values() {
            if let Slot::Key(key) = slot
                && !self.masters.contains_key(&key.master)
            {
                *missing.entry(key.master).or_default() += 1;
            }
        }
        missing
    }
}

impl Keys for WrappedKeys {
    fn key(&self, session: &[u8; 16]) -> Access {
        match self.slots.get(session) {
            Some(Slot::Erased { erasure, .. }) => Access::Erased(erasure.clone()),
            Some(Slot::Key(key)) => {
                let master = self.masters.get(&key.master);
                let key = master.and_then(|master| key.unwrap(master));
                key.map_or(Access::Absent, |(key, _)| Access::Key(key))
            }
            None => Access::Absent,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_number_has_one_name() {
        let dir = tempfile::tempdir().unwrap();
        let keys = dir.path().join(KEYS_FOLDER);
        fs::create_dir(&keys).unwrap();
        for name in [
            "00000001.pck",
            "123456789.pck",
            "1.pck",
            "+1.pck",
            "+0000001.pck",
            "000000001.pck",
            "00000002.pck.new",
            "99999999999999999999.pck",
            "holds.json",
        ] {
            fs::write(keys.join(name), "").unwrap();
        }
        let found = key_files(dir.path()).unwrap();
        let numbers: Vec<u64> = found.iter().map(|(number, _)| *number).collect();
        assert_eq!(numbers, [1, 123_456_789]);
    }
}
