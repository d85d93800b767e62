//! Logins against scripted servers, cut at every byte.
#![allow(clippy::unwrap_used)]

use super::*;

fn parts(password: Option<&str>, encrypted: bool) -> LoginParts {
    LoginParts {
        user: "app".into(),
        password: password.map(|p| Secret::new(p.to_owned())),
        database: "shop".into(),
        parameters: vec![
            ("application_name".into(), "ada: psql".into()),
            ("client_encoding".into(), "LATIN1".into()),
        ],
        channel_binding: None,
        encrypted,
        protocol_minor: NEWEST_MINOR,
        limits: Limits::standard(),
    }
}

fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let mut out = BytesMut::new();
    own(&mut out, kind, |b| b.extend_from_slice(body));
    out.to_vec()
}

fn tail() -> Vec<u8> {
    [
        message(b'R', &0_i32.to_be_bytes()),
        message(b'S', b"server_version\x0015.18 (Debian)\0"),
        message(b'S', b"client_encoding\0UTF8\0"),
        message(b'K', &[0, 0, 0, 7, 1, 2, 3, 4]),
        message(b'Z', b"I"),
    ]
    .concat()
}

/// Feeds a script byte by byte and says how it ended.
fn run(parts: LoginParts, script: &[u8]) -> (String, Vec<u8>) {
    let mut login = Login::new(parts);
    let _startup = login.to_upstream().split();
    let mut bytes = BytesMut::new();
    let mut end = "under way".to_owned();
    for byte in script {
        bytes.put_u8(*byte);
        login.on_bytes(&mut bytes);
        if let Some(effect) = login.poll() {
            end = match effect {
                LoginEffect::Ready(ready) => {
                    let minor = ready.protocol_minor;
                    format!(
                        "ready {} {:?} 3.{minor}",
                        ready.server_version, ready.cancel
                    )
                }
                LoginEffect::Failed {
                    sqlstate,
                    message,
                    try_older,
                    ..
                } => {
                    let again = if try_older { ", try 3.0" } else { "" };
                    format!("failed {} {message}{again}", sqlstate.unwrap_or_default())
                }
            };
        }
    }
    (end, login.to_upstream().to_vec())
}

#[test]
fn the_startup_packet_pins_what_must_not_move() {
    let mut login = Login::new(parts(None, true));
    let packet = login.to_upstream().split();
    assert_eq!(packet[4..8], [0, 3, 0, 2], "3.2 is asked for");
    assert_eq!(
        &packet[8..],
        b"user\0app\0database\0shop\0client_encoding\0UTF8\0standard_conforming_strings\0on\0application_name\0ada: psql\0\0"
    );
    assert_eq!(usize::from(packet[3]), packet.len());
}

#[test]
fn outcomes() {
    let check = |password, encrypted, head: Vec<u8>, expect: &str, sent: &[u8]| {
        let script = [head, tail()].concat();
        let (end, out) = run(parts(password, encrypted), &script);
        assert!(end.starts_with(expect), "{end}");
        assert_eq!(out, sent, "{expect}");
    };
    let method =
        |number: i32, rest: &[u8]| message(b'R', &[number.to_be_bytes().as_slice(), rest].concat());
    let ready = "ready 150018 Some(CancelKey(7, ..))";
    check(None, false, vec![], ready, b"");
    check(Some("pw"), true, method(3, b""), ready, b"p\0\0\0\x07pw\0");
    check(
        Some("pw"),
        false,
        method(3, b""),
        "failed  the target asks for a clear-text",
        b"",
    );
    check(
        None,
        true,
        method(3, b""),
        "failed  the target asks for a password",
        b"",
    );
    check(
        Some("pw"),
        false,
        method(5, b"salt"),
        ready,
        &message(
            b'p',
            format!("{}\0", md5_hash(b"app", b"pw", *b"salt")).as_bytes(),
        ),
    );
    check(
        Some("pw"),
        true,
        method(7, b""),
        "failed  the target asks for authentication method 7",
        b"",
    );
    check(
        Some("pw"),
        true,
        method(10, b"OTHER\0\0"),
        "failed  the target offers none",
        b"",
    );
    check(
        None,
        true,
        message(b'E', b"SFATAL\0C28P01\0Mno\0\0"),
        "failed 28P01 no",
        b"",
    );
    check(
        None,
        true,
        message(b'T', b""),
        "failed  message 'T' may not",
        b"",
    );
    check(
        None,
        true,
        message(b'R', b""),
        "failed  message 'R' is malformed",
        b"",
    );
    check(
        None,
        true,
        b"R\0\0\0\x01".to_vec(),
        "failed  a message states",
        b"",
    );
    check(
        None,
        true,
        b"R\x7f\0\0\0".to_vec(),
        "failed  message 'R' of",
        b"",
    );
}

#[test]
fn versions_are_negotiated_down_to_3_0_and_nowhere_else() {
    let check = |minor, head: Vec<u8>, key: usize, expect: &str| {
        let body = [&[0, 0, 0, 7][..], &vec![9; key]].concat();
        let script = [
            head,
            message(b'R', &0_i32.to_be_bytes()),
            message(b'K', &body),
            message(b'Z', b"I"),
        ]
        .concat();
        let asked = LoginParts {
            protocol_minor: minor,
            ..parts(None, true)
        };
        let (end, _) = run(asked, &script);
        assert!(end.contains(expect), "{minor} {key}: {end}");
    };
    let version = |version: u32, options: &[u8]| {
        message(b'v', &[&version.to_be_bytes()[..], options].concat())
    };
    let none = 0_u32.to_be_bytes();
    let older = version(0x0003_0000, &none);
    check(2, vec![], 32, " 3.2");
    check(2, vec![], 256, " 3.2");
    check(2, vec![], 4, " 3.2");
    check(2, vec![], 257, "failed  message 'K' is malformed");
    check(2, vec![], 3, "failed  message 'K' is malformed");
    check(2, older.clone(), 4, " 3.0");
    check(2, version(0, &none), 4, " 3.0");
    check(2, older.clone(), 32, "failed  message 'K' is malformed");
    check(0, vec![], 4, " 3.0");
    check(0, vec![], 32, "failed  message 'K' is malformed");
    let wrong = "failed  the target negotiates";
    check(0, older.clone(), 4, wrong);
    check(2, version(0x0003_0001, &none), 4, wrong);
    check(2, version(0x0003_0003, &none), 4, wrong);
    check(2, version(0x0002_0000, &none), 4, wrong);
    let option = [&1_u32.to_be_bytes()[..], b"_pq_.x\0"].concat();
    check(2, version(0x0003_0000, &option), 4, "failed  message 'v'");
    let twice = [older.clone(), older].concat();
    check(2, twice, 4, "failed  message 'v' may not");
}

#[test]
fn a_refusal_that_may_be_for_the_version_says_so() {
    let check = |minor, head: &[u8], code: &str, expect: &str| {
        let error = format!("SFATAL\0C{code}\0Mno\0\0");
        let script = [head, &message(b'E', error.as_bytes())].concat();
        let asked = LoginParts {
            protocol_minor: minor,
            ..parts(Some("pw"), true)
        };
        let (end, _) = run(asked, &script);
        assert_eq!(end, format!("failed {code} no{expect}"));
    };
    check(2, b"", "08P01", ", try 3.0");
    check(2, b"", "0A000", ", try 3.0");
    check(2, b"", "28P01", "");
    check(2, b"", "53300", "");
    check(0, b"", "08P01", "");
    // Past the first word of authentication, the version is not what is wrong.
    check(2, &message(b'R', &3_i32.to_be_bytes()), "08P01", "");
}

#[test]
fn scram_must_be_proven() {
    let offer = message(b'R', b"\0\0\0\x0aSCRAM-SHA-256\0\0");
    let ok = message(b'R', &0_i32.to_be_bytes());
    let (end, _) = run(parts(Some("pw"), false), &[offer.clone(), ok].concat());
    assert!(end.contains("without proving"), "{end}");
    let greedy = message(b'R', b"\0\0\0\x0br=x,s=AAAA,i=2000000000");
    let (end, _) = run(parts(Some("pw"), false), &[offer, greedy].concat());
    assert!(end.contains("iterations"), "{end}");
}

#[test]
fn a_moved_pin_fails_the_login() {
    let script = [
        message(b'R', &0_i32.to_be_bytes()),
        message(b'S', b"standard_conforming_strings\0off\0"),
        message(b'Z', b"I"),
    ]
    .concat();
    let (end, _) = run(parts(None, true), &script);
    assert!(
        end.contains("standard_conforming_strings as 'off'"),
        "{end}"
    );
}

#[test]
fn versions() {
    let check = |text, expect| assert_eq!(version_number(text), expect, "{text}");
    check("15.18 (Debian 15.18-1)", 150_018);
    check("18.1", 180_001);
    check("9.6.24", 90_624);
    check("19beta1", 190_000);
    check("", 0);
    check("99999999999999", 0);
}

#[test]
fn cancel_requests_carry_the_whole_secret() {
    let check = |minor, bytes: usize| {
        let key = CancelKey::generate(minor).unwrap();
        assert!(key.process >= 0);
        let packet = key.request();
        assert_eq!(packet.len(), 12 + bytes);
        assert_eq!(usize::from(packet[3]), packet.len());
        assert_eq!(&packet[12..], &key.secret[..]);
    };
    check(0, 4);
    check(2, 32);
}
