//! The only place where threads and tasks are born; all of them are joined. Knows not what they do.

use std::any::Any;
use std::future::Future;
use std::thread::{Builder, JoinHandle};

use tokio::runtime;
use tokio::task::{JoinError, JoinSet};

use crate::error::Error;

/// Starts a named thread.
pub(crate) fn thread(
    name: String,
    stack_bytes: Option<usize>,
    work: impl FnOnce() + Send + 'static,
) -> Result<JoinHandle<()>, Error> {
    let builder = Builder::new().name(name.clone());
    let builder = match stack_bytes {
        Some(bytes) => builder.stack_size(bytes),
        None => builder,
    };
    builder
        .spawn(work)
        .map_err(|source| Error::Thread { name, source })
}

/// Starts a named thread with a single-threaded runtime of its own, which runs the future that `work` makes.
pub(crate) fn runtime_thread<F>(
    name: String,
    work: impl FnOnce() -> F + Send + 'static,
) -> Result<JoinHandle<()>, Error>
where
    F: Future<Output = ()>,
{
    on_runtime(name, None, work)
}

/// Likewise, with a stack on which definitions can be read, which may recurse as deeply as statements do.
pub(crate) fn catalog_thread<F>(
    work: impl FnOnce() -> F + Send + 'static,
) -> Result<JoinHandle<()>, Error>
where
    F: Future<Output = ()>,
{
    on_runtime("catalogs".to_owned(), Some(sql::STACK_BYTES), work)
}

fn on_runtime<F>(
    name: String,
    stack_bytes: Option<usize>,
    work: impl FnOnce() -> F + Send + 'static,
) -> Result<JoinHandle<()>, Error>
where
    F: Future<Output = ()>,
{
    let runtime = runtime::Builder::new_current_thread()
        .enable_all()
        // Ready tasks are few and each does all it can at once: look at the sockets often.
        .event_interval(31)
        .build()
        .map_err(|source| Error::Thread {
            name: name.clone(),
            source,
        })?;
    thread(name, stack_bytes, move || runtime.block_on(work()))
}

/// Waits for a thread; a panic in it is logged.
pub(crate) fn join(thread: JoinHandle<()>) {
    let name = thread.thread().name().unwrap_or("unnamed").to_owned();
    if let Err(panic) = thread.join() {
        tracing::error!(thread = name, panic = %panic_text(&panic), "a thread panicked");
    }
}

/// The tasks of one thread.
#[derive(Default)]
pub(crate) struct Tasks {
    set: JoinSet<()>,
}

impl Tasks {
    /// Starts one task on the current thread's runtime.
    pub(crate) fn spawn(&mut self, task: impl Future<Output = ()> + Send + 'static) {
        self.set.spawn(task);
    }

    /// Whether none is left.
    pub(crate) fn is_empty(&self) -> bool {
        self.set.is_empty()
    }

    /// Waits for the next one to end; waits for ever while there is none.
    ///
    /// # Cancel safety
    /// Cancel safe.
    pub(crate) async fn ended(&mut self) {
        match self.set.join_next().await {
            Some(result) => log_panic(result),
            None => std::future::pending().await,
        }
    }

    /// Ends all of them, wherever they are, and waits until they are gone.
    ///
    /// # Cancel safety
    /// Cancel safe; dropping it ends the tasks as well.
    pub(crate) async fn abort(&mut self) {
        self.set.abort_all();
        while let Some(result) = self.set.join_next().await {
            log_panic(result);
        }
    }
}

fn log_panic(result: Result<(), JoinError>) {
    match result {
        Ok(()) => {}
        Err(error) if error.is_cancelled() => {}
        Err(error) => tracing::error!(%error, "a task panicked"),
    }
}

/// The words of a panic, where it has any.
pub(crate) fn panic_text(panic: &(dyn Any + Send)) -> String {
    if let Some(text) = panic.downcast_ref::<&str>() {
        (*text).to_owned()
    } else if let Some(text) = panic.downcast_ref::<String>() {
        text.clone()
    } else {
        "no message".to_owned()
    }
}
