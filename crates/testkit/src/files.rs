//! Where things lie: the repository's own files, and scratch folders that vanish with the test.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};

use tempfile::TempDir;

/// The uid and gid of Debian's `nobody` and `nogroup`, as whom servers run that refuse to be root.
pub(crate) const NOBODY: (u32, u32) = (65534, 65534);

/// A path inside the repository.
pub fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .join(path)
}

/// Cargo's target folder, under which `scripts/setup.sh` puts what it fetches.
pub fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| repository("target"), PathBuf::from)
}

/// Whether this process is root, and servers must be given another user.
pub(crate) fn is_root() -> bool {
    // SAFETY: geteuid takes nothing, cannot fail and touches no memory of ours.
    #[expect(unsafe_code, reason = "libc has no safe wrapper for geteuid")]
    let uid = unsafe { libc::geteuid() };
    uid == 0
}

/// A folder for one test; gone when dropped.
#[derive(Debug)]
pub struct Scratch {
    directory: TempDir,
}

impl Scratch {
    /// Makes an empty folder that only its owner can read.
    ///
    /// # Panics
    /// When the folder cannot be made.
    pub fn new() -> Self {
        let directory = tempfile::Builder::new()
            .prefix("portcullis-test-")
            .tempdir();
        Self {
            directory: directory.expect("a scratch folder"),
        }
    }

    /// Makes an empty folder that belongs to whom servers run as.
    pub(crate) fn for_server() -> Self {
        let scratch = Self::new();
        if is_root() {
            scratch.give_away(scratch.path());
        }
        scratch
    }

    /// Hands a file or folder inside to whom servers run as.
    pub(crate) fn give_away(&self, path: &Path) {
        chown(path, Some(NOBODY.0), Some(NOBODY.1)).expect("give a scratch file away");
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    /// Writes a file that only its owner can read, and answers its path.
    ///
    /// # Panics
    /// When it cannot be written.
    pub fn write(&self, name: &str, contents: &str) -> PathBuf {
        let path = self.path().join(name);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).expect("make a folder in the scratch folder");
        }
        fs::write(&path, contents).expect("write into the scratch folder");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("protect the file");
        path
    }

    /// Copies a folder of the repository, links followed, and answers the copy's path.
    ///
    /// # Panics
    /// When it cannot be copied.
    pub fn copy(&self, from: &Path, name: &str) -> PathBuf {
        let to = self.path().join(name);
        copy_folder(from, &to);
        to
    }
}

impl Default for Scratch {
    fn default() -> Self {
        Self::new()
    }
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("make the copy's folder");
    for entry in fs::read_dir(from).expect("read the folder to copy") {
        let path = entry.expect("read an entry").path();
        let Some(name) = path.file_name() else {
            continue;
        };
        if path.is_dir() {
            copy_folder(&path, &to.join(name));
        } else {
            fs::copy(&path, to.join(name)).expect("copy a file");
        }
    }
}
