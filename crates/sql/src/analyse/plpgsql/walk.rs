//! The statements of one body.

use model::Usage;
use pg_query::NodeEnum;
use pg_query::protobuf::{ParseResult, SelectStmt, SetOperation};

use super::super::scope::{Scope, Value};
use super::super::total::oid;
use super::super::{Analysis, Answer, Row, Walk, boxed, inner};
use super::names::{Cursor, Variable};
use super::{BODY, Procedure};
use crate::inspection::parse;
use crate::plpgsql::{Block, Declared, Step};

/// Bytes of a text that count as one node against the walk's limit.
const STEP_BYTES: usize = 16;
/// `refcursor` in `pg_type.dat`.
const REFCURSOR: u32 = 1790;
/// Cursors without a name of their own get one only from here on.
const UNNAMED_SINCE: u32 = 160_000;

/// When a cursor was opened that a statement works with.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Opens {
    Itself,
    Before,
}

impl<'a> Procedure<'_, 'a> {
    pub(super) fn block(&mut self, block: &Block<'_>) -> Walk<()> {
        self.analysis.enter(4)?;
        self.open_level(block.label.clone());
        for declared in &block.declared {
            self.declaration(declared)?;
        }
        let opened = self.opened.clone();
        self.steps(&block.body)?;
        self.opened.clone_from(&opened);
        if let Some(handlers) = &block.handlers {
            self.open_level(None);
            let state = Variable::of(oid::TEXT, true);
            let mut text = state.clone();
            text.tells_error = true;
            self.declare("sqlstate", state);
            self.declare("sqlerrm", text);
            self.steps(handlers)?;
            self.close_level();
            self.opened = opened;
        }
        self.close_level();
        self.analysis.leave(4);
        Ok(())
    }

    fn open_level(&mut self, label: Option<String>) {
        if let Some(names) = self.names() {
            names.open(label);
        }
    }

    fn close_level(&mut self) {
        if let Some(names) = self.names() {
            names.close();
        }
    }

    fn declaration(&mut self, declared: &Declared<'_>) -> Walk<()> {
        match declared {
            Declared::Variable {
                name,
                type_name,
                default,
            } => {
                if let Some(text) = default {
                    self.spend(text)?;
                }
                let type_oid = self.declared_type(type_name);
                let mut variable = Variable::of(type_oid, self.analysis.is_scalar(type_oid));
                if type_oid == REFCURSOR && default.is_none() {
                    variable.cursor = Cursor::Unbound;
                }
                self.declare(name, variable);
            }
            Declared::Alias { name, of } => {
                let known = self.find(of).map(|(variable, _)| variable);
                match known {
                    Some(variable) => self.declare(name, variable),
                    None => self
                        .analysis
                        .unknown("variable that is not known", &of.join(".")),
                }
            }
            Declared::Cursor {
                name,
                arguments,
                query,
            } => {
                self.open_level(None);
                for (argument, type_name) in arguments {
                    let type_oid = self.declared_type(type_name);
                    let scalar = self.analysis.is_scalar(type_oid);
                    self.declare(argument, Variable::of(type_oid, scalar));
                }
                self.query(query)?;
                self.close_level();
                let mut variable = Variable::of(REFCURSOR, true);
                variable.cursor = Cursor::Bound;
                self.declare(name, variable);
            }
            Declared::Counter { name } => self.declare(name, Variable::of(oid::INT4, true)),
            Declared::Record { name } => self.declare(name, Variable::of(oid::RECORD, false)),
        }
        Ok(())
    }

    pub(super) fn find(&self, path: &[String]) -> Option<(Variable, Vec<String>)> {
        let names = self.analysis.variables.as_ref()?;
        let (variable, rest) = names.find(path)?;
        Some((variable.clone(), rest.to_vec()))
    }

    pub(super) fn parsed(&mut self, text: &str) -> Option<ParseResult> {
        self.analysis.steps += text.len() / STEP_BYTES;
        parse(text).ok().filter(|parsed| parsed.stmts.len() == 1)
    }

    fn not_sql(&mut self, text: &str) {
        // Its first word says enough, and no value.
        let word: String = text
            .chars()
            .take_while(|letter| letter.is_ascii_alphabetic())
            .take(20)
            .collect();
        self.analysis.unknown("text that is not understood", &word);
    }

    fn steps(&mut self, steps: &[Step<'_>]) -> Walk<()> {
        for step in steps {
            self.analysis.enter(1)?;
            self.step(step)?;
            self.analysis.leave(1);
        }
        Ok(())
    }

    fn step(&mut self, step: &Step<'_>) -> Walk<()> {
        match step {
            Step::Block(block) => self.block(block),
            Step::Branch(steps) => {
                let opened = self.opened.clone();
                self.steps(steps)?;
                self.opened = opened;
                Ok(())
            }
            Step::Assign { target, value } => {
                let values = self.values(value)?;
                self.put_all(std::slice::from_ref(target), &values)
            }
            Step::Condition(text) => self.condition(text),
            Step::Bound(text) => self.spend(text),
            Step::Statement { text, into } | Step::Rows { text, into } => {
                let values = self.statement(text)?;
                self.put_all(into, &values)
            }
            Step::Perform(text) => self.query(&format!("SELECT {text}")),
            Step::Call(text) => self.call(text),
            Step::Elements { array, into } => {
                self.spend(array)?;
                self.put_all(into, &[])
            }
            Step::Return(None) | Step::ReturnNext(None) => {
                self.mixed = true;
                Ok(())
            }
            Step::Return(Some(text)) | Step::ReturnNext(Some(text)) => self.give(text),
            Step::ReturnQuery(text) => {
                let values = self.statement(text)?;
                self.give_row(values);
                Ok(())
            }
            Step::Told(texts) => texts.iter().try_for_each(|text| self.spend(text)),
            Step::Diagnostics { stacked, into } => {
                self.analysis.tells_errors |= *stacked;
                self.put_all(into, &[])
            }
            Step::Open { .. } | Step::Fetch { .. } | Step::Through { .. } | Step::Close(_) => {
                self.with_cursor(step)
            }
            Step::Transaction => Ok(()),
        }
    }

    fn with_cursor(&mut self, step: &Step<'_>) -> Walk<()> {
        match step {
            Step::Open {
                cursor,
                arguments,
                query,
            } => {
                self.cursor(cursor, Opens::Itself);
                arguments.iter().try_for_each(|text| self.spend(text))?;
                if let Some(query) = query {
                    self.query(query)?;
                }
                self.opened.extend(cursor.first().cloned());
                Ok(())
            }
            Step::Fetch {
                cursor,
                count,
                into,
            } => {
                self.cursor(cursor, Opens::Before);
                if let Some(count) = count {
                    self.spend(count)?;
                }
                self.put_all(into, &[])
            }
            Step::Through { cursor, arguments } => {
                self.cursor(cursor, Opens::Itself);
                arguments.iter().try_for_each(|text| self.spend(text))
            }
            Step::Close(cursor) => {
                self.cursor(cursor, Opens::Before);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// A cursor must be one that the body itself opens: another's rows have passed no mask.
    fn cursor(&mut self, path: &[String], opens: Opens) {
        let known = self.find(path).filter(|(_, rest)| rest.is_empty());
        let own = known.is_some_and(|(variable, _)| match (variable.cursor, path) {
            (Cursor::Unbound, [name]) => !self.assigned.contains(name),
            (Cursor::Bound, [name]) => {
                let unnamed = self.analysis.catalog.server_version >= UNNAMED_SINCE;
                !self.assigned.contains(name)
                    && (opens == Opens::Itself || unnamed || self.opened.contains(name))
            }
            _ => false,
        });
        if !own {
            self.analysis
                .unknown("cursor that may be another's", &path.join("."));
        }
    }

    /// The columns of an expression: one in almost every body.
    pub(super) fn values(&mut self, text: &str) -> Walk<Vec<Value>> {
        let Some(parsed) = self.parsed(&format!("SELECT {text}")) else {
            self.not_sql(text);
            return Ok(Vec::new());
        };
        let Some(select) = only_select(&parsed) else {
            self.not_sql(text);
            return Ok(Vec::new());
        };
        let row = self.analysis.select(select, &Scope::default())?;
        Ok(self.taken(row))
    }

    /// Values as they leave a query: it runs to its end, whoever looks at what it gives.
    fn taken(&mut self, row: Row) -> Vec<Value> {
        let mut values = Vec::with_capacity(row.len());
        for (_, value) in row {
            let value = self.analysis.answer(value, BODY);
            self.analysis.planned.extend(&value.sources);
            values.push(value);
        }
        values
    }

    pub(super) fn expose(&mut self, values: &[Value]) {
        for value in values {
            self.analysis.use_at(value, Usage::Opaque, BODY);
            self.analysis.type_cast(value.type_oid);
        }
    }

    /// An expression whose value goes on from here, wherever to.
    pub(super) fn spend(&mut self, text: &str) -> Walk<()> {
        let values = self.values(text)?;
        self.expose(&values);
        Ok(())
    }

    fn condition(&mut self, text: &str) -> Walk<()> {
        let Some(parsed) = self.parsed(&format!("SELECT {text}")) else {
            self.not_sql(text);
            return Ok(());
        };
        let Some(select) = only_select(&parsed) else {
            self.not_sql(text);
            return Ok(());
        };
        if is_bare(select)
            && let Some(node) = only_target(select)
        {
            let walk = |walk: &mut Analysis<'a>| walk.condition(node, &Scope::default());
            self.analysis.at("a condition", walk)?;
            return Ok(());
        }
        let row = self.analysis.select(select, &Scope::default())?;
        for value in self.taken(row) {
            self.analysis
                .use_at(&value, Usage::Predicate, "a condition");
        }
        Ok(())
    }

    /// A statement of SQL, and the values that it gives.
    fn statement(&mut self, text: &str) -> Walk<Vec<Value>> {
        let Some(parsed) = self.parsed(text) else {
            self.not_sql(text);
            return Ok(Vec::new());
        };
        let statement = parsed.stmts.first().and_then(|raw| raw.stmt.as_deref());
        let Some(node) = statement.and_then(inner) else {
            self.not_sql(text);
            return Ok(Vec::new());
        };
        let answer = match node {
            NodeEnum::SelectStmt(_)
            | NodeEnum::InsertStmt(_)
            | NodeEnum::UpdateStmt(_)
            | NodeEnum::DeleteStmt(_)
            | NodeEnum::MergeStmt(_)
            | NodeEnum::TruncateStmt(_)
            | NodeEnum::LockStmt(_)
            | NodeEnum::NotifyStmt(_) => self.analysis.statement(node)?.1,
            other => {
                let kind = super::super::kind_of(other);
                self.analysis.unknown("statement in a body", &kind);
                Answer::Nothing
            }
        };
        match answer {
            Answer::Row(row) => Ok(self.taken(row)),
            Answer::Nothing | Answer::Plain => Ok(Vec::new()),
            Answer::Named(_) | Answer::Unknown => {
                self.analysis.unknown("rows that are not followed", "");
                Ok(Vec::new())
            }
        }
    }

    /// A query whose rows go where nobody follows them.
    fn query(&mut self, text: &str) -> Walk<()> {
        let values = self.statement(text)?;
        self.expose(&values);
        Ok(())
    }

    fn call(&mut self, text: &str) -> Walk<()> {
        let parsed = self.parsed(text);
        let statement = parsed.as_ref().and_then(|parsed| {
            let raw = parsed.stmts.first()?;
            inner(raw.stmt.as_deref()?)
        });
        let Some(NodeEnum::CallStmt(call)) = statement else {
            self.not_sql(text);
            return Ok(());
        };
        let Some(call) = call.funccall.as_deref() else {
            self.not_sql(text);
            return Ok(());
        };
        let value = self.analysis.call(call, &Scope::default())?;
        self.expose(&[value]);
        Ok(())
    }
}

pub(super) fn only_select(parsed: &ParseResult) -> Option<&SelectStmt> {
    let [raw] = parsed.stmts.as_slice() else {
        return None;
    };
    match inner(raw.stmt.as_deref()?)? {
        NodeEnum::SelectStmt(select) => Some(select),
        _ => None,
    }
}

/// Whether a query is a list of expressions and nothing else.
pub(super) fn is_bare(select: &SelectStmt) -> bool {
    let operation = SetOperation::try_from(select.op).unwrap_or(SetOperation::Undefined);
    matches!(operation, SetOperation::Undefined | SetOperation::SetopNone)
        && select.from_clause.is_empty()
        && select.values_lists.is_empty()
        && select.distinct_clause.is_empty()
        && select.into_clause.is_none()
        && select.where_clause.is_none()
        && select.group_clause.is_empty()
        && select.having_clause.is_none()
        && select.window_clause.is_empty()
        && select.sort_clause.is_empty()
        && select.limit_count.is_none()
        && select.limit_offset.is_none()
        && select.locking_clause.is_empty()
        && select.with_clause.is_none()
}

pub(super) fn only_target(select: &SelectStmt) -> Option<&NodeEnum> {
    let [target] = select.target_list.as_slice() else {
        return None;
    };
    match inner(target)? {
        NodeEnum::ResTarget(target) => boxed(target.val.as_ref()),
        _ => None,
    }
}
