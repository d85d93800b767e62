//! `[search]`: whether recordings are indexed.
//!
//! Must never switch recording itself off: what is not indexed is still recorded, and found by reading all of it.

use serde::Deserialize;

use super::RecordingConfig;

/// `[search]`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SearchConfig {
    /// Whether words of recordings are kept in an index, in clear; absent, that is decided by where the master key is.
    pub index: Option<bool>,
}

impl SearchConfig {
    /// Whether there is an index. Unless told, none where recordings are encrypted under a key that is kept elsewhere:
    /// words in clear would then tell whoever has the disk what the journal does not.
    pub fn is_indexed(&self, recording: &RecordingConfig) -> bool {
        let elsewhere = recording.master_key_file.is_some() || recording.master_key_env.is_some();
        self.index.unwrap_or(!(recording.encrypt && elsewhere))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_kept_elsewhere_keeps_words_off_the_disk_unless_told() {
        let check = |index: Option<bool>, encrypt: bool, env: Option<&str>, expect: bool| {
            let recording = RecordingConfig {
                encrypt,
                master_key_env: env.map(str::to_owned),
                ..RecordingConfig::default()
            };
            let search = SearchConfig { index };
            let found = search.is_indexed(&recording);
            assert_eq!(found, expect, "{index:?} {encrypt} {env:?}");
        };
        check(None, true, None, true);
        check(None, true, Some("KEY"), false);
        check(None, false, Some("KEY"), true);
        check(Some(true), true, Some("KEY"), true);
        check(Some(false), true, None, false);
    }
}
