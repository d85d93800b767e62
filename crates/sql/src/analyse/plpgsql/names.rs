//! The variables of a body in PL/pgSQL, and what a name in its queries means beside columns.
//!
//! A name that is both a variable and a column is an error or either of them, by a setting: it is not followed.

use std::collections::BTreeSet;
use std::rc::Rc;

use pg_query::NodeEnum;
use pg_query::protobuf::Node;

use super::super::scope::{Resolved, Scope, Value};
use super::super::total::oid;
use super::super::{Analysis, Row, inner, string};

/// Whether a variable can be trusted to hold a cursor of the body's own.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Cursor {
    /// It is none, or came from elsewhere.
    No,
    /// Empty until it is opened.
    Unbound,
    /// Declared with its query; before PostgreSQL 16 it begins with its own name.
    Bound,
}

/// One variable.
#[derive(Clone, Debug)]
pub(crate) struct Variable {
    /// 0 where that is not known.
    pub(crate) type_oid: u32,
    /// It has no fields.
    pub(crate) scalar: bool,
    /// The row that fires a trigger, by the columns that it is of.
    pub(crate) row: Option<Rc<Row>>,
    pub(crate) cursor: Cursor,
    /// The parameter that it is, and nothing else is ever put into it.
    pub(crate) argument: Option<usize>,
    /// It holds the text of an error, by whatever name.
    pub(crate) tells_error: bool,
}

impl Variable {
    pub(crate) fn of(type_oid: u32, scalar: bool) -> Self {
        Self {
            type_oid,
            scalar,
            row: None,
            cursor: Cursor::No,
            argument: None,
            tells_error: false,
        }
    }
}

#[derive(Clone, Debug, Default)]
struct Level {
    label: Option<String>,
    held: Vec<(String, Variable)>,
}

impl Level {
    fn held(&self, name: &str) -> Option<&Variable> {
        let mut latest = self.held.iter().rev();
        latest
            .find(|(known, _)| known == name)
            .map(|(_, variable)| variable)
    }
}

/// All variables in reach, outermost first.
#[derive(Clone, Debug, Default)]
pub(crate) struct Names {
    levels: Vec<Level>,
}

impl Names {
    pub(crate) fn open(&mut self, label: Option<String>) {
        let held = Vec::new();
        self.levels.push(Level { label, held });
    }

    /// Of parameters that the body puts something else into, where they come from is not known.
    pub(crate) fn forget(&mut self, assigned: &BTreeSet<String>) {
        for level in &mut self.levels {
            for (name, variable) in &mut level.held {
                if assigned.contains(name) {
                    variable.argument = None;
                }
            }
        }
    }

    pub(crate) fn close(&mut self) {
        self.levels.pop();
    }

    pub(crate) fn declare(&mut self, name: String, variable: Variable) {
        if let Some(level) = self.levels.last_mut() {
            level.held.push((name, variable));
        }
    }

    /// The variable that a name begins with, and the rest of the name (`plpgsql_ns_lookup`).
    pub(crate) fn find<'n, N: AsRef<str>>(&self, parts: &'n [N]) -> Option<(&Variable, &'n [N])> {
        let (first, rest) = parts.split_first()?;
        for level in self.levels.iter().rev() {
            if let Some(found) = level.held(first.as_ref())
                && (rest.is_empty() || !found.scalar)
            {
                return Some((found, rest));
            }
            if level.label.as_deref() == Some(first.as_ref())
                && let Some((second, rest)) = rest.split_first()
                && let Some(found) = level.held(second.as_ref())
            {
                return Some((found, rest));
            }
        }
        None
    }
}

impl<'a> Analysis<'a> {
    /// What a name stands for that is a variable of the body being walked.
    pub(crate) fn variable(&mut self, fields: &[Node], scope: &Scope<'_>) -> Option<Value> {
        let names = Rc::clone(self.variables.as_ref()?);
        let parts: Vec<&str> = fields.iter().map(string).collect::<Option<_>>()?;
        let (variable, rest) = names.find(&parts)?;
        let levels = std::iter::successors(Some(scope), |level| level.parent);
        let partial = levels
            .into_iter()
            .any(|level| level.rels.iter().any(|rel| rel.partial));
        let is_column = !matches!(self.resolve_column(fields, scope), Resolved::Unknown);
        if partial || is_column {
            self.unknown("name of a variable and a column", &parts.join("."));
        }
        self.tells_errors |= variable.tells_error;
        match (&variable.row, rest) {
            (Some(row), []) => {
                let columns = row.iter().map(|(_, value)| value);
                Some(self.record(columns))
            }
            (Some(row), [column, ..]) => {
                let Some((_, value)) = row.iter().find(|(name, _)| name == column) else {
                    self.unknown("unresolved column", &parts.join("."));
                    return Some(Value::free(0));
                };
                self.type_read(value.type_oid);
                Some(match rest {
                    [_] => value.clone(),
                    _ => Value::derived([value], 0),
                })
            }
            (None, []) => {
                self.type_left(variable.type_oid);
                Some(Self::passed_value(variable.argument, variable.type_oid))
            }
            (None, [field, ..]) => {
                let known = self.composite(variable.type_oid);
                let column = known
                    .into_iter()
                    .flatten()
                    .find(|column| column.name == **field);
                let found = column.map_or(0, |column| column.type_oid);
                self.type_left(found);
                let found = if rest.len() == 1 { found } else { 0 };
                Some(Self::passed_value(None, found))
            }
        }
    }

    /// The columns of a variable that stands before a star; `Some(None)` where they are not known.
    pub(crate) fn variable_row(
        &mut self,
        qualifier: &[Node],
        scope: &Scope<'_>,
    ) -> Option<Option<Row>> {
        let names = Rc::clone(self.variables.as_ref()?);
        let parts: Vec<&str> = qualifier.iter().map(string).collect::<Option<_>>()?;
        let (variable, rest) = names.find(&parts)?;
        if variable.scalar {
            return None;
        }
        if parts
            .last()
            .is_some_and(|name| scope.rel(None, name).is_some())
        {
            self.unknown("name of a variable and a relation", &parts.join("."));
        }
        if let (Some(row), []) = (&variable.row, rest) {
            return Some(Some(row.as_ref().clone()));
        }
        let known = self
            .composite(variable.type_oid)
            .filter(|_| rest.is_empty());
        let columns = known.map(|columns| {
            let columns = columns.iter();
            columns
                .map(|column| {
                    let value = Self::passed_value(None, column.type_oid);
                    (column.name.clone(), value)
                })
                .collect()
        });
        Some(columns)
    }

    /// Adds the columns of a variable that stands before a star; says whether it is one.
    pub(crate) fn variable_star(
        &mut self,
        qualifier: &[Node],
        scope: &Scope<'_>,
        row: &mut Row,
    ) -> bool {
        let Some(columns) = self.variable_row(qualifier, scope) else {
            return false;
        };
        match columns {
            Some(columns) => row.extend(columns),
            None => self.unknown("expansion of a row", ""),
        }
        true
    }

    /// The same within VALUES.
    pub(crate) fn star_of_values(&mut self, item: &Node, scope: &Scope<'_>, row: &mut Row) -> bool {
        let Some(NodeEnum::ColumnRef(column)) = inner(item) else {
            return false;
        };
        match column.fields.as_slice() {
            [qualifier @ .., last] if matches!(inner(last), Some(NodeEnum::AStar(_))) => {
                self.variable_star(qualifier, scope, row)
            }
            _ => false,
        }
    }

    /// The columns of the row that fires a trigger, where an expression is that row as a whole.
    pub(crate) fn members(&self, node: Option<&Node>) -> Option<Vec<Value>> {
        let Some(NodeEnum::ColumnRef(column)) = node.and_then(inner) else {
            return None;
        };
        let fields = match column.fields.as_slice() {
            [fields @ .., last] if matches!(inner(last), Some(NodeEnum::AStar(_))) => fields,
            fields => fields,
        };
        let parts: Vec<&str> = fields.iter().map(string).collect::<Option<_>>()?;
        let (variable, rest) = self.variables.as_ref()?.find(&parts)?;
        let row = variable.row.as_ref().filter(|_| rest.is_empty())?;
        Some(row.iter().map(|(_, value)| value.clone()).collect())
    }

    /// Whether a type has no fields.
    pub(crate) fn is_scalar(&self, type_oid: u32) -> bool {
        let known = self.catalog.types.get(&self.catalog.base_type(type_oid));
        known.is_some_and(|known| {
            known.relation == 0 && known.kind != b'p' && type_oid != oid::RECORD
        })
    }
}
