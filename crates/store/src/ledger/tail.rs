//! Reads the journal behind its writer: each record once, in order, up to what is on disk.
//!
//! Must never search a payload for records where the journal is whole, and never read further than it is told.

use std::io;
use std::path::PathBuf;

use ::ledger::journal::{ReadError, read_at, segments};
use ::ledger::record::{Front, HEADER_BYTES, PAYLOAD_BYTES_MAX, Record};
use ::ledger::segment::{Item, SEGMENT_HEADER_BYTES, SegmentHeader, items_of};
use ::ledger::tlog::batch::Batch;
use ::ledger::verify::Head;

use super::JournalEnd;
use crate::error::Error;

/// Bytes read at once.
const CHUNK_BYTES: usize = 4 * 1024 * 1024;
/// No record is longer.
const RECORD_BYTES_MAX: usize = HEADER_BYTES + PAYLOAD_BYTES_MAX;

/// Where the reader stands.
pub(crate) struct Tail {
    dir: PathBuf,
    /// The last record that was read, or stepped over.
    head: Head,
    /// The segment and the place in it; `None` before the first is there.
    at: Option<(u64, u64)>,
}

impl Tail {
    /// A reader behind what is sealed; behind nothing in a new log, which begins with the oldest segment there is.
    pub(crate) fn open(journal: &JournalEnd<'_>, sealed: Option<Head>) -> Result<Self, Error> {
        let mut tail = Self {
            dir: journal.dir.to_owned(),
            head: Head {
                sequence: 0,
                hash: [0; 32],
            },
            at: None,
        };
        match sealed {
            None => tail.begin()?,
            Some(sealed) => tail.seek(sealed, journal)?,
        }
        Ok(tail)
    }

    /// The last record that was read.
    pub(crate) fn head(&self) -> Head {
        self.head
    }

    fn begin(&mut self) -> Result<(), Error> {
        let first = self.headers()?.into_iter().next();
        if let Some((number, header)) = first {
            self.head = before(&header);
            self.at = Some((number, SEGMENT_HEADER_BYTES as u64));
        }
        Ok(())
    }

    /// Finds the last sealed record; it must be there and be the one that was sealed.
    fn seek(&mut self, sealed: Head, journal: &JournalEnd<'_>) -> Result<(), Error> {
        let number = sealed.sequence;
        let contradicted = |what: String| {
            let path = journal.dir.display().to_string();
            Err(Error::LedgerContradicted { path, what })
        };
        let last = journal.last;
        if last < number {
            return contradicted(format!(
                "record {number} of the journal was sealed, and the journal ends with record {last}: it was cut or rolled back"
            ));
        }
        let other = || {
            format!(
                "record {number} of the journal is not the one that was sealed: it was edited or forked"
            )
        };
        // The segment that holds it, or begins right behind it.
        let headers = self.headers()?;
        let held = headers
            .iter()
            .rev()
            .find(|(_, header)| header.first_sequence <= number);
        if let Some((segment, header)) = held {
            self.head = before(header);
            self.at = Some((*segment, SEGMENT_HEADER_BYTES as u64));
            let mut batch = Batch::after(self.head);
            while self.head.sequence < number {
                let before = self.head.sequence;
                self.read(&mut batch, number)
                    .map_err(|error| self.failed(error))?;
                if self.head.sequence == before {
                    return contradicted(format!(
                        "record {number} of the journal was sealed and is missing"
                    ));
                }
                batch = Batch::after(self.head);
            }
            return match self.head == sealed {
                true => Ok(()),
                false => contradicted(other()),
            };
        }
        // What was sealed has been put away; the next segment says what stood before it.
        match headers.first() {
            Some((segment, header)) if before(header) == sealed => {
                self.head = sealed;
                self.at = Some((*segment, SEGMENT_HEADER_BYTES as u64));
                Ok(())
            }
            Some((_, header)) if before(header).sequence == number => contradicted(other()),
            Some(_) | None => contradicted(format!(
                "record {number} of the journal was sealed and is missing"
            )),
        }
    }

    /// Reads into a batch until it is full, or holds the record `last`.
    pub(crate) fn read(&mut self, batch: &mut Batch, last: u64) -> io::Result<()> {
        let mut room = CHUNK_BYTES;
        while self.head.sequence < last && !batch.is_full() {
            let Some((segment, offset)) = self.at else {
                self.begin().map_err(io::Error::other)?;
                match self.at {
                    Some(_) => continue,
                    None => return Ok(()),
                }
            };
            let chunk = self.chunk(segment, offset, room)?;
            let (used, front) = self.take(&chunk, batch, last);
            self.at = Some((segment, offset + used as u64));
            if used > 0 {
                room = CHUNK_BYTES;
                continue;
            }
            match front {
                Front::Short if chunk.len() == room && room < RECORD_BYTES_MAX => room *= 4,
                Front::Record(..) | Front::Short | Front::Damaged => {
                    if !self.step_over(segment, offset, &chunk)? {
                        return Ok(());
                    }
                }
            }
        }
        Ok(())
    }

    /// Takes whole records from the front of a chunk; says how many bytes, and what stands behind.
    fn take<'a>(&mut self, chunk: &'a [u8], batch: &mut Batch, last: u64) -> (usize, Front<'a>) {
        let mut used = 0;
        loop {
            let front = Record::front(chunk.get(used..).unwrap_or_default());
            let Front::Record(record, length) = front else {
                return (used, front);
            };
            if record.header.sequence > last || batch.is_full() {
                return (used, front);
            }
            batch.take(&record);
            self.head = batch.last();
            used += length;
        }
    }

    /// Goes on behind damage or a segment's end; `false` when there is nothing further.
    fn step_over(&mut self, segment: u64, offset: u64, chunk: &[u8]) -> io::Result<bool> {
        let found = segments(&self.dir).map_err(|ReadError::Io { source, .. }| source)?;
        let next = found.iter().find(|file| file.number > segment);
        let rest = self.chunk(segment, offset, usize::MAX)?;
        if (next.is_some() || !chunk.is_empty())
            && let Some(Item::Damage { bytes, .. }) = items_of(&rest).next()
        {
            tracing::error!(
                segment,
                offset,
                bytes,
                "damaged bytes in the journal cannot be sealed"
            );
            self.at = Some((segment, offset + bytes as u64));
            return Ok(true);
        }
        match next {
            Some(next) => self.at = Some((next.number, SEGMENT_HEADER_BYTES as u64)),
            None => return Ok(false),
        }
        Ok(true)
    }

    fn chunk(&self, segment: u64, offset: u64, room: usize) -> io::Result<Vec<u8>> {
        read_at(&self.dir, segment, offset, room)
    }

    /// The segments whose headers can be read, by number.
    fn headers(&self) -> Result<Vec<(u64, SegmentHeader)>, Error> {
        let found =
            segments(&self.dir).map_err(|ReadError::Io { source, .. }| self.failed(source))?;
        let mut headers = Vec::with_capacity(found.len());
        for file in found {
            let bytes = self.chunk(file.number, 0, SEGMENT_HEADER_BYTES);
            let bytes = bytes.map_err(|source| self.failed(source))?;
            headers.extend(SegmentHeader::parse(&bytes).map(|header| (file.number, header)));
        }
        Ok(headers)
    }

    fn failed(&self, source: io::Error) -> Error {
        let path = self.dir.display().to_string();
        Error::Journal {
            doing: "read a segment",
            path,
            source,
        }
    }
}

fn before(header: &SegmentHeader) -> Head {
    Head {
        sequence: header.first_sequence.saturating_sub(1),
        hash: header.before,
    }
}
