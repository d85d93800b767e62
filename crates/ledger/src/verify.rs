//! Checking a journal: every record present, whole, unaltered, once and in order.
//!
//! Must never trust what it checks: every number and hash is computed or counted anew. Says exactly what is wrong
//! and goes on, so that one finding does not hide the next.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::path::Path;

use crate::Id;
use crate::codec;
use crate::event::{Event, StreamEnd};
use crate::journal::{self, ReadError};
use crate::record::{Chain, KIND_EVENTS, PayloadError, Record, Stream};
use crate::segment::{Item, SegmentHeader, items};

/// Missing numbers remembered one by one, so that a late record is told from a doubled one.
const MISSING_MAX: u64 = 1 << 16;

/// A place in the journal that somebody kept: the sequence number and hash of a record.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Head {
    /// The record's sequence number.
    pub sequence: u64,
    /// The record's hash.
    pub hash: [u8; 32],
}

/// One thing that verification found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Finding {
    /// A segment's header is damaged or of another version.
    BadSegment {
        /// The segment.
        segment: u64,
    },
    /// A segment's header says another number than its name.
    Renamed {
        /// The number in the name.
        segment: u64,
        /// The number in the header.
        says: u64,
    },
    /// A segment is of another journal.
    Foreign {
        /// The segment.
        segment: u64,
    },
    /// Segments are missing.
    MissingSegments {
        /// The first missing.
        from: u64,
        /// The last missing.
        to: u64,
    },
    /// A segment does not continue the one before it.
    Unlinked {
        /// The segment.
        segment: u64,
    },
    /// Bytes that are no record, between records.
    Damaged {
        /// The segment.
        segment: u64,
        /// Where.
        offset: usize,
        /// How many.
        bytes: usize,
    },
    /// Bytes at a segment's end that are no whole record: a write torn by a crash, or a cut.
    Torn {
        /// The segment.
        segment: u64,
        /// Where.
        offset: usize,
        /// How many.
        bytes: usize,
    },
    /// Records are missing from the journal's order.
    Missing {
        /// The first missing sequence number.
        from: u64,
        /// The last.
        to: u64,
    },
    /// A record stands a second time.
    Duplicated {
        /// Its sequence number.
        sequence: u64,
    },
    /// A record stands behind later ones.
    Reordered {
        /// Its sequence number.
        sequence: u64,
    },
    /// A record's hash does not follow from its content and the record before it: it, or what stood before it, was
    /// edited.
    Edited {
        /// Its sequence number.
        sequence: u64,
        /// Its session.
        session: [u8; 16],
    },
    /// A session's chain skips.
    Gap {
        /// The session.
        session: [u8; 16],
        /// Which chain.
        stream: Stream,
        /// The number expected.
        expected: u64,
        /// The number found.
        found: u64,
    },
    /// A record follows its session's end.
    AfterEnd {
        /// Its sequence number.
        sequence: u64,
        /// Its session.
        session: [u8; 16],
    },
    /// A closed session's results do not end where its closing record says.
    ResultsCut {
        /// The session.
        session: [u8; 16],
        /// Records there should be.
        expected: u64,
        /// Records there are.
        found: u64,
    },
    /// A payload cannot be read although its hash is right: written by a faulty gateway.
    Unreadable {
        /// The record's sequence number.
        sequence: u64,
    },
    /// The kept head is not in this journal: it was cut, rolled back or forked.
    HeadMissing {
        /// The kept sequence number.
        sequence: u64,
    },
    /// Another record stands at the kept head's place.
    Forked {
        /// The kept sequence number.
        sequence: u64,
    },
    /// Time runs backwards within a session; order is by number, so this is a remark.
    ClockBackwards {
        /// The record's sequence number.
        sequence: u64,
        /// By how many microseconds.
        by: u64,
    },
    /// A session has no end: it is open still, or its gateway died. A remark.
    Open {
        /// The session.
        session: [u8; 16],
    },
    /// The journal does not begin with its first segment: older ones were put away. A remark.
    BeginsLate {
        /// The first segment here.
        segment: u64,
    },
}

impl Finding {
    /// Whether it speaks against the journal; the others are remarks.
    pub fn is_alarm(&self) -> bool {
        !matches!(
            self,
            Self::ClockBackwards { .. } | Self::Open { .. } | Self::BeginsLate { .. }
        )
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BadSegment { segment } => write!(f, "segment {segment}: the header is damaged"),
            Self::Renamed { segment, says } => {
                write!(f, "segment {segment}: the header says it is segment {says}")
            }
            Self::Foreign { segment } => write!(f, "segment {segment}: belongs to another journal"),
            Self::MissingSegments { from, to } => write!(f, "segments {from} to {to} are missing"),
            Self::Unlinked { segment } => {
                write!(f, "segment {segment}: does not continue the one before it")
            }
            Self::Damaged {
                segment,
                offset,
                bytes,
            } => write!(f, "segment {segment}: {bytes} damaged bytes at {offset}"),
            Self::Torn {
                segment,
                offset,
                bytes,
            } => write!(
                f,
                "segment {segment}: ends in {bytes} bytes of an unfinished record at {offset}"
            ),
            Self::Missing { from, to } if from == to => write!(f, "record {from} is missing"),
            Self::Missing { from, to } => write!(f, "records {from} to {to} are missing"),
            Self::Duplicated { sequence } => write!(f, "record {sequence} stands twice"),
            Self::Reordered { sequence } => {
                write!(f, "record {sequence} stands behind later ones")
            }
            Self::Edited { sequence, session } => write!(
                f,
                "record {sequence} of session {} does not follow from the one before it: edited",
                Id(session)
            ),
            Self::Gap {
                session,
                stream,
                expected,
                found,
            } => write!(
                f,
                "session {}: {stream:?} record {found} follows where {expected} should",
                Id(session)
            ),
            Self::AfterEnd { sequence, session } => write!(
                f,
                "record {sequence} follows the end of session {}",
                Id(session)
            ),
            Self::ResultsCut {
                session,
                expected,
                found,
            } => write!(
                f,
                "session {}: {found} of {expected} result records, or a wrong last one",
                Id(session)
            ),
            Self::Unreadable { sequence } => write!(f, "record {sequence} cannot be read"),
            Self::HeadMissing { sequence } => {
                write!(
                    f,
                    "the journal ends before record {sequence}, which was kept: cut or rolled back"
                )
            }
            Self::Forked { sequence } => {
                write!(f, "record {sequence} is not the one that was kept: forked")
            }
            Self::ClockBackwards { sequence, by } => {
                write!(f, "record {sequence}: the clock went back by {by} µs")
            }
            Self::Open { session } => write!(f, "session {} has no end", Id(session)),
            Self::BeginsLate { segment } => write!(f, "the journal begins with segment {segment}"),
        }
    }
}

/// What verification says.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Report {
    /// Segments read.
    pub segments: u64,
    /// Records read.
    pub records: u64,
    /// Sessions met.
    pub sessions: u64,
    /// The last record's place and hash; keep it to notice a cut later.
    pub head: Option<Head>,
    /// What was found, in the journal's order.
    pub findings: Vec<Finding>,
}

impl Report {
    /// Whether nothing speaks against the journal.
    pub fn is_sound(&self) -> bool {
        !self.findings.iter().any(Finding::is_alarm)
    }
}

/// Checks every segment in a folder, and that a head kept earlier is still in it.
///
/// # Errors
/// [`ReadError`]; what is wrong with the content is in the report.
pub fn verify(dir: &Path, kept: Option<Head>) -> Result<Report, ReadError> {
    let mut verifier = Verifier {
        kept,
        ..Verifier::default()
    };
    for file in journal::segments(dir)? {
        let bytes = journal::read_segment(&file)?;
        verifier.segment(file.number, &bytes);
    }
    Ok(verifier.finish(kept))
}

/// Where one session stands.
#[derive(Default)]
struct Session {
    intents: Chain,
    results: Chain,
    time: u64,
    end: Option<StreamEnd>,
    ended: bool,
    /// A record of it was met.
    met: bool,
}

/// Checks segments and records as they come.
#[derive(Default)]
pub struct Verifier {
    /// Only one session's records come: the journal's own order is not looked at.
    partial: bool,
    kept: Option<Head>,
    journal: Option<[u8; 16]>,
    last_segment: Option<u64>,
    begins_late: bool,
    head: Option<Head>,
    missing: BTreeSet<u64>,
    sessions: HashMap<[u8; 16], Session>,
    report: Report,
}

impl Verifier {
    /// A verifier for the records of one session alone.
    pub fn one_session() -> Self {
        Self {
            partial: true,
            ..Self::default()
        }
    }

    /// Takes the next segment, by the number in its name.
    pub fn segment(&mut self, number: u64, file: &[u8]) {
        self.begin_segment(number, file);
        for item in items(file) {
            match item {
                Item::Record { record, .. } => self.record(number, &record),
                Item::Damage { offset, bytes } => self.find(Finding::Damaged {
                    segment: number,
                    offset,
                    bytes,
                }),
                Item::Torn { offset, bytes } => self.find(Finding::Torn {
                    segment: number,
                    offset,
                    bytes,
                }),
            }
        }
    }

    fn segment_header(&mut self, number: u64, file: &[u8]) {
        match self.last_segment {
            Some(last) if number > last + 1 => self.find(Finding::MissingSegments {
                from: last + 1,
                to: number - 1,
            }),
            None if number > 1 => {
                self.begins_late = true;
                self.find(Finding::BeginsLate { segment: number });
            }
            Some(_) | None => {}
        }
        let Some(header) = SegmentHeader::parse(file) else {
            return self.find(Finding::BadSegment { segment: number });
        };
        if header.number != number {
            self.find(Finding::Renamed {
                segment: number,
                says: header.number,
            });
        }
        if *self.journal.get_or_insert(header.journal) != header.journal {
            self.find(Finding::Foreign { segment: number });
        }
        match self.head {
            Some(head)
                if head.hash != header.before || head.sequence + 1 != header.first_sequence =>
            {
                self.find(Finding::Unlinked { segment: number });
            }
            None if number == 1 && header.first_sequence != 1 => {
                self.find(Finding::Unlinked { segment: number });
            }
            None if self.begins_late => {
                // What stood before is put away; its last record is taken on this header's word.
                self.head = header.first_sequence.checked_sub(1).map(|sequence| Head {
                    sequence,
                    hash: header.before,
                });
            }
            Some(_) | None => {}
        }
    }

    /// Takes the next record; of an encrypted one, the content is not looked at.
    pub fn record(&mut self, _segment: u64, record: &Record<'_>) {
        self.opened(record, record.payload().as_deref());
    }

    /// Takes the next record with what could be read of it.
    pub fn opened(&mut self, record: &Record<'_>, payload: Result<&[u8], &PayloadError>) {
        self.report.records += 1;
        let sequence = record.header.sequence;
        if !self.partial && !self.take_sequence(sequence) {
            return;
        }
        if let Some(kept) = self.kept.filter(|kept| kept.sequence == sequence)
            && kept.hash != record.hash
        {
            self.find(Finding::Forked { sequence });
        }
        if self.head.is_none_or(|head| head.sequence < sequence) {
            self.head = Some(Head {
                sequence,
                hash: record.hash,
            });
        }
        self.chain(record);
        self.content(record, payload);
    }

    /// Checks the journal's order; `false` for a record that was there before.
    fn take_sequence(&mut self, sequence: u64) -> bool {
        let expected = self.head.map_or(1, |head| head.sequence + 1);
        if sequence == expected {
            return true;
        }
        if sequence > expected {
            let remembered = (sequence - 1).min(expected.saturating_add(MISSING_MAX));
            self.missing.extend(expected..=remembered);
            self.find(Finding::Missing {
                from: expected,
                to: sequence - 1,
            });
            return true;
        }
        if self.missing.remove(&sequence) {
            self.find(Finding::Reordered { sequence });
            return true;
        }
        self.find(Finding::Duplicated { sequence });
        false
    }

    fn chain(&mut self, record: &Record<'_>) {
        let header = record.header;
        let session = self.sessions.entry(header.session).or_default();
        session.met = true;
        let ended = session.ended;
        let chain = match header.stream {
            Stream::Intents => &mut session.intents,
            Stream::Results => &mut session.results,
        };
        let expected = chain.records + 1;
        let follows = header.number == expected;
        let hash_right = record.expected_hash(&chain.hash) == record.hash;
        // A chain whose beginning was put away is taken up where it is met.
        let taken_up = self.begins_late && chain.records == 0 && header.number > 1;
        *chain = Chain {
            records: header.number,
            hash: record.hash,
        };
        if ended {
            self.find(Finding::AfterEnd {
                sequence: header.sequence,
                session: header.session,
            });
        }
        if taken_up {
            return;
        }
        if !follows {
            self.find(Finding::Gap {
                session: header.session,
                stream: header.stream,
                expected,
                found: header.number,
            });
        } else if !hash_right {
            self.find(Finding::Edited {
                sequence: header.sequence,
                session: header.session,
            });
        }
    }

    fn content(&mut self, record: &Record<'_>, payload: Result<&[u8], &PayloadError>) {
        let sequence = record.header.sequence;
        if record.header.kind != KIND_EVENTS {
            return;
        }
        let payload = match payload {
            Ok(payload) => payload,
            // The hash has been checked, and that is all there is to check.
            Err(PayloadError::Encrypted | PayloadError::Erased) => return,
            Err(PayloadError::Compression | PayloadError::Altered) => {
                return self.find(Finding::Unreadable { sequence });
            }
        };
        for event in codec::events(payload) {
            match event {
                Ok(event) => self.event(record, &event),
                Err(_) => self.find(Finding::Unreadable { sequence }),
            }
        }
    }

    fn event(&mut self, record: &Record<'_>, event: &Event<'_>) {
        let header = record.header;
        let session = self.sessions.entry(header.session).or_default();
        match event {
            Event::StreamEnd(end) => session.end = Some(*end),
            Event::SessionClosed { .. } => session.ended = true,
            Event::SessionOpened(_)
            | Event::Action(_)
            | Event::Response { .. }
            | Event::ResponseRest { .. }
            | Event::Completed(_)
            | Event::Approval(_)
            | Event::Control { .. }
            | Event::Unknown(_) => {}
        }
        // Results are written after the intents that follow them, so only intents keep time.
        if let Some(time) = event.time().filter(|_| header.stream == Stream::Intents) {
            let by = session.time.saturating_sub(time);
            session.time = time;
            if by > 0 {
                self.find(Finding::ClockBackwards {
                    sequence: header.sequence,
                    by,
                });
            }
        }
    }

    fn find(&mut self, finding: Finding) {
        self.report.findings.push(finding);
    }

    /// Says what was found, also of what never came.
    pub fn finish(mut self, kept: Option<Head>) -> Report {
        let sessions = std::mem::take(&mut self.sessions).into_iter();
        let mut sessions: Vec<_> = sessions.filter(|(_, session)| session.met).collect();
        sessions.sort_by_key(|(id, _)| *id);
        self.report.sessions = sessions.len() as u64;
        for (id, session) in sessions {
            match session.end {
                Some(end)
                    if end.records != session.results.records
                        || end.hash != session.results.hash =>
                {
                    self.find(Finding::ResultsCut {
                        session: id,
                        expected: end.records,
                        found: session.results.records,
                    });
                }
                Some(_) => {}
                None if !session.ended => self.find(Finding::Open { session: id }),
                None => {}
            }
        }
        let last = self.head.map_or(0, |head| head.sequence);
        if let Some(kept) = kept.filter(|kept| kept.sequence > last) {
            self.find(Finding::HeadMissing {
                sequence: kept.sequence,
            });
        }
        self.report.head = self.head.filter(|head| head.sequence > 0);
        self.report
    }
}

mod resume;
#[cfg(test)]
mod tests;
