//! Why a relay could not start. Knows no session: what befalls a session is a [`model::Refusal`] or a [`model::Fault`].

use std::io;
use std::path::{Path, PathBuf};

/// Why the relay did not start, or why a certificate was not taken.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A listener's address cannot be had.
    #[error("cannot listen on {address}")]
    Listen {
        /// Which.
        address: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A thread or its runtime cannot be had.
    #[error("cannot start thread {name}")]
    Thread {
        /// Which.
        name: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A file cannot be read or written.
    #[error("cannot use {}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A certificate, key or list of roots is not usable.
    #[error("{}: {reason}", path.display())]
    Certificate {
        /// In which file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// A target's definitions cannot be read.
    #[error("the definitions of database {database} cannot be read: {problem}")]
    Definitions {
        /// Which database.
        database: String,
        /// Why.
        problem: String,
    },
    /// A target's definitions cannot be read.
    #[error("{resource}: {reason}")]
    Target {
        /// Which target.
        resource: String,
        /// Why, in words that hold no secret.
        reason: String,
    },
    /// The parts contradict each other.
    #[error("{0}")]
    Parts(String),
}

impl Error {
    pub(crate) fn file(path: &Path, source: io::Error) -> Self {
        Self::File {
            path: path.to_owned(),
            source,
        }
    }

    pub(crate) fn certificate(path: &Path, reason: impl ToString) -> Self {
        Self::Certificate {
            path: path.to_owned(),
            reason: reason.to_string(),
        }
    }
}
