//! `[search]`: whether recordings are indexed, how far the index may be behind, and how long a page is searched for.
//!
//! Must never switch recording itself off: what is not indexed is still recorded, and found by reading all of it.

use std::time::Duration;

use serde::Deserialize;

use super::{Bytes, Error, RecordingConfig, Span, refuse};

/// How long a page is searched for unless told: it leaves room for reading the hits within 200 ms.
const PAGE_TIME: Duration = Duration::from_millis(150);
/// How long indexing may wait for busy sessions unless told.
const MAX_LAG: Duration = Duration::from_secs(60);
/// Bytes of the journal that may wait to be indexed unless told.
const MAX_LAG_BYTES: u64 = 4 << 20;

/// `[search]`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SearchConfig {
    /// Whether words of recordings are kept in an index, in clear; absent, that is decided by where the master key is.
    pub index: Option<bool>,
    /// After how long a search of the index ends with what it found, and says where to go on.
    pub page_time: Option<Span>,
    /// How long what was recorded may wait for being indexed while sessions are busy.
    pub max_lag: Option<Span>,
    /// How much of the journal may wait, likewise.
    pub max_lag_bytes: Option<Bytes>,
}

impl SearchConfig {
    /// Whether its values are within their ranges.
    pub(super) fn check(&self) -> Result<(), Error> {
        let hour = Duration::from_secs(3_600);
        let page = Duration::from_millis(10)..=Duration::from_secs(10);
        if !page.contains(&self.page_time()) {
            return Err(refuse("search", "page_time is 10ms to 10s"));
        }
        if self.max_lag() > hour {
            return Err(refuse("search", "max_lag is at most 1h"));
        }
        if !(64 << 10..=256 << 20).contains(&self.max_lag_bytes()) {
            return Err(refuse("search", "max_lag_bytes is 64KiB to 256MiB"));
        }
        Ok(())
    }

    /// After how long a search of the index ends with what it found.
    pub fn page_time(&self) -> Duration {
        self.page_time.map_or(PAGE_TIME, |Span(time)| time)
    }

    /// How long indexing may wait for busy sessions.
    pub fn max_lag(&self) -> Duration {
        self.max_lag.map_or(MAX_LAG, |Span(time)| time)
    }

    /// Bytes of the journal that may wait to be indexed.
    pub fn max_lag_bytes(&self) -> u64 {
        self.max_lag_bytes
            .map_or(MAX_LAG_BYTES, |Bytes(bytes)| bytes)
    }

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
            let search = SearchConfig {
                index,
                ..SearchConfig::default()
            };
            let found = search.is_indexed(&recording);
            assert_eq!(found, expect, "{index:?} {encrypt} {env:?}");
        };
        check(None, true, None, true);
        check(None, true, Some("KEY"), false);
        check(None, false, Some("KEY"), true);
        check(Some(true), true, Some("KEY"), true);
        check(Some(false), true, None, false);
    }

    #[test]
    fn bounds_are_within_their_ranges() {
        let check = |change: &dyn Fn(&mut SearchConfig), expect: bool| {
            let mut search = SearchConfig::default();
            change(&mut search);
            assert_eq!(search.check().is_ok(), expect, "{search:?}");
        };
        let millis = |n| Some(Span(Duration::from_millis(n)));
        check(&|_| {}, true);
        check(&|search| search.page_time = millis(10), true);
        check(&|search| search.page_time = millis(0), false);
        check(&|search| search.page_time = millis(60_000), false);
        check(&|search| search.max_lag = millis(0), true);
        check(&|search| search.max_lag = millis(3_600_001), false);
        check(&|search| search.max_lag_bytes = Some(Bytes(1)), false);
        check(
            &|search| search.max_lag_bytes = Some(Bytes(u64::MAX)),
            false,
        );
    }
}
