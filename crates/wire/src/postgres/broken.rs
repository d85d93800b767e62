//! Why a session ends from inside, and what its client is told. Must never quote what either side sent.

use model::Fault;

use super::frame::FrameError;
use super::rows::RowError;

/// Why a session ends from inside.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Broken {
    #[error("the client broke the protocol: {0}")]
    Client(FrameError),
    #[error("the target broke the protocol: {0}")]
    Upstream(FrameError),
    #[error("rows of the target may not pass: {0}")]
    Rows(RowError),
    #[error("the target moved {0} away from its pinned value")]
    Unpinned(&'static str),
    #[error("code that was not analysed set {0}, which this session may not: it ends")]
    Moved(String),
    #[error("the session's state cannot be read: {0}")]
    State(String),
    #[error("a permit came for another action")]
    Permit,
}

impl Broken {
    /// Whether what the server says of a result contradicts the analysis.
    pub(crate) fn is_contradiction(&self) -> bool {
        matches!(self, Self::Rows(RowError::Origin { .. }))
    }

    /// Whose doing it was.
    pub(crate) fn fault(&self) -> Fault {
        match self {
            Self::Client(FrameError::TooLong { .. }) => Fault::Limit,
            Self::Client(_) => Fault::Client,
            // The target is believed: it is the analysis that was wrong.
            Self::Rows(RowError::Origin { .. }) => Fault::Gateway,
            Self::Upstream(_) | Self::Rows(_) | Self::State(_) => Fault::Upstream,
            Self::Unpinned(_) | Self::Moved(_) => Fault::Policy,
            Self::Permit => Fault::Gateway,
        }
    }

    /// What the client is told it was.
    pub(crate) fn sqlstate(&self) -> &'static str {
        match self {
            Self::Client(FrameError::TooLong { .. }) => "54000",
            Self::Client(_) => "08P01",
            Self::Upstream(_) | Self::State(_) => "58000",
            Self::Rows(_) | Self::Unpinned(_) | Self::Moved(_) => "42501",
            Self::Permit => "XX000",
        }
    }
}
