//! `replay --against`: runs a session's statements again on another database and reports what differs.
//!
//! Must never run anything before somebody said yes to the very database, and never take a password from the command line.

use std::io::{self, BufRead, IsTerminal, Write};
use std::path::Path;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use contract::visible::single_line;
use futures_util::TryStreamExt as _;
use ledger::journal::Recording;
use rustls::ClientConfig;
use rustls_pki_types::{CertificateDer, pem::PemObject};
use rustls_platform_verifier::Verifier;
use serde_json::{Value, json};
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres::{Client, Config, NoTls, SimpleQueryMessage, SimpleQueryRow};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::compare::{Comparison, Verdict};
use super::rerun::{How, Rerun, reruns};
use crate::args::{Globals, Replay};
use crate::print;
use crate::problem::{Kind, Problem};

/// Time to connect, unless the connection string says another.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Run in place of what the gateway refused: it does not parse, so it aborts a transaction and does nothing else.
const REFUSED: &str = "\"refused by portcullis in the recording\"";

/// Statements that were run, and what came of them.
#[derive(Default)]
struct Tally {
    same: u64,
    differ: u64,
    left: u64,
    lines: Vec<Value>,
}

pub(super) async fn run(
    globals: &Globals,
    wish: &Replay,
    target: &str,
    recording: &Recording,
) -> Result<(), Problem> {
    let config = config(target)?;
    let reruns = reruns(&recording.events);
    if !wish.yes {
        confirm(&config, reruns.len())?;
    }
    let client = connect(&config, globals.ca.as_deref()).await?;
    let mut tally = Tally::default();
    for rerun in &reruns {
        let verdict = once(&client, rerun).await?;
        tally.tell(globals, rerun, verdict)?;
    }
    tally.sum(globals)
}

/// Reads the connection string; the password comes from the environment.
fn config(target: &str) -> Result<Config, Problem> {
    let hint = "host=127.0.0.1 port=5432 user=me dbname=scratch, with the password in PGPASSWORD";
    // The error's own words could repeat a password.
    let config: Result<Config, _> = target.parse();
    let mut config =
        config.map_err(|_| Problem::usage("--against is no connection string").hint(hint))?;
    if config.get_password().is_some() {
        let problem = Problem::usage("a password on the command line is seen by everybody here");
        return Err(problem.hint("put it into PGPASSWORD"));
    }
    let variable = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
    if let Some(password) = variable("PGPASSWORD") {
        config.password(password);
    }
    if config.get_user().is_none() {
        let user = variable("PGUSER").or_else(|| variable("USER"));
        config.user(user.ok_or_else(|| Problem::usage("--against names no user").hint(hint))?);
    }
    if config.get_hosts().is_empty() {
        return Err(Problem::usage("--against names no host").hint(hint));
    }
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(CONNECT_TIMEOUT);
    }
    config.application_name("portcullis replay");
    Ok(config)
}

/// The database as people name it.
fn place(config: &Config) -> String {
    let hosts = config.get_hosts().iter().map(|host| match host {
        Host::Tcp(name) => name.clone(),
        Host::Unix(path) => path.display().to_string(),
    });
    let user = config.get_user().unwrap_or_default();
    let database = config.get_dbname().unwrap_or(user);
    let hosts = hosts.collect::<Vec<_>>().join(",");
    let ports: Vec<String> = config.get_ports().iter().map(ToString::to_string).collect();
    let ports = match ports.is_empty() {
        true => String::new(),
        false => format!(":{}", ports.join(",")),
    };
    let addresses: Vec<String> = config
        .get_hostaddrs()
        .iter()
        .map(ToString::to_string)
        .collect();
    let addresses = match addresses.is_empty() {
        true => String::new(),
        false => format!(" ({})", addresses.join(",")),
    };
    single_line(&format!(
        "database {database} at {hosts}{ports}{addresses} as {user}"
    ))
}

fn confirm(config: &Config, statements: usize) -> Result<(), Problem> {
    if !io::stdin().is_terminal() {
        return Err(Problem::usage("running statements again takes a yes")
            .hint("--yes, once you are sure that the database is a scratch one"));
    }
    let failed = |error: io::Error| Problem::failed(format!("standard input: {error}"));
    eprint!(
        "This runs {statements} recorded statements, writes among them, on {}.\nGo on? [y/N] ",
        place(config)
    );
    io::stderr().flush().map_err(failed)?;
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line).map_err(failed)?;
    match line.trim().to_lowercase().as_str() {
        "y" | "yes" => Ok(()),
        _ => Err(Problem::failed("nothing was run")),
    }
}

async fn connect(config: &Config, ca: Option<&Path>) -> Result<Client, Problem> {
    let unreachable = |error: tokio_postgres::Error| {
        let cause = std::error::Error::source(&error).map(ToString::to_string);
        let why = format!(
            "{}: {}",
            place(config),
            cause.unwrap_or_else(|| error.to_string())
        );
        Problem::new(Kind::Unavailable, why)
    };
    if config.get_ssl_mode() == SslMode::Disable {
        let (client, connection) = config.connect(NoTls).await.map_err(unreachable)?;
        // Ends with the client; what goes wrong in it reaches the statement at hand.
        tokio::spawn(connection);
        return Ok(client);
    }
    let tls = MakeRustlsConnect::new(tls(ca)?);
    let (client, connection) = config.connect(tls).await.map_err(unreachable)?;
    tokio::spawn(connection);
    Ok(client)
}

/// TLS that trusts the system's authorities and those in `ca`.
fn tls(ca: Option<&Path>) -> Result<ClientConfig, Problem> {
    let roots = match ca {
        Some(path) => {
            let unreadable = |why: String| Problem::failed(format!("{}: {why}", path.display()));
            let read =
                CertificateDer::pem_file_iter(path).map_err(|e| unreadable(e.to_string()))?;
            let read: Result<Vec<_>, _> = read.collect();
            read.map_err(|_| unreadable("not a PEM file of certificates".to_owned()))?
        }
        None => Vec::new(),
    };
    let failed = |error: rustls::Error| Problem::failed(format!("TLS cannot be set up: {error}"));
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let verifier = Verifier::new_with_extra_roots(roots, Arc::clone(&provider)).map_err(failed)?;
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(failed)?;
    // Not what the name warns of: this is the platform's own verification.
    let builder = builder
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier));
    Ok(builder.with_no_client_auth())
}

/// Runs one action again; `None` when there is nothing to hold against the recording.
async fn once(client: &Client, rerun: &Rerun<'_>) -> Result<Option<Verdict>, Problem> {
    match rerun.how {
        How::Leave(_) => Ok(None),
        How::Fail => {
            // It fails; that is what it is for.
            drop(client.batch_execute(REFUSED).await);
            alive(client)?;
            Ok(None)
        }
        How::CopyOut => copy_out(client, rerun).await.map(Some),
        How::Run if rerun.parameters.is_empty() => {
            let mut comparison = Comparison::new(&rerun.recorded);
            select(client, rerun.text, &mut comparison).await?;
            Ok(Some(comparison.finish()))
        }
        How::Run => {
            let mut comparison = Comparison::new(&rerun.recorded);
            execute(client, rerun, &mut comparison).await?;
            Ok(Some(comparison.finish()))
        }
    }
}

/// Runs a text and compares while its rows arrive.
async fn select(
    client: &Client,
    text: &str,
    comparison: &mut Comparison<'_>,
) -> Result<(), Problem> {
    let stream = match client.simple_query_raw(text).await {
        Ok(stream) => stream,
        Err(error) => return failed(client, &error, comparison),
    };
    let mut stream = pin!(stream);
    loop {
        match stream.try_next().await {
            Ok(Some(SimpleQueryMessage::Row(row))) => comparison.row(cells(&row)),
            Ok(Some(SimpleQueryMessage::CommandComplete(count))) => comparison.complete(count),
            Ok(Some(_)) => {}
            Ok(None) => return Ok(()),
            Err(error) => return failed(client, &error, comparison),
        }
    }
}

fn cells(row: &SimpleQueryRow) -> Vec<Option<String>> {
    (0..row.len())
        .map(|at| row.get(at).map(str::to_owned))
        .collect()
}

/// Runs a text with parameters, by SQL's own PREPARE: the server finds the parameters' types as it did then, and answers in text.
async fn execute(
    client: &Client,
    rerun: &Rerun<'_>,
    comparison: &mut Comparison<'_>,
) -> Result<(), Problem> {
    let name = format!("portcullis_replay_{}", rerun.sequence);
    let prepare = format!("PREPARE {name} AS {}", rerun.text);
    if let Err(error) = client.batch_execute(&prepare).await {
        return failed(client, &error, comparison);
    }
    let values = rerun.parameters.iter().map(|value| match value {
        Some(value) => literal(value),
        None => "NULL".to_owned(),
    });
    let values = values.collect::<Vec<_>>().join(", ");
    select(client, &format!("EXECUTE {name}({values})"), comparison).await?;
    // In an aborted transaction it cannot be, and is kept till the connection ends.
    drop(client.batch_execute(&format!("DEALLOCATE {name}")).await);
    alive(client)
}

/// A text as an SQL literal that reads the same whatever `standard_conforming_strings` says.
fn literal(text: &str) -> String {
    let doubled = text.replace('\'', "''");
    match doubled.contains('\\') {
        true => format!("E'{}'", doubled.replace('\\', "\\\\")),
        false => format!("'{doubled}'"),
    }
}

async fn copy_out(client: &Client, rerun: &Rerun<'_>) -> Result<Verdict, Problem> {
    let mut comparison = Comparison::new(&rerun.recorded);
    let stream = match client.copy_out(rerun.text).await {
        Ok(stream) => stream,
        Err(error) => {
            failed(client, &error, &mut comparison)?;
            return Ok(comparison.finish());
        }
    };
    let then = comparison.recorded_copy();
    let mut stream = pin!(stream);
    let (mut now, mut length) = (Vec::new(), 0_u64);
    loop {
        match stream.try_next().await {
            Ok(Some(bytes)) => {
                length += bytes.len() as u64;
                let room = then.len().saturating_sub(now.len()).min(bytes.len());
                now.extend_from_slice(bytes.get(..room).unwrap_or_default());
            }
            Ok(None) => break,
            Err(error) => {
                failed(client, &error, &mut comparison)?;
                return Ok(comparison.finish());
            }
        }
    }
    comparison.copied(&then, &now, length);
    Ok(comparison.finish())
}

/// Takes a failure for a result if the server said it, and for the end of the replay if not.
fn failed(
    client: &Client,
    error: &tokio_postgres::Error,
    comparison: &mut Comparison<'_>,
) -> Result<(), Problem> {
    match error.code() {
        Some(code) => comparison.failed(code.code()),
        None => return Err(Problem::failed(format!("the database: {error}"))),
    }
    alive(client)
}

fn alive(client: &Client) -> Result<(), Problem> {
    match client.is_closed() {
        true => Err(Problem::new(
            Kind::Unavailable,
            "the database has ended the connection",
        )),
        false => Ok(()),
    }
}

impl Tally {
    fn tell(
        &mut self,
        globals: &Globals,
        rerun: &Rerun<'_>,
        verdict: Option<Verdict>,
    ) -> Result<(), Problem> {
        let (word, remarks) = match (verdict, rerun.how) {
            (Some(Verdict::Same), _) => ("same", Vec::new()),
            (Some(Verdict::SameInPart), _) => {
                let remark = "as far as values were recorded".to_owned();
                ("same", vec![remark])
            }
            (Some(Verdict::OtherOrder), _) => ("same", vec!["in another order".to_owned()]),
            (Some(Verdict::Differs(found)), _) => ("differs", found),
            (None, How::Leave(why)) => ("not run", vec![why.to_owned()]),
            (None, _) => ("not run", vec!["it was refused".to_owned()]),
        };
        match word {
            "same" => self.same += 1,
            "differs" => self.differ += 1,
            _ => self.left += 1,
        }
        let text = single_line(rerun.text);
        if globals.json {
            self.lines.push(json!({
                "sequence": rerun.sequence,
                "verdict": word,
                "remarks": remarks,
                "text": text,
            }));
            return Ok(());
        }
        print::line(&format!("#{} {word}: {text}", rerun.sequence))?;
        remarks
            .iter()
            .try_for_each(|remark| print::line(&format!("   {}", single_line(remark))))
    }

    fn sum(self, globals: &Globals) -> Result<(), Problem> {
        let Self {
            same, differ, left, ..
        } = self;
        match globals.json {
            true => print::json(&json!({
                "statements": self.lines,
                "same": same,
                "differ": differ,
                "not_run": left,
            }))?,
            false => print::line(&format!(
                "{same} the same, {differ} different, {left} not run"
            ))?,
        }
        if differ > 0 {
            return Err(Problem::new(
                Kind::Differs,
                "the database does not answer as it did then",
            ));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_password_on_the_command_line_is_refused_and_not_repeated() {
        for target in [
            "host=127.0.0.1 user=me password=hunter2",
            "postgres://me:hunter2@127.0.0.1/scratch",
            "host=127.0.0.1 password=hunter2 port=nonsense",
        ] {
            let problem = config(target).unwrap_err();
            assert_eq!(problem.kind, Kind::Usage, "{target}");
            assert!(!problem.to_string().contains("hunter2"), "{problem}");
        }
    }

    #[test]
    fn a_target_names_its_host() {
        assert!(config("user=me").is_err());
        let config = config("postgres://me@127.0.0.1/scratch").unwrap();
        assert_eq!(place(&config), "database scratch at 127.0.0.1:5432 as me");
        let text = "host=here hostaddr=10.0.0.1 port=6000 user=me";
        let expect = "database me at here:6000 (10.0.0.1) as me";
        assert_eq!(place(&super::config(text).unwrap()), expect);
    }

    #[test]
    fn literals_cannot_be_left() {
        let check = |text: &str, expect: &str| assert_eq!(literal(text), expect);
        check("", "''");
        check("a", "'a'");
        check("a'b", "'a''b'");
        check("a\\'; DROP", "E'a\\\\''; DROP'");
    }
}
