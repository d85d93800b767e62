//! `portcullis policy simulate`: drafts are put against what people really did, and nobody reads recordings unseen.

use serde_json::Value;
use testkit::Ran;

use crate::exporting::{busy, lines};
use crate::stage::Stage;

/// The policies in force with `more` behind them, and without what stands between two texts.
fn draft(stage: &Stage, name: &str, without: Option<(&str, &str)>, more: &str) {
    let (from, to) = (
        stage.gateway.folder().join("policy"),
        stage.gateway.folder().join(name),
    );
    std::fs::create_dir(&to).unwrap();
    for entry in std::fs::read_dir(&from).unwrap() {
        let path = entry.unwrap().path();
        let mut text = std::fs::read_to_string(&path).unwrap();
        if let Some((start, end)) = without
            && let Some((before, rest)) = text.split_once(start)
        {
            let (_, after) = rest.split_once(end).unwrap();
            text = format!("{before}{end}{after}");
        }
        std::fs::write(to.join(path.file_name().unwrap()), text).unwrap();
    }
    std::fs::write(to.join("zz-draft.cedar"), more).unwrap();
}

fn simulate(stage: &Stage, account: &str, name: &str, more: &[&str]) -> Ran {
    let fixed = [
        "policy",
        "simulate",
        "--config",
        "portcullis.toml",
        "--policy",
        name,
    ];
    stage.cli(account, &[&fixed[..], more].concat())
}

fn json(ran: &Ran) -> Value {
    serde_json::from_str(&ran.out).unwrap_or_else(|error| panic!("{error}: {}", ran.all()))
}

/// The change whose example has this text.
fn change<'a>(report: &'a Value, text: &str) -> &'a Value {
    let changes = report["changes"].as_array().unwrap();
    let has = |change: &&Value| {
        let example = change["example"]["text"].as_str();
        example.is_some_and(|example| example.contains(text))
    };
    let found = changes.iter().find(has);
    found.unwrap_or_else(|| panic!("{text}: {report:#}"))
}

#[test]
fn drafts_are_put_against_what_people_did() {
    let stage = busy();
    // What is in force decides as it did, and all of it can be told.
    draft(&stage, "same", None, "");
    let strict = ["--json", "--fail-on-change", "--fail-on-untold"];
    let ran = simulate(&stage, "dora", "same", &strict);
    let report = json(&ran);
    assert_eq!(
        (ran.code, report["changed"].as_u64()),
        (0, Some(0)),
        "{report:#}"
    );
    assert!(report["statements"].as_u64().unwrap() >= 5, "{report:#}");
    assert!(report["sessions"].as_u64().unwrap() >= 5, "{report:#}");

    // Rows of orders are removed without asking, and e-mail addresses are seen.
    let opened = r#"
        @id("delete-freely") permit (principal in Group::"engineers", action == Action::"delete", resource);
        @id("see-pii") permit (principal in Group::"engineers", action == Action::"reveal", resource in Label::"pii");"#;
    draft(&stage, "opened", None, opened);
    let report = json(&simulate(&stage, "dora", "opened", &["--json"]));
    let deleted = change(&report, "DELETE FROM orders");
    assert_eq!(
        (&deleted["was"], &deleted["would"]),
        (&"hold".into(), &"allow".into()),
        "{report:#}"
    );
    assert!(
        deleted["rules"].to_string().contains("delete-freely"),
        "{deleted:#}"
    );
    assert_eq!(
        deleted["count"], 2,
        "asked, and asked again with the approval: {deleted:#}"
    );
    let shown = change(&report, "FROM customers");
    assert_eq!(shown["shown"][0], "public.customers.email", "{shown:#}");
    assert_eq!(
        (&shown["was"], &shown["would"]),
        (&"allow".into(), &"allow".into())
    );

    // Reading customers is asked about, everything else that engineers read is taken away.
    let taken = r#"
        @id("ask-first") @approval("dba") permit (principal in Group::"engineers", action == Action::"select",
            resource in Table::"orders-prod/shop/public/customers");"#;
    let without = ("@id(\"engineers-read\")", "@id(\"engineers-write\")");
    draft(&stage, "taken", Some(without), taken);
    let ran = simulate(&stage, "dora", "taken", &["--json", "--fail-on-change"]);
    let report = json(&ran);
    assert_eq!(ran.code, 1, "{}", ran.all());
    let asked = change(&report, "FROM customers");
    assert_eq!(
        (&asked["was"], &asked["would"]),
        (&"allow".into(), &"hold".into()),
        "{asked:#}"
    );
    assert_eq!(asked["approvals"][0], "dba", "{asked:#}");
    let refused = change(&report, "DELETE FROM orders");
    assert_eq!(
        (&refused["was"], &refused["would"]),
        (&"hold".into(), &"deny".into()),
        "{refused:#}"
    );
    let session = refused["example"]["session"].as_str().unwrap();
    let narrowed = ["--session", session];
    let text = simulate(&stage, "dora", "taken", &narrowed);
    assert!(text.ok().contains("hold -> deny"), "{}", text.out);
    assert!(!text.out.contains("FROM customers"), "{}", text.out);
    who_looked(&stage);
    offline(stage);
}

/// Whoever may not view recordings simulates nothing; whoever may is in the ledger.
fn who_looked(stage: &Stage) {
    let refused = simulate(stage, "alice", "taken", &["--json"]);
    assert_eq!(refused.code, 4, "{}", refused.all());
    assert!(!refused.out.contains("customers"), "{}", refused.out);
    let exported = stage.cli("root", &["export", "--kind", "control"]);
    let events = lines(exported.ok());
    let looks = events.iter().filter(|event| {
        event["control"] == "recordings.exported"
            && event["actor"]
                .as_str()
                .is_some_and(|actor| actor.contains("dora"))
    });
    assert_eq!(looks.count(), 4, "{}", exported.out);
}

/// From files it is the same.
fn offline(mut stage: Stage) {
    let journal = stage.journal();
    let asked = json(&simulate(&stage, "dora", "taken", &["--json"]));
    stage.gateway.stop();
    let read = json(&simulate(
        &stage,
        "dora",
        "taken",
        &["--json", "--journal", &journal],
    ));
    assert_eq!(read["changes"], asked["changes"]);
    let broken = stage.gateway.folder().join("broken");
    std::fs::create_dir(&broken).unwrap();
    std::fs::write(
        broken.join("a.cedar"),
        "permit (principal, action, resourc);",
    )
    .unwrap();
    let refused = simulate(&stage, "dora", "broken", &["--journal", &journal]);
    assert_eq!(refused.code, 1, "{}", refused.all());
    assert!(refused.err.contains("a.cedar"), "{}", refused.all());
}
