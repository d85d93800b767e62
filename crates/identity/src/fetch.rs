//! Asks an issuer over HTTP: bounded in time and size, without redirects, and only where the configuration lets it.
//! Never puts what it sends or gets into an error.

use reqwest::{Client, RequestBuilder, Response, StatusCode};
use serde_json::{Map, Value};

use crate::config::IssuerConfig;
use crate::error::Error;
use crate::json;

/// Bytes of a response; key sets and discovery documents have a few thousand.
const BODY_BYTES_MAX: usize = 1024 * 1024;

/// A client for one issuer.
#[derive(Clone, Debug)]
pub(crate) struct Http {
    client: Client,
    config: std::sync::Arc<IssuerConfig>,
}

impl Http {
    /// Builds the client; reads the CA file.
    pub(crate) fn new(config: std::sync::Arc<IssuerConfig>) -> Result<Self, Error> {
        let wrong = |reason: String| Error::issuer(&config.url, reason);
        let mut builder = Client::builder()
            .timeout(config.timeout)
            .connect_timeout(config.timeout)
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .user_agent("portcullis");
        if let Some(path) = &config.ca_file {
            let pem = std::fs::read(path)
                .map_err(|error| wrong(format!("cannot read {}: {error}", path.display())))?;
            let certificates = reqwest::Certificate::from_pem_bundle(&pem)
                .map_err(|_| wrong(format!("{} holds no certificates", path.display())))?;
            builder = builder.tls_certs_only(certificates);
        }
        if config.allow_http_loopback {
            builder = builder.no_proxy();
        }
        let client = builder
            .build()
            .map_err(|error| wrong(format!("no HTTP client: {}", chain(&error))))?;
        Ok(Self { client, config })
    }

    /// Gets a JSON object.
    pub(crate) async fn get(&self, url: &str) -> Result<Map<String, Value>, Error> {
        self.allowed(url)?;
        let (status, body) = self.send(self.client.get(url)).await?;
        if status != StatusCode::OK {
            return Err(self.wrong(format!("answered {status}")));
        }
        Ok(body)
    }

    /// Posts a form and returns the status with the JSON object that came.
    pub(crate) async fn post(
        &self,
        url: &str,
        form: &[(&str, &str)],
    ) -> Result<(StatusCode, Map<String, Value>), Error> {
        self.allowed(url)?;
        let mut request = self.client.post(url).form(form);
        if let (Some(id), Some(secret)) = (&self.config.client_id, &self.config.client_secret) {
            // RFC 6749 §2.3.1: both are form-encoded before they are joined.
            request = request.basic_auth(encode(id), Some(encode(secret.expose())));
        }
        self.send(request).await
    }

    fn allowed(&self, url: &str) -> Result<(), Error> {
        if self.config.may_fetch(url) {
            return Ok(());
        }
        Err(self.wrong("names an address that is not https".to_owned()))
    }

    async fn send(
        &self,
        request: RequestBuilder,
    ) -> Result<(StatusCode, Map<String, Value>), Error> {
        let request = request.header("accept", "application/json");
        let response = request.send().await;
        let response = response.map_err(|error| self.unreachable(error))?;
        let status = response.status();
        let body = self.body(response).await?;
        let object = json::object(&body).ok_or_else(|| {
            self.wrong(format!(
                "answered {status} with something that is not a JSON object"
            ))
        })?;
        Ok((status, object))
    }

    async fn body(&self, mut response: Response) -> Result<Vec<u8>, Error> {
        let mut body = Vec::new();
        while let Some(chunk) = response
            .chunk()
            .await
            .map_err(|error| self.unreachable(error))?
        {
            if body.len().saturating_add(chunk.len()) > BODY_BYTES_MAX {
                return Err(self.wrong("answered with too much".to_owned()));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }

    fn unreachable(&self, error: reqwest::Error) -> Error {
        self.wrong(format!(
            "cannot be reached: {}",
            chain(&error.without_url())
        ))
    }

    fn wrong(&self, reason: String) -> Error {
        Error::issuer(&self.config.url, reason)
    }
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text = format!("{text}: {inner}");
        cause = inner.source();
    }
    text
}

fn encode(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._*".contains(&byte);
    text.bytes()
        .map(|byte| match byte {
            b' ' => "+".to_owned(),
            byte if plain(byte) => char::from(byte).to_string(),
            byte => format!("%{byte:02X}"),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn client_credentials_are_form_encoded() {
        assert_eq!(encode("a:b c%é-._*"), "a%3Ab+c%25%C3%A9-._*");
    }
}
