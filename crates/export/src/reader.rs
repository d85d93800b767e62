//! Reads a journal's records in order, in chunks, from any place; also while the gateway writes.
//!
//! Must never write, never hold more than a chunk and one record, and never search a payload for records where the
//! journal is whole.

use std::io;
use std::path::{Path, PathBuf};

use ledger::journal::{read_at, segment_name, segments};
use ledger::record::{Front, HEADER_BYTES, PAYLOAD_BYTES_MAX, Record};
use ledger::segment::{Item, SEGMENT_HEADER_BYTES, SegmentHeader, items_of};

use crate::error::Error;

/// Bytes read at once.
const CHUNK_BYTES: usize = 4 * 1024 * 1024;
/// No record is longer.
const RECORD_BYTES_MAX: usize = HEADER_BYTES + PAYLOAD_BYTES_MAX;

/// What a step of reading came to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Step {
    /// There may be more at once.
    More,
    /// There is nothing further now.
    End,
}

/// Where a reader stands.
pub struct Reader {
    dir: PathBuf,
    /// The segment's number and the place in it; `None` before there is any.
    at: Option<(u64, u64)>,
    /// Records below it are stepped over.
    from: u64,
}

impl Reader {
    /// A reader that gives the records from `from` on, or from the oldest there is.
    pub fn new(dir: &Path, from: u64) -> Self {
        Self {
            dir: dir.to_owned(),
            at: None,
            from,
        }
    }

    /// The journal's id, out of its oldest readable segment; `None` when there is none.
    ///
    /// # Errors
    /// [`Error::Read`].
    pub fn journal(&self) -> Result<Option<[u8; 16]>, Error> {
        Ok(self.headers()?.first().map(|(_, header)| header.journal))
    }

    /// Reads one chunk and calls `visit` with each record in it, none behind the record `last`. `visit` says whether
    /// to go on; where it does not, the next step begins with the record after the one it was called with.
    ///
    /// # Errors
    /// [`Error::Read`].
    pub fn step(
        &mut self,
        last: u64,
        mut visit: impl FnMut(&Record<'_>) -> bool,
    ) -> Result<Step, Error> {
        self.step_raw(last, |record, _| visit(record))
    }

    /// As [`Reader::step`]; `visit` also gets the bytes of the record as they stand in the journal.
    ///
    /// # Errors
    /// [`Error::Read`].
    pub(crate) fn step_raw(
        &mut self,
        last: u64,
        mut visit: impl FnMut(&Record<'_>, &[u8]) -> bool,
    ) -> Result<Step, Error> {
        let Some((segment, offset)) = self.place()? else {
            return Ok(Step::End);
        };
        let mut room = CHUNK_BYTES;
        loop {
            let chunk = self.chunk(segment, offset, room)?;
            let (used, end) = self.take(&chunk, last, &mut visit);
            self.at = Some((segment, offset + used as u64));
            match end {
                Stop::Told => return Ok(Step::More),
                Stop::Last => return Ok(Step::End),
                Stop::Short | Stop::Damaged if used > 0 => return Ok(Step::More),
                Stop::Short if chunk.len() == room && room < RECORD_BYTES_MAX => room *= 4,
                Stop::Short | Stop::Damaged => return self.step_over(segment, offset, &chunk),
            }
        }
    }

    fn take(
        &self,
        chunk: &[u8],
        last: u64,
        visit: &mut impl FnMut(&Record<'_>, &[u8]) -> bool,
    ) -> (usize, Stop) {
        let mut used = 0;
        loop {
            let (record, length) = match Record::front(chunk.get(used..).unwrap_or_default()) {
                Front::Record(record, length) => (record, length),
                Front::Short => return (used, Stop::Short),
                Front::Damaged => return (used, Stop::Damaged),
            };
            if record.header.sequence > last {
                return (used, Stop::Last);
            }
            let bytes = chunk.get(used..used + length).unwrap_or_default();
            used += length;
            if record.header.sequence >= self.from && !visit(&record, bytes) {
                return (used, Stop::Told);
            }
        }
    }

    /// The place to read at: the segment that holds the first record that is wanted.
    fn place(&mut self) -> Result<Option<(u64, u64)>, Error> {
        if self.at.is_none() {
            let headers = self.headers()?;
            let held = headers
                .iter()
                .rev()
                .find(|(_, header)| header.first_sequence <= self.from);
            let found = held.or(headers.first());
            self.at = found.map(|(number, _)| (*number, SEGMENT_HEADER_BYTES as u64));
        }
        Ok(self.at)
    }

    /// Goes on behind damage or a segment's end.
    fn step_over(&mut self, segment: u64, offset: u64, chunk: &[u8]) -> Result<Step, Error> {
        let next = segments(&self.dir)?
            .into_iter()
            .find(|file| file.number > segment);
        if chunk.is_empty() && next.is_none() {
            return Ok(Step::End);
        }
        // A segment that has another behind it does not grow any more: what is in it now is all of it.
        let rest = self.chunk(segment, offset, usize::MAX)?;
        match (items_of(&rest).next(), next) {
            (Some(Item::Record { .. }), Some(_)) => {}
            (Some(Item::Damage { bytes, .. }), _) => {
                self.at = Some((segment, offset + bytes as u64));
            }
            (Some(Item::Torn { .. }) | None, Some(next)) => {
                self.at = Some((next.number, SEGMENT_HEADER_BYTES as u64));
            }
            (Some(Item::Record { .. } | Item::Torn { .. }) | None, None) => return Ok(Step::End),
        }
        Ok(Step::More)
    }

    /// Bytes of a segment; none where the segment is gone.
    fn chunk(&self, segment: u64, offset: u64, room: usize) -> Result<Vec<u8>, Error> {
        match read_at(&self.dir, segment, offset, room) {
            Ok(bytes) => Ok(bytes),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(source) => Err(Error::Read {
                path: self.dir.join(segment_name(segment)),
                source,
            }),
        }
    }

    /// The segments whose headers can be read, by number.
    fn headers(&self) -> Result<Vec<(u64, SegmentHeader)>, Error> {
        let mut headers = Vec::new();
        for file in segments(&self.dir)? {
            let bytes = self.header(file.number)?;
            headers.extend(SegmentHeader::parse(&bytes).map(|header| (file.number, header)));
        }
        Ok(headers)
    }

    fn header(&self, segment: u64) -> Result<Vec<u8>, Error> {
        self.chunk(segment, 0, SEGMENT_HEADER_BYTES)
    }
}

/// Why a chunk was not read further.
enum Stop {
    /// The visitor said so.
    Told,
    /// What follows is behind the last record that is wanted.
    Last,
    /// It ends within a record, or with one.
    Short,
    /// What follows is no record.
    Damaged,
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use ledger::record::{Chain, Payload, Stream, write};

    use super::*;

    #[test]
    fn a_segment_that_grew_before_the_next_one_began_is_not_left() {
        let dir = tempfile::tempdir().unwrap();
        let mut chain = Chain::default();
        let mut put = |number: u64, records: std::ops::RangeInclusive<u64>| {
            let header = SegmentHeader {
                journal: [7; 16],
                number,
                first_sequence: *records.start(),
                before: [0; 32],
            };
            let mut bytes = header.to_bytes().to_vec();
            for sequence in records {
                let payload = Payload::plain(b"x").unwrap();
                write(
                    &mut bytes,
                    &mut chain,
                    Stream::Intents,
                    [3; 16],
                    sequence,
                    &payload,
                );
            }
            std::fs::write(dir.path().join(segment_name(number)), &bytes).unwrap();
            bytes.len() as u64
        };
        // The reader saw nothing behind the first record; since then a second came, and another segment.
        let seen = put(1, 1..=1);
        put(1, 1..=2);
        put(2, 3..=3);
        let mut reader = Reader::new(dir.path(), 0);
        reader.at = Some((1, seen));
        assert_eq!(reader.step_over(1, seen, &[]).unwrap(), Step::More);
        assert_eq!(reader.at, Some((1, seen)));
        let mut sequences = Vec::new();
        while reader
            .step(u64::MAX, |record| {
                sequences.push(record.header.sequence);
                true
            })
            .unwrap()
            == Step::More
        {}
        assert_eq!(sequences, [2, 3]);
    }
}
