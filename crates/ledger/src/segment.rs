//! Segments: the files that a journal is made of, and what stands in them.
//!
//! Must never open a file: bytes come in, records and damage come out.

use crate::crc::crc32c;
use crate::record::{NoRecord, Record};

/// Bytes before a segment's first record.
pub const SEGMENT_HEADER_BYTES: usize = 80;

/// The first eight bytes of a segment: a name and the format's version, 1.
pub const MAGIC: [u8; 8] = *b"PCJRNL\x00\x01";

/// What a segment says of itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SegmentHeader {
    /// The gateway's journal: 16 random bytes, the same in all its segments.
    pub journal: [u8; 16],
    /// The segment's place, from 1, without gaps; also its file's name.
    pub number: u64,
    /// The sequence number of its first record.
    pub first_sequence: u64,
    /// The hash of the record before it, in the segment before; zeros in the first.
    pub before: [u8; 32],
}

impl SegmentHeader {
    /// The header as written.
    pub fn to_bytes(&self) -> [u8; SEGMENT_HEADER_BYTES] {
        let mut bytes = [0; SEGMENT_HEADER_BYTES];
        bytes[..8].copy_from_slice(&MAGIC);
        bytes[8..24].copy_from_slice(&self.journal);
        bytes[24..32].copy_from_slice(&self.number.to_le_bytes());
        bytes[32..40].copy_from_slice(&self.first_sequence.to_le_bytes());
        bytes[40..72].copy_from_slice(&self.before);
        let crc = crc32c(&[&bytes[..72]]);
        bytes[72..76].copy_from_slice(&crc.to_le_bytes());
        bytes
    }

    /// Reads a header; `None` when it is short, damaged or of another version.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let head: &[u8; SEGMENT_HEADER_BYTES] = bytes.first_chunk()?;
        if head[..8] != MAGIC || head[76..] != [0; 4] {
            return None;
        }
        if crc32c(&[&head[..72]]).to_le_bytes() != head[72..76] {
            return None;
        }
        Some(Self {
            journal: head[8..24].try_into().ok()?,
            number: u64::from_le_bytes(head[24..32].try_into().ok()?),
            first_sequence: u64::from_le_bytes(head[32..40].try_into().ok()?),
            before: head[40..72].try_into().ok()?,
        })
    }
}

/// What stands at one place of a segment.
#[derive(Clone, Copy, Debug)]
pub enum Item<'a> {
    /// A whole record.
    Record {
        /// Where it begins in the file.
        offset: usize,
        /// The record.
        record: Record<'a>,
    },
    /// Bytes that are no record, with whole records behind them.
    Damage {
        /// Where they begin.
        offset: usize,
        /// How many.
        bytes: usize,
    },
    /// Bytes that are no whole record, with none behind them: a torn last write, or a cut.
    Torn {
        /// Where they begin.
        offset: usize,
        /// How many.
        bytes: usize,
    },
}

/// Iterates over a segment's bytes behind its header.
#[derive(Clone, Debug)]
pub struct Items<'a> {
    bytes: &'a [u8],
    offset: usize,
}

/// What stands in a segment file, behind its header.
pub fn items(file: &[u8]) -> Items<'_> {
    Items {
        bytes: file,
        offset: SEGMENT_HEADER_BYTES,
    }
}

/// What stands in bytes that are records only, without a segment's header.
pub fn items_of(records: &[u8]) -> Items<'_> {
    Items {
        bytes: records,
        offset: 0,
    }
}

impl<'a> Iterator for Items<'a> {
    type Item = Item<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        let offset = self.offset;
        let rest = self.bytes.get(offset..).filter(|rest| !rest.is_empty())?;
        match Record::parse(rest) {
            Ok((record, length)) => {
                self.offset += length;
                Some(Item::Record { offset, record })
            }
            Err(NoRecord::Short | NoRecord::Damaged) => match resume(rest) {
                Some(skip) => {
                    self.offset += skip;
                    Some(Item::Damage {
                        offset,
                        bytes: skip,
                    })
                }
                None => {
                    self.offset = self.bytes.len();
                    Some(Item::Torn {
                        offset,
                        bytes: rest.len(),
                    })
                }
            },
        }
    }
}

/// How far behind the front of `bytes` the next whole record begins.
fn resume(bytes: &[u8]) -> Option<usize> {
    // A checksum is only computed where the fixed bytes of a header fit, which random bytes seldom do.
    let plausible = |window: &[u8]| window[8] == 1 && window[10] <= 1 && window[11] == 0;
    let windows = bytes.windows(crate::record::HEADER_BYTES).enumerate();
    windows
        .skip(1)
        .filter(|(_, window)| plausible(window))
        .map(|(at, _)| at)
        .find(|at| Record::parse(&bytes[*at..]).is_ok())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::record::{Chain, Payload, Stream, write};

    fn segment(records: u64) -> (Vec<u8>, Vec<usize>) {
        let header = SegmentHeader {
            journal: [7; 16],
            number: 1,
            first_sequence: 1,
            before: [0; 32],
        };
        let mut file = header.to_bytes().to_vec();
        let mut chain = Chain::default();
        let mut ends = vec![file.len()];
        for sequence in 1..=records {
            let text = format!("payload {sequence}");
            let payload = Payload::plain(text.as_bytes()).unwrap();
            write(
                &mut file,
                &mut chain,
                Stream::Intents,
                [3; 16],
                sequence,
                &payload,
            );
            ends.push(file.len());
        }
        (file, ends)
    }

    #[test]
    fn header_round_trip() {
        let header = SegmentHeader {
            journal: [9; 16],
            number: 12,
            first_sequence: 3_000,
            before: [5; 32],
        };
        let bytes = header.to_bytes();
        assert_eq!(SegmentHeader::parse(&bytes), Some(header));
        for at in 0..bytes.len() {
            let mut bad = bytes;
            bad[at] ^= 1;
            assert_eq!(SegmentHeader::parse(&bad), None, "byte {at}");
        }
    }

    #[test]
    fn a_tail_torn_at_every_byte_leaves_the_whole_records() {
        let (file, ends) = segment(4);
        for cut in ends[0]..file.len() {
            let whole = ends.iter().filter(|end| **end <= cut).count() - 1;
            let items: Vec<_> = items(&file[..cut]).collect();
            let records = items
                .iter()
                .filter(|i| matches!(i, Item::Record { .. }))
                .count();
            assert_eq!(records, whole, "cut at {cut}");
            let torn =
                matches!(items.last(), Some(Item::Torn { offset, .. }) if *offset == ends[whole]);
            assert_eq!(torn, !ends.contains(&cut), "cut at {cut}");
        }
    }

    #[test]
    fn damage_in_the_middle_is_told_from_a_torn_tail() {
        let (file, ends) = segment(4);
        for at in ends[1]..ends[2] {
            let mut bad = file.clone();
            bad[at] ^= 0x40;
            let items: Vec<_> = items(&bad).collect();
            let damage = items.iter().find_map(|item| match item {
                Item::Damage { offset, bytes } => Some((*offset, *bytes)),
                Item::Record { .. } | Item::Torn { .. } => None,
            });
            assert_eq!(damage, Some((ends[1], ends[2] - ends[1])), "byte {at}");
        }
    }
}
