//! What a relay is made of, as plain values. Knows no configuration file.

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use gate::Gate;
use gate::ports::{Credentials, Identities};
use model::{Limits, ResourceName};
pub use wire::postgres::ClientTls;

use crate::metrics::Metrics;

/// Everything that [`crate::Relay::start`] needs.
pub struct RelayParts {
    /// The one door.
    pub gate: Arc<Gate>,
    /// Checks logins.
    pub identities: Arc<dyn Identities>,
    /// Fetches target credentials at each dial.
    pub credentials: Arc<dyn Credentials>,
    /// The targets; names are distinct.
    pub resources: Vec<ResourceTarget>,
    /// Where clients come in.
    pub listeners: Vec<Listener>,
    /// The certificate shown to clients; needed as soon as one listener has TLS.
    pub server_tls: Option<ServerTls>,
    /// The key of deterministic masks.
    pub mask_key: mask::MaskKey,
    /// The bounds.
    pub limits: Limits,
    /// Threads that own sessions; 0 means one per core.
    pub workers: usize,
    /// Big-stack threads that analyse statements; 0 means one per core.
    pub parsers: usize,
    /// How often each target's catalog is asked whether it changed.
    pub catalog_interval: Duration,
    /// The counters; made and registered by the caller.
    pub metrics: Metrics,
}

/// One place where clients come in.
#[derive(Clone, Debug)]
pub struct Listener {
    /// Where.
    pub address: ListenAddress,
    /// TLS towards clients; a unix socket has none whatever stands here.
    pub tls: ClientTls,
    /// Whether SASL OAUTHBEARER is asked of every client instead of a password.
    pub oauth_always: bool,
}

/// Where to listen.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ListenAddress {
    /// An IP address and port; port 0 takes a free one.
    Tcp(SocketAddr),
    /// A unix socket's path; PostgreSQL clients look for `<folder>/.s.PGSQL.<port>`.
    Unix(PathBuf),
}

impl fmt::Display for ListenAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => address.fmt(f),
            Self::Unix(path) => path.display().fmt(f),
        }
    }
}

/// Where the certificate shown to clients comes from.
#[derive(Clone, Debug)]
pub enum ServerTls {
    /// PEM files; read anew when they change.
    Files {
        /// The certificate, then its intermediates.
        certificate: PathBuf,
        /// Its private key.
        key: PathBuf,
    },
    /// The gateway's own authority, made at first start and kept in `directory`.
    Own {
        /// Where `ca.crt`, `ca.key`, `server.crt` and `server.key` are kept.
        directory: PathBuf,
        /// Host names and IP addresses beside localhost, 127.0.0.1 and ::1.
        names: Vec<String>,
    },
}

/// A registered target.
#[derive(Clone, Debug)]
pub struct ResourceTarget {
    /// The name clients use.
    pub name: ResourceName,
    /// Free tags, for policy.
    pub tags: BTreeMap<String, String>,
    /// Where it is.
    pub address: TargetAddress,
    /// The databases it serves; the first is the one a client gets that names none.
    pub databases: Vec<String>,
    /// TLS towards it.
    pub tls: UpstreamTls,
}

/// Where a target is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum TargetAddress {
    /// A host name or IP address, and a port.
    Tcp {
        /// The host.
        host: String,
        /// The port.
        port: u16,
    },
    /// A unix socket's path.
    Unix(PathBuf),
}

impl fmt::Display for TargetAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp { host, port } => write!(f, "{host}:{port}"),
            Self::Unix(path) => path.display().fmt(f),
        }
    }
}

/// How strictly a target's certificate is checked. There is no mode that falls back to plain text by itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum UpstreamTlsMode {
    /// Plain text.
    Disable,
    /// Encrypted; the certificate is not checked.
    Require,
    /// Encrypted; the certificate comes from a trusted authority.
    VerifyCa,
    /// Likewise, and names the host that was dialled.
    VerifyFull,
}

/// TLS towards one target.
#[derive(Clone, Debug)]
pub struct UpstreamTls {
    /// How strict.
    pub mode: UpstreamTlsMode,
    /// Trusted roots, PEM; the system's bundle when absent. A self-signed server certificate in this file is
    /// trusted as itself.
    pub ca_file: Option<PathBuf>,
    /// Client certificate and key, PEM.
    pub certificate: Option<(PathBuf, PathBuf)>,
    /// The name to verify and to ask for, when it is not the host's.
    pub server_name: Option<String>,
}

impl UpstreamTls {
    /// Plain text.
    pub fn disabled() -> Self {
        Self {
            mode: UpstreamTlsMode::Disable,
            ca_file: None,
            certificate: None,
            server_name: None,
        }
    }
}
