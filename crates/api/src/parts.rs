//! What the API is made of, and the port it asks for itself.
//!
//! Knows no store: approvals, keys and recordings are reached through traits only.

use std::sync::Arc;
use std::time::{Duration, Instant};

use contract::{Discovery, IndexState, SearchResults};
use gate::Gate;
use gate::archive::Archive;
use gate::desk::{ApprovalDesk, KeyRing};
use gate::ports::{
    Authenticated, BoxFuture, Identities, Journal, LoginError, PortError, SharedRules,
};
use identity::Issuers;
use identity::rp::{Provider, SignIn};
use ledger::find::Filter;
use ledger::journal::Folder;
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
    pub sign_in: Option<Arc<dyn RelyingParty>>,
    /// Policies in force.
    pub rules: SharedRules,
    /// Where recordings are read.
    pub recordings: Folder,
    /// Where they are erased and held.
    pub archive: Arc<dyn Archive>,
    /// Searches them.
    pub finder: Arc<dyn Finder>,
    /// The ledger's public files; `None` when recordings are not sealed.
    pub ledger: Option<Arc<dyn LedgerFiles>>,
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

/// Searching recordings; knows nothing of who may.
pub trait Finder: Send + Sync {
    /// Actions that match, newest first. Takes its time, and bounds it.
    ///
    /// # Errors
    /// [`PortError`].
    fn search(&self, filter: &Filter) -> Result<SearchResults, PortError>;

    /// How the index is, if there is one.
    fn index(&self) -> IndexState;

    /// Throws the index away, if there is one, so that it is made anew from the journal. Ends when making it has begun.
    ///
    /// # Errors
    /// [`PortError`].
    fn rebuild(&self) -> Result<(), PortError>;
}

/// Searching without an index: the journal is read from its beginning.
pub struct Scan {
    /// The journal.
    pub folder: Folder,
    /// How long it may take.
    pub time_max: Duration,
}

impl Finder for Scan {
    fn search(&self, filter: &Filter) -> Result<SearchResults, PortError> {
        let deadline = Instant::now() + self.time_max;
        let found = ledger::find::search(&self.folder, filter, &|| Instant::now() > deadline);
        found.map_err(|error| PortError::Failed {
            what: "the journal",
            source: Box::new(error),
        })
    }

    fn index(&self) -> IndexState {
        IndexState::default()
    }

    fn rebuild(&self) -> Result<(), PortError> {
        Ok(())
    }
}

/// The ledger as it is served: what is on disk for good, under the names that files have.
pub trait LedgerFiles: Send + Sync {
    /// The published checkpoint, whole.
    fn checkpoint(&self) -> Option<String>;

    /// The log's public key, as a vkey.
    fn key(&self) -> String;

    /// A tile or a bundle of entries.
    fn tile(&self, tile: &ledger::tlog::tile::Tile) -> Option<Vec<u8>>;
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

/// The relying party's half of OpenID Connect: authorization code with PKCE, state and nonce.
pub trait RelyingParty: Send + Sync {
    /// The URL to send the browser to.
    ///
    /// # Errors
    /// [`LoginError`] when the provider's metadata cannot be had.
    fn authorize_url<'a>(
        &'a self,
        sign_in: &'a SignIn,
    ) -> BoxFuture<'a, Result<String, LoginError>>;

    /// Exchanges the code and checks the ID token: signature, issuer, audience, times and nonce. `issuer` is the
    /// answer's `iss` parameter, where the provider gives one (RFC 9207).
    ///
    /// # Errors
    /// [`LoginError`].
    fn redeem<'a>(
        &'a self,
        sign_in: &'a SignIn,
        code: &'a Secret<String>,
        issuer: Option<&'a str>,
    ) -> BoxFuture<'a, Result<Authenticated, LoginError>>;
}

/// Signing in at one configured issuer.
pub struct Oidc {
    issuers: Arc<Issuers>,
    issuer: String,
}

impl Oidc {
    /// Signs people in at `issuer`, which is one of `issuers` and has a client id.
    pub fn new(issuers: Arc<Issuers>, issuer: impl Into<String>) -> Arc<Self> {
        Arc::new(Self {
            issuers,
            issuer: issuer.into(),
        })
    }
}

impl RelyingParty for Oidc {
    fn authorize_url<'a>(
        &'a self,
        sign_in: &'a SignIn,
    ) -> BoxFuture<'a, Result<String, LoginError>> {
        Box::pin(async move {
            let provider = Provider::discover(&self.issuers, &self.issuer).await?;
            Ok(provider.authorize_url(sign_in)?)
        })
    }

    fn redeem<'a>(
        &'a self,
        sign_in: &'a SignIn,
        code: &'a Secret<String>,
        issuer: Option<&'a str>,
    ) -> BoxFuture<'a, Result<Authenticated, LoginError>> {
        Box::pin(async move {
            if issuer.is_some_and(|issuer| issuer != self.issuer) {
                let reason = "the answer came from another issuer".to_owned();
                return Err(LoginError::Refused { reason });
            }
            let provider = Provider::discover(&self.issuers, &self.issuer).await?;
            let tokens = provider.exchange(sign_in, code).await?;
            let nonce = Some(sign_in.nonce.as_str());
            let verified = provider
                .verify_id_token(&self.issuers, &tokens, nonce)
                .await?;
            Ok(Authenticated {
                principal: verified.principal,
                credential: verified.credential,
                made_with: None,
                resource: None,
                end_with_token: verified.end_with_token.then_some(verified.expires),
                claims: verified.claims,
            })
        })
    }
}
