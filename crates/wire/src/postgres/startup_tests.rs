//! Start-ups of well-behaved, odd and hostile clients, cut at every byte.
#![allow(clippy::unwrap_used)]

use super::*;

fn options(tls: ClientTls, confidential: bool) -> StartupOptions {
    StartupOptions {
        limits: Limits::standard(),
        tls,
        confidential,
        oauth_hint: Some((
            "https://id.example/.well-known/\"x\"".into(),
            "openid".into(),
        )),
        oauth_always: false,
    }
}

fn packet(code: u32, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(8 + body.len()).unwrap();
    [&length.to_be_bytes(), &code.to_be_bytes(), body].concat()
}

fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let mut out = BytesMut::new();
    own(&mut out, kind, |b| b.extend_from_slice(body));
    out.to_vec()
}

const V30: u32 = 0x0003_0000;
const ADA: &[u8] = b"user\0ada\0database\0shop\0\0";

/// Says what a client got and what the host was asked, after feeding `script` in pieces of `piece` bytes.
fn run(options: StartupOptions, script: &[u8], piece: usize) -> String {
    let mut startup = Startup::new(options);
    let mut bytes = BytesMut::new();
    let mut log = String::new();
    for part in script.chunks(piece) {
        bytes.extend_from_slice(part);
        startup.on_bytes(&mut bytes);
        while let Some(effect) = startup.poll() {
            log += &match effect {
                StartupEffect::UpgradeTls => {
                    startup.tls_started(false);
                    "tls ".to_owned()
                }
                StartupEffect::Authenticate(request) => {
                    let secret = match &request.credential {
                        Credential::Password(secret) => format!("password {}", secret.expose()),
                        Credential::Bearer(secret) => format!("bearer {}", secret.expose()),
                    };
                    format!(
                        "login {} {} 3.{} {secret} ",
                        request.user, request.database, request.protocol_minor
                    )
                }
                StartupEffect::Cancel(key) => format!("cancel {} {:?} ", key.process, key.secret),
                StartupEffect::Close(fault, text) => format!("close {} {text} ", fault.as_str()),
            };
            startup.on_bytes(&mut bytes);
        }
    }
    log + &String::from_utf8_lossy(startup.to_client())
}

fn check(options: &StartupOptions, script: &[Vec<u8>], expect: &str) {
    let script = script.concat();
    for piece in [1, 2, 3, 7, script.len()] {
        let got = run(options.clone(), &script, piece);
        assert!(
            got.contains(expect),
            "in {piece}s: {got:?} lacks {expect:?}"
        );
    }
}

#[test]
fn logins() {
    let local = options(ClientTls::Off, true);
    let password = message(b'p', b"pw\0");
    check(
        &local,
        &[packet(V30, ADA), password.clone()],
        "login ada shop 3.0 password pw R\0\0\0\x08\0\0\0\x03",
    );
    check(
        &local,
        &[packet(V30 + 2, b"user\0ada\0\0"), password.clone()],
        "login ada ada 3.2 password pw ",
    );
    check(&local, &[packet(GSSENC_REQUEST, b"")], "N");
    check(
        &local,
        &[packet(V30, ADA), message(b'p', b"\0")],
        "close client empty password",
    );
    check(
        &local,
        &[packet(V30, ADA), message(b'p', b"pw")],
        "close client invalid password packet",
    );
    check(
        &local,
        &[packet(V30, ADA), message(b'p', b"a\0b\0")],
        "close client invalid password packet",
    );
    check(
        &local,
        &[packet(V30, ADA), message(b'Q', b"select 1\0")],
        "close client expected password",
    );
    check(
        &local,
        &[packet(V30, ADA), b"p\0\xff\0\0".to_vec()],
        "close client invalid message length",
    );
}

#[test]
fn versions_are_negotiated() {
    let local = options(ClientTls::Off, true);
    let check =
        |version, body: &[u8], expect: &str| check(&local, &[packet(version, body)], expect);
    check(V30 + 1, ADA, "v\0\0\0\x0c\0\x03\0\0\0\0\0\0R");
    check(V30 + 9999, ADA, "v\0\0\0\x0c\0\x03\0\x02\0\0\0\0R");
    check(
        V30,
        b"user\0ada\0_pq_.x\0y\0\0",
        "v\0\0\0\x13\0\x03\0\0\0\0\0\x01_pq_.x\0R",
    );
    check(
        0x0002_0000,
        ADA,
        "C0A000\0Munsupported frontend protocol 2.0",
    );
    check(0x4745_5420, ADA, "unsupported frontend protocol");
}

#[test]
fn hostile_packets_get_a_clean_error() {
    let local = options(ClientTls::Off, true);
    let check = |bytes: &[u8], expect: &str| check(&local, &[bytes.to_vec()], expect);
    check(
        b"GET / HTTP/1.1\r\n\r\n",
        "invalid length of startup packet",
    );
    check(b"\0\0\0\x04", "invalid length of startup packet");
    check(b"\0\x01\0\0\0\x03\0\0", "invalid length of startup packet");
    check(&packet(V30, b"user"), "invalid startup packet layout");
    check(
        &packet(CANCEL_REQUEST, b"\0\0\0\x01ab"),
        "close client invalid cancel request",
    );
    check(
        &packet(CANCEL_REQUEST, b"\0\0\0\x01abcd"),
        "cancel 1 [97, 98, 99, 100] ",
    );
    let long = [b"user\0".as_slice(), &[b'a'; 300], b"\0\0"].concat();
    check(&packet(V30, &long), "C54000");
}

#[test]
fn tls() {
    let required = options(ClientTls::Required, true);
    check(
        &required,
        &[packet(V30, ADA)],
        "close client this gateway takes credentials only over TLS",
    );
    let offered = options(ClientTls::Offered, false);
    check(
        &offered,
        &[packet(V30, ADA)],
        "close client this gateway takes credentials only over TLS",
    );
    check(
        &options(ClientTls::Off, true),
        &[packet(SSL_REQUEST, b"")],
        "N",
    );
    let stuffed = [packet(SSL_REQUEST, b""), packet(V30, ADA)].concat();
    let got = run(required.clone(), &stuffed, stuffed.len());
    assert!(got.contains("received unencrypted data"), "{got}");
    assert!(!got.contains("tls "), "{got}");
    let upgraded = [
        packet(SSL_REQUEST, b""),
        packet(V30, ADA),
        message(b'p', b"pw\0"),
    ]
    .concat();
    assert!(run(required, &upgraded, 8).contains("tls login ada shop"));
}

#[test]
fn direct_tls() {
    let mut startup = Startup::new(options(ClientTls::Required, false));
    startup.tls_started(true);
    let mut bytes = BytesMut::from(packet(V30, ADA).as_slice());
    startup.on_bytes(&mut bytes);
    assert_eq!(&startup.to_client()[..], b"R\0\0\0\x08\0\0\0\x03");
    startup.tls_started(true);
    assert!(matches!(
        startup.poll(),
        Some(StartupEffect::Close(Fault::Gateway, _))
    ));
}

#[test]
fn oauth() {
    let local = options(ClientTls::Off, true);
    let hello = packet(V30, b"user\0ada\0options\0-c portcullis.auth=oauth\0\0");
    let initial = |text: &str| {
        let length = u32::try_from(text.len()).unwrap().to_be_bytes();
        message(
            b'p',
            &[b"OAUTHBEARER\0", length.as_slice(), text.as_bytes()].concat(),
        )
    };
    let run = |text: &str, expect: &str| check(&local, &[hello.clone(), initial(text)], expect);
    run(
        "n,,\x01auth=Bearer a.b-c\x01\x01",
        "bearer a.b-c R\0\0\0\x15\0\0\0\x0aOAUTHBEARER\0\0",
    );
    run("y,,\x01host=h\x01auth=bearer x\x01\x01", "bearer x ");
    run(
        "n,,\x01auth=\x01\x01",
        "{\"status\":\"invalid_token\",\"openid-configuration\":\"https://id.example/.well-known/\\\"x\\\"\",\"scope\":\"openid\"}",
    );
    run("n,a=eve,\x01auth=Bearer x\x01\x01", "malformed OAUTHBEARER");
    run(
        "p=tls-unique,,\x01auth=Bearer x\x01\x01",
        "malformed OAUTHBEARER",
    );
    run(
        "n,,\x01auth=Bearer x\x01auth=Bearer y\x01\x01",
        "malformed OAUTHBEARER",
    );
    run("n,,\x01auth=Bearer x y\x01\x01", "malformed OAUTHBEARER");
    run("n,,\x01auth=Basic x\x01\x01", "malformed OAUTHBEARER");
    run("n,,\x01auth=Bearer x", "malformed OAUTHBEARER");
    check(
        &local,
        &[
            hello.clone(),
            initial("n,,\x01auth=\x01\x01"),
            message(b'p', b"\x01"),
        ],
        "close client OAuth bearer authentication failed",
    );
}

#[test]
fn the_verdict_is_worded() {
    let mut startup = Startup::new(options(ClientTls::Off, true));
    let script = [
        packet(V30, b"user\0ada\0application_name\0psql\0\0"),
        message(b'p', b"pw\0"),
    ];
    startup.on_bytes(&mut BytesMut::from(script.concat().as_slice()));
    let _asked = startup.to_client().split();
    let key = CancelKey {
        process: 7,
        secret: vec![1, 2, 3, 4],
    };
    let upstream = UpstreamReady {
        parameters: vec![("application_name".into(), "ada: psql".into())],
        cancel: None,
        server_version: 150_018,
        protocol_minor: 2,
    };
    startup.accept(&key, &upstream);
    let expect = [
        message(b'R', &[0; 4]),
        message(b'S', b"application_name\0psql\0"),
        message(b'K', &[0, 0, 0, 7, 1, 2, 3, 4]),
        message(b'Z', b"I"),
    ];
    assert_eq!(startup.to_client()[..], expect.concat());
}
