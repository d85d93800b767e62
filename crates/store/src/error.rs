//! What can go wrong in the store. Never carries a statement's text, a secret or a key's hash.

use gate::ports::PortError;

/// Why the store could not do its work.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file could not be made, opened or protected.
    #[error("cannot open {path}")]
    Open {
        /// Which file.
        path: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The journal's folder or a file in it could not be used.
    #[error("cannot {doing} in the journal's folder {path}")]
    Journal {
        /// What was tried.
        doing: &'static str,
        /// Where.
        path: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// Another process writes this journal.
    #[error("another process writes the journal in {path}")]
    JournalInUse {
        /// Where.
        path: String,
    },
    /// The master key of recordings cannot be used.
    #[error("the master key of recordings: {what}")]
    MasterKey {
        /// Why not.
        what: String,
    },
    /// A text was to be encrypted, and its session has no key.
    #[error("the session has no key to encrypt a text under")]
    NoSessionKey,
    /// A file of the ledger could not be used.
    #[error("cannot {doing} the ledger's file {path}")]
    Ledger {
        /// What was tried.
        doing: &'static str,
        /// Where.
        path: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The ledger's signing key cannot be used.
    #[error("the ledger's key {path} {what}")]
    LedgerKey {
        /// Where.
        path: String,
        /// Why not.
        what: String,
    },
    /// The ledger's files contradict each other or the journal: somebody changed them, or an old copy was put back.
    #[error("the ledger in {path} contradicts itself: {what}")]
    LedgerContradicted {
        /// Where.
        path: String,
        /// What contradicts what.
        what: String,
    },
    /// A part of the ledger is malformed.
    #[error(transparent)]
    Tlog(#[from] ledger::tlog::Error),
    /// The index of recordings is not that of this journal, or of another version.
    #[error("the index is to be made anew: {why}")]
    IndexStale {
        /// What is wrong.
        why: &'static str,
    },
    /// SQLite refused.
    #[error("the database refused")]
    Sqlite(#[from] rusqlite::Error),
    /// The file was written by a newer version, or a migration's text is not the one that was applied.
    #[error("the database's schema is not ours: {reason}")]
    Schema {
        /// What differs.
        reason: String,
    },
    /// A stored value cannot be read back.
    #[error("a stored {what} cannot be read")]
    Corrupt {
        /// Which column.
        what: &'static str,
    },
    /// The operating system gave no randomness.
    #[error("no randomness from the operating system")]
    Random,
    /// A life of zero, or longer than [`crate::KEY_LIFE_MAX`], was asked for.
    #[error("the life asked for is zero or too long")]
    Life,
    /// A principal holds too many keys and tokens at once.
    #[error("the principal holds too many keys and tokens")]
    TooManyKeys,
    /// No such request.
    #[error("no such request")]
    Unknown,
    /// The store's thread could not be started or has ended.
    #[error("the store has stopped")]
    Stopped,
    /// More work is queued than the bound allows.
    #[error("the store is overloaded")]
    Overloaded,
}

impl From<Error> for PortError {
    fn from(error: Error) -> Self {
        match error {
            Error::Sqlite(ref cause) if is_full(cause) => Self::Full,
            Error::Overloaded => Self::Slow { what: "store" },
            other => Self::Failed {
                what: "store",
                source: Box::new(other),
            },
        }
    }
}

fn is_full(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(rusqlite::ErrorCode::DiskFull)
}
