//! SASL OAUTHBEARER (RFC 7628): PostgreSQL 18's own client library, and the exchange by hand.

use std::time::Duration;

use serde_json::Value;
use testkit::{Frame, Oidc, RawClient};

use crate::stage::{Stage, oidc, python, token};

/// What libpq 18 made of a login with this token.
fn libpq(stage: &Stage, token: &str) -> Value {
    let address = stage.gateway.address();
    let issuer = oidc().issuer();
    let dsn = format!(
        "host={} port={} user=alice dbname=orders-prod sslmode=disable options=-cportcullis.auth=oauth \
         require_auth=oauth oauth_issuer={issuer} oauth_client_id=portcullis",
        address.ip(),
        address.port()
    );
    let mut command = python("bearer.py");
    // The provider of the tests has no TLS, which libpq takes only when it is told to debug.
    command.arg(dsn).env("PGOAUTHDEBUG", "UNSAFE");
    let ran = testkit::run(&mut command, token, Duration::from_secs(60));
    serde_json::from_str(ran.ok()).unwrap_or_else(|error| panic!("{error}: {}", ran.all()))
}

#[test]
fn libpq_18_finds_the_issuer_and_logs_in_with_its_token() {
    let stage = Stage::shop();
    let told = libpq(&stage, &token("alice"));
    assert!(
        told["libpq"].as_u64().is_some_and(|v| v >= 180_000),
        "{told}"
    );
    assert_eq!(told["rows"], "1", "{told}");
    // The gateway said where tokens come from, before there was one.
    let discovery = format!("{}/.well-known/openid-configuration", oidc().issuer());
    assert_eq!(told["asked"][0][0], discovery.as_str(), "{told}");
    assert!(
        told["asked"][0][1]
            .as_str()
            .is_some_and(|scope| scope.contains("openid")),
        "{told}"
    );
}

#[test]
fn libpq_18_is_refused_with_a_bad_token() {
    let stage = Stage::shop();
    for kind in ["expired", "wrong-audience", "alg-none"] {
        let told = libpq(&stage, &oidc().forge("alice", kind));
        let error = told["error"].as_str().unwrap_or_default();
        assert!(error.contains("failed"), "{kind}: {told}");
    }
}

/// The gateway's offer, up to where the client may answer.
fn begin(stage: &Stage, options: &str) -> RawClient {
    let mut client = RawClient::connect(stage.gateway.address());
    client.send_startup(&[
        ("user", "alice"),
        ("database", "orders-prod"),
        ("options", options),
    ]);
    let offer = client.read();
    assert_eq!(
        (offer.tag, &offer.body[..4]),
        (b'R', &10_u32.to_be_bytes()[..]),
        "{offer:?}"
    );
    assert_eq!(&offer.body[4..], b"OAUTHBEARER\0\0");
    client
}

fn initial(client: &mut RawClient, response: &[u8]) {
    let length = u32::try_from(response.len()).unwrap();
    client.send(
        b'p',
        &[b"OAUTHBEARER\0", &length.to_be_bytes()[..], response].concat(),
    );
}

fn bearer(token: &str) -> Vec<u8> {
    format!("n,,\u{1}auth=Bearer {token}\u{1}\u{1}").into_bytes()
}

/// The server's error status, then the client's `\x01`, then the end as PostgreSQL's own.
fn refused(client: &mut RawClient, what: &str) -> Value {
    let challenge = client.read();
    assert_eq!(
        (challenge.tag, &challenge.body[..4]),
        (b'R', &11_u32.to_be_bytes()[..]),
        "{what}: {challenge:?}"
    );
    let status: Value = serde_json::from_slice(&challenge.body[4..]).unwrap();
    client.send(b'p', b"\x01");
    let end = client.read();
    assert_eq!(
        (end.tag, end.field(b'C').as_deref()),
        (b'E', Some("28000")),
        "{what}: {end:?}"
    );
    assert!(client.try_read().is_err(), "{what}: nothing follows");
    status
}

const ASKED: &str = "-cportcullis.auth=oauth";

#[test]
fn the_exchange_by_hand_ends_in_a_session() {
    let stage = Stage::shop();
    let mut client = begin(&stage, ASKED);
    initial(&mut client, &bearer(&token("alice")));
    let greeting: Vec<Frame> = client.read_until_ready();
    assert_eq!(
        greeting[0].body,
        0_u32.to_be_bytes(),
        "AuthenticationOk: {greeting:?}"
    );
    assert!(client.query("SELECT 1").iter().any(|f| f.tag == b'D'));
}

#[test]
fn a_client_without_a_token_is_told_where_to_get_one() {
    let stage = Stage::shop();
    let mut client = begin(&stage, ASKED);
    initial(&mut client, b"n,,\x01auth=\x01\x01");
    let status = refused(&mut client, "no token");
    assert_eq!(status["status"], "invalid_token", "{status}");
    let discovery = format!("{}/.well-known/openid-configuration", oidc().issuer());
    assert_eq!(status["openid-configuration"], discovery.as_str());
    assert!(status["scope"].is_string(), "{status}");
}

#[test]
fn every_forged_token_fails_the_exchange_as_it_fails_a_password() {
    let stage = Stage::shop();
    // Longer than any SASL message may be; told before it is read.
    let too_long = "one-megabyte";
    for kind in oidc()
        .forgeries()
        .iter()
        .filter(|kind| *kind != "valid" && *kind != too_long)
    {
        let mut client = begin(&stage, ASKED);
        initial(&mut client, &bearer(&oidc().forge("alice", kind)));
        let status = refused(&mut client, kind);
        assert_eq!(status["status"], "invalid_token", "{kind}: {status}");
    }
}

#[test]
fn a_token_of_a_foreign_issuer_is_refused() {
    let stage = Stage::shop();
    // A real provider, with accounts of the same names, that the gateway does not know.
    let foreign = Oidc::start();
    let mut client = begin(&stage, ASKED);
    initial(&mut client, &bearer(&foreign.login("alice")));
    refused(&mut client, "a foreign issuer");
    // Somebody else's good token does not log in as alice either.
    let mut client = begin(&stage, ASKED);
    initial(&mut client, &bearer(&token("sam")));
    refused(&mut client, "another's token");
}

#[test]
fn malformed_messages_end_the_exchange() {
    let stage = Stage::shop();
    let good = token("alice");
    let with = |text: String| text.into_bytes();
    for (what, response) in [
        ("no header", b"".to_vec()),
        (
            "channel binding asked for",
            with(format!("p=tls-unique,,\u{1}auth=Bearer {good}\u{1}\u{1}")),
        ),
        ("no end", with(format!("n,,\u{1}auth=Bearer {good}"))),
        (
            "two tokens",
            with(format!(
                "n,,\u{1}auth=Bearer {good}\u{1}auth=Bearer {good}\u{1}\u{1}"
            )),
        ),
        (
            "bytes behind the end",
            with(format!("n,,\u{1}auth=Bearer {good}\u{1}\u{1}SELECT 1")),
        ),
        (
            "an authorisation identity",
            with(format!("n,a=dora,\u{1}auth=Bearer {good}\u{1}\u{1}")),
        ),
        (
            "not a bearer",
            with(format!("n,,\u{1}auth=Basic {good}\u{1}\u{1}")),
        ),
    ] {
        let mut client = begin(&stage, ASKED);
        initial(&mut client, &response);
        let frames = client.read_to_end();
        let opened = frames.iter().any(|f| f.tag == b'Z' || f.tag == b'K');
        assert!(!opened, "{what}: {frames:?}");
    }
    // Another mechanism than the one offered.
    let mut client = begin(&stage, ASKED);
    client.send(b'p', b"SCRAM-SHA-256\0\0\0\0\0");
    let end = client.read_to_end();
    assert_eq!(end.first().map(|f| f.tag), Some(b'E'), "{end:?}");
}

#[test]
fn a_client_that_never_ends_the_exchange_is_let_go() {
    let stage = Stage::with(&crate::stage::Wishes {
        limits: "login_timeout = \"1s\"",
        ..Default::default()
    });
    let mut client = begin(&stage, ASKED);
    initial(&mut client, b"n,,\x01auth=\x01\x01");
    assert_eq!(client.read().tag, b'R');
    // It owes the final message, and does not send it.
    client.set_patience(Duration::from_secs(10));
    let start = std::time::Instant::now();
    let rest = client.read_to_end();
    assert!(rest.iter().all(|f| f.tag == b'E'), "{rest:?}");
    assert!(
        start.elapsed() < Duration::from_secs(5),
        "the door closes by itself"
    );
}
