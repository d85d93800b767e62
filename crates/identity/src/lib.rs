//! Who is at the door: tokens of OIDC issuers, our own keys and tokens, and signing in. Never decides what the
//! principal may do, and never writes a credential anywhere.
//!
//! One function, [`Issuers::verify`], decides whether a token is good, for logins, the web and the command line
//! alike. Rules and configuration are documented in `docs/identity.md`.

mod authenticator;
mod claims;
mod config;
mod error;
mod fetch;
mod issuers;
mod json;
mod jwks;
pub mod rp;
mod token;

pub use authenticator::Authenticator;
pub use claims::Verified;
pub use config::{Algorithm, IssuerConfig, KindRule};
pub use error::Error;
pub use issuers::Issuers;
