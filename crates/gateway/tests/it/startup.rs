//! The first bytes of a connection: TLS, oddities, garbage, and who may cancel what.

use std::process::Command;
use std::time::{Duration, Instant};

use testkit::{RawClient, cancel, run};

use crate::stage::{PATIENCE, Stage, Wishes, token};

const GSS_REQUEST: [u8; 8] = [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x30];

fn still_serves(stage: &Stage) {
    assert!(
        stage
            .raw("alice")
            .query("SELECT 1")
            .iter()
            .any(|f| f.tag == b'D')
    );
}

fn psql(stage: &Stage, parameters: &str) -> testkit::Ran {
    let port = stage.gateway.address().port();
    let dsn = format!(
        "host=localhost hostaddr=127.0.0.1 port={port} user=alice dbname=orders-prod {parameters}"
    );
    let mut command = Command::new("psql");
    command
        .args(["-XAt", "-c", "SELECT 1", "-c", "\\conninfo", &dsn])
        .env("PGPASSWORD", token("alice"));
    run(&mut command, "", PATIENCE)
}

#[test]
fn tls_is_offered_and_verifies_fully() {
    let stage = Stage::shop();
    let ca = stage.gateway.data().join("tls/ca.crt");
    let full = psql(
        &stage,
        &format!("sslmode=verify-full sslrootcert={}", ca.display()),
    );
    assert!(full.ok().contains("SSL connection"), "{}", full.all());
    let wrong = psql(
        &stage,
        "sslmode=verify-full sslrootcert=/etc/ssl/certs/ca-certificates.crt",
    );
    assert_ne!(wrong.code, 0, "another CA does not vouch for it");
}

#[test]
fn direct_tls_needs_the_right_alpn() {
    let stage = Stage::shop();
    let script = r#"
import os, psycopg
with psycopg.connect(os.environ["DSN"]) as c:
    print(c.execute("SELECT 1").fetchone()[0], c.pgconn.ssl_in_use)
"#;
    let dsn = stage
        .dsn("alice")
        .replace("sslmode=disable", "sslmode=require&sslnegotiation=direct");
    let mut python = Command::new(testkit::target().join("venv/bin/python"));
    assert_eq!(
        run(python.arg("-c").arg(script).env("DSN", dsn), "", PATIENCE)
            .ok()
            .trim(),
        "1 True"
    );
}

/// A client that opens TLS at once with the protocols that it is given, and says what it came to.
const DIRECT: &str = r#"
import os, socket, ssl, struct, sys
context = ssl.create_default_context()
context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
if sys.argv[2]:
    context.set_alpn_protocols(sys.argv[2].split(","))
body = struct.pack(">I", 196608) + b"user\0alice\0database\0orders-prod\0\0"
raw = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
raw.settimeout(10)
try:
    tls = context.wrap_socket(raw)
    tls.sendall(struct.pack(">I", len(body) + 4) + body)
    print("asked" if tls.recv(4096)[:1] == b"R" else "refused")
except OSError as error:
    print("refused")
"#;

#[test]
fn direct_tls_without_it_is_no_session() {
    let stage = Stage::shop();
    let port = stage.gateway.address().port().to_string();
    let connect = |protocols: &str| {
        let mut python = Command::new("python3");
        let ran = run(python.args(["-c", DIRECT, &port, protocols]), "", PATIENCE);
        ran.ok().trim().to_owned()
    };
    for (protocols, expect) in [
        ("postgresql", "asked"),
        ("h2,postgresql", "asked"),
        ("", "refused"),
        ("http/1.1", "refused"),
        ("postgresq", "refused"),
        ("postgresql2,h2", "refused"),
    ] {
        assert_eq!(connect(protocols), expect, "{protocols:?}");
    }
    still_serves(&stage);
}

/// One man in the middle: what a client sends goes through it, with `stuffed` behind the SSLRequest in the same packet.
const STUFFER: &str = r#"
import os, socket, ssl, struct, sys
host, port, token, stuff = sys.argv[1], int(sys.argv[2]), os.environ["TOKEN"], sys.argv[3] == "stuffed"
def startup(user):
    body = struct.pack(">I", 196608) + b"".join(
        p.encode() + b"\0" for p in ("user", user, "database", "orders-prod")) + b"\0"
    return struct.pack(">I", len(body) + 4) + body
def message(tag, body):
    return tag + struct.pack(">I", len(body) + 4) + body
raw = socket.create_connection((host, port))
raw.settimeout(10)
request = struct.pack(">II", 8, 80877103)
raw.sendall(request + (startup("mallory") if stuff else b""))
try:
    assert raw.recv(1) == b"S", "no TLS"
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    tls = context.wrap_socket(raw)
    if not stuff:
        tls.sendall(startup("alice"))
    answer = tls.recv(4096)
    print("asked" if answer[:1] == b"R" else "refused")
    tls.sendall(message(b"p", token.encode() + b"\0"))
    answer = tls.recv(65536)
    print("in" if answer[:1] == b"R" else "out")
except (OSError, AssertionError) as error:
    print("closed", type(error).__name__)
"#;

#[test]
fn bytes_stuffed_behind_an_ssl_request_are_refused() {
    let stage = Stage::shop();
    let address = stage.gateway.address();
    let connect = |how: &str| {
        let mut python = Command::new("python3");
        python.args(["-c", STUFFER, "127.0.0.1", &address.port().to_string(), how]);
        let ran = run(python.env("TOKEN", token("alice")), "", PATIENCE);
        ran.ok().to_owned()
    };
    // The same client without anybody between gets in, so what follows is not refused for another reason.
    assert_eq!(connect("plain"), "asked\nin\n");
    // A man in the middle puts a start-up of its own before the handshake (CVE-2021-23214).
    let told = connect("stuffed");
    assert!(told.starts_with("closed"), "{told}");
    let log = stage.gateway.log();
    assert!(
        !log.contains("mallory"),
        "what came in clear was read: {log}"
    );
    still_serves(&stage);
}

#[test]
fn gss_encryption_is_declined_and_the_login_goes_on() {
    let stage = Stage::shop();
    let mut client = RawClient::connect(stage.gateway.address());
    client.send_bytes(&GSS_REQUEST);
    assert_eq!(client.read_byte(), Some(b'N'));
    client.send_startup(&[("user", "alice"), ("database", "orders-prod")]);
    assert_eq!(client.read().tag, b'R');
}

#[test]
fn odd_start_ups_get_a_clean_error_or_the_door() {
    let stage = Stage::shop();
    let refused = |what: &str, bytes: &[u8]| {
        let mut client = RawClient::connect(stage.gateway.address());
        client.set_patience(Duration::from_secs(12));
        client.send_bytes(bytes);
        let start = Instant::now();
        let frames = client.read_to_end();
        assert!(
            frames.iter().all(|f| f.tag == b'E' || f.tag == b'v'),
            "{what}: {frames:?}"
        );
        assert!(start.elapsed() < Duration::from_secs(12), "{what}: hangs");
    };
    refused("garbage", b"GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    refused("a length of nothing", &[0, 0, 0, 0, 0, 3, 0, 0]);
    refused("a huge length", &[0x7f, 0xff, 0xff, 0xff, 0, 3, 0, 0]);
    refused("a negative length", &[0xff, 0xff, 0xff, 0xff, 0, 3, 0, 0]);
    refused("protocol 2", &[0, 0, 0, 9, 0, 2, 0, 0, 0]);
    refused("protocol 4", &[0, 0, 0, 9, 0, 4, 0, 0, 0]);
    refused(
        "no terminator",
        &[0, 0, 0, 13, 0, 3, 0, 0, b'u', b's', b'e', b'r', b'x'],
    );
    refused("no user", &[0, 0, 0, 9, 0, 3, 0, 0, 0]);
    still_serves(&stage);
}

#[test]
fn parameters_that_would_change_the_session_are_refused() {
    let stage = Stage::shop();
    let token = token("alice");
    let refused = |extra: &[(&str, &str)]| {
        let mut client = RawClient::connect(stage.gateway.address());
        client.send_startup(&[&[("user", "alice"), ("database", "orders-prod")], extra].concat());
        client.send(b'p', &[token.as_bytes(), &[0]].concat());
        let frames = client.read_to_ready_or_end();
        assert!(
            frames.iter().any(|f| f.tag == b'E'),
            "{extra:?} is refused: {frames:?}"
        );
        assert!(
            frames.iter().all(|f| f.tag != b'Z'),
            "{extra:?}: {frames:?}"
        );
    };
    refused(&[("replication", "database")]);
    refused(&[("replication", "true")]);
    refused(&[("options", "-c standard_conforming_strings=off")]);
    refused(&[("options", "-c session_preload_libraries=evil")]);
    refused(&[("standard_conforming_strings", "off")]);
    refused(&[("user", "dora")]);
    refused(&[("role", "postgres")]);
}

#[test]
fn a_slow_sender_is_shown_the_door() {
    let stage = Stage::with(&Wishes {
        limits: "login_timeout = \"1s\"",
        ..Wishes::default()
    });
    for bytes in [&b""[..], &[0, 0], &[0, 0, 0, 40, 0, 3, 0, 0, b'u']] {
        let mut client = RawClient::connect(stage.gateway.address());
        client.set_patience(Duration::from_secs(10));
        client.send_bytes(bytes);
        let start = Instant::now();
        drop(client.read_to_end());
        assert!(
            start.elapsed() < Duration::from_secs(5),
            "{bytes:?}: after {:?}",
            start.elapsed()
        );
    }
    still_serves(&stage);
}

#[test]
fn a_newer_minor_protocol_is_negotiated() {
    let stage = Stage::shop();
    let mut client = RawClient::connect(stage.gateway.address());
    let parameters = b"user\0alice\0database\0orders-prod\0_pq_.novelty\0on\0\0";
    let length = u32::try_from(parameters.len() + 8).unwrap();
    client.send_bytes(&[&length.to_be_bytes()[..], &[0, 3, 0, 9], parameters].concat());
    let first = client.read();
    assert_eq!(first.tag, b'v', "NegotiateProtocolVersion: {first:?}");
    assert!(
        first.body.windows(12).any(|w| w == b"_pq_.novelty"),
        "the unknown option is named: {first:?}"
    );
    assert_eq!(client.read().tag, b'R');
}

#[test]
fn a_cancel_request_stops_the_statement_and_only_its_owner_has_the_key() {
    let stage = Stage::shop();
    let mut busy = stage.raw("dora");
    let other = stage.raw("alice");
    let key = busy.cancel_key();
    busy.send(b'Q', b"SELECT pg_sleep(20)\0");
    let running = "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE 'SELECT pg_sleep(20)%'";
    testkit::wait_until("the statement to run", PATIENCE, || {
        stage.postgres.sql("shop", running) != "0"
    });
    let mut guess = key.clone();
    if let Some(last) = guess.last_mut() {
        *last ^= 1;
    }
    let address = stage.gateway.address();
    for wrong in [guess, other.cancel_key(), vec![0; 8], vec![0; 36]] {
        cancel(address, &wrong);
    }
    assert_ne!(
        stage.postgres.sql("shop", running),
        "0",
        "wrong keys stop nothing"
    );
    let start = Instant::now();
    cancel(address, &key);
    let frames = busy.read_until_ready();
    assert!(
        start.elapsed() < Duration::from_secs(3),
        "after {:?}",
        start.elapsed()
    );
    let code = frames
        .iter()
        .find(|f| f.tag == b'E')
        .and_then(|f| f.field(b'C'));
    assert_eq!(code.as_deref(), Some("57014"));
    assert!(
        busy.query("SELECT 1").iter().any(|f| f.tag == b'D'),
        "and the session goes on"
    );
}

#[test]
fn a_statement_of_a_client_that_left_does_not_run_on() {
    let stage = Stage::shop();
    let mut busy = stage.raw("dora");
    busy.send(b'Q', b"SELECT pg_sleep(60) AS left_alone\0");
    let running = "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%left_alone%' AND pid <> pg_backend_pid()";
    testkit::wait_until("the statement to run", PATIENCE, || {
        stage.postgres.sql("shop", running) != "0"
    });
    busy.hang_up();
    testkit::wait_until(
        "the statement to be stopped",
        Duration::from_secs(10),
        || stage.postgres.sql("shop", running) == "0",
    );
}
