//! What drafts would have decided about recorded statements, as data; and what must not be told.

#![allow(clippy::unwrap_used)]

use model::{Outcome, Principal, PrincipalKind, Resource, ResourceName};
use policy::simulate::{Approvers, Asked, Lacks, Part, Past, Set, Untold, Would, simulate};
use policy::{Context, Labels, PolicySet};

/// Every column named `email` is personal.
struct ByName;

impl Labels for ByName {
    fn labels(&self, _: &str, _: &str, _: &str, column: &str) -> Vec<String> {
        let labels: &[&str] = if column == "email" { &["pii"] } else { &[] };
        labels.iter().map(ToString::to_string).collect()
    }
}

const READ: &str =
    r#"@id("read") permit(principal in Group::"staff", action in Action::"read", resource);"#;
const WRITE: &str =
    r#"@id("write") permit(principal in Group::"staff", action in Action::"write", resource);"#;
const ASK: &str = r#"@id("ask") @approval("dba") permit(principal in Group::"staff", action in Action::"write", resource);"#;
const FORBID: &str = r#"@id("never") forbid(principal, action == Action::"delete", resource in Table::"db/d/public/orders");"#;
const REVEAL: &str =
    r#"@id("show") permit(principal in Group::"staff", action == Action::"reveal", resource);"#;
const CONNECT: &str = r#"@id("in") permit(principal, action == Action::"connect", resource);"#;

fn set(parts: &[&str]) -> PolicySet {
    PolicySet::load(&[("p.cedar".to_owned(), parts.concat())]).unwrap()
}

fn somebody(name: &str, kind: PrincipalKind, groups: &[&str]) -> Principal {
    Principal {
        issuer: "https://id.example".to_owned(),
        subject: name.to_owned(),
        name: name.to_owned(),
        email: None,
        kind,
        groups: groups.iter().map(ToString::to_string).collect(),
        acts_for: None,
    }
}

/// A statement of ann's that was allowed.
fn past(effects: &[&str]) -> Past {
    Past {
        principal: somebody("ann", PrincipalKind::Human, &["staff"]),
        resource: Resource {
            name: ResourceName::new("db").unwrap(),
            protocol: "postgres".to_owned(),
            database: "d".to_owned(),
            tags: [("env".to_owned(), "prod".to_owned())].into(),
        },
        context: Context::default(),
        asked: Asked::Run(vec![part("DELETE", true, effects)]),
        outcome: Outcome::Allow,
        rules: Vec::new(),
        was_approved: false,
        masked: Vec::new(),
        lacks: Lacks::default(),
    }
}

fn part(kind: &str, has_where: bool, effects: &[&str]) -> Part {
    Part {
        kind: kind.to_owned(),
        has_where,
        effects: effects.iter().map(ToString::to_string).collect(),
    }
}

fn told(past: &Past, draft: &[&str], running: &[&str]) -> Result<Would, Untold> {
    let (draft, running) = (set(draft), set(running));
    let with = |policies| Set {
        policies,
        labels: &ByName,
    };
    simulate(past, with(&draft), with(&running))
}

const DELETE: [&str; 2] = ["delete public.orders", "select public.orders (id)"];

#[test]
fn a_draft_takes_away_asks_and_opens() {
    let check = |was: Outcome, draft: &[&str], expect: Outcome, rules: &[&str]| {
        let past = Past {
            outcome: was,
            ..past(&DELETE)
        };
        let would = told(&past, draft, &[]).unwrap();
        assert_eq!((would.was, would.outcome), (was, expect), "{draft:?}");
        assert_eq!(would.rules, rules, "{draft:?}");
        assert_eq!(would.is_change(), was != expect, "{draft:?}");
        let asks: &[&str] = if expect == Hold { &["dba"] } else { &[] };
        let approvals: Vec<_> = would.approvals.iter().map(ToString::to_string).collect();
        assert_eq!(approvals, asks, "{draft:?}");
    };
    use Outcome::{Allow, Deny, Hold};
    check(Allow, &[READ, WRITE], Allow, &["read", "write"]);
    check(Allow, &[READ], Deny, &["portcullis.default-deny"]);
    check(Allow, &[READ, WRITE, FORBID], Deny, &["never"]);
    check(Allow, &[READ, ASK], Hold, &["ask"]);
    check(Hold, &[READ, ASK], Hold, &["ask"]);
    check(Hold, &[READ, WRITE], Allow, &["read", "write"]);
    check(Hold, &[READ], Deny, &["portcullis.default-deny"]);
    check(Deny, &[READ, WRITE], Allow, &["read", "write"]);
    check(Deny, &[READ, ASK], Hold, &["ask"]);
}

#[test]
fn what_people_made_of_a_hold_is_not_the_policies() {
    let check = |outcome: Outcome, rule: &str, was_approved: bool, expect: Outcome| {
        let past = Past {
            outcome,
            rules: vec![rule.to_owned()],
            was_approved,
            ..past(&DELETE)
        };
        let would = told(&past, &[READ, ASK], &[]).unwrap();
        assert_eq!(would.was, expect, "{rule}");
    };
    use Outcome::{Allow, Deny, Hold};
    check(Allow, "ask", true, Hold);
    check(Allow, "write", false, Allow);
    check(Deny, "portcullis.not-approved", false, Hold);
    check(Deny, "portcullis.approvals-max", false, Hold);
    check(Deny, "portcullis.default-deny", false, Deny);
}

#[test]
fn an_agent_may_what_both_may() {
    let agent = |human: &str| {
        let mut past = past(&DELETE);
        past.principal.kind = PrincipalKind::Agent;
        let human = somebody("bob", PrincipalKind::Human, &[human]);
        past.principal.acts_for = Some(Box::new(human));
        past
    };
    let outcome = |past: &Past| told(past, &[READ, WRITE], &[]).unwrap().outcome;
    assert_eq!(outcome(&agent("staff")), Outcome::Allow);
    assert_eq!(outcome(&agent("guests")), Outcome::Deny);
    let mut unknown = agent("staff");
    unknown.lacks.human = true;
    assert_eq!(told(&unknown, &[READ, WRITE], &[]), Err(Untold::Human));
}

#[test]
fn columns_that_would_show_or_hide() {
    let check =
        |masked: &[&str], draft: &[&str], running: &[&str], shown: &[&str], hidden: &[&str]| {
            let past = Past {
                masked: masked.iter().map(ToString::to_string).collect(),
                ..past(&["select public.customers (email, id)"])
            };
            let would = told(&past, draft, running).unwrap();
            assert_eq!(would.shown, shown, "{masked:?}");
            assert_eq!(would.hidden, hidden, "{masked:?}");
            assert_eq!(would.is_change(), !shown.is_empty() || !hidden.is_empty());
        };
    let email = ["public.customers.email"];
    check(&email, &[READ, REVEAL], &[READ], &email, &[]);
    check(&email, &[READ], &[READ], &[], &[]);
    check(&[], &[READ], &[READ, REVEAL], &[], &email);
    check(&[], &[READ, REVEAL], &[READ, REVEAL], &[], &[]);
    // It is read in a predicate alone, and was hidden already.
    check(&[], &[READ], &[READ], &[], &[]);
}

#[test]
fn others_who_approve_are_a_change() {
    let owner = ASK.replace("dba", "owner");
    let both = ASK.replace("dba", "2 of dba");
    let check = |was: Outcome, draft: &str, running: &[&str], expect: Approvers| {
        let mut past = Past {
            outcome: was,
            ..past(&DELETE)
        };
        // Only an agent has an owner.
        past.principal.kind = PrincipalKind::Agent;
        let human = somebody("bob", PrincipalKind::Human, &["bosses"]);
        past.principal.acts_for = Some(Box::new(human));
        let all = r#"@id("all") permit(principal in Group::"bosses", action, resource);"#;
        let running = [running, &[all]].concat();
        let would = told(&past, &[READ, draft, all], &running).unwrap();
        assert_eq!(would.approvers, expect, "{draft} {running:?}");
        let is_change = was != would.outcome || expect == Approvers::Others;
        assert_eq!(would.is_change(), is_change, "{draft} {running:?}");
    };
    use Outcome::{Allow, Hold};
    check(Hold, &owner, &[READ, &both], Approvers::Others);
    check(Hold, &both, &[READ, &both], Approvers::Same);
    check(Hold, &both, &[READ, WRITE], Approvers::Unknown);
    check(Hold, WRITE, &[READ, &both], Approvers::Same);
    check(Allow, &owner, &[READ, &both], Approvers::Same);
}

#[test]
fn what_the_rules_of_now_ask_for_is_not_guessed_either() {
    let mut past = past(&["select public.customers (email, id)"]);
    past.lacks.circumstances = true;
    let running = r#"@id("r") permit(principal, action == Action::"reveal", resource) when { context.has_where };"#;
    let lacking = Err(Untold::Lacks("has_where"));
    assert_eq!(told(&past, &[READ], &[READ, running]), lacking);
    assert!(told(&past, &[READ, REVEAL], &[READ, running]).is_ok());
    past.lacks.circumstances = false;
    assert!(told(&past, &[READ], &[READ, running]).is_ok());
    past.masked = vec!["public.odd.name.email".to_owned()];
    assert_eq!(told(&past, &[READ], &[READ]), Err(Untold::Effect));
}

#[test]
fn several_statements_are_told_by_the_circumstances_of_each() {
    let draft = [
        READ,
        r#"@id("some") permit(principal, action == Action::"delete", resource) when { context.has_where };"#,
    ];
    let check = |first: bool, second: bool, expect: Outcome| {
        let mut past = past(&[]);
        past.asked = Asked::Run(vec![
            part("DELETE", first, &["delete public.a"]),
            part("DELETE", second, &["delete public.b"]),
        ]);
        assert_eq!(told(&past, &draft, &[]).unwrap().outcome, expect);
    };
    check(true, true, Outcome::Allow);
    check(true, false, Outcome::Deny);
    check(false, true, Outcome::Deny);
}

#[test]
fn what_the_record_does_not_say_is_not_guessed() {
    let check = |condition: &str, lacks: Lacks, expect: Option<Untold>| {
        let draft =
            format!(r#"@id("x") permit(principal, action, resource) when {{ {condition} }};"#);
        let past = Past {
            lacks,
            ..past(&DELETE)
        };
        let told = told(&past, &[&draft], &[]);
        assert_eq!(told.err(), expect, "{condition}");
    };
    let old = Lacks {
        circumstances: true,
        ..Lacks::default()
    };
    let unknown = Lacks {
        tags: true,
        ..Lacks::default()
    };
    check("context.has_where", old, Some(Untold::Lacks("has_where")));
    check("context.has_where", Lacks::default(), None);
    check(
        r#"context.statement == "COPY""#,
        old,
        Some(Untold::Lacks("statement")),
    );
    check(
        "context.in_transaction",
        old,
        Some(Untold::Lacks("in_transaction")),
    );
    check("principal has email", old, Some(Untold::Lacks("email")));
    check(r#"context.application == "psql""#, old, None);
    check("context.time > 5", old, None);
    check(
        r#"context.tags.contains("a=b")"#,
        unknown,
        Some(Untold::Lacks("tags")),
    );
    check(r#"context.tags.contains("a=b")"#, old, None);
}

#[test]
fn what_policies_did_not_decide_is_not_told() {
    let check = |effects: &[&str], rule: &str, draft: &[&str], expect: Result<Outcome, Untold>| {
        let past = Past {
            outcome: Outcome::Deny,
            rules: vec![rule.to_owned()],
            ..past(effects)
        };
        let told = told(&past, draft, &[]).map(|would| would.outcome);
        assert_eq!(told, expect, "{effects:?} {rule}");
    };
    let all = [r#"@id("all") permit(principal, action, resource);"#];
    let masked = "portcullis.masked-use";
    check(
        &DELETE,
        masked,
        &all,
        Err(Untold::Beyond(masked.to_owned())),
    );
    // A draft that denies denies, whatever else did.
    check(&DELETE, masked, &[READ], Ok(Outcome::Deny));
    check(
        &[],
        "portcullis.not-understood",
        &all,
        Err(Untold::NotUnderstood),
    );
    let dynamic = ["call public.f()", "unanalysed dynamic SQL in public.f()"];
    check(&dynamic, "x", &all, Err(Untold::Unanalysed));
    check(&dynamic, "x", &[READ], Ok(Outcome::Deny));
}

#[test]
fn effects_are_read_back_as_they_were_written_or_not_at_all() {
    let check = |effect: &str, expect: Result<Outcome, Untold>| {
        let all = [r#"@id("all") permit(principal, action, resource);"#];
        let told = told(&past(&[effect]), &all, &[]).map(|would| would.outcome);
        assert_eq!(told, expect, "{effect}");
    };
    for good in [
        "select public.customers (email, id)",
        "call public.refund()",
        "set setting work_mem",
        "drop whatever depends on it",
        "lock advisory_lock",
        "listen channel a c",
        "create type public.mood",
        "create schema audit",
    ] {
        check(good, Ok(Outcome::Allow));
    }
    for bad in [
        "",
        "select",
        "fly public.a",
        "select a.b.c",
        "select my schema.orders",
        "select public.orders (b, a)",
        "select public.orders (a,b)",
        "select public.orders (a.b)",
        "select public.orders (a",
        "select public.orders ()",
        "select public.or(ders",
        "select public. orders",
        "select schema orders",
        "select role a",
        "delete channel x",
        "set setting a (b)",
        "create schema a.b",
    ] {
        check(bad, Err(Untold::Effect));
    }
}

#[test]
fn sessions_and_preparations() {
    let connect = Past {
        asked: Asked::Connect,
        ..past(&[])
    };
    let outcome = |draft: &[&str]| told(&connect, draft, &[]).unwrap().outcome;
    assert_eq!(outcome(&[CONNECT]), Outcome::Allow);
    assert_eq!(outcome(&[READ]), Outcome::Deny);
    let held =
        r#"@id("held") @approval("dba") permit(principal, action == Action::"connect", resource);"#;
    assert_eq!(outcome(&[held]), Outcome::Deny);
    // What would be held is prepared all the same.
    let prepare = Past {
        asked: Asked::Prepare(vec![part("DELETE", true, &DELETE)]),
        outcome: Outcome::Deny,
        ..past(&[])
    };
    let would = told(&prepare, &[READ, ASK], &[]).unwrap();
    assert_eq!(
        (would.outcome, would.approvals),
        (Outcome::Allow, Vec::new())
    );
}
