//! The walk over one statement's tree: collects effects, uses and lineage.
//!
//! Deny by default: a node kind that has no arm of its own becomes an `unanalysed` effect. Knows no policy.

mod alter;
mod attached;
mod body;
mod built;
mod call;
mod choice;
mod datatype;
mod ddl;
mod expression;
mod family;
mod from;
mod frozen;
mod given;
mod held;
mod json;
mod naming;
mod node;
mod plpgsql;
mod query;
mod reach;
mod relation;
mod rename;
mod routine;
mod scope;
mod session;
mod store;
mod taking;
mod total;
mod unasked;
mod utility;
mod write;
mod xml;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;
use std::sync::Arc;

use model::{ColumnRef, ColumnUse, Effect, Object, Projection, Projections, Usage, Verb};

use crate::catalog::{Catalog, Locals, Relation, RelationId, closure};
use crate::inspection::SessionChange;
use crate::state::View;

pub(crate) use attached::Attached;
pub(crate) use datatype::{routine_effects, type_effects};
pub(crate) use given::Literals;
pub(crate) use node::{boxed, inner, kind_of, string, strings};
pub(crate) use relation::Opened;
use scope::{Kind, Source, Value};
use total::oid;
pub(crate) use write::Target;

/// The kind of what an `unanalysed` effect names when the catalog holds no such relation.
pub const UNRESOLVED_RELATION: &str = "unresolved relation";
/// The same for one in a schema whose relations are not read: it may well be there.
const UNREAD_RELATION: &str = "relation of a schema that is not read";
/// Levels of nesting that the walk follows.
const DEPTH_MAX: usize = 10_000;
/// Bytes of stack that the walk itself may use; the rest of [`crate::STACK_BYTES`] is for the parser's tree.
const WALK_STACK_BYTES: usize = 24 * 1024 * 1024;
/// Nodes that one text may make the walk visit, views opened and recursion repeated included.
const STEPS_MAX: usize = 2_000_000;
/// Views within views.
const NESTING_MAX: usize = 32;

/// Why the walk stopped.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Halt {
    /// Nested too deeply.
    Deep,
    /// Too many nodes.
    Long,
}

pub(crate) type Walk<T> = Result<T, Halt>;

/// Where in a statement something is used, for reasons.
pub(crate) type Place = Cow<'static, str>;

/// What is collected while one statement is walked.
pub(crate) struct Analysis<'a> {
    pub(crate) catalog: &'a Catalog,
    pub(crate) view: &'a View,
    /// The session's own, which what the server tells it of its own definitions is written for.
    home: &'a View,
    /// The session's own relations.
    pub(crate) locals: &'a Locals,
    sources: Vec<(RelationId, usize)>,
    source_ids: HashMap<(RelationId, usize), Source>,
    effects: BTreeMap<(Verb, Object), BTreeSet<String>>,
    uses: BTreeMap<(Source, Usage), Place>,
    /// Columns whose values go as they are to another one.
    copies: BTreeSet<(Source, Source)>,
    /// The clause being walked.
    place: &'static str,
    /// Columns that count as read though nothing comes of their values.
    pub(crate) planned: BTreeSet<Source>,
    /// Uses of statements that this one keeps for later.
    pub(crate) kept_uses: Vec<ColumnUse>,
    /// What these are given.
    pub(crate) kept_given: Vec<model::Assignment>,
    /// How names resolve in the texts of functions that run now; `None` where that is not known.
    runtime: Option<&'a View>,
    /// Views being opened, outermost first.
    opening: Vec<RelationId>,
    /// Functions whose bodies are being walked, by OID, outermost first.
    calling: Vec<u32>,
    /// What is walked was written by whoever made it, and what may fail in it is answered for by whoever takes it.
    lenient: bool,
    /// Bodies found so far, by function and path.
    bodies: HashMap<(u32, Vec<String>), Arc<Opened>>,
    /// The parameters of the body being walked.
    parameters: Option<Rc<body::Parameters>>,
    /// The variables of the body being walked, in PL/pgSQL.
    pub(crate) variables: Option<Rc<plpgsql::Names>>,
    /// Types of the user's own making that values may be of.
    seen_types: BTreeSet<u32>,
    /// The body reads the text of an error.
    tells_errors: bool,
    /// Columns of the row that fires the trigger being walked.
    row_sources: BTreeSet<Source>,
    /// Uses of such rows, which need no right to read them.
    row_uses: BTreeMap<((RelationId, usize), Usage), Place>,
    /// Copies of their columns, from and into.
    row_copies: BTreeSet<((RelationId, usize), (RelationId, usize))>,
    /// Triggers being walked, outermost first.
    firing: Vec<(u32, RelationId, plpgsql::Fired)>,
    /// A trigger was left out because it is being walked further out.
    cut: bool,
    /// The outermost of what is being opened whose expressions were left out, because they are gathered there.
    lacking: Option<usize>,
    /// Functions that run though nobody called them, by OID.
    unasked: BTreeSet<u32>,
    /// Why bodies were not followed.
    pub(crate) notes: BTreeSet<String>,
    /// Which schemas of the path are searched is not sure.
    unsure_path: bool,
    /// A body was followed whose names the session's path decides.
    pub(crate) by_path: bool,
    /// A function's body was followed.
    pub(crate) follows: bool,
    /// The statement itself moves the session's path.
    pub(crate) moves_path: bool,
    /// Code runs whose body was not read, beside what is unanalysed of the statement itself.
    pub(crate) unread: bool,
    depth: usize,
    /// Where the stack stood when the walk began.
    stack_base: usize,
    steps: usize,
    /// See [`crate::Inspection::shape_safe`].
    pub(crate) shape_safe: bool,
    pub(crate) session: SessionChange,
    pub(crate) refused: Option<String>,
    /// What `name` is in every row of the query being walked, where that query is over `pg_settings`.
    pub(crate) row_setting: Option<String>,
    pub(crate) has_where: bool,
    /// A function, operator or type was looked up.
    pub(crate) named_something: bool,
    /// All that it does is to make types whose names and schemas it says itself.
    pub(crate) says_all: bool,
    /// It makes or drops types that nothing depends on, and nothing else.
    pub(crate) types_alone: bool,
    /// It is an ALTER TABLE after which others of the kind may stand.
    pub(crate) quiet_alter: bool,
    /// What is walked stands in the text that the client sent, as no view, body or default does.
    pub(crate) own_text: bool,
    /// The literals of that text.
    pub(crate) text: Option<&'a Literals<'a>>,
    /// Columns that get other names.
    pub(crate) renamed: Vec<rename::Renamed>,
    /// What columns are given.
    pub(crate) taken: Vec<given::Taken>,
    /// The literals of a block of code that the client sent, where that is what is walked.
    pub(crate) said: Option<std::cell::RefCell<Vec<Rc<str>>>>,
    /// What a statement that is run by name is given.
    pub(crate) passed: Vec<Vec<given::Way>>,
}

/// One statement's columns, by name and value.
pub(crate) type Row = Vec<(String, Value)>;

/// What a statement answers with.
pub(crate) enum Answer {
    /// No rows.
    Nothing,
    /// Rows that carry no stored value.
    Plain,
    /// These columns.
    Row(Row),
    /// The rows of a named statement or portal.
    Named(String),
    /// Rows that could not be followed.
    Unknown,
}

impl<'a> Analysis<'a> {
    pub(crate) fn new(catalog: &'a Catalog, view: &'a View, locals: &'a Locals) -> Self {
        Self {
            catalog,
            view,
            home: view,
            locals,
            sources: Vec::new(),
            source_ids: HashMap::new(),
            effects: BTreeMap::new(),
            uses: BTreeMap::new(),
            copies: BTreeSet::new(),
            place: "",
            planned: BTreeSet::new(),
            kept_uses: Vec::new(),
            kept_given: Vec::new(),
            runtime: Some(view),
            opening: Vec::new(),
            calling: Vec::new(),
            lenient: false,
            bodies: HashMap::new(),
            parameters: None,
            variables: None,
            seen_types: BTreeSet::new(),
            tells_errors: false,
            row_sources: BTreeSet::new(),
            row_uses: BTreeMap::new(),
            row_copies: BTreeSet::new(),
            firing: Vec::new(),
            cut: false,
            lacking: None,
            unasked: BTreeSet::new(),
            notes: BTreeSet::new(),
            unsure_path: false,
            by_path: false,
            follows: false,
            moves_path: false,
            unread: false,
            depth: 0,
            stack_base: stack_place(),
            steps: 0,
            shape_safe: true,
            session: SessionChange::default(),
            refused: None,
            row_setting: None,
            has_where: true,
            named_something: false,
            says_all: false,
            types_alone: false,
            quiet_alter: false,
            own_text: true,
            text: None,
            renamed: Vec::new(),
            taken: Vec::new(),
            said: None,
            passed: Vec::new(),
        }
    }

    /// Counts one node and one level; pair with [`Self::leave`].
    pub(crate) fn enter(&mut self, weight: usize) -> Walk<()> {
        self.depth += weight;
        self.steps += 1;
        let used = self.stack_base.abs_diff(stack_place());
        if self.depth > DEPTH_MAX || used > WALK_STACK_BYTES {
            return Err(Halt::Deep);
        }
        self.within_bounds()
    }

    /// Whether what was counted so far is not too much.
    pub(crate) fn within_bounds(&self) -> Walk<()> {
        match self.steps > STEPS_MAX {
            true => Err(Halt::Long),
            false => Ok(()),
        }
    }

    pub(crate) fn leave(&mut self, weight: usize) {
        self.depth = self.depth.saturating_sub(weight);
    }

    pub(crate) fn effect(&mut self, verb: Verb, object: Object) {
        self.effects.entry((verb, object)).or_default();
    }

    pub(crate) fn effect_on(&mut self, verb: Verb, object: Object, column: &str) {
        let columns = self.effects.entry((verb, object)).or_default();
        columns.insert(column.to_owned());
    }

    pub(crate) fn merge(&mut self, effect: &Effect) {
        let key = (effect.verb, effect.object.clone());
        let columns = self.effects.entry(key).or_default();
        columns.extend(effect.columns.iter().cloned());
    }

    /// Whether anything was resolved by name: such a statement depends on the session's state.
    pub(crate) fn names_something(&self) -> bool {
        self.named_something || !self.effects.is_empty() || !self.sources.is_empty()
    }

    /// Reports what could not be proven; `kind` says why, `name` what.
    pub(crate) fn unknown(&mut self, kind: &str, name: &str) {
        // Columns cannot be known where the relation is not: one reason is enough.
        let follows = matches!(kind, "unresolved column" | "columns that are not known");
        if follows && self.misses_relation() {
            return;
        }
        self.effect(
            Verb::Unanalysed,
            Object::Other {
                kind: kind.to_owned(),
                name: name.to_owned(),
            },
        );
    }

    /// Whether anything of it could not be proven.
    pub(crate) fn is_unproven(&self) -> bool {
        let mut verbs = self.effects.keys().map(|(verb, _)| *verb);
        verbs.any(|verb| verb == Verb::Unanalysed)
    }

    fn misses_relation(&self) -> bool {
        let missing = |object: &Object| matches!(object, Object::Other { kind, .. } if kind == UNRESOLVED_RELATION || kind == UNREAD_RELATION);
        self.effects
            .keys()
            .any(|(verb, object)| *verb == Verb::Unanalysed && missing(object))
    }

    pub(crate) fn relation(&self, id: RelationId) -> Option<&'a Relation> {
        self.locals.seen(self.catalog, id)
    }

    /// Whether a relation is known as the session itself sees it.
    pub(crate) fn is_local(&self, id: RelationId) -> bool {
        self.locals.get(id).is_some()
    }

    /// The numbers of all relations, some of which mean nothing.
    pub(crate) fn relation_ids(&self) -> std::ops::Range<RelationId> {
        0..self.catalog.relations.len() + self.locals.len()
    }

    pub(crate) fn source(&mut self, relation: RelationId, column: usize) -> Source {
        let next = u32::try_from(self.sources.len()).unwrap_or(u32::MAX);
        let sources = &mut self.sources;
        *self
            .source_ids
            .entry((relation, column))
            .or_insert_with(|| {
                sources.push((relation, column));
                next
            })
    }

    fn place(&self, source: Source) -> Option<(RelationId, usize)> {
        self.sources.get(usize::try_from(source).ok()?).copied()
    }

    /// Records a use of everything that reaches `value`.
    pub(crate) fn use_value(&mut self, value: &Value, usage: Usage) {
        self.use_at(value, usage, self.place);
    }

    /// Records a use at a place of its own; of several the first is kept.
    pub(crate) fn use_at(&mut self, value: &Value, usage: Usage, place: impl Into<Place>) {
        let place = place.into();
        for source in &value.sources {
            let kept = self.uses.entry((*source, usage));
            kept.or_insert_with(|| place.clone());
        }
    }

    /// Walks one clause: what is used in it is said to be used there.
    pub(crate) fn at<T>(
        &mut self,
        place: &'static str,
        walk: impl FnOnce(&mut Self) -> Walk<T>,
    ) -> Walk<T> {
        let outer = std::mem::replace(&mut self.place, place);
        let walked = walk(self)?;
        self.place = outer;
        Ok(walked)
    }

    /// Records equality: of a column as it is, it is a comparison; of anything computed, a predicate.
    pub(crate) fn compare(&mut self, value: &Value) {
        self.use_equal(value, self.place);
    }

    /// As [`Self::compare`], at a place of its own.
    pub(crate) fn use_equal(&mut self, value: &Value, place: impl Into<Place>) {
        let usage = match value.kind {
            Kind::Derived => Usage::Predicate,
            Kind::Direct | Kind::Free if value.mixed => Usage::Predicate,
            Kind::Direct | Kind::Free => Usage::Compared,
        };
        self.use_at(value, usage, place);
    }

    /// The relation and everything below it that a read or write of it reaches.
    pub(crate) fn descendants(&self, id: RelationId) -> Vec<RelationId> {
        closure(id, |id| {
            let found = self.relation(id).map(|found| &found.children);
            found.into_iter().flatten().copied()
        })
    }

    /// Stored columns behind a source: the column itself, and the same column of all tables that share its rows (a
    /// label may stand on any of them, and on a view's column too: what lies under it is a source of its own).
    pub(crate) fn stored(&self, source: Source) -> Vec<ColumnRef> {
        let Some((id, at)) = self.place(source) else {
            return Vec::new();
        };
        let Some(relation) = self.relation(id) else {
            return Vec::new();
        };
        let Some(column) = relation.columns.get(at) else {
            return Vec::new();
        };
        self.names_of(&self.family(id, None), &column.name)
    }

    fn refs(&self, value: &Value) -> Vec<ColumnRef> {
        let mut refs: Vec<ColumnRef> = value
            .sources
            .iter()
            .flat_map(|source| self.stored(*source))
            .collect();
        refs.sort();
        refs.dedup();
        refs
    }

    fn projection(&self, value: &Value) -> Projection {
        let refs = self.refs(value);
        // Bounded texts are redacted to their own length, and other types to NULL.
        let whole = matches!(
            value.type_oid,
            oid::TEXT | oid::JSON | oid::JSONB | oid::XML
        );
        let holds = whole || value.type_oid == oid::VARCHAR;
        if let Some(built) = value.built.as_ref().filter(|_| holds && !refs.is_empty()) {
            return self.shaped(built, refs);
        }
        match value.kind {
            _ if refs.is_empty() => Projection::Free,
            Kind::Derived if value.telling || !whole => Projection::Withheld(refs),
            Kind::Derived => Projection::Derived(refs),
            Kind::Direct | Kind::Free => Projection::Direct(refs),
        }
    }

    /// Adds the read of a source's column to the select effects.
    fn read(&mut self, source: Source) {
        let Some((id, at)) = self.place(source) else {
            return;
        };
        let Some(column) = self
            .relation(id)
            .and_then(|relation| relation.columns.get(at))
        else {
            return;
        };
        if let Some(relation) = self.relation(id)
            && relation.is_system()
            && reach::is_sensitive_column(&relation.name, &column.name)
        {
            self.effect(Verb::Administer, object(relation));
        }
        for member in self.descendants(id) {
            if let Some(member) = self.relation(member)
                && member.column(&column.name).is_some()
            {
                self.effect_on(Verb::Select, object(member), &column.name);
            }
        }
    }

    /// Adds the read of the relations behind a value that is computed and goes nowhere: PostgreSQL asks for the right to
    /// read it all the same.
    pub(crate) fn mention(&mut self, value: &Value) {
        for source in &value.sources {
            if let Some((id, _)) = self.place(*source)
                && let Some(relation) = self.relation(id)
            {
                self.effect(Verb::Select, object(relation));
            }
        }
    }

    /// Turns what was collected into a statement's parts.
    pub(crate) fn finish(mut self, answer: &Answer) -> Finished {
        if let Answer::Row(row) = answer {
            for (_, value) in row {
                self.answer(value.clone(), "a computed column");
            }
        }
        let projections = match answer {
            Answer::Nothing | Answer::Plain => Projections::None,
            Answer::Row(row) => Projections::Columns(
                row.iter()
                    .map(|(_, value)| self.projection(value))
                    .collect(),
            ),
            Answer::Named(name) => Projections::Named(name.clone()),
            Answer::Unknown => {
                self.unknown("rows", "");
                Projections::None
            }
        };
        let mut read: BTreeSet<Source> = std::mem::take(&mut self.planned);
        if let Answer::Row(row) = answer {
            read.extend(row.iter().flat_map(|(_, value)| value.sources.iter()));
        }
        read.extend(
            self.uses
                .keys()
                .filter(|(_, usage)| *usage != Usage::Assigned)
                .map(|(source, _)| *source),
        );
        for source in read {
            self.read(source);
        }
        let mut uses: Vec<ColumnUse> = std::mem::take(&mut self.kept_uses);
        for ((source, usage), place) in &self.uses {
            uses.extend(self.stored(*source).into_iter().map(|column| ColumnUse {
                column,
                usage: *usage,
                into: Vec::new(),
                place: place.clone(),
            }));
        }
        uses.extend(self.copied());
        uses.extend(self.renamings());
        uses.extend(self.used_rows());
        uses.sort();
        uses.dedup_by(|next, kept| {
            next.column == kept.column && next.usage == kept.usage && next.into == kept.into
        });
        Finished {
            effects: self.effects(),
            projections,
            uses,
        }
    }

    fn effects(&self) -> Vec<Effect> {
        self.effects
            .iter()
            .map(|((verb, object), columns)| Effect {
                verb: *verb,
                object: object.clone(),
                columns: columns.iter().cloned().collect(),
            })
            .collect()
    }
}

/// The statement's parts.
pub(crate) struct Finished {
    pub(crate) effects: Vec<Effect>,
    pub(crate) projections: Projections,
    pub(crate) uses: Vec<ColumnUse>,
}

/// Roughly where the stack stands: the address of a local.
#[inline(never)]
fn stack_place() -> usize {
    let local = 0_u8;
    std::hint::black_box(std::ptr::from_ref(&local)).addr()
}

/// The object that a relation is.
pub(crate) fn object(relation: &Relation) -> Object {
    Object::Table {
        schema: relation.schema.clone(),
        name: relation.name.clone(),
    }
}

/// An effect's object of a kind that has no variant of its own.
pub(crate) fn other(kind: &str, name: impl Into<String>) -> Object {
    Object::Other {
        kind: kind.to_owned(),
        name: name.into(),
    }
}
