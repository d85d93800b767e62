//! Logins with all kinds of credentials, and the principals that come out of them.
#![allow(clippy::unwrap_used)]

mod bench;

use std::sync::Arc;
use std::time::Duration;

use bench::{Issuer, Named};
use gate::desk::KeyRing;
use gate::ports::{Credential, Identities, LoginError};
use identity::{Authenticator, IssuerConfig, Issuers, KindRule};
use model::{Principal, PrincipalKind, ResourceName, Secret};
use serde_json::{Value, json};
use store::Store;

struct Scene {
    _folder: tempfile::TempDir,
    key: Named,
    issuer: Issuer,
    store: Arc<Store>,
    authenticator: Arc<Authenticator>,
}

impl Scene {
    async fn new(change: impl FnOnce(&mut IssuerConfig)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("store.db")).unwrap();
        let key = Named::ec("k1");
        let issuer = Issuer::start(&[&key]).await;
        let mut config = issuer.config();
        change(&mut config);
        let issuers = Arc::new(Issuers::new(vec![config]).unwrap());
        let ring: Arc<dyn KeyRing> = Arc::<Store>::clone(&store);
        let authenticator = Authenticator::new(issuers, ring);
        Self {
            _folder: folder,
            key,
            issuer,
            store,
            authenticator,
        }
    }

    fn token(&self, change: Value) -> Secret<String> {
        self.key
            .sign(&self.key.header(), &self.issuer.claims(change))
    }

    async fn principal(&self, change: Value) -> Principal {
        let token = self.token(change);
        self.authenticator.bearer(&token).await.unwrap().principal
    }

    async fn log_in(&self, login: &str, secret: &Secret<String>) -> bool {
        let password = Credential::Password(secret.clone());
        let bearer = Credential::Bearer(secret.clone());
        let one = self.authenticator.authenticate(login, &password).await;
        let other = self.authenticator.authenticate(login, &bearer).await;
        assert_eq!(one.is_ok(), other.is_ok());
        one.is_ok()
    }
}

fn rule(claim: &str, value: &str, kind: PrincipalKind) -> KindRule {
    KindRule {
        claim: claim.to_owned(),
        value: value.to_owned(),
        kind,
    }
}

#[tokio::test]
async fn a_person() {
    let scene = Scene::new(|_| {}).await;
    let ana = scene.principal(json!({"groups": ["b", "a,c", "b"]})).await;
    assert_eq!((ana.subject.as_str(), ana.name.as_str()), ("u-1", "ana"));
    assert_eq!(ana.email.as_deref(), Some("ana@example.com"));
    assert_eq!(ana.kind, PrincipalKind::Human);
    assert_eq!(ana.groups, ["a,c", "b"]);
    assert_eq!(ana.issuer, scene.issuer.url);
    for unverified in [json!(null), json!(false), json!("false"), json!(1)] {
        let claims = json!({"email_verified": unverified});
        assert_eq!(scene.principal(claims).await.email, None);
    }
}

#[tokio::test]
async fn an_actor_is_an_agent_for_the_person() {
    let scene = Scene::new(|config| config.agent_groups = vec!["agents".to_owned()]).await;
    let act = json!({"act": {"sub": "bot-7", "name": "claude", "act": {"sub": "earlier"}}});
    let bot = scene.principal(act).await;
    assert_eq!(bot.kind, PrincipalKind::Agent);
    assert_eq!(
        (bot.subject.as_str(), bot.name.as_str()),
        ("bot-7", "claude")
    );
    assert_eq!(
        (bot.groups.as_slice(), bot.email),
        (&["agents".to_owned()][..], None)
    );
    let human = bot.acts_for.unwrap();
    assert_eq!(human.kind, PrincipalKind::Human);
    assert_eq!((human.subject.as_str(), human.groups.len()), ("u-1", 2));
    assert_eq!(human.acts_for, None);
}

#[tokio::test]
async fn kinds_by_rule_and_by_what_the_token_is() {
    let scene = Scene::new(|config| {
        config.kinds = vec![
            rule("azp", "mcp-*", Agent),
            rule("roles.kind", "robot", Agent),
            rule("sub", "ci-main", Workload),
        ];
    })
    .await;
    let check = async |change: Value, kind, acts_for: Option<&str>| {
        let found = scene.principal(change.clone()).await;
        let behind = found.acts_for.as_ref().map(|human| human.subject.as_str());
        assert_eq!((found.kind, behind), (kind, acts_for), "{change}");
    };
    use PrincipalKind::{Agent, Human, Workload};
    check(json!({}), Human, None).await;
    check(json!({"azp": "psql"}), Human, None).await;
    check(json!({"azp": "mcp-desktop"}), Agent, Some("u-1")).await;
    check(json!({"azp": "mcp-x", "sub": "mcp-x"}), Agent, None).await;
    check(json!({"roles": {"kind": "robot"}}), Agent, None).await;
    check(json!({"sub": "ci-main"}), Workload, None).await;
    check(json!({"sub": "ci-main-2"}), Human, None).await;
    check(json!({"sub": "svc", "azp": "svc"}), Workload, None).await;
    check(json!({"sub": "svc", "client_id": "svc"}), Workload, None).await;
    check(json!({"gty": "client-credentials"}), Workload, None).await;
    check(json!({"idtyp": "app"}), Workload, None).await;
    check(
        json!({"preferred_username": "service-account-ci"}),
        Workload,
        None,
    )
    .await;
}

#[tokio::test]
async fn login_names() {
    let scene = Scene::new(|_| {}).await;
    let token = scene.token(json!({}));
    for (login, expect) in [
        ("ana", true),
        ("ana@example.com", true),
        ("u-1", true),
        ("token", true),
        ("Ana", false),
        ("postgres", false),
        ("", false),
        ("dba", false),
    ] {
        assert_eq!(scene.log_in(login, &token).await, expect, "{login}");
    }
    let agent = scene.token(json!({"act": {"sub": "bot"}}));
    assert!(scene.log_in("bot", &agent).await);
    assert!(!scene.log_in("ana", &agent).await);
}

#[tokio::test]
async fn keys_and_session_tokens() {
    let scene = Scene::new(|_| {}).await;
    let ana = scene.principal(json!({})).await;
    let orders = ResourceName::new("orders-prod");
    let hour = Duration::from_secs(3600);
    let (view, secret) = scene
        .store
        .issue_key(&ana, "ci", "oidc:i:1", orders.as_ref(), hour)
        .await
        .unwrap();
    let login = scene.authenticator.bearer(&secret).await.unwrap();
    assert_eq!((&login.principal, &login.credential), (&ana, &view.id));
    assert_eq!(login.resource, orders);
    assert!(!format!("{login:?}").contains(secret.expose().as_str()));
    assert!(scene.log_in("ana", &secret).await);
    assert!(!scene.log_in("ben", &secret).await);
    assert!(scene.store.revoke(&view.id).await.unwrap());
    assert!(!scene.log_in("ana", &secret).await);
    for text in [
        "",
        "password",
        "pck_",
        "pct_x_y",
        "eyJ.eyJ",
        "eyJ..",
        "eyJhIjoxfQ.e30.x",
    ] {
        let refused = scene
            .authenticator
            .bearer(&Secret::new(text.to_owned()))
            .await;
        assert!(matches!(refused, Err(LoginError::Refused { .. })), "{text}");
    }
}

#[tokio::test]
async fn who_is_barred_stays_out_with_every_credential() {
    let scene = Scene::new(|_| {}).await;
    let ana = scene.principal(json!({})).await;
    let bot = scene.principal(json!({"act": {"sub": "bot"}})).await;
    let hour = Duration::from_secs(3600);
    let (_, key) = scene
        .store
        .mint_token(&bot, "oidc:i:1", None, hour)
        .await
        .unwrap();
    let (token, agent) = (
        scene.token(json!({})),
        scene.token(json!({"act": {"sub": "bot"}})),
    );
    let each = async || {
        let mut good = Vec::new();
        for secret in [&key, &token, &agent] {
            good.push(scene.authenticator.bearer(secret).await.is_ok());
        }
        good
    };
    assert_eq!(each().await, [true, true, true]);
    scene.store.bar("oidc:i:1", true).await.unwrap();
    assert_eq!(
        each().await,
        [false, true, true],
        "what a barred token made"
    );
    scene.store.bar("oidc:i:1", false).await.unwrap();
    scene.store.bar(&bot.key(), true).await.unwrap();
    assert_eq!(each().await, [false, true, false]);
    scene.store.bar(&bot.key(), false).await.unwrap();
    scene.store.bar(&ana.key(), true).await.unwrap();
    assert_eq!(each().await, [false, false, false]);
}

#[tokio::test]
async fn one_token_can_be_revoked_by_its_id() {
    let scene = Scene::new(|config| config.end_with_token = true).await;
    let (one, other) = (
        scene.token(json!({"jti": "t1"})),
        scene.token(json!({"jti": "t2"})),
    );
    let login = scene.authenticator.bearer(&one).await.unwrap();
    assert_eq!(login.credential, format!("oidc:{}:t1", scene.issuer.url));
    assert!(login.end_with_token.is_some());
    assert!(scene.authenticator.bearer(&one).await.is_ok());
    scene.store.bar(&login.credential, true).await.unwrap();
    assert!(scene.authenticator.bearer(&one).await.is_err());
    assert!(scene.authenticator.bearer(&other).await.is_ok());
}

#[tokio::test]
async fn the_hint_names_the_first_issuer() {
    let scene = Scene::new(|_| {}).await;
    let (url, scope) = scene.authenticator.oauth_hint().unwrap();
    let expect = format!("{}/.well-known/openid-configuration", scene.issuer.url);
    assert_eq!((url, scope.as_str()), (expect, "openid profile email"));
}
