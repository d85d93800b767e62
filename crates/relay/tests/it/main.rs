//! The relay against a real PostgreSQL, with real clients, and with hands that send what no client would.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod bench;
mod cancel;
mod door;
mod end;
mod flow;
mod login;
mod memory;
mod tls;
