//! Listening sockets: bind, accept, hand on. Accepting never waits for a peer. Knows no protocol.

use std::net::SocketAddr;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use std::{fs, io};

use tokio::net::{TcpListener, UnixListener};
use tokio::sync::watch;

use crate::dial;
use crate::doorway::Doorway;
use crate::error::Error;
use crate::metrics::Metrics;
use crate::parts::{ListenAddress, Listener};
use crate::workers::{Handed, Socket, Workers};

/// Connections the kernel keeps until they are accepted.
const BACKLOG: i32 = 1024;

/// Pause after a failed accept: out of file descriptors is not cured by trying again at once.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// A socket that listens.
pub(crate) struct Bound {
    socket: BoundSocket,
    listener: Arc<Listener>,
    /// Where it really listens: the port that was free.
    pub(crate) address: ListenAddress,
}

enum BoundSocket {
    Tcp(std::net::TcpListener),
    Unix(std::os::unix::net::UnixListener, PathBuf),
}

/// Opens one listening socket.
pub(crate) fn bind(listener: &Listener) -> Result<Bound, Error> {
    let refused = |source| Error::Listen {
        address: listener.address.to_string(),
        source,
    };
    let (socket, address) = match &listener.address {
        ListenAddress::Tcp(address) => {
            let socket = bind_tcp(*address).map_err(refused)?;
            let local = socket.local_addr().map_err(refused)?;
            (BoundSocket::Tcp(socket), ListenAddress::Tcp(local))
        }
        ListenAddress::Unix(path) => {
            let socket = bind_unix(path).map_err(refused)?;
            let socket = BoundSocket::Unix(socket, path.clone());
            (socket, ListenAddress::Unix(path.clone()))
        }
    };
    Ok(Bound {
        socket,
        listener: Arc::new(listener.clone()),
        address,
    })
}

fn bind_tcp(address: SocketAddr) -> io::Result<std::net::TcpListener> {
    let domain = socket2::Domain::for_address(address);
    let socket = socket2::Socket::new(domain, socket2::Type::STREAM, None)?;
    if address.is_ipv6() {
        socket.set_only_v6(false)?;
    }
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    socket.set_nonblocking(true)?;
    Ok(socket.into())
}

fn bind_unix(path: &Path) -> io::Result<std::os::unix::net::UnixListener> {
    match fs::symlink_metadata(path) {
        Ok(found) if found.file_type().is_socket() => {
            // Left by a gateway that was killed, unless somebody still answers there.
            if std::os::unix::net::UnixStream::connect(path).is_ok() {
                return Err(io::ErrorKind::AddrInUse.into());
            }
            fs::remove_file(path)?;
        }
        Ok(_) => return Err(io::ErrorKind::AlreadyExists.into()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    let socket = std::os::unix::net::UnixListener::bind(path)?;
    // Who may connect is decided by the credential, as on TCP.
    fs::set_permissions(path, fs::Permissions::from_mode(0o777))?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}

/// What accepting needs.
#[derive(Clone)]
pub(crate) struct Acceptor {
    pub(crate) workers: Workers,
    pub(crate) pending: Arc<Doorway>,
    pub(crate) metrics: Metrics,
    pub(crate) stop: watch::Receiver<bool>,
}

impl Acceptor {
    /// Accepts until told to stop.
    pub(crate) async fn run(mut self, bound: Bound) {
        let Bound {
            socket, listener, ..
        } = bound;
        let result = match socket {
            BoundSocket::Tcp(socket) => self.tcp(socket, listener).await,
            BoundSocket::Unix(socket, path) => {
                let result = self.unix(socket, listener).await;
                // A path that somebody else removed is gone as well.
                fs::remove_file(path).ok();
                result
            }
        };
        if let Err(error) = result {
            tracing::error!(%error, "a listener broke down");
        }
    }

    async fn tcp(&mut self, socket: std::net::TcpListener, on: Arc<Listener>) -> io::Result<()> {
        let socket = TcpListener::from_std(socket)?;
        while let Some(accepted) = self.next(socket.accept()).await {
            match accepted {
                Ok((stream, peer)) => {
                    // A peer that is gone already shows when it is read.
                    dial::tune(&stream).ok();
                    if let Ok(stream) = stream.into_std() {
                        self.hand(Socket::Tcp(stream), peer.to_string(), &on);
                    }
                }
                Err(error) => pause(&error).await,
            }
        }
        Ok(())
    }

    async fn unix(
        &mut self,
        socket: std::os::unix::net::UnixListener,
        on: Arc<Listener>,
    ) -> io::Result<()> {
        let socket = UnixListener::from_std(socket)?;
        while let Some(accepted) = self.next(socket.accept()).await {
            match accepted {
                Ok((stream, _)) => {
                    if let Ok(stream) = stream.into_std() {
                        self.hand(Socket::Unix(stream), "unix".to_owned(), &on);
                    }
                }
                Err(error) => pause(&error).await,
            }
        }
        Ok(())
    }

    /// The next connection; `None` once told to stop.
    async fn next<T>(&mut self, accept: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            // A sender that is gone means stop as well.
            _ = self.stop.wait_for(|stop| *stop) => None,
            accepted = accept => Some(accepted),
        }
    }

    fn hand(&self, socket: Socket, address: String, listener: &Arc<Listener>) {
        self.metrics.accepted();
        let ip = address.parse::<SocketAddr>().ok().map(|peer| peer.ip());
        let pending = match self.pending.enter(ip) {
            Ok(pending) => pending,
            Err(crowd) => {
                self.metrics.turned_away();
                let limit = crowd.as_str();
                tracing::warn!(
                    address,
                    limit,
                    "too many clients are not logged in yet; one is turned away"
                );
                return;
            }
        };
        self.workers.hand(Handed {
            socket,
            address,
            listener: Arc::clone(listener),
            pending,
        });
    }
}

async fn pause(error: &io::Error) {
    let ours = [
        io::ErrorKind::ConnectionAborted,
        io::ErrorKind::ConnectionReset,
        io::ErrorKind::Interrupted,
    ];
    if !ours.contains(&error.kind()) {
        tracing::error!(%error, "a connection cannot be accepted");
        tokio::time::sleep(ACCEPT_PAUSE).await;
    }
}
