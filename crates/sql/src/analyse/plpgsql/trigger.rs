//! Triggers: what fires them, and what their functions do with the row.
//!
//! The row's own columns are known where they are read, and read without any right to: they are used, not selected.

use std::borrow::Cow;
use std::rc::Rc;
use std::sync::Arc;

use model::{ColumnUse, Usage, Verb};
use pg_query::NodeEnum;
use pg_query::protobuf::CreateTrigStmt;

use super::super::datatype::{function_object, is_reviewed, routine_effects};
use super::super::relation::Opened;
use super::super::routine::{Body, Routine};
use super::super::scope::{Kind, Scope, Value};
use super::super::total::oid;
use super::super::{Analysis, NESTING_MAX, Row, Walk, boxed, inner};
use super::names::Variable;
use super::{Names, Procedure, qualified};
use crate::catalog::{Function, Relation, RelationId, Trigger};
use crate::inspection::parse;

/// Types of the variables that tell a trigger about itself.
const TOLD: &[(&str, u32)] = &[
    ("tg_name", oid::NAME),
    ("tg_when", oid::TEXT),
    ("tg_level", oid::TEXT),
    ("tg_op", oid::TEXT),
    ("tg_relid", 26),
    ("tg_relname", oid::NAME),
    ("tg_table_name", oid::NAME),
    ("tg_table_schema", oid::NAME),
    ("tg_nargs", oid::INT4),
    ("tg_argv", 1009),
];

/// What sets off a trigger.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Fired {
    /// A new row, as the statement gives it.
    ByInsert,
    /// A row that was stored before, or none.
    Otherwise,
}

impl<'a> Analysis<'a> {
    /// What a trigger does. That it runs is an effect by itself.
    pub(crate) fn fired(
        &mut self,
        id: RelationId,
        relation: &'a Relation,
        trigger: &'a Trigger,
        fired: Fired,
    ) -> Walk<()> {
        let mut unread = false;
        for mut effect in routine_effects(self.catalog, trigger.function) {
            // What is not followed is said below.
            if effect.verb == Verb::Unanalysed {
                effect.verb = Verb::Call;
                unread = true;
            }
            self.merge(&effect);
        }
        let Some(function) = self.catalog.function(trigger.function) else {
            // Made in this transaction: nobody knows what it does.
            self.unread = true;
            self.unknown("trigger whose function is not known", &relation.name);
            return Ok(());
        };
        let key = (trigger.function, id, fired);
        if self.firing.contains(&key) {
            // All that it does is being gathered already, further out.
            self.cut = true;
            return Ok(());
        }
        let native = matches!(function.language.as_str(), "c" | "internal");
        let followed = !native && !function.is_system() && !is_reviewed(function);
        self.unread |= unread && !followed;
        if !followed && trigger.when.is_none() {
            return Ok(());
        }
        if self.is_session_made(function) {
            self.effect(Verb::Unanalysed, function_object(function));
            return Ok(());
        }
        match self.look_at_trigger(key, relation, trigger, function)? {
            Some(opened) if !(opened.unknown || opened.by_path && trigger.deferrable) => {
                self.by_path |= opened.by_path;
                self.follows = true;
                let place = format!("the trigger {}()", function.name);
                let has_where = self.has_where;
                self.take_in(&opened, &place);
                // As with cascades: what the statement itself says is asked for.
                self.has_where = has_where;
            }
            found => {
                // By then, names may mean something else.
                let late = trigger
                    .deferrable
                    .then(|| "run when the transaction ends".to_owned());
                let reason = found.and_then(|opened| opened.reason.clone()).or(late);
                self.not_followed(function, reason);
                self.effect(Verb::Unanalysed, function_object(function));
            }
        }
        Ok(())
    }

    /// What is done with rows that fire triggers.
    pub(crate) fn used_rows(&mut self) -> Vec<ColumnUse> {
        let mut uses = Vec::new();
        for (((id, at), usage), place) in std::mem::take(&mut self.row_uses) {
            let source = self.source(id, at);
            uses.extend(self.stored(source).into_iter().map(|column| ColumnUse {
                column,
                usage,
                into: Vec::new(),
                place: place.clone(),
            }));
        }
        for ((id, at), (into, column)) in std::mem::take(&mut self.row_copies) {
            let (source, into) = (self.source(id, at), self.source(into, column));
            let into = self.landed(into);
            uses.extend(self.stored(source).into_iter().map(|column| ColumnUse {
                column,
                usage: Usage::Stored,
                into: into.clone(),
                place: Cow::Borrowed("a trigger"),
            }));
        }
        uses
    }

    fn look_at_trigger(
        &mut self,
        key: (u32, RelationId, Fired),
        relation: &'a Relation,
        trigger: &'a Trigger,
        function: &'a Function,
    ) -> Walk<Option<Arc<Opened>>> {
        let Some(runtime) = self.runtime else {
            return Ok(None);
        };
        let kept = match key.2 {
            Fired::ByInsert => &trigger.on_insert,
            Fired::Otherwise => &trigger.otherwise,
        };
        let pristine = self.is_pristine();
        if let Some(known) = kept.get(&runtime.search_path).filter(|_| pristine) {
            return Ok(Some(known));
        }
        if self.calling.len() + self.opening.len() + self.firing.len() >= NESTING_MAX {
            return Ok(None);
        }
        self.enter(2)?;
        let was_cut = std::mem::take(&mut self.cut);
        self.firing.push(key);
        let opened = Arc::new(self.look_into_trigger(key, relation, trigger, function)?);
        self.firing.pop();
        self.leave(2);
        // Cut short within another, it is not whole.
        let whole = !self.cut || self.firing.is_empty();
        self.cut = was_cut || !whole;
        if pristine && whole && self.lacking.is_none() {
            let path = opened.by_path.then(|| runtime.search_path.clone());
            kept.keep(path, &opened);
        }
        Ok(Some(opened))
    }

    fn look_into_trigger(
        &mut self,
        (_, id, fired): (u32, RelationId, Fired),
        relation: &'a Relation,
        trigger: &'a Trigger,
        function: &'a Function,
    ) -> Walk<Opened> {
        let Some(runtime) = self.runtime else {
            return Ok(Opened::unknown());
        };
        let plain = qualified();
        let told_for = if self.is_local(id) { self.home } else { &plain };
        let mut within = self.beneath(told_for, Some(runtime));
        let rows = within.fired_rows(id, relation, fired)?;
        if let Some(definition) = trigger.when.as_deref() {
            within.when(definition, &rows)?;
        }
        self.above(&mut within);
        let mut condition = within.into_opened(&Row::new());
        let native = matches!(function.language.as_str(), "c" | "internal");
        if native || function.is_system() || is_reviewed(function) {
            return Ok(condition);
        }
        let text = function.definition.as_deref().unwrap_or_default();
        let Ok(parsed) = parse(text) else {
            return Ok(Opened::unknown());
        };
        let statement = parsed.stmts.first().and_then(|raw| raw.stmt.as_deref());
        let Some(NodeEnum::CreateFunctionStmt(definition)) = statement.and_then(inner) else {
            return Ok(Opened::unknown());
        };
        let Some(routine) = Routine::read(definition) else {
            return Ok(Opened::because("a setting or option of its own"));
        };
        let (Body::Procedural(body), Some(standing)) =
            (&routine.body, self.standing(&routine, runtime))
        else {
            return Ok(Opened::because("how its names resolve"));
        };
        let mut within = self.beneath(&standing.lexical, standing.runtime.as_ref());
        within.calling.push(function.oid);
        within.unsure_path = standing.unsure_path;
        let rows = within.fired_rows(id, relation, fired)?;
        if let Some(block) = within.read_body(body) {
            let names = trigger_names(function, rows);
            let mut procedure = Procedure::new(&mut within, None);
            procedure.fired_by = Some(id);
            for column in &relation.columns {
                procedure.takes(column.type_oid);
            }
            procedure.run(&block, names)?;
        }
        self.above(&mut within);
        let by_path = standing.by_path || (within.by_path && routine.path.is_none());
        let mut opened = within.into_opened(&Row::new());
        opened.by_path = by_path;
        opened.add(&mut condition);
        Ok(opened)
    }

    /// NEW and OLD, by columns.
    fn fired_rows(
        &mut self,
        id: RelationId,
        relation: &'a Relation,
        fired: Fired,
    ) -> Walk<(Row, Row)> {
        let row = match relation.definition.is_some() {
            true => self.read_relation(id)?,
            false => self.own_columns(id, relation),
        };
        let given = relation.columns.iter();
        let given: Row = given
            .map(|column| (column.name.clone(), Value::given(column.type_oid)))
            .collect();
        if fired == Fired::ByInsert {
            return Ok((given.clone(), given));
        }
        let mut stored = Row::with_capacity(row.len());
        for (name, mut value) in row {
            let places: Vec<_> = value
                .sources
                .iter()
                .filter_map(|source| self.place(*source))
                .collect();
            value.sources = places
                .into_iter()
                .map(|place| self.row_source(place))
                .collect();
            value.risks.clear();
            value.built = None;
            if value.kind == Kind::Free {
                value.kind = Kind::Direct;
            }
            stored.push((name, value));
        }
        Ok((stored.clone(), stored))
    }

    /// A column of the row that fires, apart from the same column as a query reads it.
    fn row_source(&mut self, place: (RelationId, usize)) -> u32 {
        let next = u32::try_from(self.sources.len()).unwrap_or(u32::MAX);
        self.sources.push(place);
        self.row_sources.insert(next);
        next
    }

    /// The condition of a trigger, as the catalog tells it.
    fn when(&mut self, definition: &str, (new, old): &(Row, Row)) -> Walk<()> {
        let parsed = parse(definition);
        let statement = parsed.as_ref().ok().and_then(|parsed| {
            let raw = parsed.stmts.first()?;
            inner(raw.stmt.as_deref()?)
        });
        let condition = match statement {
            Some(NodeEnum::CreateTrigStmt(trigger)) => condition_of(trigger),
            _ => None,
        };
        let Some(condition) = condition else {
            self.unknown("condition of a trigger", "");
            return Ok(());
        };
        let mut names = Names::default();
        names.open(None);
        names.declare("new".to_owned(), row_variable(new.clone()));
        names.declare("old".to_owned(), row_variable(old.clone()));
        self.variables = Some(Rc::new(names));
        let walk = |walk: &mut Self| walk.condition(condition, &Scope::default());
        self.at("the condition of a trigger", walk)?;
        self.variables = None;
        Ok(())
    }
}

fn condition_of(trigger: &CreateTrigStmt) -> Option<&NodeEnum> {
    boxed(trigger.when_clause.as_ref())
}

fn row_variable(row: Row) -> Variable {
    let mut variable = Variable::of(0, false);
    variable.row = Some(Rc::new(row));
    variable
}

fn trigger_names(function: &Function, (new, old): (Row, Row)) -> Names {
    let mut names = Names::default();
    names.open(Some(function.name.clone()));
    names.declare("new".to_owned(), row_variable(new));
    names.declare("old".to_owned(), row_variable(old));
    for (name, type_oid) in TOLD {
        names.declare((*name).to_owned(), Variable::of(*type_oid, true));
    }
    names
}
