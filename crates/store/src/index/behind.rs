//! What a search does about that which is not indexed yet: it reads it, if that is little; else it waits for the index.
//!
//! Must never pass over what was just recorded without saying so.

use std::sync::PoisonError;
use std::sync::atomic::Ordering;
use std::time::Instant;

use ::ledger::find::Filter;
use ::ledger::find::entry::Found;
use ::ledger::find::gather::Gatherer;
use ::ledger::find::scan::{self, Newest};
use rusqlite::Transaction;

use super::keep::{self, Position};
use super::tail::{self, Tail};
use super::{Shared, lag};
use crate::error::Error;

/// So many times as much as may be behind is waited for; if there is more, the index is being made, and that takes longer
/// than anybody waits.
const WAIT: u64 = 32;

/// What stands behind the index.
pub(super) struct Behind {
    /// Up to when all is indexed.
    pub(super) time: u64,
    /// The last record that is indexed.
    pub(super) last: u64,
    /// Whether all of it was read.
    pub(super) is_read: bool,
}

/// Waits until the index is so near that a search reads the rest itself; not at all if it is too far.
pub(super) fn wait(shared: &Shared, deadline: Instant, hurry: impl FnOnce()) {
    let bytes = shared.bytes_behind();
    let near = shared.near();
    if bytes <= near || bytes > shared.options.lag_bytes_max.saturating_mul(WAIT) {
        return;
    }
    shared.waiting.fetch_add(1, Ordering::AcqRel);
    hurry();
    while shared.bytes_behind() > near && Instant::now() < deadline {
        let state = shared.state();
        let left = deadline.saturating_duration_since(Instant::now());
        // Nobody but the index's thread changes it, and it tells.
        drop(
            shared
                .moved
                .wait_timeout(state, left.min(super::LOOK))
                .unwrap_or_else(PoisonError::into_inner),
        );
    }
    shared.waiting.fetch_sub(1, Ordering::AcqRel);
}

/// Takes in what is under way, and what the journal has behind the index.
pub(super) fn read(
    shared: &Shared,
    view: &Transaction<'_>,
    (filter, newest): (&Filter, &mut Newest<'_>),
    deadline: Instant,
) -> Result<Behind, Error> {
    let (position, mut gatherer) = keep::load(view, shared.options.part_bytes_max)?;
    let is_read = !concerns(filter, &position, &gatherer)
        || (tail::bytes_behind(shared.journal.path(), position.at)
            <= shared.near().saturating_mul(2)
            && through(shared, &position, (&mut gatherer, newest), deadline)?);
    gatherer
        .open()
        .for_each(|(seat, entry)| newest.offer(seat, entry));
    Ok(Behind {
        time: position.time,
        last: position.last.map_or(0, |last| last.sequence),
        is_read,
    })
}

/// Whether anything behind the index can be on this page: what is there first is newer than what is indexed, but what is
/// under way ends there.
fn concerns(filter: &Filter, position: &Position, gatherer: &Gatherer) -> bool {
    let Some(before) = filter.before else {
        return true;
    };
    let last = position.last.as_ref().map_or(0, |last| last.sequence);
    before.record > last || gatherer.open().any(|(_, entry)| entry.order < before)
}

/// Reads to the journal's end; says whether there was time for it.
fn through(
    shared: &Shared,
    position: &Position,
    (gatherer, newest): (&mut Gatherer, &mut Newest<'_>),
    deadline: Instant,
) -> Result<bool, Error> {
    let mut tail = Tail::new(shared.journal.path(), position.at);
    let mut opener = shared.journal.opener();
    let mut more = true;
    while more {
        if Instant::now() > deadline {
            return Ok(false);
        }
        let read = tail.read(u64::MAX, |record, place| {
            let settled = &mut |found: Found| newest.offer(&found.seat, &found.entry);
            scan::take(gatherer, (&mut opener, record, place), settled);
        });
        more = read.map_err(|source| Error::Journal {
            doing: "read a segment",
            path: shared.journal.path().display().to_string(),
            source,
        })?;
    }
    Ok(true)
}

impl Shared {
    /// Bytes behind the index that a search reads itself.
    fn near(&self) -> u64 {
        self.options.lag_bytes_max.saturating_mul(lag::HASTE)
    }

    /// Bytes of the journal behind what is indexed.
    fn bytes_behind(&self) -> u64 {
        let at = self.state().at;
        tail::bytes_behind(self.journal.path(), at)
    }
}
