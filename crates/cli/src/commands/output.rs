//! Where a long answer goes: standard output, or a file that appears when it is whole.
//!
//! Never leaves half of it under the name that was asked for.

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use crate::problem::{Kind, Problem};

/// Bytes gathered before they are written.
const BUFFER_BYTES: usize = 256 * 1024;

/// A write that failed, as a problem.
pub(crate) fn unwritten(error: &io::Error) -> Problem {
    match error.kind() {
        io::ErrorKind::BrokenPipe => Problem::new(Kind::ReaderGone, "the reader has gone away"),
        _ => Problem::failed(format!("the export cannot be written: {error}")),
    }
}

/// Where an export goes: standard output, or a file that appears when it is whole.
pub(crate) struct Output {
    pub(crate) to: BufWriter<Box<dyn Write>>,
    /// The file to sync, where it is written and what it is to be called.
    file: Option<(File, PathBuf, PathBuf)>,
}

impl Output {
    pub(crate) fn open(path: &Path) -> Result<Self, Problem> {
        if path == Path::new("-") {
            let to: Box<dyn Write> = Box::new(io::stdout());
            let to = BufWriter::with_capacity(BUFFER_BYTES, to);
            return Ok(Self { to, file: None });
        }
        let cannot = |error: io::Error| Problem::failed(format!("{}: {error}", path.display()));
        let mut aside = path.as_os_str().to_owned();
        aside.push(format!(".{}.part", std::process::id()));
        let aside = PathBuf::from(aside);
        let mut options = OpenOptions::new();
        options.write(true).create_new(true).mode(0o600);
        let file = options.open(&aside).map_err(cannot)?;
        let to: Box<dyn Write> = Box::new(file.try_clone().map_err(cannot)?);
        Ok(Self {
            to: BufWriter::with_capacity(BUFFER_BYTES, to),
            file: Some((file, aside, path.to_owned())),
        })
    }

    pub(crate) fn keep(mut self) -> Result<(), Problem> {
        self.to.flush().map_err(|error| unwritten(&error))?;
        let Some((file, aside, path)) = &self.file else {
            return Ok(());
        };
        let kept = file.sync_all().and_then(|()| std::fs::rename(aside, path));
        kept.map_err(|error| unwritten(&error))
    }

    pub(crate) fn discard(self) {
        if let Some((_, aside, _)) = &self.file {
            // What cannot be removed bears a name that says that it is a part.
            std::fs::remove_file(aside).ok();
        }
    }
}
