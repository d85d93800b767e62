//! Our nouns as Cedar entities: a principal, an object with its ancestors, a column with its labels.
//!
//! Knows no policy and decides nothing.

use cedar_policy::{Context as CedarContext, Entity, EntityUid, RestrictedExpression as Value};
use model::{Object, Principal, Resource};

use crate::Context;
use crate::vocabulary::{GATEWAY, Vocabulary, plain_uid, uid};

/// What went wrong while a request was built; always a denial.
pub(crate) type Unbuildable = String;

fn text(value: &str) -> Value {
    Value::new_string(value.to_owned())
}

fn entity(
    uid: EntityUid,
    attributes: Vec<(&str, Value)>,
    parents: Vec<EntityUid>,
) -> Result<Entity, Unbuildable> {
    let attributes = attributes.into_iter().map(|(k, v)| (k.to_owned(), v));
    Entity::new_with_tags(uid, attributes, parents, []).map_err(|e| e.to_string())
}

/// The principal; its groups are its parents.
pub(crate) fn user(words: &Vocabulary, who: &Principal) -> Result<Entity, Unbuildable> {
    let mut attributes = vec![
        ("kind", text(who.kind.as_str())),
        ("name", text(&who.name)),
        ("issuer", text(&who.issuer)),
        ("subject", text(&who.subject)),
    ];
    if let Some(email) = &who.email {
        attributes.push(("email", text(email)));
    }
    if let Some(human) = &who.acts_for {
        attributes.push(("acts_for", text(&human.key())));
    }
    let groups = who.groups.iter().map(|g| plain_uid(&words.group, g));
    entity(
        plain_uid(&words.user, &who.key()),
        attributes,
        groups.collect(),
    )
}

/// The gateway itself.
pub(crate) fn gateway(words: &Vocabulary) -> Result<Entity, Unbuildable> {
    let name = vec![("name", text(GATEWAY))];
    entity(plain_uid(&words.gateway, GATEWAY), name, vec![])
}

/// An object. Its parents are all its ancestors, so that none of them needs to be in the store.
pub(crate) fn object(
    words: &Vocabulary,
    resource: &Resource,
    object: &Object,
) -> Result<Entity, Unbuildable> {
    let own = words.object_uid(resource, object);
    let top = uid(&words.resource, &[resource.name.as_str()]);
    let database = words.object_uid(resource, &Object::Database);
    let in_schema = |schema: &str| {
        let schema = schema.to_owned();
        words.object_uid(resource, &Object::Schema { schema })
    };
    let (attributes, parents) = match object {
        Object::Database => (vec![("name", text(&resource.database))], vec![top]),
        Object::Schema { schema } => (vec![("name", text(schema))], vec![database, top]),
        Object::Table { schema, name } | Object::Function { schema, name } => (
            vec![("name", text(name)), ("schema", text(schema))],
            vec![in_schema(schema), database, top],
        ),
        Object::Setting { name } | Object::Role { name } | Object::Channel { name } => {
            (vec![("name", text(name))], vec![database, top])
        }
        Object::Other { kind, name } => (
            vec![("name", text(name)), ("kind", text(kind))],
            vec![database, top],
        ),
    };
    entity(own, attributes, parents)
}

/// One column of a table with its labels. Columns of anything else (a function's results) are of type
/// `Column` under the same path.
pub(crate) fn column(
    words: &Vocabulary,
    resource: &Resource,
    (schema, table): (&str, &str),
    column: &str,
    labels: &[String],
) -> Result<Entity, Unbuildable> {
    let (name, database) = (resource.name.as_str(), resource.database.as_str());
    let own = uid(&words.column, &[name, database, schema, table, column]);
    let mut parents = vec![
        uid(&words.table, &[name, database, schema, table]),
        uid(&words.schema_type, &[name, database, schema]),
        uid(&words.database, &[name, database]),
        uid(&words.resource, &[name]),
    ];
    parents.extend(labels.iter().map(|label| plain_uid(&words.label, label)));
    let attributes = vec![
        ("name", text(column)),
        ("table", text(table)),
        ("schema", text(schema)),
    ];
    entity(own, attributes, parents)
}

/// What a request is about, besides who and what.
pub(crate) struct Circumstances<'a> {
    pub(crate) statement: &'a str,
    pub(crate) has_where: bool,
    pub(crate) resource: Option<&'a Resource>,
    pub(crate) context: &'a Context,
}

/// The request's context.
pub(crate) fn context(of: &Circumstances<'_>) -> Result<CedarContext, Unbuildable> {
    let tags = of.resource.into_iter().flat_map(|r| r.tags.iter());
    let tags = tags.map(|(key, value)| text(&format!("{key}={value}")));
    let protocol = of.resource.map_or("", |r| r.protocol.as_str());
    let mut pairs = vec![
        ("statement", text(of.statement)),
        ("has_where", Value::new_bool(of.has_where)),
        ("in_transaction", Value::new_bool(of.context.in_transaction)),
        ("application", text(&of.context.application)),
        ("time", Value::new_long(of.context.unix_seconds)),
        ("protocol", text(protocol)),
        ("tags", Value::new_set(tags)),
    ];
    if let Ok(address) = of.context.address.parse::<std::net::IpAddr>() {
        // An IPv4 client of an IPv6 socket is the IPv4 address that policies name.
        let address = address.to_canonical().to_string();
        pairs.push(("address", Value::new_ip(address)));
    }
    let pairs = pairs.into_iter().map(|(k, v)| (k.to_owned(), v));
    CedarContext::from_pairs(pairs).map_err(|e| e.to_string())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::collections::BTreeMap;

    use cedar_policy::{Entities, Request};
    use model::{PrincipalKind, ResourceName, Verb};

    use super::*;

    fn human() -> Principal {
        Principal {
            issuer: "https://id.example".to_owned(),
            subject: "7".to_owned(),
            name: "ann".to_owned(),
            email: Some("ann@example.com".to_owned()),
            kind: PrincipalKind::Human,
            groups: vec!["a\"b".to_owned(), "dba".to_owned()],
            acts_for: None,
        }
    }

    /// What we build is what the schema promises to policies: validation at load means nothing otherwise.
    #[test]
    fn every_request_conforms_to_the_schema() {
        let words = Vocabulary::new().unwrap();
        let resource = Resource {
            name: ResourceName::new("db").unwrap(),
            protocol: "postgres".to_owned(),
            database: "d".to_owned(),
            tags: BTreeMap::from([("env".to_owned(), "prod".to_owned())]),
        };
        let (schema, name) = ("s/~\"".to_owned(), "t".to_owned());
        let objects = [
            Object::Database,
            Object::Schema {
                schema: schema.clone(),
            },
            Object::Table {
                schema: schema.clone(),
                name: name.clone(),
            },
            Object::Function {
                schema,
                name: name.clone(),
            },
            Object::Setting { name: name.clone() },
            Object::Role { name: name.clone() },
            Object::Channel { name: name.clone() },
            Object::Other {
                kind: "type".to_owned(),
                name: String::new(),
            },
        ];
        let built = objects.iter().map(|o| object(&words, &resource, o));
        let mut targets: Vec<_> = built.collect::<Result<_, _>>().unwrap();
        let labels = ["pii".to_owned()];
        targets.push(column(&words, &resource, ("s", "t"), "c", &labels).unwrap());
        let verbs: Vec<_> = Verb::ALL.iter().map(|v| v.as_str()).collect();
        let agent = Principal {
            kind: PrincipalKind::Agent,
            email: None,
            acts_for: Some(Box::new(human())),
            ..human()
        };
        for who in [human(), agent] {
            for target in &targets {
                conforms(&words, &who, target, &verbs);
            }
            conforms(&words, &who, &targets[8], &["reveal"]);
            let gateway = gateway(&words).unwrap();
            let acts = ["view_recordings", "approve", "administer_gateway"];
            conforms(&words, &who, &gateway, &acts);
        }
    }

    fn conforms(words: &Vocabulary, who: &Principal, target: &Entity, actions: &[&str]) {
        let user = user(words, who).unwrap();
        for action in actions {
            let action = &words.actions[action];
            let all = [user.clone(), action.entity.clone(), target.clone()];
            Entities::from_entities(all, Some(&words.schema)).unwrap();
            for address in ["", "10.0.0.1", "::1", "not an address"] {
                let context = Context {
                    address: address.to_owned(),
                    ..Context::default()
                };
                let asked = Circumstances {
                    statement: "SELECT",
                    has_where: false,
                    resource: None,
                    context: &context,
                };
                let context = super::context(&asked).unwrap();
                let (user, uid) = (user.uid(), action.uid.clone());
                Request::new(user, uid, target.uid(), context, Some(&words.schema)).unwrap();
            }
        }
    }
}
