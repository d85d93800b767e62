//! Reads a journal from a place onwards: each record once, in order, with the place where it stands.
//!
//! Must never read further than it is told, and never stop for good at damage or at segments that were put away.

use std::io;
use std::path::Path;

use ::ledger::find::entry::Place;
use ::ledger::journal::{ReadError, read_at, segment_name, segments};
use ::ledger::record::{Front, HEADER_BYTES, PAYLOAD_BYTES_MAX, Record};
use ::ledger::segment::{Item, SEGMENT_HEADER_BYTES, items_of};

/// Bytes read at once.
const CHUNK_BYTES: usize = 1024 * 1024;
/// No record is longer.
const RECORD_BYTES_MAX: usize = HEADER_BYTES + PAYLOAD_BYTES_MAX;

/// Reads a journal's folder.
pub(super) struct Tail<'a> {
    dir: &'a Path,
    /// Where it stands; `None` before the first segment is there.
    at: Option<Place>,
}

impl<'a> Tail<'a> {
    /// A reader that goes on at a place, or begins with the oldest segment.
    pub(super) fn new(dir: &'a Path, at: Option<Place>) -> Self {
        Self { dir, at }
    }

    /// Where it stands.
    pub(super) fn place(&self) -> Option<Place> {
        self.at
    }

    /// Visits the records of the next chunk, none behind the record `last`; says whether there may be more.
    pub(super) fn read(
        &mut self,
        last: u64,
        mut visit: impl FnMut(&Record<'_>, Place),
    ) -> io::Result<bool> {
        let mut room = CHUNK_BYTES;
        loop {
            let Some(at) = self.at else {
                if !self.begin(0)? {
                    return Ok(false);
                }
                continue;
            };
            let chunk = match chunk(self.dir, at, room) {
                Ok(chunk) => chunk,
                // It was put away.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    if !self.begin(at.segment + 1)? {
                        return Ok(false);
                    }
                    continue;
                }
                Err(error) => return Err(error),
            };
            let (used, front) = take(&chunk, at, last, &mut visit);
            if used > 0 {
                self.at = Some(forward(at, used));
                return Ok(!matches!(front, Front::Record(..)));
            }
            match front {
                Front::Record(..) => return Ok(false),
                Front::Short if chunk.len() == room && room < RECORD_BYTES_MAX => room *= 4,
                Front::Short | Front::Damaged => {
                    if !self.step_over(at, &chunk)? {
                        return Ok(false);
                    }
                }
            }
        }
    }

    /// Begins with the oldest segment from a number onwards.
    fn begin(&mut self, from: u64) -> io::Result<bool> {
        let found = segments(self.dir).map_err(|ReadError::Io { source, .. }| source)?;
        let next = found.iter().find(|file| file.number >= from);
        if let Some(next) = next {
            self.at = Some(Place {
                segment: next.number,
                offset: SEGMENT_HEADER_BYTES as u64,
            });
        }
        Ok(next.is_some())
    }

    /// Goes on behind damage or a segment's end; `false` when there is nothing further.
    fn step_over(&mut self, at: Place, chunk: &[u8]) -> io::Result<bool> {
        if !chunk.is_empty() {
            let rest = self::chunk(self.dir, at, usize::MAX)?;
            if let Some(Item::Damage { bytes, .. }) = items_of(&rest).next() {
                self.at = Some(forward(at, bytes));
                return Ok(true);
            }
        }
        let is_behind = self.begin(at.segment + 1)?;
        // Something may have been written there before the next segment was begun.
        if is_behind && length(self.dir, at)? > at.offset + chunk.len() as u64 {
            self.at = Some(at);
        }
        Ok(is_behind)
    }
}

/// Visits whole records at the front of a chunk; says how many bytes, and what stands behind.
fn take<'c>(
    chunk: &'c [u8],
    at: Place,
    last: u64,
    visit: &mut impl FnMut(&Record<'_>, Place),
) -> (usize, Front<'c>) {
    let mut used = 0;
    loop {
        let front = Record::front(chunk.get(used..).unwrap_or_default());
        match front {
            Front::Record(record, length) if record.header.sequence <= last => {
                visit(&record, forward(at, used));
                used += length;
            }
            Front::Record(..) | Front::Short | Front::Damaged => return (used, front),
        }
    }
}

fn forward(at: Place, bytes: usize) -> Place {
    Place {
        segment: at.segment,
        offset: at.offset + bytes as u64,
    }
}

/// Bytes of a journal from a place onwards.
pub(super) fn bytes_behind(dir: &Path, at: Option<Place>) -> u64 {
    let from = at.map_or(0, |at| at.segment);
    let before = at.map_or(0, |at| at.offset);
    let length = |number: u64| std::fs::metadata(dir.join(segment_name(number)));
    // As a rule it stands in the newest one.
    if at.is_some() && length(from + 1).is_err() {
        return length(from).map_or(0, |found| found.len().saturating_sub(before));
    }
    let files = segments(dir).unwrap_or_default();
    let files = files.iter().filter(|file| file.number >= from);
    let lengths = files.map(|file| {
        let before = if file.number == from { before } else { 0 };
        length(file.number).map_or(0, |found| found.len().saturating_sub(before))
    });
    lengths.sum()
}

fn length(dir: &Path, at: Place) -> io::Result<u64> {
    Ok(std::fs::metadata(dir.join(segment_name(at.segment)))?.len())
}

fn chunk(dir: &Path, at: Place, room: usize) -> io::Result<Vec<u8>> {
    read_at(dir, at.segment, at.offset, room)
}
