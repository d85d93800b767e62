//! How actions end that fail, are skipped, or are given up for another.
//!
//! Must never leave an action without its end: whatever waits in the queue is told what became of it.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use gate::admit::{Completion, UNANSWERED};
use model::Detected;

use super::broken::Broken;
use super::frame::{FrameError, HEADER_BYTES};
use super::portal::{Portal, Undo};
use super::queue::{Expect, NameUndo, ResultRun};
use super::refuse;
use super::server::{CALL, plain_completion};
use super::session::{Phase, Session};

/// The server runs nothing but the end of a failed transaction.
const IN_FAILED_TRANSACTION: &str = "25P02";

impl Session {
    pub(crate) fn on_error(&mut self, frame: &[u8]) -> Result<(), Broken> {
        let body = frame.get(HEADER_BYTES..).unwrap_or_default();
        if refuse::is_fatal(body) {
            return self.on_fatal(frame, refuse::code_of(body));
        }
        if !matches!(self.queue.front(), Some(Expect::Own(_))) {
            self.freed.fail();
        }
        // Where the gateway ended a COPY, its own words say why.
        let refusal = self.copy_refusal();
        let frame = refusal.as_deref().unwrap_or(frame);
        let body = frame.get(HEADER_BYTES..).unwrap_or_default();
        let code = refuse::code_of(body);
        if self.queue.is_empty() {
            return Err(Broken::Upstream(FrameError::Unexpected { kind: b'E' }));
        }
        let extended = match self.queue.front_mut() {
            Some(Expect::Query(run)) => {
                run.error = Some(code);
                run.result = ResultRun::default();
                let index = run.index;
                let changes = std::mem::take(&mut run.changes);
                self.copy_in = false;
                let (undone, done): (Vec<_>, Vec<_>) =
                    changes.into_iter().partition(|(at, _)| *at >= index);
                self.take_back(undone.into_iter());
                self.end_displaced(done);
                false
            }
            Some(Expect::Function(run)) => {
                run.error = Some(code);
                false
            }
            Some(Expect::Refused(_)) => return self.tell_refusal(),
            Some(Expect::Own(run)) => {
                self.own_left = true;
                if run.error.replace(code.clone()).is_some() || !run.synced {
                    return Err(Broken::State(code));
                }
                return Ok(());
            }
            Some(Expect::Sync) | None => false,
            Some(
                Expect::Parse { .. }
                | Expect::Bind { .. }
                | Expect::DescribeStatement
                | Expect::DescribePortal { .. }
                | Expect::Execute(_)
                | Expect::Close { .. },
            ) => true,
        };
        match &refusal {
            Some(error) => self.pass(error),
            None => self.pass_message(b'E', frame),
        }
        if extended {
            self.copy_in = false;
            self.skip(Some(refuse::code_of(body)));
        }
        Ok(())
    }

    /// A FATAL error may come at any time; the upstream closes after it and answers nothing more.
    fn on_fatal(&mut self, frame: &[u8], code: String) -> Result<(), Broken> {
        match self.queue.front() {
            Some(Expect::Own(_)) => {
                self.emit(0, frame);
            }
            Some(Expect::Refused(refused)) if !refused.answered => self.tell_refusal()?,
            _ => self.pass_message(b'E', frame),
        }
        self.end_all(Some(code));
        Ok(())
    }

    /// Says the refusal in the place of the error that the server was made to answer.
    fn tell_refusal(&mut self) -> Result<(), Broken> {
        let Some(Expect::Refused(refused)) = self.queue.front_mut() else {
            return Ok(());
        };
        if refused.answered {
            return Err(Broken::Upstream(FrameError::Unexpected { kind: b'E' }));
        }
        refused.answered = true;
        let error = std::mem::take(&mut refused.error);
        let (sequence, simple) = (refused.sequence, refused.simple);
        let code = Some(std::mem::take(&mut refused.code));
        self.emit(sequence, &error);
        self.complete(Completion {
            error: code,
            ..plain_completion(sequence, "", error.len())
        });
        if !simple {
            self.skip(None);
        }
        Ok(())
    }

    /// After an error in the extended protocol the server ignores everything until Sync: nothing else in the queue
    /// will be answered, and no change of names in it happened.
    fn skip(&mut self, mut code: Option<String>) {
        let mut undone = Vec::new();
        while let Some(expect) = self.queue.front() {
            if matches!(expect, Expect::Sync) {
                break;
            }
            if expect.is_boundary() {
                self.batches.answering += 1;
            }
            let Some(expect) = self.queue.pop_front() else {
                break;
            };
            self.fail(expect, code.take(), &mut undone);
        }
        self.take_back(undone.into_iter().map(|undo| (0, undo)));
        if self.queue.is_empty() {
            self.skip_to_sync = true;
            self.synced = false;
        }
    }

    /// Ends a message that failed (`code`) or was skipped because one before it failed.
    fn fail(&mut self, expect: Expect, code: Option<String>, undone: &mut Vec<NameUndo>) {
        match expect {
            Expect::Parse { sequence, undo } => {
                undone.extend(undo.map(NameUndo::Statement));
                self.complete(Completion {
                    error: code,
                    ..plain_completion(sequence, "SKIPPED", 0)
                });
            }
            // What it would have replaced stays, and ends with its transaction.
            Expect::Bind { portal, undo } => {
                undone.extend(undo.map(NameUndo::Portal));
                self.end_portal(&portal, "SKIPPED".to_owned(), None, code);
            }
            Expect::Execute(run) => {
                undone.extend(run.changes.into_iter().map(|(_, undo)| undo));
                // What was skipped, or asked of a failed transaction, may be asked for again where a savepoint keeps
                // its portal: it ends with its transaction.
                if let Some(code) = code.filter(|code| code != IN_FAILED_TRANSACTION) {
                    self.end_portal(&run.portal, "SKIPPED".to_owned(), None, Some(code));
                }
            }
            Expect::DescribePortal { portal, own: true } if code.is_some() => {
                self.end_portal(&portal, "SKIPPED".to_owned(), None, code);
            }
            Expect::Close { undo, .. } => undone.extend(undo),
            Expect::Query(run) => {
                undone.extend(run.changes.into_iter().map(|(_, undo)| undo));
                self.end_replaced(run.replaced);
                self.complete(plain_completion(run.sequence, "SKIPPED", 0));
            }
            Expect::Function(run) => {
                self.complete(plain_completion(run.sequence, "SKIPPED", 0));
            }
            Expect::Refused(refused) => {
                if !refused.answered {
                    self.complete(plain_completion(refused.sequence, "SKIPPED", 0));
                }
            }
            Expect::Own(_) => self.asking = false,
            Expect::DescribeStatement | Expect::DescribePortal { .. } | Expect::Sync => {}
        }
    }

    /// Drops a held message because one before it failed meanwhile: the server would ignore it.
    pub(crate) fn drop_held(&mut self, sequence: u64) {
        self.complete(plain_completion(sequence, "SKIPPED", 0));
    }

    /// The session is over: whatever has no end yet gets one. What was sent first failed with `code`, if it is known.
    pub(crate) fn end_all(&mut self, mut code: Option<String>) {
        for expect in std::mem::take(&mut self.queue) {
            self.cut_off(expect, code.take());
        }
        let mut left = self.portals.clear();
        left.sort_unstable_by_key(|portal| portal.sequence);
        for portal in left {
            self.end_replaced(Some(portal));
        }
        let held = match std::mem::replace(&mut self.phase, Phase::Over) {
            Phase::AwaitVerdict(held) => Some(held.sequence),
            Phase::Ready
            | Phase::AwaitUpstream
            | Phase::AwaitCatalog
            | Phase::AwaitAnalysis
            | Phase::Over => None,
        };
        for sequence in held.into_iter().chain(self.again.take()) {
            self.drop_held(sequence);
        }
    }

    /// Ends a message whose answer will never come.
    fn cut_off(&mut self, expect: Expect, code: Option<String>) {
        match expect {
            Expect::Parse { sequence, .. } => self.complete(Completion {
                error: code,
                ..plain_completion(sequence, UNANSWERED, 0)
            }),
            Expect::Bind { portal, undo } => {
                self.end_replaced(undo.and_then(Undo::displaced));
                self.end_portal(&portal, UNANSWERED.to_owned(), None, code);
            }
            Expect::Execute(run) => {
                self.end_displaced(run.changes);
                self.end_portal(&run.portal, UNANSWERED.to_owned(), None, code);
            }
            Expect::Close { portal, .. } => self.end_replaced(portal),
            Expect::Query(mut run) => {
                // Where the error came, only ReadyForQuery was left.
                if run.error.is_none() {
                    run.status = UNANSWERED.to_owned();
                    run.error = code;
                }
                self.end_query(*run);
            }
            Expect::Function(run) => {
                let status = run.error.as_ref().map_or(UNANSWERED, |_| CALL);
                self.end_call(run, status, code);
            }
            Expect::Refused(refused) if !refused.answered => self.complete(Completion {
                error: Some(refused.code),
                ..plain_completion(refused.sequence, "", 0)
            }),
            Expect::Refused(_)
            | Expect::Own(_)
            | Expect::DescribeStatement
            | Expect::DescribePortal { .. }
            | Expect::Sync => {}
        }
    }

    /// Takes changes of names back, the last one first.
    pub(crate) fn take_back(&mut self, changes: impl Iterator<Item = (usize, NameUndo)>) {
        let changes: Vec<_> = changes.collect();
        for (_, undo) in changes.into_iter().rev() {
            match undo {
                NameUndo::Statement(undo) => self.statements.undo(undo),
                NameUndo::Portal(undo) => self.portals.undo(undo),
            }
        }
    }

    /// Ends the action of a portal whose name was given up, if its last row was not asked for.
    pub(crate) fn end_replaced(&mut self, portal: Option<Arc<Portal>>) {
        let ended = portal.and_then(|portal| portal.closing());
        ended.into_iter().for_each(|end| self.complete(end));
    }

    /// Ends the actions of the portals whose names went to others or were taken away, now that this is certain.
    pub(crate) fn end_displaced(&mut self, changes: Vec<(usize, NameUndo)>) {
        for (_, change) in changes {
            if let NameUndo::Portal(undo) = change {
                self.end_replaced(undo.displaced());
            }
        }
    }

    pub(crate) fn end_portal(
        &mut self,
        portal: &Portal,
        status: String,
        rows: Option<u64>,
        error: Option<String>,
    ) {
        if portal.permit().is_none() || portal.tally.done.swap(true, Relaxed) {
            return;
        }
        let delivered = portal.tally.rows.load(Relaxed);
        self.complete(Completion {
            sequence: portal.sequence,
            status,
            rows: rows.unwrap_or(0).max(delivered),
            bytes: portal.tally.bytes.load(Relaxed),
            error,
            detected: portal.tally.note(&Detected::default()),
        });
    }
}
