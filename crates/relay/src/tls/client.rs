//! TLS towards a target: the configuration that one target's settings mean. Knows no socket.

use std::path::Path;
use std::sync::Arc;

use rustls::ClientConfig;
use rustls::client::WebPkiServerVerifier;
use rustls_pki_types::{CertificateDer, ServerName};

use super::verify::{Check, Trust, Verifier};
use super::{ALPN, files, provider};
use crate::error::Error;
use crate::parts::{ResourceTarget, TargetAddress, UpstreamTlsMode};

/// What a handshake with one target needs.
#[derive(Clone)]
pub(crate) struct ClientSide {
    /// The configuration.
    pub(crate) config: Arc<ClientConfig>,
    /// The name to ask for and, in `verify-full`, to verify.
    pub(crate) name: ServerName<'static>,
}

/// Builds a target's TLS side; `None` where it is switched off.
pub(crate) fn client_side(target: &ResourceTarget) -> Result<Option<ClientSide>, Error> {
    let tls = &target.tls;
    let roots = || {
        let path = tls.ca_file.as_deref();
        trust(path.unwrap_or_else(|| Path::new(files::SYSTEM_ROOTS)))
    };
    let check = match tls.mode {
        UpstreamTlsMode::Disable => return Ok(None),
        UpstreamTlsMode::Require => Check::Nothing,
        UpstreamTlsMode::VerifyCa => Check::Chain(roots()?),
        UpstreamTlsMode::VerifyFull => Check::ChainAndName(roots()?),
    };
    let TargetAddress::Tcp { host, .. } = &target.address else {
        let text = format!("{}: TLS over a unix socket is not spoken", target.name);
        return Err(Error::Parts(text));
    };
    let provider = provider();
    let verifier = Verifier {
        check,
        provider: Arc::clone(&provider),
    };
    let builder = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
        .map_err(|error| Error::Parts(error.to_string()))?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier));
    let mut config = match &tls.certificate {
        None => builder.with_no_client_auth(),
        Some((certificate, key)) => builder
            .with_client_auth_cert(files::certificates(certificate)?, files::private_key(key)?)
            .map_err(|error| Error::certificate(certificate, error))?,
    };
    config.alpn_protocols = vec![ALPN.to_vec()];
    let name = tls.server_name.as_ref().unwrap_or(host);
    let name = ServerName::try_from(name.clone())
        .map_err(|_| Error::Parts(format!("{}: {name:?} is no host name", target.name)))?;
    Ok(Some(ClientSide {
        config: Arc::new(config),
        name,
    }))
}

fn trust(path: &Path) -> Result<Trust, Error> {
    let (store, all) = files::roots(path)?;
    let chain = WebPkiServerVerifier::builder_with_provider(Arc::new(store), provider())
        .build()
        .map_err(|error| Error::certificate(path, error))?;
    let same: Vec<CertificateDer<'static>> = all;
    Ok(Trust { chain, same })
}
