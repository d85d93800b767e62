//! Searching recordings: the index as the API asks it, and how it is, as metrics tell it.
//!
//! Must never keep the gateway from starting: without an index searches read the journal.

use std::sync::{Arc, Weak};

use anyhow::{Context as _, Result};
use contract::{IndexState, SearchResults};
use gate::ports::PortError;
use ledger::find::Filter;
use model::Limits;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use store::{Index, IndexOptions, JournalStore};

use crate::config::Config;

/// Starts the index, unless the configuration says that there shall be none; what one left is then removed.
pub(crate) fn start(
    config: &Config,
    limits: &Limits,
    journal: &Arc<JournalStore>,
) -> Result<Option<Arc<Index>>> {
    let dir = config.gateway.data_dir.join("index");
    if !config.search.is_indexed(&config.recording) {
        Index::remove(&dir).context("removing the index of recordings")?;
        return Ok(None);
    }
    let options = IndexOptions {
        dir,
        part_bytes_max: limits.indexed_bytes_max,
        time_max: limits.search_time_max,
        page_time: config.search.page_time(),
        lag_max: config.search.max_lag(),
        lag_bytes_max: config.search.max_lag_bytes(),
    };
    // Not held: the journal ends when the gateway lets go of it, not when its readers do.
    let durable: Weak<JournalStore> = Arc::downgrade(journal);
    let durable = move || {
        durable
            .upgrade()
            .map_or(0, |journal| journal.durable_sequence())
    };
    let index = Index::start(options, journal.folder(), durable);
    Ok(Some(Arc::new(index.context("indexing recordings")?)))
}

/// What answers searches.
pub(crate) fn finder(
    index: Option<&Arc<Index>>,
    limits: &Limits,
    journal: &JournalStore,
) -> Arc<dyn api::Finder> {
    match index {
        Some(index) => Arc::new(Indexed(Arc::downgrade(index))),
        None => Arc::new(api::Scan {
            folder: journal.folder(),
            time_max: limits.search_time_max,
        }),
    }
}

/// The index, for as long as the gateway has it.
struct Indexed(Weak<Index>);

impl api::Finder for Indexed {
    fn search(&self, filter: &Filter) -> Result<SearchResults, PortError> {
        let index = self.0.upgrade().ok_or(store::Error::Stopped)?;
        Ok(index.search(filter)?)
    }

    fn index(&self) -> IndexState {
        let Some(index) = self.0.upgrade() else {
            return IndexState::default();
        };
        let health = index.health();
        IndexState {
            indexed: true,
            entries: health.entries,
            bytes: health.bytes,
            indexed_to: (health.time > 0).then(|| ledger::find::rfc3339(health.time)),
            behind_bytes: health.bytes_behind,
            behind_seconds: health.age.as_secs(),
            unmerged: health.unmerged,
            failing_seconds: health.failing.map(|(since, _)| since.as_secs()),
        }
    }

    fn rebuild(&self) -> Result<(), PortError> {
        let index = self.0.upgrade().ok_or(store::Error::Stopped)?;
        Ok(index.rebuild()?)
    }
}

/// How indexing goes, as it is when somebody asks.
pub(crate) struct IndexGauges {
    index: Weak<Index>,
    journal: Weak<JournalStore>,
    behind: Gauge,
    behind_bytes: Gauge,
    behind_seconds: Gauge,
    entries: Gauge,
    bytes: Gauge,
    unmerged: Gauge,
    failing: Gauge,
}

impl IndexGauges {
    pub(crate) fn register(
        registry: &mut Registry,
        index: &Arc<Index>,
        journal: &Arc<JournalStore>,
    ) -> Self {
        let mut gauge = |name: &str, help: &str| {
            let gauge = Gauge::default();
            registry.register(name, help, gauge.clone());
            gauge
        };
        Self {
            index: Arc::downgrade(index),
            journal: Arc::downgrade(journal),
            behind: gauge(
                "index_behind_records",
                "Records on disk that are not indexed yet",
            ),
            behind_bytes: gauge(
                "index_behind_bytes",
                "Bytes of the journal that are not indexed yet",
            ),
            behind_seconds: gauge(
                "index_behind_seconds",
                "For how long the oldest record that is not indexed has waited",
            ),
            entries: gauge("index_entries", "Actions in the index"),
            bytes: gauge("index_bytes", "Bytes of the index's files"),
            unmerged: gauge(
                "index_unmerged_volumes",
                "Full parts of the index that are not merged yet",
            ),
            failing: gauge("index_failing_seconds", "For how long indexing has failed"),
        }
    }

    pub(crate) fn read(&self) {
        let (Some(index), Some(journal)) = (self.index.upgrade(), self.journal.upgrade()) else {
            return;
        };
        let health = index.health();
        let behind = journal.durable_sequence().saturating_sub(health.sequence);
        let failing = health.failing.map_or(0, |(since, _)| since.as_secs());
        for (gauge, value) in [
            (&self.behind, behind),
            (&self.behind_bytes, health.bytes_behind),
            (&self.behind_seconds, health.age.as_secs()),
            (&self.entries, health.entries),
            (&self.bytes, health.bytes),
            (&self.unmerged, health.unmerged),
            (&self.failing, failing),
        ] {
            gauge.set(i64::try_from(value).unwrap_or(i64::MAX));
        }
    }
}
