//! A relay on in-memory ports in front of one real PostgreSQL that all tests of this binary share.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Command;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use gate::ports::{
    Authenticated, BoxFuture, Credential, Credentials, Identities, LoginError, PortError,
    UpstreamCredential,
};
use gate::testing;
use model::{Limits, ResourceName, Secret};
use prometheus_client::registry::Registry;
use relay::{
    ClientTls, ListenAddress, Listener, Metrics, Relay, RelayParts, ResourceTarget, Running,
    ServerTls, TargetAddress, UpstreamTls, UpstreamTlsMode,
};
use tempfile::TempDir;
use testkit::{Postgres, PostgresOptions, Ran, Server, run};

/// Everything is allowed.
pub(crate) const ALLOW: &str = "permit(principal, action, resource);";

/// The one password of the in-memory identities.
pub(crate) const PASSWORD: &str = "good-token";

/// The target: PostgreSQL with SCRAM and TLS, a database `shop` and a login role for the gateway.
pub(crate) fn target() -> &'static Postgres {
    static TARGET: OnceLock<Postgres> = OnceLock::new();
    TARGET.get_or_init(|| {
        let options = PostgresOptions {
            tls: true,
            ..PostgresOptions::default()
        };
        let server = Postgres::start(&Server::standard(), &options);
        server.sql("postgres", "create role gate login password 'gate-secret'");
        server.sql("postgres", "create database shop owner gate");
        server.sql(
            "shop",
            "create table item (id int primary key, name text); \
             insert into item select i, 'item ' || i from generate_series(1, 100) i; \
             alter table item owner to gate",
        );
        server
    })
}

/// Knows whoever brings [`PASSWORD`], under the login name.
struct Guests;

impl Identities for Guests {
    fn authenticate<'a>(
        &'a self,
        login: &'a str,
        credential: &'a Credential,
    ) -> BoxFuture<'a, Result<Authenticated, LoginError>> {
        let result = match credential {
            Credential::Password(secret) if secret.matches(PASSWORD.as_bytes()) => {
                Ok(testing::login(testing::person(login, &[])))
            }
            Credential::Password(_) | Credential::Bearer(_) => Err(LoginError::Refused {
                reason: "unknown token".to_owned(),
            }),
        };
        Box::pin(std::future::ready(result))
    }

    fn oauth_hint(&self) -> Option<(String, String)> {
        None
    }
}

/// The gateway's credential at the target.
struct Fixed(&'static str);

impl Credentials for Fixed {
    fn fetch<'a>(
        &'a self,
        _: &'a ResourceName,
    ) -> BoxFuture<'a, Result<UpstreamCredential, PortError>> {
        Box::pin(std::future::ready(Ok(UpstreamCredential {
            user: "gate".to_owned(),
            password: Some(Secret::new(self.0.to_owned())),
        })))
    }
}

/// How a bench differs from the usual.
pub(crate) struct Wish {
    pub(crate) policies: &'static str,
    pub(crate) limits: Limits,
    pub(crate) client_tls: ClientTls,
    pub(crate) upstream: UpstreamTls,
    pub(crate) upstream_password: &'static str,
    pub(crate) unix: bool,
}

impl Default for Wish {
    fn default() -> Self {
        Self {
            policies: ALLOW,
            limits: Limits {
                drain_timeout: Duration::from_secs(5),
                ..Limits::standard()
            },
            client_tls: ClientTls::Offered,
            upstream: upstream_tls(UpstreamTlsMode::VerifyFull),
            upstream_password: "gate-secret",
            unix: false,
        }
    }
}

/// TLS towards the shared target.
pub(crate) fn upstream_tls(mode: UpstreamTlsMode) -> UpstreamTls {
    UpstreamTls {
        mode,
        ca_file: Some(target().ca_file()),
        certificate: None,
        server_name: None,
    }
}

/// A running relay with handles to its ports.
pub(crate) struct Bench {
    pub(crate) door: testing::Bench,
    pub(crate) registry: Registry,
    pub(crate) folder: TempDir,
    running: Option<Running>,
}

impl Bench {
    pub(crate) fn new() -> Self {
        Self::with(Wish::default())
    }

    pub(crate) fn with(wish: Wish) -> Self {
        let folder = TempDir::new().unwrap();
        let door = testing::Bench::new(wish.policies, "", wish.limits.clone());
        let mut registry = Registry::with_prefix("portcullis");
        let mut listeners = vec![Listener {
            address: ListenAddress::Tcp(([127, 0, 0, 1], 0).into()),
            tls: wish.client_tls,
            oauth_always: false,
        }];
        if wish.unix {
            listeners.push(Listener {
                address: ListenAddress::Unix(folder.path().join(".s.PGSQL.5432")),
                tls: ClientTls::Off,
                oauth_always: false,
            });
        }
        let running = Relay::start(RelayParts {
            gate: Arc::clone(&door.gate),
            identities: Arc::new(Guests),
            credentials: Arc::new(Fixed(wish.upstream_password)),
            resources: vec![ResourceTarget {
                name: ResourceName::new("orders").unwrap(),
                tags: BTreeMap::new(),
                address: TargetAddress::Tcp {
                    host: "localhost".to_owned(),
                    port: target().port,
                },
                databases: vec!["shop".to_owned(), "postgres".to_owned()],
                tls: wish.upstream,
            }],
            listeners,
            server_tls: Some(ServerTls::Own {
                directory: folder.path().join("tls"),
                names: Vec::new(),
            }),
            mask_key: mask::MaskKey(Secret::new(vec![7; 32])),
            limits: wish.limits,
            workers: 2,
            parsers: 1,
            catalog_interval: Duration::from_secs(2),
            metrics: Metrics::register(&mut registry),
        })
        .unwrap();
        Self {
            door,
            registry,
            folder,
            running: Some(running),
        }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        match &self.running.as_ref().unwrap().addresses()[0] {
            ListenAddress::Tcp(address) => *address,
            ListenAddress::Unix(_) => unreachable!("the first listener is TCP"),
        }
    }

    pub(crate) fn ca(&self) -> PathBuf {
        self.running.as_ref().unwrap().tls_ca_path().unwrap()
    }

    pub(crate) fn sessions(&self) -> usize {
        self.running.as_ref().unwrap().sessions()
    }

    /// A psql command line over TLS with a verified certificate.
    pub(crate) fn psql_command(&self, database: &str) -> Command {
        let dsn = format!(
            "host=localhost hostaddr=127.0.0.1 port={} user=ann dbname={database} \
             sslmode=verify-full sslrootcert={}",
            self.address().port(),
            self.ca().display()
        );
        psql_at(&dsn)
    }

    /// Runs SQL with psql over TLS.
    pub(crate) fn psql(&self, sql: &str) -> Ran {
        run(
            &mut self.psql_command("orders"),
            sql,
            Duration::from_secs(60),
        )
    }

    /// What was recorded, one line an event.
    pub(crate) fn recorded(&self) -> Vec<String> {
        self.door.journal.lines()
    }

    /// The value of one metric line.
    pub(crate) fn metric(&self, name: &str) -> f64 {
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &self.registry).unwrap();
        let line = text
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.unwrap_or_else(|| panic!("no {name} in\n{text}"))
            .parse()
            .unwrap()
    }

    pub(crate) fn drain(&mut self) {
        if let Some(running) = self.running.take() {
            running.drain();
        }
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        self.drain();
    }
}

/// psql with a connection string and the good token.
pub(crate) fn psql_at(dsn: &str) -> Command {
    let mut command = Command::new("psql");
    command
        .args(["-X", "-A", "-t", "-q", "-v", "ON_ERROR_STOP=1", "-d", dsn])
        .env("PGPASSWORD", PASSWORD)
        .env("PGCONNECT_TIMEOUT", "20");
    command
}
