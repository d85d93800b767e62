//! Events on their way to others: signatures that the reference library takes, a real syslog server, outages and crashes.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use testkit::{eventually, repository, target, wait_until};

use crate::exporting::lines;
use crate::stage::{PATIENCE, Stage, Wishes};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// A process of the test's own.
struct Kept(Child);

impl Drop for Kept {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

/// Starts the receiver; answers its port.
fn receiver(out: &Path, refusals: &str, port: u16) -> (Kept, u16) {
    let mut python = Command::new(target().join("venv/bin/python"));
    python
        .arg(repository("testing/export/receiver.py"))
        .arg(out)
        .args([SECRET, refusals])
        .env("PORT", port.to_string())
        .stdout(Stdio::piped());
    let mut child = Kept(python.spawn().unwrap());
    let mut line = String::new();
    BufReader::new(child.0.stdout.as_mut().unwrap())
        .read_line(&mut line)
        .unwrap();
    (child, line.trim().parse().unwrap())
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}

fn scratch() -> PathBuf {
    let path = std::env::temp_dir().join(format!(
        "portcullis-sink-{}-{}",
        std::process::id(),
        free_port()
    ));
    std::fs::create_dir_all(&path).unwrap();
    path
}

fn stage(sinks: &str) -> Stage {
    Stage::with(&Wishes {
        limits: &format!("hold_wait = \"1s\"\n{sinks}"),
        ..Wishes::default()
    })
}

fn webhook(dir: &Path, port: u16, more: &str) -> String {
    let secret = dir.join("hook.secret");
    std::fs::write(&secret, SECRET).unwrap();
    format!(
        "[[sink]]\nname = \"hook\"\ntype = \"webhook\"\nurl = \"http://127.0.0.1:{port}/in\"\nstart = \"beginning\"\n\
         secret_file = \"{}\"\nallow_local = true\n{more}\n",
        secret.display()
    )
}

/// How often each event's id arrived.
fn arrived(out: &Path) -> BTreeMap<String, usize> {
    let mut ids = BTreeMap::new();
    for line in std::fs::read_to_string(out).unwrap_or_default().lines() {
        *ids.entry(line.to_owned()).or_insert(0) += 1;
    }
    ids
}

/// The ids of all events that the journal has.
fn recorded(stage: &Stage) -> BTreeSet<String> {
    let journal = stage.journal();
    let told = stage.gateway.cli(&["export", "--journal", &journal], &[]);
    let ids = lines(told.ok())
        .into_iter()
        .filter(|event| event["kind"] != "statement.decided");
    ids.map(|event| event["id"].as_str().unwrap().to_owned())
        .collect()
}

/// Waits until everything on record has arrived; answers what arrived.
fn all_arrived(stage: &Stage, out: &Path) -> BTreeMap<String, usize> {
    wait_until("all events to arrive", PATIENCE, || {
        let there = arrived(out);
        recorded(stage).iter().all(|id| there.contains_key(id))
    });
    arrived(out)
}

#[test]
fn webhooks_verify_and_survive_refusals_outages_and_crashes() {
    let dir = scratch();
    let out = dir.join("received");
    let (first, port) = receiver(&out, "2", 0);
    let mut stage = stage(&webhook(&dir, port, ""));
    stage.psql("alice", "SELECT 'one'").ok();
    let there = all_arrived(&stage, &out);
    assert!(
        !there.keys().any(|line| line.starts_with("BAD")),
        "{there:?}"
    );
    assert!(
        there.values().all(|times| *times == 1),
        "refused before, and yet once: {there:?}"
    );
    // The receiver is gone; the gateway works on, and dies.
    drop(first);
    for number in 0..20 {
        stage.psql("alice", &format!("SELECT {number}")).ok();
    }
    stage.gateway.kill();
    stage.gateway.resume();
    stage.psql("alice", "SELECT 'after the crash'").ok();
    let (second, _) = receiver(&out, "0", port);
    all_arrived(&stage, &out);
    // Crashes while events are under way.
    for round in 0..3 {
        for number in 0..15 {
            stage
                .psql("alice", &format!("SELECT {round} + {number}"))
                .ok();
        }
        stage.gateway.kill();
        stage.gateway.resume();
    }
    stage.psql("alice", "SELECT 'the end'").ok();
    let there = all_arrived(&stage, &out);
    let known = recorded(&stage);
    let unknown: Vec<_> = there.keys().filter(|id| !known.contains(*id)).collect();
    assert!(unknown.is_empty(), "{unknown:?}");
    let twice = there.values().filter(|times| **times > 1).count();
    let most = there.values().max().unwrap();
    println!(
        "{} events, {twice} of them more than once, {most} times at most",
        there.len()
    );
    assert!(
        there.len() > 100 && twice < there.len() / 2 && *most <= 4,
        "{there:?}"
    );
    drop(second);
    std::fs::remove_dir_all(dir).unwrap();
}

#[test]
fn a_redirect_is_not_followed_and_a_required_sink_keeps_sessions_out() {
    let dir = scratch();
    let out = dir.join("received");
    let (_receiver, port) = receiver(&out, "redirect", 0);
    let stage = stage(&webhook(&dir, port, "required = true\nmax_lag = \"1s\""));
    wait_until("the lag to count", PATIENCE, || {
        let refused = stage.psql("alice", "SELECT 1");
        refused.code != 0 && refused.all().contains("record")
    });
    let metrics = testkit::http_get(&format!("{}/metrics", stage.gateway.http())).body;
    assert!(
        metrics.contains("portcullis_sink_failing_seconds{sink=\"hook\"}"),
        "{metrics}"
    );
    let ready = testkit::http_get(&format!("{}/readyz", stage.gateway.http()));
    assert!(
        ready.status == 503 && ready.body.contains("hook"),
        "{}",
        ready.body
    );
    assert!(arrived(&out).contains_key("REDIRECTED"));
    assert!(
        !stage
            .gateway
            .log()
            .contains("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    );
    std::fs::remove_dir_all(dir).unwrap();
}

#[test]
fn a_file_is_rotated_cut_behind_a_crash_and_leaves_texts_out() {
    let dir = scratch();
    let path = dir.join("events.jsonl");
    let sink = format!(
        "[[sink]]\nname = \"file\"\ntype = \"file\"\npath = \"{}\"\nstart = \"beginning\"\nrotate = \"8KiB\"\nkeep = 50\n\
         include_text = false\nevents = [\"statement.ended\"]\n",
        path.display()
    );
    let mut stage = stage(&sink);
    let written = || {
        let mut text = String::new();
        for number in (0..=50).rev() {
            let name = if number == 0 {
                path.clone()
            } else {
                dir.join(format!("events.jsonl.{number}"))
            };
            text += &std::fs::read_to_string(name).unwrap_or_default();
        }
        text
    };
    let count = |stage: &Stage| {
        let journal = stage.journal();
        let told = stage.gateway.cli(
            &["export", "--journal", &journal, "--kind", "statement.ended"],
            &[],
        );
        lines(told.ok()).len()
    };
    for number in 0..30 {
        stage
            .psql("alice", &format!("SELECT 'secret-{number}'"))
            .ok();
    }
    eventually("the file to be put away", PATIENCE, || {
        dir.join("events.jsonl.1").exists().then_some(())
    });
    stage.gateway.kill();
    // A crash in the middle of a line.
    use std::io::Write as _;
    let mut file = std::fs::OpenOptions::new()
        .append(true)
        .open(&path)
        .unwrap();
    file.write_all(b"{\"half").unwrap();
    drop(file);
    stage.gateway.resume();
    stage.psql("alice", "SELECT 'secret-last'").ok();
    wait_until("all of it", PATIENCE, || {
        let ids: BTreeSet<_> = lines(&written())
            .iter()
            .map(|e| e["id"].to_string())
            .collect();
        ids.len() >= count(&stage) && ids.len() >= 31
    });
    let text = written();
    assert!(
        !text.contains("secret-") && text.contains("\"shortened\":\"yes\""),
        "{text}"
    );
    assert!(
        text.contains("\"effects\"") || text.contains("\"outcome\""),
        "{text}"
    );
    std::fs::remove_dir_all(dir).unwrap();
}

/// Debian's rsyslog with a certificate of its own, which writes what it gets into a file.
fn rsyslog(dir: &Path, port: u16) -> Kept {
    let config = format!(
        r#"
global(workDirectory="{dir}" maxMessageSize="64k"
    defaultNetstreamDriverCAFile="{dir}/ca.pem"
    defaultNetstreamDriverCertFile="{dir}/server.pem"
    defaultNetstreamDriverKeyFile="{dir}/server.key")
module(load="imtcp" streamDriver.name="gtls" streamDriver.mode="1" streamDriver.authMode="anon")
template(name="whole" type="string" string="%pri% %app-name% %msgid% %structured-data% %msg%\n")
input(type="imtcp" port="{port}" address="127.0.0.1" supportOctetCountedFraming="on")
action(type="omfile" file="{dir}/received" template="whole" asyncWriting="off" flushOnTXEnd="on")
"#,
        dir = dir.display()
    );
    let path = dir.join("rsyslog.conf");
    std::fs::write(&path, config).unwrap();
    let mut command = Command::new("rsyslogd");
    command
        .arg("-n")
        .arg("-f")
        .arg(&path)
        .arg("-i")
        .arg(dir.join("rsyslog.pid"))
        .stderr(std::fs::File::create(dir.join("rsyslog.log")).unwrap());
    let child = Kept(command.spawn().unwrap());
    wait_until("rsyslog to listen", PATIENCE, || {
        std::net::TcpStream::connect(("127.0.0.1", port)).is_ok()
    });
    child
}

fn certificates(dir: &Path) {
    let run = |arguments: &[&str]| {
        let mut openssl = Command::new("openssl");
        openssl.args(arguments).current_dir(dir);
        testkit::run(&mut openssl, "", PATIENCE).ok();
    };
    run(&[
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        "-days",
        "2",
        "-subj",
        "/CN=ca",
        "-keyout",
        "ca.key",
        "-out",
        "ca.pem",
    ]);
    run(&[
        "req",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        "-subj",
        "/CN=localhost",
        "-keyout",
        "server.key",
        "-out",
        "server.csr",
    ]);
    std::fs::write(
        dir.join("names"),
        "subjectAltName=DNS:localhost\nbasicConstraints=CA:FALSE\n",
    )
    .unwrap();
    run(&[
        "x509",
        "-req",
        "-in",
        "server.csr",
        "-CA",
        "ca.pem",
        "-CAkey",
        "ca.key",
        "-CAcreateserial",
        "-days",
        "2",
        "-extfile",
        "names",
        "-out",
        "server.pem",
    ]);
}

#[test]
fn syslog_over_tls_reaches_a_real_server_through_its_restarts() {
    let dir = scratch();
    certificates(&dir);
    let port = free_port();
    let server = rsyslog(&dir, port);
    let sink = |name: &str, ca: &str| {
        format!(
            "[[sink]]\nname = \"{name}\"\ntype = \"syslog\"\naddress = \"localhost:{port}\"\nca_file = \"{ca}\"\n\
             start = \"beginning\"\ntext_max = \"2KiB\"\n"
        )
    };
    let mut stage = stage(&sink("siem", &dir.join("ca.pem").display().to_string()));
    stage
        .psql(
            "alice",
            "SELECT 'line one\nline two', '<13>1 - - - - - - forged'",
        )
        .ok();
    assert_ne!(stage.psql("alice", "DROP TABLE customers").code, 0);
    let out = dir.join("received");
    let ids = || -> BTreeMap<String, usize> {
        let mut ids = BTreeMap::new();
        for line in std::fs::read_to_string(&out).unwrap_or_default().lines() {
            let json = line.find('{').map(|at| &line[at..]).unwrap_or_default();
            if let Ok(event) = serde_json::from_str::<serde_json::Value>(json) {
                *ids.entry(event["id"].as_str().unwrap().to_owned())
                    .or_insert(0) += 1;
            }
        }
        ids
    };
    let all = |stage: &Stage| {
        wait_until("all messages", PATIENCE, || {
            let there = ids();
            recorded(stage).iter().all(|id| there.contains_key(id))
        })
    };
    // The end of a refused statement goes on record behind its answer: it may not be there yet when `psql` has left.
    wait_until("the refused statement", PATIENCE, || {
        std::fs::read_to_string(&out)
            .unwrap_or_default()
            .contains("108 portcullis statement.ended [origin software=\"portcullis\"")
    });
    all(&stage);
    let text = std::fs::read_to_string(&out).unwrap();
    assert!(text.contains("110 portcullis session.opened"), "{text}");
    assert!(
        !text.lines().any(|line| line.starts_with("13 ")),
        "a forged message: {text}"
    );
    // The server goes away in the middle, and comes back; the gateway crashes, too.
    drop(server);
    for number in 0..10 {
        stage.psql("alice", &format!("SELECT {number}")).ok();
    }
    let server = rsyslog(&dir, port);
    all(&stage);
    stage.psql("alice", "SELECT 'then a crash'").ok();
    stage.gateway.kill();
    stage.gateway.resume();
    stage.psql("alice", "SELECT 'and on'").ok();
    all(&stage);
    let there = ids();
    let twice = there.values().filter(|times| **times > 1).count();
    println!("{} messages, {twice} of them more than once", there.len());
    drop(stage);
    drop(server);

    // A server of another authority is told nothing.
    let other = scratch();
    certificates(&other);
    std::fs::remove_file(&out).unwrap();
    let server = rsyslog(&dir, port);
    let stage = self::stage(&sink("other", &other.join("ca.pem").display().to_string()));
    stage.psql("alice", "SELECT 1").ok();
    wait_until("the sink to fail", PATIENCE, || {
        stage.gateway.log().contains("a sink cannot deliver")
    });
    assert!(ids().is_empty());
    drop(server);
    std::fs::remove_dir_all(dir).unwrap();
    std::fs::remove_dir_all(other).unwrap();
}
