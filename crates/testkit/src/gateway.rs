//! The gateway's own binary, run as an operator runs it: `portcullis serve --config FILE`.

use std::ffi::OsString;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde_json::Value;

use crate::files::Scratch;
use crate::leash::{Leash, Run, touch};
use crate::run::{Ran, run};
use crate::wait::{eventually, wait_until};

/// A gateway and its folder. The folder outlives a crash of the process, so that it can be started again on it.
#[derive(Debug)]
pub struct Gateway {
    binary: PathBuf,
    scratch: Scratch,
    leash: Option<Leash>,
    addresses: Value,
}

impl Gateway {
    /// Starts `binary` with `config`, whose relative paths are taken from the gateway's own folder and whose `data_dir`
    /// is `data`. `prepare` may lay files into that folder first.
    ///
    /// # Panics
    /// When it does not come up within 30 s, with what it printed.
    pub fn start(binary: &Path, config: &str, prepare: impl FnOnce(&Scratch)) -> Self {
        let scratch = Scratch::new();
        prepare(&scratch);
        scratch.write("portcullis.toml", config);
        let mut gateway = Self {
            binary: binary.to_owned(),
            scratch,
            leash: None,
            addresses: Value::Null,
        };
        gateway.resume();
        gateway
    }

    /// Starts it again on its folder, after [`Gateway::kill`] or [`Gateway::stop`].
    ///
    /// # Panics
    /// As [`Gateway::start`].
    pub fn resume(&mut self) {
        self.launch();
        let file = self.data().join("addresses.json");
        let leash = self.leash.as_ref().expect("just launched");
        self.addresses = eventually("the gateway to come up", Duration::from_secs(30), || {
            assert!(leash.is_running(), "the gateway ended: {}", leash.log());
            serde_json::from_str(&fs::read_to_string(&file).ok()?).ok()
        });
    }

    /// Starts it where it is expected to refuse, and answers what it printed before it ended.
    ///
    /// # Panics
    /// When it has not ended within 30 s.
    pub fn fails_to_start(binary: &Path, config: &str, prepare: impl FnOnce(&Scratch)) -> String {
        let scratch = Scratch::new();
        prepare(&scratch);
        let file = scratch.write("portcullis.toml", config);
        let ran = run(
            Command::new(binary).args(["serve", "--config"]).arg(file),
            "",
            Duration::from_secs(30),
        );
        assert_ne!(ran.code, 0, "it started: {}", ran.all());
        ran.all()
    }

    fn launch(&mut self) {
        drop(fs::remove_file(self.data().join("addresses.json")));
        let log = self.scratch.path().join("gateway.log");
        touch(&log);
        let config = self.scratch.path().join("portcullis.toml");
        let command: Vec<OsString> = vec![
            self.binary.clone().into(),
            "serve".into(),
            "--config".into(),
            config.into(),
        ];
        let environment = vec![("NO_COLOR".to_owned(), "1".to_owned())];
        let run = Run {
            command,
            environment,
            folder: None,
            signal: "TERM",
            log,
            as_nobody: false,
        };
        self.leash = Some(Leash::start(run));
    }

    /// Runs another `portcullis` command in the gateway's folder.
    ///
    /// # Panics
    /// When it cannot be run, or takes longer than 60 s.
    pub fn cli(&self, arguments: &[&str], environment: &[(&str, &str)]) -> Ran {
        let mut command = Command::new(&self.binary);
        command
            .args(arguments)
            .env("NO_COLOR", "1")
            .env("HOME", self.scratch.path());
        command
            .env_remove("XDG_CONFIG_HOME")
            .envs(environment.iter().copied())
            .current_dir(self.scratch.path());
        run(&mut command, "", Duration::from_secs(60))
    }

    /// The address of its first PostgreSQL listener.
    ///
    /// # Panics
    /// When it has none.
    pub fn address(&self) -> SocketAddr {
        self.listener(0)
    }

    /// The address of one of its PostgreSQL listeners, in the order of the configuration.
    ///
    /// # Panics
    /// When there is no such listener.
    pub fn listener(&self, index: usize) -> SocketAddr {
        let text = self.addresses["postgres"][index]
            .as_str()
            .unwrap_or_else(|| panic!("{}", self.addresses));
        text.parse().expect("a socket address")
    }

    /// The base URL of its HTTP side.
    ///
    /// # Panics
    /// When it has none.
    pub fn http(&self) -> &str {
        self.addresses["http"]
            .as_str()
            .unwrap_or_else(|| panic!("{}", self.addresses))
    }

    /// A connection string through the first listener.
    pub fn dsn(&self, user: &str, password: &str, resource: &str) -> String {
        let address = self.address();
        format!("postgresql://{user}:{password}@{address}/{resource}?sslmode=disable")
    }

    /// Runs psql through the gateway, with `input` as its script.
    ///
    /// # Panics
    /// When psql cannot be run.
    pub fn psql(&self, user: &str, password: &str, resource: &str, input: &str) -> Ran {
        let mut command = Command::new("psql");
        command
            .args([
                "-X",
                "-A",
                "-t",
                "-q",
                "-v",
                "VERBOSITY=verbose",
                "-v",
                "ON_ERROR_STOP=1",
                "-d",
            ])
            .arg(self.dsn(user, "", resource));
        command
            .env("PGPASSWORD", password)
            .env("PGCONNECT_TIMEOUT", "20");
        run(&mut command, input, Duration::from_secs(120))
    }

    /// What it has logged.
    pub fn log(&self) -> String {
        self.leash.as_ref().map(Leash::log).unwrap_or_default()
    }

    /// Its folder.
    pub fn folder(&self) -> &Path {
        self.scratch.path()
    }

    /// Its data folder.
    pub fn data(&self) -> PathBuf {
        self.scratch.path().join("data")
    }

    /// Its process id.
    ///
    /// # Panics
    /// When it is not running.
    pub fn pid(&self) -> i32 {
        self.leash
            .as_ref()
            .map(Leash::pid)
            .expect("a running gateway")
    }

    /// Whether its process is there.
    pub fn is_running(&self) -> bool {
        self.leash.as_ref().is_some_and(Leash::is_running)
    }

    /// Ends it as a crash would: no handler runs.
    pub fn kill(&mut self) {
        if let Some(leash) = self.leash.take() {
            leash.signal(libc::SIGKILL);
            wait_until("the gateway to be gone", Duration::from_secs(10), || {
                !leash.is_running()
            });
        }
    }

    /// Asks it to drain and end.
    pub fn stop(&mut self) {
        self.leash = None;
    }
}
