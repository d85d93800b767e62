//! Admitting one action: policy, approval, journal, permit; in this order, in this place only.
//!
//! Must never know how an action was parsed, what a socket is, or what time it is other than through its clock.

mod held;

use std::sync::Arc;
use std::time::Duration;

use ledger::Event;
use ledger::event::Completed;
use model::{
    Action, ActionId, ActionKind, ApprovalId, Detected, Outcome, Principal, Reason, Refusal,
    RefusalKind, SessionId,
};
use policy::Context;

pub use ledger::event::UNANSWERED;

use crate::hold::{self, StoreAnswer};
use crate::judge::{Asker, Judged, Judgements};
use crate::live::StopReason;
use crate::open::Seat;
use crate::permit::{Basis, Permit, Verdict};
use crate::ports::{ApprovalState, Binding, BoxFuture, PortError};
use crate::record::{self, Redeemed};
use crate::words;
use crate::write_back;

/// A session's half of the door. One task owns it.
pub struct Session {
    seat: Seat,
    sequence: u64,
    judgements: Judgements,
    /// What policies may ask for; only the time and the transaction change.
    context: Context,
    state: State,
    /// When each released action was let go, in order, for durations.
    released: std::collections::VecDeque<(u64, u64)>,
    /// Allowed actions whose entries are staged and not yet in the journal, with their numbers.
    staged: Vec<(u64, Arc<Action>, Arc<Judged>)>,
    closed: bool,
}

/// Proof that the journal took the entry of every action allowed so far: without it nothing is forwarded.
#[derive(Debug)]
pub struct Journaled(());

/// Where an admission stands.
pub enum Admission {
    /// Decided.
    Ready(Verdict),
    /// Decided, and durable once the future ends; then call [`Session::resume_durable`].
    Syncing(BoxFuture<'static, Result<(), PortError>>),
    /// The store is asked for something; then call [`Session::resume_store`].
    Asking(BoxFuture<'static, Result<StoreAnswer, PortError>>),
    /// People approved exactly this before; have it analysed anew by the definitions of now, then call
    /// [`Session::resume_hold`] with [`ApprovalState::Approved`].
    Approved,
    /// People must answer; show the notice, await [`Hold::settled`] for at most [`Hold::wait`], then call
    /// [`Session::resume_hold`].
    Held(Hold),
}

/// A held action.
pub struct Hold {
    /// The request.
    pub approval: ApprovalId,
    /// What to tell the client meanwhile.
    pub notice: HoldNotice,
    /// How long the connection waits before it hands out the ticket.
    pub wait: Duration,
    /// Ends when the request is answered, lapses or is withdrawn.
    pub settled: BoxFuture<'static, Result<ApprovalState, PortError>>,
}

/// The text of the NOTICE that tells a client that it waits.
#[derive(Clone, Debug)]
pub struct HoldNotice {
    /// One line.
    pub message: String,
    /// Where and by whom it can be approved.
    pub hint: String,
}

/// How a hold ended on this connection.
pub enum HoldEnd {
    /// The request was settled.
    Settled(Result<ApprovalState, PortError>),
    /// The connection waited long enough: hand out the ticket, keep the request.
    TimedOut,
    /// The client cancelled or the session ends: withdraw the request.
    Withdrawn,
}

/// What the protocol core saw of an action's fate.
#[derive(Clone, Debug)]
pub struct Completion {
    /// The action's number in the session.
    pub sequence: u64,
    /// Command tag or status, as delivered.
    pub status: String,
    /// Rows delivered or changed.
    pub rows: u64,
    /// Response bytes delivered.
    pub bytes: u64,
    /// The error's stable code (SQLSTATE), when it failed.
    pub error: Option<String>,
    /// Values hidden because of what was found in them.
    pub detected: Detected,
}

/// The admission under way.
enum State {
    Idle,
    /// Entered in the journal; waits for the disk.
    Syncing(Entered),
    /// The store looks for an approval.
    Finding(Waiting),
    /// People are asked.
    Held(Waiting, ApprovalId),
    /// The store withdraws a request; then this is said.
    Withdrawing(Verdict),
}

/// A held action with what its approval is bound to.
struct Waiting {
    action: Arc<Action>,
    judged: Arc<Judged>,
    binding: Binding,
}

/// Proof that the entry of an allowed action is in the journal, or staged for it; the only thing a permit is minted
/// from.
struct Entered {
    sequence: u64,
    obligations: Arc<model::Obligations>,
    generation: u64,
}

impl Session {
    pub(crate) fn new(seat: Seat) -> Self {
        let context = Context {
            application: seat.client.application.name.clone(),
            address: seat.address.clone(),
            in_transaction: false,
            unix_seconds: 0,
        };
        Self {
            seat,
            context,
            sequence: 0,
            judgements: Judgements::default(),
            state: State::Idle,
            released: std::collections::VecDeque::new(),
            staged: Vec::new(),
            closed: false,
        }
    }

    /// The session's id.
    pub fn id(&self) -> SessionId {
        self.seat.id
    }

    /// Who acts.
    pub fn principal(&self) -> &Principal {
        &self.seat.login.principal
    }

    /// What is acted on.
    pub fn resource(&self) -> &model::Resource {
        &self.seat.resource
    }

    /// Asks the door to let one action through. One admission at a time.
    pub fn admit(&mut self, action: Action) -> Admission {
        self.sequence += 1;
        if !matches!(self.state, State::Idle) {
            return self.end(out_of_turn());
        }
        let action = Arc::new(action);
        let judged = self.judge(&action);
        match judged.outcome {
            Outcome::Allow => self.enter(&action, &judged, None),
            // Preparing runs nothing: the hold comes when it is executed.
            Outcome::Hold if action.kind == ActionKind::Prepare => {
                self.enter(&action, &judged, None)
            }
            Outcome::Hold => self.find(action, judged),
            Outcome::Deny => self.deny(&action, &judged, words::denied(&action, &judged)),
        }
    }

    /// Goes on after [`Admission::Syncing`].
    pub fn resume_durable(&mut self, result: Result<(), PortError>) -> Admission {
        match (std::mem::replace(&mut self.state, State::Idle), result) {
            (State::Syncing(entered), Ok(())) => self.release(entered),
            (State::Syncing(_), Err(error)) => self.end(unrecorded(&error)),
            (_, _) => self.end(out_of_turn()),
        }
    }

    /// Goes on after [`Admission::Asking`].
    pub fn resume_store(&mut self, result: Result<StoreAnswer, PortError>) -> Admission {
        match (std::mem::replace(&mut self.state, State::Idle), result) {
            // Where the store failed, the request lapses by itself; the client is refused either way.
            (State::Withdrawing(verdict), _) => Admission::Ready(verdict),
            (State::Finding(waiting), Ok(answer)) => self.found(waiting, answer.0),
            (State::Finding(waiting), Err(error)) => {
                let judged = overruled(&waiting.judged, "portcullis.approvals-unavailable", &error);
                let message = "approvals cannot be asked for: the store does not answer";
                let refusal = Refusal::new(RefusalKind::Unavailable, message);
                self.deny(&waiting.action, &judged, refusal)
            }
            (_, _) => self.end(out_of_turn()),
        }
    }

    /// Goes on after [`Admission::Held`]: policy, catalog and principal are checked again before release.
    /// `action` is analysed anew by the caller, because the catalog may have changed meanwhile.
    pub fn resume_hold(&mut self, end: HoldEnd, action: Arc<Action>) -> Admission {
        let State::Held(waiting, id) = std::mem::replace(&mut self.state, State::Idle) else {
            return self.end(out_of_turn());
        };
        match end {
            HoldEnd::TimedOut => self.hand_out_ticket(&waiting, id),
            HoldEnd::Withdrawn => self.withdraw(&waiting, id),
            HoldEnd::Settled(Ok(ApprovalState::Approved)) => self.recheck(&waiting, id, action),
            HoldEnd::Settled(Ok(ApprovalState::Denied)) => {
                let approvals = Arc::clone(&self.seat.gate.parts.approvals);
                self.state = State::Finding(waiting);
                Admission::Asking(Box::pin(hold::denied(approvals, id)))
            }
            HoldEnd::Settled(Ok(state)) => self.settle(&waiting, id, state),
            HoldEnd::Settled(Err(_)) => self.hand_out_ticket(&waiting, id),
        }
    }

    /// Appends to the journal what was staged for it. Nothing that was released since the last call may be forwarded
    /// before.
    ///
    /// # Errors
    /// [`PortError`]; forward nothing more, end the session.
    pub fn journal(&mut self) -> Result<Journaled, PortError> {
        if self.staged.is_empty() {
            return Ok(Journaled(()));
        }
        match self.seat.recorder.commit() {
            Ok(()) => {
                self.staged.clear();
                Ok(Journaled(()))
            }
            Err(error) => {
                self.refuse_staged(&error);
                Err(error)
            }
        }
    }

    /// Records response bytes as they go to the client.
    ///
    /// # Errors
    /// [`PortError`]; end the session.
    pub fn delivered(&mut self, sequence: u64, bytes: &[u8]) -> Result<(), PortError> {
        self.seat.recorder.response(sequence, bytes)
    }

    /// Records an action's fate.
    ///
    /// # Errors
    /// [`PortError`]; end the session.
    pub fn completed(&mut self, completion: Completion) -> Result<(), PortError> {
        let time = self.now();
        let started = self.take_release(completion.sequence);
        self.seat.recorder.append(&Event::Completed(Completed {
            time,
            sequence: completion.sequence,
            status: completion.status.into(),
            rows: completion.rows,
            bytes: completion.bytes,
            duration: started.map_or(0, |started| time.saturating_sub(started)),
            error: completion.error.map(Into::into),
            detected: record::detected(&completion.detected),
        }))
    }

    /// `Some` while the recorder is behind; await it before reading more from the upstream.
    pub fn pressure(&mut self) -> Option<BoxFuture<'static, Result<(), PortError>>> {
        self.seat.recorder.pressure()
    }

    /// Ends the recording. `stop` names an end from outside, `error` one from inside.
    pub fn close(&mut self, stop: Option<StopReason>, error: Option<&str>) {
        if std::mem::replace(&mut self.closed, true) {
            return;
        }
        let stop = stop.as_ref().map(StopReason::as_str);
        let reason = stop.or(error).unwrap_or("the client left");
        self.end_released();
        let time = self.now();
        let event = Event::SessionClosed {
            time,
            reason: reason.into(),
        };
        // Nothing is left to refuse: a recording that cannot be closed shows its missing end.
        self.seat.recorder.append(&event).ok();
    }

    /// Records an end for what was released and has none: the protocol core says them all, unless it broke down.
    fn end_released(&mut self) {
        let time = self.now();
        for (sequence, started) in std::mem::take(&mut self.released) {
            let event = Event::Completed(Completed {
                time,
                sequence,
                status: UNANSWERED.into(),
                duration: time.saturating_sub(started),
                ..Completed::default()
            });
            // As with the close that follows: what cannot be recorded now shows by its absence.
            self.seat.recorder.append(&event).ok();
        }
    }

    fn now(&self) -> u64 {
        record::micros(self.seat.gate.parts.clock.now())
    }

    fn judge(&mut self, action: &Action) -> Arc<Judged> {
        let rules = self.seat.gate.parts.rules.load();
        let now = self.now();
        self.context.in_transaction = action.in_transaction;
        self.context.unix_seconds = i64::try_from(now / 1_000_000).unwrap_or(i64::MAX);
        let asker = Asker {
            principal: &self.seat.login.principal,
            resource: &self.seat.resource,
        };
        let judged = self.judgements.judge(&rules, asker, action, &self.context);
        match write_back::refused(&judged.guards, action) {
            Some(reason) if judged.outcome != Outcome::Deny => Arc::new(Judged {
                reasons: vec![reason],
                hint: Some(write_back::HINT.to_owned()),
                ..overruled(&judged, "", &"")
            }),
            Some(_) | None => judged,
        }
    }

    fn asker(&self) -> Asker<'_> {
        Asker {
            principal: &self.seat.login.principal,
            resource: &self.seat.resource,
        }
    }

    /// Enters an allowed (or approved) action in the journal; what comes back leads to its permit.
    fn enter(
        &mut self,
        action: &Arc<Action>,
        judged: &Arc<Judged>,
        redeemed: Option<&Redeemed>,
    ) -> Admission {
        if let Err(error) = self.stage(action, judged, redeemed) {
            return self.end(unrecorded(&error));
        }
        let entered = Entered {
            sequence: self.sequence,
            obligations: Arc::clone(&judged.obligations),
            generation: judged.generation,
        };
        let runs = action.kind != ActionKind::Prepare;
        let durable = redeemed.is_some() || self.seat.recorder.is_strict();
        if durable || (runs && judged.effectful) {
            if let Err(error) = self.journal() {
                return self.end(unrecorded(&error));
            }
            self.state = State::Syncing(entered);
            return Admission::Syncing(self.seat.recorder.durable());
        }
        self.release(entered)
    }

    /// Stages the entry of an allowed action. Staged entries go into the journal together, just before anything is
    /// forwarded, so that what a client sends at once costs one record.
    fn stage(
        &mut self,
        action: &Arc<Action>,
        judged: &Arc<Judged>,
        redeemed: Option<&Redeemed>,
    ) -> Result<(), PortError> {
        let (time, sequence) = (self.now(), self.sequence);
        let event = record::action(time, sequence, action, judged, Outcome::Allow, redeemed);
        let staged = self.seat.recorder.stage(&Event::Action(event));
        self.staged
            .push((sequence, Arc::clone(action), Arc::clone(judged)));
        match staged {
            Ok(bytes) if bytes < self.seat.gate.parts.limits.buffer_bytes_max => Ok(()),
            Ok(_) => self.journal().map(drop),
            Err(error) => {
                self.refuse_staged(&error);
                Err(error)
            }
        }
    }

    /// Records refusals, from the reserve, where allowances could not be recorded.
    fn refuse_staged(&mut self, error: &PortError) {
        for (sequence, action, judged) in std::mem::take(&mut self.staged) {
            let judged = overruled(&judged, "portcullis.unrecorded", error);
            let time = self.now();
            let event = record::action(time, sequence, &action, &judged, Outcome::Deny, None);
            // Nobody is left to tell when this fails too: nothing was forwarded.
            self.seat.recorder.append(&Event::Action(event)).ok();
        }
    }

    /// Mints the permit: the only caller of [`Permit::mint`] outside tests.
    fn release(&mut self, entered: Entered) -> Admission {
        let action = ActionId {
            session: self.seat.id,
            sequence: entered.sequence,
        };
        let limits = &self.seat.gate.parts.limits;
        if self.released.len() >= limits.pipeline_max.saturating_add(limits.portals_max) {
            self.released.pop_front();
        }
        let now = self.now();
        self.released.push_back((entered.sequence, now));
        let basis = Basis {
            rules: Arc::clone(&self.seat.gate.parts.rules),
            generation: entered.generation,
        };
        let permit = Permit::mint(action, entered.obligations, Some(basis));
        Admission::Ready(Verdict::Release(permit))
    }

    fn take_release(&mut self, sequence: u64) -> Option<u64> {
        // Portals end in any order: one before this may still be read.
        let at = self.released.iter().position(|(s, _)| *s == sequence)?;
        self.released.remove(at).map(|(_, started)| started)
    }

    /// Records a denial and refuses.
    fn deny(&mut self, action: &Action, judged: &Judged, refusal: Refusal) -> Admission {
        match self.write(action, judged, Outcome::Deny) {
            Ok(()) => self.refuse(refusal),
            Err(error) => self.end(unrecorded(&error)),
        }
    }

    fn refuse(&mut self, refusal: Refusal) -> Admission {
        Admission::Ready(Verdict::Refuse {
            sequence: self.sequence,
            refusal,
        })
    }

    fn end(&mut self, refusal: Refusal) -> Admission {
        self.state = State::Idle;
        Admission::Ready(Verdict::End(refusal))
    }

    fn write(
        &mut self,
        action: &Action,
        judged: &Judged,
        outcome: Outcome,
    ) -> Result<(), PortError> {
        let time = self.now();
        let event = record::action(time, self.sequence, action, judged, outcome, None);
        self.append(&Event::Action(event))
    }

    /// Appends an event behind everything that is staged. Where that can't be recorded, what is appended here still
    /// may be: a refusal has the reserve.
    fn append(&mut self, event: &Event<'_>) -> Result<(), PortError> {
        let journaled = self.journal();
        let appended = self.seat.recorder.append(event);
        journaled.map(drop).and(appended)
    }

    fn write_approval(
        &mut self,
        id: ApprovalId,
        state: &'static str,
        actor: &str,
    ) -> Result<(), PortError> {
        let event = record::approval(self.now(), self.sequence, id, state, actor);
        self.append(&event)
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.close(None, Some("the session's task ended"));
    }
}

/// The same judgement with a denial by a built-in rule on top.
fn overruled(judged: &Judged, rule: &str, why: &dyn std::fmt::Display) -> Judged {
    let mut reasons = judged.reasons.clone();
    reasons.push(Reason {
        rule: rule.to_owned(),
        text: why.to_string(),
    });
    Judged {
        outcome: Outcome::Deny,
        reasons,
        approvals: judged.approvals.clone(),
        hint: None,
        obligations: Arc::default(),
        masked: Vec::new(),
        labels: judged.labels.clone(),
        effects: judged.effects.clone(),
        statements: judged.statements.clone(),
        effectful: judged.effectful,
        sensitive: judged.sensitive,
        policy: judged.policy,
        generation: judged.generation,
        guards: Vec::new(),
    }
}

fn unrecorded(error: &PortError) -> Refusal {
    let message = match error {
        PortError::Full => {
            "the recording cannot be written (no space left on its disk); the session ends"
        }
        PortError::Slow { .. } => {
            "the recording cannot be written (its disk does not answer); the session ends"
        }
        PortError::Failed { .. } | PortError::Unfinished { .. } => {
            "the recording cannot be written; the session ends"
        }
    };
    Refusal::new(error.of_recording(), message)
}

fn out_of_turn() -> Refusal {
    Refusal::new(
        RefusalKind::Unavailable,
        "the gateway lost track of this session's admission; the session ends",
    )
}
