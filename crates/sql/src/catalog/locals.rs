//! The session's own relations as the analysis sees them: in the place of the catalog's of the same OID, or behind them all.
//!
//! What is tied to something that is known neither here nor there has parts that are not known.

use std::collections::HashMap;

use super::{Catalog, Column, Kept, Referrer, Relation, RelationId, Trigger};
use crate::state::{LocalRelation, Overlay};

/// Relations that only one session sees, or sees otherwise.
#[derive(Debug, Default)]
pub(crate) struct Locals {
    relations: Vec<Relation>,
    /// Of each relation, in the same order.
    ids: Vec<RelationId>,
    by_id: HashMap<RelationId, usize>,
}

impl Locals {
    pub(crate) fn of(overlay: &Overlay, catalog: &Catalog) -> Self {
        let mut ids = HashMap::new();
        for (nth, relation) in overlay.relations.iter().enumerate() {
            let known = catalog.relations_by_oid.get(&relation.oid).copied();
            let id = known.unwrap_or(catalog.relations.len() + nth);
            ids.insert(relation.oid, id);
        }
        let id_of = |oid: u32| {
            let own = ids.get(&oid);
            own.or_else(|| catalog.relations_by_oid.get(&oid)).copied()
        };
        let mut locals = Self::default();
        for (nth, relation) in overlay.relations.iter().enumerate() {
            let id = id_of(relation.oid).unwrap_or(catalog.relations.len() + nth);
            locals.relations.push(to_relation(relation, &id_of));
            locals.ids.push(id);
            locals.by_id.insert(id, nth);
        }
        locals
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.relations.is_empty()
    }

    pub(crate) fn len(&self) -> usize {
        self.relations.len()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (RelationId, &Relation)> {
        self.ids.iter().copied().zip(&self.relations)
    }

    /// The relation of this number, where it is one of the session's own.
    pub(crate) fn get(&self, id: RelationId) -> Option<&Relation> {
        self.relations.get(*self.by_id.get(&id)?)
    }

    /// The relation that a session with these sees under a number.
    pub(crate) fn seen<'a>(&'a self, catalog: &'a Catalog, id: RelationId) -> Option<&'a Relation> {
        match self.is_empty() {
            true => catalog.relations.get(id),
            false => self.get(id).or_else(|| catalog.relations.get(id)),
        }
    }
}

fn to_relation(local: &LocalRelation, id_of: &dyn Fn(u32) -> Option<RelationId>) -> Relation {
    let ids =
        |oids: &[u32]| -> Vec<RelationId> { oids.iter().filter_map(|oid| id_of(*oid)).collect() };
    let columns = local.columns.iter().map(|(name, type_oid)| Column {
        name: name.clone(),
        type_oid: *type_oid,
    });
    let triggers = local.triggers.iter().map(|trigger| Trigger {
        function: trigger.function,
        bits: trigger.bits,
        when: trigger.when.clone(),
        deferrable: trigger.deferrable,
        on_insert: Kept::default(),
        otherwise: Kept::default(),
    });
    let referrers = local.referrers.iter().filter_map(|key| {
        let (child, on_delete, on_update) = *key;
        Some(Referrer {
            child: id_of(child)?,
            on_delete,
            on_update,
        })
    });
    let mut relation = Relation {
        oid: local.oid,
        schema: local.schema.clone(),
        name: local.name.clone(),
        kind: local.kind,
        columns: columns.collect(),
        parents: ids(&local.parents),
        children: ids(&local.children),
        triggers: triggers.collect(),
        rules: local.rules.clone(),
        expressions: local.expressions.clone(),
        referrers: referrers.collect(),
        definition: local.definition.clone(),
        ..Relation::default()
    };
    relation.unknown_parts = relation.parents.len() != local.parents.len()
        || relation.children.len() != local.children.len()
        || relation.referrers.len() != local.referrers.len();
    relation
}
