//! `portcullis init`: what it writes is valid, serves at once, and holds what it says.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use testkit::{Gateway, Postgres, Ran, Scratch, Server, run};

use crate::stage::{Stage, oidc, shop};

fn init(scratch: &Scratch, postgres: &Postgres) -> Ran {
    let folder = scratch.path();
    let password = scratch.write("upstream.password", crate::stage::UPSTREAM_PASSWORD);
    let mut command = Command::new(env!("CARGO_BIN_EXE_portcullis"));
    command
        .arg("init")
        .arg(folder)
        .arg("--password-file")
        .arg(password);
    command.args([
        "--resource",
        "orders-prod",
        "--database",
        "shop",
        "--user",
        "portcullis_gateway",
    ]);
    command.args([
        "--tls",
        "disable",
        "--address",
        &format!("127.0.0.1:{}", postgres.port),
    ]);
    command.args([
        "--issuer",
        &https(),
        "--listen",
        "127.0.0.1:0",
        "--http",
        "127.0.0.1:0",
    ]);
    run(&mut command, "", Duration::from_secs(30))
}

/// The provider's URL as a first configuration takes it.
fn https() -> String {
    oidc().issuer().replace("http://", "https://")
}

/// The words that only a test's provider needs, on plain HTTP, and how it tells agents.
fn for_the_test(config: &str) -> String {
    let issuer = "client_id = \"portcullis\"\nallow_http = true\nname_claim = \"name\"";
    let agents = "agent_groups = [\"agents\"]";
    let config = config.replace(&https(), oidc().issuer());
    let listen = "[[listen]]\n";
    let config = config.replace(listen, &format!("{listen}tls = \"offered\"\n"));
    let config = config.replace("client_id = \"portcullis\"", &format!("{issuer}\n{agents}"));
    format!("{config}\n[limits]\nhold_wait = \"1s\"\n")
}

#[test]
fn a_first_configuration_serves_masks_and_holds() {
    let postgres = shop(&Server::standard());
    let binary = Path::new(env!("CARGO_BIN_EXE_portcullis"));
    let scratch = Scratch::new();
    let told = init(&scratch, postgres);
    assert!(
        told.ok().contains("portcullis serve --config"),
        "{}",
        told.out
    );
    let config = std::fs::read_to_string(scratch.path().join("portcullis.toml")).unwrap();
    let gateway = Gateway::start(binary, &for_the_test(&config), |inner| {
        inner.copy(&scratch.path().join("policy"), "policy");
    });
    let stage = Stage { postgres, gateway };
    let checked = stage.gateway.cli(
        &["config", "check", "--config", "portcullis.toml", "--json"],
        &[],
    );
    let checked: serde_json::Value = serde_json::from_str(checked.ok()).unwrap();
    assert_eq!(checked["warnings"], serde_json::json!([]), "{checked}");

    // Labels that a scan proposes are in force as they were written.
    let scan = [
        "data",
        "scan",
        "orders-prod",
        "--config",
        "portcullis.toml",
        "--write",
        "policy/data.toml",
    ];
    assert!(
        stage
            .gateway
            .cli(&scan, &[])
            .ok()
            .contains("entries appended to")
    );
    let masked = testkit::eventually("the labels to be in force", Duration::from_secs(10), || {
        let read = stage.psql("alice", "SELECT email FROM customers WHERE id = 1");
        (read.code == 0 && read.out.contains("***")).then_some(read.out)
    });
    assert!(!masked.contains("ines"), "{masked}");

    for account in ["alice", "agent"] {
        let read = stage.psql(account, "SELECT count(*) FROM orders");
        assert_eq!(read.code, 0, "{account}: {}", read.all());
        let held = stage.psql(account, "DELETE FROM order_items WHERE order_id = 0");
        let held = held.all();
        assert!(held.contains("It needs one of dba"), "{account}: {held}");
    }
    for (account, sql, refused) in [
        ("agent", "DELETE FROM order_items", "agents-need-where"),
        ("agent", "DROP TABLE order_items", "agents-never-define"),
        ("alice", "DROP TABLE order_items", "denied by"),
        ("sam", "SELECT 1", "FATAL"),
    ] {
        let answer = stage.psql(account, sql).all();
        assert!(answer.contains(refused), "{account}: {sql}: {answer}");
    }
}

#[test]
fn nothing_is_written_over() {
    let scratch = Scratch::new();
    let there = scratch.write("portcullis.toml", "mine");
    let told = init(&scratch, shop(&Server::standard()));
    assert_ne!(told.code, 0);
    assert!(told.all().contains("is there already"), "{}", told.all());
    assert_eq!(std::fs::read_to_string(there).unwrap(), "mine");
    assert!(!scratch.path().join("policy").exists());
}
