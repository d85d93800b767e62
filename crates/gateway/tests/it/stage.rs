//! What every test stands on: the shop on a PostgreSQL, an OpenID provider, and a gateway of the test's own between.

use std::collections::HashMap;
use std::path::Path;
use std::process::Command;
use std::sync::{Mutex, OnceLock};
use std::time::Duration;

use serde_json::Value;
use testkit::{
    Gateway, Oidc, Postgres, PostgresOptions, Ran, RawClient, SUPERUSER, Scratch, Server,
    eventually, repository,
};

/// The password of the role that the gateway logs in to the shop as.
pub(crate) const UPSTREAM_PASSWORD: &str = "upstream-secret-7d1f";
/// How long anything that people wait for may take here.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// The shared provider.
pub(crate) fn oidc() -> &'static Oidc {
    static OIDC: OnceLock<Oidc> = OnceLock::new();
    OIDC.get_or_init(Oidc::start)
}

/// A shop on the server of one version, shared.
pub(crate) fn shop(server: &Server) -> &'static Postgres {
    static SHOPS: Mutex<Option<HashMap<u16, &'static Postgres>>> = Mutex::new(None);
    let mut shops = SHOPS.lock().unwrap();
    let shops = shops.get_or_insert_default();
    shops.entry(server.version).or_insert_with(|| {
        let settings = vec![
            "log_statement = 'all'".to_owned(),
            "log_line_prefix = '%m [%p] %a '".to_owned(),
        ];
        Box::leak(Box::new(new_shop(
            server,
            PostgresOptions {
                settings,
                ..PostgresOptions::default()
            },
        )))
    })
}

/// A shop on a server of the test's own.
pub(crate) fn new_shop(server: &Server, options: PostgresOptions) -> Postgres {
    let postgres = Postgres::start(server, &options);
    postgres.sql("postgres", "CREATE DATABASE shop");
    postgres.sql(
        "shop",
        &std::fs::read_to_string(repository("demo/shop.sql")).unwrap(),
    );
    postgres.sql(
        "shop",
        &format!("ALTER ROLE portcullis_gateway PASSWORD '{UPSTREAM_PASSWORD}'"),
    );
    postgres
}

/// What a test may ask of its gateway beyond the usual.
#[derive(Clone, Default)]
pub(crate) struct Wishes<'a> {
    /// Lines under `[limits]`.
    pub(crate) limits: &'a str,
    /// Lines under `[[resource]]`, instead of the plain ones.
    pub(crate) target: Option<String>,
    /// Everything is allowed, nothing is labelled, and the target is entered as superuser.
    pub(crate) open: bool,
    /// Lines under `[recording]`.
    pub(crate) recording: &'a str,
    /// Lines under `[search]`.
    pub(crate) search: &'a str,
    /// Lines under `[[issuer]]`.
    pub(crate) issuer: &'a str,
    /// Labels beside the shop's own.
    pub(crate) labels: &'a str,
    /// Lines under `[ledger]`.
    pub(crate) ledger: &'a str,
    /// The ledger's signing key, instead of one of its own.
    pub(crate) ledger_key: &'a str,
}

/// A gateway in front of a shop.
pub(crate) struct Stage {
    pub(crate) postgres: &'static Postgres,
    pub(crate) gateway: Gateway,
}

impl Stage {
    /// The shop under its own policies.
    pub(crate) fn shop() -> Self {
        Self::with(&Wishes::default())
    }

    /// The shop under a policy that allows everything.
    pub(crate) fn open() -> Self {
        Self::with(&Wishes {
            open: true,
            ..Wishes::default()
        })
    }

    pub(crate) fn with(wishes: &Wishes<'_>) -> Self {
        Self::on(shop(&Server::standard()), oidc(), wishes)
    }

    /// A shop of the test's own, with more definitions in it.
    pub(crate) fn with_own_shop(definitions: &str, wishes: &Wishes<'_>) -> Self {
        let shop = new_shop(&Server::standard(), PostgresOptions::default());
        shop.sql("shop", definitions);
        Self::on(Box::leak(Box::new(shop)), oidc(), wishes)
    }

    pub(crate) fn on(postgres: &'static Postgres, oidc: &Oidc, wishes: &Wishes<'_>) -> Self {
        let config = configuration(postgres, oidc, wishes);
        let binary = Path::new(env!("CARGO_BIN_EXE_portcullis"));
        let open = wishes.open;
        let gateway = Gateway::start(binary, &config, |scratch| {
            lay_out(scratch, open, wishes.labels);
            if !wishes.ledger_key.is_empty() {
                private(&scratch.write("ledger.key", wishes.ledger_key));
            }
        });
        Self { postgres, gateway }
    }

    /// Starts a gateway that is expected to refuse, and answers what it said.
    pub(crate) fn fails_to_start(wishes: &Wishes<'_>) -> String {
        let config = configuration(shop(&Server::standard()), oidc(), wishes);
        let binary = Path::new(env!("CARGO_BIN_EXE_portcullis"));
        Gateway::fails_to_start(binary, &config, |scratch| lay_out(scratch, wishes.open, ""))
    }

    /// A target of its own, so that nobody else's tables show up in, under a policy that allows everything.
    pub(crate) fn open_alone() -> Self {
        let postgres = Box::leak(Box::new(new_shop(
            &Server::standard(),
            PostgresOptions::default(),
        )));
        Self::on(
            postgres,
            oidc(),
            &Wishes {
                open: true,
                ..Wishes::default()
            },
        )
    }

    /// Runs SQL with psql as one of the provider's accounts, with a fresh OIDC token for a password.
    pub(crate) fn psql(&self, account: &str, sql: &str) -> Ran {
        self.gateway
            .psql(account, &token(account), "orders-prod", sql)
    }

    /// A frame-by-frame connection.
    pub(crate) fn raw(&self, account: &str) -> RawClient {
        RawClient::login(
            self.gateway.address(),
            account,
            "orders-prod",
            &token(account),
        )
    }

    /// A connection string with the token in it.
    pub(crate) fn dsn(&self, account: &str) -> String {
        self.gateway.dsn(account, &token(account), "orders-prod")
    }

    /// Runs a `portcullis` command as one of the accounts.
    pub(crate) fn cli(&self, account: &str, arguments: &[&str]) -> Ran {
        let token = token(account);
        self.gateway.cli(
            arguments,
            &[
                ("PORTCULLIS_GATEWAY", self.gateway.http()),
                ("PORTCULLIS_TOKEN", &token),
            ],
        )
    }

    /// What `cli` prints with `--json`.
    pub(crate) fn json(&self, account: &str, arguments: &[&str]) -> Value {
        let ran = self.cli(account, &[arguments, &["--json"]].concat());
        serde_json::from_str(ran.ok()).unwrap_or_else(|error| panic!("{error}: {}", ran.out))
    }

    /// All requests for approval, settled ones too, as the DBA sees them.
    pub(crate) fn approvals(&self) -> Vec<Value> {
        listed(
            &self.json("dora", &["approvals", "list", "--all"]),
            "approvals",
        )
    }

    /// The ticket of the request for a statement that contains `text`, once it is in `state`.
    pub(crate) fn ticket(&self, text: &str, state: &str) -> String {
        eventually(&format!("a {state} request for {text}"), PATIENCE, || {
            let has = |row: &&Value| {
                row["state"] == state && row["statement"].as_str().is_some_and(|s| s.contains(text))
            };
            self.approvals().iter().find(has)?["ticket"]
                .as_str()
                .map(str::to_owned)
        })
    }

    /// Offline look into the journal.
    pub(crate) fn journal(&self) -> String {
        self.gateway
            .data()
            .join("journal")
            .to_string_lossy()
            .into_owned()
    }
}

/// A list that a command printed, bare or under `name`.
pub(crate) fn listed(value: &Value, name: &str) -> Vec<Value> {
    let list = value.as_array().or_else(|| value[name].as_array());
    list.unwrap_or_else(|| panic!("no {name}: {value}")).clone()
}

/// An ID token of the shared provider, fetched once an account.
pub(crate) fn token(account: &str) -> String {
    static TOKENS: Mutex<Option<HashMap<String, String>>> = Mutex::new(None);
    let mut tokens = TOKENS.lock().unwrap();
    tokens
        .get_or_insert_default()
        .entry(account.to_owned())
        .or_insert_with(|| oidc().login(account))
        .clone()
}

fn lay_out(scratch: &Scratch, open: bool, labels: &str) {
    if open {
        scratch.copy(&repository("testing/policy/open"), "policy");
        scratch.write("upstream.password", SUPERUSER.1);
        return;
    }
    let policy = scratch.copy(&repository("policy"), "policy");
    std::fs::copy(
        repository("testing/policy/superusers.cedar"),
        policy.join("superusers.cedar"),
    )
    .unwrap();
    let data = policy.join("data.toml");
    let known = std::fs::read_to_string(&data).unwrap();
    std::fs::write(&data, known + labels).unwrap();
    scratch.write("upstream.password", UPSTREAM_PASSWORD);
}

/// Lets nobody but the owner read a file.
fn private(path: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
}

fn configuration(postgres: &Postgres, oidc: &Oidc, wishes: &Wishes<'_>) -> String {
    let issuer = oidc.issuer();
    let terms = match wishes.issuer {
        "" => "refetch_min = \"5s\"",
        terms => terms,
    };
    let (user, data) = if wishes.open {
        (SUPERUSER.0, "")
    } else {
        ("portcullis_gateway", "data = \"policy/data.toml\"")
    };
    let target = wishes.target.clone().unwrap_or_else(|| {
        format!(
            "address = \"127.0.0.1:{}\"\ntls = \"disable\"",
            postgres.port
        )
    });
    let Wishes {
        limits,
        recording,
        search,
        ledger,
        ..
    } = wishes;
    let ledger_key = match wishes.ledger_key {
        "" => "",
        _ => "key_file = \"ledger.key\"",
    };
    format!(
        r#"
[gateway]
data_dir = "data"
name = "localhost"
[log]
level = "info"
[[listen]]
address = "127.0.0.1:0"
tls = "offered"
[http]
address = "127.0.0.1:0"
tls = "off"
[policy]
dir = "policy"
{data}
reload_interval = "100ms"
[recording]
{recording}
[search]
{search}
[ledger]
{ledger_key}
{ledger}
[[issuer]]
url = "{issuer}"
audiences = ["portcullis"]
client_id = "portcullis"
name_claim = "name"
agent_groups = ["agents"]
allow_http = true
{terms}
[[issuer.kind]]
claim = "actor_type"
value = "agent"
kind = "agent"
[[resource]]
name = "orders-prod"
protocol = "postgres"
database = "shop"
databases = ["restored"]
user = "{user}"
password_file = "upstream.password"
tags = {{ env = "test" }}
{target}
[limits]
{limits}
"#
    )
}

/// The interpreter with the pinned drivers.
pub(crate) fn python(script: &str) -> Command {
    let mut command = Command::new(testkit::target().join("venv/bin/python"));
    command.arg(repository("testing/clients/python").join(script));
    command
}
