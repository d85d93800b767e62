//! The gateway's side towards the target until it is ready for queries.

use bytes::BytesMut;
use model::{Fault, Limits, Secret};

/// Names one backend for a CancelRequest.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct CancelKey {
    /// The backend's process id.
    pub process: i32,
    /// The secret that goes with it, 4 to 256 bytes.
    pub secret: Vec<u8>,
}

impl std::fmt::Debug for CancelKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "CancelKey({}, ..)", self.process)
    }
}

impl CancelKey {
    /// The CancelRequest packet for this key, to be sent on a connection of its own.
    pub fn request(&self) -> BytesMut {
        todo!("wire")
    }
}

/// An upstream that is logged in.
#[derive(Clone, Debug)]
pub struct UpstreamReady {
    /// What it reported, in order.
    pub parameters: Vec<(String, String)>,
    /// Its cancel key, if it gave one.
    pub cancel: Option<CancelKey>,
    /// Its version as `server_version_num` has it (150018).
    pub server_version: u32,
}

/// How to log in to a target.
#[derive(Debug)]
pub struct LoginParts {
    /// The role.
    pub user: String,
    /// Its password, if it has one.
    pub password: Option<Secret<String>>,
    /// The database.
    pub database: String,
    /// Settings to ask for, `application_name` among them; the pinned ones are added here.
    pub parameters: Vec<(String, String)>,
    /// The `tls-server-end-point` hash of the server's certificate, where TLS stands.
    pub channel_binding: Option<Vec<u8>>,
    /// Whether a password may be sent in the clear: TLS stands, or the transport is a unix socket or loopback.
    pub encrypted: bool,
    /// The bounds.
    pub limits: Limits,
}

/// What a login came to.
#[derive(Debug)]
pub enum LoginEffect {
    /// Ready for queries.
    Ready(UpstreamReady),
    /// Failed.
    Failed {
        /// By whose fault.
        fault: Fault,
        /// The server's SQLSTATE, where it gave one.
        sqlstate: Option<String>,
        /// For the log; never holds a secret.
        message: String,
    },
}

/// The eight bytes that ask a server for TLS; it answers `S` or `N` in one byte.
pub fn ssl_request() -> [u8; 8] {
    [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f]
}

/// One login under way.
pub struct Login {
    to_upstream: BytesMut,
}

impl Login {
    /// Starts: the start-up packet is in [`Login::to_upstream`].
    pub fn new(parts: LoginParts) -> Self {
        let _ = parts;
        todo!("wire")
    }

    /// Takes bytes the upstream sent; consumes whole messages and leaves the rest.
    pub fn on_bytes(&mut self, bytes: &mut BytesMut) {
        let _ = bytes;
        todo!("wire")
    }

    /// How it ended; `None` while under way.
    pub fn poll(&mut self) -> Option<LoginEffect> {
        todo!("wire")
    }

    /// Bytes for the upstream; the host drains them.
    pub fn to_upstream(&mut self) -> &mut BytesMut {
        &mut self.to_upstream
    }
}
