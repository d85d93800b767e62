//! The ledger: the journal's heads in a Merkle log that standard tools read (C2SP tlog-tiles, RFC 6962 hashes).
//!
//! Must never hold content: entries are ids, numbers, times and hashes. `docs/ledger.md` describes it byte by byte.

pub mod batch;
pub mod check;
pub mod entry;
pub mod folder;
pub mod merkle;
pub mod note;
pub mod prove;
pub mod tile;

/// Why a part of a ledger cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A key is not one.
    #[error("the key is not a {what}")]
    Key {
        /// What it should have been.
        what: &'static str,
    },
    /// A note or checkpoint is malformed.
    #[error("the checkpoint is malformed: {what}")]
    Note {
        /// What is wrong.
        what: &'static str,
    },
    /// No good signature of a key that was asked for.
    #[error("the checkpoint is not signed by {key}")]
    Unsigned {
        /// The key.
        key: String,
    },
    /// A signature that claims to be of a known key is not.
    #[error("the checkpoint's signature by {key} is wrong")]
    BadSignature {
        /// The key.
        key: String,
    },
    /// The checkpoint is of another log.
    #[error("the checkpoint is of the log {found}, not of {expected}")]
    Origin {
        /// The log asked for.
        expected: String,
        /// The log found.
        found: String,
    },
    /// Too few witnesses cosigned.
    #[error("{found} of {quorum} witnesses cosigned the checkpoint")]
    Quorum {
        /// How many did.
        found: usize,
        /// How many must.
        quorum: usize,
    },
    /// A file of the log is missing or cannot be read.
    #[error("{path}: {source}")]
    Io {
        /// Which.
        path: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A file of the log is not what it should be.
    #[error("{path}: {what}")]
    File {
        /// Which.
        path: String,
        /// What is wrong.
        what: String,
    },
}
