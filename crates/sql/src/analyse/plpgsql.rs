//! Functions, procedures and blocks in PL/pgSQL, opened to what their bodies do.
//!
//! All branches count, and nothing of the order in which statements run. Values are not followed through variables:
//! what a query puts into one counts as having left it (decision 0013). Whatever is not understood leaves the call
//! unanalysed.

mod declared;
mod names;
mod put;
mod trigger;
mod walk;

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::rc::Rc;
use std::sync::Arc;

use model::{Object, Usage};

use super::relation::Opened;
use super::routine::Routine;
use super::scope::Value;
use super::total::oid;
use super::{Analysis, Row, Walk};
use crate::catalog::{FIRST_USER_OID, Function};
use crate::inspection::has_new_numbers;
use crate::plpgsql::{Block, Unread, read};
use crate::state::View;
pub(crate) use names::Names;
use names::{Cursor, Variable};
pub(crate) use trigger::Fired;

/// `trigger` and `event_trigger` in `pg_type.dat`.
const TRIGGER: u32 = 2279;
const EVENT_TRIGGER: u32 = 3838;
/// What conditions, bounds of loops and messages are converted to.
const ALWAYS: [u32; 4] = [oid::BOOL, oid::INT4, oid::INT8, oid::TEXT];

/// Where uses in a body are said to be.
pub(super) const BODY: &str = "the body of a function";

/// What is gathered while one body is walked.
struct Procedure<'w, 'a> {
    analysis: &'w mut Analysis<'a>,
    /// Names that anything is put into, anywhere in the body.
    assigned: BTreeSet<String>,
    /// Cursors that are open wherever the walk is.
    opened: BTreeSet<String>,
    /// Types that values are converted to.
    types: BTreeSet<u32>,
    /// The types of the result's columns; `None` when whoever calls it says.
    declared: Option<Vec<u32>>,
    /// The result's columns so far, of queries.
    result: Option<Row>,
    /// The result has rows that no query gave.
    mixed: bool,
    /// The relation whose rows fire it.
    fired_by: Option<super::RelationId>,
}

impl<'a> Analysis<'a> {
    /// What a function in PL/pgSQL does, and the columns that it gives.
    pub(crate) fn look_into_procedure(
        &mut self,
        function: &'a Function,
        routine: &Routine<'_>,
        body: &str,
    ) -> Walk<Row> {
        if matches!(function.returns, TRIGGER | EVENT_TRIGGER) {
            self.unknown("trigger called as a function", "");
            return Ok(Row::new());
        }
        let Some(block) = self.read_body(body) else {
            return Ok(Row::new());
        };
        let mut names = Names::default();
        names.open(Some(function.name.clone()));
        self.parameters_of(function, routine, &mut names);
        let declared = self.declared(function);
        self.type_cast(function.returns);
        let mut procedure = Procedure::new(self, declared);
        let types = function.argument_types.iter().copied();
        let outputs = function.outputs.iter().map(|column| column.type_oid);
        for type_oid in types.chain(outputs).chain([function.returns]) {
            procedure.takes(type_oid);
        }
        procedure.run(&block, names)
    }

    /// What a DO block does.
    pub(crate) fn look_into_code(&mut self, body: &str) -> Walk<Arc<Opened>> {
        let view = self.view;
        let runtime = self.runtime;
        self.enter(2)?;
        let mut within = self.beneath(view, runtime);
        // Not what stands in the bodies of functions that it calls: those are read by themselves.
        within.said = Some(std::cell::RefCell::default());
        if let Some(block) = within.read_body(body) {
            let mut names = Names::default();
            names.open(Some("inline_code_block".to_owned()));
            let procedure = Procedure::new(&mut within, Some(Vec::new()));
            procedure.run(&block, names)?;
        }
        self.above(&mut within);
        self.leave(2);
        Ok(Arc::new(within.into_opened(&Row::new())))
    }

    /// Reads a body; reports what is not understood of it.
    fn read_body<'t>(&mut self, body: &'t str) -> Option<Block<'t>> {
        match read(body) {
            Ok(block) if self.catalog.server_version < 160_000 && has_new_numbers(body) => {
                self.unknown("syntax that this server reads otherwise", "number");
                drop(block);
                None
            }
            Ok(block) => Some(block),
            Err(Unread { what, line }) => {
                self.unknown(&what, &format!("in line {line}"));
                None
            }
        }
    }

    /// Parameters, by their names and as `$1`.
    fn parameters_of(&self, function: &Function, routine: &Routine<'_>, names: &mut Names) {
        let given = routine.names.iter().zip(&function.argument_types);
        for (nth, (name, type_oid)) in given.enumerate() {
            if !name.is_empty() {
                let known = self.certain(*type_oid);
                let mut variable = Variable::of(known, self.is_scalar(known));
                variable.argument = Some(nth);
                names.declare(name.clone(), variable);
            }
        }
        for (name, column) in routine.outputs.iter().zip(&function.outputs) {
            if !name.is_empty() {
                let known = self.certain(column.type_oid);
                let variable = Variable::of(known, self.is_scalar(known));
                names.declare(name.clone(), variable);
            }
        }
        let count = function.argument_types.len() + function.outputs.len();
        for nth in 1..=count {
            names.declare(format!("${nth}"), Variable::of(0, false));
        }
    }

    /// Charges every column of whatever is touched: the text of an error may quote any of them.
    fn tell_errors(&mut self) {
        let touched: Vec<(String, String)> = self
            .effects
            .keys()
            .filter_map(|(_, object)| match object {
                Object::Table { schema, name } => Some((schema.clone(), name.clone())),
                _ => None,
            })
            .collect();
        for (schema, name) in touched {
            let Some(id) = self.relation_in(&schema, &name) else {
                self.unknown("the text of an error", &format!("of {schema}.{name}"));
                continue;
            };
            for member in self.descendants(id) {
                let width = self.relation(member).map_or(0, |found| found.columns.len());
                self.error_tells((0..width).map(|at| (member, at)).collect());
            }
        }
        let rows = self.row_sources.iter();
        let rows = rows.filter_map(|source| self.place(*source)).collect();
        self.error_tells(rows);
    }

    /// Nobody needs a right to read what an error says.
    fn error_tells(&mut self, columns: Vec<(super::RelationId, usize)>) {
        for column in columns {
            let kept = self.row_uses.entry((column, Usage::Opaque));
            kept.or_insert(Cow::Borrowed("the text of an error"));
        }
    }

    /// What converting values of all types in sight to these may run.
    fn conversions(&mut self, types: &BTreeSet<u32>) {
        let catalog = self.catalog;
        let mut from = BTreeSet::new();
        let seen = std::mem::take(&mut self.seen_types);
        for type_oid in seen.iter().chain(types) {
            self.with_parts(*type_oid, &mut from);
        }
        self.seen_types = seen;
        for cast in &catalog.casts {
            let unasked = matches!(cast.context, b'i' | b'a') && cast.function != 0;
            let in_sight = cast.source < FIRST_USER_OID || from.contains(&cast.source);
            if unasked && in_sight && types.contains(&cast.target) {
                for effect in super::routine_effects(catalog, cast.function) {
                    self.merge(&effect);
                }
            }
        }
    }
}

impl Analysis<'_> {
    /// A type, the one behind it, and those within it.
    fn with_parts(&self, type_oid: u32, types: &mut BTreeSet<u32>) {
        let mut todo = vec![type_oid];
        while let Some(next) = todo.pop() {
            if next == 0 || !types.insert(next) {
                continue;
            }
            todo.push(self.catalog.base_type(next));
            let known = self.catalog.types.get(&next);
            if let Some(known) = known.filter(|known| known.is_array) {
                todo.push(known.element);
            }
            if next >= FIRST_USER_OID {
                let columns = self.composite(next);
                todo.extend(columns.into_iter().flatten().map(|column| column.type_oid));
            }
        }
    }
}

impl<'w, 'a> Procedure<'w, 'a> {
    fn new(analysis: &'w mut Analysis<'a>, declared: Option<Vec<u32>>) -> Self {
        Self {
            analysis,
            assigned: BTreeSet::new(),
            opened: BTreeSet::new(),
            types: ALWAYS.into_iter().collect(),
            declared,
            result: None,
            mixed: false,
            fired_by: None,
        }
    }

    /// Walks a body; the columns of its result.
    fn run(mut self, block: &Block<'_>, mut names: Names) -> Walk<Row> {
        names.declare("found".to_owned(), Variable::of(oid::BOOL, true));
        self.analysis.variables = Some(Rc::new(names));
        put::assigned(block, &mut self.assigned);
        let assigned = std::mem::take(&mut self.assigned);
        if let Some(names) = self.names() {
            names.forget(&assigned);
        }
        self.assigned = assigned;
        self.block(block)?;
        if self.analysis.tells_errors {
            self.analysis.tell_errors();
        }
        self.analysis.conversions(&self.types);
        let session = &self.analysis.session;
        let moved = session.state_moved || session.catalog_changed;
        let stepped = !matches!(session.step, crate::Step::None);
        if moved || stepped || self.analysis.refused.is_some() {
            self.analysis
                .unknown("statement that moves the session's state", "");
        }
        Ok(self.columns())
    }

    /// The columns of the result, as they are declared.
    fn columns(&mut self) -> Row {
        let declared = self.declared.clone().unwrap_or_else(|| vec![0]);
        let found = self.result.take();
        let columns = declared.into_iter().enumerate().map(|(at, type_oid)| {
            let queried = found.as_ref().and_then(|row| row.get(at));
            let value = match queried {
                None => Value::free(type_oid),
                Some((_, value)) if self.mixed => value.either(&Value::free(type_oid)),
                Some((_, value)) => value.clone(),
            };
            (String::new(), value)
        });
        columns.collect()
    }

    /// A type that values are converted to, with those within it.
    fn takes(&mut self, type_oid: u32) {
        self.analysis.with_parts(type_oid, &mut self.types);
    }

    fn names(&mut self) -> Option<&mut Names> {
        self.analysis.variables.as_mut().map(Rc::make_mut)
    }

    fn declare(&mut self, name: &str, variable: Variable) {
        self.takes(variable.type_oid);
        if variable.cursor != Cursor::No {
            self.opened.remove(name);
        }
        if let Some(names) = self.names() {
            names.declare(name.to_owned(), variable);
        }
    }
}

/// The view that expressions of the catalog are read in.
fn qualified() -> View {
    View {
        search_path: vec!["pg_catalog".to_owned()],
        ..View::default()
    }
}
