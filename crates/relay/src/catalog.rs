//! One target database's definitions, read on a connection of the gateway's own and kept fresh.
//!
//! Knows no session: sessions ask for a fresh reading and get told when it is in force.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::BytesMut;
use gate::ports::Credentials;
use model::{CatalogVersion, Limits, ResourceName};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, timeout};
use wire::postgres::Inspector;
use wire::postgres::reader::{CatalogRead, CatalogReader, ReadError, Rows, TextRows};

use crate::dial::{LoginAs, Target};
use crate::error::Error;
use crate::parts::ResourceTarget;
use crate::stream::Stream;
use crate::supervise::Tasks;
use crate::tls::client::client_side;

/// Sessions that may wait for one reading.
const ASKS_MAX: usize = 1024;

/// How old the estimates of rows may become; approvers read them.
const ESTIMATES_EVERY: Duration = Duration::from_secs(60);

/// Time for reading all definitions of a database with very many of them.
const READ_TIMEOUT: Duration = Duration::from_secs(60);

/// A sessions' handle on one database's definitions.
pub(crate) struct Catalog {
    /// Analyses statements with the definitions in force.
    pub(crate) inspector: Arc<Inspector>,
    asks: mpsc::Sender<oneshot::Sender<bool>>,
    fresh: Arc<AtomicBool>,
}

impl Catalog {
    /// Asks for a reading that begins after this call. The receiver gets whether its result is in force.
    pub(crate) fn read(&self) -> oneshot::Receiver<bool> {
        let (reply, result) = oneshot::channel();
        if let Err(error) = self.asks.try_send(reply) {
            // Too many wait, or the gateway stops: the receiver sees its sender gone, which means no.
            tracing::warn!(%error, "a reading of definitions was refused");
        }
        result
    }

    /// Whether definitions are there, reading them if need be.
    ///
    /// # Cancel safety
    /// Cancel safe.
    pub(crate) async fn is_ready(&self) -> bool {
        self.fresh.load(Ordering::Acquire) || self.read().await.unwrap_or(false)
    }
}

/// The definitions of all databases.
#[derive(Default)]
pub(crate) struct Catalogs {
    by_name: HashMap<(ResourceName, String), Arc<Catalog>>,
}

impl Catalogs {
    /// One database's.
    pub(crate) fn of(&self, resource: &ResourceName, database: &str) -> Option<Arc<Catalog>> {
        let key = (resource.clone(), database.to_owned());
        self.by_name.get(&key).cloned()
    }
}

/// Reads one database's definitions.
struct Keeper {
    target: Arc<Target>,
    database: String,
    credentials: Arc<dyn Credentials>,
    limits: Limits,
    interval: Duration,
    inspector: Arc<Inspector>,
    fresh: Arc<AtomicBool>,
    connection: Option<(Stream, BytesMut)>,
    in_force: Option<String>,
    estimated: Option<Instant>,
    version: u64,
}

/// Everything that keepers share.
pub(crate) struct KeeperParts {
    pub(crate) credentials: Arc<dyn Credentials>,
    pub(crate) limits: Limits,
    pub(crate) interval: Duration,
}

/// The keepers, to be run on a thread of their own.
pub(crate) struct Keepers {
    keepers: Vec<(Keeper, mpsc::Receiver<oneshot::Sender<bool>>)>,
}

/// Makes the handles and the keepers of all databases of all targets.
pub(crate) fn keep<'a>(
    targets: impl Iterator<Item = &'a Arc<Target>>,
    parts: &KeeperParts,
) -> (Catalogs, Keepers) {
    let mut catalogs = Catalogs::default();
    let mut keepers = Vec::new();
    for target in targets {
        for database in &target.settings.databases {
            let (asks, asked) = mpsc::channel(ASKS_MAX);
            let inspector = Arc::new(Inspector::new());
            let fresh = Arc::new(AtomicBool::new(false));
            let catalog = Catalog {
                inspector: Arc::clone(&inspector),
                asks,
                fresh: Arc::clone(&fresh),
            };
            let key = (target.settings.name.clone(), database.clone());
            catalogs.by_name.insert(key, Arc::new(catalog));
            let keeper = Keeper {
                target: Arc::clone(target),
                database: database.clone(),
                credentials: Arc::clone(&parts.credentials),
                limits: parts.limits.clone(),
                interval: parts.interval,
                inspector,
                fresh,
                connection: None,
                in_force: None,
                estimated: None,
                version: 0,
            };
            keepers.push((keeper, asked));
        }
    }
    (catalogs, Keepers { keepers })
}

/// Reads one database's definitions once, as its keeper would; for rehearsing policies without a session.
///
/// # Errors
/// [`Error`] when the target, its credential or its definitions cannot be had.
///
/// # Cancel safety
/// Cancel safe: the connection is dropped.
pub async fn definitions(
    target: &ResourceTarget,
    database: &str,
    credentials: Arc<dyn Credentials>,
    limits: &Limits,
) -> Result<sql::Catalog, Error> {
    let mut keeper = Keeper::alone(target, database, credentials, limits)?;
    keeper.read().await.map_err(|reason| Error::Target {
        resource: target.name.to_string(),
        reason,
    })
}

/// Asks a target's database questions of the gateway's own, one after the other on one connection, as text. An answer
/// is the rows, or what the server said against the question.
///
/// # Errors
/// [`Error`] when the target or its credential cannot be had, or it breaks off.
///
/// # Cancel safety
/// Cancel safe: the connection is dropped.
pub async fn ask(
    target: &ResourceTarget,
    database: &str,
    credentials: Arc<dyn Credentials>,
    limits: &Limits,
    questions: &[String],
) -> Result<Vec<Result<TextRows, String>>, Error> {
    let failed = |reason| Error::Target {
        resource: target.name.to_string(),
        reason,
    };
    let mut keeper = Keeper::alone(target, database, credentials, limits)?;
    let (stream, received) = keeper.connected().await.map_err(failed)?;
    let mut answers = Vec::with_capacity(questions.len());
    for question in questions {
        let work = answer(stream, received, question);
        let answer = timeout(READ_TIMEOUT, Box::pin(work)).await;
        let answer = answer.map_err(|error| failed(error.to_string()))?;
        answers.push(answer.map_err(failed)?);
    }
    Ok(answers)
}

impl Keepers {
    /// Runs all of them until `stop` ends.
    pub(crate) async fn run(self, stop: oneshot::Receiver<()>) {
        let mut tasks = Tasks::default();
        for (keeper, asked) in self.keepers {
            tasks.spawn(keeper.run(asked));
        }
        // Ends when the sender is used or dropped; both mean stop.
        stop.await.ok();
        tasks.abort().await;
    }
}

impl Keeper {
    /// One that nobody runs and no session asks.
    fn alone(
        target: &ResourceTarget,
        database: &str,
        credentials: Arc<dyn Credentials>,
        limits: &Limits,
    ) -> Result<Self, Error> {
        Ok(Self {
            target: Arc::new(Target {
                tls: client_side(target)?,
                settings: target.clone(),
                is_old: AtomicBool::default(),
            }),
            database: database.to_owned(),
            credentials,
            limits: limits.clone(),
            interval: Duration::ZERO,
            inspector: Arc::new(Inspector::new()),
            fresh: Arc::default(),
            connection: None,
            in_force: None,
            estimated: None,
            version: 0,
        })
    }

    async fn run(mut self, mut asked: mpsc::Receiver<oneshot::Sender<bool>>) {
        let mut waiting = Vec::new();
        loop {
            let first = if self.in_force.is_none() {
                asked.recv().await
            } else {
                match timeout(self.interval, asked.recv()).await {
                    Ok(first) => first,
                    Err(_) => {
                        self.refresh().await;
                        continue;
                    }
                }
            };
            let Some(first) = first else {
                return;
            };
            waiting.push(first);
            while let Ok(more) = asked.try_recv() {
                waiting.push(more);
            }
            let good = self.refresh().await;
            for reply in waiting.drain(..) {
                // Whoever asked may have left.
                reply.send(good).ok();
            }
        }
    }

    /// Looks whether anything changed and reads it; says whether what is in force is what the target has.
    async fn refresh(&mut self) -> bool {
        let kept = self.connection.is_some();
        let mut result = self.try_refresh().await;
        if result.is_err() && kept {
            // The kept connection may have died meanwhile; a fresh one decides.
            self.connection = None;
            result = self.try_refresh().await;
        }
        if let Err(error) = &result {
            self.connection = None;
            let (resource, database) = (&self.target.settings.name, &self.database);
            tracing::warn!(%resource, database, error, "definitions cannot be read");
        }
        self.fresh.store(result.is_ok(), Ordering::Release);
        result.is_ok()
    }

    async fn try_refresh(&mut self) -> Result<(), String> {
        if let Some(known) = self.in_force.clone() {
            let limit = self.limits.upstream_timeout;
            let (stream, received) = self.connected().await?;
            let found = timeout(limit, fingerprint(stream, received)).await;
            if found.map_err(|error| error.to_string())?? == known {
                return self.estimate().await;
            }
        }
        let catalog = self.read().await?;
        self.inspector.set_catalog(Arc::new(catalog));
        self.estimated = None;
        self.estimate().await
    }

    /// Reads how many rows relations have, when that was not done lately.
    async fn estimate(&mut self) -> Result<(), String> {
        if self
            .estimated
            .is_some_and(|at| at.elapsed() < ESTIMATES_EVERY)
        {
            return Ok(());
        }
        let limit = self.limits.upstream_timeout;
        let (stream, received) = self.connected().await?;
        let answer = timeout(limit, answer(stream, received, sql::catalog::ESTIMATES)).await;
        let mut estimates = sql::Estimates::default();
        for row in answer.map_err(|error| error.to_string())??? {
            let cells: Vec<_> = row.iter().map(Option::as_deref).collect();
            estimates.row(&cells).map_err(|error| error.to_string())?;
        }
        self.inspector.set_estimates(Arc::new(estimates));
        self.estimated = Some(Instant::now());
        Ok(())
    }

    async fn read(&mut self) -> Result<sql::Catalog, String> {
        self.version = self.version.saturating_add(1);
        let version = CatalogVersion(self.version);
        let (stream, received) = self.connected().await?;
        let work = read(stream, received, version);
        let read = timeout(READ_TIMEOUT, Box::pin(work)).await;
        let read = read.map_err(|error| error.to_string())??;
        self.in_force = Some(read.fingerprint);
        Ok(read.catalog)
    }

    async fn connected(&mut self) -> Result<&mut (Stream, BytesMut), String> {
        let kept = match self.connection.take() {
            Some(kept) => kept,
            None => self.connect().await?,
        };
        Ok(self.connection.insert(kept))
    }

    async fn connect(&self) -> Result<(Stream, BytesMut), String> {
        let credential = self
            .credentials
            .fetch(&self.target.settings.name)
            .await
            .map_err(|error| error.to_string())?;
        let name = (
            "application_name".to_owned(),
            "portcullis/catalog".to_owned(),
        );
        let login = LoginAs {
            credential,
            database: &self.database,
            parameters: vec![name],
            limits: &self.limits,
        };
        let opened = self.target.open(login).await;
        let (stream, received, _) = opened.map_err(|error| error.to_string())?;
        Ok((stream, received))
    }
}

async fn receive(stream: &mut Stream, received: &mut BytesMut) -> Result<(), String> {
    match stream.receive(received).await {
        Ok(0) => Err("the target closed the connection".to_owned()),
        Ok(_) => Ok(()),
        Err(error) => Err(error.to_string()),
    }
}

async fn fingerprint(stream: &mut Stream, received: &mut BytesMut) -> Result<String, String> {
    let rows = answer(stream, received, sql::catalog::FINGERPRINT).await??;
    let row = rows.into_iter().next();
    let cell = row.and_then(|row| row.into_iter().next());
    Ok(cell.flatten().unwrap_or_default())
}

/// Asks one question and takes its answer whole; the inner error is the server's no, after which it can be asked on.
async fn answer(
    stream: &mut Stream,
    received: &mut BytesMut,
    question: &str,
) -> Result<Result<TextRows, String>, String> {
    let mut rows = Rows::new(question).map_err(|error| error.to_string())?;
    loop {
        let sent = stream.send(rows.to_upstream()).await;
        sent.map_err(|error| error.to_string())?;
        receive(stream, received).await?;
        rows.on_bytes(received);
        match rows.poll() {
            None => {}
            Some(Ok(rows)) => return Ok(Ok(rows)),
            Some(Err(error @ ReadError::Refused { .. })) => return Ok(Err(error.to_string())),
            Some(Err(error)) => return Err(error.to_string()),
        }
    }
}

async fn read(
    stream: &mut Stream,
    received: &mut BytesMut,
    version: CatalogVersion,
) -> Result<CatalogRead, String> {
    let mut reader = CatalogReader::new(version).map_err(|error| error.to_string())?;
    loop {
        let sent = stream.send(reader.to_upstream()).await;
        sent.map_err(|error| error.to_string())?;
        receive(stream, received).await?;
        reader.on_bytes(received);
        if let Some(read) = reader.poll() {
            return read.map_err(|error| error.to_string());
        }
    }
}
