//! How strictly a target's certificate is checked. Knows no socket.

use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::verify_server_name;
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, DigitallySignedStruct, Error as TlsError, SignatureScheme};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};

/// What must hold of the certificate.
#[derive(Debug)]
pub(crate) enum Check {
    /// Nothing: the mode `require` promises encryption alone.
    Nothing,
    /// A chain to a trusted root.
    Chain(Trust),
    /// Likewise, and the name.
    ChainAndName(Trust),
}

/// Whom to trust.
#[derive(Debug)]
pub(crate) struct Trust {
    /// By chain.
    pub(crate) chain: Arc<WebPkiServerVerifier>,
    /// By sameness: self-signed server certificates that stand in the file of roots.
    pub(crate) same: Vec<CertificateDer<'static>>,
}

/// The verifier of one target.
#[derive(Debug)]
pub(crate) struct Verifier {
    /// What to check.
    pub(crate) check: Check,
    /// Checks signatures.
    pub(crate) provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, TlsError> {
        let by_chain = |trust: &Trust| {
            let chain = &trust.chain;
            chain.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
        };
        match &self.check {
            Check::Nothing => Ok(ServerCertVerified::assertion()),
            Check::Chain(trust) if trust.is_same(end_entity) => Ok(ServerCertVerified::assertion()),
            // The chain is checked before the name: a name that does not fit means that the chain did.
            Check::Chain(trust) => by_chain(trust).or_else(|error| match error {
                TlsError::InvalidCertificate(
                    CertificateError::NotValidForName
                    | CertificateError::NotValidForNameContext { .. },
                ) => Ok(ServerCertVerified::assertion()),
                other => Err(other),
            }),
            Check::ChainAndName(trust) if trust.is_same(end_entity) => {
                verify_server_name(&ParsedCertificate::try_from(end_entity)?, server_name)?;
                Ok(ServerCertVerified::assertion())
            }
            Check::ChainAndName(trust) => by_chain(trust),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, cert, dss, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, cert, dss, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}

impl Trust {
    fn is_same(&self, end_entity: &CertificateDer<'_>) -> bool {
        self.same
            .iter()
            .any(|known| known.as_ref() == end_entity.as_ref())
    }
}
