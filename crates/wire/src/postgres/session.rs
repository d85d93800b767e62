//! One logged-in session between a client and its upstream.

use std::sync::Arc;

use model::Limits;

use super::inspect::Inspector;
use super::login::UpstreamReady;

/// What a session is made of.
pub struct SessionParts<'a> {
    /// The bounds.
    pub limits: Limits,
    /// The database's inspector.
    pub inspector: Arc<Inspector>,
    /// What the upstream reported at login.
    pub upstream: &'a UpstreamReady,
    /// The key of deterministic masks.
    pub mask_key: mask::MaskKey,
    /// Who acts, for the upstream's `application_name`: put before whatever the client calls itself.
    pub who: String,
}

/// One session's core; driven through [`crate::kit::Session`].
pub struct Session {}

impl Session {
    /// Starts between a client that was told ReadyForQuery and an upstream that said it.
    pub fn new(parts: SessionParts<'_>) -> Self {
        let _ = parts;
        todo!("wire")
    }
}
