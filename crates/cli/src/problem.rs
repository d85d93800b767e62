//! What went wrong, in one line with a hint, and the exit code that says it to scripts.
//!
//! Never carries a secret.

use std::fmt;
use std::process::ExitCode;

use contract::{ErrorBody, ErrorCode};

/// The kinds of failure that scripts can tell apart.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// Anything else (1).
    Failed,
    /// The command line does not make sense (2).
    Usage,
    /// Not signed in, or no longer (3).
    SignIn,
    /// Signed in, and not permitted (4).
    Forbidden,
    /// There is no such thing (5).
    NotFound,
    /// The gateway or the identity provider cannot be reached, or cannot do its work (6).
    Unavailable,
    /// A journal or recording does not verify (7).
    Damaged,
    /// What was compared is not the same (8).
    Differs,
    /// Whoever read standard output has gone away, as `head` does (141, what a shell says of SIGPIPE); said silently.
    ReaderGone,
}

impl Kind {
    /// The exit code.
    pub fn code(self) -> u8 {
        match self {
            Self::Failed => 1,
            Self::Usage => 2,
            Self::SignIn => 3,
            Self::Forbidden => 4,
            Self::NotFound => 5,
            Self::Unavailable => 6,
            Self::Damaged => 7,
            Self::Differs => 8,
            Self::ReaderGone => 141,
        }
    }
}

/// Why a command did not do what it was asked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Problem {
    /// Which kind.
    pub kind: Kind,
    /// One line.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl Problem {
    /// A problem that says `message` and nothing else.
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self {
            kind,
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

    /// A failure of kind [`Kind::Failed`].
    pub fn failed(message: impl Into<String>) -> Self {
        Self::new(Kind::Failed, message)
    }

    /// A command line that does not make sense.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(Kind::Usage, message)
    }

    /// Prints it to standard error and gives the exit code.
    pub fn report(&self) -> ExitCode {
        if self.kind != Kind::ReaderGone {
            eprintln!("{self}");
        }
        ExitCode::from(self.kind.code())
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let message = contract::visible::single_line(&self.message);
        write!(f, "portcullis: {message}")?;
        match &self.hint {
            Some(hint) => write!(f, "\n  hint: {}", contract::visible::single_line(hint)),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Problem {}

impl From<ErrorBody> for Problem {
    fn from(body: ErrorBody) -> Self {
        let kind = match body.code {
            ErrorCode::Unauthenticated => Kind::SignIn,
            ErrorCode::Forbidden => Kind::Forbidden,
            ErrorCode::NotFound | ErrorCode::Gone => Kind::NotFound,
            ErrorCode::Unavailable | ErrorCode::RateLimited => Kind::Unavailable,
            ErrorCode::MethodNotAllowed
            | ErrorCode::Invalid
            | ErrorCode::Conflict
            | ErrorCode::TooLarge
            | ErrorCode::Internal
            | ErrorCode::Unknown => Kind::Failed,
        };
        Self {
            kind,
            message: body.message,
            hint: body.hint,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_is_one_line_and_a_hint() {
        let problem = Problem::failed("no\u{1b}[2J such\nthing").hint("look");
        assert_eq!(
            problem.to_string(),
            "portcullis: no<U+001B>[2J such thing\n  hint: look"
        );
    }

    #[test]
    fn exit_codes_are_stable() {
        let codes = [
            Kind::Failed,
            Kind::Usage,
            Kind::SignIn,
            Kind::Forbidden,
            Kind::NotFound,
            Kind::Unavailable,
            Kind::Damaged,
            Kind::ReaderGone,
        ];
        assert_eq!(codes.map(Kind::code), [1, 2, 3, 4, 5, 6, 7, 141]);
    }
}
