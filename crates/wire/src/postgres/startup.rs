//! The client's side until its credential is in hand.
//!
//! Never believes a byte that came before TLS once TLS stands, never asks for a secret that the transport would
//! not keep, and holds at most one packet of bounded size.

use std::collections::VecDeque;

use bytes::{Buf, BufMut, BytesMut};
use gate::ports::Credential;
use model::{Fault, Limits, Refusal, RefusalKind, Secret};

use super::frame::{Fields, HEADER_BYTES, Header, put_cstr};
use super::login::{CancelKey, UpstreamReady};
use super::refuse::{self, Severity, Words, own};
use super::settings::{self, Asked, Objection};

const CANCEL_REQUEST: u32 = 80_877_102;
const SSL_REQUEST: u32 = 80_877_103;
const GSSENC_REQUEST: u32 = 80_877_104;

/// Bytes of a login or database name.
const NAME_BYTES_MAX: usize = 256;

/// Whether clients get TLS.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ClientTls {
    /// A client that does not ask for it is refused.
    Required,
    /// It is there for those who ask.
    Offered,
    /// There is none.
    Off,
}

/// How a listener treats new clients.
#[derive(Clone, Debug)]
pub struct StartupOptions {
    /// The bounds.
    pub limits: Limits,
    /// TLS towards clients.
    pub tls: ClientTls,
    /// Whether the transport keeps secrets without TLS (unix socket, loopback).
    pub confidential: bool,
    /// The OIDC discovery URL and the scope, for clients that log in by SASL OAUTHBEARER.
    pub oauth_hint: Option<(String, String)>,
    /// Whether OAUTHBEARER is asked of every client instead of a password; otherwise a client asks for it with
    /// `options=-c portcullis.auth=oauth`.
    pub oauth_always: bool,
}

/// A client that presented itself and its credential.
#[derive(Debug)]
pub struct LoginRequest {
    /// The login name.
    pub user: String,
    /// The database it named; the login name where it named none.
    pub database: String,
    /// `application_name`, may be empty.
    pub application_name: String,
    /// The other settings it asked for, checked against the allow-list, to be handed to the upstream login.
    pub parameters: Vec<(String, String)>,
    /// The protocol's minor version in force, 0 or 2.
    pub protocol_minor: u16,
    /// What it presented.
    pub credential: Credential,
}

/// What the start-up wants from its host.
#[derive(Debug)]
pub enum StartupEffect {
    /// Flush, start TLS, then call [`Startup::tls_started`].
    UpgradeTls,
    /// Authenticate and dial, then call [`Startup::accept`] or [`Startup::refuse`].
    Authenticate(LoginRequest),
    /// Hand this on to the session that it belongs to, and close without a word.
    Cancel(CancelKey),
    /// Flush and close; the text is for the log.
    Close(Fault, String),
}

#[derive(Debug)]
enum State {
    /// A start-up, SSLRequest, GSSENCRequest or CancelRequest packet.
    ExpectStartup,
    /// The host's TLS handshake.
    ExpectTls,
    /// PasswordMessage.
    ExpectPassword,
    /// SASLInitialResponse.
    ExpectBearer,
    /// The empty answer to the discovery challenge (RFC 7628 section 3.2.3).
    ExpectDismissal,
    /// The host's verdict.
    ExpectVerdict,
    /// Nothing more.
    Ended,
}

/// The client's side of one connection until it is logged in.
pub struct Startup {
    options: StartupOptions,
    state: State,
    encrypted: bool,
    gss_asked: bool,
    /// The credential came by OAUTHBEARER.
    bearer: bool,
    minor: u16,
    asked: Asked,
    effects: VecDeque<StartupEffect>,
    to_client: BytesMut,
}

impl Startup {
    /// Awaits the first packet.
    pub fn new(options: StartupOptions) -> Self {
        Self {
            options,
            state: State::ExpectStartup,
            encrypted: false,
            gss_asked: false,
            bearer: false,
            minor: 0,
            asked: Asked::default(),
            effects: VecDeque::new(),
            to_client: BytesMut::new(),
        }
    }

    /// TLS stands. `direct`: it was there from the first byte (ALPN `postgresql` negotiated), not asked for by an
    /// SSLRequest.
    pub fn tls_started(&mut self, direct: bool) {
        let asked = matches!(self.state, State::ExpectTls);
        let first =
            matches!(self.state, State::ExpectStartup) && !self.encrypted && !self.gss_asked;
        if asked || (direct && first) {
            self.encrypted = true;
            self.state = State::ExpectStartup;
        } else {
            self.fail(Fault::Gateway, "58000", "TLS started out of turn");
        }
    }

    /// Takes bytes the client sent; consumes whole packets from the front and leaves the rest.
    pub fn on_bytes(&mut self, bytes: &mut BytesMut) {
        loop {
            let went_on = match self.state {
                State::ExpectStartup => self.on_startup(bytes),
                State::ExpectPassword | State::ExpectBearer | State::ExpectDismissal => {
                    self.on_credential(bytes)
                }
                State::ExpectTls | State::ExpectVerdict | State::Ended => Ok(false),
            };
            match went_on {
                Ok(true) => {}
                Ok(false) => return,
                Err(Objection { code, message }) => self.fail(Fault::Client, code, &message),
            }
        }
    }

    /// The next effect, until `None`.
    pub fn poll(&mut self) -> Option<StartupEffect> {
        self.effects.pop_front()
    }

    /// Bytes for the client; the host drains them.
    pub fn to_client(&mut self) -> &mut BytesMut {
        &mut self.to_client
    }

    /// The login is refused: writes a FATAL ErrorResponse. The host flushes and closes.
    pub fn refuse(&mut self, refusal: &Refusal) {
        self.state = State::Ended;
        // RFC 7628 section 3.2.2: the client hears in the exchange itself where a good token comes from. What it answers
        // changes nothing, so its end does not wait for that.
        if self.bearer
            && refusal.kind == RefusalKind::Unauthenticated
            && let Some(challenge) = self.options.oauth_hint.as_ref().map(discovery)
        {
            self.put_challenge(&challenge);
        }
        refuse::put_refusal(&mut self.to_client, Severity::Fatal, refusal, None);
    }

    /// The login stands: writes everything up to and with ReadyForQuery. `key` is the gateway's own cancel key.
    pub fn accept(&mut self, key: &CancelKey, upstream: &UpstreamReady) {
        self.state = State::Ended;
        let out = &mut self.to_client;
        own(out, b'R', |b| b.put_u32(0));
        for (name, value) in &upstream.parameters {
            // The upstream's carries who acts; the client gets back what it called itself.
            let value = match name.as_str() {
                "application_name" => &self.asked.application_name,
                _ => value,
            };
            put_parameter_status(out, name.as_bytes(), value.as_bytes());
        }
        own(out, b'K', |b| {
            b.put_i32(key.process);
            b.extend_from_slice(&key.secret);
        });
        own(out, b'Z', |b| b.put_u8(b'I'));
    }

    fn fail(&mut self, fault: Fault, code: &str, message: &str) {
        self.fail_with(fault, &Words::new(Severity::Fatal, code, message));
    }

    fn fail_with(&mut self, fault: Fault, words: &Words<'_>) {
        self.state = State::Ended;
        refuse::put(&mut self.to_client, words);
        let reason = words.message.to_owned();
        self.effects.push_back(StartupEffect::Close(fault, reason));
    }

    /// Takes one packet without a type byte; `Ok(false)` when none is whole.
    fn on_startup(&mut self, bytes: &mut BytesMut) -> Result<bool, Objection> {
        let Some(&[a, b, c, d]) = bytes.first_chunk::<4>() else {
            return Ok(false);
        };
        let length = usize::try_from(u32::from_be_bytes([a, b, c, d])).unwrap_or(usize::MAX);
        if !(8..=self.options.limits.startup_bytes_max).contains(&length) {
            return Err(Objection::new("08P01", "invalid length of startup packet"));
        }
        if bytes.len() < length {
            return Ok(false);
        }
        let mut packet = bytes.split_to(length);
        packet.advance(4);
        let code = packet.get_u32();
        match code {
            CANCEL_REQUEST => self.on_cancel(&packet)?,
            SSL_REQUEST => return self.on_ssl(&packet, bytes),
            GSSENC_REQUEST => return self.on_gss(&packet, bytes),
            version => self.on_version(version, &packet)?,
        }
        Ok(true)
    }

    fn on_cancel(&mut self, packet: &[u8]) -> Result<(), Objection> {
        let mut fields = Fields::new(b'?', packet);
        let process = fields.i32()?;
        let secret = fields.rest();
        if !(4..=256).contains(&secret.len()) {
            return Err(Objection::new("08P01", "invalid cancel request"));
        }
        self.state = State::Ended;
        let secret = secret.to_vec();
        let key = CancelKey { process, secret };
        self.effects.push_back(StartupEffect::Cancel(key));
        Ok(())
    }

    fn on_ssl(&mut self, packet: &[u8], behind: &BytesMut) -> Result<bool, Objection> {
        if self.encrypted || !packet.is_empty() {
            return Err(Objection::new("08P01", "unexpected SSL request"));
        }
        if !behind.is_empty() {
            // Bytes stuffed in before the handshake would be read as if TLS had protected them.
            return Err(Objection::new(
                "08P01",
                "received unencrypted data after SSL request",
            ));
        }
        if self.options.tls == ClientTls::Off {
            self.to_client.put_u8(b'N');
            return Ok(true);
        }
        self.to_client.put_u8(b'S');
        self.state = State::ExpectTls;
        self.effects.push_back(StartupEffect::UpgradeTls);
        Ok(true)
    }

    fn on_gss(&mut self, packet: &[u8], behind: &BytesMut) -> Result<bool, Objection> {
        if self.encrypted || self.gss_asked || !packet.is_empty() {
            return Err(Objection::new(
                "08P01",
                "unexpected GSSAPI encryption request",
            ));
        }
        if !behind.is_empty() {
            return Err(Objection::new(
                "08P01",
                "received unencrypted data after GSSAPI encryption request",
            ));
        }
        self.gss_asked = true;
        self.to_client.put_u8(b'N');
        Ok(true)
    }

    fn on_version(&mut self, version: u32, packet: &[u8]) -> Result<(), Objection> {
        let (major, minor) = (version >> 16, version & 0xffff);
        if major != 3 {
            let message = format!(
                "unsupported frontend protocol {major}.{minor}: server supports 3.0 to 3.2"
            );
            return Err(Objection::new("0A000", message));
        }
        let asked = settings::parse(packet)?;
        let too_long = |name: &Option<String>| {
            name.as_ref()
                .is_some_and(|name| name.len() > NAME_BYTES_MAX)
        };
        if too_long(&asked.user) || too_long(&asked.database) {
            return Err(Objection::new("54000", "user or database name is too long"));
        }
        self.minor = if minor >= 2 { 2 } else { 0 };
        if u32::from(self.minor) != minor || !asked.protocol_options.is_empty() {
            self.negotiate(&asked.protocol_options);
        }
        self.asked = asked;
        if !self.encrypted
            && (self.options.tls == ClientTls::Required || !self.options.confidential)
        {
            self.demand_tls();
            return Ok(());
        }
        self.ask_credential();
        Ok(())
    }

    /// NegotiateProtocolVersion: the version in force and the options that are not known.
    fn negotiate(&mut self, options: &[String]) {
        own(&mut self.to_client, b'v', |b| {
            b.put_u32(0x0003_0000 | u32::from(self.minor));
            b.put_u32(u32::try_from(options.len()).unwrap_or_default());
            for option in options {
                put_cstr(b, option.as_bytes());
            }
        });
    }

    fn demand_tls(&mut self) {
        let hint = match self.options.tls {
            ClientTls::Off => "connect through a unix socket or from the gateway's own host",
            ClientTls::Required | ClientTls::Offered => {
                "connect with sslmode=verify-full (or at least sslmode=require)"
            }
        };
        let words = Words {
            hint: Some(hint),
            ..Words::new(
                Severity::Fatal,
                "28000",
                "this gateway takes credentials only over TLS",
            )
        };
        self.fail_with(Fault::Client, &words);
    }

    fn ask_credential(&mut self) {
        if self.asked.oauth || self.options.oauth_always {
            own(&mut self.to_client, b'R', |b| {
                b.put_u32(10);
                put_cstr(b, b"OAUTHBEARER");
                b.put_u8(0);
            });
            self.state = State::ExpectBearer;
        } else {
            own(&mut self.to_client, b'R', |b| b.put_u32(3));
            self.state = State::ExpectPassword;
        }
    }

    /// Takes one `p` message; `Ok(false)` when none is whole.
    fn on_credential(&mut self, bytes: &mut BytesMut) -> Result<bool, Objection> {
        let broken = |_| Objection::new("08P01", "invalid message length");
        let Some(header) = Header::peek(bytes).map_err(broken)? else {
            return Ok(false);
        };
        if header.kind != b'p' {
            let message = format!(
                "expected password response, got message type {}",
                header.kind
            );
            return Err(Objection::new("08P01", message));
        }
        let bound = self.options.limits.credential_bytes_max;
        let header = header.within(bound).map_err(broken)?;
        if bytes.len() < header.total() {
            return Ok(false);
        }
        let mut frame = bytes.split_to(header.total());
        let body = frame.get(HEADER_BYTES..).unwrap_or_default();
        let outcome = match self.state {
            State::ExpectPassword => self.on_password(body),
            State::ExpectBearer => self.on_bearer(body),
            _ => Err(Objection::new(
                "28000",
                "OAuth bearer authentication failed",
            )),
        };
        // The buffer goes back to the host's pool: leave no secret in it.
        frame.fill(0);
        outcome.map(|()| true)
    }

    fn on_password(&mut self, body: &[u8]) -> Result<(), Objection> {
        let mut fields = Fields::new(b'p', body);
        let malformed = |_| Objection::new("08P01", "invalid password packet");
        let password = fields.text().map_err(malformed)?;
        fields.end().map_err(malformed)?;
        if password.is_empty() {
            return Err(Objection::new("28P01", "empty password returned by client"));
        }
        let secret = Secret::new(password.to_owned());
        self.authenticate(Credential::Password(secret));
        Ok(())
    }

    /// SASLInitialResponse with OAUTHBEARER's client message (RFC 7628 section 3.1).
    fn on_bearer(&mut self, body: &[u8]) -> Result<(), Objection> {
        let malformed = |_| Objection::new("08P01", "invalid SASL response");
        let mut fields = Fields::new(b'p', body);
        let mechanism = fields.text().map_err(malformed)?;
        let message = fields.value().map_err(malformed)?;
        fields.end().map_err(malformed)?;
        if mechanism != "OAUTHBEARER" {
            return Err(Objection::new(
                "08P01",
                "client selected an invalid SASL mechanism",
            ));
        }
        let token = message
            .and_then(|message| std::str::from_utf8(message).ok())
            .and_then(bearer_token)
            .ok_or_else(|| Objection::new("08P01", "malformed OAUTHBEARER message"))?;
        if !token.is_empty() {
            let secret = Secret::new(token.to_owned());
            self.authenticate(Credential::Bearer(secret));
            return Ok(());
        }
        let Some(challenge) = self.options.oauth_hint.as_ref().map(discovery) else {
            return Err(Objection::new(
                "28000",
                "no identity provider is configured for OAuth",
            ));
        };
        self.put_challenge(&challenge);
        self.state = State::ExpectDismissal;
        Ok(())
    }

    fn put_challenge(&mut self, challenge: &str) {
        own(&mut self.to_client, b'R', |b| {
            b.put_u32(11);
            b.extend_from_slice(challenge.as_bytes());
        });
    }

    fn authenticate(&mut self, credential: Credential) {
        self.bearer = matches!(credential, Credential::Bearer(_));
        self.state = State::ExpectVerdict;
        let user = self.asked.user.clone().unwrap_or_default();
        let database = self.asked.database.clone().filter(|name| !name.is_empty());
        let request = LoginRequest {
            database: database.unwrap_or_else(|| user.clone()),
            user,
            application_name: self.asked.application_name.clone(),
            parameters: std::mem::take(&mut self.asked.parameters),
            protocol_minor: self.minor,
            credential,
        };
        self.effects.push_back(StartupEffect::Authenticate(request));
    }
}

/// Writes a ParameterStatus.
pub(crate) fn put_parameter_status(out: &mut BytesMut, name: &[u8], value: &[u8]) {
    own(out, b'S', |b| {
        put_cstr(b, name);
        put_cstr(b, value);
    });
}

/// The token in OAUTHBEARER's client message; empty when the client asks for discovery, `None` when malformed.
fn bearer_token(message: &str) -> Option<&str> {
    // An authorisation identity ("a=…") or channel binding ("p=…") is not served.
    let rest = message
        .strip_prefix("n,,\x01")
        .or_else(|| message.strip_prefix("y,,\x01"))?;
    let pairs = rest.strip_suffix("\x01\x01")?;
    let mut auth = None;
    for pair in pairs.split('\x01') {
        let (key, value) = pair.split_once('=')?;
        if key == "auth" && auth.replace(value).is_some() {
            return None;
        }
    }
    let auth = auth?;
    if auth.is_empty() {
        return Some("");
    }
    let (scheme, token) = auth.split_once(' ')?;
    let token = token.trim_start_matches(' ');
    // RFC 6750 section 2.1: b64token.
    let legal = |b: u8| b.is_ascii_alphanumeric() || b"-._~+/=".contains(&b);
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty() && token.bytes().all(legal))
        .then_some(token)
}

/// The discovery challenge (RFC 7628 section 3.2.2).
fn discovery((url, scope): &(String, String)) -> String {
    format!(
        "{{\"status\":\"invalid_token\",\"openid-configuration\":{},\"scope\":{}}}",
        json_string(url),
        json_string(scope)
    )
}

fn json_string(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            c if c.is_control() => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
#[path = "startup_tests.rs"]
mod tests;
