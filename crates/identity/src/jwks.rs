//! An issuer's public keys: fetched when needed, seldom, and dropped when they are too old. Knows no claims.
//!
//! However many tokens name unknown keys, the issuer is asked at most once per `refetch_min`. While it cannot be
//! asked, the keys it last published serve until they are `jwks_cache` old; then logins fail.

use std::sync::Arc;
use std::time::{Duration, Instant};

use arc_swap::ArcSwapOption;
use jsonwebtoken::DecodingKey;
use serde_json::{Map, Value};
use tokio::sync::Mutex;

use crate::config::{Algorithm, IssuerConfig};
use crate::error::Error;
use crate::fetch::Http;
use crate::token::Token;

/// Keys taken from one set.
const KEYS_MAX: usize = 64;
/// With no keys at all the issuer is asked this often, so that a gateway started before its issuer recovers soon.
const FIRST_FETCH_MIN: Duration = Duration::from_secs(2);

#[derive(Debug)]
struct Key {
    kid: Option<String>,
    algorithms: Vec<Algorithm>,
    key: DecodingKey,
}

#[derive(Debug)]
struct Set {
    keys: Vec<Key>,
    fetched: Instant,
}

#[derive(Debug, Default)]
struct Asked {
    last: Option<Instant>,
    jwks_uri: Option<String>,
}

/// The keys of one issuer.
#[derive(Debug)]
pub(crate) struct Keys {
    config: Arc<IssuerConfig>,
    http: Http,
    set: ArcSwapOption<Set>,
    asked: Mutex<Asked>,
}

impl Keys {
    /// No keys yet.
    pub(crate) fn new(config: Arc<IssuerConfig>, http: Http) -> Self {
        Self {
            config,
            http,
            set: ArcSwapOption::empty(),
            asked: Mutex::default(),
        }
    }

    /// Checks a token's signature.
    pub(crate) async fn check(&self, token: &Token<'_>) -> Result<(), Error> {
        if self
            .age()
            .is_none_or(|age| age > self.config.jwks_cache / 2)
        {
            self.refresh_stale().await?;
        }
        match self.find(token)? {
            Found::Signed => return Ok(()),
            Found::Forged => return Err(forged()),
            Found::UnknownKey => {}
        }
        self.refresh_for(token).await;
        match self.find(token)? {
            Found::Signed => Ok(()),
            Found::Forged => Err(forged()),
            Found::UnknownKey => Err(Error::refused("the token names a key its issuer has not")),
        }
    }

    fn age(&self) -> Option<Duration> {
        self.set.load().as_ref().map(|set| set.fetched.elapsed())
    }

    fn find(&self, token: &Token<'_>) -> Result<Found, Error> {
        let set = self.set.load();
        let Some(set) = set.as_ref() else {
            return Err(self.wrong("its keys are not known yet"));
        };
        if set.fetched.elapsed() > self.config.jwks_cache {
            return Err(self.wrong("its keys are too old and it cannot be asked"));
        }
        let fits = |key: &&Key| {
            key.algorithms.contains(&token.algorithm)
                && (token.kid.is_none() || key.kid.is_none() || token.kid == key.kid)
        };
        let mut known = false;
        for key in set.keys.iter().filter(fits) {
            if token.is_signed_by(&key.key) {
                return Ok(Found::Signed);
            }
            known = known || key.kid == token.kid;
        }
        Ok(if known {
            Found::Forged
        } else {
            Found::UnknownKey
        })
    }

    /// Keys that are getting old are renewed by one login while the others go on with them; keys that are too old
    /// or missing make every login wait.
    async fn refresh_stale(&self) -> Result<(), Error> {
        let usable = self.age().is_some_and(|age| age <= self.config.jwks_cache);
        let mut asked = if usable {
            match self.asked.try_lock() {
                Ok(asked) => asked,
                Err(_) => return Ok(()),
            }
        } else {
            self.asked.lock().await
        };
        if self
            .age()
            .is_some_and(|age| age <= self.config.jwks_cache / 2)
        {
            return Ok(());
        }
        match self.refresh(&mut asked).await {
            Err(error) if usable => {
                tracing::warn!(%error, "keys could not be renewed; the last ones are used");
                Ok(())
            }
            done => done,
        }
    }

    /// An unknown key may be a new one.
    async fn refresh_for(&self, token: &Token<'_>) {
        let mut asked = self.asked.lock().await;
        // Somebody else may have asked while we waited.
        if matches!(self.find(token), Ok(Found::UnknownKey))
            && let Err(error) = self.refresh(&mut asked).await
        {
            tracing::warn!(%error, "an unknown key could not be asked for");
        }
    }

    /// Asks the issuer, unless it was asked a moment ago.
    async fn refresh(&self, asked: &mut Asked) -> Result<(), Error> {
        let wait = match self.age() {
            Some(_) => self.config.refetch_min,
            None => self.config.refetch_min.min(FIRST_FETCH_MIN),
        };
        if asked.last.is_some_and(|last| last.elapsed() < wait) {
            return Err(self.wrong("was asked a moment ago"));
        }
        asked.last = Some(Instant::now());
        let uri = match asked.jwks_uri.take() {
            Some(uri) => uri,
            None => self.discover().await?,
        };
        let set = self.http.get(&uri).await?;
        let keys = read_set(&set, &self.config);
        if keys.is_empty() {
            return Err(self.wrong("publishes no key that can be used"));
        }
        // Kept only after a success: after a failure the next attempt starts from discovery.
        asked.jwks_uri = Some(uri);
        let fetched = Instant::now();
        self.set.store(Some(Arc::new(Set { keys, fetched })));
        Ok(())
    }

    async fn discover(&self) -> Result<String, Error> {
        let document = discovery(&self.http, &self.config).await?;
        let uri = document.get("jwks_uri").and_then(Value::as_str);
        uri.map(str::to_owned)
            .ok_or_else(|| self.wrong("its discovery document names no keys"))
    }

    fn wrong(&self, reason: &str) -> Error {
        Error::issuer(&self.config.url, reason)
    }
}

/// Fetches the discovery document and checks that it is this issuer's (OpenID Connect Discovery 1.0 §4.3).
pub(crate) async fn discovery(
    http: &Http,
    config: &IssuerConfig,
) -> Result<Map<String, Value>, Error> {
    let base = config.url.trim_end_matches('/');
    let document = http
        .get(&format!("{base}/.well-known/openid-configuration"))
        .await?;
    if document.get("issuer").and_then(Value::as_str) != Some(&config.url) {
        return Err(Error::issuer(
            &config.url,
            "its discovery document is another issuer's",
        ));
    }
    Ok(document)
}

enum Found {
    Signed,
    Forged,
    UnknownKey,
}

fn forged() -> Error {
    Error::refused("the token's signature is wrong")
}

fn read_set(set: &Map<String, Value>, config: &IssuerConfig) -> Vec<Key> {
    let keys = set.get("keys").and_then(Value::as_array);
    keys.into_iter()
        .flatten()
        .take(KEYS_MAX)
        .filter_map(|key| read_key(key, config))
        .collect()
}

/// A key with the algorithms that its own type allows and the configuration takes; `None` for symmetric keys, keys
/// for encryption, and whatever else is not ours to use.
fn read_key(key: &Value, config: &IssuerConfig) -> Option<Key> {
    let text = |name: &str| key.get(name).and_then(Value::as_str);
    if text("use").is_some_and(|purpose| purpose != "sig") || key.get("k").is_some() {
        return None;
    }
    use Algorithm as A;
    let (fitting, decoded): (&[Algorithm], _) = match (text("kty")?, text("crv")) {
        ("RSA", _) => (
            &[A::Rs256, A::Rs384, A::Rs512, A::Ps256, A::Ps384, A::Ps512],
            DecodingKey::from_rsa_components(text("n")?, text("e")?),
        ),
        ("EC", Some("P-256")) => (
            &[A::Es256],
            DecodingKey::from_ec_components(text("x")?, text("y")?),
        ),
        ("EC", Some("P-384")) => (
            &[A::Es384],
            DecodingKey::from_ec_components(text("x")?, text("y")?),
        ),
        ("OKP", Some("Ed25519")) => (&[A::EdDsa], DecodingKey::from_ed_components(text("x")?)),
        _ => return None,
    };
    let declared = text("alg");
    let taken = |algorithm: &&Algorithm| {
        config.algorithms.contains(algorithm)
            && declared.is_none_or(|declared| declared == algorithm.as_str())
    };
    let algorithms: Vec<_> = fitting.iter().filter(taken).copied().collect();
    (!algorithms.is_empty()).then_some(Key {
        kid: text("kid").map(str::to_owned),
        algorithms,
        key: decoded.ok()?,
    })
}
