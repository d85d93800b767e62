//! Tables that part from those which they share their rows with.
//!
//! A label on any of them covers the rows in all of them. What a table is no longer part of does not cover it any
//! longer, so that to part is as good as a copy.

use std::collections::HashSet;

use model::ColumnRef;
use pg_query::NodeEnum;
use pg_query::protobuf::{Node, ObjectType, RangeVar};

use super::{Analysis, inner, string};
use crate::catalog::{Relation, RelationId, Tie, family};

impl Analysis<'_> {
    pub(crate) fn family(&self, id: RelationId, cut: Option<Tie>) -> Vec<RelationId> {
        family(id, |id| self.relation(id), cut)
    }

    /// A column by all names that these relations give it.
    pub(crate) fn names_of(&self, members: &[RelationId], column: &str) -> Vec<ColumnRef> {
        let members = members.iter().filter_map(|member| self.relation(*member));
        let named = members.filter_map(|member| {
            let own = member.columns.get(member.column(column)?)?;
            Some(ColumnRef {
                schema: member.schema.clone(),
                table: member.name.clone(),
                column: own.name.clone(),
                type_oid: self.catalog.base_type(own.type_oid),
            })
        });
        named.collect()
    }

    /// One ceases to be a child of the other.
    pub(crate) fn part(&mut self, child: Option<&RangeVar>, parent: Option<&RangeVar>) {
        let (Some(child), Some(parent)) = (self.tied(child), self.tied(parent)) else {
            return;
        };
        let cut = Some((child, parent));
        self.lose(self.family(child, cut), cut);
        self.lose(self.family(parent, cut), cut);
    }

    /// DROP: what a table that goes has handed on, to other partitions or a materialised view, stays.
    pub(crate) fn leave_family(&mut self, kind: ObjectType, target: &Node) {
        let leaving = match kind {
            ObjectType::ObjectTable | ObjectType::ObjectForeignTable => self.dropped_table(target),
            ObjectType::ObjectSchema => self.relations_within(string(target).unwrap_or_default()),
            _ => Vec::new(),
        };
        for child in leaving {
            let parents = self.relation(child).map(|child| child.parents.clone());
            for parent in parents.unwrap_or_default() {
                let cut = Some((child, parent));
                self.lose(self.family(parent, cut), cut);
            }
        }
    }

    fn dropped_table(&self, target: &Node) -> Vec<RelationId> {
        let Some(NodeEnum::List(list)) = inner(target) else {
            return Vec::new();
        };
        let parts: Vec<&str> = list.items.iter().filter_map(string).collect();
        let found = match parts.as_slice() {
            [name] => self.resolve(None, name),
            [.., schema, name] => self.resolve(Some(schema), name),
            [] => None,
        };
        found.into_iter().collect()
    }

    /// All relations of a schema, the session's own included.
    pub(crate) fn relations_within(&self, schema: &str) -> Vec<RelationId> {
        let within = |id: &RelationId| {
            let found = self.relation(*id);
            found.is_some_and(|relation| relation.schema == schema)
        };
        self.relation_ids().filter(within).collect()
    }

    /// A relation whose ties are to be known. Those of one that this transaction changed are not.
    fn tied(&mut self, range: Option<&RangeVar>) -> Option<RelationId> {
        let id = self.renamed_relations(range).first().copied()?;
        let relation = self.relation(id)?;
        if relation.unknown_parts {
            self.unknown("relation changed in this transaction", &relation.name);
        }
        Some(id)
    }

    /// Records the names that each of these relations loses with a tie.
    fn lose(&mut self, members: Vec<RelationId>, cut: Option<Tie>) {
        let mut done = HashSet::new();
        for member in members {
            let kept = self.family(member, cut);
            let partitioned = |id: &RelationId| self.relation(*id).is_some_and(is_partitioned);
            // All partitions of one table are called alike.
            let shared = kept.iter().copied().filter(partitioned).min();
            if shared.is_some_and(|shared| !done.insert(shared)) {
                continue;
            }
            let known: HashSet<RelationId> = kept.iter().copied().collect();
            let mut lost = self.family(member, None);
            lost.retain(|other| !known.contains(other));
            let columns = self.relation(member).map(|member| &member.columns);
            for column in columns.into_iter().flatten() {
                self.call_otherwise(&lost, &kept, &column.name);
            }
        }
    }

    /// Tables below keep a column of their own when the one above loses it. Partitions do not.
    pub(crate) fn leave_column(&mut self, range: Option<&RangeVar>, column: &str) {
        let Some(id) = self.renamed_relations(range).first().copied() else {
            return;
        };
        let Some(relation) = self.relation(id) else {
            return;
        };
        if is_partitioned(relation) {
            return;
        }
        if relation.unknown_parts {
            self.unknown("relation changed in this transaction", &relation.name);
        }
        for child in self.descendants(id).into_iter().skip(1) {
            let mut kept = self.family(child, None);
            kept.retain(|other| *other != id);
            self.call_otherwise(&[id], &kept, column);
        }
    }

    fn call_otherwise(&mut self, lost: &[RelationId], kept: &[RelationId], column: &str) {
        let into = self.names_of(kept, column);
        if into.is_empty() {
            return;
        }
        let lost = self.names_of(lost, column);
        let renamed = lost.into_iter().map(|before| (before, into.clone()));
        self.renamed.extend(renamed);
    }
}

fn is_partitioned(relation: &Relation) -> bool {
    relation.kind == b'p'
}
