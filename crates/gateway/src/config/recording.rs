//! `[recording]`: when recordings are on disk, under which master key, and for how long they are kept.
//!
//! Never holds a key: it names the file or the variable that does.

use std::path::PathBuf;
use std::time::Duration;

use gate::archive::Retention;
use serde::Deserialize;

use super::{Error, Span, refuse};

/// Rules at most.
const RULES_MAX: usize = 1_000;

/// `[recording]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RecordingConfig {
    /// When reads must be on disk.
    pub durability: Durability,
    /// Whether new sessions are encrypted, each under a key of its own.
    pub encrypt: bool,
    /// The master key, which wraps those keys; made under `data_dir` when absent.
    pub master_key_file: Option<PathBuf>,
    /// Or an environment variable with it.
    pub master_key_env: Option<String>,
    /// Master keys of before, for what is still wrapped by them.
    pub old_master_key_files: Vec<PathBuf>,
    /// Recordings are erased once they are so old; `"0s"` keeps them for good.
    pub keep: Span,
    /// Rules for single resources; they stand before `keep`.
    pub rule: Vec<RetentionRule>,
}

/// `[[recording.rule]]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RetentionRule {
    /// The resource; one that is no longer registered may be named.
    pub resource: String,
    /// Its recordings are erased once they are so old; `"0s"` keeps them for good.
    pub keep: Span,
}

/// When reads must be on disk; effectful actions always are, before they are forwarded.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Durability {
    /// Within `limits.journal_interval`.
    #[default]
    Group,
    /// Before they are forwarded.
    Strict,
}

impl Default for RecordingConfig {
    fn default() -> Self {
        Self {
            durability: Durability::default(),
            encrypt: true,
            master_key_file: None,
            master_key_env: None,
            old_master_key_files: Vec::new(),
            keep: Span(Duration::ZERO),
            rule: Vec::new(),
        }
    }
}

impl RecordingConfig {
    /// For how long recordings are kept.
    pub fn retention(&self) -> Retention {
        let keep = |span: Span| (!span.0.is_zero()).then_some(span.0);
        let rules = self.rule.iter();
        Retention {
            keep: keep(self.keep),
            resources: rules
                .map(|rule| (rule.resource.clone(), keep(rule.keep)))
                .collect(),
        }
    }

    /// Refuses what cannot be meant.
    ///
    /// # Errors
    /// [`Error::Value`].
    pub(super) fn check(&self) -> Result<(), Error> {
        if self.master_key_file.is_some() && self.master_key_env.is_some() {
            return Err(refuse(
                "recording",
                "master_key_file and master_key_env exclude each other",
            ));
        }
        if !self.encrypt && !self.retention().is_none() {
            return Err(refuse(
                "recording.keep",
                "needs encrypt = true: recordings are erased by destroying their key",
            ));
        }
        if self.rule.len() > RULES_MAX {
            return Err(refuse("recording.rule", format!("at most {RULES_MAX}")));
        }
        for (at, rule) in self.rule.iter().enumerate() {
            let name = &rule.resource;
            if model::ResourceName::new(name).is_none() {
                return Err(refuse("recording.rule", format!("{name:?} is no resource")));
            }
            let mut before = self.rule.iter().take(at);
            if before.any(|other| other.resource == *name) {
                return Err(refuse("recording.rule", format!("{name} stands twice")));
            }
        }
        Ok(())
    }
}
