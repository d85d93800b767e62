//! The formats by name, and what writes each.
//!
//! Must never hold more of an export in memory than one event, or one bounded group of them.

use std::io::{self, Write};

use crate::event::AuditEvent;
use crate::{csv, jsonl, ocsf, parquet};

/// A format of an export.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Format {
    /// One JSON object a line, its fields as [`crate::COLUMNS`] has them.
    Jsonl,
    /// One JSON object a line, as the Open Cybersecurity Schema Framework has it.
    Ocsf,
    /// RFC 4180 with a header.
    Csv,
    /// Apache Parquet.
    Parquet,
}

impl Format {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Jsonl, Self::Ocsf, Self::Csv, Self::Parquet];

    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Jsonl => "jsonl",
            Self::Ocsf => "ocsf",
            Self::Csv => "csv",
            Self::Parquet => "parquet",
        }
    }

    /// The format of a name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.as_str() == name)
    }

    /// Its media type.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Jsonl | Self::Ocsf => "application/x-ndjson",
            Self::Csv => "text/csv; charset=utf-8; header=present",
            Self::Parquet => "application/vnd.apache.parquet",
        }
    }

    /// What writes it.
    pub fn encoder(self) -> Box<dyn Encoder> {
        match self {
            Self::Jsonl => Box::new(jsonl::Jsonl),
            Self::Ocsf => Box::new(ocsf::Ocsf),
            Self::Csv => Box::new(csv::Csv),
            Self::Parquet => Box::new(parquet::Parquet::new()),
        }
    }

    /// One event alone as JSON; for formats that are not JSON, as [`Format::Jsonl`].
    pub fn json(self, event: &AuditEvent) -> serde_json::Value {
        match self {
            Self::Ocsf => ocsf::event(event),
            Self::Jsonl | Self::Csv | Self::Parquet => jsonl::object(event),
        }
    }
}

/// Writes events, one after the other.
pub trait Encoder: Send {
    /// What stands before the first event.
    ///
    /// # Errors
    /// Those of `out`.
    fn begin(&mut self, out: &mut dyn Write) -> io::Result<()> {
        let _ = out;
        Ok(())
    }

    /// One event.
    ///
    /// # Errors
    /// Those of `out`.
    fn event(&mut self, event: &AuditEvent, out: &mut dyn Write) -> io::Result<()>;

    /// What stands behind the last event.
    ///
    /// # Errors
    /// Those of `out`.
    fn finish(&mut self, out: &mut dyn Write) -> io::Result<()> {
        let _ = out;
        Ok(())
    }
}
