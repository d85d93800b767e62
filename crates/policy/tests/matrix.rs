//! The demo policy set as one table: who may do what to which object.
//!
//! `PORTCULLIS_BLESS=1 cargo test -p policy --test matrix` writes the table anew; read its diff.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use model::{
    ColumnRef, Effect, Object, Principal, PrincipalKind, Projections, Resource, ResourceName,
    Statement, Verb,
};
use policy::{Context, Labels, PolicySet};

struct DemoLabels;

impl Labels for DemoLabels {
    fn labels(&self, _: &str, schema: &str, table: &str, column: &str) -> Vec<String> {
        let label = match (schema, table, column) {
            ("public", _, "email" | "phone" | "ssn" | "birth_date") => "pii",
            ("public", _, "card_number") => "pci",
            ("public", "staff", "salary") => "confidential",
            _ => return Vec::new(),
        };
        vec![label.to_owned()]
    }
}

fn person(name: &str, kind: PrincipalKind, groups: &[&str]) -> Principal {
    Principal {
        issuer: "https://id.example".to_owned(),
        subject: name.to_owned(),
        name: name.to_owned(),
        email: None,
        kind,
        groups: groups.iter().map(|g| (*g).to_owned()).collect(),
        acts_for: None,
    }
}

fn roles() -> Vec<Principal> {
    use PrincipalKind::{Agent, Human};
    let agent_for = |human: Principal| Principal {
        acts_for: Some(Box::new(human)),
        ..person("agent", Agent, &["agents"])
    };
    vec![
        person("agent", Agent, &["agents"]),
        agent_for(person("engineer", Human, &["engineers"])),
        agent_for(person("dba", Human, &["dba"])),
        agent_for(person("stranger", Human, &[])),
        person("agent-in-dba", Agent, &["dba"]),
        person("engineer", Human, &["engineers"]),
        person("dba", Human, &["dba"]),
        person("stranger", Human, &[]),
    ]
}

fn objects() -> Vec<Object> {
    let table = |schema: &str, name: &str| Object::Table {
        schema: schema.to_owned(),
        name: name.to_owned(),
    };
    let (schema, name) = ("public".to_owned(), "refund".to_owned());
    vec![
        Object::Database,
        Object::Schema {
            schema: schema.clone(),
        },
        table("public", "customers"),
        table("public", "orders"),
        table("pg_catalog", "pg_class"),
        table("elsewhere", "secrets"),
        Object::Function { schema, name },
        Object::Setting {
            name: "work_mem".to_owned(),
        },
        Object::Role {
            name: "postgres".to_owned(),
        },
        Object::Channel {
            name: "jobs".to_owned(),
        },
        Object::Other {
            kind: "extension".to_owned(),
            name: "dblink".to_owned(),
        },
    ]
}

fn resource() -> Resource {
    Resource {
        name: ResourceName::new("orders-prod").unwrap(),
        protocol: "postgres".to_owned(),
        database: "shop".to_owned(),
        tags: BTreeMap::from([("env".to_owned(), "prod".to_owned())]),
    }
}

fn demo() -> PolicySet {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../policy");
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|e| e == "cedar") {
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            files.push((name, std::fs::read_to_string(&path).unwrap()));
        }
    }
    files.sort();
    PolicySet::load(&files).unwrap()
}

/// One line: each outcome with the verbs that have it.
fn line(set: &PolicySet, who: &Principal, object: &Object, has_where: bool) -> String {
    let mut outcomes: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for verb in Verb::ALL {
        let effect = Effect {
            verb,
            object: object.clone(),
            columns: Vec::new(),
        };
        let statement = Statement {
            range: 0..0,
            kind: "X".to_owned(),
            effects: vec![effect],
            projections: Projections::None,
            uses: Vec::new(),
            given: Vec::new(),
            arguments: Vec::new(),
            has_where,
        };
        let context = Context::default();
        let decision = set.decide(who, &resource(), &statement, &DemoLabels, &context);
        let mut outcome = decision.outcome.as_str().to_owned();
        for rule in &decision.approvals {
            write!(outcome, " [{rule}]").unwrap();
        }
        outcomes.entry(outcome).or_default().push(verb.as_str());
    }
    let denied = outcomes.remove("deny").unwrap_or_default();
    let mut parts: Vec<_> = outcomes
        .iter()
        .map(|(outcome, verbs)| format!("{outcome}: {}", verbs.join(" ")))
        .collect();
    if denied.len() == Verb::ALL.len() {
        parts.push("deny everything".to_owned());
    } else if !denied.is_empty() {
        parts.push("deny the rest".to_owned());
    }
    parts.join("; ")
}

fn table(set: &PolicySet) -> String {
    let mut text = String::new();
    for who in roles() {
        let groups = who.groups.join(",");
        writeln!(text, "{} [{groups}]", who.display()).unwrap();
        for object in objects() {
            writeln!(text, "  {object}: {}", line(set, &who, &object, true)).unwrap();
        }
        let orders = &objects()[3];
        let bare = line(set, &who, orders, false);
        writeln!(text, "  {orders} without WHERE: {bare}").unwrap();
        let columns = [
            ("customers", "email"),
            ("customers", "ssn"),
            ("customers", "card_number"),
            ("staff", "salary"),
        ];
        for (table, column) in columns {
            let column = ColumnRef {
                schema: "public".to_owned(),
                table: table.to_owned(),
                column: column.to_owned(),
                type_oid: 25,
            };
            let shown = set.reveals(&who, &resource(), &column, &DemoLabels, &Context::default());
            let shown = if shown { "revealed" } else { "masked" };
            writeln!(text, "  {column}: {shown}").unwrap();
        }
        for act in ["view_recordings", "approve", "administer"] {
            let may = set.administers(&who, act, &Context::default());
            writeln!(text, "  {act}: {}", if may { "yes" } else { "no" }).unwrap();
        }
        text.push('\n');
    }
    text
}

#[test]
fn the_table_is_as_checked_in() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/matrix.txt");
    let actual = table(&demo());
    if std::env::var_os("PORTCULLIS_BLESS").is_some() {
        std::fs::write(&path, &actual).unwrap();
    }
    let expected = std::fs::read_to_string(&path).unwrap();
    for (line, (want, have)) in (1..).zip(expected.lines().zip(actual.lines())) {
        assert_eq!(want, have, "tests/matrix.txt, line {line}");
    }
    assert_eq!(expected, actual);
}
