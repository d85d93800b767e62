//! `portcullis demo`: a real PostgreSQL with a shop in it, an identity provider without passwords, and the gateway
//! in front, composed exactly as `serve` composes it.
//!
//! What is insecure here (the provider, plain HTTP, generated passwords) lives in this module alone; `serve` has
//! no setting that reaches it.

mod issuer;
mod people;
mod postgres;
mod story;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use tokio::net::TcpListener;

use crate::compose::Running;
use crate::config::Config;

const SHOP: &str = include_str!("../../../../demo/shop.sql");
const POLICIES: &[(&str, &str)] = &[
    (
        "agents.cedar",
        include_str!("../../../../policy/agents.cedar"),
    ),
    (
        "people.cedar",
        include_str!("../../../../policy/people.cedar"),
    ),
    (
        "gateway.cedar",
        include_str!("../../../../policy/gateway.cedar"),
    ),
    ("data.toml", include_str!("../../../../policy/data.toml")),
];

/// `portcullis demo`
#[derive(clap::Args, Debug)]
pub struct Demo {
    /// Walk the whole story with real clients, print each step with its outcome, and exit; non-zero if one differs.
    #[arg(long)]
    check: bool,
    /// Folder for everything the demo makes; removed at the end.
    #[arg(long, default_value_os_t = std::env::temp_dir().join("portcullis-demo"))]
    dir: PathBuf,
    /// Port for database clients; 0 picks a free one.
    #[arg(long, default_value_t = 6432)]
    port: u16,
    /// Port for the page and the API; 0 picks a free one.
    #[arg(long, default_value_t = 8080)]
    http_port: u16,
}

/// Everything that runs.
struct Stage {
    dir: PathBuf,
    server: postgres::Server,
    running: Running,
    tokens: BTreeMap<&'static str, PathBuf>,
    provider: tokio::task::JoinHandle<()>,
}

/// Runs the demo until Ctrl-C, or the check.
///
/// # Errors
/// What could not be started, or which step of the check differed.
pub async fn run(demo: Demo) -> Result<()> {
    let (check, dir) = (demo.check, demo.dir.clone());
    fresh_folder(&dir)?;
    let result = play(demo, check).await;
    if let Err(error) = std::fs::remove_dir_all(&dir) {
        tracing::warn!(%error, dir = %dir.display(), "the demo's folder could not be removed");
    }
    result
}

async fn play(demo: Demo, check: bool) -> Result<()> {
    let stage = set(demo).await?;
    let result = if check {
        story::walk(&stage).await
    } else {
        println!("{}", stage.playbill());
        crate::command::told_to_stop().await
    };
    println!("\nStopping.");
    stage.strike().await;
    result
}

/// The folder is made anew; one that holds something else is left alone.
fn fresh_folder(dir: &Path) -> Result<()> {
    const MARK: &str = ".portcullis-demo";
    if dir.exists() {
        if !dir.join(MARK).exists() {
            bail!(
                "{} exists and is not a demo's; choose another with --dir",
                dir.display()
            );
        }
        if dir.join("postgres/postmaster.pid").exists() {
            bail!(
                "a demo runs in {}, or was killed there; stop it and remove the folder, or use --dir",
                dir.display()
            );
        }
        std::fs::remove_dir_all(dir)?;
    }
    std::fs::create_dir_all(dir)?;
    std::fs::write(dir.join(MARK), "")?;
    Ok(())
}

async fn set(demo: Demo) -> Result<Stage> {
    println!("Starting PostgreSQL with a shop in it …");
    let dir = demo.dir.canonicalize()?;
    let password = postgres::secret_word()?;
    let server = {
        let (dir, password) = (dir.clone(), password.clone());
        tokio::task::spawn_blocking(move || postgres::Server::start(&dir, SHOP, &password))
            .await??
    };
    private_file(&dir.join("upstream.password"), &password)?;

    println!("Starting the identity provider and the gateway …");
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let issuer_url = format!("http://{}", listener.local_addr()?);
    let issuer = issuer::Issuer::new(issuer_url.clone())?;
    let router = issuer.router();
    let provider = tokio::spawn(async move {
        if let Err(error) = axum::serve(listener, router).await {
            tracing::error!(%error, "the identity provider ended");
        }
    });
    let mut tokens = BTreeMap::new();
    for person in people::PEOPLE {
        let path = dir.join(format!("{}.token", person.login));
        private_file(&path, &issuer.token_for(person, None)?)?;
        tokens.insert(person.login, path);
    }

    let policy = dir.join("policy");
    std::fs::create_dir_all(&policy)?;
    for (name, text) in POLICIES {
        std::fs::write(policy.join(name), text)?;
    }
    let config = dir.join("portcullis.toml");
    std::fs::write(&config, configuration(&demo, &server, &issuer_url)?)?;
    let running = Running::start(Config::read(&config)?).await?;
    Ok(Stage {
        dir,
        server,
        running,
        tokens,
        provider,
    })
}

fn private_file(path: &Path, text: &str) -> Result<()> {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    Ok(file.write_all(text.as_bytes())?)
}

/// The port asked for, or a free one when somebody else has it.
fn port_or_free(port: u16) -> Result<u16> {
    match std::net::TcpListener::bind(("127.0.0.1", port)) {
        Ok(listener) => Ok(listener.local_addr()?.port()),
        Err(_) => postgres::free_port(),
    }
}

fn configuration(demo: &Demo, server: &postgres::Server, issuer: &str) -> Result<String> {
    let (port, http) = (port_or_free(demo.port)?, port_or_free(demo.http_port)?);
    // The waiting time is short so that `demo --check` can show both ends of a hold.
    let hold_wait = if demo.check { "4s" } else { "45s" };
    let upstream = server.port;
    let mut text = String::new();
    write!(
        text,
        r#"# Made by `portcullis demo`. The same file, with your own issuer and target, is what `serve` reads.
[gateway]
data_dir = "data"
name = "localhost"

[log]
level = "warn"

[[listen]]
address = "127.0.0.1:{port}"
tls = "required"

[http]
address = "127.0.0.1:{http}"
public_url = "http://127.0.0.1:{http}"
tls = "off"

[policy]
dir = "policy"
data = "policy/data.toml"

[[issuer]]
url = "{issuer}"
audiences = ["{client}"]
client_id = "{client}"
name_claim = "name"
agent_groups = ["agents"]
allow_http = true

[[resource]]
name = "orders-prod"
address = "127.0.0.1:{upstream}"
database = "shop"
tls = "disable"
user = "{role}"
password_file = "upstream.password"
tags = {{ env = "production" }}

[limits]
hold_wait = "{hold_wait}"
"#,
        client = issuer::CLIENT_ID,
        role = postgres::ROLE,
    )?;
    Ok(text)
}

impl Stage {
    fn ca(&self) -> PathBuf {
        self.dir.join("data/tls/ca.crt")
    }

    fn psql_line(&self, login: &str) -> String {
        format!(
            "PGPASSWORD=\"$(cat {token})\" psql \"host=localhost port={port} dbname=orders-prod user={login} \
             sslmode=verify-full sslrootcert={ca}\"",
            token = self.dir.join(format!("{login}.token")).display(),
            port = self.running.postgres_port(),
            ca = self.ca().display(),
        )
    }

    fn playbill(&self) -> String {
        let page = self.running.public_url();
        let (agent, engineer, dba) = (
            self.psql_line("agent"),
            self.psql_line("engineer"),
            self.psql_line("dba"),
        );
        format!(
            "
Portcullis stands in front of PostgreSQL {version}. Copy a line into another terminal:

  an AI agent that acts for the engineer
    {agent}

  the engineer
    {engineer}

  the DBA
    {dba}

Try, as the agent:
  SELECT id, name, email, ssn FROM customers LIMIT 3;      comes back masked
  DELETE FROM orders WHERE id = 7;                         waits for the DBA
  DROP TABLE orders;                                       is refused, with the reason

Answer what waits at {page} (sign in as dba), or:
  portcullis approvals list
Policies are in {dir}/policy: edit them while it runs.

Ctrl-C stops everything and removes it.",
            version = self.server.version,
            dir = self.dir.display(),
        )
    }

    async fn strike(self) {
        self.running.drain().await;
        self.provider.abort();
        drop(self.server);
    }
}
