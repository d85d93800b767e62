//! The ledger on local files: what the journal has on disk is sealed into a Merkle log, by a thread of its own.
//!
//! Must never make a session wait, never sign what is not on disk, and never take a checkpoint back. The format is the
//! `ledger` crate's; `docs/ledger.md` describes it.

mod files;
mod key;
mod sealer;
mod tail;
#[cfg(test)]
mod tests;
mod writer;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use ledger::tlog::folder::Folder;
use ledger::tlog::note::{Checkpoint, Note, VerifierKey, WitnessPolicy};

use crate::error::Error;
pub(crate) use files::{Disk, Files};
pub(crate) use sealer::Sealer;
use writer::Writer;

/// How the ledger is kept.
#[derive(Clone, Debug)]
pub struct LedgerOptions {
    /// The log's folder.
    pub dir: PathBuf,
    /// The signing key's file; made at the first start.
    pub key_file: PathBuf,
    /// The log's name; `None` takes that of the key, or makes one of `host` for a new key.
    pub origin: Option<String>,
    /// What a new log is called after.
    pub host: String,
    /// What is on disk is sealed within this time.
    pub interval: Duration,
    /// Who must have seen a checkpoint before it is published.
    pub witnesses: WitnessPolicy,
}

/// How sealing goes.
#[derive(Clone, Debug, Default)]
pub struct LedgerHealth {
    /// Records on disk that are not sealed.
    pub unsealed: u64,
    /// For how long the last attempts have failed, and why; `None` while all is well.
    pub failing: Option<(Duration, String)>,
    /// For how long a newer checkpoint has waited for witnesses.
    pub unwitnessed: Option<Duration>,
}

#[derive(Default)]
struct State {
    published: Option<Note>,
    newest: Option<Note>,
    sealed: u64,
    failing: Option<(Instant, String)>,
    /// Since when the newest checkpoint is newer than the published one.
    waiting: Option<Instant>,
}

/// A gateway's ledger, as others see it. Shared between the sealer, the API and whoever asks witnesses.
pub struct Ledger {
    folder: Folder,
    files: Arc<dyn Files>,
    key: VerifierKey,
    witnesses: WitnessPolicy,
    state: Mutex<State>,
}

impl Ledger {
    /// Opens or makes the log, and checks that its files say what its checkpoint says and that the journal still
    /// ends where it was sealed, or later.
    pub(crate) fn open(
        options: &LedgerOptions,
        files: Arc<dyn Files>,
        journal: &JournalEnd<'_>,
    ) -> Result<(Arc<Self>, Sealer), Error> {
        let folder = Folder::new(&options.dir);
        let signer = key::open(options, folder.is_log(), &journal.journal)?;
        let key = signer.verifier().clone();
        let writer = Writer::open(&folder, Arc::clone(&files), signer, &options.witnesses)?;
        let tail = tail::Tail::open(journal, writer.sealed())?;
        writer.keep_vkey()?;
        let (published, newest) = writer.notes();
        let ledger = Arc::new(Self {
            folder,
            files,
            key,
            witnesses: options.witnesses.clone(),
            state: Mutex::new(State {
                waiting: (published != newest).then(Instant::now),
                published,
                newest,
                sealed: writer.sealed().map_or(0, |head| head.sequence),
                failing: None,
            }),
        });
        let sealer = Sealer::new(Arc::clone(&ledger), options, writer, tail, journal);
        Ok((ledger, sealer))
    }

    /// The log's public key.
    pub fn key(&self) -> &VerifierKey {
        &self.key
    }

    /// The log's files.
    pub fn folder(&self) -> &Folder {
        &self.folder
    }

    /// The published checkpoint: on disk for good, and cosigned by as many witnesses as must.
    pub fn checkpoint(&self) -> Option<Note> {
        self.state().published.clone()
    }

    /// The newest checkpoint, on disk for good; it may wait for witnesses.
    pub fn newest(&self) -> Option<Note> {
        self.state().newest.clone()
    }

    /// The last record that is sealed.
    pub fn sealed(&self) -> u64 {
        self.state().sealed
    }

    /// Who must cosign.
    pub fn witnesses(&self) -> &WitnessPolicy {
        &self.witnesses
    }

    /// Publishes a checkpoint of this log with its cosignatures. `false` when there are too few, or a newer one is
    /// published already.
    ///
    /// # Errors
    /// [`Error`] when it is not this log's, or cannot be written.
    pub fn publish(&self, note: &Note) -> Result<bool, Error> {
        let checkpoint = Checkpoint::verified(note, &self.key)?;
        if self.witnesses.check(note).is_err() {
            return Ok(false);
        }
        let mut state = self.state();
        let size = |note: &Option<Note>| {
            let checkpoint = note
                .as_ref()
                .and_then(|note| Checkpoint::parse(note.text()).ok());
            checkpoint.map_or(0, |checkpoint| checkpoint.head.size)
        };
        let (before, newest) = (size(&state.published), size(&state.newest));
        if checkpoint.head.size <= before || checkpoint.head.size > newest {
            return Ok(false);
        }
        files::put(
            &*self.files,
            ledger::tlog::folder::CHECKPOINT,
            note.to_string().as_bytes(),
        )?;
        state.published = Some(note.clone());
        if checkpoint.head.size == newest {
            state.waiting = None;
        }
        Ok(true)
    }

    /// How sealing goes; `durable` is the last record on disk.
    pub fn health(&self, durable: u64) -> LedgerHealth {
        let state = self.state();
        LedgerHealth {
            unsealed: durable.saturating_sub(state.sealed),
            failing: state
                .failing
                .as_ref()
                .map(|(since, why)| (since.elapsed(), why.clone())),
            unwitnessed: state.waiting.map(|since| since.elapsed()),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The journal as the ledger finds it when it is opened.
pub(crate) struct JournalEnd<'a> {
    /// Its folder.
    pub(crate) dir: &'a std::path::Path,
    /// Its id.
    pub(crate) journal: [u8; 16],
    /// Its last record.
    pub(crate) last: u64,
}
