//! What can go wrong with a credential. Texts are for the log: no token, no secret, no response body.

use gate::ports::{LoginError, PortError};

/// Why a credential was not taken or an issuer could not be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The credential is not good.
    #[error("{0}")]
    Refused(String),
    /// The issuer could not be asked, or what it said cannot be used.
    #[error("issuer {issuer}: {reason}")]
    Issuer {
        /// Which issuer.
        issuer: String,
        /// Why.
        reason: String,
    },
    /// The configuration cannot work.
    #[error("{0}")]
    Config(String),
}

impl Error {
    /// A refusal that says `reason`.
    pub(crate) fn refused(reason: impl Into<String>) -> Self {
        Self::Refused(reason.into())
    }

    /// A failure of `issuer`.
    pub(crate) fn issuer(issuer: &str, reason: impl Into<String>) -> Self {
        Self::Issuer {
            issuer: issuer.to_owned(),
            reason: reason.into(),
        }
    }
}

impl From<Error> for LoginError {
    fn from(error: Error) -> Self {
        match error {
            Error::Refused(reason) => Self::Refused { reason },
            other @ (Error::Issuer { .. } | Error::Config(_)) => {
                Self::Unavailable(PortError::Failed {
                    what: "identity provider",
                    source: Box::new(other),
                })
            }
        }
    }
}
