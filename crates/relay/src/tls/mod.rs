//! TLS towards clients and towards targets. Knows no protocol but its ALPN name.

pub(crate) mod authority;
pub(crate) mod binding;
pub(crate) mod client;
pub(crate) mod files;
pub(crate) mod server;
pub(crate) mod verify;

use std::sync::Arc;

use rustls::crypto::CryptoProvider;

/// What PostgreSQL clients and servers call their protocol in ALPN.
pub(crate) const ALPN: &[u8] = b"postgresql";

/// The one provider of cryptography.
pub(crate) fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::aws_lc_rs::default_provider())
}
