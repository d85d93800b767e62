//! The relay against a real PostgreSQL, with real clients.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod bench;
mod faults;
mod login;
mod tls;
