//! The handle to the database: opens the file, starts its thread, passes work to it. Never touches a row itself.

use std::fs::{OpenOptions, Permissions};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;
use std::time::Instant;

use gate::ports::{BoxFuture, PortError};
use rusqlite::Connection;

use crate::engine::Engine;
use crate::error::Error;
use crate::texts::{TextKeys, Texts};
use crate::{migrate, oneshot};

/// Jobs waiting for the database's thread; beyond it callers are refused instead of queued.
const JOBS_MAX: usize = 4096;

type Work = Box<dyn FnOnce(&mut Engine) + Send>;

enum Job {
    Run(Work),
    Stop,
}

/// Approvals, keys, tokens and bars, kept in one SQLite file.
pub struct Store {
    line: Line,
    thread: Option<JoinHandle<()>>,
}

/// A way to send work to the database's thread; cheap to clone.
#[derive(Clone)]
pub(crate) struct Line(SyncSender<Job>);

impl Store {
    /// Opens the file, making it with mode 0600 where it is missing and taking others' access away where they had
    /// it. The file is locked against other processes until the store is dropped.
    ///
    /// # Errors
    /// [`Error`] when the file cannot be used or its schema is not ours.
    pub fn open(path: &Path) -> Result<Arc<Self>, Error> {
        Self::open_with(path, None)
    }

    /// The same, with the texts of requests for approval encrypted under their sessions' keys.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub fn open_with(path: &Path, texts: Option<TextKeys>) -> Result<Arc<Self>, Error> {
        protect(path).map_err(|source| Error::Open {
            path: path.display().to_string(),
            source,
        })?;
        let mut db = Connection::open(path)?;
        configure(&db)?;
        migrate::run(&mut db)?;
        let engine = Engine::start(db, Texts(texts))?;
        let (sender, jobs) = sync_channel(JOBS_MAX);
        let thread = std::thread::Builder::new()
            .name("store".to_owned())
            .spawn(move || serve(engine, &jobs))
            .map_err(|source| Error::Open {
                path: path.display().to_string(),
                source,
            })?;
        Ok(Arc::new(Self {
            line: Line(sender),
            thread: Some(thread),
        }))
    }

    /// The way to the thread.
    pub(crate) fn line(&self) -> &Line {
        &self.line
    }

    /// Runs work on the database's thread and ends with its result.
    pub(crate) fn call<T, F>(&self, work: F) -> BoxFuture<'static, Result<T, PortError>>
    where
        T: Send + 'static,
        F: FnOnce(&mut Engine) -> Result<T, Error> + Send + 'static,
    {
        let line = self.line.clone();
        Box::pin(async move { Ok(line.call(work).await?) })
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        // Blocks only while the channel is full, and then until the thread has caught up.
        let sent = self.line.0.send(Job::Stop);
        if let (Ok(()), Some(thread)) = (sent, self.thread.take())
            && thread.join().is_err()
        {
            tracing::error!("the store's thread had panicked");
        }
    }
}

impl Line {
    /// Runs work on the thread.
    ///
    /// # Cancel safety
    /// Work that was sent is done even when the future is dropped.
    pub(crate) async fn call<T, F>(&self, work: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: FnOnce(&mut Engine) -> Result<T, Error> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let work: Work = Box::new(move |engine| reply.send(work(engine)));
        self.0
            .try_send(Job::Run(work))
            .map_err(|error| match error {
                TrySendError::Full(_) => Error::Overloaded,
                TrySendError::Disconnected(_) => Error::Stopped,
            })?;
        answer.await.unwrap_or(Err(Error::Stopped))
    }
}

pub(crate) fn protect(path: &Path) -> std::io::Result<()> {
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path)?;
    if file.metadata()?.permissions().mode() & 0o077 != 0 {
        file.set_permissions(Permissions::from_mode(0o600))?;
    }
    Ok(())
}

/// One writer at a time, on disk before a commit returns, and nothing left behind of what was deleted.
fn configure(db: &Connection) -> Result<(), Error> {
    db.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
    db.pragma_update(None, "journal_mode", "WAL")?;
    db.pragma_update(None, "synchronous", "FULL")?;
    db.pragma_update(None, "foreign_keys", true)?;
    db.pragma_update(None, "trusted_schema", false)?;
    db.pragma_update(None, "secure_delete", true)?;
    Ok(())
}

fn serve(mut engine: Engine, jobs: &Receiver<Job>) {
    loop {
        let wait = engine.next_due().saturating_duration_since(Instant::now());
        match jobs.recv_timeout(wait) {
            Ok(Job::Run(work)) => work(&mut engine),
            Ok(Job::Stop) | Err(RecvTimeoutError::Disconnected) => return,
            Err(RecvTimeoutError::Timeout) => engine.tick(),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_file_is_private_even_when_it_was_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.db");
        std::fs::write(&path, "").unwrap();
        std::fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
        let store = Store::open(&path).unwrap();
        for entry in std::fs::read_dir(folder.path()).unwrap() {
            let entry = entry.unwrap();
            let mode = entry.metadata().unwrap().permissions().mode() & 0o777;
            assert_eq!(mode, 0o600, "{:?}", entry.path());
        }
        drop(store);
    }

    #[test]
    fn two_stores_cannot_share_a_file_and_one_can_follow_another() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.db");
        let first = Store::open(&path).unwrap();
        assert!(Store::open(&path).is_err());
        drop(first);
        assert!(Store::open(&path).is_ok());
    }

    #[tokio::test]
    async fn a_panic_of_the_thread_fails_closed() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("store.db")).unwrap();
        let first = store
            .call(|_| -> Result<(), Error> { std::panic::panic_any("broken") })
            .await;
        assert!(first.is_err());
        assert!(store.call(|_| Ok(())).await.is_err());
    }

    #[test]
    fn a_file_that_is_no_database_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.db");
        std::fs::write(&path, [b'x'; 8192]).unwrap();
        assert!(Store::open(&path).is_err());
    }
}
