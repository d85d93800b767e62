//! Values that are copied from one stored place into another.
//!
//! Says which column goes where; whether both are as well guarded is judged elsewhere. A copy whose failing could
//! tell something of a value, or whose value could go on from where it lands, has no known place.

use std::borrow::Cow;

use model::{ColumnRef, ColumnUse, Usage};

use super::scope::{Kind, Source, Value};
use super::{Analysis, closure};
use crate::catalog::{Relation, RelationId};

/// Types that every value fits which is of them already: none of these can be declared any narrower.
const UNBOUNDED: &[u32] = &[16, 17, 20, 21, 23, 25, 114, 700, 701, 1082, 2950, 3802];

/// `confupdtype` of a foreign key that carries a new value on.
const CASCADE: u8 = b'c';

impl<'a> Analysis<'a> {
    /// Records that a value is stored in a column of a relation.
    pub(crate) fn store(&mut self, value: &Value, relation: RelationId, column: Option<&str>) {
        self.type_left(value.type_oid);
        let whole = value.kind == Kind::Direct && !value.mixed;
        let Some(place) = column
            .filter(|_| whole)
            .and_then(|column| self.landing(relation, column, value))
        else {
            return self.use_value(value, Usage::Stored);
        };
        for source in &value.sources {
            self.copies.insert((*source, place));
            self.planned.insert(*source);
        }
    }

    /// Where a value lands and stays, unchanged and without anybody asking what it is.
    fn landing(&mut self, id: RelationId, column: &str, value: &Value) -> Option<Source> {
        let relation = self.relation(id)?;
        let at = relation.column(column)?;
        let type_oid = relation.columns.get(at)?.type_oid;
        if type_oid != value.type_oid || !UNBOUNDED.contains(&type_oid) {
            return None;
        }
        let mut family = self.descendants(id);
        family.extend(self.ancestors(id));
        let members = family.into_iter().map(|member| self.relation(member));
        let quiet =
            |member: Option<&Relation>| member.is_some_and(|member| is_quiet(member, column));
        let quiet = members.into_iter().all(quiet);
        quiet.then(|| self.source(id, at))
    }

    fn ancestors(&self, id: RelationId) -> Vec<RelationId> {
        let all = closure(id, |id| {
            let found = self.relation(id).map(|found| &found.parents);
            found.into_iter().flatten().copied()
        });
        all.into_iter().skip(1).collect()
    }

    /// The copies as uses, with the columns under whose names the value can be read from where it landed: the written
    /// one and those that it belongs to.
    pub(crate) fn copied(&self) -> Vec<ColumnUse> {
        let mut uses = Vec::new();
        for (source, place) in &self.copies {
            let into = self.landed(*place);
            uses.extend(self.stored(*source).into_iter().map(|column| ColumnUse {
                column,
                usage: Usage::Stored,
                into: into.clone(),
                place: Cow::Borrowed(""),
            }));
        }
        uses
    }

    pub(crate) fn landed(&self, place: Source) -> Vec<ColumnRef> {
        let Some((id, at)) = self.place(place) else {
            return Vec::new();
        };
        let written = self
            .relation(id)
            .and_then(|relation| relation.columns.get(at));
        let Some(column) = written.map(|column| column.name.clone()) else {
            return Vec::new();
        };
        let above = std::iter::once(id).chain(self.ancestors(id));
        above
            .filter_map(|member| self.relation(member))
            .filter_map(|member| {
                let own = member.columns.get(member.column(&column)?)?;
                Some(ColumnRef {
                    schema: member.schema.clone(),
                    table: member.name.clone(),
                    column: column.clone(),
                    type_oid: self.catalog.base_type(own.type_oid),
                })
            })
            .collect()
    }
}

/// Whether a table takes any value of a column, and does nothing with it: no constraint, partition, rule, policy or
/// index asks what it is, no trigger is given it, no foreign key carries it on.
fn is_quiet(relation: &Relation, column: &str) -> bool {
    let asks = |(kind, text): &(String, String)| {
        let whole = text.contains(".*") || column.contains('"');
        kind != "default" && (whole || text.contains(column))
    };
    let carries = relation
        .referrers
        .iter()
        .any(|referrer| referrer.on_update == CASCADE);
    relation.kind == b'r'
        && !relation.is_system()
        && !relation.unknown_parts
        && relation.triggers.is_empty()
        && relation.rules.is_empty()
        && !carries
        && !relation.expressions.iter().any(asks)
}
