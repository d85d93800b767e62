//! TLS towards clients, with a certificate that can be exchanged while it runs. Knows no protocol but ALPN.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use arc_swap::ArcSwap;
use rustls::ServerConfig;
use rustls::server::{ClientHello, NoServerSessionStorage, ResolvesServerCert};
use rustls::sign::CertifiedKey;

use super::authority::{Authority, is_nameable};
use super::{ALPN, files, provider};
use crate::error::Error;
use crate::parts::ServerTls;

/// The certificate in force and where it comes from.
pub(crate) struct ServerSide {
    config: Arc<ServerConfig>,
    current: Arc<Current>,
    source: Source,
    seen: std::sync::Mutex<Option<Stamp>>,
}

enum Source {
    Files { certificate: PathBuf, key: PathBuf },
    Own(Authority),
}

/// When both files were last changed.
type Stamp = (SystemTime, SystemTime);

#[derive(Debug)]
struct Current(ArcSwap<CertifiedKey>);

impl ResolvesServerCert for Current {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.load_full())
    }
}

impl ServerSide {
    /// Reads (or makes) the certificate.
    pub(crate) fn new(tls: &ServerTls, now: SystemTime) -> Result<Self, Error> {
        let source = Source::of(tls)?;
        if let Source::Own(authority) = &source {
            authority.ensure(now)?;
        }
        let (certificate, key) = source.paths();
        let stamp = stamp(&certificate, &key);
        let first = match (files::certified_key(&certificate, &key), &source) {
            (Err(_), Source::Own(authority)) => {
                // A pair that does not match was left by a crash between two writes.
                remove(&certificate)?;
                authority.ensure(now)?;
                files::certified_key(&certificate, &key)?
            }
            (result, _) => result?,
        };
        let current = Arc::new(Current(ArcSwap::new(first)));
        let resolver: Arc<dyn ResolvesServerCert> = Arc::clone(&current) as _;
        let mut config = ServerConfig::builder_with_provider(provider())
            .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
            .map_err(|error| Error::Parts(error.to_string()))?
            .with_no_client_auth()
            .with_cert_resolver(resolver);
        config.alpn_protocols = vec![ALPN.to_vec()];
        // PostgreSQL clients do not resume TLS sessions: keep none, send no tickets.
        config.send_tls13_tickets = 0;
        config.session_storage = Arc::new(NoServerSessionStorage {});
        Ok(Self {
            config: Arc::new(config),
            current,
            source,
            seen: std::sync::Mutex::new(stamp),
        })
    }

    /// What a handshake needs.
    pub(crate) fn config(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.config)
    }

    /// The own authority's certificate, where there is one.
    pub(crate) fn ca_path(&self) -> Option<PathBuf> {
        match &self.source {
            Source::Own(authority) => Some(authority.ca_path()),
            Source::Files { .. } => None,
        }
    }

    /// Renews what is due and takes changed files; the old certificate stays when the new one is not usable.
    /// Returns whether another certificate is in force now.
    pub(crate) fn refresh(&self, now: SystemTime) -> Result<bool, Error> {
        if let Source::Own(authority) = &self.source {
            authority.ensure(now)?;
        }
        let (certificate, key) = self.source.paths();
        let found = stamp(&certificate, &key);
        let mut seen = self
            .seen
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        if found.is_none() || *seen == found {
            return Ok(false);
        }
        // A pair that does not match yet is being replaced: leave the stamp, so that the next look tries again.
        let fresh = files::certified_key(&certificate, &key)?;
        *seen = found;
        self.current.0.store(fresh);
        Ok(true)
    }
}

impl Source {
    fn of(tls: &ServerTls) -> Result<Self, Error> {
        match tls {
            ServerTls::Files { certificate, key } => Ok(Self::Files {
                certificate: certificate.clone(),
                key: key.clone(),
            }),
            ServerTls::Own { directory, names } => {
                if let Some(name) = names.iter().find(|name| !is_nameable(name)) {
                    let text = format!("{name:?} cannot stand in a certificate");
                    return Err(Error::Parts(text));
                }
                Ok(Self::Own(Authority::new(directory, names)))
            }
        }
    }

    fn paths(&self) -> (PathBuf, PathBuf) {
        match self {
            Self::Files { certificate, key } => (certificate.clone(), key.clone()),
            Self::Own(authority) => (authority.certificate_path(), authority.key_path()),
        }
    }
}

fn stamp(certificate: &Path, key: &Path) -> Option<Stamp> {
    let changed = |path: &Path| {
        std::fs::metadata(path)
            .and_then(|meta| meta.modified())
            .ok()
    };
    Some((changed(certificate)?, changed(key)?))
}

fn remove(path: &Path) -> Result<(), Error> {
    std::fs::remove_file(path).map_err(|source| Error::file(path, source))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::time::Duration;

    use super::*;

    fn leaf(side: &ServerSide) -> Vec<u8> {
        side.current.0.load().cert[0].to_vec()
    }

    #[test]
    fn renewal_takes_force_without_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let tls = ServerTls::Own {
            directory: folder.path().to_owned(),
            names: Vec::new(),
        };
        let now = SystemTime::now();
        let side = ServerSide::new(&tls, now).unwrap();
        let first = leaf(&side);
        assert!(!side.refresh(now).unwrap());
        assert!(
            side.refresh(now + Duration::from_secs(80 * 86_400))
                .unwrap()
        );
        assert_ne!(leaf(&side), first);
    }

    #[test]
    fn broken_files_leave_the_old_certificate_in_force() {
        let folder = tempfile::tempdir().unwrap();
        let authority = Authority::new(folder.path(), &[]);
        authority.ensure(SystemTime::now()).unwrap();
        let tls = ServerTls::Files {
            certificate: authority.certificate_path(),
            key: authority.key_path(),
        };
        let side = ServerSide::new(&tls, SystemTime::now()).unwrap();
        let first = leaf(&side);
        std::fs::write(authority.certificate_path(), "no certificate").unwrap();
        assert!(side.refresh(SystemTime::now()).is_err());
        assert_eq!(leaf(&side), first);
        assert!(side.ca_path().is_none());
    }

    #[test]
    fn a_torn_pair_of_the_own_authority_is_made_anew() {
        let folder = tempfile::tempdir().unwrap();
        let tls = ServerTls::Own {
            directory: folder.path().to_owned(),
            names: Vec::new(),
        };
        let first = leaf(&ServerSide::new(&tls, SystemTime::now()).unwrap());
        let other = tempfile::tempdir().unwrap();
        let foreign = Authority::new(other.path(), &[]);
        foreign.ensure(SystemTime::now()).unwrap();
        std::fs::copy(foreign.key_path(), folder.path().join("server.key")).unwrap();
        let second = leaf(&ServerSide::new(&tls, SystemTime::now()).unwrap());
        assert_ne!(first, second);
    }

    #[test]
    fn the_key_exchange_is_hybrid_where_the_client_knows_it() {
        use rustls::crypto::aws_lc_rs::kx_group;
        let folder = tempfile::tempdir().unwrap();
        let tls = ServerTls::Own {
            directory: folder.path().to_owned(),
            names: vec!["gate.example".into()],
        };
        let side = ServerSide::new(&tls, SystemTime::now()).unwrap();
        let (roots, _) = files::roots(&side.ca_path().unwrap()).unwrap();
        let check = |known: Option<&'static dyn rustls::crypto::SupportedKxGroup>, expect| {
            let mut provider = (*provider()).clone();
            provider.kx_groups = known.map_or(provider.kx_groups, |group| vec![group]);
            let config = rustls::ClientConfig::builder_with_provider(Arc::new(provider))
                .with_safe_default_protocol_versions()
                .unwrap()
                .with_root_certificates(roots.clone())
                .with_no_client_auth();
            let name = "gate.example".try_into().unwrap();
            let mut client = rustls::ClientConnection::new(Arc::new(config), name).unwrap();
            let mut server = rustls::ServerConnection::new(side.config()).unwrap();
            while client.is_handshaking() || server.is_handshaking() {
                let mut bytes = Vec::new();
                client.write_tls(&mut bytes).unwrap();
                server.read_tls(&mut bytes.as_slice()).unwrap();
                server.process_new_packets().unwrap();
                bytes.clear();
                server.write_tls(&mut bytes).unwrap();
                client.read_tls(&mut bytes.as_slice()).unwrap();
                client.process_new_packets().unwrap();
            }
            let group = client.negotiated_key_exchange_group().map(|g| g.name());
            assert_eq!(group, Some(expect));
        };
        check(None, rustls::NamedGroup::X25519MLKEM768);
        check(Some(kx_group::X25519), rustls::NamedGroup::X25519);
        check(Some(kx_group::SECP256R1), rustls::NamedGroup::secp256r1);
    }
}
