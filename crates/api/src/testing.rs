//! In-memory ports and ready-made callers for this crate's tests.
#![allow(clippy::unwrap_used)]

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request};
use gate::desk::{ApprovalDesk, KeyRing};
use gate::ports::{
    ApprovalRequest, Approvals, Authenticated, Binding, BoxFuture, Credential, Identities, Journal,
    LoginError,
};
use gate::testing::Bench;
use identity::rp::SignIn;
use model::{ApprovalId, Limits, Principal, PrincipalKind, ResourceName, Secret, SessionId};
use store::Store;
use tower::ServiceExt;

use crate::parts::{ApiParts, MetricsAccess, RelyingParty, Scan, Target};
use crate::route::{Peer, Route};
use crate::shared::Shared;

/// A person signed in at an identity provider.
pub(crate) fn login(name: &str, groups: &[&str]) -> Authenticated {
    Authenticated {
        principal: Principal {
            issuer: "https://idp.example".into(),
            subject: name.into(),
            name: name.into(),
            email: Some(format!("{name}@example.com")),
            kind: PrincipalKind::Human,
            groups: groups.iter().map(|g| (*g).to_owned()).collect(),
            acts_for: None,
        },
        credential: format!("oidc:https://idp.example:{name}"),
        made_with: None,
        resource: None,
        end_with_token: None,
        claims: Vec::new(),
    }
}

/// A RowDescription message of text columns.
pub(crate) fn row_description(names: &[&str]) -> Vec<u8> {
    let mut body = u16::try_from(names.len()).unwrap().to_be_bytes().to_vec();
    for name in names {
        body.extend_from_slice(name.as_bytes());
        body.push(0);
        body.extend_from_slice(&[0; 6]);
        body.extend_from_slice(&25u32.to_be_bytes());
        body.extend_from_slice(&[0xff; 2]);
        body.extend_from_slice(&[0xff; 4]);
        body.extend_from_slice(&[0; 2]);
    }
    message(b'T', &body)
}

/// A DataRow message.
pub(crate) fn data_row(values: &[Option<&str>]) -> Vec<u8> {
    let mut body = u16::try_from(values.len()).unwrap().to_be_bytes().to_vec();
    for value in values {
        match value {
            Some(text) => {
                body.extend_from_slice(&u32::try_from(text.len()).unwrap().to_be_bytes());
                body.extend_from_slice(text.as_bytes());
            }
            None => body.extend_from_slice(&[0xff; 4]),
        }
    }
    message(b'D', &body)
}

fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let mut out = vec![kind];
    out.extend_from_slice(&u32::try_from(body.len() + 4).unwrap().to_be_bytes());
    out.extend_from_slice(body);
    out
}

/// Bearer tokens are names here: whoever presents one is that login.
#[derive(Default)]
pub(crate) struct People(HashMap<String, Authenticated>);

impl Identities for People {
    fn authenticate<'a>(
        &'a self,
        _login: &'a str,
        credential: &'a Credential,
    ) -> BoxFuture<'a, Result<Authenticated, LoginError>> {
        let (Credential::Password(secret) | Credential::Bearer(secret)) = credential;
        let found = self.0.get(secret.expose()).cloned();
        Box::pin(async move {
            found.ok_or_else(|| LoginError::Refused {
                reason: "unknown".into(),
            })
        })
    }

    fn oauth_hint(&self) -> Option<(String, String)> {
        None
    }
}

/// Signs everybody in as Dana who brings the code `good`.
struct Provider;

impl RelyingParty for Provider {
    fn authorize_url<'a>(
        &'a self,
        sign_in: &'a SignIn,
    ) -> BoxFuture<'a, Result<String, LoginError>> {
        Box::pin(async move { Ok(format!("https://idp.example/auth?state={}", sign_in.state)) })
    }

    fn redeem<'a>(
        &'a self,
        _sign_in: &'a SignIn,
        code: &'a Secret<String>,
        _issuer: Option<&'a str>,
    ) -> BoxFuture<'a, Result<Authenticated, LoginError>> {
        Box::pin(async move {
            if code.expose() == "good" {
                return Ok(login("dana", &["dba"]));
            }
            Err(LoginError::Refused {
                reason: "bad code".into(),
            })
        })
    }
}

const POLICIES: &str = r#"
permit(principal in Group::"admins", action == Action::"administer_gateway", resource);
permit(principal in Group::"auditors", action == Action::"view_recordings", resource);
permit(principal in Group::"readers", action == Action::"connect", resource);
"#;

/// The whole API on a real store, with people who sign in by name.
pub(crate) struct World {
    pub router: Router,
    pub shared: Arc<Shared>,
    pub routes: Vec<Route>,
    pub bench: Bench,
    pub store: Arc<Store>,
    pub dir: tempfile::TempDir,
}

impl World {
    pub(crate) fn new() -> Self {
        let bench = Bench::new(POLICIES, "", Limits::standard());
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("journal")).unwrap();
        let store = Store::open(&dir.path().join("portcullis.db")).unwrap();
        let parts = parts(&bench, &store, dir.path().join("journal"));
        let shared = Shared::new(parts);
        let (router, routes) = crate::table(Arc::clone(&shared)).into_parts();
        Self {
            router: crate::finish(router, Arc::clone(&shared)),
            shared,
            routes,
            bench,
            store,
            dir,
        }
    }

    /// Sends a request from this machine.
    pub(crate) async fn send(&self, request: axum::http::request::Builder, body: &str) -> Answer {
        let mut request = request.body(Body::from(body.to_owned())).unwrap();
        if request.extensions().get::<Peer>().is_none() {
            let peer = Peer("127.0.0.1".parse().unwrap());
            request.extensions_mut().insert(peer);
        }
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (head, body) = response.into_parts();
        let bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        Answer {
            status: head.status.as_u16(),
            headers: head.headers,
            body: String::from_utf8_lossy(&bytes).into_owned(),
        }
    }

    /// GETs as a bearer.
    pub(crate) async fn get(&self, who: &str, path: &str) -> Answer {
        let request = Request::get(path).header("authorization", format!("Bearer {who}"));
        self.send(request, "").await
    }

    /// POSTs JSON as a bearer.
    pub(crate) async fn post(&self, who: &str, path: &str, body: &str) -> Answer {
        let request = Request::post(path)
            .header("authorization", format!("Bearer {who}"))
            .header("content-type", "application/json");
        self.send(request, body).await
    }

    /// A browser in which somebody is signed in: the cookie header and the CSRF token.
    pub(crate) fn browser(&self, login: Authenticated) -> (String, String) {
        let id = self.shared.web.start(login).unwrap();
        let csrf = self.shared.web.find(id.expose()).unwrap().csrf;
        let cookie = format!("__Host-portcullis={}", id.expose());
        (cookie, csrf.expose().clone())
    }

    /// Stores a request for approval.
    pub(crate) async fn ask(&self, change: impl FnOnce(&mut ApprovalRequest)) -> ApprovalRequest {
        let request = request(change);
        let made = self.store.ask(request.clone(), 100).await.unwrap();
        assert_eq!(made, gate::ports::Asked::Made(request.id));
        request
    }
}

/// A request by an agent for Ada, to be approved by a DBA.
pub(crate) fn request(change: impl FnOnce(&mut ApprovalRequest)) -> ApprovalRequest {
    let now = SystemTime::now();
    let statement = "DELETE FROM orders WHERE id = $1".to_owned();
    let id = ApprovalId::generate();
    let mut binding = [7; 32];
    binding[..16].copy_from_slice(id.as_bytes());
    let mut request = ApprovalRequest {
        id,
        binding: Binding(binding),
        session: SessionId::generate(),
        requester: agent().principal,
        resource: ResourceName::new("orders-prod").unwrap(),
        database: "shop".into(),
        statement_redacted: statement.clone(),
        statement,
        parameters: vec![Some("42".into()), None],
        named: Vec::new(),
        effects: vec!["delete public.orders".into()],
        reach: model::Reach::default(),
        reasons: vec!["writes: deletes are approved by a DBA".into()],
        rules: vec![policy::ApprovalRule::Group {
            group: "dba".into(),
            count: 1,
        }],
        created: now,
        expires: now + Duration::from_secs(600),
    };
    change(&mut request);
    request
}

/// An agent that acts for Ada.
pub(crate) fn agent() -> Authenticated {
    let mut agent = login("bot", &["dba", "admins", "auditors"]);
    agent.principal.kind = PrincipalKind::Agent;
    agent.principal.email = None;
    agent.principal.acts_for = Some(Box::new(login("ada", &[]).principal));
    agent
}

/// What came back.
pub(crate) struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: String,
}

impl Answer {
    /// A header's text.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |v| v.to_str().unwrap())
    }

    /// The value of a cookie that was set.
    pub(crate) fn cookie(&self, name: &str) -> Option<String> {
        let all = self.headers.get_all("set-cookie").iter();
        let mut found = all.filter_map(|v| {
            let (key, rest) = v.to_str().ok()?.split_once('=')?;
            (key == name).then(|| rest.to_owned())
        });
        found.next()
    }
}

/// A ledger of one entry, which is a secret to most.
struct Shelf;

impl crate::parts::LedgerFiles for Shelf {
    fn checkpoint(&self) -> Option<String> {
        Some("gate.example/log\n1\nroot\n\n— signature\n".into())
    }

    fn key(&self) -> String {
        "gate.example/log+00000000+AQ==".into()
    }

    fn tile(&self, tile: &ledger::tlog::tile::Tile) -> Option<Vec<u8>> {
        (tile.width == 1).then(|| tile.to_string().into_bytes())
    }
}

/// A real archive beside the journal of the tests, which is in memory.
fn archive(journal_dir: &std::path::Path) -> Arc<store::JournalStore> {
    let options = store::JournalOptions {
        limits: Limits::standard(),
        strict: false,
        ledger: None,
        masters: Some(Arc::new(Master)),
        encrypt: true,
    };
    let dir = journal_dir.with_file_name("archive");
    store::JournalStore::open(&dir, options).unwrap()
}

#[derive(Debug)]
struct Master;

impl gate::ports::MasterKeys for Master {
    fn fetch(&self) -> Result<Vec<ledger::keys::MasterKey>, gate::ports::PortError> {
        Ok(vec![ledger::keys::MasterKey::generate().unwrap()])
    }
}

fn parts(bench: &Bench, store: &Arc<Store>, journal_dir: PathBuf) -> ApiParts {
    let mut people = People::default();
    let mut key_holder = login("keyed", &["dba", "admins", "auditors"]);
    key_holder.credential = "key:1".into();
    for (token, login) in [
        ("ada", login("ada", &[])),
        ("dana", login("dana", &["dba"])),
        ("root", login("root", &["admins"])),
        ("vera", login("vera", &["auditors", "readers"])),
        ("bot", agent()),
        ("keyed", key_holder),
    ] {
        people.0.insert(token.to_owned(), login);
    }
    ApiParts {
        gate: Arc::clone(&bench.gate),
        desk: Arc::clone(store) as Arc<dyn ApprovalDesk>,
        keys: Arc::clone(store) as Arc<dyn KeyRing>,
        identities: Arc::new(people),
        sign_in: Some(Arc::new(Provider)),
        rules: Arc::clone(&bench.rules),
        archive: archive(&journal_dir),
        finder: Arc::new(Scan {
            folder: ledger::journal::Folder::without_keys(&journal_dir),
            time_max: Duration::from_secs(10),
        }),
        recordings: ledger::journal::Folder::without_keys(journal_dir),
        ledger: Some(Arc::new(Shelf)),
        journal: Arc::clone(&bench.journal) as Arc<dyn Journal>,
        resources: vec![Target {
            resource: gate::testing::resource(),
            databases: vec!["shop".into()],
        }],
        discovery: contract::Discovery {
            version: contract::VERSION,
            gateway: "0.1.0".into(),
            public_url: "https://gate.example".into(),
            issuer: Some("https://idp.example".into()),
            client_id: Some("portcullis".into()),
            scopes: vec!["openid".into()],
            postgres: None,
        },
        metrics: Arc::new(|| "portcullis_sessions 0\n".to_owned()),
        metrics_access: MetricsAccess::Loopback,
        health: Arc::new(|| Ok(())),
    }
}
