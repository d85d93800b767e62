//! The data catalog file: which columns carry which labels, how they are masked and may be used.
//!
//! Reads no file itself and asks no database: it matches names.

use globset::{GlobBuilder, GlobMatcher};
use model::{Class, Classes, MaskKind, Search};
use serde::Deserialize;
use toml::Spanned;

/// How a labelled column may be used in predicates.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum PredicateUse {
    /// Projection only.
    Opaque,
    /// Equality, IN, join, GROUP BY, DISTINCT, count.
    Comparable,
    /// Any predicate.
    Open,
}

/// What the data catalog says of one column.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Classification {
    /// The labels, sorted, without doubles.
    pub labels: Vec<String>,
    /// How it is masked: the strictest of all that match.
    pub mask: MaskKind,
    /// How it may be used: the strictest of all that match.
    pub usage: PredicateUse,
}

/// The data catalog of all resources (`data.toml`): globs over resource/database/schema/table/column.
#[derive(Clone, Debug, Default)]
pub struct DataCatalog {
    entries: Vec<Entry>,
    public: Vec<[Pattern; 5]>,
    detections: Vec<Detection>,
}

/// One `[[detect]]`.
#[derive(Clone, Debug)]
struct Detection {
    patterns: [Pattern; 5],
    search: Search,
}

/// Why `data.toml` was refused.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct DataCatalogError {
    /// What is wrong, with the entry's place.
    pub message: String,
}

impl DataCatalog {
    /// Parses `data.toml`.
    ///
    /// # Errors
    /// [`DataCatalogError`].
    pub fn parse(text: &str) -> Result<Self, DataCatalogError> {
        let file: File = toml::from_str(text).map_err(|error| DataCatalogError {
            message: error.to_string(),
        })?;
        let mut entries = Vec::with_capacity(file.label.len());
        for (index, spanned) in file.label.into_iter().enumerate() {
            let line = line_of(text, spanned.span().start);
            let entry =
                Entry::new(spanned.into_inner(), line).map_err(|problem| DataCatalogError {
                    message: format!("[[label]] number {} (line {line}): {problem}", index + 1),
                })?;
            entries.push(entry);
        }
        let mut public = Vec::with_capacity(file.public.len());
        for (index, spanned) in file.public.into_iter().enumerate() {
            let line = line_of(text, spanned.span().start);
            let raw = spanned.into_inner();
            let patterns = patterns([
                raw.resource,
                raw.database,
                raw.schema,
                raw.table,
                raw.column,
            ]);
            public.push(patterns.map_err(|problem| DataCatalogError {
                message: format!("[[public]] number {} (line {line}): {problem}", index + 1),
            })?);
        }
        let mut detections = Vec::with_capacity(file.detect.len());
        for (index, spanned) in file.detect.into_iter().enumerate() {
            let line = line_of(text, spanned.span().start);
            let detection = spanned.into_inner().read();
            detections.push(detection.map_err(|problem| DataCatalogError {
                message: format!("[[detect]] number {} (line {line}): {problem}", index + 1),
            })?);
        }
        Ok(Self {
            entries,
            public,
            detections,
        })
    }

    /// What values of one unlabelled column are searched for: all that its entries name.
    pub fn search(&self, names: [&str; 5]) -> Search {
        self.searches(&names)
    }

    /// What anything else that comes from a database is searched for: all that any of its entries names.
    pub fn search_anywhere(&self, resource: &str, database: &str) -> Search {
        self.searches(&[resource, database])
    }

    fn searches(&self, names: &[&str]) -> Search {
        let matching = self.detections.iter();
        matching
            .filter(|detection| all_match(&detection.patterns, names))
            .fold(Search::default(), |found, one| found.and(one.search))
    }

    /// Whether somebody looked at this column (resource, database, schema, table, column) and wrote down that it needs
    /// no label. Takes no label away.
    pub fn is_public(&self, names: [&str; 5]) -> bool {
        self.public
            .iter()
            .any(|patterns| all_match(patterns, &names))
    }

    /// The lines of entries that name this resource and match none of its columns (schema, table, column): left over
    /// from what was renamed or dropped.
    pub fn stale(&self, resource: &str, database: &str, columns: &[[&str; 3]]) -> Vec<usize> {
        let matches_one = |entry: &Entry| {
            let mut columns = columns.iter();
            columns.any(|[schema, table, column]| {
                entry.matches(&[resource, database, schema, table, column])
            })
        };
        let is_stale = |entry: &&Entry| {
            let is_meant = !matches!(entry.patterns.first(), Some(Pattern::Any));
            is_meant && entry.matches(&[resource, database]) && !matches_one(entry)
        };
        let stale = self.entries.iter().filter(is_stale);
        stale.map(|entry| entry.line).collect()
    }

    /// The classification of one column; `None` for an unlabelled one.
    pub fn classify(
        &self,
        resource: &str,
        database: &str,
        schema: &str,
        table: &str,
        column: &str,
    ) -> Option<Classification> {
        let names = [resource, database, schema, table, column];
        let mut found: Option<Classification> = None;
        for entry in self.entries.iter().filter(|entry| entry.matches(&names)) {
            let classification = found.get_or_insert_with(|| Classification {
                labels: Vec::new(),
                mask: entry.mask,
                usage: entry.usage,
            });
            classification.labels.push(entry.label.clone());
            classification.mask = stricter(classification.mask, entry.mask);
            classification.usage = classification.usage.min(entry.usage);
        }
        if let Some(classification) = &mut found {
            classification.labels.sort();
            classification.labels.dedup();
        }
        found
    }

    /// Whether any entry could apply in this database.
    pub fn covers(&self, resource: &str, database: &str) -> bool {
        let names = [resource, database];
        self.entries.iter().any(|entry| entry.matches(&names))
    }

    /// Whether any entry could apply to a column of this table.
    pub fn covers_table(&self, resource: &str, database: &str, schema: &str, table: &str) -> bool {
        let names = [resource, database, schema, table];
        self.entries.iter().any(|entry| entry.matches(&names))
    }

    /// All labels that the file names, sorted, without doubles.
    pub fn labels(&self) -> Vec<&str> {
        let mut labels: Vec<_> = self.entries.iter().map(|e| e.label.as_str()).collect();
        labels.sort_unstable();
        labels.dedup();
        labels
    }
}

/// The stricter of two masks, by what is left of the value: null, redact, hash, token, bucket, email, partial.
/// Of two buckets the wider; of two partials, the fewer characters at each end.
pub fn stricter(one: MaskKind, other: MaskKind) -> MaskKind {
    match (one, other) {
        (MaskKind::Bucket { width: a }, MaskKind::Bucket { width: b }) => {
            MaskKind::Bucket { width: a.max(b) }
        }
        (
            MaskKind::Partial { first, last },
            MaskKind::Partial {
                first: first_other,
                last: last_other,
            },
        ) => MaskKind::Partial {
            first: first.min(first_other),
            last: last.min(last_other),
        },
        (one, other) if rank(one) <= rank(other) => one,
        (_, other) => other,
    }
}

fn rank(kind: MaskKind) -> u8 {
    match kind {
        MaskKind::Null => 0,
        MaskKind::Redact => 1,
        MaskKind::Hash => 2,
        MaskKind::Token => 3,
        MaskKind::Bucket { .. } => 4,
        MaskKind::Email => 5,
        MaskKind::Partial { .. } => 6,
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    label: Vec<Spanned<RawEntry>>,
    #[serde(default)]
    public: Vec<Spanned<RawPublic>>,
    #[serde(default)]
    detect: Vec<Spanned<RawDetect>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawDetect {
    resource: Option<String>,
    database: Option<String>,
    schema: Option<String>,
    table: Option<String>,
    column: Option<String>,
    find: Option<Vec<String>>,
    #[serde(default)]
    hide: RawHide,
}

#[derive(Deserialize, Clone, Copy, Default)]
#[serde(rename_all = "lowercase")]
enum RawHide {
    #[default]
    Value,
    Place,
}

impl RawDetect {
    fn read(self) -> Result<Detection, String> {
        let classes = match self.find {
            None => Classes::ALL,
            Some(words) if words.is_empty() => return Err("`find` is empty".to_owned()),
            Some(words) => words.iter().try_fold(Classes::NONE, |all, word| {
                let found = Class::ALL.into_iter().find(|class| class.word() == word);
                let known = || Class::ALL.map(Class::word).join(", ");
                let class = found
                    .ok_or_else(|| format!("`find` knows no \"{word}\", but these: {}", known()))?;
                Ok::<_, String>(all.with(class))
            })?,
        };
        let (whole, place) = match self.hide {
            RawHide::Value => (classes, Classes::NONE),
            RawHide::Place => (Classes::NONE, classes),
        };
        Ok(Detection {
            patterns: patterns([
                self.resource,
                self.database,
                self.schema,
                self.table,
                self.column,
            ])?,
            search: Search { whole, place },
        })
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawPublic {
    resource: Option<String>,
    database: Option<String>,
    schema: Option<String>,
    table: Option<String>,
    column: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawEntry {
    resource: Option<String>,
    database: Option<String>,
    schema: Option<String>,
    table: Option<String>,
    column: Option<String>,
    label: String,
    mask: RawMask,
    #[serde(rename = "use", default)]
    usage: RawUse,
    first: Option<u8>,
    last: Option<u8>,
    width: Option<u32>,
}

#[derive(Deserialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum RawMask {
    Null,
    Redact,
    Partial,
    Email,
    Hash,
    Token,
    Bucket,
}

#[derive(Deserialize, Clone, Copy, Default)]
#[serde(rename_all = "lowercase")]
enum RawUse {
    Opaque,
    #[default]
    Comparable,
    Open,
}

/// One `[[label]]`.
#[derive(Clone, Debug)]
struct Entry {
    /// Resource, database, schema, table, column.
    patterns: [Pattern; 5],
    label: String,
    mask: MaskKind,
    usage: PredicateUse,
    /// Where it stands in the file.
    line: usize,
}

impl Entry {
    fn new(raw: RawEntry, line: usize) -> Result<Self, String> {
        let legal = |c: char| !c.is_whitespace() && !c.is_control();
        if raw.label.is_empty() || !raw.label.chars().all(legal) {
            return Err("`label` must be a name without spaces".to_owned());
        }
        let mask = mask_kind(&raw)?;
        Ok(Self {
            patterns: patterns([
                raw.resource,
                raw.database,
                raw.schema,
                raw.table,
                raw.column,
            ])?,
            line,
            label: raw.label,
            mask,
            usage: match raw.usage {
                RawUse::Opaque => PredicateUse::Opaque,
                RawUse::Comparable => PredicateUse::Comparable,
                RawUse::Open => PredicateUse::Open,
            },
        })
    }

    /// Whether the first patterns match these names.
    fn matches(&self, names: &[&str]) -> bool {
        all_match(&self.patterns, names)
    }
}

/// The patterns for resource, database, schema, table, column.
fn patterns(texts: [Option<String>; 5]) -> Result<[Pattern; 5], String> {
    let [resource, database, schema, table, column] = texts;
    Ok([
        Pattern::new("resource", resource)?,
        Pattern::new("database", database)?,
        Pattern::new("schema", schema)?,
        Pattern::new("table", table)?,
        Pattern::new("column", column)?,
    ])
}

fn all_match(patterns: &[Pattern; 5], names: &[&str]) -> bool {
    let pairs = patterns.iter().zip(names);
    // The column is the most selective: look at it first.
    pairs.rev().all(|(pattern, name)| pattern.matches(name))
}

/// A name as a pattern that matches it alone.
pub fn quoted(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for letter in name.chars() {
        if "*?[]{}\\".contains(letter) {
            out.push('\\');
        }
        out.push(letter);
    }
    out
}

fn mask_kind(raw: &RawEntry) -> Result<MaskKind, String> {
    if raw.mask != RawMask::Partial && (raw.first.is_some() || raw.last.is_some()) {
        return Err("`first` and `last` belong to `mask = \"partial\"`".to_owned());
    }
    if raw.mask != RawMask::Bucket && raw.width.is_some() {
        return Err("`width` belongs to `mask = \"bucket\"`".to_owned());
    }
    Ok(match raw.mask {
        RawMask::Null => MaskKind::Null,
        RawMask::Redact => MaskKind::Redact,
        RawMask::Email => MaskKind::Email,
        RawMask::Hash => MaskKind::Hash,
        RawMask::Token => MaskKind::Token,
        RawMask::Partial => MaskKind::Partial {
            first: raw.first.unwrap_or(0),
            last: raw.last.unwrap_or(0),
        },
        RawMask::Bucket => match raw.width {
            Some(width) if width > 0 => MaskKind::Bucket { width },
            Some(_) => return Err("`width` must be at least 1".to_owned()),
            None => return Err("`mask = \"bucket\"` needs a `width`".to_owned()),
        },
    })
}

/// One name or glob. Names are compared as PostgreSQL stores them, case and all.
#[derive(Clone, Debug)]
enum Pattern {
    Any,
    Exact(String),
    Glob(GlobMatcher),
}

impl Pattern {
    fn new(field: &str, text: Option<String>) -> Result<Self, String> {
        let Some(text) = text.filter(|text| text != "*") else {
            return Ok(Self::Any);
        };
        if text.is_empty() {
            return Err(format!("`{field}` is empty and would match nothing"));
        }
        if !text.contains(['*', '?', '[', ']', '{', '}', '\\']) {
            return Ok(Self::Exact(text));
        }
        // `/` is a letter like any other in a name, and `\` always quotes, on every platform.
        let glob = GlobBuilder::new(&text)
            .literal_separator(false)
            .backslash_escape(true)
            .build()
            .map_err(|error| format!("`{field}`: {error}"))?;
        Ok(Self::Glob(glob.compile_matcher()))
    }

    fn matches(&self, name: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Exact(exact) => exact == name,
            Self::Glob(glob) => glob.is_match(name),
        }
    }
}

fn line_of(text: &str, offset: usize) -> usize {
    let before = text.get(..offset).unwrap_or(text);
    before.matches('\n').count() + 1
}
