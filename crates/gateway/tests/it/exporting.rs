//! What other tools are given: exports of a real journal, read by programs that share no code with ours.

use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;
use testkit::{Ran, eventually, http_get, repository, target};

use crate::stage::{PATIENCE, Stage, Wishes, token};

/// One of the scripts in `testing/export`, with the packages that are pinned for it.
fn checked(script: &str, arguments: &[&str], input: &str) -> Ran {
    let mut python = Command::new(target().join("venv/bin/python"));
    python
        .arg(repository("testing/export").join(script))
        .args(arguments);
    testkit::run(&mut python, input, PATIENCE)
}

/// Allowed, masked, refused, failed and held statements of people and an agent, and changes of the gateway.
pub(crate) fn busy() -> Stage {
    let stage = Stage::with(&Wishes {
        limits: "hold_wait = \"1s\"",
        ledger: "seal_interval = \"100ms\"",
        ..Wishes::default()
    });
    stage
        .psql("alice", "SELECT id, email FROM customers WHERE id < 3; SELECT '=cmd|''/C calc''!A0', E'-1\\n\"x\",y';")
        .ok();
    assert_ne!(stage.psql("alice", "SELECT 1/0").code, 0);
    assert_ne!(stage.psql("alice", "DROP TABLE customers").code, 0);
    let held = stage.psql("alice", "DELETE FROM orders WHERE id = 1");
    assert_ne!(held.code, 0, "{}", held.all());
    let ticket = stage.ticket("DELETE FROM orders", "pending");
    stage
        .cli("dora", &["approvals", "approve", &ticket, "-y"])
        .ok();
    stage.psql("alice", "DELETE FROM orders WHERE id = 1").ok();
    assert_ne!(
        stage
            .gateway
            .psql("alice", &token("alice"), "nowhere", "SELECT 1")
            .code,
        0
    );
    stage
        .cli("root", &["keys", "issue", "nightly", "--kind", "workload"])
        .ok();
    stage
}

fn file(stage: &Stage, name: &str) -> PathBuf {
    stage.gateway.folder().join(name)
}

/// Exports the journal's folder into a file, and answers its text.
fn offline(stage: &Stage, format: &str, more: &[&str]) -> (String, String) {
    let (journal, path) = (stage.journal(), file(stage, &format!("out.{format}")));
    let path = path.to_string_lossy().into_owned();
    let arguments = [
        "export",
        "--journal",
        &journal,
        "--format",
        format,
        "--output",
        &path,
    ];
    stage
        .gateway
        .cli(&[&arguments[..], more].concat(), &[])
        .ok();
    (std::fs::read_to_string(&path).unwrap_or_default(), path)
}

pub(crate) fn lines(text: &str) -> Vec<Value> {
    let read = |line: &str| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"));
    text.lines().map(read).collect()
}

fn of_kind<'a>(events: &'a [Value], kind: &str) -> Vec<&'a Value> {
    events
        .iter()
        .filter(|event| event["kind"] == kind)
        .collect()
}

#[test]
fn every_format_says_the_same_to_readers_that_are_not_ours() {
    let mut stage = busy();
    stage.gateway.stop();
    let (text, jsonl) = offline(&stage, "jsonl", &[]);
    let events = lines(&text);
    let ended = of_kind(&events, "statement.ended");
    let find = |part: &str| {
        let has = |event: &&&Value| {
            event["text"]
                .as_str()
                .is_some_and(|text| text.contains(part))
        };
        *ended
            .iter()
            .rfind(has)
            .unwrap_or_else(|| panic!("{part}: {text}"))
    };
    let masked = find("FROM customers");
    assert_eq!(
        (masked["outcome"].as_str(), masked["rows"].as_u64()),
        (Some("allow"), Some(2))
    );
    assert_eq!(masked["masked"][0], "public.customers.email");
    assert!(masked["duration_us"].as_u64().unwrap() > 0);
    assert_eq!(find("1/0")["error"], "22012");
    assert_eq!(find("DROP TABLE")["outcome"], "deny");
    let approved = find("DELETE FROM orders");
    assert!(
        approved["approvers"][0].as_str().unwrap().contains("dora"),
        "{approved}"
    );
    assert!(of_kind(&events, "approval").len() >= 3);
    let refused = of_kind(&events, "control");
    let names: Vec<_> = refused
        .iter()
        .map(|event| event["control"].as_str().unwrap())
        .collect();
    for name in [
        "gateway.started",
        "policy.loaded",
        "session.refused",
        "key.issued",
        "approval.answered",
    ] {
        assert!(names.contains(&name), "{name}: {names:?}");
    }
    assert_eq!(
        of_kind(&events, "session.opened").len(),
        of_kind(&events, "session.closed").len()
    );
    assert!(of_kind(&events, "gap").is_empty());

    let (_, csv) = offline(&stage, "csv", &[]);
    let (_, parquet) = offline(&stage, "parquet", &[]);
    let same = checked("flat.py", &[&jsonl, &csv, &parquet], "");
    assert_eq!(same.ok().trim(), format!("{} events", events.len()));

    let (ocsf, _) = offline(
        &stage,
        "ocsf",
        &[
            "--kind",
            "statement.decided",
            "--kind",
            "statement.ended",
            "--kind",
            "approval",
            "--kind",
            "session.opened",
            "--kind",
            "session.closed",
            "--kind",
            "control",
        ],
    );
    let valid = checked("ocsf.py", &[], &ocsf);
    let counts: Value = serde_json::from_str(valid.ok().lines().last().unwrap()).unwrap();
    for class in ["Datastore Activity", "API Activity", "Authentication"] {
        assert!(counts[class].as_u64().unwrap() > 1, "{counts}");
    }
    // The checker would see what is wrong.
    let wrong = ocsf.replacen("\"severity_id\":1", "\"severity_id\":12", 1);
    assert_ne!(checked("ocsf.py", &[], &wrong).code, 0);
}

#[test]
fn the_gateway_gives_what_the_files_give_and_remembers_who_asked() {
    let mut stage = busy();
    let refused = stage.cli("alice", &["export"]);
    assert_eq!(refused.code, 4, "{}", refused.all());
    let url = format!("{}/api/v1/export", stage.gateway.http());
    assert_eq!(http_get(&url).status, 401);
    let narrow = [
        "export",
        "--kind",
        "statement.ended",
        "--principal",
        "alice",
    ];
    let told = eventually("all to have ended", PATIENCE, || {
        let told = stage.cli("dora", &narrow).ok().to_owned();
        told.contains("DROP TABLE").then_some(told)
    });
    let path = file(&stage, "asked.jsonl").to_string_lossy().into_owned();
    stage
        .cli("dora", &[&narrow[..], &["--output", &path]].concat())
        .ok();
    assert_eq!(std::fs::read_to_string(&path).unwrap(), told);
    stage.gateway.stop();
    let (text, _) = offline(&stage, "jsonl", &narrow[1..]);
    assert_eq!(text, told);
    let (control, _) = offline(&stage, "jsonl", &["--kind", "control"]);
    let asked: Vec<_> = lines(&control)
        .into_iter()
        .filter(|event| event["control"] == "recordings.exported")
        .collect();
    assert!(asked.len() >= 2, "{control}");
    assert!(
        asked[0]["actor"].as_str().unwrap().contains("dora"),
        "{}",
        asked[0]
    );
    assert!(asked[0]["fields"].to_string().contains("statement.ended"));
    // A file that cannot be made is an error, and nothing half stays behind.
    let nowhere = file(&stage, "none/out").to_string_lossy().into_owned();
    let journal = stage.journal();
    let failed = stage.gateway.cli(
        &["export", "--journal", &journal, "--output", &nowhere],
        &[],
    );
    assert_eq!(failed.code, 1, "{}", failed.all());
}

#[test]
fn a_pack_convinces_a_stranger() {
    let mut stage = busy();
    let vkey = stage.cli("dora", &["audit", "key"]).ok().trim().to_owned();
    let sessions = crate::stage::listed(&stage.json("dora", &["sessions", "list"]), "sessions");
    let held = |session: &&Value| session["held"].as_u64().is_some_and(|held| held > 0);
    let id = sessions.iter().find(held).unwrap()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    stage.gateway.stop();
    let (journal, path) = (stage.journal(), file(&stage, "session.zip"));
    let path = path.to_string_lossy().into_owned();
    let pack = [
        "audit",
        "pack",
        "--journal",
        &journal,
        "--session",
        &id,
        "--output",
        &path,
    ];
    stage.gateway.cli(&pack, &[]).ok();
    let verify = |path: &str, key: &str| {
        stage
            .gateway
            .cli(&["audit", "verify-pack", path, "--key", key], &[])
    };
    let good = verify(&path, &vkey);
    assert!(good.ok().ends_with("sound\n"), "{}", good.out);
    assert!(!good.out.contains("remark"), "{}", good.out);
    let read = checked("pack.py", &[&path], "");
    assert!(
        read.ok().contains("records are as they were sealed"),
        "{}",
        read.all()
    );

    // What is in it, for people.
    let unpacked = file(&stage, "unpacked");
    let zip = format!(
        "import zipfile; zipfile.ZipFile({path:?}).extractall({:?})",
        unpacked.display().to_string()
    );
    testkit::run(Command::new("python3").args(["-c", &zip]), "", PATIENCE).ok();
    let report = std::fs::read_to_string(unpacked.join("report.html")).unwrap();
    for part in [
        "DELETE FROM orders",
        "Request for approval",
        "gateway.cedar",
        "approval.answered",
        "dora",
    ] {
        assert!(report.contains(part), "{part}: {report}");
    }
    let printed = file(&stage, "report.pdf");
    let mut browser = Command::new("chromium");
    browser.args([
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--no-pdf-header-footer",
    ]);
    browser
        .arg(format!(
            "--user-data-dir={}",
            file(&stage, "browser").display()
        ))
        .arg(format!("--print-to-pdf={}", printed.display()))
        .arg(unpacked.join("report.html"));
    testkit::run(&mut browser, "", PATIENCE).ok();
    let pdf = std::fs::read(&printed).unwrap();
    assert!(
        pdf.starts_with(b"%PDF-") && pdf.len() > 5_000,
        "{} bytes",
        pdf.len()
    );

    // The proof alone, and what is wrong.
    let ledger = stage
        .gateway
        .data()
        .join("ledger")
        .to_string_lossy()
        .into_owned();
    let proof = stage.gateway.cli(
        &["audit", "proof", "--ledger", &ledger, "--session", &id],
        &[],
    );
    let proof_file = file(&stage, "proof.json");
    std::fs::write(&proof_file, proof.ok()).unwrap();
    let proof_path = proof_file.to_string_lossy().into_owned();
    let proved = stage
        .gateway
        .cli(&["audit", "verify-proof", &proof_path, "--key", &vkey], &[]);
    assert!(proved.ok().ends_with("sound\n"), "{}", proved.out);
    std::fs::write(
        &proof_file,
        proof.out.replacen("intents 1-", "intents 2-", 1),
    )
    .unwrap();
    let forged = stage
        .gateway
        .cli(&["audit", "verify-proof", &proof_path, "--key", &vkey], &[]);
    assert_eq!(forged.code, 7, "{}", forged.all());
    let mut bytes = std::fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    let edited = verify(&path, &vkey);
    assert_eq!(edited.code, 7, "{}", edited.all());
    let none = [
        "audit",
        "pack",
        "--journal",
        &journal,
        "--session",
        "01998877-6655-7443-a221-100f0e0d0c0b",
        "--output",
        &path,
    ];
    assert_eq!(stage.gateway.cli(&none, &[]).code, 5);
}
