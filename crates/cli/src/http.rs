//! Speaking HTTP: to the gateway and, for signing in, to its identity provider.
//!
//! Sends a credential to the gateway's own origin only, never over plain HTTP except to this machine, and never
//! follows a redirect with it.

use std::path::Path;
use std::time::Duration;

use contract::{Discovery, ErrorBody};
use reqwest::{Certificate, Client, Method, Response, StatusCode, Url};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::problem::{Kind, Problem};

/// Time for one request.
const TIMEOUT: Duration = Duration::from_secs(70);
/// Time for an answer that is read piece by piece.
const LONG_TIMEOUT: Duration = Duration::from_secs(24 * 3_600);
/// Time within which something must come.
const READ_TIMEOUT: Duration = Duration::from_secs(70);
/// Time to connect.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Bytes of a JSON answer.
const JSON_BYTES_MAX: usize = 128 * 1024 * 1024;

/// Builds a client that trusts the system's authorities and those in `ca`.
pub(crate) fn client(ca: Option<&Path>) -> Result<Client, Problem> {
    let mut builder = Client::builder()
        .timeout(TIMEOUT)
        .read_timeout(READ_TIMEOUT)
        .connect_timeout(CONNECT_TIMEOUT)
        .redirect(reqwest::redirect::Policy::none())
        .user_agent(concat!("portcullis/", env!("CARGO_PKG_VERSION")));
    if let Some(path) = ca {
        let unreadable = |why: String| Problem::failed(format!("{}: {why}", path.display()));
        let pem = std::fs::read(path).map_err(|e| unreadable(e.to_string()))?;
        let certificates = Certificate::from_pem_bundle(&pem)
            .map_err(|_| unreadable("not a PEM file of certificates".to_owned()))?;
        builder = builder.tls_certs_merge(certificates);
    }
    builder
        .build()
        .map_err(|error| Problem::failed(format!("TLS cannot be set up: {error}")))
}

/// Takes a URL that a credential may be sent to.
pub(crate) fn base(text: &str) -> Result<Url, Problem> {
    let refused = |why: &str| Problem::usage(format!("{text}: {why}"));
    let text_with_scheme = if text.contains("://") {
        text.to_owned()
    } else {
        format!("https://{text}")
    };
    let url = Url::parse(&text_with_scheme).map_err(|_| refused("not a URL"))?;
    if url.username() != "" || url.password().is_some() || url.query().is_some() {
        return Err(refused(
            "a gateway's URL has neither credentials nor a query",
        ));
    }
    match url.scheme() {
        "https" => Ok(url),
        "http" if is_loopback(&url) => Ok(url),
        "http" => Err(refused("plain HTTP is for this machine only")),
        _ => Err(refused("a gateway is reached by https")),
    }
}

/// Whether a URL stays on this machine.
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host_str() {
        Some("localhost") => true,
        Some(host) => {
            let address = host.trim_start_matches('[').trim_end_matches(']');
            address
                .parse::<std::net::IpAddr>()
                .is_ok_and(|ip| ip.is_loopback())
        }
        None => false,
    }
}

/// The gateway, as one user speaks to it.
pub(crate) struct Gateway {
    client: Client,
    base: String,
    token: Option<String>,
}

impl Gateway {
    pub(crate) fn new(client: Client, base: &Url) -> Self {
        Self {
            client,
            base: base.as_str().trim_end_matches('/').to_owned(),
            token: None,
        }
    }

    /// The same with a credential.
    pub(crate) fn with_token(mut self, token: String) -> Self {
        self.token = Some(token);
        self
    }

    /// The gateway's URL, without a trailing slash.
    pub(crate) fn url(&self) -> &str {
        &self.base
    }

    /// The underlying client, for the identity provider.
    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    /// What anybody may know of the gateway.
    pub(crate) async fn discovery(&self) -> Result<Discovery, Problem> {
        let url = format!("{}{}", self.base, contract::DISCOVERY_PATH);
        let response = self.send(self.client.get(url)).await?;
        json(response).await
    }

    /// GETs a text that is for everybody, by its path from the root.
    pub(crate) async fn open_text(&self, path: &str) -> Result<String, Problem> {
        let response = self
            .send(self.client.get(format!("{}{path}", self.base)))
            .await?;
        let text = response.text().await;
        text.map_err(|error| unreachable_by(&error))
    }

    /// GETs a path under the API, with query parameters; empty ones are left out.
    pub(crate) async fn get<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &[(&str, &str)],
    ) -> Result<T, Problem> {
        json(self.get_raw(path, query).await?).await
    }

    /// GETs bytes.
    pub(crate) async fn bytes(&self, path: &str) -> Result<Vec<u8>, Problem> {
        let response = self.get_raw(path, &[]).await?;
        let bytes = response.bytes().await;
        Ok(bytes.map_err(|e| unreachable_by(&e))?.to_vec())
    }

    /// POSTs a JSON body.
    pub(crate) async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T, Problem> {
        let request = self.request(Method::POST, path).json(body);
        json(self.send(request).await?).await
    }

    /// GETs an answer that may take long to come, to be read piece by piece; only a silence is bounded.
    pub(crate) async fn long(
        &self,
        path: &str,
        query: &[(&str, &str)],
    ) -> Result<Response, Problem> {
        let given: Vec<_> = query.iter().filter(|(_, v)| !v.is_empty()).collect();
        let request = self.request(Method::GET, path).query(&given);
        self.send(request.timeout(LONG_TIMEOUT)).await
    }

    async fn get_raw(&self, path: &str, query: &[(&str, &str)]) -> Result<Response, Problem> {
        let given: Vec<_> = query.iter().filter(|(_, v)| !v.is_empty()).collect();
        self.send(self.request(Method::GET, path).query(&given))
            .await
    }

    fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let url = format!("{}{}{path}", self.base, contract::PREFIX);
        let request = self.client.request(method, url);
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    async fn send(&self, request: reqwest::RequestBuilder) -> Result<Response, Problem> {
        let response = request.send().await.map_err(|e| unreachable_by(&e))?;
        if response.status().is_success() {
            return Ok(response);
        }
        Err(refusal(response).await)
    }
}

async fn refusal(response: Response) -> Problem {
    let status = response.status();
    let body = response.bytes().await.unwrap_or_default();
    match serde_json::from_slice::<ErrorBody>(&body) {
        Ok(body) => body.into(),
        Err(_) if status == StatusCode::UNAUTHORIZED => {
            Problem::new(Kind::SignIn, "the gateway does not know you").hint("portcullis login")
        }
        Err(_) => Problem::failed(format!("the gateway answered {status}"))
            .hint("is this the URL of a Portcullis gateway?"),
    }
}

async fn json<T: DeserializeOwned>(response: Response) -> Result<T, Problem> {
    let not_ours = || {
        Problem::failed("the gateway's answer is not understood")
            .hint("is this the URL of a Portcullis gateway, and of this version?")
    };
    let bytes = response.bytes().await.map_err(|e| unreachable_by(&e))?;
    if bytes.len() > JSON_BYTES_MAX {
        return Err(not_ours());
    }
    serde_json::from_slice(&bytes).map_err(|_| not_ours())
}

/// Tells a failed request in one line, with the innermost cause and without the URL's query.
pub(crate) fn unreachable_by(error: &reqwest::Error) -> Problem {
    let mut cause: &dyn std::error::Error = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    let place = error.url().and_then(Url::host_str).unwrap_or("the gateway");
    let problem = Problem::new(
        Kind::Unavailable,
        format!("{place} cannot be reached: {cause}"),
    );
    let text = cause.to_string().to_lowercase();
    if text.contains("certificate") || text.contains("unknown issuer") {
        return problem.hint("name its certificate authority with --ca FILE or PORTCULLIS_CA");
    }
    problem
}

/// Percent-encodes one path segment.
pub(crate) fn segment(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                out.push(char::from(byte));
            }
            other => out.push_str(&format!("%{other:02X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gateway_is_reached_by_https_or_on_this_machine() {
        for good in [
            "https://gate.example",
            "gate.example:8443",
            "http://127.0.0.1:8443",
            "http://localhost:1",
            "http://[::1]:1/",
        ] {
            assert!(base(good).is_ok(), "{good}");
        }
        for bad in [
            "http://gate.example",
            "http://127.0.0.1.evil.example",
            "ftp://gate.example",
            "https://user:pw@gate.example",
            "https://gate.example/?x=1",
            "https://",
        ] {
            assert!(base(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn segments_are_encoded() {
        assert_eq!(segment("key:a/b?c"), "key%3Aa%2Fb%3Fc");
    }
}
