//! Policies and labels from files: loaded whole, validated, swapped whole.
//!
//! A set that does not validate is refused and the running one stays. What was loaded, by hash, is a control event
//! in the journal before it is in force.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use arc_swap::ArcSwap;
use gate::ports::{Journal, PortError, Rules, SharedRules};
use ledger::Event;
use mask::DataCatalog;
use policy::PolicySet;
use sha2::{Digest as _, Sha256};

use crate::config::PolicyConfig;

/// Files read at one moment.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Sources {
    /// Name and text of each `*.cedar` file, sorted by name.
    pub policies: Vec<(String, String)>,
    /// The text of the data catalog; empty when none is configured.
    pub data: String,
}

/// Why rules could not be put in force.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file cannot be read.
    #[error("{setting}: cannot read {path} (`portcullis init` writes a first set of policies)")]
    Read {
        /// Which setting names it.
        setting: &'static str,
        /// The file or folder.
        path: std::path::PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A policy does not validate.
    #[error("the policy set is refused:\n{0}")]
    Policy(#[from] policy::PolicyError),
    /// The data catalog does not parse.
    #[error("the data catalog is refused: {0}")]
    Data(#[from] mask::DataCatalogError),
    /// The change could not be recorded.
    #[error("the change of rules cannot be recorded")]
    Journal(#[from] PortError),
}

impl Sources {
    /// Reads the files that `config` names.
    ///
    /// # Errors
    /// [`Error::Read`].
    pub fn read(config: &PolicyConfig) -> Result<Self, Error> {
        let fail = |setting: &'static str, path: &Path| {
            let path = path.to_owned();
            move |source| Error::Read {
                setting,
                path,
                source,
            }
        };
        let unread = |path: &Path| fail("policy.dir", path);
        let mut policies = Vec::new();
        for entry in std::fs::read_dir(&config.dir).map_err(unread(&config.dir))? {
            let path = entry.map_err(unread(&config.dir))?.path();
            if path
                .extension()
                .is_some_and(|extension| extension == "cedar")
            {
                let name = path
                    .file_name()
                    .unwrap_or_default()
                    .to_string_lossy()
                    .into_owned();
                policies.push((name, std::fs::read_to_string(&path).map_err(unread(&path))?));
            }
        }
        policies.sort();
        let data = match &config.data {
            Some(path) => std::fs::read_to_string(path).map_err(fail("policy.data", path))?,
            None => String::new(),
        };
        Ok(Self { policies, data })
    }

    /// Validates them into rules.
    ///
    /// # Errors
    /// [`Error::Policy`] or [`Error::Data`] with every problem found.
    pub fn compile(&self, generation: u64) -> Result<Rules, Error> {
        Ok(Rules {
            policies: PolicySet::load(&self.policies)?,
            labels: DataCatalog::parse(&self.data)?,
            generation,
        })
    }

    fn data_hash(&self) -> String {
        ledger::Hex(&Sha256::digest(&self.data)).to_string()
    }
}

/// Loads the first rules; without valid ones the gateway does not start.
///
/// # Errors
/// [`Error`].
pub fn load(config: &PolicyConfig, journal: &dyn Journal) -> Result<(SharedRules, Sources), Error> {
    let sources = Sources::read(config)?;
    let rules = sources.compile(1)?;
    record(journal, &rules, &sources)?;
    Ok((Arc::new(ArcSwap::from_pointee(rules)), sources))
}

/// Looks at the files once and swaps the rules in if they changed and validate. `current` is what is in force; it is
/// replaced also by a refused change, so that one bad edit is reported once.
pub fn refresh(
    config: &PolicyConfig,
    shared: &SharedRules,
    current: &mut Sources,
    journal: &dyn Journal,
) {
    let fresh = match Sources::read(config) {
        Ok(fresh) => fresh,
        Err(error) => {
            return tracing::error!(%error, "policies cannot be read; the running set stays");
        }
    };
    if fresh == *current {
        return;
    }
    let generation = shared.load().generation + 1;
    let swapped = fresh.compile(generation).and_then(|rules| {
        record(journal, &rules, &fresh)?;
        let hash = rules.policies.hash();
        shared.store(Arc::new(rules));
        Ok(hash)
    });
    match swapped {
        Ok(hash) => tracing::info!(policy = %hash, generation, "policies reloaded"),
        Err(error) => {
            tracing::error!(%error, "a change of policies is refused; the running set stays")
        }
    }
    *current = fresh;
}

/// Records the configuration that the gateway starts with.
///
/// # Errors
/// [`PortError`] when it cannot be recorded.
pub fn record_config(written: &str, journal: &dyn Journal) -> Result<(), PortError> {
    let hash = ledger::Hex(&Sha256::digest(written)).to_string();
    let fields = vec![
        ("config".into(), hash.into()),
        ("portcullis.toml".into(), written.into()),
    ];
    note(journal, "config.loaded", fields)
}

type Fields<'a> = Vec<(std::borrow::Cow<'a, str>, std::borrow::Cow<'a, str>)>;

fn note(journal: &dyn Journal, name: &str, fields: Fields<'_>) -> Result<(), PortError> {
    let micros = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or(Duration::ZERO)
        .as_micros();
    journal.control(&Event::Control {
        time: u64::try_from(micros).unwrap_or(u64::MAX),
        actor: "portcullis".into(),
        name: name.into(),
        fields,
    })
}

fn record(journal: &dyn Journal, rules: &Rules, sources: &Sources) -> Result<(), PortError> {
    let mut fields = vec![
        ("policy".into(), rules.policies.hash().to_string().into()),
        ("data".into(), sources.data_hash().into()),
    ];
    let texts = sources
        .policies
        .iter()
        .map(|(name, text)| (name.as_str().into(), text.as_str().into()));
    fields.extend(texts);
    fields.push(("data.toml".into(), sources.data.as_str().into()));
    note(journal, "policy.loaded", fields)
}
