//! `[search]`: whether recordings are indexed.
//!
//! Must never switch recording itself off: what is not indexed is still recorded, and found by reading all of it.

use serde::Deserialize;

/// `[search]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SearchConfig {
    /// Whether words of recordings are kept in an index.
    pub index: bool,
}

impl Default for SearchConfig {
    fn default() -> Self {
        Self { index: true }
    }
}
