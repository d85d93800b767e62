//! What can be wrong with a ledger, in words.
//!
//! Must never repeat content: ids, numbers and file names.

use std::fmt;

use crate::Id;

/// One thing that the check found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Finding {
    /// The checkpoint is missing, malformed, not signed by the key, or not cosigned by enough witnesses.
    Checkpoint {
        /// What is wrong.
        what: String,
    },
    /// A checkpoint that was kept is not this log's.
    Kept {
        /// What is wrong.
        what: String,
    },
    /// The log is shorter than it once was.
    RolledBack {
        /// Entries it has.
        size: u64,
        /// Entries it had.
        kept: u64,
    },
    /// The log's beginning is not what it once was.
    Forked {
        /// Entries that the kept checkpoint has.
        size: u64,
    },
    /// The entries do not hash to the checkpoint's root.
    Root {
        /// Entries that the checkpoint has.
        size: u64,
    },
    /// A tile or bundle is missing or malformed, or holds a hash that does not follow from the entries.
    File {
        /// Which, and what is wrong.
        what: String,
    },
    /// An entry does not hash to what its tile says.
    Entry {
        /// Its place in the log.
        index: u64,
    },
    /// The entries are not in an order that a gateway writes.
    Order {
        /// The entry's place.
        index: u64,
        /// What is wrong.
        what: String,
    },
    /// The log seals another journal.
    OtherJournal,
    /// Records of a session were sealed and are missing.
    SealedMissing {
        /// The session.
        session: [u8; 16],
        /// The first and the last that are known to be missing.
        from: u64,
        /// The last.
        to: u64,
    },
    /// All records of a session were sealed and are missing.
    SessionMissing {
        /// The session.
        session: [u8; 16],
        /// Entries that the log has of it.
        entries: u64,
    },
    /// Neither log nor journal has anything of the session.
    SessionUnknown {
        /// The session.
        session: [u8; 16],
    },
    /// The journal ends before records that were sealed.
    Cut {
        /// The first that is missing.
        from: u64,
        /// The last that was sealed.
        to: u64,
    },
    /// Another record stands where a sealed one stood.
    Changed {
        /// The entry that says so.
        index: u64,
        /// The record's sequence number.
        sequence: u64,
        /// The session, as the log has it.
        session: [u8; 16],
    },
    /// The journal has records between sealed ones that the log does not have, or in another order.
    Uncovered {
        /// The seal.
        index: u64,
        /// The first record it covers.
        from: u64,
        /// The last.
        to: u64,
    },
    /// Records were missing already when they were sealed.
    Gap {
        /// The first.
        from: u64,
        /// The last.
        to: u64,
    },
    /// Records were sealed whose segments are not here.
    PutAway {
        /// The last of them.
        to: u64,
    },
    /// The key was taken from beside the log. A remark.
    KeyUnpinned {
        /// The key.
        key: String,
    },
    /// Records that are not sealed: written in the last seconds, or after the last seal was cut off. A remark.
    Unsealed {
        /// The first.
        from: u64,
        /// The last.
        to: u64,
    },
    /// Entries that wait for witnesses. A remark.
    Pending {
        /// Entries that the published checkpoint has.
        published: u64,
        /// Entries there are.
        size: u64,
    },
    /// A seal's time is before that of the seal before it. A remark.
    ClockBackwards {
        /// The seal.
        index: u64,
        /// By how many microseconds.
        by: u64,
    },
    /// An entry of a kind that is not known here. A remark.
    UnknownEntry {
        /// Its place.
        index: u64,
    },
}

impl Finding {
    /// Whether it speaks against log or journal; the others are remarks.
    pub fn is_alarm(&self) -> bool {
        !matches!(
            self,
            Self::KeyUnpinned { .. }
                | Self::Unsealed { .. }
                | Self::Pending { .. }
                | Self::ClockBackwards { .. }
                | Self::UnknownEntry { .. }
        )
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Checkpoint { what } => f.write_str(what),
            Self::Kept { what } => {
                write!(f, "the checkpoint that was kept is not this log's: {what}")
            }
            Self::RolledBack { size, kept } => write!(
                f,
                "the log has {size} entries, and had {kept} when the checkpoint was kept: it was cut or rolled back"
            ),
            Self::Forked { size } => write!(
                f,
                "the first {size} entries are not those of the checkpoint that was kept: the log was forked"
            ),
            Self::Root { size } => write!(
                f,
                "the first {size} entries do not hash to the checkpoint's root: the log was edited or forked"
            ),
            Self::File { what } => f.write_str(what),
            Self::Entry { index } => write!(
                f,
                "entry {index} does not hash to what its tile says: edited"
            ),
            Self::Order { index, what } => write!(f, "entry {index}: {what}"),
            Self::OtherJournal => f.write_str("the log seals another journal than this one"),
            Self::SealedMissing { .. }
            | Self::SessionMissing { .. }
            | Self::SessionUnknown { .. }
            | Self::Cut { .. }
            | Self::Changed { .. }
            | Self::Uncovered { .. }
            | Self::Gap { .. }
            | Self::PutAway { .. } => self.fmt_journal(f),
            Self::KeyUnpinned { key } => {
                write!(
                    f,
                    "no key was given: the one beside the log, {key}, is taken on its word"
                )
            }
            Self::Unsealed { from, to } => write!(f, "records {from} to {to} are not sealed"),
            Self::Pending { published, size } => write!(
                f,
                "{published} of {size} entries are published; the others wait for witnesses"
            ),
            Self::ClockBackwards { index, by } => {
                write!(
                    f,
                    "entry {index}: the clock of sealing went back by {by} µs"
                )
            }
            Self::UnknownEntry { index } => {
                write!(f, "entry {index} is of a kind that is not known here")
            }
        }
    }
}

impl Finding {
    /// What the journal lacks, or has too much of.
    fn fmt_journal(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SealedMissing { session, from, to } => write!(
                f,
                "session {}: records between {from} and {to} were sealed and are missing",
                Id(session)
            ),
            Self::SessionMissing { session, entries } => write!(
                f,
                "session {} was sealed ({entries} entries) and is missing from the journal",
                Id(session)
            ),
            Self::SessionUnknown { session } => {
                write!(f, "neither log nor journal has a session {}", Id(session))
            }
            Self::Cut { from, to } => {
                write!(
                    f,
                    "records {from} to {to} were sealed and are missing: the journal's tail was cut"
                )
            }
            Self::Changed {
                index,
                sequence,
                session,
            } => write!(
                f,
                "record {sequence} is not the one of session {} that entry {index} sealed: edited or forked",
                Id(session)
            ),
            Self::Uncovered { index, from, to } => write!(
                f,
                "records {from} to {to} are not those that entry {index} sealed: added, removed or reordered"
            ),
            Self::Gap { from, to } => write!(
                f,
                "records {from} to {to} were missing already when they were sealed"
            ),
            Self::PutAway { to } => write!(
                f,
                "records up to {to} were sealed, and their segments are not here"
            ),
            _ => Ok(()),
        }
    }
}
