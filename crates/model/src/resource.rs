//! What is acted on.

use std::collections::BTreeMap;
use std::fmt;

/// The registered name of a target, such as `orders-prod`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ResourceName(String);

impl ResourceName {
    /// Takes 1 to 63 bytes of lower-case letters, digits, `-` and `_`, starting with a letter;
    /// anything else is `None`.
    pub fn new(text: &str) -> Option<Self> {
        let first = text.bytes().next()?;
        let legal = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_';
        (first.is_ascii_lowercase() && text.len() <= 63 && text.bytes().all(legal))
            .then(|| Self(text.to_owned()))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ResourceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A registered target as policy sees it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Resource {
    /// The registered name.
    pub name: ResourceName,
    /// The protocol's name (`postgres`).
    pub protocol: String,
    /// The database served to this session, where the protocol has databases.
    pub database: String,
    /// Free tags from configuration.
    pub tags: BTreeMap<String, String>,
}
