//! What a body does, kept for the catalog's life.
//!
//! Bounded: of a body whose names the session's path decides, only the first few paths are kept.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use crate::analyse::Opened;

/// Paths that are kept for one body.
const PATHS_MAX: usize = 16;

/// One body's analyses.
#[derive(Debug, Default)]
pub(crate) struct Kept {
    /// The same for every path.
    always: OnceLock<Arc<Opened>>,
    by_path: Mutex<Vec<(Vec<String>, Arc<Opened>)>>,
}

impl Kept {
    /// What it does under a path, if that was looked at.
    pub(crate) fn get(&self, path: &[String]) -> Option<Arc<Opened>> {
        if let Some(known) = self.always.get() {
            return Some(Arc::clone(known));
        }
        let known = self.by_path.lock().unwrap_or_else(PoisonError::into_inner);
        let mut fitting = known.iter().filter(|(under, _)| under == path);
        fitting.next().map(|(_, opened)| Arc::clone(opened))
    }

    /// Keeps what it does, under one path or any.
    pub(crate) fn keep(&self, path: Option<Vec<String>>, opened: &Arc<Opened>) {
        let Some(path) = path else {
            // Another thread may have been faster; both say the same.
            let _lost = self.always.set(Arc::clone(opened));
            return;
        };
        let mut known = self.by_path.lock().unwrap_or_else(PoisonError::into_inner);
        let is_new = known.iter().all(|(under, _)| *under != path);
        if is_new && known.len() < PATHS_MAX {
            known.push((path, Arc::clone(opened)));
        }
    }
}

impl Clone for Kept {
    /// A copy starts anew.
    fn clone(&self) -> Self {
        Self::default()
    }
}
