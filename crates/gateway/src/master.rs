//! The master key of recordings, from a file or an environment variable; made at the first start where neither is named.
//!
//! Must never make a second one beside keys that are wrapped by a first, and never log one.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use gate::ports::{MasterKeys, PortError};
use ledger::keys::MasterKey;
use ledger::keys::wrapped::key_files;
use zeroize::Zeroizing;

use crate::config::{Config, RecordingConfig};

/// The name of the file that is made.
const OWN: &str = "master.key";

#[derive(Debug)]
enum Source {
    File(PathBuf),
    Variable(String),
    /// This file, made where it is missing and the journal in this folder has no keys yet.
    Own(PathBuf, PathBuf),
}

/// The master keys that the configuration names.
#[derive(Debug)]
pub struct ConfiguredMaster {
    source: Source,
    old: Vec<PathBuf>,
}

impl ConfiguredMaster {
    /// Takes the places from configuration; nothing is read yet. `None` where nothing is to be encrypted and nothing
    /// was.
    pub fn new(config: &Config, journal: &Path) -> Option<Self> {
        Self::of(
            &config.recording,
            config.gateway.data_dir.join(OWN),
            journal,
        )
    }

    fn of(wish: &RecordingConfig, own: PathBuf, journal: &Path) -> Option<Self> {
        let source = match (&wish.master_key_file, &wish.master_key_env) {
            (Some(file), _) => Source::File(file.clone()),
            (None, Some(variable)) => Source::Variable(variable.clone()),
            (None, None) if wish.encrypt || is_there(&own) || has_keys(journal) => {
                Source::Own(own, journal.to_owned())
            }
            (None, None) => return None,
        };
        let old = wish.old_master_key_files.clone();
        Some(Self { source, old })
    }
}

impl MasterKeys for ConfiguredMaster {
    fn fetch(&self) -> Result<Vec<MasterKey>, PortError> {
        let first = match &self.source {
            Source::File(path) => read(path)?,
            Source::Variable(name) => {
                let text = std::env::var(name).map(Zeroizing::new);
                let text = text.map_err(|_| {
                    failed(format!("the environment variable {name} is not set").into())
                })?;
                MasterKey::parse(&text)
                    .map_err(|error| failed(format!("{name}: {error}").into()))?
            }
            Source::Own(path, journal) => own(path, journal)?,
        };
        let old = self.old.iter().map(|path| read(path));
        std::iter::once(Ok(first)).chain(old).collect()
    }
}

fn failed(source: Box<dyn std::error::Error + Send + Sync>) -> PortError {
    PortError::Failed {
        what: "reading it",
        source,
    }
}

fn read(path: &Path) -> Result<MasterKey, PortError> {
    let refused = |what: String| failed(format!("{}: {what}", path.display()).into());
    let text = fs::read_to_string(path).map_err(|error| refused(error.to_string()))?;
    let text = Zeroizing::new(text);
    let mode = fs::metadata(path)
        .map_err(|error| refused(error.to_string()))?
        .mode();
    if mode & 0o077 != 0 {
        let shown = mode & 0o777;
        return Err(refused(format!(
            "may be read by others (mode {shown:o}): chmod 600"
        )));
    }
    MasterKey::parse(&text).map_err(|error| refused(error.to_string()))
}

/// Whether something stands there, a link that leads nowhere too: what it led to is on a disk that is not there now.
fn is_there(path: &Path) -> bool {
    path.symlink_metadata().is_ok()
}

/// Whether a journal has wrapped keys; one that cannot be read has.
fn has_keys(journal: &Path) -> bool {
    key_files(journal).map_or(true, |files| !files.is_empty())
}

fn own(path: &Path, journal: &Path) -> Result<MasterKey, PortError> {
    if is_there(path) {
        return read(path);
    }
    let keys = key_files(journal).map_err(|error| failed(error.into()))?;
    if !keys.is_empty() {
        let what = format!(
            "{} is missing, and recordings are encrypted under it",
            path.display()
        );
        return Err(failed(what.into()));
    }
    let key = make(path)?;
    tracing::info!(key = %key.id(), path = %path.display(), "made a master key: keep a copy elsewhere");
    Ok(key)
}

/// The master key in a file, or a new one in a new file.
///
/// # Errors
/// [`PortError`]: it cannot be read or made, or others may read it.
pub fn read_or_make(path: &Path) -> Result<MasterKey, PortError> {
    match is_there(path) {
        true => read(path),
        false => make(path),
    }
}

fn make(path: &Path) -> Result<MasterKey, PortError> {
    let key = MasterKey::generate().map_err(|error| failed(error.into()))?;
    write(path, &key.to_text()).map_err(|error| failed(error.into()))?;
    Ok(key)
}

/// Aside first: half a key would keep the gateway from ever starting.
fn write(path: &Path, text: &str) -> io::Result<()> {
    let aside = path.with_extension("key.new");
    // One that a crash left may be readable by others.
    match fs::remove_file(&aside) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&aside)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&aside, path)?;
    fs::File::open(path.parent().unwrap_or(Path::new(".")))?.sync_all()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_key_is_made_once_and_never_beside_wrapped_ones() {
        let folder = std::env::temp_dir().join(format!("portcullis-master-{}", std::process::id()));
        let journal = folder.join("journal");
        fs::create_dir_all(journal.join("keys")).unwrap();
        let path = folder.join(OWN);
        let master = ConfiguredMaster {
            source: Source::Own(path.clone(), journal.clone()),
            old: Vec::new(),
        };
        let first = master.fetch().unwrap()[0].id();
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        assert_eq!(master.fetch().unwrap()[0].id(), first);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        assert!(master.fetch().is_err(), "others may read it");
        fs::remove_file(&path).unwrap();
        fs::write(journal.join("keys/00000001.pck"), "").unwrap();
        assert!(master.fetch().is_err(), "another one would be made");
        let plain = RecordingConfig {
            encrypt: false,
            ..RecordingConfig::default()
        };
        let unmade = ConfiguredMaster::of(&plain, path.clone(), &journal);
        assert!(unmade.unwrap().fetch().is_err(), "recordings are under it");
        assert!(ConfiguredMaster::of(&plain, path.clone(), &folder.join("none")).is_none());
        std::os::unix::fs::symlink(folder.join("nowhere"), &path).unwrap();
        assert!(master.fetch().is_err(), "its disk is not there");
        fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn an_error_does_not_say_what_stood_there() {
        let path = std::env::temp_dir().join(format!("portcullis-bad-{}", std::process::id()));
        write(&path, "portcullis-master-key-1:c2VjcmV0").unwrap();
        let error = read(&path).unwrap_err();
        let told = format!("{error} {:?}", std::error::Error::source(&error));
        assert!(
            !told.contains("c2VjcmV0") && told.contains("portcullis-bad"),
            "{told}"
        );
        fs::remove_file(path).unwrap();
    }
}
