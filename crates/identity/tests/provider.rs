//! Against a real OpenID provider (node oidc-provider): its own tokens, its forgeries, code flow, device flow, rotation.
//!
//! Needs node and `npm ci --ignore-scripts` in `testing/oidc`, which `scripts/setup.sh test` does.
#![allow(clippy::unwrap_used)]

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use identity::rp::{Poll, Provider, SignIn};
use identity::{Error, IssuerConfig, Issuers, KindRule};
use model::{PrincipalKind, Secret};
use serde_json::{Value, json};

struct Real {
    child: Child,
    url: String,
    web: reqwest::Client,
}

impl Real {
    fn start() -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testing/oidc");
        let mut child = Command::new("node")
            .arg("provider.mjs")
            .current_dir(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        while !line.trim_end().ends_with('}') {
            line.clear();
            assert_ne!(
                output.read_line(&mut line).unwrap(),
                0,
                "the provider did not start"
            );
        }
        let started: Value = serde_json::from_str(&line).unwrap();
        let web = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .unwrap();
        let url = started["issuer"].as_str().unwrap().to_owned();
        Self { child, url, web }
    }

    fn config(&self) -> IssuerConfig {
        IssuerConfig {
            allow_http_loopback: true,
            client_id: Some("portcullis".to_owned()),
            scopes: ["openid", "email", "profile", "groups"]
                .map(str::to_owned)
                .to_vec(),
            refetch_min: Duration::from_millis(50),
            kinds: vec![KindRule {
                claim: "actor_type".to_owned(),
                value: "agent".to_owned(),
                kind: PrincipalKind::Agent,
            }],
            ..IssuerConfig::new(&self.url, "portcullis")
        }
    }

    async fn ask(&self, path: &str) -> Value {
        let answer = self
            .web
            .get(format!("{}{path}", self.url))
            .send()
            .await
            .unwrap();
        answer.json().await.unwrap()
    }

    async fn tell(&self, path: &str, body: &Value) -> Value {
        let request = self.web.post(format!("{}{path}", self.url)).json(body);
        request.send().await.unwrap().json().await.unwrap()
    }

    async fn id_token(&self, account: &str) -> Secret<String> {
        let tokens = self.ask(&format!("/test/login?account={account}")).await;
        Secret::new(tokens["id_token"].as_str().unwrap().to_owned())
    }

    /// Walks the sign-in as a browser would, up to the redirect back to us: code and state.
    async fn browse(&self, start: &str) -> (Secret<String>, String) {
        let mut cookies = std::collections::BTreeMap::new();
        let mut url = reqwest::Url::parse(start).unwrap();
        for _ in 0..12 {
            let jar: Vec<_> = cookies
                .iter()
                .map(|(name, value)| format!("{name}={value}"))
                .collect();
            let request = self.web.get(url.clone()).header("cookie", jar.join("; "));
            let answer = request.send().await.unwrap();
            for cookie in answer.headers().get_all("set-cookie") {
                let pair = cookie.to_str().unwrap().split(';').next().unwrap();
                let (name, value) = pair.split_once('=').unwrap();
                cookies.insert(name.to_owned(), value.to_owned());
            }
            let next = answer.headers().get("location").unwrap().to_str().unwrap();
            url = url.join(next).unwrap();
            if !url.as_str().starts_with(&self.url) {
                let found = |wanted: &str| {
                    let pair = url.query_pairs().find(|(name, _)| name == wanted);
                    pair.unwrap().1.into_owned()
                };
                return (Secret::new(found("code")), found("state"));
            }
        }
        panic!("too many redirects");
    }
}

impl Drop for Real {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

#[tokio::test]
async fn its_tokens_are_taken_and_its_forgeries_refused() {
    let real = Real::start();
    let issuers = Issuers::new(vec![real.config()]).unwrap();
    let dora = issuers
        .verify(&real.id_token("dora").await)
        .await
        .unwrap()
        .principal;
    assert_eq!(dora.kind, PrincipalKind::Human);
    assert!(dora.email.is_some_and(|email| email.starts_with("dora@")));
    assert_eq!(dora.groups, ["dba"]);
    let agent = issuers
        .verify(&real.id_token("agent").await)
        .await
        .unwrap()
        .principal;
    assert_eq!(agent.kind, PrincipalKind::Agent);

    let kinds = real.ask("/test/forgeries").await;
    let kinds: Vec<String> = serde_json::from_value(kinds).unwrap();
    assert!(kinds.len() > 20);
    for kind in kinds {
        let answer = real.tell("/test/forge", &json!({"kind": kind})).await;
        let token = Secret::new(answer["token"].as_str().unwrap().to_owned());
        let taken = issuers.verify(&token).await;
        match kind.as_str() {
            "valid" => assert!(taken.is_ok(), "{taken:?}"),
            _ => assert!(matches!(taken, Err(Error::Refused(_))), "{kind}: {taken:?}"),
        }
    }
}

#[tokio::test]
async fn sign_in_with_code_and_pkce() {
    let real = Real::start();
    let issuers = Issuers::new(vec![real.config()]).unwrap();
    let provider = Provider::discover(&issuers, &real.url).await.unwrap();
    let sign_in = SignIn::start("http://127.0.0.1/auth/callback").unwrap();
    let (code, state) = real
        .browse(&provider.authorize_url(&sign_in).unwrap())
        .await;
    assert!(sign_in.is_state(&state));
    assert!(!sign_in.is_state(""));
    let tokens = provider.exchange(&sign_in, &code).await.unwrap();
    let nonce = Some(sign_in.nonce.as_str());
    let alice = provider
        .verify_id_token(&issuers, &tokens, nonce)
        .await
        .unwrap();
    assert_eq!(alice.principal.subject, "alice");
    let other = provider
        .verify_id_token(&issuers, &tokens, Some("other"))
        .await;
    assert!(matches!(other, Err(Error::Refused(_))));
    let again = provider.exchange(&sign_in, &code).await;
    assert!(
        matches!(again, Err(Error::Refused(_))),
        "a code is good once"
    );

    let stolen = SignIn::start("http://127.0.0.1/auth/callback").unwrap();
    let (code, _) = real.browse(&provider.authorize_url(&stolen).unwrap()).await;
    let thief = SignIn::start("http://127.0.0.1/auth/callback").unwrap();
    assert!(
        provider.exchange(&thief, &code).await.is_err(),
        "without the verifier"
    );
}

#[tokio::test]
async fn sign_in_on_another_device() {
    let real = Real::start();
    let issuers = Issuers::new(vec![real.config()]).unwrap();
    let provider = Provider::discover(&issuers, &real.url).await.unwrap();
    let mut device = provider.device_start().await.unwrap();
    assert!(device.verification_uri.starts_with(&real.url));
    assert!(matches!(
        provider.device_poll(&mut device).await.unwrap(),
        Poll::Pending
    ));
    let path = format!("/test/device?user_code={}&account=dan", device.user_code);
    let answered = real.ask(&path).await;
    assert_eq!(answered["done"], json!(true), "{answered}");
    let deadline = Instant::now() + Duration::from_secs(10);
    let tokens = loop {
        match provider.device_poll(&mut device).await.unwrap() {
            Poll::Done(tokens) => break tokens,
            Poll::Pending => assert!(Instant::now() < deadline),
            ended => panic!("{ended:?}"),
        }
    };
    let dan = provider
        .verify_id_token(&issuers, &tokens, None)
        .await
        .unwrap();
    assert_eq!(dan.principal.subject, "dan");
}

#[tokio::test]
async fn a_rotation_is_followed() {
    let real = Real::start();
    let issuers = Issuers::new(vec![real.config()]).unwrap();
    let before = real.id_token("alice").await;
    assert!(issuers.verify(&before).await.is_ok());
    real.tell("/test/rotate", &json!({})).await;
    let after = real.id_token("alice").await;
    let deadline = Instant::now() + Duration::from_secs(10);
    while issuers.verify(&after).await.is_err() {
        assert!(Instant::now() < deadline);
    }
    let refused = issuers.verify(&before).await;
    assert!(matches!(refused, Err(Error::Refused(_))), "{refused:?}");
}
