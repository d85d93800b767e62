//! `[ledger]`: how recordings are sealed, under which name, and who must have seen it.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use ledger::tlog::note::{Algorithm, VerifierKey, WitnessPolicy};
use serde::Deserialize;

use super::{Error, Span, refuse};

/// Within this time everything is sealed.
const INTERVAL_MAX: Duration = Duration::from_secs(10);
/// More often is of no use.
const INTERVAL_MIN: Duration = Duration::from_millis(100);
/// Witnesses asked.
const WITNESSES_MAX: usize = 32;

/// `[ledger]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LedgerConfig {
    /// What is recorded is sealed within this time.
    pub seal_interval: Span,
    /// The log's name, for good; made of `gateway.name` at the first start when absent.
    pub origin: Option<String>,
    /// The signing key; made under `data_dir` when absent.
    pub key_file: Option<PathBuf>,
    /// How many witnesses must have cosigned a checkpoint; all when absent.
    pub quorum: Option<usize>,
    /// The witnesses.
    pub witness: Vec<WitnessConfig>,
}

/// `[[ledger.witness]]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WitnessConfig {
    /// Its public key, as a vkey.
    pub key: String,
    /// Where checkpoints are submitted; `/add-checkpoint` is put behind it.
    pub url: String,
}

impl Default for LedgerConfig {
    fn default() -> Self {
        Self {
            seal_interval: Span(INTERVAL_MAX),
            origin: None,
            key_file: None,
            quorum: None,
            witness: Vec::new(),
        }
    }
}

impl LedgerConfig {
    /// The witnesses and how many of them are needed.
    ///
    /// # Errors
    /// [`Error::Value`].
    pub fn witnesses(&self) -> Result<WitnessPolicy, Error> {
        let mut keys: Vec<VerifierKey> = Vec::new();
        for witness in &self.witness {
            let refused =
                |what: String| refuse("ledger.witness.key", format!("{}: {what}", witness.key));
            let key: VerifierKey = witness
                .key
                .parse()
                .map_err(|error| refused(format!("{error}")))?;
            if key.algorithm() != Algorithm::Cosignature {
                return Err(refused("is a log's key, not a witness's".to_owned()));
            }
            if keys.contains(&key) {
                return Err(refused("stands twice: one witness counts once".to_owned()));
            }
            keys.push(key);
        }
        let quorum = self.quorum.unwrap_or(keys.len());
        Ok(WitnessPolicy { keys, quorum })
    }

    /// Refuses what cannot be meant.
    ///
    /// # Errors
    /// [`Error::Value`].
    pub(super) fn check(&self) -> Result<(), Error> {
        if !(INTERVAL_MIN..=INTERVAL_MAX).contains(&self.seal_interval.0) {
            return Err(refuse("ledger.seal_interval", "is 100ms to 10s"));
        }
        if self.witness.len() > WITNESSES_MAX {
            return Err(refuse(
                "ledger.witness",
                format!("at most {WITNESSES_MAX} are asked"),
            ));
        }
        let policy = self.witnesses()?;
        if policy.quorum > policy.keys.len() || (policy.quorum == 0 && !policy.keys.is_empty()) {
            let most = policy.keys.len();
            return Err(refuse(
                "ledger.quorum",
                format!("is 1 to {most}, the number of witnesses"),
            ));
        }
        for witness in &self.witness {
            if !is_safe(&witness.url) {
                return Err(refuse(
                    "ledger.witness.url",
                    "must be https; http is only for loopback",
                ));
            }
        }
        match &self.origin {
            Some(origin) => VerifierKey::new(origin, Algorithm::Ed25519, [0; 32])
                .map(drop)
                .map_err(|_| {
                    refuse(
                        "ledger.origin",
                        "is a name without spaces and plus signs, such as gate.example/log",
                    )
                }),
            None => Ok(()),
        }
    }
}

/// Whether a URL is https, or http to this very machine.
fn is_safe(url: &str) -> bool {
    let Ok(url) = reqwest::Url::parse(url) else {
        return false;
    };
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']');
    let is_near = address
        .parse::<IpAddr>()
        .map_or(host == "localhost", |address| address.is_loopback());
    url.scheme() == "https" || (url.scheme() == "http" && is_near)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn witnesses_are_reached_by_https_or_on_this_machine() {
        let check = |url: &str, expect: bool| assert_eq!(is_safe(url), expect, "{url}");
        check("https://witness.example", true);
        check("http://127.0.0.1:8000/log", true);
        check("http://localhost", true);
        check("http://[::1]:8000", true);
        check("http://127.0.0.1.evil.example", false);
        check("http://localhost.evil.example", false);
        check("http://witness.example", false);
        check("ftp://127.0.0.1", false);
        check("", false);
    }
}
