//! What an operator says about an issuer. Knows no network; [`IssuerConfig::check`] finds what cannot work.

use std::path::PathBuf;
use std::time::Duration;

use model::{PrincipalKind, Secret};

use crate::error::Error;

/// A signature algorithm that an issuer may use. There is no `none` and nothing symmetric to choose.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Algorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    Rs256,
    /// The same with SHA-384.
    Rs384,
    /// The same with SHA-512.
    Rs512,
    /// RSASSA-PSS with SHA-256.
    Ps256,
    /// The same with SHA-384.
    Ps384,
    /// The same with SHA-512.
    Ps512,
    /// ECDSA on P-256 with SHA-256.
    Es256,
    /// ECDSA on P-384 with SHA-384.
    Es384,
    /// Ed25519.
    EdDsa,
}

impl Algorithm {
    /// All that can be chosen.
    pub const ALL: [Self; 9] = [
        Self::Rs256,
        Self::Rs384,
        Self::Rs512,
        Self::Ps256,
        Self::Ps384,
        Self::Ps512,
        Self::Es256,
        Self::Es384,
        Self::EdDsa,
    ];

    /// The name in a token's header (RFC 7518 §3.1, RFC 8037 §3.1).
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Rs384 => "RS384",
            Self::Rs512 => "RS512",
            Self::Ps256 => "PS256",
            Self::Ps384 => "PS384",
            Self::Ps512 => "PS512",
            Self::Es256 => "ES256",
            Self::Es384 => "ES384",
            Self::EdDsa => "EdDSA",
        }
    }

    /// The algorithm of a name; `none`, `HS256` and everything unknown are `None`.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.as_str() == name)
    }
}

/// Tokens with such a claim belong to an actor of this kind. The first rule that fits decides.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KindRule {
    /// The claim: `azp`, `client_id`, `sub`, or any other; a dotted path where no claim has the whole name.
    pub claim: String,
    /// Its value, compared whole; a final `*` stands for any rest.
    pub value: String,
    /// The kind. An agent found by `azp` or `client_id` acts for the token's subject.
    pub kind: PrincipalKind,
}

/// One trusted issuer.
#[derive(Clone, Debug)]
pub struct IssuerConfig {
    /// The issuer, exactly as in its tokens' `iss`.
    pub url: String,
    /// Tokens must be meant for one of these.
    pub audiences: Vec<String>,
    /// Our client at the issuer, for signing in.
    pub client_id: Option<String>,
    /// Its secret, where it has one.
    pub client_secret: Option<Secret<String>>,
    /// Scopes to ask for.
    pub scopes: Vec<String>,
    /// Signature algorithms that are taken.
    pub algorithms: Vec<Algorithm>,
    /// The claim that lists groups; a dotted path where no claim has the whole name.
    pub groups_claim: String,
    /// The claim that names people; `None`: `preferred_username`, `email`, `name` or `sub`, the first there is.
    pub name_claim: Option<String>,
    /// Takes `email` although the issuer does not say `email_verified`.
    pub trust_email: bool,
    /// How agents and workloads are told from people.
    pub kinds: Vec<KindRule>,
    /// Groups of every agent that this issuer names.
    pub agent_groups: Vec<String>,
    /// How far clocks may differ.
    pub clock_skew: Duration,
    /// How long keys are used after they were last fetched.
    pub jwks_cache: Duration,
    /// Keys are asked for at most this often.
    pub refetch_min: Duration,
    /// How long one request to the issuer may take.
    pub timeout: Duration,
    /// Certificate authorities (PEM) to trust for this issuer instead of the system's.
    pub ca_file: Option<PathBuf>,
    /// Takes `http://` on loopback addresses; for tests and the demo only.
    pub allow_http_loopback: bool,
    /// Sessions end with the token that opened them.
    pub end_with_token: bool,
}

impl IssuerConfig {
    /// An issuer with the documented defaults.
    pub fn new(url: impl Into<String>, audience: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            audiences: vec![audience.into()],
            client_id: None,
            client_secret: None,
            scopes: ["openid", "profile", "email"].map(str::to_owned).to_vec(),
            algorithms: vec![
                Algorithm::Rs256,
                Algorithm::Ps256,
                Algorithm::Es256,
                Algorithm::EdDsa,
            ],
            groups_claim: "groups".to_owned(),
            name_claim: None,
            trust_email: false,
            kinds: Vec::new(),
            agent_groups: Vec::new(),
            clock_skew: Duration::from_secs(60),
            jwks_cache: Duration::from_secs(3600),
            refetch_min: Duration::from_secs(30),
            timeout: Duration::from_secs(5),
            ca_file: None,
            allow_http_loopback: false,
            end_with_token: false,
        }
    }

    /// Finds what cannot work.
    ///
    /// # Errors
    /// [`Error::Config`].
    pub fn check(&self) -> Result<(), Error> {
        let wrong = |what: &str| Err(Error::Config(format!("issuer {}: {what}", self.url)));
        if !self.may_fetch(&self.url) {
            return wrong(
                "the URL must be https:// (http:// only on loopback, and only in the demo)",
            );
        }
        if self.url.contains(['|', '?', '#']) || self.url.chars().any(char::is_whitespace) {
            return wrong("the URL must not contain '|', '?', '#' or spaces");
        }
        if self.audiences.is_empty() || self.audiences.iter().any(String::is_empty) {
            return wrong("an audience is needed");
        }
        if self.algorithms.is_empty() {
            return wrong("a signature algorithm is needed");
        }
        if self.clock_skew > Duration::from_secs(600) {
            return wrong("clock_skew must be 10 minutes at most");
        }
        if self.refetch_min.is_zero() || self.jwks_cache < self.refetch_min {
            return wrong("refetch_min must be more than zero and not above jwks_cache");
        }
        Ok(())
    }

    /// Whether a URL may be asked at all: https, or http on loopback where that is allowed.
    pub(crate) fn may_fetch(&self, url: &str) -> bool {
        let Ok(url) = reqwest::Url::parse(url) else {
            return false;
        };
        if !url.username().is_empty() || url.password().is_some() {
            return false;
        }
        match url.scheme() {
            "https" => url.host_str().is_some(),
            "http" => self.allow_http_loopback && is_loopback(&url),
            _ => false,
        }
    }
}

fn is_loopback(url: &reqwest::Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost"
        || bare
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(url: &str, loopback: bool, expect: bool) {
        let config = IssuerConfig {
            allow_http_loopback: loopback,
            ..IssuerConfig::new(url, "portcullis")
        };
        assert_eq!(config.check().is_ok(), expect, "{url}");
    }

    #[test]
    fn which_urls_are_taken() {
        check("https://id.example/realms/x", false, true);
        check("http://id.example", true, false);
        check("http://127.0.0.1:8080", false, false);
        check("http://127.0.0.1:8080", true, true);
        check("http://[::1]:8080", true, true);
        check("http://localhost:8080", true, true);
        check("http://localhost.evil.example", true, false);
        check("http://127.0.0.1.evil.example", true, false);
        check("https://user:secret@id.example", false, false);
        check("https://id.example/a|b", false, false);
        check("https://id.example/?x", false, false);
        check("file:///etc/passwd", true, false);
        check("", true, false);
    }

    #[test]
    fn only_public_key_algorithms_have_names() {
        for name in ["none", "None", "HS256", "HS512", "rs256", "", "ES256K"] {
            assert_eq!(Algorithm::from_name(name), None, "{name}");
        }
        for known in Algorithm::ALL {
            assert_eq!(Algorithm::from_name(known.as_str()), Some(known));
        }
    }
}
