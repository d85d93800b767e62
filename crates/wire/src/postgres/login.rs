//! The gateway's side towards the target until it is ready for queries.
//!
//! Never says a secret in the clear on a transport that does not keep it, and never takes a server's word that a
//! SCRAM exchange went well without its signature.

use bytes::{BufMut, BytesMut};
use model::{Fault, Limits, Secret};
use postgres_protocol::authentication::md5_hash;
use postgres_protocol::authentication::sasl::{
    ChannelBinding, SCRAM_SHA_256, SCRAM_SHA_256_PLUS, ScramSha256,
};

use super::frame::{Fields, FrameError, Header, put_cstr};
use super::refuse::{self, own};

/// SCRAM iterations that the gateway is willing to compute; servers use 4,096 unless told otherwise.
const SCRAM_ITERATIONS_MAX: u32 = 600_000;

/// Names one backend for a CancelRequest.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct CancelKey {
    /// The backend's process id.
    pub process: i32,
    /// The secret that goes with it, 4 to 256 bytes.
    pub secret: Vec<u8>,
}

impl std::fmt::Debug for CancelKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "CancelKey({}, ..)", self.process)
    }
}

impl CancelKey {
    /// Makes a fresh random key for a client of this minor version: 32 secret bytes for 3.2, four for 3.0.
    ///
    /// # Errors
    /// When the operating system has no randomness to give.
    pub fn generate(protocol_minor: u16) -> Result<Self, getrandom::Error> {
        let bytes = if protocol_minor >= 2 { 32 } else { 4 };
        let (mut process, mut secret) = ([0; 4], vec![0; bytes]);
        getrandom::fill(&mut process)?;
        getrandom::fill(&mut secret)?;
        let process = i32::from_be_bytes(process) & i32::MAX;
        Ok(Self { process, secret })
    }

    /// The CancelRequest packet for this key, to be sent on a connection of its own.
    pub fn request(&self) -> BytesMut {
        let mut out = BytesMut::new();
        let secret = self.secret.get(..256).unwrap_or(&self.secret);
        out.put_u32(u32::try_from(12 + secret.len()).unwrap_or(12));
        out.put_u32(80_877_102);
        out.put_i32(self.process);
        out.extend_from_slice(secret);
        out
    }
}

/// An upstream that is logged in.
#[derive(Clone, Debug)]
pub struct UpstreamReady {
    /// What it reported, in order.
    pub parameters: Vec<(String, String)>,
    /// Its cancel key, if it gave one.
    pub cancel: Option<CancelKey>,
    /// Its version as `server_version_num` has it (150018).
    pub server_version: u32,
    /// The minor version of protocol 3 that it speaks with us.
    pub protocol_minor: u16,
}

/// The newest minor version of protocol 3 that the gateway speaks to targets; 3.1 was never used by anybody.
pub const NEWEST_MINOR: u16 = 2;

/// How to log in to a target.
#[derive(Debug)]
pub struct LoginParts {
    /// The role.
    pub user: String,
    /// Its password, if it has one.
    pub password: Option<Secret<String>>,
    /// The database.
    pub database: String,
    /// Settings to ask for, `application_name` among them; the pinned ones are added here.
    pub parameters: Vec<(String, String)>,
    /// The `tls-server-end-point` hash of the server's certificate, where TLS stands.
    pub channel_binding: Option<Vec<u8>>,
    /// Whether a password may be sent in the clear: TLS stands, or the transport is a unix socket or loopback.
    pub encrypted: bool,
    /// The minor version of protocol 3 to ask for: [`NEWEST_MINOR`], or 0 where the target was found to refuse more.
    pub protocol_minor: u16,
    /// The bounds.
    pub limits: Limits,
}

/// What a login came to.
#[derive(Debug)]
pub enum LoginEffect {
    /// Ready for queries.
    Ready(UpstreamReady),
    /// Failed.
    Failed {
        /// By whose fault.
        fault: Fault,
        /// The server's SQLSTATE, where it gave one.
        sqlstate: Option<String>,
        /// For the log; never holds a secret.
        message: String,
        /// Nothing but a refusal was said, and it may be for the protocol's version: 3.0 is worth a try.
        try_older: bool,
    },
}

/// The eight bytes that ask a server for TLS; it answers `S` or `N` in one byte.
pub fn ssl_request() -> [u8; 8] {
    [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f]
}

/// Why a login failed, before it is worded.
#[derive(Debug, thiserror::Error)]
enum Trouble {
    #[error(transparent)]
    Frame(#[from] FrameError),
    #[error("the target asks for a password and none is configured")]
    NoPassword,
    #[error("the target asks for a clear-text password on a connection without TLS")]
    InTheClear,
    #[error("the target asks for authentication method {0}, which is not supported")]
    Method(i32),
    #[error("the target offers none of SCRAM-SHA-256 and SCRAM-SHA-256-PLUS")]
    Mechanisms,
    #[error("the SCRAM exchange with the target failed: {0}")]
    Scram(std::io::Error),
    #[error("the target wants more SCRAM iterations than {SCRAM_ITERATIONS_MAX}")]
    Iterations,
    #[error("the target let us in without proving that it knows the password")]
    Unproven,
    #[error("the target negotiates a version of the protocol that was not asked for")]
    Version,
    #[error("the target reports {name} as '{value}'")]
    Pin { name: &'static str, value: String },
    #[error("{message}")]
    Refused { sqlstate: String, message: String },
}

enum State {
    /// NegotiateProtocolVersion, or what follows it.
    ExpectVersion,
    /// An Authentication message.
    ExpectAuthentication,
    /// AuthenticationSASLContinue.
    ExpectChallenge(Box<ScramSha256>),
    /// AuthenticationSASLFinal.
    ExpectProof(Box<ScramSha256>),
    /// AuthenticationOk after a proof or a password.
    ExpectOk,
    /// ParameterStatus, BackendKeyData, ReadyForQuery.
    ExpectReady,
    /// Ended.
    Ended,
}

/// One login under way.
pub struct Login {
    parts: LoginParts,
    state: State,
    ready: UpstreamReady,
    outcome: Option<LoginEffect>,
    to_upstream: BytesMut,
}

impl Login {
    /// Starts: the start-up packet is in [`Login::to_upstream`].
    pub fn new(parts: LoginParts) -> Self {
        let mut to_upstream = BytesMut::new();
        put_startup(&mut to_upstream, &parts);
        Self {
            parts,
            state: State::ExpectVersion,
            ready: UpstreamReady {
                parameters: Vec::new(),
                cancel: None,
                server_version: 0,
                protocol_minor: 0,
            },
            outcome: None,
            to_upstream,
        }
    }

    /// Takes bytes the upstream sent; consumes whole messages and leaves the rest.
    pub fn on_bytes(&mut self, bytes: &mut BytesMut) {
        while !matches!(self.state, State::Ended) {
            match self.step(bytes) {
                Ok(true) => {}
                Ok(false) => return,
                Err(trouble) => self.fail(trouble),
            }
        }
    }

    /// How it ended; `None` while under way.
    pub fn poll(&mut self) -> Option<LoginEffect> {
        self.outcome.take()
    }

    /// Bytes for the upstream; the host drains them.
    pub fn to_upstream(&mut self) -> &mut BytesMut {
        &mut self.to_upstream
    }

    fn fail(&mut self, trouble: Trouble) {
        let first = matches!(self.state, State::ExpectVersion) && self.parts.protocol_minor > 0;
        self.state = State::Ended;
        let fault = match trouble {
            Trouble::NoPassword | Trouble::InTheClear => Fault::Gateway,
            _ => Fault::Upstream,
        };
        let message = trouble.to_string();
        let sqlstate = match trouble {
            Trouble::Refused { sqlstate, .. } => Some(sqlstate),
            _ => None,
        };
        // Servers negotiate; an older pooler in between may refuse a version that it does not know.
        let may_be_version = |code: &String| matches!(code.as_str(), "08P01" | "0A000" | "XX000");
        self.outcome = Some(LoginEffect::Failed {
            fault,
            try_older: first && sqlstate.as_ref().is_some_and(may_be_version),
            sqlstate,
            message,
        });
    }

    /// Takes one message; `false` when none is whole.
    fn step(&mut self, bytes: &mut BytesMut) -> Result<bool, Trouble> {
        let Some(header) = Header::peek(bytes)? else {
            return Ok(false);
        };
        let header = header.within(self.parts.limits.credential_bytes_max)?;
        if bytes.len() < header.total() {
            return Ok(false);
        }
        let frame = bytes.split_to(header.total());
        let body = frame.get(super::frame::HEADER_BYTES..).unwrap_or_default();
        self.on_message(header.kind, body)?;
        Ok(true)
    }

    fn on_message(&mut self, kind: u8, body: &[u8]) -> Result<(), Trouble> {
        match kind {
            b'E' => Err(Trouble::Refused {
                sqlstate: refuse::code_of(body),
                message: refuse::message_of(body),
            }),
            b'N' => Ok(()),
            b'v' if matches!(self.state, State::ExpectVersion) => self.on_version(body),
            b'R' => {
                if matches!(self.state, State::ExpectVersion) {
                    self.state = State::ExpectAuthentication;
                }
                self.on_authentication(body)
            }
            _ if matches!(self.state, State::ExpectReady) => self.on_settings(kind, body),
            _ => Err(FrameError::Unexpected { kind }.into()),
        }
    }

    /// NegotiateProtocolVersion: an older server says that it speaks 3.0. No options were asked for, so none can be
    /// declined, and a version above what was asked for, or 3.1, is no answer.
    fn on_version(&mut self, body: &[u8]) -> Result<(), Trouble> {
        let mut fields = Fields::new(b'v', body);
        let (version, declined) = (fields.u32()?, fields.u32()?);
        fields.end()?;
        // The number is the whole version; some servers give the minor part alone, as the documentation words it.
        if self.parts.protocol_minor == 0 || !matches!(version, 0 | VERSION_3) || declined != 0 {
            return Err(Trouble::Version);
        }
        self.parts.protocol_minor = 0;
        self.state = State::ExpectAuthentication;
        Ok(())
    }

    fn on_authentication(&mut self, body: &[u8]) -> Result<(), Trouble> {
        let mut fields = Fields::new(b'R', body);
        let method = fields.i32()?;
        let state = std::mem::replace(&mut self.state, State::Ended);
        self.state = match (state, method) {
            (State::ExpectAuthentication | State::ExpectOk, 0) => State::ExpectReady,
            (State::ExpectProof(_) | State::ExpectChallenge(_), 0) => {
                return Err(Trouble::Unproven);
            }
            (State::ExpectAuthentication, 3) => self.answer_clear()?,
            (State::ExpectAuthentication, 5) => self.answer_md5(fields.bytes(4)?)?,
            (State::ExpectAuthentication, 10) => self.start_scram(fields)?,
            (State::ExpectChallenge(scram), 11) => self.answer_challenge(scram, fields.rest())?,
            (State::ExpectProof(mut scram), 12) => {
                scram.finish(fields.rest()).map_err(Trouble::Scram)?;
                State::ExpectOk
            }
            (State::ExpectAuthentication, method) => return Err(Trouble::Method(method)),
            _ => return Err(FrameError::Unexpected { kind: b'R' }.into()),
        };
        Ok(())
    }

    fn password(&self) -> Result<&Secret<String>, Trouble> {
        self.parts.password.as_ref().ok_or(Trouble::NoPassword)
    }

    fn answer_clear(&mut self) -> Result<State, Trouble> {
        if !self.parts.encrypted {
            return Err(Trouble::InTheClear);
        }
        let password = self.password()?.clone();
        self.put_password(password.expose().as_bytes());
        Ok(State::ExpectOk)
    }

    fn answer_md5(&mut self, salt: &[u8]) -> Result<State, Trouble> {
        let salt = salt
            .try_into()
            .map_err(|_| FrameError::Malformed { kind: b'R' })?;
        let user = self.parts.user.as_bytes();
        let hash = md5_hash(user, self.password()?.expose().as_bytes(), salt);
        self.put_password(hash.as_bytes());
        Ok(State::ExpectOk)
    }

    fn put_password(&mut self, password: &[u8]) {
        own(&mut self.to_upstream, b'p', |b| put_cstr(b, password));
    }

    fn start_scram(&mut self, mut fields: Fields<'_>) -> Result<State, Trouble> {
        let (mut plain, mut plus) = (false, false);
        loop {
            match fields.text()? {
                "" => break,
                SCRAM_SHA_256 => plain = true,
                SCRAM_SHA_256_PLUS => plus = true,
                _ => {}
            }
        }
        let (mechanism, binding) = match &self.parts.channel_binding {
            Some(hash) if plus => (
                SCRAM_SHA_256_PLUS,
                ChannelBinding::tls_server_end_point(hash.clone()),
            ),
            Some(_) if plain => (SCRAM_SHA_256, ChannelBinding::unrequested()),
            None if plain => (SCRAM_SHA_256, ChannelBinding::unsupported()),
            _ => return Err(Trouble::Mechanisms),
        };
        let scram = ScramSha256::new(self.password()?.expose().as_bytes(), binding);
        let message = scram.message();
        own(&mut self.to_upstream, b'p', |b| {
            put_cstr(b, mechanism.as_bytes());
            b.put_u32(u32::try_from(message.len()).unwrap_or_default());
            b.extend_from_slice(message);
        });
        Ok(State::ExpectChallenge(Box::new(scram)))
    }

    fn answer_challenge(
        &mut self,
        mut scram: Box<ScramSha256>,
        challenge: &[u8],
    ) -> Result<State, Trouble> {
        if iterations(challenge).is_none_or(|count| count > SCRAM_ITERATIONS_MAX) {
            return Err(Trouble::Iterations);
        }
        scram.update(challenge).map_err(Trouble::Scram)?;
        own(&mut self.to_upstream, b'p', |b| {
            b.extend_from_slice(scram.message());
        });
        Ok(State::ExpectProof(scram))
    }

    fn on_settings(&mut self, kind: u8, body: &[u8]) -> Result<(), Trouble> {
        let mut fields = Fields::new(kind, body);
        match kind {
            b'S' => {
                let (name, value) = (fields.text()?.to_owned(), fields.text()?.to_owned());
                self.ready.parameters.retain(|(known, _)| *known != name);
                self.ready.parameters.push((name, value));
            }
            b'K' => {
                let process = fields.i32()?;
                let secret = fields.rest();
                let longest = if self.parts.protocol_minor >= 2 {
                    256
                } else {
                    4
                };
                if !(4..=longest).contains(&secret.len()) {
                    return Err(FrameError::Malformed { kind }.into());
                }
                let secret = secret.to_vec();
                self.ready.cancel = Some(CancelKey { process, secret });
            }
            b'Z' => self.finish(body)?,
            _ => return Err(FrameError::Unexpected { kind }.into()),
        }
        Ok(())
    }

    fn finish(&mut self, status: &[u8]) -> Result<(), Trouble> {
        if status != b"I" {
            return Err(FrameError::Malformed { kind: b'Z' }.into());
        }
        let mut ready = self.ready.clone();
        ready.protocol_minor = self.parts.protocol_minor;
        for (name, value) in &ready.parameters {
            if let Some(name) = unpinned(name, value) {
                let value = value.clone();
                return Err(Trouble::Pin { name, value });
            }
            if name == "server_version" {
                ready.server_version = version_number(value);
            }
        }
        self.state = State::Ended;
        self.outcome = Some(LoginEffect::Ready(ready));
        Ok(())
    }
}

/// The name of a pinned setting that this report moves away from its pin.
pub(crate) fn unpinned(name: &str, value: &str) -> Option<&'static str> {
    PINNED
        .iter()
        .find(|(pinned, expect)| *pinned == name && *expect != value)
        .map(|(pinned, _)| *pinned)
}

/// Settings by which the gateway and the server read the same bytes alike, with their only values.
pub(crate) const PINNED: [(&str, &str); 2] = [
    ("client_encoding", "UTF8"),
    ("standard_conforming_strings", "on"),
];

/// Protocol 3.0 in a start-up packet.
const VERSION_3: u32 = 0x0003_0000;

fn put_startup(out: &mut BytesMut, parts: &LoginParts) {
    let start = out.len();
    out.put_u32(0);
    out.put_u32(VERSION_3 + u32::from(parts.protocol_minor));
    let mut put = |name: &str, value: &str| {
        put_cstr(out, name.as_bytes());
        put_cstr(out, value.as_bytes());
    };
    put("user", &parts.user);
    put("database", &parts.database);
    for (name, value) in PINNED {
        put(name, value);
    }
    let pinned = |name: &str| PINNED.iter().any(|(p, _)| p.eq_ignore_ascii_case(name));
    for (name, value) in parts.parameters.iter().filter(|(name, _)| !pinned(name)) {
        put(name, value);
    }
    out.put_u8(0);
    let length = u32::try_from(out.len() - start).unwrap_or(u32::MAX);
    if let Some(place) = out.get_mut(start..start + 4) {
        place.copy_from_slice(&length.to_be_bytes());
    }
}

/// The `i=` attribute of a SCRAM server-first message (RFC 5802 section 5.1).
fn iterations(challenge: &[u8]) -> Option<u32> {
    let text = std::str::from_utf8(challenge).ok()?;
    text.split(',')
        .find_map(|a| a.strip_prefix("i="))?
        .parse()
        .ok()
}

/// `15.18 (Debian …)` is 150018; before 10, `9.6.24` is 90624.
fn version_number(text: &str) -> u32 {
    let mut parts = text.split(['.', ' ']).map(|part| {
        let digits = part.bytes().take_while(u8::is_ascii_digit).count();
        part.get(..digits).and_then(|d| d.parse::<u32>().ok())
    });
    let mut next = || parts.next().flatten().unwrap_or(0).min(999);
    let (major, minor) = (next(), next());
    if major >= 10 {
        major * 10_000 + minor
    } else {
        major * 10_000 + minor * 100 + next()
    }
}

#[cfg(test)]
#[path = "login_tests.rs"]
mod tests;
