//! Prints what one decision costs on this machine: `cargo run --release -p policy --example decide_cost`.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::time::Instant;

use model::{Principal, PrincipalKind, Projections, Resource, ResourceName, Statement};
use policy::{Context, Labels, PolicySet, test::parse_effect};

struct Unlabelled;

impl Labels for Unlabelled {
    fn labels(&self, _: &str, _: &str, _: &str, _: &str) -> Vec<String> {
        Vec::new()
    }
}

fn main() {
    let files = ["agents.cedar", "people.cedar", "gateway.cedar"].map(|name| {
        let path = format!("{}/../../policy/{name}", env!("CARGO_MANIFEST_DIR"));
        (name.to_owned(), std::fs::read_to_string(path).unwrap())
    });
    let start = Instant::now();
    let set = PolicySet::load(&files).unwrap();
    println!("load {:?}", start.elapsed());
    let person = |kind, group: &str, acts_for| Principal {
        issuer: "https://id.example".to_owned(),
        subject: group.to_owned(),
        name: group.to_owned(),
        email: None,
        kind,
        groups: vec![group.to_owned()],
        acts_for,
    };
    let engineer = person(PrincipalKind::Human, "engineers", None);
    let human = Some(Box::new(engineer.clone()));
    let agent = person(PrincipalKind::Agent, "agents", human);
    let resource = Resource {
        name: ResourceName::new("orders-prod").unwrap(),
        protocol: "postgres".to_owned(),
        database: "shop".to_owned(),
        tags: BTreeMap::from([("env".to_owned(), "prod".to_owned())]),
    };
    for effect in [
        "select public.customers (a, b, c, d, e, f)",
        "delete public.orders",
    ] {
        let statement = Statement {
            range: 0..0,
            kind: "SELECT".to_owned(),
            effects: vec![parse_effect(effect).unwrap()],
            projections: Projections::None,
            uses: Vec::new(),
            given: Vec::new(),
            arguments: Vec::new(),
            has_where: true,
        };
        for who in [&engineer, &agent] {
            const TIMES: u32 = 2_000;
            let context = Context::default();
            let start = Instant::now();
            for _ in 0..TIMES {
                let decision = set.decide(who, &resource, &statement, &Unlabelled, &context);
                std::hint::black_box(decision);
            }
            println!(
                "{effect} by {}: {:?}",
                who.display(),
                start.elapsed() / TIMES
            );
        }
    }
}
