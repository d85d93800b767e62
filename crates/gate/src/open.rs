//! Opening a session: identity is known; may it connect, and can it be recorded?
//!
//! Must never tell a refused client whether the resource exists.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use ledger::Event;
use model::{Application, Limits, Outcome, Refusal, RefusalKind, Resource, SessionId};
use policy::Context;

use crate::admit::Session;
use crate::live::Live;
use crate::ports::{Approvals, Authenticated, Clock, Journal, PortError, Recorder, SharedRules};
use crate::record;

/// How long a session may outlive its token, where it ends with it.
const TOKEN_GRACE: Duration = Duration::from_secs(60);

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

/// What a session has of the gate: everything that stays the same for its life, and its recorder.
pub(crate) struct Seat {
    pub(crate) gate: Arc<Gate>,
    pub(crate) id: SessionId,
    pub(crate) login: Authenticated,
    pub(crate) resource: Resource,
    pub(crate) client: ClientInfo,
    /// The peer's IP address, without port; empty when it has none.
    pub(crate) address: String,
    pub(crate) recorder: Box<dyn Recorder>,
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

    /// What is in force now.
    pub fn rules(&self) -> Arc<crate::ports::Rules> {
        self.parts.rules.load_full()
    }

    /// The bounds.
    pub fn limits(&self) -> &Limits {
        &self.parts.limits
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
        let address = ip_of(&client.application.address);
        if let Err(turned) = self.may_open(&login, &resource, &client, &address) {
            let name = resource.name.as_str();
            self.record_refusal(id, &login, name, &client, &turned.why);
            return Err(turned.refusal);
        }
        let deadline = self.deadline(&login);
        let mut recorder = self
            .parts
            .journal
            .begin(id)
            .map_err(|error| cannot_record(&error))?;
        let time = record::micros(self.parts.clock.now());
        recorder
            .append(&record::opened(time, id, &login, &resource, &client))
            .map_err(|error| cannot_record(&error))?;
        let session = Session::new(Seat {
            gate: Arc::clone(self),
            id,
            login,
            resource,
            client,
            address,
            recorder,
        });
        Ok(Opening { session, deadline })
    }

    /// Refuses a login to a resource that does not exist, in the words and with the record of one that is not
    /// permitted.
    pub fn turn_away(
        &self,
        id: SessionId,
        login: &Authenticated,
        asked: &str,
        client: &ClientInfo,
    ) -> Refusal {
        self.record_refusal(id, login, asked, client, "there is no such resource");
        no_access(asked)
    }

    fn may_open(
        &self,
        login: &Authenticated,
        resource: &Resource,
        client: &ClientInfo,
        address: &str,
    ) -> Result<(), TurnedAway> {
        let name = resource.name.as_str();
        if login
            .resource
            .as_ref()
            .is_some_and(|only| *only != resource.name)
        {
            return Err(TurnedAway {
                refusal: no_access(name),
                why: "the credential is bound to another resource".to_owned(),
            });
        }
        let now = self.parts.clock.now();
        if login
            .end_with_token
            .is_some_and(|end| with_grace(end) <= now)
        {
            let why = "the token has ended".to_owned();
            return Err(TurnedAway {
                refusal: Refusal::new(RefusalKind::Unauthenticated, why.clone()),
                why,
            });
        }
        let context = Context {
            application: client.application.name.clone(),
            address: address.to_owned(),
            in_transaction: false,
            unix_seconds: i64::try_from(record::micros(now) / 1_000_000).unwrap_or(i64::MAX),
        };
        let rules = self.parts.rules.load();
        let decision = rules.policies.connect(&login.principal, resource, &context);
        // Nobody is asked about a login: a connect that needs approval is not permitted.
        if decision.outcome != Outcome::Allow {
            let reasons = decision.reasons.iter();
            let rules: Vec<&str> = reasons.map(|reason| reason.rule.as_str()).collect();
            return Err(TurnedAway {
                refusal: no_access(name),
                why: format!("policy does not allow connect ({})", rules.join(", ")),
            });
        }
        self.has_room(&login.principal.key())
    }

    fn has_room(&self, principal: &str) -> Result<(), TurnedAway> {
        let (all, own) = self.live.count(principal);
        let limits = &self.parts.limits;
        let message = if all >= limits.sessions_max {
            "too many sessions are open"
        } else if own >= limits.sessions_per_principal_max {
            "you have too many sessions open"
        } else {
            return Ok(());
        };
        Err(TurnedAway {
            refusal: Refusal::new(RefusalKind::Limit, message),
            why: message.to_owned(),
        })
    }

    fn deadline(&self, login: &Authenticated) -> SystemTime {
        let now = self.parts.clock.now();
        let age = now.checked_add(self.parts.limits.session_age_max);
        let age = age.unwrap_or(now);
        login
            .end_with_token
            .map_or(age, |end| age.min(with_grace(end)))
    }

    /// Records a login that was turned away, under the id that its session would have had.
    fn record_refusal(
        &self,
        id: SessionId,
        login: &Authenticated,
        asked: &str,
        client: &ClientInfo,
        why: &str,
    ) {
        // No session opens, so a journal that takes nothing leaves nothing unrecorded that happened.
        let Ok(mut recorder) = self.parts.journal.begin(id) else {
            return;
        };
        let time = record::micros(self.parts.clock.now());
        let field = |name: &'static str, value: &str| (name.into(), value.to_owned().into());
        let refused = Event::Control {
            time,
            actor: login.principal.key().into(),
            name: "session.refused".into(),
            fields: vec![
                field("name", &login.principal.display()),
                field("credential", &login.credential),
                field("resource", asked),
                field("login", &client.login),
                field("application", &client.application.name),
                field("address", &client.application.address),
                field("reason", why),
            ],
        };
        let closed = Event::SessionClosed {
            time,
            reason: why.into(),
        };
        recorder
            .append(&refused)
            .and_then(|()| recorder.append(&closed))
            .ok();
    }
}

/// A login that does not become a session: what the client is told, and what the record says.
struct TurnedAway {
    refusal: Refusal,
    why: String,
}

/// The one text for a resource that does not exist and one that is not permitted.
fn no_access(asked: &str) -> Refusal {
    Refusal::new(
        RefusalKind::Denied,
        format!("no access to \"{}\"", asked.escape_debug()),
    )
}

fn cannot_record(error: &PortError) -> Refusal {
    let message = match error {
        PortError::Full => "no space left for the recording; no session is opened",
        PortError::Slow { .. } | PortError::Failed { .. } | PortError::Unfinished { .. } => {
            "the recording cannot be written; no session is opened"
        }
    };
    Refusal::new(error.of_recording(), message)
}

fn with_grace(end: SystemTime) -> SystemTime {
    end.checked_add(TOKEN_GRACE).unwrap_or(end)
}

/// The address without its port; empty for a unix socket.
fn ip_of(address: &str) -> String {
    address
        .parse::<SocketAddr>()
        .map(|socket| socket.ip().to_canonical().to_string())
        .unwrap_or_default()
}
