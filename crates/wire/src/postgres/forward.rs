//! What a permitted message becomes upstream, and what is expected back.
//!
//! The one way by which a client's statement, parameters or call reach the target: [`Session::forward`], which asks
//! for the permit.

use std::sync::{Arc, OnceLock};

use bytes::{BufMut, BytesMut};
use gate::Permit;
use gate::admit::Completion;
use model::{Detected, Verb};
use sql::{SessionChange, Step};

use super::action::{Held, Judged, What};
use super::bound::Bound;
use super::broken::Broken;
use super::copy::{Form, is_read};
use super::frame::{self, HEADER_BYTES, put_cstr};
use super::inspect::Basis;
use super::portal::{Batches, Names, Origin, Portal, Prepared, Tally, Undo};
use super::queue::{Expect, FunctionRun, NameUndo, QueryRun, ResultRun};
use super::refuse::{self, Severity, Words, own};
use super::session::Session;

impl Session {
    /// Sends a held message upstream. The permit was checked to be for it.
    pub(crate) fn forward(&mut self, held: Held, permit: Permit) -> Result<(), Broken> {
        if held.analysis.objection.is_some() {
            return Err(Broken::Permit);
        }
        if let Some(message) = unfollowable(&held, &permit) {
            let mut error = BytesMut::new();
            refuse::put(&mut error, &Words::new(Severity::Error, "PC004", message));
            self.refuse_held(held.sequence, held.is_simple(), "PC004", error);
            return Ok(());
        }
        self.search = permit.obligations().search;
        let frame = std::mem::take(&mut self.held_frame);
        let kind = frame.first().copied().unwrap_or_default();
        let body = frame.get(HEADER_BYTES..).unwrap_or_default();
        frame::write(&mut self.to_upstream, kind, |b| b.extend_from_slice(body))
            .map_err(Broken::Client)?;
        let Held {
            sequence,
            what,
            text,
            analysis,
            judged,
        } = held;
        match what {
            What::Query => self.expect_query(sequence, Some(permit), text, &judged),
            What::Parse { name, oids } => self.expect_parse(sequence, &name, text, oids),
            What::Bind(bound) => {
                self.expect_permitted(*bound, permit, text, judged, &analysis.basis);
            }
            What::Function => {
                self.dirty = true;
                self.moved = true;
                self.freed
                    .take(sequence, &judged.statements, std::iter::empty());
                let mut effects = judged.statements.iter().flat_map(|s| &s.effects);
                self.catalog_moved |= effects.any(|effect| effect.verb == Verb::Unanalysed);
                self.expect(Expect::Function(FunctionRun {
                    sequence,
                    permit,
                    bytes: 0,
                    error: None,
                    detected: Detected::default(),
                }));
            }
        }
        self.held_frame = frame;
        Ok(())
    }

    /// A portal that may run.
    fn expect_permitted(
        &mut self,
        bound: Bound,
        permit: Permit,
        source: Arc<str>,
        judged: Judged,
        basis: &Basis,
    ) {
        // Types check what is bound, and planning runs what seems constant.
        if judged.binding_runs || judged.changes.iter().any(|change| change.unread) {
            self.dirty = true;
            self.moved = true;
        }
        let sequence = permit.action().sequence;
        self.freed
            .take(sequence, &judged.statements, std::iter::empty());
        let obligations = permit.obligations();
        let masked = obligations.wall.is_some() || obligations.results.iter().any(|r| !r.is_free());
        let names = (self.statements.version(), self.portals.version());
        let portal = Portal {
            sequence: permit.action().sequence,
            statements: judged.statements,
            source,
            origin: Origin::Bind {
                permit: Some(permit),
                prepared: bound.prepared,
                changes: judged.changes,
                basis: *basis,
                names: judged.by_name.then_some(names),
            },
            plan: OnceLock::new(),
            tally: Tally::default(),
        };
        let portal = self.expect_bind(&bound.portal, portal);
        if masked {
            self.describe(&bound.portal, portal);
        }
    }

    /// Asks the server for a portal's columns, because their types decide how they are masked, and their sources
    /// whether they may pass.
    fn describe(&mut self, name: &[u8], portal: Arc<Portal>) {
        own(&mut self.to_upstream, b'D', |b| {
            b.put_u8(b'P');
            put_cstr(b, name);
        });
        self.expect(Expect::DescribePortal { portal, own: true });
    }

    pub(crate) fn expect_query(
        &mut self,
        sequence: u64,
        permit: Option<Permit>,
        text: Arc<str>,
        judged: &Judged,
    ) {
        // A simple query ends the unnamed statement and portal.
        self.statements.drop_unnamed();
        let replaced = self.portals.drop_unnamed();
        let mut changes = Vec::new();
        let steps = judged.changes.iter().map(|change| &change.step);
        self.freed.take(sequence, &judged.statements, steps);
        self.apply(&judged.changes, &text, sequence, &mut changes);
        self.expect(Expect::Query(Box::new(QueryRun {
            sequence,
            replaced,
            permit,
            text,
            statements: Arc::clone(&judged.statements),
            index: 0,
            result: ResultRun::default(),
            rows: 0,
            bytes: 0,
            status: String::new(),
            error: None,
            detected: Detected::default(),
            changes,
        })));
    }

    pub(crate) fn expect_parse(
        &mut self,
        sequence: u64,
        name: &[u8],
        source: Arc<str>,
        oids: Vec<u32>,
    ) {
        let prepared = Prepared {
            source,
            prepare_index: None,
            oids,
        };
        let undo = self
            .statements
            .set(name, Some(Arc::new(prepared)), self.batches);
        let undo = Some(undo);
        self.expect(Expect::Parse { sequence, undo });
    }

    pub(crate) fn expect_bind(&mut self, name: &[u8], portal: Portal) -> Arc<Portal> {
        let portal = Arc::new(portal);
        let undo = self
            .portals
            .set(name, Some(Arc::clone(&portal)), self.batches);
        self.expect(Expect::Bind {
            portal: Arc::clone(&portal),
            undo: Some(undo),
        });
        portal
    }

    /// Notes what statements that run now do to the session.
    pub(crate) fn apply(
        &mut self,
        changes: &Arc<[SessionChange]>,
        source: &Arc<str>,
        sequence: u64,
        undo: &mut Vec<(usize, NameUndo)>,
    ) {
        for (index, change) in changes.iter().enumerate() {
            if change.state_moved {
                self.dirty = true;
                self.moved = true;
            }
            self.footing_moved |= change.footing_moved;
            self.catalog_moved |= change.catalog_changed;
            self.apply_step(index, &change.step, source, sequence, undo);
        }
    }

    fn apply_step(
        &mut self,
        index: usize,
        step: &Step,
        source: &Arc<str>,
        sequence: u64,
        undo: &mut Vec<(usize, NameUndo)>,
    ) {
        match step {
            Step::Begin => self.began = true,
            Step::Commit | Step::Rollback | Step::RollbackTo { .. } => {
                self.dirty |= self.moved;
                self.saved = true;
            }
            Step::Prepare { name, .. } => {
                let prepared = Arc::new(Prepared {
                    source: Arc::clone(source),
                    prepare_index: Some(index),
                    oids: Vec::new(),
                });
                let change = set_some(&mut self.statements, name, prepared, self.batches);
                undo.push((index, NameUndo::Statement(change)));
            }
            Step::Deallocate { name: Some(name) } => {
                let change = self.statements.set(name.as_bytes(), None, self.batches);
                undo.push((index, NameUndo::Statement(change)));
            }
            Step::DeclareCursor { name, inner, held } => {
                let portal = Arc::new(Portal {
                    sequence,
                    statements: Arc::from([inner.statement.clone()]),
                    source: Arc::clone(source),
                    origin: Origin::Declare {
                        does: inner.session.clone(),
                        held: *held,
                    },
                    plan: OnceLock::new(),
                    tally: Tally::default(),
                });
                let change = set_some(&mut self.portals, name, portal, self.batches);
                undo.push((index, NameUndo::Portal(change)));
            }
            Step::CloseCursor { name: Some(name) } => {
                let change = self.portals.set(name.as_bytes(), None, self.batches);
                undo.push((index, NameUndo::Portal(change)));
            }
            Step::Deallocate { name: None } => drop(self.statements.clear()),
            Step::CloseCursor { name: None } => self.close_all(index, undo),
            Step::DiscardAll => {
                drop(self.statements.clear());
                self.close_all(index, undo);
                self.dirty = true;
                self.moved = true;
            }
            Step::None
            | Step::Savepoint { .. }
            | Step::Release { .. }
            | Step::Execute { .. }
            | Step::Fetch { .. }
            | Step::Move { .. }
            | Step::CopyIn
            | Step::CopyOut => {}
        }
    }

    fn close_all(&mut self, index: usize, undo: &mut Vec<(usize, NameUndo)>) {
        let closed = self.portals.take_all(self.batches).into_iter();
        undo.extend(closed.map(|change| (index, NameUndo::Portal(change))));
    }
}

impl Portal {
    /// The end of a portal's action whose last row was not asked for.
    pub(crate) fn closing(&self) -> Option<Completion> {
        use std::sync::atomic::Ordering::Relaxed;
        if self.permit().is_none() || self.tally.done.swap(true, Relaxed) {
            return None;
        }
        let started = self.tally.started.load(Relaxed);
        Some(Completion {
            sequence: self.sequence,
            status: if started { "SUSPENDED" } else { "BIND" }.to_owned(),
            rows: self.tally.rows.load(Relaxed),
            bytes: self.tally.bytes.load(Relaxed),
            error: None,
            detected: self.tally.note(&Detected::default()),
        })
    }
}

fn set_some<T>(names: &mut Names<T>, name: &str, value: Arc<T>, batches: Batches) -> Undo<T> {
    names.set(name.as_bytes(), Some(value), batches)
}

/// Why a permit's masks cannot be met for this message, if they cannot.
fn unfollowable(held: &Held, permit: &Permit) -> Option<&'static str> {
    let results = permit.obligations().results.iter();
    let changes = held.judged.changes.iter();
    let mut pairs = held.judged.statements.iter().zip(results).zip(changes);
    pairs.find_map(|((statement, obliged), change)| {
        let text = held.text.get(statement.range.clone())?;
        if matches!(change.step, Step::CopyIn) && !obliged.guarded.is_empty() {
            return sql::copy_form(text).is_none().then_some(
                "COPY with these options into masked columns cannot be read: use text, CSV or binary in UTF-8",
            );
        }
        if !is_read(obliged) || !matches!(change.step, Step::CopyOut) {
            return None;
        }
        Form::of(text).is_none().then_some(
            "COPY with these options cannot be masked or searched: use plain text, CSV or binary without further options",
        )
    })
}
