//! An issuer for tests: real keys, a discovery document and a key set over HTTP on loopback, and a count of fetches.
#![allow(clippy::unwrap_used, dead_code, unreachable_pub)]

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair as RsaKeyPair, KeySize};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256,
    RSA_PSS_SHA256,
};
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use identity::IssuerConfig;
use model::Secret;
use serde_json::{Map, Value, json};

pub enum SigningKey {
    Rsa(RsaKeyPair),
    Ec(EcdsaKeyPair),
    Ed(Ed25519KeyPair),
}

pub struct Named {
    pub kid: String,
    pub key: SigningKey,
}

impl Named {
    pub fn rsa(kid: &str) -> Self {
        Self::new(
            kid,
            SigningKey::Rsa(RsaKeyPair::generate(KeySize::Rsa2048).unwrap()),
        )
    }

    pub fn ec(kid: &str) -> Self {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
        Self::new(kid, SigningKey::Ec(pair))
    }

    pub fn ed(kid: &str) -> Self {
        Self::new(kid, SigningKey::Ed(Ed25519KeyPair::generate().unwrap()))
    }

    fn new(kid: &str, key: SigningKey) -> Self {
        let kid = kid.to_owned();
        Self { kid, key }
    }

    pub fn jwk(&self) -> Value {
        let mut jwk = match &self.key {
            SigningKey::Rsa(pair) => {
                let public = pair.public_key();
                let n = public.modulus().big_endian_without_leading_zero().to_vec();
                let e = public.exponent().big_endian_without_leading_zero().to_vec();
                json!({"kty": "RSA", "n": encode(&n), "e": encode(&e)})
            }
            SigningKey::Ec(pair) => {
                let point = pair.public_key().as_ref();
                let (x, y) = point[1..].split_at(32);
                json!({"kty": "EC", "crv": "P-256", "x": encode(x), "y": encode(y)})
            }
            SigningKey::Ed(pair) => {
                json!({"kty": "OKP", "crv": "Ed25519", "x": encode(pair.public_key().as_ref())})
            }
        };
        jwk["kid"] = json!(self.kid);
        jwk["use"] = json!("sig");
        jwk
    }

    pub fn algorithm(&self) -> &'static str {
        match self.key {
            SigningKey::Rsa(_) => "RS256",
            SigningKey::Ec(_) => "ES256",
            SigningKey::Ed(_) => "EdDSA",
        }
    }

    pub fn header(&self) -> Value {
        json!({"alg": self.algorithm(), "kid": self.kid, "typ": "JWT"})
    }

    /// Signs header and claims as they are written, doubled members and all.
    pub fn sign_text(&self, header: &str, claims: &str) -> Secret<String> {
        let message = format!(
            "{}.{}",
            encode(header.as_bytes()),
            encode(claims.as_bytes())
        );
        let random = SystemRandom::new();
        let signature = match &self.key {
            SigningKey::Rsa(pair) => {
                let padding: &dyn aws_lc_rs::signature::RsaEncoding = if header.contains("PS256") {
                    &RSA_PSS_SHA256
                } else {
                    &RSA_PKCS1_SHA256
                };
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(padding, &random, message.as_bytes(), &mut signature)
                    .unwrap();
                signature
            }
            SigningKey::Ec(pair) => pair
                .sign(&random, message.as_bytes())
                .unwrap()
                .as_ref()
                .to_vec(),
            SigningKey::Ed(pair) => pair.sign(message.as_bytes()).as_ref().to_vec(),
        };
        Secret::new(format!("{message}.{}", encode(&signature)))
    }

    pub fn sign(&self, header: &Value, claims: &Value) -> Secret<String> {
        self.sign_text(&header.to_string(), &claims.to_string())
    }
}

pub fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

pub fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    i64::try_from(since.as_secs()).unwrap()
}

#[derive(Default)]
struct Served {
    keys: Mutex<Vec<Value>>,
    issuer: Mutex<String>,
    fetches: AtomicUsize,
    down: AtomicBool,
    huge: AtomicBool,
}

/// The issuer's server; it ends with the runtime of the test.
pub struct Issuer {
    served: Arc<Served>,
    pub url: String,
}

impl Issuer {
    pub async fn start(keys: &[&Named]) -> Self {
        let served = Arc::new(Served::default());
        let app = Router::new()
            .route("/.well-known/openid-configuration", get(discovery))
            .route("/jwks", get(jwks))
            .route(
                "/moved",
                get(async || (StatusCode::FOUND, [("location", "/jwks")])),
            )
            .with_state(Arc::clone(&served));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        *served.issuer.lock().unwrap() = url.clone();
        tokio::spawn(async move { axum::serve(listener, app).await });
        let issuer = Self { served, url };
        issuer.publish(keys);
        issuer
    }

    pub fn publish(&self, keys: &[&Named]) {
        self.publish_raw(keys.iter().map(|key| key.jwk()).collect());
    }

    pub fn publish_raw(&self, keys: Vec<Value>) {
        *self.served.keys.lock().unwrap() = keys;
    }

    pub fn call_itself(&self, name: &str) {
        *self.served.issuer.lock().unwrap() = name.to_owned();
    }

    pub fn go_down(&self) {
        self.served.down.store(true, Ordering::SeqCst);
    }

    pub fn be_huge(&self) {
        self.served.huge.store(true, Ordering::SeqCst);
    }

    pub fn fetches(&self) -> usize {
        self.served.fetches.load(Ordering::SeqCst)
    }

    pub fn config(&self) -> IssuerConfig {
        IssuerConfig {
            allow_http_loopback: true,
            ..IssuerConfig::new(&self.url, "portcullis")
        }
    }

    /// Claims of a good token, changed: a member of null is taken out.
    pub fn claims(&self, change: Value) -> Value {
        let good = json!({
            "iss": self.url, "aud": "portcullis", "sub": "u-1", "exp": now() + 600, "iat": now(),
            "preferred_username": "ana", "email": "ana@example.com", "email_verified": true,
            "groups": ["eng", "dba"],
        });
        Value::Object(merged(good, change))
    }
}

pub fn merged(base: Value, change: Value) -> Map<String, Value> {
    let mut members = base.as_object().unwrap().clone();
    for (name, value) in change.as_object().unwrap() {
        if value.is_null() {
            members.remove(name);
        } else {
            members.insert(name.clone(), value.clone());
        }
    }
    members
}

async fn discovery(State(served): State<Arc<Served>>) -> (StatusCode, Json<Value>) {
    if served.down.load(Ordering::SeqCst) {
        return (StatusCode::SERVICE_UNAVAILABLE, Json(json!({})));
    }
    let issuer = served.issuer.lock().unwrap().clone();
    let document = json!({"issuer": issuer, "jwks_uri": format!("{issuer}/jwks")});
    (StatusCode::OK, Json(document))
}

async fn jwks(State(served): State<Arc<Served>>) -> (StatusCode, Json<Value>) {
    served.fetches.fetch_add(1, Ordering::SeqCst);
    if served.down.load(Ordering::SeqCst) {
        return (StatusCode::SERVICE_UNAVAILABLE, Json(json!({})));
    }
    let mut set = json!({"keys": served.keys.lock().unwrap().clone()});
    if served.huge.load(Ordering::SeqCst) {
        set["filler"] = json!("x".repeat(2 << 20));
    }
    (StatusCode::OK, Json(set))
}
