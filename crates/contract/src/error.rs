//! What the API says when it does not do what was asked.
//!
//! Never carries a secret, a statement's text or the name of something that the caller may not know of.

use serde::{Deserialize, Serialize};

/// A stable reason, for programs.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorCode {
    /// No credential, or one that is not good (401).
    Unauthenticated,
    /// The credential is good and does not suffice (403).
    Forbidden,
    /// There is no such thing, or none that the caller may know of (404).
    NotFound,
    /// The path takes another method (405).
    MethodNotAllowed,
    /// The request is malformed or out of range (400).
    Invalid,
    /// It was erased (410).
    Gone,
    /// The thing is no longer in a state that allows it (409).
    Conflict,
    /// The request is too large (413).
    TooLarge,
    /// Too many attempts from one source (429).
    RateLimited,
    /// The identity provider, the store or the journal cannot do its work (503).
    Unavailable,
    /// The gateway failed (500).
    Internal,
    /// A code that this version does not know.
    #[serde(other)]
    Unknown,
}

impl ErrorCode {
    /// The HTTP status that goes with the code.
    pub fn status(self) -> u16 {
        match self {
            Self::Unauthenticated => 401,
            Self::Forbidden => 403,
            Self::NotFound => 404,
            Self::MethodNotAllowed => 405,
            Self::Invalid => 400,
            Self::Conflict => 409,
            Self::Gone => 410,
            Self::TooLarge => 413,
            Self::RateLimited => 429,
            Self::Unavailable => 503,
            Self::Internal | Self::Unknown => 500,
        }
    }
}

/// The body of every answer that is not a success.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ErrorBody {
    /// The stable reason.
    pub code: ErrorCode,
    /// One line for people.
    pub message: String,
    /// What to do about it, when there is something.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn check(code: ErrorCode, name: &str, status: u16) {
        assert_eq!(serde_json::to_string(&code).unwrap(), format!("\"{name}\""));
        assert_eq!(code.status(), status);
    }

    #[test]
    fn codes_keep_their_names_and_statuses() {
        check(ErrorCode::Unauthenticated, "unauthenticated", 401);
        check(ErrorCode::Forbidden, "forbidden", 403);
        check(ErrorCode::NotFound, "not_found", 404);
        check(ErrorCode::MethodNotAllowed, "method_not_allowed", 405);
        check(ErrorCode::Invalid, "invalid", 400);
        check(ErrorCode::Conflict, "conflict", 409);
        check(ErrorCode::TooLarge, "too_large", 413);
        check(ErrorCode::RateLimited, "rate_limited", 429);
        check(ErrorCode::Unavailable, "unavailable", 503);
        check(ErrorCode::Internal, "internal", 500);
    }

    #[test]
    fn a_code_of_a_later_version_is_read_as_unknown() {
        let body: ErrorBody =
            serde_json::from_str(r#"{"code":"brand_new","message":"m","extra":1}"#).unwrap();
        assert_eq!(body.code, ErrorCode::Unknown);
        assert_eq!(body.hint, None);
    }
}
