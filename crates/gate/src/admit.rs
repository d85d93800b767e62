//! Admitting one action: policy, approval, journal, permit; in this order, in this place only.

use std::sync::Arc;

use model::{Action, ApprovalId, Principal, SessionId};

use crate::live::StopReason;
use crate::permit::Verdict;
use crate::ports::{ApprovalState, BoxFuture, PortError};

/// A session's half of the door. One task owns it.
pub struct Session {}

/// Where an admission stands.
pub enum Admission {
    /// Decided.
    Ready(Verdict),
    /// Decided, and durable once the future ends; then call [`Session::resume_durable`].
    Syncing(BoxFuture<'static, Result<(), PortError>>),
    /// The store is asked for something; then call [`Session::resume_store`].
    Asking(BoxFuture<'static, Result<(), PortError>>),
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
    pub wait: std::time::Duration,
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
}

impl Session {
    /// The session's id.
    pub fn id(&self) -> SessionId {
        todo!("gate helper")
    }

    /// Who acts.
    pub fn principal(&self) -> &Principal {
        todo!("gate helper")
    }

    /// Asks the door to let one action through. One admission at a time.
    pub fn admit(&mut self, action: Action) -> Admission {
        let _ = action;
        todo!("gate helper")
    }

    /// Goes on after [`Admission::Syncing`].
    pub fn resume_durable(&mut self, result: Result<(), PortError>) -> Admission {
        let _ = result;
        todo!("gate helper")
    }

    /// Goes on after [`Admission::Asking`].
    pub fn resume_store(&mut self, result: Result<(), PortError>) -> Admission {
        let _ = result;
        todo!("gate helper")
    }

    /// Goes on after [`Admission::Held`]: policy, catalog and principal are checked again before release.
    /// `action` is analysed anew by the caller, because the catalog may have changed meanwhile.
    pub fn resume_hold(&mut self, end: HoldEnd, action: Arc<Action>) -> Admission {
        let _ = (end, action);
        todo!("gate helper")
    }

    /// Records response bytes as they go to the client.
    ///
    /// # Errors
    /// [`PortError`]; end the session.
    pub fn delivered(&mut self, sequence: u64, bytes: &[u8]) -> Result<(), PortError> {
        let _ = (sequence, bytes);
        todo!("gate helper")
    }

    /// Records an action's fate.
    ///
    /// # Errors
    /// [`PortError`]; end the session.
    pub fn completed(&mut self, completion: Completion) -> Result<(), PortError> {
        let _ = completion;
        todo!("gate helper")
    }

    /// `Some` while the recorder is behind; await it before reading more from the upstream.
    pub fn pressure(&mut self) -> Option<BoxFuture<'static, Result<(), PortError>>> {
        todo!("gate helper")
    }

    /// Ends the recording. `stop` names an end from outside, `error` one from inside.
    pub fn close(&mut self, stop: Option<StopReason>, error: Option<&str>) {
        let _ = (stop, error);
        todo!("gate helper")
    }
}
