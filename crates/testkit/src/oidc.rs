//! A real OpenID provider (`testing/oidc/provider.mjs`), with people who sign in by themselves.

use std::ffi::OsString;
use std::net::TcpListener;
use std::time::Duration;

use serde_json::{Value, json};

use crate::files::{Scratch, repository};
use crate::http::{http_get, http_post};
use crate::leash::{Leash, Run, touch};
use crate::wait::eventually;

/// A running provider; gone when dropped.
#[derive(Debug)]
pub struct Oidc {
    issuer: String,
    leash: Option<Leash>,
    port: u16,
    scratch: Scratch,
}

impl Oidc {
    /// Starts a provider on a free port.
    ///
    /// # Panics
    /// When node or its packages are missing (`scripts/setup.sh test`), or it does not start within 30 s.
    pub fn start() -> Self {
        let port = free_port();
        let mut oidc = Self {
            issuer: String::new(),
            leash: None,
            port,
            scratch: Scratch::new(),
        };
        oidc.resume();
        oidc
    }

    /// Starts it again on its port, with new keys, after [`Oidc::stop`].
    ///
    /// # Panics
    /// As [`Oidc::start`].
    pub fn resume(&mut self) {
        let log = self.scratch.path().join("provider.log");
        touch(&log);
        let script = repository("testing/oidc/provider.mjs");
        let command: Vec<OsString> = vec![
            "node".into(),
            script.into(),
            "--port".into(),
            self.port.to_string().into(),
            "--detached".into(),
        ];
        let run = Run {
            command,
            environment: Vec::new(),
            folder: None,
            signal: "TERM",
            log,
            as_nobody: false,
        };
        let leash = Leash::start(run);
        self.issuer = eventually("the OpenID provider", Duration::from_secs(30), || {
            assert!(
                leash.is_running(),
                "the OpenID provider ended: {}",
                leash.log()
            );
            let line = leash
                .log()
                .lines()
                .find(|line| line.starts_with("{\"issuer\""))?
                .to_owned();
            let said: Value = serde_json::from_str(&line).ok()?;
            said["issuer"].as_str().map(str::to_owned)
        });
        self.leash = Some(leash);
    }

    /// Takes it off the air.
    pub fn stop(&mut self) {
        self.leash = None;
    }

    /// The issuer's URL.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// Signs `account` in with the code flow and PKCE, and answers the ID token.
    ///
    /// # Panics
    /// When the provider refuses.
    pub fn login(&self, account: &str) -> String {
        let answer = http_get(&format!("{}/test/login?account={account}", self.issuer)).json();
        token(&answer, "id_token")
    }

    /// Answers a device flow's question as `account`.
    ///
    /// # Panics
    /// When the provider does not take the code.
    pub fn answer_device(&self, user_code: &str, account: &str) {
        let url = format!(
            "{}/test/device?user_code={user_code}&account={account}",
            self.issuer
        );
        let answer = http_get(&url).json();
        assert_eq!(
            answer["done"],
            Value::Bool(true),
            "the device flow: {answer}"
        );
    }

    /// A token with the provider's signature over `account`'s claims with `claims` laid on top.
    ///
    /// # Panics
    /// When the provider does not answer.
    pub fn sign(&self, account: &str, claims: &Value) -> String {
        let asked = json!({ "account": account, "claims": claims });
        token(
            &http_post(&format!("{}/test/sign", self.issuer), &asked).json(),
            "token",
        )
    }

    /// A token that acts for `human` in the hands of `agent` (RFC 8693 `act`).
    pub fn sign_for_agent(&self, human: &str, agent: &str) -> String {
        let actor = json!({ "sub": agent, "name": agent, "groups": ["agents"] });
        self.sign(human, &json!({ "act": actor }))
    }

    /// A token made wrong in the way that `kind` names; see `FORGERIES` in the provider.
    ///
    /// # Panics
    /// When there is no such kind.
    pub fn forge(&self, account: &str, kind: &str) -> String {
        let asked = json!({ "account": account, "kind": kind });
        token(
            &http_post(&format!("{}/test/forge", self.issuer), &asked).json(),
            "token",
        )
    }

    /// The names of all forgeries.
    ///
    /// # Panics
    /// When the provider does not answer.
    pub fn forgeries(&self) -> Vec<String> {
        let answer = http_get(&format!("{}/test/forgeries", self.issuer)).json();
        let names = answer.as_array().expect("a list of forgeries");
        names
            .iter()
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect()
    }

    /// Replaces the signing key; tokens of the old one are no longer vouched for.
    ///
    /// # Panics
    /// When the provider does not answer.
    pub fn rotate(&self) {
        let answer = http_post(&format!("{}/test/rotate", self.issuer), &json!({})).json();
        assert!(answer["kid"].is_string(), "rotation: {answer}");
    }

    /// How often the key set was fetched since the last rotation.
    ///
    /// # Panics
    /// When the provider does not answer.
    pub fn key_fetches(&self) -> u64 {
        http_get(&format!("{}/test/fetches", self.issuer)).json()["jwks"]
            .as_u64()
            .expect("a count")
    }
}

fn token(answer: &Value, name: &str) -> String {
    answer[name]
        .as_str()
        .unwrap_or_else(|| panic!("the provider answered {answer}"))
        .to_owned()
}

/// A port that nobody listens on at this moment.
///
/// # Panics
/// When the system has none.
pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
    listener.local_addr().expect("its number").port()
}
