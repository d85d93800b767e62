//! What the upstream sends: every reply is matched with the message that it answers, and rows are let through as the
//! permit of their action obliges.
//!
//! A reply out of turn ends the session. Runs of rows without masks pass as one block, headers scanned, bodies
//! unread.

use std::sync::Arc;

use bytes::{Buf, BytesMut};
use gate::admit::Completion;
use model::Detected;
use model::decision::ResultObligation;

use super::broken::Broken;
use super::copy::{CopyPlan, Form, is_read};
use super::frame::{Fields, FrameError, HEADER_BYTES, Header};
use super::inspect::Inspector;
use super::login::unpinned;
use super::portal::{Origin, Portal, Undo};
use super::queue::{Expect, FunctionRun, Mode, QueryRun, obliged, rows_of};
use super::reader::text_row;
use super::rows::{Plan, RowError};
use super::session::{Phase, Session};
use super::startup::put_parameter_status;

/// How the completion of a function call says that it was answered.
pub(crate) const CALL: &str = "FUNCTION CALL";

/// A row longer than this passes in pieces where nothing in it is masked.
const WHOLE_ROW_BYTES_MAX: usize = 32 * 1024;

/// How the row or CopyData message at the front passes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Passage {
    /// Unread, but for its number of columns where that was judged.
    Block { width: Option<usize> },
    /// One by one, whole.
    Single,
}

impl Session {
    /// Takes one message, or a run of rows, from the front; `false` when there is none to take now.
    pub(crate) fn on_upstream_message(&mut self, bytes: &mut BytesMut) -> Result<bool, Broken> {
        if matches!(self.phase, Phase::Over) {
            bytes.clear();
            return Ok(false);
        }
        if self.upstream_rest > 0 {
            return Ok(self.on_upstream_rest(bytes));
        }
        let Some(header) = Header::peek(bytes).map_err(Broken::Upstream)? else {
            return Ok(false);
        };
        let bound = match header.kind {
            b'D' | b'd' | b'V' => self.limits.row_bytes_max,
            _ => self.limits.statement_bytes_max,
        };
        let header = header.within(bound).map_err(Broken::Upstream)?;
        if matches!(header.kind, b'D' | b'd')
            && let Passage::Block { width } = self.passage(header.kind)?
        {
            return self.pass_block(header, width, bytes);
        }
        if bytes.len() < header.total() {
            return Ok(false);
        }
        let frame = bytes.get(..header.total()).unwrap_or_default();
        self.on_reply(header.kind, frame)?;
        bytes.advance(header.total());
        Ok(true)
    }

    fn on_upstream_rest(&mut self, bytes: &mut BytesMut) -> bool {
        let now = self.upstream_rest.min(bytes.len());
        let part = bytes.get(..now).unwrap_or_default();
        self.emit(self.upstream_rest_sequence, part);
        self.tally(0, now);
        bytes.advance(now);
        self.upstream_rest -= now;
        if self.upstream_rest > 0 {
            return false;
        }
        self.put_notices();
        true
    }

    /// How rows pass now. Rows that nothing asked for end the session.
    fn passage(&mut self, kind: u8) -> Result<Passage, Broken> {
        let unexpected = || Broken::Upstream(FrameError::Unexpected { kind });
        match (self.queue.front_mut().ok_or_else(unexpected)?, kind) {
            (Expect::Own(_), b'D') => Ok(Passage::Single),
            (Expect::Query(run), b'D') if run.result.mode == Mode::Rows => {
                let plan = run.result.plan.as_ref().ok_or_else(unexpected)?;
                Ok(passage_of(plan))
            }
            (Expect::Execute(run), b'D') if run.result.mode == Mode::Rows => {
                if run.result.plan.is_none() {
                    run.result.plan = Some(execute_plan(&run.portal).map_err(Broken::Rows)?);
                }
                let plan = run.result.plan.as_ref().ok_or_else(unexpected)?;
                Ok(passage_of(plan))
            }
            (expect, b'd') => match expect.result() {
                Some(result) if result.mode == Mode::CopyOut => Ok(match result.copy {
                    Some(_) => Passage::Single,
                    None => Passage::Block { width: None },
                }),
                _ => Err(unexpected()),
            },
            _ => Err(unexpected()),
        }
    }

    /// Passes all whole rows at the front as one block, or the head of one long row.
    fn pass_block(
        &mut self,
        first: Header,
        width: Option<usize>,
        bytes: &mut BytesMut,
    ) -> Result<bool, Broken> {
        let (mut end, mut rows) = (0_usize, 0_u64);
        let mut next = Some(first);
        while let Some(header) = next.filter(|header| header.kind == first.kind) {
            if header.body > self.limits.row_bytes_max {
                break;
            }
            let whole = end.saturating_add(header.total());
            if whole > bytes.len() {
                break;
            }
            check_width(
                width,
                bytes.get(end + HEADER_BYTES..whole).unwrap_or_default(),
            )?;
            (end, rows) = (whole, rows + 1);
            next = Header::peek(bytes.get(end..).unwrap_or_default()).map_err(Broken::Upstream)?;
        }
        if end == 0 {
            let long = first.body > WHOLE_ROW_BYTES_MAX && bytes.len() >= HEADER_BYTES + 2;
            if !long {
                return Ok(false);
            }
            check_width(width, bytes.get(HEADER_BYTES..).unwrap_or_default())?;
            (end, rows) = (bytes.len(), 1);
            self.upstream_rest = first.total() - end;
        }
        let sequence = self.queue.front().map_or(0, Expect::sequence);
        self.upstream_rest_sequence = sequence;
        self.emit(sequence, bytes.get(..end).unwrap_or_default());
        let rows = if first.kind == b'D' { rows } else { 0 };
        self.tally(rows, end);
        bytes.advance(end);
        Ok(true)
    }

    pub(crate) fn tally(&mut self, rows: u64, bytes: usize) {
        let wide = u64::try_from(bytes).unwrap_or(u64::MAX);
        match self.queue.front_mut() {
            Some(Expect::Query(run)) => run.bytes = run.bytes.saturating_add(wide),
            Some(Expect::Function(run)) => run.bytes = run.bytes.saturating_add(wide),
            Some(Expect::Execute(run)) => run.portal.tally.add(rows, bytes),
            Some(Expect::Bind { portal, .. } | Expect::DescribePortal { portal, .. }) => {
                portal.tally.add(0, bytes);
            }
            _ => {}
        }
    }

    /// Passes one whole message on under the action at the front.
    pub(crate) fn pass(&mut self, frame: &[u8]) {
        let sequence = self.queue.front().map_or(0, Expect::sequence);
        self.emit(sequence, frame);
        self.tally(0, frame.len());
    }

    fn on_reply(&mut self, kind: u8, frame: &[u8]) -> Result<(), Broken> {
        let body = frame.get(HEADER_BYTES..).unwrap_or_default();
        match kind {
            b'S' => self.on_parameter_status(body),
            b'N' => {
                self.pass_message(kind, frame);
                Ok(())
            }
            b'A' => self.on_notification(frame),
            b'E' => self.on_error(frame),
            b'Z' => self.on_ready(body),
            _ => self.on_answer(kind, frame, body),
        }
    }

    fn on_parameter_status(&mut self, body: &[u8]) -> Result<(), Broken> {
        let mut fields = Fields::new(b'S', body);
        let (name, value) = (
            fields.text().map_err(Broken::Upstream)?,
            fields.text().map_err(Broken::Upstream)?,
        );
        if let Some(name) = unpinned(name, value) {
            return Err(Broken::Unpinned(name));
        }
        let application;
        let value = if name == "application_name" {
            application = self.application_reported(value);
            &application
        } else {
            value
        };
        let own = matches!(self.queue.front(), Some(Expect::Own(_)));
        if own {
            return Ok(());
        }
        let written: Result<usize, Broken> = self.emit_with(0, |out| {
            put_parameter_status(out, name.as_bytes(), value.as_bytes());
            Ok(())
        });
        written.map(drop)
    }

    fn on_answer(&mut self, kind: u8, frame: &[u8], body: &[u8]) -> Result<(), Broken> {
        let unexpected = || Broken::Upstream(FrameError::Unexpected { kind });
        match (self.queue.front_mut().ok_or_else(unexpected)?, kind) {
            (Expect::Own(_), _) => return self.on_own_answer(kind, body),
            (Expect::Query(_), _) => return self.on_query_answer(kind, frame, body),
            (Expect::Execute(_), _) => return self.on_execute_answer(kind, frame, body),
            (Expect::Function(_), b'V') => return self.pass_result(frame, body),
            (Expect::DescribeStatement, b't') => {
                self.pass(frame);
                return Ok(());
            }
            (Expect::DescribePortal { portal, own }, b'T' | b'n') => {
                if kind == b'T' {
                    let claimed = portal.statements.first().map(|s| &s.projections);
                    let (inspector, permit) = (&self.inspector, portal.permit());
                    let plan = self
                        .descriptions
                        .plan(inspector, permit, 0, claimed, body)?;
                    // Described twice, it is the same: a portal's columns are fixed at Bind.
                    let _known = portal.plan.set(plan);
                }
                if *own {
                    self.queue.pop_front();
                    return Ok(());
                }
                self.pass(frame);
            }
            (Expect::Parse { sequence, .. }, b'1') => {
                let sequence = *sequence;
                self.pass(frame);
                self.complete(plain_completion(sequence, "PARSE", frame.len()));
            }
            (Expect::Bind { undo, .. }, b'2') => {
                let replaced = undo.take().and_then(Undo::displaced);
                self.pass(frame);
                self.end_replaced(replaced);
            }
            (Expect::Close { portal, .. }, b'3') => {
                let closed = portal.take();
                self.pass(frame);
                self.end_replaced(closed);
            }
            (Expect::DescribeStatement, b'T' | b'n') => self.pass(frame),
            _ => return Err(unexpected()),
        }
        self.queue.pop_front();
        Ok(())
    }

    fn on_own_answer(&mut self, kind: u8, body: &[u8]) -> Result<(), Broken> {
        let Some(Expect::Own(run)) = self.queue.front_mut() else {
            return Ok(());
        };
        match kind {
            b'D' => run.rows.push(text_row(body).map_err(Broken::Upstream)?),
            b'3' => run.closes = run.closes.saturating_sub(1),
            b'1' | b'2' | b'C' => {}
            kind => return Err(Broken::Upstream(FrameError::Unexpected { kind })),
        }
        if run.closes > 0 || run.synced {
            return Ok(());
        }
        match self.queue.pop_front() {
            Some(Expect::Own(run)) => self.answered(*run),
            _ => Ok(()),
        }
    }

    fn on_query_answer(&mut self, kind: u8, frame: &[u8], body: &[u8]) -> Result<(), Broken> {
        let Some(Expect::Query(run)) = self.queue.front_mut() else {
            return Ok(());
        };
        match kind {
            b'T' => {
                let claimed = run.statements.get(run.index).map(|s| &s.projections);
                let (inspector, permit) = (&self.inspector, run.permit.as_ref());
                let plan = self
                    .descriptions
                    .plan(inspector, permit, run.index, claimed, body)?;
                run.result.plan = Some(plan);
            }
            b'D' => {
                let plan = run.result.plan.take();
                return self.mask_row(plan, body);
            }
            b'd' => return self.mask_copy(body),
            b'C' => {
                let tag = tag_of(body)?;
                run.rows = run.rows.saturating_add(rows_of(&tag));
                run.status = tag;
                run.index += 1;
                run.result = super::queue::ResultRun::default();
                self.copy_in = false;
            }
            b'I' => {}
            b'G' => {
                run.result.mode = Mode::CopyIn;
                let obliged = obliged(run.permit.as_ref(), run.index).cloned();
                let range = run.statements.get(run.index).map(|s| s.range.clone());
                let text = range.and_then(|range| Some(run.text.get(range)?.to_owned()));
                self.guard_copy(obliged.as_ref(), text.as_deref())?;
                self.start_copy_in()?;
            }
            b'H' => {
                run.result.mode = Mode::CopyOut;
                let obliged = obliged(run.permit.as_ref(), run.index);
                let obliged = obliged.ok_or(Broken::Rows(RowError::Unjudged))?;
                let range = run.statements.get(run.index).map(|s| s.range.clone());
                let text = range.and_then(|range| run.text.get(range));
                run.result.copy =
                    copy_plan(&self.inspector, obliged, text, body).map_err(Broken::Rows)?;
            }
            b'c' if run.result.mode == Mode::CopyOut => {}
            kind => return Err(Broken::Upstream(FrameError::Unexpected { kind })),
        }
        self.pass(frame);
        Ok(())
    }

    fn on_execute_answer(&mut self, kind: u8, frame: &[u8], body: &[u8]) -> Result<(), Broken> {
        let Some(Expect::Execute(run)) = self.queue.front_mut() else {
            return Ok(());
        };
        match kind {
            b'D' => {
                let plan = run.result.plan.take();
                return self.mask_row(plan, body);
            }
            b'd' => return self.mask_copy(body),
            b'G' => {
                run.result.mode = Mode::CopyIn;
                let portal = Arc::clone(&run.portal);
                self.guard_copy(obliged(portal.permit(), 0), portal_text(&portal))?;
                self.start_copy_in()?;
            }
            b'H' => {
                run.result.mode = Mode::CopyOut;
                let obliged = obliged(run.portal.permit(), 0);
                let obliged = obliged.ok_or(Broken::Rows(RowError::Unjudged))?;
                let text = portal_text(&run.portal);
                run.result.copy =
                    copy_plan(&self.inspector, obliged, text, body).map_err(Broken::Rows)?;
            }
            b'c' if run.result.mode == Mode::CopyOut => {}
            b'C' | b'I' | b's' => {
                let tag = if kind == b'C' {
                    Some(tag_of(body)?)
                } else {
                    None
                };
                self.pass(frame);
                self.copy_in = false;
                let Some(Expect::Execute(run)) = self.queue.pop_front() else {
                    return Ok(());
                };
                if kind == b's' {
                    run.portal.suspend();
                    return Ok(());
                }
                let tag = tag.unwrap_or_default();
                let rows = rows_of(&tag);
                self.end_displaced(run.changes);
                self.end_portal(&run.portal, tag, Some(rows), None);
                return Ok(());
            }
            kind => return Err(Broken::Upstream(FrameError::Unexpected { kind })),
        }
        self.pass(frame);
        Ok(())
    }

    fn mask_row(&mut self, plan: Option<Plan>, body: &[u8]) -> Result<(), Broken> {
        let plan = plan.ok_or(Broken::Rows(RowError::Undescribed))?;
        let sequence = self.queue.front().map_or(0, Expect::sequence);
        let len = self
            .emit_masked(sequence, |masking, out| plan.mask_row(masking, body, out))
            .map_err(Broken::Rows)?;
        self.tally(1, len);
        if let Some(result) = self.queue.front_mut().and_then(Expect::result) {
            result.plan = Some(plan);
        }
        Ok(())
    }

    fn mask_copy(&mut self, body: &[u8]) -> Result<(), Broken> {
        let sequence = self.queue.front().map_or(0, Expect::sequence);
        let result = self.queue.front_mut().and_then(Expect::result);
        let Some(mut plan) = result.and_then(|result| result.copy.take()) else {
            return Err(Broken::Rows(RowError::Undescribed));
        };
        let len = self
            .emit_masked(sequence, |masking, out| plan.mask(masking, body, out))
            .map_err(Broken::Rows)?;
        self.tally(0, len);
        if let Some(result) = self.queue.front_mut().and_then(Expect::result) {
            result.copy = Some(plan);
        }
        Ok(())
    }

    /// The server takes data now. What was sent behind the COPY it ignores if it is a Sync; all else, sent or held for a
    /// verdict, is a breach of protocol.
    fn start_copy_in(&mut self) -> Result<(), Broken> {
        self.copy_in = true;
        if matches!(self.phase, Phase::AwaitVerdict(_)) || self.again.is_some() {
            return Err(Broken::Client(FrameError::Unexpected { kind: b'Q' }));
        }
        while self.queue.len() > 1 {
            match self.queue.back() {
                Some(Expect::Sync) => {
                    self.queue.pop_back();
                    self.batches.sending = self.batches.sending.saturating_sub(1);
                    self.synced = false;
                }
                _ => return Err(Broken::Client(FrameError::Unexpected { kind: b'd' })),
            }
        }
        Ok(())
    }

    fn on_ready(&mut self, body: &[u8]) -> Result<(), Broken> {
        let unexpected = || Broken::Upstream(FrameError::Unexpected { kind: b'Z' });
        let &[status @ (b'I' | b'T' | b'E')] = body else {
            return Err(Broken::Upstream(FrameError::Malformed { kind: b'Z' }));
        };
        let expect = self.queue.pop_front().ok_or_else(unexpected)?;
        if !expect.is_boundary() {
            return Err(unexpected());
        }
        self.status = status;
        self.copy_in = false;
        let mut silent = false;
        match expect {
            Expect::Query(run) => self.end_query(*run),
            Expect::Function(run) => self.end_call(run, CALL, None),
            Expect::Refused(refused) if !refused.answered => return Err(unexpected()),
            Expect::Own(run) => {
                silent = true;
                self.answered(*run)?;
            }
            _ => {}
        }
        if !silent {
            self.emit(0, &[b'Z', 0, 0, 0, 5, status]);
        }
        self.at_boundary();
        Ok(())
    }

    /// Ends a function call; `code` is its error unless it has one.
    pub(crate) fn end_call(&mut self, run: FunctionRun, status: &str, code: Option<String>) {
        self.complete(Completion {
            sequence: run.sequence,
            status: status.to_owned(),
            rows: 0,
            bytes: run.bytes,
            error: run.error.or(code),
            detected: run.detected,
        });
    }

    pub(crate) fn end_query(&mut self, run: QueryRun) {
        self.end_replaced(run.replaced);
        self.end_displaced(run.changes);
        self.complete(Completion {
            sequence: run.sequence,
            status: run.status,
            rows: run.rows,
            bytes: run.bytes,
            error: run.error,
            detected: run.detected,
        });
    }
}

fn passage_of(plan: &Plan) -> Passage {
    if plan.masks.is_empty() {
        Passage::Block { width: plan.width }
    } else {
        Passage::Single
    }
}

/// How a portal's rows pass: as described, or unread where nothing is to be masked.
fn execute_plan(portal: &Portal) -> Result<Plan, RowError> {
    if let Some(plan) = portal.plan.get() {
        return Ok(plan.clone());
    }
    let obliged = obliged(portal.permit(), 0).ok_or(RowError::Unjudged)?;
    let walled = portal
        .permit()
        .is_some_and(|permit| permit.obligations().wall.is_some());
    if walled || !obliged.is_free() {
        return Err(RowError::Undescribed);
    }
    Ok(Plan {
        width: obliged.width,
        masks: Vec::new(),
    })
}

/// The text of the one statement that a portal runs.
fn portal_text(portal: &Portal) -> Option<&str> {
    let range = portal.statements.first().map(|s| s.range.clone())?;
    match &portal.origin {
        Origin::Bind { prepared, .. } => prepared.source.get(range),
        Origin::Declare { .. } => None,
    }
}

fn copy_plan(
    inspector: &Inspector,
    obliged: &ResultObligation,
    text: Option<&str>,
    response: &[u8],
) -> Result<Option<CopyPlan>, RowError> {
    if !is_read(obliged) {
        return Ok(None);
    }
    let form = text.and_then(Form::of).ok_or(RowError::Undescribed)?;
    let plan = CopyPlan::new(form, obliged, |oid| inspector.searched_as(oid));
    let plan = plan.ok_or(RowError::Undescribed)?;
    plan.check_response(response)?;
    Ok(Some(plan))
}

fn check_width(width: Option<usize>, body: &[u8]) -> Result<(), Broken> {
    let Some(expected) = width else {
        return Ok(());
    };
    let found = Fields::new(b'D', body).count().map_err(Broken::Upstream)?;
    if found == expected {
        return Ok(());
    }
    Err(Broken::Rows(RowError::Width { expected, found }))
}

fn tag_of(body: &[u8]) -> Result<String, Broken> {
    let mut fields = Fields::new(b'C', body);
    let tag = fields.text().map_err(Broken::Upstream)?;
    fields.end().map_err(Broken::Upstream)?;
    Ok(tag.to_owned())
}

pub(crate) fn plain_completion(sequence: u64, status: &str, bytes: usize) -> Completion {
    Completion {
        sequence,
        status: status.to_owned(),
        rows: 0,
        bytes: u64::try_from(bytes).unwrap_or(u64::MAX),
        error: None,
        detected: Detected::default(),
    }
}
