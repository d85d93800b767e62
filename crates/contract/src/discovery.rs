//! What a client must know before it can sign in: served to anybody, so nothing here is secret.

use serde::{Deserialize, Serialize};

/// The document at [`crate::DISCOVERY_PATH`].
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Discovery {
    /// The version of this document's shape.
    pub version: u32,
    /// The gateway's own version.
    pub gateway: String,
    /// The URL that people use for the gateway's page and API, without a trailing slash.
    pub public_url: String,
    /// The OIDC issuer to sign in with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// The OIDC client that the command line is at that issuer; a public client.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    /// Scopes to ask for.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// Where PostgreSQL clients connect.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub postgres: Option<PostgresEndpoint>,
}

/// Where PostgreSQL clients connect.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct PostgresEndpoint {
    /// Host name; the certificate carries it.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// The certificate authority to trust, PEM; absent when the system's authorities suffice or TLS is off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca_pem: Option<String>,
    /// The `sslmode` that suits the listener: `verify-full`, or `disable` where it takes no TLS.
    pub sslmode: String,
}
