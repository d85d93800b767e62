//! Signing in at the gateway's identity provider: device flow (RFC 8628), and the browser with PKCE and a
//! redirect to this machine (RFC 8252).
//!
//! Leaves judging the token to the gateway; checks only that the answer belongs to the question.

use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use contract::Discovery;
use reqwest::{Client, Url};
use serde::Deserialize;
use serde_json::Value;
use sha2::{Digest, Sha256};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::http::{is_loopback, unreachable_by};
use crate::keep::SignedIn;
use crate::problem::{Kind, Problem};

/// How long a person may take.
const PATIENCE: Duration = Duration::from_secs(600);
/// Bytes of the browser's request.
const REQUEST_BYTES_MAX: usize = 16 * 1024;
/// Time for a connection to send its request.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(5);
/// Seconds before its end at which a token is taken for spent.
const EARLY_SECONDS: i64 = 30;
/// Where the browser comes back to.
const CALLBACK_PATH: &str = "/callback";
const DEVICE_GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// The provider, as far as signing in needs it.
pub(crate) struct Provider<'a> {
    client: &'a Client,
    issuer: String,
    client_id: String,
    scope: String,
    endpoints: Endpoints,
}

#[derive(Deserialize)]
struct Endpoints {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    device_authorization_endpoint: Option<String>,
}

#[derive(Deserialize)]
struct Tokens {
    id_token: Option<String>,
    access_token: Option<String>,
    refresh_token: Option<String>,
    expires_in: Option<i64>,
}

#[derive(Deserialize)]
struct DeviceStart {
    device_code: String,
    user_code: String,
    verification_uri: String,
    verification_uri_complete: Option<String>,
    expires_in: Option<u64>,
    interval: Option<u64>,
}

impl<'a> Provider<'a> {
    /// Reads the metadata of the provider that a gateway names.
    pub(crate) async fn find(client: &'a Client, gateway: &Discovery) -> Result<Self, Problem> {
        let (Some(issuer), Some(client_id)) = (&gateway.issuer, &gateway.client_id) else {
            return Err(Problem::failed("this gateway names no identity provider")
                .hint("put a token into PORTCULLIS_TOKEN"));
        };
        let base = issuer.trim_end_matches('/');
        let url = checked(&format!("{base}/.well-known/openid-configuration"))?;
        let response = client.get(url).send().await;
        let response = response.map_err(|e| unreachable_by(&e))?;
        let endpoints: Endpoints = response
            .json()
            .await
            .map_err(|_| Problem::failed(format!("{issuer} gave no OpenID metadata")))?;
        if endpoints.issuer.trim_end_matches('/') != base {
            return Err(Problem::failed(format!(
                "{issuer} says it is somebody else"
            )));
        }
        Ok(Self {
            client,
            issuer: issuer.clone(),
            client_id: client_id.clone(),
            scope: gateway.scopes.join(" "),
            endpoints,
        })
    }

    /// Signs in with a code that the person types in elsewhere.
    pub(crate) async fn device(&self, gateway: &str) -> Result<SignedIn, Problem> {
        let endpoint = self.endpoints.device_authorization_endpoint.as_deref();
        let endpoint = endpoint.ok_or_else(|| {
            Problem::failed(format!("{} has no device flow", self.issuer)).hint("--browser")
        })?;
        let form = [
            ("client_id", self.client_id.as_str()),
            ("scope", &self.scope),
        ];
        let answer = self.post(endpoint, &form).await?;
        let answer = answer.map_err(|code| self.refused(&code))?;
        let start: DeviceStart = serde_json::from_value(answer)
            .map_err(|_| Problem::failed(format!("{} answered something else", self.issuer)))?;
        let page = start.verification_uri_complete.as_ref();
        let page = contract::visible::single_line(page.unwrap_or(&start.verification_uri));
        let code = contract::visible::single_line(&start.user_code);
        eprintln!("Open {page}\nand check that it shows the code {code}");
        self.poll(gateway, &start).await
    }

    async fn poll(&self, gateway: &str, start: &DeviceStart) -> Result<SignedIn, Problem> {
        let life = start.expires_in.map_or(PATIENCE, Duration::from_secs);
        let deadline = Instant::now() + life.min(PATIENCE);
        let mut pause = Duration::from_secs(start.interval.unwrap_or(5).clamp(1, 60));
        let form = [
            ("grant_type", DEVICE_GRANT),
            ("device_code", start.device_code.as_str()),
            ("client_id", &self.client_id),
        ];
        while Instant::now() + pause < deadline {
            tokio::time::sleep(pause).await;
            match self.post(&self.endpoints.token_endpoint, &form).await? {
                Ok(tokens) => return self.signed_in(gateway, tokens, None),
                Err(code) if code == "authorization_pending" => {}
                Err(code) if code == "slow_down" => pause += Duration::from_secs(5),
                Err(code) => return Err(self.refused(&code)),
            }
        }
        Err(Problem::new(Kind::SignIn, "nobody answered in time").hint("portcullis login --device"))
    }

    /// Signs in with the browser on this machine.
    pub(crate) async fn browser(&self, gateway: &str) -> Result<SignedIn, Problem> {
        let failed = |e: std::io::Error| Problem::failed(format!("no port to listen on: {e}"));
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.map_err(failed)?;
        let port = listener.local_addr().map_err(failed)?.port();
        let redirect_uri = format!("http://127.0.0.1:{port}{CALLBACK_PATH}");
        let (state, nonce, verifier) = (random()?, random()?, random()?);
        let mut url = checked(&self.endpoints.authorization_endpoint)?;
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()));
        url.query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", &self.client_id)
            .append_pair("redirect_uri", &redirect_uri)
            .append_pair("scope", &self.scope)
            .append_pair("state", &state)
            .append_pair("nonce", &nonce)
            .append_pair("code_challenge", &challenge)
            .append_pair("code_challenge_method", "S256");
        eprintln!("Sign in with your browser:\n  {url}");
        open_browser(url.as_str());
        let waited = tokio::time::timeout(PATIENCE, self.come_back(&listener, &state)).await;
        let code = waited.map_err(|_| Problem::new(Kind::SignIn, "nobody signed in in time"))??;
        let form = [
            ("grant_type", "authorization_code"),
            ("code", code.as_str()),
            ("redirect_uri", &redirect_uri),
            ("code_verifier", &verifier),
            ("client_id", &self.client_id),
        ];
        let tokens = self.post(&self.endpoints.token_endpoint, &form).await?;
        let tokens = tokens.map_err(|code| self.refused(&code))?;
        self.signed_in(gateway, tokens, Some(&nonce))
    }

    /// Waits for the browser; requests that are not the answer are told so and waited out.
    async fn come_back(&self, listener: &TcpListener, state: &str) -> Result<String, Problem> {
        loop {
            let Ok((mut stream, _)) = listener.accept().await else {
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            };
            let head = tokio::time::timeout(REQUEST_TIMEOUT, request_line(&mut stream)).await;
            let answer = head.ok().flatten().and_then(|line| callback(&line));
            let Some(answer) = answer.filter(|a| a.state == state) else {
                reply(
                    &mut stream,
                    "404 Not Found",
                    "This is not the answer waited for.",
                )
                .await;
                continue;
            };
            let is_from_another =
                |iss: &String| iss.trim_end_matches('/') != self.issuer.trim_end_matches('/');
            if answer.iss.as_ref().is_some_and(is_from_another) {
                reply(
                    &mut stream,
                    "400 Bad Request",
                    "The answer came from another issuer.",
                )
                .await;
                return Err(Problem::new(
                    Kind::SignIn,
                    "the answer came from another issuer",
                ));
            }
            return match answer.code {
                Some(code) => {
                    reply(
                        &mut stream,
                        "200 OK",
                        "You are signed in. Close this window.",
                    )
                    .await;
                    Ok(code)
                }
                None => {
                    reply(&mut stream, "200 OK", "You were not signed in.").await;
                    Err(self.refused(answer.error.as_deref().unwrap_or("refused")))
                }
            };
        }
    }

    /// Gets the next token.
    pub(crate) async fn refresh(&self, kept: &SignedIn) -> Result<SignedIn, Problem> {
        let refresh_token = kept.refresh_token.as_deref().ok_or_else(expired)?;
        let form = [
            ("grant_type", "refresh_token"),
            ("refresh_token", refresh_token),
            ("client_id", &self.client_id),
        ];
        let tokens = self.post(&self.endpoints.token_endpoint, &form).await?;
        let mut next = self.signed_in(&kept.gateway, tokens.map_err(|_| expired())?, None)?;
        next.refresh_token = next.refresh_token.or_else(|| kept.refresh_token.clone());
        Ok(next)
    }

    fn signed_in(
        &self,
        gateway: &str,
        answer: Value,
        nonce: Option<&str>,
    ) -> Result<SignedIn, Problem> {
        let wrong = |what: &str| Problem::new(Kind::SignIn, format!("{} {what}", self.issuer));
        let tokens: Tokens =
            serde_json::from_value(answer).map_err(|_| wrong("answered something else"))?;
        let claims = tokens.id_token.as_deref().and_then(claims);
        if let Some(nonce) = nonce {
            let given = claims.as_ref().and_then(|c| c.get("nonce")?.as_str());
            if given != Some(nonce) {
                return Err(wrong("gave a token of another sign-in"));
            }
        }
        let end = claims.as_ref().and_then(|c| c.get("exp")?.as_i64());
        let later = |seconds: i64| now().saturating_add(seconds);
        Ok(SignedIn {
            gateway: gateway.to_owned(),
            issuer: self.issuer.clone(),
            client_id: self.client_id.clone(),
            expires: end.or(tokens.expires_in.map(later)).unwrap_or_else(now),
            token: tokens
                .id_token
                .or(tokens.access_token)
                .ok_or_else(|| wrong("gave no token"))?,
            refresh_token: tokens.refresh_token,
        })
    }

    /// POSTs a form; the inner error is OAuth's code.
    async fn post(
        &self,
        endpoint: &str,
        form: &[(&str, &str)],
    ) -> Result<Result<Value, String>, Problem> {
        let request = self.client.post(checked(endpoint)?).form(form);
        let response = request.send().await.map_err(|e| unreachable_by(&e))?;
        let is_good = response.status().is_success();
        let body: Value = response.json().await.map_err(|_| {
            Problem::new(Kind::Unavailable, format!("{} gave no answer", self.issuer))
        })?;
        if is_good {
            return Ok(Ok(body));
        }
        let code = body.get("error").and_then(Value::as_str);
        Ok(Err(code.unwrap_or("refused").to_owned()))
    }

    fn refused(&self, code: &str) -> Problem {
        let known = |c: &char| c.is_ascii_alphanumeric() || *c == '_';
        let code: String = code.chars().filter(known).take(64).collect();
        Problem::new(Kind::SignIn, format!("{} refused: {code}", self.issuer))
    }
}

impl SignedIn {
    /// Whether the token is spent, or nearly.
    pub(crate) fn is_spent(&self) -> bool {
        now().saturating_add(EARLY_SECONDS) >= self.expires
    }
}

/// Not signed in any more.
pub(crate) fn expired() -> Problem {
    Problem::new(Kind::SignIn, "your sign-in has ended").hint("portcullis login")
}

fn now() -> i64 {
    jiff::Timestamp::now().as_second()
}

fn random() -> Result<String, Problem> {
    let mut bytes = [0u8; 32];
    getrandom::fill(&mut bytes).map_err(|_| Problem::failed("this machine gives no randomness"))?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

/// An endpoint that secrets may be sent to.
fn checked(text: &str) -> Result<Url, Problem> {
    let url = Url::parse(text).ok();
    url.filter(|url| url.scheme() == "https" || (url.scheme() == "http" && is_loopback(url)))
        .ok_or_else(|| Problem::failed("the identity provider has an endpoint without TLS"))
}

/// A token's claims, unverified: the gateway verifies.
fn claims(token: &str) -> Option<Value> {
    let payload = token.split('.').nth(1)?;
    let bytes = URL_SAFE_NO_PAD.decode(payload).ok()?;
    serde_json::from_slice(&bytes).ok()
}

struct Callback {
    state: String,
    code: Option<String>,
    error: Option<String>,
    iss: Option<String>,
}

/// Reads `GET /callback?… HTTP/1.1`.
fn callback(line: &str) -> Option<Callback> {
    let target = line.strip_prefix("GET ")?.split(' ').next()?;
    let url = Url::parse(&format!("http://127.0.0.1{target}")).ok()?;
    let find = |name: &str| {
        let mut pairs = url.query_pairs().filter(|(key, _)| key == name);
        let value = pairs.next()?.1.into_owned();
        pairs.next().is_none().then_some(value)
    };
    (url.path() == CALLBACK_PATH).then_some(())?;
    Some(Callback {
        state: find("state")?,
        code: find("code"),
        error: find("error"),
        iss: find("iss"),
    })
}

async fn request_line(stream: &mut TcpStream) -> Option<String> {
    let mut head = Vec::new();
    let mut chunk = [0u8; 1024];
    while !head.windows(4).any(|w| w == b"\r\n\r\n") {
        let count = stream.read(&mut chunk).await.ok()?;
        head.extend_from_slice(chunk.get(..count)?);
        if count == 0 || head.len() > REQUEST_BYTES_MAX {
            return None;
        }
    }
    let text = String::from_utf8(head).ok()?;
    text.lines().next().map(str::to_owned)
}

async fn reply(stream: &mut TcpStream, status: &str, text: &str) {
    let body = format!(
        "<!DOCTYPE html><html lang=\"en\"><meta charset=\"utf-8\"><title>Portcullis</title><p>{text}</p></html>"
    );
    let answer = format!(
        "HTTP/1.1 {status}\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {}\r\n\
         Cache-Control: no-store\r\nContent-Security-Policy: default-src 'none'\r\n\
         Connection: close\r\n\r\n{body}",
        body.len()
    );
    // A browser that has gone away has nothing to be told.
    drop(stream.write_all(answer.as_bytes()).await);
    drop(stream.shutdown().await);
}

/// Asks the desktop to open a page; the page's address was printed too, so failing is no harm.
fn open_browser(url: &str) {
    let chosen = std::env::var_os("BROWSER").filter(|b| !b.is_empty());
    let fallback = if cfg!(target_os = "macos") {
        "open"
    } else {
        "xdg-open"
    };
    let mut command = std::process::Command::new(chosen.unwrap_or_else(|| fallback.into()));
    let null = std::process::Stdio::null;
    command.arg(url).stdin(null()).stdout(null()).stderr(null());
    drop(command.spawn());
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_browsers_answer_is_read() {
        let good = callback("GET /callback?code=c%20d&state=s&iss=https%3A%2F%2Fidp HTTP/1.1");
        let good = good.unwrap();
        assert_eq!(good.code.as_deref(), Some("c d"));
        assert_eq!(good.state, "s");
        assert_eq!(good.iss.as_deref(), Some("https://idp"));
        for bad in [
            "GET /favicon.ico HTTP/1.1",
            "POST /callback?state=s HTTP/1.1",
            "GET /callback?code=c HTTP/1.1",
            "GET /callback?state=a&state=b HTTP/1.1",
            "",
        ] {
            assert!(callback(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn endpoints_without_tls_are_refused() {
        assert!(checked("https://idp.example/token").is_ok());
        assert!(checked("http://127.0.0.1:9/token").is_ok());
        assert!(checked("http://idp.example/token").is_err());
        assert!(checked("nonsense").is_err());
    }
}
