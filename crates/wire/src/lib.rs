//! Protocol cores without IO: bytes in, bytes and effects out.
//!
//! Knows no runtime, no socket, no clock, no thread. Client bytes leave for the upstream only against a
//! [`gate::Permit`]; messages that the gateway itself authors are made in `postgres::refuse` and
//! `postgres::login` alone.

pub mod kit;
pub mod postgres;
