//! What names mean at one place of a statement.
//!
//! Follows PostgreSQL's own order (`parse_relation.c`, `parse_expr.c`): a column of the nearest level wins over one
//! further out, and any column wins over a whole row of that name.

use std::rc::Rc;

use model::Part;

use super::Row;
use super::built::Built;
use super::given::Givens;
use crate::catalog::RelationId;

/// Identifies one column of one relation within one analysis.
pub(crate) type Source = u32;

/// The type of constants and NULLs, which take on any type.
pub(crate) const UNKNOWN: u32 = 705;

/// How a value came about.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub(crate) enum Kind {
    /// From no stored column.
    #[default]
    Free,
    /// One of its sources as stored.
    Direct,
    /// Computed.
    Derived,
}

/// Where a value comes from.
#[derive(Clone, Debug, Default)]
pub(crate) struct Value {
    pub(crate) kind: Kind,
    /// Sorted; a view's column stands beside what lies under it.
    pub(crate) sources: Vec<Source>,
    /// Its type where known, else 0.
    pub(crate) type_oid: u32,
    /// In some rows it is of the client's own choosing: sorted or grouped with stored ones, it would find their order.
    pub(crate) mixed: bool,
    /// Its being NULL may tell more than that a source is NULL.
    pub(crate) telling: bool,
    /// Computing it may fail by the values of these of its sources, and nobody answers for that yet: a view's
    /// computation, whose choice was not the client's. Whoever takes it answers. Sorted.
    pub(crate) risks: Vec<Source>,
    /// Computing it never fails, and never builds more than its parts together hold.
    pub(crate) steady: bool,
    /// What it is built of, of JSON and records; text of JSON included.
    pub(crate) built: Option<Rc<Built>>,
    /// The values that the statement is given and that it is made from.
    pub(crate) givens: Givens,
}

impl Value {
    /// A value from no column.
    pub(crate) fn free(type_oid: u32) -> Self {
        Self {
            type_oid,
            ..Self::default()
        }
    }

    /// A value from no column that is there before the statement runs: a constant, a parameter.
    pub(crate) fn given(type_oid: u32) -> Self {
        Self {
            steady: true,
            ..Self::free(type_oid)
        }
    }

    /// A value computed from `parts`. Says nothing of whether computing may fail: see `total`.
    pub(crate) fn derived<'v>(parts: impl IntoIterator<Item = &'v Self>, type_oid: u32) -> Self {
        let mut sources: Vec<Source> = Vec::new();
        let (mut telling, mut risks) = (false, Vec::new());
        let givens = Givens::join(parts.into_iter().map(|part| {
            sources.extend(&part.sources);
            telling |= part.telling;
            risks.extend(&part.risks);
            &part.givens
        }))
        .within(Part::Computed);
        for all in [&mut sources, &mut risks] {
            all.sort_unstable();
            all.dedup();
        }
        Self {
            kind: if sources.is_empty() {
                Kind::Free
            } else {
                Kind::Derived
            },
            sources,
            type_oid,
            mixed: false,
            telling,
            risks,
            steady: false,
            built: None,
            givens,
        }
    }

    /// Computing it may fail by the values of these sources as well.
    pub(crate) fn risk(&mut self, risks: Vec<Source>) {
        self.risks.extend(risks);
        self.risks.sort_unstable();
        self.risks.dedup();
    }

    /// A value that is either this one or the other one, unchanged (CASE, COALESCE, UNION).
    pub(crate) fn either(&self, other: &Self) -> Self {
        let mut joined = Self::derived([self, other], 0);
        joined.givens = Givens::join([&self.givens, &other.givens].into_iter());
        let same = |a: &Self, b: &Self| a.type_oid == b.type_oid && a.type_oid != 0;
        let adapts = |value: &Self| value.kind == Kind::Free && value.type_oid == UNKNOWN;
        if same(self, other) || adapts(other) {
            joined.type_oid = self.type_oid;
        } else if adapts(self) {
            joined.type_oid = other.type_oid;
        }
        joined.steady = self.steady && other.steady;
        let keeps = joined.type_oid != 0;
        if keeps && self.kind.max(other.kind) == Kind::Direct {
            joined.kind = Kind::Direct;
            let chosen = self.kind == Kind::Free || other.kind == Kind::Free;
            joined.mixed = chosen || self.mixed || other.mixed;
        }
        joined
    }
}

/// One relation in a FROM clause, or a join of some.
#[derive(Clone, Debug)]
pub(crate) struct Rel {
    /// The alias, or the relation's name; empty for an unnamed join or subquery.
    pub(crate) name: String,
    /// The schema, when no alias hides it.
    pub(crate) schema: Option<String>,
    /// Its columns.
    pub(crate) columns: Rc<Row>,
    /// The relation itself, for system columns.
    pub(crate) relation: Option<RelationId>,
    /// Its name may qualify columns.
    pub(crate) named: bool,
    /// Its columns may be named alone.
    pub(crate) bare: bool,
    /// Its columns are not all known.
    pub(crate) partial: bool,
    /// The columns of its whole row are named as they are here.
    pub(crate) shaped: bool,
}

/// A common table expression.
#[derive(Clone, Debug)]
pub(crate) struct Cte {
    pub(crate) name: String,
    pub(crate) columns: Rc<Row>,
    /// See [`Rel::shaped`].
    pub(crate) shaped: bool,
}

/// One query level.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scope<'s> {
    pub(crate) rels: Vec<Rel>,
    pub(crate) ctes: Vec<Cte>,
    pub(crate) parent: Option<&'s Scope<'s>>,
    /// Within a domain's check, `VALUE` stands for the value.
    pub(crate) in_domain: bool,
}

/// What a column reference means.
#[derive(Debug)]
pub(crate) enum Resolved {
    /// One column's value.
    Column(Value),
    /// A whole row.
    Whole(Rel),
    /// A row and a name that is not its column: functional notation.
    Functional(Rel, String),
    /// Nothing that is known.
    Unknown,
}

/// Columns that every table has; none holds a stored value.
fn is_system_column(name: &str) -> bool {
    matches!(
        name,
        "ctid" | "xmin" | "cmin" | "xmax" | "cmax" | "tableoid"
    )
}

impl<'s> Scope<'s> {
    /// A level within this one.
    pub(crate) fn below(&'s self) -> Scope<'s> {
        Scope {
            parent: Some(self),
            ..Scope::default()
        }
    }

    fn levels(&self) -> impl Iterator<Item = &Scope<'s>> {
        std::iter::successors(Some(self), |scope| scope.parent)
    }

    /// The common table expression of this name, nearest first.
    pub(crate) fn cte(&self, name: &str) -> Option<&Cte> {
        self.levels()
            .find_map(|level| level.ctes.iter().rev().find(|cte| cte.name == name))
    }

    /// The relation that a qualifier names, nearest first.
    pub(crate) fn rel(&self, schema: Option<&str>, name: &str) -> Option<&Rel> {
        self.levels().find_map(|level| {
            let mut matching = level.rels.iter().filter(|rel| {
                rel.named
                    && rel.name == name
                    && schema.is_none_or(|schema| rel.schema.as_deref() == Some(schema))
            });
            let first = matching.next()?;
            // Two of one name are an error in PostgreSQL.
            matching.next().is_none().then_some(first)
        })
    }

    /// What a name alone means.
    pub(crate) fn bare(&self, name: &str) -> Resolved {
        for level in self.levels() {
            let mut matching = level
                .rels
                .iter()
                .filter(|rel| rel.bare)
                .flat_map(|rel| rel.columns.iter().filter(|(column, _)| column == name));
            if let Some((_, value)) = matching.next() {
                return match matching.next() {
                    None => Resolved::Column(value.clone()),
                    Some(_) => Resolved::Unknown,
                };
            }
            if level.rels.iter().any(|rel| rel.bare && rel.partial) {
                return Resolved::Unknown;
            }
            let stored = level.rels.iter().filter(|rel| rel.bare);
            if is_system_column(name) && stored.clone().any(|rel| rel.relation.is_some()) {
                return Resolved::Column(Value::free(0));
            }
        }
        match self.rel(None, name) {
            Some(rel) => Resolved::Whole(rel.clone()),
            None => Resolved::Unknown,
        }
    }

    /// What a qualified name means.
    pub(crate) fn qualified(&self, schema: Option<&str>, table: &str, name: &str) -> Resolved {
        let Some(rel) = self.rel(schema, table) else {
            return Resolved::Unknown;
        };
        let mut matching = rel.columns.iter().filter(|(column, _)| column == name);
        match (matching.next(), matching.next()) {
            (Some((_, value)), None) => Resolved::Column(value.clone()),
            (Some(_), Some(_)) => Resolved::Unknown,
            (None, _) if rel.partial => Resolved::Unknown,
            (None, _) if rel.relation.is_some() && is_system_column(name) => {
                Resolved::Column(Value::free(0))
            }
            (None, _) => Resolved::Functional(rel.clone(), name.to_owned()),
        }
    }

    /// Every value in reach.
    pub(crate) fn everything(&self) -> Value {
        let rows: Vec<Rc<Row>> = self
            .levels()
            .flat_map(|level| level.rels.iter().map(|rel| Rc::clone(&rel.columns)))
            .collect();
        Value::derived(
            rows.iter()
                .flat_map(|row| row.iter().map(|(_, value)| value)),
            0,
        )
    }
}

impl Rel {
    /// The whole row as one value.
    pub(crate) fn whole(&self) -> Value {
        Value::derived(self.columns.iter().map(|(_, value)| value), 0)
    }
}
