//! The gateway's own certificate authority: made at first start, so that `sslmode=verify-full` works at once.
//! Knows no socket.
//!
//! The authority lives for ten years and its key never leaves `ca.key` (0600). The server's certificate lives for
//! ninety days and is made anew when a third of that is left, or when the names to be covered change.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose, SanType,
};
use x509_parser::extensions::GeneralName;
use x509_parser::pem::parse_x509_pem;

use super::files::{write_private, write_public};
use crate::error::Error;

const DAY: Duration = Duration::from_secs(24 * 3600);
const AUTHORITY_LIFE: Duration = Duration::from_secs(3650 * 24 * 3600);
const SERVER_LIFE: Duration = Duration::from_secs(90 * 24 * 3600);
const RENEW_BEFORE: Duration = Duration::from_secs(30 * 24 * 3600);

/// The authority and the server certificate it issues, in one directory.
pub(crate) struct Authority {
    directory: PathBuf,
    names: Vec<String>,
}

impl Authority {
    /// Opens the authority in `directory`; nothing is written yet.
    pub(crate) fn new(directory: &Path, extra: &[String]) -> Self {
        let mut names: Vec<String> = ["localhost", "127.0.0.1", "::1"].map(String::from).into();
        for name in extra {
            let name = name.trim().to_ascii_lowercase();
            if !name.is_empty() && !names.contains(&name) {
                names.push(name);
            }
        }
        Self {
            directory: directory.to_owned(),
            names,
        }
    }

    /// The authority's certificate, for clients' `sslrootcert`.
    pub(crate) fn ca_path(&self) -> PathBuf {
        self.directory.join("ca.crt")
    }

    /// The server's certificate.
    pub(crate) fn certificate_path(&self) -> PathBuf {
        self.directory.join("server.crt")
    }

    /// The server's key.
    pub(crate) fn key_path(&self) -> PathBuf {
        self.directory.join("server.key")
    }

    /// Makes what is missing, outdated or about to expire. Returns whether the server's certificate is new.
    pub(crate) fn ensure(&self, now: SystemTime) -> Result<bool, Error> {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&self.directory)
            .map_err(|source| Error::file(&self.directory, source))?;
        let ca_path = self.ca_path();
        let ca_key_path = self.directory.join("ca.key");
        let made = !ca_path.exists() && !ca_key_path.exists();
        if made {
            make_authority(&ca_path, &ca_key_path, now)?;
        }
        if made || self.server_is_due(now)? {
            self.issue(&ca_path, &ca_key_path, now)?;
            return Ok(true);
        }
        Ok(false)
    }

    fn server_is_due(&self, now: SystemTime) -> Result<bool, Error> {
        let path = self.certificate_path();
        if !path.exists() || !self.key_path().exists() {
            return Ok(true);
        }
        let text = fs::read(&path).map_err(|source| Error::file(&path, source))?;
        let Ok((_, pem)) = parse_x509_pem(&text) else {
            return Ok(true);
        };
        let Ok(certificate) = pem.parse_x509() else {
            return Ok(true);
        };
        let expires = certificate.validity().not_after.timestamp();
        let renew_at = unix_seconds(now + RENEW_BEFORE);
        let wanted: BTreeSet<String> = self.names.iter().cloned().collect();
        Ok(expires <= renew_at || covered(&certificate) != wanted)
    }

    fn issue(&self, ca_path: &Path, ca_key_path: &Path, now: SystemTime) -> Result<(), Error> {
        let ca_text = read_text(ca_path)?;
        let ca_key = KeyPair::from_pem(&read_text(ca_key_path)?)
            .map_err(|error| Error::certificate(ca_key_path, error))?;
        let issuer = Issuer::from_ca_cert_pem(&ca_text, ca_key)
            .map_err(|error| Error::certificate(ca_path, error))?;
        let path = self.certificate_path();
        let refused = |error: rcgen::Error| Error::certificate(&path, error);
        let key = KeyPair::generate().map_err(refused)?;
        let mut params = CertificateParams::new(self.names.clone()).map_err(refused)?;
        params.distinguished_name = named("Portcullis gateway");
        params.not_before = (now - DAY).into();
        params.not_after = (now + SERVER_LIFE).into();
        params.use_authority_key_identifier_extension = true;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let certificate = params.signed_by(&key, &issuer).map_err(refused)?;
        // Key first: a crash in between leaves a pair that does not match, which is refused and made anew.
        write_private(&self.key_path(), key.serialize_pem().as_bytes())?;
        write_public(&path, certificate.pem().as_bytes())
    }
}

fn make_authority(ca_path: &Path, ca_key_path: &Path, now: SystemTime) -> Result<(), Error> {
    let refused = |error: rcgen::Error| Error::certificate(ca_path, error);
    let key = KeyPair::generate().map_err(refused)?;
    let mut params = CertificateParams::default();
    params.distinguished_name = named("Portcullis gateway authority");
    params.not_before = (now - DAY).into();
    params.not_after = (now + AUTHORITY_LIFE).into();
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let certificate = params.self_signed(&key).map_err(refused)?;
    write_private(ca_key_path, key.serialize_pem().as_bytes())?;
    write_public(ca_path, certificate.pem().as_bytes())
}

fn named(common_name: &str) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, common_name);
    name
}

fn read_text(path: &Path) -> Result<String, Error> {
    fs::read_to_string(path).map_err(|source| Error::file(path, source))
}

fn unix_seconds(time: SystemTime) -> i64 {
    let since = time.duration_since(SystemTime::UNIX_EPOCH);
    i64::try_from(since.unwrap_or_default().as_secs()).unwrap_or(i64::MAX)
}

/// The names and addresses that a certificate covers, as `Authority::new` spells them.
fn covered(certificate: &x509_parser::certificate::X509Certificate<'_>) -> BTreeSet<String> {
    let Ok(Some(extension)) = certificate.subject_alternative_name() else {
        return BTreeSet::new();
    };
    let names = extension.value.general_names.iter();
    names
        .filter_map(|name| match name {
            GeneralName::DNSName(name) => Some((*name).to_owned()),
            GeneralName::IPAddress(bytes) => ip_text(bytes),
            _ => None,
        })
        .collect()
}

fn ip_text(bytes: &[u8]) -> Option<String> {
    if let Ok(v4) = <[u8; 4]>::try_from(bytes) {
        return Some(std::net::Ipv4Addr::from(v4).to_string());
    }
    let v6 = <[u8; 16]>::try_from(bytes).ok()?;
    Some(std::net::Ipv6Addr::from(v6).to_string())
}

/// Whether `name` can stand in a certificate; used before anything is written.
pub(crate) fn is_nameable(name: &str) -> bool {
    name.parse::<std::net::IpAddr>().is_ok()
        || matches!(CertificateParams::new(vec![name.to_owned()]),
            Ok(params) if matches!(params.subject_alt_names.first(), Some(SanType::DnsName(_))))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::os::unix::fs::PermissionsExt;

    use super::super::files;
    use super::*;

    fn names(list: &[&str]) -> Vec<String> {
        list.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn makes_an_authority_once_and_renews_in_time() {
        let folder = tempfile::tempdir().unwrap();
        let directory = folder.path().join("tls");
        let authority = Authority::new(&directory, &names(&["gate.example"]));
        let now = SystemTime::now();
        assert!(authority.ensure(now).unwrap());
        let ca = fs::read(authority.ca_path()).unwrap();
        let first = fs::read(authority.certificate_path()).unwrap();
        files::certified_key(&authority.certificate_path(), &authority.key_path()).unwrap();

        assert!(!authority.ensure(now + 59 * DAY).unwrap());
        assert_eq!(fs::read(authority.certificate_path()).unwrap(), first);
        assert!(authority.ensure(now + 61 * DAY).unwrap());
        assert_ne!(fs::read(authority.certificate_path()).unwrap(), first);
        assert_eq!(
            fs::read(authority.ca_path()).unwrap(),
            ca,
            "the authority stays"
        );
        files::certified_key(&authority.certificate_path(), &authority.key_path()).unwrap();
    }

    #[test]
    fn other_names_mean_another_certificate() {
        let folder = tempfile::tempdir().unwrap();
        let now = SystemTime::now();
        let check = |extra: &[&str], made: bool| {
            let authority = Authority::new(folder.path(), &names(extra));
            assert_eq!(authority.ensure(now).unwrap(), made, "{extra:?}");
        };
        check(&[], true);
        check(&["localhost"], false);
        check(&["gate.example", "10.0.0.1", "2001:db8::1"], true);
        check(&["GATE.example", "2001:db8::1", "10.0.0.1"], false);
        check(&[], true);
    }

    #[test]
    fn keys_are_for_their_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let authority = Authority::new(folder.path(), &[]);
        authority.ensure(SystemTime::now()).unwrap();
        for (file, mode) in [("ca.key", 0o600), ("server.key", 0o600), ("ca.crt", 0o644)] {
            let found = fs::metadata(folder.path().join(file)).unwrap();
            assert_eq!(found.permissions().mode() & 0o777, mode, "{file}");
        }
    }

    #[test]
    fn half_an_authority_is_an_error_not_a_new_one() {
        let folder = tempfile::tempdir().unwrap();
        let authority = Authority::new(folder.path(), &[]);
        authority.ensure(SystemTime::now()).unwrap();
        fs::remove_file(folder.path().join("ca.key")).unwrap();
        fs::remove_file(authority.certificate_path()).unwrap();
        assert!(authority.ensure(SystemTime::now()).is_err());
    }

    #[test]
    fn names_are_checked_before_use() {
        for (name, good) in [
            ("gate.example", true),
            ("10.1.2.3", true),
            ("::1", true),
            ("gäte", false),
        ] {
            assert_eq!(is_nameable(name), good, "{name}");
        }
    }
}
