//! What all handlers share: the parts, browser sessions, attempt counts.
//!
//! Holds no request's state.

use std::sync::Arc;
use std::time::SystemTime;

use gate::ports::PortError;
use ledger::Event;
use tokio::sync::Semaphore;

use crate::exports::EXPORTS_MAX;
use crate::failure::Failure;
use crate::parts::ApiParts;
use crate::rate::Attempts;
use crate::web_session::WebSessions;

/// Shared by all handlers.
pub(crate) struct Shared {
    pub parts: ApiParts,
    pub web: WebSessions,
    pub attempts: Attempts,
    /// Places for exports.
    pub exports: Arc<Semaphore>,
}

impl Shared {
    pub(crate) fn new(parts: ApiParts) -> Arc<Self> {
        Arc::new(Self {
            parts,
            web: WebSessions::default(),
            attempts: Attempts::default(),
            exports: Arc::new(Semaphore::new(EXPORTS_MAX)),
        })
    }

    /// Whether people reach the page by https.
    pub(crate) fn is_https(&self) -> bool {
        self.public_url().starts_with("https://")
    }

    /// The public URL without a trailing slash.
    pub(crate) fn public_url(&self) -> &str {
        self.parts.discovery.public_url.trim_end_matches('/')
    }

    /// Scheme, host and port of the public URL, as browsers write `Origin`.
    pub(crate) fn origin(&self) -> &str {
        let url = self.public_url();
        let after = url.find("://").map_or(0, |at| at + 3);
        let path = url.get(after..).and_then(|rest| rest.find('/'));
        path.and_then(|at| url.get(..after + at)).unwrap_or(url)
    }

    /// Writes a control-plane event and returns once it is on disk.
    pub(crate) async fn record(
        &self,
        actor: String,
        name: &'static str,
        fields: Vec<(&'static str, String)>,
    ) -> Result<(), Failure> {
        let journal = Arc::clone(&self.parts.journal);
        blocking(move || {
            let fields = fields.into_iter();
            let event = Event::Control {
                time: micros_now(),
                actor: actor.into(),
                name: name.into(),
                fields: fields.map(|(k, v)| (k.into(), v.into())).collect(),
            };
            journal.control(&event)
        })
        .await
    }
}

/// Runs work that blocks where blocking is allowed.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, PortError> + Send + 'static,
) -> Result<T, Failure> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => Ok(result?),
        Err(error) => {
            tracing::error!(%error, "a blocking task failed");
            Err(Failure::internal())
        }
    }
}

fn micros_now() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since
        .ok()
        .and_then(|d| u64::try_from(d.as_micros()).ok())
        .unwrap_or(0)
}
