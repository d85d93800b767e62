//! The demo's identity provider: a small OpenID Connect issuer on loopback, without passwords.
//!
//! Whoever reaches it signs in as anybody it knows. That is why it is part of the demo alone: `serve` has no way to
//! start it, and it refuses to listen anywhere but on loopback.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result};
use axum::extract::{Form, Query, State};
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::people::{PEOPLE, Person, find};

/// The audience and client id of the demo.
pub(crate) const CLIENT_ID: &str = "portcullis";

const KEY_ID: &str = "demo-1";
/// Tokens outlive an afternoon of trying things out.
const TOKEN_LIFE: Duration = Duration::from_secs(12 * 3600);
/// Codes wait for a person's click.
const CODE_LIFE: Duration = Duration::from_secs(600);
/// Unused codes kept at once; more are refused.
const CODES_MAX: usize = 1_000;

/// The issuer, ready to be served.
pub(crate) struct Issuer {
    url: String,
    key: EncodingKey,
    x: String,
    y: String,
    codes: Mutex<HashMap<String, Code>>,
}

struct Code {
    born: Instant,
    login: Option<&'static Person>,
    challenge: Option<String>,
    nonce: Option<String>,
    redirect: Option<String>,
    user_code: Option<String>,
}

impl Issuer {
    /// Makes an issuer with a fresh key that calls itself `url`.
    pub(crate) fn new(url: String) -> Result<Arc<Self>> {
        let pair = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256)?;
        let key = EncodingKey::from_ec_pem(pair.serialize_pem().as_bytes())?;
        // SEC 1 §2.3.3: an uncompressed point is 0x04, then x and y of 32 bytes each.
        let point = pair.public_key_raw();
        let (x, y) = point
            .get(1..)
            .and_then(|xy| xy.split_at_checked(32))
            .context("a P-256 point")?;
        let (x, y) = (
            BASE64_URL_SAFE_NO_PAD.encode(x),
            BASE64_URL_SAFE_NO_PAD.encode(y),
        );
        Ok(Arc::new(Self {
            url,
            key,
            x,
            y,
            codes: Mutex::default(),
        }))
    }

    /// Its routes.
    pub(crate) fn router(self: &Arc<Self>) -> Router {
        Router::new()
            .route("/.well-known/openid-configuration", get(discovery))
            .route("/jwks", get(keys))
            .route("/authorize", get(authorize).post(authorize_as))
            .route("/device_authorization", post(device_authorization))
            .route("/device", get(device).post(device_as))
            .route("/token", post(token))
            .with_state(Arc::clone(self))
    }

    /// A token for one person.
    pub(crate) fn token_for(&self, person: &Person, nonce: Option<&str>) -> Result<String> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
        let human = person.acts_for.and_then(find).unwrap_or(person);
        let mut claims = json!({
            "iss": self.url, "aud": CLIENT_ID, "iat": now, "nbf": now,
            "exp": now + TOKEN_LIFE.as_secs(), "jti": random()?,
            "sub": human.login, "email": human.email, "email_verified": true, "name": human.login,
            "groups": human.groups,
        });
        if person.acts_for.is_some() {
            claims["act"] = json!({
                "sub": person.login, "email": person.email, "name": person.login, "groups": person.groups,
            });
        }
        if let Some(nonce) = nonce {
            claims["nonce"] = json!(nonce);
        }
        let mut header = Header::new(Algorithm::ES256);
        header.kid = Some(KEY_ID.to_owned());
        Ok(jsonwebtoken::encode(&header, &claims, &self.key)?)
    }

    fn keep(&self, code: Code) -> Option<String> {
        let name = random().ok()?;
        let mut codes = self.lock();
        codes.retain(|_, code| code.born.elapsed() < CODE_LIFE);
        (codes.len() < CODES_MAX).then(|| codes.insert(name.clone(), code))?;
        Some(name)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, Code>> {
        self.codes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn random() -> Result<String> {
    let mut bytes = [0; 24];
    getrandom::fill(&mut bytes)
        .ok()
        .context("no random numbers")?;
    Ok(BASE64_URL_SAFE_NO_PAD.encode(bytes))
}

async fn discovery(State(issuer): State<Arc<Issuer>>) -> Json<Value> {
    let at = |path: &str| format!("{}{path}", issuer.url);
    Json(json!({
        "issuer": issuer.url,
        "authorization_endpoint": at("/authorize"),
        "token_endpoint": at("/token"),
        "jwks_uri": at("/jwks"),
        "device_authorization_endpoint": at("/device_authorization"),
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["ES256"],
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": ["none"],
        "grant_types_supported": ["authorization_code", "urn:ietf:params:oauth:grant-type:device_code"],
        "scopes_supported": ["openid", "email", "profile", "groups"],
    }))
}

async fn keys(State(issuer): State<Arc<Issuer>>) -> Json<Value> {
    Json(json!({ "keys": [{
        "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": KEY_ID, "x": issuer.x, "y": issuer.y,
    }]}))
}

#[derive(Deserialize)]
struct Authorize {
    client_id: String,
    redirect_uri: String,
    state: Option<String>,
    nonce: Option<String>,
    code_challenge: Option<String>,
    code_challenge_method: Option<String>,
    login: Option<String>,
}

impl Authorize {
    fn problem(&self) -> Option<&'static str> {
        let loopback = [
            "http://127.0.0.1:",
            "http://localhost:",
            "http://[::1]:",
            "https://localhost:",
            "https://127.0.0.1:",
        ];
        if self.client_id != CLIENT_ID {
            Some("unknown client")
        } else if !loopback
            .iter()
            .any(|start| self.redirect_uri.starts_with(start))
        {
            Some("redirect_uri must be on loopback")
        } else if self.code_challenge_method.as_deref() != Some("S256")
            || self.code_challenge.is_none()
        {
            Some("PKCE with S256 is needed")
        } else {
            None
        }
    }
}

async fn authorize(Query(query): Query<Authorize>) -> Response {
    if let Some(problem) = query.problem() {
        return (StatusCode::BAD_REQUEST, problem).into_response();
    }
    let fields = [
        ("client_id", Some(&query.client_id)),
        ("redirect_uri", Some(&query.redirect_uri)),
        ("state", query.state.as_ref()),
        ("nonce", query.nonce.as_ref()),
        ("code_challenge", query.code_challenge.as_ref()),
        (
            "code_challenge_method",
            query.code_challenge_method.as_ref(),
        ),
    ];
    let hidden = fields
        .iter()
        .filter_map(|(name, value)| Some((*name, value.as_ref()?.as_str())));
    Html(choice("/authorize", "Sign in to the demo", hidden)).into_response()
}

async fn authorize_as(State(issuer): State<Arc<Issuer>>, Form(form): Form<Authorize>) -> Response {
    if let Some(problem) = form.problem() {
        return (StatusCode::BAD_REQUEST, problem).into_response();
    }
    let Some(person) = form.login.as_deref().and_then(find) else {
        return (StatusCode::BAD_REQUEST, "nobody of that name").into_response();
    };
    let code = issuer.keep(Code {
        born: Instant::now(),
        login: Some(person),
        challenge: form.code_challenge,
        nonce: form.nonce,
        redirect: Some(form.redirect_uri.clone()),
        user_code: None,
    });
    let Some(code) = code else {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    };
    let join = if form.redirect_uri.contains('?') {
        '&'
    } else {
        '?'
    };
    let state = form
        .state
        .map(|state| format!("&state={}", encode(&state)))
        .unwrap_or_default();
    Redirect::to(&format!("{}{join}code={code}{state}", form.redirect_uri)).into_response()
}

async fn device_authorization(State(issuer): State<Arc<Issuer>>) -> Response {
    let Ok(user_code) = random() else {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    };
    let user_code: String = user_code
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .take(8)
        .collect::<String>()
        .to_uppercase();
    let code = issuer.keep(Code {
        born: Instant::now(),
        login: None,
        challenge: None,
        nonce: None,
        redirect: None,
        user_code: Some(user_code.clone()),
    });
    let Some(device_code) = code else {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    };
    let page = format!("{}/device", issuer.url);
    Json(json!({
        "device_code": device_code, "user_code": user_code, "verification_uri": page,
        "verification_uri_complete": format!("{page}?user_code={user_code}"),
        "expires_in": CODE_LIFE.as_secs(), "interval": 1,
    }))
    .into_response()
}

#[derive(Deserialize)]
struct Device {
    user_code: Option<String>,
    login: Option<String>,
}

async fn device(Query(query): Query<Device>) -> Html<String> {
    let code = query.user_code.unwrap_or_default();
    Html(choice(
        "/device",
        &format!("Let the device with code {} sign in", escape(&code)),
        [("user_code", code.as_str())].into_iter(),
    ))
}

async fn device_as(State(issuer): State<Arc<Issuer>>, Form(form): Form<Device>) -> Response {
    let Some(person) = form.login.as_deref().and_then(find) else {
        return (StatusCode::BAD_REQUEST, "nobody of that name").into_response();
    };
    let mut codes = issuer.lock();
    match codes
        .values_mut()
        .find(|code| code.user_code.is_some() && code.user_code == form.user_code)
    {
        Some(code) => {
            code.login = Some(person);
            "Signed in. You can close this page.".into_response()
        }
        None => (StatusCode::NOT_FOUND, "no such code").into_response(),
    }
}

#[derive(Deserialize)]
struct TokenRequest {
    grant_type: String,
    code: Option<String>,
    device_code: Option<String>,
    code_verifier: Option<String>,
    redirect_uri: Option<String>,
}

async fn token(State(issuer): State<Arc<Issuer>>, Form(form): Form<TokenRequest>) -> Response {
    let result = match form.grant_type.as_str() {
        "authorization_code" => redeem_code(&issuer, &form),
        "urn:ietf:params:oauth:grant-type:device_code" => redeem_device(&issuer, &form),
        _ => Err("unsupported_grant_type"),
    };
    let issued = result.and_then(|(person, nonce)| {
        issuer
            .token_for(person, nonce.as_deref())
            .map_err(|_| "server_error")
    });
    match issued {
        Ok(jwt) => Json(json!({
            "access_token": jwt, "id_token": jwt, "token_type": "Bearer", "expires_in": TOKEN_LIFE.as_secs(),
        }))
        .into_response(),
        Err(error) => (StatusCode::BAD_REQUEST, Json(json!({ "error": error }))).into_response(),
    }
}

type Redeemed = (&'static Person, Option<String>);

fn redeem_code(issuer: &Issuer, form: &TokenRequest) -> Result<Redeemed, &'static str> {
    let name = form.code.as_deref().ok_or("invalid_request")?;
    let code = issuer.lock().remove(name).ok_or("invalid_grant")?;
    let verifier = form.code_verifier.as_deref().ok_or("invalid_grant")?;
    let challenge = BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(verifier));
    if code.challenge.as_deref() != Some(challenge.as_str()) || code.redirect != form.redirect_uri {
        return Err("invalid_grant");
    }
    Ok((code.login.ok_or("invalid_grant")?, code.nonce))
}

fn redeem_device(issuer: &Issuer, form: &TokenRequest) -> Result<Redeemed, &'static str> {
    let name = form.device_code.as_deref().ok_or("invalid_request")?;
    let mut codes = issuer.lock();
    let code = codes
        .get(name)
        .filter(|code| code.user_code.is_some())
        .ok_or("expired_token")?;
    let person = code.login.ok_or("authorization_pending")?;
    codes.remove(name);
    Ok((person, None))
}

fn choice<'a>(
    action: &str,
    title: &str,
    hidden: impl Iterator<Item = (&'a str, &'a str)>,
) -> String {
    let hidden: String = hidden
        .map(|(name, value)| {
            format!(
                "<input type=hidden name={name} value=\"{}\">",
                escape(value)
            )
        })
        .collect();
    let buttons: String = PEOPLE
        .iter()
        .map(|p| {
            format!(
                "<p><button name=login value={0}><b>{0}</b></button> {1}</p>",
                p.login, p.about
            )
        })
        .collect();
    format!(
        "<!doctype html><meta charset=utf-8><title>{title}</title>\
         <style>body{{font:1rem/1.5 system-ui;max-width:34rem;margin:4rem auto;padding:0 1rem}}\
         button{{min-width:7rem;padding:.4rem .8rem}}</style>\
         <h1>{title}</h1><p>This provider exists for the demo: it asks for no password.</p>\
         <form method=post action={action}>{hidden}{buttons}</form>"
    )
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

fn encode(text: &str) -> String {
    text.bytes()
        .map(|b| match b {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                char::from(b).to_string()
            }
            other => format!("%{other:02X}"),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn claims(jwt: &str) -> Value {
        let body = jwt.split('.').nth(1).unwrap();
        serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(body).unwrap()).unwrap()
    }

    #[test]
    fn an_agents_token_names_its_human_as_subject_and_itself_as_actor() {
        let issuer = Issuer::new("http://127.0.0.1:1".to_owned()).unwrap();
        let agent = claims(&issuer.token_for(find("agent").unwrap(), None).unwrap());
        assert_eq!(
            (&agent["sub"], &agent["act"]["sub"]),
            (&json!("engineer"), &json!("agent"))
        );
        let dba = claims(&issuer.token_for(find("dba").unwrap(), Some("n")).unwrap());
        assert_eq!(
            (&dba["sub"], &dba["act"], &dba["nonce"]),
            (&json!("dba"), &Value::Null, &json!("n"))
        );
    }

    #[test]
    fn a_code_needs_its_verifier_and_works_once() {
        let issuer = Issuer::new("http://127.0.0.1:1".to_owned()).unwrap();
        let keep = || {
            issuer.keep(Code {
                born: Instant::now(),
                login: find("dba"),
                challenge: Some(BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest("right"))),
                nonce: None,
                redirect: Some("http://127.0.0.1:9/cb".to_owned()),
                user_code: None,
            })
        };
        let redeem = |code: &str, verifier: &str| {
            let form = TokenRequest {
                grant_type: "authorization_code".to_owned(),
                code: Some(code.to_owned()),
                device_code: None,
                code_verifier: Some(verifier.to_owned()),
                redirect_uri: Some("http://127.0.0.1:9/cb".to_owned()),
            };
            redeem_code(&issuer, &form).map(|(person, _)| person.login)
        };
        let code = keep().unwrap();
        assert_eq!(redeem(&code, "right"), Ok("dba"));
        assert_eq!(redeem(&code, "right"), Err("invalid_grant"));
        assert_eq!(redeem(&keep().unwrap(), "wrong"), Err("invalid_grant"));
    }
}
