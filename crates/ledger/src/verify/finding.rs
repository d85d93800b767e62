//! What verification finds, and how it says so.
//!
//! Must never look at a journal itself.

use std::fmt;

use crate::Id;
use crate::find::rfc3339;
use crate::record::Stream;

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
    /// The journal says that a session's key was destroyed, and it is there: an old key file was put back, or the
    /// erasure is not finished.
    KeyIsBack {
        /// The session.
        session: [u8; 16],
    },
    /// A session's key was destroyed, and the journal does not say so: not by the gateway.
    ErasedUnsaid {
        /// The session.
        session: [u8; 16],
    },
    /// The key of a session whose records were sealed is in no key file: it was removed.
    KeyRemoved {
        /// The session.
        session: [u8; 16],
    },
    /// The key of a session is in no key file: a crash took it with what was not yet on disk, or it was removed. A
    /// remark.
    KeyMissing {
        /// The session.
        session: [u8; 16],
    },
    /// A session was erased: its records are whole, and nobody can read them. A remark.
    Erased {
        /// The session.
        session: [u8; 16],
        /// When, in microseconds since the Unix epoch.
        time: u64,
        /// The key of the principal who asked for it.
        by: String,
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
            Self::ClockBackwards { .. }
                | Self::Open { .. }
                | Self::BeginsLate { .. }
                | Self::Erased { .. }
                | Self::KeyMissing { .. }
        )
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BadSegment { .. }
            | Self::Renamed { .. }
            | Self::Foreign { .. }
            | Self::MissingSegments { .. }
            | Self::Unlinked { .. }
            | Self::Damaged { .. }
            | Self::Torn { .. } => self.of_segments(f),
            Self::Missing { from, to } if from == to => write!(f, "record {from} is missing"),
            Self::Missing { from, to } => write!(f, "records {from} to {to} are missing"),
            Self::Duplicated { sequence } => write!(f, "record {sequence} stands twice"),
            Self::Reordered { sequence } => {
                write!(f, "record {sequence} stands behind later ones")
            }
            Self::Edited { sequence, session } => edited(f, *sequence, session),
            Self::Gap {
                session,
                stream,
                expected,
                found,
            } => {
                let id = Id(session);
                write!(
                    f,
                    "session {id}: {stream:?} record {found} follows where {expected} should"
                )
            }
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
            Self::KeyIsBack { .. }
            | Self::ErasedUnsaid { .. }
            | Self::KeyRemoved { .. }
            | Self::KeyMissing { .. }
            | Self::Erased { .. } => self.of_keys(f),
            Self::BeginsLate { segment } => write!(f, "the journal begins with segment {segment}"),
        }
    }
}

impl Finding {
    /// What is said of segments as a whole.
    fn of_segments(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
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
            _ => Ok(()),
        }
    }

    /// What is said of keys and erasures.
    fn of_keys(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::KeyIsBack { session } => key_is_back(f, session),
            Self::ErasedUnsaid { session } => erased_unsaid(f, session),
            Self::KeyRemoved { session } => {
                write!(f, "the key of session {} was removed", Id(session))
            }
            Self::KeyMissing { session } => write!(f, "session {} has no key", Id(session)),
            Self::Erased { session, time, by } => erased(f, session, *time, by),
            _ => Ok(()),
        }
    }
}

fn key_is_back(f: &mut fmt::Formatter<'_>, session: &[u8; 16]) -> fmt::Result {
    let id = Id(session);
    write!(
        f,
        "session {id} was erased, and its key is there: an old key file was put back, or the erasure is not finished"
    )
}

fn erased_unsaid(f: &mut fmt::Formatter<'_>, session: &[u8; 16]) -> fmt::Result {
    let id = Id(session);
    write!(
        f,
        "the key of session {id} was destroyed, and the journal does not say by whom"
    )
}

fn erased(f: &mut fmt::Formatter<'_>, session: &[u8; 16], time: u64, by: &str) -> fmt::Result {
    let (id, when) = (Id(session), rfc3339(time));
    write!(f, "session {id} was erased on {when} by {by}")
}

fn edited(f: &mut fmt::Formatter<'_>, sequence: u64, session: &[u8; 16]) -> fmt::Result {
    let id = Id(session);
    write!(
        f,
        "record {sequence} of session {id} does not follow from the one before it: edited"
    )
}
