//! Syslog: RFC 5424 messages over TLS (RFC 5425), or over TCP and UDP for servers that have nothing better.
//!
//! Must never let content end a message early: each stands behind its length. A syslog server acknowledges nothing, so
//! what was sent a moment before a connection breaks is sent again.

use std::io::{self, Read as _, Write};
use std::net::{TcpStream, ToSocketAddrs as _, UdpSocket};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use ledger::find::rfc3339;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use super::{Failure, Output, Told};
use crate::config::{SinkConfig, Transport};

/// Log audit (RFC 5424, section 6.2.1).
const FACILITY: u8 = 13;
const WARNING: u8 = 4;
const INFORMATIONAL: u8 = 6;
/// Time to connect, and for a message to be taken.
const TIMEOUT: Duration = Duration::from_secs(10);
/// For how long what was sent may turn out to be lost with its connection.
const SETTLES_IN: Duration = Duration::from_secs(5);
/// Bytes of a datagram.
const DATAGRAM_BYTES_MAX: usize = 60_000;
/// Bytes of the message's id (RFC 5424, section 6).
const MSGID_BYTES_MAX: usize = 32;
/// The certificates of the system's authorities.
const SYSTEM_ROOTS: &str = "/etc/ssl/certs/ca-certificates.crt";

enum Line {
    Tls(Box<StreamOwned<ClientConnection, TcpStream>>),
    Tcp(TcpStream),
    Udp(UdpSocket),
}

/// A syslog server.
pub(crate) struct Syslog {
    address: String,
    transport: Transport,
    tls: Option<(Arc<ClientConfig>, ServerName<'static>)>,
    facility: u8,
    line: Option<Line>,
}

impl Syslog {
    pub(crate) fn new(config: &SinkConfig) -> Result<Self> {
        let address = config.address.clone().context("address is needed")?;
        if config.transport != Transport::Tls {
            tracing::warn!(
                sink = config.name,
                "syslog without TLS: whoever is on the way reads and changes it"
            );
        }
        let tls = match config.transport {
            Transport::Tls => Some(client(config, &address)?),
            Transport::Tcp | Transport::Udp => None,
        };
        Ok(Self {
            address,
            transport: config.transport,
            tls,
            facility: config.facility.unwrap_or(FACILITY),
            line: None,
        })
    }

    fn connect(&self) -> io::Result<Line> {
        let mut last = io::Error::from(io::ErrorKind::NotFound);
        for address in self.address.to_socket_addrs()? {
            let connected = match self.transport {
                Transport::Udp => udp(address),
                Transport::Tcp => tcp(address).map(Line::Tcp),
                Transport::Tls => self.tls(address),
            };
            match connected {
                Ok(line) => return Ok(line),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    fn tls(&self, address: std::net::SocketAddr) -> io::Result<Line> {
        let (config, name) = self.tls.as_ref().ok_or(io::ErrorKind::InvalidInput)?;
        let mut connection =
            ClientConnection::new(Arc::clone(config), name.clone()).map_err(io::Error::other)?;
        let mut socket = tcp(address)?;
        // Whether the server is who it should be is known before anything is sent.
        while connection.is_handshaking() {
            connection.complete_io(&mut socket)?;
        }
        Ok(Line::Tls(Box::new(StreamOwned::new(connection, socket))))
    }

    fn send(&mut self, events: &[Told]) -> io::Result<()> {
        let facility = self.facility;
        let line = match &mut self.line {
            Some(line) => line,
            None => {
                let line = self.connect()?;
                self.line.insert(line)
            }
        };
        let mut bytes = Vec::new();
        for event in events {
            let message = message(event, facility);
            if let Line::Udp(socket) = line {
                let end = message.floor_char_boundary(DATAGRAM_BYTES_MAX);
                socket.send(message.get(..end).unwrap_or_default().as_bytes())?;
            } else {
                bytes.extend_from_slice(format!("{} ", message.len()).as_bytes());
                bytes.extend_from_slice(message.as_bytes());
            }
        }
        match line {
            Line::Tls(stream) => stream.write_all(&bytes).and_then(|()| stream.flush()),
            Line::Tcp(stream) => stream.write_all(&bytes),
            Line::Udp(_) => Ok(()),
        }
    }

    /// Whether the server has ended the connection.
    fn is_open(&mut self) -> io::Result<()> {
        let mut byte = [0; 512];
        let read = match &mut self.line {
            Some(Line::Tls(stream)) => {
                stream.sock.set_nonblocking(true)?;
                let read = stream.read(&mut byte);
                stream.sock.set_nonblocking(false)?;
                read
            }
            Some(Line::Tcp(stream)) => {
                stream.set_nonblocking(true)?;
                let read = stream.read(&mut byte);
                stream.set_nonblocking(false)?;
                read
            }
            Some(Line::Udp(_)) | None => return Ok(()),
        };
        match read {
            Ok(0) => Err(io::ErrorKind::ConnectionReset.into()),
            Err(error) if error.kind() != io::ErrorKind::WouldBlock => Err(error),
            Ok(_) | Err(_) => Ok(()),
        }
    }

    fn failed(&mut self, error: &io::Error) -> Failure {
        self.line = None;
        Failure::new(format!("{}: {error}", self.address))
    }
}

impl Output for Syslog {
    fn deliver(&mut self, events: &[Told]) -> Result<(), Failure> {
        self.send(events).map_err(|error| self.failed(&error))
    }

    fn check(&mut self) -> Result<(), Failure> {
        self.is_open().map_err(|error| self.failed(&error))
    }

    fn settles_in(&self) -> Duration {
        match self.transport {
            Transport::Tls | Transport::Tcp => SETTLES_IN,
            Transport::Udp => Duration::ZERO,
        }
    }
}

/// One message (RFC 5424, section 6).
fn message(event: &Told, facility: u8) -> String {
    let severity = if event.is_warning {
        WARNING
    } else {
        INFORMATIONAL
    };
    let priority = facility * 8 + severity;
    let time = rfc3339(event.time);
    let kind: String = event.kind.chars().take(MSGID_BYTES_MAX).collect();
    let software = concat!(
        "[origin software=\"portcullis\" swVersion=\"",
        env!("CARGO_PKG_VERSION"),
        "\"]"
    );
    // JSON escapes line breaks and control characters: a message is one line.
    format!(
        "<{priority}>1 {time} - portcullis - {kind} {software} {}",
        event.json
    )
}

fn tcp(address: std::net::SocketAddr) -> io::Result<TcpStream> {
    let socket = TcpStream::connect_timeout(&address, TIMEOUT)?;
    socket.set_write_timeout(Some(TIMEOUT))?;
    socket.set_read_timeout(Some(TIMEOUT))?;
    socket.set_nodelay(true)?;
    Ok(socket)
}

fn udp(address: std::net::SocketAddr) -> io::Result<Line> {
    let own = if address.is_ipv4() {
        "0.0.0.0:0"
    } else {
        "[::]:0"
    };
    let socket = UdpSocket::bind(own)?;
    socket.connect(address)?;
    Ok(Line::Udp(socket))
}

fn client(config: &SinkConfig, address: &str) -> Result<(Arc<ClientConfig>, ServerName<'static>)> {
    let path = config
        .ca_file
        .clone()
        .unwrap_or_else(|| SYSTEM_ROOTS.into());
    let mut roots = RootCertStore::empty();
    let read = CertificateDer::pem_file_iter(&path);
    for certificate in read.with_context(|| path.display().to_string())? {
        let certificate = certificate.with_context(|| path.display().to_string())?;
        // A system's bundle may have one that this library does not read; a named file must not.
        if let Err(error) = roots.add(certificate)
            && config.ca_file.is_some()
        {
            bail!("{}: {error}", path.display());
        }
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let client = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let host = address.rsplit_once(':').map_or(address, |(host, _)| host);
    let host = host.trim_matches(['[', ']']).to_owned();
    let name = config.server_name.clone().unwrap_or(host);
    let name = ServerName::try_from(name).context("server_name")?;
    Ok((Arc::new(client), name))
}
