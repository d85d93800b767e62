//! Real PostgreSQL servers of several versions, each on a data folder of its own.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::Duration;

use crate::files::{Scratch, is_root, target};
use crate::leash::{Leash, Run, as_nobody, touch};
use crate::oidc::free_port;
use crate::run::{Ran, run};
use crate::wait::wait_until;

/// The programs of one PostgreSQL version.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Server {
    /// The major version.
    pub version: u16,
    /// Where `initdb` and `postgres` are.
    pub bin: PathBuf,
}

impl Server {
    /// All servers of this machine, oldest first: Debian's, and those that `scripts/setup.sh test` fetches.
    pub fn all() -> &'static [Self] {
        static FOUND: OnceLock<Vec<Server>> = OnceLock::new();
        FOUND.get_or_init(|| {
            let mut found = Vec::new();
            collect(&mut found, Path::new("/usr/lib/postgresql"), "", "bin");
            collect(&mut found, &peers(), "postgres-", "native/bin");
            found.sort_by_key(|server| server.version);
            found.dedup_by_key(|server| server.version);
            found
        })
    }

    /// The server of one major version.
    ///
    /// # Panics
    /// When it is not on this machine.
    pub fn of(version: u16) -> Self {
        let found = Self::all()
            .iter()
            .find(|server| server.version == version)
            .cloned();
        found.unwrap_or_else(|| panic!("no PostgreSQL {version}: run scripts/setup.sh test"))
    }

    /// Debian's own server, whatever its version: the oldest there is.
    ///
    /// # Panics
    /// When there is none.
    pub fn standard() -> Self {
        Self::all()
            .first()
            .cloned()
            .expect("no PostgreSQL: run scripts/setup.sh test")
    }
}

fn collect(found: &mut Vec<Server>, folder: &Path, prefix: &str, inner: &str) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    for entry in entries.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let version = name
            .strip_prefix(prefix)
            .and_then(|number| number.parse().ok());
        let bin = entry.path().join(inner);
        if let Some(version) = version
            && bin.join("postgres").exists()
        {
            found.push(Server { version, bin });
        }
    }
}

/// The fetched servers, copied once to where `nobody` can read them if the repository lies in a closed folder.
fn peers() -> PathBuf {
    let modules = target().join("peers/node_modules");
    let readable = |path: &Path| {
        let status = as_nobody("test")
            .arg("-r")
            .arg(path.join(".package-lock.json"))
            .status();
        status.is_ok_and(|status| status.success())
    };
    if !is_root() || !modules.exists() || readable(&modules) {
        return modules;
    }
    let copy = std::env::temp_dir().join(format!("portcullis-peers-{}", std::process::id()));
    if !copy.exists() {
        let made = Command::new("cp")
            .arg("-a")
            .arg(&modules)
            .arg(&copy)
            .status();
        assert!(
            made.is_ok_and(|status| status.success()),
            "copy the servers to {}",
            copy.display()
        );
    }
    copy
}

/// How a server is set up.
#[derive(Clone, Debug)]
pub struct PostgresOptions {
    /// The password method of `pg_hba.conf` for TCP: `scram-sha-256`, `md5`, `password` or `trust`.
    pub auth: &'static str,
    /// Whether it offers TLS, with a certificate for `localhost` of a CA of its own.
    pub tls: bool,
    /// Lines for `postgresql.conf`.
    pub settings: Vec<String>,
}

impl Default for PostgresOptions {
    fn default() -> Self {
        Self {
            auth: "scram-sha-256",
            tls: false,
            settings: Vec::new(),
        }
    }
}

/// A running server; stopped, and its data removed, when dropped.
#[derive(Debug)]
pub struct Postgres {
    /// Which server it is.
    pub server: Server,
    /// Its TCP port on 127.0.0.1.
    pub port: u16,
    leash: Leash,
    scratch: Scratch,
}

/// The superuser of every server of the tests, and its password.
pub const SUPERUSER: (&str, &str) = ("postgres", "super-secret");

impl Postgres {
    /// Makes a fresh cluster and starts it.
    ///
    /// # Panics
    /// When it cannot, with what the server said.
    pub fn start(server: &Server, options: &PostgresOptions) -> Self {
        let scratch = Scratch::for_server();
        let data = scratch.path().join("data");
        init(server, &scratch, &data, options);
        let port = free_port();
        let log = scratch.path().join("server.log");
        touch(&log);
        scratch.give_away_if_root(&log);
        let command: Vec<OsString> = vec![
            server.bin.join("postgres").into(),
            "-D".into(),
            data.clone().into(),
            "-p".into(),
            port.to_string().into(),
            "-k".into(),
            scratch.path().into(),
        ];
        let environment = vec![
            ("TZ".to_owned(), "UTC".to_owned()),
            ("LC_ALL".to_owned(), "C".to_owned()),
        ];
        let folder = Some(scratch.path());
        let leash = Leash::start(Run {
            command,
            environment,
            folder,
            signal: "INT",
            log,
            as_nobody: true,
        });
        let started = Self {
            server: server.clone(),
            port,
            leash,
            scratch,
        };
        wait_until(
            "PostgreSQL to take connections",
            Duration::from_secs(60),
            || {
                assert!(
                    started.leash.is_running(),
                    "PostgreSQL ended: {}",
                    started.leash.log()
                );
                started.psql("postgres", "select 1").code == 0
            },
        );
        started
    }

    /// Runs SQL as superuser, over the server's own port, with psql.
    ///
    /// # Panics
    /// When psql cannot be run.
    pub fn psql(&self, database: &str, sql: &str) -> Ran {
        let mut command = Command::new("psql");
        command
            .args(["-X", "-A", "-t", "-q", "-v", "ON_ERROR_STOP=1", "-d"])
            .arg(self.superuser_dsn(database));
        run(&mut command, sql, Duration::from_secs(120))
    }

    /// Runs SQL that must succeed, and answers what it printed, trimmed.
    ///
    /// # Panics
    /// When it fails.
    pub fn sql(&self, database: &str, sql: &str) -> String {
        self.psql(database, sql).ok().trim().to_owned()
    }

    /// A connection string for the superuser.
    pub fn superuser_dsn(&self, database: &str) -> String {
        self.dsn(SUPERUSER.0, SUPERUSER.1, database)
    }

    /// A connection string for any role.
    pub fn dsn(&self, user: &str, password: &str, database: &str) -> String {
        format!(
            "postgresql://{user}:{password}@127.0.0.1:{}/{database}?sslmode=prefer",
            self.port
        )
    }

    /// What the server has logged.
    pub fn log(&self) -> String {
        self.leash.log()
    }

    /// Its data folder.
    pub fn data(&self) -> PathBuf {
        self.scratch.path().join("data")
    }

    /// The CA that signed its certificate, when it offers TLS.
    pub fn ca_file(&self) -> PathBuf {
        self.scratch.path().join("ca.crt")
    }

    /// The folder of its unix socket.
    pub fn socket_folder(&self) -> &Path {
        self.scratch.path()
    }

    /// Stops the server at once, as a crash would.
    pub fn kill(&self) {
        self.leash.signal(libc::SIGQUIT);
        wait_until("PostgreSQL to be gone", Duration::from_secs(20), || {
            !self.leash.is_running()
        });
    }
}

impl Scratch {
    fn give_away_if_root(&self, path: &Path) {
        if is_root() {
            self.give_away(path);
        }
    }
}

fn init(server: &Server, scratch: &Scratch, data: &Path, options: &PostgresOptions) {
    let password = scratch.write("superuser", SUPERUSER.1);
    scratch.give_away_if_root(&password);
    let initdb = server.bin.join("initdb");
    let initdb = initdb.to_string_lossy();
    let mut command = if is_root() {
        as_nobody(&initdb)
    } else {
        Command::new(&*initdb)
    };
    command.args([
        "--no-sync",
        "--encoding=UTF8",
        "--locale=C",
        "--auth-local=trust",
        "--username",
    ]);
    command
        .arg(SUPERUSER.0)
        .arg(format!("--auth-host={}", options.auth))
        .arg("-D")
        .arg(data);
    command
        .arg(format!("--pwfile={}", password.display()))
        .current_dir("/");
    run(&mut command, "", Duration::from_secs(120)).ok();
    let mut lines = vec![
        "listen_addresses = '127.0.0.1'".to_owned(),
        "fsync = off".to_owned(),
        "shared_buffers = 32MB".to_owned(),
        "max_connections = 120".to_owned(),
        "timezone = 'UTC'".to_owned(),
        "log_timezone = 'UTC'".to_owned(),
        "lc_messages = 'C'".to_owned(),
    ];
    if options.auth == "md5" {
        lines.push("password_encryption = md5".to_owned());
    }
    if options.tls {
        lines.extend(certificates(scratch));
    }
    lines.extend(options.settings.iter().cloned());
    let conf = data.join("postgresql.conf");
    let written = fs::read_to_string(&conf).expect("read postgresql.conf");
    fs::write(&conf, format!("{written}\n{}\n", lines.join("\n"))).expect("write postgresql.conf");
}

/// Makes a CA and a certificate for `localhost`, and answers the settings that name them.
fn certificates(scratch: &Scratch) -> Vec<String> {
    let ca_key = rcgen::KeyPair::generate().expect("a CA key");
    let mut ca = rcgen::CertificateParams::new(Vec::new()).expect("CA parameters");
    ca.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    ca.distinguished_name
        .push(rcgen::DnType::CommonName, "test target CA");
    let ca_certificate = ca.self_signed(&ca_key).expect("a CA certificate");
    let key = rcgen::KeyPair::generate().expect("a server key");
    let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
    let issuer = rcgen::Issuer::new(ca, ca_key);
    let params = rcgen::CertificateParams::new(names).expect("server parameters");
    let certificate = params
        .signed_by(&key, &issuer)
        .expect("a server certificate");
    let files = [
        scratch.write("server.crt", &certificate.pem()),
        scratch.write("server.key", &key.serialize_pem()),
        scratch.write("ca.crt", &ca_certificate.pem()),
    ];
    for file in &files {
        scratch.give_away_if_root(file);
    }
    let [certificate, key, _ca] = files;
    vec![
        "ssl = on".to_owned(),
        format!("ssl_cert_file = '{}'", certificate.display()),
        format!("ssl_key_file = '{}'", key.display()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_server_starts_takes_its_password_and_goes() {
        for server in Server::all() {
            for auth in ["scram-sha-256", "md5"] {
                let options = PostgresOptions {
                    auth,
                    tls: auth == "md5",
                    ..PostgresOptions::default()
                };
                let postgres = Postgres::start(server, &options);
                let version = postgres.sql("postgres", "show server_version_num");
                assert_eq!(version.len(), 6, "{version}");
                assert!(
                    version.starts_with(&server.version.to_string()),
                    "{version}"
                );
                let tls = postgres.sql(
                    "postgres",
                    "select ssl from pg_stat_ssl where pid = pg_backend_pid()",
                );
                assert_eq!(tls == "t", options.tls, "{auth} {tls}");
                let wrong = postgres.dsn("postgres", "wrong", "postgres");
                let mut psql = Command::new("psql");
                let ran = run(
                    psql.args(["-X", "-c", "select 1", &wrong]),
                    "",
                    Duration::from_secs(20),
                );
                assert!(
                    ran.err.contains("password authentication failed"),
                    "{}",
                    ran.err
                );
                let folder = postgres.socket_folder().to_owned();
                drop(postgres);
                assert!(!folder.exists(), "the data folder is gone");
            }
        }
    }
}
