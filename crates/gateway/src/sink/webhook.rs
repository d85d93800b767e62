//! Webhooks, signed as Standard Webhooks has it: HMAC-SHA256 over id, time and body.
//!
//! Must never follow a redirect, never reach this machine or a link-local address unless it is configured to, and never
//! show its secret.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use hmac::{Hmac, KeyInit as _, Mac as _};
use model::Secret;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::{Client, StatusCode, header};
use serde_json::json;
use sha2::Sha256;
use tokio::runtime::Handle;

use super::{Failure, Output, Told, is_local};
use crate::config::SinkConfig;

/// Time for one delivery.
const TIMEOUT: Duration = Duration::from_secs(20);
/// Bytes of a secret (Standard Webhooks, "Signature scheme").
const SECRET_BYTES: std::ops::RangeInclusive<usize> = 24..=64;

/// An HTTP endpoint.
pub(crate) struct Webhook {
    client: Client,
    url: String,
    secret: Secret<Vec<u8>>,
    runtime: Handle,
}

impl Webhook {
    pub(crate) fn new(config: &SinkConfig, runtime: Handle) -> Result<Self> {
        let mut builder = Client::builder()
            .timeout(TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .user_agent(concat!("portcullis/", env!("CARGO_PKG_VERSION")));
        if !config.allow_local {
            builder = builder.dns_resolver(Arc::new(Elsewhere));
        }
        if let Some(path) = &config.ca_file {
            let pem = std::fs::read(path).with_context(|| path.display().to_string())?;
            let certificates = reqwest::Certificate::from_pem_bundle(&pem)
                .with_context(|| path.display().to_string())?;
            builder = builder.tls_certs_only(certificates);
        }
        Ok(Self {
            client: builder.build().context("TLS")?,
            url: config.url.clone().context("url is needed")?,
            secret: secret(config)?,
            runtime,
        })
    }

    /// Posts events; in halves where the receiver finds them too large.
    fn post(&self, events: &[Told]) -> Result<(), Failure> {
        let (Some(first), Some(last)) = (events.first(), events.last()) else {
            return Ok(());
        };
        let id = match events.len() {
            1 => first.id.clone(),
            // Says exactly which events: the same ones always come under the same id.
            count => format!("{}_{}_{count}", first.id, last.id),
        };
        let status = self.runtime.block_on(self.send(&id, events))?;
        if status != StatusCode::PAYLOAD_TOO_LARGE || events.len() == 1 {
            return match status.is_success() {
                true => Ok(()),
                false => Err(Failure::new(format!("the receiver answered {status}"))),
            };
        }
        let (one, other) = events.split_at(events.len() / 2);
        self.post(one)?;
        self.post(other)
    }

    async fn send(&self, id: &str, events: &[Told]) -> Result<StatusCode, Failure> {
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        let seconds = now.as_secs();
        let micros = u64::try_from(now.as_micros()).unwrap_or(0);
        let data: Vec<_> = events.iter().map(|event| &event.json).collect();
        let body = json!({
            "type": "audit.events",
            "timestamp": ledger::find::rfc3339(micros),
            "data": { "events": data },
        });
        let body = body.to_string();
        let signature = sign(self.secret.expose(), id, seconds, &body);
        let request = self
            .client
            .post(&self.url)
            .header(header::CONTENT_TYPE, "application/json")
            .header("webhook-id", id)
            .header("webhook-timestamp", seconds)
            .header("webhook-signature", signature)
            .body(body);
        let response = request.send().await.map_err(|error| {
            let mut cause: &dyn std::error::Error = &error;
            while let Some(next) = cause.source() {
                cause = next;
            }
            Failure::new(format!("the receiver cannot be reached: {cause}"))
        })?;
        let status = response.status();
        if status == StatusCode::TOO_MANY_REQUESTS || status == StatusCode::SERVICE_UNAVAILABLE {
            let after = response.headers().get(header::RETRY_AFTER);
            let after = after.and_then(|value| value.to_str().ok()?.trim().parse().ok());
            return Err(Failure {
                what: format!("the receiver answered {status}"),
                after: after.map(Duration::from_secs),
            });
        }
        Ok(status)
    }
}

impl Output for Webhook {
    fn deliver(&mut self, events: &[Told]) -> Result<(), Failure> {
        self.post(events)
    }
}

/// `v1,` and the signature.
fn sign(secret: &[u8], id: &str, seconds: u64, body: &str) -> String {
    // HMAC takes keys of any length.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret) else {
        return String::new();
    };
    mac.update(format!("{id}.{seconds}.{body}").as_bytes());
    format!("v1,{}", BASE64.encode(mac.finalize().into_bytes()))
}

fn secret(config: &SinkConfig) -> Result<Secret<Vec<u8>>> {
    let text = match (&config.secret_file, &config.secret_env) {
        (Some(path), _) => {
            std::fs::read_to_string(path).with_context(|| path.display().to_string())?
        }
        (None, Some(name)) => std::env::var(name)
            .ok()
            .with_context(|| format!("the variable {name}"))?,
        (None, None) => bail!("secret_file or secret_env is needed"),
    };
    let bytes = text
        .trim()
        .strip_prefix("whsec_")
        .and_then(|text| BASE64.decode(text).ok());
    let bytes = bytes.filter(|bytes| SECRET_BYTES.contains(&bytes.len()));
    // What it is instead is not said.
    bytes
        .map(Secret::new)
        .context("a webhook's secret is whsec_ and 24 to 64 bytes in base64")
}

/// Resolves names, and forgets addresses of this machine and link-local ones: a name may be somebody else's.
struct Elsewhere;

impl Resolve for Elsewhere {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let elsewhere: Vec<SocketAddr> =
                found.filter(|address| !is_local(&address.ip())).collect();
            if elsewhere.is_empty() {
                let refused = "the name leads to this machine or a link-local address";
                return Err(refused.into());
            }
            let addresses: Addrs = Box::new(elsewhere.into_iter());
            Ok(addresses)
        })
    }
}
