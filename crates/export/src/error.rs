//! Why something cannot be exported.
//!
//! Must never carry an event's content.

use std::path::PathBuf;

/// Why something cannot be exported.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file or folder of the journal cannot be read.
    #[error("{}: {source}", .path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// What was exported cannot be written.
    #[error("the export cannot be written: {0}")]
    Write(#[source] std::io::Error),
}

impl From<ledger::journal::ReadError> for Error {
    fn from(error: ledger::journal::ReadError) -> Self {
        let ledger::journal::ReadError::Io { path, source } = error;
        Self::Read { path, source }
    }
}
