//! The recording format: events, framing, compression, hash chain; writing to and reading from bytes.
//!
//! Stands alone, so that an auditor's verifier can be small: knows no policy, no protocol but the framing of
//! recorded responses, no database, no runtime. Time is an argument.

pub mod codec;
pub mod crc;
pub mod event;
pub mod find;
mod hex;
pub mod journal;
pub mod keys;
pub mod record;
pub mod result;
pub mod segment;
pub mod tlog;
pub mod verify;

pub use event::Event;
pub use hex::{Hex, Id};
