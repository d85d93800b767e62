//! Stalling, flooding and dying: what is bounded stays bounded, and whoever keeps the rules is still served.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;
use testkit::{Oidc, RawClient, Server, cancel, wait_until};

use crate::stage::{PATIENCE, Stage, Wishes, oidc, shop, token};

fn with(limits: &str) -> Stage {
    Stage::with(&Wishes {
        limits,
        ..Wishes::default()
    })
}

fn serves(stage: &Stage) -> bool {
    stage.psql("alice", "SELECT 1").code == 0
}

/// A number of `/proc/PID/status`, in KiB.
fn memory(stage: &Stage, what: &str) -> u64 {
    let path = format!("/proc/{}/status", stage.gateway.pid());
    let status = std::fs::read_to_string(path).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(what));
    let number = line.and_then(|rest| rest.split_whitespace().next());
    number.unwrap().parse().unwrap()
}

/// Bytes that lie unread in the sockets of one listener.
fn unread(port: u16) -> u64 {
    let table = std::fs::read_to_string("/proc/net/tcp").unwrap();
    let of_port = format!(":{port:04X}");
    let queues = table.lines().filter_map(|line| {
        let mut words = line.split_whitespace().skip(1);
        let local = words.next()?;
        let queue = words.nth(2)?.split_once(':')?.1;
        let state_is_open = line.split_whitespace().nth(3) == Some("01");
        (local.ends_with(&of_port) && state_is_open).then(|| u64::from_str_radix(queue, 16).ok())?
    });
    queues.sum()
}

#[test]
fn half_open_logins_of_one_address_are_bounded() {
    let stage = with("logins_pending_per_address_max = 3\nlogin_timeout = \"60s\"");
    let stalled: Vec<_> = (0..3)
        .map(|_| RawClient::connect(stage.gateway.address()))
        .collect();
    wait_until("the fourth to be turned away", PATIENCE, || {
        let mut fourth = RawClient::connect(stage.gateway.address());
        fourth.set_patience(Duration::from_millis(200));
        fourth.read_byte().is_none() && stage.gateway.log().contains("per_address_max")
    });
    // Another address has places of its own.
    let elsewhere = [127, 0, 0, 2].into();
    let client = RawClient::connect_from(elsewhere, stage.gateway.address());
    let mut client = client.log_in("alice", "orders-prod", &token("alice"));
    assert_eq!(client.query("SELECT 1").last().map(|f| f.tag), Some(b'Z'));
    drop(stalled);
    wait_until("the places to be free again", PATIENCE, || serves(&stage));
}

#[test]
fn a_byte_now_and_then_does_not_put_the_door_off() {
    let stage = with("login_timeout = \"1s\"");
    let mut client = RawClient::connect(stage.gateway.address());
    client.set_patience(Duration::from_millis(100));
    let start = Instant::now();
    let mut dribble = [&[0, 0, 0x27, 0x0f, 0, 3, 0, 0][..], &[b'u'; 9_000]]
        .concat()
        .into_iter();
    loop {
        client.send_bytes(&[dribble.next().unwrap()]);
        match client.try_read() {
            Err(error) if is_patience(&error) => {}
            Ok(_) | Err(_) => break,
        }
        assert!(
            start.elapsed() < Duration::from_secs(5),
            "it is still listened to"
        );
    }
    assert!(serves(&stage));
}

fn is_patience(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{TimedOut, WouldBlock};
    matches!(error.kind(), TimedOut | WouldBlock)
}

#[test]
fn nobody_costs_more_than_64_kib_before_logging_in() {
    let stage = with(
        "logins_pending_max = 1000\nlogins_pending_per_address_max = 1000\nlogin_timeout = \"60s\"",
    );
    assert!(serves(&stage));
    let before = memory(&stage, "VmRSS:");
    let address = stage.gateway.address();
    let mut clients = Vec::new();
    for _ in 0..150 {
        // A start-up packet that lacks its last byte.
        let mut client = RawClient::connect(address);
        client.send_bytes(&[&9_999_u32.to_be_bytes()[..], &[0, 3, 0, 0], &[b'x'; 9_990]].concat());
        clients.push(client);
        // And a password that does.
        let mut client = RawClient::connect(address);
        client.send_startup(&[("user", "alice"), ("database", "orders-prod")]);
        assert_eq!(client.read().tag, b'R');
        let length = 60_000_u32.to_be_bytes();
        client.send_bytes(&[&b"p"[..], &length, &[b'x'; 59_000]].concat());
        clients.push(client);
    }
    wait_until("all of it to be read", PATIENCE, || {
        unread(address.port()) == 0
    });
    let each = memory(&stage, "VmRSS:").saturating_sub(before) / 300;
    assert!(each <= 64, "{each} KiB for each that is not logged in");
    assert!(serves(&stage));
}

#[test]
fn wrong_cancel_keys_keep_nobody_from_cancelling() {
    let stage = Stage::shop();
    let mut busy = stage.raw("dora");
    let key = busy.cancel_key();
    busy.send(b'Q', b"SELECT pg_sleep(40) AS flooded\0");
    let running = "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%flooded%' AND pid <> pg_backend_pid()";
    wait_until("the statement to run", PATIENCE, || {
        stage.postgres.sql("shop", running) == "1"
    });
    let address = stage.gateway.address();
    let mut wrong = key.clone();
    *wrong.last_mut().unwrap() ^= 1;
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| (0..100).for_each(|_| cancel(address, &wrong)));
        }
    });
    assert_eq!(stage.postgres.sql("shop", running), "1", "none of them hit");
    cancel(address, &key);
    let frames = busy.read_until_ready();
    let error = frames.iter().find(|f| f.tag == b'E');
    assert_eq!(error.and_then(|f| f.field(b'C')).as_deref(), Some("57014"));
    assert!(serves(&stage));
}

#[test]
fn a_flood_of_unknown_keys_fetches_twice_a_minute_at_most() {
    let own = Oidc::start();
    let wishes = Wishes {
        issuer: "refetch_min = \"30s\"",
        ..Wishes::default()
    };
    let stage = Stage::on(shop(&Server::standard()), &own, &wishes);
    let good = own.login("alice");
    stage
        .gateway
        .psql("alice", &good, "orders-prod", "SELECT 1")
        .ok();
    let before = own.key_fetches();
    for _ in 0..30 {
        let bad = own.forge("alice", "unknown-kid");
        let mut client = RawClient::connect(stage.gateway.address());
        client.send_startup(&[("user", "alice"), ("database", "orders-prod")]);
        client.read();
        client.send(b'p', &[bad.as_bytes(), &[0]].concat());
        assert_eq!(client.read().tag, b'E');
    }
    let more = own.key_fetches() - before;
    assert!(more <= 2, "{more} fetches");
}

/// Sends an HTTP request's bytes to the admin side, and answers all that comes back.
fn http(stage: &Stage, request: &str) -> String {
    let mut stream = admin(stage);
    drop(stream.write_all(request.as_bytes()));
    let mut answer = Vec::new();
    drop(stream.read_to_end(&mut answer));
    String::from_utf8_lossy(&answer).into_owned()
}

fn admin(stage: &Stage) -> TcpStream {
    let stream = TcpStream::connect(stage.gateway.http().strip_prefix("http://").unwrap()).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(40)))
        .unwrap();
    stream
}

fn status(answer: &str) -> &str {
    answer.split(' ').nth(1).unwrap_or_default()
}

#[test]
fn bad_credentials_at_the_admin_side_are_counted() {
    let stage = Stage::shop();
    let ask = |bearer: &str| {
        let request = format!(
            "GET /api/v1/whoami HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {bearer}\r\nConnection: close\r\n\r\n"
        );
        status(&http(&stage, &request)).to_owned()
    };
    assert_eq!(ask(&token("alice")), "200");
    let told: Vec<String> = (0..40).map(|n| ask(&format!("pct_guess_{n}"))).collect();
    assert_eq!(told[0], "401");
    assert!(told.contains(&"429".to_owned()), "{told:?}");
}

#[test]
fn the_admin_side_outlasts_slow_and_oversized_requests() {
    let stage = Stage::shop();
    let mut stalled: Vec<TcpStream> = (0..40).map(|_| admin(&stage)).collect();
    for stream in &mut stalled {
        stream
            .write_all(b"POST /api/v1/tokens HTTP/1.1\r\nHost: localhost\r\nX-Slow: ")
            .unwrap();
    }
    let health = "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    assert_eq!(status(&http(&stage, health)), "200");
    let long = format!(
        "POST /api/v1/tokens HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\nContent-Length: 100000\r\nConnection: close\r\n\r\n{}",
        token("alice"),
        "x".repeat(100_000)
    );
    let told = http(&stage, &long);
    assert!(matches!(status(&told), "413" | "400" | ""), "{told}");
    let head = format!(
        "GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Long: {}\r\n\r\n",
        "x".repeat(64 * 1024)
    );
    let told = http(&stage, &head);
    assert!(matches!(status(&told), "431" | "400" | ""), "{told}");
    // Ten seconds for a head, however it comes.
    let mut rest = Vec::new();
    let start = Instant::now();
    drop(stalled[0].read_to_end(&mut rest));
    assert!(
        start.elapsed() < Duration::from_secs(20),
        "{:?}",
        start.elapsed()
    );
    assert_eq!(status(&http(&stage, health)), "200");
}

#[test]
fn a_form_of_another_site_does_nothing() {
    let stage = Stage::shop();
    for headers in [
        "Origin: https://evil.example\r\n",
        "Sec-Fetch-Site: cross-site\r\n",
        "Cookie: portcullis=guess; __Host-portcullis=guess\r\nOrigin: null\r\n",
    ] {
        let body = "answer=approve&binding=00&csrf=guess";
        let request = format!(
            "POST /approvals/T-0000000000/answer HTTP/1.1\r\nHost: evil.example\r\n{headers}Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        );
        let told = http(&stage, &request);
        assert!(!status(&told).starts_with('2'), "{headers}: {told}");
        assert!(
            !told.contains("evil.example"),
            "the host is not believed: {told}"
        );
    }
}

#[test]
fn a_transaction_left_open_is_ended() {
    for limits in [
        "session_idle_in_transaction_max = \"1s\"",
        "session_idle_max = \"1s\"",
    ] {
        let stage = with(limits);
        let mut client = stage.raw("dora");
        client.query("BEGIN");
        client.query("LOCK TABLE products IN ROW EXCLUSIVE MODE");
        let held = "SELECT count(*) FROM pg_locks l JOIN pg_class c ON c.oid = l.relation WHERE c.relname = 'products' AND l.mode = 'RowExclusiveLock'";
        let last = client.read_to_end();
        let told = last
            .iter()
            .find(|f| f.tag == b'E')
            .and_then(|f| f.field(b'M'));
        assert!(
            told.is_some_and(|m| m.contains("transaction open for too long")),
            "{limits}: {last:?}"
        );
        wait_until("its locks to be gone", PATIENCE, || {
            stage.postgres.sql("shop", held) == "0"
        });
    }
}

#[test]
fn a_session_ends_at_its_age_however_busy_it_is() {
    let stage = with("session_age_max = \"2s\"");
    let began = Instant::now();
    let mut busy = stage.raw("dora");
    busy.send(b'Q', b"SELECT pg_sleep(30)\0");
    let last = busy.read_to_end();
    assert!(began.elapsed() < PATIENCE / 2, "{last:?}");
    let told = last.iter().find(|f| f.tag == b'E');
    let told = told.and_then(|f| f.field(b'M')).unwrap_or_default();
    assert!(told.contains("reached its maximum age"), "{told}");
    let running = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep(30)%' AND state = 'active'";
    wait_until("its statement to be cancelled", PATIENCE, || {
        stage.postgres.sql("shop", running) == "0"
    });
    assert!(
        stage
            .raw("dora")
            .query("SELECT 1")
            .iter()
            .any(|f| f.tag == b'D')
    );
}

#[test]
fn an_idle_session_outside_a_transaction_may_stay() {
    let stage = with("session_idle_in_transaction_max = \"1s\"");
    let mut idle = stage.raw("alice");
    idle.query("BEGIN");
    idle.query("COMMIT");
    // Somebody else's lifetime is the measure.
    let mut other = stage.raw("alice");
    other.query("BEGIN");
    assert!(other.read_to_end().iter().any(|f| f.tag == b'E'));
    assert!(idle.query("SELECT 1").iter().any(|f| f.tag == b'D'));
}

#[test]
fn a_recorder_that_fails_in_the_middle_of_a_result_stops_it() {
    let stage = Stage::shop();
    let mut client = stage.raw("dora");
    client.send(
        b'Q',
        b"SELECT g, md5(g::text), repeat(md5(g::text), 20) FROM generate_series(1, 400000) AS g\0",
    );
    assert!((0..100).any(|_| client.read().tag == b'D'));
    let pid = stage.gateway.pid().to_string();
    let mut limit = Command::new("prlimit");
    limit.args(["--pid", &pid, "--fsize=1024"]);
    testkit::run(&mut limit, "", PATIENCE).ok();
    let rest = client.read_to_end();
    assert!(stage.gateway.is_running(), "it tells, it does not die");
    let last = rest.last().and_then(|f| f.field(b'C')).unwrap_or_default();
    assert!(
        rest.iter().all(|f| f.tag != b'C'),
        "the result did not end well"
    );
    assert!(
        matches!(last.as_str(), "53100" | "58030"),
        "{last} after {} frames",
        rest.len()
    );
}

#[test]
fn a_session_ends_with_its_token_where_the_issuer_says_so() {
    let wishes = Wishes {
        issuer: "end_with_token = true",
        ..Wishes::default()
    };
    let stage = Stage::with(&wishes);
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap();
    // Past, yet within the clock skew that is forgiven; the session has the grace of a minute after it.
    let ends = oidc().sign("alice", &json!({ "exp": now.as_secs() - 56 }));
    let mut client = RawClient::login(stage.gateway.address(), "alice", "orders-prod", &ends);
    client.query("BEGIN");
    client.query("UPDATE products SET stock = stock + 0 WHERE id = 77");
    let last = client.read_to_end();
    let told = last.iter().find(|f| f.tag == b'E');
    assert_eq!(
        told.and_then(|f| f.field(b'C')).as_deref(),
        Some("28000"),
        "{last:?}"
    );
    let open = "SELECT count(*) FROM pg_stat_activity WHERE state LIKE 'idle in transaction%' AND query LIKE '%id = 77%'";
    wait_until("the transaction to be rolled back", PATIENCE, || {
        stage.postgres.sql("shop", open) == "0"
    });
}

#[test]
fn draining_lets_what_runs_finish_and_tells_the_idle() {
    let mut stage = Stage::shop();
    let mut idle = stage.raw("alice");
    let mut busy = stage.raw("dora");
    busy.send(b'Q', b"SELECT pg_sleep(1.5), 'drained'\0");
    wait_until("the statement to run", PATIENCE, || {
        let running = "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%drained%' AND pid <> pg_backend_pid()";
        stage.postgres.sql("shop", running) == "1"
    });
    let address = stage.gateway.address();
    stage.gateway.stop();
    let code = |frames: &[testkit::Frame]| {
        frames
            .iter()
            .find(|f| f.tag == b'E')
            .and_then(|f| f.field(b'C'))
    };
    let told = idle.read_to_end();
    assert_eq!(code(&told).as_deref(), Some("57P01"), "{told:?}");
    let done = busy.read_to_end();
    assert!(done.iter().any(|f| f.tag == b'D'), "{done:?}");
    assert_eq!(code(&done).as_deref(), Some("57P01"), "{done:?}");
    assert!(
        TcpStream::connect(address).is_err(),
        "nobody listens any more"
    );
}

#[test]
fn an_idle_session_is_small() {
    let stage = Stage::shop();
    assert!(serves(&stage));
    let warm: Vec<_> = (0..10).map(|_| stage.raw("alice")).collect();
    let before = memory(&stage, "VmRSS:");
    let idle: Vec<_> = (0..60)
        .map(|_| {
            let mut client = stage.raw("alice");
            client.query("SELECT id FROM orders LIMIT 1");
            client
        })
        .collect();
    let each = memory(&stage, "VmRSS:").saturating_sub(before) / 60;
    // A debug build, and whatever the allocator keeps.
    assert!(each < 160, "{each} KiB for each idle session");
    drop((warm, idle));
}
