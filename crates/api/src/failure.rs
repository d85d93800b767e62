//! The one error of this crate, and how it is told: as JSON to programs, as a page to people.
//!
//! Never carries a secret, nor the reason why a credential was refused: that goes to the log.

use axum::Json;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use contract::{ErrorBody, ErrorCode};
use gate::desk::AnswerError;
use gate::ports::PortError;

/// Why a request was not done.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    /// The stable reason.
    pub code: ErrorCode,
    /// One line for people.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl Failure {
    /// A failure that says `message` and nothing else.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            hint: None,
        }
    }

    /// The same with a hint.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// No credential, or one that is not good.
    pub fn unauthenticated() -> Self {
        Self::new(ErrorCode::Unauthenticated, "sign in first").hint("run `portcullis login`")
    }

    /// No such thing, or none that the caller may know of.
    pub fn not_found(what: &str) -> Self {
        Self::new(ErrorCode::NotFound, format!("no such {what}"))
    }

    /// Malformed or out of range.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::Invalid, message)
    }

    /// The gateway failed in a way that has nothing to tell.
    pub fn internal() -> Self {
        Self::new(ErrorCode::Internal, "the gateway failed; its log says why")
    }

    /// The HTTP status.
    pub fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }
}

impl From<PortError> for Failure {
    fn from(error: PortError) -> Self {
        tracing::error!(error = &error as &dyn std::error::Error, "a port failed");
        if let PortError::Unfinished { .. } = error {
            return Self::new(
                ErrorCode::Unavailable,
                "an erasure was begun and cannot be finished now",
            )
            .hint(
                "it is finished before anything else is done to recordings, at the gateway's next start at the latest; \
                 ask again to see what became of each; the gateway's log says what is wrong",
            );
        }
        Self::new(
            ErrorCode::Unavailable,
            "the gateway cannot record or look this up now",
        )
        .hint("nothing was changed; try again once the operator has looked at the gateway's log")
    }
}

impl From<AnswerError> for Failure {
    fn from(error: AnswerError) -> Self {
        match error {
            AnswerError::Unknown => Self::not_found("request"),
            AnswerError::Settled => Self::new(ErrorCode::Conflict, error.to_string()),
            AnswerError::NotEntitled { reason } => Self::new(ErrorCode::Forbidden, reason),
            AnswerError::Port(port) => port.into(),
        }
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let status = self.status();
        let body = ErrorBody {
            code: self.code,
            message: self.message,
            hint: self.hint,
        };
        let mut response = (status, Json(body)).into_response();
        if status == StatusCode::UNAUTHORIZED {
            let value = header::HeaderValue::from_static("Bearer realm=\"portcullis\"");
            response
                .headers_mut()
                .insert(header::WWW_AUTHENTICATE, value);
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_erasure_that_was_begun_is_not_told_as_no_change() {
        let told = |error: PortError| Failure::from(error).hint.unwrap_or_default();
        assert!(told(PortError::Full).contains("nothing was changed"));
        let begun = told(PortError::Unfinished {
            source: Box::new(PortError::Full),
        });
        assert!(
            !begun.contains("nothing was changed") && begun.contains("finished before anything")
        );
    }
}
