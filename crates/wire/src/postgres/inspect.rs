//! From statement text to analysed statements, with a cache shared by the sessions of one database.
//!
//! The cache's key is the text (or its shape), how names resolve, and the catalog's version: an analysis never
//! outlives any of them. Nothing here decides anything.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwapOption;
use model::{CatalogVersion, ColumnRef, Statement};
use sql::{Catalog, SessionChange, Step, View};

use crate::kit;

/// Bytes of texts in one generation of the cache; two generations are kept.
const GENERATION_BYTES_MAX: usize = 8 * 1024 * 1024;

/// Entries in one generation of the cache.
const GENERATION_ENTRIES_MAX: usize = 8 * 1024;

/// Texts longer than this are analysed each time.
pub(crate) const CACHED_TEXT_BYTES_MAX: usize = 64 * 1024;

/// Distinct views of names that are known by number at once.
const VIEWS_MAX: usize = 4 * 1024;

/// One text's analysis. Equal keys mean equal statements.
#[derive(Debug)]
pub(crate) struct Analysis {
    pub(crate) key: u64,
    pub(crate) basis: Basis,
    pub(crate) statements: Arc<[Statement]>,
    /// What each statement does to the session; empty when none does anything.
    pub(crate) changes: Arc<[SessionChange]>,
    /// Why it is refused before any policy is asked.
    pub(crate) objection: Option<Objection>,
    pub(crate) text_redacted: Option<Arc<str>>,
    /// How long the text is.
    pub(crate) text_bytes: usize,
}

/// Why a text never passes.
#[derive(Clone, Debug)]
pub(crate) struct Objection {
    pub(crate) message: String,
    /// The server's own grammar rejects it too, and says this.
    pub(crate) syntax: Option<sql::SyntaxError>,
}

impl Analysis {
    /// The analysis of a function call by number.
    pub(crate) fn of_call(
        basis: Basis,
        statements: Arc<[Statement]>,
        objection: Option<Objection>,
    ) -> Self {
        Self {
            key: 0,
            basis,
            statements,
            changes: Arc::from([]),
            objection,
            text_redacted: None,
            text_bytes: 0,
        }
    }
}

/// What an analysis was made from besides the text.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Basis {
    pub(crate) view: u64,
    pub(crate) catalog: CatalogVersion,
}

/// A view of names, known by number.
#[derive(Clone, Debug)]
pub(crate) struct NumberedView {
    pub(crate) view: Arc<View>,
    pub(crate) number: u64,
}

/// Analyses texts against one database's catalog; shared by its sessions.
#[derive(Default)]
pub struct Inspector {
    catalog: ArcSwapOption<Catalog>,
    estimates: ArcSwapOption<sql::Estimates>,
    cache: Mutex<Cache>,
    next: AtomicU64,
    #[cfg(any(test, feature = "testing"))]
    toy: bool,
}

/// What a session's statements are analysed against: for asking how far they reach.
#[derive(Debug)]
pub(crate) struct Standing {
    pub(crate) inspector: Arc<Inspector>,
    pub(crate) view: Arc<View>,
}

impl model::Ground for Standing {
    fn reach(&self, statements: &[Statement]) -> model::Reach {
        let Some(catalog) = self.inspector.catalog() else {
            return model::Reach::default();
        };
        let estimates = self.inspector.estimates.load_full().unwrap_or_default();
        sql::reach(statements, &self.view, &catalog, &estimates)
    }
}

impl std::fmt::Debug for Inspector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Inspector({:?})", self.version())
    }
}

#[derive(Default)]
struct Cache {
    young: Generation,
    old: Generation,
    views: HashMap<Arc<View>, u64>,
}

#[derive(Default)]
struct Generation {
    texts: HashMap<Basis, HashMap<Box<str>, Arc<Analysis>>>,
    entries: usize,
    bytes: usize,
}

impl Generation {
    fn find(&self, basis: Basis, text: &str) -> Option<&Arc<Analysis>> {
        self.texts.get(&basis)?.get(text)
    }

    fn is_full(&self) -> bool {
        self.entries >= GENERATION_ENTRIES_MAX || self.bytes >= GENERATION_BYTES_MAX
    }
}

impl Cache {
    fn find(&mut self, basis: Basis, text: &str) -> Option<Arc<Analysis>> {
        if let Some(found) = self.young.find(basis, text) {
            return Some(Arc::clone(found));
        }
        let found = Arc::clone(self.old.find(basis, text)?);
        self.insert(basis, text, &found);
        Some(found)
    }

    fn insert(&mut self, basis: Basis, text: &str, analysis: &Arc<Analysis>) {
        if text.len() > CACHED_TEXT_BYTES_MAX {
            return;
        }
        if self.young.is_full() {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.entries += 1;
        self.young.bytes += text.len();
        let texts = self.young.texts.entry(basis).or_default();
        texts.insert(text.into(), Arc::clone(analysis));
    }
}

impl Inspector {
    /// An inspector that knows no catalog: every text is refused until [`Inspector::set_catalog`].
    pub fn new() -> Self {
        Self::default()
    }

    /// Replaces the catalog. Analyses made with the one before are not used again.
    pub fn set_catalog(&self, catalog: Arc<Catalog>) {
        self.catalog.store(Some(catalog));
    }

    /// The catalog in force.
    pub fn catalog(&self) -> Option<Arc<Catalog>> {
        self.catalog.load_full()
    }

    /// The catalog's version; `None` before there is one.
    pub fn version(&self) -> Option<CatalogVersion> {
        self.catalog
            .load()
            .as_ref()
            .map(|catalog| catalog.version())
    }

    /// Replaces what is known of how many rows relations have.
    pub fn set_estimates(&self, estimates: Arc<sql::Estimates>) {
        self.estimates.store(Some(estimates));
    }

    /// The stored columns behind a result's field, as the server names it; `None` where they are not known.
    /// As which type the values of a type are searched for what they give away.
    pub(crate) fn searched_as(&self, type_oid: u32) -> u32 {
        match self.catalog.load().as_ref() {
            Some(catalog) => catalog.searched_as(type_oid),
            None => type_oid,
        }
    }

    pub(crate) fn stored_at(&self, relation: u32, number: i16) -> Option<Vec<ColumnRef>> {
        #[cfg(any(test, feature = "testing"))]
        if self.toy {
            return super::testing::stored_at(relation, number);
        }
        self.catalog.load().as_ref()?.stored_at(relation, number)
    }

    /// Finds a text's analysis without parsing anything, by the text or the key of its shape; says whether by shape.
    pub(crate) fn find(
        &self,
        basis: Basis,
        text: &str,
        shape: Option<&str>,
    ) -> Option<(Arc<Analysis>, bool)> {
        let found = {
            let mut cache = self.lock();
            if let Some(found) = cache.find(basis, text) {
                return Some((found, false));
            }
            cache.find(basis, shape?)?
        };
        Some((self.fit(found, text), true))
    }

    /// The work of analysing a text on a big-stack thread; its result is the text and its `Arc<Analysis>`.
    pub(crate) fn inspect(self: &Arc<Self>, view: &NumberedView, text: Arc<str>) -> kit::Inspect {
        let (this, view) = (Arc::clone(self), view.clone());
        kit::Inspect {
            run: Box::new(move || {
                let analysis = this.analyse(&view, &text);
                kit::Inspected(Box::new((text, analysis)))
            }),
        }
    }

    /// Gives a view its number.
    pub(crate) fn number(&self, view: View) -> NumberedView {
        let mut cache = self.lock();
        if let Some((view, number)) = cache.views.get_key_value(&view) {
            return NumberedView {
                view: Arc::clone(view),
                number: *number,
            };
        }
        if cache.views.len() >= VIEWS_MAX {
            cache.views.clear();
        }
        let (view, number) = (Arc::new(view), self.fresh());
        cache.views.insert(Arc::clone(&view), number);
        NumberedView { view, number }
    }

    /// A number that was not used before; never 0.
    pub(crate) fn fresh(&self) -> u64 {
        self.next.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// An inspector that reads the toy language of [`super::testing`] and needs no catalog.
    #[cfg(any(test, feature = "testing"))]
    pub fn toy() -> Self {
        Self {
            toy: true,
            ..Self::default()
        }
    }

    /// Analyses a text, so that it is known from then on: for measuring what looking it up costs.
    #[cfg(any(test, feature = "testing"))]
    pub fn known<'a>(&'a self, view: View, text: &'a str) -> Known<'a> {
        let view = self.number(view);
        let analysis = self.analyse(&view, text);
        // Texts that are known by their shape are kept under it alone.
        self.lock().insert(analysis.basis, text, &analysis);
        Known {
            inspector: self,
            basis: analysis.basis,
            text,
        }
    }

    fn analyse(&self, view: &NumberedView, text: &str) -> Arc<Analysis> {
        #[cfg(any(test, feature = "testing"))]
        if self.toy {
            return self.analyse_toy(view, text);
        }
        let Some(catalog) = self.catalog() else {
            let basis = Basis {
                view: view.number,
                catalog: CatalogVersion::default(),
            };
            let message = "the target's catalog has not been read yet".to_owned();
            let syntax = None;
            return Arc::new(self.objected(basis, text, Objection { message, syntax }, None));
        };
        let basis = Basis {
            view: view.number,
            catalog: catalog.version(),
        };
        let (analysis, shaped) = match sql::inspect(text, &view.view, &catalog) {
            Ok(inspection) => self.understood(basis, text, inspection),
            Err(error) => {
                let objection = Objection {
                    message: error.message,
                    syntax: error.syntax,
                };
                let redacted = Some(error.text_redacted);
                (self.objected(basis, text, objection, redacted), false)
            }
        };
        let analysis = Arc::new(analysis);
        let mut cache = self.lock();
        let mut shape = String::new();
        if shaped && put_shape_key(text, &mut shape) {
            cache.insert(basis, &shape, &analysis);
        } else {
            cache.insert(basis, text, &analysis);
        }
        analysis
    }

    #[cfg(any(test, feature = "testing"))]
    fn analyse_toy(&self, view: &NumberedView, text: &str) -> Arc<Analysis> {
        let basis = Basis {
            view: view.number,
            catalog: self.version().unwrap_or_default(),
        };
        Arc::new(match super::testing::inspect(text) {
            Ok(inspection) => self.understood(basis, text, inspection).0,
            Err(message) => {
                let syntax = Some(sql::SyntaxError {
                    message: message.clone(),
                    place: None,
                });
                let objection = Objection { message, syntax };
                self.objected(basis, text, objection, Some(String::new()))
            }
        })
    }

    fn understood(&self, basis: Basis, text: &str, found: sql::Inspection) -> (Analysis, bool) {
        let refused = found.statements.iter().find_map(|s| s.refused.clone());
        let shaped = found.shape_safe && found.statements.len() == 1 && refused.is_none();
        let quiet = found.statements.iter().all(|s| is_quiet(&s.session));
        let (mut statements, mut changes) = (Vec::new(), Vec::new());
        for inspected in found.statements {
            statements.push(inspected.statement);
            if !quiet {
                changes.push(inspected.session);
            }
        }
        let analysis = Analysis {
            key: self.fresh(),
            basis,
            statements: statements.into(),
            changes: changes.into(),
            objection: refused.map(|message| Objection {
                message,
                syntax: None,
            }),
            text_redacted: found.text_redacted.map(Arc::from),
            text_bytes: text.len(),
        };
        (analysis, shaped)
    }

    fn objected(
        &self,
        basis: Basis,
        text: &str,
        objection: Objection,
        redacted: Option<String>,
    ) -> Analysis {
        Analysis {
            key: self.fresh(),
            basis,
            statements: Arc::from([]),
            changes: Arc::from([]),
            objection: Some(objection),
            text_redacted: Some(redacted.unwrap_or_else(|| sql::redact(text)).into()),
            text_bytes: text.len(),
        }
    }

    /// An analysis found by shape, with its one statement's place moved to where it stands in this text.
    fn fit(&self, found: Arc<Analysis>, text: &str) -> Arc<Analysis> {
        if found.text_bytes == text.len() {
            return found;
        }
        let behind = |end: usize| found.text_bytes.saturating_sub(end);
        let statements = found.statements.iter().cloned().map(|mut statement| {
            let end = text.len().saturating_sub(behind(statement.range.end));
            statement.range.end = end.max(statement.range.start);
            statement
        });
        Arc::new(Analysis {
            key: found.key,
            basis: found.basis,
            statements: statements.collect(),
            changes: Arc::clone(&found.changes),
            objection: found.objection.clone(),
            text_redacted: found.text_redacted.clone(),
            text_bytes: text.len(),
        })
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Cache> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A text whose analysis is kept.
#[cfg(any(test, feature = "testing"))]
#[derive(Debug)]
pub struct Known<'a> {
    inspector: &'a Inspector,
    basis: Basis,
    text: &'a str,
}

#[cfg(any(test, feature = "testing"))]
impl Known<'_> {
    /// Whether it is found by its text.
    pub fn by_text(&self) -> bool {
        self.inspector.find(self.basis, self.text, None).is_some()
    }

    /// Whether it is found by its shape, which is computed anew.
    pub fn by_shape(&self) -> bool {
        let mut shape = String::new();
        let has_shape = put_shape_key(self.text, &mut shape);
        has_shape && self.inspector.find(self.basis, "", Some(&shape)).is_some()
    }
}

fn is_quiet(change: &SessionChange) -> bool {
    matches!(change.step, Step::None) && !change.state_moved && !change.catalog_changed
}

/// Writes the key of a text's shape; `false` when it has none. It begins with a byte that no text may hold, so that
/// texts and shapes share one map.
pub(crate) fn put_shape_key(text: &str, key: &mut String) -> bool {
    key.clear();
    key.push('\0');
    sql::put_shape(text, key)
}
