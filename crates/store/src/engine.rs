//! What the store's thread owns: the connection, the deadlines of open requests, and who waits for them.
//! Knows no future and no port.
//!
//! Deadlines are kept on the monotonic clock, so that a wall clock that jumps neither kills a request nor
//! lengthens its life. Only a restart reads them off the wall clock, and never adds to the life asked for.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::time::{Duration, Instant, SystemTime};

use gate::ports::ApprovalState;
use model::ApprovalId;
use rusqlite::{Connection, params};

use crate::error::Error;
use crate::oneshot::Sender;
use crate::row;
use crate::texts::Texts;

/// The thread looks around at least this often, to clear out what is old.
const TICK: Duration = Duration::from_secs(3600);
/// A failed tick is tried again after this long.
const TICK_RETRY: Duration = Duration::from_secs(1);
/// Settled requests and ended keys are kept this long; the recordings keep them for good.
const KEEP: Duration = Duration::from_secs(90 * 24 * 3600);

/// The thread's state.
pub(crate) struct Engine {
    pub(crate) db: Connection,
    pub(crate) texts: Texts,
    due: BTreeSet<(Instant, ApprovalId)>,
    deadline_of: HashMap<ApprovalId, Instant>,
    waiters: HashMap<ApprovalId, Vec<Sender<ApprovalState>>>,
    /// Made just now, by a session that is about to wait.
    fresh: HashSet<ApprovalId>,
    next_tick: Instant,
    /// After a failure, the thread leaves tidying alone until then.
    resting_until: Instant,
}

impl Engine {
    /// Takes the connection over and reads the deadlines of open requests.
    pub(crate) fn start(db: Connection, texts: Texts) -> Result<Self, Error> {
        let mut engine = Self {
            db,
            texts,
            due: BTreeSet::new(),
            deadline_of: HashMap::new(),
            waiters: HashMap::new(),
            fresh: HashSet::new(),
            next_tick: Instant::now(),
            resting_until: Instant::now(),
        };
        engine.load_deadlines()?;
        engine.sweep()?;
        Ok(engine)
    }

    fn load_deadlines(&mut self) -> Result<(), Error> {
        let mut open = Vec::new();
        {
            let mut query = self.db.prepare(
                "SELECT id, created, expires FROM approvals
                 WHERE state IN ('pending', 'approved', 'denied')",
            )?;
            let mut rows = query.query([])?;
            while let Some(found) = rows.next()? {
                let id = row::read_bytes::<16>(found.get_ref(0)?.as_blob().unwrap_or(&[]), "id")?;
                let created = row::read_time(found.get(1)?);
                let expires = row::read_time(found.get(2)?);
                open.push((ApprovalId::from_bytes(id), created, expires));
            }
        }
        for (id, created, expires) in open {
            self.follow(id, created, expires);
        }
        Ok(())
    }

    /// When the thread must look around next.
    pub(crate) fn next_due(&self) -> Instant {
        let first = self.due.first().map(|(deadline, _)| *deadline);
        let next = first.map_or(self.next_tick, |first| first.min(self.next_tick));
        next.max(self.resting_until)
    }

    /// Lapses what is due and clears out what is old. A failure is retried; meanwhile every read fails as well.
    pub(crate) fn tick(&mut self) {
        let swept = self.sweep();
        let done = swept.and_then(|()| {
            if Instant::now() < self.next_tick {
                return Ok(());
            }
            self.clear_out()?;
            self.next_tick = Instant::now() + TICK;
            Ok(())
        });
        if let Err(error) = done {
            tracing::error!(%error, "the store could not tidy up");
            self.resting_until = Instant::now() + TICK_RETRY;
        }
    }

    fn clear_out(&mut self) -> Result<(), Error> {
        let before = SystemTime::now().checked_sub(KEEP);
        let before = row::write_time(before.unwrap_or(SystemTime::UNIX_EPOCH));
        self.db.execute(
            "DELETE FROM approvals WHERE expires < ?1 AND state NOT IN ('pending', 'approved')",
            [before],
        )?;
        self.db
            .execute("DELETE FROM keys WHERE expires < ?1", [before])?;
        Ok(())
    }

    /// Starts counting a request's life.
    pub(crate) fn follow(&mut self, id: ApprovalId, created: SystemTime, expires: SystemTime) {
        let asked = expires.duration_since(created).unwrap_or_default();
        let left = expires
            .duration_since(SystemTime::now())
            .unwrap_or_default();
        let deadline = Instant::now() + asked.min(left);
        self.due.insert((deadline, id));
        self.deadline_of.insert(id, deadline);
    }

    /// Notes that the session which made this request is about to wait for it.
    pub(crate) fn expect_waiter(&mut self, id: ApprovalId) {
        self.fresh.insert(id);
    }

    /// Whether a request still lives; call after [`Engine::sweep`].
    pub(crate) fn is_live(&self, id: ApprovalId) -> bool {
        self.deadline_of.contains_key(&id)
    }

    /// Lapses every request whose time is up and tells who waits. Every read and every change starts with it.
    pub(crate) fn sweep(&mut self) -> Result<(), Error> {
        let now = Instant::now();
        let is_due = |entry: &&(Instant, ApprovalId)| entry.0 <= now;
        let lapsed: Vec<_> = self.due.iter().take_while(is_due).copied().collect();
        if lapsed.is_empty() {
            return Ok(());
        }
        let change = self.db.transaction()?;
        for (_, id) in &lapsed {
            change.execute(
                "UPDATE approvals SET state = 'expired'
                 WHERE id = ?1 AND state IN ('pending', 'approved')",
                params![id.as_bytes()],
            )?;
        }
        change.commit()?;
        for entry in lapsed {
            self.due.remove(&entry);
            self.deadline_of.remove(&entry.1);
            self.wake(entry.1, ApprovalState::Expired);
        }
        Ok(())
    }

    /// Stops counting: the request is used or withdrawn.
    pub(crate) fn unfollow(&mut self, id: ApprovalId) {
        if let Some(deadline) = self.deadline_of.remove(&id) {
            self.due.remove(&(deadline, id));
        }
    }

    /// Tells everybody who waits for a request. Call only after the commit.
    pub(crate) fn wake(&mut self, id: ApprovalId, state: ApprovalState) {
        self.fresh.remove(&id);
        for waiter in self.waiters.remove(&id).into_iter().flatten() {
            waiter.send(state);
        }
    }

    /// Adds one who waits, and forgets those who left.
    pub(crate) fn wait_for(&mut self, id: ApprovalId, waiter: Sender<ApprovalState>) {
        self.fresh.remove(&id);
        let waiters = self.waiters.entry(id).or_default();
        waiters.retain(|waiter| !waiter.is_abandoned());
        waiters.push(waiter);
    }

    /// Whether anybody waits for a request at this moment.
    pub(crate) fn is_awaited(&mut self, id: ApprovalId) -> bool {
        if self.fresh.contains(&id) {
            return true;
        }
        let Some(waiters) = self.waiters.get_mut(&id) else {
            return false;
        };
        waiters.retain(|waiter| !waiter.is_abandoned());
        !waiters.is_empty()
    }

    /// How many wait for a request.
    #[cfg(test)]
    pub(crate) fn waiting(&self, id: ApprovalId) -> usize {
        self.waiters.get(&id).map_or(0, Vec::len)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_wall_clock_that_was_set_neither_lengthens_nor_ends_a_life() {
        let minute = Duration::from_secs(60);
        // When it was made as of now, how long it lives as of then, and how long it has left.
        let check = |made_in: i64, life: Duration, least: Duration, most: Duration| {
            let db = Connection::open_in_memory().unwrap();
            db.execute_batch("CREATE TABLE approvals (id, created, expires, state)")
                .unwrap();
            let mut engine = Engine::start(db, Texts::default()).unwrap();
            let now = SystemTime::now();
            let created = match u64::try_from(made_in) {
                Ok(ahead) => now + Duration::from_secs(ahead),
                Err(_) => now - Duration::from_secs(made_in.unsigned_abs()),
            };
            let id = ApprovalId::generate();
            engine.follow(id, created, created + life);
            let left = engine.deadline_of[&id].saturating_duration_since(Instant::now());
            assert!(least <= left && left <= most, "{made_in} s: {left:?}");
        };
        check(0, 10 * minute, 9 * minute, 10 * minute);
        // The clock was set back by an hour since: no longer than was asked for.
        check(3600, 10 * minute, 9 * minute, 10 * minute);
        // It was set forward by five minutes while the store was down.
        check(-300, 10 * minute, 4 * minute, 5 * minute);
        check(-3600, 10 * minute, Duration::ZERO, Duration::ZERO);
    }
}
