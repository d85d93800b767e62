//! The trusted issuers and the one function that decides whether a token is good. Knows no login and no session.

use std::sync::Arc;

use model::Secret;

use crate::claims::{self, Verified};
use crate::config::IssuerConfig;
use crate::error::Error;
use crate::fetch::Http;
use crate::jwks::Keys;
use crate::token::Token;

/// The trusted issuers.
#[derive(Debug)]
pub struct Issuers(Vec<Issuer>);

#[derive(Debug)]
pub(crate) struct Issuer {
    pub(crate) config: Arc<IssuerConfig>,
    pub(crate) http: Http,
    keys: Keys,
}

impl Issuers {
    /// Takes the configuration; asks nobody yet.
    ///
    /// # Errors
    /// [`Error::Config`] when an issuer cannot work or is named twice; [`Error::Issuer`] when its CA file cannot be
    /// read.
    pub fn new(configs: Vec<IssuerConfig>) -> Result<Self, Error> {
        let mut issuers: Vec<Issuer> = Vec::with_capacity(configs.len());
        for config in configs {
            config.check()?;
            if issuers.iter().any(|known| known.config.url == config.url) {
                let reason = format!("issuer {} is named twice", config.url);
                return Err(Error::Config(reason));
            }
            let config = Arc::new(config);
            let http = Http::new(Arc::clone(&config))?;
            let keys = Keys::new(Arc::clone(&config), http.clone());
            issuers.push(Issuer { config, http, keys });
        }
        Ok(Self(issuers))
    }

    /// Checks a token: form, issuer, signature, times, audience; and reads its principal. The only way from a token
    /// to a principal.
    ///
    /// # Errors
    /// [`Error::Refused`] when it is not good, [`Error::Issuer`] when its issuer's keys cannot be had.
    ///
    /// # Cancel safety
    /// Nothing is lost but a fetch under way.
    pub async fn verify(&self, token: &Secret<String>) -> Result<Verified, Error> {
        self.verify_for(token, None).await
    }

    /// The same with other audiences than the configured ones; sign-in takes ID tokens meant for the client.
    pub(crate) async fn verify_for(
        &self,
        token: &Secret<String>,
        audience: Option<&str>,
    ) -> Result<Verified, Error> {
        let token = Token::parse(token.expose())?;
        let claimed = token.claimed_issuer().unwrap_or_default();
        let issuer = self
            .find(claimed)
            .ok_or_else(|| Error::refused("the token's issuer is not trusted"))?;
        if !issuer.config.algorithms.contains(&token.algorithm) {
            return Err(Error::refused("the token's algorithm is not taken"));
        }
        issuer.keys.check(&token).await?;
        let config = &issuer.config;
        let own = audience.map(|audience| [audience.to_owned()]);
        let audiences = own.as_ref().map_or(&config.audiences[..], |own| &own[..]);
        claims::read(&token.into_claims(), audiences, config)
    }

    /// One issuer by its URL.
    pub(crate) fn find(&self, url: &str) -> Option<&Issuer> {
        self.0.iter().find(|issuer| issuer.config.url == url)
    }

    /// The configured issuers, in order.
    pub fn configs(&self) -> impl Iterator<Item = &IssuerConfig> {
        self.0.iter().map(|issuer| issuer.config.as_ref())
    }
}
