//! The sealer's thread: at moments that nobody can foresee, and never later than the interval, it seals.
//!
//! Must never stop trying, and never go on from memory after a write has failed: the files say where the log stands.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use ::ledger::tlog::batch::Batch;
use ::ledger::tlog::entry::Entry;

use super::tail::Tail;
use super::writer::Writer;
use super::{JournalEnd, Ledger, LedgerOptions, key};
use crate::error::Error;

/// Seals one journal.
pub(crate) struct Sealer {
    ledger: Arc<Ledger>,
    options: LedgerOptions,
    dir: PathBuf,
    journal: [u8; 16],
    open: Option<(Writer, Tail)>,
}

impl Sealer {
    pub(crate) fn new(
        ledger: Arc<Ledger>,
        options: &LedgerOptions,
        writer: Writer,
        tail: Tail,
        journal: &JournalEnd<'_>,
    ) -> Self {
        Self {
            ledger,
            options: options.clone(),
            dir: journal.dir.to_owned(),
            journal: journal.journal,
            open: Some((writer, tail)),
        }
    }

    /// Seals until told to stop, and then once more. `durable` says which record is the last on disk, `now` the time.
    pub(crate) fn run(
        mut self,
        stop: &Receiver<()>,
        durable: impl Fn() -> u64,
        now: impl Fn() -> u64,
    ) {
        loop {
            let told = stop.recv_timeout(self.pause());
            self.turn(durable(), &now);
            match told {
                Err(RecvTimeoutError::Timeout) => {}
                Ok(()) | Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    /// Half to nine tenths of the interval: the rest is for the work itself.
    fn pause(&self) -> Duration {
        let mut byte = [0; 1];
        // Without randomness it is simply the shortest pause.
        getrandom::fill(&mut byte).ok();
        let share = 500 + 400 * u32::from(byte[0]) / 255;
        self.options.interval * share / 1000
    }

    /// Seals what is on disk and not sealed, and tells how it went.
    pub(crate) fn turn(&mut self, durable: u64, now: &impl Fn() -> u64) {
        let done = self.seal(durable, now);
        if done.is_err() {
            self.open = None;
        }
        let mut state = self.ledger.state();
        match done {
            Ok(()) => {
                if state.failing.take().is_some() {
                    tracing::info!("the ledger is sealed again");
                }
            }
            Err(error) => {
                let why = told(&error);
                let since = state.failing.take().map(|(since, _)| since);
                if since.is_none() {
                    tracing::error!(error = %why, "the ledger cannot be sealed; it is tried again");
                }
                state.failing = Some((since.unwrap_or_else(Instant::now), why));
            }
        }
    }

    fn seal(&mut self, durable: u64, now: &impl Fn() -> u64) -> Result<(), Error> {
        loop {
            let (mut writer, mut tail) = match self.open.take() {
                Some(open) => open,
                None => self.reopen(durable)?,
            };
            let more = self.seal_batch(&mut writer, &mut tail, durable, now);
            if more.is_ok() {
                self.open = Some((writer, tail));
            }
            if !more? {
                return Ok(());
            }
        }
    }

    /// Seals one batch; says whether there may be more.
    fn seal_batch(
        &self,
        writer: &mut Writer,
        tail: &mut Tail,
        durable: u64,
        now: &impl Fn() -> u64,
    ) -> Result<bool, Error> {
        let before = tail.head();
        if durable <= before.sequence {
            return Ok(false);
        }
        let mut entries = Vec::new();
        if writer.sealed().is_none() {
            entries.push(Entry::Log {
                journal: self.journal,
                first: before.sequence + 1,
                before: before.hash,
                time: now(),
            });
        }
        let mut batch = Batch::after(before);
        let read = tail.read(&mut batch, durable);
        read.map_err(|source| Error::Journal {
            doing: "read a segment",
            path: self.dir.display().to_string(),
            source,
        })?;
        if batch.is_empty() {
            return Ok(false);
        }
        let (sealed, is_full) = (batch.last(), batch.is_full());
        entries.extend(batch.close(now()));
        writer.append(&entries, sealed)?;
        let (published, newest) = writer.notes();
        let mut state = self.ledger.state();
        if self.options.witnesses.quorum == 0 {
            state.published = published;
        } else {
            state.waiting.get_or_insert_with(Instant::now);
        }
        state.newest = newest;
        state.sealed = sealed.sequence;
        Ok(is_full)
    }

    /// After a failure: where the files say that the log stands.
    fn reopen(&self, durable: u64) -> Result<(Writer, Tail), Error> {
        let ledger = &self.ledger;
        let journal = JournalEnd {
            dir: &self.dir,
            journal: self.journal,
            last: durable,
        };
        let signer = key::open(&self.options, ledger.folder.is_log(), &self.journal)?;
        let files = Arc::clone(&ledger.files);
        let writer = Writer::open(&ledger.folder, files, signer, &self.options.witnesses)?;
        let tail = Tail::open(&journal, writer.sealed())?;
        Ok((writer, tail))
    }
}

/// An error with its causes, in one line.
fn told(error: &Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(next) = cause {
        text.push_str(": ");
        text.push_str(&next.to_string());
        cause = next.source();
    }
    text
}
