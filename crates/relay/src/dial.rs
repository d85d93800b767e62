//! Reaching a target: connect, TLS, log in. Knows no client.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::BytesMut;
use gate::ports::UpstreamCredential;
use model::{Fault, Limits};
use socket2::{SockRef, TcpKeepalive};
use tokio::net::{TcpStream, UnixStream};
use tokio::time::timeout;
use tokio_rustls::{TlsConnector, TlsStream};
use wire::postgres::login::{NEWEST_MINOR, ssl_request};
use wire::postgres::{CancelKey, Login, LoginEffect, LoginParts, UpstreamReady};

use crate::parts::{ResourceTarget, TargetAddress};
use crate::stream::Stream;
use crate::tls::binding;
use crate::tls::client::ClientSide;

/// Bytes a target may send during login before it is taken for something else.
const LOGIN_BYTES_MAX: usize = 1024 * 1024;

/// Silence after which a peer is probed, and the pause between probes.
const KEEPALIVE: (Duration, Duration) = (Duration::from_secs(30), Duration::from_secs(10));

/// Why a target could not be had. The text is for the log.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DialError {
    /// It did not answer in time.
    #[error("the target did not answer in time")]
    Slow,
    /// It cannot be reached, or the connection broke.
    #[error("the target cannot be reached: {0}")]
    Unreachable(#[from] io::Error),
    /// It has no TLS, although TLS is demanded.
    #[error("the target does not speak TLS, although its settings demand it")]
    NoTls,
    /// It broke the protocol.
    #[error("the target broke the protocol: {0}")]
    Protocol(&'static str),
    /// It refused the login.
    #[error("the target refused the login: {}{message}", .sqlstate.as_deref().map(|code| format!("{code} ")).unwrap_or_default())]
    Refused {
        /// Whose fault it is.
        fault: Fault,
        /// Its SQLSTATE.
        sqlstate: Option<String>,
        /// Its words.
        message: String,
        /// It may speak an older version of the protocol only.
        try_older: bool,
    },
}

/// One target with its TLS side ready.
pub(crate) struct Target {
    /// Its settings.
    pub(crate) settings: ResourceTarget,
    /// TLS towards it.
    pub(crate) tls: Option<ClientSide>,
    /// It refused protocol 3.2, so that 3.0 is asked for at once.
    pub(crate) is_old: AtomicBool,
}

/// What to log in as.
#[derive(Clone)]
pub(crate) struct LoginAs<'a> {
    /// The credential.
    pub(crate) credential: UpstreamCredential,
    /// The database.
    pub(crate) database: &'a str,
    /// Settings, `application_name` among them.
    pub(crate) parameters: Vec<(String, String)>,
    /// The bounds.
    pub(crate) limits: &'a Limits,
}

impl Target {
    /// Connects and logs in, within the limit.
    ///
    /// # Errors
    /// [`DialError`].
    ///
    /// # Cancel safety
    /// Cancel safe: the connection is dropped.
    pub(crate) async fn open(
        &self,
        login: LoginAs<'_>,
    ) -> Result<(Stream, BytesMut, UpstreamReady), DialError> {
        let limit = login.limits.upstream_timeout;
        let work = async {
            let minor = match self.is_old.load(Ordering::Relaxed) {
                true => 0,
                false => NEWEST_MINOR,
            };
            let stream = self.connect().await?;
            let first = self.log_in(stream, login.clone(), minor).await;
            let Err(DialError::Refused {
                try_older: true, ..
            }) = &first
            else {
                return first;
            };
            let stream = self.connect().await?;
            let second = self.log_in(stream, login, 0).await;
            self.is_old.store(second.is_ok(), Ordering::Relaxed);
            second
        };
        timeout(limit, Box::pin(work))
            .await
            .map_err(|_| DialError::Slow)?
    }

    /// Tells the target to cancel what the backend with `key` does, and waits until it closes the connection.
    ///
    /// # Errors
    /// [`DialError`].
    pub(crate) async fn cancel(&self, key: &CancelKey, limit: Duration) -> Result<(), DialError> {
        let work = async {
            let mut stream = self.connect().await?;
            stream.send(&mut key.request()).await?;
            let mut answer = BytesMut::with_capacity(64);
            // A target never answers; anything it says here is dropped with the connection.
            while stream.receive(&mut answer).await.unwrap_or(0) > 0 {
                answer.clear();
            }
            Ok(())
        };
        timeout(limit, Box::pin(work))
            .await
            .map_err(|_| DialError::Slow)?
    }

    async fn connect(&self) -> Result<Stream, DialError> {
        let stream = match &self.settings.address {
            TargetAddress::Unix(path) => return Ok(Stream::Unix(UnixStream::connect(path).await?)),
            TargetAddress::Tcp { host, port } => TcpStream::connect((host.as_str(), *port)).await?,
        };
        tune(&stream)?;
        match &self.tls {
            None => Ok(Stream::Tcp(stream)),
            Some(side) => upgrade(stream, side).await,
        }
    }

    async fn log_in(
        &self,
        mut stream: Stream,
        login: LoginAs<'_>,
        protocol_minor: u16,
    ) -> Result<(Stream, BytesMut, UpstreamReady), DialError> {
        let mut core = Login::new(LoginParts {
            user: login.credential.user,
            password: login.credential.password,
            database: login.database.to_owned(),
            parameters: login.parameters,
            channel_binding: channel_binding(&stream),
            encrypted: is_confidential(&stream),
            protocol_minor,
            limits: login.limits.clone(),
        });
        let mut received = BytesMut::with_capacity(4096);
        loop {
            stream.send(core.to_upstream()).await?;
            match core.poll() {
                Some(LoginEffect::Ready(ready)) => return Ok((stream, received, ready)),
                Some(LoginEffect::Failed {
                    fault,
                    sqlstate,
                    message,
                    try_older,
                }) => {
                    return Err(DialError::Refused {
                        fault,
                        sqlstate,
                        message,
                        try_older,
                    });
                }
                None => {}
            }
            if received.len() > LOGIN_BYTES_MAX {
                return Err(DialError::Protocol("its login messages are too long"));
            }
            if stream.receive(&mut received).await? == 0 {
                return Err(DialError::Protocol("it closed the connection during login"));
            }
            core.on_bytes(&mut received);
        }
    }
}

/// Turns off delays and turns on probes for a peer that is gone.
pub(crate) fn tune(stream: &TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let (idle, pause) = KEEPALIVE;
    let keepalive = TcpKeepalive::new().with_time(idle).with_interval(pause);
    SockRef::from(stream).set_tcp_keepalive(&keepalive)
}

async fn upgrade(stream: TcpStream, side: &ClientSide) -> Result<Stream, DialError> {
    let mut plain = Stream::Tcp(stream);
    plain.send(&mut BytesMut::from(&ssl_request()[..])).await?;
    // One byte and no more: what comes after it is either TLS or forged.
    let mut answer = [0u8; 1];
    tokio::io::AsyncReadExt::read_exact(&mut plain, &mut answer).await?;
    let Stream::Tcp(stream) = plain else {
        return Err(DialError::Protocol("no TCP stream"));
    };
    match answer {
        [b'S'] => {
            let connector = TlsConnector::from(side.config.clone());
            let secured = connector.connect(side.name.clone(), stream).await?;
            Ok(Stream::Tls(Box::new(TlsStream::Client(secured))))
        }
        [b'N'] => Err(DialError::NoTls),
        _ => Err(DialError::Protocol(
            "its answer to SSLRequest is neither S nor N",
        )),
    }
}

fn channel_binding(stream: &Stream) -> Option<Vec<u8>> {
    let Stream::Tls(stream) = stream else {
        return None;
    };
    let (_, state) = stream.get_ref();
    binding::end_point(state.peer_certificates()?.first()?)
}

fn is_confidential(stream: &Stream) -> bool {
    match stream {
        Stream::Tls(_) | Stream::Unix(_) => true,
        Stream::Tcp(stream) => stream.peer_addr().is_ok_and(|peer| peer.ip().is_loopback()),
    }
}
