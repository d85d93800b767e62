//! A client's way from accept to its credential: TLS, start-up, nothing else. Knows not who may do what.

use std::io;
use std::sync::Arc;

use bytes::BytesMut;
use model::Fault;
use tokio_rustls::{TlsAcceptor, TlsStream};
use wire::postgres::{CancelKey, ClientTls, LoginRequest, Startup, StartupEffect, StartupOptions};

use crate::context::Shared;
use crate::parts::Listener;
use crate::stream::Stream;
use crate::tls::ALPN;

/// The first byte of a TLS handshake record.
const TLS_HANDSHAKE: u8 = 0x16;

/// Bytes read ahead before a client is logged in.
const AHEAD_BYTES: usize = 1024;

/// Bytes of framing around the largest message before login.
const FRAME_BYTES: usize = 64;

/// A client that is not logged in yet.
pub(crate) struct Guest {
    /// Its stream; absent only while TLS is being set up.
    stream: Option<Stream>,
    /// Its start-up.
    pub(crate) startup: Startup,
    /// What it sent and nobody took yet.
    pub(crate) received: BytesMut,
    received_max: usize,
    can_tls: bool,
}

/// What a client came for.
pub(crate) enum Greeting {
    /// To log in.
    Login(Box<(Guest, LoginRequest)>),
    /// To cancel something; the connection is closed when that is done.
    Cancel(Stream, CancelKey),
    /// It left, or did what no client does.
    Broken(Fault, String),
}

impl Guest {
    /// A client that was just accepted.
    pub(crate) fn new(stream: Stream, shared: &Shared, listener: &Listener) -> Self {
        let can_tls = shared.tls.is_some()
            && listener.tls != ClientTls::Off
            && matches!(stream, Stream::Tcp(_));
        let options = StartupOptions {
            limits: shared.limits.clone(),
            tls: if can_tls {
                listener.tls
            } else {
                ClientTls::Off
            },
            confidential: is_local(&stream),
            oauth_hint: shared.identities.oauth_hint(),
            oauth_always: listener.oauth_always,
        };
        let limits = &shared.limits;
        let largest = limits.startup_bytes_max.max(limits.credential_bytes_max);
        Self {
            stream: Some(stream),
            startup: Startup::new(options),
            received: BytesMut::new(),
            received_max: largest.saturating_add(FRAME_BYTES),
            can_tls,
        }
    }

    /// Talks with the client until it has shown its credential. The caller sets the deadline.
    ///
    /// # Cancel safety
    /// Not cancel safe: consumes the client, whose connection is closed when this is dropped.
    pub(crate) async fn greet(mut self, shared: &Shared) -> Greeting {
        match self.talk(shared).await {
            Ok(Asked::Login(request)) => Greeting::Login(Box::new((self, request))),
            Ok(Asked::Cancel(key)) => match self.stream {
                Some(stream) => Greeting::Cancel(stream, key),
                None => Greeting::Broken(Fault::Gateway, "no stream".to_owned()),
            },
            Ok(Asked::Nothing(fault, text)) => Greeting::Broken(fault, text),
            Err(error) => Greeting::Broken(Fault::Client, error.to_string()),
        }
    }

    async fn talk(&mut self, shared: &Shared) -> io::Result<Asked> {
        if self.can_tls && self.speaks_tls_at_once().await? {
            self.secure(shared).await?;
            if !self.has_alpn() {
                return Ok(Asked::broken("direct TLS without ALPN \"postgresql\""));
            }
            self.startup.tls_started(true);
        }
        loop {
            while let Some(effect) = self.startup.poll() {
                match effect {
                    StartupEffect::UpgradeTls => {
                        if !self.received.is_empty() {
                            return Ok(Asked::broken("bytes stuffed behind an SSLRequest"));
                        }
                        self.flush().await?;
                        self.secure(shared).await?;
                        self.startup.tls_started(false);
                    }
                    StartupEffect::Authenticate(request) => {
                        self.flush().await?;
                        return Ok(Asked::Login(request));
                    }
                    StartupEffect::Cancel(key) => return Ok(Asked::Cancel(key)),
                    StartupEffect::Close(fault, text) => {
                        self.flush().await?;
                        self.finish().await;
                        return Ok(Asked::Nothing(fault, text));
                    }
                }
            }
            self.flush().await?;
            if self.received.len() >= self.received_max {
                return Ok(Asked::broken("too many bytes before login"));
            }
            self.received.reserve(AHEAD_BYTES);
            let stream = self.stream.as_mut().ok_or(io::ErrorKind::NotConnected)?;
            if stream.receive(&mut self.received).await? == 0 {
                return Ok(Asked::broken("left before login"));
            }
            self.startup.on_bytes(&mut self.received);
        }
    }

    /// Writes what the start-up has to say.
    ///
    /// # Errors
    /// The socket's.
    pub(crate) async fn flush(&mut self) -> io::Result<()> {
        let stream = self.stream.as_mut().ok_or(io::ErrorKind::NotConnected)?;
        stream.send(self.startup.to_client()).await
    }

    /// Closes the writing half and lets the client read what it was told.
    pub(crate) async fn finish(&mut self) {
        use tokio::io::AsyncWriteExt;
        let Some(stream) = &mut self.stream else {
            return;
        };
        if stream.shutdown().await.is_err() {
            return;
        }
        let mut rest = BytesMut::with_capacity(AHEAD_BYTES);
        for _ in 0..64 {
            if stream.receive(&mut rest).await.unwrap_or(0) == 0 {
                return;
            }
            rest.clear();
        }
    }

    /// TLS version and cipher, or `none`.
    pub(crate) fn tls_text(&self) -> String {
        self.stream
            .as_ref()
            .map_or_else(String::new, Stream::tls_text)
    }

    /// The stream and what came behind the login.
    pub(crate) fn into_parts(self) -> Option<(Stream, BytesMut)> {
        Some((self.stream?, self.received))
    }

    async fn speaks_tls_at_once(&mut self) -> io::Result<bool> {
        let Some(Stream::Tcp(stream)) = &self.stream else {
            return Ok(false);
        };
        let mut first = [0u8; 1];
        Ok(stream.peek(&mut first).await? == 1 && first == [TLS_HANDSHAKE])
    }

    async fn secure(&mut self, shared: &Shared) -> io::Result<()> {
        let (Some(Stream::Tcp(stream)), Some(side)) = (self.stream.take(), &shared.tls) else {
            return Err(io::ErrorKind::NotConnected.into());
        };
        let secured = TlsAcceptor::from(side.config()).accept(stream).await?;
        self.stream = Some(Stream::Tls(Box::new(TlsStream::Server(secured))));
        Ok(())
    }

    fn has_alpn(&self) -> bool {
        match &self.stream {
            Some(Stream::Tls(stream)) => stream.get_ref().1.alpn_protocol() == Some(ALPN),
            _ => false,
        }
    }
}

enum Asked {
    Login(LoginRequest),
    Cancel(CancelKey),
    Nothing(Fault, String),
}

impl Asked {
    fn broken(text: &str) -> Self {
        Self::Nothing(Fault::Client, text.to_owned())
    }
}

/// Whether nobody between the client and the gateway can read along: a unix socket, or the same host.
fn is_local(stream: &Stream) -> bool {
    match stream {
        Stream::Unix(_) => true,
        Stream::Tcp(stream) => stream.peer_addr().is_ok_and(|peer| peer.ip().is_loopback()),
        Stream::Tls(_) => false,
    }
}

/// A cancel request: passed on to the session it means; the client's connection stays open until that is done, so
/// that what the client sends next is not hit.
pub(crate) async fn cancel(shared: &Arc<Shared>, stream: Stream, key: &CancelKey) {
    let now = std::time::Instant::now();
    if let Some(done) = shared.cancels.cancel(key, now) {
        let limit = shared.limits.upstream_timeout;
        // However it ends, the client is told nothing but the end of the connection.
        tokio::time::timeout(limit, done).await.ok();
    }
    drop(stream);
}
