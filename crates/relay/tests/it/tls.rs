//! TLS on both sides.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use relay::{ClientTls, UpstreamTls, UpstreamTlsMode};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use testkit::{RawClient, run};

use crate::bench::{Bench, PASSWORD, Wish, psql_at, target, upstream_tls};

const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f];

#[test]
fn psql_verifies_the_own_authority() {
    let bench = Bench::new();
    let ran = bench.psql("select ssl, version from pg_stat_ssl where pid = pg_backend_pid()");
    assert_eq!(ran.ok().trim(), "t|TLSv1.3", "the upstream has TLS too");
    let opened = bench
        .recorded()
        .into_iter()
        .find(|line| line.contains("SessionOpened"));
    assert!(
        opened.unwrap().contains("TLSv1_3"),
        "the client's TLS is recorded"
    );
}

#[test]
fn the_ip_addresses_are_covered_too() {
    let bench = Bench::new();
    let port = bench.address().port();
    let ca = bench.ca();
    let dsn = format!(
        "host=127.0.0.1 port={port} user=ann dbname=orders sslmode=verify-full sslrootcert={}",
        ca.display()
    );
    let ran = run(&mut psql_at(&dsn), "select 1", Duration::from_secs(30));
    assert_eq!(ran.ok().trim(), "1");
}

/// Speaks TLS from the first byte, offering these protocols.
fn direct(bench: &Bench, alpn: &[&[u8]]) -> std::io::Result<Vec<u8>> {
    let mut roots = rustls::RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_file(bench.ca()).unwrap())
        .unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = alpn.iter().map(|name| name.to_vec()).collect();
    let name = ServerName::try_from("localhost").unwrap();
    let mut state = rustls::ClientConnection::new(Arc::new(config), name).unwrap();
    let mut socket = TcpStream::connect(bench.address())?;
    socket.set_read_timeout(Some(Duration::from_secs(10)))?;
    let mut stream = rustls::Stream::new(&mut state, &mut socket);
    let body = b"\0\x03\0\0user\0ann\0database\0orders\0\0";
    let length = u32::try_from(body.len() + 4).unwrap();
    stream.write_all(&[&length.to_be_bytes(), body.as_slice()].concat())?;
    let mut answer = vec![0; 9];
    stream.read_exact(&mut answer)?;
    let password = [PASSWORD.as_bytes(), &[0]].concat();
    let length = u32::try_from(password.len() + 4).unwrap();
    stream.write_all(&[b"p", &length.to_be_bytes()[..], &password].concat())?;
    let mut greeting = vec![0; 9];
    stream.read_exact(&mut greeting)?;
    Ok(greeting)
}

#[test]
fn direct_tls_needs_its_protocol_named() {
    let bench = Bench::new();
    let welcome = [b'R', 0, 0, 0, 8, 0, 0, 0, 0];
    assert_eq!(direct(&bench, &[b"postgresql"]).unwrap(), welcome);
    assert!(direct(&bench, &[]).is_err(), "no ALPN");
    assert!(direct(&bench, &[b"h2"]).is_err(), "another ALPN");
}

#[test]
fn bytes_behind_an_ssl_request_are_refused() {
    let bench = Bench::new();
    let mut client = RawClient::connect(bench.address());
    let startup = b"\0\0\0\x13\0\x03\0\0user\0ann\0\0";
    client.send_bytes(&[&SSL_REQUEST, startup.as_slice()].concat());
    let heard = [client.read_byte(), client.read_byte()];
    assert!(
        heard[0] != Some(b'S') || heard[1].is_none(),
        "the stuffed bytes were taken: {heard:?}"
    );
    assert_eq!(bench.sessions(), 0);
}

#[test]
fn a_client_that_must_use_tls_and_does_not_is_refused() {
    let bench = Bench::with(Wish {
        client_tls: ClientTls::Required,
        ..Wish::default()
    });
    let port = bench.address().port();
    let dsn = format!("host=127.0.0.1 port={port} user=ann dbname=orders sslmode=disable");
    let ran = run(&mut psql_at(&dsn), "select 1", Duration::from_secs(30));
    assert_eq!(ran.code, 2, "{}", ran.all());
    assert!(!ran.err.contains(PASSWORD));
    assert_eq!(bench.psql("select 1").ok().trim(), "1", "with TLS it goes");
}

#[test]
fn upstream_modes() {
    let own = |mode| UpstreamTls {
        // The gateway's own authority did not sign the target's certificate: the system's roots did not either.
        ca_file: None,
        ..upstream_tls(mode)
    };
    let named = |mode, name: &str| UpstreamTls {
        server_name: Some(name.to_owned()),
        ..upstream_tls(mode)
    };
    for (tls, good, why) in [
        (UpstreamTls::disabled(), true, "plain"),
        (own(UpstreamTlsMode::Require), true, "unverified"),
        (
            upstream_tls(UpstreamTlsMode::VerifyCa),
            true,
            "known authority",
        ),
        (
            named(UpstreamTlsMode::VerifyCa, "other.example"),
            true,
            "the name does not count",
        ),
        (
            named(UpstreamTlsMode::VerifyFull, "other.example"),
            false,
            "the name counts",
        ),
        (own(UpstreamTlsMode::VerifyCa), false, "unknown authority"),
        (own(UpstreamTlsMode::VerifyFull), false, "unknown authority"),
    ] {
        let mode = tls.mode;
        let bench = Bench::with(Wish {
            upstream: tls,
            ..Wish::default()
        });
        let ran = bench.psql("select ssl from pg_stat_ssl where pid = pg_backend_pid()");
        let expect = if mode == UpstreamTlsMode::Disable {
            "f"
        } else {
            "t"
        };
        if good {
            assert_eq!(ran.ok().trim(), expect, "{mode:?}: {why}");
        } else {
            assert_eq!(ran.code, 2, "{mode:?}: {why}: {}", ran.all());
            assert!(ran.err.contains("cannot be reached"), "{}", ran.err);
        }
    }
    assert!(!target().log().contains("no password supplied"));
}
