//! Configuration to the plain values that parts are made of.

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use identity::{Algorithm, KindRule};
use model::{PrincipalKind, ResourceName, Secret};
use relay::{
    ClientTls, ListenAddress, Listener, ResourceTarget, ServerTls, TargetAddress, UpstreamTlsMode,
};

use crate::config::{
    ActorKind, Config, IssuerConfig, ListenConfig, ListenTls, ResourceConfig, UpstreamTls,
};

/// An issuer as `identity` takes it; reads the client's secret.
pub(crate) fn issuer(config: &IssuerConfig) -> Result<identity::IssuerConfig> {
    let key = || format!("issuer {}", config.url);
    let algorithm = |name: &String| {
        Algorithm::from_name(name).with_context(|| format!("{}: algorithm {name:?}", key()))
    };
    let secret = match &config.client_secret_file {
        Some(path) => {
            let text = std::fs::read_to_string(path)
                .with_context(|| format!("{}: {}", key(), path.display()))?;
            Some(Secret::new(text.trim_end().to_owned()))
        }
        None => None,
    };
    let audience = config.audiences.first().with_context(key)?;
    let kinds = config.kind.iter().map(|rule| KindRule {
        claim: rule.claim.clone(),
        value: rule.value.clone(),
        kind: match rule.kind {
            ActorKind::Human => PrincipalKind::Human,
            ActorKind::Agent => PrincipalKind::Agent,
            ActorKind::Workload => PrincipalKind::Workload,
        },
    });
    Ok(identity::IssuerConfig {
        audiences: config.audiences.clone(),
        client_id: config.client_id.clone(),
        client_secret: secret,
        scopes: config
            .scopes
            .split_whitespace()
            .map(str::to_owned)
            .collect(),
        algorithms: config
            .algorithms
            .iter()
            .map(algorithm)
            .collect::<Result<Vec<_>>>()?,
        groups_claim: config.groups_claim.clone(),
        name_claim: config.name_claim.clone(),
        trust_email: config.trust_email,
        kinds: kinds.collect(),
        agent_groups: config.agent_groups.clone(),
        clock_skew: config.clock_skew.0,
        jwks_cache: config.jwks_cache.0,
        refetch_min: config.refetch_min.0,
        ca_file: config.ca_file.clone(),
        allow_http_loopback: config.allow_http,
        end_with_token: config.end_with_token,
        ..identity::IssuerConfig::new(config.url.clone(), audience.clone())
    })
}

/// A target as `relay` takes it.
pub(crate) fn target(config: &ResourceConfig) -> Result<ResourceTarget> {
    let key = || format!("resource {}", config.name);
    let name = ResourceName::new(&config.name).with_context(key)?;
    let address = match config.address.strip_prefix("unix:") {
        Some(path) => TargetAddress::Unix(PathBuf::from(path)),
        None => {
            let (host, port) = config
                .address
                .rsplit_once(':')
                .with_context(|| format!("{}: address must be host:port or unix:/path", key()))?;
            let port = port
                .parse()
                .with_context(|| format!("{}: port {port:?}", key()))?;
            let host = host
                .trim_start_matches('[')
                .trim_end_matches(']')
                .to_owned();
            TargetAddress::Tcp { host, port }
        }
    };
    let certificate = match (&config.certificate_file, &config.key_file) {
        (Some(certificate), Some(key)) => Some((certificate.clone(), key.clone())),
        _ => None,
    };
    Ok(ResourceTarget {
        name,
        tags: config.tags.clone(),
        address,
        databases: databases(config),
        tls: relay::UpstreamTls {
            mode: match config.tls {
                UpstreamTls::Disable => UpstreamTlsMode::Disable,
                UpstreamTls::Require => UpstreamTlsMode::Require,
                UpstreamTls::VerifyCa => UpstreamTlsMode::VerifyCa,
                UpstreamTls::VerifyFull => UpstreamTlsMode::VerifyFull,
            },
            ca_file: config.ca_file.clone(),
            certificate,
            server_name: config.server_name.clone(),
        },
    })
}

/// The databases a resource serves, the default one first.
pub(crate) fn databases(config: &ResourceConfig) -> Vec<String> {
    let more = config
        .databases
        .iter()
        .filter(|name| **name != config.database);
    std::iter::once(&config.database)
        .chain(more)
        .cloned()
        .collect()
}

/// A listener as `relay` takes it.
pub(crate) fn listener(config: &ListenConfig) -> Result<Listener> {
    let address = match config.address.strip_prefix("unix:") {
        Some(folder) => ListenAddress::Unix(PathBuf::from(folder).join(".s.PGSQL.5432")),
        None => {
            let address = config.address.replace("localhost:", "127.0.0.1:");
            let parsed = address
                .parse()
                .with_context(|| format!("listen.address {:?}", config.address))?;
            ListenAddress::Tcp(parsed)
        }
    };
    let tls = match config.tls {
        ListenTls::Required => ClientTls::Required,
        ListenTls::Offered => ClientTls::Offered,
        ListenTls::Off => ClientTls::Off,
    };
    Ok(Listener {
        address,
        tls,
        oauth_always: config.oauth_always,
    })
}

/// Where the certificate shown to clients comes from.
pub(crate) fn server_tls(config: &Config) -> ServerTls {
    match (&config.tls.certificate_file, &config.tls.key_file) {
        (Some(certificate), Some(key)) => ServerTls::Files {
            certificate: certificate.clone(),
            key: key.clone(),
        },
        _ => {
            let mut names = config.tls.names.clone();
            names.push(config.gateway.name.clone());
            ServerTls::Own {
                directory: config.gateway.data_dir.join("tls"),
                names,
            }
        }
    }
}

/// The files behind [`server_tls`]: certificate and key.
pub(crate) fn certificate_files(config: &Config) -> (PathBuf, PathBuf) {
    match server_tls(config) {
        ServerTls::Files { certificate, key } => (certificate, key),
        ServerTls::Own { directory, .. } => {
            (directory.join("server.crt"), directory.join("server.key"))
        }
    }
}
