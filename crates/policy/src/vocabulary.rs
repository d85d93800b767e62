//! The built-in schema and the names that requests are made of.
//!
//! Knows no policy: only which types and actions exist and how an object is spelt as a Cedar id.

use std::collections::BTreeMap;
use std::str::FromStr;

use cedar_policy::{Entity, EntityId, EntityTypeName, EntityUid, Schema};
use model::{Object, Resource, Verb};

/// The schema as text, for users and editors.
pub const SCHEMA: &str = include_str!("schema.cedarschema");

/// The gateway's only instance.
pub(crate) const GATEWAY: &str = "portcullis";

/// Actions that are no verbs of an effect.
pub(crate) const ACTS: [&str; 4] = ["reveal", "view_recordings", "approve", "administer_gateway"];

/// One action as requests name it.
#[derive(Debug)]
pub(crate) struct ActionName {
    pub(crate) uid: EntityUid,
    /// The action's entity with its group as parent, so that `action in Action::"write"` holds.
    pub(crate) entity: Entity,
}

/// The types, parsed once, and all actions by name.
#[derive(Debug)]
pub(crate) struct Vocabulary {
    pub(crate) schema: Schema,
    pub(crate) user: EntityTypeName,
    pub(crate) group: EntityTypeName,
    pub(crate) label: EntityTypeName,
    pub(crate) resource: EntityTypeName,
    pub(crate) database: EntityTypeName,
    pub(crate) schema_type: EntityTypeName,
    pub(crate) table: EntityTypeName,
    pub(crate) column: EntityTypeName,
    pub(crate) function: EntityTypeName,
    pub(crate) setting: EntityTypeName,
    pub(crate) role: EntityTypeName,
    pub(crate) channel: EntityTypeName,
    pub(crate) object: EntityTypeName,
    pub(crate) gateway: EntityTypeName,
    pub(crate) actions: BTreeMap<&'static str, ActionName>,
}

impl Vocabulary {
    /// Parses the schema. Fails only when the schema text itself is wrong.
    pub(crate) fn new() -> Result<Self, String> {
        let (schema, _) = Schema::from_cedarschema_str(SCHEMA).map_err(|e| e.to_string())?;
        let named = |name: &str| EntityTypeName::from_str(name).map_err(|e| e.to_string());
        let action = named("Action")?;
        let verbs = Verb::ALL
            .iter()
            .map(|v| (v.as_str(), v.group().map(|g| g.as_str())));
        let actions = verbs.chain(ACTS.iter().map(|act| (*act, None)));
        let actions = actions
            .map(|(name, group)| (name, action_name(&action, name, group)))
            .collect();
        Ok(Self {
            schema,
            user: named("User")?,
            group: named("Group")?,
            label: named("Label")?,
            resource: named("Resource")?,
            database: named("Database")?,
            schema_type: named("Schema")?,
            table: named("Table")?,
            column: named("Column")?,
            function: named("Function")?,
            setting: named("Setting")?,
            role: named("Role")?,
            channel: named("Channel")?,
            object: named("Object")?,
            gateway: named("Gateway")?,
            actions,
        })
    }

    /// The Cedar type and id of an object.
    pub(crate) fn object_uid(&self, resource: &Resource, object: &Object) -> EntityUid {
        let (resource, database) = (resource.name.as_str(), resource.database.as_str());
        match object {
            Object::Database => uid(&self.database, &[resource, database]),
            Object::Schema { schema } => uid(&self.schema_type, &[resource, database, schema]),
            Object::Table { schema, name } => uid(&self.table, &[resource, database, schema, name]),
            Object::Function { schema, name } => {
                uid(&self.function, &[resource, database, schema, name])
            }
            Object::Setting { name } => uid(&self.setting, &[resource, database, name]),
            Object::Role { name } => uid(&self.role, &[resource, database, name]),
            Object::Channel { name } => uid(&self.channel, &[resource, database, name]),
            Object::Other { kind, name } => uid(&self.object, &[resource, database, kind, name]),
        }
    }
}

fn action_name(action: &EntityTypeName, name: &str, group: Option<&str>) -> ActionName {
    let uid = plain_uid(action, name);
    let parents = group.map(|group| plain_uid(action, group));
    let entity = Entity::new_no_attrs(uid.clone(), parents.into_iter().collect());
    ActionName { uid, entity }
}

/// An id that is one opaque name (groups, labels, users, actions).
pub(crate) fn plain_uid(of: &EntityTypeName, name: &str) -> EntityUid {
    EntityUid::from_type_name_and_id(of.clone(), EntityId::new(name))
}

/// An id that is a path: its parts joined by `/`, each with `~` as `~0` and `/` as `~1`.
pub(crate) fn uid(of: &EntityTypeName, parts: &[&str]) -> EntityUid {
    plain_uid(of, &path(parts))
}

/// Joins names into a path, escaped as JSON Pointer does (RFC 6901, section 3).
pub fn path(parts: &[&str]) -> String {
    let mut joined = String::with_capacity(parts.iter().map(|p| p.len() + 1).sum());
    for (index, part) in parts.iter().enumerate() {
        if index > 0 {
            joined.push('/');
        }
        for letter in part.chars() {
            match letter {
                '~' => joined.push_str("~0"),
                '/' => joined.push_str("~1"),
                other => joined.push(other),
            }
        }
    }
    joined
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_schema_knows_exactly_our_actions_and_groups() {
        let words = Vocabulary::new().unwrap();
        let declared = words.schema.action_entities().unwrap();
        let leaves = words.schema.actions().count();
        assert_eq!(leaves, words.actions.len() + 4, "four groups");
        for (name, action) in &words.actions {
            assert!(declared.get(&action.uid).is_some(), "{name}");
            let parents: Vec<_> = declared.ancestors(&action.uid).unwrap().collect();
            let verb = Verb::ALL.iter().find(|v| v.as_str() == *name);
            let group = verb.and_then(|v| v.group()).map(|g| g.as_str());
            let ids: Vec<_> = parents.iter().map(|p| p.id().unescaped()).collect();
            assert_eq!(ids, group.into_iter().collect::<Vec<_>>(), "{name}");
        }
    }

    #[test]
    fn paths_are_unambiguous() {
        let check = |parts: &[&str], expect: &str| assert_eq!(path(parts), expect);
        check(&["orders-prod", "shop"], "orders-prod/shop");
        check(&["a/b", "c"], "a~1b/c");
        check(&["a", "b/c"], "a/b~1c");
        check(&["~1", "~"], "~01/~0");
        check(&["", ""], "/");
    }
}
