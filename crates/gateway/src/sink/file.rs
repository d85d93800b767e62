//! A file of lines, put away when it is long.
//!
//! Must never leave half a line, and counts nothing as delivered that is not on disk.

use std::fs;
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use super::{Failure, Output, Told};
use crate::config::SinkConfig;

/// Where nothing else is configured: bytes of a file, and how many are kept.
const ROTATE_BYTES: u64 = 100 * 1024 * 1024;
const KEEP: u32 = 10;

/// A file of lines.
pub(crate) struct File {
    path: PathBuf,
    rotate: u64,
    keep: u32,
    open: Option<(fs::File, u64)>,
}

impl File {
    pub(crate) fn new(config: &SinkConfig) -> Result<Self> {
        let path = config.path.clone().context("path is needed")?;
        Ok(Self {
            path,
            rotate: config.rotate.map_or(ROTATE_BYTES, |bytes| bytes.0.max(1)),
            keep: config.keep.unwrap_or(KEEP),
            open: None,
        })
    }

    fn append(&mut self, lines: &[u8]) -> io::Result<()> {
        if self
            .open
            .as_ref()
            .is_some_and(|(_, length)| *length >= self.rotate)
        {
            self.open = None;
            self.put_away()?;
        }
        let (file, length) = match &mut self.open {
            Some(open) => open,
            None => self.open.insert(open(&self.path)?),
        };
        file.write_all(lines)?;
        file.sync_data()?;
        *length += lines.len() as u64;
        Ok(())
    }

    /// `events.jsonl` becomes `events.jsonl.1`, that becomes `.2`; the oldest goes.
    fn put_away(&self) -> io::Result<()> {
        for number in (1..=self.keep).rev() {
            let (from, to) = (self.numbered(number - 1), self.numbered(number));
            match fs::rename(from, to) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                Ok(()) | Err(_) => {}
            }
        }
        if self.keep == 0 {
            fs::remove_file(&self.path)?;
        }
        sync_folder(&self.path)
    }

    fn numbered(&self, number: u32) -> PathBuf {
        if number == 0 {
            return self.path.clone();
        }
        let mut name = self.path.as_os_str().to_owned();
        name.push(format!(".{number}"));
        name.into()
    }
}

/// Opens the file behind its last whole line: what a crash left of another goes again.
fn open(path: &Path) -> io::Result<(fs::File, u64)> {
    let mut options = fs::OpenOptions::new();
    options.create(true).read(true).append(true).mode(0o600);
    let mut file = options.open(path)?;
    let mut end = file.metadata()?.len();
    let mut chunk = [0; 4096];
    while end > 0 {
        let from = end.saturating_sub(chunk.len() as u64);
        let length = usize::try_from(end - from).unwrap_or(chunk.len());
        let part = chunk.get_mut(..length).unwrap_or_default();
        file.seek(SeekFrom::Start(from))?;
        file.read_exact(part)?;
        if let Some(at) = part.iter().rposition(|byte| *byte == b'\n') {
            end = from + at as u64 + 1;
            break;
        }
        end = from;
        if end == 0 && part.first() != Some(&b'{') {
            return Err(io::Error::other("this is not a file of events"));
        }
    }
    file.set_len(end)?;
    file.sync_all()?;
    sync_folder(path)?;
    Ok((file, end))
}

fn sync_folder(path: &Path) -> io::Result<()> {
    let parent = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty());
    fs::File::open(parent.unwrap_or(Path::new(".")))?.sync_all()
}

impl Output for File {
    fn deliver(&mut self, events: &[Told]) -> Result<(), Failure> {
        let mut lines = String::new();
        for event in events {
            lines.push_str(&event.json.to_string());
            lines.push('\n');
        }
        self.append(lines.as_bytes()).map_err(|error| {
            // Opened anew, so that what was half written is cut off.
            self.open = None;
            Failure::new(format!("{}: {error}", self.path.display()))
        })
    }
}
