//! The log's signing key: made once, kept in a file that nobody else may read.
//!
//! Must never print it, and never make a second one for a log that has one.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;

use ledger::tlog::note::{Algorithm, Signer};

use super::LedgerOptions;
use crate::error::Error;
use crate::journal::disk::sync_folder;

/// Reads the key, or makes one for a log that is new.
pub(crate) fn open(
    options: &LedgerOptions,
    is_log: bool,
    journal: &[u8; 16],
) -> Result<Signer, Error> {
    let path = &options.key_file;
    let signer = match fs::read_to_string(path) {
        Ok(text) => read(path, &text)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound && !is_log => make(options, journal)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(refuse(
                path,
                "is missing, and the log has been signed with it".to_owned(),
            ));
        }
        Err(source) => return Err(unusable("read", path, source)),
    };
    let name = signer.verifier().name();
    match &options.origin {
        Some(origin) if origin != name => Err(refuse(
            path,
            format!("is of the log {name}, and ledger.origin says {origin}: a log keeps its name"),
        )),
        Some(_) | None => Ok(signer),
    }
}

fn read(path: &Path, text: &str) -> Result<Signer, Error> {
    let mode = fs::metadata(path)
        .map_err(|source| unusable("read", path, source))?
        .mode();
    if mode & 0o077 != 0 {
        let shown = mode & 0o777;
        return Err(refuse(
            path,
            format!("may be read by others (mode {shown:o}): chmod 600"),
        ));
    }
    let signer = Signer::parse(text)?;
    match signer.verifier().algorithm() {
        Algorithm::Ed25519 => Ok(signer),
        Algorithm::Cosignature => Err(refuse(path, "is a witness's key".to_owned())),
    }
}

fn make(options: &LedgerOptions, journal: &[u8; 16]) -> Result<Signer, Error> {
    let id = ledger::Hex(&journal[..8]);
    let name = options.origin.clone();
    let name = name.unwrap_or_else(|| format!("{}/portcullis/{id}", options.host));
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).map_err(|_| Error::Random)?;
    let (signer, text) = Signer::from_seed(&name, Algorithm::Ed25519, &seed)?;
    seed.fill(0);
    let path = &options.key_file;
    let write = || -> io::Result<()> {
        // Aside first: half a key would keep the gateway from ever starting.
        let aside = path.with_extension("new");
        let mut options = OpenOptions::new();
        let mut file = options
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&aside)?;
        file.write_all(text.as_bytes())?;
        file.write_all(b"\n")?;
        file.sync_all()?;
        fs::rename(&aside, path)?;
        sync_folder(path.parent().unwrap_or(Path::new(".")))
    };
    write().map_err(|source| unusable("make", path, source))?;
    Ok(signer)
}

fn refuse(path: &Path, what: String) -> Error {
    let path = path.display().to_string();
    Error::LedgerKey { path, what }
}

fn unusable(doing: &'static str, path: &Path, source: io::Error) -> Error {
    let path = path.display().to_string();
    Error::Ledger {
        doing,
        path,
        source,
    }
}
