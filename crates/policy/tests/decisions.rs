//! Decisions as data, properties of the lattice, and everything that load must refuse.

#![allow(clippy::unwrap_used)]

use model::{Outcome, Resource, Statement};
use policy::test::{Bench, parse_effect, run};
use policy::{Labels, PolicySet};
use proptest::prelude::*;

/// Every column named after a label carries it.
struct ByName;

impl Labels for ByName {
    fn labels(&self, _: &str, _: &str, _: &str, column: &str) -> Vec<String> {
        let label = match column {
            "email" | "ssn" => "pii",
            "card_number" => "pci",
            _ => return Vec::new(),
        };
        vec![label.to_owned()]
    }
}

fn bench<'a>() -> Bench<'a> {
    Bench {
        labels: &|_: &Resource| Box::new(ByName),
        analyse: &|_: &Resource, sql: &str| Err::<Vec<Statement>, _>(sql.to_owned()),
    }
}

fn load(text: &str) -> PolicySet {
    PolicySet::load(&[("p.cedar".to_owned(), text.to_owned())]).unwrap()
}

const WHO: &str = r#"
[resource.db]
database = "d"
tags = { env = "prod" }
[principal.ann]
groups = ["g"]
email = "ann@example.com"
[principal.bot]
kind = "agent"
groups = ["bots"]
acts_for = "ann"
[principal.loner]
kind = "agent"
groups = ["bots"]
"#;

/// Decides one case: outcome, rules, approvals.
fn check(policies: &str, case: &str, expect: &str, rules: &[&str], approvals: &[&str]) {
    let file = format!(
        "{WHO}\n[[case]]\nname = 'it'\n{case}\nexpect = '{expect}'\nrules = {rules:?}\napprovals = {approvals:?}"
    );
    let reports = run(&load(policies), &file, &bench()).unwrap();
    assert_eq!(
        reports[0].differences, [""; 0],
        "{case}\n{policies}\n{:?}",
        reports[0]
    );
}

#[test]
fn the_demo_cases_hold() {
    let read = |name: &str| {
        let path = format!("{}/../../policy/{name}", env!("CARGO_MANIFEST_DIR"));
        (name.to_owned(), std::fs::read_to_string(path).unwrap())
    };
    let files = ["agents.cedar", "people.cedar", "gateway.cedar"].map(read);
    let set = PolicySet::load(&files).unwrap();
    assert_eq!(set.warnings(), [""; 0]);
    let reports = run(&set, &read("cases.toml").1, &bench()).unwrap();
    assert!(reports.len() > 10);
    for report in reports {
        assert_eq!(report.differences, [""; 0], "{report:?}");
    }
}

#[test]
fn objects_and_columns() {
    let ann = |effect: &str| format!("as = 'ann'\neffects = ['{effect}']");
    let default = &["portcullis.default-deny"];
    let blanket = r#"@id("all") permit(principal, action, resource);"#;
    check("", &ann("select s.t"), "deny", default, &[]);
    check(
        blanket,
        &ann("select s.t (a, email)"),
        "allow",
        &["all"],
        &[],
    );
    check(blanket, &ann("unanalysed database"), "allow", &["all"], &[]);
    check(
        blanket,
        "as = 'ann'\nconnect = true",
        "allow",
        &["all"],
        &[],
    );
    let reads = r#"@id("r") permit(principal, action in Action::"read", resource);"#;
    check(reads, &ann("unanalysed s.t"), "deny", default, &[]);
    check(reads, &ann("insert s.t"), "deny", default, &[]);

    // A permit on columns: all of them must be covered, and the object as a whole is not.
    let column = r#"@id("c") permit(principal, action == Action::"select", resource)
        when { resource is Column && ["a", "b"].contains(resource.name) };"#;
    check(column, &ann("select s.t (a, b)"), "allow", &["c"], &[]);
    check(column, &ann("select s.t (a, x)"), "deny", default, &[]);
    check(column, &ann("select s.t"), "deny", default, &[]);

    // A forbid on one column's label outweighs a permit on the table.
    let label = format!(
        r#"{blanket} @id("no") forbid(principal, action == Action::"select", resource in Label::"pii");"#
    );
    check(
        &label,
        &ann("select s.t (a, card_number)"),
        "allow",
        &["all"],
        &[],
    );
    check(&label, &ann("select s.t (a, email)"), "deny", &["no"], &[]);

    // Odd names: a dot-free schema with a slash is its own id.
    let slash = r#"@id("x") permit(principal, action, resource in Schema::"db/d/a~1b");"#;
    check(slash, &ann("select a/b.t"), "allow", &["x"], &[]);
    check(slash, &ann("select a.b/t"), "deny", default, &[]);

    // The context.
    let tagged = r#"@id("t") permit(principal, action, resource) when { context.tags.contains("env=prod") };"#;
    check(tagged, &ann("select s.t"), "allow", &["t"], &[]);
    let near = r#"@id("n") permit(principal, action, resource)
        when { context has address && context.address.isInRange(ip("10.0.0.0/8")) };"#;
    let from = |ip: &str| format!("{}\naddress = '{ip}'", ann("select s.t"));
    check(near, &from("10.1.2.3"), "allow", &["n"], &[]);
    check(near, &from("::ffff:10.1.2.3"), "allow", &["n"], &[]);
    check(near, &from("11.1.2.3"), "deny", default, &[]);
    check(near, &from("unix"), "deny", default, &[]);
    let mail = r#"@id("m") permit(principal, action, resource)
        when { principal has email && principal.email like "*@example.com" };"#;
    check(mail, &ann("select s.t"), "allow", &["m"], &[]);
}

#[test]
fn approvals_and_agents() {
    let ann = "as = 'ann'\neffects = ['delete s.t']";
    let bot = "as = 'bot'\neffects = ['delete s.t']";
    let held = r#"@id("h") @approval("2 of dba") permit(principal, action, resource);"#;
    check(held, ann, "hold", &["h"], &["2 of dba"]);
    check(held, "as = 'ann'\nreveal = 's.t.email'", "deny", &[], &[]);
    check(held, "as = 'ann'\nact = 'approve'", "deny", &[], &[]);
    let plain = format!(r#"{held} @id("p") permit(principal, action, resource);"#);
    check(&plain, ann, "allow", &["p"], &[]);
    let forbidden = format!(r#"{held} @id("f") forbid(principal, action, resource);"#);
    check(&forbidden, ann, "deny", &["f"], &[]);
    let two = format!(r#"{held} @id("s") @approval("sre") permit(principal, action, resource);"#);
    check(&two, ann, "hold", &["h", "s"], &["2 of dba", "sre"]);

    // Rights are the intersection of the agent's and its human's; approvals are the union.
    let agent_only = r#"@id("b") permit(principal in Group::"bots", action, resource);"#;
    check(agent_only, bot, "deny", &["portcullis.default-deny"], &[]);
    let human_only = r#"@id("g") permit(principal in Group::"g", action, resource);"#;
    check(human_only, bot, "deny", &["portcullis.default-deny"], &[]);
    let both = format!("{agent_only} {human_only}");
    check(&both, bot, "allow", &["b", "g"], &[]);
    let union = r#"@id("b") @approval("x") permit(principal in Group::"bots", action, resource);
        @id("g") @approval("y") permit(principal in Group::"g", action, resource);"#;
    check(union, bot, "hold", &["b", "g"], &["x", "y"]);

    // `owner` counts only where a human stands behind the requester.
    let owner = format!(
        r#"{human_only} @id("o") @approval("owner") permit(principal is User, action, resource);"#
    );
    check(&owner, bot, "hold", &["o"], &["owner"]);
    check(
        &owner,
        "as = 'loner'\neffects = ['delete s.t']",
        "deny",
        &[],
        &[],
    );
}

#[test]
fn an_error_denies() {
    // Adding 1 to the greatest number overflows: a permit elsewhere must not hide it.
    let text = r#"@id("p") permit(principal, action, resource);
        @id("e") permit(principal, action, resource) when { context.time + 1 > 0 };"#;
    let case = format!("as = 'ann'\neffects = ['select s.t']\ntime = {}", i64::MAX);
    check(text, &case, "deny", &["portcullis.evaluation-error"], &[]);
    check(
        text,
        "as = 'ann'\neffects = ['select s.t']",
        "allow",
        &["e", "p"],
        &[],
    );
}

#[test]
fn what_load_refuses() {
    let check = |text: &str, expect: &str| {
        let error = PolicySet::load(&[("p.cedar".to_owned(), text.to_owned())]);
        let message = error.map(|_| "accepted".to_owned());
        let message = message.unwrap_or_else(|error| error.to_string());
        assert!(message.contains(expect), "{text}\n→ {message}");
    };
    check("permit(principal, action, resource)", "p.cedar:1:");
    check(
        "permit(principal, action, resource);\n\nfrobnicate",
        "p.cedar:3:1",
    );
    check(
        r#"permit(principal, action == Action::"selct", resource);"#,
        "selct",
    );
    check(
        "permit(principal, action, resource)\nwhen { context.has_were };",
        "p.cedar:2:8",
    );
    check(
        r#"permit(principal in User::"x", action, resource in Group::"g");"#,
        "p.cedar:1:",
    );
    check(
        "permit(principal == ?principal, action, resource);",
        "templates",
    );
    check(
        r#"@aproval("dba") permit(principal, action, resource);"#,
        "`@aproval`",
    );
    check(
        r#"@approval("0 of dba") permit(principal, action, resource);"#,
        "0 of dba",
    );
    check(
        r#"@approval("") permit(principal, action, resource);"#,
        "says nothing",
    );
    check(
        "@approval permit(principal, action, resource);",
        "says nothing",
    );
    check(
        r#"@approval("dba") forbid(principal, action, resource);"#,
        "forbid",
    );
    check(
        r#"@id("portcullis.x") permit(principal, action, resource);"#,
        "built-in",
    );
    let twice = r#"@id("x") permit(principal, action, resource);
        @id("x") forbid(principal, action, resource);"#;
    check(twice, "p.cedar:2:9: the id `x` is taken");
    check(
        r#"@id("p.cedar#2") permit(principal, action, resource); permit(principal, action, resource);"#,
        "is taken",
    );
    check(
        "permit(principal, action, resource) when { 1 == 2 };",
        "impossible",
    );
    check("permit(principal, action, resource);", "accepted");
    check("", "accepted");
}

#[test]
fn ids_texts_and_hash() {
    let file = |name: &str, text: &str| (name.to_owned(), text.to_owned());
    let one = file(
        "a.cedar",
        "// first\npermit(principal, action, resource);\n\n@id(\"x\")\nforbid(principal, action == Action::\"drop\", resource);",
    );
    let two = file("b.cedar", "permit(principal, action, resource);");
    let set = PolicySet::load(&[one.clone(), two.clone()]).unwrap();
    let ids: Vec<_> = set
        .policies()
        .map(|p| (p.id.to_owned(), p.file.to_owned()))
        .collect();
    let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
    assert_eq!(
        ids,
        [
            pair("a.cedar#1", "a.cedar"),
            pair("b.cedar#1", "b.cedar"),
            pair("x", "a.cedar")
        ]
    );
    let text = set.policies().last().unwrap().text.to_owned();
    assert!(text.starts_with("@id(\"x\")"), "{text}");
    let turned = PolicySet::load(&[two.clone(), one]).unwrap();
    assert_eq!(
        set.hash(),
        turned.hash(),
        "the order of files does not matter"
    );
    assert_ne!(set.hash(), PolicySet::load(&[two]).unwrap().hash());
}

#[test]
fn effects_read_as_they_print() {
    for text in [
        "connect database",
        "select public.customers (email, id)",
        "create schema audit",
        "call public.refund()",
        "set setting work_mem",
        "set_role role postgres",
        "listen channel jobs",
        "create extension dblink",
        "large_object large_object",
    ] {
        assert_eq!(parse_effect(text).unwrap().to_string(), text);
    }
    for text in ["", "select", "slect a.b", "select a.b (c"] {
        assert!(parse_effect(text).is_err(), "{text}");
    }
}

/// Policies over a small world, as text; each has its number as id.
fn policies() -> impl Strategy<Value = Vec<String>> {
    let kind = prop_oneof![
        Just("permit"),
        Just("@approval(\"dba\") permit"),
        Just("@approval(\"owner\") permit"),
        Just("forbid"),
    ];
    let who = prop_oneof![
        Just("principal"),
        Just("principal in Group::\"g\""),
        Just("principal in Group::\"bots\""),
    ];
    let action = prop_oneof![
        Just("action"),
        Just("action in Action::\"write\""),
        Just("action == Action::\"select\""),
    ];
    let what = prop_oneof![
        Just("resource"),
        Just("resource in Schema::\"db/d/s\""),
        Just("resource in Label::\"pii\""),
        Just("resource == Column::\"db/d/s/t/a\""),
    ];
    let one = (kind, who, action, what).prop_map(|(k, p, a, r)| format!("{k} ({p}, {a}, {r});"));
    proptest::collection::vec(one, 0..6)
}

fn outcome(policies: &[String], effects: &[&str], who: &str) -> Outcome {
    let file = format!(
        "{WHO}\n[[case]]\nname = 'it'\nas = '{who}'\neffects = {effects:?}\nexpect = 'allow'"
    );
    let reports = run(&load(&policies.join("\n")), &file, &bench()).unwrap();
    match reports[0].outcome {
        "allow" => Outcome::Allow,
        "hold" => Outcome::Hold,
        _ => Outcome::Deny,
    }
}

const EFFECTS: [&str; 4] = [
    "select s.t (a, email)",
    "select s.t (a)",
    "delete s.t",
    "unanalysed database",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn a_forbid_never_allows_more(
        base in policies(), more in policies(), effect in 0..4_usize, agent in any::<bool>(),
    ) {
        let who = if agent { "bot" } else { "ann" };
        let forbids = more.into_iter().filter(|p| p.starts_with("forbid"));
        let with: Vec<_> = base.iter().cloned().chain(forbids).collect();
        let effect = [EFFECTS[effect]];
        prop_assert!(outcome(&with, &effect, who) >= outcome(&base, &effect, who));
    }

    #[test]
    fn a_plain_permit_never_allows_less(base in policies(), effect in 0..4_usize) {
        let mut with = base.clone();
        with.push("permit (principal, action, resource);".to_owned());
        let effect = [EFFECTS[effect]];
        prop_assert!(outcome(&with, &effect, "ann") <= outcome(&base, &effect, "ann"));
    }

    #[test]
    fn the_order_of_policies_and_effects_is_nothing(base in policies()) {
        let mut turned = base.clone();
        turned.reverse();
        let mut effects = EFFECTS;
        effects.reverse();
        prop_assert_eq!(outcome(&base, &EFFECTS, "bot"), outcome(&turned, &effects, "bot"));
        let worst = EFFECTS.iter().map(|e| outcome(&base, &[*e], "bot")).max();
        prop_assert_eq!(Some(outcome(&base, &EFFECTS, "bot")), worst);
    }

    #[test]
    fn an_agent_never_has_more_than_its_human(base in policies(), effect in 0..4_usize) {
        let effect = [EFFECTS[effect]];
        prop_assert!(outcome(&base, &effect, "bot") >= outcome(&base, &effect, "ann"));
    }
}
