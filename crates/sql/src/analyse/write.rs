//! INSERT, UPDATE, DELETE, MERGE, TRUNCATE: what they write, and what runs because of it.

use std::rc::Rc;

use model::{Usage, Verb};
use pg_query::NodeEnum;
use pg_query::protobuf::{
    CmdType, DeleteStmt, InsertStmt, MergeStmt, MergeWhenClause, Node, OnConflictClause, RangeVar,
    ReturningClause, UpdateStmt, WithClause,
};

use super::plpgsql::Fired;
use super::relation::Touch;
use super::scope::{Rel, Scope, Value};
use super::{Analysis, Row, Walk, boxed, inner, object, string};
use crate::catalog::{Relation, RelationId};

/// Kinds of change, as rules and triggers name them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Change {
    Insert,
    Update,
    Delete,
    Truncate,
}

impl Change {
    fn verb(self) -> Verb {
        match self {
            Self::Insert => Verb::Insert,
            Self::Update => Verb::Update,
            Self::Delete => Verb::Delete,
            Self::Truncate => Verb::Truncate,
        }
    }

    /// Its bit in `pg_trigger.tgtype`.
    fn trigger_bit(self) -> i32 {
        match self {
            Self::Insert => 4,
            Self::Delete => 8,
            Self::Update => 16,
            Self::Truncate => 32,
        }
    }

    /// Its `pg_rewrite.ev_type`.
    fn rule_event(self) -> Option<u8> {
        match self {
            Self::Update => Some(b'2'),
            Self::Insert => Some(b'3'),
            Self::Delete => Some(b'4'),
            Self::Truncate => None,
        }
    }
}

/// The bits of INSERT and DELETE.
const MOVES: i32 = 4 | 8;

/// The table that a statement writes.
pub(crate) struct Target {
    id: RelationId,
    pub(crate) rel: Rel,
}

impl<'a> Analysis<'a> {
    pub(crate) fn insert(&mut self, insert: &InsertStmt, outer: &Scope<'_>) -> Walk<Row> {
        let mut scope = outer.below();
        self.with_clause(insert.with_clause.as_ref(), &mut scope)?;
        let Some(target) = self.target_of(insert.relation.as_ref(), Change::Insert)? else {
            return Ok(Row::new());
        };
        let written = match boxed(insert.select_stmt.as_ref()) {
            Some(query) => self.subquery(query, &scope)?,
            None => Row::new(),
        };
        let columns = if insert.cols.is_empty() {
            let width = written.len();
            let all = target.rel.columns.iter().take(width);
            all.map(|(name, _)| name.clone()).collect()
        } else {
            target_names(&insert.cols)
        };
        for column in &insert.cols {
            self.target_indirection(column, &scope)?;
        }
        self.assign(&target, &columns, Change::Insert);
        let plain = insert.cols.is_empty() || insert.cols.iter().all(is_whole_column);
        for (nth, (_, value)) in written.iter().enumerate() {
            let column = columns.get(nth).map(String::as_str);
            self.store(value, target.id, column.filter(|_| plain));
            self.gives(value, &target, column);
        }
        let base = target.rel.clone();
        if let Some(conflict) = insert.on_conflict_clause.as_deref() {
            let excluded: Row = columns
                .iter()
                .cloned()
                .zip(written.into_iter().map(|(_, value)| value))
                .collect();
            self.conflict(conflict, &target, excluded, &scope)?;
        }
        scope.rels.push(base);
        self.returning(insert.returning_clause.as_ref(), &mut scope, &target.rel)
    }

    fn conflict(
        &mut self,
        conflict: &OnConflictClause,
        target: &Target,
        written: Row,
        outer: &Scope<'_>,
    ) -> Walk<()> {
        let mut scope = outer.below();
        scope.rels.push(target.rel.clone());
        if let Some(infer) = conflict.infer.as_deref() {
            for element in &infer.index_elems {
                if let Some(NodeEnum::IndexElem(element)) = inner(element) {
                    let value = match element.expr.as_deref() {
                        Some(expression) => self.expression(expression, &scope)?,
                        None => match scope.bare(&element.name) {
                            super::scope::Resolved::Column(value) => value,
                            _ => Value::default(),
                        },
                    };
                    self.compare(&value);
                }
            }
            if let Some(condition) = boxed(infer.where_clause.as_ref()) {
                self.condition(condition, &scope)?;
            }
        }
        if conflict.target_list.is_empty() {
            return Ok(());
        }
        // EXCLUDED has every column of the table; those not written hold defaults.
        let excluded: Row = target
            .rel
            .columns
            .iter()
            .map(|(name, _)| {
                let value = written.iter().find(|(column, _)| column == name);
                (
                    name.clone(),
                    value.map(|(_, value)| value.clone()).unwrap_or_default(),
                )
            })
            .collect();
        let mut rel = plain_rel("excluded", excluded);
        rel.bare = false;
        scope.rels.push(rel);
        self.change(target.id, Change::Update)?;
        self.assignments(&conflict.target_list, target, &scope)?;
        if let Some(condition) = boxed(conflict.where_clause.as_ref()) {
            self.condition(condition, &scope)?;
        }
        Ok(())
    }

    pub(crate) fn update(&mut self, update: &UpdateStmt, outer: &Scope<'_>) -> Walk<Row> {
        let mut scope = outer.below();
        self.with_clause(update.with_clause.as_ref(), &mut scope)?;
        let Some(target) = self.target_of(update.relation.as_ref(), Change::Update)? else {
            return Ok(Row::new());
        };
        self.has_where &= update.where_clause.is_some();
        scope.rels.push(target.rel.clone());
        for item in &update.from_clause {
            let rels = self.range_item(item, &scope, &[])?;
            scope.rels.extend(rels);
        }
        self.assignments(&update.target_list, &target, &scope)?;
        if let Some(condition) = boxed(update.where_clause.as_ref()) {
            self.condition(condition, &scope)?;
        }
        self.returning(update.returning_clause.as_ref(), &mut scope, &target.rel)
    }

    pub(crate) fn delete(&mut self, delete: &DeleteStmt, outer: &Scope<'_>) -> Walk<Row> {
        let mut scope = outer.below();
        self.with_clause(delete.with_clause.as_ref(), &mut scope)?;
        let Some(target) = self.target_of(delete.relation.as_ref(), Change::Delete)? else {
            return Ok(Row::new());
        };
        self.has_where &= delete.where_clause.is_some();
        scope.rels.push(target.rel.clone());
        for item in &delete.using_clause {
            let rels = self.range_item(item, &scope, &[])?;
            scope.rels.extend(rels);
        }
        if let Some(condition) = boxed(delete.where_clause.as_ref()) {
            self.condition(condition, &scope)?;
        }
        self.returning(delete.returning_clause.as_ref(), &mut scope, &target.rel)
    }

    pub(crate) fn merge_into(&mut self, merge: &MergeStmt, outer: &Scope<'_>) -> Walk<Row> {
        self.needs(150_000, "MERGE");
        let mut scope = outer.below();
        self.with_clause(merge.with_clause.as_ref(), &mut scope)?;
        let Some(range) = merge.relation.as_ref() else {
            return Ok(Row::new());
        };
        let Some(id) = self.resolve_range(range) else {
            return Ok(Row::new());
        };
        let rel = self.target_rel(id, range)?;
        let target = Target { id, rel };
        let source = match merge.source_relation.as_deref() {
            Some(source) => self.range_item(source, &scope, &[])?,
            None => Vec::new(),
        };
        // MERGE ... RETURNING * gives the source's columns first.
        scope.rels.extend(source);
        scope.rels.push(target.rel.clone());
        if let Some(condition) = boxed(merge.join_condition.as_ref()) {
            self.condition(condition, &scope)?;
        }
        for clause in &merge.merge_when_clauses {
            if let Some(NodeEnum::MergeWhenClause(clause)) = inner(clause) {
                self.merge_action(clause, &target, &scope)?;
            }
        }
        self.returning(merge.returning_clause.as_ref(), &mut scope, &target.rel)
    }

    fn merge_action(
        &mut self,
        clause: &MergeWhenClause,
        target: &Target,
        scope: &Scope<'_>,
    ) -> Walk<()> {
        if let Some(condition) = boxed(clause.condition.as_ref()) {
            self.condition(condition, scope)?;
        }
        match CmdType::try_from(clause.command_type) {
            Ok(CmdType::CmdUpdate) => {
                self.change(target.id, Change::Update)?;
                self.assignments(&clause.target_list, target, scope)
            }
            Ok(CmdType::CmdDelete) => self.change(target.id, Change::Delete),
            Ok(CmdType::CmdInsert) => {
                self.change(target.id, Change::Insert)?;
                let columns = if clause.target_list.is_empty() {
                    target
                        .rel
                        .columns
                        .iter()
                        .map(|(name, _)| name.clone())
                        .collect()
                } else {
                    target_names(&clause.target_list)
                };
                self.assign(target, &columns, Change::Insert);
                let plain = clause.target_list.iter().all(is_whole_column);
                for (nth, value) in clause.values.iter().enumerate() {
                    let value = self.expression(value, scope)?;
                    let column = columns.get(nth).map(String::as_str);
                    self.store(&value, target.id, column.filter(|_| plain));
                    self.gives(&value, target, column);
                }
                Ok(())
            }
            Ok(CmdType::CmdNothing) => Ok(()),
            _ => {
                self.unknown("MERGE action", "");
                Ok(())
            }
        }
    }

    fn with_clause(&mut self, with: Option<&WithClause>, scope: &mut Scope<'_>) -> Walk<()> {
        match with {
            Some(with) => self.with(with, scope),
            None => Ok(()),
        }
    }

    fn target_of(&mut self, range: Option<&RangeVar>, change: Change) -> Walk<Option<Target>> {
        let Some(range) = range else {
            self.unknown("target", "");
            return Ok(None);
        };
        let Some(id) = self.resolve_range(range) else {
            return Ok(None);
        };
        self.change(id, change)?;
        let rel = self.target_rel(id, range)?;
        Ok(Some(Target { id, rel }))
    }

    fn target_rel(&mut self, id: RelationId, range: &RangeVar) -> Walk<Rel> {
        let Some(relation) = self.relation(id) else {
            return Ok(plain_rel("", Row::new()));
        };
        let row = if relation.definition.is_some() {
            self.read_relation(id)?
        } else {
            self.own_columns(id, relation)
        };
        let mut rel = plain_rel(&relation.name, row);
        rel.relation = Some(id);
        match &range.alias {
            Some(alias) => rel.name.clone_from(&alias.aliasname),
            None => rel.schema = Some(relation.schema.clone()),
        }
        Ok(rel)
    }

    /// The targets and values of SET.
    fn assignments(&mut self, targets: &[Node], target: &Target, scope: &Scope<'_>) -> Walk<()> {
        let columns = target_names(targets);
        self.assign(target, &columns, Change::Update);
        for node in targets {
            self.target_indirection(node, scope)?;
            if let Some(NodeEnum::ResTarget(assignment)) = inner(node)
                && let Some(value) = assignment.val.as_deref()
            {
                let value = self.expression(value, scope)?;
                let column = Some(assignment.name.as_str());
                self.store(&value, target.id, column.filter(|_| is_whole_column(node)));
                self.gives(&value, target, column);
            }
        }
        Ok(())
    }

    /// Subscripts of a target, as in `SET a[f(x)] = 1`.
    fn target_indirection(&mut self, node: &Node, scope: &Scope<'_>) -> Walk<()> {
        let Some(NodeEnum::ResTarget(target)) = inner(node) else {
            self.unknown("target", "");
            return Ok(());
        };
        for step in &target.indirection {
            if let Some(NodeEnum::AIndices(indices)) = inner(step) {
                for bound in [&indices.lidx, &indices.uidx].into_iter().flatten() {
                    let value = self.expression(bound, scope)?;
                    self.use_value(&value, Usage::Stored);
                }
            }
        }
        Ok(())
    }

    /// Records that columns are written, and what their types run.
    fn assign(&mut self, target: &Target, columns: &[String], change: Change) {
        for column in columns {
            let Some((_, value)) = target.rel.columns.iter().find(|(name, _)| name == column)
            else {
                self.unknown(
                    "unresolved column",
                    &format!("{}.{column}", target.rel.name),
                );
                continue;
            };
            self.type_cast(value.type_oid);
            self.use_value(value, Usage::Assigned);
            for source in &value.sources.clone() {
                self.write_column(*source, change.verb());
            }
        }
    }

    /// Adds a written column to the effects, on partitions as well.
    pub(crate) fn write_column(&mut self, source: u32, verb: Verb) {
        let Some((id, at)) = self.place(source) else {
            return;
        };
        let Some(column) = self
            .relation(id)
            .and_then(|relation| relation.columns.get(at))
        else {
            return;
        };
        for member in self.descendants(id) {
            if let Some(member) = self.relation(member)
                && member.column(&column.name).is_some()
            {
                self.effect_on(verb, object(member), &column.name);
            }
        }
    }

    /// A change of a relation and of what it reaches: partitions, a view's base, triggers, rules, cascades.
    pub(crate) fn change(&mut self, id: RelationId, change: Change) -> Walk<()> {
        let mut done = Vec::new();
        self.change_within(id, change, &mut done)
    }

    fn change_within(
        &mut self,
        id: RelationId,
        change: Change,
        done: &mut Vec<(RelationId, Change)>,
    ) -> Walk<()> {
        if done.contains(&(id, change)) {
            return Ok(());
        }
        done.push((id, change));
        self.enter(2)?;
        for member in self.descendants(id) {
            let Some(relation) = self.relation(member) else {
                continue;
            };
            self.effect(change.verb(), object(relation));
            if relation.is_system() {
                // `UPDATE pg_settings` sets; other writes to the system catalogs are administration.
                self.effect(Verb::Administer, object(relation));
                if relation.name == "pg_settings" {
                    self.unknown("UPDATE of pg_settings", "");
                    self.session.state_moved = true;
                    self.refused =
                        Some("UPDATE of pg_settings may change how texts are read".to_owned());
                }
            }
            self.fire(member, relation, change)?;
            self.attached(member, Touch::Write)?;
            for referrer in &relation.referrers {
                let action = match change {
                    Change::Delete => referrer.on_delete,
                    Change::Update => referrer.on_update,
                    Change::Insert | Change::Truncate => b'a',
                };
                let follow = match (action, change) {
                    (b'c', change) => change,
                    (b'n' | b'd', _) => Change::Update,
                    _ => continue,
                };
                self.change_within(referrer.child, follow, done)?;
            }
        }
        self.change_view_base(id, change, done)?;
        self.leave(2);
        Ok(())
    }

    /// A view that PostgreSQL updates by itself passes the change on to its base table.
    fn change_view_base(
        &mut self,
        id: RelationId,
        change: Change,
        done: &mut Vec<(RelationId, Change)>,
    ) -> Walk<()> {
        let is_view = self
            .relation(id)
            .is_some_and(|relation| relation.definition.is_some());
        if !is_view {
            return Ok(());
        }
        let row = self.read_relation(id)?;
        let mut bases: Vec<RelationId> = row
            .iter()
            .flat_map(|(_, value)| &value.sources)
            .filter_map(|source| self.place(*source))
            .map(|(base, _)| base)
            .filter(|base| *base != id)
            .collect();
        bases.sort_unstable();
        bases.dedup();
        if bases.is_empty() {
            self.unknown("view written through", "");
        }
        for base in bases {
            self.change_within(base, change, done)?;
        }
        Ok(())
    }

    /// Triggers and rules on a change.
    fn fire(&mut self, id: RelationId, relation: &'a Relation, change: Change) -> Walk<()> {
        if relation.unknown_parts {
            self.unknown("relation changed in this transaction", &relation.name);
        }
        let event = change.rule_event();
        if relation.rules.iter().any(|rule| Some(*rule) == event) {
            self.unknown("rule on", &format!("{}.{}", relation.schema, relation.name));
        }
        for trigger in &relation.triggers {
            // A row that moves to another partition is deleted from one and inserted into the other.
            let moves = change == Change::Update && !relation.parents.is_empty();
            let also = if moves { MOVES } else { 0 };
            if trigger.bits & (change.trigger_bit() | also) == 0 {
                continue;
            }
            let fired = match change {
                Change::Insert => Fired::ByInsert,
                Change::Update | Change::Delete | Change::Truncate => Fired::Otherwise,
            };
            self.fired(id, relation, trigger, fired)?;
        }
        Ok(())
    }

    fn returning(
        &mut self,
        clause: Option<&ReturningClause>,
        scope: &mut Scope<'_>,
        target: &Rel,
    ) -> Walk<Row> {
        let Some(clause) = clause else {
            return Ok(Row::new());
        };
        if self.catalog.server_version >= 180_000 || !clause.options.is_empty() {
            old_and_new(clause, scope, target);
        }
        let row = self.targets(&clause.exprs, scope)?;
        // In a common table expression the rows may go nowhere.
        for (_, value) in &row {
            self.mention(value);
        }
        Ok(row)
    }
}

/// RETURNING sees the row before and after, under `old` and `new` or names of the statement's choice.
fn old_and_new(clause: &ReturningClause, scope: &mut Scope<'_>, target: &Rel) {
    let mut names = vec!["old".to_owned(), "new".to_owned()];
    for option in &clause.options {
        if let Some(NodeEnum::ReturningOption(option)) = inner(option) {
            names.push(option.value.clone());
        }
    }
    for name in names {
        if scope.rels.iter().any(|rel| rel.named && rel.name == name) {
            continue;
        }
        let mut rel = target.clone();
        rel.name = name;
        rel.schema = None;
        rel.bare = false;
        scope.rels.push(rel);
    }
}

/// Whether a target is a column and no part of one.
fn is_whole_column(node: &Node) -> bool {
    matches!(inner(node), Some(NodeEnum::ResTarget(target)) if target.indirection.is_empty())
}

/// The columns that a list of targets names.
fn target_names(targets: &[Node]) -> Vec<String> {
    targets
        .iter()
        .filter_map(|target| match inner(target) {
            Some(NodeEnum::ResTarget(target)) => Some(target.name.clone()),
            _ => string(target).map(str::to_owned),
        })
        .collect()
}

fn plain_rel(name: &str, row: Row) -> Rel {
    Rel {
        name: name.to_owned(),
        schema: None,
        columns: Rc::new(row),
        relation: None,
        named: true,
        bare: true,
        partial: false,
        shaped: false,
    }
}
