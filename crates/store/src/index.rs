//! The index of recordings: the words and facets of every action in an SQLite file, kept by a thread of its own that
//! reads the journal behind its writer.
//!
//! Must never make a session wait, and never be needed: it is made of the journal, and can be made of it again. What is
//! shown of a hit is read from the journal, so the index tells where to look, not what was said.

mod ask;
mod behind;
mod file;
mod follow;
mod keep;
mod lag;
mod tail;
#[cfg(test)]
mod tests;
mod words;

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use contract::SearchResults;
use ledger::find::Filter;
use ledger::find::entry::Place;
use ledger::journal::Folder;
use rusqlite::Connection;

use crate::error::Error;
use follow::Follower;

/// Connections for searches that are kept open.
const READERS_KEPT: usize = 4;
/// Searches under way at once; more are refused instead of queued.
const SEARCHES_MAX: usize = 16;
/// The index's thread runs where nobody else wants the processor (`nice`). Tests wait for it, on machines that are busy.
const NICE: i32 = if cfg!(test) { 0 } else { 19 };

/// How often a search that waits for the index looks how far it is.
const LOOK: Duration = Duration::from_millis(50);
/// Work that waits for the index's thread.
const JOBS_MAX: usize = 16;

/// How an index is kept.
#[derive(Clone, Debug)]
pub struct IndexOptions {
    /// The folder for its file; made with mode 0700.
    pub dir: PathBuf,
    /// Bytes of words taken of what an action said, and of what came back.
    pub part_bytes_max: usize,
    /// How long one search may take.
    pub time_max: Duration,
    /// After how long an answer is given with what was found, and where to go on. Searching one volume is never broken off
    /// for it.
    pub page_time: Duration,
    /// How long what was recorded may wait for being indexed while sessions are busy.
    pub lag_max: Duration,
    /// How many bytes of the journal may wait, likewise. Searches read them.
    pub lag_bytes_max: u64,
}

/// How indexing goes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IndexHealth {
    /// The last record that is indexed.
    pub sequence: u64,
    /// The newest time that is indexed; 0 before the first.
    pub time: u64,
    /// Actions that were met so far; some may be under way.
    pub entries: u64,
    /// Bytes of the index's files.
    pub bytes: u64,
    /// Bytes of the journal that are not indexed.
    pub bytes_behind: u64,
    /// For how long the oldest of them has waited.
    pub age: Duration,
    /// Parts of the index that are full and not merged yet: searches in them take longer.
    pub unmerged: u64,
    /// For how long the last attempts have failed, and why; `None` while all is well.
    pub failing: Option<(Duration, String)>,
}

/// What the thread and the searches share.
struct Shared {
    options: IndexOptions,
    journal: Folder,
    state: Mutex<State>,
    /// Told when more is indexed.
    moved: Condvar,
    searches: AtomicUsize,
    /// Searches that wait for the index to catch up.
    waiting: AtomicUsize,
    /// Whether the gateway stops.
    is_over: AtomicBool,
    /// Pages that the file may have; 0 for all that the disk has room for.
    #[cfg(test)]
    pages_max: std::sync::atomic::AtomicI64,
}

#[derive(Default)]
struct State {
    sequence: u64,
    time: u64,
    /// Where indexing goes on in the journal.
    at: Option<Place>,
    entries: u64,
    bytes_behind: u64,
    age: Duration,
    unmerged: u64,
    failing: Option<(Instant, String)>,
    /// Open connections; those of a file that was made anew are closed.
    readers: Vec<Connection>,
    generation: u64,
}

/// Something to be done by the index's thread, with a way to answer.
enum Job {
    Forget(Vec<[u8; 16]>, SyncSender<Result<(), Error>>),
    Rebuild(SyncSender<Result<(), Error>>),
    /// A search waits: the journal is looked at now.
    Hurry,
}

/// The index of one gateway's recordings.
pub struct Index {
    shared: Arc<Shared>,
    jobs: Option<SyncSender<Job>>,
    thread: Option<JoinHandle<()>>,
}

impl Index {
    /// Begins to follow a journal; `durable` says which record is the last on disk. Whatever is wrong with the index
    /// itself is mended by its thread and told by [`Index::health`].
    ///
    /// # Errors
    /// [`Error`] when its folder cannot be made, or no thread.
    pub fn start(
        options: IndexOptions,
        journal: Folder,
        durable: impl Fn() -> u64 + Send + 'static,
    ) -> Result<Self, Error> {
        let failed = |source| Error::Open {
            path: options.dir.display().to_string(),
            source,
        };
        file::private_folder(&options.dir).map_err(failed)?;
        let shared = Arc::new(Shared {
            options: options.clone(),
            journal,
            state: Mutex::default(),
            moved: Condvar::new(),
            searches: AtomicUsize::new(0),
            waiting: AtomicUsize::new(0),
            is_over: AtomicBool::new(false),
            #[cfg(test)]
            pages_max: Default::default(),
        });
        let (jobs, work) = sync_channel(JOBS_MAX);
        let follower = Follower::new(Arc::clone(&shared));
        let thread = std::thread::Builder::new()
            .name("recording-index".to_owned())
            .spawn(move || {
                stand_back();
                follower.run(&work, durable);
            })
            .map_err(failed)?;
        Ok(Self {
            shared,
            jobs: Some(jobs),
            thread: Some(thread),
        })
    }

    /// Takes away what an index left in a folder, for a gateway that keeps none.
    ///
    /// # Errors
    /// [`Error`] when a file cannot be removed.
    pub fn remove(dir: &std::path::Path) -> Result<(), Error> {
        file::remove(dir).map_err(|source| Error::Open {
            path: dir.display().to_string(),
            source,
        })
    }

    /// Actions that match, newest first: those that are indexed, and those of the journal behind them. Blocks, at most
    /// as long as searches may take, and as long again only where so much is not indexed yet that it waits for it.
    ///
    /// # Errors
    /// [`Error`].
    pub fn search(&self, filter: &Filter) -> Result<SearchResults, Error> {
        let busy = self.shared.searches.fetch_add(1, Ordering::AcqRel);
        let found = match busy < SEARCHES_MAX {
            true => {
                let deadline = || Instant::now() + self.shared.options.time_max;
                behind::wait(&self.shared, deadline(), || self.hurry());
                // One that began with its time over would find nothing, and say to go on where it began.
                ask::search(&self.shared, filter, deadline())
            }
            false => Err(Error::Overloaded),
        };
        self.shared.searches.fetch_sub(1, Ordering::AcqRel);
        found
    }

    /// Takes everything of these sessions out of the index's files. When this returns, their words are in none of them;
    /// that takes as long as rewriting the parts of the index in which they stood.
    ///
    /// # Errors
    /// [`Error`]; what was not done is done at the next start.
    pub fn forget(&self, sessions: &[[u8; 16]]) -> Result<(), Error> {
        let sessions = sessions.to_vec();
        self.ask(|answer| Job::Forget(sessions, answer))
    }

    /// Begins anew: what is indexed is thrown away, and made again from the journal.
    ///
    /// # Errors
    /// [`Error`].
    pub fn rebuild(&self) -> Result<(), Error> {
        self.ask(Job::Rebuild)
    }

    /// If there is no room for it, the thread is busy, and looks soon.
    fn hurry(&self) {
        if let Some(jobs) = &self.jobs {
            jobs.try_send(Job::Hurry).ok();
        }
    }

    fn ask(&self, job: impl FnOnce(SyncSender<Result<(), Error>>) -> Job) -> Result<(), Error> {
        let (answer, done) = sync_channel(1);
        let jobs = self.jobs.as_ref().ok_or(Error::Stopped)?;
        jobs.try_send(job(answer)).map_err(|error| match error {
            TrySendError::Full(_) => Error::Overloaded,
            TrySendError::Disconnected(_) => Error::Stopped,
        })?;
        done.recv().unwrap_or(Err(Error::Stopped))
    }

    /// Closes the connections that are kept for searches: the next ones begin with nothing at hand.
    pub fn close_readers(&self) {
        self.shared.state().readers.clear();
    }

    /// How indexing goes.
    pub fn health(&self) -> IndexHealth {
        let bytes = file::bytes(&self.shared.options.dir);
        let state = self.shared.state();
        IndexHealth {
            sequence: state.sequence,
            time: state.time,
            entries: state.entries,
            bytes,
            bytes_behind: state.bytes_behind,
            age: state.age,
            unmerged: state.unmerged,
            failing: state
                .failing
                .as_ref()
                .map(|(since, why)| (since.elapsed(), why.clone())),
        }
    }
}

/// Lets everything else on the machine go first: sessions must not wait for words.
fn stand_back() {
    let this = rustix::thread::gettid();
    if let Err(error) = rustix::process::setpriority_process(Some(this), NICE) {
        tracing::warn!(%error, "the index keeps its usual priority");
    }
}

impl Drop for Index {
    fn drop(&mut self) {
        self.shared.is_over.store(true, Ordering::Relaxed);
        drop(self.jobs.take());
        if self
            .thread
            .take()
            .is_some_and(|thread| thread.join().is_err())
        {
            tracing::error!("the index's thread had panicked");
        }
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A connection to search with, and which file it belongs to.
    fn reader(&self) -> Result<(Connection, u64), Error> {
        let mut state = self.state();
        let generation = state.generation;
        match state.readers.pop() {
            Some(reader) => Ok((reader, generation)),
            None => {
                drop(state);
                Ok((file::open_to_read(&self.options.dir)?, generation))
            }
        }
    }

    fn give_back(&self, reader: Connection, generation: u64) {
        let mut state = self.state();
        if state.generation == generation && state.readers.len() < READERS_KEPT {
            state.readers.push(reader);
        }
    }
}

/// Jobs as the thread receives them.
type Work = Receiver<Job>;
