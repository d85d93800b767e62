//! A journal that keeps nothing of sessions, for `make bench` alone: what recording costs is told by its absence.
//!
//! Must never be in a binary that anybody serves with: the feature `unrecorded` alone compiles it, nothing switches that on,
//! and it says so at every start.

use std::sync::Arc;

use gate::ports::{BoxFuture, Journal, PortError, Recorder};
use ledger::Event;
use model::SessionId;

/// Passes control events on and forgets sessions.
pub(crate) struct Unrecorded(Arc<dyn Journal>);

/// Forgets one session.
struct Nothing;

/// The journal without its sessions.
pub(crate) fn unrecorded(journal: Arc<dyn Journal>) -> Arc<dyn Journal> {
    tracing::error!("built to measure: sessions are NOT recorded");
    Arc::new(Unrecorded(journal))
}

impl Journal for Unrecorded {
    fn begin(&self, _session: SessionId) -> Result<Box<dyn Recorder>, PortError> {
        Ok(Box::new(Nothing))
    }

    fn control(&self, event: &Event<'_>) -> Result<(), PortError> {
        self.0.control(event)
    }
}

impl Recorder for Nothing {
    fn append(&mut self, _event: &Event<'_>) -> Result<(), PortError> {
        Ok(())
    }

    fn stage(&mut self, _event: &Event<'_>) -> Result<usize, PortError> {
        Ok(0)
    }

    fn commit(&mut self) -> Result<(), PortError> {
        Ok(())
    }

    fn response(&mut self, _sequence: u64, _bytes: &[u8]) -> Result<(), PortError> {
        Ok(())
    }

    fn durable(&mut self) -> BoxFuture<'static, Result<(), PortError>> {
        Box::pin(std::future::ready(Ok(())))
    }

    fn pressure(&mut self) -> Option<BoxFuture<'static, Result<(), PortError>>> {
        None
    }
}
