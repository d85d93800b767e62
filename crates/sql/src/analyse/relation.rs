//! Relations by name, and views opened to what lies under them.

use std::sync::Arc;

use model::{Effect, Usage, Verb};
use pg_query::NodeEnum;
use pg_query::protobuf::RangeVar;

use super::given::Passed;
use super::held::Held;
use super::scope::{Kind, Scope, Value};
use super::total::oid;
use super::{
    Analysis, NESTING_MAX, Row, UNREAD_RELATION, UNRESOLVED_RELATION, Walk, object, reach,
};
use crate::catalog::{Relation, RelationId};
use crate::state::View;

/// What lies under a view, free of any one analysis.
#[derive(Debug, Default)]
pub(crate) struct Opened {
    pub(crate) effects: Vec<Effect>,
    /// Functions that run in it though nobody called them.
    pub(crate) unasked: Vec<u32>,
    uses: Vec<((RelationId, usize), Usage)>,
    columns: Vec<Under>,
    /// Columns that it reads though nothing may come of their values.
    read: Vec<(RelationId, usize)>,
    /// See [`model::Statement::has_where`].
    no_where: bool,
    /// Part of it could not be followed.
    pub(crate) unknown: bool,
    /// Uses and copies of the row that fires a trigger.
    row_uses: Vec<((RelationId, usize), Usage)>,
    row_copies: Vec<((RelationId, usize), (RelationId, usize))>,
    /// Columns that take what its caller gives.
    pub(crate) passed: Vec<Passed>,
    /// Literals of it that the client said.
    pub(crate) said: Vec<Arc<str>>,
    /// Why it could not be followed, where that is known.
    pub(crate) reason: Option<String>,
    /// A function's body was followed in it.
    follows: bool,
    /// Code runs in it that was not read.
    pub(crate) unread: bool,
    /// What it does depends on the session's path.
    pub(crate) by_path: bool,
}

impl Opened {
    /// What cannot be followed, anywhere.
    pub(crate) fn unknown() -> Self {
        Self {
            unknown: true,
            by_path: true,
            ..Self::default()
        }
    }

    /// As [`Self::unknown`], and why.
    pub(crate) fn because(reason: &str) -> Self {
        Self {
            reason: Some(reason.to_owned()),
            ..Self::unknown()
        }
    }

    /// Adds what something else does, which gives no columns.
    pub(crate) fn add(&mut self, other: &mut Self) {
        self.effects.append(&mut other.effects);
        self.unasked.append(&mut other.unasked);
        self.uses.append(&mut other.uses);
        self.read.append(&mut other.read);
        self.row_uses.append(&mut other.row_uses);
        self.row_copies.append(&mut other.row_copies);
        self.no_where |= other.no_where;
        self.unknown |= other.unknown;
        self.follows |= other.follows;
        self.by_path |= other.by_path;
        self.reason = self.reason.take().or(other.reason.take());
    }

    /// What reaches each of its columns, and whether it does so as it is.
    pub(crate) fn carried(&self) -> impl Iterator<Item = (&[(RelationId, usize)], bool)> {
        self.columns.iter().map(|column| {
            let whole = column.kind == Kind::Direct && !column.mixed;
            (column.sources.as_slice(), whole)
        })
    }

    /// How many columns it has.
    pub(crate) fn width(&self) -> usize {
        self.columns.len()
    }
}

/// One column of a view by what lies under it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Under {
    pub(crate) kind: Kind,
    pub(crate) mixed: bool,
    pub(crate) telling: bool,
    pub(crate) risks: Vec<(RelationId, usize)>,
    pub(crate) type_oid: u32,
    pub(crate) sources: Vec<(RelationId, usize)>,
    /// What it is built of.
    pub(crate) held: Option<Arc<Held>>,
}

/// Effects of the expressions attached to a relation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Touch {
    Read,
    Write,
}

impl<'a> Analysis<'a> {
    /// The relation that a name means in this session.
    pub(crate) fn resolve(&self, schema: Option<&str>, name: &str) -> Option<RelationId> {
        let temporary = self.view.temporary_schema();
        match schema {
            Some("pg_temp") => self.relation_in(temporary?, name),
            Some(schema) => self.relation_in(schema, name),
            None => {
                let path = &self.view.search_path;
                // A path that does not list the temporary schema is searched after it.
                let implied = temporary.filter(|own| !path.iter().any(|listed| listed == own));
                implied
                    .into_iter()
                    .chain(path.iter().map(String::as_str))
                    .find_map(|schema| self.relation_in(schema, name))
            }
        }
    }

    /// Whether several schemas of the path hold a relation of this name.
    fn means_several(&self, name: &str) -> bool {
        let path = self.view.search_path.iter();
        let holding = path.filter(|schema| self.relation_in(schema, name).is_some());
        holding.count() > 1
    }

    pub(crate) fn relation_in(&self, schema: &str, name: &str) -> Option<RelationId> {
        let mut own = self.locals.iter();
        let own = own.find(|(_, own)| own.schema == schema && own.name == name);
        if let Some((id, _)) = own {
            return Some(id);
        }
        let found = self.catalog.relations_by_name.get(name)?.iter().copied();
        found.into_iter().find(|id| {
            self.catalog
                .relations
                .get(*id)
                .is_some_and(|relation| relation.schema == schema && self.is_present(relation))
        })
    }

    /// Whether the session still sees this relation of the catalog under this name.
    fn is_present(&self, relation: &Relation) -> bool {
        let overlay = &self.view.overlay;
        let seen = overlay.present.as_ref().is_none_or(|present| {
            relation.is_system() || present.binary_search(&relation.oid).is_ok()
        });
        seen && !self.locals.iter().any(|(_, own)| own.oid == relation.oid)
    }

    /// Resolves a name; reports it and says `None` when nothing is known of it.
    pub(crate) fn resolve_range(&mut self, range: &RangeVar) -> Option<RelationId> {
        let schema = Some(range.schemaname.as_str()).filter(|schema| !schema.is_empty());
        let foreign = !range.catalogname.is_empty() && range.catalogname != self.catalog.database;
        let found = if foreign {
            None
        } else {
            self.resolve(schema, &range.relname)
        };
        if found.is_none() {
            self.unknown(self.why_unresolved(schema), &range_name(range));
        }
        if self.unsure_path && schema.is_none() && self.means_several(&range.relname) {
            self.unknown("relation that may be another", &range_name(range));
        }
        found
    }

    /// Toast tables and the temporary ones of other sessions are left out of the catalog.
    fn why_unresolved(&self, schema: Option<&str>) -> &'static str {
        let own = self.view.temporary_schema();
        let is_unread = |schema: &str| {
            let temporary = schema.starts_with("pg_temp_") && own != Some(schema);
            temporary || schema.starts_with("pg_toast")
        };
        let path = self.view.search_path.iter().map(String::as_str);
        match schema.map_or_else(|| path.clone().any(is_unread), is_unread) {
            true => UNREAD_RELATION,
            false => UNRESOLVED_RELATION,
        }
    }

    /// Reads a relation: effects on it and on what lies under it, and its columns.
    pub(crate) fn read_relation(&mut self, id: RelationId) -> Walk<Row> {
        let Some(relation) = self.relation(id) else {
            return Ok(Row::new());
        };
        for member in self.descendants(id) {
            if let Some(member) = self.relation(member) {
                self.effect(Verb::Select, object(member));
            }
            self.attached(member, Touch::Read)?;
        }
        if relation.is_system() && reach::is_sensitive_relation(&relation.name) {
            self.effect(Verb::Administer, object(relation));
        }
        if relation.unknown_parts {
            self.unknown("relation changed in this transaction", &relation.name);
        }
        // System views are taken as they are.
        if relation.definition.is_some() && !relation.is_system() {
            return self.open(id, relation);
        }
        if matches!(relation.kind, b'v' | b'm') && !relation.is_system() {
            self.unknown("view without a definition", &relation.name);
        }
        Ok(self.own_columns(id, relation))
    }

    /// A relation's columns, without any effect. A generated column is computed from those that it names.
    pub(crate) fn own_columns(&mut self, id: RelationId, relation: &Relation) -> Row {
        let mut row = self.base_columns(id, relation);
        for (name, text) in relation.generated() {
            let under = self.generated_from(id, relation, text);
            if let Some((_, value)) = row.iter_mut().find(|(column, _)| column == name) {
                let type_oid = value.type_oid;
                *value = Value::derived([&*value, &under], type_oid);
                // Stored, it was computed by whoever wrote it.
                if self.catalog.server_version < 180_000 {
                    value.risks.clear();
                }
                value.telling = true;
                value.steady = true;
            }
        }
        row
    }

    /// Where a generated column's value comes from; from the whole row where its expression cannot be followed.
    pub(crate) fn generated_from(
        &mut self,
        id: RelationId,
        relation: &Relation,
        text: &str,
    ) -> Value {
        let qualified = View {
            search_path: vec!["pg_catalog".to_owned()],
            ..View::default()
        };
        let parsed = pg_query::parse(&format!("SELECT {text}"), 0);
        let statement = parsed.as_ref().ok().and_then(|parsed| {
            let raw = parsed.protobuf.stmts.first()?;
            super::boxed(raw.stmt.as_ref())
        });
        let local = self.is_local(id);
        let view = if local { self.home } else { &qualified };
        let mut within = self.beneath(view, None);
        within.opening.push(id);
        within.lenient = true;
        let columns = within.base_columns(id, relation);
        let scope = Scope {
            rels: vec![super::from::stored_rel(&relation.name, columns.clone(), id)],
            ..Scope::default()
        };
        let row = match statement {
            Some(NodeEnum::SelectStmt(select)) => within.select(select, &scope).unwrap_or(columns),
            _ => columns,
        };
        self.above(&mut within);
        let mut value = Value::derived(row.iter().map(|(_, value)| value), 0);
        for all in [&mut value.sources, &mut value.risks] {
            let places: Vec<_> = all.iter().filter_map(|at| within.place(*at)).collect();
            *all = self.sources_from(&places);
        }
        value
    }

    /// A relation's columns as stored.
    pub(crate) fn base_columns(&mut self, id: RelationId, relation: &Relation) -> Row {
        for column in &relation.columns {
            self.sees_type(column.type_oid);
        }
        relation
            .columns
            .iter()
            .enumerate()
            .map(|(at, column)| {
                let value = Value {
                    kind: Kind::Direct,
                    sources: vec![self.source(id, at)],
                    steady: true,
                    ..Value::free(column.type_oid)
                };
                (column.name.clone(), value)
            })
            .collect()
    }

    fn open(&mut self, id: RelationId, relation: &'a Relation) -> Walk<Row> {
        let kept = relation.opened.get().filter(|_| self.is_pristine());
        let before = self.lacking.take();
        let opened = match kept {
            Some(opened) => Arc::clone(opened),
            None => {
                if self.opening.contains(&id) || self.opening.len() >= NESTING_MAX {
                    self.lacks(0);
                    self.unknown("view within itself", &relation.name);
                    return Ok(Row::new());
                }
                Arc::new(self.look_under(id, relation)?)
            }
        };
        let whole = self.is_whole(before);
        if self.is_pristine() && !opened.by_path && !self.cut && whole {
            // Another thread may have been faster; both say the same.
            let _lost = relation.opened.set(Arc::clone(&opened));
        }
        self.by_path |= opened.by_path;
        self.charge(&opened, "the query of a view");
        for column in &relation.columns {
            self.sees_type(column.type_oid);
        }
        let mut row = Row::with_capacity(relation.columns.len());
        for (at, column) in relation.columns.iter().enumerate() {
            let mut value = Value {
                sources: vec![self.source(id, at)],
                ..Value::free(column.type_oid)
            };
            if let Some(under) = opened.columns.get(at) {
                value.kind = under.kind;
                value.mixed = under.mixed;
                value.telling = under.telling;
                let made_before = relation.kind == b'm';
                if !under.risks.is_empty() && !made_before {
                    // A label may stand on the view's own column.
                    value.risks = self.sources_from(&under.risks);
                    value.risk(value.sources.clone());
                }
                value.steady = under.kind == Kind::Direct;
                // What was made under other names is not known by those of now.
                let held = under.held.as_deref();
                let held = held.filter(|held| held.is_fixed() || !made_before);
                let is_json = matches!(column.type_oid, oid::JSON | oid::JSONB)
                    || under.type_oid == column.type_oid;
                if let Some(held) = held.filter(|_| is_json) {
                    let own = self.source(id, at);
                    value.built = self.built_from(held, own);
                }
                for (relation, at) in &under.sources {
                    let source = self.source(*relation, *at);
                    value.sources.push(source);
                }
            }
            value.sources.sort_unstable();
            value.sources.dedup();
            row.push((column.name.clone(), value));
        }
        if opened.unknown || opened.columns.len() != relation.columns.len() {
            self.unknown("view that could not be followed", &relation.name);
        }
        Ok(row)
    }

    /// Counts what lies under something as done by whoever opens it.
    fn charge(&mut self, opened: &Opened, place: &str) {
        for effect in &opened.effects {
            self.merge(effect);
        }
        for ((under, at), usage) in &opened.uses {
            let source = self.source(*under, *at);
            let kept = self.uses.entry((source, *usage));
            kept.or_insert_with(|| super::Place::Owned(place.to_owned()));
        }
        for (used, usage) in &opened.row_uses {
            let kept = self.row_uses.entry((*used, *usage));
            kept.or_insert_with(|| super::Place::Owned(place.to_owned()));
        }
        self.row_copies.extend(&opened.row_copies);
        self.unasked.extend(&opened.unasked);
        for (under, at) in &opened.read {
            let source = self.source(*under, *at);
            self.planned.insert(source);
        }
        self.has_where &= !opened.no_where;
        self.follows |= opened.follows;
        self.unread |= opened.unread;
    }

    /// As [`Self::charge`], and gives the columns of what was opened.
    pub(crate) fn take_in(&mut self, opened: &Opened, place: &str) -> Vec<Value> {
        self.charge(opened, place);
        let columns = opened.columns.iter();
        columns.map(|under| self.value_from(under)).collect()
    }

    /// Analyses a view's query by itself. A catalog's definitions come fully qualified; a session's own are
    /// written for the session's path.
    pub(crate) fn look_under(&mut self, id: RelationId, relation: &'a Relation) -> Walk<Opened> {
        let text = relation.definition.as_deref().unwrap_or_default();
        let qualified = View {
            search_path: vec!["pg_catalog".to_owned()],
            role: self.view.role.clone(),
            ..View::default()
        };
        let local = self.is_local(id);
        let view = if local { self.home } else { &qualified };
        let Ok(parsed) = pg_query::parse(text, 0) else {
            return Ok(Opened {
                unknown: true,
                ..Opened::default()
            });
        };
        let select = match parsed.protobuf.stmts.first() {
            Some(raw) => match super::boxed(raw.stmt.as_ref()) {
                Some(NodeEnum::SelectStmt(select)) => select,
                _ => return Ok(Opened::default()),
            },
            None => return Ok(Opened::default()),
        };
        let runtime = self.runtime;
        let mut within = self.beneath(view, runtime);
        within.opening.push(id);
        within.lenient = true;
        let row = within.select(select, &Scope::default())?;
        self.above(&mut within);
        Ok(within.into_opened(&row))
    }

    pub(crate) fn into_opened(self, row: &Row) -> Opened {
        let place = |source: &u32| self.place(*source);
        let mut effects = self.effects();
        let unproven = effects.iter().find(|e| e.verb == Verb::Unanalysed);
        let unknown = !self.renamed.is_empty() || unproven.is_some();
        let reason = unproven.map(|effect| match self.notes.first() {
            Some(note) => note.clone(),
            None => effect.object.to_string(),
        });
        effects.retain(|effect| effect.verb != Verb::Unanalysed);
        let is_row = |source: &u32| self.row_sources.contains(source);
        let mut row_uses: Vec<_> = self
            .uses
            .keys()
            .filter(|(source, _)| is_row(source))
            .filter_map(|(source, usage)| Some((place(source)?, *usage)))
            .collect();
        row_uses.extend(self.row_uses.keys().copied());
        let mut row_copies: Vec<_> = self
            .copies
            .iter()
            .filter(|(source, _)| is_row(source))
            .filter_map(|(source, into)| Some((place(source)?, place(into)?)))
            .collect();
        row_copies.extend(&self.row_copies);
        Opened {
            row_uses,
            row_copies,
            passed: self.passed_on(),
            said: self.said_in_code(),
            unasked: self.unasked.iter().copied().collect(),
            reason,
            // What a body or view copies is nobody's choice here: no place of its own is looked at.
            uses: self
                .uses
                .keys()
                .copied()
                .chain(
                    self.copies
                        .iter()
                        .map(|(source, _)| (*source, Usage::Stored)),
                )
                .filter(|(source, _)| !is_row(source))
                .filter_map(|(source, usage)| Some((place(&source)?, usage)))
                .collect(),
            columns: self.unders(row.iter().map(|(_, value)| value)),
            read: self
                .planned
                .iter()
                .filter(|source| !is_row(source))
                .filter_map(place)
                .collect(),
            no_where: !self.has_where,
            by_path: self.by_path,
            follows: self.follows,
            unread: self.unread,
            effects,
            unknown,
        }
    }
}

/// A relation's name as written.
pub(crate) fn range_name(range: &RangeVar) -> String {
    let parts = [&range.catalogname, &range.schemaname, &range.relname];
    let named: Vec<&str> = parts
        .into_iter()
        .map(String::as_str)
        .filter(|part| !part.is_empty())
        .collect();
    named.join(".")
}
