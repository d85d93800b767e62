//! Taking a journal up again: what the last run left, whole or torn.
//!
//! Must never throw bytes away: a torn tail is copied aside before it is cut off.

use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;

use ledger::journal::{SegmentFile, segments};
use ledger::record::GENESIS;
use ledger::segment::{Item, SEGMENT_HEADER_BYTES, SegmentHeader, items};
use ledger::verify::Head;

use super::disk::sync_folder;
use super::log::Start;
use crate::error::Error;

/// The file whose lock says that somebody writes this journal.
const LOCK: &str = "lock";

/// What was found and done.
pub(crate) struct Recovered {
    pub(crate) start: Start,
    /// Bytes cut off a torn tail.
    pub(crate) torn_bytes: u64,
    /// Held for as long as this process writes.
    pub(crate) lock: File,
}

/// Makes the folder if need be, locks it, and finds where to go on.
pub(crate) fn recover(dir: &Path) -> Result<Recovered, Error> {
    let failed = |doing| {
        let path = dir.display().to_string();
        move |source| Error::Journal {
            doing,
            path,
            source,
        }
    };
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(dir)
        .map_err(failed("make a folder"))?;
    let lock = lock(dir)?;
    let found = segments(dir).map_err(|error| match error {
        ledger::journal::ReadError::Io { source, .. } => failed("list segments")(source),
    })?;
    let next = found.last().map_or(1, |last| last.number + 1);
    let mut torn_bytes = 0;
    // The last segment may be torn within its header: then the one before it says where to go on.
    for file in found.iter().rev() {
        let last = take_up(dir, file).map_err(failed("read a segment"))?;
        torn_bytes += last.torn_bytes;
        if let Some((journal, head)) = last.place {
            let start = Start {
                journal,
                segment: next,
                head,
            };
            return Ok(Recovered {
                start,
                torn_bytes,
                lock,
            });
        }
    }
    let mut journal = [0; 16];
    getrandom::fill(&mut journal).map_err(|_| Error::Random)?;
    let start = Start {
        journal,
        segment: next,
        head: Head {
            sequence: 0,
            hash: GENESIS,
        },
    };
    Ok(Recovered {
        start,
        torn_bytes,
        lock,
    })
}

/// Takes the journal's lock, which says that somebody writes it.
pub(crate) fn lock(dir: &Path) -> Result<File, Error> {
    let path = dir.display().to_string();
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(dir.join(LOCK));
    let file = file.map_err(|source| Error::Journal {
        doing: "make the lock",
        path: path.clone(),
        source,
    })?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(fs::TryLockError::WouldBlock) => Err(Error::JournalInUse { path }),
        Err(fs::TryLockError::Error(source)) => Err(Error::Journal {
            doing: "take the lock",
            path,
            source,
        }),
    }
}

struct Last {
    /// The journal's id and its last record, where this segment can tell.
    place: Option<([u8; 16], Head)>,
    torn_bytes: u64,
}

/// Reads one segment to its end, and cuts a torn tail off.
fn take_up(dir: &Path, file: &SegmentFile) -> std::io::Result<Last> {
    let bytes = fs::read(&file.path)?;
    let Some(header) = SegmentHeader::parse(&bytes) else {
        let torn_bytes = match bytes.len() < SEGMENT_HEADER_BYTES {
            // Torn while it was made: nothing is in it, and an empty file would only confuse.
            true => set_aside(dir, file, &bytes, 0)?,
            false => 0,
        };
        return Ok(Last {
            place: None,
            torn_bytes,
        });
    };
    let mut head = Head {
        sequence: header.first_sequence.saturating_sub(1),
        hash: header.before,
    };
    let mut torn_bytes = 0;
    for item in items(&bytes) {
        match item {
            Item::Record { record, .. } => {
                head = Head {
                    sequence: record.header.sequence,
                    hash: record.hash,
                };
            }
            // Left as it is: verification says so, and nothing is written into this segment again.
            Item::Damage { .. } => {}
            Item::Torn { offset, .. } => torn_bytes = set_aside(dir, file, &bytes, offset)?,
        }
    }
    Ok(Last {
        place: Some((header.journal, head)),
        torn_bytes,
    })
}

/// Copies a segment's tail to a file beside it, durably, and then cuts it off; removes a segment cut to nothing.
fn set_aside(dir: &Path, file: &SegmentFile, bytes: &[u8], offset: usize) -> std::io::Result<u64> {
    let tail = bytes.get(offset..).unwrap_or_default();
    let name = format!("{:08}.torn-{offset}", file.number);
    let mut copy = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(dir.join(name))?;
    copy.write_all(tail)?;
    copy.sync_all()?;
    sync_folder(dir)?;
    if offset == 0 {
        fs::remove_file(&file.path)?;
        sync_folder(dir)?;
    } else {
        let segment = OpenOptions::new().write(true).open(&file.path)?;
        segment.set_len(offset as u64)?;
        segment.sync_all()?;
    }
    Ok(tail.len() as u64)
}
