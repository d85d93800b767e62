//! Sinks: audit events sent to where others keep them, at least once, in the journal's order.
//!
//! Must never hold up a session, and never hold events: the journal on disk is the queue, and a sink is a reader of it
//! that remembers how far it came. Where a sink cannot deliver, it tries again, for as long as it takes.

mod file;
mod follow;
mod gauges;
mod position;
mod syslog;
#[cfg(test)]
mod tests;
mod webhook;

use std::net::IpAddr;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use export::{AuditEvent, Format};
use gate::ports::{Journal, PortError, Recorder};
use ledger::Event;
use model::SessionId;
use serde_json::Value;
use store::JournalStore;
use tokio::runtime::Handle;

use crate::config::{SinkConfig, SinkKind};
pub(crate) use gauges::Gauges;

/// Why something could not be delivered, and when it makes sense to try again.
#[derive(Debug)]
pub(crate) struct Failure {
    /// One line, without secrets.
    what: String,
    /// What the receiver asked for.
    after: Option<Duration>,
}

impl Failure {
    pub(crate) fn new(what: impl Into<String>) -> Self {
        let what = what.into();
        Self { what, after: None }
    }
}

/// One event, ready to be sent.
pub(crate) struct Told {
    id: String,
    kind: &'static str,
    /// In microseconds since 1970 UTC.
    time: u64,
    is_warning: bool,
    json: Value,
}

impl Told {
    fn new(event: &AuditEvent, format: Format) -> Self {
        let outcome = event
            .statement()
            .map(|statement| &*statement.action.outcome);
        Self {
            id: event.id(),
            kind: event.kind().as_str(),
            time: event.time,
            is_warning: outcome == Some("deny") || event.kind() == export::Kind::Gap,
            json: format.json(event),
        }
    }
}

/// Where events go.
pub(crate) trait Output: Send {
    /// Hands over events; when it returns, they are as good as delivered.
    fn deliver(&mut self, events: &[Told]) -> Result<(), Failure>;

    /// Whether what was handed over a moment ago can still be on its way.
    fn check(&mut self) -> Result<(), Failure> {
        Ok(())
    }

    /// For how long what was handed over may turn out to be lost.
    fn settles_in(&self) -> Duration {
        Duration::ZERO
    }
}

/// How a sink is.
pub(crate) struct Status {
    pub(crate) name: String,
    required: Option<Duration>,
    pub(crate) events: AtomicU64,
    /// The last record whose events were delivered.
    pub(crate) delivered: AtomicU64,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Since when there is something that was not delivered.
    behind: Option<Instant>,
    /// Since when delivery fails, and why.
    failing: Option<(Instant, String)>,
}

impl Status {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_behind(&self, behind: bool) {
        let mut state = self.state();
        match behind {
            true => drop(state.behind.get_or_insert_with(Instant::now)),
            false => state.behind = None,
        }
    }

    fn failed(&self, failure: &Failure) {
        let mut state = self.state();
        match &mut state.failing {
            Some((_, why)) => why.clone_from(&failure.what),
            None => {
                tracing::error!(
                    sink = self.name,
                    why = failure.what,
                    "a sink cannot deliver; it tries again"
                );
                state.failing = Some((Instant::now(), failure.what.clone()));
            }
        }
    }

    fn works(&self) {
        if let Some((since, _)) = self.state().failing.take() {
            let seconds = since.elapsed().as_secs();
            tracing::info!(sink = self.name, seconds, "a sink delivers again");
        }
    }

    /// For how long there has been something that was not delivered.
    pub(crate) fn lag(&self) -> Duration {
        self.state()
            .behind
            .map_or(Duration::ZERO, |since| since.elapsed())
    }

    /// For how long delivery has failed.
    pub(crate) fn failing(&self) -> Duration {
        let state = self.state();
        state
            .failing
            .as_ref()
            .map_or(Duration::ZERO, |(since, _)| since.elapsed())
    }

    /// Whether it keeps sessions from opening.
    fn is_in_the_way(&self) -> bool {
        self.required.is_some_and(|max| self.lag() > max)
    }
}

/// All sinks, as others see them.
#[derive(Clone, Default)]
pub(crate) struct Sinks(pub(crate) Arc<[Arc<Status>]>);

impl Sinks {
    /// The sinks of a configuration, none of them running yet.
    pub(crate) fn of(configs: &[SinkConfig]) -> Self {
        let status = |config: &SinkConfig| {
            Arc::new(Status {
                name: config.name.clone(),
                required: config.required.then_some(config.max_lag.0),
                events: AtomicU64::new(0),
                delivered: AtomicU64::new(0),
                state: Mutex::default(),
            })
        };
        Self(configs.iter().map(status).collect())
    }

    /// The required sink that is too far behind.
    ///
    /// # Errors
    /// One line that names it.
    pub(crate) fn health(&self) -> Result<(), String> {
        match self.0.iter().find(|status| status.is_in_the_way()) {
            Some(status) => Err(format!(
                "the required sink {} is {} s behind",
                status.name,
                status.lag().as_secs()
            )),
            None => Ok(()),
        }
    }
}

/// Threads that deliver; dropping it ends them.
pub(crate) struct Running {
    stops: Vec<std::sync::mpsc::SyncSender<()>>,
    threads: Vec<std::thread::JoinHandle<()>>,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stops.clear();
        for thread in self.threads.drain(..) {
            if thread.join().is_err() {
                tracing::error!("a sink's thread had panicked");
            }
        }
    }
}

/// Starts all sinks.
///
/// # Errors
/// What one of them lacks: a secret, a certificate, a folder.
pub(crate) fn start(
    configs: &[SinkConfig],
    sinks: &Sinks,
    data: &Path,
    journal: &Arc<JournalStore>,
) -> Result<Running> {
    let mut running = Running {
        stops: Vec::new(),
        threads: Vec::new(),
    };
    let dir = data.join("sinks");
    if !configs.is_empty() {
        std::fs::create_dir_all(&dir).with_context(|| dir.display().to_string())?;
    }
    let id = export::Reader::new(journal.dir(), 0).journal()?;
    for (config, status) in configs.iter().zip(sinks.0.iter()) {
        let key = format!("sink {}", config.name);
        let output = output(config).with_context(|| key.clone())?;
        let place = position::Place::new(&dir, &config.name, id.unwrap_or_default());
        let follower = follow::Follower::new(config, output, place, Arc::clone(status), journal)
            .with_context(|| key.clone())?;
        let (stop, stopped) = std::sync::mpsc::sync_channel(1);
        let thread = std::thread::Builder::new().name(key);
        running
            .threads
            .push(thread.spawn(move || follower.run(&stopped))?);
        running.stops.push(stop);
    }
    Ok(running)
}

fn output(config: &SinkConfig) -> Result<Box<dyn Output>> {
    Ok(match config.kind {
        SinkKind::File => Box::new(file::File::new(config)?),
        SinkKind::Syslog => Box::new(syslog::Syslog::new(config)?),
        SinkKind::Webhook => Box::new(webhook::Webhook::new(config, Handle::current())?),
    })
}

/// The journal, for as long as every required sink keeps up.
pub(crate) struct Guarded {
    pub(crate) journal: Arc<JournalStore>,
    pub(crate) sinks: Sinks,
}

impl Journal for Guarded {
    fn begin(&self, session: SessionId) -> Result<Box<dyn Recorder>, PortError> {
        self.sinks.health().map_err(|why| PortError::Failed {
            what: "a required sink",
            source: why.into(),
        })?;
        self.journal.begin(session)
    }

    fn control(&self, event: &Event<'_>) -> Result<(), PortError> {
        self.journal.control(event)
    }
}

/// Whether an address is this machine, or one that no router passes on: where the host's own services and a cloud's
/// instance credentials are.
pub(crate) fn is_local(ip: &IpAddr) -> bool {
    match ip.to_canonical() {
        IpAddr::V4(ip) => {
            ip.is_loopback()
                || ip.is_link_local()
                || ip.is_unspecified()
                || ip.is_multicast()
                || ip.is_broadcast()
                || ip.octets()[0] == 0
        }
        IpAddr::V6(ip) => {
            ip.is_loopback()
                || ip.is_unicast_link_local()
                || ip.is_unspecified()
                || ip.is_multicast()
        }
    }
}

fn count(counter: &AtomicU64, more: usize) {
    counter.fetch_add(u64::try_from(more).unwrap_or(u64::MAX), Ordering::Relaxed);
}
