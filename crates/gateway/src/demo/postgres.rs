//! The demo's PostgreSQL: a server of its own, on its own data folder, on loopback.

use std::ffi::OsStr;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use anyhow::{Context as _, Result, bail};

/// The role that the gateway logs in as.
pub(crate) const ROLE: &str = "portcullis_gateway";

/// A running server; stopped when dropped.
pub(crate) struct Server {
    bin: PathBuf,
    data: PathBuf,
    /// Where it listens on 127.0.0.1.
    pub(crate) port: u16,
    /// Its version, as it says.
    pub(crate) version: String,
}

impl Server {
    /// Makes a cluster under `dir`, starts it, and loads the shop. `password` becomes the gateway role's.
    pub(crate) fn start(dir: &Path, shop: &str, password: &str) -> Result<Self> {
        let bin = binaries()?;
        let data = dir.join("postgres");
        std::fs::create_dir_all(&data)?;
        if is_root() {
            run(Command::new("chown").arg("nobody").arg(&data))
                .context("chown for the server's folder")?;
        }
        let owner = secret_word()?;
        let password_file = Handover::new(dir, &owner)?;
        let initdb = run(unprivileged(&bin.join("initdb"))
            .args([
                "-U",
                "postgres",
                "-A",
                "scram-sha-256",
                "-E",
                "UTF8",
                "--locale=C.UTF-8",
                "--no-sync",
            ])
            .arg("--pwfile")
            .arg(&password_file.0)
            .arg("-D")
            .arg(&data));
        drop(password_file);
        initdb.context("initdb")?;
        let port = free_port()?;
        let options = format!(
            "-c listen_addresses=127.0.0.1 -c port={port} -c unix_socket_directories='' -c fsync=off -c log_statement=all"
        );
        run(unprivileged(&bin.join("pg_ctl"))
            .args(["start", "-w", "-t", "60", "-s", "-o", &options, "-l"])
            .arg(data.join("server.log"))
            .arg("-D")
            .arg(&data))
        .context("pg_ctl start")?;
        let mut server = Self {
            bin,
            data,
            port,
            version: String::new(),
        };
        server.psql(&owner, "postgres", "CREATE DATABASE shop")?;
        server
            .psql(&owner, "shop", shop)
            .context("loading the shop")?;
        let alter = format!("ALTER ROLE {ROLE} LOGIN PASSWORD '{password}'");
        server.psql(&owner, "shop", &alter)?;
        server.version = server
            .psql(&owner, "shop", "SHOW server_version")?
            .trim()
            .to_owned();
        Ok(server)
    }

    fn psql(&self, password: &str, database: &str, script: &str) -> Result<String> {
        use std::io::Write as _;
        let mut child = Command::new(self.bin.join("psql"))
            .args([
                "-XAtq",
                "-v",
                "ON_ERROR_STOP=1",
                "-h",
                "127.0.0.1",
                "-U",
                "postgres",
                "-d",
                database,
            ])
            .args(["-p", &self.port.to_string()])
            .env("PGPASSWORD", password)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        child
            .stdin
            .take()
            .context("psql's input")?
            .write_all(script.as_bytes())?;
        let output = succeeded(child.wait_with_output()?)?;
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let stop = run(unprivileged(&self.bin.join("pg_ctl"))
            .args(["stop", "-w", "-t", "20", "-m", "immediate", "-s", "-D"])
            .arg(&self.data));
        if let Err(error) = stop {
            tracing::warn!(%error, "the demo's PostgreSQL did not stop");
        }
    }
}

/// A secret handed to a child through a file of its own, gone when dropped.
struct Handover(PathBuf);

impl Handover {
    fn new(dir: &Path, secret: &str) -> Result<Self> {
        use std::io::Write as _;
        use std::os::unix::fs::OpenOptionsExt as _;
        let path = dir.join("initdb.password");
        let mut file = std::fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path)?;
        writeln!(file, "{secret}")?;
        if is_root() {
            run(Command::new("chown").arg("nobody").arg(&path))?;
        }
        Ok(Self(path))
    }
}

impl Drop for Handover {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_file(&self.0) {
            tracing::warn!(%error, "a password file could not be removed");
        }
    }
}

/// A random word of 192 bits that needs no quoting anywhere.
pub(crate) fn secret_word() -> Result<String> {
    let mut bytes = [0; 24];
    getrandom::fill(&mut bytes)
        .ok()
        .context("no random numbers")?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// A port of 127.0.0.1 that is free at this moment.
pub(crate) fn free_port() -> Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

/// The folder of the newest installed server's programs.
fn binaries() -> Result<PathBuf> {
    let installed = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten();
    let mut versions: Vec<(u32, PathBuf)> = installed
        .filter_map(|entry| {
            Some((
                entry.file_name().to_str()?.parse().ok()?,
                entry.path().join("bin"),
            ))
        })
        .filter(|(_, bin)| bin.join("initdb").exists() && bin.join("psql").exists())
        .collect();
    versions.sort();
    if let Some((_, bin)) = versions.pop() {
        return Ok(bin);
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .find(|bin| bin.join("initdb").exists())
        .context("no PostgreSQL server is installed; `make demo` installs one, or: apt-get install postgresql")
}

fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt as _;
    std::fs::metadata("/proc/self").is_ok_and(|me| me.uid() == 0)
}

/// PostgreSQL refuses to run as root; then it runs as `nobody`.
fn unprivileged(program: &Path) -> Command {
    if !is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command
        .args(["--reuid=nobody", "--regid=nogroup", "--clear-groups", "--"].map(OsStr::new))
        .arg(program);
    command
}

fn run(command: &mut Command) -> Result<Output> {
    let output = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .output()?;
    succeeded(output)
}

fn succeeded(output: Output) -> Result<Output> {
    if !output.status.success() {
        bail!(
            "{}: {}",
            output.status,
            String::from_utf8_lossy(&output.stderr).trim()
        );
    }
    Ok(output)
}
