//! How a session ends, and what its client is told. Knows no socket.

use gate::StopReason;
use gate::ports::PortError;
use model::{Fault, Refusal, RefusalKind};

/// How a session ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Ending {
    /// The metric label.
    pub(crate) cause: &'static str,
    /// For the recording, when it was ended from outside.
    pub(crate) stop: Option<StopReason>,
    /// For the recording and the log, when something went wrong.
    pub(crate) error: Option<String>,
}

impl Ending {
    /// The client said goodbye.
    pub(crate) fn finished() -> Self {
        Self {
            cause: "finished",
            stop: None,
            error: None,
        }
    }

    /// Somebody ended it from outside.
    pub(crate) fn stopped(reason: StopReason) -> Self {
        Self {
            cause: "stopped",
            stop: Some(reason),
            error: None,
        }
    }

    /// Something went wrong.
    pub(crate) fn failed(fault: Fault, error: impl Into<String>) -> Self {
        Self {
            cause: fault.as_str(),
            stop: None,
            error: Some(error.into()),
        }
    }
}

/// What the client of a stopped session is told.
pub(crate) fn stop_refusal(reason: &StopReason) -> Refusal {
    let (kind, text) = match reason {
        StopReason::Revoked => (
            RefusalKind::Unauthenticated,
            "your access was revoked; the session is ended",
        ),
        StopReason::Expired => (
            RefusalKind::Unauthenticated,
            "the session reached its maximum age or its token's end",
        ),
        StopReason::Killed => (RefusalKind::Withdrawn, "an administrator ended the session"),
        StopReason::Shutdown => (RefusalKind::Withdrawn, "the gateway is shutting down"),
    };
    let mut refusal = Refusal::new(kind, text);
    refusal.hint = match reason {
        StopReason::Expired => Some("log in again".to_owned()),
        StopReason::Shutdown => Some("connect again in a moment".to_owned()),
        StopReason::Revoked | StopReason::Killed => None,
    };
    refusal
}

/// What the client is told when the recording cannot go on.
pub(crate) fn recorder_refusal(error: &PortError) -> Refusal {
    let text = match error {
        PortError::Full => "no space left for the recording; the session is ended",
        PortError::Slow { .. } => "the recording does not keep up; the session is ended",
        PortError::Failed { .. } | PortError::Unfinished { .. } => {
            "the recording cannot be written; the session is ended"
        }
    };
    Refusal::new(error.of_recording(), text)
}
