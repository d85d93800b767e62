//! Prepared statements and portals of one session, by name, as the server knows them.
//!
//! A name whose last change is still in flight behind a Sync is ambiguous: its fate is not known, and nobody may act
//! on it until it is.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use gate::Permit;
use model::{Detected, Statement};

use super::inspect::Basis;
use super::rows::Plan;

/// The server cuts names at this many bytes (`NAMEDATALEN` less one).
const NAME_BYTES_MAX: usize = 63;

/// Names that begin so are the gateway's own.
pub(crate) const RESERVED: &[u8] = b"portcullis_";

/// A statement kept for later.
#[derive(Debug)]
pub(crate) struct Prepared {
    /// The text that made it: the statement itself, or the PREPARE that holds it.
    pub(crate) source: Arc<str>,
    /// Which statement of the source is the PREPARE; `None` for one that came by Parse.
    pub(crate) prepare_index: Option<usize>,
    /// Parameter types declared at Parse.
    pub(crate) oids: Vec<u32>,
}

/// A portal made by Bind, or a cursor made by DECLARE.
#[derive(Debug)]
pub(crate) struct Portal {
    /// The action that opened it.
    pub(crate) sequence: u64,
    /// The statements it runs (one, or none for an empty text).
    pub(crate) statements: Arc<[Statement]>,
    /// The text that opened it.
    pub(crate) source: Arc<str>,
    /// Where it came from.
    pub(crate) origin: Origin,
    /// How its rows are let through, once the server described them.
    pub(crate) plan: OnceLock<Plan>,
    pub(crate) tally: Tally,
}

/// How a portal came to be.
#[derive(Debug)]
pub(crate) enum Origin {
    /// By Bind, under a permit (none for an empty statement, which runs nothing).
    Bind {
        permit: Option<Permit>,
        prepared: Arc<Prepared>,
        changes: Arc<[sql::SessionChange]>,
        basis: Basis,
        /// [`Names::version`] of statements and portals at Bind, where names were resolved through them.
        names: Option<(u64, u64)>,
    },
    /// By DECLARE; its rows come by FETCH alone.
    Declare {
        /// What reading it does to the session.
        does: sql::SessionChange,
        /// It outlives its transaction (WITH HOLD).
        held: bool,
    },
}

/// What became of one portal's action so far.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) rows: AtomicU64,
    pub(crate) bytes: AtomicU64,
    /// The server suspended it behind a row limit.
    pub(crate) started: AtomicBool,
    pub(crate) done: AtomicBool,
    detected: Mutex<Detected>,
}

impl Tally {
    pub(crate) fn add(&self, rows: u64, bytes: usize) {
        self.rows.fetch_add(rows, Ordering::Relaxed);
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Values hidden because of what was found in them, so far and now.
    pub(crate) fn note(&self, now: &Detected) -> Detected {
        let mut all = self.detected.lock().unwrap_or_else(PoisonError::into_inner);
        all.add(now);
        *all
    }
}

impl Portal {
    pub(crate) fn permit(&self) -> Option<&Permit> {
        match &self.origin {
            Origin::Bind { permit, .. } => permit.as_ref(),
            Origin::Declare { .. } => None,
        }
    }

    /// Whether it goes with its transaction.
    pub(crate) fn is_transactional(&self) -> bool {
        match &self.origin {
            Origin::Bind { .. } => true,
            Origin::Declare { held, .. } => !held,
        }
    }

    /// The server said that it has more rows: it has begun. That an Execute was sent proves nothing, since it may have
    /// been refused, skipped or sent to a failed transaction.
    pub(crate) fn suspend(&self) {
        self.tally.started.store(true, Ordering::Relaxed);
    }
}

/// Something with a name, and when it was given.
#[derive(Debug)]
pub(crate) struct Slot<T> {
    value: Option<Arc<T>>,
    batch: u64,
}

impl<T> Clone for Slot<T> {
    fn clone(&self) -> Self {
        Self {
            value: self.value.clone(),
            batch: self.batch,
        }
    }
}

/// How far the conversation is: batches end at Sync or a simple query.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Batches {
    /// The batch being sent.
    pub(crate) sending: u64,
    /// The batch being answered.
    pub(crate) answering: u64,
}

impl Batches {
    /// Whether a batch was sent whole and is not answered yet.
    pub(crate) fn in_flight(self) -> bool {
        self.answering < self.sending
    }
}

/// What a name stands for.
pub(crate) enum Found<T> {
    /// This.
    It(Arc<T>),
    /// Nothing.
    Nothing,
    /// Not known before the batches in flight are answered.
    Ambiguous,
}

/// Undoes one change of a name whose message failed or was skipped.
#[derive(Debug)]
pub(crate) struct Undo<T> {
    name: Box<[u8]>,
    before: Option<Slot<T>>,
}

impl<T> Undo<T> {
    /// What had the name before.
    pub(crate) fn displaced(self) -> Option<Arc<T>> {
        self.before.and_then(|slot| slot.value)
    }
}

/// One name space.
#[derive(Debug)]
pub(crate) struct Names<T> {
    unnamed: Option<Slot<T>>,
    named: HashMap<Box<[u8]>, Slot<T>>,
    version: u64,
}

impl<T> Default for Names<T> {
    fn default() -> Self {
        Self {
            unnamed: None,
            named: HashMap::new(),
            version: 0,
        }
    }
}

impl<T> Names<T> {
    /// Rises with every change of a named entry.
    pub(crate) fn version(&self) -> u64 {
        self.version
    }

    /// How many named entries there are.
    pub(crate) fn len(&self) -> usize {
        self.named.len()
    }

    pub(crate) fn find(&self, name: &[u8], batches: Batches) -> Found<T> {
        let Some(slot) = self.slot(name) else {
            return Found::Nothing;
        };
        if slot.batch < batches.sending && slot.batch >= batches.answering {
            return Found::Ambiguous;
        }
        match &slot.value {
            Some(value) => Found::It(Arc::clone(value)),
            None => Found::Nothing,
        }
    }

    fn slot(&self, name: &[u8]) -> Option<&Slot<T>> {
        match cut(name) {
            b"" => self.unnamed.as_ref(),
            name => self.named.get(name),
        }
    }

    /// Gives a name to a value, or takes it away; the result undoes it.
    pub(crate) fn set(&mut self, name: &[u8], value: Option<Arc<T>>, batches: Batches) -> Undo<T> {
        let batch = batches.sending;
        let slot = Some(Slot { value, batch });
        self.put(cut(name), slot)
    }

    pub(crate) fn undo(&mut self, undo: Undo<T>) {
        self.put(&undo.name, undo.before);
    }

    fn put(&mut self, name: &[u8], slot: Option<Slot<T>>) -> Undo<T> {
        let before = if name.is_empty() {
            std::mem::replace(&mut self.unnamed, slot)
        } else {
            self.version += 1;
            match slot {
                Some(slot) => self.named.insert(name.into(), slot),
                None => self.named.remove(name),
            }
        };
        let name = name.into();
        Undo { name, before }
    }

    /// Forgets the unnamed entry, as a simple query does.
    pub(crate) fn drop_unnamed(&mut self) -> Option<Arc<T>> {
        self.unnamed.take().and_then(|slot| slot.value)
    }

    /// Forgets every entry; answers what they were.
    pub(crate) fn clear(&mut self) -> Vec<Arc<T>> {
        self.version += 1;
        let unnamed = self.unnamed.take();
        let slots = unnamed
            .into_iter()
            .chain(self.named.drain().map(|(_, s)| s));
        slots.filter_map(|slot| slot.value).collect()
    }

    /// Takes every name away; the results undo it.
    pub(crate) fn take_all(&mut self, batches: Batches) -> Vec<Undo<T>> {
        let unnamed = self.unnamed.is_some().then(Box::default);
        let mut names: Vec<Box<[u8]>> = self.named.keys().cloned().chain(unnamed).collect();
        // The same at every play.
        names.sort_unstable();
        let taken = names.iter().map(|name| self.set(name, None, batches));
        taken.collect()
    }

    /// Forgets entries of answered batches that were taken away, and those that `gone` says went with their
    /// transaction; hands the latter to `with`.
    pub(crate) fn sweep(
        &mut self,
        batches: Batches,
        gone: impl Fn(&T) -> bool,
        mut with: impl FnMut(&T),
    ) {
        let mut keep = |slot: &Slot<T>| {
            if slot.batch >= batches.answering {
                return true;
            }
            match &slot.value {
                Some(value) if gone(value) => {
                    with(value);
                    false
                }
                Some(_) => true,
                None => false,
            }
        };
        if self.unnamed.as_ref().is_some_and(|slot| !keep(slot)) {
            self.unnamed = None;
        }
        if !self.named.is_empty() {
            let before = self.named.len();
            self.named.retain(|_, slot| keep(slot));
            if self.named.len() != before {
                self.version += 1;
            }
        }
    }
}

/// A name as the server keeps it.
pub(crate) fn cut(name: &[u8]) -> &[u8] {
    name.get(..NAME_BYTES_MAX).unwrap_or(name)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn show(names: &Names<u32>, name: &[u8], sending: u64, answering: u64) -> String {
        match names.find(name, Batches { sending, answering }) {
            Found::It(value) => value.to_string(),
            Found::Nothing => "nothing".into(),
            Found::Ambiguous => "ambiguous".into(),
        }
    }

    #[test]
    fn names_are_cut_as_the_server_cuts_them() {
        let mut names = Names::default();
        let long = [b'n'; 64];
        names.set(&long, Some(Arc::new(1)), Batches::default());
        assert_eq!(show(&names, &[b'n'; 63], 0, 0), "1");
        assert_eq!(show(&names, &[b'n'; 62], 0, 0), "nothing");
    }

    #[test]
    fn a_change_in_flight_behind_a_boundary_is_ambiguous() {
        let mut names = Names::default();
        let at = |sending, answering| Batches { sending, answering };
        names.set(b"a", Some(Arc::new(1)), at(5, 5));
        let check = |sending, answering, expect: &str| {
            assert_eq!(show(&names, b"a", sending, answering), expect);
        };
        check(5, 5, "1");
        check(5, 3, "1");
        check(6, 5, "ambiguous");
        check(6, 6, "1");
        check(9, 6, "1");
    }

    #[test]
    fn a_failed_change_is_undone() {
        let mut names = Names::default();
        names.set(b"a", Some(Arc::new(1)), Batches::default());
        let undo = names.set(b"a", Some(Arc::new(2)), Batches::default());
        let second = names.set(b"a", None, Batches::default());
        assert_eq!(show(&names, b"a", 0, 0), "nothing");
        names.undo(second);
        assert_eq!(show(&names, b"a", 0, 0), "2");
        names.undo(undo);
        assert_eq!(show(&names, b"a", 0, 0), "1");
    }

    #[test]
    fn entries_go_with_their_transaction() {
        let mut names = Names::default();
        names.set(b"", Some(Arc::new(1)), Batches::default());
        names.set(b"a", Some(Arc::new(2)), Batches::default());
        let mut gone = Vec::new();
        let after = Batches {
            sending: 2,
            answering: 1,
        };
        names.set(b"b", Some(Arc::new(4)), after);
        names.sweep(after, |value| value % 2 == 0, |value| gone.push(*value));
        assert_eq!(gone, [2]);
        assert_eq!(show(&names, b"", 2, 1), "1");
        assert_eq!(show(&names, b"b", 2, 1), "4");
        assert_eq!(names.len(), 1);
    }
}
