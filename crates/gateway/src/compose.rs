//! Composition: every part made once, handed what it needs, started and drained in order.
//!
//! The only place that knows everybody. Decides nothing.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use anyhow::{Context as _, Result, bail};
use api::{Api, ApiParts, Oidc, RelyingParty};
use contract::discovery::{Discovery, PostgresEndpoint};
use gate::ports::{Clock, Journal, MasterKeys, SharedRules};
use gate::{Gate, GateParts};
use identity::{Authenticator, Issuers};
use model::{Limits, Resource, ResourceName, Secret};
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use relay::{ListenAddress, Relay, RelayParts};
use store::{Index, JournalHealth, JournalOptions, JournalStore, LedgerOptions, Store};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::config::{self, Config, Durability, HttpTls, ListenTls, MetricsAccess};
use crate::credentials::ConfiguredCredentials;
use crate::master::ConfiguredMaster;
use crate::searching::IndexGauges;
use crate::sink::{self, Sinks};
use crate::{convert, retention, rules, searching, witness};

/// A gateway that runs.
pub struct Running {
    relay: relay::Running,
    postgres: Vec<ListenAddress>,
    public_url: String,
    stop: watch::Sender<bool>,
    tasks: Vec<JoinHandle<()>>,
    sinks: sink::Running,
    journal: Arc<JournalStore>,
    index: Option<Arc<Index>>,
}

struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> SystemTime {
        SystemTime::now()
    }
}

/// What both the relay and the API stand on.
struct Core {
    limits: Limits,
    journal: Arc<JournalStore>,
    sinks: Sinks,
    index: Option<Arc<Index>>,
    store: Arc<Store>,
    rules: SharedRules,
    issuers: Arc<Issuers>,
    authenticator: Arc<Authenticator>,
    gate: Arc<Gate>,
}

impl Running {
    /// Makes and starts everything that `config` names.
    ///
    /// # Errors
    /// What could not be made; nothing is left running.
    pub async fn start(config: Config) -> Result<Self> {
        let http = match config.http.address.as_str() {
            "" => None,
            address => Some(
                TcpListener::bind(address)
                    .await
                    .with_context(|| format!("http.address {address}"))?,
            ),
        };
        let public_url = public_url(&config, http.as_ref())?;
        let (core, sources) = core(&config, &public_url)?;
        let mut registry = Registry::with_prefix("portcullis");
        let relay = Relay::start(relay_parts(&config, &core, &mut registry)?)
            .context("starting the listeners")?;
        let postgres = relay.addresses().to_vec();
        let (stop, stopping) = watch::channel(false);
        let mut tasks = vec![reload(&config, &core, sources, stopping.clone())];
        let rules = config.recording.retention();
        tasks.extend(retention::start(rules, &core.journal, stopping.clone()));
        if let Some(ledger) = core.journal.ledger() {
            tasks.extend(witness::start(&config.ledger, ledger, stopping.clone())?);
        }
        if let Some(listener) = http {
            let parts = api_parts(&config, &core, &relay, &public_url, registry)?;
            let tls = match config.http.tls {
                HttpTls::Off => None,
                HttpTls::Auto => Some(http_tls(&config)?),
            };
            tasks.push(tokio::spawn(api::serve(
                listener,
                Api::router(parts),
                tls,
                stopped(stopping),
            )));
        }
        let data = &config.gateway.data_dir;
        let sinks = sink::start(&config.sink, &core.sinks, data, &core.journal)?;
        write_addresses(data, &postgres, &public_url)?;
        Ok(Self {
            relay,
            postgres,
            public_url,
            stop,
            tasks,
            sinks,
            journal: core.journal,
            index: core.index,
        })
    }

    /// Where database clients connect.
    pub fn postgres_addresses(&self) -> Vec<String> {
        self.postgres.iter().map(ToString::to_string).collect()
    }

    /// The TCP port for database clients; 0 when there is only a unix socket.
    pub fn postgres_port(&self) -> u16 {
        tcp(&self.postgres).map_or(0, |address| address.port())
    }

    /// The URL of the page and the API.
    pub fn public_url(&self) -> &str {
        &self.public_url
    }

    /// Stops accepting, lets sessions finish within the configured time, then stops everything else.
    ///
    /// # Cancel safety
    /// Not cancel safe: a dropped drain leaves threads behind.
    pub async fn drain(self) {
        let relay = self.relay;
        if let Err(error) = tokio::task::spawn_blocking(move || relay.drain()).await {
            tracing::error!(%error, "draining failed");
        }
        self.stop.send_replace(true);
        for task in self.tasks {
            if let Err(error) = task.await {
                tracing::error!(%error, "a background task failed");
            }
        }
        let sinks = self.sinks;
        if let Err(error) = tokio::task::spawn_blocking(move || drop(sinks)).await {
            tracing::error!(%error, "the sinks did not end well");
        }
        // It reads from the journal.
        drop(self.index);
        drop(self.journal);
    }
}

async fn stopped(mut stopping: watch::Receiver<bool>) {
    // A sender that is gone means that the gateway is gone.
    stopping.wait_for(|stop| *stop).await.ok();
}

fn core(config: &Config, public_url: &str) -> Result<(Core, rules::Sources)> {
    let limits = config.limits.resolve()?;
    let data = &config.gateway.data_dir;
    private_folder(data)?;
    let dir = data.join("journal");
    let masters = ConfiguredMaster::new(config, &dir);
    let options = JournalOptions {
        masters: masters.map(|masters| -> Arc<dyn MasterKeys> { Arc::new(masters) }),
        encrypt: config.recording.encrypt,
        limits: limits.clone(),
        strict: config.recording.durability == Durability::Strict,
        ledger: Some(ledger_options(config)?),
    };
    let journal = JournalStore::open(&dir, options).context("opening the journal")?;
    let index = searching::start(config, &limits, &journal)?;
    rules::record_config(&config.written, journal.as_ref())
        .context("recording the configuration")?;
    let texts = journal.text_keys();
    let store =
        Store::open_with(&data.join("portcullis.db"), texts).context("opening the store")?;
    let (rules, sources) = rules::load(&config.policy, journal.as_ref())?;
    let issuers = config
        .issuer
        .iter()
        .map(convert::issuer)
        .collect::<Result<Vec<_>>>()?;
    let issuers = Arc::new(Issuers::new(issuers)?);
    let authenticator = Authenticator::new(Arc::clone(&issuers), store.clone());
    let sinks = Sinks::of(&config.sink);
    let recordings: Arc<dyn Journal> = Arc::new(sink::Guarded {
        journal: Arc::clone(&journal),
        sinks: sinks.clone(),
    });
    #[cfg(feature = "unrecorded")]
    let recordings = crate::unrecorded::unrecorded(recordings);
    let gate = Gate::new(GateParts {
        rules: Arc::clone(&rules),
        approvals: store.clone(),
        journal: recordings,
        clock: Arc::new(SystemClock),
        limits: limits.clone(),
        approvals_url: (!public_url.is_empty()).then(|| format!("{public_url}/approvals")),
    });
    Ok((
        Core {
            limits,
            journal,
            sinks,
            index,
            store,
            rules,
            issuers,
            authenticator,
            gate,
        },
        sources,
    ))
}

fn ledger_options(config: &Config) -> Result<LedgerOptions> {
    let data = &config.gateway.data_dir;
    let (wish, beside) = (&config.ledger, data.join("ledger.key"));
    Ok(LedgerOptions {
        dir: data.join("ledger"),
        key_file: wish.key_file.clone().unwrap_or(beside),
        origin: wish.origin.clone(),
        host: config.gateway.name.clone(),
        interval: wish.seal_interval.0,
        witnesses: wish.witnesses()?,
    })
}

fn relay_parts(config: &Config, core: &Core, registry: &mut Registry) -> Result<RelayParts> {
    Ok(RelayParts {
        gate: Arc::clone(&core.gate),
        identities: core.authenticator.clone(),
        credentials: Arc::new(ConfiguredCredentials::new(&config.resource)),
        resources: config
            .resource
            .iter()
            .map(convert::target)
            .collect::<Result<Vec<_>>>()?,
        listeners: config
            .listen
            .iter()
            .map(convert::listener)
            .collect::<Result<Vec<_>>>()?,
        server_tls: Some(convert::server_tls(config)),
        mask_key: mask_key(config)?,
        limits: core.limits.clone(),
        workers: config.gateway.workers,
        parsers: config.gateway.parsers,
        catalog_interval: config.gateway.catalog_interval.0,
        metrics: relay::metrics::Metrics::register(registry),
    })
}

fn api_parts(
    config: &Config,
    core: &Core,
    relay: &relay::Running,
    public_url: &str,
    registry: Registry,
) -> Result<ApiParts> {
    let signing = config
        .issuer
        .iter()
        .find(|issuer| issuer.client_id.is_some());
    let sign_in = signing.map(|issuer| {
        Oidc::new(Arc::clone(&core.issuers), issuer.url.clone()) as Arc<dyn RelyingParty>
    });
    let journal = Arc::clone(&core.journal);
    let mut registry = registry;
    let gauges = LedgerGauges::register(&mut registry, Arc::clone(&core.journal));
    let sinks = sink::Gauges::register(&mut registry, &core.sinks, &core.journal);
    let index = core.index.as_ref();
    let index = index.map(|index| IndexGauges::register(&mut registry, index, &core.journal));
    Ok(ApiParts {
        gate: Arc::clone(&core.gate),
        desk: core.store.clone(),
        keys: core.store.clone(),
        identities: core.authenticator.clone(),
        sign_in,
        rules: Arc::clone(&core.rules),
        recordings: core.journal.folder(),
        archive: core.journal.clone(),
        finder: searching::finder(core.index.as_ref(), &core.limits, &core.journal),
        journal: core.journal.clone(),
        resources: config
            .resource
            .iter()
            .map(api_target)
            .collect::<Result<Vec<_>>>()?,
        discovery: discovery(config, relay, public_url, signing)?,
        metrics: Arc::new(move || {
            sinks.read();
            index.iter().for_each(IndexGauges::read);
            render(&registry, &gauges)
        }),
        metrics_access: match config.http.metrics {
            MetricsAccess::Loopback => api::MetricsAccess::Loopback,
            MetricsAccess::Open => api::MetricsAccess::Open,
            MetricsAccess::Off => api::MetricsAccess::Off,
        },
        ledger: core.journal.ledger().map(|ledger| {
            let ledger: Arc<dyn api::LedgerFiles> = Arc::new(Served(Arc::clone(ledger)));
            ledger
        }),
        health: {
            let sinks = core.sinks.clone();
            Arc::new(move || health(&journal).and_then(|()| sinks.health()))
        },
    })
}

/// The ledger as the API serves it.
struct Served(Arc<store::Ledger>);

impl api::LedgerFiles for Served {
    fn checkpoint(&self) -> Option<String> {
        self.0.checkpoint().map(|note| note.to_string())
    }

    fn key(&self) -> String {
        self.0.key().to_string()
    }

    fn tile(&self, tile: &ledger::tlog::tile::Tile) -> Option<Vec<u8>> {
        self.0.folder().tile(tile).ok()
    }
}

/// For how long sealing may fail before the gateway says that it is not ready.
const UNSEALED_MAX: Duration = Duration::from_secs(60);

fn health(journal: &JournalStore) -> Result<(), String> {
    match journal.health() {
        JournalHealth::Good => {}
        poor => return Err(format!("the journal: {poor:?}")),
    }
    let ledger = journal
        .ledger()
        .map(|ledger| ledger.health(journal.durable_sequence()));
    match ledger.and_then(|health| health.failing) {
        Some((since, _)) if since > UNSEALED_MAX => Err(format!(
            "the ledger has not been sealed for {} s",
            since.as_secs()
        )),
        Some(_) | None => Ok(()),
    }
}

fn api_target(resource: &config::ResourceConfig) -> Result<api::Target> {
    let name = ResourceName::new(&resource.name).context("a resource's name")?;
    Ok(api::Target {
        resource: Resource {
            name,
            protocol: resource.protocol.clone(),
            database: resource.database.clone(),
            tags: resource.tags.clone(),
        },
        databases: convert::databases(resource),
    })
}

fn discovery(
    config: &Config,
    relay: &relay::Running,
    public_url: &str,
    signing: Option<&config::IssuerConfig>,
) -> Result<Discovery> {
    let ca_pem = relay
        .tls_ca_path()
        .map(std::fs::read_to_string)
        .transpose()
        .context("the own CA")?;
    let has_tls = config
        .listen
        .iter()
        .any(|listen| listen.tls != ListenTls::Off);
    let sslmode = if has_tls { "verify-full" } else { "disable" };
    Ok(Discovery {
        version: 1,
        gateway: env!("CARGO_PKG_VERSION").to_owned(),
        public_url: public_url.to_owned(),
        issuer: signing.map(|issuer| issuer.url.clone()),
        client_id: signing.and_then(|issuer| issuer.client_id.clone()),
        scopes: signing
            .map(|issuer| {
                issuer
                    .scopes
                    .split_whitespace()
                    .map(str::to_owned)
                    .collect()
            })
            .unwrap_or_default(),
        postgres: tcp(relay.addresses()).map(|address| PostgresEndpoint {
            host: config.gateway.name.clone(),
            port: address.port(),
            ca_pem,
            sslmode: sslmode.to_owned(),
        }),
    })
}

/// How sealing goes, as it is when somebody asks.
struct LedgerGauges {
    journal: Arc<JournalStore>,
    unsealed: Gauge,
    failing: Gauge,
    unwitnessed: Gauge,
}

impl LedgerGauges {
    fn register(registry: &mut Registry, journal: Arc<JournalStore>) -> Self {
        let gauges = Self {
            journal,
            unsealed: Gauge::default(),
            failing: Gauge::default(),
            unwitnessed: Gauge::default(),
        };
        let mut put =
            |name: &str, help: &str, gauge: &Gauge| registry.register(name, help, gauge.clone());
        put(
            "ledger_unsealed_records",
            "Records on disk that are not sealed yet",
            &gauges.unsealed,
        );
        put(
            "ledger_failing_seconds",
            "For how long sealing has failed",
            &gauges.failing,
        );
        put(
            "ledger_unwitnessed_seconds",
            "For how long a checkpoint has waited for witnesses",
            &gauges.unwitnessed,
        );
        gauges
    }

    fn read(&self) {
        let Some(ledger) = self.journal.ledger() else {
            return;
        };
        let health = ledger.health(self.journal.durable_sequence());
        let seconds = |time: Option<Duration>| {
            time.map_or(0, |time| i64::try_from(time.as_secs()).unwrap_or(i64::MAX))
        };
        self.unsealed
            .set(i64::try_from(health.unsealed).unwrap_or(i64::MAX));
        self.failing
            .set(seconds(health.failing.map(|(since, _)| since)));
        self.unwitnessed.set(seconds(health.unwitnessed));
    }
}

fn render(registry: &Registry, ledger: &LedgerGauges) -> String {
    ledger.read();
    let mut text = String::new();
    // Writing to a String cannot fail.
    prometheus_client::encoding::text::encode(&mut text, registry).ok();
    text
}

fn reload(
    config: &Config,
    core: &Core,
    mut sources: rules::Sources,
    mut stopping: watch::Receiver<bool>,
) -> JoinHandle<()> {
    let (policy, shared, journal) = (
        config.policy.clone(),
        Arc::clone(&core.rules),
        core.journal.clone(),
    );
    tokio::spawn(async move {
        let mut tick = tokio::time::interval(policy.reload_interval.0);
        loop {
            tokio::select! {
                _ = tick.tick() => {}
                _ = stopping.changed() => return,
            }
            let (policy, shared, journal) =
                (policy.clone(), Arc::clone(&shared), Arc::clone(&journal));
            let work = move || {
                rules::refresh(
                    &policy,
                    &shared,
                    &mut sources,
                    journal.as_ref() as &dyn Journal,
                );
                sources
            };
            sources = match tokio::task::spawn_blocking(work).await {
                Ok(sources) => sources,
                Err(error) => return tracing::error!(%error, "policies are no longer reloaded"),
            };
        }
    })
}

fn tcp(addresses: &[ListenAddress]) -> Option<SocketAddr> {
    addresses.iter().find_map(|address| match address {
        ListenAddress::Tcp(address) => Some(*address),
        ListenAddress::Unix(_) => None,
    })
}

fn public_url(config: &Config, listener: Option<&TcpListener>) -> Result<String> {
    if let Some(url) = &config.http.public_url {
        return Ok(url.trim_end_matches('/').to_owned());
    }
    let Some(listener) = listener else {
        return Ok(String::new());
    };
    let port = listener.local_addr()?.port();
    Ok(match config.http.tls {
        HttpTls::Off => format!("http://127.0.0.1:{port}"),
        HttpTls::Auto => format!("https://{}:{port}", config.gateway.name),
    })
}

fn http_tls(config: &Config) -> Result<Arc<rustls::ServerConfig>> {
    use rustls_pki_types::pem::PemObject as _;
    use rustls_pki_types::{CertificateDer, PrivateKeyDer};
    let (certificate, key) = convert::certificate_files(config);
    let chain = CertificateDer::pem_file_iter(&certificate)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .with_context(|| certificate.display().to_string())?;
    let key = PrivateKeyDer::from_pem_file(&key).with_context(|| key.display().to_string())?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut tls = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    tls.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(tls))
}

/// The key of deterministic masks: the configured file, or one made at first start.
fn mask_key(config: &Config) -> Result<mask::MaskKey> {
    const KEY_BYTES_MIN: usize = 32;
    let path = match &config.masking.key_file {
        Some(path) => path.clone(),
        None => own_mask_key(&config.gateway.data_dir)?,
    };
    let key = std::fs::read(&path).with_context(|| format!("the mask key {}", path.display()))?;
    if key.len() < KEY_BYTES_MIN {
        bail!(
            "the mask key {} has fewer than {KEY_BYTES_MIN} bytes",
            path.display()
        );
    }
    Ok(mask::MaskKey(Secret::new(key)))
}

fn own_mask_key(data: &Path) -> Result<PathBuf> {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;
    let path = data.join("mask.key");
    if !path.exists() {
        let mut key = [0; 32];
        getrandom::fill(&mut key)
            .ok()
            .context("no random numbers")?;
        let mut file = std::fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path)?;
        file.write_all(&key)?;
        file.sync_all()?;
    }
    Ok(path)
}

fn private_folder(path: &Path) -> Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .with_context(|| format!("gateway.data_dir {}", path.display()))
}

fn write_addresses(data: &Path, postgres: &[ListenAddress], http: &str) -> Result<()> {
    let postgres: Vec<String> = postgres.iter().map(ToString::to_string).collect();
    let text = serde_json::json!({ "postgres": postgres, "http": http }).to_string();
    // Written aside and renamed, so that whoever waits for the file never reads half of it.
    let aside = data.join("addresses.json.new");
    std::fs::write(&aside, text)?;
    Ok(std::fs::rename(aside, data.join("addresses.json"))?)
}
