//! The index's thread: follows the journal, does what it is asked, and mends the index where it is not the journal's.
//!
//! Must never end because something failed, and never index what is not on disk.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::RecvTimeoutError;
use std::time::{Duration, Instant};

use ::ledger::find::entry::Found;
use ::ledger::find::gather::Gatherer;
use ::ledger::find::scan;
use ::ledger::journal::record_at;
use ::ledger::record::{Front, Record};

use super::keep::{self, Keeper, Last, Position};
use super::lag::{Lag, Pace, Rests, Seen};
use super::tail::{self, Tail};
use super::{Job, Shared, Work, file};
use crate::error::Error;

/// How often the journal is looked at.
const TURN: Duration = Duration::from_millis(200);
/// Entries of one transaction.
const ENTRIES_MAX: usize = 20_000;
/// Chunks of the journal of one transaction.
const CHUNKS_MAX: usize = 32;
/// Time that a turn may spend on merging while there is nothing to read.
const MERGE_TIME: Duration = Duration::from_millis(100);
/// Full volumes that wait for being merged until sessions are idle; when there are more, it is done beside them.
const UNMERGED_MAX: u64 = 2;

/// What the thread works on.
pub(super) struct Follower {
    shared: Arc<Shared>,
    open: Option<Open>,
    lag: Lag,
}

/// The file and what was read.
struct Open {
    keeper: Keeper,
    gatherer: Gatherer,
    position: Position,
}

impl Follower {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self {
            lag: Lag::new(&shared.options),
            shared,
            open: None,
        }
    }

    /// Follows until nobody can ask for anything any more. What is not indexed then is indexed after the next start.
    pub(super) fn run(mut self, work: &Work, durable: impl Fn() -> u64) {
        let mut more = self.turn(durable());
        loop {
            let pause = if more { Duration::ZERO } else { TURN };
            match work.recv_timeout(pause) {
                Ok(job) => self.work(job),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            more = self.turn(durable());
        }
    }

    fn work(&mut self, job: Job) {
        let (done, answer) = match job {
            Job::Hurry => return,
            Job::Forget(sessions, answer) => (self.forget(&sessions), answer),
            Job::Rebuild(answer) => (self.begin_anew(), answer),
        };
        // Whoever asked may have gone.
        answer.send(done).ok();
    }

    fn forget(&mut self, sessions: &[[u8; 16]]) -> Result<(), Error> {
        let open = self.opened()?;
        sessions
            .iter()
            .for_each(|session| open.gatherer.forget(session));
        open.keeper.forget(sessions)?;
        let purged = open.keeper.purge();
        // Only what is committed counts; what was read since is read again.
        self.open = None;
        purged
    }

    /// Follows a while, and tells how it went; says whether there is more to do at once.
    fn turn(&mut self, durable: u64) -> bool {
        let done = self.follow(durable);
        let mut state = self.shared.state();
        match done {
            Ok(more) => {
                if state.failing.take().is_some() {
                    tracing::info!("recordings are indexed again");
                }
                return more;
            }
            Err(ref error) => {
                let since = state.failing.take().map(|(since, _)| since);
                if since.is_none() {
                    tracing::error!(%error, "recordings cannot be indexed; it is tried again");
                }
                let since = since.unwrap_or_else(Instant::now);
                state.failing = Some((since, error.to_string()));
            }
        }
        drop(state);
        self.open = None;
        if done.is_err_and(|error| is_damage(&error))
            && let Err(error) = self.begin_anew()
        {
            tracing::error!(%error, "the index cannot be made anew");
        }
        false
    }

    fn follow(&mut self, durable: u64) -> Result<bool, Error> {
        let shared = Arc::clone(&self.shared);
        let pace = self.pace(durable)?;
        if matches!(pace, Pace::Gentle | Pace::Full) && self.batch(durable, pace)? {
            return Ok(true);
        }
        if pace != Pace::Wait {
            self.lag.caught_up();
            shared.state().bytes_behind = 0;
        }
        shared.state().age = self.lag.age();
        let open = self.opened()?;
        // What a kill kept from being done.
        open.keeper.purge()?;
        let next = open.gatherer.next();
        let is_idle = pace != Pace::Wait && pace != Pace::Gentle;
        let mut unmerged = open.keeper.unmerged(next)?;
        if unmerged > 0 && (is_idle || unmerged > UNMERGED_MAX) {
            let mut rests = Rests::new(!is_idle, &shared.is_over);
            unmerged = open.keeper.merge(next, MERGE_TIME, &mut rests)?;
        }
        shared.state().unmerged = unmerged;
        // Otherwise one step of merging would wait for the next turn.
        Ok(unmerged > 0 && is_idle)
    }

    /// Looks how far the journal is ahead.
    fn pace(&mut self, durable: u64) -> Result<Pace, Error> {
        let shared = Arc::clone(&self.shared);
        let at = &self.opened()?.position;
        let seen = Seen {
            now: Instant::now(),
            durable,
            indexed: at.last.as_ref().map_or(0, |last| last.sequence),
            bytes: tail::bytes_behind(shared.journal.path(), at.at),
            is_awaited: shared.waiting.load(Ordering::Acquire) > 0,
        };
        shared.state().bytes_behind = if durable <= seen.indexed {
            0
        } else {
            seen.bytes
        };
        Ok(self.lag.look(&seen))
    }

    /// Reads some of the journal and commits it; says whether there may be more.
    fn batch(&mut self, durable: u64, pace: Pace) -> Result<bool, Error> {
        let shared = Arc::clone(&self.shared);
        let mut rests = Rests::new(pace == Pace::Gentle, &shared.is_over);
        let open = self.opened()?;
        let mut tail = Tail::new(shared.journal.path(), open.position.at);
        let mut opener = shared.journal.opener();
        let (mut done, mut last) = (Vec::new(), None);
        let (mut more, mut chunks) = (true, 0);
        while more && chunks < CHUNKS_MAX && done.len() < ENTRIES_MAX {
            chunks += 1;
            let read = tail.read(durable, |record, place| {
                last = Some(Last {
                    place,
                    sequence: record.header.sequence,
                    hash: record.hash,
                });
                let settled = &mut |found: Found| done.push(found);
                scan::take(&mut open.gatherer, (&mut opener, record, place), settled);
                rests.rest();
            });
            more = read.map_err(|source| Error::Journal {
                doing: "read a segment",
                path: shared.journal.path().display().to_string(),
                source,
            })?;
        }
        open.position = Position {
            at: tail.place(),
            time: open.gatherer.time().max(open.position.time),
            next: open.gatherer.next(),
            last: last.or(open.position.last.take()),
        };
        // Before the position moves on: an erasure that a kill interrupts is read again.
        let erased = open.gatherer.erased();
        if !erased.is_empty() {
            done.retain(|found| !erased.contains(&found.seat.session));
            open.keeper.forget(&erased)?;
        }
        let position = (&open.position, &mut rests);
        open.keeper.commit(done, &mut open.gatherer, position)?;
        let unmerged = open.keeper.unmerged(open.position.next)?;
        shared.stands(&open.position, unmerged);
        let last = open.position.last.as_ref();
        Ok(more && last.is_some_and(|last| last.sequence < durable))
    }

    fn opened(&mut self) -> Result<&mut Open, Error> {
        let open = match self.open.take() {
            Some(open) => open,
            None => {
                let db = file::open_to_write(&self.shared.options.dir)?;
                #[cfg(test)]
                tests::fill_disk(&self.shared, &db)?;
                let max = self.shared.options.part_bytes_max;
                let (position, gatherer) = keep::load(&db, max)?;
                self.check(&position)?;
                let keeper = Keeper::new(db);
                self.shared
                    .stands(&position, keeper.unmerged(position.next)?);
                Open {
                    keeper,
                    gatherer,
                    position,
                }
            }
        };
        Ok(self.open.insert(open))
    }

    /// Whether the index is that of this journal: the record read last must still be there, unless it was put away.
    fn check(&self, position: &Position) -> Result<(), Error> {
        let Some(last) = &position.last else {
            return Ok(());
        };
        let dir = self.shared.journal.path();
        let name = ::ledger::journal::segment_name(last.place.segment);
        if !dir.join(name).exists() {
            return Ok(());
        }
        let bytes = record_at(dir, last.place.segment, last.place.offset);
        let found = bytes.as_deref().map(Record::front);
        match found {
            Some(Front::Record(record, _))
                if record.hash == last.hash && record.header.sequence == last.sequence =>
            {
                Ok(())
            }
            Some(_) | None => Err(Error::IndexStale {
                why: "it is of another journal",
            }),
        }
    }

    fn begin_anew(&mut self) -> Result<(), Error> {
        tracing::warn!("the index of recordings is made anew from the journal");
        self.open = None;
        let mut state = self.shared.state();
        state.generation += 1;
        state.readers.clear();
        (state.sequence, state.time, state.at, state.entries) = (0, 0, None, 0);
        drop(state);
        let dir = &self.shared.options.dir;
        file::remove(dir).map_err(|source| Error::Open {
            path: dir.display().to_string(),
            source,
        })
    }
}

impl Shared {
    /// Tells how far the journal is indexed.
    fn stands(&self, position: &Position, unmerged: u64) {
        let mut state = self.state();
        state.sequence = position.last.as_ref().map_or(0, |last| last.sequence);
        state.time = position.time;
        (state.at, state.entries) = (position.at, position.next);
        state.unmerged = unmerged;
        drop(state);
        self.moved.notify_all();
    }
}

/// Whether an error says that the file is not, or no longer, an index of this journal.
fn is_damage(error: &Error) -> bool {
    use rusqlite::ErrorCode::{DatabaseCorrupt, NotADatabase};
    match error {
        Error::IndexStale { .. } | Error::Corrupt { .. } => true,
        Error::Sqlite(error) => matches!(
            error.sqlite_error_code(),
            Some(DatabaseCorrupt | NotADatabase)
        ),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::{Error, Ordering, Shared};

    /// A disk without room, as far as SQLite knows.
    pub(super) fn fill_disk(shared: &Shared, db: &rusqlite::Connection) -> Result<(), Error> {
        match shared.pages_max.load(Ordering::Acquire) {
            0 => Ok(()),
            pages => Ok(db.pragma_update(None, "max_page_count", pages)?),
        }
    }
}
