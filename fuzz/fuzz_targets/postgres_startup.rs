//! Messages before the session, from either side, as they stand and as a list of whole ones that know the SCRAM exchange.
//!
//! No panic, and what is written stays within the limits. A client: it is asked for a credential only where the transport
//! keeps it, at most one is taken, and cuts between its bytes change nothing. A server: nobody is logged in by SCRAM
//! without the server's own signature, by settings other than the pinned ones, or with a cancel key of a wrong length; the
//! password is in no error, and in the clear only where the transport keeps it.
#![no_main]

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::{BufMut, BytesMut};
use hmac::{Hmac, KeyInit, Mac};
use model::{Limits, Refusal, RefusalKind, Secret};
use sha2::Sha256;
use wire::postgres::{
    CancelKey, ClientTls, Login, LoginEffect, LoginParts, Startup, StartupEffect, StartupOptions,
    UpstreamReady,
};

const PASSWORD: &str = "correct horse";
const SALT: &[u8] = b"salt of the server";
/// How the gateway's next message begins.
const NEXT: &str = "p\0\0";
const WRITTEN_BYTES_MAX: usize = 64 * 1024;
/// What asks for TLS and for GSSAPI: what comes behind must not be there yet, so that cuts matter.
const UPGRADES: [[u8; 4]; 2] = [[4, 210, 22, 47], [4, 210, 22, 48]];

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Some((&how, data)) = data.split_first() else {
        return;
    };
    match how % 3 {
        0 => client(how, data),
        1 => server(how, |login| {
            let mut bytes = BytesMut::from(data);
            login.hear(&mut bytes);
        }),
        _ => server(how, |login| login.play(data)),
    }
});

/// A client, whole and in pieces.
fn client(how: u8, data: &[u8]) {
    let whole = told(how, data, data.len().max(1));
    let pieces = told(how, data, 1 + usize::from(how >> 5));
    let upgrades = data
        .windows(4)
        .any(|four| UPGRADES.iter().any(|code| code == four));
    assert!(
        upgrades || whole == pieces,
        "cut elsewhere: {whole:?} and {pieces:?}"
    );
}

/// What a client is told, and what came of it.
fn told(how: u8, data: &[u8], piece: usize) -> (Vec<u8>, Vec<String>) {
    let (tls, confidential) = match how >> 2 & 3 {
        0 => (ClientTls::Offered, true),
        1 => (ClientTls::Offered, false),
        2 => (ClientTls::Required, true),
        _ => (ClientTls::Off, false),
    };
    let mut startup = Startup::new(StartupOptions {
        limits: Limits::standard(),
        tls,
        confidential,
        oauth_hint: Some(("https://id.example".to_owned(), "openid".to_owned())),
        oauth_always: how & 16 == 0,
    });
    let mut keeps = confidential && tls != ClientTls::Required;
    let (mut bytes, mut seen, mut credentials) = (BytesMut::new(), Vec::new(), 0);
    for part in data.chunks(piece) {
        bytes.put_slice(part);
        startup.on_bytes(&mut bytes);
        while let Some(effect) = startup.poll() {
            seen.push(format!("{effect:?}"));
            match effect {
                StartupEffect::UpgradeTls => {
                    assert!(bytes.is_empty(), "nothing may stand behind an SSLRequest");
                    keeps = true;
                    startup.tls_started(false);
                }
                StartupEffect::Authenticate(_) => {
                    credentials += 1;
                    assert!(keeps, "a credential on a transport that does not keep it");
                    answer(&mut startup, how);
                }
                StartupEffect::Cancel(key) => assert!((4..=256).contains(&key.secret.len())),
                StartupEffect::Close(..) => {}
            }
        }
        let asks = startup
            .to_client()
            .windows(5)
            .any(|head| head == b"R\0\0\0\x08");
        assert!(keeps || !asks, "asked where the transport does not keep it");
    }
    assert!(credentials <= 1);
    let written = startup.to_client().to_vec();
    assert!(written.len() < WRITTEN_BYTES_MAX);
    (written, seen)
}

fn answer(startup: &mut Startup, how: u8) {
    if how & 32 == 0 {
        startup.refuse(&Refusal::new(RefusalKind::Unauthenticated, "no"));
        return;
    }
    let key = CancelKey {
        process: 1,
        secret: vec![7; 4],
    };
    let upstream = UpstreamReady {
        parameters: vec![("application_name".to_owned(), "ada: x".to_owned())],
        cancel: None,
        server_version: 180_000,
        protocol_minor: 2,
    };
    startup.accept(&key, &upstream);
}

/// A login under way, and what the server knows of it.
struct Talk {
    login: Login,
    encrypted: bool,
    /// Everything the gateway wrote.
    written: Vec<u8>,
    /// The server's first SCRAM message.
    challenge: String,
    /// The server said what only one who knows the password can say.
    proved: bool,
    ready: Option<UpstreamReady>,
}

fn server(how: u8, play: impl FnOnce(&mut Talk)) {
    let encrypted = how & 8 == 0;
    let login = Login::new(LoginParts {
        user: "app".to_owned(),
        password: (how & 64 == 0).then(|| Secret::new(PASSWORD.to_owned())),
        database: "shop".to_owned(),
        parameters: Vec::new(),
        channel_binding: (how & 4 == 0).then(|| vec![1; 32]),
        encrypted,
        protocol_minor: if how & 16 == 0 {
            wire::postgres::login::NEWEST_MINOR
        } else {
            0
        },
        limits: Limits::standard(),
    });
    let mut talk = Talk {
        login,
        encrypted,
        written: Vec::new(),
        challenge: String::new(),
        proved: false,
        ready: None,
    };
    play(&mut talk);
    talk.hold();
}

impl Talk {
    fn hear(&mut self, bytes: &mut BytesMut) {
        self.login.on_bytes(bytes);
        let out = self.login.to_upstream().split();
        self.written.extend_from_slice(&out);
        match self.login.poll() {
            Some(LoginEffect::Failed { message, .. }) => {
                assert!(!message.contains(PASSWORD), "a password in an error");
            }
            Some(LoginEffect::Ready(ready)) => self.ready = Some(ready),
            None => {}
        }
    }

    fn hold(&self) {
        assert!(self.written.len() < WRITTEN_BYTES_MAX);
        let holds = |text: &[u8]| self.written.windows(text.len()).any(|part| part == text);
        assert!(
            self.encrypted || !holds(PASSWORD.as_bytes()),
            "a password in the clear"
        );
        let Some(ready) = &self.ready else {
            return;
        };
        assert!(
            self.proved || !holds(b"SCRAM-SHA-256"),
            "let in without a proof"
        );
        for (name, value) in &ready.parameters {
            match name.as_str() {
                "client_encoding" => assert_eq!(value, "UTF8"),
                "standard_conforming_strings" => assert_eq!(value, "on"),
                _ => {}
            }
        }
        let longest = if ready.protocol_minor >= 2 { 256 } else { 4 };
        let key = ready.cancel.as_ref().map_or(4, |key| key.secret.len());
        assert!((4..=longest).contains(&key));
    }

    /// Plays whole messages, each named by a byte and shaped by another.
    fn play(&mut self, data: &[u8]) {
        let mut bytes = BytesMut::new();
        for pair in data.chunks(2) {
            let (what, how) = (pair[0], pair.get(1).copied().unwrap_or_default());
            let (kind, body) = self.message(what, how);
            bytes.put_u8(kind);
            bytes.put_u32(4 + body.len() as u32);
            bytes.put_slice(&body);
            if what < 128 {
                self.hear(&mut bytes);
            }
        }
        self.hear(&mut bytes);
    }

    fn message(&mut self, what: u8, how: u8) -> (u8, Vec<u8>) {
        let method = |number: u32, rest: &[u8]| (b'R', [&number.to_be_bytes(), rest].concat());
        let text = |kind: u8, text: &str| (kind, text.as_bytes().to_vec());
        match what % 13 {
            0 => method(0, b""),
            1 => method(3, b""),
            2 => method(5, &[how; 4]),
            3 => method(10, mechanisms(how)),
            4 => method(11, self.challenge(how).as_bytes()),
            5 => method(12, self.proof(how).as_bytes()),
            6 => text(b'S', setting(how)),
            7 => (b'K', vec![how; 4 + usize::from(how)]),
            8 => text(b'Z', if how < 250 { "I" } else { "T" }),
            9 => (
                b'v',
                [0x0003_0000 + u32::from(how % 4), u32::from(how / 250)]
                    .map(u32::to_be_bytes)
                    .concat(),
            ),
            10 => text(
                b'E',
                if how % 2 == 0 {
                    "SFATAL\0C0A000\0Mno\0\0"
                } else {
                    "SFATAL\0C28P01\0Mno\0\0"
                },
            ),
            11 => text(b'N', "SNOTICE\0C00000\0Mno\0\0"),
            _ => (how, b"x\0y\0".to_vec()),
        }
    }

    /// What stands behind `mark` in what the gateway wrote last, up to `end`.
    fn said(&self, mark: &str, end: &str) -> Option<String> {
        let written = String::from_utf8_lossy(&self.written);
        let (_, behind) = written.rsplit_once(mark)?;
        Some(behind.split(end).next().unwrap_or_default().to_owned())
    }

    fn challenge(&mut self, how: u8) -> String {
        let nonce = self.said("n=,r=", NEXT).unwrap_or_default();
        let salt = BASE64.encode(SALT);
        self.challenge = match how % 8 {
            0 => format!("r=other,s={salt},i=1"),
            1 => format!("r={nonce}x,s={salt},i=600001"),
            2 => format!("r={nonce}x,s=*,i=1"),
            3 => format!("r={nonce}x,s={salt},i=0"),
            _ => format!("r={nonce}x,s={salt},i={}", 1 + how % 3),
        };
        self.challenge.clone()
    }

    fn proof(&mut self, how: u8) -> String {
        match how % 8 {
            0 => return "e=other-error".to_owned(),
            1 => return format!("v={}", BASE64.encode([how; 32])),
            2 => return "v=*".to_owned(),
            3 => return String::new(),
            _ => {}
        }
        let Some(signature) = self.signature() else {
            return String::new();
        };
        self.proved = true;
        format!("v={}", BASE64.encode(signature))
    }

    /// RFC 5802 section 3: what a server that knows the password signs.
    fn signature(&self) -> Option<Vec<u8>> {
        let nonce = self.said("n=,r=", NEXT)?;
        let last = format!("c={}", self.said("c=", ",p=")?);
        let count = self.challenge.rsplit_once("i=")?.1.parse().ok()?;
        let signed = format!("n=,r={nonce},{},{last}", self.challenge);
        let salted = salted(count);
        let key = keyed(&salted, b"Server Key");
        Some(keyed(&key, signed.as_bytes()))
    }
}

fn mechanisms(how: u8) -> &'static [u8] {
    match how % 4 {
        0 => b"SCRAM-SHA-256\0\0",
        1 => b"SCRAM-SHA-256-PLUS\0SCRAM-SHA-256\0\0",
        2 => b"SCRAM-SHA-256-PLUS\0\0",
        _ => b"OTHER\0\0",
    }
}

fn setting(how: u8) -> &'static str {
    match how % 6 {
        0 => "client_encoding\0UTF8\0",
        1 => "client_encoding\0LATIN1\0",
        2 => "standard_conforming_strings\0off\0",
        3 => "server_version\x0018.1 (Debian)\0",
        4 => "server_version\x009.6.24\0",
        _ => "application_name\0x\0",
    }
}

fn keyed(key: &[u8], text: &[u8]) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("any length will do");
    mac.update(text);
    mac.finalize().into_bytes().to_vec()
}

/// PBKDF2 of one block (RFC 8018 section 5.2).
fn salted(count: u32) -> Vec<u8> {
    let mut last = keyed(PASSWORD.as_bytes(), &[SALT, &[0, 0, 0, 1]].concat());
    let mut all = last.clone();
    for _ in 1..count.min(8) {
        last = keyed(PASSWORD.as_bytes(), &last);
        all.iter_mut().zip(&last).for_each(|(all, one)| *all ^= one);
    }
    all
}
