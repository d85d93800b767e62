//! Definitions that give stored values another name.
//!
//! Labels go by names, so that a column that is renamed, or whose table or schema is, is as good as copied there.

use std::borrow::Cow;

use model::{ColumnRef, ColumnUse, Object, Usage, Verb};
use pg_query::protobuf::{AlterObjectSchemaStmt, ObjectType, RangeVar, RenameStmt};

use super::Analysis;
use crate::catalog::RelationId;

/// What a column's values were called, and all that they are called from now on.
pub(crate) type Renamed = (ColumnRef, Vec<ColumnRef>);

impl Analysis<'_> {
    pub(crate) fn rename(&mut self, object: Object, rename: &RenameStmt) {
        self.effect(Verb::Alter, object);
        let new = rename.newname.as_str();
        match rename.rename_type() {
            ObjectType::ObjectColumn => {
                // Children have the column too.
                for id in self.renamed_relations(rename.relation.as_ref()) {
                    self.call_columns(id, Some(&rename.subname), |column| {
                        column.column = new.to_owned();
                    });
                }
            }
            ObjectType::ObjectSchema => {
                for id in self.relations_within(&rename.subname) {
                    self.call_columns(id, None, |column| column.schema = new.to_owned());
                }
            }
            // Whatever else has columns; an index is renamed as a table may be.
            _ => {
                let named = self.renamed_relations(rename.relation.as_ref());
                if let Some(id) = named.first() {
                    self.call_columns(*id, None, |column| column.table = new.to_owned());
                }
            }
        }
    }

    pub(crate) fn move_to_schema(&mut self, object: Object, alter: &AlterObjectSchemaStmt) {
        self.effect(Verb::Alter, object);
        let named = self.renamed_relations(alter.relation.as_ref());
        if let Some(id) = named.first() {
            self.call_columns(*id, None, |column| column.schema = alter.newschema.clone());
        }
    }

    /// The relation that is meant, and all beneath it.
    pub(crate) fn renamed_relations(&self, range: Option<&RangeVar>) -> Vec<RelationId> {
        let found = range.and_then(|range| {
            let schema = Some(range.schemaname.as_str()).filter(|schema| !schema.is_empty());
            self.resolve(schema, &range.relname)
        });
        found.map_or_else(Vec::new, |id| self.descendants(id))
    }

    fn call_columns(&mut self, id: RelationId, only: Option<&str>, call: impl Fn(&mut ColumnRef)) {
        let Some(relation) = self.relation(id) else {
            return;
        };
        for (at, column) in relation.columns.iter().enumerate() {
            if only.is_some_and(|only| *only != column.name) {
                continue;
            }
            let Some(before) = self.column_called(id, at) else {
                continue;
            };
            let mut after = before.clone();
            call(&mut after);
            self.renamed.push((before, vec![after]));
        }
    }

    fn column_called(&self, id: RelationId, at: usize) -> Option<ColumnRef> {
        let relation = self.relation(id)?;
        let column = relation.columns.get(at)?;
        Some(ColumnRef {
            schema: relation.schema.clone(),
            table: relation.name.clone(),
            column: column.name.clone(),
            type_oid: self.catalog.base_type(column.type_oid),
        })
    }

    /// The new names as uses.
    pub(crate) fn renamings(&self) -> Vec<ColumnUse> {
        let uses = self.renamed.iter().map(|(column, into)| ColumnUse {
            column: column.clone(),
            usage: Usage::Stored,
            into: into.clone(),
            place: Cow::Borrowed(""),
        });
        uses.collect()
    }
}
