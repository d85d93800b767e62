//! Opening a session: identity is known; may it connect, and can it be recorded?

use std::sync::Arc;
use std::time::SystemTime;

use model::{Application, Limits, Refusal, Resource, SessionId};

use crate::admit::Session;
use crate::live::Live;
use crate::ports::{Approvals, Authenticated, Clock, Journal, SharedRules};

/// What the door is made of.
pub struct GateParts {
    /// Policies and labels in force.
    pub rules: SharedRules,
    /// Where approvals are kept.
    pub approvals: Arc<dyn Approvals>,
    /// Where recordings go.
    pub journal: Arc<dyn Journal>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// The bounds.
    pub limits: Limits,
    /// Where approvers answer, for NOTICEs: `https://gate.example/approvals`.
    pub approvals_url: Option<String>,
}

/// The one door of a gateway; shared by all sessions.
pub struct Gate {
    pub(crate) parts: GateParts,
    pub(crate) live: Live,
}

/// What the host knows of the client when it asks to open.
#[derive(Clone, Debug)]
pub struct ClientInfo {
    /// Application name and peer address.
    pub application: Application,
    /// The login name the client gave.
    pub login: String,
    /// TLS version and cipher, or `none`.
    pub tls: String,
}

/// A session may start.
pub struct Opening {
    /// The session's half of the door; owned by the session's task.
    pub session: Session,
    /// When it must end at the latest.
    pub deadline: SystemTime,
}

impl Gate {
    /// Builds the door.
    pub fn new(parts: GateParts) -> Arc<Self> {
        Arc::new(Self {
            parts,
            live: Live::default(),
        })
    }

    /// The registry of open sessions.
    pub fn live(&self) -> &Live {
        &self.live
    }

    /// Opens a session for an authenticated login: counts limits, asks policy for `connect`, starts the recording.
    /// The caller registers the session in [`Gate::live`] and removes it at its end.
    ///
    /// # Errors
    /// A [`Refusal`] to show the client.
    pub fn open(
        self: &Arc<Self>,
        id: SessionId,
        login: Authenticated,
        resource: Resource,
        client: ClientInfo,
    ) -> Result<Opening, Refusal> {
        let _ = (id, login, resource, client);
        todo!("gate helper")
    }
}
