//! The analyses that one session used last, found again without the cache that all sessions share.
//!
//! Knows nothing of what an analysis says; one is found only for the basis that it was made on.

use std::collections::VecDeque;
use std::sync::Arc;

use super::inspect::{Analysis, Basis, CACHED_TEXT_BYTES_MAX, Inspector, put_shape_key};

/// Analyses kept: what a session repeats is seldom more.
const KEPT_MAX: usize = 16;

/// One session's analyses.
#[derive(Debug, Default)]
pub(crate) struct Recent {
    /// By text, or by shape.
    kept: VecDeque<(Box<str>, Arc<Analysis>)>,
    /// The shape of the text looked for; its space is used again.
    shape: String,
}

impl Recent {
    /// Finds a text's analysis without parsing anything: here, or in the shared cache.
    pub(crate) fn find(
        &mut self,
        inspector: &Inspector,
        basis: Basis,
        text: &str,
    ) -> Option<Arc<Analysis>> {
        if let Some(found) = self.kept(basis, text, text.len()) {
            return Some(found);
        }
        if text.len() > CACHED_TEXT_BYTES_MAX {
            return None;
        }
        let has_shape = put_shape_key(text, &mut self.shape);
        if has_shape && let Some(found) = self.kept(basis, &self.shape, text.len()) {
            return Some(found);
        }
        let shape = has_shape.then_some(self.shape.as_str());
        let (found, by_shape) = inspector.find(basis, text, shape)?;
        // A text without literals is its own shape, and is found sooner as what it is.
        let is_plain = shape.and_then(|shape| shape.strip_prefix('\0')) == Some(text);
        let key = shape.filter(|_| by_shape && !is_plain).unwrap_or(text);
        let key = key.into();
        self.keep(key, Arc::clone(&found));
        Some(found)
    }

    /// Keeps an analysis just made, so that it is found again whatever the shared cache does.
    pub(crate) fn keep(&mut self, key: Box<str>, analysis: Arc<Analysis>) {
        if self.kept.len() >= KEPT_MAX {
            self.kept.pop_front();
        }
        self.kept.push_back((key, analysis));
    }

    /// An analysis found by shape says where its statement stands, so it fits texts of one length alone.
    fn kept(&self, basis: Basis, key: &str, text_bytes: usize) -> Option<Arc<Analysis>> {
        let mut kept = self.kept.iter().rev();
        let found = kept.find(|(known, analysis)| {
            analysis.text_bytes == text_bytes && analysis.basis == basis && **known == *key
        });
        found.map(|(_, analysis)| Arc::clone(analysis))
    }
}
