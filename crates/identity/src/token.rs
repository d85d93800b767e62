//! A compact JWS taken apart, checked for form, and its signature checked. Knows no issuer's configuration beyond
//! the algorithms it is told, and takes no key from the token.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::DecodingKey;
use serde_json::{Map, Value};

use crate::config::Algorithm;
use crate::error::Error;
use crate::json;

/// Bytes of a token; with many groups they have a few thousand.
const TOKEN_BYTES_MAX: usize = 64 * 1024;
/// Headers that bring or name a key, or ask for an understanding that we lack.
const FOREIGN_HEADERS: [&str; 6] = ["crit", "jku", "x5u", "jwk", "x5c", "b64"];
/// Kinds of token that log somebody in (RFC 7519 §5.1, RFC 9068 §2.1); logout, event and proof tokens do not.
const TYPES: [&str; 3] = ["jwt", "at+jwt", "id_token+jwt"];

/// A token whose form is right. Its signature is not checked yet, so that nothing in it is to be believed.
#[derive(Debug)]
pub(crate) struct Token<'a> {
    message: &'a str,
    signature: &'a str,
    /// The algorithm it names.
    pub(crate) algorithm: Algorithm,
    /// The key it names.
    pub(crate) kid: Option<String>,
    claims: Map<String, Value>,
}

/// Whether a secret looks like a token at all.
pub(crate) fn is_token_shaped(text: &str) -> bool {
    text.starts_with("eyJ") && text.bytes().filter(|&byte| byte == b'.').count() == 2
}

impl<'a> Token<'a> {
    /// Takes a token apart.
    pub(crate) fn parse(text: &'a str) -> Result<Self, Error> {
        if text.len() > TOKEN_BYTES_MAX {
            return Err(Error::refused("the token is too long"));
        }
        let malformed = || Error::refused("the token is malformed");
        let (message, signature) = text.rsplit_once('.').ok_or_else(malformed)?;
        let (header, claims) = message.split_once('.').ok_or_else(malformed)?;
        let header = part(header)?;
        if let Some(name) = FOREIGN_HEADERS
            .iter()
            .find(|name| header.contains_key(**name))
        {
            return Err(Error::refused(format!("the token's header has `{name}`")));
        }
        let algorithm = header.get("alg").and_then(Value::as_str);
        let algorithm = algorithm
            .and_then(Algorithm::from_name)
            .ok_or_else(|| Error::refused("the token's algorithm is not taken"))?;
        check_type(&header)?;
        let kid = match header.get("kid") {
            None => None,
            Some(Value::String(kid)) => Some(kid.clone()),
            Some(_) => return Err(malformed()),
        };
        Ok(Self {
            message,
            signature,
            algorithm,
            kid,
            claims: part(claims)?,
        })
    }

    /// The issuer it claims to be from: to choose whose keys to check it with, and for nothing else.
    pub(crate) fn claimed_issuer(&self) -> Option<&str> {
        self.claims.get("iss").and_then(Value::as_str)
    }

    /// Whether this key made the signature.
    pub(crate) fn is_signed_by(&self, key: &DecodingKey) -> bool {
        let algorithm = native(self.algorithm);
        let message = self.message.as_bytes();
        jsonwebtoken::crypto::verify(self.signature, message, key, algorithm).unwrap_or(false)
    }

    /// The claims; call only after [`Token::is_signed_by`].
    pub(crate) fn into_claims(self) -> Map<String, Value> {
        self.claims
    }
}

fn part(text: &str) -> Result<Map<String, Value>, Error> {
    let bytes = URL_SAFE_NO_PAD.decode(text).ok();
    bytes
        .and_then(|bytes| json::object(&bytes))
        .ok_or_else(|| Error::refused("the token is malformed or names a member twice"))
}

fn check_type(header: &Map<String, Value>) -> Result<(), Error> {
    let Some(kind) = header.get("typ") else {
        return Ok(());
    };
    let kind = kind.as_str().unwrap_or_default().to_ascii_lowercase();
    let kind = kind.strip_prefix("application/").unwrap_or(&kind);
    if TYPES.contains(&kind) {
        return Ok(());
    }
    Err(Error::refused("the token is of a type that logs nobody in"))
}

fn native(algorithm: Algorithm) -> jsonwebtoken::Algorithm {
    use jsonwebtoken::Algorithm as Native;
    match algorithm {
        Algorithm::Rs256 => Native::RS256,
        Algorithm::Rs384 => Native::RS384,
        Algorithm::Rs512 => Native::RS512,
        Algorithm::Ps256 => Native::PS256,
        Algorithm::Ps384 => Native::PS384,
        Algorithm::Ps512 => Native::PS512,
        Algorithm::Es256 => Native::ES256,
        Algorithm::Es384 => Native::ES384,
        Algorithm::EdDsa => Native::EdDSA,
    }
}
