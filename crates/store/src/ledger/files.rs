//! The ledger's files: the steps that a durable write is made of. A trait, so that tests can cut the power between them.
//!
//! Must never report a step as done that the operating system did not report as done.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use crate::error::Error;

/// The ending of a file that is being written.
const ASIDE: &str = ".new";

/// Steps on files below the log's folder; names are with slashes.
pub(crate) trait Files: Send + Sync {
    /// Makes a folder, if it is not there.
    fn make_folder(&self, name: &str) -> io::Result<()>;
    /// Writes a file anew; what was in it is gone.
    fn write(&self, name: &str, bytes: &[u8]) -> io::Result<()>;
    /// Brings a file's content onto the disk.
    fn sync(&self, name: &str) -> io::Result<()>;
    /// Gives a file another name, in place of what has it.
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;
    /// Brings a folder's names onto the disk; `""` is the log's own.
    fn sync_folder(&self, name: &str) -> io::Result<()>;
    /// Removes a folder with all that is in it.
    fn remove_folder(&self, name: &str) -> io::Result<()>;
    /// Where they are, for messages.
    fn place(&self) -> String;
}

/// Files on a real disk.
pub(crate) struct Disk(pub(crate) PathBuf);

impl Files for Disk {
    fn make_folder(&self, name: &str) -> io::Result<()> {
        let path = self.0.join(name);
        match fs::DirBuilder::new().mode(0o700).create(path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            other => other,
        }
    }

    fn write(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let path = self.0.join(name);
        let mut options = OpenOptions::new();
        let mut file = options
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(path)?;
        file.write_all(bytes)
    }

    fn sync(&self, name: &str) -> io::Result<()> {
        File::open(self.0.join(name))?.sync_all()
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        fs::rename(self.0.join(from), self.0.join(to))
    }

    fn sync_folder(&self, name: &str) -> io::Result<()> {
        File::open(self.0.join(name))?.sync_all()
    }

    fn remove_folder(&self, name: &str) -> io::Result<()> {
        match fs::remove_dir_all(self.0.join(name)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            other => other,
        }
    }

    fn place(&self) -> String {
        self.0.display().to_string()
    }
}

/// The folder of a name.
pub(crate) fn folder_of(name: &str) -> &str {
    name.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// Writes a file so that it is there whole or as it was before, and durable but for its name.
pub(crate) fn put_unnamed(files: &dyn Files, name: &str, bytes: &[u8]) -> io::Result<()> {
    let aside = format!("{name}{ASIDE}");
    files.write(&aside, bytes)?;
    files.sync(&aside)?;
    files.rename(&aside, name)
}

/// Writes a file so that it is there whole or as it was before; when this returns it is there for good.
pub(crate) fn put(files: &dyn Files, name: &str, bytes: &[u8]) -> Result<(), Error> {
    let done = put_unnamed(files, name, bytes).and_then(|()| files.sync_folder(folder_of(name)));
    done.map_err(|source| failed(files, "write", name, source))
}

/// The error of a step.
pub(crate) fn failed(
    files: &dyn Files,
    doing: &'static str,
    name: &str,
    source: io::Error,
) -> Error {
    let path = Path::new(&files.place()).join(name).display().to_string();
    Error::Ledger {
        doing,
        path,
        source,
    }
}
