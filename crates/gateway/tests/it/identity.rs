//! Who gets in, by which credential, and how soon they are out again.

use std::time::{Duration, Instant};

use serde_json::json;
use testkit::{Frame, Oidc, RawClient, Server, run, wait_until};

use crate::stage::{PATIENCE, Stage, Wishes, listed, oidc, shop, token};

/// Logs in with a password; answers the SQLSTATE of a refusal, or nothing when let in.
fn login(stage: &Stage, user: &str, password: &str) -> Option<String> {
    let mut client = RawClient::connect(stage.gateway.address());
    client.send_startup(&[("user", user), ("database", "orders-prod")]);
    client.send(b'p', &[password.as_bytes(), &[0]].concat());
    let frames = client.read_to_ready_or_end();
    let refusal = frames.iter().find(|f| f.tag == b'E');
    if refusal.is_none() {
        assert!(
            frames.iter().any(|f| f.tag == b'Z'),
            "neither in nor out: {frames:?}"
        );
    }
    refusal.map(|f| f.field(b'C').unwrap_or_default())
}

#[test]
fn every_forged_token_is_refused() {
    let stage = Stage::shop();
    assert_eq!(
        login(&stage, "alice", &oidc().forge("alice", "valid")),
        None
    );
    let kinds = oidc().forgeries();
    assert!(kinds.len() > 25, "{kinds:?}");
    for kind in kinds.iter().filter(|kind| *kind != "valid") {
        let refused = login(&stage, "alice", &oidc().forge("alice", kind));
        let code = refused.unwrap_or_else(|| panic!("{kind} was let in"));
        assert!(
            ["28P01", "28000", "08P01"].contains(&code.as_str()),
            "{kind}: {code}"
        );
    }
    let log = stage.gateway.log();
    assert!(
        !log.contains("\n2026 INFO approved"),
        "a claim broke a line of the log"
    );
    for (kind, password) in [("empty", ""), ("garbage", "not.a.token"), ("dots", "..")] {
        assert!(login(&stage, "alice", password).is_some(), "{kind}");
    }
    assert_eq!(
        login(&stage, "alice", &token("alice")),
        None,
        "and it still lets the right one in"
    );
}

#[test]
fn no_token_reaches_the_log() {
    let stage = Stage::shop();
    let (good, bad) = (token("alice"), oidc().forge("alice", "expired"));
    assert_eq!(login(&stage, "alice", &good), None);
    assert!(login(&stage, "alice", &bad).is_some());
    let log = stage.gateway.log();
    for secret in [good.as_str(), bad.as_str(), crate::stage::UPSTREAM_PASSWORD] {
        let (_, signature) = secret.rsplit_once('.').unwrap_or(("", secret));
        assert!(!log.contains(signature), "a secret is in the log");
    }
}

#[test]
fn keys_rotate_and_a_flood_of_unknown_ones_is_bounded() {
    let own = Oidc::start();
    let stage = Stage::on(shop(&Server::standard()), &own, &Wishes::default());
    let old = own.login("alice");
    assert_eq!(login(&stage, "alice", &old), None);
    own.rotate();
    let new = own.login("alice");
    wait_until(
        "an unknown kid to make the keys be fetched anew",
        PATIENCE,
        || login(&stage, "alice", &new).is_none(),
    );
    assert!(
        login(&stage, "alice", &old).is_some(),
        "a key that is no longer published vouches for nobody"
    );
    for _ in 0..20 {
        assert!(login(&stage, "alice", &own.forge("alice", "unknown-kid")).is_some());
    }
    assert!(own.key_fetches() <= 5, "{} fetches", own.key_fetches());
}

#[test]
fn logins_go_on_while_the_provider_is_down() {
    let mut own = Oidc::start();
    let stage = Stage::on(shop(&Server::standard()), &own, &Wishes::default());
    let good = own.login("alice");
    assert_eq!(login(&stage, "alice", &good), None);
    own.stop();
    assert_eq!(login(&stage, "alice", &good), None, "cached keys serve on");
}

#[test]
fn an_agent_may_do_what_both_it_and_its_human_may() {
    let stage = Stage::shop();
    let both = oidc().sign_for_agent("alice", "coder");
    let psql = |sql: &str| stage.gateway.psql("coder", &both, "orders-prod", sql);
    psql("SELECT id FROM orders WHERE id = 1").ok();
    assert!(psql("CREATE TABLE x (i int)").err.contains("42501"));
    // Its human may see personal data; it may not.
    let for_dba = oidc().sign_for_agent("dora", "coder");
    let secret = stage
        .postgres
        .sql("shop", "SELECT ssn FROM customers WHERE id = 1");
    let seen = stage.gateway.psql(
        "coder",
        &for_dba,
        "orders-prod",
        "SELECT ssn FROM customers WHERE id = 1",
    );
    assert!(!seen.ok().contains(&secret), "{}", seen.out);
    let sessions = listed(&stage.json("dora", &["sessions", "list"]), "sessions");
    assert!(
        sessions
            .iter()
            .any(|s| s["acts_for"].as_str().is_some_and(|h| h.contains("alice"))),
        "{sessions:?}"
    );
}

/// What a session whose right was just taken is told last: it ends within a second.
fn ended_at_once(client: &mut RawClient) -> Vec<Frame> {
    let start = Instant::now();
    let last = client.read_to_end();
    let took = start.elapsed();
    assert!(took < Duration::from_secs(1), "ended after {took:?}");
    last
}

#[test]
fn an_api_key_logs_in_and_revoking_it_ends_its_sessions_within_a_second() {
    let stage = Stage::shop();
    let issued = stage.json(
        "dora",
        &[
            "keys",
            "issue",
            "nightly",
            "--kind",
            "workload",
            "--group",
            "engineers",
        ],
    );
    let secret = issued["secret"].as_str().unwrap();
    let id = issued["key"]["id"].as_str().unwrap();
    let mut client = RawClient::login(stage.gateway.address(), "nightly", "orders-prod", secret);
    assert!(client.query("SELECT 1").iter().any(|f| f.tag == b'D'));
    let listing = stage.cli("dora", &["keys", "list"]);
    assert!(!listing.ok().contains(secret), "a key is shown once");
    stage.cli("dora", &["keys", "revoke", id]).ok();
    let last = ended_at_once(&mut client);
    let code = last
        .iter()
        .find(|f| f.tag == b'E')
        .and_then(|f| f.field(b'C'));
    assert!(code.is_some(), "it is told why: {last:?}");
    assert!(
        login(&stage, "nightly", secret).is_some(),
        "and it does not get in again"
    );
}

#[test]
fn revoking_a_principal_ends_its_sessions_and_bars_it_until_lifted() {
    let stage = Stage::shop();
    let mut client = stage.raw("alice");
    let principal = format!("{}|alice", oidc().issuer());
    stage.cli("dora", &["revoke", &principal]).ok();
    drop(ended_at_once(&mut client));
    assert!(login(&stage, "alice", &token("alice")).is_some());
    stage.cli("dora", &["revoke", &principal, "--lift"]).ok();
    wait_until("the bar to be lifted", PATIENCE, || {
        login(&stage, "alice", &token("alice")).is_none()
    });
}

#[test]
fn revoking_one_token_ends_its_sessions_and_leaves_the_others() {
    let stage = Stage::shop();
    let (one, other) = (
        oidc().sign("alice", &json!({ "jti": "stolen" })),
        oidc().sign("alice", &json!({ "jti": "kept" })),
    );
    let enter =
        |token: &str| RawClient::login(stage.gateway.address(), "alice", "orders-prod", token);
    let (mut thief, mut owner) = (enter(&one), enter(&other));
    // The thief provided for it.
    let environment = [
        ("PORTCULLIS_GATEWAY", stage.gateway.http()),
        ("PORTCULLIS_TOKEN", one.as_str()),
    ];
    let minted = stage.gateway.cli(&["token", "--life", "12h"], &environment);
    let minted = minted.ok().trim().to_owned();
    let mut hidden = enter(&minted);
    let credential = format!("oidc:{}:stolen", oidc().issuer());
    stage.cli("dora", &["revoke", &credential]).ok();
    drop(ended_at_once(&mut thief));
    drop(ended_at_once(&mut hidden));
    assert!(login(&stage, "alice", &one).is_some());
    assert!(login(&stage, "alice", &minted).is_some());
    assert!(login(&stage, "alice", &other).is_none());
    assert!(owner.query("SELECT 1").iter().any(|f| f.tag == b'D'));
}

#[test]
fn a_session_token_is_good_for_its_resource() {
    let stage = Stage::shop();
    let minted = stage.cli(
        "alice",
        &["token", "--resource", "orders-prod", "--life", "5m"],
    );
    let secret = minted.ok().trim().to_owned();
    assert!(
        secret.lines().count() == 1 && secret.len() > 20,
        "one line, the token"
    );
    assert_eq!(login(&stage, "alice", &secret), None);
    // It does not suffice to administer, nor to mint another.
    let environment = [
        ("PORTCULLIS_GATEWAY", stage.gateway.http()),
        ("PORTCULLIS_TOKEN", secret.as_str()),
    ];
    assert_ne!(stage.gateway.cli(&["token"], &environment).code, 0);
    assert_ne!(
        stage.gateway.cli(&["sessions", "list"], &environment).code,
        0
    );
}

#[test]
fn the_device_flow_signs_a_person_in() {
    let stage = Stage::shop();
    let environment = [("PORTCULLIS_GATEWAY", stage.gateway.http())];
    std::thread::scope(|scope| {
        let printed = stage.gateway.folder().join("login.out");
        let binary = env!("CARGO_BIN_EXE_portcullis");
        let mut command = std::process::Command::new("sh");
        command
            .args(["-c", "exec \"$0\" login --device >\"$1\" 2>&1", binary])
            .arg(&printed);
        command
            .envs(environment)
            .env("HOME", stage.gateway.folder())
            .env_remove("XDG_CONFIG_HOME");
        let signing_in = scope.spawn(move || run(&mut command, "", PATIENCE));
        let code = testkit::eventually("a code to type in", PATIENCE, || {
            let text = std::fs::read_to_string(&printed).ok()?;
            let is_code = |word: &&str| {
                word.len() == 9
                    && word.as_bytes()[4] == b'-'
                    && word.bytes().all(|b| b == b'-' || b.is_ascii_uppercase())
            };
            text.split(|c: char| !c.is_ascii_alphanumeric() && c != '-')
                .find(is_code)
                .map(str::to_owned)
        });
        oidc().answer_device(&code, "dora");
        signing_in.join().unwrap().ok();
    });
    let whoami = stage.gateway.cli(&["whoami"], &environment);
    assert!(whoami.ok().contains("dora"), "{}", whoami.out);
    let connected = stage.gateway.cli(
        &[
            "connect",
            "orders-prod",
            "--",
            "psql",
            "-XAtc",
            "SELECT 40 + 2",
        ],
        &environment,
    );
    assert_eq!(connected.ok().trim(), "42", "{}", connected.err);
}

/// Runs `portcullis login --browser` as if `account` sat at a real browser; answers the URL that was shown.
fn sign_in_by_browser(stage: &Stage, account: &str, before: impl FnOnce(u16)) -> String {
    let printed = stage.gateway.folder().join("browser.out");
    let mut command = std::process::Command::new("sh");
    command
        .args(["-c", "exec \"$0\" login --browser >\"$1\" 2>&1"])
        .arg(env!("CARGO_BIN_EXE_portcullis"))
        .arg(&printed)
        .env("PORTCULLIS_GATEWAY", stage.gateway.http())
        .env("HOME", stage.gateway.folder())
        .env("BROWSER", "true")
        .env_remove("XDG_CONFIG_HOME");
    std::thread::scope(|scope| {
        let signing_in = scope.spawn(move || run(&mut command, "", PATIENCE));
        let url = testkit::eventually("a URL to open", PATIENCE, || {
            let text = std::fs::read_to_string(&printed).ok()?;
            let (url, _) = text.split_once("http")?.1.split_once('\n')?;
            Some(format!("http{url}"))
        });
        let port = url.split("127.0.0.1%3A").nth(1).unwrap();
        before(port.split('%').next().unwrap().parse().unwrap());
        let profile = stage.gateway.folder().join("profile");
        let mut chromium = std::process::Command::new("/usr/bin/chromium");
        chromium
            .args([
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-quic",
            ])
            .args(["--no-first-run", "--disable-background-networking"])
            .args(["--disable-component-update", "--disable-sync", "--dump-dom"])
            .arg(format!("--user-data-dir={}", profile.display()))
            .arg(format!("{url}&login_hint={account}"));
        let page = run(&mut chromium, "", PATIENCE);
        assert!(page.ok().contains("You are signed in"), "{}", page.all());
        signing_in.join().unwrap().ok();
        url
    })
}

#[test]
fn a_browser_signs_a_person_in_and_nobody_else_can() {
    let stage = Stage::shop();
    let url = sign_in_by_browser(&stage, "dora", |port| {
        // Whoever guesses the port has neither the state nor the code.
        for path in [
            "/callback?code=c&state=guessed",
            "/callback?code=c",
            "/",
            "/callback?error=x",
        ] {
            let answer = testkit::http_get(&format!("http://127.0.0.1:{port}{path}"));
            assert_eq!(answer.status, 404, "{path}");
        }
    });
    for expected in [
        "code_challenge_method=S256",
        "code_challenge=",
        "state=",
        "nonce=",
    ] {
        assert!(url.contains(expected), "{url}");
    }
    let environment = [("PORTCULLIS_GATEWAY", stage.gateway.http())];
    let whoami = stage.gateway.cli(&["whoami"], &environment);
    assert!(whoami.ok().contains("dora"), "{}", whoami.out);

    // A client that only takes a URL, and a shell that takes variables.
    let connect = |print: &str| {
        let line = ["connect", "orders-prod", "--print", print];
        stage
            .gateway
            .cli(&line, &environment)
            .ok()
            .trim()
            .to_owned()
    };
    let one = run(
        std::process::Command::new("psql").args(["-XAtc", "SELECT 40 + 2", &connect("url")]),
        "",
        PATIENCE,
    );
    assert_eq!(one.ok().trim(), "42", "{}", one.all());
    let script = format!("{}\nexec psql -XAtc 'SELECT 40 + 2'", connect("env"));
    let other = run(
        std::process::Command::new("sh").args(["-c", &script]),
        "",
        PATIENCE,
    );
    assert_eq!(other.ok().trim(), "42", "{}", other.all());
}

#[test]
fn a_login_for_what_is_not_there_tells_nothing() {
    let stage = Stage::shop();
    let ask = |database: &str| {
        let mut client = RawClient::connect(stage.gateway.address());
        client.send_startup(&[("user", "alice"), ("database", database)]);
        client.send(b'p', &[token("alice").as_bytes(), &[0]].concat());
        let frames = client.read_to_ready_or_end();
        frames
            .iter()
            .find(|f| f.tag == b'E')
            .map(|f| (f.field(b'C'), f.field(b'M')))
    };
    let unknown = ask("no-such-resource").expect("refused");
    let foreign = ask("orders-prod/template1").expect("refused");
    assert!(
        !format!("{unknown:?}{foreign:?}").contains("orders-prod is"),
        "{unknown:?} {foreign:?}"
    );
}

#[test]
fn a_claim_with_extra_groups_is_taken_whole() {
    let stage = Stage::shop();
    // Group names are opaque: none of these is `dba`, by whatever separator.
    let sly = oidc().sign(
        "sam",
        &json!({ "groups": ["engineers,dba", "dba\u{0}x", " dba", "DBA", "engineers\ndba"] }),
    );
    let ran = stage.gateway.psql("sam", &sly, "orders-prod", "SELECT 1");
    assert_ne!(ran.code, 0, "{}", ran.out);
}
