//! The `tls-server-end-point` channel binding of a certificate (RFC 5929 section 4.1). Knows no TLS session.

use aws_lc_rs::digest::{self, Algorithm};
use x509_parser::certificate::X509Certificate;
use x509_parser::oid_registry as oid;
use x509_parser::prelude::FromDer;
use x509_parser::signature_algorithm::SignatureAlgorithm;

/// The hash that binds SCRAM to this server certificate; `None` where the certificate's signature names no single
/// hash function (Ed25519), for which RFC 5929 defines none.
pub(crate) fn end_point(certificate: &[u8]) -> Option<Vec<u8>> {
    let (_, parsed) = X509Certificate::from_der(certificate).ok()?;
    let algorithm = hash_of(&parsed)?;
    Some(digest::digest(algorithm, certificate).as_ref().to_vec())
}

fn hash_of(certificate: &X509Certificate<'_>) -> Option<&'static Algorithm> {
    let signature = &certificate.signature_algorithm;
    if let Ok(SignatureAlgorithm::RSASSA_PSS(parameters)) = SignatureAlgorithm::try_from(signature)
    {
        return hash_called(parameters.hash_algorithm_oid());
    }
    let name = &signature.algorithm;
    // MD5 and SHA-1 are replaced by SHA-256, as RFC 5929 demands.
    let sha256 = [
        &oid::OID_PKCS1_MD5WITHRSAENC,
        &oid::OID_PKCS1_SHA1WITHRSA,
        &oid::OID_PKCS1_SHA256WITHRSA,
        &oid::OID_SIG_ECDSA_WITH_SHA256,
    ];
    let sha384 = [
        &oid::OID_PKCS1_SHA384WITHRSA,
        &oid::OID_SIG_ECDSA_WITH_SHA384,
    ];
    let sha512 = [
        &oid::OID_PKCS1_SHA512WITHRSA,
        &oid::OID_SIG_ECDSA_WITH_SHA512,
    ];
    if sha256.contains(&name) || name.to_id_string() == ECDSA_WITH_SHA1 {
        Some(&digest::SHA256)
    } else if sha384.contains(&name) {
        Some(&digest::SHA384)
    } else if sha512.contains(&name) {
        Some(&digest::SHA512)
    } else {
        None
    }
}

const ECDSA_WITH_SHA1: &str = "1.2.840.10045.4.1";

fn hash_called(name: &x509_parser::der_parser::Oid<'_>) -> Option<&'static Algorithm> {
    if name == &oid::OID_NIST_HASH_SHA384 {
        Some(&digest::SHA384)
    } else if name == &oid::OID_NIST_HASH_SHA512 {
        Some(&digest::SHA512)
    } else if name == &oid::OID_NIST_HASH_SHA256 || name == &oid::OID_HASH_SHA1 {
        Some(&digest::SHA256)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use rcgen::{CertificateParams, KeyPair, SignatureAlgorithm as Signature};

    use super::*;

    fn check(signature: &'static Signature, expect: Option<&'static Algorithm>) {
        let key = KeyPair::generate_for(signature).unwrap();
        let params = CertificateParams::new(vec!["target".to_owned()]).unwrap();
        let certificate = params.self_signed(&key).unwrap();
        let der: &[u8] = certificate.der();
        let expect = expect.map(|algorithm| digest::digest(algorithm, der).as_ref().to_vec());
        assert_eq!(end_point(der), expect);
    }

    #[test]
    fn follows_the_signature() {
        check(&rcgen::PKCS_ECDSA_P256_SHA256, Some(&digest::SHA256));
        check(&rcgen::PKCS_ECDSA_P384_SHA384, Some(&digest::SHA384));
        check(&rcgen::PKCS_RSA_SHA256, Some(&digest::SHA256));
        check(&rcgen::PKCS_RSA_SHA512, Some(&digest::SHA512));
        check(&rcgen::PKCS_ED25519, None);
    }

    #[test]
    fn garbage_has_none() {
        assert_eq!(end_point(b"no certificate"), None);
    }
}
