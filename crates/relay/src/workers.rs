//! The threads that own sessions: one single-threaded runtime each; a session never leaves its thread.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::JoinHandle;

use tokio::net::{TcpStream, UnixStream};
use tokio::sync::{mpsc, watch};

use crate::context::Shared;
use crate::doorway::Place;
use crate::error::Error;
use crate::host::postgres::{Arrival, serve};
use crate::metrics::{Cells, Metrics};
use crate::parts::Listener;
use crate::stream::Stream;
use crate::supervise::{self, Tasks};

/// Connections that may wait for one thread; each also holds a place among those not yet logged in.
const HANDED_MAX: usize = 1024;

/// An accepted socket, not yet of any runtime.
pub(crate) enum Socket {
    Tcp(std::net::TcpStream),
    Unix(std::os::unix::net::UnixStream),
}

/// A connection on its way to a worker.
pub(crate) struct Handed {
    pub(crate) socket: Socket,
    pub(crate) address: String,
    pub(crate) listener: Arc<Listener>,
    pub(crate) pending: Place,
}

impl Handed {
    /// Makes it part of the current thread's runtime.
    fn arrive(self) -> io::Result<Arrival> {
        let stream = match self.socket {
            Socket::Tcp(socket) => Stream::Tcp(TcpStream::from_std(socket)?),
            Socket::Unix(socket) => Stream::Unix(UnixStream::from_std(socket)?),
        };
        Ok(Arrival {
            stream,
            address: self.address,
            listener: self.listener,
            pending: self.pending,
        })
    }
}

struct Worker {
    arrivals: mpsc::Sender<Handed>,
    load: Arc<AtomicUsize>,
}

/// Hands connections to the worker that has the fewest.
#[derive(Clone)]
pub(crate) struct Workers {
    all: Arc<Vec<Worker>>,
}

/// The threads themselves.
pub(crate) struct WorkerThreads {
    threads: Vec<JoinHandle<()>>,
}

/// How far a shutdown has come.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Phase {
    /// Connections come in.
    Open,
    /// None comes in any more; threads end with their last session.
    Draining,
    /// Threads end now.
    Ended,
}

impl Workers {
    /// Starts `count` threads.
    pub(crate) fn start(
        count: usize,
        shared: &Arc<Shared>,
        metrics: &Metrics,
        phase: &watch::Receiver<Phase>,
    ) -> Result<(Self, WorkerThreads), Error> {
        let mut all = Vec::with_capacity(count);
        let mut threads = Vec::with_capacity(count);
        let cells = metrics.workers(count);
        for (number, cells) in cells.iter().take(count).enumerate() {
            let (arrivals, arrived) = mpsc::channel(HANDED_MAX);
            let load = Arc::new(AtomicUsize::new(0));
            let thread = Thread {
                shared: Arc::clone(shared),
                cells: Arc::clone(cells),
                load: Arc::clone(&load),
                phase: phase.clone(),
            };
            let name = format!("relay-{number}");
            threads.push(supervise::runtime_thread(name, move || {
                thread.run(arrived)
            })?);
            all.push(Worker { arrivals, load });
        }
        let workers = Self { all: Arc::new(all) };
        Ok((workers, WorkerThreads { threads }))
    }

    /// Hands one connection on; drops it where the worker is swamped.
    pub(crate) fn hand(&self, handed: Handed) {
        let least = self
            .all
            .iter()
            .min_by_key(|worker| worker.load.load(Ordering::Relaxed));
        let Some(worker) = least else {
            return;
        };
        worker.load.fetch_add(1, Ordering::Relaxed);
        if worker.arrivals.try_send(handed).is_err() {
            worker.load.fetch_sub(1, Ordering::Relaxed);
            tracing::warn!("a worker takes no more connections; one is dropped");
        }
    }
}

impl WorkerThreads {
    /// Whether every thread has ended.
    pub(crate) fn have_ended(&self) -> bool {
        self.threads.iter().all(JoinHandle::is_finished)
    }

    /// Waits for all threads.
    pub(crate) fn join(self) {
        for thread in self.threads {
            supervise::join(thread);
        }
    }
}

/// One worker, on its thread.
struct Thread {
    shared: Arc<Shared>,
    cells: Arc<Cells>,
    load: Arc<AtomicUsize>,
    phase: watch::Receiver<Phase>,
}

/// Lowers the worker's load when its connection ends, however it ends.
struct Load(Arc<AtomicUsize>);

impl Drop for Load {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

enum Next {
    Arrived(Option<Handed>),
    Phase(Phase),
    Ended,
}

impl Thread {
    async fn run(mut self, mut arrived: mpsc::Receiver<Handed>) {
        let mut tasks = Tasks::default();
        let mut phase = Phase::Open;
        while phase < Phase::Ended && !(phase == Phase::Draining && tasks.is_empty()) {
            let next = tokio::select! {
                biased;
                changed = self.phase.changed() => Next::Phase(match changed {
                    Ok(()) => *self.phase.borrow_and_update(),
                    Err(_) => Phase::Ended,
                }),
                handed = arrived.recv(), if phase == Phase::Open => Next::Arrived(handed),
                () = tasks.ended(), if !tasks.is_empty() => Next::Ended,
            };
            match next {
                Next::Arrived(Some(handed)) => self.serve(&mut tasks, handed),
                // Nobody is left who could hand anything on: the acceptors are gone.
                Next::Arrived(None) => phase = phase.max(Phase::Draining),
                Next::Phase(next) => {
                    phase = phase.max(next);
                    // What was accepted is served, and then told that the gateway stops.
                    arrived.close();
                    while let Ok(handed) = arrived.try_recv() {
                        self.serve(&mut tasks, handed);
                    }
                }
                Next::Ended => {}
            }
        }
        tasks.abort().await;
    }

    fn serve(&self, tasks: &mut Tasks, handed: Handed) {
        let load = Load(Arc::clone(&self.load));
        let (shared, cells) = (Arc::clone(&self.shared), Arc::clone(&self.cells));
        match handed.arrive() {
            Ok(arrival) => tasks.spawn(async move {
                serve(shared, cells, arrival).await;
                drop(load);
            }),
            Err(error) => tracing::error!(%error, "a connection cannot be served"),
        }
    }
}
