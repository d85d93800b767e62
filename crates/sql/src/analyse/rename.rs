//! Definitions that give stored values another name.
//!
//! Labels go by names, so that a column that is renamed, or whose table or schema is, is as good as copied there.

use std::borrow::Cow;

use model::{ColumnRef, ColumnUse, Object, Usage, Verb};
use pg_query::protobuf::{AlterObjectSchemaStmt, DropBehavior, ObjectType, RangeVar, RenameStmt};

use super::{Analysis, other};
use crate::catalog::{Column, RelationId};

/// What a column's values were called, and all that they are called from now on.
pub(crate) type Renamed = (ColumnRef, Vec<ColumnRef>);

impl Analysis<'_> {
    pub(crate) fn rename(&mut self, object: Object, rename: &RenameStmt) {
        self.effect(Verb::Alter, object);
        let new = rename.newname.as_str();
        match rename.rename_type() {
            ObjectType::ObjectColumn => {
                // Children have the column too.
                let named = self.renamed_relations(rename.relation.as_ref());
                self.rename_columns(named, rename);
            }
            ObjectType::ObjectSchema => {
                for id in self.relations_within(&rename.subname) {
                    self.call_columns(id, None, |column| column.schema = new.to_owned());
                }
            }
            // Of a table's row type too.
            ObjectType::ObjectAttribute => self.rename_attribute(rename),
            // Labels name databases as well, and one resource may have several.
            ObjectType::ObjectDatabase => {
                self.effect(Verb::Administer, other("database", rename.subname.as_str()));
            }
            // Labels do not name these.
            ObjectType::ObjectTabconstraint
            | ObjectType::ObjectTrigger
            | ObjectType::ObjectRule
            | ObjectType::ObjectPolicy => {}
            // Whatever else has columns; an index is renamed as a table may be.
            _ => {
                let named = self.renamed_relations(rename.relation.as_ref());
                if let Some(id) = named.first() {
                    self.call_columns(*id, None, |column| column.table = new.to_owned());
                }
            }
        }
    }

    fn rename_columns(&mut self, ids: Vec<RelationId>, rename: &RenameStmt) {
        for id in ids {
            self.call_columns(id, Some(&rename.subname), |column| {
                column.column.clone_from(&rename.newname);
            });
        }
    }

    fn rename_attribute(&mut self, rename: &RenameStmt) {
        let range = rename.relation.as_ref();
        let named = self.renamed_relations(range);
        self.rename_columns(named, rename);
        if rename.behavior() == DropBehavior::DropCascade {
            let typed = range.map_or_else(Vec::new, |range| self.typed_tables(range));
            self.rename_columns(typed, rename);
        }
    }

    /// The tables that may be of a composite type: those that have its columns and no others, and all
    /// beneath them.
    fn typed_tables(&mut self, range: &RangeVar) -> Vec<RelationId> {
        let catalog = self.catalog;
        let called = catalog.types_by_name.get(&range.relname);
        let meant = called.into_iter().flatten().filter_map(|oid| {
            let found = catalog.types.get(oid)?;
            let own = range.schemaname.is_empty() || found.schema == range.schemaname;
            own.then(|| catalog.composites.get(&found.relation))?
        });
        let meant: Vec<&Vec<Column>> = meant.collect();
        if meant.is_empty() {
            self.unknown("unresolved type", &range.relname);
        }
        let typed = |id: &RelationId| {
            self.relation(*id).is_some_and(|relation| {
                let table = matches!(relation.kind, b'r' | b'p') && !relation.is_system();
                table
                    && meant
                        .iter()
                        .any(|columns| are_alike(columns, &relation.columns))
            })
        };
        let tables = self.relation_ids().filter(typed);
        tables.flat_map(|id| self.descendants(id)).collect()
    }

    pub(crate) fn move_to_schema(&mut self, object: Object, alter: &AlterObjectSchemaStmt) {
        if alter.object_type() == ObjectType::ObjectExtension {
            // Which tables go with it is not known.
            self.effect(Verb::Administer, object.clone());
            self.unknown("tables of an extension", &alter.newschema);
        }
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

fn are_alike(one: &[Column], another: &[Column]) -> bool {
    let one = one.iter().map(|column| &column.name);
    one.eq(another.iter().map(|column| &column.name))
}
