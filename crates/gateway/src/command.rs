//! The command line: which part of the house a word opens.

use std::fs::File;
use std::os::fd::AsFd as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use clap::{Parser, Subcommand};

use gate::ports::MasterKeys as _;
use wire::postgres::reader::SNAPSHOT;

use crate::compose::Running;
use crate::config::{self, Config, LogFormat};
use crate::master::ConfiguredMaster;
use crate::rehearse::Place;
use crate::{begin, demo, master, rehearse, scan};

/// An access gateway that stands on the data path between people, AI agents and databases.
#[derive(Parser, Debug)]
#[command(
    name = "portcullis",
    version,
    propagate_version = true,
    max_term_width = 100
)]
struct Portcullis {
    #[command(flatten)]
    globals: cli::Globals,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Write a first configuration for a database of yours, with policies to start from.
    Init(Box<begin::Init>),
    /// Run the gateway.
    Serve {
        #[command(flatten)]
        place: Place,
    },
    /// Wrap the recordings' keys anew under another master key. The gateway must be stopped.
    Rekey {
        #[command(flatten)]
        place: Place,
        /// The file with the new master key; made, with mode 0600, when it is missing.
        #[arg(long, value_name = "FILE")]
        to: PathBuf,
    },
    /// Bring up a sample shop, an identity provider and the gateway in front of it.
    Demo(demo::Demo),
    /// Check a configuration file, or print an annotated one.
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Check, explain, test and simulate policies.
    #[command(subcommand)]
    Policy(rehearse::PolicyCommand),
    /// Look at data: what should be labelled.
    #[command(subcommand)]
    Data(scan::DataCommand),
    #[command(flatten)]
    User(cli::Command),
}

#[derive(Subcommand, Debug)]
enum ConfigCommand {
    /// Read a file and everything that it names; say what is wrong.
    Check {
        #[command(flatten)]
        place: Place,
    },
    /// Print every setting with its unit and default.
    Example,
}

/// Parses the command line and runs it; errors go to standard error in one line and its causes.
pub fn main() -> ExitCode {
    let Portcullis { globals, command } = Portcullis::parse();
    let result = match command {
        Command::Init(init) => begin::run(&init),
        Command::Serve { place } => serve(&place.config),
        Command::Rekey { place, to } => rekey(&place.config, &to),
        Command::Demo(args) => {
            log_to_stderr("error", LogFormat::Human).and_then(|()| wait(demo::run(args)))
        }
        Command::Config(ConfigCommand::Example) => {
            print!("{}", config::REFERENCE);
            Ok(())
        }
        Command::Config(ConfigCommand::Check { place }) => check(&place.config, globals.json),
        Command::Policy(command) => wait(rehearse::run(command, &globals)),
        Command::Data(command) => wait(scan::run(command, globals.json)),
        Command::User(command) => return cli::run(&globals, &command, &own_questions()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            if let Some(problem) = error.downcast_ref::<cli::Problem>() {
                return problem.report();
            }
            eprintln!("portcullis: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// What the gateway asks servers by itself, for whoever finds it in a server's log.
fn own_questions() -> cli::OwnQuestions {
    let definitions = sql::catalog::QUERIES.iter().map(|query| query.sql);
    let others = [
        sql::state::BRIEF,
        sql::state::QUERY,
        sql::catalog::ESTIMATES,
        sql::catalog::FINGERPRINT,
    ];
    cli::OwnQuestions {
        texts: definitions.chain(others).chain(SNAPSHOT).collect(),
        beginnings: vec!["SET application_name = '"],
        names: "portcullis_own/portcullis_own",
        redact: sql::redact,
    }
}

fn serve(path: &std::path::Path) -> Result<()> {
    let config = Config::read(path)?;
    log_to_stderr(&config.log.level, config.log.format)?;
    // Files that cannot be read are told by the start itself.
    let sources = crate::rules::Sources::read(&config.policy);
    let has_no_policies = sources.is_ok_and(|sources| sources.policies.is_empty());
    for lack in lacks(&config, has_no_policies) {
        tracing::warn!("{lack}");
    }
    wait(async {
        outlive_file_limits()?;
        let running = Running::start(config).await?;
        tracing::info!(postgres = ?running.postgres_addresses(), http = running.public_url(), "ready");
        told_to_stop().await?;
        tracing::info!("draining");
        running.drain().await;
        Ok(())
    })
}

fn rekey(path: &std::path::Path, to: &std::path::Path) -> Result<()> {
    let config = Config::read(path)?;
    let journal = config.gateway.data_dir.join("journal");
    let known = ConfiguredMaster::new(&config, &journal)
        .context("the configuration names no master key")?
        .fetch()
        .context("the master key of now")?;
    let new = master::read_or_make(to).context("the new master key")?;
    if known.first().is_some_and(|first| first.id() == new.id()) {
        anyhow::bail!("{} is the master key of now", to.display());
    }
    let count = store::rekey(&journal, &known, &new)?;
    println!(
        "Wrapped by the master key {} in {} now: {count} more keys.\n\
         Name it as recording.master_key_file before the next start, and destroy the old one with its copies.",
        new.id(),
        to.display()
    );
    Ok(())
}

/// Reads the configuration and all that it names; what it lacks to be of use is said, but no error.
fn check(path: &std::path::Path, as_json: bool) -> Result<()> {
    let config = Config::read(path)?;
    config.limits.resolve()?;
    let sources = crate::rules::Sources::read(&config.policy)?;
    let rules = sources.compile(1)?;
    for resource in &config.resource {
        if let Some(file) = &resource.password_file {
            std::fs::metadata(file)
                .with_context(|| format!("resource {}: {}", resource.name, file.display()))?;
        }
    }
    let lacks = lacks(&config, sources.policies.is_empty());
    let (resources, policies) = (config.resource.len(), rules.policies.hash());
    if as_json {
        let told = serde_json::json!({
            "file": path.display().to_string(),
            "resources": resources,
            "policies": policies.to_string(),
            "warnings": lacks,
        });
        println!("{told:#}");
        return Ok(());
    }
    println!(
        "{}: {resources} resources, policy set {policies}",
        path.display()
    );
    for lack in lacks {
        eprintln!("warning: {lack}");
    }
    Ok(())
}

/// What a configuration lacks to be of use to anybody, a sentence each.
fn lacks(config: &Config, has_no_policies: bool) -> Vec<&'static str> {
    let lacks = [
        (
            config.resource.is_empty(),
            "no [[resource]] is named: there is nothing to connect to",
        ),
        (
            config.issuer.is_empty(),
            "no [[issuer]] is named: nobody can sign in",
        ),
        (
            has_no_policies,
            "policy.dir holds no *.cedar file: everything is refused",
        ),
    ];
    let lacking = lacks.into_iter().filter(|(is_so, _)| *is_so);
    lacking.map(|(_, text)| text).collect()
}

fn wait(work: impl Future<Output = Result<()>>) -> Result<()> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?
        .block_on(work)
}

/// Makes a file that reached the process's limit (`ulimit -f`, a systemd `LimitFSIZE`) an error of the write, as a full
/// disk is, instead of the end of the process: the recorder then refuses, and goes on when there is room.
fn outlive_file_limits() -> Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    // The registration stays for the life of the process; nothing waits for the signal.
    signal(SignalKind::from_raw(libc::SIGXFSZ)).map(drop)?;
    Ok(())
}

/// Ends at SIGINT or SIGTERM.
pub(crate) async fn told_to_stop() -> Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        result = tokio::signal::ctrl_c() => result?,
        _ = terminate.recv() => {}
    }
    Ok(())
}

fn log_to_stderr(level: &str, format: LogFormat) -> Result<()> {
    let filter = tracing_subscriber::EnvFilter::try_new(level).context("log.level")?;
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(standard_error().context("standard error")?);
    let installed = match format {
        LogFormat::Human => lines.try_init(),
        LogFormat::Json => lines.json().flatten_event(true).try_init(),
    };
    installed.map_err(|error| anyhow::anyhow!("logging: {error}"))
}

/// The standard error by a descriptor of its own. libpg_query puts a pipe in place of the process's while it parses, and
/// threads that parse at once may leave a closed one there.
fn standard_error() -> std::io::Result<Arc<File>> {
    let own = std::io::stderr().as_fd().try_clone_to_owned()?;
    Ok(Arc::new(File::from(own)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_consistent() {
        Portcullis::command().debug_assert();
    }
}
