//! The journal's files: append, sync, cut, and the space kept in reserve. A trait, so that tests can break them.
//!
//! Must never buffer: what `append` took is with the operating system.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::{FallocateFlags, fallocate};

/// The file that holds space for the last words.
const RESERVE: &str = "reserve";

/// One segment's file.
pub(crate) trait DiskFile: Send + Sync {
    /// Appends; says how much it took, which may be less.
    fn append(&self, bytes: &[u8]) -> io::Result<usize>;
    /// Brings what was appended onto the disk.
    fn sync(&self) -> io::Result<()>;
    /// Cuts the file to a length.
    fn cut(&self, length: u64) -> io::Result<()>;
}

/// The journal's folder.
pub(crate) trait Disk: Send + Sync {
    /// Makes a new file and makes its name durable.
    fn create(&self, name: &str) -> io::Result<Arc<dyn DiskFile>>;
    /// Removes a file that could not be made whole.
    fn remove(&self, name: &str) -> io::Result<()>;
    /// Sets space aside.
    fn reserve(&self, bytes: u64) -> io::Result<()>;
    /// Gives the space back.
    fn release(&self) -> io::Result<()>;
}

/// A real folder.
pub(crate) struct Folder(pub(crate) PathBuf);

impl Disk for Folder {
    fn create(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
        let path = self.0.join(name);
        let file = OpenOptions::new()
            .append(true)
            .create_new(true)
            .mode(0o600)
            .open(&path)?;
        sync_folder(path.parent().unwrap_or(&self.0))?;
        Ok(Arc::new(file))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        std::fs::remove_file(self.0.join(name))
    }

    fn reserve(&self, bytes: u64) -> io::Result<()> {
        let path = self.0.join(RESERVE);
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path)?;
        let reserved = set_aside(&file, bytes);
        if reserved.is_err() {
            // Half a reserve is none, and its space is wanted elsewhere.
            std::fs::remove_file(&path)?;
        }
        reserved
    }

    fn release(&self) -> io::Result<()> {
        match std::fs::remove_file(self.0.join(RESERVE)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            other => other,
        }
    }
}

fn set_aside(file: &File, bytes: u64) -> io::Result<()> {
    if bytes == 0 {
        return file.set_len(0);
    }
    match fallocate(file, FallocateFlags::empty(), 0, bytes) {
        Ok(()) => file.set_len(bytes),
        Err(rustix::io::Errno::OPNOTSUPP | rustix::io::Errno::NOSYS) => write_zeros(file, bytes),
        Err(errno) => Err(errno.into()),
    }
}

/// For file systems that cannot set space aside otherwise.
fn write_zeros(mut file: &File, bytes: u64) -> io::Result<()> {
    let zeros = vec![0; 1 << 20];
    let mut left = bytes;
    while left > 0 {
        let some = usize::try_from(left).map_or(zeros.len(), |left| left.min(zeros.len()));
        file.write_all(&zeros[..some])?;
        left -= some as u64;
    }
    file.sync_data()
}

/// Makes names in a folder durable.
pub(crate) fn sync_folder(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

impl DiskFile for File {
    fn append(&self, bytes: &[u8]) -> io::Result<usize> {
        let mut file: &Self = self;
        file.write(bytes)
    }

    fn sync(&self) -> io::Result<()> {
        self.sync_data()
    }

    fn cut(&self, length: u64) -> io::Result<()> {
        self.set_len(length)
    }
}
