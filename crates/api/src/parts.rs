//! What the API is made of, and the port it asks for itself.
//!
//! Knows no store: approvals, keys and recordings are reached through traits only.

use std::path::PathBuf;
use std::sync::Arc;

use contract::Discovery;
use gate::Gate;
use gate::desk::{ApprovalDesk, KeyRing};
use gate::ports::{Authenticated, BoxFuture, Identities, Journal, LoginError, SharedRules};
use model::{Resource, Secret};

/// Everything the API stands on.
#[derive(Clone)]
pub struct ApiParts {
    /// The door; its registry of live sessions is read and told to stop.
    pub gate: Arc<Gate>,
    /// Where approvals are answered.
    pub desk: Arc<dyn ApprovalDesk>,
    /// Keys, tokens and bars.
    pub keys: Arc<dyn KeyRing>,
    /// Checks bearer credentials.
    pub identities: Arc<dyn Identities>,
    /// Browser sign-in; `None` switches the page's sign-in off.
    pub sign_in: Option<Arc<dyn SignIn>>,
    /// Policies in force.
    pub rules: SharedRules,
    /// The journal's folder, where recordings are read.
    pub journal_dir: PathBuf,
    /// Where control-plane changes are written, durably and first.
    pub journal: Arc<dyn Journal>,
    /// Registered targets.
    pub resources: Vec<Target>,
    /// What anybody may know of this gateway; its `public_url` is where people reach the page.
    pub discovery: Discovery,
    /// Renders the metrics in Prometheus' text format.
    pub metrics: Arc<dyn Fn() -> String + Send + Sync>,
    /// Who may read them.
    pub metrics_access: MetricsAccess,
    /// Whether the gateway can do its work: `Err` says, in one line without particulars, why not.
    pub health: Arc<dyn Fn() -> Result<(), String> + Send + Sync>,
}

/// A registered target.
#[derive(Clone, Debug)]
pub struct Target {
    /// As policy sees it, with its default database.
    pub resource: Resource,
    /// Databases that clients may name.
    pub databases: Vec<String>,
}

/// Who may read `/metrics`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MetricsAccess {
    /// Peers on this host, unless a proxy forwards for somebody else.
    Loopback,
    /// Anybody who reaches the listener.
    Open,
    /// Nobody.
    Off,
}

/// What the browser is sent to the identity provider with.
#[derive(Clone, Copy, Debug)]
pub struct AuthorizeRequest<'a> {
    /// Where it comes back to.
    pub redirect_uri: &'a str,
    /// Ties the answer to this browser.
    pub state: &'a str,
    /// Ties the ID token to this request.
    pub nonce: &'a str,
    /// PKCE, method S256.
    pub code_challenge: &'a str,
}

/// What the browser came back with.
#[derive(Clone, Copy, Debug)]
pub struct RedeemRequest<'a> {
    /// The authorization code.
    pub code: &'a Secret<String>,
    /// PKCE's other half.
    pub code_verifier: &'a Secret<String>,
    /// As sent.
    pub nonce: &'a str,
    /// As sent.
    pub redirect_uri: &'a str,
    /// The `iss` parameter of the answer, where the provider gives one (RFC 9207); must equal the issuer.
    pub issuer: Option<&'a str>,
}

/// The relying party's half of OpenID Connect: authorization code with PKCE.
pub trait SignIn: Send + Sync {
    /// The URL to send the browser to.
    ///
    /// # Errors
    /// [`LoginError`] when the provider's metadata cannot be had.
    fn authorize_url<'a>(
        &'a self,
        request: AuthorizeRequest<'a>,
    ) -> BoxFuture<'a, Result<String, LoginError>>;

    /// Exchanges the code and checks the ID token: signature, issuer, audience, times and nonce.
    ///
    /// # Errors
    /// [`LoginError`].
    fn redeem<'a>(
        &'a self,
        request: RedeemRequest<'a>,
    ) -> BoxFuture<'a, Result<Authenticated, LoginError>>;
}
