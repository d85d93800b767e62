//! The journal on local files: every session's recording in one append-only order, before anything is forwarded.
//!
//! Must never let a session go on that it cannot record, and never interpret an event. The format is the `ledger`
//! crate's; `docs/recording-format.md` describes it.

pub(crate) mod disk;
mod keeper;
pub(crate) mod log;
mod recorder;
pub(crate) mod recover;
mod results;
mod rows;
#[cfg(test)]
pub(crate) mod tests;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::SyncSender;
use std::thread::JoinHandle;
use std::time::{SystemTime, UNIX_EPOCH};

use gate::ports::{Journal, MasterKeys, PortError, Recorder};
use ledger::Event;
use ledger::verify::Head;
use model::{Limits, SessionId};

pub use log::JournalHealth;

use crate::error::Error;
use crate::ledger::{Disk as LedgerDisk, Files, JournalEnd, Ledger, LedgerOptions, Sealer};
use crate::texts::TextKeys;
use crate::vault::Vault;
use crate::vault::archive::Drawer;
use disk::{Disk, Folder};
use keeper::Keeper;
use log::Log;
use recorder::SessionRecorder;

/// How a journal is kept.
#[derive(Clone, Debug)]
pub struct JournalOptions {
    /// Interval, timeout, reserve and the bound on recorded responses.
    pub limits: Limits,
    /// Every action is durable before it goes on, reads too.
    pub strict: bool,
    /// How it is sealed; `None` leaves it unsealed.
    pub ledger: Option<LedgerOptions>,
    /// Where the master keys come from; without them nothing is encrypted, and what was cannot be read.
    pub masters: Option<Arc<dyn MasterKeys>>,
    /// Whether new sessions are encrypted, where there are master keys.
    pub encrypt: bool,
}

/// Keeps all recordings of one gateway in one folder.
pub struct JournalStore {
    dir: PathBuf,
    keeper: Arc<Keeper>,
    threads: Vec<JoinHandle<()>>,
    sealing: Option<Sealing>,
    pub(crate) archive: Drawer,
    /// Keeps other processes out for as long as this lives.
    _lock: File,
}

/// The thread that seals, and what it works on.
struct Sealing {
    ledger: Arc<Ledger>,
    /// Dropped to ask for a last turn and the end.
    stop: Option<SyncSender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl JournalStore {
    /// Opens or makes a journal, takes up what an earlier run left, and records that the gateway started.
    ///
    /// # Errors
    /// [`Error`]: the folder is in use or unusable, or has no room for the reserve.
    pub fn open(dir: &Path, options: JournalOptions) -> Result<Arc<Self>, Error> {
        let disk = Arc::new(Folder(dir.to_owned()));
        let files = options.ledger.as_ref().map(|ledger| {
            let files: Arc<dyn Files> = Arc::new(LedgerDisk(ledger.dir.clone()));
            files
        });
        Self::open_on(dir, disk, files, options)
    }

    pub(crate) fn open_on(
        dir: &Path,
        disk: Arc<dyn Disk>,
        files: Option<Arc<dyn Files>>,
        options: JournalOptions,
    ) -> Result<Arc<Self>, Error> {
        let recovered = recover::recover(dir)?;
        let failed = |doing| {
            let path = dir.display().to_string();
            move |source| Error::Journal {
                doing,
                path,
                source,
            }
        };
        let before = recovered.start.head;
        let sealer = match (&options.ledger, files) {
            (Some(wish), Some(files)) => {
                private_folder(&wish.dir).map_err(failed("make the ledger beside"))?;
                let journal = JournalEnd {
                    dir,
                    journal: recovered.start.journal,
                    last: before.sequence,
                };
                Some(Ledger::open(wish, files, &journal)?)
            }
            (Some(_), None) | (None, _) => None,
        };
        let vault = options.masters.as_ref().map(|masters| {
            let (journal, disk) = (recovered.start.journal, Arc::clone(&disk));
            Vault::open(dir.to_owned(), journal, disk, &**masters, options.encrypt)
        });
        let vault = vault.transpose()?;
        let drawer = Drawer::open(dir, vault.clone()).map_err(failed("read the holds"))?;
        let reserve = options.limits.journal_reserve_bytes;
        let log = Log::start(disk, recovered.start, reserve, vault);
        let log = log.map_err(failed("begin a segment"))?;
        let keeper = Arc::new(Keeper::new(log, &options.limits, options.strict));
        let writer = Arc::clone(&keeper);
        let watcher = Arc::clone(&keeper);
        let threads = vec![
            spawn("journal-keeper", move || writer.run()).map_err(failed("start a thread"))?,
            spawn("journal-watch", move || watcher.watch()).map_err(failed("start a thread"))?,
        ];
        // Its time comes before that of any seal of this run: what this run seals of the one before is told by that.
        let started = started(recovered.torn_bytes, before, keeper.log.vault());
        let sealing = sealer.map(|(ledger, sealer)| begin_sealing(ledger, sealer, &keeper));
        let sealing = sealing.transpose().map_err(failed("start a thread"))?;
        let store = Self {
            dir: dir.to_owned(),
            keeper,
            threads,
            sealing,
            archive: drawer,
            _lock: recovered.lock,
        };
        store.control(&started).map_err(|error| {
            failed("record the start")(std::io::Error::other(error.to_string()))
        })?;
        store
            .finish_erasing()
            .map_err(|error| failed("finish erasing")(std::io::Error::other(error.to_string())))?;
        Ok(Arc::new(store))
    }

    /// Where recordings are read.
    pub fn folder(&self) -> ledger::journal::Folder {
        match self.keeper.log.vault() {
            Some(vault) => ledger::journal::Folder::new(&self.dir, Arc::<Vault>::clone(vault)),
            None => ledger::journal::Folder::without_keys(&self.dir),
        }
    }

    /// The keys of its sessions, for other texts of theirs; `None` where there is no master key.
    pub fn text_keys(&self) -> Option<TextKeys> {
        let vault = self.keeper.log.vault()?;
        Some(TextKeys {
            encrypt: vault.encrypts(),
            keys: Arc::<Vault>::clone(vault),
        })
    }

    /// The folder.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The journal's id, the same in all its segments.
    #[cfg(test)]
    pub(crate) fn id(&self) -> [u8; 16] {
        self.keeper.log.journal()
    }

    /// How the journal is, for health checks and metrics.
    pub fn health(&self) -> JournalHealth {
        self.keeper.log.health()
    }

    /// The last record's place and hash. Keep it elsewhere: verification against it notices a cut.
    pub fn head(&self) -> Head {
        self.keeper.log.head()
    }

    /// The ledger that seals it.
    pub fn ledger(&self) -> Option<&Arc<Ledger>> {
        self.sealing.as_ref().map(|sealing| &sealing.ledger)
    }

    /// The sequence number of the last record known to be on disk.
    pub fn durable_sequence(&self) -> u64 {
        self.keeper.log.synced()
    }
}

impl JournalStore {
    /// Appends events of the control plane, and returns once all are on disk.
    pub(crate) fn controls<'a>(
        &self,
        events: impl Iterator<Item = Event<'a>>,
    ) -> Result<(), PortError> {
        let mut last = None;
        for event in events {
            last = Some(self.keeper.control(&event)?);
        }
        last.map_or(Ok(()), |last| self.keeper.wait_synced(last))
    }
}

impl Journal for JournalStore {
    fn begin(&self, session: SessionId) -> Result<Box<dyn Recorder>, PortError> {
        self.keeper.log.may_begin()?;
        let keeper = Arc::clone(&self.keeper);
        Ok(Box::new(SessionRecorder::new(keeper, *session.as_bytes())?))
    }

    fn control(&self, event: &Event<'_>) -> Result<(), PortError> {
        let sequence = self.keeper.control(event)?;
        self.keeper.wait_synced(sequence)
    }
}

impl Drop for JournalStore {
    fn drop(&mut self) {
        let stopped = self.control(&note("gateway.stopped", &[]));
        if let Err(error) = stopped {
            tracing::error!(%error, "the gateway's stop could not be recorded");
        }
        self.keeper.end_control(now());
        self.keeper.stop();
        for thread in self.threads.drain(..) {
            if thread.join().is_err() {
                tracing::error!("a thread of the journal had panicked");
            }
        }
        // Last, so that the end is sealed too.
        if let Some(sealing) = &mut self.sealing {
            drop(sealing.stop.take());
            if sealing
                .thread
                .take()
                .is_some_and(|thread| thread.join().is_err())
            {
                tracing::error!("the sealer's thread had panicked");
            }
        }
    }
}

/// The event that a run begins with.
fn started(torn_bytes: u64, before: Head, vault: Option<&Arc<Vault>>) -> Event<'static> {
    let master = vault.and_then(|vault| vault.master_id());
    let fields = [
        ("version", env!("CARGO_PKG_VERSION").to_owned()),
        ("after", before.sequence.to_string()),
        ("after_hash", ledger::Hex(&before.hash).to_string()),
        ("torn_bytes", torn_bytes.to_string()),
        (
            "master_key",
            master.map_or_else(|| "none".to_owned(), |id| id.to_string()),
        ),
    ];
    let fields = fields.into_iter();
    Event::Control {
        time: now(),
        actor: "portcullis".into(),
        name: "gateway.started".into(),
        fields: fields
            .map(|(name, value)| (name.into(), value.into()))
            .collect(),
    }
}

fn begin_sealing(
    ledger: Arc<Ledger>,
    sealer: Sealer,
    keeper: &Arc<Keeper>,
) -> std::io::Result<Sealing> {
    let (stop, stopped) = std::sync::mpsc::sync_channel(1);
    let keeper = Arc::clone(keeper);
    let thread = spawn("journal-sealer", move || {
        sealer.run(&stopped, || keeper.log.synced(), now);
    })?;
    Ok(Sealing {
        ledger,
        stop: Some(stop),
        thread: Some(thread),
    })
}

pub(crate) fn private_folder(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true).mode(0o700).create(path)?;
    disk::sync_folder(path.parent().unwrap_or(path))
}

fn spawn(name: &str, run: impl FnOnce() + Send + 'static) -> std::io::Result<JoinHandle<()>> {
    std::thread::Builder::new().name(name.to_owned()).spawn(run)
}

pub(crate) fn note<'a>(name: &'a str, fields: &[(&'a str, &'a str)]) -> Event<'a> {
    let fields = fields.iter();
    Event::Control {
        time: now(),
        actor: "portcullis".into(),
        name: name.into(),
        fields: fields
            .map(|(name, value)| ((*name).into(), (*value).into()))
            .collect(),
    }
}

/// Microseconds since the epoch. The gate's events bring their own times; only the journal's own take this.
pub(crate) fn now() -> u64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    u64::try_from(since.as_micros()).unwrap_or(u64::MAX)
}
