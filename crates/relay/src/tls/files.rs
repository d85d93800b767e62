//! Certificates, keys and roots in PEM files. Knows no TLS session.

use std::fs;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;

use rustls::RootCertStore;
use rustls::sign::CertifiedKey;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use crate::error::Error;

/// Where Debian and its relatives keep the system's roots.
pub(crate) const SYSTEM_ROOTS: &str = "/etc/ssl/certs/ca-certificates.crt";

/// Reads all certificates of a file; at least one.
pub(crate) fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, Error> {
    let text = fs::read(path).map_err(|source| Error::file(path, source))?;
    let found: Vec<_> = CertificateDer::pem_slice_iter(&text)
        .collect::<Result<_, _>>()
        .map_err(|error| Error::certificate(path, error))?;
    if found.is_empty() {
        return Err(Error::certificate(path, "holds no certificate"));
    }
    Ok(found)
}

/// Reads the private key of a file.
pub(crate) fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>, Error> {
    let text = fs::read(path).map_err(|source| Error::file(path, source))?;
    PrivateKeyDer::from_pem_slice(&text).map_err(|error| Error::certificate(path, error))
}

/// Reads a certificate chain and its key, and checks that they belong together.
pub(crate) fn certified_key(certificate: &Path, key: &Path) -> Result<Arc<CertifiedKey>, Error> {
    let chain = certificates(certificate)?;
    let secret = private_key(key)?;
    let signing = rustls::crypto::aws_lc_rs::sign::any_supported_type(&secret)
        .map_err(|error| Error::certificate(key, error))?;
    let certified = CertifiedKey::new(chain, signing);
    certified
        .keys_match()
        .map_err(|error| Error::certificate(certificate, error))?;
    Ok(Arc::new(certified))
}

/// Reads trusted roots: those that can be roots, and all certificates of the file as they stand.
pub(crate) fn roots(path: &Path) -> Result<(RootCertStore, Vec<CertificateDer<'static>>), Error> {
    let all = certificates(path)?;
    let mut store = RootCertStore::empty();
    // A system bundle may hold certificates that are no usable roots; one good one is enough.
    let (good, _) = store.add_parsable_certificates(all.iter().cloned());
    if good == 0 {
        return Err(Error::certificate(path, "holds no usable root certificate"));
    }
    Ok((store, all))
}

/// Writes a file that only its owner may read, whole or not at all.
pub(crate) fn write_private(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    write(path, bytes, 0o600)
}

/// Writes a file that everybody may read, whole or not at all.
pub(crate) fn write_public(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    write(path, bytes, 0o644)
}

fn write(path: &Path, bytes: &[u8], mode: u32) -> Result<(), Error> {
    let mut partial = path.as_os_str().to_owned();
    partial.push(".new");
    let partial = Path::new(&partial);
    let written = (|| {
        // Left over from a crash, perhaps with another mode.
        match fs::remove_file(partial) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
        let mut options = fs::OpenOptions::new();
        let mut file = options
            .write(true)
            .create_new(true)
            .mode(mode)
            .open(partial)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(partial, path)
    })();
    written.map_err(|source| Error::file(path, source))
}
