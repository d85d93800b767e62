//! The client's side until its credential is in hand.

use bytes::BytesMut;
use gate::ports::Credential;
use model::{Fault, Limits, Refusal};

use super::login::{CancelKey, UpstreamReady};

/// Whether clients get TLS.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ClientTls {
    /// A client that does not ask for it is refused.
    Required,
    /// It is there for those who ask.
    Offered,
    /// There is none.
    Off,
}

/// How a listener treats new clients.
#[derive(Clone, Debug)]
pub struct StartupOptions {
    /// The bounds.
    pub limits: Limits,
    /// TLS towards clients.
    pub tls: ClientTls,
    /// Whether the transport keeps secrets without TLS (unix socket, loopback).
    pub confidential: bool,
    /// The OIDC discovery URL and the scope, for clients that log in by SASL OAUTHBEARER.
    pub oauth_hint: Option<(String, String)>,
    /// Whether OAUTHBEARER is asked of every client instead of a password; otherwise a client asks for it with
    /// `options=-c portcullis.auth=oauth`.
    pub oauth_always: bool,
}

/// A client that presented itself and its credential.
#[derive(Debug)]
pub struct LoginRequest {
    /// The login name.
    pub user: String,
    /// The database it named; the login name where it named none.
    pub database: String,
    /// `application_name`, may be empty.
    pub application_name: String,
    /// The other settings it asked for, checked against the allow-list, to be handed to the upstream login.
    pub parameters: Vec<(String, String)>,
    /// The protocol's minor version in force, 0 or 2.
    pub protocol_minor: u16,
    /// What it presented.
    pub credential: Credential,
}

/// What the start-up wants from its host.
#[derive(Debug)]
pub enum StartupEffect {
    /// Flush, start TLS, then call [`Startup::tls_started`].
    UpgradeTls,
    /// Authenticate and dial, then call [`Startup::accept`] or [`Startup::refuse`].
    Authenticate(LoginRequest),
    /// Hand this on to the session that it belongs to, and close without a word.
    Cancel(CancelKey),
    /// Flush and close; the text is for the log.
    Close(Fault, String),
}

/// The client's side of one connection until it is logged in.
pub struct Startup {
    to_client: BytesMut,
}

impl Startup {
    /// Awaits the first packet.
    pub fn new(options: StartupOptions) -> Self {
        let _ = options;
        todo!("wire")
    }

    /// TLS stands. `direct`: it was there from the first byte (ALPN `postgresql` negotiated), not asked for by an
    /// SSLRequest.
    pub fn tls_started(&mut self, direct: bool) {
        let _ = direct;
        todo!("wire")
    }

    /// Takes bytes the client sent; consumes whole packets from the front and leaves the rest.
    pub fn on_bytes(&mut self, bytes: &mut BytesMut) {
        let _ = bytes;
        todo!("wire")
    }

    /// The next effect, until `None`.
    pub fn poll(&mut self) -> Option<StartupEffect> {
        todo!("wire")
    }

    /// Bytes for the client; the host drains them.
    pub fn to_client(&mut self) -> &mut BytesMut {
        &mut self.to_client
    }

    /// The login is refused: writes a FATAL ErrorResponse.
    pub fn refuse(&mut self, refusal: &Refusal) {
        let _ = refusal;
        todo!("wire")
    }

    /// The login stands: writes everything up to and with ReadyForQuery. `key` is the gateway's own cancel key.
    pub fn accept(&mut self, key: &CancelKey, upstream: &UpstreamReady) {
        let _ = (key, upstream);
        todo!("wire")
    }
}

impl CancelKey {
    /// Makes a fresh random key for a client of this minor version: 32 secret bytes for 3.2, four for 3.0.
    pub fn generate(protocol_minor: u16) -> Self {
        let _ = protocol_minor;
        todo!("wire")
    }
}
