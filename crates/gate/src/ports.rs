//! What the door needs from outside: credentials, approvals, journal, clock.
//!
//! `store` implements these on SQLite and files; `relay` and `gateway` hand them over. A port's future is
//! boxed, because a trait object cannot return an opaque one.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::SystemTime;

use ledger::Event;
use model::{ApprovalId, Named, Principal, Reach, RefusalKind, ResourceName, Secret, SessionId};

/// A boxed future that may move between threads.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A port could not do its work; the door stays shut.
#[derive(Debug, thiserror::Error)]
pub enum PortError {
    /// The disk is full or below its reserve.
    #[error("no space left for the recording")]
    Full,
    /// It did not answer in time.
    #[error("{what} did not answer in time")]
    Slow {
        /// Which part.
        what: &'static str,
    },
    /// It failed.
    #[error("{what} failed")]
    Failed {
        /// Which part.
        what: &'static str,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// An erasure was begun and could not be finished. It is, before anything else is done to recordings.
    #[error("an erasure was begun and is not finished")]
    Unfinished {
        /// What came between.
        #[source]
        source: Box<Self>,
    },
}

impl PortError {
    /// What a client is refused with when it is the recorder that failed so.
    pub fn of_recording(&self) -> RefusalKind {
        match self {
            Self::Full => RefusalKind::RecordingFull,
            Self::Slow { .. } | Self::Failed { .. } | Self::Unfinished { .. } => {
                RefusalKind::RecordingFailed
            }
        }
    }
}

/// Tells the time; order never depends on it.
pub trait Clock: Send + Sync {
    /// Wall-clock time.
    fn now(&self) -> SystemTime;
}

/// Opens recordings.
pub trait Journal: Send + Sync {
    /// Starts the recording of one session.
    ///
    /// # Errors
    /// [`PortError`] when the journal takes no more sessions; the session must not open.
    fn begin(&self, session: SessionId) -> Result<Box<dyn Recorder>, PortError>;

    /// Appends one control-plane event (policy change, key issued, approval answered) and returns
    /// once it is on disk.
    ///
    /// # Errors
    /// [`PortError`] when it could not be made durable.
    fn control(&self, event: &Event<'_>) -> Result<(), PortError>;
}

/// Yields the master keys that wrap the keys of recordings: from files, the environment, or a service that keeps them.
pub trait MasterKeys: Send + Sync + std::fmt::Debug {
    /// All that are to be had; the first wraps new keys. Asked once, at start.
    ///
    /// # Errors
    /// [`PortError`]; the gateway must not start.
    fn fetch(&self) -> Result<Vec<ledger::keys::MasterKey>, PortError>;
}

/// Writes one session's recording. Owned by the session's task.
pub trait Recorder: Send {
    /// Appends one event. When this returns, the event is with the operating system: it survives the death of
    /// this process, though not yet of the machine.
    ///
    /// # Errors
    /// [`PortError`] when it could not be written; the session must end.
    fn append(&mut self, event: &Event<'_>) -> Result<(), PortError>;

    /// Prepares one event for the next [`Recorder::commit`] and says how many bytes wait for it. Until then the event
    /// is nowhere, and nothing may happen on its strength.
    ///
    /// # Errors
    /// [`PortError`] when nothing can be written any more; the session must end.
    fn stage(&mut self, event: &Event<'_>) -> Result<usize, PortError>;

    /// Appends what was staged, as one record: all of it or nothing. What could not be appended is forgotten.
    ///
    /// # Errors
    /// [`PortError`] as of [`Recorder::append`].
    fn commit(&mut self) -> Result<(), PortError>;

    /// Adds response bytes as delivered to the client, in the protocol's own framing. May buffer.
    ///
    /// # Errors
    /// [`PortError`] when the recorder has failed; the session must end.
    fn response(&mut self, sequence: u64, bytes: &[u8]) -> Result<(), PortError>;

    /// A future that ends when every decision appended so far is on disk. Responses and completions follow within
    /// the journal's interval.
    fn durable(&mut self) -> BoxFuture<'static, Result<(), PortError>>;

    /// Whether every action must be durable before it goes on, reads too (`durability = "strict"`).
    fn is_strict(&self) -> bool {
        false
    }

    /// `Some` future while the recorder is behind by more than its bound; await it before giving more.
    fn pressure(&mut self) -> Option<BoxFuture<'static, Result<(), PortError>>>;
}

/// What exactly an approval is bound to: a SHA-256 over statement text, parameters, principal, resource,
/// database and the session's name resolution.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Binding(pub [u8; 32]);

/// A request for approval as it is stored and shown.
#[derive(Clone, Debug)]
pub struct ApprovalRequest {
    /// Its id; the ticket is derived from it.
    pub id: ApprovalId,
    /// What it is bound to.
    pub binding: Binding,
    /// The session that asked.
    pub session: SessionId,
    /// Who asks.
    pub requester: Principal,
    /// On what.
    pub resource: ResourceName,
    /// In which database.
    pub database: String,
    /// The full statement text.
    pub statement: String,
    /// The text without values of labelled columns, for approvers who may not reveal them.
    pub statement_redacted: String,
    /// Bound parameters, rendered as text; `None` is NULL.
    pub parameters: Vec<Option<String>>,
    /// Texts that it runs by name.
    pub named: Vec<Named>,
    /// The effects, rendered.
    pub effects: Vec<String>,
    /// How far it reaches, as far as the catalog tells.
    pub reach: Reach,
    /// Why it was held.
    pub reasons: Vec<String>,
    /// Who may answer: each rule must be met.
    pub rules: Vec<policy::ApprovalRule>,
    /// When it was asked.
    pub created: SystemTime,
    /// When it lapses, unanswered or unused.
    pub expires: SystemTime,
}

/// Where a request stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ApprovalState {
    /// Nobody, or not enough people, answered yet.
    Pending,
    /// Approved and not yet used.
    Approved,
    /// Somebody said no.
    Denied,
    /// Lapsed.
    Expired,
    /// Cancelled, disconnected or shut down.
    Withdrawn,
    /// Approved and used.
    Used,
}

/// What came of asking.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Asked {
    /// There is one already, that counts for this session: pending (and not another open session's), approved or
    /// denied.
    Known(ApprovalId, ApprovalState),
    /// A request was made.
    Made(ApprovalId),
    /// The requester has too many open ones; none was made.
    TooMany,
}

/// Who denied a request, and in which words.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Denial {
    /// Who, by principal key.
    pub principal: String,
    /// Who, by display name.
    pub name: String,
    /// Their words; may be empty.
    pub comment: String,
}

/// Keeps requests for approval. The store is the truth; a waiting session only waits on a wake-up.
pub trait Approvals: Send + Sync {
    /// Finds the live request (pending, approved or denied, not lapsed) with this binding, or stores this one durably,
    /// in one step. A pending one that another session waits for is that session's own: each gets its own answer.
    ///
    /// # Errors
    /// [`PortError`]; nothing was stored.
    fn ask(
        &self,
        request: ApprovalRequest,
        pending_max: usize,
    ) -> BoxFuture<'_, Result<Asked, PortError>>;

    /// Ends when the request leaves [`ApprovalState::Pending`].
    fn settled(&self, id: ApprovalId) -> BoxFuture<'static, Result<ApprovalState, PortError>>;

    /// Uses an approved request: `true` exactly once, and only while it is approved, unexpired and bound to
    /// `binding`.
    fn redeem(&self, id: ApprovalId, binding: Binding) -> BoxFuture<'_, Result<bool, PortError>>;

    /// Withdraws a request that is pending, or approved and not used.
    fn withdraw(&self, id: ApprovalId) -> BoxFuture<'_, Result<(), PortError>>;

    /// Who denied a request, if anybody did.
    fn denial(&self, id: ApprovalId) -> BoxFuture<'_, Result<Option<Denial>, PortError>>;

    /// Who approved a request: principal keys, for the record.
    fn approvers(&self, id: ApprovalId) -> BoxFuture<'_, Result<Vec<String>, PortError>>;
}

/// What a client presented.
#[derive(Debug)]
pub enum Credential {
    /// A password message: token, session token or API key.
    Password(Secret<String>),
    /// A bearer token through SASL OAUTHBEARER.
    Bearer(Secret<String>),
}

/// An authenticated login.
#[derive(Clone, Debug)]
pub struct Authenticated {
    /// Who it is.
    pub principal: Principal,
    /// Which credential was used, for revocation: `oidc:<issuer>:<jti or sub>`, `key:<id>`, `token:<id>`.
    pub credential: String,
    /// The credential that this one was made with, where the gateway made it.
    pub made_with: Option<String>,
    /// The only resource the credential is good for, if bound to one.
    pub resource: Option<ResourceName>,
    /// When the session must end with the token, where the issuer is configured so.
    pub end_with_token: Option<SystemTime>,
    /// Claims worth recording (issuer, subject, audience, expiry, groups), never the token.
    pub claims: Vec<(String, String)>,
}

impl Authenticated {
    /// All that keeps this login out when it is barred: its credential, the one that it was made with, its principal, and
    /// everybody it acts for.
    pub fn names(&self) -> Vec<String> {
        let credentials = [Some(&self.credential), self.made_with.as_ref()];
        let mut names: Vec<String> = credentials.into_iter().flatten().cloned().collect();
        let mut link = Some(&self.principal);
        while let Some(principal) = link {
            names.push(principal.key());
            link = principal.acts_for.as_deref();
        }
        names
    }
}

/// Why a login failed. The client is told only that it failed; the log gets the reason.
#[derive(Debug, thiserror::Error)]
pub enum LoginError {
    /// The credential is not good.
    #[error("{reason}")]
    Refused {
        /// For the log.
        reason: String,
    },
    /// The identity provider or the store cannot be asked.
    #[error(transparent)]
    Unavailable(#[from] PortError),
}

/// Checks credentials.
pub trait Identities: Send + Sync {
    /// Authenticates a login.
    ///
    /// # Errors
    /// [`LoginError`].
    fn authenticate<'a>(
        &'a self,
        login: &'a str,
        credential: &'a Credential,
    ) -> BoxFuture<'a, Result<Authenticated, LoginError>>;

    /// The OIDC discovery URL and scope to tell an OAUTHBEARER client that sent no token.
    fn oauth_hint(&self) -> Option<(String, String)>;
}

/// The target's credential.
#[derive(Clone, Debug)]
pub struct UpstreamCredential {
    /// The role to log in as.
    pub user: String,
    /// Its password; `None` for trust, peer or certificate authentication.
    pub password: Option<Secret<String>>,
}

/// Fetches target credentials; asked at each dial, so rotation needs no restart.
pub trait Credentials: Send + Sync {
    /// The credential for one resource.
    ///
    /// # Errors
    /// [`PortError`] when it cannot be had; the session must not open.
    fn fetch<'a>(
        &'a self,
        resource: &'a ResourceName,
    ) -> BoxFuture<'a, Result<UpstreamCredential, PortError>>;
}

/// The policy set and the data catalog in force, swapped whole.
#[derive(Debug)]
pub struct Rules {
    /// The validated policies.
    pub policies: policy::PolicySet,
    /// Which columns carry which labels, and how they are masked.
    pub labels: mask::DataCatalog,
    /// Rises with every reload; part of every cache key.
    pub generation: u64,
}

/// Shared handle to [`Rules`].
pub type SharedRules = Arc<arc_swap::ArcSwap<Rules>>;
