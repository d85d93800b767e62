//! A fixed number of big-stack threads that analyse statements. Knows not what an analysis is.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use tokio::sync::oneshot;
use wire::kit::{Inspect, Inspected};

use crate::error::Error;
use crate::supervise;

/// Analyses that may wait per thread: at some 20 µs each they delay the last one by a few milliseconds, and a
/// pool that is this far behind is better refused than queued for.
const WAITING_PER_THREAD: usize = 256;

struct Job {
    inspect: Inspect,
    reply: oneshot::Sender<Inspected>,
}

#[derive(Default)]
struct Queue {
    jobs: VecDeque<Job>,
    closed: bool,
}

struct Shared {
    queue: Mutex<Queue>,
    ready: Condvar,
    waiting_max: usize,
}

/// The queue is full; the work comes back.
pub(crate) struct Busy(pub(crate) Inspect);

impl std::fmt::Debug for Busy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Busy")
    }
}

/// Hands work to the pool; clones share it.
#[derive(Clone)]
pub(crate) struct Parsers {
    shared: Arc<Shared>,
}

/// The pool's threads.
pub(crate) struct ParserThreads {
    parsers: Parsers,
    threads: Vec<JoinHandle<()>>,
}

impl ParserThreads {
    /// Starts `count` threads.
    pub(crate) fn start(count: usize) -> Result<Self, Error> {
        let shared = Arc::new(Shared {
            queue: Mutex::default(),
            ready: Condvar::new(),
            waiting_max: count.saturating_mul(WAITING_PER_THREAD),
        });
        let mut threads = Vec::with_capacity(count);
        for number in 0..count {
            let shared = Arc::clone(&shared);
            let name = format!("parse-{number}");
            let work = move || serve(&shared);
            threads.push(supervise::thread(name, Some(sql::STACK_BYTES), work)?);
        }
        let parsers = Parsers { shared };
        Ok(Self { parsers, threads })
    }

    /// A handle for submitting work.
    pub(crate) fn handle(&self) -> Parsers {
        self.parsers.clone()
    }

    /// Lets the threads end after the work they hold, and waits for them.
    pub(crate) fn join(self) {
        self.parsers.lock().closed = true;
        self.parsers.shared.ready.notify_all();
        for thread in self.threads {
            supervise::join(thread);
        }
    }
}

impl Parsers {
    /// Queues one analysis. The receiver fails when the analysis panicked.
    pub(crate) fn submit(&self, inspect: Inspect) -> Result<oneshot::Receiver<Inspected>, Busy> {
        let (reply, result) = oneshot::channel();
        let mut queue = self.lock();
        if queue.closed || queue.jobs.len() >= self.shared.waiting_max {
            return Err(Busy(inspect));
        }
        queue.jobs.push_back(Job { inspect, reply });
        drop(queue);
        self.shared.ready.notify_one();
        Ok(result)
    }

    /// How many analyses wait for a thread.
    pub(crate) fn waiting(&self) -> usize {
        self.lock().jobs.len()
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        lock(&self.shared)
    }
}

fn lock(shared: &Shared) -> MutexGuard<'_, Queue> {
    shared.queue.lock().unwrap_or_else(PoisonError::into_inner)
}

fn serve(shared: &Shared) {
    while let Some(job) = next(shared) {
        // A panic must end one statement, not the pool: the dropped reply tells the session.
        if let Ok(result) = catch_unwind(AssertUnwindSafe(job.inspect.run)) {
            // The session may have ended meanwhile; nobody misses the result then.
            drop(job.reply.send(result));
        }
    }
}

fn next(shared: &Shared) -> Option<Job> {
    let mut queue = lock(shared);
    loop {
        if let Some(job) = queue.jobs.pop_front() {
            return Some(job);
        }
        if queue.closed {
            return None;
        }
        queue = shared
            .ready
            .wait(queue)
            .unwrap_or_else(PoisonError::into_inner);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::sync::mpsc;

    use super::*;

    fn work(run: impl FnOnce() -> u32 + Send + 'static) -> Inspect {
        Inspect {
            run: Box::new(move || Inspected(Box::new(run()))),
        }
    }

    #[test]
    fn runs_work_and_survives_a_panic() {
        let pool = ParserThreads::start(1).unwrap();
        let broken = pool.handle().submit(work(|| panic!("one bad analysis")));
        let good = pool.handle().submit(work(|| 7));
        assert!(broken.unwrap().blocking_recv().is_err());
        let result = good.unwrap().blocking_recv().unwrap();
        assert_eq!(result.0.downcast_ref::<u32>(), Some(&7));
        pool.join();
    }

    #[test]
    fn refuses_when_full_and_when_closed() {
        let pool = ParserThreads::start(1).unwrap();
        let parsers = pool.handle();
        let (started, has_started) = mpsc::channel();
        let (go, may_go) = mpsc::channel::<()>();
        let first = parsers.submit(work(move || {
            started.send(()).unwrap();
            may_go.recv().unwrap();
            1
        }));
        has_started.recv().unwrap();
        let queued: Vec<_> = (0..WAITING_PER_THREAD)
            .map(|_| parsers.submit(work(|| 2)).unwrap())
            .collect();
        assert_eq!(parsers.waiting(), WAITING_PER_THREAD);
        assert!(matches!(parsers.submit(work(|| 3)), Err(Busy(_))));
        go.send(()).unwrap();
        assert!(first.unwrap().blocking_recv().is_ok());
        pool.join();
        for job in queued {
            assert!(job.blocking_recv().is_ok());
        }
        assert!(matches!(parsers.submit(work(|| 4)), Err(Busy(_))));
    }
}
