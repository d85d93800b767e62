//! Starting and stopping: threads, listeners, and what runs beside the sessions. Knows no protocol.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime};

use gate::StopReason;
use tokio::sync::{mpsc, oneshot, watch};

use crate::cancel::Cancels;
use crate::catalog::{self, KeeperParts};
use crate::context::{Errand, Shared};
use crate::dial::Target;
use crate::doorway::Doorway;
use crate::error::Error;
use crate::listen::{self, Acceptor, Bound};
use crate::parse::ParserThreads;
use crate::parts::{ClientTls, ListenAddress, RelayParts};
use crate::supervise::{self, Tasks};
use crate::tls::client::client_side;
use crate::tls::server::ServerSide;
use crate::workers::{Phase, WorkerThreads, Workers};

/// Cancel requests to targets that may wait; each is small, and a target that does not take them is down.
const ERRANDS_MAX: usize = 1024;

/// How often certificate files are looked at.
const CERTIFICATE_INTERVAL: Duration = Duration::from_secs(5);

/// How long sessions that are ended at once may take to say goodbye.
const LAST_WORDS: Duration = Duration::from_secs(3);

/// Starts relays.
pub struct Relay;

/// A relay that runs. When dropped without [`Running::drain`], its threads end without goodbye.
pub struct Running {
    shared: Arc<Shared>,
    addresses: Vec<ListenAddress>,
    stop_accepting: watch::Sender<bool>,
    phase: watch::Sender<Phase>,
    stop_keepers: oneshot::Sender<()>,
    workers: WorkerThreads,
    control: JoinHandle<()>,
    keepers: JoinHandle<()>,
    parsers: ParserThreads,
    drain_timeout: Duration,
}

impl Relay {
    /// Binds all listeners, makes or reads certificates, and starts all threads.
    ///
    /// # Errors
    /// [`Error`]; nothing runs then.
    pub fn start(parts: RelayParts) -> Result<Running, Error> {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let count = |asked: usize| if asked == 0 { cores } else { asked };
        let bound: Result<Vec<Bound>, _> = parts.listeners.iter().map(listen::bind).collect();
        let bound = bound?;
        let tls = server_side(&parts)?;
        let targets = targets(&parts)?;
        let keeper_parts = KeeperParts {
            credentials: Arc::clone(&parts.credentials),
            limits: parts.limits.clone(),
            interval: parts.catalog_interval,
        };
        let (catalogs, keepers) = catalog::keep(targets.values(), &keeper_parts);
        let parsers = ParserThreads::start(count(parts.parsers))?;
        parts.metrics.parsers(parsers.handle());
        let (errands, errands_due) = mpsc::channel(ERRANDS_MAX);
        let drain_timeout = parts.limits.drain_timeout;
        let pending = Doorway::new(
            parts.limits.logins_pending_max,
            parts.limits.logins_pending_per_address_max,
        );
        let shared = Arc::new(Shared {
            gate: parts.gate,
            identities: parts.identities,
            credentials: parts.credentials,
            targets,
            mask_key: parts.mask_key,
            limits: parts.limits,
            tls,
            cancels: Cancels::new(),
            catalogs,
            parsers: parsers.handle(),
            errands,
            draining: AtomicBool::new(false),
        });
        let (phase, phase_seen) = watch::channel(Phase::Open);
        let (stop_keepers, keepers_stopped) = oneshot::channel();
        let keepers = supervise::catalog_thread(move || keepers.run(keepers_stopped))?;
        let wanted = count(parts.workers);
        let (workers, threads) = Workers::start(wanted, &shared, &parts.metrics, &phase_seen)?;
        let (stop_accepting, stop) = watch::channel(false);
        let acceptor = Acceptor {
            workers,
            pending,
            metrics: parts.metrics,
            stop,
        };
        let addresses = bound.iter().map(|one| one.address.clone()).collect();
        let control = Control {
            shared: Arc::clone(&shared),
            errands: errands_due,
            phase: phase_seen,
        };
        let work = move || control.run(bound, acceptor);
        let control = supervise::runtime_thread("relay-control".to_owned(), work)?;
        Ok(Running {
            shared,
            addresses,
            stop_accepting,
            phase,
            stop_keepers,
            workers: threads,
            control,
            keepers,
            parsers,
            drain_timeout,
        })
    }
}

fn server_side(parts: &RelayParts) -> Result<Option<ServerSide>, Error> {
    let has_tls = |address: &ListenAddress| matches!(address, ListenAddress::Tcp(_));
    let mut listeners = parts.listeners.iter();
    let wanted = listeners.any(|one| one.tls != ClientTls::Off && has_tls(&one.address));
    match &parts.server_tls {
        Some(tls) if wanted => Ok(Some(ServerSide::new(tls, SystemTime::now())?)),
        None if wanted => {
            let text = "a listener has TLS, but there is no certificate";
            Err(Error::Parts(text.to_owned()))
        }
        _ => Ok(None),
    }
}

fn targets(parts: &RelayParts) -> Result<HashMap<model::ResourceName, Arc<Target>>, Error> {
    let mut targets = HashMap::new();
    for settings in &parts.resources {
        if settings.databases.is_empty() {
            let text = format!("{} names no database", settings.name);
            return Err(Error::Parts(text));
        }
        let target = Arc::new(Target {
            is_old: AtomicBool::default(),
            tls: client_side(settings)?,
            settings: settings.clone(),
        });
        if targets.insert(settings.name.clone(), target).is_some() {
            return Err(Error::Parts(format!("{} is there twice", settings.name)));
        }
    }
    Ok(targets)
}

impl Running {
    /// Where it listens, in the order of the listeners; a port 0 is the one that was free.
    pub fn addresses(&self) -> &[ListenAddress] {
        &self.addresses
    }

    /// The own authority's certificate for clients' `sslrootcert`, where the gateway has one.
    pub fn tls_ca_path(&self) -> Option<PathBuf> {
        self.shared.tls.as_ref().and_then(ServerSide::ca_path)
    }

    /// How many sessions are open.
    pub fn sessions(&self) -> usize {
        self.shared.gate.live().count("").0
    }

    /// Stops: no connection is accepted any more; idle sessions are told goodbye at once, busy ones when they are
    /// done, and at `drain_timeout` all that are left. Returns when every thread has ended. Blocks: call it from a
    /// thread that may.
    pub fn drain(self) {
        self.shared.draining.store(true, Ordering::SeqCst);
        self.stop_accepting.send_replace(true);
        self.phase.send_replace(Phase::Draining);
        let live = self.shared.gate.live();
        let told = live.stop_where(&StopReason::Shutdown, |_, _| true);
        tracing::info!(sessions = told, "draining");
        if !self.wait(self.drain_timeout) {
            let left = self.shared.cancels.sessions();
            tracing::warn!(sessions = left.len(), "sessions did not end in time");
            for session in left {
                session.stop_at_once();
            }
            self.wait(LAST_WORDS);
        }
        self.phase.send_replace(Phase::Ended);
        self.workers.join();
        // The control thread sent the last cancel requests meanwhile.
        supervise::join(self.control);
        // A keeper thread that is gone already needs no telling.
        self.stop_keepers.send(()).ok();
        supervise::join(self.keepers);
        self.parsers.join();
    }

    fn wait(&self, limit: Duration) -> bool {
        let until = Instant::now() + limit;
        while !self.workers.have_ended() {
            if Instant::now() >= until {
                return false;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        true
    }
}

/// The thread beside the workers: accepts, runs errands, looks after certificates.
struct Control {
    shared: Arc<Shared>,
    errands: mpsc::Receiver<Errand>,
    phase: watch::Receiver<Phase>,
}

enum Next {
    Errand(Option<Errand>),
    Certificates,
    Phase,
    Ended,
}

impl Control {
    async fn run(mut self, bound: Vec<Bound>, acceptor: Acceptor) {
        let mut tasks = Tasks::default();
        for one in bound {
            tasks.spawn(acceptor.clone().run(one));
        }
        // The workers see the end of arrivals when the last acceptor is gone.
        drop(acceptor);
        let mut certificates = tokio::time::interval(CERTIFICATE_INTERVAL);
        let mut ended = false;
        while !ended {
            let next = tokio::select! {
                changed = self.phase.wait_for(|phase| *phase == Phase::Ended) => {
                    drop(changed);
                    Next::Phase
                }
                errand = self.errands.recv() => Next::Errand(errand),
                _ = certificates.tick() => Next::Certificates,
                () = tasks.ended(), if !tasks.is_empty() => Next::Ended,
            };
            match next {
                Next::Errand(Some(errand)) => tasks.spawn(self.cancel(errand)),
                Next::Certificates => self.refresh_certificates(),
                Next::Errand(None) | Next::Phase => ended = true,
                Next::Ended => {}
            }
        }
        while let Ok(errand) = self.errands.try_recv() {
            tasks.spawn(self.cancel(errand));
        }
        let last = async {
            while !tasks.is_empty() {
                tasks.ended().await;
            }
        };
        // Targets that do not take their cancel request in time drop the work when their connection is gone.
        tokio::time::timeout(LAST_WORDS, last).await.ok();
        tasks.abort().await;
    }

    fn cancel(&self, errand: Errand) -> impl Future<Output = ()> + Send + 'static {
        let limit = self.shared.limits.upstream_timeout;
        async move {
            if let Err(error) = errand.target.cancel(&errand.key, limit).await {
                let resource = &errand.target.settings.name;
                tracing::warn!(%resource, %error, "a cancel request did not reach its target");
            }
            drop(errand.done);
        }
    }

    fn refresh_certificates(&self) {
        let Some(tls) = &self.shared.tls else {
            return;
        };
        match tls.refresh(SystemTime::now()) {
            Ok(false) => {}
            Ok(true) => tracing::info!("another certificate is in force"),
            Err(error) => {
                let cause = std::error::Error::source(&error).map(ToString::to_string);
                tracing::error!(%error, cause, "the certificate cannot be renewed; the old one stays");
            }
        }
    }
}
