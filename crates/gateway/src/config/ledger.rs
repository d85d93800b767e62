//! `[ledger]`: how recordings are sealed, under which name, and who must have seen it.

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
            let loopback = ["http://127.0.0.1", "http://localhost", "http://[::1]"];
            let is_near = loopback
                .iter()
                .any(|prefix| witness.url.starts_with(prefix));
            if !witness.url.starts_with("https://") && !is_near {
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
