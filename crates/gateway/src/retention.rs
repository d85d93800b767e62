//! The turn that erases what is older than the retention rules allow.
//!
//! Decides nothing about a recording: the rules, the holds and the archive do.

use std::sync::Arc;
use std::time::Duration;

use gate::archive::{Archive, Retention};
use store::JournalStore;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// How often the rules are applied.
const INTERVAL: Duration = Duration::from_secs(3600);

/// Applies the rules now and every hour; `None` where they keep everything.
pub(crate) fn start(
    rules: Retention,
    journal: &Arc<JournalStore>,
    mut stopping: watch::Receiver<bool>,
) -> Option<JoinHandle<()>> {
    if rules.is_none() {
        return None;
    }
    let journal = Arc::clone(journal);
    Some(tokio::spawn(async move {
        let mut tick = tokio::time::interval(INTERVAL);
        loop {
            tokio::select! {
                _ = tick.tick() => {}
                _ = stopping.changed() => return,
            }
            let (rules, journal) = (rules.clone(), Arc::clone(&journal));
            let turn = tokio::task::spawn_blocking(move || journal.retain(&rules)).await;
            match turn {
                Ok(Ok((0, _))) => {}
                Ok(Ok((erased, held))) => {
                    tracing::info!(erased, held, "recordings were erased by rule")
                }
                Ok(Err(error)) => {
                    tracing::error!(%error, "the retention rules could not be applied")
                }
                Err(error) => return tracing::error!(%error, "retention has ended"),
            }
        }
    }))
}
