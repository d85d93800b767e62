//! What people do around the door: answer approvals, issue and revoke keys, look at sessions and recordings.
//!
//! `api` calls these; `store` and `identity` implement them. Authorisation is the caller's work, done with
//! [`policy::PolicySet::administers`] before any of these is called, except where a method says otherwise.

use std::time::{Duration, SystemTime};

use model::{ApprovalId, Principal, ResourceName, Secret};

use crate::ports::{ApprovalRequest, ApprovalState, BoxFuture, PortError};

/// One person's answer to a request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Answer {
    /// Who, by principal key.
    pub principal: String,
    /// Who, by display name.
    pub name: String,
    /// Yes or no.
    pub approve: bool,
    /// Their words.
    pub comment: String,
    /// When.
    pub time: SystemTime,
}

/// A request with its state and answers.
#[derive(Clone, Debug)]
pub struct ApprovalView {
    /// The request.
    pub request: ApprovalRequest,
    /// Where it stands.
    pub state: ApprovalState,
    /// Answers so far.
    pub answers: Vec<Answer>,
}

/// Why an answer was not taken.
#[derive(Debug, thiserror::Error)]
pub enum AnswerError {
    /// There is no such request.
    #[error("no such request")]
    Unknown,
    /// It is no longer pending.
    #[error("the request is no longer pending")]
    Settled,
    /// The person is the requester, the agent's own connection, already answered, or in none of the groups asked for.
    #[error("{reason}")]
    NotEntitled {
        /// Which of these, in words.
        reason: String,
    },
    /// The store failed.
    #[error(transparent)]
    Port(#[from] PortError),
}

/// Where approvals are answered.
pub trait ApprovalDesk: Send + Sync {
    /// Requests, newest first; pending only when asked.
    fn list(
        &self,
        pending_only: bool,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<ApprovalView>, PortError>>;

    /// One request by id or ticket (`T-…`).
    fn show<'a>(
        &'a self,
        ticket: &'a str,
    ) -> BoxFuture<'a, Result<Option<ApprovalView>, PortError>>;

    /// Takes a person's answer and returns the state after it. Checks entitlement itself: distinct people, never the
    /// requester (an agent's human may answer where a rule says `owner`), only members of the groups asked for, never an
    /// agent or workload; a denial by anybody entitled settles the request.
    ///
    /// # Errors
    /// [`AnswerError`].
    fn answer<'a>(
        &'a self,
        id: ApprovalId,
        who: &'a Principal,
        approve: bool,
        comment: &'a str,
    ) -> BoxFuture<'a, Result<ApprovalState, AnswerError>>;
}

/// A key or token as listed; never its secret.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KeyView {
    /// Its id (`key:…` or `token:…`), as recorded in sessions.
    pub id: String,
    /// Shown prefix of the secret.
    pub prefix: String,
    /// A name given by its issuer.
    pub label: String,
    /// Whose.
    pub principal: Principal,
    /// The credential that it was made with; none in what was made before this was kept.
    pub made_with: Option<String>,
    /// The only resource it is good for, if any.
    pub resource: Option<ResourceName>,
    /// When it was issued.
    pub created: SystemTime,
    /// When it ends.
    pub expires: SystemTime,
    /// Whether it was revoked.
    pub revoked: bool,
}

/// API keys and session tokens: shown once, stored only as a hash, expire, can be revoked.
pub trait KeyRing: Send + Sync {
    /// Issues an API key for a principal, by a login with the credential `made_with`. Returns the listing and the secret
    /// (`pck_…`).
    ///
    /// # Errors
    /// [`PortError`]; nothing was issued.
    fn issue_key<'a>(
        &'a self,
        principal: &'a Principal,
        label: &'a str,
        made_with: &'a str,
        resource: Option<&'a ResourceName>,
        life: Duration,
    ) -> BoxFuture<'a, Result<(KeyView, Secret<String>), PortError>>;

    /// Mints a session token (`pct_…`), likewise.
    ///
    /// # Errors
    /// [`PortError`]; nothing was minted.
    fn mint_token<'a>(
        &'a self,
        principal: &'a Principal,
        made_with: &'a str,
        resource: Option<&'a ResourceName>,
        life: Duration,
    ) -> BoxFuture<'a, Result<(KeyView, Secret<String>), PortError>>;

    /// Looks a presented secret up in constant time; `None` when unknown, expired or revoked.
    fn look_up<'a>(
        &'a self,
        secret: &'a Secret<String>,
    ) -> BoxFuture<'a, Result<Option<KeyView>, PortError>>;

    /// All keys and tokens not yet expired.
    fn list(&self) -> BoxFuture<'_, Result<Vec<KeyView>, PortError>>;

    /// Revokes a key or token by id; `false` when unknown. The caller ends live sessions.
    fn revoke<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<bool, PortError>>;

    /// Bars a principal (by key) from logging in, or lifts the bar. The caller ends live sessions.
    fn bar<'a>(
        &'a self,
        principal_key: &'a str,
        barred: bool,
    ) -> BoxFuture<'a, Result<(), PortError>>;

    /// Whether a principal is barred.
    fn is_barred<'a>(&'a self, principal_key: &'a str) -> BoxFuture<'a, Result<bool, PortError>>;
}
