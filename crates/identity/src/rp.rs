//! Signing in at an issuer: authorization code with PKCE, device flow, refresh. Keeps nothing between calls, shows
//! nothing to anybody, and leaves judging the tokens to [`Issuers::verify`].

use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use model::Secret;
use reqwest::{StatusCode, Url};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::claims::Verified;
use crate::error::Error;
use crate::fetch::Http;
use crate::issuers::Issuers;
use crate::jwks;

const DEVICE_GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";
/// Seconds between two polls where the issuer names none (RFC 8628 §3.2), and the most that we accept.
const POLL_SECONDS: (u64, u64) = (5, 60);
/// Seconds that a device code may live.
const DEVICE_SECONDS_MAX: u64 = 3600;

/// An issuer as we sign in at it.
#[derive(Clone, Debug)]
pub struct Provider {
    issuer: String,
    client_id: String,
    scope: String,
    http: Http,
    authorization_endpoint: String,
    token_endpoint: String,
    device_endpoint: Option<String>,
    end_session_endpoint: Option<String>,
}

/// A sign-in under way; the caller keeps it where only the same browser can reach it.
#[derive(Clone, Debug)]
pub struct SignIn {
    /// Comes back with the code and must be the same.
    pub state: String,
    /// Comes back in the ID token and must be the same.
    pub nonce: String,
    /// Proves that who exchanges the code is who asked for it (RFC 7636).
    pub verifier: Secret<String>,
    /// Where the code was sent.
    pub redirect_uri: String,
}

/// What the token endpoint gave.
#[derive(Clone, Debug)]
pub struct Tokens {
    /// For APIs.
    pub access_token: Secret<String>,
    /// Who signed in.
    pub id_token: Option<Secret<String>>,
    /// For the next ones.
    pub refresh_token: Option<Secret<String>>,
    /// How long the access token lives, if told.
    pub expires_in: Option<Duration>,
}

/// A device flow under way.
#[derive(Clone, Debug)]
pub struct Device {
    device_code: Secret<String>,
    /// What the person types.
    pub user_code: String,
    /// Where.
    pub verification_uri: String,
    /// The same with the code in it, if given.
    pub verification_uri_complete: Option<String>,
    /// Wait this long between polls; grows when the issuer says so.
    pub interval: Duration,
    /// Then it is over.
    pub deadline: Instant,
}

/// How a poll ended.
#[derive(Debug)]
pub enum Poll {
    /// Not answered yet: wait [`Device::interval`], then poll again.
    Pending,
    /// Signed in.
    Done(Box<Tokens>),
    /// The person said no.
    Denied,
    /// Too late.
    Expired,
}

impl SignIn {
    /// Draws fresh state, nonce and verifier, 256 bits each.
    ///
    /// # Errors
    /// [`Error::Config`] when the operating system gives no randomness.
    pub fn start(redirect_uri: impl Into<String>) -> Result<Self, Error> {
        Ok(Self {
            state: draw()?,
            nonce: draw()?,
            verifier: Secret::new(draw()?),
            redirect_uri: redirect_uri.into(),
        })
    }

    /// Whether a returned state is ours, in constant time.
    pub fn is_state(&self, returned: &str) -> bool {
        self.state.as_bytes().ct_eq(returned.as_bytes()).into()
    }
}

impl Provider {
    /// Reads the discovery document of a configured issuer that has a `client_id`.
    ///
    /// # Errors
    /// [`Error::Config`] when we are no client there, [`Error::Issuer`] when it cannot be asked.
    pub async fn discover(issuers: &Issuers, url: &str) -> Result<Self, Error> {
        let issuer = issuers
            .find(url)
            .ok_or_else(|| Error::Config("the issuer is not configured".to_owned()))?;
        let config = &issuer.config;
        let client_id = config
            .client_id
            .clone()
            .ok_or_else(|| Error::Config(format!("issuer {url}: sign-in needs a client_id")))?;
        let document = jwks::discovery(&issuer.http, config).await?;
        let endpoint = |name: &str| {
            let found = document.get(name).and_then(Value::as_str);
            found
                .filter(|found| config.may_fetch(found))
                .map(str::to_owned)
        };
        let needed = |name: &str| {
            endpoint(name).ok_or_else(|| Error::issuer(url, format!("it has no usable {name}")))
        };
        Ok(Self {
            issuer: url.to_owned(),
            client_id,
            scope: config.scopes.join(" "),
            http: issuer.http.clone(),
            authorization_endpoint: needed("authorization_endpoint")?,
            token_endpoint: needed("token_endpoint")?,
            device_endpoint: endpoint("device_authorization_endpoint"),
            end_session_endpoint: endpoint("end_session_endpoint"),
        })
    }

    /// Where to send the browser.
    ///
    /// # Errors
    /// [`Error::Issuer`] when the endpoint is no URL.
    pub fn authorize_url(&self, sign_in: &SignIn) -> Result<String, Error> {
        let challenge = Sha256::digest(sign_in.verifier.expose().as_bytes());
        let challenge = URL_SAFE_NO_PAD.encode(challenge);
        self.authorize_url_with(
            &sign_in.redirect_uri,
            &sign_in.state,
            &sign_in.nonce,
            &challenge,
        )
    }

    /// The same for a caller that keeps the verifier itself and shows its S256 challenge only.
    ///
    /// # Errors
    /// [`Error::Issuer`] when the endpoint is no URL.
    pub fn authorize_url_with(
        &self,
        redirect_uri: &str,
        state: &str,
        nonce: &str,
        challenge: &str,
    ) -> Result<String, Error> {
        let mut url = Url::parse(&self.authorization_endpoint)
            .map_err(|_| Error::issuer(&self.issuer, "its authorization_endpoint is no URL"))?;
        url.query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", &self.client_id)
            .append_pair("redirect_uri", redirect_uri)
            .append_pair("scope", &self.scope)
            .append_pair("state", state)
            .append_pair("nonce", nonce)
            .append_pair("code_challenge", challenge)
            .append_pair("code_challenge_method", "S256");
        Ok(url.into())
    }

    /// Where to send the browser to sign out at the issuer too, if it offers that.
    pub fn end_session_url(&self) -> Option<&str> {
        self.end_session_endpoint.as_deref()
    }

    /// Exchanges a code. The caller has checked [`SignIn::is_state`].
    ///
    /// # Errors
    /// [`Error::Refused`] when the issuer does not take it, [`Error::Issuer`] when it cannot be asked.
    pub async fn exchange(&self, sign_in: &SignIn, code: &Secret<String>) -> Result<Tokens, Error> {
        self.tokens(&[
            ("grant_type", "authorization_code"),
            ("code", code.expose()),
            ("redirect_uri", &sign_in.redirect_uri),
            ("code_verifier", sign_in.verifier.expose()),
            ("client_id", &self.client_id),
        ])
        .await
    }

    /// Checks the ID token of an exchange: as every token, and that it is for our client and this sign-in.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn verify_id_token(
        &self,
        issuers: &Issuers,
        tokens: &Tokens,
        nonce: Option<&str>,
    ) -> Result<Verified, Error> {
        let Some(token) = &tokens.id_token else {
            return Err(Error::issuer(
                &self.issuer,
                "it gave no ID token; ask for `openid`",
            ));
        };
        let verified = issuers.verify_for(token, Some(&self.client_id)).await?;
        if verified.principal.issuer != self.issuer {
            return Err(Error::refused("the ID token is another issuer's"));
        }
        let party = verified.authorized_party.as_deref();
        if party.is_some_and(|party| party != self.client_id) {
            return Err(Error::refused("the ID token was issued to another client"));
        }
        if nonce.is_some() && verified.nonce.as_deref() != nonce {
            return Err(Error::refused("the ID token is of another sign-in"));
        }
        Ok(verified)
    }

    /// New tokens for a refresh token.
    ///
    /// # Errors
    /// As [`Provider::exchange`].
    pub async fn refresh(&self, refresh_token: &Secret<String>) -> Result<Tokens, Error> {
        self.tokens(&[
            ("grant_type", "refresh_token"),
            ("refresh_token", refresh_token.expose()),
            ("client_id", &self.client_id),
        ])
        .await
    }

    /// Starts a device flow (RFC 8628).
    ///
    /// # Errors
    /// [`Error::Issuer`] when it has none or cannot be asked.
    pub async fn device_start(&self) -> Result<Device, Error> {
        let wrong = |what: &str| Error::issuer(&self.issuer, what);
        let endpoint = self.device_endpoint.as_deref();
        let endpoint = endpoint.ok_or_else(|| wrong("it offers no device flow"))?;
        let form = [("client_id", &*self.client_id), ("scope", &*self.scope)];
        let (status, answer) = self.http.post(endpoint, &form).await?;
        if status != StatusCode::OK {
            return Err(self.failed(&answer));
        }
        let needed = |name| text(&answer, name).ok_or_else(|| wrong("its device answer is short"));
        let seconds = |name| answer.get(name).and_then(Value::as_u64);
        let life = seconds("expires_in").unwrap_or(600).min(DEVICE_SECONDS_MAX);
        let interval = seconds("interval").unwrap_or(POLL_SECONDS.0);
        Ok(Device {
            device_code: Secret::new(needed("device_code")?),
            user_code: needed("user_code")?,
            verification_uri: needed("verification_uri")?,
            verification_uri_complete: text(&answer, "verification_uri_complete"),
            interval: Duration::from_secs(interval.clamp(1, POLL_SECONDS.1)),
            deadline: Instant::now() + Duration::from_secs(life),
        })
    }

    /// Asks once whether the person has answered.
    ///
    /// # Errors
    /// [`Error`] when the flow cannot go on.
    pub async fn device_poll(&self, device: &mut Device) -> Result<Poll, Error> {
        if Instant::now() >= device.deadline {
            return Ok(Poll::Expired);
        }
        let form = [
            ("grant_type", DEVICE_GRANT),
            ("device_code", device.device_code.expose()),
            ("client_id", &self.client_id),
        ];
        let (status, answer) = self.http.post(&self.token_endpoint, &form).await?;
        if status == StatusCode::OK {
            return Ok(Poll::Done(Box::new(self.read_tokens(&answer)?)));
        }
        match text(&answer, "error").as_deref() {
            Some("authorization_pending") => Ok(Poll::Pending),
            Some("slow_down") => {
                device.interval += Duration::from_secs(5);
                Ok(Poll::Pending)
            }
            Some("access_denied") => Ok(Poll::Denied),
            Some("expired_token") => Ok(Poll::Expired),
            Some(_) | None => Err(self.failed(&answer)),
        }
    }

    async fn tokens(&self, form: &[(&str, &str)]) -> Result<Tokens, Error> {
        let (status, answer) = self.http.post(&self.token_endpoint, form).await?;
        if status != StatusCode::OK {
            return Err(self.failed(&answer));
        }
        self.read_tokens(&answer)
    }

    fn read_tokens(&self, answer: &Map<String, Value>) -> Result<Tokens, Error> {
        let secret = |name| text(answer, name).map(Secret::new);
        Ok(Tokens {
            access_token: secret("access_token")
                .ok_or_else(|| Error::issuer(&self.issuer, "it gave no access token"))?,
            id_token: secret("id_token"),
            refresh_token: secret("refresh_token"),
            expires_in: answer
                .get("expires_in")
                .and_then(Value::as_u64)
                .map(Duration::from_secs),
        })
    }

    /// Only the error's code is taken over: descriptions may quote what was sent.
    fn failed(&self, answer: &Map<String, Value>) -> Error {
        let code = text(answer, "error").unwrap_or_default();
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let code: String = code.chars().filter(|&c| plain(c)).take(64).collect();
        Error::refused(format!("issuer {} answered {code}", self.issuer))
    }
}

fn text(answer: &Map<String, Value>, name: &str) -> Option<String> {
    answer.get(name).and_then(Value::as_str).map(str::to_owned)
}

fn draw() -> Result<String, Error> {
    let mut bytes = [0_u8; 32];
    getrandom::fill(&mut bytes)
        .map_err(|_| Error::Config("no randomness from the operating system".to_owned()))?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}
