//! An immutable snapshot of one database's definitions.
//!
//! Built from the answers to [`QUERIES`]; never asks by itself.

mod builder;
mod family;
mod kept;
mod locals;
mod origin;
mod queries;

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use model::CatalogVersion;

pub use builder::Builder;
pub(crate) use family::{Tie, closure, family};
pub(crate) use kept::Kept;
pub(crate) use locals::Locals;
pub use queries::{ESTIMATES, FINGERPRINT, QUERIES};

use crate::View;
use crate::analyse::{Attached, Opened};

/// One question to the server.
#[derive(Clone, Copy, Debug)]
pub struct Query {
    /// Names its answer's rows for [`Builder::row`].
    pub name: &'static str,
    /// The statement; one result set, all cells text.
    pub sql: &'static str,
}

/// OIDs below are PostgreSQL's own (`FirstNormalObjectId`).
pub(crate) const FIRST_USER_OID: u32 = 16_384;

/// Index of a relation: the catalog's first, then the session's own.
pub(crate) type RelationId = usize;

/// One column as stored.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Column {
    pub(crate) name: String,
    pub(crate) type_oid: u32,
}

/// A trigger that runs on row or statement changes.
#[derive(Clone, Debug)]
pub(crate) struct Trigger {
    pub(crate) function: u32,
    /// `tgtype`: bits of `pg_trigger.h`.
    pub(crate) bits: i32,
    /// The definition, when it has a WHEN clause.
    pub(crate) when: Option<String>,
    /// It may run when the transaction ends.
    pub(crate) deferrable: bool,
    /// What it does to a row that is inserted, once looked at.
    pub(crate) on_insert: Kept,
    /// What it does otherwise.
    pub(crate) otherwise: Kept,
}

/// A foreign key that points here.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Referrer {
    pub(crate) child: RelationId,
    pub(crate) on_delete: u8,
    pub(crate) on_update: u8,
}

/// One relation.
#[derive(Debug, Default)]
pub(crate) struct Relation {
    pub(crate) oid: u32,
    pub(crate) schema: String,
    pub(crate) name: String,
    /// `relkind`.
    pub(crate) kind: u8,
    pub(crate) columns: Vec<Column>,
    pub(crate) children: Vec<RelationId>,
    pub(crate) parents: Vec<RelationId>,
    pub(crate) triggers: Vec<Trigger>,
    /// Event types (`1` to `4`) of rules other than a view's own.
    pub(crate) rules: Vec<u8>,
    /// Kind and text of expressions that run when it is read or written.
    pub(crate) expressions: Vec<(String, String)>,
    pub(crate) referrers: Vec<Referrer>,
    /// A view's query.
    pub(crate) definition: Option<String>,
    /// It is tied to relations that are not known (session-local relations).
    pub(crate) unknown_parts: bool,
    /// What lies under it, once looked at by a session without relations of its own.
    pub(crate) opened: OnceLock<Arc<Opened>>,
    /// What its expressions do, likewise.
    pub(crate) attached: OnceLock<Arc<Attached>>,
}

impl Relation {
    pub(crate) fn is_system(&self) -> bool {
        self.oid < FIRST_USER_OID
    }

    pub(crate) fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.name == name)
    }

    /// Its generated columns: name and expression.
    pub(crate) fn generated(&self) -> impl Iterator<Item = (&str, &str)> {
        let named = |(kind, text)| Some((str::strip_prefix(kind, "generated ")?, text));
        self.expressions
            .iter()
            .map(|(kind, text)| (kind.as_str(), text.as_str()))
            .filter_map(named)
    }
}

/// One function, procedure or aggregate.
#[derive(Debug)]
pub(crate) struct Function {
    pub(crate) oid: u32,
    pub(crate) schema: String,
    pub(crate) name: String,
    pub(crate) arguments: usize,
    pub(crate) defaults: usize,
    pub(crate) variadic: bool,
    /// `provolatile`.
    pub(crate) volatility: u8,
    pub(crate) returns: u32,
    pub(crate) argument_types: Vec<u32>,
    pub(crate) language: String,
    pub(crate) extension: Option<String>,
    /// Output columns of a function with OUT or TABLE parameters.
    pub(crate) outputs: Vec<Column>,
    /// The whole definition, of one whose language is SQL or PL/pgSQL.
    pub(crate) definition: Option<String>,
    /// What its body does, once looked at by a session without definitions of its own.
    pub(crate) opened: Kept,
}

impl Function {
    /// Whether a call with `count` arguments may mean this function.
    pub(crate) fn takes(&self, count: usize) -> bool {
        let least = self.arguments.saturating_sub(self.defaults);
        if self.variadic {
            count + 1 >= least
        } else {
            (least..=self.arguments).contains(&count)
        }
    }
}

/// One type.
#[derive(Debug)]
pub(crate) struct Type {
    pub(crate) oid: u32,
    pub(crate) schema: String,
    pub(crate) name: String,
    /// `typtype`.
    pub(crate) kind: u8,
    pub(crate) base: u32,
    pub(crate) element: u32,
    /// The relation whose rows it holds, by OID; 0 for none.
    pub(crate) relation: u32,
    pub(crate) is_array: bool,
    /// Domain checks, as text.
    pub(crate) checks: Vec<String>,
    /// For a range: its subtype, canonical and difference functions.
    pub(crate) range: Option<(u32, u32, u32)>,
    pub(crate) effects: OnceLock<Vec<model::Effect>>,
}

/// A user-defined operator.
#[derive(Debug)]
pub(crate) struct Operator {
    pub(crate) schema: String,
    pub(crate) left: u32,
    pub(crate) right: u32,
    pub(crate) function: u32,
}

/// A user-defined cast through a function.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cast {
    pub(crate) source: u32,
    pub(crate) target: u32,
    pub(crate) function: u32,
    /// `castcontext`: `i` runs unasked anywhere.
    pub(crate) context: u8,
}

/// The snapshot.
#[derive(Debug)]
pub struct Catalog {
    version: CatalogVersion,
    pub(crate) login: View,
    pub(crate) database: String,
    pub(crate) server_version: u32,
    /// The database's own encoding is UTF-8.
    pub(crate) is_utf8: bool,
    /// Schemas by OID.
    pub(crate) schemas: HashMap<u32, String>,
    pub(crate) relations: Vec<Relation>,
    pub(crate) relations_by_name: HashMap<String, Vec<RelationId>>,
    pub(crate) relations_by_oid: HashMap<u32, RelationId>,
    /// Numbers of the columns of those relations whose columns are not numbered from 1 without gaps, by OID.
    pub(crate) numbering: HashMap<u32, Vec<i16>>,
    /// Columns of free-standing composite types, by the OID of their `pg_class` row.
    pub(crate) composites: HashMap<u32, Vec<Column>>,
    pub(crate) functions: Vec<Function>,
    pub(crate) functions_by_name: HashMap<String, Vec<usize>>,
    pub(crate) functions_by_oid: HashMap<u32, usize>,
    pub(crate) types: HashMap<u32, Type>,
    pub(crate) types_by_name: HashMap<String, Vec<u32>>,
    pub(crate) operators: HashMap<String, Vec<Operator>>,
    pub(crate) casts: Vec<Cast>,
    pub(crate) event_triggers: Vec<u32>,
    /// Moves with every user function's definition.
    pub(crate) code: String,
}

impl Catalog {
    /// Which snapshot it is.
    pub fn version(&self) -> CatalogVersion {
        self.version
    }

    pub(crate) fn function(&self, oid: u32) -> Option<&Function> {
        self.functions_by_oid
            .get(&oid)
            .and_then(|index| self.functions.get(*index))
    }

    /// The type behind a domain.
    pub(crate) fn base_type(&self, oid: u32) -> u32 {
        let mut current = oid;
        for _ in 0..64 {
            match self.types.get(&current) {
                Some(found) if found.kind == b'd' => current = found.base,
                _ => break,
            }
        }
        current
    }
}

#[cfg(test)]
pub(crate) mod testing {
    #![allow(clippy::unwrap_used)]

    use model::CatalogVersion;

    use super::{Builder, Catalog};

    /// The catalog that these answers to [`super::QUERIES`] make, with one function, `lower (text)`.
    pub(crate) fn catalog(rows: &[(&str, &[&str])]) -> Catalog {
        let mut builder = Builder::new(CatalogVersion(1));
        for (query, cells) in rows {
            let cells: Vec<Option<&str>> = cells.iter().copied().map(Some).collect();
            builder.row(query, &cells).unwrap();
        }
        let function = [
            "870", "11", "lower", "1", "0", "f", "i", "25", "25", "internal",
        ];
        let mut cells: Vec<Option<&str>> = function.into_iter().map(Some).collect();
        cells.extend([None; 4]);
        builder.row("functions", &cells).unwrap();
        builder.build().unwrap()
    }
}
