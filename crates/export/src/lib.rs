//! Audit events for other tools: one flat event, made from the journal, and the formats that it is written in.
//!
//! Knows no gateway, no socket and no clock, and decides nothing about who may look. What it writes is what the
//! journal says, no more; `docs/export.md` describes every field.

mod columns;
mod csv;
mod error;
mod event;
mod filter;
mod fold;
mod format;
mod jsonl;
mod ocsf;
pub mod pack;
mod parquet;
mod reader;
mod run;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

pub use columns::{COLUMNS, Column, Type, Value};
pub use error::Error;
pub use event::{AuditEvent, Detail, End, Kind, Statement, VERSION};
pub use filter::Filter;
pub use fold::Fold;
pub use format::{Encoder, Format};
pub use reader::{Reader, Step};
pub use run::{Summary, export};
