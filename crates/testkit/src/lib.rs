//! The real things that the end-to-end tests run against: PostgreSQL servers, an OpenID provider, the gateway's own
//! binary, and a client that speaks PostgreSQL's frames by hand. Never linked into anything that ships.
//!
//! Set-up that fails panics with what went wrong: a test without its server proves nothing.

mod files;
mod frames;
mod gateway;
mod http;
mod leash;
mod oidc;
mod postgres;
mod run;
mod wait;

pub use files::{Scratch, repository, target};
pub use frames::{Frame, RawClient, cancel, extended, message, query};
pub use gateway::Gateway;
pub use http::{HttpAnswer, http_get, http_post};
pub use oidc::Oidc;
pub use postgres::{Postgres, PostgresOptions, SUPERUSER, Server};
pub use run::{Ran, run};
pub use wait::{eventually, wait_until};
