//! PostgreSQL 15, 17 and 18, each way to log in to them, and what their ends look like from here.

use testkit::{Postgres, PostgresOptions, Server, eventually, wait_until};

use crate::stage::{PATIENCE, Stage, UPSTREAM_PASSWORD, Wishes, listed, new_shop, oidc, shop};

#[test]
fn the_versions_that_must_be_tested_are_there() {
    let versions: Vec<u16> = Server::all().iter().map(|server| server.version).collect();
    for wanted in [15, 17, 18] {
        assert!(
            versions.contains(&wanted),
            "PostgreSQL {wanted} is missing, there are {versions:?}"
        );
    }
}

#[test]
fn every_version_is_read_masked_refused_held_and_replayed() {
    for server in Server::all() {
        let limits = "hold_wait = \"300ms\"";
        let stage = Stage::on(
            shop(server),
            oidc(),
            &Wishes {
                limits,
                ..Wishes::default()
            },
        );
        let version = stage.psql("alice", "SHOW server_version");
        assert!(
            version.ok().starts_with(&server.version.to_string()),
            "{}",
            version.out
        );
        let secret = stage
            .postgres
            .sql("shop", "SELECT card_number FROM customers WHERE id = 1");
        let seen = stage.psql(
            "alice",
            "SELECT id, card_number FROM customers WHERE id = 1",
        );
        assert!(
            seen.ok().starts_with("1|") && !seen.out.contains(&secret),
            "{}: {}",
            server.version,
            seen.out
        );
        assert!(
            stage
                .psql("alice", "DROP TABLE orders")
                .err
                .contains("42501"),
            "{}",
            server.version
        );
        assert!(
            stage
                .psql("agent", "DELETE FROM staff WHERE id = 1")
                .err
                .contains("PC001"),
            "{}",
            server.version
        );
        stage
            .psql(
                "alice",
                "\\d customers\n\\d+ order_totals\n\\dt\n\\df\n\\dn\n\\du",
            )
            .ok();
        replays(&stage, &secret);
        let acting = stage.psql("alice", "SELECT current_setting('application_name')");
        assert!(
            acting.ok().contains("alice"),
            "{}: the target sees who acts: {}",
            server.version,
            acting.out
        );
    }
}

/// The session that read the card replays with what it asked and with what it was given, and no more.
fn replays(stage: &Stage, secret: &str) {
    let version = stage.postgres.server.version;
    let sessions = listed(&stage.json("dora", &["sessions", "list"]), "sessions");
    let ids = sessions
        .iter()
        .map(|session| session["id"].as_str().unwrap());
    let replayed: Vec<String> = ids
        .map(|id| {
            let ran = stage.cli("dora", &["replay", id, "--speed", "0"]);
            ran.ok().to_owned()
        })
        .collect();
    let asked = "SELECT id, card_number FROM customers";
    let read: Vec<&String> = replayed
        .iter()
        .filter(|text| text.contains(asked))
        .collect();
    assert_eq!(read.len(), 1, "{version}: {replayed:?}");
    let masked = format!(
        "{}{}",
        "*".repeat(secret.len() - 4),
        &secret[secret.len() - 4..]
    );
    assert!(read[0].contains(&masked), "{version}: {}", read[0]);
    for word in ["DROP TABLE orders", "DELETE FROM staff WHERE id = 1"] {
        let told = replayed.iter().any(|text| text.contains(word));
        assert!(told, "{version}: {word} is in no replay");
    }
    assert!(
        replayed.iter().all(|text| !text.contains(secret)),
        "{version}"
    );
}

#[test]
fn each_version_is_spoken_to_in_its_newest_protocol_and_cancelled_with_its_key() {
    for server in Server::all() {
        let stage = Stage::on(shop(server), oidc(), &Wishes::default());
        let mut client = stage.raw("alice");
        let key = client.cancel_key();
        // PostgreSQL 18 was the first to speak 3.2, whose keys are longer.
        let spoken = if server.version >= 18 { "3.2" } else { "3.0" };
        // The line comes right after the client was told.
        let said = eventually("the session in the log", PATIENCE, || {
            let log = stage.gateway.log();
            let opened = log.lines().find(|line| line.contains("session opened"));
            opened.map(str::to_owned)
        });
        assert!(
            said.contains("upstream") && said.contains(&format!("\"{spoken}\"")),
            "{}: {said}",
            server.version
        );
        client.send(
            b'Q',
            b"SELECT count(*) FROM (SELECT generate_series(1, 10000000000)) forever\0",
        );
        let runs = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%forever%' AND state = 'active' AND pid <> pg_backend_pid()";
        wait_until("the statement to run", PATIENCE, || {
            stage.postgres.sql("shop", runs) != "0"
        });
        testkit::cancel(stage.gateway.address(), &key);
        let frames = client.read_until_ready();
        let codes: Vec<_> = frames.iter().filter_map(|f| f.field(b'C')).collect();
        assert_eq!(codes, ["57014"], "{}", server.version);
    }
}

fn leaked(options: PostgresOptions) -> &'static Postgres {
    Box::leak(Box::new(new_shop(&Server::standard(), options)))
}

fn reads(stage: &Stage) {
    assert_eq!(
        stage
            .psql("alice", "SELECT count(*) FROM products")
            .ok()
            .trim(),
        "80"
    );
}

#[test]
fn it_logs_in_by_md5_by_a_plain_password_under_tls_and_by_scram_plus() {
    for auth in ["md5", "password", "scram-sha-256"] {
        let postgres = leaked(PostgresOptions {
            auth,
            tls: true,
            ..PostgresOptions::default()
        });
        let target = format!(
            "address = \"localhost:{}\"\ntls = \"verify-full\"\nca_file = \"{}\"",
            postgres.port,
            postgres.ca_file().display()
        );
        let stage = Stage::on(
            postgres,
            oidc(),
            &Wishes {
                target: Some(target),
                ..Wishes::default()
            },
        );
        reads(&stage);
        let tls = "SELECT count(*) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE ssl AND usename = 'portcullis_gateway'";
        assert_ne!(
            stage.postgres.sql("shop", tls),
            "0",
            "{auth}: the upstream is under TLS"
        );
    }
}

#[test]
fn it_reaches_a_server_by_its_unix_socket() {
    let postgres = shop(&Server::standard());
    let socket = postgres
        .socket_folder()
        .join(format!(".s.PGSQL.{}", postgres.port));
    let target = format!("address = \"unix:{}\"\ntls = \"disable\"", socket.display());
    reads(&Stage::on(
        postgres,
        oidc(),
        &Wishes {
            target: Some(target),
            ..Wishes::default()
        },
    ));
}

#[test]
fn a_certificate_of_somebody_else_is_not_talked_to() {
    let postgres = leaked(PostgresOptions {
        tls: true,
        ..PostgresOptions::default()
    });
    let other = leaked(PostgresOptions {
        tls: true,
        ..PostgresOptions::default()
    });
    let target = format!(
        "address = \"localhost:{}\"\ntls = \"verify-full\"\nca_file = \"{}\"",
        postgres.port,
        other.ca_file().display()
    );
    let stage = Stage::on(
        postgres,
        oidc(),
        &Wishes {
            target: Some(target),
            ..Wishes::default()
        },
    );
    let refused = stage.psql("alice", "SELECT 1");
    assert_ne!(refused.code, 0, "{}", refused.out);
    assert!(
        !refused.all().contains(UPSTREAM_PASSWORD)
            && !stage.gateway.log().contains(UPSTREAM_PASSWORD)
    );
}

#[test]
fn a_server_that_dies_mid_transaction_ends_the_session_with_a_word() {
    let postgres = leaked(PostgresOptions::default());
    let stage = Stage::on(postgres, oidc(), &Wishes::default());
    let mut client = stage.raw("alice");
    drop(client.query("BEGIN"));
    postgres.kill();
    client.send(b'Q', b"SELECT 1\0");
    let last = client.read_to_end();
    assert!(
        last.iter().all(|f| f.tag != b'D'),
        "never silently connected anew: {last:?}"
    );
    wait_until("new logins to be refused cleanly", PATIENCE, || {
        stage.psql("alice", "SELECT 1").err.contains("FATAL")
    });
}

#[test]
fn a_change_of_the_catalog_is_seen() {
    let postgres = leaked(PostgresOptions::default());
    let stage = Stage::on(postgres, oidc(), &Wishes::default());
    reads(&stage);
    postgres.sql("shop", "CREATE TABLE late (id int, ssn text); INSERT INTO late VALUES (1, '666-11-2222'); GRANT SELECT ON late TO portcullis_gateway");
    let ran = eventually("the new table to be known", PATIENCE, || {
        let ran = stage.psql("alice", "SELECT id, ssn FROM late");
        (ran.code == 0).then_some(ran)
    });
    assert!(
        ran.out.starts_with("1|") && !ran.out.contains("666-11-2222"),
        "{}",
        ran.out
    );
}
