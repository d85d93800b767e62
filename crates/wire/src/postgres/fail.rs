//! How actions end that fail, are skipped, or are given up for another.
//!
//! Must never leave an action without its end: whatever waits in the queue is told what became of it.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use gate::admit::Completion;
use model::Detected;

use super::broken::Broken;
use super::frame::{FrameError, HEADER_BYTES};
use super::portal::Portal;
use super::queue::{Expect, NameUndo, ResultRun};
use super::refuse;
use super::server::plain_completion;
use super::session::Session;

impl Session {
    pub(crate) fn on_error(&mut self, frame: &[u8]) -> Result<(), Broken> {
        let body = frame.get(HEADER_BYTES..).unwrap_or_default();
        let code = refuse::code_of(body);
        let fatal = refuse::is_fatal(body);
        if fatal || self.queue.is_empty() {
            // A FATAL error may come at any time; the upstream closes after it.
            if !fatal {
                return Err(Broken::Upstream(FrameError::Unexpected { kind: b'E' }));
            }
            let own = matches!(self.queue.front(), Some(Expect::Own(_)));
            if own {
                self.emit(0, frame);
            }
        }
        let extended = match self.queue.front_mut() {
            Some(Expect::Query(run)) => {
                run.error = Some(code);
                run.result = ResultRun::default();
                let index = run.index;
                let changes = std::mem::take(&mut run.changes);
                self.copy_in = false;
                self.take_back(changes.into_iter().filter(|(at, _)| *at >= index));
                false
            }
            Some(Expect::Function(run)) => {
                run.error = Some(code);
                false
            }
            Some(Expect::Refused(_)) => return self.tell_refusal(),
            Some(Expect::Own(run)) => {
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
        self.pass_message(b'E', frame);
        if extended {
            self.copy_in = false;
            self.skip(Some(refuse::code_of(body)));
        }
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
            Expect::Bind { portal, undo, .. } => {
                undone.extend(undo.map(NameUndo::Portal));
                self.end_portal(&portal, "SKIPPED".to_owned(), None, code);
            }
            Expect::Execute(run) => {
                undone.extend(run.changes.into_iter().map(|(_, undo)| undo));
                self.end_portal(&run.portal, "SKIPPED".to_owned(), None, code);
            }
            Expect::DescribePortal { portal, .. } if code.is_some() => {
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
