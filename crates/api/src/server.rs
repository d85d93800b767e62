//! Serves the router on a listener: TLS or plain, with bounds on connections, headers and time.
//!
//! Decides nothing about requests; puts the peer's address into each.

use std::collections::HashMap;
use std::convert::Infallible;
use std::future::Future;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use crate::rate::prefix;
use crate::route::Peer;

/// Connections open at once.
const CONNECTIONS_MAX: usize = 512;
/// Of these, from one address (IPv6: one /64): a host that stalls all it may leaves room for others.
const PER_ADDRESS_MAX: usize = 256;
/// Bytes of a request's head.
const HEAD_BYTES_MAX: usize = 32 * 1024;
/// Header fields of a request.
const HEADERS_MAX: usize = 64;
/// Time for the TLS handshake, and for a request's head.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
/// Time that open requests get to finish when the server stops.
const DRAIN: Duration = Duration::from_secs(10);
/// Pause after a failed accept (descriptors used up), so that the loop does not spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Serves until `shutdown` ends, then lets open requests finish for a short while.
///
/// # Cancel safety
/// Dropping the future closes all connections at once.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    tls: Option<Arc<rustls::ServerConfig>>,
    shutdown: impl Future<Output = ()>,
) {
    let acceptor = tls.map(TlsAcceptor::from);
    let slots = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let (stop, stopping) = watch::channel(false);
    let mut connections = JoinSet::new();
    let guests = Arc::new(Guests::default());
    tokio::pin!(shutdown);
    loop {
        // Finished tasks are collected as we go, so that the set stays as small as the connections are many.
        while connections.try_join_next().is_some() {}
        let accepted = tokio::select! {
            () = &mut shutdown => break,
            accepted = accept(&listener, &slots) => accepted,
        };
        let Some((socket, peer, slot)) = accepted else {
            tokio::time::sleep(ACCEPT_PAUSE).await;
            continue;
        };
        let Some(guest) = guests.enter(peer.ip()) else {
            tracing::debug!(%peer, "too many connections of one address");
            continue;
        };
        let connection = Connection {
            router: router.clone(),
            peer: Peer(peer.ip().to_canonical()),
            stopping: stopping.clone(),
            _slot: slot,
            _guest: guest,
        };
        match acceptor.clone() {
            Some(acceptor) => connections.spawn(connection.run_tls(acceptor, socket)),
            None => connections.spawn(connection.run(socket)),
        };
    }
    drop(listener);
    stop.send_replace(true);
    let drained = tokio::time::timeout(DRAIN, async {
        while connections.join_next().await.is_some() {}
    });
    if drained.await.is_err() {
        connections.shutdown().await;
    }
}

async fn accept(
    listener: &TcpListener,
    slots: &Arc<Semaphore>,
) -> Option<(
    tokio::net::TcpStream,
    std::net::SocketAddr,
    OwnedSemaphorePermit,
)> {
    let slot = Arc::clone(slots).acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((socket, peer)) => Some((socket, peer, slot)),
        Err(error) => {
            tracing::warn!(%error, "a connection could not be accepted");
            None
        }
    }
}

/// How many connections each address has.
#[derive(Default)]
struct Guests(Mutex<HashMap<IpAddr, usize>>);

/// One connection of an address, until dropped.
struct Guest {
    guests: Arc<Guests>,
    address: IpAddr,
}

impl Guests {
    fn enter(self: &Arc<Self>, address: IpAddr) -> Option<Guest> {
        let address = prefix(address);
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(address).or_default();
        if *count >= PER_ADDRESS_MAX {
            return None;
        }
        *count += 1;
        Some(Guest {
            guests: Arc::clone(self),
            address,
        })
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        let mut counts = self.guests.0.lock().unwrap_or_else(PoisonError::into_inner);
        let left = counts
            .get(&self.address)
            .map_or(0, |count| count.saturating_sub(1));
        match left {
            0 => counts.remove(&self.address),
            left => counts.insert(self.address, left),
        };
    }
}

/// Ends when the server stops.
async fn asked_to_stop(stopping: &mut watch::Receiver<bool>) {
    // An error means that the server's task is gone, which is a stop too.
    drop(stopping.wait_for(|stop| *stop).await);
}

struct Connection {
    router: Router,
    peer: Peer,
    stopping: watch::Receiver<bool>,
    _slot: OwnedSemaphorePermit,
    _guest: Guest,
}

impl Connection {
    async fn run_tls(self, acceptor: TlsAcceptor, socket: tokio::net::TcpStream) {
        match tokio::time::timeout(HEAD_TIMEOUT, acceptor.accept(socket)).await {
            Ok(Ok(stream)) => self.run(stream).await,
            Ok(Err(error)) => tracing::debug!(%error, "a TLS handshake failed"),
            Err(_) => tracing::debug!("a TLS handshake took too long"),
        }
    }

    async fn run<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(mut self, stream: S) {
        let (router, peer) = (self.router, self.peer);
        let service = service_fn(move |mut request: hyper::Request<Incoming>| {
            request.extensions_mut().insert(peer);
            let mut router = router.clone();
            async move {
                let response = tower_service::Service::call(&mut router, request).await;
                Ok::<_, Infallible>(response.unwrap_or_else(|never| match never {}))
            }
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD_TIMEOUT)
            .max_buf_size(HEAD_BYTES_MAX)
            .max_headers(HEADERS_MAX)
            .serve_connection(TokioIo::new(stream), service);
        tokio::pin!(connection);
        let stopping = &mut self.stopping;
        let ended = tokio::select! {
            ended = &mut connection => ended,
            () = asked_to_stop(stopping) => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(error) = ended {
            tracing::debug!(%error, "an HTTP connection ended with an error");
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use axum::Extension;
    use axum::routing::get;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpStream;
    use tokio::sync::oneshot;

    use super::*;

    async fn ask(address: std::net::SocketAddr, head: &str) -> String {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut answer = String::new();
        // A server that refuses a head may close before it was read whole.
        drop(stream.read_to_string(&mut answer).await);
        answer
    }

    #[test]
    fn one_address_takes_no_more_than_its_share() {
        let guests = Arc::new(Guests::default());
        let enter = |address: &str| guests.enter(address.parse().unwrap());
        let held: Vec<_> = (0..PER_ADDRESS_MAX).map(|_| enter("192.0.2.1")).collect();
        assert!(held.iter().all(Option::is_some));
        assert!(enter("::ffff:192.0.2.1").is_none() && enter("192.0.2.2").is_some());
        drop(held);
        assert!(enter("192.0.2.1").is_some());
        assert!(guests.0.lock().unwrap().is_empty());
    }

    #[tokio::test]
    async fn requests_carry_their_peer_and_heads_are_bounded() {
        let peer = |Extension(peer): Extension<Peer>| async move { peer.0.to_string() };
        let router = Router::new().route("/", get(peer));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let server = tokio::spawn(serve(listener, router, None, async {
            drop(stopped.await);
        }));
        let head = "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n";
        let answer = ask(address, &format!("{head}\r\n")).await;
        assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("127.0.0.1"));
        let fields = "x: y\r\n".repeat(HEADERS_MAX);
        let answer = ask(address, &format!("{head}{fields}\r\n")).await;
        assert!(answer.starts_with("HTTP/1.1 431"), "{answer}");
        // An idle connection does not keep the server from stopping.
        let idle = TcpStream::connect(address).await.unwrap();
        stop.send(()).unwrap();
        let ended = tokio::time::timeout(DRAIN + HEAD_TIMEOUT, server).await;
        ended.unwrap().unwrap();
        drop(idle);
        assert!(TcpStream::connect(address).await.is_err());
    }
}
