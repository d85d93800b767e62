//! API keys, session tokens and revocation. A secret appears in exactly one answer: the one that made it.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::principal::Principal;

/// Body of `POST /tokens`: a session token for the caller.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MintToken {
    /// The only resource it shall be good for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource: Option<String>,
    /// How long, in seconds; the gateway bounds it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub life_seconds: Option<u64>,
}

/// Answer of `POST /tokens`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenMinted {
    /// Its id, for revoking it.
    pub id: String,
    /// The token itself (`pct_…`); shown once.
    pub secret: String,
    /// The login name to use with it.
    pub user: String,
    /// When it ends.
    pub expires: String,
    /// The only resource it is good for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource: Option<String>,
}

/// Body of `POST /keys`: an API key for an agent or a workload.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IssueKey {
    /// The actor's name; with the issuer `portcullis` it is its identity.
    pub name: String,
    /// `agent` or `workload`.
    pub kind: String,
    /// Its groups.
    #[serde(default)]
    pub groups: Vec<String>,
    /// Whether it acts for the caller: what it may do is then the intersection of both.
    #[serde(default)]
    pub acts_for_caller: bool,
    /// What the key is for, in words.
    pub label: String,
    /// The only resource it shall be good for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource: Option<String>,
    /// How long, in seconds.
    pub life_seconds: u64,
}

/// A key or token, without its secret.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Key {
    /// Its id (`key:…` or `token:…`).
    pub id: String,
    /// The secret's shown prefix.
    pub prefix: String,
    /// What it is for.
    pub label: String,
    /// Whose.
    pub principal: Principal,
    /// The only resource it is good for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource: Option<String>,
    /// When it was issued.
    pub created: String,
    /// When it ends.
    pub expires: String,
    /// Whether it was revoked.
    pub revoked: bool,
}

/// Answer of `POST /keys`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyIssued {
    /// The listing.
    pub key: Key,
    /// The key itself (`pck_…`); shown once.
    pub secret: String,
}

/// Answer of `GET /keys`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct KeyList {
    /// Not yet expired.
    pub keys: Vec<Key>,
}

/// Body of `POST /principals/bar`: keeps a principal out, or lets it in again.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SetBar {
    /// `issuer|subject`, or the id of one token, `oidc:issuer:jti`.
    pub principal: String,
    /// Out or in.
    pub barred: bool,
}

/// Answer of a revocation.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Revoked {
    /// Live sessions that were told to end.
    pub sessions_ended: u64,
}

impl fmt::Debug for TokenMinted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TokenMinted({})", self.id)
    }
}

impl fmt::Debug for KeyIssued {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyIssued({})", self.key.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_not_printed() {
        let minted = TokenMinted {
            id: "token:1".into(),
            secret: "pct_hidden".into(),
            user: "ada".into(),
            expires: String::new(),
            resource: None,
        };
        assert_eq!(format!("{minted:?}"), "TokenMinted(token:1)");
    }

    #[test]
    fn a_request_with_an_unknown_field_is_refused() {
        let text = r#"{"principal":"i|s","barred":true,"extra":1}"#;
        assert!(serde_json::from_str::<SetBar>(text).is_err());
    }
}
