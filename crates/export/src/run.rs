//! One export: from a journal's folder, through a filter, into a writer.
//!
//! Must never hold more than a chunk of the journal and what open sessions need.

use std::io::Write;

use ledger::journal::Folder;

use crate::error::Error;
use crate::filter::Filter;
use crate::fold::Fold;
use crate::format::Encoder;
use crate::reader::{Reader, Step};

/// What was exported.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Summary {
    /// Events written.
    pub events: u64,
    /// Records read.
    pub records: u64,
}

/// Writes what a journal holds up to the record `last`, oldest first.
///
/// # Errors
/// [`Error`]: the journal cannot be read, or `out` takes no more. What was written until then stays.
pub fn export(
    folder: &Folder,
    last: u64,
    filter: &Filter,
    encoder: &mut dyn Encoder,
    out: &mut dyn Write,
) -> Result<Summary, Error> {
    let mut reader = Reader::new(folder.path(), 0);
    let mut fold = Fold::new(reader.journal()?.unwrap_or_default());
    let mut opener = folder.opener();
    let mut summary = Summary::default();
    encoder.begin(out).map_err(Error::Write)?;
    let mut failed = None;
    loop {
        let step = reader.step(last, |record| {
            summary.records += 1;
            let payload = opener.payload(record);
            for event in fold.take(record, payload.as_deref().map_err(|error| *error)) {
                if !filter.takes(&event) {
                    continue;
                }
                if let Err(error) = encoder.event(&event, out) {
                    failed = Some(error);
                    return false;
                }
                summary.events += 1;
            }
            true
        })?;
        if let Some(error) = failed {
            return Err(Error::Write(error));
        }
        if step == Step::End {
            break;
        }
    }
    for event in fold.pending() {
        if filter.takes_unended(&event) {
            encoder.event(&event, out).map_err(Error::Write)?;
            summary.events += 1;
        }
    }
    encoder.finish(out).map_err(Error::Write)?;
    out.flush().map_err(Error::Write)?;
    Ok(summary)
}
